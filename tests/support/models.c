/* models.c -- see models.h. */
#include "tests/support/models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/memory.h"
#include "tests/support/graphs.h"

static void *take(gv_context *ctx, int64_t count, size_t size)
{
    void *block = gv_alloc_zero(ctx, count, size);
    if (block == NULL) {
        printf("no memory for a test model\n");
        exit(EXIT_FAILURE);
    }
    return block;
}

double *model_mu(gv_model *m)
{
    return (double *)m->mu;
}

double *model_window(gv_model *m)
{
    return (double *)m->window;
}

float *model_target(gv_model *m)
{
    return (float *)m->target;
}

static void fill_topics(gv_model *m)
{
    gv_context *ctx = m->ctx;
    const int32_t n_topics = m->n_topics;
    m->topic_name = take(ctx, n_topics, sizeof *m->topic_name);
    m->topic_items = take(ctx, n_topics, sizeof *m->topic_items);
    m->mu = take(ctx, n_topics, sizeof *m->mu);
    m->window = take(ctx, n_topics, sizeof *m->window);
    m->delay = take(ctx, n_topics, sizeof *m->delay);
    for (int32_t z = 0; z < n_topics; z++) {
        snprintf(m->topic_name[z], sizeof m->topic_name[z], "topic %d", z);
        model_mu(m)[z] = .1;
        model_window(m)[z] = 100.0;
    }
}

static void fill_pairs(gv_model *m, const test_pair *pair, int64_t n)
{
    gv_context *ctx = m->ctx;
    int64_t *indptr = take(ctx, m->n_nodes + 1, sizeof *indptr);
    int32_t *topic = take(ctx, n, sizeof *topic), *total = take(ctx, n, sizeof *total);
    int32_t *observed = take(ctx, n, sizeof *observed), *shuffled = take(ctx, n, sizeof *shuffled);
    int64_t *exposure = take(ctx, n, sizeof *exposure), *last = take(ctx, n, sizeof *last);
    float *source = take(ctx, n, sizeof *source);
    for (int64_t i = 0; i < n; i++) {
        indptr[pair[i].node + 1] = i + 1;
        topic[i] = pair[i].topic;
        total[i] = pair[i].total;
        observed[i] = pair[i].observed;
        shuffled[i] = pair[i].shuffled;
        exposure[i] = pair[i].exposure;
        last[i] = pair[i].last;
        source[i] = pair[i].source;
    }
    for (int64_t v = 0; v < m->n_nodes; v++)
        if (indptr[v + 1] < indptr[v])
            indptr[v + 1] = indptr[v];
    m->pairs = (gv_pairs){indptr, topic, source, exposure, total, observed, shuffled, last};
}

static void fill_evidence(gv_model *m, const gv_graph *g, const test_evidence *evidence, int64_t n)
{
    gv_context *ctx = m->ctx;
    int64_t *indptr = take(ctx, m->n_nodes + 1, sizeof *indptr);
    int64_t *column = take(ctx, n, sizeof *column);
    int64_t *credit = take(ctx, n, sizeof *credit), *exposure = take(ctx, n, sizeof *exposure);
    int64_t at = 0;
    for (int64_t v = 0; v < m->n_nodes; v++) {
        while (at < n && evidence[at].edge < g->out.indptr[v + 1])
            at++;
        indptr[v + 1] = at;
    }
    for (int64_t i = 0; i < n; i++) {
        column[i] = evidence[i].edge * m->n_topics + evidence[i].topic;
        credit[i] = evidence[i].credit;
        exposure[i] = evidence[i].exposure;
    }
    m->evidence = (gv_evidence){indptr, column, credit, exposure};
}

gv_model *model_of(gv_context *ctx, const gv_graph *g, int32_t n_topics, const test_pair *pair,
                   int64_t n_pairs, const test_evidence *evidence, int64_t n_evidence)
{
    gv_model *m = take(ctx, 1, sizeof *m);
    m->ctx = ctx;
    m->n_nodes = g->n_nodes;
    m->n_edges = g->n_edges;
    m->n_topics = n_topics;
    m->time_end = 1000;
    m->min_actions = 1;
    m->k_source = m->k_target = 1.0;
    m->k_edge = 10.0;
    m->release = gv_model_release_arrays;
    m->target = take(ctx, m->n_nodes, sizeof *m->target);
    for (int64_t v = 0; v < m->n_nodes; v++)
        model_target(m)[v] = 1.0f;
    fill_topics(m);
    fill_pairs(m, pair, n_pairs);
    fill_evidence(m, g, evidence, n_evidence);
    return m;
}

