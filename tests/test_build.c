/* test_build.c -- edge lists to graphs: order, duplicates, loops, probabilities, errors. */
#include "greatest.h"

#include <math.h>

#include "engine/csr.h"
#include "engine/rng.h"
#include "support/graphs.h"

static gv_error err;

static gv_graph *build(gv_context *ctx, int64_t n, const gv_node *src, const gv_node *dst,
                       const float *weight, int64_t m, gv_build_opts o, gv_build_info *info)
{
    gv_graph *g = NULL;
    return gv_graph_build(ctx, n, src, dst, weight, m, NULL, &o, &g, info, &err) == GV_OK ? g
                                                                                          : NULL;
}

TEST rows_are_sorted_both_ways(void)
{
    const gv_node src[] = {2, 0, 1, 0, 3}, dst[] = {0, 3, 2, 1, 3};
    const int64_t out_ptr[] = {0, 2, 3, 4, 4}, in_ptr[] = {0, 1, 2, 3, 4};
    const gv_node out[] = {1, 3, 2, 0}, in[] = {2, 0, 1, 0};
    gv_context *ctx = test_context(2, -1);
    gv_build_info info;
    gv_graph *g = build(ctx, 4, src, dst, NULL, 5, gv_build_defaults(), &info);
    ASSERT(g != NULL);
    ASSERT_EQ(4, gv_graph_nodes(g));
    ASSERT_EQ(4, gv_graph_edges(g));
    ASSERT_EQ(1, info.self_loops);
    ASSERT_EQ(0, info.duplicates);
    ASSERT_MEM_EQ(out_ptr, g->out.indptr, sizeof out_ptr);
    ASSERT_MEM_EQ(out, g->out.indices, sizeof out);
    ASSERT_MEM_EQ(in_ptr, g->in.indptr, sizeof in_ptr);
    ASSERT_MEM_EQ(in, g->in.indices, sizeof in);
    int64_t count;
    ASSERT_EQ(3, gv_graph_out(g, 0, &count)[1]);
    ASSERT_EQ(2, count);
    ASSERT(gv_graph_out(g, 3, &count) == NULL && count == 0);
    ASSERT_EQ(1, gv_csr_find(&g->out, 0, 3));
    ASSERT_EQ(-1, gv_csr_find(&g->out, 0, 2));
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

TEST duplicates_follow_the_rule(void)
{
    const gv_node src[] = {0, 0, 0}, dst[] = {1, 1, 1};
    const float p[] = {.5f, .25f, .125f};
    const struct {
        gv_duplicates rule;
        double want;
    } cases[] = {{GV_DUPLICATES_COMBINE, 1 - .5 * .75 * .875},
                 {GV_DUPLICATES_SUM, .875},
                 {GV_DUPLICATES_MAX, .5}};
    gv_context *ctx = test_context(1, -1);
    for (int i = 0; i < 3; i++) {
        gv_build_opts o = gv_build_defaults();
        gv_build_info info;
        o.source = GV_FROM_WEIGHT, o.duplicates = cases[i].rule;
        gv_graph *g = build(ctx, 2, src, dst, p, 3, o, &info);
        ASSERT(g != NULL);
        ASSERT_EQ(2, info.duplicates);
        ASSERT_IN_RANGE(cases[i].want, g->out.probability[0], 1e-7);
        ASSERT_EQ(g->out.probability[0], g->in.probability[0]);
        gv_graph_free(g);
    }
    gv_build_opts o = gv_build_defaults();
    gv_build_info info;
    o.undirected = true; /* a row is counted once, though it makes two edges */
    gv_graph *g = build(ctx, 2, src, dst, NULL, 3, o, &info);
    ASSERT(g != NULL);
    ASSERT_EQ(2, info.duplicates);
    gv_graph_free(g);
    o = gv_build_defaults();
    o.duplicates = GV_DUPLICATES_ERROR;
    ASSERT(build(ctx, 2, src, dst, NULL, 3, o, NULL) == NULL);
    ASSERT_EQ(GV_ERR_DATA, err.status);
    ASSERT_STR_EQ("build: edge 0 -> 1 is given 3 times", err.message);
    o = gv_build_defaults();
    o.source = GV_FROM_WEIGHT, o.duplicates = GV_DUPLICATES_SUM;
    const float large[] = {.5f, .25f, .75f};
    ASSERT(build(ctx, 2, src, dst, large, 3, o, NULL) == NULL);
    ASSERT_EQ(GV_ERR_DATA, err.status);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST weighted_cascade_shares_in_weights(void)
{
    const gv_node src[] = {0, 1, 2}, dst[] = {2, 2, 0};
    const float w[] = {1, 3, 5};
    gv_context *ctx = test_context(1, -1);
    gv_build_opts o = gv_build_defaults();
    o.source = GV_FROM_WC;
    gv_graph *plain = build(ctx, 3, src, dst, NULL, 3, o, NULL);
    ASSERT(plain != NULL);
    ASSERT_EQ(GV_PROBABILITY_WEIGHTED_CASCADE, gv_graph_probability_rule(plain));
    ASSERT(plain->out.probability == NULL);
    ASSERT_EQ(.5, gv_edge_probability(plain, &plain->out, 0, 2));
    gv_graph *g = build(ctx, 3, src, dst, w, 3, o, NULL);
    ASSERT(g != NULL);
    ASSERT_EQ(GV_PROBABILITY_STORED, gv_graph_probability_rule(g));
    const float out[] = {.25f, .75f, 1.0f}, in[] = {1.0f, .25f, .75f};
    ASSERT_MEM_EQ(out, g->out.probability, sizeof out);
    ASSERT_MEM_EQ(in, g->in.probability, sizeof in);
    gv_graph_free(plain), gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

TEST trivalency_is_keyed_by_edge(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(60, .3, 5);
    gv_build_opts o = gv_build_defaults();
    o.source = GV_FROM_TRIVALENCY;
    gv_graph *g = edges_graph(ctx, &e, &o);
    ASSERT(g != NULL);
    int64_t count[3] = {0};
    for (int64_t i = 0; i < g->n_edges; i++) {
        const float p = g->out.probability[i];
        ASSERT(p == .1f || p == .01f || p == .001f);
        count[p == .1f ? 0 : p == .01f ? 1 : 2]++;
    }
    for (int i = 0; i < 3; i++) /* a third each, within 4.5 standard errors */
        ASSERT_IN_RANGE((double)g->n_edges / 3, count[i], 4.5 * sqrt((double)g->n_edges * 2 / 9));
    e.n_edges /= 2; /* fewer other edges do not change an edge's draw */
    gv_graph *half = edges_graph(ctx, &e, &o);
    for (gv_node u = 0; u < 60; u++)
        for (int64_t i = half->out.indptr[u]; i < half->out.indptr[u + 1]; i++)
            ASSERT_EQ(g->out.probability[gv_csr_find(&g->out, u, half->out.indices[i])],
                      half->out.probability[i]);
    gv_graph_free(g), gv_graph_free(half), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

/* in.probability must be out.probability carried to the other order, for every source of p. */
TEST directions_agree(const gv_build_opts *o)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(40, .15, 9);
    gv_graph *g = edges_graph(ctx, &e, o);
    ASSERT(g != NULL);
    ASSERT_EQ(o->undirected, !gv_graph_directed(g));
    for (gv_node v = 0; v < 40; v++)
        for (int64_t i = g->in.indptr[v]; i < g->in.indptr[v + 1]; i++) {
            const gv_node u = g->in.indices[i];
            const int64_t at = gv_csr_find(&g->out, u, v);
            ASSERT_GTE(at, 0);
            ASSERT_EQ(gv_edge_probability(g, &g->out, at, v), gv_edge_probability(g, &g->in, i, v));
            if (o->undirected)
                ASSERT_GTE(gv_csr_find(&g->out, v, u), 0);
        }
    ASSERT_EQ(g->out.indptr[40], g->in.indptr[40]);
    gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

static int same_graph(const gv_graph *a, const gv_graph *b)
{
    const size_t n = (size_t)a->n_nodes + 1, m = (size_t)a->n_edges;
    return a->n_edges == b->n_edges && memcmp(a->out.indptr, b->out.indptr, n * 8) == 0 &&
           memcmp(a->in.indptr, b->in.indptr, n * 8) == 0 &&
           memcmp(a->out.indices, b->out.indices, m * 4) == 0 &&
           memcmp(a->in.indices, b->in.indices, m * 4) == 0 &&
           memcmp(a->out.probability, b->out.probability, m * 4) == 0 &&
           memcmp(a->in.probability, b->in.probability, m * 4) == 0;
}

/* Many duplicates with different weights: float products must not depend on their order. */
TEST order_and_threads_do_not_matter(void)
{
    enum { N = 50, M = 20000 };
    gv_context *one = test_context(1, -1);
    edge_list e = edges_none(N);
    for (uint64_t i = 0; i < M; i++)
        edges_add(&e, (int64_t)(gv_mix(i) % N), (int64_t)(gv_mix(i + M) % N),
                  test_random(3, i) * .2);
    gv_graph *first = edges_graph_weighted(one, &e);
    ASSERT(first != NULL);
    for (int32_t threads = 2; threads <= 8; threads += 3) {
        for (int64_t i = M - 1; i > 0; i--) {
            const int64_t j = (int64_t)(gv_mix((uint64_t)(i * threads)) % (uint64_t)(i + 1));
            const gv_node s = e.src[i], d = e.dst[i];
            const float w = e.weight[i];
            e.src[i] = e.src[j], e.dst[i] = e.dst[j], e.weight[i] = e.weight[j];
            e.src[j] = s, e.dst[j] = d, e.weight[j] = w;
        }
        gv_context *many = test_context(threads, -1);
        gv_graph *g = edges_graph_weighted(many, &e);
        ASSERT(same_graph(first, g));
        gv_graph_free(g);
        gv_context_free(many);
    }
    gv_graph_free(first), edges_free(&e);
    gv_context_free(one);
    PASS();
}

TEST graphs_without_edges_or_nodes(void)
{
    gv_context *ctx = test_context(2, -1);
    for (int64_t n = 0; n < 3; n++) {
        gv_graph *g = build(ctx, n, NULL, NULL, NULL, 0, gv_build_defaults(), NULL);
        ASSERT(g != NULL);
        ASSERT_EQ(0, gv_graph_edges(g));
        for (int64_t v = 0; v <= n; v++)
            ASSERT_EQ(0, g->out.indptr[v] | g->in.indptr[v]);
        gv_graph_free(g);
    }
    gv_context_free(ctx);
    PASS();
}

TEST external_ids_are_found(void)
{
    const int64_t ids[] = {-5, 7, INT64_MAX};
    const gv_node src[] = {0}, dst[] = {2};
    gv_context *ctx = test_context(1, -1);
    gv_graph *g;
    char text[GV_ID_CHARS + 1];
    ASSERT_EQ(GV_OK, gv_graph_build(ctx, 3, src, dst, NULL, 1, ids, NULL, &g, NULL, &err));
    ASSERT_EQ(0, gv_graph_find(g, "-5"));
    ASSERT_EQ(1, gv_graph_find(g, "7"));
    ASSERT_EQ(2, gv_graph_find(g, "9223372036854775807"));
    ASSERT_EQ(-1, gv_graph_find(g, "6"));
    ASSERT_EQ(-1, gv_graph_find(g, "7x"));
    ASSERT_EQ(-1, gv_graph_find(g, ""));
    ASSERT_EQ(-1, gv_graph_find(g, "9223372036854775808"));
    ASSERT_STR_EQ("-5", gv_graph_id(g, 0, text));
    gv_graph_free(g);
    const int64_t wrong[] = {1, 1, 2};
    ASSERT_EQ(GV_ERR_ARG, gv_graph_build(ctx, 3, src, dst, NULL, 1, wrong, NULL, &g, NULL, &err));
    gv_context_free(ctx);
    PASS();
}

TEST bad_edges_are_refused(void)
{
    const gv_node src[] = {0, 1}, dst[] = {1, 2};
    const float nan[] = {.5f, NAN}, big[] = {.5f, 1.5f}, negative[] = {-.5f, 0};
    gv_context *ctx = test_context(1, -1);
    gv_build_opts o = gv_build_defaults();
    ASSERT(build(ctx, 2, src, dst, NULL, 2, o, NULL) == NULL);
    ASSERT_STR_EQ("build: edge 1: node 2 is not in [0, 2)", err.message);
    o.source = GV_FROM_WEIGHT;
    ASSERT(build(ctx, 3, src, dst, big, 2, o, NULL) == NULL);
    ASSERT_STR_EQ("build: edge 1: weight 1.5 is not in [0, 1]", err.message);
    ASSERT(build(ctx, 3, src, dst, nan, 2, o, NULL) == NULL);
    ASSERT_EQ(GV_ERR_RANGE, err.status);
    ASSERT(build(ctx, 3, src, dst, negative, 2, o, NULL) == NULL);
    ASSERT_EQ(GV_ERR_RANGE, err.status);
    ASSERT(build(ctx, 3, src, dst, NULL, 2, o, NULL) == NULL);
    ASSERT_EQ(GV_ERR_ARG, err.status);
    o.source = GV_FROM_CONSTANT, o.constant = 1.01;
    ASSERT(build(ctx, 3, src, dst, NULL, 2, o, NULL) == NULL);
    ASSERT_EQ(GV_ERR_RANGE, err.status);
    o = gv_build_defaults();
    ASSERT(build(ctx, INT64_C(1) << 31, src, dst, NULL, 2, o, NULL) == NULL);
    ASSERT_EQ(GV_ERR_RANGE, err.status);
    const gv_node loop[] = {1};
    o.self_loops_error = true;
    ASSERT(build(ctx, 3, loop, loop, NULL, 1, o, NULL) == NULL);
    ASSERT_EQ(GV_ERR_DATA, err.status);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(const gv_build_opts *o)
{
    edge_list e = edges_gnp(30, .2, 2);
    for (int64_t k = 0;; k++) {
        gv_context *ctx = test_context(2, k);
        gv_graph *g = NULL;
        const gv_status st = gv_graph_build(ctx, e.n_nodes, e.src, e.dst, e.weight, e.n_edges, NULL,
                                            o, &g, NULL, &err);
        if (st == GV_OK)
            gv_graph_free(g);
        else
            ASSERT_EQ(GV_ERR_NOMEM, st);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
        if (st == GV_OK) {
            ASSERT_GT(k, 3);
            break;
        }
    }
    edges_free(&e);
    PASS();
}

SUITE(building)
{
    RUN_TEST(rows_are_sorted_both_ways);
    RUN_TEST(duplicates_follow_the_rule);
    RUN_TEST(weighted_cascade_shares_in_weights);
    RUN_TEST(trivalency_is_keyed_by_edge);
    for (int source = GV_FROM_NONE; source <= GV_FROM_TRIVALENCY; source++)
        for (int undirected = 0; undirected < 2; undirected++) {
            gv_build_opts o = gv_build_defaults();
            o.source = (gv_probability_source)source;
            o.undirected = undirected;
            RUN_TEST1(directions_agree, &o);
            RUN_TEST1(survives_every_failed_allocation, &o);
        }
    RUN_TEST(order_and_threads_do_not_matter);
    RUN_TEST(graphs_without_edges_or_nodes);
    RUN_TEST(external_ids_are_found);
    RUN_TEST(bad_edges_are_refused);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(building);
    GREATEST_MAIN_END();
}
