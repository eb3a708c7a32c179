/* ppr_keep.c -- see ppr_keep.h. Input files are told apart by whoever keeps the states, so of the
 * graph sizes are enough, and weights, which may be those of a topic. */
#include "kernels/ppr_keep.h"

#include <stdio.h>
#include <string.h>

#include "engine/hash.h"

gv_status ppr_state_name(gv_context *ctx, const ppr_walk *walk, const gv_teleport *t,
                         const gv_ppr_opts *o, int32_t way, char name[PPR_STATE_CHARS],
                         gv_error *err)
{
    const int64_t columns = t->n_columns, entries = t->offset[columns],
                  edges = walk->offset[walk->n];
    const struct {
        const void *data;
        int64_t bytes;
    } array[] = {{t->offset, (columns + 1) * (int64_t)sizeof *t->offset},
                 {t->node, entries * (int64_t)sizeof *t->node},
                 {t->weight, t->weight != NULL ? entries * (int64_t)sizeof *t->weight : 0},
                 {walk->p, walk->p != NULL ? edges * (int64_t)sizeof *walk->p : 0}};
    enum { ARRAYS = sizeof array / sizeof *array };
    struct {
        double damping, tolerance;
        int64_t n, edges, columns, iterations;
        int64_t dangling, direction, precision, layout, way, by_degree, weighted;
        uint64_t hash[ARRAYS];
    } all = {o->damping,
             o->tolerance,
             walk->n,
             edges,
             columns,
             o->max_iterations,
             (int64_t)o->dangling,
             (int64_t)o->direction,
             (int64_t)o->precision,
             (int64_t)o->layout,
             way,
             walk->by_degree,
             walk->weight != NULL,
             {0}};
    name[0] = '\0';
    if (ctx->keeper.keep == NULL)
        return GV_OK;
    for (int i = 0; i < ARRAYS; i++) {
        const gv_status st = gv_hash(ctx, array[i].data, array[i].bytes, &all.hash[i], err);
        if (st != GV_OK)
            return st;
    }
    char digest[GV_HASH_CHARS + 1];
    snprintf(name, PPR_STATE_CHARS, "ppr-%s",
             gv_hash_text(gv_hash_small(&all, sizeof all), digest));
    return GV_OK;
}
