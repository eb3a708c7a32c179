/* test_cascade_shelf.c -- cascades by layouts that an earlier run kept: the same results, nothing
 * made again, and nothing followed that leads out of the arrays. */
#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/cascade.h"
#include "grapevine/layouts.h"
#include "greatest.h"
#include "kernels/cascade_shelf.h"
#include "kernels/points_rows.h"
#include "support/files.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;
static char folder[TEST_PATH], graph[TEST_PATH], sidecar[TEST_PATH];

enum { N = 400, SEEDS = 3, WORLDS = 300 };
static const gv_node seeds[SEEDS] = {3, 50, 399};
static const char hash[] = "0123456789abcdef";
static float other[N * N];

typedef struct scene {
    const char *name;
    gv_cascade_kernel kernel;
    gv_probability p; /* GV_PROBABILITY_NONE: the graph's own */
} scene;

static const scene scenes[] = {
    {"points, graph", GV_CASCADE_POINTS, {.rule = GV_PROBABILITY_NONE}},
    {"points, constant", GV_CASCADE_POINTS, {.rule = GV_PROBABILITY_CONSTANT, .constant = .1}},
    {"points, wc", GV_CASCADE_POINTS, {.rule = GV_PROBABILITY_WEIGHTED_CASCADE}},
    {"points, stored", GV_CASCADE_POINTS, {.rule = GV_PROBABILITY_STORED, .stored = other}},
    {"sliced, graph", GV_CASCADE_SLICED, {.rule = GV_PROBABILITY_NONE}},
    {"sliced, constant", GV_CASCADE_SLICED, {.rule = GV_PROBABILITY_CONSTANT, .constant = .3}},
    {"sliced, wc", GV_CASCADE_SLICED, {.rule = GV_PROBABILITY_WEIGHTED_CASCADE}},
    {"auto, sparse", GV_CASCADE_AUTO, {.rule = GV_PROBABILITY_CONSTANT, .constant = .02}},
    {"auto, dense", GV_CASCADE_AUTO, {.rule = GV_PROBABILITY_CONSTANT, .constant = .7}},
};
enum { SCENES = sizeof scenes / sizeof *scenes };

/* The graph has a context of its own, in which nothing fails. */
static gv_context *home;
static gv_graph *g;

static void make_graph(void)
{
    edge_list e = edges_gnp(N, 0.02, 11);
    home = test_context(1, -1);
    g = edges_graph_weighted(home, &e);
    edges_free(&e);
    memcpy(g->hash, hash, sizeof hash);
}

/* One run; `keep` -1 without a shelf. *key: of the layout taken last, or kept. */
static gv_status simulate(gv_context *ctx, const scene *s, int keep, gv_cascade_result **r,
                          int32_t *taken, int32_t *kept, char *key)
{
    gv_layouts *l = NULL;
    gv_status st = GV_OK;
    gv_cascade_opts o = gv_cascade_defaults();
    o.kernel = s->kernel, o.n_worlds = WORLDS, o.activation = true;
    *taken = *kept = 0;
    if (keep >= 0) {
        st = gv_layouts_open(ctx, graph, hash, keep > 0, false, &l, &err);
        if (st != GV_OK)
            return st;
        const gv_shelf shelf = gv_layouts_shelf(l);
        gv_context_shelve(ctx, &shelf);
    }
    st = gv_cascade(ctx, g, s->p.rule == GV_PROBABILITY_NONE ? NULL : &s->p, seeds, SEEDS, &o, r,
                    &err);
    if (keep < 0)
        return st;
    while (gv_layouts_taken(l, *taken, NULL) != NULL)
        strcpy(key, gv_layouts_taken(l, (*taken)++, NULL));
    while (gv_layouts_kept(l, *kept, NULL) != NULL)
        strcpy(key, gv_layouts_kept(l, (*kept)++, NULL));
    gv_context_shelve(ctx, NULL);
    gv_layouts_close(l);
    return st;
}

static bool same(const gv_cascade_result *a, const gv_cascade_result *b)
{
    return a->kernel == b->kernel && a->curve_length == b->curve_length &&
           memcmp(a->spread, b->spread, WORLDS * sizeof *a->spread) == 0 &&
           memcmp(a->curve_sum, b->curve_sum, (size_t)a->curve_length * sizeof *a->curve_sum) ==
               0 &&
           memcmp(a->activation_count, b->activation_count, N * sizeof *a->activation_count) == 0;
}

