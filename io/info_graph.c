/* info_graph.c -- what a graph and a model are like: degrees, reciprocity, probabilities,
 * components, topics.
 *
 * Reciprocal edges are the common neighbours of out- and in-row of each node, both ascending:
 * counted in blocks of nodes, sums of integers, so nothing depends on threads. Where both
 * directions are the same arrays, every edge is reciprocal as it stands. */
#include <math.h>

#include "engine/components.h"
#include "engine/csr.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/parallel.h"
#include "grapevine/info.h"
#include "io/check.h"
#include "io/info_degrees.h"

/* ---- neighbours ------------------------------------------------------------------------------ */

typedef struct part {
    int64_t reciprocal, isolated;
    float lowest, highest;
} part;

typedef struct scan {
    const gv_graph *g;
    part *block; /* [n_blocks] */
} scan;

static int64_t common(const gv_csr *out, const gv_csr *in, int64_t v)
{
    int64_t i = out->indptr[v], k = in->indptr[v], n = 0;
    const int64_t i_end = out->indptr[v + 1], k_end = in->indptr[v + 1];
    while (i < i_end && k < k_end) {
        const gv_node a = out->indices[i], b = in->indices[k];
        n += a == b;
        i += a <= b;
        k += b <= a;
    }
    return n;
}

static void scan_probabilities(const float *p, int64_t begin, int64_t end, part *range)
{
    float lowest = range->lowest, highest = range->highest;
    for (int64_t e = begin; e < end; e++) {
        lowest = p[e] < lowest ? p[e] : lowest;
        highest = p[e] > highest ? p[e] : highest;
    }
    range->lowest = lowest, range->highest = highest;
}

static void scan_nodes(void *arg, int64_t b)
{
    const scan *s = arg;
    const gv_graph *g = s->g;
    const int64_t *out = g->out.indptr, *in = g->in.indptr;
    const int64_t begin = b * GV_CHECK_BLOCK, end = gv_check_end(b, g->n_nodes);
    const bool shared = g->out.indices == g->in.indices && out == in;
    part p = {.lowest = 1.0F, .highest = 0.0F};
    for (int64_t v = begin; v < end; v++) {
        p.reciprocal += shared ? out[v + 1] - out[v] : common(&g->out, &g->in, v);
        p.isolated += out[v + 1] == out[v] && in[v + 1] == in[v];
    }
    if (g->rule == GV_PROBABILITY_STORED)
        scan_probabilities(g->out.probability, out[begin], out[end], &p);
    s->block[b] = p;
}

/* Range of the probabilities of a rule that stores none. */
static void range_of_rule(const gv_graph *g, int64_t least_in_degree, gv_graph_info *info)
{
    info->lowest_p = info->highest_p = NAN;
    if (g->n_edges == 0 || g->rule == GV_PROBABILITY_NONE)
        return;
    info->lowest_p = info->highest_p = g->constant;
    if (g->rule == GV_PROBABILITY_WEIGHTED_CASCADE) {
        info->lowest_p = 1.0 / (double)info->in.max;
        info->highest_p = 1.0 / (double)least_in_degree;
    }
}

static gv_status describe_edges(gv_context *ctx, const gv_graph *g, int64_t least_in_degree,
                                gv_graph_info *info, gv_error *err)
{
    const int64_t n_blocks = (g->n_nodes + GV_CHECK_BLOCK - 1) / GV_CHECK_BLOCK;
    scan s = {g, gv_alloc(ctx, n_blocks, sizeof *s.block)};
    if (s.block == NULL)
        return gv_no_memory(ctx, "reciprocity", err);
    gv_parallel_for(ctx, n_blocks, scan_nodes, &s);
    part all = {.lowest = 1.0F, .highest = 0.0F};
    for (int64_t b = 0; b < n_blocks; b++) {
        all.reciprocal += s.block[b].reciprocal;
        all.isolated += s.block[b].isolated;
        all.lowest = fminf(all.lowest, s.block[b].lowest);
        all.highest = fmaxf(all.highest, s.block[b].highest);
    }
    gv_free(ctx, s.block);
    info->isolated = all.isolated;
    info->reciprocity = g->n_edges > 0 ? (double)all.reciprocal / (double)g->n_edges : 0.0;
    range_of_rule(g, least_in_degree, info);
    if (g->rule == GV_PROBABILITY_STORED && g->n_edges > 0)
        info->lowest_p = (double)all.lowest, info->highest_p = (double)all.highest;
    return GV_OK;
}

GV_API gv_status gv_graph_describe(gv_context *ctx, const gv_graph *g, gv_graph_info *info,
                                   gv_error *err)
{
    int64_t least_out, least_in;
    gv_components components;
    *info = (gv_graph_info){.n_attributes = g->n_attributes};
    gv_status st = gv_describe_degrees(ctx, g, &g->out, &info->out, &least_out, err);
    if (st == GV_OK)
        st = gv_describe_degrees(ctx, g, &g->in, &info->in, &least_in, err);
    if (st == GV_OK)
        st = describe_edges(ctx, g, least_in, info, err);
    if (st == GV_OK)
        st = gv_count_components(ctx, g, &components, err);
    if (st == GV_OK)
        info->components = components.count, info->largest_component = components.largest;
    return st;
}

GV_API const char *gv_graph_attribute_name(const gv_graph *g, int32_t i, bool *integer)
{
    if (i < 0 || i >= g->n_attributes)
        return NULL;
    *integer = g->attribute[i].i32 != NULL;
    return g->attribute[i].name;
}

/* ---- models ---------------------------------------------------------------------------------- */

GV_API gv_model_info gv_model_describe(const gv_model *m)
{
    const bool known = (int)m->method >= 0;
    return (gv_model_info){.n_nodes = m->n_nodes,
                           .n_edges = m->n_edges,
                           .n_topics = m->n_topics,
                           .min_actions = m->min_actions,
                           .n_pairs = m->pairs.indptr[m->n_nodes],
                           .n_evidence = m->evidence.indptr[m->n_nodes],
                           .time_end = m->time_end,
                           .k_source = m->k_source,
                           .k_target = m->k_target,
                           .k_edge = m->k_edge,
                           .k_tie = m->k_tie,
                           .graph_hash = m->graph_hash,
                           .log_hash = m->log_hash,
                           .method = known ? gv_method_word[m->method] : NULL,
                           .credit = known ? gv_credit_word[m->credit] : NULL,
                           .spell_gap = m->spell_gap};
}

GV_API gv_topic_info gv_model_describe_topic(const gv_model *m, int32_t z)
{
    return (gv_topic_info){.name = gv_model_topic(m, z),
                           .n_items = m->topic_items[z],
                           .window = m->window[z],
                           .delay = m->delay[z],
                           .mu = m->mu[z]};
}
