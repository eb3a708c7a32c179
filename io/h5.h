/* h5.h -- the one door to HDF5 files. Others in io/ need no hdf5.h.
 *
 * Files are written as PATH.part with format bounds EARLIEST..V18, no time stamps, large arrays on
 * page boundaries, and every array with a @checksum; `complete` is set last. Equal calls give equal
 * bytes. HDF5 is called from one thread; its error stack is muted during calls and then put back.
 */
#ifndef IO_H5_H
#define IO_H5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/hash.h"
#include "grapevine/graph.h"
#include "grapevine/io.h"

/* An open file, for reading (gv_h5_open) or in the making (gv_h5_create). */
typedef struct gv_h5 gv_h5;

/* A file mapped read-only; outlives the gv_h5 it came from. */
typedef struct gv_mapping gv_mapping;

enum { GV_H5_RANK = 4 };

typedef struct gv_h5_shape {
    gv_type type;
    int32_t width; /* bytes of a GV_TEXT element, else ignored */
    int rank;      /* 0 is a scalar */
    int64_t dims[GV_H5_RANK];
} gv_h5_shape;

static inline gv_h5_shape gv_h5_vector(gv_type type, int64_t n)
{
    return (gv_h5_shape){.type = type, .rank = 1, .dims = {n}};
}

static inline gv_h5_shape gv_h5_matrix(gv_type type, int64_t rows, int64_t columns)
{
    return (gv_h5_shape){.type = type, .rank = 2, .dims = {rows, columns}};
}

static inline gv_h5_shape gv_h5_strings(int32_t width, int64_t n)
{
    return (gv_h5_shape){.type = GV_TEXT, .width = width, .rank = 1, .dims = {n}};
}

/* Bytes of one element, and of all; -1 when that overflows or a dimension is negative. */
int64_t gv_h5_element(const gv_h5_shape *shape);
int64_t gv_h5_bytes(const gv_h5_shape *shape);

/* ---- open, create, close ------------------------------------------------------------------ */

/* Opens any HDF5 file. GV_ERR_NO_INPUT no such file, or not to be opened; GV_ERR_DATA not HDF5 or
 * cut short. */
GV_CHECKED gv_status gv_h5_open(gv_context *ctx, const char *path, gv_h5 **out, gv_error *err);

/* Checks @schema, @schema_version and @complete of an open file: GV_ERR_DATA. */
GV_CHECKED gv_status gv_h5_expect(gv_h5 *f, const char *schema, int64_t version, gv_error *err);

/* Starts PATH.part with @schema and @schema_version. GV_ERR_CREATE as gv_output_begin(). */
GV_CHECKED gv_status gv_h5_create(gv_context *ctx, const char *path, bool overwrite,
                                  const char *schema, int64_t version, gv_h5 **out, gv_error *err);

/* Sets @complete, closes, syncs, renames. Always frees `*f` and sets it to NULL; on failure nothing
 * is left behind. */
GV_CHECKED gv_status gv_h5_commit(gv_h5 **f, gv_error *err);

/* Closes a file opened for reading, or gives up one in the making. NULL is allowed. */
void gv_h5_close(gv_h5 *f);

const char *gv_h5_path(const gv_h5 *f);
gv_context *gv_h5_context(const gv_h5 *f);
int64_t gv_h5_file_size(const gv_h5 *f); /* of a file opened for reading */

/* ---- looking ------------------------------------------------------------------------------ */

typedef enum gv_h5_kind {
    GV_H5_NOTHING = 0, /* no such object */
    GV_H5_GROUP = 1,
    GV_H5_ARRAY = 2, /* of a gv_type, rank 0 to GV_H5_RANK */
    GV_H5_TABLE = 3, /* compound of gv_types, rank 1 */
    GV_H5_OTHER = 4  /* a dataset of another kind */
} gv_h5_kind;

typedef struct gv_h5_info {
    gv_h5_kind kind;
    gv_h5_shape shape; /* of an array; of a table: rank and dims */
    int64_t bytes;     /* of all elements */
    bool contiguous;   /* else in chunks, perhaps compressed */
    int64_t offset;    /* in the file, when contiguous and not empty; else -1. Two paths with the
                          same offset are hard links to one dataset */
} gv_h5_info;

