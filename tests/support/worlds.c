/* worlds.c -- see worlds.h. */
#include "tests/support/worlds.h"

#include <stdlib.h>

#include "tests/support/graphs.h"

static const int64_t DAY = 86400;

world world_of(int64_t n_nodes, int32_t n_topics, int64_t n_rows)
{
    const size_t n = (size_t)n_rows + 1;
    return (world){n_nodes,
                   n_rows,
                   n_topics,
                   malloc(n * sizeof(gv_node)),
                   malloc(n * sizeof(int64_t)),
                   malloc(n * sizeof(int64_t)),
                   malloc(n * sizeof(int32_t))};
}

void world_free(world *w)
{
    free(w->user), free(w->item), free(w->time), free(w->topic);
}

void set_row(world *w, int64_t i, int64_t user, int64_t item, int32_t topic, int64_t time)
{
    w->user[i] = (gv_node)user, w->item[i] = item, w->topic[i] = topic, w->time[i] = time;
}

world random_world(int64_t n_nodes, int32_t n_topics, int64_t n_items, int64_t n_rows,
                   int64_t times, int64_t step, uint64_t seed)
{
    world w = world_of(n_nodes, n_topics, n_rows);
    for (int64_t i = 0; i < n_rows; i++) {
        const uint64_t at = (uint64_t)i;
        set_row(&w, i, (int64_t)(test_random(seed, 4 * at) * (double)n_nodes),
                (int64_t)(test_random(seed, 4 * at + 1) * (double)n_items),
                (int32_t)(test_random(seed, 4 * at + 2) * n_topics),
                step * (int64_t)(test_random(seed, 4 * at + 3) * (double)times) - 7 * step);
    }
    return w;
}

gv_log *log_of(gv_context *ctx, const world *w)
{
    gv_log *log = NULL;
    return gv_log_build(ctx, w->n_nodes, w->user, w->item, w->topic, w->time, w->n_rows,
                        w->n_topics, NULL, &log, NULL) == GV_OK
               ? log
               : NULL;
}

void shuffle_rows(world *w, uint64_t seed)
{
    for (int64_t i = w->n_rows - 1; i > 0; i--) {
        const int64_t j = (int64_t)(test_random(seed, (uint64_t)i) * (double)(i + 1));
        const world was = *w;
        const gv_node user = was.user[i];
        const int64_t item = was.item[i], time = was.time[i];
        const int32_t topic = was.topic[i];
        set_row(w, i, was.user[j], was.item[j], was.topic[j], was.time[j]);
        set_row(w, j, user, item, topic, time);
    }
}

gv_graph *graph_with_hub(gv_context *ctx, int64_t n, double p, uint64_t seed)
{
    edge_list e = edges_gnp(n, p, seed);
    gv_build_opts o = gv_build_defaults();
    for (int64_t v = 1; v < n; v++)
        edges_add(&e, v, 0, 1.0);
    gv_graph *g = edges_graph(ctx, &e, &o);
    edges_free(&e);
    return g;
}

gv_graph *small_graph(gv_context *ctx)
{
    static const int edge[][2] = {{0, 1}, {0, 2}, {0, 4}, {1, 2}, {3, 2}, {3, 4}};
    edge_list e = edges_none(5);
    for (size_t i = 0; i < sizeof edge / sizeof *edge; i++)
        edges_add(&e, edge[i][0], edge[i][1], 1.0);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    edges_free(&e);
    return g;
}

world small_world(void)
{
    world w = world_of(5, 2, 8);
    set_row(&w, 0, 0, 5, 1, 0);
    set_row(&w, 1, 3, 5, 1, 1 * DAY);
    set_row(&w, 2, 1, 5, 1, 5 * DAY);
    set_row(&w, 3, 2, 5, 1, 8 * DAY);
    set_row(&w, 4, 2, 5, 1, 9 * DAY);
    set_row(&w, 5, 1, 6, 1, 6 * DAY);
    set_row(&w, 6, 0, 6, 1, 6 * DAY);
    set_row(&w, 7, 2, 6, 1, 5 * DAY);
    return w;
}
