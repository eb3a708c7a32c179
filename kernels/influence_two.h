/* influence_two.h -- the second pass: i2.
 *
 *   i2(u, z) = b_uz (sum over u -> v of t_uv (w_v + i1(v, z) - w_u p_vu))
 *              + sum over evidence of (p_uv - b_uz t_uv) (w_v + i1(v, z) - w_u p_vu)
 *
 * with p_vu = b_vz t_vu and what the evidence of v -> u adds to it, 0 where there is no such edge.
 * Whether there is such an edge is seen by walking through the in-edges of u beside its out-edges;
 * what its evidence says stands in the replies to u (influence_post.h). So nothing is looked up but
 * one record of each v (influence_record.h). It is asked for a portion ahead, in a loop of its own:
 * the processor waits for a walk through the page tables wherever it stands, and many are under way
 * at a time only if little else is between them.
 *
 * i1, b and t are float. The first sum adds up to TERMS edges at a time in float, by their place in
 * the row, and these parts in double; the second is added in double. One text for several
 * instruction sets: see influence_level.h. */
#ifndef KERNELS_INFLUENCE_TWO_H
#define KERNELS_INFLUENCE_TWO_H

#include "kernels/influence_one.h"

/* Edges beyond a span whose records are asked for; terms of a sum in float before it is added to
 * one in double, a divisor of EDGES; entries of a row that are compared at once; replies at a time.
 */
enum { RECORDS_AHEAD = 256, TERMS = 16, AT_ONCE = 16, REPLIES = 256 };

/* Rows at work. */
typedef struct second_pass {
    span s;
    int32_t begin[ROWS], end[ROWS]; /* of a row: its edges in the span, */
    double value[ROWS];             /* w, */
    bool edge_by_edge[ROWS];        /* and whether it is steep: its sums are taken otherwise */
    double sum[ROWS][GV_SLICE], more[ROWS][GV_SLICE];     /* see above */
    int32_t row[EDGES + 16];                              /* of an edge: its row, */
    float row_weight[EDGES + 16], row_target[EDGES + 16]; /* what that row's node says, */
    influence_node at[EDGES];                             /* its target's node, */
    float t[EDGES], w[EDGES], back[EDGES];                /* t_uv, w_v, w_u t_vu, */
    uint32_t heard[EDGES];                                /* slots of which a reply says more, */
    float reply_more[EDGES][GV_SLICE];                    /* and what: w_u times it */
    int32_t reply_row[REPLIES + 8];
    bool steep;                   /* whether a target is */
    int64_t asked;                /* edges whose records were asked for */
    int64_t known;                /* evidence passed */
    const influence_desk *desk;   /* replies at hand, */
    const influence_reply *reply; /* and passed */
    int64_t in;                   /* in-edges of a row that is in pieces, passed */
    int64_t block;                /* its first row */
    span_scores out;
} second_pass;

/* What the rows after the span know. */
INLINE void fetch_known(const influence_batch *b, const span *s)
{
    const int64_t end = b->g->n_nodes, next = s->row_end + ROWS < end ? s->row_end + ROWS : end;
    const int64_t i = b->m->evidence.indptr[s->row_end], j = b->m->evidence.indptr[next];
    span_fetch(b->note + i, b->note + j);
    span_fetch(b->place + i, b->place + j);
}

/* Asks for the records of the targets of the span's edges, and of some beyond it. */
INLINE void fetch_records(const influence_batch *b, second_pass *f, const int lanes)
{
    const gv_node *restrict target = b->g->out.indices;
    const int64_t all = b->g->out.indptr[b->g->n_nodes], to = f->s.first + f->s.n + RECORDS_AHEAD,
                  end = to < all ? to : all;
#pragma GCC unroll 8
    for (int64_t i = f->asked; i < end; i++)
        record_fetch(record_at(b, target[i], lanes), lanes);
    f->asked = end;
}

/* What the edges of the span know of their rows. */
INLINE void fill_rows(const influence_batch *b, second_pass *f, const int lanes)
{
    for (int64_t u = f->s.row; u < f->s.row_end; u++) {
        const int32_t r = (int32_t)(u - f->s.row);
        const influence_node node = record_node(record_at(b, u, lanes), lanes);
        const float weight = fabsf(node.weight);
        f->value[r] = influence_value(b, (gv_node)u);
        f->edge_by_edge[r] = influence_steep(node.weight);
        span_row(b->g, &f->s, u, &f->begin[r], &f->end[r]);
        for (int32_t i = f->begin[r]; i < f->end[r]; i += 16)
            for (int32_t k = 0; k < 16; k++) {
                f->row[i + k] = r;
                f->row_weight[i + k] = weight;
                f->row_target[i + k] = node.target;
            }
    }
}

