/* test_import_formats.c -- Matrix Market, METIS and GAP files: the graph of the same rows as text,
 * files cut short at each byte, heads and entries that lie. */
#include <greatest.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/io.h"
#include "tests/support/files.h"
#include "tests/support/graphs.h"

GREATEST_MAIN_DEFS();

static char folder[TEST_PATH];
static gv_error err;

static const char *put(const char *name, const void *data, int64_t bytes)
{
    static char path[4][TEST_PATH];
    static int next;
    char *to = path[next++ % 4];
    test_path(folder, name, to);
    if (!test_write(to, data, bytes < 0 ? (int64_t)strlen(data) : bytes))
        exit(EXIT_FAILURE);
    return to;
}

/* Whether the import of `path` gives the graph file of `text` and of consumers `nodes`. */
static bool same(const char *path, const char *text, const char *nodes, gv_import_opts o)
{
    char a[TEST_PATH], b[TEST_PATH];
    const char *rows = put("rows.tsv", text, -1);
    gv_context *ctx = test_context(2, -1);
    test_path(folder, "a.h5", a);
    test_path(folder, "b.h5", b);
    bool ok = gv_import_file(ctx, &path, 1, &o, a, true, NULL, &err) == GV_OK;
    if (o.build.source == GV_FROM_WEIGHT)
        o.probability_column = "3";
    o.nodes = nodes != NULL ? put("nodes.tsv", nodes, -1) : NULL;
    ok = ok && gv_import_file(ctx, &rows, 1, &o, b, true, NULL, &err) == GV_OK && test_same(a, b);
    ok = ok && gv_context_memory_used(ctx) == 0;
    gv_context_free(ctx);
    return ok;
}

static gv_status status_of(const char *path, const gv_import_opts *o)
{
    gv_graph *g = NULL;
    gv_context *ctx = test_context(2, -1);
    gv_status st = gv_import(ctx, &path, 1, o, &g, NULL, &err);
    gv_graph_free(g);
    if (gv_context_memory_used(ctx) != 0)
        st = GV_ERR_SYSTEM;
    gv_context_free(ctx);
    return st;
}

static gv_import_opts weighted(void)
{
    gv_import_opts o = gv_import_defaults();
    o.build.source = GV_FROM_WEIGHT;
    return o;
}

/* Each proper beginning is refused, or is the whole file without its last newline. */
static bool refuses_cuts(const char *name, const char *data, int64_t bytes, int64_t spare)
{
    for (int64_t n = 0; n < bytes - spare; n++)
        if (status_of(put(name, data, n), NULL) != GV_ERR_DATA) {
            printf("%s, cut to %" PRId64 " bytes: accepted\n", name, n);
            return false;
        }
    return true;
}

static const char market_general[] = "%%MatrixMarket matrix coordinate real general\n"
                                     "% a comment\n\n"
                                     "5 5 4\n1 2 0.5\n2 1 .25\n4 2 1\n2 4 0\n";
static const char market_symmetric[] = "%%matrixmarket Matrix Coordinate Pattern Symmetric\n"
                                       "4 4 3\n2 1\n3 3\n4 2\n";

TEST reads_matrix_market(void)
{
    gv_import_opts o = gv_import_defaults();
    ASSERTm(err.message, same(put("g.mtx", market_general, -1), "1 2 .5\n2 1 .25\n4 2 1\n2 4 0\n",
                              "id\n1\n2\n3\n4\n5\n", weighted()));
    ASSERT(same(put("s.mtx", market_symmetric, -1), "1 2\n2 1\n4 2\n2 4\n", "id\n1\n2\n3\n4\n", o));
    o.build.undirected = true;
    ASSERT(same(put("s.txt", market_symmetric, -1), "1 2\n4 2\n", "id\n1\n2\n3\n4\n", o));
    PASS();
}

