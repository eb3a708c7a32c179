/* sliced_states.c -- scratch of sliced.c: a state for each thread, or one for all. */
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "kernels/sliced.h"

static gv_status no_room(gv_context *ctx, gv_error *err)
{
    return gv_no_memory(ctx, "cascade: scratch of the kernel sliced", err);
}

/* Most nodes that one of `n_hands` owns. */
static int64_t most_owned(int64_t n_nodes, int32_t n_hands)
{
    const int64_t runs = (n_nodes >> GV_OWNED_BITS) + 1;
    return ((runs + n_hands - 1) / n_hands) << GV_OWNED_BITS;
}

/* Entries of `next` and `touched`: one more for each owner is written, never read. */
static int64_t list_room(int64_t n_nodes, int32_t n_hands)
{
    return n_hands > 0 ? n_hands * (most_owned(n_nodes, n_hands) + 1) : n_nodes + 1;
}

static gv_status make_state(gv_sliced *s, int32_t n_hands, gv_sliced_state **out, gv_error *err)
{
    const int64_t n = s->n_nodes, words = n * s->lanes * 2, room = list_room(n, n_hands);
    gv_sliced_state *t = *out = gv_alloc_zero(s->ctx, 1, sizeof *t);
    if (t == NULL)
        return no_room(s->ctx, err);
    t->act = gv_alloc_zero(s->ctx, words, sizeof *t->act);
    t->done = gv_alloc_zero(s->ctx, words, sizeof *t->done);
    t->fresh = gv_alloc(s->ctx, s->at_once ? 0 : words, sizeof *t->fresh);
    t->queued = gv_alloc_zero(s->ctx, n, sizeof *t->queued);
    t->queue = gv_alloc(s->ctx, n + 1, sizeof *t->queue);
    t->next = gv_alloc(s->ctx, room, sizeof *t->next);
    t->touched = gv_alloc(s->ctx, room, sizeof *t->touched);
    const bool short_of = t->act == NULL || t->done == NULL || t->fresh == NULL ||
                          t->queued == NULL || t->queue == NULL || t->next == NULL ||
                          t->touched == NULL;
    return short_of ? no_room(s->ctx, err) : GV_OK;
}

/* ---- hands -------------------------------------------------------------------------------------
 */

static gv_status make_hits(gv_sliced *s, gv_sliced_state *h, int32_t n_hands, int64_t room,
                           gv_error *err)
{
    gv_sliced_hits *x = h->hits = gv_alloc_zero(s->ctx, 1, sizeof *x);
    if (x == NULL)
        return no_room(s->ctx, err);
    x->room = room;
    x->target = gv_alloc(s->ctx, room, sizeof *x->target);
    x->live = gv_alloc(s->ctx, room * s->lanes * 2, sizeof *x->live);
    x->owner = gv_alloc(s->ctx, room, sizeof *x->owner);
    x->order = gv_alloc(s->ctx, room, sizeof *x->order);
    x->begin = gv_alloc(s->ctx, n_hands + 1, sizeof *x->begin);
    const bool short_of = x->target == NULL || x->live == NULL || x->owner == NULL ||
                          x->order == NULL || x->begin == NULL;
    return short_of ? no_room(s->ctx, err) : GV_OK;
}

/* Hand k of state t. */
static gv_status make_hand(gv_sliced *s, gv_sliced_state *t, int32_t k, int64_t room, gv_error *err)
{
    const int64_t begin = k * (most_owned(s->n_nodes, t->n_hands) + 1);
    gv_sliced_state *h = t->hand[k] = gv_alloc_zero(s->ctx, 1, sizeof *h);
    if (h == NULL)
        return no_room(s->ctx, err);
    h->act = t->act, h->done = t->done, h->fresh = t->fresh, h->queued = t->queued;
    h->queue = t->queue;
    h->next = t->next + begin;
    h->touched = t->touched + begin;
    return make_hits(s, h, t->n_hands, room, err);
}

static void free_hand(gv_context *ctx, gv_sliced_state *h)
{
    if (h == NULL)
        return;
    if (h->hits != NULL) {
        gv_free(ctx, h->hits->begin);
        gv_free(ctx, h->hits->order);
        gv_free(ctx, h->hits->owner);
        gv_free(ctx, h->hits->live);
        gv_free(ctx, h->hits->target);
    }
    gv_free(ctx, h->hits);
    gv_free(ctx, h);
}

static void free_state(gv_context *ctx, gv_sliced_state *t)
{
    if (t == NULL)
        return;
    for (int32_t k = 0; t->hand != NULL && k < t->n_hands; k++)
        free_hand(ctx, t->hand[k]);
    gv_free(ctx, t->hand);
    gv_free(ctx, t->step_sum);
    gv_free(ctx, t->sumsq);
    gv_free(ctx, t->sum);
    gv_free(ctx, t->touched);
    gv_free(ctx, t->next);
    gv_free(ctx, t->queue);
    gv_free(ctx, t->queued);
    gv_free(ctx, t->fresh);
    gv_free(ctx, t->done);
    gv_free(ctx, t->act);
    gv_free(ctx, t);
}

/* ---- shapes ------------------------------------------------------------------------------------
 */

