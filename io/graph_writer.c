/* graph_writer.c -- a graph file written piece by piece; gv_graph_save() writes through it too.
 *
 * All arrays are laid out at the start, in a fixed order, and get their attributes at the end, in
 * the same order: so the bytes of the file depend on the contents alone, not on how they came.
 *
 * The content hash covers numbers of nodes and edges, the probability rule with its constant, and
 * the checksums of /out/indptr, /out/indices, /nodes/ext_id and /out/probability: /in follows from
 * these, and neither the layout of the file nor node attributes bear on it. */
#include "grapevine/graph_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "grapevine/version.h"
#include "io/graph_file.h"

enum { PATH_CHARS = 96 };

typedef struct array {
    bool there, placed;
    int64_t element; /* bytes */
    gv_h5_stream stream;
    uint64_t checksum;
    char path[PATH_CHARS];
} array;

struct gv_graph_writer {
    gv_context *ctx;
    gv_h5 *f;
    gv_graph_plan plan;
    int arrays; /* places in `array` */
    array array[];
};

char *gv_graph_content_hash(const gv_graph_plan *plan, const gv_graph_sums *sums, char *text)
{
    uint64_t word[8] = {(uint64_t)plan->n_nodes,
                        (uint64_t)plan->n_edges,
                        (uint64_t)plan->rule,
                        0,
                        sums->indptr,
                        sums->indices,
                        sums->ids,
                        plan->rule == GV_PROBABILITY_STORED ? sums->probability : 0};
    if (plan->rule == GV_PROBABILITY_CONSTANT)
        memcpy(&word[3], &plan->constant, sizeof word[3]);
    return gv_hash_text(gv_hash_small(word, sizeof word), text);
}

static gv_status check(const char *path, const gv_graph_plan *p, gv_error *err)
{
    if (p->n_nodes < 0 || p->n_nodes > INT32_MAX)
        return gv_fail(err, GV_ERR_RANGE, "%s: %" PRId64 " nodes are not in [0, 2147483647]", path,
                       p->n_nodes);
    if (p->n_edges < 0 || p->n_edges > INT64_MAX / 16)
        return gv_fail(err, GV_ERR_RANGE, "%s: %" PRId64 " edges are not in [0, 2^59)", path,
                       p->n_edges);
    if (p->rule == GV_PROBABILITY_CONSTANT && !(p->constant >= 0.0 && p->constant <= 1.0))
        return gv_fail(err, GV_ERR_RANGE, "%s: probability %g is not in [0, 1]", path, p->constant);
    if (p->id_kind == GV_ID_STRING && (p->id_width < 1 || p->id_width > GV_ID_CHARS))
        return gv_fail(err, GV_ERR_RANGE, "%s: ids of %d bytes are not in [1, %d]", path,
                       p->id_width, GV_ID_CHARS);
    if (p->n_columns < 0 || p->n_columns > GV_MAX_ATTRIBUTES)
        return gv_fail(err, GV_ERR_RANGE, "%s: %d columns are not in [0, %d]", path, p->n_columns,
                       GV_MAX_ATTRIBUTES);
    for (int32_t i = 0; i < p->n_columns; i++) {
        const char *name = p->column[i].name;
        if (name[0] == '\0' || strlen(name) > 63 || strchr(name, '/') != NULL ||
            strcmp(name, ".") == 0 || strcmp(name, "ext_id") == 0)
            return gv_fail(err, GV_ERR_ARG, "%s: \"%.80s\" cannot name a column of /nodes", path,
                           name);
    }
    return GV_OK;
}

