/* influence_two.h -- the second pass: i2.
 *
 *   i2(u, z) = b_uz (sum over u -> v of t_uv w_v + sum over u -> v of t_uv (i1(v, z) - w_u p_vu))
 *              + sum over evidence of (p_uv - b_uz t_uv) (w_v + i1(v, z) - w_u p_vu)
 *
 * with p_vu = b_vz t_vu and what the evidence of v -> u adds to it, 0 where there is no such edge;
 * what it adds is kept apart, in `less`. Whether there is such an edge is seen by walking through
 * the in-edges of u beside its out-edges; what its evidence says stands in the replies to u, in the
 * same order of v. So nothing is looked up but one record of each v, its i1 and b, and the two
 * numbers that t_uv and t_vu come from. They are fetched some edges ahead.
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

#ifndef RECORDS_AHEAD
#define RECORDS_AHEAD 32 /* edges */
#endif

/* Rows at work. */
typedef struct second_pass {
    span s;
    double weight[ROWS], target[ROWS], value[ROWS], all[ROWS]; /* of rows: gv_model_weight(), s, w,
                                                                  sum of t w */
    double sum[ROWS][GV_SLICE], less[ROWS][GV_SLICE], more[ROWS][GV_SLICE]; /* see above */
    int32_t row[EDGES + 8];                 /* of an edge: its row */
    float s_v[EDGES], weight_v[EDGES];      /* its target's */
    double t[EDGES], w[EDGES], back[EDGES]; /* t_uv, w_v, w_u t_vu */
    double of_row[3][EDGES];                /* weight, target and value of an edge's row */
    uint32_t heard[EDGES];                  /* slots of which a reply says more, and what */
    float reply_more[EDGES][GV_SLICE];
    bool steep;                   /* whether a target is */
    int64_t known;                /* evidence passed */
    const influence_reply *reply; /* of this row, not yet passed */
    int64_t in;                   /* in-edges not yet passed */
    int64_t block;                /* its first row */
    span_scores out;
} second_pass;

/* A row, or a piece of it: edges [begin, end) of the span. */
typedef struct part {
    gv_node u;
    int32_t row, begin, end;
    const influence_reply *reply_end;
} part;

/* What the rows after the span know. */
INLINE void fetch_known(const influence_batch *b, const span *s)
{
    const int64_t end = b->g->n_nodes, next = s->row_end + ROWS < end ? s->row_end + ROWS : end;
    const int64_t i = b->m->evidence.indptr[s->row_end], j = b->m->evidence.indptr[next];
    span_fetch(b->note + i, b->note + j);
    span_fetch(b->place + i, b->place + j);
    span_fetch(influence_replies(b, s->row_end), influence_replies(b, next));
    const gv_node *restrict target = b->g->out.indices + s->first + s->n;
    const int64_t left = b->g->out.indptr[b->g->n_nodes] - s->first - s->n;
    const int32_t n = left < s->n ? (int32_t)left : s->n;
    for (int32_t k = 0; k < n; k++)
        __builtin_prefetch(b->node + target[k]);
}

/* t_uv, w_v and w_u t_vu of the span as if there were no evidence and all edges went both ways. */
INLINE void fill_edges(const influence_batch *b, second_pass *f)
{
    const gv_node *restrict target = b->g->out.indices + f->s.first;
    const influence_node *restrict node = b->node;
    const double k = b->m->k_tie;
    const int32_t n = f->s.n;
    int32_t steep = 0;
    for (int64_t v = f->s.row; v < f->s.row_end; v++) {
        f->weight[v - f->s.row] = fabs((double)node[v].weight);
        f->target[v - f->s.row] = (double)node[v].target;
        f->value[v - f->s.row] = influence_value(b, (gv_node)v);
    }
    span_rows(b->g, &f->s, f->row);
    for (int32_t i = 0; i < n; i++) { /* gathered first, and then worked out side by side */
        const influence_node x = node[target[i]];
        const int32_t r = f->row[i];
        f->s_v[i] = x.target;
        f->weight_v[i] = x.weight;
        steep |= influence_steep(x.weight);
        f->of_row[0][i] = f->weight[r];
        f->of_row[1][i] = f->target[r];
        f->of_row[2][i] = f->value[r];
    }
    f->steep = steep != 0;
    if (b->weight != NULL)
        for (int32_t i = 0; i < n; i++)
            f->w[i] = (double)b->weight[target[i]];
    for (int32_t i = 0; i < n; i++) {
        f->heard[i] = 0;
        f->t[i] = influence_tied(k, (double)f->s_v[i], f->of_row[0][i]);
        f->back[i] =
            f->of_row[2][i] * influence_tied(k, f->of_row[1][i], fabs((double)f->weight_v[i]));
    }
}

