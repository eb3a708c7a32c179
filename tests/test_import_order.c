/* test_import_order.c -- what gv_import() promises of any input: the same graph for any order of
 * rows, files and threads; clean failures of memory; and the counts of real data. */
#include <greatest.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/io.h"
#include "tests/support/graphs.h"
#include "tests/support/imports.h"
#include "tests/support/text.h"

GREATEST_MAIN_DEFS();

/* ---- properties --------------------------------------------------------------------------------
 */

typedef enum id_style { DENSE, SPARSE, TEXTS } id_style;

/* `n` rows of random edges, in the order of a keyed permutation. */
static char *make_edges(int64_t n, id_style style, uint64_t order)
{
    char *text = malloc((size_t)n * 80 + 1), *at = text;
    int64_t *row = malloc((size_t)n * sizeof *row);
    if (text == NULL || row == NULL)
        exit(EXIT_FAILURE);
    for (int64_t i = 0; i < n; i++)
        row[i] = i;
    for (int64_t i = n - 1; i > 0 && order > 0; i--) {
        const int64_t j = (int64_t)(test_random(order, (uint64_t)i) * (double)(i + 1));
        const int64_t swap = row[i];
        row[i] = row[j], row[j] = swap;
    }
    *at = '\0';
    for (int64_t i = 0; i < n; i++) {
        const uint64_t k = (uint64_t)row[i];
        const int u = (int)(300.0 * test_random(7, 3 * k)),
                  v = (int)(300.0 * test_random(7, 3 * k + 1));
        const double p = floor(1000.0 * test_random(7, 3 * k + 2)) / 1000.0;
        const int64_t wide = style == SPARSE ? INT64_C(40000000000000) : 1;
        if (style == TEXTS)
            at += sprintf(at, "user-%d\tperson %d\t%.3f\n", u, v * 17, p);
        else
            at += sprintf(at, "%" PRId64 "\t%" PRId64 "\t%.3f\n", (u - 100) * wide,
                          (v - 100) * wide, p);
    }
    free(row);
    return text;
}

static bool same_graph(const gv_graph *a, const gv_graph *b)
{
    const size_t n = (size_t)a->n_nodes, m = (size_t)a->n_edges;
    if (a->n_nodes != b->n_nodes || a->n_edges != b->n_edges || a->id_width != b->id_width)
        return false;
    const bool ids = a->id_int != NULL
                         ? memcmp(a->id_int, b->id_int, n * sizeof *a->id_int) == 0
                         : memcmp(a->id_text, b->id_text, n * (size_t)a->id_width) == 0;
    return ids && memcmp(a->out.indptr, b->out.indptr, (n + 1) * 8) == 0 &&
           memcmp(a->in.indptr, b->in.indptr, (n + 1) * 8) == 0 &&
           memcmp(a->out.indices, b->out.indices, m * 4) == 0 &&
           memcmp(a->in.indices, b->in.indices, m * 4) == 0 &&
           memcmp(a->out.probability, b->out.probability, m * 4) == 0 &&
           memcmp(a->in.probability, b->in.probability, m * 4) == 0;
}

/* Duplicates are among the rows, so their merging is part of the promise. */
TEST ignores_order_and_threads(id_style style)
{
    static const int32_t threads[] = {1, 2, 3, 8};
    const int64_t n = 40000;
    char path[2][TEXT_PATH_CHARS];
    gv_import_opts o = gv_import_defaults();
    o.probability_column = "3";
    result first = {0};
    for (uint64_t order = 0; order < 4; order++) {
        char *text = make_edges(n, style, order);
        const char *rest = strchr(text + strlen(text) / 8, '\n') + 1;
        const char *paths[] = {text_file("few", text, rest - text, path[0]),
                               text_gzip("many", rest, -1, 0, path[1])};
        result r = import_files(threads[order], paths, 2, &o);
        free(text);
        ASSERT_EQm(r.err.message, GV_OK, r.status);
        ASSERT_GT(r.info.build.duplicates, 0);
        if (order == 0) {
            first = r;
            continue;
        }
        ASSERT(same_graph(first.g, r.g));
        ASSERT(done(&r));
    }
    ASSERT(done(&first));
    PASS();
}

