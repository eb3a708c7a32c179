/* points_edges.c -- rows of points.c in place: of a graph with so many edges that copies of them
 * would not fit, only the record of each node is made.
 *
 * The slots of a row are all of its edges, each with the weight of its largest p up to
 * GV_COIN_FROM, call that q. An edge has a point with chance q then, and one that has any is live
 * with chance p / q, by a number of the edge's own: both together with chance p. Which points are
 * too many is known only once p is read, so a row costs (degree) (largest weight) points instead of
 * the sum of its weights. Edges with greater p are found by a walk along the row.
 *
 * Where all edges have one p nothing is too many, and the worlds are those of copied rows. By
 * weighted cascade p is kept by edge as a float, since looking the target's in-degree up would take
 * another line of memory for each point; by a model only where so many rows will be visited that
 * working each out then would take longer (points_fly.c). No races: a row is looked at by one
 * thread. */
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/points_rows.h"

enum { CHUNK = 4096 }; /* blocks of nodes between two looks at progress */

gv_points_row gv_points_edge_row(const gv_points_tables *t, int64_t begin, int64_t degree,
                                 double largest, bool coins)
{
    const float lambda = (float)((double)degree * gv_points_weight(largest));
    const bool special = coins || degree > GV_ROW_MAX_SLOTS || (double)lambda > GV_HUB_LAMBDA;
    const uint64_t slots = special ? 0 : (uint64_t)degree; /* a special row's are not looked at */
    return (gv_points_row){.place = slots << GV_ROW_SLOTS | (uint64_t)begin,
                           .threshold =
                               special ? UINT32_MAX : gv_points_threshold(t, (double)lambda),
                           .lambda = coins ? -lambda : lambda};
}

/* The record of u; p of its edges is kept where the layout has room for that. */
static gv_points_row row_of(const gv_points *p, const gv_coins *c, gv_node u)
{
    const int64_t begin = p->in_place->indptr[u], end = p->in_place->indptr[u + 1];
    double chance[GV_ROW_BLOCK], largest = 0.0;
    bool coins = false;
    if (p->chance == NULL && end > begin) {
        coins = p->constant > GV_COIN_FROM;
        largest = coins ? 0.0 : p->constant;
    }
    gv_coins_announce(c, p->in_place, u);
    for (int64_t first = begin; p->chance != NULL && first < end; first += GV_ROW_BLOCK) {
        const int64_t n = end - first < GV_ROW_BLOCK ? end - first : GV_ROW_BLOCK;
        gv_coins_row(c, p->in_place, u, first, n, chance);
        for (int64_t i = 0; i < n; i++) {
            if (p->own_chance != NULL) {
                p->own_chance[first + i] = (float)chance[i];
                chance[i] = (double)p->own_chance[first + i];
            }
            coins |= chance[i] > GV_COIN_FROM;
            if (chance[i] <= GV_COIN_FROM && chance[i] > largest)
                largest = chance[i];
        }
    }
    return gv_points_edge_row(&p->table, begin, end - begin, largest, coins);
}

gv_status gv_points_in_place(gv_points *p, const gv_graph *g, const gv_coins *coins, gv_error *err)
{
    const bool constant = coins->rule == GV_PROBABILITY_CONSTANT;
    const int64_t n = g->n_nodes, n_blocks = gv_blocks(n);
    gv_points_row *row = gv_alloc(p->ctx, n, sizeof *row);
    p->row = row;
    p->row_shift = GV_ROW_ALONE;
    p->shape = constant ? GV_POINTS_EQUAL : GV_POINTS_EDGES;
    p->in_place = &g->out;
    p->word = (const uint32_t *)g->out.indices;
    p->n_words = g->n_edges;
    p->chance = coins->stored;
    p->constant = gv_coin_chance(coins->limit);
    if (coins->rule == GV_PROBABILITY_WEIGHTED_CASCADE || coins->rule == GV_PROBABILITY_MODEL)
        p->chance = p->own_chance = gv_alloc(p->ctx, g->n_edges, sizeof *p->own_chance);
    if (row == NULL || (!constant && p->chance == NULL))
        return gv_no_memory(p->ctx, "cascade: rows of the kernel points", err);
    if (constant)
        p->chance = NULL;
    for (int64_t from = 0; from < n_blocks; from += CHUNK) {
        const int64_t to = from + CHUNK < n_blocks ? from + CHUNK : n_blocks;
        const gv_status st = gv_progress(p->ctx, "cascade layout", from, n_blocks, err);
        if (st != GV_OK)
            return st;
#pragma omp parallel for num_threads(gv_context_threads(p->ctx)) schedule(dynamic, 1)
        for (int64_t b = from; b < to; b++) {
            for (int64_t u = b * GV_BLOCK; u < gv_block_end(b, n); u++)
                row[u] = row_of(p, coins, (gv_node)u);
        }
    }
    return GV_OK;
}
