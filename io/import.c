/* import.c -- edge lists into a graph.
 *
 * Edges are kept batch by batch as pairs of ids while the set of ids grows; when all are known, an
 * id becomes the node of its rank, so the graph does not depend on the order of lines or files. */
#include "io/import.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

static const char hint[] = "; ids of text need --id string";

GV_API gv_import_opts gv_import_defaults(void)
{
    return (gv_import_opts){.build = gv_build_defaults()};
}

gv_table_opts import_table_opts(importer *im)
{
    return (gv_table_opts){.lenient = im->o.lenient,
                           .complain = im->o.bad_row,
                           .complain_data = im->o.bad_row_data,
                           .complaints = &im->complaints,
                           .stage = "import"};
}

gv_status import_put_name(importer *im, gv_piece text, int64_t *number, gv_error *err)
{
    int32_t n = 0;
    const gv_status st = gv_names_put(&im->names, text, &n, err);
    *number = n;
    return st;
}

void import_free_segment(importer *im, import_segment *s)
{
    gv_free(im->ctx, s->src);
    gv_free(im->ctx, s->dst);
    gv_free(im->ctx, s->weight);
    gv_free(im->ctx, s->line);
    *s = (import_segment){0};
}

/* ---- options --------------------------------------------------------------------------------- */

static int count_columns(const char *columns)
{
    int n = 1;
    for (const char *p = columns; *p != '\0'; p++)
        n += *p == ',';
    return n;
}

gv_status import_check_options(importer *im, int64_t n_paths, gv_error *err)
{
    gv_import_opts *o = &im->o;
    int inputs = 0;
    if (n_paths < 1)
        return gv_fail(err, GV_ERR_ARG, "no edge file is given");
    if (o->skip_lines < 0)
        return gv_fail(err, GV_ERR_RANGE, "skip-lines %" PRId64 " is negative", o->skip_lines);
    for (int64_t i = 0; i < n_paths; i++)
        inputs += strcmp(im->paths[i], "-") == 0;
    if (inputs + (o->nodes != NULL && strcmp(o->nodes, "-") == 0) > 1)
        return gv_fail(err, GV_ERR_ARG, "standard input can be read only once");
    const bool third = o->columns != NULL && count_columns(o->columns) > 2;
    if (third && o->probability_column != NULL)
        return gv_fail(err, GV_ERR_ARG,
                       "columns \"%s\" and probability \"%s\" both name a probability", o->columns,
                       o->probability_column);
    const bool named = third || o->probability_column != NULL;
    if (named && o->build.source == GV_FROM_NONE)
        o->build.source = GV_FROM_WEIGHT;
    if (named && o->build.source != GV_FROM_WEIGHT && o->build.source != GV_FROM_WC)
        return gv_fail(err, GV_ERR_ARG,
                       "a column of probabilities is named, but the rule for probabilities "
                       "does not use it");
    return GV_OK;
}

/* The list of columns for this table, NULL for the first two. */
static gv_status make_columns(const importer *im, const gv_table *t, char *text,
                              const char **columns, gv_error *err)
{
    const gv_import_opts *o = &im->o;
    const char *base = o->columns != NULL ? o->columns : "1,2", *weight = o->probability_column;
    if (weight == NULL && o->columns == NULL &&
        (o->build.source == GV_FROM_WEIGHT ||
         (o->build.source == GV_FROM_WC && gv_table_width(t) > 2)))
        weight = "3";
    const int length = weight != NULL ? snprintf(text, IMPORT_COLUMNS_CHARS, "%s,%s", base, weight)
                                      : snprintf(text, IMPORT_COLUMNS_CHARS, "%s", base);
    if (length >= IMPORT_COLUMNS_CHARS)
        return gv_fail(err, GV_ERR_ARG, "columns: the list has more than %d bytes",
                       IMPORT_COLUMNS_CHARS);
    *columns = o->columns == NULL && weight == NULL ? NULL : text;
    return GV_OK;
}

/* ---- batches --------------------------------------------------------------------------------- */

typedef struct copy_job {
    const gv_batch *batch;
    import_segment *to;
    uint64_t *key; /* [2 * n], integer ids */
    bool reverse;
} copy_job;

