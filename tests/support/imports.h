/* imports.h -- imports for tests. */
#ifndef TESTS_IMPORTS_H
#define TESTS_IMPORTS_H

#include <stdbool.h>

#include "grapevine/io.h"

/* One import: what it gave or why it failed. */
typedef struct result {
    gv_context *ctx;
    gv_graph *g;
    gv_import_info info;
    gv_status status;
    gv_error err;
} result;

result import_files(int32_t threads, const char *const *paths, int64_t n,
                    const gv_import_opts *opts);

/* Frees it; false if memory is left. */
bool done(result *r);

#endif
