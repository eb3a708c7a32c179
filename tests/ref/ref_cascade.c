/* ref_cascade.c -- see ref_cascade.h. Every edge's coin is tossed first; then steps are taken by
 * looking at all edges again and again. */
#include "ref_cascade.h"

#include <stdbool.h>
#include <stdlib.h>

#include "engine/rng.h"

double ref_edge_probability(const ref_problem *r, int64_t e, gv_node v)
{
    if (r->probability == NULL)
        return gv_edge_probability(r->g, &r->g->out, e, v);
    if (r->probability->rule == GV_PROBABILITY_CONSTANT)
        return r->probability->constant;
    if (r->probability->rule == GV_PROBABILITY_STORED)
        return (double)r->probability->stored[e];
    return 1.0 / (double)gv_csr_degree(&r->g->in, v);
}

/* Steps of all nodes in the graph of live edges; the spread. */
static int64_t walk(const ref_problem *r, const bool *live, int64_t *step)
{
    int64_t spread = 0;
    for (int64_t v = 0; v < r->g->n_nodes; v++)
        step[v] = -1;
    for (int64_t i = 0; i < r->n_seeds; i++) {
        spread += step[r->seeds[i]] != 0;
        step[r->seeds[i]] = 0;
    }
    bool more = spread > 0;
    for (int64_t t = 0; more && (r->max_steps < 0 || t < r->max_steps); t++) {
        more = false;
        for (int64_t u = 0; u < r->g->n_nodes; u++) {
            for (int64_t e = r->g->out.indptr[u]; step[u] == t && e < r->g->out.indptr[u + 1];
                 e++) {
                const gv_node v = r->g->out.indices[e];
                if (live[e] && step[v] < 0) {
                    step[v] = t + 1;
                    spread++;
                    more = true;
                }
            }
        }
    }
    return spread;
}

static bool toss(uint64_t seed, int64_t u, int64_t v, int64_t world, double p)
{
    const uint64_t edge = (uint64_t)u << 32 | (uint64_t)v;
    const gv_random x = gv_philox(gv_key(seed, GV_FOR_COIN), edge, (uint64_t)world);
    if (p == 0.0 || p == 1.0)
        return p == 1.0;
    return ((uint64_t)x.word[1] << 32 | x.word[0]) < (uint64_t)(p * 18446744073709551616.0);
}

int64_t ref_cascade_world(const ref_problem *r, uint64_t seed, int64_t world, int64_t *step)
{
    bool *live = calloc((size_t)r->g->n_edges + 1, sizeof *live);
    if (live == NULL)
        abort();
    for (int64_t u = 0; u < r->g->n_nodes; u++)
        for (int64_t e = r->g->out.indptr[u]; e < r->g->out.indptr[u + 1]; e++) {
            const gv_node v = r->g->out.indices[e];
            live[e] = toss(seed, u, v, world, ref_edge_probability(r, e, v));
        }
    const int64_t spread = walk(r, live, step);
    free(live);
    return spread;
}

/* Adds one live-edge graph of chance `weight`; variances hold sums of squares until the end. */
static void add_graph(const ref_problem *r, const bool *live, double weight, ref_exact *x)
{
    int64_t step[REF_MAX_NODES];
    double level[REF_MAX_NODES + 1] = {0.0};
    const double spread = (double)walk(r, live, step);
    x->mean += weight * spread;
    x->variance += weight * spread * spread;
    for (int64_t v = 0; v < r->g->n_nodes; v++) {
        if (step[v] >= 0) {
            level[step[v]] += 1.0;
            x->reach[v] += weight;
        }
    }
    for (int t = 0; t < REF_MAX_NODES; t++) {
        x->level_mean[t] += weight * level[t];
        x->level_variance[t] += weight * level[t] * level[t];
    }
}

ref_exact ref_cascade_exact(const ref_problem *r)
{
    const int64_t m = r->g->n_edges;
    double p[REF_MAX_EDGES];
    bool live[REF_MAX_EDGES];
    ref_exact x = {0};
    if (m > REF_MAX_EDGES || r->g->n_nodes > REF_MAX_NODES)
        abort();
    for (int64_t e = 0; e < m; e++)
        p[e] = ref_edge_probability(r, e, r->g->out.indices[e]);
    for (int64_t mask = 0; mask < INT64_C(1) << m; mask++) {
        double weight = 1.0;
        for (int64_t e = 0; e < m; e++) {
            live[e] = mask >> e & 1;
            weight *= live[e] ? p[e] : 1.0 - p[e];
        }
        if (weight > 0.0)
            add_graph(r, live, weight, &x);
    }
    x.variance -= x.mean * x.mean;
    for (int t = 0; t < REF_MAX_NODES; t++)
        x.level_variance[t] -= x.level_mean[t] * x.level_mean[t];
    return x;
}
