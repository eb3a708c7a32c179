/* test_ppr.c -- personalized PageRank: closed forms, dense reference, published values. */
#include <inttypes.h>
#include <math.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/ppr.h"
#include "greatest.h"
#include "tests/ref/ref_ppr.h"
#include "tests/support/graphs.h"
#include "tests/support/status.h"
#include "tests/support/teleports.h"

GREATEST_MAIN_DEFS();

#define EXACT 1e-12
#define A     0.85

static gv_context *ctx;
static gv_error err;

/* Scores of one source; the graph is taken from `e`, which is freed. */
static gv_status from_source(edge_list e, int64_t source, const gv_ppr_opts *o, double *x)
{
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const columns c = one_source(source);
    const gv_teleport t = teleport_of(&c);
    const gv_status st = gv_ppr(ctx, g, &t, o, x, NULL, &err);
    gv_graph_free(g);
    edges_free(&e);
    return st;
}

/* ---- closed forms ------------------------------------------------------------------------- */

/* A -> B -> C, D with the walk restarting at A. */
TEST dangling_rules(void)
{
    static const double expected[4][4] = {
        {.388726919339, .330417881438, .140427599611, .140427599611},
        {.245620864149, .304398598677, .224990268587, .224990268587},
        {.15, .1275, .36125, .36125},
        {.15, .1275, .0541875, .0541875}};
    for (int rule = 0; rule < 4; rule++) {
        edge_list e = edges_path(3);
        e.n_nodes = 4;
        edges_add(&e, 1, 3, 1.0);
        gv_ppr_opts o = exact_opts();
        o.dangling = (gv_dangling)rule;
        double x[4];
        ASSERT_OK(from_source(e, 0, &o, x));
        for (int v = 0; v < 4; v++)
            ASSERT_IN_RANGE(expected[rule][v], x[v], EXACT);
        ASSERT_IN_RANGE(rule == GV_DANGLING_LEAK ? .385875 : 1.0, total(x, 4), EXACT);
    }
    PASS();
}

TEST path_and_cycle(void)
{
    for (int64_t n = 2; n <= 9; n++)
        for (int cycle = 0; cycle < 2; cycle++) {
            const gv_ppr_opts o = exact_opts();
            double x[9];
            ASSERT_OK(from_source(cycle ? edges_cycle(n) : edges_path(n), 0, &o, x));
            for (int64_t k = 0; k < n; k++)
                ASSERT_IN_RANGE((1 - A) * pow(A, (double)k) / (1 - pow(A, (double)n)), x[k], EXACT);
        }
    PASS();
}

TEST reverse_path(void)
{
    gv_ppr_opts o = exact_opts();
    o.direction = GV_REVERSE;
    double x[5];
    ASSERT_OK(from_source(edges_path(5), 4, &o, x));
    for (int k = 0; k < 5; k++)
        ASSERT_IN_RANGE((1 - A) * pow(A, k) / (1 - pow(A, 5)), x[4 - k], EXACT);
    PASS();
}

TEST star(void)
{
    enum { L = 7 };
    const gv_ppr_opts o = exact_opts();
    double x[L + 1];
    ASSERT_OK(from_source(edges_star(L), 0, &o, x));
    ASSERT_IN_RANGE(1 / (1 + A), x[0], EXACT);
    for (int v = 1; v <= L; v++)
        ASSERT_IN_RANGE(A / ((1 + A) * L), x[v], EXACT);
    ASSERT_OK(from_source(edges_star(L), 3, &o, x));
    ASSERT_IN_RANGE(A / (1 + A), x[0], EXACT);
    for (int v = 1; v <= L; v++)
        ASSERT_IN_RANGE((v == 3 ? 1 - A : 0.0) + A * A / ((1 + A) * L), x[v], EXACT);
    PASS();
}

TEST complete(void)
{
    enum { N = 6 };
    const gv_ppr_opts o = exact_opts();
    double x[N];
    ASSERT_OK(from_source(edges_complete(N), 2, &o, x));
    for (int v = 0; v < N; v++)
        ASSERT_IN_RANGE(v == 2 ? 1 - (N - 1) * A / (N - 1 + A) : A / (N - 1 + A), x[v], EXACT);
    PASS();
}

/* Restarting in proportion to degree is the stationary law of an undirected graph. */
TEST degree_teleport(void)
{
    gv_build_opts build = gv_build_defaults();
    build.undirected = true;
    edge_list e = edges_gnp(60, .08, 5);
    gv_graph *g = edges_graph(ctx, &e, &build);
    ASSERT(g != NULL);
    static columns c;
    c.n = 0;
    open_column(&c);
    for (gv_node v = 0; v < 60; v++)
        put(&c, v, (double)gv_csr_degree(&g->out, v));
    const gv_teleport t = teleport_of(&c);
    const gv_ppr_opts o = exact_opts();
    double x[60];
    ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, NULL, &err));
    for (gv_node v = 0; v < 60; v++)
        ASSERT_IN_RANGE((double)gv_csr_degree(&g->out, v) / (double)g->n_edges, x[v], EXACT);
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

