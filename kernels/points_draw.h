/* points_draw.h -- the numbers of one row: how many points it has and, by edges, which of them are
 * live; shared by points.c and points_fly.c, which must draw the same. */
#ifndef KERNELS_POINTS_DRAW_H
#define KERNELS_POINTS_DRAW_H

#include <string.h>

#include "kernels/points_simd.h"

enum {
    AT_ONCE = 4, /* points of a node that are counted without a branch */
    MAX_FEW = 64 /* more points than this, at lambda <= 16: chance 1e-18 */
};

/* Number k of the stream of h. */
static inline uint64_t point_number(uint64_t h, uint64_t k)
{
    return gv_mix(h + k * GV_POINTS_STEP);
}

/* By edges, an edge with a point is live with chance p / most: by a number that is that of the
 * edge, however many points fall on it. */
static inline uint32_t edge_number(uint64_t h, uint64_t slot, double most)
{
    const uint64_t x = gv_mix(gv_mix(h ^ UINT64_C(0x8e9d5c7a3b1f2461)) + slot * GV_POINTS_STEP);
    const float below = (float)(gv_unit(x) * most);
    uint32_t bits;
    memcpy(&bits, &below, sizeof bits);
    return bits;
}

/* By edges: the chance of a point on each of the slots of a row. */
static inline double chance_of_point(const gv_points *p, const gv_points_row *row, uint64_t slots)
{
    return 1.0 - gv_points_exp_minus(&p->table, gv_points_lambda(row) / (double)slots);
}

/* Poisson(x), x < 16, from V = v / 2^64: the least k with V < P(at most k). */
static inline uint64_t poisson_rest(const gv_points_tables *t, double x, uint64_t v)
{
    const double unit = gv_unit(v);
    double chance = gv_points_exp_minus(t, x), below = chance;
    uint64_t k = 0;
    while (unit >= below && k < MAX_FEW) {
        k++;
        chance *= x / (double)k;
        below += chance;
    }
    return k;
}

static inline uint64_t poisson_hub(const gv_points_tables *t, double lambda, uint64_t h)
{
    const uint64_t stream = gv_mix(h ^ UINT64_C(0xd1b54a32d192ed03));
    const uint64_t pieces = (uint64_t)(lambda / GV_HUB_POINTS);
    uint64_t n = 0;
    for (uint64_t i = 0; i < pieces; i++) {
        const uint64_t v = point_number(stream, i);
        int k = t->hub_guide[v >> 56];
        while (t->hub[k] <= v && k < GV_HUB_CELLS - 1)
            k++;
        n += (uint64_t)k;
    }
    return n +
           poisson_rest(t, lambda - (double)(pieces * GV_HUB_POINTS), point_number(stream, pieces));
}

/* How many points a row has, lambda at most GV_HUB_LAMBDA, from v in [0, 1): the number of k >= 0
 * with v < P(N > k); `above0` is P(N > 0). */
static inline int count_points(double lambda, double above0, double v)
{
    const double one = (1.0 - above0) * lambda, two = one * (lambda * 0.5);
    const double three = two * (lambda * (1.0 / 3));
    const double above1 = above0 - one, above2 = above1 - two, above3 = above2 - three;
    int k = (v < above0) + (v < above1) + (v < above2) + (v < above3);
    double chance = three, above = above3;
    while (k >= AT_ONCE && k < MAX_FEW) {
        chance *= lambda / (double)k;
        above -= chance;
        if (!(v < above))
            break;
        k++;
    }
    return k;
}

#endif
