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

gv_status import_texts(importer *im, char **text, int32_t *width, gv_error *err)
{
    const int64_t longest = gv_names_width(&im->names);
    *width = longest > 0 ? (int32_t)longest : 1;
    *text = gv_alloc_zero(im->ctx, im->n_nodes * *width, 1);
    if (*text == NULL)
        return gv_no_memory(im->ctx, "import", err);
    for (int64_t v = 0; v < im->n_nodes; v++) {
        const gv_piece s = gv_names_get(&im->names, im->order[v]);
        memcpy(*text + v * *width, s.text, (size_t)s.length);
    }
    return GV_OK;
}

/* Gives the graph its text ids. */
static gv_status attach_texts(importer *im, gv_graph *g, gv_error *err)
{
    char *text;
    const gv_status st = import_texts(im, &text, &g->id_width, err);
    if (st != GV_OK)
        return st;
    gv_free(im->ctx, (void *)g->id_int);
    g->id_int = NULL;
    g->id_kind = GV_ID_STRING;
    g->id_text = text;
    return GV_OK;
}

/* ---- items ----------------------------------------------------------------------------------- */

typedef struct map_job {
    const importer *im;
    const import_segment *from;
    gv_items *to;
    int bits;
    int64_t *first; /* [tasks + 1], place of the first item of each */
} map_job;

static gv_node node_of(const importer *im, const import_segment *s, int64_t end)
{
    if (s->wide)
        return gv_id_index_place(&im->index, ((const int64_t *)s->pair)[end]);
    const uint32_t id = ((const uint32_t *)s->pair)[end];
    return im->ids == GV_FIELD_TEXT ? im->rank[id] : gv_id_index_place(&im->index, id);
}

static bool is_loop(const import_segment *s, int64_t i)
{
    const uint32_t *narrow = s->pair;
    const int64_t *wide = s->pair;
    return s->wide ? wide[2 * i] == wide[2 * i + 1] : narrow[2 * i] == narrow[2 * i + 1];
}

static int64_t task_end(const import_segment *s, int64_t task)
{
    return (task + 1) * ROWS_A_TASK < s->n ? (task + 1) * ROWS_A_TASK : s->n;
}

static void count_rows(void *arg, int64_t task)
{
    const map_job *job = arg;
    int64_t n = task_end(job->from, task) - task * ROWS_A_TASK;
    for (int64_t i = task * ROWS_A_TASK; job->from->loops > 0 && i < task_end(job->from, task); i++)
        n -= is_loop(job->from, i);
    job->first[task] = n << job->im->o.build.undirected;
}

/* Directed pairs of small numbers without weights: most of what large graphs need. */
static void map_narrow(const map_job *job, int64_t begin, int64_t end, int64_t at)
{
    const gv_id_index *index = &job->im->index;
    const uint32_t *restrict pair = job->from->pair;
    uint64_t *restrict key = job->to->key;
    for (int64_t i = begin; i < end; i++)
        if (pair[2 * i] != pair[2 * i + 1])
            key[at++] = gv_item_key(gv_id_index_place(index, pair[2 * i]),
                                    gv_id_index_place(index, pair[2 * i + 1]), job->bits);
}

static void map_rows(void *arg, int64_t task)
{
    const map_job *job = arg;
    const import_segment *s = job->from;
    const int64_t begin = task * ROWS_A_TASK, end = task_end(s, task);
    const bool undirected = job->im->o.build.undirected;
    const gv_items *to = job->to;
    int64_t at = job->first[task];
    if (!s->wide && !undirected && to->value == NULL && job->im->ids != GV_FIELD_TEXT) {
        map_narrow(job, begin, end, at);
        return;
    }
    for (int64_t i = begin; i < end; i++) {
        if (is_loop(s, i))
            continue;
        const gv_node u = node_of(job->im, s, 2 * i), v = node_of(job->im, s, 2 * i + 1);
        for (int way = 0; way <= (int)undirected; way++, at++) {
            to->key[at] = gv_item_key(way == 0 ? u : v, way == 0 ? v : u, job->bits);
            if (to->value != NULL) /* no -0 */
                to->value[at] = gv_weight_bits(s->weight != NULL ? s->weight[i] + 0.0f : 1.0f);
        }
    }
}

/* Gets a segment back from the disk. */
static gv_status fetch(importer *im, import_segment *s, gv_error *err)
{
    const int64_t bytes = 2 * s->n * (s->wide ? 8 : 4);
    s->pair = gv_alloc(im->ctx, bytes, 1);
    s->weight = s->weighted ? gv_alloc(im->ctx, s->n, sizeof *s->weight) : NULL;
    if (s->pair == NULL || (s->weighted && s->weight == NULL))
        return gv_no_memory(im->ctx, "import", err);
    gv_status st = gv_pile_take(im->spill, &im->pairs, s->pair, bytes, false, err);
    if (st == GV_OK && s->weighted)
        st = gv_pile_take(im->spill, &im->pair_weights, s->weight,
                          s->n * (int64_t)sizeof *s->weight, false, err);
    return st;
}

