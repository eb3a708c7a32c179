/* context.c -- threads, memory account and progress of a run. */
#include "engine/context.h"

#include <stdlib.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/topology.h"

enum { MAX_THREADS = 4096 };

GV_API gv_context_opts gv_context_defaults(void)
{
    return (gv_context_opts){.n_threads = 0, .memory_limit = 0};
}

static gv_status check(const gv_context_opts *o, gv_error *err)
{
    if (o->n_threads < 0 || o->n_threads > MAX_THREADS)
        return gv_fail(err, GV_ERR_RANGE, "threads %d is not in [0, %d]", o->n_threads,
                       MAX_THREADS);
    if (o->most_threads < 0)
        return gv_fail(err, GV_ERR_RANGE, "most_threads %d is negative", o->most_threads);
    if (o->memory_limit < 0)
        return gv_fail(err, GV_ERR_RANGE, "memory limit %lld is negative",
                       (long long)o->memory_limit);
    if (o->placement != GV_PLACE_FIRST_TOUCH && o->placement != GV_PLACE_INTERLEAVE)
        return gv_fail(err, GV_ERR_ARG, "placement %d is not 0 or 1", (int)o->placement);
    return GV_OK;
}

/* The topology to spread pages by; NULL where there is nothing to spread over. */
static gv_topology *topology_to_spread(gv_placement placement)
{
    gv_topology *t = placement == GV_PLACE_INTERLEAVE ? gv_topology_load(NULL) : NULL;
    if (gv_topology_has_nodes(t))
        return t;
    gv_topology_free(t);
    return NULL;
}

GV_API gv_status gv_context_create(const gv_context_opts *opts, gv_context **out, gv_error *err)
{
    const gv_context_opts o = opts != NULL ? *opts : gv_context_defaults();
    const gv_status st = check(&o, err);
    if (st != GV_OK)
        return st;
    gv_context *ctx = calloc(1, sizeof *ctx);
    if (ctx == NULL)
        return gv_fail(err, GV_ERR_NOMEM, "no memory for a context");
    ctx->n_threads = o.n_threads > 0 ? o.n_threads : gv_machine_threads(o.most_threads);
    ctx->topology = topology_to_spread(o.placement);
    ctx->memory_limit = o.memory_limit;
    ctx->fail_allocation = -1;
    ctx->progress = o.progress;
    ctx->progress_data = o.progress_data;
    *out = ctx;
    return GV_OK;
}

GV_API void gv_context_free(gv_context *ctx)
{
    if (ctx == NULL)
        return;
    gv_topology_free(ctx->topology);
    free(ctx);
}

GV_API int32_t gv_context_threads(const gv_context *ctx)
{
    return ctx->n_threads;
}

GV_API int64_t gv_context_memory_limit(const gv_context *ctx)
{
    return ctx->memory_limit;
}

GV_API void *gv_context_take(gv_context *ctx, int64_t count, size_t size)
{
    return gv_alloc_zero(ctx, count, size);
}

GV_API void gv_context_release(gv_context *ctx, void *block)
{
    gv_free(ctx, block);
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

GV_API void gv_context_keep(gv_context *ctx, const gv_keeper *keeper)
{
    ctx->keeper = keeper != NULL ? *keeper : (gv_keeper){.data = NULL};
}

bool gv_keep_due(const gv_context *ctx)
{
    return ctx->keeper.due != NULL && ctx->keeper.due(ctx->keeper.data);
}

gv_status gv_keep(gv_context *ctx, const char *name, const gv_state_part *part, int32_t n_parts,
                  gv_error *err)
{
    if (ctx->keeper.keep == NULL)
        return GV_OK;
    return ctx->keeper.keep(ctx->keeper.data, name, part, n_parts, err);
}

gv_status gv_keep_take(gv_context *ctx, const char *name, gv_state_part *part, int32_t n_parts,
                       bool *found, gv_error *err)
{
    *found = false;
    if (ctx->keeper.take == NULL)
        return GV_OK;
    return ctx->keeper.take(ctx->keeper.data, name, part, n_parts, found, err);
}

GV_API void gv_context_shelve(gv_context *ctx, const gv_shelf *shelf)
{
    ctx->shelf = shelf != NULL ? *shelf : (gv_shelf){.data = NULL};
}

bool gv_layout_shelved(const gv_context *ctx)
{
    return ctx->shelf.take != NULL;
}

bool gv_layout_keeps(const gv_context *ctx)
{
    return ctx->shelf.keep != NULL && ctx->shelf.keeps;
}

gv_status gv_layout_take(gv_context *ctx, const char *graph_hash, const char *key,
                         gv_layout_array *array, int32_t n_arrays, bool *found, gv_error *err)
{
    *found = false;
    if (ctx->shelf.take == NULL || graph_hash[0] == '\0')
        return GV_OK;
    return ctx->shelf.take(ctx->shelf.data, graph_hash, key, array, n_arrays, found, err);
}

gv_status gv_layout_keep(gv_context *ctx, const char *graph_hash, const char *key,
                         const gv_layout_array *array, int32_t n_arrays, gv_error *err)
{
    if (!gv_layout_keeps(ctx) || graph_hash[0] == '\0')
        return GV_OK;
    return ctx->shelf.keep(ctx->shelf.data, graph_hash, key, array, n_arrays, err);
}
