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

enum { MOST_BLOCKS = PPR_TILE_SIDE / GV_BLOCK, AHEAD = 16, WAYS = 4, FEW_EDGES = 1 << 16 };

/* ---- strips ------------------------------------------------------------------------------- */

/* A row of the graph: rows come by place, and looking them up one at a time is slow. */
typedef struct row_edges {
    int64_t first, count;
} row_edges;

static void find_rows(const ppr_walk *walk, const gv_node *order, row_edges *row, int64_t *edges,
                      int threads)
{
    const int64_t blocks = gv_blocks(walk->n);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t b = 0; b < blocks; b++) {
        int64_t sum = 0;
        for (int64_t k = b * GV_BLOCK; k < gv_block_end(b, walk->n); k++) {
            const int64_t v = order[k], first = walk->offset[v];
            row[k] = (row_edges){first, walk->offset[v + 1] - first};
            sum += row[k].count;
        }
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
    uint32_t start; /* in the entries of the strip */
    uint16_t row, count;
} run;

/* What a thread works with. */
typedef struct scratch {
    uint32_t *place; /* [edges of a strip] of their sources; then the ends of the runs */
    entry *entry;    /* one more than edges */
    float *p;        /* weights by tile, or NULL */
    int64_t *at;     /* [WAYS][segments + 1] */
    int64_t *runs;   /* [segments + 1], first run of a tile */
    run *sorted;     /* [PPR_TILE_SIDE] */
} scratch;

typedef struct builder {
    gv_context *ctx;
    const ppr_walk *walk;
    const gv_node *place;
    row_edges *row; /* [n], by place */
    ppr_tiles *out;
    scratch *scratch; /* [threads] */
} builder;

/* Places of all sources of a strip, and how many there are in each segment. Counts are kept WAYS
 * times, because the next one is often for the same segment. */
static void find_places(const builder *b, const ppr_strip *s, const scratch *w)
{
    const gv_node *restrict source = b->walk->source, *restrict place = b->place;
    const int64_t segments = b->out->n_segments;
    uint32_t *restrict to = w->place;
    int64_t *restrict at = w->at;
    memset(at, 0, (size_t)(WAYS * (segments + 1)) * sizeof *at);
    for (int64_t k = s->begin; k < s->end; k++) {
        const int64_t first = b->row[k].first, end = first + b->row[k].count;
        if (k + AHEAD < s->end)
            __builtin_prefetch(source + b->row[k + AHEAD].first);
        for (int64_t e = first; e < end; e++) {
            const uint32_t x = (uint32_t)place[source[e]];
            *to++ = x;
            at[(e % WAYS) * (segments + 1) + x / PPR_TILE_SIDE]++;
        }
    }
    for (int64_t g = 0; g < segments; g++)
        for (int i = 1; i < WAYS; i++)
            at[g] += at[i * (segments + 1) + g];
    gv_prefix_sum(at, segments);
}

/* Entries by segment, then row, then as in the graph. Leaves the ends of the segments in `at`. */
static void sort_entries(const builder *b, const ppr_strip *s, const scratch *w)
{
    const float *restrict p = b->walk->p;
    const uint32_t *restrict from = w->place;
    entry *restrict entries = w->entry;
    int64_t *restrict at = w->at;
    for (int64_t k = s->begin; k < s->end; k++) {
        const uint16_t row = (uint16_t)(k - s->begin);
        const int64_t first = b->row[k].first, end = first + b->row[k].count;
        for (int64_t e = first; e < end; e++) {
            const uint32_t x = *from++;
            const int64_t to = at[x / PPR_TILE_SIDE]++;
            entries[to] = (entry){row, (uint16_t)(x % PPR_TILE_SIDE)};
            if (w->p != NULL)
                w->p[to] = p[e];
        }
    }
}

/* ---- tiles -------------------------------------------------------------------------------- */

/* The ends of all runs of a strip, in place of the places, and the first run of each tile. */
static void find_runs(const builder *b, const scratch *w)
{
    const entry *restrict e = w->entry;
    uint32_t *restrict end = w->place;
    int64_t i = 0, n = 0;
    for (int64_t g = 0; g < b->out->n_segments; g++) {
        const int64_t last = w->at[g] - 1;
        w->runs[g] = n;
        for (; i < last; i++) {
            end[n] = (uint32_t)i + 1;
            n += e[i].row != e[i + 1].row;
        }
        if (i == last) {
            end[n++] = (uint32_t)++i;
        }
    }
    w->runs[b->out->n_segments] = n;
}

/* How many short runs a tile has of each length; returns how many long ones that makes. */
static int64_t count_runs(const scratch *w, int64_t g, int64_t *shorts)
{
    int64_t longs = 0, start = g > 0 ? w->at[g - 1] : 0;
    for (int64_t i = w->runs[g]; i < w->runs[g + 1]; i++) {
        const int64_t count = w->place[i] - start;
        if (count > PPR_TILE_SHORT)
            longs += (count + PPR_TILE_LONG - 1) / PPR_TILE_LONG;
        else
            shorts[count]++;
        start = w->place[i];
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
        at.run += count_runs(w, g, shorts);
        for (int length = 1; length <= PPR_TILE_SHORT; length++)
            n += shorts[length];
        at.slice += (n + PPR_TILE_LANES - 1) / PPR_TILE_LANES;
        at.edge = w->at[g];
    }
    s->tile[b->out->n_segments] = at;
}

