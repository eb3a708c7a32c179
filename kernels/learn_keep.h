/* learn_keep.h -- the state of learning, kept between items of the log and after the last one. */
#ifndef KERNELS_LEARN_KEEP_H
#define KERNELS_LEARN_KEEP_H

#include "engine/model.h"

typedef enum learn_phase { LEARN_DELAYS, LEARN_CREDITS, LEARN_FACTORS } learn_phase;

/* The head of a state: how far it came. */
typedef struct learn_kept {
    int64_t phase;  /* learn_phase */
    int64_t next;   /* the first item of the log that was not visited */
    int64_t chunks; /* of records */
    bool found;
} learn_kept;

/* Each is GV_ERR_CANCELLED, with the state kept, when the run is to stop. */

/* Between items of the first pass: its histograms [n]. */
GV_CHECKED gv_status learn_keep_histograms(gv_context *ctx, int64_t next, int64_t *count, int64_t n,
                                           gv_error *err);
/* Between items of the second: delays, windows and counters of `m`, and chunks of records. */
GV_CHECKED gv_status learn_keep_counts(const gv_model *m, int64_t next, const gv_state_part *chunk,
                                       int64_t n_chunks, gv_error *err);
/* After it: the same, with the evidence in place of records. */
GV_CHECKED gv_status learn_keep_evidence(const gv_model *m, gv_error *err);

/* The head of what an earlier run kept; found is false when it kept nothing. */
GV_CHECKED gv_status learn_take(gv_context *ctx, learn_kept *kept, gv_error *err);
GV_CHECKED gv_status learn_take_histograms(gv_context *ctx, int64_t *count, int64_t n,
                                           gv_error *err);
/* Into the arrays of `m`. */
GV_CHECKED gv_status learn_take_delays(const gv_model *m, gv_error *err);
/* Sizes of the chunks, if they have no data yet; else counters and chunks. */
GV_CHECKED gv_status learn_take_counts(const gv_model *m, gv_state_part *chunk, int64_t n_chunks,
                                       gv_error *err);
/* Counters and evidence; takes the arrays of the latter. */
GV_CHECKED gv_status learn_take_evidence(gv_model *m, gv_error *err);

#endif
