/* model_rows.c -- p of the edges of a row, a block at a time.
 *
 *   p(v -> u, z) = min(1, (credit + k pi) / (exposure + k)),   pi = min(1, mu_z a_vz s_u r_vu c_vu)
 *
 * (engine/model.h). The edges of a consumer and what is known about them stand in the same order,
 * so one walk through either serves the block: first all edges as if there were no evidence, which
 * needs no branches, then those that have some. s_u r_vu c_vu is the same in all topics, so a
 * mixture takes it once. Each p depends on nothing but its edge: no races, and the same bytes at
 * any thread count and whatever the blocks. */
#include "kernels/model_rows.h"

#include <inttypes.h>

#include "engine/error.h"

enum { ROWS_AHEAD = 64, EDGES_AHEAD = 8, MOST_FETCHED = 1 << 12, MOST_TARGETS = 32 };

/* ---- reads announced ------------------------------------------------------------------------- */

/* Asks for the lines of bytes [from, to) of an array, or for its first few. */
static void fetch(const void *from, const void *to)
{
    const char *at = from, *end = to;
    for (end = end - at < MOST_FETCHED ? end : at + MOST_FETCHED; at < end; at += 64)
        __builtin_prefetch(at);
}

/* What the processor fetches by itself ends with each page of 4 KiB of a mapped file. */
void gv_view_announce(const gv_model_view *view, const gv_csr *out, gv_node v)
{
    const gv_model *m = view->m;
    if (v + ROWS_AHEAD >= m->n_nodes)
        return;
    const int64_t *pairs = m->pairs.indptr + v + ROWS_AHEAD,
                  *known = m->evidence.indptr + v + ROWS_AHEAD;
    fetch(m->pairs.topic + pairs[0], m->pairs.topic + pairs[1]);
    fetch(m->pairs.source + pairs[0], m->pairs.source + pairs[1]);
    fetch(m->pairs.exposure + pairs[0], m->pairs.exposure + pairs[1]);
    fetch(m->evidence.column + known[0], m->evidence.column + known[1]);
    fetch(m->evidence.credit + known[0], m->evidence.credit + known[1]);
    fetch(m->evidence.exposure + known[0], m->evidence.exposure + known[1]);
    const int64_t first = out->indptr[v + EDGES_AHEAD], end = out->indptr[v + EDGES_AHEAD + 1];
    for (int64_t e = first; e < end && e < first + MOST_TARGETS; e++)
        __builtin_prefetch(m->target + out->indices[e]);
}

/* ---- a block of edges ------------------------------------------------------------------------ */

/* Edges [first, first + n) of v, and what is known about them. */
typedef struct block {
    const gv_model *m;
    const gv_csr *out;
    gv_node v;
    int64_t first, n;
    int64_t known, known_end; /* entries of the evidence */
    double target[GV_ROW_BLOCK];
} block;

/* s_u r_vu c_vu of the block: the operations of gv_model_tied(), side by side where nothing is
 * known. */
static void take_targets(block *b)
{
    const gv_model *m = b->m;
    const gv_node *restrict target = b->out->indices + b->first;
    const double k = m->k_tie, weight = k > 0.0 ? gv_model_weight(m, b->v) : 0.0;
    double *restrict t = b->target;
    for (int64_t i = 0; i < b->n; i++)
        __builtin_prefetch(m->target + target[i]);
    for (int64_t i = 0; i < b->n; i++)
        t[i] = (double)m->target[target[i]];
    if (m->usual != NULL)
        for (int64_t i = 0; i < b->n; i++)
            t[i] *= gv_model_relative(m->strength[b->first + i], m->usual[b->v]);
    if (k <= 0.0)
        return;
    for (int64_t i = 0; i < b->n; i++) {
        const double expected = t[i] * weight, all = (expected > 0.0 ? expected : 0.0) + k;
        t[i] *= k / all;
    }
    for (int64_t i = b->known, begin; i < b->known_end;) {
        const int64_t e = m->evidence.column[begin = i] / m->n_topics;
        i = gv_model_edge_end(m, i, b->known_end, e);
        t[e - b->first] = gv_model_tied(m, b->v, weight,
                                        gv_model_target(m, b->v, b->out->indices[e], e), begin, i);
    }
}

