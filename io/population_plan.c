/* population_plan.c -- what making a population straight into files will take: the allocations of
 * datasets/friendships.c and population_write.c, and the files.
 *
 * Purchases are in proportion to consumers, topics, items and days, as measured; other sizes follow
 * from the options. While purchases are made, the graph and the truth are mapped and read. */
#include "grapevine/plan.h"
#include "io/h5.h"

/* Purchases for each consumer, topic, item and year. */
static const double purchases_a_year = 0.0268;

/* Bytes of their rows and of the rows of nodes.tsv; consumers of a batch, and columns of truth. */
enum { PURCHASE_BYTES = 27, NODE_BYTES = 19, BATCH = 64 * 4096, BATCH_COLUMNS = 512 * 4096 };

/* Buffers of text and columns, and items that are simulated before they are written, at most. */
enum { NODE_TEXT = 8 << 20, PURCHASE_BUFFER = 18 << 20, ITEMS = 256 };

/* A second and thread: consumers whose friends are counted, that are written, purchases made. Bytes
 * of the truth summed a second. Docs: plan.md. */
static const double consumers_counted = 5.5e5, consumers_made = 2.3e5, purchases_made = 5e5;
static const double truth_summed = 1e9;

static void plan_consumers(gv_plan *plan, const gv_consumers_opts *o, const gv_graph_shape *g,
                           int32_t threads)
{
    const int64_t n = g->n_nodes, topics = o->topics;
    int64_t batch = BATCH_COLUMNS / topics < BATCH ? BATCH_COLUMNS / topics : BATCH;
    batch = batch < n ? batch : n;
    gv_plan_begin(plan, "count friendships", (double)n / (consumers_counted * threads));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "friends far away", 2 * n + n / 16);
    gv_plan_begin(plan, "write consumers", (double)n / (consumers_made * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "a batch of consumers",
                batch * (28 + 10 * topics) + (int64_t)(5.0 * o->mean_degree * (double)batch));
    gv_plan_use(plan, GV_PLAN_MEMORY, "text", n < NODE_TEXT / 57 ? 57 * n : NODE_TEXT);
    gv_plan_use(plan, GV_PLAN_OUTPUT, "graph.h5", gv_graph_bytes(g, GV_PART_ALL));
    const int64_t truth = n * (10 * topics + 4) + g->n_edges;
    gv_plan_use(plan, GV_PLAN_OUTPUT, "truth.h5", truth);
    gv_plan_use(plan, GV_PLAN_OUTPUT, "nodes.tsv", NODE_BYTES * n);
    gv_plan_begin(plan, "checksums of the truth", (double)truth / truth_summed);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "a window on the largest array",
                4 * n * topics < GV_H5_WINDOW ? 4 * n * topics : GV_H5_WINDOW);
}

static void plan_purchases(gv_plan *plan, const gv_consumers_opts *o, const gv_graph_shape *g,
                           gv_purchases_format format, int32_t threads)
{
    const int64_t n = g->n_nodes;
    const double of_item = purchases_a_year * (double)n * o->days / 365.0;
    const int64_t rows = (int64_t)(of_item * o->topics * (double)o->items);
    gv_plan_begin(plan, "purchases", (double)rows / (purchases_made * threads));
    const bool text = format == GV_PURCHASES_TSV;
    const int64_t items = o->topics * o->items, together = items < ITEMS ? items : ITEMS;
    gv_plan_use(plan, GV_PLAN_RESIDENT, "graph.h5, mapped",
                gv_graph_bytes(g, GV_PART_OUT_INDPTR | GV_PART_OUT_INDICES | GV_PART_IDS));
    gv_plan_use(plan, GV_PLAN_RESIDENT, "truth.h5, mapped",
                n * (4 * (int64_t)o->topics + 4) + g->n_edges);
    gv_plan_use(plan, GV_PLAN_MEMORY, "purchases of items at work",
                (int64_t)of_item * threads * 2 * 48);
    gv_plan_use(plan, GV_PLAN_MEMORY, "purchases of items that are sold together",
                (int64_t)(of_item * (double)together) * 16);
    gv_plan_use(plan, GV_PLAN_MEMORY, text ? "text" : "columns",
                rows < PURCHASE_BUFFER / 72 ? 72 * rows : PURCHASE_BUFFER);
    gv_plan_use(plan, GV_PLAN_OUTPUT, text ? "purchases.tsv" : "purchases.h5",
                (text ? PURCHASE_BYTES : 24) * rows);
}

GV_API void gv_population_write_plan(gv_plan *plan, const gv_consumers_opts *opts,
                                     gv_purchases_format purchases, int32_t threads,
                                     gv_graph_shape *graph)
{
    const gv_consumers_opts o = opts != NULL ? *opts : gv_consumers_defaults();
    *graph = (gv_graph_shape){.n_nodes = o.consumers,
                              .n_edges = (int64_t)((double)o.consumers * o.mean_degree),
                              .n_attributes = 2};
    plan_consumers(plan, &o, graph, threads);
    if (purchases != GV_PURCHASES_NONE)
        plan_purchases(plan, &o, graph, purchases, threads);
}
