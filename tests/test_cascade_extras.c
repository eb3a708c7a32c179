/* test_cascade_extras.c -- seeds that may decline, values, steps of activation, quantiles, many
 * seed sets, and parts that are joined: by every kernel, exactly. */
#include <math.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "greatest.h"
#include "kernels/world_extras.h"
#include "support/cascades.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;
static gv_cascade_kernel kernel; /* under test */

#define BOUND 4.5

/* Runs by the kernel under test, or ends the test program: for calls that must succeed. */
static gv_cascade_result *run(gv_context *ctx, const gv_graph *g, const gv_node *seeds,
                              int64_t n_seeds, const gv_cascade_opts *o)
{
    gv_cascade_opts with = *o;
    with.kernel = kernel;
    return cascade_run(ctx, g, NULL, seeds, n_seeds, &with);
}

/* ---- acceptance ----------------------------------------------------------------------------- */

/* Each world is that of the seeds who take the offer in it. */
TEST worlds_of_those_who_accept(void)
{
    enum { WORLDS = 150, N = 200, SEEDS = 5 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.015, 5);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    /* given out of order, and one of them twice */
    const gv_node given[SEEDS + 1] = {150, 9, 0, 60, 33, 9};
    const double chance[SEEDS + 1] = {0.5, 0.25, 1.0, 0.0, 0.9, 0.25};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = WORLDS, o.first_world = 200, o.seed = 8, o.activation = true;
    o.acceptance = chance;
    gv_cascade_result *r = run(ctx, g, given, SEEDS + 1, &o);
    const gv_node sorted[SEEDS] = {0, 9, 33, 60, 150};
    const double by_seed[SEEDS] = {1.0, 0.25, 0.9, 0.0, 0.5};
    ASSERT_EQ(SEEDS, r->n_seeds);
    ASSERT_MEM_EQ(sorted, r->seeds, sizeof sorted);
    ASSERT_MEM_EQ(by_seed, r->acceptance, sizeof by_seed);
    int64_t accepted[SEEDS] = {0}, curve[N] = {0}, starters = 0, whole = 0;
    int32_t count[N] = {0};
    o.acceptance = NULL, o.n_worlds = 1;
    for (int64_t i = 0; i < WORLDS; i++) {
        gv_node who[SEEDS];
        int64_t k = 0;
        for (int s = 0; s < SEEDS; s++)
            if (gv_accepts(gv_key(o.seed, GV_FOR_ACCEPTANCE), sorted[s], 200 + i,
                           gv_coin_limit(by_seed[s])))
                who[k++] = sorted[s], accepted[s]++;
        o.first_world = 200 + i;
        gv_cascade_result *one = run(ctx, g, who, k, &o);
        ASSERT_EQ(one->spread[0], r->spread[i]);
        for (int v = 0; v < N; v++)
            count[v] += one->activation_count[v];
        for (int64_t t = 0; t < one->curve_length; t++)
            curve[t] += one->curve_sum[t];
        starters += k, whole += one->spread[0];
        gv_cascade_free(one);
    }
    ASSERT_MEM_EQ(accepted, r->accepted_count, sizeof accepted);
    ASSERT_EQ(WORLDS, accepted[0]);
    ASSERT_EQ(0, accepted[3]);
    ASSERT(accepted[1] > 10 && accepted[1] < 70 && accepted[4] > accepted[1]);
    ASSERT_MEM_EQ(count, r->activation_count, sizeof count);
    ASSERT_MEM_EQ(curve, r->curve_sum, (size_t)r->curve_length * sizeof *curve);
    ASSERT_EQ((double)(whole - starters) / WORLDS, r->outward_mean);
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Without edges the spread is the number of those who accept: a sum of coins. */
TEST acceptance_has_its_chance(void)
{
    enum { N = 40, WORLDS = 20000 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_none(N);
    edges_add(&e, 0, 1, 0.0);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    gv_node seeds[N];
    double chance[N], mean = 0.0, variance = 0.0;
    for (int v = 0; v < N; v++) {
        seeds[v] = v, chance[v] = v / (double)N;
        mean += chance[v], variance += chance[v] * (1.0 - chance[v]);
    }
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = WORLDS, o.acceptance = chance;
    gv_cascade_result *r = run(ctx, g, seeds, N, &o);
    ASSERT_LTE(fabs(mean - r->mean), BOUND * sqrt(variance / WORLDS));
    ASSERT_IN_RANGE(1.0, r->sd * r->sd / variance, BOUND * sqrt(2.0 / WORLDS));
    ASSERT_EQ(0.0, r->outward_mean);
    for (int v = 0; v < N; v++)
        ASSERT_LTE(fabs(chance[v] * WORLDS - (double)r->accepted_count[v]),
                   BOUND * sqrt(WORLDS * chance[v] * (1.0 - chance[v])));
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* ---- values --------------------------------------------------------------------------------- */

/* One consumer's weight alone shows in which worlds they are active; all weights are the sum. */
TEST values_are_sums(void)
{
    enum { N = 40, WORLDS = 300 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.06, 2);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seeds[] = {3, 30};
    float weight[N];
    for (int v = 0; v < N; v++)
        weight[v] = (float)(v % 5 == 0 ? -v : v * v) / 16.0f; /* exact in units of 2^-32 */
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = WORLDS, o.weight = weight, o.activation = true;
    gv_cascade_result *r = run(ctx, g, seeds, 2, &o);
    ASSERT_EQ(INT64_C(1) << 32, r->weight_scale);
    int64_t sum[WORLDS] = {0};
    double mean = 0.0, square = 0.0;
    for (int v = 0; v < N; v++) {
        float only[N] = {0};
        only[v] = 1.0f;
        o.weight = only;
        gv_cascade_result *one = run(ctx, g, seeds, 2, &o);
        int64_t worlds = 0;
        for (int i = 0; i < WORLDS; i++) {
            const int64_t here = one->value[i] / one->weight_scale;
            ASSERT(here * one->weight_scale == one->value[i] && (here == 0 || here == 1));
            sum[i] += here * (int64_t)(weight[v] * (float)r->weight_scale);
            worlds += here;
        }
        ASSERT_EQ(worlds, one->activation_count[v]);
        gv_cascade_free(one);
    }
    ASSERT_MEM_EQ(sum, r->value, sizeof sum);
    for (int i = 0; i < WORLDS; i++)
        mean += (double)sum[i] / 0x1p32 / WORLDS;
    for (int i = 0; i < WORLDS; i++)
        square += pow((double)sum[i] / 0x1p32 - mean, 2.0);
    ASSERT_IN_RANGE(mean, r->value_mean, 1e-9);
    ASSERT_IN_RANGE(sqrt(square / (WORLDS - 1)), r->value_sd, 1e-9);
    ASSERT_IN_RANGE(r->value_sd / sqrt(WORLDS), r->value_stderr, 1e-12);
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* The scale leaves room for all weights together; a target holds for the value too. */
TEST scales_and_targets(void)
{
    enum { N = 100 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.03, 2);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seed = 3;
    float weight[N];
    for (int v = 0; v < N; v++)
        weight[v] = 1e7f;
    weight[7] = 1e9f;
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 10, o.weight = weight;
    gv_cascade_result *r = run(ctx, g, &seed, 1, &o);
    ASSERT_EQ(INT64_C(1) << 15, r->weight_scale); /* 2e9 of them within 2^46 */
    ASSERT_LTE(2e9 * (double)r->weight_scale, 0x1p46);
    gv_cascade_free(r);
    for (int v = 0; v < N; v++)
        weight[v] = v == 3 || v > 90 ? 1.0f : 0.0f;
    o.target_stderr = 0.05;
    r = run(ctx, g, &seed, 1, &o);
    ASSERT_LTE(r->value_stderr, 0.05 * r->value_mean);
    ASSERT_LTE(r->stderr_mean, 0.05 * r->mean);
    gv_cascade_free(r);
    r = NULL;
    o = gv_cascade_defaults(), o.weight = weight;
    weight[50] = NAN;
    ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, NULL, &seed, 1, &o, &r, &err));
    ASSERT(strstr(err.message, "weight nan of node 50 is not finite") != NULL);
    weight[50] = 1e20f;
    ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, NULL, &seed, 1, &o, &r, &err));
    ASSERT(strstr(err.message, "more than 2^46") != NULL);
    const double off = 1.25, two[] = {0.5, 0.25};
    o.weight = NULL, o.acceptance = &off;
    ASSERT_EQ(GV_ERR_RANGE, gv_cascade(ctx, g, NULL, &seed, 1, &o, &r, &err));
    ASSERT(strstr(err.message, "acceptance 1.25 of seed 3 is not in [0, 1]") != NULL);
    const gv_node twice[] = {3, 3};
    o.acceptance = two;
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, NULL, twice, 2, &o, &r, &err));
    ASSERT(strstr(err.message, "seed 3 has two acceptances, 0.5 and 0.25") != NULL);
    o.acceptance = NULL, o.steps = o.spread_only = true;
    ASSERT_EQ(GV_ERR_ARG, gv_cascade(ctx, g, NULL, &seed, 1, &o, &r, &err));
    ASSERT_EQ(NULL, r);
    gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- steps of activation, quantiles --------------------------------------------------------- */

