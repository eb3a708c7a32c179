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
#include "kernels/points.h"

enum {
    BATCH = 16,  /* nodes whose numbers are drawn side by side */
    AHEAD = 32,  /* nodes from the queue's head to the record announced */
    RING = 512,  /* points on their way; a power of two */
    FULL = 96,   /* points that are let wait */
    TAKE = 32,   /* points taken from the ring at a time */
    PIECE = 64,  /* points of a hub put into the ring at a time */
    MAX_FEW = 64 /* more points than this, at lambda <= 16: chance 1e-18 */
};

typedef struct point {
    uint64_t at;       /* its slot: position of the first word */
    uint32_t fraction; /* where within the slot */
} point;

/* The state of one call. */
typedef struct drawing {
    const gv_points *p;
    gv_lane *lane;
    uint64_t k0, k1;     /* of the world */
    uint32_t head, last; /* of the ring; they count on and on */
    int64_t tail;        /* of the queue */
    point ring[RING];
} drawing;

static inline void announce(const void *address)
{
    __builtin_prefetch(address, 0, 3);
}

/* splitmix64's finalizer over a Weyl sequence, with a second key between its halves, so that
 * worlds are not stretches of one sequence. */
static inline uint64_t node_number(uint64_t k0, uint64_t k1, gv_node u)
{
    uint64_t x = k0 + (uint64_t)(uint32_t)u * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x ^= k1;
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Number k of the stream of h. */
static inline uint64_t point_number(uint64_t h, uint64_t k)
{
    return gv_mix(h + k * UINT64_C(0x9e3779b97f4a7c15));
}

/* ---- taking points ----------------------------------------------------------------------------
 */

/* Branch-free: an active node is written behind the tail, which then stays. */
static inline void reach(drawing *d, gv_node v)
{
    uint64_t *word = &d->lane->active[v >> 6];
    const uint64_t bit = UINT64_C(1) << (v & 63), old = *word;
    *word = old | bit;
    d->lane->queue[d->tail] = v;
    d->tail += (old & bit) == 0;
}

/* Takes `n` points from the ring. */
static inline void take(drawing *d, uint32_t n, gv_points_shape shape)
{
    const uint32_t *restrict word = d->p->word;
    const int64_t before = d->tail;
    for (uint32_t i = 0; i < n; i++) {
        const point *q = &d->ring[d->head++ & (RING - 1)];
        const uint32_t *slot = word + q->at;
        if (shape == GV_POINTS_EQUAL)
            reach(d, (gv_node)slot[0]);
        else if (shape == GV_POINTS_ALIAS)
            reach(d, (gv_node)(q->fraction <= slot[0] ? slot[1] : slot[2]));
        else if (q->fraction <= slot[1])
            reach(d, (gv_node)slot[0]);
    }
    for (int64_t i = before; i < d->tail; i++)
        announce(&d->p->row[d->lane->queue[i]]);
}

static inline void put(drawing *d, uint64_t at, uint32_t fraction)
{
    d->ring[d->last++ & (RING - 1)] = (point){.at = at, .fraction = fraction};
    announce(d->p->word + at);
}

/* Point k of the stream of h among `n` slots from word `at` on. */
static inline void put_point(drawing *d, uint64_t at, uint64_t n, uint64_t h, uint64_t k,
                             gv_points_shape shape)
{
    const gv_u128 scaled = (gv_u128)point_number(h, k) * n;
    put(d, at + (uint64_t)(scaled >> 64) * shape, (uint32_t)((uint64_t)scaled >> 32));
}

/* ---- drawing points ----------------------------------------------------------------------------
 */

/* Puts `n` points; makes room when there are many. */
static void put_many(drawing *d, uint64_t at, uint64_t slots, uint64_t h, uint64_t n,
                     gv_points_shape shape)
{
    for (uint64_t k = 0; k < n;) {
        const uint64_t end = k + PIECE < n ? k + PIECE : n;
        for (; k < end; k++)
            put_point(d, at, slots, h, k, shape);
        while (d->last - d->head > FULL)
            take(d, TAKE, shape);
    }
}

/* Poisson(x), x < 16, from V = v / 2^64: the least k with V < P(at most k). */
static uint64_t poisson_rest(const gv_points_tables *t, double x, uint64_t v)
{
    const double unit = gv_unit(v);
    double chance = gv_points_exp_minus(t, x), below = chance;
    uint64_t k = 0;
    while (unit >= below && k < MAX_FEW) {
        k++;
        chance *= x / (double)k;
        below += chance;
    }
    return k;
}

static uint64_t poisson_hub(const gv_points_tables *t, double lambda, uint64_t h)
{
    const uint64_t stream = gv_mix(h ^ UINT64_C(0xd1b54a32d192ed03));
    const uint64_t pieces = (uint64_t)(lambda / GV_HUB_POINTS);
    uint64_t n = 0;
    for (uint64_t i = 0; i < pieces; i++) {
        const uint64_t v = point_number(stream, i);
        int k = t->hub_guide[v >> 56];
        while (t->hub[k] <= v && k < GV_HUB_CELLS - 1)
            k++;
        n += (uint64_t)k;
    }
    return n +
           poisson_rest(t, lambda - (double)(pieces * GV_HUB_POINTS), point_number(stream, pieces));
}

/* The points of a row that may have some: `slots` of them from word `at` on. */
static inline void draw(drawing *d, const gv_points_row *row, uint64_t at, uint64_t slots,
                        uint64_t h, gv_points_shape shape)
{
    const double lambda = (double)row->lambda, v = gv_unit(h);
    if (lambda > GV_HUB_LAMBDA) {
        const uint64_t n = poisson_hub(&d->p->table, lambda, h);
        d->lane->drawn += (int64_t)n;
        put_many(d, at, slots, h, n, shape);
        return;
    }
    /* P(N > 1) = 1 - (1 + lambda) exp(-lambda) is below lambda^2 / 2: above that, one point or none
     */
    if (v >= 0.5 * lambda * lambda && h >> 32 < row->threshold) {
        d->lane->drawn++;
        put_point(d, at, slots, h, 0, shape);
        return;
    }
    double chance = gv_points_exp_minus(&d->p->table, lambda), above = 1.0 - chance;
    uint64_t k = 0;
    while (v < above && k < MAX_FEW) {
        put_point(d, at, slots, h, k, shape);
        k++;
        chance *= lambda / (double)k;
        above -= chance;
    }
    d->lane->drawn += (int64_t)k;
}

/* A row with counts in words: many slots, many sure edges, or edges with coins of their own. */
static void expand_headed(drawing *d, const gv_points_row *row, uint64_t h, gv_points_shape shape)
{
    const uint64_t at = row->place & ((UINT64_C(1) << GV_ROW_OFFSET_BITS) - 1);
    const uint32_t *word = d->p->word + at;
    const uint64_t n_sure = word[0], n_slots = word[1], n_coins = word[2];
    const uint64_t sure = at + GV_HEADER_WORDS, slots = sure + n_sure * shape;
    for (uint64_t i = 0; i < n_sure; i++) {
        put(d, sure + i * shape, 0);
        while (d->last - d->head > FULL)
            take(d, TAKE, shape);
    }
    if (n_slots > 0 && h >> 32 <= row->threshold)
        draw(d, row, slots, n_slots, h, shape);
    const uint32_t *coin = d->p->word + slots + n_slots * shape;
    for (uint64_t i = 0; i < n_coins; i++, coin += GV_COIN_WORDS) {
        const uint64_t x = gv_mix(gv_mix(h ^ d->k1) + coin[0]);
        if (x < ((uint64_t)coin[2] << 32 | coin[1]))
            reach(d, (gv_node)coin[0]);
    }
}

static inline void expand_row(drawing *d, const gv_points_row *row, uint64_t h,
                              gv_points_shape shape)
{
    uint64_t at = row->place & ((UINT64_C(1) << GV_ROW_OFFSET_BITS) - 1);
    const uint64_t n_slots = row->place >> GV_ROW_SLOTS & GV_ROW_MAX_SLOTS;
    const uint64_t n_sure = row->place >> GV_ROW_SURE & GV_ROW_MAX_SURE;
    for (uint64_t i = 0; i < n_sure; i++, at += shape)
        put(d, at, 0);
    if (h >> 32 <= row->threshold)
        draw(d, row, at, n_slots, h, shape);
}

/* Nodes queue[begin, end), at most BATCH; those without a point and without sure edges, most of
 * them, cost no branch. */
static inline void expand_batch(drawing *d, int64_t begin, int64_t end, gv_points_shape shape)
{
    const gv_points_row *restrict row = d->p->row;
    const gv_node *restrict queue = d->lane->queue;
    uint64_t number[BATCH];
    gv_node live[BATCH];
    int n_live = 0;
    for (int64_t i = begin; i < end; i++) {
        const gv_node u = queue[i];
        const uint64_t h = node_number(d->k0, d->k1, u);
        number[n_live] = h;
        live[n_live] = u;
        n_live += (h >> 32 <= row[u].threshold) | (row[u].place >> GV_ROW_SURE != 0);
    }
    for (int j = 0; j < n_live; j++) {
        const gv_points_row *r = &row[live[j]];
        if (r->place >> GV_ROW_HEADER)
            expand_headed(d, r, number[j], shape);
        else
            expand_row(d, r, number[j], shape);
        while (d->last - d->head > FULL)
            take(d, TAKE, shape);
    }
}

static inline void expand_all(drawing *d, int64_t begin, int64_t end, gv_points_shape shape)
{
    const gv_node *queue = d->lane->queue;
    for (int64_t i = begin; i < end; i += BATCH) {
        for (int64_t j = i + AHEAD; j < i + AHEAD + BATCH && j < end; j++)
            announce(&d->p->row[queue[j]]);
        expand_batch(d, i, i + BATCH < end ? i + BATCH : end, shape);
    }
    take(d, d->last - d->head, shape);
}

int64_t gv_points_expand(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t begin,
                         int64_t end)
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
        expand_all(&d, begin, end, GV_POINTS_EQUAL);
        break;
    case GV_POINTS_REJECT:
        expand_all(&d, begin, end, GV_POINTS_REJECT);
        break;
    case GV_POINTS_ALIAS:
        expand_all(&d, begin, end, GV_POINTS_ALIAS);
        break;
    }
    return d.tail;
}
