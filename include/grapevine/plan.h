/* plan.h -- what a computation will take, before it runs: structures in memory by phase, disk,
 * time.
 *
 * Each computation of the library has a sibling that fills a plan by the arithmetic of its own
 * allocations. A plan is a sequence of phases; an item lives from the phase in which it is added to
 * the one in which it is dropped. The peak is the largest sum of what lives in one phase. */
#ifndef GRAPEVINE_PLAN_H
#define GRAPEVINE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/cascade.h"
#include "grapevine/generate.h"
#include "grapevine/graph.h"
#include "grapevine/io.h"
#include "grapevine/learn.h"
#include "grapevine/ppr.h"
#include "grapevine/ppr_local.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gv_plan gv_plan;

typedef enum gv_plan_kind {
    GV_PLAN_MEMORY = 0,   /* allocated through a context: counts against its limit               */
    GV_PLAN_RESIDENT = 1, /* pages of mapped files, program and libraries: in the resident size, not
                            against the limit                                                    */
    GV_PLAN_DISK = 2,     /* temporary files                                                      */
    GV_PLAN_OUTPUT = 3,   /* files that stay */
    GV_PLAN_RESERVED = 4  /* allocated and never touched: counts against the limit, and is not
                             resident */
} gv_plan_kind;

enum { GV_PLAN_NAME_CHARS = 63 };

typedef struct gv_plan_item {
    char name[GV_PLAN_NAME_CHARS + 1];
    gv_plan_kind kind;
    int32_t first, last; /* phases in which it lives; last is INT32_MAX for "to the end" */
    int64_t bytes;
} gv_plan_item;

typedef struct gv_plan_phase {
    char name[GV_PLAN_NAME_CHARS + 1];
    double seconds;                 /* 0: not estimated */
    int64_t memory, resident, disk; /* what lives in it; resident includes memory that is touched */
} gv_plan_phase;

typedef struct gv_plan_sums {
    int64_t memory;   /* peak of what counts against the limit */
    int64_t resident; /* peak of the resident size */
    int32_t widest;   /* the phase of that peak, -1 without phases */
    int64_t disk;     /* peak of temporary files */
    int64_t output;   /* all that stays */
    int64_t space;    /* peak of temporary files and what stays of those so far, together */
    double seconds;
} gv_plan_sums;

/* An empty plan; caller's, freed with gv_plan_free(), which accepts NULL, before `ctx`. */
GV_API GV_CHECKED gv_status gv_plan_create(gv_context *ctx, gv_plan **out, gv_error *err);
GV_API void gv_plan_free(gv_plan *plan);

/* The context that it was made with. */
GV_API gv_context *gv_plan_context(const gv_plan *plan);

/* Adding never fails at once: a plan that could not be kept says so in gv_plan_check().
 *
 * gv_plan_begin() starts a phase of `seconds`. gv_plan_hold() adds an item that lives from the
 * current phase on, and returns its number for gv_plan_drop(), after which the current phase is its
 * last one. gv_plan_use() adds one that lives in the current phase alone. Items of 0 bytes are
 * left out; mapped pages that are given back are resident items of less than 0. The first phase
 * starts by itself, as "start". */
GV_API void gv_plan_begin(gv_plan *plan, const char *phase, double seconds);
GV_API int32_t gv_plan_hold(gv_plan *plan, gv_plan_kind kind, const char *name, int64_t bytes);
GV_API void gv_plan_drop(gv_plan *plan, int32_t item);
GV_API void gv_plan_use(gv_plan *plan, gv_plan_kind kind, const char *name, int64_t bytes);

/* GV_OK; GV_ERR_NOMEM when something could not be added. */
GV_API GV_CHECKED gv_status gv_plan_check(const gv_plan *plan, gv_error *err);

