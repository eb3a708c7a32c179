/* coin.h -- the coin of an edge in a world.
 *
 *   live(u -> v, r)  iff  x(u, v, r) < floor(p 2^64),   x = low 64 bits of
 *                         Philox4x32-10(key = gv_key(seed, GV_FOR_COIN), counter = (u, v, r))
 *
 * A pure function of (seed, u, v, p, r), nodes numbered in the order of external ids: whoever asks,
 * in whatever order and from whichever thread, sees the same world. p = 1 is always live and p = 0
 * never, without a draw. Each coin has a block of its own: the high 64 bits are not used, so that
 * worlds r and r' share nothing and a world can be simulated alone. */
#ifndef KERNELS_COIN_H
#define KERNELS_COIN_H

#include <stdbool.h>

#include "engine/csr.h"
#include "engine/rng.h"
#include "kernels/model_rows.h"

/* No threshold of a p below 1 comes near it: floor((1 - 2^-53) 2^64) = 2^64 - 2^11. */
#define GV_COIN_ALWAYS UINT64_MAX

/* What x is compared with: 0 means never, GV_COIN_ALWAYS always. */
static inline uint64_t gv_coin_limit(double p)
{
    return p >= 1.0 ? GV_COIN_ALWAYS : p > 0.0 ? gv_threshold(p) : 0;
}

static inline bool gv_coin(uint64_t key, gv_node u, gv_node v, int64_t world, uint64_t limit)
{
    if (limit == 0 || limit == GV_COIN_ALWAYS)
        return limit != 0;
    const uint64_t edge = (uint64_t)(uint32_t)u << 32 | (uint32_t)v;
    return gv_random_u64(gv_philox(key, edge, (uint64_t)world), 0) < limit;
}

/* Where the chances of a graph's edges come from. */
typedef struct gv_coins {
    uint64_t key;
    gv_probability_rule rule;
    uint64_t limit;           /* GV_PROBABILITY_CONSTANT */
    const int64_t *in_offset; /* GV_PROBABILITY_WEIGHTED_CASCADE, [n_nodes + 1] */
    const float *stored;      /* GV_PROBABILITY_STORED, [n_edges] by out-edge */
    const gv_csr *out;        /* GV_PROBABILITY_MODEL, the graph's */
    gv_model_view view;       /* GV_PROBABILITY_MODEL */
} gv_coins;

/* The p that a limit is of. */
static inline double gv_coin_chance(uint64_t limit)
{
    return limit == GV_COIN_ALWAYS ? 1.0 : (double)limit * 0x1p-64;
}

/* p of out-edges [first, first + n) of u in the rows `out`, n at most GV_ROW_BLOCK: for layouts and
 * walks along whole rows. */
void gv_coins_row(const gv_coins *c, const gv_csr *out, gv_node u, int64_t first, int64_t n,
                  double *p);
/* In passes along all rows: what those some way behind u will need. */
static inline void gv_coins_announce(const gv_coins *c, const gv_csr *out, gv_node u)
{
    if (c->rule == GV_PROBABILITY_MODEL)
        gv_view_announce(&c->view, out, u);
}

/* The limit of out-edge e from u, where the rule is GV_PROBABILITY_MODEL. */
uint64_t gv_coins_model_limit(const gv_coins *c, gv_node u, int64_t e);

/* The limit of out-edge e from u to v. */
static inline uint64_t gv_coins_limit(const gv_coins *c, gv_node u, int64_t e, gv_node v)
{
    switch (c->rule) {
    case GV_PROBABILITY_CONSTANT:
        return c->limit;
    case GV_PROBABILITY_WEIGHTED_CASCADE:
        return gv_coin_limit(1.0 / (double)(c->in_offset[v + 1] - c->in_offset[v]));
    case GV_PROBABILITY_STORED:
        return gv_coin_limit((double)c->stored[e]);
    case GV_PROBABILITY_MODEL:
        return gv_coins_model_limit(c, u, e);
    case GV_PROBABILITY_NONE:
        break;
    }
    return 0;
}

#endif
