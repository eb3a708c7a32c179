/* ppr_layout.c -- which layout a graph and options get, and its making.
 *
 * The choice is a matter of the graph, the options and the number of columns alone, never of the
 * machine: layouts add in different orders, so it bears on the bits. The thresholds come from trial
 * sweeps on Kronecker graphs of 2^20 to 2^24 nodes, a random one of 12 million and a population of
 * 75 million: there tiles are 1.7 to 3.6 times as fast as blocking, whose place they have taken. */
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/ppr_fast.h"

/* Shares of all nodes that a cache is likely to hold anyway, and sweeps that do not pay for laying
 * a graph out: with one column and with more. Tiles cost as much as 5 to 8 sweeps that pull. */
#define CACHED_BYTES_1 ((int64_t)4 << 20)
#define CACHED_BYTES   ((int64_t)8 << 20)
enum { FEW_SWEEPS_1 = 8, FEW_SWEEPS = 12 };

GV_API const char *gv_ppr_layout_name(gv_ppr_layout layout)
{
    static const char *const name[] = {"auto",    "pull",     "segments", "blocking",
                                       "sorted8", "sorted16", "in-place"};
    return layout >= GV_PPR_AUTO && layout <= GV_PPR_IN_PLACE ? name[layout] : "unknown";
}

GV_API const char *gv_ppr_precision_name(gv_ppr_precision precision)
{
    return precision == GV_PPR_F32 ? "f32" : "f64";
}

int ppr_layout_width(gv_ppr_layout layout, int64_t columns)
{
    if (layout == GV_PPR_SORTED16)
        return 16;
    if (layout == GV_PPR_SORTED8)
        return 8;
    if (layout == GV_PPR_PULL || layout == GV_PPR_AUTO)
        return columns == 1 ? 1 : columns <= 8 ? 8 : 16;
    return 1;
}

/* ---- choice ------------------------------------------------------------------------------- */

typedef struct sorted {
    gv_node *order, *place;
} sorted;

static void sorted_free(gv_context *ctx, sorted *s)
{
    gv_free(ctx, s->place);
    gv_free(ctx, s->order);
    *s = (sorted){NULL, NULL};
}

static gv_status sorted_make(gv_context *ctx, const ppr_walk *walk, sorted *s, gv_error *err)
{
    s->order = gv_alloc(ctx, walk->n, sizeof *s->order);
    s->place = gv_alloc(ctx, walk->n, sizeof *s->place);
    gv_status st = GV_OK;
    if (s->order == NULL || s->place == NULL)
        st = gv_no_memory(ctx, "ppr: order by degree", err);
    if (st == GV_OK)
        st = ppr_order(ctx, walk, s->order, s->place, err);
    if (st != GV_OK)
        sorted_free(ctx, s);
    return st;
}

/* Sweeps that a column is likely to need at most. */
static double sweeps_at_most(const gv_ppr_opts *o)
{
    if (o->tolerance == 0.0)
        return o->max_iterations;
    return fmin(log(o->tolerance / 2.0) / log(o->damping), o->max_iterations);
}

gv_ppr_layout ppr_layout_choice(int64_t n_nodes, int64_t columns, const gv_ppr_opts *o)
{
    const int64_t bytes = n_nodes * (int64_t)sizeof(float) * (columns == 1 ? 1 : 8);
    if (o->precision == GV_PPR_F64 || bytes <= (columns == 1 ? CACHED_BYTES_1 : CACHED_BYTES) ||
        sweeps_at_most(o) <= (columns == 1 ? FEW_SWEEPS_1 : FEW_SWEEPS))
        return GV_PPR_PULL;
    return columns == 1 ? GV_PPR_SEGMENTS : columns <= 8 ? GV_PPR_SORTED8 : GV_PPR_SORTED16;
}

/* A layout that was asked for by name must be able to do the work. */
static gv_status check_layout(const gv_ppr_opts *o, int64_t columns, gv_error *err)
{
    if ((int)o->layout < GV_PPR_AUTO || o->layout > GV_PPR_IN_PLACE)
        return gv_fail(err, GV_ERR_ARG, "ppr: layout %d is not in [0, %d]", (int)o->layout,
                       (int)GV_PPR_IN_PLACE);
    if (o->layout == GV_PPR_IN_PLACE)
        return gv_fail(err, GV_ERR_ARG, "ppr: layout in-place is for gv_ppr_in_place()");
    if (o->precision == GV_PPR_F64 && o->layout > GV_PPR_SEGMENTS)
        return gv_fail(err, GV_ERR_ARG,
                       "ppr: layout %s is for precision f32; f64 has pull and segments",
                       gv_ppr_layout_name(o->layout));
    if (columns != 1 && (o->layout == GV_PPR_SEGMENTS || o->layout == GV_PPR_BLOCKING))
        return gv_fail(err, GV_ERR_ARG, "ppr: layout %s is for 1 column, not %lld",
                       gv_ppr_layout_name(o->layout), (long long)columns);
    return GV_OK;
}