static enum greatest_test_res kept_and_taken(const scene *s)
{
    gv_context *ctx = test_context(2, -1), *more = test_context(3, -1);
    gv_cascade_result *plain = NULL, *keeping = NULL, *taking = NULL;
    char key[200];
    int32_t taken, kept;
    const int32_t layouts = s->kernel == GV_CASCADE_AUTO ? 2 : 1; /* the pilot's too */
    remove(sidecar);
    ASSERT_EQ(GV_OK, simulate(ctx, s, -1, &plain, &taken, &kept, key));
    ASSERT_EQ(GV_OK, simulate(ctx, s, 0, &keeping, &taken, &kept, key));
    ASSERT(taken == 0 && kept == 0 && !test_exists(sidecar));
    gv_cascade_free(keeping);
    ASSERT_EQ(GV_OK, simulate(ctx, s, 1, &keeping, &taken, &kept, key));
    ASSERT_EQ(0, taken);
    ASSERT_EQ(layouts, kept);
    ASSERT(same(plain, keeping));
    gv_cascade_free(keeping);
    ASSERT_EQ(GV_OK, simulate(more, s, 1, &taking, &taken, &kept, key));
    ASSERT_EQ(layouts, taken);
    ASSERT_EQ(0, kept);
    ASSERT(same(plain, taking));
    gv_cascade_free(taking), gv_cascade_free(plain);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(more), gv_context_free(ctx);
    PASS();
}

TEST same_with_and_without(void)
{
    for (int i = 0; i < SCENES; i++) {
        CHECK_CALL(kept_and_taken(&scenes[i]));
    }
    PASS();
}

/* Slices at a constant p serve every p; points do not. */
TEST keys_name_what_counts(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_cascade_result *r = NULL;
    scene s = scenes[5];
    char key[200];
    int32_t taken, kept;
    remove(sidecar);
    ASSERT_EQ(GV_OK, simulate(ctx, &s, 1, &r, &taken, &kept, key));
    gv_cascade_free(r);
    s.p.constant = .05;
    ASSERT_EQ(GV_OK, simulate(ctx, &s, 1, &r, &taken, &kept, key));
    ASSERT(taken == 1 && kept == 0);
    gv_cascade_free(r);
    s.kernel = GV_CASCADE_POINTS;
    ASSERT_EQ(GV_OK, simulate(ctx, &s, 1, &r, &taken, &kept, key));
    ASSERT(taken == 0 && kept == 1);
    gv_cascade_free(r);
    s.p.constant = .06;
    ASSERT_EQ(GV_OK, simulate(ctx, &s, 1, &r, &taken, &kept, key));
    ASSERT(taken == 0 && kept == 1);
    gv_cascade_free(r);
    ASSERT_EQ(GV_OK, simulate(ctx, &scenes[3], 1, &r, &taken, &kept, key));
    ASSERT(taken == 0 && kept == 1);
    gv_cascade_free(r);
    other[7] += .125f;
    ASSERT_EQ(GV_OK, simulate(ctx, &scenes[3], 1, &r, &taken, &kept, key));
    ASSERT(taken == 0 && kept == 1);
    gv_cascade_free(r);
    other[7] -= .125f;
    ASSERT_EQ(GV_OK, simulate(ctx, &scenes[3], 1, &r, &taken, &kept, key));
    ASSERT(taken == 1 && kept == 0);
    gv_cascade_free(r);
    gv_context_free(ctx);
    PASS();
}

/* Takes the layout of `key`, changes element `at` of array `name`, keeps it under its key with
 * checksums that agree, and runs again. */
