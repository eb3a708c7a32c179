/* influence_span.h -- rows in portions that stay in the nearest cache: a few whole ones, or a piece
 * of a long one. Their edges, pairs and evidence stand one behind the other in the graph and the
 * model, so a portion is worked on in long loops, whatever the lengths of its rows. */
#ifndef KERNELS_INFLUENCE_SPAN_H
#define KERNELS_INFLUENCE_SPAN_H

#include "kernels/influence_batch.h"
#include "kernels/influence_lanes.h"

enum { ROWS = 16, EDGES = 256 };

typedef struct span {
    int64_t row, row_end; /* rows */
    int64_t first;        /* edges: first + i, i in [0, n) */
    int32_t n;
    bool begins, ends; /* whether the first edges of `row` and the last of row_end - 1 are in it */
} span;

/* The span before the first one of rows from `begin` on. */
INLINE span span_before(int64_t begin)
{
    return (span){.row_end = begin, .ends = true};
}

/* The next span of rows below `end`; false if there is none. */
INLINE bool span_next(const gv_graph *g, int64_t end, span *s)
{
    const int64_t *indptr = g->out.indptr;
    s->begins = s->ends;
    if (s->begins && s->row_end >= end)
        return false;
    s->row = s->begins ? s->row_end : s->row;
    s->first = s->begins ? indptr[s->row] : s->first + s->n;
    const int64_t left = indptr[s->row + 1] - s->first;
    s->row_end = s->row + 1;
    if (left > EDGES) {
        s->n = EDGES;
        s->ends = false;
        return true;
    }
    while (s->begins && s->row_end < end && s->row_end - s->row < ROWS &&
           indptr[s->row_end + 1] - s->first <= EDGES)
        s->row_end++;
    s->n = (int32_t)(indptr[s->row_end] - s->first);
    s->ends = true;
    return true;
}

/* Edges whose targets have been asked for together: [first, end), of those below `last`. One random
 * place right after the other, and nothing else between: then the most of them are under way, and
 * the page tables stay in the cache. */
typedef struct span_ahead {
    int64_t first, end, last;
} span_ahead;

/* For rows below `end`. */
INLINE span_ahead span_ahead_before(const gv_graph *g, int64_t end)
{
    return (span_ahead){.end = -1, .last = g->out.indptr[end]};
}

/* 0 if the span's edges are at hand; else how many to ask for from its first one on, up to `most`.
 */
INLINE int32_t span_look_ahead(span_ahead *a, const span *s, int32_t most)
{
    if (s->first + s->n <= a->end)
        return 0;
    const int64_t left = a->last - s->first, n = left < most ? left : most;
    a->first = s->first;
    a->end = s->first + n;
    return (int32_t)n;
}

/* Edges of row r within the span: [*begin, *end). */
INLINE void span_row(const gv_graph *g, const span *s, int64_t r, int32_t *begin, int32_t *end)
{
    const int64_t from = g->out.indptr[r] - s->first, to = g->out.indptr[r + 1] - s->first;
    *begin = from > 0 ? (int32_t)from : 0;
    *end = to < s->n ? (int32_t)to : s->n;
}

/* row[i]: the row, counted from the span's first one, of entry from + i, of n entries that begin at
 * indptr[row]; [n + 8], as it is written in eights. */
INLINE void span_rows(const int64_t *indptr, const span *s, int64_t from, int32_t n,
                      int32_t *restrict row)
{
    for (int64_t r = s->row; r < s->row_end; r++) {
        const int64_t first = indptr[r] - from, last = indptr[r + 1] - from;
        const int32_t end = last < n ? (int32_t)last : n;
        for (int32_t i = first > 0 ? (int32_t)first : 0; i < end; i += 8)
            for (int32_t k = 0; k < 8; k++)
                row[i + k] = (int32_t)(r - s->row);
    }
}

/* Where the evidence of the span ends; it begins at `known`. */
INLINE int64_t span_known_end(const influence_batch *b, const span *s, int64_t known)
{
    const int64_t end = b->m->evidence.indptr[s->row_end];
    return s->ends ? end : gv_model_edge_end(b->m, known, end, s->first + s->n - 1);
}

/* Scores of a block's rows, topics side by side. */
typedef float span_scores[GV_BLOCK][GV_SLICE];

#if defined(__AVX512F__)
/* to[k][r] = from[r][k] for 16 rows: blocks of 1, 2, 4 and 8 rows and topics change sides. */
INLINE void span_transpose(float (*from)[GV_SLICE], float (*to)[GV_BLOCK + 16])
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512 x[GV_SLICE];
    for (int i = 0; i < GV_SLICE; i++)
        x[i] = _mm512_loadu_ps(from[i]);
#pragma GCC unroll 4
    for (int h = 1; h < GV_SLICE; h *= 2) {
        const __mmask16 upper = _mm512_test_epi32_mask(lane, _mm512_set1_epi32(h));
        const __m512i second = _mm512_set1_epi32(GV_SLICE - h), here = _mm512_set1_epi32(h);
        const __m512i low = _mm512_mask_add_epi32(lane, upper, lane, second);
        const __m512i high = _mm512_mask_add_epi32(_mm512_add_epi32(lane, here), upper, lane,
                                                   _mm512_set1_epi32(GV_SLICE));
#pragma GCC unroll 16
        for (int i = 0; i < GV_SLICE; i++)
            if ((i & h) == 0) {
                const __m512 a = x[i], c = x[i + h];
                x[i] = _mm512_permutex2var_ps(a, low, c);
                x[i + h] = _mm512_permutex2var_ps(a, high, c);
            }
    }
    for (int k = 0; k < GV_SLICE; k++)
        _mm512_storeu_ps(to[k], x[k]);
}
#endif

/* to[k][r] = from[r][k], r below n. Rows of topics are a little longer than a power of two, so that
 * they do not all fall on the same lines of the cache. */
INLINE void span_turn(float (*from)[GV_SLICE], int32_t lanes, int64_t n, float (*to)[GV_BLOCK + 16])
{
    int64_t r = 0;
#if defined(__AVX512F__)
    for (; r + 16 <= n; r += 16)
        span_transpose(from + r, (float(*)[GV_BLOCK + 16])(&to[0][r]));
#endif
    for (; r < n; r++)
        for (int32_t k = 0; k < lanes; k++)
            to[k][r] = from[r][k];
}

/* Hands them out topic by topic, in long runs: to[k][begin + r] = from[r][k]. */
INLINE void span_write(const influence_batch *b, int64_t begin, int64_t end,
                       float (*from)[GV_SLICE], float *to)
{
    float run[GV_SLICE][GV_BLOCK + 16];
    span_turn(from, b->slice.n, end - begin, run);
    for (int32_t k = 0; k < b->slice.n; k++)
        lanes_stream(to + k * b->g->n_nodes + begin, run[k], end - begin);
#if defined(__AVX512F__)
    _mm_sfence();
#endif
}

enum { MOST_FETCHED = 1 << 14 };

/* Asks for the lines of bytes [from, to) of an array, or for its first few, into the second-level
 * cache. */
INLINE void span_fetch(const void *from, const void *to)
{
    const char *at = from, *end = to;
    for (end = end - at < MOST_FETCHED ? end : at + MOST_FETCHED; at < end; at += 64)
        __builtin_prefetch(at, 0, 2);
}

#endif
