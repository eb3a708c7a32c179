/* ppr_in_place.h -- sweeps of 8 or 16 columns that overwrite the columns; see ppr_in_place.c. */
#ifndef KERNELS_PPR_IN_PLACE_H
#define KERNELS_PPR_IN_PLACE_H

#include "kernels/ppr_work.h"

/* Rows that all threads do together before the next ones see the new values. */
enum { PPR_IN_PLACE_ROWS = 1 << 16 };

/* What a sweep found out about the columns, in double precision. */
typedef struct ppr_shift {
    double moved[PPR_COLUMNS];    /* L1 distance to the vector before */
    double rounding[PPR_COLUMNS]; /* between what is stored and what was computed, and what was
                                     computed and the formula, at most */
    double lost[PPR_COLUMNS];     /* score on dangling nodes, afterwards */
    double mass[PPR_COLUMNS];     /* score of all nodes, afterwards */
} ppr_shift;

/* A tile of at most PPR_TILE rows. */
typedef struct ppr_rows {
    const ppr_walk *walk;
    int64_t begin, end;
    const float *share; /* [n][width], 64-byte aligned */
    float *next;        /* [rows of the tile][width], likewise */
    double *sum;        /* [PPR_TILE][width], likewise */
    double damping;
    const double *base;  /* [width], 64-byte aligned */
    const double *unit;  /* [width], what shares are measured in; likewise */
    const int32_t *live; /* [width], -1 or 0: columns that may change; likewise */
    bool stay;           /* dangling nodes keep their score */
} ppr_rows;

/* sum = damping * what arrives + base; then, from sums that are complete, the shares of the tile
 * and what shifted. */
typedef void ppr_rows_fn(const ppr_rows *rows, ppr_shift *shift);

typedef struct ppr_in_place_lanes {
    const char *name;
    ppr_rows_fn *pull8, *pull16, *finish8, *finish16;
} ppr_in_place_lanes;

enum { PPR_IN_PLACE_LEVELS = 3 };

/* Level 0 is plain C; NULL if this machine has no such level. All give the same bits. */
const ppr_in_place_lanes *ppr_in_place_lanes_at(int level);
const ppr_in_place_lanes *ppr_in_place_lanes_best(void);

#endif
