/* h5_look.c -- what lies in an HDF5 file: kinds, shapes, children, fields of tables. */
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/h5_file.h"

enum { NAME_CHARS = 256, PATH_CHARS = 1024 };

int64_t gv_h5_element(const gv_h5_shape *shape)
{
    switch (shape->type) {
    case GV_I8:
        return 1;
    case GV_I16:
        return 2;
    case GV_I32:
    case GV_F32:
        return 4;
    case GV_I64:
    case GV_F64:
        return 8;
    case GV_TEXT:
        break;
    }
    return shape->width;
}

int64_t gv_h5_bytes(const gv_h5_shape *shape)
{
    int64_t bytes = gv_h5_element(shape);
    for (int d = 0; d < shape->rank; d++)
        if (shape->dims[d] < 0 || __builtin_mul_overflow(bytes, shape->dims[d], &bytes))
            return -1;
    return bytes;
}

hid_t gv_h5_file_type(gv_type type, int32_t width)
{
    hid_t text;
    switch (type) {
    case GV_I8:
        return H5Tcopy(H5T_STD_I8LE);
    case GV_I16:
        return H5Tcopy(H5T_STD_I16LE);
    case GV_I32:
        return H5Tcopy(H5T_STD_I32LE);
    case GV_I64:
        return H5Tcopy(H5T_STD_I64LE);
    case GV_F32:
        return H5Tcopy(H5T_IEEE_F32LE);
    case GV_F64:
        return H5Tcopy(H5T_IEEE_F64LE);
    case GV_TEXT:
        break;
    }
    text = H5Tcopy(H5T_C_S1);
    if (text >= 0 &&
        (H5Tset_size(text, (size_t)width) < 0 || H5Tset_strpad(text, H5T_STR_NULLPAD) < 0 ||
         H5Tset_cset(text, H5T_CSET_UTF8) < 0)) {
        H5Tclose(text);
        return -1;
    }
    return text;
}

bool gv_h5_known_type(hid_t type, gv_type *known, int32_t *width)
{
    static const gv_type number[] = {GV_I8, GV_I16, GV_I32, GV_I64, GV_F32, GV_F64};
    *width = 0;
    if (H5Tget_class(type) == H5T_STRING) {
        const size_t size = H5Tget_size(type);
        *known = GV_TEXT;
        *width = (int32_t)size;
        return H5Tis_variable_str(type) == 0 && size > 0 && size < INT32_MAX;
    }
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        const hid_t ours = gv_h5_file_type(number[i], 0);
        const bool same = ours >= 0 && H5Tequal(type, ours) > 0;
        gv_h5_drop(ours);
        if (same) {
            *known = number[i];
            return true;
        }
    }
    return false;
}

bool gv_h5_exists(const gv_h5 *f, const char *path)
{
    char part[PATH_CHARS];
    const size_t length = strlen(path);
    if (strcmp(path, "/") == 0)
        return true;
    if (length >= sizeof part || path[0] != '/')
        return false;
    for (size_t i = 1; i <= length; i++)
        if (path[i] == '/' || path[i] == '\0') {
            memcpy(part, path, i);
            part[i] = '\0';
            if (H5Lexists(f->file, part, H5P_DEFAULT) <= 0)
                return false;
        }
    return true;
}

static bool look_type(hid_t dataset, gv_h5_info *info, int64_t *element)
{
    const hid_t type = H5Dget_type(dataset);
    if (type < 0)
        return false;
    info->kind = GV_H5_OTHER;
    *element = (int64_t)H5Tget_size(type);
    if (H5Tget_class(type) == H5T_COMPOUND)
        info->kind = GV_H5_TABLE;
    else if (gv_h5_known_type(type, &info->shape.type, &info->shape.width))
        info->kind = GV_H5_ARRAY;
    H5Tclose(type);
    return true;
}

static bool look_space(hid_t dataset, gv_h5_info *info)
{
    hsize_t dims[GV_H5_RANK];
    const hid_t space = H5Dget_space(dataset);
    const int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    const bool fits = rank >= 0 && rank <= GV_H5_RANK && H5Sis_simple(space) > 0 &&
                      H5Sget_simple_extent_dims(space, dims, NULL) >= 0;
    if (!fits)
        info->kind = GV_H5_OTHER;
    for (int d = 0; fits && d < rank; d++)
        info->shape.dims[d] = dims[d] > INT64_MAX ? -1 : (int64_t)dims[d];
    info->shape.rank = fits ? rank : 0;
    gv_h5_drop(space);
    return rank >= 0;
}

static bool look_layout(hid_t dataset, gv_h5_info *info)
{
    const hid_t dcpl = H5Dget_create_plist(dataset);
    if (dcpl < 0)
        return false;
    info->contiguous = H5Pget_layout(dcpl) == H5D_CONTIGUOUS && H5Pget_external_count(dcpl) == 0;
    info->offset = -1;
    if (info->contiguous && info->bytes > 0) {
        const haddr_t at = H5Dget_offset(dataset);
        info->offset = at == HADDR_UNDEF || at > INT64_MAX ? -1 : (int64_t)at;
    }
    H5Pclose(dcpl);
    return true;
}

