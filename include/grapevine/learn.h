/* learn.h -- purchase logs, and the per-topic influence model that is learnt from one. */
#ifndef GRAPEVINE_LEARN_H
#define GRAPEVINE_LEARN_H

#include <stdint.h>

#include "grapevine/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GV_TOPIC_CHARS = 64 };

/* Purchases of the graph's consumers, grouped by (item, topic), in each group by time and consumer.
 * An item that is listed under two topics counts as one item of each. */
typedef struct gv_log gv_log;

typedef struct gv_log_info {
    int64_t rows_read;          /* data rows of the input                                      */
    int64_t rows_kept;          /* purchases in the log                                        */
    int64_t rows_unmatched;     /* rows about people who are not in the graph                  */
    int64_t users_unmatched;    /* how many people those are                                   */
    int64_t rows_without_topic; /* rows of items that the table of topics does not name        */
    int64_t rows_bad;           /* rows skipped because they could not be read (lenient only)  */
    int32_t n_topics;
    int64_t n_items;              /* (item, topic) pairs                                         */
    int64_t bytes_spilled;        /* temporary disk space it took to sort it; 0: all fitted      */
    int64_t time_begin, time_end; /* unix seconds of the first and last purchase kept       */
} gv_log_info;

GV_API void gv_log_free(gv_log *log);
GV_API gv_log_info gv_log_describe(const gv_log *log);
/* Name of topic z in [0, n_topics), borrowed; NULL outside. */
GV_API const char *gv_log_topic(const gv_log *log, int32_t z);

/* A log over `ctx` from arrays, for callers who hold their purchases in memory; the result does not
 * depend on the order of the rows.
 *
 *   user        borrowed [n_rows], in [0, gv_graph_nodes())
 *   item        borrowed [n_rows], >= 0; items are ordered by this number
 *   topic       borrowed [n_rows], in [0, n_topics)
 *   time        borrowed [n_rows], unix seconds, in [-10^15, 10^15]
 *   topic_name  borrowed [n_topics], each at most GV_TOPIC_CHARS bytes; NULL names them "0", "1"
 * ...
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_log_build(gv_context *ctx, int64_t n_nodes, const gv_node *user,
                                         const int64_t *item, const int32_t *topic,
                                         const int64_t *time, int64_t n_rows, int32_t n_topics,
                                         const char *const *topic_name, gv_log **out,
                                         gv_error *err);

/* The same purchases under a single topic named "all": the topic-blind view. Items keep their
 * (item, topic) identity. `log` may be freed before the copy. */
GV_API GV_CHECKED gv_status gv_log_topic_blind(gv_context *ctx, const gv_log *log, gv_log **out,
                                               gv_error *err);

/* The same purchases with who bought when drawn anew among the buyers of each item: a log without
 * influence, to compare with. Pure function of log and seed. */
GV_API GV_CHECKED gv_status gv_log_shuffled(gv_context *ctx, const gv_log *log, uint64_t seed,
                                            gv_log **out, gv_error *err);

/* ---- model ------------------------------------------------------------------------------- */

/* For each edge v -> u and topic z the probability that a purchase of v in z makes u buy the item:
 * kept as consumer factors and sparse evidence, never as an edges x topics array. */
typedef struct gv_model gv_model;

GV_API void gv_model_free(gv_model *model);
/* Unix seconds up to which purchases were learnt from: the end of the log, or gv_learn_opts.until.
 */
GV_API int64_t gv_model_end(const gv_model *model);
GV_API int32_t gv_model_topics(const gv_model *model);
GV_API const char *gv_model_topic(const gv_model *model, int32_t z); /* borrowed; NULL outside */
/* Seconds in which a purchase in topic z may prompt another; NaN outside. */
GV_API double gv_model_window(const gv_model *model, int32_t z);
/* The 16 hexadecimal digits that identify the model's probabilities, borrowed: those of a model
 * that was read from a file; else "". */
GV_API const char *gv_model_hash(const gv_model *model);
/* Whether it was learnt with strengths of the graph's edges, which it then needs beside it. */
GV_API bool gv_model_has_strengths(const gv_model *model);
/* The topic of that name, or -1. */
GV_API int32_t gv_model_find_topic(const gv_model *model, const char *name);

/* Who bought in each topic, as columns for gv_ppr(): column z holds the consumers with a purchase
 * in topic z, ascending, and the number of different items they bought.
 *
 *   offset        out, [n_topics + 1], caller's
 *   node, weight  out, [offset[n_topics]], caller's; NULL: only `offset` is filled
 *
 * Time O(nodes + pairs of consumer and topic). */
GV_API void gv_model_buyers(const gv_model *model, int64_t *offset, gv_node *node, double *weight);

