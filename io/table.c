/* table.c -- blocks of text, cut at line ends into chunks that are parsed in parallel.
 *
 * A block ends at its last newline; the rest moves to the front of the next block, which is fetched
 * (and decompressed) by one thread while the others parse. Chunk i starts at the first line behind
 * byte i * chunk, whatever the number of threads, writes into its own columns only, and notes its
 * bad rows; the calling thread then walks the chunks in order, so the first bad line of the file is
 * the one that is reported. */
#define _GNU_SOURCE
#include "io/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/table_inside.h"

enum { CHUNK_BYTES = 256 << 10 };

gv_status table_fail_at(const gv_table *t, int64_t line, const char *text, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": %s", gv_table_file(t), line, text);
}

/* ---- blocks ------------------------------------------------------------------------------- */

/* Fills `b` with what `before` had left over and then from the stream. */
static gv_status fill(gv_table *t, text_block *b, const text_block *before, gv_error *err)
{
    const int64_t kept = before->filled - before->end;
    int64_t got = 0;
    memmove(b->data, before->data + before->end, (size_t)kept);
    const gv_status st = gv_stream_read(t->stream, b->data + kept, t->capacity - kept, &got, err);
    if (st != GV_OK)
        return st;
    b->begin = 0;
    b->filled = kept + got;
    b->last = b->filled < t->capacity;
    if (b->last && b->filled > 0 && b->data[b->filled - 1] != '\n')
        b->data[b->filled++] = '\n';
    memset(b->data + b->filled, 0, TABLE_PADDING);
    const char *newline = b->filled > 0 ? memrchr(b->data, '\n', (size_t)b->filled) : NULL;
    b->end = newline != NULL ? newline + 1 - b->data : 0;
    return GV_OK;
}

static gv_status too_long(const gv_table *t, gv_error *err)
{
    char text[64];
    snprintf(text, sizeof text, "the line is longer than %" PRId64 " bytes", t->capacity - 1);
    return table_fail_at(t, t->line + 1, text, err);
}

/* Replaces the block, all of which has been handed out, by the one after it. */
static gv_status advance(gv_table *t, gv_error *err)
{
    t->info.bytes += t->now.end;
    if (t->next.data == NULL) { /* not fetched yet: reuse the block */
        const gv_status st = fill(t, &t->now, &t->now, err);
        return st != GV_OK ? st : t->now.end == 0 && !t->now.last ? too_long(t, err) : GV_OK;
    }
    if (t->fetch_status != GV_OK) {
        if (err != NULL)
            *err = t->fetch_error;
        return t->fetch_status;
    }
    const text_block swap = t->now;
    t->now = t->next;
    t->next = swap;
    return t->now.end == 0 && !t->now.last ? too_long(t, err) : GV_OK;
}

/* ---- opening ------------------------------------------------------------------------------- */

static gv_status open_blocks(gv_table *t, gv_error *err)
{
    const int64_t size = gv_stream_size(t->stream);
    t->capacity = t->opts.block > 0 ? t->opts.block : gv_text_block(t->ctx->memory_limit);
    if (size >= 0 && size < t->capacity)
        t->capacity = size + 1; /* one more, to see the end */
    t->now.data = gv_alloc(t->ctx, t->capacity + 1 + TABLE_PADDING, 1);
    if (t->now.data == NULL)
        return gv_no_memory(t->ctx, gv_table_file(t), err);
    gv_status st = fill(t, &t->now, &t->now, err);
    if (st == GV_OK && t->now.end == 0 && !t->now.last)
        st = too_long(t, err);
    static const char mark[] = "\xef\xbb\xbf"; /* a byte order mark is no text */
    if (st == GV_OK && t->now.end >= 3 && memcmp(t->now.data, mark, 3) == 0)
        t->now.begin = 3;
    return st;
}

/* Passes over `skip_lines` lines and then to the first row. */
static gv_status find_first(gv_table *t, gv_error *err)
{
    int64_t skip = t->opts.skip_lines;
    for (;;) {
        const char *p = t->now.data + t->now.begin, *end = t->now.data + t->now.end;
        for (; skip > 0 && p < end; skip--, t->line++)
            p = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;
        p = table_find_row(t, p, end, &t->line);
        t->now.begin = p - t->now.data;
        if (p < end || t->now.last)
            return GV_OK;
        const gv_status st = advance(t, err);
        if (st != GV_OK)
            return st;
    }
}

