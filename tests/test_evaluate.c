/* test_evaluate.c -- next-activation AUC against a dull reference and hand-worked cases. */
#include "greatest.h"

#include <math.h>

#include "engine/csr.h"
#include "engine/log.h"
#include "engine/model.h"
#include "engine/rng.h"
#include "grapevine/evaluate.h"
#include "support/graphs.h"
#include "support/models.h"

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

/* The chance of the edge v -> u by the factors of `f`, .01 without any. */
static double ref_chance(const gv_graph *g, const gv_forecast *f, gv_node v, gv_node u, int32_t z)
{
    if (f != NULL && f->model != NULL)
        return gv_model_edge(f->model, v, u, gv_csr_find(&g->out, v, u),
                             f->model->n_topics == 1 ? 0 : z);
    if (f == NULL || f->source == NULL)
        return .01;
    if (f->close != NULL && f->close[gv_csr_find(&g->out, v, u)] == 0)
        return 0.0;
    const double source = (double)f->source[(f->n_topics == 1 ? 0 : z) * g->n_nodes + v];
    return fmin(1.0, source * (f->target != NULL ? (double)f->target[u] : 1.0));
}

static bool ref_one(const world *w, const gv_forecast *f, int64_t item, gv_node u, int64_t split,
                    ref_record *r)
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
            none *= 1.0 - ref_chance(w->g, f, in[i], u, z);
    }
    r->score = 1.0 - none;
    r->positive = mine != INT64_MAX && (double)mine <= (double)t + window[z];
    return true;
}

static gv_auc ref_auc(const world *w, const gv_forecast *f, int64_t split)
{
    static ref_record r[N * 2 * ITEMS];
    gv_auc out = {.auc = 0};
    for (int64_t item = 0; item < w->log->info.n_items; item++)
        for (gv_node u = 0; u < N; u++)
            out.records += ref_one(w, f, item, u, split, &r[out.records]);
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
        const gv_auc want = ref_auc(&w, NULL, splits[i]);
        ASSERT_GT(want.positives, 0);
        ASSERT_EQ(want.records, got.records);
        ASSERT_EQ(want.positives, got.positives);
        ASSERT_IN_RANGE(want.auc, got.auc, 1e-12);
        ASSERT(got.lo <= got.auc && got.auc <= got.hi);
    }
    free_world(&w);
    PASS();
}

/* Chances of edges as products, some above 1, some edges not close. */
typedef struct factors {
    float source[TOPICS * N], target[N];
    int8_t close[N * N];
} factors;

static gv_forecast make_factors(factors *x, int32_t n_topics)
{
    for (uint64_t i = 0; i < TOPICS * N; i++)
        x->source[i] = (float)(1.5 * test_random(5, i));
    for (uint64_t i = 0; i < N; i++)
        x->target[i] = (float)test_random(6, i);
    for (uint64_t i = 0; i < N * N; i++)
        x->close[i] = test_random(7, i) < .7;
    return (gv_forecast){
        .source = x->source, .n_topics = n_topics, .target = x->target, .close = x->close};
}

TEST follows_factors(void)
{
    static factors x;
    world w = make_world(2, -1);
    gv_auc_opts o = gv_auc_defaults();
    gv_auc got;
    o.split = 300;
    for (int32_t n_topics = 1; n_topics <= TOPICS; n_topics++) {
        const gv_forecast f = make_factors(&x, n_topics);
        ASSERT_EQ(GV_OK, gv_next_activation_auc(w.ctx, w.g, w.log, window, &f, &o, &got, &err));
        const gv_auc want = ref_auc(&w, &f, 300);
        ASSERT_EQ(want.records, got.records);
        ASSERT_IN_RANGE(want.auc, got.auc, 1e-12);
    }
    free_world(&w);
    PASS();
}

/* The bins part all records, in order of score; one score for all fills the first bin. */
TEST calibrates(void)
{
    static factors x;
    world w = make_world(2, -1);
    const gv_forecast f = make_factors(&x, TOPICS), none = {.source = x.target, .n_topics = 1};
    gv_auc got;
    int64_t records = 0, positives = 0;
    double last = -1.0;
    ASSERT_EQ(GV_OK, gv_next_activation_auc(w.ctx, w.g, w.log, window, &f, NULL, &got, &err));
    for (int b = 0; b < GV_CALIBRATION_BINS; b++) {
        records += got.bin[b].records, positives += got.bin[b].positives;
        if (got.bin[b].records == 0) /* equal scores reach into the next bin */
            continue;
        ASSERT_GT(got.bin[b].score, last);
        last = got.bin[b].score;
    }
    ASSERT_EQ(got.records, records);
    ASSERT_EQ(got.positives, positives);
    for (int i = 0; i < N; i++)
        x.target[i] = 0.0F;
    ASSERT_EQ(GV_OK, gv_next_activation_auc(w.ctx, w.g, w.log, window, &none, NULL, &got, &err));
    ASSERT_EQ(got.records, got.bin[0].records);
    ASSERT_IN_RANGE(0.0, got.bin[0].score, 0.0);
    ASSERT_IN_RANGE(.5, got.auc, 1e-12);
    free_world(&w);
    PASS();
}

