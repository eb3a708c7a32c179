/* cascade.c -- diffusion from seed sets: blocks of worlds, and what is kept of them.
 *
 * Everything kept is an exact integer sum over worlds, so the order in which worlds finish cannot
 * matter, and results of disjoint ranges of worlds add up (cascade_join.c). Means and deviations
 * follow from the sums (cascade_result.c). */
#include "grapevine/cascade.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/cascade_keep.h"
#include "kernels/cascade_kernel.h"
#include "kernels/cascade_options.h"
#include "kernels/cascade_result.h"
#include "kernels/marginals.h"
#include "kernels/world_extras.h"

enum { FIRST_BLOCK = 1024 };

struct gv_simulator {
    gv_context *ctx;
    const gv_graph *g;
    gv_cascade_opts o;
    gv_worlds w; /* all but what belongs to a seed set */
    gv_kernel kernel;
    uint64_t *blocked; /* bitmap, or NULL */
    int32_t n_runs;    /* seed sets so far */
};

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
                             .kernel = GV_CASCADE_AUTO,
                             .diffusion = GV_DIFFUSION_CASCADE,
                             .acceptance = NULL,
                             .weight = NULL,
                             .steps = false};
}

GV_API const char *gv_cascade_rng(gv_cascade_kernel kernel, gv_diffusion diffusion)
{
    const bool cascade = diffusion == GV_DIFFUSION_CASCADE;
    switch (kernel) {
    case GV_CASCADE_PLAIN:
        return cascade ? "plain: philox4x32-10 by edge and world"
                       : "plain: philox4x32-10 by consumer and world";
    case GV_CASCADE_POINTS:
        return cascade ? "points: splitmix64 by node, keyed by philox4x32-10 of the world" : NULL;
    case GV_CASCADE_SLICED:
        return cascade ? "sliced: AES rounds by edge, keyed by philox4x32-10 of 128 worlds"
                       : "sliced: AES rounds by consumer, keyed by philox4x32-10 of 128 worlds";
    case GV_CASCADE_AUTO:
        break;
    }
    return NULL;
}

/* ---- worlds ------------------------------------------------------------------------------------
 */

/* Simulates until the result holds `target` worlds, in chunks of a quarter of a second to a second,
 * between which progress is reported. */
static gv_status simulate_to(gv_worlds *w, gv_cascade_result *r, int64_t target, int64_t total,
                             gv_error *err)
{
    gv_status st = gv_cascade_room(w->ctx, r, w->weight != NULL, target, err);
    int64_t chunk = gv_worlds_grain(w);
    while (st == GV_OK && r->n_worlds < target) {
        if (gv_keep_due(w->ctx) && (st = gv_cascade_keep(w, r, err)) != GV_OK)
            return st;
        st = gv_progress(w->ctx, "cascade", r->n_worlds, total, err);
        if (st != GV_OK)
            return st;
        const double started = gv_seconds();
        const int64_t left = target - r->n_worlds, n = chunk < left ? chunk : left;
        w->value = r->value != NULL ? (int64_t *)(uintptr_t)r->value + r->n_worlds : NULL;
        st = gv_worlds_run(w, r->first_world + r->n_worlds, n,
                           (int64_t *)(uintptr_t)r->spread + r->n_worlds, err);
        if (st != GV_OK)
            return st;
        r->n_worlds += n;
        if (gv_seconds() - started < 0.25)
            chunk *= 4;
    }
    return st == GV_OK ? gv_progress(w->ctx, "cascade", r->n_worlds, total, err) : st;
}

/* Greater of stderr / mean of spread and of value: one world says nothing about the deviation. */
static double relative_error(const gv_cascade_result *r)
{
    if (r->n_worlds < 2)
        return INFINITY;
    double error = r->stderr_mean > 0.0 ? r->stderr_mean / r->mean : 0.0;
    if (r->value_stderr > 0.0)
        error = fmax(error, r->value_stderr / fabs(r->value_mean));
    return error;
}

