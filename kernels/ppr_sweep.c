/* ppr_sweep.c -- one sweep of personalized PageRank over a batch of columns, by pull.
 *
 *   share[u] = score[u] / weight of the edges that leave u             (0 where there are none)
 *   score'[v] = a * sum over u -> v of weight(u, v) * share[u] + base + jump * teleport[v]
 *
 * with `base` what every node gets alike and `jump` what goes to the teleport vector. Shares of a
 * node lie side by side, so that one gather serves all columns.
 *
 * No races: the first pass writes the shares of its own nodes; the second reads shares and writes
 * the scores of its own rows. Deterministic: a row is summed in edge order; sums over nodes are
 * taken per block of GV_BLOCK nodes, in PPR_LANES fixed partial sums, and over blocks in block
 * order. A column never meets another in any sum, so its bits do not depend on the width of the
 * batch. */
#include <math.h>

#include "engine/parallel.h"
#include <string.h>

#include "kernels/ppr_tiles.h"

#define PPR_INLINE static inline __attribute__((always_inline))

/* ---- first pass: shares ------------------------------------------------------------------- */

static int64_t tile_end(int64_t begin, int64_t end)
{
    return begin + PPR_TILE < end ? begin + PPR_TILE : end;
}

/* Shares of the nodes of one tile; adds the score of dangling nodes to lost[c], in node order. */
static void share_tile(const ppr_walk *walk, const ppr_batch *b, int64_t begin, int64_t end,
                       ppr_sum *restrict lost)
{
    double scale[PPR_TILE];
    int dangling[PPR_TILE], n_dangling = 0;
    const int rows = (int)(end - begin), width = b->width;
    for (int i = 0; i < rows; i++) {
        const double leaving = ppr_leaving(walk, begin + i);
        scale[i] = leaving > 0.0 ? 1.0 / leaving : 0.0;
        if (leaving <= 0.0)
            dangling[n_dangling++] = i;
    }
    for (int c = 0; c < b->n_columns; c++) {
        if (!b->active[c])
            continue;
        const double *restrict score = b->score[c] + begin;
        double *restrict share = b->share + begin * width + c;
        for (int i = 0; i < rows && b->tiles == NULL; i++)
            share[i * width] = score[i] * scale[i];
        for (int i = 0; i < rows && b->tiles != NULL; i++)
            b->share[b->place[begin + i]] = score[i] * scale[i];
        for (int j = 0; j < n_dangling; j++)
            ppr_add(&lost[c], score[dangling[j]]);
    }
}

static void share_pass(const ppr_walk *walk, const ppr_batch *b, int threads)
{
    const int64_t n_blocks = gv_blocks(walk->n);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 4)
    for (int64_t block = 0; block < n_blocks; block++) {
        const int64_t end = gv_block_end(block, walk->n);
        ppr_sum lost[PPR_COLUMNS] = {{0.0, 0.0}};
        for (int64_t begin = block * GV_BLOCK; begin < end; begin += PPR_TILE)
            share_tile(walk, b, begin, tile_end(begin, end), lost);
        for (int c = 0; c < PPR_COLUMNS; c++)
            b->part[block].lost[c] = ppr_total(&lost[c]);
    }
}

/* ---- second pass: scores ------------------------------------------------------------------ */

/* arriving[row][width] of rows [begin, end); `width` is a constant at each place of call. */
PPR_INLINE void pull(const ppr_walk *walk, const double *restrict share, int64_t begin, int64_t end,
                     double *restrict arriving, const int width)
{
    const int64_t *restrict offset = walk->offset;
    const gv_node *restrict source = walk->source;
    for (int64_t v = begin; v < end; v++, arriving += width) {
        double sum[PPR_COLUMNS] = {0.0};
        for (int64_t e = offset[v]; e < offset[v + 1]; e++) {
            const double *restrict from = share + (int64_t)source[e] * width;
            for (int c = 0; c < width; c++)
                sum[c] += from[c];
        }
        for (int c = 0; c < width; c++)
            arriving[c] = sum[c];
    }
}

