/* context.h -- the resources of a run: threads, memory, progress. Nothing in a context bears on a
 * result; what does is in the options of each computation. */
#ifndef GRAPEVINE_CONTEXT_H
#define GRAPEVINE_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grapevine/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gv_context gv_context;

/* Called now and then from the thread that called the library: `done` of `total` units of `stage`
 * (total 0: not known). Returning false cancels the call, which then fails with GV_ERR_CANCELLED.
 */
typedef bool gv_progress_fn(void *data, const char *stage, int64_t done, int64_t total);

/* Where a long computation keeps its own state from time to time, so that a later run of the same
 * computation goes on from there; see checkpoint.h for one that keeps it in files. The functions
 * are called from the thread that called the library. */
typedef struct gv_state_part {
    void *data;
    int64_t bytes;
} gv_state_part;

typedef struct gv_keeper {
    void *data; /* borrowed, handed to the functions */
    /* Whether state should be kept now: it is time, or the run is to stop. */
    bool (*due)(void *data);
    /* Keeps the state of computation `name`, in place of what was kept of it before.
     * GV_ERR_CANCELLED, with the state kept, when the run is to stop. */
    gv_status (*keep)(void *data, const char *name, const gv_state_part *part, int32_t n_parts,
                      gv_error *err);
    /* Fills the parts with the first of what was kept; *found is false when nothing was. A part
     * whose data are NULL is given its size instead. GV_ERR_DATA when what was kept has other sizes
     * or fewer parts. */
    gv_status (*take)(void *data, const char *name, gv_state_part *part, int32_t n_parts,
                      bool *found, gv_error *err);
} gv_keeper;

/* Where computations keep layouts: arrays that they made of a graph for their own use, and would
 * make again to the same bytes. See layouts.h for one that keeps them in a file beside the graph.
 * The functions are called from the thread that called the library. */
typedef struct gv_layout_array {
    const char *name; /* borrowed: lower-case letters, digits and '_' */
    int32_t size;     /* bytes of an element: 1, 2, 4 or 8 */
    int64_t n;        /* elements; when taking, -1 is any number, and the number is filled in */
    const void *data; /* when taking: out, read-only, in place until the shelf is closed */
    /* When keeping, in place of `data`: pieces of piece_n elements, n in all, one behind another.
     * Borrowed [n_pieces]. */
    const void *const *piece;
    const int64_t *piece_n;
    int64_t n_pieces;
} gv_layout_array;

typedef struct gv_shelf {
    void *data; /* borrowed, handed to the functions */
    /* Takes the layout `key` of the graph with that hash; *found is false when there is none.
     * GV_ERR_DATA when what is there is damaged. */
    gv_status (*take)(void *data, const char *graph_hash, const char *key, gv_layout_array *array,
                      int32_t n_arrays, bool *found, gv_error *err);
    bool keeps; /* layouts shall be kept; else the shelf is for reading alone */
    /* Keeps it, unless the shelf is for another graph. */
    gv_status (*keep)(void *data, const char *graph_hash, const char *key,
                      const gv_layout_array *array, int32_t n_arrays, gv_error *err);
} gv_shelf;

/* Where the pages of large arrays go on a machine with several memory nodes. */
typedef enum gv_placement {
    GV_PLACE_FIRST_TOUCH = 0, /* to the node of the thread that touches them first */
    GV_PLACE_INTERLEAVE = 1   /* to all nodes in turn: kernels hand out rows dynamically and gather
                                 from everywhere, so no node is the right one */
} gv_placement;

typedef struct gv_context_opts {
    int32_t n_threads;      /* threads, 1 to 4096; 0 means one for each core this process may use,
                               at most OMP_NUM_THREADS                                        [0] */
    int32_t most_threads;   /* with n_threads 0: no more than this; 0 is no bound             [0] */
    gv_placement placement; /* on one memory node it changes nothing     [GV_PLACE_FIRST_TOUCH] */
    int64_t memory_limit;   /* bytes that all handles of the context may hold; 0 is no limit  [0] */
    gv_progress_fn
        *progress;       /* may be NULL                                                 [NULL] */
    void *progress_data; /* borrowed, handed to `progress`                              [NULL] */
} gv_context_opts;

/* The defaults in brackets above. */
GV_API gv_context_opts gv_context_defaults(void);

/* Makes a context. It must outlive every handle made with it. A context may be used by one
 * thread at a time.
 *
 *   opts   NULL for gv_context_defaults()
 *   out    out, the new context; caller's, to be freed with gv_context_free()
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_context_create(const gv_context_opts *opts, gv_context **out,
                                              gv_error *err);

/* Frees a context; NULL is allowed. */
GV_API void gv_context_free(gv_context *ctx);

/* Threads that computations of this context use, >= 1. */
GV_API int32_t gv_context_threads(const gv_context *ctx);

/* From now on computations keep their state with `keeper`, copied; NULL: nowhere, as at first. */
GV_API void gv_context_keep(gv_context *ctx, const gv_keeper *keeper);

/* From now on computations take layouts from `shelf` and keep them there; copied. NULL: they make
 * them each time, as at first. */
GV_API void gv_context_shelve(gv_context *ctx, const gv_shelf *shelf);

/* The limit that was given, 0 for none. */
GV_API int64_t gv_context_memory_limit(const gv_context *ctx);

/* Memory for a caller's own large arrays: counted against the limit, on huge pages, all bytes zero.
 * NULL when memory or budget is short. To be freed with gv_context_release(), which accepts NULL,
 * before the context. */
GV_API void *gv_context_take(gv_context *ctx, int64_t count, size_t size);
GV_API void gv_context_release(gv_context *ctx, void *block);

/* Bytes held now, and the most that were held at any time. Mapped files are not counted. */
GV_API int64_t gv_context_memory_used(const gv_context *ctx);
GV_API int64_t gv_context_memory_peak(const gv_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
