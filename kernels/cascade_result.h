/* cascade_result.h -- a result of cascades as the library holds it: sums, and what follows from
 * them. */
#ifndef KERNELS_CASCADE_RESULT_H
#define KERNELS_CASCADE_RESULT_H

#include "grapevine/cascade.h"
#include "kernels/worlds.h"

typedef struct gv_cascade_owned {
    gv_cascade_result result; /* first: the public part is the whole */
    gv_context *ctx;
} gv_cascade_owned;

/* An empty result; NULL when memory is short. */
gv_cascade_result *gv_cascade_new(gv_context *ctx);

/* Mean, deviation and standard error of spread and value, from the arrays of worlds. */
void gv_cascade_describe(gv_cascade_result *r);

/* Fills the quantiles. GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_cascade_rank(gv_context *ctx, gv_cascade_result *r, gv_error *err);

static inline gv_u128 gv_wide_get(gv_wide x)
{
    return (gv_u128)(uint64_t)x.hi << 64 | (uint64_t)x.lo;
}

static inline gv_wide gv_wide_of(gv_u128 x)
{
    return (gv_wide){.hi = (int64_t)(x >> 64), .lo = (int64_t)(uint64_t)x};
}

#endif
