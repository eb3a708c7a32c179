/* h5.c -- opening, creating and closing HDF5 files.
 *
 * A full disk must be an error and never a crash, but HDF5 1.10 crashes in its exit handler once
 * closing a file has failed. So the handler is not installed; arrays are written by us into space
 * taken beforehand; the space of HDF5's own records is taken before it flushes them; a file that is
 * given up is closed into memory, where there is room; and one that cannot be closed all the same
 * is left alone. */
#define _GNU_SOURCE
#include "io/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/h5_file.h"

enum { PAGE = 4096 };

gv_h5_mute gv_h5_hush(void)
{
    gv_h5_mute m = {NULL, NULL};
    H5Eget_auto2(H5E_DEFAULT, &m.print, &m.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return m;
}

void gv_h5_unhush(gv_h5_mute m)
{
    H5Eset_auto2(H5E_DEFAULT, m.print, m.data);
}

typedef struct reason {
    int code; /* errno, or 0 */
    bool lock;
} reason;

static herr_t read_reason(unsigned n, const H5E_error2_t *e, void *data)
{
    reason *r = data;
    const char *code = e->desc != NULL ? strstr(e->desc, "errno = ") : NULL;
    (void)n;
    if (code != NULL && r->code == 0)
        r->code = (int)strtol(code + strlen("errno = "), NULL, 10);
    if (e->desc != NULL && strstr(e->desc, "unable to lock") != NULL)
        r->lock = true;
    return 0;
}

gv_status gv_h5_fail(const gv_h5 *f, gv_status status, const char *path, const char *what,
                     gv_error *err)
{
    reason r = {0, false};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, read_reason, &r);
    if (r.lock)
        return gv_fail(err, f->writing ? GV_ERR_CREATE : GV_ERR_NO_INPUT,
                       "%s: cannot be locked: %s; another program has it open, or the file system "
                       "refuses locks (then set HDF5_USE_FILE_LOCKING=FALSE)",
                       f->path, strerror(r.code));
    return gv_fail(err, status, "%s%s%s: %s%s%s", f->path, path != NULL ? ": " : "",
                   path != NULL ? path : "", what, r.code != 0 ? ": " : "",
                   r.code != 0 ? strerror(r.code) : "");
}

gv_status gv_h5_trouble(const gv_h5 *f, const char *path, const char *what, gv_error *err)
{
    return gv_h5_fail(f, f->writing ? GV_ERR_IO : GV_ERR_DATA, path, what, err);
}

void gv_h5_drop(hid_t id)
{
    if (id < 0)
        return;
    switch (H5Iget_type(id)) {
    case H5I_DATASET:
        H5Dclose(id);
        break;
    case H5I_GROUP:
        H5Gclose(id);
        break;
    case H5I_DATASPACE:
        H5Sclose(id);
        break;
    case H5I_DATATYPE:
        H5Tclose(id);
        break;
    case H5I_ATTR:
        H5Aclose(id);
        break;
    case H5I_GENPROP_LST:
        H5Pclose(id);
        break;
    default:
        break;
    }
}

hid_t gv_h5_access_list(void)
{
    const hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    if (fapl >= 0 && (H5Pset_libver_bounds(fapl, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) < 0 ||
                      H5Pset_alignment(fapl, PAGE, PAGE) < 0 ||
                      H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG) < 0)) {
        H5Pclose(fapl);
        return -1;
    }
    return fapl;
}

void gv_h5_release(gv_h5 *f)
{
    gv_context *ctx = f->ctx;
    if (!f->writing) {
        if (f->fd >= 0)
            close(f->fd);
        gv_free(ctx, f->path);
    }
    gv_mapping_free(f->mapping);
    gv_free(ctx, f);
}

/* ---- reading -------------------------------------------------------------------------------- */

