/* test_reach.c -- reach of every consumer: exact on small graphs by enumeration of worlds, against
 * simulation on larger ones, equal bytes, errors. */
#include "grapevine/reach.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/cascade.h"
#include "greatest.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"
#include "tests/support/status.h"

GREATEST_MAIN_DEFS();

static gv_context *ctx;
static gv_error err;

static const gv_reach_method methods[2] = {GV_REACH_ROOTS, GV_REACH_SKETCHES};

/* ---- small graphs ------------------------------------------------------------------------- */

/* Reach of all by all 2^m worlds, m <= 12. */
static void enumerate(const gv_graph *g, double *reach)
{
    const int64_t n = g->n_nodes, m = g->n_edges;
    for (int64_t u = 0; u < n; u++)
        reach[u] = 0.0;
    for (int64_t world = 0; world < INT64_C(1) << m; world++) {
        double chance = 1.0;
        for (int64_t e = 0; e < m; e++) {
            const double p = (double)g->out.probability[e];
            chance *= (world >> e & 1) != 0 ? p : 1.0 - p;
        }
        for (int64_t u = 0; u < n && chance > 0.0; u++) {
            uint64_t found = UINT64_C(1) << u, before = 0;
            while (found != before) {
                before = found;
                for (int64_t v = 0; v < n; v++)
                    for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++)
                        if ((before >> v & 1) != 0 && (world >> e & 1) != 0)
                            found |= UINT64_C(1) << g->out.indices[e];
            }
            reach[u] += chance * (double)__builtin_popcountll(found);
        }
    }
}

static gv_graph *small_graph(void)
{
    edge_list e = edges_none(7);
    static const int end[12][2] = {{0, 1}, {1, 2}, {2, 0}, {0, 3}, {3, 4}, {4, 5},
                                   {5, 3}, {2, 5}, {1, 4}, {5, 0}, {4, 1}, {3, 2}};
    for (int i = 0; i < 12; i++)
        edges_add(&e, end[i][0], end[i][1], i == 7 ? 1.0 : i == 9 ? 0.0 : .1 + .05 * i);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    edges_free(&e);
    return g;
}

TEST agrees_with_enumeration(void)
{
    gv_graph *g = small_graph();
    double exact[7];
    float reach[7], given[7];
    enumerate(g, exact);
    for (int i = 0; i < 2; i++) {
        gv_reach_opts o = gv_reach_defaults();
        gv_reach_info info;
        o.method = methods[i];
        o.cv = .02;
        o.max_rounds = 1 << 20;
        ASSERT_OK(gv_reach(ctx, g, NULL, &o, reach, &info, &err));
        ASSERT_EQ((int)methods[i], (int)info.method);
        ASSERT(info.cv <= .02 && info.rounds > 0 && info.looks > 0);
        for (int v = 0; v < 7; v++)
            ASSERT_IN_RANGE(1.0, (double)reach[v] / exact[v], 4.5 * .02 * (i == 0 ? 1 : 2));
        ASSERT_EQ(1.0F, reach[6]);
        const gv_probability p = {.rule = GV_PROBABILITY_STORED, .stored = g->out.probability};
        ASSERT_OK(gv_reach(ctx, g, &p, &o, given, NULL, &err));
        ASSERT_MEM_EQ(reach, given, sizeof reach);
    }
    gv_graph_free(g);
    PASS();
}

