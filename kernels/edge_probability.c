/* edge_probability.c -- the probabilities of one topic of a model, edge by edge.
 *
 *   p(v -> u, z) = min(1, (credit + k pi) / (exposure + k)),   pi = min(1, mu_z a_vz s_u)
 *
 * (engine/model.h). The edges of a consumer and what is known about them stand in the same order,
 * so one walk through either serves the whole row: first all edges as if there were no evidence,
 * which needs no branches, then those that have some. Each p is written
 * by the thread that has its row, and depends on nothing else: no races, and the same bytes at any
 * thread count. */
#include <inttypes.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/parallel.h"
#include "engine/rng.h"
#include "grapevine/cascade.h"

enum { EDGES = 128, AHEAD = 64, MOST_FETCHED = 1 << 12 };

/* Asks for the lines of bytes [from, to) of an array, or for its first few. */
static void fetch(const void *from, const void *to)
{
    const char *at = from, *end = to;
    for (end = end - at < MOST_FETCHED ? end : at + MOST_FETCHED; at < end; at += 64)
        __builtin_prefetch(at);
}

/* The model's arrays about a consumer some rows ahead: what the processor fetches by itself ends
 * with each page of 4 KiB of a mapped file. */
static void fetch_row(const gv_model *m, int64_t v)
{
    if (v + AHEAD >= m->n_nodes)
        return;
    const int64_t *pairs = m->pairs.indptr + v + AHEAD, *known = m->evidence.indptr + v + AHEAD;
    fetch(m->pairs.topic + pairs[0], m->pairs.topic + pairs[1]);
    fetch(m->pairs.source + pairs[0], m->pairs.source + pairs[1]);
    fetch(m->pairs.exposure + pairs[0], m->pairs.exposure + pairs[1]);
    fetch(m->evidence.column + known[0], m->evidence.column + known[1]);
    fetch(m->evidence.credit + known[0], m->evidence.credit + known[1]);
    fetch(m->evidence.exposure + known[0], m->evidence.exposure + known[1]);
}

/* Edges [first, first + n) of a row as if there were no evidence: the same operations as in
 * gv_model_tied() and gv_model_p(), side by side. */
static void fill_plain(const gv_model *m, const gv_csr *out, int64_t first, int64_t n,
                       double weight, double scale, double seen, float *restrict p)
{
    const gv_node *restrict target = out->indices + first;
    const int64_t last = out->indptr[m->n_nodes] - 1 - first;
    const double k = m->k_edge, k_tie = m->k_tie;
    double t[EDGES];
    for (int64_t i = 0; i < n; i++) {
        __builtin_prefetch(m->target + target[i + AHEAD < last ? i + AHEAD : last]);
        t[i] = (double)m->target[target[i]];
    }
    if (k_tie > 0.0)
        for (int64_t i = 0; i < n; i++) {
            const double expected = t[i] * weight, all = (expected > 0.0 ? expected : 0.0) + k_tie;
            t[i] *= k_tie / all;
        }
    for (int64_t i = 0; i < n; i++) {
        const double pi = gv_at_most_one(scale * t[i]);
        p[first + i] = (float)(seen > 0.0 ? gv_at_most_one(k * pi / seen) : pi);
    }
}

/* p of all out-edges of v. */
static void fill_row(const gv_model *m, const gv_csr *out, gv_node v, int32_t z, float *restrict p)
{
    const int64_t pair = gv_model_pair(m, v, z);
    const double source = pair < 0 ? 1.0 : (double)m->pairs.source[pair];
    const int64_t usual = pair < 0 ? 0 : m->pairs.exposure[pair];
    const double seen = (double)usual / (double)GV_CREDIT_UNIT + m->k_edge;
    const double weight = gv_model_weight(m, v);
    const int64_t *restrict column = m->evidence.column;
    const int64_t row_end = out->indptr[v + 1], end = m->evidence.indptr[v + 1];
    for (int64_t e = out->indptr[v]; e < row_end; e += EDGES)
        fill_plain(m, out, e, row_end - e < EDGES ? row_end - e : EDGES, weight, m->mu[z] * source,
                   seen, p);
    for (int64_t i = m->evidence.indptr[v]; i < end;) { /* what the evidence knows better */
        const int64_t begin = i, e = column[i] / m->n_topics;
        int64_t credit = 0, exposure = usual;
        for (; i < end && column[i] < (e + 1) * m->n_topics; i++)
            if (column[i] == e * m->n_topics + z) {
                credit = m->evidence.credit[i];
                exposure = m->evidence.exposure[i];
            }
        const double target =
            gv_model_tied(m, v, weight, (double)m->target[out->indices[e]], begin, i);
        p[e] = (float)gv_model_p(m, z, source, target, credit, exposure);
    }
}

