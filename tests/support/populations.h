/* populations.h -- small populations for tests of the generator. */
#ifndef TESTS_POPULATIONS_H
#define TESTS_POPULATIONS_H

#include "engine/population.h"

/* A population with the defaults but for the named sizes; NULL after saying why on stdout. */
gv_population *population_make(gv_context *ctx, const gv_consumers_opts *opts);

/* The defaults with few consumers and items, for tests that make many populations. */
gv_consumers_opts population_small(int64_t consumers, int32_t topics, int64_t items);

/* Whether graph, attributes, truth and log are the same bytes. */
bool population_equal(const gv_population *a, const gv_population *b);

#endif
