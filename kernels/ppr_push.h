/* ppr_push.h -- walks pushed on from their sources: what is settled, what is still on its way. */
#ifndef KERNELS_PPR_PUSH_H
#define KERNELS_PPR_PUSH_H

#include "grapevine/ppr_local.h"
#include "kernels/ppr_work.h"

/* The edges that walks follow, row by row. */
typedef struct ppr_rows {
    const gv_graph *g;
    const gv_csr *csr;
    const float *p;           /* weight of each edge; NULL: none, or as below */
    const int64_t *in_offset; /* with weight 1 / in-degree of the target; else NULL */
    bool blocked;             /* all weights are 0: every consumer is dangling */
    bool symmetric;           /* every edge has its opposite, and all are alike */
    int64_t max_degree;
    gv_dangling dangling;
    double damping;
} ppr_rows;

void ppr_rows_of(const gv_graph *g, const gv_ppr_local_opts *o, int64_t max_degree, ppr_rows *out);

/* A consumer that walks have met. */
typedef struct ppr_spot {
    double settled;  /* score for sure */
    double residual; /* chance of walks that got here and were not followed further */
    double degree;   /* edges to follow, at least 1; 1 as long as they were not counted */
    gv_node node;
    int16_t waiting; /* in the list of those to be pushed on */
    int16_t counted;
} ppr_spot;

/* The walks of one column. */
typedef struct ppr_push {
    gv_context *ctx;
    const ppr_rows *rows;
    ppr_spot *spot; /* [room], `n` met so far, in the order in which they were met */
    int64_t n, room;
    uint64_t *table; /* [1 << bits], node << 32 | place + 1 by hash; 0 is free */
    int bits;
    int32_t *now, *next; /* [room] each, places in the order in which their turn comes */
    int64_t n_next;
    double threshold; /* residual / degree is at most this between rounds */
    double leaked;    /* chance of walks that ended at dangling consumers */
    double rounding;  /* sum of all terms that were rounded; times 2^-53 it bounds the loss */
    int64_t pushes, edges;
    int64_t max_edges;
    bool out_of_edges;
} ppr_push;

/* Starts with the teleport column [n] (nodes ascending, values sum to 1). ppr_push_free() is due in
 * any case; it may be started again for another column without. */
GV_CHECKED gv_status ppr_push_start(ppr_push *p, gv_context *ctx, const ppr_rows *rows,
                                    const gv_node *node, const double *value, int64_t n,
                                    gv_error *err);
void ppr_push_free(ppr_push *p);

/* Bytes that `n` consumers take that walks have met. */
int64_t ppr_push_bytes(int64_t n);

/* Halves the threshold and pushes until no residual is above it, or edges run out. */
GV_CHECKED gv_status ppr_push_round(ppr_push *p, gv_error *err);

/* Counts the edges of a spot if need be. */
GV_CHECKED gv_status ppr_push_count(ppr_push *p, ppr_spot *s, gv_error *err);

#endif
