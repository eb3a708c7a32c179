/* export_graph.c -- edges and nodes of a graph file as text.
 *
 * Edges stand as they are stored, so an undirected graph gives each edge in both directions. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/csr.h"
#include "engine/error.h"
#include "io/info_file.h"

static char *put_id(const gv_graph *g, gv_node v, char *to)
{
    if (g->id_kind == GV_ID_INT)
        return gv_put_int(to, g->id_int[v]);
    return gv_put_text(to, g->id_text + (int64_t)v * g->id_width, g->id_width);
}

/* The source of edge e: the last node whose row starts at or before it and is not empty. */
static gv_node source_of(const gv_graph *g, int64_t e)
{
    int64_t lo = 0, hi = g->n_nodes; /* indptr[lo] <= e < indptr[hi] */
    while (hi - lo > 1) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (g->out.indptr[mid] <= e)
            lo = mid;
        else
            hi = mid;
    }
    return (gv_node)lo;
}

int64_t gv_format_edges(const void *graph, int64_t begin, int64_t end, char *text)
{
    const gv_graph *g = graph;
    char *to = text;
    gv_node v = source_of(g, begin);
    for (int64_t e = begin; e < end; e++) {
        while (e >= g->out.indptr[v + 1])
            v++;
        const gv_node u = g->out.indices[e];
        to = put_id(g, v, to);
        *to++ = '\t';
        to = put_id(g, u, to);
        if (g->rule == GV_PROBABILITY_STORED) {
            *to++ = '\t';
            to = gv_put_f32(to, g->out.probability[e]);
        } else if (g->rule != GV_PROBABILITY_NONE) {
            *to++ = '\t';
            to = gv_put_f64(to, gv_edge_probability(g, &g->out, e, u));
        }
        *to++ = '\n';
    }
    return to - text;
}

static int64_t format_nodes(const void *arg, int64_t begin, int64_t end, char *text)
{
    const gv_graph *g = arg;
    char *to = text;
    for (int64_t v = begin; v < end; v++) {
        to = put_id(g, (gv_node)v, to);
        for (int32_t i = 0; i < g->n_attributes; i++) {
            const gv_attribute *a = &g->attribute[i];
            *to++ = '\t';
            to = a->i32 != NULL ? gv_put_int(to, a->i32[v]) : gv_put_f32(to, a->f32[v]);
        }
        *to++ = '\n';
    }
    return to - text;
}

static gv_status export_edges(const gv_graph *g, gv_row_writer *w, gv_error *err)
{
    const bool p = g->rule != GV_PROBABILITY_NONE;
    const gv_status st = gv_write_text(w, p ? "src\tdst\tprobability\n" : "src\tdst\n", err);
    if (st != GV_OK)
        return st;
    return gv_write_rows(w, g->n_edges, 2 * GV_ID_CHARS + GV_NUMBER_CHARS + 3, gv_format_edges, g,
                         err);
}

static gv_status export_nodes(const gv_graph *g, gv_row_writer *w, gv_error *err)
{
    gv_status st = gv_write_text(w, "id", err);
    for (int32_t i = 0; st == GV_OK && i < g->n_attributes; i++) {
        char name[GV_ID_CHARS + 16] = "\t";
        *gv_put_text(name + 1, g->attribute[i].name, 64) = '\0';
        st = gv_write_text(w, name, err);
    }
    if (st == GV_OK)
        st = gv_write_text(w, "\n", err);
    if (st != GV_OK)
        return st;
    const int64_t room = GV_ID_CHARS + 1 + (int64_t)g->n_attributes * (GV_NUMBER_CHARS + 1);
    return gv_write_rows(w, g->n_nodes, room, format_nodes, g, err);
}

gv_status gv_export_graph(gv_file *f, const char *table, gv_row_writer *w, gv_error *err)
{
    gv_status st = GV_OK;
    if (f->graph == NULL)
        st = gv_graph_open(f->ctx, gv_h5_path(f->h5), &f->graph, err);
    if (st == GV_OK)
        st = gv_graph_check(f->ctx, f->graph, GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY, err);
    if (st != GV_OK)
        return st;
    return strcmp(table, "edges") == 0 ? export_edges(f->graph, w, err)
                                       : export_nodes(f->graph, w, err);
}
