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
#include "io/h5.h"

typedef struct influencers_file {
    gv_context *ctx;
    gv_h5 *f;
    const char *path;
    const gv_graph *g;
    const int64_t *indptr; /* mapped [n_topics + 1] */
    const int32_t *node;   /* mapped [indptr[n_topics]] */
    const int32_t *rank;   /* the same */
    int64_t n_topics, row; /* row: the topic's */
} influencers_file;

static gv_status check_graph(influencers_file *i, gv_error *err)
{
    char hash[GV_HASH_CHARS + 1];
    gv_status st = gv_h5_expect(i->f, "grapevine-results", 1, err);
    if (st == GV_OK)
        st = gv_h5_get_text(i->f, "/", "graph_hash", hash, sizeof hash, err);
    if (st != GV_OK)
        return st;
    if (i->g->hash[0] != '\0' && strcmp(i->g->hash, hash) != 0)
        return gv_fail(err, GV_ERR_DATA, "%s: is about graph %s, not %s", i->path, hash,
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
    return gv_fail(err, GV_ERR_ARG, "%s: '%.64s' is none of its %" PRId64 " topics", i->path, topic,
                   i->n_topics);
}

static gv_status find_topic(influencers_file *i, const char *topic, gv_error *err)
{
    gv_h5_info info;
    gv_status st = gv_h5_look(i->f, "/topics/name", &info, err);
    if (st != GV_OK)
        return st;
    if (info.kind == GV_H5_NOTHING)
        return gv_fail(err, GV_ERR_DATA, "%s: holds no influencers: /topics/name is missing",
                       i->path);
    if (info.kind != GV_H5_ARRAY || info.shape.type != GV_TEXT || info.shape.rank != 1)
        return gv_fail(err, GV_ERR_DATA, "%s: /topics/name: is not a list of names", i->path);
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

static gv_status map_rows(influencers_file *i, gv_error *err)
{
    const void *data;
    gv_h5_shape shape = gv_h5_vector(GV_I64, i->n_topics + 1);
    gv_status st = gv_h5_map(i->f, "/influencers/indptr", &shape, &data, err);
    if (st != GV_OK)
        return st;
    i->indptr = data;
    shape = gv_h5_vector(GV_I32, i->indptr[i->n_topics]);
    st = gv_h5_map(i->f, "/influencers/indices", &shape, &data, err);
    if (st != GV_OK)
        return st;
    i->node = data;
    st = gv_h5_map(i->f, "/influencers/rank", &shape, &data, err);
    i->rank = data;
    if (st != GV_OK)
        return st;
    const int64_t begin = i->indptr[i->row], end = i->indptr[i->row + 1];
    if (begin < 0 || begin > end || end > i->indptr[i->n_topics])
        return gv_fail(err, GV_ERR_DATA,
                       "%s: /influencers/indptr: row %" PRId64 " is [%" PRId64 ", %" PRId64
                       ") of %" PRId64 " entries",
                       i->path, i->row, begin, end, i->indptr[i->n_topics]);
    return GV_OK;
}

/* Keys (rank, node) of the topic's row, ascending. */
static gv_status sort_row(const influencers_file *i, uint64_t *key, int64_t n, gv_error *err)
{
    const int64_t begin = i->indptr[i->row];
    for (int64_t j = 0; j < n; j++) {
        const int32_t node = i->node[begin + j], rank = i->rank[begin + j];
        if (node < 0 || node >= i->g->n_nodes)
            return gv_fail(err, GV_ERR_DATA,
                           "%s: /influencers/indices: entry %" PRId64 " is %" PRId32
                           ", not in [0, %" PRId64 ")",
                           i->path, begin + j, node, i->g->n_nodes);
        if (rank < 1)
            return gv_fail(err, GV_ERR_DATA,
                           "%s: /influencers/rank: entry %" PRId64 " is %" PRId32
                           ", not at least 1",
                           i->path, begin + j, rank);
        key[j] = (uint64_t)rank << 32 | (uint64_t)node;
    }
    return gv_sort_keys(i->ctx, key, n, err);
}

static gv_status take_best(const influencers_file *i, int64_t k, gv_node **node, int64_t *count,
                           gv_error *err)
{
    const int64_t n = i->indptr[i->row + 1] - i->indptr[i->row], taken = k < n ? k : n;
    uint64_t *key = gv_alloc(i->ctx, n, sizeof *key);
    gv_node *best = gv_alloc(i->ctx, taken, sizeof *best);
    gv_status st = key == NULL || best == NULL
                       ? gv_no_memory(i->ctx, "influencers: ranks of a topic", err)
                       : sort_row(i, key, n, err);
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

GV_API gv_status gv_influencers_read(gv_context *ctx, const char *path, const gv_graph *g,
                                     const char *topic, int64_t k, gv_node **node, int64_t *count,
                                     gv_error *err)
{
    influencers_file i = {.ctx = ctx, .path = path, .g = g};
    if (k < 0)
        return gv_fail(err, GV_ERR_RANGE, "influencers: %" PRId64 " of them is not at least 0", k);
    gv_status st = gv_h5_open(ctx, path, &i.f, err);
    if (st != GV_OK)
        return st;
    st = check_graph(&i, err);
    if (st == GV_OK)
        st = find_topic(&i, topic, err);
    if (st == GV_OK)
        st = map_rows(&i, err);
    if (st == GV_OK)
        st = take_best(&i, k, node, count, err);
    gv_h5_close(i.f);
    return st;
}
