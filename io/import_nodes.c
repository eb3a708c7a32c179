/* import_nodes.c -- the table of consumers: ids in the first column, numeric attributes in the
 * others.
 *
 * Everyone listed is a consumer. An attribute is stored as int32 if every consumer has an integer
 * in range, else as float with NaN where there is no value. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/import.h"

static gv_status check_name(const gv_table *t, gv_piece name, int32_t c, gv_error *err)
{
    const char *why = name.length == 0   ? "is empty"
                      : name.length > 63 ? "has more than 63 bytes"
                      : memchr(name.text, '/', (size_t)name.length) != NULL ? "contains a slash"
                      : memchr(name.text, 0, (size_t)name.length) != NULL   ? "contains a NUL byte"
                      : name.length == 6 && memcmp(name.text, "ext_id", 6) == 0 ? "is reserved"
                                                                                : NULL;
    if (why == NULL)
        for (int32_t b = 1; b < c; b++) {
            const gv_piece other = gv_table_name(t, b);
            if (other.length == name.length &&
                memcmp(other.text, name.text, (size_t)name.length) == 0)
                why = "is used twice";
        }
    if (why == NULL)
        return GV_OK;
    return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": the name \"%.*s\" of column %d %s",
                   gv_table_file(t), gv_table_first_line(t),
                   (int)(name.length < 64 ? name.length : 64), name.text, c + 1, why);
}

static gv_status make_roles(importer *im, const gv_table *t, gv_error *err)
{
    im->n_attributes = gv_table_width(t) > 0 ? gv_table_width(t) - 1 : 0;
    if (im->n_attributes > GV_MAX_ATTRIBUTES)
        return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": %d attributes, at most %d are allowed",
                       gv_table_file(t), gv_table_first_line(t), im->n_attributes,
                       GV_MAX_ATTRIBUTES);
    im->role = gv_alloc_zero(im->ctx, im->n_attributes + 1, sizeof *im->role);
    im->attribute_name = gv_alloc_zero(im->ctx, im->n_attributes, sizeof *im->attribute_name);
    if (im->role == NULL || im->attribute_name == NULL)
        return gv_no_memory(im->ctx, "import", err);
    im->role[0] = (gv_role){.name = "id",
                            .field = im->o.ids == GV_IDS_AUTO ? GV_FIELD_AUTO : im->ids,
                            .hint = "; ids of text need --id string"};
    for (int32_t a = 0; a < im->n_attributes; a++) {
        const gv_piece name = gv_table_name(t, a + 1);
        const gv_status st = check_name(t, name, a + 1, err);
        if (st != GV_OK)
            return st;
        memcpy(im->attribute_name[a], name.text, (size_t)name.length);
        im->role[a + 1] = (gv_role){.name = im->attribute_name[a],
                                    .field = GV_FIELD_NUMBER,
                                    .min = -INFINITY,
                                    .max = INFINITY,
                                    .missing = true};
    }
    return GV_OK;
}

static gv_status more_rows(importer *im, int64_t n, gv_error *err)
{
    if (im->n_rows + n <= im->row_capacity)
        return GV_OK;
    const int64_t more =
        2 * im->row_capacity > im->n_rows + n ? 2 * im->row_capacity : im->n_rows + n;
    int64_t *id = gv_realloc(im->ctx, im->row_id, more, sizeof *id);
    im->row_id = id != NULL ? id : im->row_id;
    int64_t *line = gv_realloc(im->ctx, im->row_line, more, sizeof *line);
    im->row_line = line != NULL ? line : im->row_line;
    double *value = gv_realloc(im->ctx, im->row_value, more * im->n_attributes, sizeof *value);
    im->row_value = value != NULL ? value : im->row_value;
    if (id == NULL || line == NULL || value == NULL)
        return gv_no_memory(im->ctx, "import", err);
    im->row_capacity = more;
    return GV_OK;
}

static gv_status take_rows(importer *im, const gv_batch *batch, gv_error *err)
{
    gv_status st = more_rows(im, batch->n_rows, err);
    uint64_t *key = gv_alloc(im->ctx, batch->n_rows, sizeof *key);
    if (st == GV_OK && key == NULL)
        st = gv_no_memory(im->ctx, "import", err);
    for (int64_t i = 0; i < batch->n_chunks && st == GV_OK; i++) {
        const gv_chunk *c = batch->chunk[i];
        for (int64_t k = 0; k < c->n_rows && st == GV_OK; k++) {
            const int64_t row = im->n_rows + c->row + k;
            im->row_line[row] = c->line_base + c->line[k];
            for (int32_t a = 0; a < im->n_attributes; a++)
                im->row_value[row * im->n_attributes + a] = c->column[a + 1].f64[k];
            if (im->ids == GV_FIELD_TEXT) {
                st = import_put_name(im, c->column[0].text[k], &im->row_id[row], err);
            } else {
                im->row_id[row] = c->column[0].i64[k];
                key[c->row + k] = gv_id_key(im->row_id[row]);
            }
        }
    }
    im->n_rows += batch->n_rows;
    if (st == GV_OK && im->ids != GV_FIELD_TEXT)
        return gv_id_set_add(&im->set, key, batch->n_rows, err);
    gv_free(im->ctx, key);
    return st;
}

/* The first row names the attributes. A single column of integers has nothing to name. */
static gv_status expect_header(const importer *im, gv_table *t, gv_error *err)
{
    int64_t id;
    if (im->ids == GV_FIELD_TEXT || gv_table_width(t) == 0 ||
        !gv_piece_int(gv_table_name(t, 0), &id)) {
        gv_table_expect_header(t);
        return GV_OK;
    }
    if (gv_table_width(t) == 1)
        return GV_OK;
    return gv_fail(err, GV_ERR_DATA,
                   "%s:%" PRId64 ": the first row must name the columns, but starts with the "
                   "id %" PRId64,
                   gv_table_file(t), gv_table_first_line(t), id);
}

