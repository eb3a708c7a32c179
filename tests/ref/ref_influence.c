/* ref_influence.c -- see ref_influence.h. Slow on purpose: dense matrices, linear searches. */
#include "tests/ref/ref_influence.h"

#include <stdlib.h>
#include <string.h>

/* Position of the pair, or -1. */
static int64_t find_pair(const gv_model *m, gv_node v, int32_t z)
{
    for (int64_t i = m->pairs.indptr[v]; i < m->pairs.indptr[v + 1]; i++)
        if (m->pairs.topic[i] == z)
            return i;
    return -1;
}

/* The factor of an edge over all topics. */
static double ref_tie(const gv_model *m, gv_node v, gv_node u, int64_t e)
{
    double credits = 0.0, expected = 0.0;
    for (int64_t pair = m->pairs.indptr[v]; pair < m->pairs.indptr[v + 1]; pair++) {
        const int64_t column = e * m->n_topics + m->pairs.topic[pair];
        double exposure = (double)m->pairs.exposure[pair] / 4294967296.0;
        for (int64_t i = 0; i < m->evidence.indptr[m->n_nodes]; i++)
            if (m->evidence.column[i] == column)
                exposure = (double)m->evidence.exposure[i] / 4294967296.0;
        expected += m->mu[m->pairs.topic[pair]] * (double)m->pairs.source[pair] *
                    (double)m->target[u] * exposure;
    }
    for (int64_t i = 0; i < m->evidence.indptr[m->n_nodes]; i++)
        if (m->evidence.column[i] / m->n_topics == e)
            credits += (double)m->evidence.credit[i] / 4294967296.0;
    expected = expected > 0.0 ? expected : 0.0;
    return m->k_tie > 0.0 ? (credits + m->k_tie) / (expected + m->k_tie) : 1.0;
}

double ref_edge(const gv_model *m, gv_node v, gv_node u, int64_t e, int32_t z)
{
    const int64_t pair = find_pair(m, v, z), n_evidence = m->evidence.indptr[m->n_nodes];
    double a = 1.0, credit = 0.0, exposure = 0.0;
    if (pair >= 0) {
        a = m->pairs.source[pair];
        exposure = (double)m->pairs.exposure[pair] / 4294967296.0;
    }
    for (int64_t i = 0; i < n_evidence; i++)
        if (m->evidence.column[i] == e * m->n_topics + z) {
            credit = (double)m->evidence.credit[i] / 4294967296.0;
            exposure = (double)m->evidence.exposure[i] / 4294967296.0;
        }
    double pi = m->mu[z] * a * (double)m->target[u] * ref_tie(m, v, u, e);
    pi = pi > 1.0 ? 1.0 : pi;
    const double seen = exposure + m->k_edge;
    const double p = seen > 0.0 ? (credit + m->k_edge * pi) / seen : pi;
    return p > 1.0 ? 1.0 : p;
}

double *ref_matrix(const gv_graph *g, const gv_model *m, int32_t z)
{
    const int64_t n = g->n_nodes;
    double *p = calloc((size_t)(n * n + 1), sizeof *p);
    for (int64_t v = 0; v < n && p != NULL; v++)
        for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++)
            p[v * n + g->out.indices[e]] = ref_edge(m, (gv_node)v, g->out.indices[e], e, z);
    return p;
}

static double value(const float *weight, int64_t v)
{
    return weight != NULL ? (double)weight[v] : 1.0;
}

double ref_i1(const double *p, int64_t n, const float *weight, gv_node u)
{
    double sum = 0.0;
    for (int64_t v = 0; v < n; v++)
        sum += p[u * n + v] * value(weight, v);
    return sum;
}

double ref_i2(const double *p, int64_t n, const float *weight, gv_node u)
{
    double sum = 0.0;
    for (int64_t v = 0; v < n; v++) {
        double behind = value(weight, v);
        for (int64_t x = 0; x < n; x++)
            if (x != u)
                behind += p[v * n + x] * value(weight, x);
        sum += p[u * n + v] * behind;
    }
    return sum;
}

/* Weight of those reached in the world whose live edges are the bits of `world`. */
static double reached(const gv_graph *g, uint32_t world, const float *weight, gv_node u)
{
    bool seen[32] = {false};
    double sum = 0.0;
    for (int64_t e = g->out.indptr[u]; e < g->out.indptr[u + 1]; e++) {
        const gv_node v = g->out.indices[e];
        if (!(world >> e & 1))
            continue;
        seen[v] = true;
        for (int64_t f = g->out.indptr[v]; f < g->out.indptr[v + 1]; f++)
            if (world >> f & 1)
                seen[g->out.indices[f]] = true;
    }
    for (int64_t v = 0; v < g->n_nodes; v++)
        sum += seen[v] && v != u ? value(weight, v) : 0.0;
    return sum;
}

