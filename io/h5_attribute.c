/* h5_attribute.c -- scalar attributes: 64-bit integers and floats, variable-length UTF-8 text. */
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "io/h5_file.h"

static gv_status bad(const gv_h5 *f, const char *path, const char *name, const char *what,
                     gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA, "%s: %s/@%s: %s", f->path, strcmp(path, "/") == 0 ? "" : path,
                   name, what);
}

/* ---- reading -------------------------------------------------------------------------------- */

static hid_t open_attribute(const gv_h5 *f, const char *path, const char *name)
{
    if (!gv_h5_exists(f, path) || H5Aexists_by_name(f->file, path, name, H5P_DEFAULT) <= 0)
        return -1;
    return H5Aopen_by_name(f->file, path, name, H5P_DEFAULT, H5P_DEFAULT);
}

static gv_h5_value value_kind(hid_t attribute)
{
    gv_h5_value kind = GV_H5_UNKNOWN;
    const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    if (type >= 0 && space >= 0 && H5Sget_simple_extent_npoints(space) == 1) {
        const H5T_class_t class = H5Tget_class(type);
        if (class == H5T_INTEGER)
            kind = GV_H5_I64;
        else if (class == H5T_FLOAT)
            kind = GV_H5_F64;
        else if (class == H5T_STRING)
            kind = GV_H5_STRING;
    }
    gv_h5_drop(space);
    gv_h5_drop(type);
    return kind;
}

bool gv_h5_has(gv_h5 *f, const char *path, const char *name, gv_h5_value *value)
{
    const gv_h5_mute mute = gv_h5_hush();
    const hid_t attribute = open_attribute(f, path, name);
    if (attribute >= 0)
        *value = value_kind(attribute);
    gv_h5_drop(attribute);
    gv_h5_unhush(mute);
    return attribute >= 0;
}

/* A number as `type`, or text into text [room]; exactly one of the two. */
static gv_status read_value(hid_t attribute, gv_h5_value want, hid_t type, void *number, char *text,
                            size_t room)
{
    if (attribute < 0 || value_kind(attribute) != want)
        return GV_ERR_DATA;
    if (want != GV_H5_STRING)
        return H5Aread(attribute, type, number) < 0 ? GV_ERR_DATA : GV_OK;
    gv_status st = GV_ERR_DATA;
    const hid_t in_file = H5Aget_type(attribute);
    const hid_t in_memory = in_file < 0 ? -1 : H5Tcopy(in_file);
    if (in_memory >= 0 && H5Tis_variable_str(in_file) > 0) {
        char *got = NULL;
        if (H5Aread(attribute, in_memory, &got) >= 0) {
            const size_t length = got != NULL ? strlen(got) : 0;
            if (length < room) {
                memcpy(text, got != NULL ? got : "", length);
                text[length] = '\0';
                st = GV_OK;
            }
        }
        if (got != NULL)
            H5free_memory(got);
    } else if (in_memory >= 0 && H5Tget_size(in_file) < room) {
        memset(text, 0, room);
        st = H5Aread(attribute, in_memory, text) < 0 ? GV_ERR_DATA : GV_OK;
    }
    gv_h5_drop(in_memory);
    gv_h5_drop(in_file);
    return st;
}

static gv_status get(gv_h5 *f, const char *path, const char *name, gv_h5_value want, void *number,
                     char *text, size_t room, gv_error *err)
{
    static const char *const wanted[] = {"an integer", "a floating-point number", "a text"};
    const gv_h5_mute mute = gv_h5_hush();
    const hid_t attribute = open_attribute(f, path, name);
    const hid_t type = want == GV_H5_I64 ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE;
    gv_status st = read_value(attribute, want, type, number, text, room);
    if (attribute < 0) {
        st = bad(f, path, name, "is missing", err);
    } else if (st != GV_OK) {
        char what[96];
        snprintf(what, sizeof what, "cannot be read as %s", wanted[want]);
        st = bad(f, path, name, what, err);
    }
    gv_h5_drop(attribute);
    gv_h5_unhush(mute);
    return st;
}

gv_status gv_h5_get_i64(gv_h5 *f, const char *path, const char *name, int64_t *value, gv_error *err)
{
    return get(f, path, name, GV_H5_I64, value, NULL, 0, err);
}

gv_status gv_h5_get_f64(gv_h5 *f, const char *path, const char *name, double *value, gv_error *err)
{
    return get(f, path, name, GV_H5_F64, value, NULL, 0, err);
}

