/* test_log_topics.c -- items that belong to several topics: reading them, and what is learnt. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/log.h"
#include "engine/model.h"
#include "grapevine/grapevine.h"
#include "greatest.h"
#include "tests/support/graphs.h"
#include "tests/support/text.h"

static gv_error err;

static const char LOG[] = "user,item,time\n1,x,100\n2,x,200\n2,y,300\n1,q,50\n7,x,60\n";
static const char TOPICS[] = "item,topic,weight\nx,books,3\nx,toys,1\ny,toys,2\nz,games,1\n";

static gv_graph *graph_of(gv_context *ctx, const char *edges)
{
    char path[TEXT_PATH_CHARS];
    const char *paths[] = {text_file("edges.tsv", edges, -1, path)};
    gv_graph *g = NULL;
    if (gv_import(ctx, paths, 1, NULL, &g, NULL, &err) != GV_OK)
        printf("cannot import: %s\n", err.message), exit(EXIT_FAILURE);
    return g;
}

static gv_status read_log(gv_context *ctx, const gv_graph *g, const char *log, const char *topics,
                          gv_log **out)
{
    char log_path[TEXT_PATH_CHARS], topics_path[TEXT_PATH_CHARS];
    const gv_log_opts o = {.topics = text_file("topics.tsv", topics, -1, topics_path)};
    return gv_log_read(ctx, text_file("log.tsv", log, -1, log_path), g, &o, out, &err);
}

TEST items_have_shares(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, "1 2\n2 3\n");
    gv_log *log = NULL, *other = NULL;
    ASSERT_EQm(err.message, GV_OK, read_log(ctx, g, LOG, TOPICS, &log));
    const gv_log_info i = gv_log_describe(log);
    ASSERT(i.rows_read == 5 && i.rows_kept == 5 && i.rows_without_topic == 1);
    ASSERT(i.rows_unmatched == 1 && i.n_topics == 3 && i.n_items == 3);
    ASSERT_STR_EQ("books", gv_log_topic(log, 0));
    /* (x, books), (x, toys), (y, toys) */
    ASSERT(log->item_topic[0] == 0 && log->item_topic[1] == 2 && log->item_topic[2] == 2);
    ASSERT_EQ(GV_CREDIT_UNIT / 4 * 3, log->item_share[0]);
    ASSERT_EQ(GV_CREDIT_UNIT / 4, log->item_share[1]);
    ASSERT_EQ(GV_CREDIT_UNIT, log->item_share[2]);
    ASSERT_EQm(err.message, GV_OK,
               read_log(ctx, g, "user,item,time\n2,y,300\n7,x,60\n1,q,50\n2,x,200\n1,x,100\n",
                        "item topic weight\ny toys 1\nx toys 2\nz games 9\nx books 6\n", &other));
    ASSERT_STR_EQ(log->hash, other->hash);
    gv_log_free(other);
    ASSERT_EQ(GV_OK, read_log(ctx, g, LOG, "item topic\nx toys\nx books\ny toys\n", &other));
    ASSERT_EQ(GV_CREDIT_UNIT / 2, other->item_share[0]);
    ASSERT(strcmp(log->hash, other->hash) != 0);
    gv_log *copy[2];
    ASSERT_EQ(GV_OK, gv_log_topic_blind(ctx, log, &copy[0], &err));
    ASSERT_EQ(GV_OK, gv_log_shuffled(ctx, log, 1, &copy[1], &err));
    for (int k = 0; k < 2; k++) {
        ASSERT_MEM_EQ(log->item_share, copy[k]->item_share, 3 * sizeof *log->item_share);
        gv_log_free(copy[k]);
    }
    gv_log_free(other), gv_log_free(log), gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* 1 bought x at 100, 2 at 200: three quarters of the credit in books, one in toys. The log ends at
 * 300; the delay is a third of the window, as it cannot be found. */