double ref_two_steps(const gv_graph *g, const double *p, const float *weight, gv_node u)
{
    double sum = 0.0;
    for (uint32_t world = 0; world < UINT32_C(1) << g->n_edges; world++) {
        double chance = 1.0;
        for (int64_t v = 0; v < g->n_nodes; v++)
            for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++) {
                const double live = p[v * g->n_nodes + g->out.indices[e]];
                chance *= world >> e & 1 ? live : 1.0 - live;
            }
        sum += chance * reached(g, world, weight, u);
    }
    return sum;
}

int32_t ref_rank(const float *score, int64_t n, gv_node v)
{
    int32_t rank = 1;
    for (int64_t w = 0; w < n; w++)
        rank += score[w] > score[v] || (score[w] == score[v] && w < v);
    return rank;
}

void ref_flags(const gv_model *m, const float *score, int32_t z, int64_t wanted, int16_t *flag)
{
    const int64_t n = m->n_nodes;
    memset(flag, 0, (size_t)n * sizeof *flag);
    for (int32_t rank = 1; rank <= n; rank++)
        for (int64_t v = 0; v < n; v++) {
            if (ref_rank(score, n, (gv_node)v) != rank)
                continue;
            const int64_t pair = find_pair(m, (gv_node)v, z);
            if ((pair < 0 ? 0 : m->pairs.total[pair]) >= m->min_actions && wanted-- > 0)
                flag[v] = 1;
        }
}

/* Purchases, and excess of them that followed a friend's, of u in z or all topics. */
static void purchases(const gv_model *m, gv_node u, int32_t z, double count[3])
{
    count[0] = count[1] = count[2] = 0.0;
    for (int64_t i = m->pairs.indptr[u]; i < m->pairs.indptr[u + 1]; i++)
        if (z < 0 || m->pairs.topic[i] == z) {
            count[0] += m->pairs.total[i];
            count[1] += m->pairs.observed[i];
            count[2] += m->pairs.shuffled[i] / 10.0;
        }
}

void ref_susceptibility(const gv_model *m, int32_t z, double *score)
{
    double all[3] = {0, 0, 0}, c[3], buyers = 0.0, spread = 0.0, square = 0.0;
    for (int64_t u = 0; u < m->n_nodes; u++) {
        purchases(m, (gv_node)u, z, c);
        for (int i = 0; i < 3; i++)
            all[i] += c[i];
        buyers += c[0] > 0.0;
    }
    const double mean = all[0] > 0.0 ? (all[1] - all[2]) / all[0] : 0.0;
    for (int64_t u = 0; u < m->n_nodes; u++) {
        purchases(m, (gv_node)u, z, c);
        if (c[0] > 0.0) {
            const double off = (c[1] - c[2]) / c[0] - mean;
            spread += c[0] * off * off;
            square += c[0] * c[0];
        }
    }
    double k = 20.0;
    if (buyers > 1.0) {
        const double q = all[1] / all[0], e = all[2] / all[0];
        const double v = q * (1 - q) + e * (1 - e) / 10;
        const double between = (spread - (buyers - 1) * v) / (all[0] - square / all[0]);
        if (between > 0.0)
            k = v / between < 1.0 ? 1.0 : v / between > 1000.0 ? 1000.0 : v / between;
    }
    for (int64_t u = 0; u < m->n_nodes; u++) {
        purchases(m, (gv_node)u, z, c);
        score[u] = (c[1] - c[2] + k * mean) / (c[0] + k);
    }
}

void ref_prospects(const gv_graph *g, const gv_model *m, int32_t z, const float *susceptibility,
                   const int16_t *flag, int64_t wanted, int8_t *is, double *probability,
                   gv_node *friend_node)
{
    for (int64_t u = 0; u < m->n_nodes; u++) {
        bool active = false;
        double none = 1.0, most = -1.0;
        for (int64_t v = 0; v < m->n_nodes; v++)
            for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++) {
                const int64_t pair = find_pair(m, (gv_node)v, z);
                if (g->out.indices[e] != u || pair < 0)
                    continue;
                const double age = (double)(m->time_end - m->pairs.last[pair]);
                active = active || (flag[v] && age >= 0.0 && age < m->window[z]);
                const double p = ref_edge(m, (gv_node)v, (gv_node)u, e, z);
                none *= 1.0 - p;
                if (p > most) {
                    most = p;
                    friend_node[u] = (gv_node)v;
                }
            }
        is[u] = active && find_pair(m, (gv_node)u, z) < 0 &&
                ref_rank(susceptibility, m->n_nodes, (gv_node)u) <= wanted;
        probability[u] = 1.0 - none;
    }
}
