/* ppr_fast.h -- sweeps of personalized PageRank in single precision: layouts and their parts.
 *
 * A sweep keeps the share of each node, its score over the weight that leaves it (the score itself
 * where nothing leaves), `width` columns side by side. Rows are handled in blocks of GV_BLOCK
 * places; a layout says which node has which place, and in which order the edges of a row are
 * added. */
#ifndef KERNELS_PPR_FAST_H
#define KERNELS_PPR_FAST_H

#include "kernels/ppr_lanes.h"
#include "kernels/ppr_tiles.h"
#include "kernels/ppr_work.h"

/* ---- nodes -------------------------------------------------------------------------------- */

/* Node order[k] has the place k, node v the place place[v]; NULL: every node that of its id. */
typedef struct ppr_nodes {
    const gv_node *order, *place;   /* [n] */
    gv_node *own_order, *own_place; /* the same, if they do not lie in a file */
} ppr_nodes;

/* ---- segments ----------------------------------------------------------------------------- */

/* Bytes of shares that a segment of sources holds: they stay in a second-level cache. A constant,
 * so that the order of sums is a matter of the graph alone. */
enum { PPR_SEGMENT_BYTES = 1 << 20, PPR_MOST_SEGMENTS = 128 };

/* The edges whose sources have their places in one range. */
typedef struct ppr_segment {
    int64_t *block_visit, *block_edge; /* [blocks + 1], first of a block */
    uint32_t *visit;                   /* see ppr_lanes.h */
    const gv_node *source;             /* places */
    const float *p;                    /* weights, or NULL */
    gv_node *own_source;               /* the same, if they are not the graph's */
    float *own_p;
} ppr_segment;

typedef struct ppr_segments {
    int n;         /* >= 1; the last one holds all sources beyond those before it */
    int64_t width; /* places of a segment, but for the last */
    ppr_segment *segment;
    bool mapped; /* what segments point to is in a file, only read, and not owned */
} ppr_segments;

/* Edges of a sample of rows by segment, and what cutting them there would cost. */
typedef struct ppr_cut {
    int n;         /* segments that pay, and one for the rest */
    int64_t width; /* places of a segment */
} ppr_cut;

/* Nodes by number of edges that leave them, descending, then by id: order[place] and its inverse.
 */
GV_CHECKED gv_status ppr_order(gv_context *ctx, const ppr_walk *walk, gv_node *order,
                               gv_node *place, gv_error *err);

/* Where to cut for `columns` columns a sweep. */
GV_CHECKED gv_status ppr_cut_choose(gv_context *ctx, const ppr_walk *walk, const gv_node *order,
                                    const gv_node *place, int columns, ppr_cut *out, gv_error *err);

GV_CHECKED gv_status ppr_segments_build(gv_context *ctx, const ppr_walk *walk, const gv_node *order,
                                        const gv_node *place, const ppr_cut *cut, ppr_segments *out,
                                        gv_error *err);
void ppr_segments_free(gv_context *ctx, ppr_segments *s);

/* ---- propagation blocking ----------------------------------------------------------------- */

enum {
    PPR_BIN_ROWS = 1 << 17, /* their sums, in double precision, fill 1 MiB */
    PPR_GROUPS = 64,        /* groups of sources, whatever the number of threads */
    PPR_LINE = 16           /* shares that are written at once */
};

/* Edges by row of their end, in bins; within a bin by group of sources, then by source. */
typedef struct ppr_bins {
    int64_t n;           /* bins */
    int64_t *start;      /* [bins][PPR_GROUPS + 1], a multiple of PPR_LINE; the end is the next */
    int64_t *count;      /* [bins][PPR_GROUPS], edges there */
    int64_t *group;      /* [PPR_GROUPS + 1], first source of a group */
    const gv_node *to;   /* borrowed [n_edges], ends of the edges that leave a node */
    const float *weight; /* borrowed, their weights, or NULL */
    uint32_t *row;       /* row in its bin */
    int64_t room;        /* of `row` and `value` */
    bool mapped;         /* `row` is in a file, only read, and not owned */
    float *value;        /* share that comes along the edge */
    float *line;         /* [threads][bins][PPR_LINE], shares not yet written */
    int32_t *filled;     /* [threads][bins] */
} ppr_bins;

