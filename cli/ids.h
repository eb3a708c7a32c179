/* ids.h -- external ids of chosen nodes, as datasets of a results file. */
#ifndef CLI_IDS_H
#define CLI_IDS_H

#include "grapevine/grapevine.h"

/* Writes the external ids of `node` [product of dims] as dataset `path` of that shape; int64 or
 * fixed-length strings, as the graph has them. A node of -1 (padding) gives -1 or an empty string.
 */
GV_CHECKED gv_status cli_put_ids(gv_results *r, const char *path, const gv_graph *g, int rank,
                                 const int64_t *dims, const gv_node *node, gv_error *err);

#endif