static bool look_dataset(hid_t dataset, gv_h5_info *info)
{
    int64_t element = 0;
    if (!look_type(dataset, info, &element) || !look_space(dataset, info))
        return false;
    const gv_h5_shape in_bytes = {.type = GV_TEXT,
                                  .width = (int32_t)element,
                                  .rank = info->shape.rank,
                                  .dims = {info->shape.dims[0], info->shape.dims[1],
                                           info->shape.dims[2], info->shape.dims[3]}};
    info->bytes = gv_h5_bytes(&in_bytes);
    return look_layout(dataset, info);
}

gv_status gv_h5_look(gv_h5 *f, const char *path, gv_h5_info *info, gv_error *err)
{
    const gv_h5_mute mute = gv_h5_hush();
    gv_status st = GV_OK;
    *info = (gv_h5_info){.kind = GV_H5_NOTHING, .offset = -1};
    if (gv_h5_exists(f, path)) {
        const hid_t id = H5Oopen(f->file, path, H5P_DEFAULT);
        const H5I_type_t type = id < 0 ? H5I_BADID : H5Iget_type(id);
        if (type == H5I_GROUP)
            info->kind = GV_H5_GROUP;
        else if (type == H5I_DATASET ? !look_dataset(id, info) : id < 0)
            st = gv_h5_fail(f, GV_ERR_DATA, path, "cannot be opened; the file is damaged", err);
        else if (type != H5I_DATASET)
            info->kind = GV_H5_OTHER;
        gv_h5_drop(id);
    }
    gv_h5_unhush(mute);
    return st;
}

gv_status gv_h5_children(gv_h5 *f, const char *group, gv_h5_visit_fn *visit, void *arg,
                         gv_error *err)
{
    const gv_h5_mute mute = gv_h5_hush();
    H5G_info_t info = {.nlinks = 0};
    gv_status st = GV_OK;
    const hid_t id = gv_h5_exists(f, group) ? H5Gopen2(f->file, group, H5P_DEFAULT) : -1;
    if (id < 0 || H5Gget_info(id, &info) < 0)
        st = gv_h5_fail(f, GV_ERR_DATA, group, "is not a group that can be read", err);
    for (hsize_t i = 0; st == GV_OK && i < info.nlinks; i++) {
        char name[NAME_CHARS];
        const ssize_t length = H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, name,
                                                  sizeof name, H5P_DEFAULT);
        if (length < 0 || length >= NAME_CHARS)
            st = gv_h5_fail(f, GV_ERR_DATA, group, "holds a name that cannot be read", err);
        else
            st = visit(arg, name, err);
    }
    gv_h5_drop(id);
    gv_h5_unhush(mute);
    return st;
}

gv_status gv_h5_attributes(gv_h5 *f, const char *path, gv_h5_visit_fn *visit, void *arg,
                           gv_error *err)
{
    const gv_h5_mute mute = gv_h5_hush();
    gv_status st = GV_OK;
    const hid_t id = gv_h5_exists(f, path) ? H5Oopen(f->file, path, H5P_DEFAULT) : -1;
    const int count = id < 0 ? -1 : H5Aget_num_attrs(id);
    if (count < 0)
        st = gv_h5_fail(f, GV_ERR_DATA, path, "cannot be opened", err);
    for (int i = 0; st == GV_OK && i < count; i++) {
        char name[NAME_CHARS];
        const ssize_t length = H5Aget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i,
                                                  name, sizeof name, H5P_DEFAULT);
        if (length < 0 || length >= NAME_CHARS)
            st = gv_h5_fail(f, GV_ERR_DATA, path, "has an attribute that cannot be read", err);
        else
            st = visit(arg, name, err);
    }
    gv_h5_drop(id);
    gv_h5_unhush(mute);
    return st;
}

static bool read_field(hid_t type, unsigned i, gv_h5_field *field)
{
    char *name = H5Tget_member_name(type, i);
    const hid_t member = H5Tget_member_type(type, i);
    const bool ok = name != NULL && member >= 0 && strlen(name) < sizeof field->name &&
                    gv_h5_known_type(member, &field->type, &field->width);
    if (ok) {
        snprintf(field->name, sizeof field->name, "%s", name);
        field->offset = (int64_t)H5Tget_member_offset(type, i);
    }
    gv_h5_drop(member);
    if (name != NULL)
        H5free_memory(name);
    return ok;
}

gv_status gv_h5_fields(gv_h5 *f, const char *path, gv_h5_field *fields, int room, int *n,
                       int64_t *row_bytes, gv_error *err)
{
    const gv_h5_mute mute = gv_h5_hush();
    gv_status st = GV_OK;
    const hid_t dataset = gv_h5_exists(f, path) ? H5Dopen2(f->file, path, H5P_DEFAULT) : -1;
    const hid_t type = dataset < 0 ? -1 : H5Dget_type(dataset);
    *n = type < 0 || H5Tget_class(type) != H5T_COMPOUND ? -1 : H5Tget_nmembers(type);
    if (*n < 0 || *n > room)
        st = gv_h5_fail(f, GV_ERR_DATA, path, "is not a table that can be read", err);
    for (int i = 0; st == GV_OK && i < *n; i++)
        if (!read_field(type, (unsigned)i, &fields[i]))
            st = gv_fail(err, GV_ERR_DATA, "%s: %s: column %d has a type that cannot be read",
                         f->path, path, i + 1);
    if (st == GV_OK)
        *row_bytes = (int64_t)H5Tget_size(type);
    gv_h5_drop(type);
    gv_h5_drop(dataset);
    gv_h5_unhush(mute);
    return st;
}
