/* worlds.c -- independent cascade by breadth-first search on the live edges of a world.
 *
 * Step 0 is the seeds. At step t + 1 every edge u -> v from a node u that became active at step t
 * to a node v that is not active yet is asked once for its coin (coin.h); where it is live, v
 * becomes active. An edge to an active node is not asked: its coin cannot matter.
 *
 * No races: a lane is used by one thread, spread[i] is written by the thread that simulates world
 * i, and activations are counted by atomic integer increments. Those, rather than a count array for
 * each thread, because at 150 million nodes each such array is 600 MB, and a world adds to a node
 * at most once; the seeds, which every world would add to, are left out. Same bytes at any thread
 * count: coins are keyed by edge and world, and all sums are integers.
 *
 * Source of the model: Kempe, Kleinberg, Tardos, "Maximizing the spread of influence through a
 * social network", KDD 2003. */
#include "kernels/worlds.h"

#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/choice.h"
#include "kernels/points_fly.h"
#include "kernels/sliced.h"
#include "kernels/world_extras.h"

enum { FIRST_LEVELS = 64 };

static inline bool is_active(const uint64_t *active, gv_node v)
{
    return active[v >> 6] >> (v & 63) & 1;
}

static inline void activate(uint64_t *active, gv_node v)
{
    active[v >> 6] |= UINT64_C(1) << (v & 63);
}

/* Asks the coins of u's edges in `world`, appends the newly active to the queue; the new tail. */
static int64_t expand(const gv_worlds *w, const gv_lane *lane, int64_t world, gv_node u,
                      int64_t tail)
{
    const gv_csr *out = &w->g->out;
    const int64_t end = out->indptr[u + 1];
    uint64_t *restrict active = lane->active;
    gv_node *restrict queue = lane->queue;
    double p[GV_ROW_BLOCK];
    for (int64_t first = out->indptr[u]; first < end; first += GV_ROW_BLOCK) {
        const int64_t n = end - first < GV_ROW_BLOCK ? end - first : GV_ROW_BLOCK;
        gv_coins_row(&w->coins, out, u, first, n, p);
        for (int64_t i = 0; i < n; i++) {
            const gv_node v = out->indices[first + i];
            if (is_active(active, v) || !gv_coin(w->coins.key, u, v, world, gv_coin_limit(p[i])))
                continue;
            activate(active, v);
            queue[tail++] = v;
        }
    }
    return tail;
}

static int64_t expand_plain(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t begin,
                            int64_t end)
{
    int64_t tail = end;
    for (int64_t i = begin; i < end; i++)
        tail = expand(w, lane, world, lane->queue[i], tail);
    return tail;
}

/* Adds a finished world to the lane's sums and the activation counts. */
static void count_world(const gv_worlds *w, gv_lane *lane, int64_t steps, int64_t spread)
{
    for (int64_t t = 0; t < steps; t++) {
        lane->sum[t] += lane->level[t];
        lane->sumsq[t] += (gv_u128)(uint64_t)lane->level[t] * (uint64_t)lane->level[t];
    }
    if (w->step_sum != NULL)
        gv_count_steps(w, lane, steps);
    if (w->activation == NULL)
        return;
    for (int64_t i = w->accept != NULL ? 0 : w->n_seeds; i < spread; i++) {
        int32_t *count = &w->activation[lane->queue[i]];
#pragma omp atomic
        (*count)++;
    }
}

/* Leaves only the blocked nodes in the bitmap: whole where that is less work than one write for
 * each active consumer. */
static void clear_active(const gv_worlds *w, gv_lane *lane, int64_t n_active)
{
    const int64_t words = (w->g->n_nodes + 63) / 64;
    if (w->blocked != NULL)
        for (int64_t i = 0; i < n_active; i++)
            lane->active[lane->queue[i] >> 6] = w->blocked[lane->queue[i] >> 6];
    else if (n_active > words / 4)
        memset(lane->active, 0, (size_t)words * sizeof *lane->active);
    else
        for (int64_t i = 0; i < n_active; i++)
            lane->active[lane->queue[i] >> 6] = 0;
}