/* Files that begin like one of these are no text tables, whatever their rows may look like. */
static gv_status refuse_other_formats(const gv_table *t, int64_t length, gv_error *err)
{
    static const struct {
        const char *start, *message;
    } formats[] = {
        {"%%MatrixMarket", "this is a Matrix Market file, not a text table"},
        {"\211HDF", "this is an HDF5 file, not a text table"},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const size_t n = strlen(formats[i].start);
        if ((size_t)length > n && memcmp(t->first, formats[i].start, n) == 0)
            return table_fail_at(t, t->first_line, formats[i].message, err);
    }
    return GV_OK;
}

static gv_status keep_first(gv_table *t, gv_error *err)
{
    const char *line = t->now.data + t->now.begin;
    const int64_t left = t->now.end - t->now.begin;
    const int64_t length = left > 0 ? (const char *)memchr(line, '\n', (size_t)left) + 1 - line : 0;
    t->first_line = t->line + 1;
    t->separator = memchr(line, '\t', (size_t)length) != NULL  ? '\t'
                   : memchr(line, ',', (size_t)length) != NULL ? ','
                                                               : ' ';
    t->width = length > 0 ? table_count_fields(t, line) : 0;
    t->first = gv_alloc(t->ctx, length + 1, 1);
    t->name = gv_alloc(t->ctx, t->width, sizeof *t->name);
    if (t->first == NULL || t->name == NULL)
        return gv_no_memory(t->ctx, gv_table_file(t), err);
    memcpy(t->first, line, (size_t)length);
    const char *p = t->first;
    if (t->separator == ' ' && length > 0)
        p = table_skip_blanks(t, p);
    for (int32_t c = 0; c < t->width; c++) {
        t->name[c] = table_field(t, &p);
        table_next_field(t, &p);
    }
    return refuse_other_formats(t, length, err);
}

gv_status gv_table_open(gv_context *ctx, const char *path, const gv_table_opts *opts,
                        gv_table **out, gv_error *err)
{
    *out = NULL;
    gv_table *t = gv_alloc_zero(ctx, 1, sizeof *t);
    if (t == NULL)
        return gv_no_memory(ctx, path, err);
    t->ctx = ctx;
    t->opts = *opts;
    if (t->opts.complaints == NULL)
        t->opts.complaints = &t->own_complaints;
    t->separator = '\t'; /* until the first row says otherwise */
    gv_status st = gv_stream_open(ctx, path, &t->stream, err);
    if (st == GV_OK) {
        t->locale = gv_c_locale_open();
        if (t->locale == NULL)
            st = gv_no_memory(ctx, path, err);
    }
    if (st == GV_OK)
        st = open_blocks(t, err);
    if (st == GV_OK)
        st = find_first(t, err);
    if (st == GV_OK)
        st = keep_first(t, err);
    if (st != GV_OK) {
        gv_table_close(t);
        return st;
    }
    *out = t;
    return GV_OK;
}

/* ---- parsing ------------------------------------------------------------------------------- */

static size_t cell_size(gv_field field)
{
    return field == GV_FIELD_TEXT ? sizeof(gv_piece) : 8;
}

/* Room for `rows` rows; old contents are of no use. */
static bool make_room(gv_table *t, chunk_state *c, int64_t rows)
{
    if (rows <= c->capacity)
        return true;
    c->capacity = 0;
    rows += rows / 8;
    for (int32_t r = 0; r < t->n_roles; r++) {
        if (t->column_of[r] < 0)
            continue;
        gv_free(t->ctx, c->out.column[r].any);
        c->out.column[r].any = gv_alloc(t->ctx, rows, cell_size(t->field[r]));
        if (c->out.column[r].any == NULL)
            return false;
    }
    if (t->opts.lines) {
        gv_free(t->ctx, c->out.line);
        c->out.line = gv_alloc(t->ctx, rows, sizeof *c->out.line);
        if (c->out.line == NULL)
            return false;
    }
    c->capacity = rows;
    return true;
}

static int64_t count_lines(const char *begin, const char *end)
{
    int64_t n = 0;
    while (begin < end) { /* short runs, so that a byte holds the count and 16 or 32 go at once */
        const int run = end - begin < UINT8_MAX ? (int)(end - begin) : UINT8_MAX;
        uint8_t some = 0;
        for (int i = 0; i < run; i++)
            some = (uint8_t)(some + (begin[i] == '\n'));
        n += some;
        begin += run;
    }
    return n;
}

