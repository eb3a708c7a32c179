/* coin_stream.c -- the raw numbers behind the coins of cascades, endlessly as bytes on stdout, for
 * batteries of tests of randomness.
 *
 *   coin_stream plain   x(u, v, r) of the reference: edges of a world, world after world
 *   coin_stream nodes   h(u, r) of points: 65,536 consumers of a world, world after world
 *   coin_stream worlds  the same for 64 consumers, so that worlds are what varies
 *   coin_stream draws   where points fall: four numbers of each consumer and world
 *   coin_stream edges   bits of slices: 65,536 edges of a lane of 128 worlds, lane after lane
 *   coin_stream lanes   the same for 64 edges
 *   coin_stream bits    sixteen bits of each coin, one after the other
 *   coin_stream fused   what none of them is: number of the world XOR number of the edge */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/points_simd.h"
#include "kernels/sliced.h"
#include "support/graphs.h"

enum { FEW = 64, MANY = 65536, PIECE = 64 };

static void put(const void *words, size_t bytes)
{
    if (fwrite(words, 1, bytes, stdout) != bytes)
        exit(EXIT_SUCCESS); /* the reader has enough */
}

static void plain(void)
{
    const uint64_t key = gv_key(1, GV_FOR_COIN);
    for (uint64_t r = 0;; r++)
        for (uint64_t e = 0; e < MANY; e++) {
            const uint64_t x = gv_random_u64(gv_philox(key, e << 32 | (e * 7 + 1), r), 0);
            put(&x, sizeof x);
        }
}

/* Numbers of the nodes [0, n) in each world, by the function that the kernel calls; with `draws`
 * so many numbers of their streams instead. */
static void points(int n, int draws)
{
    static gv_points_row row[MANY];
    uint64_t h[PIECE + 7], y;
    gv_node node[PIECE], live[PIECE + 7];
    const uint64_t key = gv_key(1, GV_FOR_POINTS);
    for (int u = 0; u < n; u++)
        row[u].threshold = UINT32_MAX; /* all are looked at */
    for (uint64_t r = 0;; r++) {
        const gv_random world = gv_philox(key, 0, r);
        for (int u = 0; u < n; u += PIECE) {
            for (int i = 0; i < PIECE; i++)
                node[i] = u + i;
            gv_points_plain.live(row, GV_ROW_ALONE, node, PIECE, gv_random_u64(world, 0),
                                 gv_random_u64(world, 1), h, live);
            if (draws == 0)
                put(h, PIECE * sizeof *h);
            for (int i = 0; i < PIECE * draws; i++) {
                y = gv_mix(h[i / draws] + (uint64_t)(i % draws) * GV_POINTS_STEP);
                put(&y, sizeof y);
            }
        }
    }
}

/* Bits of the edges [0, n) in each lane, as flip_edges() of sliced_plain.c makes them. */
static void sliced(int n, int bits)
{
    gv_context *ctx = test_context(1, -1);
    edge_list e = edges_path(2);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    gv_coins coins = {.rule = GV_PROBABILITY_CONSTANT, .limit = UINT64_C(1) << 63};
    gv_sliced s;
    if (gv_sliced_open(&s, ctx, g, &coins, 1, NULL) != GV_OK)
        exit(EXIT_FAILURE);
    for (uint64_t lane = 0;; lane++) {
        const gv_random key = gv_philox(s.key, 0, lane);
        for (uint64_t i = 0; i < (uint64_t)n; i++) {
            const uint64_t number = i * UINT64_C(0x9e3779b97f4a7c15);
            uint64_t state[2] = {gv_random_u64(key, 0) ^ number, gv_random_u64(key, 1) ^ number};
            for (int l = 0; l < GV_FIRST_ROUNDS + bits; l++) {
                gv_sliced_aes_round((const uint32_t(*)[256])s.table, state,
                                    s.round_key + l * GV_BLOCK_WORDS);
                if (l >= GV_FIRST_ROUNDS)
                    put(state, sizeof state);
            }
        }
    }
}

static void fused(void)
{
    const uint64_t key = gv_key(1, GV_FOR_COIN);
    for (uint64_t r = 0;; r++) {
        const uint64_t world = gv_random_u64(gv_philox(key, 1, r), 0);
        for (uint64_t e = 0; e < FEW; e++) {
            const uint64_t x = world ^ gv_random_u64(gv_philox(key, 2, e), 0);
            put(&x, sizeof x);
        }
    }
}

int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    if (strcmp(name, "plain") == 0)
        plain();
    if (strcmp(name, "nodes") == 0)
        points(MANY, 0);
    if (strcmp(name, "worlds") == 0)
        points(FEW, 0);
    if (strcmp(name, "draws") == 0)
        points(MANY, 4);
    if (strcmp(name, "edges") == 0)
        sliced(MANY, 1);
    if (strcmp(name, "lanes") == 0)
        sliced(FEW, 1);
    if (strcmp(name, "bits") == 0)
        sliced(MANY, 16);
    if (strcmp(name, "fused") == 0)
        fused();
    fprintf(stderr, "usage: coin_stream plain|nodes|worlds|draws|edges|lanes|bits|fused\n");
    return 2;
}
