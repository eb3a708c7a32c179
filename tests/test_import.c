/* test_import.c -- edge lists, tables of consumers and their errors, through gv_import(). */
#include <greatest.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/io.h"
#include "tests/support/graphs.h"

GREATEST_MAIN_DEFS();

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
    RUN_SUITE(real_data);
    GREATEST_MAIN_END();
}
