/* plain_pagerank.c -- see plain_pagerank.h. Compressed sparse rows, pulled in single precision,
 * rows handed out dynamically, nodes as they come. */
#include "plain_pagerank.h"

#include <math.h>

static const float damping = 0.85F;

static double sweep(const plain_walk *w, int threads, float *restrict score, float *restrict share)
{
    const int32_t *restrict source = w->source;
    double moved = 0.0, lost = 0.0;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(+ : lost)
    for (int64_t v = 0; v < w->n; v++) {
        share[v] = w->degree[v] > 0 ? score[v] / (float)w->degree[v] : 0.0F;
        lost += w->degree[v] > 0 ? 0.0 : (double)score[v];
    }
    const float base = (1.0F - damping + damping * (float)lost) / (float)w->n;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1024) reduction(+ : moved)
    for (int64_t v = 0; v < w->n; v++) {
        float sum = 0.0F;
        for (int64_t e = w->offset[v]; e < w->offset[v + 1]; e++)
            sum += share[source[e]];
        const float next = base + damping * sum;
        moved += (double)fabsf(next - score[v]);
        score[v] = next;
    }
    return moved;
}

void plain_pagerank(const plain_walk *w, int64_t sweeps, int threads, float *score, float *share)
{
    for (int64_t v = 0; v < w->n; v++)
        score[v] = 1.0F / (float)w->n;
    for (int64_t k = 0; k < sweeps; k++)
        sweep(w, threads, score, share);
}

int64_t plain_pagerank_to(const plain_walk *w, double tolerance, int threads, float *score,
                          float *share)
{
    int64_t sweeps = 0;
    for (int64_t v = 0; v < w->n; v++)
        score[v] = 1.0F / (float)w->n;
    while (sweeps < 1000 && sweep(w, threads, score, share) > tolerance)
        sweeps++;
    return sweeps + 1;
}
