/* test_topic_graph.c -- a graph with a model's probabilities: both directions, walks on it against
 * the dense reference, errors. */
#include "grapevine/topic_graph.h"

#include <math.h>
#include <stdlib.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "engine/log.h"
#include "grapevine/learn.h"
#include "grapevine/ppr.h"
#include "grapevine/reach.h"
#include "greatest.h"
#include "tests/ref/ref_ppr.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"
#include "tests/support/status.h"

GREATEST_MAIN_DEFS();

enum { N = 60, TOPICS = 3 };

static gv_context *ctx;
static gv_error err;

static gv_graph *some_graph(void)
{
    edge_list e = edges_gnp(N, .08, 5);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    edges_free(&e);
    return g;
}

TEST both_directions_say_the_same(void)
{
    gv_graph *g = some_graph();
    gv_model *m = model_random(ctx, g, TOPICS, 8);
    float *p = calloc((size_t)g->n_edges, sizeof *p);
    for (int32_t z = 0; z < TOPICS; z++) {
        gv_graph *topic;
        ASSERT_OK(gv_topic_graph(ctx, g, m, z, GV_TOPIC_BOTH, &topic, &err));
        ASSERT_OK(gv_model_edge_probability(ctx, m, g, z, p, &err));
        ASSERT_EQ((int)GV_PROBABILITY_STORED, (int)gv_graph_probability_rule(topic));
        ASSERT_EQ(g->n_edges, gv_graph_edges(topic));
        for (gv_node u = 0; u < N; u++)
            for (int64_t e = g->out.indptr[u]; e < g->out.indptr[u + 1]; e++) {
                const int64_t back = gv_csr_find(&g->in, g->out.indices[e], u);
                ASSERT_EQ(p[e], topic->out.probability[e]);
                ASSERT_EQ(p[e], topic->in.probability[back]);
            }
        gv_graph_free(topic);
    }
    free(p);
    gv_model_free(m);
    gv_graph_free(g);
    PASS();
}

TEST walks_agree_with_reference(void)
{
    gv_graph *g = some_graph(), *topic;
    gv_model *m = model_random(ctx, g, TOPICS, 9);
    const int64_t offset[2] = {0, 2};
    const gv_node node[2] = {3, 40};
    const gv_teleport t = {.n_columns = 1, .offset = offset, .node = node};
    double dense[N] = {0}, x[N], want[N];
    gv_ppr_opts o = gv_ppr_defaults();
    o.weighted = true;
    o.direction = GV_REVERSE;
    o.tolerance = 1e-13;
    dense[3] = dense[40] = .5;
    ASSERT_OK(gv_topic_graph(ctx, g, m, 1, GV_TOPIC_BOTH, &topic, &err));
    ASSERT_OK(gv_ppr(ctx, topic, &t, &o, x, NULL, &err));
    ref_ppr_solve(topic, &o, dense, want);
    for (int v = 0; v < N; v++)
        ASSERT_IN_RANGE(want[v], x[v], 1e-12);
    gv_graph_free(topic);
    gv_model_free(m);
    gv_graph_free(g);
    PASS();
}

/* A walk needs the probabilities in one direction alone: the same bytes, in any layout but bins. */
TEST one_direction_serves_a_walk(int32_t threads)
{
    gv_context *other = test_context(threads, -1);
    edge_list e = edges_gnp(2000, .004, 5);
    gv_graph *g = edges_graph(other, &e, NULL), *one, *both;
    gv_model *m = model_random(other, g, TOPICS, 9);
    const int64_t offset[2] = {0, 2};
    const gv_node node[2] = {3, 40};
    const gv_teleport t = {.n_columns = 1, .offset = offset, .node = node};
    double *x = calloc(2000, sizeof *x), *y = calloc(2000, sizeof *y);
    static const gv_ppr_layout layouts[] = {GV_PPR_PULL, GV_PPR_SEGMENTS, GV_PPR_BLOCKING};
    for (int i = 0; i < 6; i++) {
        gv_ppr_opts o = gv_ppr_defaults();
        o.weighted = true;
        o.direction = i < 3 ? GV_REVERSE : GV_FORWARD;
        o.layout = layouts[i % 3];
        o.precision = o.layout == GV_PPR_PULL ? GV_PPR_F64 : GV_PPR_F32;
        ASSERT_OK(gv_topic_graph(other, g, m, 1, GV_TOPIC_BOTH, &both, &err));
        ASSERT_OK(gv_topic_graph(other, g, m, 1, i < 3 ? GV_TOPIC_BY_SOURCE : GV_TOPIC_BY_TARGET,
                                 &one, &err));
        ASSERT_OK(gv_ppr(other, both, &t, &o, x, NULL, &err));
        if (o.layout == GV_PPR_BLOCKING) {
            ASSERT_STATUS(GV_ERR_ARG, gv_ppr(other, one, &t, &o, y, NULL, &err));
        } else {
            ASSERT_OK(gv_ppr(other, one, &t, &o, y, NULL, &err));
            ASSERT_MEM_EQ(x, y, 2000 * sizeof *x);
        }
        o.direction = i < 3 ? GV_FORWARD : GV_REVERSE; /* the other one is not there */
        ASSERT_STATUS(GV_ERR_ARG, gv_ppr(other, one, &t, &o, y, NULL, &err));
        gv_graph_free(one), gv_graph_free(both);
    }
    free(x), free(y), gv_model_free(m), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(other));
    gv_context_free(other);
    PASS();
}

