/* graphs.h -- small graphs for tests: as lists of edges that grow, then as a gv_graph.
 *
 *   edge_list e = edges_star(5);
 *   gv_graph *g = edges_graph(ctx, &e, NULL);
 *   ...
 *   gv_graph_free(g), edges_free(&e);
 *
 * Running out of memory ends the test program. */
#ifndef TESTS_GRAPHS_H
#define TESTS_GRAPHS_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/graph.h"

typedef struct edge_list {
    int64_t n_nodes, n_edges, room;
    gv_node *src, *dst; /* [n_edges] */
    float *weight;      /* [n_edges] */
    int64_t *ids;       /* [n_nodes] ascending external ids, or NULL for 0 .. n_nodes - 1 */
} edge_list;

/* No edges yet. */
edge_list edges_none(int64_t n_nodes);
void edges_add(edge_list *e, int64_t src, int64_t dst, double weight);
void edges_free(edge_list *e);

/* All weights are 1. */
edge_list edges_path(int64_t n);                 /* 0 -> 1 -> ... -> n - 1 */
edge_list edges_cycle(int64_t n);                /* the same and n - 1 -> 0 */
edge_list edges_star(int64_t n_leaves);          /* centre 0 <-> leaves 1 .. n_leaves */
edge_list edges_complete(int64_t n);             /* all ordered pairs */
edge_list edges_directed_star(int64_t n_leaves); /* 0 -> leaves */

/* Each ordered pair of different nodes is an edge with chance `p`; weights are multiples of 1/64 in
 * (0, 1). The same graph for the same arguments, on any machine. */
edge_list edges_gnp(int64_t n, double p, uint64_t seed);

/* Number `i` of the random sequence `seed`, in [0, 1). */
double test_random(uint64_t seed, uint64_t i);

/* Reads lines "src dst [weight]" of integer ids (plain or gzip), parted by blanks, tabs or commas;
 * lines that do not start with a digit are passed over. Nodes are the ids of both files in
 * ascending order; `vertices` (one id a line) may be NULL. False when a file cannot be read. */
bool edges_read(const char *edges, const char *vertices, edge_list *out);

/* The node of an external id, or -1. */
gv_node edges_node(const edge_list *e, int64_t id);

/* Builds the graph; NULL after saying why on stdout. `opts` NULL: no probabilities. */
gv_graph *edges_graph(gv_context *ctx, const edge_list *e, const gv_build_opts *opts);
/* The same with each weight as the edge's probability. */
gv_graph *edges_graph_weighted(gv_context *ctx, const edge_list *e);

/* A weighted graph with skewed sources and dense rows, some of them longer than a visit, so that
 * cuts into segments pay: targets are among the first `rows`. */
gv_graph *edges_skewed_graph(gv_context *ctx, int64_t n, int64_t rows, uint64_t n_edges);

/* A context of `n_threads` threads; its k-th allocation fails (-1: none). Never NULL. */
gv_context *test_context(int32_t n_threads, int64_t fail_allocation);

/* Path of a file of the real data that some tests use: folder $GV_DATA_DIR, else ../shared/data.
 * Into text [1024]; NULL when there is no such file (then the test is to be skipped). */
const char *test_data(const char *name, char *text);

#endif
