/* populations.c -- see populations.h. */
#include "tests/support/populations.h"

#include <stdio.h>
#include <string.h>

gv_population *population_make(gv_context *ctx, const gv_consumers_opts *opts)
{
    gv_population *p = NULL;
    gv_error err;
    if (gv_consumers_generate(ctx, opts, &p, &err) == GV_OK)
        return p;
    printf("%s\n", err.message);
    return NULL;
}

gv_consumers_opts population_small(int64_t consumers, int32_t topics, int64_t items)
{
    gv_consumers_opts o = gv_consumers_defaults();
    o.consumers = consumers;
    o.topics = topics;
    o.items = items;
    return o;
}

static bool same(const void *a, const void *b, int64_t count, size_t size)
{
    return memcmp(a, b, (size_t)count * size) == 0;
}

static bool same_graph(const gv_graph *a, const gv_graph *b)
{
    const int64_t n = a->n_nodes;
    return n == b->n_nodes && a->n_edges == b->n_edges &&
           same(a->out.indptr, b->out.indptr, n + 1, sizeof(int64_t)) &&
           same(a->out.indices, b->out.indices, a->n_edges, sizeof(gv_node)) &&
           same(a->id_int, b->id_int, n, sizeof(int64_t)) &&
           same(a->attribute[0].i32, b->attribute[0].i32, n, sizeof(int32_t)) &&
           same(a->attribute[1].f32, b->attribute[1].f32, n, sizeof(float));
}

static bool same_truth(const gv_population *a, const gv_population *b)
{
    const int64_t n = a->graph->n_nodes, entries = n * a->opts.topics;
    return same(a->source, b->source, entries, sizeof(float)) &&
           same(a->target, b->target, n, sizeof(float)) &&
           same(a->close, b->close, a->graph->n_edges, 1) &&
           same(a->influencer, b->influencer, entries, sizeof(int16_t)) &&
           same(a->i1, b->i1, entries, sizeof(float));
}

static bool same_log(const gv_log *a, const gv_log *b)
{
    const int64_t rows = a->info.rows_kept, items = a->info.n_items;
    return rows == b->info.rows_kept && items == b->info.n_items &&
           same(a->indptr, b->indptr, items + 1, sizeof(int64_t)) &&
           same(a->item_topic, b->item_topic, items, sizeof(int32_t)) &&
           same(a->user, b->user, rows, sizeof(gv_node)) &&
           same(a->time, b->time, rows, sizeof(int64_t)) && strcmp(a->hash, b->hash) == 0;
}

bool population_equal(const gv_population *a, const gv_population *b)
{
    return same_graph(a->graph, b->graph) && same_truth(a, b) && same_log(a->log, b->log);
}
