/* influence.c -- expected purchases that a consumer prompts along paths of one and of two edges.
 *
 *   i1(u, z) = sum over u -> v of p_uv w_v
 *   i2(u, z) = sum over u -> v of p_uv (w_v + i1(v, z) - p_vu w_u)
 *
 * i2 is the walk sum P (w + P w) without the walks u -> v -> u, so it bounds the expected value of
 * the distinct consumers reached from above, by the union bound, and equals it on trees. p is
 * worked out on the fly for up to GV_SLICE topics at once (influence_batch.h): one pass over the
 * edges for i1 (influence_one.h), another for i2 (influence_two.h), which reads the i1 of all.
 *
 * No races: a thread writes the rows of its own block; the pass for i2 reads what the passes before
 * have finished. Deterministic: each row is summed by one thread, in an order that hangs on the
 * places of its edges in the row alone, no sum runs over topics, and whether a row is steep depends
 * on all topics of the model; so neither the threads nor the choice and batching of topics can be
 * seen in the result.
 *
 * Source: direct activations of the independent cascade (Kempe, Kleinberg, Tardos, KDD 2003) with
 * topic-wise probabilities (Barbieri, Bonchi, Manco, ICDM 2012). */
#include "grapevine/influence.h"

#include <inttypes.h>
#include <math.h>

#include "engine/cpu.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/influence_batch.h"

typedef influence_batch batch;
typedef influence_pass block_fn;

const influence_level *influence_level_at(int level)
{
    if (level == 0)
        return &influence_plain;
#if defined(__x86_64__)
    if (level == 1 && gv_cpu_avx2())
        return &influence_avx2;
    if (level == 2 && gv_cpu_avx512())
        return &influence_avx512;
#endif
    return NULL;
}

static const influence_level *best_level(void)
{
    int level = INFLUENCE_LEVELS - 1;
    while (influence_level_at(level) == NULL)
        level--;
    return influence_level_at(level);
}

/* What a pass has read of rows [first, end). */
static void rest(const batch *b, int64_t first, int64_t end)
{
    gv_graph_rest(b->g, &b->g->out, first, end);
    gv_graph_rest(b->g, &b->g->in, first, end);
    gv_model_rest(b->m, first, end);
    const int64_t *begins[] = {b->m->pairs.indptr, b->m->evidence.indptr};
    for (int i = 0; i < 2; i++)
        gv_model_rest_array(b->m, begins[i] + first, (end - first) * (int64_t)sizeof **begins);
}

/* Blocks are handed out one by one because out-degrees are skewed. */
static void run_blocks(const batch *b, block_fn *fn, int64_t first, int64_t last, int threads)
{
    const int64_t n = b->g->n_nodes;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t block = first; block < last; block++)
        fn(b, block * GV_BLOCK, gv_block_end(block, n));
}

/* The same by ranges of targets, whose replies a thread sorts before it takes their blocks. */
static void run_ranges(const batch *b, block_fn *fn, int64_t first, int64_t last, int threads)
{
    const int64_t n = b->g->n_nodes, rows = INT64_C(1) << b->post->shift;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t range = first; range < last; range++) {
        influence_post_sort(b->post, range);
        const int64_t end = (range + 1) * rows < n ? (range + 1) * rows : n;
        for (int64_t row = range * rows; row < end; row += GV_BLOCK)
            fn(b, row, gv_block_end(row / GV_BLOCK, n));
    }
}

/* Where the second pass says how far it is: after a stretch, or four ranges a thread. */
static int64_t second_end(const batch *b, int64_t first, int threads)
{
    const int64_t n = b->g->n_nodes, work = 4 * (int64_t)threads << b->post->shift;
    const int64_t rows = work > GV_STRETCH ? work : GV_STRETCH;
    return n - first > rows ? first + rows : n;
}

/* One pass over all consumers; `done` of `total` (consumer, topic) pairs were passed before. The
 * next one asks for other arrays of the model by consumer: none stays. */
static gv_status run_pass(gv_context *ctx, const batch *b, block_fn *fn, bool replies, int64_t done,
                          int64_t total, gv_error *err)
{
    const int64_t n = b->g->n_nodes;
    const int threads = gv_context_threads(ctx);
    for (int64_t first = 0, end; first < n; first = end) {
        end = replies ? second_end(b, first, threads) : gv_stretch_end(first, n);
        if (replies)
            run_ranges(b, fn, first >> b->post->shift, influence_ranges(end, b->post->shift),
                       threads);
        else
            run_blocks(b, fn, first / GV_BLOCK, gv_blocks(end), threads);
        rest(b, first, end);
        const gv_status st = gv_progress(ctx, "influence", done + end * b->slice.n, total, err);
        if (st != GV_OK)
            return st;
    }
    gv_model_rest_all(b->m);
    return GV_OK;
}

