/* csr.c -- access to a graph. */
#include "engine/csr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"

GV_API void gv_graph_free(gv_graph *g)
{
    if (g == NULL)
        return;
    if (g->release != NULL)
        g->release(g);
    gv_free(g->ctx, g);
}

void gv_graph_release_arrays(gv_graph *g)
{
    gv_context *ctx = g->ctx;
    if (g->in.indptr != g->out.indptr)
        gv_free(ctx, (void *)g->in.indptr);
    if (g->in.indices != g->out.indices)
        gv_free(ctx, (void *)g->in.indices);
    if (g->in.probability != g->out.probability)
        gv_free(ctx, (void *)g->in.probability);
    gv_free(ctx, (void *)g->out.indptr);
    gv_free(ctx, (void *)g->out.indices);
    gv_free(ctx, (void *)g->out.probability);
    gv_free(ctx, (void *)g->id_int);
    gv_free(ctx, (void *)g->id_text);
    for (int32_t a = 0; a < g->n_attributes; a++) {
        gv_free(ctx, (void *)g->attribute[a].i32);
        gv_free(ctx, (void *)g->attribute[a].f32);
    }
}

GV_API int64_t gv_graph_nodes(const gv_graph *g)
{
    return g->n_nodes;
}

GV_API int64_t gv_graph_edges(const gv_graph *g)
{
    return g->n_edges;
}

GV_API bool gv_graph_directed(const gv_graph *g)
{
    return g->directed;
}

GV_API gv_id_kind gv_graph_id_kind(const gv_graph *g)
{
    return g->id_kind;
}

GV_API gv_probability_rule gv_graph_probability_rule(const gv_graph *g)
{
    return g->rule;
}

GV_API const char *gv_graph_hash(const gv_graph *g)
{
    return g->hash;
}

static int compare_int(const gv_graph *g, int64_t node, int64_t id)
{
    const int64_t have = g->id_int[node];
    return have < id ? -1 : have > id;
}

static int compare_text(const gv_graph *g, int64_t node, const char *id, size_t length)
{
    char want[GV_ID_CHARS] = {0};
    memcpy(want, id, length);
    return memcmp(g->id_text + node * g->id_width, want, (size_t)g->id_width);
}

GV_API gv_node gv_graph_find(const gv_graph *g, const char *id)
{
    const size_t length = strlen(id);
    int64_t number = 0;
    if (g->id_kind == GV_ID_INT) {
        char *end;
        errno = 0;
        number = strtoll(id, &end, 10);
        if (errno != 0 || end == id || *end != '\0')
            return -1;
    } else if (length == 0 || length > (size_t)g->id_width) {
        return -1;
    }
    int64_t lo = 0, hi = g->n_nodes;
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        const int order = g->id_kind == GV_ID_INT ? compare_int(g, mid, number)
                                                  : compare_text(g, mid, id, length);
        if (order == 0)
            return (gv_node)mid;
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return -1;
}

GV_API char *gv_graph_id(const gv_graph *g, gv_node node, char *text)
{
    if (g->id_kind == GV_ID_INT) {
        snprintf(text, GV_ID_CHARS + 1, "%" PRId64, g->id_int[node]);
    } else {
        memcpy(text, g->id_text + (int64_t)node * g->id_width, (size_t)g->id_width);
        text[g->id_width] = '\0';
    }
    return text;
}

static const gv_node *row(const gv_csr *csr, gv_node node, int64_t *count)
{
    *count = csr->indptr != NULL ? gv_csr_degree(csr, node) : 0;
    return *count > 0 ? csr->indices + csr->indptr[node] : NULL;
}

GV_API const gv_node *gv_graph_out(const gv_graph *g, gv_node node, int64_t *count)
{
    return row(&g->out, node, count);
}

GV_API const gv_node *gv_graph_in(const gv_graph *g, gv_node node, int64_t *count)
{
    return row(&g->in, node, count);
}

int64_t gv_node_from(const gv_node *node, int64_t lo, int64_t hi, int64_t v)
{
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (node[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

int64_t gv_csr_from(const gv_csr *csr, int64_t row_node, int64_t target)
{
    return gv_node_from(csr->indices, csr->indptr[row_node], csr->indptr[row_node + 1], target);
}

int64_t gv_csr_find(const gv_csr *csr, gv_node row_node, gv_node target)
{
    const int64_t e = gv_csr_from(csr, row_node, target);
    return e < csr->indptr[row_node + 1] && csr->indices[e] == target ? e : -1;
}

void gv_graph_rest(const gv_graph *g, const gv_csr *csr, int64_t first, int64_t end)
{
    const int64_t edges = csr->indptr[end] - csr->indptr[first];
    if (g->rest == NULL || !gv_edges_rest(g->n_edges, g->ctx->memory_limit))
        return;
    g->rest(g, csr->indices + csr->indptr[first], edges * (int64_t)sizeof *csr->indices);
    if (csr->probability != NULL)
        g->rest(g, csr->probability + csr->indptr[first],
                edges * (int64_t)sizeof *csr->probability);
}

void gv_graph_rest_ids(const gv_graph *g)
{
    if (g->rest == NULL || !gv_edges_rest(g->n_edges, g->ctx->memory_limit))
        return;
    if (g->id_kind == GV_ID_INT)
        g->rest(g, g->id_int, g->n_nodes * (int64_t)sizeof *g->id_int);
    else
        g->rest(g, g->id_text, g->n_nodes * g->id_width);
}

const gv_attribute *gv_graph_attribute(const gv_graph *g, const char *name)
{
    for (int32_t a = 0; a < g->n_attributes; a++)
        if (strcmp(g->attribute[a].name, name) == 0)
            return &g->attribute[a];
    return NULL;
}

static gv_status no_attribute(const gv_graph *g, const char *name, gv_error *err)
{
    char names[GV_ERROR_CHARS / 2] = "none";
    size_t at = 0;
    for (int32_t a = 0; a < g->n_attributes && at + sizeof g->attribute->name + 2 < sizeof names;
         a++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", a > 0 ? ", " : "",
                               g->attribute[a].name);
    return gv_fail(err, GV_ERR_ARG, "the graph has no node attribute '%s'; it has: %s", name,
                   names);
}

GV_API gv_status gv_graph_attribute_f32(const gv_graph *g, const char *name, float *value,
                                        gv_error *err)
{
    const gv_attribute *a = gv_graph_attribute(g, name);
    if (a == NULL)
        return no_attribute(g, name, err);
    for (int64_t v = 0; v < g->n_nodes; v++)
        value[v] = a->f32 != NULL ? a->f32[v] : (float)a->i32[v];
    return GV_OK;
}
