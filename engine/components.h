/* components.h -- weakly connected components: consumers joined by edges, whatever their
 * direction. */
#ifndef ENGINE_COMPONENTS_H
#define ENGINE_COMPONENTS_H

#include "engine/csr.h"

typedef struct gv_components {
    int64_t count;   /* consumers without edges are one each */
    int64_t largest; /* consumers of the largest; 0 without consumers */
} gv_components;

/* Counts the components. Reads both directions, which must have passed gv_graph_check(). Exact, so
 * the same at any thread count. Time about O(nodes + edges); scratch 4 bytes a node.
 *
 * GV_OK; GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_count_components(gv_context *ctx, const gv_graph *g, gv_components *out,
                                         gv_error *err);

#endif
