/* worlds.h -- breadth-first simulation of many worlds, one world at a time on each thread. */
#ifndef KERNELS_WORLDS_H
#define KERNELS_WORLDS_H

#include "kernels/coin.h"

__extension__ typedef unsigned __int128 gv_u128;

/* Scratch and sums of one thread. */
typedef struct gv_lane {
    uint64_t *active; /* bitmap of the nodes reached; all zero between worlds */
    gv_node *queue;   /* [n_nodes] in order of activation */
    int64_t *level;   /* [levels] newly active at each step of the current world */
    int64_t *sum;     /* [levels] the same, summed over the worlds of this thread */
    gv_u128 *sumsq;   /* [levels] squares of the same */
} gv_lane;

typedef struct gv_worlds {
    gv_context *ctx;
    const gv_graph *g;
    gv_coins coins;
    const gv_node *seeds; /* borrowed [n_seeds], distinct */
    int64_t n_seeds;
    int64_t max_steps;   /* >= 0 */
    int32_t *activation; /* borrowed [n_nodes], or NULL: activations, seeds' own left out */
    int64_t levels;      /* room of each lane's level arrays */
    int32_t n_lanes;     /* one for each thread */
    gv_lane *lane;       /* [n_lanes] */
} gv_worlds;

/* Allocates the lanes; the other fields are set already. gv_worlds_close() frees what is there,
 * also after a failure. */
GV_CHECKED gv_status gv_worlds_open(gv_worlds *w, gv_error *err);
void gv_worlds_close(gv_worlds *w);

/* Simulates worlds first .. first + n - 1; spread [n] out. GV_OK; GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_worlds_run(gv_worlds *w, int64_t first, int64_t n, int64_t *spread,
                                   gv_error *err);

#endif
