/* test_ppr_shelf.c -- personalized PageRank by layouts that an earlier run kept: the same scores,
 * nothing made again, and nothing followed that leads out of the arrays. */
#include <math.h>
#include <stdlib.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/layouts.h"
#include "grapevine/plan.h"
#include "grapevine/ppr.h"
#include "greatest.h"
#include "kernels/ppr_shelf.h"
#include "support/files.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;
static char folder[TEST_PATH], graph[TEST_PATH], sidecar[TEST_PATH];

enum { N = 6000, EDGES = 60000, COLUMNS = 9 };
static const char hash[] = "0123456789abcdef";

typedef struct scene {
    const char *name, *key;
    gv_ppr_layout layout;
    gv_ppr_precision precision;
    bool weighted;
    gv_direction direction;
    int64_t columns;
} scene;

static const scene scenes[] = {
    {"tiles", "ppr-tiles 1 forward", GV_PPR_SEGMENTS, GV_PPR_F32, false, GV_FORWARD, 1},
    {"tiles, double", "ppr-tiles 1 reverse", GV_PPR_SEGMENTS, GV_PPR_F64, false, GV_REVERSE, 1},
    {"tiles, weighted", "ppr-tiles 1 forward weighted", GV_PPR_SEGMENTS, GV_PPR_F64, true,
     GV_FORWARD, 1},
    {"bins", "ppr-bins 1 forward", GV_PPR_BLOCKING, GV_PPR_F32, false, GV_FORWARD, 1},
    {"bins, weighted", "ppr-bins 1 reverse weighted", GV_PPR_BLOCKING, GV_PPR_F32, true, GV_REVERSE,
     1},
    {"sorted8", "ppr-segments 1 8 forward", GV_PPR_SORTED8, GV_PPR_F32, false, GV_FORWARD, COLUMNS},
    {"sorted16", "ppr-segments 1 16 reverse weighted", GV_PPR_SORTED16, GV_PPR_F32, true,
     GV_REVERSE, COLUMNS},
};
enum { SCENES = sizeof scenes / sizeof *scenes };

/* The graph has a context of its own, in which nothing fails. */
static gv_context *home;
static gv_graph *g;

static void make_graph(void)
{
    edge_list e = edges_none(N);
    for (uint64_t i = 0; i < EDGES; i++)
        edges_add(&e, (int64_t)(pow(test_random(9, 3 * i), 4.0) * N * .9),
                  (int64_t)(pow(test_random(9, 3 * i + 1), 1.5) * N), test_random(9, 3 * i + 2));
    home = test_context(1, -1);
    g = edges_graph_weighted(home, &e);
    edges_free(&e);
    memcpy(g->hash, hash, sizeof hash);
}

static gv_ppr_opts opts_of(const scene *s)
{
    gv_ppr_opts o = gv_ppr_defaults();
    o.layout = s->layout, o.precision = s->precision;
    o.weighted = s->weighted, o.direction = s->direction;
    o.tolerance = 1e-6;
    return o;
}

/* One run into score [columns][N]; `keep` -1 without a shelf. How many layouts were taken and kept,
 * all of them by the key of the scene. */
static gv_status walk(gv_context *ctx, const scene *s, int keep, double *score, int32_t *taken,
                      int32_t *kept)
{
    gv_layouts *l = NULL;
    gv_node source[COLUMNS];
    int64_t offset[COLUMNS + 1];
    for (int c = 0; c <= COLUMNS; c++)
        offset[c] = c;
    for (int c = 0; c < COLUMNS; c++)
        source[c] = (gv_node)(c * 601);
    const gv_teleport t = {.n_columns = s->columns, .offset = offset, .node = source};
    const gv_ppr_opts o = opts_of(s);
    *taken = *kept = 0;
    if (keep >= 0) {
        const gv_status st = gv_layouts_open(ctx, graph, hash, keep > 0, false, &l, &err);
        if (st != GV_OK)
            return st;
        const gv_shelf shelf = gv_layouts_shelf(l);
        gv_context_shelve(ctx, &shelf);
    }
    const gv_status st = gv_ppr(ctx, g, &t, &o, score, NULL, &err);
    if (keep < 0)
        return st;
    const char *key;
    for (; (key = gv_layouts_taken(l, *taken, NULL)) != NULL && strcmp(key, s->key) == 0;)
        ++*taken;
    for (; (key = gv_layouts_kept(l, *kept, NULL)) != NULL && strcmp(key, s->key) == 0;)
        ++*kept;
    gv_context_shelve(ctx, NULL);
    gv_layouts_close(l);
    return st;
}

