/* sample.h -- rows from all over a text table, to judge its size without reading it. */
#ifndef IO_SAMPLE_H
#define IO_SAMPLE_H

#include "io/table.h"

enum { GV_SAMPLE_BYTES = 16 << 20 }; /* smaller tables are read as a whole */

typedef struct gv_sample {
    int64_t rows, bytes;    /* looked at */
    int64_t rows_expected;  /* in the whole table */
    int64_t bytes_expected; /* of text */
    double share;           /* of the text that was looked at; 1 is all of it */
} gv_sample;

/* Told the columns of the roles, of `n` rows. */
typedef gv_status gv_sample_fn(void *arg, const gv_column *column, int64_t n, gv_error *err);

/* Bytes of the first block that a table should be opened with (gv_table_opts.block). */
int64_t gv_sample_block(const char *path);

/* Hands rows of a bound table, of which no batch was taken, to `take`: all of a small one, pieces
 * at equal distances of a large plain one, the beginning of a large compressed one. Rows that
 * cannot be read are passed over. */
GV_CHECKED gv_status gv_sample_table(gv_table *t, gv_sample_fn *take, void *arg, gv_sample *out,
                                     gv_error *err);

/* How many different keys there are, from those of a sample, which are sorted by this: exact when
 * share is 1, else by Chao's lower bound d + f1 (f1 - 1) / (2 (f2 + 1)) over keys seen once and
 * twice (Chao, Scandinavian Journal of Statistics 1984). */
GV_CHECKED gv_status gv_sample_distinct(gv_context *ctx, uint64_t *key, int64_t n, double share,
                                        int64_t *distinct, gv_error *err);

#endif