/* What a purchase credits its parents with, the friends who bought the item in the window before.
 */
typedef enum gv_learn_method {
    GV_LEARN_PARTIAL_CREDIT = 0, /* one purchase, shared among them by `credit` */
    GV_LEARN_BERNOULLI = 1,      /* one purchase each */
    GV_LEARN_JACCARD = 2,        /* likewise; an edge is exposed to what either of the two bought */
    GV_LEARN_EM = 3 /* each the chance that it was theirs: expectation-maximisation, 10 rounds */
} gv_learn_method;

/* How a credit is shared among the parents. */
typedef enum gv_credit_rule {
    GV_CREDIT_EQUAL = 0,
    GV_CREDIT_DECAY = 1, /* by exp(-(time since the parent's purchase) / delay) */
    GV_CREDIT_FIRST = 2, /* all to the earliest; those of the same time share it */
    GV_CREDIT_LAST = 3   /* all to the latest */
} gv_credit_rule;

/* What strengths of the graph's edges, if it has any (GV_PROBABILITY_STORED), are taken for. */
typedef enum gv_ties {
    GV_TIES_PRIOR = 0, /* an edge counts beforehand by its strength over the mean of its source's */
    GV_TIES_IGNORE = 1 /* nothing */
} gv_ties;

typedef struct gv_learn_opts {
    gv_learn_method method; /*                                       [GV_LEARN_PARTIAL_CREDIT] */
    gv_credit_rule credit;  /* of partial credit                              [GV_CREDIT_EQUAL] */
    int64_t spell_gap;      /* seconds after a purchase in which its repetition tells nothing, and
                               after which it counts anew; 0: later purchases of an item by the
                               same consumer never count                                   [0] */
    int64_t window;        /* seconds in which a purchase may prompt another; 0 means found from the
                              data, topic by topic                                          [0] */
    int64_t until;         /* purchases after this time are ignored; INT64_MAX: none [INT64_MAX] */
    double prior_strength; /* k of an edge's prior, in exposures, >= 0; < 0: estimated      [-1] */
    gv_ties ties;          /*                                                   [GV_TIES_PRIOR] */
    int32_t min_actions;   /* purchases in a topic that an influencer of it needs, >= 0      [1] */
    uint64_t seed;         /* for the time shuffles of the susceptibility baseline           [1] */
} gv_learn_opts;

typedef struct gv_learn_info {
    int64_t adoptions; /* purchases of an (item, topic) that count: first ones, or all spells   */
    int64_t repeats;   /* others: counted, and otherwise ignored                                */
    int64_t credited;  /* adoptions with at least one influencing friend in the window          */
    int64_t evidence;  /* (edge, topic) pairs kept                                              */
    double k_source, k_target, k_edge; /* strengths of the priors, in exposures */
    double k_tie;                      /* and of an edge's factor over all topics, in purchases */
} gv_learn_info;

GV_API gv_learn_opts gv_learn_defaults(void);

/* Learns a model from a purchase log: partial credit with empirical-Bayes shrinkage
 * (docs/kernels/learn.md has the formulas and their sources).
 *
 *   g     borrowed; both directions are read. A model with strengths (gv_model_has_strengths())
 *         borrows those until it is freed
 *   log   borrowed; made for the same consumers
 *   opts  NULL for gv_learn_defaults()
 *   out   out, caller's, freed with gv_model_free() before `ctx`
 *   info  out, may be NULL
 *
 * GV_OK; GV_ERR_ARG; GV_ERR_RANGE; GV_ERR_NOMEM; GV_ERR_CANCELLED. Same bytes at any thread count
 * and any order of the log's rows. Time O(sum over purchases of the buyer's degree). */
GV_API GV_CHECKED gv_status gv_learn(gv_context *ctx, const gv_graph *g, const gv_log *log,
                                     const gv_learn_opts *opts, gv_model **out, gv_learn_info *info,
                                     gv_error *err);

/* p(e, topic) of every out-edge e.
 *
 *   topic  in [0, gv_model_topics())
 *   p      out, [gv_graph_edges(g)], caller's, in [0, 1]
 *
 * GV_OK; GV_ERR_ARG when the model was learnt on another graph; GV_ERR_RANGE; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_model_edge_probability(gv_context *ctx, const gv_model *model,
                                                      const gv_graph *g, int32_t topic, float *p,
                                                      gv_error *err);

/* The same of an item that belongs to several topics: p(e) = sum over z of weight[z] p(e, z).
 *
 *   weight  [gv_model_topics()], each in [0, 1], at most 1 together */
GV_API GV_CHECKED gv_status gv_model_mixed_probability(gv_context *ctx, const gv_model *model,
                                                       const gv_graph *g, const double *weight,
                                                       float *p, gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
