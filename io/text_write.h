/* text_write.h -- large text tables out, fast: blocks of rows are formatted in parallel and written
 * in order. */
#ifndef IO_TEXT_WRITE_H
#define IO_TEXT_WRITE_H

#include "io/output.h"

/* Formats row `row` at `to`; returns the place after its newline. Called from many threads. */
typedef char *gv_format_row(const void *arg, int64_t row, char *to);

/* Writes a file of a header line and n_rows rows of at most `longest` bytes each. */
GV_CHECKED gv_status gv_text_write(gv_context *ctx, const char *path, bool overwrite,
                                   const char *header, int64_t n_rows, int64_t longest,
                                   gv_format_row *format, const void *arg, gv_error *err);

/* Decimal digits of `value` at `to`; returns the place after them. At most 20 bytes. */
char *gv_format_int(int64_t value, char *to);

/* The bytes of `text` up to its NUL or `most`; returns the place after them. */
char *gv_format_text(const char *text, int64_t most, char *to);

#endif
