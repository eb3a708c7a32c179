/* cascade_plan.c -- what gv_cascade() will take: the allocations of cascade.c, worlds.c,
 * points_rows.c and sliced_layout.c.
 *
 * Which kernel a run chooses depends on a pilot (cascade_kernel.c), and a plan runs nothing. It is
 * foretold by the mean field of a large cascade: with q the chance that the source of a random edge
 * is active, a consumer is active with chance 1 - exp(-p q in-degree), and
 *
 *   q = mean over edges of 1 - exp(-p q in-degree of the source)
 *
 * has its greatest fixed point below q = 1. With weighted cascade p in-degree = 1, q tends to 0,
 * and points are chosen. Near the border the foretelling may be wrong.
 *
 * Queues, bitmaps and slices count in full, though cascades that stay small touch only a part. */
#include <math.h>

#include "engine/context.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "grapevine/plan.h"
#include "kernels/cascade_kernel.h"
#include "kernels/cascade_shelf.h"
#include "kernels/points_fly.h"
#include "kernels/points_rows.h"
#include "kernels/sliced.h"

enum { SAMPLE = 1 << 20, ITERATIONS = 60 };

/* Seconds of a thread, as measured: laying out an edge. Points cost an active consumer what
 * gv_sliced_pays() says times `near`, or `far` if the cascade touches more memory than caches hold.
 * Slices of 512 worlds cost a world and edge of the graph `idle`, or, if that is more, a world and
 * edge of an active consumer `hubs` where these have many edges, so that most worlds reach them at
 * the same time, else `alike`. */
static const double layout_edge = 20e-9, near = 1.6, far = 6.6, idle = .03e-9, hubs = .06e-9,
                    alike = 1e-9, shared_block = 1.4, with_curve = 2.0;
enum { CACHED_CONSUMERS = 1 << 22 };

/* Whom a seed reaches with weighted cascade: 10 in populations, 20 to 40 in Kronecker graphs. */
static const double each_seed = 25.0;

typedef struct forecast {
    double spread, points, edges; /* active consumers; points drawn for each; edges of them all */
} forecast;

GV_API bool gv_cascade_in_place(const gv_graph_shape *shape)
{
    return shape->n_edges > GV_MAX_COPIED;
}

GV_API double gv_graph_mean_probability(const gv_graph *g)
{
    if (g->rule == GV_PROBABILITY_CONSTANT)
        return g->constant;
    if (g->rule != GV_PROBABILITY_STORED || g->n_edges == 0)
        return 0.0;
    const int64_t stride = g->n_edges / SAMPLE + 1;
    double sum = 0.0;
    int64_t n = 0;
    for (int64_t e = 0; e < g->n_edges; e += stride, n++)
        sum += (double)g->out.probability[e];
    return sum / (double)n;
}

/* In-degree and out-degree of v, or the mean of a graph that is not there. */
static double degree(const gv_graph_shape *shape, const gv_csr *csr, int64_t v)
{
    return csr != NULL ? (double)gv_csr_degree(csr, (gv_node)v)
                       : (double)shape->n_edges / (double)shape->n_nodes;
}

static forecast foretell(const gv_graph_shape *shape, const gv_graph *g, double p)
{
    const int64_t n = shape->n_nodes, stride = n / SAMPLE + 1;
    const gv_csr *in = g != NULL ? &g->in : NULL, *out = g != NULL ? &g->out : NULL;
    double q = 1.0, active = 0.0, edges = 0.0;
    for (int i = 0; i < ITERATIONS && n > 0; i++) {
        double all = 0.0;
        active = edges = 0.0;
        for (int64_t v = 0; v < n; v += stride) {
            const double chance = -expm1(-p * q * degree(shape, in, v));
            const double leaving = degree(shape, out, v);
            active += chance;
            edges += chance * leaving;
            all += leaving;
        }
        const double next = all > 0.0 ? edges / all : 0.0;
        if (fabs(next - q) < 1e-4 * q)
            break;
        q = next;
    }
    const double weight = p < 1.0 ? -log1p(-p) : 0.0; /* certain edges are no points */
    return (forecast){.spread = active * (double)stride,
                      .points = active > 0.0 ? weight * edges / active : 0.0,
                      .edges = edges * (double)stride};
}

