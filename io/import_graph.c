/* import_graph.c -- ids become nodes, edges a graph, and what the builder refuses is traced back to
 * a line of a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "io/import.h"

enum { ROWS_A_TASK = 1 << 15 };

/* ---- ids ------------------------------------------------------------------------------------- */

gv_status import_order_ids(importer *im, gv_error *err)
{
    gv_status st = GV_OK;
    if (im->ids != GV_FIELD_TEXT) {
        st = gv_id_set_take(&im->set, &im->node_id, &im->n_nodes, err);
        if (st == GV_OK && im->n_nodes > INT32_MAX)
            return gv_fail(err, GV_ERR_DATA, "%" PRId64 " consumers are more than 2147483647",
                           im->n_nodes);
        return st != GV_OK ? st
                           : gv_id_index_begin(im->ctx, &im->index, im->node_id, im->n_nodes, err);
    }
    im->n_nodes = im->names.n;
    im->order = gv_alloc(im->ctx, im->n_nodes, sizeof *im->order);
    im->rank = gv_alloc(im->ctx, im->n_nodes, sizeof *im->rank);
    if (im->order == NULL || im->rank == NULL)
        return gv_no_memory(im->ctx, "import", err);
    return gv_names_sort(&im->names, im->order, im->rank, err);
}

gv_node import_node(const importer *im, int64_t id)
{
    return im->ids == GV_FIELD_TEXT ? im->rank[id] : gv_id_index_find(&im->index, id);
}

const char *import_id_text(const importer *im, int64_t node, char *text)
{
    if (im->ids == GV_FIELD_TEXT) {
        const gv_piece s = gv_names_get(&im->names, im->order[node]);
        memcpy(text, s.text, (size_t)s.length);
        text[s.length] = '\0';
    } else {
        snprintf(text, GV_ID_CHARS + 1, "%" PRId64, im->node_id[node]);
    }
    return text;
}

/* Gives the graph its text ids. */
static gv_status attach_texts(importer *im, gv_graph *g, gv_error *err)
{
    const int64_t longest = gv_names_width(&im->names), width = longest > 0 ? longest : 1;
    char *text = gv_alloc_zero(im->ctx, im->n_nodes * width, 1);
    if (text == NULL)
        return gv_no_memory(im->ctx, "import", err);
    for (int64_t v = 0; v < im->n_nodes; v++) {
        const gv_piece s = gv_names_get(&im->names, im->order[v]);
        memcpy(text + v * width, s.text, (size_t)s.length);
    }
    gv_free(im->ctx, (void *)g->id_int);
    g->id_int = NULL;
    g->id_kind = GV_ID_STRING;
    g->id_width = (int32_t)width;
    g->id_text = text;
    return GV_OK;
}

/* ---- edges ----------------------------------------------------------------------------------- */

typedef struct edge_list {
    gv_node *src, *dst;
    float *weight; /* NULL: each 1 */
} edge_list;

typedef struct map_job {
    const importer *im;
    const import_segment *from;
    int64_t first; /* place of its first edge in `to` */
    edge_list *to;
} map_job;

static void map_rows(void *arg, int64_t task)
{
    const map_job *job = arg;
    const import_segment *s = job->from;
    const int64_t begin = task * ROWS_A_TASK;
    const int64_t end = begin + ROWS_A_TASK < s->n ? begin + ROWS_A_TASK : s->n;
    for (int64_t i = begin; i < end; i++) {
        job->to->src[job->first + i] = import_node(job->im, s->src[i]);
        job->to->dst[job->first + i] = import_node(job->im, s->dst[i]);
    }
    for (int64_t i = begin; job->to->weight != NULL && i < end; i++)
        job->to->weight[job->first + i] = s->weight != NULL ? s->weight[i] : 1.0f;
}

static gv_status map_edges(importer *im, edge_list *to, gv_error *err)
{
    bool weights = false;
    for (int64_t i = 0; i < im->n_segments; i++)
        weights |= im->segment[i].weight != NULL;
    to->src = gv_alloc(im->ctx, im->n_edges, sizeof *to->src);
    to->dst = gv_alloc(im->ctx, im->n_edges, sizeof *to->dst);
    to->weight = weights ? gv_alloc(im->ctx, im->n_edges, sizeof *to->weight) : NULL;
    if (to->src == NULL || to->dst == NULL || (weights && to->weight == NULL))
        return gv_no_memory(im->ctx, "import", err);
    map_job job = {.im = im, .to = to};
    for (int64_t i = 0; i < im->n_segments; i++) {
        import_segment *s = &im->segment[i];
        job.from = s;
        gv_parallel_for(im->ctx, (s->n + ROWS_A_TASK - 1) / ROWS_A_TASK, map_rows, &job);
        job.first += s->n;
        gv_free(im->ctx, s->src);
        gv_free(im->ctx, s->dst);
        gv_free(im->ctx, s->weight);
        s->src = s->dst = NULL, s->weight = NULL;
    }
    return GV_OK;
}

