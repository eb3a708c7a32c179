/* sliced_vaes.c -- blocks of worlds in vectors of 256 bits: AVX2 and VAES. */
#include <string.h>

#include "kernels/sliced.h"

#if defined(__AVX2__) && defined(__VAES__)
#include <immintrin.h>

typedef struct vec_512 {
    __m256i v[2];
} vec_512;
typedef struct vec_256 {
    __m256i v[1];
} vec_256;
typedef struct vec_128 {
    __m128i v[1];
} vec_128;

#define V_TURN(l, u, d)      ((l) ^ ((u) & (d)))
#define V_UNDECIDED(u, b, s) ((u) & ~((s) ^ (b)))

#define NATIVE      __m256i
#define V_ANY(a)    (!_mm256_testz_si256(a, a))
#define V_AES(s, k) _mm256_aesenc_epi128(s, k)
#define V_SET(x)    _mm256_set1_epi64x((long long)(x))
#define N           2
#define GROUP       2
#define NAME(x)     x##_512
#include "kernels/sliced_body.h"
#undef N
#undef GROUP
#undef NAME
#undef FLIP

#define N       1
#define GROUP   4
#define NAME(x) x##_256
#include "kernels/sliced_body.h"
#undef NATIVE
#undef NAME
#undef V_ANY
#undef V_AES
#undef V_SET
#undef FLIP

#define NATIVE      __m128i
#define NAME(x)     x##_128
#define V_ANY(a)    (!_mm_testz_si128(a, a))
#define V_AES(s, k) _mm_aesenc_si128(s, k)
#define V_SET(x)    _mm_set1_epi64x((long long)(x))
#include "kernels/sliced_body.h"

gv_sliced_run_fn *const gv_sliced_vaes[GV_MAX_LANES + 1] = {
    [1] = run_128, [2] = run_256, [4] = run_512};
#else
gv_sliced_run_fn *const gv_sliced_vaes[GV_MAX_LANES + 1] = {NULL};
#endif
