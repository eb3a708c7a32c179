/* import_gap.c -- the GAP benchmark's serialized graphs: .sg, and .wsg with weights.
 *
 * One byte says whether the graph is directed; number of edges and of nodes follow as int64, then
 * int64 offsets [nodes + 1] and the neighbours, int32 each, in a .wsg followed by an int32 weight;
 * directed graphs have offsets and neighbours once more, by target. Little-endian, unaligned. Each
 * edge of an undirected graph stands there twice. (S. Beamer, K. Asanovic, D. Patterson, "The GAP
 * benchmark suite", 2015.) */
#include <inttypes.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "io/import_formats.h"
#include "io/stream.h"

enum { PIECE = 1 << 16, HEAD_BYTES = 17 };

typedef struct gap {
    importer *im;
    gv_stream *stream;
    const char *file;
    import_block block;
    int64_t n_nodes, n_edges, width; /* bytes of a neighbour */
    bool directed;
    int64_t *offset; /* [n_nodes + 1] */
} gap;

static gv_status read_bytes(const gap *g, void *to, int64_t bytes, const char *what, gv_error *err)
{
    int64_t got = 0;
    const gv_status st = gv_stream_read(g->stream, to, bytes, &got, err);
    if (st == GV_OK && got < bytes)
        return gv_fail(err, GV_ERR_DATA, "%s: the file ends within its %s", g->file, what);
    return st;
}

/* Sizes are held against the file before anything is allocated by them. */
static gv_status read_head(gap *g, gv_error *err)
{
    unsigned char head[HEAD_BYTES];
    const gv_status st = read_bytes(g, head, HEAD_BYTES, "head", err);
    if (st != GV_OK)
        return st;
    memcpy(&g->n_edges, head + 1, sizeof g->n_edges);
    memcpy(&g->n_nodes, head + 9, sizeof g->n_nodes);
    g->directed = head[0] == 1;
    if (head[0] > 1)
        return gv_fail(err, GV_ERR_DATA, "%s: the first byte is %d, not 0 or 1", g->file, head[0]);
    if (g->n_nodes < 0 || g->n_nodes > INT32_MAX)
        return gv_fail(err, GV_ERR_DATA, "%s: %" PRId64 " nodes are not in [0, 2147483647]",
                       g->file, g->n_nodes);
    if (g->n_edges < 0 || g->n_edges > INT64_MAX / 32)
        return gv_fail(err, GV_ERR_DATA, "%s: %" PRId64 " edges are not in [0, 2^58)", g->file,
                       g->n_edges);
    const int64_t size = gv_stream_size(g->stream);
    const int64_t want =
        HEAD_BYTES + (8 * (g->n_nodes + 1) + g->width * g->n_edges) * (g->directed ? 2 : 1);
    if (size >= 0 && size != want)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: %" PRId64 " bytes, but %" PRId64 " nodes and %" PRId64
                       " edges take %" PRId64,
                       g->file, size, g->n_nodes, g->n_edges, want);
    return GV_OK;
}

static gv_status read_offsets(gap *g, gv_error *err)
{
    g->offset = gv_alloc(g->im->ctx, g->n_nodes + 1, sizeof *g->offset);
    if (g->offset == NULL)
        return gv_no_memory(g->im->ctx, "import", err);
    const gv_status st = read_bytes(g, g->offset, 8 * (g->n_nodes + 1), "offsets", err);
    if (st != GV_OK)
        return st;
    for (int64_t v = 0; v <= g->n_nodes; v++)
        if (g->offset[v] < (v > 0 ? g->offset[v - 1] : 0) || g->offset[v] > g->n_edges ||
            (v == 0 && g->offset[v] != 0) || (v == g->n_nodes && g->offset[v] != g->n_edges))
            return gv_fail(err, GV_ERR_DATA, "%s: offset %" PRId64 " of node %" PRId64 " is wrong",
                           g->file, g->offset[v], v);
    return GV_OK;
}

/* Neighbour and weight at `p`. An undirected edge is taken once if the import turns it round. */
static gv_status take_edge(gap *g, int64_t source, const char *p, gv_error *err)
{
    int32_t target, weight = 1;
    memcpy(&target, p, sizeof target);
    if (g->width == 8)
        memcpy(&weight, p + 4, sizeof weight);
    if (target < 0 || target >= g->n_nodes)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: neighbour %d of node %" PRId64 " is not in [0, %" PRId64 ")", g->file,
                       target, source, g->n_nodes);
    if (g->im->o.build.undirected && !g->directed && target < source)
        return GV_OK;
    if (g->block.weighted) {
        const gv_status st = import_check_weight(g->im, g->block.path, 0, weight, err);
        if (st != GV_OK)
            return st;
    }
    return import_block_add(&g->block, source, target, weight, err);
}

static gv_status read_neighbours(gap *g, gv_error *err)
{
    char *piece = gv_alloc(g->im->ctx, PIECE, (size_t)g->width);
    gv_status st = piece == NULL ? gv_no_memory(g->im->ctx, "import", err) : GV_OK;
    int64_t source = 0;
    for (int64_t e = 0; st == GV_OK && e < g->n_edges; e += PIECE) {
        const int64_t n = g->n_edges - e < PIECE ? g->n_edges - e : PIECE;
        st = read_bytes(g, piece, n * g->width, "neighbours", err);
        for (int64_t i = 0; st == GV_OK && i < n; i++) {
            while (g->offset[source + 1] <= e + i)
                source++;
            st = take_edge(g, source, piece + i * g->width, err);
        }
        if (st == GV_OK)
            st = gv_progress(g->im->ctx, "import", gv_stream_taken(g->stream),
                             gv_stream_total(g->stream), err);
    }
    gv_free(g->im->ctx, piece);
    return st == GV_OK ? import_block_flush(&g->block, err) : st;
}

gv_status import_gap(importer *im, int64_t path, bool weighted, gv_error *err)
{
    gap g = {.im = im, .file = import_file_name(im, path), .width = weighted ? 8 : 4};
    gv_status st = import_block_begin(im, path, weighted, &g.block, err);
    if (st == GV_OK)
        st = gv_stream_open(im->ctx, im->paths[path], &g.stream, err);
    if (st == GV_OK)
        st = read_head(&g, err);
    if (st == GV_OK)
        st = read_offsets(&g, err);
    if (st == GV_OK)
        st = read_neighbours(&g, err);
    if (st == GV_OK)
        st = import_everyone(im, 0, g.n_nodes, err);
    if (st == GV_OK) {
        im->info.rows_read += g.n_edges;
        im->info.bytes_read += HEAD_BYTES + 8 * (g.n_nodes + 1) + g.width * g.n_edges;
    }
    gv_stream_close(g.stream);
    gv_free(im->ctx, g.offset);
    import_block_end(&g.block);
    return st;
}