/* ---- layouts --------------------------------------------------------------------------------- */

/* Whether rows lie behind their records is foretold from a sample of the degrees. */
static int64_t points_bytes(const gv_graph_shape *shape, const gv_graph *g,
                            gv_probability_rule rule)
{
    const int64_t n = shape->n_nodes, m = shape->n_edges, stride = n / SAMPLE + 1;
    const gv_csr *out = g != NULL ? &g->out : NULL;
    if (m > GV_MAX_COPIED) /* in place */
        return n * (int64_t)sizeof(gv_points_row) +
               (rule == GV_PROBABILITY_WEIGHTED_CASCADE || rule == GV_PROBABILITY_MODEL ? 4 * m
                                                                                        : 0);
    const int64_t slot = rule == GV_PROBABILITY_CONSTANT ? 1 : 3;
    double beyond = 0.0;
    for (int64_t v = 0; v < n; v += stride) {
        const double words = (double)slot * degree(shape, out, v);
        beyond += words > GV_INLINE_WORDS ? words * (double)stride : 0.0;
    }
    return gv_points_inline_pays(n, slot * m, (int64_t)beyond)
               ? (n << GV_ROW_INLINE) + 4 * (int64_t)beyond
               : (n << GV_ROW_ALONE) + 4 * slot * m;
}

static int64_t lanes_bytes(int64_t n, int32_t threads)
{
    return threads * (8 * ((n + 63) / 64) + (n + 1) * (int64_t)sizeof(gv_node));
}

/* Rows, targets, limits, labels both ways. */
static int64_t sliced_bytes(const gv_graph_shape *g, int64_t edge)
{
    return (g->n_nodes + 1) * (int64_t)(8 + sizeof(gv_sliced_row)) + edge * g->n_edges;
}

/* Seconds to read what is mapped, a byte. */
static const double mapped_byte = 1e-9;

/* Rows that are laid out, or `found` in the sidecar and mapped. */
static int32_t hold_rows(gv_plan *plan, const char *name, int64_t bytes, bool found)
{
    return gv_plan_hold(plan, found ? GV_PLAN_RESIDENT : GV_PLAN_MEMORY, name, bytes);
}

/* Those of the kernel that simulates may be kept. */
static void keep_rows(gv_plan *plan, int64_t bytes, bool found)
{
    if (!found && gv_layout_keeps(gv_plan_context(plan)))
        gv_plan_hold(plan, GV_PLAN_OUTPUT, "rows in the sidecar", bytes);
}

/* The rows of points, laid out or mapped; number of their item. */
static int32_t plan_points_rows(gv_plan *plan, const gv_graph_shape *shape, const gv_graph *g,
                                gv_probability_rule rule, int32_t threads, bool found)
{
    const int64_t rows = points_bytes(shape, g, rule);
    gv_plan_begin(plan, found ? "map points" : "lay out points, and pilot",
                  found ? mapped_byte * (double)rows
                        : layout_edge * (double)shape->n_edges / threads);
    const int32_t layout = hold_rows(plan, "rows of points", rows, found);
    if (rule == GV_PROBABILITY_WEIGHTED_CASCADE && !found && shape->n_edges <= GV_MAX_COPIED)
        gv_plan_use(plan, GV_PLAN_MEMORY, "in-degrees while rows are laid out", 4 * shape->n_nodes);
    return layout;
}

/* Rows that lanes work out when they visit them, `visits` in all, and room for others. */
static void use_fly_rows(gv_plan *plan, const gv_graph_shape *g, double visits, int32_t threads)
{
    const double degree = (double)g->n_edges / (double)g->n_nodes;
    const int64_t edges = gv_fly_edges(g->n_edges, 0), most = gv_fly_bytes(g->n_nodes, edges);
    const int64_t used = gv_fly_visited_bytes(g->n_nodes, visits / threads, degree);
    gv_plan_use(plan, GV_PLAN_MEMORY, "rows worked out, by thread",
                threads * (used < most ? used : most));
    gv_plan_use(plan, GV_PLAN_RESERVED, "room for more of them",
                threads * (used < most ? most - used : 0));
}

