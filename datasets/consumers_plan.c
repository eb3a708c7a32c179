/* consumers_plan.c -- what a population will take, in memory and as files: the allocations of
 * friendships.c, consumers.c, planted.c, adoptions.c and purchases.c.
 *
 * Purchases are in proportion to consumers, topics, items and days, as measured; other sizes follow
 * from the options. */
#include "engine/sort.h"
#include "grapevine/plan.h"

/* Purchases for each consumer, topic, item and year; bytes of their text. */
static const double purchases_a_year = 0.0268;
enum { PURCHASE_BYTES = 27, NODE_BYTES = 19 };

/* Consumers and purchases made or written a second and thread. Docs: plan.md. */
static const double consumers_made = 1.5e6, purchases_made = 1e6, purchases_written = 3e6;

static void plan_friends(gv_plan *plan, int64_t n, int64_t m, int32_t threads)
{
    gv_plan_begin(plan, "friendships", 2.0 * (double)n / (consumers_made * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "friends far away", 8 * (n + 1) + m / 16);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "friendships", 8 * (n + 1) + 4 * m);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "ids and attributes", 16 * n);
}

static void plan_purchases(gv_plan *plan, int64_t rows, int32_t threads)
{
    gv_plan_begin(plan, "purchases", (double)rows / (purchases_made * threads));
    const int32_t sales = gv_plan_hold(plan, GV_PLAN_MEMORY, "purchases by item", 16 * rows);
    gv_plan_begin(plan, "order purchases", 0.0);
    gv_plan_drop(plan, sales);
    gv_plan_use(plan, GV_PLAN_MEMORY, "rows", 24 * rows);
    gv_plan_use(plan, GV_PLAN_MEMORY, "order of rows, and scratch of their sort",
                16 * rows + gv_sort_bytes(rows, 16, threads));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "purchases", 12 * rows);
}

GV_API void gv_consumers_plan(gv_plan *plan, const gv_consumers_opts *opts, bool purchases,
                              int32_t threads, gv_graph_shape *graph)
{
    const gv_consumers_opts o = opts != NULL ? *opts : gv_consumers_defaults();
    const int64_t n = o.consumers, m = (int64_t)((double)n * o.mean_degree);
    const double cells = (double)n * o.topics * (double)o.items * o.days / 365.0;
    const int64_t rows = (int64_t)(purchases_a_year * cells);
    *graph = (gv_graph_shape){.n_nodes = n, .n_edges = m, .n_attributes = 2};
    plan_friends(plan, n, m, threads);
    gv_plan_begin(plan, "truth", (double)n * o.topics / (consumers_made * threads));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "truth", n * (10 * (int64_t)o.topics + 4) + m);
    plan_purchases(plan, rows, threads);
    gv_plan_begin(plan, "write", purchases ? (double)rows / purchases_written : 0.0);
    gv_plan_use(plan, GV_PLAN_MEMORY, "order of the text", purchases ? 16 * rows : 0);
    gv_plan_use(plan, GV_PLAN_OUTPUT, "graph.h5", gv_graph_bytes(graph, GV_PART_ALL));
    gv_plan_use(plan, GV_PLAN_OUTPUT, "truth.h5", n * 6 * (int64_t)o.topics);
    gv_plan_use(plan, GV_PLAN_OUTPUT, "nodes.tsv", NODE_BYTES * n);
    gv_plan_use(plan, GV_PLAN_OUTPUT, "purchases.tsv", purchases ? PURCHASE_BYTES * rows : 0);
}
