/* import_batch.c -- edges taken over batch by batch, as pairs of ids, while the set of ids grows.
 *
 * Ids from 0 to 2^32 - 1 and numbers of texts are kept in 4 bytes, others in 8. Integer ids are
 * marked in a bitmap where they lie dense enough, else sorted. When the graph of what has come so
 * far could no longer be built within the memory limit, the edges go to a temporary file. */
#include <inttypes.h>
#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/import_lanes.h"

enum { LEAST_EXTENT = 4096, MOST_EXTENT = 256 << 10 };

void import_free_segment(importer *im, import_segment *s)
{
    gv_free(im->ctx, s->pair);
    gv_free(im->ctx, s->weight);
    gv_free(im->ctx, s->line);
    *s = (import_segment){0};
}

bool import_keeps_lines(const importer *im)
{
    return im->o.build.duplicates == GV_DUPLICATES_ERROR ||
           im->o.build.duplicates == GV_DUPLICATES_SUM;
}

/* ---- what fits ------------------------------------------------------------------------------- */

int64_t import_most_nodes(const importer *im, bool count)
{
    int64_t most = im->names.n + (count ? 0 : 64 * im->set.n_words);
    for (int64_t i = 0; count && i < im->set.n_words; i++)
        most += __builtin_popcountll(im->set.word[i]);
    for (int32_t i = 0; i < im->set.n_runs; i++)
        most += im->set.n[i];
    const int64_t ends = 2 * im->n_edges + im->n_rows;
    return im->n_nodes > 0 ? im->n_nodes : most < ends ? most : ends;
}

/* Bytes that building takes beside the segments: two copies of the items while they are sorted, the
 * rows, and what belongs to the nodes. */
static int64_t build_bytes(const importer *im, int64_t nodes)
{
    const int64_t m = (im->n_edges - im->n_loops) * (im->o.build.undirected ? 2 : 1);
    const gv_probability_rule rule = gv_rule_of(&im->o.build, im->weights);
    const bool values = im->weights && gv_wants_weights(&im->o.build);
    const int64_t item = values || rule == GV_PROBABILITY_STORED ? 12 : 8;
    const int64_t rows = rule == GV_PROBABILITY_STORED ? 16 : 4;
    return m * (2 * item + rows) + 40 * nodes;
}

static bool fits(const importer *im, int64_t nodes)
{
    const int64_t limit = im->ctx->memory_limit, used = im->ctx->memory_used;
    const int64_t m = (im->n_edges - im->n_loops) * (im->o.build.undirected ? 2 : 1);
    const int64_t least =
        im->segment_bytes + m * (im->weights ? 12 : 8); /* one becomes the other */
    const int64_t build = build_bytes(im, nodes) + (import_keeps_lines(im) ? im->segment_bytes : 0);
    return used - im->segment_bytes + (build > least ? build : least) <= limit;
}

bool import_fits(const importer *im)
{
    return im->ctx->memory_limit == 0 || fits(im, import_most_nodes(im, false)) ||
           fits(im, import_most_nodes(im, true));
}

static gv_status spill_segment(importer *im, import_segment *s, gv_error *err)
{
    const int64_t bytes = 2 * s->n * (s->wide ? 8 : 4);
    gv_status st = gv_pile_append(im->spill, &im->pairs, s->pair, bytes, err);
    if (st == GV_OK && s->weighted)
        st = gv_pile_append(im->spill, &im->pair_weights, s->weight, s->n * (int64_t)sizeof(float),
                            err);
    if (st != GV_OK)
        return st;
    im->segment_bytes -= bytes + (s->weighted ? s->n * (int64_t)sizeof(float) : 0);
    gv_free(im->ctx, s->pair);
    gv_free(im->ctx, s->weight);
    gv_free(im->ctx, s->line);
    s->pair = NULL, s->weight = NULL, s->line = NULL;
    return GV_OK;
}

