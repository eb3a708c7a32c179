/* cascade_shelf.h -- row layouts of cascades that are kept from run to run (engine/context.h). */
#ifndef KERNELS_CASCADE_SHELF_H
#define KERNELS_CASCADE_SHELF_H

#include "kernels/points.h"
#include "kernels/sliced.h"

/* What the pilot found: mean spread, and points drawn for each active node. */
typedef struct gv_pilot {
    double spread, points;
} gv_pilot;

/* Each takes what an earlier run kept of this graph and these probabilities; *found is false when
 * there is nothing. What is taken is looked through: GV_ERR_DATA when it could not have been kept
 * by this program. Nothing is taken or kept of kernels that use the graph's own rows in place. */
GV_CHECKED gv_status gv_pilot_take(gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                                   gv_pilot *pilot, bool *found, gv_error *err);
GV_CHECKED gv_status gv_points_take(gv_points *p, gv_context *ctx, const gv_graph *g,
                                    const gv_coins *coins, uint64_t seed, bool *found,
                                    gv_error *err);
/* The arrays of `s`, whose coins and way are set; not by linear threshold. */
GV_CHECKED gv_status gv_sliced_take(gv_sliced *s, const gv_graph *g, bool *found, gv_error *err);

/* And keeps it for later runs, where layouts are to be kept. */
GV_CHECKED gv_status gv_pilot_shelve(gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                                     const gv_pilot *pilot, gv_error *err);
GV_CHECKED gv_status gv_points_shelve(const gv_points *p, const gv_graph *g, const gv_coins *coins,
                                      gv_error *err);
GV_CHECKED gv_status gv_sliced_shelve(const gv_sliced *s, const gv_graph *g, gv_error *err);

/* What a run would find, for plans: `p` is the constant, stored probabilities are the graph's own.
 * False also without a graph or a shelf. */
bool gv_pilot_find(gv_context *ctx, const gv_graph *g, gv_probability_rule rule, double p,
                   gv_pilot *pilot);
bool gv_points_find(gv_context *ctx, const gv_graph *g, gv_probability_rule rule, double p);
bool gv_sliced_find(gv_context *ctx, const gv_graph *g, gv_probability_rule rule, double p);

#endif
