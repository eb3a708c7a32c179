/* import_market.c -- Matrix Market files: a sparse square matrix as "row column [value]", counted
 * from 1, below a line that says what it is, comments, and a line with its size. Entry (i, j) is
 * the edge i -> j; of a symmetric matrix one triangle is given and stands for both. (R. F.
 * Boisvert, R. Pozo, K. A. Remington, "The Matrix Market exchange formats", NIST, 1996.)
 *
 * The head is read here, the entries by the reader of text tables. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/import_formats.h"
#include "io/stream.h"

enum { HEAD_BYTES = 1 << 20, WORD = 32, LINE = 256 };

typedef struct market {
    importer *im;
    int64_t path;
    const char *file;
    import_block block;
    bool values, symmetric;
    int64_t lines; /* of the head */
    int64_t n_nodes, n_entries, rows;
} market;

/* A line up to its newline, cut off where no line of the head goes on. */
static const char *one_line(const char *line, char *text)
{
    snprintf(text, LINE, "%.*s", (int)strcspn(line, "\n"), line);
    return text;
}

/* The line with the format: five words. */
static gv_status read_banner(market *m, const char *line, gv_error *err)
{
    char text[LINE], object[WORD], layout[WORD], field[WORD], symmetry[WORD];
    if (sscanf(one_line(line, text), "%*s %31s %31s %31s %31s", object, layout, field, symmetry) !=
        4)
        return gv_fail(err, GV_ERR_DATA, "%s:1: the first line does not say what the matrix is",
                       m->file);
    m->values = strcasecmp(field, "real") == 0 || strcasecmp(field, "integer") == 0 ||
                strcasecmp(field, "double") == 0;
    m->symmetric = strcasecmp(symmetry, "symmetric") == 0;
    if (strcasecmp(object, "matrix") != 0 || strcasecmp(layout, "coordinate") != 0)
        return gv_fail(err, GV_ERR_DATA, "%s:1: \"%s %s\" is not \"matrix coordinate\"", m->file,
                       object, layout);
    if (!m->values && strcasecmp(field, "pattern") != 0)
        return gv_fail(err, GV_ERR_DATA, "%s:1: field \"%s\" is not pattern, real or integer",
                       m->file, field);
    if (!m->symmetric && strcasecmp(symmetry, "general") != 0)
        return gv_fail(err, GV_ERR_DATA, "%s:1: symmetry \"%s\" is not general or symmetric",
                       m->file, symmetry);
    return GV_OK;
}

static gv_status read_size(market *m, const char *line, gv_error *err)
{
    char text[LINE];
    int64_t rows, columns;
    if (sscanf(one_line(line, text), "%" SCNd64 " %" SCNd64 " %" SCNd64, &rows, &columns,
               &m->n_entries) != 3)
        return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": the size is not \"rows columns entries\"",
                       m->file, m->lines);
    if (rows != columns || rows < 0 || rows > INT32_MAX || m->n_entries < 0)
        return gv_fail(err, GV_ERR_DATA,
                       "%s:%" PRId64 ": %" PRId64 " x %" PRId64
                       " is not a square matrix of at most 2147483647 rows",
                       m->file, m->lines, rows, columns);
    m->n_nodes = rows;
    return GV_OK;
}

/* `text` is terminated. */
static gv_status read_lines(market *m, const char *text, gv_error *err)
{
    gv_status st = GV_OK;
    for (const char *line = text, *end; st == GV_OK; line = end + 1) {
        end = strchr(line, '\n');
        if (end == NULL)
            return gv_fail(err, GV_ERR_DATA, "%s: no line with the size in the first %d bytes",
                           m->file, HEAD_BYTES);
        m->lines++;
        if (m->lines == 1)
            st = read_banner(m, line, err);
        else if (*line != '%' && strspn(line, " \t\r") != (size_t)(end - line))
            return read_size(m, line, err);
    }
    return st;
}

