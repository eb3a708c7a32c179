/* ppr_fast.c -- one sweep of personalized PageRank in single precision, in any layout.
 *
 *   to[k] = (a * sum over edges into k of from[source] + constant terms of k) * scale[k]
 *
 * by place k. A sweep proves nothing: ppr_refine.c certifies in double precision what sweeps of
 * this kind found, so rounding here costs time at most, never truth.
 *
 * Where a sweep goes through the rows once, it can let later rows see what earlier ones have become
 * (block Gauss-Seidel), which takes about two thirds of the sweeps: the rows come in PARTS parts,
 * whatever the number of threads, and a part is shown when all of it is done.
 *
 * No races: a block of rows is one thread's, segment after segment; all threads finish a segment,
 * or a part, before the next one starts. Deterministic: a row adds its visits in the order of
 * segments, and sums over nodes are taken per block of GV_BLOCK places, then in block order.
 * Columns never meet.
 */
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/ppr_fast.h"

/* Parts of the rows that are renewed one after the other. */
enum { PARTS = 8 };

#define INLINE static inline __attribute__((always_inline))

/* ---- the end of a row --------------------------------------------------------------------- */

/* Scores of rows [begin, end) from what arrived there; `width` is a constant at each call. */
INLINE void mix_rows(const ppr_fast *f, const ppr_recipe *r, int64_t begin, int64_t end,
                     const int width)
{
    const float *restrict right = f->right, *restrict from = f->from;
    const float *restrict base = r->base;
    float *restrict to = f->to;
    float pull[PPR_COLUMNS];
    for (int c = 0; c < width; c++)
        pull[c] = r->damping * f->unit[c];
    for (int64_t k = begin; k < end; k++) {
        const float factor = f->factor != NULL ? f->factor[k] : 1.0F;
        for (int c = 0; c < width; c++)
            to[k * width + c] = pull[c] * factor * to[k * width + c] + base[c];
    }
    for (int64_t i = begin * width; r->right && i < end * width; i++)
        to[i] += right[i];
    for (int64_t k = begin; r->stay && k < end; k++)
        for (int c = 0; c < width && f->scale[k] == 0.0F; c++)
            to[k * width + c] += pull[c] * from[k * width + c];
}

/* Adds the entries of the teleport columns. */
static void add_entries(const ppr_fast *f, const ppr_recipe *r, const ppr_teleport *t,
                        int64_t begin, int64_t end)
{
    for (int c = 0; c < f->n_columns; c++) {
        if (r->jump[c] == 0.0F)
            continue;
        for (int64_t i = ppr_teleport_from(t, c, begin); i < t->offset[c + 1] && t->node[i] < end;
             i++)
            f->to[(int64_t)t->node[i] * f->width + c] += r->jump[c] * (float)t->value[i];
    }
}

/* Scores become shares, in units of the column; adds up scores, and what dangling nodes hold. */
INLINE void share_rows(const ppr_fast *f, int64_t begin, int64_t end, double *lost, double *mass,
                       const int width)
{
    const float *restrict scale = f->scale;
    float *restrict to = f->to;
    float per[PPR_COLUMNS];
    for (int c = 0; c < width; c++)
        per[c] = 1.0F / f->unit[c];
    for (int64_t k = begin; k < end; k++) {
        for (int c = 0; c < width; c++)
            mass[c] += (double)to[k * width + c];
        for (int c = 0; c < width && scale[k] == 0.0F; c++)
            lost[c] += (double)to[k * width + c];
        const float held = scale[k] == 0.0F ? 1.0F : scale[k];
        for (int c = 0; c < width; c++)
            to[k * width + c] *= held * per[c];
    }
}

