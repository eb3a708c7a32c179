/* influence_plain.c -- the passes of i1 and i2 for any machine; see influence_level.h. */
#define LEVEL influence_plain
#include "kernels/influence_level.h"
