/* seeds_read.c -- seed sets as text: ids, with the columns "set" and "probability" where a header
 * names them.
 *
 * Sets stand in the order of their names (by number if all names are integers), seeds of a set in
 * the order of the rows. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/sort.h"
#include "grapevine/io.h"
#include "io/lookup.h"
#include "io/names.h"
#include "io/table.h"

enum { MOST_ROLES = 3 };

typedef struct seed_row {
    gv_node node;
    int32_t set; /* number in the names */
    double acceptance;
} seed_row;

typedef struct seeds_reader {
    gv_context *ctx;
    gv_lookup lookup;
    gv_names names;
    int probability, set; /* their roles, 0 where there is no such column */
    seed_row *row;        /* [n] */
    int64_t n;
} seeds_reader;

static bool is_named(gv_piece have, const char *name)
{
    return (size_t)have.length == strlen(name) && memcmp(have.text, name, strlen(name)) == 0;
}

/* Column of that name behind the first, from 1, or 0. */
static int32_t column_named(const gv_table *t, const char *name)
{
    for (int32_t c = 1; c < gv_table_width(t); c++)
        if (is_named(gv_table_name(t, c), name))
            return c + 1;
    return 0;
}

static gv_status bind(seeds_reader *r, gv_table *t, gv_role *role, gv_error *err)
{
    char columns[64];
    int n = 1, length = snprintf(columns, sizeof columns, "1");
    const int32_t probability = column_named(t, "probability"), set = column_named(t, "set");
    role[0] = (gv_role){
        .name = "id", .field = gv_lookup_field(&r->lookup), .hint = "; the graph has integer ids"};
    if (probability > 0) {
        role[n] = (gv_role){.name = "probability", .field = GV_FIELD_NUMBER, .max = 1.0};
        length += snprintf(columns + length, sizeof columns - (size_t)length, ",%d", probability);
        r->probability = n++;
    }
    if (set > 0) {
        role[n] = (gv_role){.name = "set", .field = GV_FIELD_TEXT};
        snprintf(columns + length, sizeof columns - (size_t)length, ",%d", set);
        r->set = n++;
    }
    /* integers tell a header from an id by themselves */
    if (n > 1 || (gv_table_width(t) > 1 && role[0].field == GV_FIELD_TEXT))
        gv_table_expect_header(t);
    return gv_table_bind(t, role, n, n > 1 ? columns : NULL, NULL, err);
}

static gv_status take_batch(seeds_reader *r, const gv_table *t, const gv_batch *batch,
                            gv_error *err)
{
    seed_row *row = gv_realloc(r->ctx, r->row, r->n + batch->n_rows, sizeof *row);
    if (row == NULL)
        return gv_no_memory(r->ctx, "seeds", err);
    r->row = row;
    for (int64_t i = 0; i < batch->n_chunks; i++) {
        const gv_chunk *c = batch->chunk[i];
        for (int64_t k = 0; k < c->n_rows; k++) {
            seed_row *s = &row[r->n++];
            *s = (seed_row){.node = gv_lookup_find(&r->lookup, c->column[0], k), .acceptance = 1.0};
            if (s->node < 0)
                return gv_lookup_fail(&r->lookup, t, c, 0, k, err);
            if (r->probability > 0)
                s->acceptance = c->column[r->probability].f64[k];
            const gv_status st =
                r->set == 0 ? GV_OK
                            : gv_names_put(&r->names, c->column[r->set].text[k], &s->set, err);
            if (st != GV_OK)
                return st;
        }
    }
    return GV_OK;
}

static gv_status read_rows(seeds_reader *r, const char *path, gv_error *err)
{
    gv_role role[MOST_ROLES];
    const gv_table_opts opts = {.lines = true};
    gv_table *t = NULL;
    gv_status st = gv_table_open(r->ctx, path, &opts, &t, err);
    if (st == GV_OK)
        st = bind(r, t, role, err);
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        st = take_batch(r, t, &batch, err);
    }
    if (st == GV_OK && r->n == 0 && r->set > 0)
        st = gv_fail(err, GV_ERR_DATA, "%s: no rows", gv_table_file(t));
    gv_table_close(t);
    return st;
}

