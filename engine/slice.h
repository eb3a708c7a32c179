/* slice.h -- probabilities of many edges in a few topics at once.
 *
 * The same p, to the bit, as gv_model_edge(): what does not depend on the edge is worked out once
 * for its source, and what is left is two products, a division and two minima for each topic. The
 * part of the formula without evidence goes through all topics of the slice side by side; evidence,
 * which few edges have, then overwrites its entries. */
#ifndef ENGINE_SLICE_H
#define ENGINE_SLICE_H

#include "engine/model.h"

enum { GV_SLICE = 16 };

/* Some topics of a model. */
typedef struct gv_slice {
    int32_t n;               /* topics in it, 1 to GV_SLICE */
    int32_t topic[GV_SLICE]; /* all different */
    int32_t *slot;           /* [n_topics], borrowed: place of a topic in `topic`, or -1 */
} gv_slice;

/* Factors of one source consumer. */
typedef struct gv_slice_row {
    gv_node node;
    double weight;           /* gv_model_weight() */
    double source[GV_SLICE]; /* a_vz */
    double scale[GV_SLICE];  /* mu_z a_vz */
    double prior[GV_SLICE];  /* k; 1 where exposure + k = 0, so that p = pi */
    double seen[GV_SLICE];   /* exposure + k; 1 where that is 0 */
    int64_t cursor, end;     /* evidence not yet passed */
} gv_slice_row;

/* Starts an empty slice over `slot` [n_topics]. */
static inline void gv_slice_begin(gv_slice *s, int32_t *slot, int32_t n_topics)
{
    s->n = 0;
    s->slot = slot;
    for (int32_t z = 0; z < n_topics; z++)
        slot[z] = -1;
}

/* Adds topic z; false if the slice is full at `most` topics or holds z already. */
static inline bool gv_slice_add(gv_slice *s, int32_t z, int32_t most)
{
    if (s->n >= most || s->slot[z] >= 0)
        return false;
    s->slot[z] = s->n;
    s->topic[s->n++] = z;
    return true;
}

/* Fills `row` for consumer v; the cursor is at its first evidence. */
static inline void gv_slice_row_begin(const gv_model *m, const gv_slice *s, gv_node v,
                                      gv_slice_row *row)
{
    for (int32_t k = 0; k < s->n; k++) {
        row->source[k] = 1.0;
        row->seen[k] = 0.0;
    }
    for (int64_t i = m->pairs.indptr[v]; i < m->pairs.indptr[v + 1]; i++) {
        const int32_t k = s->slot[m->pairs.topic[i]];
        if (k >= 0) {
            row->source[k] = (double)m->pairs.source[i];
            row->seen[k] = (double)m->pairs.exposure[i] / (double)GV_CREDIT_UNIT;
        }
    }
    for (int32_t k = 0; k < s->n; k++) {
        const double seen = row->seen[k] + m->k_edge;
        row->scale[k] = m->mu[s->topic[k]] * row->source[k];
        row->seen[k] = seen > 0.0 ? seen : 1.0;
        row->prior[k] = seen > 0.0 ? m->k_edge : 1.0;
    }
    row->node = v;
    row->weight = m->k_tie > 0.0 ? gv_model_weight(m, v) : 0.0;
    row->cursor = m->evidence.indptr[v];
    row->end = m->evidence.indptr[v + 1];
}

/* Puts the cursor at the first evidence of out-edge e or a later one, by binary search. */
static inline void gv_slice_row_seek(const gv_model *m, gv_slice_row *row, int64_t e)
{
    row->cursor = gv_model_edge_begin(m, row->cursor, row->end, e);
}

/* p [n] of out-edge e = (v -> u). Edges of a row must be asked in ascending order (or sought). */
static inline void gv_slice_edge(const gv_model *m, const gv_slice *s, gv_slice_row *row, int64_t e,
                                 gv_node u, double *restrict p)
{
    const double *restrict scale = row->scale, *restrict prior = row->prior;
    const double *restrict seen = row->seen;
    const int64_t begin = e * m->n_topics;
    const int64_t *restrict column = m->evidence.column;
    int64_t i = row->cursor;
    while (i < row->end && column[i] < begin)
        i++;
    const int64_t end = gv_model_edge_end(m, i, row->end, e);
    const double target =
        gv_model_tied(m, row->node, row->weight, gv_model_target(m, row->node, u, e), i, end);
    for (int32_t k = 0; k < s->n; k++)
        p[k] = gv_at_most_one(prior[k] * gv_at_most_one(scale[k] * target) / seen[k]);
    for (; i < end; i++) { /* what the evidence knows better */
        const int32_t z = (int32_t)(column[i] - begin), k = s->slot[z];
        if (k >= 0)
            p[k] = gv_model_p(m, z, row->source[k], target, m->evidence.credit[i],
                              m->evidence.exposure[i]);
    }
    row->cursor = end;
}

#endif
