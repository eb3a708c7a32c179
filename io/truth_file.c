/* truth_file.c -- writing and mapping truth files: the planted factors, who influences whom, who is
 * an influencer, and the expected direct buyers of every consumer. */
#include "io/truth_file.h"

#include <inttypes.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "grapevine/io.h"
#include "grapevine/version.h"
#include "io/graph_file.h"
#include "io/layout.h"

static gv_status write_head(gv_h5 *f, const gv_population *p, gv_error *err)
{
    gv_status st = gv_h5_set_text(f, "/", "engine_version", GV_VERSION, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "graph_hash", p->graph->hash, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_nodes", p->graph->n_nodes, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_edges", p->graph->n_edges, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_topics", p->log->info.n_topics, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "seed", (int64_t)p->opts.seed, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "influence", p->opts.influence, err);
    if (st == GV_OK)
        st = gv_h5_set_f64(f, "/", "delay", p->delay, err);
    return st;
}

static gv_status write_arrays(gv_h5 *f, const gv_population *p, gv_error *err)
{
    const int64_t n = p->graph->n_nodes, z = p->log->info.n_topics;
    const gv_h5_shape real = gv_h5_matrix(GV_F32, z, n), flags = gv_h5_matrix(GV_I16, z, n);
    gv_status st =
        gv_h5_write_topics(f, p->log->topic_name, p->log->topic_items, p->log->info.n_topics, err);
    if (st == GV_OK)
        st = gv_h5_write(f, "/factors/source", &real, p->source, NULL, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, "/factors", "target", GV_F32, n, p->target, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, "", "close", GV_I8, p->graph->n_edges, p->close, err);
    if (st == GV_OK)
        st = gv_h5_write(f, "/influencer", &flags, p->influencer, NULL, err);
    if (st == GV_OK)
        st = gv_h5_write(f, "/i1", &real, p->i1, NULL, err);
    return st;
}

gv_status gv_truth_save(gv_context *ctx, const gv_population *p, const char *path, bool overwrite,
                        gv_error *err)
{
    gv_h5 *f;
    gv_status st = gv_h5_create(ctx, path, overwrite, "grapevine-truth", 1, &f, err);
    if (st != GV_OK)
        return st;
    st = write_head(f, p, err);
    if (st == GV_OK)
        st = write_arrays(f, p, err);
    if (st == GV_OK)
        return gv_h5_commit(&f, err);
    gv_h5_close(f);
    return st;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static gv_status read_head(gv_h5 *f, gv_truth *t, const gv_graph *g, gv_error *err)
{
    char have[GV_HASH_CHARS + 1], want[GV_HASH_CHARS + 1];
    int64_t topics = 0;
    gv_status st = gv_h5_expect(f, "grapevine-truth", 1, err);
    if (st == GV_OK)
        st = gv_h5_get_i64(f, "/", "n_nodes", &t->n_nodes, err);
    if (st == GV_OK)
        st = gv_h5_get_i64(f, "/", "n_topics", &topics, err);
    if (st == GV_OK)
        st = gv_h5_get_text(f, "/", "graph_hash", have, sizeof have, err);
    if (st == GV_OK &&
        (t->n_nodes < 0 || t->n_nodes > INT32_MAX || topics < 0 || topics > INT32_MAX))
        st = gv_fail(err, GV_ERR_DATA,
                     "%s: /@n_nodes %" PRId64 " or /@n_topics %" PRId64 " is not in [0, 2^31)",
                     gv_h5_path(f), t->n_nodes, topics);
    t->n_topics = (int32_t)topics;
    if (st != GV_OK || g == NULL)
        return st;
    st = gv_graph_identify(t->ctx, g, want, err);
    if (st == GV_OK && strcmp(have, want) != 0)
        st = gv_fail(err, GV_ERR_DATA,
                     "%s: the truth is about graph %s and not about %s, which is %s", gv_h5_path(f),
                     have, gv_graph_file(g), want);
    return st;
}

static gv_status map_arrays(gv_h5 *f, gv_truth *t, gv_error *err)
{
    const gv_h5_shape names = gv_h5_strings(GV_TOPIC_CHARS, t->n_topics);
    const gv_h5_shape flags = gv_h5_matrix(GV_I16, t->n_topics, t->n_nodes);
    const gv_h5_shape real = gv_h5_matrix(GV_F32, t->n_topics, t->n_nodes);
    const void *name = NULL, *influencer = NULL, *i1 = NULL;
    gv_status st = gv_h5_map(f, "/topics/name", &names, &name, err);
    if (st == GV_OK)
        st = gv_h5_map(f, "/influencer", &flags, &influencer, err);
    if (st == GV_OK)
        st = gv_h5_map(f, "/i1", &real, &i1, err);
    t->topic_name = name;
    t->influencer = influencer;
    t->i1 = i1;
    return st;
}

GV_API gv_status gv_truth_open(gv_context *ctx, const char *path, const gv_graph *g, gv_truth **out,
                               gv_error *err)
{
    gv_h5 *f;
    gv_status st = gv_h5_open(ctx, path, &f, err);
    if (st != GV_OK)
        return st;
    gv_truth *t = gv_alloc_zero(ctx, 1, sizeof *t);
    if (t == NULL) {
        gv_h5_close(f);
        return gv_no_memory(ctx, path, err);
    }
    t->ctx = ctx;
    st = read_head(f, t, g, err);
    if (st == GV_OK)
        st = map_arrays(f, t, err);
    t->owner = gv_h5_take_mapping(f);
    gv_h5_close(f);
    if (st != GV_OK)
        gv_truth_free(t);
    else
        *out = t;
    return st;
}

GV_API void gv_truth_free(gv_truth *t)
{
    if (t == NULL)
        return;
    gv_mapping_free(t->owner);
    gv_free(t->ctx, t);
}

GV_API int32_t gv_truth_find_topic(const gv_truth *t, const char *name)
{
    const size_t length = strlen(name);
    for (int32_t z = 0; z < t->n_topics && length <= GV_TOPIC_CHARS; z++) {
        const char *have = t->topic_name + (size_t)z * GV_TOPIC_CHARS;
        if (strncmp(have, name, GV_TOPIC_CHARS) == 0)
            return z;
    }
    return -1;
}
