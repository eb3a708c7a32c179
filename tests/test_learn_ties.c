/* test_learn_ties.c -- strengths of the graph's edges as prior: what they are worth where the truth
 * is known, that equal ones are worth nothing, and that all ways to p agree. */
#include <math.h>
#include <string.h>

#include "engine/context.h"
#include "engine/population.h"
#include "engine/slice.h"
#include "grapevine/grapevine.h"
#include "greatest.h"
#include "kernels/by_target.h"
#include "kernels/model_rows.h"
#include "support/graphs.h"
#include "support/models.h"
#include "support/moments.h"
#include "support/populations.h"

GREATEST_MAIN_DEFS();

static gv_error err;

enum { TOPICS = 4 };

/* ---- graphs with strengths ------------------------------------------------------------------- */

typedef struct tied_graph {
    gv_graph g;
    float *out, *in;
} tied_graph;

/* `g` with a strength for each out-edge; to be freed with tied_free(). */
static tied_graph tied(gv_context *ctx, const gv_graph *g, const double *strength)
{
    const size_t bytes = (size_t)(g->n_edges + 1) * sizeof(float);
    tied_graph t = {.g = *g, .out = malloc(bytes), .in = malloc(bytes)};
    for (int64_t e = 0; e < g->n_edges; e++)
        t.out[e] = (float)strength[e];
    const gv_coins coins = {.rule = GV_PROBABILITY_STORED, .stored = t.out};
    if (gv_by_target(ctx, g, &coins, t.in, &err) != GV_OK) {
        printf("%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    t.g.rule = GV_PROBABILITY_STORED;
    t.g.out.probability = t.out;
    t.g.in.probability = t.in;
    return t;
}

static void tied_free(tied_graph *t)
{
    free(t->out), free(t->in);
}

/* ---- the truth --------------------------------------------------------------------------------
 */

static double planted(const gv_population *p, gv_node v, int64_t e, int32_t z)
{
    const gv_graph *g = p->graph;
    return p->close[e] == 0 ? 0.0
                            : fmin(1.0, (double)p->source[z * g->n_nodes + v] *
                                            (double)p->target[g->out.indices[e]]);
}

/* Pearson's correlation of what a model says with what was planted, over all edges and topics. */
static double agreement(gv_context *ctx, const gv_population *p, const gv_graph *g,
                        const gv_model *m)
{
    float *found = malloc((size_t)g->n_edges * sizeof *found);
    moments s = {0};
    for (int32_t z = 0; z < TOPICS; z++) {
        if (gv_model_edge_probability(ctx, m, g, z, found, &err) != GV_OK)
            exit(EXIT_FAILURE);
        for (gv_node v = 0; v < g->n_nodes; v++)
            for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++)
                add_point(&s, planted(p, v, e, z), (double)found[e]);
    }
    free(found);
    return correlation(&s);
}

/* Strengths in proportion to what was planted, half of the time twice as much as it should be. */
static double *true_strengths(const gv_population *p)
{
    const gv_graph *g = p->graph;
    double *strength = calloc((size_t)g->n_edges, sizeof *strength);
    for (gv_node v = 0; v < g->n_nodes; v++)
        for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++) {
            for (int32_t z = 0; z < TOPICS; z++)
                strength[e] += planted(p, v, e, z) / TOPICS / 2.0;
            strength[e] = strength[e] * (test_random(9, (uint64_t)e) < 0.5 ? 1.0 : 2.0) + 0.001;
        }
    return strength;
}

