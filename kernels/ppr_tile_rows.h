/* ppr_tile_rows.h -- the rows of a walk by strip, from which ppr_tiles.c makes tiles. */
#ifndef KERNELS_PPR_TILE_ROWS_H
#define KERNELS_PPR_TILE_ROWS_H

#include "kernels/ppr_tiles.h"

typedef struct ppr_row_edges {
    uint32_t row, count; /* row within its strip */
} ppr_row_edges;

/* The rows of a strip that have edges, as they come in the graph. */
typedef struct ppr_strip_rows {
    int64_t n, n_edges;
    ppr_row_edges *row; /* [n] */
    uint32_t *place;    /* [n_edges] of the sources */
    float *p;           /* [n_edges] weights, or NULL */
} ppr_strip_rows;

typedef struct ppr_tile_rows {
    int64_t n, longest;   /* strips, and the edges of the longest */
    ppr_strip_rows *rows; /* [n] */
} ppr_tile_rows;

/* Cuts rows by place into strips (strip and n_strips of `tiles`) and parts the rows by strip; false
 * without memory. To be freed in either case. */
bool ppr_tile_rows_make(gv_context *ctx, const ppr_walk *walk, const gv_node *place, int threads,
                        ppr_tiles *tiles, ppr_tile_rows *out);
void ppr_strip_rows_free(gv_context *ctx, ppr_strip_rows *rows);
void ppr_tile_rows_free(gv_context *ctx, ppr_tile_rows *t);

#endif
