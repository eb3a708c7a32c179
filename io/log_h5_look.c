/* log_h5_look.c -- how large a purchase log of HDF5 columns is: its rows and topics, which the file
 * says, and its people and items, from pieces at equal distances. */
#include "engine/error.h"
#include "engine/memory.h"
#include "io/h5.h"
#include "io/log_reader.h"
#include "io/sample.h"

enum { PIECES = 64, PIECE_ROWS = 16 << 10 };

/* Different values of a column. */
static gv_status count(gv_context *ctx, const int64_t *column, int64_t n_rows, uint64_t *key,
                       int64_t *distinct, gv_error *err)
{
    const bool all = n_rows <= (int64_t)PIECES * PIECE_ROWS;
    const int64_t pieces = all ? 1 : PIECES, length = all ? n_rows : PIECE_ROWS;
    int64_t n = 0;
    for (int64_t i = 0; i < pieces; i++) {
        const int64_t *piece = column + (all ? 0 : (n_rows - length) / (pieces - 1) * i);
        for (int64_t k = 0; k < length; k++)
            key[n++] = gv_id_key(piece[k]);
    }
    return gv_sample_distinct(ctx, key, n, (double)n / (double)(n_rows > 0 ? n_rows : 1), distinct,
                              err);
}

gv_status gv_log_look_h5(gv_context *ctx, const char *path, const gv_log_opts *opts,
                         gv_log_shape *out, gv_error *err)
{
    gv_log_columns c;
    gv_status st = gv_log_columns_open(ctx, path, opts, &c, err);
    if (st != GV_OK)
        return st;
    const int64_t most = (int64_t)PIECES * PIECE_ROWS;
    uint64_t *key = gv_alloc(ctx, c.n_rows < most ? c.n_rows : most, sizeof *key);
    *out = (gv_log_shape){
        .rows = c.n_rows, .n_topics = (int32_t)c.n_topics, .mapped = 28 * c.n_rows, .sampled = 1.0};
    st = key == NULL ? gv_no_memory(ctx, "log", err)
                     : count(ctx, c.user, c.n_rows, key, &out->users, err);
    if (st == GV_OK)
        st = count(ctx, c.item, c.n_rows, key, &out->items, err);
    gv_free(ctx, key);
    gv_log_columns_close(&c);
    return st;
}
