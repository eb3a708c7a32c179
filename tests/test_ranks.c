/* test_ranks.c -- what is made of scores: ranks, flags of influencers, rank correlations, and core
 * numbers beside them; against dull versions and hand-worked cases. */
#include <math.h>

#include "engine/context.h"
#include "grapevine/grapevine.h"
#include "greatest.h"
#include "tests/ref/ref_influence.h"
#include "tests/support/fixtures.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"

#define ASSERT_OK(call) ASSERT_EQm(err.message, GV_OK, (call))

static gv_error err;

TEST ranks_ignore_thread_count(void)
{
    fixture f = hub_fixture(3);
    const int64_t n = f.g->n_nodes;
    float *score = random_weights(n, 3);
    int32_t *rank = calloc((size_t)n, sizeof *rank), *rank2 = calloc((size_t)n, sizeof *rank2);
    int16_t *flag = calloc((size_t)n, sizeof *flag), *flag2 = calloc((size_t)n, sizeof *flag2);
    double least, least2;
    int64_t count, count2;
    for (int32_t threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
        gv_context *ctx = test_context(threads, -1);
        ASSERT_OK(gv_influence_rank(ctx, f.m, n, 1, score, .15, threads == 1 ? rank : rank2,
                                    threads == 1 ? flag : flag2, threads == 1 ? &least : &least2,
                                    threads == 1 ? &count : &count2, &err));
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
        if (threads == 1)
            continue;
        ASSERT_MEM_EQ(rank, rank2, (size_t)n * sizeof *rank);
        ASSERT_MEM_EQ(flag, flag2, (size_t)n * sizeof *flag);
        ASSERT(least == least2 && count == count2);
    }
    ASSERT_EQ(315, count);
    free(flag2), free(flag), free(rank2), free(rank), free(score);
    fixture_free(&f);
    PASS();
}

TEST ranks_and_flags(void)
{
    fixture f = random_fixture(120, .05, 2, 3);
    const int64_t n = f.g->n_nodes;
    float *score = floats(n);
    for (int64_t v = 0; v < n; v++) /* many ties, zeros of both signs */
        score[v] = (float)(floor(8.0 * test_random(6, (uint64_t)v)) - 4.0);
    for (int64_t v = 0; v < n; v += 3)
        score[v] = v % 2 == 0 ? -0.0f : 0.0f;
    int32_t *rank = calloc((size_t)n, sizeof *rank);
    int16_t *flag = calloc((size_t)n, sizeof *flag), *want = calloc((size_t)n, sizeof *want);
    const double quantile[6] = {0.0, .15, .3333, .5, .8, 1.0};
    for (f.m->min_actions = 0; f.m->min_actions < 12; f.m->min_actions += 4)
        for (int q = 0; q < 6; q++) {
            double threshold;
            int64_t n_flagged, sum = 0;
            ASSERT_OK(gv_influence_rank(f.ctx, f.m, n, 1, score, quantile[q], rank, flag,
                                        &threshold, &n_flagged, &err));
            ref_flags(f.m, score, 1, (int64_t)floor(quantile[q] * (double)n + .5), want);
            ASSERT_MEM_EQ(want, flag, (size_t)n * sizeof *flag);
            float least = INFINITY;
            for (gv_node v = 0; v < n; v++) {
                ASSERT_EQ(ref_rank(score, n, v), rank[v]);
                sum += flag[v];
                least = flag[v] && score[v] < least ? score[v] : least;
            }
            ASSERT_EQ(sum, n_flagged);
            ASSERT(n_flagged == 0 ? isnan(threshold) : threshold == (double)least);
            if (quantile[q] == 1.0 && f.m->min_actions == 0)
                ASSERT_EQ(n, n_flagged);
        }
    f.m->min_actions = 1;
    ASSERT_OK(gv_influence_rank(f.ctx, f.m, n, 0, score, .5, NULL, NULL, NULL, NULL, &err));
    free(want), free(flag), free(rank), free(score);
    fixture_free(&f);
    PASS();
}

/* round(.15 * 10) = 2 with halves up; consumer 3 has no purchase and 2 only one where two are
 * needed. */
