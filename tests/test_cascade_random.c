/* test_cascade_random.c -- the randomness of worlds by every kernel: uniform coins, and
 * independence between edges of a world, worlds of an edge, pairs of edges and pairs of pairs;
 * block means of spreads. Coins that share one number of the world by XOR must fail. Seeds are
 * fixed; a statistic may lie 4.5 standard deviations off. */
#include <math.h>

#include "grapevine/cascade.h"
#include "greatest.h"
#include "kernels/coin.h"
#include "support/cascades.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

#define BOUND 4.5

/* ---- coins of single edges ----------------------------------------------------------------------
 */

enum { SOURCES = 40, EACH = 12, EDGES = SOURCES * EACH, ROUNDS = 1024 };

/* live[r][e]: whether edge e is live in world r; sources 0 .. SOURCES - 1, each with EACH targets.
 */
static uint8_t live[ROUNDS][EDGES];

static void draw_worlds(gv_cascade_kernel kernel, double p)
{
    gv_context *ctx = test_context(1, -1);
    edge_list e = edges_none(SOURCES + EDGES);
    gv_node seeds[SOURCES];
    for (int i = 0; i < EDGES; i++)
        edges_add(&e, i / EACH, SOURCES + i, p);
    for (int i = 0; i < SOURCES; i++)
        seeds[i] = i;
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability rule = cascade_constant(p);
    gv_cascade_opts o = gv_cascade_defaults();
    o.kernel = kernel, o.n_worlds = 1, o.activation = true;
    for (int r = 0; r < ROUNDS; r++) {
        o.first_world = r;
        gv_cascade_result *x = cascade_run(ctx, g, &rule, seeds, SOURCES, &o);
        for (int i = 0; i < EDGES; i++)
            live[r][i] = (uint8_t)x->activation_count[SOURCES + i];
        gv_cascade_free(x);
    }
    gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
}

/* What must not be done: one number of the edge and one of the world, fused. */
static void draw_fused_worlds(double p)
{
    for (int r = 0; r < ROUNDS; r++)
        for (int i = 0; i < EDGES; i++)
            live[r][i] = (gv_mix((uint64_t)i) ^ gv_mix((uint64_t)r + 10000)) < gv_coin_limit(p);
}

/* Sum over worlds of (x - p)(y - p) for pairs of edges, as a chi-square in standard deviations. */
static double edge_pairs(double p)
{
    double chi = 0.0;
    int pairs = 0;
    for (int gap = 1; gap < EDGES; gap *= 3) {
        for (int i = 0; i + gap < EDGES; i += 2, pairs++) {
            double product = 0.0;
            for (int r = 0; r < ROUNDS; r++)
                product += (live[r][i] - p) * (live[r][i + gap] - p);
            chi += product * product / (ROUNDS * p * p * (1.0 - p) * (1.0 - p));
        }
    }
    return (chi - pairs) / sqrt(2.0 * pairs);
}

/* The same for pairs of worlds, over edges. */
static double world_pairs(double p)
{
    double chi = 0.0;
    int pairs = 0;
    for (int gap = 1; gap < ROUNDS; gap *= 2) {
        for (int r = 0; r + gap < ROUNDS; r++, pairs++) {
            double product = 0.0;
            for (int i = 0; i < EDGES; i++)
                product += (live[r][i] - p) * (live[r + gap][i] - p);
            chi += product * product / (EDGES * p * p * (1.0 - p) * (1.0 - p));
        }
    }
    return (chi - pairs) / sqrt(2.0 * pairs);
}

/* Whether two edges agree in a world, against whether they do in another. */
static double pairs_of_pairs(double p)
{
    const double same = p * p + (1.0 - p) * (1.0 - p), variance = same * (1.0 - same);
    double chi = 0.0;
    int pairs = 0;
    for (int gap = 1; gap <= 512; gap *= 2) {
        for (int i = 0; i + 1 < EDGES; i += 2, pairs++) {
            double product = 0.0;
            for (int r = 0; r + gap < ROUNDS; r++)
                product += ((live[r][i] == live[r][i + 1]) - same) *
                           ((live[r + gap][i] == live[r + gap][i + 1]) - same);
            chi += product * product / ((ROUNDS - gap) * variance * variance);
        }
    }
    return (chi - pairs) / sqrt(2.0 * pairs);
}

/* Chi-square of the number of live edges: by edge, by world, and in blocks of 32 worlds, whose
 * means must spread as independent ones do. */
static void totals(double p, double *by_edge, double *by_world, double *by_block)
{
    const double variance = p * (1.0 - p);
    double chi[3] = {0.0};
    for (int i = 0; i < EDGES; i++) {
        double sum = 0.0, block = 0.0;
        for (int r = 0; r < ROUNDS; r++) {
            sum += live[r][i] - p, block += live[r][i] - p;
            if (r % 32 == 31) {
                chi[2] += block * block / (32 * variance);
                block = 0.0;
            }
        }
        chi[0] += sum * sum / (ROUNDS * variance);
    }
    for (int r = 0; r < ROUNDS; r++) {
        double sum = 0.0;
        for (int i = 0; i < EDGES; i++)
            sum += live[r][i] - p;
        chi[1] += sum * sum / (EDGES * variance);
    }
    const double blocks = EDGES * (ROUNDS / 32.0);
    *by_edge = (chi[0] - EDGES) / sqrt(2.0 * EDGES);
    *by_world = (chi[1] - ROUNDS) / sqrt(2.0 * ROUNDS);
    *by_block = (chi[2] - blocks) / sqrt(2.0 * blocks);
}

