/* layouts_write.c -- the sidecar of a graph written anew with one layout more.
 *
 * It is written whole and renamed, so that whoever has mapped the old one keeps what it took. The
 * lock is a file of its own: the sidecar itself is replaced, HDF5 locks the graph file, and a
 * checkpoint locks its folder, which may be the same. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/revision.h"
#include "grapevine/version.h"
#include "io/layouts_file.h"

enum { PATH_CHARS = 256 };

gv_type gv_layout_type(int32_t size)
{
    return size == 1 ? GV_I8 : size == 2 ? GV_I16 : size == 4 ? GV_I32 : GV_I64;
}

gv_status gv_layout_check(gv_h5 *f, const char *path, gv_error *err)
{
    char wanted[GV_HASH_CHARS + 1], have[GV_HASH_CHARS + 1];
    uint64_t hash = 0;
    gv_status st = gv_h5_get_text(f, path, "checksum", wanted, sizeof wanted, err);
    if (st == GV_OK)
        st = gv_h5_hash(f, path, &hash, err);
    if (st == GV_OK && strcmp(gv_hash_text(hash, have), wanted) != 0)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: %s: has the checksum %s, not %s: its bytes have changed; the file can "
                       "be removed",
                       gv_h5_path(f), path, have, wanted);
    return st;
}

typedef struct copier {
    gv_h5 *from, *to;
    const char *without; /* group that is to be written anew */
    const char *group;   /* at hand */
} copier;

static gv_status copy_array(void *arg, const char *name, gv_error *err)
{
    const copier *c = arg;
    char path[PATH_CHARS];
    gv_h5_info at;
    const void *data = NULL;
    snprintf(path, sizeof path, "%s/%s", c->group, name);
    gv_status st = gv_h5_look(c->from, path, &at, err);
    if (st == GV_OK)
        st = gv_h5_map(c->from, path, &at.shape, &data, err);
    if (st == GV_OK)
        st = gv_layout_check(c->from, path, err);
    return st == GV_OK ? gv_h5_write(c->to, path, &at.shape, data, NULL, err) : st;
}

static gv_status copy_layout(void *arg, const char *name, gv_error *err)
{
    copier *c = arg;
    char group[GV_LAYOUT_GROUP], key[GV_LAYOUT_KEY_CHARS];
    snprintf(group, sizeof group, "/layouts/%s", name);
    if (strcmp(group, c->without) == 0)
        return GV_OK;
    c->group = group;
    gv_status st = gv_h5_get_text(c->from, group, "key", key, sizeof key, err);
    if (st == GV_OK)
        st = gv_h5_children(c->from, group, copy_array, c, err);
    return st == GV_OK ? gv_h5_set_text(c->to, group, "key", key, err) : st;
}

static gv_status write_pieces(gv_h5 *f, const char *path, const gv_h5_shape *shape,
                              const gv_layout_array *a, gv_error *err)
{
    gv_h5_array array;
    int64_t at = 0;
    gv_status st = gv_h5_begin(f, path, shape, &array, err);
    for (int64_t i = 0; st == GV_OK && i < a->n_pieces; i++) {
        const int64_t bytes = a->piece_n[i] * a->size;
        st = gv_h5_slab(f, &array, at, a->piece[i], bytes, err);
        at += bytes;
    }
    return st == GV_OK ? gv_h5_end(f, &array, NULL, err) : st;
}

static gv_status write_layout(gv_h5 *f, const char *group, const char *key,
                              const gv_layout_array *array, int32_t n, gv_error *err)
{
    char path[PATH_CHARS];
    gv_status st = GV_OK;
    for (int32_t i = 0; st == GV_OK && i < n; i++) {
        const gv_h5_shape shape = gv_h5_vector(gv_layout_type(array[i].size), array[i].n);
        snprintf(path, sizeof path, "%s/%s", group, array[i].name);
        st = array[i].n_pieces > 0 ? write_pieces(f, path, &shape, &array[i], err)
                                   : gv_h5_write(f, path, &shape, array[i].data, NULL, err);
    }
    return st == GV_OK ? gv_h5_set_text(f, group, "key", key, err) : st;
}

static gv_status write_head(gv_h5 *f, const char *hash, gv_error *err)
{
    gv_status st = gv_h5_set_text(f, "/", "graph_hash", hash, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "engine_version", GV_VERSION, err);
    return st == GV_OK ? gv_h5_set_text(f, "/", "git_commit", GV_REVISION, err) : st;
}

gv_status gv_layouts_write(gv_context *ctx, gv_h5 *from, const char *path, const char *hash,
                           const char *key, const gv_layout_array *array, int32_t n, gv_error *err)
{
    char group[GV_LAYOUT_GROUP];
    copier c = {.from = from, .without = gv_layout_group(key, group)};
    gv_status st = gv_h5_create(ctx, path, true, GV_LAYOUT_SCHEMA, 1, &c.to, err);
    if (st == GV_OK)
        st = write_head(c.to, hash, err);
    if (st == GV_OK && from != NULL)
        st = gv_h5_children(from, "/layouts", copy_layout, &c, err);
    if (st == GV_OK)
        st = write_layout(c.to, group, key, array, n, err);
    gv_h5_close(from);
    if (st == GV_OK)
        return gv_h5_commit(&c.to, err);
    gv_h5_close(c.to);
    return st;
}

int gv_layouts_lock(const char *path, char *name, size_t room, bool *busy)
{
    struct stat about;
    *busy = false;
    if (snprintf(name, room, "%s.lock", path) >= (int)room)
        return -1;
    for (;;) {
        const int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            return -1;
        *busy = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        if (*busy || fstat(fd, &about) != 0) {
            close(fd);
            return -1;
        }
        if (about.st_nlink > 0)
            return fd;
        close(fd); /* removed by who had it before: another one is made */
    }
}
