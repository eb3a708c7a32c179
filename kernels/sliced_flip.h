/* sliced_flip.h -- the coins of an edge by AES instructions; part of sliced_body.h.
 *
 *   V_AES(s, k)            one round
 *   V_SET(x)               a 64-bit number in every place
 *   V_LIVE(l, u, b, s)     l | u & b & ~s
 *   V_UNDECIDED(u, b, s)   u & ~(s ^ b)
 *
 * About log2(width) + 1.3 bits decide the coins of all worlds, so the first FIRST ones come without
 * a look at whether they are needed. */
#define FLIP NAME(flip)

/* One more bit of the coins. */
#define LEVEL(l)                                                                                   \
    do {                                                                                           \
        const VEC round = NAME(load)(round_key + ((l) + GV_FIRST_ROUNDS) * GV_BLOCK_WORDS);        \
        const VEC bit = NAME(load)(flat + (limit >> (63 - (l)) & 1) * GV_BLOCK_WORDS);             \
        for (int i = 0; i < N; i++) {                                                              \
            state.v[i] = V_AES(state.v[i], round.v[i]);                                            \
            live.v[i] = V_LIVE(live.v[i], undecided.v[i], bit.v[i], state.v[i]);                   \
            undecided.v[i] = V_UNDECIDED(undecided.v[i], bit.v[i], state.v[i]);                    \
        }                                                                                          \
    } while (0)

static inline VEC NAME(flip)(const gv_sliced *s, VEC undecided, const VEC *key, int64_t edge,
                             uint64_t limit, gv_node v, bool constant)
{
    enum { FIRST = N * (int)sizeof(NATIVE) == 64 ? 12 : N * (int)sizeof(NATIVE) == 32 ? 11 : 10 };
    const uint64_t *restrict round_key = s->round_key, *restrict flat = s->flat;
    VEC state, live;
    for (int i = 0; i < N; i++) {
        state.v[i] = key->v[i] ^ V_SET((uint64_t)edge * UINT64_C(0x9e3779b97f4a7c15));
        live.v[i] = V_SET(0);
    }
    for (int l = 0; l < GV_FIRST_ROUNDS; l++) {
        const VEC round = NAME(load)(round_key + l * GV_BLOCK_WORDS);
        for (int i = 0; i < N; i++)
            state.v[i] = V_AES(state.v[i], round.v[i]);
    }
#pragma GCC unroll 12
    for (int l = 0; l < FIRST; l++)
        LEVEL(l);
    for (int l = FIRST; l < GV_COIN_BITS && NAME(any)(undecided); l++) {
        if (l == 32 && !constant)
            limit = gv_sliced_limit(s, edge, v);
        LEVEL(l);
    }
    return live;
}

#undef LEVEL
