/* lookup.h -- consumers of a graph by the external ids of a text table. */
#ifndef IO_LOOKUP_H
#define IO_LOOKUP_H

#include "engine/csr.h"
#include "io/ids.h"
#include "io/table.h"

typedef struct gv_lookup {
    const gv_graph *g;
    gv_id_index index; /* of integer ids */
} gv_lookup;

GV_CHECKED gv_status gv_lookup_begin(gv_context *ctx, const gv_graph *g, gv_lookup *lookup,
                                     gv_error *err);
void gv_lookup_end(gv_lookup *lookup);

/* The kind of field that ids of the graph are. */
gv_field gv_lookup_field(const gv_lookup *lookup);

/* The consumer in row `i` of a column, or -1. Safe from many threads. */
gv_node gv_lookup_find(const gv_lookup *lookup, gv_column column, int64_t i);

/* GV_ERR_DATA: the id in row `i` of role `role` of a chunk with lines is not in the graph. */
gv_status gv_lookup_fail(const gv_lookup *lookup, const gv_table *t, const gv_chunk *c,
                         int32_t role, int64_t i, gv_error *err);

#endif
