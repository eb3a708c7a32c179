/* sample.c -- see sample.h. The same rows at any number of threads: places depend on the size of
 * the file alone. */
#define _POSIX_C_SOURCE 200809L
#include "io/sample.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/sort.h"
#include "io/table_inside.h"

enum { PIECES = 62, PIECE_BYTES = 256 << 10, PIECE_ROWS = PIECE_BYTES / 2, BIND_BYTES = 1 << 20 };

int64_t gv_sample_block(const char *path)
{
    struct stat info;
    const bool large = strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
                       info.st_size > GV_SAMPLE_BYTES;
    return large ? BIND_BYTES : GV_SAMPLE_BYTES;
}

/* ---- the beginning --------------------------------------------------------------------------- */

static gv_status take_batches(gv_table *t, gv_sample_fn *take, void *arg, gv_sample *s,
                              gv_error *err)
{
    gv_status st = GV_OK;
    while (st == GV_OK && gv_table_describe(t).bytes < GV_SAMPLE_BYTES) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        for (int64_t i = 0; i < batch.n_chunks && st == GV_OK; i++) {
            st = take(arg, batch.chunk[i]->column, batch.chunk[i]->n_rows, err);
            s->rows += batch.chunk[i]->n_rows;
        }
    }
    return st;
}

/* A compressed or small table: what its beginning says about the rest. */
static gv_status sample_head(gv_table *t, gv_sample_fn *take, void *arg, gv_sample *s,
                             gv_error *err)
{
    const gv_status st = take_batches(t, take, arg, s, err);
    if (st != GV_OK)
        return st;
    const bool all = t->now.begin == t->now.end && t->now.last;
    const double total = (double)gv_stream_total(t->stream);
    const double taken = (double)gv_stream_taken(t->stream);
    s->bytes = gv_table_describe(t).bytes;
    s->share = all || total <= 0.0 || taken <= 0.0 ? 1.0 : taken / total;
    s->rows_expected = (int64_t)((double)s->rows / s->share);
    s->bytes_expected = (int64_t)((double)s->bytes / s->share);
    return GV_OK;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

typedef struct piece {
    char *text; /* [PIECE_BYTES + 1] */
    int64_t length;
    gv_column column[8];
} piece;

static void free_piece(gv_table *t, piece *p)
{
    for (int32_t r = 0; r < t->n_roles; r++)
        gv_free(t->ctx, p->column[r].any);
    gv_free(t->ctx, p->text);
}

static gv_status new_piece(gv_table *t, piece *p, gv_error *err)
{
    bool fine = (p->text = gv_alloc(t->ctx, PIECE_BYTES + 1, 1)) != NULL;
    for (int32_t r = 0; r < t->n_roles; r++)
        if (t->column_of[r] >= 0)
            fine = (p->column[r].any = gv_alloc(t->ctx, PIECE_ROWS, sizeof(gv_piece))) && fine;
    return fine ? GV_OK : gv_no_memory(t->ctx, gv_table_file(t), err);
}

/* The whole lines of a piece; the first one may be cut. */
static bool read_piece(int fd, int64_t at, piece *p)
{
    const ssize_t got = pread(fd, p->text, PIECE_BYTES, at);
    const char *newline = NULL;
    for (ssize_t i = got; i-- > 0 && newline == NULL;)
        if (p->text[i] == '\n')
            newline = p->text + i;
    p->length = newline != NULL ? newline + 1 - p->text : 0;
    return p->length > 0;
}

static int64_t parse_piece(gv_table *t, piece *p, bool first)
{
    const char *end = p->text + p->length, *at = p->text;
    int64_t n = 0, lines = 0;
    if (!first)
        at = (const char *)memchr(at, '\n', (size_t)p->length) + 1;
    for (at = table_find_row(t, at, end, &lines); at < end && n < PIECE_ROWS;) {
        const char *row = at;
        n += table_row(t, &at, p->column, n, NULL) == GV_OK;
        at = (const char *)memchr(row, '\n', (size_t)(end - row)) + 1;
        at = table_find_row(t, at, end, &lines);
    }
    return n;
}

static gv_status sample_pieces(gv_table *t, int fd, int64_t size, gv_sample_fn *take, void *arg,
                               gv_sample *s, gv_error *err)
{
    piece p = {.text = NULL};
    gv_status st = new_piece(t, &p, err);
    for (int64_t i = 0; i < PIECES && st == GV_OK; i++) {
        if (!read_piece(fd, (size - PIECE_BYTES) / (PIECES - 1) * i, &p))
            continue;
        const int64_t n = parse_piece(t, &p, i == 0);
        s->rows += n;
        s->bytes += p.length;
        st = take(arg, p.column, n, err);
    }
    free_piece(t, &p);
    if (s->bytes == 0)
        s->bytes = 1;
    s->share = (double)s->bytes / (double)size;
    s->rows_expected = (int64_t)((double)s->rows / s->share);
    s->bytes_expected = size;
    return st;
}

gv_status gv_sample_table(gv_table *t, gv_sample_fn *take, void *arg, gv_sample *out, gv_error *err)
{
    *out = (gv_sample){0};
    const int64_t size = gv_stream_size(t->stream);
    if (size <= GV_SAMPLE_BYTES || t->n_roles > 8)
        return sample_head(t, take, arg, out, err);
    const int fd = open(gv_table_file(t), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return gv_fail(err, GV_ERR_NO_INPUT, "%s: cannot be read", gv_table_file(t));
    const gv_status st = sample_pieces(t, fd, size, take, arg, out, err);
    close(fd);
    return st;
}

/* ---- counting -------------------------------------------------------------------------------- */

gv_status gv_sample_distinct(gv_context *ctx, uint64_t *key, int64_t n, double share,
                             int64_t *distinct, gv_error *err)
{
    const gv_status st = gv_sort_keys(ctx, key, n, err);
    if (st != GV_OK)
        return st;
    int64_t found = 0, once = 0, twice = 0;
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && key[end] == key[i]; end++)
            ;
        found++;
        once += end - i == 1;
        twice += end - i == 2;
    }
    const double unseen = (double)once * (double)(once - 1) / (2.0 * (double)(twice + 1));
    *distinct = share >= 1.0 ? found : found + (int64_t)unseen;
    return GV_OK;
}
