/* test_text.c -- the streaming reader of text tables: numbers, times, packing, chunks, line
 * numbers.
 */
#include <greatest.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/context.h"
#include "io/field.h"
#include "io/stream.h"
#include "io/table.h"
#include "tests/support/graphs.h"
#include "tests/support/text.h"

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

/* ---- tables -----------------------------------------------------------------------------------
 */

enum { MAX_ROWS = 4096 };

/* A whole table of integers a and b and an optional number w. */
typedef struct whole {
    int64_t n, a[MAX_ROWS], b[MAX_ROWS], line[MAX_ROWS];
    double w[MAX_ROWS];
    bool has_w;
    gv_table_info info;
    gv_status status;
    gv_error err;
} whole;

static const gv_role roles[3] = {
    {.name = "source", .field = GV_FIELD_AUTO},
    {.name = "target", .field = GV_FIELD_AUTO},
    {.name = "weight", .field = GV_FIELD_NUMBER, .max = 1.0, .optional = true}};

static gv_status take(gv_table *t, whole *to)
{
    gv_batch batch;
    gv_status st;
    while ((st = gv_table_next(t, &batch, &to->err)) == GV_OK && batch.n_chunks > 0)
        for (int64_t i = 0; i < batch.n_chunks; i++)
            for (int64_t k = 0; k < batch.chunk[i]->n_rows && to->n < MAX_ROWS; k++) {
                const gv_chunk *c = batch.chunk[i];
                to->a[to->n] = c->column[0].i64[k];
                to->b[to->n] = c->column[1].i64[k];
                to->w[to->n] = to->has_w ? c->column[2].f64[k] : 0.0;
                to->line[to->n++] = c->line_base + c->line[k];
            }
    return st;
}

static whole *read_whole(int32_t threads, const char *path, gv_table_opts opts, const char *columns)
{
    static whole w;
    gv_context *ctx = test_context(threads, -1);
    gv_table *t = NULL;
    gv_field ids = GV_FIELD_INT;
    gv_role r[3] = {roles[0], roles[1], roles[2]};
    r[0].field = r[1].field = GV_FIELD_INT;
    w = (whole){.n = 0};
    opts.lines = true;
    w.status = gv_table_open(ctx, path, &opts, &t, &w.err);
    if (w.status == GV_OK)
        w.status = gv_table_bind(t, r, 3, columns, &ids, &w.err);
    if (w.status == GV_OK) {
        w.has_w = gv_table_has(t, 2);
        w.status = take(t, &w);
        w.info = gv_table_describe(t);
    }
    gv_table_close(t);
    if (gv_context_memory_used(ctx) != 0)
        printf("memory is left\n"), w.status = GV_ERR_SYSTEM;
    gv_context_free(ctx);
    return &w;
}

TEST reads_every_shape(void)
{
    static const char *const texts[] = {
        "1\t2\t.5\n3\t4\t1\n",
        "1,2,.5\n3,4,1",
        "1 2 .5\r\n3 4 1\r\n",
        "# note\n\n  # more\n1   2 .5  \n\n3\t4 1\n#end",
        "\357\273\2771\t2\t.5\textra\n3\t4\t1\n",
        " 1 , 2 , .5 \n3,4,1,,,\n",
        "a,b,w\n1,2,.5\n3,4,1\n",
        "1\t 2\t.5\t\n\r\n3\t4\t1\t\n",
    };
    char path[TEXT_PATH_CHARS];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const whole *w =
            read_whole(2, text_file("t.txt", texts[i], -1, path), (gv_table_opts){0}, "1,2,3");
        ASSERT_EQm(w->err.message, GV_OK, w->status);
        ASSERT_EQm(texts[i], 2, w->n);
        ASSERT(w->a[0] == 1 && w->b[0] == 2 && w->w[0] == .5);
        ASSERT(w->a[1] == 3 && w->b[1] == 4 && w->w[1] == 1.0);
        ASSERT_EQ_FMT((int64_t)strlen(texts[i]),
                      w->info.bytes - (texts[i][strlen(texts[i]) - 1] != '\n'), "%" PRId64);
    }
    PASS();
}

