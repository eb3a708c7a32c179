/* test_cascade_in_place.c -- how large graphs are simulated: rows that are not copied, and blocks
 * of worlds that all threads share. Neither bears on the worlds. Seeds are fixed; a sampled value
 * may lie 4.5 standard errors off. */
#include <math.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "greatest.h"
#include "kernels/points_rows.h"
#include "kernels/points_simd.h"
#include "kernels/sliced.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;

#define BOUND 4.5

enum { N = 250, WORLDS = 300, LEVELS = 256 };

/* What a run leaves. */
typedef struct outcome {
    int64_t spread[WORLDS], sum[LEVELS], sumsq[LEVELS];
    int32_t activation[N];
} outcome;

/* Runs worlds 77 and on, or ends the test program. */
static void run_worlds(gv_worlds *w, outcome *out)
{
    static const gv_node seeds[] = {3, 77, 200};
    memset(out, 0, sizeof *out);
    w->seeds = seeds, w->n_seeds = 3, w->activation = out->activation;
    gv_status st = gv_worlds_open(w, &err);
    if (st == GV_OK)
        st = gv_worlds_run(w, 77, WORLDS, out->spread, &err);
    if (st != GV_OK || w->levels > LEVELS) {
        printf("%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    for (int32_t i = 0; i < w->n_lanes; i++)
        for (int64_t t = 0; t < w->levels && !w->spread_only; t++)
            out->sum[t] += w->lane[i].sum[t], out->sumsq[t] += (int64_t)w->lane[i].sumsq[t];
    gv_worlds_close(w);
}

/* Which way the records lay. */
static int run_points(const gv_graph *g, const gv_coins *coins, int64_t max_copied, bool plain,
                      int64_t max_steps, outcome *out)
{
    gv_points p;
    gv_worlds w = {.ctx = g->ctx,
                   .g = g,
                   .coins = *coins,
                   .kernel = GV_CASCADE_POINTS,
                   .points = &p,
                   .max_steps = max_steps,
                   .spread_only = max_steps == INT64_MAX};
    if (gv_points_layout(&p, g->ctx, g, coins, 5, max_copied, &err) != GV_OK) {
        printf("%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    if (plain)
        p.simd = &gv_points_plain;
    run_worlds(&w, out);
    const int row_shift = p.row_shift;
    gv_points_close(&p);
    return row_shift;
}

/* Rows in place: with one p for all edges the worlds are those of copied rows; by weighted cascade
 * those of the same p stored by edge. Hubs, rows of more slots than a record counts, p above that
 * of coins, 0 and 1; at every SIMD level. */
TEST rows_in_place_of_one_p(double density, int row_shift)
{
    static const double chance[] = {0.0, 0.01, 0.3, 0.7, 0.71, 1.0};
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, density, 31);
    for (int v = 0; v < N; v += 2) /* of a hub, from a seed */
        edges_add(&e, 77, v, 0.5);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    outcome *first = calloc(1, sizeof *first), *other = calloc(1, sizeof *other);
    for (size_t i = 0; i < sizeof chance / sizeof *chance; i++) {
        const gv_coins coins = {.rule = GV_PROBABILITY_CONSTANT, .limit = gv_coin_limit(chance[i])};
        for (int steps = 0; steps < 2; steps++) {
            const bool has_slots = chance[i] > 0.0 && (chance[i] <= 0.7 || chance[i] >= 1.0);
            const int shift =
                run_points(g, &coins, GV_MAX_COPIED, false, steps ? 3 : INT64_MAX, first);
            ASSERT_EQ(has_slots ? row_shift : GV_ROW_ALONE, shift);
            for (int plain = 0; plain < 2; plain++) {
                run_points(g, &coins, 0, plain == 1, steps ? 3 : INT64_MAX, other);
                ASSERT_MEM_EQ(first, other, sizeof *first);
            }
        }
    }
    free(first), free(other), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST rows_in_place_of_unequal_p(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.02, 31);
    for (int v = 0; v < N; v += 2)
        edges_add(&e, 77, v, 0.5);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    float *p = calloc((size_t)g->n_edges, sizeof *p);
    for (int64_t i = 0; i < g->n_edges; i++)
        p[i] = (float)(1.0 / (double)gv_csr_degree(&g->in, g->out.indices[i]));
    const gv_coins by_degree = {.rule = GV_PROBABILITY_WEIGHTED_CASCADE, .in_offset = g->in.indptr},
                   stored = {.rule = GV_PROBABILITY_STORED, .stored = p};
    outcome *first = calloc(1, sizeof *first), *other = calloc(1, sizeof *other);
    for (int steps = 0; steps < 2; steps++) {
        run_points(g, &by_degree, 0, false, steps ? 3 : INT64_MAX, first);
        ASSERT_GT(first->spread[0] + first->spread[1] + first->spread[2], 20);
        run_points(g, &by_degree, 0, true, steps ? 3 : INT64_MAX, other);
        ASSERT_MEM_EQ(first, other, sizeof *first);
        run_points(g, &stored, 0, false, steps ? 3 : INT64_MAX, other);
        ASSERT_MEM_EQ(first, other, sizeof *first);
    }
    free(first), free(other), free(p), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Both shapes of unequal rows follow the same law. */
TEST rows_in_place_agree_with_tables(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.02, 31);
    for (int64_t i = 0; i < e.n_edges; i++)
        e.weight[i] *= i % 5 == 0 ? 0.9f : 0.3f;
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_coins coins = {.rule = GV_PROBABILITY_STORED, .stored = g->out.probability};
    outcome *x = calloc(2, sizeof *x);
    double mean[2] = {0.0, 0.0}, variance[2] = {0.0, 0.0};
    for (int i = 0; i < 2; i++) {
        run_points(g, &coins, i == 0 ? GV_MAX_COPIED : 0, false, INT64_MAX, &x[i]);
        for (int r = 0; r < WORLDS; r++)
            mean[i] += (double)x[i].spread[r] / WORLDS;
        for (int r = 0; r < WORLDS; r++)
            variance[i] += pow((double)x[i].spread[r] - mean[i], 2) / WORLDS;
    }
    ASSERT_GT(variance[0], 10.0);
    ASSERT_LT(fabs(mean[0] - mean[1]), BOUND * sqrt((variance[0] + variance[1]) / WORLDS));
    free(x), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- slices ------------------------------------------------------------------------------------
 */

/* How slices are simulated: `room` 0 gives each thread a state of its own. */
typedef struct manner {
    gv_simd simd;
    int32_t lanes;
    bool in_place;
    int64_t room;
} manner;

static void run_sliced(const gv_graph *g, const gv_coins *coins, const gv_choices *choices,
                       manner m, int64_t max_steps, bool spread_only, outcome *out)
{
    gv_sliced s;
    gv_worlds w = {.ctx = g->ctx,
                   .g = g,
                   .kernel = GV_CASCADE_SLICED,
                   .sliced = &s,
                   .choices = choices,
                   .max_steps = max_steps,
                   .spread_only = spread_only};
    gv_status st = m.in_place ? gv_sliced_open_in_place(&s, g->ctx, g, coins, choices, 5, &err)
                   : choices != NULL ? gv_sliced_open_choices(&s, g->ctx, g, choices, 5, &err)
                                     : gv_sliced_open(&s, g->ctx, g, coins, 5, &err);
    s.at_once = spread_only && max_steps == INT64_MAX;
    if (st == GV_OK)
        st = m.room > 0 ? gv_sliced_make_shared(&s, m.lanes, m.room, &err)
                        : gv_sliced_make_states(&s, WORLDS, m.lanes, &err);
    s.simd = m.simd;
    if (st != GV_OK) {
        printf("%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    run_worlds(&w, out);
    gv_sliced_close(&s);
}

/* Coins of a graph with weights: stored, constant, by in-degree, certain. */
static gv_coins coins_of(const gv_graph *g, int rule)
{
    return (gv_coins){.rule = rule == 0   ? GV_PROBABILITY_STORED
                              : rule == 2 ? GV_PROBABILITY_WEIGHTED_CASCADE
                                          : GV_PROBABILITY_CONSTANT,
                      .limit = rule == 3 ? GV_COIN_ALWAYS : gv_coin_limit(0.37),
                      .in_offset = g->in.indptr,
                      .stored = g->out.probability};
}

/* Manners from level `least` of vectors on, against rows of their own and a thread for each block.
 */
static enum greatest_test_res manners_agree(const gv_graph *g, const gv_coins *coins,
                                            const gv_choices *choices, int64_t max_steps, int least,
                                            outcome *both)
{
    static const manner manners[] = {
        {.lanes = 1, .in_place = true},
        {.lanes = 2, .in_place = true},
        {.lanes = 4, .in_place = true},
        {.lanes = 1, .room = 3 * GV_PENDING},
        {.lanes = 2, .room = 5 * GV_PENDING, .in_place = true},
        {.lanes = 4, .room = GV_HIT_WORDS / 8},
        {.lanes = 4, .room = 2 * GV_PENDING, .in_place = true},
    };
    outcome *first = &both[0], *other = &both[1];
    run_sliced(g, coins, choices, (manner){.lanes = 1}, max_steps, false, first);
    ASSERT_EQ(3 * WORLDS, first->sum[0]);
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
        for (int level = least; level <= (int)gv_sliced_simd(); level++) {
            manner m = manners[i];
            m.simd = (gv_simd)level;
            run_sliced(g, coins, choices, m, max_steps, false, other);
            ASSERT_MEM_EQ(first, other, sizeof *first);
            run_sliced(g, coins, choices, m, max_steps, true, other);
            ASSERT_MEM_EQ(first->spread, other->spread, sizeof first->spread);
            ASSERT_MEM_EQ(first->activation, other->activation, sizeof first->activation);
        }
    }
    PASS();
}

TEST slices_in_any_manner(int32_t threads)
{
    gv_context *ctx = test_context(threads, -1);
    edge_list e = edges_gnp(N, 0.02, 31);
    for (int64_t i = 0; i < e.n_edges; i += 7) /* exactly 0, exactly 1, and beyond 32 bits */
        e.weight[i] = (const float[]){0.0f, 1.0f, 0x1p-33f, 1.0f - 0x1p-24f}[i / 7 % 4];
    gv_graph *g = edges_graph_weighted(ctx, &e);
    outcome *both = calloc(2, sizeof *both);
    const int least = threads == 2 ? 0 : (int)gv_sliced_simd();
    for (int rule = 0; rule < 4; rule++) {
        const gv_coins coins = coins_of(g, rule);
        CHECK_CALL(manners_agree(g, &coins, NULL, INT64_MAX, least, both));
    }
    const gv_coins stored = coins_of(g, 0);
    CHECK_CALL(manners_agree(g, &stored, NULL, 3, (int)gv_sliced_simd(), both));
    const gv_coins by_degree = coins_of(g, 2);
    gv_choices choices;
    ASSERT_EQ(GV_OK, gv_choices_open(&choices, ctx, g, &by_degree, 1, &err));
    CHECK_CALL(manners_agree(g, &by_degree, &choices, INT64_MAX, least, both));
    gv_choices_close(&choices);
    free(both), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Results with everything that blocks keep, by few worlds on many threads: they share a block. */
static gv_cascade_result *run_all(gv_context *ctx, const gv_graph *g, int64_t n_worlds)
{
    static const gv_node seeds[] = {3, 77, 200}, blocked[] = {5, 60, 61};
    static const double acceptance[] = {1.0, 0.4, 0.9};
    const gv_probability p = {.rule = GV_PROBABILITY_CONSTANT, .constant = 0.3};
    float weight[N];
    for (int v = 0; v < N; v++)
        weight[v] = (float)(v % 11);
    gv_cascade_opts o = gv_cascade_defaults();
    o.kernel = GV_CASCADE_SLICED, o.n_worlds = n_worlds, o.steps = true, o.weight = weight;
    o.blocked = blocked, o.n_blocked = 3, o.acceptance = acceptance;
    gv_cascade_result *r = NULL;
    if (gv_cascade(ctx, g, &p, seeds, 3, &o, &r, &err) != GV_OK) {
        printf("%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    return r;
}

TEST few_worlds_are_shared(int32_t threads, int64_t n_worlds)
{
    gv_context *one = test_context(1, -1), *many = test_context(threads, -1);
    edge_list e = edges_gnp(N, 0.02, 31);
    gv_graph *g = edges_graph_weighted(one, &e), *h = edges_graph_weighted(many, &e);
    gv_cascade_result *a = run_all(one, g, n_worlds), *b = run_all(many, h, n_worlds);
    const size_t steps = (size_t)a->curve_length;
    ASSERT(gv_sliced_choose(N, n_worlds, false, threads, 0).shared);
    ASSERT_GT(a->mean, 20.0);
    ASSERT_EQ(a->curve_length, b->curve_length);
    ASSERT_MEM_EQ(a->spread, b->spread, (size_t)n_worlds * sizeof *a->spread);
    ASSERT_MEM_EQ(a->value, b->value, (size_t)n_worlds * sizeof *a->value);
    ASSERT_MEM_EQ(a->curve_sum, b->curve_sum, steps * sizeof *a->curve_sum);
    ASSERT_MEM_EQ(a->curve_sumsq, b->curve_sumsq, steps * sizeof *a->curve_sumsq);
    ASSERT_MEM_EQ(a->activation_count, b->activation_count, N * sizeof *a->activation_count);
    ASSERT_MEM_EQ(a->activation_step_sum, b->activation_step_sum,
                  N * sizeof *a->activation_step_sum);
    gv_cascade_free(a), gv_cascade_free(b), gv_graph_free(g), gv_graph_free(h), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(one));
    ASSERT_EQ(0, gv_context_memory_used(many));
    gv_context_free(one), gv_context_free(many);
    PASS();
}

/* A path is longer than the sums have room for at first. */
TEST overlong_worlds_are_shared(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_path(1000);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability p = {.rule = GV_PROBABILITY_CONSTANT, .constant = 1.0};
    const gv_node seed = 0;
    gv_cascade_opts o = gv_cascade_defaults();
    gv_cascade_result *r = NULL;
    o.kernel = GV_CASCADE_SLICED, o.n_worlds = 9, o.activation = true;
    ASSERT_EQ(GV_OK, gv_cascade(ctx, g, &p, &seed, 1, &o, &r, &err));
    ASSERT_EQ(1000, r->curve_length);
    for (int i = 0; i < 1000; i++) {
        ASSERT_EQ(9, r->curve_sum[i]);
        ASSERT_EQ(9, r->activation_count[i]);
    }
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- memory ------------------------------------------------------------------------------------
 */

/* Whatever memory there is, down to rows in place and one block of 128 worlds for all threads, the
 * bytes are the same; below that there is a sentence. */
TEST any_budget_gives_the_same(gv_cascade_kernel kernel)
{
    enum { NODES = 4000 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(NODES, 3.0 / NODES, 5);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability p = {.rule = GV_PROBABILITY_CONSTANT, .constant = 0.5};
    const gv_node seeds[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    gv_cascade_opts o = gv_cascade_defaults();
    gv_cascade_result *first = NULL, *r = NULL;
    o.kernel = kernel, o.n_worlds = 1100, o.spread_only = true;
    ASSERT_EQ(GV_OK, gv_cascade(ctx, g, &p, seeds, 10, &o, &first, &err));
    const int64_t used = gv_context_memory_used(ctx);
    int64_t limit = 10000000, least = limit;
    for (;; limit = limit * 4 / 5) {
        ctx->memory_limit = used + limit;
        const gv_status st = gv_cascade(ctx, g, &p, seeds, 10, &o, &r, &err);
        if (st != GV_OK) {
            ASSERT_EQ(GV_ERR_NOMEM, st);
            break;
        }
        least = limit;
        ASSERT_MEM_EQ(first->spread, r->spread, 1100 * sizeof *r->spread);
        gv_cascade_free(r);
        ASSERT_EQ(used, gv_context_memory_used(ctx));
    }
    ctx->memory_limit = 0;
    /* in place and shared: 32 + 13 bytes a node, and the hits of two hands */
    ASSERT_LT(least, kernel == GV_CASCADE_SLICED ? 45 * NODES + 4 * 1000000 : 2000000);
    gv_cascade_free(first), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST shapes_are_chosen(void)
{
    const struct {
        int64_t worlds;
        int32_t threads;
        int64_t limit; /* for 1,000 nodes; by steps a state is 13,000 and 48,000 a lane */
        gv_sliced_shape want;
    } c[] = {
        {1024, 2, 0, {4, 2, false}},      {1024, 1, 0, {4, 1, false}},
        {512, 2, 0, {2, 2, false}},       {256, 2, 0, {1, 2, false}},
        {128, 2, 0, {1, 1, true}},        {1024, 16, 0, {4, 1, true}},
        {100, 1, 0, {1, 1, false}},       {1024, 2, 410000, {4, 2, false}},
        {1024, 2, 409999, {2, 2, false}}, {1024, 2, 218000, {2, 2, false}},
        {1024, 2, 217999, {1, 2, false}}, {1024, 2, 122000, {1, 2, false}},
        {1024, 2, 121999, {2, 1, true}},  {1024, 2, 109000, {2, 1, true}},
        {1024, 2, 108999, {1, 1, true}},  {1024, 2, -1, {1, 1, true}},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        const gv_sliced_shape got =
            gv_sliced_choose(1000, c[i].worlds, false, c[i].threads, c[i].limit);
        ASSERT_EQ(c[i].want.lanes, got.lanes);
        ASSERT_EQ(c[i].want.n_states, got.n_states);
        ASSERT_EQ(c[i].want.shared, got.shared);
    }
    PASS();
}

TEST survives_every_failed_allocation(gv_cascade_kernel kernel)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_path(300);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_coins coins = {.rule = GV_PROBABILITY_WEIGHTED_CASCADE, .in_offset = g->in.indptr};
    const int64_t before = gv_context_memory_used(ctx);
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    for (; st != GV_OK; k++) {
        gv_points p = {.ctx = ctx};
        gv_sliced s = {.ctx = ctx};
        ctx->allocations = 0;
        ctx->fail_allocation = k;
        if (kernel == GV_CASCADE_POINTS) {
            st = gv_points_layout(&p, ctx, g, &coins, 1, 0, &err);
            gv_points_close(&p);
        } else {
            st = gv_sliced_open_in_place(&s, ctx, g, &coins, NULL, 1, &err);
            if (st == GV_OK)
                st = gv_sliced_make_shared(&s, 2, 1000, &err);
            gv_sliced_close(&s);
        }
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
    }
    ASSERT_GT(k, kernel == GV_CASCADE_POINTS ? 2 : 20);
    gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

SUITE(in_place)
{
    RUN_TESTp(rows_in_place_of_one_p, 0.02, GV_ROW_ALONE);
    RUN_TESTp(rows_in_place_of_one_p, 0.032, GV_ROW_INLINE);
    RUN_TEST(rows_in_place_of_unequal_p);
    RUN_TEST(rows_in_place_agree_with_tables);
    RUN_TEST1(slices_in_any_manner, 1);
    RUN_TEST1(slices_in_any_manner, 2);
    RUN_TEST1(slices_in_any_manner, 3);
    RUN_TEST1(slices_in_any_manner, 8);
    RUN_TESTp(few_worlds_are_shared, 2, 100);
    RUN_TESTp(few_worlds_are_shared, 3, 200);
    RUN_TESTp(few_worlds_are_shared, 8, 700);
    RUN_TEST(overlong_worlds_are_shared);
    RUN_TEST1(any_budget_gives_the_same, GV_CASCADE_POINTS);
    RUN_TEST1(any_budget_gives_the_same, GV_CASCADE_SLICED);
    RUN_TEST(shapes_are_chosen);
    RUN_TEST1(survives_every_failed_allocation, GV_CASCADE_POINTS);
    RUN_TEST1(survives_every_failed_allocation, GV_CASCADE_SLICED);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(in_place);
    GREATEST_MAIN_END();
}
