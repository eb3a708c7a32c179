/* ppr_local.h -- the best consumers of a few personalized PageRanks, without looking at the whole
 * graph: walks are pushed on from their sources until bounds tell the best from all others. */
#ifndef GRAPEVINE_PPR_LOCAL_H
#define GRAPEVINE_PPR_LOCAL_H

#include "grapevine/ppr.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gv_ppr_local_opts {
    double damping;       /* chance of following an edge, in (0, 1)                    [0.85] */
    double tolerance;     /* stop when no consumer that is not listed can exceed one that is by
                             more than this, >= 0                                      [1e-9] */
    double accuracy;      /* ... and the bounds of each listed score are no further apart than this
                             part of it (or than `tolerance`), > 0                     [0.1] */
    int64_t max_edges;    /* edges looked at for one column at most, >= 1           [4000000] */
    gv_dangling dangling; /*                                           [GV_DANGLING_TELEPORT] */
    gv_direction direction; /*                                                     [GV_FORWARD] */
    bool weighted;          /* follow edges in proportion to their probability; else alike
                                                                                        [false] */
} gv_ppr_local_opts;

/* Why a column stopped. */
typedef enum gv_ppr_reason {
    GV_PPR_CERTIFIED = 0, /* nobody else can have a higher score than those listed     */
    GV_PPR_WITHIN = 1,    /* nobody else can have a score higher by more than `tolerance` */
    GV_PPR_EDGES = 2,     /* the next round would take more than max_edges             */
    GV_PPR_ROUNDING = 3   /* further rounds would be lost in rounding                  */
} gv_ppr_reason;

typedef struct gv_ppr_local_column {
    bool converged; /* reason is GV_PPR_CERTIFIED or GV_PPR_WITHIN; bounds hold in any case */
    gv_ppr_reason reason;
    int32_t rounds;    /* halvings of the threshold */
    int64_t pushes;    /* consumers whose walks were pushed on, with repetitions */
    int64_t edges;     /* looked at */
    int64_t nodes;     /* consumers met */
    double residual;   /* L1 distance of all lower bounds from the exact scores, at most */
    double next_score; /* of place k + 1; NaN when fewer were met */
    double others;     /* no consumer that is not listed has a higher score than this */
} gv_ppr_local_column;

/* The lists of all columns: the k best, score descending, then node ascending. A score is the
 * middle of its bounds, or nearer to where it will lie; lower <= exact score <= upper always. */
typedef struct gv_ppr_best {
    gv_node *node;                 /* out [n_columns][k], caller's; padded with -1 */
    double *score, *lower, *upper; /* out [n_columns][k], caller's; padded with NaN */
} gv_ppr_best;

GV_API gv_ppr_local_opts gv_ppr_local_defaults(void);

/* The k best of each teleport column, each by itself, one thread a column.
 *
 *   g            borrowed; FORWARD reads rows of /out, REVERSE of /in, only those of consumers that
 *                walks are pushed on from; they are checked while they are read
 *   teleport     borrowed; no empty columns
 *   k            >= 1
 *   opts         NULL for gv_ppr_local_defaults()
 *   max_degree   the most edges in one row that a walk follows, from gv_ppr_max_degree(), or
 *                n_nodes if it is not known: lists cannot be certified then
 *   best         borrowed; its arrays are filled
 *   column       out, [n_columns], may be NULL
 *
 * GV_OK; GV_ERR_ARG; GV_ERR_RANGE; GV_ERR_DATA a row that cannot be; GV_ERR_NOMEM;
 * GV_ERR_CANCELLED; or GV_ERR_CONVERGE with the lists and bounds reached. A column's bits depend on
 * graph, column and options alone. Time and memory O(edges looked at): 56 bytes a consumer met. */
GV_API GV_CHECKED gv_status gv_ppr_local(gv_context *ctx, const gv_graph *g,
                                         const gv_teleport *teleport, int64_t k,
                                         const gv_ppr_local_opts *opts, int64_t max_degree,
                                         const gv_ppr_best *best, gv_ppr_local_column *column,
                                         gv_error *err);

/* The most edges that leave a consumer in that direction: one pass over the offsets, once for any
 * number of calls. GV_OK; GV_ERR_DATA offsets that cannot be. */
GV_API GV_CHECKED gv_status gv_ppr_max_degree(gv_context *ctx, const gv_graph *g,
                                              gv_direction direction, int64_t *out, gv_error *err);

/* "certified", "tolerance", "edges", "rounding". */
GV_API const char *gv_ppr_reason_name(gv_ppr_reason reason);

#ifdef __cplusplus
}
#endif
#endif
