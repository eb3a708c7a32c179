/* reach.h -- how many consumers every consumer reaches in the independent cascade, all at once. */
#ifndef GRAPEVINE_REACH_H
#define GRAPEVINE_REACH_H

#include <stdint.h>

#include "grapevine/cascade.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How it is estimated; both without bias. */
typedef enum gv_reach_method {
    GV_REACH_AUTO = 0,    /* what the graph and its probabilities call for                        */
    GV_REACH_ROOTS = 1,   /* who reaches a root, in a world of its own; everybody is the root once
                             in a round. For short cascades                                       */
    GV_REACH_SKETCHES = 2 /* bottom-k reachability sketches; a round is a world                  */
} gv_reach_method;

typedef struct gv_reach_opts {
    double cv;              /* coefficient of variation to stay within, in [0.005, 1]      [0.15] */
    gv_reach_method method; /*                                                   [GV_REACH_AUTO] */
    int32_t max_rounds;     /* of GV_REACH_SKETCHES, >= 2                                  [1024] */
    uint64_t seed;          /*                                                                [1] */
} gv_reach_opts;

typedef struct gv_reach_info {
    gv_reach_method method;
    int32_t rounds;
    double cv;     /* ROOTS: of no consumer larger than this. SKETCHES: root mean square over all
                      consumers, as the rounds show it; both include the chance of worlds */
    int64_t looks; /* edges that were looked at */
} gv_reach_info;

GV_API gv_reach_opts gv_reach_defaults(void);

/* Expected number of consumers whom each one activates, itself included: its spread as the only
 * seed.
 *
 *   g            borrowed; /in is read, and with `probability` /out
 *   probability  as gv_cascade() takes it; a model's is worked out in the order of in-edges; NULL:
 *                the graph's own
 *   opts         NULL for gv_reach_defaults()
 *   reach        out, [n_nodes], caller's
 *   info         out, may be NULL
 *
 * GV_OK; GV_ERR_ARG no probabilities; GV_ERR_RANGE; GV_ERR_NOMEM; GV_ERR_CANCELLED; or
 * GV_ERR_CONVERGE when max_rounds of sketches did not reach `cv`, with what they gave in `reach`.
 * Same bytes at any thread count. Time: ROOTS 1 / (4 cv^2) rounds, each of n_nodes times the mean
 * reach times the mean in-degree; SKETCHES at most 16 n_edges a round. Memory: 4 bytes an edge with
 * a `probability` that is stored or a model's; 4 bytes a consumer (ROOTS), or 16, and 9 for each
 * thread (SKETCHES). */
GV_API GV_CHECKED gv_status gv_reach(gv_context *ctx, const gv_graph *g,
                                     const gv_probability *probability, const gv_reach_opts *opts,
                                     float *reach, gv_reach_info *info, gv_error *err);

/* "roots", "sketches". */
GV_API const char *gv_reach_method_name(gv_reach_method method);

#ifdef __cplusplus
}
#endif
#endif
