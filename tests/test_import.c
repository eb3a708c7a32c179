/* test_import.c -- edge lists, tables of consumers and their errors, through gv_import(). */
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

/* ---- small files ----------------------------------------------------------------------------- */

static result import_text(const char *text, const gv_import_opts *opts)
{
    char path[TEXT_PATH_CHARS];
    const char *paths[] = {text_file("edges.tsv", text, -1, path)};
    return import_files(2, paths, 1, opts);
}

static bool has_edge(const gv_graph *g, const char *u, const char *v)
{
    const gv_node a = gv_graph_find(g, u), b = gv_graph_find(g, v);
    return a >= 0 && b >= 0 && gv_csr_find(&g->out, a, b) >= 0 && gv_csr_find(&g->in, b, a) >= 0;
}

static double probability(const gv_graph *g, const char *u, const char *v)
{
    const gv_node a = gv_graph_find(g, u), b = gv_graph_find(g, v);
    const int64_t e = a >= 0 && b >= 0 ? gv_csr_find(&g->out, a, b) : -1;
    return e >= 0 ? gv_edge_probability(g, &g->out, e, b) : -1.0;
}

TEST reads_integer_ids(void)
{
    result r = import_text("5000000000\t-3\n7\t5000000000\n-9223372036854775808 \t 7\n", NULL);
    char text[GV_ID_CHARS + 1];
    ASSERT_EQm(r.err.message, GV_OK, r.status);
    ASSERT(gv_graph_nodes(r.g) == 4 && gv_graph_edges(r.g) == 3 && gv_graph_directed(r.g));
    ASSERT_STR_EQ("-9223372036854775808", gv_graph_id(r.g, 0, text));
    ASSERT_STR_EQ("-3", gv_graph_id(r.g, 1, text));
    ASSERT_STR_EQ("7", gv_graph_id(r.g, 2, text));
    ASSERT_STR_EQ("5000000000", gv_graph_id(r.g, 3, text));
    ASSERT(has_edge(r.g, "5000000000", "-3") && has_edge(r.g, "7", "5000000000") &&
           has_edge(r.g, "-9223372036854775808", "7"));
    ASSERT(r.info.rows_read == 3 && r.info.rows_bad == 0 && r.info.bytes_read == 52);
    ASSERT(done(&r));
    PASS();
}

TEST reads_text_ids(void)
{
    result r = import_text("bob,al\nal,Zoe\nB\303\251a,bob\nal2,bob\n12,al\n", NULL);
    static const char *const order[] = {"12", "B\303\251a", "Zoe", "al", "al2", "bob"};
    char text[GV_ID_CHARS + 1];
    ASSERT_EQm(r.err.message, GV_OK, r.status);
    ASSERT(gv_graph_nodes(r.g) == 6 && gv_graph_id_kind(r.g) == GV_ID_STRING);
    for (gv_node v = 0; v < 6; v++)
        ASSERT_STR_EQ(order[v], gv_graph_id(r.g, v, text));
    ASSERT(has_edge(r.g, "bob", "al") && has_edge(r.g, "al", "Zoe") && has_edge(r.g, "12", "al"));
    ASSERT_EQ(4, r.g->id_width);
    ASSERT(done(&r));
    PASS();
}

typedef struct header_case {
    const char *text, *columns;
    gv_ids_wanted ids;
    int64_t nodes, edges;
    gv_id_kind kind;
} header_case;

TEST knows_a_header(const header_case *c)
{
    gv_import_opts o = gv_import_defaults();
    o.ids = c->ids;
    o.columns = c->columns;
    result r = import_text(c->text, &o);
    ASSERT_EQm(r.err.message, GV_OK, r.status);
    ASSERT_EQ_FMT(c->nodes, gv_graph_nodes(r.g), "%" PRId64);
    ASSERT_EQ_FMT(c->edges, gv_graph_edges(r.g), "%" PRId64);
    ASSERT_EQ(c->kind, gv_graph_id_kind(r.g));
    ASSERT(done(&r));
    PASS();
}

