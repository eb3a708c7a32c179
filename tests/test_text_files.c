/* test_text_files.c -- the streaming reader of text tables: packed, damaged, endless, random files.
 */
#include <greatest.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/graphs.h"
#include "tests/support/tables.h"
#include "tests/support/text.h"

GREATEST_MAIN_DEFS();

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

/* Whatever the bytes, the reader ends with rows or with one sentence, and the way the text is cut
 * into chunks does not show. */
TEST survives_random_bytes(void)
{
    static const char letters[] =
        "0123456789012345678901234567890123456789\t\t\t\t\n\n\n\n ,.-+#e\r\0\xff";
    static whole first;
    char text[600], path[TEXT_PATH_CHARS];
    for (uint64_t k = 0; k < 1500; k++) {
        const int64_t n = (int64_t)(600 * test_random(11, k));
        for (int64_t i = 0; i < n; i++)
            text[i] =
                letters[(size_t)((double)(sizeof letters - 1) * test_random(100 + k, (uint64_t)i))];
        text_file("random", text, n, path);
        const char *columns = k % 3 == 0 ? "1,2,3" : k % 3 == 1 ? "2,1" : NULL;
        const gv_table_opts plain = {.lenient = k % 2 == 1};
        const gv_table_opts cut = {.lenient = k % 2 == 1, .chunk = 1 + (int64_t)(k % 40)};
        first = *read_whole(1, path, plain, columns);
        const whole *w = read_whole(3, path, cut, columns);
        ASSERT(first.status == GV_OK || first.status == GV_ERR_DATA);
        ASSERT_EQ(first.status, w->status);
        ASSERT_STR_EQ(first.err.message, w->err.message);
        if (w->status != GV_OK)
            continue;
        ASSERT(first.n == w->n && first.info.rows == w->info.rows && first.info.bad == w->info.bad);
        ASSERT_MEM_EQ(first.a, w->a, (size_t)w->n * sizeof *w->a);
        ASSERT_MEM_EQ(first.b, w->b, (size_t)w->n * sizeof *w->b);
        ASSERT_MEM_EQ(first.w, w->w, (size_t)w->n * sizeof *w->w);
        ASSERT_MEM_EQ(first.line, w->line, (size_t)w->n * sizeof *w->line);
    }
    PASS();
}

static bool stop_after_two(void *data, const char *stage, int64_t done, int64_t total)
{
    return strcmp(stage, "reading") == 0 && done <= total && ++*(int *)data <= 2;
}

TEST can_be_stopped(void)
{
    static char text[1 << 16];
    static int64_t line_of[1000];
    char path[TEXT_PATH_CHARS];
    int calls = 0;
    gv_context_opts c = gv_context_defaults();
    c.progress = stop_after_two;
    c.progress_data = &calls;
    gv_context *ctx = NULL;
    gv_table *t = NULL;
    gv_batch batch = {.n_chunks = 1};
    gv_error err = {.message = ""};
    const gv_table_opts opts = {.block = 1024, .stage = "reading"};
    gv_field ids = GV_FIELD_INT;
    text_file("rows", text, make_rows(text, 1000, line_of), path);
    ASSERT_EQ(GV_OK, gv_context_create(&c, &ctx, &err));
    gv_status st = gv_table_open(ctx, path, &opts, &t, &err);
    if (st == GV_OK)
        st = gv_table_bind(t, test_roles, 2, NULL, &ids, &err);
    while (st == GV_OK && batch.n_chunks > 0)
        st = gv_table_next(t, &batch, &err);
    gv_table_close(t);
    ASSERT_EQ(GV_ERR_CANCELLED, st);
    ASSERT(calls == 3 && gv_context_memory_used(ctx) == 0);
    gv_context_free(ctx);
    PASS();
}

SUITE(packing)
{
    RUN_TEST(survives_random_bytes);
    RUN_TEST(can_be_stopped);
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
    RUN_SUITE(packing);
    text_clean();
    GREATEST_MAIN_END();
}
