/* plain_cascade.h -- the independent cascade as everybody writes it, to be beaten. */
#ifndef BENCH_PLAIN_CASCADE_H
#define BENCH_PLAIN_CASCADE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct plain_graph {
    int64_t n, m;
    const int64_t *offset; /* [n + 1] */
    const int32_t *target; /* [m] */
    /* chance of an edge in units of 2^-32: one for all, or by target, or by edge */
    uint32_t limit;
    const uint32_t *by_target; /* [n] or NULL */
    const uint32_t *by_edge;   /* [m] or NULL */
} plain_graph;

/* Simulates `worlds` worlds on `threads` threads; spread [worlds] out. The number of edges looked
 * at, or -1 without memory. */
int64_t plain_cascade(const plain_graph *g, const int32_t *seeds, int64_t n_seeds, int64_t worlds,
                      int threads, uint64_t seed, int64_t *spread);

#endif
