/* test_cascade_errors.c -- independent cascade: documented errors, failing allocations, cancelling.
 */
#include <math.h>

#include "engine/context.h"
#include "grapevine/cascade.h"
#include "greatest.h"
#include "support/cascades.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;
static gv_cascade_kernel kernel; /* under test */

typedef struct bad_option {
    gv_cascade_opts o;
    gv_status status;
    const char *word;
} bad_option;

TEST refuses_bad_options(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_star(4);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability half = cascade_constant(0.5);
    const gv_node seed = 1;
    const gv_cascade_opts d = gv_cascade_defaults();
    bad_option bad[] = {{d, GV_ERR_RANGE, "n_worlds 0 "},
                        {d, GV_ERR_RANGE, "n_worlds 2147483648 "},
                        {d, GV_ERR_RANGE, "target_stderr -0.1 "},
                        {d, GV_ERR_RANGE, "target_stderr 1 "},
                        {d, GV_ERR_RANGE, "target_stderr nan "},
                        {d, GV_ERR_RANGE, "max_worlds 0 "},
                        {d, GV_ERR_RANGE, "max_steps -2 "},
                        {d, GV_ERR_RANGE, "first_world -1 "},
                        {d, GV_ERR_RANGE, "first_world 9223372036854775807 "},
                        {d, GV_ERR_RANGE, "kernel 4 "}};
    bad[0].o.n_worlds = 0, bad[1].o.n_worlds = INT64_C(1) << 31;
    bad[2].o.target_stderr = -0.1, bad[3].o.target_stderr = 1.0, bad[4].o.target_stderr = NAN;
    bad[5].o.target_stderr = 0.1, bad[5].o.max_worlds = 0, bad[6].o.max_steps = -2;
    bad[7].o.first_world = -1, bad[8].o.first_world = INT64_MAX;
    bad[9].o.kernel = (gv_cascade_kernel)4;
    gv_cascade_result *r = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ASSERT_EQ(bad[i].status, gv_cascade(ctx, g, &half, &seed, 1, &bad[i].o, &r, &err));
        ASSERTm(bad[i].word, strstr(err.message, bad[i].word) != NULL);
    }
    const double off[] = {-0.1, 1.5, NAN, INFINITY};
    for (int i = 0; i < 4; i++) {
        const gv_probability p = cascade_constant(off[i]);
        ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, &p, &seed, 1, NULL, &r, &err));
        float stored[] = {0.0f, 0.5f, 1.0f, 0.2f, 0.3f, (float)off[i], 1.0f, 2.0f};
        const gv_probability array = {.rule = GV_PROBABILITY_STORED, .stored = stored};
        ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, &array, &seed, 1, NULL, &r, &err));
        ASSERT(strstr(err.message, "of edge 5 is not in [0, 1]") != NULL);
    }
    const gv_node outside[] = {-1, 5};
    for (int i = 0; i < 2; i++) {
        ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, &half, &outside[i], 1, NULL, &r, &err));
        ASSERT(strstr(err.message, "is not in [0, 5)") != NULL);
    }
    const gv_probability none = {.rule = GV_PROBABILITY_NONE},
                         empty = {.rule = GV_PROBABILITY_STORED};
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, NULL, &seed, 1, NULL, &r, &err));
    ASSERT(strstr(err.message, "the graph has no probabilities") != NULL);
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, &none, &seed, 1, NULL, &r, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, &empty, &seed, 1, NULL, &r, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, &half, NULL, 1, NULL, &r, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, &half, &seed, -1, NULL, &r, NULL));
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_blocked = 1;
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, &half, &seed, 1, &o, &r, &err));
    for (int i = 0; i < 2; i++) {
        o.blocked = &outside[i];
        ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, &half, &seed, 1, &o, &r, &err));
        ASSERT(strstr(err.message, "is not in [0, 5)") != NULL);
    }
    o.blocked = &seed;
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, &half, &seed, 1, &o, &r, &err));
    ASSERT(strstr(err.message, "seed 1 is among the blocked") != NULL);
    ASSERT_EQ(NULL, r);
    gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* The second graph is deep enough that room for its steps is found by allocating again. */
