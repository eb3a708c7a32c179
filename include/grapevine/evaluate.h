/* evaluate.h -- how well a model foresees who buys next. Experimental: may change before 1.0. */
#ifndef GRAPEVINE_EVALUATE_H
#define GRAPEVINE_EVALUATE_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/learn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gv_auc_opts {
    int64_t split;      /* the test period begins after this time                          [0] */
    int64_t end;        /* and ends here; INT64_MAX: the log's last purchase       [INT64_MAX] */
    int32_t bootstraps; /* replicates of the interval, in [0, 100000]                    [199] */
    double share;  /* of all items, drawn one by one: those that are looked at, in (0, 1] [1] */
    uint64_t seed; /* of the bootstrap, and of the items that are looked at           [1] */
} gv_auc_opts;

enum { GV_CALIBRATION_BINS = 10 };

/* Records of similar score: those of one score are in one bin, a tenth of all in each otherwise. */
typedef struct gv_calibration {
    int64_t records, positives;
    double score; /* mean forecast; 0 without records */
} gv_calibration;

typedef struct gv_auc {
    double auc;                 /* NaN when there are no positive or no negative records */
    double lo, hi;              /* 95 % interval over bootstraps by item; NaN without any */
    int64_t records, positives; /* consumers at risk, and those of them who bought */
    gv_calibration bin[GV_CALIBRATION_BINS]; /* by ascending score */
} gv_auc;

GV_API gv_auc_opts gv_auc_defaults(void);

/* Where the chance comes from that a purchase of v in topic z makes u buy: from a model, or from
 * factors, min(1, source[z][v] target[u]) where the edge is close, else 0. Without either it is .01
 * for every edge. All borrowed. */
typedef struct gv_forecast {
    const gv_model *model; /* with as many topics as the log, or one that stands for all; or NULL */
    const float *source;   /* [n_topics][n_nodes], finite and >= 0; or NULL */
    int32_t n_topics;      /* of `source`: as many as the log, or one that stands for all */
    const float *target;   /* [n_nodes], finite and >= 0; NULL: 1 */
    const int8_t *close;   /* [n_edges] by out-edge; NULL: all are close */
} gv_forecast;

/* Area under the ROC curve of next-activation prediction (Goyal, Bonchi, Lakshmanan, WSDM 2010),
 * and calibration.
 *
 * A record is a (consumer v, item a): the first time t of the test period at which a friend who
 * influences v buys a while v does not own it. Its score is 1 - prod (1 - p) over the influencing
 * friends who bought a in (t - window, t]; its label is whether v buys a in (t, t + window].
 * Records whose window passes the end are dropped. Tied scores count half.
 *
 *   g         borrowed; both directions are read
 *   log       borrowed; the whole log, the training period included
 *   window    borrowed [topics of log], seconds, > 0: the same for all forecasts that are compared
 *   forecast  borrowed; what it was learnt from should not be later than opts->split; NULL gives
 *             every edge the same chance
 *   opts      NULL for gv_auc_defaults()
 *
 * GV_OK; GV_ERR_ARG; GV_ERR_RANGE; GV_ERR_NOMEM. Same bytes at any thread count. */
GV_API GV_CHECKED gv_status gv_next_activation_auc(gv_context *ctx, const gv_graph *g,
                                                   const gv_log *log, const double *window,
                                                   const gv_forecast *forecast,
                                                   const gv_auc_opts *opts, gv_auc *out,
                                                   gv_error *err);

/* The same for several forecasts at once, into out [n_forecasts]: who is at risk is found once. */
GV_API GV_CHECKED gv_status gv_next_activation_aucs(gv_context *ctx, const gv_graph *g,
                                                    const gv_log *log, const double *window,
                                                    const gv_forecast *forecast,
                                                    int32_t n_forecasts, const gv_auc_opts *opts,
                                                    gv_auc *out, gv_error *err);

/* Pearson's correlation of two forecasts over all (edge, topic) to which the second, usually the
 * planted truth, gives a positive chance; NaN where one of them does not vary.
 *
 *   n_topics   topics of both forecasts, one of one topic standing for all
 *
 * GV_OK; GV_ERR_ARG; GV_ERR_NOMEM. Same bytes at any thread count. */
GV_API GV_CHECKED gv_status gv_forecast_correlation(gv_context *ctx, const gv_graph *g,
                                                    int32_t n_topics, const gv_forecast *forecast,
                                                    const gv_forecast *truth, double *out,
                                                    gv_error *err);

/* A score in the manner of Klout (Rao, Spasojevic, Li, Dsouza, "Klout score: measuring influence
 * across multiple social networks", IEEE Big Data 2015), as a baseline that ignores topics: the
 * mean, on a scale of 1 to 100 by percentile, of
 *   true reach       friends who acted on a purchase of the consumer's at all
 *   amplification    credits per exposure
 *   network impact   mean `rank` of the friends who acted
 *
 *   rank    borrowed [n_nodes], of each consumer, usually PageRank towards influencers
 *   score   out, [n_nodes], caller's
 *
 * GV_OK; GV_ERR_ARG model of another graph; GV_ERR_NOMEM. Same bytes at any thread count. */
GV_API GV_CHECKED gv_status gv_klout_score(gv_context *ctx, const gv_graph *g,
                                           const gv_model *model, const double *rank, float *score,
                                           gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