TEST turns_edges_round(void)
{
    gv_import_opts o = gv_import_defaults();
    o.reverse = true;
    o.columns = "trusts,who,p";
    result r = import_text("who,p,trusts\n1,.5,2\n3,.25,1\n", &o);
    ASSERT_EQm(r.err.message, GV_OK, r.status);
    ASSERT(probability(r.g, "1", "2") == .5 && probability(r.g, "3", "1") == .25);
    ASSERT(done(&r));
    o.columns = NULL;
    r = import_text("1 2\n3 1\n", &o);
    ASSERT(r.status == GV_OK && has_edge(r.g, "2", "1") && has_edge(r.g, "1", "3") &&
           gv_graph_edges(r.g) == 2);
    ASSERT(done(&r));
    o.build.undirected = true;
    r = import_text("1 2\n3 1\n2 1\n", &o);
    ASSERT(r.status == GV_OK && !gv_graph_directed(r.g) && gv_graph_edges(r.g) == 4);
    ASSERT(has_edge(r.g, "1", "2") && has_edge(r.g, "2", "1") && r.info.build.duplicates == 1);
    ASSERT(done(&r));
    PASS();
}

TEST sets_probabilities(void)
{
    gv_import_opts o = gv_import_defaults();
    o.probability_column = "3";
    result r = import_text("1 2 .5\n3 2 0\n1 3 1\n", &o);
    ASSERT(r.status == GV_OK && gv_graph_probability_rule(r.g) == GV_PROBABILITY_STORED);
    ASSERT(probability(r.g, "1", "2") == .5 && probability(r.g, "3", "2") == 0.0 &&
           probability(r.g, "1", "3") == 1.0);
    ASSERT(done(&r));
    o.probability_column = "p";
    r = import_text(
        "p\ta\tb\n.5\t1\t2\n",
        &(gv_import_opts){.build = o.build, .columns = "a,b", .probability_column = "p"});
    ASSERT(r.status == GV_OK && probability(r.g, "1", "2") == .5);
    ASSERT(done(&r));
    o = gv_import_defaults();
    o.build.source = GV_FROM_WC;
    r = import_text("1 2 30\n3 2 10\n1 3 7\n", &o);
    ASSERT(r.status == GV_OK && probability(r.g, "1", "2") == .75 &&
           probability(r.g, "3", "2") == .25 && probability(r.g, "1", "3") == 1.0);
    ASSERT(done(&r));
    o.columns = "1,2";
    r = import_text("1 2 30\n3 2 10\n1 3 7\n", &o);
    ASSERT(r.status == GV_OK && gv_graph_probability_rule(r.g) == GV_PROBABILITY_WEIGHTED_CASCADE);
    ASSERT(probability(r.g, "1", "2") == .5 && probability(r.g, "1", "3") == 1.0);
    ASSERT(done(&r));
    o.build.source = GV_FROM_CONSTANT;
    r = import_text("1 2 30\n3 2 10\n", &o);
    ASSERT(r.status == GV_OK && probability(r.g, "3", "2") == .1);
    ASSERT(done(&r));
    PASS();
}

TEST merges_duplicates(void)
{
    static const struct {
        gv_duplicates rule;
        float p;
    } cases[] = {
        {GV_DUPLICATES_COMBINE, .625f}, {GV_DUPLICATES_SUM, .75f}, {GV_DUPLICATES_MAX, .5f}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gv_import_opts o = gv_import_defaults();
        o.build.duplicates = cases[i].rule;
        o.probability_column = "3";
        result r = import_text("1 2 .25\n2 1 .5\n1 2 .5\n", &o);
        ASSERT_EQm(r.err.message, GV_OK, r.status);
        ASSERT(gv_graph_edges(r.g) == 2 && r.info.build.duplicates == 1);
        ASSERT_EQ(cases[i].p, (float)probability(r.g, "1", "2"));
        ASSERT(done(&r));
    }
    PASS();
}

TEST joins_files(void)
{
    char a[TEXT_PATH_CHARS], b[TEXT_PATH_CHARS], c[TEXT_PATH_CHARS];
    const char *paths[] = {text_file("a", "src dst\n1 2\n", -1, a),
                           text_gzip("b", "2,3\r\n3,1", -1, 0, b),
                           text_zstd("c", "from\tto\n4\t1\n", -1, 0, c)};
    for (int32_t threads = 1; threads <= 3; threads++) {
        result r = import_files(threads, paths, 3, NULL);
        ASSERT_EQm(r.err.message, GV_OK, r.status);
        ASSERT(gv_graph_nodes(r.g) == 4 && gv_graph_edges(r.g) == 4 && r.info.rows_read == 4);
        ASSERT(has_edge(r.g, "1", "2") && has_edge(r.g, "3", "1") && has_edge(r.g, "4", "1"));
        ASSERT(done(&r));
    }
    PASS();
}

