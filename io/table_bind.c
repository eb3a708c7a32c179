/* table_bind.c -- which column of a text table has which role, and whether the first row is a
 * header.
 *
 * The first row is a header when the caller says so, when `columns` gives a name, when a field that
 * must be a number is not one, or when its ids are not integers and those of the second row are.
 * The second row is looked for in the first block only. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/table_inside.h"

/* ---- the list of columns --------------------------------------------------------------------- */

static gv_piece trimmed(gv_piece s)
{
    while (s.length > 0 && *s.text == ' ')
        s.text++, s.length--;
    while (s.length > 0 && s.text[s.length - 1] == ' ')
        s.length--;
    return s;
}

/* The next entry of a comma-separated list; *list moves behind it. */
static gv_piece next_entry(const char **list)
{
    const size_t length = strcspn(*list, ",");
    const gv_piece s = {*list, (int64_t)length};
    *list += length + ((*list)[length] == ',');
    return trimmed(s);
}

static bool all_digits(gv_piece s)
{
    for (int64_t i = 0; i < s.length; i++)
        if ((unsigned)(s.text[i] - '0') >= 10)
            return false;
    return s.length > 0;
}

static int32_t find_name(const gv_table *t, gv_piece name)
{
    for (int32_t c = 0; c < t->width; c++)
        if (t->name[c].length == name.length &&
            memcmp(t->name[c].text, name.text, (size_t)name.length) == 0)
            return c;
    return -1;
}

static gv_status unknown_name(const gv_table *t, gv_piece name, gv_error *err)
{
    char list[256] = "", text[512];
    size_t used = 0;
    for (int32_t c = 0; c < t->width && used + 2 < sizeof list; c++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%.*s", c > 0 ? ", " : "",
                                 (int)(t->name[c].length < 64 ? t->name[c].length : 64),
                                 t->name[c].text);
    snprintf(text, sizeof text, "no column \"%.*s\"; the first row has: %s",
             (int)(name.length < 64 ? name.length : 64), name.text, list);
    return table_fail_at(t, t->first_line, text, err);
}

/* Column of one entry; sets *named if it is a name. */
static gv_status find_column(const gv_table *t, gv_piece entry, int32_t *column, bool *named,
                             gv_error *err)
{
    int64_t number = 0;
    if (entry.length == 0)
        return gv_fail(err, GV_ERR_ARG, "columns: an entry is empty");
    if (!all_digits(entry)) {
        *named = true;
        *column = find_name(t, entry);
        return *column >= 0 || t->width == 0 ? GV_OK : unknown_name(t, entry, err);
    }
    if (!gv_piece_int(entry, &number) || number < 1 || number > INT32_MAX)
        return gv_fail(err, GV_ERR_ARG, "columns: \"%.*s\" is not a column number from 1 on",
                       (int)(entry.length < 64 ? entry.length : 64), entry.text);
    *column = (int32_t)(number - 1);
    return GV_OK;
}

static gv_status read_columns(gv_table *t, const char *columns, bool *named, gv_error *err)
{
    int32_t required = 0, n = 0;
    for (int32_t r = 0; r < t->n_roles; r++) {
        required += !t->role[r].optional;
        t->column_of[r] = columns == NULL && !t->role[r].optional ? r : -1;
    }
    if (columns == NULL)
        return GV_OK;
    for (const char *list = columns; n == 0 || *list != '\0'; n++) {
        const gv_piece entry = next_entry(&list);
        if (n == t->n_roles)
            return gv_fail(err, GV_ERR_ARG, "columns: \"%s\" names more than %d", columns,
                           t->n_roles);
        const gv_status st = find_column(t, entry, &t->column_of[n], named, err);
        if (st != GV_OK)
            return st;
    }
    if (n < required)
        return gv_fail(err, GV_ERR_ARG, "columns: \"%s\" names %d of the %d that are needed",
                       columns, n, required);
    return GV_OK;
}

static int compare_steps(const void *a, const void *b)
{
    const plan_step *x = a, *y = b;
    return x->column != y->column ? (x->column > y->column) - (x->column < y->column)
                                  : (x->role > y->role) - (x->role < y->role);
}

static void make_plan(gv_table *t)
{
    for (int32_t r = 0; r < t->n_roles; r++)
        if (t->column_of[r] >= 0)
            t->plan[t->n_plan++] = (plan_step){t->column_of[r], r};
    qsort(t->plan, (size_t)t->n_plan, sizeof *t->plan, compare_steps);
    t->needed = t->n_plan > 0 ? t->plan[t->n_plan - 1].column + 1 : 0;
}

