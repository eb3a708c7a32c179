/* test_log_read.c -- purchase logs, lists of consumers and teleport files as text. */
#include <greatest.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "engine/log.h"
#include "grapevine/io.h"
#include "tests/support/graphs.h"
#include "tests/support/text.h"

GREATEST_MAIN_DEFS();

static gv_graph *graph_of(gv_context *ctx, const char *edges)
{
    char path[TEXT_PATH_CHARS];
    const char *paths[] = {text_file("edges.tsv", edges, -1, path)};
    gv_graph *g = NULL;
    gv_error err;
    if (gv_import(ctx, paths, 1, NULL, &g, NULL, &err) != GV_OK)
        printf("cannot import: %s\n", err.message), exit(EXIT_FAILURE);
    return g;
}

/* The message without the folder of the temporary files. */
static const char *short_message(const gv_error *err)
{
    const char *name = strstr(err->message, "log.tsv:");
    name = name != NULL ? name : strstr(err->message, "ids.txt:");
    name = name != NULL ? name : strstr(err->message, "teleport.tsv:");
    return name != NULL ? name : err->message;
}

/* ---- logs --------------------------------------------------------------------------------------
 */

TEST reads_a_log(void)
{
    char path[TEXT_PATH_CHARS];
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, "1 2\n2 30\n");
    gv_log *log = NULL;
    gv_error err = {.message = ""};
    text_file("log.tsv",
              "who,what,kind,when,stars\n"
              "30,700,10,2012-01-01,5\n"
              "1,700,10,1325376001,0\n"
              "4,700,10,0,1\n"
              "4,701,10,0,1\n"
              "5,701,9,0,1\n"
              "2,7,9,2012-01-01T00:00:02Z,4.5\n",
              -1, path);
    const gv_log_opts o = {.columns = "who,what,kind,when,stars"};
    ASSERT_EQm(err.message, GV_OK, gv_log_read(ctx, path, g, &o, &log, &err));
    const gv_log_info i = gv_log_describe(log);
    ASSERT(i.rows_read == 6 && i.rows_kept == 3 && i.rows_bad == 0);
    ASSERT(i.rows_unmatched == 3 && i.users_unmatched == 2);
    ASSERT(i.n_topics == 2 && i.n_items == 2);
    ASSERT(i.time_begin == 1325376000 && i.time_end == 1325376002);
    ASSERT_STR_EQ("9", gv_log_topic(log, 0));
    ASSERT_STR_EQ("10", gv_log_topic(log, 1));
    ASSERT(log->user[0] == 1 && log->user[1] == 2 && log->user[2] == 0);
    ASSERT(log->item_topic[0] == 0 && log->item_topic[1] == 1);
    gv_log_free(log), gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST reads_texts_everywhere(void)
{
    char path[TEXT_PATH_CHARS];
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, "al bob\nbob alfred\n");
    gv_log *log = NULL;
    gv_error err = {.message = ""};
    text_file("log.tsv",
              "al\tB00X\tfood & drink\t5\nbob\tA1\tcars\t6\nalf\tA1\tcars\t6\nzoe\tA1\tcars\t6\n"
              "alfred\t12\t10\t7\nalf\tA1\tcars\t6\n",
              -1, path);
    ASSERT_EQm(err.message, GV_OK, gv_log_read(ctx, path, g, NULL, &log, &err));
    const gv_log_info i = gv_log_describe(log);
    ASSERT(i.rows_read == 6 && i.rows_kept == 3 && i.rows_unmatched == 3 && i.users_unmatched == 2);
    ASSERT(i.n_topics == 3 && i.n_items == 3);
    ASSERT_STR_EQ("10", gv_log_topic(log, 0));
    ASSERT_STR_EQ("cars", gv_log_topic(log, 1));
    ASSERT_STR_EQ("food & drink", gv_log_topic(log, 2));
    /* Items by name: 12, A1, B00X. */
    ASSERT(log->user[0] == 1 && log->user[1] == 2 && log->user[2] == 0);
    gv_log_free(log), gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Shuffled rows, items of both kinds: one log, to the hash. */