/* Extents that leave memory for a thousand piles with a tail each. */
static int64_t extent_for(int64_t limit)
{
    int64_t extent = LEAST_EXTENT;
    while (extent < MOST_EXTENT && 8192 * extent <= limit)
        extent *= 2;
    return extent;
}

gv_status import_spill(importer *im, gv_error *err)
{
    gv_status st = GV_OK;
    if (im->spill == NULL)
        st = gv_spill_open(im->ctx, im->folder, extent_for(im->ctx->memory_limit), &im->spill, err);
    for (int64_t i = im->n_spilled; st == GV_OK && i < im->n_segments; i++) {
        st = spill_segment(im, &im->segment[i], err);
        im->n_spilled = i + 1;
    }
    return st;
}

gv_status import_relieve(importer *im, gv_error *err)
{
    if (im->lanes != NULL)
        return GV_OK;
    if (im->spill == NULL && (im->folder == NULL || import_fits(im)))
        return GV_OK;
    return import_spill(im, err);
}

/* ---- segments -------------------------------------------------------------------------------- */

gv_status import_new_segment(importer *im, int64_t n, int64_t path, import_segment **out,
                             gv_error *err)
{
    if (im->n_segments == im->segment_capacity) {
        const int64_t more = im->segment_capacity > 0 ? 2 * im->segment_capacity : 16;
        import_segment *moved = gv_realloc(im->ctx, im->segment, more, sizeof *moved);
        if (moved == NULL)
            return gv_no_memory(im->ctx, "import", err);
        im->segment = moved;
        im->segment_capacity = more;
    }
    *out = &im->segment[im->n_segments++];
    **out = (import_segment){.n = n, .path = path};
    return GV_OK;
}

static void account(importer *im, const import_segment *s)
{
    im->n_edges += s->n;
    im->n_loops += s->loops;
    im->weights |= s->weighted;
    im->segment_bytes +=
        2 * s->n * (s->wide ? 8 : 4) + (s->weighted ? s->n * (int64_t)sizeof(float) : 0);
}

/* ---- chunks ---------------------------------------------------------------------------------- */

typedef struct copy_job {
    const gv_batch *batch;
    import_segment *to;
    const gv_id_set *set; /* to mark ids in, or NULL */
    uint64_t *key;        /* [2 n], ids for the set's runs, or NULL */
    bool reverse;
    _Atomic int64_t least, most, loops;
} copy_job;

static void lower(_Atomic int64_t *least, int64_t x)
{
    int64_t have = *least;
    while (x < have && !atomic_compare_exchange_weak(least, &have, x))
        ;
}

static void raise(_Atomic int64_t *most, int64_t x)
{
    int64_t have = *most;
    while (x > have && !atomic_compare_exchange_weak(most, &have, x))
        ;
}

/* The range of the ids of one chunk; the least of all and the most do not depend on who came first.
 */
static void look_at_chunk(void *arg, int64_t i)
{
    copy_job *job = arg;
    const gv_chunk *c = job->batch->chunk[i];
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (int side = 0; side < 2; side++) {
        const int64_t *restrict id = c->column[side].i64;
        for (int64_t k = 0; k < c->n_rows; k++) {
            least = id[k] < least ? id[k] : least;
            most = id[k] > most ? id[k] : most;
        }
    }
    lower(&job->least, least);
    raise(&job->most, most);
}

static void copy_narrow(copy_job *job, const gv_chunk *c)
{
    const int64_t *restrict a = c->column[job->reverse].i64;
    const int64_t *restrict b = c->column[!job->reverse].i64;
    uint32_t *restrict to = (uint32_t *)job->to->pair + 2 * c->row;
    int64_t loops = 0;
    for (int64_t k = 0; k < c->n_rows; k++) {
        to[2 * k] = (uint32_t)a[k];
        to[2 * k + 1] = (uint32_t)b[k];
        loops += a[k] == b[k];
    }
    job->loops += loops;
    for (int64_t k = 0; job->set != NULL && k < 2 * c->n_rows; k++)
        gv_id_set_mark(job->set, to[k]);
}

