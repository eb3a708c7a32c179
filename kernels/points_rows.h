/* points_rows.h -- the layout with its rule laid open, for tests of every shape. */
#ifndef KERNELS_POINTS_ROWS_H
#define KERNELS_POINTS_ROWS_H

#include "kernels/points.h"

/* Slots up to which unequal rows are alias tables: 6.4 GB. */
#define GV_MAX_ALIAS_SLOTS (INT64_C(1) << 29)

/* gv_points_open() with another limit than GV_MAX_ALIAS_SLOTS. */
GV_CHECKED gv_status gv_points_layout(gv_points *p, gv_context *ctx, const gv_graph *g,
                                      const gv_coins *coins, uint64_t seed, int64_t max_alias_slots,
                                      gv_error *err);

#endif
