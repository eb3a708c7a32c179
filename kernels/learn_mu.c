/* learn_mu.c -- how many purchases of a topic the purchase of a friend prompts on the whole.
 *
 *   mu_z = total credit / total exposure of the topic
 *
 * Sums of integers, rounded once: a thread adds up the exposures of its consumers in 128 bits, as
 * those over all edges exceed 64. So neither threads nor order matter. */
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/learn_parts.h"

__extension__ typedef __int128 wide;

static int32_t evidence_topic(const gv_model *m, int64_t i)
{
    return (int32_t)(m->evidence.column[i] % m->n_topics);
}

/* Adds the exposures of the out-edges of v to sum [n_topics]. */
static void add_exposures(const gv_graph *g, const gv_model *m, gv_node v, wide *sum)
{
    const gv_pairs *pairs = &m->pairs;
    const gv_evidence *ev = &m->evidence;
    for (int64_t i = pairs->indptr[v]; i < pairs->indptr[v + 1]; i++)
        sum[pairs->topic[i]] += (wide)pairs->exposure[i] * gv_csr_degree(&g->out, v);
    for (int64_t i = ev->indptr[v]; i < ev->indptr[v + 1]; i++) {
        const int32_t z = evidence_topic(m, i);
        sum[z] -= pairs->exposure[gv_model_pair(m, v, z)] - ev->exposure[i];
    }
}

/* Adds up the credits of each topic: `whole` purchases and `units` of another one. */
static void add_credits(const gv_model *m, bool by_evidence, int64_t *whole, int64_t *units)
{
    const gv_pairs *pairs = &m->pairs;
    const gv_evidence *ev = &m->evidence;
    if (!by_evidence) { /* every purchase after a friend's gives exactly one */
        for (int64_t i = 0; i < pairs->indptr[m->n_nodes]; i++)
            whole[pairs->topic[i]] += pairs->observed[i];
        return;
    }
    for (int64_t i = 0; i < ev->indptr[m->n_nodes]; i++) {
        const int32_t z = evidence_topic(m, i);
        units[z] += ev->credit[i] % GV_CREDIT_UNIT;
        whole[z] += ev->credit[i] / GV_CREDIT_UNIT + units[z] / GV_CREDIT_UNIT;
        units[z] %= GV_CREDIT_UNIT;
    }
}

gv_status learn_mu(const gv_graph *g, const gv_model *m, const int64_t *received, double *mu,
                   gv_error *err)
{
    gv_context *ctx = m->ctx;
    const int32_t threads = gv_context_threads(ctx), n_topics = m->n_topics;
    wide *sum = gv_alloc_zero(ctx, (int64_t)threads * n_topics, sizeof *sum);
    int64_t *whole = gv_alloc_zero(ctx, n_topics, sizeof *whole);
    int64_t *units = gv_alloc_zero(ctx, n_topics, sizeof *units);
    const bool fine = sum != NULL && whole != NULL && units != NULL;
    if (fine) {
#pragma omp parallel for num_threads(threads) schedule(dynamic, GV_BLOCK)
        for (int64_t v = 0; v < g->n_nodes; v++)
            add_exposures(g, m, (gv_node)v, sum + (int64_t)gv_thread() * n_topics);
        add_credits(m, received != NULL, whole, units);
    }
    for (int32_t z = 0; z < n_topics && fine; z++) {
        const double credited = (double)whole[z] + (double)units[z] / (double)GV_CREDIT_UNIT;
        wide exposure = 0;
        for (int32_t t = 0; t < threads; t++)
            exposure += sum[(int64_t)t * n_topics + z];
        mu[z] = exposure > 0 ? credited / ((double)exposure / (double)GV_CREDIT_UNIT) : 0.0;
    }
    gv_free(ctx, units);
    gv_free(ctx, whole);
    gv_free(ctx, sum);
    return fine ? GV_OK : gv_no_memory(ctx, "learn", err);
}