/* p of topic z. */
static void take_topic(const block *b, int32_t z, double *restrict p)
{
    const gv_model *m = b->m;
    const int64_t pair = gv_model_pair(m, b->v, z);
    const double source = pair < 0 ? 1.0 : (double)m->pairs.source[pair];
    const int64_t usual = pair < 0 ? 0 : m->pairs.exposure[pair];
    const double seen = (double)usual / (double)GV_CREDIT_UNIT + m->k_edge;
    const double scale = m->mu[z] * source, k = m->k_edge;
    const double *restrict t = b->target;
    if (seen > 0.0)
        for (int64_t i = 0; i < b->n; i++)
            p[i] = gv_at_most_one(k * gv_at_most_one(scale * t[i]) / seen);
    else
        for (int64_t i = 0; i < b->n; i++)
            p[i] = gv_at_most_one(scale * t[i]);
    for (int64_t i = b->known; i < b->known_end; i++) { /* what the evidence knows better */
        const int64_t e = m->evidence.column[i] / m->n_topics - b->first;
        if (m->evidence.column[i] % m->n_topics == z)
            p[e] = gv_model_p(m, z, source, t[e], m->evidence.credit[i], m->evidence.exposure[i]);
    }
}

void gv_view_row(const gv_model_view *view, const gv_csr *out, gv_node v, int64_t first, int64_t n,
                 float *p)
{
    const gv_model *m = view->m;
    const int64_t begin = m->evidence.indptr[v], end = m->evidence.indptr[v + 1];
    block b = {.m = m, .out = out, .v = v, .first = first, .n = n};
    b.known = gv_model_edge_begin(m, begin, end, first);
    b.known_end = gv_model_edge_begin(m, b.known, end, first + n);
    double one[GV_ROW_BLOCK], sum[GV_ROW_BLOCK];
    take_targets(&b);
    if (view->mix == NULL) {
        take_topic(&b, view->topic, one);
        for (int64_t i = 0; i < n; i++)
            p[i] = (float)one[i];
        return;
    }
    for (int64_t i = 0; i < n; i++)
        sum[i] = 0.0;
    for (int32_t z = 0; z < m->n_topics; z++) { /* in their order: the sum has the same bits */
        if (!(view->mix[z] > 0.0))
            continue;
        take_topic(&b, z, one);
        for (int64_t i = 0; i < n; i++)
            sum[i] += view->mix[z] * one[i];
    }
    for (int64_t i = 0; i < n; i++)
        p[i] = (float)gv_at_most_one(sum[i]);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static gv_status check_mixture(const gv_model *m, const double *weight, const char *what,
                               gv_error *err)
{
    double sum = 0.0;
    for (int32_t z = 0; z < m->n_topics; z++) {
        if (!(weight[z] >= 0.0 && weight[z] <= 1.0))
            return gv_fail(err, GV_ERR_RANGE, "%s: weight %g of topic %" PRId32 " is not in [0, 1]",
                           what, weight[z], z);
        sum += weight[z];
    }
    if (sum > 1.0 + 1e-9)
        return gv_fail(err, GV_ERR_RANGE, "%s: the weights of the topics add up to %g, more than 1",
                       what, sum);
    return GV_OK;
}

gv_status gv_view_check(const gv_model_view *view, const gv_graph *g, const char *what,
                        gv_error *err)
{
    const gv_model *m = view->m;
    const gv_status st = gv_model_check_graph(m, g, what, err);
    if (st != GV_OK || view->mix != NULL)
        return st != GV_OK ? st : check_mixture(m, view->mix, what, err);
    if (view->topic < 0 || view->topic >= m->n_topics)
        return gv_fail(err, GV_ERR_RANGE, "%s: topic %" PRId32 " is not in [0, %" PRId32 ")", what,
                       view->topic, m->n_topics);
    return GV_OK;
}
