/* test_log_runs.c -- logs that are sorted in runs on disk are those that are sorted in memory; and
 * logs of all sorts of bad rows, both ways. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/log.h"
#include "engine/model.h"
#include "grapevine/grapevine.h"
#include "greatest.h"
#include "tests/support/graphs.h"
#include "tests/support/text.h"

static gv_error err;

static gv_graph *graph_of(gv_context *ctx, const char *edges)
{
    char path[TEXT_PATH_CHARS];
    const char *paths[] = {text_file("edges.tsv", edges, -1, path)};
    gv_graph *g = NULL;
    if (gv_import(ctx, paths, 1, NULL, &g, NULL, &err) != GV_OK)
        printf("cannot import: %s\n", err.message), exit(EXIT_FAILURE);
    return g;
}

static enum greatest_test_res same_logs(const gv_log *a, const gv_log *b)
{
    const gv_log_info i = a->info, j = b->info;
    ASSERT_EQ_FMT(i.rows_kept, j.rows_kept, "%" PRId64);
    ASSERT_EQ_FMT(i.n_items, j.n_items, "%" PRId64);
    ASSERT_EQ(i.n_topics, j.n_topics);
    ASSERT(i.rows_read == j.rows_read && i.rows_unmatched == j.rows_unmatched);
    ASSERT(i.users_unmatched == j.users_unmatched && i.rows_bad == j.rows_bad);
    ASSERT(i.rows_without_topic == j.rows_without_topic);
    ASSERT(i.time_begin == j.time_begin && i.time_end == j.time_end);
    const size_t items = (size_t)i.n_items, rows = (size_t)i.rows_kept;
    ASSERT_MEM_EQ(a->indptr, b->indptr, (items + 1) * sizeof *a->indptr);
    ASSERT_MEM_EQ(a->item_topic, b->item_topic, items * sizeof *a->item_topic);
    ASSERT_MEM_EQ(a->item_key, b->item_key, items * sizeof *a->item_key);
    ASSERT_MEM_EQ(a->user, b->user, rows * sizeof *a->user);
    ASSERT_MEM_EQ(a->time, b->time, rows * sizeof *a->time);
    ASSERT_EQ(a->item_share == NULL, b->item_share == NULL);
    if (a->item_share != NULL)
        ASSERT_MEM_EQ(a->item_share, b->item_share, items * sizeof *a->item_share);
    ASSERT_STR_EQ(a->hash, b->hash);
    PASS();
}

/* Reads `path` in runs of many lengths, with and without a limit of memory. */
static enum greatest_test_res runs_do_not_matter(const char *path, gv_log_opts o)
{
    static const int64_t at_once[] = {1, 2, 7, 100, 1000000};
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, "1 2\n2 3\n3 4\n4 5\n5 9\n");
    gv_log *whole = NULL, *log = NULL;
    o.rows_at_once = 0;
    ASSERT_EQm(err.message, GV_OK, gv_log_read(ctx, path, g, &o, &whole, &err));
    ASSERT_EQ(0, gv_log_describe(whole).bytes_spilled);
    const int64_t rows = gv_log_describe(whole).rows_kept;
    for (size_t i = 0; i < sizeof at_once / sizeof *at_once; i++)
        for (int32_t threads = 1; threads <= 3; threads += 2)
            for (int tight = 0; tight < 2; tight++) {
                gv_context *other = test_context(threads, -1);
                o.rows_at_once = at_once[i];
                o.tmpdir = tight ? "." : NULL;
                other->memory_limit = tight ? INT64_C(1) << 30 : 0;
                ASSERT_EQm(err.message, GV_OK, gv_log_read(other, path, g, &o, &log, &err));
                CHECK_CALL(same_logs(whole, log));
                const bool runs = rows > at_once[i];
                ASSERT_EQ(runs, log->mapping != NULL);
                if (o.topics == NULL) /* else rows are spread after they were spilled */
                    ASSERT(runs ? log->info.bytes_spilled >= 2 * 12 * rows
                                : log->info.bytes_spilled == 0);
                gv_log_free(log);
                ASSERT_EQ(0, gv_context_memory_used(other));
                gv_context_free(other);
            }
    gv_log_free(whole), gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Rows at random, with ties, repeats and strangers. `names`: items are texts; `topics`: the log
 * names them. Names come in another order than that of their ranks. */
