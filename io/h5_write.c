/* h5_write.c -- contiguous arrays into HDF5 files.
 *
 * HDF5 only says where an array goes (early allocation, no fill); we take the disk space and write
 * the bytes there ourselves, so that a full disk is met by us and not inside HDF5. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "io/h5_file.h"
#include "io/h5_write.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays go to the file as they are");

enum { PATH_CHARS = 1024 };

static gv_status make_group(gv_h5 *f, const char *path, gv_error *err)
{
    gv_status st = GV_OK;
    const hid_t gcpl = H5Pcreate(H5P_GROUP_CREATE);
    const hid_t group = gcpl < 0 || H5Pset_obj_track_times(gcpl, 0) < 0
                            ? -1
                            : H5Gcreate2(f->file, path, H5P_DEFAULT, gcpl, H5P_DEFAULT);
    if (group < 0)
        st = gv_h5_fail(f, GV_ERR_IO, path, "making the group failed", err);
    gv_h5_drop(group);
    gv_h5_drop(gcpl);
    return st;
}

/* The groups of path[0, length), as far as they are missing. */
static gv_status make_groups(gv_h5 *f, const char *path, size_t length, gv_error *err)
{
    char part[PATH_CHARS];
    gv_status st = GV_OK;
    for (size_t i = 1; st == GV_OK && i <= length; i++)
        if (i == length || path[i] == '/') {
            memcpy(part, path, i);
            part[i] = '\0';
            if (H5Lexists(f->file, part, H5P_DEFAULT) <= 0)
                st = make_group(f, part, err);
        }
    return st;
}

/* An absolute path that HDF5 and we can hold, without empty parts. */
static gv_status check_path(const gv_h5 *f, const char *path, gv_error *err)
{
    const size_t length = strlen(path);
    if (path[0] != '/' || length < 2 || length >= PATH_CHARS || path[length - 1] == '/' ||
        strstr(path, "//") != NULL)
        return gv_fail(err, GV_ERR_ARG, "%s: \"%s\" is not a path such as /group/name", f->path,
                       path);
    return GV_OK;
}

gv_status gv_h5_group(gv_h5 *f, const char *path, gv_error *err)
{
    gv_status st = check_path(f, path, err);
    if (st != GV_OK)
        return st;
    const gv_h5_mute mute = gv_h5_hush();
    st = make_groups(f, path, strlen(path), err);
    gv_h5_unhush(mute);
    return st;
}

gv_status gv_h5_clear_way(gv_h5 *f, const char *path, gv_error *err)
{
    gv_status st = check_path(f, path, err);
    if (st == GV_OK)
        st = make_groups(f, path, (size_t)(strrchr(path, '/') - path), err);
    if (st == GV_OK && H5Lexists(f->file, path, H5P_DEFAULT) > 0)
        st = gv_fail(err, GV_ERR_ARG, "%s: %s: was written already", f->path, path);
    return st;
}

hid_t gv_h5_space(int rank, const int64_t *dims)
{
    hsize_t size[GV_H5_RANK];
    if (rank == 0)
        return H5Screate(H5S_SCALAR);
    for (int d = 0; d < rank; d++)
        size[d] = (hsize_t)dims[d];
    return H5Screate_simple(rank, size, NULL);
}

static hid_t contiguous_list(void)
{
    const hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE);
    if (dcpl >= 0 &&
        (H5Pset_obj_track_times(dcpl, 0) < 0 || H5Pset_layout(dcpl, H5D_CONTIGUOUS) < 0 ||
         H5Pset_alloc_time(dcpl, H5D_ALLOC_TIME_EARLY) < 0 ||
         H5Pset_fill_time(dcpl, H5D_FILL_TIME_NEVER) < 0)) {
        H5Pclose(dcpl);
        return -1;
    }
    return dcpl;
}

