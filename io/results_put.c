/* results_put.c -- arrays, sparse rows and tables of a results file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/layout.h"
#include "io/results.h"

enum { MAX_COLUMNS = 64 };

/* `width` is 0 for numbers. */
static gv_status make_shape(const gv_results *r, const char *path, gv_type type, int32_t width,
                            int rank, const int64_t *dims, gv_h5_shape *shape, gv_error *err)
{
    *shape = (gv_h5_shape){.type = type, .rank = rank, .width = width};
    if (type < GV_I16 || type > GV_TEXT || (type == GV_TEXT && width == 0))
        return gv_fail(err, GV_ERR_ARG, "%s: %s: type %d is not a number of a results file",
                       gv_h5_path(r->file), path, (int)type);
    if (rank < 1 || rank > GV_H5_RANK)
        return gv_fail(err, GV_ERR_ARG, "%s: %s: rank %d is not in [1, %d]", gv_h5_path(r->file),
                       path, rank, GV_H5_RANK);
    memcpy(shape->dims, dims, (size_t)rank * sizeof *dims);
    return GV_OK;
}

GV_API gv_status gv_results_put(gv_results *r, const char *path, gv_type type, int rank,
                                const int64_t *dims, const void *data, gv_error *err)
{
    gv_h5_shape shape;
    const gv_status st = make_shape(r, path, type, 0, rank, dims, &shape, err);
    return st != GV_OK ? st : gv_h5_write(r->file, path, &shape, data, NULL, err);
}

/* ---- columns that lie side by side -------------------------------------------------------- */

/* Rows that are put into a column at a time, in TASKS parts. */
enum { PIECE = 4 << 20, TASKS = 64 };

typedef struct column_piece {
    const float *from; /* of the first row */
    int64_t n, width;
    float *to;
} column_piece;

static void copy_part(void *arg, int64_t i)
{
    const column_piece *p = arg;
    for (int64_t k = p->n * i / TASKS; k < p->n * (i + 1) / TASKS; k++)
        p->to[k] = p->from[k * p->width];
}

static gv_status append_column(gv_results *r, gv_h5_stream *stream, column_piece piece,
                               int64_t n_rows, gv_error *err)
{
    const float *column = piece.from;
    gv_status st = GV_OK;
    for (int64_t first = 0; first < n_rows && st == GV_OK; first += piece.n) {
        piece.n = n_rows - first < PIECE ? n_rows - first : PIECE;
        piece.from = column + first * piece.width;
        gv_parallel_for(r->ctx, TASKS, copy_part, &piece);
        st = gv_h5_stream_append(r->file, stream, piece.to, piece.n * (int64_t)sizeof(float), err);
    }
    return st;
}

GV_API gv_status gv_results_put_columns(gv_results *r, const char *path, int64_t n_columns,
                                        int64_t n_rows, const float *rows, int64_t width,
                                        gv_error *err)
{
    const int64_t dims[2] = {n_columns, n_rows};
    gv_h5_shape shape;
    gv_h5_stream stream = {.array = {.path = NULL}};
    column_piece piece = {.width = width};
    gv_status st = make_shape(r, path, GV_F32, 0, 2, dims, &shape, err);
    if (st != GV_OK)
        return st;
    piece.to = gv_alloc(r->ctx, n_rows < PIECE ? n_rows : PIECE, sizeof *piece.to);
    if (piece.to == NULL)
        return gv_no_memory(r->ctx, "columns of a results file", err);
    st = gv_h5_stream_begin(r->file, path, &shape, &stream, err);
    for (int64_t c = 0; c < n_columns && st == GV_OK; c++) {
        piece.from = rows + c;
        st = append_column(r, &stream, piece, n_rows, err);
    }
    if (st == GV_OK)
        st = gv_h5_stream_end(r->file, &stream, NULL, err);
    else
        gv_h5_stream_drop(&stream);
    gv_free(r->ctx, piece.to);
    return st;
}

GV_API gv_status gv_results_put_flags(gv_results *r, const char *path, int rank,
                                      const int64_t *dims, const int16_t *data, gv_error *err)
{
    gv_h5_shape shape;
    const gv_status st = make_shape(r, path, GV_I16, 0, rank, dims, &shape, err);
    return st != GV_OK ? st : gv_h5_write_packed(r->file, path, &shape, data, err);
}

GV_API gv_status gv_results_put_text(gv_results *r, const char *path, int rank, const int64_t *dims,
                                     int32_t width, const char *data, gv_error *err)
{
    gv_h5_shape shape;
    const gv_status st = make_shape(r, path, GV_TEXT, width, rank, dims, &shape, err);
    return st != GV_OK ? st : gv_h5_write(r->file, path, &shape, data, NULL, err);
}

