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
#include "kernels/ppr_shelf.h"

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
        const int64_t v = f->nodes.order != NULL ? f->nodes.order[k] : k;
        const double leaving = ppr_leaving(walk, v);
        f->scale[k] = leaving > 0.0 ? (float)(1.0 / leaving) : 0.0F;
        if (f->factor == NULL)
            continue;
        const int64_t length = walk->offset[v + 1] - walk->offset[v];
        f->factor[k] = length > 0 ? (float)(1.0 / (double)length) : 1.0F;
    }
}

static void nodes_free(gv_context *ctx, ppr_nodes *nodes)
{
    gv_free(ctx, nodes->own_place);
    gv_free(ctx, nodes->own_order);
    *nodes = (ppr_nodes){NULL, NULL, NULL, NULL};
}

static gv_status nodes_make(gv_context *ctx, const ppr_walk *walk, ppr_nodes *nodes, gv_error *err)
{
    nodes->order = nodes->own_order = gv_alloc(ctx, walk->n, sizeof *nodes->own_order);
    nodes->place = nodes->own_place = gv_alloc(ctx, walk->n, sizeof *nodes->own_place);
    if (nodes->order == NULL || nodes->place == NULL)
        return gv_no_memory(ctx, "ppr: order by degree", err);
    return ppr_order(ctx, walk, nodes->own_order, nodes->own_place, err);
}

static gv_status make_tiles(const ppr_shelf *s, int threads, ppr_nodes *nodes, ppr_tiles *tiles,
                            gv_error *err)
{
    bool found;
    gv_status st = ppr_tiles_take(s, threads, nodes, tiles, &found, err);
    if (st != GV_OK || found)
        return st;
    st = nodes_make(s->ctx, s->walk, nodes, err);
    if (st == GV_OK)
        st = ppr_tiles_build(s->ctx, s->walk, nodes->order, nodes->place, threads, tiles, err);
    return st == GV_OK ? ppr_tiles_keep(s, nodes, tiles, err) : st;
}

static gv_status make_segments(const ppr_shelf *s, int width, ppr_nodes *nodes,
                               ppr_segments *segments, gv_error *err)
{
    ppr_cut cut;
    bool found;
    gv_status st = ppr_segments_take(s, width, nodes, segments, &found, err);
    if (st != GV_OK || found)
        return st;
    st = nodes_make(s->ctx, s->walk, nodes, err);
    if (st == GV_OK)
        st = ppr_cut_choose(s->ctx, s->walk, nodes->order, nodes->place, width, &cut, err);
    if (st == GV_OK)
        st = ppr_segments_build(s->ctx, s->walk, nodes->order, nodes->place, &cut, segments, err);
    return st == GV_OK ? ppr_segments_keep(s, width, nodes, segments, err) : st;
}

static gv_status make_bins(const ppr_shelf *s, const gv_csr *leave, ppr_fast *f, gv_error *err)
{
    bool found = false;
    f->sums = gv_alloc(s->ctx, (int64_t)f->threads * PPR_BIN_ROWS, sizeof *f->sums);
    if (f->sums == NULL)
        return gv_no_memory(s->ctx, "ppr: sums of a bin", err);
    gv_status st = ppr_bins_begin(s->ctx, s->walk, leave, f->threads, &f->bins, err);
    if (st == GV_OK)
        st = ppr_bins_take(s, &f->bins, &found, err);
    if (st != GV_OK || found)
        return st;
    st = ppr_bins_fill(s->ctx, s->walk, f->threads, &f->bins, err);
    return st == GV_OK ? ppr_bins_keep(s, &f->bins, err) : st;
}

gv_status ppr_placed_open(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o,
                          const ppr_walk *walk, int threads, ppr_placed *out, gv_error *err)
{
    const ppr_shelf shelf = {ctx, g->hash, walk, o->direction == GV_FORWARD};
    *out = (ppr_placed){.arriving = NULL};
    gv_status st = make_tiles(&shelf, threads, &out->nodes, &out->tiles, err);
    if (st == GV_OK) {
        out->arriving = gv_alloc(ctx, walk->n, sizeof *out->arriving);
        st = out->arriving != NULL ? GV_OK : gv_no_memory(ctx, "ppr: sums by tiles", err);
    }
    if (st != GV_OK)
        ppr_placed_close(ctx, out);
    return st;
}

void ppr_placed_close(gv_context *ctx, ppr_placed *p)
{
    gv_free(ctx, p->arriving);
    ppr_tiles_free(ctx, &p->tiles);
    nodes_free(ctx, &p->nodes);
    p->arriving = NULL;
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
    const ppr_shelf shelf = {ctx, g->hash, walk, o->direction == GV_FORWARD};
    if (out->layout == GV_PPR_BLOCKING)
        st = make_bins(&shelf, shelf.forward ? &g->out : &g->in, out, err);
    else if (out->layout == GV_PPR_SEGMENTS)
        st = make_tiles(&shelf, threads, &out->nodes, &out->tiles, err);
    else if (out->layout != GV_PPR_PULL)
        st = make_segments(&shelf, out->width, &out->nodes, &out->segments, err);
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
    nodes_free(ctx, &f->nodes);
    f->factor = f->scale = NULL;
    f->sums = NULL;
}
