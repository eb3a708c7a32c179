/* generate.h -- consumer populations with purchases and planted ground truth.
 *
 * Every draw is keyed by (seed, object), so any part can be made independently and identically. The
 * model is described in docs/kernels/generate.md. */
#ifndef GRAPEVINE_GENERATE_H
#define GRAPEVINE_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/learn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gv_consumers_opts {
    int64_t consumers;       /* in [1, 2^31 - 1]                                       [100000] */
    double mean_degree;      /* directed edges a consumer, in [0, 1000]                    [10] */
    int32_t topics;          /* in [1, 1000]                                                [8] */
    int64_t items;           /* items of each topic, in [0, 10^9]                         [300] */
    int32_t days;            /* length of the purchase log, in [1, 36500]                 [365] */
    double influencer_share; /* chance that a consumer is an influencer of a topic, in [0, 1]
                                                                                          [.15] */
    bool influence;          /* false: the null population, alike but for influence      [true] */
    uint64_t seed;           /*                                                             [1] */
} gv_consumers_opts;

GV_API gv_consumers_opts gv_consumers_defaults(void);

/* A population: its graph, attributes, purchases and what was planted. */
typedef struct gv_population gv_population;

/* Makes a population in memory.
 *
 *   opts   NULL for gv_consumers_defaults()
 *   out    out, caller's, freed with gv_population_free() before `ctx`
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_NOMEM; GV_ERR_CANCELLED. Same bytes at any thread count. */
GV_API GV_CHECKED gv_status gv_consumers_generate(gv_context *ctx, const gv_consumers_opts *opts,
                                                  gv_population **out, gv_error *err);

/* A population that is known but not made; gv_population_write() puts it into files piece by piece,
 * which takes 3 bytes a consumer instead of all of it (grapevine/io.h). */
typedef struct gv_population_plan gv_population_plan;

/* Counts the friendships of a population. The plan makes the population that
 * gv_consumers_generate() makes. Arguments and errors likewise; freed with
 * gv_population_plan_free(), which accepts NULL. */
GV_API GV_CHECKED gv_status gv_population_plan_create(gv_context *ctx,
                                                      const gv_consumers_opts *opts,
                                                      gv_population_plan **out, gv_error *err);
GV_API void gv_population_plan_free(gv_population_plan *plan);

/* Directed edges: each friendship counts twice. */
GV_API int64_t gv_population_plan_edges(const gv_population_plan *plan);
/* Name of topic z in [0, topics); lives as long as the plan. */
GV_API const char *gv_population_plan_topic(const gv_population_plan *plan, int32_t z);

GV_API void gv_population_free(gv_population *population);

/* Borrowed from the population. */
GV_API const gv_graph *gv_population_graph(const gv_population *population);
GV_API const gv_log *gv_population_log(const gv_population *population);

/* ---- Kronecker graphs ------------------------------------------------------------------------ */

typedef struct gv_kron_opts {
    int32_t scale;       /* ids are below 2^scale, in [1, 30]                              [16] */
    int64_t edge_factor; /* edges for each id, in [1, 1024]                                [16] */
    bool undirected;     /* every edge both ways                                        [false] */
    uint64_t seed;       /*                                                                 [1] */
} gv_kron_opts;

GV_API gv_kron_opts gv_kron_defaults(void);

/* Edges that are known but not made; grapevine/io.h writes them as text or builds their graph. */
typedef struct gv_edge_stream gv_edge_stream;

/* The edges of a Kronecker graph with the initiator .57 .19 / .19 .05 of the GAP and Graph500
 * benchmarks, ids permuted; loops and repeats are among them.
 *
 *   opts   NULL for gv_kron_defaults()
 *   out    out, caller's, freed with gv_edge_stream_free() before `ctx`
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_kron_open(gv_context *ctx, const gv_kron_opts *opts,
                                         gv_edge_stream **out, gv_error *err);
GV_API void gv_edge_stream_free(gv_edge_stream *stream); /* NULL is allowed */

/* Edges of the stream, loops and repeats included. */
GV_API int64_t gv_edge_stream_edges(const gv_edge_stream *stream);

/* Edges [first, first + n): src, dst [n], caller's. GV_OK; GV_ERR_RANGE. */
GV_API GV_CHECKED gv_status gv_edge_stream_get(const gv_edge_stream *stream, int64_t first,
                                               int64_t n, int64_t *src, int64_t *dst,
                                               gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
