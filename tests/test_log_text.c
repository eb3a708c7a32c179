/* test_log_text.c -- logs of several batches, as text and as columns: what the threads read
 * together is what the rows say, whatever their order, where new names come up, and however often
 * rows go to the disk. */
#include <greatest.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "grapevine/io.h"
#include "io/h5.h"
#include "io/ids.h"
#include "tests/support/graphs.h"
#include "tests/support/text.h"

GREATEST_MAIN_DEFS();

/* 7 MB of text or more: two batches, the first of 16 chunks. */
enum { N_ROWS = 200000, N_NODES = 300, N_ITEMS = 500, N_TOPICS = 20, ROW_CHARS = 80 };

/* Rows as they are written, and their users as nodes. */
typedef struct purchases {
    int64_t n;
    gv_node user[N_ROWS]; /* -1: not in the graph */
    int64_t item[N_ROWS], time[N_ROWS];
    int32_t topic[N_ROWS];
} purchases;

typedef enum log_order { BY_ITEM, AT_RANDOM } log_order;

static gv_error err;
static purchases rows;

static int64_t draw(uint64_t i, uint64_t column, int64_t n)
{
    return (int64_t)(test_random(21, 8 * i + column) * (double)n);
}

/* In the order of their items, as shops deliver them, or not. New items come up to the end of the
 * file then. */
static void make_rows(log_order order, bool strangers)
{
    rows.n = N_ROWS;
    for (int64_t i = 0; i < N_ROWS; i++) {
        const uint64_t k = (uint64_t)i;
        rows.user[i] = (gv_node)draw(k, 0, N_NODES);
        if (strangers && draw(k, 1, 10) == 0)
            rows.user[i] = -1;
        rows.item[i] = order == BY_ITEM ? i * N_ITEMS / N_ROWS : draw(k, 2, N_ITEMS);
        rows.topic[i] = (int32_t)(rows.item[i] % N_TOPICS);
        if (draw(k, 3, 1000) == 0)
            rows.topic[i] = (int32_t)draw(k, 4, N_TOPICS);
        rows.time[i] = draw(k, 5, 10000) - 5000;
    }
}

/* Ids are node + 5, or "u00005" and on; strangers are beyond. Ranks of names are numbers. */
static const char *write_log(bool texts, char *path)
{
    char *text = malloc((size_t)N_ROWS * ROW_CHARS), *at = text;
    for (int64_t i = 0; i < rows.n; i++) {
        const int id = rows.user[i] >= 0 ? rows.user[i] + 5 : 1000 + (int)draw((uint64_t)i, 6, 90);
        at += sprintf(at, texts ? "u%05d" : "%d", id);
        at += sprintf(at, texts ? "\tthing %04d\tkind %02d" : "\t%04d\t%d", (int)rows.item[i],
                      rows.topic[i]);
        at += sprintf(at, "\t%d\tsome more words\n", (int)rows.time[i]);
    }
    text_file("log.tsv", text, at - text, path);
    free(text);
    return path;
}

static gv_graph *people(gv_context *ctx, bool texts)
{
    char path[TEXT_PATH_CHARS], text[N_NODES * 20], *at = text;
    const char *paths[] = {path};
    gv_graph *g = NULL;
    for (int v = 0; v + 1 < N_NODES; v++)
        at += sprintf(at, texts ? "u%05d u%05d\n" : "%d %d\n", v + 5, v + 6);
    text_file("edges.tsv", text, at - text, path);
    if (gv_import(ctx, paths, 1, NULL, &g, NULL, &err) != GV_OK)
        printf("cannot import: %s\n", err.message), exit(EXIT_FAILURE);
    return g;
}

/* The log of the rows that stay. */
static gv_log *build(gv_context *ctx, bool texts)
{
    static purchases kept;
    static char text[N_TOPICS][16];
    const char *name[N_TOPICS];
    gv_log *log = NULL;
    kept.n = 0;
    for (int64_t i = 0; i < rows.n; i++) {
        if (rows.user[i] < 0)
            continue;
        kept.user[kept.n] = rows.user[i], kept.item[kept.n] = rows.item[i];
        kept.topic[kept.n] = rows.topic[i], kept.time[kept.n++] = rows.time[i];
    }
    for (int z = 0; z < N_TOPICS; z++) {
        sprintf(text[z], texts ? "kind %02d" : "%d", z);
        name[z] = text[z];
    }
    if (gv_log_build(ctx, N_NODES, kept.user, kept.item, kept.topic, kept.time, kept.n, N_TOPICS,
                     name, &log, &err) != GV_OK)
        printf("cannot build: %s\n", err.message), exit(EXIT_FAILURE);
    return log;
}