/* What lies at `path`; GV_H5_NOTHING is no error. */
GV_CHECKED gv_status gv_h5_look(gv_h5 *f, const char *path, gv_h5_info *info, gv_error *err);

/* Calls `visit` for each child of a group in order of name, until it fails. The text lives until
 * `visit` returns. */
typedef gv_status gv_h5_visit_fn(void *arg, const char *name, gv_error *err);
GV_CHECKED gv_status gv_h5_children(gv_h5 *f, const char *group, gv_h5_visit_fn *visit, void *arg,
                                    gv_error *err);

/* The same for the names of the attributes of a group or dataset. */
GV_CHECKED gv_status gv_h5_attributes(gv_h5 *f, const char *path, gv_h5_visit_fn *visit, void *arg,
                                      gv_error *err);

/* One field of a table. */
typedef struct gv_h5_field {
    char name[64];
    gv_type type;
    int32_t width;  /* bytes of a GV_TEXT field */
    int64_t offset; /* in a row as gv_h5_read() gives it */
} gv_h5_field;

/* Fields of a table: fields [room], *n of them; *row_bytes is the size of a row. */
GV_CHECKED gv_status gv_h5_fields(gv_h5 *f, const char *path, gv_h5_field *fields, int room, int *n,
                                  int64_t *row_bytes, gv_error *err);

/* ---- attributes ---------------------------------------------------------------------------- */

typedef enum gv_h5_value { GV_H5_I64, GV_H5_F64, GV_H5_STRING, GV_H5_UNKNOWN } gv_h5_value;

/* Whether the attribute is there, and what it holds (integers and floats of any size count). */
bool gv_h5_has(gv_h5 *f, const char *path, const char *name, gv_h5_value *value);

/* GV_ERR_DATA when it is missing or of another kind. */
GV_CHECKED gv_status gv_h5_get_i64(gv_h5 *f, const char *path, const char *name, int64_t *value,
                                   gv_error *err);
GV_CHECKED gv_status gv_h5_get_f64(gv_h5 *f, const char *path, const char *name, double *value,
                                   gv_error *err);
/* text [room]; a longer one, NUL included, is an error. */
GV_CHECKED gv_status gv_h5_get_text(gv_h5 *f, const char *path, const char *name, char *text,
                                    size_t room, gv_error *err);

/* Two integers, such as the shape of a csr group. */
GV_CHECKED gv_status gv_h5_get_pair(gv_h5 *f, const char *path, const char *name, int64_t pair[2],
                                    gv_error *err);

/* Sets an attribute of a group or dataset that exists; one of the same name is replaced. */
GV_CHECKED gv_status gv_h5_set_i64(gv_h5 *f, const char *path, const char *name, int64_t value,
                                   gv_error *err);
GV_CHECKED gv_status gv_h5_set_f64(gv_h5 *f, const char *path, const char *name, double value,
                                   gv_error *err);
GV_CHECKED gv_status gv_h5_set_text(gv_h5 *f, const char *path, const char *name, const char *value,
                                    gv_error *err);
/* A fixed-length ASCII string, as the table convention wants them. */
GV_CHECKED gv_status gv_h5_set_ascii(gv_h5 *f, const char *path, const char *name,
                                     const char *value, gv_error *err);
/* Two numbers, such as the shape of a csr group. */
GV_CHECKED gv_status gv_h5_set_pair(gv_h5 *f, const char *path, const char *name, int64_t first,
                                    int64_t second, gv_error *err);

/* ---- reading arrays ------------------------------------------------------------------------ */

/* The elements of a contiguous array, in place in the mapped file: no copy, nothing read. Checked
 * against `want` (type, width, dims) and the size of the file. The pointer lives as long as the
 * file's mapping; an empty array gives a valid pointer. */
GV_CHECKED gv_status gv_h5_map(gv_h5 *f, const char *path, const gv_h5_shape *want,
                               const void **data, gv_error *err);

/* Hands the mapping of all gv_h5_map() calls over, to be freed with gv_mapping_free(); NULL if
 * there were none. Otherwise it goes with the file. */
gv_mapping *gv_h5_take_mapping(gv_h5 *f);
void gv_mapping_free(gv_mapping *mapping);
const char *gv_mapping_path(const gv_mapping *mapping);
/* Gives the pages of [bytes] at `data` back, if they are mapped; they are read anew when asked for.
 * And the same while the file is open. */
