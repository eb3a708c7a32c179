/* influence.c -- expected purchases that a consumer prompts along paths of one and of two edges.
 *
 *   i1(u, z) = sum over u -> v of p_uv w_v
 *   i2(u, z) = sum over u -> v of p_uv (w_v + i1(v, z) - p_vu w_u)
 *
 * i2 is the walk sum P (w + P w) without the walks u -> v -> u, so it bounds the expected value of
 * the distinct consumers reached from above, by the union bound, and equals it on trees. p is
 * worked out on the fly for up to GV_SLICE topics at once: one pass over the edges for i1, another
 * for i2.
 *
 * No races: a thread writes the rows of its own block; the pass for i2 reads the i1 of all, which
 * the pass before has finished. Deterministic: each row is summed in double in the order of its
 * edges, by one thread, and no sum runs over topics; so neither the threads nor the choice and
 * batching of topics can be seen in the result.
 *
 * Source: direct activations of the independent cascade (Kempe, Kleinberg, Tardos, KDD 2003) with
 * topic-wise probabilities (Barbieri, Bonchi, Manco, ICDM 2012). */
#include "grapevine/influence.h"

#include <inttypes.h>
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/slice.h"
#include "kernels/influence_width.h"

enum { CHUNK = 4096 }; /* blocks between two reports of progress */

/* A batch of topics. */
typedef struct batch {
    const gv_graph *g;
    const gv_model *m;
    const float *weight; /* [n_nodes] or NULL */
    gv_slice slice;
    double *direct; /* [n_nodes][slice.n], i1 unrounded; NULL when i2 is not wanted */
    float *i1, *i2; /* [slice.n][n_nodes]; i2 may be NULL */
} batch;

typedef void block_fn(const batch *b, int64_t begin, int64_t end);

static inline double weight_of(const batch *b, gv_node v)
{
    return b->weight != NULL ? (double)b->weight[v] : 1.0;
}

/* i1 of consumers [begin, end). */
static void one_edge(const batch *b, int64_t begin, int64_t end)
{
    const int64_t n = b->g->n_nodes;
    const int64_t *restrict indptr = b->g->out.indptr;
    const gv_node *restrict target = b->g->out.indices;
    const int32_t n_slots = b->slice.n;
    double p[GV_SLICE], sum[GV_SLICE];
    gv_slice_row row;
    for (int64_t u = begin; u < end; u++) {
        for (int32_t k = 0; k < n_slots; k++)
            sum[k] = 0.0;
        if (indptr[u] < indptr[u + 1])
            gv_slice_row_begin(b->m, &b->slice, (gv_node)u, &row);
        for (int64_t e = indptr[u]; e < indptr[u + 1]; e++) {
            const double w = weight_of(b, target[e]);
            gv_slice_edge(b->m, &b->slice, &row, e, target[e], p);
            for (int32_t k = 0; k < n_slots; k++)
                sum[k] += p[k] * w;
        }
        for (int32_t k = 0; k < n_slots; k++)
            b->i1[k * n + u] = (float)sum[k];
        for (int32_t k = 0; k < n_slots && b->direct != NULL; k++)
            b->direct[u * n_slots + k] = sum[k];
    }
}

/* p of v -> u, 0 where there is no such edge. */
static inline void back_edge(const batch *b, gv_node v, gv_node u, double *p)
{
    const int64_t e = gv_csr_find(&b->g->out, v, u);
    if (e < 0) {
        for (int32_t k = 0; k < b->slice.n; k++)
            p[k] = 0.0;
        return;
    }
    gv_slice_row row;
    gv_slice_row_begin(b->m, &b->slice, v, &row);
    gv_slice_row_seek(b->m, &row, e);
    gv_slice_edge(b->m, &b->slice, &row, e, u, p);
}

/* i2 of consumers [begin, end). */
static void two_edges(const batch *b, int64_t begin, int64_t end)
{
    const int64_t n = b->g->n_nodes;
    const int64_t *restrict indptr = b->g->out.indptr;
    const gv_node *restrict target = b->g->out.indices;
    const int32_t n_slots = b->slice.n;
    double p[GV_SLICE], back[GV_SLICE], sum[GV_SLICE];
    gv_slice_row row;
    for (int64_t u = begin; u < end; u++) {
        const double w_u = weight_of(b, (gv_node)u);
        for (int32_t k = 0; k < n_slots; k++)
            sum[k] = 0.0;
        if (indptr[u] < indptr[u + 1])
            gv_slice_row_begin(b->m, &b->slice, (gv_node)u, &row);
        for (int64_t e = indptr[u]; e < indptr[u + 1]; e++) {
            const gv_node v = target[e];
            const double w_v = weight_of(b, v);
            const double *restrict direct = b->direct + (int64_t)v * n_slots;
            gv_slice_edge(b->m, &b->slice, &row, e, v, p);
            back_edge(b, v, (gv_node)u, back);
            for (int32_t k = 0; k < n_slots; k++)
                sum[k] += p[k] * (w_v + (direct[k] - back[k] * w_u));
        }
        for (int32_t k = 0; k < n_slots; k++)
            b->i2[k * n + u] = (float)sum[k];
    }
}

