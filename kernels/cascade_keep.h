/* cascade_keep.h -- cascades that are stopped between two worlds and go on later. */
#ifndef KERNELS_CASCADE_KEEP_H
#define KERNELS_CASCADE_KEEP_H

#include "kernels/worlds.h"

/* Room for `n` worlds in the arrays of worlds. GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_cascade_room(gv_context *ctx, gv_cascade_result *r, bool values, int64_t n,
                                     gv_error *err);

/* Keeps what the worlds so far came to: exact sums, so that neither the point of stopping nor the
 * number of threads bears on the end. Errors as gv_keep(). */
GV_CHECKED gv_status gv_cascade_keep(gv_worlds *w, gv_cascade_result *r, gv_error *err);
/* Takes up what an earlier run kept, if it did. */
GV_CHECKED gv_status gv_cascade_take(gv_worlds *w, gv_cascade_result *r, gv_error *err);

#endif