TEST survives_every_failed_allocation(int text)
{
    char edges[TEXT_PATH_CHARS], nodes[TEXT_PATH_CHARS];
    const char *paths[] = {
        text_gzip("edges.gz", text ? "a b .5\nb c .25\na c .5\n" : "1 2 .5\n2 3 .25\n1 3 .5\n", -1,
                  0, edges)};
    gv_import_opts o = gv_import_defaults();
    o.probability_column = "3";
    o.build.duplicates = GV_DUPLICATES_SUM;
    o.nodes = text_file("nodes.tsv", text ? "id,v,w\na,1,\nc,2,.5\n" : "id,v,w\n1,1,\n3,2,.5\n", -1,
                        nodes);
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    for (; st != GV_OK; k++) {
        gv_context *ctx = test_context(1, k);
        gv_graph *g = NULL;
        gv_error err = {.message = ""};
        st = gv_import(ctx, paths, 1, &o, &g, NULL, &err);
        ASSERTm(err.message, st == GV_OK || (st == GV_ERR_NOMEM && g == NULL));
        gv_graph_free(g);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
        ASSERT_LT(k, 1000);
    }
    ASSERT_GT(k, 30);
    PASS();
}

SUITE(properties)
{
    RUN_TEST1(ignores_order_and_threads, DENSE);
    RUN_TEST1(ignores_order_and_threads, SPARSE);
    RUN_TEST1(ignores_order_and_threads, TEXTS);
    RUN_TEST1(survives_every_failed_allocation, 0);
    RUN_TEST1(survives_every_failed_allocation, 1);
}

/* ---- real data ------------------------------------------------------------------------------- */

typedef struct real_case {
    const char *file, *probability;
    int64_t nodes, edges, rows, loops;
} real_case;

TEST reads_real_data(const real_case *c)
{
    char path[1024];
    if (test_data(c->file, path) == NULL)
        SKIPm("no real data here");
    const char *paths[] = {path};
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = NULL;
    gv_import_info info;
    gv_error err = {.message = ""};
    gv_import_opts o = gv_import_defaults();
    o.probability_column = c->probability;
    const gv_status st = gv_import(ctx, paths, 1, &o, &g, &info, &err);
    ASSERT_STR_EQ("", err.message);
    ASSERT_EQ(GV_OK, st);
    ASSERT_EQ_FMT(c->nodes, gv_graph_nodes(g), "%" PRId64);
    ASSERT_EQ_FMT(c->edges, gv_graph_edges(g), "%" PRId64);
    ASSERT_EQ_FMT(c->rows, info.rows_read, "%" PRId64);
    ASSERT_EQ_FMT(c->loops, info.build.self_loops, "%" PRId64);
    ASSERT_EQ(c->probability != NULL ? GV_PROBABILITY_STORED : GV_PROBABILITY_NONE,
              gv_graph_probability_rule(g));
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

SUITE(real_data)
{
    static const real_case cases[] = {
        {"ciao/edges.tsv.gz", NULL, 7317, 111781, 111781, 0},
        {"wiki_vote/wiki-Vote.txt.gz", NULL, 7115, 103689, 103689, 0},
        {"nethept/edges.tsv.gz", "probability", 15233, 32213, 32235, 22},
        {"congress/edges.tsv.gz", "3", 475, 13289, 13289, 0},
        {"ldbc/example/example-directed.e", NULL, 10, 17, 17, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        RUN_TEST1(reads_real_data, &cases[i]);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(properties);
    RUN_SUITE(real_data);
    text_clean();
    GREATEST_MAIN_END();
}
