/* auc.c -- area under the ROC curve of scored records, its interval, and calibration.
 *
 * Records are sorted by the bits of their score; an area is a sum of integers over groups of equal
 * scores, so neither the threads nor the order inside a group bear on it. The bootstrap gives each
 * item a weight drawn from Poisson(1), keyed by (seed, replicate, item). */
#include "kernels/auc.h"

#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/rng.h"
#include "engine/sort.h"

/* A record in its place: item, whether positive, whether its score begins there. */
typedef uint64_t placed;

static int64_t item_of(placed x)
{
    return (int64_t)(x >> 2);
}

static bool is_positive(placed x)
{
    return x >> 1 & 1;
}

static bool begins(placed x)
{
    return x & 1;
}

/* Weighted area: pairs (positive, negative) in the right order count one, ties a half. Sums are
 * integers; products stay below 2^63 for up to 10^9 records of each kind. */
static double area(const placed *x, int64_t n, const int32_t *weight)
{
    int64_t below = 0, positives = 0, twice = 0, tied[2] = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        if (begins(x[i])) {
            twice += tied[1] * (2 * below + tied[0]);
            below += tied[0];
            positives += tied[1];
            tied[0] = tied[1] = 0;
        }
        tied[is_positive(x[i])] += weight != NULL ? weight[item_of(x[i])] : 1;
    }
    twice += tied[1] * (2 * below + tied[0]);
    below += tied[0];
    positives += tied[1];
    return below > 0 && positives > 0 ? (double)twice / 2.0 / ((double)below * (double)positives)
                                      : NAN;
}

/* Scores that are equal share a bin, that of the first of them, so that the order of equals does
 * not matter. `order` holds the bits of the scores. */
static void calibrate(const placed *x, const gv_record *order, int64_t n, gv_calibration *bin)
{
    for (int b = 0; b < GV_CALIBRATION_BINS; b++)
        bin[b] = (gv_calibration){0};
    for (int64_t i = 0, first = 0; i < n; i++) {
        double score;
        memcpy(&score, &order[i].key, sizeof score);
        first = begins(x[i]) ? i : first;
        gv_calibration *to = &bin[first * GV_CALIBRATION_BINS / n];
        to->records++;
        to->positives += is_positive(x[i]);
        to->score += score;
    }
    for (int b = 0; b < GV_CALIBRATION_BINS; b++)
        if (bin[b].records > 0)
            bin[b].score /= (double)bin[b].records;
}

/* Poisson(1) by inversion. */
static int32_t poisson_one(double u)
{
    double p = exp(-1.0), sum = p;
    int32_t k = 0;
    while (u >= sum && k < 20) {
        k++;
        p /= k;
        sum += p;
    }
    return k;
}

static void bootstrap(gv_context *ctx, const gv_log *log, const placed *x, int64_t n,
                      const gv_auc_opts *o, int32_t *weight, double *auc)
{
    const int64_t n_items = log->info.n_items;
    const uint64_t key = gv_key(o->seed, GV_FOR_BOOTSTRAP);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < o->bootstraps; b++) {
        int32_t *mine = weight + gv_thread() * n_items;
        for (int64_t a = 0; a < n_items; a++)
            mine[a] = poisson_one(
                gv_unit(gv_random_u64(gv_philox(key, (uint64_t)b, log->item_key[a]), 0)));
        auc[b] = area(x, n, mine);
    }
}

/* 2.5 % and 97.5 % of the replicates, by order statistics; replicates that drew no positive or no
 * negative record have no area and are left out. */
static void interval(double *auc, int32_t n_replicates, gv_auc *out)
{
    int32_t n = 0;
    for (int32_t i = 0; i < n_replicates; i++) {
        const double x = auc[i];
        int32_t j = n;
        if (isnan(x))
            continue;
        for (; j > 0 && auc[j - 1] > x; j--)
            auc[j] = auc[j - 1];
        auc[j] = x;
        n++;
    }
    const int32_t tail = (int32_t)(0.025 * (n + 1));
    out->lo = tail > 0 ? auc[tail - 1] : NAN;
    out->hi = tail > 0 ? auc[n - tail] : NAN;
}

/* Puts the records in ascending order of score. Scores lie in [0, 1], so their bits sort like them.
 */
static gv_status sort_by_score(gv_context *ctx, const auc_records *r, gv_record *order, placed *x,
                               gv_error *err)
{
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t i = 0; i < r->n; i++) {
        const double score = r->score[i * r->stride] + 0.0; /* no -0 */
        memcpy(&order[i].key, &score, sizeof order[i].key);
        order[i].value = r->label[i];
    }
    const gv_status st = gv_sort_records(ctx, order, r->n, err);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t i = 0; i < r->n; i++)
        x[i] = order[i].value << 1 | (i == 0 || order[i].key != order[i - 1].key);
    return st;
}

gv_status auc_measure(gv_context *ctx, const gv_log *log, const auc_records *r,
                      const gv_auc_opts *o, gv_auc *out, gv_error *err)
{
    const int64_t n_weights = gv_context_threads(ctx) * log->info.n_items;
    gv_record *order = gv_alloc(ctx, r->n, sizeof *order);
    placed *x = gv_alloc(ctx, r->n, sizeof *x);
    int32_t *weight = gv_alloc(ctx, n_weights, sizeof *weight);
    double *auc = gv_alloc(ctx, o->bootstraps, sizeof *auc);
    gv_status st = GV_OK;
    if (order == NULL || x == NULL || weight == NULL || auc == NULL) {
        st = gv_no_memory(ctx, "evaluate", err);
        goto done;
    }
    if ((st = sort_by_score(ctx, r, order, x, err)) != GV_OK)
        goto done;
    *out = (gv_auc){.auc = area(x, r->n, NULL), .records = r->n};
    for (int64_t i = 0; i < r->n; i++)
        out->positives += is_positive(x[i]);
    calibrate(x, order, r->n, out->bin);
    bootstrap(ctx, log, x, r->n, o, weight, auc);
    interval(auc, o->bootstraps, out);
done:
    gv_free(ctx, auc);
    gv_free(ctx, weight);
    gv_free(ctx, x);
    gv_free(ctx, order);
    return st;
}
