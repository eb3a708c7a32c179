/* h5_chunks.c -- datasets in chunks: flags that compress well, and tables, which readers of the
 * table convention want chunked.
 *
 * Chunks are shuffled and deflated by us, a batch in parallel, and handed to HDF5 ready-made in
 * order: a chunk's bytes depend on its contents alone, so equal contents give equal files. */
#include <string.h>
#include <zlib.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/h5_file.h"
#include "io/h5_write.h"

enum {
    CHUNK_BYTES = 512 << 10, /* half of HDF5's default chunk cache */
    BATCH = 32,              /* chunks packed between two rounds of writing */
    LEVEL = 6
};

/* One batch of chunks; task i packs chunk first + i. */
typedef struct batch {
    const char *data;
    int64_t element, row, chunk; /* bytes of an element; elements of a row and of a chunk */
    int64_t chunks_in_row, first;
    uLong bound;    /* bytes that a packed chunk may need */
    char *shuffled; /* [BATCH][chunk * element] */
    Bytef *packed;  /* [BATCH][bound] */
    uLongf length[BATCH];
    int status[BATCH]; /* of zlib */
} batch;

static void pack_chunk(void *arg, int64_t i)
{
    batch *b = arg;
    const int64_t index = b->first + i, row = index / b->chunks_in_row;
    const int64_t begin = index % b->chunks_in_row * b->chunk;
    const int64_t left = b->row - begin, count = left < b->chunk ? left : b->chunk;
    const char *restrict from = b->data + (row * b->row + begin) * b->element;
    const int64_t bytes = b->chunk * b->element;
    char *restrict to = b->shuffled + i * bytes;
    memset(to, 0, (size_t)bytes);
    for (int64_t k = 0; k < b->element; k++)
        for (int64_t e = 0; e < count; e++)
            to[k * b->chunk + e] = from[e * b->element + k];
    b->length[i] = b->bound;
    b->status[i] = compress2(b->packed + (uLong)i * b->bound, &b->length[i], (const Bytef *)to,
                             (uLong)bytes, LEVEL);
}

static gv_status write_chunk(gv_h5 *f, const char *path, hid_t dataset, const hsize_t *at,
                             size_t bytes, const void *data, gv_error *err)
{
    if (H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, at, bytes, data) < 0)
        return gv_h5_fail(f, GV_ERR_IO, path, "writing failed", err);
    return GV_OK;
}

/* Offset of chunk `index` in the array, all leading dimensions being cut into single rows. */
static void chunk_offset(const gv_h5_shape *shape, const batch *b, int64_t index, hsize_t *at)
{
    int64_t row = index / b->chunks_in_row;
    at[shape->rank - 1] = (hsize_t)(index % b->chunks_in_row * b->chunk);
    for (int d = shape->rank - 2; d >= 0; d--) {
        at[d] = (hsize_t)(row % shape->dims[d]);
        row /= shape->dims[d];
    }
}

static gv_status write_batch(gv_h5 *f, const char *path, const gv_h5_shape *shape, hid_t dataset,
                             const batch *b, int64_t count, gv_error *err)
{
    gv_status st = GV_OK;
    for (int64_t i = 0; st == GV_OK && i < count; i++) {
        hsize_t at[GV_H5_RANK];
        if (b->status[i] != Z_OK)
            return gv_no_memory(f->ctx, path, err);
        chunk_offset(shape, b, b->first + i, at);
        st = write_chunk(f, path, dataset, at, b->length[i], b->packed + (uLong)i * b->bound, err);
    }
    return st;
}

static gv_status write_chunks(gv_h5 *f, const char *path, const gv_h5_shape *shape, hid_t dataset,
                              batch *b, int64_t n_chunks, gv_error *err)
{
    gv_status st = GV_OK;
    const int64_t bytes = b->chunk * b->element, room = n_chunks < BATCH ? n_chunks : BATCH;
    b->bound = compressBound((uLong)bytes);
    b->shuffled = gv_alloc(f->ctx, room * bytes, 1);
    b->packed = gv_alloc(f->ctx, room, b->bound);
    if (b->shuffled == NULL || b->packed == NULL)
        st = gv_no_memory(f->ctx, path, err);
    for (; st == GV_OK && b->first < n_chunks; b->first += BATCH) {
        const int64_t left = n_chunks - b->first, count = left < BATCH ? left : BATCH;
        gv_parallel_for(f->ctx, count, pack_chunk, b);
        st = write_batch(f, path, shape, dataset, b, count, err);
    }
    gv_free(f->ctx, b->packed);
    gv_free(f->ctx, b->shuffled);
    return st;
}

/* A creation list of chunks [1, ..., 1, chunk]. */
static hid_t chunk_list(int rank, int64_t chunk, bool packed)
{
    hsize_t dims[GV_H5_RANK] = {1, 1, 1, 1};
    const hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE);
    dims[rank - 1] = (hsize_t)chunk;
    if (dcpl >= 0 && (H5Pset_obj_track_times(dcpl, 0) < 0 || H5Pset_chunk(dcpl, rank, dims) < 0 ||
                      H5Pset_fill_time(dcpl, H5D_FILL_TIME_NEVER) < 0 ||
                      (packed && (H5Pset_shuffle(dcpl) < 0 || H5Pset_deflate(dcpl, LEVEL) < 0)))) {
        H5Pclose(dcpl);
        return -1;
    }
    return dcpl;
}