static void copy_chunk(void *arg, int64_t i)
{
    const copy_job *job = arg;
    const gv_chunk *c = job->batch->chunk[i];
    import_segment *to = job->to;
    if (job->key != NULL) {
        const int64_t *restrict a = c->column[job->reverse].i64;
        const int64_t *restrict b = c->column[!job->reverse].i64;
        for (int64_t k = 0; k < c->n_rows; k++) {
            to->src[c->row + k] = a[k];
            to->dst[c->row + k] = b[k];
            job->key[2 * (c->row + k)] = gv_id_key(a[k]);
            job->key[2 * (c->row + k) + 1] = gv_id_key(b[k]);
        }
    }
    for (int64_t k = 0; to->weight != NULL && k < c->n_rows; k++)
        to->weight[c->row + k] = (float)c->column[2].f64[k];
    for (int64_t k = 0; to->line != NULL && k < c->n_rows; k++)
        to->line[c->row + k] = c->line_base + c->line[k];
}

/* Texts are numbered in order, by one thread. */
static gv_status copy_texts(importer *im, const gv_batch *batch, import_segment *to, gv_error *err)
{
    for (int64_t i = 0; i < batch->n_chunks; i++) {
        const gv_chunk *c = batch->chunk[i];
        const gv_piece *a = c->column[im->o.reverse].text, *b = c->column[!im->o.reverse].text;
        for (int64_t k = 0; k < c->n_rows; k++) {
            gv_status st = import_put_name(im, a[k], &to->src[c->row + k], err);
            if (st == GV_OK)
                st = import_put_name(im, b[k], &to->dst[c->row + k], err);
            if (st != GV_OK)
                return st;
        }
    }
    return GV_OK;
}

/* Duplicates that the builder may refuse are traced back to their lines. */
static bool keeps_lines(const importer *im)
{
    return im->o.build.duplicates == GV_DUPLICATES_ERROR ||
           im->o.build.duplicates == GV_DUPLICATES_SUM;
}

static gv_status new_segment(importer *im, int64_t n, bool weight, int64_t path,
                             import_segment **out, gv_error *err)
{
    if (im->n_segments == im->segment_capacity) {
        const int64_t more = im->segment_capacity > 0 ? 2 * im->segment_capacity : 16;
        import_segment *moved = gv_realloc(im->ctx, im->segment, more, sizeof *moved);
        if (moved == NULL)
            return gv_no_memory(im->ctx, "import", err);
        im->segment = moved;
        im->segment_capacity = more;
    }
    import_segment *s = *out = &im->segment[im->n_segments++];
    *s = (import_segment){.n = n, .path = path};
    const bool lines = keeps_lines(im);
    s->src = gv_alloc(im->ctx, n, sizeof *s->src);
    s->dst = gv_alloc(im->ctx, n, sizeof *s->dst);
    s->weight = weight ? gv_alloc(im->ctx, n, sizeof *s->weight) : NULL;
    s->line = lines ? gv_alloc(im->ctx, n, sizeof *s->line) : NULL;
    if (s->src == NULL || s->dst == NULL || (weight && s->weight == NULL) ||
        (lines && s->line == NULL))
        return gv_no_memory(im->ctx, "import", err);
    im->n_edges += n;
    return GV_OK;
}

static gv_status find_self_loop(const gv_table *t, const gv_batch *batch, const import_segment *s,
                                gv_error *err)
{
    for (int64_t i = 0; i < batch->n_chunks; i++) {
        const gv_chunk *c = batch->chunk[i];
        for (int64_t k = 0; k < c->n_rows; k++)
            if (s->src[c->row + k] == s->dst[c->row + k])
                return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": the edge is a self-loop",
                               gv_table_file(t), c->line_base + c->line[k]);
    }
    return GV_OK;
}

