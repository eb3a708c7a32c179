/* read_rate.c -- how fast the threads of a context read a graph's edges in order: what other passes
 * over them are measured against. Sums are of integers, and only keep the reading from being
 * optimised away. */
#include "engine/csr.h"
#include "engine/parallel.h"

enum { MOST_EDGES = 1 << 28 };

static int64_t sum_of(gv_context *ctx, const gv_node *node, int64_t n)
{
    int64_t sum = 0;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static) reduction(+ : sum)
    for (int64_t i = 0; i < n; i++)
        sum += node[i];
    return sum;
}

GV_API double gv_graph_read_rate(gv_context *ctx, const gv_graph *g)
{
    const int64_t n = g->n_edges < MOST_EDGES ? g->n_edges : MOST_EDGES;
    const gv_node *node = g->out.indices != NULL ? g->out.indices : g->in.indices;
    int64_t sum = 0;
    double best = 0.0;
    for (int trial = 0; trial < 3 && n > 0; trial++) {
        const double started = gv_seconds();
        sum += sum_of(ctx, node, n);
        const double took = gv_seconds() - started;
        const double rate = took > 0.0 ? (double)(n * (int64_t)sizeof *node) / took : 0.0;
        best = rate > best ? rate : best;
    }
    gv_graph_rest(g, &g->out, 0, g->n_nodes);
    return sum != INT64_MIN ? best : 0.0; /* it never is, but the compiler cannot know */
}
