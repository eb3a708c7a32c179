/* test_ppr_parts.c -- what the layouts of personalized PageRank are made of: twins of the inner
 * loops give the same bits; orders, segments and tiles hold every edge once. */
#include <math.h>
#include <stdlib.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/ppr.h"
#include "greatest.h"
#include "kernels/ppr_fast.h"
#include "tests/support/graphs.h"
#include "tests/support/status.h"

GREATEST_MAIN_DEFS();

enum { LARGE = 36000 };

static gv_context *ctx;
static gv_error err;

TEST twins_give_the_same_bits(void)
{
    enum { SOURCES = 500, EDGES = 40000, ROWS = 90 };
    float *share = aligned_alloc(64, SOURCES * 16 * 4);
    float *to = aligned_alloc(64, ROWS * 16 * 4), *expected = aligned_alloc(64, ROWS * 16 * 4);
    static gv_node source[EDGES];
    static float p[EDGES];
    static uint32_t visit[EDGES];
    int64_t visits = 0;
    for (uint64_t i = 0; i < SOURCES * 16; i++)
        share[i] = (float)(test_random(1, i) - .3);
    for (uint64_t i = 0; i < EDGES; i++) {
        source[i] = (gv_node)(test_random(2, i) * SOURCES);
        p[i] = (float)test_random(3, i);
    }
    for (int64_t e = 0; e < EDGES; visits++) {
        int64_t n = 1 + (int64_t)(pow(test_random(4, (uint64_t)visits), 3.0) * PPR_VISIT_EDGES);
        n = e + n > EDGES ? EDGES - e : n;
        visit[visits] = (uint32_t)(visits % ROWS) << PPR_VISIT_BITS | (uint32_t)n;
        e += n;
    }
    ASSERT(visits > ROWS);
    for (int weighted = 0; weighted < 2; weighted++)
        for (int width = 0; width < 3; width++)
            for (int level = 0; level < PPR_LEVELS; level++) {
                const ppr_lanes *lanes = ppr_lanes_at(level);
                if (lanes == NULL)
                    continue;
                memset(to, 0, ROWS * 16 * 4);
                const ppr_visits w = {visit,
                                      visits,
                                      source,
                                      source + EDGES - 1,
                                      weighted ? p : NULL,
                                      share,
                                      level == 0 ? expected : to};
                if (level == 0)
                    memset(expected, 0, ROWS * 16 * 4);
                (width == 0 ? lanes->visits1 : width == 1 ? lanes->visits8 : lanes->visits16)(&w);
                if (level > 0)
                    ASSERT_MEM_EQ(expected, to, ROWS * 16 * 4);
                ASSERT(expected[0] != 0.0F);
            }
    free(share), free(to), free(expected);
    PASS();
}

TEST order_is_by_degree(const gv_graph *g)
{
    gv_node *order = calloc(LARGE, sizeof *order), *place = calloc(LARGE, sizeof *place);
    const gv_ppr_opts o = gv_ppr_defaults();
    ppr_walk walk;
    ASSERT_OK(ppr_walk_start(ctx, g, &o, &walk, &err));
    ASSERT_OK(ppr_order(ctx, &walk, order, place, &err));
    for (int64_t k = 0; k < LARGE; k++)
        ASSERT_EQ(k, place[order[k]]);
    for (int64_t k = 1; k < LARGE; k++) {
        const int64_t a = gv_csr_degree(&g->out, order[k - 1]),
                      b = gv_csr_degree(&g->out, order[k]);
        ASSERT(a > b || (a == b && order[k - 1] < order[k]));
    }
    free(order), free(place);
    PASS();
}

