/* influence.h -- per-topic influence of every consumer, influencers, susceptibility, prospects. */
#ifndef GRAPEVINE_INFLUENCE_H
#define GRAPEVINE_INFLUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/learn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Expected purchases that consumer u prompts in topic z, by the model's probabilities p:
 *   i1(u, z) = sum over u -> v of p_uv w_v
 *   i2(u, z) = sum over u -> v of p_uv (w_v + i1(v, z) - p_vu w_u)
 * i2 follows paths of at most two edges without walks straight back; it bounds the expected number
 * of distinct consumers from above and equals it on trees.
 *
 *   topics      borrowed [n_topics], each in [0, gv_model_topics())
 *   weight      borrowed [n_nodes], value of each consumer, finite and >= 0; NULL means 1
 *   i1, i2      out, [n_topics][n_nodes], caller's; i2 may be NULL
 *
 * GV_OK; GV_ERR_ARG model of another graph; GV_ERR_RANGE; GV_ERR_NOMEM; GV_ERR_CANCELLED. Same
 * bytes at any thread count, memory limit, and selection of topics. Time O(edges * topics) for up
 * to 16 topics at a time (fewer when the memory limit asks for it). i2 reads both directions of the
 * graph, and takes 8 bytes a consumer and topic (of 4, 8 or 16), 8 a consumer, 26 for each entry
 * of the evidence, and 4 KiB a thread and 1,024 or more consumers (docs/kernels/influence.md). */
GV_API GV_CHECKED gv_status gv_influence(gv_context *ctx, const gv_graph *g, const gv_model *model,
                                         const int32_t *topics, int32_t n_topics,
                                         const float *weight, float *i1, float *i2, gv_error *err);

/* Ranks and flags of one topic by a score.
 *
 *   score      borrowed [n_nodes], finite
 *   topic      in [0, gv_model_topics()): who is eligible, by the model's min_actions
 *   quantile   share of all consumers to flag, in [0, 1]
 *   rank       out, [n_nodes], 1 = highest score, ties by node; may be NULL
 *   flag       out, [n_nodes], 1 for the round(quantile * n_nodes) eligible consumers of best rank
 *              (all eligible ones if they are fewer); may be NULL
 *   threshold  out, lowest flagged score, NaN if none; may be NULL
 *   n_flagged  out, may be NULL
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_influence_rank(gv_context *ctx, const gv_model *model,
                                              int64_t n_nodes, int32_t topic, const float *score,
                                              double quantile, int32_t *rank, int16_t *flag,
                                              double *threshold, int64_t *n_flagged, gv_error *err);

/* Twice the rank of each consumer, 1 being the highest score; equal scores share the mean of their
 * ranks, so that this is a whole number.
 *
 *   score   borrowed [n], finite
 *   rank    out, [n], caller's
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_NOMEM; GV_ERR_CANCELLED. */
GV_API GV_CHECKED gv_status gv_mean_ranks(gv_context *ctx, const float *score, int64_t n,
                                          int64_t *rank, gv_error *err);

/* The same by a count of each consumer, 0 or more, without sorting: 8 bytes for each number up to
 * the largest count, by thread where that is less than 2^20. GV_OK; GV_ERR_RANGE; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_mean_ranks_of_counts(gv_context *ctx, const int32_t *count,
                                                    int64_t n, int64_t *rank, gv_error *err);

/* Spearman's correlation of two scores by their gv_mean_ranks(); NaN where one does not vary. Same
 * bytes at any thread count. GV_OK; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_rank_correlation(gv_context *ctx, const int64_t *x, const int64_t *y,
                                                int64_t n, double *out, gv_error *err);

/* Core number of each consumer: the largest k such that they belong to a part of the graph in which
 * all have at least k edges to and from each other (both directions count).
 *
 *   core   out, [n_nodes], caller's
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_NOMEM; GV_ERR_CANCELLED. Time O(nodes + edges); same
 * numbers at any thread count;
 * scratch 8 bytes a consumer. */
GV_API GV_CHECKED gv_status gv_core_numbers(gv_context *ctx, const gv_graph *g, int32_t *core,
                                            gv_error *err);

/* How much consumers listen to friends in a topic: share of purchases that followed a friend's
 * purchase within the window, over what a time-shuffled log shows, shrunk to the topic's mean:
 *   score = (observed - expected + k m) / (total + k)
 * with m the excess of all purchases together and k by the method of moments
 * (docs/kernels/influence.md). A consumer without a purchase has the score m.
 *
 *   topic             in [0, gv_model_topics()), or -1 for the purchases of all topics together
 *   score             out, [n_nodes], may be negative
 *   observed, total   out, [n_nodes], purchases after a friend's, and all; each may be NULL
 *   expected          out, [n_nodes], mean of `observed` over shuffled logs; may be NULL
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_NOMEM. Same bytes at any thread count. */
GV_API GV_CHECKED gv_status gv_susceptibility(gv_context *ctx, const gv_model *model, int32_t topic,
                                              float *score, int32_t *observed, int32_t *total,
                                              float *expected, gv_error *err);

/* Who will probably buy next in a topic: consumers who do not own it yet, listen to friends (score
 * in the top `share`), and have a flagged friend who bought within the topic's window before the
 * log's end. Sorted by probability = 1 - prod (1 - p) over friends who own it, then node.
 * "Friends" are those who can influence the consumer; one owns a topic after a purchase in it. */
typedef struct gv_prospects {
    int64_t n;
    const gv_node *node;        /* [n] */
    const float *probability;   /* [n] */
    const gv_node *best_friend; /* [n], the friend with the largest p, lowest node on ties */
} gv_prospects;

/*   susceptibility   borrowed [n_nodes], finite, from gv_susceptibility(). Who does not own a topic
 * has no purchase in it, so take the score of all topics (-1): within the topic all these consumers
 * have the same flag             borrowed [n_nodes], from gv_influence_rank() share            in
 * [0, 1]: the round(share * n_nodes) consumers of highest susceptibility, ties by node out out,
 * caller's, freed with gv_prospects_free() before `ctx`
 *
 * GV_OK; GV_ERR_ARG model of another graph; GV_ERR_RANGE; GV_ERR_NOMEM. Same bytes at any thread
 * count. Reads both directions of the graph; scratch about 18 bytes a consumer. */
GV_API GV_CHECKED gv_status gv_prospects_find(gv_context *ctx, const gv_graph *g,
                                              const gv_model *model, int32_t topic,
                                              const float *susceptibility, const int16_t *flag,
                                              double share, gv_prospects **out, gv_error *err);

GV_API void gv_prospects_free(gv_prospects *prospects);

#ifdef __cplusplus
}
#endif
#endif
