/* correlation.c -- Spearman's rank correlation, exactly.
 *
 *   r = sum (x - m)(y - m) / sqrt(sum (x - m)^2 sum (y - m)^2)
 *
 * of ranks x and y, equal scores sharing the mean of their ranks. Ranks are kept doubled, as whole
 * numbers, and their sums taken in 128 bits: so neither the order of adding nor the threads bear on
 * the result.
 *
 * No races: every consumer has one place in the order, and a group of equal scores is filled by the
 * thread in whose part it begins. */
#include <math.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "grapevine/influence.h"
#include "kernels/rank.h"

enum { CELLS_BY_THREAD = 1 << 20 };

__extension__ typedef __int128 wide;

/* Keys of equal scores agree in their upper halves. */
static bool begins(const uint64_t *key, int64_t i)
{
    return i == 0 || key[i] >> 32 != key[i - 1] >> 32;
}

static void share_ranks(const uint64_t *key, int64_t n, int64_t begin, int64_t end, int64_t *rank)
{
    for (int64_t i = begin; i < end; i++) {
        if (!begins(key, i))
            continue;
        int64_t last = i;
        while (last + 1 < n && !begins(key, last + 1))
            last++;
        for (int64_t j = i; j <= last; j++)
            rank[key[j] & UINT32_MAX] = i + last + 2; /* twice the mean of i + 1 .. last + 1 */
    }
}

GV_API gv_status gv_mean_ranks(gv_context *ctx, const float *score, int64_t n, int64_t *rank,
                               gv_error *err)
{
    uint64_t *key = gv_alloc(ctx, n, sizeof *key);
    gv_status st = key == NULL ? gv_no_memory(ctx, "ranks", err) : GV_OK;
    if (st == GV_OK)
        st = gv_rank_keys(ctx, score, n, "ranks", key, err);
    if (st == GV_OK) {
        const int64_t n_blocks = gv_blocks(n);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 64)
        for (int64_t b = 0; b < n_blocks; b++)
            share_ranks(key, n, b * GV_BLOCK, gv_block_end(b, n), rank);
    }
    gv_free(ctx, key);
    return st;
}

/* ---- counts ------------------------------------------------------------------------------- */

/* The largest count, or -1 where one is below 0. */
static int32_t largest_count(gv_context *ctx, const int32_t *count, int64_t n)
{
    int32_t most = 0, least = 0;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static) reduction(max       \
                                                                                         : most)   \
    reduction(min                                                                                  \
              : least)
    for (int64_t v = 0; v < n; v++) {
        most = count[v] > most ? count[v] : most;
        least = count[v] < least ? count[v] : least;
    }
    return least < 0 ? -1 : most;
}

/* How many have each count, into number [cells], zeroed. Few have many friends: atomics would all
 * meet at the counts that most have, so threads count by themselves while that is little memory. */
static gv_status count_counts(gv_context *ctx, const int32_t *count, int64_t n, int64_t cells,
                              int64_t *number, gv_error *err)
{
    const int32_t threads = cells <= CELLS_BY_THREAD ? gv_context_threads(ctx) : 1;
    int64_t *mine = gv_alloc_zero(ctx, threads * cells, sizeof *mine);
    if (mine == NULL)
        return gv_no_memory(ctx, "ranks", err);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t v = 0; v < n; v++)
        mine[gv_thread() * cells + count[v]]++;
    for (int64_t i = 0; i < threads * cells; i++)
        number[i % cells] += mine[i];
    gv_free(ctx, mine);
    return GV_OK;
}

/* Who has a count shares the mean of the ranks behind those who have more. */
static void share_counts(int64_t *number, int64_t cells)
{
    int64_t before = 0;
    for (int64_t c = cells - 1; c >= 0; c--) {
        const int64_t here = number[c];
        number[c] = 2 * before + here + 1;
        before += here;
    }
}

GV_API gv_status gv_mean_ranks_of_counts(gv_context *ctx, const int32_t *count, int64_t n,
                                         int64_t *rank, gv_error *err)
{
    const int64_t cells = (int64_t)largest_count(ctx, count, n) + 1;
    if (cells == 0)
        return gv_fail(err, GV_ERR_RANGE, "ranks: a count is below 0");
    int64_t *number = gv_alloc_zero(ctx, cells, sizeof *number);
    gv_status st = number == NULL ? gv_no_memory(ctx, "ranks", err)
                                  : count_counts(ctx, count, n, cells, number, err);
    if (st == GV_OK) {
        share_counts(number, cells);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
        for (int64_t v = 0; v < n; v++)
            rank[v] = number[count[v]];
    }
    gv_free(ctx, number);
    return st;
}

/* ---- correlation -------------------------------------------------------------------------- */

/* Sums over consumers [begin, end) of deviations from the mean of doubled ranks, n + 1. */
static void add_block(const int64_t *x, const int64_t *y, int64_t n, int64_t begin, int64_t end,
                      wide *sum)
{
    for (int64_t i = begin; i < end; i++) {
        const int64_t a = x[i] - (n + 1), b = y[i] - (n + 1);
        sum[0] += (wide)a * b;
        sum[1] += (wide)a * a;
        sum[2] += (wide)b * b;
    }
}

GV_API gv_status gv_rank_correlation(gv_context *ctx, const int64_t *x, const int64_t *y, int64_t n,
                                     double *out, gv_error *err)
{
    const int32_t threads = gv_context_threads(ctx);
    const int64_t n_blocks = gv_blocks(n);
    wide *part = gv_alloc_zero(ctx, 3 * (int64_t)threads, sizeof *part), sum[3] = {0};
    if (part == NULL)
        return gv_no_memory(ctx, "rank correlation", err);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t b = 0; b < n_blocks; b++)
        add_block(x, y, n, b * GV_BLOCK, gv_block_end(b, n), part + 3 * (int64_t)gv_thread());
    for (int32_t t = 0; t < 3 * threads; t++)
        sum[t % 3] += part[t];
    *out = sum[1] > 0 && sum[2] > 0 ? (double)sum[0] / sqrt((double)sum[1] * (double)sum[2])
                                    : (double)NAN;
    gv_free(ctx, part);
    return GV_OK;
}
