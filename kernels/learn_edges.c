/* learn_edges.c -- the strength k of the prior of an edge, from all (edge, topic) pairs that have
 * been exposed.
 *
 * Nearly all of them have no evidence: no credit, and the exposure of their source's pair. So each
 * thread first counts every edge of a source as if it had none, which takes a product and an
 * increment for each of the source's topics; then what the evidence says replaces what was counted.
 * Counts are integers, so replacing is exact and the order does not matter. Cases without credit,
 * nearly all, are counted by thread; those with credit in one shared table, with atomics, since it
 * would be 22 MB a thread. */
#include <math.h>

#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/learn_parts.h"

enum {
    PLANE = LEARN_REAL_BINS * LEARN_CHANCE_BINS, /* cases of one count bin */
    CELLS = LEARN_COUNT_BINS * PLANE
};

typedef struct tally {
    const gv_graph *g;
    const gv_model *m;
    int64_t *cases; /* [CELLS] */
    int64_t *none;  /* [threads][PLANE]: cases without credit */
} tally;

/* The bin of an edge's prior chance; the same arithmetic wherever it is asked. */
static int32_t prior_bin(const tally *t, int32_t z, float source, float target)
{
    return learn_chance_bin(fmin(1.0, t->m->mu[z] * (double)source * (double)target));
}

static int32_t exposure_bin(int64_t units)
{
    return learn_real_bin((double)units / (double)GV_CREDIT_UNIT);
}

static void count_pairs(const tally *t, gv_node v, int64_t *none)
{
    const gv_pairs *pairs = &t->m->pairs;
    const gv_csr *out = &t->g->out;
    for (int64_t i = pairs->indptr[v]; i < pairs->indptr[v + 1]; i++) {
        const int32_t z = pairs->topic[i];
        if (pairs->exposure[i] == 0 || t->m->mu[z] <= 0.0)
            continue;
        int64_t *restrict row =
            none + (int64_t)exposure_bin(pairs->exposure[i]) * LEARN_CHANCE_BINS;
        for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++)
            row[prior_bin(t, z, pairs->source[i], t->m->target[out->indices[e]])]++;
    }
}

static void count_evidence(const tally *t, gv_node v, int64_t *none)
{
    const gv_pairs *pairs = &t->m->pairs;
    const gv_evidence *ev = &t->m->evidence;
    for (int64_t i = ev->indptr[v]; i < ev->indptr[v + 1]; i++) {
        const int32_t z = (int32_t)(ev->column[i] % t->m->n_topics);
        const gv_node u = t->g->out.indices[ev->column[i] / t->m->n_topics];
        const int64_t pair = gv_model_pair(t->m, v, z);
        if (t->m->mu[z] <= 0.0)
            continue;
        const int32_t chance = prior_bin(t, z, pairs->source[pair], t->m->target[u]);
        if (pairs->exposure[pair] > 0)
            none[(int64_t)exposure_bin(pairs->exposure[pair]) * LEARN_CHANCE_BINS + chance]--;
        if (ev->exposure[i] == 0)
            continue;
        const int32_t count = learn_count_bin(ev->credit[i]);
        const int64_t cell = (int64_t)exposure_bin(ev->exposure[i]) * LEARN_CHANCE_BINS + chance;
        if (count == 0)
            none[cell]++;
        else
            __atomic_fetch_add(&t->cases[(int64_t)count * PLANE + cell], 1, __ATOMIC_RELAXED);
    }
}

gv_status learn_edge_strength(const gv_graph *g, gv_model *m, gv_error *err)
{
    gv_context *ctx = m->ctx;
    const int32_t threads = gv_context_threads(ctx);
    tally t = {.g = g, .m = m};
    t.cases = gv_alloc_zero(ctx, CELLS, sizeof *t.cases);
    t.none = gv_alloc_zero(ctx, (int64_t)threads * PLANE, sizeof *t.none);
    gv_status st = GV_OK;
    if (t.cases == NULL || t.none == NULL) {
        st = gv_no_memory(ctx, "learn", err);
        goto done;
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, GV_BLOCK)
    for (int64_t v = 0; v < g->n_nodes; v++) {
        int64_t *none = t.none + (int64_t)gv_thread() * PLANE;
        count_pairs(&t, (gv_node)v, none);
        count_evidence(&t, (gv_node)v, none);
    }
    for (int32_t i = 0; i < threads; i++)
        for (int64_t cell = 0; cell < PLANE; cell++)
            t.cases[cell] += t.none[(int64_t)i * PLANE + cell];
    st = learn_beta_strength(ctx, t.cases, &m->k_edge, err);
done:
    gv_free(ctx, t.none);
    gv_free(ctx, t.cases);
    return st;
}
