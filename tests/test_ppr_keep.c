/* test_ppr_keep.c -- PageRank that is stopped between any two sweeps goes on to the bytes of one
 * that was not, in every layout. */
#include "greatest.h"

#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "grapevine/ppr.h"
#include "support/graphs.h"
#include "support/keep.h"

enum { N = 3000, MOST = 400 };

static gv_error err;

typedef struct outcome {
    double *score; /* [columns][N]; in place: f32 [N][width] in the same bytes */
    gv_ppr_column column[20];
} outcome;

static size_t bytes_of(const gv_ppr_opts *o, int columns)
{
    if (o->layout == GV_PPR_IN_PLACE)
        return (size_t)N * (size_t)gv_ppr_in_place_width(columns) * sizeof(float);
    return (size_t)N * (size_t)columns * sizeof(double);
}

/* Column c starts at node 7 c, every third one anywhere. */
static gv_status walk(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o, int columns,
                      outcome *out)
{
    int64_t offset[21] = {0};
    gv_node node[20];
    for (int c = 0, at = 0; c < columns; c++) {
        if (c % 3 != 2)
            node[at++] = (gv_node)(7 * c);
        offset[c + 1] = at;
    }
    const gv_teleport t = {.n_columns = columns, .offset = offset, .node = node};
    if (o->layout == GV_PPR_IN_PLACE)
        return gv_ppr_in_place(ctx, g, &t, o, (float *)(void *)out->score, out->column, &err);
    return gv_ppr(ctx, g, &t, o, out->score, out->column, &err);
}

static outcome room(const gv_ppr_opts *o, int columns)
{
    const size_t bytes = (bytes_of(o, columns) + 63) / 64 * 64;
    outcome x = {.score = aligned_alloc(64, bytes)};
    memset(x.score, 0x55, bytes);
    memset(x.column, 0, sizeof x.column);
    return x;
}

static enum greatest_test_res same(const outcome *a, const outcome *b, const gv_ppr_opts *o,
                                   int columns)
{
    ASSERT_MEM_EQ(a->score, b->score, bytes_of(o, columns));
    for (int c = 0; c < columns; c++) {
        ASSERT_EQ(a->column[c].iterations, b->column[c].iterations);
        ASSERT(a->column[c].residual == b->column[c].residual);
        ASSERT_EQ(a->column[c].converged, b->column[c].converged);
    }
    PASS();
}

static enum greatest_test_res stopped_everywhere(gv_ppr_layout layout, gv_ppr_precision precision,
                                                 int columns, int step, int least)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.002, 11);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_ppr_opts o = gv_ppr_defaults();
    o.layout = layout;
    o.precision = precision;
    o.tolerance = layout == GV_PPR_IN_PLACE ? 1e-5 : 1e-9;
    outcome straight = room(&o, columns);
    ASSERT_EQm(err.message, GV_OK, walk(ctx, g, &o, columns, &straight));
    int stops = 0;
    for (int at = 1; at < MOST; at += step, stops++) {
        test_keeper k = {.n_states = 0};
        gv_context *first = test_context(2, -1), *second = test_context(1 + at % 3, -1);
        outcome pieces = room(&o, columns);
        test_keep(first, &k, at);
        const gv_status st = walk(first, g, &o, columns, &pieces);
        ASSERT_EQ(0, gv_context_memory_used(first));
        if (st == GV_ERR_CANCELLED) {
            outcome rest = room(&o, columns);
            test_keep(second, &k, 0);
            ASSERT_EQm(err.message, GV_OK, walk(second, g, &o, columns, &rest));
            ASSERT_GT(k.n_taken, 0);
            CHECK_CALL(same(&straight, &rest, &o, columns));
            free(rest.score);
        } else {
            ASSERT_EQ(GV_OK, st);
            CHECK_CALL(same(&straight, &pieces, &o, columns));
        }
        free(pieces.score);
        test_keeper_free(&k);
        gv_context_free(second);
        gv_context_free(first);
        if (st == GV_OK)
            break;
    }
    ASSERT_GTE(stops, least);
    free(straight.score);
    gv_graph_free(g);
    edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

TEST in_double_precision(void)
{
    CHECK_CALL(stopped_everywhere(GV_PPR_PULL, GV_PPR_F64, 3, 5, 5));
    CHECK_CALL(stopped_everywhere(GV_PPR_SEGMENTS, GV_PPR_F64, 1, 5, 5));
    PASS();
}

/* More columns than share a sweep: the second batch as well. */
TEST in_batches(void)
{
    CHECK_CALL(stopped_everywhere(GV_PPR_PULL, GV_PPR_F64, 20, 5, 8));
    PASS();
}

TEST in_single_precision(void)
{
    CHECK_CALL(stopped_everywhere(GV_PPR_PULL, GV_PPR_F32, 1, 1, 10));
    CHECK_CALL(stopped_everywhere(GV_PPR_SEGMENTS, GV_PPR_F32, 1, 1, 10));
    CHECK_CALL(stopped_everywhere(GV_PPR_BLOCKING, GV_PPR_F32, 1, 1, 10));
    CHECK_CALL(stopped_everywhere(GV_PPR_SORTED8, GV_PPR_F32, 5, 1, 10));
    CHECK_CALL(stopped_everywhere(GV_PPR_SORTED16, GV_PPR_F32, 20, 1, 20));
    PASS();
}

TEST in_place(void)
{
    CHECK_CALL(stopped_everywhere(GV_PPR_IN_PLACE, GV_PPR_F32, 5, 1, 8));
    PASS();
}

/* The state of one computation is not taken up by another. */
TEST tells_computations_apart(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.002, 11);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_ppr_opts o = gv_ppr_defaults(), other = o;
    other.damping = 0.5;
    test_keeper k = {.n_states = 0};
    outcome x = room(&o, 3), straight = room(&o, 3), y = room(&o, 3);
    ASSERT_EQ(GV_OK, walk(ctx, g, &other, 3, &straight));
    test_keep(ctx, &k, 9);
    ASSERT_EQ(GV_ERR_CANCELLED, walk(ctx, g, &o, 3, &x));
    test_keep(ctx, &k, 0);
    ASSERT_EQ(GV_OK, walk(ctx, g, &other, 3, &y));
    ASSERT_EQ(0, k.n_taken);
    CHECK_CALL(same(&straight, &y, &o, 3));
    free(x.score), free(y.score), free(straight.score);
    test_keeper_free(&k);
    gv_context_keep(ctx, NULL);
    gv_graph_free(g);
    edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

SUITE(ppr_keep)
{
    RUN_TEST(in_double_precision);
    RUN_TEST(in_batches);
    RUN_TEST(in_single_precision);
    RUN_TEST(in_place);
    RUN_TEST(tells_computations_apart);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(ppr_keep);
    GREATEST_MAIN_END();
}
