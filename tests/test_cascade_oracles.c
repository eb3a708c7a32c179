/* test_cascade_oracles.c -- cascades on graphs too large to enumerate, against laws that hold
 * there: percolation, trees, the giant component, edges cut in two. Seeds are fixed; a sampled
 * value may lie 4.5 standard errors off. */
#include <math.h>

#include "grapevine/cascade.h"
#include "greatest.h"
#include "support/cascades.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_cascade_kernel kernel; /* under test */

#define BOUND 4.5

/* Runs by the kernel under test, or ends the test program: for calls that must succeed. */
static gv_cascade_result *run(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                              const gv_node *seeds, int64_t n_seeds, const gv_cascade_opts *o)
{
    gv_cascade_opts with = o != NULL ? *o : gv_cascade_defaults();
    with.kernel = kernel;
    return cascade_run(ctx, g, p, seeds, n_seeds, &with);
}

/* Two counts out of R each come from one probability; rare and nearly certain ones are let pass, as
 * the normal bound does not hold for them. */
static enum greatest_test_res same_chance(int64_t a, int64_t b, int64_t worlds)
{
    const double n = (double)worlds, p = (double)(a + b) / (2.0 * n);
    if (fmin(p, 1.0 - p) * n > 20.0)
        ASSERT_LT(fabs((double)(a - b)) / sqrt(2.0 * n * p * (1.0 - p)), BOUND);
    PASS();
}

/* ---- giant component -------------------------------------------------------------------- */

/* Random digraph with live mean degree 2: one seed reaches the giant component with chance S, and
 * then the share S of all; S = 1 - exp(-2 S) = .7968. */
TEST giant_component(void)
{
    enum { N = 3000, RUNS = 500 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 10.0 / N, 12);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability p = cascade_constant(0.2);
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 1;
    double sum = 0.0, square = 0.0;
    for (int i = 0; i < RUNS; i++) {
        const gv_node seed = (gv_node)(i * 5);
        o.first_world = i;
        gv_cascade_result *r = run(ctx, g, &p, &seed, 1, &o);
        const double share = r->mean / N;
        sum += share, square += share * share;
        gv_cascade_free(r);
    }
    const double mean = sum / RUNS, error = sqrt((square / RUNS - mean * mean) / RUNS);
    ASSERT_IN_RANGE(0.7968 * 0.7968, mean, BOUND * error);
    ASSERT_LT(error, 0.02);
    gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* ---- percolation ----------------------------------------------------------------------------- */

static int32_t root_of(int32_t *parent, int32_t v)
{
    while (parent[v] != v)
        v = parent[v] = parent[parent[v]];
    return v;
}

/* With symmetric p whom a set of seeds reaches has the law of whom they are connected to when every
 * undirected edge has one coin. */
TEST equals_percolation(void)
{
    enum { N = 400, WORLDS = 4000 };
    gv_context *ctx = test_context(2, -1);
    edge_list one_way = edges_gnp(N, 1.6 / N, 8), e = edges_none(N);
    for (int64_t i = 0; i < one_way.n_edges; i++) {
        const gv_node u = one_way.src[i], v = one_way.dst[i];
        edges_add(&e, u, v, (double)one_way.weight[i]);
        edges_add(&e, v, u, (double)one_way.weight[i]);
    }
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seeds[] = {3, 77, 200};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = WORLDS, o.activation = true;
    gv_cascade_result *r = run(ctx, g, NULL, seeds, 3, &o);
    int64_t count[N] = {0};
    double spread_sum = 0.0, spread_square = 0.0;
    for (uint64_t w = 0; w < WORLDS; w++) {
        int32_t parent[N];
        double spread = 0.0;
        for (int32_t v = 0; v < N; v++)
            parent[v] = v;
        for (int64_t i = 0; i < one_way.n_edges; i++)
            if (test_random(99, w << 20 | (uint64_t)i) < (double)one_way.weight[i])
                parent[root_of(parent, one_way.src[i])] = root_of(parent, one_way.dst[i]);
        for (int i = 1; i < 3; i++)
            parent[root_of(parent, seeds[i])] = root_of(parent, seeds[0]);
        for (int32_t v = 0; v < N; v++) {
            const bool reached = root_of(parent, v) == root_of(parent, seeds[0]);
            count[v] += reached, spread += reached;
        }
        spread_sum += spread, spread_square += spread * spread;
    }
    const double mean = spread_sum / WORLDS;
    const double error = sqrt((spread_square / WORLDS - mean * mean) / WORLDS);
    ASSERT_GT(mean, 8.0);
    ASSERT_LT(fabs(mean - r->mean) / hypot(error, r->stderr_mean), BOUND);
    for (int v = 0; v < N; v++)
        CHECK_CALL(same_chance(count[v], r->activation_count[v], WORLDS));
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), edges_free(&one_way);
    gv_context_free(ctx);
    PASS();
}

