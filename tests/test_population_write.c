/* test_population_write.c -- populations made piece by piece into files: the bytes that
 * gv_population_save() writes of the population in memory, and logs in HDF5 that are the same logs.
 */
#include "greatest.h"

#include <unistd.h>

#include "engine/log.h"
#include "engine/population.h"
#include "grapevine/io.h"
#include "io/h5.h"
#include "support/files.h"
#include "support/graphs.h"
#include "support/populations.h"

static gv_error err;
static char folder[TEST_PATH];

static const char *const names[] = {"graph.h5", "nodes.tsv", "truth.h5", "purchases.tsv"};

static gv_status write_population(gv_context *ctx, const gv_consumers_opts *o, const char *dir,
                                  gv_purchases_format format, bool overwrite, int64_t *rows)
{
    gv_population_plan *plan = NULL;
    gv_status st = gv_population_plan_create(ctx, o, &plan, &err);
    if (st == GV_OK)
        st = gv_population_write(ctx, plan, dir, format, overwrite, rows, &err);
    gv_population_plan_free(plan);
    return st;
}

/* Sizes around a district, one with several batches (many topics make them small), none at all. */
static gv_consumers_opts options(int i)
{
    static const struct {
        int64_t consumers, items;
        int32_t topics;
        double degree;
    } list[] = {{1, 5, 1, 10},    {50, 5, 2, 10},    {4096, 3, 3, 10},   {4097, 2, 9, 4},
                {9000, 4, 2, 60}, {13000, 0, 2, 10}, {12300, 1, 300, 3}, {300, 20, 2, 0}};
    gv_consumers_opts o = population_small(list[i].consumers, list[i].topics, list[i].items);
    o.mean_degree = list[i].degree;
    o.influence = i != 4;
    o.seed = (uint64_t)i + 1;
    return o;
}
enum { OPTIONS = 8, BATCHES = 6 };

