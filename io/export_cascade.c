/* export_cascade.c -- what a cascade says of each consumer, world and seed, as text.
 *
 * Consumers who never became active have no row: in most cascades they are nearly all. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "io/info_file.h"

enum { PATH_CHARS = 256 };

typedef struct cascade {
    gv_file_ids ids;
    int64_t n_worlds, first_world;
    const int32_t *count;          /* [n_nodes] */
    const int64_t *steps;          /* [n_nodes] added up, or NULL */
    const int64_t *spread, *value; /* [n_worlds]; value NULL without weights */
    double unit;                   /* of value */
    const int32_t *seed;           /* [n_seeds] */
    const int64_t *marginal;       /* [n_seeds] added up over worlds */
} cascade;

static gv_status array_of(gv_file *f, const char *name, const char *array, gv_type type, int64_t n,
                          const void **data, gv_error *err)
{
    char path[PATH_CHARS];
    snprintf(path, sizeof path, "/cascade/%s/%s", name, array);
    const gv_h5_shape want = gv_h5_vector(type, n);
    return gv_file_array(f, path, &want, data, err);
}

static bool has(const gv_file *f, const char *name, const char *array)
{
    char path[PATH_CHARS];
    snprintf(path, sizeof path, "/cascade/%s/%s", name, array);
    return gv_file_find(f, path) != NULL;
}

static gv_status number_of(gv_file *f, const char *name, const char *attribute, int64_t *value,
                           gv_error *err)
{
    char group[PATH_CHARS];
    snprintf(group, sizeof group, "/cascade/%s", name);
    return gv_h5_get_i64(f->h5, group, attribute, value, err);
}

/* ---- consumers ------------------------------------------------------------------------------- */

static int64_t format_activations(const void *arg, int64_t begin, int64_t end, char *text)
{
    const cascade *c = arg;
    char *to = text, id[GV_ID_CHARS + 1];
    for (int64_t v = begin; v < end; v++) {
        if (c->count[v] <= 0)
            continue;
        to = gv_put_text(to, gv_file_id(&c->ids, (gv_node)v, id), GV_ID_CHARS);
        *to++ = '\t';
        to = gv_put_int(to, c->count[v]);
        *to++ = '\t';
        to = gv_put_f64(to, (double)c->count[v] / (double)c->n_worlds);
        if (c->steps != NULL) {
            *to++ = '\t';
            to = gv_put_f64(to, (double)c->steps[v] / (double)c->count[v]);
        }
        *to++ = '\n';
    }
    return to - text;
}

gv_status gv_export_activations(gv_file *f, const char *name, gv_row_writer *w, gv_error *err)
{
    cascade c = {.n_worlds = 0};
    const int64_t n = f->info.n_nodes;
    const void *count = NULL, *steps = NULL;
    gv_status st = gv_file_read_ids(f, &c.ids, err);
    if (st == GV_OK)
        st = number_of(f, name, "n_sims", &c.n_worlds, err);
    if (st == GV_OK)
        st = array_of(f, name, "activation_count", GV_I32, n, &count, err);
    if (st == GV_OK && has(f, name, "activation_step_sum"))
        st = array_of(f, name, "activation_step_sum", GV_I64, n, &steps, err);
    c.count = count, c.steps = steps;
    if (st == GV_OK)
        st = gv_write_text(
            w, steps != NULL ? "id\tcount\tprobability\tmean_step\n" : "id\tcount\tprobability\n",
            err);
    if (st == GV_OK)
        st =
            gv_write_rows(w, n, GV_ID_CHARS + 3 * GV_NUMBER_CHARS + 4, format_activations, &c, err);
    for (int64_t v = 0; st == GV_OK && v < n; v++)
        w->rows -= c.count[v] <= 0;
    return st;
}

/* ---- worlds ---------------------------------------------------------------------------------- */