/* t_uv = s_v / (1 + s_v weight_u) and t_vu = s_u / (1 + s_u weight_v). */
INLINE void tie_both(second_pass *f)
{
    const influence_node *restrict at = f->at;
    float *restrict t = f->t, *restrict t_back = f->back;
    for (int32_t i = 0; i < f->s.n; i++) {
        const float s_v = at[i].target, s_u = f->row_target[i];
        t[i] = s_v / (1.0F + s_v * f->row_weight[i]);
        t_back[i] = s_u / (1.0F + s_u * fabsf(at[i].weight));
    }
}

/* t_uv, w_v and w_u t_vu of the span as if there were no evidence and all edges went both ways. */
INLINE void fill_edges(const influence_batch *b, second_pass *f, const int lanes)
{
    const gv_node *restrict target = b->g->out.indices + f->s.first;
    const int32_t n = f->s.n;
    for (int32_t i = 0; i < n; i++)
        f->at[i] = record_node(record_at(b, target[i], lanes), lanes);
    uint32_t steep = 0;
    fill_rows(b, f, lanes);
    for (int32_t i = 0; i < n; i++)
        steep |= influence_steep(f->at[i].weight);
    f->steep = steep != 0;
    for (int32_t i = 0; i < n; i++)
        f->heard[i] = 0;
    tie_both(f);
    if (b->weight == NULL)
        return;
    for (int32_t i = 0; i < n; i++) {
        f->w[i] = b->weight[target[i]];
        f->back[i] *= (float)f->value[f->row[i]];
    }
}

/* t_uv of edges with evidence. */
INLINE void take_ties(const influence_batch *b, second_pass *f, int64_t end)
{
    for (int64_t i = f->known; i < end; i++)
        f->t[b->place[i] / GV_SLICE] = b->note[i].tie;
}

/* Edges of row r that do not go back as well; both rows ascend. */
INLINE void drop_one_way(const influence_batch *b, second_pass *f, int32_t r)
{
    const gv_node *source = b->g->in.indices, *v = b->g->out.indices + f->s.first;
    const int64_t u = f->s.row + r, end = b->g->in.indptr[u + 1];
    int64_t in = f->s.begins ? b->g->in.indptr[u] : f->in;
    for (int32_t i = f->begin[r]; i < f->end[r]; i++) {
        while (in < end && source[in] < v[i])
            in++;
        if (in == end || source[in] != v[i])
            f->back[i] = 0.0F;
    }
    f->in = in;
}

/* The first place in [i, end) whose entry is not below v, or end: halved until few are left, and
 * these are counted. */
