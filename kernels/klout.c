/* klout.c -- a baseline in the manner of Klout: true reach, amplification, network impact.
 *
 *   score(v) = 1 + 99 mean of the percentiles of
 *              reach(v)   = number of v's friends u with credit(v -> u, z) > 0 in some topic
 *              amplify(v) = sum of credits of v / sum of exposures of v's edges
 *              impact(v)  = mean rank of the friends counted in reach(v)
 *
 * The percentile of a value is the share of consumers with a smaller one, those with the same one
 * counting half. Values of a consumer are worked out by one thread, over edges and evidence in
 * order; percentiles come from an integer sort, so nothing depends on the threads.
 *
 * Source: Rao, Spasojevic, Li, Dsouza, "Klout score: measuring influence across multiple social
 * networks", IEEE Big Data 2015, for what it is made of; its weights are not published. */
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "grapevine/evaluate.h"

enum { PARTS = 3 };

typedef struct klout {
    const gv_graph *g;
    const gv_model *m;
    const double *rank;
    double *part[PARTS]; /* [n_nodes] reach, amplification, impact */
} klout;

static double purchases(int64_t units)
{
    return (double)units / (double)GV_CREDIT_UNIT;
}

/* Exposures of all edges of v, in all topics. */
static double exposures(const klout *k, gv_node v)
{
    const gv_pairs *pairs = &k->m->pairs;
    const gv_evidence *ev = &k->m->evidence;
    const double degree = (double)gv_csr_degree(&k->g->out, v);
    double sum = 0.0, deducted = 0.0;
    for (int64_t i = pairs->indptr[v]; i < pairs->indptr[v + 1]; i++)
        sum += purchases(pairs->exposure[i]) * degree;
    for (int64_t i = ev->indptr[v]; i < ev->indptr[v + 1]; i++) {
        const int32_t z = (int32_t)(ev->column[i] % k->m->n_topics);
        const int64_t all = pairs->exposure[gv_model_pair(k->m, v, z)];
        deducted += purchases(all - ev->exposure[i]);
    }
    return fmax(0.0, sum - deducted);
}

static void measure(const klout *k, gv_node v)
{
    const gv_evidence *ev = &k->m->evidence;
    double reach = 0.0, credit = 0.0, impact = 0.0;
    int64_t last = -1;
    for (int64_t i = ev->indptr[v]; i < ev->indptr[v + 1]; i++) {
        const int64_t e = ev->column[i] / k->m->n_topics;
        if (ev->credit[i] <= 0)
            continue;
        credit += purchases(ev->credit[i]);
        if (e == last)
            continue;
        last = e;
        reach += 1.0;
        impact += k->rank[k->g->out.indices[e]];
    }
    const double seen = exposures(k, v);
    k->part[0][v] = reach;
    k->part[1][v] = seen > 0.0 ? credit / seen : 0.0;
    k->part[2][v] = reach > 0.0 ? impact / reach : 0.0;
}

/* Replaces the values of x by their percentiles, in [0, 1]. */
static gv_status to_percentiles(gv_context *ctx, double *x, int64_t n, gv_record *order,
                                gv_error *err)
{
    for (int64_t v = 0; v < n; v++) /* descending by -x is ascending by x */
        order[v] = (gv_record){gv_descending_f64(-x[v]), (uint64_t)v};
    const gv_status st = gv_sort_records(ctx, order, n, err);
    for (int64_t i = 0, end; i < n && st == GV_OK; i = end) {
        end = i + 1;
        while (end < n && order[end].key == order[i].key)
            end++;
        for (int64_t j = i; j < end; j++)
            x[order[j].value] = 0.5 * (double)(i + end) / (double)n;
    }
    return st;
}

GV_API gv_status gv_klout_score(gv_context *ctx, const gv_graph *g, const gv_model *model,
                                const double *rank, float *score, gv_error *err)
{
    const int64_t n = g->n_nodes;
    klout k = {.g = g, .m = model, .rank = rank};
    gv_status st = gv_model_check_graph(model, g, "evaluate", err);
    if (st != GV_OK)
        return st;
    gv_record *order = gv_alloc(ctx, n, sizeof *order);
    for (int i = 0; i < PARTS; i++)
        k.part[i] = gv_alloc(ctx, n, sizeof *k.part[i]);
    if (order == NULL || k.part[0] == NULL || k.part[1] == NULL || k.part[2] == NULL) {
        st = gv_no_memory(ctx, "evaluate", err);
        goto done;
    }
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t v = 0; v < n; v++)
        measure(&k, (gv_node)v);
    for (int i = 0; i < PARTS && st == GV_OK; i++)
        st = to_percentiles(ctx, k.part[i], n, order, err);
    for (int64_t v = 0; v < n && st == GV_OK; v++)
        score[v] = (float)(1.0 + 99.0 * (k.part[0][v] + k.part[1][v] + k.part[2][v]) / PARTS);
done:
    for (int i = 0; i < PARTS; i++)
        gv_free(ctx, k.part[i]);
    gv_free(ctx, order);
    return st;
}
