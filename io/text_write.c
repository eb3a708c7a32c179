/* text_write.c -- see text_write.h. The bytes do not depend on threads: each block of rows is
 * formatted by one of them, and written behind the blocks before it. */
#define _POSIX_C_SOURCE 200809L
#include "io/text_write.h"

#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum { ROWS = 4096, BLOCKS = 32 };

typedef struct batch {
    gv_text_file *t;
    gv_format_row *format;
    const void *arg;
    int64_t first, n_rows; /* first row of the batch; all rows */
    int64_t room;          /* bytes for a block */
    int64_t bytes[BLOCKS], at[BLOCKS];
    gv_status status[BLOCKS];
    gv_error err[BLOCKS];
} batch;

static void format_block(void *arg, int64_t i)
{
    batch *b = arg;
    const int64_t begin = b->first + i * ROWS, left = b->n_rows - begin;
    const int64_t end = left < ROWS ? b->n_rows : begin + ROWS;
    char *const start = b->t->text + i * b->room, *to = start;
    for (int64_t row = begin; row < end; row++)
        to = b->format(b->arg, row, to);
    b->bytes[i] = to - start;
}

static void write_block(void *arg, int64_t i)
{
    batch *b = arg;
    b->status[i] = gv_output_write(&b->t->out, b->at[i], b->t->text + i * b->room, b->bytes[i],
                                   "text", &b->err[i]);
}

static gv_status write_batch(batch *b, int64_t count, gv_error *err)
{
    gv_context *ctx = b->t->out.ctx;
    gv_parallel_for(ctx, count, format_block, b);
    for (int64_t i = 0; i < count; i++) {
        b->at[i] = b->t->at;
        b->t->at += b->bytes[i];
    }
    gv_parallel_for(ctx, count, write_block, b);
    for (int64_t i = 0; i < count; i++)
        if (b->status[i] != GV_OK)
            return gv_fail(err, b->status[i], "%s", b->err[i].message);
    return GV_OK;
}

gv_status gv_text_rows(gv_text_file *t, int64_t n_rows, gv_format_row *format, const void *arg,
                       const char *stage, int64_t things, gv_error *err)
{
    batch b = {.t = t, .format = format, .arg = arg, .n_rows = n_rows, .room = t->longest * ROWS};
    gv_status st = GV_OK;
    for (; st == GV_OK && b.first < n_rows; b.first += (int64_t)ROWS * BLOCKS) {
        const int64_t left = (n_rows - b.first + ROWS - 1) / ROWS;
        st = write_batch(&b, left < BLOCKS ? left : BLOCKS, err);
        if (st == GV_OK && stage != NULL)
            st = gv_progress(t->out.ctx, stage, things * b.first, things * n_rows, err);
    }
    return st;
}

gv_status gv_text_begin(gv_context *ctx, const char *path, bool overwrite, const char *header,
                        int64_t longest, gv_text_file *t, gv_error *err)
{
    const int64_t head = (int64_t)strlen(header);
    *t = (gv_text_file){.longest = longest};
    gv_status st = gv_output_begin(ctx, path, overwrite, &t->out, err);
    if (st != GV_OK)
        return st;
    t->text = gv_alloc(ctx, BLOCKS, (size_t)(longest * ROWS));
    if (t->text == NULL)
        st = gv_no_memory(ctx, path, err);
    if (st == GV_OK)
        st = gv_output_write(&t->out, 0, header, head, "text", err);
    t->at = head;
    if (st != GV_OK)
        gv_text_discard(t);
    return st;
}

gv_status gv_text_commit(gv_text_file *t, gv_error *err)
{
    gv_free(t->out.ctx, t->text);
    t->text = NULL;
    return gv_output_commit(&t->out, err);
}

void gv_text_discard(gv_text_file *t)
{
    if (t->out.ctx == NULL)
        return;
    gv_free(t->out.ctx, t->text);
    t->text = NULL;
    gv_output_discard(&t->out);
}

gv_status gv_text_write(gv_context *ctx, const char *path, bool overwrite, const char *header,
                        int64_t n_rows, int64_t longest, gv_format_row *format, const void *arg,
                        gv_error *err)
{
    gv_text_file t;
    gv_status st = gv_text_begin(ctx, path, overwrite, header, longest, &t, err);
    if (st != GV_OK)
        return st;
    st = gv_text_rows(&t, n_rows, format, arg, NULL, 0, err);
    if (st == GV_OK)
        return gv_text_commit(&t, err);
    gv_text_discard(&t);
    return st;
}

char *gv_format_int(int64_t value, char *to)
{
    char digit[20];
    int n = 0;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digit[n++] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0)
        *to++ = '-';
    while (n > 0)
        *to++ = digit[--n];
    return to;
}

char *gv_format_text(const char *text, int64_t most, char *to)
{
    const size_t length = strnlen(text, (size_t)most);
    memcpy(to, text, length);
    return to + length;
}
