/* spill.c -- see spill.h. */
#define _GNU_SOURCE
#include "io/spill.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/whole.h"

struct gv_spill {
    gv_context *ctx;
    int fd;
    int64_t extent; /* bytes */
    int64_t end;    /* of the file, extents given back included */
    int64_t *idle;  /* [n_idle], offsets of extents that nobody uses */
    int64_t n_idle, room;
    char folder[];
};

/* ---- names -----------------------------------------------------------------------------------
 */

#define NAME       ".grapevine-"
#define NAME_CHARS 17 /* with the six characters of mkostemp() */

/* Whether an earlier run may have left the file when it was killed between making and unlinking it:
 * named and owned as ours are, and empty, since nothing is written to a file that has a name. */
static bool is_left_over(int folder, const char *name)
{
    struct stat info;
    return strlen(name) == NAME_CHARS && strncmp(name, NAME, strlen(NAME)) == 0 &&
           fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
           info.st_size == 0 && info.st_uid == geteuid();
}

/* Should another run have made one just now, that run loses a name that it was about to drop. */
void gv_spill_clean(const char *path)
{
    DIR *dir = opendir(path);
    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
        if (is_left_over(dirfd(dir), e->d_name))
            unlinkat(dirfd(dir), e->d_name, 0);
    if (dir != NULL)
        closedir(dir);
}

/* A file with a name where the file system knows no others; it has the name for a moment only. */
static int open_named(gv_context *ctx, const char *folder)
{
    const size_t size = strlen(folder) + 32;
    char *path = gv_alloc(ctx, (int64_t)size, 1);
    if (path == NULL) {
        errno = ENOMEM;
        return -1;
    }
    snprintf(path, size, "%s/" NAME "XXXXXX", folder);
    const int fd = mkostemp(path, O_CLOEXEC);
    const int why = errno;
    if (fd >= 0)
        unlink(path);
    gv_free(ctx, path);
    errno = why;
    return fd;
}

gv_status gv_spill_file(gv_context *ctx, const char *folder, int *fd, gv_error *err)
{
    gv_spill_clean(folder);
    *fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        *fd = open_named(ctx, folder);
    if (*fd < 0)
        return gv_fail(err, GV_ERR_CREATE, "%s: no temporary file can be made: %s", folder,
                       strerror(errno));
    return GV_OK;
}

gv_status gv_spill_open(gv_context *ctx, const char *folder, int64_t extent, gv_spill **out,
                        gv_error *err)
{
    const size_t length = strlen(folder) + 1;
    *out = NULL;
    gv_spill *s = gv_alloc_zero(ctx, (int64_t)(sizeof *s + length), 1);
    if (s == NULL)
        return gv_no_memory(ctx, "temporary data", err);
    s->ctx = ctx;
    s->extent = extent;
    memcpy(s->folder, folder, length);
    const gv_status st = gv_spill_file(ctx, folder, &s->fd, err);
    if (st == GV_OK)
        *out = s;
    else
        gv_free(ctx, s);
    return st;
}

void gv_spill_close(gv_spill *s)
{
    if (s == NULL)
        return;
    close(s->fd);
    gv_free(s->ctx, s->idle);
    gv_free(s->ctx, s);
}

int64_t gv_spill_peak(const gv_spill *s)
{
    return s->end;
}

/* ---- extents --------------------------------------------------------------------------------- */

static gv_status grow(gv_context *ctx, int64_t **list, int64_t n, int64_t *room, gv_error *err)
{
    if (n < *room)
        return GV_OK;
    const int64_t more = *room > 0 ? 2 * *room : 16;
    int64_t *moved = gv_realloc(ctx, *list, more, sizeof *moved);
    if (moved == NULL)
        return gv_no_memory(ctx, "temporary data", err);
    *list = moved;
    *room = more;
    return GV_OK;
}

/* The list of idle extents has room for all extents there are, so giving one back cannot fail. */
static gv_status take_extent(gv_spill *s, int64_t *offset, gv_error *err)
{
    if (s->n_idle > 0) {
        *offset = s->idle[--s->n_idle];
        return GV_OK;
    }
    const gv_status st = grow(s->ctx, &s->idle, s->end / s->extent, &s->room, err);
    if (st != GV_OK)
        return st;
    *offset = s->end;
    s->end += s->extent;
    return GV_OK;
}

static gv_status write_extent(gv_spill *s, gv_pile *pile, const char *data, gv_error *err)
{
    int64_t offset = 0;
    gv_status st = grow(s->ctx, &pile->extent, pile->n, &pile->room, err);
    if (st == GV_OK)
        st = take_extent(s, &offset, err);
    if (st != GV_OK)
        return st;
    pile->extent[pile->n++] = offset;
    if (!gv_write_at(s->fd, data, s->extent, offset))
        return gv_fail(err, GV_ERR_IO,
                       "%s: writing temporary data failed after %" PRId64 " bytes: %s", s->folder,
                       s->end - s->extent, strerror(errno));
    return GV_OK;
}

/* ---- piles ----------------------------------------------------------------------------------- */

gv_status gv_pile_append(gv_spill *s, gv_pile *pile, const void *data, int64_t bytes, gv_error *err)
{
    const char *from = data;
    if (pile->tail == NULL) {
        pile->tail = gv_alloc(s->ctx, s->extent, 1);
        if (pile->tail == NULL)
            return gv_no_memory(s->ctx, "temporary data", err);
    }
    while (bytes > 0) {
        const int64_t used = pile->bytes - pile->n * s->extent, free = s->extent - used;
        const int64_t some = bytes < free ? bytes : free;
        const bool whole = some == s->extent;
        if (!whole)
            memcpy(pile->tail + used, from, (size_t)some);
        if (some == free) {
            const gv_status st = write_extent(s, pile, whole ? from : pile->tail, err);
            if (st != GV_OK)
                return st;
        }
        pile->bytes += some;
        from += some, bytes -= some;
    }
    return GV_OK;
}

static gv_status read_extent(const gv_spill *s, int64_t offset, char *to, int64_t bytes,
                             gv_error *err)
{
    if (gv_read_at(s->fd, to, bytes, offset))
        return GV_OK;
    return gv_fail(err, GV_ERR_IO, "%s: reading temporary data failed: %s", s->folder,
                   errno != 0 ? strerror(errno) : "they end too early");
}

gv_status gv_pile_take(gv_spill *s, gv_pile *pile, void *data, int64_t bytes, bool keep,
                       gv_error *err)
{
    char *to = data;
    while (bytes > 0) {
        const int64_t e = pile->read / s->extent, at = pile->read % s->extent;
        const int64_t left = s->extent - at, some = bytes < left ? bytes : left;
        if (e < pile->n) {
            const gv_status st = read_extent(s, pile->extent[e] + at, to, some, err);
            if (st != GV_OK)
                return st;
            if (some == left && !keep) {
                s->idle[s->n_idle++] = pile->extent[e];
                pile->extent[e] = -1;
            }
        } else {
            memcpy(to, pile->tail + at, (size_t)some);
        }
        pile->read += some;
        to += some, bytes -= some;
    }
    return GV_OK;
}

void gv_pile_drop(gv_spill *s, gv_pile *pile)
{
    if (s == NULL)
        return;
    for (int64_t e = 0; e < pile->n; e++)
        if (pile->extent[e] >= 0)
            s->idle[s->n_idle++] = pile->extent[e];
    gv_free(s->ctx, pile->extent);
    gv_free(s->ctx, pile->tail);
    *pile = (gv_pile){0};
}
