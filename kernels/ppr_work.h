/* ppr_work.h -- what the parts of personalized PageRank share: the graph as the walk sees it,
 * teleport columns, a batch of columns, and sums that lose nothing worth speaking of. */
#ifndef KERNELS_PPR_WORK_H
#define KERNELS_PPR_WORK_H

#include <stddef.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/ppr.h"

enum {
    PPR_COLUMNS = 16, /* columns of a batch at most: one gather of 128 bytes serves them all */
    PPR_TILE = 64,    /* rows that are handled column by column while they lie in L1 */
    PPR_LANES = 8     /* partial sums of a block, whatever the vector width */
};

/* ---- sums --------------------------------------------------------------------------------- */

/* Compensated sum of numbers >= 0 (Neumaier 1974): relative error of about one rounding. */
typedef struct ppr_sum {
    double sum, carry;
} ppr_sum;

static inline void ppr_add(ppr_sum *s, double x)
{
    const double next = s->sum + x;
    s->carry += s->sum >= x ? (s->sum - next) + x : (x - next) + s->sum;
    s->sum = next;
}

static inline double ppr_total(const ppr_sum *s)
{
    return s->sum + s->carry;
}

/* ---- the walk ----------------------------------------------------------------------------- */

/* Row v holds the nodes that can step to v. */
typedef struct ppr_walk {
    int64_t n;
    const int64_t *offset; /* [n + 1] */
    const gv_node *source; /* [n_edges] */
    const float *p;        /* [n_edges], weight of each edge; NULL: all alike */
    const int64_t *leave;  /* [n + 1], offsets of the edges that leave a node */
    const double *weight;  /* [n], sum of the weights of those; NULL: their number */
    double *owned;         /* the same, unless the graph has them */
    bool by_degree;        /* all edges into v have the weight 1 / in-degree of v */
} ppr_walk;

/* Sets up the walk of `opts`; to be freed with ppr_walk_free(). */
GV_CHECKED gv_status ppr_walk_start(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *opts,
                                    ppr_walk *walk, gv_error *err);
void ppr_walk_free(gv_context *ctx, ppr_walk *walk);

/* The weights of edges by row, if the walk has some of its own; else NULL. */
const float *ppr_walk_weights(const gv_graph *g, const gv_ppr_opts *o);

/* Weight of the edges that leave v; 0 for a dangling node. */
static inline double ppr_leaving(const ppr_walk *walk, int64_t v)
{
    return walk->weight != NULL ? walk->weight[v] : (double)(walk->leave[v + 1] - walk->leave[v]);
}

/* ---- teleport ----------------------------------------------------------------------------- */

/* Columns of a batch: node ascending without duplicates, values that sum to 1; an empty column is
 * uniform. */
typedef struct ppr_teleport {
    int64_t offset[PPR_COLUMNS + 1];
    gv_node *node;
    double *value;
} ppr_teleport;

/* Takes columns [first, first + n_columns) of `from`, which was checked before. */
GV_CHECKED gv_status ppr_teleport_take(gv_context *ctx, const gv_teleport *from, int64_t first,
                                       int n_columns, ppr_teleport *out, gv_error *err);
void ppr_teleport_free(gv_context *ctx, ppr_teleport *t);

/* First entry of column c at node (or place) `begin` or after. */
int64_t ppr_teleport_from(const ppr_teleport *t, int c, int64_t begin);

/* Writes column `c` densely into score [n]. */
void ppr_teleport_fill(const ppr_teleport *t, int c, double *score, int64_t n, int threads);

/* GV_OK, or what is wrong with the options: with those of pushes as well as of sweeps; with all of
 * sweeps, but for the layout. */
GV_CHECKED gv_status ppr_check_walk(const gv_graph *g, const gv_ppr_opts *o, gv_error *err);
GV_CHECKED gv_status ppr_check_opts(const gv_graph *g, const gv_ppr_opts *o, gv_error *err);

/* GV_OK, or what is wrong with the teleport columns. */
GV_CHECKED gv_status ppr_teleport_check(const gv_teleport *t, int64_t n_nodes, gv_error *err);

/* ---- batches ------------------------------------------------------------------------------ */

/* What a sweep found out about each column. */
typedef struct ppr_measure {
    double lost[PPR_COLUMNS];     /* score on dangling nodes before the sweep */
    double moved[PPR_COLUMNS];    /* L1 distance to the vector before */
    double rounding[PPR_COLUMNS]; /* sum of (row length + PPR_ROUNDINGS) * score */
} ppr_measure;

typedef struct ppr_batch {
    int n_columns, width; /* width: 1, 2, 4, 8 or 16, at least n_columns */
    double damping;
    gv_dangling dangling;
    ppr_teleport teleport;
    double *score[PPR_COLUMNS];    /* each [n], the caller's */
    bool active[PPR_COLUMNS];      /* a column that is not stays as it is */
    double *share;                 /* [n][width], score over weight of the edges that leave */
    float *delta;                  /* [n][width] by place, out: what a sweep changed; may be NULL */
    const gv_node *place;          /* [n], place of each node in `delta`; NULL: its id */
    const struct ppr_tiles *tiles; /* one column: edges by those places; NULL: as in the graph */
    double *arriving;              /* [n], with tiles */
    ppr_measure *part;             /* [blocks] */
    ppr_measure found;
} ppr_batch;

/* Roundings of a score beside those of the sum over its row, at most; see ppr.c. */
enum { PPR_ROUNDINGS = 20 };

/* Columns of a batch, for `limit` bytes of memory that are left (0: no limit). */
int ppr_width(int64_t n_nodes, int64_t n_columns, int64_t longest, int64_t limit);

/* Sweeps after which 2 a^K is below the tolerance: the most that a column can need, but for
 * rounding. */
int64_t ppr_sweeps_expected(const gv_ppr_opts *o);

/* The layout that `o` asks for, or else the one that graph and options get; or why it cannot be. */
GV_CHECKED gv_status ppr_layout_choose(int64_t n_nodes, int64_t columns, const gv_ppr_opts *o,
                                       gv_ppr_layout *out, gv_error *err);

/* The layout that is chosen where none is asked for. */
gv_ppr_layout ppr_layout_choice(int64_t n_nodes, int64_t columns, const gv_ppr_opts *o);

/* Columns of a batch in a layout for single precision. */
int ppr_layout_width(gv_ppr_layout layout, int64_t columns);

/* One sweep of all active columns; fills `found`. */
void ppr_sweep(const ppr_walk *walk, ppr_batch *batch, int threads);

#endif
