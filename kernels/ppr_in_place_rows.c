/* ppr_in_place_rows.c -- the innermost loops of sweeps in place. One text, compiled for several
 * instruction sets; lanes are columns and never meet, so all give the same bits.
 *
 * Shares are stored in single precision and stand for scores that are known exactly: a share times
 * the weight that leaves its node and the unit of its column. All else is in double precision, so
 * that a sweep can tell how far what it stored is from what the formula says. */
#include <string.h>

#include "engine/cpu.h"
#include "kernels/ppr_in_place.h"

#define INLINE static inline __attribute__((always_inline))

enum { AHEAD = 16, LANES = 8 };

#define UNIT_ROUNDOFF 0x1p-53

typedef float single8 __attribute__((vector_size(32), may_alias));
typedef double double8 __attribute__((vector_size(64), may_alias));
typedef int32_t mask8 __attribute__((vector_size(32), may_alias));
typedef int64_t wide8 __attribute__((vector_size(64), may_alias));

/* Macros, for functions that hand such vectors around have no common ABI. */
#define WIDEN(X)    __builtin_convertvector(X, double8)
#define ABSOLUTE(X) ((double8)((wide8)(X)&INT64_MAX))

INLINE void pull(const ppr_rows *r, const int chunks)
{
    const ppr_walk *walk = r->walk;
    const gv_node *restrict source = walk->source;
    const float *restrict p = walk->p, *restrict share = r->share;
    const int64_t last = walk->offset[walk->n] - 1, width = chunks * LANES;
    double8 *sum = (double8 *)(void *)r->sum;
    const double8 *base = (const double8 *)(const void *)r->base;
    const double8 *unit = (const double8 *)(const void *)r->unit;
    for (int64_t v = r->begin; v < r->end; v++, sum += chunks) {
        const int64_t first = walk->offset[v], end = walk->offset[v + 1];
        double8 part[2] = {{0.0}, {0.0}};
        for (int64_t e = first; e < end; e++) {
            __builtin_prefetch(share + source[e + AHEAD < last ? e + AHEAD : last] * width);
            const single8 *x = (const single8 *)(const void *)(share + source[e] * width);
            for (int i = 0; i < chunks; i++) {
                if (p != NULL)
                    part[i] += WIDEN(x[i]) * (double)p[e];
                else
                    part[i] += WIDEN(x[i]);
            }
        }
        const double pull =
            walk->by_degree && end > first ? r->damping / (double)(end - first) : r->damping;
        for (int i = 0; i < chunks; i++)
            sum[i] = part[i] * (pull * unit[i]) + base[i];
    }
}

INLINE void finish(const ppr_rows *r, ppr_shift *shift, const int chunks)
{
    const ppr_walk *walk = r->walk;
    const double8 *sum = (const double8 *)(const void *)r->sum;
    const mask8 *live = (const mask8 *)(const void *)r->live;
    const double8 *unit = (const double8 *)(const void *)r->unit;
    double8 moved[2], rounding[2], lost[2], mass[2];
    memcpy(moved, shift->moved, sizeof moved);
    memcpy(rounding, shift->rounding, sizeof rounding);
    memcpy(lost, shift->lost, sizeof lost);
    memcpy(mass, shift->mass, sizeof mass);
    for (int64_t v = r->begin; v < r->end; v++, sum += chunks) {
        const double leaving = ppr_leaving(walk, v), held = leaving > 0.0 ? leaving : 1.0;
        const double terms = (double)(walk->offset[v + 1] - walk->offset[v] + PPR_ROUNDINGS);
        const single8 *old = (const single8 *)(const void *)(r->share + v * chunks * LANES);
        single8 *to = (single8 *)(void *)(r->next + (v - r->begin) * chunks * LANES);
        const double scale = 1.0 / held, u = UNIT_ROUNDOFF * terms;
        const double stays = r->stay && leaving <= 0.0 ? r->damping : 0.0;
        for (int i = 0; i < chunks; i++) {
            const double8 worth = held * unit[i];
            const double8 before = WIDEN(old[i]) * worth, next = sum[i] + stays * before;
            const single8 stored = __builtin_convertvector(next * (scale / unit[i]), single8);
            const mask8 kept = ((mask8)stored & live[i]) | ((mask8)old[i] & ~live[i]);
            const double8 after = WIDEN((single8)kept) * worth;
            to[i] = (single8)kept;
            moved[i] += ABSOLUTE(after - before);
            rounding[i] += ABSOLUTE(after - next) + next * u;
            lost[i] += after * (leaving > 0.0 ? 0.0 : 1.0);
            mass[i] += after;
        }
    }
    memcpy(shift->moved, moved, sizeof moved);
    memcpy(shift->rounding, rounding, sizeof rounding);
    memcpy(shift->lost, lost, sizeof lost);
    memcpy(shift->mass, mass, sizeof mass);
}

#define DEFINE_LEVEL(NAME, TARGET)                                                                 \
    TARGET static void NAME##_pull8(const ppr_rows *r, ppr_shift *shift)                           \
    {                                                                                              \
        (void)shift;                                                                               \
        pull(r, 1);                                                                                \
    }                                                                                              \
    TARGET static void NAME##_pull16(const ppr_rows *r, ppr_shift *shift)                          \
    {                                                                                              \
        (void)shift;                                                                               \
        pull(r, 2);                                                                                \
    }                                                                                              \
    TARGET static void NAME##_finish8(const ppr_rows *r, ppr_shift *shift)                         \
    {                                                                                              \
        finish(r, shift, 1);                                                                       \
    }                                                                                              \
    TARGET static void NAME##_finish16(const ppr_rows *r, ppr_shift *shift)                        \
    {                                                                                              \
        finish(r, shift, 2);                                                                       \
    }                                                                                              \
    static const ppr_in_place_lanes NAME = {#NAME, NAME##_pull8, NAME##_pull16, NAME##_finish8,    \
                                            NAME##_finish16};

DEFINE_LEVEL(plain, )
#if defined(__x86_64__)
DEFINE_LEVEL(avx2, __attribute__((target("avx2"))))
DEFINE_LEVEL(avx512, __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq"))))
#endif

const ppr_in_place_lanes *ppr_in_place_lanes_at(int level)
{
    if (level == 0)
        return &plain;
#if defined(__x86_64__)
    if (level == 1 && gv_cpu_avx2())
        return &avx2;
    if (level == 2 && gv_cpu_avx512())
        return &avx512;
#endif
    return NULL;
}

const ppr_in_place_lanes *ppr_in_place_lanes_best(void)
{
    for (int level = PPR_IN_PLACE_LEVELS - 1; level > 0; level--)
        if (ppr_in_place_lanes_at(level) != NULL)
            return ppr_in_place_lanes_at(level);
    return &plain;
}
