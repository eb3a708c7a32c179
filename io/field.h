/* field.h -- numbers and times as text. None of this depends on the locale or the time zone. */
#ifndef IO_FIELD_H
#define IO_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A piece of text that is not terminated. */
typedef struct gv_piece {
    const char *text;
    int64_t length;
} gv_piece;

enum { GV_WORDS_BYTES = 16 };

typedef struct gv_two_words {
    uint64_t head, tail;
} gv_two_words;

/* A text of up to 16 bytes as two words, which may overlap: with its length they tell all of it. */
static inline gv_two_words gv_piece_words(gv_piece s)
{
    gv_two_words w = {0, 0};
    if (s.length >= 8) {
        memcpy(&w.head, s.text, 8);
        memcpy(&w.tail, s.text + s.length - 8, 8);
    } else if (s.length >= 4) {
        memcpy(&w.head, s.text, 4);
        memcpy(&w.tail, s.text + s.length - 4, 4);
    } else if (s.length > 0) {
        w.head = (unsigned char)s.text[0];
        w.tail = (uint64_t)(unsigned char)s.text[s.length / 2] << 8 |
                 (unsigned char)s.text[s.length - 1];
    }
    return w;
}

/* Whether two texts are equal. */
static inline bool gv_piece_same(gv_piece a, gv_piece b)
{
    if (a.length != b.length)
        return false;
    if (a.length > GV_WORDS_BYTES)
        return memcmp(a.text, b.text, (size_t)a.length) == 0;
    const gv_two_words x = gv_piece_words(a), y = gv_piece_words(b);
    return x.head == y.head && x.tail == y.tail;
}

/* Digits with an optional sign, read from `p`: the first character behind them, or NULL if there
 * are none or the number is not an int64. The text must go on to a character that is no digit. */
static inline const char *gv_scan_int(const char *p, int64_t *value)
{
    const bool negative = *p == '-';
    p += negative || *p == '+';
    const char *digit = p;
    while (*digit == '0')
        digit++;
    const char *first = digit;
    uint64_t v = 0;
    while ((unsigned)(*digit - '0') < 10)
        v = v * 10 + (unsigned)(*digit++ - '0');
    /* 19 digits always fit in 64 bits; 20 or more never fit in an int64. */
    if (digit == p || digit - first > 19 || v > (uint64_t)INT64_MAX + negative)
        return NULL;
    *value = negative ? (int64_t)(0 - v) : (int64_t)v;
    return digit;
}

/* The whole slice as an int64. */
bool gv_piece_int(gv_piece s, int64_t *value);

/* The "C" locale, whatever the program's own is; NULL when memory is short. */
typedef struct gv_c_locale gv_c_locale;
gv_c_locale *gv_c_locale_open(void);
void gv_c_locale_close(gv_c_locale *c); /* NULL is allowed */

/* The whole slice as a finite double, correctly rounded. */
bool gv_piece_double(gv_piece s, gv_c_locale *c, double *value);

/* Whether the slice is meant as a number: a decimal of any size, or a NaN or infinity. */
bool gv_piece_numeric(gv_piece s);

/* Unix seconds, YYYY-MM-DD, or YYYY-MM-DDTHH:MM[:SS[.f]] (a blank may stand for the T) with an
 * optional Z or +HH:MM. UTC unless an offset says otherwise; fractions are cut off. */
bool gv_piece_time(gv_piece s, int64_t *seconds);

#endif
