/* test_evaluate.c -- next-activation AUC against a dull reference and hand-worked cases. */
#include "greatest.h"

#include <math.h>

#include "engine/log.h"
#include "engine/rng.h"
#include "grapevine/evaluate.h"
#include "support/graphs.h"

enum { N = 40, ITEMS = 30, ROWS = 900, TOPICS = 2 };
static const double window[TOPICS] = {30, 50};
static gv_error err;

typedef struct world {
    gv_context *ctx;
    gv_graph *g;
    gv_log *log;
} world;

static world make_world(int32_t threads, int64_t fail_allocation)
{
    static gv_node user[ROWS];
    static int64_t item[ROWS], time[ROWS];
    static int32_t topic[ROWS];
    world w = {.ctx = test_context(threads, -1)};
    edge_list e = edges_gnp(N, .2, 4);
    w.g = edges_graph(w.ctx, &e, NULL);
    edges_free(&e);
    for (uint64_t i = 0; i < ROWS; i++) {
        user[i] = (gv_node)gv_below(gv_mix(i), N);
        item[i] = (int64_t)gv_below(gv_mix(i + 10000), ITEMS);
        topic[i] = (int32_t)(item[i] % TOPICS);
        time[i] = (int64_t)gv_below(gv_mix(i + 20000), 1000);
    }
    if (gv_log_build(w.ctx, N, user, item, topic, time, ROWS, TOPICS, NULL, &w.log, &err) != GV_OK)
        w.log = NULL;
    w.ctx->allocations = 0;
    w.ctx->fail_allocation = fail_allocation;
    return w;
}

static void free_world(world *w)
{
    gv_log_free(w->log);
    gv_graph_free(w->g);
    gv_context_free(w->ctx);
}

/* ---- the definition, word by word ---------------------------------------------------------- */

static int64_t first_purchase(const gv_log *log, int64_t item, gv_node v)
{
    for (int64_t i = log->indptr[item]; i < log->indptr[item + 1]; i++)
        if (log->user[i] == v)
            return log->time[i];
    return INT64_MAX;
}

typedef struct ref_record {
    double score;
    int positive;
} ref_record;

static bool ref_one(const world *w, int64_t item, gv_node u, int64_t split, ref_record *r)
{
    const int32_t z = w->log->item_topic[item];
    const int64_t mine = first_purchase(w->log, item, u), end = w->log->info.time_end;
    int64_t t = INT64_MAX, count;
    const gv_node *in = gv_graph_in(w->g, u, &count);
    for (int64_t i = 0; i < count; i++) {
        const int64_t theirs = first_purchase(w->log, item, in[i]);
        if (theirs > split && theirs < mine && theirs < t)
            t = theirs;
    }
    if (t == INT64_MAX || (double)t + window[z] > (double)end)
        return false;
    double none = 1.0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t theirs = first_purchase(w->log, item, in[i]);
        if (theirs <= t && (double)theirs > (double)t - window[z])
            none *= 1.0 - .01;
    }
    r->score = 1.0 - none;
    r->positive = mine != INT64_MAX && (double)mine <= (double)t + window[z];
    return true;
}

static gv_auc ref_auc(const world *w, int64_t split)
{
    static ref_record r[N * 2 * ITEMS];
    gv_auc out = {.auc = 0};
    for (int64_t item = 0; item < w->log->info.n_items; item++)
        for (gv_node u = 0; u < N; u++)
            out.records += ref_one(w, item, u, split, &r[out.records]);
    double pairs = 0, good = 0;
    for (int64_t i = 0; i < out.records; i++) {
        out.positives += r[i].positive;
        for (int64_t j = 0; j < out.records; j++) {
            if (!r[i].positive || r[j].positive)
                continue;
            pairs += 1;
            good += r[i].score > r[j].score ? 1.0 : r[i].score == r[j].score ? .5 : 0.0;
        }
    }
    out.auc = good / pairs;
    return out;
}

