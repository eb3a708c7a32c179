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
 * another line of memory for each point. No races: a row is looked at by one thread. */
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/points_rows.h"

enum { CHUNK = 4096 }; /* blocks of nodes between two looks at progress */

/* 1 / in-degree of the targets of u. */
static void fill_chances(gv_points *p, const gv_coins *coins, gv_node u)
{
    const gv_csr *out = p->in_place;
    for (int64_t e = out->indptr[u]; e < out->indptr[u + 1]; e++) {
        const int64_t *in = &coins->in_offset[out->indices[e]];
        p->own_chance[e] = (float)(1.0 / (double)(in[1] - in[0]));
    }
}

static gv_points_row row_of(const gv_points *p, gv_node u)
{
    const int64_t begin = p->in_place->indptr[u], end = p->in_place->indptr[u + 1];
    const int64_t degree = end - begin;
    double largest = 0.0;
    bool coins = false;
    if (p->chance == NULL && degree > 0) {
        coins = p->constant > GV_COIN_FROM;
        largest = coins ? 0.0 : p->constant;
    }
    for (int64_t e = begin; p->chance != NULL && e < end; e++) {
        const double chance = (double)p->chance[e];
        if (chance > GV_COIN_FROM)
            coins = true;
        else if (chance > largest)
            largest = chance;
    }
    const float lambda = (float)((double)degree * gv_points_weight(largest));
    const bool special = coins || degree > GV_ROW_MAX_SLOTS || (double)lambda > GV_HUB_LAMBDA;
    const uint64_t slots = special ? 0 : (uint64_t)degree; /* a special row's are not looked at */
    return (gv_points_row){.place = slots << GV_ROW_SLOTS | (uint64_t)begin,
                           .threshold = special ? UINT32_MAX
                                                : gv_points_threshold(&p->table, (double)lambda),
                           .lambda = coins ? -lambda : lambda};
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
    p->constant = coins->limit == GV_COIN_ALWAYS ? 1.0 : (double)coins->limit * 0x1p-64;
    if (coins->rule == GV_PROBABILITY_WEIGHTED_CASCADE)
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
            for (int64_t u = b * GV_BLOCK; u < gv_block_end(b, n); u++) {
                if (p->own_chance != NULL)
                    fill_chances(p, coins, (gv_node)u);
                row[u] = row_of(p, (gv_node)u);
            }
        }
    }
    return GV_OK;
}
