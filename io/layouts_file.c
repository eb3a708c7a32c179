/* layouts_file.c -- the sidecar of a graph file: see grapevine/layouts.h.
 *
 * The file is opened for each layout that is taken, and the mapping kept until the end; so a
 * process sees what others kept meanwhile, and nothing that is in use can be replaced under it:
 * keeping writes a new file, with all layouts of the old one, and renames it. */
#include "grapevine/layouts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/revision.h"
#include "grapevine/version.h"
#include "io/layouts_file.h"

enum { PATH_CHARS = 256, MOST_NAMED = 32, MOST_ARRAYS = 8 };

/* What was taken: it is not looked for, nor its checksums compared, a second time. */
typedef struct mapped {
    struct mapped *next;
    gv_mapping *mapping;
    char key[GV_LAYOUT_KEY_CHARS];
    gv_layout_array array[MOST_ARRAYS];
    int32_t n_arrays;
} mapped;

typedef struct named {
    char key[GV_LAYOUT_KEY_CHARS];
    int64_t bytes;
} named;

struct gv_layouts {
    gv_context *ctx;
    char *path;
    char hash[GV_HASH_CHARS + 1];
    bool keep, trust, busy;
    const char *ignored; /* NULL, or `why` */
    char why[512];
    mapped *mappings;
    named taken[MOST_NAMED], kept[MOST_NAMED];
    int32_t n_taken, n_kept;
};

GV_API bool gv_layouts_name(const char *graph, char *text, size_t room)
{
    size_t length = strlen(graph);
    if (length > 3 && strcmp(graph + length - 3, ".h5") == 0)
        length -= 3;
    return length < room &&
           (size_t)snprintf(text, room, "%.*s.layout.h5", (int)length, graph) < room;
}

