/* context.h -- what a gv_context holds. */
#ifndef ENGINE_CONTEXT_H
#define ENGINE_CONTEXT_H

#include <stdatomic.h>

#include "engine/topology.h"
#include "grapevine/context.h"

struct gv_context {
    int32_t n_threads;
    int64_t memory_limit; /* 0 is no limit */
    _Atomic int64_t memory_used, memory_peak;
    _Atomic int64_t allocations; /* made so far, failed ones included */
    int64_t fail_allocation;     /* tests: this allocation fails (from 0); -1 for none */
    gv_progress_fn *progress;
    void *progress_data;
    gv_keeper keeper;      /* all NULL when nothing is kept */
    gv_shelf shelf;        /* all NULL when there is none */
    gv_topology *topology; /* with GV_PLACE_INTERLEAVE on several memory nodes, else NULL */
};

/* Reports progress from the calling thread; GV_ERR_CANCELLED when the caller wants to stop. Never
 * called from inside a parallel region. */
GV_CHECKED gv_status gv_progress(gv_context *ctx, const char *stage, int64_t done, int64_t total,
                                 gv_error *err);

/* Whether a computation that is at a point from which it can go on should keep its state. */
bool gv_keep_due(const gv_context *ctx);
/* Keeps it: GV_ERR_CANCELLED when the run is to stop; and takes it up at the start, *found false
 * when there is none. `name` is unique among the computations of a run. */
GV_CHECKED gv_status gv_keep(gv_context *ctx, const char *name, const gv_state_part *part,
                             int32_t n_parts, gv_error *err);
GV_CHECKED gv_status gv_keep_take(gv_context *ctx, const char *name, gv_state_part *part,
                                  int32_t n_parts, bool *found, gv_error *err);

/* Layouts of a graph: gv_layout_take() finds one that an earlier run kept, *found false when there
 * is none (also when there is no shelf, or the graph has no hash); gv_layout_keep() keeps one, if
 * it is to be kept. `key` names all that the arrays hang on besides the graph, and a number to be
 * raised when the code that makes them changes: "cascade-points 1 constant .1". Its first word
 * names the computation. Arrays that were taken are mapped: not to be freed, and not counted. */
GV_CHECKED gv_status gv_layout_take(gv_context *ctx, const char *graph_hash, const char *key,
                                    gv_layout_array *array, int32_t n_arrays, bool *found,
                                    gv_error *err);
GV_CHECKED gv_status gv_layout_keep(gv_context *ctx, const char *graph_hash, const char *key,
                                    const gv_layout_array *array, int32_t n_arrays, gv_error *err);
/* Whether there is a shelf: else a key need not be made. */
bool gv_layout_shelved(const gv_context *ctx);
/* Whether what is made shall be kept. */
bool gv_layout_keeps(const gv_context *ctx);

#endif
