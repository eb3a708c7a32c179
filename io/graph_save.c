/* graph_save.c -- writing a graph file, and the hash of a graph's content.
 *
 * The hash covers numbers of nodes and edges, the probability rule with its constant, and the
 * checksums of /out/indptr, /out/indices, /nodes/ext_id and /out/probability: /in follows from
 * these, and neither the layout of the file nor node attributes bear on it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "grapevine/version.h"
#include "io/graph_file.h"

static const int64_t no_rows[1] = {0};

/* A graph without nodes may come without offsets. */
static const int64_t *offsets(const gv_csr *csr)
{
    return csr->indptr != NULL ? csr->indptr : no_rows;
}

char *gv_graph_content_hash(const gv_graph *g, const gv_graph_sums *sums, char *text)
{
    const bool constant = g->rule == GV_PROBABILITY_CONSTANT;
    uint64_t word[8] = {(uint64_t)g->n_nodes,
                        (uint64_t)g->n_edges,
                        (uint64_t)g->rule,
                        0,
                        sums->indptr,
                        sums->indices,
                        sums->ids,
                        g->rule == GV_PROBABILITY_STORED ? sums->probability : 0};
    if (constant)
        memcpy(&word[3], &g->constant, sizeof word[3]);
    return gv_hash_text(gv_hash_small(word, sizeof word), text);
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

gv_status gv_graph_identify(gv_context *ctx, const gv_graph *g, char *text, gv_error *err)
{
    if (g->hash[0] != '\0') {
        memcpy(text, g->hash, sizeof g->hash);
        return GV_OK;
    }
    gv_graph_sums sums = {.probability = 0};
    const gv_h5_shape ids = id_shape(g);
    const int64_t offset_bytes = (g->n_nodes + 1) * (int64_t)sizeof(int64_t);
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
        gv_graph_content_hash(g, &sums, text);
    return st;
}

static gv_status write_head(gv_h5 *f, const gv_graph *g, gv_error *err)
{
    gv_status st = gv_h5_set_i64(f, "/", "n_nodes", g->n_nodes, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_edges", g->n_edges, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "directed", g->directed, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "id_kind", g->id_kind == GV_ID_INT ? "int" : "string", err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "engine_version", GV_VERSION, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "probability_rule", gv_probability_rule_name(g->rule), err);
    if (st == GV_OK && g->rule == GV_PROBABILITY_CONSTANT)
        st = gv_h5_set_f64(f, "/", "probability_constant", g->constant, err);
    return st;
}

static gv_status write_vector(gv_h5 *f, const char *path, gv_type type, int64_t n, const void *data,
                              uint64_t *checksum, gv_error *err)
{
    const gv_h5_shape shape = gv_h5_vector(type, n);
    return gv_h5_write(f, path, &shape, data, checksum, err);
}

static gv_status write_edges(gv_h5 *f, const gv_graph *g, gv_graph_sums *sums, gv_error *err)
{
    const int64_t n = g->n_nodes, m = g->n_edges;
    const bool stored = g->rule == GV_PROBABILITY_STORED;
    gv_status st =
        write_vector(f, "/out/indptr", GV_I64, n + 1, offsets(&g->out), &sums->indptr, err);
    if (st == GV_OK)
        st = write_vector(f, "/out/indices", GV_I32, m, g->out.indices, &sums->indices, err);
    if (st == GV_OK && stored)
        st = write_vector(f, "/out/probability", GV_F32, m, g->out.probability, &sums->probability,
                          err);
    if (st == GV_OK && g->directed)
        st = write_vector(f, "/in/indptr", GV_I64, n + 1, offsets(&g->in), NULL, err);
    if (st == GV_OK && g->directed)
        st = write_vector(f, "/in/indices", GV_I32, m, g->in.indices, NULL, err);
    if (st == GV_OK && !g->directed)
        st = gv_h5_link(f, "/out/indptr", "/in/indptr", err);
    if (st == GV_OK && !g->directed)
        st = gv_h5_link(f, "/out/indices", "/in/indices", err);
    if (st == GV_OK && stored)
        st = write_vector(f, "/in/probability", GV_F32, m, g->in.probability, NULL, err);
    return st;
}

static gv_status write_attributes(gv_h5 *f, const gv_graph *g, gv_error *err)
{
    gv_status st = GV_OK;
    for (int32_t i = 0; st == GV_OK && i < g->n_attributes; i++) {
        const gv_attribute *a = &g->attribute[i];
        char path[128];
        if (a->name[0] == '\0' || strchr(a->name, '/') != NULL || strcmp(a->name, ".") == 0)
            return gv_fail(err, GV_ERR_ARG, "%s: \"%s\" cannot name a column of /nodes",
                           gv_h5_path(f), a->name);
        snprintf(path, sizeof path, "/nodes/%s", a->name);
        if (a->i32 != NULL)
            st = write_vector(f, path, GV_I32, g->n_nodes, a->i32, NULL, err);
        else
            st = write_vector(f, path, GV_F32, g->n_nodes, a->f32, NULL, err);
    }
    return st;
}

GV_API gv_status gv_graph_save(gv_context *ctx, gv_graph *g, const char *path, bool overwrite,
                               gv_error *err)
{
    gv_h5 *f;
    gv_graph_sums sums = {.probability = 0};
    char hash[GV_HASH_CHARS + 1];
    gv_status st = gv_h5_create(ctx, path, overwrite, "grapevine-graph", 1, &f, err);
    if (st != GV_OK)
        return st;
    st = write_head(f, g, err);
    if (st == GV_OK)
        st = write_edges(f, g, &sums, err);
    if (st == GV_OK)
        st = gv_h5_write_ids(f, "/nodes/ext_id", g, &sums.ids, err);
    if (st == GV_OK)
        st = write_attributes(f, g, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "content_hash", gv_graph_content_hash(g, &sums, hash), err);
    if (st == GV_OK)
        st = gv_h5_commit(&f, err);
    else
        gv_h5_close(f);
    if (st == GV_OK)
        memcpy(g->hash, hash, sizeof hash);
    return st;
}
