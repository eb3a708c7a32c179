/* test_log.c -- purchase logs built from arrays. */
#include <string.h>

#include "grapevine/grapevine.h"

#include "engine/context.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "greatest.h"
#include "support/graphs.h"

/* Rows of a small log in some order; row 7 is row 2 once more. */
enum { ROWS = 8 };
static const gv_node USER[ROWS] = {3, 1, 0, 2, 1, 3, 2, 0};
static const int64_t ITEM[ROWS] = {7, 7, 7, 7, 7, 5, 9, 7};
static const int32_t TOPIC[ROWS] = {1, 1, 1, 1, 0, 1, 0, 1};
static const int64_t TIME[ROWS] = {40, 10, 40, -5, 60, 100, 20, 40};
static const char *const NAME[] = {"toys", "food", "none"};

static gv_log *build(gv_context *ctx, const int *order)
{
    gv_node user[ROWS];
    int64_t item[ROWS], time[ROWS];
    int32_t topic[ROWS];
    gv_log *log = NULL;
    for (int i = 0; i < ROWS; i++) {
        const int from = order != NULL ? order[i] : i;
        user[i] = USER[from], item[i] = ITEM[from], topic[i] = TOPIC[from], time[i] = TIME[from];
    }
    return gv_log_build(ctx, 4, user, item, topic, time, ROWS, 3, NAME, &log, NULL) == GV_OK ? log
                                                                                             : NULL;
}

TEST groups_and_orders_rows(void)
{
    static const int64_t indptr[] = {0, 1, 2, 7, 8}, time[] = {100, 60, -5, 10, 40, 40, 40, 20};
    static const int32_t topics[] = {1, 0, 1, 0};
    static const gv_node user[] = {3, 1, 2, 1, 0, 0, 3, 2};
    static const int64_t items[] = {2, 2, 0};
    gv_context *ctx = test_context(1, -1);
    gv_log *log = build(ctx, NULL);
    ASSERT(log != NULL);
    const gv_log_info info = gv_log_describe(log);
    ASSERT_EQ(ROWS, info.rows_read);
    ASSERT_EQ(ROWS, info.rows_kept);
    ASSERT_EQ(0, info.rows_unmatched + info.users_unmatched + info.rows_bad);
    ASSERT_EQ(4, info.n_items);
    ASSERT_EQ(3, info.n_topics);
    ASSERT_EQ(-5, info.time_begin);
    ASSERT_EQ(100, info.time_end);
    ASSERT_MEM_EQ(indptr, log->indptr, sizeof indptr);
    ASSERT_MEM_EQ(topics, log->item_topic, sizeof topics);
    ASSERT_MEM_EQ(user, log->user, sizeof user);
    ASSERT_MEM_EQ(time, log->time, sizeof time);
    ASSERT_MEM_EQ(items, log->topic_items, sizeof items);
    ASSERT_STR_EQ("toys", gv_log_topic(log, 0));
    ASSERT_EQ(NULL, gv_log_topic(log, 3));
    ASSERT_EQ(NULL, gv_log_topic(log, -1));
    gv_log_free(log);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST ignores_order_of_rows(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_log *one = build(ctx, NULL);
    for (uint64_t trial = 0; trial < 20; trial++) {
        int order[ROWS];
        for (int i = 0; i < ROWS; i++)
            order[i] = i;
        for (int i = ROWS - 1; i > 0; i--) {
            const int j = (int)(test_random(trial, (uint64_t)i) * (i + 1)), swap = order[i];
            order[i] = order[j], order[j] = swap;
        }
        gv_log *other = build(ctx, order);
        ASSERT_STR_EQ(one->hash, other->hash);
        ASSERT_MEM_EQ(one->user, other->user, sizeof USER);
        ASSERT_MEM_EQ(one->time, other->time, sizeof TIME);
        ASSERT_MEM_EQ(one->item_key, other->item_key, 4 * sizeof *one->item_key);
        gv_log_free(other);
    }
    gv_log_free(one);
    gv_context_free(ctx);
    PASS();
}

/* The key of an item stays when other rows and topics come and go. */
TEST item_keys_are_canonical(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_log *whole = build(ctx, NULL), *part = NULL;
    const gv_node user = 2;
    const int64_t item = 7, time = 1;
    const int32_t topic = 0;
    const char *const name = "food";
    ASSERT_EQ(GV_OK, gv_log_build(ctx, 9, &user, &item, &topic, &time, 1, 1, &name, &part, NULL));
    ASSERT_EQ(whole->item_key[2], part->item_key[0]);
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < a; b++)
            ASSERT_NEQ(whole->item_key[a], whole->item_key[b]);
    gv_log_free(part);
    gv_log_free(whole);
    gv_context_free(ctx);
    PASS();
}

