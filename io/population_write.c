/* population_write.c -- a population made piece by piece straight into its files.
 *
 * A batch of parts is made in parallel, each part in its own place of a buffer, and then appended
 * to graph, truth and table of consumers; none of them depends on the size of a batch. Purchases
 * are simulated on the finished files, which are mapped. All files get their places at the end. */
#include <stdio.h>
#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/population.h"
#include "grapevine/io.h"
#include "io/population_folder.h"
#include "io/purchases_file.h"
#include "io/text_write.h"
#include "io/truth_file.h"

enum { MOST_PARTS = 64, MOST_COLUMNS = 512, NODE_ROOM = 20 + 12 + 1 + GV_REAL_ROOM + 1 };

/* Room for a batch, and the files that it goes to. */
typedef struct batch {
    const gv_population_plan *plan;
    int64_t first, n;        /* parts */
    int64_t size;            /* parts that there is room for */
    gv_population_part room; /* first and n: consumers of the batch */
    int64_t edge, n_edges;   /* first edge, and edges of the batch */
    gv_graph_writer *graph;
    gv_truth_writer truth;
    gv_text_file nodes;
    char hash[GV_HASH_CHARS + 1];
} batch;

static void make_part(void *arg, int64_t i)
{
    const batch *b = arg;
    const gv_population_plan *plan = b->plan;
    const gv_population_part *r = &b->room;
    const int64_t at = i * plan->part_size, edge = plan->edge_offset[b->first + i] - b->edge;
    gv_population_part part = {.id = r->id + at,
                               .segment = r->segment + at,
                               .value = r->value + at,
                               .indptr = r->indptr + at,
                               .indices = r->indices + edge,
                               .close = r->close + edge,
                               .target = r->target + at,
                               .stride = r->stride,
                               .source = r->source + at,
                               .i1 = r->i1 + at,
                               .influencer = r->influencer + at};
    plan->make(plan, b->first + i, &part);
}

static char *format_node(const void *arg, int64_t i, char *to)
{
    const gv_population_part *r = arg;
    to = gv_format_int(r->id[i], to);
    *to++ = '\t';
    to = gv_format_int(r->segment[i], to);
    *to++ = '\t';
    to = gv_format_real(r->value[i], to);
    *to++ = '\n';
    return to;
}

static gv_status put_batch(batch *b, gv_error *err)
{
    const gv_population_part *r = &b->room;
    gv_graph_writer *w = b->graph;
    gv_status st = gv_graph_writer_append(w, GV_ARRAY_OUT_INDPTR, r->indptr, r->n, err);
    if (st == GV_OK)
        st = gv_graph_writer_append(w, GV_ARRAY_OUT_INDICES, r->indices, b->n_edges, err);
    if (st == GV_OK)
        st = gv_graph_writer_append(w, GV_ARRAY_IDS, r->id, r->n, err);
    if (st == GV_OK)
        st = gv_graph_writer_append(w, GV_ARRAY_COLUMN, r->segment, r->n, err);
    if (st == GV_OK)
        st = gv_graph_writer_append(w, GV_ARRAY_COLUMN + 1, r->value, r->n, err);
    if (st == GV_OK)
        st = gv_truth_put(&b->truth, r, b->n_edges, err);
    if (st == GV_OK)
        st = gv_text_rows(&b->nodes, r->n, format_node, r, NULL, 0, err);
    return st;
}

static gv_status make_batch(batch *b, gv_error *err)
{
    const gv_population_plan *plan = b->plan;
    const int64_t left = plan->n_parts - b->first;
    b->n = left < b->size ? left : b->size;
    b->edge = plan->edge_offset[b->first];
    b->n_edges = plan->edge_offset[b->first + b->n] - b->edge;
    b->room.first = b->first * plan->part_size;
    b->room.n = b->n * plan->part_size;
    if (b->room.n > plan->opts.consumers - b->room.first)
        b->room.n = plan->opts.consumers - b->room.first;
    gv_parallel_for(plan->ctx, b->n, make_part, b);
    return put_batch(b, err);
}

