/* test_results_file.c -- results files: what is put is what is read, equal bytes, errors, full
 * disks. */
#define _DEFAULT_SOURCE
#include "greatest.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

#include "engine/context.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "grapevine/io.h"
#include "io/h5.h"
#include "tests/support/files.h"
#include "tests/support/graphs.h"

enum { N = 300000, Z = 2, ROWS = 5 };

static gv_error err;
static char folder[TEST_PATH];

static gv_graph *graph(gv_context *ctx)
{
    edge_list e = edges_path(4);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    edges_free(&e);
    if (g == NULL)
        exit(EXIT_FAILURE);
    return g;
}

/* What test_results_file writes and tests/python/check_results.py reads. */
static float score[Z * N];
static int16_t flag[Z * N];

static void fill(void)
{
    for (int64_t i = 0; i < (int64_t)Z * N; i++) {
        score[i] = (float)(i % 1000) / 8;
        flag[i] = (int16_t)(i % 7 == 0 || i % 1000 > 997);
    }
}

static gv_model model_of_topics(void)
{
    static char name[3][GV_TOPIC_CHARS + 1] = {
        "b\303\274cher", "music",
        "0123456789012345678901234567890123456789012345678901234567890123"};
    static const int64_t items[3] = {7, 0, 9};
    return (gv_model){
        .n_topics = 3, .topic_name = name, .topic_items = items, .log_hash = "00000000deadbeef"};
}

static gv_status put_table(gv_results *r)
{
    static const int32_t rank[ROWS] = {1, 2, 3, 4, 5};
    static const int64_t id[ROWS] = {-5, 1, 2, INT64_C(5000000000), 9};
    static const double gain[ROWS] = {.5, 1e300, -0.0, NAN, 3};
    static const float cost[ROWS] = {1, 2, 3, 4, .25f};
    static const int16_t flags[ROWS] = {0, 1, 0, 1, -1};
    static const char text[ROWS][6] = {"a", "bc", "def", "", "sixsix"};
    const gv_table_column columns[] = {
        {"rank", GV_I32, 0, rank}, {"ext_id", GV_I64, 0, id},    {"gain", GV_F64, 0, gain},
        {"cost", GV_F32, 0, cost}, {"is_new", GV_I16, 0, flags}, {"segment", GV_TEXT, 6, text},
    };
    gv_status st = gv_results_put_table(r, "/seeds/default", "seeds", columns, 6, ROWS, &err);
    if (st == GV_OK)
        st = gv_results_put_table(r, "/seeds/none", "no seeds", columns, 6, 0, &err);
    if (st == GV_OK)
        st = gv_results_attr_f64(r, "/seeds/default", "epsilon", .1, &err);
    return st;
}

/* Everything a results file can hold. */
static gv_status put_all(gv_results *r, const gv_graph *g)
{
    const int64_t matrix[] = {Z, N}, cube[] = {2, 3, 2}, none[] = {0}, two[] = {2, 0};
    const int32_t numbers[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -11};
    const int64_t indptr[] = {0, 2, 2, 3}, longs[] = {1, -2};
    const gv_node indices[] = {1, 3, 0};
    const double data[] = {.5, .25, 1};
    const int64_t pair[] = {2}, entries[] = {3};
    const gv_model m = model_of_topics();
    const char *yaml = "influence:\n  measure: i1\n";
    gv_status st = gv_results_put_nodes(r, g, &err);
    if (st == GV_OK)
        st = gv_results_put_nodes(r, g, &err);
    if (st == GV_OK)
        st = gv_results_put_topics(r, &m, &err);
    if (st == GV_OK)
        st = gv_results_put_topics(r, &m, &err);
    if (st == GV_OK)
        st = gv_results_put(r, "/influence/i1", GV_F32, 2, matrix, score, &err);
    if (st == GV_OK)
        st = gv_results_put_flags(r, "/influence/is_influencer", 2, matrix, flag, &err);
    if (st == GV_OK)
        st = gv_results_attr_f64(r, "/influence", "quantile", .15, &err);
    if (st == GV_OK)
        st = gv_results_put(r, "/cascade/default/cube", GV_I32, 3, cube, numbers, &err);
    if (st == GV_OK)
        st = gv_results_put(r, "/cascade/default/pair", GV_I64, 1, pair, longs, &err);
    if (st == GV_OK)
        st = gv_results_put(r, "/cascade/default/empty", GV_F64, 1, none, NULL, &err);
    if (st == GV_OK)
        st = gv_results_put_flags(r, "/cascade/default/no_flags", 2, two, NULL, &err);
    if (st == GV_OK)
        st = gv_results_put_text(r, "/ppr/default/column", 1, two, 4, "ab\0\0wxyz", &err);
    if (st == GV_OK)
        st = gv_results_put_csr(r, "/influencers", 3, 4, indptr, indices, GV_F64, data, &err);
    if (st == GV_OK)
        st = gv_results_put(r, "/influencers/rank", GV_I32, 1, entries, numbers, &err);
    if (st == GV_OK)
        st = put_table(r);
    if (st == GV_OK)
        st = gv_results_attr_i64(r, "/cascade/default", "n_sims", 1, &err);
    if (st == GV_OK)
        st = gv_results_attr_i64(r, "/cascade/default", "n_sims", 10000, &err);
    if (st == GV_OK)
        st = gv_results_attr_text(r, "/cascade/default", "model", "independent", &err);
    if (st == GV_OK)
        st = gv_results_provenance(r, yaml, &err);
    return st == GV_OK ? gv_results_provenance(r, "ppr:\n", &err) : st;
}

