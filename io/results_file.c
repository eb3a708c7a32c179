/* results_file.c -- a results file from its first byte to its renaming: root attributes, consumers,
 * topics, provenance. The root says what the results are a function of and nothing else (no times,
 * paths or threads), so equal runs give equal bytes. */
#include "io/results.h"

#include <string.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/revision.h"
#include "grapevine/checkpoint.h"
#include "grapevine/parts.h"
#include "grapevine/version.h"
#include "io/graph_file.h"
#include "io/h5_keep.h"
#include "io/info_file.h"
#include "io/layout.h"

static void free_results(gv_results *r)
{
    gv_free(r->ctx, r->yaml);
    gv_free(r->ctx, r);
}

static gv_status write_root(gv_results *r, const gv_file_origin *o, gv_error *err)
{
    gv_h5 *f = r->file;
    gv_status st = gv_h5_set_text(f, "/", "engine_version", o->engine_version, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "git_commit", o->git_commit, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "seed", o->seed, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "rng", o->rng, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_nodes", o->n_nodes, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_edges", o->n_edges, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "graph_hash", o->graph_hash, err);
    return st;
}

static gv_status create(gv_context *ctx, const char *path, bool overwrite,
                        const gv_file_origin *origin, gv_results **out, gv_error *err)
{
    gv_results *r = gv_alloc_zero(ctx, 1, sizeof *r);
    if (r == NULL)
        return gv_no_memory(ctx, path, err);
    r->ctx = ctx;
    gv_status st = gv_h5_create(ctx, path, overwrite, "grapevine-results", 1, &r->file, err);
    if (st == GV_OK)
        st = write_root(r, origin, err);
    if (st != GV_OK)
        gv_results_discard(r);
    else
        *out = r;
    return st;
}

GV_API gv_status gv_results_create(gv_context *ctx, const char *path, bool overwrite,
                                   const gv_graph *g, uint64_t seed, gv_results **out,
                                   gv_error *err)
{
    gv_file_origin o = {.engine_version = GV_VERSION,
                        .git_commit = GV_REVISION,
                        .rng = "philox4x32-10",
                        .seed = (int64_t)seed,
                        .n_nodes = g->n_nodes,
                        .n_edges = g->n_edges};
    const gv_status st = gv_graph_identify(ctx, g, o.graph_hash, err);
    return st == GV_OK ? create(ctx, path, overwrite, &o, out, err) : st;
}

GV_API gv_status gv_results_create_from(gv_context *ctx, const char *path, bool overwrite,
                                        gv_file *origin, gv_results **out, gv_error *err)
{
    gv_file_origin o;
    const gv_status st = gv_file_read_origin(origin, &o, err);
    return st == GV_OK ? create(ctx, path, overwrite, &o, out, err) : st;
}

GV_API gv_status gv_results_copy(gv_results *r, gv_file *from, const char *path, gv_error *err)
{
    gv_h5_info at;
    const void *data = NULL;
    gv_status st = gv_h5_look(from->h5, path, &at, err);
    if (st == GV_OK && at.kind != GV_H5_ARRAY)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: is missing, or no array", gv_h5_path(from->h5),
                       path);
    if (st == GV_OK)
        st = gv_h5_map(from->h5, path, &at.shape, &data, err);
    return st == GV_OK ? gv_h5_write(r->file, path, &at.shape, data, NULL, err) : st;
}

GV_API gv_status gv_results_put_nodes_from(gv_results *r, gv_file *from, gv_error *err)
{
    static const char *const paths[] = {"/nodes/ext_id", "/topics/name", "/topics/n_items"};
    gv_status st = GV_OK;
    for (size_t i = 0; st == GV_OK && i < sizeof paths / sizeof *paths; i++)
        if (gv_file_find(from, paths[i]) != NULL)
            st = gv_results_copy(r, from, paths[i], err);
    r->has_nodes = true;
    r->has_topics = gv_file_find(from, "/topics/name") != NULL;
    return st == GV_OK && r->has_topics
               ? gv_h5_set_text(r->file, "/", "log_hash", from->log_hash, err)
               : st;
}

