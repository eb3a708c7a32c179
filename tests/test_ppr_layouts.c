/* test_ppr_layouts.c -- personalized PageRank in single precision: every layout against the dense
 * reference and against double precision, within the bounds that both prove; equal bytes at any
 * number of threads and any level of vectors; errors. */
#include <math.h>
#include <stdlib.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/ppr.h"
#include "greatest.h"
#include "kernels/ppr_fast.h"
#include "tests/ref/ref_ppr.h"
#include "tests/support/graphs.h"
#include "tests/support/status.h"
#include "tests/support/teleports.h"

GREATEST_MAIN_DEFS();

enum { LAYOUTS = 5, LARGE = 36000 };

static gv_context *ctx;
static gv_error err;

static const gv_ppr_layout layouts[LAYOUTS] = {GV_PPR_PULL, GV_PPR_SEGMENTS, GV_PPR_BLOCKING,
                                               GV_PPR_SORTED8, GV_PPR_SORTED16};

static bool for_one_column(gv_ppr_layout layout)
{
    return layout == GV_PPR_SEGMENTS || layout == GV_PPR_BLOCKING;
}

/* ---- teleport columns --------------------------------------------------------------------- */

/* Up to 20 columns: one source, several with weights and duplicates, everyone. */
typedef struct many_columns {
    int64_t offset[21];
    gv_node node[20 * 12];
    double weight[20 * 12];
} many_columns;

static many_columns some_columns(int64_t n, uint64_t seed)
{
    many_columns c = {.offset = {0}};
    for (uint64_t i = 0; i < 20; i++) {
        const int64_t entries = i % 5 == 4 ? 0 : i % 5 == 0 ? 1 : 12;
        c.offset[i + 1] = c.offset[i] + entries;
        for (int64_t k = c.offset[i]; k < c.offset[i + 1]; k++) {
            c.node[k] = (gv_node)(test_random(seed, (uint64_t)k) * (double)n);
            c.weight[k] = .25 + test_random(seed, 1000 + (uint64_t)k);
        }
    }
    return c;
}

/* The first `n` of them, from the one at `first`. */
static gv_teleport part_of(const many_columns *c, int64_t first, int64_t n, int64_t *offset)
{
    for (int64_t i = 0; i <= n; i++)
        offset[i] = c->offset[first + i] - c->offset[first];
    return (gv_teleport){n, offset, c->node + c->offset[first], c->weight + c->offset[first]};
}

/* ---- dense reference ---------------------------------------------------------------------- */

static edge_list messy_graph(int64_t n, uint64_t seed)
{
    edge_list e = edges_gnp(n, 2.5 / (double)n, seed);
    for (int64_t i = 0; i < e.n_edges; i++)
        if (i % 7 == 0)
            e.weight[i] = 0.0F;
    return e;
}

TEST agrees_with(const gv_graph *g, gv_ppr_opts o, uint64_t seed)
{
    const many_columns all = some_columns(g->n_nodes, seed);
    int64_t offset[21];
    double x[4 * 40], expected[40], t[40];
    gv_ppr_column column[4];
    const int64_t n = g->n_nodes, n_columns = for_one_column(o.layout) ? 1 : 4;
    const gv_teleport part = part_of(&all, (int64_t)(seed % 5), n_columns, offset);
    static const double tolerance[3] = {1e-13, 1e-6, 0.0};
    for (int i = 0; i < 3; i++) {
        o.tolerance = tolerance[i];
        o.max_iterations = tolerance[i] == 0.0 ? 4 : 1000;
        ASSERT_OK(gv_ppr(ctx, g, &part, &o, x, column, &err));
        for (int64_t c = 0; c < n_columns; c++) {
            teleport_dense(&part, c, n, t);
            ref_ppr_solve(g, &o, t, expected);
            ASSERT(distance(x + c * n, expected, n) <= column[c].residual + 1e-16);
            ASSERT(column[c].converged && (i == 2 || column[c].residual <= tolerance[i]));
            ref_ppr_sweeps(g, &o, t, 4, expected);
            ASSERT(i < 2 || (column[c].iterations == 4 && distance(x + c * n, expected, n) < 2e-6));
        }
    }
    PASS();
}