/* ---- trees ----------------------------------------------------------------------------------- */

/* The chance of a node is the product of the probabilities on its path from the root. */
TEST multiplies_along_trees(void)
{
    enum { N = 300, WORLDS = 20000 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_none(N);
    double chance[N] = {1.0}, sum = 1.0;
    for (int v = 1; v < N; v++) {
        const int parent = (int)(v * test_random(5, (uint64_t)v));
        const float p = (float)(0.5 + 0.5 * test_random(6, (uint64_t)v));
        edges_add(&e, parent, v, (double)p);
        chance[v] = chance[parent] * (double)p;
        sum += chance[v];
    }
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node root = 0;
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = WORLDS, o.activation = true;
    gv_cascade_result *r = run(ctx, g, NULL, &root, 1, &o);
    ASSERT_IN_RANGE(sum, r->mean, BOUND * r->stderr_mean);
    for (int v = 1; v < N; v++)
        ASSERT_IN_RANGE(chance[v], (double)r->activation_count[v] / WORLDS,
                        BOUND * sqrt(chance[v] * (1.0 - chance[v]) / WORLDS));
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* u -> v with p has the law of u -> x -> v with p and 1. */
TEST cutting_edges_keeps_chances(void)
{
    enum { N = 40, WORLDS = 10000 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.08, 2), cut = edges_none(N + e.n_edges);
    for (int64_t i = 0; i < e.n_edges; i++) {
        edges_add(&cut, e.src[i], N + i, (double)e.weight[i]);
        edges_add(&cut, N + i, e.dst[i], 1.0);
    }
    gv_graph *g = edges_graph_weighted(ctx, &e), *h = edges_graph_weighted(ctx, &cut);
    const gv_node seed = 1;
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = WORLDS, o.activation = true;
    gv_cascade_result *a = run(ctx, g, NULL, &seed, 1, &o), *b = run(ctx, h, NULL, &seed, 1, &o);
    ASSERT_GT(a->mean, 3.0);
    for (int v = 0; v < N; v++)
        CHECK_CALL(same_chance(a->activation_count[v], b->activation_count[v], WORLDS));
    gv_cascade_free(a), gv_cascade_free(b), gv_graph_free(g), gv_graph_free(h);
    edges_free(&e), edges_free(&cut), gv_context_free(ctx);
    PASS();
}

/* Worlds hang on the order of external ids, not on the ids or the order of the input. */
TEST ignores_ids_and_order_of_input(void)
{
    enum { N = 150 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.03, 6), turned = edges_none(N);
    for (int64_t i = e.n_edges - 1; i >= 0; i--)
        edges_add(&turned, e.src[i], e.dst[i], (double)e.weight[i]);
    turned.ids = calloc(N, sizeof *turned.ids);
    for (int64_t v = 0; v < N; v++)
        turned.ids[v] = -700 + 9 * v * v;
    gv_graph *g = edges_graph_weighted(ctx, &e), *h = edges_graph_weighted(ctx, &turned);
    const gv_node seeds[] = {4, 90};
    gv_cascade_result *a = run(ctx, g, NULL, seeds, 2, NULL),
                      *b = run(ctx, h, NULL, seeds, 2, NULL);
    ASSERT_EQ(a->n_worlds, b->n_worlds);
    ASSERT_MEM_EQ(a->spread, b->spread, (size_t)a->n_worlds * sizeof *a->spread);
    gv_cascade_free(a), gv_cascade_free(b), gv_graph_free(g), gv_graph_free(h);
    edges_free(&e), edges_free(&turned), gv_context_free(ctx);
    PASS();
}

SUITE(oracles)
{
    RUN_TEST(giant_component);
    RUN_TEST(equals_percolation);
    RUN_TEST(multiplies_along_trees);
    RUN_TEST(cutting_edges_keeps_chances);
    RUN_TEST(ignores_ids_and_order_of_input);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++) {
        kernel = (gv_cascade_kernel)k;
        RUN_SUITE(oracles);
    }
    GREATEST_MAIN_END();
}