TEST large_logs_ignore_threads(void)
{
    enum { N = 60000, NODES = 500 };
    gv_node *user = malloc(N * sizeof *user);
    int64_t *item = malloc(N * sizeof *item), *time = malloc(N * sizeof *time);
    int32_t *topic = malloc(N * sizeof *topic);
    char hash[GV_HASH_CHARS + 1] = "";
    for (uint64_t i = 0; i < N; i++) {
        user[i] = (gv_node)(test_random(1, i) * NODES);
        item[i] = (int64_t)(test_random(2, i) * 900);
        topic[i] = (int32_t)(test_random(3, i) * 3);
        time[i] = (int64_t)(test_random(4, i) * 1000) - 500;
    }
    for (int32_t threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
        gv_context *ctx = test_context(threads, -1);
        gv_log *log = NULL;
        ASSERT_EQ(GV_OK, gv_log_build(ctx, NODES, user, item, topic, time, N, 3, NULL, &log, NULL));
        for (int64_t a = 0; a < log->info.n_items; a++)
            for (int64_t i = log->indptr[a] + 1; i < log->indptr[a + 1]; i++)
                ASSERT(log->time[i - 1] < log->time[i] ||
                       (log->time[i - 1] == log->time[i] && log->user[i - 1] <= log->user[i]));
        if (threads > 1)
            ASSERT_STR_EQ(hash, log->hash);
        memcpy(hash, log->hash, sizeof hash);
        ASSERT_STR_EQ("2", gv_log_topic(log, 2));
        gv_log_free(log);
        gv_context_free(ctx);
    }
    free(user), free(item), free(time), free(topic);
    PASS();
}