/* Most edges of a batch that starts at a multiple of its size. */
static int64_t most_edges(const gv_population_plan *plan, int64_t size)
{
    int64_t most = 0;
    for (int64_t i = 0; i < plan->n_parts; i += size) {
        const int64_t end = i + size < plan->n_parts ? i + size : plan->n_parts;
        const int64_t n = plan->edge_offset[end] - plan->edge_offset[i];
        most = n > most ? n : most;
    }
    return most;
}

static gv_status make_room(batch *b, gv_error *err)
{
    gv_context *ctx = b->plan->ctx;
    const int32_t topics = b->plan->opts.topics;
    b->size = MOST_COLUMNS / topics < MOST_PARTS ? MOST_COLUMNS / topics : MOST_PARTS;
    b->size = b->size < gv_context_threads(ctx) ? gv_context_threads(ctx) : b->size;
    b->size = b->size < b->plan->n_parts ? b->size : b->plan->n_parts;
    const int64_t n = b->size * b->plan->part_size, m = most_edges(b->plan, b->size);
    gv_population_part *r = &b->room;
    r->stride = n;
    r->id = gv_alloc(ctx, n, sizeof *r->id);
    r->segment = gv_alloc(ctx, n, sizeof *r->segment);
    r->value = gv_alloc(ctx, n, sizeof *r->value);
    r->indptr = gv_alloc(ctx, n, sizeof *r->indptr);
    r->indices = gv_alloc(ctx, m, sizeof *r->indices);
    r->close = gv_alloc(ctx, m, sizeof *r->close);
    r->target = gv_alloc(ctx, n, sizeof *r->target);
    r->source = gv_alloc(ctx, n * topics, sizeof *r->source);
    r->i1 = gv_alloc(ctx, n * topics, sizeof *r->i1);
    r->influencer = gv_alloc(ctx, n * topics, sizeof *r->influencer);
    if (r->id == NULL || r->segment == NULL || r->value == NULL || r->indptr == NULL ||
        r->indices == NULL || r->close == NULL || r->target == NULL || r->source == NULL ||
        r->i1 == NULL || r->influencer == NULL)
        return gv_no_memory(ctx, "a part of a population", err);
    return GV_OK;
}

static void free_room(batch *b)
{
    gv_context *ctx = b->plan->ctx;
    gv_population_part *r = &b->room;
    gv_free(ctx, r->influencer);
    gv_free(ctx, r->i1);
    gv_free(ctx, r->source);
    gv_free(ctx, r->target);
    gv_free(ctx, r->close);
    gv_free(ctx, r->indices);
    gv_free(ctx, r->indptr);
    gv_free(ctx, r->value);
    gv_free(ctx, r->segment);
    gv_free(ctx, r->id);
}

static gv_status open_files(batch *b, const char *dir, gv_error *err)
{
    static const gv_column_plan column[] = {{"segment", false}, {"value", true}};
    gv_context *ctx = b->plan->ctx;
    char path[GV_POPULATION_PATH];
    const int64_t m = gv_population_plan_edges(b->plan);
    const gv_graph_plan graph = {
        .n_nodes = b->plan->opts.consumers, .n_edges = m, .n_columns = 2, .column = column};
    gv_population_path(dir, GV_POPULATION_GRAPH, path);
    gv_status st = gv_graph_writer_create(ctx, path, true, &graph, &b->graph, err);
    gv_population_path(dir, GV_POPULATION_TRUTH, path);
    if (st == GV_OK)
        st = gv_truth_begin(ctx, b->plan, m, path, true, &b->truth, err);
    gv_population_path(dir, GV_POPULATION_NODES, path);
    if (st == GV_OK)
        st = gv_text_begin(ctx, path, true, "id\tsegment\tvalue\n", NODE_ROOM, &b->nodes, err);
    return st;
}

