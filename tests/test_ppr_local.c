/* test_ppr_local.c -- the best of single sources by pushes: bounds against the dense reference on
 * all kinds of graphs and at every budget of edges, certified lists, ties, equal bytes, errors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/ppr_local.h"
#include "greatest.h"
#include "tests/ref/ref_ppr.h"
#include "tests/support/graphs.h"
#include "tests/support/status.h"

GREATEST_MAIN_DEFS();

enum { N = 60, K = 10, LARGE = 20000 };

static gv_context *ctx;
static gv_error err;

/* ---- helpers ------------------------------------------------------------------------------ */

/* A list of K. */
typedef struct list {
    gv_node node[K];
    double score[K], lower[K], upper[K];
    gv_ppr_local_column column;
} list;

static gv_status find(const gv_graph *g, const gv_teleport *t, int64_t k,
                      const gv_ppr_local_opts *o, list *out)
{
    const gv_ppr_best best = {out->node, out->score, out->lower, out->upper};
    int64_t degree;
    const gv_status st =
        gv_ppr_max_degree(ctx, g, o != NULL ? o->direction : GV_FORWARD, &degree, &err);
    if (st != GV_OK)
        return st;
    return gv_ppr_local(ctx, g, t, k, o, degree, &best, &out->column, &err);
}

static gv_status find_one(const gv_graph *g, gv_node source, const gv_ppr_local_opts *o, list *out)
{
    const int64_t offset[2] = {0, 1};
    const gv_teleport t = {.n_columns = 1, .offset = offset, .node = &source};
    return find(g, &t, K, o, out);
}

static void solve(const gv_graph *g, const gv_ppr_local_opts *o, const double *t, double *x)
{
    gv_ppr_opts same = gv_ppr_defaults();
    same.damping = o->damping;
    same.dangling = o->dangling;
    same.direction = o->direction;
    same.weighted = o->weighted;
    ref_ppr_solve(g, &same, t, x);
}

static int64_t place_in(const list *l, int64_t node)
{
    for (int64_t i = 0; i < K; i++)
        if (l->node[i] == node)
            return i;
    return -1;
}

/* Everything that a list says about the exact scores x [n], n >= K. The reference is off by less
 * than 1e-15 of a score. */
TEST says_true(const list *l, const double *x, int64_t n, const gv_ppr_local_opts *o)
{
    double sum = 0.0, found = 0.0, lowest = 1.0, outside = 0.0;
    for (int64_t v = 0; v < n; v++) {
        const int64_t i = place_in(l, v);
        sum += x[v];
        if (i < 0) {
            ASSERT(x[v] <= l->column.others * (1.0 + 1e-15));
            outside = fmax(outside, x[v]);
            continue;
        }
        ASSERT(l->lower[i] <= x[v] * (1.0 + 1e-15));
        ASSERT(x[v] <= l->upper[i] * (1.0 + 1e-15));
        ASSERT(l->lower[i] <= l->score[i] && l->score[i] <= l->upper[i]);
        found += l->lower[i];
        lowest = fmin(lowest, x[v]);
        if (l->column.converged)
            ASSERT(l->upper[i] - l->lower[i] <= o->accuracy * l->score[i] ||
                   l->upper[i] - l->lower[i] <= o->tolerance);
    }
    for (int64_t i = 1; i < K && l->node[i] >= 0; i++)
        ASSERT(l->score[i - 1] > l->score[i] ||
               (l->score[i - 1] == l->score[i] && l->node[i - 1] < l->node[i]));
    if (l->column.converged)
        ASSERT(outside <= lowest + o->tolerance);
    ASSERT(sum - found <= l->column.residual + (double)n * l->column.others + 1e-12);
    PASS();
}

/* ---- graphs ------------------------------------------------------------------------------- */

enum { DIRECTED, UNDIRECTED, WEIGHTED, CONSTANT, CASCADE, KINDS };

