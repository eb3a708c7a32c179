/* influence_avx512.c -- the passes of i1 and i2 for AVX-512; see influence_level.h. */
#define LEVEL influence_avx512
#include "kernels/influence_level.h"
