/* imports.c -- see imports.h. */
#include "tests/support/imports.h"

#include "tests/support/graphs.h"

result import_files(int32_t threads, const char *const *paths, int64_t n,
                    const gv_import_opts *opts)
{
    result r = {.ctx = test_context(threads, -1)};
    r.status = gv_import(r.ctx, paths, n, opts, &r.g, &r.info, &r.err);
    return r;
}

bool done(result *r)
{
    gv_graph_free(r->g);
    const bool clean = gv_context_memory_used(r->ctx) == 0;
    gv_context_free(r->ctx);
    return clean;
}
