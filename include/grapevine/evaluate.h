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
    int64_t split;        /* the test period begins after this time                          [0] */
    int64_t end;          /* and ends here; INT64_MAX: the log's last purchase       [INT64_MAX] */
    int32_t bootstraps;   /* replicates of the interval, in [0, 100000]                    [199] */
    uint64_t seed;        /* of the bootstrap                                                [1] */
} gv_auc_opts;

typedef struct gv_auc {
    double auc;                 /* NaN when there are no positive or no negative records */
    double lo, hi;              /* 95 % interval over bootstraps by item; NaN without any */
    int64_t records, positives; /* consumers at risk, and those of them who bought */
} gv_auc;

GV_API gv_auc_opts gv_auc_defaults(void);

/* Area under the ROC curve of next-activation prediction (Goyal, Bonchi, Lakshmanan, WSDM 2010).
 *
 * A record is a (consumer v, item a): the first time t of the test period at which a friend who
 * influences v buys a while v does not own it. Its score is 1 - prod (1 - p) over the influencing
 * friends who bought a in (t - window, t]; its label is whether v buys a in (t, t + window]. Records
 * whose window passes the end are dropped. Tied scores count half.
 *
 *   g        borrowed; both directions are read
 *   log      borrowed; the whole log, the training period included
 *   window   borrowed [topics of log], seconds, > 0: the same for all models that are compared
 *   model    borrowed; learnt on `g` up to opts->split, with as many topics as the log, or with one
 *            topic that stands for all; NULL gives every edge the same probability, .01
 *   opts     NULL for gv_auc_defaults()
 *
 * GV_OK; GV_ERR_ARG; GV_ERR_RANGE; GV_ERR_NOMEM. Same bytes at any thread count. */
GV_API GV_CHECKED gv_status gv_next_activation_auc(gv_context *ctx, const gv_graph *g,
                                                   const gv_log *log, const double *window,
                                                   const gv_model *model, const gv_auc_opts *opts,
                                                   gv_auc *out, gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
