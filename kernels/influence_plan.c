/* influence_plan.c -- what influence, ranks, susceptibility and prospects will take: the
 * allocations of influence.c, rank.c, susceptibility.c and prospects.c. */
#include "engine/parallel.h"
#include "engine/sort.h"
#include "grapevine/plan.h"
#include "kernels/influence_width.h"

/* Rates a second and thread. Docs: plan.md. */
static const double edge_topics_one = 1e9, edge_topics_two = 5e8, keys_sorted = 3e7,
                    pairs_looked = 3e7, edges_looked = 3e7;

GV_API void gv_influence_plan(gv_plan *plan, const gv_graph_shape *g, const gv_model_shape *m,
                              int32_t n_topics, bool two, int32_t threads, int64_t limit)
{
    const int32_t width = influence_width(g->n_nodes, m->evidence, n_topics, two, threads, limit);
    const double work = (double)g->n_edges * n_topics / threads;
    gv_plan_begin(plan, "influence", work / edge_topics_one + (two ? work / edge_topics_two : 0.0));
    if (two) {
        gv_plan_use(plan, GV_PLAN_MEMORY, "evidence by target, factors of consumers",
                    influence_fixed_bytes(g->n_nodes, m->evidence, threads));
        gv_plan_use(plan, GV_PLAN_MEMORY, "direct influence and factors of a batch",
                    influence_batch_bytes(g->n_nodes, width));
    }
    gv_plan_use(plan, GV_PLAN_MEMORY, "places of topics", 4 * m->n_topics);
}

GV_API void gv_influence_rank_plan(gv_plan *plan, int64_t n_nodes, int32_t threads)
{
    gv_plan_begin(plan, "ranks", (double)n_nodes / (keys_sorted * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "keys of scores", 8 * n_nodes);
    gv_plan_use(plan, GV_PLAN_MEMORY, "eligible consumers", n_nodes + 8 * gv_blocks(n_nodes));
    gv_plan_use(plan, GV_PLAN_MEMORY, "scratch of the sort", gv_sort_bytes(n_nodes, 8, threads));
}

GV_API void gv_susceptibility_plan(gv_plan *plan, int64_t n_nodes, int32_t threads)
{
    gv_plan_begin(plan, "susceptibility", (double)n_nodes / (pairs_looked * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "sums of blocks", 16 * gv_blocks(n_nodes));
}

GV_API void gv_prospects_plan(gv_plan *plan, const gv_graph_shape *g, int64_t found,
                              int32_t threads)
{
    const int64_t n = g->n_nodes, record = (int64_t)sizeof(gv_record);
    gv_plan_begin(plan, "prospects: who listens", (double)n / (keys_sorted * threads));
    const int32_t marks =
        gv_plan_hold(plan, GV_PLAN_MEMORY, "marks of consumers", 2 * n + 8 * (gv_blocks(n) + 1));
    gv_plan_use(plan, GV_PLAN_MEMORY, "keys of susceptibility", 8 * n);
    gv_plan_use(plan, GV_PLAN_MEMORY, "scratch of the sort", gv_sort_bytes(n, 8, threads));
    gv_plan_begin(plan, "prospects", (double)g->n_edges / (edges_looked * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "candidates and their order",
                found * (12 + 12 + record) + gv_sort_bytes(found, record, threads));
    gv_plan_drop(plan, marks);
}