/* Blocks are handed out one by one because out-degrees are skewed. */
static void run_blocks(const batch *b, block_fn *fn, int64_t first, int64_t last, int threads)
{
    const int64_t n = b->g->n_nodes;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t block = first; block < last; block++)
        fn(b, block * GV_BLOCK, gv_block_end(block, n));
}

/* One pass over all consumers; `done` of `total` (consumer, topic) pairs were passed before. */
static gv_status run_pass(gv_context *ctx, const batch *b, block_fn *fn, int64_t done,
                          int64_t total, gv_error *err)
{
    const int64_t n = b->g->n_nodes, n_blocks = gv_blocks(n);
    for (int64_t first = 0; first < n_blocks; first += CHUNK) {
        const int64_t last = first + CHUNK < n_blocks ? first + CHUNK : n_blocks;
        run_blocks(b, fn, first, last, gv_context_threads(ctx));
        const gv_status st = gv_progress(ctx, "influence",
                                         done + gv_block_end(last - 1, n) * b->slice.n, total, err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}

static gv_status run_batch(gv_context *ctx, const batch *b, int64_t done, int64_t total,
                           gv_error *err)
{
    gv_status st = run_pass(ctx, b, one_edge, done, total, err);
    if (st == GV_OK && b->i2 != NULL)
        st = run_pass(ctx, b, two_edges, done + b->g->n_nodes * b->slice.n, total, err);
    return st;
}

/* The first consumer whose weight is not allowed, or n. */
static int64_t first_bad_weight(const float *weight, int64_t n, int threads)
{
    int64_t first = n;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(min : first)
    for (int64_t v = 0; v < n; v++)
        if (!(weight[v] >= 0.0f && isfinite(weight[v])) && v < first)
            first = v;
    return first;
}

static gv_status check(gv_context *ctx, const gv_graph *g, const gv_model *m, const int32_t *topics,
                       int32_t n_topics, const float *weight, gv_error *err)
{
    const gv_status st = gv_model_check_graph(m, g, "influence", err);
    if (st != GV_OK)
        return st;
    if (n_topics < 0)
        return gv_fail(err, GV_ERR_RANGE, "influence: %d topics; not in [0, %d]", n_topics,
                       INT32_MAX);
    for (int32_t i = 0; i < n_topics; i++)
        if (topics[i] < 0 || topics[i] >= m->n_topics)
            return gv_fail(err, GV_ERR_RANGE, "influence: topic %d is not in [0, %d)", topics[i],
                           m->n_topics);
    if (weight == NULL)
        return GV_OK;
    const int64_t bad = first_bad_weight(weight, g->n_nodes, gv_context_threads(ctx));
    if (bad < g->n_nodes)
        return gv_fail(err, GV_ERR_RANGE,
                       "influence: weight %g of node %" PRId64 " is not a finite number >= 0",
                       (double)weight[bad], bad);
    return GV_OK;
}

/* Topics that share a pass. */
static int32_t batch_size(const gv_context *ctx, int64_t n_nodes, int32_t n_topics, bool two)
{
    const int64_t left = ctx->memory_limit - ctx->memory_used;
    return influence_width(n_nodes, n_topics, two,
                           ctx->memory_limit == 0 ? 0 : left > 1 ? left : 1);
}

GV_API gv_status gv_influence(gv_context *ctx, const gv_graph *g, const gv_model *model,
                              const int32_t *topics, int32_t n_topics, const float *weight,
                              float *i1, float *i2, gv_error *err)
{
    gv_status st = check(ctx, g, model, topics, n_topics, weight, err);
    if (st != GV_OK)
        return st;
    const int64_t n = g->n_nodes;
    const int32_t most = batch_size(ctx, n, n_topics, i2 != NULL);
    const int64_t passes = i2 != NULL ? 2 : 1, total = passes * n * n_topics;
    int32_t *slot = gv_alloc(ctx, model->n_topics, sizeof *slot);
    double *direct = i2 != NULL ? gv_alloc(ctx, n * most, sizeof *direct) : NULL;
    if (slot == NULL || (i2 != NULL && direct == NULL))
        st = gv_no_memory(ctx, "influence", err);
    for (int32_t done = 0; done < n_topics && st == GV_OK;) {
        batch b = {.g = g, .m = model, .weight = weight, .direct = direct, .i1 = i1 + done * n};
        b.i2 = i2 != NULL ? i2 + done * n : NULL;
        gv_slice_begin(&b.slice, slot, model->n_topics);
        while (done + b.slice.n < n_topics &&
               gv_slice_add(&b.slice, topics[done + b.slice.n], most))
            ;
        st = run_batch(ctx, &b, passes * n * done, total, err);
        done += b.slice.n;
    }
    gv_free(ctx, direct);
    gv_free(ctx, slot);
    return st;
}