int64_t gv_sliced_state_bytes(int64_t n_nodes, int32_t lanes, bool at_once)
{
    const int64_t vectors = at_once ? 2 : 3;
    return n_nodes * (vectors * lanes * (GV_LANE_WORLDS / 8) + 1 + 3 * (int64_t)sizeof(gv_node));
}

gv_sliced_shape gv_sliced_choose(int64_t n_nodes, int64_t n_worlds, bool at_once, int32_t threads,
                                 int64_t limit)
{
    gv_sliced_shape shape = {.lanes = GV_MAX_LANES, .n_states = threads};
    for (; shape.lanes >= 1; shape.lanes /= 2) {
        const int64_t worlds = (int64_t)shape.lanes * GV_LANE_WORLDS;
        const bool too_wide = shape.lanes > 1 && n_worlds <= worlds / 2;
        if ((n_worlds + worlds - 1) / worlds >= threads && !too_wide &&
            (limit == 0 || gv_sliced_state_bytes(n_nodes, shape.lanes, at_once) * threads <= limit))
            return shape;
    }
    shape = (gv_sliced_shape){.lanes = GV_MAX_LANES, .n_states = 1, .shared = threads > 1};
    while (shape.lanes > 1 &&
           (n_worlds <= (int64_t)shape.lanes * GV_LANE_WORLDS / 2 ||
            (limit != 0 && gv_sliced_state_bytes(n_nodes, shape.lanes, at_once) > limit)))
        shape.lanes /= 2;
    return shape;
}

static gv_status make_states(gv_sliced *s, int32_t n_states, gv_error *err)
{
    s->state = gv_alloc_zero(s->ctx, n_states, sizeof *s->state);
    if (s->state == NULL)
        return no_room(s->ctx, err);
    s->n_states = n_states;
    for (int32_t i = 0; i < n_states; i++) {
        const gv_status st = make_state(s, 0, &s->state[i], err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}

gv_status gv_sliced_make_shared(gv_sliced *s, int32_t lanes, int64_t room, gv_error *err)
{
    const int32_t n_hands = gv_context_threads(s->ctx);
    s->lanes = lanes;
    s->state = gv_alloc_zero(s->ctx, 1, sizeof *s->state);
    if (s->state == NULL)
        return no_room(s->ctx, err);
    s->n_states = 1;
    gv_status st = make_state(s, n_hands, &s->state[0], err);
    if (st != GV_OK)
        return st;
    gv_sliced_state *t = s->state[0];
    t->hand = gv_alloc_zero(s->ctx, n_hands, sizeof *t->hand);
    if (t->hand == NULL)
        return no_room(s->ctx, err);
    t->n_hands = n_hands;
    for (int32_t k = 0; st == GV_OK && k < n_hands; k++)
        st = make_hand(s, t, k, room, err);
    return st;
}

gv_status gv_sliced_make_states(gv_sliced *s, int64_t n_worlds, int32_t lanes, gv_error *err)
{
    const int64_t limit = s->ctx->memory_limit, left = limit - s->ctx->memory_used;
    const int32_t threads = gv_context_threads(s->ctx);
    const gv_sliced_shape shape = lanes > 0
                                      ? (gv_sliced_shape){.lanes = lanes, .n_states = threads}
                                      : gv_sliced_choose(s->n_nodes, n_worlds, s->at_once, threads,
                                                         limit == 0  ? 0
                                                         : left != 0 ? left
                                                                     : -1);
    if (shape.shared)
        return gv_sliced_make_shared(s, shape.lanes, GV_HIT_WORDS / (2 * shape.lanes), err);
    s->lanes = shape.lanes;
    return make_states(s, shape.n_states, err);
}

void gv_sliced_free_states(gv_sliced *s)
{
    for (int32_t i = 0; s->state != NULL && i < s->n_states; i++)
        free_state(s->ctx, s->state[i]);
    gv_free(s->ctx, s->state);
    s->state = NULL;
    s->n_states = 0;
}

/* ---- what a run asks of them -------------------------------------------------------------------
 */

/* As if they were active, and done with, in all worlds: no block touches them. */
void gv_sliced_block_nodes(gv_sliced *s, const uint64_t *blocked)
{
    const size_t bytes = (size_t)s->lanes * 2 * sizeof(uint64_t);
    for (int64_t v = 0; v < s->n_nodes; v++) {
        if ((blocked[v >> 6] >> (v & 63) & 1) == 0)
            continue;
        for (int32_t i = 0; i < s->n_states; i++)
            memset((char *)s->state[i]->act + (size_t)gv_sliced_label(s, (gv_node)v) * bytes, 0xff,
                   bytes);
    }
}

gv_status gv_sliced_keep_steps(gv_sliced *s, gv_error *err)
{
    for (int32_t i = 0; i < s->n_states; i++) {
        gv_sliced_state *t = s->state[i];
        if (t->step_sum == NULL)
            t->step_sum = gv_alloc_zero(s->ctx, s->n_nodes, sizeof *t->step_sum);
        if (t->step_sum == NULL)
            return gv_no_memory(s->ctx, "cascade: scratch of the kernel sliced", err);
    }
    return GV_OK;
}
