/* import.c -- edge lists into a graph.
 *
 * Edges are kept batch by batch as pairs of ids while the set of ids grows; when all are known, an
 * id becomes the node of its rank, so the graph does not depend on the order of lines or files. */
#include "io/import.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/import_formats.h"
#include "io/import_lanes.h"
#include "io/import_talk.h"

static const char hint[] = "; ids of text need --id string";

GV_API gv_import_opts gv_import_defaults(void)
{
    return (gv_import_opts){.build = gv_build_defaults(), .half_life = INT64_C(90) * 86400};
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

const char *import_file_name(const importer *im, int64_t path)
{
    return strcmp(im->paths[path], "-") == 0 ? "standard input" : im->paths[path];
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
    if (o->interactions)
        return import_talk_options(im, err);
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
                                        .max = probability ? 1.0 : FLT_MAX,
                                        .optional = !probability}}};
    const char *columns = NULL;
    gv_table_opts opts = import_table_opts(im);
    opts.skip_lines = im->o.skip_lines;
    opts.lines = im->o.build.self_loops_error || import_keeps_lines(im);
    opts.block = block;
    gv_status st = gv_table_open(im->ctx, im->paths[path], &opts, &source->table, err);
    if (st == GV_OK)
        st = make_columns(im, source->table, source->columns, &columns, err);
    if (st == GV_OK)
        st = gv_table_bind(source->table, source->role, 3, columns, &im->ids, err);
    return st;
}

static gv_status read_rows(importer *im, int64_t path, gv_error *err)
{
    import_source source;
    gv_status st = import_open(im, path, 0, &source, err);
    gv_table *t = source.table;
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        st = import_take_batch(im, &batch, gv_table_has(t, 2), path, err);
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

static gv_status read_edges(importer *im, int64_t path, gv_error *err)
{
    import_format format;
    if (im->o.interactions)
        return import_talk(im, path, err);
    const gv_status st = import_format_of(im, path, &format, err);
    if (st != GV_OK)
        return st;
    switch (format) {
    case IMPORT_MARKET:
        return import_market(im, path, err);
    case IMPORT_METIS:
        return import_metis(im, path, err);
    case IMPORT_GAP:
    case IMPORT_GAP_WEIGHTED:
        return import_gap(im, path, format == IMPORT_GAP_WEIGHTED, err);
    case IMPORT_TEXT:
        break;
    }
    return read_rows(im, path, err);
}

static void release(importer *im)
{
    for (int64_t i = 0; i < im->n_segments; i++)
        import_free_segment(im, &im->segment[i]);
    gv_pile_drop(im->spill, &im->pairs);
    gv_pile_drop(im->spill, &im->pair_weights);
    import_lanes_end(im);
    gv_spill_close(im->spill);
    gv_id_set_end(&im->set);
    gv_names_end(&im->names);
    gv_id_index_end(&im->index);
    const void *arrays[] = {im->segment, im->role,     im->attribute_name,
                            im->row_id,  im->row_line, im->row_value,
                            im->node_id, im->order,    im->rank};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        gv_free(im->ctx, (void *)arrays[i]);
}

static void begin(importer *im, gv_context *ctx, const char *const *paths, int64_t n_paths,
                  const gv_import_opts *opts)
{
    *im = (importer){.ctx = ctx, .paths = paths, .n_paths = n_paths, .index = {.ctx = ctx}};
    im->o = opts != NULL ? *opts : gv_import_defaults();
    im->ids = import_field(im->o.ids);
    gv_id_set_begin(ctx, &im->set);
    gv_names_begin(ctx, &im->names);
}

/* All there is to know before the graph can be built. */
static gv_status read_all(importer *im, int64_t n_paths, gv_error *err)
{
    gv_status st = import_check_options(im, n_paths, err);
    if (st == GV_OK && im->o.interactions)
        st = import_talk_latest(im, n_paths, err);
    for (int64_t i = 0; i < n_paths && st == GV_OK; i++)
        st = read_edges(im, i, err);
    if (st == GV_OK && im->o.nodes != NULL)
        st = import_nodes(im, err);
    if (st == GV_OK)
        st = import_relieve(im, err);
    return st == GV_OK ? import_order_ids(im, err) : st;
}

GV_API gv_status gv_import(gv_context *ctx, const char *const *paths, int64_t n_paths,
                           const gv_import_opts *opts, gv_graph **out, gv_import_info *info,
                           gv_error *err)
{
    importer im;
    begin(&im, ctx, paths, n_paths, opts);
    gv_status st = read_all(&im, n_paths, err);
    if (st == GV_OK)
        st = import_graph(&im, out, err);
    if (st == GV_OK && info != NULL)
        *info = im.info;
    release(&im);
    return st;
}

/* The folder that a file lies in, caller's. */
static char *folder_of(gv_context *ctx, const char *path)
{
    const char *slash = strrchr(path, '/');
    const size_t length = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    char *folder = gv_alloc(ctx, (int64_t)length + 1, 1);
    if (folder != NULL) {
        memcpy(folder, slash == NULL ? "." : path, length);
        folder[length] = '\0';
    }
    return folder;
}

/* What a file cannot be written over is found out before the work, not after it. */
static gv_status check_output(const char *path, bool overwrite, gv_error *err)
{
    if (!overwrite && access(path, F_OK) == 0)
        return gv_fail(err, GV_ERR_CREATE, "%s: exists already and may not be overwritten", path);
    return GV_OK;
}

static gv_status build_file(importer *im, const char *path, bool overwrite, gv_error *err)
{
    bool fits = false;
    gv_status st = import_lanes_fit(im, &fits, err);
    if (st != GV_OK || fits)
        return st == GV_OK ? import_lanes_file(im, path, overwrite, err) : st;
    if (im->spill != NULL || !import_fits(im))
        return import_disk(im, path, overwrite, err);
    gv_graph *g = NULL;
    st = import_graph(im, &g, err);
    if (st == GV_OK)
        st = gv_graph_save(im->ctx, g, path, overwrite, err);
    if (st == GV_OK) {
        im->info.n_nodes = g->n_nodes;
        im->info.n_edges = g->n_edges;
    }
    gv_graph_free(g);
    return st;
}

GV_API gv_status gv_import_file(gv_context *ctx, const char *const *paths, int64_t n_paths,
                                const gv_import_opts *opts, const char *path, bool overwrite,
                                gv_import_info *info, gv_error *err)
{
    importer im;
    begin(&im, ctx, paths, n_paths, opts);
    char *own = im.o.tmpdir == NULL ? folder_of(ctx, path) : NULL;
    im.folder = own != NULL ? own : im.o.tmpdir;
    gv_status st =
        im.folder == NULL ? gv_no_memory(ctx, "import", err) : check_output(path, overwrite, err);
    if (st == GV_OK) {
        gv_spill_clean(im.folder);
        st = read_all(&im, n_paths, err);
    }
    if (st == GV_OK)
        st = build_file(&im, path, overwrite, err);
    if (st == GV_OK && info != NULL)
        *info = im.info;
    release(&im);
    gv_free(ctx, own);
    return st;
}
