/* model.c -- access to a model: see model.h for the formula. */
#include "engine/model.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

const char *const gv_method_word[] = {"partial-credit", "bernoulli", "jaccard", "em", NULL};
const char *const gv_credit_word[] = {"equal", "decay", "first", "last", NULL};

GV_API void gv_model_free(gv_model *m)
{
    if (m == NULL)
        return;
    if (m->release != NULL)
        m->release(m);
    gv_free(m->ctx, m);
}

void gv_model_release_arrays(gv_model *m)
{
    const void *arrays[] = {m->topic_name,
                            m->topic_items,
                            m->mu,
                            m->window,
                            m->delay,
                            m->target,
                            m->usual,
                            m->pairs.indptr,
                            m->pairs.topic,
                            m->pairs.source,
                            m->pairs.exposure,
                            m->pairs.total,
                            m->pairs.observed,
                            m->pairs.shuffled,
                            m->pairs.last,
                            m->evidence.indptr,
                            m->evidence.column,
                            m->evidence.credit,
                            m->evidence.exposure};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        gv_free(m->ctx, (void *)arrays[i]);
}

void gv_model_rest_array(const gv_model *m, const void *data, int64_t bytes)
{
    if (m->rest != NULL && gv_edges_rest(m->n_edges, m->ctx->memory_limit))
        m->rest(m, data, bytes);
}

void gv_model_rest(const gv_model *m, int64_t first, int64_t end)
{
    const gv_pairs *p = &m->pairs;
    const gv_evidence *ev = &m->evidence;
    const int64_t at = p->indptr[first], n = p->indptr[end] - at;
    const int64_t known_at = ev->indptr[first], known = ev->indptr[end] - known_at;
    gv_model_rest_array(m, p->topic + at, n * (int64_t)sizeof *p->topic);
    gv_model_rest_array(m, p->source + at, n * (int64_t)sizeof *p->source);
    gv_model_rest_array(m, p->exposure + at, n * (int64_t)sizeof *p->exposure);
    gv_model_rest_array(m, ev->column + known_at, known * (int64_t)sizeof *ev->column);
    gv_model_rest_array(m, ev->credit + known_at, known * (int64_t)sizeof *ev->credit);
    gv_model_rest_array(m, ev->exposure + known_at, known * (int64_t)sizeof *ev->exposure);
}

void gv_model_rest_all(const gv_model *m)
{
    const gv_pairs *p = &m->pairs;
    const int64_t n = p->indptr[m->n_nodes];
    gv_model_rest(m, 0, m->n_nodes);
    gv_model_rest_array(m, p->total, n * (int64_t)sizeof *p->total);
    gv_model_rest_array(m, p->observed, n * (int64_t)sizeof *p->observed);
    gv_model_rest_array(m, p->shuffled, n * (int64_t)sizeof *p->shuffled);
    gv_model_rest_array(m, p->last, n * (int64_t)sizeof *p->last);
    gv_model_rest_array(m, p->indptr, m->n_nodes * (int64_t)sizeof *p->indptr);
    gv_model_rest_array(m, m->evidence.indptr, m->n_nodes * (int64_t)sizeof *m->evidence.indptr);
    gv_model_rest_array(m, m->target, m->n_nodes * (int64_t)sizeof *m->target);
}

GV_API int64_t gv_model_end(const gv_model *m)
{
    return m->time_end;
}

GV_API int32_t gv_model_topics(const gv_model *m)
{
    return m->n_topics;
}

GV_API const char *gv_model_topic(const gv_model *m, int32_t z)
{
    return z >= 0 && z < m->n_topics ? m->topic_name[z] : NULL;
}

GV_API double gv_model_window(const gv_model *m, int32_t z)
{
    return z >= 0 && z < m->n_topics ? m->window[z] : NAN;
}

GV_API const char *gv_model_hash(const gv_model *m)
{
    return m->hash;
}

GV_API bool gv_model_has_strengths(const gv_model *m)
{
    return m->usual != NULL;
}

GV_API int32_t gv_model_find_topic(const gv_model *m, const char *name)
{
    for (int32_t z = 0; z < m->n_topics; z++)
        if (strcmp(m->topic_name[z], name) == 0)
            return z;
    return -1;
}

