/* test_import_disk.c -- gv_import_file(): the same bytes whether everything fits in memory or
 * almost nothing, clean failures, nothing left behind. */
#include <greatest.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/context.h"
#include "grapevine/io.h"
#include "tests/support/files.h"
#include "tests/support/graphs.h"

GREATEST_MAIN_DEFS();

static char folder[TEST_PATH];
static gv_error err;

typedef enum id_style { DENSE, SPARSE, TEXTS } id_style;

enum { FILES = 24, ROWS = 2500 };

/* The edge files: rows of random edges among 400 consumers, hubs, loops and repeats among them. */
typedef struct inputs {
    char text[FILES][TEST_PATH];
    const char *path[FILES];
} inputs;

static void write_row(FILE *to, uint64_t i, id_style style)
{
    const double x = test_random(7, 3 * i), y = test_random(7, 3 * i + 1);
    const int u = (int)(400.0 * x * x * x), v = (int)(400.0 * y * y);
    const int p = (int)(10.0 * test_random(7, 3 * i + 2));
    const int64_t wide = style == SPARSE ? INT64_C(40000000000000) : 1;
    if (style == TEXTS)
        fprintf(to, "user-%d\tuser-%d\t0.00%d\n", u, v, p);
    else
        fprintf(to, "%" PRId64 "\t%" PRId64 "\t0.00%d\n", (u - 3 * (style == SPARSE)) * wide,
                v * wide, p);
}

static void make_edges(inputs *in, id_style style)
{
    for (int f = 0; f < FILES; f++) {
        char name[32];
        snprintf(name, sizeof name, "edges-%d.tsv", f);
        in->path[f] = test_path(folder, name, in->text[f]);
        FILE *to = fopen(in->path[f], "w");
        for (uint64_t i = 0; to != NULL && i < ROWS; i++)
            write_row(to, (uint64_t)f * ROWS + i, style);
        if (to == NULL || fclose(to) != 0)
            exit(EXIT_FAILURE);
    }
}

static gv_context *limited(int32_t threads, int64_t limit)
{
    gv_context *ctx = test_context(threads, -1);
    ctx->memory_limit = limit;
    return ctx;
}

static gv_status import_to(const inputs *in, const gv_import_opts *o, int32_t threads,
                           int64_t limit, const char *out, gv_import_info *info)
{
    gv_context *ctx = limited(threads, limit);
    const gv_status st = gv_import_file(ctx, in->path, FILES, o, out, true, info, &err);
    const bool clean = gv_context_memory_used(ctx) == 0;
    const bool within = limit == 0 || gv_context_memory_peak(ctx) <= limit;
    gv_context_free(ctx);
    return clean && within ? st : GV_ERR_SYSTEM;
}

typedef struct rule {
    const char *name, *probability_column;
    gv_probability_source source;
    gv_duplicates duplicates;
    bool undirected;
} rule;

static const rule rules[] = {
    {"none", NULL, GV_FROM_NONE, GV_DUPLICATES_COMBINE, false},
    {"none, undirected", NULL, GV_FROM_NONE, GV_DUPLICATES_COMBINE, true},
    {"constant", NULL, GV_FROM_CONSTANT, GV_DUPLICATES_COMBINE, false},
    {"column", "3", GV_FROM_WEIGHT, GV_DUPLICATES_COMBINE, false},
    {"column, sum", "3", GV_FROM_WEIGHT, GV_DUPLICATES_MAX, false},
    {"column, undirected", "3", GV_FROM_WEIGHT, GV_DUPLICATES_COMBINE, true},
    {"cascade of weights", "3", GV_FROM_WC, GV_DUPLICATES_COMBINE, false},
    {"cascade of weights, undirected", "3", GV_FROM_WC, GV_DUPLICATES_MAX, true},
    {"trivalency", NULL, GV_FROM_TRIVALENCY, GV_DUPLICATES_COMBINE, false},
    {"trivalency, undirected", NULL, GV_FROM_TRIVALENCY, GV_DUPLICATES_COMBINE, true},
};

static gv_import_opts opts_of(const rule *r)
{
    gv_import_opts o = gv_import_defaults();
    o.probability_column = r->probability_column;
    o.build.source = r->source;
    o.build.duplicates = r->duplicates;
    o.build.undirected = r->undirected;
    return o;
}

/* Budgets from the least that does to one that holds everything, 1 to 3 threads. */
TEST disk_gives_the_same_bytes(const rule *r, id_style style)
{
    static inputs in;
    char whole[TEST_PATH], parts[TEST_PATH];
    test_path(folder, "whole.h5", whole);
    test_path(folder, "parts.h5", parts);
    const gv_import_opts o = opts_of(r);
    gv_import_info a, b = {.bytes_spilled = 1};
    make_edges(&in, style);
    ASSERT_EQm(err.message, GV_OK, import_to(&in, &o, 2, 0, whole, &a));
    ASSERT_EQ(0, a.bytes_spilled);
    int spilled = 0;
    for (int64_t limit = 5 << 18; b.bytes_spilled > 0; limit += limit / 3) {
        ASSERT_LT(limit, 64 << 20);
        const gv_status st = import_to(&in, &o, 1 + spilled % 3, limit, parts, &b);
        if (st == GV_ERR_NOMEM && spilled == 0)
            continue;
        if (st != GV_OK)
            printf("%s, %" PRId64 " bytes: %s\n", r->name, limit, err.message);
        ASSERT_EQm(err.message, GV_OK, st);
        ASSERTm(r->name, test_same(whole, parts));
        ASSERT(a.n_nodes == b.n_nodes && a.n_edges == b.n_edges &&
               a.build.duplicates == b.build.duplicates &&
               a.build.self_loops == b.build.self_loops);
        spilled += b.bytes_spilled > 0;
    }
    /* integers without weights need too little memory here: test_import_lanes.c has more of them */
    ASSERT(spilled > 0 ||
           (style == DENSE && r->probability_column == NULL && r->source != GV_FROM_TRIVALENCY));
    PASS();
}

/* Allocations fail in turn, later ones at growing distances: there are thousands. */
TEST survives_failed_allocations(const rule *r)
{
    static inputs in;
    char out[TEST_PATH];
    test_path(folder, "failed.h5", out);
    const gv_import_opts o = opts_of(r);
    gv_status st = GV_ERR_NOMEM;
    gv_import_info info = {.bytes_spilled = 0};
    make_edges(&in, DENSE);
    for (int64_t k = 0; st != GV_OK; k += 1 + k / 6) {
        gv_context *ctx = limited(1, 5 << 19);
        ctx->fail_allocation = k;
        st = gv_import_file(ctx, in.path, FILES, &o, out, false, &info, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT(test_exists(out) == (st == GV_OK));
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GT(info.bytes_spilled, 0);
    PASS();
}

SUITE(disk)
{
    RUN_TEST1(survives_failed_allocations, &rules[6]);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        for (int style = DENSE; style <= (i % 3 == 0 ? TEXTS : DENSE); style++)
            RUN_TESTp(disk_gives_the_same_bytes, &rules[i], (id_style)style);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    test_folder(folder);
    RUN_SUITE(disk);
    test_remove(folder);
    GREATEST_MAIN_END();
}
