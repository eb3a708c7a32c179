/* points.c -- expanding a step by drawing points (points.h).
 *
 *   h(u, r)    = mix of u with the two keys of world r      how many points u has: N with
 *                                                           N > k  iff  V < P(Poisson(lambda) > k),
 *                                                           V = h / 2^64
 *   y_k(u, r)  = number k of the stream that starts at h    where point k falls
 *
 * Everything is keyed by (seed, world, node): whoever activates u, and whenever, sees the same live
 * edges. Most nodes need no more than their record: V is at or above 1 - exp(-lambda), so there is
 * no point. A hub's number is a sum of Poisson(16) numbers and a rest.
 *
 * Memory is the limit, so reads are announced: nodes are taken 16 at a time with the records of the
 * next ones on their way, points go through a ring in which their slots arrive. The ring runs empty
 * at the end of a step; the steps are therefore those of a breadth-first search.
 *
 * No races: a lane is used by one thread, rows are only read. Same bits at any thread count, and
 * whatever the order within a step: the set that a step activates does not depend on it. */
#include <math.h>
#include <string.h>

#include "kernels/points_draw.h"
#include "kernels/points_fly.h"

enum {
    BATCH = 32,   /* nodes whose numbers are drawn side by side */
    AHEAD = 32,   /* nodes from the queue's head to the record announced */
    RING = 512,   /* points on their way; a power of two */
    FULL = 96,    /* points that are let wait */
    TAKE = 32,    /* points taken from the ring at a time */
    PIECE = 64,   /* points of a hub put into the ring at a time */
    FEW_SURE = 8, /* more sure edges than this are dealt with apart */
    MOST = BATCH * (MAX_FEW + FEW_SURE) + AT_ONCE
};

typedef struct point {
    uint64_t at;       /* its slot: position of the first word */
    uint32_t fraction; /* where within the slot; by edges the bits of a float below p if live */
} point;

/* The state of one call. */
typedef struct drawing {
    const gv_points *p;
    gv_lane *lane;
    uint64_t k0, k1;     /* of the world */
    uint32_t head, last; /* of the ring; they count on and on */
    int64_t tail;        /* of the queue */
    double most;         /* by edges: chance of a point on an edge of the row of put_many() */
    point ring[RING];
} drawing;

/* Rows of a batch with a few points each, sure edges first, and to which of them each belongs. */
typedef struct few {
    int n, n_points;
    uint64_t number[BATCH], at[BATCH], slots[BATCH];
    double most[BATCH];            /* by edges: chance of a point on an edge */
    int begin[BATCH], sure[BATCH]; /* the first point; how many are sure */
    uint16_t owner[MOST];
} few;

static inline void announce(const void *address)
{
    __builtin_prefetch(address, 0, 3);
}

/* ---- taking points ----------------------------------------------------------------------------
 */

static inline void reach(drawing *d, gv_node v)
{
    uint64_t *word = &d->lane->active[v >> 6];
    const uint64_t bit = UINT64_C(1) << (v & 63), old = *word;
    announce(gv_points_row_of(d->p, v));
    *word = old | bit;
    d->lane->queue[d->tail] = v;
    d->tail += (old & bit) == 0;
}

/* Takes `n` points from the ring. Branch-free: an active node, or one that was not hit, is written
 * behind the tail, which then stays. */
static inline void take(drawing *d, uint32_t n, gv_points_shape shape)
{
    const uint32_t *restrict word = d->p->word;
    const char *restrict row = (const char *)d->p->row;
    const int shift = d->p->row_shift;
    uint64_t *restrict active = d->lane->active;
    gv_node *restrict queue = d->lane->queue;
    int64_t tail = d->tail;
    uint32_t head = d->head;
    for (const uint32_t end = head + n; head != end; head++) {
        const point *q = &d->ring[head & (RING - 1)];
        const uint32_t *slot = word + q->at;
        const uint32_t v = shape == GV_POINTS_ALIAS ? slot[1 + (q->fraction > slot[0])] : slot[0];
        bool hit = true;
        if (shape == GV_POINTS_EDGES) {
            const float p = d->p->chance[q->at];
            float x;
            memcpy(&x, &q->fraction, sizeof x);
            hit = (x < p) & ((double)p <= GV_COIN_FROM);
        }
        const uint64_t bit = (uint64_t)hit << (v & 63), old = active[v >> 6];
        announce(row + ((uint64_t)v << shift));
        active[v >> 6] = old | bit;
        queue[tail] = (gv_node)v;
        tail += (~old & bit) != 0;
    }
    d->tail = tail;
    d->head = head;
}

