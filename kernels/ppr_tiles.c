/* ppr_tiles.c -- makes the tiles of ppr_tiles.h and sums over them.
 *
 * Two passes over the edges. The first parts rows by strip (ppr_tile_rows.c). The second takes a
 * strip, one thread's: its edges go to the segments of their sources, the runs of a tile are sorted
 * by length, stably, and written. So a tile is a function of graph, order and the rows of its
 * strip, and as the sum of a row is that of its runs by segment, the bits do not depend on where
 * strips begin either. */
#include "kernels/ppr_tile_rows.h"

#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum { WAYS = 4 };

/* ---- edges by tile ------------------------------------------------------------------------ */

/* Source within a segment and row within a strip. */
typedef struct entry {
    uint16_t row, source;
} entry;

typedef struct run {
    uint32_t start; /* in the entries of the strip */
    uint16_t row, count;
} run;

/* What a thread works with. */
typedef struct scratch {
    entry *entry;  /* one more than edges of a strip */
    float *p;      /* weights by tile, or NULL */
    int64_t *at;   /* [WAYS][segments + 1] */
    uint32_t *end; /* of each run, in place of the places of the strip */
    int64_t *runs; /* [segments + 1], first run of a tile */
    run *sorted;   /* [PPR_TILE_SIDE] */
} scratch;

typedef struct builder {
    gv_context *ctx;
    bool weighted;
    ppr_tiles *out;
    ppr_tile_rows rows;
    scratch *scratch; /* [threads] */
} builder;

/* First edge of each segment. Counts are kept WAYS times, because the next edge is often of the
 * same segment. */
static void count_segments(const builder *b, const ppr_strip_rows *rows, const scratch *w)
{
    const int64_t segments = b->out->n_segments;
    const uint32_t *restrict place = rows->place;
    int64_t *restrict at = w->at;
    memset(at, 0, (size_t)(WAYS * (segments + 1)) * sizeof *at);
    for (int64_t e = 0; e < rows->n_edges; e++)
        at[e % WAYS * (segments + 1) + place[e] / PPR_TILE_SIDE]++;
    for (int64_t g = 0; g < segments; g++)
        for (int i = 1; i < WAYS; i++)
            at[g] += at[i * (segments + 1) + g];
    gv_prefix_sum(at, segments);
}

/* Entries by segment, then as the rows come. Leaves the ends of the segments in `at`. */
static void sort_entries(const ppr_strip_rows *rows, const scratch *w)
{
    const uint32_t *restrict place = rows->place;
    entry *restrict entries = w->entry;
    int64_t *restrict at = w->at;
    for (int64_t i = 0, e = 0; i < rows->n; i++) {
        const uint16_t row = (uint16_t)rows->row[i].row;
        for (const int64_t end = e + rows->row[i].count; e < end; e++) {
            const int64_t to = at[place[e] / PPR_TILE_SIDE]++;
            entries[to] = (entry){row, (uint16_t)(place[e] % PPR_TILE_SIDE)};
            if (rows->p != NULL)
                w->p[to] = rows->p[e];
        }
    }
}

/* ---- tiles -------------------------------------------------------------------------------- */

/* The ends of all runs of a strip, in place of the places, and the first run of each tile. */
static void find_runs(const builder *b, const scratch *w)
{
    const entry *restrict e = w->entry;
    uint32_t *restrict end = w->end;
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
        const int64_t count = w->end[i] - start;
        if (count > PPR_TILE_SHORT)
            longs += (count + PPR_TILE_LONG - 1) / PPR_TILE_LONG;
        else
            shorts[count]++;
        start = w->end[i];
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
        const int64_t end = w->end[i], count = end - start;
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

static bool make_strip(const builder *b, ppr_strip *s, const ppr_strip_rows *rows, scratch *w)
{
    count_segments(b, rows, w);
    sort_entries(rows, w);
    w->end = rows->place;
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
    if (s->p != NULL)
        memset(s->p + end.edge, 0, PPR_TILE_BEYOND * sizeof *s->p);
    write_tiles(b, s, w);
    return true;
}

static bool make_strips(const builder *b, int threads)
{
    int failed = 0; /* added up as integers: any order will do */
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) reduction(+ : failed)
    for (int64_t i = 0; i < b->out->n_strips; i++) {
        failed += !make_strip(b, &b->out->strip[i], &b->rows.rows[i], &b->scratch[gv_thread()]);
        ppr_strip_rows_free(b->ctx, &b->rows.rows[i]);
    }
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
    }
    gv_free(b->ctx, b->scratch);
}

static bool scratch_take(builder *b, int threads)
{
    gv_context *ctx = b->ctx;
    const int64_t longest = b->rows.longest;
    b->scratch = gv_alloc_zero(ctx, threads, sizeof *b->scratch);
    for (int i = 0; b->scratch != NULL && i < threads; i++) {
        scratch *w = &b->scratch[i];
        w->entry = gv_alloc(ctx, longest + 1, sizeof *w->entry);
        w->p = b->weighted ? gv_alloc(ctx, longest, sizeof *w->p) : NULL;
        w->at = gv_alloc(ctx, WAYS * (b->out->n_segments + 1), sizeof *w->at);
        w->runs = gv_alloc(ctx, b->out->n_segments + 1, sizeof *w->runs);
        w->sorted = gv_alloc(ctx, PPR_TILE_SIDE, sizeof *w->sorted);
        if (w->entry == NULL || w->at == NULL || w->runs == NULL || w->sorted == NULL ||
            (b->weighted && w->p == NULL))
            return false;
    }
    return b->scratch != NULL;
}

gv_status ppr_tiles_begin(gv_context *ctx, int64_t n, const gv_node *order, int threads,
                          ppr_tiles *out, gv_error *err)
{
    *out = (ppr_tiles){.n_segments = (n + PPR_TILE_SIDE - 1) / PPR_TILE_SIDE,
                       .n = n,
                       .order = order,
                       .sums = gv_alloc(ctx, (int64_t)threads * PPR_TILE_SIDE, sizeof(double)),
                       .lanes = ppr_tile_lanes_best()};
    return out->sums != NULL ? GV_OK : gv_no_memory(ctx, "ppr: sums of strips", err);
}

gv_status ppr_tiles_build(gv_context *ctx, const ppr_walk *walk, const gv_node *order,
                          const gv_node *place, int threads, ppr_tiles *out, gv_error *err)
{
    builder b = {.ctx = ctx, .weighted = walk->p != NULL, .out = out};
    const gv_status st = ppr_tiles_begin(ctx, walk->n, order, threads, out, err);
    if (st != GV_OK)
        return st;
    const bool parted = ppr_tile_rows_make(ctx, walk, place, threads, out, &b.rows);
    const bool small = !parted || b.rows.longest <= UINT32_MAX; /* places in a strip have 32 bits */
    const bool fine = parted && small && scratch_take(&b, threads) && make_strips(&b, threads);
    scratch_free(&b, threads);
    ppr_tile_rows_free(ctx, &b.rows);
    if (fine)
        return GV_OK;
    ppr_tiles_free(ctx, out);
    if (!small)
        return gv_fail(err, GV_ERR_RANGE, "ppr: layout segments: %d rows have more than %u edges",
                       (int)GV_BLOCK, (unsigned)UINT32_MAX);
    return gv_no_memory(ctx, "ppr: tiles of edges", err);
}

void ppr_tiles_free(gv_context *ctx, ppr_tiles *t)
{
    for (int64_t i = 0; t->strip != NULL && !t->mapped && i < t->n_strips; i++) {
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
