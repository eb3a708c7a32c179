/* test_table_marks.c -- rows whose fields are found by their separators hold what table_row() reads
 * from them, whatever they look like. */
#include <greatest.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "io/table_inside.h"
#include "tests/support/graphs.h"
#include "tests/support/text.h"

GREATEST_MAIN_DEFS();

enum { MOST_ROWS = 4000, MOST_SAID = 1 << 16, N_ROLES = 5 };

typedef struct row {
    int64_t id, time, line;
    double value;
    char name[GV_TEXT_CHARS + 1], topic[GV_TEXT_CHARS + 1];
} row;

typedef struct whole {
    row row[MOST_ROWS];
    int64_t n;
    char said[MOST_SAID]; /* about bad rows */
    gv_table_info info;
} whole;

static const gv_role roles[N_ROLES] = {
    {.name = "id", .field = GV_FIELD_INT},
    {.name = "name", .field = GV_FIELD_TEXT},
    {.name = "topic", .field = GV_FIELD_TEXT},
    {.name = "time", .field = GV_FIELD_TIME},
    {.name = "value", .field = GV_FIELD_NUMBER, .min = -5.0, .max = INFINITY, .optional = true},
};

static void keep_said(void *data, const char *message)
{
    char *said = data;
    const size_t have = strlen(said);
    snprintf(said + have, MOST_SAID - have, "%s\n", message);
}

static void copy_text(char *to, gv_piece s)
{
    memcpy(to, s.text, (size_t)s.length);
    to[s.length] = '\0';
}

static void keep_chunk(whole *w, const gv_chunk *c, bool valued)
{
    for (int64_t k = 0; k < c->n_rows; k++) {
        row *r = &w->row[w->n++];
        memset(r, 0, sizeof *r);
        r->id = c->column[0].i64[k];
        copy_text(r->name, c->column[1].text[k]);
        copy_text(r->topic, c->column[2].text[k]);
        r->time = c->column[3].i64[k];
        r->value = valued ? c->column[4].f64[k] : 0.0;
        r->line = c->line_base + c->line[k];
    }
}

/* Reads all rows, the fast way or not; bad ones are skipped. */
static gv_status read_whole(const char *path, const char *columns, bool marked, int64_t block,
                            int32_t threads, whole *w, gv_error *err)
{
    gv_context *ctx = test_context(threads, -1);
    memset(w, 0, sizeof *w);
    const gv_table_opts opts = {.lines = true,
                                .lenient = true,
                                .complain = keep_said,
                                .complain_data = w->said,
                                .block = block,
                                .chunk = block / 4};
    gv_table *t = NULL;
    gv_status st = gv_table_open(ctx, path, &opts, &t, err);
    if (st == GV_OK)
        st = gv_table_bind(t, roles, N_ROLES, columns, NULL, err);
    if (st == GV_OK && !marked)
        t->marked = false;
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        for (int64_t i = 0; i < batch.n_chunks; i++)
            keep_chunk(w, batch.chunk[i], gv_table_has(t, 4));
    }
    if (st == GV_OK)
        w->info = gv_table_describe(t);
    gv_table_close(t);
    gv_context_free(ctx);
    return st;
}

/* One of the texts, most often one of the first four. */
static const char *any(const char *const *text, uint64_t n, uint64_t *draw)
{
    const bool usual = test_random(11, ++*draw) < .8;
    return text[(uint64_t)(test_random(11, ++*draw) * (double)(usual ? 4 : n))];
}

#define ANY(texts) any(texts, sizeof(texts) / sizeof *(texts), &draw)

/* Fields of all sorts, good and bad, the usual ones first. */
static const char *const ids[] = {"7",
                                  "12345678",
                                  "-3",
                                  "0042",
                                  "123456789",
                                  "1234567890123456",
                                  "12345678901234567",
                                  "-9223372036854775808",
                                  "9223372036854775808",
                                  "+5",
                                  " 6",
                                  "8 ",
                                  "1 2",
                                  "-",
                                  "",
                                  "1e3",
                                  "12a",
                                  "1234567\x80",
                                  "/2",
                                  ":2",
                                  "12345678-1"};
