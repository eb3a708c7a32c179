/* influence_one.h -- the first pass: i1, and what the second one needs.
 *
 *   i1(v, z) = b_vz sum over v -> u of t_vu w_u  +  sum over evidence of (p - b_vz t_vu) w_u
 *
 * (influence_batch.h). A row's sums are taken in double, by one thread: over its edges in sixteen
 * parts by their place in the row, over its evidence in order. A few rows at a time
 * (influence_span.h): their factors, what the evidence says of the ties of edges, t of all edges, p
 * of the evidence, sums. One text for several instruction sets: see influence_level.h. */
#ifndef KERNELS_INFLUENCE_ONE_H
#define KERNELS_INFLUENCE_ONE_H

#include <float.h>

#include "kernels/influence_record.h"
#include "kernels/influence_span.h"

/* Entries of evidence, pairs, and listeners at a time; rows and edges after which something is
 * asked for. */
enum { ENTRIES = 512, PAIRS = 256, LISTENERS = 16384, ROWS_AHEAD = 64, EDGES_AHEAD = 256 };

/* Rows at work. */
typedef struct first_pass {
    span s;
    double unseen[GV_SLICE]; /* b of consumers without a purchase */
    double of_k;             /* 1 / k_tie; 0 where ties are as strong as s */
    /* of a row: gv_model_weight(), largest mu a over all topics, sum of t w, largest t */
    double weight[ROWS], most[ROWS], all[ROWS], top[ROWS];
    double scale[ROWS][GV_SLICE];         /* mu a by seat, */
    int64_t exposure[ROWS][GV_SLICE];     /* exposure of the pair by seat, or -1, */
    double b[ROWS][GV_SLICE];             /* b by slot, */
    double more[ROWS][GV_SLICE];          /* and sums over evidence */
    int32_t row[EDGES + 16];              /* of an edge: its row, */
    double row_weight[EDGES + 16];        /* and that row's weight */
    int64_t credit[EDGES];                /* its credits, */
    double lost[EDGES], t[EDGES + 16];    /* expectation without exposure, t */
    int64_t known;                        /* evidence passed */
    int32_t edge[ENTRIES], slot[ENTRIES]; /* of evidence: its edge, slot or -1, */
    int32_t seat[ENTRIES];                /* and seat, or any */
    double factor[ENTRIES], b_edge[ENTRIES], t_edge[ENTRIES];  /* mu a, b and t of its edge, */
    double beyond[ENTRIES];                                    /* p beyond b t */
    int32_t pair_row[PAIRS + 8];                               /* of a pair: its row, */
    double pair_scale[PAIRS], pair_seen[PAIRS], pair_b[PAIRS]; /* mu a, exposure, b */
    span_ahead ahead;                                          /* edges, */
    float listener[LISTENERS];                                 /* and s of their targets */
    influence_box box;                                         /* letters, */
    int64_t *next;                                             /* and where the thread's next go */
    int64_t block;                                             /* its first row */
    span_scores out;
} first_pass;

/* Works out the pairs [i, i + n). */
INLINE void take_pairs(const influence_batch *b, first_pass *f, int64_t i, int32_t n)
{
    const gv_model *m = b->m;
    const int32_t *restrict topic = m->pairs.topic + i;
    const float *restrict source = m->pairs.source + i;
    const int64_t *restrict exposure = m->pairs.exposure + i;
    const double *restrict mu = m->mu, k = m->k_edge;
    for (int32_t j = 0; j < n; j++)
        f->pair_scale[j] = mu[topic[j]] * (double)source[j];
    for (int32_t j = 0; j < n; j++)
        f->pair_seen[j] = (double)exposure[j] / (double)GV_CREDIT_UNIT;
    for (int32_t j = 0; j < n; j++) {
        const double seen = f->pair_seen[j] > 0.0 ? f->pair_seen[j] : 0.0, all = seen + k;
        f->pair_b[j] = (all > 0.0 ? k : 1.0) * f->pair_scale[j] / (all > 0.0 ? all : 1.0);
    }
}