/* A consumer active at step k is missing from the runs of 0 .. k - 1 steps: the step is the number
 * of runs that miss them. */
TEST steps_add_up(void)
{
    enum { N = 120, WORLDS = 200 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.02, 12);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seeds[] = {3, 30};
    const double chance[] = {0.7, 1.0};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = WORLDS, o.first_world = 77, o.steps = true, o.acceptance = chance;
    gv_cascade_result *all = run(ctx, g, seeds, 2, &o);
    int64_t sum[N] = {0}, total = 0, by_curve = 0;
    o.steps = false, o.activation = true;
    for (o.max_steps = 0; o.max_steps < all->curve_length; o.max_steps++) {
        gv_cascade_result *r = run(ctx, g, seeds, 2, &o);
        for (int v = 0; v < N; v++)
            sum[v] += all->activation_count[v] - r->activation_count[v];
        gv_cascade_free(r);
        by_curve += o.max_steps * all->curve_sum[o.max_steps];
    }
    ASSERT_MEM_EQ(sum, all->activation_step_sum, sizeof sum);
    for (int v = 0; v < N; v++)
        total += sum[v];
    ASSERT_EQ(by_curve, total);
    ASSERT_GT(total, 0);
    gv_cascade_free(all), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

TEST quantiles_by_rank(int64_t n_worlds)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(300, 0.01, 12);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seeds[] = {3, 30, 77};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = n_worlds;
    gv_cascade_result *r = run(ctx, g, seeds, 3, &o);
    int64_t *sorted = malloc((size_t)n_worlds * sizeof *sorted);
    memcpy(sorted, r->spread, (size_t)n_worlds * sizeof *sorted);
    qsort(sorted, (size_t)n_worlds, sizeof *sorted, by_size);
    const double *level = gv_cascade_quantile_levels();
    for (int k = 0; k < GV_CASCADE_QUANTILES; k++) {
        int64_t i = 0; /* the least that enough worlds do not exceed */
        while ((double)(i + 1) < level[k] * (double)n_worlds - 1e-9)
            i++;
        ASSERT_EQ(sorted[i], r->quantile[k]);
    }
    ASSERT_EQ(sorted[0], r->quantile[0]);
    ASSERT_EQ(sorted[n_worlds - 1], r->quantile[GV_CASCADE_QUANTILES - 1]);
    free(sorted);
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* ---- everything at once --------------------------------------------------------------------- */

enum { N = 300, SEEDS = 4 };

static float worth[N];
static const gv_node all_seeds[SEEDS] = {2, 40, 80, 200};
static const double all_chances[SEEDS] = {0.9, 0.5, 1.0, 0.2};

static gv_cascade_opts everything(int64_t first, int64_t n)
{
    gv_cascade_opts o = gv_cascade_defaults();
    for (int v = 0; v < N; v++)
        worth[v] = (float)(v % 11) - 2.5f;
    o.first_world = first, o.n_worlds = n, o.steps = o.marginals = true;
    o.weight = worth, o.acceptance = all_chances;
    return o;
}

static bool same(const void *a, const void *b, int64_t n, size_t size)
{
    return (a == NULL) == (b == NULL) && (a == NULL || memcmp(a, b, (size_t)n * size) == 0);
}

static enum greatest_test_res same_results(const gv_cascade_result *a, const gv_cascade_result *b)
{
    ASSERT(a->kernel == b->kernel && a->diffusion == b->diffusion);
    ASSERT(a->first_world == b->first_world && a->n_worlds == b->n_worlds);
    ASSERT(a->n_seeds == b->n_seeds && a->curve_length == b->curve_length);
    ASSERT(same(a->seeds, b->seeds, a->n_seeds, sizeof *a->seeds));
    ASSERT(same(a->acceptance, b->acceptance, a->n_seeds, sizeof *a->acceptance));
    ASSERT(same(a->accepted_count, b->accepted_count, a->n_seeds, sizeof *a->accepted_count));
    ASSERT(same(a->seed_marginal_sum, b->seed_marginal_sum, a->n_seeds, sizeof(int64_t)));
    ASSERT(same(a->spread, b->spread, a->n_worlds, sizeof *a->spread));
    ASSERT(same(a->value, b->value, a->n_worlds, sizeof *a->value));
    ASSERT(same(a->curve_sum, b->curve_sum, a->curve_length, sizeof *a->curve_sum));
    ASSERT(same(a->curve_sumsq, b->curve_sumsq, a->curve_length, sizeof *a->curve_sumsq));
    ASSERT(same(a->activation_count, b->activation_count, N, sizeof(int32_t)));
    ASSERT(same(a->activation_step_sum, b->activation_step_sum, N, sizeof(int64_t)));
    ASSERT(same(a->quantile, b->quantile, GV_CASCADE_QUANTILES, sizeof(int64_t)));
    const double x[] = {a->mean,       a->sd,       a->stderr_mean, a->outward_mean,
                        a->value_mean, a->value_sd, a->value_stderr};
    const double y[] = {b->mean,       b->sd,       b->stderr_mean, b->outward_mean,
                        b->value_mean, b->value_sd, b->value_stderr};
    ASSERT_MEM_EQ(x, y, sizeof x);
    ASSERT_EQ(a->weight_scale, b->weight_scale);
    PASS();
}

TEST ignores_thread_count(void)
{
    const int32_t threads[] = {1, 2, 3, 8};
    edge_list e = edges_gnp(N, 0.01, 3);
    gv_cascade_result *r[4];
    gv_context *ctx[4];
    for (int i = 0; i < 4; i++) {
        ctx[i] = test_context(threads[i], -1);
        gv_graph *g = edges_graph_weighted(ctx[i], &e);
        const gv_cascade_opts o = everything(50, 400);
        r[i] = run(ctx[i], g, all_seeds, SEEDS, &o);
        CHECK_CALL(same_results(r[0], r[i]));
        gv_graph_free(g);
    }
    for (int i = 0; i < 4; i++)
        gv_cascade_free(r[i]), gv_context_free(ctx[i]);
    edges_free(&e);
    PASS();
}

/* Any split, in any order, joins to the same. */
TEST parts_join(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.01, 3);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_cascade_opts whole = everything(50, 400);
    gv_cascade_result *all = run(ctx, g, all_seeds, SEEDS, &whole), *joined = NULL;
    const int64_t cut[] = {50, 51, 128, 131, 300, 450};
    gv_cascade_result *part[5];
    for (int i = 0; i < 5; i++) {
        const gv_cascade_opts o = everything(cut[i], cut[i + 1] - cut[i]);
        part[i] = run(ctx, g, all_seeds, SEEDS, &o);
    }
    const gv_cascade_result *mixed[] = {part[3], part[0], part[4], part[1], part[2]};
    ASSERT_EQ(GV_OK, gv_cascade_join(ctx, mixed, 5, N, &joined, &err));
    CHECK_CALL(same_results(all, joined));
    gv_cascade_free(joined);
    joined = NULL;
    const gv_cascade_result *gap[] = {part[0], part[2], part[3]};
    ASSERT_EQ(GV_ERR_RANGE, gv_cascade_join(ctx, gap, 3, N, &joined, &err));
    ASSERT_STR_EQ("join: world 51 is in no part", err.message);
    const gv_cascade_result *twice[] = {part[3], part[2], part[2], part[4]};
    ASSERT_EQ(GV_ERR_RANGE, gv_cascade_join(ctx, twice, 4, N, &joined, &err));
    ASSERT_STR_EQ("join: world 128 is in more than one part", err.message);
    ASSERT_EQ(GV_ERR_ARG, gv_cascade_join(ctx, twice, 0, N, &joined, &err));
    gv_cascade_opts o = everything(450, 10);
    o.weight = NULL;
    gv_cascade_result *other = run(ctx, g, all_seeds, SEEDS, &o);
    const gv_cascade_result *odd[] = {part[4], other};
    ASSERT_EQ(GV_ERR_ARG, gv_cascade_join(ctx, odd, 2, N, &joined, &err));
    ASSERT_STR_EQ("join: parts 0 and 1 have different weights", err.message);
    gv_cascade_free(other);
    o = everything(450, 10);
    odd[1] = other = run(ctx, g, all_seeds, SEEDS - 1, &o);
    ASSERT_EQ(GV_ERR_ARG, gv_cascade_join(ctx, odd, 2, N, &joined, &err));
    ASSERT_STR_EQ("join: parts 0 and 1 have different seeds", err.message);
    ASSERT_EQ(NULL, joined);
    const int64_t before = gv_context_memory_used(ctx);
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    for (; st != GV_OK; k++) {
        ctx->allocations = 0;
        ctx->fail_allocation = k;
        st = gv_cascade_join(ctx, mixed, 5, N, &joined, &err);
        ASSERT(st == GV_OK || (st == GV_ERR_NOMEM && joined == NULL));
        gv_cascade_free(joined);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
    }
    ASSERT_GT(k, 12);
    ctx->fail_allocation = -1;
    for (int i = 0; i < 5; i++)
        gv_cascade_free(part[i]);
    gv_cascade_free(other), gv_cascade_free(all), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* A simulator gives each of its sets what a run of its own gives. */
TEST sets_are_runs(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.01, 3);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node blocked[] = {7, 90};
    gv_cascade_opts o = everything(0, 300);
    o.kernel = kernel, o.blocked = blocked, o.n_blocked = 2;
    gv_simulator *s = NULL;
    ASSERT_EQ(GV_OK, gv_simulator_create(ctx, g, NULL, &o, &s, &err));
    for (int k = SEEDS; k >= 0; k--) {
        gv_cascade_result *r = NULL;
        o.acceptance = k % 2 == 0 ? all_chances : NULL;
        gv_cascade_result *one = run(ctx, g, all_seeds, k, &o);
        ASSERT_EQ(GV_OK, gv_simulator_run(s, all_seeds, k, o.acceptance, &r, &err));
        CHECK_CALL(same_results(one, r));
        gv_cascade_free(r), gv_cascade_free(one);
        r = NULL;
        ASSERT_EQ(GV_ERR_ARG, gv_simulator_run(s, blocked, 2, NULL, &r, &err));
        ASSERT_EQ(NULL, r);
    }
    gv_simulator_free(s), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* The path is deep enough that steps outgrow their first room. */
TEST survives_every_failed_allocation(bool deep)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = deep ? edges_path(N) : edges_gnp(N, 0.01, 3);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const int64_t before = gv_context_memory_used(ctx);
    gv_cascade_opts o = everything(0, 20);
    o.kernel = kernel;
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    for (; st != GV_OK; k++) {
        gv_cascade_result *r = NULL;
        ctx->allocations = 0;
        ctx->fail_allocation = k;
        st = gv_cascade(ctx, g, NULL, all_seeds, SEEDS, &o, &r, &err);
        ASSERT(st == GV_OK || (st == GV_ERR_NOMEM && r == NULL));
        if (st == GV_OK && deep)
            ASSERT_GT(r->curve_length, 64);
        gv_cascade_free(r);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
    }
    ASSERT_GT(k, 25);
    gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

SUITE(extras)
{
    RUN_TEST(worlds_of_those_who_accept);
    RUN_TEST(acceptance_has_its_chance);
    RUN_TEST(values_are_sums);
    RUN_TEST(scales_and_targets);
    RUN_TEST(steps_add_up);
    RUN_TEST1(quantiles_by_rank, 1);
    RUN_TEST1(quantiles_by_rank, 7);
    RUN_TEST1(quantiles_by_rank, 1000);
    RUN_TEST(ignores_thread_count);
    RUN_TEST(parts_join);
    RUN_TEST(sets_are_runs);
    RUN_TEST1(survives_every_failed_allocation, false);
    RUN_TEST1(survives_every_failed_allocation, true);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++) {
        kernel = (gv_cascade_kernel)k;
        RUN_SUITE(extras);
    }
    GREATEST_MAIN_END();
}
