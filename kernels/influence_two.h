/* influence_two.h -- the second pass: i2.
 *
 *   i2(u, z) = b_uz sum over u -> v of t_uv (w_v + i1(v, z) - w_u p_vu)
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
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

typedef double wide4 __attribute__((vector_size(32), may_alias, aligned(8)));
typedef double wide8 __attribute__((vector_size(64), may_alias, aligned(8)));
typedef float lanes4 __attribute__((vector_size(16), may_alias, aligned(4)));
typedef float lanes8 __attribute__((vector_size(32), may_alias, aligned(4)));

enum { RECORDS_AHEAD = 24 };

/* Rows at work. */
typedef struct second_pass {
    span s;
    double weight[ROWS], target[ROWS], value[ROWS];       /* of rows: gv_model_weight(), s, w */
    int32_t row[EDGES + 8];                               /* of an edge: its row */
    float s_v[EDGES], weight_v[EDGES];                    /* its target's node, */
    double t[EDGES], w[EDGES], back[EDGES];               /* t_uv, w_v, w_u t_vu */
    bool steep;                                           /* whether a target is */
    const influence_note *known, *reply;                  /* of this row, not yet passed */
    int64_t in;                                           /* in-edges not yet passed */
    double sum[GV_SLICE], less[GV_SLICE], more[GV_SLICE]; /* see above */
    int64_t block;                                        /* its first row */
    span_scores out;
} second_pass;

/* A row, or a piece of it. */
typedef struct part {
    gv_node u;
    double value;          /* w_u */
    const gv_node *v;      /* [n] targets */
    const float *weight_v; /* [n] */
    double *t, *w, *back;  /* [n] */
    int32_t n, before;     /* edges; those of the row before the piece */
    bool steep;            /* whether a target of the span is */
    const influence_note *known, *known_end, *reply, *reply_end;
} part;

/* Nodes of the span after this one, and what its rows know. */
INLINE void fetch_nodes(const influence_batch *b, const span *s)
{
    const int64_t end = b->g->n_nodes, next = s->row_end + ROWS < end ? s->row_end + ROWS : end;
    span_fetch(b->note + b->m->evidence.indptr[s->row_end], b->note + b->m->evidence.indptr[next]);
    span_fetch(b->reply + b->reply_begin[s->row_end], b->reply + b->reply_begin[next]);
    const gv_node *restrict target = b->g->out.indices + s->first + s->n;
    const int64_t left = b->g->out.indptr[b->g->n_nodes] - s->first - s->n;
    const int32_t n = left < s->n ? (int32_t)left : s->n;
    for (int32_t i = 0; i < n; i++)
        __builtin_prefetch(b->node + target[i]);
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
    for (int32_t i = 0; i < n; i++) {
        const influence_node x = node[target[i]];
        f->s_v[i] = x.target;
        f->weight_v[i] = x.weight;
        steep |= influence_steep(x);
    }
    f->steep = steep != 0;
    if (b->weight != NULL)
        for (int32_t i = 0; i < n; i++)
            f->w[i] = (double)b->weight[target[i]];
    for (int32_t i = 0; i < n; i++) {
        const int32_t r = f->row[i];
        f->t[i] = influence_tied(k, (double)f->s_v[i], f->weight[r]);
        f->back[i] = f->value[r] * influence_tied(k, f->target[r], fabs((double)f->weight_v[i]));
    }
}

