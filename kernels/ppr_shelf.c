/* ppr_shelf.c -- see ppr_shelf.h.
 *
 * Arrays of strips and segments are kept one behind another, with how long each is, and lie so when
 * they are taken. Numbers out of a file are checked before sweeps follow them: places within the
 * nodes, rows within their block, strip or bin, and as many edges as rows say. Whether they are the
 * right ones, the checksums say. Checks are passes over blocks, each by one thread; whatever is
 * wrong, the layout as a whole is. */
#include "kernels/ppr_shelf.h"

#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum { KEY_CHARS = 64 };

/* To be raised with any change of what the arrays mean. */
static const char tiles_name[] = "ppr-tiles 1", bins_name[] = "ppr-bins 1",
                  segments_name[] = "ppr-segments 1";

static const char *make_key(const ppr_shelf *s, const char *name, int width, char *key)
{
    char wide[16] = "";
    if (width > 0)
        snprintf(wide, sizeof wide, " %d", width);
    snprintf(key, KEY_CHARS, "%s%s %s%s", name, wide, s->forward ? "forward" : "reverse",
             s->walk->p != NULL ? " weighted" : "");
    return key;
}

static gv_status wrong(const char *key, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA,
                   "ppr: layout '%s' is damaged: its numbers do not fit the graph; its file can be "
                   "removed",
                   key);
}

static gv_layout_array array_of(const char *name, int32_t size, int64_t n, const void *data)
{
    return (gv_layout_array){.name = name, .size = size, .n = n, .data = data};
}

