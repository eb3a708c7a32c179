/* forecast.c -- the chance of an edge by a forecast, and the correlation of two forecasts.
 *
 *   r = (n sum xy - sum x sum y) / sqrt((n sum xx - (sum x)^2) (n sum yy - (sum y)^2))
 *
 * over the (edge, topic) cases to which the truth y gives a positive chance. Sums are taken block
 * by block of source consumers, in order of edges and topics (of 16 topics at a time), and added in
 * the order of the blocks: the same bytes at any thread count. */
#include "kernels/forecast.h"

#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/slice.h"

static const double uniform_p = 0.01;

gv_status forecast_check(const gv_forecast *f, const gv_graph *g, int32_t n_topics, gv_error *err)
{
    const bool model = f->model != NULL, source = f->source != NULL;
    const int32_t have = model ? f->model->n_topics : f->n_topics;
    if (model && gv_model_check_graph(f->model, g, "evaluate", err) != GV_OK)
        return GV_ERR_ARG;
    if (model && source)
        return gv_fail(err, GV_ERR_ARG, "evaluate: a forecast has either a model or factors");
    if ((model || source) && have != 1 && have != n_topics)
        return gv_fail(err, GV_ERR_ARG, "evaluate: the %s %d topics, the log %d",
                       model ? "model has" : "factors have", have, n_topics);
    return GV_OK;
}

double forecast_factors(const gv_forecast *f, int64_t n_nodes, gv_node v, gv_node u, int64_t e,
                        int32_t z)
{
    if (f->close != NULL && f->close[e] == 0)
        return 0.0;
    if (f->source == NULL)
        return uniform_p;
    const double source = (double)f->source[(f->n_topics == 1 ? 0 : z) * n_nodes + v];
    return gv_at_most_one(source * (f->target != NULL ? (double)f->target[u] : 1.0));
}

double forecast_edge(const gv_forecast *f, const gv_graph *g, gv_node v, gv_node u, int32_t z)
{
    const bool asked = f->model != NULL || f->close != NULL;
    const int64_t e = asked ? gv_csr_find(&g->out, v, u) : -1;
    return f->model == NULL ? forecast_factors(f, g->n_nodes, v, u, e, z)
                            : gv_model_edge(f->model, v, u, e, f->model->n_topics == 1 ? 0 : z);
}

/* ---- correlation --------------------------------------------------------------------------- */

enum { CHUNK = 256 }; /* blocks between two reports of progress */

typedef struct moments {
    double n, x, y, xx, yy, xy;
} moments;

/* One of two forecasts; a model gives all topics of the slice at once. */
typedef struct side {
    const gv_forecast *f;
    gv_slice slice;
} side;

/* Topics first + k, k in [0, n), at most GV_SLICE. */
typedef struct comparison {
    const gv_graph *g;
    side found, truth;
    int32_t first, n;
} comparison;

static void choose_topics(side *s, int32_t *slot, int32_t first, int32_t n)
{
    const gv_model *m = s->f->model;
    if (m == NULL)
        return;
    gv_slice_begin(&s->slice, slot, m->n_topics);
    for (int32_t k = 0; k < n; k++)
        (void)gv_slice_add(&s->slice, m->n_topics == 1 ? 0 : first + k, GV_SLICE);
}

/* p [c->n] of out-edge e = (v -> u). */
static void chances(const comparison *c, const side *s, gv_slice_row *row, gv_node u, int64_t e,
                    gv_node v, double *p)
{
    const gv_forecast *f = s->f;
    if (f->model == NULL) {
        for (int32_t k = 0; k < c->n; k++)
            p[k] = forecast_factors(f, c->g->n_nodes, v, u, e, c->first + k);
        return;
    }
    gv_slice_edge(f->model, &s->slice, row, e, u, p);
    for (int32_t k = s->slice.n; k < c->n; k++) /* a model of one topic stands for all */
        p[k] = p[0];
}

static void add_edge(const comparison *c, const double *x, const double *y, moments *s)
{
    for (int32_t k = 0; k < c->n; k++)
        if (y[k] > 0.0) {
            s->n += 1.0, s->x += x[k], s->y += y[k];
            s->xx += x[k] * x[k], s->yy += y[k] * y[k], s->xy += x[k] * y[k];
        }
}

