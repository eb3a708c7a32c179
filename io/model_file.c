/* model_file.c -- opening a model file: arrays stay in the mapped file, only topic names are
 * copied. Unlike those of a graph its arrays are checked at once: they are read in full by every
 * command. */
#include "io/model_file.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "io/graph_file.h"
#include "io/layout.h"

enum { MAX_TOPICS = 1 << 20 };

static void release_mapped(gv_model *m)
{
    gv_free(m->ctx, m->topic_name);
    gv_mapping_free(m->owner);
}

static void rest_mapped(const gv_model *m, const void *data, int64_t bytes)
{
    if (m->owner != NULL)
        gv_mapping_rest(m->owner, data, bytes);
}

static gv_status get_count(gv_h5 *f, const char *name, int64_t lowest, int64_t highest,
                           int64_t *value, gv_error *err)
{
    const gv_status st = gv_h5_get_i64(f, "/", name, value, err);
    if (st == GV_OK && (*value < lowest || *value > highest))
        return gv_fail(err, GV_ERR_DATA,
                       "%s: /@%s: %" PRId64 " is not in [%" PRId64 ", %" PRId64 "]", gv_h5_path(f),
                       name, *value, lowest, highest);
    return st;
}

static gv_status get_strength(gv_h5 *f, const char *name, double *value, gv_error *err)
{
    const gv_status st = gv_h5_get_f64(f, "/", name, value, err);
    if (st == GV_OK && !(*value >= 0.0 && *value < (double)INFINITY))
        return gv_fail(err, GV_ERR_DATA, "%s: /@%s: %g is not finite and >= 0", gv_h5_path(f), name,
                       *value);
    return st;
}

/* The place of an attribute's text among the words. */
static gv_status get_word(gv_h5 *f, const char *name, const char *const *word, int *value,
                          gv_error *err)
{
    char text[32];
    const gv_status st = gv_h5_get_text(f, "/", name, text, sizeof text, err);
    if (st != GV_OK)
        return st;
    for (*value = 0; word[*value] != NULL; ++*value)
        if (strcmp(word[*value], text) == 0)
            return GV_OK;
    return gv_fail(err, GV_ERR_DATA, "%s: /@%s: there is no '%s'", gv_h5_path(f), name, text);
}

/* How the model was learnt; older files do not say. */
static gv_status read_method(gv_h5 *f, gv_model *m, gv_error *err)
{
    gv_h5_value value;
    int method = -1, credit = 0;
    gv_status st = GV_OK;
    if (gv_h5_has(f, "/", "method", &value)) {
        st = get_word(f, "method", gv_method_word, &method, err);
        if (st == GV_OK)
            st = get_word(f, "credit", gv_credit_word, &credit, err);
        if (st == GV_OK)
            st = get_count(f, "spell_gap", 0, INT64_MAX, &m->spell_gap, err);
    }
    m->method = (gv_learn_method)method;
    m->credit = (gv_credit_rule)credit;
    return st;
}

static gv_status read_head(gv_h5 *f, gv_model *m, gv_error *err)
{
    int64_t topics = 0, actions = 0, unit = 0;
    gv_h5_value tie;
    gv_status st = gv_h5_expect(f, "grapevine-model", 1, err);
    if (st == GV_OK)
        st = gv_h5_get_text(f, "/", "graph_hash", m->graph_hash, sizeof m->graph_hash, err);
    if (st == GV_OK)
        st = gv_h5_get_text(f, "/", "log_hash", m->log_hash, sizeof m->log_hash, err);
    if (st == GV_OK)
        st = get_count(f, "n_nodes", 0, INT32_MAX, &m->n_nodes, err);
    if (st == GV_OK)
        st = get_count(f, "n_topics", 0, MAX_TOPICS, &topics, err);
    if (st == GV_OK)
        st = get_count(f, "n_edges", 0, INT64_MAX / 16 / (topics + 1), &m->n_edges, err);
    if (st == GV_OK)
        st = get_count(f, "min_actions", 0, INT32_MAX, &actions, err);
    if (st == GV_OK)
        st = get_count(f, "time_end", INT64_MIN, INT64_MAX, &m->time_end, err);
    if (st == GV_OK)
        st = get_count(f, "credit_unit", GV_CREDIT_UNIT, GV_CREDIT_UNIT, &unit, err);
    if (st == GV_OK)
        st = get_strength(f, "k_source", &m->k_source, err);
    if (st == GV_OK)
        st = get_strength(f, "k_target", &m->k_target, err);
    if (st == GV_OK)
        st = get_strength(f, "k_edge", &m->k_edge, err);
    if (st == GV_OK && gv_h5_has(f, "/", "k_tie", &tie)) /* older files know no factor of edges */
        st = get_strength(f, "k_tie", &m->k_tie, err);
    if (st == GV_OK)
        st = read_method(f, m, err);
    m->n_topics = (int32_t)topics;
    m->min_actions = (int32_t)actions;
    return st;
}

