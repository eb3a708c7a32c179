/* items.c -- sorting edges: one pass parts them by their leading bits into buckets that fit the
 * second-level cache, then each bucket is sorted there by its other bits, 11 at a time.
 *
 * Counts of a part of the input and of a bucket give every item its place before anything moves, so
 * threads write to places of their own, and equal keys keep their order whatever the number of
 * threads. Buckets that came out much too large (a row of millions) are parted again by all threads
 * together. */
#include "engine/items.h"

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum {
    DIGIT_BITS = 11,
    MAX_DIGITS = 6,
    BUCKET_ITEMS = 1 << 15, /* aimed at: 256 KiB of keys */
    BIG_BUCKET = 1 << 20,   /* from here on all threads work on one bucket */
    FEW = 24
};

gv_status gv_items_begin(gv_context *ctx, gv_items *items, int64_t n, bool weights, gv_error *err)
{
    *items = (gv_items){.n = n};
    items->key = gv_alloc(ctx, n, sizeof *items->key);
    items->value = weights ? gv_alloc(ctx, n, sizeof *items->value) : NULL;
    if (items->key != NULL && (!weights || items->value != NULL))
        return GV_OK;
    gv_items_end(ctx, items);
    return gv_no_memory(ctx, "edges", err);
}

void gv_items_end(gv_context *ctx, gv_items *items)
{
    gv_free(ctx, items->key);
    gv_free(ctx, items->value);
    *items = (gv_items){0};
}

/* ---- parting --------------------------------------------------------------------------------- */

typedef struct parting {
    const uint64_t *key;
    const uint32_t *value;
    uint64_t *to_key;
    uint32_t *to_value;
    int64_t n, n_buckets;
    int32_t parts;
    uint64_t base;
    int shift;
    int64_t *at; /* [parts][n_buckets] */
} parting;

static int64_t part_begin(const parting *p, int64_t part)
{
    return p->n / p->parts * part + (part < p->n % p->parts ? part : p->n % p->parts);
}

static void count_part(const parting *p, int64_t part)
{
    int64_t *restrict count = p->at + part * p->n_buckets;
    const uint64_t *restrict key = p->key;
    memset(count, 0, (size_t)p->n_buckets * sizeof *count);
    for (int64_t i = part_begin(p, part); i < part_begin(p, part + 1); i++)
        count[(key[i] - p->base) >> p->shift]++;
}

static void move_part(const parting *p, int64_t part)
{
    int64_t *restrict at = p->at + part * p->n_buckets;
    const uint64_t *restrict key = p->key;
    uint64_t *restrict to_key = p->to_key;
    const int64_t begin = part_begin(p, part), end = part_begin(p, part + 1);
    if (p->value == NULL) {
        for (int64_t i = begin; i < end; i++)
            to_key[at[(key[i] - p->base) >> p->shift]++] = key[i];
        return;
    }
    for (int64_t i = begin; i < end; i++) {
        const int64_t place = at[(key[i] - p->base) >> p->shift]++;
        to_key[place] = key[i];
        p->to_value[place] = p->value[i];
    }
}

static void part_items(const parting *p, int64_t *offset)
{
#pragma omp parallel for num_threads(p->parts) schedule(static, 1)
    for (int64_t part = 0; part < p->parts; part++)
        count_part(p, part);
    int64_t sum = 0;
    for (int64_t b = 0; b < p->n_buckets; b++) {
        offset[b] = sum;
        for (int64_t part = 0; part < p->parts; part++) {
            int64_t *cell = &p->at[part * p->n_buckets + b];
            const int64_t count = *cell;
            *cell = sum;
            sum += count;
        }
    }
    offset[p->n_buckets] = sum;
#pragma omp parallel for num_threads(p->parts) schedule(static, 1)
    for (int64_t part = 0; part < p->parts; part++)
        move_part(p, part);
}

gv_status gv_items_partition(gv_context *ctx, const gv_items *from, gv_items *to, uint64_t base,
                             int shift, int64_t n_buckets, int64_t *offset, gv_error *err)
{
    parting p = {.key = from->key,
                 .value = from->value,
                 .to_key = to->key,
                 .to_value = to->value,
                 .n = from->n,
                 .n_buckets = n_buckets,
                 .parts = gv_context_threads(ctx),
                 .base = base,
                 .shift = shift};
    p.at = gv_alloc(ctx, p.parts * n_buckets, sizeof *p.at);
    if (p.at == NULL)
        return gv_no_memory(ctx, "edges", err);
    part_items(&p, offset);
    gv_free(ctx, p.at);
    return GV_OK;
}

