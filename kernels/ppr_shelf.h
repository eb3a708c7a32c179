/* ppr_shelf.h -- layouts of personalized PageRank that are kept from run to run (engine/context.h).
 *
 * Pull and in-place make none. The others hang on the graph, the direction of the walk and whether
 * it has weights of its own, which are the graph's then: a graph without a hash has no shelf. */
#ifndef KERNELS_PPR_SHELF_H
#define KERNELS_PPR_SHELF_H

#include "kernels/ppr_fast.h"

typedef struct ppr_shelf {
    gv_context *ctx;
    const char *hash; /* of the graph */
    const ppr_walk *walk;
    bool forward;
} ppr_shelf;

/* Each takes what an earlier run kept; *found is false when there is nothing. What is taken is
 * looked through: GV_ERR_DATA when it could not have been kept by this program. */
GV_CHECKED gv_status ppr_tiles_take(const ppr_shelf *s, int threads, ppr_nodes *nodes,
                                    ppr_tiles *tiles, bool *found, gv_error *err);
/* Of a layout whose rows have `width` columns. */
GV_CHECKED gv_status ppr_segments_take(const ppr_shelf *s, int width, ppr_nodes *nodes,
                                       ppr_segments *segments, bool *found, gv_error *err);
/* The rows of the edges; bins->room says how many there have to be. */
GV_CHECKED gv_status ppr_bins_take(const ppr_shelf *s, ppr_bins *bins, bool *found, gv_error *err);

/* And keeps it for later runs, where layouts are to be kept. */
GV_CHECKED gv_status ppr_tiles_keep(const ppr_shelf *s, const ppr_nodes *nodes,
                                    const ppr_tiles *tiles, gv_error *err);
GV_CHECKED gv_status ppr_segments_keep(const ppr_shelf *s, int width, const ppr_nodes *nodes,
                                       const ppr_segments *segments, gv_error *err);
GV_CHECKED gv_status ppr_bins_keep(const ppr_shelf *s, const ppr_bins *bins, gv_error *err);

/* Whether a run with these options would find its layout, for plans. */
bool ppr_layout_find(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o, int64_t columns);

#endif