/* Hands them to their rows: in one loop, as rows have few. */
INLINE void place_pairs(const influence_batch *b, first_pass *f, int64_t i, int32_t n)
{
    const int32_t *restrict topic = b->m->pairs.topic + i;
    const int64_t *restrict exposure = b->m->pairs.exposure + i;
    for (int32_t j = 0; j < n; j++) {
        const int32_t r = f->pair_row[j], k = b->slice.slot[topic[j]],
                      seat = b->seated ? topic[j] : k;
        const double scale = f->pair_scale[j];
        f->weight[r] += scale * f->pair_seen[j];
        f->most[r] = scale > f->most[r] ? scale : f->most[r];
        if (seat >= 0) {
            f->scale[r][seat] = scale;
            f->exposure[r][seat] = exposure[j];
        }
        if (k >= 0)
            f->b[r][k] = f->pair_b[j];
    }
}

/* The span's rows: their factors, and sums before the first edge. */
INLINE void begin_rows_one(const influence_batch *b, first_pass *f, const int lanes)
{
    const int64_t *indptr = b->m->pairs.indptr, end = indptr[f->s.row_end];
    const int32_t rows = (int32_t)(f->s.row_end - f->s.row);
    for (int32_t r = 0; r < rows; r++) {
        for (int k = 0; k < GV_SLICE; k++) {
            f->scale[r][k] = b->seat_mu[k];
            f->exposure[r][k] = -1;
        }
        for (int k = 0; k < lanes; k++) {
            f->b[r][k] = f->unseen[k];
            f->more[r][k] = 0.0;
        }
        f->most[r] = b->mu_most;
        f->weight[r] = f->all[r] = f->top[r] = 0.0;
    }
    for (int64_t i = indptr[f->s.row]; i < end; i += PAIRS) {
        const int32_t n = (int32_t)(end - i < PAIRS ? end - i : PAIRS);
        span_rows(indptr, &f->s, i, n, f->pair_row);
        take_pairs(b, f, i, n);
        place_pairs(b, f, i, n);
    }
    for (int32_t r = 0; r < rows && b->m->k_tie <= 0.0; r++)
        f->weight[r] = 0.0;
}

/* What the edges of the span know of their rows. */
INLINE void fill_rows_one(const influence_batch *b, first_pass *f)
{
    for (int64_t v = f->s.row; v < f->s.row_end; v++) {
        const int32_t r = (int32_t)(v - f->s.row);
        int32_t begin, end;
        span_row(b->g, &f->s, v, &begin, &end);
        for (int32_t i = begin; i < end; i += 16)
            for (int32_t k = 0; k < 16; k++) {
                f->row[i + k] = r;
                f->row_weight[i + k] = f->weight[r];
            }
    }
}

/* Edge, slot and seat of the entries [i, i + n) of the evidence. Columns of a span are small
 * numbers: the quotient by the number of topics is found by a product, exactly as long as their
 * product is below 2^32. */
INLINE void locate(const influence_batch *b, first_pass *f, int64_t i, int32_t n)
{
    const int64_t *restrict column = b->m->evidence.column + i;
    const int32_t *restrict slot = b->slice.slot;
    const int64_t base = f->s.first * b->m->n_topics;
    const uint64_t topics = (uint64_t)b->m->n_topics, inverse = (UINT64_C(1) << 32) / topics + 1;
    if (topics < (UINT64_C(1) << 32) / EDGES / topics)
        for (int32_t j = 0; j < n; j++)
            f->edge[j] = (int32_t)((uint64_t)(column[j] - base) * inverse >> 32);
    else
        for (int32_t j = 0; j < n; j++)
            f->edge[j] = (int32_t)((uint64_t)(column[j] - base) / topics);
    for (int32_t j = 0; j < n; j++) {
        const int32_t topic = (int32_t)(column[j] - base - (int64_t)f->edge[j] * b->m->n_topics);
        f->slot[j] = slot[topic];
        f->seat[j] = (b->seated ? topic : f->slot[j]) & (GV_SLICE - 1);
    }
}

/* Credits and lost expectations of edges, where all topics have a seat; the same bits as
 * gv_model_edge_sums(). */