static inline void put(drawing *d, uint64_t at, uint32_t fraction, gv_points_shape shape)
{
    d->ring[d->last++ & (RING - 1)] = (point){.at = at, .fraction = fraction};
    announce(d->p->word + at);
    if (shape == GV_POINTS_EDGES)
        announce(d->p->chance + at);
}

/* Takes points until there is room for `n` in the ring. */
static inline void make_room(drawing *d, uint32_t n, gv_points_shape shape)
{
    while (d->last - d->head > RING - n)
        take(d, TAKE, shape);
}

/* Puts `n` points of the stream of h among `slots` slots from word `at` on. */
static void put_many(drawing *d, uint64_t at, uint64_t slots, uint64_t h, uint64_t n,
                     gv_points_shape shape)
{
    uint64_t x[PIECE], m[PIECE], slot[PIECE];
    uint32_t fraction[PIECE];
    const uint64_t step = (uint64_t)gv_points_words(shape);
    for (int i = 0; i < PIECE; i++)
        m[i] = slots;
    for (uint64_t k = 0; k < n; k += PIECE) {
        const int piece = n - k < PIECE ? (int)(n - k) : PIECE;
        for (int i = 0; i < piece; i++)
            x[i] = h + (k + (uint64_t)i) * GV_POINTS_STEP;
        d->p->simd->places(x, m, piece, slot, fraction);
        make_room(d, PIECE, shape);
        for (int i = 0; i < piece; i++)
            put(d, at + slot[i] * step,
                shape == GV_POINTS_EDGES ? edge_number(h, slot[i], d->most) : fraction[i], shape);
        while (d->last - d->head > FULL)
            take(d, TAKE, shape);
    }
}

/* Puts the points of a row that is out of the ordinary. */
static void draw(drawing *d, const gv_points_row *row, uint64_t at, uint64_t slots, uint64_t h,
                 gv_points_shape shape)
{
    const double lambda = gv_points_lambda(row);
    const gv_points_tables *t = &d->p->table;
    const uint64_t n =
        lambda > GV_HUB_LAMBDA
            ? poisson_hub(t, lambda, h)
            : (uint64_t)count_points(lambda, 1.0 - gv_points_exp_minus(t, lambda), gv_unit(h));
    d->lane->drawn += (int64_t)n;
    if (shape == GV_POINTS_EDGES)
        d->most = chance_of_point(d->p, row, slots);
    put_many(d, at, slots, h, n, shape);
}

/* A row with counts in words: many slots, many sure edges, or edges with coins of their own. */
static void expand_headed(drawing *d, const gv_points_row *row, uint64_t h, gv_points_shape shape)
{
    const uint64_t at = row->place & ((UINT64_C(1) << GV_ROW_OFFSET_BITS) - 1);
    const uint32_t *word = d->p->word + at;
    const uint64_t n_sure = word[0], n_slots = word[1], n_coins = word[2];
    const uint64_t step = (uint64_t)gv_points_words(shape);
    const uint64_t sure = at + GV_HEADER_WORDS, slots = sure + n_sure * step;
    for (uint64_t i = 0; i < n_sure; i++) {
        make_room(d, 1, shape);
        put(d, sure + i * step, 0, shape);
    }
    if (n_slots > 0)
        draw(d, row, slots, n_slots, h, shape);
    const uint32_t *coin = d->p->word + slots + n_slots * step;
    for (uint64_t i = 0; i < n_coins; i++, coin += GV_COIN_WORDS) {
        const uint64_t x = gv_mix(gv_mix(h ^ d->k1) + coin[0]);
        if (x < ((uint64_t)coin[2] << 32 | coin[1]))
            reach(d, (gv_node)coin[0]);
    }
}

