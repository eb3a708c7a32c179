/* ppr_tiles.c -- makes the tiles of ppr_tiles.h and sums over them.
 *
 * A strip is made by one thread: its edges get places and go to the segments of their sources, in
 * order of rows and then of the graph; the runs of a tile are then sorted by length, stably. So a
 * tile is a function of graph, order and the rows of its strip, and as the sum of a row is that of
 * its runs by segment, the bits do not depend on where strips begin either. */
#include "kernels/ppr_tiles.h"

#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum { MOST_BLOCKS = PPR_TILE_SIDE / GV_BLOCK, AHEAD = 32, FEW_EDGES = 1 << 16 };

/* ---- strips ------------------------------------------------------------------------------- */

static int64_t row_length(const ppr_walk *walk, int64_t v)
{
    return walk->offset[v + 1] - walk->offset[v];
}

static void count_blocks(const ppr_walk *walk, const gv_node *order, int64_t *edges, int threads)
{
    const int64_t blocks = gv_blocks(walk->n);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t b = 0; b < blocks; b++) {
        int64_t sum = 0;
        for (int64_t k = b * GV_BLOCK; k < gv_block_end(b, walk->n); k++)
            sum += row_length(walk, order[k]);
        edges[b] = sum;
    }
}

/* Cuts rows into strips, of which `strip` has room for the blocks; returns their number, and the
 * edges of the longest. */
static int64_t cut_strips(const ppr_walk *walk, const int64_t *edges, ppr_strip *strip,
                          int64_t *longest)
{
    const int64_t blocks = gv_blocks(walk->n), share = walk->offset[walk->n] / PPR_TILE_STRIPS;
    const int64_t most = share > FEW_EDGES ? share : FEW_EDGES;
    int64_t n = 0;
    *longest = 0;
    for (int64_t b = 0; b < blocks; n++) {
        const int64_t first = b;
        int64_t sum = edges[b++];
        while (b < blocks && b - first < MOST_BLOCKS && sum + edges[b] <= most)
            sum += edges[b++];
        strip[n] = (ppr_strip){.begin = first * GV_BLOCK, .end = gv_block_end(b - 1, walk->n)};
        *longest = sum > *longest ? sum : *longest;
    }
    return n;
}

/* ---- edges by tile ------------------------------------------------------------------------ */

/* Row and source within a tile, and its weight. */
typedef struct entry {
    uint16_t row, source;
} entry;

typedef struct run {
    uint32_t start; /* in the entries of the tile */
    uint16_t row, count;
} run;

/* What a thread works with. */
typedef struct scratch {
    gv_node *place; /* [edges of a strip] */
    entry *entry;
    float *p;    /* weights by tile, or NULL */
    int64_t *at; /* [segments + 1] */
    run *sorted; /* [PPR_TILE_SIDE] */
} scratch;

typedef struct builder {
    gv_context *ctx;
    const ppr_walk *walk;
    const gv_node *order, *place;
    ppr_tiles *out;
    scratch *scratch; /* [threads] */
} builder;

/* Places of all sources of a strip, and how many there are in each segment. */
static void find_places(const builder *b, const ppr_strip *s, const scratch *w)
{
    const ppr_walk *walk = b->walk;
    const gv_node *restrict source = walk->source, *restrict place = b->place;
    const int64_t last = walk->offset[walk->n] - 1;
    int64_t i = 0;
    memset(w->at, 0, (size_t)(b->out->n_segments + 1) * sizeof *w->at);
    for (int64_t k = s->begin; k < s->end; k++) {
        const int64_t v = b->order[k];
        if (k + 8 < s->end)
            __builtin_prefetch(source + walk->offset[b->order[k + 8]]);
        for (int64_t e = walk->offset[v]; e < walk->offset[v + 1]; e++) {
            __builtin_prefetch(place + source[e + AHEAD < last ? e + AHEAD : last]);
            w->place[i] = place[source[e]];
            w->at[w->place[i++] / PPR_TILE_SIDE]++;
        }
    }
    gv_prefix_sum(w->at, b->out->n_segments);
}

