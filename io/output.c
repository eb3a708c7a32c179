/* output.c -- see output.h. A reader of PATH sees the old file or the whole new one, also after a
 * crash: the contents are synced before the rename, the directory after it. */
#define _GNU_SOURCE
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "io/whole.h"

enum { SLAB = 64 << 20 };

static gv_status refuse(gv_output *o, gv_status status, const char *doing, gv_error *err)
{
    const int why = errno;
    return gv_fail(err, status, "%s: %s failed: %s", o->part, doing, strerror(why));
}

static void drop(gv_output *o)
{
    if (o->fd >= 0)
        close(o->fd);
    o->fd = -1;
    gv_free(o->ctx, o->path);
    gv_free(o->ctx, o->part);
    o->path = o->part = NULL;
}

/* `flags`: O_CREAT | O_TRUNC, or none for a PATH.part that is there. */
static gv_status open_part(gv_context *ctx, const char *path, bool overwrite, int flags,
                           gv_output *o, gv_error *err)
{
    struct stat info;
    *o = (gv_output){.ctx = ctx, .fd = -1};
    const bool exists = lstat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return gv_fail(err, GV_ERR_CREATE, "%s: cannot be written: it is a directory", path);
    /* Renaming over a device or a pipe would put a plain file in its place. */
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return gv_fail(err, GV_ERR_CREATE, "%s: cannot be written: it is not a file", path);
    if (exists && !overwrite)
        return gv_fail(err, GV_ERR_CREATE, "%s: exists already and may not be overwritten", path);
    const size_t length = strlen(path);
    o->path = gv_alloc(ctx, (int64_t)length + 1, 1);
    o->part = gv_alloc(ctx, (int64_t)length + 6, 1);
    if (o->path == NULL || o->part == NULL) {
        drop(o);
        return gv_no_memory(ctx, path, err);
    }
    snprintf(o->path, length + 1, "%s", path);
    snprintf(o->part, length + 6, "%s.part", path);
    o->fd = open(o->part, O_RDWR | O_CLOEXEC | flags, 0666);
    if (o->fd < 0) {
        const bool fresh = (flags & O_CREAT) != 0;
        const gv_status st =
            gv_fail(err, fresh ? GV_ERR_CREATE : GV_ERR_NO_INPUT, "%s: cannot be %s: %s",
                    fresh ? path : o->part, fresh ? "created" : "opened", strerror(errno));
        drop(o);
        return st;
    }
    return GV_OK;
}

gv_status gv_output_begin(gv_context *ctx, const char *path, bool overwrite, gv_output *o,
                          gv_error *err)
{
    return open_part(ctx, path, overwrite, O_CREAT | O_TRUNC, o, err);
}

gv_status gv_output_resume(gv_context *ctx, const char *path, bool overwrite, gv_output *o,
                           gv_error *err)
{
    return open_part(ctx, path, overwrite, 0, o, err);
}

void gv_output_leave(gv_output *o)
{
    if (o->ctx != NULL)
        drop(o);
}

gv_status gv_output_reserve(gv_output *o, int64_t offset, int64_t bytes, const char *what,
                            gv_error *err)
{
    int why = 0;
    do
        why = bytes > 0 ? posix_fallocate(o->fd, offset, bytes) : 0;
    while (why == EINTR);
    if (why != 0)
        return gv_fail(err, GV_ERR_IO, "%s: %s: no room for %" PRId64 " bytes: %s", o->path, what,
                       bytes, strerror(why));
    return GV_OK;
}

gv_status gv_output_reserve_all(gv_output *o, int64_t bytes, const char *what, gv_error *err)
{
    int done = 0;
    do
        done = bytes > 0 ? fallocate(o->fd, FALLOC_FL_KEEP_SIZE, 0, bytes) : 0;
    while (done != 0 && errno == EINTR);
    if (done != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
        return gv_fail(err, GV_ERR_IO, "%s: %s: no room for %" PRId64 " bytes: %s", o->path, what,
                       bytes, strerror(errno));
    return GV_OK;
}

gv_status gv_output_put(gv_output *o, int64_t offset, const void *data, int64_t bytes,
                        const char *what, gv_error *err)
{
    return gv_write_at(o->fd, data, bytes, offset)
               ? GV_OK
               : gv_fail(err, GV_ERR_IO, "%s: %s: writing failed: %s", o->path, what,
                         strerror(errno));
}

gv_status gv_output_write(gv_output *o, int64_t offset, const void *data, int64_t bytes,
                          const char *what, gv_error *err)
{
    const char *from = data;
    for (int64_t done = 0; done < bytes; done += SLAB) {
        const int64_t left = bytes - done;
        gv_status st = done > 0 ? gv_progress(o->ctx, "write", done, bytes, err) : GV_OK;
        if (st == GV_OK)
            st = gv_output_put(o, offset + done, from + done, left < SLAB ? left : SLAB, what, err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}

/* Some file systems cannot sync a directory, which is no fault of the output. */
static bool sync_directory(const char *path, char *room)
{
    strcpy(room, path);
    char *slash = strrchr(room, '/');
    if (slash == NULL)
        strcpy(room, ".");
    else
        slash[slash == room] = '\0';
    const int fd = open(room, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES; /* a directory one may write to and not read */
    const bool ok = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
    const int why = errno;
    close(fd);
    errno = why;
    return ok;
}

gv_status gv_output_commit(gv_output *o, gv_error *err)
{
    gv_status st = GV_OK;
    if (fsync(o->fd) != 0)
        st = refuse(o, GV_ERR_IO, "syncing", err);
    if (st == GV_OK && close(o->fd) != 0)
        st = refuse(o, GV_ERR_IO, "closing", err);
    if (st == GV_OK)
        o->fd = -1;
    if (st == GV_OK && rename(o->part, o->path) != 0)
        st = refuse(o, GV_ERR_CREATE, "renaming", err);
    if (st != GV_OK) {
        gv_output_discard(o);
        return st;
    }
    if (!sync_directory(o->path, o->part)) /* PATH.part is long enough and needed no more */
        st = gv_fail(err, GV_ERR_IO, "%s: syncing the directory failed: %s", o->path,
                     strerror(errno));
    drop(o);
    return st;
}

void gv_output_discard(gv_output *o)
{
    if (o->part != NULL)
        unlink(o->part);
    if (o->ctx != NULL)
        drop(o);
}
