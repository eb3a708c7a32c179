/* test_far_edges.c -- edges at positions beyond 2^32: every kernel on a graph whose rows begin
 * there (cascades: test_far_cascades.c) must give what it gives on the same graph with rows from 0.
 * Its arrays are address space with a few pages behind it (support/far.h), so a position cut to 32
 * bits ends the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/model.h"
#include "engine/population.h"
#include "grapevine/grapevine.h"
#include "greatest.h"
#include "io/info_degrees.h"
#include "io/info_file.h"
#include "support/far.h"
#include "support/graphs.h"
#include "support/models.h"
#include "support/status.h"

GREATEST_MAIN_DEFS();

enum { N = FAR_NODES };

static gv_error err;

TEST rows_are_the_same(void)
{
    far_pair p = far_pair_make(GV_FROM_WEIGHT);
    SKIP_WITHOUT(p.far);
    for (gv_node v = 0; v < N; v++) {
        int64_t near_count, far_count;
        const gv_node *near = gv_graph_in(p.near, v, &near_count);
        const gv_node *far = gv_graph_in(p.far, v, &far_count);
        ASSERT_EQ(near_count, far_count);
        ASSERT(near_count == 0 || memcmp(near, far, (size_t)near_count * sizeof *near) == 0);
        near = gv_graph_out(p.near, v, &near_count);
        far = gv_graph_out(p.far, v, &far_count);
        ASSERT_EQ(near_count, far_count);
        for (int64_t i = 0; i < near_count; i++) {
            const int64_t e = p.near->out.indptr[v] + i;
            ASSERT_EQ(near[i], far[i]);
            ASSERT_EQ(FAR_BASE + e, gv_csr_find(&p.far->out, v, far[i]));
            ASSERT_EQ(gv_edge_probability(p.near, &p.near->out, e, near[i]),
                      gv_edge_probability(p.far, &p.far->out, FAR_BASE + e, far[i]));
        }
    }
    ASSERT(far_pair_drop(&p));
    PASS();
}

/* ---- PageRank ---------------------------------------------------------------------------------
 */

enum { COLUMNS = 16 };

static gv_ppr_opts ppr_opts(gv_ppr_layout layout, gv_ppr_precision precision, int variant)
{
    gv_ppr_opts o = gv_ppr_defaults();
    o.layout = layout, o.precision = precision;
    o.weighted = (variant & 1) != 0;
    o.direction = (variant & 2) != 0 ? GV_REVERSE : GV_FORWARD;
    return o;
}

TEST scores_are_the_same(gv_ppr_layout layout, gv_ppr_precision precision)
{
    static const gv_node node[COLUMNS] = {5, 9, 9, 120, 1, 2, 3, 4, 250, 299, 0, 6, 7, 8, 10, 11};
    const bool single = layout == GV_PPR_SEGMENTS || layout == GV_PPR_BLOCKING;
    const int64_t columns = single ? 1 : COLUMNS;
    int64_t offset[COLUMNS + 1];
    double *near = malloc(COLUMNS * N * sizeof *near), *far = malloc(COLUMNS * N * sizeof *far);
    for (int64_t c = 0; c <= COLUMNS; c++)
        offset[c] = c;
    const gv_teleport t = {columns, offset, node, NULL};
    for (int rule = 0; rule < 3; rule++) {
        far_pair p = far_pair_make(
            (const gv_probability_source[]){GV_FROM_WEIGHT, GV_FROM_WC, GV_FROM_CONSTANT}[rule]);
        SKIP_WITHOUT(p.far);
        for (int variant = 0; variant < 4; variant++) {
            const gv_ppr_opts o = ppr_opts(layout, precision, variant);
            ASSERT_OK(gv_ppr(p.ctx, p.near, &t, &o, near, NULL, &err));
            ASSERT_OK(gv_ppr(p.ctx, p.far, &t, &o, far, NULL, &err));
            ASSERT_MEM_EQ(near, far, (size_t)columns * N * sizeof *near);
        }
        ASSERT(far_pair_drop(&p));
    }
    free(near), free(far);
    PASS();
}

