/* points_avx512.c -- the numbers of points.c, eight at a time: AVX-512. */
#include "kernels/points_simd.h"

#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#include <immintrin.h>

static inline __m512i set(uint64_t x)
{
    return _mm512_set1_epi64((long long)x);
}

/* (x ^ x >> 30) * MUL0 and (x ^ x >> 27) * MUL1 with `key` between them; then x ^ x >> 31. */
static inline __m512i mix(__m512i x, __m512i key)
{
    x = _mm512_mullo_epi64(_mm512_xor_si512(x, _mm512_srli_epi64(x, 30)), set(GV_POINTS_MUL0));
    x = _mm512_xor_si512(x, key);
    x = _mm512_mullo_epi64(_mm512_xor_si512(x, _mm512_srli_epi64(x, 27)), set(GV_POINTS_MUL1));
    return _mm512_xor_si512(x, _mm512_srli_epi64(x, 31));
}

/* Of eight numbers from i on, those below n. */
static inline __mmask8 part(int i, int n)
{
    return (__mmask8)(n - i >= 8 ? 255 : (1 << (n - i)) - 1);
}

/* Reads the second half of eight rows at once: lambda above threshold. */
static int live_nodes(const gv_points_row *row, int shift, const gv_node *node, int n, uint64_t k0,
                      uint64_t k1, uint64_t *number, gv_node *live)
{
    const __m128i eighths = _mm_cvtsi32_si128(shift - 3);
    int n_live = 0;
    for (int i = 0; i < n; i += 8) {
        const __mmask8 few = part(i, n);
        const __m256i u = _mm256_maskz_loadu_epi32(few, node + i);
        const __m512i wide = _mm512_cvtepu32_epi64(u);
        const __m512i half = _mm512_mask_i64gather_epi64(
            _mm512_setzero_si512(), few, _mm512_sll_epi64(wide, eighths), &row->threshold, 8);
        const __m512i x =
            mix(_mm512_add_epi64(set(k0), _mm512_mullo_epi64(wide, set(GV_POINTS_STEP))), set(k1));
        const __m512i threshold = _mm512_and_si512(half, set(UINT32_MAX));
        const __mmask8 drawn = _mm512_cmple_epu64_mask(_mm512_srli_epi64(x, 32), threshold);
        const __mmask8 keep = (__mmask8)(few & (drawn | _mm512_movepi64_mask(half)));
        _mm512_storeu_si512(number + n_live, _mm512_maskz_compress_epi64(keep, x));
        _mm256_storeu_si256((__m256i *)(void *)(live + n_live),
                            _mm256_maskz_compress_epi32(keep, u));
        n_live += __builtin_popcount(keep);
    }
    return n_live;
}

static void places(const uint64_t *x, const uint64_t *slots, int n, uint64_t *slot,
                   uint32_t *fraction)
{
    for (int i = 0; i < n; i += 8) {
        const __mmask8 few = part(i, n);
        const __m512i start =
            _mm512_add_epi64(_mm512_maskz_loadu_epi64(few, x + i), set(GV_POINTS_STEP));
        const __m512i y = mix(start, _mm512_setzero_si512());
        const __m512i m = _mm512_maskz_loadu_epi64(few, slots + i);
        const __m512i low = _mm512_mul_epu32(y, m), high = _mm512_srli_epi64(y, 32);
        const __m512i scaled =
            _mm512_add_epi64(_mm512_mul_epu32(high, m), _mm512_srli_epi64(low, 32));
        _mm512_mask_storeu_epi64(slot + i, few, _mm512_srli_epi64(scaled, 32));
        _mm256_mask_storeu_epi32(fraction + i, few, _mm512_cvtepi64_epi32(scaled));
    }
}

static const gv_points_simd vectors = {live_nodes, places};

const gv_points_simd *const gv_points_avx512 = &vectors;
#else
const gv_points_simd *const gv_points_avx512 = NULL;
#endif
