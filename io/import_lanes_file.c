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
#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/import_lanes_build.h"

enum { ROUNDS = 16 };

void lanes_fail(lanes_build *q, gv_status st, const gv_error *err)
{
    while (atomic_flag_test_and_set_explicit(&q->busy, memory_order_acquire))
        ;
    if (q->status == GV_OK)
        q->status = st, q->err = *err;
    atomic_flag_clear_explicit(&q->busy, memory_order_release);
}

gv_status lanes_outcome(const lanes_build *q, gv_error *err)
{
    return q->status == GV_OK ? GV_OK : gv_fail(err, q->status, "%s", q->err.message);
}

int64_t lanes_items(const gv_strands *s, int64_t bucket)
{
    return gv_strands_bytes(s, bucket) / (int64_t)sizeof(uint64_t);
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
    const int64_t nodes = 8 * im->n_nodes + (4 * LANES_LEAST_COLUMNS + 8) * gv_context_threads(ctx);
    *fits = ctx->memory_used + sort + nodes + (1 << 20) <= ctx->memory_limit;
    return *fits ? GV_OK : import_lanes_leave(im, err);
}

/* ---- benches --------------------------------------------------------------------------------- */

void lanes_clear_benches(lanes_build *q)
{
    for (int32_t t = 0; q->bench != NULL && t < gv_context_threads(q->ctx); t++) {
        gv_free(q->ctx, q->bench[t].a);
        gv_free(q->ctx, q->bench[t].b);
        gv_free(q->ctx, q->bench[t].column);
        q->bench[t] = (lanes_bench){.piece = q->bench[t].piece};
    }
}

static gv_status make_benches(lanes_build *q, gv_error *err)
{
    q->bench = gv_alloc_zero(q->ctx, gv_context_threads(q->ctx), sizeof *q->bench);
    for (int32_t t = 0; q->bench != NULL && t < gv_context_threads(q->ctx); t++) {
        q->bench[t].piece = gv_alloc(q->ctx, q->lanes->store.bytes, 1);
        if (q->bench[t].piece == NULL)
            return gv_no_memory(q->ctx, "import", err);
    }
    return q->bench != NULL ? GV_OK : gv_no_memory(q->ctx, "import", err);
}

/* ---- columns into the file, edges turned round ----------------------------------------------- */

/* Buckets of about as many edges for each lane. */
static void share_out(lanes_build *q)
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
static void turn(const lanes_build *q, const gv_lane *lane, const gv_node *restrict column,
                 int64_t n, int64_t *row, int64_t *at)
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

static gv_status use_bucket(lanes_build *q, int64_t lane, int64_t b, gv_error *err)
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
    lanes_build *q = arg;
    const int64_t first = q->share[lane], n = q->share[lane + 1] - first;
    const int64_t end = first + n * (q->round + 1) / ROUNDS;
    gv_error err;
    gv_status st = GV_OK;
    for (int64_t b = first + n * q->round / ROUNDS; st == GV_OK && b < end; b++)
        st = use_bucket(q, lane, b, &err);
    if (st != GV_OK)
        lanes_fail(q, st, &err);
}

static gv_status put_sources(lanes_build *q, const char *path, bool overwrite, gv_error *err)
{
    const int64_t n = q->im->n_nodes, edges = q->indptr[n];
    gv_status st = import_target_create(&q->to, edges, path, overwrite, err);
    if (st == GV_OK)
        st = gv_graph_writer_append(q->to.writer, GV_ARRAY_OUT_INDPTR, q->indptr, n + 1, err);
    if (st == GV_OK && !gv_extents_promise(&q->lanes->store, q->spare))
        st = gv_no_memory(q->ctx, "import", err);
    if (st == GV_OK)
        st = gv_strands_begin(&q->lanes->store, q->lane_count, q->buckets, &q->turned, err);
    share_out(q);
    for (q->round = 0; st == GV_OK && q->round < ROUNDS; q->round++) {
        st = gv_progress(q->ctx, "build", edges + edges / ROUNDS * q->round, 3 * edges, err);
        if (st == GV_OK)
            gv_parallel_for(q->ctx, q->lane_count, use_share, q);
        if (st == GV_OK)
            st = lanes_outcome(q, err);
        if (st == GV_OK)
            st = gv_strands_status(&q->turned, err);
    }
    if (st == GV_OK)
        gv_graph_writer_placed(q->to.writer, GV_ARRAY_OUT_INDICES);
    return st;
}

/* ---------------------------------------------------------------------------------------------- */

static gv_status begin(lanes_build *q, importer *im, gv_error *err)
{
    gv_context *ctx = im->ctx;
    *q = (lanes_build){
        .im = im, .ctx = ctx, .lanes = im->lanes, .buckets = im->lanes->pairs.buckets};
    atomic_flag_clear(&q->busy);
    q->lane_count = im->lanes->pairs.lanes;
    q->spare = ctx->memory_limit > 0 ? q->lane_count * q->buckets : 0;
    im->lanes->store.promised = 0;
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
static void release(lanes_build *q)
{
    lanes_clear_benches(q);
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
    lanes_build q;
    const bool undirected = im->o.build.undirected;
    const int64_t edges = (im->n_edges - im->n_loops) << undirected;
    gv_status st = begin(&q, im, err);
    if (st == GV_OK)
        st = lanes_sources(&q, err);
    if (st == GV_OK)
        st = put_sources(&q, path, overwrite, err);
    if (st == GV_OK && q.to.plan.directed)
        st = lanes_targets(&q, err);
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