/* t_uv of edges with evidence. */
INLINE void take_ties(const influence_batch *b, second_pass *f, int64_t end)
{
    for (int64_t i = f->known; i < end; i++)
        f->t[b->place[i] / GV_SLICE] = (double)b->note[i].tie;
}

/* Edges that do not go back as well; both rows ascend. */
INLINE void drop_one_way(const influence_batch *b, second_pass *f, const part *p)
{
    const gv_node *source = b->g->in.indices, *v = b->g->out.indices + f->s.first;
    const int64_t end = b->g->in.indptr[p->u + 1];
    for (int32_t i = p->begin; i < p->end; i++) {
        while (f->in < end && source[f->in] < v[i])
            f->in++;
        if (f->in == end || source[f->in] != v[i])
            f->back[i] = 0.0;
    }
}

/* The first place from `i` on whose entry is not below v, or n. */
INLINE int32_t place_of(const gv_node *row, int32_t i, int32_t n, gv_node v)
{
#if defined(__AVX512F__)
    for (;; i += 16) {
        const __mmask16 here = (__mmask16)(n - i < 16 ? (1 << (n - i)) - 1 : 0xffff);
        const __m512i x = _mm512_maskz_loadu_epi32(here, row + i);
        const int below =
            __builtin_popcount(_mm512_mask_cmplt_epi32_mask(here, x, _mm512_set1_epi32(v)));
        if (below < 16)
            return i + below;
    }
#else
    while (i < n && row[i] < v)
        i++;
    return i;
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

/* Edges to consumers who are steep: what their chances are is asked of the model. */
static void take_steep(const influence_batch *b, second_pass *f, const part *p)
{
    const gv_node *v = b->g->out.indices + f->s.first;
    double chance[GV_SLICE];
    for (int32_t i = p->begin; i < p->end; i++) {
        if (!influence_steep(f->weight_v[i]))
            continue;
        look_back(b, v[i], p->u, chance);
        f->back[i] = 0.0;
        for (int32_t k = 0; k < b->slice.n; k++)
            f->less[p->row][k] += f->t[i] * (f->value[p->row] * chance[k]);
    }
}

/* What replies say of p_vu. Entries outside of the slice say nothing but what t_vu is. */
INLINE void take_replies(const influence_batch *b, second_pass *f, const part *p)
{
    const gv_node *v = b->g->out.indices + f->s.first;
    const int32_t bits = b->slot_bits;
    const double value = f->value[p->row];
    int32_t i = p->begin;
    for (const influence_reply *a = f->reply; a < p->reply_end; a++) {
        const gv_node from = (gv_node)(a->from >> bits);
        const uint32_t k = a->from & ((1U << bits) - 1);
        i = place_of(v, i, p->end, from);
        if (i == p->end)
            break;
        if (v[i] != from || (f->steep && influence_steep(f->weight_v[i])))
            continue;
        f->back[i] = value * (double)a->tie;
        if (a->more == 0.0F)
            continue;
        f->less[p->row][k] += f->t[i] * (value * (double)a->more);
        f->reply_more[i][k] = a->more;
        f->heard[i] |= 1U << k;
    }
    f->reply = p->reply_end;
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
    static const float nothing = 0.0F;
    const gv_node *target = b->g->out.indices + f->s.first;
    for (int64_t j = f->known; j < end; j++) {
        const int32_t i = b->place[j] / GV_SLICE, k = b->place[j] % GV_SLICE, r = f->row[i];
        const gv_node v = target[i];
        const float *record = b->record + (int64_t)v * (2 * lanes);
        const float *heard = f->heard[i] >> k & 1 ? &f->reply_more[i][k] : &nothing;
        double behind = f->back[i] * (double)record[lanes + k] + f->value[r] * (double)*heard;
        if (f->steep && influence_steep(f->weight_v[i]))
            behind = behind_steep(b, (gv_node)(f->s.row + r), v, k, f->value[r]);
        f->more[r][k] += (double)b->note[j].more * (f->w[i] + ((double)record[k] - behind));
    }
    f->known = end;
}

/* Floats as doubles. gcc 12 turns the plain conversion of eight into two of four. */
#if defined(__AVX512F__)
#define WIDEN8(x) ((wide8)_mm512_cvtps_pd(_mm256_loadu_ps((const float *)(x))))
#else
#define WIDEN8(x) __builtin_convertvector(*(x), wide8)
#endif
#define WIDEN4(x) __builtin_convertvector(*(x), wide4)

/* sum[k] += t (i1 - back b) over the edges of the part, in order, and `all` of t w; `W` lanes as
 * `H` vectors of `V`. Records are fetched ahead, `left` being how many edges the graph has from the
 * span on. */
#define DEFINE_ADD(W, V, H)                                                                        \
    INLINE void add##W(const influence_batch *b, second_pass *f, const part *p, int64_t left)      \
    {                                                                                              \
        const gv_node *restrict target = b->g->out.indices + f->s.first;                           \
        const float *restrict records = b->record;                                                 \
        const double *restrict t = f->t, *restrict w = f->w, *restrict back = f->back;             \
        wide##V *const to = (wide##V *)f->sum[p->row];                                             \
        wide##V sum[H];                                                                            \
        double all = f->all[p->row];                                                               \
        for (int h = 0; h < (H); h++)                                                              \
            sum[h] = to[h];                                                                        \
        for (int32_t i = p->begin; i < p->end; i++) {                                              \
            const int64_t next = i + RECORDS_AHEAD < left ? i + RECORDS_AHEAD : left - 1;          \
            const float *const ahead = records + (int64_t)target[next] * (2 * (W));                \
            const lanes##V *const at =                                                             \
                (const lanes##V *)(records + (int64_t)target[i] * (2 * (W)));                      \
            __builtin_prefetch(ahead);                                                             \
            if ((W) > 8)                                                                           \
                __builtin_prefetch(ahead + (W));                                                   \
            for (int h = 0; h < (H); h++)                                                          \
                sum[h] += t[i] * (WIDEN##V(at + h) - back[i] * WIDEN##V(at + (H) + h));            \
            all += t[i] * w[i];                                                                    \
        }                                                                                          \
        for (int h = 0; h < (H); h++)                                                              \
            to[h] = sum[h];                                                                        \
        f->all[p->row] = all;                                                                      \
    }
DEFINE_ADD(4, 4, 1)
DEFINE_ADD(8, 8, 1)
DEFINE_ADD(16, 8, 2)

INLINE void add_part(const influence_batch *b, second_pass *f, const part *p, const int lanes)
{
    const int64_t left = b->g->out.indptr[b->g->n_nodes] - f->s.first;
    if (lanes == 4)
        add4(b, f, p, left);
    else if (lanes == 8)
        add8(b, f, p, left);
    else
        add16(b, f, p, left);
}

INLINE part part_of(const influence_batch *b, const second_pass *f, int64_t u)
{
    part p = {
        .u = (gv_node)u, .row = (int32_t)(u - f->s.row), .reply_end = influence_replies(b, u + 1)};
    span_row(b->g, &f->s, u, &p.begin, &p.end);
    if (!f->s.ends) {
        const gv_node last = b->g->out.indices[f->s.first + p.end - 1];
        while (p.reply_end > f->reply && p.reply_end[-1].from >> b->slot_bits > (uint32_t)last)
            p.reply_end--;
    }
    return p;
}

INLINE void take_part(const influence_batch *b, second_pass *f, int64_t u, const int lanes)
{
    if (f->s.begins) {
        for (int k = 0; k < lanes; k++)
            f->sum[u - f->s.row][k] = f->less[u - f->s.row][k] = f->more[u - f->s.row][k] = 0.0;
        f->all[u - f->s.row] = 0.0;
        f->reply = influence_replies(b, u);
        f->in = b->g->in.indptr[u];
    }
    const part p = part_of(b, f, u);
    if (b->g->directed)
        drop_one_way(b, f, &p);
    if (f->steep)
        take_steep(b, f, &p);
    take_replies(b, f, &p);
    add_part(b, f, &p, lanes);
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

INLINE void finish_part(const influence_batch *b, second_pass *f, int64_t u, const int lanes)
{
    const int64_t r = u - f->s.row;
    const float *restrict factor = b->record + u * (2 * lanes) + lanes;
    double sum[GV_SLICE];
    for (int k = 0; k < lanes; k++)
        sum[k] = (double)factor[k] * (f->all[r] + f->sum[r][k] - f->less[r][k]) + f->more[r][k];
    if (influence_steep(b->node[u].weight))
        sum_steep_two(b, (gv_node)u, sum);
    for (int k = 0; k < lanes; k++)
        f->out[k][u - f->block] = (float)sum[k];
}

INLINE void rows_two(const influence_batch *b, int64_t begin, int64_t end, const int lanes)
{
    second_pass f;
    f.block = begin;
    f.s = span_before(begin);
    f.known = b->m->evidence.indptr[begin];
    for (int32_t i = 0; i < EDGES; i++)
        f.w[i] = 1.0;
    while (span_next(b->g, end, &f.s)) {
        const int64_t known_end = span_known_end(b, &f.s, f.known);
        fetch_known(b, &f.s);
        fill_edges(b, &f);
        take_ties(b, &f, known_end);
        for (int64_t u = f.s.row; u < f.s.row_end; u++)
            take_part(b, &f, u, lanes);
        take_known(b, &f, known_end, lanes);
        for (int64_t u = f.s.row; u < f.s.row_end && f.s.ends; u++)
            finish_part(b, &f, u, lanes);
    }
    span_write(b, begin, end, f.out, b->i2);
}

#endif
