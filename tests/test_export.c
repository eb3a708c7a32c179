/* test_export.c -- tables as text: every field reads back, rows in order, the same bytes at any
 * thread count. */
#include "greatest.h"

#include <math.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/info.h"
#include "io/info_file.h"
#include "tests/support/graphs.h"
#include "tests/support/results.h"

static gv_error err;
static test_results *t;

/* Collects what is written; refuses after `limit` pieces. */
typedef struct sink {
    char *text;
    size_t size;
    int pieces, limit;
} sink;

static bool collect(void *data, const char *text, int64_t bytes)
{
    sink *s = data;
    if (s->pieces++ >= s->limit)
        return false;
    s->text = realloc(s->text, s->size + (size_t)bytes + 1);
    if (s->text == NULL)
        exit(EXIT_FAILURE);
    memcpy(s->text + s->size, text, (size_t)bytes);
    s->size += (size_t)bytes;
    s->text[s->size] = '\0';
    return true;
}

/* The table as text, to be freed; NULL when it failed (then *status says how). */
static char *table(const char *path, int32_t threads, const char *name, int32_t topic,
                   int64_t *n_rows, gv_status *status)
{
    gv_context *ctx = test_context(threads, -1);
    gv_file *f = NULL;
    sink s = {.limit = 1 << 30};
    *status = gv_file_open(ctx, path, &f, &err);
    if (*status == GV_OK)
        *status = gv_file_export(f, name, topic, collect, &s, n_rows, &err);
    gv_file_close(f);
    gv_context_free(ctx);
    if (*status == GV_OK)
        return s.text;
    free(s.text);
    return NULL;
}

/* Copies field `index` of the line at `line` into `field`. */
static const char *field(const char *line, int index, char *text)
{
    for (; index > 0; index--)
        line += strcspn(line, "\t\n") + 1;
    const size_t n = strcspn(line, "\t\n");
    memcpy(text, line, n);
    text[n] = '\0';
    return text;
}

static const char *next_line(const char *line)
{
    return line + strcspn(line, "\n") + 1;
}

/* ---- numbers --------------------------------------------------------------------------------- */

TEST numbers_read_back(void)
{
    char text[GV_NUMBER_CHARS + 1];
    static const int64_t whole[] = {0, 7, -7, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        *gv_put_int(text, whole[i]) = '\0';
        ASSERT_EQ(whole[i], strtoll(text, NULL, 10));
    }
    for (uint64_t i = 0; i < 2000; i++) {
        const double x = (test_random(1, i) - .5) * pow(10, floor(test_random(2, i) * 60) - 30);
        *gv_put_f32(text, (float)x) = '\0';
        ASSERT_EQ((float)x, strtof(text, NULL));
        *gv_put_f64(text, x) = '\0';
        ASSERT_EQ(x, strtod(text, NULL));
    }
    static const float some[] = {.1F,  1,   999999,   1e6F,   1e-4F,     .000123456F, 9.9999996e-5F,
                                 100,  .5F, 0.99999F, 16.25F, 123456.7F, 0,           2.5e-7F,
                                 -3.5F};
    static const char *const texts[] = {"0.1",         "1",        "999999", "1e+06",   "0.0001",
                                        "0.000123456", "0.0001",   "100",    "0.5",     "0.99999",
                                        "16.25",       "123456.7", "0",      "2.5e-07", "-3.5"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        *gv_put_f32(text, some[i]) = '\0';
        ASSERT_STR_EQ(texts[i], text);
    }
    for (uint64_t i = 0; i < 20000; i++) {
        char shortest[GV_NUMBER_CHARS + 1];
        const float x = (float)(test_random(3, i) * pow(10, floor(test_random(4, i) * 10) - 4));
        int digits = 6;
        do {
            snprintf(shortest, sizeof shortest, "%.*g", digits++, (double)x);
        } while (strtof(shortest, NULL) != x);
        *gv_put_f32(text, x) = '\0';
        ASSERT_EQ(x, strtof(text, NULL));
        ASSERT(strchr(text, 'e') != NULL || strlen(text) <= strlen(shortest) ||
               strchr(shortest, 'e') != NULL);
    }
    *gv_put_f64(text, .1) = '\0';
    ASSERT_STR_EQ("0.1", text);
    *gv_put_f64(text, NAN) = '\0';
    ASSERT_STR_EQ("", text);
    *gv_put_text(text, "a\tb\nc", 5) = '\0';
    ASSERT_STR_EQ("a b c", text);
    PASS();
}

