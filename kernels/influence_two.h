/* influence_two.h -- the second pass: i2.
 *
 *   i2(u, z) = b_uz sum over u -> v of t_uv (w_v + i1(v, z) - w_u p_vu)
 *              + sum over evidence of (p_uv - b_uz t_uv) (w_v + i1(v, z) - w_u p_vu)
 *
 * with p_vu = b_vz t_vu and what the evidence of v -> u adds to it, 0 where there is no such edge.
 * Whether there is one is seen by walking through the in-edges of u beside its out-edges; what its
 * evidence says stands in the replies to u, in the same order of v. So nothing is looked up but one
 * record of each v, its i1 and b, and the two numbers that t_uv and t_vu come from. They are
 * fetched some edges ahead.
 *
 * i1, b and t of evidence are read as float, all sums are taken in double. One text for several
 * instruction sets: see influence_level.h. */
#ifndef KERNELS_INFLUENCE_TWO_H
#define KERNELS_INFLUENCE_TWO_H

#include "kernels/influence_one.h"

typedef double wide4 __attribute__((vector_size(32), may_alias, aligned(8)));
typedef double wide8 __attribute__((vector_size(64), may_alias, aligned(8)));
typedef float lanes4 __attribute__((vector_size(16), may_alias, aligned(4)));
typedef float lanes8 __attribute__((vector_size(32), may_alias, aligned(4)));

enum { NODES_AHEAD = 64, RECORDS_AHEAD = 24 };

/* A row u at work. */
typedef struct row {
    gv_node u;
    influence_node self;
    double value;                            /* w_u */
    int64_t in, in_end;                      /* in-edges not yet passed */
    const influence_note *known, *known_end; /* evidence of u's edges, not yet passed */
    const influence_note *reply, *reply_end; /* and of edges to u */
    int64_t first;                           /* edges of the chunk: first + i, i in [0, n) */
    int32_t n;
    double sum[GV_SLICE];                   /* of terms that b_uz multiplies */
    double more[GV_SLICE];                  /* of others */
    double t[EDGES], w[EDGES], back[EDGES]; /* t_uv, w_v, w_u t_vu */
} row;

INLINE void begin_row(const influence_batch *b, gv_node u, row *r, const int lanes)
{
    r->u = u;
    r->self = b->node[u];
    r->value = influence_value(b, u);
    r->in = b->g->in.indptr[u];
    r->in_end = b->g->in.indptr[u + 1];
    r->known = b->note + b->m->evidence.indptr[u];
    r->known_end = b->note + b->m->evidence.indptr[u + 1];
    r->reply = b->reply + b->reply_begin[u];
    r->reply_end = b->reply + b->reply_begin[u + 1];
    for (int k = 0; k < lanes; k++)
        r->sum[k] = r->more[k] = 0.0;
}

INLINE void fetch_ahead(const influence_batch *b, int64_t e, const int lanes)
{
    const gv_node *target = b->g->out.indices;
    const int64_t last = b->g->out.indptr[b->g->n_nodes] - 1, node = e + NODES_AHEAD,
                  record = e + RECORDS_AHEAD;
    const float *at = b->record + (int64_t)target[record < last ? record : last] * (2 * lanes);
    __builtin_prefetch(b->node + target[node < last ? node : last]);
    __builtin_prefetch(at);
    if (lanes > 8)
        __builtin_prefetch(at + lanes);
}

/* t_uv, w_v and w_u t_vu of the chunk as if there were no evidence and all edges went both ways. */
INLINE void fill_chunk(const influence_batch *b, row *r, const int lanes)
{
    const gv_node *restrict target = b->g->out.indices + r->first;
    const double k = b->m->k_tie, s = (double)r->self.target, weight = (double)r->self.weight;
    for (int32_t i = 0; i < r->n; i++) {
        fetch_ahead(b, r->first + i, lanes);
        const influence_node x = b->node[target[i]];
        r->t[i] = influence_tied(k, (double)x.target, weight);
        r->back[i] =
            r->value * influence_tied(k, s, (double)(x.weight < 0.0f ? -x.weight : x.weight));
        r->w[i] = influence_value(b, target[i]);
    }
}