/* Every edge is in one visit, of its row and in the segment of its source. */
TEST segments_hold_the_edges(const gv_graph *g)
{
    gv_node *order = calloc(LARGE, sizeof *order), *place = calloc(LARGE, sizeof *place);
    gv_ppr_opts o = gv_ppr_defaults();
    o.weighted = true;
    ppr_walk walk;
    ppr_segments s;
    const ppr_cut cut = {.n = 7, .width = 5000};
    ASSERT_OK(ppr_walk_start(ctx, g, &o, &walk, &err));
    ASSERT_OK(ppr_order(ctx, &walk, order, place, &err));
    ASSERT_OK(ppr_segments_build(ctx, &walk, order, place, &cut, &s, &err));
    int64_t seen = 0, blocks = (LARGE + 1023) / 1024;
    for (int i = 0; i < s.n; i++)
        for (int64_t b = 0; b < blocks; b++) {
            int64_t e = s.segment[i].block_edge[b];
            for (int64_t k = s.segment[i].block_visit[b]; k < s.segment[i].block_visit[b + 1];
                 k++) {
                const uint32_t visit = s.segment[i].visit[k];
                const gv_node row = order[b * 1024 + (visit >> PPR_VISIT_BITS)];
                const int64_t n = visit & ((1U << PPR_VISIT_BITS) - 1);
                ASSERT(n >= 1 && n <= PPR_VISIT_EDGES);
                for (int64_t end = e + n; e < end; e++, seen++) {
                    const gv_node source = s.segment[i].source[e];
                    ASSERT(source / 5000 == i || (i == s.n - 1 && source >= 5000 * i));
                    const int64_t at = gv_csr_find(&g->in, row, order[source]);
                    ASSERT(at >= 0 && g->in.probability[at] == s.segment[i].p[e]);
                }
            }
            ASSERT_EQ(e, s.segment[i].block_edge[b + 1]);
        }
    ASSERT_EQ(g->n_edges, seen);
    ppr_segments_free(ctx, &s);
    ppr_walk_free(ctx, &walk);
    free(order), free(place);
    PASS();
}

/* Every edge is once in the tile of its row and its source, runs and slices are as they should be.
 */
TEST tiles_hold_the_edges(const gv_graph *g)
{
    gv_node *order = calloc((size_t)g->n_nodes, sizeof *order);
    gv_node *place = calloc((size_t)g->n_nodes, sizeof *place);
    gv_ppr_opts o = gv_ppr_defaults();
    o.weighted = true;
    ppr_walk walk;
    ppr_tiles t;
    ASSERT_OK(ppr_walk_start(ctx, g, &o, &walk, &err));
    ASSERT_OK(ppr_order(ctx, &walk, order, place, &err));
    ASSERT_OK(ppr_tiles_build(ctx, &walk, order, place, 1, &t, &err));
    int64_t seen = 0, longs = 0, row = 0;
    for (int64_t i = 0; i < t.n_strips; i++) {
        const ppr_strip *s = &t.strip[i];
        ASSERT_EQ(row, s->begin);
        row = s->end;
        for (int64_t k = 0; k < t.n_segments; k++) {
            int64_t e = s->tile[k].edge;
            for (int64_t j = s->tile[k].run; j < s->tile[k + 1].run; j++, longs++) {
                ASSERT(s->run[j].count >= 1 && s->run[j].count <= PPR_TILE_LONG);
                for (int64_t end = e + s->run[j].count; e < end; e++, seen++) {
                    const gv_node source = order[k * PPR_TILE_SIDE + s->source[e]];
                    const int64_t at = gv_csr_find(&g->in, order[s->begin + s->run[j].row], source);
                    ASSERT(at >= 0 && g->in.probability[at] == s->p[e]);
                }
            }
            for (int64_t j = s->tile[k].slice; j < s->tile[k + 1].slice; j++) {
                const ppr_slice *slice = &s->slice[j];
                ASSERT(slice->count[0] >= 1 && slice->count[0] <= PPR_TILE_SHORT);
                for (int lane = 1; lane < PPR_TILE_LANES; lane++)
                    ASSERT(slice->count[lane] <= slice->count[lane - 1]);
                for (int step = 0; step < slice->count[0]; step++)
                    for (int lane = 0; lane < PPR_TILE_LANES && slice->count[lane] > step; lane++) {
                        const gv_node source = order[k * PPR_TILE_SIDE + s->source[e]];
                        const int64_t at =
                            gv_csr_find(&g->in, order[s->begin + slice->row[lane]], source);
                        ASSERT(at >= 0 && g->in.probability[at] == s->p[e]);
                        e++, seen++;
                    }
            }
            ASSERT_EQ(e, s->tile[k + 1].edge);
        }
    }
    ASSERT_EQ(g->n_nodes, row);
    ASSERT_EQ(g->n_edges, seen);
    ASSERT(longs > 0);
    ppr_tiles_free(ctx, &t);
    ppr_walk_free(ctx, &walk);
    free(order), free(place);
    PASS();
}