GV_API int32_t gv_plan_phases(const gv_plan *plan);
GV_API gv_plan_phase gv_plan_phase_at(const gv_plan *plan, int32_t phase);
GV_API int32_t gv_plan_items(const gv_plan *plan);
GV_API gv_plan_item gv_plan_item_at(const gv_plan *plan, int32_t item);
GV_API gv_plan_sums gv_plan_sum(const gv_plan *plan);

/* ---- shapes: sizes of inputs that need not exist yet ----------------------------------------- */

typedef struct gv_graph_shape {
    int64_t n_nodes, n_edges;
    bool directed;
    gv_probability_rule rule;
    gv_id_kind id_kind;
    int32_t id_width;     /* bytes of a string id */
    int32_t n_attributes; /* of 4 bytes a node */
} gv_graph_shape;

GV_API gv_graph_shape gv_graph_shape_of(const gv_graph *g);

/* Arrays of a graph. */
enum {
    GV_PART_OUT_INDPTR = 1,
    GV_PART_OUT_INDICES = 2,
    GV_PART_OUT_PROBABILITY = 4,
    GV_PART_IN_INDPTR = 8,
    GV_PART_IN_INDICES = 16,
    GV_PART_IN_PROBABILITY = 32,
    GV_PART_IDS = 64,
    GV_PART_ATTRIBUTES = 128,
    GV_PART_ALL = 255
};

/* The parts that gv_graph_check() reads for GV_USES_... */
GV_API unsigned gv_graph_parts(unsigned uses);

/* Bytes of these arrays; those that an undirected graph shares count once. */
GV_API int64_t gv_graph_bytes(const gv_graph_shape *shape, unsigned parts);

/* Sizes of a model. */
typedef struct gv_model_shape {
    int64_t n_nodes;
    int32_t n_topics;
    int64_t pairs;    /* (consumer, topic) pairs with a purchase */
    int64_t evidence; /* (edge, topic) pairs with evidence of their own */
    bool strengths;   /* learnt with the strengths of the graph's edges */
} gv_model_shape;

GV_API gv_model_shape gv_model_shape_of(const gv_model *m);
GV_API int64_t gv_model_bytes(const gv_model_shape *shape);

/* Bytes of a mapped graph's edges, and of a mapped model's pairs and evidence, whose pages are
 * given back after each pass under a memory limit (0: none); 0 where they stay. */
GV_API int64_t gv_graph_resting(const gv_graph_shape *g, int64_t limit);
GV_API int64_t gv_model_resting(const gv_graph_shape *g, const gv_model_shape *m, int64_t limit);

/* ---- plans of computations -------------------------------------------------------------------
 * Each adds the phases of the function of the same name: what it allocates, not its arguments and
 * results unless it says so. `threads` and `limit` (bytes left, 0: none) are those of the context
 * that it would run on. */

/* Arguments as gv_cascade(); the result is held to the end of the plan.
 *
 *   shape   of the graph
 *   g       borrowed; its degrees foretell which kernel the run will choose. NULL when there is no
 *           such graph yet: then degrees are taken to be alike
 *   rule    of the probabilities in use
 *   p       the constant, or the mean of stored probabilities; ignored for weighted cascade
 *   limit   bytes that are left, 0: none */
GV_API void gv_cascade_plan(gv_plan *plan, const gv_graph_shape *shape, const gv_graph *g,
                            gv_probability_rule rule, double p, int64_t n_seeds,
                            const gv_cascade_opts *opts, int32_t threads, int64_t limit);

/* Whether points are drawn on the graph's own rows: then a model is asked for where rows are
 * visited, else wherever there are edges. */
GV_API bool gv_cascade_in_place(const gv_graph_shape *shape);

/* Mean of the graph's own probabilities, by a sample of the stored ones. */
GV_API double gv_graph_mean_probability(const gv_graph *g);

/* `graph` may be NULL: then no layout is expected in its sidecar. `longest`: entries of the longest
 * of n_columns teleport columns. The scores are not included. */
