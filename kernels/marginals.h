/* marginals.h -- what each seed adds to the others. */
#ifndef KERNELS_MARGINALS_H
#define KERNELS_MARGINALS_H

#include "kernels/worlds.h"

/* Simulates the worlds of `r` again without one seed at a time; sum [r->n_seeds] out: how many
 * fewer were active, over all worlds. Spoils the lanes' sums. GV_ERR_NOMEM; GV_ERR_CANCELLED. */
GV_CHECKED gv_status gv_marginals(gv_worlds *w, const gv_cascade_result *r, int64_t *sum,
                                  gv_error *err);

#endif
