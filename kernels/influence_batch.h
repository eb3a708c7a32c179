/* influence_batch.h -- i1 and i2 of a batch of topics; shared by the files influence*.
 *
 * An edge v -> u without evidence has, in every topic z,
 *
 *   p = b_vz t_vu,   b_vz = k mu_z a_vz / (exposure_vz + k),   t_vu = s_u c_vu
 *
 * as long as mu_z a_vz t_vu does not exceed 1: t is worked out once for all topics. What evidence
 * knows better is added as a difference. Rows that may reach the limit of 1 in any topic of the
 * model, few, are called steep and take the formula of engine/model.h edge by edge. */
#ifndef KERNELS_INFLUENCE_BATCH_H
#define KERNELS_INFLUENCE_BATCH_H

#include <math.h>

#include "engine/parallel.h"
#include "engine/slice.h"
#include "grapevine/influence.h"
#include "kernels/influence_post.h"

/* What edges to and from a consumer ask for; `weight` is gv_model_weight() / k_tie, its sign set
 * where the row is steep. */
typedef struct influence_node {
    float target, weight;
} influence_node;

/* What the evidence says of an edge in a topic. */
typedef struct influence_note {
    float tie;  /* t of the edge */
    float more; /* p beyond b t; 0 outside of the slice */
} influence_note;

typedef struct influence_batch {
    const gv_graph *g;
    const gv_model *m;
    const float *weight; /* [n_nodes] or NULL */
    double mu_most;      /* largest mu of the model */
    gv_slice slice;
    /* what follows of it: influence_take_slice() */
    int32_t lanes, slot_bits;
    double mu[GV_SLICE]; /* of the topics of the slice, then 0 */
    bool seated; /* seats are all topics of the model, as they fit; else those of the slice */
    double seat_mu[GV_SLICE]; /* mu by seat, then 0 */
    const float *s;           /* [n_nodes] of the model, or a copy: for the first pass */
    float *i1, *i2;           /* [slice.n][n_nodes]; i2 may be NULL, and then all below is */
    float *record;            /* [n_nodes][influence_record_floats()]: influence_record.h, */
    uint64_t *rest;           /* [n_nodes], for 16 lanes alone */
    uint16_t *place;          /* [evidence]: edge in its span * GV_SLICE + place in the slice */
    influence_note *note;     /* [evidence] */
    influence_post *post;     /* the same, on its way to the targets */
} influence_batch;

static inline double influence_value(const influence_batch *b, gv_node v)
{
    return b->weight != NULL ? (double)b->weight[v] : 1.0;
}

static inline bool influence_steep(float weight)
{
    union {
        float f;
        uint32_t u;
    } bits = {.f = weight};
    return bits.u >> 31 != 0;
}

/* What follows of the slice. */
static inline void influence_take_slice(influence_batch *b)
{
    b->lanes = influence_lanes_of(b->slice.n);
    b->slot_bits = influence_slot_bits(b->slice.n);
    b->seated = b->m->n_topics <= GV_SLICE;
    for (int32_t k = 0; k < GV_SLICE; k++) {
        b->mu[k] = k < b->slice.n ? b->m->mu[b->slice.topic[k]] : 0.0;
        b->seat_mu[k] = b->seated && k < b->m->n_topics ? b->m->mu[k] : b->mu[k];
    }
}

typedef void influence_pass(const influence_batch *b, int64_t begin, int64_t end);

/* The two passes over the rows of consumers [begin, end), for one set of instructions. */
typedef struct influence_level {
    influence_pass *one; /* i1; fills record, rest, place and note where i2 is wanted */
    influence_pass *two; /* i2 */
} influence_level;

enum { INFLUENCE_LEVELS = 3 }; /* 0: plain C, 1: AVX2, 2: AVX-512 */

/* NULL where this machine lacks the instructions. All levels give the same bits: topics never meet,
 * and sums run in an order that hangs on the places of edges in their row alone. */
const influence_level *influence_level_at(int level);

/* influence_plain.c, influence_avx2.c, influence_avx512.c */
extern const influence_level influence_plain, influence_avx2, influence_avx512;

#endif