/* Reads the row at `p`; where it is bad, notes that and returns the same place. */
static const char *read_row(gv_table *t, chunk_state *c, const char *p, int64_t line)
{
    const char *row = p;
    if (table_row(t, &p, c->out.column, c->out.n_rows, NULL) == GV_OK) {
        if (t->opts.lines)
            c->out.line[c->out.n_rows] = (int32_t)line;
        c->out.n_rows++;
        return p;
    }
    if (c->n_bad < GV_COMPLAINTS)
        c->bad[c->n_bad] = (bad_row){row, line};
    c->n_bad++;
    return row;
}

/* Parses one chunk; stops at the first bad row unless bad rows are skipped. */
static void parse_chunk(gv_table *t, chunk_state *c)
{
    int64_t line = 0;
    c->n_lines = count_lines(c->begin, c->end);
    c->n_bad = 0;
    c->out.n_rows = 0;
    c->no_memory = !make_room(t, c, c->n_lines);
    const char *p = c->no_memory ? c->end : c->begin;
    while (p < c->end && (c->n_bad == 0 || t->opts.lenient)) {
        if (t->plain)
            p = table_plain_rows(t, p, c->end, &c->out, &line);
        else if (t->marked)
            p = table_marked_rows(t, p, c->end, &c->out, &line);
        p = table_find_row(t, p, c->end, &line);
        if (p == c->end)
            break;
        p = read_row(t, c, p, ++line);
        p = (const char *)memchr(p, '\n', (size_t)(c->end - p)) + 1;
    }
}

/* Task 0 fetches the next block, the others parse. */
static void task(void *arg, int64_t i)
{
    gv_table *t = arg;
    if (i > 0)
        parse_chunk(t, &t->chunk[i - 1]);
    else if (!t->now.last)
        t->fetch_status = fill(t, &t->next, &t->now, &t->fetch_error);
}

static gv_status more_chunks(gv_table *t, int64_t n, gv_error *err)
{
    if (n <= t->chunk_capacity)
        return GV_OK;
    chunk_state *chunk = gv_realloc(t->ctx, t->chunk, n, sizeof *chunk);
    if (chunk == NULL)
        return gv_no_memory(t->ctx, gv_table_file(t), err);
    t->chunk = chunk;
    gv_free(t->ctx, t->list);
    t->list = gv_alloc(t->ctx, n, sizeof *t->list);
    if (t->list == NULL)
        return gv_no_memory(t->ctx, gv_table_file(t), err);
    for (; t->chunk_capacity < n; t->chunk_capacity++) {
        chunk_state *c = &chunk[t->chunk_capacity];
        memset(c, 0, sizeof *c);
        c->out.column = gv_alloc_zero(t->ctx, t->n_roles, sizeof *c->out.column);
        if (c->out.column == NULL)
            return gv_no_memory(t->ctx, gv_table_file(t), err);
    }
    return GV_OK;
}

/* Cuts what is left of the block at the first line end behind each multiple of the chunk size. */
static gv_status cut(gv_table *t, gv_error *err)
{
    const int64_t size = t->opts.chunk > 0 ? t->opts.chunk : CHUNK_BYTES;
    const gv_status st = more_chunks(t, (t->now.end - t->now.begin + size - 1) / size, err);
    if (st != GV_OK)
        return st;
    const char *p = t->now.data + t->now.begin, *end = t->now.data + t->now.end;
    for (t->n_chunks = 0; p < end; t->n_chunks++) {
        chunk_state *c = &t->chunk[t->n_chunks];
        c->begin = p;
        p = end - p > size
                ? (const char *)memchr(p + size - 1, '\n', (size_t)(end - p - size + 1)) + 1
                : end;
        c->end = p;
    }
    return GV_OK;
}

/* The message about a bad row, with file and line. */
static gv_status explain(const gv_table *t, const chunk_state *c, const bad_row *bad, gv_error *err)
{
    gv_error inner = {.message = ""};
    const char *p = bad->text;
    /* A chunk with a bad row has a place to spare behind its good ones. */
    if (table_row(t, &p, c->out.column, c->out.n_rows, &inner) == GV_OK)
        return GV_OK;
    return table_fail_at(t, c->out.line_base + bad->line, inner.message, err);
}