/* With p = 1 everything is certain; sketches of a large cycle estimate, roots count. */
TEST certain_edges(void)
{
    edge_list e = edges_path(200);
    edges_add(&e, 199, 100, 1.0);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    gv_reach_opts o = gv_reach_defaults();
    float reach[200];
    o.method = GV_REACH_ROOTS;
    ASSERT_OK(gv_reach(ctx, g, NULL, &o, reach, NULL, &err));
    for (int v = 0; v < 200; v++)
        ASSERT_EQ(v < 100 ? (float)(200 - v) : 100.0F, reach[v]);
    o.method = GV_REACH_SKETCHES;
    o.cv = .02;
    ASSERT_OK(gv_reach(ctx, g, NULL, &o, reach, NULL, &err));
    for (int v = 0; v < 200; v++)
        ASSERT_IN_RANGE(v < 100 ? 200 - v : 100, (double)reach[v], 4.5 * .03 * 200);
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

/* ---- larger graphs ------------------------------------------------------------------------ */

enum { N = 3000 };

static gv_graph *random_graph(gv_context *c, double p)
{
    edge_list e = edges_none(N);
    for (uint64_t i = 0; i < 8 * N; i++)
        edges_add(&e, (int64_t)(test_random(4, 2 * i) * N),
                  (int64_t)(test_random(4, 2 * i + 1) * N), 1.0);
    gv_build_opts o = gv_build_defaults();
    o.source = GV_FROM_CONSTANT;
    o.constant = p;
    gv_graph *g = edges_graph(c, &e, &o);
    edges_free(&e);
    return g;
}

/* Thirty consumers beside a simulation of each; `error` of that simulation included. */
TEST agrees_with_simulation(double p, gv_reach_method expected)
{
    gv_graph *g = random_graph(ctx, p);
    static float reach[N];
    gv_reach_info info;
    double squares = 0.0;
    ASSERT_OK(gv_reach(ctx, g, NULL, NULL, reach, &info, &err));
    ASSERT_EQ((int)expected, (int)info.method);
    for (int64_t i = 0; i < 30; i++) {
        const gv_node seed = (gv_node)(i * 71 % N);
        gv_cascade_opts o = gv_cascade_defaults();
        o.n_worlds = 500;
        o.spread_only = true;
        gv_cascade_result *found = NULL;
        ASSERT_OK(gv_cascade(ctx, g, NULL, &seed, 1, &o, &found, &err));
        const double off = (double)reach[seed] / found->mean - 1.0;
        const double by_chance = found->stderr_mean / found->mean;
        ASSERT(fabs(off) <= 4.5 * sqrt(info.cv * info.cv + by_chance * by_chance) * 2.0);
        squares += off * off - by_chance * by_chance;
        gv_cascade_free(found);
    }
    ASSERT(sqrt(squares / 30.0) <= 1.25 * info.cv);
    gv_graph_free(g);
    PASS();
}

TEST same_bytes_at_any_thread_count(void)
{
    static float one[N], many[N];
    for (int i = 0; i < 2; i++)
        for (int threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
            gv_context *other = test_context(threads, -1);
            gv_graph *g = random_graph(other, .1);
            gv_reach_opts o = gv_reach_defaults();
            gv_reach_info info;
            o.method = methods[i];
            ASSERT_OK(gv_reach(other, g, NULL, &o, threads == 1 ? one : many, &info, &err));
            if (threads > 1)
                ASSERT_MEM_EQ(one, many, sizeof one);
            gv_graph_free(g);
            ASSERT_EQ(0, gv_context_memory_used(other));
            gv_context_free(other);
        }
    PASS();
}

/* ---- errors ------------------------------------------------------------------------------- */

TEST fails_without_memory(void)
{
    static float reach[N];
    for (int i = 0; i < 2; i++) {
        gv_graph *g = random_graph(ctx, .15);
        float *p = calloc((size_t)g->n_edges, sizeof *p);
        for (int64_t e = 0; e < g->n_edges; e++)
            p[e] = .15F;
        const gv_probability given = {.rule = GV_PROBABILITY_STORED, .stored = p};
        gv_reach_opts o = gv_reach_defaults();
        o.method = i == 0 ? GV_REACH_AUTO : GV_REACH_SKETCHES;
        const int64_t before = gv_context_memory_used(ctx);
        gv_status st = GV_ERR_NOMEM;
        int failures = 0;
        for (int64_t k = 0; st == GV_ERR_NOMEM; k++, failures++) {
            ctx->fail_allocation = ctx->allocations + k;
            st = gv_reach(ctx, g, &given, &o, reach, NULL, &err);
            ASSERT_EQ(before, gv_context_memory_used(ctx));
        }
        ctx->fail_allocation = -1;
        ASSERT_EQ((int)GV_OK, (int)st);
        ASSERT(failures >= 6);
        free(p);
        gv_graph_free(g);
    }
    PASS();
}

/* A model's p, worked out by target, are those of the array; a constant and weighted cascade in
 * place of the graph's own are those of a graph that has them. */
TEST takes_any_probabilities(int32_t threads)
{
    gv_context *other = test_context(threads, -1);
    gv_graph *g = random_graph(other, .15);
    gv_model *m = model_random(other, g, 3, 5);
    float *p = calloc((size_t)g->n_edges, sizeof *p);
    static float one[N], two[N];
    gv_reach_opts o = gv_reach_defaults();
    o.method = GV_REACH_ROOTS;
    for (int rule = GV_PROBABILITY_CONSTANT; rule <= GV_PROBABILITY_WEIGHTED_CASCADE; rule++) {
        gv_graph with = *g;
        const gv_probability given = {.rule = (gv_probability_rule)rule, .constant = 0.0625};
        with.rule = given.rule, with.constant = 0.0625;
        ASSERT_OK(gv_reach(other, g, &given, &o, one, NULL, &err));
        ASSERT_OK(gv_reach(other, &with, NULL, &o, two, NULL, &err));
        ASSERT_MEM_EQ(one, two, sizeof one);
    }
    for (int32_t z = 0; z < 3; z++) {
        const gv_probability given = {.rule = GV_PROBABILITY_MODEL, .model = m, .topic = z},
                             stored = {.rule = GV_PROBABILITY_STORED, .stored = p};
        ASSERT_OK(gv_model_edge_probability(other, m, g, z, p, &err));
        ASSERT_OK(gv_reach(other, g, &given, &o, one, NULL, &err));
        ASSERT_OK(gv_reach(other, g, &stored, &o, two, NULL, &err));
        ASSERT_MEM_EQ(one, two, sizeof one);
        ASSERT_GT(one[0] + one[1] + one[2], 3.0F);
    }
    free(p), gv_model_free(m), gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(other));
    gv_context_free(other);
    PASS();
}

