/* test_prospects.c -- susceptibility and prospects against dull versions and hand-worked cases. */
#include <math.h>

#include "engine/context.h"
#include "grapevine/grapevine.h"
#include "greatest.h"
#include "tests/ref/ref_influence.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"

#define ASSERT_OK(call) ASSERT_EQm(err.message, GV_OK, (call))

static gv_error err;

static float *floats(int64_t n)
{
    return calloc((size_t)n + 1, sizeof(float));
}

/* Consumers 0 and 1 have purchases, 2 has none. */
static gv_model *two_buyers(gv_context *ctx, const gv_graph *g, int32_t count[2][3])
{
    test_pair pair[2];
    for (int i = 0; i < 2; i++)
        pair[i] = (test_pair){.node = i, .source = 1, .total = count[i][0]},
        pair[i].observed = count[i][1], pair[i].shuffled = count[i][2];
    return model_of(ctx, g, 1, pair, 2, NULL, 0);
}

TEST susceptibility_by_hand(void)
{
    gv_context *ctx = test_context(1, -1);
    edge_list e = edges_path(3);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    float score[3], expected[3];
    int32_t observed[3], total[3];

    /* m = (2 - 1) / 6; no variance beyond chance: k = 20 */
    gv_model *m = two_buyers(ctx, g, (int32_t[2][3]){{4, 2, 10}, {2, 0, 0}});
    ASSERT_OK(gv_susceptibility(ctx, m, 0, score, observed, total, expected, &err));
    ASSERT_IN_RANGE((1 + 20. / 6) / 24, score[0], 1e-7);
    ASSERT_IN_RANGE((0 + 20. / 6) / 22, score[1], 1e-7);
    ASSERT_IN_RANGE(1. / 6, score[2], 1e-7);
    ASSERT_MEM_EQ(((int32_t[3]){2, 0, 0}), observed, sizeof observed);
    ASSERT_MEM_EQ(((int32_t[3]){4, 2, 0}), total, sizeof total);
    ASSERT_MEM_EQ(((float[3]){1, 0, 0}), expected, sizeof expected);
    gv_model_free(m);

    /* m = .5, v = .25, sum of squares .8, t2 = (.8 - .25) / 10, k = .25 / .055 */
    m = two_buyers(ctx, g, (int32_t[2][3]){{10, 7, 0}, {10, 3, 0}});
    ASSERT_OK(gv_susceptibility(ctx, m, 0, score, NULL, NULL, NULL, &err));
    ASSERT_IN_RANGE(.6375, score[0], 1e-7);
    ASSERT_IN_RANGE(.3625, score[1], 1e-7);
    ASSERT_EQ(.5f, score[2]);
    gv_model_free(m);

    /* so much variance that k meets its lower end, 1 */
    m = two_buyers(ctx, g, (int32_t[2][3]){{10, 9, 0}, {10, 1, 0}});
    ASSERT_OK(gv_susceptibility(ctx, m, 0, score, NULL, NULL, NULL, &err));
    ASSERT_IN_RANGE(9.5 / 11, score[0], 1e-7);
    gv_model_free(m);

    /* fewer followed a friend than by chance: negative */
    m = two_buyers(ctx, g, (int32_t[2][3]){{10, 0, 50}, {10, 0, 50}});
    ASSERT_OK(gv_susceptibility(ctx, m, 0, score, NULL, NULL, NULL, &err));
    ASSERT_MEM_EQ(((float[3]){-.5f, -.5f, -.5f}), score, sizeof score);
    gv_model_free(m);

    /* nobody bought */
    m = model_of(ctx, g, 1, NULL, 0, NULL, 0);
    ASSERT_OK(gv_susceptibility(ctx, m, 0, score, observed, total, expected, &err));
    ASSERT_MEM_EQ(((float[3]){0, 0, 0}), score, sizeof score);
    gv_model_free(m), gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

TEST susceptibility_equals_reference(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(2100, .0004, 3);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_model *m = model_random(ctx, g, 3, 4);
    float *score = floats(2100), *again = floats(2100);
    double *want = calloc(2100, sizeof *want);
    for (int32_t z = -1; z < 3; z++) {
        ASSERT_OK(gv_susceptibility(ctx, m, z, score, NULL, NULL, NULL, &err));
        ref_susceptibility(m, z, want);
        for (int64_t u = 0; u < 2100; u++)
            ASSERT_IN_RANGE(want[u], score[u], 1e-6);
        for (int32_t threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
            gv_context *other = test_context(threads, -1);
            ASSERT_OK(gv_susceptibility(other, m, z, again, NULL, NULL, NULL, &err));
            ASSERT_MEM_EQ(score, again, 2100 * sizeof *score);
            gv_context_free(other);
        }
    }
    free(want), free(again), free(score);
    gv_model_free(m), gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

/* Friends 0 to 3 of consumer 4, and 3 of 5; 0 bought long ago, 1 and 2 lately, 3 never; the flag of
 * 1 alone counts. p(0 -> 4) = 1/2, p(1 -> 4) = 1/4, p(2 -> 4) = 1/2. */
TEST prospects_by_hand(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_none(6);
    for (int v = 0; v < 4; v++)
        edges_add(&e, v, 4, 1);
    edges_add(&e, 3, 5, 1);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const test_pair pair[3] = {{.node = 0, .source = 1, .total = 1, .last = 900},
                               {.node = 1, .source = 1, .total = 1, .last = 901},
                               {.node = 2, .source = 1, .total = 1, .last = 1000}};
    const int64_t unit = GV_CREDIT_UNIT;
    const test_evidence evidence[4] = {
        {0, 0, unit / 2, unit}, {1, 0, unit / 4, unit}, {2, 0, unit / 2, unit}, {3, 0, unit, unit}};
    gv_model *m = model_of(ctx, g, 1, pair, 3, evidence, 4);
    m->k_edge = 0.0;
    const float listens[6] = {0, 0, 0, 9, 1, 1};
    int16_t flag[6] = {1, 1, 0, 1, 0, 0};
    gv_prospects *found = NULL;
    ASSERT_OK(gv_prospects_find(ctx, g, m, 0, listens, flag, .5, &found, &err));
    ASSERT_EQ(1, found->n);
    ASSERT_EQ(4, found->node[0]);
    ASSERT_EQ(1.0f - .5f * .75f * .5f, found->probability[0]);
    ASSERT_EQ(0, found->best_friend[0]);
    gv_prospects_free(found);
    /* the top third of six does not hold 5, and holds 4 by its lower node number */
    ASSERT_OK(gv_prospects_find(ctx, g, m, 0, listens, flag, 1. / 3, &found, &err));
    ASSERT_EQ(1, found->n);
    gv_prospects_free(found);
    ASSERT_OK(gv_prospects_find(ctx, g, m, 0, listens, flag, 1. / 6, &found, &err));
    ASSERT_EQ(0, found->n);
    gv_prospects_free(found);
    flag[1] = 0; /* 0 bought at end - window, which is just too long ago; 3 owns nothing */
    ASSERT_OK(gv_prospects_find(ctx, g, m, 0, listens, flag, 1.0, &found, &err));
    ASSERT_EQ(0, found->n);
    gv_prospects_free(found);
    gv_prospects_free(NULL);
    gv_model_free(m), gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

typedef struct setting {
    gv_context *ctx;
    gv_graph *g;
    gv_model *m;
    float *listens;
    int16_t *flag;
} setting;

static setting setting_of(int64_t n, double p, uint64_t seed)
{
    setting s = {.ctx = test_context(2, -1)};
    edge_list e = edges_gnp(n, p, seed);
    s.g = edges_graph(s.ctx, &e, NULL);
    edges_free(&e);
    s.m = model_random(s.ctx, s.g, 2, seed);
    s.listens = floats(n);
    s.flag = calloc((size_t)n, sizeof *s.flag);
    for (int64_t v = 0; v < n; v++) {
        s.listens[v] = (float)floor(10.0 * test_random(seed + 1, (uint64_t)v));
        s.flag[v] = test_random(seed + 2, (uint64_t)v) < .3;
    }
    return s;
}

static void setting_free(setting *s)
{
    free(s->flag), free(s->listens);
    gv_model_free(s->m), gv_graph_free(s->g), gv_context_free(s->ctx);
}

TEST prospects_equal_reference(void)
{
    int64_t found_any = 0;
    for (uint64_t seed = 0; seed < 8; seed++) {
        enum { N = 150 };
        setting s = setting_of(N, .04, 50 * seed);
        if (seed == 7)
            for (int32_t z = 0; z < 2; z++)
                model_mu(s.m)[z] = 50.0; /* all p without evidence near 1: ties */
        int8_t is[N];
        double probability[N];
        gv_node best[N];
        for (double share = 0.0; share <= 1.0; share += .25) {
            gv_prospects *found = NULL;
            int64_t count = 0;
            ASSERT_OK(
                gv_prospects_find(s.ctx, s.g, s.m, 1, s.listens, s.flag, share, &found, &err));
            ref_prospects(s.g, s.m, 1, s.listens, s.flag, (int64_t)floor(share * N + .5), is,
                          probability, best);
            for (int64_t u = 0; u < N; u++)
                count += is[u];
            ASSERT_EQ(count, found->n);
            for (int64_t i = 0; i < found->n; i++) {
                const gv_node u = found->node[i];
                ASSERT(is[u]);
                ASSERT_IN_RANGE(probability[u], found->probability[i], 1e-6);
                ASSERT_EQ(best[u], found->best_friend[i]);
                if (i > 0)
                    ASSERT(found->probability[i - 1] > found->probability[i] ||
                           (found->probability[i - 1] == found->probability[i] &&
                            found->node[i - 1] < u));
            }
            found_any += count;
            gv_prospects_free(found);
        }
        setting_free(&s);
    }
    ASSERT_GT(found_any, 100);
    PASS();
}

TEST prospects_ignore_thread_count(void)
{
    setting s = setting_of(2100, .004, 5);
    gv_prospects *first = NULL, *other = NULL;
    ASSERT_OK(gv_prospects_find(s.ctx, s.g, s.m, 0, s.listens, s.flag, .7, &first, &err));
    ASSERT_GT(first->n, 100);
    for (int32_t threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
        gv_context *ctx = test_context(threads, -1);
        ASSERT_OK(gv_prospects_find(ctx, s.g, s.m, 0, s.listens, s.flag, .7, &other, &err));
        ASSERT_EQ(first->n, other->n);
        ASSERT_MEM_EQ(first->node, other->node, (size_t)first->n * sizeof *first->node);
        ASSERT_MEM_EQ(first->probability, other->probability,
                      (size_t)first->n * sizeof *first->probability);
        ASSERT_MEM_EQ(first->best_friend, other->best_friend,
                      (size_t)first->n * sizeof *first->best_friend);
        gv_prospects_free(other);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    gv_prospects_free(first);
    setting_free(&s);
    PASS();
}

TEST empty_graph(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_none(0);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_model *m = model_of(ctx, g, 1, NULL, 0, NULL, 0);
    float score[1] = {7};
    const int16_t flag[1] = {0};
    gv_prospects *found = NULL;
    ASSERT_OK(gv_susceptibility(ctx, m, -1, score, NULL, NULL, NULL, &err));
    ASSERT_EQ(7.0f, score[0]);
    ASSERT_OK(gv_prospects_find(ctx, g, m, 0, score, flag, 1.0, &found, &err));
    ASSERT_EQ(0, found->n);
    gv_prospects_free(found);
    gv_model_free(m), gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

TEST fails_without_memory(void)
{
    setting s = setting_of(100, .05, 1);
    float score[100];
    int64_t fails = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; fails++) {
        gv_context *ctx = test_context(2, fails);
        st = gv_susceptibility(ctx, s.m, 0, score, NULL, NULL, NULL, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_EQ(3, fails);
    fails = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; fails++) {
        gv_context *ctx = test_context(2, fails);
        gv_prospects *found = NULL;
        st = gv_prospects_find(ctx, s.g, s.m, 0, s.listens, s.flag, .5, &found, &err);
        ASSERT(st == GV_OK || (st == GV_ERR_NOMEM && found == NULL));
        gv_prospects_free(found);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_EQ(17, fails); /* 3 to search, 1 + 2 to choose, 3 to measure, 5 + 2 to sort */
    setting_free(&s);
    PASS();
}

TEST documented_errors(void)
{
    setting s = setting_of(10, .3, 1), other = setting_of(11, .3, 1);
    float score[10];
    gv_prospects *found = NULL;
    ASSERT_EQ(GV_ERR_RANGE, gv_susceptibility(s.ctx, s.m, 2, score, NULL, NULL, NULL, &err));
    ASSERT_STR_EQ("susceptibility: topic 2 is not in [-1, 2)", err.message);
    ASSERT_EQ(GV_ERR_RANGE, gv_susceptibility(s.ctx, s.m, -2, score, NULL, NULL, NULL, NULL));
    const double bad_share[3] = {-.1, 1.1, (double)NAN};
    for (int i = 0; i < 3; i++)
        ASSERT_EQ(GV_ERR_RANGE, gv_prospects_find(s.ctx, s.g, s.m, 0, s.listens, s.flag,
                                                  bad_share[i], &found, &err));
    ASSERT_EQ(GV_ERR_RANGE,
              gv_prospects_find(s.ctx, s.g, s.m, -1, s.listens, s.flag, .5, &found, &err));
    ASSERT_EQ(GV_ERR_ARG,
              gv_prospects_find(s.ctx, s.g, other.m, 0, s.listens, s.flag, .5, &found, &err));
    s.listens[4] = NAN;
    ASSERT_EQ(GV_ERR_RANGE,
              gv_prospects_find(s.ctx, s.g, s.m, 0, s.listens, s.flag, .5, &found, &err));
    ASSERT(found == NULL);
    setting_free(&other);
    setting_free(&s);
    PASS();
}

SUITE(prospects)
{
    RUN_TEST(susceptibility_by_hand);
    RUN_TEST(susceptibility_equals_reference);
    RUN_TEST(prospects_by_hand);
    RUN_TEST(prospects_equal_reference);
    RUN_TEST(prospects_ignore_thread_count);
    RUN_TEST(empty_graph);
    RUN_TEST(fails_without_memory);
    RUN_TEST(documented_errors);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(prospects);
    GREATEST_MAIN_END();
}
