/* test_ppr_in_place.c -- personalized PageRank in place: against the dense reference and against
 * gv_ppr() within the bounds that both prove; that later blocks see what earlier ones have become;
 * equal bytes at any number of threads, beside any columns and at any level of vectors; errors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/ppr.h"
#include "greatest.h"
#include "kernels/ppr_in_place.h"
#include "tests/ref/ref_ppr.h"
#include "tests/support/graphs.h"
#include "tests/support/status.h"
#include "tests/support/teleports.h"

GREATEST_MAIN_DEFS();

enum { COLUMNS = 16, LARGE = 150000, ENTRIES = 12 };

static gv_context *ctx;
static gv_error err;

/* One source, several with weights and duplicates, everyone. */
typedef struct many_columns {
    int64_t offset[COLUMNS + 1];
    gv_node node[COLUMNS * ENTRIES];
    double weight[COLUMNS * ENTRIES];
    gv_teleport t;
} many_columns;

static void make_columns(many_columns *c, int64_t n, int64_t n_columns, uint64_t seed)
{
    c->offset[0] = 0;
    for (int64_t i = 0; i < n_columns; i++) {
        const int64_t entries = i % 5 == 4 ? 0 : i % 5 == 0 ? 1 : ENTRIES;
        c->offset[i + 1] = c->offset[i] + entries;
        for (int64_t k = c->offset[i]; k < c->offset[i + 1]; k++) {
            c->node[k] = (gv_node)(test_random(seed, (uint64_t)k) * (double)n);
            c->weight[k] = .25 + test_random(seed, 1000 + (uint64_t)k);
        }
    }
    c->t = (gv_teleport){n_columns, c->offset, c->node, c->weight};
}

static double column_distance(const float *x, int64_t c, int width, const double *y, int64_t n)
{
    double sum = 0.0;
    for (int64_t v = 0; v < n; v++)
        sum += fabs((double)x[v * width + c] - y[v]);
    return sum;
}

static float *room(int64_t n, int64_t n_columns)
{
    return gv_context_take(ctx, n * gv_ppr_in_place_width(n_columns), sizeof(float));
}

/* ---- references --------------------------------------------------------------------------- */

TEST agrees_with(const gv_graph *g, gv_ppr_opts o, uint64_t seed)
{
    const int64_t n = g->n_nodes, n_columns = seed % 2 ? 5 : 11;
    const int width = gv_ppr_in_place_width(n_columns);
    many_columns c;
    double expected[40], t[40];
    gv_ppr_column column[COLUMNS];
    float *x = room(n, n_columns);
    make_columns(&c, n, n_columns, seed);
    o.tolerance = 5e-6; /* in few nodes roundings do not cancel */
    ASSERT_OK(gv_ppr_in_place(ctx, g, &c.t, &o, x, column, &err));
    for (int64_t k = 0; k < n_columns; k++) {
        teleport_dense(&c.t, k, n, t);
        ref_ppr_solve(g, &o, t, expected);
        ASSERT(column[k].converged && column[k].residual <= 5e-6 && column[k].iterations > 0);
        ASSERT(column_distance(x, k, width, expected, n) <= column[k].residual);
    }
    for (int64_t v = 0; v < n; v++)
        for (int64_t k = n_columns; k < width; k++)
            ASSERT(x[v * width + k] == 0.0F);
    gv_context_release(ctx, x);
    PASS();
}

TEST agrees_with_reference(void)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        const int64_t n = 3 + (int64_t)(test_random(seed, 0) * 37.0);
        gv_build_opts build = gv_build_defaults();
        build.source = (gv_probability_source)(seed % 4);
        edge_list e = edges_gnp(n, 2.5 / (double)n, seed);
        for (int64_t i = 0; i < e.n_edges; i += 7)
            e.weight[i] = 0.0F;
        gv_graph *g = edges_graph(ctx, &e, &build);
        ASSERT(g != NULL);
        for (int variant = 0; variant < 16; variant++) {
            gv_ppr_opts o = gv_ppr_defaults();
            o.dangling = (gv_dangling)(variant % 4);
            o.direction = variant / 4 % 2 ? GV_REVERSE : GV_FORWARD;
            o.weighted = variant / 8 % 2 > 0 && build.source != GV_FROM_NONE;
            CHECK_CALL(agrees_with(g, o, seed));
        }
        gv_graph_free(g);
        edges_free(&e);
    }
    PASS();
}

/* ---- larger graphs ------------------------------------------------------------------------ */