TEST agrees_with_reference(void)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        const int64_t n = 3 + (int64_t)(test_random(seed, 0) * 37.0);
        gv_build_opts build = gv_build_defaults();
        build.source = (gv_probability_source)(seed % 4);
        edge_list e = messy_graph(n, seed);
        gv_graph *g = edges_graph(ctx, &e, &build);
        ASSERT(g != NULL);
        for (int variant = 0; variant < 16 * LAYOUTS; variant++) {
            gv_ppr_opts o = gv_ppr_defaults();
            o.precision = GV_PPR_F32;
            o.dangling = (gv_dangling)(variant % 4);
            o.direction = variant / 4 % 2 ? GV_REVERSE : GV_FORWARD;
            o.weighted = variant / 8 % 2 > 0 && build.source != GV_FROM_NONE;
            o.layout = layouts[variant / 16];
            CHECK_CALL(agrees_with(g, o, seed));
        }
        gv_graph_free(g);
        edges_free(&e);
    }
    PASS();
}

/* ---- larger graphs ------------------------------------------------------------------------ */

static gv_ppr_opts large_opts(gv_ppr_layout layout, int variant)
{
    gv_ppr_opts o = gv_ppr_defaults();
    o.precision = GV_PPR_F32;
    o.layout = layout;
    o.dangling = (gv_dangling)variant;
    o.weighted = variant % 2;
    o.direction = variant / 2 % 2 ? GV_REVERSE : GV_FORWARD;
    return o;
}

/* Within both bounds of what double precision says, at any tolerance. */
TEST agrees_with_double_precision(const gv_graph *g)
{
    const many_columns all = some_columns(LARGE, 3);
    int64_t offset[21];
    double *x = calloc(18 * LARGE, sizeof *x), *y = calloc(18 * LARGE, sizeof *y);
    gv_ppr_column column[18], other[18];
    for (int i = 0; i < LAYOUTS; i++) {
        gv_ppr_opts o = large_opts(layouts[i], i % 4);
        const gv_teleport t = part_of(&all, i % 2, for_one_column(o.layout) ? 1 : 9, offset);
        o.tolerance = i % 2 ? 1e-6 : 1e-10;
        ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, column, &err));
        o.precision = GV_PPR_F64, o.layout = GV_PPR_AUTO;
        o.tolerance = 1e-11;
        ASSERT_OK(gv_ppr(ctx, g, &t, &o, y, other, &err));
        for (int64_t c = 0; c < t.n_columns; c++) {
            ASSERT(column[c].converged && column[c].residual <= (i % 2 ? 1e-6 : 1e-10));
            ASSERT(distance(x + c * LARGE, y + c * LARGE, LARGE) <=
                   column[c].residual + other[c].residual);
            double sum = 0.0;
            for (int64_t v = 0; v < LARGE; v++)
                sum += x[c * LARGE + v];
            ASSERT(o.dangling == GV_DANGLING_LEAK || fabs(sum - 1.0) <= column[c].residual + 1e-11);
        }
    }
    free(x), free(y);
    PASS();
}