TEST credits_are_parts(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, "1 2\n2 3\n");
    gv_log *log = NULL;
    gv_model *m = NULL;
    gv_learn_opts o = gv_learn_defaults();
    o.window = 600;
    ASSERT_EQm(err.message, GV_OK, read_log(ctx, g, LOG, TOPICS, &log));
    ASSERT_EQm(err.message, GV_OK, gv_learn(ctx, g, log, &o, &m, NULL, &err));
    int64_t credit[3] = {0, 0, 0};
    for (int64_t i = m->evidence.indptr[0]; i < m->evidence.indptr[1]; i++)
        credit[m->evidence.column[i] % 3] = m->evidence.credit[i];
    ASSERT_EQ_FMT(GV_CREDIT_UNIT / 4 * 3, credit[0], "%" PRId64);
    ASSERT_EQ_FMT(INT64_C(0), credit[1], "%" PRId64);
    ASSERT_EQ_FMT(GV_CREDIT_UNIT / 4, credit[2], "%" PRId64);
    const double seen = -expm1(-200.0 / 200.0) * (double)GV_CREDIT_UNIT;
    ASSERT_IN_RANGE(.75 * seen, (double)m->pairs.exposure[gv_model_pair(m, 0, 0)], 2.0);
    ASSERT_IN_RANGE(.25 * seen, (double)m->pairs.exposure[gv_model_pair(m, 0, 2)], 2.0);
    ASSERT_EQ(1, m->pairs.total[gv_model_pair(m, 0, 0)]);
    /* mu = credit / exposure, 3 seeing the purchase of 2 as well: shares cancel */
    ASSERT_IN_RANGE(1.0 / (-expm1(-1.0) - expm1(-.5)), m->mu[0], 1e-6);
    gv_model_free(m);
    o.method = GV_LEARN_JACCARD;
    ASSERT_EQ(GV_ERR_ARG, gv_learn(ctx, g, log, &o, &m, NULL, &err));
    gv_log_free(log), gv_graph_free(g), gv_context_free(ctx);
    PASS();
}

/* Every item in one topic with weight 1: as if the log had said so. */
TEST whole_items_are_as_without(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph_of(ctx, "1 2\n2 3\n1 3\n3 1\n");
    gv_log *log[2];
    gv_model *m[2];
    gv_learn_opts o = gv_learn_defaults();
    char path[TEXT_PATH_CHARS];
    o.window = 1000;
    ASSERT_EQ(GV_OK, read_log(ctx, g, "user,item,time\n1,x,1\n2,x,3\n3,x,9\n3,y,4\n1,y,8\n",
                              "item topic weight\nx a 5\ny b 1\n", &log[0]));
    text_file("log.tsv", "user,item,topic,time\n1,x,a,1\n2,x,a,3\n3,x,a,9\n3,y,b,4\n1,y,b,8\n", -1,
              path);
    ASSERT_EQ(GV_OK, gv_log_read(ctx, path, g, NULL, &log[1], &err));
    for (int i = 0; i < 2; i++)
        ASSERT_EQ(GV_OK, gv_learn(ctx, g, log[i], &o, &m[i], NULL, &err));
    const int64_t n = m[0]->evidence.indptr[3];
    ASSERT_EQ(n, m[1]->evidence.indptr[3]);
    ASSERT_MEM_EQ(m[0]->evidence.credit, m[1]->evidence.credit, (size_t)n * 8);
    ASSERT_MEM_EQ(m[0]->evidence.exposure, m[1]->evidence.exposure, (size_t)n * 8);
    ASSERT_MEM_EQ(m[0]->mu, m[1]->mu, 2 * sizeof(double));
    ASSERT_MEM_EQ(m[0]->target, m[1]->target, 3 * sizeof(float));
    for (int i = 0; i < 2; i++)
        gv_model_free(m[i]), gv_log_free(log[i]);
    gv_graph_free(g), gv_context_free(ctx);
    PASS();
}

static const char *without_folder(void)
{
    const char *name = strstr(err.message, "topics.tsv:");
    return name != NULL ? name : err.message;
}

TEST documented_errors(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = graph_of(ctx, "1 2\n");
    gv_log *log = NULL;
    ASSERT_EQ(GV_ERR_DATA, read_log(ctx, g, LOG, "item topic weight\nx a 1\nx a 2\n", &log));
    ASSERT_STR_EQ("topics.tsv: item 'x' has topic 'a' twice", without_folder());
    ASSERT_EQ(GV_ERR_DATA, read_log(ctx, g, LOG, "item topic weight\nx a 0\n", &log));
    ASSERT_STR_EQ("topics.tsv: the weights of item 'x' add up to 0, which is not a number above 0",
                  without_folder());
    ASSERT_EQ(GV_ERR_DATA, read_log(ctx, g, LOG, "item topic weight\nx a -1\n", &log));
    ASSERT_EQ(0, strncmp("topics.tsv:2:", without_folder(), 13));
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    gv_context *plain = test_context(1, -1);
    gv_graph *g = graph_of(plain, "1 2\n2 3\n");
    int64_t fails = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; fails++) {
        gv_context *ctx = test_context(1, fails);
        gv_log *log = NULL;
        st = read_log(ctx, g, LOG, TOPICS, &log);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        gv_log_free(st == GV_OK ? log : NULL);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT(fails > 20);
    gv_graph_free(g), gv_context_free(plain);
    PASS();
}

SUITE(log_topics)
{
    RUN_TEST(items_have_shares);
    RUN_TEST(credits_are_parts);
    RUN_TEST(whole_items_are_as_without);
    RUN_TEST(documented_errors);
    RUN_TEST(survives_every_failed_allocation);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(log_topics);
    GREATEST_MAIN_END();
}
