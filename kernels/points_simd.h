/* points_simd.h -- the numbers that points.c draws, many at a time. Vector instructions and plain C
 * give the same bits: they are integers. */
#ifndef KERNELS_POINTS_SIMD_H
#define KERNELS_POINTS_SIMD_H

#include "kernels/points.h"

#define GV_POINTS_STEP UINT64_C(0x9e3779b97f4a7c15)
#define GV_POINTS_MUL0 UINT64_C(0xbf58476d1ce4e5b9)
#define GV_POINTS_MUL1 UINT64_C(0x94d049bb133111eb)

typedef struct gv_points_simd {
    /* The nodes among node[0, n) that may have a point or have sure edges, and their numbers h:
     * splitmix64's finalizer over a Weyl sequence from k0 on, with a second key between its
     * halves, so that worlds are not stretches of one sequence. How many there are; both arrays
     * are [n + 7]. Records lie 2^shift bytes apart. */
    int (*live)(const gv_points_row *row, int shift, const gv_node *node, int n, uint64_t k0,
                uint64_t k1, uint64_t *number, gv_node *live);
    /* y = gv_mix(x[i]) y slots[i] / 2^64 as slot and fraction, the latter in units of 2^-32;
     * slots[i] < 2^32. */
    void (*places)(const uint64_t *x, const uint64_t *slots, int n, uint64_t *slot,
                   uint32_t *fraction);
} gv_points_simd;

extern const gv_points_simd gv_points_plain;
extern const gv_points_simd *const gv_points_avx512; /* NULL where the compiler has none */
/* The best that this processor has. */
const gv_points_simd *gv_points_best(void);

#endif
