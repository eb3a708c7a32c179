/* test_text.c -- the streaming reader of text tables: columns, chunks, line numbers, bad rows. */
#include <greatest.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/graphs.h"
#include "tests/support/tables.h"
#include "tests/support/text.h"

GREATEST_MAIN_DEFS();

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
    char path[TEXT_PATH_CHARS], want[TEXT_PATH_CHARS + 512];
    text_file("bad.tsv", c->text, -1, path);
    const whole *w = read_whole(2, path, (gv_table_opts){0}, c->columns);
    ASSERT_EQ(c->status, w->status);
    snprintf(want, sizeof want, "%s%s", *c->message == ':' ? path : "", c->message);
    ASSERT_STR_EQ(want, w->err.message);
    PASS();
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

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(tables);
    text_clean();
    GREATEST_MAIN_END();
}
