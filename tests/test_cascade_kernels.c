/* test_cascade_kernels.c -- what the kernels points and sliced promise beside the law of cascades:
 * the same bits at every SIMD level and width, rows of every shape, and the choice. Seeds are
 * fixed; a sampled value may lie 4.5 standard errors off. */
#include <math.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "greatest.h"
#include "kernels/points_rows.h"
#include "kernels/sliced.h"
#include "support/cascades.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;

#define BOUND 4.5

/* ---- SIMD levels ------------------------------------------------------------------------------
 */

/* FIPS 197, appendix B: the first round of the example. */
TEST aes_round_as_published(void)
{
    gv_context *ctx = test_context(1, -1);
    edge_list e = edges_path(2);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_coins coins = {.rule = GV_PROBABILITY_CONSTANT, .limit = 5};
    gv_sliced s;
    ASSERT_EQ(GV_OK, gv_sliced_open(&s, ctx, g, &coins, 1, &err));
    const uint8_t start[16] = {0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b,
                               0x9a, 0xc6, 0x8d, 0x2a, 0xe9, 0xf8, 0x48, 0x08};
    const uint8_t key[16] = {0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1,
                             0x23, 0xa3, 0x39, 0x39, 0x2a, 0x6c, 0x76, 0x05};
    const uint8_t next[16] = {0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b,
                              0x6b, 0x5b, 0xea, 0x43, 0x02, 0x6a, 0x50, 0x49};
    uint64_t state[2], round_key[2];
    memcpy(state, start, sizeof start);
    memcpy(round_key, key, sizeof key);
    gv_sliced_aes_round((const uint32_t(*)[256])s.table, state, round_key);
    ASSERT_MEM_EQ(next, state, sizeof next);
    gv_sliced_close(&s);
    gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

enum { N = 250, WORLDS = 700, LEVELS = 256 };

/* Everything that a run by the kernel sliced leaves. */
typedef struct outcome {
    int64_t spread[WORLDS], sum[LEVELS], sumsq[LEVELS];
    int32_t activation[N];
} outcome;

static void run_sliced(const gv_graph *g, const gv_coins *coins, gv_simd simd, int32_t lanes,
                       int64_t max_steps, bool spread_only, outcome *out)
{
    const gv_node seeds[] = {3, 77, 200};
    gv_sliced s;
    memset(out, 0, sizeof *out);
    gv_worlds w = {.ctx = g->ctx,
                   .g = g,
                   .coins = *coins,
                   .kernel = GV_CASCADE_SLICED,
                   .sliced = &s,
                   .seeds = seeds,
                   .n_seeds = 3,
                   .max_steps = max_steps,
                   .spread_only = spread_only,
                   .activation = out->activation};
    gv_status st = gv_sliced_open(&s, g->ctx, g, coins, 5, &err);
    if (st == GV_OK)
        st = gv_sliced_make_states(&s, WORLDS, lanes, &err);
    s.simd = simd;
    if (st == GV_OK)
        st = gv_worlds_open(&w, &err);
    if (st == GV_OK)
        st = gv_worlds_run(&w, 77, WORLDS, out->spread, &err);
    if (st != GV_OK || w.levels > LEVELS) {
        printf("%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    for (int32_t i = 0; i < w.n_lanes; i++)
        for (int64_t t = 0; t < w.levels && !spread_only; t++)
            out->sum[t] += w.lane[i].sum[t], out->sumsq[t] += (int64_t)w.lane[i].sumsq[t];
    gv_worlds_close(&w);
    gv_sliced_close(&s);
}

/* Coins of a graph with weights: stored, constant, by in-degree. */
static gv_coins coins_of(const gv_graph *g, int rule)
{
    return (gv_coins){.rule = rule == 0   ? GV_PROBABILITY_STORED
                              : rule == 1 ? GV_PROBABILITY_CONSTANT
                                          : GV_PROBABILITY_WEIGHTED_CASCADE,
                      .limit = gv_coin_limit(0.37),
                      .in_offset = g->in.indptr,
                      .stored = g->out.probability};
}

TEST same_bits_at_every_level(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.02, 31);
    for (int64_t i = 0; i < e.n_edges; i += 7) /* exactly 0, exactly 1, and beyond 32 bits */
        e.weight[i] = (const float[]){0.0f, 1.0f, 0x1p-33f, 1.0f - 0x1p-24f}[i / 7 % 4];
    gv_graph *g = edges_graph_weighted(ctx, &e);
    outcome *first = calloc(1, sizeof *first), *other = calloc(1, sizeof *other);
    for (int rule = 0; rule < 3; rule++) {
        for (int steps = 0; steps < 2; steps++) {
            const gv_coins coins = coins_of(g, rule);
            const int64_t max_steps = steps ? 3 : INT64_MAX;
            run_sliced(g, &coins, GV_SIMD_PLAIN, 1, max_steps, false, first);
            ASSERT_EQ(3 * WORLDS, first->sum[0]);
            for (int level = 0; level <= (int)gv_sliced_simd(); level++) {
                for (int32_t lanes = 1; lanes <= GV_MAX_LANES; lanes *= 2) {
                    run_sliced(g, &coins, (gv_simd)level, lanes, max_steps, false, other);
                    ASSERT_MEM_EQ(first, other, sizeof *first);
                    run_sliced(g, &coins, (gv_simd)level, lanes, max_steps, true, other);
                    ASSERT_MEM_EQ(first->spread, other->spread, sizeof first->spread);
                    ASSERT_MEM_EQ(first->activation, other->activation, sizeof first->activation);
                }
            }
        }
    }
    free(first), free(other), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- rows of the kernel points ----------------------------------------------------------------
 */

TEST logarithms_and_exponentials(void)
{
    gv_points_tables t;
    gv_points_fill_tables(&t);
    for (int i = 0; i <= 7000; i++) {
        const double p = i / 10000.0, x = i * 15.999 / 7000.0;
        ASSERT_IN_RANGE(-log1p(-p), gv_points_weight(p), 1e-15 + 4e-16 * -log1p(-p));
        ASSERT_IN_RANGE(exp(-x), gv_points_exp_minus(&t, x), 1e-13 * exp(-x));
    }
    ASSERT_EQ(0.0, gv_points_weight(0.0));
    ASSERT_EQ(1.0, gv_points_exp_minus(&t, 0.0));
    double below = exp(-16.0), chance = below;
    for (int k = 0; k < 40; k++, chance *= 16.0 / k, below += chance)
        ASSERT_IN_RANGE(below, (double)t.hub[k] * 0x1p-64, 1e-12);
    PASS();
}

/* Live edges of one row against their probabilities: each edge, and the variance of their number,
 * which holds their independence against it. */
static enum greatest_test_res row_has_law(const gv_graph *g, int64_t max_alias,
                                          gv_points_shape shape)
{
    enum { ROUNDS = 3000 };
    const gv_coins coins = {.rule = GV_PROBABILITY_STORED, .stored = g->out.probability};
    gv_points p;
    const gv_node seed = 0;
    int32_t *count = calloc((size_t)g->n_nodes, sizeof *count);
    int64_t spread[ROUNDS];
    ASSERT_EQ(GV_OK, gv_points_layout(&p, g->ctx, g, &coins, 3, max_alias, &err));
    ASSERT_EQ(shape, p.shape);
    gv_worlds w = {.ctx = g->ctx,
                   .g = g,
                   .coins = coins,
                   .kernel = GV_CASCADE_POINTS,
                   .points = &p,
                   .seeds = &seed,
                   .n_seeds = 1,
                   .max_steps = 1,
                   .activation = count};
    ASSERT_EQ(GV_OK, gv_worlds_open(&w, &err));
    ASSERT_EQ(GV_OK, gv_worlds_run(&w, 1000, ROUNDS, spread, &err));
    double mean = 1.0, variance = 0.0, sum = 0.0, square = 0.0, chi = 0.0;
    int64_t cells = 0;
    for (int64_t e = 0; e < g->n_edges; e++) {
        const double q = (double)g->out.probability[e];
        const double got = (double)count[g->out.indices[e]];
        mean += q, variance += q * (1.0 - q);
        if (q <= 0.0 || q >= 1.0) {
            ASSERT_EQ(q * ROUNDS, got);
        } else if (fmin(q, 1.0 - q) * ROUNDS > 20.0) {
            const double z = (got - q * ROUNDS) / sqrt(ROUNDS * q * (1.0 - q));
            ASSERT_LT(fabs(z), 5.5); /* of up to 40,000 edges */
            chi += z * z, cells++;
        }
    }
    ASSERT_LT(fabs(chi - (double)cells), BOUND * sqrt(2.0 * (double)cells + 1.0));
    for (int i = 0; i < ROUNDS; i++)
        sum += (double)spread[i] - mean, square += pow((double)spread[i] - mean, 2);
    ASSERT_LT(fabs(sum), BOUND * sqrt(variance * ROUNDS) + 1e-9);
    ASSERT_LT(fabs(square / ROUNDS - variance), BOUND * variance * sqrt(2.0 / ROUNDS) * 1.2);
    gv_worlds_close(&w), gv_points_close(&p), free(count);
    PASS();
}

/* A row of n edges: kind 0 all p equal, 1 mixed and small, 2 mixed with certain, impossible and
 * nearly certain edges, 3 most of them certain. */
TEST rows_have_law(int n, int kind)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_none(n + 1);
    for (int v = 1; v <= n; v++) {
        const double x = test_random(17, (uint64_t)v), y = test_random(18, (uint64_t)v);
        double p = kind == 0 ? 0.05 : 0.3 * x * x;
        if (kind == 2)
            p = y < 0.1 ? 0.0 : y < 0.2 ? 1.0 : y < 0.4 ? 0.7 + 0.3 * x : x;
        if (kind == 3)
            p = y < 0.9 ? 1.0 : 0.5 * x;
        edges_add(&e, 0, v, p);
    }
    gv_graph *g = edges_graph_weighted(ctx, &e);
    if (kind == 0) {
        CHECK_CALL(row_has_law(g, GV_MAX_COPIED, GV_POINTS_EQUAL));
    } else {
        CHECK_CALL(row_has_law(g, GV_MAX_COPIED, GV_POINTS_ALIAS));
        CHECK_CALL(row_has_law(g, 0, GV_POINTS_EDGES));
    }
    gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- the whole --------------------------------------------------------------------------------
 */

/* Without the curve everything else is the same. */
TEST spread_alone(gv_cascade_kernel kernel)
{
    gv_context *ctx = test_context(3, -1);
    edge_list e = edges_gnp(400, 0.02, 6);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seeds[] = {1, 2};
    gv_cascade_opts o = gv_cascade_defaults();
    o.kernel = kernel, o.n_worlds = 600, o.first_world = 1234567, o.activation = true;
    for (o.max_steps = -1; o.max_steps < 5; o.max_steps += 3) {
        o.spread_only = false;
        gv_cascade_result *a = cascade_run(ctx, g, NULL, seeds, 2, &o);
        o.spread_only = true;
        gv_cascade_result *b = cascade_run(ctx, g, NULL, seeds, 2, &o);
        ASSERT_GTE(a->curve_length, 2);
        ASSERT_EQ(0, b->curve_length);
        ASSERT_MEM_EQ(a->spread, b->spread, 600 * sizeof *a->spread);
        ASSERT_MEM_EQ(a->activation_count, b->activation_count, 400 * sizeof *a->activation_count);
        gv_cascade_free(a), gv_cascade_free(b);
    }
    gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* Thin cascades by points, dense ones by slices; neither seeds nor number of worlds nor threads
 * change that, nor is a forced kernel another than the chosen one. */
TEST chooses_by_graph_and_probabilities(void)
{
    for (int dense = 0; dense < 2; dense++) {
        edge_list e = dense ? edges_complete(120) : edges_gnp(2000, 0.002, 1);
        const gv_probability p = cascade_constant(dense ? 0.2 : 0.1);
        for (int i = 0; i < 4; i++) {
            gv_context *ctx = test_context(i + 1, -1);
            gv_graph *g = edges_graph(ctx, &e, NULL);
            const gv_node seeds[] = {(gv_node)(7 * i), 50};
            gv_cascade_opts o = gv_cascade_defaults();
            o.n_worlds = 1 + 100 * i, o.seed = (uint64_t)i;
            gv_cascade_result *r = cascade_run(ctx, g, &p, seeds, 2, &o);
            ASSERT_EQ(dense ? GV_CASCADE_SLICED : GV_CASCADE_POINTS, r->kernel);
            o.kernel = r->kernel;
            gv_cascade_result *forced = cascade_run(ctx, g, &p, seeds, 2, &o);
            ASSERT_MEM_EQ(r->spread, forced->spread, (size_t)r->n_worlds * sizeof *r->spread);
            gv_cascade_free(forced), gv_cascade_free(r);
            gv_graph_free(g), gv_context_free(ctx);
        }
        edges_free(&e);
    }
    ASSERT_EQ(NULL, gv_cascade_rng(GV_CASCADE_AUTO, GV_DIFFUSION_CASCADE));
    for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++)
        ASSERT_NEQ(NULL, gv_cascade_rng((gv_cascade_kernel)k, GV_DIFFUSION_CASCADE));
    PASS();
}

SUITE(levels)
{
    RUN_TEST(aes_round_as_published);
    RUN_TEST(same_bits_at_every_level);
}

SUITE(rows)
{
    RUN_TEST(logarithms_and_exponentials);
    for (int kind = 0; kind < 4; kind++) {
        RUN_TESTp(rows_have_law, 30, kind);
        RUN_TESTp(rows_have_law, 1000, kind);
    }
    RUN_TESTp(rows_have_law, 40000, 1); /* more slots than a record counts */
}

SUITE(whole)
{
    for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++)
        RUN_TEST1(spread_alone, (gv_cascade_kernel)k);
    RUN_TEST(chooses_by_graph_and_probabilities);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(levels);
    RUN_SUITE(rows);
    RUN_SUITE(whole);
    GREATEST_MAIN_END();
}
