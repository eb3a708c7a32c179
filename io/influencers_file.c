/* influencers_file.c -- the best influencers of a topic out of a results file.
 *
 * /influencers is a csr group with one row a topic: consumers in ascending order, each with its
 * rank. Ranks are distinct, so sorting (rank, consumer) by rank gives one order. */
#include <inttypes.h>
#include <string.h>

#include "engine/csr.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/sort.h"
#include "io/results.h"

typedef struct influencers_file {
    gv_context *ctx;
    gv_h5 *f;
    const gv_graph *g;
    int64_t n_topics, row; /* row: the topic's */
    int64_t n_entries;     /* of all topics */
    int64_t begin, n;      /* its entries */
    int32_t *node, *rank;  /* [n] */
} influencers_file;

static gv_status check_graph(influencers_file *i, gv_error *err)
{
    char hash[GV_HASH_CHARS + 1];
    const gv_status st = gv_h5_get_text(i->f, "/", "graph_hash", hash, sizeof hash, err);
    if (st != GV_OK)
        return st;
    if (i->g->hash[0] != '\0' && strcmp(i->g->hash, hash) != 0)
        return gv_fail(err, GV_ERR_DATA, "%s: is about graph %s, not %s", gv_h5_path(i->f), hash,
                       i->g->hash);
    return GV_OK;
}

static gv_status search_names(influencers_file *i, const char *name, int32_t width,
                              const char *topic, gv_error *err)
{
    const size_t length = strlen(topic);
    for (int64_t z = 0; z < i->n_topics && length <= (size_t)width; z++) {
        const char *have = name + z * width;
        if (memcmp(have, topic, length) == 0 && (length == (size_t)width || have[length] == '\0')) {
            i->row = z;
            return GV_OK;
        }
    }
    return gv_fail(err, GV_ERR_ARG, "%s: '%.64s' is none of its %" PRId64 " topics",
                   gv_h5_path(i->f), topic, i->n_topics);
}

static gv_status find_topic(influencers_file *i, const char *topic, gv_error *err)
{
    gv_h5_info info;
    gv_status st = gv_h5_look(i->f, "/topics/name", &info, err);
    if (st != GV_OK)
        return st;
    if (info.kind == GV_H5_NOTHING)
        return gv_fail(err, GV_ERR_DATA, "%s: holds no influencers: /topics/name is missing",
                       gv_h5_path(i->f));
    if (info.kind != GV_H5_ARRAY || info.shape.type != GV_TEXT || info.shape.rank != 1)
        return gv_fail(err, GV_ERR_DATA, "%s: /topics/name: is not a list of names",
                       gv_h5_path(i->f));
    i->n_topics = info.shape.dims[0];
    char *name = gv_alloc(i->ctx, info.bytes, 1);
    if (name == NULL)
        return gv_no_memory(i->ctx, "influencers: names of topics", err);
    st = gv_h5_read(i->f, "/topics/name", name, err);
    if (st == GV_OK)
        st = search_names(i, name, info.shape.width, topic, err);
    gv_free(i->ctx, name);
    return st;
}

static gv_status find_row(influencers_file *i, gv_error *err)
{
    static const char path[] = "/influencers/indptr";
    const gv_h5_shape shape = gv_h5_vector(GV_I64, i->n_topics + 1);
    int64_t bound[2];
    gv_status st = gv_h5_peek(i->f, path, &shape, i->row, 2, bound, err);
    if (st == GV_OK)
        st = gv_h5_peek(i->f, path, &shape, i->n_topics, 1, &i->n_entries, err);
    if (st != GV_OK)
        return st;
    i->begin = bound[0];
    i->n = bound[1] - bound[0];
    if (bound[0] < 0 || bound[0] > bound[1] || bound[1] > i->n_entries)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: %s: row %" PRId64 " is [%" PRId64 ", %" PRId64 ") of %" PRId64
                       " entries",
                       gv_h5_path(i->f), path, i->row, bound[0], bound[1], i->n_entries);
    return GV_OK;
}

