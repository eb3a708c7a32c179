/* import_target.h -- the graph file that an import writes piece by piece: what it is going to hold,
 * and its nodes. */
#ifndef IO_IMPORT_TARGET_H
#define IO_IMPORT_TARGET_H

#include "io/graph_file.h"
#include "io/import.h"

typedef struct import_target {
    importer *im;
    gv_graph_plan plan;
    gv_column_plan column[GV_MAX_ATTRIBUTES];
    gv_graph *nodes; /* ids and attributes, no edges */
    gv_graph_writer *writer;
} import_target;

/* Everything about the file but the number of its edges; ids are ordered, all edges have come. */
void import_target_begin(importer *im, import_target *to);
/* Lays the file out and writes what belongs to the nodes. */
GV_CHECKED gv_status import_target_create(import_target *to, int64_t n_edges, const char *path,
                                          bool overwrite, gv_error *err);
/* Gives up a file that was not committed; all zero is allowed. */
void import_target_end(import_target *to);

#endif