void gv_mapping_rest(const gv_mapping *mapping, const void *data, int64_t bytes);
void gv_h5_rest(const gv_h5 *f, const void *data, int64_t bytes);

/* Copies an array, contiguous or not, or the rows of a table into `data` (gv_h5_info.bytes). */
GV_CHECKED gv_status gv_h5_read(gv_h5 *f, const char *path, void *data, gv_error *err);

/* Copies elements [first, first + n) of an array of the wanted shape that lies in one piece, of a
 * file that is open for reading or in the making; [first, first + n) is within the shape.
 * GV_ERR_DATA it is no such array; GV_ERR_IO. */
GV_CHECKED gv_status gv_h5_peek(gv_h5 *f, const char *path, const gv_h5_shape *want, int64_t first,
                                int64_t n, void *data, gv_error *err);

/* Hash of the contents as they are, to be compared with @checksum. */
GV_CHECKED gv_status gv_h5_hash(gv_h5 *f, const char *path, uint64_t *hash, gv_error *err);

/* ---- writing ------------------------------------------------------------------------------- */

/* Makes a group and those above it, as far as they are missing. */
GV_CHECKED gv_status gv_h5_group(gv_h5 *f, const char *path, gv_error *err);

/* Writes an array, contiguous, with @checksum (also into *checksum unless NULL). Groups on the way
 * are made. A path that is taken is GV_ERR_ARG. */
GV_CHECKED gv_status gv_h5_write(gv_h5 *f, const char *path, const gv_h5_shape *shape,
                                 const void *data, uint64_t *checksum, gv_error *err);

/* The same in slabs: begin, any number of slabs in any order, end (which reads the array back for
 * its checksum). Bytes that no slab wrote are zero. */
typedef struct gv_h5_array {
    const char *path; /* borrowed until the end */
    int64_t offset, bytes;
} gv_h5_array;
GV_CHECKED gv_status gv_h5_begin(gv_h5 *f, const char *path, const gv_h5_shape *shape,
                                 gv_h5_array *array, gv_error *err);
GV_CHECKED gv_status gv_h5_slab(gv_h5 *f, const gv_h5_array *array, int64_t first_byte,
                                const void *data, int64_t bytes, gv_error *err);
GV_CHECKED gv_status gv_h5_end(gv_h5 *f, const gv_h5_array *array, uint64_t *checksum,
                               gv_error *err);

/* Bytes of a file that are mapped at a time to take a checksum. */
enum { GV_H5_WINDOW = 64 << 20 };

/* The same piece by piece in order, with the checksum taken on the way: begin, append until the
 * array is full, end. Pieces of many 4 MiB are hashed and written in parallel. A stream that is not
 * ended is given up with gv_h5_stream_drop(), which is allowed on one that is all zero or ended. */
typedef struct gv_h5_stream {
    gv_h5_array array;
    gv_hasher hasher;
} gv_h5_stream;
GV_CHECKED gv_status gv_h5_stream_begin(gv_h5 *f, const char *path, const gv_h5_shape *shape,
                                        gv_h5_stream *stream, gv_error *err);
GV_CHECKED gv_status gv_h5_stream_append(gv_h5 *f, gv_h5_stream *stream, const void *data,
                                         int64_t bytes, gv_error *err);
/* GV_ERR_ARG when the array is not full. */
GV_CHECKED gv_status gv_h5_stream_end(gv_h5 *f, gv_h5_stream *stream, uint64_t *checksum,
                                      gv_error *err);
void gv_h5_stream_drop(gv_h5_stream *stream);

/* The same in chunks with shuffle and deflate, packed in parallel. */
GV_CHECKED gv_status gv_h5_write_packed(gv_h5 *f, const char *path, const gv_h5_shape *shape,
                                        const void *data, gv_error *err);

/* A compound of `n_fields` fields, rows packed as the fields' offsets say; in one chunk, as readers
 * of the table convention expect. */
GV_CHECKED gv_status gv_h5_write_table(gv_h5 *f, const char *path, const gv_h5_field *fields,
                                       int n_fields, int64_t row_bytes, int64_t n_rows,
                                       const void *rows, gv_error *err);

/* Another name for a dataset. */
GV_CHECKED gv_status gv_h5_link(gv_h5 *f, const char *existing, const char *path, gv_error *err);

#endif
