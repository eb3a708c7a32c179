/* planted.h -- the ground truth of a population: who listens to whom, and how much. */
#ifndef DATASETS_PLANTED_H
#define DATASETS_PLANTED_H

#include "engine/population.h"

/* Mean of the delay between a purchase and one that it prompts, seconds. */
#define GV_PLANTED_DELAY (10.0 * 86400.0)

/* Fills the truth of a part that has its rows. */
void gv_planted_fill(const gv_consumers_opts *opts, gv_population_part *part, int64_t n_edges);

static inline double gv_planted_product(float source, float target)
{
    const double product = (double)source * (double)target;
    return product < 1.0 ? product : 1.0;
}

/* Probability that a purchase of u in topic z makes v buy, over the edge at `position` u -> v. */
static inline double gv_planted_probability(const gv_population *p, int32_t z, gv_node u,
                                            int64_t position, gv_node v)
{
    if (!p->close[position])
        return 0.0;
    return gv_planted_product(p->source[(int64_t)z * p->graph->n_nodes + u], p->target[v]);
}

#endif