TEST strengths_help(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_consumers_opts o = population_small(2000, TOPICS, 100);
    gv_population *p = population_make(ctx, &o);
    double *strength = true_strengths(p);
    tied_graph t = tied(ctx, p->graph, strength);
    gv_learn_opts with = gv_learn_defaults(), without = with;
    gv_model *a = NULL, *b = NULL;
    without.ties = GV_TIES_IGNORE;
    ASSERT_EQ(GV_OK, gv_learn(ctx, &t.g, p->log, &with, &a, NULL, &err));
    ASSERT_EQ(GV_OK, gv_learn(ctx, &t.g, p->log, &without, &b, NULL, &err));
    ASSERT(gv_model_has_strengths(a) && !gv_model_has_strengths(b));
    const double by_strength = agreement(ctx, p, &t.g, a), alone = agreement(ctx, p, &t.g, b);
    printf("edge correlation with strengths %.3f, without %.3f\n", by_strength, alone);
    ASSERT_GTE(by_strength, alone + 0.05);
    gv_model_free(a), gv_model_free(b), tied_free(&t), free(strength);
    gv_population_free(p);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Equal strengths, whatever they are, give the model of a graph without any; so does --ties ignore
 * with others. */
TEST equal_strengths_are_none(gv_learn_method method)
{
    gv_context *ctx = test_context(3, -1);
    gv_consumers_opts o = population_small(800, TOPICS, 40);
    gv_population *p = population_make(ctx, &o);
    const int64_t m = p->graph->n_edges;
    double *strength = calloc((size_t)m, sizeof *strength);
    float *x = malloc((size_t)m * sizeof *x), *y = malloc((size_t)m * sizeof *y);
    gv_learn_opts with = gv_learn_defaults();
    with.method = method;
    for (int pass = 0; pass < 3; pass++) {
        gv_model *a = NULL, *b = NULL;
        for (gv_node v = 0; v < p->graph->n_nodes; v++) /* equal for each source */
            for (int64_t e = p->graph->out.indptr[v]; e < p->graph->out.indptr[v + 1]; e++)
                strength[e] = pass == 0   ? 0.3
                              : pass == 1 ? 0.1 + 0.01 * (v % 7)
                                          : test_random(3, (uint64_t)e);
        tied_graph t = tied(ctx, p->graph, strength);
        with.ties = pass < 2 ? GV_TIES_PRIOR : GV_TIES_IGNORE;
        ASSERT_EQ(GV_OK, gv_learn(ctx, p->graph, p->log, &with, &a, NULL, &err));
        ASSERT_EQ(GV_OK, gv_learn(ctx, &t.g, p->log, &with, &b, NULL, &err));
        ASSERT_EQ(pass < 2, gv_model_has_strengths(b));
        ASSERT(model_same(a, b));
        for (int32_t z = 0; z < TOPICS; z++) {
            ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, a, p->graph, z, x, &err));
            ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, b, &t.g, z, y, &err));
            ASSERT_MEM_EQ(x, y, (size_t)m * sizeof *x);
        }
        gv_model_free(a), gv_model_free(b), tied_free(&t);
    }
    free(x), free(y), free(strength), gv_population_free(p);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST ignores_thread_count(void)
{
    static const int32_t threads[] = {1, 2, 3, 8};
    gv_model *m[4];
    gv_context *ctx[4];
    gv_population *p[4];
    tied_graph t[4];
    for (int i = 0; i < 4; i++) {
        ctx[i] = test_context(threads[i], -1);
        gv_consumers_opts o = population_small(800, TOPICS, 40);
        p[i] = population_make(ctx[i], &o);
        double *strength = true_strengths(p[i]);
        t[i] = tied(ctx[i], p[i]->graph, strength);
        free(strength);
        ASSERT_EQ(GV_OK, gv_learn(ctx[i], &t[i].g, p[i]->log, NULL, &m[i], NULL, &err));
        ASSERT(model_same(m[0], m[i]));
        ASSERT_MEM_EQ(m[0]->usual, m[i]->usual, (size_t)m[0]->n_nodes * sizeof(float));
    }
    for (int i = 0; i < 4; i++) {
        gv_model_free(m[i]), tied_free(&t[i]), gv_population_free(p[i]);
        gv_context_free(ctx[i]);
    }
    PASS();
}

/* ---- all ways to p ----------------------------------------------------------------------------
 */

/* A random model that was learnt with random strengths, some of them 0, one source's all. */
static gv_model *tied_model(gv_context *ctx, tied_graph *t)
{
    gv_model *m = model_random(ctx, &t->g, TOPICS, 7);
    float *usual = gv_context_take(ctx, m->n_nodes, sizeof *usual);
    for (int64_t v = 0; v < m->n_nodes; v++) {
        const int64_t begin = t->g.out.indptr[v], end = t->g.out.indptr[v + 1];
        double sum = 0.0;
        for (int64_t e = begin; e < end; e++)
            sum += (double)t->out[e];
        usual[v] = end > begin ? (float)(sum / (double)(end - begin)) : 0.0F;
    }
    m->usual = usual;
    m->strength = t->out;
    m->k_tie = 1.5;
    return m;
}

TEST ways_to_p_agree(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list list = edges_gnp(300, 0.05, 5);
    for (int v = 0; v < 299; v++) /* a hub, in several blocks */
        edges_add(&list, 299, v, 1.0);
    gv_graph *g = edges_graph(ctx, &list, NULL);
    double *strength = calloc((size_t)g->n_edges, sizeof *strength);
    for (int64_t e = 0; e < g->n_edges; e++)
        strength[e] = e < g->out.indptr[1] || e % 5 == 0 ? 0.0 : test_random(3, (uint64_t)e);
    tied_graph t = tied(ctx, g, strength);
    gv_model *m = tied_model(ctx, &t);
    float *p[TOPICS];
    int32_t slot[TOPICS];
    gv_slice s;
    gv_slice_begin(&s, slot, TOPICS);
    for (int32_t z = 0; z < TOPICS; z++) {
        gv_slice_add(&s, z, TOPICS);
        p[z] = malloc((size_t)g->n_edges * sizeof *p[z]);
        ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, m, &t.g, z, p[z], &err));
    }
    int64_t changed = 0;
    for (gv_node v = 0; v < g->n_nodes; v++) {
        gv_slice_row row;
        gv_slice_row_begin(m, &s, v, &row);
        for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++) {
            const gv_node u = g->out.indices[e];
            double q[GV_SLICE];
            gv_slice_edge(m, &s, &row, e, u, q);
            const float kept = m->target[u], *usual = m->usual;
            const float times = usual[v] > 0.0F ? t.out[e] / usual[v] : 1.0F;
            for (int32_t z = 0; z < TOPICS; z++) {
                const double want = gv_model_edge(m, v, u, e, z);
                ASSERT_EQ(want, q[z]);
                ASSERT_EQ((float)want, p[z][e]);
                m->usual = NULL; /* r is a factor of s */
                changed += gv_model_edge(m, v, u, e, z) != want;
                model_target(m)[u] = kept * times;
                ASSERT_IN_RANGE(gv_model_edge(m, v, u, e, z), want, 1e-6);
                model_target(m)[u] = kept;
                m->usual = usual;
            }
        }
    }
    ASSERT_GT(changed, g->n_edges * TOPICS / 2);
    for (int32_t z = 0; z < TOPICS; z++)
        free(p[z]);
    gv_model_free(m), tied_free(&t), free(strength), gv_graph_free(g), edges_free(&list);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* i1 and i2 of their definitions. */
