/* test_learn.c -- learning: by hand, against the definitions, and where nothing can be learnt. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "grapevine/grapevine.h"

#include "engine/context.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "greatest.h"
#include "ref/ref_learn.h"
#include "support/graphs.h"
#include "support/models.h"
#include "support/worlds.h"

static const int64_t DAY = 86400;

/* ---- against the definitions ------------------------------------------------------------------
 */

static enum greatest_test_res counters_agree(const gv_model *m, const ref_counters *c)
{
    int64_t pairs = 0, entries = 0;
    for (gv_node v = 0; v < c->n_nodes; v++)
        for (int32_t z = 0; z < c->n_topics; z++) {
            const int64_t cell = v * c->n_topics + z, pair = gv_model_pair(m, v, z);
            ASSERT_EQ(c->total[cell] > 0, pair >= 0);
            if (pair < 0)
                continue;
            pairs++;
            ASSERT_EQ_FMT(c->total[cell], (int64_t)m->pairs.total[pair], "%" PRId64);
            ASSERT_EQ_FMT(c->base[cell], m->pairs.exposure[pair], "%" PRId64);
            ASSERT_EQ_FMT(c->observed[cell], (int64_t)m->pairs.observed[pair], "%" PRId64);
            ASSERT_EQ_FMT(c->shuffled[cell], (int64_t)m->pairs.shuffled[pair], "%" PRId64);
            ASSERT_EQ_FMT(c->last[cell], m->pairs.last[pair], "%" PRId64);
        }
    ASSERT_EQ_FMT(pairs, m->pairs.indptr[c->n_nodes], "%" PRId64);
    for (int64_t v = 0; v < c->n_nodes; v++)
        for (int64_t i = m->evidence.indptr[v]; i < m->evidence.indptr[v + 1]; i++) {
            const int64_t column = m->evidence.column[i];
            const int64_t base = c->base[v * c->n_topics + column % c->n_topics];
            ASSERT(i == m->evidence.indptr[v] || m->evidence.column[i - 1] < column);
            ASSERT_EQ_FMT(c->credit[column], m->evidence.credit[i], "%" PRId64);
            ASSERT_EQ_FMT(c->exposure[column], m->evidence.exposure[i], "%" PRId64);
            ASSERT(c->credit[column] > 0 || c->exposure[column] != base);
            /* Marks the cell: what is left over must need no evidence. */
            c->credit[column] = -1;
            entries++;
        }
    for (int64_t i = 0; i < c->n_edges * c->n_topics; i++)
        ASSERT(c->credit[i] <= 0);
    ASSERT_EQ_FMT(entries, m->evidence.indptr[c->n_nodes], "%" PRId64);
    PASS();
}

static enum greatest_test_res unmarked_need_none(const gv_graph *g, const ref_counters *c)
{
    for (gv_node v = 0; v < c->n_nodes; v++)
        for (int64_t i = g->out.indptr[v] * c->n_topics; i < g->out.indptr[v + 1] * c->n_topics;
             i++)
            if (c->credit[i] == 0)
                ASSERT_EQ_FMT(c->base[v * c->n_topics + i % c->n_topics], c->exposure[i],
                              "%" PRId64);
    PASS();
}

/* Factors are kept as float, also between the steps: three roundings. */
static enum greatest_test_res factors_agree(const gv_model *m, const ref_factors *f)
{
    const double close = 3e-7;
    ASSERT_IN_RANGE(f->k_source, m->k_source, 1e-12 * f->k_source);
    ASSERT_IN_RANGE(f->k_target, m->k_target, 1e-12 * f->k_target);
    for (int32_t z = 0; z < m->n_topics; z++)
        ASSERT_IN_RANGE(f->mu[z], m->mu[z], 1e-12 * f->mu[z]);
    for (int64_t v = 0; v < m->n_nodes; v++) {
        ASSERT_IN_RANGE(f->target[v], (double)m->target[v], close * f->target[v]);
        for (int64_t i = m->pairs.indptr[v]; i < m->pairs.indptr[v + 1]; i++) {
            const double want = f->source[v * m->n_topics + m->pairs.topic[i]];
            ASSERT_IN_RANGE(want, (double)m->pairs.source[i], close * want);
        }
    }
    PASS();
}