PPR_INLINE void pull_weighted(const ppr_walk *walk, const double *restrict share, int64_t begin,
                              int64_t end, double *restrict arriving, const int width)
{
    const int64_t *restrict offset = walk->offset;
    const gv_node *restrict source = walk->source;
    const float *restrict p = walk->p;
    for (int64_t v = begin; v < end; v++, arriving += width) {
        double sum[PPR_COLUMNS] = {0.0};
        for (int64_t e = offset[v]; e < offset[v + 1]; e++) {
            const double *restrict from = share + (int64_t)source[e] * width;
            const double weight = (double)p[e];
            for (int c = 0; c < width; c++)
                sum[c] += from[c] * weight;
        }
        for (int c = 0; c < width; c++)
            arriving[c] = sum[c];
    }
}

#define PPR_WIDTHS(X) X(1) X(2) X(4) X(8) X(16)

/* What arrives at every row, by the tiles. */
static void tiles_pass(const ppr_batch *b, int threads)
{
    const ppr_tiles *t = b->tiles;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < t->n_strips; i++) {
        const double *sum = ppr_tiles_sum_double(t, i, b->share);
        for (int64_t k = t->strip[i].begin; k < t->strip[i].end; k++)
            b->arriving[t->order[k]] = sum[k - t->strip[i].begin];
    }
}

static void pull_tile(const ppr_walk *walk, const ppr_batch *b, int64_t begin, int64_t end,
                      double *arriving)
{
    if (b->tiles != NULL)
        memcpy(arriving, b->arriving + begin, (size_t)(end - begin) * sizeof *arriving);
    else
        switch (b->width) {
#define PPR_CASE(W)                                                                                \
    case W:                                                                                        \
        if (walk->p != NULL)                                                                       \
            pull_weighted(walk, b->share, begin, end, arriving, W);                                \
        else                                                                                       \
            pull(walk, b->share, begin, end, arriving, W);                                         \
        break;
            PPR_WIDTHS(PPR_CASE)
#undef PPR_CASE
        default:
            break;
        }
    if (!walk->by_degree)
        return;
    for (int64_t v = begin; v < end; v++, arriving += b->width) {
        const int64_t degree = walk->offset[v + 1] - walk->offset[v];
        for (int c = 0; c < b->width && degree > 0; c++)
            arriving[c] *= 1.0 / (double)degree;
    }
}

/* What a column needs to make scores of what arrives. */
typedef struct recipe {
    double base, jump;
    int64_t cursor; /* next entry of the teleport column */
} recipe;

static recipe recipe_of(const ppr_walk *walk, const ppr_batch *b, int c)
{
    const double n = (double)walk->n, again = b->damping * b->found.lost[c];
    recipe r = {.jump = 1.0 - b->damping};
    if (b->dangling == GV_DANGLING_TELEPORT)
        r.jump += again;
    if (b->dangling == GV_DANGLING_UNIFORM)
        r.base = again / n;
    if (b->teleport.offset[c] == b->teleport.offset[c + 1])
        r.base += r.jump / n;
    return r;
}

typedef struct lanes {
    double moved[PPR_LANES], rounding[PPR_LANES];
} lanes;

