/* ppr_plan.c -- what gv_ppr() and gv_top_k() will take: the allocations of ppr.c, ppr_walk.c and
 * topk.c. The width of a batch is chosen here for both, so that plan and run cannot differ. */
#include <math.h>

#include "engine/parallel.h"
#include "engine/sort.h"
#include "grapevine/plan.h"
#include "kernels/ppr_fast.h"
#include "kernels/ppr_in_place.h"
#include "kernels/ppr_shelf.h"

/* Edges a second, thread and column, of a sweep with one column; a full batch gathers 128 bytes at
 * a time and is this many times as fast by column. Docs: plan.md. */
static const double edges_a_second = 1e8, gain_of_width = 4.0, seconds_a_tiled_edge = 1.6e-8;

int ppr_width(int64_t n_nodes, int64_t n_columns, int64_t longest, int64_t limit)
{
    const double shares = (double)n_nodes * sizeof(double);
    const double entries = (double)longest * (sizeof(double) + sizeof(gv_node));
    const double fixed = 32.0 * (double)longest + (double)gv_blocks(n_nodes) * sizeof(ppr_measure);
    const double room = (double)limit - fixed;
    int width = 1;
    while (width < PPR_COLUMNS && width < n_columns &&
           (limit == 0 || 2.0 * width * (shares + entries) <= room))
        width *= 2;
    return width;
}

int64_t ppr_sweeps_expected(const gv_ppr_opts *o)
{
    if (o->tolerance == 0.0)
        return o->max_iterations;
    const double sweeps = ceil(log(o->tolerance / 2.0) / log(o->damping));
    if (!(sweeps >= 1.0))
        return 1;
    return sweeps < (double)o->max_iterations ? (int64_t)sweeps : o->max_iterations;
}

