/* layouts.h -- the sidecar of a graph file: layouts that computations made of the graph, kept so
 * that later runs need not make them again.
 *
 * GRAPH.layout.h5 lies beside GRAPH.h5. It belongs to one content hash and one version of the
 * program, and holds any number of layouts, each a group of arrays under the key that says what it
 * hangs on besides the graph. It is always optional: results have the same bytes with and without
 * it. It is made whole and renamed, and what is taken from it is mapped, without a copy.
 *
 * How a computation uses it: it calls gv_layout_take() with a key; where nothing is found it makes
 * its arrays and hands them to gv_layout_keep() (engine/context.h; kernels/cascade_shelf.c is an
 * example). How a program offers it: gv_layouts_open() for the graph, gv_context_shelve() with
 * gv_layouts_shelf().
 *
 * Experimental: these calls may change from one release to the next. */
#ifndef GRAPEVINE_LAYOUTS_H
#define GRAPEVINE_LAYOUTS_H

#include "grapevine/context.h"
#include "grapevine/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gv_layouts gv_layouts;

/* Opens the sidecar of the graph file `graph`, which need not be there.
 *
 *   hash    of the graph
 *   keep    layouts that are made shall be kept; else the sidecar is only read
 *   trust   do not compare the checksums of what is taken
 *   out     out; caller's, freed with gv_layouts_close(), after everything that used a layout
 *
 * A sidecar of another graph or version is not used: gv_layouts_ignored(). GV_OK; GV_ERR_DATA it is
 * damaged or something else altogether; GV_ERR_NO_INPUT it cannot be read; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_layouts_open(gv_context *ctx, const char *graph, const char *hash,
                                            bool keep, bool trust, gv_layouts **out, gv_error *err);
/* The context must not use its shelf any more. NULL is allowed. */
GV_API void gv_layouts_close(gv_layouts *l);

/* For gv_context_shelve(). Keeping rewrites the file with one layout more: for the time of writing
 * it takes the disk twice. One process at a time keeps: another one leaves it be. */
GV_API gv_shelf gv_layouts_shelf(gv_layouts *l);

/* All borrowed. Path of the sidecar; why it was not used, or NULL. */
GV_API const char *gv_layouts_path(const gv_layouts *l);
GV_API const char *gv_layouts_ignored(const gv_layouts *l);

/* Number `i` of the layouts taken so far, or of those kept: its key, and its bytes; NULL beyond the
 * last one (or the 32nd). */
GV_API const char *gv_layouts_taken(const gv_layouts *l, int32_t i, int64_t *bytes);
GV_API const char *gv_layouts_kept(const gv_layouts *l, int32_t i, int64_t *bytes);
/* Whether a layout could not be kept because another process was keeping one. */
GV_API bool gv_layouts_busy(const gv_layouts *l);

/* Bytes of the layout `key` in the sidecar, 0 when it has none; and of the whole file. */
GV_API int64_t gv_layouts_bytes(gv_layouts *l, const char *key);
GV_API int64_t gv_layouts_file_bytes(gv_layouts *l);

/* Path of the sidecar of `graph`: "a/g.h5" has "a/g.layout.h5". Into text [room]; false when it is
 * too long. */
GV_API bool gv_layouts_name(const char *graph, char *text, size_t room);

#ifdef __cplusplus
}
#endif
#endif