static gv_status write_file(gv_context *ctx, const char *path, const gv_graph *g)
{
    gv_results *r;
    gv_status st = gv_results_create(ctx, path, true, g, 42, &r, &err);
    if (st != GV_OK)
        return st;
    st = put_all(r, g);
    if (st != GV_OK) {
        gv_results_discard(r);
        return st;
    }
    return gv_results_commit(&r, &err);
}

TEST what_is_put_is_read(void)
{
    char path[TEST_PATH], text[64], part[TEST_PATH];
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph(ctx);
    gv_h5 *f;
    gv_h5_info info;
    int64_t number;
    double real;
    ASSERT_EQ(GV_OK, write_file(ctx, test_path(folder, "all.h5", path), g));
    ASSERT(!test_exists(test_path(folder, "all.h5.part", part)));
    ASSERT_EQ(GV_OK, gv_h5_open(ctx, path, &f, &err));
    ASSERT_EQ(GV_OK, gv_h5_expect(f, "grapevine-results", 1, &err));
    ASSERT_EQ(GV_ERR_DATA, gv_h5_expect(f, "grapevine-graph", 1, &err));
    ASSERT_EQ(GV_OK, gv_h5_get_i64(f, "/", "seed", &number, &err));
    ASSERT_EQ(42, number);
    ASSERT_EQ(GV_OK, gv_h5_get_i64(f, "/cascade/default", "n_sims", &number, &err));
    ASSERT_EQ(10000, number);
    ASSERT_EQ(GV_OK, gv_h5_get_f64(f, "/influence", "quantile", &real, &err));
    ASSERT_EQ(.15, real);
    ASSERT_EQ(GV_OK, gv_h5_get_text(f, "/", "graph_hash", text, sizeof text, &err));
    ASSERT_EQ(16, strlen(text));
    ASSERT_EQ(GV_OK, gv_h5_get_text(f, "/", "log_hash", text, sizeof text, &err));
    ASSERT_STR_EQ("00000000deadbeef", text);
    const char *yaml = "influence:\n  measure: i1\nppr:\n";
    char want[GV_HASH_CHARS + 1];
    ASSERT_EQ(GV_OK, gv_h5_get_text(f, "/", "config_hash", text, sizeof text, &err));
    ASSERT_STR_EQ(gv_hash_text(gv_hash_small(yaml, strlen(yaml)), want), text);
    ASSERT_EQ(GV_OK, gv_h5_look(f, "/provenance/config_yaml", &info, &err));
    ASSERT_EQ(0, info.shape.rank);
    ASSERT_EQ((int64_t)strlen(yaml), info.bytes);
    ASSERT_EQ(GV_OK, gv_h5_read(f, "/provenance/config_yaml", text, &err));
    ASSERT_MEM_EQ(yaml, text, strlen(yaml));

    static float scores[Z * N];
    static int16_t flags[Z * N];
    ASSERT_EQ(GV_OK, gv_h5_read(f, "/influence/i1", scores, &err));
    ASSERT_MEM_EQ(score, scores, sizeof score);
    ASSERT_EQ(GV_OK, gv_h5_read(f, "/influence/is_influencer", flags, &err));
    ASSERT_MEM_EQ(flag, flags, sizeof flag);
    ASSERT_EQ(GV_OK, gv_h5_look(f, "/influence/is_influencer", &info, &err));
    ASSERT(!info.contiguous && info.kind == GV_H5_ARRAY && info.shape.dims[1] == N);
    ASSERT_EQ(GV_OK, gv_h5_look(f, "/nothing/here", &info, &err));
    ASSERT_EQ(GV_H5_NOTHING, info.kind);
    ASSERT_EQ(GV_OK, gv_h5_look(f, "/cascade/default/empty", &info, &err));
    ASSERT(info.kind == GV_H5_ARRAY && info.bytes == 0);
    ASSERT_EQ(GV_OK, gv_h5_look(f, "/cascade", &info, &err));
    ASSERT_EQ(GV_H5_GROUP, info.kind);
    ASSERT_EQ(GV_ERR_DATA, gv_h5_get_i64(f, "/cascade", "n_sims", &number, &err));
    ASSERT(strstr(err.message, "/cascade/@n_sims: is missing") != NULL);
    gv_h5_close(f);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST tables_are_read_back(void)
{
    char path[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = graph(ctx);
    gv_h5 *f;
    gv_h5_info info;
    gv_h5_field field[8];
    int n;
    int64_t row_bytes;
    ASSERT_EQ(GV_OK, write_file(ctx, test_path(folder, "table.h5", path), g));
    ASSERT_EQ(GV_OK, gv_h5_open(ctx, path, &f, &err));
    ASSERT_EQ(GV_OK, gv_h5_look(f, "/seeds/default", &info, &err));
    ASSERT(info.kind == GV_H5_TABLE && info.shape.dims[0] == ROWS);
    ASSERT_EQ(GV_ERR_DATA, gv_h5_fields(f, "/seeds/default", field, 5, &n, &row_bytes, &err));
    ASSERT_EQ(GV_OK, gv_h5_fields(f, "/seeds/default", field, 8, &n, &row_bytes, &err));
    ASSERT_EQ(6, n);
    ASSERT_EQ(4 + 8 + 8 + 4 + 2 + 6, row_bytes);
    ASSERT_STR_EQ("segment", field[5].name);
    ASSERT(field[5].type == GV_TEXT && field[5].width == 6 && field[5].offset == 26);
    char rows[ROWS * 32];
    ASSERT_EQ((int64_t)sizeof rows, info.bytes);
    ASSERT_EQ(GV_OK, gv_h5_read(f, "/seeds/default", rows, &err));
    int64_t id;
    memcpy(&id, rows + 3 * 32 + field[1].offset, sizeof id);
    ASSERT_EQ(INT64_C(5000000000), id);
    ASSERT_MEM_EQ("def\0\0", rows + 2 * 32 + 26, 6);
    ASSERT_EQ(GV_OK, gv_h5_look(f, "/seeds/none", &info, &err));
    ASSERT(info.kind == GV_H5_TABLE && info.bytes == 0);
    gv_h5_close(f);
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

/* Every dataset has a checksum, and it is that of its contents. */
typedef struct walk {
    gv_h5 *f;
    const char *group;
    int checked;
} walk;

static gv_status check_child(void *arg, const char *name, gv_error *e)
{
    walk *w = arg;
    char path[TEST_PATH], have[GV_HASH_CHARS + 1], want[GV_HASH_CHARS + 1];
    gv_h5_info info;
    uint64_t hash;
    snprintf(path, sizeof path, "%s/%s", strcmp(w->group, "/") == 0 ? "" : w->group, name);
    gv_status st = gv_h5_look(w->f, path, &info, e);
    if (st == GV_OK && info.kind == GV_H5_GROUP) {
        walk below = {w->f, path, 0};
        st = gv_h5_children(w->f, path, check_child, &below, e);
        w->checked += below.checked;
        return st;
    }
    if (st == GV_OK)
        st = gv_h5_hash(w->f, path, &hash, e);
    if (st == GV_OK)
        st = gv_h5_get_text(w->f, path, "checksum", have, sizeof have, e);
    if (st == GV_OK && strcmp(have, gv_hash_text(hash, want)) != 0)
        st = GV_ERR_DATA;
    w->checked += st == GV_OK;
    return st;
}

TEST every_dataset_has_its_checksum(void)
{
    char path[TEST_PATH];
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph(ctx);
    walk w = {NULL, "/", 0};
    ASSERT_EQ(GV_OK, write_file(ctx, test_path(folder, "sums.h5", path), g));
    ASSERT_EQ(GV_OK, gv_h5_open(ctx, path, &w.f, &err));
    ASSERT_EQ(GV_OK, gv_h5_children(w.f, "/", check_child, &w, &err));
    ASSERT_EQ(17, w.checked);
    gv_h5_close(w.f);
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

TEST equal_calls_give_equal_bytes(void)
{
    char first[TEST_PATH], second[TEST_PATH];
    const int threads[] = {2, 3, 8};
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = graph(ctx);
    ASSERT_EQ(GV_OK, write_file(ctx, test_path(folder, "first.h5", first), g));
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
    for (int t = 0; t < 3; t++) {
        gv_context *other = test_context(threads[t], -1);
        ASSERT_EQ(GV_OK, write_file(other, test_path(folder, "second.h5", second), g));
        ASSERT(test_same(first, second));
        gv_context_free(other);
    }
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

/* Slabs in any order make the same file as one write; what no slab wrote is zero. */
TEST slabs_make_the_same_dataset(void)
{
    char one[TEST_PATH], many[TEST_PATH];
    gv_context *ctx = test_context(2, -1);
    const gv_h5_shape shape = gv_h5_matrix(GV_F32, Z, N);
    const int64_t row = (int64_t)N * (int64_t)sizeof *score;
    uint64_t sum_one = 0, sum_many = 1;
    gv_h5 *f;
    gv_h5_array array;
    ASSERT_EQ(GV_OK, gv_h5_create(ctx, test_path(folder, "one.h5", one), true, "x", 1, &f, &err));
    ASSERT_EQ(GV_OK, gv_h5_write(f, "/a/b", &shape, score, &sum_one, &err));
    ASSERT_EQ(GV_OK, gv_h5_commit(&f, &err));
    ASSERT_EQ(GV_OK, gv_h5_create(ctx, test_path(folder, "many.h5", many), true, "x", 1, &f, &err));
    ASSERT_EQ(GV_OK, gv_h5_begin(f, "/a/b", &shape, &array, &err));
    ASSERT_EQ(GV_OK, gv_h5_slab(f, &array, row, score + N, row, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_h5_slab(f, &array, row, score, row + 4, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_h5_slab(f, &array, -4, score, row, &err));
    ASSERT_EQ(GV_OK, gv_h5_slab(f, &array, 0, score, row, &err));
    ASSERT_EQ(GV_OK, gv_h5_end(f, &array, &sum_many, &err));
    ASSERT_EQ(GV_OK, gv_h5_commit(&f, &err));
    ASSERT_EQ(sum_one, sum_many);
    ASSERT(test_same(one, many));
    static float back[Z * N];
    ASSERT_EQ(GV_OK, gv_h5_create(ctx, many, true, "x", 1, &f, &err));
    ASSERT_EQ(GV_OK, gv_h5_begin(f, "/a/b", &shape, &array, &err));
    ASSERT_EQ(GV_OK, gv_h5_end(f, &array, NULL, &err));
    ASSERT_EQ(GV_OK, gv_h5_commit(&f, &err));
    ASSERT_EQ(GV_OK, gv_h5_open(ctx, many, &f, &err));
    ASSERT_EQ(GV_OK, gv_h5_read(f, "/a/b", back, &err));
    for (int64_t i = 0; i < (int64_t)Z * N; i++)
        ASSERT_EQ(0, back[i]);
    gv_h5_close(f);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST wrong_calls_are_errors(void)
{
    char path[TEST_PATH], part[TEST_PATH];
    const int64_t dims[] = {1, 1, 1, 1, 1}, negative[] = {-1}, vast[] = {INT64_MAX / 2, 8};
    const int32_t zero[1] = {0};
    const gv_table_column nameless = {"", GV_I32, 0, zero}, wide = {"a", GV_TEXT, 0, zero};
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = graph(ctx);
    gv_results *r = NULL;
    test_path(folder, "wrong.h5", path);
    test_path(folder, "wrong.h5.part", part);
    ASSERT_EQ(GV_OK, gv_results_create(ctx, path, false, g, 1, &r, &err));
    ASSERT(test_exists(part));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put(r, "/a", GV_I32, 5, dims, zero, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put(r, "/a", GV_I32, 0, dims, zero, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put(r, "/a", GV_I32, 1, negative, zero, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put(r, "/a", GV_I32, 2, vast, zero, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put(r, "/a", GV_TEXT, 1, dims, zero, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put(r, "/a/", GV_I32, 1, dims, zero, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put(r, "a", GV_I32, 1, dims, zero, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put_text(r, "/a", 1, dims, 0, "", &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put_table(r, "/t", "t", &nameless, 1, 1, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put_table(r, "/t", "t", &wide, 1, 1, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put_table(r, "/t", "t", &wide, 0, 1, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_attr_i64(r, "/absent", "n", 1, &err));
    ASSERT_EQ(GV_OK, gv_results_put(r, "/a", GV_I32, 1, dims, zero, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_results_put(r, "/a", GV_I32, 1, dims, zero, &err));
    ASSERT(strstr(err.message, "/a: was written already") != NULL);
    ASSERT_EQ(GV_ERR_IO, gv_results_put(r, "/a/b", GV_I32, 1, dims, zero, &err));
    gv_results_discard(r);
    ASSERT(!test_exists(path) && !test_exists(part));
    ASSERT(test_write(path, "old", 3));
    ASSERT_EQ(GV_ERR_CREATE, gv_results_create(ctx, path, false, g, 1, &r, &err));
    gv_results_discard(NULL);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    char path[TEST_PATH], part[TEST_PATH];
    gv_context *maker = test_context(1, -1);
    gv_graph *g = graph(maker);
    test_path(folder, "memory.h5", path);
    test_path(folder, "memory.h5.part", part);
    int failures = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; failures++) {
        gv_context *ctx = test_context(1, failures);
        st = write_file(ctx, path, g);
        ASSERT(st == GV_OK || (st == GV_ERR_NOMEM && !test_exists(path)));
        ASSERT(!test_exists(part));
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT(failures > 20);
    gv_graph_free(g);
    gv_context_free(maker);
    PASS();
}

TEST a_full_disk_is_an_error(void)
{
    char disk[TEST_PATH], path[TEST_PATH], part[TEST_PATH];
    int full = 0, fitted = 0;
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph(ctx);
    test_path(folder, "disk", disk);
    test_path(disk, "r.h5", path);
    test_path(disk, "r.h5.part", part);
    for (int kilobytes = 4; kilobytes < 6000 && fitted < 2;
         kilobytes += kilobytes < 32 || (kilobytes > 2340 && kilobytes < 2700) ? 8 : 178) {
        if (!test_small_disk(disk, kilobytes)) {
            rmdir(disk);
            gv_graph_free(g);
            gv_context_free(ctx);
            SKIPm("mounting a small disk is not allowed here");
        }
        const gv_status st = write_file(ctx, path, g);
        fitted += st == GV_OK;
        full += st != GV_OK;
        if (st != GV_OK) {
            ASSERT(st == GV_ERR_IO || st == GV_ERR_CREATE);
            ASSERT(strstr(err.message, "r.h5") != NULL);
            ASSERT(strstr(err.message, "No space left") != NULL);
            ASSERT(!test_exists(path) && !test_exists(part));
        }
        test_unmount(disk);
        ASSERT_EQ(0, rmdir(disk));
    }
    ASSERT(full > 10 && fitted > 0);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

SUITE(results_file)
{
    fill();
    test_folder(folder);
    RUN_TEST(what_is_put_is_read);
    RUN_TEST(tables_are_read_back);
    RUN_TEST(every_dataset_has_its_checksum);
    RUN_TEST(equal_calls_give_equal_bytes);
    RUN_TEST(slabs_make_the_same_dataset);
    RUN_TEST(wrong_calls_are_errors);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(a_full_disk_is_an_error);
    test_remove(folder);
}

GREATEST_MAIN_DEFS();

/* With -w PATH: writes one results file, for tests/python/check_results.py. */
int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "-w") == 0) {
        gv_context *ctx = test_context(2, -1);
        gv_graph *g = graph(ctx);
        fill();
        const gv_status st = write_file(ctx, argv[2], g);
        gv_graph_free(g);
        gv_context_free(ctx);
        return st == GV_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(results_file);
    GREATEST_MAIN_END();
}
