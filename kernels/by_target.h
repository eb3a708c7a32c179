/* by_target.h -- p of all edges in the order of in-edges, and sums of them, wherever p comes from:
 * without an array in the order of out-edges beside. */
#ifndef KERNELS_BY_TARGET_H
#define KERNELS_BY_TARGET_H

#include "kernels/coin.h"

/* by_target[position in /in] = p of the same edge, [n_edges]. Scratch: 8 bytes a node. */
GV_CHECKED gv_status gv_by_target(gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                                  float *by_target, gv_error *err);

/* sum[v] = sum of p (as float) over the edges into v, [n_nodes], with compensation, in the order of
 * sources. Scratch: 8 bytes a node. */
GV_CHECKED gv_status gv_sum_by_target(gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                                      double *sum, gv_error *err);

/* The same over the edges that leave v. */
void gv_sum_by_source(gv_context *ctx, const gv_graph *g, const gv_coins *coins, double *sum);

#endif
