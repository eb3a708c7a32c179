/* test_cascade_law.c -- the distribution of cascades: closed forms, exact enumeration, a published
 * spread, and the coins themselves. Seeds are fixed; a sampled mean may lie 4.5 standard errors
 * off. */
#include <math.h>

#include "greatest.h"
#include "kernels/coin.h"
#include "ref/ref_cascade.h"
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

/* ---- closed forms --------------------------------------------------------------------------- */

typedef struct law {
    const char *name;
    edge_list e; /* freed by the test */
    double p;
    gv_node seed;
    int64_t max_steps;
    double spread;
    double curve[6]; /* ends with a negative number */
} law;

/* Means of spread and curve; the curve's standard errors from its exact sums of squares. */
TEST has_spread(law *c)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = edges_graph(ctx, &c->e, NULL);
    const gv_probability p = cascade_constant(c->p);
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 40000, o.max_steps = c->max_steps;
    gv_cascade_result *r = run(ctx, g, &p, &c->seed, 1, &o);
    ASSERTm(c->name, fabs(c->spread - r->mean) <= BOUND * r->stderr_mean + 1e-12);
    const double n = (double)o.n_worlds;
    for (int t = 0; t < 6 && c->curve[t] >= 0.0; t++) {
        ASSERT_LT(t, r->curve_length);
        ASSERT_EQ(0, r->curve_sumsq[t].hi);
        const double mean = (double)r->curve_sum[t] / n;
        const double square = (double)r->curve_sumsq[t].lo / n;
        const double error = sqrt(fmax(0.0, square - mean * mean) / (n - 1.0));
        ASSERTm(c->name, fabs(c->curve[t] - mean) <= BOUND * error + 1e-12);
    }
    gv_cascade_free(r), gv_graph_free(g), edges_free(&c->e), gv_context_free(ctx);
    PASS();
}

static edge_list both_ways(int64_t n, const int (*pair)[2], int n_pairs)
{
    edge_list e = edges_none(n);
    for (int i = 0; i < n_pairs; i++) {
        edges_add(&e, pair[i][0], pair[i][1], 1.0);
        edges_add(&e, pair[i][1], pair[i][0], 1.0);
    }
    return e;
}

static edge_list two_way_cycle(int64_t n)
{
    edge_list e = edges_none(n);
    for (int64_t v = 0; v < n; v++) {
        edges_add(&e, v, (v + 1) % n, 1.0);
        edges_add(&e, (v + 1) % n, v, 1.0);
    }
    return e;
}

static edge_list diamond(void)
{
    edge_list e = edges_none(4);
    edges_add(&e, 0, 1, 1.0), edges_add(&e, 0, 2, 1.0);
    edges_add(&e, 1, 3, 1.0), edges_add(&e, 2, 3, 1.0);
    return e;
}

static double path_spread(int n, double p)
{
    return (1.0 - pow(p, n)) / (1.0 - p);
}

static double cycle_spread(int n, double p)
{
    double sum = 1.0;
    for (int k = 1; k < n; k++)
        sum += 1.0 - (1.0 - pow(p, k)) * (1.0 - pow(p, n - k));
    return sum;
}