/* ---- learning and influence -------------------------------------------------------------------
 */

enum { CONSUMERS = 600, TOPICS = 3 };

/* A population with its model, near and far. */
typedef struct learnt {
    gv_context *ctx;
    gv_population *people;
    far_pair g;
    gv_model *near, *far;
    gv_status st;
} learnt;

static learnt learn_pair(void)
{
    learnt l = {.ctx = test_context(2, -1)};
    gv_consumers_opts o = gv_consumers_defaults();
    o.consumers = CONSUMERS, o.topics = TOPICS, o.items = 60;
    l.st = gv_consumers_generate(l.ctx, &o, &l.people, &err);
    if (l.st != GV_OK)
        return l;
    l.g = (far_pair){l.ctx, l.people->graph, far_graph(l.ctx, l.people->graph)};
    l.st = gv_learn(l.ctx, l.g.near, l.people->log, NULL, &l.near, NULL, &err);
    if (l.st == GV_OK && l.g.far != NULL)
        l.st = gv_learn(l.ctx, l.g.far, l.people->log, NULL, &l.far, NULL, &err);
    return l;
}

static void drop_learnt(learnt *l)
{
    gv_model_free(l->far), gv_model_free(l->near);
    gv_graph_free(l->g.far);
    gv_population_free(l->people);
}

TEST models_are_the_same(void)
{
    learnt l = learn_pair();
    ASSERT_OK(l.st);
    SKIP_WITHOUT(l.g.far);
    const gv_evidence *near = &l.near->evidence, *far = &l.far->evidence;
    const int64_t n = near->indptr[CONSUMERS], pairs = l.near->pairs.indptr[CONSUMERS];
    ASSERT_GT(n, 100);
    ASSERT_MEM_EQ(near->indptr, far->indptr, (CONSUMERS + 1) * sizeof *near->indptr);
    for (int64_t i = 0; i < n; i++)
        ASSERT_EQ(near->column[i] + FAR_BASE * TOPICS, far->column[i]);
    ASSERT_MEM_EQ(near->credit, far->credit, (size_t)n * sizeof *near->credit);
    ASSERT_MEM_EQ(near->exposure, far->exposure, (size_t)n * sizeof *near->exposure);
    ASSERT_EQ(pairs, l.far->pairs.indptr[CONSUMERS]);
    ASSERT_MEM_EQ(l.near->pairs.source, l.far->pairs.source, (size_t)pairs * sizeof(float));
    ASSERT_MEM_EQ(l.near->target, l.far->target, CONSUMERS * sizeof(float));
    ASSERT_MEM_EQ(l.near->mu, l.far->mu, TOPICS * sizeof(double));
    ASSERT_EQ(l.near->k_edge, l.far->k_edge);
    ASSERT_EQ(l.near->k_tie, l.far->k_tie);
    drop_learnt(&l);
    ASSERT_EQ(0, gv_context_memory_used(l.ctx));
    gv_context_free(l.ctx);
    PASS();
}

TEST edge_probabilities_are_the_same(void)
{
    learnt l = learn_pair();
    ASSERT_OK(l.st);
    SKIP_WITHOUT(l.g.far);
    const int64_t m = l.g.near->n_edges;
    float *near = malloc((size_t)m * sizeof *near), *far = far_array(m, sizeof *far, NULL);
    SKIP_WITHOUT(far);
    for (int32_t z = 0; z < TOPICS; z++) {
        ASSERT_OK(gv_model_edge_probability(l.ctx, l.near, l.g.near, z, near, &err));
        ASSERT_OK(gv_model_edge_probability(l.ctx, l.far, l.g.far, z, far, &err));
        ASSERT_MEM_EQ(near, far + FAR_BASE, (size_t)m * sizeof *near);
        ASSERT_EQ(gv_model_edge(l.near, 0, l.g.near->out.indices[0], 0, z),
                  gv_model_edge(l.far, 0, l.g.near->out.indices[0], FAR_BASE, z));
    }
    free(near), far_array_free(far, m, sizeof *far);
    drop_learnt(&l);
    gv_context_free(l.ctx);
    PASS();
}

