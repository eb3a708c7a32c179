/* layout.c -- see layout.h. */
#define _POSIX_C_SOURCE 200809L
#include "io/layout.h"

#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"

enum { PATH_CHARS = 1024 };

gv_status gv_h5_write_topics(gv_h5 *f, char (*name)[GV_TOPIC_CHARS + 1], const int64_t *items,
                             int32_t n_topics, gv_error *err)
{
    gv_context *ctx = gv_h5_context(f);
    const gv_h5_shape names = gv_h5_strings(GV_TOPIC_CHARS, n_topics);
    char *text = gv_alloc_zero(ctx, n_topics, GV_TOPIC_CHARS);
    if (text == NULL)
        return gv_no_memory(ctx, "topics", err);
    for (int32_t z = 0; z < n_topics; z++)
        memcpy(text + (size_t)z * GV_TOPIC_CHARS, name[z], strnlen(name[z], GV_TOPIC_CHARS));
    gv_status st = gv_h5_write(f, "/topics/name", &names, text, NULL, err);
    gv_free(ctx, text);
    if (st == GV_OK)
        st = gv_h5_write_part(f, "/topics", "n_items", GV_I64, n_topics, items, err);
    return st;
}

static gv_status join(const gv_h5 *f, const char *group, const char *name, char *path,
                      gv_error *err)
{
    if (snprintf(path, PATH_CHARS, "%s/%s", group, name) >= PATH_CHARS)
        return gv_fail(err, GV_ERR_ARG, "%s: %s: the path is too long", gv_h5_path(f), group);
    return GV_OK;
}

gv_status gv_h5_write_part(gv_h5 *f, const char *group, const char *name, gv_type type, int64_t n,
                           const void *data, gv_error *err)
{
    char path[PATH_CHARS];
    const gv_h5_shape shape = gv_h5_vector(type, n);
    const gv_status st = join(f, group, name, path, err);
    return st != GV_OK ? st : gv_h5_write(f, path, &shape, data, NULL, err);
}

gv_status gv_h5_map_part(gv_h5 *f, const char *group, const char *name, gv_type type, int64_t n,
                         const void **data, gv_error *err)
{
    char path[PATH_CHARS];
    const gv_h5_shape shape = gv_h5_vector(type, n);
    const gv_status st = join(f, group, name, path, err);
    return st != GV_OK ? st : gv_h5_map(f, path, &shape, data, err);
}

gv_status gv_h5_mark_csr(gv_h5 *f, const char *group, int64_t n_rows, int64_t n_columns,
                         gv_error *err)
{
    gv_status st = gv_h5_set_text(f, group, "encoding-type", "csr_matrix", err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, group, "encoding-version", "0.1.0", err);
    if (st == GV_OK)
        st = gv_h5_set_pair(f, group, "shape", n_rows, n_columns, err);
    return st;
}
