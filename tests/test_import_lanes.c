/* test_import_lanes.c -- the quick way of gv_import_file(): the bytes that gv_import() and
 * gv_graph_save() make, whatever ids come when, on any number of threads, with memory or without.
 */
#include <greatest.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/context.h"
#include "grapevine/io.h"
#include "tests/support/files.h"
#include "tests/support/graphs.h"

GREATEST_MAIN_DEFS();

static char folder[TEST_PATH];
static gv_error err;

enum { FILES = 12, MOST_NODES = 3000 };

/* What ids the edges of a file have. */
typedef enum id_style {
    DENSE,    /* all files below MOST_NODES */
    GROWING,  /* each file reaches twice as far as the one before: buckets are joined */
    HUB,      /* half of all edges leave one consumer, half of the others lead to one */
    BROKEN,   /* the last file has ids that are no longer few enough for a bitmap */
    NEGATIVE, /* the last file has negative ones */
    STYLES
} id_style;

typedef struct inputs {
    char text[FILES + 1][TEST_PATH];
    const char *path[FILES];
    const char *nodes;
} inputs;

static int64_t id_of(id_style style, int file, uint64_t i, uint64_t side)
{
    const double x = test_random(11, 4 * i + side), y = test_random(11, 4 * i + 2 + side);
    const int64_t id = (int64_t)(MOST_NODES * x * y);
    if (style == GROWING)
        return id << file;
    if (style == HUB && y < .5)
        return side == 0 ? 1700 : (int64_t)(MOST_NODES * x);
    if (style == HUB && side == 1 && y < .75)
        return 0;
    if (style == BROKEN && file == FILES - 1)
        return id * 1400000;
    return style == NEGATIVE && file == FILES - 1 ? id - 7 : id;
}

static void make_edges(inputs *in, id_style style, int rows)
{
    for (int f = 0; f < FILES; f++) {
        char name[32];
        snprintf(name, sizeof name, "edges-%d.tsv", f);
        in->path[f] = test_path(folder, name, in->text[f]);
        FILE *to = fopen(in->path[f], "w");
        for (int k = 0; to != NULL && k < rows; k++) {
            const uint64_t i = (uint64_t)f * (uint64_t)rows + (uint64_t)k;
            fprintf(to, "%" PRId64 " %" PRId64 "\n", id_of(style, f, i, 0), id_of(style, f, i, 1));
        }
        if (to == NULL || fclose(to) != 0)
            exit(EXIT_FAILURE);
    }
    in->nodes = test_path(folder, "nodes.tsv", in->text[FILES]);
    FILE *to = fopen(in->nodes, "w");
    if (to == NULL || fputs("id\tage\n-5\t1\n8\t2\n999999999999\t3\n", to) < 0 || fclose(to) != 0)
        exit(EXIT_FAILURE);
}

typedef struct rule {
    gv_probability_source source;
    gv_duplicates duplicates;
    bool undirected, reverse, nodes;
} rule;

static const rule rules[] = {
    {GV_FROM_NONE, GV_DUPLICATES_COMBINE, false, false, false},
    {GV_FROM_NONE, GV_DUPLICATES_COMBINE, true, false, true},
    {GV_FROM_CONSTANT, GV_DUPLICATES_MAX, false, true, true},
    {GV_FROM_WC, GV_DUPLICATES_COMBINE, false, false, false},
};

static gv_import_opts opts_of(const rule *r, const inputs *in)
{
    gv_import_opts o = gv_import_defaults();
    o.build.source = r->source;
    o.build.duplicates = r->duplicates;
    o.build.undirected = r->undirected;
    o.reverse = r->reverse;
    o.nodes = r->nodes ? in->nodes : NULL;
    return o;
}

/* The long way. */
static gv_status build_in_memory(const inputs *in, const gv_import_opts *o, const char *out,
                                 gv_import_info *info)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = NULL;
    gv_status st = gv_import(ctx, in->path, FILES, o, &g, info, &err);
    if (st == GV_OK)
        st = gv_graph_save(ctx, g, out, true, &err);
    gv_graph_free(g);
    gv_context_free(ctx);
    return st;
}

static gv_status import_to(const inputs *in, const gv_import_opts *o, int32_t threads,
                           int64_t limit, const char *out, gv_import_info *info)
{
    gv_context *ctx = test_context(threads, -1);
    ctx->memory_limit = limit;
    const gv_status st = gv_import_file(ctx, in->path, FILES, o, out, true, info, &err);
    const bool clean = gv_context_memory_used(ctx) == 0;
    const bool within = limit == 0 || gv_context_memory_peak(ctx) <= limit;
    gv_context_free(ctx);
    return clean && within ? st : GV_ERR_SYSTEM;
}

static bool same_sums(const gv_import_info *a, const gv_import_info *b)
{
    return a->rows_read == b->rows_read && a->build.duplicates == b->build.duplicates &&
           a->build.self_loops == b->build.self_loops;
}

