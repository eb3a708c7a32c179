/* test_ppr_contract.c -- what personalized PageRank promises on any graph: equal bytes, the proof
 * of the error, linearity; small graphs, cancelling, errors. */
#include <inttypes.h>
#include <math.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/ppr.h"
#include "greatest.h"
#include "tests/support/graphs.h"
#include "tests/support/status.h"
#include "tests/support/teleports.h"

GREATEST_MAIN_DEFS();

#define EXACT 1e-12
#define A     0.85

static gv_context *ctx;
static gv_error err;

/* ---- properties --------------------------------------------------------------------------- */

/* A directed graph of more than one block, with dangling nodes, stored probabilities. */
static gv_graph *block_graph(gv_context *c)
{
    edge_list e = edges_none(2500);
    for (uint64_t i = 0; i < 9000; i++) {
        const double skewed = pow(test_random(9, 3 * i), 3.0);
        edges_add(&e, (int64_t)(test_random(9, 3 * i + 1) * 2000.0), (int64_t)(skewed * 2500.0),
                  test_random(9, 3 * i + 2));
    }
    gv_graph *g = edges_graph_weighted(c, &e);
    edges_free(&e);
    return g;
}

/* Twenty columns of all kinds for block_graph(). */
static void twenty_columns(columns *c)
{
    *c = (columns){.n = 0};
    for (uint64_t i = 0; i < 20; i++) {
        open_column(c);
        const int entries = i % 5 == 4 ? 0 : 1 + (int)(i * i);
        for (int k = 0; k < entries && i % 5 != 4; k++)
            put(c, (int64_t)(test_random(i, (uint64_t)k) * 2500.0), 1.0 + k % 3);
    }
}

static gv_ppr_opts mixed_opts(int variant)
{
    gv_ppr_opts o = gv_ppr_defaults();
    o.dangling = (gv_dangling)(variant % 4);
    o.weighted = variant % 2;
    o.direction = variant / 2 % 2 ? GV_REVERSE : GV_FORWARD;
    o.tolerance = 1e-3;
    return o;
}

TEST same_bytes_at_any_thread_count(void)
{
    static columns c;
    static double one[20 * 2500], many[20 * 2500];
    gv_ppr_column column[20], again[20];
    twenty_columns(&c);
    const gv_teleport t = teleport_of(&c);
    for (int variant = 0; variant < 4; variant++) {
        const gv_ppr_opts o = mixed_opts(variant);
        for (int threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
            gv_context *other = test_context(threads, -1);
            gv_graph *g = block_graph(other);
            memset(again, 0, sizeof again);
            ASSERT_OK(gv_ppr(other, g, &t, &o, threads == 1 ? one : many, again, &err));
            if (threads == 1)
                memcpy(column, again, sizeof again);
            else
                ASSERT_MEM_EQ(one, many, sizeof one);
            for (int i = 0; i < 20; i++)
                ASSERT(again[i].residual == column[i].residual &&
                       again[i].iterations == column[i].iterations);
            gv_graph_free(g);
            gv_context_free(other);
        }
    }
    PASS();
}

/* Alone, in a batch of 20, or in narrow batches for want of memory: the same bytes. */
TEST same_bytes_in_any_batch(void)
{
    static columns c;
    static double all[20 * 2500], alone[2500], tight[20 * 2500];
    twenty_columns(&c);
    const gv_teleport t = teleport_of(&c);
    gv_graph *g = block_graph(ctx);
    for (int variant = 0; variant < 4; variant++) {
        const gv_ppr_opts o = mixed_opts(variant);
        gv_ppr_column column[20], single;
        ASSERT_OK(gv_ppr(ctx, g, &t, &o, all, column, &err));
        for (int64_t i = 0; i < 20; i++) {
            const int64_t offset[2] = {0, c.offset[i + 1] - c.offset[i]};
            const gv_teleport own = {1, offset, c.node + c.offset[i], c.weight + c.offset[i]};
            ASSERT_OK(gv_ppr(ctx, g, &own, &o, alone, &single, &err));
            ASSERT_MEM_EQ(all + i * 2500, alone, sizeof alone);
            ASSERT_EQ(column[i].iterations, single.iterations);
            ASSERT(column[i].residual == single.residual);
        }
        ctx->memory_limit = gv_context_memory_used(ctx) + 200000;
        ASSERT_OK(gv_ppr(ctx, g, &t, &o, tight, column, &err));
        ctx->memory_limit = 0;
        ASSERT_MEM_EQ(all, tight, sizeof all);
    }
    gv_graph_free(g);
    PASS();
}