static gv_status open_plain(gv_h5 *f, const char *path, gv_error *err)
{
    struct stat info;
    const size_t length = strlen(path) + 1;
    f->path = gv_alloc(f->ctx, (int64_t)length, 1);
    if (f->path == NULL)
        return gv_no_memory(f->ctx, path, err);
    memcpy(f->path, path, length);
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0 || fstat(f->fd, &info) != 0)
        return gv_fail(err, GV_ERR_NO_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return gv_fail(err, GV_ERR_NO_INPUT, "%s: is not a regular file", path);
    f->size = (int64_t)info.st_size;
    return GV_OK;
}

static gv_status open_hdf5(gv_h5 *f, gv_error *err)
{
    const hid_t fapl = gv_h5_access_list();
    if (fapl < 0)
        return gv_fail(err, GV_ERR_SYSTEM, "%s: HDF5 cannot be initialised", f->path);
    gv_status st = GV_OK;
    f->file = H5Fopen(f->path, H5F_ACC_RDONLY, fapl);
    if (f->file < 0)
        st = gv_h5_fail(f, GV_ERR_DATA, NULL, "is not an HDF5 file, or is cut short", err);
    H5Pclose(fapl);
    return st;
}

gv_status gv_h5_open(gv_context *ctx, const char *path, gv_h5 **out, gv_error *err)
{
    gv_h5 *f = gv_alloc_zero(ctx, 1, sizeof *f);
    if (f == NULL)
        return gv_no_memory(ctx, path, err);
    f->ctx = ctx;
    f->file = -1;
    f->fd = -1;
    H5dont_atexit();
    gv_status st = open_plain(f, path, err);
    if (st == GV_OK) {
        const gv_h5_mute mute = gv_h5_hush();
        st = open_hdf5(f, err);
        gv_h5_unhush(mute);
    }
    if (st != GV_OK)
        gv_h5_release(f);
    else
        *out = f;
    return st;
}

gv_status gv_h5_expect(gv_h5 *f, const char *schema, int64_t version, gv_error *err)
{
    char have[64];
    int64_t number = 0;
    gv_h5_value kind;
    if (!gv_h5_has(f, "/", "schema", &kind))
        return gv_fail(err, GV_ERR_DATA, "%s: is not a %s file: it has no attribute @schema",
                       f->path, schema);
    gv_status st = gv_h5_get_text(f, "/", "schema", have, sizeof have, err);
    if (st != GV_OK)
        return st;
    if (strcmp(have, schema) != 0)
        return gv_fail(err, GV_ERR_DATA, "%s: is a %s file, not a %s file", f->path, have, schema);
    st = gv_h5_get_i64(f, "/", "schema_version", &number, err);
    if (st != GV_OK)
        return st;
    if (number != version)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: @schema_version %" PRId64 " is not %" PRId64
                       ", the one this program reads",
                       f->path, number, version);
    number = 0;
    if (gv_h5_has(f, "/", "complete", &kind))
        st = gv_h5_get_i64(f, "/", "complete", &number, err);
    if (st == GV_OK && number != 1)
        return gv_fail(err, GV_ERR_DATA, "%s: is not complete: @complete is not 1", f->path);
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

static gv_status create_hdf5(gv_h5 *f, gv_error *err)
{
    const hid_t fapl = gv_h5_access_list(), fcpl = H5Pcreate(H5P_FILE_CREATE);
    gv_status st = GV_OK;
    if (fapl < 0 || fcpl < 0 || H5Pset_obj_track_times(fcpl, 0) < 0)
        st = gv_fail(err, GV_ERR_SYSTEM, "%s: HDF5 cannot be initialised", f->path);
    if (st == GV_OK) {
        f->file = H5Fcreate(f->out.part, H5F_ACC_TRUNC, fcpl, fapl);
        if (f->file < 0)
            st = gv_h5_fail(f, GV_ERR_CREATE, NULL, "cannot be created", err);
    }
    gv_h5_drop(fcpl);
    gv_h5_drop(fapl);
    return st;
}

