/* ref_ppr.c -- see ref_ppr.h. */
#include "tests/ref/ref_ppr.h"

#include <math.h>
#include <stdlib.h>

#include "engine/csr.h"

typedef long double real;

/* m[v * n + u]: chance that a walk on u steps to v, by out-edges alone. */
static real *walk_matrix(const gv_graph *g, const gv_ppr_opts *o, const double *t)
{
    const int64_t n = g->n_nodes;
    real *m = calloc((size_t)(n * n) + 1, sizeof *m);
    if (m == NULL)
        abort();
    for (int64_t u = 0; u < n; u++)
        for (int64_t e = g->out.indptr[u]; e < g->out.indptr[u + 1]; e++) {
            const gv_node v = g->out.indices[e];
            const real w = o->weighted ? (real)gv_edge_probability(g, &g->out, e, v) : 1.0L;
            m[o->direction == GV_FORWARD ? v * n + u : u * n + v] = w;
        }
    for (int64_t u = 0; u < n; u++) {
        real sum = 0.0L;
        for (int64_t v = 0; v < n; v++)
            sum += m[v * n + u];
        for (int64_t v = 0; v < n; v++)
            if (sum > 0.0L)
                m[v * n + u] /= sum;
            else if (o->dangling == GV_DANGLING_TELEPORT)
                m[v * n + u] = (real)t[v];
            else if (o->dangling == GV_DANGLING_UNIFORM)
                m[v * n + u] = 1.0L / (real)n;
            else if (o->dangling == GV_DANGLING_SELF)
                m[v * n + u] = u == v;
    }
    return m;
}

/* Solves a x = b in place by Gaussian elimination with partial pivoting; the solution is in b. */
static void eliminate(real *a, real *b, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        int64_t pivot = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabsl(a[i * n + k]) > fabsl(a[pivot * n + k]))
                pivot = i;
        for (int64_t j = 0; j < n; j++) {
            const real swap = a[k * n + j];
            a[k * n + j] = a[pivot * n + j];
            a[pivot * n + j] = swap;
        }
        const real swap = b[k];
        b[k] = b[pivot];
        b[pivot] = swap;
        for (int64_t i = k + 1; i < n; i++) {
            const real f = a[i * n + k] / a[k * n + k];
            for (int64_t j = k; j < n && f != 0.0L; j++)
                a[i * n + j] -= f * a[k * n + j];
            b[i] -= f * b[k];
        }
    }
    for (int64_t k = n - 1; k >= 0; k--) {
        for (int64_t j = k + 1; j < n; j++)
            b[k] -= a[k * n + j] * b[j];
        b[k] /= a[k * n + k];
    }
}

void ref_ppr_solve(const gv_graph *g, const gv_ppr_opts *o, const double *t, double *x)
{
    const int64_t n = g->n_nodes;
    real *m = walk_matrix(g, o, t), *b = calloc((size_t)n + 1, sizeof *b);
    if (b == NULL)
        abort();
    for (int64_t i = 0; i < n * n; i++)
        m[i] = (i / n == i % n ? 1.0L : 0.0L) - (real)o->damping * m[i];
    for (int64_t v = 0; v < n; v++)
        b[v] = (1.0L - (real)o->damping) * (real)t[v];
    eliminate(m, b, n);
    for (int64_t v = 0; v < n; v++)
        x[v] = (double)b[v];
    free(m), free(b);
}

void ref_ppr_sweeps(const gv_graph *g, const gv_ppr_opts *o, const double *t, int sweeps, double *x)
{
    const int64_t n = g->n_nodes;
    real *m = walk_matrix(g, o, t), *now = calloc((size_t)n + 1, sizeof *now);
    real *next = calloc((size_t)n + 1, sizeof *next);
    if (now == NULL || next == NULL)
        abort();
    for (int64_t v = 0; v < n; v++)
        now[v] = (real)t[v];
    for (int k = 0; k < sweeps; k++) {
        for (int64_t v = 0; v < n; v++) {
            next[v] = (1.0L - (real)o->damping) * (real)t[v];
            for (int64_t u = 0; u < n; u++)
                next[v] += (real)o->damping * m[v * n + u] * now[u];
        }
        real *swap = now;
        now = next, next = swap;
    }
    for (int64_t v = 0; v < n; v++)
        x[v] = (double)now[v];
    free(m), free(now), free(next);
}
