/* graph.h -- the influence graph: consumers as nodes, "u can influence v" as the edge u -> v. */
#ifndef GRAPEVINE_GRAPH_H
#define GRAPEVINE_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/context.h"
#include "grapevine/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t gv_node; /* 0-based index, in ascending order of external id */

/* An immutable graph in compressed sparse rows; safe to read from many threads. */
typedef struct gv_graph gv_graph;

typedef enum gv_id_kind { GV_ID_INT = 0, GV_ID_STRING = 1 } gv_id_kind;

/* Where the probability of an edge u -> v comes from. */
typedef enum gv_probability_rule {
    GV_PROBABILITY_NONE = 0,             /* the graph has none */
    GV_PROBABILITY_CONSTANT = 1,         /* one value for all edges */
    GV_PROBABILITY_WEIGHTED_CASCADE = 2, /* 1 / in-degree of v */
    GV_PROBABILITY_STORED = 3,           /* an array, float [n_edges] in [0, 1] */
    GV_PROBABILITY_MODEL = 4             /* worked out by a model where it is asked for: of no
                                            graph, only in gv_probability (cascade.h) */
} gv_probability_rule;

enum { GV_ID_CHARS = 64, GV_HASH_CHARS = 16 };

/* Frees a graph; NULL is allowed. */
GV_API void gv_graph_free(gv_graph *g);

GV_API int64_t gv_graph_nodes(const gv_graph *g);
GV_API int64_t gv_graph_edges(const gv_graph *g);

/* Bytes a second with which the threads of `ctx` read the edges of `g` in order, the best of three
 * times, at most 2^28 edges each: what other passes over them can be measured against. 0 for a
 * graph without edges. */
GV_API double gv_graph_read_rate(gv_context *ctx, const gv_graph *g);
GV_API bool gv_graph_directed(const gv_graph *g);
GV_API gv_id_kind gv_graph_id_kind(const gv_graph *g);
GV_API gv_probability_rule gv_graph_probability_rule(const gv_graph *g);
/* The 16 hexadecimal digits that identify the graph's content, or "" while it was never hashed. */
GV_API const char *gv_graph_hash(const gv_graph *g);

/* The node with external id `id` (decimal text for integer ids), or -1. O(log n). */
GV_API gv_node gv_graph_find(const gv_graph *g, const char *id);

/* Writes the external id of `node` as text into `text` [GV_ID_CHARS + 1]; returns `text`. */
GV_API char *gv_graph_id(const gv_graph *g, gv_node node, char *text);

/* The influence edges of `node`, targets ascending: borrowed [*count]; NULL and 0 for none. */
GV_API const gv_node *gv_graph_out(const gv_graph *g, gv_node node, int64_t *count);
/* The consumers who can influence `node`, ascending: borrowed [*count]; NULL and 0 for none. */
GV_API const gv_node *gv_graph_in(const gv_graph *g, gv_node node, int64_t *count);

/* Values of a node attribute as numbers; NaN where a consumer has none.
 *
 *   value   out, [n_nodes], caller's
 *
 * GV_OK; GV_ERR_ARG no such attribute, naming those there are. */
GV_API GV_CHECKED gv_status gv_graph_attribute_f32(const gv_graph *g, const char *name,
                                                   float *value, gv_error *err);

/* What to do with several edges of the same source and target. */
typedef enum gv_duplicates {
    GV_DUPLICATES_COMBINE = 0, /* 1 - prod (1 - p): any of them may transmit */
    GV_DUPLICATES_SUM = 1,
    GV_DUPLICATES_MAX = 2,
    GV_DUPLICATES_ERROR = 3
} gv_duplicates;

typedef enum gv_probability_source {
    GV_FROM_NONE = 0,
    GV_FROM_WEIGHT = 1,    /* the edge's weight is its probability, in [0, 1] */
    GV_FROM_CONSTANT = 2,  /* `constant` */
    GV_FROM_WC = 3,        /* weighted cascade: 1 / in-degree, or weight / sum of in-weights */
    GV_FROM_TRIVALENCY = 4 /* .1, .01 or .001, drawn for (seed, source, target) */
} gv_probability_source;

typedef struct gv_build_opts {
    bool undirected;          /* each edge also counts backwards                     [false] */
    bool self_loops_error;    /* a self-loop is an error; else it is dropped         [false] */
    gv_duplicates duplicates; /*                                       [GV_DUPLICATES_COMBINE] */
    gv_probability_source
        source;      /*                                                [GV_FROM_NONE] */
    double constant; /* in [0, 1]; used with GV_FROM_CONSTANT                  [0.1] */
    uint64_t seed;   /* used with GV_FROM_TRIVALENCY                             [1] */
} gv_build_opts;

typedef struct gv_build_info {
    int64_t self_loops; /* dropped */
    int64_t duplicates; /* edges merged into another */
} gv_build_info;

GV_API gv_build_opts gv_build_defaults(void);

/* Builds a graph with nodes 0 .. n_nodes - 1 from a list of edges in any order; the result does not
 * depend on that order.
 *
 *   n_nodes   in [0, 2^31 - 1]
 *   src, dst  borrowed [n_edges], in [0, n_nodes)
 *   weight    borrowed [n_edges], may be NULL (each 1); finite and >= 0
 *   ids       borrowed [n_nodes], ascending external ids; NULL means 0 .. n_nodes - 1
 *   opts      NULL for gv_build_defaults()
 *   out       out, caller's, freed with gv_graph_free() before `ctx`
 *   info      out, may be NULL
 *
 * GV_OK; GV_ERR_ARG; GV_ERR_RANGE; GV_ERR_DATA duplicate or self-loop where that is an error;
 * GV_ERR_NOMEM. Same bytes at any thread count. Time O(nodes + edges); scratch about 24 bytes an
 * edge (twice that when undirected). */
GV_API GV_CHECKED gv_status gv_graph_build(gv_context *ctx, int64_t n_nodes, const gv_node *src,
                                           const gv_node *dst, const float *weight, int64_t n_edges,
                                           const int64_t *ids, const gv_build_opts *opts,
                                           gv_graph **out, gv_build_info *info, gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
