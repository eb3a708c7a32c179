/* reach_walk.c -- who reaches a root in a world: breadth first over live in-edges.
 *
 * An edge is live by a coin keyed by (seed, its ends, world): whoever asks gets the same answer.
 * The few consumers that are found stand in a hash table of the thread, which is cleared by going
 * through them, so that a root costs what it finds. */
#include "kernels/reach_walk.h"

#include <string.h>

#include "engine/memory.h"

enum { FIRST_ROOM = 1024 };

static inline int64_t slot_of(const reach_set *s, gv_node v)
{
    return (int64_t)(((uint32_t)v * UINT32_C(0x9E3779B1)) & (uint32_t)(2 * s->room - 1));
}

/* Adds v unless it is there. There is room. */
static inline void add(reach_set *s, gv_node v)
{
    int64_t at = slot_of(s, v);
    while (s->table[at] != 0) {
        if (s->table[at] == v + 1)
            return;
        at = (at + 1) & (2 * s->room - 1);
    }
    s->table[at] = v + 1;
    s->queue[s->n++] = v;
}

static bool grow(reach_set *s)
{
    const int64_t room = s->room == 0 ? FIRST_ROOM : 2 * s->room, n = s->n;
    gv_node *queue = gv_realloc(s->ctx, s->queue, room, sizeof *queue);
    s->queue = queue != NULL ? queue : s->queue;
    int32_t *table = gv_alloc_zero(s->ctx, 2 * room, sizeof *table);
    if (queue == NULL || table == NULL) {
        gv_free(s->ctx, table);
        return false;
    }
    gv_free(s->ctx, s->table);
    s->table = table;
    s->room = room;
    s->n = 0;
    for (int64_t i = 0; i < n; i++)
        add(s, s->queue[i]);
    return true;
}

static void clear(reach_set *s)
{
    if (s->n > s->room / 4) {
        memset(s->table, 0, (size_t)(2 * s->room) * sizeof *s->table);
    } else {
        for (int64_t i = 0; i < s->n; i++) /* runs of taken slots go as a whole */
            for (int64_t at = slot_of(s, s->queue[i]); s->table[at] != 0;
                 at = (at + 1) & (2 * s->room - 1))
                s->table[at] = 0;
    }
    s->n = 0;
}

bool reach_set_find(const reach_graph *r, reach_set *s, gv_node root, int64_t world, int64_t most)
{
    if (s->room == 0 && !grow(s))
        return false;
    clear(s);
    add(s, root);
    const int64_t stop = s->looks + most;
    for (int64_t head = 0; head < s->n && s->looks < stop; head++) {
        const gv_node v = s->queue[head];
        const int64_t first = r->offset[v], end = r->offset[v + 1];
        s->looks += end - first;
        for (int64_t e = first; e < end; e++) {
            const gv_node u = r->source[e];
            if (!gv_coin(r->key, u, v, world, reach_limit(r, e, end - first)))
                continue;
            if (s->n + 1 >= s->room && !grow(s))
                return false;
            add(s, u);
        }
    }
    return true;
}

void reach_set_free(reach_set *s)
{
    gv_free(s->ctx, s->table);
    gv_free(s->ctx, s->queue);
    *s = (reach_set){0};
}

/* A Feistel network of four rounds over the next power of four, walked along its cycle until it
 * falls below n (Luby, Rackoff, SIAM J. Computing 17, 1988; Black, Rogaway, CT-RSA 2002). */
gv_node reach_order(uint64_t key, int64_t n, int64_t i)
{
    int half = 1;
    while (INT64_C(1) << (2 * half) < n)
        half++;
    const uint64_t mask = (UINT64_C(1) << half) - 1;
    uint64_t x = (uint64_t)i;
    do {
        uint64_t left = x >> half, right = x & mask;
        for (uint64_t round = 0; round < 4; round++) {
            const uint64_t next = left ^ (gv_mix(key ^ (round << 56 | right)) & mask);
            left = right;
            right = next;
        }
        x = left << half | right;
    } while (x >= (uint64_t)n);
    return (gv_node)x;
}
