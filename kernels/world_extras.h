/* world_extras.h -- what worlds are asked for besides their spread: seeds that may decline, what
 * the active are worth, when they became active. None of it costs anything while it is not asked
 * for. */
#ifndef KERNELS_WORLD_EXTRAS_H
#define KERNELS_WORLD_EXTRAS_H

#include <math.h>

#include "kernels/worlds.h"

/* Whether the seed takes the offer in `world`, by a coin of its own; `limit` as in coin.h. */
static inline bool gv_accepts(uint64_t key, gv_node seed, int64_t world, uint64_t limit)
{
    if (limit == 0 || limit == GV_COIN_ALWAYS)
        return limit != 0;
    return gv_random_u64(gv_philox(key, (uint64_t)seed, (uint64_t)world), 0) < limit;
}

/* The weight of v in whole units. */
static inline int64_t gv_units(const gv_worlds *w, gv_node v)
{
    return (int64_t)llrint((double)w->weight[v] * (double)w->weight_scale);
}

/* Makes the seeds who take the offer in `world` active and queues them; how many they are. */
int64_t gv_start_accepting(const gv_worlds *w, gv_lane *lane, int64_t world);

/* What queue[0, n) are worth together. */
int64_t gv_world_value(const gv_worlds *w, const gv_node *queue, int64_t n);

/* Adds the steps at which the lane's queue became active to w->step_sum, seeds' zeros left out. */
void gv_count_steps(const gv_worlds *w, const gv_lane *lane, int64_t steps);

/* count [n_seeds]: in how many of the worlds [first, first + n) each seed takes the offer. */
void gv_count_accepted(const gv_worlds *w, int64_t first, int64_t n, int64_t *count);

#endif