/* The residual is a bound, at every sweep, and scores sum to 1. */
TEST bound_holds_at_every_sweep(void)
{
    static columns c;
    static double best[20 * 2500], x[20 * 2500];
    gv_ppr_column far[20], column[20];
    twenty_columns(&c);
    const gv_teleport t = teleport_of(&c);
    gv_graph *g = block_graph(ctx);
    for (int variant = 0; variant < 4; variant++) {
        gv_ppr_opts o = mixed_opts(variant);
        o.tolerance = 1e-12;
        ASSERT_OK(gv_ppr(ctx, g, &t, &o, best, far, &err));
        o.tolerance = 0.0;
        for (int sweeps = 0; sweeps <= 160; sweeps = sweeps < 4 ? sweeps + 1 : sweeps * 2) {
            o.max_iterations = sweeps;
            ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, column, &err));
            for (int64_t i = 0; i < 20; i++) {
                const double gap = distance(best + i * 2500, x + i * 2500, 2500);
                ASSERT(gap <= column[i].residual + far[i].residual);
                ASSERT(column[i].residual <= 2.0 * pow(A, sweeps) + 1e-12);
                ASSERT(column[i].converged);
                ASSERT_EQ(sweeps, column[i].iterations);
                if (o.dangling != GV_DANGLING_LEAK)
                    ASSERT_IN_RANGE(1.0, total(x + i * 2500, 2500), 1e-12);
            }
        }
    }
    gv_graph_free(g);
    PASS();
}

/* x(s t1 + (1 - s) t2) = s x(t1) + (1 - s) x(t2). */
TEST linear_in_teleport(void)
{
    gv_graph *g = block_graph(ctx);
    columns c = one_source(7);
    open_column(&c);
    put(&c, 1300, 1.0);
    open_column(&c);
    put(&c, 7, .25);
    put(&c, 1300, .75);
    const gv_teleport t = teleport_of(&c);
    static double x[3 * 2500];
    for (int rule = GV_DANGLING_UNIFORM; rule <= GV_DANGLING_LEAK; rule++) {
        gv_ppr_opts o = exact_opts();
        o.dangling = (gv_dangling)rule;
        o.tolerance = 5e-13;
        ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, NULL, &err));
        for (int v = 0; v < 2500; v++)
            ASSERT_IN_RANGE(.25 * x[v] + .75 * x[2500 + v], x[5000 + v], EXACT);
    }
    gv_graph_free(g);
    PASS();
}

/* Walks that end, then scaled to 1: the same as sending them back to the teleport vector. */
TEST leak_scaled_is_teleport(void)
{
    gv_graph *g = block_graph(ctx);
    const columns c = one_source(11);
    const gv_teleport t = teleport_of(&c);
    static double leak[2500], back[2500];
    gv_ppr_opts o = exact_opts();
    o.tolerance = 5e-13;
    ASSERT_OK(gv_ppr(ctx, g, &t, &o, back, NULL, &err));
    o.dangling = GV_DANGLING_LEAK;
    ASSERT_OK(gv_ppr(ctx, g, &t, &o, leak, NULL, &err));
    const double sum = total(leak, 2500);
    ASSERT(sum < 1.0);
    for (int v = 0; v < 2500; v++)
        ASSERT_IN_RANGE(back[v], leak[v] / sum, EXACT);
    gv_graph_free(g);
    PASS();
}

/* ---- edges of the contract ---------------------------------------------------------------- */

