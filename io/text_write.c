/* text_write.c -- see text_write.h. The bytes do not depend on threads: a block is formatted by one
 * of them, and blocks are written in order. */
#define _POSIX_C_SOURCE 200809L
#include "io/text_write.h"

#include <string.h>

#include "engine/memory.h"
#include "engine/parallel.h"

enum { ROWS = 8192, BLOCKS = 32 };

typedef struct batch {
    gv_format_row *format;
    const void *arg;
    int64_t first, n_rows, room; /* first row; all rows; bytes for a block */
    char *text;                  /* [BLOCKS][room] */
    int64_t bytes[BLOCKS];
} batch;

static void format_block(void *arg, int64_t i)
{
    batch *b = arg;
    const int64_t begin = b->first + i * ROWS, left = b->n_rows - begin;
    const int64_t end = left < ROWS ? b->n_rows : begin + ROWS;
    char *const start = b->text + i * b->room, *to = start;
    for (int64_t row = begin; row < end; row++)
        to = b->format(b->arg, row, to);
    b->bytes[i] = to - start;
}

static gv_status write_rows(gv_context *ctx, gv_output *o, int64_t at, batch *b, gv_error *err)
{
    gv_status st = GV_OK;
    for (; st == GV_OK && b->first < b->n_rows; b->first += (int64_t)ROWS * BLOCKS) {
        const int64_t left = (b->n_rows - b->first + ROWS - 1) / ROWS;
        const int64_t count = left < BLOCKS ? left : BLOCKS;
        gv_parallel_for(ctx, count, format_block, b);
        for (int64_t i = 0; st == GV_OK && i < count; i++) {
            st = gv_output_write(o, at, b->text + i * b->room, b->bytes[i], "text", err);
            at += b->bytes[i];
        }
    }
    return st;
}

gv_status gv_text_write(gv_context *ctx, const char *path, bool overwrite, const char *header,
                        int64_t n_rows, int64_t longest, gv_format_row *format, const void *arg,
                        gv_error *err)
{
    gv_output o;
    gv_status st = gv_output_begin(ctx, path, overwrite, &o, err);
    if (st != GV_OK)
        return st;
    const int64_t blocks = (n_rows + ROWS - 1) / ROWS, head = (int64_t)strlen(header);
    batch b = {.format = format, .arg = arg, .n_rows = n_rows};
    b.room = longest * (n_rows < ROWS ? n_rows : ROWS);
    b.text = gv_alloc(ctx, blocks < BLOCKS ? blocks : BLOCKS, (size_t)b.room);
    if (b.text == NULL)
        st = gv_no_memory(ctx, path, err);
    if (st == GV_OK)
        st = gv_output_write(&o, 0, header, head, "text", err);
    if (st == GV_OK)
        st = write_rows(ctx, &o, head, &b, err);
    gv_free(ctx, b.text);
    if (st == GV_OK)
        return gv_output_commit(&o, err);
    gv_output_discard(&o);
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
