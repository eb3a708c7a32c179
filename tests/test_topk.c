/* test_topk.c -- the k best scores against a full sort, with ties, at any thread count. */
#include <math.h>

#include "engine/context.h"
#include "grapevine/ppr.h"
#include "greatest.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"

GREATEST_MAIN_DEFS();

enum { LARGE = 150000 };

static gv_context *ctx;
static gv_error err;

/* ---- reference: sort everything ----------------------------------------------------------- */

static const double *sorted_score;

static int better(const void *a, const void *b)
{
    const gv_node x = *(const gv_node *)a, y = *(const gv_node *)b;
    const double sx = sorted_score[x], sy = sorted_score[y];
    if (sx != sy)
        return sx > sy ? -1 : 1;
    return x < y ? -1 : x > y;
}

static gv_node *order_of(const double *score, int64_t n)
{
    gv_node *order = calloc((size_t)n + 1, sizeof *order);
    for (int64_t i = 0; i < n; i++)
        order[i] = (gv_node)i;
    sorted_score = score;
    qsort(order, (size_t)n, sizeof *order, better);
    return order;
}

/* One k against the order of all. */
TEST is_prefix(gv_context *c, const double *score, const gv_node *order, int64_t n, int64_t k)
{
    gv_node *node = calloc((size_t)k + 1, sizeof *node);
    double *top = calloc((size_t)k + 1, sizeof *top), next = -7.0;
    const gv_status st = gv_top_k(c, score, n, k, node, top, &next, &err);
    bool same = st == GV_OK;
    for (int64_t i = 0; i < k && same; i++)
        same = i < n ? node[i] == order[i] && memcmp(&top[i], &score[order[i]], sizeof *top) == 0
                     : node[i] == -1 && isnan(top[i]);
    free(node), free(top);
    ASSERT(same);
    ASSERT(k < n ? memcmp(&next, &score[order[k]], sizeof next) == 0 : isnan(next));
    PASS();
}

/* ---- scores ------------------------------------------------------------------------------- */

enum { KINDS = 5 };

static double score_at(int kind, uint64_t i)
{
    static const double special[8] = {0.0, -0.0, INFINITY, -INFINITY, 4.9e-324, -1.5, 1.0, 1e300};
    const double u = test_random(77, i);
    switch (kind) {
    case 0:
        return u; /* all different */
    case 1:
        return floor(u * 20.0) / 1024.0 - .005; /* many ties, both signs */
    case 2:
        return .25; /* nothing but ties */
    case 3:
        return 1.0 + floor(u * 1000.0) * 0x1p-52; /* alike but for the last bits */
    default:
        return special[(int)(u * 8.0)];
    }
}

TEST equals_full_sort(int64_t n)
{
    double *score = calloc((size_t)n + 1, sizeof *score);
    for (int kind = 0; kind < KINDS; kind++) {
        for (int64_t i = 0; i < n; i++)
            score[i] = score_at(kind, (uint64_t)i);
        gv_node *order = order_of(score, n);
        const int64_t ks[] = {0, 1, 2, 10, n / 3, n - 1, n, n + 5};
        for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
            if (ks[i] >= 0)
                CHECK_CALL(is_prefix(ctx, score, order, n, ks[i]));
        free(order);
    }
    free(score);
    PASS();
}

TEST ignores_thread_count(void)
{
    double *score = calloc(LARGE, sizeof *score);
    for (int kind = 0; kind < KINDS; kind++) {
        for (int64_t i = 0; i < LARGE; i++)
            score[i] = score_at(kind, (uint64_t)i);
        gv_node *order = order_of(score, LARGE);
        for (int threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
            gv_context *c = test_context(threads, -1);
            CHECK_CALL(is_prefix(c, score, order, LARGE, 1000));
            gv_context_free(c);
        }
        free(order);
    }
    free(score);
    PASS();
}

/* ---- contract ----------------------------------------------------------------------------- */

TEST survives_every_failed_allocation(void)
{
    double *score = calloc(LARGE, sizeof *score), top[10], next;
    gv_node node[10];
    for (int64_t i = 0; i < LARGE; i++)
        score[i] = score_at(1, (uint64_t)i);
    gv_status st = GV_ERR_NOMEM;
    int failures = -1;
    for (int64_t k = 0; st != GV_OK; k++, failures++) {
        gv_context *c = test_context(2, k);
        st = gv_top_k(c, score, LARGE, 10, node, top, &next, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(0, gv_context_memory_used(c));
        gv_context_free(c);
    }
    ASSERT(failures >= 3);
    free(score);
    PASS();
}

TEST refuses_bad_arguments(void)
{
    double score[3] = {1.0, (double)NAN, 2.0}, top[3], next;
    gv_node node[3];
    ASSERT_EQ(GV_ERR_RANGE, gv_top_k(ctx, score, 3, 1, node, top, &next, &err));
    ASSERT_STR_EQ("top k: score of node 1 is not a number", err.message);
    ASSERT_EQ(GV_ERR_RANGE, gv_top_k(ctx, score, 1, -1, node, top, &next, &err));
    ASSERT_STR_EQ("top k: k -1 is negative", err.message);
    ASSERT_EQ(GV_ERR_RANGE, gv_top_k(ctx, score, -1, 1, node, top, &next, &err));
    ASSERT_STR_EQ("top k: -1 scores; not in [0, 2147483647]", err.message);
    ASSERT_EQ(GV_ERR_RANGE, gv_top_k(ctx, score, -1, 1, node, top, &next, NULL));
    PASS();
}

/* Buyers of a topic as a column: those with a purchase, by how many. */
TEST buyers_become_columns(void)
{
    edge_list e = edges_cycle(4);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const test_pair pairs[] = {{0, 0, 1.0F, 0, 3, 0, 0, 5},
                               {0, 2, 1.0F, 0, 1, 0, 0, 5},
                               {2, 0, 1.0F, 0, 2, 0, 0, 5},
                               {3, 2, 1.0F, 0, 4, 0, 0, 5}};
    gv_model *m = model_of(ctx, g, 3, pairs, 4, NULL, 0);
    const int64_t expected[4] = {0, 2, 2, 4};
    const gv_node who[4] = {0, 2, 0, 3};
    const double many[4] = {3.0, 2.0, 1.0, 4.0};
    int64_t offset[4];
    gv_node node[4];
    double weight[4];
    gv_model_buyers(m, offset, NULL, NULL);
    ASSERT_MEM_EQ(expected, offset, sizeof expected);
    gv_model_buyers(m, offset, node, weight);
    ASSERT_MEM_EQ(expected, offset, sizeof expected);
    ASSERT_MEM_EQ(who, node, sizeof who);
    ASSERT_MEM_EQ(many, weight, sizeof many);
    gv_model_free(m);
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

SUITE(topk)
{
    ctx = test_context(2, -1);
    RUN_TESTp(equals_full_sort, 0);
    RUN_TESTp(equals_full_sort, 1);
    RUN_TESTp(equals_full_sort, 10);
    RUN_TESTp(equals_full_sort, 6000);
    RUN_TESTp(equals_full_sort, 70000);
    RUN_TEST(ignores_thread_count);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(refuses_bad_arguments);
    RUN_TEST(buyers_become_columns);
    gv_context_free(ctx);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(topk);
    GREATEST_MAIN_END();
}
