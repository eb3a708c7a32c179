/* learn_counts.c -- what follows from the evidence for targets: credits received, and exposures of
 * the Jaccard index.
 *
 *   received(u) = sum over v, z of credit(v -> u, z)
 *   exposure(v -> u, z) becomes that and the purchases of u in z for which v got no credit
 *
 * so that credit / exposure is the share of what either of the two bought that u bought after v.
 * Credits reach a target from many sources at once: they are added with atomics, as integers.
 *
 * Source: the Jaccard index as influence, Goyal, Bonchi, Lakshmanan, "Learning influence
 * probabilities in social networks", WSDM 2010. */
#include <string.h>

#include "engine/parallel.h"
#include "kernels/learn_parts.h"

static gv_node target_of(const gv_graph *g, const gv_model *m, int64_t i)
{
    return g->out.indices[m->evidence.column[i] / m->n_topics];
}

void learn_received(const gv_graph *g, const gv_model *m, int64_t *received)
{
    const int64_t n = m->evidence.indptr[m->n_nodes];
    memset(received, 0, (size_t)m->n_nodes * sizeof *received);
#pragma omp parallel for num_threads(gv_context_threads(m->ctx)) schedule(static)
    for (int64_t i = 0; i < n; i++)
        __atomic_fetch_add(&received[target_of(g, m, i)], m->evidence.credit[i], __ATOMIC_RELAXED);
}

void learn_unite(const gv_graph *g, gv_model *m)
{
    const int64_t n = m->evidence.indptr[m->n_nodes];
    int64_t *exposure = (int64_t *)m->evidence.exposure;
#pragma omp parallel for num_threads(gv_context_threads(m->ctx)) schedule(static)
    for (int64_t i = 0; i < n; i++) {
        const int32_t z = (int32_t)(m->evidence.column[i] % m->n_topics);
        const int64_t pair = gv_model_pair(m, target_of(g, m, i), z);
        const int64_t bought = pair >= 0 ? m->pairs.total[pair] * GV_CREDIT_UNIT : 0;
        if (bought > m->evidence.credit[i])
            exposure[i] += bought - m->evidence.credit[i];
    }
}