static bool same_prospects(const gv_prospects *a, const gv_prospects *b)
{
    const size_t n = (size_t)a->n;
    return a->n == b->n && memcmp(a->node, b->node, n * sizeof *a->node) == 0 &&
           memcmp(a->probability, b->probability, n * sizeof *a->probability) == 0 &&
           memcmp(a->best_friend, b->best_friend, n * sizeof *a->best_friend) == 0;
}

TEST influence_and_prospects_are_the_same(void)
{
    static float near[2][TOPICS * CONSUMERS], far[2][TOPICS * CONSUMERS], listens[CONSUMERS];
    static int16_t flag[CONSUMERS];
    static const int32_t topics[TOPICS] = {0, 1, 2};
    learnt l = learn_pair();
    ASSERT_OK(l.st);
    SKIP_WITHOUT(l.g.far);
    ASSERT_OK(gv_influence(l.ctx, l.g.near, l.near, topics, TOPICS, NULL, near[0], near[1], &err));
    ASSERT_OK(gv_influence(l.ctx, l.g.far, l.far, topics, TOPICS, NULL, far[0], far[1], &err));
    ASSERT_MEM_EQ(near, far, sizeof near);
    ASSERT_OK(gv_susceptibility(l.ctx, l.far, -1, listens, NULL, NULL, NULL, &err));
    int64_t found = 0;
    for (int32_t z = 0; z < TOPICS; z++) {
        gv_prospects *a, *b;
        ASSERT_OK(gv_influence_rank(l.ctx, l.far, CONSUMERS, z, far[0] + z * CONSUMERS, 0.15, NULL,
                                    flag, NULL, NULL, &err));
        ASSERT_OK(gv_prospects_find(l.ctx, l.g.near, l.near, z, listens, flag, 0.5, &a, &err));
        ASSERT_OK(gv_prospects_find(l.ctx, l.g.far, l.far, z, listens, flag, 0.5, &b, &err));
        ASSERT(same_prospects(a, b));
        found += a->n;
        gv_prospects_free(a), gv_prospects_free(b);
    }
    ASSERT_GT(found, 0);
    drop_learnt(&l);
    ASSERT_EQ(0, gv_context_memory_used(l.ctx));
    gv_context_free(l.ctx);
    PASS();
}

TEST evaluations_are_the_same(void)
{
    static float klout[2][CONSUMERS];
    static double rank[CONSUMERS];
    const double window[TOPICS] = {30 * 86400.0, 30 * 86400.0, 30 * 86400.0};
    learnt l = learn_pair();
    ASSERT_OK(l.st);
    SKIP_WITHOUT(l.g.far);
    const gv_log_info log = gv_log_describe(l.people->log);
    int8_t *close = far_array(l.g.near->n_edges, 1, l.people->close);
    SKIP_WITHOUT(close);
    gv_auc_opts o = gv_auc_defaults();
    o.split = log.time_begin + (log.time_end - log.time_begin) / 10 * 8, o.bootstraps = 0;
    gv_auc auc[2];
    double correlation[2];
    for (int i = 0; i < 2; i++) {
        const gv_graph *g = i == 0 ? l.g.near : l.g.far;
        const gv_model *m = i == 0 ? l.near : l.far;
        const gv_forecast found = {.model = m};
        const gv_forecast truth = {.source = l.people->source,
                                   .n_topics = TOPICS,
                                   .target = l.people->target,
                                   .close = i == 0 ? l.people->close : close};
        ASSERT_OK(
            gv_next_activation_auc(l.ctx, g, l.people->log, window, &found, &o, &auc[i], &err));
        ASSERT_OK(gv_forecast_correlation(l.ctx, g, TOPICS, &found, &truth, &correlation[i], &err));
        for (int v = 0; v < CONSUMERS; v++)
            rank[v] = 1.0 / (1 + v);
        ASSERT_OK(gv_klout_score(l.ctx, g, m, rank, klout[i], &err));
    }
    ASSERT_GT(auc[0].auc, 0.5);
    ASSERT_EQ(auc[0].auc, auc[1].auc);
    ASSERT_GT(correlation[0], 0.0);
    ASSERT_EQ(correlation[0], correlation[1]);
    ASSERT_MEM_EQ(klout[0], klout[1], sizeof klout[0]);
    far_array_free(close, l.g.near->n_edges, 1);
    drop_learnt(&l);
    gv_context_free(l.ctx);
    PASS();
}