gv_status gv_h5_get_text(gv_h5 *f, const char *path, const char *name, char *text, size_t room,
                         gv_error *err)
{
    return get(f, path, name, GV_H5_STRING, NULL, text, room, err);
}

gv_status gv_h5_get_pair(gv_h5 *f, const char *path, const char *name, int64_t pair[2],
                         gv_error *err)
{
    const gv_h5_mute mute = gv_h5_hush();
    gv_status st = GV_OK;
    const hid_t attribute = open_attribute(f, path, name);
    const hid_t space = attribute < 0 ? -1 : H5Aget_space(attribute);
    if (space < 0 || H5Sget_simple_extent_npoints(space) != 2 ||
        H5Aread(attribute, H5T_NATIVE_INT64, pair) < 0)
        st = bad(f, path, name, "is missing, or not two integers", err);
    gv_h5_drop(space);
    gv_h5_drop(attribute);
    gv_h5_unhush(mute);
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

typedef struct value {
    hid_t in_file, in_memory, space;
    const void *data;
} value;

static gv_status set_value(gv_h5 *f, const char *path, const char *name, const value *v,
                           gv_error *err)
{
    gv_status st = GV_OK;
    hid_t attribute = -1;
    if (!gv_h5_exists(f, path))
        return gv_fail(err, GV_ERR_ARG, "%s: %s: there is nothing to give attribute @%s to",
                       f->path, path, name);
    if (H5Aexists_by_name(f->file, path, name, H5P_DEFAULT) > 0 &&
        H5Adelete_by_name(f->file, path, name, H5P_DEFAULT) < 0)
        return gv_h5_trouble(f, path, "replacing an attribute failed", err);
    attribute = H5Acreate_by_name(f->file, path, name, v->in_file, v->space, H5P_DEFAULT,
                                  H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, v->in_memory, v->data) < 0)
        st = gv_h5_trouble(f, path, "writing an attribute failed", err);
    gv_h5_drop(attribute);
    return st;
}

/* `type` in the file and in memory; n = 0 is a scalar. */
static gv_status set_numbers(gv_h5 *f, const char *path, const char *name, gv_type type, hsize_t n,
                             const void *data, gv_error *err)
{
    const gv_h5_mute mute = gv_h5_hush();
    const hid_t t = gv_h5_file_type(type, 0);
    value v = {.in_file = t, .in_memory = t, .data = data};
    v.space = n == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, NULL);
    const gv_status st = t >= 0 && v.space >= 0
                             ? set_value(f, path, name, &v, err)
                             : gv_h5_trouble(f, path, "making an attribute failed", err);
    gv_h5_drop(v.space);
    gv_h5_drop(t);
    gv_h5_unhush(mute);
    return st;
}

gv_status gv_h5_set_i64(gv_h5 *f, const char *path, const char *name, int64_t number, gv_error *err)
{
    return set_numbers(f, path, name, GV_I64, 0, &number, err);
}

gv_status gv_h5_set_f64(gv_h5 *f, const char *path, const char *name, double number, gv_error *err)
{
    return set_numbers(f, path, name, GV_F64, 0, &number, err);
}

gv_status gv_h5_set_pair(gv_h5 *f, const char *path, const char *name, int64_t first,
                         int64_t second, gv_error *err)
{
    const int64_t pair[2] = {first, second};
    return set_numbers(f, path, name, GV_I64, 2, pair, err);
}

/* `size` is H5T_VARIABLE, or the length of a fixed string with its NUL. */
static gv_status set_string(gv_h5 *f, const char *path, const char *name, size_t size,
                            H5T_cset_t cset, const void *data, gv_error *err)
{
    const gv_h5_mute mute = gv_h5_hush();
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    gv_status st;
    if (type < 0 || space < 0 || H5Tset_size(type, size) < 0 || H5Tset_cset(type, cset) < 0) {
        st = gv_h5_trouble(f, path, "making an attribute failed", err);
    } else {
        const value v = {.in_file = type, .in_memory = type, .space = space, .data = data};
        st = set_value(f, path, name, &v, err);
    }
    gv_h5_drop(space);
    gv_h5_drop(type);
    gv_h5_unhush(mute);
    return st;
}

gv_status gv_h5_set_text(gv_h5 *f, const char *path, const char *name, const char *text,
                         gv_error *err)
{
    return set_string(f, path, name, H5T_VARIABLE, H5T_CSET_UTF8, &text, err);
}

gv_status gv_h5_set_ascii(gv_h5 *f, const char *path, const char *name, const char *text,
                          gv_error *err)
{
    return set_string(f, path, name, strlen(text) + 1, H5T_CSET_ASCII, text, err);
}