gv_status gv_h5_create(gv_context *ctx, const char *path, bool overwrite, const char *schema,
                       int64_t version, gv_h5 **out, gv_error *err)
{
    gv_h5 *f = gv_alloc_zero(ctx, 1, sizeof *f);
    if (f == NULL)
        return gv_no_memory(ctx, path, err);
    f->ctx = ctx;
    f->file = -1;
    f->fd = -1;
    f->writing = true;
    H5dont_atexit();
    gv_status st = gv_output_begin(ctx, path, overwrite, &f->out, err);
    if (st != GV_OK) {
        gv_h5_release(f);
        return st;
    }
    f->path = f->out.path;
    const gv_h5_mute mute = gv_h5_hush();
    st = create_hdf5(f, err);
    gv_h5_unhush(mute);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "schema", schema, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "schema_version", version, err);
    if (st != GV_OK)
        gv_h5_close(f);
    else
        *out = f;
    return st;
}

gv_status gv_h5_flush(gv_h5 *f, gv_error *err)
{
    hsize_t size = 0;
    if (H5Fget_filesize(f->file, &size) < 0)
        return gv_h5_fail(f, GV_ERR_IO, NULL, "asking for its size failed", err);
    const gv_status st = gv_output_reserve_all(&f->out, (int64_t)size, "HDF5 records", err);
    if (st != GV_OK)
        return st;
    if (H5Fflush(f->file, H5F_SCOPE_LOCAL) < 0)
        return gv_h5_fail(f, GV_ERR_IO, NULL, "writing failed", err);
    return GV_OK;
}

/* From here on HDF5 writes into a file of nothing but memory instead of PATH.part. */
static bool divert(gv_h5 *f)
{
    void *handle = NULL;
    if (H5Fget_vfd_handle(f->file, H5P_DEFAULT, &handle) < 0 || handle == NULL)
        return false;
    const int memory = memfd_create("grapevine", MFD_CLOEXEC);
    const bool ok = memory >= 0 && dup2(memory, *(const int *)handle) >= 0;
    if (memory >= 0)
        close(memory);
    return ok;
}

/* HDF5 insists on writing its last records, a few kilobytes, also of a file that nobody wants; on a
 * full disk that would fail and leak. */
static void give_up(gv_h5 *f)
{
    if (f->file >= 0 && (divert(f) || ftruncate(f->out.fd, 0) == 0))
        H5Fclose(f->file);
    gv_output_discard(&f->out);
}

static gv_status finish(gv_h5 *f, gv_error *err)
{
    gv_status st = gv_h5_flush(f, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "complete", 1, err);
    if (st == GV_OK)
        st = gv_h5_flush(f, err);
    if (st == GV_OK && H5Fclose(f->file) < 0) {
        st = gv_h5_fail(f, GV_ERR_IO, NULL, "closing failed", err);
        f->file = -1; /* left alone */
    }
    if (st != GV_OK) {
        give_up(f);
        return st;
    }
    return gv_output_commit(&f->out, err);
}

gv_status gv_h5_commit(gv_h5 **file, gv_error *err)
{
    gv_h5 *f = *file;
    *file = NULL;
    const gv_h5_mute mute = gv_h5_hush();
    const gv_status st = finish(f, err);
    gv_h5_unhush(mute);
    gv_h5_release(f);
    return st;
}

void gv_h5_close(gv_h5 *f)
{
    if (f == NULL)
        return;
    const gv_h5_mute mute = gv_h5_hush();
    if (f->writing)
        give_up(f);
    else
        H5Fclose(f->file);
    gv_h5_unhush(mute);
    gv_h5_release(f);
}

const char *gv_h5_path(const gv_h5 *f)
{
    return f->path;
}

gv_context *gv_h5_context(const gv_h5 *f)
{
    return f->ctx;
}

int64_t gv_h5_file_size(const gv_h5 *f)
{
    return f->size;
}
