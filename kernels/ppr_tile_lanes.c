/* ppr_tile_lanes.c -- the innermost loops over a tile (see ppr_tiles.h), in plain C and for
 * AVX-512.
 *
 * Lane i of a slice is a row of its own, summed in order of its edges; a long run has 16 sums, by
 * position of the edge, which are added up in a fixed tree. So both levels add the same numbers in
 * the same order. */
#include "kernels/ppr_tiles.h"

#include "engine/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
/* Without optimisation gcc's intrinsics are macros, which hand masks to signed parameters. */
#pragma GCC diagnostic ignored "-Wsign-conversion"
#endif

#define INLINE static inline __attribute__((always_inline))

/* ---- plain -------------------------------------------------------------------------------- */

#define DEFINE_PLAIN(NAME, TYPE)                                                                   \
    INLINE TYPE NAME##_fold(TYPE *part)                                                            \
    {                                                                                              \
        for (int half = PPR_TILE_LANES / 2; half > 0; half /= 2)                                   \
            for (int i = 0; i < half; i++)                                                         \
                part[i] += part[i + half];                                                         \
        return part[0];                                                                            \
    }                                                                                              \
    INLINE TYPE NAME##_term(const ppr_tile_work *w, int64_t e)                                     \
    {                                                                                              \
        const TYPE x = ((const TYPE *)w->share)[w->source[e]];                                     \
        return w->p != NULL ? x * (TYPE)w->p[e] : x;                                               \
    }                                                                                              \
    INLINE void NAME##_tile(const ppr_tile_work *w)                                                \
    {                                                                                              \
        TYPE *restrict sum = w->sum;                                                               \
        int64_t e = 0;                                                                             \
        for (int64_t i = 0; i < w->n_runs; i++) {                                                  \
            TYPE part[PPR_TILE_LANES] = {0};                                                       \
            for (int k = 0; k < w->run[i].count; k++)                                              \
                part[k % PPR_TILE_LANES] += NAME##_term(w, e++);                                   \
            sum[w->run[i].row] += NAME##_fold(part);                                               \
        }                                                                                          \
        for (int64_t i = 0; i < w->n_slices; i++) {                                                \
            const ppr_slice *s = &w->slice[i];                                                     \
            TYPE part[PPR_TILE_LANES] = {0};                                                       \
            int lanes = PPR_TILE_LANES;                                                            \
            for (int k = 0; k < s->count[0]; k++) {                                                \
                while (s->count[lanes - 1] <= k)                                                   \
                    lanes--;                                                                       \
                for (int j = 0; j < lanes; j++)                                                    \
                    part[j] += NAME##_term(w, e++);                                                \
            }                                                                                      \
            for (int j = 0; j < PPR_TILE_LANES && s->count[j] > 0; j++)                            \
                sum[s->row[j]] += part[j];                                                         \
        }                                                                                          \
    }

DEFINE_PLAIN(single, float)
DEFINE_PLAIN(twice, double)

static void plain_single(const ppr_tile_work *w)
{
    single_tile(w);
}

static void plain_twice(const ppr_tile_work *w)
{
    twice_tile(w);
}

static const ppr_tile_lanes plain = {"plain", plain_single, plain_twice};

/* ---- AVX-512 ------------------------------------------------------------------------------ */

#if defined(__x86_64__)
#define TARGET        __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq")))
#define TARGET_INLINE static inline __attribute__((always_inline)) TARGET

TARGET_INLINE __m512i load16(const uint16_t *at)
{
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)at));
}

/* sum + shares of the lanes in `mask`, each times its weight. */
TARGET_INLINE __m512 step(const ppr_tile_work *w, int64_t e, __m512 sum, __mmask16 mask,
                          bool weighted)
{
    __m512 x =
        _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, load16(w->source + e), w->share, 4);
    if (weighted)
        x = _mm512_mul_ps(x, _mm512_maskz_loadu_ps(mask, w->p + e));
    return _mm512_mask_add_ps(sum, mask, sum, x);
}

TARGET_INLINE float fold(__m512 x)
{
    const __m256 a = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps(c, c, 1)));
}

TARGET_INLINE void single512(const ppr_tile_work *w, const bool weighted)
{
    float *sum = w->sum;
    int64_t e = 0;
    for (int64_t i = 0; i < w->n_runs; i++) {
        __m512 part = _mm512_setzero_ps();
        const int64_t end = e + w->run[i].count;
        for (; e + PPR_TILE_LANES <= end; e += PPR_TILE_LANES)
            part = step(w, e, part, 0xffff, weighted);
        part = step(w, e, part, (__mmask16)((1U << (end - e)) - 1), weighted);
        e = end;
        sum[w->run[i].row] += fold(part);
    }
    for (int64_t i = 0; i < w->n_slices; i++) {
        const ppr_slice *s = &w->slice[i];
        const __m512i count =
            _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)s->count));
        const int full = s->count[PPR_TILE_LANES - 1], height = s->count[0];
        __m512 part = _mm512_setzero_ps();
        int k = 0;
        for (; k < full; k++, e += PPR_TILE_LANES)
            part = step(w, e, part, 0xffff, weighted);
        for (; k < height; k++) {
            const __mmask16 mask = _mm512_cmpgt_epi32_mask(count, _mm512_set1_epi32(k));
            part = step(w, e, part, mask, weighted);
            e += __builtin_popcount(mask);
        }
        const __mmask16 used = _mm512_test_epi32_mask(count, count);
        const __m512i row = load16(s->row);
        const __m512 old = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), used, row, sum, 4);
        _mm512_mask_i32scatter_ps(sum, used, row, _mm512_add_ps(old, part), 4);
    }
}