TEST chooses_columns(void)
{
    char path[TEXT_PATH_CHARS];
    text_file("t.txt", "w,to,x,from\n.5,2,z,1\n1,4,z,3\n", -1, path);
    const whole *w = read_whole(1, path, (gv_table_opts){0}, "from, to,w");
    ASSERT_EQm(w->err.message, GV_OK, w->status);
    ASSERT(w->n == 2 && w->a[0] == 1 && w->b[0] == 2 && w->w[0] == .5 && w->w[1] == 1.0);
    w = read_whole(1, path, (gv_table_opts){0}, "4,2");
    ASSERT(w->n == 2 && w->a[1] == 3 && w->b[1] == 4 && !w->has_w);
    w = read_whole(1, path, (gv_table_opts){0}, "to,to");
    ASSERT(w->n == 2 && w->a[1] == 4 && w->b[1] == 4);
    w = read_whole(1, path, (gv_table_opts){.skip_lines = 1}, "4,2,1");
    ASSERT(w->n == 2 && w->line[0] == 2 && w->line[1] == 3);
    w = read_whole(1, path, (gv_table_opts){.skip_lines = 2}, "4,2,1");
    ASSERT(w->n == 1 && w->line[0] == 3);
    w = read_whole(1, path, (gv_table_opts){.skip_lines = 99}, "4,2,1");
    ASSERT(w->status == GV_OK && w->n == 0);
    PASS();
}

typedef struct bad_case {
    const char *text, *columns, *message; /* after the path */
    gv_status status;
} bad_case;

TEST says_what_is_wrong(const bad_case *c)
{
    char path[TEXT_PATH_CHARS], want[512];
    text_file("bad.tsv", c->text, -1, path);
    const whole *w = read_whole(2, path, (gv_table_opts){0}, c->columns);
    ASSERT_EQ(c->status, w->status);
    snprintf(want, sizeof want, "%s%s", *c->message == ':' ? path : "", c->message);
    ASSERT_STR_EQ(want, w->err.message);
    PASS();
}

/* Rows "i i+1" with comments and empty lines between them, so that rows and lines differ. */
static int64_t make_rows(char *text, int64_t n, int64_t *line_of)
{
    int64_t length = 0, line = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i % 7 == 3)
            length += sprintf(text + length, "# %" PRId64 "\n", i), line++;
        if (i % 11 == 5)
            length += sprintf(text + length, "\n"), line++;
        length += sprintf(text + length, "%" PRId64 "\t%" PRId64 "\n", i, i * i * i * i % 100003);
        line_of[i] = ++line;
    }
    return length;
}

TEST ignores_blocks_and_threads(void)
{
    static char text[1 << 16];
    static int64_t line_of[1000];
    char path[TEXT_PATH_CHARS];
    const int64_t n = 1000, length = make_rows(text, n, line_of);
    for (int packing = 0; packing < 3; packing++) {
        if (packing == 0)
            text_file("rows", text, length, path);
        else if (packing == 1) { /* two members */
            text_gzip("rows", text, length / 3, 0, path);
            text_gzip("rows", text + length / 3, length - length / 3, 1, path);
        } else {
            text_zstd("rows", text, length / 3, 0, path);
            text_zstd("rows", text + length / 3, length - length / 3, 1, path);
        }
        for (int64_t block = 32; block <= 1 << 17; block = block * 3 + 1)
            for (int32_t threads = 1; threads <= 8; threads = threads * 2 + 1) {
                const gv_table_opts opts = {.block = block, .chunk = block / 5 + 1};
                const whole *w = read_whole(threads, path, opts, NULL);
                ASSERT_EQm(w->err.message, GV_OK, w->status);
                ASSERT_EQ_FMT(n, w->n, "%" PRId64);
                ASSERT_EQ_FMT(length, w->info.bytes, "%" PRId64);
                for (int64_t i = 0; i < n; i++)
                    ASSERT(w->a[i] == i && w->b[i] == i * i * i * i % 100003 &&
                           w->line[i] == line_of[i]);
            }
    }
    PASS();
}