static gv_status create_chunked(gv_h5 *f, const char *path, hid_t type, const gv_h5_shape *shape,
                                int64_t chunk, bool packed, hid_t *dataset, gv_error *err)
{
    gv_status st = gv_h5_clear_way(f, path, err);
    *dataset = -1;
    if (st != GV_OK)
        return st;
    const hid_t dcpl = chunk_list(shape->rank, chunk, packed);
    const hid_t space = gv_h5_space(shape->rank, shape->dims);
    if (type >= 0 && dcpl >= 0 && space >= 0)
        *dataset = H5Dcreate2(f->file, path, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    if (*dataset < 0)
        st = gv_h5_fail(f, GV_ERR_IO, path, "making the dataset failed", err);
    gv_h5_drop(space);
    gv_h5_drop(dcpl);
    return st;
}

static gv_status write_packed(gv_h5 *f, const char *path, const gv_h5_shape *shape, batch *b,
                              gv_error *err)
{
    hid_t dataset;
    int64_t rows = 1;
    for (int d = 0; d < shape->rank - 1; d++)
        rows *= shape->dims[d];
    const hid_t type = gv_h5_file_type(shape->type, shape->width);
    gv_status st = create_chunked(f, path, type, shape, b->chunk, true, &dataset, err);
    if (st == GV_OK && rows * b->row > 0)
        st = write_chunks(f, path, shape, dataset, b, rows * b->chunks_in_row, err);
    gv_h5_drop(dataset);
    gv_h5_drop(type);
    return st;
}

gv_status gv_h5_write_packed(gv_h5 *f, const char *path, const gv_h5_shape *shape, const void *data,
                             gv_error *err)
{
    const int64_t bytes = gv_h5_bytes(shape), element = gv_h5_element(shape);
    if (shape->rank < 1 || shape->rank > GV_H5_RANK || bytes < 0)
        return gv_fail(err, GV_ERR_ARG,
                       "%s: %s: rank %d is not in [1, %d], or a dimension is out of range",
                       gv_h5_path(f), path, shape->rank, GV_H5_RANK);
    const int64_t row = shape->dims[shape->rank - 1], most = CHUNK_BYTES / element;
    const int64_t chunk = row < 1 ? 1 : row < most ? row : most;
    batch b = {.data = data, .element = element, .row = row, .chunk = chunk};
    b.chunks_in_row = (row + chunk - 1) / chunk;
    uint64_t hash = 0;
    const gv_h5_mute mute = gv_h5_hush();
    gv_status st = write_packed(f, path, shape, &b, err);
    gv_h5_unhush(mute);
    if (st == GV_OK)
        st = gv_hash(f->ctx, data, bytes, &hash, err);
    if (st == GV_OK)
        st = gv_h5_set_checksum(f, path, hash, err);
    return st;
}

/* ---- tables --------------------------------------------------------------------------------- */

static hid_t row_type(const gv_h5_field *fields, int n_fields, int64_t row_bytes)
{
    const hid_t row = H5Tcreate(H5T_COMPOUND, (size_t)row_bytes);
    bool ok = row >= 0;
    for (int i = 0; ok && i < n_fields; i++) {
        const hid_t type = gv_h5_file_type(fields[i].type, fields[i].width);
        ok = type >= 0 && H5Tinsert(row, fields[i].name, (size_t)fields[i].offset, type) >= 0;
        gv_h5_drop(type);
    }
    if (!ok)
        gv_h5_drop(row);
    return ok ? row : -1;
}

/* Whole chunks go as they are; the last one is filled up with zeros. */
static gv_status write_rows(gv_h5 *f, const char *path, hid_t dataset, int64_t row_bytes,
                            int64_t n_rows, int64_t chunk, const char *rows, gv_error *err)
{
    gv_status st = GV_OK;
    const int64_t bytes = chunk * row_bytes;
    char *last = gv_alloc_zero(f->ctx, bytes, 1);
    if (last == NULL)
        return gv_no_memory(f->ctx, path, err);
    for (int64_t r = 0; st == GV_OK && r < n_rows; r += chunk) {
        const hsize_t at[1] = {(hsize_t)r};
        const char *from = rows + r * row_bytes;
        if (n_rows - r < chunk) {
            memcpy(last, from, (size_t)((n_rows - r) * row_bytes));
            from = last;
        }
        st = write_chunk(f, path, dataset, at, (size_t)bytes, from, err);
    }
    gv_free(f->ctx, last);
    return st;
}

gv_status gv_h5_write_table(gv_h5 *f, const char *path, const gv_h5_field *fields, int n_fields,
                            int64_t row_bytes, int64_t n_rows, const void *rows, gv_error *err)
{
    const int64_t most = CHUNK_BYTES / row_bytes < 1 ? 1 : CHUNK_BYTES / row_bytes;
    const int64_t chunk = n_rows < 1 ? 1 : n_rows < most ? n_rows : most;
    const gv_h5_shape shape = gv_h5_vector(GV_TEXT, n_rows);
    hid_t dataset = -1;
    uint64_t hash = 0;
    const gv_h5_mute mute = gv_h5_hush();
    const hid_t type = row_type(fields, n_fields, row_bytes);
    gv_status st = create_chunked(f, path, type, &shape, chunk, false, &dataset, err);
    if (st == GV_OK)
        st = write_rows(f, path, dataset, row_bytes, n_rows, chunk, rows, err);
    gv_h5_drop(dataset);
    gv_h5_drop(type);
    gv_h5_unhush(mute);
    if (st == GV_OK)
        st = gv_hash(f->ctx, rows, n_rows * row_bytes, &hash, err);
    if (st == GV_OK)
        st = gv_h5_set_checksum(f, path, hash, err);
    return st;
}