/* The same with one column. Sums are taken in PPR_LANES parts, by place. */
static void share_column(const ppr_fast *f, int64_t begin, int64_t end, double *lost, double *mass)
{
    const float *restrict scale = f->scale;
    float *restrict to = f->to;
    const float per = 1.0F / f->unit[0];
    double part[PPR_LANES] = {0.0}, all[PPR_LANES] = {0.0};
    for (int64_t k = begin; k < end; k++) {
        part[k % PPR_LANES] += scale[k] == 0.0F ? (double)to[k] : 0.0;
        all[k % PPR_LANES] += (double)to[k];
        to[k] *= (scale[k] == 0.0F ? 1.0F : scale[k]) * per;
    }
    for (int i = 0; i < PPR_LANES; i++) {
        *lost += part[i];
        *mass += all[i];
    }
}

/* Finds out what moved, in PPR_LANES parts as above. */
static void compare_column(const ppr_fast *f, int64_t begin, int64_t end, double *moved)
{
    const float *restrict scale = f->scale, *restrict from = f->from, *restrict to = f->to;
    double part[PPR_LANES] = {0.0};
    for (int64_t k = begin; k < end; k++)
        part[k % PPR_LANES] +=
            (double)(fabsf(to[k] - from[k]) / (scale[k] == 0.0F ? 1.0F : scale[k]));
    for (int i = 0; i < PPR_LANES; i++)
        *moved += part[i] * (double)f->unit[0];
}

/* Finds out what moved, and keeps columns that are settled as they are. */
INLINE void compare_rows(const ppr_fast *f, const ppr_recipe *r, int64_t begin, int64_t end,
                         double *lost, double *moved, const int width)
{
    const float *restrict scale = f->scale, *restrict from = f->from;
    float *restrict to = f->to;
    float hold[PPR_COLUMNS]; /* 1 for columns that stay as they are */
    bool settled = false;
    for (int c = 0; c < width; c++) {
        hold[c] = c >= f->n_columns || r->live[c] ? 0.0F : 1.0F;
        settled = settled || hold[c] != 0.0F;
    }
    for (int64_t k = begin; k < end; k++) {
        const float leaving = scale[k] == 0.0F ? 1.0F : 1.0F / scale[k];
        const float *restrict old = from + k * width, *restrict new = to + k *width;
        for (int c = 0; c < width; c++)
            moved[c] += (double)(fabsf(new[c] - old[c]) * leaving * f->unit[c]);
    }
    for (int64_t k = begin; settled && k < end; k++)
        for (int c = 0; c < width; c++) {
            const int64_t i = k * width + c;
            if (hold[c] == 0.0F)
                continue;
            lost[c] += scale[k] == 0.0F ? (double)((from[i] - to[i]) * f->unit[c]) : 0.0;
            to[i] = from[i];
        }
}

static void finish_block(const ppr_fast *f, const ppr_recipe *r, const ppr_teleport *t,
                         int64_t block)
{
    const int64_t begin = block * GV_BLOCK, end = gv_block_end(block, f->n);
    double lost[PPR_COLUMNS] = {0.0}, moved[PPR_COLUMNS] = {0.0}, mass[PPR_COLUMNS] = {0.0};
    if (f->width == 1)
        mix_rows(f, r, begin, end, 1);
    else if (f->width == 8)
        mix_rows(f, r, begin, end, 8);
    else
        mix_rows(f, r, begin, end, 16);
    add_entries(f, r, t, begin, end);
    if (f->width == 1)
        share_column(f, begin, end, lost, mass);
    else if (f->width == 8)
        share_rows(f, begin, end, lost, mass, 8);
    else
        share_rows(f, begin, end, lost, mass, 16);
    if (r->measure && f->width == 1)
        compare_column(f, begin, end, moved);
    else if (r->measure && f->width == 8)
        compare_rows(f, r, begin, end, lost, moved, 8);
    else if (r->measure)
        compare_rows(f, r, begin, end, lost, moved, 16);
    memcpy(f->part[block].lost, lost, sizeof lost);
    memcpy(f->part[block].moved, moved, sizeof moved);
    memcpy(f->part[block].rounding, mass, sizeof mass); /* sweeps in double precision round */
}

/* With renewed rows the sum of a column drifts, and comes back slowly if nothing is done about it;
 * where it is known, the unit of the column puts it right. */