TEST blind_log_keeps_items_apart(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_log *log = build(ctx, NULL), *blind = NULL;
    ASSERT_EQ(GV_OK, gv_log_topic_blind(ctx, log, &blind, NULL));
    ASSERT_MEM_EQ(log->indptr, blind->indptr, 5 * sizeof *log->indptr);
    ASSERT_MEM_EQ(log->item_key, blind->item_key, 4 * sizeof *log->item_key);
    ASSERT(strcmp(log->hash, blind->hash) != 0);
    gv_log_free(log);
    ASSERT_EQ(1, gv_log_describe(blind).n_topics);
    ASSERT_EQ(4, gv_log_describe(blind).n_items);
    ASSERT_EQ(4, blind->topic_items[0]);
    ASSERT_EQ(100, gv_log_describe(blind).time_end);
    ASSERT_STR_EQ("all", gv_log_topic(blind, 0));
    for (int a = 0; a < 4; a++)
        ASSERT_EQ(0, blind->item_topic[a]);
    gv_log_free(blind);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST empty_logs_are_fine(void)
{
    gv_context *ctx = test_context(2, -1);
    for (int32_t topics = 0; topics < 3; topics++) {
        gv_log *log = NULL, *blind = NULL;
        ASSERT_EQ(GV_OK, gv_log_build(ctx, 0, NULL, NULL, NULL, NULL, 0, topics, NULL, &log, NULL));
        ASSERT_EQ(0, gv_log_describe(log).n_items);
        ASSERT_EQ(0, gv_log_describe(log).time_end);
        ASSERT_EQ(GV_OK, gv_log_topic_blind(ctx, log, &blind, NULL));
        ASSERT_EQ(1, gv_log_describe(blind).n_topics);
        gv_log_free(blind);
        gv_log_free(log);
    }
    gv_context_free(ctx);
    PASS();
}

/* One row, one of whose values is out of range. */
static const char *message_of(gv_node user, int64_t item, int32_t topic, int64_t time)
{
    static gv_error err;
    gv_context *ctx = test_context(1, -1);
    gv_log *log = NULL;
    const gv_node users[] = {0, user};
    const int64_t items[] = {0, item}, times[] = {0, time};
    const int32_t topics[] = {0, topic};
    const gv_status st = gv_log_build(ctx, 4, users, items, topics, times, 2, 3, NAME, &log, &err);
    gv_context_free(ctx);
    return st == GV_ERR_RANGE && log == NULL ? err.message : "no error";
}

TEST refuses_values_out_of_range(void)
{
    ASSERT_STR_EQ("log: row 1: user 4 is not in [0, 4)", message_of(4, 0, 0, 0));
    ASSERT_STR_EQ("log: row 1: user -1 is not in [0, 4)", message_of(-1, 0, 0, 0));
    ASSERT_STR_EQ("log: row 1: item -3 is negative", message_of(0, -3, 0, 0));
    ASSERT_STR_EQ("log: row 1: topic 3 is not in [0, 3)", message_of(0, 0, 3, 0));
    ASSERT_STR_EQ("log: row 1: time 1000000000000001 is not in [-10^15, 10^15]",
                  message_of(0, 0, 0, GV_TIME_LIMIT + 1));
    ASSERT_STR_EQ("log: row 1: time -9223372036854775808 is not in [-10^15, 10^15]",
                  message_of(0, 0, 0, INT64_MIN));
    gv_context *ctx = test_context(1, -1);
    gv_error err;
    gv_log *log = NULL;
    const char *const longname =
        "12345678901234567890123456789012345678901234567890123456789012345";
    ASSERT_EQ(GV_ERR_RANGE, gv_log_build(ctx, -1, NULL, NULL, NULL, NULL, 0, 0, NULL, &log, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_log_build(ctx, 0, NULL, NULL, NULL, NULL, -1, 0, NULL, &log, &err));
    ASSERT_EQ(GV_ERR_RANGE,
              gv_log_build(ctx, 0, NULL, NULL, NULL, NULL, 0, 1, &longname, &log, &err));
    ASSERT_STR_EQ("log: the name of topic 0 has 65 bytes, more than 64", err.message);
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    bool built = false;
    for (int64_t k = 0; !built; k++) {
        gv_context *ctx = test_context(1, k);
        gv_log *log = build(ctx, NULL), *blind = NULL;
        if (log != NULL && gv_log_topic_blind(ctx, log, &blind, NULL) == GV_OK) {
            built = true;
            ASSERT_GT(k, 12);
        }
        gv_log_free(blind);
        gv_log_free(log);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
        ASSERT_LT(k, 100);
    }
    PASS();
}

/* Rows in arrays that are given away; `wide`: whose ranges fit into no key. */
static gv_log_arrays arrays(gv_context *ctx, int64_t n, bool wide)
{
    gv_log_arrays a = {.n = n};
    a.user = gv_alloc(ctx, 2 * n, sizeof *a.user);
    a.item = gv_alloc(ctx, 2 * n, sizeof *a.item);
    a.topic = gv_alloc(ctx, 2 * n, sizeof *a.topic);
    a.time = gv_alloc(ctx, 2 * n, sizeof *a.time);
    for (int64_t i = 0; i < n; i++) {
        const uint64_t k = 4 * (uint64_t)i;
        a.user[i] = (gv_node)(test_random(5, k) * 90);
        a.item[i] = (int64_t)(test_random(5, k + 1) * (wide ? 9e18 : 30));
        a.topic[i] = (int32_t)(test_random(5, k + 2) * 3);
        a.time[i] = (int64_t)(test_random(5, k + 3) * 2e3) - 1000;
    }
    return a;
}

TEST taken_rows_make_the_same_log(bool wide, int64_t n)
{
    for (int32_t threads = 1; threads <= 3; threads++) {
        gv_context *ctx = test_context(threads, -1);
        gv_log_arrays a = arrays(ctx, n, wide);
        gv_log *built = NULL, *taken = NULL;
        ASSERT_EQ(GV_OK,
                  gv_log_build(ctx, 90, a.user, a.item, a.topic, a.time, n, 3, NAME, &built, NULL));
        ASSERT_EQ(GV_OK, gv_log_take(ctx, 90, &a, 3, NAME, &taken, NULL));
        ASSERT(a.user == NULL && a.item == NULL && a.topic == NULL && a.time == NULL);
        ASSERT_EQ(built->info.n_items, taken->info.n_items);
        ASSERT_STR_EQ(built->hash, taken->hash);
        ASSERT_MEM_EQ(built->user, taken->user, (size_t)n * sizeof *built->user);
        ASSERT_MEM_EQ(built->time, taken->time, (size_t)n * sizeof *built->time);
        gv_log_free(built), gv_log_free(taken);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    PASS();
}

/* The arrays are gone whatever fails. */
TEST taken_rows_are_freed(bool wide)
{
    gv_log *log = NULL;
    for (int64_t k = 4; log == NULL; k++) {
        gv_context *ctx = test_context(1, k);
        gv_log_arrays a = arrays(ctx, 50, wide);
        const gv_status st = gv_log_take(ctx, 90, &a, 3, NAME, &log, NULL);
        ASSERT_EQ(log != NULL ? GV_OK : GV_ERR_NOMEM, st);
        gv_log_free(log);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
        ASSERT_LT(k, 100);
    }
    gv_context *ctx = test_context(1, -1);
    gv_log_arrays a = arrays(ctx, 50, wide);
    a.user[49] = 90;
    ASSERT_EQ(GV_ERR_RANGE, gv_log_take(ctx, 90, &a, 3, NAME, &log, NULL));
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Who buys what, and when an item sells, stay; who buys when does not. */
static enum greatest_test_res same_but_for_who_when(const gv_log *log, const gv_log *got)
{
    int64_t moved = 0;
    for (int64_t a = 0; a < log->info.n_items; a++) {
        int64_t count[300] = {0};
        for (int64_t i = log->indptr[a]; i < log->indptr[a + 1]; i++) {
            count[log->user[i]]++, count[got->user[i]]--;
            moved += log->user[i] != got->user[i];
            if (i > log->indptr[a] && got->time[i] == got->time[i - 1])
                ASSERT(got->user[i] >= got->user[i - 1]);
        }
        for (int u = 0; u < 300; u++)
            ASSERT_EQ(0, count[u]);
    }
    ASSERT(moved > log->info.rows_kept / 2);
    PASS();
}

static enum greatest_test_res shuffling_survives_failed_allocations(const gv_log *log)
{
    gv_error err;
    int64_t fails = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; fails++) {
        gv_context *tight = test_context(1, fails);
        gv_log *other = NULL;
        st = gv_log_shuffled(tight, log, 1, &other, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        gv_log_free(other);
        ASSERT_EQ(0, gv_context_memory_used(tight));
        gv_context_free(tight);
    }
    ASSERT(fails > 7);
    PASS();
}

TEST shuffled_logs(void)
{
    enum { N = 4000 };
    static gv_node user[N], shuffled[N];
    static int64_t item[N], time[N];
    static int32_t topic[N];
    gv_error err;
    for (uint64_t i = 0; i < N; i++) {
        user[i] = (gv_node)(test_random(1, i) * 300.0);
        item[i] = (int64_t)(test_random(2, i) * 20.0);
        topic[i] = (int32_t)(item[i] % 3);
        time[i] = (int64_t)(test_random(3, i) * 50.0);
    }
    for (int threads = 1; threads <= 3; threads++) {
        gv_context *ctx = test_context(threads, -1), *own = test_context(threads, -1);
        gv_log *log, *got, *other;
        ASSERT_EQ(GV_OK, gv_log_build(ctx, 300, user, item, topic, time, N, 3, NULL, &log, &err));
        ASSERT_EQ(N, log->info.rows_kept);
        ASSERT_EQ(GV_OK, gv_log_shuffled(own, log, 5, &got, &err));
        ASSERT_EQ(GV_OK, gv_log_shuffled(own, log, 6, &other, &err));
        ASSERT_MEM_EQ(log->time, got->time, sizeof time);
        ASSERT_MEM_EQ(log->indptr, got->indptr, 21 * sizeof *log->indptr);
        ASSERT(strcmp(log->hash, got->hash) != 0);
        ASSERT(strcmp(other->hash, got->hash) != 0);
        CHECK_CALL(same_but_for_who_when(log, got));
        if (threads == 1)
            memcpy(shuffled, got->user, sizeof shuffled);
        ASSERT_MEM_EQ(shuffled, got->user, sizeof shuffled);
        gv_log_free(other), gv_log_free(log);
        CHECK_CALL(shuffling_survives_failed_allocations(got));
        gv_context_free(ctx);
        gv_log_free(got);
        gv_context_free(own);
    }
    PASS();
}

SUITE(purchase_log)
{
    RUN_TEST(shuffled_logs);
    RUN_TEST(groups_and_orders_rows);
    RUN_TEST(ignores_order_of_rows);
    RUN_TEST(item_keys_are_canonical);
    RUN_TEST(large_logs_ignore_threads);
    RUN_TEST(blind_log_keeps_items_apart);
    RUN_TEST(empty_logs_are_fine);
    RUN_TEST(refuses_values_out_of_range);
    RUN_TEST(survives_every_failed_allocation);
    for (int wide = 0; wide < 2; wide++) {
        RUN_TESTp(taken_rows_make_the_same_log, wide, 0);
        RUN_TESTp(taken_rows_make_the_same_log, wide, 1);
        RUN_TESTp(taken_rows_make_the_same_log, wide, wide ? 20000 : 600000);
        RUN_TEST1(taken_rows_are_freed, wide);
    }
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(purchase_log);
    GREATEST_MAIN_END();
}
