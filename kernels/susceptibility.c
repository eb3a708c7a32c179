/* susceptibility.c -- how much consumers listen to friends, over what chance and homophily give.
 *
 *   score = (observed - expected + k m) / (total + k),   expected = shuffled / GV_SHUFFLES
 *
 * x_u = (observed - expected) / total is the excess share of a consumer; m = sum (observed -
 * expected) / sum total. The strength k = v / t2 is that of the linear credibility estimate
 * (Buehlmann and Straub, ASTIN Bulletin 1970): v is the variance of one purchase, binomial for the
 * observed share q and a GV_SHUFFLES-th of that for the expected share e, v = q (1 - q) + e (1 - e)
 * / GV_SHUFFLES; t2 the variance of the true excess between consumers by the method of moments, t2
 * = (sum total (x - m)^2 - (N - 1) v) / (sum total - sum total^2 / sum total), over the N consumers
 * with a purchase. k is kept in [K_LEAST, K_MOST] and is K_PLAIN where no variance between
 * consumers is seen (t2 <= 0).
 *
 * No races: a thread writes the entries of its own block. Deterministic: m comes from integer
 * sums; the sums of squares are taken in double, block by block, in node order. */
#include <inttypes.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/parallel.h"
#include "grapevine/influence.h"

#define K_LEAST 1.0
#define K_PLAIN 20.0
#define K_MOST  1000.0

typedef struct counts {
    int64_t observed, shuffled, total;
} counts;

/* Counts of consumer u in `topic`, or in all topics together (-1). */
static counts counts_of(const gv_model *m, gv_node u, int32_t topic)
{
    const gv_pairs *pairs = &m->pairs;
    int64_t begin = pairs->indptr[u], end = pairs->indptr[u + 1];
    if (topic >= 0) {
        const int64_t pair = gv_model_pair(m, u, topic);
        begin = pair < 0 ? end : pair;
        end = pair < 0 ? end : pair + 1;
    }
    counts c = {0, 0, 0};
    for (int64_t i = begin; i < end; i++) {
        c.observed += pairs->observed[i];
        c.shuffled += pairs->shuffled[i];
        c.total += pairs->total[i];
    }
    return c;
}

static double excess_of(counts c)
{
    return (double)(c.observed * GV_SHUFFLES - c.shuffled) / (double)GV_SHUFFLES;
}

/* Sums over all consumers; *n_buyers of them have a purchase. */
static counts sum_counts(const gv_model *m, int32_t topic, int64_t *n_buyers, int threads)
{
    int64_t observed = 0, shuffled = 0, total = 0, buyers = 0;
#pragma omp parallel for num_threads(threads) schedule(static)                                     \
    reduction(+ : observed, shuffled, total, buyers)
    for (int64_t u = 0; u < m->n_nodes; u++) {
        const counts c = counts_of(m, (gv_node)u, topic);
        observed += c.observed;
        shuffled += c.shuffled;
        total += c.total;
        buyers += c.total > 0;
    }
    *n_buyers = buyers;
    return (counts){observed, shuffled, total};
}

/* Block sums of total (x - mean)^2 and of total^2. */
static void sum_squares(const gv_model *m, int32_t topic, double mean, double *spread,
                        double *square, int threads)
{
    const int64_t n = m->n_nodes, n_blocks = gv_blocks(n);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t b = 0; b < n_blocks; b++) {
        double spread_sum = 0.0, square_sum = 0.0;
        for (int64_t u = b * GV_BLOCK; u < gv_block_end(b, n); u++) {
            const counts c = counts_of(m, (gv_node)u, topic);
            if (c.total == 0)
                continue;
            const double total = (double)c.total, off = excess_of(c) / total - mean;
            spread_sum += total * off * off;
            square_sum += total * total;
        }
        spread[b] = spread_sum;
        square[b] = square_sum;
    }
}

/* k by the method of moments; see the top of the file. */
static double strength(counts all, int64_t n_buyers, double spread, double square)
{
    const double total = (double)all.total;
    if (n_buyers < 2)
        return K_PLAIN;
    const double q = (double)all.observed / total;
    const double e = (double)all.shuffled / (double)GV_SHUFFLES / total;
    const double v = q * (1.0 - q) + e * (1.0 - e) / (double)GV_SHUFFLES;
    const double between = (spread - (double)(n_buyers - 1) * v) / (total - square / total);
    if (!(between > 0.0))
        return K_PLAIN;
    const double k = v / between;
    return k < K_LEAST ? K_LEAST : k > K_MOST ? K_MOST : k;
}

typedef struct columns {
    float *score;
    int32_t *observed, *total; /* may be NULL */
    float *expected;           /* may be NULL */
} columns;

static void fill(const gv_model *m, int32_t topic, double mean, double k, const columns *out,
                 int threads)
{
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t u = 0; u < m->n_nodes; u++) {
        const counts c = counts_of(m, (gv_node)u, topic);
        const double score = (excess_of(c) + k * mean) / ((double)c.total + k);
        out->score[u] = (float)(c.total == 0 ? mean : score);
        if (out->observed != NULL)
            out->observed[u] = (int32_t)c.observed;
        if (out->total != NULL)
            out->total[u] = (int32_t)c.total;
        if (out->expected != NULL)
            out->expected[u] = (float)((double)c.shuffled / (double)GV_SHUFFLES);
    }
}

GV_API gv_status gv_susceptibility(gv_context *ctx, const gv_model *model, int32_t topic,
                                   float *score, int32_t *observed, int32_t *total, float *expected,
                                   gv_error *err)
{
    if (topic < -1 || topic >= model->n_topics)
        return gv_fail(err, GV_ERR_RANGE, "susceptibility: topic %d is not in [-1, %d)", topic,
                       model->n_topics);
    const int threads = gv_context_threads(ctx);
    const int64_t n_blocks = gv_blocks(model->n_nodes);
    double *spread = gv_alloc(ctx, n_blocks, sizeof *spread);
    double *square = gv_alloc(ctx, n_blocks, sizeof *square);
    gv_status st = GV_OK;
    if (spread == NULL || square == NULL) {
        st = gv_no_memory(ctx, "susceptibility", err);
    } else {
        int64_t n_buyers;
        const counts all = sum_counts(model, topic, &n_buyers, threads);
        const double mean = all.total > 0 ? excess_of(all) / (double)all.total : 0.0;
        sum_squares(model, topic, mean, spread, square, threads);
        const double k =
            strength(all, n_buyers, gv_sum(spread, n_blocks), gv_sum(square, n_blocks));
        fill(model, topic, mean, k, &(columns){score, observed, total, expected}, threads);
    }
    gv_model_rest_all(model);
    gv_free(ctx, square);
    gv_free(ctx, spread);
    return st;
}