static enum greatest_test_res same_logs(const gv_log *a, const gv_log *b)
{
    const size_t items = (size_t)a->info.n_items, n = (size_t)a->info.rows_kept;
    ASSERT_EQ_FMT(a->info.rows_kept, b->info.rows_kept, "%" PRId64);
    ASSERT_EQ_FMT(a->info.n_items, b->info.n_items, "%" PRId64);
    ASSERT_EQ(a->info.n_topics, b->info.n_topics);
    ASSERT_MEM_EQ(a->item_key, b->item_key, items * sizeof *a->item_key);
    ASSERT_MEM_EQ(a->indptr, b->indptr, (items + 1) * sizeof *a->indptr);
    ASSERT_MEM_EQ(a->user, b->user, n * sizeof *a->user);
    ASSERT_MEM_EQ(a->time, b->time, n * sizeof *a->time);
    ASSERT_STR_EQ(a->hash, b->hash);
    PASS();
}

TEST reads_what_the_rows_say(log_order order, bool texts, int64_t at_once)
{
    static const int32_t threads[] = {1, 2, 3, 8};
    char path[TEXT_PATH_CHARS];
    make_rows(order, true);
    write_log(texts, path);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        gv_context *ctx = test_context(threads[i], -1);
        gv_graph *g = people(ctx, texts);
        gv_log *want = build(ctx, texts), *have = NULL;
        const gv_log_opts o = {.rows_at_once = at_once};
        ASSERT_EQm(err.message, GV_OK, gv_log_read(ctx, path, g, &o, &have, &err));
        CHECK_CALL(same_logs(want, have));
        ASSERT_EQ_FMT((int64_t)N_ROWS, have->info.rows_read, "%" PRId64);
        ASSERT_EQ_FMT(N_ROWS - want->info.rows_kept, have->info.rows_unmatched, "%" PRId64);
        ASSERT_EQ_FMT(INT64_C(90), have->info.users_unmatched, "%" PRId64);
        ASSERT_EQ(at_once > 0, have->info.bytes_spilled > 0);
        gv_log_free(want), gv_log_free(have), gv_graph_free(g);
        ASSERT_EQ_FMT(INT64_C(0), gv_context_memory_used(ctx), "%" PRId64);
        gv_context_free(ctx);
    }
    PASS();
}

/* The same rows as columns; some of them are bad, and are none of the rows. */
static int64_t write_columns(gv_context *ctx, const char *path)
{
    static int64_t user[N_ROWS], item[N_ROWS];
    static char name[N_TOPICS * GV_TOPIC_CHARS];
    const gv_h5_shape wide = gv_h5_vector(GV_I64, N_ROWS), narrow = gv_h5_vector(GV_I32, N_ROWS);
    const gv_h5_shape text = gv_h5_strings(GV_TOPIC_CHARS, N_TOPICS);
    int64_t bad = 0;
    gv_h5 *f = NULL;
    for (int64_t i = 0; i < N_ROWS; i++) {
        const bool is_bad = rows.user[i] < 0 && draw((uint64_t)i, 7, 50) == 0;
        bad += is_bad;
        user[i] = rows.user[i] >= 0 ? rows.user[i] + 5 : 1000 + draw((uint64_t)i, 6, 90);
        item[i] = is_bad ? -1 : rows.item[i];
    }
    for (int z = 0; z < N_TOPICS; z++)
        snprintf(name + z * GV_TOPIC_CHARS, GV_TOPIC_CHARS, "%d", z);
    if (gv_h5_create(ctx, path, true, "grapevine-log", 1, &f, &err) != GV_OK ||
        gv_h5_set_i64(f, "/", "n_rows", N_ROWS, &err) != GV_OK ||
        gv_h5_set_i64(f, "/", "n_topics", N_TOPICS, &err) != GV_OK ||
        gv_h5_write(f, "/user", &wide, user, NULL, &err) != GV_OK ||
        gv_h5_write(f, "/item", &wide, item, NULL, &err) != GV_OK ||
        gv_h5_write(f, "/time", &wide, rows.time, NULL, &err) != GV_OK ||
        gv_h5_write(f, "/topic", &narrow, rows.topic, NULL, &err) != GV_OK ||
        gv_h5_write(f, "/topics/name", &text, name, NULL, &err) != GV_OK ||
        gv_h5_commit(&f, &err) != GV_OK)
        printf("cannot write: %s\n", err.message), exit(EXIT_FAILURE);
    return bad;
}

static void count_message(void *data, const char *message)
{
    *(int *)data += strstr(message, "/item[") != NULL;
}