typedef struct pair {
    __m512d low, high;
} pair;

TARGET_INLINE pair step_twice(const ppr_tile_work *w, int64_t e, pair sum, __mmask16 mask,
                              bool weighted)
{
    const __m512i source = load16(w->source + e);
    const __mmask8 a = (__mmask8)mask, b = (__mmask8)(mask >> 8);
    __m512d x = _mm512_mask_i32gather_pd(_mm512_setzero_pd(), a, _mm512_castsi512_si256(source),
                                         w->share, 8);
    __m512d y = _mm512_mask_i32gather_pd(_mm512_setzero_pd(), b,
                                         _mm512_extracti64x4_epi64(source, 1), w->share, 8);
    if (weighted) {
        const __m512 p = _mm512_maskz_loadu_ps(mask, w->p + e);
        x = _mm512_mul_pd(x, _mm512_cvtps_pd(_mm512_castps512_ps256(p)));
        y = _mm512_mul_pd(y, _mm512_cvtps_pd(_mm512_extractf32x8_ps(p, 1)));
    }
    return (pair){_mm512_mask_add_pd(sum.low, a, sum.low, x),
                  _mm512_mask_add_pd(sum.high, b, sum.high, y)};
}

TARGET_INLINE double fold_twice(pair x)
{
    const __m512d a = _mm512_add_pd(x.low, x.high);
    const __m256d b = _mm256_add_pd(_mm512_castpd512_pd256(a), _mm512_extractf64x4_pd(a, 1));
    const __m128d c = _mm_add_pd(_mm256_castpd256_pd128(b), _mm256_extractf128_pd(b, 1));
    return _mm_cvtsd_f64(_mm_add_sd(c, _mm_unpackhi_pd(c, c)));
}

/* sum[row] += part for the rows of a slice. */
TARGET_INLINE void add_rows(double *sum, const ppr_slice *s, pair part, __mmask16 used)
{
    const __m512i row = load16(s->row);
    const __m256i low = _mm512_castsi512_si256(row), high = _mm512_extracti64x4_epi64(row, 1);
    const __mmask8 a = (__mmask8)used, b = (__mmask8)(used >> 8);
    const __m512d x = _mm512_mask_i32gather_pd(_mm512_setzero_pd(), a, low, sum, 8);
    const __m512d y = _mm512_mask_i32gather_pd(_mm512_setzero_pd(), b, high, sum, 8);
    _mm512_mask_i32scatter_pd(sum, a, low, _mm512_add_pd(x, part.low), 8);
    _mm512_mask_i32scatter_pd(sum, b, high, _mm512_add_pd(y, part.high), 8);
}

TARGET_INLINE void twice512(const ppr_tile_work *w, const bool weighted)
{
    double *sum = w->sum;
    int64_t e = 0;
    for (int64_t i = 0; i < w->n_runs; i++) {
        pair part = {_mm512_setzero_pd(), _mm512_setzero_pd()};
        const int64_t end = e + w->run[i].count;
        for (; e + PPR_TILE_LANES <= end; e += PPR_TILE_LANES)
            part = step_twice(w, e, part, 0xffff, weighted);
        part = step_twice(w, e, part, (__mmask16)((1U << (end - e)) - 1), weighted);
        e = end;
        sum[w->run[i].row] += fold_twice(part);
    }
    for (int64_t i = 0; i < w->n_slices; i++) {
        const ppr_slice *s = &w->slice[i];
        const __m512i count =
            _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)s->count));
        pair part = {_mm512_setzero_pd(), _mm512_setzero_pd()};
        const int full = s->count[PPR_TILE_LANES - 1], height = s->count[0];
        int k = 0;
        for (; k < full; k++, e += PPR_TILE_LANES)
            part = step_twice(w, e, part, 0xffff, weighted);
        for (; k < height; k++) {
            const __mmask16 mask = _mm512_cmpgt_epi32_mask(count, _mm512_set1_epi32(k));
            part = step_twice(w, e, part, mask, weighted);
            e += __builtin_popcount(mask);
        }
        add_rows(sum, s, part, _mm512_test_epi32_mask(count, count));
    }
}

TARGET static void avx512_single(const ppr_tile_work *w)
{
    if (w->p != NULL)
        single512(w, true);
    else
        single512(w, false);
}

TARGET static void avx512_twice(const ppr_tile_work *w)
{
    if (w->p != NULL)
        twice512(w, true);
    else
        twice512(w, false);
}

static const ppr_tile_lanes avx512 = {"avx512", avx512_single, avx512_twice};
#endif

/* ---- choice ------------------------------------------------------------------------------- */

const ppr_tile_lanes *ppr_tile_lanes_at(int level)
{
    if (level == 0)
        return &plain;
#if defined(__x86_64__)
    if (level == 1 && gv_cpu_avx512())
        return &avx512;
#endif
    return NULL;
}

const ppr_tile_lanes *ppr_tile_lanes_best(void)
{
    const ppr_tile_lanes *best = ppr_tile_lanes_at(1);
    return best != NULL ? best : &plain;
}
