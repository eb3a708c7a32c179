/* graph_file.c -- opening a graph file: the arrays stay where they are, in the mapped file.
 *
 * Only O(1) is checked here: schema, completeness, shapes, sizes against the file, ends of the
 * offsets. gv_graph_check() looks at the arrays themselves. HDF5 is closed again before this
 * returns; the mapping alone keeps the file. */
#include "io/graph_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"

static void release_mapped(gv_graph *g)
{
    gv_mapping_free(g->owner);
}

static void rest_mapped(const gv_graph *g, const void *data, int64_t bytes)
{
    if (g->owner != NULL)
        gv_mapping_rest(g->owner, data, bytes);
}

const char *gv_graph_file(const gv_graph *g)
{
    return g->release == release_mapped ? gv_mapping_path(g->owner) : "graph";
}

const char *gv_probability_rule_name(gv_probability_rule rule)
{
    static const char *const name[] = {"none", "constant", "weighted-cascade", "stored"};
    return name[rule];
}

/* An integer attribute of the root in [lowest, highest]. */
static gv_status get_number(gv_h5 *f, const char *name, int64_t lowest, int64_t highest,
                            int64_t *value, gv_error *err)
{
    const gv_status st = gv_h5_get_i64(f, "/", name, value, err);
    if (st == GV_OK && (*value < lowest || *value > highest))
        return gv_fail(err, GV_ERR_DATA,
                       "%s: /@%s: %" PRId64 " is not in [%" PRId64 ", %" PRId64 "]", gv_h5_path(f),
                       name, *value, lowest, highest);
    return st;
}

static gv_status read_rule(gv_h5 *f, gv_graph *g, gv_error *err)
{
    char text[32];
    gv_status st = gv_h5_get_text(f, "/", "probability_rule", text, sizeof text, err);
    if (st != GV_OK)
        return st;
    int rule = GV_PROBABILITY_NONE;
    while (rule <= GV_PROBABILITY_STORED &&
           strcmp(text, gv_probability_rule_name((gv_probability_rule)rule)) != 0)
        rule++;
    if (rule > GV_PROBABILITY_STORED)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: /@probability_rule: \"%s\" is not none, constant, weighted-cascade or "
                       "stored",
                       gv_h5_path(f), text);
    g->rule = (gv_probability_rule)rule;
    if (g->rule != GV_PROBABILITY_CONSTANT)
        return GV_OK;
    st = gv_h5_get_f64(f, "/", "probability_constant", &g->constant, err);
    if (st == GV_OK && !(g->constant >= 0.0 && g->constant <= 1.0))
        return gv_fail(err, GV_ERR_DATA, "%s: /@probability_constant: %g is not in [0, 1]",
                       gv_h5_path(f), g->constant);
    return st;
}

static gv_status read_head(gv_h5 *f, gv_graph *g, gv_error *err)
{
    char kind[16], hash[GV_HASH_CHARS + 1];
    int64_t directed = 0;
    gv_status st = gv_h5_expect(f, "grapevine-graph", 1, err);
    if (st == GV_OK)
        st = get_number(f, "n_nodes", 0, INT32_MAX, &g->n_nodes, err);
    if (st == GV_OK)
        st = get_number(f, "n_edges", 0, INT64_MAX / 16, &g->n_edges, err);
    if (st == GV_OK)
        st = get_number(f, "directed", 0, 1, &directed, err);
    if (st == GV_OK)
        st = gv_h5_get_text(f, "/", "id_kind", kind, sizeof kind, err);
    if (st == GV_OK)
        st = gv_h5_get_text(f, "/", "content_hash", hash, sizeof hash, err);
    if (st != GV_OK)
        return st;
    if (strcmp(kind, "int") != 0 && strcmp(kind, "string") != 0)
        return gv_fail(err, GV_ERR_DATA, "%s: /@id_kind: \"%s\" is not int or string",
                       gv_h5_path(f), kind);
    if (strspn(hash, "0123456789abcdef") != GV_HASH_CHARS)
        return gv_fail(err, GV_ERR_DATA, "%s: /@content_hash: \"%s\" is not 16 hexadecimal digits",
                       gv_h5_path(f), hash);
    g->directed = directed != 0;
    g->id_kind = kind[0] == 'i' ? GV_ID_INT : GV_ID_STRING;
    memcpy(g->hash, hash, sizeof hash);
    return read_rule(f, g, err);
}

static gv_status map_vector(gv_h5 *f, const char *path, gv_type type, int64_t n, const void **data,
                            gv_error *err)
{
    const gv_h5_shape want = gv_h5_vector(type, n);
    return gv_h5_map(f, path, &want, data, err);
}