static char *random_rows(int n, int names, int topics, char *at)
{
    for (int i = 0; i < n; i++) {
        const uint64_t k = 8 * (uint64_t)i;
        at += sprintf(at, "%d\t%s%d\t", (int)(12 * test_random(9, k)), names ? "x" : "",
                      (int)(40 * test_random(9, k + 1)));
        if (topics)
            at += sprintf(at, "%s%d\t", names ? "kind " : "", (int)(9 * test_random(9, k + 2)));
        at += sprintf(at, "%d\n", (int)(100 * test_random(9, k + 3)) - 50);
    }
    return at;
}

TEST runs_make_the_same_log(int names)
{
    static char text[100000];
    char path[TEXT_PATH_CHARS];
    random_rows(3000, names, 1, text);
    text_file("log.tsv", text, -1, path);
    CHECK_CALL(runs_do_not_matter(path, gv_log_defaults()));
    PASS();
}

/* "7" and "007" are one item. */
TEST names_of_one_number(void)
{
    char path[TEXT_PATH_CHARS];
    text_file("log.tsv", "1 7 a 5\n2 007 a 4\n3 07 a 4\n1 007 a 6\n2 8 a 1\n3 007 b 1\n", -1, path);
    CHECK_CALL(runs_do_not_matter(path, gv_log_defaults()));
    PASS();
}

TEST items_of_several_topics(void)
{
    static char text[100000], topics[20000];
    char path[TEXT_PATH_CHARS], topics_path[TEXT_PATH_CHARS], *at = topics;
    random_rows(2000, 1, 0, text);
    at += sprintf(at, "item\ttopic\tweight\n");
    for (int a = 38; a >= 0; a--) /* one item has no topic */
        for (int z = 0; z <= a % 4; z++)
            at += sprintf(at, "x%d\tkind %d\t%d\n", a, (a + 5 * z) % 9, 1 + z);
    text_file("log.tsv", text, -1, path);
    gv_log_opts o = {.topics = text_file("topics.tsv", topics, -1, topics_path)};
    CHECK_CALL(runs_do_not_matter(path, o));
    PASS();
}

/* One consumer with most of the purchases, an item that everybody buys, times before 1970 and as
 * far off as they may be, ties, repeats, people and topics that nobody knows. What is learnt is
 * the same both ways, and sound. */
TEST bad_logs_are_learnt_from(void)
{
    enum { MANY = 20000 };
    char path[TEXT_PATH_CHARS], *text = malloc(MANY * 40 + 4000), *at = text;
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, "1 2\n2 1\n2 3\n3 2\n3 4\n4 5\n5 9\n");
    for (int i = 0; i < MANY; i++)
        at += sprintf(at, "2,%d,%d,%d\n", 10 + i, i % 3, i - MANY / 2);
    for (int v = 1; v <= 9; v++) /* 6, 7 and 8 are strangers */
        at += sprintf(at, "%d,1,0,%d\n%d,1,0,%d\n%d,2,0,-7\n", v, 86400 * v - 400000, v, 86400 * v,
                      v);
    at += sprintf(at, "3,11,1,-999999999999999\n4,12,2,999999999999999\n8,5,ghosts,1\n1,3,0,5\n");
    text_file("log.csv", text, at - text, path);
    gv_log *log[2];
    gv_model *m[2];
    gv_learn_info info[2];
    float *p = malloc((size_t)g->n_edges * sizeof *p);
    for (int i = 0; i < 2; i++) {
        const gv_log_opts o = {.rows_at_once = i == 0 ? 0 : 999};
        ASSERT_EQm(err.message, GV_OK, gv_log_read(ctx, path, g, &o, &log[i], &err));
        const gv_log_info x = gv_log_describe(log[i]);
        ASSERT_EQ_FMT(INT64_C(10), x.rows_unmatched, "%" PRId64);
        ASSERT_EQ_FMT(INT64_C(3), x.users_unmatched, "%" PRId64);
        ASSERT_EQ_FMT(INT64_C(MANY + 21), x.rows_kept, "%" PRId64);
        ASSERT_EQ(3, x.n_topics); /* nobody known bought among "ghosts" */
        ASSERT(x.time_begin == -999999999999999 && x.time_end == 999999999999999);
        ASSERT_EQm(err.message, GV_OK, gv_learn(ctx, g, log[i], NULL, &m[i], &info[i], &err));
        ASSERT_EQ_FMT(INT64_C(6), info[i].repeats, "%" PRId64); /* of item 1 */
        ASSERT_EQ_FMT(x.rows_kept - 6, info[i].adoptions, "%" PRId64);
        for (int32_t z = 0; z < 3; z++) {
            ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, m[i], g, z, p, &err));
            for (int64_t e = 0; e < g->n_edges; e++)
                ASSERT(p[e] >= 0.0f && p[e] <= 1.0f);
        }
    }
    CHECK_CALL(same_logs(log[0], log[1]));
    ASSERT_EQ(info[0].credited, info[1].credited);
    ASSERT_EQ(info[0].evidence, info[1].evidence);
    ASSERT_MEM_EQ(m[0]->target, m[1]->target, (size_t)g->n_nodes * sizeof *m[0]->target);
    for (int i = 0; i < 2; i++)
        gv_model_free(m[i]), gv_log_free(log[i]);
    free(p), free(text);
    gv_graph_free(g), gv_context_free(ctx);
    PASS();
}

