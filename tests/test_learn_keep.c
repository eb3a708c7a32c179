/* test_learn_keep.c -- learning that is stopped anywhere goes on to the model of learning that was
 * not. */
#include "greatest.h"

#include <string.h>

#include "engine/context.h"
#include "engine/model.h"
#include "grapevine/generate.h"
#include "support/graphs.h"
#include "support/keep.h"
#include "support/models.h"
#include "support/populations.h"

static gv_error err;

/* Stops at call number `at` of those that ask whether to stop, then goes on with other threads.
 * *calls: whether there was such a call. */
static enum greatest_test_res stopped_at(const gv_population *p, const gv_learn_opts *o, int at,
                                         const gv_model *straight, bool *stopped)
{
    const gv_graph *g = gv_population_graph(p);
    const gv_log *log = gv_population_log(p);
    gv_model *m = NULL;
    test_keeper k = {.n_states = 0};
    gv_context *first = test_context(2, -1), *second = test_context(1 + at % 3, -1);
    test_keep(first, &k, at);
    gv_status st = gv_learn(first, g, log, o, &m, NULL, &err);
    *stopped = st == GV_ERR_CANCELLED;
    if (*stopped) {
        ASSERT_EQ(0, gv_context_memory_used(first));
        test_keep(second, &k, 0);
        st = gv_learn(second, g, log, o, &m, NULL, &err);
        ASSERT_GT(k.n_taken, 0);
    }
    ASSERT_EQm(err.message, GV_OK, st);
    ASSERT(model_same(straight, m));
    gv_model_free(m);
    test_keeper_free(&k);
    gv_context_free(second);
    gv_context_free(first);
    PASS();
}

static enum greatest_test_res stopped_everywhere(gv_learn_method method, int least)
{
    gv_context *ctx = test_context(2, -1);
    const gv_consumers_opts c = population_small(3000, 2, 30);
    gv_population *p = population_make(ctx, &c);
    gv_learn_opts o = gv_learn_defaults();
    gv_model *straight = NULL;
    bool stopped = true;
    int at = 0;
    o.method = method;
    ASSERT_EQm(
        err.message, GV_OK,
        gv_learn(ctx, gv_population_graph(p), gv_population_log(p), &o, &straight, NULL, &err));
    while (stopped && at < 30)
        CHECK_CALL(stopped_at(p, &o, ++at, straight, &stopped));
    ASSERT_GTE(at, least);
    ASSERT_LT(at, 30);
    gv_model_free(straight);
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

TEST goes_on_from_every_pass(void)
{
    CHECK_CALL(stopped_everywhere(GV_LEARN_PARTIAL_CREDIT, 10)); /* 2 passes, 6 + 2 walks */
    PASS();
}

TEST goes_on_where_exposures_change(void)
{
    CHECK_CALL(stopped_everywhere(GV_LEARN_JACCARD, 8));
    PASS();
}

TEST goes_on_before_rounds(void)
{
    CHECK_CALL(stopped_everywhere(GV_LEARN_EM, 2));
    PASS();
}

/* A learner that runs out of memory while it takes up a state frees all. */
TEST survives_every_failed_allocation(void)
{
    gv_context *ctx = test_context(1, -1);
    const gv_consumers_opts c = population_small(200, 2, 5);
    gv_population *p = population_make(ctx, &c);
    for (int at = 1; at <= 3; at++) {
        gv_model *m = NULL;
        test_keeper k = {.n_states = 0};
        gv_context *first = test_context(1, -1);
        test_keep(first, &k, at);
        ASSERT_EQ(GV_ERR_CANCELLED, gv_learn(first, gv_population_graph(p), gv_population_log(p),
                                             NULL, &m, NULL, &err));
        gv_context_free(first);
        gv_status st = GV_ERR_NOMEM;
        for (int64_t fail = 0; st == GV_ERR_NOMEM; fail++) {
            gv_context *other = test_context(1, fail);
            test_keep(other, &k, 0);
            st =
                gv_learn(other, gv_population_graph(p), gv_population_log(p), NULL, &m, NULL, &err);
            if (st == GV_OK)
                gv_model_free(m);
            ASSERT_EQ(0, gv_context_memory_used(other));
            gv_context_free(other);
        }
        ASSERT_EQm(err.message, GV_OK, st);
        test_keeper_free(&k);
    }
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

SUITE(learn_keep)
{
    RUN_TEST(goes_on_from_every_pass);
    RUN_TEST(goes_on_where_exposures_change);
    RUN_TEST(goes_on_before_rounds);
    RUN_TEST(survives_every_failed_allocation);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(learn_keep);
    GREATEST_MAIN_END();
}