TEST equals_the_population_in_memory(int i)
{
    char saved[TEST_PATH], written[TEST_PATH], a[TEST_PATH], b[TEST_PATH];
    const int32_t threads[] = {1, 2, 3, 8};
    const gv_consumers_opts o = options(i);
    gv_context *ctx = test_context(2, -1);
    gv_population *p = population_make(ctx, &o);
    ASSERT(p != NULL);
    test_path(folder, "saved", saved);
    test_path(folder, "written", written);
    ASSERT_EQ(GV_OK, gv_population_save(ctx, p, saved, true, true, &err));
    for (int t = 0; t < (i == BATCHES ? 2 : 4); t++) {
        gv_context *other = test_context(threads[t], -1);
        int64_t rows = -1;
        ASSERT_EQ(GV_OK, write_population(other, &o, written, GV_PURCHASES_TSV, true, &rows));
        ASSERT_EQ(p->log->info.rows_kept, rows);
        for (int f = 0; f < 4; f++)
            ASSERTm(names[f],
                    test_same(test_path(saved, names[f], a), test_path(written, names[f], b)));
        ASSERT_EQ(0, gv_context_memory_used(other));
        gv_context_free(other);
    }
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

/* A limit makes rounds of fewer items, and no other file. */
TEST memory_limits_do_not_show(void)
{
    char wide[TEST_PATH], tight[TEST_PATH], a[TEST_PATH], b[TEST_PATH];
    const gv_consumers_opts o = population_small(20000, 2, 150);
    test_path(folder, "wide", wide);
    test_path(folder, "tight", tight);
    gv_context *ctx = test_context(2, -1);
    gv_context_opts c = gv_context_defaults();
    c.n_threads = 3;
    c.memory_limit = 40 << 20;
    gv_context *small = NULL;
    ASSERT_EQ(GV_OK, gv_context_create(&c, &small, &err));
    ASSERT_EQ(GV_OK, write_population(ctx, &o, wide, GV_PURCHASES_TSV, false, NULL));
    if (write_population(small, &o, tight, GV_PURCHASES_TSV, false, NULL) != GV_OK)
        FAILm(err.message);
    for (int f = 0; f < 4; f++)
        ASSERTm(names[f], test_same(test_path(wide, names[f], a), test_path(tight, names[f], b)));
    ASSERT(gv_context_memory_peak(small) <= 40 << 20);
    c.memory_limit = 100000;
    gv_context_free(small);
    ASSERT_EQ(GV_OK, gv_context_create(&c, &small, &err));
    ASSERT_EQ(GV_ERR_NOMEM, write_population(small, &o, tight, GV_PURCHASES_TSV, true, NULL));
    ASSERT(test_exists(test_path(tight, "graph.h5", a))); /* that of before is left alone */
    gv_context_free(small);
    gv_context_free(ctx);
    PASS();
}

TEST a_log_in_hdf5_is_the_same_log(int32_t threads)
{
    char text[TEST_PATH], h5[TEST_PATH], path[TEST_PATH];
    const gv_consumers_opts o = population_small(3000, 3, 30);
    gv_context *ctx = test_context(threads, -1);
    gv_graph *g = NULL;
    gv_log *a = NULL, *b = NULL;
    int64_t rows = 0;
    test_path(folder, "text", text);
    test_path(folder, "h5", h5);
    ASSERT_EQ(GV_OK, write_population(ctx, &o, text, GV_PURCHASES_TSV, true, NULL));
    ASSERT_EQ(GV_OK, write_population(ctx, &o, h5, GV_PURCHASES_H5, true, &rows));
    ASSERT(!test_exists(test_path(h5, "purchases.h5.rows.part", path)));
    ASSERT_EQ(GV_OK, gv_graph_open(ctx, test_path(text, "graph.h5", path), &g, &err));
    ASSERT_EQ(GV_OK, gv_log_read(ctx, test_path(text, "purchases.tsv", path), g, NULL, &a, &err));
    if (gv_log_read(ctx, test_path(h5, "purchases.h5", path), g, NULL, &b, &err) != GV_OK)
        FAILm(err.message);
    ASSERT_EQ(rows, b->info.rows_read);
    ASSERT_EQ(rows, b->info.rows_kept);
    ASSERT_EQ(a->info.n_items, b->info.n_items);
    ASSERT_STR_EQ(a->hash, b->hash);
    ASSERT_MEM_EQ(a->item_key, b->item_key, (size_t)a->info.n_items * sizeof *a->item_key);
    ASSERT_MEM_EQ(a->user, b->user, (size_t)rows * sizeof *a->user);
    ASSERT_MEM_EQ(a->time, b->time, (size_t)rows * sizeof *a->time);
    gv_log_free(b);
    const gv_log_opts runs = {.rows_at_once = 1000, .tmpdir = folder};
    ASSERT_EQ(GV_OK, gv_log_read(ctx, test_path(h5, "purchases.h5", path), g, &runs, &b, &err));
    ASSERT(b->info.bytes_spilled >= 24 * rows);
    ASSERT_STR_EQ(a->hash, b->hash);
    gv_log_free(a);
    gv_log_free(b);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- logs in HDF5 with faults ---------------------------------------------------------------- */

typedef struct small_log {
    int64_t user[4], item[4], time[4];
    int32_t topic[4];
    int64_t n_rows; /* as the attribute says */
} small_log;

static const small_log good = {.user = {5, 6, 99, 7},
                               .item = {3, 3, 3, 8},
                               .time = {10, 20, 30, 5},
                               .topic = {1, 1, 1, 0},
                               .n_rows = 4};

static gv_status put_log(gv_context *ctx, const small_log *l, const char *path)
{
    static const char topics[2 * GV_TOPIC_CHARS] = "tea";
    const gv_h5_shape wide = gv_h5_vector(GV_I64, 4), narrow = gv_h5_vector(GV_I32, 4);
    const gv_h5_shape text = gv_h5_strings(GV_TOPIC_CHARS, 2);
    char name[2 * GV_TOPIC_CHARS];
    gv_h5 *f = NULL;
    memcpy(name, topics, sizeof name);
    memcpy(name + GV_TOPIC_CHARS, "books", 5);
    gv_status st = gv_h5_create(ctx, path, true, "grapevine-log", 1, &f, &err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_rows", l->n_rows, &err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_topics", 2, &err);
    if (st == GV_OK)
        st = gv_h5_write(f, "/user", &wide, l->user, NULL, &err);
    if (st == GV_OK)
        st = gv_h5_write(f, "/item", &wide, l->item, NULL, &err);
    if (st == GV_OK)
        st = gv_h5_write(f, "/time", &wide, l->time, NULL, &err);
    if (st == GV_OK)
        st = gv_h5_write(f, "/topic", &narrow, l->topic, NULL, &err);
    if (st == GV_OK)
        st = gv_h5_write(f, "/topics/name", &text, name, NULL, &err);
    return st == GV_OK ? gv_h5_commit(&f, &err) : st;
}

static gv_graph *three(gv_context *ctx)
{
    edge_list e = edges_path(3);
    static const int64_t ids[] = {5, 6, 7};
    e.ids = malloc(sizeof ids);
    if (e.ids == NULL)
        exit(EXIT_FAILURE);
    memcpy(e.ids, ids, sizeof ids);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    edges_free(&e);
    return g;
}

TEST strangers_are_counted(void)
{
    char path[TEST_PATH];
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = three(ctx);
    gv_log *log = NULL;
    test_path(folder, "good.h5", path);
    ASSERT_EQ(GV_OK, put_log(ctx, &good, path));
    ASSERT_EQ(GV_OK, gv_log_read(ctx, path, g, NULL, &log, &err));
    ASSERT_EQ(4, log->info.rows_read);
    ASSERT_EQ(3, log->info.rows_kept);
    ASSERT_EQ(1, log->info.rows_unmatched);
    ASSERT_EQ(1, log->info.users_unmatched);
    ASSERT_EQ(2, log->info.n_topics);
    ASSERT_STR_EQ("books", gv_log_topic(log, 0)); /* by name, not by number in the file */
    gv_log_free(log);
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

static void count_message(void *data, const char *message)
{
    *(int *)data += strstr(message, "is not in [") != NULL;
}

TEST bad_rows_are_errors_or_skipped(void)
{
    char path[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = three(ctx);
    small_log bad[4] = {good, good, good, good};
    bad[0].item[1] = -1;
    bad[1].topic[3] = 2;
    bad[2].time[0] = GV_TIME_LIMIT + 1;
    bad[3].topic[2] = -1;
    test_path(folder, "bad.h5", path);
    for (int i = 0; i < 4; i++) {
        gv_log *log = NULL;
        int messages = 0;
        gv_log_opts o = gv_log_defaults();
        ASSERT_EQ(GV_OK, put_log(ctx, &bad[i], path));
        ASSERT_EQ(GV_ERR_DATA, gv_log_read(ctx, path, g, NULL, &log, &err));
        ASSERT(strstr(err.message, "bad.h5: /") != NULL &&
               strstr(err.message, "is not in [") != NULL);
        o.lenient = true;
        o.bad_row = count_message;
        o.bad_row_data = &messages;
        ASSERT_EQ(GV_OK, gv_log_read(ctx, path, g, &o, &log, &err));
        ASSERT_EQ(1, log->info.rows_bad);
        ASSERT_EQ(1, messages);
        gv_log_free(log);
    }
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST files_that_are_no_logs(void)
{
    char path[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = three(ctx);
    gv_log *log = NULL;
    gv_log_opts o = gv_log_defaults();
    small_log longer = good;
    longer.n_rows = 5;
    test_path(folder, "longer.h5", path);
    ASSERT_EQ(GV_OK, put_log(ctx, &longer, path));
    ASSERT_EQ(GV_ERR_DATA, gv_log_read(ctx, path, g, NULL, &log, &err));
    ASSERT_EQ(GV_OK, put_log(ctx, &good, path));
    o.columns = "1,2,3,4";
    ASSERT_EQ(GV_ERR_ARG, gv_log_read(ctx, path, g, &o, &log, &err));
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, path, true, &err));
    ASSERT_EQ(GV_ERR_DATA, gv_log_read(ctx, path, g, NULL, &log, &err));
    ASSERT(strstr(err.message, "grapevine-log") != NULL);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- failures -------------------------------------------------------------------------------- */

static bool any_file(const char *dir)
{
    char path[TEST_PATH];
    bool any = test_exists(test_path(dir, "purchases.h5", path));
    for (int f = 0; f < 4; f++)
        any = any || test_exists(test_path(dir, names[f], path));
    return any;
}

TEST survives_every_failed_allocation(int format)
{
    char dir[TEST_PATH], path[TEST_PATH];
    const gv_consumers_opts o = population_small(60, 2, 4);
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    test_path(folder, format == GV_PURCHASES_H5 ? "memory_h5" : "memory", dir);
    for (; st != GV_OK; k++) {
        gv_context *ctx = test_context(1, k);
        st = write_population(ctx, &o, dir, (gv_purchases_format)format, false, NULL);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(st == GV_OK, any_file(dir));
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GT(k, 80);
    gv_context *maker = test_context(1, -1);
    gv_graph *g = NULL;
    ASSERT_EQ(GV_OK, gv_graph_open(maker, test_path(dir, "graph.h5", path), &g, &err));
    test_path(dir, format == GV_PURCHASES_H5 ? "purchases.h5" : "purchases.tsv", path);
    st = GV_ERR_NOMEM;
    for (k = 0; st != GV_OK; k++) {
        gv_context *ctx = test_context(1, k);
        gv_log *log = NULL;
        st = gv_log_read(ctx, path, g, NULL, &log, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        gv_log_free(log);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GT(k, 10);
    gv_graph_free(g);
    gv_context_free(maker);
    PASS();
}

/* Cancels at the report number `*data`. */
static bool cancel(void *data, const char *stage, int64_t done, int64_t total)
{
    int *left = data;
    return stage != NULL && done <= total && (*left)-- > 0;
}

TEST can_be_cancelled(void)
{
    char dir[TEST_PATH];
    const gv_consumers_opts o = population_small(200, 2, 3);
    gv_status st = GV_ERR_CANCELLED;
    int reports = 0;
    test_path(folder, "cancelled", dir);
    for (; st != GV_OK && reports < 100; reports++) {
        int left = reports;
        gv_context_opts c = gv_context_defaults();
        c.progress = cancel;
        c.progress_data = &left;
        gv_context *ctx;
        ASSERT_EQ(GV_OK, gv_context_create(&c, &ctx, NULL));
        st = write_population(ctx, &o, dir, GV_PURCHASES_TSV, false, NULL);
        ASSERT(st == GV_OK || st == GV_ERR_CANCELLED);
        ASSERT_EQ(st == GV_OK, any_file(dir));
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GTE(reports, 4);
    PASS();
}

TEST files_that_exist_are_left_alone(void)
{
    char dir[TEST_PATH], path[TEST_PATH];
    const gv_consumers_opts o = population_small(60, 1, 1);
    gv_context *ctx = test_context(1, -1), *other = test_context(1, -1);
    gv_population_plan *plan = NULL;
    test_path(folder, "there", dir);
    ASSERT_EQ(GV_OK, write_population(ctx, &o, dir, GV_PURCHASES_NONE, false, NULL));
    ASSERT(!test_exists(test_path(dir, "purchases.tsv", path)));
    ASSERT_EQ(GV_ERR_CREATE, write_population(ctx, &o, dir, GV_PURCHASES_NONE, false, NULL));
    ASSERT(test_exists(test_path(dir, "graph.h5", path)));
    ASSERT_EQ(0, unlink(test_path(dir, "graph.h5", path)));
    ASSERT_EQ(0, unlink(test_path(dir, "nodes.tsv", path)));
    ASSERT_EQ(0, unlink(test_path(dir, "truth.h5", path)));
    ASSERT(test_write(test_path(dir, "purchases.h5", path), "mine", 4));
    ASSERT_EQ(GV_ERR_CREATE, write_population(ctx, &o, dir, GV_PURCHASES_H5, false, NULL));
    ASSERT(strstr(err.message, "purchases.h5") != NULL);
    ASSERT(!test_exists(test_path(dir, "graph.h5", path)));
    ASSERT_EQ(GV_OK, write_population(ctx, &o, dir, GV_PURCHASES_TSV, false, NULL));
    ASSERT_EQ(GV_OK, gv_population_plan_create(ctx, &o, &plan, &err));
    ASSERT_EQ(GV_ERR_ARG,
              gv_population_write(other, plan, dir, GV_PURCHASES_TSV, true, NULL, &err));
    ASSERT_STR_EQ("books", gv_population_plan_topic(plan, 0));
    gv_population_plan_free(plan);
    gv_population_plan_free(NULL);
    gv_context_free(other);
    gv_context_free(ctx);
    PASS();
}

SUITE(population_write)
{
    for (int i = 0; i < OPTIONS; i++)
        RUN_TEST1(equals_the_population_in_memory, i);
    RUN_TEST(memory_limits_do_not_show);
    RUN_TEST1(a_log_in_hdf5_is_the_same_log, 1);
    RUN_TEST1(a_log_in_hdf5_is_the_same_log, 3);
    RUN_TEST(strangers_are_counted);
    RUN_TEST(bad_rows_are_errors_or_skipped);
    RUN_TEST(files_that_are_no_logs);
    RUN_TEST1(survives_every_failed_allocation, GV_PURCHASES_TSV);
    RUN_TEST1(survives_every_failed_allocation, GV_PURCHASES_H5);
    RUN_TEST(can_be_cancelled);
    RUN_TEST(files_that_exist_are_left_alone);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    test_folder(folder);
    RUN_SUITE(population_write);
    test_remove(folder);
    GREATEST_MAIN_END();
}