TEST refuses_bad_options(void)
{
    edge_list e = edges_cycle(3);
    gv_graph *plain = edges_graph(ctx, &e, NULL), *g = edges_graph_weighted(ctx, &e);
    float reach[3];
    gv_reach_opts o = gv_reach_defaults();
    ASSERT_STATUS(GV_ERR_ARG, gv_reach(ctx, plain, NULL, NULL, reach, NULL, &err));
    ASSERT_STR_EQ("reach: the graph has no probabilities", err.message);
    const gv_probability sure = {.rule = GV_PROBABILITY_CONSTANT, .constant = 2.0};
    ASSERT_STATUS(GV_ERR_RANGE, gv_reach(ctx, plain, &sure, NULL, reach, NULL, &err));
    ASSERT_STR_EQ("reach: probability 2 is not in [0, 1]", err.message);
    const gv_probability nobodys = {.rule = GV_PROBABILITY_MODEL};
    ASSERT_STATUS(GV_ERR_ARG, gv_reach(ctx, plain, &nobodys, NULL, reach, NULL, &err));
    o.cv = .001;
    ASSERT_STATUS(GV_ERR_RANGE, gv_reach(ctx, g, NULL, &o, reach, NULL, &err));
    ASSERT_STR_EQ("reach: cv 0.001 is not in [0.005, 1]", err.message);
    o = gv_reach_defaults(), o.method = (gv_reach_method)3;
    ASSERT_STATUS(GV_ERR_ARG, gv_reach(ctx, g, NULL, &o, reach, NULL, &err));
    ASSERT_STR_EQ("reach: method 3 is not in [0, 2]", err.message);
    o = gv_reach_defaults(), o.max_rounds = 1;
    ASSERT_STATUS(GV_ERR_RANGE, gv_reach(ctx, g, NULL, &o, reach, NULL, &err));
    ASSERT_STR_EQ("reach: max_rounds 1 is not at least 2", err.message);
    gv_graph *far = random_graph(ctx, .2);
    static float all[N];
    o = gv_reach_defaults(), o.max_rounds = 8, o.cv = .005, o.method = GV_REACH_SKETCHES;
    ASSERT_STATUS(GV_ERR_CONVERGE, gv_reach(ctx, far, NULL, &o, all, NULL, &err));
    ASSERT(all[0] >= 1.0F);
    ASSERT_STR_EQ("roots", gv_reach_method_name(GV_REACH_ROOTS));
    ASSERT_STR_EQ("sketches", gv_reach_method_name(GV_REACH_SKETCHES));
    ASSERT_STR_EQ("auto", gv_reach_method_name(GV_REACH_AUTO));
    ASSERT_STR_EQ("unknown", gv_reach_method_name((gv_reach_method)9));
    gv_graph_free(far);
    gv_graph_free(g);
    gv_graph_free(plain);
    edges_free(&e);
    PASS();
}

SUITE(reach)
{
    RUN_TEST(agrees_with_enumeration);
    RUN_TEST(certain_edges);
    RUN_TESTp(agrees_with_simulation, .06, GV_REACH_ROOTS);
    RUN_TESTp(agrees_with_simulation, .3, GV_REACH_SKETCHES);
    RUN_TEST(same_bytes_at_any_thread_count);
    RUN_TEST(fails_without_memory);
    RUN_TEST1(takes_any_probabilities, 1);
    RUN_TEST1(takes_any_probabilities, 3);
    RUN_TEST(refuses_bad_options);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    ctx = test_context(2, -1);
    RUN_SUITE(reach);
    gv_context_free(ctx);
    GREATEST_MAIN_END();
}
