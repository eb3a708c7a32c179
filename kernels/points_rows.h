/* points_rows.h -- the layout with its rule laid open, for tests of every shape. */
#ifndef KERNELS_POINTS_ROWS_H
#define KERNELS_POINTS_ROWS_H

#include "kernels/points.h"

/* gv_points_open() with another limit than GV_MAX_COPIED. */
GV_CHECKED gv_status gv_points_layout(gv_points *p, gv_context *ctx, const gv_graph *g,
                                      const gv_coins *coins, uint64_t seed, int64_t max_copied,
                                      gv_error *err);

/* Whether records are drawn out to lines of memory: no more than half of the `words` must be of
 * rows `beyond` theirs, and all together may take half as much again as apart. Bears on speed
 * alone. */
static inline bool gv_points_inline_pays(int64_t n_nodes, int64_t words, int64_t beyond)
{
    const int64_t apart = (n_nodes << GV_ROW_ALONE) + 4 * words;
    const int64_t together = (n_nodes << GV_ROW_INLINE) + 4 * beyond;
    return 2 * beyond <= words && 2 * together <= 3 * apart;
}

/* Rows in place, whatever their number; the constants of `p` are set (points_edges.c). */
GV_CHECKED gv_status gv_points_in_place(gv_points *p, const gv_graph *g, const gv_coins *coins,
                                        gv_error *err);

/* Rows that are worked out when they are visited (points_fly.c). */
GV_CHECKED gv_status gv_points_on_the_fly(gv_points *p, const gv_graph *g, const gv_coins *coins,
                                          gv_error *err);

/* The record of a row in place, of `degree` edges from `begin` on: `largest` is its largest p up to
 * GV_COIN_FROM, `coins` whether there are greater ones. */
gv_points_row gv_points_edge_row(const gv_points_tables *t, int64_t begin, int64_t degree,
                                 double largest, bool coins);

/* Slots {limit, target, other} of n slots whose targets are there already, from weights [n] that
 * add up to `lambda`; `weight` and `other` [n] are scratch (points_alias.c). */
void gv_points_alias(uint32_t *word, int64_t n, double lambda, double *weight, gv_node *other);

/* Chance of a point, in units of 2^-32. */
static inline uint32_t gv_points_threshold(const gv_points_tables *t, double lambda)
{
    return (uint32_t)((1.0 - gv_points_exp_minus(t, lambda)) * 0x1p32);
}

#endif