static enum greatest_test_res agrees(gv_context *ctx, const gv_graph *g, const world *w,
                                     const gv_learn_opts *o, bool strengths)
{
    gv_log *log = log_of(ctx, w);
    gv_model *m = NULL;
    gv_learn_info info;
    gv_error err = {GV_OK, ""};
    ASSERT(log != NULL);
    if (gv_learn(ctx, g, log, o, &m, &info, &err) != GV_OK)
        FAILm(err.message);
    ref_counters c = ref_count(g, log, o->until, o->seed, m);
    int64_t total = 0, observed = 0;
    for (int64_t i = 0; i < c.n_nodes * c.n_topics; i++)
        total += c.total[i], observed += c.observed[i];
    ASSERT_EQ(total, info.adoptions);
    ASSERT_EQ(observed, info.credited);
    ASSERT_EQ(c.repeats, info.repeats);
    ASSERT_EQ(m->evidence.indptr[m->n_nodes], info.evidence);
    if (strengths) {
        ref_factors f = ref_pool(g, &c);
        CHECK_CALL(factors_agree(m, &f));
        ASSERT_IN_RANGE(ref_tie_strength(g, &c, m), m->k_tie, 1e-9);
        ASSERT_IN_RANGE(ref_edge_strength(g, &c, m), m->k_edge, 1e-9);
        ref_factors_free(&f);
    }
    CHECK_CALL(counters_agree(m, &c));
    CHECK_CALL(unmarked_need_none(g, &c));
    ref_counters_free(&c);
    gv_model_free(m);
    gv_log_free(log);
    PASS();
}

TEST agrees_with_definitions(void)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        gv_context *ctx = test_context(1, -1);
        const int64_t n = 5 + (int64_t)(seed * 7 % 50);
        const int64_t step = seed % 3 == 0 ? DAY : 1 + (int64_t)(seed % 5);
        gv_graph *g = graph_with_hub(ctx, n, 3.0 / (double)n, seed);
        world w = random_world(n, 1 + (int32_t)(seed % 4), 1 + (int64_t)(seed % 9),
                               (int64_t)seed * 10, 40, step, seed);
        gv_learn_opts o = gv_learn_defaults();
        o.seed = seed;
        o.window = seed % 4 == 0 ? 0 : step * (int64_t)(seed % 23);
        o.until = seed % 5 == 0 ? 20 * step + 1 : INT64_MAX;
        CHECK_CALL(agrees(ctx, g, &w, &o, true));
        world_free(&w);
        gv_graph_free(g);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    PASS();
}

/* Many consumers, some items bought by nearly all of them and one by all: threads share those. */
static world crowd(int64_t n)
{
    world w = random_world(n, 2, 3, 2 * n, 5000, 60, 5);
    for (int64_t i = 0; i < n; i++)
        set_row(&w, i, i, 99, 1, (int64_t)(test_random(6, (uint64_t)i) * 100000));
    return w;
}

static gv_graph *random_graph(gv_context *ctx, int64_t n, int64_t n_edges)
{
    edge_list e = edges_none(n);
    for (int64_t i = 0; i < n_edges; i++) {
        const int64_t src = (int64_t)(test_random(1, (uint64_t)i) * (double)n);
        edges_add(&e, src, (src + 1 + (int64_t)(test_random(2, (uint64_t)i) * 50)) % n, 1.0);
    }
    gv_graph *g = edges_graph(ctx, &e, NULL);
    edges_free(&e);
    return g;
}

