/* rank.c -- ranks of consumers by a score, and flags for the best of those who are eligible.
 *
 * A consumer's key is (score descending, node ascending) in 64 bits, so all keys differ and their
 * order is the ranking, exact at ties. The flags go to the first round(quantile * n) eligible
 * consumers in that order: blocks of ranks count their eligible consumers, a prefix sum tells each
 * block how many come before it.
 *
 * No races: keys are distinct, so each rank and flag has one writer. Deterministic: integers only.
 */
#include "kernels/rank.h"

#include <inttypes.h>
#include <math.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "grapevine/influence.h"

static gv_node node_of(uint64_t key)
{
    return (gv_node)(key & UINT32_MAX);
}

gv_status gv_rank_keys(gv_context *ctx, const float *score, int64_t n, const char *what,
                       uint64_t *key, gv_error *err)
{
    int64_t bad = n;
    const gv_status st = gv_progress(ctx, "ranks", 0, n, err);
    if (st != GV_OK)
        return st;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static) reduction(min : bad)
    for (int64_t v = 0; v < n; v++) {
        if (!isfinite(score[v]) && v < bad)
            bad = v;
        key[v] = (uint64_t)gv_descending_f32(score[v]) << 32 | (uint64_t)v;
    }
    if (bad < n)
        return gv_fail(err, GV_ERR_RANGE, "%s: score %g of node %" PRId64 " is not finite", what,
                       (double)score[bad], bad);
    return gv_sort_keys(ctx, key, n, err);
}

int64_t gv_share_of(double share, int64_t n)
{
    const int64_t count = (int64_t)floor(share * (double)n + 0.5);
    return count < n ? count : n;
}

typedef struct ranking {
    int64_t n;
    const uint64_t *key; /* [n], sorted */
    uint8_t *eligible;   /* [n], by node */
    int64_t *before;     /* [blocks + 1]: eligible consumers in the blocks of ranks before */
} ranking;

static void find_eligible(const gv_model *m, int32_t topic, const ranking *r, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t v = 0; v < r->n; v++) {
        const int64_t pair = gv_model_pair(m, (gv_node)v, topic);
        r->eligible[v] = (pair < 0 ? 0 : m->pairs.total[pair]) >= m->min_actions;
    }
}

/* Returns the number of eligible consumers. */
static int64_t count_eligible(const ranking *r, int threads)
{
    const int64_t n_blocks = gv_blocks(r->n);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t b = 0; b < n_blocks; b++) {
        int64_t count = 0;
        for (int64_t i = b * GV_BLOCK; i < gv_block_end(b, r->n); i++)
            count += r->eligible[node_of(r->key[i])];
        r->before[b] = count;
    }
    return gv_prefix_sum(r->before, n_blocks);
}

/* Flags the first `n_flagged` eligible consumers; returns the rank (from 0) of the last, or -1. */
static int64_t set_flags(const ranking *r, int64_t n_flagged, int16_t *flag, int threads)
{
    const int64_t n_blocks = gv_blocks(r->n);
    int64_t last = -1;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(max : last)
    for (int64_t b = 0; b < n_blocks; b++) {
        int64_t seen = r->before[b];
        for (int64_t i = b * GV_BLOCK; i < gv_block_end(b, r->n); i++) {
            const gv_node v = node_of(r->key[i]);
            const bool flagged = r->eligible[v] && seen < n_flagged;
            seen += r->eligible[v];
            last = flagged && i > last ? i : last;
            if (flag != NULL)
                flag[v] = flagged;
        }
    }
    return last;
}

static void set_ranks(const ranking *r, int32_t *rank, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < r->n; i++)
        rank[node_of(r->key[i])] = (int32_t)(i + 1);
}

static gv_status check(const gv_model *m, int64_t n_nodes, int32_t topic, double quantile,
                       gv_error *err)
{
    if (n_nodes != m->n_nodes)
        return gv_fail(err, GV_ERR_RANGE,
                       "influence rank: %" PRId64 " scores, but the model has %" PRId64
                       " consumers",
                       n_nodes, m->n_nodes);
    if (topic < 0 || topic >= m->n_topics)
        return gv_fail(err, GV_ERR_RANGE, "influence rank: topic %d is not in [0, %d)", topic,
                       m->n_topics);
    if (!(quantile >= 0.0 && quantile <= 1.0))
        return gv_fail(err, GV_ERR_RANGE, "influence rank: quantile %g is not in [0, 1]", quantile);
    return GV_OK;
}

GV_API gv_status gv_influence_rank(gv_context *ctx, const gv_model *model, int64_t n_nodes,
                                   int32_t topic, const float *score, double quantile,
                                   int32_t *rank, int16_t *flag, double *threshold,
                                   int64_t *n_flagged, gv_error *err)
{
    gv_status st = check(model, n_nodes, topic, quantile, err);
    if (st != GV_OK)
        return st;
    const int threads = gv_context_threads(ctx);
    uint64_t *key = gv_alloc(ctx, n_nodes, sizeof *key);
    ranking r = {.n = n_nodes, .key = key};
    r.eligible = gv_alloc(ctx, n_nodes, sizeof *r.eligible);
    r.before = gv_alloc(ctx, gv_blocks(n_nodes) + 1, sizeof *r.before);
    if (key == NULL || r.eligible == NULL || r.before == NULL)
        st = gv_no_memory(ctx, "influence rank", err);
    if (st == GV_OK)
        st = gv_rank_keys(ctx, score, n_nodes, "influence rank", key, err);
    if (st == GV_OK) {
        find_eligible(model, topic, &r, threads);
        const int64_t eligible = count_eligible(&r, threads);
        const int64_t wanted = gv_share_of(quantile, n_nodes);
        const int64_t flagged = wanted < eligible ? wanted : eligible;
        const int64_t last = set_flags(&r, flagged, flag, threads);
        if (rank != NULL)
            set_ranks(&r, rank, threads);
        if (threshold != NULL)
            *threshold = last >= 0 ? (double)score[node_of(key[last])] : (double)NAN;
        if (n_flagged != NULL)
            *n_flagged = flagged;
    }
    gv_model_rest_all(model);
    gv_free(ctx, r.before);
    gv_free(ctx, r.eligible);
    gv_free(ctx, key);
    return st;
}
