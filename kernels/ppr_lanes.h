/* ppr_lanes.h -- the innermost loops of sweeps in single precision, for 1, 8 and 16 columns.
 *
 * A visit is a run of edges into one row of a block: row << PPR_VISIT_BITS | number of edges, at
 * least 1. A longer run is several visits of the same row, so that no sum has more than
 * PPR_VISIT_EDGES terms and rounding stays small in rows of any length. */
#ifndef KERNELS_PPR_LANES_H
#define KERNELS_PPR_LANES_H

#include <stdint.h>

#include "grapevine/graph.h"

enum { PPR_VISIT_BITS = 22, PPR_VISIT_EDGES = 512 };

/* The work of one block: to[row][width] += sum of share[source][width] (* p). */
typedef struct ppr_visits {
    const uint32_t *visit;
    int64_t n;
    const gv_node *source; /* of the first edge */
    const gv_node *last;   /* of the array's last edge: what is prefetched ends there */
    const float *p;        /* of the first edge, or NULL */
    const float *share;    /* 64-byte aligned if width is not 1, as is `to` */
    float *to;
} ppr_visits;

/* One column is summed in 16 parts, by position in the visit, and those in a fixed tree. */
typedef void ppr_lanes_fn(const ppr_visits *work);

typedef struct ppr_lanes {
    const char *name;
    ppr_lanes_fn *visits1, *visits8, *visits16;
} ppr_lanes;

enum { PPR_LEVELS = 3 };

/* Level 0 is plain C; NULL if this machine has no such level. All give the same bits. */
const ppr_lanes *ppr_lanes_at(int level);
const ppr_lanes *ppr_lanes_best(void);

#endif