/* All worlds that were asked for; with a target precision, doubling blocks until it is reached. */
static gv_status simulate_all(gv_worlds *w, const gv_cascade_opts *o, gv_cascade_result *r,
                              bool *reached, gv_error *err)
{
    const bool adaptive = o->target_stderr != 0.0;
    int64_t target = adaptive ? FIRST_BLOCK : o->n_worlds;
    while (adaptive && target < r->n_worlds) /* done by an earlier run, and not enough */
        target *= 2;
    for (*reached = true;; target *= 2) {
        if (adaptive && target > o->max_worlds)
            target = o->max_worlds;
        const gv_status st = simulate_to(w, r, target, adaptive ? 0 : target, err);
        if (st != GV_OK || !adaptive)
            return st;
        gv_cascade_describe(r);
        *reached = relative_error(r) <= o->target_stderr;
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
        sumsq[t] = gv_wide_of(squares);
    }
    r->curve_length = length;
    return GV_OK;
}

/* ---- a seed set --------------------------------------------------------------------------------
 */

/* Arrays by consumer and by seed. */
static gv_status make_counts(const gv_simulator *s, gv_worlds *w, gv_cascade_result *r,
                             uint64_t **limit, gv_error *err)
{
    const int64_t n = s->g->n_nodes;
    if (s->o.activation || s->o.steps)
        r->activation_count = w->activation = gv_alloc_zero(s->ctx, n, sizeof *w->activation);
    if (s->o.steps)
        r->activation_step_sum = w->step_sum = gv_alloc_zero(s->ctx, n, sizeof *w->step_sum);
    if (((s->o.activation || s->o.steps) && w->activation == NULL) ||
        (s->o.steps && w->step_sum == NULL))
        return gv_no_memory(s->ctx, "cascade: activation counts", err);
    if (r->acceptance == NULL)
        return GV_OK;
    uint64_t *accept = *limit = gv_alloc(s->ctx, r->n_seeds, sizeof *accept);
    int64_t *count = gv_alloc_zero(s->ctx, r->n_seeds, sizeof *count); /* counted at the end */
    r->accepted_count = count;
    if (accept == NULL || count == NULL)
        return gv_no_memory(s->ctx, "cascade: seeds", err);
    for (int64_t i = 0; i < r->n_seeds; i++)
        accept[i] = gv_coin_limit(r->acceptance[i]);
    w->accept = accept;
    return GV_OK;
}

static gv_status refuse_blocked_seeds(const gv_simulator *s, const gv_cascade_result *r,
                                      gv_error *err)
{
    for (int64_t i = 0; s->blocked != NULL && i < r->n_seeds; i++)
        if (s->blocked[r->seeds[i] >> 6] >> (r->seeds[i] & 63) & 1)
            return gv_fail(err, GV_ERR_ARG, "cascade: seed %" PRId32 " is among the blocked",
                           r->seeds[i]);
    return GV_OK;
}

/* What follows from the worlds when all are done. */
static gv_status finish(const gv_simulator *s, gv_worlds *w, gv_cascade_result *r, gv_error *err)
{
    gv_status st = take_curve(w, r, err);
    if (st == GV_OK && s->o.marginals) {
        int64_t *sum = gv_alloc(w->ctx, r->n_seeds, sizeof *sum);
        r->seed_marginal_sum = sum;
        st = sum == NULL ? gv_no_memory(w->ctx, "cascade: marginals", err)
                         : gv_marginals(w, r, sum, err);
    }
    if (w->accept != NULL)
        gv_count_accepted(w, r->first_world, r->n_worlds, (int64_t *)(uintptr_t)r->accepted_count);
    else
        for (int64_t i = 0; w->activation != NULL && i < r->n_seeds; i++)
            w->activation[r->seeds[i]] = (int32_t)r->n_worlds;
    gv_cascade_describe(r);
    return st == GV_OK ? gv_cascade_rank(w->ctx, r, err) : st;
}

static gv_status simulate(gv_simulator *s, gv_cascade_result *r, gv_error *err)
{
    gv_worlds w = s->w;
    uint64_t *limit = NULL;
    bool reached = false;
    w.seeds = r->seeds, w.n_seeds = r->n_seeds;
    w.run = s->n_runs++;
    gv_status st = make_counts(s, &w, r, &limit, err);
    if (st == GV_OK)
        st = gv_worlds_open(&w, err);
    if (st == GV_OK)
        st = gv_cascade_take(&w, r, err);
    if (st == GV_OK)
        st = simulate_all(&w, &s->o, r, &reached, err);
    if (st == GV_OK)
        st = finish(s, &w, r, err);
    gv_worlds_close(&w);
    gv_free(s->ctx, limit);
    if (st == GV_OK && !reached)
        return gv_fail(err, GV_ERR_CONVERGE,
                       "cascade: standard error / mean is %.3g after %" PRId64
                       " worlds, above the target %.3g",
                       relative_error(r), r->n_worlds, s->o.target_stderr);
    return st;
}

