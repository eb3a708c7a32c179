/* ppr_refine.h -- single precision between certifying sweeps; see ppr_refine.c. */
#ifndef KERNELS_PPR_REFINE_H
#define KERNELS_PPR_REFINE_H

#include "kernels/ppr_fast.h"

/* A phase of sweeps in single precision. */
typedef struct ppr_phase {
    bool mine[PPR_COLUMNS];     /* columns that take part */
    bool live[PPR_COLUMNS];     /* those that have not settled */
    double before[PPR_COLUMNS]; /* what moved at the last look */
    int next_look[PPR_COLUMNS]; /* sweep of the next look */
    int between[PPR_COLUMNS];   /* sweeps since the last one */
    ppr_recipe recipe;
    int sweep; /* the next one, from 1; 0: no phase has begun */
} ppr_phase;

/* Beside the arrays and `fast`, all that a batch knows of itself. */
typedef struct ppr_turn {
    int phase;                 /* 0: from the teleport vector; else a correction */
    double moved[PPR_COLUMNS]; /* by the last sweep in double precision */
    bool spent[PPR_COLUMNS];   /* columns that corrections do not help */
    ppr_phase now;
} ppr_turn;

typedef struct ppr_refine {
    const gv_ppr_opts *o;
    ppr_fast fast;
    ppr_batch *batch;
    ppr_teleport teleport; /* of the batch, by place, if that is not by id */
    double *arriving;      /* [n], with tiles */
    ppr_turn turn;
} ppr_refine;

/* Told before each sweep; anything but GV_OK stops the phase. */
typedef gv_status ppr_progress_fn(gv_context *ctx, void *data, gv_error *err);

/* Lays the graph out; to be closed. `columns` are those of all batches. */
GV_CHECKED gv_status ppr_refine_open(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o,
                                     const ppr_walk *walk, int64_t columns, int threads,
                                     ppr_refine *r, gv_error *err);
void ppr_refine_close(gv_context *ctx, ppr_refine *r);

/* Takes up a batch, whose buffers it uses; to be ended in any case. */
GV_CHECKED gv_status ppr_refine_begin(gv_context *ctx, ppr_refine *r, ppr_batch *b, gv_error *err);
void ppr_refine_end(gv_context *ctx, ppr_refine *r);

/* Sweeps in single precision of the active columns, from where `turn` says; counts them in
 * `column`. A sweep in double precision is due after it, and then ppr_refine_judge(). */
GV_CHECKED gv_status ppr_refine_phase(gv_context *ctx, ppr_refine *r, gv_ppr_column *column,
                                      ppr_progress_fn *progress, void *data, gv_error *err);
void ppr_refine_judge(ppr_refine *r);

#endif