/* Scores of column c in one tile, from what arrives; adds what moved to the lanes. */
static void mix_tile(const ppr_walk *walk, const ppr_batch *b, int c, int64_t begin, int64_t end,
                     const double *restrict arriving, const double *restrict length, recipe *r,
                     lanes *restrict sums)
{
    double next[PPR_TILE];
    double *restrict score = b->score[c] + begin;
    const int rows = (int)(end - begin), width = b->width;
    for (int i = 0; i < rows; i++)
        next[i] = b->damping * arriving[i * width + c] + r->base;
    if (b->dangling == GV_DANGLING_SELF)
        for (int i = 0; i < rows; i++)
            if (ppr_leaving(walk, begin + i) <= 0.0)
                next[i] += b->damping * score[i];
    for (; r->cursor < b->teleport.offset[c + 1] && b->teleport.node[r->cursor] < end; r->cursor++)
        next[b->teleport.node[r->cursor] - begin] += r->jump * b->teleport.value[r->cursor];
    for (int i = 0; i < rows && b->delta != NULL; i++) {
        const int64_t v = begin + i, k = b->place != NULL ? b->place[v] : v;
        b->delta[k * width + c] = (float)(next[i] - score[i]);
    }
    for (int i = 0; i < rows; i++) {
        sums->moved[i % PPR_LANES] += fabs(next[i] - score[i]);
        sums->rounding[i % PPR_LANES] += length[i] * next[i];
        score[i] = next[i];
    }
}

static void mix_block(const ppr_walk *walk, const ppr_batch *b, const recipe *columns,
                      int64_t block)
{
    double arriving[PPR_TILE * PPR_COLUMNS], length[PPR_TILE];
    recipe r[PPR_COLUMNS];
    lanes sums[PPR_COLUMNS] = {{{0.0}, {0.0}}};
    const int64_t first = block * GV_BLOCK, end = gv_block_end(block, walk->n);
    for (int c = 0; c < b->n_columns; c++) {
        r[c] = columns[c];
        r[c].cursor = ppr_teleport_from(&b->teleport, c, first);
    }
    for (int64_t begin = first; begin < end; begin += PPR_TILE) {
        const int64_t stop = tile_end(begin, end);
        pull_tile(walk, b, begin, stop, arriving);
        for (int64_t v = begin; v < stop; v++)
            length[v - begin] = (double)(walk->offset[v + 1] - walk->offset[v] + PPR_ROUNDINGS);
        for (int c = 0; c < b->n_columns; c++)
            if (b->active[c])
                mix_tile(walk, b, c, begin, stop, arriving, length, &r[c], &sums[c]);
    }
    for (int c = 0; c < PPR_COLUMNS; c++) {
        double moved = 0.0, rounding = 0.0;
        for (int lane = 0; lane < PPR_LANES; lane++) {
            moved += sums[c].moved[lane];
            rounding += sums[c].rounding[lane];
        }
        b->part[block].moved[c] = moved;
        b->part[block].rounding[c] = rounding;
    }
}

static void mix_pass(const ppr_walk *walk, const ppr_batch *b, const recipe *columns, int threads)
{
    const int64_t n_blocks = gv_blocks(walk->n);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t block = 0; block < n_blocks; block++)
        mix_block(walk, b, columns, block);
}

/* ---- the sweep ---------------------------------------------------------------------------- */

void ppr_sweep(const ppr_walk *walk, ppr_batch *batch, int threads)
{
    const int64_t n_blocks = gv_blocks(walk->n);
    recipe columns[PPR_COLUMNS];
    share_pass(walk, batch, threads);
    for (int c = 0; c < batch->n_columns; c++) {
        ppr_sum lost = {0.0, 0.0};
        for (int64_t block = 0; block < n_blocks; block++)
            ppr_add(&lost, batch->part[block].lost[c]);
        batch->found.lost[c] = ppr_total(&lost);
        columns[c] = recipe_of(walk, batch, c);
    }
    if (batch->tiles != NULL)
        tiles_pass(batch, threads);
    mix_pass(walk, batch, columns, threads);
    for (int c = 0; c < batch->n_columns; c++) {
        ppr_sum moved = {0.0, 0.0}, rounding = {0.0, 0.0};
        for (int64_t block = 0; block < n_blocks; block++) {
            ppr_add(&moved, batch->part[block].moved[c]);
            ppr_add(&rounding, batch->part[block].rounding[c]);
        }
        batch->found.moved[c] = ppr_total(&moved);
        batch->found.rounding[c] = ppr_total(&rounding);
    }
}
