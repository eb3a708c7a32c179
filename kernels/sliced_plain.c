/* sliced_plain.c -- blocks of worlds in plain C, and the AES round by tables.
 *
 * The same bits as the vector instructions give, by lanes of 128 worlds: those of up to 48 edges
 * are listed, the first bits drawn for two at a time, and the list shortened after each further
 * bit. So no branch hangs on chance, and the rounds of one lane do not wait for those of another.
 */
#include <string.h>

#include "kernels/sliced.h"

typedef struct vec_512 {
    uint64_t v[8];
} vec_512;
typedef struct vec_256 {
    uint64_t v[4];
} vec_256;
typedef struct vec_128 {
    uint64_t v[2];
} vec_128;

/* SubBytes, ShiftRows and MixColumns as four table look-ups for each column (J. Daemen,
 * V. Rijmen, "The design of Rijndael", 2002), then the key. */
static inline void aes_round(const uint32_t (*restrict table)[256], uint64_t *s,
                             const uint64_t *round_key)
{
    const uint64_t a = s[0], b = s[1];
    const uint32_t c0 =
        table[0][a & 255] ^ table[1][a >> 40 & 255] ^ table[2][b >> 16 & 255] ^ table[3][b >> 56];
    const uint32_t c1 = table[0][a >> 32 & 255] ^ table[1][b >> 8 & 255] ^ table[2][b >> 48 & 255] ^
                        table[3][a >> 24 & 255];
    const uint32_t c2 =
        table[0][b & 255] ^ table[1][b >> 40 & 255] ^ table[2][a >> 16 & 255] ^ table[3][a >> 56];
    const uint32_t c3 = table[0][b >> 32 & 255] ^ table[1][a >> 8 & 255] ^ table[2][a >> 48 & 255] ^
                        table[3][b >> 24 & 255];
    s[0] = ((uint64_t)c1 << 32 | c0) ^ round_key[0];
    s[1] = ((uint64_t)c3 << 32 | c2) ^ round_key[1];
}

void gv_sliced_aes_round(const uint32_t (*table)[256], uint64_t *s, const uint64_t *round_key)
{
    aes_round(table, s, round_key);
}

/* A coin in the worlds of one lane, for which it is still drawn. */
typedef struct lane_coin {
    uint64_t state[2], undecided[2], live[2];
    uint64_t limit;
    int32_t edge;  /* pending */
    int32_t place; /* of its two words among all of the pending edges */
} lane_coin;

enum {
    FIRST_BITS = 7, /* come without a look at whether they are needed */
    MOST_COINS = GV_PENDING * GV_MAX_LANES
};

/* Bit l: state, worlds and those that are live. */
static inline void next_bit(const uint32_t (*restrict table)[256], const uint64_t *round_key,
                            lane_coin *restrict c, int l)
{
    const uint64_t bit = 0 - (c->limit >> (63 - l) & 1);
    aes_round(table, c->state, round_key);
    for (int i = 0; i < 2; i++) {
        const uint64_t stay = c->undecided[i] & ~(c->state[i] ^ bit);
        c->live[i] |= (c->undecided[i] ^ stay) & bit;
        c->undecided[i] = stay;
    }
}

/* The rounds before the first bit and the first bits of two coins: rounds wait for one another,
 * those of different coins do not. */
static inline void begin_coins(const uint32_t (*restrict table)[256],
                               const uint64_t *restrict round_key, lane_coin *restrict a,
                               lane_coin *restrict b)
{
    lane_coin x = *a, y = *b;
    for (int l = 0; l < GV_FIRST_ROUNDS; l++) {
        aes_round(table, x.state, round_key + l * GV_BLOCK_WORDS);
        aes_round(table, y.state, round_key + l * GV_BLOCK_WORDS);
    }
    round_key += GV_FIRST_ROUNDS * GV_BLOCK_WORDS;
    for (int l = 0; l < FIRST_BITS; l++) {
        next_bit(table, round_key + l * GV_BLOCK_WORDS, &x, l);
        next_bit(table, round_key + l * GV_BLOCK_WORDS, &y, l);
    }
    *a = x, *b = y;
}