TEST agrees_with_the_definition(void)
{
    world w = make_world(2, -1);
    const int64_t splits[] = {-1, 300, 700, 900};
    for (int i = 0; i < 4; i++) {
        gv_auc_opts o = gv_auc_defaults();
        gv_auc got;
        o.split = splits[i];
        ASSERT_EQ(GV_OK, gv_next_activation_auc(w.ctx, w.g, w.log, window, NULL, &o, &got, &err));
        const gv_auc want = ref_auc(&w, splits[i]);
        ASSERT_GT(want.positives, 0);
        ASSERT_EQ(want.records, got.records);
        ASSERT_EQ(want.positives, got.positives);
        ASSERT_IN_RANGE(want.auc, got.auc, 1e-12);
        ASSERT(got.lo <= got.auc && got.auc <= got.hi);
    }
    free_world(&w);
    PASS();
}

TEST ignores_thread_count(void)
{
    gv_auc one, many;
    world w = make_world(1, -1);
    ASSERT_EQ(GV_OK, gv_next_activation_auc(w.ctx, w.g, w.log, window, NULL, NULL, &one, &err));
    free_world(&w);
    for (int32_t threads = 2; threads <= 8; threads += 3) {
        w = make_world(threads, -1);
        ASSERT_EQ(GV_OK,
                  gv_next_activation_auc(w.ctx, w.g, w.log, window, NULL, NULL, &many, &err));
        ASSERT_MEM_EQ(&one, &many, sizeof one);
        free_world(&w);
    }
    PASS();
}

/* 0 -> 1 buys after 0 does, 0 -> 2 does not: with 3 -> 1 as well, 1 has the higher score. */
TEST a_perfect_forecast_has_area_one(void)
{
    const gv_node src[] = {0, 0, 3}, dst[] = {1, 2, 1};
    const gv_node user[] = {3, 0, 1, 4};
    const int64_t item[] = {0, 0, 0, 0}, time[] = {9, 10, 15, 500};
    const int32_t topic[] = {0, 0, 0, 0};
    gv_context *ctx = test_context(1, -1);
    gv_graph *g;
    gv_log *log;
    gv_auc got;
    gv_auc_opts o = gv_auc_defaults();
    o.split = 9;
    ASSERT_EQ(GV_OK, gv_graph_build(ctx, 5, src, dst, NULL, 3, NULL, NULL, &g, NULL, &err));
    ASSERT_EQ(GV_OK, gv_log_build(ctx, 5, user, item, topic, time, 4, 1, NULL, &log, &err));
    ASSERT_EQ(GV_OK, gv_next_activation_auc(ctx, g, log, window, NULL, &o, &got, &err));
    ASSERT_EQ(2, got.records);
    ASSERT_EQ(1, got.positives);
    ASSERT_EQ(1.0, got.auc);
    o.end = 20; /* the window of 30 s now passes the end */
    ASSERT_EQ(GV_OK, gv_next_activation_auc(ctx, g, log, window, NULL, &o, &got, &err));
    ASSERT_EQ(0, got.records);
    ASSERT(isnan(got.auc));
    gv_log_free(log), gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    for (int64_t k = 0;; k++) {
        world w = make_world(2, k);
        const int64_t before = gv_context_memory_used(w.ctx);
        gv_auc got;
        const gv_status st =
            gv_next_activation_auc(w.ctx, w.g, w.log, window, NULL, NULL, &got, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(before, gv_context_memory_used(w.ctx));
        free_world(&w);
        if (st == GV_OK) {
            ASSERT_GT(k, 4);
            PASS();
        }
    }
}

TEST bad_options_are_refused(void)
{
    world w = make_world(1, -1);
    const double zero[TOPICS] = {1, 0};
    gv_auc got;
    gv_auc_opts o = gv_auc_defaults();
    ASSERT_EQ(GV_ERR_RANGE,
              gv_next_activation_auc(w.ctx, w.g, w.log, zero, NULL, NULL, &got, &err));
    o.bootstraps = -1;
    ASSERT_EQ(GV_ERR_RANGE,
              gv_next_activation_auc(w.ctx, w.g, w.log, window, NULL, &o, &got, &err));
    w.log->n_nodes++;
    ASSERT_EQ(GV_ERR_ARG,
              gv_next_activation_auc(w.ctx, w.g, w.log, window, NULL, NULL, &got, &err));
    free_world(&w);
    PASS();
}

SUITE(evaluate)
{
    RUN_TEST(agrees_with_the_definition);
    RUN_TEST(ignores_thread_count);
    RUN_TEST(a_perfect_forecast_has_area_one);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(bad_options_are_refused);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(evaluate);
    GREATEST_MAIN_END();
}