static gv_status read_row(influencers_file *i, gv_error *err)
{
    gv_status st = find_row(i, err);
    if (st != GV_OK)
        return st;
    const gv_h5_shape shape = gv_h5_vector(GV_I32, i->n_entries);
    i->node = gv_alloc(i->ctx, i->n, sizeof *i->node);
    i->rank = gv_alloc(i->ctx, i->n, sizeof *i->rank);
    if (i->node == NULL || i->rank == NULL)
        return gv_no_memory(i->ctx, "influencers: ranks of a topic", err);
    st = gv_h5_peek(i->f, "/influencers/indices", &shape, i->begin, i->n, i->node, err);
    if (st == GV_OK)
        st = gv_h5_peek(i->f, "/influencers/rank", &shape, i->begin, i->n, i->rank, err);
    return st;
}

/* Keys (rank, node) of the topic's row, ascending. */
static gv_status sort_row(const influencers_file *i, uint64_t *key, gv_error *err)
{
    for (int64_t j = 0; j < i->n; j++) {
        const int32_t node = i->node[j], rank = i->rank[j];
        if (node < 0 || node >= i->g->n_nodes)
            return gv_fail(err, GV_ERR_DATA,
                           "%s: /influencers/indices: entry %" PRId64 " is %" PRId32
                           ", not in [0, %" PRId64 ")",
                           gv_h5_path(i->f), i->begin + j, node, i->g->n_nodes);
        if (rank < 1)
            return gv_fail(err, GV_ERR_DATA,
                           "%s: /influencers/rank: entry %" PRId64 " is %" PRId32
                           ", not at least 1",
                           gv_h5_path(i->f), i->begin + j, rank);
        key[j] = (uint64_t)rank << 32 | (uint64_t)node;
    }
    return gv_sort_keys(i->ctx, key, i->n, err);
}

static gv_status take_best(const influencers_file *i, int64_t k, gv_node **node, int64_t *count,
                           gv_error *err)
{
    const int64_t taken = k < i->n ? k : i->n;
    uint64_t *key = gv_alloc(i->ctx, i->n, sizeof *key);
    gv_node *best = gv_alloc(i->ctx, taken, sizeof *best);
    gv_status st = key == NULL || best == NULL
                       ? gv_no_memory(i->ctx, "influencers: ranks of a topic", err)
                       : sort_row(i, key, err);
    for (int64_t j = 0; st == GV_OK && j < taken; j++)
        best[j] = (gv_node)(uint32_t)key[j];
    gv_free(i->ctx, key);
    if (st != GV_OK) {
        gv_free(i->ctx, best);
        return st;
    }
    *node = best;
    *count = taken;
    return GV_OK;
}

static gv_status check_count(int64_t k, gv_error *err)
{
    if (k < 0)
        return gv_fail(err, GV_ERR_RANGE, "influencers: %" PRId64 " of them is not at least 0", k);
    return GV_OK;
}

static gv_status read_topic(influencers_file *i, const char *topic, int64_t k, gv_node **node,
                            int64_t *count, gv_error *err)
{
    gv_status st = check_graph(i, err);
    if (st == GV_OK)
        st = find_topic(i, topic, err);
    if (st == GV_OK)
        st = read_row(i, err);
    if (st == GV_OK)
        st = take_best(i, k, node, count, err);
    gv_free(i->ctx, i->node);
    gv_free(i->ctx, i->rank);
    return st;
}

GV_API gv_status gv_influencers_read(gv_context *ctx, const char *path, const gv_graph *g,
                                     const char *topic, int64_t k, gv_node **node, int64_t *count,
                                     gv_error *err)
{
    influencers_file i = {.ctx = ctx, .g = g};
    gv_status st = check_count(k, err);
    if (st == GV_OK)
        st = gv_h5_open(ctx, path, &i.f, err);
    if (st != GV_OK)
        return st;
    st = gv_h5_expect(i.f, "grapevine-results", 1, err);
    if (st == GV_OK)
        st = read_topic(&i, topic, k, node, count, err);
    gv_h5_close(i.f);
    return st;
}

GV_API gv_status gv_results_influencers(gv_results *r, const gv_graph *g, const char *topic,
                                        int64_t k, gv_node **node, int64_t *count, gv_error *err)
{
    gv_h5_info info;
    *node = NULL;
    *count = 0;
    gv_status st = check_count(k, err);
    if (st == GV_OK)
        st = gv_h5_look(r->file, "/influencers/indptr", &info, err);
    if (st != GV_OK || info.kind == GV_H5_NOTHING)
        return st;
    influencers_file i = {.ctx = r->ctx, .f = r->file, .g = g};
    return read_topic(&i, topic, k, node, count, err);
}
