/* ppr_walk.c -- the graph as a random walk sees it, and its teleport columns.
 *
 * FORWARD walks from u to v along an influence edge u -> v, REVERSE from v to u; a sweep pulls over
 * the rows of the nodes stepped to, and needs the weight that leaves each node. With weighted
 * cascade every edge into v has the weight 1 / in-degree(v): in reverse all edges that the walk can
 * take from v are then alike, and forward the weight is one factor a row. One constant for all
 * edges changes nothing unless it is 0.
 *
 * Deterministic: weights are summed in edge order by one thread a row, with compensation. */
#include <inttypes.h>
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "kernels/ppr_work.h"

/* ---- walk --------------------------------------------------------------------------------- */

static double leaving_weight(const gv_graph *g, const gv_csr *csr, int64_t v)
{
    ppr_sum sum = {0.0, 0.0};
    for (int64_t e = csr->indptr[v]; e < csr->indptr[v + 1]; e++)
        ppr_add(&sum, gv_edge_probability(g, csr, e, csr == &g->in ? (gv_node)v : csr->indices[e]));
    return ppr_total(&sum);
}

static void sum_weights(const gv_graph *g, const gv_csr *csr, double *weight, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(dynamic, GV_BLOCK)
    for (int64_t v = 0; v < g->n_nodes; v++)
        weight[v] = leaving_weight(g, csr, v);
}

/* True if the weights are all alike for every node, and positive. */
static bool weights_alike(const gv_graph *g, const gv_ppr_opts *o)
{
    return !o->weighted || (g->rule == GV_PROBABILITY_CONSTANT && g->constant > 0.0) ||
           (g->rule == GV_PROBABILITY_WEIGHTED_CASCADE && o->direction == GV_REVERSE);
}

const float *ppr_walk_weights(const gv_graph *g, const gv_ppr_opts *o)
{
    const gv_csr *rows = o->direction == GV_FORWARD ? &g->in : &g->out;
    return !weights_alike(g, o) && g->rule == GV_PROBABILITY_STORED ? rows->probability : NULL;
}

gv_status ppr_walk_start(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o, ppr_walk *walk,
                         gv_error *err)
{
    const bool forward = o->direction == GV_FORWARD;
    const gv_csr *rows = forward ? &g->in : &g->out, *leave = forward ? &g->out : &g->in;
    *walk = (ppr_walk){
        .n = g->n_nodes, .offset = rows->indptr, .source = rows->indices, .leave = leave->indptr};
    if (weights_alike(g, o))
        return GV_OK;
    walk->p = ppr_walk_weights(g, o);
    if (g->rule == GV_PROBABILITY_STORED && walk->p == NULL && g->n_edges > 0)
        return gv_fail(err, GV_ERR_ARG, "ppr: the graph has no probabilities in this direction");
    walk->by_degree = g->rule == GV_PROBABILITY_WEIGHTED_CASCADE;
    walk->weight = leave->sum;
    if (leave->sum != NULL)
        return GV_OK;
    walk->weight = walk->owned = gv_alloc(ctx, g->n_nodes, sizeof *walk->owned);
    if (walk->owned == NULL)
        return gv_no_memory(ctx, "ppr: edge weights", err);
    sum_weights(g, leave, walk->owned, gv_context_threads(ctx));
    return GV_OK;
}

void ppr_walk_free(gv_context *ctx, ppr_walk *walk)
{
    gv_free(ctx, walk->owned);
    walk->weight = walk->owned = NULL;
}

/* ---- teleport ----------------------------------------------------------------------------- */

static double weight_at(const gv_teleport *t, int64_t i)
{
    return t->weight != NULL ? t->weight[i] : 1.0;
}

static gv_status check_column(const gv_teleport *t, int64_t c, int64_t n, gv_error *err)
{
    double sum = 0.0;
    for (int64_t i = t->offset[c]; i < t->offset[c + 1]; i++) {
        if (t->node[i] < 0 || t->node[i] >= n)
            return gv_fail(err, GV_ERR_RANGE,
                           "ppr: node %" PRId32 " of teleport column %" PRId64
                           " is not in [0, %" PRId64 ")",
                           t->node[i], c, n);
        const double w = weight_at(t, i);
        if (!(w >= 0.0) || isinf(w))
            return gv_fail(err, GV_ERR_RANGE,
                           "ppr: weight %g of node %" PRId32 " in teleport column %" PRId64
                           " is not finite and >= 0",
                           w, t->node[i], c);
        sum += w;
    }
    if (t->offset[c] < t->offset[c + 1] && (!(sum > 0.0) || isinf(sum)))
        return gv_fail(err, GV_ERR_RANGE,
                       "ppr: weights of teleport column %" PRId64
                       " sum to %g; not positive and finite",
                       c, sum);
    return GV_OK;
}