GV_API gv_status gv_simulator_run(gv_simulator *s, const gv_node *seeds, int64_t n_seeds,
                                  const double *acceptance, gv_cascade_result **out, gv_error *err)
{
    gv_cascade_result *r = gv_cascade_new(s->ctx);
    if (r == NULL)
        return gv_no_memory(s->ctx, "cascade: result", err);
    r->kernel = s->w.kernel, r->diffusion = s->o.diffusion;
    r->first_world = s->o.first_world, r->weight_scale = s->w.weight_scale;
    gv_status st = gv_cascade_seeds(s->ctx, s->g, seeds, n_seeds, acceptance, r, err);
    if (st == GV_OK)
        st = refuse_blocked_seeds(s, r, err);
    if (st == GV_OK)
        st = simulate(s, r, err);
    if (st == GV_OK || st == GV_ERR_CONVERGE)
        *out = r;
    else
        gv_cascade_free(r);
    return st;
}

/* ---- a simulator -------------------------------------------------------------------------------
 */

GV_API void gv_simulator_free(gv_simulator *s)
{
    if (s == NULL)
        return;
    gv_kernel_close(&s->kernel);
    gv_free(s->ctx, s->blocked);
    gv_free(s->ctx, s);
}

GV_API gv_status gv_simulator_create(gv_context *ctx, const gv_graph *g,
                                     const gv_probability *probability, const gv_cascade_opts *opts,
                                     gv_simulator **out, gv_error *err)
{
    const gv_cascade_opts o = opts != NULL ? *opts : gv_cascade_defaults();
    gv_coins coins;
    int64_t scale = 1;
    gv_status st = gv_cascade_check(&o, err);
    if (st == GV_OK)
        st = gv_cascade_coins(ctx, g, probability, o.seed, "cascade", &coins, err);
    if (st == GV_OK && o.weight != NULL)
        st = gv_cascade_scale(ctx, o.weight, g->n_nodes, &scale, err);
    if (st != GV_OK)
        return st;
    gv_simulator *s = gv_alloc_zero(ctx, 1, sizeof *s);
    if (s == NULL)
        return gv_no_memory(ctx, "cascade: simulator", err);
    s->ctx = ctx, s->g = g, s->o = o;
    s->w = (gv_worlds){.ctx = ctx,
                       .g = g,
                       .coins = coins,
                       .seed = o.seed,
                       .kernel = o.kernel,
                       .spread_only = o.spread_only,
                       .acceptance_key = gv_key(o.seed, GV_FOR_ACCEPTANCE),
                       .weight = o.weight,
                       .weight_scale = scale,
                       .max_steps = o.max_steps < 0 ? INT64_MAX : o.max_steps};
    st = gv_cascade_blocked(ctx, g, &o, &s->blocked, err);
    s->w.blocked = s->blocked;
    gv_graph_rest_ids(g); /* seeds are known, and worlds need the room */
    if (st == GV_OK)
        st = gv_kernel_open(&s->kernel, &s->w, o.diffusion,
                            o.target_stderr > 0.0 ? o.max_worlds : o.n_worlds, err);
    if (st == GV_OK)
        *out = s;
    else
        gv_simulator_free(s);
    return st;
}

GV_API gv_status gv_cascade(gv_context *ctx, const gv_graph *g, const gv_probability *probability,
                            const gv_node *seeds, int64_t n_seeds, const gv_cascade_opts *opts,
                            gv_cascade_result **out, gv_error *err)
{
    gv_simulator *s = NULL;
    gv_status st = gv_simulator_create(ctx, g, probability, opts, &s, err);
    if (st != GV_OK)
        return st;
    st = gv_simulator_run(s, seeds, n_seeds, opts != NULL ? opts->acceptance : NULL, out, err);
    gv_simulator_free(s);
    return st;
}