static void copy_wide(copy_job *job, const gv_chunk *c)
{
    const int64_t *restrict a = c->column[job->reverse].i64;
    const int64_t *restrict b = c->column[!job->reverse].i64;
    int64_t *restrict to = (int64_t *)job->to->pair + 2 * c->row;
    int64_t loops = 0;
    for (int64_t k = 0; k < c->n_rows; k++) {
        to[2 * k] = a[k];
        to[2 * k + 1] = b[k];
        loops += a[k] == b[k];
    }
    job->loops += loops;
}

static void copy_chunk(void *arg, int64_t i)
{
    copy_job *job = arg;
    const gv_chunk *c = job->batch->chunk[i];
    import_segment *to = job->to;
    if (to->wide)
        copy_wide(job, c);
    else
        copy_narrow(job, c);
    for (int64_t k = 0; job->key != NULL && k < c->n_rows; k++) {
        job->key[2 * (c->row + k)] = gv_id_key(c->column[0].i64[k]);
        job->key[2 * (c->row + k) + 1] = gv_id_key(c->column[1].i64[k]);
    }
}

static void copy_others(void *arg, int64_t i)
{
    copy_job *job = arg;
    const gv_chunk *c = job->batch->chunk[i];
    import_segment *to = job->to;
    for (int64_t k = 0; to->weight != NULL && k < c->n_rows; k++)
        to->weight[c->row + k] = (float)c->column[2].f64[k];
    for (int64_t k = 0; to->line != NULL && c->line != NULL && k < c->n_rows; k++)
        to->line[c->row + k] = c->line_base + c->line[k];
}

typedef struct text_job {
    const importer *im;
    const gv_batch *batch;
    int32_t *number; /* [2 n], of both texts of a row */
} text_job;

/* Numbers of the texts of one chunk, -1 for those that are new. */
static void find_chunk(void *arg, int64_t i)
{
    const text_job *job = arg;
    const gv_chunk *c = job->batch->chunk[i];
    const bool reverse = job->im->o.reverse;
    const gv_piece *a = c->column[reverse].text, *b = c->column[!reverse].text;
    int32_t *pair = job->number + 2 * c->row;
    for (int64_t k = 0; k < c->n_rows; k++) {
        pair[2 * k] = gv_names_find(&job->im->names, a[k]);
        pair[2 * k + 1] = gv_names_find(&job->im->names, b[k]);
    }
}

/* Texts are looked up by all threads; those not known yet, few after the first batches, are
 * numbered in order by one. */
static gv_status copy_texts(importer *im, const gv_batch *batch, import_segment *to, gv_error *err)
{
    text_job job = {.im = im, .batch = batch, .number = to->pair};
    gv_parallel_for(im->ctx, batch->n_chunks, find_chunk, &job);
    for (int64_t i = 0; i < batch->n_chunks; i++) {
        const gv_chunk *c = batch->chunk[i];
        const gv_piece *text[2] = {c->column[im->o.reverse].text, c->column[!im->o.reverse].text};
        int32_t *pair = job.number + 2 * c->row;
        for (int64_t k = 0; k < c->n_rows; k++, pair += 2) {
            gv_status st = GV_OK;
            for (int side = 0; side < 2 && st == GV_OK; side++)
                if (pair[side] < 0)
                    st = gv_names_put(&im->names, text[side][k], &pair[side], err);
            if (st != GV_OK)
                return st;
            to->loops += pair[0] == pair[1];
        }
    }
    return GV_OK;
}

/* ---- batches --------------------------------------------------------------------------------- */