TEST small_graphs(void)
{
    gv_ppr_column column = {.iterations = 7};
    columns c = {.n = 0};
    open_column(&c);
    const gv_teleport t = teleport_of(&c);
    edge_list none = edges_none(0), one = edges_none(1), three = edges_none(3);
    gv_graph *g = edges_graph(ctx, &none, NULL);
    ASSERT_OK(gv_ppr(ctx, g, &t, NULL, NULL, &column, &err));
    ASSERT(column.converged && column.residual == 0.0 && column.iterations == 0);
    gv_graph_free(g);
    g = edges_graph(ctx, &one, NULL);
    double x[3];
    for (int rule = 0; rule < 4; rule++) {
        gv_ppr_opts o = exact_opts();
        o.dangling = (gv_dangling)rule;
        ASSERT_OK(gv_ppr(ctx, g, &t, &o, x, NULL, &err));
        ASSERT_IN_RANGE(rule == GV_DANGLING_LEAK ? 1 - A : 1.0, x[0], EXACT);
    }
    gv_graph_free(g);
    g = edges_graph(ctx, &three, NULL);
    ASSERT_OK(gv_ppr(ctx, g, &t, NULL, x, NULL, &err));
    ASSERT_IN_RANGE(1.0 / 3.0, x[1], EXACT);
    gv_graph_free(g);
    PASS();
}

/* Not converged: the scores are there all the same, and the figures say so. */
TEST says_when_not_converged(void)
{
    gv_graph *g = block_graph(ctx);
    columns c = one_source(3);
    open_column(&c);
    put(&c, 2400, 1.0); /* dangling, nobody leads there: settled after few sweeps */
    const gv_teleport t = teleport_of(&c);
    static double x[2 * 2500], y[2 * 2500];
    gv_ppr_column column[2];
    gv_ppr_opts o = gv_ppr_defaults();
    o.max_iterations = 5;
    ASSERT_EQ(GV_ERR_CONVERGE, gv_ppr(ctx, g, &t, &o, x, column, &err));
    ASSERT(strncmp(err.message, "ppr: 1 of 2 columns did not reach", 33) == 0);
    ASSERT(!column[0].converged && column[0].iterations == 5 && column[0].residual > 1e-9);
    ASSERT(column[1].converged && column[1].iterations <= 2);
    o.tolerance = 0.0;
    ASSERT_OK(gv_ppr(ctx, g, &t, &o, y, column, &err));
    ASSERT_MEM_EQ(x, y, 2500 * sizeof *x);
    ASSERT(column[0].converged);
    o = gv_ppr_defaults();
    o.tolerance = 1e-18; /* beyond what doubles can prove */
    ASSERT_EQ(GV_ERR_CONVERGE, gv_ppr(ctx, g, &t, &o, x, column, &err));
    ASSERT(column[0].residual < 1e-12);
    gv_graph_free(g);
    PASS();
}

static bool stop(void *data, const char *stage, int64_t done, int64_t all)
{
    int *calls = data;
    return strcmp(stage, "ppr") == 0 && done <= all && ++*calls < 3;
}

TEST can_be_cancelled(void)
{
    gv_graph *g = block_graph(ctx);
    const columns c = one_source(3);
    const gv_teleport t = teleport_of(&c);
    static double x[2500];
    int calls = 0;
    ctx->progress = stop;
    ctx->progress_data = &calls;
    const int64_t before = gv_context_memory_used(ctx);
    ASSERT_EQ(GV_ERR_CANCELLED, gv_ppr(ctx, g, &t, NULL, x, NULL, &err));
    ctx->progress = NULL;
    ASSERT_EQ(3, calls);
    ASSERT_EQ(before, gv_context_memory_used(ctx));
    gv_graph_free(g);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    static columns c;
    static double x[20 * 2500];
    twenty_columns(&c);
    const gv_teleport t = teleport_of(&c);
    gv_ppr_opts o = mixed_opts(1);
    o.tolerance = 0.0;
    o.max_iterations = 2;
    gv_graph *g = block_graph(ctx);
    ASSERT(walk_without_memory(ctx, g, &t, &o, x) > 8);
    gv_graph_free(g);
    PASS();
}

TEST fails(const gv_graph *g, const gv_teleport *t, const gv_ppr_opts *o, gv_status status,
           const char *message)
{
    double x[8];
    ASSERT_STATUS(status, gv_ppr(ctx, g, t, o, x, NULL, &err));
    ASSERT_STR_EQ(message, err.message);
    ASSERT_EQ((int)status, (int)gv_ppr(ctx, g, t, o, x, NULL, NULL));
    PASS();
}