static int64_t format_spreads(const void *arg, int64_t begin, int64_t end, char *text)
{
    const cascade *c = arg;
    char *to = text;
    for (int64_t r = begin; r < end; r++) {
        to = gv_put_int(to, c->first_world + r);
        *to++ = '\t';
        to = gv_put_int(to, c->spread[r]);
        if (c->value != NULL) {
            *to++ = '\t';
            to = gv_put_f64(to, (double)c->value[r] * c->unit);
        }
        *to++ = '\n';
    }
    return to - text;
}

gv_status gv_export_spreads(gv_file *f, const char *name, gv_row_writer *w, gv_error *err)
{
    cascade c = {.n_worlds = 0};
    const void *spread = NULL, *value = NULL;
    int64_t scale = 1;
    gv_status st = number_of(f, name, "n_sims", &c.n_worlds, err);
    if (st == GV_OK)
        st = number_of(f, name, "first_world", &c.first_world, err);
    if (st == GV_OK)
        st = array_of(f, name, "spread", GV_I64, c.n_worlds, &spread, err);
    if (st == GV_OK && has(f, name, "value"))
        st = array_of(f, name, "value", GV_I64, c.n_worlds, &value, err);
    if (st == GV_OK && value != NULL)
        st = number_of(f, name, "weight_scale", &scale, err);
    if (st == GV_OK && scale < 1)
        return gv_fail(err, GV_ERR_DATA, "%s: /cascade/%s/@weight_scale: is less than 1",
                       gv_h5_path(f->h5), name);
    c.spread = spread, c.value = value, c.unit = 1.0 / (double)scale;
    if (st == GV_OK)
        st = gv_write_text(w, value != NULL ? "world\tspread\tvalue\n" : "world\tspread\n", err);
    return st == GV_OK
               ? gv_write_rows(w, c.n_worlds, 3 * GV_NUMBER_CHARS + 3, format_spreads, &c, err)
               : st;
}

/* ---- seeds ----------------------------------------------------------------------------------- */

static int64_t format_marginals(const void *arg, int64_t begin, int64_t end, char *text)
{
    const cascade *c = arg;
    char *to = text, id[GV_ID_CHARS + 1];
    for (int64_t i = begin; i < end; i++) {
        to = gv_put_text(to, gv_file_id(&c->ids, c->seed[i], id), GV_ID_CHARS);
        *to++ = '\t';
        to = gv_put_f64(to, (double)c->marginal[i] / (double)c->n_worlds);
        *to++ = '\n';
    }
    return to - text;
}

gv_status gv_export_marginals(gv_file *f, const char *name, gv_row_writer *w, gv_error *err)
{
    cascade c = {.n_worlds = 0};
    char path[PATH_CHARS];
    const void *seed = NULL, *marginal = NULL;
    snprintf(path, sizeof path, "/cascade/%s/seed_marginal_sum", name);
    const gv_file_entry *e = gv_file_find(f, path);
    const int64_t n = e != NULL && e->rank == 1 ? e->dims[0] : 0;
    gv_status st = gv_file_read_ids(f, &c.ids, err);
    if (st == GV_OK)
        st = number_of(f, name, "n_sims", &c.n_worlds, err);
    if (st == GV_OK)
        st = array_of(f, name, "seeds", GV_I32, n, &seed, err);
    if (st == GV_OK)
        st = array_of(f, name, "seed_marginal_sum", GV_I64, n, &marginal, err);
    c.seed = seed, c.marginal = marginal;
    for (int64_t i = 0; st == GV_OK && i < n; i++)
        if (c.seed[i] < 0 || c.seed[i] >= f->info.n_nodes)
            st = gv_fail(err, GV_ERR_DATA, "%s: /cascade/%s/seeds: %d is not in [0, %" PRId64 ")",
                         gv_h5_path(f->h5), name, c.seed[i], f->info.n_nodes);
    if (st == GV_OK)
        st = gv_write_text(w, "id\tmarginal\n", err);
    return st == GV_OK
               ? gv_write_rows(w, n, GV_ID_CHARS + GV_NUMBER_CHARS + 2, format_marginals, &c, err)
               : st;
}