/* ---- one bucket, one thread ------------------------------------------------------------------ */

/* The same places of two arrays of items: data in `a`, room in `b`. */
typedef struct span {
    uint64_t *a, *b;
    uint32_t *av, *bv; /* NULL without weights */
    int64_t n;
} span;

static void swap_sides(span *s)
{
    uint64_t *const a = s->a;
    uint32_t *const av = s->av;
    s->a = s->b, s->b = a;
    s->av = s->bv, s->bv = av;
}

static void insertion_sort(const span *s)
{
    for (int64_t i = 1; i < s->n; i++) {
        const uint64_t key = s->a[i];
        const uint32_t value = s->av != NULL ? s->av[i] : 0;
        int64_t j = i;
        for (; j > 0 && s->a[j - 1] > key; j--) {
            s->a[j] = s->a[j - 1];
            if (s->av != NULL)
                s->av[j] = s->av[j - 1];
        }
        s->a[j] = key;
        if (s->av != NULL)
            s->av[j] = value;
    }
}

static void move_digit(const span *s, uint64_t base, int low, uint64_t mask, uint32_t *restrict at)
{
    const uint64_t *restrict from = s->a;
    uint64_t *restrict to = s->b;
    if (s->av == NULL) {
        for (int64_t i = 0; i < s->n; i++)
            to[at[(from[i] - base) >> low & mask]++] = from[i];
        return;
    }
    for (int64_t i = 0; i < s->n; i++) {
        const uint32_t place = at[(from[i] - base) >> low & mask]++;
        to[place] = from[i];
        s->bv[place] = s->av[i];
    }
}

static int digits_of(int bits)
{
    return (bits + DIGIT_BITS - 1) / DIGIT_BITS;
}

/* Counts of all digits in one pass. */
static void count_digits(const span *s, uint64_t base, int width, int digits,
                         uint32_t (*restrict count)[1 << DIGIT_BITS])
{
    const uint64_t mask = (UINT64_C(1) << width) - 1;
    memset(count, 0, (size_t)digits * sizeof *count);
    for (int64_t i = 0; i < s->n; i++) {
        uint64_t k = s->a[i] - base;
        for (int d = 0; d < digits; d++, k >>= width)
            count[d][k & mask]++;
    }
}

/* Turns counts into places; false if one digit holds all items, so that nothing need move. */
static bool places(uint32_t *count, int width, int64_t n)
{
    uint32_t sum = 0;
    for (int64_t d = 0; d < INT64_C(1) << width; d++) {
        const uint32_t c = count[d];
        if (c == n)
            return false;
        count[d] = sum;
        sum += c;
    }
    return true;
}

/* Sorts by the low `bits` bits of key - base; all others are equal. The result is in `a`. */
static void sort_span(span *s, uint64_t base, int bits)
{
    uint32_t count[MAX_DIGITS][1 << DIGIT_BITS];
    if (s->n <= FEW || bits == 0) {
        if (bits > 0)
            insertion_sort(s);
        return;
    }
    const int digits = digits_of(bits), width = (bits + digits - 1) / digits;
    count_digits(s, base, width, digits, count);
    for (int d = 0; d < digits; d++)
        if (places(count[d], width, s->n)) {
            move_digit(s, base, d * width, (UINT64_C(1) << width) - 1, count[d]);
            swap_sides(s);
        }
}

uint64_t *gv_keys_sort(uint64_t *key, uint64_t *room, int64_t n, int bits)
{
    span s = {key, room, NULL, NULL, n};
    sort_span(&s, 0, bits);
    return s.a;
}

/* ---- all of them ----------------------------------------------------------------------------- */

typedef struct sorter {
    gv_context *ctx;
    gv_items from, to; /* the two sides */
    bool home;         /* the result goes to `from` */
    int64_t offset[GV_ITEM_BUCKETS + 1];
} sorter;

static span span_of(const sorter *s, int64_t begin, int64_t n, bool in_from)
{
    const gv_items *x = in_from ? &s->from : &s->to, *y = in_from ? &s->to : &s->from;
    return (span){x->key + begin, y->key + begin, x->value != NULL ? x->value + begin : NULL,
                  y->value != NULL ? y->value + begin : NULL, n};
}