TEST documented_errors(void)
{
    char path[TEXT_PATH_CHARS];
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = graph_of(ctx, "1 2\n");
    const int64_t held = gv_context_memory_used(ctx);
    gv_log *log = NULL;
    gv_log_opts o = {.rows_at_once = -1};
    text_file("log.tsv", "1 7 a 5\n2 7 a 4\n", -1, path);
    ASSERT_EQ(GV_ERR_RANGE, gv_log_read(ctx, path, g, &o, &log, &err));
    ASSERT_STR_EQ("log: -1 rows at once is negative", err.message);
    o = (gv_log_opts){.rows_at_once = 1, .tmpdir = "/nowhere/to be found"};
    ASSERT_EQ(GV_ERR_CREATE, gv_log_read(ctx, path, g, &o, &log, &err));
    ASSERT_EQ(held, gv_context_memory_used(ctx));
    gv_graph_free(g), gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    char path[TEXT_PATH_CHARS], topics[TEXT_PATH_CHARS];
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = graph_of(ctx, "1 2\n2 3\n");
    const int64_t held = gv_context_memory_used(ctx);
    text_file("log.tsv", "1 x 5\n2 y 4\n3 x 4\n9 x 6\n1 y 7\n", -1, path);
    const gv_log_opts o = {.rows_at_once = 2,
                           .topics =
                               text_file("topics.tsv", "item topic\ny a\nx a\nx b\n", -1, topics)};
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    for (; st != GV_OK; k++) {
        gv_log *log = NULL;
        ctx->allocations = 0;
        ctx->fail_allocation = k;
        st = gv_log_read(ctx, path, g, &o, &log, &err);
        ASSERTm(err.message, st == GV_OK || st == GV_ERR_NOMEM);
        if (st == GV_OK)
            gv_log_free(log);
        ASSERT_EQ_FMT(held, gv_context_memory_used(ctx), "%" PRId64);
        ASSERT_LT(k, 1000);
    }
    ASSERT_GT(k, 60);
    gv_graph_free(g), gv_context_free(ctx);
    PASS();
}

SUITE(log_runs)
{
    RUN_TEST1(runs_make_the_same_log, 0);
    RUN_TEST1(runs_make_the_same_log, 1);
    RUN_TEST(names_of_one_number);
    RUN_TEST(items_of_several_topics);
    RUN_TEST(bad_logs_are_learnt_from);
    RUN_TEST(documented_errors);
    RUN_TEST(survives_every_failed_allocation);
    text_clean();
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(log_runs);
    GREATEST_MAIN_END();
}
