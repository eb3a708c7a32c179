/* import_metis.c -- METIS graph files: "nodes edges [format [constraints]]", then one line a node
 * with its neighbours, counted from 1. The three digits of the format say whether a line starts
 * with the node's size, then with its weights (as many as there are constraints), and whether each
 * neighbour is followed by the edge's weight. Each edge stands in the lines of both its ends. Lines
 * that start with % are comments. (G. Karypis, METIS manual 5.1, section 4.1.)
 *
 * The file is read number by number, so lines may have any length. */
#include <inttypes.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "io/import_formats.h"
#include "io/stream.h"

enum { BUFFER = 1 << 20 };

typedef struct metis {
    importer *im;
    gv_stream *stream;
    const char *file;
    char *buffer; /* [BUFFER] */
    int64_t at, end, bytes, line;
    import_block block;
    int64_t n_nodes, n_edges, skip; /* numbers before the neighbours of a line */
    bool weights;
    int64_t ends; /* neighbours seen */
} metis;

/* The next character, or -1 at the end of the file. */
static gv_status next_char(metis *m, int *c, gv_error *err)
{
    if (m->at == m->end) {
        const gv_status st = gv_stream_read(m->stream, m->buffer, BUFFER, &m->end, err);
        if (st != GV_OK)
            return st;
        m->at = 0;
        m->bytes += m->end;
        if (m->end == 0) {
            *c = -1;
            return GV_OK;
        }
    }
    *c = (unsigned char)m->buffer[m->at++];
    return GV_OK;
}

static gv_status bad_char(const metis *m, int c, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": '%c' is not part of a number of 0 or more",
                   m->file, m->line, c >= 32 && c < 127 ? c : '?');
}

/* The next number of the line; *more is false at the line's end, *over at the file's. */
static gv_status next_number(metis *m, int64_t *value, bool *more, bool *over, gv_error *err)
{
    int c = ' ';
    gv_status st = GV_OK;
    *more = *over = false;
    while (st == GV_OK && (c == ' ' || c == '\t' || c == '\r'))
        st = next_char(m, &c, err);
    *over = c == -1;
    if (st != GV_OK || c == '\n' || c == -1)
        return st;
    for (*value = 0; st == GV_OK && c >= '0' && c <= '9'; st = next_char(m, &c, err)) {
        *more = true;
        if (*value > INT64_MAX / 10 - 1)
            return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": a number has more than 18 digits",
                           m->file, m->line);
        *value = 10 * *value + (c - '0');
    }
    if (st != GV_OK)
        return st;
    if (!*more || (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != -1))
        return bad_char(m, c, err);
    if (c == '\n')
        m->at--; /* the buffer holds at least what was read last */
    return GV_OK;
}

/* Passes over comments to the start of the next line that counts; *over at the end of the file. */
static gv_status next_line(metis *m, bool *over, gv_error *err)
{
    int c = 0;
    gv_status st = GV_OK;
    for (;;) {
        st = next_char(m, &c, err);
        *over = c == -1;
        if (st != GV_OK || *over)
            return st;
        m->line++;
        if (c != '%') {
            m->at--;
            return GV_OK;
        }
        while (st == GV_OK && c != '\n' && c != -1)
            st = next_char(m, &c, err);
        if (st != GV_OK)
            return st;
    }
}

static gv_status read_head(metis *m, gv_error *err)
{
    int64_t field[4] = {0, 0, 0, 1};
    int n = 0;
    bool more = true, over = false;
    gv_status st = next_line(m, &over, err);
    while (st == GV_OK && !over && more && n < 5) {
        int64_t value = 0;
        st = next_number(m, &value, &more, &over, err);
        if (st == GV_OK && more && n < 4)
            field[n] = value;
        n += more;
    }
    if (st != GV_OK)
        return st;
    const int64_t format = field[2];
    if (n < 2 || n > 4 || format > 111 || format % 10 > 1 || format / 10 % 10 > 1)
        return gv_fail(err, GV_ERR_DATA,
                       "%s:%" PRId64
                       ": the first line is not \"nodes edges [format [constraints]]\"",
                       m->file, m->line);
    m->n_nodes = field[0], m->n_edges = field[1];
    if (m->n_nodes > INT32_MAX)
        return gv_fail(err, GV_ERR_DATA,
                       "%s:%" PRId64 ": %" PRId64 " nodes are not in [0, 2147483647]", m->file,
                       m->line, m->n_nodes);
    m->weights = format % 10 == 1;
    m->skip = format / 100 + (format / 10 % 10 == 1 ? field[3] : 0);
    return GV_OK;
}

