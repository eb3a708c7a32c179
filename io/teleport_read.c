/* teleport_read.c -- teleport vectors as text: rows of column name, id and weight, in any order.
 *
 * Columns stand in the order of their names (by number if all names are integers), the entries of a
 * column in the order of (node, weight), so the order of the rows does not matter. */
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/sort.h"
#include "grapevine/io.h"
#include "io/lookup.h"
#include "io/names.h"
#include "io/table.h"

enum { COLUMN, ID, WEIGHT, N_ROLES };

typedef struct entry {
    int32_t column; /* number in the names, later the column */
    gv_node node;
    double weight;
} entry;

typedef struct teleport_reader {
    gv_context *ctx;
    gv_lookup lookup;
    gv_names names;
    entry *entry; /* [n] */
    int64_t n;
} teleport_reader;

static gv_status take_batch(teleport_reader *r, const gv_table *t, const gv_batch *batch,
                            gv_error *err)
{
    entry *list = gv_realloc(r->ctx, r->entry, r->n + batch->n_rows, sizeof *list);
    if (list == NULL)
        return gv_no_memory(r->ctx, "teleport", err);
    r->entry = list;
    for (int64_t i = 0; i < batch->n_chunks; i++) {
        const gv_chunk *c = batch->chunk[i];
        for (int64_t k = 0; k < c->n_rows; k++) {
            entry *e = &list[r->n++];
            e->node = gv_lookup_find(&r->lookup, c->column[ID], k);
            e->weight = gv_table_has(t, WEIGHT) ? c->column[WEIGHT].f64[k] + 0.0 : 1.0;
            if (e->node < 0)
                return gv_lookup_fail(&r->lookup, t, c, ID, k, err);
            const gv_status st =
                gv_names_put(&r->names, c->column[COLUMN].text[k], &e->column, err);
            if (st != GV_OK)
                return st;
        }
    }
    return GV_OK;
}

static gv_status read_rows(teleport_reader *r, const char *path, gv_error *err)
{
    const gv_role role[N_ROLES] = {
        [COLUMN] = {.name = "column", .field = GV_FIELD_TEXT},
        [ID] = {.name = "id",
                .field = gv_lookup_field(&r->lookup),
                .hint = "; the graph has integer ids"},
        [WEIGHT] = {.name = "weight", .field = GV_FIELD_NUMBER, .max = INFINITY, .optional = true},
    };
    const gv_table_opts opts = {.lines = true};
    gv_table *t = NULL;
    gv_status st = gv_table_open(r->ctx, path, &opts, &t, err);
    if (st == GV_OK)
        st = gv_table_bind(t, role, N_ROLES, gv_table_width(t) > 2 ? "1,2,3" : NULL, NULL, err);
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        st = take_batch(r, t, &batch, err);
    }
    if (st == GV_OK && r->n == 0)
        st = gv_fail(err, GV_ERR_DATA, "%s: no rows", gv_table_file(t));
    gv_table_close(t);
    return st;
}

/* Stable sorts from the last key to the first: weight, node, column. */
static gv_status sort_entries(const teleport_reader *r, const int32_t *rank, gv_record *record,
                              gv_error *err)
{
    gv_status st = GV_OK;
    for (int64_t i = 0; i < r->n; i++)
        record[i] = (gv_record){gv_descending_f64(r->entry[i].weight), (uint64_t)i};
    st = gv_sort_records(r->ctx, record, r->n, err);
    for (int64_t i = 0; i < r->n && st == GV_OK; i++) {
        const entry *e = &r->entry[record[i].value];
        record[i].key = (uint64_t)rank[e->column] << 32 | (uint64_t)e->node;
    }
    return st == GV_OK ? gv_sort_records(r->ctx, record, r->n, err) : st;
}

static gv_status allocate(const teleport_reader *r, gv_teleport_table *out, gv_error *err)
{
    out->n_columns = r->names.n;
    out->offset = gv_alloc_zero(r->ctx, out->n_columns + 1, sizeof *out->offset);
    out->node = gv_alloc(r->ctx, r->n, sizeof *out->node);
    out->weight = gv_alloc(r->ctx, r->n, sizeof *out->weight);
    out->name = gv_alloc_zero(r->ctx, out->n_columns, GV_COLUMN_CHARS);
    return out->offset == NULL || out->node == NULL || out->weight == NULL || out->name == NULL
               ? gv_no_memory(r->ctx, "teleport", err)
               : GV_OK;
}

static gv_status build(const teleport_reader *r, gv_teleport_table *out, gv_error *err)
{
    gv_context *ctx = r->ctx;
    gv_record *record = gv_alloc(ctx, r->n, sizeof *record);
    int32_t *order = gv_alloc(ctx, r->names.n, sizeof *order);
    int32_t *rank = gv_alloc(ctx, r->names.n, sizeof *rank);
    gv_status st = record == NULL || order == NULL || rank == NULL
                       ? gv_no_memory(ctx, "teleport", err)
                       : gv_names_order(&r->names, order, rank, err);
    if (st == GV_OK)
        st = sort_entries(r, rank, record, err);
    if (st == GV_OK)
        st = allocate(r, out, err);
    for (int64_t i = 0; i < r->n && st == GV_OK; i++) {
        const entry *e = &r->entry[record[i].value];
        out->node[i] = e->node;
        out->weight[i] = e->weight;
        out->offset[rank[e->column] + 1] = i + 1;
    }
    for (int64_t c = 0; c < r->names.n && st == GV_OK; c++) {
        const gv_piece s = gv_names_get(&r->names, order[c]);
        memcpy(out->name + c * GV_COLUMN_CHARS, s.text, (size_t)s.length);
    }
    gv_free(ctx, rank);
    gv_free(ctx, order);
    gv_free(ctx, record);
    return st;
}

/* A column must say where to start: weights that sum to 0 say nothing. */
static gv_status check_sums(const char *path, const gv_teleport_table *t, gv_error *err)
{
    for (int64_t c = 0; c < t->n_columns; c++) {
        double sum = 0.0;
        for (int64_t i = t->offset[c]; i < t->offset[c + 1]; i++)
            sum += t->weight[i];
        if (!(sum > 0.0) || isinf(sum))
            return gv_fail(err, GV_ERR_DATA,
                           "%s: the weights of column '%.*s' sum to %g; not positive and finite",
                           path, GV_COLUMN_CHARS, t->name + c * GV_COLUMN_CHARS, sum);
    }
    return GV_OK;
}

GV_API gv_status gv_teleport_read(gv_context *ctx, const gv_graph *g, const char *path,
                                  gv_teleport_table *out, gv_error *err)
{
    teleport_reader r = {.ctx = ctx};
    gv_teleport_table table = {0};
    gv_names_begin(ctx, &r.names);
    gv_status st = gv_lookup_begin(ctx, g, &r.lookup, err);
    if (st == GV_OK)
        st = read_rows(&r, path, err);
    if (st == GV_OK)
        st = build(&r, &table, err);
    if (st == GV_OK)
        st = check_sums(path, &table, err);
    gv_lookup_end(&r.lookup);
    gv_names_end(&r.names);
    gv_free(ctx, r.entry);
    if (st != GV_OK)
        gv_teleport_free(ctx, &table);
    else
        *out = table;
    return st;
}

GV_API void gv_teleport_free(gv_context *ctx, gv_teleport_table *table)
{
    gv_free(ctx, table->offset);
    gv_free(ctx, table->node);
    gv_free(ctx, table->weight);
    gv_free(ctx, table->name);
    *table = (gv_teleport_table){0};
}