/* With some consumers that have no edges, and on directed graphs some with none to follow. */
static gv_graph *some_graph(int kind, uint64_t seed)
{
    edge_list e = edges_gnp(N - 6, 3.0 / N, seed);
    e.n_nodes = N;
    gv_build_opts o = gv_build_defaults();
    o.undirected = kind == UNDIRECTED || kind == CONSTANT;
    o.source = kind == WEIGHTED   ? GV_FROM_WEIGHT
               : kind == CONSTANT ? GV_FROM_CONSTANT
               : kind == CASCADE  ? GV_FROM_WC
                                  : GV_FROM_NONE;
    for (int64_t i = 0; i < e.n_edges && kind == CASCADE; i++)
        e.weight[i] = 1.0F;
    gv_graph *g = edges_graph(ctx, &e, &o);
    edges_free(&e);
    return g;
}

static gv_ppr_local_opts some_opts(int kind, uint64_t i)
{
    gv_ppr_local_opts o = gv_ppr_local_defaults();
    o.damping = i % 3 == 2 ? .5 : .85;
    o.dangling = (gv_dangling)(i % 4);
    o.direction = i / 4 % 2 != 0 ? GV_REVERSE : GV_FORWARD;
    o.weighted = kind >= WEIGHTED;
    o.accuracy = i % 5 == 0 ? 1e-6 : .1;
    return o;
}

/* ---- bounds ------------------------------------------------------------------------------- */

TEST bounds_hold_for(const gv_graph *g, const gv_ppr_local_opts *opts, const gv_teleport *t,
                     const double *dense, int *converged)
{
    static const int64_t budget[] = {1, 7, 40, 200, 1000, 100000};
    double x[N];
    gv_ppr_local_opts o = *opts;
    list l;
    solve(g, &o, dense, x);
    for (size_t b = 0; b < sizeof budget / sizeof *budget; b++) {
        o.max_edges = budget[b];
        const gv_status st = find(g, t, K, &o, &l);
        ASSERT(st == GV_OK || st == GV_ERR_CONVERGE);
        ASSERT_EQ(st == GV_OK, l.column.converged);
        CHECK_CALL(says_true(&l, x, N, &o));
    }
    *converged += l.column.converged;
    PASS();
}

TEST bounds_always_hold(void)
{
    int converged = 0, cases = 0;
    for (int kind = 0; kind < KINDS; kind++)
        for (uint64_t i = 0; i < 24; i++, cases++) {
            gv_graph *g = some_graph(kind, i);
            const gv_ppr_local_opts o = some_opts(kind, i);
            const gv_node node[] = {(gv_node)(i * 7 % N), (gv_node)(i * 11 % N), (gv_node)(N - 1)};
            const double weight[] = {1.0, 2.0, 1.0};
            const int64_t offset[2] = {0, i % 2 == 0 ? 1 : 3};
            const gv_teleport t = {
                .n_columns = 1, .offset = offset, .node = node, .weight = weight};
            double dense[N] = {0.0}, sum = 0.0;
            for (int64_t k = 0; k < offset[1]; k++)
                sum += weight[k];
            for (int64_t k = 0; k < offset[1]; k++)
                dense[node[k]] += weight[k] / sum;
            CHECK_CALL(bounds_hold_for(g, &o, &t, dense, &converged));
            gv_graph_free(g);
        }
    ASSERT_EQ(120, cases);
    ASSERT_EQ(90, converged); /* all but UNIFORM, where what leaks might come back anywhere */
    PASS();
}

