/* test_generate_errors.c -- consumer populations: repeatability, documented errors, memory. */
#include <math.h>

#include "engine/context.h"
#include "greatest.h"
#include "support/graphs.h"
#include "support/populations.h"

TEST defaults_are_as_documented(void)
{
    const gv_consumers_opts o = gv_consumers_defaults();
    ASSERT_EQ(100000, o.consumers);
    ASSERT_EQ(10.0, o.mean_degree);
    ASSERT_EQ(8, o.topics);
    ASSERT_EQ(300, o.items);
    ASSERT_EQ(365, o.days);
    ASSERT_EQ(0.15, o.influencer_share);
    ASSERT_EQ(true, o.influence);
    ASSERT_EQ(1, o.seed);
    PASS();
}

/* Same bytes at any number of threads; another seed makes another population. */
TEST ignores_thread_count(void)
{
    gv_consumers_opts o = population_small(9000, 3, 7);
    gv_context *one = test_context(1, -1);
    gv_population *p = population_make(one, &o);
    ASSERT(p != NULL);
    const int32_t threads[] = {2, 3, 8};
    for (int i = 0; i < 3; i++) {
        gv_context *ctx = test_context(threads[i], -1);
        gv_population *q = population_make(ctx, &o);
        ASSERT(q != NULL);
        ASSERT(population_equal(p, q));
        gv_population_free(q);
        gv_context_free(ctx);
    }
    o.seed = 2;
    gv_population *other = population_make(one, &o);
    ASSERT(other != NULL);
    ASSERT_FALSE(population_equal(p, other));
    ASSERT_NEQ(p->graph->n_edges, other->graph->n_edges);
    ASSERT_NEQ(p->log->info.rows_kept, other->log->info.rows_kept);
    gv_population_free(other);
    gv_population_free(p);
    gv_context_free(one);
    PASS();
}

TEST small_and_extreme_populations(void)
{
    gv_context *ctx = test_context(2, -1);
    for (int64_t n = 1; n <= 12; n++) {
        gv_consumers_opts o = population_small(n, 2, 20);
        o.days = 36500; /* most of them buy most things */
        o.influencer_share = n % 2 == 0 ? 1.0 : 0.0;
        gv_population *p = population_make(ctx, &o);
        ASSERT(p != NULL);
        ASSERT(p->log->info.rows_kept > 10 * n && p->log->info.rows_kept <= 40 * n);
        for (int64_t i = 0; i < 2 * n; i++)
            ASSERT_EQ(n % 2 == 0, p->influencer[i]);
        gv_population_free(p);
    }
    gv_consumers_opts o = population_small(500, 3, 0);
    o.mean_degree = 1000.0; /* more than there are consumers */
    gv_population *p = population_make(ctx, &o);
    ASSERT(p != NULL);
    ASSERT(p->graph->n_edges > 500 * 50 && p->graph->n_edges < 500 * 500);
    ASSERT_EQ(0, p->log->info.rows_kept);
    ASSERT_EQ(3, p->log->info.n_topics);
    gv_population_free(p);
    gv_population_free(NULL);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST refuses_what_is_out_of_range(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_consumers_opts bad[14];
    for (int i = 0; i < 14; i++)
        bad[i] = population_small(10, 1, 1);
    bad[0].consumers = 0;
    bad[1].consumers = (int64_t)INT32_MAX + 1;
    bad[2].mean_degree = -1.0;
    bad[3].mean_degree = 1000.5;
    bad[4].mean_degree = (double)NAN;
    bad[5].topics = 0;
    bad[6].topics = 1001;
    bad[7].items = -1;
    bad[8].items = 1000000001;
    bad[9].days = 0;
    bad[10].days = 36501;
    bad[11].influencer_share = -0.1;
    bad[12].influencer_share = 1.1;
    bad[13].influencer_share = (double)NAN;
    for (int i = 0; i < 14; i++) {
        gv_population *p = NULL;
        gv_error err;
        ASSERT_EQ(GV_ERR_RANGE, gv_consumers_generate(ctx, &bad[i], &p, &err));
        ASSERT_EQ(NULL, p);
        ASSERT(strstr(err.message, "is not in [") != NULL);
        ASSERT_EQ(GV_ERR_RANGE, gv_consumers_generate(ctx, &bad[i], &p, NULL));
    }
    gv_population *p = NULL;
    gv_error err;
    ASSERT_EQ(GV_ERR_RANGE, gv_consumers_generate(ctx, &bad[10], &p, &err));
    ASSERT_STR_EQ("days 36501 is not in [1, 36500]", err.message);
    ASSERT_EQ(GV_ERR_RANGE, gv_consumers_generate(ctx, &bad[12], &p, &err));
    ASSERT_STR_EQ("influencer share 1.1 is not in [0, 1]", err.message);
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    const gv_consumers_opts o = population_small(200, 2, 3);
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    for (; st != GV_OK && k < 1000; k++) {
        gv_context *ctx = test_context(1, k);
        gv_population *p = NULL;
        gv_error err;
        st = gv_consumers_generate(ctx, &o, &p, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(st == GV_OK, p != NULL);
        gv_population_free(p);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_EQ(GV_OK, st);
    ASSERT_GT(k, 30);
    PASS();
}

/* Cancels at the report number `*data`. */
static bool cancel(void *data, const char *stage, int64_t done, int64_t total)
{
    int *left = data;
    return stage != NULL && done <= total && (*left)-- > 0;
}

TEST can_be_cancelled(void)
{
    const gv_consumers_opts o = population_small(200, 2, 3);
    gv_status st = GV_ERR_CANCELLED;
    int reports = 0;
    for (; st != GV_OK && reports < 100; reports++) {
        int left = reports;
        gv_context_opts c = gv_context_defaults();
        c.progress = cancel;
        c.progress_data = &left;
        gv_context *ctx;
        ASSERT_EQ(GV_OK, gv_context_create(&c, &ctx, NULL));
        gv_population *p = NULL;
        st = gv_consumers_generate(ctx, &o, &p, NULL);
        ASSERT(st == GV_OK || st == GV_ERR_CANCELLED);
        gv_population_free(p);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_EQ(GV_OK, st);
    ASSERT_GTE(reports, 4);
    PASS();
}

SUITE(generate_errors)
{
    RUN_TEST(defaults_are_as_documented);
    RUN_TEST(ignores_thread_count);
    RUN_TEST(small_and_extreme_populations);
    RUN_TEST(refuses_what_is_out_of_range);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(can_be_cancelled);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(generate_errors);
    GREATEST_MAIN_END();
}