/* Edges that do not go back as well; both rows ascend. */
INLINE void drop_one_way(const influence_batch *b, row *r)
{
    const gv_node *target = b->g->out.indices + r->first, *source = b->g->in.indices;
    for (int32_t i = 0; i < r->n; i++) {
        while (r->in < r->in_end && source[r->in] < target[i])
            r->in++;
        if (r->in == r->in_end || source[r->in] != target[i])
            r->back[i] = 0.0;
    }
}

/* p of v -> u in all topics of the slice, from the model: 0 where there is no such edge. */
static void look_back(const influence_batch *b, gv_node v, gv_node u, double *p)
{
    const int64_t e = gv_csr_find(&b->g->out, v, u);
    for (int32_t k = 0; k < GV_SLICE; k++)
        p[k] = 0.0;
    if (e < 0)
        return;
    gv_slice_row at;
    gv_slice_row_begin(b->m, &b->slice, v, &at);
    gv_slice_row_seek(b->m, &at, e);
    gv_slice_edge(b->m, &b->slice, &at, e, u, p);
}

/* w_u p_vu beyond w_u t_vu b_vz in a slot, by the replies from v. */
INLINE double reply_in(const influence_note *from, const influence_note *to, int32_t slot)
{
    for (; from < to; from++)
        if (from->slot == slot)
            return (double)from->more;
    return 0.0;
}

/* Edge i of the chunk, whose target v has replied, or which has evidence itself. */
INLINE void look_closely(const influence_batch *b, row *r, int32_t i, gv_node v, const int lanes)
{
    const float *record = b->record + (int64_t)v * (2 * lanes);
    while (r->reply < r->reply_end && r->reply->other < v) /* there is no edge to them */
        r->reply++;
    const influence_note *reply = r->reply;
    if (r->known < r->known_end && r->known->other == v)
        r->t[i] = (double)r->known->tie;
    for (; r->reply < r->reply_end && r->reply->other == v; r->reply++) {
        r->back[i] = r->value * (double)r->reply->tie;
        if (r->reply->slot >= 0)
            r->sum[r->reply->slot] -= r->t[i] * (r->value * (double)r->reply->more);
    }
    for (; r->known < r->known_end && r->known->other == v; r->known++) {
        const int32_t k = r->known->slot;
        if (k < 0)
            continue;
        const double behind =
            r->back[i] * (double)record[lanes + k] + r->value * reply_in(reply, r->reply, k);
        r->more[k] += (double)r->known->more * (r->w[i] + ((double)record[k] - behind));
    }
}

/* The same where v is steep: what v's chances are is asked of the model. */
static void look_at_steep(const influence_batch *b, row *r, int32_t i, gv_node v)
{
    const float *record = b->record + (int64_t)v * (2 * b->lanes);
    double p[GV_SLICE];
    while (r->reply < r->reply_end && r->reply->other <= v)
        r->reply++;
    if (r->known < r->known_end && r->known->other == v)
        r->t[i] = (double)r->known->tie;
    look_back(b, v, r->u, p);
    r->back[i] = 0.0;
    for (int32_t k = 0; k < b->slice.n; k++)
        r->sum[k] -= r->t[i] * (r->value * p[k]);
    for (; r->known < r->known_end && r->known->other == v; r->known++) {
        const int32_t k = r->known->slot;
        if (k >= 0)
            r->more[k] +=
                (double)r->known->more * (r->w[i] + ((double)record[k] - r->value * p[k]));
    }
}

/* sum[k] += t (w + (i1 - back b)) over the edges of the chunk, in order; `W` lanes as `H` vectors
 * of `V`. */
