/* graph_file.h -- what other files in io/ ask about graphs and their files. */
#ifndef IO_GRAPH_FILE_H
#define IO_GRAPH_FILE_H

#include "engine/csr.h"
#include "grapevine/graph_writer.h"
#include "io/h5.h"

/* Path of the file that a graph is mapped from, "graph" for one in memory; lives as long as `g`. */
const char *gv_graph_file(const gv_graph *g);

/* "none", "constant", "weighted-cascade", "stored". */
const char *gv_probability_rule_name(gv_probability_rule rule);

/* Writes the external ids as dataset `path`. */
GV_CHECKED gv_status gv_h5_write_ids(gv_h5 *f, const char *path, const gv_graph *g,
                                     uint64_t *checksum, gv_error *err);

/* Elements of an array of a graph in the making, at a place of their own, instead of
 * gv_graph_writer_append(): in any order and from many threads, but each place once. Their checksum
 * is taken from the file when that is committed. */
GV_CHECKED gv_status gv_graph_writer_place(gv_graph_writer *w, int array, int64_t first,
                                           const void *data, int64_t count, gv_error *err);
/* Says that all of an array was placed. */
void gv_graph_writer_placed(gv_graph_writer *w, int array);

/* What @content_hash covers. Checksums are those of the datasets; that of the probability is 0
 * unless the rule is "stored". */
typedef struct gv_graph_sums {
    uint64_t indptr, indices, ids, probability;
} gv_graph_sums;
char *gv_graph_content_hash(const gv_graph_plan *plan, const gv_graph_sums *sums, char *text);

/* The graph hash for files about `g`: computed if `g` was never hashed; the graph is not changed.
 * text [GV_HASH_CHARS + 1]. */
GV_CHECKED gv_status gv_graph_identify(gv_context *ctx, const gv_graph *g, char *text,
                                       gv_error *err);

#endif
