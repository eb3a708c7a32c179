/* test_edge_probability.c -- the probabilities of one topic of a model, against looking each edge
 * up on its own, and against probabilities put in by hand; and those that are drawn. */
#include <math.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/cascade.h"
#include "greatest.h"
#include "support/graphs.h"
#include "support/models.h"

GREATEST_MAIN_DEFS();

static gv_error err;

enum { TOPICS = 5 };

TEST equals_single_edges(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(2500, 0.003, 5); /* several blocks of nodes */
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_model *m = model_random(ctx, g, TOPICS, 7);
    float *p = calloc((size_t)g->n_edges, sizeof *p);
    for (int32_t z = 0; z < TOPICS; z++) {
        ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, m, g, z, p, &err));
        int64_t varied = 0;
        for (gv_node v = 0; v < g->n_nodes; v++)
            for (int64_t i = g->out.indptr[v]; i < g->out.indptr[v + 1]; i++) {
                ASSERT_EQ((float)gv_model_edge(m, v, g->out.indices[i], i, z), p[i]);
                ASSERT(p[i] >= 0.0f && p[i] <= 1.0f);
                varied += p[i] != p[0];
            }
        ASSERT_GT(varied, g->n_edges / 2);
    }
    free(p), gv_model_free(m), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST equals_planted_probabilities(void)
{
    gv_context *ctx = test_context(3, -1);
    edge_list e = edges_complete(5);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    double planted[2][20];
    float p[20];
    for (int i = 0; i < 40; i++)
        planted[i / 20][i % 20] = i == 3 ? 0.0 : i == 25 ? 1.0 : test_random(2, (uint64_t)i);
    gv_model *m = model_exact(ctx, g, 2, planted[0]);
    for (int32_t z = 0; z < 2; z++) {
        ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, m, g, z, p, &err));
        for (int i = 0; i < 20; i++)
            ASSERT_IN_RANGE(planted[z][i], p[i], 1e-7);
    }
    gv_model_free(m), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

TEST ignores_thread_count(void)
{
    const int32_t threads[] = {1, 2, 3, 8};
    edge_list e = edges_gnp(3000, 0.002, 6);
    float *p[4];
    for (int i = 0; i < 4; i++) {
        gv_context *ctx = test_context(threads[i], -1);
        gv_graph *g = edges_graph(ctx, &e, NULL);
        gv_model *m = model_random(ctx, g, TOPICS, 3);
        p[i] = calloc((size_t)g->n_edges, sizeof *p[i]);
        ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, m, g, 2, p[i], &err));
        ASSERT_MEM_EQ(p[0], p[i], (size_t)g->n_edges * sizeof *p[i]);
        gv_model_free(m), gv_graph_free(g), gv_context_free(ctx);
    }
    for (int i = 0; i < 4; i++)
        free(p[i]);
    edges_free(&e);
    PASS();
}

/* One topic alone is that topic; a mixture is the sum, by any number of threads. */
TEST mixtures_are_sums(void)
{
    gv_context *ctx = test_context(3, -1), *alone = test_context(1, -1);
    edge_list e = edges_gnp(2500, 0.003, 5);
    gv_graph *g = edges_graph(ctx, &e, NULL), *h = edges_graph(alone, &e, NULL);
    gv_model *m = model_random(ctx, g, TOPICS, 7), *k = model_random(alone, h, TOPICS, 7);
    const size_t bytes = (size_t)g->n_edges * sizeof(float);
    float *p = malloc(bytes), *q = malloc(bytes);
    for (int32_t z = 0; z < TOPICS; z++) {
        double weight[TOPICS] = {0};
        weight[z] = 1.0;
        ASSERT_EQ(GV_OK, gv_model_mixed_probability(ctx, m, g, weight, p, &err));
        ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, m, g, z, q, &err));
        ASSERT_MEM_EQ(q, p, bytes);
    }
    const double mix[TOPICS] = {0.5, 0.0, 0.125, 0.0, 0.375};
    ASSERT_EQ(GV_OK, gv_model_mixed_probability(ctx, m, g, mix, p, &err));
    ASSERT_EQ(GV_OK, gv_model_mixed_probability(alone, k, h, mix, q, &err));
    ASSERT_MEM_EQ(q, p, bytes);
    for (gv_node v = 0; v < g->n_nodes; v++)
        for (int64_t i = g->out.indptr[v]; i < g->out.indptr[v + 1]; i++) {
            double sum = 0.0;
            for (int32_t z = 0; z < TOPICS; z++)
                sum += mix[z] * gv_model_edge(m, v, g->out.indices[i], i, z);
            ASSERT_IN_RANGE(sum, p[i], 1e-7);
        }
    const double off[TOPICS] = {0.5, -0.1}, much[TOPICS] = {0.7, 0.4};
    ASSERT_EQ(GV_ERR_RANGE, gv_model_mixed_probability(ctx, m, g, off, p, &err));
    ASSERT_STR_EQ("edge probability: weight -0.1 of topic 1 is not in [0, 1]", err.message);
    ASSERT_EQ(GV_ERR_RANGE, gv_model_mixed_probability(ctx, m, g, much, p, &err));
    free(p), free(q), gv_model_free(m), gv_model_free(k), gv_graph_free(g), gv_graph_free(h);
    edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx), gv_context_free(alone);
    PASS();
}

TEST refuses_other_graphs_and_topics(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_star(4), other = edges_star(5);
    gv_graph *g = edges_graph(ctx, &e, NULL), *h = edges_graph(ctx, &other, NULL);
    gv_model *m = model_random(ctx, g, TOPICS, 3);
    float p[10];
    ASSERT_EQ(GV_ERR_ARG, gv_model_edge_probability(ctx, m, h, 0, p, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_model_edge_probability(ctx, m, g, -1, p, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_model_edge_probability(ctx, m, g, TOPICS, p, &err));
    ASSERT_STR_EQ("edge probability: topic 5 is not in [0, 5)", err.message);
    gv_model_free(m), gv_graph_free(g), gv_graph_free(h), edges_free(&e), edges_free(&other);
    gv_context_free(ctx);
    PASS();
}

/* p is one of three, each for about a third of the edges, and the same for every graph. */
TEST trivalency_by_edge(void)
{
    gv_context *ctx = test_context(3, -1);
    edge_list e = edges_gnp(400, 0.05, 3);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_build_opts tri = {.source = GV_FROM_TRIVALENCY, .seed = 5};
    gv_graph *imported = edges_graph(ctx, &e, &tri);
    const int64_t m = gv_graph_edges(g);
    float *p = malloc((size_t)m * sizeof *p);
    int64_t count[3] = {0};
    gv_trivalency(ctx, g, 5, p);
    for (int64_t i = 0; i < m; i++)
        count[p[i] > 0.05f ? 0 : p[i] > 0.005f ? 1 : 2]++;
    for (int k = 0; k < 3; k++)
        ASSERT_LTE(fabs((double)count[k] - (double)m / 3), 4.5 * sqrt((double)m * 2 / 9));
    ASSERT_MEM_EQ(imported->out.probability, p, (size_t)m * sizeof *p);
    free(p);
    gv_graph_free(imported), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

SUITE(edge_probability)
{
    RUN_TEST(equals_single_edges);
    RUN_TEST(equals_planted_probabilities);
    RUN_TEST(ignores_thread_count);
    RUN_TEST(mixtures_are_sums);
    RUN_TEST(trivalency_by_edge);
    RUN_TEST(refuses_other_graphs_and_topics);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(edge_probability);
    GREATEST_MAIN_END();
}