static gv_status allocate(const seeds_reader *r, gv_seed_table *out, gv_error *err)
{
    out->n_sets = r->set > 0 ? r->names.n : 1;
    out->offset = gv_alloc_zero(r->ctx, out->n_sets + 1, sizeof *out->offset);
    out->node = gv_alloc(r->ctx, r->n, sizeof *out->node);
    if (r->probability > 0)
        out->acceptance = gv_alloc(r->ctx, r->n, sizeof *out->acceptance);
    if (r->set > 0)
        out->name = gv_alloc_zero(r->ctx, out->n_sets, GV_SET_CHARS + 1);
    const bool short_of = out->offset == NULL || out->node == NULL ||
                          (r->probability > 0 && out->acceptance == NULL) ||
                          (r->set > 0 && out->name == NULL);
    return short_of ? gv_no_memory(r->ctx, "seeds", err) : GV_OK;
}

/* Seeds by set: a counting sort that keeps the order of rows. */
static gv_status build(const seeds_reader *r, gv_seed_table *out, gv_error *err)
{
    gv_context *ctx = r->ctx;
    int32_t *order = gv_alloc(ctx, r->names.n + 1, sizeof *order);
    int32_t *rank = gv_alloc_zero(ctx, r->names.n + 1, sizeof *rank);
    gv_status st =
        order == NULL || rank == NULL ? gv_no_memory(ctx, "seeds", err) : allocate(r, out, err);
    if (st == GV_OK && r->set > 0)
        st = gv_names_order(&r->names, order, rank, err);
    if (st != GV_OK)
        goto done;
    for (int64_t i = 0; i < r->n; i++)
        out->offset[rank[r->row[i].set] + 1]++;
    for (int64_t s = 0; s < out->n_sets; s++)
        out->offset[s + 1] += out->offset[s];
    for (int64_t i = 0; i < r->n; i++) {
        const int64_t at = out->offset[rank[r->row[i].set]]++;
        out->node[at] = r->row[i].node;
        if (out->acceptance != NULL)
            out->acceptance[at] = r->row[i].acceptance;
    }
    for (int64_t s = out->n_sets; s > 0; s--)
        out->offset[s] = out->offset[s - 1];
    out->offset[0] = 0;
    for (int64_t s = 0; out->name != NULL && s < out->n_sets; s++) {
        const gv_piece text = gv_names_get(&r->names, order[s]);
        memcpy(out->name + s * (GV_SET_CHARS + 1), text.text, (size_t)text.length);
    }
done:
    gv_free(ctx, rank);
    gv_free(ctx, order);
    return st;
}

GV_API gv_status gv_seeds_of(gv_context *ctx, gv_node *node, int64_t n, gv_seed_table *out,
                             gv_error *err)
{
    int64_t *offset = gv_alloc_zero(ctx, 2, sizeof *offset);
    if (offset == NULL) {
        gv_free(ctx, node);
        return gv_no_memory(ctx, "seeds", err);
    }
    offset[1] = n;
    *out = (gv_seed_table){.n_sets = 1, .offset = offset, .node = node};
    return GV_OK;
}

GV_API gv_status gv_seeds_read(gv_context *ctx, const gv_graph *g, const char *spec,
                               gv_seed_table *out, gv_error *err)
{
    seeds_reader r = {.ctx = ctx};
    gv_seed_table table = {0};
    gv_status st;
    if (strcmp(spec, "-") != 0 && access(spec, F_OK) != 0) {
        gv_node *node = NULL;
        int64_t n = 0;
        st = gv_nodes_read(ctx, g, spec, &node, &n, err);
        return st == GV_OK ? gv_seeds_of(ctx, node, n, out, err) : st;
    }
    gv_names_begin(ctx, &r.names);
    st = gv_lookup_begin(ctx, g, &r.lookup, err);
    if (st == GV_OK)
        st = read_rows(&r, spec, err);
    if (st == GV_OK)
        st = build(&r, &table, err);
    gv_lookup_end(&r.lookup);
    gv_names_end(&r.names);
    gv_free(ctx, r.row);
    if (st != GV_OK)
        gv_seeds_free(ctx, &table);
    else
        *out = table;
    return st;
}

GV_API void gv_seeds_free(gv_context *ctx, gv_seed_table *table)
{
    gv_free(ctx, table->offset);
    gv_free(ctx, table->node);
    gv_free(ctx, table->acceptance);
    gv_free(ctx, table->name);
    *table = (gv_seed_table){0};
}
