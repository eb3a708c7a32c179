/* cascade_kernel.c -- which kernel simulates a graph.
 *
 * The kernels draw different worlds, so the choice may depend on graph and probabilities alone:
 * never on seeds, number of worlds, threads, memory or the processor. A pilot of PILOT_WORLDS
 * worlds of the kernel points, with a seed of its own, starts from the PILOT_SEEDS nodes of
 * greatest lambda and gives the mean spread A and the points drawn for each active node L. With the
 * costs
 *
 *   points   A (node + point L)    a world      sliced   edge m    a world
 *
 * in nanoseconds (gv_sliced_pays()), sliced is taken where it is cheaper and L >= 2. Cascades from
 * other seeds may be smaller; those are cheap with either. Where rows are worked out on the fly no
 * lambda is known, and the pilot starts from the nodes of greatest out-degree. By linear threshold
 * plain has the place of points, with a price for each edge of an active node. */
#include "kernels/cascade_kernel.h"

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/sort.h"
#include "kernels/cascade_shelf.h"
#include "kernels/points_fly.h"
#include "kernels/points_rows.h"

enum { PILOT_WORLDS = 16, PILOT_SEEDS = 64 };

#define PILOT_KEY UINT64_C(0x70696c6f74)

/* What a node brings into a cascade: its lambda, or its out-degree where there are none (`p` may be
 * NULL). */
static double brings(const gv_points *p, const gv_graph *g, int64_t u)
{
    return p == NULL || p->on_the_fly ? (double)gv_csr_degree(&g->out, (gv_node)u)
                                      : gv_points_lambda(gv_points_row_of(p, u));
}

/* The nodes that bring most, ties by node; how many there are. */
static int64_t greatest(const gv_points *p, const gv_graph *g, gv_node *seeds)
{
    int64_t k = 0;
    for (int64_t u = 0; u < g->n_nodes; u++) {
        const double most = brings(p, g, u);
        if (k == PILOT_SEEDS && most <= brings(p, g, seeds[k - 1]))
            continue;
        int64_t at = k < PILOT_SEEDS ? k++ : k - 1;
        for (; at > 0 && brings(p, g, seeds[at - 1]) < most; at--)
            seeds[at] = seeds[at - 1];
        seeds[at] = (gv_node)u;
    }
    return k;
}

static gv_status pilot(const gv_worlds *w, const gv_points *p, double *spread, double *points,
                       gv_error *err)
{
    gv_node seeds[PILOT_SEEDS];
    int64_t size[PILOT_WORLDS];
    gv_worlds trial = {.ctx = w->ctx,
                       .g = w->g,
                       .coins = w->coins,
                       .kernel = GV_CASCADE_POINTS,
                       .points = p,
                       .seeds = seeds,
                       .n_seeds = greatest(p, w->g, seeds),
                       .max_steps = INT64_MAX};
    gv_status st = gv_worlds_open(&trial, err);
    if (st == GV_OK)
        st = gv_worlds_run(&trial, 0, PILOT_WORLDS, size, err);
    int64_t active = 0, drawn = 0;
    for (int i = 0; st == GV_OK && i < PILOT_WORLDS; i++)
        active += size[i];
    for (int32_t i = 0; st == GV_OK && i < trial.n_lanes; i++)
        drawn += trial.lane[i].drawn;
    *spread = (double)active / PILOT_WORLDS;
    *points = active > 0 ? (double)drawn / (double)active : 0.0;
    gv_worlds_close(&trial);
    return st;
}

/* Rows of points: kept by an earlier run, or laid out. */
static gv_status open_points(gv_kernel *k, const gv_worlds *w, uint64_t seed, gv_error *err)
{
    bool found = false;
    k->points = (gv_points){.ctx = w->ctx};
    k->has_points = true;
    const gv_status st = gv_points_take(&k->points, w->ctx, w->g, &w->coins, seed, &found, err);
    return st != GV_OK || found ? st
                                : gv_points_open(&k->points, w->ctx, w->g, &w->coins, seed, err);
}