/* A row in place: of a hub, of many edges, or with edges that have coins of their own; the last are
 * found by a walk along the row. */
static void expand_in_place(drawing *d, gv_node u, uint64_t h, gv_points_shape shape)
{
    const gv_points *p = d->p;
    const gv_points_row *row = gv_points_row_of(p, u);
    const int64_t begin = p->in_place->indptr[u], end = p->in_place->indptr[u + 1];
    if (gv_points_lambda(row) > 0.0)
        draw(d, row, (uint64_t)begin, (uint64_t)(end - begin), h, shape);
    if (!signbit(row->lambda))
        return;
    for (int64_t e = begin; e < end; e++) {
        const double chance = p->chance != NULL ? (double)p->chance[e] : p->constant;
        if (chance <= GV_COIN_FROM)
            continue;
        const gv_node v = p->in_place->indices[e];
        const uint64_t x = gv_mix(gv_mix(h ^ d->k1) + (uint64_t)v), limit = gv_coin_limit(chance);
        if (x < limit || limit == GV_COIN_ALWAYS)
            reach(d, v);
    }
}

/* A row with a header or many sure edges, or a hub. */
static void expand_special(drawing *d, const gv_points_row *row, uint64_t h, gv_points_shape shape)
{
    uint64_t at = row->place & ((UINT64_C(1) << GV_ROW_OFFSET_BITS) - 1);
    const uint64_t n_slots = row->place >> GV_ROW_SLOTS & GV_ROW_MAX_SLOTS;
    const uint64_t n_sure = row->place >> GV_ROW_SURE & GV_ROW_MAX_SURE;
    if (row->place >> GV_ROW_HEADER) {
        expand_headed(d, row, h, shape);
        return;
    }
    make_room(d, GV_ROW_MAX_SURE, shape);
    for (uint64_t i = 0; i < n_sure; i++, at += (uint64_t)gv_points_words(shape))
        put(d, at, 0, shape);
    if (n_slots > 0)
        draw(d, row, at, n_slots, h, shape);
}

/* An ordinary row: its points are counted; they are put later, with those of the batch. */
static inline void expand_row(const gv_points *p, few *f, const gv_points_row *row, uint64_t h,
                              gv_points_shape shape)
{
    const double above0 = (double)row->threshold * 0x1p-32;
    const int sure = (int)(row->place >> GV_ROW_SURE); /* there is nothing else above */
    const int j = f->n++, n = sure + count_points(gv_points_lambda(row), above0, gv_unit(h));
    const uint64_t four = (uint64_t)j * UINT64_C(0x0001000100010001); /* AT_ONCE of them */
    memcpy(f->owner + f->n_points, &four, sizeof four);
    for (int i = AT_ONCE; i < n; i += AT_ONCE)
        memcpy(f->owner + f->n_points + i, &four, sizeof four);
    f->number[j] = h;
    f->at[j] = row->place & ((UINT64_C(1) << GV_ROW_OFFSET_BITS) - 1);
    f->slots[j] = row->place >> GV_ROW_SLOTS & GV_ROW_MAX_SLOTS;
    if (shape == GV_POINTS_EDGES)
        f->most[j] = chance_of_point(p, row, f->slots[j]);
    f->begin[j] = f->n_points;
    f->sure[j] = sure;
    f->n_points += n;
}

