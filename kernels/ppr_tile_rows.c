/* ppr_tile_rows.c -- the rows of a walk by strip, the first pass over the edges when tiles are
 * made.
 *
 * Rows are read as they lie in the graph; only the places of their sources are looked up all over
 * memory. The ids are cut into PIECES, each with a range of its own in every strip and one
 * thread's: nobody writes where another does, and the order within a strip is that of the graph. */
#include "kernels/ppr_tile_rows.h"

#include <string.h>

#include "engine/memory.h"
#include "engine/parallel.h"

enum { MOST_BLOCKS = PPR_TILE_SIDE / GV_BLOCK, FEW_EDGES = 1 << 16, PIECES = 64 };

/* ---- strips ------------------------------------------------------------------------------- */

/* Edges into each block of places. Threads count for themselves; adding up integers in any order
 * gives the same. */
static void count_blocks(const ppr_walk *walk, const gv_node *place, int64_t *edges, int threads)
{
    const int64_t blocks = gv_blocks(walk->n);
#pragma omp parallel num_threads(threads)
    {
        int64_t *own = edges + (int64_t)gv_thread() * blocks;
#pragma omp for schedule(static)
        for (int64_t v = 0; v < walk->n; v++)
            own[place[v] / GV_BLOCK] += walk->offset[v + 1] - walk->offset[v];
    }
    for (int i = 1; i < threads; i++)
        for (int64_t b = 0; b < blocks; b++)
            edges[b] += edges[i * blocks + b];
}

/* Cuts rows into strips, of which `strip` has room for the blocks; notes the strip of each block
 * and returns their number. */
static int64_t cut_strips(const ppr_walk *walk, const int64_t *edges, ppr_strip *strip,
                          int32_t *strip_of)
{
    const int64_t blocks = gv_blocks(walk->n), share = walk->offset[walk->n] / PPR_TILE_STRIPS;
    const int64_t most = share > FEW_EDGES ? share : FEW_EDGES;
    int64_t n = 0;
    for (int64_t b = 0; b < blocks; n++) {
        const int64_t first = b;
        int64_t sum = edges[b++];
        while (b < blocks && b - first < MOST_BLOCKS && sum + edges[b] <= most)
            sum += edges[b++];
        strip[n] = (ppr_strip){.begin = first * GV_BLOCK, .end = gv_block_end(b - 1, walk->n)};
        for (int64_t i = first; i < b; i++)
            strip_of[i] = (int32_t)n;
    }
    return n;
}

/* ---- rows by strip ------------------------------------------------------------------------ */

/* What a piece of the ids has for a strip: counts, then where the next row goes. */
typedef struct cursor {
    int64_t row, edge;
} cursor;

typedef struct parting {
    gv_context *ctx;
    const ppr_walk *walk;
    const gv_node *place;
    const ppr_strip *strip;
    int32_t *strip_of; /* [blocks] */
    cursor *at;        /* [PIECES][strips] */
    ppr_tile_rows *out;
} parting;

/* First row of a piece: pieces have about as many edges each. */
static int64_t piece_start(const ppr_walk *walk, int64_t piece)
{
    const int64_t first = walk->offset[0], edges = walk->offset[walk->n] - first;
    const int64_t want = first + edges / PIECES * piece;
    int64_t lo = 0, hi = walk->n;
    while (lo < hi && piece < PIECES) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (walk->offset[mid] < want)
            lo = mid + 1;
        else
            hi = mid;
    }
    return hi;
}

static void count_rows(const parting *b, int threads)
{
    const ppr_walk *walk = b->walk;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < PIECES; i++) {
        cursor *at = b->at + i * b->out->n;
        for (int64_t v = piece_start(walk, i), end = piece_start(walk, i + 1); v < end; v++) {
            const int64_t count = walk->offset[v + 1] - walk->offset[v];
            cursor *to = &at[b->strip_of[b->place[v] / GV_BLOCK]];
            to->row += count > 0;
            to->edge += count;
        }
    }
}

