/* context.c -- threads, memory account and progress of a run. */
#include "engine/context.h"

#include <stdlib.h>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/topology.h"

enum { MAX_THREADS = 4096 };

GV_API gv_context_opts gv_context_defaults(void)
{
    return (gv_context_opts){.n_threads = 0, .memory_limit = 0};
}

/* Hyperthreads share the caches that the kernels fill, so one thread a core is the default. */
static int32_t default_threads(void)
{
    const int32_t runtime = gv_runtime_threads();
    const int32_t cores = gv_topology_cores();
    return cores > 0 && cores < runtime ? cores : runtime;
}

GV_API gv_status gv_context_create(const gv_context_opts *opts, gv_context **out, gv_error *err)
{
    const gv_context_opts o = opts != NULL ? *opts : gv_context_defaults();
    if (o.n_threads < 0 || o.n_threads > MAX_THREADS)
        return gv_fail(err, GV_ERR_RANGE, "threads %d is not in [0, %d]", o.n_threads, MAX_THREADS);
    if (o.memory_limit < 0)
        return gv_fail(err, GV_ERR_RANGE, "memory limit %lld is negative",
                       (long long)o.memory_limit);
    gv_context *ctx = calloc(1, sizeof *ctx);
    if (ctx == NULL)
        return gv_fail(err, GV_ERR_NOMEM, "no memory for a context");
    ctx->n_threads = o.n_threads > 0 ? o.n_threads : default_threads();
    ctx->memory_limit = o.memory_limit;
    ctx->fail_allocation = -1;
    ctx->progress = o.progress;
    ctx->progress_data = o.progress_data;
    *out = ctx;
    return GV_OK;
}

GV_API void gv_context_free(gv_context *ctx)
{
    free(ctx);
}

GV_API int32_t gv_context_threads(const gv_context *ctx)
{
    return ctx->n_threads;
}

GV_API int64_t gv_context_memory_used(const gv_context *ctx)
{
    return ctx->memory_used;
}

GV_API int64_t gv_context_memory_peak(const gv_context *ctx)
{
    return ctx->memory_peak;
}

gv_status gv_progress(gv_context *ctx, const char *stage, int64_t done, int64_t total,
                      gv_error *err)
{
    if (ctx->progress != NULL && !ctx->progress(ctx->progress_data, stage, done, total))
        return gv_fail(err, GV_ERR_CANCELLED, "%s: cancelled after %lld of %lld", stage,
                       (long long)done, (long long)total);
    return GV_OK;
}
