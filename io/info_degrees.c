/* info_degrees.c -- see info_degrees.h.
 *
 * Degrees below USUAL are counted, by each thread on its own; what is longer is so rare (at most
 * one row in USUAL edges) that it is listed and sorted. Quantiles then follow exactly, and since
 * sums of whole numbers and a sorted list do not depend on who found what, at any thread count. */
#include "io/info_degrees.h"

#include <math.h>
#include <stdatomic.h>

#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "io/check.h"

enum { USUAL = 1 << 16 };

typedef struct counts {
    const int64_t *indptr;
    int64_t n;
    int64_t *usual; /* [threads][USUAL]; the first row ends as the sum */
    uint64_t *rare; /* [edges / USUAL + 1] */
    _Atomic int64_t n_rare;
} counts;

static void count_block(void *arg, int64_t b)
{
    counts *c = arg;
    int64_t *usual = c->usual + (int64_t)gv_thread() * USUAL;
    for (int64_t v = b * GV_CHECK_BLOCK; v < gv_check_end(b, c->n); v++) {
        const int64_t degree = c->indptr[v + 1] - c->indptr[v];
        if (degree < USUAL)
            usual[degree]++;
        else
            c->rare[atomic_fetch_add(&c->n_rare, 1)] = (uint64_t)degree; /* to be sorted */
    }
}

/* The degree of place k in [0, n), were all of them sorted. */
static int64_t at_place(const counts *c, int64_t k)
{
    int64_t seen = 0;
    for (int64_t degree = 0; degree < USUAL; degree++) {
        seen += c->usual[degree];
        if (seen > k)
            return degree;
    }
    return (int64_t)c->rare[k - seen];
}

/* The least degree that at least `share` of the consumers do not exceed. */
static int64_t quantile(const counts *c, double share)
{
    const int64_t wanted = (int64_t)ceil(share * (double)c->n - 1e-9);
    return at_place(c, wanted > 0 ? wanted - 1 : 0);
}

static gv_status count_degrees(gv_context *ctx, counts *c, gv_error *err)
{
    const int32_t threads = gv_context_threads(ctx);
    gv_parallel_for(ctx, (c->n + GV_CHECK_BLOCK - 1) / GV_CHECK_BLOCK, count_block, c);
    for (int64_t i = USUAL; i < (int64_t)threads * USUAL; i++)
        c->usual[i % USUAL] += c->usual[i];
    return gv_sort_keys(ctx, c->rare, c->n_rare, err);
}

static gv_status describe(gv_context *ctx, counts *c, gv_degrees *d, int64_t *least_positive,
                          gv_error *err)
{
    const gv_status st = count_degrees(ctx, c, err);
    if (st != GV_OK)
        return st;
    d->min = at_place(c, 0);
    d->max = at_place(c, c->n - 1);
    d->median = quantile(c, 0.5);
    d->p90 = quantile(c, 0.9);
    d->p99 = quantile(c, 0.99);
    if (c->usual[0] < c->n)
        *least_positive = at_place(c, c->usual[0]);
    return GV_OK;
}

gv_status gv_describe_degrees(gv_context *ctx, const gv_graph *g, const gv_csr *csr, gv_degrees *d,
                              int64_t *least_positive, gv_error *err)
{
    const int64_t n = g->n_nodes;
    *d = (gv_degrees){.mean = n > 0 ? (double)g->n_edges / (double)n : 0.0};
    *least_positive = INT64_MAX;
    if (n == 0)
        return GV_OK;
    counts c = {.indptr = csr->indptr, .n = n, .n_rare = 0};
    c.usual = gv_alloc_zero(ctx, (int64_t)gv_context_threads(ctx) * USUAL, sizeof *c.usual);
    c.rare = gv_alloc(ctx, g->n_edges / USUAL + 1, sizeof *c.rare);
    gv_status st = c.usual == NULL || c.rare == NULL ? gv_no_memory(ctx, "degrees", err)
                                                     : describe(ctx, &c, d, least_positive, err);
    gv_free(ctx, c.rare);
    gv_free(ctx, c.usual);
    return st;
}
