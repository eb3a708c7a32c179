/* test_cascade_threshold.c -- the linear threshold by both of its kernels: exact enumeration of
 * whom everyone listens to, closed forms, what must hold in every world, equal bits. */
#include <math.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "greatest.h"
#include "kernels/choice.h"
#include "kernels/sliced.h"
#include "support/cascades.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;
static gv_cascade_kernel kernel; /* under test */

#define BOUND 4.5

/* Runs by the kernel under test, or ends the test program: for calls that must succeed. */
static gv_cascade_result *run(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                              const gv_node *seeds, int64_t n_seeds, const gv_cascade_opts *o)
{
    gv_cascade_opts with = o != NULL ? *o : gv_cascade_defaults();
    with.kernel = kernel, with.diffusion = GV_DIFFUSION_THRESHOLD;
    return cascade_run(ctx, g, p, seeds, n_seeds, &with);
}

/* ---- enumeration ---------------------------------------------------------------------------- */

enum { MOST_NODES = 6 };

/* A graph of 2 to 6 nodes; the weights into a node add up to 1, to less, or are 0. */
static gv_graph *small_graph(gv_context *ctx, uint64_t i)
{
    const int64_t n = 2 + (int64_t)(5 * test_random(i, 0));
    edge_list e = edges_none(n);
    for (int64_t v = 0; v < n; v++) {
        double weight[MOST_NODES] = {0}, sum = 0.0;
        const double kind = test_random(i, 1000 + (uint64_t)v);
        for (int64_t u = 0; u < n; u++) {
            const uint64_t at = 10 + (uint64_t)(v * MOST_NODES + u);
            if (u != v && test_random(i, at) < 0.6)
                sum += weight[u] = test_random(i, at + 500);
        }
        for (int64_t u = 0; u < n; u++)
            if (weight[u] > 0.0)
                edges_add(&e, u, v,
                          kind < 0.1   ? 0.0
                          : kind < 0.5 ? weight[u] / sum
                                       : weight[u] / 6);
    }
    if (e.n_edges == 0)
        edges_add(&e, 0, 1, 0.0);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    edges_free(&e);
    return g;
}

typedef struct exact {
    double mean, variance, level[MOST_NODES + 1], reach[MOST_NODES];
} exact;

/* Everyone's choice is an in-edge, or nobody: all combinations with their chances. */
static exact enumerate(const gv_graph *g, const gv_node *seeds, int64_t n_seeds)
{
    const int64_t n = gv_graph_nodes(g);
    exact x = {0};
    double square = 0.0;
    int choice[MOST_NODES] = {0};
    for (bool more = true; more;) {
        double chance = 1.0;
        int step[MOST_NODES], spread = 0;
        for (int64_t v = 0; v < n; v++) {
            double rest = 1.0;
            for (int64_t e = g->in.indptr[v]; e < g->in.indptr[v + 1]; e++)
                rest -= (double)g->in.probability[e];
            const int64_t e = g->in.indptr[v] + choice[v] - 1;
            chance *= choice[v] == 0 ? fmax(rest, 0.0) : (double)g->in.probability[e];
            step[v] = MOST_NODES + 1;
        }
        for (int64_t i = 0; i < n_seeds; i++)
            step[seeds[i]] = 0;
        for (int t = 1; t <= n; t++)
            for (int64_t v = 0; v < n; v++)
                if (step[v] > t && choice[v] > 0 &&
                    step[g->in.indices[g->in.indptr[v] + choice[v] - 1]] == t - 1)
                    step[v] = t;
        for (int64_t v = 0; v < n; v++)
            if (step[v] <= n)
                spread++, x.reach[v] += chance, x.level[step[v]] += chance;
        x.mean += chance * spread;
        square += chance * spread * spread;
        more = false;
        for (int64_t v = 0; v < n && !more; v++) {
            more = choice[v] < g->in.indptr[v + 1] - g->in.indptr[v];
            choice[v] = more ? choice[v] + 1 : 0;
        }
    }
    x.variance = fmax(square - x.mean * x.mean, 0.0);
    return x;
}

static bool is_close(double want, double variance, double got, double worlds)
{
    return fabs(want - got) <= BOUND * sqrt(fmax(variance, 0.0) / worlds) + 1e-6;
}

