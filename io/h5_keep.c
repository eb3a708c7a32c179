/* h5_keep.c -- see h5_keep.h. */
#define _GNU_SOURCE
#include "io/h5_keep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/h5_file.h"
#include "io/whole.h"

/* Elements of arrays from this size on are not copied with the bones. */
enum { LARGE = 64 << 10 };

/* ---- settling ------------------------------------------------------------------------------- */

static gv_status reopen(gv_h5 *f, gv_error *err)
{
    const hid_t fapl = gv_h5_access_list();
    gv_status st = GV_OK;
    f->file = fapl < 0 ? -1 : H5Fopen(f->out.part, H5F_ACC_RDWR, fapl);
    if (f->file < 0)
        st = gv_h5_fail(f, GV_ERR_IO, NULL, "opening it again failed", err);
    gv_h5_drop(fapl);
    return st;
}

gv_status gv_h5_settle(gv_h5 *f, bool sync, gv_error *err)
{
    const gv_h5_mute mute = gv_h5_hush();
    gv_status st = gv_h5_flush(f, err);
    if (st == GV_OK && H5Fclose(f->file) < 0)
        st = gv_h5_fail(f, GV_ERR_IO, NULL, "closing failed", err);
    if (st == GV_OK)
        f->file = -1;
    if (st == GV_OK && sync && fsync(f->out.fd) != 0)
        st = gv_fail(err, GV_ERR_IO, "%s: syncing failed: %s", f->path, strerror(errno));
    if (st == GV_OK)
        st = reopen(f, err);
    gv_h5_unhush(mute);
    return st;
}

/* ---- bones ---------------------------------------------------------------------------------- */

/* Ranges of elements, in any order. */
typedef struct flesh {
    gv_context *ctx;
    hid_t file;
    int64_t (*range)[2];
    int64_t n, room;
    bool no_memory;
} flesh;

static void add_range(flesh *s, haddr_t at, hsize_t bytes)
{
    if (bytes < LARGE || at == HADDR_UNDEF || s->no_memory)
        return;
    if (s->n == s->room) {
        const int64_t room = s->room > 0 ? 2 * s->room : 64;
        void *more = gv_realloc(s->ctx, s->range, room, sizeof *s->range);
        if (more == NULL) {
            s->no_memory = true;
            return;
        }
        s->range = more;
        s->room = room;
    }
    s->range[s->n][0] = (int64_t)at;
    s->range[s->n][1] = (int64_t)(at + bytes);
    s->n++;
}

static void add_dataset(flesh *s, hid_t dataset)
{
    const hid_t dcpl = H5Dget_create_plist(dataset), space = H5Dget_space(dataset);
    hsize_t n_chunks = 0;
    if (dcpl >= 0 && H5Pget_layout(dcpl) != H5D_CHUNKED)
        add_range(s, H5Dget_offset(dataset), H5Dget_storage_size(dataset));
    else if (space >= 0 && H5Dget_num_chunks(dataset, space, &n_chunks) >= 0)
        for (hsize_t i = 0; i < n_chunks; i++) {
            hsize_t first[GV_H5_RANK + 1], bytes = 0;
            unsigned mask;
            haddr_t at = HADDR_UNDEF;
            if (H5Dget_chunk_info(dataset, space, i, first, &mask, &at, &bytes) >= 0)
                add_range(s, at, bytes);
        }
    gv_h5_drop(space);
    gv_h5_drop(dcpl);
}

static herr_t visit(hid_t root, const char *name, const H5O_info_t *info, void *data)
{
    flesh *s = data;
    (void)root;
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    const hid_t dataset = H5Dopen2(s->file, name, H5P_DEFAULT);
    if (dataset >= 0)
        add_dataset(s, dataset);
    gv_h5_drop(dataset);
    return s->no_memory ? -1 : 0;
}