gv_status gv_model_check_graph(const gv_model *m, const gv_graph *g, const char *what,
                               gv_error *err)
{
    if (m->n_nodes != g->n_nodes || m->n_edges != g->n_edges)
        return gv_fail(err, GV_ERR_ARG,
                       "%s: the model was learnt on a graph of %" PRId64 " consumers and %" PRId64
                       " edges, this one has %" PRId64 " and %" PRId64,
                       what, m->n_nodes, m->n_edges, g->n_nodes, g->n_edges);
    if (m->graph_hash[0] != '\0' && g->hash[0] != '\0' && strcmp(m->graph_hash, g->hash) != 0)
        return gv_fail(err, GV_ERR_ARG, "%s: the model was learnt on graph %s, this one is %s",
                       what, m->graph_hash, g->hash);
    if (m->usual != NULL && g->rule != GV_PROBABILITY_STORED)
        return gv_fail(err, GV_ERR_ARG,
                       "%s: the model was learnt with the strengths of the graph's edges, this one "
                       "has none",
                       what);
    if (m->usual != NULL && m->strength == NULL)
        return gv_fail(
            err, GV_ERR_ARG,
            "%s: the model was learnt with the strengths of the graph's edges, but opened "
            "without the graph",
            what);
    return GV_OK;
}

GV_API void gv_model_buyers(const gv_model *m, int64_t *offset, gv_node *node, double *weight)
{
    const gv_pairs *pairs = &m->pairs;
    memset(offset, 0, (size_t)(m->n_topics + 1) * sizeof *offset);
    for (int64_t i = 0; i < pairs->indptr[m->n_nodes]; i++)
        offset[pairs->topic[i]] += pairs->total[i] > 0;
    gv_prefix_sum(offset, m->n_topics);
    if (node == NULL)
        return;
    for (int64_t v = 0; v < m->n_nodes; v++)
        for (int64_t i = pairs->indptr[v]; i < pairs->indptr[v + 1]; i++) {
            if (pairs->total[i] <= 0)
                continue;
            const int64_t at = offset[pairs->topic[i]]++;
            node[at] = (gv_node)v;
            weight[at] = (double)pairs->total[i];
        }
    for (int32_t z = m->n_topics; z > 0; z--) /* each offset has moved to the next one's place */
        offset[z] = offset[z - 1];
    offset[0] = 0;
    gv_model_rest_all(m);
}

int64_t gv_model_pair(const gv_model *m, gv_node v, int32_t z)
{
    int64_t lo = m->pairs.indptr[v], hi = m->pairs.indptr[v + 1];
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (m->pairs.topic[mid] == z)
            return mid;
        if (m->pairs.topic[mid] < z)
            lo = mid + 1;
        else
            hi = mid;
    }
    return -1;
}

double gv_model_weight(const gv_model *m, gv_node v)
{
    double sum = 0.0;
    for (int64_t i = m->pairs.indptr[v]; i < m->pairs.indptr[v + 1]; i++)
        sum += m->mu[m->pairs.topic[i]] * (double)m->pairs.source[i] *
               ((double)m->pairs.exposure[i] / (double)GV_CREDIT_UNIT);
    return sum;
}

void gv_model_edge_sums(const gv_model *m, gv_node v, int64_t i, int64_t end, int64_t *credit,
                        double *lost)
{
    const gv_pairs *pairs = &m->pairs;
    int64_t pair = pairs->indptr[v];
    for (; i < end; i++) { /* both ascend by topic */
        const int32_t z = (int32_t)(m->evidence.column[i] % m->n_topics);
        while (pair < pairs->indptr[v + 1] && pairs->topic[pair] < z)
            pair++;
        *credit += m->evidence.credit[i];
        if (pair == pairs->indptr[v + 1] || pairs->topic[pair] != z)
            continue;
        const int64_t units = pairs->exposure[pair] - m->evidence.exposure[i];
        *lost += m->mu[z] * (double)pairs->source[pair] * ((double)units / (double)GV_CREDIT_UNIT);
    }
}

double gv_model_edge(const gv_model *m, gv_node v, gv_node u, int64_t e, int32_t z)
{
    const int64_t pair = gv_model_pair(m, v, z);
    const double source = pair < 0 ? 1.0 : (double)m->pairs.source[pair];
    const int64_t row_end = m->evidence.indptr[v + 1], begin = e * m->n_topics;
    const int64_t lo = gv_model_edge_begin(m, m->evidence.indptr[v], row_end, e);
    const int64_t end = gv_model_edge_end(m, lo, row_end, e);
    const double weight = m->k_tie > 0.0 ? gv_model_weight(m, v) : 0.0;
    const double target = gv_model_tied(m, v, weight, gv_model_target(m, v, u, e), lo, end);
    int64_t credit = 0, exposure = pair >= 0 ? m->pairs.exposure[pair] : 0;
    for (int64_t i = lo; i < end; i++)
        if (m->evidence.column[i] == begin + z) {
            credit = m->evidence.credit[i];
            exposure = m->evidence.exposure[i];
        }
    return gv_model_p(m, z, source, target, credit, exposure);
}
