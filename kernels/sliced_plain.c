/* sliced_plain.c -- blocks of worlds in plain C, and the AES round by tables.
 *
 * The same bits as the vector instructions give. Lane by lane, so that each stops at its last
 * undecided world. */
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

/* The coins of one lane, two words; those that fall on live are left in `undecided`. */
static void flip_lane(const gv_sliced *s, uint64_t *undecided, const uint64_t *key, int64_t edge,
                      uint64_t limit, gv_node v)
{
    const uint32_t(*table)[256] = (const uint32_t(*)[256])s->table;
    const uint64_t *round_key = s->round_key;
    const uint64_t number = (uint64_t)edge * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t state[2] = {key[0] ^ number, key[1] ^ number};
    uint64_t u0 = undecided[0], u1 = undecided[1], live0 = 0, live1 = 0;
    for (int l = 0; l < GV_FIRST_ROUNDS; l++, round_key += GV_BLOCK_WORDS)
        aes_round(table, state, round_key);
    for (int l = 0; l < GV_COIN_BITS && (u0 | u1) != 0; l++, round_key += GV_BLOCK_WORDS) {
        if (l == 32 && s->way != GV_BY_STRETCH)
            limit = gv_sliced_limit(s, edge, v);
        const uint64_t bit = 0 - (limit >> (63 - l) & 1);
        aes_round(table, state, round_key);
        live0 |= u0 & bit & ~state[0], live1 |= u1 & bit & ~state[1];
        u0 &= ~(state[0] ^ bit), u1 &= ~(state[1] ^ bit);
    }
    undecided[0] = live0, undecided[1] = live1;
}

/* The coins of an edge in all lanes of a block. */
static inline void flip_edge(const gv_sliced *s, uint64_t *undecided, const uint64_t *key,
                             int64_t edge, uint64_t limit, gv_node v, int words)
{
    for (int i = 0; i < words; i += 2)
        if ((undecided[i] | undecided[i + 1]) != 0)
            flip_lane(s, undecided + i, key + i, edge, limit, v);
}

#define NATIVE   uint64_t
#define V_ANY(a) ((a) != 0)
#define GROUP    1
#define FLIP(s, key, p, i, way)                                                                    \
    flip_edge(s, (p)->undecided[i].v, (key)->v, (p)->edge[i],                                      \
              (way) == GV_BY_CONSTANT ? (s)->coins.limit : (uint64_t)(p)->limit[i] << 32,          \
              (p)->target[i], N)

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