/* s of all consumers, where the first topic's i2 will stand: friends are asked for it in no order,
 * and in the pages of a mapped file each is harder to find. */
static const float *copy_listeners(gv_context *ctx, const batch *b)
{
    const int64_t n = b->g->n_nodes;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t v = 0; v < n; v++)
        b->i2[v] = b->m->target[v];
    return b->i2;
}

static gv_status run_batch(gv_context *ctx, batch *b, int64_t done, int64_t total, gv_error *err)
{
    const influence_level *level = best_level();
    b->s = b->i2 != NULL ? copy_listeners(ctx, b) : b->m->target;
    if (b->i2 != NULL)
        influence_post_clear(b->post);
    gv_status st = run_pass(ctx, b, level->one, false, done, total, err);
    if (st != GV_OK || b->i2 == NULL)
        return st;
    if (!influence_post_close(ctx, b->post))
        return gv_no_memory(ctx, "influence", err);
    return run_pass(ctx, b, level->two, true, done + b->g->n_nodes * b->slice.n, total, err);
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
static int32_t batch_size(const gv_context *ctx, const gv_model *m, int32_t n_topics, bool two)
{
    const int64_t left = ctx->memory_limit - ctx->memory_used;
    return influence_width(m->n_nodes, m->evidence.indptr[m->n_nodes], n_topics, two,
                           gv_context_threads(ctx),
                           ctx->memory_limit == 0 ? 0
                           : left > 1             ? left
                                                  : 1);
}

/* What i2 needs beside i1. */
static bool take_memory(gv_context *ctx, int32_t most, batch *b)
{
    const int64_t n = b->g->n_nodes, n_evidence = b->m->evidence.indptr[n];
    const int32_t lanes = influence_lanes_of(most);
    b->record = gv_alloc(ctx, n * influence_record_floats(lanes), sizeof *b->record);
    b->rest = lanes == GV_SLICE ? gv_alloc(ctx, n, sizeof *b->rest) : NULL;
    b->place = gv_alloc(ctx, n_evidence, sizeof *b->place);
    b->note = gv_alloc(ctx, n_evidence, sizeof *b->note);
    return influence_post_make(ctx, b->post, &b->g->out, n, n_evidence) && b->record != NULL &&
           (b->rest != NULL || lanes < GV_SLICE) && b->place != NULL && b->note != NULL;
}

static void give_memory(gv_context *ctx, const batch *b)
{
    if (b->post != NULL)
        influence_post_free(ctx, b->post);
    gv_free(ctx, b->note);
    gv_free(ctx, b->place);
    gv_free(ctx, b->rest);
    gv_free(ctx, b->record);
}

static double largest(const double *x, int32_t n)
{
    double most = 0.0;
    for (int32_t i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

/* The topics of the next batch, up to `most`. */
static void choose(batch *b, int32_t *slot, const int32_t *topics, int32_t n_topics, int32_t most)
{
    gv_slice_begin(&b->slice, slot, b->m->n_topics);
    while (b->slice.n < n_topics && gv_slice_add(&b->slice, topics[b->slice.n], most))
        ;
    influence_take_slice(b);
}

GV_API gv_status gv_influence(gv_context *ctx, const gv_graph *g, const gv_model *model,
                              const int32_t *topics, int32_t n_topics, const float *weight,
                              float *i1, float *i2, gv_error *err)
{
    gv_status st = check(ctx, g, model, topics, n_topics, weight, err);
    if (st != GV_OK)
        return st;
    const int64_t n = g->n_nodes;
    const int32_t most = batch_size(ctx, model, n_topics, i2 != NULL);
    const int64_t passes = i2 != NULL ? 2 : 1, total = passes * n * n_topics;
    influence_post post = {.out = NULL};
    batch b = {.g = g,
               .m = model,
               .weight = weight,
               .mu_most = largest(model->mu, model->n_topics),
               .post = i2 != NULL ? &post : NULL};
    int32_t *slot = gv_alloc(ctx, model->n_topics, sizeof *slot);
    if (slot == NULL || (i2 != NULL && !take_memory(ctx, most, &b)))
        st = gv_no_memory(ctx, "influence", err);
    for (int32_t done = 0; done < n_topics && st == GV_OK; done += b.slice.n) {
        b.i1 = i1 + done * n;
        b.i2 = i2 != NULL ? i2 + done * n : NULL;
        choose(&b, slot, topics + done, n_topics - done, most);
        st = run_batch(ctx, &b, passes * n * done, total, err);
    }
    give_memory(ctx, &b);
    gv_free(ctx, slot);
    return st;
}