TEST refuses_bad_matrices(void)
{
    static const char *const bad[] = {
        "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n",
        "%%MatrixMarket matrix coordinate complex general\n2 2 1\n1 1 0 0\n",
        "%%MatrixMarket matrix coordinate real hermitian\n2 2 1\n1 1 0\n",
        "%%MatrixMarket matrix coordinate real\n2 2 1\n1 1 0\n",
        "%%MatrixMarket matrix coordinate pattern general\n2 3 1\n1 1\n",
        "%%MatrixMarket matrix coordinate pattern general\n2 2\n1 1\n",
        "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 3\n",
        "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n0 1\n",
        "%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n",
        "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n2 1\n",
        "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 x\n",
        "%%MatrixMarket matrix coordinate pattern general\n9999999999 9999999999 1\n1 2\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ASSERT_EQm(bad[i], GV_ERR_DATA, status_of(put("bad.mtx", bad[i], -1), NULL));
    const gv_import_opts o = weighted();
    ASSERT_EQ(GV_ERR_ARG, status_of(put("s.mtx", market_symmetric, -1), &o));
    const char *high = "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 2 1.5\n";
    ASSERT_EQ(GV_ERR_DATA, status_of(put("high.mtx", high, -1), &o));
    ASSERT(strstr(err.message, ":3: probability 1.5 is not in [0, 1]") != NULL);
    PASS();
}

static const char metis_plain[] = "% a comment\n4 3\n2 3\n1 3\n% another\n1 2\n\n";
static const char metis_full[] = "3 2 111 2\n7 1 1 2 1\n8 1 1 1 1 3 0\n9 2 2 2 0\n";

TEST reads_metis(void)
{
    gv_import_opts o = gv_import_defaults();
    ASSERTm(err.message, same(put("g.graph", metis_plain, -1), "1 2\n1 3\n2 1\n2 3\n3 1\n3 2\n",
                              "id\n1\n2\n3\n4\n", o));
    ASSERTm(err.message,
            same(put("w.metis", metis_full, -1), "1 2 1\n2 1 1\n2 3 0\n3 2 0\n", NULL, weighted()));
    o.build.undirected = true;
    ASSERT(same(put("g.graph", metis_plain, -1), "1 2\n1 3\n2 3\n", "id\n1\n2\n3\n4\n", o));
    ASSERT(refuses_cuts("cut.graph", metis_plain, (int64_t)sizeof metis_plain - 1, 1));
    ASSERT(refuses_cuts("cut.metis", metis_full, (int64_t)sizeof metis_full - 1, 2));
    PASS();
}

TEST refuses_bad_metis(void)
{
    static const char *const bad[] = {
        "",
        "2\n",
        "x 1\n",
        "2 1 2\n2\n1\n",
        "2 1 0 1 1\n2\n1\n",
        "2 1\n3\n1\n",
        "2 1\n0\n1\n",
        "2 1\n2\n\n",
        "2 1\n2\n1\n1\n",
        "2 1 1\n2 1\n1\n",
        "2 1\n-2\n1\n",
        "2 1\n2.5\n1\n",
        "9999999999 1\n",
        "2 1\n99999999999999999999\n1\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ASSERT_EQm(bad[i], GV_ERR_DATA, status_of(put("bad.graph", bad[i], -1), NULL));
    PASS();
}

/* A serialized graph; returns its bytes. */
static int64_t make_gap(char *to, bool directed, int64_t n, const int64_t *offset,
                        const int32_t *neighbour, int64_t m, int32_t width)
{
    char *at = to;
    *at++ = (char)directed;
    memcpy(at, &m, 8), at += 8;
    memcpy(at, &n, 8), at += 8;
    for (int side = 0; side <= (int)directed; side++) {
        memcpy(at, offset, (size_t)(8 * (n + 1))), at += 8 * (n + 1);
        memcpy(at, neighbour, (size_t)(m * width)), at += m * width;
    }
    return at - to;
}

TEST reads_gap(void)
{
    static const int64_t offset[] = {0, 2, 3, 3, 4};
    static const int32_t plain[] = {1, 3, 0, 0}, pairs[] = {1, 1, 3, 0, 0, 1, 0, 0};
    char data[256];
    gv_import_opts o = gv_import_defaults();
    int64_t bytes = make_gap(data, true, 4, offset, plain, 4, 4);
    const char *nodes = "id\n0\n1\n2\n3\n";
    ASSERTm(err.message, same(put("g.sg", data, bytes), "0 1\n0 3\n1 0\n3 0\n", nodes, o));
    ASSERT(refuses_cuts("cut.sg", data, bytes, 0));
    bytes = make_gap(data, false, 4, offset, plain, 4, 4);
    ASSERT(same(put("u.sg", data, bytes), "0 1\n0 3\n1 0\n3 0\n", nodes, o));
    o.build.undirected = true;
    ASSERT(same(put("u.sg", data, bytes), "0 1\n0 3\n", nodes, o));
    bytes = make_gap(data, false, 4, offset, pairs, 4, 8);
    ASSERT(same(put("w.wsg", data, bytes), "0 1 1\n0 3 0\n1 0 1\n3 0 0\n", nodes, weighted()));
    ASSERT_EQ(GV_ERR_DATA, status_of(put("w.sg", data, bytes), NULL));
    PASS();
}

TEST refuses_bad_gap(void)
{
    static const int64_t good[] = {0, 1, 2}, down[] = {0, 2, 1}, late[] = {1, 1, 2};
    static const int32_t in[] = {1, 0}, out[] = {2, 0}, below[] = {-1, 0};
    const struct {
        const int64_t *offset;
        const int32_t *neighbour;
        int first;
    } bad[] = {{down, in, 0}, {late, in, 0}, {good, out, 0}, {good, below, 0}, {good, in, 2}};
    char data[128];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int64_t bytes = make_gap(data, false, 2, bad[i].offset, bad[i].neighbour, 2, 4);
        data[0] = (char)bad[i].first;
        ASSERT_EQ(GV_ERR_DATA, status_of(put("bad.sg", data, bytes), NULL));
    }
    const int64_t bytes = make_gap(data, false, 2, good, in, 2, 4);
    memset(data + 9, 0x7f, 8);
    ASSERT_EQ(GV_ERR_DATA, status_of(put("many.sg", data, bytes), NULL));
    PASS();
}

/* Fresh, to one person: .05. A half-life old: 1 - .95^.5. To a group of five: 1 - .95^.25. Two rows
 * add up to the strength of both; a decision counts twice, awareness half. */
TEST weighs_interactions(void)
{
    static const char talk[] = "src,dst,when,topic,stage,channel,group\n"
                               "1,2,864000,cars,consideration,chat,2\n"
                               "1,3,0,cars,other,chat,1\n"
                               "1,4,864000,cars,consideration,chat,5\n"
                               "2,1,864000,cars,decision,mail,\n"
                               "2,3,864000,food,Awareness,mail,2\n"
                               "3,1,864000,food,consideration,mail,2\n"
                               "3,1,0,cars,consideration,mail,2\n";
    const double strength[] = {1.0, .5, .25, 2.0, .5, 1.5};
    const char *path = put("talk.csv", talk, -1);
    gv_import_opts o = gv_import_defaults();
    o.interactions = true;
    o.half_life = 864000;
    gv_graph *g = NULL;
    gv_context *ctx = test_context(2, -1);
    ASSERT_EQm(err.message, GV_OK, gv_import(ctx, &path, 1, &o, &g, NULL, &err));
    ASSERT_EQ(6, gv_graph_edges(g));
    for (int e = 0; e < 6; e++) {
        const double want = 1.0 - pow(.95, strength[e]);
        ASSERT(fabs((double)g->out.probability[e] - want) < 1e-7);
    }
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    o.half_life = 0;
    ASSERT_EQ(GV_ERR_RANGE, status_of(path, &o));
    o.half_life = 1;
    o.build.source = GV_FROM_WC;
    ASSERT_EQ(GV_ERR_ARG, status_of(path, &o));
    o = gv_import_defaults();
    o.interactions = true;
    ASSERT_EQ(GV_ERR_DATA,
              status_of(put("talk.csv", "1,2,soon,x,y,z,1\n1,2,now,x,y,z,-1\n", -1), &o));
    PASS();
}

SUITE(formats)
{
    RUN_TEST(reads_matrix_market);
    RUN_TEST(refuses_bad_matrices);
    RUN_TEST(reads_metis);
    RUN_TEST(refuses_bad_metis);
    RUN_TEST(reads_gap);
    RUN_TEST(refuses_bad_gap);
    RUN_TEST(weighs_interactions);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    test_folder(folder);
    RUN_SUITE(formats);
    test_remove(folder);
    GREATEST_MAIN_END();
}
