/* cascade.c -- independent cascade: options, blocks of worlds, statistics.
 *
 *   mean = sum / R,   sd^2 = (R sumsq - sum^2) / (R (R - 1)),   stderr = sd / sqrt(R)
 *
 * with sum and sumsq over the spreads of R worlds as exact 128-bit integers, rounded once at the
 * end: the order in which worlds finish cannot matter, and sums of disjoint ranges of worlds add
 * up. */
#include "grapevine/cascade.h"

#include <inttypes.h>
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "kernels/cascade_kernel.h"
#include "kernels/marginals.h"

enum { FIRST_BLOCK = 1024 };

typedef struct gv_cascade_owned {
    gv_cascade_result result; /* first: the public part is the whole */
    gv_context *ctx;
} gv_cascade_owned;

GV_API gv_cascade_opts gv_cascade_defaults(void)
{
    return (gv_cascade_opts){.seed = 1,
                             .first_world = 0,
                             .n_worlds = 1024,
                             .target_stderr = 0.0,
                             .max_worlds = 1048576,
                             .max_steps = -1,
                             .activation = false,
                             .spread_only = false,
                             .marginals = false,
                             .blocked = NULL,
                             .n_blocked = 0,
                             .kernel = GV_CASCADE_AUTO};
}

GV_API const char *gv_cascade_rng(gv_cascade_kernel kernel)
{
    switch (kernel) {
    case GV_CASCADE_PLAIN:
        return "plain: philox4x32-10 by edge and world";
    case GV_CASCADE_POINTS:
        return "points: splitmix64 by node, keyed by philox4x32-10 of the world";
    case GV_CASCADE_SLICED:
        return "sliced: AES rounds by edge, keyed by philox4x32-10 of 128 worlds";
    case GV_CASCADE_AUTO:
        break;
    }
    return NULL;
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
    gv_free(ctx, result);
}

static gv_status check_options(const gv_cascade_opts *o, gv_error *err)
{
    const bool adaptive = o->target_stderr != 0.0;
    const char *name = adaptive ? "max_worlds" : "n_worlds";
    const int64_t worlds = adaptive ? o->max_worlds : o->n_worlds;
    if (!(o->target_stderr >= 0.0 && o->target_stderr < 1.0))
        return gv_fail(err, GV_ERR_RANGE, "cascade: target_stderr %g is not in [0, 1)",
                       o->target_stderr);
    if (worlds < 1 || worlds > INT32_MAX)
        return gv_fail(err, GV_ERR_RANGE, "cascade: %s %" PRId64 " is not in [1, %" PRId32 "]",
                       name, worlds, INT32_MAX);
    if (o->first_world < 0 || o->first_world > INT64_MAX - worlds)
        return gv_fail(err, GV_ERR_RANGE,
                       "cascade: first_world %" PRId64 " is not in [0, 2^63 - 1 - %s]",
                       o->first_world, name);
    if (o->max_steps < -1)
        return gv_fail(err, GV_ERR_RANGE,
                       "cascade: max_steps %" PRId64 " is not -1 (no limit) or at least 0",
                       o->max_steps);
    if ((int)o->kernel < GV_CASCADE_AUTO || o->kernel > GV_CASCADE_SLICED)
        return gv_fail(err, GV_ERR_RANGE,
                       "cascade: kernel %d is not auto (0), plain (1), points (2) or sliced (3)",
                       (int)o->kernel);
    return GV_OK;
}

/* Position of the first probability outside [0, 1], or n. */
static int64_t first_bad(gv_context *ctx, const float *p, int64_t n)
{
    int64_t bad = n;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static) reduction(min : bad)
    for (int64_t e = 0; e < n; e++)
        if (!(p[e] >= 0.0f && p[e] <= 1.0f) && e < bad)
            bad = e;
    return bad;
}