/* ---- graphs ---------------------------------------------------------------------------------- */

TEST edges_by_hand(void)
{
    static int64_t ids[4] = {-3, 10, 200, 9000000000};
    gv_context *ctx = test_context(2, -1);
    gv_status st;
    int64_t n = 0;
    char path[TEST_PATH];
    edge_list e = edges_none(4);
    edges_add(&e, 0, 2, .25), edges_add(&e, 3, 0, 1), edges_add(&e, 0, 1, .1);
    e.ids = malloc(sizeof ids);
    memcpy(e.ids, ids, sizeof ids);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, test_path(t->folder, "hand.h5", path), true, &err));
    char *text = table(path, 1, "edges", -1, &n, &st);
    ASSERT_STR_EQ("src\tdst\tprobability\n-3\t10\t0.1\n-3\t200\t0.25\n9000000000\t-3\t1\n", text);
    ASSERT_EQ(3, n);
    free(text);
    text = table(path, 1, "nodes", -1, &n, &st);
    ASSERT_STR_EQ("id\n-3\n10\n200\n9000000000\n", text);
    free(text);
    gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

TEST edges_without_probabilities(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_status st;
    int64_t n = 0;
    char path[TEST_PATH];
    test_path(t->folder, "path.h5", path);
    gv_build_opts o = gv_build_defaults();
    edge_list e = edges_path(3);
    gv_graph *g = edges_graph(ctx, &e, &o);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, path, true, &err));
    gv_graph_free(g);
    char *text = table(path, 1, "edges", -1, &n, &st);
    ASSERT_STR_EQ("src\tdst\n0\t1\n1\t2\n", text);
    free(text);
    o.source = GV_FROM_WC;
    edges_add(&e, 0, 2, 1);
    g = edges_graph(ctx, &e, &o);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, path, true, &err));
    text = table(path, 1, "edges", -1, &n, &st);
    ASSERT_STR_EQ("src\tdst\tprobability\n0\t1\t1\n0\t2\t0.5\n1\t2\t0.5\n", text);
    free(text);
    gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

/* More rows than one batch of one thread holds; empty rows between. */
TEST many_edges_in_order(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_status st;
    int64_t n = 0;
    char path[TEST_PATH], a[80], b[80], p[80];
    edge_list e = edges_gnp(1500, .015, 9);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    ASSERT(g->n_edges > 4 * 4096);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, test_path(t->folder, "many.h5", path), true, &err));
    char *text = table(path, 1, "edges", -1, &n, &st);
    ASSERT_EQ(g->n_edges, n);
    const char *line = next_line(text);
    for (gv_node v = 0; v < 1500; v++)
        for (int64_t i = g->out.indptr[v]; i < g->out.indptr[v + 1]; i++, line = next_line(line)) {
            ASSERT_EQ(v, atoi(field(line, 0, a)));
            ASSERT_EQ(g->out.indices[i], atoi(field(line, 1, b)));
            ASSERT_EQ(g->out.probability[i], strtof(field(line, 2, p), NULL));
        }
    ASSERT_EQ('\0', *line);
    for (int32_t threads = 2; threads <= 8; threads += threads == 2 ? 1 : 5) {
        char *other = table(path, threads, "edges", -1, &n, &st);
        ASSERT_EQ(0, strcmp(text, other));
        free(other);
    }
    free(text);
    gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

TEST nodes_with_attributes(void)
{
    const gv_graph *g = t->p->graph;
    gv_status st;
    int64_t n = 0;
    char text[128], id[GV_ID_CHARS + 1];
    char *rows = table(t->graph, 3, "nodes", -1, &n, &st);
    ASSERT_EQ(t->n, n);
    ASSERT_EQ(2, g->n_attributes);
    ASSERT_STR_EQ(g->attribute[0].name, field(rows, 1, text));
    const char *line = next_line(rows);
    for (gv_node v = 0; v < t->n; v++, line = next_line(line)) {
        ASSERT_STR_EQ(gv_graph_id(g, v, id), field(line, 0, text));
        for (int k = 0; k < 2; k++) {
            const gv_attribute *a = &g->attribute[k];
            const double value = a->i32 != NULL ? (double)a->i32[v] : (double)a->f32[v];
            ASSERT_IN_RANGE(value, strtod(field(line, k + 1, text), NULL), 1e-6 * fabs(value));
        }
    }
    free(rows);
    PASS();
}