TEST refuses_bad_options(void)
{
    edge_list e = edges_cycle(3);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const columns c = one_source(0);
    const gv_teleport t = teleport_of(&c);
    const gv_ppr_opts good = gv_ppr_defaults();
    gv_ppr_opts o = good;
    o.damping = 1.0;
    CHECK_CALL(fails(g, &t, &o, GV_ERR_RANGE, "ppr: damping 1 is not in (0, 1)"));
    o.damping = 0.0;
    CHECK_CALL(fails(g, &t, &o, GV_ERR_RANGE, "ppr: damping 0 is not in (0, 1)"));
    o.damping = (double)NAN;
    ASSERT_EQ(GV_ERR_RANGE, gv_ppr(ctx, g, &t, &o, NULL, NULL, NULL));
    o = good, o.tolerance = -1e-9;
    CHECK_CALL(fails(g, &t, &o, GV_ERR_RANGE, "ppr: tolerance -1e-09 is not finite and >= 0"));
    o = good, o.max_iterations = -1;
    CHECK_CALL(fails(g, &t, &o, GV_ERR_RANGE, "ppr: max_iterations -1 is negative"));
    o = good, o.dangling = (gv_dangling)4;
    CHECK_CALL(fails(g, &t, &o, GV_ERR_ARG, "ppr: dangling rule 4 is not in [0, 3]"));
    o = good, o.direction = (gv_direction)2;
    CHECK_CALL(fails(g, &t, &o, GV_ERR_ARG, "ppr: direction 2 is not 0 or 1"));
    o = good, o.weighted = true;
    CHECK_CALL(fails(g, &t, &o, GV_ERR_ARG, "ppr: weighted, but the graph has no probabilities"));
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

TEST refuses_bad_teleports(void)
{
    edge_list e = edges_cycle(3);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_node node[2] = {0, 3}, low[2] = {-1, 0}, fine[2] = {0, 1};
    const double negative[2] = {1.0, -1.0}, nan[2] = {1.0, (double)NAN}, zero[2] = {0.0, 0.0};
    const double huge[2] = {1e308, 1e308};
    const int64_t offset[2] = {0, 2}, late[2] = {1, 2}, falling[3] = {0, 2, 1};
    const struct {
        gv_teleport t;
        gv_status status;
        const char *message;
    } bad[] = {
        {{1, offset, node, NULL},
         GV_ERR_RANGE,
         "ppr: node 3 of teleport column 0 is not in [0, 3)"},
        {{1, offset, low, NULL},
         GV_ERR_RANGE,
         "ppr: node -1 of teleport column 0 is not in [0, 3)"},
        {{1, offset, fine, negative},
         GV_ERR_RANGE,
         "ppr: weight -1 of node 1 in teleport column 0 is not finite and >= 0"},
        {{1, offset, fine, nan},
         GV_ERR_RANGE,
         "ppr: weight nan of node 1 in teleport column 0 is not finite and >= 0"},
        {{1, offset, fine, zero},
         GV_ERR_RANGE,
         "ppr: weights of teleport column 0 sum to 0; not positive and finite"},
        {{1, offset, fine, huge},
         GV_ERR_RANGE,
         "ppr: weights of teleport column 0 sum to inf; not positive and finite"},
        {{0, offset, fine, NULL}, GV_ERR_RANGE, "ppr: 0 teleport columns; not at least 1"},
        {{1, late, fine, NULL}, GV_ERR_ARG, "ppr: teleport offsets start at 1, not at 0"},
        {{2, falling, fine, NULL}, GV_ERR_ARG, "ppr: teleport offset 2 is below the one before"},
        {{1, offset, NULL, NULL}, GV_ERR_ARG, "ppr: teleport columns without nodes"},
        {{1, NULL, fine, NULL}, GV_ERR_ARG, "ppr: no teleport columns"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_CALL(fails(g, &bad[i].t, NULL, bad[i].status, bad[i].message));
    gv_graph_free(g);
    edges_free(&e);
    PASS();
}

SUITE(ppr_contract)
{
    ctx = test_context(1, -1); /* several threads: see same_bytes_at_any_thread_count */
    RUN_TEST(same_bytes_at_any_thread_count);
    RUN_TEST(same_bytes_in_any_batch);
    RUN_TEST(bound_holds_at_every_sweep);
    RUN_TEST(linear_in_teleport);
    RUN_TEST(leak_scaled_is_teleport);
    RUN_TEST(small_graphs);
    RUN_TEST(says_when_not_converged);
    RUN_TEST(can_be_cancelled);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(refuses_bad_options);
    RUN_TEST(refuses_bad_teleports);
    gv_context_free(ctx);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(ppr_contract);
    GREATEST_MAIN_END();
}