gv_status ppr_teleport_check(const gv_teleport *t, int64_t n, gv_error *err)
{
    if (t == NULL || t->offset == NULL)
        return gv_fail(err, GV_ERR_ARG, "ppr: no teleport columns");
    if (t->n_columns < 1)
        return gv_fail(err, GV_ERR_RANGE, "ppr: %" PRId64 " teleport columns; not at least 1",
                       t->n_columns);
    if (t->offset[0] != 0)
        return gv_fail(err, GV_ERR_ARG, "ppr: teleport offsets start at %" PRId64 ", not at 0",
                       t->offset[0]);
    for (int64_t c = 0; c < t->n_columns; c++)
        if (t->offset[c + 1] < t->offset[c])
            return gv_fail(err, GV_ERR_ARG,
                           "ppr: teleport offset %" PRId64 " is below the one before", c + 1);
    if (t->offset[t->n_columns] > 0 && t->node == NULL)
        return gv_fail(err, GV_ERR_ARG, "ppr: teleport columns without nodes");
    for (int64_t c = 0; c < t->n_columns; c++) {
        const gv_status st = check_column(t, c, n, err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}

/* Entries [begin, end) as records in node order; equal nodes keep their order. */
static gv_status sorted_entries(gv_context *ctx, const gv_teleport *from, int64_t begin,
                                int64_t end, gv_record *record, gv_error *err)
{
    bool ascending = true;
    for (int64_t i = begin; i < end; i++) {
        record[i - begin] = (gv_record){(uint64_t)from->node[i], (uint64_t)i};
        ascending = ascending && (i == begin || from->node[i - 1] <= from->node[i]);
    }
    return ascending ? GV_OK : gv_sort_records(ctx, record, end - begin, err);
}

/* Appends a column at `at`: weights over their sum, duplicates added up. Returns the new end. */
static int64_t append_column(const gv_teleport *from, const gv_record *record, int64_t n,
                             ppr_teleport *out, int64_t at)
{
    ppr_sum total = {0.0, 0.0};
    for (int64_t i = 0; i < n; i++)
        ppr_add(&total, weight_at(from, (int64_t)record[i].value));
    for (int64_t i = 0; i < n; at++) {
        const uint64_t node = record[i].key;
        ppr_sum weight = {0.0, 0.0};
        for (; i < n && record[i].key == node; i++)
            ppr_add(&weight, weight_at(from, (int64_t)record[i].value));
        out->node[at] = (gv_node)node;
        out->value[at] = ppr_total(&weight) / ppr_total(&total);
    }
    return at;
}

gv_status ppr_teleport_take(gv_context *ctx, const gv_teleport *from, int64_t first, int n_columns,
                            ppr_teleport *out, gv_error *err)
{
    int64_t longest = 0;
    for (int64_t c = first; c < first + n_columns; c++) {
        const int64_t length = from->offset[c + 1] - from->offset[c];
        longest = length > longest ? length : longest;
    }
    const int64_t entries = from->offset[first + n_columns] - from->offset[first];
    gv_record *record = gv_alloc(ctx, longest, sizeof *record);
    *out = (ppr_teleport){.node = gv_alloc(ctx, entries, sizeof *out->node),
                          .value = gv_alloc(ctx, entries, sizeof *out->value)};
    gv_status st = GV_OK;
    if (record == NULL || out->node == NULL || out->value == NULL)
        st = gv_no_memory(ctx, "ppr: teleport columns", err);
    for (int c = 0; c < n_columns && st == GV_OK; c++) {
        const int64_t begin = from->offset[first + c], end = from->offset[first + c + 1];
        st = sorted_entries(ctx, from, begin, end, record, err);
        if (st == GV_OK)
            out->offset[c + 1] = append_column(from, record, end - begin, out, out->offset[c]);
    }
    gv_free(ctx, record);
    if (st != GV_OK)
        ppr_teleport_free(ctx, out);
    return st;
}

void ppr_teleport_free(gv_context *ctx, ppr_teleport *t)
{
    gv_free(ctx, t->node);
    gv_free(ctx, t->value);
    t->node = NULL;
    t->value = NULL;
}

int64_t ppr_teleport_from(const ppr_teleport *t, int c, int64_t begin)
{
    return gv_node_from(t->node, t->offset[c], t->offset[c + 1], begin);
}

void ppr_teleport_fill(const ppr_teleport *t, int c, double *score, int64_t n, int threads)
{
    const bool uniform = t->offset[c] == t->offset[c + 1];
    const double start = uniform ? 1.0 / (double)n : 0.0;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t v = 0; v < n; v++)
        score[v] = start;
    for (int64_t i = t->offset[c]; i < t->offset[c + 1]; i++)
        score[t->node[i]] = t->value[i];
}
