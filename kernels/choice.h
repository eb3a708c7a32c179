/* choice.h -- linear threshold as a choice: in each world a consumer listens to at most one of
 * those who can influence them (Kempe, Kleinberg, Tardos, KDD 2003, theorem 2.5).
 *
 * The edges into v, by source, take up the stretch [0, 1) one after the other, each as much as its
 * p; v draws a number x in [0, 1) for the world, and listens along the edge whose stretch has x.
 * Ends of stretches are rounded to multiples of 2^-32, so that none overlap and no gap is left. */
#ifndef KERNELS_CHOICE_H
#define KERNELS_CHOICE_H

#include "kernels/worlds.h"

/* The edge is live where first <= x <= last, x the number of its target in units of 2^-32; an edge
 * without a stretch has first > last. */
typedef struct gv_stretch {
    uint32_t first, last;
} gv_stretch;

typedef struct gv_choices {
    gv_context *ctx;
    uint64_t key;
    const gv_stretch *stretch; /* [n_edges] by out-edge */
} gv_choices;

/* Lays out the stretches of `g`; `coins` say the p. GV_ERR_RANGE when the p of all edges into a
 * consumer add up to more than 1 (by more than floats do); GV_ERR_NOMEM; GV_ERR_CANCELLED. */
GV_CHECKED gv_status gv_choices_open(gv_choices *c, gv_context *ctx, const gv_graph *g,
                                     const gv_coins *coins, uint64_t seed, gv_error *err);
/* The same stretches for the worlds of another seed. */
void gv_choices_reseed(gv_choices *c, uint64_t seed);
void gv_choices_close(gv_choices *c);

/* The number of v in `world`, in units of 2^-32. */
static inline uint32_t gv_choice(uint64_t key, gv_node v, int64_t world)
{
    return gv_philox(key, (uint64_t)v, (uint64_t)world).word[1];
}

/* A gv_expand. */
int64_t gv_choices_expand(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t begin,
                          int64_t end);

#endif