TEST same_bytes_at_any_thread_count(const gv_graph *large)
{
    const many_columns all = some_columns(LARGE, 5);
    int64_t offset[21];
    double *one = calloc(18 * LARGE, sizeof *one), *many = calloc(18 * LARGE, sizeof *many);
    gv_ppr_column column[18], again[18];
    for (int i = 0; i < LAYOUTS; i++) {
        gv_ppr_opts o = large_opts(layouts[i], i % 4);
        const gv_teleport t = part_of(&all, 0, for_one_column(o.layout) ? 1 : 18, offset);
        o.tolerance = 1e-7;
        for (int threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
            gv_context *other = test_context(threads, -1);
            memset(again, 0, sizeof again);
            ASSERT_OK(gv_ppr(other, large, &t, &o, threads == 1 ? one : many, again, &err));
            ASSERT_EQ(0, gv_context_memory_used(other));
            if (threads == 1)
                memcpy(column, again, sizeof again);
            else
                ASSERT_MEM_EQ(one, many, (size_t)(t.n_columns * LARGE) * sizeof *one);
            for (int c = 0; c < 18; c++)
                ASSERT(again[c].residual == column[c].residual &&
                       again[c].iterations == column[c].iterations);
            gv_context_free(other);
        }
    }
    free(one), free(many);
    PASS();
}

/* Tiles in double precision: the bound, tight; threads; allocations that fail. */
TEST tiles_serve_double_precision(const gv_graph *g)
{
    const many_columns all = some_columns(LARGE, 5);
    int64_t offset[21];
    double *x = calloc(LARGE, sizeof *x), *y = calloc(LARGE, sizeof *y);
    gv_ppr_column column, other;
    for (int i = 0; i < 4; i++) {
        const gv_teleport t = part_of(&all, i, 1, offset);
        gv_ppr_opts o = large_opts(GV_PPR_PULL, i);
        o.precision = GV_PPR_F64, o.tolerance = 1e-11;
        ASSERT_OK(gv_ppr(ctx, g, &t, &o, y, &other, &err));
        o.layout = GV_PPR_SEGMENTS;
        for (int threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
            gv_context *with = test_context(threads, -1);
            double *now = threads == 1 ? x : calloc(LARGE, sizeof *now);
            ASSERT_OK(gv_ppr(with, g, &t, &o, now, &column, &err));
            ASSERT_EQ(0, gv_context_memory_used(with));
            ASSERT_MEM_EQ(x, now, LARGE * sizeof *x);
            if (threads > 1)
                free(now);
            gv_context_free(with);
        }
        ASSERT(column.converged && column.residual <= 1e-11);
        ASSERT(distance(x, y, LARGE) <= column.residual + other.residual);
    }
    free(x), free(y);
    PASS();
}

TEST tiles_in_double_survive_failed_allocations(void)
{
    enum { N = 1500 };
    const many_columns all = some_columns(N, 3);
    int64_t offset[21];
    double x[N];
    gv_graph *g = edges_skewed_graph(ctx, N, N, 6000);
    const int64_t before = gv_context_memory_used(ctx);
    gv_ppr_opts o = large_opts(GV_PPR_SEGMENTS, 1);
    const gv_teleport t = part_of(&all, 1, 1, offset);
    o.precision = GV_PPR_F64, o.tolerance = 1e-4;
    gv_status st = GV_ERR_NOMEM;
    int failures = -1;
    for (int64_t k = 0; st != GV_OK; k++, failures++) {
        ctx->fail_allocation = ctx->allocations + k;
        st = gv_ppr(ctx, g, &t, &o, x, NULL, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
    }
    ctx->fail_allocation = -1;
    ASSERT(failures > 15);
    gv_graph_free(g);
    PASS();
}

/* In a layout of many columns the bits of one do not depend on what is beside it. */
TEST same_bytes_beside_others(const gv_graph *g)
{
    const many_columns all = some_columns(LARGE, 7);
    int64_t offset[21];
    double *x = calloc(18 * LARGE, sizeof *x), *y = calloc(5 * LARGE, sizeof *y);
    gv_ppr_column column[18], other[5];
    for (int i = 3; i < LAYOUTS; i++) {
        gv_ppr_opts o = large_opts(layouts[i], i % 4);
        o.tolerance = 1e-7;
        const gv_teleport t = part_of(&all, 0, 18, offset);
        ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, column, &err));
        const gv_teleport few = part_of(&all, 13, 5, offset);
        ASSERT_OK(gv_ppr(ctx, g, &few, &o, y, other, &err));
        ASSERT_MEM_EQ(x + 13 * LARGE, y, 5 * LARGE * sizeof *y);
        for (int c = 0; c < 5; c++)
            ASSERT(column[13 + c].iterations == other[c].iterations &&
                   column[13 + c].residual == other[c].residual);
    }
    free(x), free(y);
    PASS();
}