static const char *const names[] = {
    "x",
    "item 17",
    "12",
    "0123456789012345678901234567890123456789012345678901234567890123",
    "01234567890123456789012345678901234567890123456789012345678901234",
    " led",
    "trailed ",
    "",
    " ",
    "\xc3\xa9",
    "a#b",
    "#",
    "r\r",
    "r\r\r",
    "two  blanks"};
static const char *const times[] = {"1325376000",
                                    "0",
                                    "2012-01-31",
                                    "-50",
                                    "1000000000000000",
                                    "2012-02-30",
                                    "1000000000000001",
                                    "-1000000000000000",
                                    "2012-01-31 12:30",
                                    "soon",
                                    "99999999999999999",
                                    "2012-01-31T12:30:15.5+02:00",
                                    "",
                                    "+7",
                                    "12345678901",
                                    "5\r"};
static const char *const values[] = {"1", "2.5", "-4", "1e2", "-6", "nan", "", "x", "0x1"};
static const char *const ends[] = {"\n",
                                   "\n",
                                   "\n",
                                   "\n",
                                   "\r\n",
                                   "\r\r\n",
                                   " \n",
                                   "\n\n",
                                   "\n# a comment\n",
                                   "\n \r\n",
                                   "\n  # another\n",
                                   "\n#1\tx\ty\t5\t7\n",
                                   "\n\r#1\tx\ty\t5\t7\n"};

/* Rows of them. Returns the length. */
static int64_t make_rows(char *text, int n, char separator)
{
    uint64_t draw = 0;
    char *at = text;
    for (int i = 0; i < n; i++) {
        const double cut = test_random(12, (uint64_t)i);
        at += sprintf(at, "%s%c%s%c", ANY(ids), separator, ANY(names), separator);
        if (cut < .97)
            at += sprintf(at, "%s%c%s", ANY(names), separator, ANY(times));
        if (cut < .9)
            at += sprintf(at, "%c%s", separator, ANY(values));
        if (cut < .1)
            at += sprintf(at, "%cmore%c%s", separator, separator, ANY(names));
        if (cut > .5 && cut < .51)
            *at++ = '\0';
        if (cut > .6 && cut < .61)
            *at++ = '\t';
        at += sprintf(at, "%s", ANY(ends));
    }
    return at - text;
}

TEST agrees_with_the_careful_way(char separator, const char *columns)
{
    static char text[1 << 20];
    static whole slow, fast;
    char path[TEXT_PATH_CHARS];
    gv_error err = {.message = ""};
    int64_t length = sprintf(text, "1%ca%cb%c5%c1\n", separator, separator, separator, separator);
    length += make_rows(text + length, 3000, separator);
    text_file("rows", text, length, path);
    ASSERT_EQm(err.message, GV_OK, read_whole(path, columns, false, 1 << 20, 1, &slow, &err));
    ASSERT(slow.n > 300 && slow.info.bad > 300);
    for (int64_t block = 1 << 9; block <= 1 << 20; block *= 8)
        for (int32_t threads = 1; threads <= 8; threads = threads * 2 + 1) {
            ASSERT_EQm(err.message, GV_OK,
                       read_whole(path, columns, true, block, threads, &fast, &err));
            ASSERT_EQ_FMT(slow.n, fast.n, "%" PRId64);
            ASSERT_EQ_FMT(slow.info.bad, fast.info.bad, "%" PRId64);
            ASSERT_EQ_FMT(slow.info.rows, fast.info.rows, "%" PRId64);
            ASSERT_MEM_EQ(slow.row, fast.row, (size_t)slow.n * sizeof *slow.row);
            ASSERT_STR_EQ(slow.said, fast.said);
        }
    PASS();
}

SUITE(marks)
{
    RUN_TESTp(agrees_with_the_careful_way, '\t', NULL);
    RUN_TESTp(agrees_with_the_careful_way, ',', NULL);
    RUN_TESTp(agrees_with_the_careful_way, '\t', "1,2,3,4,5");
    RUN_TESTp(agrees_with_the_careful_way, ',', "1,3,2,4,5");
    RUN_TESTp(agrees_with_the_careful_way, '\t', "5,3,2,4");
    RUN_TESTp(agrees_with_the_careful_way, ',', "1,3,3,4,1");
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(marks);
    text_clean();
    GREATEST_MAIN_END();
}
