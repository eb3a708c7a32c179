/* fixtures.h -- a graph and a model of it, for tests of what is worked out from both. */
#ifndef TESTS_FIXTURES_H
#define TESTS_FIXTURES_H

#include "grapevine/grapevine.h"
#include "tests/support/graphs.h"

/* The context owns both. */
typedef struct fixture {
    gv_context *ctx;
    gv_graph *g;
    gv_model *m;
} fixture;

/* Of the edges, which are freed; of a random graph; and of one in which some have very many
 * friends.
 */
fixture fixture_of(edge_list *e, int32_t n_topics, uint64_t seed);
fixture random_fixture(int64_t n, double p, int32_t n_topics, uint64_t seed);
fixture hub_fixture(int32_t n_topics);
void fixture_free(fixture *f);

/* Zeros, and numbers in [0, 3); to be freed. */
float *floats(int64_t n);
float *random_weights(int64_t n, uint64_t seed);

#endif