/* Integers of every length, the fast way and the careful one, in one file. */
TEST reads_integers_of_every_length(void)
{
    static char text[1 << 17];
    static int64_t want[2][2000];
    char path[TEXT_PATH_CHARS];
    char *at = text;
    for (uint64_t i = 0; i < 2000; i++) {
        for (uint64_t side = 0; side < 2; side++) {
            const double size = pow(10.0, 18.9 * test_random(3, 4 * i + side));
            const int64_t x = (int64_t)(size * (test_random(3, 4 * i + 2 + side) - .5));
            want[side][i] = i % 50 == 7 ? (side ? INT64_MIN : INT64_MAX) : x;
        }
        at +=
            sprintf(at, i % 9 == 4 ? "%" PRId64 "\t%+" PRId64 "\r\n" : "%" PRId64 "\t%" PRId64 "\n",
                    want[0][i], want[1][i]);
    }
    text_file("rows", text, at - text, path);
    for (int64_t block = 64; block <= 1 << 18; block *= 16) {
        const gv_table_opts opts = {.block = block, .chunk = block / 4};
        const whole *w = read_whole(3, path, opts, NULL);
        ASSERT_EQm(w->err.message, GV_OK, w->status);
        ASSERT_EQ(2000, w->n);
        ASSERT_MEM_EQ(want[0], w->a, sizeof want[0]);
        ASSERT_MEM_EQ(want[1], w->b, sizeof want[1]);
    }
    PASS();
}

TEST names_the_first_bad_line(void)
{
    static char text[1 << 16];
    static int64_t line_of[1000];
    char path[TEXT_PATH_CHARS], want[TEXT_PATH_CHARS + 64];
    const int64_t length = make_rows(text, 1000, line_of);
    int64_t at = 0;
    for (int64_t line = 1, wanted = 0; at < length; at++) {
        if (text[at] != '\n')
            continue;
        wanted = line_of[400];
        if (++line >= wanted && text[at + 1] != '#' && text[at + 1] != '\n') {
            text[at + 1] = 'x'; /* spoil this row and all behind it */
            if (line == wanted)
                snprintf(want, sizeof want, ":%" PRId64 ": source \"", line);
        }
    }
    text_file("rows", text, length, path);
    for (int64_t block = 64; block <= 1 << 17; block *= 8)
        for (int32_t threads = 1; threads <= 8; threads++) {
            const gv_table_opts opts = {.block = block, .chunk = block / 4};
            const whole *w = read_whole(threads, path, opts, NULL);
            ASSERT_EQ(GV_ERR_DATA, w->status);
            ASSERTm(w->err.message, strstr(w->err.message, want) != NULL);
        }
    PASS();
}

static void keep_line(void *data, const char *message)
{
    char *text = data;
    strcat(strcat(text, strstr(message, "t.txt") + 5), "|");
}

TEST skips_bad_rows(void)
{
    char path[TEXT_PATH_CHARS], said[4096] = "";
    text_file("t.txt", "1 2\nx 3\n4\n5 6 7\n# c\n8 y\n9 10\n", -1, path);
    int64_t complaints = 0;
    gv_table_opts opts = {
        .lenient = true, .complain = keep_line, .complain_data = said, .complaints = &complaints};
    const whole *w = read_whole(2, path, opts, NULL);
    ASSERT_EQm(w->err.message, GV_OK, w->status);
    ASSERT(w->n == 3 && w->a[0] == 1 && w->a[1] == 5 && w->b[2] == 10 && w->line[2] == 7);
    ASSERT(w->info.rows == 6 && w->info.bad == 3 && complaints == 3);
    ASSERT_STR_EQ(":2: source \"x\" is not an integer|:3: 1 column, expected at least 2|"
                  ":6: target \"y\" is not an integer|",
                  said);
    PASS();
}

