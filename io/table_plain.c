/* table_plain.c -- the common row, fast: integers in the first columns, one separator between them.
 *
 * Eight characters are taken as one word: turning the bits of '0' leaves digits below 10, the first
 * byte that is not below 10 ends the number, and three multiplications join pairs, quadruples and
 * octets of digits (D. Lemire, "Quickly parsing eight digits", 2018). So the time of a field hangs
 * neither on its length nor on a branch per digit. A row of any other shape is left to table_row(),
 * which also says what is wrong with it.
 *
 * Two columns and nothing else, edges above all: both ends of fields are found at once among 32
 * characters, so that the next row begins to be read while the digits of this one are joined. */
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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
    return table_join_digits(word << 8 * (8 - n)); /* zeros in front */
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

#if defined(__SSE2__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

enum { WIDTH = 32 };

/* A bit for each of 16 characters that is no digit. */
static inline uint32_t no_digits(const char *p)
{
    const __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i digit = _mm_xor_si128(text, _mm_set1_epi8('0'));
    const __m128i above = _mm_subs_epu8(digit, _mm_set1_epi8(9));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(above, _mm_setzero_si128())) ^ 0xffff;
}

/* n digits at `p`, 1 to 8. */
static inline int64_t join_digits(const char *p, int n)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return table_join_digits((word ^ UINT64_C(0x3030303030303030)) << 8 * (8 - n));
}

/* Rows of two numbers of up to 8 digits, as far as they go. */
static const char *plain_pairs(const gv_table *t, const char *p, const char *end, gv_chunk *to,
                               int64_t *line)
{
    int64_t *restrict a = to->column[t->plan[0].role].i64 + to->n_rows;
    int64_t *restrict b = to->column[t->plan[1].role].i64 + to->n_rows;
    const char separator = t->separator;
    int64_t n = 0;
    while (end - p >= WIDTH) {
        const uint32_t first = no_digits(p) | no_digits(p + 16) << 16, second = first & (first - 1);
        if (second == 0)
            break;
        const int i = __builtin_ctz(first), j = __builtin_ctz(second);
        if ((unsigned)(i - 1) >= 8 || (unsigned)(j - i - 2) >= 8 || p[i] != separator ||
            p[j] != '\n')
            break;
        a[n] = join_digits(p, i);
        b[n++] = join_digits(p + i + 1, j - i - 1);
        p += j + 1;
    }
    for (int64_t k = 0; to->line != NULL && k < n; k++)
        to->line[to->n_rows + k] = (int32_t)(*line + 1 + k);
    to->n_rows += n;
    *line += n;
    return p;
}

#else

static const char *plain_pairs(const gv_table *t, const char *p, const char *end, gv_chunk *to,
                               int64_t *line)
{
    (void)t, (void)end, (void)to, (void)line;
    return p;
}

#endif

const char *table_plain_rows(const gv_table *t, const char *p, const char *end, gv_chunk *to,
                             int64_t *line)
{
    while (p < end) {
        if (t->n_plan == 2 && (p = plain_pairs(t, p, end, to, line)) == end)
            break;
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
