/* forecast.c -- the chance of an edge by a forecast, and the correlation of two forecasts.
 *
 *   r = (n sum xy - sum x sum y) / sqrt((n sum xx - (sum x)^2) (n sum yy - (sum y)^2))
 *
 * over the (edge, topic) cases to which the truth y gives a positive chance. Sums are taken block
 * by block of source consumers, in order of edges and topics, and added in the order of the blocks:
 * the same bytes at any thread count. */
#include "kernels/forecast.h"

#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

static const double uniform_p = 0.01;

gv_status forecast_check(const gv_forecast *f, const gv_graph *g, int32_t n_topics, gv_error *err)
{
    const bool model = f->model != NULL, source = f->source != NULL;
    const int32_t have = model ? f->model->n_topics : f->n_topics;
    if (model && (f->model->n_nodes != g->n_nodes || f->model->n_edges != g->n_edges))
        return gv_fail(err, GV_ERR_ARG, "evaluate: the model was learnt on another graph");
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

/* The same where out-edge e from v to u is known. */
static double known_edge(const gv_forecast *f, int64_t n_nodes, gv_node v, gv_node u, int64_t e,
                         int32_t z)
{
    return f->model == NULL ? forecast_factors(f, n_nodes, v, u, e, z)
                            : gv_model_edge(f->model, v, u, e, f->model->n_topics == 1 ? 0 : z);
}

double forecast_edge(const gv_forecast *f, const gv_graph *g, gv_node v, gv_node u, int32_t z)
{
    const bool asked = f->model != NULL || f->close != NULL;
    return known_edge(f, g->n_nodes, v, u, asked ? gv_csr_find(&g->out, v, u) : -1, z);
}

/* ---- correlation --------------------------------------------------------------------------- */

typedef struct moments {
    double n, x, y, xx, yy, xy;
} moments;

typedef struct comparison {
    const gv_graph *g;
    int32_t n_topics;
    const gv_forecast *found, *truth;
} comparison;

/* The moments of consumers [begin, end). */
static moments compare(const comparison *c, int64_t begin, int64_t end)
{
    moments s = {0};
    const gv_csr *out = &c->g->out;
    for (int64_t v = begin; v < end; v++)
        for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++)
            for (int32_t z = 0; z < c->n_topics; z++) {
                const gv_node u = out->indices[e];
                const double y = known_edge(c->truth, c->g->n_nodes, (gv_node)v, u, e, z);
                if (!(y > 0.0))
                    continue;
                const double x = known_edge(c->found, c->g->n_nodes, (gv_node)v, u, e, z);
                s.n += 1.0, s.x += x, s.y += y;
                s.xx += x * x, s.yy += y * y, s.xy += x * y;
            }
    return s;
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
    if (part == NULL)
        return gv_no_memory(ctx, "evaluate", err);
    const comparison c = {g, n_topics, forecast, truth};
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < n_blocks; b++)
        part[b] = compare(&c, b * GV_BLOCK, gv_block_end(b, n));
    *out = correlation(part, n_blocks);
    gv_free(ctx, part);
    return GV_OK;
}