TEST flags_by_hand(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_path(10);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    test_pair pair[9];
    for (int i = 0; i < 9; i++)
        pair[i] = (test_pair){.node = i < 3 ? i : i + 1, .topic = 0, .source = 1, .total = 2};
    pair[2].total = 1;
    gv_model *m = model_of(ctx, g, 1, pair, 9, NULL, 0);
    m->min_actions = 2;
    const float score[10] = {1, 2, 5, 9, 2, 0, 0, 0, 2, 1};
    int32_t rank[10];
    int16_t flag[10];
    double threshold;
    int64_t n_flagged;
    ASSERT_OK(
        gv_influence_rank(ctx, m, 10, 0, score, .15, rank, flag, &threshold, &n_flagged, &err));
    ASSERT_MEM_EQ(((int32_t[10]){6, 3, 2, 1, 4, 8, 9, 10, 5, 7}), rank, sizeof rank);
    ASSERT_MEM_EQ(((int16_t[10]){0, 1, 0, 0, 1, 0, 0, 0, 0, 0}), flag, sizeof flag);
    ASSERT_EQ(2, n_flagged);
    ASSERT_EQ(2.0, threshold);
    gv_model_free(m), gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

/* Spearman by its definition: mean ranks counted one by one. */
static double ref_spearman(const float *x, const float *y, int64_t n)
{
    double sum[3] = {0.0, 0.0, 0.0};
    for (int64_t i = 0; i < n; i++) {
        double a = 0.5, b = 0.5;
        for (int64_t j = 0; j < n; j++) {
            a += x[j] > x[i] ? 1.0 : x[j] == x[i] ? 0.5 : 0.0;
            b += y[j] > y[i] ? 1.0 : y[j] == y[i] ? 0.5 : 0.0;
        }
        const double da = a - ((double)n + 1.0) / 2.0, db = b - ((double)n + 1.0) / 2.0;
        sum[0] += da * db, sum[1] += da * da, sum[2] += db * db;
    }
    return sum[0] / sqrt(sum[1] * sum[2]);
}

TEST rank_correlations(void)
{
    enum { N = 3000 };
    static float x[N], y[N];
    static int64_t a[N], b[N], other[N];
    for (int64_t i = 0; i < N; i++) { /* many ties */
        x[i] = (float)(int)(20.0 * test_random(1, (uint64_t)i)) - 7.0f;
        y[i] = x[i] * x[i] + (float)(int)(60.0 * test_random(2, (uint64_t)i));
    }
    double r = 0.0, first = 0.0;
    for (int threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
        gv_context *ctx = test_context(threads, -1);
        ASSERT_OK(gv_mean_ranks(ctx, x, N, threads == 1 ? a : other, &err));
        if (threads > 1)
            ASSERT_MEM_EQ(a, other, sizeof a);
        ASSERT_OK(gv_mean_ranks(ctx, y, N, b, &err));
        ASSERT_OK(gv_rank_correlation(ctx, a, b, N, &r, &err));
        ASSERT_IN_RANGE(ref_spearman(x, y, N), r, 1e-12);
        first = threads == 1 ? r : first;
        ASSERT_EQ(first, r);
        ASSERT_OK(gv_rank_correlation(ctx, a, a, N, &r, &err));
        ASSERT_EQ(1.0, r);
        for (int64_t i = 0; i < N; i++)
            y[i] = 1.0f;
        ASSERT_OK(gv_mean_ranks(ctx, y, N, b, &err));
        ASSERT_EQ(N + 1, b[7]);
        ASSERT_OK(gv_rank_correlation(ctx, a, b, N, &r, &err));
        ASSERT(isnan(r));
        y[3] = NAN;
        ASSERT_EQ(GV_ERR_RANGE, gv_mean_ranks(ctx, y, N, b, &err));
        for (int64_t i = 0; i < N; i++)
            y[i] = x[i] * x[i] + (float)(int)(60.0 * test_random(2, (uint64_t)i));
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    const float few[4] = {3, 1, 3, 2};
    gv_context *ctx = test_context(1, -1);
    ASSERT_OK(gv_mean_ranks(ctx, few, 4, a, &err));
    ASSERT_MEM_EQ(((int64_t[4]){3, 8, 3, 6}), a, 4 * sizeof *a);
    gv_context_free(ctx);
    PASS();
}

/* As by sorting, with counts up to where threads no longer count by themselves. */
TEST mean_ranks_of_counts(void)
{
    enum { N = 3000 };
    static int32_t count[N];
    static float score[N];
    static int64_t sorted[N], counted[N];
    for (int32_t most = 5; most < 1 << 23; most *= 40)
        for (int threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
            for (int64_t i = 0; i < N; i++) {
                count[i] = (int32_t)(most * test_random(3, (uint64_t)(i / 2)));
                score[i] = (float)count[i];
            }
            gv_context *ctx = test_context(threads, -1);
            ASSERT_OK(gv_mean_ranks(ctx, score, N, sorted, &err));
            ASSERT_OK(gv_mean_ranks_of_counts(ctx, count, N, counted, &err));
            ASSERT_MEM_EQ(sorted, counted, sizeof sorted);
            ASSERT_OK(gv_mean_ranks_of_counts(ctx, count, 0, counted, &err));
            ASSERT_EQ(0, gv_context_memory_used(ctx));
            gv_context_free(ctx);
        }
    for (int64_t k = 0; k < 3; k++) {
        gv_context *ctx = test_context(2, k < 2 ? k : -1);
        count[7] = k < 2 ? 1 : -1;
        ASSERT_EQ(k < 2 ? GV_ERR_NOMEM : GV_ERR_RANGE,
                  gv_mean_ranks_of_counts(ctx, count, N, counted, &err));
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    PASS();
}

/* Removes who has fewer than k edges until nobody has: the rest has core number k or more. */
static void ref_cores(const gv_graph *g, int32_t *core)
{
    bool *in = calloc((size_t)g->n_nodes + 1, sizeof *in);
    for (int64_t v = 0; v < g->n_nodes; v++)
        core[v] = 0, in[v] = true;
    for (int32_t k = 1; k < 1000; k++)
        for (bool changed = true; changed;) {
            changed = false;
            for (int64_t v = 0; v < g->n_nodes; v++) {
                int32_t left = 0;
                for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++)
                    left += in[g->out.indices[e]];
                for (int64_t e = g->in.indptr[v]; e < g->in.indptr[v + 1] && g->directed; e++)
                    left += in[g->in.indices[e]];
                if (in[v] && left < k) {
                    in[v] = false, changed = true;
                    core[v] = k - 1;
                }
            }
        }
    free(in);
}

TEST core_numbers(void)
{
    for (uint64_t seed = 0; seed < 8; seed++) {
        edge_list e = edges_gnp(70, .02 + .03 * (double)seed, seed);
        gv_context *ctx = test_context(2, -1);
        gv_build_opts o = gv_build_defaults();
        o.undirected = seed % 2 == 1;
        gv_graph *g = edges_graph(ctx, &e, &o);
        int32_t want[70], core[70];
        ref_cores(g, want);
        ASSERT_OK(gv_core_numbers(ctx, g, core, &err));
        ASSERT_MEM_EQ(want, core, sizeof core);
        int64_t fails = ctx->allocations;
        for (int64_t k = 0; k < 3; k++) {
            ctx->fail_allocation = fails + k;
            ASSERT_EQ(GV_ERR_NOMEM, gv_core_numbers(ctx, g, core, &err));
            fails = ctx->allocations;
        }
        gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    }
    PASS();
}

/* A chain and a star that hang on a clique, and a crowd: piles of many chunks, at any number of
 * threads. */
TEST core_numbers_of_chains(void)
{
    enum { CLIQUE = 30, CHAIN = 20000, LEAVES = 20000, ALL = CLIQUE + CHAIN + LEAVES };
    static int32_t core[ALL];
    edge_list e = edges_none(ALL);
    for (int64_t v = 0; v < CLIQUE; v++)
        for (int64_t u = 0; u < v; u++)
            edges_add(&e, v, u, 1);
    for (int64_t v = CLIQUE; v < CLIQUE + CHAIN; v++)
        edges_add(&e, v, v - 1, 1);
    for (int64_t v = CLIQUE + CHAIN; v < ALL; v++)
        edges_add(&e, v, 3, 1);
    for (int32_t threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
        gv_context *ctx = test_context(threads, -1);
        gv_build_opts o = gv_build_defaults();
        o.undirected = threads % 2 == 1;
        gv_graph *g = edges_graph(ctx, &e, &o);
        ASSERT_OK(gv_core_numbers(ctx, g, core, &err));
        for (int64_t v = 0; v < ALL; v++)
            ASSERT_EQ(v < CLIQUE ? CLIQUE - 1 : 1, core[v]);
        gv_graph_free(g);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    edges_free(&e);
    PASS();
}

SUITE(ranks)
{
    RUN_TEST(ranks_and_flags);
    RUN_TEST(flags_by_hand);
    RUN_TEST(ranks_ignore_thread_count);
    RUN_TEST(rank_correlations);
    RUN_TEST(mean_ranks_of_counts);
    RUN_TEST(core_numbers);
    RUN_TEST(core_numbers_of_chains);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(ranks);
    GREATEST_MAIN_END();
}