INLINE int32_t place_of(const gv_node *row, int32_t i, int32_t end, gv_node v)
{
    while (end - i > AT_ONCE) {
        const int32_t middle = i + (end - i) / 2;
        if (row[middle] < v)
            i = middle + 1;
        else
            end = middle;
    }
#if defined(__AVX512F__)
    const __mmask16 here = (__mmask16)((1 << (end - i)) - 1);
    const __m512i x = _mm512_maskz_loadu_epi32(here, row + i);
    return i + __builtin_popcount(_mm512_mask_cmplt_epi32_mask(here, x, _mm512_set1_epi32(v)));
#else
    int32_t below = 0;
    for (int32_t k = i; k < end; k++)
        below += row[k] < v;
    return i + below;
#endif
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

/* Edges of row r to consumers who are steep: what their chances are is asked of the model. */
static void take_steep(const influence_batch *b, second_pass *f, int32_t r)
{
    const gv_node *v = b->g->out.indices + f->s.first;
    double chance[GV_SLICE];
    for (int32_t i = f->begin[r]; i < f->end[r]; i++) {
        if (!influence_steep(f->at[i].weight))
            continue;
        look_back(b, v[i], (gv_node)(f->s.row + r), chance);
        f->back[i] = 0.0F;
        for (int32_t k = 0; k < b->slice.n; k++)
            f->sum[r][k] -= (double)f->t[i] * (f->value[r] * chance[k]);
    }
}

/* Where the replies to the span end: those to a piece of a row come from its targets. */
INLINE const influence_reply *replies_end(const influence_batch *b, const second_pass *f)
{
    const influence_reply *from = f->reply, *end = influence_replies(f->desk, f->s.row_end);
    if (f->s.ends)
        return end;
    const uint32_t last = (uint32_t)b->g->out.indices[f->s.first + f->s.n - 1];
    while (from < end) {
        const influence_reply *middle = from + (end - from) / 2;
        if (middle->from >> b->slot_bits <= last)
            from = middle + 1;
        else
            end = middle;
    }
    return end;
}

/* Rows of the next n replies, *r being that of the first one or before it, and then of the last. */
INLINE void find_rows(second_pass *f, int32_t n, int32_t *r)
{
    for (int32_t j = 0; j < n;) {
        const int64_t end = influence_replies(f->desk, f->s.row + *r + 1) - f->reply;
        for (int32_t k = j; k < n && k < end; k += 8)
            for (int32_t l = 0; l < 8; l++)
                f->reply_row[k + l] = *r;
        j = end < n ? (int32_t)end : n;
        *r += end < n;
    }
}

/* What a reply says of p_vu. One outside of the slice says nothing but what t_vu is. */
INLINE void take_reply(const influence_batch *b, second_pass *f, influence_reply a, int32_t r)
{
    const gv_node *v = b->g->out.indices + f->s.first;
    const gv_node from = (gv_node)(a.from >> b->slot_bits);
    const uint32_t k = a.from & ((1U << b->slot_bits) - 1);
    const int32_t i = place_of(v, f->begin[r], f->end[r], from);
    if (i == f->end[r] || v[i] != from || (f->steep && influence_steep(f->at[i].weight)))
        return;
    f->back[i] = (float)f->value[r] * a.tie;
    if (a.more == 0.0F)
        return;
    f->reply_more[i][k] = (float)f->value[r] * a.more;
    f->heard[i] |= 1U << k;
}

INLINE void take_replies(const influence_batch *b, second_pass *f)
{
    const influence_reply *end = replies_end(b, f);
    int32_t r = 0;
    while (f->reply < end) {
        const int32_t n = end - f->reply < REPLIES ? (int32_t)(end - f->reply) : REPLIES;
        find_rows(f, n, &r);
        for (int32_t j = 0; j < n; j++)
            take_reply(b, f, f->reply[j], f->reply_row[j]);
        f->reply += n;
    }
}

/* w_u p_vu in a slot, of an edge to a consumer who is steep. */
static double behind_steep(const influence_batch *b, gv_node u, gv_node v, int32_t slot,
                           double value)
{
    double chance[GV_SLICE];
    look_back(b, v, u, chance);
    return value * chance[slot];
}

/* What the evidence of the span, up to `end`, says beyond b t. */
INLINE void take_known(const influence_batch *b, second_pass *f, int64_t end, const int lanes)
{
    const gv_node *target = b->g->out.indices + f->s.first;
    for (int64_t j = f->known; j < end; j++) {
        const int32_t i = b->place[j] / GV_SLICE, k = b->place[j] % GV_SLICE, r = f->row[i];
        const gv_node v = target[i];
        const float *record = record_at(b, v, lanes);
        const float heard = keep_one(f->reply_more[i], f->heard[i], k);
        double behind = (double)f->back[i] * (double)record_b(record, k, lanes) + (double)heard;
        if (f->steep && influence_steep(f->at[i].weight) && !f->edge_by_edge[r])
            behind = behind_steep(b, (gv_node)(f->s.row + r), v, k, f->value[r]);
        f->more[r][k] += (double)b->note[j].more * ((double)f->w[i] + ((double)record[k] - behind));
    }
    f->known = end;
}

/* sum[k] += t (w + i1 - w_u p_vu) over the edges of row r, in order, in `W` lanes. */
#define DEFINE_ADD(W)                                                                              \
    INLINE void add##W(const influence_batch *b, second_pass *f, int32_t r)                        \
    {                                                                                              \
        const gv_node *restrict target = b->g->out.indices + f->s.first;                           \
        const float *restrict t = f->t, *restrict w = f->w, *restrict back = f->back;              \
        double *restrict sum = f->sum[r];                                                          \
        const int32_t end = f->end[r];                                                             \
        for (int32_t i = f->begin[r]; i < end;) {                                                  \
            const int32_t stop = end - i < TERMS ? end : i + TERMS;                                \
            lanes##W part = {0.0F};                                                                \
            for (; i < stop; i++) {                                                                \
                const float *const record = record_at(b, target[i], W);                            \
                const lanes##W i1 = *(const lanes##W *)record;                                     \
                const bits##W factor = *(const bits##W *)(record + (W));                           \
                const bits##W high = (factor + ((W) < GV_SLICE ? RECORD_HALF : 0)) & ~RECORD_LOW;  \
                lanes##W heard;                                                                    \
                keep##W(f->reply_more[i], f->heard[i], &heard);                                    \
                const lanes##W behind = back[i] * (lanes##W)high + heard;                          \
                part += t[i] * (w[i] + (i1 - behind));                                             \
            }                                                                                      \
            for (int k = 0; k < (W); k++)                                                          \
                sum[k] += (double)part[k];                                                         \
        }                                                                                          \
    }
DEFINE_ADD(4)
DEFINE_ADD(8)
DEFINE_ADD(16)

INLINE void add_rows(const influence_batch *b, second_pass *f, const int lanes)
{
    for (int32_t r = 0; r < f->s.row_end - f->s.row; r++)
        if (lanes == 4)
            add4(b, f, r);
        else if (lanes == 8)
            add8(b, f, r);
        else
            add16(b, f, r);
}

INLINE void begin_rows(second_pass *f)
{
    for (int32_t r = 0; r < f->s.row_end - f->s.row; r++)
        for (int k = 0; k < GV_SLICE; k++)
            f->sum[r][k] = f->more[r][k] = 0.0;
}

/* What p_vu is, other than by b and t without evidence. */
INLINE void take_back(const influence_batch *b, second_pass *f)
{
    const int32_t rows = (int32_t)(f->s.row_end - f->s.row);
    for (int32_t r = 0; r < rows && b->g->directed; r++)
        drop_one_way(b, f, r);
    for (int32_t r = 0; r < rows && f->steep; r++)
        if (!f->edge_by_edge[r])
            take_steep(b, f, r);
    take_replies(b, f);
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
        const float *record = record_at(b, v, b->lanes);
        gv_slice_edge(b->m, &b->slice, &at, e, v, p);
        look_back(b, v, u, back);
        for (int32_t k = 0; k < n_slots; k++)
            sum[k] += p[k] * (w_v + ((double)record[k] - back[k] * w_u));
    }
}

