/* by_target.h -- numbers of out-edges in the order of in-edges. */
#ifndef KERNELS_BY_TARGET_H
#define KERNELS_BY_TARGET_H

#include "engine/csr.h"

/* by_target[position in /in] = p[position in /out], both [n_edges]. Scratch: 8 bytes a node. */
GV_CHECKED gv_status gv_by_target(gv_context *ctx, const gv_graph *g, const float *p,
                                  float *by_target, gv_error *err);

#endif