/* One neighbour. If the import turns edges round, each is taken from the line of its lesser end. */
static gv_status take_edge(metis *m, int64_t node, int64_t neighbour, int64_t weight, gv_error *err)
{
    if (neighbour < 1 || neighbour > m->n_nodes)
        return gv_fail(err, GV_ERR_DATA,
                       "%s:%" PRId64 ": neighbour %" PRId64 " is not in [1, %" PRId64 "]", m->file,
                       m->line, neighbour, m->n_nodes);
    m->ends++;
    if (m->im->o.build.undirected && neighbour < node)
        return GV_OK;
    if (m->block.weighted) {
        const gv_status st =
            import_check_weight(m->im, m->block.path, m->line, (double)weight, err);
        if (st != GV_OK)
            return st;
    }
    return import_block_add(&m->block, node, neighbour, (double)weight, err);
}

static gv_status read_node(metis *m, int64_t node, gv_error *err)
{
    bool more = true, over = false;
    gv_status st = next_line(m, &over, err);
    if (st == GV_OK && over)
        return gv_fail(err, GV_ERR_DATA, "%s: the file ends after %" PRId64 " of %" PRId64 " nodes",
                       m->file, node - 1, m->n_nodes);
    for (int64_t k = 0; st == GV_OK && more && !over; k++) {
        int64_t value = 0, weight = 1;
        st = next_number(m, &value, &more, &over, err);
        if (st != GV_OK || !more || k < m->skip)
            continue;
        if (m->weights) {
            st = next_number(m, &weight, &more, &over, err);
            if (st == GV_OK && !more)
                return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": the last edge has no weight",
                               m->file, m->line);
        }
        if (st == GV_OK)
            st = take_edge(m, node, value, weight, err);
    }
    return st;
}

/* Nothing but comments and empty lines may follow, and each edge must have had two ends. */
static gv_status read_end(metis *m, gv_error *err)
{
    bool over = false, more = false;
    gv_status st = GV_OK;
    while (st == GV_OK && !over) {
        int64_t value = 0;
        st = next_line(m, &over, err);
        if (st == GV_OK && !over)
            st = next_number(m, &value, &more, &over, err);
        if (st == GV_OK && more)
            return gv_fail(err, GV_ERR_DATA,
                           "%s:%" PRId64 ": a line too many for %" PRId64 " nodes", m->file,
                           m->line, m->n_nodes);
    }
    if (st == GV_OK && m->ends != 2 * m->n_edges)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: the lines have %" PRId64 " ends of edges, not two for each of %" PRId64
                       " edges",
                       m->file, m->ends, m->n_edges);
    return st;
}

gv_status import_metis(importer *im, int64_t path, gv_error *err)
{
    metis m = {.im = im, .file = import_file_name(im, path)};
    gv_status st = gv_stream_open(im->ctx, im->paths[path], &m.stream, err);
    m.buffer = gv_alloc(im->ctx, BUFFER, 1);
    if (st == GV_OK && m.buffer == NULL)
        st = gv_no_memory(im->ctx, "import", err);
    if (st == GV_OK)
        st = read_head(&m, err);
    if (st == GV_OK)
        st = import_block_begin(im, path, m.weights, &m.block, err);
    for (int64_t node = 1; st == GV_OK && node <= m.n_nodes; node++)
        st = read_node(&m, node, err);
    if (st == GV_OK)
        st = read_end(&m, err);
    if (st == GV_OK)
        st = import_block_flush(&m.block, err);
    if (st == GV_OK)
        st = import_everyone(im, 1, m.n_nodes, err);
    if (st == GV_OK) {
        im->info.rows_read += m.n_nodes;
        im->info.bytes_read += m.bytes;
    }
    gv_stream_close(m.stream);
    gv_free(im->ctx, m.buffer);
    import_block_end(&m.block);
    return st;
}
