/* info_file.c -- a file of any kind, open for looking: its kind, its arrays, its topics.
 *
 * Opening reads attributes and the list of arrays, nothing else. Arrays are mapped where they lie
 * in one piece, and copied when somebody asks for one that does not. */
#include "io/info_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/layouts_file.h"

enum { MAX_DEPTH = 6, PATH_CHARS = 256 };

static const char *const kind_name[] = {"graph", "model", "truth", "results", "layout"};

/* ---- the list of arrays ---------------------------------------------------------------------- */

typedef struct walk {
    gv_file *f;
    const char *group;
    int depth;
} walk;

static gv_status add_entry(gv_file *f, const char *path, const gv_h5_info *at, gv_error *err)
{
    static const char *const type[] = {"int16",   "int32", "int64", "float32",
                                       "float64", "text",  "int8"};
    if (f->info.n_entries == f->room) {
        const int64_t room = f->room > 0 ? 2 * f->room : 64;
        gv_file_entry *more = gv_realloc(f->ctx, f->entry, room, sizeof *more);
        if (more == NULL)
            return gv_no_memory(f->ctx, gv_h5_path(f->h5), err);
        f->entry = more;
        f->room = room;
    }
    gv_file_entry *e = &f->entry[f->info.n_entries++];
    *e = (gv_file_entry){
        .table = at->kind == GV_H5_TABLE, .rank = at->shape.rank, .bytes = at->bytes};
    snprintf(e->path, sizeof e->path, "%s", path);
    snprintf(e->type, sizeof e->type, "%s",
             at->kind == GV_H5_ARRAY   ? type[at->shape.type]
             : at->kind == GV_H5_TABLE ? "table"
                                       : "other");
    for (int d = 0; d < e->rank; d++)
        e->dims[d] = at->shape.dims[d];
    return GV_OK;
}

static gv_status visit(void *arg, const char *name, gv_error *err)
{
    const walk *w = arg;
    gv_file *f = w->f;
    char path[PATH_CHARS];
    gv_h5_info at;
    const int length = snprintf(path, sizeof path, "%s/%s", w->group, name);
    if (length < 0 || length >= (int)sizeof path || w->depth > MAX_DEPTH)
        return gv_fail(err, GV_ERR_DATA, "%s: %.200s/%.40s: lies too deep, or its name is too long",
                       gv_h5_path(f->h5), w->group, name);
    const gv_status st = gv_h5_look(f->h5, path, &at, err);
    if (st != GV_OK)
        return st;
    if (at.kind != GV_H5_GROUP && at.bytes < 0)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: has more bytes than can be", gv_h5_path(f->h5),
                       path);
    if (at.kind != GV_H5_GROUP)
        return add_entry(f, path, &at, err);
    walk below = {f, path, w->depth + 1};
    return gv_h5_children(f->h5, path, visit, &below, err);
}

static gv_status list_arrays(gv_file *f, gv_error *err)
{
    walk top = {f, "", 0};
    return gv_h5_children(f->h5, "/", visit, &top, err);
}

const gv_file_entry *gv_file_find(const gv_file *f, const char *path)
{
    for (int64_t i = 0; i < f->info.n_entries; i++)
        if (strcmp(f->entry[i].path, path) == 0)
            return &f->entry[i];
    return NULL;
}

gv_type gv_file_type(const gv_file_entry *e)
{
    static const char *const type[] = {"int16",   "int32", "int64", "float32",
                                       "float64", "text",  "int8"};
    int t = 0;
    while (t < GV_I8 && strcmp(e->type, type[t]) != 0)
        t++;
    return (gv_type)t;
}

/* The name below `group` on the way to an entry, as [*name, *name + length); 0 for none. */
static size_t below(const char *group, const char *path, const char **name)
{
    const size_t n = strlen(group);
    if (strncmp(path, group, n) != 0 || path[n] != '/')
        return 0;
    *name = path + n + 1;
    return strcspn(*name, "/");
}

