/* edge_probability.c -- the probabilities of one topic of a model, edge by edge.
 *
 *   p(v -> u, z) = min(1, (credit + k pi) / (exposure + k)),   pi = min(1, mu_z a_vz s_u)
 *
 * (engine/model.h). The edges of a consumer and what is known about them stand in the same order,
 * so one walk through both serves the whole row, whatever the number of topics. Each p is written
 * by the thread that has its row, and depends on nothing else: no races, and the same bytes at any
 * thread count. */
#include <inttypes.h>

#include "engine/error.h"
#include "engine/model.h"
#include "engine/parallel.h"
#include "engine/rng.h"
#include "grapevine/cascade.h"

/* p of all out-edges of v. */
static void fill_row(const gv_model *m, const gv_csr *out, gv_node v, int32_t z, float *restrict p)
{
    const int64_t pair = gv_model_pair(m, v, z);
    const double source = pair < 0 ? 1.0 : (double)m->pairs.source[pair];
    const int64_t usual = pair < 0 ? 0 : m->pairs.exposure[pair];
    const int64_t *restrict column = m->evidence.column;
    const int64_t end = m->evidence.indptr[v + 1];
    const double weight = gv_model_weight(m, v);
    int64_t i = m->evidence.indptr[v];
    for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++) {
        const int64_t begin = i, want = e * m->n_topics + z;
        int64_t credit = 0, exposure = usual;
        for (i = begin; i < end && column[i] < (e + 1) * m->n_topics; i++)
            if (column[i] == want) {
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
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, n); v++)
            fill_row(model, &g->out, (gv_node)v, topic, p);
    return GV_OK;
}

GV_API void gv_trivalency(gv_context *ctx, const gv_graph *g, uint64_t seed, float *p)
{
    const uint64_t key = gv_key(seed, GV_FOR_TRIVALENCY);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t u = 0; u < g->n_nodes; u++)
        for (int64_t e = g->out.indptr[u]; e < g->out.indptr[u + 1]; e++)
            p[e] = gv_trivalent(key, (gv_node)u, g->out.indices[e]);
}