INLINE void sum_ties(const influence_batch *b, first_pass *f, int64_t i, int32_t n)
{
    const int64_t *restrict credit = b->m->evidence.credit + i;
    const int64_t *restrict exposure = b->m->evidence.exposure + i;
    for (int32_t j = 0; j < n; j++) {
        const int32_t e = f->edge[j], r = f->row[e], seat = f->seat[j];
        const int64_t usual = f->exposure[r][seat];
        const double lost =
            f->scale[r][seat] * ((double)(usual - exposure[j]) / (double)GV_CREDIT_UNIT);
        f->credit[e] += credit[j];
        f->lost[e] += usual >= 0 ? lost : 0.0;
    }
}

/* The same where they are not. */
static void seek_ties(const influence_batch *b, first_pass *f, int64_t i, int64_t end)
{
    const gv_model *m = b->m;
    while (i < end) {
        const int64_t e = m->evidence.column[i] / m->n_topics,
                      last = gv_model_edge_end(m, i, end, e);
        const int32_t at = (int32_t)(e - f->s.first);
        gv_model_edge_sums(m, (gv_node)(f->s.row + f->row[at]), i, last, &f->credit[at],
                           &f->lost[at]);
        i = last;
    }
}

/* s of the targets of n edges from the span on. They are asked for into the second-level cache: the
 * first one has room for too few lines on their way. */
INLINE void fetch_listeners(const influence_batch *b, first_pass *f, int32_t n)
{
    const gv_node *restrict target = b->g->out.indices + f->s.first;
    const float *restrict s = b->s;
    for (int32_t i = 0; i < n; i++) {
        __builtin_prefetch(s + target[i + EDGES_AHEAD < n ? i + EDGES_AHEAD : n - 1], 0, 2);
        f->listener[i] = s[target[i]];
    }
}

/* t of all edges; the same bits as gv_model_tied(). */
INLINE void fill_ties(const influence_batch *b, first_pass *f)
{
    const int32_t n = f->s.n;
    const double k = b->m->k_tie;
    fetch_listeners(b, f, span_look_ahead(&f->ahead, &f->s, LISTENERS));
    const float *restrict s = f->listener + (f->s.first - f->ahead.first);
    if (k <= 0.0) {
        for (int32_t i = 0; i < n; i++)
            f->t[i] = (double)s[i];
        return;
    }
    for (int32_t i = 0; i < n; i++) {
        const double expected = (double)s[i] * (f->row_weight[i] - f->lost[i]);
        const double all = (expected > 0.0 ? expected : 0.0) + k;
        f->t[i] = (double)s[i] * (((double)f->credit[i] / (double)GV_CREDIT_UNIT + k) / all);
    }
}

/* What p of entries is beyond b t; the same p as gv_model_p(). First all is gathered, then worked
 * out side by side. */
INLINE void find_beyond(const influence_batch *b, first_pass *f, int64_t i, int32_t n)
{
    const int64_t *restrict credit = b->m->evidence.credit + i;
    const int64_t *restrict exposure = b->m->evidence.exposure + i;
    const double k_edge = b->m->k_edge;
    for (int32_t j = 0; j < n; j++) {
        const int32_t e = f->edge[j], r = f->row[e], k = f->slot[j] & (GV_SLICE - 1);
        f->factor[j] = f->scale[r][f->seat[j]];
        f->b_edge[j] = f->b[r][k];
        f->t_edge[j] = f->t[e];
    }
    for (int32_t j = 0; j < n; j++) {
        const double pi = gv_at_most_one(f->factor[j] * f->t_edge[j]);
        const double seen = (double)exposure[j] / (double)GV_CREDIT_UNIT + k_edge;
        const double got = (double)credit[j] / (double)GV_CREDIT_UNIT + k_edge * pi;
        const double known = gv_at_most_one(got / (seen > 0.0 ? seen : 1.0));
        const double p = seen > 0.0 ? known : pi;
        f->beyond[j] = p - f->b_edge[j] * f->t_edge[j];
    }
    for (int32_t j = 0; j < n; j++)
        f->beyond[j] = f->slot[j] >= 0 ? f->beyond[j] : 0.0;
}