static gv_status choose_override(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                                 gv_coins *coins, gv_error *err)
{
    coins->rule = p->rule;
    if (p->rule == GV_PROBABILITY_CONSTANT) {
        if (!(p->constant >= 0.0 && p->constant <= 1.0))
            return gv_fail(err, GV_ERR_RANGE, "cascade: probability %g is not in [0, 1]",
                           p->constant);
        coins->limit = gv_coin_limit(p->constant);
    } else if (p->rule == GV_PROBABILITY_STORED) {
        if (p->stored == NULL && g->n_edges > 0)
            return gv_fail(err, GV_ERR_ARG, "cascade: stored probabilities are missing");
        const int64_t bad = first_bad(ctx, p->stored, g->n_edges);
        if (bad < g->n_edges)
            return gv_fail(err, GV_ERR_RANGE,
                           "cascade: probability %g of edge %" PRId64 " is not in [0, 1]",
                           (double)p->stored[bad], bad);
        coins->stored = p->stored;
    } else if (p->rule != GV_PROBABILITY_WEIGHTED_CASCADE) {
        return gv_fail(err, GV_ERR_ARG,
                       "cascade: probability rule %d is not constant (1), weighted cascade (2) or "
                       "stored (3)",
                       (int)p->rule);
    }
    return GV_OK;
}

static gv_status choose_coins(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                              uint64_t seed, gv_coins *coins, gv_error *err)
{
    *coins = (gv_coins){.key = gv_key(seed, GV_FOR_COIN),
                        .rule = g->rule,
                        .limit = gv_coin_limit(g->constant),
                        .in_offset = g->in.indptr,
                        .stored = g->out.probability};
    if (p != NULL)
        return choose_override(ctx, g, p, coins, err);
    if (g->rule == GV_PROBABILITY_NONE)
        return gv_fail(
            err, GV_ERR_ARG,
            "cascade: the graph has no probabilities, so a constant, weighted cascade or "
            "an array must be given");
    return GV_OK;
}

/* The distinct seeds, ascending, into the result. */
static gv_status take_seeds(gv_context *ctx, const gv_graph *g, const gv_node *seeds,
                            int64_t n_seeds, gv_cascade_result *r, gv_error *err)
{
    if (n_seeds < 0 || (n_seeds > 0 && seeds == NULL))
        return gv_fail(err, GV_ERR_ARG, "cascade: %" PRId64 " seeds are not an array", n_seeds);
    for (int64_t i = 0; i < n_seeds; i++)
        if (seeds[i] < 0 || seeds[i] >= g->n_nodes)
            return gv_fail(err, GV_ERR_RANGE,
                           "cascade: seed %" PRId32 " is not in [0, %" PRId64 ")", seeds[i],
                           g->n_nodes);
    gv_node *distinct = gv_alloc(ctx, n_seeds, sizeof *distinct);
    r->seeds = distinct;
    uint64_t *key = gv_alloc(ctx, n_seeds, sizeof *key);
    gv_status st = GV_OK;
    if (distinct == NULL || key == NULL) {
        st = gv_no_memory(ctx, "cascade: seeds", err);
        goto done;
    }
    for (int64_t i = 0; i < n_seeds; i++)
        key[i] = (uint64_t)seeds[i];
    st = gv_sort_keys(ctx, key, n_seeds, err);
    if (st != GV_OK)
        goto done;
    for (int64_t i = 0; i < n_seeds; i++)
        if (i == 0 || key[i] != key[i - 1])
            distinct[r->n_seeds++] = (gv_node)key[i];
done:
    gv_free(ctx, key);
    return st;
}

/* The bitmap of blocked consumers, or NULL when there are none. */
static gv_status take_blocked(gv_context *ctx, const gv_graph *g, const gv_cascade_opts *o,
                              const gv_cascade_result *r, uint64_t **out, gv_error *err)
{
    if (o->n_blocked < 0 || (o->n_blocked > 0 && o->blocked == NULL))
        return gv_fail(err, GV_ERR_ARG, "cascade: %" PRId64 " blocked consumers are not an array",
                       o->n_blocked);
    if (o->n_blocked == 0)
        return GV_OK;
    uint64_t *bitmap = *out = gv_alloc_zero(ctx, (g->n_nodes + 63) / 64, sizeof *bitmap);
    if (bitmap == NULL)
        return gv_no_memory(ctx, "cascade: blocked consumers", err);
    for (int64_t i = 0; i < o->n_blocked; i++) {
        const gv_node v = o->blocked[i];
        if (v < 0 || v >= g->n_nodes)
            return gv_fail(err, GV_ERR_RANGE,
                           "cascade: blocked consumer %" PRId32 " is not in [0, %" PRId64 ")", v,
                           g->n_nodes);
        bitmap[v >> 6] |= UINT64_C(1) << (v & 63);
    }
    for (int64_t i = 0; i < r->n_seeds; i++)
        if (bitmap[r->seeds[i] >> 6] >> (r->seeds[i] & 63) & 1)
            return gv_fail(err, GV_ERR_ARG, "cascade: seed %" PRId32 " is among the blocked",
                           r->seeds[i]);
    return GV_OK;
}