TEST influence_is_by_p(void)
{
    static const int32_t topics[] = {2, 0};
    gv_context *ctx = test_context(2, -1);
    edge_list list = edges_gnp(200, 0.05, 5);
    gv_graph *g = edges_graph(ctx, &list, NULL);
    const int64_t n = g->n_nodes;
    double *strength = calloc((size_t)g->n_edges, sizeof *strength);
    for (int64_t e = 0; e < g->n_edges; e++)
        strength[e] = e % 5 == 0 ? 0.0 : test_random(3, (uint64_t)e);
    tied_graph t = tied(ctx, g, strength);
    gv_model *m = tied_model(ctx, &t);
    float *i1 = malloc((size_t)(2 * n) * sizeof *i1), *i2 = malloc((size_t)(2 * n) * sizeof *i2);
    ASSERT_EQ(GV_OK, gv_influence(ctx, &t.g, m, topics, 2, NULL, i1, i2, &err));
    for (int k = 0; k < 2; k++)
        for (gv_node u = 0; u < n; u++) {
            double one = 0.0, two = 0.0;
            for (int64_t e = g->out.indptr[u]; e < g->out.indptr[u + 1]; e++) {
                const gv_node v = g->out.indices[e];
                const int64_t back = gv_csr_find(&g->out, v, u);
                const double p = gv_model_edge(m, u, v, e, topics[k]);
                const double reply = back < 0 ? 0.0 : gv_model_edge(m, v, u, back, topics[k]);
                one += p;
                two += p * (1.0 + (double)i1[k * n + v] - reply);
            }
            ASSERT_EQ((float)one, i1[k * n + u]);
            ASSERT_IN_RANGE(two, i2[k * n + u], 1e-5 * (1.0 + two));
        }
    free(i1), free(i2);
    gv_model_free(m), tied_free(&t), free(strength), gv_graph_free(g), edges_free(&list);
    gv_context_free(ctx);
    PASS();
}

TEST refuses_what_cannot_be(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_consumers_opts o = population_small(300, TOPICS, 10);
    gv_population *p = population_make(ctx, &o);
    double *strength = true_strengths(p);
    tied_graph t = tied(ctx, p->graph, strength);
    gv_learn_opts with = gv_learn_defaults();
    gv_model *m = NULL;
    float *x = malloc((size_t)p->graph->n_edges * sizeof *x);
    with.ties = (gv_ties)2;
    ASSERT_EQ(GV_ERR_ARG, gv_learn(ctx, &t.g, p->log, &with, &m, NULL, &err));
    ASSERT_STR_EQ("learn: ties 2 is not prior (0) or ignore (1)", err.message);
    ASSERT_EQ(GV_OK, gv_learn(ctx, &t.g, p->log, NULL, &m, NULL, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_model_edge_probability(ctx, m, p->graph, 0, x, &err));
    ASSERT_STR_EQ("edge probability: the model was learnt with the strengths of the graph's edges, "
                  "this one has none",
                  err.message);
    m->strength = NULL; /* as where no graph was given to gv_model_open() */
    ASSERT_EQ(GV_ERR_ARG, gv_model_edge_probability(ctx, m, &t.g, 0, x, &err));
    ASSERT_STR_EQ("edge probability: the model was learnt with the strengths of the graph's edges, "
                  "but opened without the graph",
                  err.message);
    free(x), gv_model_free(m), tied_free(&t), free(strength), gv_population_free(p);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

SUITE(learn_ties)
{
    RUN_TEST(strengths_help);
    for (int method = GV_LEARN_PARTIAL_CREDIT; method <= GV_LEARN_EM; method++)
        RUN_TEST1(equal_strengths_are_none, (gv_learn_method)method);
    RUN_TEST(ignores_thread_count);
    RUN_TEST(ways_to_p_agree);
    RUN_TEST(influence_is_by_p);
    RUN_TEST(refuses_what_cannot_be);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(learn_ties);
    GREATEST_MAIN_END();
}