gv_model *model_exact(gv_context *ctx, const gv_graph *g, int32_t n_topics, const double *p)
{
    const int64_t n = g->n_edges * n_topics;
    test_evidence *evidence = take(ctx, n, sizeof *evidence);
    for (int64_t e = 0; e < g->n_edges; e++)
        for (int32_t z = 0; z < n_topics; z++)
            evidence[e * n_topics + z] = (test_evidence){
                e, z, (int64_t)(p[z * g->n_edges + e] * (double)GV_CREDIT_UNIT), GV_CREDIT_UNIT};
    gv_model *m = model_of(ctx, g, n_topics, NULL, 0, evidence, n);
    m->k_edge = 0.0;
    gv_free(ctx, evidence);
    return m;
}

gv_model *model_random(gv_context *ctx, const gv_graph *g, int32_t n_topics, uint64_t seed)
{
    test_pair *pair = take(ctx, g->n_nodes * n_topics, sizeof *pair);
    test_evidence *evidence = take(ctx, g->n_edges * n_topics, sizeof *evidence);
    int64_t n_pairs = 0, n_evidence = 0;
    uint64_t draw = 0;
#define DRAW()      test_random(seed, draw++)
#define DRAW_INT(n) ((int32_t)(DRAW() * (n)))
    for (int64_t v = 0; v < g->n_nodes; v++)
        for (int32_t z = 0; z < n_topics; z++)
            if (DRAW() < .5) {
                test_pair *at = &pair[n_pairs++];
                *at = (test_pair){.node = (gv_node)v, .topic = z, .source = (float)(2.0 * DRAW())};
                at->exposure = (int64_t)(30.0 * DRAW() * (double)GV_CREDIT_UNIT);
                at->total = 1 + DRAW_INT(9);
                at->observed = DRAW_INT(at->total + 1);
                at->shuffled = DRAW_INT(GV_SHUFFLES * at->total / 2);
                at->last = DRAW_INT(1001);
            }
    for (int64_t e = 0; e < g->n_edges; e++)
        for (int32_t z = 0; z < n_topics; z++)
            if (DRAW() < 1.0 / 3.0) {
                const int64_t exposure = (int64_t)(30.0 * DRAW() * (double)GV_CREDIT_UNIT);
                const int64_t credit = (int64_t)(.5 * DRAW() * (double)exposure);
                evidence[n_evidence++] = (test_evidence){e, z, credit, exposure};
            }
    gv_model *m = model_of(ctx, g, n_topics, pair, n_pairs, evidence, n_evidence);
    for (int64_t v = 0; v < g->n_nodes; v++)
        model_target(m)[v] = (float)(2.0 * DRAW());
    for (int32_t z = 0; z < n_topics; z++) {
        model_mu(m)[z] = .4 * DRAW();
        model_window(m)[z] = 100.0 + 300.0 * DRAW();
    }
#undef DRAW
#undef DRAW_INT
    gv_free(ctx, evidence);
    gv_free(ctx, pair);
    return m;
}

#define SAME(field, n) (memcmp(a->field, b->field, (size_t)(n) * sizeof *a->field) == 0)

bool model_same(const gv_model *a, const gv_model *b)
{
    const int64_t n = a->n_nodes, topics = a->n_topics;
    if (b->n_nodes != n || b->n_topics != topics || !SAME(pairs.indptr, n + 1) ||
        !SAME(evidence.indptr, n + 1))
        return false;
    const int64_t pairs = a->pairs.indptr[n], evidence = a->evidence.indptr[n];
    return SAME(pairs.topic, pairs) && SAME(pairs.source, pairs) && SAME(pairs.exposure, pairs) &&
           SAME(pairs.total, pairs) && SAME(pairs.observed, pairs) && SAME(pairs.shuffled, pairs) &&
           SAME(pairs.last, pairs) && SAME(evidence.column, evidence) &&
           SAME(evidence.credit, evidence) && SAME(evidence.exposure, evidence) &&
           SAME(topic_name, topics) && SAME(mu, topics) && SAME(window, topics) &&
           SAME(delay, topics) && SAME(target, n) && a->k_source == b->k_source &&
           a->k_target == b->k_target && a->k_edge == b->k_edge && a->k_tie == b->k_tie &&
           a->time_end == b->time_end;
}