#define DEFINE_ADD(W, V, H)                                                                        \
    INLINE void add##W(const influence_batch *b, row *r)                                           \
    {                                                                                              \
        const gv_node *restrict target = b->g->out.indices + r->first;                             \
        wide##V *const to = (wide##V *)r->sum;                                                     \
        wide##V sum[H];                                                                            \
        for (int h = 0; h < (H); h++)                                                              \
            sum[h] = to[h];                                                                        \
        for (int32_t i = 0; i < r->n; i++) {                                                       \
            const lanes##V *const at =                                                             \
                (const lanes##V *)(b->record + (int64_t)target[i] * (2 * (W)));                    \
            for (int h = 0; h < (H); h++) {                                                        \
                const wide##V direct = __builtin_convertvector(at[h], wide##V);                    \
                const wide##V factor = __builtin_convertvector(at[(H) + h], wide##V);              \
                sum[h] += r->t[i] * (r->w[i] + (direct - r->back[i] * factor));                    \
            }                                                                                      \
        }                                                                                          \
        for (int h = 0; h < (H); h++)                                                              \
            to[h] = sum[h];                                                                        \
    }
DEFINE_ADD(4, 4, 1)
DEFINE_ADD(8, 8, 1)
DEFINE_ADD(16, 8, 2)

INLINE void add_chunk(const influence_batch *b, row *r, const int lanes)
{
    if (lanes == 4)
        add4(b, r);
    else if (lanes == 8)
        add8(b, r);
    else
        add16(b, r);
}

INLINE void take_chunk(const influence_batch *b, row *r, const int lanes)
{
    const gv_node *target = b->g->out.indices + r->first;
    fill_chunk(b, r, lanes);
    if (b->g->directed)
        drop_one_way(b, r);
    for (int32_t i = 0; i < r->n; i++) {
        const gv_node v = target[i];
        if (influence_steep(b->node[v]))
            look_at_steep(b, r, i, v);
        else if ((r->known < r->known_end && r->known->other == v) ||
                 (r->reply < r->reply_end && r->reply->other <= v))
            look_closely(b, r, i, v, lanes);
    }
    add_chunk(b, r, lanes);
}

/* i2 of a steep row, edge by edge. */
static void sum_steep_two(const influence_batch *b, gv_node u, double *sum)
{
    const int32_t n_slots = b->slice.n;
    const double w_u = influence_value(b, u);
    double p[GV_SLICE], back[GV_SLICE];
    gv_slice_row at;
    gv_slice_row_begin(b->m, &b->slice, u, &at);
    for (int32_t k = 0; k < n_slots; k++)
        sum[k] = 0.0;
    for (int64_t e = b->g->out.indptr[u]; e < b->g->out.indptr[u + 1]; e++) {
        const gv_node v = b->g->out.indices[e];
        const double w_v = influence_value(b, v);
        const float *record = b->record + (int64_t)v * (2 * b->lanes);
        gv_slice_edge(b->m, &b->slice, &at, e, v, p);
        look_back(b, v, u, back);
        for (int32_t k = 0; k < n_slots; k++)
            sum[k] += p[k] * (w_v + ((double)record[k] - back[k] * w_u));
    }
}

INLINE void rows_two(const influence_batch *b, int64_t begin, int64_t end, const int lanes)
{
    const int64_t n = b->g->n_nodes;
    const int32_t n_slots = b->slice.n;
    double sum[GV_SLICE];
    row r;
    for (int64_t u = begin; u < end; u++) {
        const int64_t last = b->g->out.indptr[u + 1];
        if (influence_steep(b->node[u])) {
            sum_steep_two(b, (gv_node)u, sum);
        } else {
            const float *restrict factor = b->record + u * (2 * lanes) + lanes;
            begin_row(b, (gv_node)u, &r, lanes);
            for (r.first = b->g->out.indptr[u]; r.first < last; r.first += r.n) {
                r.n = (int32_t)(last - r.first < EDGES ? last - r.first : EDGES);
                take_chunk(b, &r, lanes);
            }
            for (int k = 0; k < lanes; k++)
                sum[k] = (double)factor[k] * r.sum[k] + r.more[k];
        }
        for (int32_t k = 0; k < n_slots; k++)
            b->i2[k * n + u] = (float)sum[k];
    }
}

#endif