/* Entries by segment, then row, then as in the graph. Leaves the ends of the segments in `at`. */
static void sort_entries(const builder *b, const ppr_strip *s, const scratch *w)
{
    const ppr_walk *walk = b->walk;
    int64_t i = 0;
    for (int64_t k = s->begin; k < s->end; k++) {
        const int64_t v = b->order[k];
        const uint16_t row = (uint16_t)(k - s->begin);
        for (int64_t e = walk->offset[v]; e < walk->offset[v + 1]; e++, i++) {
            const gv_node at = w->place[i];
            const int64_t to = w->at[at / PPR_TILE_SIDE]++;
            w->entry[to] = (entry){row, (uint16_t)(at % PPR_TILE_SIDE)};
            if (w->p != NULL)
                w->p[to] = walk->p[e];
        }
    }
}

/* ---- tiles -------------------------------------------------------------------------------- */

static int64_t run_end(const entry *e, int64_t i, int64_t n)
{
    const uint16_t row = e[i].row;
    do
        i++;
    while (i < n && e[i].row == row);
    return i;
}

/* Adds the long runs of entries [0, n), and how many short ones there are of each length. */
static int64_t count_runs(const entry *e, int64_t n, int64_t *shorts)
{
    int64_t longs = 0;
    for (int64_t i = 0, end; i < n; i = end) {
        end = run_end(e, i, n);
        if (end - i > PPR_TILE_SHORT)
            longs += (end - i + PPR_TILE_LONG - 1) / PPR_TILE_LONG;
        else
            shorts[end - i]++;
    }
    return longs;
}

/* Starts of the tiles of a strip; the ends are those of the last one. */
static void measure_tiles(const builder *b, const ppr_strip *s, const scratch *w)
{
    ppr_tile at = {0, 0, 0};
    for (int64_t g = 0; g < b->out->n_segments; g++) {
        int64_t shorts[PPR_TILE_SHORT + 1] = {0}, n = 0;
        s->tile[g] = at;
        at.run += count_runs(w->entry + at.edge, w->at[g] - at.edge, shorts);
        for (int length = 1; length <= PPR_TILE_SHORT; length++)
            n += shorts[length];
        at.slice += (n + PPR_TILE_LANES - 1) / PPR_TILE_LANES;
        at.edge = w->at[g];
    }
    s->tile[b->out->n_segments] = at;
}

/* Writes the long runs of tile g and sorts the short ones; returns the number of these. */
static int64_t sort_runs(const ppr_strip *s, int64_t g, const scratch *w, int64_t *written)
{
    const int64_t first = s->tile[g].edge, n = s->tile[g + 1].edge - first;
    const entry *e = w->entry + first;
    int64_t at[PPR_TILE_SHORT + 2] = {0}, shorts = 0, next = s->tile[g].run, to = first;
    count_runs(e, n, at);
    for (int length = PPR_TILE_SHORT; length >= 1; length--) {
        const int64_t count = at[length];
        at[length] = shorts;
        shorts += count;
    }
    for (int64_t i = 0, end; i < n; i = end) {
        end = run_end(e, i, n);
        if (end - i <= PPR_TILE_SHORT) {
            w->sorted[at[end - i]++] = (run){(uint32_t)i, e[i].row, (uint16_t)(end - i)};
            continue;
        }
        for (int64_t k = i; k < end; k++, to++) {
            s->source[to] = e[k].source;
            if (s->p != NULL)
                s->p[to] = w->p[first + k];
        }
        for (int64_t left = end - i; left > 0; left -= PPR_TILE_LONG)
            s->run[next++] =
                (ppr_long_run){e[i].row, (uint16_t)(left < PPR_TILE_LONG ? left : PPR_TILE_LONG)};
    }
    *written = to;
    return shorts;
}

