/* auc.h -- areas under ROC curves of records that are sorted by a score. */
#ifndef KERNELS_AUC_H
#define KERNELS_AUC_H

#include "engine/log.h"
#include "grapevine/evaluate.h"

typedef struct auc_records {
    int64_t n;
    const uint64_t *label; /* [n], item * 2, plus 1 where positive */
    const double *score;   /* score of record i at [i * stride], in [0, 1] */
    int64_t stride;
} auc_records;

/* All of `out`. */
GV_CHECKED gv_status auc_measure(gv_context *ctx, const gv_log *log, const auc_records *r,
                                 const gv_auc_opts *o, gv_auc *out, gv_error *err);

#endif