/* ---- header and ids -------------------------------------------------------------------------- */

/* The field of a row, counted from 0; false if the row has too few. */
static bool nth_field(const gv_table *t, const char *row, int32_t column, gv_piece *s)
{
    const char *p = t->separator == ' ' ? table_skip_blanks(t, row) : row;
    for (int32_t c = 0;; c++) {
        *s = table_field(t, &p);
        if (c == column)
            return true;
        if (!table_next_field(t, &p))
            return false;
    }
}

/* Whether all ids of the row are integers. */
static bool integer_ids(const gv_table *t, const char *row)
{
    int64_t value;
    gv_piece s;
    for (int32_t k = 0; k < t->n_plan; k++)
        if (t->role[t->plan[k].role].field == GV_FIELD_AUTO &&
            (!nth_field(t, row, t->plan[k].column, &s) || !gv_piece_int(s, &value)))
            return false;
    return true;
}

/* Whether a field that must be a number is none. */
static bool names_for_numbers(const gv_table *t, const char *row)
{
    int64_t time;
    gv_piece s;
    for (int32_t k = 0; k < t->n_plan; k++) {
        const gv_role *role = &t->role[t->plan[k].role];
        if (role->field == GV_FIELD_AUTO || role->field == GV_FIELD_TEXT ||
            !nth_field(t, row, t->plan[k].column, &s) || s.length == 0)
            continue;
        if (!gv_piece_numeric(s) && !(role->field == GV_FIELD_TIME && gv_piece_time(s, &time)))
            return true;
    }
    return false;
}

static bool has_auto(const gv_table *t)
{
    for (int32_t k = 0; k < t->n_plan; k++)
        if (t->role[t->plan[k].role].field == GV_FIELD_AUTO)
            return true;
    return false;
}

static void decide_ids(gv_table *t, const char *row, gv_field *ids)
{
    if (ids != NULL && *ids == GV_FIELD_AUTO && row != NULL && has_auto(t))
        *ids = integer_ids(t, row) ? GV_FIELD_INT : GV_FIELD_TEXT;
    for (int32_t r = 0; r < t->n_roles; r++) {
        t->field[r] = t->role[r].field;
        if (t->field[r] == GV_FIELD_AUTO)
            t->field[r] = ids != NULL && *ids != GV_FIELD_AUTO ? *ids : GV_FIELD_TEXT;
    }
}

/* Passes over a header and decides what the ids are. */
static void read_header(gv_table *t, bool named, gv_field *ids)
{
    const char *end = t->now.data + t->now.end, *row = t->now.data + t->now.begin;
    if (row == end) {
        decide_ids(t, NULL, ids);
        return;
    }
    int64_t lines = 1;
    const char *second = (const char *)memchr(row, '\n', (size_t)(end - row)) + 1;
    second = table_find_row(t, second, end, &lines);
    const bool header =
        named || t->opts.header || names_for_numbers(t, row) ||
        (has_auto(t) && second < end && !integer_ids(t, row) && integer_ids(t, second));
    if (header) {
        t->line += lines;
        t->now.begin = second - t->now.data;
    }
    decide_ids(t, !header ? row : second < end ? second : NULL, ids);
}

gv_status gv_table_bind(gv_table *t, const gv_role *roles, int32_t n_roles, const char *columns,
                        gv_field *ids, gv_error *err)
{
    bool named = false;
    t->role = roles;
    t->n_roles = n_roles;
    t->field = gv_alloc_zero(t->ctx, n_roles, sizeof *t->field);
    t->column_of = gv_alloc_zero(t->ctx, n_roles, sizeof *t->column_of);
    t->plan = gv_alloc_zero(t->ctx, n_roles, sizeof *t->plan);
    if (t->field == NULL || t->column_of == NULL || t->plan == NULL)
        return gv_no_memory(t->ctx, gv_table_file(t), err);
    const gv_status st = read_columns(t, columns, &named, err);
    if (st != GV_OK)
        return st;
    make_plan(t);
    read_header(t, named, ids);
    t->plain = table_is_plain(t);
    t->marked = !t->plain && table_has_marks(t);
    return GV_OK;
}

bool gv_table_has(const gv_table *t, int32_t role)
{
    return t->column_of[role] >= 0;
}