GV_API void gv_ppr_plan(gv_plan *plan, const gv_graph_shape *g, const gv_graph *graph,
                        int64_t n_columns, int64_t longest, const gv_ppr_opts *opts,
                        int32_t threads, int64_t limit);
/* Pushes: the most that a column can take with `max_edges`; most take less. */
GV_API void gv_ppr_local_plan(gv_plan *plan, const gv_graph_shape *g, int64_t n_columns, int64_t k,
                              const gv_ppr_local_opts *opts, int32_t threads);

/* n scores; k places. */
GV_API void gv_top_k_plan(gv_plan *plan, int64_t n, int64_t k, int32_t threads);

/* `two`: i2 is wanted. */
GV_API void gv_influence_plan(gv_plan *plan, const gv_graph_shape *g, const gv_model_shape *m,
                              int32_t n_topics, bool two, int32_t threads, int64_t limit);
/* The probabilities of a topic, and its roots. */
GV_API void gv_reach_plan(gv_plan *plan, const gv_graph_shape *g, int32_t n_topics, double cv,
                          int32_t threads);
GV_API void gv_influence_rank_plan(gv_plan *plan, int64_t n_nodes, int32_t threads);
GV_API void gv_susceptibility_plan(gv_plan *plan, int64_t n_nodes, int32_t threads);
/* `found`: prospects expected. */
GV_API void gv_prospects_plan(gv_plan *plan, const gv_graph_shape *g, int64_t found,
                              int32_t threads);

/* The purchases of a log, for plans of learning. */
typedef struct gv_log_shape {
    int64_t rows, users, items;
    int64_t bytes, mapped; /* of text; of HDF5 columns */
    int32_t n_topics;
    double sampled; /* share of the text that was read to find out */
} gv_log_shape;

/* Estimates a log from its size and a sample of its lines; reads at most 16 MiB. Errors as
 * gv_log_read(). */
GV_API GV_CHECKED gv_status gv_log_look(gv_context *ctx, const char *path, const gv_log_opts *opts,
                                        gv_log_shape *out, gv_error *err);

/* Reading and sorting the log, which is held to the end. `limit` as below. The number of its file's
 * item, for gv_plan_drop(); -1 where there is no such file. */
GV_API int32_t gv_log_plan(gv_plan *plan, const gv_log_shape *log, int32_t threads, int64_t limit);

/* Reading the log, learning, and the model, which is held to the end; *model is its estimated
 * shape. `limit`: that of the memory, 0 for none; what does not fit is sorted on disk. Returns what
 * gv_log_plan() does. */
GV_API int32_t gv_learn_plan(gv_plan *plan, const gv_graph_shape *g, const gv_log_shape *log,
                             int32_t threads, int64_t limit, gv_model_shape *model);

/* Reading the edges, building, and the graph, which is held to the end; or, beyond `limit`, the
 * build on disk of gv_import_file(). *graph is the estimated shape, from the sizes of the files and
 * a sample of their lines; reads at most 16 MiB of each. Errors as gv_import(); standard input
 * cannot be planned: GV_ERR_ARG. */
GV_API GV_CHECKED gv_status gv_import_plan(gv_context *ctx, const char *const *paths,
                                           int64_t n_paths, const gv_import_opts *opts,
                                           int64_t limit, gv_plan *plan, gv_graph_shape *graph,
                                           gv_error *err);

/* Counting and writing a population, and its files; *graph is the estimated shape. */
GV_API void gv_population_write_plan(gv_plan *plan, const gv_consumers_opts *opts,
                                     gv_purchases_format purchases, int32_t threads,
                                     gv_graph_shape *graph);

/* gv_edges_write_graph() of a Kronecker stream, or gv_edges_write_text(). */
GV_API void gv_kron_plan(gv_plan *plan, const gv_kron_opts *opts, bool text, int32_t threads,
                         int64_t limit);

#ifdef __cplusplus
}
#endif
#endif