static double ref_correlation(const gv_graph *g, const gv_forecast *x, const gv_forecast *y)
{
    double n = 0, sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
    for (gv_node v = 0; v < N; v++)
        for (gv_node u = 0; u < N; u++)
            for (int32_t z = 0; z < TOPICS && gv_csr_find(&g->out, v, u) >= 0; z++) {
                const double b = ref_chance(g, y, v, u, z), a = ref_chance(g, x, v, u, z);
                if (b > 0.0)
                    n++, sx += a, sy += b, xx += a * a, yy += b * b, xy += a * b;
            }
    return (n * xy - sx * sy) / sqrt((n * xx - sx * sx) * (n * yy - sy * sy));
}

TEST correlates(void)
{
    static factors x, y;
    world w = make_world(3, -1);
    const gv_forecast truth = make_factors(&x, TOPICS);
    gv_forecast found = make_factors(&y, 1), uniform = {0};
    double got = 0.0;
    for (int i = 0; i < N; i++)
        y.source[i] = (float)test_random(8, (uint64_t)i);
    ASSERT_EQ(GV_OK, gv_forecast_correlation(w.ctx, w.g, TOPICS, &found, &truth, &got, &err));
    ASSERT_IN_RANGE(ref_correlation(w.g, &found, &truth), got, 1e-9);
    ASSERT_EQ(GV_OK, gv_forecast_correlation(w.ctx, w.g, TOPICS, &truth, &truth, &got, &err));
    ASSERT_IN_RANGE(1.0, got, 1e-12);
    ASSERT_EQ(GV_OK, gv_forecast_correlation(w.ctx, w.g, TOPICS, &uniform, &truth, &got, &err));
    ASSERT(isnan(got));
    gv_model *m = model_random(w.ctx, w.g, TOPICS, 5);
    const gv_forecast learnt = {.model = m};
    ASSERT_EQ(GV_OK, gv_forecast_correlation(w.ctx, w.g, TOPICS, &learnt, &truth, &got, &err));
    ASSERT_IN_RANGE(ref_correlation(w.g, &learnt, &truth), got, 1e-9);
    ASSERT_EQ(GV_OK, gv_forecast_correlation(w.ctx, w.g, TOPICS, &truth, &learnt, &got, &err));
    ASSERT_IN_RANGE(ref_correlation(w.g, &truth, &learnt), got, 1e-9);
    gv_model_free(m);
    found.n_topics = 3;
    ASSERT_EQ(GV_ERR_ARG, gv_forecast_correlation(w.ctx, w.g, TOPICS, &found, &truth, &got, &err));
    for (int64_t k = 0; k < 2; k++) {
        w.ctx->fail_allocation = w.ctx->allocations + k;
        ASSERT_EQ(GV_ERR_NOMEM,
                  gv_forecast_correlation(w.ctx, w.g, TOPICS, &truth, &truth, &got, &err));
    }
    free_world(&w);
    PASS();
}

/* 0 and 3 prompted 1, half each; 0 has a second friend, who did not act. */
TEST scores_in_the_manner_of_klout(void)
{
    const gv_node src[] = {0, 0, 3}, dst[] = {1, 2, 1};
    const gv_node user[] = {3, 0, 1, 4};
    const int64_t item[] = {0, 0, 0, 0}, time[] = {9, 10, 15, 500};
    const int32_t topic[] = {0, 0, 0, 0};
    const double rank[] = {.1, .2, .3, .4, 0};
    const double want[] = {1 + 99 * 2.3 / 3, 1 + 99 * .3, 1 + 99 * .3, 1 + 99 * 2.5 / 3,
                           1 + 99 * .3};
    gv_learn_opts o = gv_learn_defaults();
    o.window = 30;
    for (int64_t k = 0;; k++) {
        gv_context *ctx = test_context(2, -1);
        gv_graph *g;
        gv_log *log;
        gv_model *m;
        float got[5];
        ASSERT_EQ(GV_OK, gv_graph_build(ctx, 5, src, dst, NULL, 3, NULL, NULL, &g, NULL, &err));
        ASSERT_EQ(GV_OK, gv_log_build(ctx, 5, user, item, topic, time, 4, 1, NULL, &log, &err));
        ASSERT_EQ(GV_OK, gv_learn(ctx, g, log, &o, &m, NULL, &err));
        const int64_t before = gv_context_memory_used(ctx);
        ctx->allocations = 0;
        ctx->fail_allocation = k;
        const gv_status st = gv_klout_score(ctx, g, m, rank, got, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
        for (int v = 0; v < 5 && st == GV_OK; v++)
            ASSERT_IN_RANGE(want[v], (double)got[v], 1e-5);
        gv_model_free(m);
        gv_log_free(log);
        gv_graph_free(g);
        gv_context_free(ctx);
        if (st == GV_OK) {
            ASSERT_GT(k, 3);
            PASS();
        }
    }
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
    RUN_TEST(follows_factors);
    RUN_TEST(calibrates);
    RUN_TEST(correlates);
    RUN_TEST(scores_in_the_manner_of_klout);
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