/* Makes the seeds active and queues them; how many start. */
static int64_t start(const gv_worlds *w, gv_lane *lane, int64_t world)
{
    if (w->accept != NULL)
        return gv_start_accepting(w, lane, world);
    for (int64_t i = 0; i < w->n_seeds; i++) {
        lane->queue[i] = w->seeds[i];
        activate(lane->active, w->seeds[i]);
    }
    return w->n_seeds;
}

/* Simulates one world; its spread, or GV_OVERLONG, counting nothing, when it has more steps than
 * the lane has room for. */
static int64_t simulate(const gv_worlds *w, gv_lane *lane, int64_t world)
{
    gv_expand *const expand_step = w->choices != NULL               ? gv_choices_expand
                                   : w->kernel == GV_CASCADE_POINTS ? gv_points_expand
                                                                    : expand_plain;
    const int64_t drawn = lane->drawn, looks = lane->looks;
    int64_t begin = 0, tail = start(w, lane, world), steps = 1;
    bool fits = true;
    lane->level[0] = tail;
    if (w->kernel == GV_CASCADE_POINTS && w->spread_only && w->step_sum == NULL &&
        w->max_steps == INT64_MAX)
        begin = tail = gv_points_reach(w, lane, world, tail);
    while (begin < tail && steps <= w->max_steps) {
        const int64_t end = tail;
        tail = expand_step(w, lane, world, begin, end);
        begin = end;
        if (tail == end)
            break;
        fits = steps < w->levels;
        if (!fits)
            break;
        lane->level[steps++] = tail - end;
    }
    if (fits)
        count_world(w, lane, steps, tail);
    else
        lane->drawn = drawn, lane->looks = looks; /* they come again */
    clear_active(w, lane, tail);
    return fits ? tail : GV_OVERLONG;
}

/* Simulates the worlds whose spread is not known yet; how many were overlong. Worlds are handed out
 * in small groups because some are a million times larger than others. */
static int64_t run_missing(gv_worlds *w, int64_t first, int64_t n, int64_t *spread)
{
    const int64_t share = n / ((int64_t)w->n_lanes * 16);
    const int64_t grain = share < 1 ? 1 : share > 64 ? 64 : share;
    int64_t overlong = 0;
#pragma omp parallel for num_threads(w->n_lanes) schedule(dynamic, grain) reduction(+ : overlong)
    for (int64_t i = 0; i < n; i++) {
        if (spread[i] != GV_OVERLONG)
            continue;
        gv_lane *lane = &w->lane[gv_thread()];
        spread[i] = simulate(w, lane, first + i);
        overlong += spread[i] == GV_OVERLONG;
        if (w->weight != NULL && spread[i] != GV_OVERLONG)
            w->value[i] = gv_world_value(w, lane->queue, spread[i]);
    }
    return overlong;
}

static gv_status no_room(gv_worlds *w, gv_error *err)
{
    return gv_no_memory(w->ctx, "cascade: scratch of the threads", err);
}

gv_status gv_worlds_grow(gv_worlds *w, int64_t levels, gv_error *err)
{
    if (levels <= w->levels)
        return GV_OK;
    const size_t more = (size_t)(levels - w->levels);
    for (int32_t i = 0; i < w->n_lanes; i++) {
        gv_lane *lane = &w->lane[i];
        int64_t *level = gv_realloc(w->ctx, lane->level, levels, sizeof *level);
        if (level == NULL)
            return no_room(w, err);
        lane->level = level;
        int64_t *sum = gv_realloc(w->ctx, lane->sum, levels, sizeof *sum);
        if (sum == NULL)
            return no_room(w, err);
        lane->sum = sum;
        gv_u128 *sumsq = gv_realloc(w->ctx, lane->sumsq, levels, sizeof *sumsq);
        if (sumsq == NULL)
            return no_room(w, err);
        lane->sumsq = sumsq;
        memset(sum + w->levels, 0, more * sizeof *sum);
        memset(sumsq + w->levels, 0, more * sizeof *sumsq);
    }
    w->levels = levels;
    return w->kernel == GV_CASCADE_SLICED ? gv_sliced_grow(w->sliced, levels, err) : GV_OK;
}