int64_t gv_file_children(const gv_file *f, const char *group)
{
    char name[PATH_CHARS];
    int64_t n = 0;
    while (gv_file_child(f, group, n, name, sizeof name))
        n++;
    return n;
}

bool gv_file_child(const gv_file *f, const char *group, int64_t i, char *name, size_t room)
{
    const char *last = "", *here = "";
    size_t last_length = 0;
    int64_t seen = -1;
    for (int64_t k = 0; k < f->info.n_entries; k++) {
        const size_t length = below(group, f->entry[k].path, &here);
        if (length == 0 || (length == last_length && memcmp(last, here, length) == 0))
            continue;
        last = here, last_length = length;
        if (++seen == i) {
            snprintf(name, room, "%.*s", (int)length, here);
            return true;
        }
    }
    return false;
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static bool has_shape(const gv_file_entry *e, const gv_h5_shape *want)
{
    bool same = !e->table && strcmp(e->type, "other") != 0 && gv_file_type(e) == want->type &&
                e->rank == want->rank;
    for (int d = 0; same && d < e->rank; d++)
        same = e->dims[d] == want->dims[d];
    return same;
}

static gv_status copy_array(gv_file *f, const gv_file_entry *e, const void **data, gv_error *err)
{
    for (const gv_file_copy *c = f->copies; c != NULL; c = c->next)
        if (strcmp(c->path, e->path) == 0) {
            *data = c->data;
            return GV_OK;
        }
    gv_file_copy *c = gv_alloc_zero(f->ctx, 1, sizeof *c);
    void *bytes = gv_alloc(f->ctx, e->bytes, 1);
    gv_status st = c != NULL && bytes != NULL ? GV_OK : gv_no_memory(f->ctx, e->path, err);
    if (st == GV_OK)
        st = gv_h5_read(f->h5, e->path, bytes, err);
    if (st != GV_OK) {
        gv_free(f->ctx, bytes);
        gv_free(f->ctx, c);
        return st;
    }
    snprintf(c->path, sizeof c->path, "%s", e->path);
    *data = c->data = bytes;
    c->next = f->copies;
    f->copies = c;
    return GV_OK;
}

gv_status gv_file_array(gv_file *f, const char *path, const gv_h5_shape *want, const void **data,
                        gv_error *err)
{
    gv_h5_info at;
    const gv_file_entry *e = gv_file_find(f, path);
    if (e == NULL)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: is missing", gv_h5_path(f->h5), path);
    if (has_shape(e, want)) {
        const gv_status st = gv_h5_look(f->h5, path, &at, err);
        if (st != GV_OK)
            return st;
        if (!at.contiguous)
            return copy_array(f, e, data, err);
    }
    return gv_h5_map(f->h5, path, want, data, err); /* which names a shape that differs */
}

gv_status gv_file_number(gv_file *f, const char *group, const char *name, double *value,
                         gv_error *err)
{
    char path[PATH_CHARS];
    gv_h5_value kind;
    snprintf(path, sizeof path, "%s/%s", group, name);
    if (gv_h5_has(f->h5, group, name, &kind)) {
        int64_t whole = 0;
        if (kind != GV_H5_I64)
            return gv_h5_get_f64(f->h5, group, name, value, err);
        const gv_status st = gv_h5_get_i64(f->h5, group, name, &whole, err);
        *value = (double)whole;
        return st;
    }
    const gv_file_entry *e = gv_file_find(f, path);
    if (e == NULL || strcmp(e->type, "float64") != 0 || e->bytes != (int64_t)sizeof *value)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: is not one number", gv_h5_path(f->h5), path);
    return gv_h5_read(f->h5, path, value, err);
}

/* ---- topics and numbers of the file ---------------------------------------------------------- */

static gv_status read_topics(gv_file *f, gv_error *err)
{
    const gv_file_entry *e = gv_file_find(f, "/topics/name");
    if (e == NULL)
        return GV_OK;
    const int64_t z = e->rank == 1 ? e->dims[0] : -1;
    if (strcmp(e->type, "text") != 0 || z < 0 || z > INT32_MAX || e->bytes / GV_TOPIC_CHARS != z)
        return gv_fail(err, GV_ERR_DATA, "%s: /topics/name: is not a list of texts of %d bytes",
                       gv_h5_path(f->h5), GV_TOPIC_CHARS);
    char(*name)[GV_TOPIC_CHARS] = gv_alloc(f->ctx, z, sizeof *name);
    f->topic = gv_alloc_zero(f->ctx, z, sizeof *f->topic);
    gv_status st = name != NULL && f->topic != NULL ? gv_h5_read(f->h5, e->path, name, err)
                                                    : gv_no_memory(f->ctx, gv_h5_path(f->h5), err);
    for (int64_t i = 0; st == GV_OK && i < z; i++)
        memcpy(f->topic[i], name[i], GV_TOPIC_CHARS);
    gv_free(f->ctx, name);
    f->info.n_topics = st == GV_OK ? (int32_t)z : 0;
    return st;
}

static int64_t whole_or_zero(gv_file *f, const char *name)
{
    int64_t value = 0;
    return gv_h5_get_i64(f->h5, "/", name, &value, NULL) == GV_OK ? value : 0;
}

static void text_or_empty(gv_file *f, const char *name, char *text, size_t room)
{
    if (gv_h5_get_text(f->h5, "/", name, text, room, NULL) != GV_OK)
        text[0] = '\0';
}

static gv_status read_info(gv_file *f, gv_error *err)
{
    gv_file_info *i = &f->info;
    const gv_file_entry *target = gv_file_find(f, "/factors/target");
    i->kind_name = kind_name[i->kind];
    i->bytes = gv_h5_file_size(f->h5);
    i->n_nodes = whole_or_zero(f, "n_nodes");
    if (i->n_nodes == 0 && target != NULL && target->rank == 1)
        i->n_nodes = target->dims[0];
    i->n_edges = whole_or_zero(f, "n_edges");
    i->seed = whole_or_zero(f, "seed");
    text_or_empty(f, i->kind == GV_FILE_GRAPH ? "content_hash" : "graph_hash", f->graph_hash,
                  sizeof f->graph_hash);
    text_or_empty(f, "log_hash", f->log_hash, sizeof f->log_hash);
    text_or_empty(f, "engine_version", f->version, sizeof f->version);
    i->graph_hash = f->graph_hash, i->log_hash = f->log_hash, i->engine_version = f->version;
    i->has_influencers = gv_file_find(f, "/influencers/indices") != NULL;
    i->has_prospects = gv_file_find(f, "/prospects/indices") != NULL;
    i->n_cascades = gv_file_children(f, "/cascade");
    i->n_ppr = gv_file_children(f, "/ppr");
    i->n_topks = gv_file_children(f, "/topk");
    i->quantile = NAN;
    if (gv_h5_get_f64(f->h5, "/influencers", "quantile", &i->quantile, NULL) != GV_OK &&
        gv_h5_get_f64(f->h5, "/influence", "quantile", &i->quantile, NULL) != GV_OK)
        i->quantile = NAN;
    if (i->n_nodes < 0 || i->n_nodes > INT32_MAX || i->n_edges < 0)
        return gv_fail(err, GV_ERR_DATA, "%s: /@n_nodes or /@n_edges: is out of range",
                       gv_h5_path(f->h5));
    return GV_OK;
}

/* ---- open, close ----------------------------------------------------------------------------- */

static gv_status read_kind(gv_file *f, gv_error *err)
{
    char schema[64], wanted[64];
    gv_h5_value value;
    if (!gv_h5_has(f->h5, "/", "schema", &value))
        return gv_fail(err, GV_ERR_DATA, "%s: is not a grapevine file: it has no /@schema",
                       gv_h5_path(f->h5));
    gv_status st = gv_h5_get_text(f->h5, "/", "schema", schema, sizeof schema, err);
    int kind = GV_FILE_GRAPH;
    for (; st == GV_OK && kind <= GV_FILE_LAYOUT; kind++) {
        snprintf(wanted, sizeof wanted, "grapevine-%s", kind_name[kind]);
        if (strcmp(schema, wanted) == 0)
            break;
    }
    if (st == GV_OK && kind > GV_FILE_LAYOUT)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: /@schema: \"%s\" is not grapevine-graph, grapevine-model, "
                       "grapevine-truth, grapevine-results or grapevine-layout",
                       gv_h5_path(f->h5), schema);
    f->info.kind = (gv_file_kind)kind;
    return st != GV_OK ? st : gv_h5_expect(f->h5, schema, 1, err);
}

