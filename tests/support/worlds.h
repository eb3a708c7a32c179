/* worlds.h -- consumers and what they bought, as rows, for tests of learning. */
#ifndef TESTS_WORLDS_H
#define TESTS_WORLDS_H

#include "grapevine/grapevine.h"

typedef struct world {
    int64_t n_nodes, n_rows;
    int32_t n_topics;
    gv_node *user;
    int64_t *item, *time;
    int32_t *topic;
} world;

/* Rows are not set. */
world world_of(int64_t n_nodes, int32_t n_topics, int64_t n_rows);
void world_free(world *w);
void set_row(world *w, int64_t i, int64_t user, int64_t item, int32_t topic, int64_t time);
void shuffle_rows(world *w, uint64_t seed);

/* Times are multiples of `step`, few enough for ties and repeats. */
world random_world(int64_t n_nodes, int32_t n_topics, int64_t n_items, int64_t n_rows,
                   int64_t times, int64_t step, uint64_t seed);

/* Edges 0 -> 1, 0 -> 2, 0 -> 4, 1 -> 2, 3 -> 2, 3 -> 4. Item 5: 0, 3 and 1 buy on days 0, 1 and 5,
 * 2 on day 8, once more on day 9; 4 never. Item 6: 1 and 0 buy together on day 6, 2 on day 5. */
gv_graph *small_graph(gv_context *ctx);
world small_world(void);

/* A few edges in both directions, and a hub that hears everyone. */
gv_graph *graph_with_hub(gv_context *ctx, int64_t n, double p, uint64_t seed);

/* NULL when it cannot be built. */
gv_log *log_of(gv_context *ctx, const world *w);

#endif
