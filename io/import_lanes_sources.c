/* import_lanes_sources.c -- strands of edges into rows by source, in memory.
 *
 * Ids of a bucket become nodes, one thread sorts them in its cache and drops repeats; columns take
 * the place of the edges, and the offsets of all rows are known. What a bucket becomes hangs on its
 * edges alone. */
#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/import_lanes_build.h"

static bool make_room(lanes_build *q, lanes_bench *w, int64_t n)
{
    if (n <= w->n)
        return true;
    gv_free(q->ctx, w->a);
    gv_free(q->ctx, w->b);
    w->n = n;
    w->a = gv_alloc(q->ctx, n, sizeof *w->a);
    w->b = gv_alloc(q->ctx, n, sizeof *w->b);
    return w->a != NULL && w->b != NULL;
}

/* The keys of a bucket: row within the bucket, and column. */
static gv_status gather(lanes_build *q, int64_t b, char *piece, uint64_t *restrict key,
                        gv_error *err)
{
    const gv_id_index *index = &q->im->index;
    const int64_t base = q->row[b];
    const int bits = q->bits;
    gv_status st = GV_OK;
    for (int64_t lane = 0; st == GV_OK && lane < q->lane_count; lane++) {
        gv_walk w;
        gv_walk_begin(&q->lanes->pairs, lane, b, true, piece, &w);
        while ((st = gv_walk_on(&w, err)) == GV_OK && w.bytes > 0) {
            const uint64_t *restrict pair = w.piece;
            const int64_t n = w.bytes / (int64_t)sizeof *pair;
            for (int64_t i = 0; i < n; i++) {
                const int64_t u = gv_id_index_place(index, (int64_t)(pair[i] >> 32)) - base;
                const gv_node v = gv_id_index_place(index, (int64_t)(pair[i] & UINT32_MAX));
                key[i] = (uint64_t)u << bits | (uint64_t)(uint32_t)v;
            }
            key += n;
        }
    }
    return st;
}

/* Columns of sorted keys without repeats; counts them by row. Returns how many. */
static int64_t keep(const lanes_build *q, int64_t b, const uint64_t *restrict key, int64_t n,
                    gv_node *restrict column)
{
    const int bits = q->bits;
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    int64_t *count = q->indptr + 1 + q->row[b], kept = 0;
    for (int64_t i = 0; i < n;) {
        const uint64_t row = key[i] >> bits;
        const int64_t before = kept;
        column[kept++] = (gv_node)(key[i++] & mask);
        for (; i < n && key[i] >> bits == row; i++) {
            column[kept] = (gv_node)(key[i] & mask);
            kept += key[i] != key[i - 1];
        }
        count[row] = kept - before;
    }
    return kept;
}

static gv_status keep_columns(lanes_build *q, int64_t b, const uint64_t *key, int64_t n,
                              gv_node *column, gv_error *err)
{
    const int64_t kept = keep(q, b, key, n, column);
    return gv_strands_put_all(&q->columns, 0, b, column, kept * (int64_t)sizeof *column, q->spare,
                              err);
}

static void sort_sources(void *arg, int64_t i)
{
    lanes_build *q = arg;
    lanes_bench *w = &q->bench[gv_thread()];
    const int64_t b = q->round + i, n = lanes_items(&q->lanes->pairs, b);
    if (n == 0 || n > LANES_BIG_BUCKET)
        return;
    gv_error err;
    gv_status st = make_room(q, w, n) ? GV_OK : gv_no_memory(q->ctx, "import", &err);
    if (st == GV_OK)
        st = gather(q, b, w->piece, w->a, &err);
    if (st == GV_OK) {
        const int rows = gv_item_bits(q->row[b + 1] - q->row[b]);
        const uint64_t *key = gv_keys_sort(w->a, w->b, n, q->bits + rows);
        /* the other array has room for the columns */
        st = keep_columns(q, b, key, n, (gv_node *)(void *)(key == w->a ? w->b : w->a), &err);
    }
    if (st != GV_OK)
        lanes_fail(q, st, &err);
}

/* A bucket that all threads sort together. */
static gv_status sort_large(lanes_build *q, int64_t b, gv_error *err)
{
    gv_items items;
    gv_status st = gv_items_begin(q->ctx, &items, lanes_items(&q->lanes->pairs, b), false, err);
    if (st == GV_OK)
        st = gather(q, b, q->bench[0].piece, items.key, err);
    if (st == GV_OK)
        st = gv_items_sort(q->ctx, &items, err);
    gv_node *column = st == GV_OK ? gv_alloc(q->ctx, items.n, sizeof *column) : NULL;
    if (st == GV_OK && column == NULL)
        st = gv_no_memory(q->ctx, "import", err);
    if (st == GV_OK)
        st = keep_columns(q, b, items.key, items.n, column, err);
    gv_free(q->ctx, column);
    gv_items_end(q->ctx, &items);
    return st;
}

/* The first node whose id is at least `id`. */
static int64_t first_node(const importer *im, int64_t id)
{
    int64_t lo = 0;
    for (int64_t hi = im->n_nodes; lo < hi;) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (im->node_id[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

gv_status lanes_sources(lanes_build *q, gv_error *err)
{
    const int64_t edges = q->im->n_edges;
    gv_status st = GV_OK;
    for (int64_t b = 0; b <= q->buckets; b++)
        q->row[b] = first_node(q->im, b << q->lanes->shift);
    for (int64_t b = 0; st == GV_OK && b < q->buckets; b += LANES_ROUND) {
        const int64_t n = q->buckets - b < LANES_ROUND ? q->buckets - b : LANES_ROUND;
        st = gv_progress(q->ctx, "build", edges / q->buckets * b, 3 * edges, err);
        q->round = b;
        if (st == GV_OK)
            gv_parallel_for(q->ctx, n, sort_sources, q);
        if (st == GV_OK)
            st = lanes_outcome(q, err);
        for (int64_t i = b; st == GV_OK && i < b + n; i++)
            if (lanes_items(&q->lanes->pairs, i) > LANES_BIG_BUCKET)
                st = sort_large(q, i, err);
    }
    for (int64_t v = 0; v < q->im->n_nodes; v++)
        q->indptr[v + 1] += q->indptr[v];
    lanes_clear_benches(q);
    return st;
}