gv_status gv_worlds_open(gv_worlds *w, gv_error *err)
{
    const int64_t n = w->g->n_nodes;
    w->levels = 0;
    w->n_lanes = gv_context_threads(w->ctx);
    w->lane = gv_alloc_zero(w->ctx, w->n_lanes, sizeof *w->lane);
    if (w->lane == NULL)
        return no_room(w, err);
    for (int32_t i = 0; i < w->n_lanes && w->kernel != GV_CASCADE_SLICED; i++) {
        w->lane[i].active = gv_alloc_zero(w->ctx, (n + 63) / 64, sizeof *w->lane[i].active);
        w->lane[i].queue = gv_alloc(w->ctx, n + 1, sizeof *w->lane[i].queue);
        if (w->lane[i].active == NULL || w->lane[i].queue == NULL)
            return no_room(w, err);
        if (w->kernel == GV_CASCADE_POINTS && w->points->on_the_fly &&
            (w->lane[i].fly = gv_fly_open(w->points)) == NULL)
            return no_room(w, err);
        if (w->blocked != NULL)
            memcpy(w->lane[i].active, w->blocked, (size_t)((n + 63) / 64) * sizeof *w->blocked);
    }
    for (int32_t i = 0; i < w->n_lanes && w->kernel == GV_CASCADE_SLICED && w->accept != NULL;
         i++) {
        gv_lane *lane = &w->lane[i];
        lane->starter = gv_alloc(w->ctx, w->n_seeds, sizeof *lane->starter);
        lane->start = gv_alloc(w->ctx, w->n_seeds, GV_BLOCK_WORDS * sizeof *lane->start);
        if (lane->starter == NULL || lane->start == NULL)
            return no_room(w, err);
    }
    if (w->kernel == GV_CASCADE_SLICED && w->blocked != NULL)
        gv_sliced_block_nodes(w->sliced, w->blocked);
    if (w->kernel == GV_CASCADE_SLICED && w->step_sum != NULL) {
        const gv_status st = gv_sliced_keep_steps(w->sliced, err);
        if (st != GV_OK)
            return st;
    }
    return gv_worlds_grow(w, FIRST_LEVELS, err);
}

void gv_worlds_close(gv_worlds *w)
{
    for (int32_t i = 0; w->lane != NULL && i < w->n_lanes; i++) {
        gv_free(w->ctx, w->lane[i].start);
        gv_free(w->ctx, w->lane[i].starter);
        gv_free(w->ctx, w->lane[i].sumsq);
        gv_free(w->ctx, w->lane[i].sum);
        gv_free(w->ctx, w->lane[i].level);
        gv_fly_close(w->ctx, w->lane[i].fly);
        gv_free(w->ctx, w->lane[i].queue);
        gv_free(w->ctx, w->lane[i].active);
    }
    gv_free(w->ctx, w->lane);
    w->lane = NULL;
}

int64_t gv_worlds_grain(const gv_worlds *w)
{
    if (w->kernel == GV_CASCADE_SLICED)
        return (int64_t)w->sliced->n_states * w->sliced->lanes * GV_LANE_WORLDS;
    return (int64_t)w->n_lanes * 4;
}

gv_status gv_worlds_run(gv_worlds *w, int64_t first, int64_t n, int64_t *spread, gv_error *err)
{
    for (int64_t i = 0; i < n; i++)
        spread[i] = GV_OVERLONG;
    /* Overlong worlds are simulated again with more room, so that no thread has to allocate. */
    while ((w->kernel == GV_CASCADE_SLICED ? gv_sliced_run(w, first, n, spread)
                                           : run_missing(w, first, n, spread)) > 0) {
        const gv_status st = gv_worlds_grow(w, w->levels * 4, err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}
