/* planted.h -- the ground truth of a population: who listens to whom, and how much. */
#ifndef DATASETS_PLANTED_H
#define DATASETS_PLANTED_H

#include "engine/population.h"

/* Fills source, target, close, influencer, i1 and delay of a population that has its graph.
 * GV_OK; GV_ERR_NOMEM; arrays made so far stay in the population. */
GV_CHECKED gv_status gv_planted_make(gv_context *ctx, gv_population *p, gv_error *err);

/* Probability that a purchase of u in topic z makes v buy, over the edge at `position` u -> v. */
static inline double gv_planted_probability(const gv_population *p, int32_t z, gv_node u,
                                            int64_t position, gv_node v)
{
    if (!p->close[position])
        return 0.0;
    const double product =
        (double)p->source[(int64_t)z * p->graph->n_nodes + u] * (double)p->target[v];
    return product < 1.0 ? product : 1.0;
}

#endif