TEST one_direction_serves_no_other(void)
{
    gv_graph *g = some_graph(), *one;
    gv_model *m = model_random(ctx, g, TOPICS, 9), *learnt;
    const gv_node user = 0;
    const int64_t item = 0, time = 1;
    const int32_t topic = 0;
    float reach[N];
    gv_log *log;
    ASSERT_OK(gv_log_build(ctx, N, &user, &item, &topic, &time, 1, TOPICS, NULL, &log, &err));
    for (int sides = GV_TOPIC_BY_SOURCE; sides < GV_TOPIC_BOTH; sides++) {
        ASSERT_OK(gv_topic_graph(ctx, g, m, 0, (gv_topic_sides)sides, &one, &err));
        ASSERT_STATUS(GV_ERR_ARG, gv_reach(ctx, one, NULL, NULL, reach, NULL, &err));
        ASSERT_STATUS(GV_ERR_ARG, gv_learn(ctx, one, log, NULL, &learnt, NULL, &err));
        ASSERT_STR_EQ("learn: the graph has its probabilities by source or by target alone",
                      err.message);
        gv_graph_free(one);
    }
    gv_log_free(log), gv_model_free(m), gv_graph_free(g);
    PASS();
}

TEST fails_as_it_should(void)
{
    gv_graph *g = some_graph(), *topic;
    gv_model *any = model_random(ctx, g, TOPICS, 9);
    for (int s = 0; s < 5; s += 4)
        ASSERT_STATUS(GV_ERR_ARG, gv_topic_graph(ctx, g, any, 1, (gv_topic_sides)s, &topic, &err));
    gv_model_free(any);
    gv_model *m = model_random(ctx, g, TOPICS, 8);
    ASSERT_STATUS(GV_ERR_RANGE, gv_topic_graph(ctx, g, m, TOPICS, GV_TOPIC_BOTH, &topic, &err));
    const int64_t before = gv_context_memory_used(ctx);
    for (int sides = GV_TOPIC_BY_SOURCE; sides <= GV_TOPIC_BOTH; sides++) {
        gv_status st = GV_ERR_NOMEM;
        int failures = 0;
        for (int64_t k = 0; st != GV_OK; k++, failures++) {
            ctx->fail_allocation = ctx->allocations + k;
            st = gv_topic_graph(ctx, g, m, 0, (gv_topic_sides)sides, &topic, &err);
            ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
            ASSERT(st == GV_OK || gv_context_memory_used(ctx) == before);
        }
        ctx->fail_allocation = -1;
        ASSERT(failures >= 4);
        gv_graph_free(topic);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
    }
    gv_model_free(m);
    gv_graph_free(g);
    PASS();
}

SUITE(topic_graph)
{
    RUN_TEST(both_directions_say_the_same);
    RUN_TEST(walks_agree_with_reference);
    RUN_TEST1(one_direction_serves_a_walk, 1);
    RUN_TEST1(one_direction_serves_a_walk, 3);
    RUN_TEST(one_direction_serves_no_other);
    RUN_TEST(fails_as_it_should);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    ctx = test_context(2, -1);
    RUN_SUITE(topic_graph);
    gv_context_free(ctx);
    GREATEST_MAIN_END();
}