char *gv_layout_group(const char *key, char *group)
{
    char hash[GV_HASH_CHARS + 1];
    const int word = (int)strcspn(key, " ");
    snprintf(group, GV_LAYOUT_GROUP, "/layouts/%.*s-%s", word < 64 ? word : 64, key,
             gv_hash_text(gv_hash_small(key, strlen(key)), hash));
    return group;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool is_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

/* One line for users, once. */
static void ignore(gv_layouts *l, const char *what, const char *have, const char *want)
{
    snprintf(l->why, sizeof l->why, "%.300s is not used: it is about %s %.64s, not %.64s", l->path,
             what, have, want);
    l->ignored = l->why;
}

/* Whether the open file is about this graph and made by this version. */
static gv_status belongs(gv_layouts *l, gv_h5 *f, bool *fits, gv_error *err)
{
    char hash[64], version[64], commit[64];
    *fits = false;
    gv_status st = gv_h5_expect(f, GV_LAYOUT_SCHEMA, 1, err);
    if (st == GV_OK)
        st = gv_h5_get_text(f, "/", "graph_hash", hash, sizeof hash, err);
    if (st == GV_OK)
        st = gv_h5_get_text(f, "/", "engine_version", version, sizeof version, err);
    if (st == GV_OK)
        st = gv_h5_get_text(f, "/", "git_commit", commit, sizeof commit, err);
    if (st != GV_OK)
        return st;
    if (strcmp(hash, l->hash) != 0)
        ignore(l, "graph", hash, l->hash);
    else if (strcmp(version, GV_VERSION) != 0)
        ignore(l, "version", version, GV_VERSION);
    else if (strcmp(commit, GV_REVISION) != 0)
        ignore(l, "revision", commit, GV_REVISION);
    else
        *fits = true;
    return GV_OK;
}

/* Opens the sidecar; *out is NULL where there is none to use. */
static gv_status open_file(gv_layouts *l, gv_h5 **out, gv_error *err)
{
    gv_h5 *f = NULL;
    bool fits = false;
    *out = NULL;
    if (!is_there(l->path))
        return GV_OK;
    gv_status st = gv_h5_open(l->ctx, l->path, &f, err);
    if (st == GV_OK)
        st = belongs(l, f, &fits, err);
    if (st == GV_OK && fits) {
        *out = f;
        return GV_OK;
    }
    gv_h5_close(f);
    return st;
}

static char *copy_text(gv_context *ctx, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = gv_alloc(ctx, (int64_t)bytes, 1);
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

GV_API gv_status gv_layouts_open(gv_context *ctx, const char *graph, const char *hash, bool keep,
                                 bool trust, gv_layouts **out, gv_error *err)
{
    gv_h5 *f = NULL;
    char path[4096];
    if (strlen(hash) != GV_HASH_CHARS)
        return gv_fail(err, GV_ERR_ARG, "layouts: '%s' is not the hash of a graph", hash);
    if (!gv_layouts_name(graph, path, sizeof path))
        return gv_fail(err, GV_ERR_ARG, "layouts: a path of %zu bytes is too long", strlen(graph));
    gv_layouts *l = gv_alloc_zero(ctx, 1, sizeof *l);
    if (l == NULL)
        return gv_no_memory(ctx, "layouts", err);
    l->ctx = ctx, l->keep = keep, l->trust = trust;
    memcpy(l->hash, hash, sizeof l->hash);
    l->path = copy_text(ctx, path);
    gv_status st = l->path == NULL ? gv_no_memory(ctx, "layouts", err) : open_file(l, &f, err);
    gv_h5_close(f);
    if (st == GV_OK)
        *out = l;
    else
        gv_layouts_close(l);
    return st;
}

GV_API void gv_layouts_close(gv_layouts *l)
{
    if (l == NULL)
        return;
    for (mapped *m = l->mappings, *next; m != NULL; m = next) {
        next = m->next;
        gv_mapping_free(m->mapping);
        gv_free(l->ctx, m);
    }
    gv_free(l->ctx, l->path);
    gv_free(l->ctx, l);
}

/* ---- one layout ------------------------------------------------------------------------------ */

static gv_status check_request(const char *key, const gv_layout_array *array, int32_t n,
                               gv_error *err)
{
    if (strlen(key) >= GV_LAYOUT_KEY_CHARS || key[0] == '\0')
        return gv_fail(err, GV_ERR_ARG, "layouts: a key of %zu bytes is not in [1, %d]",
                       strlen(key), GV_LAYOUT_KEY_CHARS - 1);
    for (int32_t i = 0; i < n; i++)
        if (array[i].size != 1 && array[i].size != 2 && array[i].size != 4 && array[i].size != 8)
            return gv_fail(err, GV_ERR_ARG, "layouts: %s: elements of %" PRId32 " bytes",
                           array[i].name, array[i].size);
    return GV_OK;
}

/* Whether the file has the layout: under the group that its key leads to. */
static gv_status find(gv_h5 *f, const char *key, char *group, bool *found, gv_error *err)
{
    char have[GV_LAYOUT_KEY_CHARS];
    gv_h5_info at;
    gv_status st = gv_h5_look(f, gv_layout_group(key, group), &at, err);
    *found = st == GV_OK && at.kind == GV_H5_GROUP;
    if (!*found)
        return st;
    st = gv_h5_get_text(f, group, "key", have, sizeof have, err);
    *found = st == GV_OK && strcmp(have, key) == 0;
    return st;
}

static gv_status map_array(const gv_layouts *l, gv_h5 *f, const char *group, gv_layout_array *a,
                           gv_error *err)
{
    char path[PATH_CHARS];
    gv_h5_info at;
    snprintf(path, sizeof path, "%s/%s", group, a->name);
    gv_status st = gv_h5_look(f, path, &at, err);
    if (st != GV_OK)
        return st;
    if (a->n < 0 && at.kind == GV_H5_ARRAY && at.shape.rank == 1)
        a->n = at.shape.dims[0];
    const gv_h5_shape want = gv_h5_vector(gv_layout_type(a->size), a->n);
    st = gv_h5_map(f, path, &want, &a->data, err);
    return st == GV_OK && !l->trust ? gv_layout_check(f, path, err) : st;
}

static int64_t bytes_of(const gv_layout_array *array, int32_t n)
{
    int64_t bytes = 0;
    for (int32_t i = 0; i < n; i++)
        bytes += array[i].n * array[i].size;
    return bytes;
}

static void name_it(named *list, int32_t *n, const char *key, int64_t bytes)
{
    if (*n == MOST_NAMED)
        return;
    snprintf(list[*n].key, sizeof list[*n].key, "%s", key);
    list[(*n)++].bytes = bytes;
}

static gv_status map_arrays(const gv_layouts *l, gv_h5 *f, const char *group, const char *key,
                            gv_layout_array *array, int32_t n_arrays, mapped *m, gv_error *err)
{
    gv_status st = GV_OK;
    for (int32_t i = 0; st == GV_OK && i < n_arrays; i++)
        st = map_array(l, f, group, &array[i], err);
    snprintf(m->key, sizeof m->key, "%s", key);
    m->n_arrays = n_arrays <= MOST_ARRAYS ? n_arrays : 0;
    memcpy(m->array, array, (size_t)m->n_arrays * sizeof *array);
    return st;
}

/* Array `a` among those that were taken by that key. */
static bool is_taken(const mapped *m, gv_layout_array *a)
{
    for (int32_t k = 0; k < m->n_arrays; k++) {
        const gv_layout_array *have = &m->array[k];
        if (strcmp(have->name, a->name) != 0 || have->size != a->size ||
            (a->n >= 0 && a->n != have->n))
            continue;
        a->n = have->n, a->data = have->data;
        return true;
    }
    return false;
}

static bool taken_before(const gv_layouts *l, const char *key, gv_layout_array *array,
                         int32_t n_arrays)
{
    const mapped *m = l->mappings;
    while (m != NULL && strcmp(m->key, key) != 0)
        m = m->next;
    int32_t n = 0;
    while (m != NULL && n < n_arrays && is_taken(m, &array[n]))
        n++;
    return m != NULL && n == n_arrays;
}

static gv_status take(void *data, const char *graph_hash, const char *key, gv_layout_array *array,
                      int32_t n_arrays, bool *found, gv_error *err)
{
    gv_layouts *l = data;
    gv_h5 *f = NULL;
    char group[GV_LAYOUT_GROUP];
    *found = false;
    if (strcmp(graph_hash, l->hash) != 0)
        return GV_OK;
    gv_status st = check_request(key, array, n_arrays, err);
    *found = st == GV_OK && taken_before(l, key, array, n_arrays);
    if (st == GV_OK && !*found)
        st = open_file(l, &f, err);
    if (st != GV_OK || f == NULL)
        return st;
    mapped *m = gv_alloc_zero(l->ctx, 1, sizeof *m);
    st = m == NULL ? gv_no_memory(l->ctx, "layouts", err) : find(f, key, group, found, err);
    if (st == GV_OK && *found)
        st = map_arrays(l, f, group, key, array, n_arrays, m, err);
    if (st == GV_OK && *found) {
        m->mapping = gv_h5_take_mapping(f);
        m->next = l->mappings;
        l->mappings = m;
        name_it(l->taken, &l->n_taken, key, bytes_of(array, n_arrays));
    } else {
        gv_free(l->ctx, m);
        *found = false;
    }
    gv_h5_close(f);
    return st;
}

/* ---- keeping --------------------------------------------------------------------------------- */

static gv_status keep(void *data, const char *graph_hash, const char *key,
                      const gv_layout_array *array, int32_t n_arrays, gv_error *err)
{
    gv_layouts *l = data;
    if (strcmp(graph_hash, l->hash) != 0)
        return GV_OK;
    gv_status st = check_request(key, array, n_arrays, err);
    if (st != GV_OK)
        return st;
    char name[PATH_CHARS];
    bool busy;
    const int fd = gv_layouts_lock(l->path, name, sizeof name, &busy);
    l->busy |= busy;
    if (busy)
        return GV_OK;
    gv_h5 *from = NULL;
    st = open_file(l, &from, err);
    if (st == GV_OK)
        st = gv_layouts_write(l->ctx, from, l->path, l->hash, key, array, n_arrays, err);
    if (fd >= 0) {
        unlink(name);
        close(fd);
    }
    if (st == GV_OK)
        name_it(l->kept, &l->n_kept, key, bytes_of(array, n_arrays));
    return st;
}

GV_API gv_shelf gv_layouts_shelf(gv_layouts *l)
{
    return (gv_shelf){.data = l, .keeps = l->keep, .take = take, .keep = keep};
}

/* ---- for callers ----------------------------------------------------------------------------- */

GV_API const char *gv_layouts_path(const gv_layouts *l)
{
    return l->path;
}

GV_API const char *gv_layouts_ignored(const gv_layouts *l)
{
    return l->ignored;
}

static const char *name_at(const named *list, int32_t n, int32_t i, int64_t *bytes)
{
    if (i < 0 || i >= n)
        return NULL;
    if (bytes != NULL)
        *bytes = list[i].bytes;
    return list[i].key;
}

GV_API const char *gv_layouts_taken(const gv_layouts *l, int32_t i, int64_t *bytes)
{
    return name_at(l->taken, l->n_taken, i, bytes);
}

GV_API const char *gv_layouts_kept(const gv_layouts *l, int32_t i, int64_t *bytes)
{
    return name_at(l->kept, l->n_kept, i, bytes);
}

GV_API bool gv_layouts_busy(const gv_layouts *l)
{
    return l->busy;
}

typedef struct counter {
    gv_h5 *f;
    const char *group;
    int64_t bytes;
} counter;

static gv_status count_array(void *arg, const char *name, gv_error *err)
{
    counter *c = arg;
    char path[PATH_CHARS];
    gv_h5_info at;
    snprintf(path, sizeof path, "%s/%s", c->group, name);
    const gv_status st = gv_h5_look(c->f, path, &at, err);
    c->bytes += st == GV_OK ? at.bytes : 0;
    return st;
}

GV_API int64_t gv_layouts_bytes(gv_layouts *l, const char *key)
{
    char group[GV_LAYOUT_GROUP];
    bool found = false;
    counter c = {.group = group};
    if (open_file(l, &c.f, NULL) != GV_OK || c.f == NULL)
        return 0;
    gv_status st = find(c.f, key, group, &found, NULL);
    if (st == GV_OK && found)
        st = gv_h5_children(c.f, group, count_array, &c, NULL);
    gv_h5_close(c.f);
    return st == GV_OK ? c.bytes : 0;
}

GV_API int64_t gv_layouts_file_bytes(gv_layouts *l)
{
    struct stat info;
    return stat(l->path, &info) == 0 ? (int64_t)info.st_size : 0;
}