/* All but the rows of the edges, which come next. */
GV_CHECKED gv_status ppr_bins_begin(gv_context *ctx, const ppr_walk *walk, const gv_csr *leave,
                                    int threads, ppr_bins *out, gv_error *err);
GV_CHECKED gv_status ppr_bins_fill(gv_context *ctx, const ppr_walk *walk, int threads,
                                   ppr_bins *out, gv_error *err);
void ppr_bins_free(gv_context *ctx, ppr_bins *bins);

/* Writes the share of every source to the bins of its edges. */
void ppr_bins_scatter(const ppr_walk *walk, const ppr_bins *bins, const float *share, int threads);

/* sum[row] of bin b, in double precision, in order of the sources. */
void ppr_bins_gather(const ppr_bins *bins, int64_t b, int64_t n_rows, double *sum);

/* ---- the sweep ---------------------------------------------------------------------------- */

typedef struct ppr_fast {
    gv_ppr_layout layout;
    const ppr_walk *walk;
    const ppr_lanes *lanes;
    int64_t n;
    int width, n_columns, threads;
    ppr_nodes nodes;
    float *scale;  /* [n] by place, 1 / weight that leaves; 0 where nothing does */
    float *factor; /* [n] by place, 1 / row length when all weights of a row are that */
    ppr_segments segments;
    ppr_tiles tiles;
    ppr_bins bins;
    double *sums;            /* [threads][PPR_BIN_ROWS], for bins */
    float *from, *to;        /* [n][width], borrowed */
    float *right;            /* [n][width], the constant term of a correction */
    float unit[PPR_COLUMNS]; /* what shares are measured in */
    ppr_measure *part;       /* [blocks], borrowed */
    ppr_measure found;
} ppr_fast;

/* Nodes by degree and edges in tiles, for sweeps in double precision. */
typedef struct ppr_placed {
    ppr_nodes nodes;
    ppr_tiles tiles;
    double *arriving; /* [n] */
} ppr_placed;

GV_CHECKED gv_status ppr_placed_open(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o,
                                     const ppr_walk *walk, int threads, ppr_placed *out,
                                     gv_error *err);
void ppr_placed_close(gv_context *ctx, ppr_placed *p);

/* Lays the graph out. `columns` are those of all batches together. */
GV_CHECKED gv_status ppr_fast_open(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o,
                                   const ppr_walk *walk, int64_t columns, int threads,
                                   ppr_fast *out, gv_error *err);
void ppr_fast_close(gv_context *ctx, ppr_fast *f);

/* What the rows of a sweep get beside what arrives. */
typedef struct ppr_recipe {
    float damping;
    float base[PPR_COLUMNS], jump[PPR_COLUMNS]; /* for everyone; along the teleport column */
    bool live[PPR_COLUMNS];                     /* columns that may change */
    bool measure;                               /* find out what moves */
    bool right;                                 /* add the constant term of a correction */
    bool stay;                                  /* dangling nodes keep their score */
    bool renew;                                 /* later rows see what earlier ones have become */
    bool even;                                  /* scores of a live column sum to 1: see to it */
} ppr_recipe;

/* Whether the layout can renew rows during a sweep. */
bool ppr_fast_renews(const ppr_fast *f);

/* One sweep from `from` to `to`, which then change places; teleport entries are places. Fills
 * `found`: what is lost to dangling nodes after the sweep and, if measured, what moved. */
void ppr_fast_sweep(ppr_fast *f, const ppr_recipe *recipe, const ppr_teleport *teleport);

/* The same without edges: `from` becomes the constant terms alone. */
void ppr_fast_start(ppr_fast *f, const ppr_recipe *recipe, const ppr_teleport *teleport);

/* score = what `from` says of column c; with `correct`, score += that - right, at least 0. */
void ppr_fast_take(const ppr_fast *f, int c, double *score, bool correct);

#endif
