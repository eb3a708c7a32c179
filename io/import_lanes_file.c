/* import_lanes_file.c -- strands of edges into a graph file.
 *
 * 1. By source: ids of a bucket become nodes, one thread sorts them in its cache and drops repeats;
 *    columns take the place of the edges, and the offsets of all rows are known.
 * 2. The file is laid out. Each lane takes a range of buckets in order: it writes their columns to
 *    their place and puts the edges turned round into strands by ranges of targets, so that each
 *    strand is in the order of sources, and so are the strands of one bucket lane by lane.
 * 3. By target: edges of a bucket are counted by row and put into place, which sorts them.
 *
 * Places follow from counts alone, so nothing hangs on which thread did what when. Extents that a
 * phase empties are there for what it makes. Columns that a phase keeps leave as many extents of
 * memory as the strands of the next one may have at the least. */
#include <inttypes.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/import_lanes.h"
#include "io/import_target.h"

enum { ROUND = 64, ROUNDS = 16, LEAST_COLUMNS = 1 << 16 };

/* What one thread works in. */
typedef struct bench {
    uint64_t *a, *b; /* [n] */
    gv_node *column; /* [columns] */
    char *piece;     /* [bytes of an extent] */
    int64_t n;
} bench;

typedef struct build {
    importer *im;
    gv_context *ctx;
    import_lanes *lanes;
    import_target to;
    gv_strands columns, turned;
    int64_t *indptr; /* [n_nodes + 1] */
    int64_t *row;    /* [buckets + 1], first row of each bucket */
    int64_t *start;  /* [buckets + 1], edges of targets before each bucket */
    int64_t *share;  /* [lanes + 1], first bucket of each lane */
    bench *bench;    /* [threads] */
    int64_t buckets, lane_count, spare;
    int64_t round; /* first bucket, or number, of the running round */
    int64_t most;  /* columns that a thread holds */
    int bits, shift;
    bool failed;
    atomic_flag busy;
    gv_status status;
    gv_error err;
} build;

static void fail(build *q, gv_status st, const gv_error *err)
{
    while (atomic_flag_test_and_set_explicit(&q->busy, memory_order_acquire))
        ;
    if (q->status == GV_OK)
        q->status = st, q->err = *err;
    atomic_flag_clear_explicit(&q->busy, memory_order_release);
}

static gv_status outcome(const build *q, gv_error *err)
{
    return q->status == GV_OK ? GV_OK : gv_fail(err, q->status, "%s", q->err.message);
}

/* ---- what fits ------------------------------------------------------------------------------- */

gv_status import_lanes_fit(importer *im, bool *fits, gv_error *err)
{
    const import_lanes *l = im->lanes;
    const gv_context *ctx = im->ctx;
    *fits = l != NULL;
    if (l == NULL || ctx->memory_limit == 0)
        return GV_OK;
    int64_t most = 0;
    for (int64_t b = 0; b < l->pairs.buckets; b++) {
        int64_t extents = 0;
        for (int64_t lane = 0; lane < l->pairs.lanes; lane++)
            extents += l->pairs.bytes[lane * l->pairs.buckets + b] / l->store.bytes + 1;
        most = extents > most ? extents : most;
    }
    const int64_t items = most * l->store.bytes / (int64_t)sizeof(uint64_t);
    const int64_t small = items < LANES_BIG_BUCKET ? items : LANES_BIG_BUCKET;
    const int64_t sort = 16 * (small * gv_context_threads(ctx) + (items > small ? items : 0));
    const int64_t nodes = 8 * im->n_nodes + (4 * LEAST_COLUMNS + 8) * gv_context_threads(ctx);
    *fits = ctx->memory_used + sort + nodes + (1 << 20) <= ctx->memory_limit;
    return *fits ? GV_OK : import_lanes_leave(im, err);
}

/* ---- benches --------------------------------------------------------------------------------- */

static bool make_room(build *q, bench *w, int64_t n)
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

