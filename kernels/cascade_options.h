/* cascade_options.h -- what a cascade is asked for, checked and put into the engine's terms. */
#ifndef KERNELS_CASCADE_OPTIONS_H
#define KERNELS_CASCADE_OPTIONS_H

#include "kernels/worlds.h"

GV_CHECKED gv_status gv_cascade_check(const gv_cascade_opts *o, gv_error *err);

/* The coins of `p`, or of the graph itself for NULL. `what` begins the messages of errors. */
GV_CHECKED gv_status gv_cascade_coins(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                                      uint64_t seed, const char *what, gv_coins *coins,
                                      gv_error *err);

/* The distinct seeds, ascending, and their acceptance, into the result. */
GV_CHECKED gv_status gv_cascade_seeds(gv_context *ctx, const gv_graph *g, const gv_node *seeds,
                                      int64_t n_seeds, const double *acceptance,
                                      gv_cascade_result *r, gv_error *err);

/* The bitmap of blocked consumers, or NULL when there are none; to be freed. */
GV_CHECKED gv_status gv_cascade_blocked(gv_context *ctx, const gv_graph *g,
                                        const gv_cascade_opts *o, uint64_t **out, gv_error *err);

/* The scale of fixed-point weights: the greatest power of two, at most 2^32, with which all weights
 * together stay within 2^46. */
GV_CHECKED gv_status gv_cascade_scale(gv_context *ctx, const float *weight, int64_t n,
                                      int64_t *scale, gv_error *err);

#endif