/* The pilot, for which points are laid out. */
static gv_status run_pilot(gv_kernel *k, gv_worlds *w, gv_pilot *p, gv_error *err)
{
    gv_status st = open_points(k, w, PILOT_KEY, err);
    if (st == GV_OK)
        st = pilot(w, &k->points, &p->spread, &p->points, err);
    return st == GV_OK ? gv_pilot_shelve(w->ctx, w->g, &w->coins, p, err) : st;
}

/* Whether rows in place leave room for the queues and marks of the worlds. */
static bool has_room(const gv_worlds *w)
{
    const int64_t n = w->g->n_nodes, rows = n * (int64_t)sizeof(gv_points_row) + 4 * w->g->n_edges;
    const int64_t lanes = gv_context_threads(w->ctx) * (4 * n + n / 8);
    return w->ctx->memory_limit == 0 || rows + lanes <= w->ctx->memory_limit - w->ctx->memory_used;
}

/* Lays out rows that were to be worked out on the fly, if that pays and there is memory: the same
 * worlds. */
static gv_status lay_out_if_faster(gv_kernel *k, const gv_worlds *w, const gv_pilot *p,
                                   int64_t n_worlds, gv_error *err)
{
    if (!k->points.on_the_fly || !gv_fly_is_slower(p->spread, n_worlds, w->g->n_edges) ||
        !has_room(w))
        return GV_OK;
    gv_points rows;
    gv_points_begin(&rows, w->ctx, w->g, w->seed);
    const gv_status st = gv_points_in_place(&rows, w->g, &w->coins, err);
    if (st == GV_OK)
        k->points = rows; /* on the fly there was nothing to free */
    else
        gv_points_close(&rows);
    return st == GV_ERR_NOMEM ? GV_OK : st;
}

/* Replaces GV_CASCADE_AUTO; may leave the points laid out. */
static gv_status choose(gv_kernel *k, gv_worlds *w, gv_pilot *p, gv_error *err)
{
    bool found = false;
    gv_status st = gv_pilot_take(w->ctx, w->g, &w->coins, p, &found, err);
    if (st == GV_OK && !found)
        st = run_pilot(k, w, p, err);
    if (st != GV_OK)
        return st;
    w->kernel =
        gv_sliced_pays(p->spread, p->points, w->g->n_edges) ? GV_CASCADE_SLICED : GV_CASCADE_POINTS;
    if (w->kernel == GV_CASCADE_POINTS && k->has_points) {
        gv_points_reseed(&k->points, w->seed);
    } else if (k->has_points) {
        gv_points_close(&k->points);
        k->has_points = false;
    }
    return GV_OK;
}

/* Points, and rows for them; `p` is the pilot that chose them, or has a spread below 0. */
static gv_status make_points(gv_kernel *k, gv_worlds *w, gv_pilot *p, int64_t n_worlds,
                             gv_error *err)
{
    gv_status st = k->has_points ? GV_OK : open_points(k, w, w->seed, err);
    if (st == GV_OK && k->points.on_the_fly && p->spread < 0.0) {
        gv_points_reseed(&k->points, PILOT_KEY);
        st = pilot(w, &k->points, &p->spread, &p->points, err);
        gv_points_reseed(&k->points, w->seed);
    }
    if (st == GV_OK)
        st = lay_out_if_faster(k, w, p, n_worlds, err);
    return st == GV_OK ? gv_points_shelve(&k->points, w->g, &w->coins, err) : st;
}

/* ---- linear threshold --------------------------------------------------------------------------
 *
 * Points would need to know whom all listen to, so plain has its place. The pilot starts from the
 * nodes of greatest out-degree and counts the edges of active nodes. */