static gv_status create_array(gv_h5 *f, const char *path, const gv_h5_shape *shape,
                              gv_h5_array *array, gv_error *err)
{
    gv_status st = GV_OK;
    const hid_t type = gv_h5_file_type(shape->type, shape->width), dcpl = contiguous_list();
    const hid_t space = gv_h5_space(shape->rank, shape->dims);
    const hid_t dataset =
        type < 0 || dcpl < 0 || space < 0
            ? -1
            : H5Dcreate2(f->file, path, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    if (dataset < 0) {
        st = gv_h5_fail(f, GV_ERR_IO, path, "making the dataset failed", err);
    } else if (array->bytes > 0) {
        const haddr_t at = H5Dget_offset(dataset);
        array->offset = (int64_t)at;
        if (at == HADDR_UNDEF)
            st = gv_h5_fail(f, GV_ERR_IO, path, "finding room in the file failed", err);
    }
    gv_h5_drop(dataset);
    gv_h5_drop(space);
    gv_h5_drop(dcpl);
    gv_h5_drop(type);
    return st;
}

gv_status gv_h5_begin(gv_h5 *f, const char *path, const gv_h5_shape *shape, gv_h5_array *array,
                      gv_error *err)
{
    *array = (gv_h5_array){.path = path, .offset = 0, .bytes = gv_h5_bytes(shape)};
    if (shape->rank < 0 || shape->rank > GV_H5_RANK || array->bytes < 0 || gv_h5_element(shape) < 1)
        return gv_fail(err, GV_ERR_ARG,
                       "%s: %s: rank %d is not in [0, %d], or a dimension is out of range", f->path,
                       path, shape->rank, GV_H5_RANK);
    const gv_h5_mute mute = gv_h5_hush();
    gv_status st = gv_h5_clear_way(f, path, err);
    if (st == GV_OK)
        st = create_array(f, path, shape, array, err);
    gv_h5_unhush(mute);
    if (st == GV_OK)
        st = gv_output_reserve(&f->out, array->offset, array->bytes, path, err);
    return st;
}

gv_status gv_h5_slab(gv_h5 *f, const gv_h5_array *array, int64_t first_byte, const void *data,
                     int64_t bytes, gv_error *err)
{
    if (first_byte < 0 || bytes < 0 || first_byte > array->bytes - bytes)
        return gv_fail(err, GV_ERR_ARG,
                       "%s: %s: bytes %" PRId64 " to %" PRId64 " are not all in [0, %" PRId64 ")",
                       f->path, array->path, first_byte, first_byte + bytes, array->bytes);
    return gv_output_write(&f->out, array->offset + first_byte, data, bytes, array->path, err);
}

gv_status gv_h5_set_checksum(gv_h5 *f, const char *path, uint64_t checksum, gv_error *err)
{
    char text[GV_HASH_CHARS + 1];
    return gv_h5_set_text(f, path, "checksum", gv_hash_text(checksum, text), err);
}

/* Hashes what lies in the file, through a window so that little of it counts as held. */
static gv_status hash_back(gv_h5 *f, const gv_h5_array *array, gv_hasher *h, gv_error *err)
{
    const int64_t page = (int64_t)sysconf(_SC_PAGESIZE);
    for (int64_t at = 0; at < array->bytes; at += GV_H5_WINDOW) {
        const int64_t left = array->bytes - at, bytes = left < GV_H5_WINDOW ? left : GV_H5_WINDOW;
        const int64_t lead = (array->offset + at) % page;
        char *base = mmap(NULL, (size_t)(lead + bytes), PROT_READ, MAP_SHARED, f->out.fd,
                          array->offset + at - lead);
        if (base == MAP_FAILED)
            return gv_fail(err, GV_ERR_SYSTEM, "%s: %s: cannot be mapped: %s", f->path, array->path,
                           strerror(errno));
        gv_hasher_add(h, base + lead, bytes);
        munmap(base, (size_t)(lead + bytes));
    }
    return GV_OK;
}

gv_status gv_h5_end(gv_h5 *f, const gv_h5_array *array, uint64_t *checksum, gv_error *err)
{
    gv_hasher h;
    gv_status st = gv_hasher_begin(f->ctx, &h, array->bytes, err);
    if (st == GV_OK)
        st = hash_back(f, array, &h, err);
    if (st == GV_OK) {
        const uint64_t hash = gv_hasher_end(&h);
        st = gv_h5_set_checksum(f, array->path, hash, err);
        if (checksum != NULL)
            *checksum = hash;
    }
    gv_hasher_free(&h);
    return st;
}

gv_status gv_h5_write(gv_h5 *f, const char *path, const gv_h5_shape *shape, const void *data,
                      uint64_t *checksum, gv_error *err)
{
    gv_h5_array array;
    uint64_t hash = 0;
    gv_status st = gv_h5_begin(f, path, shape, &array, err);
    if (st == GV_OK)
        st = gv_h5_slab(f, &array, 0, data, array.bytes, err);
    if (st == GV_OK)
        st = gv_hash(f->ctx, data, array.bytes, &hash, err);
    if (st == GV_OK)
        st = gv_h5_set_checksum(f, path, hash, err);
    if (st == GV_OK && checksum != NULL)
        *checksum = hash;
    return st;
}

gv_status gv_h5_link(gv_h5 *f, const char *existing, const char *path, gv_error *err)
{
    const gv_h5_mute mute = gv_h5_hush();
    gv_status st = gv_h5_clear_way(f, path, err);
    if (st == GV_OK &&
        H5Lcreate_hard(f->file, existing, f->file, path, H5P_DEFAULT, H5P_DEFAULT) < 0)
        st = gv_h5_fail(f, GV_ERR_IO, path, "making the link failed", err);
    gv_h5_unhush(mute);
    return st;
}
