/* topic_graph.h -- a graph with the probabilities that a model has for one topic. */
#ifndef GRAPEVINE_TOPIC_GRAPH_H
#define GRAPEVINE_TOPIC_GRAPH_H

#include "grapevine/learn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In which order the probabilities are held, 4 bytes an edge each. Where one is left out its sums
 * by consumer take its place, 8 bytes a consumer: all that a walk asks of the direction in which it
 * leaves. */
typedef enum gv_topic_sides {
    GV_TOPIC_BY_SOURCE = 1, /* for gv_ppr() in GV_REVERSE; not in the layout GV_PPR_BLOCKING */
    GV_TOPIC_BY_TARGET = 2, /* for gv_ppr() in GV_FORWARD; not in the layout GV_PPR_BLOCKING */
    GV_TOPIC_BOTH = 3       /* for everything that takes a graph */
} gv_topic_sides;

/* The graph g whose edges have the model's probabilities of `topic` in place of its own: what
 * gv_ppr() with `weighted` takes for walks by topic (TwitterRank: Weng, Lim, Jiang, He, WSDM 2010).
 *
 *   g, model   borrowed; both must outlive `out`, which shares the arrays of g
 *   topic      in [0, gv_model_topics())
 *   out        out, caller's, freed with gv_graph_free() before `ctx`
 *
 * GV_OK; GV_ERR_ARG model of another graph; GV_ERR_RANGE; GV_ERR_NOMEM. Scratch 8 bytes a consumer.
 * Same bytes at any thread count. */
GV_API GV_CHECKED gv_status gv_topic_graph(gv_context *ctx, const gv_graph *g,
                                           const gv_model *model, int32_t topic,
                                           gv_topic_sides sides, gv_graph **out, gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