TEST tile_twins_give_the_same_bits(void)
{
    enum { EDGES = 60000, RUNS = 40, SLICES = 300, ROWS = 6000 };
    static ppr_long_run run[RUNS];
    static ppr_slice slice[SLICES];
    static uint16_t source[EDGES + PPR_TILE_BEYOND];
    static float p[EDGES + PPR_TILE_BEYOND], share[PPR_TILE_SIDE], sum[2][ROWS];
    static double shares[PPR_TILE_SIDE], sums[2][ROWS];
    int64_t e = 0;
    for (int i = 0; i < RUNS; i++) {
        run[i] = (ppr_long_run){(uint16_t)(i * 7), (uint16_t)(65 + i * 13)};
        e += run[i].count;
    }
    for (int i = 0; i < SLICES; i++)
        for (int lane = 0; lane < PPR_TILE_LANES; lane++) {
            const int most = i < SLICES - 1 ? 8 - lane / 2 + i % 3 : 3 - lane;
            slice[i].row[lane] = (uint16_t)(i * 16 + lane);
            slice[i].count[lane] = (uint8_t)(most > 0 ? most : 0);
            e += slice[i].count[lane];
        }
    ASSERT(e <= EDGES);
    for (uint64_t i = 0; i < PPR_TILE_SIDE; i++)
        shares[i] = share[i] = (float)(test_random(1, i) - .3);
    for (uint64_t i = 0; i < (uint64_t)e; i++) {
        source[i] = (uint16_t)(test_random(2, i) * PPR_TILE_SIDE);
        p[i] = (float)test_random(3, i);
    }
    for (int weighted = 0; weighted < 2; weighted++)
        for (int level = 0; level < PPR_TILE_LEVELS; level++) {
            const ppr_tile_lanes *lanes = ppr_tile_lanes_at(level);
            ppr_tile_work w = {run,   slice,     RUNS, SLICES, source, weighted ? p : NULL,
                               share, sum[level]};
            if (lanes == NULL)
                continue;
            memset(sum[level], 0, sizeof sum[level]);
            memset(sums[level], 0, sizeof sums[level]);
            lanes->single(&w);
            w.share = shares, w.sum = sums[level];
            lanes->twice(&w);
            ASSERT_MEM_EQ(sum[0], sum[level], sizeof sum[0]);
            ASSERT_MEM_EQ(sums[0], sums[level], sizeof sums[0]);
            ASSERT(sum[0][0] != 0.0F && fabs(sums[0][0] - (double)sum[0][0]) < 1e-3);
        }
    PASS();
}

SUITE(ppr_parts)
{
    ctx = test_context(1, -1);
    gv_graph *g = edges_skewed_graph(ctx, LARGE, 6000, 120000);
    RUN_TEST(twins_give_the_same_bits);
    RUN_TEST1(order_is_by_degree, g);
    RUN_TEST1(segments_hold_the_edges, g);
    RUN_TEST1(tiles_hold_the_edges, g);
    gv_graph *wide = edges_skewed_graph(ctx, 150000, 700, 200000);
    RUN_TEST1(tiles_hold_the_edges, wide);
    gv_graph_free(wide);
    RUN_TEST(tile_twins_give_the_same_bits);
    gv_graph_free(g);
    gv_context_free(ctx);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(ppr_parts);
    GREATEST_MAIN_END();
}