/* A sure edge is a point among no slots, and falls on the first. */
static inline void put_few(drawing *d, const few *f, gv_points_shape shape)
{
    uint64_t x[PIECE], m[PIECE], at[PIECE], slot[PIECE];
    uint32_t fraction[PIECE];
    const uint64_t step = (uint64_t)gv_points_words(shape);
    for (int from = 0; from < f->n_points; from += PIECE) {
        const int n = f->n_points - from < PIECE ? f->n_points - from : PIECE;
        for (int i = 0; i < n; i++) {
            const int j = f->owner[from + i], k = from + i - f->begin[j], sure = f->sure[j];
            x[i] = f->number[j] + (uint64_t)(k - sure) * GV_POINTS_STEP;
            m[i] = f->slots[j] & (0 - (uint64_t)(k >= sure));
            at[i] = f->at[j] + (uint64_t)(k < sure ? k : sure) * step;
        }
        d->p->simd->places(x, m, n, slot, fraction);
        for (int i = 0; shape == GV_POINTS_EDGES && i < n; i++) {
            const int j = f->owner[from + i];
            fraction[i] = edge_number(f->number[j], slot[i], f->most[j]);
        }
        make_room(d, PIECE, shape);
        for (int i = 0; i < n; i++)
            put(d, at[i] + slot[i] * step, fraction[i], shape);
    }
    d->lane->drawn += f->n_points;
}

/* Nodes queue[begin, end), at most BATCH; those without a point, most of them, cost no branch. */
static inline void expand_batch(drawing *d, int64_t begin, int64_t end, gv_points_shape shape)
{
    const gv_points *p = d->p;
    const gv_node *restrict queue = d->lane->queue + begin;
    const int n = (int)(end - begin);
    uint64_t number[BATCH + 7];
    gv_node live[BATCH + 7];
    few f;
    f.n = f.n_points = 0;
    const int n_live = p->simd->live(p->row, p->row_shift, queue, n, d->k0, d->k1, number, live);
    for (int i = 0; i < n_live; i++) {
        const gv_points_row *r = gv_points_row_of(p, live[i]);
        if (r->threshold != UINT32_MAX && r->place >> GV_ROW_SURE <= FEW_SURE)
            expand_row(d->p, &f, r, number[i], shape);
        else if (d->p->in_place != NULL)
            expand_in_place(d, live[i], number[i], shape);
        else
            expand_special(d, r, number[i], shape);
    }
    put_few(d, &f, shape);
    while (d->last - d->head > FULL)
        take(d, TAKE, shape);
}

/* From queue[begin] on: to `end`, and then whoever is on their way; or, at once, until nobody is
 * left. */
static inline void expand_all(drawing *d, int64_t begin, int64_t end, gv_points_shape shape,
                              bool at_once)
{
    const gv_node *queue = d->lane->queue;
    for (int64_t i = begin;;) {
        const int64_t stop = at_once ? d->tail : end;
        if (i < stop) {
            for (int64_t j = i + AHEAD; j < i + AHEAD + BATCH && j < stop; j++)
                announce(gv_points_row_of(d->p, queue[j]));
            const int64_t next = i + BATCH < stop ? i + BATCH : stop;
            expand_batch(d, i, next, shape);
            i = next;
        } else if (d->last != d->head) {
            take(d, at_once && d->last - d->head > TAKE ? TAKE : d->last - d->head, shape);
        } else {
            return;
        }
    }
}

static inline int64_t expand_world(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t begin,
                                   int64_t end, bool at_once)
{
    const gv_random key = gv_philox(w->points->key, 0, (uint64_t)world);
    drawing d;
    d.p = w->points;
    d.lane = lane;
    d.k0 = gv_random_u64(key, 0), d.k1 = gv_random_u64(key, 1);
    d.head = d.last = 0;
    d.tail = end;
    switch (d.p->shape) {
    case GV_POINTS_EQUAL:
        expand_all(&d, begin, end, GV_POINTS_EQUAL, at_once);
        break;
    case GV_POINTS_EDGES:
        expand_all(&d, begin, end, GV_POINTS_EDGES, at_once);
        break;
    case GV_POINTS_ALIAS:
        expand_all(&d, begin, end, GV_POINTS_ALIAS, at_once);
        break;
    }
    return d.tail;
}

int64_t gv_points_expand(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t begin,
                         int64_t end)
{
    return w->points->on_the_fly ? gv_fly_expand(w, lane, world, begin, end, false)
                                 : expand_world(w, lane, world, begin, end, false);
}

int64_t gv_points_reach(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t n_seeds)
{
    return w->points->on_the_fly ? gv_fly_expand(w, lane, world, 0, n_seeds, true)
                                 : expand_world(w, lane, world, 0, n_seeds, true);
}