/* Beside the scores, which are the caller's. Sweeps are half as many as without the new values. */
static void plan_in_place(gv_plan *plan, const gv_graph_shape *g, int64_t n_columns,
                          int64_t longest, const gv_ppr_opts *o, int32_t threads)
{
    const int width = gv_ppr_in_place_width(n_columns);
    const int64_t rows = g->n_nodes < PPR_IN_PLACE_ROWS ? g->n_nodes : PPR_IN_PLACE_ROWS;
    const double work = .5 * (double)ppr_sweeps_expected(o) * (double)(width * g->n_edges);
    gv_plan_begin(plan, "sweeps", work / (edges_a_second * gain_of_width * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "rows of a block", 4 * rows * width);
    gv_plan_use(plan, GV_PLAN_MEMORY, "figures of blocks",
                gv_blocks(g->n_nodes) * (int64_t)sizeof(ppr_shift));
    gv_plan_use(plan, GV_PLAN_MEMORY, "teleport columns", longest * 12 * n_columns);
    if (o->weighted)
        gv_plan_use(plan, GV_PLAN_MEMORY, "weights that leave a consumer", 8 * g->n_nodes);
}

/* While tiles are made: the order, and the rows of all strips; those of a strip go when its tiles
 * come, which are smaller. */
static void plan_making_tiles(gv_plan *plan, const gv_graph_shape *g, const gv_ppr_opts *o,
                              int32_t threads)
{
    const int64_t n = g->n_nodes, m = g->n_edges;
    gv_plan_begin(plan, "tiles", (double)m * seconds_a_tiled_edge / threads);
    gv_plan_use(plan, GV_PLAN_MEMORY, "order by degree", 8 * n);
    gv_plan_use(plan, GV_PLAN_MEMORY, "rows by strip", (o->weighted ? 8 : 4) * m + 8 * n);
    if (o->weighted)
        gv_plan_use(plan, GV_PLAN_MEMORY, "weights that leave a consumer", 8 * n);
}

/* What is made may be kept. */
static void keep(gv_plan *plan, int64_t bytes, bool found)
{
    if (!found && gv_layout_keeps(gv_plan_context(plan)))
        gv_plan_hold(plan, GV_PLAN_OUTPUT, "layout in the sidecar", bytes);
}

/* One column in tiles, in either precision. Runs have about one edge where consumers have few, and
 * some where they have many. */
static void plan_tiles(gv_plan *plan, const gv_graph_shape *g, const gv_ppr_opts *o, bool found)
{
    const int64_t n = g->n_nodes, m = g->n_edges, runs = n > 0 && m / n < 16 ? m : m / 6;
    const int64_t order = 8 * n, tiles = (o->weighted ? 6 : 2) * m + 3 * runs;
    gv_plan_use(plan, found ? GV_PLAN_RESIDENT : GV_PLAN_MEMORY, "order by degree", order);
    gv_plan_use(plan, found ? GV_PLAN_RESIDENT : GV_PLAN_MEMORY, "edges in tiles", tiles);
    gv_plan_use(plan, GV_PLAN_MEMORY, "sums by tiles", 8 * n);
    keep(plan, order + tiles, found);
}

/* Single precision: the layout, as far as the shape of a graph tells. How often rows are visited
 * depends on its edges; a row is taken to be visited once, and once more for every eight edges. */
static void plan_layout(gv_plan *plan, const gv_graph_shape *g, int64_t entries,
                        const gv_ppr_opts *o, int width, int32_t threads, bool found)
{
    const int64_t n = g->n_nodes, m = g->n_edges;
    const int64_t visits = 4 * (n < m ? n : m) + m / 2, edges = (o->weighted ? 8 : 4) * m;
    const gv_plan_kind kind = found ? GV_PLAN_RESIDENT : GV_PLAN_MEMORY;
    gv_plan_use(plan, GV_PLAN_MEMORY, "constant terms of corrections", 4 * n * width);
    gv_plan_use(plan, GV_PLAN_MEMORY, "weights by place", 4 * n);
    if (o->layout == GV_PPR_BLOCKING) {
        gv_plan_use(plan, kind, "rows of edges in bins", 4 * m);
        gv_plan_use(plan, GV_PLAN_MEMORY, "shares of edges in bins", 4 * m);
        keep(plan, 4 * m, found);
        gv_plan_use(plan, GV_PLAN_MEMORY, "sums of bins", (int64_t)8 * PPR_BIN_ROWS * threads);
        return;
    }
    if (o->layout == GV_PPR_PULL)
        return;
    if (o->layout == GV_PPR_SEGMENTS) {
        plan_tiles(plan, g, o, found);
        return;
    }
    gv_plan_use(plan, kind, "order by degree", 8 * n);
    gv_plan_use(plan, kind, "visits of rows", visits);
    gv_plan_use(plan, kind, "edges by segment", edges);
    keep(plan, 8 * n + visits + edges, found);
    gv_plan_use(plan, GV_PLAN_MEMORY, "teleport columns by place", entries * 12);
}

GV_API void gv_ppr_plan(gv_plan *plan, const gv_graph_shape *g, const gv_graph *graph,
                        int64_t n_columns, int64_t longest, const gv_ppr_opts *opts,
                        int32_t threads, int64_t limit)
{
    gv_ppr_opts o = opts != NULL ? *opts : gv_ppr_defaults();
    if (o.layout == GV_PPR_AUTO)
        o.layout = ppr_layout_choice(g->n_nodes, n_columns, &o);
    const bool single = o.precision == GV_PPR_F32;
    if (o.layout == GV_PPR_IN_PLACE) {
        plan_in_place(plan, g, n_columns, longest, &o, threads);
        return;
    }
    const int width = single ? ppr_layout_width(o.layout, n_columns)
                             : ppr_width(g->n_nodes, n_columns, longest, limit);
    const double work = (double)ppr_sweeps_expected(&o) * (double)n_columns * (double)g->n_edges;
    const double gain = 1.0 + (gain_of_width - 1.0) * (width - 1) / (PPR_COLUMNS - 1);
    const int64_t entries = longest * (width < n_columns ? width : n_columns);
    const bool found = ppr_layout_find(gv_plan_context(plan), graph, &o, n_columns);
    if (o.layout == GV_PPR_SEGMENTS && !found)
        plan_making_tiles(plan, g, &o, threads);
    gv_plan_begin(plan, "sweeps", work / (edges_a_second * gain * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "shares of a batch of columns", 8 * g->n_nodes * width);
    gv_plan_use(plan, GV_PLAN_MEMORY, "figures of blocks",
                gv_blocks(g->n_nodes) * (int64_t)sizeof(ppr_measure));
    gv_plan_use(plan, GV_PLAN_MEMORY, "teleport columns of a batch", 12 * entries);
    if (o.weighted)
        gv_plan_use(plan, GV_PLAN_MEMORY, "weights that leave a consumer", 8 * g->n_nodes);
    if (single)
        plan_layout(plan, g, entries, &o, width, threads, found);
    else if (o.layout == GV_PPR_SEGMENTS)
        plan_tiles(plan, g, &o, found);
}