/* ---- choice ------------------------------------------------------------------------------- */

static edge_list drawn_graph(int64_t n, int64_t m, double skew)
{
    edge_list e = edges_none(n);
    for (uint64_t i = 0; i < (uint64_t)m; i++)
        edges_add(&e, (int64_t)(pow(test_random(11, 2 * i), skew) * (double)n),
                  (int64_t)(pow(test_random(11, 2 * i + 1), skew) * (double)n), 1.0);
    return e;
}

TEST chooses_by_graph_and_options(const gv_graph *small)
{
    gv_ppr_opts o = gv_ppr_defaults();
    gv_ppr_layout layout;
    o.precision = GV_PPR_F32;
    ASSERT_OK(gv_ppr_choose(ctx, small, 1, &o, &layout, &err));
    ASSERT_EQ(GV_PPR_PULL, layout);
    ASSERT_STR_EQ("pull", gv_ppr_layout_name(layout));
    const int64_t n = 2200000;
    for (int skewed = 0; skewed < 2; skewed++) {
        edge_list e = drawn_graph(n, 2500000, skewed ? 9.0 : 1.0);
        gv_graph *g = edges_graph(ctx, &e, NULL);
        edges_free(&e);
        ASSERT_OK(gv_ppr_choose(ctx, g, 1, &o, &layout, &err));
        ASSERT_EQ(GV_PPR_SEGMENTS, layout);
        ASSERT_OK(gv_ppr_choose(ctx, g, 5, &o, &layout, &err));
        ASSERT_EQ(GV_PPR_SORTED8, layout);
        ASSERT_OK(gv_ppr_choose(ctx, g, 9, &o, &layout, &err));
        ASSERT_EQ(GV_PPR_SORTED16, layout);
        gv_ppr_opts few = o;
        few.tolerance = 0.0, few.max_iterations = 3;
        ASSERT_OK(gv_ppr_choose(ctx, g, 9, &few, &layout, &err));
        ASSERT_EQ(GV_PPR_PULL, layout);
        ASSERT_OK(gv_ppr_choose(ctx, g, 1, &few, &layout, &err));
        ASSERT_EQ(GV_PPR_PULL, layout);
        few.max_iterations = 9;
        ASSERT_OK(gv_ppr_choose(ctx, g, 1, &few, &layout, &err));
        ASSERT_EQ(GV_PPR_SEGMENTS, layout);
        ASSERT_OK(gv_ppr_choose(ctx, g, 9, NULL, &layout, &err));
        ASSERT_EQ(GV_PPR_PULL, layout);
        gv_graph_free(g);
    }
    PASS();
}

TEST refuses_bad_options(const gv_graph *g)
{
    gv_ppr_opts o = gv_ppr_defaults();
    gv_ppr_layout layout;
    o.layout = GV_PPR_BLOCKING;
    ASSERT_STATUS(GV_ERR_ARG, gv_ppr_choose(ctx, g, 1, &o, &layout, &err));
    ASSERT_STR_EQ("ppr: layout blocking is for precision f32; f64 has pull and segments",
                  err.message);
    o.precision = GV_PPR_F32, o.layout = GV_PPR_SEGMENTS;
    ASSERT_STATUS(GV_ERR_ARG, gv_ppr_choose(ctx, g, 2, &o, &layout, &err));
    ASSERT_STR_EQ("ppr: layout segments is for 1 column, not 2", err.message);
    o.layout = (gv_ppr_layout)17;
    ASSERT_STATUS(GV_ERR_ARG, gv_ppr_choose(ctx, g, 1, &o, &layout, &err));
    o.layout = GV_PPR_AUTO, o.precision = (gv_ppr_precision)2;
    ASSERT_STATUS(GV_ERR_ARG, gv_ppr_choose(ctx, g, 1, &o, &layout, &err));
    ASSERT_STR_EQ("ppr: precision 2 is not 0 or 1", err.message);
    PASS();
}

