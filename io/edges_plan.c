/* edges_plan.c -- what building the graph of a Kronecker stream will take: the allocations of
 * edges_graph.c. How many repeats there are is not known beforehand; as many edges as the stream
 * has are planned for. */
#include "engine/sort.h"
#include "grapevine/plan.h"

/* Edges made, and edges sorted and written, a second and thread. */
static const double edges_made = 8e6, edges_built = 8e6;

/* Bytes of a row of text, of the buffers of rows and of a column on its way; of small arrays. */
enum { TEXT_BUFFER = 4 * 42 * 4096 * 32, COLUMN_BUFFER = 3 << 19, KEY_BYTES = 16 };

static void plan_text(gv_plan *plan, const gv_kron_opts *o, int64_t edges, int32_t threads)
{
    gv_plan_begin(plan, "edges", (double)edges / (edges_made * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "text", TEXT_BUFFER);
    gv_plan_use(plan, GV_PLAN_OUTPUT, "edges", edges * 2 * (1 + (3 * o->scale + 9) / 10));
}

/* Bytes of the keys that are sorted at once. */
static int64_t sorted_at_once(int64_t edges, int64_t limit, int64_t held)
{
    const int64_t left = limit > held ? limit - held : 0;
    const int64_t most = limit > 0 ? left / 10 * 8 : INT64_C(4) << 30;
    return edges * KEY_BYTES < most ? edges * KEY_BYTES : most;
}

GV_API void gv_kron_plan(gv_plan *plan, const gv_kron_opts *opts, bool text, int32_t threads,
                         int64_t limit)
{
    const gv_kron_opts o = opts != NULL ? *opts : gv_kron_defaults();
    const int64_t n = INT64_C(1) << o.scale, raw = o.edge_factor << o.scale;
    const int64_t m = o.undirected ? 2 * raw : raw;
    if (text) {
        plan_text(plan, &o, raw, threads);
        return;
    }
    const gv_graph_shape g = {.n_nodes = n, .n_edges = m, .directed = !o.undirected};
    const int64_t ids = n / 8 + n / 16, keys = sorted_at_once(m, limit, ids + 8 * n);
    const int64_t passes = keys > 0 ? (m * KEY_BYTES + keys - 1) / keys : 1;
    gv_plan_begin(plan, "find ids", (double)raw / (edges_made * threads));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "ids", ids);
    gv_plan_begin(plan, "edges by source",
                  (double)passes * (double)raw / (edges_made * threads) + (double)m / edges_built);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "offsets", 8 * n);
    gv_plan_hold(plan, GV_PLAN_DISK, "edges by source", 4 * m);
    gv_plan_use(plan, GV_PLAN_MEMORY, "keys, and scratch of their sort", keys);
    gv_plan_use(plan, GV_PLAN_MEMORY, "rows on their way", COLUMN_BUFFER);
    gv_plan_begin(plan, "edges by target", o.undirected ? 0.0 : (double)m / edges_built);
    gv_plan_use(plan, GV_PLAN_MEMORY, "keys, and scratch of their sort", o.undirected ? 0 : keys);
    gv_plan_use(plan, GV_PLAN_MEMORY, "rows on their way", COLUMN_BUFFER);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "edges by source", 4 * m);
    gv_plan_use(plan, GV_PLAN_OUTPUT, "graph", gv_graph_bytes(&g, GV_PART_ALL));
}