/* Writes a long run; returns where the next edge goes. */
static int64_t write_long(const ppr_strip *s, const scratch *w, int64_t start, int64_t end,
                          int64_t to, int64_t *next)
{
    for (int64_t k = start; k < end; k++)
        s->source[to + k - start] = w->entry[k].source;
    if (s->p != NULL)
        memcpy(s->p + to, w->p + start, (size_t)(end - start) * sizeof *s->p);
    for (int64_t left = end - start; left > 0; left -= PPR_TILE_LONG)
        s->run[(*next)++] = (ppr_long_run){w->entry[start].row,
                                           (uint16_t)(left < PPR_TILE_LONG ? left : PPR_TILE_LONG)};
    return to + end - start;
}

/* Writes the long runs of tile g and sorts the short ones; returns the number of these, and where
 * the next edge goes. */
static int64_t sort_runs(const ppr_strip *s, int64_t g, const scratch *w, int64_t *to)
{
    int64_t at[PPR_TILE_SHORT + 1] = {0}, shorts = 0, next = s->tile[g].run;
    int64_t start = s->tile[g].edge;
    count_runs(w, g, at);
    for (int length = PPR_TILE_SHORT; length >= 1; length--) {
        const int64_t count = at[length];
        at[length] = shorts;
        shorts += count;
    }
    *to = start;
    for (int64_t i = w->runs[g]; i < w->runs[g + 1]; i++) {
        const int64_t end = w->place[i], count = end - start;
        if (count > PPR_TILE_SHORT)
            *to = write_long(s, w, start, end, *to, &next);
        else
            w->sorted[at[count]++] = (run){(uint32_t)start, w->entry[start].row, (uint16_t)count};
        start = end;
    }
    return shorts;
}

/* Writes up to 16 sorted runs beside each other; returns where the next edge goes. */
static int64_t write_slice(const ppr_strip *s, const run *r, int lanes, const scratch *w,
                           ppr_slice *out, int64_t to)
{
    const entry *restrict e = w->entry;
    uint16_t *restrict source = s->source;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < lanes; i++) {
        out->row[i] = r[i].row;
        out->count[i] = (uint8_t)r[i].count;
    }
    for (uint32_t k = 0; k < r[0].count; k++) {
        while (r[lanes - 1].count <= k)
            lanes--;
        for (int i = 0; i < lanes; i++)
            source[to + i] = e[r[i].start + k].source;
        for (int i = 0; i < lanes && s->p != NULL; i++)
            s->p[to + i] = w->p[r[i].start + k];
        to += lanes;
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
            to = write_slice(s, w->sorted + i, lanes, w, &s->slice[slice++], to);
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
    find_runs(b, w);
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
        gv_free(b->ctx, b->scratch[i].runs);
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
        w->entry = gv_alloc(ctx, longest + 1, sizeof *w->entry);
        w->p = weighted ? gv_alloc(ctx, longest, sizeof *w->p) : NULL;
        w->at = gv_alloc(ctx, WAYS * (b->out->n_segments + 1), sizeof *w->at);
        w->runs = gv_alloc(ctx, b->out->n_segments + 1, sizeof *w->runs);
        w->sorted = gv_alloc(ctx, PPR_TILE_SIDE, sizeof *w->sorted);
        if (w->place == NULL || w->entry == NULL || w->at == NULL || w->runs == NULL ||
            w->sorted == NULL || (weighted && w->p == NULL))
            return false;
    }
    return b->scratch != NULL;
}

gv_status ppr_tiles_build(gv_context *ctx, const ppr_walk *walk, const gv_node *order,
                          const gv_node *place, int threads, ppr_tiles *out, gv_error *err)
{
    const int64_t blocks = gv_blocks(walk->n);
    int64_t longest = 0;
    builder b = {.ctx = ctx, .walk = walk, .place = place, .out = out};
    *out = (ppr_tiles){.n_segments = (walk->n + PPR_TILE_SIDE - 1) / PPR_TILE_SIDE,
                       .n = walk->n,
                       .order = order,
                       .strip = gv_alloc_zero(ctx, blocks, sizeof *out->strip),
                       .sums = gv_alloc(ctx, (int64_t)threads * PPR_TILE_SIDE, sizeof(double)),
                       .lanes = ppr_tile_lanes_best()};
    int64_t *edges = gv_alloc(ctx, blocks, sizeof *edges);
    b.row = gv_alloc(ctx, walk->n, sizeof *b.row);
    bool fine = out->strip != NULL && out->sums != NULL && edges != NULL && b.row != NULL;
    if (fine) {
        find_rows(walk, order, b.row, edges, threads);
        out->n_strips = cut_strips(walk, edges, out->strip, &longest);
        fine = scratch_take(&b, longest, threads) && make_strips(&b, threads);
        scratch_free(&b, threads);
    }
    gv_free(ctx, b.row);
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
