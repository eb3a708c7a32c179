/* sliced_avx512.c -- blocks of worlds in vectors of 512 bits: AVX-512 and VAES. */
#include <string.h>

#include "kernels/sliced.h"

#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__VAES__)
#include <immintrin.h>

#define N     1
#define GROUP 4

typedef struct vec_512 {
    __m512i v[1];
} vec_512;
typedef struct vec_256 {
    __m256i v[1];
} vec_256;
typedef struct vec_128 {
    __m128i v[1];
} vec_128;

/* 0x78 is l ^ (u & d), bits by 4 l + 2 u + d; 0x90 is u & ~(s ^ b), bits by 4 u + 2 s + b. */
#define NATIVE               __m512i
#define NAME(x)              x##_512
#define V_ANY(a)             (_mm512_test_epi64_mask(a, a) != 0)
#define V_AES(s, k)          _mm512_aesenc_epi128(s, k)
#define V_SET(x)             _mm512_set1_epi64((long long)(x))
#define V_TURN(l, u, d)      _mm512_ternarylogic_epi64(l, u, d, 0x78)
#define V_UNDECIDED(u, b, s) _mm512_ternarylogic_epi64(u, s, b, 0x90)
#include "kernels/sliced_body.h"
#undef NATIVE
#undef NAME
#undef V_ANY
#undef V_AES
#undef V_SET
#undef V_TURN
#undef V_UNDECIDED
#undef FLIP

#define NATIVE               __m256i
#define NAME(x)              x##_256
#define V_ANY(a)             (_mm256_test_epi64_mask(a, a) != 0)
#define V_AES(s, k)          _mm256_aesenc_epi128(s, k)
#define V_SET(x)             _mm256_set1_epi64x((long long)(x))
#define V_TURN(l, u, d)      _mm256_ternarylogic_epi64(l, u, d, 0x78)
#define V_UNDECIDED(u, b, s) _mm256_ternarylogic_epi64(u, s, b, 0x90)
#include "kernels/sliced_body.h"
#undef NATIVE
#undef NAME
#undef V_ANY
#undef V_AES
#undef V_SET
#undef V_TURN
#undef V_UNDECIDED
#undef FLIP

#define NATIVE               __m128i
#define NAME(x)              x##_128
#define V_ANY(a)             (_mm_test_epi64_mask(a, a) != 0)
#define V_AES(s, k)          _mm_aesenc_si128(s, k)
#define V_SET(x)             _mm_set1_epi64x((long long)(x))
#define V_TURN(l, u, d)      _mm_ternarylogic_epi64(l, u, d, 0x78)
#define V_UNDECIDED(u, b, s) _mm_ternarylogic_epi64(u, s, b, 0x90)
#include "kernels/sliced_body.h"

gv_sliced_run_fn *const gv_sliced_avx512[GV_MAX_LANES + 1] = {
    [1] = run_128, [2] = run_256, [4] = run_512};
#else
gv_sliced_run_fn *const gv_sliced_avx512[GV_MAX_LANES + 1] = {NULL};
#endif