TEST complains_a_hundred_times(void)
{
    static char text[4096], said[16384];
    char path[TEXT_PATH_CHARS];
    for (int i = 0; i < 150; i++)
        strcat(text, i % 2 == 0 ? "1 2\n" : "z 2\n");
    for (int i = 0; i < 150; i++)
        strcat(text, "z 2\n");
    text_file("t.txt", text, -1, path);
    gv_table_opts opts = {
        .lenient = true, .complain = keep_line, .complain_data = said, .block = 64, .chunk = 16};
    const whole *w = read_whole(3, path, opts, NULL);
    ASSERT(w->status == GV_OK && w->n == 75 && w->info.bad == 225);
    int64_t n = 0;
    for (const char *p = said; *p != '\0'; p++)
        n += *p == '|';
    ASSERT_EQ_FMT((int64_t)GV_COMPLAINTS, n, "%" PRId64);
    ASSERTm(said, strstr(said, ":175: ") != NULL && strstr(said, ":176: ") == NULL);
    PASS();
}

SUITE(tables)
{
    static const bad_case cases[] = {
        {"1 2\n3\n", NULL, ":2: 1 column, expected at least 2", GV_ERR_DATA},
        {"1\t2\n\n3\t\n", NULL, ":3: target \"\" is not an integer", GV_ERR_DATA},
        {"1,2\n3,b\n", NULL, ":2: target \"b\" is not an integer", GV_ERR_DATA},
        {"1,2\n3,4.5\n", NULL, ":2: target \"4.5\" is not an integer", GV_ERR_DATA},
        {"1,2\n3,9223372036854775808\n", NULL,
         ":2: target \"9223372036854775808\" is not in [-9223372036854775808, 9223372036854775807]",
         GV_ERR_DATA},
        {"1 2 .5\n1 2 1.5\n", "1,2,3", ":2: weight 1.5 is not in [0, 1]", GV_ERR_DATA},
        {"1 2 nan\n", "1,2,3", ":1: weight \"nan\" is not a finite number", GV_ERR_DATA},
        {"1 2 1\n1 2 1e999\n", "1,2,3", ":2: weight \"1e999\" is not a finite number", GV_ERR_DATA},
        {"1 2 1\n1 2 ?\n", "1,2,3", ":2: weight \"?\" is not a finite number", GV_ERR_DATA},
        {"1 2\n", "1,2,3", ":1: 2 columns, expected at least 3", GV_ERR_DATA},
        {"a b\n1 2\n", "a,c", ":1: no column \"c\"; the first row has: a, b", GV_ERR_DATA},
        {"1 2\n", "1", "columns: \"1\" names 1 of the 2 that are needed", GV_ERR_ARG},
        {"1 2\n", "1,2,3,4", "columns: \"1,2,3,4\" names more than 3", GV_ERR_ARG},
        {"1 2\n", "0,1", "columns: \"0\" is not a column number from 1 on", GV_ERR_ARG},
        {"1 2\n", "1,,2", "columns: an entry is empty", GV_ERR_ARG},
        {"%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n", NULL,
         ":1: this is a Matrix Market file, not a text table", GV_ERR_DATA},
    };
    RUN_TEST(reads_every_shape);
    RUN_TEST(chooses_columns);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        RUN_TEST1(says_what_is_wrong, &cases[i]);
    RUN_TEST(ignores_blocks_and_threads);
    RUN_TEST(reads_integers_of_every_length);
    RUN_TEST(names_the_first_bad_line);
    RUN_TEST(skips_bad_rows);
    RUN_TEST(complains_a_hundred_times);
}

/* ---- packing --------------------------------------------------------------------------------- */