TEST equals_enumeration(void)
{
    enum { N_GRAPHS = 200, WORLDS = 4000 };
    gv_context *ctx = test_context(2, -1);
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = WORLDS, o.activation = true;
    for (uint64_t i = 0; i < N_GRAPHS; i++) {
        gv_graph *g = small_graph(ctx, i);
        const int64_t n = gv_graph_nodes(g);
        const gv_node seeds[2] = {(gv_node)(i % (uint64_t)n), (gv_node)((i + 1) % (uint64_t)n)};
        const int64_t k = 1 + (int64_t)(i & 1);
        const exact x = enumerate(g, seeds, k);
        o.seed = i;
        gv_cascade_result *r = run(ctx, g, NULL, seeds, k, &o);
        ASSERT(is_close(x.mean, x.variance, r->mean, WORLDS));
        for (int64_t v = 0; v < n; v++) {
            const double q = x.reach[v];
            if (fmin(q, 1.0 - q) * WORLDS > 20.0)
                ASSERT(is_close(q, q * (1.0 - q), r->activation_count[v] / (double)WORLDS, WORLDS));
            if (q == 0.0)
                ASSERT_EQ(0, r->activation_count[v]);
        }
        for (int64_t t = 0; t < n; t++) {
            const double sum = t < r->curve_length ? (double)r->curve_sum[t] : 0.0;
            if (x.level[t] * WORLDS > 20.0) /* a level has at most n of them: a loose variance */
                ASSERT(is_close(x.level[t], x.level[t] * (double)n, sum / WORLDS, WORLDS));
            if (x.level[t] == 0.0)
                ASSERT_EQ(0.0, sum);
        }
        gv_cascade_free(r), gv_graph_free(g);
    }
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- closed forms --------------------------------------------------------------------------- */

/* Where everyone has one in-edge the threshold is a cascade: paths, cycles, stars. */
TEST trees_are_cascades(int kind, double p, double spread)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = kind == 0   ? edges_path(12)
                  : kind == 1 ? edges_cycle(12)
                              : edges_directed_star(20);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability rule = {.rule = GV_PROBABILITY_CONSTANT, .constant = p};
    const gv_node seed = 0;
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 40000;
    gv_cascade_result *r = run(ctx, g, &rule, &seed, 1, &o);
    ASSERT_LTE(fabs(spread - r->mean), BOUND * r->stderr_mean + 1e-12);
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* Two ways from 0 to 3, of which 3 listens to one: p(1) + p(2) may reach 1 where a cascade's chance
 * is 1 - (1 - p)^2. */
TEST diamond(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_none(4);
    edges_add(&e, 0, 1, 1.0), edges_add(&e, 0, 2, 0.25);
    edges_add(&e, 1, 3, 0.5), edges_add(&e, 2, 3, 0.5);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seed = 0;
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 40000;
    gv_cascade_result *r = run(ctx, g, NULL, &seed, 1, &o);
    ASSERT_LTE(fabs(1 + 1 + .25 + .5 + .5 * .25 - r->mean), BOUND * r->stderr_mean);
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* ---- in every world ------------------------------------------------------------------------- */

/* Nine may convince one, with chances that add up to 1: in each world exactly one of them does. */
TEST listens_to_exactly_one(void)
{
    enum { K = 9, WORLDS = 3000 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_none(K + 1);
    for (int u = 0; u < K; u++)
        edges_add(&e, u, K, 1.0);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability wc = {.rule = GV_PROBABILITY_WEIGHTED_CASCADE};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = WORLDS, o.first_world = 51;
    int listened[WORLDS] = {0};
    for (gv_node u = 0; u < K; u++) {
        gv_cascade_result *r = run(ctx, g, &wc, &u, 1, &o);
        ASSERT_LTE(fabs(1.0 + 1.0 / K - r->mean), BOUND * r->stderr_mean);
        for (int i = 0; i < WORLDS; i++)
            listened[i] += r->spread[i] == 2;
        gv_cascade_free(r);
    }
    for (int i = 0; i < WORLDS; i++)
        ASSERT_EQ(1, listened[i]);
    gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* Weighted cascade on a random graph: more seeds and more steps never shrink a world. */
TEST grows_with_seeds_and_steps(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(600, 0.01, 8);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability wc = {.rule = GV_PROBABILITY_WEIGHTED_CASCADE};
    const gv_node seeds[] = {4, 99, 300, 555};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 700;
    gv_cascade_result *all = run(ctx, g, &wc, seeds, 4, &o), *few = run(ctx, g, &wc, seeds, 3, &o);
    o.spread_only = true;
    gv_cascade_result *alone = run(ctx, g, &wc, seeds, 4, &o);
    o.spread_only = false, o.max_steps = 3;
    gv_cascade_result *brief = run(ctx, g, &wc, seeds, 4, &o);
    ASSERT_MEM_EQ(all->spread, alone->spread, 700 * sizeof *all->spread);
    for (int i = 0; i < 700; i++)
        ASSERT(few->spread[i] <= all->spread[i] && brief->spread[i] <= all->spread[i]);
    ASSERT(few->mean < all->mean && brief->mean < all->mean);
    gv_cascade_free(all), gv_cascade_free(few), gv_cascade_free(alone), gv_cascade_free(brief);
    gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

TEST ignores_thread_count(void)
{
    const int32_t threads[] = {1, 2, 3, 8};
    const gv_node seeds[] = {5, 17, 400};
    const gv_probability wc = {.rule = GV_PROBABILITY_WEIGHTED_CASCADE};
    edge_list e = edges_gnp(900, 0.006, 7);
    gv_cascade_result *first = NULL;
    gv_context *kept = NULL;
    for (int i = 0; i < 4; i++) {
        gv_context *ctx = test_context(threads[i], -1);
        gv_graph *g = edges_graph(ctx, &e, NULL);
        gv_cascade_opts o = gv_cascade_defaults();
        o.n_worlds = 400, o.activation = true;
        gv_cascade_result *r = run(ctx, g, &wc, seeds, 3, &o);
        if (i == 0)
            first = r, kept = ctx;
        ASSERT_EQ(first->curve_length, r->curve_length);
        ASSERT_MEM_EQ(first->spread, r->spread, 400 * sizeof *r->spread);
        ASSERT_MEM_EQ(first->activation_count, r->activation_count, 900 * sizeof(int32_t));
        ASSERT_MEM_EQ(first->curve_sum, r->curve_sum, (size_t)r->curve_length * sizeof(int64_t));
        gv_graph_free(g);
        if (i > 0)
            gv_cascade_free(r), gv_context_free(ctx);
    }
    gv_cascade_free(first), gv_context_free(kept), edges_free(&e);
    PASS();
}

/* ---- refusals ------------------------------------------------------------------------------- */

TEST refuses(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_complete(4);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability p = {.rule = GV_PROBABILITY_CONSTANT, .constant = 0.34};
    const gv_node seed = 0;
    gv_cascade_opts o = gv_cascade_defaults();
    gv_cascade_result *r = NULL;
    o.kernel = kernel, o.diffusion = GV_DIFFUSION_THRESHOLD;
    ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, &p, &seed, 1, &o, &r, &err));
    ASSERT_STR_EQ("cascade: the probabilities of all edges into node 0 add up to 1.02; linear "
                  "threshold allows at most 1",
                  err.message);
    o.kernel = GV_CASCADE_POINTS;
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, &p, &seed, 1, &o, &r, &err));
    ASSERT(strstr(err.message, "points does not make worlds of the linear threshold") != NULL);
    o.kernel = kernel, o.diffusion = (gv_diffusion)2;
    ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, &p, &seed, 1, &o, &r, &err));
    ASSERT(strstr(err.message, "diffusion 2 is not cascade (0) or threshold (1)") != NULL);
    ASSERT_EQ(NULL, r);
    ASSERT_EQ(NULL, gv_cascade_rng(GV_CASCADE_POINTS, GV_DIFFUSION_THRESHOLD));
    gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_path(300);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const int64_t before = gv_context_memory_used(ctx);
    const gv_probability wc = {.rule = GV_PROBABILITY_WEIGHTED_CASCADE};
    const gv_node seed = 3;
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 10, o.kernel = kernel, o.diffusion = GV_DIFFUSION_THRESHOLD;
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    for (; st != GV_OK; k++) {
        gv_cascade_result *r = NULL;
        ctx->allocations = 0;
        ctx->fail_allocation = k;
        st = gv_cascade(ctx, g, &wc, &seed, 1, &o, &r, &err);
        ASSERT(st == GV_OK || (st == GV_ERR_NOMEM && r == NULL));
        gv_cascade_free(r);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
    }
    ASSERT_GT(k, 15);
    gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