/* Tells the targets. */
INLINE void send(const influence_batch *b, first_pass *f, int64_t i, int32_t n)
{
    const gv_node *restrict target = b->g->out.indices + f->s.first;
    if (f->box.n[f->box.open] + n > INFLUENCE_BOX)
        influence_box_turn(b->post, f->next, &f->box);
    influence_letter *letter = f->box.letter[f->box.open] + f->box.n[f->box.open];
    for (int32_t j = 0; j < n; j++) {
        const int32_t e = f->edge[j];
        const uint32_t v = (uint32_t)(f->s.row + f->row[e]);
        letter[j] = (influence_letter){target[e],
                                       {v << b->slot_bits | b->place[i + j] % GV_SLICE,
                                        b->note[i + j].tie, b->note[i + j].more}};
    }
    f->box.n[f->box.open] += n;
}

/* Adds them up, and notes them for the second pass. */
INLINE void take_beyond(const influence_batch *b, first_pass *f, int64_t i, int32_t n)
{
    const gv_node *restrict target = b->g->out.indices + f->s.first;
    for (int32_t j = 0; j < n; j++) {
        const int32_t e = f->edge[j], r = f->row[e], k = f->slot[j];
        if (k >= 0)
            f->more[r][k] += influence_value(b, target[e]) * f->beyond[j];
    }
    if (b->note == NULL)
        return;
    for (int32_t j = 0; j < n; j++) {
        const int32_t k = f->slot[j] >= 0 ? f->slot[j] : 0;
        b->place[i + j] = (uint16_t)(f->edge[j] * GV_SLICE + k);
    }
    for (int32_t j = 0; j < n; j++)
        b->note[i + j] = (influence_note){(float)f->t_edge[j], (float)f->beyond[j]};
    send(b, f, i, n);
}

/* Evidence and ties of the span's edges. */
INLINE void take_edges(const influence_batch *b, first_pass *f)
{
    const bool tied = b->m->k_tie > 0.0, seek = !b->seated;
    const int64_t end = span_known_end(b, &f->s, f->known);
    for (int32_t i = 0; i < f->s.n; i++) {
        f->credit[i] = 0;
        f->lost[i] = 0.0;
    }
    if (tied && seek)
        seek_ties(b, f, f->known, end);
    int64_t located = -1;
    for (int64_t i = f->known; i < end && tied && !seek; i += ENTRIES) {
        const int32_t n = (int32_t)(end - i < ENTRIES ? end - i : ENTRIES);
        locate(b, f, i, n);
        sum_ties(b, f, i, n);
        located = i;
    }
    fill_ties(b, f);
    for (int64_t i = f->known; i < end; i += ENTRIES) {
        const int32_t n = (int32_t)(end - i < ENTRIES ? end - i : ENTRIES);
        if (i != located)
            locate(b, f, i, n);
        located = i;
        find_beyond(b, f, i, n);
        take_beyond(b, f, i, n);
    }
    f->known = end;
}

/* Largest t of rows, where one of them may be steep. */
INLINE void find_tops(first_pass *f)
{
    const int32_t rows = (int32_t)(f->s.row_end - f->s.row);
    eight top = {0.0};
    double most = 0.0;
    for (int32_t r = 0; r < rows; r++)
        most = f->most[r] > most ? f->most[r] : most;
    for (int32_t i = 0; i < f->s.n; i += 8) {
        eight t = *(const eight *)(f->t + i);
        eight_first(&t, f->s.n - i);
        eight_larger(&top, &t);
    }
    if (most * eight_most(&top) <= 1.0)
        return;
    for (int32_t i = 0; i < f->s.n; i++) {
        double *const of_row = &f->top[f->row[i]];
        *of_row = f->t[i] > *of_row ? f->t[i] : *of_row;
    }
}

/* t w of the next eight edges of a row that ends at `end`. */
INLINE void take_eight(const influence_batch *b, const first_pass *f, int32_t i, int32_t end,
                       eight *t)
{
    const gv_node *restrict target = b->g->out.indices + f->s.first;
    *t = *(const eight *)(f->t + i);
    eight_first(t, end - i);
    for (int32_t k = 0; b->weight != NULL && k < 8 && i + k < end; k++)
        (*t)[k] *= (double)b->weight[target[i + k]];
}

/* Sum of t w over the edges of a row, in sixteen parts by place in the row: most rows have no more
 * edges, and no branch hangs on how many. */