/* Room for the rows of all strips; counts become starts. */
static bool room_for_rows(const parting *b)
{
    for (int64_t s = 0; s < b->out->n; s++) {
        ppr_strip_rows *rows = &b->out->rows[s];
        for (int64_t i = 0; i < PIECES; i++) {
            cursor *at = &b->at[i * b->out->n + s];
            const cursor count = *at;
            *at = (cursor){rows->n, rows->n_edges};
            rows->n += count.row;
            rows->n_edges += count.edge;
        }
        rows->row = gv_alloc(b->ctx, rows->n, sizeof *rows->row);
        rows->place = gv_alloc(b->ctx, rows->n_edges, sizeof *rows->place);
        if (b->walk->p != NULL)
            rows->p = gv_alloc(b->ctx, rows->n_edges, sizeof *rows->p);
        b->out->longest = rows->n_edges > b->out->longest ? rows->n_edges : b->out->longest;
        if (rows->row == NULL || rows->place == NULL || (b->walk->p != NULL && rows->p == NULL))
            return false;
    }
    return true;
}

/* Rows come as they lie in the graph; the places of their sources are the one thing that has to be
 * looked up all over memory. */
static void part_rows(const parting *b, int threads)
{
    const ppr_walk *walk = b->walk;
    const gv_node *restrict place = b->place;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < PIECES; i++) {
        cursor *at = b->at + i * b->out->n;
        for (int64_t v = piece_start(walk, i), end = piece_start(walk, i + 1); v < end; v++) {
            const gv_node *restrict source = walk->source + walk->offset[v];
            const int64_t count = walk->offset[v + 1] - walk->offset[v], k = place[v];
            const int32_t s = b->strip_of[k / GV_BLOCK];
            const ppr_strip_rows *rows = &b->out->rows[s];
            uint32_t *restrict to = rows->place + at[s].edge;
            if (count == 0)
                continue;
            for (int64_t e = 0; e < count; e++)
                to[e] = (uint32_t)place[source[e]];
            if (rows->p != NULL)
                memcpy(rows->p + at[s].edge, walk->p + walk->offset[v],
                       (size_t)count * sizeof *rows->p);
            rows->row[at[s].row++] =
                (ppr_row_edges){(uint32_t)(k - b->strip[s].begin), (uint32_t)count};
            at[s].edge += count;
        }
    }
}

/* ---- the whole ---------------------------------------------------------------------------- */

static bool make_strips(parting *b, ppr_tiles *tiles, int threads)
{
    const int64_t blocks = gv_blocks(b->walk->n);
    int64_t *edges = gv_alloc_zero(b->ctx, threads * blocks, sizeof *edges);
    b->strip_of = gv_alloc(b->ctx, blocks, sizeof *b->strip_of);
    tiles->strip = gv_alloc_zero(b->ctx, blocks, sizeof *tiles->strip);
    const bool fine = edges != NULL && b->strip_of != NULL && tiles->strip != NULL;
    if (fine) {
        count_blocks(b->walk, b->place, edges, threads);
        tiles->n_strips = cut_strips(b->walk, edges, tiles->strip, b->strip_of);
        b->strip = tiles->strip;
    }
    gv_free(b->ctx, edges);
    return fine;
}

static bool make_rows(parting *b, int threads)
{
    b->at = gv_alloc_zero(b->ctx, PIECES * b->out->n, sizeof *b->at);
    b->out->rows = gv_alloc_zero(b->ctx, b->out->n, sizeof *b->out->rows);
    if (b->at == NULL || b->out->rows == NULL)
        return false;
    count_rows(b, threads);
    if (!room_for_rows(b))
        return false;
    part_rows(b, threads);
    return true;
}

bool ppr_tile_rows_make(gv_context *ctx, const ppr_walk *walk, const gv_node *place, int threads,
                        ppr_tiles *tiles, ppr_tile_rows *out)
{
    parting b = {.ctx = ctx, .walk = walk, .place = place, .out = out};
    *out = (ppr_tile_rows){0};
    bool fine = make_strips(&b, tiles, threads);
    out->n = tiles->n_strips;
    fine = fine && make_rows(&b, threads);
    gv_free(ctx, b.at);
    gv_free(ctx, b.strip_of);
    return fine;
}

void ppr_strip_rows_free(gv_context *ctx, ppr_strip_rows *rows)
{
    gv_free(ctx, rows->p);
    gv_free(ctx, rows->place);
    gv_free(ctx, rows->row);
    *rows = (ppr_strip_rows){0};
}

void ppr_tile_rows_free(gv_context *ctx, ppr_tile_rows *t)
{
    for (int64_t i = 0; t->rows != NULL && i < t->n; i++)
        ppr_strip_rows_free(ctx, &t->rows[i]);
    gv_free(ctx, t->rows);
    *t = (ppr_tile_rows){0};
}