TEST ignores_order_and_threads(int texts)
{
    static char text[400000];
    static const int32_t threads[] = {1, 2, 3, 8};
    enum { N = 12000 };
    static int row[N];
    char path[TEXT_PATH_CHARS], hash[GV_HASH_CHARS + 1] = "";
    for (int order = 0; order < 4; order++) {
        gv_context *ctx = test_context(threads[order], -1);
        gv_graph *g = graph_of(ctx, "1 2\n2 3\n3 4\n4 5\n5 9\n");
        gv_log *log = NULL;
        gv_error err = {.message = ""};
        for (int i = 0; i < N; i++)
            row[i] = i;
        for (int i = N - 1; i > 0 && order > 0; i--) {
            const int j = (int)(test_random((uint64_t)order, (uint64_t)i) * (i + 1));
            const int swap = row[i];
            row[i] = row[j], row[j] = swap;
        }
        char *at = text;
        for (int i = 0; i < N; i++) {
            const uint64_t k = (uint64_t)row[i];
            at += sprintf(at, "%d\t%s%d\t%d\t%d\n", (int)(12 * test_random(9, 4 * k)),
                          texts && k == 5000 ? "x" : "", (int)(500 * test_random(9, 4 * k + 1)),
                          (int)(15 * test_random(9, 4 * k + 2)),
                          (int)(100 * test_random(9, 4 * k + 3)));
        }
        text_file("log.tsv", text, at - text, path);
        ASSERT_EQm(err.message, GV_OK, gv_log_read(ctx, path, g, NULL, &log, &err));
        if (order == 0)
            memcpy(hash, log->hash, sizeof hash);
        ASSERT_STR_EQ(hash, log->hash);
        ASSERT(gv_log_describe(log).rows_unmatched > 0 &&
               gv_log_describe(log).users_unmatched == 6);
        gv_log_free(log), gv_graph_free(g);
        gv_context_free(ctx);
    }
    PASS();
}

typedef struct bad_case {
    const char *graph, *text, *columns, *message;
    gv_status status;
} bad_case;

TEST says_what_is_wrong_with_a_log(const bad_case *c)
{
    char path[TEXT_PATH_CHARS];
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, c->graph);
    gv_log *log = NULL;
    gv_error err = {.message = ""};
    const gv_log_opts o = {.columns = c->columns};
    text_file("log.tsv", c->text, -1, path);
    ASSERT_EQ(c->status, gv_log_read(ctx, path, g, &o, &log, &err));
    ASSERT_STR_EQ(c->message, short_message(&err));
    gv_graph_free(g);
    ASSERT(log == NULL && gv_context_memory_used(ctx) == 0);
    gv_context_free(ctx);
    PASS();
}

static void count_call(void *data, const char *message)
{
    (void)message;
    ++*(int *)data;
}

TEST skips_bad_rows(void)
{
    char path[TEXT_PATH_CHARS];
    int calls = 0;
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, "1 2\n");
    gv_log *log = NULL;
    gv_error err = {.message = ""};
    const gv_log_opts o = {.lenient = true, .bad_row = count_call, .bad_row_data = &calls};
    text_file("log.tsv", "1 7 a 5\n2 7 a soon\n1 8\nx 7 a 6\n2 8 a 7\n", -1, path);
    ASSERT_EQm(err.message, GV_OK, gv_log_read(ctx, path, g, &o, &log, &err));
    const gv_log_info i = gv_log_describe(log);
    ASSERT(i.rows_read == 5 && i.rows_bad == 3 && i.rows_kept == 2 && calls == 3);
    gv_log_free(log), gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

