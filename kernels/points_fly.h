/* points_fly.h -- rows of points in place whose p a model works out when they are visited. */
#ifndef KERNELS_POINTS_FLY_H
#define KERNELS_POINTS_FLY_H

#include "kernels/points.h"

/* The rows that a lane has worked out. */
struct gv_fly;

/* NULL without memory; gv_fly_close() allows that. */
struct gv_fly *gv_fly_open(const gv_points *p);
void gv_fly_close(gv_context *ctx, struct gv_fly *f);

/* Bytes of one, for rows of `fly_edges` edges. */
int64_t gv_fly_bytes(int64_t n_nodes, int64_t fly_edges);
/* What of them `visits` to rows of so many edges each take, if no row is visited twice. */
int64_t gv_fly_visited_bytes(int64_t n_nodes, double visits, double degree);
/* How many edges a lane remembers: all of any row. */
int64_t gv_fly_edges(int64_t n_edges, int64_t greatest_degree);

/* Whether so many worlds of such a spread are better served by rows that are laid out once: only
 * the time hangs on it. */
bool gv_fly_is_slower(double spread, int64_t n_worlds, int64_t n_edges);

/* The gv_expand of this kernel; `at_once`: until nobody is left. */
int64_t gv_fly_expand(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t begin, int64_t end,
                      bool at_once);

#endif