GV_API gv_status gv_model_edge_probability(gv_context *ctx, const gv_model *model,
                                           const gv_graph *g, int32_t topic, float *p,
                                           gv_error *err)
{
    const gv_status st = gv_model_check_graph(model, g, "edge probability", err);
    if (st != GV_OK)
        return st;
    if (topic < 0 || topic >= model->n_topics)
        return gv_fail(err, GV_ERR_RANGE,
                       "edge probability: topic %" PRId32 " is not in [0, %" PRId32 ")", topic,
                       model->n_topics);
    const int64_t n = g->n_nodes, n_blocks = gv_blocks(n);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < n_blocks; b++)
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, n); v++) {
            fetch_row(model, v);
            fill_row(model, &g->out, (gv_node)v, topic, p);
        }
    return GV_OK;
}

/* ---- mixtures ----------------------------------------------------------------------------------
 */

/* Scratch of a thread, [n_topics] each. */
typedef struct mix_scratch {
    double *source, *p;
    int64_t *exposure;
} mix_scratch;

/* p of all out-edges of v: topics in their order, so that the sum has the same bits. */
static void mix_row(const gv_model *m, const gv_csr *out, gv_node v, const double *weight,
                    const mix_scratch *s, float *restrict p)
{
    gv_model_row row = {.source = s->source, .exposure = s->exposure};
    gv_model_row_begin(m, v, &row);
    for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++) {
        double sum = 0.0;
        gv_model_row_edge(m, &row, e, out->indices[e], s->p);
        for (int32_t z = 0; z < m->n_topics; z++)
            sum += weight[z] > 0.0 ? weight[z] * s->p[z] : 0.0;
        p[e] = (float)gv_at_most_one(sum);
    }
}

static gv_status check_mixture(const gv_model *m, const double *weight, gv_error *err)
{
    double sum = 0.0;
    for (int32_t z = 0; z < m->n_topics; z++) {
        if (!(weight[z] >= 0.0 && weight[z] <= 1.0))
            return gv_fail(err, GV_ERR_RANGE,
                           "edge probability: weight %g of topic %" PRId32 " is not in [0, 1]",
                           weight[z], z);
        sum += weight[z];
    }
    if (sum > 1.0 + 1e-9)
        return gv_fail(err, GV_ERR_RANGE,
                       "edge probability: the weights of the topics add up to %g, more than 1",
                       sum);
    return GV_OK;
}

GV_API gv_status gv_model_mixed_probability(gv_context *ctx, const gv_model *model,
                                            const gv_graph *g, const double *weight, float *p,
                                            gv_error *err)
{
    gv_status st = gv_model_check_graph(model, g, "edge probability", err);
    if (st == GV_OK)
        st = check_mixture(model, weight, err);
    if (st != GV_OK)
        return st;
    const int64_t n = g->n_nodes, n_blocks = gv_blocks(n), topics = model->n_topics;
    const int32_t threads = gv_context_threads(ctx);
    double *real = gv_alloc(ctx, 2 * topics * threads, sizeof *real);
    int64_t *whole = gv_alloc(ctx, topics * threads, sizeof *whole);
    if (real == NULL || whole == NULL) {
        st = gv_no_memory(ctx, "edge probability", err);
        goto done;
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t b = 0; b < n_blocks; b++) {
        const int64_t me = gv_thread();
        const mix_scratch s = {real + 2 * topics * me, real + 2 * topics * me + topics,
                               whole + topics * me};
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, n); v++)
            mix_row(model, &g->out, (gv_node)v, weight, &s, p);
    }
done:
    gv_free(ctx, whole);
    gv_free(ctx, real);
    return st;
}

GV_API void gv_trivalency(gv_context *ctx, const gv_graph *g, uint64_t seed, float *p)
{
    const uint64_t key = gv_key(seed, GV_FOR_TRIVALENCY);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t u = 0; u < g->n_nodes; u++)
        for (int64_t e = g->out.indptr[u]; e < g->out.indptr[u + 1]; e++)
            p[e] = gv_trivalent(key, (gv_node)u, g->out.indices[e]);
}

GV_API gv_status gv_probability_hash(gv_context *ctx, const float *p, int64_t n_edges, char *hash,
                                     gv_error *err)
{
    uint64_t sum = 0;
    const gv_status st = gv_hash(ctx, p, n_edges * (int64_t)sizeof *p, &sum, err);
    if (st == GV_OK)
        gv_hash_text(sum, hash);
    return st;
}