static gv_status read_head(market *m, gv_error *err)
{
    gv_stream *stream = NULL;
    int64_t got = 0;
    char *text = gv_alloc(m->im->ctx, HEAD_BYTES + 1, 1);
    gv_status st = text == NULL ? gv_no_memory(m->im->ctx, "import", err)
                                : gv_stream_open(m->im->ctx, m->im->paths[m->path], &stream, err);
    if (st == GV_OK)
        st = gv_stream_read(stream, text, HEAD_BYTES, &got, err);
    if (st == GV_OK) {
        text[got] = '\0';
        st = read_lines(m, text, err);
    }
    gv_stream_close(stream);
    gv_free(m->im->ctx, text);
    return st;
}

/* Of a symmetric matrix the other triangle too, unless the import turns edges round anyway. */
static gv_status take_entry(market *m, const gv_chunk *c, int64_t k, gv_error *err)
{
    const int64_t i = c->column[0].i64[k], j = c->column[1].i64[k];
    const int64_t line = c->line_base + c->line[k];
    const double value = m->block.weighted ? c->column[2].f64[k] : 1.0;
    if (i < 1 || i > m->n_nodes || j < 1 || j > m->n_nodes)
        return gv_fail(err, GV_ERR_DATA,
                       "%s:%" PRId64 ": entry (%" PRId64 ", %" PRId64 ") is not in [1, %" PRId64
                       "]",
                       m->file, line, i, j, m->n_nodes);
    gv_status st =
        m->block.weighted ? import_check_weight(m->im, m->path, line, value, err) : GV_OK;
    if (st == GV_OK)
        st = import_block_add(&m->block, i, j, value, err);
    if (st == GV_OK && m->symmetric && i != j && !m->im->o.build.undirected)
        st = import_block_add(&m->block, j, i, value, err);
    return st;
}

static gv_status read_entries(market *m, gv_error *err)
{
    const gv_role role[3] = {{.name = "row", .field = GV_FIELD_INT},
                             {.name = "column", .field = GV_FIELD_INT},
                             {.name = "value",
                              .field = GV_FIELD_NUMBER,
                              .min = -INFINITY,
                              .max = INFINITY,
                              .optional = true}};
    gv_table_opts opts = import_table_opts(m->im);
    opts.skip_lines = m->lines;
    opts.lines = true;
    opts.lenient = false;
    gv_table *t = NULL;
    gv_status st = gv_table_open(m->im->ctx, m->im->paths[m->path], &opts, &t, err);
    if (st == GV_OK)
        st = gv_table_bind(t, role, 3, m->block.weighted ? "1,2,3" : "1,2", NULL, err);
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        m->rows += batch.n_rows;
        for (int64_t i = 0; st == GV_OK && i < batch.n_chunks; i++)
            for (int64_t k = 0; st == GV_OK && k < batch.chunk[i]->n_rows; k++)
                st = take_entry(m, batch.chunk[i], k, err);
    }
    if (st == GV_OK)
        m->im->info.bytes_read += gv_table_describe(t).bytes;
    gv_table_close(t);
    return st;
}

gv_status import_market(importer *im, int64_t path, gv_error *err)
{
    market m = {.im = im, .path = path, .file = import_file_name(im, path)};
    gv_status st = read_head(&m, err);
    if (st == GV_OK)
        st = import_block_begin(im, path, m.values, &m.block, err);
    if (st == GV_OK)
        st = read_entries(&m, err);
    if (st == GV_OK && m.rows != m.n_entries)
        st =
            gv_fail(err, GV_ERR_DATA, "%s: %" PRId64 " entries, but line %" PRId64 " says %" PRId64,
                    m.file, m.rows, m.lines, m.n_entries);
    if (st == GV_OK)
        st = import_block_flush(&m.block, err);
    if (st == GV_OK)
        st = import_everyone(im, 1, m.n_nodes, err);
    im->info.rows_read += m.rows;
    import_block_end(&m.block);
    return st;
}