static enum greatest_test_res kept_and_taken(const scene *s)
{
    gv_context *ctx = test_context(2, -1), *more = test_context(3, -1);
    const size_t bytes = (size_t)s->columns * N * sizeof(double);
    double *plain = malloc(bytes), *other = malloc(bytes);
    int32_t taken, kept;
    remove(sidecar);
    ASSERT_EQ(GV_OK, walk(ctx, s, -1, plain, &taken, &kept));
    ASSERT_EQ(GV_OK, walk(ctx, s, 0, other, &taken, &kept));
    ASSERT(taken == 0 && kept == 0 && !test_exists(sidecar));
    ASSERT_EQ(GV_OK, walk(ctx, s, 1, other, &taken, &kept));
    ASSERT(taken == 0 && kept == 1);
    ASSERT_EQ(0, memcmp(plain, other, bytes));
    memset(other, 0, bytes);
    ASSERT_EQ(GV_OK, walk(more, s, 1, other, &taken, &kept));
    ASSERT(taken == 1 && kept == 0);
    ASSERT_EQ(0, memcmp(plain, other, bytes));
    ASSERT_EQ(0, gv_context_memory_used(ctx) + gv_context_memory_used(more));
    gv_context_free(more), gv_context_free(ctx);
    free(other), free(plain);
    PASS();
}

TEST same_with_and_without(void)
{
    for (int i = 0; i < SCENES; i++) {
        CHECK_CALL(kept_and_taken(&scenes[i]));
    }
    PASS();
}

/* A plan finds what was kept, and nothing else. */
TEST plans_find_layouts(void)
{
    for (int i = 0; i < SCENES; i++) {
        gv_context *ctx = test_context(2, -1);
        double *score = malloc((size_t)scenes[i].columns * N * sizeof *score);
        gv_layouts *l = NULL;
        int32_t taken, kept;
        const gv_ppr_opts o = opts_of(&scenes[i]);
        gv_ppr_opts turned = o;
        turned.direction = o.direction == GV_FORWARD ? GV_REVERSE : GV_FORWARD;
        remove(sidecar);
        ASSERT_EQ(GV_OK, walk(ctx, &scenes[i], 1, score, &taken, &kept));
        ASSERT_EQ(GV_OK, gv_layouts_open(ctx, graph, hash, false, false, &l, &err));
        ASSERT_FALSE(ppr_layout_find(ctx, g, &o, scenes[i].columns)); /* no shelf yet */
        const gv_shelf shelf = gv_layouts_shelf(l);
        gv_context_shelve(ctx, &shelf);
        ASSERT(ppr_layout_find(ctx, g, &o, scenes[i].columns));
        ASSERT_FALSE(ppr_layout_find(ctx, g, &turned, scenes[i].columns));
        ASSERT_FALSE(ppr_layout_find(ctx, NULL, &o, scenes[i].columns));
        gv_context_shelve(ctx, NULL);
        gv_layouts_close(l);
        gv_context_free(ctx);
        free(score);
    }
    PASS();
}

/* Takes the layout, changes element `at` of array `which`, keeps it under its key with checksums
 * that agree, and runs again. `value` is as many bytes as an element has. */
static enum greatest_test_res misled(const scene *s, gv_layout_array *array, int32_t n,
                                     int32_t which, int64_t at, int64_t value)
{
    gv_context *ctx = test_context(2, -1);
    gv_layouts *l = NULL;
    double *score = malloc((size_t)s->columns * N * sizeof *score);
    int32_t taken, kept;
    bool found;
    remove(sidecar);
    ASSERT_EQ(GV_OK, walk(ctx, s, 1, score, &taken, &kept));
    ASSERT_EQ(GV_OK, gv_layouts_open(ctx, graph, hash, true, false, &l, &err));
    const gv_shelf shelf = gv_layouts_shelf(l);
    for (int32_t i = 0; i < n; i++)
        array[i].n = -1;
    ASSERT_EQ(GV_OK, shelf.take(shelf.data, hash, s->key, array, n, &found, &err));
    ASSERT(found);
    const int64_t place = at >= 0 ? at : array[which].n + at;
    const size_t bytes = (size_t)array[which].n * (size_t)array[which].size;
    char *copy = malloc(bytes);
    memcpy(copy, array[which].data, bytes);
    memcpy(copy + place * array[which].size, &value, (size_t)array[which].size);
    array[which].data = copy;
    ASSERT_EQ(GV_OK, shelf.keep(shelf.data, hash, s->key, array, n, &err));
    free(copy);
    gv_layouts_close(l);
    ASSERT_EQm(s->name, GV_ERR_DATA, walk(ctx, s, 0, score, &taken, &kept));
    ASSERT(strstr(err.message, "is damaged") != NULL);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    free(score);
    PASS();
}

