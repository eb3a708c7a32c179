/* test_fields.c -- numbers and times as text. */
#include <greatest.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/field.h"
#include "tests/support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_piece piece(const char *text)
{
    return (gv_piece){text, (int64_t)strlen(text)};
}

/* ---- numbers and times --------------------------------------------------------------------- */

TEST reads_integers(void)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+7", true, 7},
        {"007", true, 7},
        {"-12", true, -12},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"00000000000009223372036854775807", false, 0},
        {"0000000009223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"18446744073709551616", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"1 ", false, 0},
        {"0x10", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 0;
        ASSERT_EQm(cases[i].text, cases[i].ok, gv_piece_int(piece(cases[i].text), &value));
        if (cases[i].ok)
            ASSERT_EQm(cases[i].text, cases[i].value, value);
    }
    PASS();
}

/* The nearest double, whatever the path: the C library's strtod says which that is. */
TEST reads_doubles_as_strtod(void)
{
    static const char *const texts[] = {"0",
                                        "-0.0",
                                        ".5",
                                        "5.",
                                        "1e-5",
                                        "0.1",
                                        "0.002105263157894737",
                                        "9007199254740993",
                                        "9007199254740992e22",
                                        "123456789012345678901234567890",
                                        "1e22",
                                        "1e23",
                                        "8.5e-320",
                                        "4.9e-324",
                                        "1.7976931348623157e308",
                                        "2.2250738585072011e-308",
                                        "6631236846766476e-316",
                                        "1e-400",
                                        "0.000000000000000000000000000000000000001",
                                        "00000000000000000000000000000.25"};
    gv_c_locale *c = gv_c_locale_open();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value = -1.0, want = strtod(texts[i], NULL);
        ASSERTm(texts[i], gv_piece_double(piece(texts[i]), c, &value));
        ASSERT_MEM_EQ(&want, &value, sizeof want);
    }
    char text[64];
    for (uint64_t i = 0; i < 20000; i++) {
        const double x =
            test_random(1, 2 * i) * pow(10.0, floor(60.0 * test_random(1, 2 * i + 1) - 30.0));
        snprintf(text, sizeof text, "%.*g", 1 + (int)(i % 20), x);
        double value = -1.0, want = strtod(text, NULL);
        ASSERTm(text, gv_piece_double(piece(text), c, &value));
        ASSERT_MEM_EQ(&want, &value, sizeof want);
    }
    gv_c_locale_close(c);
    PASS();
}

TEST refuses_what_is_no_finite_number(void)
{
    static const char *const texts[] = {"",      "nan", "NaN",   "inf", "-inf", "1e999",
                                        "0x1p3", "1e",  "1.2.3", "1,5", "a",    "--1",
                                        ".",     "e5",  "1f",    " 1"};
    gv_c_locale *c = gv_c_locale_open();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value;
        ASSERT_FALSEm(texts[i], gv_piece_double(piece(texts[i]), c, &value));
    }
    gv_c_locale_close(c);
    ASSERT(gv_piece_numeric(piece("nan")) && gv_piece_numeric(piece("-Infinity")));
    ASSERT(gv_piece_numeric(piece("1e999")) && !gv_piece_numeric(piece("source")));
    PASS();
}

/* A program may run in a locale whose decimal point is a comma. */
TEST does_not_mind_the_locale(void)
{
    const char *old = setlocale(LC_NUMERIC, NULL);
    char keep[64];
    snprintf(keep, sizeof keep, "%s", old != NULL ? old : "C");
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL &&
        setlocale(LC_NUMERIC, "fr_FR.UTF-8") == NULL)
        SKIPm("no locale with a decimal comma here");
    gv_c_locale *c = gv_c_locale_open();
    double value = 0.0;
    const bool ok = gv_piece_double(piece("0.12345678901234567890123"), c, &value);
    gv_c_locale_close(c);
    setlocale(LC_NUMERIC, keep);
    ASSERT(ok);
    ASSERT_EQ(0.12345678901234567890123, value);
    PASS();
}

TEST reads_times(void)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {
        {"0", 0},
        {"-5", -5},
        {"959670000", 959670000},
        {"1970-01-01", 0},
        {"1969-12-31", -86400},
        {"2000-02-29", 951782400},
        {"2000-05-30", 959644800},
        {"0000-03-01", INT64_C(-62162035200)},
        {"2012-01-01T00:00:00Z", 1325376000},
        {"2012-01-01 00:00", 1325376000},
        {"2012-01-01T01:02:03", 1325379723},
        {"2012-01-01T01:02:03.999Z", 1325379723},
        {"2012-01-01T02:00:00+02:00", 1325376000},
        {"2011-12-31T19:30:00-04:30", 1325376000},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
    };
    static const char *const bad[] = {"",
                                      "today",
                                      "2012-1-1",
                                      "2012-13-01",
                                      "2012-00-10",
                                      "2011-02-29",
                                      "1900-02-29",
                                      "2012-04-31",
                                      "2012-01-01T",
                                      "2012-01-01T24:00",
                                      "2012-01-01T00:60",
                                      "2012-01-01T00:00:60",
                                      "2012-01-01T00:00:00.",
                                      "2012-01-01T00:00:00ZZ",
                                      "2012-01-01T00:00:00+2",
                                      "2012-01-01x",
                                      "12.5"};
    int64_t seconds;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ASSERTm(good[i].text, gv_piece_time(piece(good[i].text), &seconds));
        ASSERT_EQ_FMT(good[i].seconds, seconds, "%" PRId64);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ASSERT_FALSEm(bad[i], gv_piece_time(piece(bad[i]), &seconds));
    PASS();
}

SUITE(fields)
{
    RUN_TEST(reads_integers);
    RUN_TEST(reads_doubles_as_strtod);
    RUN_TEST(refuses_what_is_no_finite_number);
    RUN_TEST(does_not_mind_the_locale);
    RUN_TEST(reads_times);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(fields);
    GREATEST_MAIN_END();
}
