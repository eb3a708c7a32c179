/* influence_one.h -- the first pass: i1, and what the second one needs.
 *
 *   i1(v, z) = b_vz sum over v -> u of t_vu w_u  +  sum over evidence of (p - b_vz t_vu) w_u
 *
 * (influence_batch.h). A row's sums run over its edges in order, in double, in one thread. One text
 * for several instruction sets: see influence_level.h. */
#ifndef KERNELS_INFLUENCE_ONE_H
#define KERNELS_INFLUENCE_ONE_H

#include "kernels/influence_batch.h"

#define INLINE static inline __attribute__((always_inline))

enum { EDGES = 128, TARGETS_AHEAD = 64 };

/* A consumer's factors in the topics of the slice. */
typedef struct factors {
    double source[GV_SLICE], scale[GV_SLICE], b[GV_SLICE]; /* a, mu a, b */
    int64_t exposure[GV_SLICE];                            /* of the pair, or -1 */
    double more[GV_SLICE];                                 /* sums over evidence */
    double weight;                                         /* gv_model_weight() */
    double most;                                           /* largest mu a over all topics */
    int64_t cursor, end;                                   /* evidence */
    gv_node node;
} factors;

INLINE void begin_factors(const influence_batch *b, gv_node v, factors *f, const int lanes)
{
    const gv_model *m = b->m;
    const int32_t *restrict slot = b->slice.slot;
    double weight = 0.0, most = b->mu_most;
    for (int k = 0; k < lanes; k++) {
        f->source[k] = 1.0;
        f->exposure[k] = -1;
        f->more[k] = 0.0;
    }
    for (int64_t i = m->pairs.indptr[v]; i < m->pairs.indptr[v + 1]; i++) {
        const int32_t z = m->pairs.topic[i], k = slot[z];
        const double source = (double)m->pairs.source[i], scale = m->mu[z] * source;
        weight += scale * ((double)m->pairs.exposure[i] / (double)GV_CREDIT_UNIT);
        most = scale > most ? scale : most;
        if (k >= 0) {
            f->source[k] = source;
            f->exposure[k] = m->pairs.exposure[i];
        }
    }
    for (int k = 0; k < lanes; k++) {
        const int64_t units = f->exposure[k] > 0 ? f->exposure[k] : 0;
        const double seen = (double)units / (double)GV_CREDIT_UNIT + m->k_edge;
        f->scale[k] = b->mu[k] * f->source[k];
        f->b[k] = (seen > 0.0 ? m->k_edge : 1.0) * f->scale[k] / (seen > 0.0 ? seen : 1.0);
    }
    f->weight = m->k_tie > 0.0 ? weight : 0.0;
    f->most = most;
    f->cursor = m->evidence.indptr[v];
    f->end = m->evidence.indptr[v + 1];
    f->node = v;
}

/* t of an edge with the entries [i, end) of the evidence; the same bits as gv_model_tied(). */
INLINE double tie_of(const influence_batch *b, const factors *f, double target, int64_t begin,
                     int64_t i, int64_t end)
{
    const gv_model *m = b->m;
    if (b->slice.n < m->n_topics || m->k_tie <= 0.0)
        return gv_model_tied(m, f->node, f->weight, target, i, end);
    int64_t credit = 0;
    double lost = 0.0;
    for (; i < end; i++) {
        const int32_t k = b->slice.slot[m->evidence.column[i] - begin];
        const int64_t units = f->exposure[k] - m->evidence.exposure[i];
        credit += m->evidence.credit[i];
        if (f->exposure[k] >= 0)
            lost += f->scale[k] * ((double)units / (double)GV_CREDIT_UNIT);
    }
    return target * gv_model_tie(m->k_tie, credit, target * (f->weight - lost));
}

/* p with evidence; the same bits as gv_model_p(). */
INLINE double known_p(const gv_model *m, double scale, double t, int64_t i)
{
    const double pi = gv_at_most_one(scale * t);
    const double seen = (double)m->evidence.exposure[i] / (double)GV_CREDIT_UNIT + m->k_edge;
    const double credit = (double)m->evidence.credit[i] / (double)GV_CREDIT_UNIT;
    return seen <= 0.0 ? pi : gv_at_most_one((credit + m->k_edge * pi) / seen);
}

