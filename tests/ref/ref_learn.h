/* ref_learn.h -- learning straight from the definitions, dense in edges x topics. */
#ifndef TESTS_REF_LEARN_H
#define TESTS_REF_LEARN_H

#include "engine/log.h"
#include "engine/model.h"

typedef struct ref_counters {
    int64_t n_nodes, n_edges;
    int32_t n_topics;
    /* [n_edges][n_topics], edges as in g->out, units of 2^-32 */
    int64_t *credit, *exposure;
    /* [n_nodes][n_topics] */
    int64_t *base, *total, *observed, *shuffled, *last;
    int64_t repeats;
} ref_counters;

typedef struct ref_factors {
    double *mu;     /* [n_topics] */
    double *source; /* [n_nodes][n_topics], 1 without a purchase */
    double *target; /* [n_nodes] */
    double k_source, k_target;
} ref_factors;

/* Counters of a log under the windows and delays of `m`, of which nothing else is used. */
ref_counters ref_count(const gv_graph *g, const gv_log *log, int64_t until, uint64_t seed,
                       const gv_model *m);
void ref_counters_free(ref_counters *c);

ref_factors ref_pool(const gv_graph *g, const ref_counters *c);
void ref_factors_free(ref_factors *f);

/* The strength of an edge's factor over all topics under the factors of `m`. */
double ref_tie_strength(const gv_graph *g, const ref_counters *c, const gv_model *m);

/* The strength of an edge's prior under the factors of `m`. */
double ref_edge_strength(const gv_graph *g, const ref_counters *c, const gv_model *m);

#endif
