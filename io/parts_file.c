/* parts_file.c -- cascades of a results file read back, array by array, where they lie: parts.h.
 *
 * A group with an array or attribute that is not known here is refused: joined without it, the
 * results would not be those of one run. */
#include "grapevine/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/info_file.h"
#include "io/names.h"

enum { GROUP_CHARS = 160, PATH_CHARS = 256 };

/* What the length of an array is. */
typedef enum length { SEEDS, WORLDS, STEPS, NODES, FREE, DERIVED } length;

static const struct array {
    const char *name;
    gv_type type;
    length length;
    bool needed;
    size_t offset; /* of the pointer in gv_cascade_part */
} arrays[] = {
#define RESULT(field) offsetof(gv_cascade_part, result.field)
    {"seeds", GV_I32, SEEDS, true, RESULT(seeds)},
    {"spread", GV_I64, WORLDS, true, RESULT(spread)},
    {"curve_sum", GV_I64, STEPS, true, RESULT(curve_sum)},
    {"curve_sumsq", GV_I64, STEPS, true, RESULT(curve_sumsq)},
    {"acceptance", GV_F64, SEEDS, false, RESULT(acceptance)},
    {"accepted_count", GV_I64, SEEDS, false, RESULT(accepted_count)},
    {"value", GV_I64, WORLDS, false, RESULT(value)},
    {"activation_count", GV_I32, NODES, false, RESULT(activation_count)},
    {"activation_step_sum", GV_I64, NODES, false, RESULT(activation_step_sum)},
    {"seed_marginal_sum", GV_I64, SEEDS, false, RESULT(seed_marginal_sum)},
    {"blocked", GV_I32, FREE, false, offsetof(gv_cascade_part, blocked)},
#undef RESULT
    {"seed_ext_id", GV_TEXT, DERIVED, true, 0},
    {"mean", GV_F64, DERIVED, true, 0},
    {"sd", GV_F64, DERIVED, true, 0},
    {"stderr", GV_F64, DERIVED, true, 0},
    {"outward_mean", GV_F64, DERIVED, true, 0},
    {"quantile", GV_I64, DERIVED, true, 0},
    {"quantile_level", GV_F64, DERIVED, true, 0},
    {"value_mean", GV_F64, DERIVED, false, 0},
    {"value_sd", GV_F64, DERIVED, false, 0},
    {"value_stderr", GV_F64, DERIVED, false, 0},
};
enum { N_ARRAYS = sizeof arrays / sizeof *arrays };

static const struct attribute {
    const char *name;
    size_t offset, room; /* of a text; room 0: a number, which is read elsewhere */
    bool needed;
} attributes[] = {
#define TEXT(field, needed)                                                                        \
    {                                                                                              \
#field, offsetof(gv_cascade_part, field), sizeof((gv_cascade_part *)0)->field, needed      \
    }
    TEXT(model, true),
    TEXT(rng, true),
    TEXT(probability, true),
    TEXT(probability_hash, false),
    TEXT(topic, false),
    TEXT(mix, false),
    TEXT(weights, false),
#undef TEXT
    {"first_world", 0, 0, true},
    {"n_sims", 0, 0, true},
    {"max_steps", 0, 0, true},
    {"weight_scale", 0, 0, true},
    {"target_stderr", 0, 0, false},
    {"target_reached", 0, 0, false},
};
enum { N_ATTRIBUTES = sizeof attributes / sizeof *attributes };

typedef struct reader {
    gv_file *f;
    char group[GROUP_CHARS];
    gv_cascade_part *part;
} reader;

/* ---- attributes ------------------------------------------------------------------------------ */

static gv_status know_attribute(void *arg, const char *name, gv_error *err)
{
    const reader *r = arg;
    for (int i = 0; i < N_ATTRIBUTES; i++)
        if (strcmp(attributes[i].name, name) == 0)
            return GV_OK;
    return gv_fail(err, GV_ERR_DATA, "%s: %s/@%s: is not known to this version",
                   gv_h5_path(r->f->h5), r->group, name);
}

static gv_status read_texts(const reader *r, gv_error *err)
{
    gv_h5_value kind;
    gv_status st = GV_OK;
    for (int i = 0; st == GV_OK && i < N_ATTRIBUTES; i++) {
        const struct attribute *a = &attributes[i];
        if (a->room > 0 && (a->needed || gv_h5_has(r->f->h5, r->group, a->name, &kind)))
            st = gv_h5_get_text(r->f->h5, r->group, a->name, (char *)r->part + a->offset, a->room,
                                err);
    }
    return st;
}