static gv_status make_all(batch *b, gv_error *err)
{
    const gv_population_plan *plan = b->plan;
    gv_status st = GV_OK;
    for (b->first = 0; st == GV_OK && b->first < plan->n_parts; b->first += b->size) {
        st = make_batch(b, err);
        if (st == GV_OK)
            st = gv_progress(plan->ctx, "consumers", b->room.first + b->room.n,
                             plan->opts.consumers, err);
    }
    const int64_t m = gv_population_plan_edges(plan);
    return st == GV_OK ? gv_graph_writer_append(b->graph, GV_ARRAY_OUT_INDPTR, &m, 1, err) : st;
}

static gv_status close_files(batch *b, gv_error *err)
{
    gv_status st = gv_graph_writer_commit(&b->graph, b->hash, err);
    if (st == GV_OK)
        st = gv_text_commit(&b->nodes, err);
    return st == GV_OK ? gv_truth_commit(&b->truth, b->hash, err) : st;
}

static gv_status write_consumers(gv_population_plan *plan, const char *dir, gv_error *err)
{
    batch *b = gv_alloc_zero(plan->ctx, 1, sizeof *b);
    if (b == NULL)
        return gv_no_memory(plan->ctx, dir, err);
    b->plan = plan;
    gv_status st = make_room(b, err);
    if (st == GV_OK)
        st = open_files(b, dir, err);
    if (st == GV_OK)
        st = make_all(b, err);
    free_room(b);
    if (st == GV_OK)
        st = close_files(b, err);
    gv_graph_writer_discard(b->graph);
    gv_truth_discard(&b->truth);
    gv_text_discard(&b->nodes);
    gv_free(plan->ctx, b);
    return st;
}

static gv_status write_purchases(gv_population_plan *plan, const char *dir, int file,
                                 int64_t *n_bought, gv_error *err)
{
    char path[GV_POPULATION_PATH];
    gv_population made = {.ctx = plan->ctx, .opts = plan->opts, .delay = plan->delay};
    gv_mapping *mapping = NULL;
    gv_population_path(dir, GV_POPULATION_GRAPH, path);
    gv_status st = gv_graph_open(plan->ctx, path, &made.graph, err);
    gv_population_path(dir, GV_POPULATION_TRUTH, path);
    if (st == GV_OK)
        st = gv_truth_map(plan->ctx, path, gv_population_plan_edges(plan), &made, &mapping, err);
    gv_population_path(dir, file, path);
    if (st == GV_OK)
        st = file == GV_POPULATION_TSV
                 ? gv_purchases_write_text(plan, &made, path, true, n_bought, err)
                 : gv_purchases_write_h5(plan, &made, path, true, n_bought, err);
    gv_mapping_free(mapping);
    gv_graph_free(made.graph);
    return st;
}

GV_API gv_status gv_population_write(gv_context *ctx, gv_population_plan *plan, const char *dir,
                                     gv_purchases_format purchases, bool overwrite,
                                     int64_t *n_bought, gv_error *err)
{
    const int file = purchases == GV_PURCHASES_H5 ? GV_POPULATION_H5 : GV_POPULATION_TSV;
    int64_t rows = 0;
    gv_population_stage stage;
    if (ctx != plan->ctx)
        return gv_fail(err, GV_ERR_ARG, "%s: the population was planned in another context", dir);
    gv_status st = gv_population_begin(dir, GV_POPULATION_TSV, overwrite, &stage, err);
    if (st != GV_OK)
        return st;
    if (purchases != GV_PURCHASES_NONE)
        st = gv_population_vacant(dir, file, overwrite, err);
    if (st == GV_OK)
        st = write_consumers(plan, stage.path, err);
    if (st == GV_OK && purchases != GV_PURCHASES_NONE)
        st = write_purchases(plan, stage.path, file, &rows, err);
    if (st == GV_OK)
        st = gv_population_commit(&stage, err);
    gv_population_discard(&stage);
    if (st == GV_OK && n_bought != NULL)
        *n_bought = rows;
    return st;
}