static gv_status map_csr(gv_h5 *f, const gv_graph *g, const char *way, gv_csr *csr, gv_error *err)
{
    char path[32];
    const void *data = NULL;
    snprintf(path, sizeof path, "/%s/indptr", way);
    gv_status st = map_vector(f, path, GV_I64, g->n_nodes + 1, &data, err);
    if (st != GV_OK)
        return st;
    csr->indptr = data;
    if (csr->indptr[0] != 0 || csr->indptr[g->n_nodes] != g->n_edges)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: %s: runs from %" PRId64 " to %" PRId64 ", not from 0 to %" PRId64,
                       gv_h5_path(f), path, csr->indptr[0], csr->indptr[g->n_nodes], g->n_edges);
    snprintf(path, sizeof path, "/%s/indices", way);
    st = map_vector(f, path, GV_I32, g->n_edges, &data, err);
    csr->indices = data;
    if (st == GV_OK && g->rule == GV_PROBABILITY_STORED) {
        snprintf(path, sizeof path, "/%s/probability", way);
        st = map_vector(f, path, GV_F32, g->n_edges, &data, err);
        csr->probability = data;
    }
    return st;
}

static gv_status map_ids(gv_h5 *f, gv_graph *g, gv_error *err)
{
    const void *data = NULL;
    if (g->id_kind == GV_ID_INT) {
        const gv_status st = map_vector(f, "/nodes/ext_id", GV_I64, g->n_nodes, &data, err);
        g->id_int = data;
        return st;
    }
    gv_h5_info info;
    gv_status st = gv_h5_look(f, "/nodes/ext_id", &info, err);
    if (st != GV_OK)
        return st;
    const bool text = info.kind == GV_H5_ARRAY && info.shape.type == GV_TEXT;
    if (text && info.shape.width > GV_ID_CHARS)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: /nodes/ext_id: strings of %d bytes are longer than %d", gv_h5_path(f),
                       info.shape.width, GV_ID_CHARS);
    const gv_h5_shape want = gv_h5_strings(text ? info.shape.width : 1, g->n_nodes);
    st = gv_h5_map(f, "/nodes/ext_id", &want, &data, err);
    g->id_text = data;
    g->id_width = want.width;
    return st;
}

/* ---- attributes of the nodes ------------------------------------------------------------------
 */

typedef struct finder {
    gv_h5 *f;
    gv_graph *g;
} finder;

static gv_status map_attribute(void *arg, const char *name, gv_error *err)
{
    finder *in = arg;
    gv_graph *g = in->g;
    char path[128];
    gv_h5_info info;
    const void *data = NULL;
    gv_attribute a = {.i32 = NULL};
    if (strcmp(name, "ext_id") == 0)
        return GV_OK;
    if (strlen(name) >= sizeof a.name || g->n_attributes == GV_MAX_ATTRIBUTES)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: /nodes/%s: a name has more than %d bytes, or there are more than %d",
                       gv_h5_path(in->f), name, (int)sizeof a.name - 1, GV_MAX_ATTRIBUTES);
    snprintf(a.name, sizeof a.name, "%s", name);
    snprintf(path, sizeof path, "/nodes/%s", name);
    gv_status st = gv_h5_look(in->f, path, &info, err);
    if (st != GV_OK)
        return st;
    const bool is_float = info.kind == GV_H5_ARRAY && info.shape.type == GV_F32;
    st = map_vector(in->f, path, is_float ? GV_F32 : GV_I32, g->n_nodes, &data, err);
    if (is_float)
        a.f32 = data;
    else
        a.i32 = data;
    if (st == GV_OK)
        g->attribute[g->n_attributes++] = a;
    return st;
}

static gv_status map_graph(gv_h5 *f, gv_graph *g, gv_error *err)
{
    finder in = {f, g};
    gv_status st = read_head(f, g, err);
    if (st == GV_OK)
        st = map_csr(f, g, "out", &g->out, err);
    if (st == GV_OK)
        st = map_csr(f, g, "in", &g->in, err);
    if (st == GV_OK)
        st = map_ids(f, g, err);
    if (st == GV_OK)
        st = gv_h5_children(f, "/nodes", map_attribute, &in, err);
    return st;
}

GV_API gv_status gv_graph_open(gv_context *ctx, const char *path, gv_graph **out, gv_error *err)
{
    gv_h5 *f;
    gv_status st = gv_h5_open(ctx, path, &f, err);
    if (st != GV_OK)
        return st;
    gv_graph *g = gv_alloc_zero(ctx, 1, sizeof *g);
    if (g == NULL) {
        gv_h5_close(f);
        return gv_no_memory(ctx, path, err);
    }
    g->ctx = ctx;
    g->release = release_mapped;
    g->rest = rest_mapped;
    st = map_graph(f, g, err);
    g->owner = gv_h5_take_mapping(f);
    gv_h5_close(f);
    if (st != GV_OK)
        gv_graph_free(g);
    else
        *out = g;
    return st;
}
