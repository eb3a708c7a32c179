/* ppr_order.c -- nodes by degree, and where it pays to cut their places into segments.
 *
 * Sources of many edges come first, so that the shares that are gathered most lie together (Zhang,
 * Kiriansky, Mendis, Amarasinghe, Zaharia, "Making caches work for graph analytics", BigData 2017).
 * A segment of sources fits a cache but costs a visit of each row that has edges from it; so cuts
 * are made while a visit finds enough edges, and the rest is one segment. What a cut would find is
 * counted on every PPR_SAMPLE-th block of rows: a matter of the graph alone. */
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "kernels/ppr_fast.h"

enum { SAMPLE = 16, SAMPLE_ALL = 256 }; /* blocks; few blocks are all looked at */

static int64_t degree(const ppr_walk *walk, int64_t v)
{
    return walk->leave[v + 1] - walk->leave[v];
}

/* ---- by degree ---------------------------------------------------------------------------- */

/* Nodes of fewer than LIGHT edges are counted and placed by pieces of the ids, a piece a thread;
 * the few others are sorted. */
enum { PIECES = 64, LIGHT = 1024 };

typedef struct placing {
    const ppr_walk *walk;
    gv_node *order, *place;
    int64_t *at;               /* [PIECES][LIGHT], counts, then where the next one goes */
    int64_t heavy[PIECES + 1]; /* likewise for the others */
    uint64_t *key;             /* of the others: degree descending, then id */
} placing;

static int64_t piece_start(const ppr_walk *walk, int64_t piece)
{
    return walk->n / PIECES * piece + walk->n % PIECES * piece / PIECES;
}

static void count_pieces(placing *p, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < PIECES; i++) {
        int64_t heavy = 0, *at = p->at + i * LIGHT;
        for (int64_t v = piece_start(p->walk, i); v < piece_start(p->walk, i + 1); v++) {
            const int64_t d = degree(p->walk, v);
            if (d < LIGHT)
                at[d]++;
            else
                heavy++;
        }
        p->heavy[i] = heavy;
    }
}

static void place_pieces(placing *p, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < PIECES; i++) {
        int64_t heavy = p->heavy[i], *at = p->at + i * LIGHT;
        for (int64_t v = piece_start(p->walk, i); v < piece_start(p->walk, i + 1); v++) {
            const int64_t d = degree(p->walk, v);
            if (d >= LIGHT) {
                p->key[heavy++] = (uint64_t)(INT32_MAX - d) << 32 | (uint64_t)v;
                continue;
            }
            const int64_t k = at[d]++;
            p->order[k] = (gv_node)v;
            p->place[v] = (gv_node)k;
        }
    }
}

gv_status ppr_order(gv_context *ctx, const ppr_walk *walk, gv_node *order, gv_node *place,
                    gv_error *err)
{
    const int threads = gv_context_threads(ctx);
    placing p = {.walk = walk, .order = order, .place = place};
    p.at = gv_alloc_zero(ctx, (int64_t)PIECES * LIGHT, sizeof *p.at);
    if (p.at == NULL)
        return gv_no_memory(ctx, "ppr: order by degree", err);
    count_pieces(&p, threads);
    const int64_t heavy = gv_prefix_sum(p.heavy, PIECES);
    int64_t next = heavy;
    for (int64_t d = LIGHT - 1; d >= 0; d--)
        for (int64_t i = 0; i < PIECES; i++) {
            const int64_t count = p.at[i * LIGHT + d];
            p.at[i * LIGHT + d] = next;
            next += count;
        }
    p.key = gv_alloc(ctx, heavy, sizeof *p.key);
    gv_status st = p.key != NULL ? GV_OK : gv_no_memory(ctx, "ppr: order by degree", err);
    if (st == GV_OK) {
        place_pieces(&p, threads);
        st = gv_sort_keys(ctx, p.key, heavy, err);
    }
    for (int64_t k = 0; k < heavy && st == GV_OK; k++) {
        order[k] = (gv_node)(p.key[k] & UINT32_MAX);
        place[order[k]] = (gv_node)k;
    }
    gv_free(ctx, p.key);
    gv_free(ctx, p.at);
    return st;
}

/* ---- where to cut ------------------------------------------------------------------------- */

typedef struct tally {
    int64_t edges, visits;
} tally;

/* Edges of a visit that make a cut pay: it reads and writes a row of columns. */
static const double enough = 3.0;

static void count_block(const ppr_walk *walk, const gv_node *order, const gv_node *place,
                        int64_t block, int64_t width, int n, tally *out)
{
    int64_t seen[PPR_MOST_SEGMENTS]; /* last row that had an edge from there */
    for (int s = 0; s < n; s++)
        seen[s] = -1;
    for (int64_t k = block * GV_BLOCK; k < gv_block_end(block, walk->n); k++) {
        const int64_t v = order[k];
        for (int64_t e = walk->offset[v]; e < walk->offset[v + 1]; e++) {
            const int64_t cut = place[walk->source[e]] / width;
            const int s = cut < n ? (int)cut : n - 1;
            out[s].edges++;
            out[s].visits += seen[s] != k;
            seen[s] = k;
        }
    }
}

static void count_blocks(const ppr_walk *walk, const gv_node *order, const gv_node *place,
                         int64_t width, int n, int64_t step, tally *part, int threads)
{
    const int64_t blocks = gv_blocks(walk->n);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t b = 0; b < blocks; b += step)
        count_block(walk, order, place, b, width, n, part + b / step * n);
}

gv_status ppr_cut_choose(gv_context *ctx, const ppr_walk *walk, const gv_node *order,
                         const gv_node *place, int columns, ppr_cut *out, gv_error *err)
{
    const int64_t blocks = gv_blocks(walk->n), step = blocks > SAMPLE_ALL ? SAMPLE : 1;
    const int64_t width = PPR_SEGMENT_BYTES / (int64_t)sizeof(float) / columns;
    const int64_t all = (walk->n + width - 1) / width, parts = (blocks + step - 1) / step;
    const int n = all < PPR_MOST_SEGMENTS ? (int)all : PPR_MOST_SEGMENTS;
    tally *part = gv_alloc_zero(ctx, parts * n, sizeof *part);
    if (part == NULL)
        return gv_no_memory(ctx, "ppr: choice of segments", err);
    count_blocks(walk, order, place, width, n, step, part, gv_context_threads(ctx));
    tally sum[PPR_MOST_SEGMENTS] = {{0, 0}};
    for (int64_t b = 0; b < parts; b++)
        for (int s = 0; s < n; s++) {
            sum[s].edges += part[b * n + s].edges;
            sum[s].visits += part[b * n + s].visits;
        }
    gv_free(ctx, part);
    int kept = 0;
    while (kept < n - 1 && (double)sum[kept].edges > enough * (double)sum[kept].visits)
        kept++;
    *out = (ppr_cut){.n = kept + 1, .width = width};
    return GV_OK;
}