static gv_status choose_by_looks(const gv_worlds *w, gv_choices *c, gv_cascade_kernel *kernel,
                                 gv_error *err)
{
    gv_node seeds[PILOT_SEEDS];
    int64_t size[PILOT_WORLDS], looks = 0;
    gv_worlds trial = {.ctx = w->ctx,
                       .g = w->g,
                       .kernel = GV_CASCADE_PLAIN,
                       .choices = c,
                       .seeds = seeds,
                       .n_seeds = greatest(NULL, w->g, seeds),
                       .max_steps = INT64_MAX};
    gv_choices_reseed(c, PILOT_KEY);
    gv_status st = gv_worlds_open(&trial, err);
    if (st == GV_OK)
        st = gv_worlds_run(&trial, 0, PILOT_WORLDS, size, err);
    for (int32_t i = 0; st == GV_OK && i < trial.n_lanes; i++)
        looks += trial.lane[i].looks;
    gv_worlds_close(&trial);
    gv_choices_reseed(c, w->seed);
    *kernel = gv_sliced_choices_pay((double)looks / PILOT_WORLDS, w->g->n_edges) ? GV_CASCADE_SLICED
                                                                                 : GV_CASCADE_PLAIN;
    return st;
}

static gv_status make_states(gv_sliced *s, const gv_worlds *w, int64_t n_worlds, gv_error *err)
{
    s->at_once = w->spread_only && w->max_steps == INT64_MAX;
    return gv_sliced_make_states(s, n_worlds, 0, err);
}

static gv_status open_choices(gv_kernel *k, gv_worlds *w, int64_t n_worlds, gv_error *err)
{
    if (w->kernel == GV_CASCADE_POINTS)
        return gv_fail(err, GV_ERR_ARG,
                       "cascade: the kernel points does not make worlds of the linear threshold; "
                       "plain and sliced do");
    k->has_choices = true;
    gv_status st = gv_choices_open(&k->choices, w->ctx, w->g, &w->coins, w->seed, err);
    if (st == GV_OK && w->kernel == GV_CASCADE_AUTO)
        st = choose_by_looks(w, &k->choices, &w->kernel, err);
    if (st == GV_OK && w->kernel == GV_CASCADE_SLICED) {
        k->has_sliced = true;
        st = gv_sliced_open_choices(&k->sliced, w->ctx, w->g, &k->choices, w->seed, err);
        if (k->sliced.in_place == NULL)
            gv_choices_close(&k->choices);
        if (st == GV_OK)
            st = make_states(&k->sliced, w, n_worlds, err);
    }
    w->choices = &k->choices;
    w->sliced = &k->sliced;
    return st;
}

gv_status gv_kernel_open(gv_kernel *k, gv_worlds *w, gv_diffusion diffusion, int64_t n_worlds,
                         gv_error *err)
{
    gv_pilot p = {.spread = -1.0};
    gv_status st = GV_OK;
    k->ctx = w->ctx;
    if (diffusion == GV_DIFFUSION_THRESHOLD)
        return open_choices(k, w, n_worlds, err);
    if (w->kernel == GV_CASCADE_AUTO)
        st = choose(k, w, &p, err);
    if (st == GV_OK && w->kernel == GV_CASCADE_POINTS)
        st = make_points(k, w, &p, n_worlds, err);
    if (st == GV_OK && w->kernel == GV_CASCADE_SLICED) {
        k->has_sliced = true;
        st = gv_sliced_open(&k->sliced, w->ctx, w->g, &w->coins, w->seed, err);
        if (st == GV_OK)
            st = make_states(&k->sliced, w, n_worlds, err);
    }
    w->points = &k->points;
    w->sliced = &k->sliced;
    return st;
}

void gv_kernel_close(gv_kernel *k)
{
    if (k->has_points)
        gv_points_close(&k->points);
    if (k->has_sliced)
        gv_sliced_close(&k->sliced);
    if (k->has_choices)
        gv_choices_close(&k->choices);
}