TEST survives_every_failed_allocation(void)
{
    for (int deep = 0; deep < 2; deep++) {
        edge_list e = deep ? edges_path(600) : edges_gnp(100, 0.05, 1);
        gv_context *ctx = test_context(2, -1);
        gv_graph *g = edges_graph(ctx, &e, NULL);
        const int64_t before = gv_context_memory_used(ctx);
        const gv_probability p = cascade_constant(deep ? 1.0 : 0.2);
        const gv_node seeds[] = {0, 7};
        gv_cascade_opts o = gv_cascade_defaults();
        const gv_node blocked[] = {50, 60};
        o.activation = true, o.n_worlds = 20, o.kernel = kernel;
        o.marginals = true, o.blocked = blocked, o.n_blocked = deep ? 0 : 2;
        gv_status st = GV_ERR_NOMEM;
        int64_t k = 0;
        for (; st != GV_OK; k++) {
            gv_cascade_result *r = NULL;
            ctx->allocations = 0;
            ctx->fail_allocation = k;
            st = gv_cascade(ctx, g, &p, seeds, 2, &o, &r, &err);
            ASSERT(st == GV_OK || (st == GV_ERR_NOMEM && r == NULL));
            gv_cascade_free(r);
            ASSERT_EQ(before, gv_context_memory_used(ctx));
        }
        ASSERT_GT(k, deep ? 20 : 15);
        gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    }
    PASS();
}

typedef struct patience {
    int calls, last;
    int64_t done;
    bool layout, backwards;
} patience;

static bool count_calls(void *data, const char *stage, int64_t done, int64_t total)
{
    patience *p = data;
    const bool layout = strcmp(stage, "cascade layout") == 0;
    p->backwards |= layout != p->layout && (layout || done != 0);
    p->backwards |= layout == p->layout && done < p->done;
    p->backwards |= done > total || (!layout && strcmp(stage, "cascade") != 0);
    p->layout = layout;
    p->done = done;
    return ++p->calls <= p->last;
}

TEST reports_progress_and_cancels(void)
{
    edge_list e = edges_gnp(100, 0.05, 1);
    for (int last = 0, st = GV_ERR_CANCELLED; st != GV_OK; last++) {
        patience p = {.last = last, .layout = kernel != GV_CASCADE_PLAIN};
        gv_context_opts co = gv_context_defaults();
        co.n_threads = 2;
        gv_context *ctx = NULL;
        ASSERT_EQ(GV_OK, gv_context_create(&co, &ctx, &err));
        gv_graph *g = edges_graph_weighted(ctx, &e);
        const int64_t before = gv_context_memory_used(ctx);
        ctx->progress = count_calls;
        ctx->progress_data = &p;
        const gv_node seed = 1;
        gv_cascade_result *r = NULL;
        gv_cascade_opts o = gv_cascade_defaults();
        o.kernel = kernel;
        st = gv_cascade(ctx, g, NULL, &seed, 1, &o, &r, &err);
        ASSERT(st == GV_OK || (st == GV_ERR_CANCELLED && r == NULL));
        ASSERT_FALSE(p.backwards);
        ASSERT(st != GV_OK || (p.done == 1024 && last >= 2));
        gv_cascade_free(r);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
        gv_graph_free(g), gv_context_free(ctx);
    }
    edges_free(&e);
    PASS();
}

SUITE(cascade_errors)
{
    RUN_TEST(refuses_bad_options);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(reports_progress_and_cancels);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    for (int k = GV_CASCADE_AUTO; k <= GV_CASCADE_SLICED; k++) {
        kernel = (gv_cascade_kernel)k;
        RUN_SUITE(cascade_errors);
    }
    GREATEST_MAIN_END();
}