/* Edges that do not go back as well; both rows ascend. */
INLINE void drop_one_way(const influence_batch *b, const part *p, int64_t *in)
{
    const gv_node *source = b->g->in.indices;
    const int64_t end = b->g->in.indptr[p->u + 1];
    for (int32_t i = 0; i < p->n; i++) {
        while (*in < end && source[*in] < p->v[i])
            ++*in;
        if (*in == end || source[*in] != p->v[i])
            p->back[i] = 0.0;
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
    double chance[GV_SLICE];
    for (int32_t i = 0; i < p->n; i++) {
        if (!signbit(p->weight_v[i]))
            continue;
        look_back(b, p->v[i], p->u, chance);
        p->back[i] = 0.0;
        for (int32_t k = 0; k < b->slice.n; k++)
            f->less[k] += p->t[i] * (p->value * chance[k]);
    }
}

/* What replies say of p_vu. */
INLINE void take_replies(second_pass *f, const part *p)
{
    int32_t i = 0;
    for (const influence_note *a = p->reply; a < p->reply_end; a++) {
        i = place_of(p->v, i, p->n, a->other);
        if (i == p->n)
            break;
        if (p->v[i] != a->other || (p->steep && signbit(p->weight_v[i])))
            continue;
        p->back[i] = p->value * (double)a->tie;
        if (a->slot >= 0)
            f->less[a->slot] += p->t[i] * (p->value * (double)a->more);
    }
}

/* w_u p_vu beyond w_u t_vu b_vz in a slot, by the replies of v, which begin at `a`. */
INLINE double reply_in(const influence_note *a, const influence_note *end, gv_node v, int32_t slot)
{
    for (; a < end && a->other == v; a++)
        if (a->slot == slot)
            return (double)a->more;
    return 0.0;
}

/* What the evidence of the row says beyond b t. */
INLINE void take_known(const influence_batch *b, second_pass *f, const part *p, const int lanes)
{
    const influence_note *reply = p->reply;
    for (const influence_note *a = p->known; a < p->known_end; a++) {
        const int32_t i = a->other - p->before, k = a->slot;
        const gv_node v = p->v[i];
        while (reply < p->reply_end && reply->other < v)
            reply++;
        if (k < 0)
            continue;
        const float *record = b->record + (int64_t)v * (2 * lanes);
        double behind =
            p->back[i] * (double)record[lanes + k] + p->value * reply_in(reply, p->reply_end, v, k);
        if (p->steep && signbit(p->weight_v[i])) {
            double chance[GV_SLICE];
            look_back(b, v, p->u, chance);
            behind = p->value * chance[k];
        }
        f->more[k] += (double)a->more * (p->w[i] + ((double)record[k] - behind));
    }
}

/* Floats as doubles. gcc 12 turns the plain conversion of eight into two of four. */
#if defined(__AVX512F__)
#define WIDEN8(x) ((wide8)_mm512_cvtps_pd(_mm256_loadu_ps((const float *)(x))))
#else
#define WIDEN8(x) __builtin_convertvector(*(x), wide8)
#endif
#define WIDEN4(x) __builtin_convertvector(*(x), wide4)

/* sum[k] += t (w + (i1 - back b)) over the edges of the part, in order; `W` lanes as `H` vectors of
 * `V`. Records are fetched ahead, `left` being how many edges the graph has from here on. */
#define DEFINE_ADD(W, V, H)                                                                        \
    INLINE void add##W(const influence_batch *b, second_pass *f, const part *p, int64_t left)      \
    {                                                                                              \
        const gv_node *restrict target = p->v;                                                     \
        const float *restrict records = b->record;                                                 \
        const double *restrict t = p->t, *restrict w = p->w, *restrict back = p->back;             \
        wide##V *const to = (wide##V *)f->sum;                                                     \
        wide##V sum[H];                                                                            \
        for (int h = 0; h < (H); h++)                                                              \
            sum[h] = to[h];                                                                        \
        for (int32_t i = 0; i < p->n; i++) {                                                       \
            const int64_t next = i + RECORDS_AHEAD < left ? i + RECORDS_AHEAD : left - 1;          \
            const float *const ahead = records + (int64_t)target[next] * (2 * (W));                \
            const lanes##V *const at =                                                             \
                (const lanes##V *)(records + (int64_t)target[i] * (2 * (W)));                      \
            __builtin_prefetch(ahead);                                                             \
            if ((W) > 8)                                                                           \
                __builtin_prefetch(ahead + (W));                                                   \
            for (int h = 0; h < (H); h++)                                                          \
                sum[h] += t[i] * (w[i] + (WIDEN##V(at + h) - back[i] * WIDEN##V(at + (H) + h)));   \
        }                                                                                          \
        for (int h = 0; h < (H); h++)                                                              \
            to[h] = sum[h];                                                                        \
    }
DEFINE_ADD(4, 4, 1)
DEFINE_ADD(8, 8, 1)
DEFINE_ADD(16, 8, 2)

INLINE void add_part(const influence_batch *b, second_pass *f, const part *p, const int lanes)
{
    const int64_t left = b->g->out.indices + b->g->out.indptr[b->g->n_nodes] - p->v;
    if (lanes == 4)
        add4(b, f, p, left);
    else if (lanes == 8)
        add8(b, f, p, left);
    else
        add16(b, f, p, left);
}

INLINE part part_of(const influence_batch *b, second_pass *f, int64_t u)
{
    int32_t begin, end;
    span_row(b->g, &f->s, u, &begin, &end);
    const int64_t *known = b->m->evidence.indptr + u;
    part p = {.u = (gv_node)u,
              .value = f->value[u - f->s.row],
              .v = b->g->out.indices + f->s.first + begin,
              .weight_v = f->weight_v + begin,
              .t = f->t + begin,
              .w = f->w + begin,
              .back = f->back + begin,
              .n = end - begin,
              .before = (int32_t)(f->s.first + begin - b->g->out.indptr[u]),
              .steep = f->steep,
              .known = f->known,
              .known_end = b->note + known[1],
              .reply = f->reply,
              .reply_end = b->reply + b->reply_begin[u + 1]};
    if (!f->s.ends) {
        const gv_node last = p.v[p.n - 1];
        for (p.known_end = p.known;
             p.known_end < b->note + known[1] && p.known_end->other < p.before + p.n;)
            p.known_end++;
        while (p.reply_end > p.reply && p.reply_end[-1].other > last)
            p.reply_end--;
    }
    return p;
}

INLINE void take_part(const influence_batch *b, second_pass *f, int64_t u, const int lanes)
{
    if (f->s.begins) {
        for (int k = 0; k < lanes; k++)
            f->sum[k] = f->less[k] = f->more[k] = 0.0;
        f->known = b->note + b->m->evidence.indptr[u];
        f->reply = b->reply + b->reply_begin[u];
        f->in = b->g->in.indptr[u];
    }
    const part p = part_of(b, f, u);
    for (const influence_note *a = p.known; a < p.known_end; a++)
        p.t[a->other - p.before] = (double)a->tie;
    if (b->g->directed)
        drop_one_way(b, &p, &f->in);
    if (p.steep)
        take_steep(b, f, &p);
    take_replies(f, &p);
    add_part(b, f, &p, lanes);
    take_known(b, f, &p, lanes);
    f->known = p.known_end;
    f->reply = p.reply_end;
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
    const float *restrict factor = b->record + u * (2 * lanes) + lanes;
    double sum[GV_SLICE];
    for (int k = 0; k < lanes; k++)
        sum[k] = (double)factor[k] * (f->sum[k] - f->less[k]) + f->more[k];
    if (influence_steep(b->node[u]))
        sum_steep_two(b, (gv_node)u, sum);
    for (int k = 0; k < lanes; k++)
        f->out[k][u - f->block] = (float)sum[k];
}

INLINE void rows_two(const influence_batch *b, int64_t begin, int64_t end, const int lanes)
{
    second_pass f;
    f.block = begin;
    f.s = span_before(begin);
    for (int32_t i = 0; i < EDGES; i++)
        f.w[i] = 1.0;
    while (span_next(b->g, end, &f.s)) {
        fetch_nodes(b, &f.s);
        fill_edges(b, &f);
        for (int64_t u = f.s.row; u < f.s.row_end; u++) {
            take_part(b, &f, u, lanes);
            if (f.s.ends)
                finish_part(b, &f, u, lanes);
        }
    }
    span_write(b, begin, end, f.out, b->i2);
}

#endif