/* ---- what the builder refuses ---------------------------------------------------------------- */

/* Edges by (source, target), each group in the order of the input; self-loops are left out. */
static int64_t edge_records(const importer *im, const edge_list *e, gv_record *record)
{
    int64_t n = 0;
    for (int64_t i = 0; i < im->n_edges; i++) {
        uint64_t u = (uint64_t)e->src[i], v = (uint64_t)e->dst[i];
        if (im->o.build.undirected && u > v) {
            const uint64_t swap = u;
            u = v, v = swap;
        }
        if (u != v)
            record[n++] = (gv_record){u << 32 | v, (uint64_t)i};
    }
    return n;
}

/* The edge at which a group goes wrong, or -1: its second, or the one that lifts the sum above 1.
 */
static int64_t first_wrong(const importer *im, const edge_list *e, const gv_record *group,
                           int64_t n)
{
    double sum = 0.0;
    if (im->o.build.duplicates == GV_DUPLICATES_ERROR)
        return n > 1 ? (int64_t)group[1].value : -1;
    for (int64_t k = 0; k < n && e->weight != NULL; k++) {
        sum += (double)e->weight[group[k].value];
        if ((float)sum > 1.0f)
            return (int64_t)group[k].value;
    }
    return -1;
}

static gv_status fail_at_edge(const importer *im, const edge_list *e, int64_t edge, gv_error *err)
{
    const import_segment *s = im->segment;
    int64_t first = 0;
    for (; edge - first >= s->n; s++)
        first += s->n;
    char u[GV_ID_CHARS + 1], v[GV_ID_CHARS + 1];
    const char *path = im->paths[s->path];
    return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": edge %s -> %s %s",
                   strcmp(path, "-") == 0 ? "standard input" : path, s->line[edge - first],
                   import_id_text(im, e->src[edge], u), import_id_text(im, e->dst[edge], v),
                   im->o.build.duplicates == GV_DUPLICATES_ERROR
                       ? "is given a second time"
                       : "lifts the sum of its probabilities out of [0, 1]");
}

/* Says where the first refused edge stands; keeps the builder's message if that is not to be found.
 */
static gv_status trace(const importer *im, const edge_list *e, gv_error *err)
{
    if (im->n_segments == 0 || im->segment[0].line == NULL)
        return GV_ERR_DATA;
    gv_record *record = gv_alloc(im->ctx, im->n_edges, sizeof *record);
    if (record == NULL)
        return GV_ERR_DATA;
    const int64_t n = edge_records(im, e, record);
    int64_t wrong = -1;
    if (gv_sort_records(im->ctx, record, n, NULL) == GV_OK)
        for (int64_t i = 0, end; i < n; i = end) {
            for (end = i + 1; end < n && record[end].key == record[i].key; end++)
                ;
            const int64_t at = first_wrong(im, e, record + i, end - i);
            wrong = at >= 0 && (wrong < 0 || at < wrong) ? at : wrong;
        }
    gv_free(im->ctx, record);
    return wrong >= 0 ? fail_at_edge(im, e, wrong, err) : GV_ERR_DATA;
}

gv_status import_graph(importer *im, gv_graph **out, gv_error *err)
{
    edge_list e = {0};
    gv_graph *g = NULL;
    gv_status st = map_edges(im, &e, err);
    if (st == GV_OK) {
        st = gv_graph_build(im->ctx, im->n_nodes, e.src, e.dst, e.weight, im->n_edges, im->node_id,
                            &im->o.build, &g, &im->info.build, err);
        if (st == GV_ERR_DATA)
            st = trace(im, &e, err);
    }
    gv_free(im->ctx, e.src);
    gv_free(im->ctx, e.dst);
    gv_free(im->ctx, e.weight);
    if (st == GV_OK && im->ids == GV_FIELD_TEXT)
        st = attach_texts(im, g, err);
    if (st == GV_OK)
        st = import_attributes(im, g, err);
    if (st != GV_OK) {
        gv_graph_free(g);
        return st;
    }
    *out = g;
    return GV_OK;
}