TEST takes_graphs_without_edges(void)
{
    static const char *const texts[] = {"", "# nobody\n"};
    for (size_t i = 0; i < 2; i++) {
        result r = import_text(texts[i], NULL);
        ASSERT_EQm(r.err.message, GV_OK, r.status);
        ASSERT(gv_graph_nodes(r.g) == 0 && gv_graph_edges(r.g) == 0);
        ASSERT(done(&r));
    }
    result r = import_text("5 5\n", NULL);
    ASSERT(r.status == GV_OK && gv_graph_nodes(r.g) == 1 && gv_graph_edges(r.g) == 0 &&
           r.info.build.self_loops == 1);
    ASSERT(done(&r));
    PASS();
}

/* ---- the table of consumers -------------------------------------------------------------------
 */

static result import_nodes(const char *edges, const char *nodes, gv_import_opts o)
{
    char path[TEXT_PATH_CHARS];
    o.nodes = text_file("nodes.tsv", nodes, -1, path);
    return import_text(edges, &o);
}

TEST reads_attributes(void)
{
    result r = import_nodes("1 2\n2 30\n",
                            "id\tvalue\tsegment\tage\n30\t1.5\t-2\t40\n2\t\t7\t41\n"
                            "1\t3\t2147483647\t42\n99\t0.25\t0\t1e1\n",
                            gv_import_defaults());
    ASSERT_EQm(r.err.message, GV_OK, r.status);
    ASSERT(gv_graph_nodes(r.g) == 4 && gv_graph_edges(r.g) == 2 && r.g->n_attributes == 3);
    const gv_attribute *value = gv_graph_attribute(r.g, "value");
    const gv_attribute *segment = gv_graph_attribute(r.g, "segment");
    const gv_attribute *age = gv_graph_attribute(r.g, "age");
    ASSERT(value != NULL && segment != NULL && age != NULL);
    ASSERT(value->i32 == NULL && value->f32[0] == 3.0f && isnan(value->f32[1]) &&
           value->f32[2] == 1.5f && value->f32[3] == .25f);
    ASSERT(segment->f32 == NULL && segment->i32[0] == INT32_MAX && segment->i32[1] == 7 &&
           segment->i32[2] == -2 && segment->i32[3] == 0);
    ASSERT(age->i32 != NULL && age->i32[3] == 10);
    ASSERT(done(&r));
    /* Someone is in the edges only: no value, so no integers. */
    r = import_nodes("al bob\n", "id,n\nbob,2147483648\nzoe,1\n", gv_import_defaults());
    ASSERT_EQm(r.err.message, GV_OK, r.status);
    ASSERT(gv_graph_nodes(r.g) == 3 && gv_graph_id_kind(r.g) == GV_ID_STRING);
    ASSERT(isnan(r.g->attribute[0].f32[0]) && r.g->attribute[0].f32[1] == 2147483648.0f &&
           r.g->attribute[0].f32[2] == 1.0f);
    ASSERT(done(&r));
    /* A bare list of integers has no header. */
    r = import_nodes("1 2\n", "7\n2\n", gv_import_defaults());
    ASSERT(r.status == GV_OK && gv_graph_nodes(r.g) == 3 && gv_graph_find(r.g, "7") == 2);
    ASSERT(done(&r));
    /* No edges at all: the table decides what ids are. */
    r = import_nodes("", "name\nal\nbob\n", gv_import_defaults());
    ASSERT(r.status == GV_OK && gv_graph_nodes(r.g) == 2 && gv_graph_find(r.g, "bob") == 1);
    ASSERT(done(&r));
    PASS();
}

typedef struct bad_case {
    const char *edges, *nodes, *message; /* after the folder of the files */
    gv_import_opts o;
    gv_status status;
} bad_case;

TEST says_what_is_wrong(const bad_case *c)
{
    gv_import_opts o = c->o;
    o.build.constant = .1;
    result r = c->nodes != NULL ? import_nodes(c->edges, c->nodes, o) : import_text(c->edges, &o);
    const char *file = strstr(r.err.message, c->nodes != NULL ? "nodes.tsv:" : "edges.tsv:");
    ASSERT_STR_EQ(c->message, file != NULL ? file : r.err.message);
    ASSERT_EQ(c->status, r.status);
    ASSERT(r.g == NULL && done(&r));
    PASS();
}

static void join_messages(void *data, const char *message)
{
    strcat(strcat(data, strrchr(message, '/') + 1), "|");
}