static gv_status take_batch(importer *im, const gv_table *t, const gv_batch *batch, int64_t path,
                            gv_error *err)
{
    copy_job job = {.batch = batch, .reverse = im->o.reverse};
    gv_status st = new_segment(im, batch->n_rows, gv_table_has(t, 2), path, &job.to, err);
    if (st != GV_OK)
        return st;
    if (im->ids == GV_FIELD_TEXT) {
        st = copy_texts(im, batch, job.to, err);
    } else {
        job.key = gv_alloc(im->ctx, 2 * batch->n_rows, sizeof *job.key);
        if (job.key == NULL)
            st = gv_no_memory(im->ctx, "import", err);
    }
    if (st != GV_OK)
        return st;
    gv_parallel_for(im->ctx, batch->n_chunks, copy_chunk, &job);
    if (job.key != NULL)
        st = gv_id_set_add(&im->set, job.key, 2 * batch->n_rows, err);
    if (st == GV_OK && im->o.build.self_loops_error)
        st = find_self_loop(t, batch, job.to, err);
    return st;
}

/* ---- files ----------------------------------------------------------------------------------- */

gv_status import_open(importer *im, int64_t path, int64_t block, import_source *source,
                      gv_error *err)
{
    const bool probability = im->o.build.source == GV_FROM_WEIGHT;
    const gv_field id = im->o.ids != GV_IDS_AUTO ? im->ids : GV_FIELD_AUTO;
    *source = (import_source){.role = {{.name = "source", .field = id, .hint = hint},
                                       {.name = "target", .field = id, .hint = hint},
                                       {.name = probability ? "probability" : "weight",
                                        .field = GV_FIELD_NUMBER,
                                        .max = probability ? 1.0 : INFINITY,
                                        .optional = !probability}}};
    const char *columns = NULL;
    gv_table_opts opts = import_table_opts(im);
    opts.skip_lines = im->o.skip_lines;
    opts.lines = im->o.build.self_loops_error || im->o.build.duplicates == GV_DUPLICATES_ERROR ||
                 im->o.build.duplicates == GV_DUPLICATES_SUM;
    opts.block = block;
    gv_status st = gv_table_open(im->ctx, im->paths[path], &opts, &source->table, err);
    if (st == GV_OK)
        st = make_columns(im, source->table, source->columns, &columns, err);
    if (st == GV_OK)
        st = gv_table_bind(source->table, source->role, 3, columns, &im->ids, err);
    return st;
}

static gv_status read_edges(importer *im, int64_t path, gv_error *err)
{
    import_source source;
    gv_status st = import_open(im, path, 0, &source, err);
    gv_table *t = source.table;
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        st = take_batch(im, t, &batch, path, err);
    }
    if (st == GV_OK) {
        const gv_table_info info = gv_table_describe(t);
        im->info.rows_read += info.rows;
        im->info.rows_bad += info.bad;
        im->info.bytes_read += info.bytes;
    }
    gv_table_close(t);
    return st;
}

static void release(importer *im)
{
    for (int64_t i = 0; i < im->n_segments; i++)
        import_free_segment(im, &im->segment[i]);
    gv_id_set_end(&im->set);
    gv_names_end(&im->names);
    gv_id_index_end(&im->index);
    const void *arrays[] = {im->segment, im->role,     im->attribute_name,
                            im->row_id,  im->row_line, im->row_value,
                            im->node_id, im->order,    im->rank};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        gv_free(im->ctx, (void *)arrays[i]);
}

GV_API gv_status gv_import(gv_context *ctx, const char *const *paths, int64_t n_paths,
                           const gv_import_opts *opts, gv_graph **out, gv_import_info *info,
                           gv_error *err)
{
    importer im = {.ctx = ctx, .paths = paths, .index = {.ctx = ctx}};
    im.o = opts != NULL ? *opts : gv_import_defaults();
    im.ids = import_field(im.o.ids);
    gv_id_set_begin(ctx, &im.set);
    gv_names_begin(ctx, &im.names);
    gv_status st = import_check_options(&im, n_paths, err);
    for (int64_t i = 0; i < n_paths && st == GV_OK; i++)
        st = read_edges(&im, i, err);
    if (st == GV_OK && im.o.nodes != NULL)
        st = import_nodes(&im, err);
    if (st == GV_OK)
        st = import_order_ids(&im, err);
    if (st == GV_OK)
        st = import_graph(&im, out, err);
    if (st == GV_OK && info != NULL)
        *info = im.info;
    release(&im);
    return st;
}
