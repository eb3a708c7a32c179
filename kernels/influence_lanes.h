/* influence_lanes.h -- numbers of several topics, or edges, side by side, for whatever instructions
 * a file is compiled with (influence_level.h). */
#ifndef KERNELS_INFLUENCE_LANES_H
#define KERNELS_INFLUENCE_LANES_H

#include <stdint.h>
#include <string.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

typedef float lanes4 __attribute__((vector_size(16), may_alias, aligned(4)));
typedef float lanes8 __attribute__((vector_size(32), may_alias, aligned(4)));
typedef float lanes16 __attribute__((vector_size(64), may_alias, aligned(4)));
typedef double eight __attribute__((vector_size(64), may_alias, aligned(8)));
typedef int64_t eight_bits __attribute__((vector_size(64), may_alias, aligned(8)));
typedef int32_t bits4 __attribute__((vector_size(16), may_alias, aligned(4)));
typedef int32_t bits8 __attribute__((vector_size(32), may_alias, aligned(4)));
typedef int32_t bits16 __attribute__((vector_size(64), may_alias, aligned(4)));

/* x in the lanes whose bits are set in `kept`, else 0. */
INLINE void keep4(const float *x, uint32_t kept, lanes4 *to)
{
    const bits4 lane = {1, 2, 4, 8};
    *to = (lanes4)(*(const bits4 *)x & (((int32_t)kept & lane) != 0));
}

INLINE void keep8(const float *x, uint32_t kept, lanes8 *to)
{
    const bits8 lane = {1, 2, 4, 8, 16, 32, 64, 128};
    *to = (lanes8)(*(const bits8 *)x & (((int32_t)kept & lane) != 0));
}

INLINE void keep16(const float *x, uint32_t kept, lanes16 *to)
{
#if defined(__AVX512F__)
    *to = (lanes16)_mm512_maskz_loadu_ps((__mmask16)kept, x);
#else
    const bits16 lane = {1,   2,   4,    8,    16,   32,   64,    128,
                         256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
    *to = (lanes16)(*(const bits16 *)x & (((int32_t)kept & lane) != 0));
#endif
}

/* x[k] if bit k is set, else 0, without a branch. */
INLINE float keep_one(const float *x, uint32_t kept, int32_t k)
{
    union {
        float f;
        uint32_t u;
    } bits = {.f = x[k]};
    bits.u &= 0U - (kept >> k & 1U);
    return bits.f;
}

/* 0 in all lanes but the first n. */
INLINE void eight_first(eight *x, int64_t n)
{
    const eight_bits place = {0, 1, 2, 3, 4, 5, 6, 7};
    *x = (eight)(*(const eight_bits *)x & (place < n));
}

/* most[k] = the larger one of most[k] and x[k]. */
INLINE void eight_larger(eight *most, const eight *x)
{
    const eight_bits larger = *x > *most;
    *most = (eight)((*(const eight_bits *)x & larger) | (*(const eight_bits *)most & ~larger));
}

/* Halves are added until one is left. */
INLINE double eight_sum(const eight *x)
{
#if defined(__AVX512F__)
    return _mm512_reduce_add_pd((__m512d)*x);
#else
    const eight a = *x;
    return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
#endif
}

INLINE double eight_most(const eight *x)
{
#if defined(__AVX512F__)
    return _mm512_reduce_max_pd((__m512d)*x);
#else
    double most = (*x)[0];
    for (int k = 1; k < 8; k++)
        most = (*x)[k] > most ? (*x)[k] : most;
    return most;
#endif
}

/* Copies past the caches: nobody reads scores soon, and a line that is written as a whole need not
 * be fetched before. */
INLINE void lanes_stream(float *to, const float *from, int64_t n)
{
#if defined(__AVX512F__)
    const int64_t head = (int64_t)(-(uintptr_t)to % 64 / sizeof *to);
    int64_t i = head < n ? head : n;
    memcpy(to, from, (size_t)i * sizeof *to);
    for (; i + 16 <= n; i += 16)
        _mm512_stream_ps(to + i, _mm512_loadu_ps(from + i));
    memcpy(to + i, from + i, (size_t)(n - i) * sizeof *to);
#else
    memcpy(to, from, (size_t)n * sizeof *to);
#endif
}

#endif