TEST little_damping_is_teleport(void)
{
    gv_ppr_opts o = exact_opts();
    o.damping = 1e-14;
    double x[5];
    ASSERT_OK(from_source(edges_cycle(5), 1, &o, x));
    for (int v = 0; v < 5; v++)
        ASSERT_IN_RANGE(v == 1 ? 1.0 : 0.0, x[v], 3e-14);
    PASS();
}

/* ---- reference ---------------------------------------------------------------------------- */

/* Random graphs with dangling and isolated nodes, loops (dropped) and several edges between the
 * same nodes (merged). */
static edge_list messy_graph(int64_t n, uint64_t seed)
{
    edge_list e = edges_gnp(n, 2.5 / (double)n, seed);
    const int64_t m = e.n_edges;
    for (int64_t i = 0; i < m; i += 3)
        edges_add(&e, e.src[i], e.dst[i], .25);
    for (int64_t v = 0; v < n; v += 5)
        edges_add(&e, v, v, 1.0);
    for (int64_t i = 0; i < e.n_edges; i++)
        if (i % 7 == 0)
            e.weight[i] = 0.0F;
    return e;
}

/* Four columns: one source, several with weights and duplicates, everyone, two alike. */
static void fill_columns(columns *c, int64_t n, uint64_t seed)
{
    *c = (columns){.n = 0};
    open_column(c);
    put(c, (int64_t)(test_random(seed, 1) * (double)n), 3.0);
    open_column(c);
    for (uint64_t i = 0; i < 12; i++)
        put(c, (int64_t)(test_random(seed, 10 + i) * (double)n), test_random(seed, 40 + i));
    open_column(c);
    open_column(c);
    put(c, n - 1, .5);
    put(c, 0, .5);
    put(c, n - 1, .5);
}

static gv_build_opts build_of(int probability)
{
    gv_build_opts b = gv_build_defaults();
    b.source = (gv_probability_source)probability;
    return b;
}

/* One graph with one set of options against the dense reference, exactly and after 3 sweeps. */
TEST agrees_with(const gv_graph *g, gv_ppr_opts o, uint64_t seed)
{
    static columns c;
    const int64_t n = g->n_nodes;
    double x[4 * 40], expected[40], t[40];
    gv_ppr_column column[4];
    fill_columns(&c, n, seed);
    const gv_teleport teleport = teleport_of(&c);
    o.tolerance = 1e-13;
    ASSERT_OK(gv_ppr(ctx, g, &teleport, &o, x, column, &err));
    for (int64_t i = 0; i < 4; i++) {
        teleport_dense(&teleport, i, n, t);
        ref_ppr_solve(g, &o, t, expected);
        ASSERT(distance(x + i * n, expected, n) <= column[i].residual + 1e-16);
        ASSERT(column[i].converged && column[i].residual <= 1e-13);
    }
    o.tolerance = 0.0;
    o.max_iterations = 3;
    ASSERT_OK(gv_ppr(ctx, g, &teleport, &o, x, column, &err));
    for (int64_t i = 0; i < 4; i++) {
        teleport_dense(&teleport, i, n, t);
        ref_ppr_sweeps(g, &o, t, 3, expected);
        ASSERT_IN_RANGE(0.0, distance(x + i * n, expected, n), 1e-14);
        ASSERT_EQ(3, column[i].iterations);
        ref_ppr_solve(g, &o, t, expected);
        ASSERT(distance(x + i * n, expected, n) <= column[i].residual);
    }
    PASS();
}

TEST agrees_with_reference(void)
{
    for (uint64_t seed = 1; seed <= 24; seed++) {
        const int64_t n = 3 + (int64_t)(test_random(seed, 0) * 37.0);
        const gv_build_opts build = build_of((int)(seed % 4));
        edge_list e = messy_graph(n, seed);
        gv_graph *g = edges_graph(ctx, &e, &build);
        ASSERT(g != NULL);
        for (int variant = 0; variant < 16; variant++) {
            gv_ppr_opts o = gv_ppr_defaults();
            o.dangling = (gv_dangling)(variant % 4);
            o.direction = variant / 4 % 2 ? GV_REVERSE : GV_FORWARD;
            o.weighted = variant / 8 > 0 && build.source != GV_FROM_NONE;
            CHECK_CALL(agrees_with(g, o, seed));
        }
        gv_graph_free(g);
        edges_free(&e);
    }
    PASS();
}

/* With all probabilities 0 nobody can be left by a weighted walk. */
TEST zero_weights_are_dangling(void)
{
    gv_build_opts build = build_of(GV_FROM_CONSTANT);
    build.constant = 0.0;
    edge_list e = edges_cycle(4);
    gv_graph *g = edges_graph(ctx, &e, &build);
    const columns c = one_source(0);
    const gv_teleport t = teleport_of(&c);
    gv_ppr_opts o = exact_opts();
    o.weighted = true;
    double x[4];
    ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, NULL, &err));
    ASSERT_IN_RANGE(1.0, x[0], EXACT);
    ASSERT_EQ(0.0, x[1]);
    o.dangling = GV_DANGLING_LEAK;
    ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, NULL, &err));
    ASSERT_IN_RANGE(1 - A, x[0], EXACT);
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