TEST names_missing_files(void)
{
    const whole *w = read_whole(1, "/nowhere/edges.tsv", (gv_table_opts){0}, NULL);
    ASSERT_EQ(GV_ERR_NO_INPUT, w->status);
    ASSERT_STR_EQ("/nowhere/edges.tsv: cannot be opened: No such file or directory",
                  w->err.message);
    w = read_whole(1, "/tmp", (gv_table_opts){0}, NULL);
    ASSERT_EQ(GV_ERR_NO_INPUT, w->status);
    ASSERT_STR_EQ("/tmp: is a directory", w->err.message);
    PASS();
}

/* Whatever is cut off a compressed file is noticed. */
TEST notices_a_cut(int packing)
{
    static char text[1 << 16];
    static int64_t line_of[1000];
    char path[TEXT_PATH_CHARS];
    const int64_t length = make_rows(text, 1000, line_of);
    for (int64_t off = 1; off <= 2000; off = off * 2 + 1) {
        if (packing == 1)
            text_gzip("cut", text, length, 0, path);
        else
            text_zstd("cut", text, length, 0, path);
        text_cut(path, -off);
        const whole *w = read_whole(2, path, (gv_table_opts){.block = 4096, .chunk = 512}, NULL);
        ASSERT_EQ(GV_ERR_DATA, w->status);
        ASSERTm(w->err.message, strstr(w->err.message, "data end too early") != NULL);
    }
    PASS();
}

TEST notices_damage(int packing)
{
    static char text[1 << 16];
    static int64_t line_of[1000];
    char path[TEXT_PATH_CHARS], junk[64];
    const int64_t length = make_rows(text, 1000, line_of);
    memset(junk, 'x', sizeof junk);
    if (packing == 1)
        text_gzip("cut", text, length, 0, path);
    else
        text_zstd("cut", text, length, 0, path);
    FILE *f = fopen(path, "r+");
    ASSERT(f != NULL);
    fseek(f, 700, SEEK_SET);
    fwrite(junk, 1, sizeof junk, f);
    fclose(f);
    const whole *w = read_whole(2, path, (gv_table_opts){0}, NULL);
    ASSERT_EQ(GV_ERR_DATA, w->status);
    ASSERTm(w->err.message, strstr(w->err.message, "damaged") != NULL);
    PASS();
}

TEST refuses_long_lines(void)
{
    char path[TEXT_PATH_CHARS], text[512], want[TEXT_PATH_CHARS + 64];
    memset(text, '1', sizeof text);
    memcpy(text, "1 2\n", 4);
    text[511] = '\n';
    text_file("long", text, 512, path);
    for (int32_t threads = 1; threads <= 4; threads++) {
        const whole *w =
            read_whole(threads, path, (gv_table_opts){.block = 100, .chunk = 16}, NULL);
        ASSERT_EQ(GV_ERR_DATA, w->status);
        snprintf(want, sizeof want, "%s:2: the line is longer than 99 bytes", path);
        ASSERT_STR_EQ(want, w->err.message);
    }
    PASS();
}

TEST takes_empty_files(void)
{
    static const char *const texts[] = {"", "\n", "# nothing\n\n", "#"};
    char path[TEXT_PATH_CHARS];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int packing = 0; packing < 3; packing++) {
            if (packing == 0)
                text_file("empty", texts[i], -1, path);
            else if (packing == 1)
                text_gzip("empty", texts[i], -1, 0, path);
            else
                text_zstd("empty", texts[i], -1, 0, path);
            const whole *w = read_whole(2, path, (gv_table_opts){0}, NULL);
            ASSERT_EQm(w->err.message, GV_OK, w->status);
            ASSERT_EQ(0, w->n);
        }
    PASS();
}

SUITE(packing)
{
    RUN_TEST(names_missing_files);
    RUN_TEST1(notices_a_cut, 1);
    RUN_TEST1(notices_a_cut, 2);
    RUN_TEST1(notices_damage, 1);
    RUN_TEST1(notices_damage, 2);
    RUN_TEST(refuses_long_lines);
    RUN_TEST(takes_empty_files);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(fields);
    RUN_SUITE(tables);
    RUN_SUITE(packing);
    text_clean();
    GREATEST_MAIN_END();
}
