/* ppr_keep.h -- names of the states of PageRank. */
#ifndef KERNELS_PPR_KEEP_H
#define KERNELS_PPR_KEEP_H

#include "kernels/ppr_work.h"

enum { PPR_STATE_CHARS = 32 };

/* "ppr-" and a digest of graph, columns and options, so that one of several computations of a job
 * never takes up the state of another; "" when no state is kept. `way` tells kinds of states apart.
 */
GV_CHECKED gv_status ppr_state_name(gv_context *ctx, const ppr_walk *walk, const gv_teleport *t,
                                    const gv_ppr_opts *o, int32_t way, char name[PPR_STATE_CHARS],
                                    gv_error *err);

#endif
