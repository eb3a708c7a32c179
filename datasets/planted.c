/* planted.c -- see planted.h.
 *
 * Each (consumer, topic) is an influencer with probability influencer_share. The expected direct
 * activations I1(u, z) are lognormal with mean .54 for influencers and .066 for others, and are
 * spread evenly over k(u) close friends, k the larger of two uniform draws from 3 .. 10 (all friends
 * if there are fewer), the same for every topic:
 *
 *   p(u -> v, z) = min(1, I1(u, z) / k(u) * susceptibility(v)),   susceptibility lognormal, mean 1
 *
 * so influence does not grow with the number of friends. A null population keeps labels and close
 * friends, and its I1 is 0. Every value is keyed by its consumer; a thread writes its own only. */
#include "datasets/planted.h"

#include "datasets/draw.h"
#include "engine/memory.h"
#include "engine/parallel.h"

static const double i1_influencer = 0.54, i1_other = 0.066; /* published means */
static const double i1_sigma = 0.4, susceptibility_sigma = 0.4;
static const double delay_mean = 10.0 * 86400.0;
enum { CLOSE_MIN = 3, CLOSE_MAX = 10 };

/* Marks the k friends of u with the smallest keyed numbers; returns how many are marked. Ties
 * between 64-bit numbers go to the friend who comes first. */
static int32_t mark_close(const gv_population *p, gv_node u)
{
    const gv_csr *out = &p->graph->out;
    const int64_t begin = out->indptr[u], end = out->indptr[u + 1];
    const gv_random r = gv_drawn(p->opts.seed, GV_DRAW_CLOSE_COUNT, 0, (uint64_t)u);
    const uint64_t spread = CLOSE_MAX - CLOSE_MIN + 1;
    const int32_t a = (int32_t)gv_below(gv_random_u64(r, 0), spread);
    const int32_t b = (int32_t)gv_below(gv_random_u64(r, 1), spread);
    const int32_t want = CLOSE_MIN + (a > b ? a : b);
    uint64_t best[CLOSE_MAX] = {0};
    int64_t where[CLOSE_MAX] = {0};
    int32_t n = 0;
    for (int64_t e = begin; e < end; e++) {
        const uint64_t x = gv_random_u64(
            gv_drawn(p->opts.seed, GV_DRAW_CLOSE, (uint64_t)u, (uint64_t)out->indices[e]), 0);
        if (n == want && x >= best[n - 1])
            continue;
        int32_t i = n < want ? n++ : n - 1;
        for (; i > 0 && best[i - 1] > x; i--) {
            best[i] = best[i - 1];
            where[i] = where[i - 1];
        }
        best[i] = x;
        where[i] = e;
    }
    for (int64_t e = begin; e < end; e++)
        p->close[e] = 0;
    for (int32_t i = 0; i < n; i++)
        p->close[where[i]] = 1;
    return n;
}

static void plant_source(const gv_population *p, gv_node u, int32_t close)
{
    for (int32_t z = 0; z < p->opts.topics; z++) {
        const int64_t at = (int64_t)z * p->graph->n_nodes + u;
        const gv_random r = gv_drawn(p->opts.seed, GV_DRAW_INFLUENCER, (uint64_t)z, (uint64_t)u);
        const bool yes = gv_unit(gv_random_u64(r, 0)) < p->opts.influencer_share;
        const double i1 =
            gv_draw_lognormal(gv_random_u64(r, 1), yes ? i1_influencer : i1_other, i1_sigma);
        p->influencer[at] = yes;
        p->source[at] = p->opts.influence && close > 0 ? (float)(i1 / close) : 0.0f;
    }
}

static void plant_block(void *arg, int64_t block)
{
    const gv_population *p = arg;
    for (int64_t v = block * GV_BLOCK; v < gv_block_end(block, p->graph->n_nodes); v++) {
        const gv_random r = gv_drawn(p->opts.seed, GV_DRAW_SUSCEPTIBILITY, 0, (uint64_t)v);
        p->target[v] = (float)gv_draw_lognormal(gv_random_u64(r, 0), 1.0, susceptibility_sigma);
        plant_source(p, (gv_node)v, mark_close(p, (gv_node)v));
    }
}

/* i1(u, z) = sum over friends v of p(u -> v, z), in row order. */
static void sum_block(void *arg, int64_t block)
{
    const gv_population *p = arg;
    const gv_csr *out = &p->graph->out;
    for (int64_t u = block * GV_BLOCK; u < gv_block_end(block, p->graph->n_nodes); u++) {
        for (int32_t z = 0; z < p->opts.topics; z++) {
            double sum = 0.0;
            for (int64_t e = out->indptr[u]; e < out->indptr[u + 1]; e++)
                sum += gv_planted_probability(p, z, (gv_node)u, e, out->indices[e]);
            p->i1[(int64_t)z * p->graph->n_nodes + u] = (float)sum;
        }
    }
}

gv_status gv_planted_make(gv_context *ctx, gv_population *p, gv_error *err)
{
    const int64_t n = p->graph->n_nodes, entries = n * p->opts.topics;
    p->delay = delay_mean;
    p->source = gv_alloc(ctx, entries, sizeof *p->source);
    p->target = gv_alloc(ctx, n, sizeof *p->target);
    p->close = gv_alloc(ctx, p->graph->n_edges, sizeof *p->close);
    p->influencer = gv_alloc(ctx, entries, sizeof *p->influencer);
    p->i1 = gv_alloc(ctx, entries, sizeof *p->i1);
    if (p->source == NULL || p->target == NULL || p->close == NULL || p->influencer == NULL ||
        p->i1 == NULL)
        return gv_no_memory(ctx, "the truth of a population", err);
    gv_parallel_for(ctx, gv_blocks(n), plant_block, p);
    gv_parallel_for(ctx, gv_blocks(n), sum_block, p);
    return GV_OK;
}