TEST reads_what_the_columns_say(log_order order, int64_t at_once)
{
    static const int32_t threads[] = {1, 2, 3, 8};
    char path[TEXT_PATH_CHARS];
    make_rows(order, true);
    text_file("log.h5", "", 0, path);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        int messages = 0;
        gv_context *ctx = test_context(threads[i], -1);
        gv_graph *g = people(ctx, false);
        gv_log *want = build(ctx, false), *have = NULL;
        const int64_t bad = write_columns(ctx, path);
        const gv_log_opts o = {.rows_at_once = at_once,
                               .lenient = true,
                               .bad_row = count_message,
                               .bad_row_data = &messages};
        ASSERT_EQm(err.message, GV_OK, gv_log_read(ctx, path, g, &o, &have, &err));
        CHECK_CALL(same_logs(want, have));
        ASSERT_EQ_FMT((int64_t)N_ROWS, have->info.rows_read, "%" PRId64);
        ASSERT_EQ_FMT(bad, have->info.rows_bad, "%" PRId64);
        ASSERT_EQ(100, messages);
        ASSERT_EQ_FMT(N_ROWS - bad - want->info.rows_kept, have->info.rows_unmatched, "%" PRId64);
        ASSERT_EQ_FMT(INT64_C(90), have->info.users_unmatched, "%" PRId64);
        ASSERT_EQ(at_once > 0, have->info.bytes_spilled > 0);
        gv_log_free(want), gv_log_free(have), gv_graph_free(g);
        ASSERT_EQ_FMT(INT64_C(0), gv_context_memory_used(ctx), "%" PRId64);
        gv_context_free(ctx);
    }
    PASS();
}

/* What a log holds when it was read is no more than its rows take. */
TEST holds_no_more_than_the_log(void)
{
    char path[TEXT_PATH_CHARS];
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = people(ctx, false);
    gv_log *log = NULL;
    make_rows(AT_RANDOM, false);
    write_log(false, path);
    const int64_t before = gv_context_memory_used(ctx);
    ASSERT_EQm(err.message, GV_OK, gv_log_read(ctx, path, g, NULL, &log, &err));
    const int64_t held = gv_context_memory_used(ctx) - before;
    ASSERT_GTE(held, 12 * log->info.rows_kept);
    ASSERT_LT(held, 13 * log->info.rows_kept + (INT64_C(1) << 20));
    gv_log_free(log), gv_graph_free(g), gv_context_free(ctx);
    PASS();
}

/* Consecutive ids, ids with gaps, ids far apart: each is found at its place, and nothing else. */
TEST finds_ids(int64_t first, int64_t step)
{
    enum { N = 1000 };
    int64_t id[N];
    gv_context *ctx = test_context(1, -1);
    gv_id_index index;
    for (int64_t i = 0; i < N; i++)
        id[i] = first + step * i;
    ASSERT_EQ(GV_OK, gv_id_index_begin(ctx, &index, id, N, &err));
    ASSERT_EQ(step == 1, index.all);
    for (int64_t i = 0; i < N; i++) {
        ASSERT_EQ_FMT((int)i, gv_id_index_find(&index, id[i]), "%d");
        ASSERT_EQ_FMT((int)i, gv_id_index_place(&index, id[i]), "%d");
        if (step > 1)
            ASSERT_EQ_FMT(-1, gv_id_index_find(&index, id[i] + 1), "%d");
    }
    ASSERT_EQ_FMT(-1, gv_id_index_find(&index, first - 1), "%d");
    ASSERT_EQ_FMT(-1, gv_id_index_find(&index, id[N - 1] + 1), "%d");
    gv_id_index_end(&index);
    ASSERT_EQ_FMT(INT64_C(0), gv_context_memory_used(ctx), "%" PRId64);
    gv_context_free(ctx);
    PASS();
}

SUITE(log_text)
{
    RUN_TESTp(reads_what_the_rows_say, BY_ITEM, false, 0);
    RUN_TESTp(reads_what_the_rows_say, AT_RANDOM, false, 0);
    RUN_TESTp(reads_what_the_rows_say, BY_ITEM, true, 0);
    RUN_TESTp(reads_what_the_rows_say, AT_RANDOM, true, 0);
    RUN_TESTp(reads_what_the_rows_say, BY_ITEM, false, 33333);
    RUN_TESTp(reads_what_the_rows_say, AT_RANDOM, true, 77777);
    RUN_TESTp(reads_what_the_columns_say, BY_ITEM, 0);
    RUN_TESTp(reads_what_the_columns_say, AT_RANDOM, 44444);
    RUN_TEST(holds_no_more_than_the_log);
    RUN_TESTp(finds_ids, -500, 1);
    RUN_TESTp(finds_ids, -500, 7);
    RUN_TESTp(finds_ids, INT64_C(1) << 40, INT64_C(1) << 30);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(log_text);
    text_clean();
    GREATEST_MAIN_END();
}
