/* graphs.h -- graphs for benchmarks, made in memory. Running out of memory ends the program. */
#ifndef BENCH_GRAPHS_H
#define BENCH_GRAPHS_H

#include <stdint.h>

#include "grapevine/graph.h"

typedef struct bench_graph {
    int64_t n, m;
    int64_t *offset;  /* [n + 1] */
    int32_t *target;  /* [m] ascending within a row, no duplicates, no loops */
    gv_graph *handle; /* the same as the library has it, without probabilities */
} bench_graph;

/* 2^scale nodes and `factor` times as many drawn edges, before duplicates and loops are dropped:
 * Kronecker with the parameters of GAP and Graph500 (a, b, c = .57, .19, .19), ids permuted,
 * directed. */
bench_graph bench_kronecker(gv_context *ctx, int scale, int64_t factor);

/* n nodes and n * degree edges drawn uniformly. */
bench_graph bench_uniform(gv_context *ctx, int64_t n, int64_t degree);

/* "kron:SCALE" with factor 16, "uniform:NODES" with degree 10, or a graph file "*.h5"; another text
 * ends the program. */
bench_graph bench_graph_named(gv_context *ctx, const char *name);

void bench_graph_free(bench_graph *g);

/* Number i of stream `stream`, 64 random bits. */
uint64_t bench_random(uint64_t stream, uint64_t i);

#endif
