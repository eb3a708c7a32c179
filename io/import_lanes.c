/* import_lanes.c -- edges parted by ranges of source ids while they are read.
 *
 * Each thread has a lane of its own: one growing strand of edges for each bucket. When ids come
 * that no bucket reaches, neighbouring buckets are joined and reach twice as far. Which thread
 * parted an edge bears on the order of a strand alone, and strands are sorted. */
#include "io/import_lanes.h"

#include <sys/stat.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum {
    BUCKET_ITEMS = 1 << 16, /* aimed at: half a MiB, which fits a second-level cache twice */
    MOST_EXTENT = 16 << 10,
    LEAST_EXTENT = 4096,
    ROW_BYTES = 12, /* of text, about */
    UNKNOWN_ROWS = 1 << 26
};

/* ---- sizes ----------------------------------------------------------------------------------- */

bool import_lanes_sizes(int64_t rows, int64_t limit, int32_t lanes, int64_t *buckets,
                        int64_t *bytes)
{
    for (*buckets = 1; *buckets < LANES_BUCKETS && *buckets * BUCKET_ITEMS < rows;)
        *buckets *= 2;
    *bytes = MOST_EXTENT;
    /* Memory has room for an extent of each strand four times over: see import_lanes_file.c. */
    while (limit > 0 && 16 * lanes * *buckets * *bytes > limit) {
        if (*bytes > LEAST_EXTENT)
            *bytes /= 2;
        else if (*buckets > 1)
            *buckets /= 2;
        else
            return false;
    }
    return true;
}

/* Rows of all files, roughly: more buckets than needed do no harm. */
static int64_t expected_rows(const importer *im)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < im->n_paths; i++) {
        struct stat about;
        if (stat(im->paths[i], &about) != 0 || !S_ISREG(about.st_mode))
            return UNKNOWN_ROWS;
        const size_t length = strlen(im->paths[i]);
        const char *end = im->paths[i] + (length > 4 ? length - 4 : 0);
        const bool packed = strstr(end, ".gz") != NULL || strstr(end, ".zst") != NULL;
        bytes += packed ? 4 * (int64_t)about.st_size : (int64_t)about.st_size;
    }
    return bytes / ROW_BYTES;
}

bool import_lanes_wanted(const importer *im)
{
    const gv_probability_source source = im->o.build.source;
    return im->folder != NULL && im->ids != GV_FIELD_TEXT && !import_keeps_lines(im) &&
           (source == GV_FROM_NONE || source == GV_FROM_CONSTANT || source == GV_FROM_WC);
}

static gv_status begin(importer *im, uint64_t most, bool *ok, gv_error *err)
{
    gv_context *ctx = im->ctx;
    int64_t buckets, bytes;
    const int32_t lanes = gv_context_threads(ctx);
    *ok = import_lanes_sizes(expected_rows(im) << im->o.build.undirected, ctx->memory_limit, lanes,
                             &buckets, &bytes);
    if (!*ok)
        return GV_OK;
    import_lanes *l = im->lanes = gv_alloc_zero(ctx, 1, sizeof *l);
    if (l == NULL)
        return gv_no_memory(ctx, "import", err);
    gv_extents_begin(ctx, im->folder, bytes, INT64_MAX, &l->store);
    while (most >> l->shift >= (uint64_t)buckets)
        l->shift++;
    if (ctx->memory_limit > 0 && !gv_extents_promise(&l->store, lanes * buckets))
        return gv_no_memory(ctx, "import", err);
    return gv_strands_begin(&l->store, lanes, buckets, &l->pairs, err);
}

/* What memory may be used for edges: ids, their index and offsets of rows, and ranges that are
 * being sorted have to fit beside them. */
static void set_cap(const importer *im, import_lanes *l)
{
    const gv_context *ctx = im->ctx;
    if (ctx->memory_limit == 0)
        return;
    const int64_t own = l->store.n_memory * l->store.bytes;
    const int64_t others = ctx->memory_used > own ? ctx->memory_used - own : 0;
    const int64_t range = (int64_t)l->most + 1, met = import_most_nodes(im, false);
    const int64_t reserve = 20 * (range < met ? range : met) + ctx->memory_limit / 16;
    const int64_t least = 4 * l->pairs.lanes * l->pairs.buckets;
    const int64_t cap = (ctx->memory_limit - others - reserve) / l->store.bytes;
    l->store.cap = cap > least ? cap : least;
}

/* ---- leaving --------------------------------------------------------------------------------- */

static void end(gv_context *ctx, import_lanes *l)
{
    gv_strands_end(&l->pairs);
    gv_extents_end(&l->store);
    gv_free(ctx, l);
}

void import_lanes_end(importer *im)
{
    if (im->lanes != NULL)
        end(im->ctx, im->lanes);
    im->lanes = NULL;
}

/* The pairs of one piece, in memory; an undirected edge comes twice and is kept once. */
static gv_status make_segment(importer *im, const uint64_t *item, int64_t n, gv_error *err)
{
    import_segment *s;
    gv_status st = import_new_segment(im, n, 0, &s, err);
    if (st != GV_OK)
        return st;
    uint32_t *pair = s->pair = gv_alloc(im->ctx, 2 * n, sizeof *pair);
    if (pair == NULL)
        return gv_no_memory(im->ctx, "import", err);
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint32_t u = (uint32_t)(item[i] >> 32), v = (uint32_t)item[i];
        if (im->o.build.undirected && u > v)
            continue;
        pair[2 * kept] = u;
        pair[2 * kept++ + 1] = v;
    }
    s->n = kept;
    im->segment_bytes += 2 * kept * (int64_t)sizeof *pair;
    return GV_OK;
}

