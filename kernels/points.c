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
    BATCH = 16,   /* nodes whose numbers are drawn side by side */
    AHEAD = 32,   /* nodes from the queue's head to the record announced */
    RING = 512,   /* points on their way; a power of two */
    FULL = 96,    /* points that are let wait */
    TAKE = 32,    /* points taken from the ring at a time */
    PIECE = 64,   /* points of a hub put into the ring at a time */
    AT_ONCE = 4,  /* points of a node that are counted without a branch */
    MAX_FEW = 64, /* more points than this, at lambda <= 16: chance 1e-18 */
    MOST = BATCH * MAX_FEW + AT_ONCE
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

/* Rows of a batch with a few points each, and to which of them each point belongs. */
typedef struct few {
    int n, n_points;
    uint64_t number[BATCH], at[BATCH], slots[BATCH];
    int begin[BATCH]; /* its first point */
    uint16_t owner[MOST];
} few;

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

/* Branch-free: an active node, or one that is not `hit`, is written behind the tail, which then
 * stays. */
static inline void reach(drawing *d, gv_node v, bool hit)
{
    uint64_t *word = &d->lane->active[v >> 6];
    const uint64_t bit = (uint64_t)hit << (v & 63), old = *word;
    announce(&d->p->row[v]);
    *word = old | bit;
    d->lane->queue[d->tail] = v;
    d->tail += (~old & bit) != 0;
}

/* Takes `n` points from the ring. */
static inline void take(drawing *d, uint32_t n, gv_points_shape shape)
{
    const uint32_t *restrict word = d->p->word;
    for (uint32_t i = 0; i < n; i++) {
        const point *q = &d->ring[d->head++ & (RING - 1)];
        const uint32_t *slot = word + q->at;
        if (shape == GV_POINTS_EQUAL)
            reach(d, (gv_node)slot[0], true);
        else if (shape == GV_POINTS_ALIAS)
            reach(d, (gv_node)slot[1 + (q->fraction > slot[0])], true);
        else
            reach(d, (gv_node)slot[0], q->fraction <= slot[1]);
    }
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
        while (d->last - d->head > RING - PIECE)
            take(d, TAKE, shape);
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

/* How many points a row has, lambda at most GV_HUB_LAMBDA, from v in [0, 1): the number of k >= 0
 * with v < P(N > k). P(N = 0) is one minus the threshold: it is off by less than 2^-32, and that is
 * how far the expected number of points is. */
static inline int count_points(const gv_points_row *row, double v)
{
    const double lambda = (double)row->lambda, above0 = (double)row->threshold * 0x1p-32;
    const double one = (1.0 - above0) * lambda, two = one * (lambda * 0.5);
    const double three = two * (lambda * (1.0 / 3));
    const double above1 = above0 - one, above2 = above1 - two, above3 = above2 - three;
    int k = (v < above0) + (v < above1) + (v < above2) + (v < above3);
    double chance = three, above = above3;
    while (k >= AT_ONCE && k < MAX_FEW) {
        chance *= lambda / (double)k;
        above -= chance;
        if (!(v < above))
            break;
        k++;
    }
    return k;
}

/* Puts the points of a hub, or of a row with a header. */
static void draw(drawing *d, const gv_points_row *row, uint64_t at, uint64_t slots, uint64_t h,
                 gv_points_shape shape)
{
    const double lambda = (double)row->lambda;
    const uint64_t n = lambda > GV_HUB_LAMBDA ? poisson_hub(&d->p->table, lambda, h)
                                              : (uint64_t)count_points(row, gv_unit(h));
    d->lane->drawn += (int64_t)n;
    put_many(d, at, slots, h, n, shape);
}

/* A row with counts in words: many slots, many sure edges, or edges with coins of their own. */
static void expand_headed(drawing *d, const gv_points_row *row, uint64_t h, gv_points_shape shape)
{
    const uint64_t at = row->place & ((UINT64_C(1) << GV_ROW_OFFSET_BITS) - 1);
    const uint32_t *word = d->p->word + at;
    const uint64_t n_sure = word[0], n_slots = word[1], n_coins = word[2];
    const uint64_t sure = at + GV_HEADER_WORDS, slots = sure + n_sure * shape;
    for (uint64_t i = 0; i < n_sure; i++) {
        if (d->last - d->head == RING)
            take(d, TAKE, shape);
        put(d, sure + i * shape, 0);
    }
    if (n_slots > 0)
        draw(d, row, slots, n_slots, h, shape);
    const uint32_t *coin = d->p->word + slots + n_slots * shape;
    for (uint64_t i = 0; i < n_coins; i++, coin += GV_COIN_WORDS) {
        const uint64_t x = gv_mix(gv_mix(h ^ d->k1) + coin[0]);
        reach(d, (gv_node)coin[0], x < ((uint64_t)coin[2] << 32 | coin[1]));
    }
}

/* Any other row: its points are counted; they are put later, with those of the batch. */
static inline void expand_row(drawing *d, few *f, const gv_points_row *row, uint64_t h,
                              gv_points_shape shape)
{
    uint64_t at = row->place & ((UINT64_C(1) << GV_ROW_OFFSET_BITS) - 1);
    const uint64_t n_slots = row->place >> GV_ROW_SLOTS & GV_ROW_MAX_SLOTS;
    const uint64_t n_sure = row->place >> GV_ROW_SURE & GV_ROW_MAX_SURE;
    for (uint64_t i = 0; i < n_sure; i++, at += shape) {
        if (d->last - d->head == RING)
            take(d, TAKE, shape);
        put(d, at, 0);
    }
    if (row->lambda > GV_HUB_LAMBDA) {
        draw(d, row, at, n_slots, h, shape);
        return;
    }
    const int j = f->n++, k = count_points(row, gv_unit(h));
    uint16_t *owner = f->owner + f->n_points;
    for (int i = 0; i < AT_ONCE; i++)
        owner[i] = (uint16_t)j;
    for (int i = AT_ONCE; i < k; i++)
        owner[i] = (uint16_t)j;
    f->number[j] = h, f->at[j] = at, f->slots[j] = n_slots;
    f->begin[j] = f->n_points;
    f->n_points += k;
}

static inline void put_few(drawing *d, const few *f, gv_points_shape shape)
{
    for (int i = 0; i < f->n_points; i++) {
        const int j = f->owner[i];
        if (d->last - d->head == RING)
            take(d, TAKE, shape);
        put_point(d, f->at[j], f->slots[j], f->number[j], (uint64_t)(i - f->begin[j]), shape);
    }
    d->lane->drawn += f->n_points;
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
    few f;
    f.n = f.n_points = 0;
    for (int64_t i = begin; i < end; i++) {
        const gv_node u = queue[i];
        const uint64_t h = node_number(d->k0, d->k1, u);
        number[n_live] = h;
        live[n_live] = u;
        n_live += (h >> 32 < row[u].threshold) | (row[u].place >> GV_ROW_SURE != 0) |
                  (row[u].lambda > GV_HUB_LAMBDA);
    }
    for (int j = 0; j < n_live; j++) {
        const gv_points_row *r = &row[live[j]];
        if (r->place >> GV_ROW_HEADER)
            expand_headed(d, r, number[j], shape);
        else
            expand_row(d, &f, r, number[j], shape);
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
                announce(&d->p->row[queue[j]]);
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
    case GV_POINTS_REJECT:
        expand_all(&d, begin, end, GV_POINTS_REJECT, at_once);
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
    return expand_world(w, lane, world, begin, end, false);
}

int64_t gv_points_reach(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t n_seeds)
{
    return expand_world(w, lane, world, 0, n_seeds, true);
}