static gv_status check_graph(gv_h5 *f, const gv_model *m, const gv_graph *g, gv_error *err)
{
    char hash[GV_HASH_CHARS + 1];
    if (g == NULL)
        return GV_OK;
    const gv_status st = gv_graph_identify(m->ctx, g, hash, err);
    if (st != GV_OK)
        return st;
    if (strcmp(m->graph_hash, hash) != 0 || m->n_nodes != g->n_nodes || m->n_edges != g->n_edges)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: the model was learnt on graph %s and not on %s, which is graph %s",
                       gv_h5_path(f), m->graph_hash, gv_graph_file(g), hash);
    return GV_OK;
}

static gv_status read_topics(gv_h5 *f, gv_model *m, gv_error *err)
{
    const gv_h5_shape names = gv_h5_strings(GV_TOPIC_CHARS, m->n_topics);
    const void *text = NULL, *items = NULL;
    gv_status st = gv_h5_map(f, "/topics/name", &names, &text, err);
    if (st == GV_OK)
        st = gv_h5_map_part(f, "/topics", "n_items", GV_I64, m->n_topics, &items, err);
    if (st != GV_OK)
        return st;
    m->topic_items = items;
    m->topic_name = gv_alloc_zero(m->ctx, m->n_topics, sizeof *m->topic_name);
    if (m->topic_name == NULL)
        return gv_no_memory(m->ctx, "topics", err);
    for (int32_t z = 0; z < m->n_topics; z++)
        memcpy(m->topic_name[z], (const char *)text + (size_t)z * GV_TOPIC_CHARS, GV_TOPIC_CHARS);
    return GV_OK;
}

/* One array of a group; `place` is a pointer in the model. */
typedef struct part {
    const char *group, *name;
    gv_type type;
    int64_t n;
    const void **place;
} part;

static gv_status map_parts(gv_h5 *f, const part *parts, size_t n_parts, gv_error *err)
{
    gv_status st = GV_OK;
    for (size_t i = 0; st == GV_OK && i < n_parts; i++)
        st = gv_h5_map_part(f, parts[i].group, parts[i].name, parts[i].type, parts[i].n,
                            parts[i].place, err);
    return st;
}

/* The number of entries of a csr group, as its offsets have it: in [0, limit]. */
static gv_status entries(gv_h5 *f, const char *group, const int64_t *indptr, int64_t rows,
                         int64_t *n, gv_error *err)
{
    *n = indptr[rows];
    if (indptr[0] != 0 || *n < 0)
        return gv_fail(err, GV_ERR_DATA, "%s: %s/indptr: runs from %" PRId64 " to %" PRId64,
                       gv_h5_path(f), group, indptr[0], *n);
    return GV_OK;
}

static gv_status map_factors(gv_h5 *f, gv_model *m, gv_error *err)
{
    const void *mu = NULL, *window = NULL, *delay = NULL, *target = NULL, *indptr = NULL;
    const part parts[] = {
        {"/factors", "mu", GV_F64, m->n_topics, &mu},
        {"", "window", GV_F64, m->n_topics, &window},
        {"", "delay", GV_F64, m->n_topics, &delay},
        {"/factors", "target", GV_F32, m->n_nodes, &target},
        {"/factors/source", "indptr", GV_I64, m->n_nodes + 1, &indptr},
    };
    const gv_status st = map_parts(f, parts, sizeof parts / sizeof *parts, err);
    m->mu = mu;
    m->window = window;
    m->delay = delay;
    m->target = target;
    m->pairs.indptr = indptr;
    return st;
}

/* What it took the strengths of the graph's edges for; without the graph they are not there. */
static gv_status map_strengths(gv_h5 *f, gv_model *m, const gv_graph *g, gv_error *err)
{
    gv_h5_value value;
    char text[32];
    const void *usual = NULL;
    if (!gv_h5_has(f, "/", "ties", &value))
        return GV_OK;
    gv_status st = gv_h5_get_text(f, "/", "ties", text, sizeof text, err);
    if (st == GV_OK && strcmp(text, "prior") != 0)
        return gv_fail(err, GV_ERR_DATA, "%s: /@ties: there is no '%s'", gv_h5_path(f), text);
    if (st == GV_OK && g != NULL && g->rule != GV_PROBABILITY_STORED)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: the model was learnt with the strengths of the graph's edges, %s has "
                       "none",
                       gv_h5_path(f), gv_graph_file(g));
    if (st == GV_OK)
        st = gv_h5_map_part(f, "/factors", "strength", GV_F32, m->n_nodes, &usual, err);
    m->usual = usual;
    m->strength = g != NULL ? g->out.probability : NULL;
    return st;
}