gv_status import_items(importer *im, import_segment *s, gv_items *to, gv_error *err)
{
    map_job job = {.im = im, .from = s, .to = to, .bits = gv_item_bits(im->n_nodes)};
    const int64_t tasks = (s->n + ROWS_A_TASK - 1) / ROWS_A_TASK;
    gv_status st = s->pair == NULL ? fetch(im, s, err) : GV_OK;
    job.first = gv_alloc(im->ctx, tasks + 1, sizeof *job.first);
    if (st == GV_OK && job.first == NULL)
        st = gv_no_memory(im->ctx, "import", err);
    if (st == GV_OK) {
        gv_parallel_for(im->ctx, tasks, count_rows, &job);
        to->n = gv_prefix_sum(job.first, tasks);
        gv_parallel_for(im->ctx, tasks, map_rows, &job);
        if (s->line == NULL) {
            gv_free(im->ctx, s->pair);
            gv_free(im->ctx, s->weight);
            s->pair = NULL, s->weight = NULL;
        }
    }
    gv_free(im->ctx, job.first);
    return st;
}

bool import_weighs(const importer *im)
{
    return gv_wants_weights(&im->o.build) && im->weights;
}

static gv_status all_items(importer *im, gv_items *items, gv_error *err)
{
    const int64_t n = (im->n_edges - im->n_loops) << im->o.build.undirected;
    gv_status st = gv_items_begin(im->ctx, items, n, import_weighs(im), err);
    int64_t at = 0;
    for (int64_t i = 0; st == GV_OK && i < im->n_segments; i++) {
        gv_items some = {0, items->key + at, items->value != NULL ? items->value + at : NULL};
        st = import_items(im, &im->segment[i], &some, err);
        at += some.n;
    }
    return st;
}

/* ---- what the builder refuses ---------------------------------------------------------------- */

/* Edges by (source, target), each group in the order of the input; self-loops are left out. */
static int64_t edge_records(const importer *im, gv_record *record)
{
    int64_t n = 0, edge = 0;
    for (int64_t k = 0; k < im->n_segments; k++)
        for (int64_t i = 0; i < im->segment[k].n; i++, edge++) {
            const import_segment *s = &im->segment[k];
            uint64_t u = (uint64_t)node_of(im, s, 2 * i), v = (uint64_t)node_of(im, s, 2 * i + 1);
            if (im->o.build.undirected && u > v) {
                const uint64_t swap = u;
                u = v, v = swap;
            }
            if (u != v)
                record[n++] = (gv_record){u << 32 | v, (uint64_t)edge};
        }
    return n;
}

/* The segment of an edge; *at becomes its place there. */
static const import_segment *segment_of(const importer *im, int64_t edge, int64_t *at)
{
    const import_segment *s = im->segment;
    for (*at = edge; *at >= s->n; s++)
        *at -= s->n;
    return s;
}

/* The edge at which a group goes wrong, or -1: its second, or the one that lifts the sum above 1.
 */
static int64_t first_wrong(const importer *im, const gv_record *group, int64_t n)
{
    double sum = 0.0;
    if (im->o.build.duplicates == GV_DUPLICATES_ERROR)
        return n > 1 ? (int64_t)group[1].value : -1;
    for (int64_t k = 0; k < n && n > 1; k++) {
        int64_t at;
        const import_segment *s = segment_of(im, (int64_t)group[k].value, &at);
        sum += s->weight != NULL ? (double)s->weight[at] : 1.0;
        if ((float)sum > 1.0f)
            return (int64_t)group[k].value;
    }
    return -1;
}

static gv_status fail_at_edge(const importer *im, int64_t edge, gv_error *err)
{
    int64_t at;
    const import_segment *s = segment_of(im, edge, &at);
    char u[GV_ID_CHARS + 1], v[GV_ID_CHARS + 1];
    return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": edge %s -> %s %s",
                   import_file_name(im, s->path), s->line[at],
                   import_id_text(im, node_of(im, s, 2 * at), u),
                   import_id_text(im, node_of(im, s, 2 * at + 1), v),
                   im->o.build.duplicates == GV_DUPLICATES_ERROR
                       ? "is given a second time"
                       : "lifts the sum of its probabilities out of [0, 1]");
}

/* Says where the first refused edge stands; keeps the builder's message if that is not to be found.
 */
static gv_status trace(const importer *im, gv_error *err)
{
    for (int64_t i = 0; i < im->n_segments; i++)
        if (im->segment[i].line == NULL && im->segment[i].n > 0)
            return GV_ERR_DATA;
    gv_record *record = gv_alloc(im->ctx, im->n_edges, sizeof *record);
    if (record == NULL)
        return GV_ERR_DATA;
    const int64_t n = edge_records(im, record);
    int64_t wrong = -1;
    if (gv_sort_records(im->ctx, record, n, NULL) == GV_OK)
        for (int64_t i = 0, end; i < n; i = end) {
            for (end = i + 1; end < n && record[end].key == record[i].key; end++)
                ;
            const int64_t at = first_wrong(im, record + i, end - i);
            wrong = at >= 0 && (wrong < 0 || at < wrong) ? at : wrong;
        }
    gv_free(im->ctx, record);
    return wrong >= 0 ? fail_at_edge(im, wrong, err) : GV_ERR_DATA;
}

gv_status import_graph(importer *im, gv_graph **out, gv_error *err)
{
    gv_items items = {0};
    gv_graph *g = NULL;
    gv_status st = all_items(im, &items, err);
    if (st == GV_OK) {
        st = gv_items_build(im->ctx, im->n_nodes, &items, im->n_loops, im->node_id, &im->o.build,
                            &g, &im->info.build, err);
        if (st == GV_ERR_DATA)
            st = trace(im, err);
    }
    gv_items_end(im->ctx, &items);
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
