/* test_plan.c -- plans: sums over phases, sizes of inputs from samples, every failed allocation. */
#include "greatest.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/plan.h"
#include "support/graphs.h"

TEST sums_what_lives_together(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_plan *p = NULL;
    ASSERT_EQ(GV_OK, gv_plan_create(ctx, &p, NULL));
    ASSERT_EQ(-1, gv_plan_sum(p).widest);
    const int32_t a = gv_plan_hold(p, GV_PLAN_MEMORY, "a", 100);
    ASSERT_EQ(-1, gv_plan_hold(p, GV_PLAN_MEMORY, "nothing", 0));
    ASSERT_EQ(-1, gv_plan_hold(p, GV_PLAN_MEMORY, "less", -1));
    gv_plan_use(p, GV_PLAN_MEMORY, "short", 1000);
    gv_plan_begin(p, "second", 2.5);
    gv_plan_hold(p, GV_PLAN_RESIDENT, "mapped", 50);
    gv_plan_use(p, GV_PLAN_DISK, "runs", 7);
    gv_plan_drop(p, a);
    gv_plan_begin(p, "third", 0.5);
    gv_plan_hold(p, GV_PLAN_RESIDENT, "given back", -40);
    gv_plan_use(p, GV_PLAN_MEMORY, "b", 1049);
    gv_plan_use(p, GV_PLAN_OUTPUT, "file", 9);
    gv_plan_use(p, GV_PLAN_RESERVED, "never touched", 60);
    ASSERT_EQ(GV_OK, gv_plan_check(p, NULL));
    ASSERT_EQ(3, gv_plan_phases(p));
    ASSERT_STR_EQ("start", gv_plan_phase_at(p, 0).name);
    ASSERT_EQ(1100, gv_plan_phase_at(p, 0).memory);
    ASSERT_EQ(100, gv_plan_phase_at(p, 1).memory);
    ASSERT_EQ(150, gv_plan_phase_at(p, 1).resident);
    ASSERT_EQ(7, gv_plan_phase_at(p, 1).disk);
    ASSERT_EQ(1059, gv_plan_phase_at(p, 2).resident);
    ASSERT_EQ(1109, gv_plan_phase_at(p, 2).memory);
    const gv_plan_sums s = gv_plan_sum(p);
    ASSERT_EQ(1109, s.memory);
    ASSERT_EQ(1100, s.resident);
    ASSERT_EQ(0, s.widest);
    ASSERT_EQ(7, s.disk);
    ASSERT_EQ(9, s.output);
    ASSERT_EQ(3.0, s.seconds);
    ASSERT_EQ(8, gv_plan_items(p));
    ASSERT_STR_EQ("a", gv_plan_item_at(p, 0).name);
    ASSERT_EQ(1, gv_plan_item_at(p, 0).last);
    gv_plan_free(p);
    gv_plan_free(NULL);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST counts_arrays_of_graphs(void)
{
    gv_graph_shape g = {.n_nodes = 10, .n_edges = 100, .directed = true};
    ASSERT_EQ(88 + 400, gv_graph_bytes(&g, gv_graph_parts(GV_USES_OUT)));
    ASSERT_EQ(2 * 488 + 80, gv_graph_bytes(&g, GV_PART_ALL));
    g.rule = GV_PROBABILITY_STORED;
    ASSERT_EQ(888, gv_graph_bytes(&g, gv_graph_parts(GV_USES_PROBABILITY)));
    g.directed = false; /* rows are shared, probabilities are not */
    ASSERT_EQ(488 + 800 + 80, gv_graph_bytes(&g, GV_PART_ALL));
    ASSERT_EQ(488, gv_graph_bytes(&g, GV_PART_IN_INDPTR | GV_PART_IN_INDICES));
    g.id_kind = GV_ID_STRING, g.id_width = 7, g.n_attributes = 2;
    ASSERT_EQ(70 + 80, gv_graph_bytes(&g, GV_PART_IDS | GV_PART_ATTRIBUTES));
    PASS();
}

/* ---- imports -------------------------------------------------------------------------------- */

static char path[64];

/* `rows` edges of a ring with chords over n ids; returns false if the file cannot be made. */
static bool write_edges(int64_t n, int64_t rows)
{
    strcpy(path, "/tmp/gv_plan_XXXXXX");
    const int fd = mkstemp(path);
    FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (to == NULL)
        return false;
    for (int64_t i = 0; i < rows; i++)
        fprintf(to, "%lld %lld\n", (long long)(i % n), (long long)((i % n + 1 + i / n * 7) % n));
    return fclose(to) == 0;
}

static gv_status plan_import(gv_context *ctx, const gv_import_opts *o, gv_plan **p,
                             gv_graph_shape *g, gv_error *err)
{
    const char *const paths[] = {path};
    gv_status st = gv_plan_create(ctx, p, err);
    if (st == GV_OK)
        st = gv_import_plan(ctx, paths, 1, o, gv_context_memory_limit(ctx), *p, g, err);
    return st == GV_OK ? gv_plan_check(*p, err) : st;
}

TEST knows_a_small_file(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_plan *p = NULL;
    gv_graph_shape g;
    gv_error err;
    ASSERT(write_edges(1000, 5000));
    ASSERT_EQ(GV_OK, plan_import(ctx, NULL, &p, &g, &err));
    ASSERT_EQ(1000, g.n_nodes);
    ASSERT_EQ(5000, g.n_edges);
    ASSERT(g.directed);
    ASSERT_EQ(GV_PROBABILITY_NONE, g.rule);
    gv_plan_free(p), p = NULL;
    gv_import_opts o = gv_import_defaults();
    o.build.undirected = true;
    o.build.source = GV_FROM_TRIVALENCY;
    ASSERT_EQ(GV_OK, plan_import(ctx, &o, &p, &g, &err));
    ASSERT_EQ(10000, g.n_edges);
    ASSERT_FALSE(g.directed);
    ASSERT_EQ(GV_PROBABILITY_STORED, g.rule);
    gv_plan_free(p);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    unlink(path);
    PASS();
}

/* 2.2 million rows are more than a sample. */
TEST judges_a_large_file(void)
{
    const int64_t n = 200000, rows = 2200000;
    gv_context *ctx = test_context(2, -1);
    gv_plan *p = NULL;
    gv_graph_shape g;
    gv_error err;
    ASSERT(write_edges(n, rows));
    ASSERT_EQ(GV_OK, plan_import(ctx, NULL, &p, &g, &err));
    ASSERT_EQ(n, g.n_nodes);
    ASSERT_LT(llabs(g.n_edges - rows), rows / 100);
    gv_plan_free(p);
    gv_context_free(ctx);
    unlink(path);
    PASS();
}

TEST refuses_what_it_cannot_see(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_plan *p = NULL;
    gv_graph_shape g;
    gv_error err;
    strcpy(path, "-");
    ASSERT_EQ(GV_ERR_ARG, plan_import(ctx, NULL, &p, &g, &err));
    ASSERT_STR_EQ("standard input cannot be planned: its size is not known", err.message);
    gv_plan_free(p), p = NULL;
    strcpy(path, "/nonexistent/edges");
    ASSERT_EQ(GV_ERR_NO_INPUT, plan_import(ctx, NULL, &p, &g, &err));
    gv_plan_free(p);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    gv_error err;
    gv_status st = GV_ERR_NOMEM;
    ASSERT(write_edges(50, 400));
    for (int64_t k = 0; st != GV_OK; k++) {
        gv_context *ctx = test_context(2, k);
        gv_plan *p = NULL;
        gv_graph_shape g;
        st = plan_import(ctx, NULL, &p, &g, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        gv_plan_free(p);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    unlink(path);
    PASS();
}

TEST looks_at_a_log(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_log_shape s;
    gv_error err;
    strcpy(path, "/tmp/gv_plan_XXXXXX");
    const int fd = mkstemp(path);
    FILE *to = fdopen(fd, "w");
    ASSERT(to != NULL);
    for (int i = 0; i < 3000; i++)
        fprintf(to, "u%d\titem%d\ttopic%d\t%d\n", i % 500, i % 60, i % 4, 1700000000 + i);
    fclose(to);
    ASSERT_EQ(GV_OK, gv_log_look(ctx, path, NULL, &s, &err));
    ASSERT_EQ(3000, s.rows);
    ASSERT_EQ(500, s.users);
    ASSERT_EQ(60, s.items);
    ASSERT_EQ(4, s.n_topics);
    ASSERT_EQ(1.0, s.sampled);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    ASSERT_EQ(GV_ERR_NO_INPUT, gv_log_look(ctx, "/nonexistent/log", NULL, &s, &err));
    for (int64_t k = 0;; k++) {
        gv_context *poor = test_context(2, k);
        const gv_status st = gv_log_look(poor, path, NULL, &s, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(0, gv_context_memory_used(poor));
        gv_context_free(poor);
        if (st == GV_OK)
            break;
    }
    gv_context_free(ctx);
    unlink(path);
    PASS();
}

/* Dense cascades over 150 million consumers with 10 friends each: within 20 GiB, graph included, by
 * both kernels. */
TEST fits_cascades_for_a_country(void)
{
    const int64_t n = 150000000, limit = INT64_C(20) << 30;
    const gv_graph_shape g = {.n_nodes = n, .n_edges = 10 * n, .id_kind = GV_ID_INT};
    const int64_t graph =
        gv_graph_bytes(&g, GV_PART_OUT_INDPTR | GV_PART_OUT_INDICES | GV_PART_IDS);
    gv_cascade_opts o = gv_cascade_defaults();
    gv_context *ctx = test_context(1, -1);
    o.spread_only = true;
    for (int k = GV_CASCADE_POINTS; k <= GV_CASCADE_SLICED; k++) {
        gv_plan *p = NULL;
        o.kernel = (gv_cascade_kernel)k;
        ASSERT_EQ(GV_OK, gv_plan_create(ctx, &p, NULL));
        gv_plan_hold(p, GV_PLAN_RESIDENT, "program", 14 << 20);
        gv_plan_hold(p, GV_PLAN_RESIDENT, "graph", graph);
        gv_cascade_plan(p, &g, NULL, GV_PROBABILITY_CONSTANT, 0.2, 1000, &o, 2, limit);
        gv_plan_begin(p, "write", 0.0);
        ASSERT_EQ(GV_OK, gv_plan_check(p, NULL));
        ASSERT_LTE(gv_plan_sum(p).resident, limit);
        ASSERT_GT(gv_plan_sum(p).resident, limit / 2);
        /* ids are there again to be written */
        ASSERT_GTE(gv_plan_phase_at(p, gv_plan_phases(p) - 1).resident, graph);
        gv_plan_free(p);
    }
    gv_context_free(ctx);
    PASS();
}

/* Learning for 150 million consumers with 10 friends each, from 320 million purchases: within 20
 * GiB, graph included. What it would be with all of the graph resident is more than that. */
TEST fits_learning_for_a_country(void)
{
    const int64_t n = 150000000, limit = INT64_C(20) << 30;
    const gv_graph_shape g = {.n_nodes = n, .n_edges = 10 * n, .id_kind = GV_ID_INT};
    const gv_log_shape log = {.rows = 320000000,
                              .users = n,
                              .items = 80,
                              .mapped = INT64_C(28) * 320000000,
                              .n_topics = 4};
    const unsigned parts = gv_graph_parts(GV_USES_OUT | GV_USES_IN | GV_USES_IDS);
    gv_context *ctx = test_context(1, -1);
    for (int limited = 0; limited < 2; limited++) {
        gv_plan *p = NULL;
        gv_model_shape model;
        ASSERT_EQ(GV_OK, gv_plan_create(ctx, &p, NULL));
        gv_plan_hold(p, GV_PLAN_RESIDENT, "program", 14 << 20);
        gv_plan_hold(p, GV_PLAN_RESIDENT, "graph", gv_graph_bytes(&g, parts));
        gv_learn_plan(p, &g, &log, 2, limited ? limit : 0, &model);
        ASSERT_EQ(GV_OK, gv_plan_check(p, NULL));
        ASSERT_EQ(limited != 0, gv_plan_sum(p).resident <= limit);
        ASSERT_EQ(limited ? 24 * log.rows : 0, gv_plan_sum(p).disk);
        gv_plan_free(p);
    }
    gv_context_free(ctx);
    PASS();
}

SUITE(plan)
{
    RUN_TEST(fits_learning_for_a_country);
    RUN_TEST(fits_cascades_for_a_country);
    RUN_TEST(sums_what_lives_together);
    RUN_TEST(counts_arrays_of_graphs);
    RUN_TEST(knows_a_small_file);
    RUN_TEST(judges_a_large_file);
    RUN_TEST(refuses_what_it_cannot_see);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(looks_at_a_log);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(plan);
    GREATEST_MAIN_END();
}