/* Lists the lanes in which an edge has undecided worlds. No branch hangs on that, as nobody could
 * foretell it. */
static int list_coins(const gv_sliced *s, const uint64_t *restrict undecided,
                      const uint64_t *restrict key, const int64_t *edge, const uint32_t *limit,
                      int n, int words, lane_coin *restrict coin, bool constant)
{
    int m = 0;
    for (int i = 0; i < n; i++) {
        const uint64_t number = (uint64_t)edge[i] * UINT64_C(0x9e3779b97f4a7c15);
        const uint64_t upper = constant ? s->coins.limit : (uint64_t)limit[i] << 32;
        for (int k = 0; k < words; k += 2) {
            const uint64_t *u = undecided + i * words + k;
            coin[m] = (lane_coin){.state = {key[k] ^ number, key[k + 1] ^ number},
                                  .undecided = {u[0], u[1]},
                                  .limit = upper,
                                  .edge = i,
                                  .place = i * words + k};
            m += (u[0] | u[1]) != 0;
        }
    }
    return m;
}

/* The coins of n pending edges in all lanes of a block; the worlds in which they fall on live
 * replace `undecided`. After the first bits those that are still undecided in some world are
 * listed, and listed again after each further bit. */
static void flip_edges(const gv_sliced *s, uint64_t *undecided, const uint64_t *key,
                       const int64_t *edge, const gv_node *source, const gv_node *target,
                       const uint32_t *limit, int n, int words, gv_sliced_way way)
{
    const uint32_t(*table)[256] = (const uint32_t(*)[256])s->table;
    lane_coin coin[MOST_COINS + 1];
    int open[MOST_COINS], n_open = 0;
    const int m = list_coins(s, undecided, key, edge, limit, n, words, coin, way == GV_BY_CONSTANT);
    coin[m] = (lane_coin){.limit = 0}; /* beside the last one */
    for (int i = 0; i < m; i += 2)
        begin_coins(table, s->round_key, coin + i, coin + i + 1);
    for (int i = 0; i < m; i++) {
        open[n_open] = i;
        n_open += (coin[i].undecided[0] | coin[i].undecided[1]) != 0;
    }
    for (int l = FIRST_BITS; l < GV_COIN_BITS && n_open > 0; l++) {
        const uint64_t *round_key = s->round_key + (GV_FIRST_ROUNDS + l) * GV_BLOCK_WORDS;
        const int n_before = n_open;
        n_open = 0;
        for (int k = 0; k < n_before; k++) {
            lane_coin *c = coin + open[k];
            if (l == 32 && way == GV_BY_LIMIT)
                c->limit = gv_sliced_limit(s, source[c->edge], edge[c->edge], target[c->edge]);
            next_bit(table, round_key, c, l);
            open[n_open] = open[k];
            n_open += (c->undecided[0] | c->undecided[1]) != 0;
        }
    }
    memset(undecided, 0, (size_t)(n * words) * sizeof *undecided);
    for (int i = 0; i < m; i++)
        memcpy(undecided + coin[i].place, coin[i].live, sizeof coin[i].live);
}

#define NATIVE   uint64_t
#define V_ANY(a) ((a) != 0)
#define GROUP    GV_PENDING
#define FLIP(s, key, p, i, way)                                                                    \
    flip_edges(s, (p)->undecided[i].v, (key)->v, (p)->edge, (p)->source, (p)->target, (p)->limit,  \
               (p)->n, N, way)

#define N       8
#define NAME(x) x##_512
#include "kernels/sliced_body.h"
#undef N
#undef NAME

#define N       4
#define NAME(x) x##_256
#include "kernels/sliced_body.h"
#undef N
#undef NAME

#define N       2
#define NAME(x) x##_128
#include "kernels/sliced_body.h"

gv_sliced_run_fn *const gv_sliced_plain[GV_MAX_LANES + 1] = {
    [1] = run_128, [2] = run_256, [4] = run_512};
