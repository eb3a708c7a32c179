/* import_shelf.c -- see import_disk.h. A bucket that alone is too large to be taken in one go is
 * parted again into narrower ranges of rows. */
#include <inttypes.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "io/import_disk.h"

enum { PIECE = 1 << 18 }; /* items moved from one shelf to another at a time */

void shelf_begin(importer *im, int64_t base, int64_t rows, bool values, int64_t n, int64_t most,
                 shelf *s)
{
    const int bits = gv_item_bits(im->n_nodes);
    int64_t buckets = 2;
    memset(s, 0, sizeof *s);
    while (buckets < SHELF_BUCKETS && buckets * most < 4 * n)
        buckets *= 2;
    int shift = bits;
    while ((rows - 1) >> (shift - bits) >= buckets)
        shift++;
    s->im = im;
    s->values = values;
    s->base = (uint64_t)base << bits;
    s->shift = shift;
    s->n_buckets = (((rows > 0 ? rows : 1) - 1) >> (shift - bits)) + 1;
}

void shelf_end(shelf *s)
{
    for (int64_t b = 0; b < s->n_buckets; b++) {
        gv_pile_drop(s->im->spill, &s->key[b]);
        gv_pile_drop(s->im->spill, &s->value[b]);
    }
}

gv_status shelf_put(shelf *s, const gv_items *items, gv_error *err)
{
    gv_context *ctx = s->im->ctx;
    int64_t offset[SHELF_BUCKETS + 1];
    gv_items parted;
    gv_status st = gv_items_begin(ctx, &parted, items->n, s->values, err);
    if (st == GV_OK)
        st = gv_items_partition(ctx, items, &parted, s->base, s->shift, s->n_buckets, offset, err);
    for (int64_t b = 0; st == GV_OK && b < s->n_buckets; b++) {
        const int64_t n = offset[b + 1] - offset[b];
        if (n > 0)
            st = gv_pile_append(s->im->spill, &s->key[b], parted.key + offset[b],
                                n * (int64_t)sizeof *parted.key, err);
        if (st == GV_OK && n > 0 && s->values)
            st = gv_pile_append(s->im->spill, &s->value[b], parted.value + offset[b],
                                n * (int64_t)sizeof *parted.value, err);
    }
    gv_items_end(ctx, &parted);
    return st;
}

static int64_t bucket_items(const shelf *s, int64_t b)
{
    return s->key[b].bytes / (int64_t)sizeof(uint64_t);
}

/* The next n items of a bucket, to `at` of `items`. */
static gv_status take(shelf *s, int64_t b, gv_items *items, int64_t at, int64_t n, gv_error *err)
{
    gv_spill *spill = s->im->spill;
    gv_status st = gv_pile_take(spill, &s->key[b], items->key + at, n * (int64_t)sizeof *items->key,
                                false, err);
    if (st == GV_OK && s->values)
        st = gv_pile_take(spill, &s->value[b], items->value + at, n * (int64_t)sizeof *items->value,
                          false, err);
    return st;
}

/* Moves a bucket to a shelf of its own. */
static gv_status refine(shelf *s, int64_t b, shelf *to, gv_error *err)
{
    gv_status st = GV_OK;
    for (int64_t left = bucket_items(s, b), n; st == GV_OK && left > 0; left -= n) {
        gv_items some;
        n = left < PIECE ? left : PIECE;
        st = gv_items_begin(s->im->ctx, &some, n, s->values, err);
        if (st == GV_OK)
            st = take(s, b, &some, 0, n, err);
        if (st == GV_OK)
            st = shelf_put(to, &some, err);
        gv_items_end(s->im->ctx, &some);
    }
    gv_pile_drop(s->im->spill, &s->key[b]);
    gv_pile_drop(s->im->spill, &s->value[b]);
    return st;
}

static gv_status empty_large(shelf *s, int64_t b, int64_t most, shelf_fn *use, void *arg,
                             gv_error *err)
{
    const int bits = gv_item_bits(s->im->n_nodes);
    gv_context *ctx = s->im->ctx;
    const int64_t row = (int64_t)((s->base + ((uint64_t)b << s->shift)) >> bits);
    if (s->shift == bits)
        return gv_fail(err, GV_ERR_NOMEM,
                       "import: %" PRId64 " edges of one consumer do not fit in memory; limit %.2f "
                       "GiB",
                       bucket_items(s, b), (double)ctx->memory_limit / (1 << 30));
    shelf *finer = gv_alloc(ctx, 1, sizeof *finer);
    if (finer == NULL)
        return gv_no_memory(ctx, "import", err);
    shelf_begin(s->im, row, INT64_C(1) << (s->shift - bits), s->values, bucket_items(s, b), most,
                finer);
    gv_status st = refine(s, b, finer, err);
    if (st == GV_OK)
        st = shelf_empty(finer, most, use, arg, err);
    shelf_end(finer);
    gv_free(ctx, finer);
    return st;
}

/* Hands over the items of buckets [b, end), n of them. */
static gv_status empty_group(shelf *s, int64_t b, int64_t end, int64_t n, shelf_fn *use, void *arg,
                             gv_error *err)
{
    gv_context *ctx = s->im->ctx;
    gv_items items;
    gv_status st = gv_items_begin(ctx, &items, n, s->values, err);
    for (int64_t at = 0; st == GV_OK && b < end; b++) {
        st = take(s, b, &items, at, bucket_items(s, b), err);
        at += bucket_items(s, b);
        gv_pile_drop(s->im->spill, &s->key[b]);
        gv_pile_drop(s->im->spill, &s->value[b]);
    }
    if (st == GV_OK)
        st = use(arg, &items, err);
    gv_items_end(ctx, &items);
    return st;
}

gv_status shelf_empty(shelf *s, int64_t most, shelf_fn *use, void *arg, gv_error *err)
{
    gv_status st = GV_OK;
    for (int64_t b = 0, end; st == GV_OK && b < s->n_buckets; b = end) {
        int64_t n = bucket_items(s, b);
        end = b + 1;
        if (n > most) {
            st = empty_large(s, b, most, use, arg, err);
            continue;
        }
        while (end < s->n_buckets && n + bucket_items(s, end) <= most)
            n += bucket_items(s, end++);
        if (n > 0)
            st = empty_group(s, b, end, n, use, arg, err);
    }
    return st;
}
