/* test_learn_errors.c -- learning that is refused, stopped, or short of memory. */
#include <math.h>
#include <string.h>

#include "grapevine/grapevine.h"

#include "engine/context.h"
#include "engine/memory.h"
#include "greatest.h"
#include "support/graphs.h"
#include "support/worlds.h"

static gv_error learn_error(gv_context *ctx, int64_t log_nodes, gv_learn_opts o)
{
    gv_graph *g = small_graph(ctx);
    world w = small_world();
    w.n_nodes = log_nodes;
    gv_log *log = log_of(ctx, &w);
    gv_model *m = NULL;
    gv_error err = {GV_OK, ""};
    if (gv_learn(ctx, g, log, &o, &m, NULL, &err) == GV_OK)
        gv_model_free(m);
    world_free(&w);
    gv_log_free(log);
    gv_graph_free(g);
    return err;
}

TEST documented_errors(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_learn_opts o = gv_learn_defaults();
    gv_error err = learn_error(ctx, 5, o);
    ASSERT_EQ(GV_OK, err.status);
    err = learn_error(ctx, 6, o);
    ASSERT_EQ(GV_ERR_ARG, err.status);
    ASSERT_STR_EQ("learn: the log is about 6 consumers, the graph about 5", err.message);
    o.window = -1;
    err = learn_error(ctx, 5, o);
    ASSERT_EQ(GV_ERR_RANGE, err.status);
    ASSERT_STR_EQ("learn: window -1 s is negative", err.message);
    o = gv_learn_defaults();
    o.min_actions = -2;
    err = learn_error(ctx, 5, o);
    ASSERT_EQ(GV_ERR_RANGE, err.status);
    ASSERT_STR_EQ("learn: min actions -2 is negative", err.message);
    o = gv_learn_defaults();
    o.prior_strength = NAN;
    ASSERT_EQ(GV_ERR_RANGE, learn_error(ctx, 5, o).status);
    o.prior_strength = INFINITY;
    ASSERT_EQ(GV_ERR_RANGE, learn_error(ctx, 5, o).status);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

static bool stop_at(void *data, const char *stage, int64_t done, int64_t total)
{
    (void)stage, (void)done, (void)total;
    return (*(int *)data)-- > 0;
}

TEST stops_when_asked(void)
{
    int calls = 0;
    for (int k = 0; calls >= 0; k++) {
        gv_context_opts co = gv_context_defaults();
        gv_context *ctx;
        co.n_threads = 1;
        calls = k;
        co.progress = stop_at;
        co.progress_data = &calls;
        ASSERT_EQ(GV_OK, gv_context_create(&co, &ctx, NULL));
        const gv_error err = learn_error(ctx, 5, gv_learn_defaults());
        ASSERT_EQ(calls < 0 ? GV_ERR_CANCELLED : GV_OK, err.status);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
        ASSERT_LT(k, 40);
        if (calls >= 0)
            break;
        calls = 0;
    }
    PASS();
}

/* The building of graph and log may fail too: then there is nothing to learn from. */
TEST survives_every_failed_allocation(void)
{
    gv_context *plain = test_context(1, -1);
    gv_graph *g = small_graph(plain);
    world w = small_world();
    gv_log *log = log_of(plain, &w);
    bool learnt = false;
    for (int64_t k = 0; !learnt; k++) {
        gv_context *ctx = test_context(1, k);
        gv_model *m = NULL;
        gv_error err = {GV_OK, ""};
        const gv_status st = gv_learn(ctx, g, log, NULL, &m, NULL, &err);
        learnt = st == GV_OK;
        if (learnt)
            ASSERT_GT(k, 40);
        else
            ASSERT(st == GV_ERR_NOMEM && err.status == GV_ERR_NOMEM && m == NULL);
        gv_model_free(m);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
        ASSERT_LT(k, 200);
    }
    world_free(&w);
    gv_log_free(log);
    gv_graph_free(g);
    gv_context_free(plain);
    PASS();
}

SUITE(learn_errors)
{
    RUN_TEST(documented_errors);
    RUN_TEST(stops_when_asked);
    RUN_TEST(survives_every_failed_allocation);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(learn_errors);
    GREATEST_MAIN_END();
}
