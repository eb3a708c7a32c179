/* reach_walk.h -- who reaches a root: the graph walked backwards over live edges. */
#ifndef KERNELS_REACH_WALK_H
#define KERNELS_REACH_WALK_H

#include "grapevine/reach.h"
#include "kernels/coin.h"

/* Edges backwards, with their coins. */
typedef struct reach_graph {
    int64_t n, m;
    const int64_t *offset; /* [n + 1] */
    const gv_node *source; /* [m] */
    const float *p;        /* [m] by in-edge; NULL: as the rule says */
    gv_probability_rule rule;
    uint64_t limit; /* GV_PROBABILITY_CONSTANT */
    uint64_t key;
} reach_graph;

static inline uint64_t reach_limit(const reach_graph *r, int64_t e, int64_t degree)
{
    if (r->p != NULL)
        return gv_coin_limit((double)r->p[e]);
    return r->rule == GV_PROBABILITY_WEIGHTED_CASCADE ? gv_coin_limit(1.0 / (double)degree)
                                                      : r->limit;
}

/* What a thread needs to walk among few consumers: the queue, and a hash table of its members. */
typedef struct reach_set {
    gv_context *ctx;
    gv_node *queue; /* [room], the first `n` are those who were found */
    int64_t n, room;
    int32_t *table; /* [2 * room], node + 1 by hash; 0 is free */
    int64_t looks;
    bool no_memory;
} reach_set;

/* Fills s->queue with all who reach `root` in `world`, the root first; gives up after `most` looks.
 * False when memory is short. */
bool reach_set_find(const reach_graph *r, reach_set *s, gv_node root, int64_t world, int64_t most);
void reach_set_free(reach_set *s);

/* The node at position i of an order of [0, n) that the key alone decides. */
gv_node reach_order(uint64_t key, int64_t n, int64_t i);

/* One world of sketches (reach_sketch.c): the sizes of all reachable sets, estimated where they are
 * large. */
enum { REACH_K = 16 }; /* places of a sketch */

typedef struct reach_sketch {
    float *size;      /* [n], out; before that the place in the order of the last root counted */
    uint8_t *count;   /* [n] */
    int32_t *visited; /* [n] */
    gv_node *queue;   /* [n] */
    int64_t looks;
} reach_sketch;

void reach_sketch_world(const reach_graph *r, reach_sketch *s, uint64_t seed, int64_t world);

#endif