static gv_status fill(gv_file *f, const char *path, gv_error *err)
{
    gv_status st = gv_h5_open(f->ctx, path, &f->h5, err);
    if (st == GV_OK)
        st = read_kind(f, err);
    if (st == GV_OK)
        st = list_arrays(f, err);
    if (st == GV_OK && f->info.kind == GV_FILE_MODEL && gv_file_find(f, "/influencer") != NULL)
        f->info.kind = GV_FILE_TRUTH;
    if (st == GV_OK)
        st = read_topics(f, err);
    return st == GV_OK ? read_info(f, err) : st;
}

GV_API gv_status gv_file_open(gv_context *ctx, const char *path, gv_file **out, gv_error *err)
{
    gv_file *f = gv_alloc_zero(ctx, 1, sizeof *f);
    if (f == NULL)
        return gv_no_memory(ctx, path, err);
    f->ctx = ctx;
    const gv_status st = fill(f, path, err);
    if (st != GV_OK)
        gv_file_close(f);
    else
        *out = f;
    return st;
}

GV_API void gv_file_close(gv_file *f)
{
    if (f == NULL)
        return;
    for (gv_file_copy *c = f->copies, *next; c != NULL; c = next) {
        next = c->next;
        gv_free(f->ctx, c->data);
        gv_free(f->ctx, c);
    }
    gv_graph_free(f->graph);
    gv_free(f->ctx, f->topic);
    gv_free(f->ctx, f->entry);
    gv_h5_close(f->h5);
    gv_free(f->ctx, f);
}