/* Adds the moments of consumers [begin, end). */
static void compare(const comparison *c, int64_t begin, int64_t end, moments *s)
{
    const gv_csr *out = &c->g->out;
    double x[GV_SLICE], y[GV_SLICE];
    gv_slice_row found, truth;
    for (int64_t v = begin; v < end; v++) {
        if (c->found.f->model != NULL)
            gv_slice_row_begin(c->found.f->model, &c->found.slice, (gv_node)v, &found);
        if (c->truth.f->model != NULL)
            gv_slice_row_begin(c->truth.f->model, &c->truth.slice, (gv_node)v, &truth);
        for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++) {
            chances(c, &c->truth, &truth, out->indices[e], e, (gv_node)v, y);
            chances(c, &c->found, &found, out->indices[e], e, (gv_node)v, x);
            add_edge(c, x, y, s);
        }
    }
}

static gv_status compare_all(gv_context *ctx, const comparison *c, moments *part, int64_t done,
                             int64_t total, gv_error *err)
{
    const int64_t n = c->g->n_nodes, n_blocks = gv_blocks(n);
    for (int64_t first = 0; first < n_blocks; first += CHUNK) {
        const int64_t last = first + CHUNK < n_blocks ? first + CHUNK : n_blocks;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
        for (int64_t b = first; b < last; b++)
            compare(c, b * GV_BLOCK, gv_block_end(b, n), &part[b]);
        const int64_t end = gv_block_end(last - 1, n);
        gv_graph_rest(c->g, &c->g->out, first * GV_BLOCK, end);
        if (c->found.f->model != NULL)
            gv_model_rest(c->found.f->model, first * GV_BLOCK, end);
        const gv_status st = gv_progress(ctx, "compare", done + end * c->n, total, err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}

static double correlation(const moments *part, int64_t n_parts)
{
    moments s = {0};
    for (int64_t i = 0; i < n_parts; i++) {
        s.n += part[i].n, s.x += part[i].x, s.y += part[i].y;
        s.xx += part[i].xx, s.yy += part[i].yy, s.xy += part[i].xy;
    }
    const double vx = s.xx - s.x * s.x / s.n, vy = s.yy - s.y * s.y / s.n;
    /* what rounding leaves of nothing is no variance */
    if (!(vx > 1e-9 * s.xx && vy > 1e-9 * s.yy))
        return NAN;
    return (s.xy - s.x * s.y / s.n) / sqrt(vx * vy);
}

GV_API gv_status gv_forecast_correlation(gv_context *ctx, const gv_graph *g, int32_t n_topics,
                                         const gv_forecast *forecast, const gv_forecast *truth,
                                         double *out, gv_error *err)
{
    const int64_t n = g->n_nodes, n_blocks = gv_blocks(n);
    gv_status st = forecast_check(forecast, g, n_topics, err);
    if (st == GV_OK)
        st = forecast_check(truth, g, n_topics, err);
    if (st != GV_OK)
        return st;
    moments *part = gv_alloc(ctx, n_blocks, sizeof *part);
    int32_t *slot = gv_alloc(ctx, 2 * (int64_t)n_topics, sizeof *slot);
    if (part == NULL || slot == NULL)
        st = gv_no_memory(ctx, "evaluate", err);
    else
        memset(part, 0, (size_t)n_blocks * sizeof *part);
    comparison c = {.g = g, .found.f = forecast, .truth.f = truth};
    for (; c.first < n_topics && st == GV_OK; c.first += c.n) {
        c.n = n_topics - c.first < GV_SLICE ? n_topics - c.first : GV_SLICE;
        choose_topics(&c.found, slot, c.first, c.n);
        choose_topics(&c.truth, slot + n_topics, c.first, c.n);
        st = compare_all(ctx, &c, part, n * c.first, n * n_topics, err);
    }
    if (st == GV_OK)
        *out = correlation(part, n_blocks);
    gv_free(ctx, slot);
    gv_free(ctx, part);
    return st;
}