TEST worlds_are_random(gv_cascade_kernel kernel, double p)
{
    double by_edge, by_world, by_block;
    draw_worlds(kernel, p);
    totals(p, &by_edge, &by_world, &by_block);
    ASSERT_LT(fabs(by_edge), BOUND);
    ASSERT_LT(fabs(by_world), BOUND);
    ASSERT_LT(fabs(by_block), BOUND);
    ASSERT_LT(fabs(edge_pairs(p)), BOUND);
    ASSERT_LT(fabs(world_pairs(p)), BOUND);
    ASSERT_LT(fabs(pairs_of_pairs(p)), BOUND);
    PASS();
}

/* The tests can fail. Totals cannot see it: each edge alone, and each world alone, are in order. */
TEST fused_coins_are_found_out(double p)
{
    draw_fused_worlds(p);
    ASSERT_GT(edge_pairs(p), 20.0 * BOUND);
    ASSERT_GT(world_pairs(p), 20.0 * BOUND);
    ASSERT_GT(pairs_of_pairs(p), BOUND);
    PASS();
}

/* A thousand edges of one source, of a thousand probabilities from 0 to 1: as often live as each
 * says, and their number in a world as scattered as that of independent ones. */
TEST coins_are_uniform(gv_cascade_kernel kernel)
{
    enum { N = 1000, WORLDS = 4096 };
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_none(N + 1);
    for (int v = 1; v <= N; v++)
        edges_add(&e, 0, v, (v - 0.5) / N);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node centre = 0;
    gv_cascade_opts o = gv_cascade_defaults();
    o.kernel = kernel, o.n_worlds = WORLDS, o.activation = true;
    gv_cascade_result *r = cascade_run(ctx, g, NULL, &centre, 1, &o);
    double chi = 0.0, spread = 0.0, mean = 1.0, variance = 0.0;
    for (int v = 1; v <= N; v++) {
        const double p = (double)(float)((v - 0.5) / N), one = p * (1.0 - p);
        const double off = r->activation_count[v] - p * WORLDS;
        chi += off * off / (WORLDS * one);
        spread += 2.0 + (1.0 / one - 6.0) / WORLDS; /* variance of the square of a z */
        mean += p, variance += one;
    }
    ASSERT_LT(fabs(chi - N), BOUND * sqrt(spread));
    ASSERT_IN_RANGE(mean, r->mean, BOUND * sqrt(variance / WORLDS));
    ASSERT_IN_RANGE(variance, r->sd * r->sd, BOUND * variance * sqrt(2.0 / WORLDS));
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* ---- spreads ------------------------------------------------------------------------------------
 */

enum { SPREADS = 16384, PERSONS = 300 };

/* How far the means of blocks of `size` worlds are from scattering as those of independent ones. */
static double block_means(const int64_t *spread, int size)
{
    const int blocks = SPREADS / size;
    double mean = 0.0, variance = 0.0, fourth = 0.0, chi = 0.0;
    for (int i = 0; i < SPREADS; i++)
        mean += (double)spread[i] / SPREADS;
    for (int i = 0; i < SPREADS; i++)
        variance += pow((double)spread[i] - mean, 2) / (SPREADS - 1);
    for (int i = 0; i < SPREADS; i++)
        fourth += pow((double)spread[i] - mean, 4) / SPREADS / variance / variance;
    for (int b = 0; b < blocks; b++) {
        double sum = 0.0;
        for (int i = b * size; i < (b + 1) * size; i++)
            sum += (double)spread[i] - mean;
        chi += sum * sum / (size * variance);
    }
    return (chi - (blocks - 1)) / sqrt((blocks - 1) * (2.0 + (fourth - 3.0) / size));
}

/* Of a cascade that dies out or becomes large. Blocks are those that kernels make: 128 and 512
 * worlds; and neighbours. */
TEST means_of_blocks_scatter(gv_cascade_kernel kernel)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(PERSONS, 6.0 / PERSONS, 41);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_probability p = cascade_constant(0.25);
    const gv_node seeds[] = {5, 100};
    gv_cascade_opts o = gv_cascade_defaults();
    o.kernel = kernel, o.n_worlds = SPREADS, o.spread_only = true;
    gv_cascade_result *r = cascade_run(ctx, g, &p, seeds, 2, &o);
    for (int size = 2; size <= 1024; size *= size == 2 ? 8 : 2)
        ASSERT_LT(fabs(block_means(r->spread, size)), BOUND);
    gv_cascade_free(r);
    /* worlds that repeat are found out */
    static int64_t repeated[SPREADS];
    o.n_worlds = SPREADS / 4;
    r = cascade_run(ctx, g, &p, seeds, 2, &o);
    for (int i = 0; i < SPREADS; i++)
        repeated[i] = r->spread[i / 4];
    ASSERT_GT(block_means(repeated, 16), 2.0 * BOUND);
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

SUITE(randomness)
{
    for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++) {
        RUN_TESTp(worlds_are_random, (gv_cascade_kernel)k, 0.5);
        RUN_TESTp(worlds_are_random, (gv_cascade_kernel)k, 0.03);
        RUN_TESTp(worlds_are_random, (gv_cascade_kernel)k, 0.8);
        RUN_TEST1(coins_are_uniform, (gv_cascade_kernel)k);
        RUN_TEST1(means_of_blocks_scatter, (gv_cascade_kernel)k);
    }
    RUN_TESTp(fused_coins_are_found_out, 0.25);
    RUN_TESTp(fused_coins_are_found_out, 0.5);
    RUN_TESTp(fused_coins_are_found_out, 0.03);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(randomness);
    GREATEST_MAIN_END();
}
