/* fixtures.c -- see fixtures.h. */
#include "tests/support/fixtures.h"

#include <stdlib.h>

#include "tests/support/models.h"

fixture fixture_of(edge_list *e, int32_t n_topics, uint64_t seed)
{
    fixture f = {.ctx = test_context(2, -1)};
    f.g = edges_graph(f.ctx, e, NULL);
    f.m = model_random(f.ctx, f.g, n_topics, seed);
    edges_free(e);
    return f;
}

fixture random_fixture(int64_t n, double p, int32_t n_topics, uint64_t seed)
{
    edge_list e = edges_gnp(n, p, seed);
    return fixture_of(&e, n_topics, seed + 1);
}

void fixture_free(fixture *f)
{
    gv_model_free(f->m);
    gv_graph_free(f->g);
    gv_context_free(f->ctx);
}

float *floats(int64_t n)
{
    return calloc((size_t)n + 1, sizeof(float));
}

float *random_weights(int64_t n, uint64_t seed)
{
    float *w = floats(n);
    for (int64_t v = 0; v < n; v++)
        w[v] = (float)(3.0 * test_random(seed, (uint64_t)v));
    return w;
}

/* Several blocks of consumers, and a hub. */
fixture hub_fixture(int32_t n_topics)
{
    edge_list e = edges_gnp(2100, .002, 9);
    for (int64_t v = 1; v < 2100; v += 2)
        edges_add(&e, 7, v, 1), edges_add(&e, v, 7, 1);
    return fixture_of(&e, n_topics, 4);
}
