/* cascade_result.c -- what follows from the sums of a cascade's worlds.
 *
 *   mean = sum / R,   sd^2 = (R sumsq - sum^2) / (R (R - 1)),   stderr = sd / sqrt(R)
 *
 * with sum and sumsq over the spreads of R worlds as exact 128-bit integers, rounded once at the
 * end: the order in which worlds finish cannot matter. Values are summed as differences from their
 * mean rounded down, q:  sd^2 = (sum (x - q)^2 - (sum - R q)^2 / R) / (R - 1). */
#include "kernels/cascade_result.h"

#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/sort.h"

static const int percent[GV_CASCADE_QUANTILES] = {0, 1, 5, 25, 50, 75, 95, 99, 100};

GV_API const double *gv_cascade_quantile_levels(void)
{
    static const double level[GV_CASCADE_QUANTILES] = {0.0,  0.01, 0.05, 0.25, 0.5,
                                                       0.75, 0.95, 0.99, 1.0};
    return level;
}

gv_cascade_result *gv_cascade_new(gv_context *ctx)
{
    gv_cascade_owned *owned = gv_alloc_zero(ctx, 1, sizeof *owned);
    if (owned == NULL)
        return NULL;
    owned->ctx = ctx;
    owned->result.weight_scale = 1;
    return &owned->result;
}

GV_API void gv_cascade_free(gv_cascade_result *result)
{
    if (result == NULL)
        return;
    gv_context *ctx = ((gv_cascade_owned *)result)->ctx;
    gv_free(ctx, (void *)result->seeds);
    gv_free(ctx, (void *)result->spread);
    gv_free(ctx, (void *)result->curve_sum);
    gv_free(ctx, (void *)result->curve_sumsq);
    gv_free(ctx, (void *)result->activation_count);
    gv_free(ctx, (void *)result->seed_marginal_sum);
    gv_free(ctx, (void *)result->acceptance);
    gv_free(ctx, (void *)result->accepted_count);
    gv_free(ctx, (void *)result->activation_step_sum);
    gv_free(ctx, (void *)result->value);
    gv_free(ctx, result);
}

/* At most 2^31 worlds of at most 2^31 nodes each: sums are below 2^62, R sumsq below 2^124. */
static void describe_spread(gv_cascade_result *r)
{
    const int64_t n = r->n_worlds;
    int64_t sum = 0, seeds = 0;
    gv_u128 sumsq = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t x = (uint64_t)r->spread[i];
        sum += r->spread[i];
        sumsq += (gv_u128)x * x;
    }
    for (int64_t i = 0; i < r->n_seeds; i++)
        seeds += r->accepted_count != NULL ? r->accepted_count[i] : n;
    r->mean = (double)sum / (double)n;
    r->outward_mean = (double)(sum - seeds) / (double)n;
    if (n > 1) {
        const gv_u128 square = (gv_u128)(uint64_t)sum * (uint64_t)sum;
        const gv_u128 spare = sumsq * (uint64_t)n - square; /* >= 0 by Cauchy-Schwarz */
        r->sd = sqrt((double)spare / ((double)n * (double)(n - 1)));
        r->stderr_mean = r->sd / sqrt((double)n);
    }
}

/* Values are below 2^46 either way: sums below 2^77, squares of differences below 2^125. */
static void describe_value(gv_cascade_result *r)
{
    __extension__ typedef __int128 wide;
    const int64_t n = r->n_worlds;
    const double unit = 1.0 / (double)r->weight_scale;
    wide sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += r->value[i];
    const int64_t q = (int64_t)(sum / n);
    const double rest = (double)(int64_t)(sum - (wide)q * n);
    gv_u128 squares = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t x = r->value[i] - q;
        squares += (gv_u128)((wide)x * x);
    }
    r->value_mean = ((double)q + rest / (double)n) * unit;
    if (n > 1) {
        const double spare = (double)squares - rest * rest / (double)n;
        r->value_sd = spare > 0.0 ? sqrt(spare / (double)(n - 1)) * unit : 0.0;
        r->value_stderr = r->value_sd / sqrt((double)n);
    }
}

void gv_cascade_describe(gv_cascade_result *r)
{
    describe_spread(r);
    if (r->value != NULL)
        describe_value(r);
}

gv_status gv_cascade_rank(gv_context *ctx, gv_cascade_result *r, gv_error *err)
{
    const int64_t n = r->n_worlds;
    uint64_t *sorted = gv_alloc(ctx, n, sizeof *sorted);
    if (sorted == NULL)
        return gv_no_memory(ctx, "cascade: quantiles", err);
    for (int64_t i = 0; i < n; i++)
        sorted[i] = (uint64_t)r->spread[i];
    const gv_status st = gv_sort_keys(ctx, sorted, n, err);
    for (int k = 0; st == GV_OK && k < GV_CASCADE_QUANTILES; k++) {
        const int64_t rank = (percent[k] * n + 99) / 100;
        r->quantile[k] = (int64_t)sorted[rank > 0 ? rank - 1 : 0];
    }
    gv_free(ctx, sorted);
    return st;
}
