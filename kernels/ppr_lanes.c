/* ppr_lanes.c -- see ppr_lanes.h. One text, compiled for several instruction sets: lanes are
 * columns and never meet, so the width of a vector cannot change a bit. Gathers of 8 and 16 columns
 * are one cache line; sources some edges ahead are prefetched. */
#include "kernels/ppr_lanes.h"

#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))

enum { AHEAD = 12 };

typedef float lanes8 __attribute__((vector_size(32), may_alias));
typedef float lanes16 __attribute__((vector_size(64), may_alias));

/* Prefetches beyond the visit, as far as the array lasts. */
#define DEFINE_VISITS(W)                                                                           \
    INLINE void visits##W(const ppr_visits *work)                                                  \
    {                                                                                              \
        const gv_node *source = work->source, *last = work->last;                                  \
        const float *restrict p = work->p, *restrict share = work->share;                          \
        for (int64_t i = 0; i < work->n; i++) {                                                    \
            const int64_t row = work->visit[i] >> PPR_VISIT_BITS;                                  \
            const int count = (int)(work->visit[i] & ((1U << PPR_VISIT_BITS) - 1));                \
            lanes##W sum = {0.0F};                                                                 \
            for (int e = 0; e < count; e++) {                                                      \
                const gv_node *next = source + e + AHEAD < last ? source + e + AHEAD : last;       \
                __builtin_prefetch(share + (int64_t)*next * (W));                                  \
                const lanes##W x = *(const lanes##W *)(share + (int64_t)source[e] * (W));          \
                if (p != NULL)                                                                     \
                    sum += x * p[e];                                                               \
                else                                                                               \
                    sum += x;                                                                      \
            }                                                                                      \
            *(lanes##W *)(work->to + row * (W)) += sum;                                            \
            source += count;                                                                       \
            p = p != NULL ? p + count : NULL;                                                      \
        }                                                                                          \
    }
DEFINE_VISITS(8)
DEFINE_VISITS(16)

INLINE float term(const float *share, const gv_node *source, const float *p, int e)
{
    return p != NULL ? share[source[e]] * p[e] : share[source[e]];
}

INLINE void visits1(const ppr_visits *work)
{
    const gv_node *restrict source = work->source;
    const float *restrict p = work->p, *restrict share = work->share;
    for (int64_t i = 0; i < work->n; i++) {
        const int64_t row = work->visit[i] >> PPR_VISIT_BITS;
        const int count = (int)(work->visit[i] & ((1U << PPR_VISIT_BITS) - 1));
        float a = 0.0F, b = 0.0F, c = 0.0F, d = 0.0F;
        int e = 0;
        for (; e + 4 <= count; e += 4) {
            a += term(share, source, p, e);
            b += term(share, source, p, e + 1);
            c += term(share, source, p, e + 2);
            d += term(share, source, p, e + 3);
        }
        for (; e < count; e++)
            a += term(share, source, p, e);
        work->to[row] += (a + b) + (c + d);
        source += count;
        p = p != NULL ? p + count : NULL;
    }
}

/* With and without weights apart, so that the inner loops carry no question. */
#define DEFINE_LEVEL(NAME, TARGET)                                                                 \
    TARGET static void NAME##_1(const ppr_visits *work)                                            \
    {                                                                                              \
        ppr_visits w = *work;                                                                      \
        if (work->p == NULL) {                                                                     \
            w.p = NULL;                                                                            \
            visits1(&w);                                                                           \
        } else {                                                                                   \
            visits1(&w);                                                                           \
        }                                                                                          \
    }                                                                                              \
    TARGET static void NAME##_8(const ppr_visits *work)                                            \
    {                                                                                              \
        ppr_visits w = *work;                                                                      \
        if (work->p == NULL) {                                                                     \
            w.p = NULL;                                                                            \
            visits8(&w);                                                                           \
        } else {                                                                                   \
            visits8(&w);                                                                           \
        }                                                                                          \
    }                                                                                              \
    TARGET static void NAME##_16(const ppr_visits *work)                                           \
    {                                                                                              \
        ppr_visits w = *work;                                                                      \
        if (work->p == NULL) {                                                                     \
            w.p = NULL;                                                                            \
            visits16(&w);                                                                          \
        } else {                                                                                   \
            visits16(&w);                                                                          \
        }                                                                                          \
    }                                                                                              \
    static const ppr_lanes NAME = {#NAME, NAME##_1, NAME##_8, NAME##_16};

DEFINE_LEVEL(plain, )
#if defined(__x86_64__)
DEFINE_LEVEL(avx2, __attribute__((target("avx2"))))
DEFINE_LEVEL(avx512, __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq"))))
#endif

const ppr_lanes *ppr_lanes_at(int level)
{
    if (level == 0)
        return &plain;
#if defined(__x86_64__)
    if (level == 1 && __builtin_cpu_supports("avx2"))
        return &avx2;
    if (level == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
        return &avx512;
#endif
    return NULL;
}

const ppr_lanes *ppr_lanes_best(void)
{
    for (int level = PPR_LEVELS - 1; level > 0; level--)
        if (ppr_lanes_at(level) != NULL)
            return ppr_lanes_at(level);
    return &plain;
}