static int by_place(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The complement of the flesh in [0, size). */
static void set_ranges(gv_h5_bones *b, const flesh *s)
{
    int64_t at = 0;
    for (int64_t i = 0; i <= s->n; i++) {
        const int64_t end = i < s->n ? s->range[i][0] : b->size;
        if (end > at) {
            b->range[2 * b->n_ranges] = at;
            b->range[2 * b->n_ranges + 1] = end;
            b->n_bytes += end - at;
            b->n_ranges++;
        }
        if (i < s->n && s->range[i][1] > at)
            at = s->range[i][1];
    }
}

/* Reads the ranges into the copy, or writes them from it. */
static gv_status move_bytes(const gv_h5_bones *b, gv_output *o, bool back, gv_error *err)
{
    char *at = b->bytes;
    for (int64_t i = 0; i < b->n_ranges; i++) {
        const int64_t first = b->range[2 * i], n = b->range[2 * i + 1] - first;
        if (!(back ? gv_write_at(o->fd, at, n, first) : gv_read_at(o->fd, at, n, first)))
            return gv_fail(err, GV_ERR_IO, "%s: %s HDF5 records failed: %s", o->part,
                           back ? "writing" : "reading",
                           errno != 0 ? strerror(errno) : "cut short");
        at += n;
    }
    return GV_OK;
}

gv_status gv_h5_bones_take(gv_h5 *f, gv_h5_bones *b, gv_error *err)
{
    struct stat info;
    flesh s = {.ctx = f->ctx, .file = f->file};
    *b = (gv_h5_bones){.ctx = f->ctx};
    if (fstat(f->out.fd, &info) != 0)
        return gv_fail(err, GV_ERR_IO, "%s: %s", f->out.part, strerror(errno));
    b->size = (int64_t)info.st_size;
    const gv_h5_mute mute = gv_h5_hush();
    gv_status st = GV_OK;
    if (H5Ovisit2(f->file, H5_INDEX_NAME, H5_ITER_INC, visit, &s, H5O_INFO_BASIC) < 0)
        st = s.no_memory ? gv_no_memory(f->ctx, f->path, err)
                         : gv_h5_fail(f, GV_ERR_IO, NULL, "listing its arrays failed", err);
    gv_h5_unhush(mute);
    if (s.n > 0)
        qsort(s.range, (size_t)s.n, sizeof *s.range, by_place);
    if (st == GV_OK && (b->range = gv_alloc(f->ctx, 2 * (s.n + 1), sizeof *b->range)) == NULL)
        st = gv_no_memory(f->ctx, f->path, err);
    if (st == GV_OK)
        set_ranges(b, &s);
    gv_free(f->ctx, s.range);
    if (st == GV_OK && (b->bytes = gv_alloc(f->ctx, b->n_bytes + 1, 1)) == NULL)
        st = gv_no_memory(f->ctx, f->path, err);
    return st == GV_OK ? move_bytes(b, &f->out, false, err) : st;
}

void gv_h5_bones_free(gv_h5_bones *b)
{
    gv_free(b->ctx, b->range);
    gv_free(b->ctx, b->bytes);
    b->range = NULL, b->bytes = NULL;
}

/* ---- going on ------------------------------------------------------------------------------- */

static gv_status put_back(gv_h5 *f, const gv_h5_bones *b, gv_error *err)
{
    struct stat info;
    if (fstat(f->out.fd, &info) != 0 || (int64_t)info.st_size < b->size)
        return gv_fail(err, GV_ERR_DATA, "%s: is shorter than the %" PRId64 " bytes it had",
                       f->out.part, b->size);
    if (ftruncate(f->out.fd, (off_t)b->size) != 0)
        return gv_fail(err, GV_ERR_IO, "%s: cannot be cut: %s", f->out.part, strerror(errno));
    const gv_status st = move_bytes(b, &f->out, true, err);
    return st == GV_OK ? reopen(f, err) : st;
}

gv_status gv_h5_revive(gv_context *ctx, const char *path, bool overwrite, const gv_h5_bones *b,
                       gv_h5 **out, gv_error *err)
{
    gv_h5 *f = gv_alloc_zero(ctx, 1, sizeof *f);
    if (f == NULL)
        return gv_no_memory(ctx, path, err);
    *f = (gv_h5){.ctx = ctx, .file = -1, .fd = -1, .writing = true};
    H5dont_atexit();
    gv_status st = gv_output_resume(ctx, path, overwrite, &f->out, err);
    if (st == GV_OK) {
        f->path = f->out.path;
        const gv_h5_mute mute = gv_h5_hush();
        st = put_back(f, b, err);
        gv_h5_unhush(mute);
    }
    if (st == GV_OK)
        *out = f;
    else
        gv_h5_leave(f);
    return st;
}

void gv_h5_leave(gv_h5 *f)
{
    if (f == NULL)
        return;
    const gv_h5_mute mute = gv_h5_hush();
    if (f->file >= 0)
        H5Fclose(f->file);
    gv_h5_unhush(mute);
    gv_output_leave(&f->out);
    gv_h5_release(f);
}