TEST ignores_thread_count(const rule *r, id_style style)
{
    static inputs in;
    char whole[TEST_PATH], quick[TEST_PATH];
    test_path(folder, "whole.h5", whole);
    test_path(folder, "quick.h5", quick);
    gv_import_info a, b;
    make_edges(&in, style, 4000);
    const gv_import_opts o = opts_of(r, &in);
    ASSERT_EQm(err.message, GV_OK, build_in_memory(&in, &o, whole, &a));
    const int32_t threads[] = {1, 2, 3, 8};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        ASSERT_EQm(err.message, GV_OK, import_to(&in, &o, threads[i], 0, quick, &b));
        ASSERT(test_same(whole, quick));
        ASSERT(same_sums(&a, &b));
        ASSERT_EQ(0, b.bytes_spilled);
    }
    PASS();
}

/* Many buckets, little memory: from what hardly does to what holds everything. */
TEST ignores_memory(id_style style)
{
    static inputs in;
    char whole[TEST_PATH], quick[TEST_PATH];
    test_path(folder, "whole.h5", whole);
    test_path(folder, "quick.h5", quick);
    gv_import_info a, b = {.bytes_spilled = 1};
    make_edges(&in, style, 16000);
    const gv_import_opts o = opts_of(&rules[0], &in);
    ASSERT_EQm(err.message, GV_OK, build_in_memory(&in, &o, whole, &a));
    int spilled = 0;
    for (int64_t limit = 2 << 20; b.bytes_spilled > 0; limit += limit / 3) {
        ASSERT_LT(limit, 256 << 20);
        const gv_status st = import_to(&in, &o, 1 + spilled % 3, limit, quick, &b);
        if (st == GV_ERR_NOMEM && spilled == 0)
            continue;
        ASSERT_EQm(err.message, GV_OK, st);
        ASSERT(test_same(whole, quick));
        ASSERT(same_sums(&a, &b));
        spilled += b.bytes_spilled > 0;
    }
    ASSERT_GT(spilled, 0);
    PASS();
}

/* One consumer has more edges than a thread sorts alone. */
TEST sorts_a_large_bucket(void)
{
    static inputs in;
    char whole[TEST_PATH], quick[TEST_PATH];
    test_path(folder, "whole.h5", whole);
    test_path(folder, "quick.h5", quick);
    gv_import_info a, b;
    make_edges(&in, HUB, (9 << 18) / FILES);
    const gv_import_opts o = opts_of(&rules[0], &in);
    ASSERT_EQm(err.message, GV_OK, build_in_memory(&in, &o, whole, &a));
    ASSERT_EQm(err.message, GV_OK, import_to(&in, &o, 2, 0, quick, &b));
    ASSERT(test_same(whole, quick));
    ASSERT_EQm(err.message, GV_OK, import_to(&in, &o, 2, 64 << 20, quick, &b));
    ASSERT(test_same(whole, quick));
    PASS();
}

/* Allocations fail in turn; with a limit the way leads over the disk. */
TEST survives_failed_allocations(id_style style, int64_t limit)
{
    static inputs in;
    char out[TEST_PATH];
    test_path(folder, "failed.h5", out);
    gv_import_info info = {.bytes_spilled = 0};
    gv_status st = GV_ERR_NOMEM;
    make_edges(&in, style, limit > 0 ? 16000 : 500);
    const gv_import_opts o = opts_of(&rules[2], &in);
    for (int64_t k = 0; st != GV_OK; k += 1 + k / (limit > 0 ? 3 : 6)) {
        gv_context *ctx = test_context(1, k);
        ctx->memory_limit = limit;
        remove(out);
        st = gv_import_file(ctx, in.path, FILES, &o, out, false, &info, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT(test_exists(out) == (st == GV_OK));
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT(limit == 0 || info.bytes_spilled > 0);
    PASS();
}

TEST says_where_temporary_data_cannot_go(void)
{
    static inputs in;
    char out[TEST_PATH];
    test_path(folder, "nowhere.h5", out);
    gv_import_info info;
    make_edges(&in, DENSE, 16000);
    gv_import_opts o = opts_of(&rules[0], &in);
    o.tmpdir = "/nonexistent";
    ASSERT_EQ(GV_ERR_CREATE, import_to(&in, &o, 2, 4 << 20, out, &info));
    ASSERT_STR_EQ("/nonexistent: no temporary file can be made: No such file or directory",
                  err.message);
    ASSERT_FALSE(test_exists(out));
    PASS();
}

SUITE(lanes)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        for (int style = DENSE; style < STYLES; style++)
            RUN_TESTp(ignores_thread_count, &rules[i], (id_style)style);
    RUN_TEST1(ignores_memory, DENSE);
    RUN_TEST1(ignores_memory, GROWING);
    RUN_TEST1(ignores_memory, HUB);
    RUN_TEST1(ignores_memory, BROKEN);
    RUN_TEST(sorts_a_large_bucket);
    RUN_TESTp(survives_failed_allocations, GROWING, 0);
    RUN_TESTp(survives_failed_allocations, BROKEN, 0);
    RUN_TESTp(survives_failed_allocations, DENSE, INT64_C(4) << 20);
    RUN_TEST(says_where_temporary_data_cannot_go);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    test_folder(folder);
    RUN_SUITE(lanes);
    test_remove(folder);
    GREATEST_MAIN_END();
}
