/* by_target.c -- p of all edges by in-edge, worked out row by row of their sources.
 *
 * Each thread has the targets of one range, of about as many in-edges as the others', and walks
 * through all rows, whose targets are ascending: it works p out for its own part of each row. So
 * the edges into a target come to one thread, in the order of their sources, which is that of /in:
 * no races, and the same bytes at any thread count. */
#include "kernels/by_target.h"

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/ppr_work.h"

/* What becomes of the edges; either of both. */
typedef struct turning {
    const gv_graph *g;
    const gv_coins *coins;
    int64_t *next;      /* [n_nodes], where the next edge into a node goes */
    float *by_target;   /* [n_edges] */
    double *sum, *lost; /* [n_nodes], a ppr_sum in two arrays */
} turning;

static inline void take_edge(const turning *t, gv_node v, float p)
{
    if (t->by_target != NULL) {
        t->by_target[t->next[v]++] = p;
        return;
    }
    ppr_sum sum = {t->sum[v], t->lost[v]};
    ppr_add(&sum, (double)p);
    t->sum[v] = sum.sum, t->lost[v] = sum.carry;
}

static void turn_range(const turning *t, int64_t from, int64_t to)
{
    const gv_csr *out = &t->g->out;
    double p[GV_ROW_BLOCK];
    for (int64_t v = from; v < to; v++) {
        if (t->by_target != NULL)
            t->next[v] = t->g->in.indptr[v];
        else
            t->sum[v] = t->lost[v] = 0.0;
    }
    for (int64_t u = 0; u < t->g->n_nodes; u++) {
        const int64_t begin = gv_csr_from(out, u, from), end = gv_csr_from(out, u, to);
        gv_coins_announce(t->coins, out, (gv_node)u);
        for (int64_t first = begin; first < end; first += GV_ROW_BLOCK) {
            const int64_t n = end - first < GV_ROW_BLOCK ? end - first : GV_ROW_BLOCK;
            gv_coins_row(t->coins, out, (gv_node)u, first, n, p);
            for (int64_t i = 0; i < n; i++)
                take_edge(t, out->indices[first + i], (float)p[i]);
        }
    }
    for (int64_t v = from; v < to && t->by_target == NULL; v++)
        t->sum[v] += t->lost[v];
}

/* The first target of share i of n: shares have about as many in-edges each. */
static int64_t share_begin(const gv_graph *g, int64_t i, int64_t n)
{
    const int64_t first = g->in.indptr[0], m = g->in.indptr[g->n_nodes] - first;
    const int64_t want = first + m / n * i;
    int64_t lo = 0, hi = g->n_nodes;
    while (i < n && lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (g->in.indptr[mid] < want)
            lo = mid + 1;
        else
            hi = mid;
    }
    return i == 0 ? 0 : i == n ? g->n_nodes : lo;
}

static void turn(gv_context *ctx, const turning *t)
{
    const int64_t threads = gv_context_threads(ctx);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int64_t i = 0; i < threads; i++)
        turn_range(t, share_begin(t->g, i, threads), share_begin(t->g, i + 1, threads));
}

gv_status gv_by_target(gv_context *ctx, const gv_graph *g, const gv_coins *coins, float *by_target,
                       gv_error *err)
{
    int64_t *next = gv_alloc(ctx, g->n_nodes, sizeof *next);
    if (next == NULL)
        return gv_no_memory(ctx, "rows of in-edges", err);
    const turning t = {.g = g, .coins = coins, .next = next, .by_target = by_target};
    turn(ctx, &t);
    gv_free(ctx, next);
    return GV_OK;
}

gv_status gv_sum_by_target(gv_context *ctx, const gv_graph *g, const gv_coins *coins, double *sum,
                           gv_error *err)
{
    double *lost = gv_alloc(ctx, g->n_nodes, sizeof *lost);
    if (lost == NULL)
        return gv_no_memory(ctx, "sums of in-edges", err);
    const turning t = {.g = g, .coins = coins, .sum = sum, .lost = lost};
    turn(ctx, &t);
    gv_free(ctx, lost);
    return GV_OK;
}

void gv_sum_by_source(gv_context *ctx, const gv_graph *g, const gv_coins *coins, double *sum)
{
    const gv_csr *out = &g->out;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t u = 0; u < g->n_nodes; u++) {
        ppr_sum all = {0.0, 0.0};
        double p[GV_ROW_BLOCK];
        gv_coins_announce(coins, out, (gv_node)u);
        for (int64_t first = out->indptr[u]; first < out->indptr[u + 1]; first += GV_ROW_BLOCK) {
            const int64_t left = out->indptr[u + 1] - first;
            const int64_t n = left < GV_ROW_BLOCK ? left : GV_ROW_BLOCK;
            gv_coins_row(coins, out, (gv_node)u, first, n, p);
            for (int64_t i = 0; i < n; i++)
                ppr_add(&all, (double)(float)p[i]);
        }
        sum[u] = ppr_total(&all);
    }
}
