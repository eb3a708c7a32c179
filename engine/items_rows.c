/* items_rows.c -- sorted items merged, and poured into rows.
 *
 * Items are cut into blocks that start where a key differs from the one before, so that no group of
 * equal keys is torn. A block is merged in place by one thread; the counts of what each keeps,
 * added up in order, say where its rows go. */
#include <float.h>

#include <math.h>

#include "engine/error.h"
#include "engine/items.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/rng.h"

/* ---- blocks ---------------------------------------------------------------------------------- */

static gv_status begin_blocks(gv_context *ctx, int64_t n_items, gv_item_blocks *blocks,
                              gv_error *err)
{
    *blocks = (gv_item_blocks){.n = (n_items + GV_ITEM_BLOCK - 1) / GV_ITEM_BLOCK};
    blocks->begin = gv_alloc(ctx, blocks->n + 1, sizeof *blocks->begin);
    blocks->kept = gv_alloc(ctx, blocks->n, sizeof *blocks->kept);
    blocks->first = gv_alloc(ctx, blocks->n + 1, sizeof *blocks->first);
    if (blocks->begin != NULL && blocks->kept != NULL && blocks->first != NULL)
        return GV_OK;
    gv_blocks_end(ctx, blocks);
    return gv_no_memory(ctx, "edges", err);
}

void gv_blocks_end(gv_context *ctx, gv_item_blocks *blocks)
{
    gv_free(ctx, blocks->begin);
    gv_free(ctx, blocks->kept);
    gv_free(ctx, blocks->first);
    *blocks = (gv_item_blocks){0};
}

static void add_up(gv_item_blocks *blocks)
{
    for (int64_t b = 0; b < blocks->n; b++)
        blocks->first[b] = blocks->kept[b];
    gv_prefix_sum(blocks->first, blocks->n);
}

gv_status gv_blocks_plain(gv_context *ctx, const gv_items *items, gv_item_blocks *blocks,
                          gv_error *err)
{
    const gv_status st = begin_blocks(ctx, items->n, blocks, err);
    if (st != GV_OK)
        return st;
    for (int64_t b = 0; b <= blocks->n; b++)
        blocks->begin[b] = b < blocks->n ? b * GV_ITEM_BLOCK : items->n;
    for (int64_t b = 0; b < blocks->n; b++)
        blocks->kept[b] = blocks->begin[b + 1] - blocks->begin[b];
    add_up(blocks);
    return GV_OK;
}

/* Places where a key differs from the one before. */
static void cut_between_keys(const gv_items *items, gv_item_blocks *blocks)
{
    for (int64_t b = 0; b < blocks->n; b++) {
        int64_t i = b * GV_ITEM_BLOCK;
        if (b > 0 && i < blocks->begin[b - 1]) /* a group longer than a block */
            i = blocks->begin[b - 1];
        while (i > 0 && i < items->n && items->key[i] == items->key[i - 1])
            i++;
        blocks->begin[b] = i;
    }
    blocks->begin[blocks->n] = items->n;
}

/* ---- merging --------------------------------------------------------------------------------- */

static void sift_down(uint32_t *v, int64_t root, int64_t n)
{
    for (int64_t child = 2 * root + 1; child < n; root = child, child = 2 * root + 1) {
        if (child + 1 < n && v[child] < v[child + 1])
            child++;
        if (v[root] >= v[child])
            return;
        const uint32_t swap = v[root];
        v[root] = v[child], v[child] = swap;
    }
}

/* Heapsort: bits of non-negative floats sort like the floats. */
static void sort_values(uint32_t *v, int64_t n)
{
    for (int64_t i = n / 2; i-- > 0;)
        sift_down(v, i, n);
    for (int64_t i = n - 1; i > 0; i--) {
        const uint32_t swap = v[0];
        v[0] = v[i], v[i] = swap;
        sift_down(v, 0, i);
    }
}

float gv_merged_weight(const gv_build_opts *o, uint32_t *v, int64_t n)
{
    sort_values(v, n);
    if (o->duplicates == GV_DUPLICATES_MAX)
        return gv_weight_of(v[n - 1]);
    const bool add = o->duplicates == GV_DUPLICATES_SUM || o->source != GV_FROM_WEIGHT;
    double sum = 0.0, fails = 1.0;
    for (int64_t i = 0; i < n; i++) {
        sum += (double)gv_weight_of(v[i]);
        fails *= 1.0 - (double)gv_weight_of(v[i]);
    }
    if (add) /* weights that are no probabilities may add up to more than a float holds */
        return (float)(sum < (double)FLT_MAX ? sum : (double)FLT_MAX);
    return (float)(1.0 - fails);
}

/* Merges the group [i, end) into one item; false if the rule refuses that. */
static bool merge_group(const gv_build_opts *o, const gv_items *items, int64_t i, int64_t end,
                        uint32_t *value)
{
    if (end - i > 1 && o->duplicates == GV_DUPLICATES_ERROR)
        return false;
    if (items->value == NULL)
        return true;
    *value = items->value[i];
    if (end - i == 1)
        return true;
    const float weight = gv_merged_weight(o, items->value + i, end - i);
    *value = gv_weight_bits(weight);
    return o->source != GV_FROM_WEIGHT || weight <= 1.0f;
}

/* Merges one block; returns the place of a group that is refused, or -1. */
static int64_t merge_block(const gv_build_opts *o, gv_items *items, int64_t begin, int64_t last,
                           int64_t *kept)
{
    uint64_t *restrict key = items->key;
    int64_t to = begin;
    for (int64_t i = begin, end; i < last; i = end) {
        uint32_t value = 0;
        for (end = i + 1; end < last && key[end] == key[i]; end++)
            ;
        if (!merge_group(o, items, i, end, &value))
            return i;
        key[to] = key[i];
        if (items->value != NULL)
            items->value[to] = value;
        to++;
    }
    *kept = to - begin;
    return -1;
}

