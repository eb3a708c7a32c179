/* cascade_keep.c -- see cascade_keep.h. The sums of all lanes are added up to be kept, and go to
 * the first lane when they are taken. */
#include "kernels/cascade_keep.h"

#include <stdio.h>
#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"

enum { WORLDS, SPREAD, VALUE, SUM, SUMSQ, ACTIVATION, STEPS, PARTS, NAME = 32 };

static const char *name_of(const gv_worlds *w, char *text)
{
    snprintf(text, NAME, "cascade-%d", (int)w->run);
    return text;
}

gv_status gv_cascade_room(gv_context *ctx, gv_cascade_result *r, bool values, int64_t n,
                          gv_error *err)
{
    if (n < r->n_worlds)
        return GV_OK;
    int64_t *spread = gv_realloc(ctx, (void *)r->spread, n, sizeof *spread);
    if (spread == NULL)
        return gv_no_memory(ctx, "cascade: spread of each world", err);
    r->spread = spread;
    if (!values)
        return GV_OK;
    int64_t *value = gv_realloc(ctx, (void *)r->value, n, sizeof *value);
    if (value == NULL)
        return gv_no_memory(ctx, "cascade: value of each world", err);
    r->value = value;
    return GV_OK;
}

/* All lanes' sums into the first one, which is then the only one with any. */
static void gather(gv_worlds *w)
{
    gv_lane *first = w->lane;
    for (int32_t i = 1; i < w->n_lanes; i++)
        for (int64_t t = 0; t < w->levels; t++) {
            first->sum[t] += w->lane[i].sum[t];
            first->sumsq[t] += w->lane[i].sumsq[t];
            w->lane[i].sum[t] = 0;
            w->lane[i].sumsq[t] = 0;
        }
}

static void list_parts(const gv_worlds *w, gv_cascade_result *r, gv_state_part *part)
{
    const int64_t n = w->g->n_nodes;
    const gv_lane *first = w->lane;
    part[WORLDS] = (gv_state_part){&r->n_worlds, (int64_t)sizeof r->n_worlds};
    part[SPREAD] = (gv_state_part){(void *)(uintptr_t)r->spread, 8 * r->n_worlds};
    part[VALUE] = (gv_state_part){(void *)(uintptr_t)r->value, r->value ? 8 * r->n_worlds : 0};
    part[SUM] = (gv_state_part){first->sum, w->levels * (int64_t)sizeof *first->sum};
    part[SUMSQ] = (gv_state_part){first->sumsq, w->levels * (int64_t)sizeof *first->sumsq};
    part[ACTIVATION] = (gv_state_part){w->activation, w->activation ? 4 * n : 0};
    part[STEPS] = (gv_state_part){w->step_sum, w->step_sum ? 8 * n : 0};
}

gv_status gv_cascade_keep(gv_worlds *w, gv_cascade_result *r, gv_error *err)
{
    char name[NAME];
    gv_state_part part[PARTS];
    gather(w);
    list_parts(w, r, part);
    return gv_keep(w->ctx, name_of(w, name), part, PARTS, err);
}

gv_status gv_cascade_take(gv_worlds *w, gv_cascade_result *r, gv_error *err)
{
    char name[NAME];
    gv_state_part part[PARTS];
    bool found;
    memset(part, 0, sizeof part);
    gv_status st = gv_keep_take(w->ctx, name_of(w, name), part, PARTS, &found, err);
    if (st != GV_OK || !found)
        return st;
    const int64_t worlds = part[SPREAD].bytes / 8;
    st = gv_cascade_room(w->ctx, r, w->weight != NULL, worlds, err);
    if (st == GV_OK)
        st = gv_worlds_grow(w, part[SUM].bytes / (int64_t)sizeof *w->lane->sum, err);
    if (st != GV_OK)
        return st;
    r->n_worlds = worlds;
    list_parts(w, r, part);
    return gv_keep_take(w->ctx, name, part, PARTS, &found, err);
}