/* The evidence of out-edge e = (v -> u), from the cursor on; returns its t. */
INLINE double take_evidence(const influence_batch *b, factors *f, int64_t e, gv_node u)
{
    const gv_model *m = b->m;
    const int64_t begin = e * m->n_topics, end = gv_model_edge_end(m, f->cursor, f->end, e);
    const double t = tie_of(b, f, (double)m->target[u], begin, f->cursor, end);
    const double value = influence_value(b, u);
    for (int64_t i = f->cursor; i < end; i++) {
        const int32_t k = b->slice.slot[m->evidence.column[i] - begin];
        const double beyond = k >= 0 ? known_p(m, f->scale[k], t, i) - f->b[k] * t : 0.0;
        if (k >= 0)
            f->more[k] += value * beyond;
        if (b->note != NULL)
            b->note[i] = (influence_note){u, k, (float)t, (float)beyond};
    }
    f->cursor = end;
    return t;
}

/* The edge of the evidence at the cursor, counted from out-edge e. */
INLINE int64_t next_known(const influence_batch *b, const factors *f, int64_t e)
{
    const uint64_t columns = (uint64_t)(b->m->evidence.column[f->cursor] - e * b->m->n_topics);
    if (columns <= UINT32_MAX) /* the shorter division */
        return (uint32_t)columns / (uint32_t)b->m->n_topics;
    return (int64_t)(columns / (uint64_t)b->m->n_topics);
}

/* Sum of t w over the edges of v, and the largest t. */
INLINE double sum_edges(const influence_batch *b, gv_node v, factors *f, double *most)
{
    const gv_model *m = b->m;
    const int64_t last = b->g->out.indptr[b->g->n_nodes] - 1, row_end = b->g->out.indptr[v + 1];
    const gv_node *restrict target = b->g->out.indices;
    const float *restrict s = m->target;
    const double k_tie = m->k_tie, weight = f->weight;
    double t[EDGES], sum = 0.0;
    *most = 0.0;
    for (int64_t e = b->g->out.indptr[v], n; e < row_end; e += n) {
        n = row_end - e < EDGES ? row_end - e : EDGES;
        for (int64_t i = 0; i < n; i++) {
            const int64_t next = e + i + TARGETS_AHEAD;
            __builtin_prefetch(s + target[next < last ? next : last]);
            t[i] = influence_tied(k_tie, (double)s[target[e + i]], weight);
        }
        while (f->cursor < f->end) {
            const int64_t known = next_known(b, f, e);
            if (known >= n)
                break;
            t[known] = take_evidence(b, f, e + known, target[e + known]);
        }
        for (int64_t i = 0; i < n; i++) {
            sum += b->weight != NULL ? t[i] * (double)b->weight[target[e + i]] : t[i];
            *most = t[i] > *most ? t[i] : *most;
        }
    }
    return sum;
}

/* i1 of a steep row, edge by edge. */
static void sum_steep_one(const influence_batch *b, gv_node v, double *sum)
{
    const int32_t n_slots = b->slice.n;
    double p[GV_SLICE];
    gv_slice_row row;
    gv_slice_row_begin(b->m, &b->slice, v, &row);
    for (int32_t k = 0; k < n_slots; k++)
        sum[k] = 0.0;
    for (int64_t e = b->g->out.indptr[v]; e < b->g->out.indptr[v + 1]; e++) {
        const gv_node u = b->g->out.indices[e];
        const double w = influence_value(b, u);
        gv_slice_edge(b->m, &b->slice, &row, e, u, p);
        for (int32_t k = 0; k < n_slots; k++)
            sum[k] += p[k] * w;
    }
}

INLINE void rows_one(const influence_batch *b, int64_t begin, int64_t end, const int lanes)
{
    const int64_t n = b->g->n_nodes;
    const int32_t n_slots = b->slice.n;
    factors f;
    for (int64_t v = begin; v < end; v++) {
        double sum[GV_SLICE], most;
        begin_factors(b, (gv_node)v, &f, lanes);
        const double all = sum_edges(b, (gv_node)v, &f, &most);
        const bool steep = f.most * most > 1.0;
        for (int k = 0; k < lanes; k++)
            sum[k] = f.b[k] * all + f.more[k];
        if (steep)
            sum_steep_one(b, (gv_node)v, sum);
        for (int32_t k = 0; k < n_slots; k++)
            b->i1[k * n + v] = (float)sum[k];
        if (b->record == NULL)
            continue;
        float *restrict to = b->record + v * (2 * lanes);
        for (int k = 0; k < lanes; k++)
            to[k] = (float)sum[k];
        for (int k = 0; k < lanes; k++)
            to[lanes + k] = (float)f.b[k];
        const float weight = (float)f.weight;
        b->node[v] = (influence_node){b->m->target[v], steep ? -weight : weight};
    }
}

#endif
