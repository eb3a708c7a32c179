/* population.h -- a generated population and what was planted in it.
 *
 * The planted probability that u's purchase in topic z makes friend v buy is
 *   p(u -> v, z) = close(u -> v) ? min(1, i1_planted(u, z) / friends_close(u) * target(v)) : 0
 * with source(u, z) = i1_planted(u, z) / friends_close(u); i1 is the sum of these over v. */
#ifndef ENGINE_POPULATION_H
#define ENGINE_POPULATION_H

#include "engine/csr.h"
#include "engine/log.h"
#include "grapevine/generate.h"

struct gv_population {
    gv_context *ctx;
    gv_consumers_opts opts;
    gv_graph *graph; /* undirected, no probabilities, attributes segment (i32) and value (f32) */
    gv_log *log;
    /* truth */
    float *source; /* [n_topics][n_nodes] */
    float *target; /* [n_nodes], susceptibility, mean 1 */
    int8_t *close; /* [n_edges] by out-edge: 1 where the source influences the target at all */
    int16_t *influencer; /* [n_topics][n_nodes] */
    float *i1;           /* [n_topics][n_nodes] */
    double delay;        /* mean of the exponential delay, seconds */
};

#endif
