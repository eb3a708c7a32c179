/* rng.h -- random numbers as pure functions of their key: no state, so no thread owns them.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC
 * 2011) maps a 64-bit key and a 128-bit counter to 128 random bits. Keys are derived from the
 * user's seed and a purpose, so that draws for different purposes never meet. */
#ifndef ENGINE_RNG_H
#define ENGINE_RNG_H

#include <stdint.h>

/* What a draw is for. Values are part of every result: never renumber. */
typedef enum gv_purpose {
    GV_FOR_COIN = 1,           /* cascade: edge live in a world    */
    GV_FOR_TRIVALENCY = 2,     /* import: probability of an edge   */
    GV_FOR_SHUFFLE = 3,        /* learn: permutations of times     */
    GV_FOR_BOOTSTRAP = 4,      /* evaluate: weights of items       */
    GV_FOR_SAMPLE = 5,         /* evaluate: items that are foreseen */
    GV_FOR_POINTS = 8,         /* cascade: points of a row         */
    GV_FOR_SLICED = 9,         /* cascade: coins of 128 worlds     */
    GV_FOR_ACCEPTANCE = 10,    /* cascade: a seed takes the offer */
    GV_FOR_CHOICE = 11,        /* cascade: whom a consumer listens to */
    GV_FOR_SLICED_CHOICE = 12, /* the same in 128 worlds          */
    GV_FOR_REACH = 13,         /* influence: edges live around a root */
    GV_FOR_REACH_ORDER = 14,   /* influence: order of the roots       */
    GV_FOR_POPULATION = 16,    /* generate: this and the 47 after it */
    GV_FOR_KRON = 64,          /* generate: ends of a Kronecker edge */
    GV_FOR_KRON_IDS = 65       /* generate: their ids                */
} gv_purpose;

typedef struct gv_random {
    uint32_t word[4];
} gv_random;

/* Finalizer of splitmix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection that mixes all bits. */
static inline uint64_t gv_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline uint64_t gv_key(uint64_t seed, gv_purpose purpose)
{
    return gv_mix(gv_mix(seed) ^ (uint64_t)purpose);
}

/* 128 random bits for (key, hi, lo). */
static inline gv_random gv_philox(uint64_t key, uint64_t hi, uint64_t lo)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t c0 = (uint32_t)lo, c1 = (uint32_t)(lo >> 32);
    uint32_t c2 = (uint32_t)hi, c3 = (uint32_t)(hi >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)c0 * UINT32_C(0xD2511F53);
        const uint64_t p1 = (uint64_t)c2 * UINT32_C(0xCD9E8D57);
        const uint32_t d0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, d2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1, c3 = (uint32_t)p0, c0 = d0, c2 = d2;
        k0 += UINT32_C(0x9E3779B9), k1 += UINT32_C(0xBB67AE85);
    }
    return (gv_random){{c0, c1, c2, c3}};
}

/* Words 2i and 2i + 1 as one 64-bit number, i in {0, 1}. */
static inline uint64_t gv_random_u64(gv_random r, int i)
{
    return (uint64_t)r.word[2 * i + 1] << 32 | r.word[2 * i];
}

/* Uniform in [0, 1), a multiple of 2^-53. */
static inline double gv_unit(uint64_t x)
{
    return (double)(x >> 11) * 0x1p-53;
}

/* Uniform in [0, bound), bound >= 1; off uniform by less than bound * 2^-64. */
static inline uint64_t gv_below(uint64_t x, uint64_t bound)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)(((wide)x * bound) >> 64);
}

/* Trivalency: .1, .01 or .001 for the edge from node u to node v; key of GV_FOR_TRIVALENCY. */
static inline float gv_trivalent(uint64_t key, int32_t u, int32_t v)
{
    static const float choice[3] = {.1f, .01f, .001f};
    const uint64_t edge = (uint64_t)u << 32 | (uint64_t)v;
    return choice[gv_below(gv_random_u64(gv_philox(key, 0, edge), 0), 3)];
}

/* A 64-bit number x counts as "yes" with probability p when x < gv_threshold(p), p in [0, 1). */
static inline uint64_t gv_threshold(double p)
{
    return (uint64_t)(p * 0x1p64);
}

#endif
