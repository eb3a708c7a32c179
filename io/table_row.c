/* table_row.c -- one row of a text table: from a line to one value in each column.
 *
 * The hot path reads integers in place and writes no messages; a row that fails is read a second
 * time, by the same code, for the message. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/log.h"
#include "io/table_inside.h"

enum { SHOWN_CHARS = 80 };

gv_piece table_field(const gv_table *t, const char **p)
{
    const char *begin = *p, *end;
    while (*begin == ' ')
        begin++;
    for (end = begin; !table_ends_field(t, *end); end++)
        ;
    *p = end;
    while (end > begin && (end[-1] == ' ' || end[-1] == '\r'))
        end--;
    return (gv_piece){begin, end - begin};
}

bool table_next_field(const gv_table *t, const char **p)
{
    if (t->separator != ' ') {
        if (**p == '\n')
            return false;
        (*p)++;
        return true;
    }
    *p = table_skip_blanks(t, *p);
    return **p != '\n';
}

int32_t table_count_fields(const gv_table *t, const char *line)
{
    const char *p = table_skip_blanks(t, line);
    int32_t n = 0;
    do {
        table_field(t, &p);
        n++;
    } while (table_next_field(t, &p));
    return n;
}

const char *table_find_row(const gv_table *t, const char *p, const char *end, int64_t *lines)
{
    while (p < end) {
        const char *q = table_skip_blanks(t, p);
        if (*q != '#' && *q != '\n')
            break;
        p = (const char *)memchr(q, '\n', (size_t)(end - q)) + 1;
        ++*lines;
    }
    return p;
}

/* The field as text for a message: not too long, no control characters. */
static const char *shown(gv_piece s, char *text)
{
    int64_t n = s.length < SHOWN_CHARS ? s.length : SHOWN_CHARS;
    for (int64_t i = 0; i < n; i++)
        text[i] = (unsigned char)s.text[i] < 32 || s.text[i] == 127 ? '?' : s.text[i];
    for (int dot = 0; dot < 3 && s.length > SHOWN_CHARS; dot++)
        text[n++] = '.';
    text[n] = '\0';
    return text;
}

static gv_status bad_number(const gv_role *role, gv_piece s, double value, gv_error *err)
{
    char text[SHOWN_CHARS + 4];
    shown(s, text);
    if (isnan(value))
        return gv_fail(err, GV_ERR_DATA, "%s \"%s\" is not a finite number", role->name, text);
    if (isinf(role->max))
        return gv_fail(err, GV_ERR_DATA, "%s %s is below %g", role->name, text, role->min);
    return gv_fail(err, GV_ERR_DATA, "%s %s is not in [%g, %g]", role->name, text, role->min,
                   role->max);
}

static gv_status read_number(const gv_table *t, const gv_role *role, gv_piece s, double *value,
                             gv_error *err)
{
    if (s.length == 0 && role->missing) {
        *value = NAN;
        return GV_OK;
    }
    if (!gv_piece_double(s, t->locale, value))
        return bad_number(role, s, NAN, err);
    if (*value < role->min || *value > role->max)
        return bad_number(role, s, *value, err);
    return GV_OK;
}

static gv_status read_text(const gv_role *role, gv_piece s, gv_piece *value, gv_error *err)
{
    if (s.length < 1 || s.length > GV_TEXT_CHARS)
        return gv_fail(err, GV_ERR_DATA, "%s has %" PRId64 " bytes, not 1 to %d", role->name,
                       s.length, GV_TEXT_CHARS);
    if (memchr(s.text, 0, (size_t)s.length) != NULL)
        return gv_fail(err, GV_ERR_DATA, "%s contains a NUL byte", role->name);
    *value = s;
    return GV_OK;
}

static gv_status read_time(const gv_role *role, gv_piece s, int64_t *value, gv_error *err)
{
    char text[SHOWN_CHARS + 4];
    if (gv_piece_time(s, value)) {
        if (*value >= -GV_TIME_LIMIT && *value <= GV_TIME_LIMIT)
            return GV_OK;
        return gv_fail(err, GV_ERR_DATA, "%s %s is not in [-1e15, 1e15] seconds", role->name,
                       shown(s, text));
    }
    return gv_fail(err, GV_ERR_DATA, "%s \"%s\" is not unix seconds, a date or a date and time",
                   role->name, shown(s, text));
}

static gv_status bad_int(const gv_table *t, const gv_role *role, const char *p, gv_error *err)
{
    char text[SHOWN_CHARS + 4];
    const gv_piece s = table_field(t, &p);
    const bool digits = gv_piece_numeric(s) && strcspn(shown(s, text), ".eEnNiI") == strlen(text);
    return gv_fail(err, GV_ERR_DATA, "%s \"%s\" is not %s%s", role->name, shown(s, text),
                   digits ? "in [-9223372036854775808, 9223372036854775807]" : "an integer",
                   role->hint != NULL ? role->hint : "");
}

/* An integer read in place: most fields of most files. */
static gv_status read_int(const gv_table *t, const gv_role *role, const char **p, int64_t *value,
                          gv_error *err)
{
    const char *q = *p;
    while (*q == ' ')
        q++;
    q = gv_scan_int(q, value);
    if (q != NULL && t->separator != ' ')
        while (*q == ' ' || *q == '\r')
            q++;
    if (q == NULL || !table_ends_field(t, *q))
        return bad_int(t, role, *p, err);
    *p = q;
    return GV_OK;
}

static gv_status read_value(const gv_table *t, int32_t r, const char **p, gv_column column,
                            int64_t i, gv_error *err)
{
    const gv_role *role = &t->role[r];
    if (t->field[r] == GV_FIELD_INT)
        return read_int(t, role, p, &column.i64[i], err);
    const gv_piece s = table_field(t, p);
    if (t->field[r] == GV_FIELD_NUMBER)
        return read_number(t, role, s, &column.f64[i], err);
    if (t->field[r] == GV_FIELD_TIME)
        return read_time(role, s, &column.i64[i], err);
    return read_text(role, s, &column.text[i], err);
}

static gv_status too_few(const gv_table *t, const char *line, gv_error *err)
{
    if (err == NULL)
        return GV_ERR_DATA;
    const int32_t have = table_count_fields(t, line);
    return gv_fail(err, GV_ERR_DATA, "%d column%s, expected at least %d", have,
                   have == 1 ? "" : "s", t->needed);
}

gv_status table_row(const gv_table *t, const char **p, const gv_column *column, int64_t i,
                    gv_error *err)
{
    const char *line = *p;
    int32_t at = 0;
    if (t->separator == ' ')
        *p = table_skip_blanks(t, *p);
    const char *field = *p;
    for (int32_t k = 0; k < t->n_plan; k++) {
        const plan_step step = t->plan[k];
        for (; at < step.column; at++) {
            while (!table_ends_field(t, **p))
                (*p)++;
            if (!table_next_field(t, p))
                return too_few(t, line, err);
            field = *p;
        }
        *p = field; /* two roles may share a column */
        const gv_status st = read_value(t, step.role, p, column[step.role], i, err);
        if (st != GV_OK)
            return table_count_fields(t, line) < t->needed ? too_few(t, line, err) : st;
    }
    return GV_OK;
}
