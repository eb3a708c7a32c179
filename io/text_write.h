/* text_write.h -- large text tables out, fast: blocks of rows are formatted in parallel and written
 * in order. */
#ifndef IO_TEXT_WRITE_H
#define IO_TEXT_WRITE_H

#include "io/output.h"

/* Formats row `row` at `to`; returns the place after its newline. Called from many threads. */
typedef char *gv_format_row(const void *arg, int64_t row, char *to);

/* A text file in the making. */
typedef struct gv_text_file {
    gv_output out;
    int64_t at;      /* bytes written */
    int64_t longest; /* most bytes of a row */
    char *text;      /* room for a batch */
} gv_text_file;

/* Starts PATH.part with a header line; rows have at most `longest` bytes each. On failure nothing
 * is left to be given up. */
GV_CHECKED gv_status gv_text_begin(gv_context *ctx, const char *path, bool overwrite,
                                   const char *header, int64_t longest, gv_text_file *t,
                                   gv_error *err);
/* Appends rows [0, n_rows) of `format`. Reports progress as `stage` unless that is NULL, each row
 * counting as `things` of what is reported. */
GV_CHECKED gv_status gv_text_rows(gv_text_file *t, int64_t n_rows, gv_format_row *format,
                                  const void *arg, const char *stage, int64_t things,
                                  gv_error *err);
/* Syncs, renames, frees; gives the file up on failure. */
GV_CHECKED gv_status gv_text_commit(gv_text_file *t, gv_error *err);
/* Gives the file up. Allowed on one that is all zero or ended. */
void gv_text_discard(gv_text_file *t);

/* All of it: a file of a header line and n_rows rows. */
GV_CHECKED gv_status gv_text_write(gv_context *ctx, const char *path, bool overwrite,
                                   const char *header, int64_t n_rows, int64_t longest,
                                   gv_format_row *format, const void *arg, gv_error *err);

/* Decimal digits of `value` at `to`; returns the place after them. At most 20 bytes. */
char *gv_format_int(int64_t value, char *to);

/* The bytes of `text` up to its NUL or `most`; returns the place after them. */
char *gv_format_text(const char *text, int64_t most, char *to);

#endif
