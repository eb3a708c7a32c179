/* topic_graph.h -- a graph with the probabilities that a model has for one topic. */
#ifndef GRAPEVINE_TOPIC_GRAPH_H
#define GRAPEVINE_TOPIC_GRAPH_H

#include "grapevine/learn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The graph g whose edges have the model's probabilities of `topic` in place of its own: what
 * gv_ppr() with `weighted` takes for walks by topic (TwitterRank: Weng, Lim, Jiang, He, WSDM 2010),
 * and gv_cascade() for cascades.
 *
 *   g, model   borrowed; both must outlive `out`, which shares the arrays of g
 *   topic      in [0, gv_model_topics())
 *   out        out, caller's, freed with gv_graph_free() before `ctx`
 *
 * GV_OK; GV_ERR_ARG model of another graph; GV_ERR_RANGE; GV_ERR_NOMEM. Memory: 8 bytes an edge.
 * Same bytes at any thread count. */
GV_API GV_CHECKED gv_status gv_topic_graph(gv_context *ctx, const gv_graph *g,
                                           const gv_model *model, int32_t topic, gv_graph **out,
                                           gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