TEST follows_nothing_out_of_bounds(void)
{
    gv_layout_array tiles[] = {{.name = "order", .size = 4},  {.name = "place", .size = 4},
                               {.name = "strip", .size = 8},  {.name = "tile", .size = 8},
                               {.name = "run", .size = 4},    {.name = "slice", .size = 1},
                               {.name = "source", .size = 2}, {.name = "p", .size = 4}};
    gv_layout_array segments[] = {
        {.name = "order", .size = 4},      {.name = "place", .size = 4},
        {.name = "shape", .size = 8},      {.name = "block_visit", .size = 8},
        {.name = "block_edge", .size = 8}, {.name = "visit", .size = 4},
        {.name = "source", .size = 4},     {.name = "p", .size = 4}};
    gv_layout_array bins[] = {{.name = "row", .size = 4}};
    for (int i = 1; i < 3; i++) {
        const scene *one = &scenes[i];
        CHECK_CALL(misled(one, tiles, 8, 0, 5, N));
        CHECK_CALL(misled(one, tiles, 8, 0, 5, -1));
        CHECK_CALL(misled(one, tiles, 8, 1, 5, 4));
        CHECK_CALL(misled(one, tiles, 8, 2, 0, 8));
        CHECK_CALL(misled(one, tiles, 8, 2, -1, N - 1));
        CHECK_CALL(misled(one, tiles, 8, 2, -1, N + 1));
        CHECK_CALL(misled(one, tiles, 8, 3, 0, 1));
        CHECK_CALL(misled(one, tiles, 8, 3, -1, EDGES + 100));
        CHECK_CALL(misled(one, tiles, 8, 3, -2, INT64_C(1) << 40));
        CHECK_CALL(misled(one, tiles, 8, 3, -3, -1));
        CHECK_CALL(misled(one, tiles, 8, 4, 0, 0xffff));     /* row */
        CHECK_CALL(misled(one, tiles, 8, 4, 0, 0xffff0000)); /* count */
        CHECK_CALL(misled(one, tiles, 8, 5, 1, 0xff));       /* row */
        CHECK_CALL(misled(one, tiles, 8, 5, 32, 0xff));      /* count */
        CHECK_CALL(misled(one, tiles, 8, 6, 7, 0xfff0));
    }
    const scene *s = &scenes[6];
    CHECK_CALL(misled(s, segments, 8, 0, 5, N));
    CHECK_CALL(misled(s, segments, 8, 2, 0, 0));
    CHECK_CALL(misled(s, segments, 8, 2, 0, 1 << 20));
    CHECK_CALL(misled(s, segments, 8, 2, 1, 0));
    CHECK_CALL(misled(s, segments, 8, 3, 0, -1));
    CHECK_CALL(misled(s, segments, 8, 3, -1, INT64_C(1) << 40));
    CHECK_CALL(misled(s, segments, 8, 4, 1, -7));
    CHECK_CALL(misled(s, segments, 8, 4, -1, 0));
    CHECK_CALL(misled(s, segments, 8, 5, 3, INT64_C(1023) << PPR_VISIT_BITS));
    CHECK_CALL(misled(s, segments, 8, 5, 3, (PPR_VISIT_EDGES + 1)));
    CHECK_CALL(misled(s, segments, 8, 6, 12, N));
    CHECK_CALL(misled(s, segments, 8, 6, 12, -1));
    CHECK_CALL(misled(&scenes[3], bins, 1, 0, 20, N));
    CHECK_CALL(misled(&scenes[4], bins, 1, 0, 0, -1));
    PASS();
}

/* Runs that keep, and runs that take. */
static enum greatest_test_res failing(const scene *s, bool keeping)
{
    double *score = malloc((size_t)s->columns * N * sizeof *score);
    int32_t taken, kept;
    int64_t k = 0;
    gv_status st = GV_ERR_NOMEM;
    for (; st != GV_OK; k++) {
        gv_context *ctx = test_context(2, -1);
        if (keeping)
            remove(sidecar);
        ctx->fail_allocation = k;
        st = walk(ctx, s, 1, score, &taken, &kept);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GT(k, 10);
    free(score);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    for (int i = 2; i < SCENES; i += 2) {
        CHECK_CALL(failing(&scenes[i], true));
        CHECK_CALL(failing(&scenes[i], false));
    }
    PASS();
}

SUITE(shelves)
{
    make_graph();
    test_folder(folder);
    test_path(folder, "graph.h5", graph);
    test_path(folder, "graph.layout.h5", sidecar);
    RUN_TEST(same_with_and_without);
    RUN_TEST(plans_find_layouts);
    RUN_TEST(follows_nothing_out_of_bounds);
    RUN_TEST(survives_every_failed_allocation);
    test_remove(folder);
    gv_graph_free(g);
    gv_context_free(home);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(shelves);
    GREATEST_MAIN_END();
}