TEST agrees_where_everyone_buys(void)
{
    enum { N = 18000 };
    gv_context *ctx = test_context(3, -1);
    gv_graph *g = random_graph(ctx, N, 3 * N);
    world w = crowd(N);
    gv_learn_opts o = gv_learn_defaults();
    o.window = 20000;
    CHECK_CALL(agrees(ctx, g, &w, &o, false));
    world_free(&w);
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

/* ---- by hand --------------------------------------------------------------------------------- */

/* 1 - exp(-days / 4) in units: the window is 12 days, too few delays to fit, so the mean is 4. */
static int64_t after(double days)
{
    return (int64_t)floor((1.0 - exp(-days / 4.0)) * 4294967296.0 + 0.5);
}

static enum greatest_test_res evidence_is(const gv_model *m, int64_t i, int64_t edge,
                                          int64_t credit, int64_t exposure)
{
    ASSERT_EQ_FMT(2 * edge + 1, m->evidence.column[i], "%" PRId64);
    ASSERT_EQ_FMT(credit, m->evidence.credit[i], "%" PRId64);
    ASSERT_IN_RANGE((double)exposure, (double)m->evidence.exposure[i], 1.0);
    PASS();
}

TEST example_by_hand(void)
{
    static const int64_t indptr[] = {0, 1, 2, 3, 4, 4};
    static const int32_t total[] = {2, 2, 2, 1}, observed[] = {0, 1, 1, 0};
    const int64_t last[] = {6 * DAY, 6 * DAY, 8 * DAY, 1 * DAY}, one = GV_CREDIT_UNIT;
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = small_graph(ctx);
    world w = small_world();
    gv_log *log = log_of(ctx, &w);
    gv_learn_opts o = gv_learn_defaults();
    gv_learn_info info;
    gv_model *m = NULL;
    o.window = 12 * DAY;
    ASSERT_EQ(GV_OK, gv_learn(ctx, g, log, &o, &m, &info, NULL));
    ASSERT_EQ(7, info.adoptions);
    ASSERT_EQ(1, info.repeats);
    ASSERT_EQ(2, info.credited);
    ASSERT_EQ(4, info.evidence);
    ASSERT_EQ(9 * DAY, m->time_end);
    for (int z = 0; z < 2; z++) {
        ASSERT_IN_RANGE(12.0 * (double)DAY, m->window[z], 0.0);
        ASSERT_IN_RANGE(4.0 * (double)DAY, m->delay[z], 0.0);
    }
    ASSERT_MEM_EQ(indptr, m->pairs.indptr, sizeof indptr);
    ASSERT_MEM_EQ(total, m->pairs.total, sizeof total);
    ASSERT_MEM_EQ(observed, m->pairs.observed, sizeof observed);
    ASSERT_MEM_EQ(last, m->pairs.last, sizeof last);
    const int64_t base[] = {after(9) + after(3), after(4) + after(3), after(1) + after(4),
                            after(8)};
    for (int i = 0; i < 4; i++) {
        ASSERT_EQ(1, m->pairs.topic[i]);
        ASSERT_IN_RANGE((double)base[i], (double)m->pairs.exposure[i], 2.0);
    }
    /* 1 owned item 6 when 0 bought it: a tie is no influence. 2 owned it before both. The three
     * parents of 2 in item 5 share a purchase; 2^32 is 1 more than a multiple of 3. */
    CHECK_CALL(evidence_is(m, 0, 0, one, after(9)));
    CHECK_CALL(evidence_is(m, 1, 1, one / 3 + 1, after(9)));
    CHECK_CALL(evidence_is(m, 2, 3, one / 3, after(4)));
    CHECK_CALL(evidence_is(m, 3, 4, one / 3, after(8)));
    const double exposure = (double)(3 * after(9) + after(3) + after(4) + 2 * after(8));
    ASSERT_IN_RANGE(2.0 * (double)one / exposure, m->mu[1], 1e-9);
    ASSERT_IN_RANGE(0.0, m->mu[0], 0.0);
    gv_model_free(m);
    gv_log_free(log);
    world_free(&w);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- same bytes ------------------------------------------------------------------------------ */

TEST ignores_threads_and_order(void)
{
    enum { N = 17000 };
    static const int32_t threads[] = {1, 2, 3, 8};
    gv_context *one = test_context(1, -1);
    gv_graph *g = random_graph(one, N, 4 * N);
    world w = crowd(N);
    gv_log *log = log_of(one, &w);
    gv_model *want = NULL;
    ASSERT_EQ(GV_OK, gv_learn(one, g, log, NULL, &want, NULL, NULL));
    for (int i = 0; i < 4; i++) {
        gv_context *ctx = test_context(threads[i], -1);
        shuffle_rows(&w, (uint64_t)i);
        gv_log *other = log_of(ctx, &w);
        gv_model *m = NULL;
        ASSERT_EQ(GV_OK, gv_learn(ctx, g, other, NULL, &m, NULL, NULL));
        ASSERT(model_same(want, m));
        ASSERT_STR_EQ(want->log_hash, m->log_hash);
        gv_model_free(m);
        gv_log_free(other);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    gv_model_free(want);
    gv_log_free(log);
    world_free(&w);
    gv_graph_free(g);
    gv_context_free(one);
    PASS();
}

/* Rows after `until` may as well not be there. */
TEST until_cuts_the_log(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_with_hub(ctx, 40, .1, 3);
    world w = random_world(40, 3, 8, 900, 60, 10, 3), cut = w;
    set_row(&w, 0, 1, 1, 1, 300);
    cut = world_of(40, 3, 900);
    cut.n_rows = 0;
    for (int64_t i = 0; i < w.n_rows; i++)
        if (w.time[i] <= 300)
            set_row(&cut, cut.n_rows++, w.user[i], w.item[i], w.topic[i], w.time[i]);
    gv_log *log = log_of(ctx, &w), *short_log = log_of(ctx, &cut);
    gv_model *a = NULL, *b = NULL;
    gv_learn_opts o = gv_learn_defaults();
    o.until = 300;
    ASSERT_LT(cut.n_rows, w.n_rows);
    ASSERT_EQ(GV_OK, gv_learn(ctx, g, log, &o, &a, NULL, NULL));
    ASSERT_EQ(GV_OK, gv_learn(ctx, g, short_log, NULL, &b, NULL, NULL));
    ASSERT(model_same(a, b));
    gv_model_free(a), gv_model_free(b);
    gv_log_free(log), gv_log_free(short_log);
    world_free(&w), world_free(&cut);
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

/* Shuffles are keyed by the seed, and nothing but the shuffled counts depends on it. */
TEST seed_changes_shuffles_alone(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_with_hub(ctx, 60, .2, 3);
    world w = random_world(60, 1, 4, 200, 60, 10, 3);
    gv_log *log = log_of(ctx, &w);
    gv_model *a = NULL, *b = NULL;
    gv_learn_opts o = gv_learn_defaults();
    ASSERT_EQ(GV_OK, gv_learn(ctx, g, log, &o, &a, NULL, NULL));
    o.seed = 2;
    ASSERT_EQ(GV_OK, gv_learn(ctx, g, log, &o, &b, NULL, NULL));
    const size_t pairs = (size_t)a->pairs.indptr[60];
    ASSERT(memcmp(a->pairs.shuffled, b->pairs.shuffled, pairs * sizeof(int32_t)) != 0);
    ASSERT_MEM_EQ(a->pairs.source, b->pairs.source, pairs * sizeof(float));
    gv_model_free(a), gv_model_free(b);
    gv_log_free(log);
    world_free(&w);
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

/* ---- nothing to learn -------------------------------------------------------------------------
 */

/* Learns, and asks every edge for its probability in every topic. */
static enum greatest_test_res is_sound(gv_context *ctx, const gv_graph *g, const world *w,
                                       const gv_learn_opts *o, gv_learn_info *info)
{
    gv_log *log = log_of(ctx, w);
    gv_model *m = NULL;
    ASSERT(log != NULL);
    ASSERT_EQ(GV_OK, gv_learn(ctx, g, log, o, &m, info, NULL));
    ASSERT_EQ(w->n_topics, gv_model_topics(m));
    float *p = malloc(((size_t)g->n_edges + 1) * sizeof *p);
    for (int32_t z = 0; z < w->n_topics; z++) {
        ASSERT(isfinite(m->mu[z]) && m->mu[z] >= 0.0 && m->delay[z] > 0.0 && m->window[z] > 0.0);
        ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, m, g, z, p, NULL));
        for (int64_t e = 0; e < g->n_edges; e++)
            ASSERT(p[e] >= 0.0f && p[e] <= 1.0f);
    }
    for (int64_t v = 0; v < g->n_nodes; v++)
        ASSERT(isfinite(m->target[v]) && m->target[v] > 0.0f);
    for (int64_t i = 0; i < m->pairs.indptr[g->n_nodes]; i++)
        ASSERT(isfinite(m->pairs.source[i]) && m->pairs.source[i] > 0.0f);
    ASSERT(m->k_source > 0.0 && m->k_target > 0.0 && m->k_edge >= 0.0);
    free(p);
    gv_model_free(m);
    gv_log_free(log);
    PASS();
}

TEST edge_cases_are_sound(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_learn_info info;
    for (int kind = 0; kind < 12; kind++) {
        const int64_t n = kind == 0 ? 0 : kind == 1 ? 1 : 30;
        edge_list e = kind < 3 ? edges_none(n) : edges_gnp(n, kind == 8 ? 1.0 : .2, 1);
        gv_graph *g = edges_graph(ctx, &e, NULL);
        world w = kind == 0 || kind == 3 ? world_of(n, 2, 0)
                  : kind == 4            ? world_of(n, 0, 0)
                  : kind == 5            ? random_world(n, 2, 3, 300, 1, 1, 2) /* all ties */
                                         : random_world(n, 2, 3, 300, 40, 1, 2);
        gv_learn_opts o = gv_learn_defaults();
        o.until = kind == 6 ? -1000 : kind == 7 ? INT64_MIN : INT64_MAX;
        o.window = kind == 8 ? INT64_MAX : kind == 9 ? 1 : 0;
        o.prior_strength = kind == 10 ? 0.0 : kind == 11 ? 1e300 : -1.0;
        CHECK_CALL(is_sound(ctx, g, &w, &o, &info));
        const bool nobody = kind == 0 || kind == 3 || kind == 4 || kind == 6 || kind == 7;
        ASSERT_EQ(nobody, info.adoptions == 0);
        ASSERT_EQ(nobody || kind == 1 || kind == 2 || kind == 5, info.credited == 0);
        world_free(&w);
        edges_free(&e);
        gv_graph_free(g);
    }
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* One who buys far more often than there are topics, and topics that nobody buys. */
TEST long_rows_are_sorted(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_with_hub(ctx, 20, .2, 3);
    world w = random_world(20, 40, 60, 3000, 400, 5, 3);
    gv_learn_opts o = gv_learn_defaults();
    o.window = 300;
    for (int64_t i = 0; i < w.n_rows; i++) {
        w.topic[i] = 2 * (w.topic[i] / 2);
        if (i % 2 == 0)
            w.user[i] = 0;
    }
    CHECK_CALL(agrees(ctx, g, &w, &o, true));
    world_free(&w);
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

SUITE(learn)
{
    RUN_TEST(example_by_hand);
    RUN_TEST(agrees_with_definitions);
    RUN_TEST(agrees_where_everyone_buys);
    RUN_TEST(long_rows_are_sorted);
    RUN_TEST(ignores_threads_and_order);
    RUN_TEST(until_cuts_the_log);
    RUN_TEST(seed_changes_shuffles_alone);
    RUN_TEST(edge_cases_are_sound);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(learn);
    GREATEST_MAIN_END();
}
