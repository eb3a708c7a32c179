/* topic_graph.c -- a graph with the probabilities that a model has for one topic: in the direction
 * in which a walk pulls, with their sums in the other; or in both. Rows are worked out by one
 * thread each, and those of in-edges in fixed order (by_target.c): no races, the same bytes at any
 * thread count. */
#include "grapevine/topic_graph.h"

#include "engine/error.h"
#include "engine/memory.h"
#include "kernels/by_target.h"

static void release(gv_graph *g)
{
    gv_free(g->ctx, (void *)g->out.probability);
    gv_free(g->ctx, (void *)g->in.probability);
    gv_free(g->ctx, (void *)g->out.sum);
    gv_free(g->ctx, (void *)g->in.sum);
}

/* Arrays of the sides that are kept, sums of the others. */
static gv_status fill(gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                      gv_topic_sides sides, gv_graph *made, gv_error *err)
{
    const int64_t n = g->n_nodes, m = g->n_edges;
    const bool forward = (sides & GV_TOPIC_BY_SOURCE) != 0,
               backward = (sides & GV_TOPIC_BY_TARGET) != 0;
    float *out = forward ? gv_alloc(ctx, m, sizeof *out) : NULL;
    float *in = backward ? gv_alloc(ctx, m, sizeof *in) : NULL;
    double *out_sum = forward ? NULL : gv_alloc(ctx, n, sizeof *out_sum);
    double *in_sum = backward ? NULL : gv_alloc(ctx, n, sizeof *in_sum);
    made->out.probability = out, made->in.probability = in;
    made->out.sum = out_sum, made->in.sum = in_sum;
    if ((out == NULL) == forward || (in == NULL) == backward || (out_sum != NULL) == forward ||
        (in_sum != NULL) == backward)
        return gv_no_memory(ctx, "probabilities of a topic", err);
    gv_status st = GV_OK;
    if (forward)
        st = gv_model_edge_probability(ctx, coins->view.m, g, coins->view.topic, out, err);
    else
        gv_sum_by_source(ctx, g, coins, out_sum);
    if (st == GV_OK)
        st = backward ? gv_by_target(ctx, g, coins, in, err)
                      : gv_sum_by_target(ctx, g, coins, in_sum, err);
    gv_model_rest_all(coins->view.m);
    return st;
}

GV_API gv_status gv_topic_graph(gv_context *ctx, const gv_graph *g, const gv_model *model,
                                int32_t topic, gv_topic_sides sides, gv_graph **out, gv_error *err)
{
    const gv_coins coins = {
        .rule = GV_PROBABILITY_MODEL, .out = &g->out, .view = {.m = model, .topic = topic}};
    if (sides < GV_TOPIC_BY_SOURCE || sides > GV_TOPIC_BOTH)
        return gv_fail(err, GV_ERR_ARG, "probabilities of a topic: sides %d are not in [1, 3]",
                       (int)sides);
    gv_status st = gv_view_check(&coins.view, g, "edge probability", err);
    if (st != GV_OK)
        return st;
    gv_graph *made = gv_alloc(ctx, 1, sizeof *made);
    if (made == NULL)
        return gv_no_memory(ctx, "probabilities of a topic", err);
    *made = *g;
    made->ctx = ctx;
    made->rule = GV_PROBABILITY_STORED;
    made->hash[0] = '\0';
    made->release = release;
    made->owner = NULL;
    st = fill(ctx, g, &coins, sides, made, err);
    if (st == GV_OK)
        *out = made;
    else
        gv_graph_free(made);
    return st;
}
