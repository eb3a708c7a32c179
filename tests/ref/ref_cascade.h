/* ref_cascade.h -- the independent cascade, slow and plain: one world with the same coins as the
 * library, and exact expectations by enumerating all live-edge graphs. */
#ifndef REF_CASCADE_H
#define REF_CASCADE_H

#include "engine/csr.h"
#include "grapevine/cascade.h"

typedef struct ref_problem {
    const gv_graph *g;
    const gv_probability *probability; /* NULL: the graph's own */
    const gv_node *seeds;
    int64_t n_seeds;
    int64_t max_steps; /* -1: no limit */
} ref_problem;

/* Probability of out-edge e, that ends at v. */
double ref_edge_probability(const ref_problem *r, int64_t e, gv_node v);

/* Simulates world `world` of `seed`: step [n_nodes] at which each node becomes active, or -1.
 * Returns the spread. */
int64_t ref_cascade_world(const ref_problem *r, uint64_t seed, int64_t world, int64_t *step);

enum { REF_MAX_EDGES = 16, REF_MAX_NODES = 16 };

typedef struct ref_exact {
    double mean, variance;                                           /* of the spread */
    double level_mean[REF_MAX_NODES], level_variance[REF_MAX_NODES]; /* newly active at each step */
    double reach[REF_MAX_NODES]; /* chance that a node becomes active */
} ref_exact;

/* Over the 2^n_edges live-edge graphs; at most REF_MAX_EDGES edges and REF_MAX_NODES nodes. */
ref_exact ref_cascade_exact(const ref_problem *r);

#endif