static enum greatest_test_res misled(const scene *s, gv_layout_array *array, int32_t n,
                                     int32_t which, int64_t at, int64_t value)
{
    gv_context *ctx = test_context(2, -1);
    gv_cascade_result *r = NULL;
    gv_layouts *l = NULL;
    char key[200];
    int32_t taken, kept;
    bool found;
    remove(sidecar);
    ASSERT_EQ(GV_OK, simulate(ctx, s, 1, &r, &taken, &kept, key));
    gv_cascade_free(r);
    ASSERT_EQ(GV_OK, gv_layouts_open(ctx, graph, hash, true, false, &l, &err));
    const gv_shelf shelf = gv_layouts_shelf(l);
    for (int32_t i = 0; i < n; i++)
        array[i].n = -1;
    ASSERT_EQ(GV_OK, shelf.take(shelf.data, hash, key, array, n, &found, &err));
    ASSERT(found);
    const size_t bytes = (size_t)array[which].n * (size_t)array[which].size;
    char *copy = malloc(bytes);
    memcpy(copy, array[which].data, bytes);
    memcpy(copy + at * array[which].size, &value, (size_t)array[which].size);
    array[which].data = copy;
    ASSERT_EQ(GV_OK, shelf.keep(shelf.data, hash, key, array, n, &err));
    free(copy);
    gv_layouts_close(l);
    ASSERT_EQ(GV_ERR_DATA, simulate(ctx, s, 0, &r, &taken, &kept, key));
    ASSERT(strstr(err.message, "is damaged") != NULL);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST follows_nothing_out_of_bounds(void)
{
    gv_layout_array points[] = {
        {.name = "shape", .size = 8}, {.name = "row", .size = 8}, {.name = "word", .size = 4}};
    gv_layout_array sliced[] = {{.name = "label", .size = 4},
                                {.name = "node", .size = 4},
                                {.name = "row", .size = 8},
                                {.name = "target", .size = 4},
                                {.name = "limit", .size = 4}};
    const scene *alias = &scenes[0], *within = &scenes[1], *limits = &scenes[4];
    CHECK_CALL(misled(alias, points, 3, 0, 0, 7));
    CHECK_CALL(misled(alias, points, 3, 0, 1, 5));
    CHECK_CALL(misled(alias, points, 3, 1, 2 * 17, INT64_C(1) << 39));
    CHECK_CALL(misled(alias, points, 3, 1, 2 * 17, -1));
    CHECK_CALL(misled(alias, points, 3, 1, 2 * 17 + 1, INT64_C(0x7f800000) << 32));
    CHECK_CALL(misled(alias, points, 3, 2, 1, N));
    CHECK_CALL(misled(alias, points, 3, 0, 2, 6)); /* as if records lay in lines of memory */
    CHECK_CALL(misled(within, points, 3, 0, 1, 1 << 20));
    CHECK_CALL(misled(within, points, 3, 0, 2, 4));
    CHECK_CALL(misled(within, points, 3, 0, 2, 5));
    CHECK_CALL(misled(within, points, 3, 1, 8 * 17, 0));           /* a record as words of a row */
    CHECK_CALL(misled(within, points, 3, 1, 8 * 17, 16 * 18 + 4)); /* the words of another row */
    CHECK_CALL(misled(within, points, 3, 1, 8 * 17, (INT64_C(13) << 40) + 16 * 17 + 4));
    CHECK_CALL(misled(within, points, 3, 1, 8 * 17, INT64_C(1) << 39));
    CHECK_CALL(misled(within, points, 3, 1, 8 * 17 + 2, N));
    CHECK_CALL(misled(limits, sliced, 5, 0, 9, N));
    CHECK_CALL(misled(limits, sliced, 5, 1, 9, -4));
    CHECK_CALL(misled(limits, sliced, 5, 2, 2 * 40, 1 << 30));
    CHECK_CALL(misled(limits, sliced, 5, 2, 2 * 40 + 1, -5));
    CHECK_CALL(misled(limits, sliced, 5, 3, 12, N));
    PASS();
}

/* Rows of graphs that are simulated in place are neither kept nor taken. */
TEST leaves_rows_in_place(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_layouts *l = NULL;
    gv_sliced s;
    bool found = true;
    const gv_coins coins = {
        .rule = GV_PROBABILITY_STORED, .limit = 0, .stored = g->out.probability};
    remove(sidecar);
    ASSERT_EQ(GV_OK, gv_layouts_open(ctx, graph, hash, true, false, &l, &err));
    const gv_shelf shelf = gv_layouts_shelf(l);
    gv_context_shelve(ctx, &shelf);
    ASSERT_EQ(GV_OK, gv_sliced_open(&s, ctx, g, &coins, 1, &err));
    ASSERT(!s.mapped && s.in_place == NULL && gv_layouts_kept(l, 0, NULL) != NULL);
    gv_sliced_close(&s);
    ASSERT_EQ(GV_OK, gv_sliced_open_in_place(&s, ctx, g, &coins, NULL, 1, &err));
    ASSERT(!s.mapped && s.in_place != NULL);
    ASSERT_EQ(GV_OK, gv_sliced_take(&s, g, &found, &err));
    ASSERT(!found);
    ASSERT_EQ(GV_OK, gv_sliced_shelve(&s, g, &err));
    gv_sliced_close(&s);
    gv_points p;
    ASSERT_EQ(GV_OK, gv_points_layout(&p, ctx, g, &coins, 1, g->n_edges - 1, &err));
    ASSERT(p.in_place != NULL);
    ASSERT_EQ(GV_OK, gv_points_shelve(&p, g, &coins, &err));
    gv_points_close(&p);
    ASSERT(gv_layouts_taken(l, 0, NULL) == NULL && gv_layouts_kept(l, 1, NULL) == NULL);
    gv_context_shelve(ctx, NULL);
    gv_layouts_close(l);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Both ways to keep records are met above, and words of neither are left as they were found. */
TEST rows_of_both_kinds(void)
{
    gv_context *ctx = test_context(2, -1);
    const gv_coins one = {.rule = GV_PROBABILITY_CONSTANT, .limit = gv_coin_limit(.1)};
    const gv_coins own = {.rule = GV_PROBABILITY_STORED, .limit = 0, .stored = g->out.probability};
    gv_points a, b;
    ASSERT_EQ(GV_OK, gv_points_open(&a, ctx, g, &own, 1, &err));
    ASSERT_EQ(GV_ROW_ALONE, a.row_shift);
    gv_points_close(&a);
    ASSERT_EQ(GV_OK, gv_points_open(&a, ctx, g, &one, 1, &err));
    ASSERT_EQ(GV_OK, gv_points_open(&b, ctx, g, &one, 1, &err));
    ASSERT(a.row_shift == GV_ROW_INLINE && a.n_words == b.n_words && a.n_words % 2 == 0);
    ASSERT(memcmp(a.word, b.word, (size_t)a.n_words * sizeof *a.word) == 0);
    gv_points_close(&a), gv_points_close(&b);
    gv_context_free(ctx);
    PASS();
}

/* Runs that keep, and runs that take. */
static enum greatest_test_res failing(const scene *s, bool keeping)
{
    char key[200];
    int32_t taken, kept;
    int64_t k = 0;
    gv_status st = GV_ERR_NOMEM;
    for (; st != GV_OK; k++) {
        gv_cascade_result *r = NULL;
        gv_context *ctx = test_context(2, -1);
        if (keeping)
            remove(sidecar);
        ctx->fail_allocation = k;
        st = simulate(ctx, s, 1, &r, &taken, &kept, key);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        gv_cascade_free(st == GV_OK ? r : NULL);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GT(k, 10);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    CHECK_CALL(failing(&scenes[7], true));
    CHECK_CALL(failing(&scenes[7], false));
    CHECK_CALL(failing(&scenes[4], true));
    CHECK_CALL(failing(&scenes[4], false));
    PASS();
}

SUITE(cascade_shelf)
{
    for (int i = 0; i < N * N; i++)
        other[i] = (float)(1 + i % 7) / 16.0f;
    make_graph();
    test_folder(folder);
    test_path(folder, "graph.h5", graph);
    test_path(folder, "graph.layout.h5", sidecar);
    RUN_TEST(same_with_and_without);
    RUN_TEST(keys_name_what_counts);
    RUN_TEST(follows_nothing_out_of_bounds);
    RUN_TEST(leaves_rows_in_place);
    RUN_TEST(rows_of_both_kinds);
    RUN_TEST(survives_every_failed_allocation);
    test_remove(folder);
    gv_graph_free(g);
    gv_context_free(home);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(cascade_shelf);
    GREATEST_MAIN_END();
}
