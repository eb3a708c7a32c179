/* field.c -- see field.h.
 *
 * A decimal with at most 2^53 as its digits and a power of ten within 10^22 is the exact quotient
 * or product of two doubles, so one rounding gives the nearest double (W. D. Clinger, "How to read
 * floating point numbers accurately", PLDI 1990). Everything else goes through strtod_l(). */
#define _GNU_SOURCE
#include "io/field.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/error.h"
#include "grapevine/io.h"

enum { MAX_DIGITS = 18, MAX_POWER = 22, NUMBER_CHARS = 512 };

gv_c_locale *gv_c_locale_open(void)
{
    return (gv_c_locale *)newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

void gv_c_locale_close(gv_c_locale *c)
{
    if (c != NULL)
        freelocale((locale_t)c);
}

bool gv_piece_int(gv_piece s, int64_t *value)
{
    char text[32]; /* leading zeros beyond this are nobody's number */
    if (s.length <= 0 || s.length >= (int64_t)sizeof text)
        return false;
    memcpy(text, s.text, (size_t)s.length);
    text[s.length] = '\0';
    return gv_scan_int(text, value) == text + s.length;
}

typedef struct decimal {
    uint64_t digits;
    int n_digits; /* significant, without leading zeros */
    int64_t power;
    bool negative, seen;
} decimal;

static const char *scan_digits(const char *p, const char *end, decimal *d, int step)
{
    for (; p < end && (unsigned)(*p - '0') < 10; p++) {
        d->seen = true;
        d->power += step;
        if (d->n_digits == 0 && *p == '0')
            continue;
        if (d->n_digits++ < MAX_DIGITS)
            d->digits = d->digits * 10 + (unsigned)(*p - '0');
    }
    return p;
}

/* Takes a decimal apart; false if the slice is none. */
static bool scan_decimal(gv_piece s, decimal *d)
{
    const char *p = s.text, *end = s.text + s.length;
    *d = (decimal){.negative = p < end && *p == '-'};
    p += p < end && (*p == '-' || *p == '+');
    p = scan_digits(p, end, d, 0);
    if (p < end && *p == '.')
        p = scan_digits(p + 1, end, d, -1);
    if (d->seen && p < end && (*p == 'e' || *p == 'E')) {
        const char *e = p + 1;
        const bool down = e < end && *e == '-';
        e += e < end && (*e == '-' || *e == '+');
        int64_t power = 0;
        p = e;
        for (; p < end && (unsigned)(*p - '0') < 10; p++)
            power = power < 100000 ? power * 10 + (*p - '0') : power;
        if (p == e)
            return false;
        d->power += down ? -power : power;
    }
    return d->seen && p == end;
}

bool gv_piece_double(gv_piece s, gv_c_locale *c, double *value)
{
    static const double power[MAX_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    decimal d;
    if (!scan_decimal(s, &d))
        return false;
    if (d.n_digits <= MAX_DIGITS && d.digits <= UINT64_C(1) << 53 && d.power >= -MAX_POWER &&
        d.power <= MAX_POWER) {
        const double v =
            d.power < 0 ? (double)d.digits / power[-d.power] : (double)d.digits * power[d.power];
        *value = d.negative ? -v : v;
        return true;
    }
    char text[NUMBER_CHARS];
    if (s.length >= NUMBER_CHARS)
        return false;
    memcpy(text, s.text, (size_t)s.length);
    text[s.length] = '\0';
    *value = strtod_l(text, NULL, (locale_t)c);
    return isfinite(*value);
}

bool gv_piece_numeric(gv_piece s)
{
    static const char *const words[] = {"nan", "inf", "infinity"};
    decimal d;
    if (scan_decimal(s, &d))
        return true;
    if (s.length > 0 && (*s.text == '-' || *s.text == '+'))
        s.text++, s.length--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if ((size_t)s.length == strlen(words[i]) &&
            strncasecmp(s.text, words[i], (size_t)s.length) == 0)
            return true;
    return false;
}

/* Exactly `n` digits from *p on, which moves behind them. */
static bool digits(const char **p, const char *end, int n, int64_t *value)
{
    *value = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (*p >= end || (unsigned)(**p - '0') >= 10)
            return false;
        *value = *value * 10 + (**p - '0');
    }
    return true;
}

static bool mark(const char **p, const char *end, char c)
{
    if (*p >= end || **p != c)
        return false;
    (*p)++;
    return true;
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar: years are counted from March, so that
 * the leap day is the last of its year, in eras of 400 years or 146,097 days. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = year - (month <= 2);
    const int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool scan_date(const char **p, const char *end, int64_t *days)
{
    static const int64_t length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year, month, day;
    if (!digits(p, end, 4, &year) || !mark(p, end, '-') || !digits(p, end, 2, &month) ||
        !mark(p, end, '-') || !digits(p, end, 2, &day))
        return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 || day > length[month - 1] + (month == 2 && leap))
        return false;
    *days = days_from_date(year, month, day);
    return true;
}

/* HH:MM, in seconds. */
static bool scan_clock(const char **p, const char *end, int64_t *seconds)
{
    int64_t hour, minute;
    if (!digits(p, end, 2, &hour) || !mark(p, end, ':') || !digits(p, end, 2, &minute))
        return false;
    *seconds = hour * 3600 + minute * 60;
    return hour < 24 && minute < 60;
}

static bool scan_seconds(const char **p, const char *end, int64_t *seconds)
{
    if (!mark(p, end, ':'))
        return true;
    int64_t s;
    if (!digits(p, end, 2, &s) || s > 59)
        return false;
    *seconds += s;
    if (mark(p, end, '.')) {
        const char *first = *p;
        while (*p < end && (unsigned)(**p - '0') < 10)
            (*p)++;
        return *p > first;
    }
    return true;
}

static bool scan_zone(const char **p, const char *end, int64_t *seconds)
{
    if (mark(p, end, 'Z'))
        return true;
    const bool east = *p < end && **p == '+';
    if (!east && !(*p < end && **p == '-'))
        return true;
    (*p)++;
    int64_t offset;
    if (!scan_clock(p, end, &offset))
        return false;
    *seconds += east ? -offset : offset;
    return true;
}

bool gv_piece_time(gv_piece s, int64_t *seconds)
{
    if (gv_piece_int(s, seconds))
        return true;
    const char *p = s.text, *end = s.text + s.length;
    int64_t days, clock = 0;
    if (!scan_date(&p, end, &days))
        return false;
    if (p < end && (*p == 'T' || *p == ' ')) {
        p++;
        if (!scan_clock(&p, end, &clock) || !scan_seconds(&p, end, &clock) ||
            !scan_zone(&p, end, &clock))
            return false;
    }
    *seconds = days * 86400 + clock;
    return p == end;
}

GV_API gv_status gv_time_parse(const char *text, int64_t *seconds, gv_error *err)
{
    const gv_piece s = {text, (int64_t)strlen(text)};
    if (gv_piece_time(s, seconds))
        return GV_OK;
    return gv_fail(err, GV_ERR_ARG, "\"%.80s\" is not unix seconds, a date or a date and time",
                   text);
}