TEST skips_bad_rows(void)
{
    char said[1024] = "";
    gv_import_opts o = gv_import_defaults();
    o.lenient = true;
    o.bad_row = join_messages;
    o.bad_row_data = said;
    result r = import_nodes("1 2\nx 3\n2\n2 3\n", "id v\n1 5\n2 five\n3 6\n", o);
    ASSERT_EQm(r.err.message, GV_OK, r.status);
    ASSERT(gv_graph_nodes(r.g) == 3 && gv_graph_edges(r.g) == 2);
    ASSERT(r.info.rows_read == 4 && r.info.rows_bad == 3);
    ASSERT(isnan(r.g->attribute[0].f32[1]));
    ASSERT_STR_EQ("edges.tsv:2: source \"x\" is not an integer; ids of text need --id string|"
                  "edges.tsv:3: 1 column, expected at least 2|"
                  "nodes.tsv:3: v \"five\" is not a finite number|",
                  said);
    ASSERT(done(&r));
    PASS();
}

SUITE(small_files)
{
    static const header_case headers[] = {
        {"src dst\n1 2\n2 3\n", NULL, GV_IDS_AUTO, 3, 2, GV_ID_INT},
        {"src dst\n1 2\n2 3\n", NULL, GV_IDS_INT, 3, 2, GV_ID_INT},
        {"src dst\n1 2\n2 3\n", NULL, GV_IDS_STRING, 5, 3, GV_ID_STRING},
        {"src dst\n1 2\n2 3\n", "src,dst", GV_IDS_STRING, 3, 2, GV_ID_STRING},
        {"al bob\nbob zoe\n", NULL, GV_IDS_AUTO, 3, 2, GV_ID_STRING},
        {"al bob\nbob zoe\n", "al,bob", GV_IDS_AUTO, 2, 1, GV_ID_STRING},
        {"al bob\n", NULL, GV_IDS_AUTO, 2, 1, GV_ID_STRING},
        {"# src dst\n# note\n1 2\n", NULL, GV_IDS_AUTO, 2, 1, GV_ID_INT},
        {"1 2\n2 3\n", NULL, GV_IDS_STRING, 3, 2, GV_ID_STRING},
        {"src dst\n# note\n\n1 2\n", NULL, GV_IDS_AUTO, 2, 1, GV_ID_INT},
        {"a b p\nal bob .5\n", "1,2,3", GV_IDS_AUTO, 2, 1, GV_ID_STRING},
    };
    const gv_build_opts weight = {.source = GV_FROM_WEIGHT};
    const bad_case cases[] = {
        {"1 2 .5\n1 3 1.5\n",
         NULL,
         "edges.tsv:2: probability 1.5 is not in [0, 1]",
         {.probability_column = "3"},
         GV_ERR_DATA},
        {"1 2 -1e-9\n",
         NULL,
         "edges.tsv:1: probability -1e-9 is not in [0, 1]",
         {.build = weight},
         GV_ERR_DATA},
        {"1 2 nan\n",
         NULL,
         "edges.tsv:1: probability \"nan\" is not a finite number",
         {.build = weight},
         GV_ERR_DATA},
        {"1 2\n",
         NULL,
         "edges.tsv:1: 2 columns, expected at least 3",
         {.build = weight},
         GV_ERR_DATA},
        {"1 2 3\n2 3 -1\n",
         NULL,
         "edges.tsv:2: weight -1 is not in [0, 3.40282e+38]",
         {.build = {.source = GV_FROM_WC}},
         GV_ERR_DATA},
        {"1 2\n3\n",
         NULL,
         "edges.tsv:2: 1 column, expected at least 2",
         {.columns = NULL},
         GV_ERR_DATA},
        {"1 2\nbob 3\n",
         NULL,
         "edges.tsv:2: source \"bob\" is not an integer; ids of text need --id string",
         {.columns = NULL},
         GV_ERR_DATA},
        {"1 2\n1 2.5\n",
         NULL,
         "edges.tsv:2: target \"2.5\" is not an integer; ids of text need --id string",
         {.ids = GV_IDS_INT},
         GV_ERR_DATA},
        {"a b\n1 2\n",
         NULL,
         "edges.tsv:1: no column \"c\"; the first row has: a, b",
         {.columns = "a,c"},
         GV_ERR_DATA},
        {"a b\n1 2\n",
         NULL,
         "edges.tsv:1: no column \"p\"; the first row has: a, b",
         {.probability_column = "p"},
         GV_ERR_DATA},
        {"al,b\nal,\n",
         NULL,
         "edges.tsv:2: target has 0 bytes, not 1 to 64",
         {.ids = GV_IDS_STRING},
         GV_ERR_DATA},
        {"a aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg\n",
         NULL,
         "edges.tsv:1: target has 65 bytes, not 1 to 64",
         {.ids = GV_IDS_STRING},
         GV_ERR_DATA},
        {"1 2\n4 3\n3 3\n",
         NULL,
         "edges.tsv:3: the edge is a self-loop",
         {.build = {.self_loops_error = true}},
         GV_ERR_DATA},
        {"1 2\n4 3\n2 1\n4 3\n1 2\n",
         NULL,
         "edges.tsv:4: edge 4 -> 3 is given a second time",
         {.build = {.duplicates = GV_DUPLICATES_ERROR}},
         GV_ERR_DATA},
        {"al bob\n# c\nbob al\n",
         NULL,
         "edges.tsv:3: edge bob -> al is given a second time",
         {.build = {.duplicates = GV_DUPLICATES_ERROR, .undirected = true}},
         GV_ERR_DATA},
        {"1 2 .5\n2 3 1\n1 2 .75\n",
         NULL,
         "edges.tsv:3: edge 1 -> 2 lifts the sum of its probabilities out of [0, 1]",
         {.build = {.duplicates = GV_DUPLICATES_SUM, .source = GV_FROM_WEIGHT}},
         GV_ERR_DATA},
        {"1 2\n", NULL, "skip-lines -1 is negative", {.skip_lines = -1}, GV_ERR_RANGE},
        {"1 2 3\n",
         NULL,
         "columns \"1,2,3\" and probability \"3\" both name a probability",
         {.columns = "1,2,3", .probability_column = "3"},
         GV_ERR_ARG},
        {"1 2 3\n",
         NULL,
         "a column of probabilities is named, but the rule for probabilities does not use it",
         {.columns = "1,2,3", .build = {.source = GV_FROM_CONSTANT}},
         GV_ERR_ARG},
        {"1 2\n",
         "1,5\n2,6\n",
         "nodes.tsv:1: the first row must name the columns, but starts with the id 1",
         {.columns = NULL},
         GV_ERR_DATA},
        {"\211HDF\r\n\032\n",
         NULL,
         "edges.tsv:1: this is an HDF5 file, not a text table",
         {.columns = NULL},
         GV_ERR_DATA},
        {"1 2\n",
         "id,v\n1,a\n",
         "nodes.tsv:2: v \"a\" is not a finite number",
         {.columns = NULL},
         GV_ERR_DATA},
        {"1 2\n",
         "id,v\n1,2\nx,2\n",
         "nodes.tsv:3: id \"x\" is not an integer; ids of text need --id string",
         {.columns = NULL},
         GV_ERR_DATA},
        {"1 2\n",
         "id,v\n1,2\n2,2\n# c\n1,3\n",
         "nodes.tsv:5: consumer \"1\" is listed twice, first in line 2",
         {.columns = NULL},
         GV_ERR_DATA},
        {"1 2\n",
         "id,v,v\n1,2,3\n",
         "nodes.tsv:1: the name \"v\" of column 3 is used twice",
         {.columns = NULL},
         GV_ERR_DATA},
        {"1 2\n",
         "id,a/b\n1,2\n",
         "nodes.tsv:1: the name \"a/b\" of column 2 contains a slash",
         {.columns = NULL},
         GV_ERR_DATA},
        {"1 2\n",
         "id,ext_id\n1,2\n",
         "nodes.tsv:1: the name \"ext_id\" of column 2 is reserved",
         {.columns = NULL},
         GV_ERR_DATA},
        {"1 2\n",
         "id,\n1,2\n",
         "nodes.tsv:1: the name \"\" of column 2 is empty",
         {.columns = NULL},
         GV_ERR_DATA},
        {"1 2\n",
         "id,v\n1\n",
         "nodes.tsv:2: 1 column, expected at least 2",
         {.columns = NULL},
         GV_ERR_DATA},
    };
    RUN_TEST(reads_integer_ids);
    RUN_TEST(reads_text_ids);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        RUN_TEST1(knows_a_header, &headers[i]);
    RUN_TEST(turns_edges_round);
    RUN_TEST(sets_probabilities);
    RUN_TEST(merges_duplicates);
    RUN_TEST(joins_files);
    RUN_TEST(takes_graphs_without_edges);
    RUN_TEST(reads_attributes);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        RUN_TEST1(says_what_is_wrong, &cases[i]);
    RUN_TEST(skips_bad_rows);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(small_files);
    text_clean();
    GREATEST_MAIN_END();
}