static void complain(gv_table *t, const chunk_state *c)
{
    gv_error message;
    for (int64_t k = 0; k < c->n_bad && *t->opts.complaints < GV_COMPLAINTS; k++) {
        if (t->opts.complain != NULL && explain(t, c, &c->bad[k], &message) != GV_OK)
            t->opts.complain(t->opts.complain_data, message.message);
        ++*t->opts.complaints;
    }
}

/* Walks the parsed chunks in file order. */
static gv_status collect(gv_table *t, int64_t *rows, gv_error *err)
{
    *rows = 0;
    for (int64_t i = 0; i < t->n_chunks; i++) {
        chunk_state *c = &t->chunk[i];
        c->out.line_base = t->line;
        c->out.row = *rows;
        t->list[i] = &c->out;
        if (c->no_memory)
            return gv_no_memory(t->ctx, gv_table_file(t), err);
        if (c->n_bad > 0 && !t->opts.lenient)
            return explain(t, c, &c->bad[0], err);
        complain(t, c);
        t->line += c->n_lines;
        t->info.bad += c->n_bad;
        t->info.rows += c->out.n_rows + c->n_bad;
        *rows += c->out.n_rows;
    }
    return GV_OK;
}

gv_status gv_table_next(gv_table *t, gv_batch *batch, gv_error *err)
{
    *batch = (gv_batch){0};
    gv_status st = GV_OK;
    while (st == GV_OK && t->now.begin == t->now.end && !t->now.last)
        st = advance(t, err);
    if (st != GV_OK || t->now.begin == t->now.end) {
        t->info.bytes += t->now.end; /* of a last block without rows */
        t->now.end = t->now.begin = 0;
        return st;
    }
    if (!t->now.last && t->next.data == NULL) {
        t->next.data = gv_alloc(t->ctx, t->capacity + 1 + TABLE_PADDING, 1);
        if (t->next.data == NULL)
            return gv_no_memory(t->ctx, gv_table_file(t), err);
    }
    st = cut(t, err);
    if (st == GV_OK && t->opts.stage != NULL)
        st = gv_progress(t->ctx, t->opts.stage, gv_stream_taken(t->stream),
                         gv_stream_total(t->stream), err);
    if (st != GV_OK)
        return st;
    gv_parallel_for(t->ctx, t->n_chunks + 1, task, t);
    st = collect(t, &batch->n_rows, err);
    if (st != GV_OK)
        return st;
    t->now.begin = t->now.end;
    batch->n_chunks = t->n_chunks;
    batch->chunk = t->list;
    return GV_OK;
}

int32_t gv_table_width(const gv_table *t)
{
    return t->width;
}

gv_piece gv_table_name(const gv_table *t, int32_t column)
{
    return t->name[column];
}

void gv_table_expect_header(gv_table *t)
{
    t->opts.header = true;
}

const char *gv_table_file(const gv_table *t)
{
    return gv_stream_name(t->stream);
}

int64_t gv_table_first_line(const gv_table *t)
{
    return t->first_line;
}

double gv_table_share(const gv_table *t)
{
    const int64_t size = gv_stream_total(t->stream), done = t->info.bytes + t->now.begin;
    const int64_t fetched = t->now.last || t->next.data == NULL ? done : done + t->next.filled;
    if (size <= 0 || fetched <= 0)
        return 0.0;
    const double share = (double)gv_stream_taken(t->stream) / (double)size * (double)done;
    return share < (double)fetched ? share / (double)fetched : 1.0;
}

gv_table_info gv_table_describe(const gv_table *t)
{
    return t->info;
}

void gv_table_close(gv_table *t)
{
    if (t == NULL)
        return;
    gv_context *ctx = t->ctx;
    for (int64_t i = 0; i < t->chunk_capacity; i++) {
        for (int32_t r = 0; r < t->n_roles; r++)
            gv_free(ctx, t->chunk[i].out.column[r].any);
        gv_free(ctx, t->chunk[i].out.column);
        gv_free(ctx, t->chunk[i].out.line);
    }
    const void *arrays[] = {t->chunk, t->list,      t->now.data, t->next.data, t->first,
                            t->name,  t->column_of, t->field,    t->plan};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        gv_free(ctx, (void *)arrays[i]);
    gv_c_locale_close(t->locale);
    gv_stream_close(t->stream);
    gv_free(ctx, t);
}