/* Writes up to 16 sorted runs beside each other; returns where the next edge goes. */
static int64_t write_slice(const ppr_strip *s, int64_t first, const run *r, int lanes,
                           const scratch *w, ppr_slice *out, int64_t to)
{
    const entry *e = w->entry + first;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < lanes; i++) {
        out->row[i] = r[i].row;
        out->count[i] = (uint8_t)r[i].count;
    }
    for (uint32_t k = 0; k < r[0].count; k++)
        for (int i = 0; i < lanes && r[i].count > k; i++, to++) {
            s->source[to] = e[r[i].start + k].source;
            if (s->p != NULL)
                s->p[to] = w->p[first + r[i].start + k];
        }
    return to;
}

static void write_tiles(const builder *b, const ppr_strip *s, const scratch *w)
{
    for (int64_t g = 0; g < b->out->n_segments; g++) {
        int64_t to, slice = s->tile[g].slice;
        const int64_t n = sort_runs(s, g, w, &to);
        for (int64_t i = 0; i < n; i += PPR_TILE_LANES) {
            const int lanes = n - i < PPR_TILE_LANES ? (int)(n - i) : PPR_TILE_LANES;
            to = write_slice(s, s->tile[g].edge, w->sorted + i, lanes, w, &s->slice[slice++], to);
        }
    }
}

static bool make_strip(const builder *b, ppr_strip *s, const scratch *w)
{
    find_places(b, s, w);
    sort_entries(b, s, w);
    s->tile = gv_alloc(b->ctx, b->out->n_segments + 1, sizeof *s->tile);
    if (s->tile == NULL)
        return false;
    measure_tiles(b, s, w);
    const ppr_tile end = s->tile[b->out->n_segments];
    s->run = gv_alloc(b->ctx, end.run, sizeof *s->run);
    s->slice = gv_alloc(b->ctx, end.slice, sizeof *s->slice);
    s->source = gv_alloc(b->ctx, end.edge + PPR_TILE_BEYOND, sizeof *s->source);
    if (w->p != NULL)
        s->p = gv_alloc(b->ctx, end.edge + PPR_TILE_BEYOND, sizeof *s->p);
    if (s->run == NULL || s->slice == NULL || s->source == NULL || (w->p != NULL && s->p == NULL))
        return false;
    memset(s->source + end.edge, 0, PPR_TILE_BEYOND * sizeof *s->source);
    write_tiles(b, s, w);
    return true;
}

static bool make_strips(const builder *b, int threads)
{
    int failed = 0; /* added up as integers: any order will do */
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) reduction(+ : failed)
    for (int64_t i = 0; i < b->out->n_strips; i++)
        failed += !make_strip(b, &b->out->strip[i], &b->scratch[gv_thread()]);
    return failed == 0;
}

/* ---- making ------------------------------------------------------------------------------- */

static void scratch_free(const builder *b, int threads)
{
    for (int i = 0; b->scratch != NULL && i < threads; i++) {
        gv_free(b->ctx, b->scratch[i].sorted);
        gv_free(b->ctx, b->scratch[i].at);
        gv_free(b->ctx, b->scratch[i].p);
        gv_free(b->ctx, b->scratch[i].entry);
        gv_free(b->ctx, b->scratch[i].place);
    }
    gv_free(b->ctx, b->scratch);
}

static bool scratch_take(builder *b, int64_t longest, int threads)
{
    gv_context *ctx = b->ctx;
    const bool weighted = b->walk->p != NULL;
    b->scratch = gv_alloc_zero(ctx, threads, sizeof *b->scratch);
    for (int i = 0; b->scratch != NULL && i < threads; i++) {
        scratch *w = &b->scratch[i];
        w->place = gv_alloc(ctx, longest, sizeof *w->place);
        w->entry = gv_alloc(ctx, longest, sizeof *w->entry);
        w->p = weighted ? gv_alloc(ctx, longest, sizeof *w->p) : NULL;
        w->at = gv_alloc(ctx, b->out->n_segments + 1, sizeof *w->at);
        w->sorted = gv_alloc(ctx, PPR_TILE_SIDE, sizeof *w->sorted);
        if (w->place == NULL || w->entry == NULL || w->at == NULL || w->sorted == NULL ||
            (weighted && w->p == NULL))
            return false;
    }
    return b->scratch != NULL;
}