gv_status import_lanes_leave(importer *im, gv_error *err)
{
    import_lanes *l = im->lanes;
    im->lanes_left = true;
    im->lanes = NULL;
    if (l == NULL)
        return GV_OK;
    char *room = gv_alloc(im->ctx, l->store.bytes, 1);
    gv_status st = room == NULL ? gv_no_memory(im->ctx, "import", err) : GV_OK;
    gv_strands_seal(&l->pairs);
    for (int64_t i = 0; st == GV_OK && i < l->pairs.lanes * l->pairs.buckets; i++) {
        gv_walk w;
        gv_walk_begin(&l->pairs, 0, i, true, room, &w);
        while (st == GV_OK && (st = gv_walk_on(&w, err)) == GV_OK && w.bytes > 0) {
            st = make_segment(im, w.piece, w.bytes / (int64_t)sizeof(uint64_t), err);
            if (st == GV_OK)
                st = import_relieve(im, err);
        }
    }
    gv_free(im->ctx, room);
    end(im->ctx, l);
    return st;
}

/* ---- batches --------------------------------------------------------------------------------- */

typedef struct lane_job {
    const gv_batch *batch;
    const gv_id_set *set;
    gv_strands *to;
    int shift;
    bool reverse, undirected;
    _Atomic uint64_t most; /* of all ids, negative ones being large */
    _Atomic int64_t loops;
} lane_job;

static void look_at_chunk(void *arg, int64_t i)
{
    lane_job *job = arg;
    const gv_chunk *c = job->batch->chunk[i];
    const int64_t *restrict a = c->column[0].i64, *restrict b = c->column[1].i64;
    uint64_t most = 0, before = 0;
    for (int64_t k = 0; k < c->n_rows; k++) {
        const uint64_t u = (uint64_t)a[k], v = (uint64_t)b[k];
        most = u > most ? u : most;
        most = v > most ? v : most;
    }
    while (before < most &&
           !atomic_compare_exchange_weak_explicit(&job->most, &before, most, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

static void part_chunk(void *arg, int64_t i)
{
    lane_job *job = arg;
    const gv_chunk *c = job->batch->chunk[i];
    const gv_lane lane = gv_lane_of(job->to, gv_thread());
    const int64_t *a = c->column[job->reverse].i64, *b = c->column[!job->reverse].i64;
    const int shift = job->shift;
    int64_t loops = 0;
    for (int64_t k = 0; k < c->n_rows; k++) {
        const uint64_t u = (uint64_t)a[k], v = (uint64_t)b[k];
        gv_id_set_mark(job->set, (uint32_t)u);
        gv_id_set_mark(job->set, (uint32_t)v);
        if (u == v) {
            loops++;
            continue;
        }
        gv_lane_put(&lane, u >> shift, u << 32 | v);
        if (job->undirected)
            gv_lane_put(&lane, v >> shift, v << 32 | u);
    }
    atomic_fetch_add_explicit(&job->loops, loops, memory_order_relaxed);
}

/* Buckets that reach all ids up to this one. */
static gv_status reach(import_lanes *l, uint64_t most, gv_error *err)
{
    gv_status st = GV_OK;
    l->most = most > l->most ? most : l->most;
    while (st == GV_OK && most >> l->shift >= (uint64_t)l->pairs.buckets) {
        st = gv_strands_join(&l->pairs, err);
        l->shift++;
    }
    return st;
}

gv_status import_lanes_take(importer *im, const gv_batch *batch, bool weighted, bool *taken,
                            gv_error *err)
{
    lane_job job = {.batch = batch,
                    .set = &im->set,
                    .reverse = im->o.reverse,
                    .undirected = im->o.build.undirected};
    const int64_t ends = 2 * (im->n_edges + batch->n_rows);
    *taken = !im->lanes_left && im->n_segments == 0 && import_lanes_wanted(im) && !weighted;
    gv_status st = GV_OK;
    if (*taken && batch->n_rows > 0) {
        gv_parallel_for(im->ctx, batch->n_chunks, look_at_chunk, &job);
        *taken = job.most <= UINT32_MAX;
        if (*taken)
            st = gv_id_set_reach(&im->set, (int64_t)job.most + 1, ends, taken, err);
        if (st == GV_OK && *taken && im->lanes == NULL)
            st = begin(im, job.most, taken, err);
    }
    if (st != GV_OK || !*taken)
        return st == GV_OK ? import_lanes_leave(im, err) : st;
    if (batch->n_rows == 0)
        return GV_OK;
    st = reach(im->lanes, job.most, err);
    if (st != GV_OK)
        return st;
    set_cap(im, im->lanes);
    job.to = &im->lanes->pairs;
    job.shift = im->lanes->shift;
    gv_parallel_for(im->ctx, batch->n_chunks, part_chunk, &job);
    im->n_edges += batch->n_rows;
    im->n_loops += job.loops;
    return gv_strands_status(job.to, err);
}