gv_status import_nodes(importer *im, gv_error *err)
{
    gv_table_opts opts = import_table_opts(im);
    opts.lines = true;
    gv_table *t = NULL;
    gv_status st = gv_table_open(im->ctx, im->o.nodes, &opts, &t, err);
    if (st == GV_OK)
        st = expect_header(im, t, err);
    if (st == GV_OK)
        st = make_roles(im, t, err);
    if (st == GV_OK)
        st = gv_table_bind(t, im->role, im->n_attributes + 1, NULL, &im->ids, err);
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        st = take_rows(im, &batch, err);
    }
    if (st == GV_OK)
        im->info.rows_bad += gv_table_describe(t).bad;
    gv_table_close(t);
    return st;
}

/* ---- attributes ------------------------------------------------------------------------------ */

/* The row of each node, or -1. */
static gv_status rows_of_nodes(importer *im, int64_t *row, gv_error *err)
{
    for (int64_t v = 0; v < im->n_nodes; v++)
        row[v] = -1;
    for (int64_t i = 0; i < im->n_rows; i++) {
        const gv_node v = import_node(im, im->row_id[i]);
        char text[GV_ID_CHARS + 1];
        if (row[v] >= 0)
            return gv_fail(
                err, GV_ERR_DATA,
                "%s:%" PRId64 ": consumer \"%s\" is listed twice, first in line %" PRId64,
                im->o.nodes, im->row_line[i], import_id_text(im, v, text), im->row_line[row[v]]);
        row[v] = i;
    }
    return GV_OK;
}

static double value_of(const importer *im, int64_t row, int32_t a)
{
    return row >= 0 ? im->row_value[row * im->n_attributes + a] : NAN;
}

static bool all_integers(const importer *im, const int64_t *row, int32_t a)
{
    for (int64_t v = 0; v < im->n_nodes; v++) {
        const double x = value_of(im, row[v], a);
        if (!(x >= INT32_MIN && x <= INT32_MAX) || x != trunc(x))
            return false;
    }
    return true;
}

static gv_status add_attribute(importer *im, const int64_t *row, int32_t a, gv_graph *g,
                               gv_error *err)
{
    gv_attribute *to = &g->attribute[g->n_attributes++];
    *to = (gv_attribute){.i32 = NULL};
    memcpy(to->name, im->attribute_name[a], sizeof to->name);
    if (all_integers(im, row, a)) {
        int32_t *value = gv_alloc(im->ctx, im->n_nodes, sizeof *value);
        for (int64_t v = 0; value != NULL && v < im->n_nodes; v++)
            value[v] = (int32_t)value_of(im, row[v], a);
        to->i32 = value;
    } else {
        float *value = gv_alloc(im->ctx, im->n_nodes, sizeof *value);
        for (int64_t v = 0; value != NULL && v < im->n_nodes; v++)
            value[v] = (float)value_of(im, row[v], a);
        to->f32 = value;
    }
    return to->i32 != NULL || to->f32 != NULL ? GV_OK : gv_no_memory(im->ctx, "import", err);
}

gv_status import_attributes(importer *im, gv_graph *g, gv_error *err)
{
    if (im->o.nodes == NULL)
        return GV_OK;
    int64_t *row = gv_alloc(im->ctx, im->n_nodes, sizeof *row);
    gv_status st = row == NULL ? gv_no_memory(im->ctx, "import", err) : rows_of_nodes(im, row, err);
    for (int32_t a = 0; a < im->n_attributes && st == GV_OK; a++)
        st = add_attribute(im, row, a, g, err);
    gv_free(im->ctx, row);
    return st;
}