static gv_graph *large_graph(void)
{
    edge_list e = edges_none(LARGE);
    for (uint64_t i = 0; i < 3 * LARGE; i++)
        edges_add(&e, (int64_t)(pow(test_random(9, 3 * i), 3.0) * LARGE),
                  (int64_t)(test_random(9, 3 * i + 1) * LARGE), test_random(9, 3 * i + 2));
    gv_graph *g = edges_graph_weighted(ctx, &e);
    edges_free(&e);
    return g;
}

TEST agrees_with_sweeps_beside(const gv_graph *g)
{
    many_columns c;
    gv_ppr_column column[COLUMNS], other[COLUMNS];
    const int64_t n_columns = 9;
    float *x = room(LARGE, n_columns);
    double *y = calloc((size_t)(n_columns * LARGE), sizeof *y);
    make_columns(&c, LARGE, n_columns, 4);
    for (int variant = 0; variant < 4; variant++) {
        gv_ppr_opts o = gv_ppr_defaults();
        o.dangling = (gv_dangling)variant;
        o.weighted = variant % 2;
        o.direction = variant / 2 % 2 ? GV_REVERSE : GV_FORWARD;
        o.tolerance = 3e-6;
        ASSERT_OK(gv_ppr_in_place(ctx, g, &c.t, &o, x, column, &err));
        o.tolerance = 1e-8;
        ASSERT_OK(gv_ppr(ctx, g, &c.t, &o, y, other, &err));
        for (int64_t k = 0; k < n_columns; k++)
            ASSERT(column_distance(x, k, 16, y + k * LARGE, LARGE) <=
                   column[k].residual + other[k].residual);
    }
    gv_context_release(ctx, x);
    free(y);
    PASS();
}

/* One sweep in double precision, block after block, of one source, from scores scaled to sum 1. */
static void slow_sweep(const gv_graph *g, double a, gv_node source, double *x)
{
    double *next = calloc(LARGE, sizeof *next), lost = 0.0, mass = 0.0;
    for (int64_t v = 0; v < LARGE; v++)
        mass += x[v];
    for (int64_t v = 0; v < LARGE; v++)
        x[v] /= mass;
    for (int64_t v = 0; v < LARGE; v++)
        lost += gv_csr_degree(&g->out, (gv_node)v) == 0 ? x[v] : 0.0;
    for (int64_t begin = 0; begin < LARGE; begin += PPR_IN_PLACE_ROWS) {
        const int64_t end =
            begin + PPR_IN_PLACE_ROWS < LARGE ? begin + PPR_IN_PLACE_ROWS : (int64_t)LARGE;
        for (int64_t v = begin; v < end; v++) {
            next[v] = v == source ? 1.0 - a + a * lost : 0.0;
            for (int64_t e = g->in.indptr[v]; e < g->in.indptr[v + 1]; e++) {
                const gv_node u = g->in.indices[e];
                next[v] += a * x[u] / (double)gv_csr_degree(&g->out, u);
            }
        }
        memcpy(x + begin, next + begin, (size_t)(end - begin) * sizeof *x);
    }
    free(next);
}

TEST later_blocks_see_earlier_ones(const gv_graph *g)
{
    const int64_t offset[2] = {0, 1};
    const gv_node source = 7;
    const gv_teleport t = {1, offset, &source, NULL};
    gv_ppr_opts o = gv_ppr_defaults();
    float *x = room(LARGE, 1);
    double *y = calloc(LARGE, sizeof *y);
    gv_ppr_column column;
    y[source] = 1.0;
    for (o.max_iterations = 1; o.max_iterations <= 3; o.max_iterations++) {
        ASSERT_STATUS(GV_ERR_CONVERGE, gv_ppr_in_place(ctx, g, &t, &o, x, &column, &err));
        slow_sweep(g, o.damping, source, y);
        ASSERT(column_distance(x, 0, 8, y, LARGE) < 1e-6);
        ASSERT(!column.converged && column.iterations == o.max_iterations);
    }
    gv_context_release(ctx, x);
    free(y);
    PASS();
}

