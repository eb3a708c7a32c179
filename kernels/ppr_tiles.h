/* ppr_tiles.h -- the edges of a walk cut into tiles, for sweeps of one column.
 *
 * A tile holds the edges from one segment of PPR_TILE_SIDE sources to one strip of at most as many
 * rows, both by place: sources and rows have 16 bits, the shares of the segment stay in a
 * second-level cache, and so do the sums of the strip. A strip is one thread's, tile after tile.
 *
 * In a tile the edges of a row are a run. Runs of more than PPR_TILE_SHORT edges are summed in 16
 * parts by position, and the parts in a fixed tree; shorter runs come 16 rows at a time, longest
 * first: step j adds edge j of every row that has so many. So vectors are full and their number of
 * rounds is seldom a surprise, and a plain loop gives the same bits. */
#ifndef KERNELS_PPR_TILES_H
#define KERNELS_PPR_TILES_H

#include "kernels/ppr_work.h"

enum {
    PPR_TILE_SIDE = 1 << 16,
    PPR_TILE_LANES = 16,
    PPR_TILE_SHORT = 64,   /* edges of a run that is summed beside others, at most */
    PPR_TILE_LONG = 8192,  /* edges of a long run, at most; rows with more have several */
    PPR_TILE_BEYOND = 32,  /* sources (and weights) that may be read behind the last one */
    PPR_TILE_STRIPS = 128, /* strips have no more than this part of the edges, if rows allow */
};

/* Rows beside each other, of counts that descend; unused lanes come last with count 0. */
typedef struct ppr_slice {
    uint16_t row[PPR_TILE_LANES];
    uint8_t count[PPR_TILE_LANES];
} ppr_slice;

typedef struct ppr_long_run {
    uint16_t row, count;
} ppr_long_run;

/* What a tile adds to the sums of its strip. Sources come in the order in which they are read. */
typedef struct ppr_tile_work {
    const ppr_long_run *run;
    const ppr_slice *slice;
    int64_t n_runs, n_slices;
    const uint16_t *source; /* PPR_TILE_BEYOND of them may be read behind the last one */
    const float *p;         /* likewise, or NULL */
    const void *share;      /* of the segment, float or double */
    void *sum;              /* of the strip, likewise */
} ppr_tile_work;

typedef void ppr_tile_fn(const ppr_tile_work *work);

typedef struct ppr_tile_lanes {
    const char *name;
    ppr_tile_fn *single, *twice; /* precision */
} ppr_tile_lanes;

enum { PPR_TILE_LEVELS = 2 };

/* Level 0 is plain C; NULL if this machine has no such level. All give the same bits. */
const ppr_tile_lanes *ppr_tile_lanes_at(int level);
const ppr_tile_lanes *ppr_tile_lanes_best(void);

/* Where the runs, slices and edges of a tile start in its strip. */
typedef struct ppr_tile {
    int64_t run, slice, edge;
} ppr_tile;

typedef struct ppr_strip {
    int64_t begin, end; /* rows; a multiple of GV_BLOCK, but for the last end */
    ppr_tile *tile;     /* [segments + 1] */
    ppr_long_run *run;
    ppr_slice *slice;
    uint16_t *source;
    float *p;
} ppr_strip;

struct ppr_tiles {
    int64_t n_strips, n_segments, n;
    const gv_node *order; /* borrowed [n] */
    ppr_strip *strip;     /* [n_strips] */
    bool mapped;          /* what strips point to is in a file, only read, and not owned */
    void *sums;           /* [threads][PPR_TILE_SIDE], double or float */
    const ppr_tile_lanes *lanes;
};
typedef struct ppr_tiles ppr_tiles;

/* Lays out the walk with rows and sources at `place` (order: its inverse), for `threads`. */
GV_CHECKED gv_status ppr_tiles_build(gv_context *ctx, const ppr_walk *walk, const gv_node *order,
                                     const gv_node *place, int threads, ppr_tiles *out,
                                     gv_error *err);
/* The same without strips, which lie elsewhere. */
GV_CHECKED gv_status ppr_tiles_begin(gv_context *ctx, int64_t n, const gv_node *order, int threads,
                                     ppr_tiles *out, gv_error *err);
void ppr_tiles_free(gv_context *ctx, ppr_tiles *t);

/* Sums of strip i over shares by place, for the calling thread; valid until its next call. */
const float *ppr_tiles_sum(const ppr_tiles *t, int64_t i, const float *share);
const double *ppr_tiles_sum_double(const ppr_tiles *t, int64_t i, const double *share);

#endif