gv_status ppr_layout_choose(int64_t n_nodes, int64_t columns, const gv_ppr_opts *o,
                            gv_ppr_layout *out, gv_error *err)
{
    *out = o->layout != GV_PPR_AUTO ? o->layout : ppr_layout_choice(n_nodes, columns, o);
    return check_layout(o, columns, err);
}

/* ---- making ------------------------------------------------------------------------------- */

static void set_scale(const ppr_walk *walk, ppr_fast *f)
{
#pragma omp parallel for num_threads(f->threads) schedule(static)
    for (int64_t k = 0; k < f->n; k++) {
        const int64_t v = f->order != NULL ? f->order[k] : k;
        const double leaving = ppr_leaving(walk, v);
        f->scale[k] = leaving > 0.0 ? (float)(1.0 / leaving) : 0.0F;
        if (f->factor == NULL)
            continue;
        const int64_t length = walk->offset[v + 1] - walk->offset[v];
        f->factor[k] = length > 0 ? (float)(1.0 / (double)length) : 1.0F;
    }
}

static gv_status make_segments(gv_context *ctx, const ppr_walk *walk, ppr_fast *f, gv_error *err)
{
    ppr_cut cut = {.n = 1, .width = walk->n};
    sorted s = {NULL, NULL};
    gv_status st = sorted_make(ctx, walk, &s, err);
    if (st == GV_OK && f->layout != GV_PPR_SEGMENTS)
        st = ppr_cut_choose(ctx, walk, s.order, s.place, f->width, &cut, err);
    f->order = s.order;
    f->place = s.place;
    if (st == GV_OK && f->layout == GV_PPR_SEGMENTS)
        return ppr_tiles_build(ctx, walk, f->order, f->place, f->threads, &f->tiles, err);
    if (st == GV_OK)
        st = ppr_segments_build(ctx, walk, f->order, f->place, &cut, &f->segments, err);
    return st;
}

gv_status ppr_placed_open(gv_context *ctx, const ppr_walk *walk, int threads, ppr_placed *out,
                          gv_error *err)
{
    sorted s;
    *out = (ppr_placed){.order = NULL};
    gv_status st = sorted_make(ctx, walk, &s, err);
    if (st != GV_OK)
        return st;
    out->order = s.order;
    out->place = s.place;
    st = ppr_tiles_build(ctx, walk, s.order, s.place, threads, &out->tiles, err);
    out->arriving = gv_alloc(ctx, walk->n, sizeof *out->arriving);
    if (st == GV_OK && out->arriving == NULL)
        st = gv_no_memory(ctx, "ppr: sums by tiles", err);
    if (st != GV_OK)
        ppr_placed_close(ctx, out);
    return st;
}

void ppr_placed_close(gv_context *ctx, ppr_placed *p)
{
    gv_free(ctx, p->arriving);
    if (p->order != NULL)
        ppr_tiles_free(ctx, &p->tiles);
    gv_free(ctx, p->place);
    gv_free(ctx, p->order);
    *p = (ppr_placed){.order = NULL};
}

static gv_status make_bins(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o,
                           const ppr_walk *walk, ppr_fast *f, gv_error *err)
{
    const gv_csr *leave = o->direction == GV_FORWARD ? &g->out : &g->in;
    f->sums = gv_alloc(ctx, (int64_t)f->threads * PPR_BIN_ROWS, sizeof *f->sums);
    if (f->sums == NULL)
        return gv_no_memory(ctx, "ppr: sums of a bin", err);
    return ppr_bins_build(ctx, walk, leave, f->threads, &f->bins, err);
}

gv_status ppr_fast_open(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o,
                        const ppr_walk *walk, int64_t columns, int threads, ppr_fast *out,
                        gv_error *err)
{
    *out = (ppr_fast){.walk = walk, .lanes = ppr_lanes_best(), .n = walk->n, .threads = threads};
    gv_status st = ppr_layout_choose(walk->n, columns, o, &out->layout, err);
    if (st != GV_OK)
        return st;
    out->width = ppr_layout_width(out->layout, columns);
    if (out->layout == GV_PPR_BLOCKING)
        st = make_bins(ctx, g, o, walk, out, err);
    else if (out->layout != GV_PPR_PULL)
        st = make_segments(ctx, walk, out, err);
    if (st == GV_OK) {
        out->scale = gv_alloc(ctx, walk->n, sizeof *out->scale);
        out->factor = walk->by_degree ? gv_alloc(ctx, walk->n, sizeof *out->factor) : NULL;
        if (out->scale == NULL || (walk->by_degree && out->factor == NULL))
            st = gv_no_memory(ctx, "ppr: weights by place", err);
    }
    if (st == GV_OK)
        set_scale(walk, out);
    else
        ppr_fast_close(ctx, out);
    return st;
}

void ppr_fast_close(gv_context *ctx, ppr_fast *f)
{
    gv_free(ctx, f->factor);
    gv_free(ctx, f->scale);
    gv_free(ctx, f->sums);
    ppr_bins_free(ctx, &f->bins);
    ppr_segments_free(ctx, &f->segments);
    ppr_tiles_free(ctx, &f->tiles);
    gv_free(ctx, f->place);
    gv_free(ctx, f->order);
    f->factor = f->scale = NULL;
    f->sums = NULL;
    f->order = f->place = NULL;
}