/* Where later rows see what earlier ones have become, scores settle sooner. */
TEST renewed_rows_take_fewer_sweeps(const gv_graph *g)
{
    const many_columns all = some_columns(LARGE, 3);
    int64_t offset[21];
    double *x = calloc(LARGE, sizeof *x);
    const gv_teleport t = part_of(&all, 1, 1, offset);
    gv_ppr_column column[3];
    const gv_ppr_layout layout[3] = {GV_PPR_BLOCKING, GV_PPR_SEGMENTS, GV_PPR_PULL};
    for (int i = 0; i < 3; i++) {
        gv_ppr_opts o = large_opts(layout[i], 0);
        o.tolerance = 1e-6;
        ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, &column[i], &err));
    }
    ASSERT(column[1].iterations < column[0].iterations);
    ASSERT(column[2].iterations < column[0].iterations);
    free(x);
    PASS();
}

/* Too tight for anybody: as far as double precision goes, and it says so. */
TEST says_when_not_converged(const gv_graph *g)
{
    const many_columns all = some_columns(LARGE, 3);
    int64_t offset[21];
    double *x = calloc(LARGE, sizeof *x);
    gv_ppr_column column;
    const gv_teleport t = part_of(&all, 1, 1, offset);
    for (int i = 0; i < LAYOUTS; i += 2) {
        gv_ppr_opts o = large_opts(layouts[i], 0);
        o.tolerance = 1e-18, o.max_iterations = 90;
        ASSERT_STATUS(GV_ERR_CONVERGE, gv_ppr(ctx, g, &t, &o, x, &column, &err));
        ASSERT(!column.converged && column.residual < 1e-5);
        o.tolerance = 1e-9, o.max_iterations = 6;
        ASSERT_STATUS(GV_ERR_CONVERGE, gv_ppr(ctx, g, &t, &o, x, &column, &err));
        ASSERT(!column.converged && column.iterations == 6);
    }
    free(x);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    enum { N = 1500 };
    const many_columns all = some_columns(N, 3);
    int64_t offset[21];
    double *x = calloc(18 * N, sizeof *x);
    gv_graph *g = edges_skewed_graph(ctx, N, N, 6000);
    for (int i = 0; i < LAYOUTS; i++) {
        gv_ppr_opts o = large_opts(layouts[i], 1);
        const gv_teleport t = part_of(&all, 1, for_one_column(o.layout) ? 1 : 18, offset);
        o.tolerance = 1e-4;
        ASSERT(walk_without_memory(ctx, g, &t, &o, x) > 8);
    }
    gv_graph_free(g);
    free(x);
    PASS();
}

SUITE(layouts_suite)
{
    ctx = test_context(1, -1); /* several threads: see same_bytes_at_any_thread_count */
    gv_graph *g = edges_skewed_graph(ctx, LARGE, 6000, 120000);
    RUN_TEST(agrees_with_reference);
    RUN_TEST1(agrees_with_double_precision, g);
    RUN_TEST1(same_bytes_at_any_thread_count, g);
    RUN_TEST1(tiles_serve_double_precision, g);
    RUN_TEST(tiles_in_double_survive_failed_allocations);
    RUN_TEST1(same_bytes_beside_others, g);
    RUN_TEST1(chooses_by_graph_and_options, g);
    RUN_TEST1(refuses_bad_options, g);
    RUN_TEST1(renewed_rows_take_fewer_sweeps, g);
    RUN_TEST1(says_when_not_converged, g);
    RUN_TEST(survives_every_failed_allocation);
    gv_graph_free(g);
    gv_context_free(ctx);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(layouts_suite);
    GREATEST_MAIN_END();
}