static gv_status read_number(const reader *r, const char *name, int64_t lowest, int64_t *value,
                             gv_error *err)
{
    const gv_status st = gv_h5_get_i64(r->f->h5, r->group, name, value, err);
    if (st == GV_OK && *value < lowest)
        return gv_fail(err, GV_ERR_DATA, "%s: %s/@%s: %" PRId64 " is less than %" PRId64,
                       gv_h5_path(r->f->h5), r->group, name, *value, lowest);
    return st;
}

static gv_status read_numbers(const reader *r, gv_error *err)
{
    gv_h5_value kind;
    gv_cascade_result *result = &r->part->result;
    gv_status st = read_number(r, "first_world", 0, &result->first_world, err);
    if (st == GV_OK)
        st = read_number(r, "n_sims", 1, &result->n_worlds, err);
    if (st == GV_OK)
        st = read_number(r, "max_steps", -1, &r->part->max_steps, err);
    if (st == GV_OK)
        st = read_number(r, "weight_scale", 1, &result->weight_scale, err);
    r->part->to_target = gv_h5_has(r->f->h5, r->group, "target_stderr", &kind);
    if (st == GV_OK &&
        (result->n_worlds > INT32_MAX || result->first_world > INT64_MAX - result->n_worlds))
        return gv_fail(err, GV_ERR_DATA, "%s: %s/@n_sims: %" PRId64 " is not in [1, 2^31 - 1]",
                       gv_h5_path(r->f->h5), r->group, result->n_worlds);
    return st;
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static gv_status know_arrays(const reader *r, gv_error *err)
{
    const size_t above = strlen(r->group);
    for (int64_t i = 0; i < r->f->info.n_entries; i++) {
        const char *path = r->f->entry[i].path;
        int k = 0;
        if (strncmp(path, r->group, above) != 0 || path[above] != '/')
            continue;
        while (k < N_ARRAYS && strcmp(arrays[k].name, path + above + 1) != 0)
            k++;
        if (k == N_ARRAYS)
            return gv_fail(err, GV_ERR_DATA, "%s: %s: is not known to this version",
                           gv_h5_path(r->f->h5), path);
    }
    return GV_OK;
}

/* Length of a vector that says how long others are. */
static gv_status length_of(const reader *r, const char *name, int64_t *n, gv_error *err)
{
    char path[PATH_CHARS];
    snprintf(path, sizeof path, "%s/%s", r->group, name);
    const gv_file_entry *e = gv_file_find(r->f, path);
    if (e == NULL || e->rank != 1)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: is not a vector", gv_h5_path(r->f->h5), path);
    *n = e->dims[0];
    return GV_OK;
}

static gv_status read_array(const reader *r, const struct array *a, gv_error *err)
{
    char path[PATH_CHARS];
    gv_cascade_part *part = r->part;
    const int64_t n[] = {part->result.n_seeds, part->result.n_worlds, part->result.curve_length,
                         r->f->info.n_nodes, part->n_blocked};
    const void *data = NULL;
    snprintf(path, sizeof path, "%s/%s", r->group, a->name);
    if (gv_file_find(r->f, path) == NULL)
        return a->needed
                   ? gv_fail(err, GV_ERR_DATA, "%s: %s: is missing", gv_h5_path(r->f->h5), path)
                   : GV_OK;
    if (a->length == DERIVED)
        return GV_OK;
    const gv_h5_shape want = strcmp(a->name, "curve_sumsq") == 0
                                 ? gv_h5_matrix(a->type, n[a->length], 2)
                                 : gv_h5_vector(a->type, n[a->length]);
    const gv_status st = gv_file_array(r->f, path, &want, &data, err);
    memcpy((char *)part + a->offset, &data, sizeof data);
    return st;
}

static gv_status read_arrays(const reader *r, gv_error *err)
{
    char path[PATH_CHARS];
    gv_cascade_part *part = r->part;
    gv_status st = length_of(r, "seeds", &part->result.n_seeds, err);
    if (st == GV_OK)
        st = length_of(r, "curve_sum", &part->result.curve_length, err);
    snprintf(path, sizeof path, "%s/blocked", r->group);
    if (st == GV_OK && gv_file_find(r->f, path) != NULL)
        st = length_of(r, "blocked", &part->n_blocked, err);
    for (int k = 0; st == GV_OK && k < N_ARRAYS; k++)
        st = read_array(r, &arrays[k], err);
    return st;
}

GV_API gv_status gv_file_cascade_part(gv_file *f, int64_t i, gv_cascade_part *part, gv_error *err)
{
    *part = (gv_cascade_part){.n_blocked = 0};
    reader r = {.f = f, .part = part};
    if (!gv_file_child(f, "/cascade", i, part->name, sizeof part->name))
        return gv_fail(err, GV_ERR_RANGE,
                       "%s: group %" PRId64 " of /cascade is not in [0, %" PRId64 ")",
                       gv_h5_path(f->h5), i, f->info.n_cascades);
    snprintf(r.group, sizeof r.group, "/cascade/%s", part->name);
    gv_status st = gv_h5_attributes(f->h5, r.group, know_attribute, &r, err);
    if (st == GV_OK)
        st = know_arrays(&r, err);
    if (st == GV_OK)
        st = read_texts(&r, err);
    if (st == GV_OK)
        st = read_numbers(&r, err);
    return st == GV_OK ? read_arrays(&r, err) : st;
}

/* ---- order of sets --------------------------------------------------------------------------- */

static gv_status order_sets(gv_file *f, const char *name, gv_names *sets, int64_t *order,
                            gv_error *err)
{
    char have[64];
    const size_t above = strlen(name);
    int32_t *by_set, number;
    gv_status st = GV_OK;
    for (int64_t i = 0; st == GV_OK && gv_file_child(f, "/cascade", i, have, sizeof have); i++) {
        if (strncmp(have, name, above) != 0 || have[above] != '_')
            return gv_fail(err, GV_ERR_DATA, "%s: /cascade/%s: is not of a run named %s",
                           gv_h5_path(f->h5), have, name);
        const char *set = have + above + 1;
        st = gv_names_put(sets, (gv_piece){set, (int64_t)strlen(set)}, &number, err);
    }
    if (st != GV_OK)
        return st;
    by_set = gv_alloc(f->ctx, sets->n, sizeof *by_set);
    if (by_set == NULL)
        return gv_no_memory(f->ctx, "order of sets", err);
    st = gv_names_order(sets, by_set, NULL, err);
    for (int64_t i = 0; st == GV_OK && i < sets->n; i++)
        order[i] = by_set[i];
    gv_free(f->ctx, by_set);
    return st;
}

GV_API gv_status gv_file_cascade_order(gv_file *f, const char *name, int64_t *order, gv_error *err)
{
    char have[64];
    gv_names sets;
    if (f->info.n_cascades == 1 && gv_file_child(f, "/cascade", 0, have, sizeof have) &&
        strcmp(have, name) == 0) {
        order[0] = 0;
        return GV_OK;
    }
    gv_names_begin(f->ctx, &sets);
    const gv_status st = order_sets(f, name, &sets, order, err);
    gv_names_end(&sets);
    return st;
}

/* ---- the root -------------------------------------------------------------------------------- */

GV_API gv_status gv_file_provenance(gv_context *ctx, gv_file *f, char **yaml, gv_error *err)
{
    static const char path[] = "/provenance/config_yaml";
    const gv_file_entry *e = gv_file_find(f, path);
    if (e != NULL && (e->rank != 0 || strcmp(e->type, "text") != 0))
        return gv_fail(err, GV_ERR_DATA, "%s: %s: is not a text", gv_h5_path(f->h5), path);
    char *text = gv_alloc_zero(ctx, (e != NULL ? e->bytes : 0) + 1, 1);
    if (text == NULL)
        return gv_no_memory(ctx, path, err);
    const gv_status st = e != NULL ? gv_h5_read(f->h5, path, text, err) : GV_OK;
    if (st == GV_OK)
        *yaml = text;
    else
        gv_free(ctx, text);
    return st;
}

GV_API gv_status gv_file_read_origin(gv_file *f, gv_file_origin *o, gv_error *err)
{
    const struct {
        const char *name;
        char *text;
        size_t room;
    } texts[] = {{"engine_version", o->engine_version, sizeof o->engine_version},
                 {"git_commit", o->git_commit, sizeof o->git_commit},
                 {"rng", o->rng, sizeof o->rng},
                 {"graph_hash", o->graph_hash, sizeof o->graph_hash},
                 {"log_hash", o->log_hash, sizeof o->log_hash}};
    gv_status st = GV_OK;
    for (size_t i = 0; st == GV_OK && i < sizeof texts / sizeof *texts; i++)
        st = gv_h5_get_text(f->h5, "/", texts[i].name, texts[i].text, texts[i].room, err);
    if (st == GV_OK)
        st = gv_h5_get_i64(f->h5, "/", "seed", &o->seed, err);
    if (st == GV_OK)
        st = gv_h5_get_i64(f->h5, "/", "n_nodes", &o->n_nodes, err);
    return st == GV_OK ? gv_h5_get_i64(f->h5, "/", "n_edges", &o->n_edges, err) : st;
}