static void plan_points(gv_plan *plan, const gv_graph_shape *g, double seconds, int32_t layout,
                        int32_t threads)
{
    gv_plan_begin(plan, "simulate (points)", seconds);
    gv_plan_use(plan, GV_PLAN_MEMORY, "visited consumers and queues, by thread",
                lanes_bytes(g->n_nodes, threads));
    gv_plan_drop(plan, layout);
}

/* Whether the run that is planned goes by steps; how many threads and bytes it has. */
typedef struct means {
    bool at_once;
    int32_t threads;
    int64_t worlds, limit;
} means;

/* Bytes of rows of slices, for each edge. */
enum { BY_CONSTANT_BYTES = 4, BY_LIMIT_BYTES = 8, BY_STRETCH_BYTES = 12 };

static double seconds_by_slices(const gv_graph_shape *g, const forecast *f,
                                const gv_sliced_shape *shape, const means *m)
{
    const double mean = g->n_nodes > 0 ? (double)g->n_edges / (double)g->n_nodes : 0.0;
    const double each = f->edges > 2.0 * mean * f->spread ? hubs : alike;
    const double asked = each * f->edges * GV_MAX_LANES / shape->lanes *
                         (shape->shared ? shared_block : 1.0) * (m->at_once ? 1.0 : with_curve);
    return (double)m->worlds * fmax(idle * (double)g->n_edges, asked) / m->threads;
}

/* `edge` bytes of rows for each edge; `kept` in the sidecar by an earlier run. In place nothing is
 * laid out, mapped or kept, and rows of stretches are never kept. */
static void plan_sliced(gv_plan *plan, const gv_graph_shape *g, int64_t edge, const forecast *f,
                        const means *m, bool kept)
{
    const int64_t n = g->n_nodes;
    const bool in_place = gv_sliced_fits_in_place(n, g->n_edges, edge, m->limit);
    const bool found = kept && !in_place;
    const int64_t rows = in_place ? 0 : sliced_bytes(g, edge), made = found ? 0 : rows;
    gv_plan_begin(plan, found ? "map slices" : "lay out slices",
                  found      ? mapped_byte * (double)rows
                  : in_place ? 0.0
                             : layout_edge * (double)g->n_edges / m->threads);
    const int32_t layout = hold_rows(plan, "rows by label", rows, found);
    if (!in_place && edge != BY_STRETCH_BYTES)
        keep_rows(plan, rows, found);
    if (!in_place)
        gv_plan_use(plan, GV_PLAN_MEMORY, "in-degrees, and the sort of labels",
                    found ? 0 : 12 * n + gv_sort_bytes(n, 8, m->threads));
    const gv_sliced_shape shape = gv_sliced_choose(n, m->worlds, m->at_once, m->threads,
                                                   m->limit > made ? m->limit - made : m->limit);
    const int64_t state = gv_sliced_state_bytes(n, shape.lanes, m->at_once);
    const int64_t worlds = (int64_t)shape.lanes * GV_LANE_WORLDS;
    const int64_t blocks = (m->worlds + worlds - 1) / worlds;
    const int64_t busy = blocks < shape.n_states ? blocks : shape.n_states;
    gv_plan_begin(plan, "simulate (sliced)", seconds_by_slices(g, f, &shape, m));
    gv_plan_use(plan, GV_PLAN_MEMORY,
                shape.shared ? "worlds and queues, shared by all threads"
                             : "worlds and queues, by thread",
                busy * state);
    gv_plan_use(plan, GV_PLAN_RESERVED, "the same, of threads without work",
                (shape.n_states - busy) * state);
    gv_plan_drop(plan, layout);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static void plan_result(gv_plan *plan, const gv_graph_shape *g, int64_t worlds, int64_t n_seeds,
                        const gv_cascade_opts *o)
{
    gv_plan_hold(plan, GV_PLAN_MEMORY, "spread of each world", 8 * worlds);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "seeds", 4 * n_seeds);
    if (o->weight != NULL)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "value of each world", 8 * worlds);
    if (o->steps)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "steps of activation", 8 * g->n_nodes);
    if (o->activation || o->steps)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "activation counts", 4 * g->n_nodes);
}

