/* h5_read.c -- arrays out of HDF5 files: in place when they lie in one piece, else copied. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "io/h5_file.h"
#include "io/whole.h"

static const char *type_name(gv_type type)
{
    static const char *const name[] = {"int16",   "int32",   "int64", "float32",
                                       "float64", "strings", "int8"};
    return name[type];
}

/* "int64[3, 7]" into text [96]; returns it. */
static const char *shape_text(const gv_h5_shape *s, char *text)
{
    int at = snprintf(text, 96, "%s[", type_name(s->type));
    if (s->type == GV_TEXT)
        at = snprintf(text, 96, "strings of %d bytes[", s->width);
    for (int d = 0; d < s->rank; d++)
        at += snprintf(text + at, (size_t)(96 - at), "%s%" PRId64, d > 0 ? ", " : "", s->dims[d]);
    snprintf(text + at, (size_t)(96 - at), "]");
    return text;
}

static bool same_shape(const gv_h5_shape *a, const gv_h5_shape *b)
{
    bool same =
        a->type == b->type && a->rank == b->rank && (a->type != GV_TEXT || a->width == b->width);
    for (int d = 0; same && d < a->rank; d++)
        same = a->dims[d] == b->dims[d];
    return same;
}

static gv_status wrong_kind(const gv_h5 *f, const char *path, gv_h5_kind kind, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA, "%s: %s: %s", f->path, path,
                   kind == GV_H5_NOTHING ? "is missing" : "is not an array of a known type");
}

/* The array lies in the file as wanted. */
static gv_status check_place(const gv_h5 *f, const char *path, const gv_h5_info *info,
                             const gv_h5_shape *want, gv_error *err)
{
    char have[96], need[96];
    if (info->kind != GV_H5_ARRAY)
        return wrong_kind(f, path, info->kind, err);
    if (!same_shape(&info->shape, want))
        return gv_fail(err, GV_ERR_DATA, "%s: %s: is %s, not %s", f->path, path,
                       shape_text(&info->shape, have), shape_text(want, need));
    if (!info->contiguous)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: is not contiguous, so it cannot be mapped",
                       f->path, path);
    if (!f->writing && info->bytes > 0 &&
        (info->offset < 0 || info->offset > f->size - info->bytes))
        return gv_fail(err, GV_ERR_DATA,
                       "%s: %s: needs bytes %" PRId64 " to %" PRId64 " of a file of %" PRId64,
                       f->path, path, info->offset, info->offset + info->bytes, f->size);
    return GV_OK;
}

gv_status gv_h5_map(gv_h5 *f, const char *path, const gv_h5_shape *want, const void **data,
                    gv_error *err)
{
    static const int64_t nothing = 0; /* where the empty arrays are */
    gv_h5_info info;
    gv_status st = gv_h5_look(f, path, &info, err);
    if (st == GV_OK)
        st = check_place(f, path, &info, want, err);
    if (st == GV_OK && info.bytes == 0) {
        *data = &nothing;
        return GV_OK;
    }
    if (st == GV_OK)
        st = gv_h5_map_file(f, err);
    if (st != GV_OK)
        return st;
    const int64_t alignment = want->type == GV_TEXT ? 1 : gv_h5_element(want);
    return gv_mapping_at(f->mapping, info.offset, info.bytes, alignment, data, err);
}

gv_mapping *gv_h5_take_mapping(gv_h5 *f)
{
    gv_mapping *m = f->mapping;
    f->mapping = NULL;
    return m;
}

gv_status gv_h5_read(gv_h5 *f, const char *path, void *data, gv_error *err)
{
    gv_h5_info info;
    gv_status st = gv_h5_look(f, path, &info, err);
    if (st != GV_OK)
        return st;
    if (info.kind != GV_H5_ARRAY && info.kind != GV_H5_TABLE)
        return wrong_kind(f, path, info.kind, err);
    if (info.bytes <= 0)
        return info.bytes == 0 ? GV_OK : wrong_kind(f, path, GV_H5_OTHER, err);
    const gv_h5_mute mute = gv_h5_hush();
    const hid_t dataset = H5Dopen2(f->file, path, H5P_DEFAULT);
    const hid_t type = dataset < 0 ? -1 : H5Dget_type(dataset);
    if (type < 0 || H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        st = gv_h5_fail(f, GV_ERR_DATA, path, "cannot be read", err);
    gv_h5_drop(type);
    gv_h5_drop(dataset);
    gv_h5_unhush(mute);
    return st;
}

gv_status gv_h5_hash(gv_h5 *f, const char *path, uint64_t *hash, gv_error *err)
{
    gv_h5_info info;
    gv_status st = gv_h5_look(f, path, &info, err);
    if (st != GV_OK)
        return st;
    if (info.kind == GV_H5_ARRAY && info.contiguous) {
        const void *data;
        st = gv_h5_map(f, path, &info.shape, &data, err);
        return st != GV_OK ? st : gv_hash(f->ctx, data, info.bytes, hash, err);
    }
    void *data = gv_alloc(f->ctx, info.bytes, 1);
    if (data == NULL)
        return gv_no_memory(f->ctx, path, err);
    st = gv_h5_read(f, path, data, err);
    if (st == GV_OK)
        st = gv_hash(f->ctx, data, info.bytes, hash, err);
    gv_free(f->ctx, data);
    return st;
}

gv_status gv_h5_peek(gv_h5 *f, const char *path, const gv_h5_shape *want, int64_t first, int64_t n,
                     void *data, gv_error *err)
{
    gv_h5_info info;
    gv_status st = gv_h5_look(f, path, &info, err);
    if (st == GV_OK)
        st = check_place(f, path, &info, want, err);
    if (st != GV_OK)
        return st;
    const int64_t element = gv_h5_element(want), bytes = n * element;
    const int64_t at = info.offset + first * element;
    const int fd = f->writing ? f->out.fd : f->fd;
    if (gv_read_at(fd, data, bytes, at))
        return GV_OK;
    return errno == 0 ? gv_fail(err, GV_ERR_DATA, "%s: %s: is cut short", f->path, path)
                      : gv_fail(err, GV_ERR_IO, "%s: %s: reading failed: %s", f->path, path,
                                strerror(errno));
}