gv_status gv_items_merge(gv_context *ctx, gv_items *items, const gv_build_opts *opts,
                         gv_item_blocks *blocks, int64_t *bad, gv_error *err)
{
    const gv_status st = begin_blocks(ctx, items->n, blocks, err);
    if (st != GV_OK)
        return st;
    cut_between_keys(items, blocks);
    int64_t refused = items->n;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)                 \
    reduction(min                                                                                  \
              : refused)
    for (int64_t b = 0; b < blocks->n; b++) {
        const int64_t at =
            merge_block(opts, items, blocks->begin[b], blocks->begin[b + 1], &blocks->kept[b]);
        refused = at >= 0 && at < refused ? at : refused;
    }
    if (refused < items->n) {
        *bad = refused;
        gv_blocks_end(ctx, blocks);
        return GV_ERR_DATA;
    }
    add_up(blocks);
    return GV_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Pours block b; rows from `row` on have no place yet. */
static void pour_block(const gv_items *items, const gv_item_blocks *blocks, int64_t b,
                       const gv_rows *rows, int64_t row)
{
    const uint64_t *restrict key = items->key + blocks->begin[b];
    const uint32_t *value = items->value != NULL ? items->value + blocks->begin[b] : NULL;
    const int bits = rows->bits;
    const int64_t first = blocks->first[b], position = rows->n_edges + first;
    for (int64_t i = 0; i < blocks->kept[b]; i++) {
        for (const int64_t r = (int64_t)(key[i] >> bits); row <= r; row++)
            rows->indptr[row] = position + i;
        if (rows->indices != NULL)
            rows->indices[first + i] = gv_item_column(key[i], bits);
    }
    for (int64_t i = 0; rows->probability != NULL && i < blocks->kept[b]; i++)
        rows->probability[first + i] = gv_weight_of(value[i]);
}

/* The row behind that of the last item kept in the blocks before b. */
static int64_t row_before(const gv_items *items, const gv_item_blocks *blocks, int64_t b,
                          const gv_rows *rows)
{
    while (--b >= 0)
        if (blocks->kept[b] > 0)
            return (int64_t)(items->key[blocks->begin[b] + blocks->kept[b] - 1] >> rows->bits) + 1;
    return rows->next_row;
}

void gv_rows_pour(gv_context *ctx, const gv_items *items, const gv_item_blocks *blocks,
                  gv_rows *rows)
{
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < blocks->n; b++)
        pour_block(items, blocks, b, rows, row_before(items, blocks, b, rows));
    const int64_t n = blocks->first[blocks->n];
    rows->next_row = row_before(items, blocks, blocks->n, rows);
    rows->n_edges += n;
    rows->indices = rows->indices != NULL ? rows->indices + n : NULL;
    rows->probability = rows->probability != NULL ? rows->probability + n : NULL;
}

void gv_rows_end(gv_rows *rows, int64_t n_nodes)
{
    for (; rows->next_row <= n_nodes; rows->next_row++)
        rows->indptr[rows->next_row] = rows->n_edges;
}

void gv_items_turn(gv_context *ctx, const gv_items *items, const gv_item_blocks *blocks, int bits,
                   gv_items *to)
{
    to->n = blocks->first[blocks->n];
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < blocks->n; b++) {
        const int64_t begin = blocks->begin[b], first = blocks->first[b];
        for (int64_t i = 0; i < blocks->kept[b]; i++) {
            const uint64_t key = items->key[begin + i];
            to->key[first + i] =
                gv_item_key(gv_item_column(key, bits), gv_item_row(key, bits), bits);
        }
        if (to->value != NULL)
            memcpy(to->value + first, items->value + begin,
                   (size_t)blocks->kept[b] * sizeof *to->value);
    }
}

/* ---- weights that become probabilities ------------------------------------------------------- */

void gv_items_trivalent(gv_context *ctx, gv_items *items, const gv_item_blocks *blocks, int bits,
                        uint64_t seed)
{
    const uint64_t key = gv_key(seed, GV_FOR_TRIVALENCY);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < blocks->n; b++)
        for (int64_t i = blocks->begin[b]; i < blocks->begin[b] + blocks->kept[b]; i++)
            items->value[i] = gv_weight_bits(gv_trivalent(key, gv_item_row(items->key[i], bits),
                                                          gv_item_column(items->key[i], bits)));
}

/* A row's sum is taken in the order of its columns by one thread, that of the block it starts in.
 */
void gv_items_share(gv_context *ctx, gv_items *items, int bits)
{
    const int64_t n = items->n, blocks = (n + GV_ITEM_BLOCK - 1) / GV_ITEM_BLOCK;
    const uint64_t *key = items->key;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < blocks; b++) {
        int64_t i = b * GV_ITEM_BLOCK;
        const int64_t last = i + GV_ITEM_BLOCK < n ? i + GV_ITEM_BLOCK : n;
        while (i > 0 && i < last && key[i] >> bits == key[i - 1] >> bits)
            i++;
        while (i < last) {
            double sum = 0.0;
            int64_t end = i;
            for (; end < n && key[end] >> bits == key[i] >> bits; end++)
                sum += (double)gv_weight_of(items->value[end]);
            for (; i < end; i++)
                items->value[i] = gv_weight_bits(
                    sum > 0.0 ? (float)((double)gv_weight_of(items->value[i]) / sum) : 0.0f);
        }
    }
}
