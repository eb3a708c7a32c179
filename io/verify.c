/* verify.c -- all that can be checked of a file: checksums first, then what its arrays must be.
 *
 * Arrays are hashed one after the other in order of path, each in parallel blocks, so that the
 * first fault is the same at any thread count. A second name of an array (a hard link) is hashed
 * once. */
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "io/info_file.h"
#include "io/layouts_file.h"

enum { GROUP_CHARS = 256 };

/* ---- checksums ------------------------------------------------------------------------------- */

static gv_status check_place(gv_file *f, const gv_file_entry *e, gv_h5_info *at, gv_error *err)
{
    const gv_status st = gv_h5_look(f->h5, e->path, at, err);
    if (st != GV_OK)
        return st;
    if (at->kind != GV_H5_ARRAY && at->kind != GV_H5_TABLE)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: is not an array of a known type",
                       gv_h5_path(f->h5), e->path);
    if (at->contiguous && at->bytes > 0 &&
        (at->offset < 0 || at->offset > f->info.bytes - at->bytes))
        return gv_fail(err, GV_ERR_DATA, "%s: %s: lies beyond the end of the file",
                       gv_h5_path(f->h5), e->path);
    return GV_OK;
}

static gv_status check_sum(gv_file *f, const gv_file_entry *e, gv_error *err)
{
    char wanted[GV_HASH_CHARS + 1], have[GV_HASH_CHARS + 1];
    uint64_t hash = 0;
    gv_status st = gv_h5_get_text(f->h5, e->path, "checksum", wanted, sizeof wanted, err);
    if (st == GV_OK)
        st = gv_h5_hash(f->h5, e->path, &hash, err);
    if (st != GV_OK)
        return st;
    if (strcmp(gv_hash_text(hash, have), wanted) != 0)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: %s: has the checksum %s, not %s: its bytes have changed",
                       gv_h5_path(f->h5), e->path, have, wanted);
    return GV_OK;
}

/* Length of the first name of a path: "/out" of "/out/indptr", "/i1" of "/i1". */
static size_t group_length(const char *path)
{
    return 1 + strcspn(path + 1, "/");
}

static void say_group(const gv_verifier *v, const gv_file_entry *first, int64_t arrays,
                      int64_t bytes)
{
    char group[GROUP_CHARS];
    snprintf(group, sizeof group, "%.*s", (int)group_length(first->path), first->path);
    if (v->seen != NULL && arrays > 0)
        v->seen(v->data, group, arrays, bytes);
}

static bool same_group(const gv_file_entry *a, const gv_file_entry *b)
{
    const size_t n = group_length(a->path);
    return n == group_length(b->path) && memcmp(a->path, b->path, n) == 0;
}

/* `offset` [n_entries] holds the places of the arrays hashed so far. */
static gv_status check_sums(const gv_verifier *v, int64_t *offset, gv_error *err)
{
    gv_file *f = v->f;
    int64_t arrays = 0, bytes = 0;
    for (int64_t i = 0; i < f->info.n_entries; i++) {
        const gv_file_entry *e = &f->entry[i];
        gv_h5_info at;
        gv_status st = check_place(f, e, &at, err);
        bool known = false;
        for (int64_t k = 0; st == GV_OK && k < i && at.offset >= 0; k++)
            known |= offset[k] == at.offset;
        if (st == GV_OK && !known)
            st = check_sum(f, e, err);
        if (st != GV_OK)
            return st;
        offset[i] = at.offset;
        arrays++;
        bytes += at.bytes;
        if (i + 1 == f->info.n_entries || !same_group(e, &f->entry[i + 1])) {
            say_group(v, e, arrays, bytes);
            arrays = 0, bytes = 0;
        }
    }
    return GV_OK;
}

void gv_verified(const gv_verifier *v, const char *property)
{
    if (v->seen != NULL)
        v->seen(v->data, property, 0, 0);
}

/* Each layout lies where its key leads to. What its arrays mean is checked by who takes it. */
static gv_status check_layouts(const gv_verifier *v, gv_error *err)
{
    char key[GV_LAYOUT_KEY_CHARS], group[GV_LAYOUT_GROUP], name[GV_LAYOUT_GROUP];
    int64_t bytes;
    for (int64_t i = 0; gv_file_child(v->f, "/layouts", i, name, sizeof name); i++)
        if (gv_file_layout(v->f, i, key, &bytes) == NULL ||
            strcmp(gv_layout_group(key, group) + strlen("/layouts/"), name) != 0)
            return gv_fail(err, GV_ERR_DATA, "%s: /layouts/%s: is not where its @key leads to",
                           v->path, name);
    gv_verified(v, "layouts stand by their keys");
    return GV_OK;
}

static gv_status check_all(const gv_verifier *v, gv_error *err)
{
    int64_t *offset = gv_alloc(v->ctx, v->f->info.n_entries, sizeof *offset);
    if (offset == NULL)
        return gv_no_memory(v->ctx, "places of arrays", err);
    gv_status st = check_sums(v, offset, err);
    gv_free(v->ctx, offset);
    if (st != GV_OK)
        return st;
    switch (v->f->info.kind) {
    case GV_FILE_GRAPH:
        return gv_verify_graph(v, err);
    case GV_FILE_RESULTS:
        return gv_verify_results(v, err);
    case GV_FILE_MODEL:
    case GV_FILE_TRUTH:
        return gv_verify_model(v, err);
    case GV_FILE_LAYOUT:
        return check_layouts(v, err);
    }
    return st;
}

GV_API gv_status gv_file_verify(gv_context *ctx, const char *path, gv_verified_fn *seen, void *data,
                                gv_error *err)
{
    gv_verifier v = {.ctx = ctx, .path = path, .seen = seen, .data = data};
    gv_status st = gv_file_open(ctx, path, &v.f, err);
    if (st != GV_OK)
        return st;
    st = check_all(&v, err);
    gv_file_close(v.f);
    return st;
}
