/* test_cascade_model.c -- cascades whose p a model works out where they are asked for: by every
 * kernel and layout the worlds of the same p stored by edge. */
#include "engine/context.h"
#include "engine/csr.h"
#include "greatest.h"
#include "kernels/points_fly.h"
#include "kernels/points_rows.h"
#include "kernels/sliced.h"
#include "support/cascades.h"
#include "support/graphs.h"
#include "support/models.h"

GREATEST_MAIN_DEFS();

static gv_error err;

enum { N = 300, TOPICS = 3, WORLDS = 200, LEVELS = 512 };

/* What a run leaves. */
typedef struct outcome {
    int64_t spread[WORLDS], sum[LEVELS], drawn;
    int32_t activation[N];
} outcome;

static void must(gv_status st)
{
    if (st == GV_OK)
        return;
    printf("%s\n", err.message);
    exit(EXIT_FAILURE);
}

/* A thin graph with a hub, whose row is longer than a block of p, and rows of nothing. */
static gv_graph *some_graph(gv_context *ctx)
{
    edge_list e = edges_gnp(N, 0.01, 31);
    for (int v = 0; v < N - 20; v++)
        edges_add(&e, 77, v, 0.5);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    edges_free(&e);
    return g;
}

/* Probabilities of all kinds: 0, 1, above that of coins, tiny, and so large that rows are those of
 * hubs. */
static gv_model *some_model(gv_context *ctx, const gv_graph *g)
{
    static const double odd[] = {0.0, 1.0, 0.9, 0x1p-33, 0.7};
    double *p = calloc((size_t)g->n_edges * TOPICS, sizeof *p);
    for (int64_t i = 0; i < g->n_edges * TOPICS; i++) {
        p[i] = test_random(4, (uint64_t)i) * (i < g->n_edges ? 0.2 : 0.6);
        if (i % 11 == 0)
            p[i] = odd[i / 11 % 5];
    }
    gv_model *m = model_exact(ctx, g, TOPICS, p);
    free(p);
    return m;
}

/* The same p in two ways. */
typedef struct two_ways {
    gv_coins stored, model;
    float *p; /* [n_edges] */
} two_ways;

static two_ways make(gv_context *ctx, const gv_graph *g, const gv_model *m, int32_t z,
                     const double *mix)
{
    two_ways w = {.p = calloc((size_t)g->n_edges, sizeof *w.p)};
    must(mix != NULL ? gv_model_mixed_probability(ctx, m, g, mix, w.p, &err)
                     : gv_model_edge_probability(ctx, m, g, z, w.p, &err));
    w.stored = (gv_coins){.key = 99, .rule = GV_PROBABILITY_STORED, .stored = w.p, .out = &g->out};
    w.model = (gv_coins){.key = 99,
                         .rule = GV_PROBABILITY_MODEL,
                         .out = &g->out,
                         .view = {.m = m, .mix = mix, .topic = z}};
    return w;
}

static void run_worlds(gv_worlds *w, bool steps, outcome *out)
{
    static const gv_node seeds[] = {3, 77, 200};
    memset(out, 0, sizeof *out);
    w->seeds = seeds, w->n_seeds = 3, w->activation = out->activation;
    w->max_steps = steps ? 3 : INT64_MAX;
    w->spread_only = !steps;
    must(gv_worlds_open(w, &err));
    must(gv_worlds_run(w, 40, WORLDS, out->spread, &err));
    for (int32_t i = 0; i < w->n_lanes; i++) {
        out->drawn += w->lane[i].drawn;
        for (int64_t t = 0; t < w->levels && steps; t++)
            out->sum[t] += w->lane[i].sum[t];
    }
    gv_worlds_close(w);
}

static void run_plain(const gv_graph *g, const gv_coins *coins, bool steps, outcome *out)
{
    gv_worlds w = {.ctx = g->ctx, .g = g, .coins = *coins, .kernel = GV_CASCADE_PLAIN};
    run_worlds(&w, steps, out);
}

/* How points are laid out: copied; in place; on the fly, and remembering few rows. */
typedef enum layout { COPIED, IN_PLACE, ON_THE_FLY, FORGETFUL } layout;

static void run_points(const gv_graph *g, const gv_coins *coins, layout how, bool steps,
                       outcome *out)
{
    gv_points p;
    gv_worlds w = {
        .ctx = g->ctx, .g = g, .coins = *coins, .kernel = GV_CASCADE_POINTS, .points = &p};
    gv_points_begin(&p, g->ctx, g, 5);
    must(how == IN_PLACE
             ? gv_points_in_place(&p, g, coins, &err)
             : gv_points_layout(&p, g->ctx, g, coins, 5, how == COPIED ? GV_MAX_COPIED : 0, &err));
    if (how == FORGETFUL)
        p.fly_edges = N;
    run_worlds(&w, steps, out);
    gv_points_close(&p);
}

