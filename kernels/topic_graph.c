/* topic_graph.c -- a graph with the probabilities that a model has for one topic, in both
 * directions. Nothing is summed and the one pass that turns edges round is serial: no races, the
 * same bytes at any thread count. */
#include "grapevine/topic_graph.h"

#include "engine/memory.h"
#include "kernels/by_target.h"

/* Out-edges in order of their sources come to each row of /in in the order that it has. */
gv_status gv_by_target(gv_context *ctx, const gv_graph *g, const float *p, float *by_target,
                       gv_error *err)
{
    int64_t *next = gv_alloc(ctx, g->n_nodes, sizeof *next);
    if (next == NULL)
        return gv_no_memory(ctx, "rows of in-edges", err);
    for (int64_t v = 0; v < g->n_nodes; v++)
        next[v] = g->in.indptr[v];
    for (int64_t e = 0; e < g->n_edges; e++)
        by_target[next[g->out.indices[e]]++] = p[e];
    gv_free(ctx, next);
    return GV_OK;
}

static void release(gv_graph *g)
{
    gv_free(g->ctx, (void *)g->out.probability);
    gv_free(g->ctx, (void *)g->in.probability);
}

GV_API gv_status gv_topic_graph(gv_context *ctx, const gv_graph *g, const gv_model *model,
                                int32_t topic, gv_graph **out, gv_error *err)
{
    float *forward = gv_alloc(ctx, g->n_edges, sizeof *forward);
    float *backward = gv_alloc(ctx, g->n_edges, sizeof *backward);
    gv_graph *made = gv_alloc(ctx, 1, sizeof *made);
    gv_status st = GV_OK;
    if (forward == NULL || backward == NULL || made == NULL)
        st = gv_no_memory(ctx, "probabilities of a topic", err);
    if (st == GV_OK)
        st = gv_model_edge_probability(ctx, model, g, topic, forward, err);
    if (st == GV_OK)
        st = gv_by_target(ctx, g, forward, backward, err);
    if (st != GV_OK) {
        gv_free(ctx, made);
        gv_free(ctx, backward);
        gv_free(ctx, forward);
        return st;
    }
    *made = *g;
    made->ctx = ctx;
    made->rule = GV_PROBABILITY_STORED;
    made->out.probability = forward;
    made->in.probability = backward;
    made->hash[0] = '\0';
    made->release = release;
    made->owner = NULL;
    *out = made;
    return GV_OK;
}