gv_status ppr_tiles_build(gv_context *ctx, const ppr_walk *walk, const gv_node *order,
                          const gv_node *place, int threads, ppr_tiles *out, gv_error *err)
{
    const int64_t blocks = gv_blocks(walk->n);
    int64_t longest = 0;
    builder b = {.ctx = ctx, .walk = walk, .order = order, .place = place, .out = out};
    *out = (ppr_tiles){.n_segments = (walk->n + PPR_TILE_SIDE - 1) / PPR_TILE_SIDE,
                       .n = walk->n,
                       .order = order,
                       .strip = gv_alloc_zero(ctx, blocks, sizeof *out->strip),
                       .sums = gv_alloc(ctx, (int64_t)threads * PPR_TILE_SIDE, sizeof(double)),
                       .lanes = ppr_tile_lanes_best()};
    int64_t *edges = gv_alloc(ctx, blocks, sizeof *edges);
    bool fine = out->strip != NULL && out->sums != NULL && edges != NULL;
    if (fine) {
        count_blocks(walk, order, edges, threads);
        out->n_strips = cut_strips(walk, edges, out->strip, &longest);
        fine = scratch_take(&b, longest, threads) && make_strips(&b, threads);
        scratch_free(&b, threads);
    }
    gv_free(ctx, edges);
    if (fine)
        return GV_OK;
    ppr_tiles_free(ctx, out);
    return gv_no_memory(ctx, "ppr: tiles of edges", err);
}

void ppr_tiles_free(gv_context *ctx, ppr_tiles *t)
{
    for (int64_t i = 0; t->strip != NULL && i < t->n_strips; i++) {
        gv_free(ctx, t->strip[i].p);
        gv_free(ctx, t->strip[i].source);
        gv_free(ctx, t->strip[i].slice);
        gv_free(ctx, t->strip[i].run);
        gv_free(ctx, t->strip[i].tile);
    }
    gv_free(ctx, t->sums);
    gv_free(ctx, t->strip);
    *t = (ppr_tiles){0};
}

/* ---- sums --------------------------------------------------------------------------------- */

static ppr_tile_work work_of(const ppr_strip *s, int64_t g)
{
    const ppr_tile *t = &s->tile[g];
    return (ppr_tile_work){.run = s->run + t->run,
                           .slice = s->slice + t->slice,
                           .n_runs = t[1].run - t->run,
                           .n_slices = t[1].slice - t->slice,
                           .source = s->source + t->edge,
                           .p = s->p != NULL ? s->p + t->edge : NULL};
}

const float *ppr_tiles_sum(const ppr_tiles *t, int64_t i, const float *share)
{
    float *sum = (float *)t->sums + (int64_t)gv_thread() * PPR_TILE_SIDE * 2;
    const ppr_strip *s = &t->strip[i];
    memset(sum, 0, (size_t)(s->end - s->begin) * sizeof *sum);
    for (int64_t g = 0; g < t->n_segments; g++) {
        ppr_tile_work w = work_of(s, g);
        w.share = share + g * PPR_TILE_SIDE;
        w.sum = sum;
        t->lanes->single(&w);
    }
    return sum;
}

const double *ppr_tiles_sum_double(const ppr_tiles *t, int64_t i, const double *share)
{
    double *sum = (double *)t->sums + (int64_t)gv_thread() * PPR_TILE_SIDE;
    const ppr_strip *s = &t->strip[i];
    memset(sum, 0, (size_t)(s->end - s->begin) * sizeof *sum);
    for (int64_t g = 0; g < t->n_segments; g++) {
        ppr_tile_work w = work_of(s, g);
        w.share = share + g * PPR_TILE_SIDE;
        w.sum = sum;
        t->lanes->twice(&w);
    }
    return sum;
}