/* Sorts a bucket and brings it to where the result goes. */
static void sort_bucket(const sorter *s, int64_t begin, int64_t n, bool in_from, uint64_t base,
                        int bits)
{
    span x = span_of(s, begin, n, in_from);
    const uint64_t *goal = (s->home ? s->from.key : s->to.key) + begin;
    sort_span(&x, base, bits);
    if (x.a == goal)
        return;
    memcpy(x.b, x.a, (size_t)n * sizeof *x.a);
    if (x.av != NULL)
        memcpy(x.bv, x.av, (size_t)n * sizeof *x.av);
}

static void key_range(const sorter *s, const uint64_t *key, int64_t n, uint64_t *least,
                      uint64_t *most)
{
    uint64_t lo = UINT64_MAX, hi = 0;
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) reduction(min                     \
                                                                           : lo) reduction(max     \
                                                                                           : hi)
    for (int64_t i = 0; i < n; i++) {
        lo = key[i] < lo ? key[i] : lo;
        hi = key[i] > hi ? key[i] : hi;
    }
    *least = lo, *most = hi;
}

static int shift_for(uint64_t range, int64_t n)
{
    int shift = 0;
    int64_t buckets = 1;
    while (buckets < GV_ITEM_BUCKETS && buckets * BUCKET_ITEMS < n)
        buckets *= 2;
    while (range >> shift >= (uint64_t)buckets)
        shift++;
    return shift;
}

static void sort_buckets(const sorter *s, int64_t begin, const int64_t *offset, int64_t n_buckets,
                         bool in_from, uint64_t base, int shift)
{
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < n_buckets; b++) {
        const int64_t n = offset[b + 1] - offset[b];
        if (n > 0 && (n < BIG_BUCKET || shift == 0))
            sort_bucket(s, begin + offset[b], n, in_from, base, shift);
    }
}

/* Parts and sorts items [begin, begin + n) of one side; big buckets are taken again, from the other
 * side: each round takes at least one bit off their keys. */
static gv_status sort_part(sorter *s, int64_t begin, int64_t n, bool in_from, bool outermost,
                           gv_error *err)
{
    uint64_t least, most;
    const span x = span_of(s, begin, n, in_from);
    key_range(s, x.a, n, &least, &most);
    const int shift = shift_for(most - least, n);
    const int64_t n_buckets = (int64_t)((most - least) >> shift) + 1;
    const gv_items from = {n, x.a, x.av};
    gv_items to = {n, x.b, x.bv};
    int64_t *offset = s->offset;
    if (!outermost && (offset = gv_alloc(s->ctx, n_buckets + 1, sizeof *offset)) == NULL)
        return gv_no_memory(s->ctx, "edges", err);
    gv_status st = gv_items_partition(s->ctx, &from, &to, least, shift, n_buckets, offset, err);
    if (outermost) /* where an odd number of moves within a bucket ends */
        s->home = (digits_of(shift) % 2 == 1) == in_from;
    if (st == GV_OK)
        sort_buckets(s, begin, offset, n_buckets, !in_from, least, shift);
    for (int64_t b = 0; st == GV_OK && shift > 0 && b < n_buckets; b++)
        if (offset[b + 1] - offset[b] >= BIG_BUCKET)
            st = sort_part(s, begin + offset[b], offset[b + 1] - offset[b], !in_from, false, err);
    if (!outermost)
        gv_free(s->ctx, offset);
    return st;
}

gv_status gv_items_sort_within(gv_context *ctx, gv_items *items, gv_items *room, gv_error *err)
{
    if (items->n < 2)
        return GV_OK;
    sorter *s = gv_alloc(ctx, 1, sizeof *s);
    if (s == NULL)
        return gv_no_memory(ctx, "edges", err);
    s->ctx = ctx;
    s->from = *items;
    s->to = *room;
    const gv_status st = sort_part(s, 0, items->n, true, true, err);
    if (st == GV_OK) {
        *items = s->home ? s->from : s->to;
        *room = s->home ? s->to : s->from;
    }
    gv_free(ctx, s);
    return st;
}

gv_status gv_items_sort(gv_context *ctx, gv_items *items, gv_error *err)
{
    gv_items room;
    if (items->n < 2)
        return GV_OK;
    gv_status st = gv_items_begin(ctx, &room, items->n, items->value != NULL, err);
    if (st != GV_OK)
        return st;
    st = gv_items_sort_within(ctx, items, &room, err);
    gv_items_end(ctx, &room);
    return st;
}