static void clear_benches(build *q)
{
    for (int32_t t = 0; q->bench != NULL && t < gv_context_threads(q->ctx); t++) {
        gv_free(q->ctx, q->bench[t].a);
        gv_free(q->ctx, q->bench[t].b);
        gv_free(q->ctx, q->bench[t].column);
        q->bench[t] = (bench){.piece = q->bench[t].piece};
    }
}

static gv_status make_benches(build *q, gv_error *err)
{
    q->bench = gv_alloc_zero(q->ctx, gv_context_threads(q->ctx), sizeof *q->bench);
    for (int32_t t = 0; q->bench != NULL && t < gv_context_threads(q->ctx); t++) {
        q->bench[t].piece = gv_alloc(q->ctx, q->lanes->store.bytes, 1);
        if (q->bench[t].piece == NULL)
            return gv_no_memory(q->ctx, "import", err);
    }
    return q->bench != NULL ? GV_OK : gv_no_memory(q->ctx, "import", err);
}

/* ---- 1. rows by source ----------------------------------------------------------------------- */

static int64_t items_of(const gv_strands *s, int64_t bucket)
{
    return gv_strands_bytes(s, bucket) / (int64_t)sizeof(uint64_t);
}

/* The keys of a bucket: row within the bucket, and column. */
static gv_status gather(build *q, int64_t b, char *piece, uint64_t *restrict key, gv_error *err)
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
static int64_t keep(const build *q, int64_t b, const uint64_t *restrict key, int64_t n,
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

static gv_status keep_columns(build *q, int64_t b, const uint64_t *key, int64_t n, gv_node *column,
                              gv_error *err)
{
    const int64_t kept = keep(q, b, key, n, column);
    return gv_strands_put_all(&q->columns, 0, b, column, kept * (int64_t)sizeof *column, q->spare,
                              err);
}

static void sort_sources(void *arg, int64_t i)
{
    build *q = arg;
    bench *w = &q->bench[gv_thread()];
    const int64_t b = q->round + i, n = items_of(&q->lanes->pairs, b);
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
        fail(q, st, &err);
}

/* A bucket that all threads sort together. */
static gv_status sort_large(build *q, int64_t b, gv_error *err)
{
    gv_items items;
    gv_status st = gv_items_begin(q->ctx, &items, items_of(&q->lanes->pairs, b), false, err);
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

static gv_status sources(build *q, gv_error *err)
{
    const int64_t edges = q->im->n_edges;
    gv_status st = GV_OK;
    for (int64_t b = 0; b <= q->buckets; b++)
        q->row[b] = first_node(q->im, b << q->lanes->shift);
    for (int64_t b = 0; st == GV_OK && b < q->buckets; b += ROUND) {
        const int64_t n = q->buckets - b < ROUND ? q->buckets - b : ROUND;
        st = gv_progress(q->ctx, "build", edges / q->buckets * b, 3 * edges, err);
        q->round = b;
        if (st == GV_OK)
            gv_parallel_for(q->ctx, n, sort_sources, q);
        if (st == GV_OK)
            st = outcome(q, err);
        for (int64_t i = b; st == GV_OK && i < b + n; i++)
            if (items_of(&q->lanes->pairs, i) > LANES_BIG_BUCKET)
                st = sort_large(q, i, err);
    }
    for (int64_t v = 0; v < q->im->n_nodes; v++)
        q->indptr[v + 1] += q->indptr[v];
    clear_benches(q);
    return st;
}

/* ---- 2. columns into the file, edges turned round -------------------------------------------- */

/* Buckets of about as many edges for each lane. */
static void share_out(build *q)
{
    const int64_t edges = q->indptr[q->im->n_nodes];
    int64_t b = 0;
    for (int64_t lane = 0; lane < q->lane_count; lane++) {
        const int64_t goal = edges / q->lane_count * lane;
        while (b < q->buckets && q->indptr[q->row[b]] < goal)
            b++;
        q->share[lane] = b;
    }
    q->share[q->lane_count] = q->buckets;
}

/* Columns of rows from *row on, the first of them at *at, to the strands of targets. */
static void turn(const build *q, const gv_lane *lane, const gv_node *restrict column, int64_t n,
                 int64_t *row, int64_t *at)
{
    const int64_t *indptr = q->indptr;
    const int shift = q->shift;
    for (int64_t i = 0; i < n;) {
        while (indptr[*row + 1] <= *at)
            ++*row;
        const int64_t left = indptr[*row + 1] - *at, end = i + left < n ? i + left : n;
        const uint64_t source = (uint64_t)*row;
        *at += end - i;
        for (; i < end; i++) {
            const uint64_t target = (uint64_t)(uint32_t)column[i];
            gv_lane_put(lane, target >> shift, target << 32 | source);
        }
    }
}

static gv_status use_bucket(build *q, int64_t lane, int64_t b, gv_error *err)
{
    const gv_lane to = gv_lane_of(&q->turned, lane);
    int64_t row = q->row[b], at = q->indptr[row];
    gv_walk w;
    gv_status st;
    gv_walk_begin(&q->columns, 0, b, true, q->bench[gv_thread()].piece, &w);
    while ((st = gv_walk_on(&w, err)) == GV_OK && w.bytes > 0) {
        const int64_t n = w.bytes / (int64_t)sizeof(gv_node);
        st = gv_graph_writer_place(q->to.writer, GV_ARRAY_OUT_INDICES, at, w.piece, n, err);
        if (st != GV_OK)
            break;
        if (q->to.plan.directed)
            turn(q, &to, w.piece, n, &row, &at);
        else
            at += n;
    }
    return st;
}

/* The share of a lane in one round. */
static void use_share(void *arg, int64_t lane)
{
    build *q = arg;
    const int64_t first = q->share[lane], n = q->share[lane + 1] - first;
    const int64_t end = first + n * (q->round + 1) / ROUNDS;
    gv_error err;
    gv_status st = GV_OK;
    for (int64_t b = first + n * q->round / ROUNDS; st == GV_OK && b < end; b++)
        st = use_bucket(q, lane, b, &err);
    if (st != GV_OK)
        fail(q, st, &err);
}

static gv_status put_sources(build *q, const char *path, bool overwrite, gv_error *err)
{
    const int64_t n = q->im->n_nodes, edges = q->indptr[n];
    gv_status st = import_target_create(&q->to, edges, path, overwrite, err);
    if (st == GV_OK)
        st = gv_graph_writer_append(q->to.writer, GV_ARRAY_OUT_INDPTR, q->indptr, n + 1, err);
    if (st == GV_OK)
        st = gv_strands_begin(&q->lanes->store, q->lane_count, q->buckets, &q->turned, err);
    share_out(q);
    for (q->round = 0; st == GV_OK && q->round < ROUNDS; q->round++) {
        st = gv_progress(q->ctx, "build", edges + edges / ROUNDS * q->round, 3 * edges, err);
        if (st == GV_OK)
            gv_parallel_for(q->ctx, q->lane_count, use_share, q);
        if (st == GV_OK)
            st = outcome(q, err);
        if (st == GV_OK)
            st = gv_strands_status(&q->turned, err);
    }
    if (st == GV_OK)
        gv_graph_writer_placed(q->to.writer, GV_ARRAY_OUT_INDICES);
    return st;
}

/* ---- 3. rows by target ----------------------------------------------------------------------- */

/* Rows of a bucket of targets; end[v] goes from the count of row v over its first place to the
 * place behind its last one. */
typedef struct target_rows {
    build *q;
    bench *w;
    int64_t bucket, first, last; /* rows [first, last) */
    int64_t *end;
    int64_t behind; /* place behind all of them */
} target_rows;

static gv_status count_rows(target_rows *t, gv_error *err)
{
    build *q = t->q;
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
    build *q = t->q;
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
    build *q = arg;
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
        fail(q, st, &err);
}

/* As many columns as the fullest bucket has, if memory allows. */
static int64_t most_columns(const build *q)
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
    const int64_t allowed = room > LEAST_COLUMNS ? room : LEAST_COLUMNS;
    return most < allowed ? most : allowed;
}

static gv_status targets(build *q, gv_error *err)
{
    const int64_t n = q->im->n_nodes, edges = q->to.plan.n_edges;
    gv_status st = GV_OK;
    gv_strands_seal(&q->turned);
    for (int64_t b = 0; b < q->buckets; b++)
        q->start[b] = items_of(&q->turned, b);
    gv_prefix_sum(q->start, q->buckets);
    q->most = most_columns(q);
    q->indptr[0] = 0;
    for (int64_t b = 0; st == GV_OK && b < q->buckets; b += ROUND) {
        st = gv_progress(q->ctx, "build", 2 * edges + edges / q->buckets * b, 3 * edges, err);
        q->round = b;
        if (st == GV_OK)
            gv_parallel_for(q->ctx, q->buckets - b < ROUND ? q->buckets - b : ROUND, use_targets,
                            q);
        if (st == GV_OK)
            st = outcome(q, err);
    }
    if (st == GV_OK)
        st = gv_graph_writer_append(q->to.writer, GV_ARRAY_IN_INDPTR, q->indptr, n + 1, err);
    if (st == GV_OK)
        gv_graph_writer_placed(q->to.writer, GV_ARRAY_IN_INDICES);
    return st;
}

/* ---------------------------------------------------------------------------------------------- */

static gv_status begin(build *q, importer *im, gv_error *err)
{
    gv_context *ctx = im->ctx;
    *q = (build){.im = im, .ctx = ctx, .lanes = im->lanes, .buckets = im->lanes->pairs.buckets};
    atomic_flag_clear(&q->busy);
    q->lane_count = im->lanes->pairs.lanes;
    q->spare = q->lane_count * q->buckets;
    q->bits = gv_item_bits(im->n_nodes);
    while ((im->n_nodes - 1) >> q->shift >= q->buckets)
        q->shift++;
    import_target_begin(im, &q->to);
    q->indptr = gv_alloc_zero(ctx, im->n_nodes + 1, sizeof *q->indptr);
    q->row = gv_alloc(ctx, q->buckets + 1, sizeof *q->row);
    q->start = gv_alloc(ctx, q->buckets + 1, sizeof *q->start);
    q->share = gv_alloc(ctx, q->lane_count + 1, sizeof *q->share);
    if (q->indptr == NULL || q->row == NULL || q->start == NULL || q->share == NULL)
        return gv_no_memory(ctx, "import", err);
    gv_strands_seal(&im->lanes->pairs);
    const gv_status st = make_benches(q, err);
    return st == GV_OK ? gv_strands_begin(&im->lanes->store, 1, q->buckets, &q->columns, err) : st;
}

/* Everything but what the file needs to be ended. */
static void release(build *q)
{
    clear_benches(q);
    for (int32_t t = 0; q->bench != NULL && t < gv_context_threads(q->ctx); t++)
        gv_free(q->ctx, q->bench[t].piece);
    gv_strands_end(&q->columns);
    gv_strands_end(&q->turned);
    gv_free(q->ctx, q->indptr);
    gv_free(q->ctx, q->row);
    gv_free(q->ctx, q->start);
    gv_free(q->ctx, q->share);
    gv_free(q->ctx, q->bench);
    q->im->info.bytes_spilled = q->lanes->store.file_bytes;
    import_lanes_end(q->im);
}

gv_status import_lanes_file(importer *im, const char *path, bool overwrite, gv_error *err)
{
    build q;
    const bool undirected = im->o.build.undirected;
    const int64_t edges = (im->n_edges - im->n_loops) << undirected;
    gv_status st = begin(&q, im, err);
    if (st == GV_OK)
        st = sources(&q, err);
    if (st == GV_OK)
        st = put_sources(&q, path, overwrite, err);
    if (st == GV_OK && q.to.plan.directed)
        st = targets(&q, err);
    release(&q);
    if (st == GV_OK)
        st = gv_graph_writer_commit(&q.to.writer, NULL, err);
    im->info.n_nodes = im->n_nodes;
    im->info.n_edges = q.to.plan.n_edges;
    im->info.build.self_loops = im->n_loops;
    im->info.build.duplicates = (edges - q.to.plan.n_edges) >> undirected;
    import_target_end(&q.to);
    return st;
}
