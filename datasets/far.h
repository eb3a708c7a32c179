/* far.h -- how many friends a consumer has beyond household and community: the heavy tail. */
#ifndef DATASETS_FAR_H
#define DATASETS_FAR_H

#include <stdint.h>

#include "datasets/pairing.h"

enum { GV_FAR_MAX = 5000 };

typedef struct gv_far {
    uint64_t seed;
    int64_t consumers;
    double scale, cap; /* of the truncated Lomax distribution */
    gv_pairing order;  /* consumers by far friends */
} gv_far;

/* Finds the distribution with which consumers have `mean` far friends on average, or as many as the
 * population allows. */
gv_far gv_far_make(uint64_t seed, int64_t consumers, double mean);

/* Far stubs (half friendships) of consumer v, in [0, GV_FAR_MAX + 1]. */
int32_t gv_far_stubs(const gv_far *far, int64_t v);

#endif
