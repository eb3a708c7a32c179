/* h5_stream.c -- contiguous arrays into HDF5 files piece by piece, hashed on the way. */
#include <inttypes.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/parallel.h"
#include "io/h5_file.h"
#include "io/h5_write.h"

enum { PIECE = 4 << 20 };

gv_status gv_h5_stream_begin(gv_h5 *f, const char *path, const gv_h5_shape *shape,
                             gv_h5_stream *stream, gv_error *err)
{
    *stream = (gv_h5_stream){.array = {.path = path}};
    const gv_status st = gv_h5_begin(f, path, shape, &stream->array, err);
    return st == GV_OK ? gv_hasher_begin(f->ctx, &stream->hasher, stream->array.bytes, err) : st;
}

/* Pieces of one append; each thread writes pieces of its own. */
typedef struct pieces {
    gv_h5 *f;
    const gv_h5_stream *stream;
    const char *data;
    int64_t bytes;
    gv_status status[64];
    gv_error err[64];
    int64_t first; /* piece of the running round */
} pieces;

static void write_piece(void *arg, int64_t i)
{
    pieces *p = arg;
    const int64_t begin = (p->first + i) * PIECE, left = p->bytes - begin;
    p->status[i] = gv_h5_slab(p->f, &p->stream->array, p->stream->hasher.at + begin,
                              p->data + begin, left < PIECE ? left : PIECE, &p->err[i]);
}

static gv_status write_pieces(pieces *p, gv_error *err)
{
    const int64_t n = (p->bytes + PIECE - 1) / PIECE;
    const int64_t most = (int64_t)(sizeof p->status / sizeof *p->status);
    gv_status st = GV_OK;
    for (p->first = 0; st == GV_OK && p->first < n; p->first += most) {
        const int64_t count = n - p->first < most ? n - p->first : most;
        if (p->first > 0)
            st = gv_progress(p->f->ctx, "write", p->first * PIECE, p->bytes, err);
        if (st != GV_OK)
            return st;
        gv_parallel_for(p->f->ctx, count, write_piece, p);
        for (int64_t i = 0; i < count; i++)
            if (p->status[i] != GV_OK)
                return gv_fail(err, p->status[i], "%s", p->err[i].message);
    }
    return st;
}

gv_status gv_h5_stream_append(gv_h5 *f, gv_h5_stream *stream, const void *data, int64_t bytes,
                              gv_error *err)
{
    const gv_hasher *h = &stream->hasher;
    if (bytes < 0 || bytes > h->bytes - h->at)
        return gv_fail(err, GV_ERR_ARG,
                       "%s: %s: %" PRId64 " bytes more than the %" PRId64 " that it holds", f->path,
                       stream->array.path, h->at + bytes, h->bytes);
    pieces p = {.f = f, .stream = stream, .data = data, .bytes = bytes};
    const gv_status st = write_pieces(&p, err);
    if (st == GV_OK)
        gv_hasher_add(&stream->hasher, data, bytes);
    return st;
}

gv_status gv_h5_stream_end(gv_h5 *f, gv_h5_stream *stream, uint64_t *checksum, gv_error *err)
{
    const gv_hasher *h = &stream->hasher;
    if (h->at < h->bytes)
        return gv_fail(err, GV_ERR_ARG,
                       "%s: %s: only %" PRId64 " of %" PRId64 " bytes were written", f->path,
                       stream->array.path, h->at, h->bytes);
    const uint64_t hash = gv_hasher_end(h);
    const gv_status st = gv_h5_set_checksum(f, stream->array.path, hash, err);
    if (checksum != NULL)
        *checksum = hash;
    gv_h5_stream_drop(stream);
    return st;
}

void gv_h5_stream_drop(gv_h5_stream *stream)
{
    gv_hasher_free(&stream->hasher);
}