static void add_up(ppr_fast *f, const ppr_recipe *r)
{
    const int64_t blocks = gv_blocks(f->n);
    for (int c = 0; c < f->n_columns; c++) {
        double lost = 0.0, moved = 0.0, mass = 0.0;
        for (int64_t b = 0; b < blocks; b++) {
            lost += f->part[b].lost[c];
            moved += f->part[b].moved[c];
            mass += f->part[b].rounding[c];
        }
        f->found.lost[c] = lost;
        f->found.moved[c] = moved;
        if (!r->even || !r->live[c])
            continue;
        f->unit[c] *= (float)(1.0 / mass);
        f->found.lost[c] = lost / mass;
    }
    float *swap = f->from;
    f->from = f->to;
    f->to = swap;
}

/* ---- segments ----------------------------------------------------------------------------- */

static void visit(const ppr_fast *f, const ppr_visits *work)
{
    if (f->width == 1)
        f->lanes->visits1(work);
    else if (f->width == 8)
        f->lanes->visits8(work);
    else
        f->lanes->visits16(work);
}

static void visit_block(const ppr_fast *f, int s, int64_t block)
{
    const ppr_segment *g = &f->segments.segment[s];
    const int64_t edge = g->block_edge[block], first = g->block_visit[block];
    const int64_t last = g->block_edge[gv_blocks(f->n)] - 1;
    const int64_t begin = block * GV_BLOCK, end = gv_block_end(block, f->n);
    float *to = f->to + begin * f->width;
    const ppr_visits work = {.visit = g->visit + first,
                             .n = g->block_visit[block + 1] - first,
                             .source = g->source + edge,
                             .last = g->source + last,
                             .p = g->p != NULL ? g->p + edge : NULL,
                             .share = f->from,
                             .to = to};
    if (s == 0)
        memset(to, 0, (size_t)((end - begin) * f->width) * sizeof *to);
    visit(f, &work);
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

/* ---- rows as they are --------------------------------------------------------------------- */

/* The visits of a block are made up on the way: some rows at a time, long ones in parts. */
static void pull_block(const ppr_fast *f, int64_t block)
{
    const ppr_walk *walk = f->walk;
    const int64_t begin = block * GV_BLOCK, end = gv_block_end(block, f->n);
    uint32_t list[GV_BLOCK];
    ppr_visits work = {.visit = list,
                       .last = walk->source + walk->offset[f->n] - 1,
                       .share = f->from,
                       .to = f->to + begin * f->width};
    memset(work.to, 0, (size_t)((end - begin) * f->width) * sizeof *work.to);
    int64_t first = walk->offset[begin], edge = first;
    for (int64_t k = begin; k < end; k++)
        for (int64_t left = walk->offset[k + 1] - walk->offset[k]; left > 0;) {
            const int64_t now = left < PPR_VISIT_EDGES ? left : PPR_VISIT_EDGES;
            list[work.n++] = (uint32_t)(k - begin) << PPR_VISIT_BITS | (uint32_t)now;
            edge += now, left -= now;
            if (work.n < GV_BLOCK && edge < walk->offset[end])
                continue;
            work.source = walk->source + first;
            work.p = walk->p != NULL ? walk->p + first : NULL;
            visit(f, &work);
            work.n = 0;
            first = edge;
        }
}

/* What rows have become is what later ones see. */
static void renew_block(const ppr_fast *f, int64_t block)
{
    const int64_t begin = block * GV_BLOCK, end = gv_block_end(block, f->n);
    memcpy(f->from + begin * f->width, f->to + begin * f->width,
           (size_t)((end - begin) * f->width) * sizeof *f->from);
}

static void sweep_rows(const ppr_fast *f, const ppr_recipe *r, const ppr_teleport *t)
{
    const int64_t blocks = gv_blocks(f->n), parts = r->renew ? PARTS : 1;
    for (int64_t i = 0; i < parts; i++) {
        const int64_t begin = blocks * i / parts, end = blocks * (i + 1) / parts;
#pragma omp parallel num_threads(f->threads)
        {
#pragma omp for schedule(dynamic, 1)
            for (int64_t block = begin; block < end; block++) {
                pull_block(f, block);
                finish_block(f, r, t, block);
            }
#pragma omp for schedule(static)
            for (int64_t block = begin; block < (r->renew ? end : begin); block++)
                renew_block(f, block);
        }
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

/* ---- tiles -------------------------------------------------------------------------------- */

static void finish_strip(const ppr_fast *f, const ppr_recipe *r, const ppr_teleport *t, int64_t i)
{
    const ppr_strip *s = &f->tiles.strip[i];
    memcpy(f->to + s->begin, ppr_tiles_sum(&f->tiles, i, f->from),
           (size_t)(s->end - s->begin) * sizeof *f->to);
    for (int64_t block = s->begin / GV_BLOCK; block < gv_blocks(s->end); block++)
        finish_block(f, r, t, block);
}

static void sweep_tiles(const ppr_fast *f, const ppr_recipe *r, const ppr_teleport *t)
{
    const int64_t strips = f->tiles.n_strips, parts = r->renew ? PARTS : 1;
    for (int64_t part = 0; part < parts; part++) {
        const int64_t begin = strips * part / parts, end = strips * (part + 1) / parts;
#pragma omp parallel num_threads(f->threads)
        {
#pragma omp for schedule(dynamic, 1)
            for (int64_t i = begin; i < end; i++)
                finish_strip(f, r, t, i);
#pragma omp for schedule(static)
            for (int64_t i = begin; i < (r->renew ? end : begin); i++)
                for (int64_t b = f->tiles.strip[i].begin / GV_BLOCK;
                     b < gv_blocks(f->tiles.strip[i].end); b++)
                    renew_block(f, b);
        }
    }
}

/* ---- the sweep ---------------------------------------------------------------------------- */

bool ppr_fast_renews(const ppr_fast *f)
{
    return f->layout == GV_PPR_SEGMENTS || f->layout == GV_PPR_PULL;
}

void ppr_fast_sweep(ppr_fast *f, const ppr_recipe *recipe, const ppr_teleport *teleport)
{
    if (f->layout == GV_PPR_BLOCKING)
        sweep_bins(f, recipe, teleport);
    else if (f->layout == GV_PPR_SEGMENTS)
        sweep_tiles(f, recipe, teleport);
    else if (f->layout == GV_PPR_PULL)
        sweep_rows(f, recipe, teleport);
    else
        for (int s = 0; s < f->segments.n; s++)
            sweep_segment(f, recipe, teleport, s);
    add_up(f, recipe);
}

void ppr_fast_start(ppr_fast *f, const ppr_recipe *recipe, const ppr_teleport *teleport)
{
    const int64_t blocks = gv_blocks(f->n);
    for (int c = 0; c < PPR_COLUMNS; c++)
        f->unit[c] = 1.0F;
#pragma omp parallel for num_threads(f->threads) schedule(dynamic, 4)
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t begin = block * GV_BLOCK, end = gv_block_end(block, f->n);
        memset(f->to + begin * f->width, 0, (size_t)((end - begin) * f->width) * sizeof *f->to);
        finish_block(f, recipe, teleport, block);
    }
    add_up(f, recipe);
}

void ppr_fast_take(const ppr_fast *f, int c, double *score, bool correct)
{
#pragma omp parallel for num_threads(f->threads) schedule(static)
    for (int64_t v = 0; v < f->n; v++) {
        const int64_t k = f->nodes.place != NULL ? f->nodes.place[v] : v, i = k * f->width + c;
        const float scale = f->scale[k];
        const double held = scale == 0.0F ? 1.0 : (double)scale;
        const double x = (double)f->from[i] * (double)f->unit[c] / held;
        if (!correct)
            score[v] = x;
        else
            score[v] = fmax(score[v] + (x - (double)f->right[i]), 0.0);
    }
}
