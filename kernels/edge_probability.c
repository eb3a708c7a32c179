/* edge_probability.c -- the probabilities of all edges, as an array: those of a model in one topic
 * or in a mixture of topics (model_rows.c), or drawn. Each p is written by the thread that has its
 * row, and depends on nothing else: no races, and the same bytes at any thread count. */
#include "engine/parallel.h"
#include "engine/rng.h"
#include "grapevine/cascade.h"
#include "kernels/model_rows.h"

static gv_status fill(gv_context *ctx, const gv_model_view *view, const gv_graph *g, float *p,
                      gv_error *err)
{
    const gv_status st = gv_view_check(view, g, "edge probability", err);
    if (st != GV_OK)
        return st;
    const gv_csr *out = &g->out;
    const int64_t n = g->n_nodes, n_blocks = gv_blocks(n);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < n_blocks; b++)
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, n); v++) {
            gv_view_announce(view, out, (gv_node)v);
            for (int64_t e = out->indptr[v], end = out->indptr[v + 1]; e < end; e += GV_ROW_BLOCK)
                gv_view_row(view, out, (gv_node)v, e,
                            end - e < GV_ROW_BLOCK ? end - e : GV_ROW_BLOCK, p + e);
        }
    return GV_OK;
}

GV_API gv_status gv_model_edge_probability(gv_context *ctx, const gv_model *model,
                                           const gv_graph *g, int32_t topic, float *p,
                                           gv_error *err)
{
    const gv_model_view view = {.m = model, .topic = topic};
    return fill(ctx, &view, g, p, err);
}

GV_API gv_status gv_model_mixed_probability(gv_context *ctx, const gv_model *model,
                                            const gv_graph *g, const double *weight, float *p,
                                            gv_error *err)
{
    const gv_model_view view = {.m = model, .mix = weight};
    return fill(ctx, &view, g, p, err);
}

GV_API void gv_trivalency(gv_context *ctx, const gv_graph *g, uint64_t seed, float *p)
{
    const uint64_t key = gv_key(seed, GV_FOR_TRIVALENCY);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t u = 0; u < g->n_nodes; u++)
        for (int64_t e = g->out.indptr[u]; e < g->out.indptr[u + 1]; e++)
            p[e] = gv_trivalent(key, (gv_node)u, g->out.indices[e]);
}
