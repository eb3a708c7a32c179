/* table_marks.c -- rows of several kinds of fields, fast: logs of purchases above all.
 *
 * Separators and line ends are found 64 characters at a time, one bit each; a field is what lies
 * between two of them. Numbers are joined as in table_plain.c. Any row that is not as rows usually
 * are (blanks around a field, a comment, a NUL, a value that is bad or out of range, too few
 * columns) is left to table_row(), so both give the same values. */
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "engine/log.h"
#include "io/table_inside.h"

bool table_has_marks(const gv_table *t)
{
    return t->separator != ' ' && t->n_plan > 0;
}

#if defined(__SSE2__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

enum { WINDOW = 64, QUARTER = 16, DIGITS = 8 };

/* Places in [base, base + WINDOW) that are still to be looked at. */
typedef struct marks {
    const char *base;
    uint64_t left;
    char separator;
} marks;

/* Bits of the separator and of all characters up to a newline: a NUL or a tab that is none are
 * found, too, and stop the fast way. */
static inline uint64_t find_marks(const char *p, char separator)
{
    const __m128i newline = _mm_set1_epi8('\n'), other = _mm_set1_epi8(separator);
    uint64_t found = 0;
    for (int i = 0; i < WINDOW / QUARTER; i++) {
        const __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(p + QUARTER * i));
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(text, newline), text);
        const __m128i mark = _mm_or_si128(low, _mm_cmpeq_epi8(text, other));
        found |= (uint64_t)(uint32_t)_mm_movemask_epi8(mark) << QUARTER * i;
    }
    return found;
}

static inline const char *next_mark(marks *m)
{
    while (m->left == 0) {
        m->base += WINDOW;
        m->left = find_marks(m->base, m->separator);
    }
    const char *p = m->base + __builtin_ctzll(m->left);
    m->left &= m->left - 1;
    return p;
}

/* n digits at `p`, 1 to 8; reads 8 bytes. */
static inline bool some_digits(const char *p, int64_t n, int64_t *value)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    word = (word ^ UINT64_C(0x3030303030303030)) << 8 * (DIGITS - n);
    *value = table_join_digits(word);
    return (((word + UINT64_C(0x7676767676767676)) | word) & UINT64_C(0x8080808080808080)) == 0;
}

/* An integer of up to 16 digits that is all of the field. */
static inline bool whole_int(gv_piece s, int64_t *value)
{
    static const int64_t power[DIGITS + 1] = {1,      10,      100,      1000,     10000,
                                              100000, 1000000, 10000000, 100000000};
    int64_t more;
    const bool negative = s.length > 0 && *s.text == '-';
    s.text += negative, s.length -= negative;
    if (s.length < 1 || s.length > 2 * DIGITS)
        return false;
    if (!some_digits(s.text, s.length < DIGITS ? s.length : DIGITS, value))
        return false;
    if (s.length > DIGITS) {
        if (!some_digits(s.text + DIGITS, s.length - DIGITS, &more))
            return false;
        *value = *value * power[s.length - DIGITS] + more;
    }
    *value = negative ? -*value : *value;
    return true;
}

static inline bool whole_time(gv_piece s, int64_t *value)
{
    if (!whole_int(s, value) && !gv_piece_time(s, value))
        return false;
    return *value >= -GV_TIME_LIMIT && *value <= GV_TIME_LIMIT;
}

static bool whole_number(const gv_table *t, const gv_role *role, gv_piece s, double *value)
{
    return gv_piece_double(s, t->locale, value) && *value >= role->min && *value <= role->max;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\r';
}

/* The value of a field that has no blanks around it; false if table_row() is to say what it is. */
static inline bool whole_value(const gv_table *t, int32_t r, gv_piece s, gv_column column,
                               int64_t i)
{
    if (s.length == 0 || is_blank(*s.text) || is_blank(s.text[s.length - 1]))
        return false;
    switch (t->field[r]) {
    case GV_FIELD_INT:
        return whole_int(s, &column.i64[i]);
    case GV_FIELD_TIME:
        return whole_time(s, &column.i64[i]);
    case GV_FIELD_NUMBER:
        return whole_number(t, &t->role[r], s, &column.f64[i]);
    default:
        column.text[i] = s;
        return s.length <= GV_TEXT_CHARS;
    }
}

static inline bool is_mark(const gv_table *t, const char *p)
{
    return *p == t->separator || *p == '\n';
}

/* Reads the row that starts at `p`; returns its newline, or NULL. */
static inline const char *marked_row(const gv_table *t, const char *p, marks *m,
                                     const gv_column *column, int64_t i)
{
    const char *mark = next_mark(m);
    int32_t at = 0;
    if (*p == '#' || is_blank(*p))
        return NULL;
    for (int32_t k = 0; k < t->n_plan; k++) {
        for (; at < t->plan[k].column; at++) {
            if (*mark != t->separator)
                return NULL;
            p = mark + 1;
            mark = next_mark(m);
        }
        const char *end = mark > p && mark[-1] == '\r' ? mark - 1 : mark;
        const int32_t r = t->plan[k].role;
        if (!is_mark(t, mark) || !whole_value(t, r, (gv_piece){p, end - p}, column[r], i))
            return NULL;
    }
    while (*mark != '\n')
        mark = next_mark(m);
    return mark;
}

const char *table_marked_rows(const gv_table *t, const char *p, const char *end, gv_chunk *to,
                              int64_t *line)
{
    marks m = {.base = p, .separator = t->separator};
    if (p < end)
        m.left = find_marks(p, t->separator);
    while (p < end) {
        const char *newline = marked_row(t, p, &m, to->column, to->n_rows);
        if (newline == NULL)
            break;
        p = newline + 1;
        ++*line;
        if (to->line != NULL)
            to->line[to->n_rows] = (int32_t)*line;
        to->n_rows++;
    }
    return p;
}

#else

const char *table_marked_rows(const gv_table *t, const char *p, const char *end, gv_chunk *to,
                              int64_t *line)
{
    (void)t, (void)end, (void)to, (void)line;
    return p;
}

#endif
