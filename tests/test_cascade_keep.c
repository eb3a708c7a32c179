/* test_cascade_keep.c -- cascades that are stopped go on to the sums of those that were not. */
#include "greatest.h"

#include "engine/context.h"
#include "grapevine/cascade.h"
#include "support/graphs.h"
#include "support/keep.h"

enum { N = 300, SEEDS = 4 };

static gv_error err;
static const gv_node seeds[SEEDS] = {3, 50, 120, 299};
static float worth[N];

static gv_cascade_opts options(gv_cascade_kernel kernel)
{
    gv_cascade_opts o = gv_cascade_defaults();
    o.kernel = kernel;
    o.weight = worth;
    o.steps = true;
    return o;
}

static bool same(const gv_cascade_result *a, const gv_cascade_result *b)
{
    const size_t n = (size_t)a->n_worlds, steps = (size_t)a->curve_length;
    return a->n_worlds == b->n_worlds && a->curve_length == b->curve_length &&
           memcmp(a->spread, b->spread, n * sizeof *a->spread) == 0 &&
           memcmp(a->value, b->value, n * sizeof *a->value) == 0 &&
           memcmp(a->curve_sum, b->curve_sum, steps * sizeof *a->curve_sum) == 0 &&
           memcmp(a->curve_sumsq, b->curve_sumsq, steps * sizeof *a->curve_sumsq) == 0 &&
           memcmp(a->activation_count, b->activation_count, N * sizeof *a->activation_count) == 0 &&
           memcmp(a->activation_step_sum, b->activation_step_sum,
                  N * sizeof *a->activation_step_sum) == 0;
}

/* Stops before every chunk but the first, each time on another number of threads. */
static int run_in_pieces(const gv_graph *g, const gv_cascade_opts *o, gv_cascade_result **out,
                         gv_context **last)
{
    test_keeper k = {.n_states = 0};
    gv_status st = GV_ERR_CANCELLED;
    int stops = 0;
    for (; st == GV_ERR_CANCELLED; stops++) {
        *last = test_context(1 + stops % 3, -1);
        test_keep(*last, &k, 2);
        st = gv_cascade(*last, g, NULL, seeds, SEEDS, o, out, &err);
        if (st == GV_ERR_CANCELLED) {
            if (gv_context_memory_used(*last) != 0)
                exit(EXIT_FAILURE);
            gv_context_free(*last);
        }
    }
    test_keeper_free(&k);
    return st == GV_OK ? stops - 1 : -1;
}

static enum greatest_test_res stopped_and_straight(const gv_cascade_opts *o, int least)
{
    gv_context *ctx = test_context(2, -1), *other = NULL;
    edge_list e = edges_gnp(N, 0.01, 5);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    gv_cascade_result *straight = NULL, *pieces = NULL;
    ASSERT_EQ(GV_OK, gv_cascade(ctx, g, NULL, seeds, SEEDS, o, &straight, &err));
    const int stops = run_in_pieces(g, o, &pieces, &other);
    ASSERT_GTE(stops, least);
    ASSERT(same(straight, pieces));
    gv_cascade_free(pieces);
    gv_cascade_free(straight);
    gv_context_free(other);
    gv_graph_free(g);
    edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

TEST worlds_one_by_one(void)
{
    gv_cascade_opts o = options(GV_CASCADE_POINTS);
    o.n_worlds = 30000;
    CHECK_CALL(stopped_and_straight(&o, 2));
    PASS();
}

TEST worlds_side_by_side(void)
{
    gv_cascade_opts o = options(GV_CASCADE_SLICED);
    o.n_worlds = 200000;
    CHECK_CALL(stopped_and_straight(&o, 2));
    PASS();
}

/* Blocks that an earlier run found wanting are not judged again with the worlds beyond them. */
TEST to_a_target(void)
{
    gv_cascade_opts o = options(GV_CASCADE_POINTS);
    o.target_stderr = 0.002;
    CHECK_CALL(stopped_and_straight(&o, 2));
    PASS();
}

SUITE(cascade_keep)
{
    for (int v = 0; v < N; v++)
        worth[v] = (float)(v % 7) * 0.25f;
    RUN_TEST(worlds_one_by_one);
    RUN_TEST(worlds_side_by_side);
    RUN_TEST(to_a_target);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(cascade_keep);
    GREATEST_MAIN_END();
}