TEST reads_real_purchases(void)
{
    char edges[1024], actions[1024];
    if (test_data("ciao/edges.tsv.gz", edges) == NULL ||
        test_data("ciao/actions.tsv.gz", actions) == NULL)
        SKIPm("no real data here");
    gv_context *ctx = test_context(2, -1);
    const char *paths[] = {edges};
    gv_graph *g = NULL;
    gv_log *log = NULL;
    gv_error err = {.message = ""};
    ASSERT_EQm(err.message, GV_OK, gv_import(ctx, paths, 1, NULL, &g, NULL, &err));
    const gv_log_opts o = {.columns = "user,item,category,time,rating"};
    ASSERT_EQm(err.message, GV_OK, gv_log_read(ctx, actions, g, &o, &log, &err));
    const gv_log_info i = gv_log_describe(log);
    ASSERT_EQ_FMT(INT64_C(283896), i.rows_read, "%" PRId64);
    ASSERT_EQ_FMT(INT64_C(283136), i.rows_kept, "%" PRId64);
    ASSERT_EQ_FMT(INT64_C(760), i.rows_unmatched, "%" PRId64);
    ASSERT_EQ_FMT(INT64_C(58), i.users_unmatched, "%" PRId64);
    ASSERT_EQ(28, i.n_topics);
    ASSERT_STR_EQ("28", gv_log_topic(log, 27));
    gv_log_free(log), gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- lists of consumers ------------------------------------------------------------------------
 */

typedef struct list_case {
    const char *graph, *file, *list; /* either a file's text or a list */
    const char *message;             /* "" for success */
    gv_status status;
    int64_t n;
    gv_node node[4];
} list_case;

TEST reads_lists(const list_case *c)
{
    char path[TEXT_PATH_CHARS];
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, c->graph);
    gv_node *node = NULL;
    int64_t n = -1;
    gv_error err = {.message = ""};
    const char *spec = c->file != NULL ? text_file("ids.txt", c->file, -1, path) : c->list;
    ASSERT_EQ(c->status, gv_nodes_read(ctx, g, spec, &node, &n, &err));
    ASSERT_STR_EQ(c->message, short_message(&err));
    if (c->status == GV_OK) {
        ASSERT_EQ_FMT(c->n, n, "%" PRId64);
        ASSERT_MEM_EQ(c->node, node, (size_t)n * sizeof *node);
    }
    gv_nodes_free(ctx, node), gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* ---- teleport files ----------------------------------------------------------------------------
 */

TEST reads_teleports(void)
{
    static const char *const texts[] = {
        "column,id,weight\n10,3,1\n9,1,.5\n10,1,2\n9,2,0\n10,1,1\n",
        "# any order\n10 1 1\n9 2 0\n10 1 2\n10 3 1\n9 1 .5\n",
    };
    static const int64_t offset[] = {0, 2, 5};
    static const gv_node node[] = {0, 1, 0, 0, 2};
    static const double weight[] = {.5, 0, 2, 1, 1};
    char path[TEXT_PATH_CHARS];
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, "1 2\n2 3\n");
    for (int i = 0; i < 2; i++) {
        gv_teleport_table t;
        gv_error err = {.message = ""};
        text_file("teleport.tsv", texts[i], -1, path);
        ASSERT_EQm(err.message, GV_OK, gv_teleport_read(ctx, g, path, &t, &err));
        ASSERT_EQ(2, t.n_columns);
        ASSERT_MEM_EQ(offset, t.offset, sizeof offset);
        ASSERT_MEM_EQ(node, t.node, sizeof node);
        ASSERT_MEM_EQ(weight, t.weight, sizeof weight);
        ASSERT_STR_EQ("9", t.name);
        ASSERT_STR_EQ("10", t.name + GV_COLUMN_CHARS);
        gv_teleport_free(ctx, &t);
    }
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST says_what_is_wrong_with_teleports(const bad_case *c)
{
    char path[TEXT_PATH_CHARS];
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, c->graph);
    gv_teleport_table t;
    gv_error err = {.message = ""};
    text_file("teleport.tsv", c->text, -1, path);
    ASSERT_EQ(c->status, gv_teleport_read(ctx, g, path, &t, &err));
    ASSERT_STR_EQ(c->message, short_message(&err));
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST reads_times(void)
{
    gv_error err = {.message = ""};
    int64_t t = 0;
    ASSERT(gv_time_parse("2012-01-01", &t, &err) == GV_OK && t == 1325376000);
    ASSERT(gv_time_parse("-7", &t, &err) == GV_OK && t == -7);
    ASSERT_EQ(GV_ERR_ARG, gv_time_parse("soon", &t, &err));
    ASSERT_STR_EQ("\"soon\" is not unix seconds, a date or a date and time", err.message);
    PASS();
}

/* ---- memory ------------------------------------------------------------------------------------
 */

/* Reads all three kinds of file on a graph that was made before. */
static gv_status read_all(gv_context *ctx, const gv_graph *g, const char *const *path,
                          gv_error *err)
{
    gv_log *log = NULL;
    gv_node *node = NULL;
    int64_t n;
    gv_teleport_table t;
    gv_status st = gv_log_read(ctx, path[0], g, NULL, &log, err);
    gv_log_free(log);
    if (st == GV_OK)
        st = gv_nodes_read(ctx, g, path[1], &node, &n, err);
    if (st == GV_OK)
        gv_nodes_free(ctx, node);
    if (st == GV_OK)
        st = gv_nodes_read(ctx, g, path[2], &node, &n, err);
    if (st == GV_OK)
        gv_nodes_free(ctx, node);
    if (st == GV_OK)
        st = gv_teleport_read(ctx, g, path[3], &t, err);
    if (st == GV_OK)
        gv_teleport_free(ctx, &t);
    return st;
}

TEST survives_every_failed_allocation(int texts)
{
    char log[TEXT_PATH_CHARS], ids[TEXT_PATH_CHARS], teleport[TEXT_PATH_CHARS];
    const char *path[] = {
        text_gzip("log.tsv", texts ? "a 7 x 5\nb 8 y 6\nq 8 y 6\n" : "1 7 1 5\n2 8 2 6\n9 8 1 6\n",
                  -1, 0, log),
        text_file("ids.txt", texts ? "a\nb\n" : "1\n2\n", -1, ids), texts ? "a,b" : "1,2",
        text_file("teleport.tsv", texts ? "x,a,1\ny,b,2\n" : "x,1,1\ny,2,2\n", -1, teleport)};
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = graph_of(ctx, texts ? "a b\n" : "1 2\n");
    const int64_t held = gv_context_memory_used(ctx);
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    for (; st != GV_OK; k++) {
        gv_error err = {.message = ""};
        ctx->allocations = 0;
        ctx->fail_allocation = k;
        st = read_all(ctx, g, path, &err);
        ASSERTm(err.message, st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ_FMT(held, gv_context_memory_used(ctx), "%" PRId64);
        ASSERT_LT(k, 1000);
    }
    ASSERT_GT(k, 60);
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

SUITE(logs)
{
    static const char ints[] = "1 2\n";
    static const bad_case cases[] = {
        {ints, "1 7 a\n", NULL, "log.tsv:1: 3 columns, expected at least 4", GV_ERR_DATA},
        {ints, "1 7 a 5\nbob 7 a 5\n", NULL,
         "log.tsv:2: user \"bob\" is not an integer; the graph has integer ids", GV_ERR_DATA},
        {ints, "1,7,a,5\n1,7,a,May\n", NULL,
         "log.tsv:2: time \"May\" is not unix seconds, a date or a date and time", GV_ERR_DATA},
        {ints, "1,7,a,5\n1,7,a,1000000000000001\n", NULL,
         "log.tsv:2: time 1000000000000001 is not in [-1e15, 1e15] seconds", GV_ERR_DATA},
        {ints, "1,7,a,5\n1,,a,5\n", NULL, "log.tsv:2: item has 0 bytes, not 1 to 64", GV_ERR_DATA},
        {ints, "u,i,z,t\n1,7,a,5\n", "u,i,topic,t",
         "log.tsv:1: no column \"topic\"; the first row has: u, i, z, t", GV_ERR_DATA},
        {ints, "u,i,z,t,v\n1,7,a,5,?\n", "u,i,z,t,v",
         "log.tsv:2: value \"?\" is not a finite number", GV_ERR_DATA},
        {ints, "1,7,a,5\n", "1,2,3", "columns: \"1,2,3\" names 3 of the 4 that are needed",
         GV_ERR_ARG},
    };
    RUN_TEST(reads_a_log);
    RUN_TEST(reads_texts_everywhere);
    RUN_TEST1(ignores_order_and_threads, 0);
    RUN_TEST1(ignores_order_and_threads, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        RUN_TEST1(says_what_is_wrong_with_a_log, &cases[i]);
    RUN_TEST(skips_bad_rows);
    RUN_TEST(reads_real_purchases);
}

SUITE(lists)
{
    static const char ints[] = "1 20\n20 -3\n", texts[] = "al bob\nbob zoe\n";
    static const list_case cases[] = {
        {ints, "20\n-3\n20\n", NULL, "", GV_OK, 3, {2, 0, 2}},
        {ints, "id set p\n20 1 .5\n1 2 .25\n", NULL, "", GV_OK, 2, {2, 1}},
        {ints, "# none\n", NULL, "", GV_OK, 0, {0}},
        {ints, NULL, "1, 20,-3", "", GV_OK, 3, {1, 2, 0}},
        {ints, NULL, "20", "", GV_OK, 1, {2}},
        {texts, "zoe\nal\n", NULL, "", GV_OK, 2, {2, 0}},
        {texts, "who p\nzoe .5\nal .25\n", NULL, "", GV_OK, 2, {2, 0}},
        {texts, NULL, "zoe,bob", "", GV_OK, 2, {2, 1}},
        {ints,
         "1\n# c\n7\n",
         NULL,
         "ids.txt:3: consumer 7 is not in the graph",
         GV_ERR_DATA,
         0,
         {0}},
        {ints,
         "1\nx\n",
         NULL,
         "ids.txt:2: id \"x\" is not an integer; the graph has integer ids",
         GV_ERR_DATA,
         0,
         {0}},
        {texts,
         "al\nalf\n",
         NULL,
         "ids.txt:2: consumer \"alf\" is not in the graph",
         GV_ERR_DATA,
         0,
         {0}},
        {ints, NULL, "1,7", "consumer \"7\" is not in the graph", GV_ERR_DATA, 0, {0}},
        {ints, NULL, "1,,20", "consumer \"\" is not in the graph", GV_ERR_DATA, 0, {0}},
        {ints,
         NULL,
         "no/such/file",
         "\"no/such/file\" is neither a file nor a consumer of the graph",
         GV_ERR_NO_INPUT,
         0,
         {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        RUN_TEST1(reads_lists, &cases[i]);
}

SUITE(teleports)
{
    static const char ints[] = "1 2\n";
    static const bad_case cases[] = {
        {ints, "a,1,1\na,7,1\n", NULL, "teleport.tsv:2: consumer 7 is not in the graph",
         GV_ERR_DATA},
        {ints, "a,1,1\na,2,-1\n", NULL, "teleport.tsv:2: weight -1 is below 0", GV_ERR_DATA},
        {ints, "a,1,1\na,2,inf\n", NULL, "teleport.tsv:2: weight \"inf\" is not a finite number",
         GV_ERR_DATA},
        {ints, "a\n", NULL, "teleport.tsv:1: 1 column, expected at least 2", GV_ERR_DATA},
        {ints, "column,id,weight\n", NULL, "teleport.tsv: no rows", GV_ERR_DATA},
    };
    RUN_TEST(reads_teleports);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        RUN_TEST1(says_what_is_wrong_with_teleports, &cases[i]);
    RUN_TEST(reads_times);
    RUN_TEST1(survives_every_failed_allocation, 0);
    RUN_TEST1(survives_every_failed_allocation, 1);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(logs);
    RUN_SUITE(lists);
    RUN_SUITE(teleports);
    text_clean();
    GREATEST_MAIN_END();
}
