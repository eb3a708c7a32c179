/* ppr_fast.c -- one sweep of personalized PageRank in single precision, in any layout.
 *
 *   to[k] = (a * sum over edges into k of from[source] + constant terms of k) * scale[k]
 *
 * by place k. A sweep proves nothing: ppr_refine.c certifies in double precision what sweeps of
 * this kind found, so rounding here costs time at most, never truth.
 *
 * No races: a block of rows is one thread's, segment after segment; all threads finish a segment
 * before the next one starts. Deterministic: a row adds its visits in the order of segments, and
 * sums over nodes are taken per block of GV_BLOCK places, then in block order. Columns never meet.
 */
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/ppr_fast.h"

#define INLINE static inline __attribute__((always_inline))

/* ---- the end of a row --------------------------------------------------------------------- */

/* First teleport entry of column c at place `begin` or after. */
static int64_t first_entry(const ppr_teleport *t, int c, int64_t begin)
{
    int64_t lo = t->offset[c], hi = t->offset[c + 1];
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (t->node[mid] < begin)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Scores of rows [begin, end) from what arrived there; `width` is a constant at each call. */
INLINE void mix_rows(const ppr_fast *f, const ppr_recipe *r, int64_t begin, int64_t end,
                     const int width)
{
    const float *restrict right = f->right, *restrict from = f->from;
    float *restrict to = f->to;
    for (int64_t k = begin; k < end; k++) {
        const float pull = f->factor != NULL ? r->damping * f->factor[k] : r->damping;
        for (int c = 0; c < width; c++) {
            const int64_t i = k * width + c;
            float x = pull * to[i] + r->base[c];
            if (r->right)
                x += right[i];
            if (r->stay && f->scale[k] == 0.0F)
                x += r->damping * from[i];
            to[i] = x;
        }
    }
}

/* Adds the entries of the teleport columns. */
static void add_entries(const ppr_fast *f, const ppr_recipe *r, const ppr_teleport *t,
                        int64_t begin, int64_t end)
{
    for (int c = 0; c < f->n_columns; c++) {
        if (r->jump[c] == 0.0F)
            continue;
        for (int64_t i = first_entry(t, c, begin); i < t->offset[c + 1] && t->node[i] < end; i++)
            f->to[(int64_t)t->node[i] * f->width + c] += r->jump[c] * (float)t->value[i];
    }
}

/* Scores become shares; adds up what dangling nodes hold. */
INLINE void share_rows(const ppr_fast *f, int64_t begin, int64_t end, double *lost, const int width)
{
    float *restrict to = f->to;
    for (int64_t k = begin; k < end; k++) {
        const float scale = f->scale[k];
        if (scale == 0.0F)
            for (int c = 0; c < width; c++)
                lost[c] += (double)to[k * width + c];
        else
            for (int c = 0; c < width; c++)
                to[k * width + c] *= scale;
    }
}

/* Finds out what moved, and keeps columns that are settled as they are. */
static void compare_rows(const ppr_fast *f, const ppr_recipe *r, int64_t begin, int64_t end,
                         double *lost, double *moved)
{
    for (int64_t k = begin; k < end; k++) {
        const double leaving = f->scale[k] == 0.0F ? 1.0 : 1.0 / (double)f->scale[k];
        for (int c = 0; c < f->n_columns; c++) {
            const int64_t i = k * f->width + c;
            if (r->live[c])
                moved[c] += fabs((double)f->to[i] - (double)f->from[i]) * leaving;
            else if (f->scale[k] == 0.0F)
                lost[c] += (double)f->from[i] - (double)f->to[i];
            if (!r->live[c])
                f->to[i] = f->from[i];
        }
    }
}

static void finish_block(const ppr_fast *f, const ppr_recipe *r, const ppr_teleport *t,
                         int64_t block)
{
    const int64_t begin = block * GV_BLOCK, end = gv_block_end(block, f->n);
    double lost[PPR_COLUMNS] = {0.0}, moved[PPR_COLUMNS] = {0.0};
    if (f->width == 1)
        mix_rows(f, r, begin, end, 1);
    else if (f->width == 8)
        mix_rows(f, r, begin, end, 8);
    else
        mix_rows(f, r, begin, end, 16);
    add_entries(f, r, t, begin, end);
    if (f->width == 1)
        share_rows(f, begin, end, lost, 1);
    else if (f->width == 8)
        share_rows(f, begin, end, lost, 8);
    else
        share_rows(f, begin, end, lost, 16);
    if (r->measure)
        compare_rows(f, r, begin, end, lost, moved);
    memcpy(f->part[block].lost, lost, sizeof lost);
    memcpy(f->part[block].moved, moved, sizeof moved);
}

static void add_up(ppr_fast *f)
{
    const int64_t blocks = gv_blocks(f->n);
    for (int c = 0; c < f->n_columns; c++) {
        double lost = 0.0, moved = 0.0;
        for (int64_t b = 0; b < blocks; b++) {
            lost += f->part[b].lost[c];
            moved += f->part[b].moved[c];
        }
        f->found.lost[c] = lost;
        f->found.moved[c] = moved;
    }
    float *swap = f->from;
    f->from = f->to;
    f->to = swap;
}

/* ---- segments ----------------------------------------------------------------------------- */

static void visit_block(const ppr_fast *f, int s, int64_t block)
{
    const ppr_segment *g = &f->segments.segment[s];
    const int64_t edge = g->block_edge[block], visit = g->block_visit[block];
    const int64_t last = g->block_edge[gv_blocks(f->n)] - 1;
    const int64_t begin = block * GV_BLOCK, end = gv_block_end(block, f->n);
    float *to = f->to + begin * f->width;
    const ppr_visits work = {.visit = g->visit + visit,
                             .n = g->block_visit[block + 1] - visit,
                             .source = g->source + edge,
                             .last = g->source + last,
                             .p = g->p != NULL ? g->p + edge : NULL,
                             .share = f->from,
                             .to = to};
    if (s == 0)
        memset(to, 0, (size_t)((end - begin) * f->width) * sizeof *to);
    if (f->width == 1)
        f->lanes->visits1(&work);
    else if (f->width == 8)
        f->lanes->visits8(&work);
    else
        f->lanes->visits16(&work);
}

static void sweep_segment(const ppr_fast *f, const ppr_recipe *r, const ppr_teleport *t, int s)
{
    const int64_t blocks = gv_blocks(f->n);
    const bool last = s == f->segments.n - 1;
#pragma omp parallel for num_threads(f->threads) schedule(dynamic, 4)
    for (int64_t block = 0; block < blocks; block++) {
        visit_block(f, s, block);
        if (last)
            finish_block(f, r, t, block);
    }
}

/* ---- bins --------------------------------------------------------------------------------- */

static void finish_bin(const ppr_fast *f, const ppr_recipe *r, const ppr_teleport *t, int64_t bin,
                       double *sum)
{
    const int64_t begin = bin * PPR_BIN_ROWS;
    const int64_t end = begin + PPR_BIN_ROWS < f->n ? begin + PPR_BIN_ROWS : f->n;
    ppr_bins_gather(&f->bins, bin, end - begin, sum);
    for (int64_t k = begin; k < end; k++)
        f->to[k] = (float)sum[k - begin];
    for (int64_t block = begin / GV_BLOCK; block < gv_blocks(end); block++)
        finish_block(f, r, t, block);
}

static void sweep_bins(const ppr_fast *f, const ppr_recipe *r, const ppr_teleport *t)
{
    ppr_bins_scatter(f->walk, &f->bins, f->from, f->threads);
#pragma omp parallel for num_threads(f->threads) schedule(dynamic, 1)
    for (int64_t bin = 0; bin < f->bins.n; bin++)
        finish_bin(f, r, t, bin, f->sums + (int64_t)gv_thread() * PPR_BIN_ROWS);
}

/* ---- the sweep ---------------------------------------------------------------------------- */

void ppr_fast_sweep(ppr_fast *f, const ppr_recipe *recipe, const ppr_teleport *teleport)
{
    if (f->layout == GV_PPR_BLOCKING)
        sweep_bins(f, recipe, teleport);
    else
        for (int s = 0; s < f->segments.n; s++)
            sweep_segment(f, recipe, teleport, s);
    add_up(f);
}

void ppr_fast_start(ppr_fast *f, const ppr_recipe *recipe, const ppr_teleport *teleport)
{
    const int64_t blocks = gv_blocks(f->n);
#pragma omp parallel for num_threads(f->threads) schedule(dynamic, 4)
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t begin = block * GV_BLOCK, end = gv_block_end(block, f->n);
        memset(f->to + begin * f->width, 0, (size_t)((end - begin) * f->width) * sizeof *f->to);
        finish_block(f, recipe, teleport, block);
    }
    add_up(f);
}

void ppr_fast_take(const ppr_fast *f, int c, double *score, bool correct)
{
#pragma omp parallel for num_threads(f->threads) schedule(static)
    for (int64_t v = 0; v < f->n; v++) {
        const int64_t k = f->place != NULL ? f->place[v] : v, i = k * f->width + c;
        const float scale = f->scale[k];
        const double x = scale == 0.0F ? (double)f->from[i] : (double)f->from[i] / (double)scale;
        if (!correct)
            score[v] = x;
        else
            score[v] = fmax(score[v] + (x - (double)f->right[i]), 0.0);
    }
}