/* ---- published values --------------------------------------------------------------------- */

/* Compares scores with a file of "id value" lines. */
TEST published(const char *folder_file, double relative, const edge_list *e, const double *x)
{
    char path[1024], line[256];
    ASSERT(test_data(folder_file, path) != NULL);
    FILE *f = fopen(path, "r");
    int64_t id, seen = 0;
    double value;
    while (fgets(line, sizeof line, f) != NULL &&
           sscanf(line, "%" SCNd64 " %lf", &id, &value) == 2) {
        const gv_node v = edges_node(e, id);
        ASSERT(v >= 0);
        ASSERT_IN_RANGE(value, x[v], relative * value);
        seen++;
    }
    fclose(f);
    ASSERT_EQ(e->n_nodes, seen);
    PASS();
}

typedef struct ldbc_case {
    const char *edges, *vertices, *output;
    bool undirected;
    int iterations;  /* 0: to convergence */
    double relative; /* how well the published digits are met */
} ldbc_case;

TEST ldbc(const ldbc_case *k)
{
    char edges[1024], vertices[1024];
    edge_list e;
    if (test_data(k->edges, edges) == NULL || test_data(k->vertices, vertices) == NULL)
        SKIPm("no LDBC data (GV_DATA_DIR)");
    ASSERT(edges_read(edges, vertices, &e));
    gv_build_opts build = gv_build_defaults();
    build.undirected = k->undirected;
    gv_graph *g = edges_graph(ctx, &e, &build);
    ASSERT(g != NULL);
    gv_ppr_opts o = gv_ppr_defaults();
    o.dangling = GV_DANGLING_UNIFORM;
    o.tolerance = k->iterations > 0 ? 0.0 : 1e-13;
    o.max_iterations = k->iterations > 0 ? k->iterations : o.max_iterations;
    columns c = {.n = 0};
    open_column(&c);
    const gv_teleport t = teleport_of(&c);
    double *x = calloc((size_t)e.n_nodes, sizeof *x);
    ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, NULL, &err));
    CHECK_CALL(published(k->output, k->relative, &e, x));
    free(x);
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

TEST small_published(void)
{
    char path[1024];
    edge_list e;
    if (test_data("ppr_small/test_graph.txt", path) == NULL)
        SKIPm("no small PPR data (GV_DATA_DIR)");
    ASSERT(edges_read(path, NULL, &e));
    gv_graph *g = edges_graph(ctx, &e, NULL);
    ASSERT(g != NULL && gv_graph_nodes(g) == 10);
    columns c = {.n = 0};
    for (int v = 0; v < 10; v++) {
        open_column(&c);
        put(&c, v, 1.0);
    }
    const gv_teleport t = teleport_of(&c);
    gv_ppr_opts o = gv_ppr_defaults();
    o.damping = .8;
    double x[100];
    ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, NULL, &err));
    FILE *f = fopen(test_data("ppr_small/test_pprs.txt", path), "r");
    ASSERT(f != NULL);
    int source, target, seen = 0;
    double value;
    while (fscanf(f, "%d %d %lf", &source, &target, &value) == 3) {
        ASSERT_IN_RANGE(value, x[10 * source + target], 4.9e-7);
        seen++;
    }
    fclose(f);
    ASSERT(seen > 0);
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

SUITE(ppr)
{
    static const ldbc_case cases[] = {
        /* the directed output is the limit; 14 sweeps come within 1.3e-6 of it */
        {"ldbc/pr/dir-edges.tsv", "ldbc/pr/dir-vertices.tsv", "ldbc/pr/dir-output", false, 14,
         2e-6},
        {"ldbc/pr/dir-edges.tsv", "ldbc/pr/dir-vertices.tsv", "ldbc/pr/dir-output", false, 0,
         EXACT},
        {"ldbc/pr/undir-edges.tsv", "ldbc/pr/undir-vertices.tsv", "ldbc/pr/undir-output", false, 26,
         1e-7},
        {"ldbc/pr/undir-edges.tsv", "ldbc/pr/undir-vertices.tsv", "ldbc/pr/undir-output", true, 26,
         1e-7},
        {"ldbc/example/example-directed.e", "ldbc/example/example-directed.v",
         "ldbc/example/example-directed-PR", false, 2, EXACT},
        {"ldbc/example/example-undirected.e", "ldbc/example/example-undirected.v",
         "ldbc/example/example-undirected-PR", true, 2, EXACT}};
    ctx = test_context(1, -1); /* several threads: see test_ppr_contract.c */
    RUN_TEST(dangling_rules);
    RUN_TEST(path_and_cycle);
    RUN_TEST(reverse_path);
    RUN_TEST(star);
    RUN_TEST(complete);
    RUN_TEST(degree_teleport);
    RUN_TEST(little_damping_is_teleport);
    RUN_TEST(agrees_with_reference);
    RUN_TEST(zero_weights_are_dangling);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        RUN_TEST1(ldbc, &cases[i]);
    RUN_TEST(small_published);
    gv_context_free(ctx);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(ppr);
    GREATEST_MAIN_END();
}
