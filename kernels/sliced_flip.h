/* sliced_flip.h -- the coins of a group of edges by AES instructions; part of sliced_body.h.
 *
 *   V_AES(s, k)            one round
 *   V_SET(x)               a 64-bit number in every place
 *   V_TURN(l, u, d)        l ^ (u & d)
 *   V_UNDECIDED(u, b, s)   u & ~(s ^ b)
 *
 * With u_l the worlds undecided before bit l, those that leave at it, u_l ^ u_(l + 1), are live
 * where bit b_l of p is 1 (theirs is 0 then). So
 *
 *   live = sum (xor) of b_l (u_l ^ u_(l + 1)) = sum of d_l u_l,   d_l = b_l ^ b_(l - 1), b_(-1) = 0
 *
 * which takes two operations a bit. Rounds wait for one another; those of several edges do not.
 * About log2(width) + 1.3 bits decide the coins of all worlds, so the first FIRST ones come without
 * a look at whether they are needed. */
#define FLIP NAME(flip)

/* Bit l of the coins. */
#define LEVEL(l)                                                                                   \
    do {                                                                                           \
        const VEC round = NAME(load)(round_key + ((l) + GV_FIRST_ROUNDS) * GV_BLOCK_WORDS);        \
        for (int k = 0; k < GROUP; k++) {                                                          \
            const uint64_t x = constant ? 0 : limit[k] >> (63 - (l)) & 1;                          \
            const uint64_t y = constant ? 0 : turn[k] >> (63 - (l)) & 1;                           \
            const VEC bit = NAME(load)(constant ? pattern + 2 * (l)*GV_BLOCK_WORDS                 \
                                                : flat + x * GV_BLOCK_WORDS);                      \
            const VEC differs = NAME(load)(constant ? pattern + (2 * (l) + 1) * GV_BLOCK_WORDS     \
                                                    : flat + y * GV_BLOCK_WORDS);                  \
            for (int i = 0; i < N; i++) {                                                          \
                live[k].v[i] = V_TURN(live[k].v[i], undecided[k].v[i], differs.v[i]);              \
                state[k].v[i] = V_AES(state[k].v[i], round.v[i]);                                  \
                undecided[k].v[i] = V_UNDECIDED(undecided[k].v[i], bit.v[i], state[k].v[i]);       \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static inline bool NAME(any_of_group)(const VEC *undecided)
{
    VEC sum = undecided[0];
    for (int k = 1; k < GROUP; k++)
        sum = NAME(or)(sum, undecided[k]);
    return NAME(any)(sum);
}

INLINED void NAME(flip)(const gv_sliced *s, const VEC *key, NAME(pending) * p, int first,
                        gv_sliced_way way)

{
    const bool constant = way == GV_BY_CONSTANT;
    enum { FIRST = N * (int)sizeof(NATIVE) == 64 ? 12 : N * (int)sizeof(NATIVE) == 32 ? 11 : 10 };
    const uint64_t *restrict round_key = s->round_key, *restrict flat = s->flat;
    const uint64_t *restrict pattern = s->pattern;
    VEC state[GROUP], live[GROUP], undecided[GROUP];
    uint64_t limit[GROUP], turn[GROUP];
    for (int k = 0; k < GROUP; k++) {
        const uint64_t number = (uint64_t)p->edge[first + k] * UINT64_C(0x9e3779b97f4a7c15);
        for (int i = 0; i < N; i++) {
            state[k].v[i] = key->v[i] ^ V_SET(number);
            live[k].v[i] = V_SET(0);
            undecided[k].v[i] = p->undecided[first + k].v[i];
        }
        limit[k] = (uint64_t)p->limit[first + k] << 32;
        turn[k] = limit[k] ^ limit[k] >> 1;
    }
#pragma GCC unroll 3
    for (int l = 0; l < GV_FIRST_ROUNDS; l++) {
        const VEC round = NAME(load)(round_key + l * GV_BLOCK_WORDS);
        for (int k = 0; k < GROUP; k++)
            for (int i = 0; i < N; i++)
                state[k].v[i] = V_AES(state[k].v[i], round.v[i]);
    }
#pragma GCC unroll 12
    for (int l = 0; l < FIRST; l++)
        LEVEL(l);
    for (int l = FIRST; l < GV_COIN_BITS && NAME(any_of_group)(undecided); l++) {
        for (int k = 0; l == 32 && way == GV_BY_LIMIT && k < GROUP; k++) {
            limit[k] =
                gv_sliced_limit(s, p->source[first + k], p->edge[first + k], p->target[first + k]);
            turn[k] = limit[k] ^ limit[k] >> 1;
        }
        LEVEL(l);
    }
    /* whoever is undecided after the last bit is not live */
    for (int k = 0; k < GROUP; k++) {
        const VEC last = NAME(load)(constant ? pattern + (2 * GV_COIN_BITS - 2) * GV_BLOCK_WORDS
                                             : flat + (limit[k] & 1) * GV_BLOCK_WORDS);
        for (int i = 0; i < N; i++)
            p->undecided[first + k].v[i] = V_TURN(live[k].v[i], undecided[k].v[i], last.v[i]);
    }
}

#undef LEVEL