TEST same_bytes_at_any_thread_count(const gv_graph *g)
{
    many_columns c;
    gv_ppr_column column[COLUMNS], again[COLUMNS];
    const size_t bytes = (size_t)LARGE * 16 * sizeof(float);
    float *one = room(LARGE, 16), *many = room(LARGE, 16);
    gv_ppr_opts o = gv_ppr_defaults();
    o.tolerance = 1e-4, o.weighted = true;
    make_columns(&c, LARGE, 16, 5);
    for (int threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
        gv_context *other = test_context(threads, -1);
        memset(again, 0, sizeof again);
        ASSERT_OK(gv_ppr_in_place(other, g, &c.t, &o, threads == 1 ? one : many, again, &err));
        ASSERT_EQ(0, gv_context_memory_used(other));
        gv_context_free(other);
        if (threads == 1)
            memcpy(column, again, sizeof again);
        else
            ASSERT_MEM_EQ(one, many, bytes);
        for (int k = 0; k < 16; k++)
            ASSERT(again[k].residual == column[k].residual &&
                   again[k].iterations == column[k].iterations);
    }
    gv_context_release(ctx, one);
    gv_context_release(ctx, many);
    PASS();
}

/* The bits of a column do not depend on what is beside it, nor on the width. */
TEST same_bytes_beside_others(const gv_graph *g)
{
    many_columns c;
    gv_ppr_column column[COLUMNS], other;
    float *x = room(LARGE, 16), *y = room(LARGE, 1);
    gv_ppr_opts o = gv_ppr_defaults();
    o.tolerance = 1e-5;
    make_columns(&c, LARGE, 16, 6);
    ASSERT_OK(gv_ppr_in_place(ctx, g, &c.t, &o, x, column, &err));
    for (int64_t k = 0; k < 16; k += 5) {
        const int64_t offset[2] = {0, c.offset[k + 1] - c.offset[k]};
        const gv_teleport t = {1, offset, c.node + c.offset[k], c.weight + c.offset[k]};
        ASSERT_OK(gv_ppr_in_place(ctx, g, &t, &o, y, &other, &err));
        for (int64_t v = 0; v < LARGE; v++)
            ASSERT(x[v * 16 + k] == y[v * 8]);
        ASSERT(other.residual == column[k].residual && other.iterations == column[k].iterations);
    }
    gv_context_release(ctx, x);
    gv_context_release(ctx, y);
    PASS();
}

/* ---- vectors ------------------------------------------------------------------------------ */

TEST twins_give_the_same_bits(const gv_graph *g, bool weighted, int width)
{
    gv_ppr_opts o = gv_ppr_defaults();
    ppr_walk walk;
    ppr_shift expected, found;
    const size_t rows = 64 * (size_t)width;
    float *share = room(LARGE, width), *next = aligned_alloc(64, rows * 4),
          *twin = aligned_alloc(64, rows * 4);
    double *sum = aligned_alloc(64, rows * 8), *base = aligned_alloc(64, 16 * 8);
    double *unit = aligned_alloc(64, 16 * 8);
    int32_t *live = aligned_alloc(64, 16 * 4);
    o.weighted = weighted;
    ASSERT_OK(ppr_walk_start(ctx, g, &o, &walk, &err));
    for (int64_t i = 0; i < (int64_t)LARGE * width; i++)
        share[i] = (float)test_random(8, (uint64_t)i);
    for (int c = 0; c < 16; c++) {
        base[c] = test_random(7, (uint64_t)c);
        unit[c] = .5 + test_random(6, (uint64_t)c);
        live[c] = c % 3 ? -1 : 0;
    }
    for (int level = 0; level < PPR_IN_PLACE_LEVELS; level++) {
        const ppr_in_place_lanes *lanes = ppr_in_place_lanes_at(level);
        ppr_rows r = {.walk = &walk,
                      .begin = 500,
                      .end = 564,
                      .share = share,
                      .next = level == 0 ? next : twin,
                      .sum = sum,
                      .damping = .85,
                      .base = base,
                      .unit = unit,
                      .live = live,
                      .stay = true};
        if (lanes == NULL)
            continue;
        memset(&found, 0, sizeof found);
        (width == 8 ? lanes->pull8 : lanes->pull16)(&r, &found);
        (width == 8 ? lanes->finish8 : lanes->finish16)(&r, &found);
        if (level == 0)
            expected = found;
        else
            ASSERT_MEM_EQ(next, twin, rows * 4);
        ASSERT_MEM_EQ(&expected, &found, sizeof found);
    }
    ASSERT(expected.moved[1] > 0.0 && expected.moved[0] == 0.0 && expected.rounding[1] > 0.0);
    ASSERT(next[0] == share[500 * width]);
    free(live), free(unit), free(base), free(sum), free(next), free(twin);
    gv_context_release(ctx, share);
    ppr_walk_free(ctx, &walk);
    PASS();
}

/* ---- errors ------------------------------------------------------------------------------- */

