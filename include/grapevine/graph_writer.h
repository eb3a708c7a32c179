/* graph_writer.h -- a graph file written piece by piece, for graphs that do not fit in memory. */
#ifndef GRAPEVINE_GRAPH_WRITER_H
#define GRAPEVINE_GRAPH_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A column of numbers about the nodes. */
typedef struct gv_column_plan {
    const char *name; /* borrowed, 1 to 63 bytes */
    bool real;        /* float, else int32_t */
} gv_column_plan;

/* What a graph file is going to hold. All sizes are known beforehand. */
typedef struct gv_graph_plan {
    int64_t n_nodes, n_edges; /* an undirected edge counts twice */
    bool directed;            /* false: /in has the offsets and neighbours of /out */
    gv_probability_rule rule;
    double constant; /* with GV_PROBABILITY_CONSTANT */
    gv_id_kind id_kind;
    int32_t id_width;             /* bytes of a string id, 1 to GV_ID_CHARS */
    int32_t n_columns;            /* in [0, 64] */
    const gv_column_plan *column; /* borrowed until the writer is gone, [n_columns] */
} gv_graph_plan;

/* The arrays of a graph file, with what one element is. */
typedef enum gv_graph_array {
    GV_ARRAY_OUT_INDPTR = 0,      /* int64_t, n_nodes + 1 of them               */
    GV_ARRAY_OUT_INDICES = 1,     /* gv_node, n_edges                           */
    GV_ARRAY_OUT_PROBABILITY = 2, /* float, n_edges; with rule STORED           */
    GV_ARRAY_IN_INDPTR = 3,       /* as /out; directed graphs only              */
    GV_ARRAY_IN_INDICES = 4,      /* as /out; directed graphs only              */
    GV_ARRAY_IN_PROBABILITY = 5,  /* float, n_edges; with rule STORED           */
    GV_ARRAY_IDS = 6,             /* int64_t or char [id_width], n_nodes        */
    GV_ARRAY_COLUMN = 7           /* + i: int32_t or float, n_nodes, of column i */
} gv_graph_array;

typedef struct gv_graph_writer gv_graph_writer;

/* Starts PATH.part and takes the disk space of all arrays. PATH itself appears at the commit.
 *
 *   plan   borrowed during the call, but for names of columns
 *   out    out; ends with gv_graph_writer_commit() or gv_graph_writer_discard()
 *
 * GV_OK; GV_ERR_CREATE also if PATH exists and `overwrite` is false; GV_ERR_ARG; GV_ERR_RANGE;
 * GV_ERR_IO the disk is full; GV_ERR_NOMEM. Scratch: 2 bytes a MiB of file. */
GV_API GV_CHECKED gv_status gv_graph_writer_create(gv_context *ctx, const char *path,
                                                   bool overwrite, const gv_graph_plan *plan,
                                                   gv_graph_writer **out, gv_error *err);

/* Appends `count` elements to one of the arrays. Each array is filled from its start, in order;
 * between arrays any order goes. Long pieces (many MiB) are hashed and written on all threads. The
 * writer counts elements and does not look at them: rows ascend, and offsets fit, as gv_verify()
 * checks. One call at a time. GV_OK; GV_ERR_ARG no such array, or more than it holds; GV_ERR_IO;
 * GV_ERR_CANCELLED. */
GV_API GV_CHECKED gv_status gv_graph_writer_append(gv_graph_writer *w, int array, const void *data,
                                                   int64_t count, gv_error *err);

/* Writes checksums and content hash, syncs, renames: the same bytes as gv_graph_save() of the same
 * graph. Always frees `*w` and sets it to NULL; on failure nothing is left behind.
 *
 *   hash   out, [GV_HASH_CHARS + 1], may be NULL: the graph's hash
 *
 * GV_OK; GV_ERR_ARG an array is not full; GV_ERR_IO; GV_ERR_CREATE. */
GV_API GV_CHECKED gv_status gv_graph_writer_commit(gv_graph_writer **w, char *hash, gv_error *err);

/* Gives the file up. NULL is allowed. */
GV_API void gv_graph_writer_discard(gv_graph_writer *w);

#ifdef __cplusplus
}
#endif
#endif
