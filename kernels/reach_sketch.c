/* reach_sketch.c -- bottom-k reachability sketches of one world.
 *
 * Roots are taken in a random order; who reaches a root over live edges counts it. Whoever has
 * counted REACH_K roots is full: the walk goes no further there, since all who reach a full
 * consumer reach the roots it has counted, and have counted those before this one. Hence every
 * consumer is gone through at most REACH_K times.
 *
 * A consumer that is not full has counted all that it reaches. One that reached its k-th root as
 * number i of n reaches n (k - 1) / (i - 1), without bias: draws without replacement until the k-th
 * hit (Haldane, Biometrika 33, 1945), with a coefficient of variation below 1 / sqrt(k - 2).
 *
 * Sources: Cohen, "Size-estimation framework with applications to transitive closure and
 * reachability", J. Computer and System Sciences 55, 1997; Cohen, Delling, Pajor, Werneck,
 * "Sketch-based influence maximization and computation", CIKM 2014. */
#include <string.h>

#include "kernels/reach_walk.h"

/* Counts root number i for v; false when v is full by then. */
static inline bool count_root(reach_sketch *s, gv_node v, int64_t i)
{
    if (s->count[v] >= REACH_K)
        return false;
    s->visited[v] = (int32_t)i + 1;
    if (++s->count[v] == REACH_K)
        s->size[v] = (float)i; /* replaced by the estimate at the end */
    return true;
}

/* All who reach root number i and are not full. */
static void walk_back(const reach_graph *r, reach_sketch *s, gv_node root, int64_t i, int64_t world)
{
    int64_t n = 0;
    if (count_root(s, root, i))
        s->queue[n++] = root;
    for (int64_t head = 0; head < n; head++) {
        const gv_node v = s->queue[head];
        const int64_t first = r->offset[v], end = r->offset[v + 1];
        s->looks += end - first;
        for (int64_t e = first; e < end; e++) {
            const gv_node u = r->source[e];
            if (s->count[u] < REACH_K && s->visited[u] != (int32_t)i + 1 &&
                gv_coin(r->key, u, v, world, reach_limit(r, e, end - first)) && count_root(s, u, i))
                s->queue[n++] = u;
        }
    }
}

void reach_sketch_world(const reach_graph *r, reach_sketch *s, uint64_t seed, int64_t world)
{
    const uint64_t key = gv_mix(gv_key(seed, GV_FOR_REACH_ORDER) ^ (uint64_t)world);
    memset(s->count, 0, (size_t)r->n * sizeof *s->count);
    memset(s->visited, 0, (size_t)r->n * sizeof *s->visited);
    for (int64_t i = 0; i < r->n; i++)
        walk_back(r, s, reach_order(key, r->n, i), i, world);
    for (int64_t v = 0; v < r->n; v++) {
        const double last = (double)s->size[v];
        s->size[v] = s->count[v] < REACH_K
                         ? (float)s->count[v]
                         : (float)((double)r->n * (REACH_K - 1) / (last > 0.0 ? last : 1.0));
    }
}