/* ---- descriptions and export ------------------------------------------------------------------
 */

TEST descriptions_are_the_same(gv_probability_source source)
{
    far_pair p = far_pair_make(source);
    SKIP_WITHOUT(p.far);
    gv_graph_info near, far;
    memset(&near, 0, sizeof near);
    memset(&far, 0, sizeof far);
    ASSERT_OK(gv_graph_describe(p.ctx, p.near, &near, &err));
    ASSERT_OK(gv_graph_describe(p.ctx, p.far, &far, &err));
    ASSERT(near.components > 0 && near.largest_component > 1 && near.out.max > 1);
    ASSERT_MEM_EQ(&near, &far, sizeof near);
    ASSERT(far_pair_drop(&p));
    PASS();
}

/* A row of more than 2^32 edges, as far as the offsets say. */
TEST degrees_beyond_two_to_the_32(void)
{
    static const int64_t indptr[6] = {0, 2, 2, FAR_BASE, FAR_BASE + 70000, FAR_BASE + 70001};
    gv_context *ctx = test_context(2, -1);
    const gv_graph g = {.n_nodes = 5, .n_edges = FAR_BASE + 70001, .out = {.indptr = indptr}};
    gv_degrees d;
    int64_t least;
    ASSERT_OK(gv_describe_degrees(ctx, &g, &g.out, &d, &least, &err));
    ASSERT_EQ(0, d.min);
    ASSERT_EQ(2, d.median);
    ASSERT_EQ(FAR_BASE - 2, d.p90);
    ASSERT_EQ(FAR_BASE - 2, d.max);
    ASSERT_EQ(1, least);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST exported_rows_are_the_same(gv_probability_source source)
{
    static char near[1 << 16], far[1 << 16];
    far_pair p = far_pair_make(source);
    SKIP_WITHOUT(p.far);
    for (int64_t e = 0; e < p.near->n_edges; e += 97) {
        const int64_t end = e + 97 < p.near->n_edges ? e + 97 : p.near->n_edges;
        const int64_t bytes = gv_format_edges(p.near, e, end, near);
        ASSERT(bytes > 0 && bytes < (int64_t)sizeof near);
        ASSERT_EQ(bytes, gv_format_edges(p.far, FAR_BASE + e, FAR_BASE + end, far));
        ASSERT_MEM_EQ(near, far, (size_t)bytes);
    }
    ASSERT(far_pair_drop(&p));
    PASS();
}

SUITE(far_edges)
{
    static const gv_probability_source sources[] = {GV_FROM_WEIGHT, GV_FROM_WC, GV_FROM_CONSTANT};
    RUN_TEST(rows_are_the_same);
    for (int i = 0; i < 3; i++) {
        RUN_TEST1(descriptions_are_the_same, sources[i]);
        RUN_TEST1(exported_rows_are_the_same, sources[i]);
    }
    for (int layout = GV_PPR_PULL; layout <= GV_PPR_SORTED16; layout++)
        RUN_TESTp(scores_are_the_same, (gv_ppr_layout)layout, GV_PPR_F32);
    RUN_TESTp(scores_are_the_same, GV_PPR_PULL, GV_PPR_F64);
    RUN_TEST(models_are_the_same);
    RUN_TEST(edge_probabilities_are_the_same);
    RUN_TEST(influence_and_prospects_are_the_same);
    RUN_TEST(evaluations_are_the_same);
    RUN_TEST(degrees_beyond_two_to_the_32);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(far_edges);
    GREATEST_MAIN_END();
}