INLINE void sum_row(const influence_batch *b, first_pass *f, int64_t v)
{
    int32_t begin, end;
    span_row(b->g, &f->s, v, &begin, &end);
    eight low = {0.0}, high = {0.0}, t;
    int32_t i = begin;
    do {
        take_eight(b, f, i, end, &t);
        low += t;
        take_eight(b, f, i + 8, end, &t);
        high += t;
    } while ((i += 16) < end);
    low += high;
    f->all[v - f->s.row] += eight_sum(&low);
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

INLINE void finish_row(const influence_batch *b, first_pass *f, int64_t v, const int lanes)
{
    const int64_t r = v - f->s.row;
    const bool steep = f->most[r] * f->top[r] > 1.0 || b->m->usual != NULL;
    double sum[GV_SLICE];
    for (int k = 0; k < lanes; k++)
        sum[k] = f->b[r][k] * f->all[r] + f->more[r][k];
    if (steep)
        sum_steep_one(b, (gv_node)v, sum);
    for (int k = 0; k < lanes; k++)
        f->out[v - f->block][k] = (float)sum[k];
    if (b->record == NULL)
        return;
    float record[2 * GV_SLICE];
    for (int k = 0; k < lanes; k++)
        record[k] = (float)sum[k];
    for (int k = 0; k < lanes; k++)
        record[lanes + k] = (float)f->b[r][k];
    const double usual = f->weight[r] * f->of_k;
    const float weight = usual < (double)FLT_MAX ? (float)usual : FLT_MAX; /* 0 times it is 0 */
    const influence_node node = {b->s[v], steep ? -weight : weight};
    record_write(b, v, record, node, lanes);
}

/* The model's arrays about the rows after the next span: what the processor fetches by itself ends
 * with each page of 4 KiB. */
INLINE void fetch_streams(const influence_batch *b, const span *s)
{
    const gv_model *m = b->m;
    const int64_t n = b->g->n_nodes,
                  from = s->row_end + ROWS_AHEAD < n ? s->row_end + ROWS_AHEAD : n;
    const int64_t to = from + (s->row_end - s->row) < n ? from + (s->row_end - s->row) : n;
    const int64_t i = m->pairs.indptr[from], j = m->pairs.indptr[to];
    const int64_t k = m->evidence.indptr[from], l = m->evidence.indptr[to];
    span_fetch(m->pairs.topic + i, m->pairs.topic + j);
    span_fetch(m->pairs.source + i, m->pairs.source + j);
    span_fetch(m->pairs.exposure + i, m->pairs.exposure + j);
    span_fetch(m->evidence.column + k, m->evidence.column + l);
    span_fetch(m->evidence.credit + k, m->evidence.credit + l);
    span_fetch(m->evidence.exposure + k, m->evidence.exposure + l);
}

INLINE void rows_one(const influence_batch *b, int64_t begin, int64_t end, const int lanes)
{
    first_pass f;
    f.block = begin;
    f.s = span_before(begin);
    f.known = b->m->evidence.indptr[begin];
    f.ahead = span_ahead_before(b->g, end);
    f.box.n[0] = f.box.n[1] = f.box.open = 0;
    f.next = b->post != NULL ? b->post->next + gv_thread() * b->post->n_ranges : NULL;
    f.of_k = b->m->k_tie > 0.0 ? 1.0 / b->m->k_tie : 0.0;
    for (int k = 0; k < lanes; k++)
        f.unseen[k] = b->m->k_edge > 0.0 ? b->m->k_edge * b->mu[k] / b->m->k_edge : b->mu[k];
    while (span_next(b->g, end, &f.s)) {
        fetch_streams(b, &f.s);
        if (f.s.begins)
            begin_rows_one(b, &f, lanes);
        fill_rows_one(b, &f);
        take_edges(b, &f);
        find_tops(&f);
        for (int64_t v = f.s.row; v < f.s.row_end; v++)
            sum_row(b, &f, v);
        for (int64_t v = f.s.row; v < f.s.row_end && f.s.ends; v++)
            finish_row(b, &f, v, lanes);
    }
    if (b->post != NULL)
        influence_box_empty(b->post, f.next, &f.box);
    span_write(b, begin, end, f.out, b->i1);
}

#endif
