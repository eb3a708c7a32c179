/* points_simd.c -- the numbers of points.c in plain C. */
#include "kernels/points_simd.h"

#include <math.h>

static int live_nodes(const gv_points_row *row, int shift, const gv_node *node, int n, uint64_t k0,
                      uint64_t k1, uint64_t *number, gv_node *live)
{
    int n_live = 0;
    for (int i = 0; i < n; i++) {
        const gv_points_row *r =
            (const void *)((const char *)row + ((uint64_t)(uint32_t)node[i] << shift));
        uint64_t x = k0 + (uint64_t)(uint32_t)node[i] * GV_POINTS_STEP;
        x = (x ^ (x >> 30)) * GV_POINTS_MUL0;
        x ^= k1;
        x = (x ^ (x >> 27)) * GV_POINTS_MUL1;
        x ^= x >> 31;
        number[n_live] = x;
        live[n_live] = node[i];
        n_live += (x >> 32 <= r->threshold) | (signbit(r->lambda) != 0);
    }
    return n_live;
}

static void places(const uint64_t *x, const uint64_t *slots, int n, uint64_t *slot,
                   uint32_t *fraction)
{
    for (int i = 0; i < n; i++) {
        const gv_u128 scaled = (gv_u128)gv_mix(x[i]) * slots[i];
        slot[i] = (uint64_t)(scaled >> 64);
        fraction[i] = (uint32_t)((uint64_t)scaled >> 32);
    }
}

const gv_points_simd gv_points_plain = {live_nodes, places};

const gv_points_simd *gv_points_best(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (gv_points_avx512 != NULL && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return gv_points_avx512;
#endif
    return &gv_points_plain;
}
