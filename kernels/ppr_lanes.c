/* ppr_lanes.c -- see ppr_lanes.h. One text, compiled for several instruction sets: lanes are
 * columns and never meet, so the width of a vector cannot change a bit. Gathers of 8 and 16 columns
 * are one cache line; sources some edges ahead are prefetched. */
#include "kernels/ppr_lanes.h"

#include <stdbool.h>
#include <stddef.h>

#include "engine/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
/* Without optimisation gcc's intrinsics are macros, which hand masks to signed parameters. */
#pragma GCC diagnostic ignored "-Wsign-conversion"
#endif

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

/* One column: PARTS sums by position, added up in a fixed tree. */
enum { PARTS = 16 };

INLINE float fold(float *part)
{
    for (int half = PARTS / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            part[i] += part[i + half];
    return part[0];
}

INLINE void visits1(const ppr_visits *work)
{
    const gv_node *restrict source = work->source;
    const float *restrict p = work->p, *restrict share = work->share;
    for (int64_t i = 0; i < work->n; i++) {
        const int64_t row = work->visit[i] >> PPR_VISIT_BITS;
        const int count = (int)(work->visit[i] & ((1U << PPR_VISIT_BITS) - 1));
        float part[PARTS] = {0.0F};
        for (int e = 0; e < count; e++)
            part[e % PARTS] += p != NULL ? share[source[e]] * p[e] : share[source[e]];
        work->to[row] += fold(part);
        source += count;
        p = p != NULL ? p + count : NULL;
    }
}

#if defined(__x86_64__)
#define TARGET512 __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq")))

INLINE TARGET512 float fold512(__m512 x)
{
    const __m256 a = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps(c, c, 1)));
}

/* The same, 16 gathers at a time. */
INLINE TARGET512 void gather1(const ppr_visits *work, const bool weighted)
{
    const gv_node *source = work->source;
    const float *p = work->p;
    for (int64_t i = 0; i < work->n; i++) {
        const int count = (int)(work->visit[i] & ((1U << PPR_VISIT_BITS) - 1));
        __m512 part = _mm512_setzero_ps();
        for (int e = 0; e < count; e += PARTS) {
            const __mmask16 mask =
                (__mmask16)(count - e >= PARTS ? 0xffffU : (1U << (count - e)) - 1U);
            const __m512i at = _mm512_maskz_loadu_epi32(mask, source + e);
            __m512 x = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, at, work->share, 4);
            if (weighted)
                x = _mm512_mul_ps(x, _mm512_maskz_loadu_ps(mask, p + e));
            part = _mm512_mask_add_ps(part, mask, part, x);
        }
        work->to[work->visit[i] >> PPR_VISIT_BITS] += fold512(part);
        source += count;
        p = weighted ? p + count : NULL;
    }
}

TARGET512 static void gather_1(const ppr_visits *work)
{
    if (work->p != NULL)
        gather1(work, true);
    else
        gather1(work, false);
}
#endif

#define DEFINE_ONE(NAME, TARGET)                                                                   \
    TARGET static void NAME##_1(const ppr_visits *work)                                            \
    {                                                                                              \
        ppr_visits w = *work;                                                                      \
        if (work->p == NULL) {                                                                     \
            w.p = NULL;                                                                            \
            visits1(&w);                                                                           \
        } else {                                                                                   \
            visits1(&w);                                                                           \
        }                                                                                          \
    }
DEFINE_ONE(plain, )
#if defined(__x86_64__)
DEFINE_ONE(avx2, __attribute__((target("avx2"))))
#endif

/* With and without weights apart, so that the inner loops carry no question. */
#define DEFINE_LEVEL(NAME, TARGET, ONE)                                                            \
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
    static const ppr_lanes NAME = {#NAME, ONE, NAME##_8, NAME##_16};

DEFINE_LEVEL(plain, , plain_1)
#if defined(__x86_64__)
DEFINE_LEVEL(avx2, __attribute__((target("avx2"))), avx2_1)
DEFINE_LEVEL(avx512, TARGET512, gather_1)
#endif

const ppr_lanes *ppr_lanes_at(int level)
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

const ppr_lanes *ppr_lanes_best(void)
{
    for (int level = PPR_LEVELS - 1; level > 0; level--)
        if (ppr_lanes_at(level) != NULL)
            return ppr_lanes_at(level);
    return &plain;
}