/* ---- results --------------------------------------------------------------------------------- */

TEST influencers_by_rank(int32_t topic)
{
    gv_status st;
    int64_t n = 0, seen = 0;
    char text[128], id[GV_ID_CHARS + 1];
    char *rows = table(t->results, 2, "influencers", topic, &n, &st);
    ASSERT(rows != NULL);
    const char *line = next_line(rows);
    ASSERT_EQ(0, strncmp(rows, "topic\trank\tid\tscore\tfriends\n", 27));
    for (int32_t z = topic < 0 ? 0 : topic; z < (topic < 0 ? t->z : topic + 1); z++)
        for (int64_t k = 0; results_flagged(t, z, k) >= 0; k++, seen++, line = next_line(line)) {
            const gv_node v = results_flagged(t, z, k);
            ASSERT_STR_EQ(gv_log_topic(t->p->log, z), field(line, 0, text));
            ASSERT_EQ(t->rank[z * t->n + v], atoi(field(line, 1, text)));
            ASSERT_STR_EQ(gv_graph_id(t->p->graph, v, id), field(line, 2, text));
            ASSERT_EQ(t->score[z * t->n + v], strtof(field(line, 3, text), NULL));
            ASSERT_EQ(t->friends[v], atoi(field(line, 4, text)));
        }
    ASSERT_EQ('\0', *line);
    ASSERT_EQ(seen, n);
    free(rows);
    PASS();
}

TEST prospects_by_probability(void)
{
    gv_status st;
    int64_t n = 0;
    char text[128], id[GV_ID_CHARS + 1];
    char *rows = table(t->results, 2, "prospects", -1, &n, &st);
    ASSERT(rows != NULL);
    ASSERT_EQ(0, strncmp(rows, "topic\tid\tprobability\tbest_friend\n", 33));
    const char *line = next_line(rows);
    for (int32_t z = 0; z < t->z; z++)
        for (int step = 8; step >= 1; step--)
            for (gv_node v = 0; v < t->n; v++) {
                const int64_t i = z * t->n + v;
                if (t->prospect[i] == 0 || t->chance[i] != (float)step / 8.0F)
                    continue;
                ASSERT_STR_EQ(gv_log_topic(t->p->log, z), field(line, 0, text));
                ASSERT_STR_EQ(gv_graph_id(t->p->graph, v, id), field(line, 1, text));
                ASSERT_EQ(t->chance[i], strtof(field(line, 2, text), NULL));
                ASSERT_STR_EQ(gv_graph_id(t->p->graph, t->friend_of[i], id), field(line, 3, text));
                line = next_line(line), n--;
            }
    ASSERT_EQ('\0', *line);
    ASSERT_EQ(0, n);
    free(rows);
    PASS();
}

TEST best_consumers_by_hand(void)
{
    gv_status st;
    int64_t n = 0;
    char expected[512], id[4][GV_ID_CHARS + 1];
    static const gv_node node[4] = {4, 2, 0, 7};
    for (int i = 0; i < 4; i++)
        gv_graph_id(t->p->graph, node[i], id[i]);
    const char *first = gv_log_topic(t->p->log, 1), *second = gv_log_topic(t->p->log, 0);
    snprintf(
        expected, sizeof expected,
        "column\tplace\tid\tscore\n%s\t1\t%s\t3\n%s\t2\t%s\t2.5\n%s\t3\t%s\t0.1\n%s\t1\t%s\t1\n",
        first, id[0], first, id[1], first, id[2], second, id[3]);
    char *rows = table(t->results, 2, "topk/i1", -1, &n, &st);
    ASSERT_STR_EQ(expected, rows);
    ASSERT_EQ(4, n);
    free(rows);
    rows = table(t->results, 2, "topk/i1", 0, &n, &st);
    snprintf(expected, sizeof expected, "column\tplace\tid\tscore\n%s\t1\t%s\t1\n", second, id[3]);
    ASSERT_STR_EQ(expected, rows);
    free(rows);
    rows = table(t->results, 2, "topk", -1, &n, &st);
    ASSERT(rows != NULL);
    ASSERT_EQ(0, strncmp(next_line(rows), "first\t1\t", 8));
    free(rows);
    PASS();
}

