/* ppr.h -- personalized PageRank, many teleport columns at once. */
#ifndef GRAPEVINE_PPR_H
#define GRAPEVINE_PPR_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the walk goes from a consumer without edges to follow. */
typedef enum gv_dangling {
    GV_DANGLING_TELEPORT = 0, /* to the column's teleport vector (NetworkX, igraph) */
    GV_DANGLING_UNIFORM = 1,  /* to everyone alike (LDBC, plain PageRank)           */
    GV_DANGLING_SELF = 2,     /* it stays                                           */
    GV_DANGLING_LEAK = 3      /* it ends; scores sum to less than 1 (GAP, Neo4j)    */
} gv_dangling;

typedef enum gv_direction {
    GV_FORWARD = 0, /* the walk follows influence edges u -> v */
    GV_REVERSE = 1  /* from the influenced back to the influencer: ranks influence */
} gv_direction;

/* Precision of the sweeps. Scores are proven and returned in double precision either way. */
typedef enum gv_ppr_precision {
    GV_PPR_F64 = 0, /* every sweep in double precision */
    GV_PPR_F32 = 1  /* most in single precision, corrected by sweeps in double precision */
} gv_ppr_precision;

/* How edges are laid out, and with it the order in which sums are taken. GV_PPR_F64 has
 * GV_PPR_PULL and, for one column, GV_PPR_SEGMENTS; the others are for GV_PPR_F32. */
typedef enum gv_ppr_layout {
    GV_PPR_AUTO = 0,     /* what graph, options and number of columns call for         */
    GV_PPR_PULL = 1,     /* rows and sources as they are                               */
    GV_PPR_SEGMENTS = 2, /* one column, nodes by degree, edges in tiles                */
    GV_PPR_BLOCKING = 3, /* one column, edges in bins by the rows they end in          */
    GV_PPR_SORTED8 = 4,  /* 8 columns, nodes by degree, the hot sources in segments    */
    GV_PPR_SORTED16 = 5, /* 16 columns, likewise                                       */
    GV_PPR_IN_PLACE = 6  /* gv_ppr_in_place()                                          */
} gv_ppr_layout;

typedef struct gv_ppr_opts {
    double damping;         /* chance of following an edge, in (0, 1)                    [0.85] */
    double tolerance;       /* bound on the L1 error of each column, >= 0; 0: do exactly
                               max_iterations sweeps from the teleport vector            [1e-9] */
    int32_t max_iterations; /* sweeps at most, >= 0                                      [1000] */
    gv_dangling dangling;   /*                                           [GV_DANGLING_TELEPORT] */
    gv_direction direction; /*                                                     [GV_FORWARD] */
    bool weighted;          /* follow edges in proportion to their probability; else alike
                                                                                        [false] */
    gv_ppr_precision precision; /*                                                 [GV_PPR_F64] */
    gv_ppr_layout layout;       /*                                                [GV_PPR_AUTO] */
} gv_ppr_opts;

/* Teleport vectors in compressed sparse columns; an empty column means uniform (global PageRank).
 */
typedef struct gv_teleport {
    int64_t n_columns;     /* >= 1 */
    const int64_t *offset; /* borrowed [n_columns + 1], offset[0] = 0 */
    const gv_node *node;   /* borrowed [offset[n_columns]]; a node listed twice counts twice */
    const double *weight;  /* borrowed, same length, finite and >= 0, each non-empty column with a
                              positive sum (scaled to 1); NULL means all alike */
} gv_teleport;

typedef struct gv_ppr_column {
    int32_t iterations; /* sweeps made */
    bool converged;     /* residual <= tolerance; always true with tolerance 0 */
    double residual;    /* proven bound on the L1 error of the column */
} gv_ppr_column;

GV_API gv_ppr_opts gv_ppr_defaults(void);

/* Scores every node by a random walk that restarts at the teleport vector, column by column.
 *
 *   g          borrowed; only read. FORWARD pulls over /in and reads /out offsets, REVERSE the
 *              other way round
 *   teleport   borrowed
 *   opts       NULL for gv_ppr_defaults()
 *   score      out, [n_columns][n_nodes], caller's; each column sums to 1 (LEAK: to less)
 *   column     out, [n_columns], may be NULL
 *
 * GV_OK; GV_ERR_ARG; GV_ERR_RANGE bad node, weight or option; GV_ERR_NOMEM; GV_ERR_CANCELLED; or
 * GV_ERR_CONVERGE with the last sweep of the columns concerned left in `score`. A column's bits
 * depend on the graph, the column, the options and the layout alone, and in single precision with
 * the layout pull on whether there are others: not on threads or on what is in the other columns.
 * Time O(sweeps * (nodes + edges)) per column; scratch about 16 bytes per node and column of a
 * batch of at most 16; in single precision 12, and 4 to 12 bytes an edge for the layout. */
GV_API GV_CHECKED gv_status gv_ppr(gv_context *ctx, const gv_graph *g, const gv_teleport *teleport,
                                   const gv_ppr_opts *opts, double *score, gv_ppr_column *column,
                                   gv_error *err);

/* The same for graphs whose columns fill most of the memory: one array of floats and no other of
 * that size; at most 16 columns. Sweeps overwrite it block by block, so that later rows see what
 * earlier ones have become, which also takes fewer sweeps. Bounds are proven in double precision
 * and hold for what is returned; a tolerance below about 1e-6 is more than floats can hold at a
 * damping of .85 (on graphs of a few nodes 3e-6).
 *
 *   opts    NULL for gv_ppr_defaults(); tolerance > 0, max_iterations >= 1; precision and layout
 *           are not looked at
 *   score   out, [n_nodes][gv_ppr_in_place_width(n_columns)], caller's, 64-byte aligned: columns of
 *           a node side by side, 0 in those beyond n_columns
 *
 * Errors as gv_ppr(); GV_ERR_ARG for more than 16 columns. Scratch: 4 MiB, half a byte a
 * node and, if edges have probabilities of their own, 8 bytes a node more. */
GV_API GV_CHECKED gv_status gv_ppr_in_place(gv_context *ctx, const gv_graph *g,
                                            const gv_teleport *teleport, const gv_ppr_opts *opts,
                                            float *score, gv_ppr_column *column, gv_error *err);

/* 8 or 16. */
GV_API int32_t gv_ppr_in_place_width(int64_t n_columns);

/* The layout that gv_ppr() would take for so many columns, into `out`; with it as `layout` in the
 * options the choice need not be made again. Errors as gv_ppr(). */
GV_API GV_CHECKED gv_status gv_ppr_choose(gv_context *ctx, const gv_graph *g, int64_t n_columns,
                                          const gv_ppr_opts *opts, gv_ppr_layout *out,
                                          gv_error *err);

/* Names for provenance (@layout, @precision). */
GV_API const char *gv_ppr_layout_name(gv_ppr_layout layout);
GV_API const char *gv_ppr_precision_name(gv_ppr_precision precision);

/* The k best of n scores: score descending, then node ascending.
 *
 *   k           >= 0; may exceed n
 *   node        out, [k], padded with -1
 *   top         out, [k], padded with NaN
 *   next_score  out, the score of place k + 1, NaN when there is none
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_top_k(gv_context *ctx, const double *score, int64_t n, int64_t k,
                                     gv_node *node, double *top, double *next_score, gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