/* ---- bits ----------------------------------------------------------------------------------- */

enum { N = 250, WORLDS = 500 };

static void run_level(const gv_graph *g, const gv_choices *c, gv_simd simd, int32_t lanes,
                      bool spread_only, int64_t *spread)
{
    const gv_node seeds[] = {3, 77, 200};
    gv_sliced s;
    gv_worlds w = {.ctx = g->ctx,
                   .g = g,
                   .kernel = GV_CASCADE_SLICED,
                   .sliced = &s,
                   .choices = c,
                   .seeds = seeds,
                   .n_seeds = 3,
                   .max_steps = INT64_MAX,
                   .spread_only = spread_only};
    gv_status st = gv_sliced_open_choices(&s, g->ctx, g, c, 5, &err);
    if (st == GV_OK)
        st = gv_sliced_make_states(&s, WORLDS, lanes, &err);
    s.simd = simd;
    if (st == GV_OK)
        st = gv_worlds_open(&w, &err);
    if (st == GV_OK)
        st = gv_worlds_run(&w, 77, WORLDS, spread, &err);
    if (st != GV_OK) {
        printf("%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    gv_worlds_close(&w);
    gv_sliced_close(&s);
}

TEST same_bits_at_every_level(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.02, 31);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_coins coins = {.rule = GV_PROBABILITY_WEIGHTED_CASCADE, .in_offset = g->in.indptr};
    gv_choices c;
    int64_t first[WORLDS], other[WORLDS];
    ASSERT_EQ(GV_OK, gv_choices_open(&c, ctx, g, &coins, 1, &err));
    run_level(g, &c, GV_SIMD_PLAIN, 1, false, first);
    for (int level = 0; level <= (int)gv_sliced_simd(); level++)
        for (int32_t lanes = 1; lanes <= GV_MAX_LANES; lanes *= 2)
            for (int alone = 0; alone < 2; alone++) {
                run_level(g, &c, (gv_simd)level, lanes, alone == 1, other);
                ASSERT_MEM_EQ(first, other, sizeof first);
            }
    gv_choices_close(&c), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Both kernels agree in mean and deviation. */
TEST kernels_agree(uint64_t i)
{
    gv_context *ctx = test_context(2, -1);
    const int64_t n = 200 + 100 * (int64_t)i;
    edge_list e = edges_gnp(n, 4.0 / (double)n, i);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability wc = {.rule = GV_PROBABILITY_WEIGHTED_CASCADE};
    const gv_node seeds[] = {1, 60, 120};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 6000;
    kernel = GV_CASCADE_PLAIN;
    gv_cascade_result *a = run(ctx, g, &wc, seeds, 3, &o);
    kernel = GV_CASCADE_SLICED;
    gv_cascade_result *b = run(ctx, g, &wc, seeds, 3, &o);
    ASSERT_LTE(fabs(a->mean - b->mean), BOUND * hypot(a->stderr_mean, b->stderr_mean));
    ASSERT_IN_RANGE(1.0, a->sd / b->sd, 0.15);
    gv_cascade_free(a), gv_cascade_free(b), gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

SUITE(threshold)
{
    RUN_TEST(equals_enumeration);
    RUN_TESTp(trees_are_cascades, 0, 0.8, (1 - pow(.8, 12)) / .2);
    RUN_TESTp(trees_are_cascades, 1, 0.9, (1 - pow(.9, 12)) / .1);
    RUN_TESTp(trees_are_cascades, 2, 0.35, 1 + 20 * .35);
    RUN_TESTp(trees_are_cascades, 0, 1.0, 12);
    RUN_TEST(diamond);
    RUN_TEST(listens_to_exactly_one);
    RUN_TEST(grows_with_seeds_and_steps);
    RUN_TEST(ignores_thread_count);
    RUN_TEST(refuses);
    RUN_TEST(survives_every_failed_allocation);
}

SUITE(both)
{
    RUN_TEST(same_bits_at_every_level);
    for (uint64_t i = 0; i < 5; i++)
        RUN_TEST1(kernels_agree, i);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    kernel = GV_CASCADE_PLAIN;
    RUN_SUITE(threshold);
    kernel = GV_CASCADE_SLICED;
    RUN_SUITE(threshold);
    RUN_SUITE(both);
    kernel = GV_CASCADE_AUTO;
    RUN_TEST(survives_every_failed_allocation);
    GREATEST_MAIN_END();
}