static gv_status write_head(gv_h5 *f, const gv_graph_plan *p, gv_error *err)
{
    gv_status st = gv_h5_set_i64(f, "/", "n_nodes", p->n_nodes, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_edges", p->n_edges, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "directed", p->directed, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "id_kind", p->id_kind == GV_ID_INT ? "int" : "string", err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "engine_version", GV_VERSION, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "probability_rule", gv_probability_rule_name(p->rule), err);
    if (st == GV_OK && p->rule == GV_PROBABILITY_CONSTANT)
        st = gv_h5_set_f64(f, "/", "probability_constant", p->constant, err);
    return st;
}

static gv_status add_array(gv_graph_writer *w, int i, const char *path, gv_h5_shape shape,
                           gv_error *err)
{
    array *a = &w->array[i];
    snprintf(a->path, sizeof a->path, "%s", path);
    a->element = gv_h5_element(&shape);
    a->there = true;
    return gv_h5_stream_begin(w->f, a->path, &shape, &a->stream, err);
}

static gv_status lay_out_edges(gv_graph_writer *w, gv_error *err)
{
    const gv_graph_plan *p = &w->plan;
    const gv_h5_shape offsets = gv_h5_vector(GV_I64, p->n_nodes + 1);
    const gv_h5_shape nodes = gv_h5_vector(GV_I32, p->n_edges);
    const gv_h5_shape real = gv_h5_vector(GV_F32, p->n_edges);
    const bool stored = p->rule == GV_PROBABILITY_STORED;
    gv_status st = add_array(w, GV_ARRAY_OUT_INDPTR, "/out/indptr", offsets, err);
    if (st == GV_OK)
        st = add_array(w, GV_ARRAY_OUT_INDICES, "/out/indices", nodes, err);
    if (st == GV_OK && stored)
        st = add_array(w, GV_ARRAY_OUT_PROBABILITY, "/out/probability", real, err);
    if (st == GV_OK && p->directed)
        st = add_array(w, GV_ARRAY_IN_INDPTR, "/in/indptr", offsets, err);
    if (st == GV_OK && p->directed)
        st = add_array(w, GV_ARRAY_IN_INDICES, "/in/indices", nodes, err);
    if (st == GV_OK && !p->directed)
        st = gv_h5_link(w->f, "/out/indptr", "/in/indptr", err);
    if (st == GV_OK && !p->directed)
        st = gv_h5_link(w->f, "/out/indices", "/in/indices", err);
    if (st == GV_OK && stored)
        st = add_array(w, GV_ARRAY_IN_PROBABILITY, "/in/probability", real, err);
    return st;
}

static gv_status lay_out_nodes(gv_graph_writer *w, gv_error *err)
{
    const gv_graph_plan *p = &w->plan;
    const gv_h5_shape ids = p->id_kind == GV_ID_INT ? gv_h5_vector(GV_I64, p->n_nodes)
                                                    : gv_h5_strings(p->id_width, p->n_nodes);
    gv_status st = add_array(w, GV_ARRAY_IDS, "/nodes/ext_id", ids, err);
    for (int32_t i = 0; st == GV_OK && i < p->n_columns; i++) {
        char path[PATH_CHARS];
        snprintf(path, sizeof path, "/nodes/%s", p->column[i].name);
        st = add_array(w, GV_ARRAY_COLUMN + i, path,
                       gv_h5_vector(p->column[i].real ? GV_F32 : GV_I32, p->n_nodes), err);
    }
    return st;
}

GV_API gv_status gv_graph_writer_create(gv_context *ctx, const char *path, bool overwrite,
                                        const gv_graph_plan *plan, gv_graph_writer **out,
                                        gv_error *err)
{
    gv_status st = check(path, plan, err);
    if (st != GV_OK)
        return st;
    const int arrays = GV_ARRAY_COLUMN + plan->n_columns;
    gv_graph_writer *w = gv_alloc_zero(ctx, 1, sizeof *w + (size_t)arrays * sizeof w->array[0]);
    if (w == NULL)
        return gv_no_memory(ctx, path, err);
    w->ctx = ctx;
    w->plan = *plan;
    w->arrays = arrays;
    st = gv_h5_create(ctx, path, overwrite, "grapevine-graph", 1, &w->f, err);
    if (st == GV_OK)
        st = write_head(w->f, plan, err);
    if (st == GV_OK)
        st = lay_out_edges(w, err);
    if (st == GV_OK)
        st = lay_out_nodes(w, err);
    if (st != GV_OK)
        gv_graph_writer_discard(w);
    else
        *out = w;
    return st;
}

GV_API gv_status gv_graph_writer_append(gv_graph_writer *w, int i, const void *data, int64_t count,
                                        gv_error *err)
{
    if (i < 0 || i >= w->arrays || !w->array[i].there)
        return gv_fail(err, GV_ERR_ARG, "%s: the graph has no array %d", gv_h5_path(w->f), i);
    array *a = &w->array[i];
    if (count < 0 || count > INT64_MAX / a->element)
        return gv_fail(err, GV_ERR_ARG, "%s: %s: %" PRId64 " elements are not in [0, 2^63)",
                       gv_h5_path(w->f), a->path, count);
    return gv_h5_stream_append(w->f, &a->stream, data, count * a->element, err);
}

gv_status gv_graph_writer_place(gv_graph_writer *w, int i, int64_t first, const void *data,
                                int64_t count, gv_error *err)
{
    const array *a = &w->array[i];
    return gv_h5_slab(w->f, &a->stream.array, first * a->element, data, count * a->element, err);
}

void gv_graph_writer_placed(gv_graph_writer *w, int i)
{
    w->array[i].placed = true;
}

static gv_status end_array(gv_graph_writer *w, array *a, gv_error *err)
{
    if (a->placed)
        return gv_h5_end(w->f, &a->stream.array, &a->checksum, err);
    return gv_h5_stream_end(w->f, &a->stream, &a->checksum, err);
}

static void free_writer(gv_graph_writer *w)
{
    for (int i = 0; i < w->arrays; i++)
        gv_h5_stream_drop(&w->array[i].stream);
    gv_free(w->ctx, w);
}

GV_API gv_status gv_graph_writer_commit(gv_graph_writer **writer, char *hash, gv_error *err)
{
    gv_graph_writer *w = *writer;
    char text[GV_HASH_CHARS + 1];
    gv_status st = GV_OK;
    *writer = NULL;
    for (int i = 0; st == GV_OK && i < w->arrays; i++)
        if (w->array[i].there)
            st = end_array(w, &w->array[i], err);
    const gv_graph_sums sums = {.indptr = w->array[GV_ARRAY_OUT_INDPTR].checksum,
                                .indices = w->array[GV_ARRAY_OUT_INDICES].checksum,
                                .ids = w->array[GV_ARRAY_IDS].checksum,
                                .probability = w->array[GV_ARRAY_OUT_PROBABILITY].checksum};
    gv_graph_content_hash(&w->plan, &sums, text);
    if (st == GV_OK)
        st = gv_h5_set_text(w->f, "/", "content_hash", text, err);
    if (st == GV_OK)
        st = gv_progress(w->ctx, "sync", 0, 1, err);
    if (st == GV_OK)
        st = gv_h5_commit(&w->f, err);
    else
        gv_h5_close(w->f);
    if (st == GV_OK && hash != NULL)
        memcpy(hash, text, sizeof text);
    free_writer(w);
    return st;
}

GV_API void gv_graph_writer_discard(gv_graph_writer *w)
{
    if (w == NULL)
        return;
    gv_h5_close(w->f);
    free_writer(w);
}