/* Walks that restart at one end of 0 - 1 - 2 - ... - 9 and 10 on its own. */
TEST whole_graph_in_the_list(void)
{
    edge_list e = edges_none(4);
    edges_add(&e, 0, 1, 1.0);
    edges_add(&e, 1, 2, 1.0);
    const gv_build_opts undirected = {.undirected = true};
    gv_graph *g = edges_graph(ctx, &e, &undirected);
    gv_ppr_local_opts o = gv_ppr_local_defaults();
    list l;
    o.accuracy = 1e-9;
    ASSERT_OK(find_one(g, 0, &o, &l));
    ASSERT_EQ(GV_PPR_WITHIN, l.column.reason); /* 3 was never met, but is not known not to be */
    ASSERT(l.node[0] == 1 && l.node[1] == 0 && l.node[2] == 2 && l.node[3] == -1);
    ASSERT(isnan(l.score[3]) && isnan(l.lower[3]) && isnan(l.upper[9]));
    ASSERT(isnan(l.column.next_score) && l.column.others <= 1e-9);
    const double a = o.damping, centre = a / (1 + a);
    ASSERT_IN_RANGE(centre, l.score[0], 1e-8);
    ASSERT_IN_RANGE(1 - a + a * centre / 2, l.score[1], 1e-8);
    ASSERT_IN_RANGE(a * centre / 2, l.score[2], 1e-8);
    /* A source without edges keeps everything, or what does not end. */
    ASSERT_OK(find_one(g, 3, &o, &l));
    ASSERT(l.node[0] == 3 && l.node[1] == -1 && l.column.nodes == 1);
    ASSERT_IN_RANGE(1.0, l.lower[0], 1e-13);
    o.dangling = GV_DANGLING_LEAK;
    ASSERT_OK(find_one(g, 3, &o, &l));
    ASSERT_IN_RANGE(1 - a, l.upper[0], 1e-13);
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

/* The leaves of a star are alike: those of lowest id are listed, and the next score shows it. */
TEST ties_go_by_node(void)
{
    edge_list e = edges_star(30);
    const gv_build_opts undirected = {.undirected = true};
    gv_graph *g = edges_graph(ctx, &e, &undirected);
    const gv_ppr_local_opts o = gv_ppr_local_defaults();
    list l;
    ASSERT_OK(find_one(g, 0, &o, &l));
    ASSERT_EQ(GV_PPR_WITHIN, l.column.reason);
    for (int i = 0; i < K; i++)
        ASSERT_EQ(i, l.node[i]);
    ASSERT(l.column.next_score == l.score[K - 1]);
    ASSERT(l.column.others >= l.score[K - 1] && l.column.others <= l.lower[K - 1] + o.tolerance);
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

/* ---- large graphs ------------------------------------------------------------------------- */

/* Friends of the same circle of 12, and a few from anywhere. */
static gv_graph *large_graph(gv_context *c)
{
    edge_list e = edges_none(LARGE);
    for (int64_t u = 0; u < LARGE; u++)
        for (uint64_t k = 0; k < 4; k++) {
            const double where = test_random(3, (uint64_t)u * 4 + k);
            const int64_t v =
                k < 3 ? u / 12 * 12 + (int64_t)(where * 12.0) : (int64_t)(where * (double)LARGE);
            edges_add(&e, u, v < LARGE ? v : LARGE - 1, 1.0);
        }
    const gv_build_opts undirected = {.undirected = true};
    gv_graph *g = edges_graph(c, &e, &undirected);
    edges_free(&e);
    return g;
}

/* The list of the whole solution, for a small part of the edges. */
TEST finds_the_best_near_by(void)
{
    gv_graph *g = large_graph(ctx);
    double *x = calloc(LARGE, sizeof *x);
    gv_ppr_opts exact = gv_ppr_defaults();
    exact.tolerance = 1e-12;
    for (gv_node source = 0; source < LARGE; source += LARGE / 8) {
        const int64_t offset[2] = {0, 1};
        const gv_teleport t = {.n_columns = 1, .offset = offset, .node = &source};
        const gv_ppr_local_opts o = gv_ppr_local_defaults();
        gv_node node[K];
        double top[K], next;
        list l;
        ASSERT_OK(gv_ppr(ctx, g, &t, &exact, x, NULL, &err));
        ASSERT_OK(gv_top_k(ctx, x, LARGE, K, node, top, &next, &err));
        ASSERT_OK(find_one(g, source, &o, &l));
        ASSERT_EQ(GV_PPR_CERTIFIED, l.column.reason);
        CHECK_CALL(says_true(&l, x, LARGE, &o));
        for (int i = 0; i < K; i++)
            ASSERT(place_in(&l, node[i]) >= 0);
        ASSERT(l.column.edges < 20 * gv_graph_edges(g)); /* sweeps would take a hundred */
        ASSERT(next <= l.column.others);
    }
    free(x);
    gv_graph_free(g);
    PASS();
}

/* 40 columns with 1, 2, 3 and 8 threads, and each by itself: the same bytes. */
TEST same_bytes_at_any_thread_count(void)
{
    enum { COLUMNS = 40 };
    static gv_node node[COLUMNS], best[2][COLUMNS * K];
    static double score[2][COLUMNS * K], lower[2][COLUMNS * K], upper[2][COLUMNS * K];
    gv_ppr_local_column column[2][COLUMNS];
    int64_t offset[COLUMNS + 1] = {0};
    memset(column, 0, sizeof column);
    for (int i = 0; i < COLUMNS; i++) {
        node[i] = (gv_node)(i * 487 % LARGE);
        offset[i + 1] = i + 1;
    }
    gv_ppr_local_opts o = gv_ppr_local_defaults();
    o.max_edges = 30000; /* some converge, some do not */
    for (int threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
        const int at = threads > 1;
        gv_context *other = test_context(threads, -1);
        gv_graph *g = large_graph(other);
        const gv_teleport t = {.n_columns = COLUMNS, .offset = offset, .node = node};
        const gv_ppr_best b = {best[at], score[at], lower[at], upper[at]};
        ASSERT_STATUS(GV_ERR_CONVERGE,
                      gv_ppr_local(other, g, &t, K, &o, 100, &b, column[at], &err));
        ASSERT_MEM_EQ(best[0], best[at], sizeof *best);
        ASSERT_MEM_EQ(score[0], score[at], sizeof *score);
        ASSERT_MEM_EQ(lower[0], lower[at], sizeof *lower);
        ASSERT_MEM_EQ(upper[0], upper[at], sizeof *upper);
        for (int i = 0; i < COLUMNS; i++)
            ASSERT(column[0][i].edges == column[at][i].edges &&
                   column[0][i].others == column[at][i].others &&
                   column[0][i].reason == column[at][i].reason);
        for (int i = 0; i < COLUMNS && at; i += 13) {
            const gv_teleport own = {.n_columns = 1, .offset = offset, .node = node + i};
            list l;
            const gv_ppr_best alone = {l.node, l.score, l.lower, l.upper};
            const gv_status st = gv_ppr_local(other, g, &own, K, &o, 100, &alone, &l.column, &err);
            ASSERT(st == GV_OK || st == GV_ERR_CONVERGE);
            ASSERT_MEM_EQ(best[0] + i * K, l.node, sizeof l.node);
            ASSERT_MEM_EQ(upper[0] + i * K, l.upper, sizeof l.upper);
        }
        gv_graph_free(g);
        gv_context_free(other);
    }
    PASS();
}

/* ---- errors ------------------------------------------------------------------------------- */

TEST fails_without_memory(void)
{
    gv_graph *g = large_graph(ctx);
    gv_ppr_local_opts o = gv_ppr_local_defaults();
    list l;
    o.max_edges = 60000;
    const int64_t before = gv_context_memory_used(ctx);
    gv_status st = GV_ERR_NOMEM;
    int failures = 0;
    for (int64_t k = 0; st == GV_ERR_NOMEM; k++, failures++) {
        ctx->fail_allocation = ctx->allocations + k;
        st = find_one(g, 5, &o, &l);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
    }
    ctx->fail_allocation = -1;
    ASSERT(st == GV_OK || st == GV_ERR_CONVERGE);
    ASSERT(failures > 10);
    gv_graph_free(g);
    PASS();
}

TEST fails(const gv_graph *g, const gv_teleport *t, int64_t k, int64_t degree,
           const gv_ppr_local_opts *o, gv_status status, const char *message)
{
    list l;
    const gv_ppr_best best = {l.node, l.score, l.lower, l.upper};
    ASSERT_STATUS(status, gv_ppr_local(ctx, g, t, k, o, degree, &best, NULL, &err));
    ASSERT_STR_EQ(message, err.message);
    ASSERT_STATUS(status, gv_ppr_local(ctx, g, t, k, o, degree, &best, NULL, NULL));
    PASS();
}

TEST refuses_bad_arguments(void)
{
    edge_list e = edges_cycle(3);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_node node[] = {0};
    const int64_t offset[3] = {0, 1, 1};
    gv_teleport t = {.n_columns = 1, .offset = offset, .node = node};
    const gv_ppr_local_opts good = gv_ppr_local_defaults();
    gv_ppr_local_opts o = good;
    o.damping = 0.0;
    CHECK_CALL(fails(g, &t, 1, 9, &o, GV_ERR_RANGE, "ppr: damping 0 is not in (0, 1)"));
    o = good, o.tolerance = -1.0;
    CHECK_CALL(fails(g, &t, 1, 9, &o, GV_ERR_RANGE, "ppr: tolerance -1 is not finite and >= 0"));
    o = good, o.accuracy = 0.0;
    CHECK_CALL(fails(g, &t, 1, 9, &o, GV_ERR_RANGE, "ppr: accuracy 0 is not finite and > 0"));
    o = good, o.max_edges = 0;
    CHECK_CALL(fails(g, &t, 1, 9, &o, GV_ERR_RANGE, "ppr: max_edges 0 is not at least 1"));
    o = good, o.dangling = (gv_dangling)4;
    CHECK_CALL(fails(g, &t, 1, 9, &o, GV_ERR_ARG, "ppr: dangling rule 4 is not in [0, 3]"));
    o = good, o.direction = (gv_direction)2;
    CHECK_CALL(fails(g, &t, 1, 9, &o, GV_ERR_ARG, "ppr: direction 2 is not 0 or 1"));
    o = good, o.weighted = true;
    CHECK_CALL(
        fails(g, &t, 1, 9, &o, GV_ERR_ARG, "ppr: weighted, but the graph has no probabilities"));
    CHECK_CALL(fails(g, &t, 0, 9, NULL, GV_ERR_RANGE, "ppr: k 0 is not in [1, 2147483647]"));
    CHECK_CALL(fails(g, &t, 1, -1, NULL, GV_ERR_RANGE, "ppr: max_degree -1 is negative"));
    t.n_columns = 2;
    CHECK_CALL(fails(g, &t, 1, 9, NULL, GV_ERR_RANGE,
                     "ppr: column 1 restarts everywhere; that takes sweeps over the whole graph"));
    t.n_columns = 1;
    node[0] = 3;
    CHECK_CALL(fails(g, &t, 1, 9, NULL, GV_ERR_RANGE,
                     "ppr: node 3 of teleport column 0 is not in [0, 3)"));
    ASSERT_STR_EQ("certified", gv_ppr_reason_name(GV_PPR_CERTIFIED));
    ASSERT_STR_EQ("tolerance", gv_ppr_reason_name(GV_PPR_WITHIN));
    ASSERT_STR_EQ("edges", gv_ppr_reason_name(GV_PPR_EDGES));
    ASSERT_STR_EQ("rounding", gv_ppr_reason_name(GV_PPR_ROUNDING));
    ASSERT_STR_EQ("unknown", gv_ppr_reason_name((gv_ppr_reason)4));
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

/* Rows are checked when they are read: 0 -> 1 -> 2 -> 0 with something wrong behind 1. */
TEST refuses_rows_that_cannot_be(void)
{
    int64_t indptr[] = {0, 1, 2, 3};
    gv_node indices[] = {1, 2, 0}, node = 0;
    float p[] = {.5F, .5F, .5F};
    struct gv_graph g = {.n_nodes = 3,
                         .n_edges = 3,
                         .directed = true,
                         .out = {.indptr = indptr, .indices = indices, .probability = p},
                         .rule = GV_PROBABILITY_STORED};
    const int64_t offset[2] = {0, 1};
    const gv_teleport t = {.n_columns = 1, .offset = offset, .node = &node};
    gv_ppr_local_opts o = gv_ppr_local_defaults();
    int64_t degree;
    o.weighted = true;
    ASSERT_OK(gv_ppr_max_degree(ctx, &g, GV_FORWARD, &degree, &err));
    ASSERT_EQ(1, degree);
    indices[1] = 3;
    CHECK_CALL(fails(&g, &t, 1, 1, &o, GV_ERR_DATA, "ppr: row 1 has the target 3, not in [0, 3)"));
    indices[1] = 2;
    p[1] = 1.5F;
    CHECK_CALL(fails(&g, &t, 1, 1, &o, GV_ERR_DATA,
                     "ppr: the edge from 1 to 2 has a probability that is not in [0, 1]"));
    p[1] = .5F;
    indptr[2] = 4;
    CHECK_CALL(
        fails(&g, &t, 1, 1, &o, GV_ERR_DATA, "ppr: row 1 runs from 1 to 4, not within [0, 3]"));
    ASSERT_STATUS(GV_ERR_DATA, gv_ppr_max_degree(ctx, &g, GV_FORWARD, &degree, &err));
    ASSERT_STR_EQ("ppr: the offsets of rows do not ascend to 3", err.message);
    PASS();
}

/* Half way through 200 columns. */
static bool stop_soon(void *data, const char *stage, int64_t done, int64_t total)
{
    (void)data, (void)total;
    return strcmp(stage, "ppr") != 0 || done == 0;
}

TEST can_be_cancelled(void)
{
    enum { COLUMNS = 200 };
    const gv_context_opts o = {.n_threads = 1, .progress = stop_soon};
    static gv_node node[COLUMNS], found[COLUMNS];
    static double score[COLUMNS], lower[COLUMNS], upper[COLUMNS];
    int64_t offset[COLUMNS + 1];
    gv_context *other;
    ASSERT_OK(gv_context_create(&o, &other, &err));
    edge_list e = edges_cycle(5);
    gv_graph *g = edges_graph(other, &e, NULL);
    for (int64_t i = 0; i <= COLUMNS; i++)
        offset[i] = i;
    const gv_teleport t = {.n_columns = COLUMNS, .offset = offset, .node = node};
    const gv_ppr_best best = {found, score, lower, upper};
    ASSERT_STATUS(GV_ERR_CANCELLED, gv_ppr_local(other, g, &t, 1, NULL, 1, &best, NULL, &err));
    gv_graph_free(g);
    edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(other));
    gv_context_free(other);
    PASS();
}

SUITE(ppr_local)
{
    RUN_TEST(bounds_always_hold);
    RUN_TEST(whole_graph_in_the_list);
    RUN_TEST(ties_go_by_node);
    RUN_TEST(finds_the_best_near_by);
    RUN_TEST(same_bytes_at_any_thread_count);
    RUN_TEST(fails_without_memory);
    RUN_TEST(refuses_bad_arguments);
    RUN_TEST(refuses_rows_that_cannot_be);
    RUN_TEST(can_be_cancelled);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    ctx = test_context(2, -1);
    RUN_SUITE(ppr_local);
    gv_context_free(ctx);
    GREATEST_MAIN_END();
}