static void run_sliced(const gv_graph *g, const gv_coins *coins, bool in_place, int level,
                       bool steps, outcome *out)
{
    gv_sliced s;
    gv_worlds w = {.ctx = g->ctx, .g = g, .kernel = GV_CASCADE_SLICED, .sliced = &s};
    must(in_place ? gv_sliced_open_in_place(&s, g->ctx, g, coins, NULL, 5, &err)
                  : gv_sliced_open(&s, g->ctx, g, coins, 5, &err));
    s.at_once = !steps;
    must(gv_sliced_make_states(&s, WORLDS, 2, &err));
    s.simd = (gv_simd)level;
    run_worlds(&w, steps, out);
    gv_sliced_close(&s);
}

static enum greatest_test_res all_agree(const gv_graph *g, const two_ways *w, bool steps,
                                        outcome *both)
{
    outcome *first = &both[0], *other = &both[1];
    run_plain(g, &w->stored, steps, first);
    ASSERT_GT(first->spread[0] + first->spread[1] + first->spread[2], 20);
    run_plain(g, &w->model, steps, other);
    ASSERT_MEM_EQ(first, other, sizeof *first);
    run_points(g, &w->stored, COPIED, steps, first);
    run_points(g, &w->model, COPIED, steps, other);
    ASSERT_MEM_EQ(first, other, sizeof *first);
    run_points(g, &w->stored, IN_PLACE, steps, first);
    for (int how = IN_PLACE; how <= FORGETFUL; how++) {
        run_points(g, &w->model, (layout)how, steps, other);
        ASSERT_MEM_EQ(first, other, sizeof *first);
    }
    run_sliced(g, &w->stored, false, 0, steps, first);
    for (int level = 0; level <= (int)gv_sliced_simd(); level++)
        for (int in_place = 0; in_place < 2; in_place++) {
            run_sliced(g, &w->model, in_place == 1, level, steps, other);
            ASSERT_MEM_EQ(first, other, sizeof *first);
        }
    PASS();
}

TEST worlds_are_those_of_stored_p(int32_t threads)
{
    static const double mix[TOPICS] = {0.5, 0.0, 0.25};
    gv_context *ctx = test_context(threads, -1);
    gv_graph *g = some_graph(ctx);
    gv_model *m = some_model(ctx, g), *r = model_random(ctx, g, TOPICS, 7);
    outcome *both = calloc(2, sizeof *both);
    for (int i = 0; i < 5; i++) {
        two_ways w = make(ctx, g, i < 3 ? m : r, i % 2, i == 2 || i == 4 ? mix : NULL);
        CHECK_CALL(all_agree(g, &w, false, both));
        CHECK_CALL(all_agree(g, &w, true, both));
        free(w.p);
    }
    free(both), gv_model_free(r), gv_model_free(m), gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* By linear threshold the p into everyone must add up to 1 at most. */
TEST stretches_are_those_of_stored_p(void)
{
    gv_context *ctx = test_context(3, -1);
    gv_graph *g = some_graph(ctx);
    double *p = calloc((size_t)g->n_edges, sizeof *p);
    for (int64_t e = 0; e < g->n_edges; e++)
        p[e] = 0.9 * test_random(4, (uint64_t)e) / (double)gv_csr_degree(&g->in, g->out.indices[e]);
    gv_model *m = model_exact(ctx, g, 1, p);
    two_ways w = make(ctx, g, m, 0, NULL);
    gv_choices a, b;
    must(gv_choices_open(&a, ctx, g, &w.stored, 1, &err));
    must(gv_choices_open(&b, ctx, g, &w.model, 1, &err));
    ASSERT_MEM_EQ(a.stretch, b.stretch, (size_t)g->n_edges * sizeof *a.stretch);
    gv_choices_close(&b), gv_choices_close(&a);
    free(w.p), free(p), gv_model_free(m), gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

/* The same results from the call that users make, and its errors. */
TEST results_are_those_of_stored_p(gv_cascade_kernel kernel)
{
    static const gv_node seeds[] = {5, 77};
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = some_graph(ctx);
    gv_model *m = some_model(ctx, g);
    two_ways w = make(ctx, g, m, 1, NULL);
    gv_cascade_opts o = gv_cascade_defaults();
    o.kernel = kernel, o.n_worlds = WORLDS, o.activation = true;
    const gv_probability stored = {.rule = GV_PROBABILITY_STORED, .stored = w.p},
                         model = {.rule = GV_PROBABILITY_MODEL, .model = m, .topic = 1};
    gv_cascade_result *a = cascade_run(ctx, g, &stored, seeds, 2, &o);
    gv_cascade_result *b = cascade_run(ctx, g, &model, seeds, 2, &o);
    ASSERT_EQ((int)a->kernel, (int)b->kernel);
    ASSERT_MEM_EQ(a->spread, b->spread, WORLDS * sizeof *a->spread);
    ASSERT_MEM_EQ(a->activation_count, b->activation_count, N * sizeof *a->activation_count);
    gv_cascade_free(a), gv_cascade_free(b), free(w.p), gv_model_free(m), gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST wrong_models_are_refused(void)
{
    static const gv_node seed = 3;
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = some_graph(ctx);
    edge_list e = edges_complete(5);
    gv_graph *h = edges_graph(ctx, &e, NULL);
    gv_model *m = some_model(ctx, g);
    gv_cascade_result *r = NULL;
    const double much[TOPICS] = {0.9, 0.9, 0.9};
    gv_probability p = {.rule = GV_PROBABILITY_MODEL};
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, &p, &seed, 1, NULL, &r, &err));
    ASSERT_STR_EQ("cascade: the model of the probabilities is missing", err.message);
    p.model = m, p.topic = TOPICS;
    ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, &p, &seed, 1, NULL, &r, &err));
    ASSERT_STR_EQ("cascade: topic 3 is not in [0, 3)", err.message);
    p.topic = 0;
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, h, &p, &seed, 1, NULL, &r, &err));
    p.mix = much;
    ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, &p, &seed, 1, NULL, &r, &err));
    gv_model_free(m), gv_graph_free(h), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Rows on the fly without memory: each allocation fails in turn. */
