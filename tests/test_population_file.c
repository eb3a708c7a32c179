/* test_population_file.c -- a population as files: what is read again is what was made. */
#include "greatest.h"

#include <unistd.h>

#include "engine/memory.h"
#include "engine/population.h"
#include "grapevine/io.h"
#include "io/text_write.h"
#include "tests/support/files.h"
#include "tests/support/graphs.h"
#include "tests/support/populations.h"

static gv_error err;
static char folder[TEST_PATH];

static const char *const names[] = {"graph.h5", "nodes.tsv", "truth.h5", "purchases.tsv"};

static gv_population *small(gv_context *ctx, int64_t consumers)
{
    const gv_consumers_opts o = population_small(consumers, 3, 20);
    gv_population *p = population_make(ctx, &o);
    if (p == NULL)
        exit(EXIT_FAILURE);
    return p;
}

TEST what_is_read_is_what_was_made(void)
{
    char dir[TEST_PATH], path[TEST_PATH];
    gv_context *ctx = test_context(2, -1);
    gv_population *p = small(ctx, 3000);
    gv_graph *g = NULL;
    gv_log *log = NULL;
    gv_truth *truth = NULL;
    const size_t n = (size_t)p->graph->n_nodes, z = (size_t)p->log->info.n_topics;
    test_path(folder, "made", dir);
    if (gv_population_save(ctx, p, dir, true, false, &err) != GV_OK)
        FAILm(err.message);
    ASSERT_EQ(GV_OK, gv_graph_open(ctx, test_path(dir, "graph.h5", path), &g, &err));
    ASSERT_EQ(GV_OK, gv_graph_check(ctx, g, 15, &err));
    ASSERT_STR_EQ(p->graph->hash, g->hash);
    ASSERT_MEM_EQ(p->graph->attribute[1].f32, gv_graph_attribute(g, "value")->f32, n * 4);
    ASSERT_EQ(GV_OK, gv_log_read(ctx, test_path(dir, "purchases.tsv", path), g, NULL, &log, &err));
    ASSERT_EQ(p->log->info.rows_kept, log->info.rows_kept);
    ASSERT_EQ(p->log->info.n_items, log->info.n_items);
    ASSERT_EQ(0, log->info.rows_unmatched);
    ASSERT_GT(log->info.rows_kept, 100);
    ASSERT_EQ(GV_OK, gv_truth_open(ctx, test_path(dir, "truth.h5", path), g, &truth, &err));
    ASSERT_EQ(z, (size_t)truth->n_topics);
    ASSERT_MEM_EQ(p->influencer, truth->influencer, z * n * sizeof *p->influencer);
    ASSERT_MEM_EQ(p->i1, truth->i1, z * n * sizeof *p->i1);
    for (int32_t t = 0; t < truth->n_topics; t++)
        ASSERT_EQ(t, gv_truth_find_topic(truth, gv_log_topic(p->log, t)));
    ASSERT_EQ(-1, gv_truth_find_topic(truth, "no such topic"));
    ASSERT_EQ(GV_ERR_CREATE, gv_population_save(ctx, p, dir, true, false, &err));
    ASSERT(strstr(err.message, "exists already") != NULL);
    ASSERT_EQ(GV_OK, gv_population_save(ctx, p, dir, true, true, &err));
    gv_truth_free(truth);
    gv_truth_free(NULL);
    gv_log_free(log);
    gv_graph_free(g);
    gv_population_free(p);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* The very log comes back: rows, numbers of items, their keys. */
TEST purchases_keep_their_items(void)
{
    char dir[TEST_PATH], path[TEST_PATH];
    gv_context *ctx = test_context(2, -1);
    gv_population *p = small(ctx, 500);
    gv_log *log = NULL;
    test_path(folder, "items", dir);
    ASSERT_EQ(GV_OK, gv_population_save(ctx, p, dir, true, false, &err));
    ASSERT_EQ(GV_OK,
              gv_log_read(ctx, test_path(dir, "purchases.tsv", path), p->graph, NULL, &log, &err));
    ASSERT_EQ(p->log->info.n_items, log->info.n_items);
    int64_t found = 0;
    for (int64_t a = 0; a < log->info.n_items; a++)
        for (int64_t b = 0; b < log->info.n_items; b++)
            if (log->item_key[a] == p->log->item_key[b]) {
                const int64_t rows = log->indptr[a + 1] - log->indptr[a];
                ASSERT_EQ(p->log->indptr[b + 1] - p->log->indptr[b], rows);
                ASSERT_MEM_EQ(p->log->user + p->log->indptr[b], log->user + log->indptr[a],
                              (size_t)rows * sizeof *log->user);
                ASSERT_MEM_EQ(p->log->time + p->log->indptr[b], log->time + log->indptr[a],
                              (size_t)rows * sizeof *log->time);
                found++;
            }
    ASSERT_EQ(log->info.n_items, found);
    gv_log_free(log);
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

TEST tables_are_in_order(void)
{
    char dir[TEST_PATH], path[TEST_PATH];
    gv_context *ctx = test_context(2, -1);
    gv_population *p = small(ctx, 400);
    int64_t size = 0, rows = 0;
    test_path(folder, "order", dir);
    ASSERT_EQ(GV_OK, gv_population_save(ctx, p, dir, true, false, &err));
    char *text = test_bytes(test_path(dir, "purchases.tsv", path), &size);
    ASSERT(text != NULL);
    text[size] = '\0';
    char *line = strchr(text, '\n') + 1;
    ASSERT(strncmp(text, "user\titem\ttopic\ttime\n", 21) == 0);
    long long last_time = -1, last_user = -1, last_item = -1;
    for (; *line != '\0'; line = strchr(line, '\n') + 1, rows++) {
        long long user, item, time;
        char topic[65];
        ASSERT_EQ(4, sscanf(line, "%lld\t%lld\t%64[^\t]\t%lld\n", &user, &item, topic, &time));
        ASSERT(item > last_item || (item == last_item && time > last_time) ||
               (item == last_item && time == last_time && user > last_user));
        last_time = time, last_user = user, last_item = item;
    }
    ASSERT_EQ(p->log->info.rows_kept, rows);
    free(text);
    text = test_bytes(test_path(dir, "nodes.tsv", path), &size);
    ASSERT(text != NULL);
    text[size] = '\0';
    ASSERT(strncmp(text, "id\tsegment\tvalue\n", 17) == 0);
    rows = 0;
    for (line = strchr(text, '\n') + 1; *line != '\0'; line = strchr(line, '\n') + 1, rows++) {
        long long id;
        int segment;
        float value;
        ASSERT_EQ(3, sscanf(line, "%lld\t%d\t%f\n", &id, &segment, &value));
        ASSERT_EQ(p->graph->id_int[rows], id);
        ASSERT_EQ(p->graph->attribute[0].i32[rows], segment);
        ASSERT_EQ(p->graph->attribute[1].f32[rows], value);
    }
    ASSERT_EQ(400, rows);
    free(text);
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

TEST equal_populations_give_equal_bytes(void)
{
    char first[TEST_PATH], second[TEST_PATH], a[TEST_PATH], b[TEST_PATH];
    const int threads[] = {1, 2, 3, 8};
    test_path(folder, "first", first);
    test_path(folder, "second", second);
    for (int t = 0; t < 4; t++) {
        gv_context *ctx = test_context(threads[t], -1);
        gv_population *p = small(ctx, 2000);
        ASSERT_EQ(GV_OK, gv_population_save(ctx, p, t == 0 ? first : second, true, true, &err));
        for (int i = 0; t > 0 && i < 4; i++)
            ASSERT(test_same(test_path(first, names[i], a), test_path(second, names[i], b)));
        gv_population_free(p);
        gv_context_free(ctx);
    }
    PASS();
}

TEST folders_that_cannot_be(void)
{
    char dir[TEST_PATH], path[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_population *p = small(ctx, 20);
    test_path(folder, "no/such", dir);
    ASSERT_EQ(GV_ERR_CREATE, gv_population_save(ctx, p, dir, true, false, &err));
    test_path(folder, "file", dir);
    ASSERT(test_write(dir, "", 0));
    ASSERT_EQ(GV_ERR_CREATE, gv_population_save(ctx, p, dir, true, false, &err));
    test_path(folder, "without", dir);
    ASSERT_EQ(GV_OK, gv_population_save(ctx, p, dir, false, false, &err));
    ASSERT(test_exists(test_path(dir, "truth.h5", path)));
    ASSERT(!test_exists(test_path(dir, "purchases.tsv", path)));
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    char dir[TEST_PATH], path[TEST_PATH];
    gv_context *maker = test_context(1, -1);
    gv_population *p = small(maker, 50);
    test_path(folder, "memory", dir);
    int failures = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; failures++) {
        gv_context *ctx = test_context(1, failures);
        st = gv_population_save(ctx, p, dir, true, false, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        for (int i = 0; st != GV_OK && i < 4; i++)
            ASSERT(!test_exists(test_path(dir, names[i], path)));
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT(failures > 30);
    failures = 0;
    test_path(dir, "truth.h5", path);
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; failures++) {
        gv_context *ctx = test_context(1, failures);
        gv_truth *truth = NULL;
        st = gv_truth_open(ctx, path, p->graph, &truth, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        gv_truth_free(truth);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT(failures > 2);
    gv_population_free(p);
    gv_context_free(maker);
    PASS();
}

TEST a_full_disk_is_an_error(void)
{
    char disk[TEST_PATH], dir[TEST_PATH], path[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_population *p = small(ctx, 2000);
    int full = 0;
    test_path(folder, "disk", disk);
    test_path(disk, "p", dir);
    for (int kilobytes = 16; kilobytes < 600; kilobytes += 48) {
        if (!test_small_disk(disk, kilobytes)) {
            rmdir(disk);
            gv_population_free(p);
            gv_context_free(ctx);
            SKIPm("mounting a small disk is not allowed here");
        }
        const gv_status st = gv_population_save(ctx, p, dir, true, false, &err);
        full += st != GV_OK;
        ASSERT(st == GV_OK || st == GV_ERR_IO || st == GV_ERR_CREATE);
        for (int i = 0; st != GV_OK && i < 4; i++)
            ASSERT(!test_exists(test_path(dir, names[i], path)));
        test_unmount(disk);
        ASSERT_EQ(0, rmdir(disk));
    }
    ASSERT(full > 2);
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

TEST integers_are_formatted(void)
{
    const int64_t list[] = {0, 7, -1, 10, INT64_MAX, INT64_MIN, 1234567890};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        char got[32], want[32];
        *gv_format_int(list[i], got) = '\0';
        snprintf(want, sizeof want, "%lld", (long long)list[i]);
        ASSERT_STR_EQ(want, got);
    }
    PASS();
}

SUITE(population_file)
{
    test_folder(folder);
    RUN_TEST(what_is_read_is_what_was_made);
    RUN_TEST(purchases_keep_their_items);
    RUN_TEST(tables_are_in_order);
    RUN_TEST(equal_populations_give_equal_bytes);
    RUN_TEST(folders_that_cannot_be);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(a_full_disk_is_an_error);
    RUN_TEST(integers_are_formatted);
    test_remove(folder);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(population_file);
    GREATEST_MAIN_END();
}
