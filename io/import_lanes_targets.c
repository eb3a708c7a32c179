/* import_lanes_targets.c -- edges turned round into rows by target of a graph file.
 *
 * Strands of a bucket, lane by lane, are in the order of sources, so edges that are counted by row
 * and put into place are sorted. A bucket whose columns are more than a thread may hold goes by
 * ranges of rows, a row that is longer by pieces. */
#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/import_lanes_build.h"

/* Rows of a bucket of targets; end[v] goes from the count of row v over its first place to the
 * place behind its last one. */
typedef struct target_rows {
    lanes_build *q;
    lanes_bench *w;
    int64_t bucket, first, last; /* rows [first, last) */
    int64_t *end;
    int64_t behind; /* place behind all of them */
} target_rows;

static gv_status count_rows(target_rows *t, gv_error *err)
{
    lanes_build *q = t->q;
    gv_status st = GV_OK;
    for (int64_t v = t->first; v < t->last; v++)
        t->end[v] = 0;
    for (int64_t lane = 0; st == GV_OK && lane < q->lane_count; lane++) {
        gv_walk w;
        gv_walk_begin(&q->turned, lane, t->bucket, false, t->w->piece, &w);
        while ((st = gv_walk_on(&w, err)) == GV_OK && w.bytes > 0) {
            const uint64_t *item = w.piece;
            for (int64_t i = 0; i < w.bytes / (int64_t)sizeof *item; i++)
                t->end[item[i] >> 32]++;
        }
    }
    int64_t sum = q->start[t->bucket];
    for (int64_t v = t->first; v < t->last; v++) {
        const int64_t count = t->end[v];
        t->end[v] = sum;
        sum += count;
    }
    t->behind = sum;
    return st;
}

static gv_status place_columns(const target_rows *t, int64_t first, int64_t n, gv_error *err)
{
    return gv_graph_writer_place(t->q->to.writer, GV_ARRAY_IN_INDICES, first, t->w->column, n, err);
}

/* Rows [lo, hi), whose n columns fit; or the one row `lo`, of more columns, piece by piece. */
static gv_status fill_rows(target_rows *t, int64_t lo, int64_t hi, int64_t n, gv_error *err)
{
    lanes_build *q = t->q;
    gv_node *restrict column = t->w->column;
    int64_t *restrict end = t->end, base = end[lo];
    const uint64_t rows = (uint64_t)(hi - lo), most = (uint64_t)q->most;
    const int64_t behind = base + n;
    gv_status st = GV_OK;
    for (int64_t lane = 0; st == GV_OK && lane < q->lane_count; lane++) {
        gv_walk w;
        gv_walk_begin(&q->turned, lane, t->bucket, hi == t->last, t->w->piece, &w);
        while (st == GV_OK && (st = gv_walk_on(&w, err)) == GV_OK && w.bytes > 0) {
            const uint64_t *item = w.piece;
            for (int64_t i = 0; i < w.bytes / (int64_t)sizeof *item; i++) {
                const uint64_t v = item[i] >> 32;
                if (v - (uint64_t)lo >= rows)
                    continue;
                if ((uint64_t)(end[v] - base) == most && st == GV_OK) { /* of one long row */
                    st = place_columns(t, base, q->most, err);
                    base = end[v];
                }
                column[end[v]++ - base] = (gv_node)(uint32_t)item[i];
            }
        }
    }
    return st == GV_OK ? place_columns(t, base, behind - base, err) : st;
}

static gv_status fill_bucket(target_rows *t, gv_error *err)
{
    gv_status st = count_rows(t, err);
    for (int64_t lo = t->first, hi; st == GV_OK && lo < t->last; lo = hi) {
        const int64_t base = t->end[lo];
        int64_t end = t->behind;
        for (hi = t->last; hi > lo + 1 && end - base > t->q->most;)
            end = t->end[--hi];
        st = fill_rows(t, lo, hi, end - base, err);
    }
    return st;
}

static void use_targets(void *arg, int64_t i)
{
    lanes_build *q = arg;
    const int64_t b = q->round + i, n = q->im->n_nodes;
    target_rows t = {.q = q, .w = &q->bench[gv_thread()], .bucket = b, .end = q->indptr + 1};
    gv_error err;
    gv_status st = GV_OK;
    t.first = b << q->shift < n ? b << q->shift : n;
    t.last = (b + 1) << q->shift < n ? (b + 1) << q->shift : n;
    if (t.w->column == NULL)
        t.w->column = gv_alloc(q->ctx, q->most, sizeof *t.w->column);
    st = t.w->column == NULL ? gv_no_memory(q->ctx, "import", &err) : fill_bucket(&t, &err);
    if (st != GV_OK)
        lanes_fail(q, st, &err);
}

/* As many columns as the fullest bucket has, if memory allows. */
static int64_t most_columns(const lanes_build *q)
{
    const gv_context *ctx = q->ctx;
    int64_t most = 1;
    for (int64_t b = 0; b < q->buckets; b++) {
        const int64_t n = q->start[b + 1] - q->start[b];
        most = n > most ? n : most;
    }
    if (ctx->memory_limit == 0)
        return most;
    const int64_t left = ctx->memory_limit - ctx->memory_used;
    const int64_t room = left / 2 / (int64_t)sizeof(gv_node) / gv_context_threads(ctx);
    const int64_t allowed = room > LANES_LEAST_COLUMNS ? room : LANES_LEAST_COLUMNS;
    return most < allowed ? most : allowed;
}

gv_status lanes_targets(lanes_build *q, gv_error *err)
{
    const int64_t n = q->im->n_nodes, edges = q->to.plan.n_edges;
    gv_status st = GV_OK;
    gv_strands_seal(&q->turned);
    for (int64_t b = 0; b < q->buckets; b++)
        q->start[b] = lanes_items(&q->turned, b);
    gv_prefix_sum(q->start, q->buckets);
    q->most = most_columns(q);
    q->indptr[0] = 0;
    for (int64_t b = 0; st == GV_OK && b < q->buckets; b += LANES_ROUND) {
        st = gv_progress(q->ctx, "build", 2 * edges + edges / q->buckets * b, 3 * edges, err);
        q->round = b;
        if (st == GV_OK)
            gv_parallel_for(q->ctx, q->buckets - b < LANES_ROUND ? q->buckets - b : LANES_ROUND,
                            use_targets, q);
        if (st == GV_OK)
            st = lanes_outcome(q, err);
    }
    if (st == GV_OK)
        st = gv_graph_writer_append(q->to.writer, GV_ARRAY_IN_INDPTR, q->indptr, n + 1, err);
    if (st == GV_OK)
        gv_graph_writer_placed(q->to.writer, GV_ARRAY_IN_INDICES);
    return st;
}