TEST survives_every_failed_allocation(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = some_graph(ctx);
    gv_model *m = some_model(ctx, g);
    two_ways w = make(ctx, g, m, 0, NULL);
    const int64_t held = gv_context_memory_used(ctx);
    int64_t k = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; k++) {
        gv_points p;
        ctx->allocations = 0;
        ctx->fail_allocation = k;
        st = gv_points_layout(&p, ctx, g, &w.model, 1, 0, &err);
        gv_worlds worlds = {
            .ctx = ctx, .g = g, .kernel = GV_CASCADE_POINTS, .points = &p, .max_steps = INT64_MAX};
        if (st == GV_OK)
            st = gv_worlds_open(&worlds, &err);
        gv_worlds_close(&worlds);
        gv_points_close(&p);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(held, gv_context_memory_used(ctx));
        ASSERT_LT(k, 100);
    }
    ASSERT_GT(k, 10);
    ctx->fail_allocation = -1;
    free(w.p), gv_model_free(m), gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

/* What lanes may hold is what they take, and where laying out is thought to be faster. */
TEST fly_rows_are_foretold(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = some_graph(ctx);
    gv_model *m = some_model(ctx, g);
    two_ways w = make(ctx, g, m, 0, NULL);
    gv_points p;
    must(gv_points_layout(&p, ctx, g, &w.model, 1, 0, &err));
    ASSERT_EQ(g->n_edges, p.fly_edges);
    const int64_t before = gv_context_memory_used(ctx);
    struct gv_fly *f = gv_fly_open(&p);
    ASSERT_EQ(before + gv_fly_bytes(g->n_nodes, p.fly_edges), gv_context_memory_used(ctx));
    gv_fly_close(ctx, f);
    gv_points_close(&p);
    ASSERT_EQ(70000000, gv_fly_edges(INT64_C(1) << 40, 70000000));
    ASSERT(gv_fly_is_slower(1000.0, 1024, 1000000));
    ASSERT_FALSE(gv_fly_is_slower(1000.0, 1024, INT64_C(1500000000)));
    free(w.p), gv_model_free(m), gv_graph_free(g), gv_context_free(ctx);
    PASS();
}

SUITE(cascade_model)
{
    RUN_TEST1(worlds_are_those_of_stored_p, 1);
    RUN_TEST1(worlds_are_those_of_stored_p, 3);
    RUN_TEST(stretches_are_those_of_stored_p);
    for (int k = GV_CASCADE_AUTO; k <= GV_CASCADE_SLICED; k++)
        RUN_TEST1(results_are_those_of_stored_p, (gv_cascade_kernel)k);
    RUN_TEST(wrong_models_are_refused);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(fly_rows_are_foretold);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(cascade_model);
    GREATEST_MAIN_END();
}