GV_API gv_status gv_results_put_nodes(gv_results *r, const gv_graph *g, gv_error *err)
{
    if (r->has_nodes)
        return GV_OK;
    const gv_status st = gv_h5_write_ids(r->file, "/nodes/ext_id", g, NULL, err);
    r->has_nodes = st == GV_OK;
    gv_graph_rest_ids(g); /* a few are asked for later, by those who list consumers */
    return st;
}

GV_API gv_status gv_results_put_topics(gv_results *r, const gv_model *model, gv_error *err)
{
    if (r->has_topics)
        return GV_OK;
    gv_status st =
        gv_h5_write_topics(r->file, model->topic_name, model->topic_items, model->n_topics, err);
    if (st == GV_OK)
        st = gv_h5_set_text(r->file, "/", "log_hash", model->log_hash, err);
    r->has_topics = st == GV_OK;
    return st;
}

GV_API gv_status gv_results_provenance(gv_results *r, const char *yaml, gv_error *err)
{
    const int64_t length = (int64_t)strlen(yaml);
    char *longer = gv_realloc(r->ctx, r->yaml, r->yaml_bytes + length, 1);
    if (longer == NULL)
        return gv_no_memory(r->ctx, "provenance", err);
    memcpy(longer + r->yaml_bytes, yaml, (size_t)length);
    r->yaml = longer;
    r->yaml_bytes += length;
    return GV_OK;
}

/* A dataset and not an attribute: those may not exceed 64 kB. */
static gv_status write_provenance(gv_results *r, gv_error *err)
{
    char hash[GV_HASH_CHARS + 1];
    gv_status st = GV_OK;
    if (r->yaml_bytes > INT32_MAX)
        return gv_fail(err, GV_ERR_ARG, "%s: /provenance/config_yaml has more than 2^31 - 1 bytes",
                       gv_h5_path(r->file));
    if (r->yaml_bytes > 0) {
        const gv_h5_shape text = {.type = GV_TEXT, .width = (int32_t)r->yaml_bytes, .rank = 0};
        st = gv_h5_write(r->file, "/provenance/config_yaml", &text, r->yaml, NULL, err);
    }
    const uint64_t sum = gv_hash_small(r->yaml_bytes > 0 ? r->yaml : "", (size_t)r->yaml_bytes);
    if (st == GV_OK)
        st = gv_h5_set_text(r->file, "/", "config_hash", gv_hash_text(sum, hash), err);
    if (st == GV_OK && !r->has_topics)
        st = gv_h5_set_text(r->file, "/", "log_hash", "", err);
    return st;
}

GV_API gv_status gv_results_commit(gv_results **results, gv_error *err)
{
    gv_results *r = *results;
    *results = NULL;
    gv_status st = write_provenance(r, err);
    if (st == GV_OK)
        st = gv_h5_commit(&r->file, err);
    gv_h5_close(r->file);
    free_results(r);
    return st;
}

GV_API void gv_results_discard(gv_results *r)
{
    if (r == NULL)
        return;
    gv_h5_close(r->file);
    free_results(r);
}

GV_API void gv_results_leave(gv_results *r)
{
    if (r == NULL)
        return;
    gv_h5_leave(r->file);
    free_results(r);
}

GV_API gv_status gv_results_attr_i64(gv_results *r, const char *path, const char *name,
                                     int64_t value, gv_error *err)
{
    return gv_h5_set_i64(r->file, path, name, value, err);
}

GV_API gv_status gv_results_attr_f64(gv_results *r, const char *path, const char *name,
                                     double value, gv_error *err)
{
    return gv_h5_set_f64(r->file, path, name, value, err);
}

GV_API gv_status gv_results_attr_text(gv_results *r, const char *path, const char *name,
                                      const char *value, gv_error *err)
{
    return gv_h5_set_text(r->file, path, name, value, err);
}
