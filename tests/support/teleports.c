/* teleports.c -- see teleports.h. */
#include "tests/support/teleports.h"

#include <math.h>
#include <stdbool.h>

#include "engine/context.h"

void open_column(columns *c)
{
    c->n++;
    c->offset[c->n] = c->offset[c->n - 1];
}

void put(columns *c, int64_t node, double weight)
{
    c->node[c->offset[c->n]] = (gv_node)node;
    c->weight[c->offset[c->n]++] = weight;
}

gv_teleport teleport_of(const columns *c)
{
    return (gv_teleport){
        .n_columns = c->n, .offset = c->offset, .node = c->node, .weight = c->weight};
}

columns one_source(int64_t node)
{
    columns c = {.n = 0};
    open_column(&c);
    put(&c, node, 1.0);
    return c;
}

void teleport_dense(const gv_teleport *t, int64_t c, int64_t n, double *out)
{
    double sum = 0.0;
    for (int64_t v = 0; v < n; v++)
        out[v] = t->offset[c] == t->offset[c + 1] ? 1.0 / (double)n : 0.0;
    for (int64_t e = t->offset[c]; e < t->offset[c + 1]; e++)
        sum += t->weight[e];
    for (int64_t e = t->offset[c]; e < t->offset[c + 1]; e++)
        out[t->node[e]] += t->weight[e] / sum;
}

double distance(const double *x, const double *y, int64_t n)
{
    double sum = 0.0;
    for (int64_t v = 0; v < n; v++)
        sum += fabs(x[v] - y[v]);
    return sum;
}

double total(const double *x, int64_t n)
{
    double sum = 0.0;
    for (int64_t v = 0; v < n; v++)
        sum += x[v];
    return sum;
}

gv_ppr_opts exact_opts(void)
{
    gv_ppr_opts o = gv_ppr_defaults();
    o.tolerance = 1e-13;
    return o;
}

int walk_without_memory(gv_context *ctx, const gv_graph *g, const gv_teleport *t,
                        const gv_ppr_opts *o, double *x)
{
    gv_error err;
    const int64_t before = gv_context_memory_used(ctx);
    gv_status st = GV_ERR_NOMEM;
    int failures = 0;
    bool fine = true;
    for (int64_t k = 0; st != GV_OK && fine; k++, failures++) {
        ctx->fail_allocation = ctx->allocations + k;
        st = gv_ppr(ctx, g, t, o, x, NULL, &err);
        fine = (st == GV_OK || st == GV_ERR_NOMEM) && gv_context_memory_used(ctx) == before;
    }
    ctx->fail_allocation = -1;
    return fine ? failures : -1;
}
