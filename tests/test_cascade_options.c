/* test_cascade_options.c -- marginals of seeds and blocked consumers, by every kernel. */
#include "engine/csr.h"
#include "grapevine/cascade.h"
#include "greatest.h"
#include "support/cascades.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_cascade_kernel kernel; /* under test */

/* Runs by the kernel under test, or ends the test program: for calls that must succeed. */
static gv_cascade_result *run(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                              const gv_node *seeds, int64_t n_seeds, const gv_cascade_opts *o)
{
    gv_cascade_opts with = *o;
    with.kernel = kernel;
    return cascade_run(ctx, g, p, seeds, n_seeds, &with);
}

static int64_t total(const gv_cascade_result *r)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < r->n_worlds; i++)
        sum += r->spread[i];
    return sum;
}

/* What a run without the seed says; everything else is as without marginals. */
TEST marginals_leave_one_out(int64_t max_steps)
{
    enum { SEEDS = 6, N = 300 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.012, 21);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seeds[SEEDS] = {5, 6, 40, 100, 120, 299}, blocked[] = {7, 200};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 500, o.first_world = 333, o.activation = true, o.max_steps = max_steps;
    o.blocked = blocked, o.n_blocked = 2;
    gv_cascade_result *plain = run(ctx, g, NULL, seeds, SEEDS, &o);
    ASSERT_EQ(NULL, plain->seed_marginal_sum);
    o.marginals = true;
    gv_cascade_result *r = run(ctx, g, NULL, seeds, SEEDS, &o);
    ASSERT_MEM_EQ(plain->spread, r->spread, 500 * sizeof *r->spread);
    ASSERT_EQ(plain->curve_length, r->curve_length);
    ASSERT_MEM_EQ(plain->curve_sum, r->curve_sum, (size_t)r->curve_length * sizeof *r->curve_sum);
    ASSERT_MEM_EQ(plain->activation_count, r->activation_count, N * sizeof *r->activation_count);
    o.marginals = false;
    for (int s = 0; s < SEEDS; s++) {
        gv_node others[SEEDS - 1];
        for (int i = 0, k = 0; i < SEEDS; i++)
            if (i != s)
                others[k++] = seeds[i];
        gv_cascade_result *less = run(ctx, g, NULL, others, SEEDS - 1, &o);
        ASSERT_EQ(total(r) - total(less), r->seed_marginal_sum[s]);
        ASSERT_GTE(r->seed_marginal_sum[s], 0);
        gv_cascade_free(less);
    }
    gv_cascade_free(plain), gv_cascade_free(r);
    o.marginals = true;
    r = run(ctx, g, NULL, seeds, 1, &o);
    ASSERT_EQ(total(r), r->seed_marginal_sum[0]);
    gv_cascade_free(r);
    r = run(ctx, g, NULL, NULL, 0, &o);
    ASSERT_NEQ(NULL, r->seed_marginal_sum);
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* With p = 1 a blocked consumer cuts a path; those behind are never reached. */
TEST blocked_cut_a_path(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_path(200);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability always = {.rule = GV_PROBABILITY_CONSTANT, .constant = 1.0};
    const gv_node seeds[] = {0, 150}, blocked[] = {64, 64, 170};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 200, o.activation = true, o.blocked = blocked, o.n_blocked = 3;
    gv_cascade_result *r = run(ctx, g, &always, seeds, 2, &o);
    for (int64_t i = 0; i < 200; i++)
        ASSERT_EQ(64 + 20, r->spread[i]);
    for (int v = 0; v < 200; v++)
        ASSERT_EQ(v < 64 || (v >= 150 && v < 170) ? 200 : 0, r->activation_count[v]);
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* Blocking is the same as cutting the edges into the blocked, in every world where the kernel's
 * draws do not hang on the edges of others (plain); fewer in every world by all kernels. */
TEST blocked_are_as_if_cut_off(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(300, 0.015, 4), cut = edges_none(300);
    const gv_node seeds[] = {1, 2, 3}, blocked[] = {10, 20, 30, 40, 50, 60, 70, 80, 90};
    for (int64_t i = 0; i < e.n_edges; i++)
        if (e.dst[i] > 90 || e.dst[i] % 10 != 0 || e.dst[i] == 0)
            edges_add(&cut, e.src[i], e.dst[i], (double)e.weight[i]);
    ASSERT_LT(cut.n_edges, e.n_edges);
    gv_graph *g = edges_graph_weighted(ctx, &e), *h = edges_graph_weighted(ctx, &cut);
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 2000;
    gv_cascade_result *all = run(ctx, g, NULL, seeds, 3, &o);
    gv_cascade_result *without = run(ctx, h, NULL, seeds, 3, &o);
    o.blocked = blocked, o.n_blocked = 9;
    gv_cascade_result *r = run(ctx, g, NULL, seeds, 3, &o);
    for (int64_t i = 0; i < o.n_worlds; i++)
        ASSERT_LTE(r->spread[i], all->spread[i]);
    ASSERT_LT(r->mean, all->mean);
    if (kernel == GV_CASCADE_PLAIN)
        ASSERT_MEM_EQ(without->spread, r->spread, 2000 * sizeof *r->spread);
    const double gap = r->mean - without->mean;
    ASSERT_LT(gap * gap, 4.5 * 4.5 * 2.0 * r->stderr_mean * r->stderr_mean);
    gv_cascade_free(all), gv_cascade_free(without), gv_cascade_free(r);
    gv_graph_free(g), gv_graph_free(h), edges_free(&e), edges_free(&cut), gv_context_free(ctx);
    PASS();
}

SUITE(options)
{
    RUN_TEST1(marginals_leave_one_out, -1);
    RUN_TEST1(marginals_leave_one_out, 2);
    RUN_TEST(blocked_cut_a_path);
    RUN_TEST(blocked_are_as_if_cut_off);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++) {
        kernel = (gv_cascade_kernel)k;
        RUN_SUITE(options);
    }
    GREATEST_MAIN_END();
}