static gv_status make_arrays(importer *im, import_segment *s, bool weight, gv_error *err)
{
    const bool lines = import_keeps_lines(im) && im->spill == NULL;
    s->weighted = weight;
    s->pair = gv_alloc(im->ctx, 2 * s->n, s->wide ? 8 : 4);
    s->weight = weight ? gv_alloc(im->ctx, s->n, sizeof *s->weight) : NULL;
    s->line = lines ? gv_alloc(im->ctx, s->n, sizeof *s->line) : NULL;
    if (s->pair == NULL || (weight && s->weight == NULL) || (lines && s->line == NULL))
        return gv_no_memory(im->ctx, "import", err);
    return GV_OK;
}

/* Integer ids are marked where the bitmap reaches, else they are collected to be sorted. */
static gv_status copy_ints(importer *im, copy_job *job, gv_error *err)
{
    const int64_t n = job->to->n;
    bool marked = false;
    gv_status st = GV_OK;
    if (!job->to->wide && n > 0)
        st = gv_id_set_reach(&im->set, job->most + 1, 2 * (im->n_edges + n), &marked, err);
    job->set = marked ? &im->set : NULL;
    if (st == GV_OK && !marked && (job->key = gv_alloc(im->ctx, 2 * n, sizeof *job->key)) == NULL)
        st = gv_no_memory(im->ctx, "import", err);
    if (st != GV_OK)
        return st;
    gv_parallel_for(im->ctx, job->batch->n_chunks, copy_chunk, job);
    job->to->loops = job->loops;
    return marked ? GV_OK : gv_id_set_add(&im->set, job->key, 2 * n, err);
}

static gv_status find_self_loop(const importer *im, const gv_batch *batch, int64_t path,
                                gv_error *err)
{
    const char *file = import_file_name(im, path);
    for (int64_t i = 0; i < batch->n_chunks; i++) {
        const gv_chunk *c = batch->chunk[i];
        for (int64_t k = 0; k < c->n_rows; k++) {
            const gv_piece *a = c->column[0].text, *b = c->column[1].text;
            if (im->ids == GV_FIELD_TEXT
                    ? a[k].length == b[k].length &&
                          memcmp(a[k].text, b[k].text, (size_t)a[k].length) == 0
                    : c->column[0].i64[k] == c->column[1].i64[k])
                return c->line == NULL
                           ? gv_fail(err, GV_ERR_DATA, "%s: consumer %" PRId64 " has a self-loop",
                                     file, c->column[0].i64[k])
                           : gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": the edge is a self-loop",
                                     file, c->line_base + c->line[k]);
        }
    }
    return GV_OK;
}

gv_status import_take_batch(importer *im, const gv_batch *batch, bool weighted, int64_t path,
                            gv_error *err)
{
    const bool texts = im->ids == GV_FIELD_TEXT;
    bool taken = false;
    gv_status st = import_lanes_take(im, batch, weighted, &taken, err);
    if (st == GV_OK && taken && im->o.build.self_loops_error && im->n_loops > 0)
        return find_self_loop(im, batch, path, err);
    if (st != GV_OK || taken)
        return st;
    copy_job job = {
        .batch = batch, .reverse = im->o.reverse, .least = INT64_MAX, .most = INT64_MIN};
    st = import_new_segment(im, batch->n_rows, path, &job.to, err);
    if (st != GV_OK)
        return st;
    if (!texts && batch->n_rows > 0) {
        gv_parallel_for(im->ctx, batch->n_chunks, look_at_chunk, &job);
        job.to->wide = job.least < 0 || job.most > UINT32_MAX;
    }
    st = make_arrays(im, job.to, weighted, err);
    if (st == GV_OK)
        st = texts ? copy_texts(im, batch, job.to, err) : copy_ints(im, &job, err);
    if (st != GV_OK)
        return st;
    if (job.to->weight != NULL || job.to->line != NULL)
        gv_parallel_for(im->ctx, batch->n_chunks, copy_others, &job);
    account(im, job.to);
    if (im->o.build.self_loops_error && job.to->loops > 0)
        return find_self_loop(im, batch, path, err);
    return import_relieve(im, err);
}