SUITE(closed_forms)
{
    law all[] = {
        {"path", edges_path(6), 0.3, 0, -1, 1.42753, {1, .3, .09, .027, .0081, -1}},
        {"path, likely", edges_path(40), 0.9, 0, -1, path_spread(40, 0.9), {1, .9, .81, -1}},
        {"cycle", edges_cycle(6), 0.3, 2, -1, 1.42753, {1, .3, .09, .027, .0081, -1}},
        {"cycle both ways", two_way_cycle(5), 0.3, 1, -1, 1.84048, {1, .6, -1}},
        {"cycle both ways, likely", two_way_cycle(12), 0.8, 7, -1, cycle_spread(12, 0.8), {1, -1}},
        {"star from the centre", edges_star(20), 0.15, 0, -1, 1 + 20 * .15, {1, 3, -1}},
        {"star from a leaf",
         edges_star(20),
         0.15,
         7,
         -1,
         1 + .15 + 19 * .15 * .15,
         {1, .15, 19 * .0225, -1}},
        {"diamond", diamond(), 0.3, 0, -1, 1.7719, {1, .6, .1719, -1}},
        {"complete", edges_complete(4), 0.3, 2, -1, 2.316556, {1, .9, .36099, .055566, -1}},
        {"complete, 1 step", edges_complete(4), 0.3, 2, 1, 1.9, {1, .9, -1}},
        {"complete, 2 steps", edges_complete(4), 0.3, 2, 2, 2.26099, {1, .9, .36099, -1}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        RUN_TEST1(has_spread, &all[i]);
}

/* Network reliability of the bridge: 0 - {1, 2} - 3 and 1 - 2; the same with one coin for both ways
 * of an edge, as reaching from one node uses at most one of them. */
TEST bridge_reliability(double p, double reliability)
{
    const int pair[5][2] = {{0, 1}, {0, 2}, {1, 2}, {1, 3}, {2, 3}};
    gv_context *ctx = test_context(2, -1);
    edge_list e = both_ways(4, pair, 5);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability rule = cascade_constant(p);
    const gv_node seed = 0;
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 40000, o.activation = true;
    gv_cascade_result *r = run(ctx, g, &rule, &seed, 1, &o);
    const double n = (double)o.n_worlds;
    ASSERT_IN_RANGE(2 * p * p + 2 * pow(p, 3) - 5 * pow(p, 4) + 2 * pow(p, 5), reliability, 1e-12);
    ASSERT_IN_RANGE(reliability, r->activation_count[3] / n,
                    BOUND * sqrt(reliability * (1 - reliability) / n));
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

SUITE(reliability)
{
    RUN_TESTp(bridge_reliability, 0.3, 0.19836);
    RUN_TESTp(bridge_reliability, 0.5, 0.5);
}

/* ---- exact enumeration ---------------------------------------------------------------------- */

/* A graph of 2 to 8 nodes and at most 16 edges; a seventh of its edges certain, a seventh
 * impossible. Stored, constant or weighted-cascade probabilities. */
static gv_graph *small_graph(gv_context *ctx, uint64_t i, gv_probability *p)
{
    const int64_t n = 2 + (int64_t)(7 * test_random(i, 0)),
                  m = 1 + (int64_t)(16 * test_random(i, 1));
    edge_list e = edges_none(n);
    for (int64_t k = 0; k < m; k++) {
        const uint64_t at = 10 + 4 * (uint64_t)k;
        const double kind = test_random(i, at);
        edges_add(&e, (int64_t)((double)n * test_random(i, at + 1)),
                  (int64_t)((double)n * test_random(i, at + 2)),
                  kind < 1.0 / 7   ? 0.0
                  : kind < 2.0 / 7 ? 1.0
                                   : test_random(i, at + 3));
    }
    *p = i % 4 == 2 ? cascade_constant(0.4)
                    : (gv_probability){.rule = GV_PROBABILITY_WEIGHTED_CASCADE};
    gv_graph *g = edges_graph_weighted(ctx, &e);
    edges_free(&e);
    return g;
}

static enum greatest_test_res close_to(double exact, double variance, double mean, double worlds)
{
    ASSERT_IN_RANGE(exact, mean, BOUND * sqrt(fmax(variance, 0.0) / worlds) + 1e-9);
    PASS();
}

TEST equals_enumeration(void)
{
    enum { N_GRAPHS = 500 };
    gv_context *ctx = test_context(2, -1);
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 4000, o.activation = true;
    for (uint64_t i = 0; i < N_GRAPHS; i++) {
        gv_probability p;
        gv_graph *g = small_graph(ctx, i, &p);
        const int64_t n = gv_graph_nodes(g);
        const gv_node seeds[2] = {(gv_node)(i % (uint64_t)n), (gv_node)(i / 7 % (uint64_t)n)};
        o.seed = i, o.max_steps = i % 5 == 0 ? 2 : -1;
        const ref_problem problem = {g, i % 4 < 2 ? NULL : &p, seeds, 1 + (int64_t)(i & 1),
                                     o.max_steps};
        const ref_exact x = ref_cascade_exact(&problem);
        gv_cascade_result *r = run(ctx, g, problem.probability, seeds, problem.n_seeds, &o);
        const double worlds = (double)o.n_worlds;
        CHECK_CALL(close_to(x.mean, x.variance, r->mean, worlds));
        /* where at least 20 of the worlds are expected: below, the normal bound does not hold */
        for (int64_t t = 0; t < n; t++) {
            const double sum = t < r->curve_length ? (double)r->curve_sum[t] : 0.0;
            if (x.level_mean[t] * worlds > 20.0)
                CHECK_CALL(close_to(x.level_mean[t], x.level_variance[t], sum / worlds, worlds));
            if (x.level_mean[t] == 0.0)
                ASSERT_EQ(0.0, sum);
        }
        for (int64_t v = 0; v < n; v++) {
            const double q = x.reach[v], got = (double)r->activation_count[v];
            if (fmin(q, 1.0 - q) * worlds > 20.0)
                CHECK_CALL(close_to(q, q * (1.0 - q), got / worlds, worlds));
            if (q == 0.0)
                ASSERT_EQ(0.0, got);
        }
        gv_cascade_free(r), gv_graph_free(g);
    }
    gv_context_free(ctx);
    PASS();
}

/* What must not be done: one number of the edge and one of the world, fused. */
static bool fused_coin(gv_node u, gv_node v, int64_t world, double p)
{
    const uint64_t edge = gv_mix((uint64_t)u << 32 | (uint64_t)v);
    return (edge ^ gv_mix((uint64_t)world)) < gv_coin_limit(p);
}

/* Spread of a world by such coins. */
static int fused_spread(const ref_problem *r, int64_t world)
{
    gv_node queue[REF_MAX_NODES];
    bool active[REF_MAX_NODES] = {false};
    int n = 0;
    for (int64_t i = 0; i < r->n_seeds; i++)
        if (!active[r->seeds[i]])
            active[queue[n++] = r->seeds[i]] = true;
    for (int at = 0; at < n; at++) {
        const gv_node u = queue[at];
        for (int64_t e = r->g->out.indptr[u]; e < r->g->out.indptr[u + 1]; e++) {
            const gv_node v = r->g->out.indices[e];
            const double p = ref_edge_probability(r, e, v);
            if (!active[v] && (p >= 1.0 || fused_coin(u, v, world, p)))
                active[queue[n++] = v] = true;
        }
    }
    return n;
}

/* Enumeration notices them: on many graphs the mean is a wrong one. */
TEST fused_coins_are_found_out(void)
{
    enum { N_GRAPHS = 500, WORLDS = 4000 };
    gv_context *ctx = test_context(2, -1);
    int wrong = 0;
    for (uint64_t i = 0; i < N_GRAPHS; i++) {
        gv_probability p;
        gv_graph *g = small_graph(ctx, i, &p);
        const gv_node seed = (gv_node)(i % (uint64_t)gv_graph_nodes(g));
        const ref_problem problem = {g, i % 4 < 2 ? NULL : &p, &seed, 1, -1};
        const ref_exact x = ref_cascade_exact(&problem);
        double sum = 0.0;
        for (int64_t r = 0; r < WORLDS; r++)
            sum += fused_spread(&problem, r);
        wrong += fabs(sum / WORLDS - x.mean) > BOUND * sqrt(fmax(x.variance, 0.0) / WORLDS) + 1e-9;
        gv_graph_free(g);
    }
    ASSERT_GT(wrong, 100);
    gv_context_free(ctx);
    PASS();
}

/* NetHEPT, probabilities of weighted cascade: an independent simulation gives 91.61 +- 0.08. */
TEST spreads_as_published(void)
{
    char path[1024];
    if (test_data("nethept/edges.tsv.gz", path) == NULL)
        SKIPm("no NetHEPT data");
    gv_context *ctx = test_context(2, -1);
    edge_list e;
    ASSERT(edges_read(path, NULL, &e));
    gv_graph *g = edges_graph_weighted(ctx, &e);
    ASSERT_EQ(15233, gv_graph_nodes(g));
    ASSERT_EQ(32235 - 22, gv_graph_edges(g)); /* 22 loops */
    const gv_node seed = edges_node(&e, 6024);
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 40000;
    gv_cascade_result *r = run(ctx, g, NULL, &seed, 1, &o);
    ASSERT_IN_RANGE(91.61, r->mean, BOUND * hypot(r->stderr_mean, 0.08));
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

SUITE(enumeration)
{
    RUN_TEST(equals_enumeration);
    RUN_TEST(spreads_as_published);
}

/* ---- coins ----------------------------------------------------------------------------------- */

typedef bool coin_fn(gv_node u, gv_node v, int64_t world, double p);

static bool real_coin(gv_node u, gv_node v, int64_t world, double p)
{
    return gv_coin(gv_key(1, GV_FOR_COIN), u, v, world, gv_coin_limit(p));
}

/* (count - n p) in standard deviations. */
static double deviation(int64_t count, double n, double p)
{
    return ((double)count - n * p) / sqrt(n * p * (1.0 - p));
}

TEST coins_fall_with_their_probability(double p)
{
    enum { N = 100000 };
    int64_t of_world = 0, of_edge = 0, of_source = 0;
    for (int i = 0; i < N; i++) {
        of_world += real_coin(i / 300, i % 300, 5, p);
        of_edge += real_coin(3, 4, i, p);
        of_source += real_coin(7, i, INT64_C(1) << 40, p);
    }
    ASSERT_LT(fabs(deviation(of_world, N, p)), BOUND);
    ASSERT_LT(fabs(deviation(of_edge, N, p)), BOUND);
    ASSERT_LT(fabs(deviation(of_source, N, p)), BOUND);
    PASS();
}

TEST certain_coins_are_not_drawn(void)
{
    ASSERT_EQ(GV_COIN_ALWAYS, gv_coin_limit(1.0));
    ASSERT_EQ(0, gv_coin_limit(0.0));
    ASSERT_LT(gv_coin_limit(1.0 - 0x1p-53), GV_COIN_ALWAYS);
    ASSERT_EQ(UINT64_C(1) << 63, gv_coin_limit(0.5));
    ASSERT_EQ(UINT64_C(1) << 10, gv_coin_limit(0x1p-54));
    for (int64_t r = 0; r < 10000; r++) {
        ASSERT(real_coin(1, 2, r, 1.0));
        ASSERT_FALSE(real_coin(1, 2, r, 0.0));
    }
    PASS();
}

/* The 64-bit numbers behind the coins in 256 equal cells, by high and by low byte of the
 * threshold's scale: chi-square of 255 degrees, mean 255, sd 22.6. */
TEST numbers_are_uniform(void)
{
    enum { N = 256 * 400 };
    int64_t cell[256] = {0};
    double chi = 0.0;
    for (int i = 0; i < N; i++) {
        const gv_random x =
            gv_philox(gv_key(9, GV_FOR_COIN), (uint64_t)(i % 320) << 32 | 17, (uint64_t)(i / 320));
        cell[gv_random_u64(x, 0) >> 56]++;
    }
    for (int c = 0; c < 256; c++)
        chi += ((double)cell[c] - 400.0) * ((double)cell[c] - 400.0) / 400.0;
    ASSERT_LT(fabs(chi - 255.0) / sqrt(2 * 255.0), BOUND);
    PASS();
}

/* Correlation over worlds of the coins of 1,200 pairs of edges that share a source, share a target,
 * or point at each other: the sum of squares, as a chi-square in standard deviations. */
static double pair_statistic(coin_fn *coin, double p)
{
    enum { PAIRS = 1200, WORLDS = 1000 };
    double chi = 0.0;
    for (int i = 0; i < PAIRS; i++) {
        const gv_node a = i, b = i + 1, c = 2 * i + 3;
        double product = 0.0;
        for (int64_t r = 0; r < WORLDS; r++) {
            const bool x = coin(a, b, r, p);
            const bool y = i % 3 == 0   ? coin(a, c, r, p)
                           : i % 3 == 1 ? coin(c, b, r, p)
                                        : coin(b, a, r, p);
            product += ((double)x - p) * ((double)y - p);
        }
        chi += product * product / (WORLDS * p * p * (1.0 - p) * (1.0 - p));
    }
    return (chi - PAIRS) / sqrt(2.0 * PAIRS);
}

TEST pairs_of_edges_are_independent(void)
{
    ASSERT_LT(fabs(pair_statistic(real_coin, 0.5)), BOUND);
    ASSERT_LT(fabs(pair_statistic(real_coin, 0.2)), BOUND);
    ASSERT_GT(pair_statistic(fused_coin, 0.2), 20.0 * BOUND); /* the test can fail */
    PASS();
}

/* Live edges among the L of a star are binomial in each world: mean, variance and neighbours. */
TEST edges_of_a_world_are_independent(void)
{
    enum { LEAVES = 200, WORLDS = 20000 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_directed_star(LEAVES);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const double p = 0.3, variance = LEAVES * p * (1.0 - p);
    const gv_probability rule = cascade_constant(p);
    const gv_node centre = 0;
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = WORLDS, o.activation = true;
    gv_cascade_result *r = run(ctx, g, &rule, &centre, 1, &o);
    ASSERT_LT(fabs(r->outward_mean - LEAVES * p) / sqrt(variance / WORLDS), BOUND);
    /* relative s.d. of a sample variance of nearly normal numbers: sqrt(2 / n) */
    ASSERT_LT(fabs(r->sd * r->sd / variance - 1.0) / sqrt(2.0 / WORLDS), BOUND);
    double serial = 0.0;
    for (int64_t i = 1; i < WORLDS; i++)
        serial += ((double)r->spread[i] - r->mean) * ((double)r->spread[i - 1] - r->mean);
    ASSERT_LT(fabs(serial / (variance * sqrt(WORLDS - 1.0))), BOUND);
    for (int v = 1; v <= LEAVES; v++)
        ASSERT_LT(fabs(deviation(r->activation_count[v], WORLDS, p)), BOUND);
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

SUITE(stars)
{
    RUN_TEST(edges_of_a_world_are_independent);
}

SUITE(coins)
{
    RUN_TEST(fused_coins_are_found_out);
    RUN_TESTp(coins_fall_with_their_probability, 0.5);
    RUN_TESTp(coins_fall_with_their_probability, 0.03);
    RUN_TEST(certain_coins_are_not_drawn);
    RUN_TEST(numbers_are_uniform);
    RUN_TEST(pairs_of_edges_are_independent);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++) {
        kernel = (gv_cascade_kernel)k;
        RUN_SUITE(closed_forms);
        RUN_SUITE(reliability);
        RUN_SUITE(enumeration);
        RUN_SUITE(stars);
    }
    kernel = GV_CASCADE_PLAIN;
    RUN_SUITE(coins);
    GREATEST_MAIN_END();
}