/* Of a large mapped graph the ids are given back while worlds are simulated. */
static int32_t plan_ids(gv_plan *plan, const gv_graph_shape *g, int64_t limit)
{
    return gv_edges_rest(g->n_edges, limit)
               ? gv_plan_hold(plan, GV_PLAN_RESIDENT, "ids, given back when seeds are known",
                              -gv_graph_bytes(g, GV_PART_IDS))
               : -1;
}

/* Linear threshold: stretches of 8 bytes an edge, by label once more where slices are made of them.
 * Which kernel a pilot would choose follows from the spread, of which each consumer has the mean
 * number of edges. */
static void plan_threshold(gv_plan *plan, const gv_graph_shape *g, const gv_cascade_opts *o,
                           double spread, const means *m)
{
    const int32_t threads = m->threads;
    const double looks = g->n_nodes > 0 ? spread * (double)g->n_edges / (double)g->n_nodes : 0.0;
    const forecast f = {.spread = spread, .edges = 2.0 * looks}; /* two comparisons an edge */
    gv_plan_begin(plan, "lay out stretches", layout_edge * (double)g->n_edges / threads);
    const int32_t stretches =
        gv_plan_hold(plan, GV_PLAN_MEMORY, "stretches of the edges", 8 * g->n_edges);
    gv_plan_use(plan, GV_PLAN_MEMORY, "sums by consumer", 8 * g->n_nodes);
    if (o->kernel == GV_CASCADE_SLICED ||
        (o->kernel == GV_CASCADE_AUTO && gv_sliced_choices_pay(looks, g->n_edges))) {
        plan_sliced(plan, g, BY_STRETCH_BYTES, &f, m, false);
    } else {
        gv_plan_begin(plan, "simulate (plain)", (double)m->worlds * looks * 15e-9 / threads);
        gv_plan_use(plan, GV_PLAN_MEMORY, "visited consumers and queues, by thread",
                    lanes_bytes(g->n_nodes, threads));
    }
    gv_plan_drop(plan, stretches);
}

/* What the run that is planned is about. */
typedef struct question {
    const gv_graph_shape *shape;
    const gv_graph *g; /* or NULL */
    gv_probability_rule rule;
    double p;
    int64_t n_seeds;
    gv_cascade_opts o;
    bool piloted; /* the sidecar has what an earlier run found out */
    forecast f;
    means m;
} question;

static void foresee(question *q, gv_context *ctx)
{
    const gv_graph_shape *g = q->shape;
    const bool wc = q->rule == GV_PROBABILITY_WEIGHTED_CASCADE;
    const double n = (double)g->n_nodes;
    gv_pilot pilot;
    q->piloted =
        q->o.diffusion == GV_DIFFUSION_CASCADE && gv_pilot_find(ctx, q->g, q->rule, q->p, &pilot);
    if (q->piloted)
        q->f = (forecast){.spread = pilot.spread, .points = pilot.points};
    else if (wc)
        q->f = (forecast){.spread = fmin(0.05 * n, each_seed * (double)q->n_seeds), .points = 1.0};
    else
        q->f = foretell(g, q->g, q->p);
    if ((q->piloted || wc) && n > 0.0)
        q->f.edges = q->f.spread * (double)g->n_edges / n;
}

static void plan_slices(gv_plan *plan, const question *q)
{
    plan_sliced(plan, q->shape,
                q->rule == GV_PROBABILITY_CONSTANT ? BY_CONSTANT_BYTES : BY_LIMIT_BYTES, &q->f,
                &q->m, gv_sliced_find(gv_plan_context(plan), q->g, q->rule, q->p));
}