INLINE void finish_row_two(const influence_batch *b, second_pass *f, int64_t u, const int lanes)
{
    const int64_t r = u - f->s.row;
    float factor[GV_SLICE];
    record_own(b, u, factor, lanes);
    double sum[GV_SLICE];
    for (int k = 0; k < lanes; k++)
        sum[k] = (double)factor[k] * f->sum[r][k] + f->more[r][k];
    if (f->edge_by_edge[r])
        sum_steep_two(b, (gv_node)u, sum);
    for (int k = 0; k < lanes; k++)
        f->out[u - f->block][k] = (float)sum[k];
}

INLINE void rows_two(const influence_batch *b, int64_t begin, int64_t end, const int lanes)
{
    second_pass f;
    f.block = begin;
    f.s = span_before(begin);
    f.asked = b->g->out.indptr[begin];
    f.known = b->m->evidence.indptr[begin];
    f.desk = b->post->desk + gv_thread();
    f.reply = influence_replies(f.desk, begin);
    for (int32_t i = 0; i < EDGES; i++)
        f.w[i] = 1.0F;
    while (span_next(b->g, end, &f.s)) {
        const int64_t known_end = span_known_end(b, &f.s, f.known);
        fetch_known(b, &f.s);
        fetch_records(b, &f, lanes);
        if (f.s.begins)
            begin_rows(&f);
        fill_edges(b, &f, lanes);
        take_ties(b, &f, known_end);
        take_back(b, &f);
        add_rows(b, &f, lanes);
        take_known(b, &f, known_end, lanes);
        for (int64_t u = f.s.row; u < f.s.row_end && f.s.ends; u++)
            finish_row_two(b, &f, u, lanes);
    }
    span_write(b, begin, end, f.out, b->i2);
}

#endif
