/* table_plain.c -- the common row, fast: integers in the first columns, one separator between them.
 *
 * Eight characters are taken as one word: turning the bits of '0' leaves digits below 10, the first
 * byte that is not below 10 ends the number, and three multiplications join pairs, quadruples and
 * octets of digits (D. Lemire, "Quickly parsing eight digits", 2018). So the time of a field hangs
 * neither on its length nor on a branch per digit. A row of any other shape is left to table_row(),
 * which also says what is wrong with it. */
#include <string.h>

#include "io/table_inside.h"

/* Digits at `p`, of which up to 8 are read: their value and number. Reads 8 bytes. */
static inline int64_t eight_digits(const char *p, int *n_digits)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t word;
    memcpy(&word, p, sizeof word);
    word ^= UINT64_C(0x3030303030303030);
    /* A carry out of a byte that is no digit only reaches bytes behind it. */
    const uint64_t other =
        ((word + UINT64_C(0x7676767676767676)) | word) & UINT64_C(0x8080808080808080);
    const int n = other == 0 ? 8 : __builtin_ctzll(other) / 8;
    *n_digits = n;
    if (n == 0)
        return 0;
    word <<= 8 * (8 - n); /* zeros in front */
    word = (word * 10 + (word >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    word = (word * 100 + (word >> 16)) & UINT64_C(0x0000ffff0000ffff);
    word = (word * 10000 + (word >> 32)) & UINT64_C(0xffffffff);
    return (int64_t)word;
#else
    int64_t value = 0;
    int n = 0;
    for (; n < 8 && (unsigned)(p[n] - '0') < 10; n++)
        value = value * 10 + (p[n] - '0');
    *n_digits = n;
    return value;
#endif
}

/* An integer of 1 to 15 digits at `p`; returns what follows it, or NULL. */
static inline const char *plain_int(const char *p, int64_t *value)
{
    static const int64_t power[8] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    const bool negative = *p == '-';
    p += negative;
    int n, more = 0;
    int64_t v = eight_digits(p, &n);
    if (n == 0)
        return NULL;
    p += n;
    if (n == 8) {
        const int64_t rest = eight_digits(p, &more);
        if (more == 8)
            return NULL;
        v = v * power[more] + rest;
        p += more;
    }
    *value = negative ? -v : v;
    return p;
}

static inline const char *plain_row(const gv_table *t, const char *p, const gv_column *column,
                                    int64_t i)
{
    for (int32_t k = 0; k < t->n_plan; k++) {
        if (k > 0 && *p++ != t->separator)
            return NULL;
        p = plain_int(p, &column[t->plan[k].role].i64[i]);
        if (p == NULL)
            return NULL;
    }
    p += *p == '\r';
    return *p == '\n' || *p == t->separator ? p : NULL;
}

bool table_is_plain(const gv_table *t)
{
    for (int32_t k = 0; k < t->n_plan; k++)
        if (t->plan[k].column != k || t->field[t->plan[k].role] != GV_FIELD_INT)
            return false;
    return t->n_plan > 0;
}

const char *table_plain_rows(const gv_table *t, const char *p, const char *end, gv_chunk *to,
                             int64_t *line)
{
    while (p < end) {
        const char *after = plain_row(t, p, to->column, to->n_rows);
        if (after == NULL)
            break;
        if (*after != '\n')
            after = memchr(after, '\n', (size_t)(end - after));
        p = after + 1;
        ++*line;
        if (to->line != NULL)
            to->line[to->n_rows] = (int32_t)*line;
        to->n_rows++;
    }
    return p;
}