GV_API gv_status gv_results_put_csr(gv_results *r, const char *group, int64_t n_rows,
                                    int64_t n_columns, const int64_t *indptr,
                                    const gv_node *indices, gv_type type, const void *data,
                                    gv_error *err)
{
    const int64_t n = indptr[n_rows];
    gv_h5_shape shape;
    gv_status st = make_shape(r, group, type, 0, 1, &n, &shape, err);
    if (st == GV_OK)
        st = gv_h5_write_part(r->file, group, "data", type, n, data, err);
    if (st == GV_OK)
        st = gv_h5_write_part(r->file, group, "indices", GV_I32, n, indices, err);
    if (st == GV_OK)
        st = gv_h5_write_part(r->file, group, "indptr", GV_I64, n_rows + 1, indptr, err);
    if (st == GV_OK)
        st = gv_h5_mark_csr(r->file, group, n_rows, n_columns, err);
    return st;
}

/* ---- tables --------------------------------------------------------------------------------- */

/* Rows are packed: fields follow each other without gaps, so there is no padding to clear. */
static gv_status plan_fields(const gv_results *r, const char *path, const gv_table_column *columns,
                             int32_t n_columns, gv_h5_field *fields, int64_t *row_bytes,
                             gv_error *err)
{
    const char *file = gv_h5_path(r->file);
    *row_bytes = 0;
    if (n_columns < 1 || n_columns > MAX_COLUMNS)
        return gv_fail(err, GV_ERR_ARG, "%s: %s: %d columns are not in [1, %d]", file, path,
                       n_columns, MAX_COLUMNS);
    for (int32_t c = 0; c < n_columns; c++) {
        gv_h5_field *field = &fields[c];
        const gv_h5_shape one = {.type = columns[c].type, .width = columns[c].width};
        const size_t length = strlen(columns[c].name);
        if (length < 1 || length >= sizeof field->name || gv_h5_element(&one) < 1)
            return gv_fail(err, GV_ERR_ARG,
                           "%s: %s: column \"%s\" has no name, a name of more than %d bytes, or "
                           "no width",
                           file, path, columns[c].name, (int)sizeof field->name - 1);
        *field = (gv_h5_field){.type = one.type, .width = one.width, .offset = *row_bytes};
        memcpy(field->name, columns[c].name, length);
        *row_bytes += gv_h5_element(&one);
    }
    return GV_OK;
}

static void fill_rows(char *rows, int64_t row_bytes, int64_t n_rows, const gv_h5_field *field,
                      const void *data)
{
    const gv_h5_shape one = {.type = field->type, .width = field->width};
    const size_t size = (size_t)gv_h5_element(&one);
    for (int64_t i = 0; i < n_rows; i++)
        memcpy(rows + i * row_bytes + field->offset, (const char *)data + (size_t)i * size, size);
}

/* The attributes of the HDF5 table convention. */
static gv_status mark_table(gv_h5 *f, const char *path, const char *title,
                            const gv_h5_field *fields, int32_t n_columns, int64_t n_rows,
                            gv_error *err)
{
    gv_status st = gv_h5_set_ascii(f, path, "CLASS", "TABLE", err);
    if (st == GV_OK)
        st = gv_h5_set_ascii(f, path, "VERSION", "3.0", err);
    if (st == GV_OK)
        st = gv_h5_set_ascii(f, path, "TITLE", title, err);
    for (int32_t c = 0; st == GV_OK && c < n_columns; c++) {
        char name[32];
        snprintf(name, sizeof name, "FIELD_%d_NAME", c);
        st = gv_h5_set_ascii(f, path, name, fields[c].name, err);
    }
    if (st == GV_OK)
        st = gv_h5_set_i64(f, path, "NROWS", n_rows, err);
    return st;
}

GV_API gv_status gv_results_put_table(gv_results *r, const char *path, const char *title,
                                      const gv_table_column *columns, int32_t n_columns,
                                      int64_t n_rows, gv_error *err)
{
    gv_h5_field fields[MAX_COLUMNS];
    int64_t row_bytes;
    gv_status st = plan_fields(r, path, columns, n_columns, fields, &row_bytes, err);
    if (st == GV_OK && n_rows < 0)
        st =
            gv_fail(err, GV_ERR_ARG, "%s: %s: %" PRId64 " rows", gv_h5_path(r->file), path, n_rows);
    if (st != GV_OK)
        return st;
    char *rows = gv_alloc(r->ctx, n_rows, (size_t)row_bytes);
    if (rows == NULL)
        return gv_no_memory(r->ctx, path, err);
    for (int32_t c = 0; c < n_columns; c++)
        fill_rows(rows, row_bytes, n_rows, &fields[c], columns[c].data);
    st = gv_h5_write_table(r->file, path, fields, n_columns, row_bytes, n_rows, rows, err);
    if (st == GV_OK)
        st = mark_table(r->file, path, title, fields, n_columns, n_rows, err);
    gv_free(r->ctx, rows);
    return st;
}
