/* sort.c -- least-significant-digit radix sort, 8 bits a pass; digits in which all keys agree are
 * found beforehand and take none.
 *
 * The input is cut into one contiguous part a thread; a pass counts digits per part, turns the
 * counts into offsets ordered by (digit, part), and scatters. Equal digits keep their order
 * whatever the number of parts, so the result does not depend on it. */
#include "engine/sort.h"

#include <string.h>

#include "engine/memory.h"
#include "engine/parallel.h"

enum { RADIX = 256, DIGITS = 8, SMALL = 1 << 14 };

typedef struct sorter {
    int64_t n;
    int64_t n_parts;
    int64_t *count; /* [n_parts][RADIX] */
} sorter;

static int64_t part_begin(const sorter *s, int64_t part)
{
    return s->n / s->n_parts * part + (part < s->n % s->n_parts ? part : s->n % s->n_parts);
}

/* Offsets from counts, in the order (digit, part). */
static void offsets(const sorter *s)
{
    int64_t sum = 0;
    for (int64_t d = 0; d < RADIX; d++)
        for (int64_t p = 0; p < s->n_parts; p++) {
            const int64_t c = s->count[p * RADIX + d];
            s->count[p * RADIX + d] = sum;
            sum += c;
        }
}

/* Bits in which keys differ, of keys `stride` words apart; an OR does not mind its order. */
static uint64_t differing(const sorter *s, const uint64_t *key, int64_t stride)
{
    uint64_t bits = 0;
#pragma omp parallel for num_threads((int)s->n_parts) schedule(static) reduction(| : bits)
    for (int64_t i = 1; i < s->n; i++)
        bits |= key[i * stride] ^ key[0];
    return bits;
}

static void count_records(const sorter *s, const gv_record *record, int shift)
{
#pragma omp parallel for num_threads((int)s->n_parts) schedule(static, 1)
    for (int64_t p = 0; p < s->n_parts; p++) {
        int64_t *restrict count = s->count + p * RADIX;
        memset(count, 0, RADIX * sizeof *count);
        for (int64_t i = part_begin(s, p); i < part_begin(s, p + 1); i++)
            count[record[i].key >> shift & (RADIX - 1)]++;
    }
}

static void scatter_records(const sorter *s, const gv_record *restrict from, gv_record *restrict to,
                            int shift)
{
#pragma omp parallel for num_threads((int)s->n_parts) schedule(static, 1)
    for (int64_t p = 0; p < s->n_parts; p++) {
        int64_t *restrict at = s->count + p * RADIX;
        for (int64_t i = part_begin(s, p); i < part_begin(s, p + 1); i++)
            to[at[from[i].key >> shift & (RADIX - 1)]++] = from[i];
    }
}

static void count_keys(const sorter *s, const uint64_t *key, int shift)
{
#pragma omp parallel for num_threads((int)s->n_parts) schedule(static, 1)
    for (int64_t p = 0; p < s->n_parts; p++) {
        int64_t *restrict count = s->count + p * RADIX;
        memset(count, 0, RADIX * sizeof *count);
        for (int64_t i = part_begin(s, p); i < part_begin(s, p + 1); i++)
            count[key[i] >> shift & (RADIX - 1)]++;
    }
}

static void scatter_keys(const sorter *s, const uint64_t *restrict from, uint64_t *restrict to,
                         int shift)
{
#pragma omp parallel for num_threads((int)s->n_parts) schedule(static, 1)
    for (int64_t p = 0; p < s->n_parts; p++) {
        int64_t *restrict at = s->count + p * RADIX;
        for (int64_t i = part_begin(s, p); i < part_begin(s, p + 1); i++)
            to[at[from[i] >> shift & (RADIX - 1)]++] = from[i];
    }
}

static gv_status start(gv_context *ctx, sorter *s, int64_t n, size_t size, void **scratch,
                       gv_error *err)
{
    *s = (sorter){.n = n, .n_parts = n < SMALL ? 1 : gv_context_threads(ctx)};
    s->count = gv_alloc(ctx, s->n_parts * RADIX, sizeof *s->count);
    *scratch = gv_alloc(ctx, n, size);
    if (s->count != NULL && *scratch != NULL)
        return GV_OK;
    gv_free(ctx, s->count);
    gv_free(ctx, *scratch);
    return gv_no_memory(ctx, "sort", err);
}

gv_status gv_sort_records(gv_context *ctx, gv_record *record, int64_t n, gv_error *err)
{
    sorter s;
    void *scratch;
    const gv_status st = start(ctx, &s, n, sizeof *record, &scratch, err);
    if (st != GV_OK)
        return st;
    gv_record *from = record, *to = scratch;
    const uint64_t bits = n > 1 ? differing(&s, &record->key, sizeof *record / sizeof bits) : 0;
    for (int digit = 0; digit < DIGITS; digit++) {
        if ((bits >> 8 * digit & (RADIX - 1)) == 0)
            continue;
        count_records(&s, from, 8 * digit);
        offsets(&s);
        scatter_records(&s, from, to, 8 * digit);
        gv_record *swap = from;
        from = to, to = swap;
    }
    if (from != record)
        memcpy(record, from, (size_t)n * sizeof *record);
    gv_free(ctx, s.count);
    gv_free(ctx, scratch);
    return GV_OK;
}

gv_status gv_sort_keys(gv_context *ctx, uint64_t *key, int64_t n, gv_error *err)
{
    sorter s;
    void *scratch;
    const gv_status st = start(ctx, &s, n, sizeof *key, &scratch, err);
    if (st != GV_OK)
        return st;
    uint64_t *from = key, *to = scratch;
    const uint64_t bits = n > 1 ? differing(&s, key, 1) : 0;
    for (int digit = 0; digit < DIGITS; digit++) {
        if ((bits >> 8 * digit & (RADIX - 1)) == 0)
            continue;
        count_keys(&s, from, 8 * digit);
        offsets(&s);
        scatter_keys(&s, from, to, 8 * digit);
        uint64_t *swap = from;
        from = to, to = swap;
    }
    if (from != key)
        memcpy(key, from, (size_t)n * sizeof *key);
    gv_free(ctx, s.count);
    gv_free(ctx, scratch);
    return GV_OK;
}
