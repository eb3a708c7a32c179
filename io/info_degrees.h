/* info_degrees.h -- quantiles of the lengths of the rows of a graph. */
#ifndef IO_INFO_DEGREES_H
#define IO_INFO_DEGREES_H

#include "engine/csr.h"
#include "grapevine/info.h"

/* `least_positive` is the least degree that is not 0, INT64_MAX if there is none. Scratch 512 KiB a
 * thread, and 16 bytes for each row of 65,536 edges or more. */
GV_CHECKED gv_status gv_describe_degrees(gv_context *ctx, const gv_graph *g, const gv_csr *csr,
                                         gv_degrees *d, int64_t *least_positive, gv_error *err);

#endif