TEST curves(void)
{
    gv_status st;
    int64_t n = 0;
    char text[64];
    char *brief = table(t->results, 2, "cascade", -1, &n, &st);
    char *full = table(t->results, 3, "cascade/default", -1, &n, &st);
    ASSERT_STR_EQ(full, brief);
    ASSERT_EQ(0, strncmp(full, "step\tmean\tstderr\n0\t3\t0\n1\t", 25));
    free(brief), free(full);
    char *cut = table(t->results, 3, "cascade/short", -1, &n, &st);
    ASSERT_EQ(2, n);
    ASSERT(strtod(field(next_line(next_line(cut)), 2, text), NULL) > 0);
    free(cut);
    PASS();
}

/* ---- errors ---------------------------------------------------------------------------------- */

TEST what_is_refused(void)
{
    gv_status st;
    int64_t n = 0;
    ASSERT_EQ(NULL, table(t->results, 1, "nothing", -1, &n, &st));
    ASSERT_EQ(GV_ERR_ARG, st);
    ASSERT(strstr(err.message, "no table 'nothing'; its tables: influencers, prospects, "
                               "cascade/default, cascade/short, spreads/default, spreads/short, "
                               "topk/default, topk/i1") != NULL);
    ASSERT_EQ(NULL, table(t->results, 1, "influencer", -1, &n, &st));
    ASSERT_EQ(GV_ERR_ARG, st);
    ASSERT_EQ(NULL, table(t->results, 1, "", -1, &n, &st));
    ASSERT_EQ(GV_ERR_ARG, st);
    ASSERT_EQ(NULL, table(t->results, 1, "influencers", t->z, &n, &st));
    ASSERT_EQ(GV_ERR_RANGE, st);
    ASSERT_EQ(NULL, table(t->results, 1, "cascade", 0, &n, &st));
    ASSERT_EQ(GV_ERR_ARG, st);
    ASSERT_EQ(NULL, table(t->truth, 1, "edges", -1, &n, &st));
    ASSERT_EQ(GV_ERR_ARG, st);
    ASSERT_EQ(NULL, table(t->graph, 1, "edges", 0, &n, &st));
    ASSERT_EQ(GV_ERR_RANGE, st);
    PASS();
}

TEST a_writer_that_gives_up(void)
{
    for (int limit = 0; limit < 2; limit++) {
        gv_context *ctx = test_context(2, -1);
        gv_file *f = NULL;
        sink s = {.limit = limit};
        ASSERT_EQ(GV_OK, gv_file_open(ctx, t->results, &f, &err));
        ASSERT_EQ(GV_ERR_IO, gv_file_export(f, "influencers", -1, collect, &s, NULL, &err));
        gv_file_close(f);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
        free(s.text);
    }
    PASS();
}

TEST survives_every_failed_allocation(const char *name)
{
    const bool graph = strcmp(name, "edges") == 0;
    int failures = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; failures++) {
        gv_context *ctx = test_context(1, failures);
        gv_file *f = NULL;
        sink s = {.limit = 1 << 30};
        st = gv_file_open(ctx, graph ? t->graph : t->results, &f, &err);
        if (st == GV_OK)
            st = gv_file_export(f, name, -1, collect, &s, NULL, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        gv_file_close(f);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
        free(s.text);
    }
    ASSERT(failures > 4);
    PASS();
}

SUITE(export)
{
    gv_context *ctx = test_context(2, -1);
    t = results_make(ctx, 400, 3);
    RUN_TEST(numbers_read_back);
    RUN_TEST(edges_by_hand);
    RUN_TEST(edges_without_probabilities);
    RUN_TEST(many_edges_in_order);
    RUN_TEST(nodes_with_attributes);
    RUN_TEST1(influencers_by_rank, -1);
    RUN_TEST1(influencers_by_rank, 1);
    RUN_TEST(prospects_by_probability);
    RUN_TEST(best_consumers_by_hand);
    RUN_TEST(curves);
    RUN_TEST(what_is_refused);
    RUN_TEST(a_writer_that_gives_up);
    RUN_TEST1(survives_every_failed_allocation, "edges");
    RUN_TEST1(survives_every_failed_allocation, "influencers");
    RUN_TEST1(survives_every_failed_allocation, "cascade/default");
    RUN_TEST1(survives_every_failed_allocation, "topk/i1");
    results_drop(t);
    gv_context_free(ctx);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(export);
    GREATEST_MAIN_END();
}
