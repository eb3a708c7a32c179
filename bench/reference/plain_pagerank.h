/* plain_pagerank.h -- PageRank as everybody writes it, to be beaten. */
#ifndef BENCH_PLAIN_PAGERANK_H
#define BENCH_PLAIN_PAGERANK_H

#include <stdint.h>

typedef struct plain_walk {
    int64_t n, m;
    const int64_t *offset; /* [n + 1], rows of the nodes stepped to */
    const int32_t *source; /* [m] */
    const int64_t *degree; /* [n], edges that leave */
} plain_walk;

/* `sweeps` sweeps of global PageRank from the uniform vector, damping .85, what dangling nodes hold
 * going to everyone alike. score [n] in and out; share [n] scratch. */
void plain_pagerank(const plain_walk *w, int64_t sweeps, int threads, float *score, float *share);

/* The same until a sweep moves no more than `tolerance` in L1; returns the sweeps made. */
int64_t plain_pagerank_to(const plain_walk *w, double tolerance, int threads, float *score,
                          float *share);

#endif