TEST refuses_bad_options(const gv_graph *g)
{
    int64_t offset[18] = {0};
    gv_teleport t = {17, offset, NULL, NULL};
    gv_ppr_opts o = gv_ppr_defaults();
    gv_ppr_layout layout;
    float x[1];
    ASSERT_STATUS(GV_ERR_ARG, gv_ppr_in_place(ctx, g, &t, &o, x, NULL, &err));
    ASSERT_STR_EQ("ppr: 17 columns in place; at most 16", err.message);
    t.n_columns = 1, o.tolerance = 0.0;
    ASSERT_STATUS(GV_ERR_ARG, gv_ppr_in_place(ctx, g, &t, &o, x, NULL, &err));
    ASSERT_STR_EQ("ppr: in place needs a tolerance above 0", err.message);
    o.tolerance = 1e-6, o.max_iterations = 0;
    ASSERT_STATUS(GV_ERR_ARG, gv_ppr_in_place(ctx, g, &t, &o, x, NULL, &err));
    o.max_iterations = 10, o.damping = 1.0;
    ASSERT_STATUS(GV_ERR_RANGE, gv_ppr_in_place(ctx, g, &t, &o, x, NULL, &err));
    o = gv_ppr_defaults(), o.precision = GV_PPR_F32, o.layout = GV_PPR_IN_PLACE;
    ASSERT_STATUS(GV_ERR_ARG, gv_ppr_choose(ctx, g, 1, &o, &layout, &err));
    ASSERT_STR_EQ("ppr: layout in-place is for gv_ppr_in_place()", err.message);
    ASSERT_STR_EQ("in-place", gv_ppr_layout_name(GV_PPR_IN_PLACE));
    PASS();
}

/* More than floats can hold: it stops when nothing is gained, and says so. */
TEST says_when_not_converged(const gv_graph *g)
{
    many_columns c;
    gv_ppr_column column[2];
    float *x = room(LARGE, 2);
    gv_ppr_opts o = gv_ppr_defaults();
    o.tolerance = 1e-12;
    make_columns(&c, LARGE, 2, 3);
    ASSERT_STATUS(GV_ERR_CONVERGE, gv_ppr_in_place(ctx, g, &c.t, &o, x, column, &err));
    ASSERT(!column[1].converged && column[1].residual < 1e-5 && column[1].iterations < 200);
    gv_context_release(ctx, x);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    many_columns c;
    edge_list e = edges_gnp(300, .02, 3);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    float *x = room(300, 3);
    gv_ppr_opts o = gv_ppr_defaults();
    o.tolerance = 1e-4, o.weighted = true;
    make_columns(&c, 300, 3, 3);
    const int64_t before = gv_context_memory_used(ctx);
    gv_status st = GV_ERR_NOMEM;
    int failures = -1;
    for (int64_t k = 0; st != GV_OK; k++, failures++) {
        ctx->fail_allocation = ctx->allocations + k;
        st = gv_ppr_in_place(ctx, g, &c.t, &o, x, NULL, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
    }
    ctx->fail_allocation = -1;
    ASSERT(failures >= 5);
    gv_context_release(ctx, x);
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

TEST nobody_is_exact(void)
{
    const int64_t offset[2] = {0, 0};
    const gv_teleport t = {1, offset, NULL, NULL};
    gv_ppr_column column = {.converged = false};
    edge_list e = edges_none(0);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    float x[1];
    ASSERT_OK(gv_ppr_in_place(ctx, g, &t, NULL, x, &column, &err));
    ASSERT(column.converged && column.residual == 0.0);
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

SUITE(in_place_suite)
{
    ctx = test_context(1, -1); /* several threads: see same_bytes_at_any_thread_count */
    gv_graph *g = large_graph();
    RUN_TEST(agrees_with_reference);
    RUN_TEST1(agrees_with_sweeps_beside, g);
    RUN_TEST1(later_blocks_see_earlier_ones, g);
    RUN_TEST1(same_bytes_at_any_thread_count, g);
    RUN_TEST1(same_bytes_beside_others, g);
    for (int i = 0; i < 4; i++)
        RUN_TESTp(twins_give_the_same_bits, g, i % 2 > 0, i < 2 ? 8 : 16);
    RUN_TEST1(refuses_bad_options, g);
    RUN_TEST1(says_when_not_converged, g);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(nobody_is_exact);
    gv_graph_free(g);
    gv_context_free(ctx);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(in_place_suite);
    GREATEST_MAIN_END();
}
