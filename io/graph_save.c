/* graph_save.c -- a graph of memory into a file, and the hash of a graph's content. */
#include <string.h>

#include "engine/hash.h"
#include "grapevine/graph_writer.h"
#include "io/graph_file.h"

static const int64_t no_rows[1] = {0};

/* A graph without nodes may come without offsets. */
static const int64_t *offsets(const gv_csr *csr)
{
    return csr->indptr != NULL ? csr->indptr : no_rows;
}

static gv_h5_shape id_shape(const gv_graph *g)
{
    return g->id_kind == GV_ID_INT ? gv_h5_vector(GV_I64, g->n_nodes)
                                   : gv_h5_strings(g->id_width, g->n_nodes);
}

static const void *id_data(const gv_graph *g)
{
    return g->id_kind == GV_ID_INT ? (const void *)g->id_int : (const void *)g->id_text;
}

gv_status gv_h5_write_ids(gv_h5 *f, const char *path, const gv_graph *g, uint64_t *checksum,
                          gv_error *err)
{
    const gv_h5_shape shape = id_shape(g);
    return gv_h5_write(f, path, &shape, id_data(g), checksum, err);
}

/* `column` [GV_MAX_ATTRIBUTES] holds the plan's columns. */
static gv_graph_plan plan_of(const gv_graph *g, gv_column_plan *column)
{
    for (int32_t i = 0; i < g->n_attributes; i++)
        column[i] = (gv_column_plan){g->attribute[i].name, g->attribute[i].i32 == NULL};
    return (gv_graph_plan){.n_nodes = g->n_nodes,
                           .n_edges = g->n_edges,
                           .directed = g->directed,
                           .rule = g->rule,
                           .constant = g->constant,
                           .id_kind = g->id_kind,
                           .id_width = g->id_width,
                           .n_columns = g->n_attributes,
                           .column = column};
}

gv_status gv_graph_identify(gv_context *ctx, const gv_graph *g, char *text, gv_error *err)
{
    if (g->hash[0] != '\0') {
        memcpy(text, g->hash, sizeof g->hash);
        return GV_OK;
    }
    gv_graph_sums sums = {.probability = 0};
    gv_column_plan column[GV_MAX_ATTRIBUTES];
    const gv_h5_shape ids = id_shape(g);
    const int64_t offset_bytes = (g->n_nodes + 1) * (int64_t)sizeof(int64_t);
    const gv_graph_plan plan = plan_of(g, column);
    gv_status st = gv_hash(ctx, offsets(&g->out), offset_bytes, &sums.indptr, err);
    if (st == GV_OK)
        st =
            gv_hash(ctx, g->out.indices, g->n_edges * (int64_t)sizeof(gv_node), &sums.indices, err);
    if (st == GV_OK)
        st = gv_hash(ctx, id_data(g), gv_h5_bytes(&ids), &sums.ids, err);
    if (st == GV_OK && g->rule == GV_PROBABILITY_STORED)
        st = gv_hash(ctx, g->out.probability, g->n_edges * (int64_t)sizeof(float),
                     &sums.probability, err);
    if (st == GV_OK)
        gv_graph_content_hash(&plan, &sums, text);
    return st;
}

static gv_status put_edges(gv_graph_writer *w, const gv_graph *g, gv_error *err)
{
    const int64_t n = g->n_nodes, m = g->n_edges;
    const bool stored = g->rule == GV_PROBABILITY_STORED;
    gv_status st = gv_graph_writer_append(w, GV_ARRAY_OUT_INDPTR, offsets(&g->out), n + 1, err);
    if (st == GV_OK)
        st = gv_graph_writer_append(w, GV_ARRAY_OUT_INDICES, g->out.indices, m, err);
    if (st == GV_OK && stored)
        st = gv_graph_writer_append(w, GV_ARRAY_OUT_PROBABILITY, g->out.probability, m, err);
    if (st == GV_OK && g->directed)
        st = gv_graph_writer_append(w, GV_ARRAY_IN_INDPTR, offsets(&g->in), n + 1, err);
    if (st == GV_OK && g->directed)
        st = gv_graph_writer_append(w, GV_ARRAY_IN_INDICES, g->in.indices, m, err);
    if (st == GV_OK && stored)
        st = gv_graph_writer_append(w, GV_ARRAY_IN_PROBABILITY, g->in.probability, m, err);
    return st;
}

static gv_status put_nodes(gv_graph_writer *w, const gv_graph *g, gv_error *err)
{
    gv_status st = gv_graph_writer_append(w, GV_ARRAY_IDS, id_data(g), g->n_nodes, err);
    for (int32_t i = 0; st == GV_OK && i < g->n_attributes; i++) {
        const gv_attribute *a = &g->attribute[i];
        const void *data = a->i32 != NULL ? (const void *)a->i32 : (const void *)a->f32;
        st = gv_graph_writer_append(w, GV_ARRAY_COLUMN + i, data, g->n_nodes, err);
    }
    return st;
}

GV_API gv_status gv_graph_save(gv_context *ctx, gv_graph *g, const char *path, bool overwrite,
                               gv_error *err)
{
    gv_graph_writer *w;
    gv_column_plan column[GV_MAX_ATTRIBUTES];
    const gv_graph_plan plan = plan_of(g, column);
    gv_status st = gv_graph_writer_create(ctx, path, overwrite, &plan, &w, err);
    if (st != GV_OK)
        return st;
    st = put_edges(w, g, err);
    if (st == GV_OK)
        st = put_nodes(w, g, err);
    if (st == GV_OK)
        return gv_graph_writer_commit(&w, g->hash, err);
    gv_graph_writer_discard(w);
    return st;
}