/* Mean and deviation of all worlds so far. At most 2^31 worlds of at most 2^31 nodes each: sums are
 * below 2^62, R sumsq below 2^124. */
static void describe(gv_cascade_result *r)
{
    const int64_t n = r->n_worlds;
    int64_t sum = 0;
    gv_u128 sumsq = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t x = (uint64_t)r->spread[i];
        sum += r->spread[i];
        sumsq += (gv_u128)x * x;
    }
    r->mean = (double)sum / (double)n;
    r->outward_mean = (double)(sum - n * r->n_seeds) / (double)n;
    if (n > 1) {
        const gv_u128 square = (gv_u128)(uint64_t)sum * (uint64_t)sum;
        const gv_u128 spare = sumsq * (uint64_t)n - square; /* >= 0 by Cauchy-Schwarz */
        r->sd = sqrt((double)spare / ((double)n * (double)(n - 1)));
        r->stderr_mean = r->sd / sqrt((double)n);
    }
}

/* Simulates until the result holds `target` worlds, in chunks of a quarter of a second to a second,
 * between which progress is reported. */
static gv_status simulate_to(gv_worlds *w, gv_cascade_result *r, int64_t target, int64_t total,
                             gv_error *err)
{
    int64_t *spread = gv_realloc(w->ctx, (void *)r->spread, target, sizeof *spread);
    if (spread == NULL)
        return gv_no_memory(w->ctx, "cascade: spread of each world", err);
    r->spread = spread;
    int64_t chunk = gv_worlds_grain(w);
    while (r->n_worlds < target) {
        gv_status st = gv_progress(w->ctx, "cascade", r->n_worlds, total, err);
        if (st != GV_OK)
            return st;
        const double started = gv_seconds();
        const int64_t left = target - r->n_worlds, n = chunk < left ? chunk : left;
        st = gv_worlds_run(w, r->first_world + r->n_worlds, n, spread + r->n_worlds, err);
        if (st != GV_OK)
            return st;
        r->n_worlds += n;
        if (gv_seconds() - started < 0.25)
            chunk *= 4;
    }
    return gv_progress(w->ctx, "cascade", r->n_worlds, total, err);
}

/* All worlds that were asked for; with a target precision, doubling blocks until it is reached. */
static gv_status simulate_all(gv_worlds *w, const gv_cascade_opts *o, gv_cascade_result *r,
                              bool *reached, gv_error *err)
{
    const bool adaptive = o->target_stderr != 0.0;
    int64_t target = adaptive ? FIRST_BLOCK : o->n_worlds;
    for (*reached = true;; target *= 2) {
        if (adaptive && target > o->max_worlds)
            target = o->max_worlds;
        const gv_status st = simulate_to(w, r, target, adaptive ? 0 : target, err);
        if (st != GV_OK)
            return st;
        describe(r);
        if (!adaptive)
            return GV_OK;
        /* one world says nothing about the deviation */
        *reached = r->n_worlds > 1 && r->stderr_mean <= o->target_stderr * r->mean;
        if (*reached || target == o->max_worlds)
            return GV_OK;
    }
}

/* Adds up the lanes. The curve ends with the last step at which anyone became active in any world.
 */