static gv_status map_pairs(gv_h5 *f, gv_model *m, gv_error *err)
{
    int64_t n;
    gv_status st = entries(f, "/factors/source", m->pairs.indptr, m->n_nodes, &n, err);
    if (st != GV_OK)
        return st;
    const void *topic = NULL, *source = NULL, *exposure = NULL, *total = NULL, *observed = NULL,
               *shuffled = NULL, *last = NULL;
    const part parts[] = {
        {"/factors/source", "indices", GV_I32, n, &topic},
        {"/factors/source", "data", GV_F32, n, &source},
        {"/activity", "exposure", GV_I64, n, &exposure},
        {"/activity", "total", GV_I32, n, &total},
        {"/activity", "observed", GV_I32, n, &observed},
        {"/activity", "shuffled", GV_I32, n, &shuffled},
        {"/activity", "last", GV_I64, n, &last},
    };
    st = map_parts(f, parts, sizeof parts / sizeof *parts, err);
    m->pairs.topic = topic;
    m->pairs.source = source;
    m->pairs.exposure = exposure;
    m->pairs.total = total;
    m->pairs.observed = observed;
    m->pairs.shuffled = shuffled;
    m->pairs.last = last;
    return st;
}

static gv_status map_evidence(gv_h5 *f, gv_model *m, gv_error *err)
{
    const void *indptr = NULL, *column = NULL, *credit = NULL, *exposure = NULL;
    int64_t n;
    gv_status st = gv_h5_map_part(f, "/evidence", "indptr", GV_I64, m->n_nodes + 1, &indptr, err);
    if (st == GV_OK)
        st = entries(f, "/evidence", indptr, m->n_nodes, &n, err);
    if (st != GV_OK)
        return st;
    const part parts[] = {
        {"/evidence", "indices", GV_I64, n, &column},
        {"/evidence", "credit", GV_I64, n, &credit},
        {"/evidence", "exposure", GV_I64, n, &exposure},
    };
    st = map_parts(f, parts, sizeof parts / sizeof *parts, err);
    m->evidence = (gv_evidence){indptr, column, credit, exposure};
    return st;
}

/* The hash of all that p hangs on, by the checksums of its arrays; none where one is missing. */
static gv_status identify(gv_h5 *f, gv_model *m, gv_error *err)
{
    static const char *const array[] = {
        "/factors/mu",          "/factors/target",         "/factors/source/indptr",
        "/factors/source/data", "/factors/source/indices", "/activity/exposure",
        "/evidence/indptr",     "/evidence/indices",       "/evidence/credit",
        "/evidence/exposure"};
    enum { ARRAYS = sizeof array / sizeof *array };
    struct {
        char sum[ARRAYS + 1][GV_HASH_CHARS + 1], graph[GV_HASH_CHARS + 1];
        double k_edge, k_tie;
        int64_t n_topics;
    } all;
    gv_h5_value value;
    gv_status st = GV_OK;
    memset(&all, 0, sizeof all);
    for (int i = 0; st == GV_OK && i < ARRAYS; i++) {
        if (!gv_h5_has(f, array[i], "checksum", &value))
            return GV_OK;
        st = gv_h5_get_text(f, array[i], "checksum", all.sum[i], sizeof all.sum[i], err);
    }
    if (st == GV_OK && m->usual != NULL)
        st = gv_h5_get_text(f, "/factors/strength", "checksum", all.sum[ARRAYS],
                            sizeof all.sum[ARRAYS], err);
    memcpy(all.graph, m->graph_hash, sizeof all.graph);
    all.k_edge = m->k_edge, all.k_tie = m->k_tie, all.n_topics = m->n_topics;
    if (st == GV_OK)
        gv_hash_text(gv_hash_small(&all, sizeof all), m->hash);
    return st;
}

static gv_status map_model(gv_h5 *f, gv_model *m, const gv_graph *g, gv_error *err)
{
    gv_status st = read_head(f, m, err);
    if (st == GV_OK)
        st = check_graph(f, m, g, err);
    if (st == GV_OK)
        st = read_topics(f, m, err);
    if (st == GV_OK)
        st = map_factors(f, m, err);
    if (st == GV_OK)
        st = map_strengths(f, m, g, err);
    if (st == GV_OK)
        st = map_pairs(f, m, err);
    if (st == GV_OK)
        st = map_evidence(f, m, err);
    if (st == GV_OK)
        st = identify(f, m, err);
    return st;
}

GV_API gv_status gv_model_open(gv_context *ctx, const char *path, const gv_graph *g, gv_model **out,
                               gv_error *err)
{
    gv_h5 *f;
    gv_status st = gv_h5_open(ctx, path, &f, err);
    if (st != GV_OK)
        return st;
    gv_model *m = gv_alloc_zero(ctx, 1, sizeof *m);
    if (m == NULL) {
        gv_h5_close(f);
        return gv_no_memory(ctx, path, err);
    }
    m->ctx = ctx;
    m->release = release_mapped;
    m->rest = rest_mapped;
    st = map_model(f, m, g, err);
    m->owner = gv_h5_take_mapping(f);
    if (st == GV_OK)
        st = gv_model_check(ctx, m, g, path, err);
    gv_h5_close(f);
    if (st != GV_OK)
        gv_model_free(m);
    else
        *out = m;
    return st;
}
