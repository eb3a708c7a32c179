/* results.h -- a results file in the making. */
#ifndef IO_RESULTS_H
#define IO_RESULTS_H

#include "io/h5.h"

struct gv_results {
    gv_context *ctx;
    gv_h5 *file;
    char *yaml; /* [yaml_bytes], what gv_results_provenance() was given so far */
    int64_t yaml_bytes;
    bool has_nodes, has_topics;
};

#endif