/* ---- for callers ----------------------------------------------------------------------------- */

GV_API gv_file_info gv_file_describe(const gv_file *f)
{
    return f->info;
}

GV_API const gv_file_entry *gv_file_entry_at(const gv_file *f, int64_t i)
{
    return i >= 0 && i < f->info.n_entries ? &f->entry[i] : NULL;
}

GV_API const char *gv_file_topic(const gv_file *f, int32_t z)
{
    return z >= 0 && z < f->info.n_topics ? f->topic[z] : NULL;
}

GV_API int32_t gv_file_find_topic(const gv_file *f, const char *name)
{
    for (int32_t z = 0; z < f->info.n_topics; z++)
        if (strcmp(f->topic[z], name) == 0)
            return z;
    return -1;
}

gv_status gv_file_need_topic(const gv_file *f, int32_t topic, gv_error *err)
{
    if (topic < 0 || topic >= f->info.n_topics)
        return gv_fail(err, GV_ERR_RANGE, "%s: topic %d is not in [0, %d)", gv_h5_path(f->h5),
                       topic, f->info.n_topics);
    return GV_OK;
}

GV_API const char *gv_file_layout(gv_file *f, int64_t i, char *text, int64_t *bytes)
{
    char group[GV_LAYOUT_GROUP] = "/layouts/";
    const size_t above = strlen(group);
    if (!gv_file_child(f, "/layouts", i, group + above, sizeof group - above) ||
        gv_h5_get_text(f->h5, group, "key", text, GV_LAYOUT_KEY_CHARS, NULL) != GV_OK)
        return NULL;
    const size_t length = strlen(group);
    *bytes = 0;
    for (int64_t k = 0; k < f->info.n_entries; k++)
        if (strncmp(f->entry[k].path, group, length) == 0 && f->entry[k].path[length] == '/')
            *bytes += f->entry[k].bytes;
    return text;
}
