/* models.h -- small influence models for tests, made by hand or at random.
 *
 * Running out of memory ends the test program. */
#ifndef TESTS_MODELS_H
#define TESTS_MODELS_H

#include "engine/model.h"

/* What is known about a consumer in a topic. */
typedef struct test_pair {
    gv_node node;
    int32_t topic;
    float source;
    int64_t exposure; /* units */
    int32_t total, observed, shuffled;
    int64_t last;
} test_pair;

/* What is known about an out-edge in a topic, in units of GV_CREDIT_UNIT. */
typedef struct test_evidence {
    int64_t edge;
    int32_t topic;
    int64_t credit, exposure;
} test_evidence;

/* A model of `g` from its pairs, by (node, topic), and evidence, by (edge, topic). Targets are 1,
 * mu .1, windows 100, time_end 1000, min_actions 1, k_edge 10. */
gv_model *model_of(gv_context *ctx, const gv_graph *g, int32_t n_topics, const test_pair *pair,
                   int64_t n_pairs, const test_evidence *evidence, int64_t n_evidence);

/* A model in which out-edge e has the probability p[z][e] in topic z, up to 2^-32, and no consumer
 * has a purchase. p: [n_topics][n_edges]. */
gv_model *model_exact(gv_context *ctx, const gv_graph *g, int32_t n_topics, const double *p);

/* A model with random everything: about half of the pairs and a third of the evidence are there. */
gv_model *model_random(gv_context *ctx, const gv_graph *g, int32_t n_topics, uint64_t seed);

/* Whether two models have the same bytes in every array, and the same numbers. */
bool model_same(const gv_model *a, const gv_model *b);

/* The arrays of a model are const; tests may write to them through these. */
double *model_mu(gv_model *m);
double *model_window(gv_model *m);
float *model_target(gv_model *m);

#endif