/* Points, or what a pilot by points chooses. */
static void plan_by_points(gv_plan *plan, const question *q, gv_cascade_kernel kernel)
{
    gv_context *ctx = gv_plan_context(plan);
    const gv_graph_shape *g = q->shape;
    const means *m = &q->m;
    const double visits = (double)m->worlds * (q->f.spread + (double)q->n_seeds);
    const double seconds = (double)m->worlds * q->f.spread * (9.0 + 5.2 * q->f.points) * 1e-9 /
                           m->threads * (q->f.spread > CACHED_CONSUMERS ? far : near);
    const bool found = gv_points_find(ctx, q->g, q->rule, q->p);
    const bool on_the_fly = q->rule == GV_PROBABILITY_MODEL && g->n_edges > GV_MAX_COPIED &&
                            !gv_fly_is_slower(q->f.spread, m->worlds, g->n_edges);
    const int32_t layout =
        on_the_fly ? -1 : plan_points_rows(plan, g, q->g, q->rule, m->threads, found);
    if (kernel == GV_CASCADE_AUTO)
        gv_plan_use(plan, GV_PLAN_MEMORY, "visited consumers and queues of the pilot",
                    lanes_bytes(g->n_nodes, m->threads));
    if (kernel == GV_CASCADE_AUTO && gv_sliced_pays(q->f.spread, q->f.points, g->n_edges)) {
        gv_plan_drop(plan, layout);
        plan_slices(plan, q);
        return;
    }
    if (g->n_edges <= GV_MAX_COPIED)
        keep_rows(plan, points_bytes(g, q->g, q->rule), found);
    plan_points(plan, g, seconds, layout, m->threads);
    if (on_the_fly)
        use_fly_rows(plan, g, visits, m->threads);
}

/* By the kernel that the options ask for or the sidecar knows. */
static void plan_kernel(gv_plan *plan, const question *q)
{
    gv_cascade_kernel kernel = q->o.kernel;
    if (kernel == GV_CASCADE_AUTO && q->piloted)
        kernel = gv_sliced_pays(q->f.spread, q->f.points, q->shape->n_edges) ? GV_CASCADE_SLICED
                                                                             : GV_CASCADE_POINTS;
    if (kernel == GV_CASCADE_SLICED) {
        plan_slices(plan, q);
    } else if (kernel == GV_CASCADE_PLAIN) {
        gv_plan_begin(plan, "simulate (plain)",
                      (double)q->m.worlds * q->f.spread * 1e-7 / q->m.threads);
        gv_plan_use(plan, GV_PLAN_MEMORY, "visited consumers and queues, by thread",
                    lanes_bytes(q->shape->n_nodes, q->m.threads));
    } else {
        plan_by_points(plan, q, kernel);
    }
}

GV_API void gv_cascade_plan(gv_plan *plan, const gv_graph_shape *shape, const gv_graph *g,
                            gv_probability_rule rule, double p, int64_t n_seeds,
                            const gv_cascade_opts *opts, int32_t threads, int64_t limit)
{
    const gv_cascade_opts o = opts != NULL ? *opts : gv_cascade_defaults();
    const int64_t worlds = o.target_stderr > 0.0 ? o.max_worlds : o.n_worlds;
    const means m = {.at_once = o.spread_only && o.max_steps < 0,
                     .threads = threads,
                     .worlds = worlds,
                     .limit = limit};
    question q = {.shape = shape, .g = g, .rule = rule, .p = p, .n_seeds = n_seeds, .o = o, .m = m};
    foresee(&q, gv_plan_context(plan));
    gv_plan_begin(plan, "seeds", 0.0);
    plan_result(plan, shape, worlds, n_seeds, &o);
    const int32_t ids = plan_ids(plan, shape, limit);
    if (o.diffusion == GV_DIFFUSION_THRESHOLD)
        plan_threshold(plan, shape, &o, q.f.spread, &q.m);
    else
        plan_kernel(plan, &q);
    gv_plan_drop(plan, ids);
}