/* An array of pieces, whose lengths follow. */
static gv_layout_array in_pieces(const char *name, int32_t size, const void *const *piece,
                                 const int64_t *piece_n, int64_t n_pieces)
{
    gv_layout_array a = {
        .name = name, .size = size, .piece = piece, .piece_n = piece_n, .n_pieces = n_pieces};
    for (int64_t i = 0; i < n_pieces; i++)
        a.n += piece_n[i];
    return a;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static bool nodes_fit(const ppr_shelf *s, const ppr_nodes *nodes)
{
    const gv_node *order = nodes->order, *place = nodes->place;
    const int64_t n = s->walk->n;
    int64_t bad = 0; /* counts are integers: any order will do */
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(static) reduction(+ : bad)
    for (int64_t k = 0; k < n; k++)
        bad += order[k] < 0 || order[k] >= n || place[order[k]] != k;
    return bad == 0;
}

/* ---- tiles ----------------------------------------------------------------------------------- */

enum { TILE_ARRAYS = 8, STRIP_NUMBERS = 2 };

/* Numbers of a tile: where its runs, slices and edges start. */
enum { TILE_NUMBERS = (int)(sizeof(ppr_tile) / sizeof(int64_t)) };

/* order, place, strip, tile, run, slice, source, p */
static void name_tiles(gv_layout_array *a, int64_t n)
{
    a[0] = array_of("order", 4, n, NULL);
    a[1] = array_of("place", 4, n, NULL);
    a[2] = array_of("strip", 8, -1, NULL);
    a[3] = array_of("tile", 8, -1, NULL);
    a[4] = array_of("run", 4, -1, NULL);
    a[5] = array_of("slice", 1, -1, NULL);
    a[6] = array_of("source", 2, -1, NULL);
    a[7] = array_of("p", 4, -1, NULL);
}

static int64_t edges_of(const ppr_tile_work *w)
{
    int64_t edges = 0;
    for (int64_t i = 0; i < w->n_runs; i++)
        edges += w->run[i].count;
    for (int64_t i = 0; i < w->n_slices; i++)
        for (int lane = 0; lane < PPR_TILE_LANES; lane++)
            edges += w->slice[i].count[lane];
    return edges;
}

static bool rows_fit(const ppr_tile_work *w, int64_t rows)
{
    bool fit = true;
    for (int64_t i = 0; i < w->n_runs; i++)
        fit = fit && w->run[i].row < rows && w->run[i].count <= PPR_TILE_LONG;
    for (int64_t i = 0; i < w->n_slices; i++)
        for (int lane = 0; lane < PPR_TILE_LANES; lane++)
            fit = fit && w->slice[i].row[lane] < rows &&
                  w->slice[i].count[lane] <= PPR_TILE_SHORT &&
                  (lane == 0 || w->slice[i].count[lane] <= w->slice[i].count[lane - 1]);
    return fit;
}

/* Tile g of a strip: as many edges as its runs and slices say, from sources of its segment. */
static bool tile_fits(const ppr_tiles *t, const ppr_strip *s, int64_t g)
{
    const ppr_tile *at = &s->tile[g];
    const int64_t left = t->n - g * PPR_TILE_SIDE;
    const int64_t sources = left < PPR_TILE_SIDE ? left : PPR_TILE_SIDE;
    const ppr_tile_work w = {.run = s->run + at->run,
                             .slice = s->slice + at->slice,
                             .n_runs = at[1].run - at->run,
                             .n_slices = at[1].slice - at->slice};
    if (!rows_fit(&w, s->end - s->begin) || edges_of(&w) != at[1].edge - at->edge)
        return false;
    int64_t most = -1;
    for (int64_t e = at->edge; e < at[1].edge; e++)
        most = s->source[e] > most ? s->source[e] : most;
    return most < sources;
}

static bool strip_fits(const ppr_tiles *t, const ppr_strip *s)
{
    for (int64_t g = 0; g < t->n_segments; g++)
        if (!tile_fits(t, s, g))
            return false;
    return true;
}

static bool strips_fit(const ppr_shelf *s, const ppr_tiles *t)
{
    int64_t bad = 0; /* counts are integers: any order will do */
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(dynamic, 1)              \
    reduction(+ : bad)
    for (int64_t i = 0; i < t->n_strips; i++)
        bad += !strip_fits(t, &t->strip[i]);
    return bad == 0;
}

/* Tiles of a strip start at 0 and never before the last one. */
static bool tiles_ascend(const ppr_tile *tile, int64_t n)
{
    bool fit = tile[0].run == 0 && tile[0].slice == 0 && tile[0].edge == 0;
    for (int64_t g = 0; g < n; g++)
        fit = fit && tile[g].run <= tile[g + 1].run && tile[g].slice <= tile[g + 1].slice &&
              tile[g].edge <= tile[g + 1].edge;
    return fit;
}

/* Strip i begins where the one before ends, and its arrays where the ones before end, at `at`;
 * false where that is beyond the arrays. */
static bool set_strip(ppr_tiles *t, const gv_layout_array *a, int64_t i, ppr_tile *at)
{
    const int64_t *rows = (const int64_t *)a[2].data + i * STRIP_NUMBERS;
    ppr_strip *s = &t->strip[i];
    s->begin = rows[0], s->end = rows[1];
    if (s->begin != (i > 0 ? t->strip[i - 1].end : 0) || s->end <= s->begin || s->end > t->n ||
        s->end - s->begin > PPR_TILE_SIDE || (s->end % GV_BLOCK != 0 && s->end != t->n))
        return false;
    /* only read from now on, though the pointers would allow more */
    s->tile = (ppr_tile *)(uintptr_t)a[3].data + i * (t->n_segments + 1);
    s->run = (ppr_long_run *)(uintptr_t)a[4].data + at->run;
    s->slice = (ppr_slice *)(uintptr_t)a[5].data + at->slice;
    s->source = (uint16_t *)(uintptr_t)a[6].data + at->edge;
    s->p = a[7].n > 0 ? (float *)(uintptr_t)a[7].data + at->edge : NULL;
    const ppr_tile *end = &s->tile[t->n_segments];
    if (!tiles_ascend(s->tile, t->n_segments) || end->run > a[4].n - at->run ||
        end->slice > a[5].n / (int64_t)sizeof(ppr_slice) - at->slice ||
        end->edge > a[6].n - PPR_TILE_BEYOND - at->edge)
        return false;
    at->run += end->run, at->slice += end->slice, at->edge += end->edge + PPR_TILE_BEYOND;
    return true;
}

static bool set_strips(const ppr_shelf *s, const gv_layout_array *a, ppr_tiles *t)
{
    ppr_tile at = {0, 0, 0};
    bool fit = a[2].n == t->n_strips * STRIP_NUMBERS &&
               a[3].n == t->n_strips * (t->n_segments + 1) * TILE_NUMBERS &&
               a[7].n == (s->walk->p != NULL ? a[6].n : 0);
    for (int64_t i = 0; fit && i < t->n_strips; i++)
        fit = set_strip(t, a, i, &at);
    const int64_t edges = at.edge - t->n_strips * PPR_TILE_BEYOND;
    return fit && t->strip[t->n_strips - 1].end == t->n &&
           edges == s->walk->offset[t->n] - s->walk->offset[0] && strips_fit(s, t);
}

gv_status ppr_tiles_take(const ppr_shelf *s, int threads, ppr_nodes *nodes, ppr_tiles *tiles,
                         bool *found, gv_error *err)
{
    char key[KEY_CHARS];
    gv_layout_array a[TILE_ARRAYS];
    *found = false;
    if (!gv_layout_shelved(s->ctx))
        return GV_OK;
    name_tiles(a, s->walk->n);
    make_key(s, tiles_name, 0, key);
    gv_status st = gv_layout_take(s->ctx, s->hash, key, a, TILE_ARRAYS, found, err);
    if (st != GV_OK || !*found)
        return st;
    *nodes = (ppr_nodes){.order = a[0].data, .place = a[1].data};
    st = ppr_tiles_begin(s->ctx, s->walk->n, nodes->order, threads, tiles, err);
    if (st != GV_OK)
        return st;
    tiles->mapped = true;
    tiles->n_strips = a[2].n / STRIP_NUMBERS;
    tiles->strip = gv_alloc_zero(s->ctx, tiles->n_strips, sizeof *tiles->strip);
    if (tiles->strip == NULL)
        return gv_no_memory(s->ctx, "ppr: strips", err);
    return tiles->n_strips > 0 && nodes_fit(s, nodes) && set_strips(s, a, tiles) ? GV_OK
                                                                                 : wrong(key, err);
}

/* Pieces of the arrays from `tile` on, and their lengths. */
enum { TILE_PIECES = 5 };

static void list_strips(const ppr_tiles *t, const void **piece, int64_t *length, int64_t *rows)
{
    const int64_t n = t->n_strips;
    for (int64_t i = 0; i < n; i++) {
        const ppr_strip *s = &t->strip[i];
        const ppr_tile *end = &s->tile[t->n_segments];
        const void *const of[TILE_PIECES] = {s->tile, s->run, s->slice, s->source, s->p};
        const int64_t long_as[TILE_PIECES] = {
            (t->n_segments + 1) * TILE_NUMBERS, end->run, end->slice * (int64_t)sizeof(ppr_slice),
            end->edge + PPR_TILE_BEYOND, s->p != NULL ? end->edge + PPR_TILE_BEYOND : 0};
        for (int k = 0; k < TILE_PIECES; k++)
            piece[k * n + i] = of[k], length[k * n + i] = long_as[k];
        rows[STRIP_NUMBERS * i] = s->begin, rows[STRIP_NUMBERS * i + 1] = s->end;
    }
}

gv_status ppr_tiles_keep(const ppr_shelf *s, const ppr_nodes *nodes, const ppr_tiles *tiles,
                         gv_error *err)
{
    static const int32_t size[TILE_PIECES] = {8, 4, 1, 2, 4};
    char key[KEY_CHARS];
    gv_layout_array a[TILE_ARRAYS];
    const int64_t n = tiles->n_strips;
    if (tiles->mapped || !gv_layout_keeps(s->ctx))
        return GV_OK;
    const void **piece = gv_alloc(s->ctx, TILE_PIECES * n, sizeof *piece);
    int64_t *length = gv_alloc(s->ctx, TILE_PIECES * n, sizeof *length);
    int64_t *rows = gv_alloc(s->ctx, STRIP_NUMBERS * n, sizeof *rows);
    gv_status st = GV_OK;
    if (piece == NULL || length == NULL || rows == NULL)
        st = gv_no_memory(s->ctx, "ppr: layout to keep", err);
    if (st == GV_OK) {
        list_strips(tiles, piece, length, rows);
        name_tiles(a, s->walk->n);
        a[0].data = nodes->order, a[1].data = nodes->place;
        a[2] = array_of("strip", 8, STRIP_NUMBERS * n, rows);
        for (int k = 0; k < TILE_PIECES; k++)
            a[3 + k] = in_pieces(a[3 + k].name, size[k], piece + k * n, length + k * n, n);
        make_key(s, tiles_name, 0, key);
        st = gv_layout_keep(s->ctx, s->hash, key, a, TILE_ARRAYS, err);
    }
    gv_free(s->ctx, rows);
    gv_free(s->ctx, length);
    gv_free(s->ctx, piece);
    return st;
}

/* ---- segments -------------------------------------------------------------------------------- */

/* order, place, shape, block_visit, block_edge, visit, source, p */
enum { SEGMENT_ARRAYS = 8, SEGMENT_PIECES = 5 };

static void name_segments(gv_layout_array *a, int64_t n)
{
    a[0] = array_of("order", 4, n, NULL);
    a[1] = array_of("place", 4, n, NULL);
    a[2] = array_of("shape", 8, 2, NULL);
    a[3] = array_of("block_visit", 8, -1, NULL);
    a[4] = array_of("block_edge", 8, -1, NULL);
    a[5] = array_of("visit", 4, -1, NULL);
    a[6] = array_of("source", 4, -1, NULL);
    a[7] = array_of("p", 4, -1, NULL);
}

/* Visits of a block name its rows and have its edges. */
static bool block_fits(const ppr_segment *s, int64_t block, int64_t n)
{
    const int64_t rows = gv_block_end(block, n) - block * GV_BLOCK;
    int64_t edges = 0;
    bool fit = true;
    for (int64_t i = s->block_visit[block]; i < s->block_visit[block + 1]; i++) {
        const int64_t count = s->visit[i] & ((UINT32_C(1) << PPR_VISIT_BITS) - 1);
        fit = fit && s->visit[i] >> PPR_VISIT_BITS < rows && count >= 1 && count <= PPR_VISIT_EDGES;
        edges += count;
    }
    for (int64_t e = s->block_edge[block]; e < s->block_edge[block + 1]; e++)
        fit = fit && s->source[e] >= 0 && s->source[e] < n;
    return fit && edges == s->block_edge[block + 1] - s->block_edge[block];
}

static bool blocks_fit(const ppr_shelf *s, const ppr_segments *segments)
{
    const int64_t n = s->walk->n, blocks = gv_blocks(n);
    int64_t bad = 0; /* counts are integers: any order will do */
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(dynamic, 1)              \
    reduction(+ : bad)
    for (int64_t block = 0; block < blocks; block++)
        for (int i = 0; i < segments->n; i++)
            bad += !block_fits(&segments->segment[i], block, n);
    return bad == 0;
}

/* Offsets of blocks ascend from 0 and end within `most`. */
static bool blocks_ascend(const int64_t *at, int64_t blocks, int64_t most)
{
    bool fit = at[0] == 0 && at[blocks] <= most;
    for (int64_t b = 0; b < blocks; b++)
        fit = fit && at[b] <= at[b + 1];
    return fit;
}

static bool set_segments(const ppr_shelf *s, const gv_layout_array *a, ppr_segments *out)
{
    const int64_t blocks = gv_blocks(s->walk->n), width = blocks + 1;
    int64_t visits = 0, edges = 0;
    if (a[3].n != out->n * width || a[4].n != out->n * width ||
        a[7].n != (s->walk->p != NULL ? a[6].n : 0))
        return false;
    for (int i = 0; i < out->n; i++) {
        ppr_segment *to = &out->segment[i];
        /* only read from now on, though the pointers would allow more */
        to->block_visit = (int64_t *)(uintptr_t)a[3].data + i * width;
        to->block_edge = (int64_t *)(uintptr_t)a[4].data + i * width;
        to->visit = (uint32_t *)(uintptr_t)a[5].data + visits;
        to->source = (const gv_node *)a[6].data + edges;
        to->p = a[7].n > 0 ? (const float *)a[7].data + edges : NULL;
        if (!blocks_ascend(to->block_visit, blocks, a[5].n - visits) ||
            !blocks_ascend(to->block_edge, blocks, a[6].n - edges))
            return false;
        visits += to->block_visit[blocks], edges += to->block_edge[blocks];
    }
    return visits == a[5].n && edges == a[6].n &&
           edges == s->walk->offset[s->walk->n] - s->walk->offset[0] && blocks_fit(s, out);
}

gv_status ppr_segments_take(const ppr_shelf *s, int width, ppr_nodes *nodes, ppr_segments *segments,
                            bool *found, gv_error *err)
{
    char key[KEY_CHARS];
    gv_layout_array a[SEGMENT_ARRAYS];
    *found = false;
    if (!gv_layout_shelved(s->ctx))
        return GV_OK;
    name_segments(a, s->walk->n);
    make_key(s, segments_name, width, key);
    const gv_status st = gv_layout_take(s->ctx, s->hash, key, a, SEGMENT_ARRAYS, found, err);
    if (st != GV_OK || !*found)
        return st;
    const int64_t *shape = a[2].data;
    *nodes = (ppr_nodes){.order = a[0].data, .place = a[1].data};
    *segments = (ppr_segments){.mapped = true};
    if (shape[0] < 1 || shape[0] > PPR_MOST_SEGMENTS || shape[1] < 1)
        return wrong(key, err);
    segments->n = (int)shape[0], segments->width = shape[1];
    segments->segment = gv_alloc_zero(s->ctx, segments->n, sizeof *segments->segment);
    if (segments->segment == NULL)
        return gv_no_memory(s->ctx, "ppr: segments", err);
    return nodes_fit(s, nodes) && set_segments(s, a, segments) ? GV_OK : wrong(key, err);
}

gv_status ppr_segments_keep(const ppr_shelf *s, int width, const ppr_nodes *nodes,
                            const ppr_segments *segments, gv_error *err)
{
    static const int32_t size[SEGMENT_PIECES] = {8, 8, 4, 4, 4};
    const void *piece[SEGMENT_PIECES][PPR_MOST_SEGMENTS];
    int64_t length[SEGMENT_PIECES][PPR_MOST_SEGMENTS];
    char key[KEY_CHARS];
    gv_layout_array a[SEGMENT_ARRAYS];
    const int64_t shape[2] = {segments->n, segments->width}, blocks = gv_blocks(s->walk->n);
    if (segments->mapped || !gv_layout_keeps(s->ctx))
        return GV_OK;
    for (int i = 0; i < segments->n; i++) {
        const ppr_segment *of = &segments->segment[i];
        const int64_t edges = of->block_edge[blocks];
        const void *const data[SEGMENT_PIECES] = {of->block_visit, of->block_edge, of->visit,
                                                  of->source, of->p};
        const int64_t n[SEGMENT_PIECES] = {blocks + 1, blocks + 1, of->block_visit[blocks], edges,
                                           of->p != NULL ? edges : 0};
        for (int k = 0; k < SEGMENT_PIECES; k++)
            piece[k][i] = data[k], length[k][i] = n[k];
    }
    name_segments(a, s->walk->n);
    a[0].data = nodes->order, a[1].data = nodes->place, a[2].data = shape;
    for (int k = 0; k < SEGMENT_PIECES; k++)
        a[3 + k] = in_pieces(a[3 + k].name, size[k], piece[k], length[k], segments->n);
    return gv_layout_keep(s->ctx, s->hash, make_key(s, segments_name, width, key), a,
                          SEGMENT_ARRAYS, err);
}

/* ---- bins ------------------------------------------------------------------------------------ */

gv_status ppr_bins_take(const ppr_shelf *s, ppr_bins *bins, bool *found, gv_error *err)
{
    char key[KEY_CHARS];
    gv_layout_array a = array_of("row", 4, -1, NULL);
    *found = false;
    if (!gv_layout_shelved(s->ctx))
        return GV_OK;
    const gv_status st =
        gv_layout_take(s->ctx, s->hash, make_key(s, bins_name, 0, key), &a, 1, found, err);
    if (st != GV_OK || !*found)
        return st;
    if (a.n != bins->room)
        return wrong(key, err);
    const uint32_t *row = a.data;
    int64_t bad = 0; /* counts are integers: any order will do */
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(dynamic, 1)              \
    reduction(+ : bad)
    for (int64_t b = 0; b < bins->n; b++) {
        const int64_t left = s->walk->n - b * PPR_BIN_ROWS, *start = bins->start;
        for (int64_t i = start[b * (PPR_GROUPS + 1)]; i < start[b * (PPR_GROUPS + 1) + PPR_GROUPS];
             i++)
            bad += row[i] >= PPR_BIN_ROWS || row[i] >= left;
    }
    bins->row = (uint32_t *)(uintptr_t)row; /* only read from now on */
    bins->mapped = true;
    return bad == 0 ? GV_OK : wrong(key, err);
}

gv_status ppr_bins_keep(const ppr_shelf *s, const ppr_bins *bins, gv_error *err)
{
    char key[KEY_CHARS];
    const gv_layout_array a = array_of("row", 4, bins->room, bins->row);
    if (bins->mapped || !gv_layout_keeps(s->ctx))
        return GV_OK;
    return gv_layout_keep(s->ctx, s->hash, make_key(s, bins_name, 0, key), &a, 1, err);
}

/* ---- for plans ------------------------------------------------------------------------------- */

bool ppr_layout_find(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o, int64_t columns)
{
    char key[KEY_CHARS];
    gv_layout_array a = array_of("source", o->layout == GV_PPR_SEGMENTS ? 2 : 4, -1, NULL);
    bool found = false;
    if (g == NULL || !gv_layout_shelved(ctx))
        return false;
    const ppr_walk walk = {.p = ppr_walk_weights(g, o)};
    const ppr_shelf s = {ctx, g->hash, &walk, o->direction == GV_FORWARD};
    if (o->layout == GV_PPR_SEGMENTS) {
        make_key(&s, tiles_name, 0, key);
    } else if (o->layout == GV_PPR_BLOCKING) {
        make_key(&s, bins_name, 0, key);
        a.name = "row";
    } else if (o->layout == GV_PPR_SORTED8 || o->layout == GV_PPR_SORTED16) {
        make_key(&s, segments_name, ppr_layout_width(o->layout, columns), key);
    } else {
        return false;
    }
    return gv_layout_take(ctx, g->hash, key, &a, 1, &found, NULL) == GV_OK && found;
}
