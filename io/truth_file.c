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

static gv_status write_head(gv_h5 *f, const gv_population_plan *p, int64_t n_edges, gv_error *err)
{
    gv_status st = gv_h5_set_text(f, "/", "engine_version", GV_VERSION, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_nodes", p->opts.consumers, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_edges", n_edges, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_topics", p->opts.topics, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "seed", (int64_t)p->opts.seed, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "influence", p->opts.influence, err);
    if (st == GV_OK)
        st = gv_h5_set_f64(f, "/", "delay", p->delay, err);
    return st;
}

/* All arrays in a fixed order, so that the bytes do not depend on how the population comes. */
static gv_status lay_out(gv_truth_writer *w, int64_t n_edges, gv_error *err)
{
    gv_h5 *f = w->f;
    const int64_t n = w->plan.opts.consumers, z = w->plan.opts.topics;
    const gv_h5_shape real = gv_h5_matrix(GV_F32, z, n), flags = gv_h5_matrix(GV_I16, z, n);
    const gv_h5_shape one = gv_h5_vector(GV_F32, n), edges = gv_h5_vector(GV_I8, n_edges);
    gv_status st = gv_h5_write_topics(f, w->plan.topic_name, w->plan.topic_items, (int32_t)z, err);
    if (st == GV_OK)
        st = gv_h5_begin(f, "/factors/source", &real, &w->source, err);
    if (st == GV_OK)
        st = gv_h5_stream_begin(f, "/factors/target", &one, &w->target, err);
    if (st == GV_OK)
        st = gv_h5_stream_begin(f, "/close", &edges, &w->close, err);
    if (st == GV_OK)
        st = gv_h5_begin(f, "/influencer", &flags, &w->influencer, err);
    if (st == GV_OK)
        st = gv_h5_begin(f, "/i1", &real, &w->i1, err);
    return st;
}

gv_status gv_truth_begin(gv_context *ctx, const gv_population_plan *plan, int64_t n_edges,
                         const char *path, bool overwrite, gv_truth_writer *w, gv_error *err)
{
    *w = (gv_truth_writer){.plan = *plan};
    gv_status st = gv_h5_create(ctx, path, overwrite, "grapevine-truth", 1, &w->f, err);
    if (st == GV_OK)
        st = write_head(w->f, plan, n_edges, err);
    if (st == GV_OK)
        st = lay_out(w, n_edges, err);
    if (st != GV_OK)
        gv_truth_discard(w);
    return st;
}

/* One array about topics: a slab in each topic's row. */
static gv_status put_topics(const gv_truth_writer *w, const gv_h5_array *array, const void *data,
                            int64_t element, const gv_population_part *part, gv_error *err)
{
    gv_status st = GV_OK;
    for (int64_t z = 0; st == GV_OK && z < w->plan.opts.topics; z++)
        st = gv_h5_slab(w->f, array, (z * w->plan.opts.consumers + part->first) * element,
                        (const char *)data + z * part->stride * element, part->n * element, err);
    return st;
}

gv_status gv_truth_put(gv_truth_writer *w, const gv_population_part *part, int64_t n_edges,
                       gv_error *err)
{
    gv_status st = gv_h5_stream_append(w->f, &w->target, part->target,
                                       part->n * (int64_t)sizeof *part->target, err);
    if (st == GV_OK)
        st = gv_h5_stream_append(w->f, &w->close, part->close, n_edges, err);
    if (st == GV_OK)
        st = put_topics(w, &w->source, part->source, sizeof *part->source, part, err);
    if (st == GV_OK)
        st = put_topics(w, &w->influencer, part->influencer, sizeof *part->influencer, part, err);
    if (st == GV_OK)
        st = put_topics(w, &w->i1, part->i1, sizeof *part->i1, part, err);
    return st;
}

gv_status gv_truth_commit(gv_truth_writer *w, const char *graph_hash, gv_error *err)
{
    gv_status st = gv_h5_end(w->f, &w->source, NULL, err);
    if (st == GV_OK)
        st = gv_h5_stream_end(w->f, &w->target, NULL, err);
    if (st == GV_OK)
        st = gv_h5_stream_end(w->f, &w->close, NULL, err);
    if (st == GV_OK)
        st = gv_h5_end(w->f, &w->influencer, NULL, err);
    if (st == GV_OK)
        st = gv_h5_end(w->f, &w->i1, NULL, err);
    if (st == GV_OK)
        st = gv_h5_set_text(w->f, "/", "graph_hash", graph_hash, err);
    if (st == GV_OK)
        st = gv_h5_commit(&w->f, err);
    gv_truth_discard(w);
    return st;
}

void gv_truth_discard(gv_truth_writer *w)
{
    gv_h5_stream_drop(&w->target);
    gv_h5_stream_drop(&w->close);
    gv_h5_close(w->f);
    w->f = NULL;
}

/* The whole population as one part. */
gv_status gv_truth_save(gv_context *ctx, const gv_population *p, const char *path, bool overwrite,
                        gv_error *err)
{
    gv_truth_writer w;
    const int32_t topics = p->log->info.n_topics;
    const int64_t n = p->graph->n_nodes, m = p->graph->n_edges;
    const gv_population_part part = {.n = n,
                                     .close = p->close,
                                     .target = p->target,
                                     .stride = n,
                                     .source = p->source,
                                     .i1 = p->i1,
                                     .influencer = p->influencer};
    gv_population_plan plan = {
        .opts = p->opts, .delay = p->delay, .topic_name = p->log->topic_name};
    plan.topic_items = gv_alloc(ctx, topics, sizeof *plan.topic_items);
    if (plan.topic_items == NULL)
        return gv_no_memory(ctx, path, err);
    for (int32_t z = 0; z < topics; z++)
        plan.topic_items[z] = p->opts.items;
    gv_status st = gv_truth_begin(ctx, &plan, m, path, overwrite, &w, err);
    if (st == GV_OK) {
        st = gv_truth_put(&w, &part, m, err);
        if (st == GV_OK)
            st = gv_truth_commit(&w, p->graph->hash, err);
        else
            gv_truth_discard(&w);
    }
    gv_free(ctx, plan.topic_items);
    return st;
}

gv_status gv_truth_map(gv_context *ctx, const char *path, int64_t n_edges, gv_population *p,
                       gv_mapping **mapping, gv_error *err)
{
    gv_h5 *f;
    const gv_h5_shape real = gv_h5_matrix(GV_F32, p->opts.topics, p->opts.consumers);
    const gv_h5_shape one = gv_h5_vector(GV_F32, p->opts.consumers);
    const gv_h5_shape edges = gv_h5_vector(GV_I8, n_edges);
    const void *source = NULL, *target = NULL, *close = NULL;
    gv_status st = gv_h5_open(ctx, path, &f, err);
    if (st != GV_OK)
        return st;
    st = gv_h5_map(f, "/factors/source", &real, &source, err);
    if (st == GV_OK)
        st = gv_h5_map(f, "/factors/target", &one, &target, err);
    if (st == GV_OK)
        st = gv_h5_map(f, "/close", &edges, &close, err);
    p->source = (void *)source; /* nobody writes to what is mapped */
    p->target = (void *)target;
    p->close = (void *)close;
    *mapping = gv_h5_take_mapping(f);
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
        st = gv_h5_get_i64(f, "/", "n_edges", &t->n_edges, err);
    if (st == GV_OK)
        st = gv_h5_get_i64(f, "/", "n_topics", &topics, err);
    if (st == GV_OK)
        st = gv_h5_get_text(f, "/", "graph_hash", have, sizeof have, err);
    if (st == GV_OK &&
        (t->n_nodes < 0 || t->n_nodes > INT32_MAX || topics < 0 || topics > INT32_MAX))
        st = gv_fail(err, GV_ERR_DATA,
                     "%s: /@n_nodes %" PRId64 " or /@n_topics %" PRId64 " is not in [0, 2^31)",
                     gv_h5_path(f), t->n_nodes, topics);
    if (st == GV_OK && t->n_edges < 0)
        st = gv_fail(err, GV_ERR_DATA, "%s: /@n_edges %" PRId64 " is negative", gv_h5_path(f),
                     t->n_edges);
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
    const gv_h5_shape nodes = gv_h5_vector(GV_F32, t->n_nodes);
    const gv_h5_shape edges = gv_h5_vector(GV_I8, t->n_edges);
    const void *name = NULL, *influencer = NULL, *i1 = NULL;
    const void *source = NULL, *target = NULL, *close = NULL;
    gv_status st = gv_h5_map(f, "/topics/name", &names, &name, err);
    if (st == GV_OK)
        st = gv_h5_map(f, "/influencer", &flags, &influencer, err);
    if (st == GV_OK)
        st = gv_h5_map(f, "/i1", &real, &i1, err);
    if (st == GV_OK)
        st = gv_h5_map(f, "/factors/source", &real, &source, err);
    if (st == GV_OK)
        st = gv_h5_map(f, "/factors/target", &nodes, &target, err);
    if (st == GV_OK)
        st = gv_h5_map(f, "/close", &edges, &close, err);
    t->topic_name = name;
    t->influencer = influencer;
    t->i1 = i1;
    t->source = source;
    t->target = target;
    t->close = close;
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
