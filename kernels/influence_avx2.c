/* influence_avx2.c -- the passes of i1 and i2 for AVX2; see influence_level.h. */
#define LEVEL influence_avx2
#include "kernels/influence_level.h"