static gv_status take_curve(const gv_worlds *w, gv_cascade_result *r, gv_error *err)
{
    int64_t length = w->spread_only ? 0 : 1;
    for (int32_t i = 0; i < w->n_lanes && !w->spread_only; i++)
        for (int64_t t = length; t < w->levels; t++)
            if (w->lane[i].sum[t] > 0)
                length = t + 1;
    int64_t *sum = gv_alloc_zero(w->ctx, length, sizeof *sum);
    gv_wide *sumsq = gv_alloc(w->ctx, length, sizeof *sumsq);
    r->curve_sum = sum;
    r->curve_sumsq = sumsq;
    if (sum == NULL || sumsq == NULL)
        return gv_no_memory(w->ctx, "cascade: curve", err);
    for (int64_t t = 0; t < length; t++) {
        gv_u128 squares = 0;
        for (int32_t i = 0; i < w->n_lanes; i++) {
            sum[t] += w->lane[i].sum[t];
            squares += w->lane[i].sumsq[t];
        }
        sumsq[t] = (gv_wide){.hi = (int64_t)(squares >> 64), .lo = (int64_t)(uint64_t)squares};
    }
    r->curve_length = length;
    return GV_OK;
}

static gv_status simulate(gv_worlds *w, const gv_cascade_opts *o, gv_cascade_result *r,
                          gv_error *err)
{
    gv_kernel kernel = {.has_points = false};
    gv_status st =
        gv_kernel_open(&kernel, w, o->target_stderr > 0.0 ? o->max_worlds : o->n_worlds, err);
    bool reached = false;
    r->kernel = w->kernel;
    if (st == GV_OK)
        st = gv_worlds_open(w, err);
    if (st == GV_OK)
        st = simulate_all(w, o, r, &reached, err);
    if (st == GV_OK)
        st = take_curve(w, r, err);
    if (st == GV_OK && o->marginals) {
        int64_t *sum = gv_alloc(w->ctx, r->n_seeds, sizeof *sum);
        r->seed_marginal_sum = sum;
        st = sum == NULL ? gv_no_memory(w->ctx, "cascade: marginals", err)
                         : gv_marginals(w, r, sum, err);
    }
    gv_kernel_close(&kernel);
    if (st != GV_OK)
        return st;
    for (int64_t i = 0; w->activation != NULL && i < r->n_seeds; i++)
        w->activation[r->seeds[i]] = (int32_t)r->n_worlds;
    if (!reached)
        return gv_fail(err, GV_ERR_CONVERGE,
                       "cascade: standard error / mean is %.3g after %" PRId64
                       " worlds, above the target %.3g",
                       r->n_worlds > 1 ? r->stderr_mean / r->mean : INFINITY, r->n_worlds,
                       o->target_stderr);
    return GV_OK;
}

GV_API gv_status gv_cascade(gv_context *ctx, const gv_graph *g, const gv_probability *probability,
                            const gv_node *seeds, int64_t n_seeds, const gv_cascade_opts *opts,
                            gv_cascade_result **out, gv_error *err)
{
    const gv_cascade_opts o = opts != NULL ? *opts : gv_cascade_defaults();
    gv_worlds w = {
        .ctx = ctx, .g = g, .seed = o.seed, .kernel = o.kernel, .spread_only = o.spread_only};
    gv_status st = check_options(&o, err);
    if (st == GV_OK)
        st = choose_coins(ctx, g, probability, o.seed, &w.coins, err);
    if (st != GV_OK)
        return st;
    gv_cascade_owned *owned = gv_alloc_zero(ctx, 1, sizeof *owned);
    if (owned == NULL)
        return gv_no_memory(ctx, "cascade: result", err);
    owned->ctx = ctx;
    gv_cascade_result *r = &owned->result;
    r->first_world = o.first_world;
    st = take_seeds(ctx, g, seeds, n_seeds, r, err);
    if (st == GV_OK && o.activation) {
        w.activation = gv_alloc_zero(ctx, g->n_nodes, sizeof *w.activation);
        r->activation_count = w.activation;
        if (w.activation == NULL)
            st = gv_no_memory(ctx, "cascade: activation counts", err);
    }
    uint64_t *blocked = NULL;
    if (st == GV_OK)
        st = take_blocked(ctx, g, &o, r, &blocked, err);
    if (st == GV_OK) {
        w.blocked = blocked;
        w.seeds = r->seeds;
        w.n_seeds = r->n_seeds;
        w.max_steps = o.max_steps < 0 ? INT64_MAX : o.max_steps;
        st = simulate(&w, &o, r, err);
    }
    gv_worlds_close(&w);
    gv_free(ctx, blocked);
    if (st == GV_OK || st == GV_ERR_CONVERGE)
        *out = r;
    else
        gv_cascade_free(r);
    return st;
}
