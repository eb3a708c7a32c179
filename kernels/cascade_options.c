/* cascade_options.c -- see cascade_options.h. */
#include "kernels/cascade_options.h"

#include <inttypes.h>
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"

gv_status gv_cascade_check(const gv_cascade_opts *o, gv_error *err)
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
    if (o->diffusion != GV_DIFFUSION_CASCADE && o->diffusion != GV_DIFFUSION_THRESHOLD)
        return gv_fail(err, GV_ERR_RANGE,
                       "cascade: diffusion %d is not cascade (0) or threshold (1)",
                       (int)o->diffusion);
    if (o->steps && o->spread_only)
        return gv_fail(err, GV_ERR_ARG, "cascade: steps cannot be added up with spread_only");
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
                                 const char *what, gv_coins *coins, gv_error *err)
{
    coins->rule = p->rule;
    if (p->rule == GV_PROBABILITY_CONSTANT) {
        if (!(p->constant >= 0.0 && p->constant <= 1.0))
            return gv_fail(err, GV_ERR_RANGE, "%s: probability %g is not in [0, 1]", what,
                           p->constant);
        coins->limit = gv_coin_limit(p->constant);
    } else if (p->rule == GV_PROBABILITY_STORED) {
        if (p->stored == NULL && g->n_edges > 0)
            return gv_fail(err, GV_ERR_ARG, "%s: stored probabilities are missing", what);
        const int64_t bad = first_bad(ctx, p->stored, g->n_edges);
        if (bad < g->n_edges)
            return gv_fail(err, GV_ERR_RANGE,
                           "%s: probability %g of edge %" PRId64 " is not in [0, 1]", what,
                           (double)p->stored[bad], bad);
        coins->stored = p->stored;
    } else if (p->rule == GV_PROBABILITY_MODEL) {
        if (p->model == NULL)
            return gv_fail(err, GV_ERR_ARG, "%s: the model of the probabilities is missing", what);
        coins->view = (gv_model_view){.m = p->model, .mix = p->mix, .topic = p->topic};
        return gv_view_check(&coins->view, g, what, err);
    } else if (p->rule != GV_PROBABILITY_WEIGHTED_CASCADE) {
        return gv_fail(
            err, GV_ERR_ARG,
            "%s: probability rule %d is not constant (1), weighted cascade (2), stored (3) or "
            "a model's (4)",
            what, (int)p->rule);
    }
    return GV_OK;
}

gv_status gv_cascade_coins(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                           uint64_t seed, const char *what, gv_coins *coins, gv_error *err)
{
    *coins = (gv_coins){.key = gv_key(seed, GV_FOR_COIN),
                        .rule = g->rule,
                        .limit = gv_coin_limit(g->constant),
                        .in_offset = g->in.indptr,
                        .stored = g->out.probability,
                        .out = &g->out};
    if (p != NULL)
        return choose_override(ctx, g, p, what, coins, err);
    if (g->rule == GV_PROBABILITY_NONE)
        return gv_fail(err, GV_ERR_ARG,
                       "%s: the graph has no probabilities, so a constant, weighted cascade or an "
                       "array must be given",
                       what);
    if (g->rule == GV_PROBABILITY_STORED && coins->stored == NULL && g->n_edges > 0)
        return gv_fail(err, GV_ERR_ARG, "%s: the graph has its probabilities by target alone",
                       what);
    return GV_OK;
}

static gv_status check_seeds(const gv_graph *g, const gv_node *seeds, int64_t n_seeds,
                             const double *acceptance, gv_error *err)
{
    if (n_seeds < 0 || (n_seeds > 0 && seeds == NULL))
        return gv_fail(err, GV_ERR_ARG, "cascade: %" PRId64 " seeds are not an array", n_seeds);
    for (int64_t i = 0; i < n_seeds; i++) {
        if (seeds[i] < 0 || seeds[i] >= g->n_nodes)
            return gv_fail(err, GV_ERR_RANGE,
                           "cascade: seed %" PRId32 " is not in [0, %" PRId64 ")", seeds[i],
                           g->n_nodes);
        if (acceptance != NULL && !(acceptance[i] >= 0.0 && acceptance[i] <= 1.0))
            return gv_fail(err, GV_ERR_RANGE,
                           "cascade: acceptance %g of seed %" PRId32 " is not in [0, 1]",
                           acceptance[i], seeds[i]);
    }
    return GV_OK;
}

/* `order` is sorted by node. */
static gv_status keep_distinct(const gv_record *order, int64_t n, const double *acceptance,
                               gv_node *distinct, double *chance, int64_t *n_distinct,
                               gv_error *err)
{
    int64_t k = 0;
    for (int64_t i = 0; i < n; i++) {
        const double p = acceptance != NULL ? acceptance[order[i].value] : 1.0;
        if (i > 0 && order[i].key == order[i - 1].key) {
            if (chance != NULL && (p < chance[k - 1] || p > chance[k - 1]))
                return gv_fail(err, GV_ERR_ARG,
                               "cascade: seed %" PRId32 " has two acceptances, %g and %g",
                               distinct[k - 1], chance[k - 1], p);
            continue;
        }
        if (chance != NULL)
            chance[k] = p;
        distinct[k++] = (gv_node)order[i].key;
    }
    *n_distinct = k;
    return GV_OK;
}

gv_status gv_cascade_seeds(gv_context *ctx, const gv_graph *g, const gv_node *seeds,
                           int64_t n_seeds, const double *acceptance, gv_cascade_result *r,
                           gv_error *err)
{
    gv_status st = check_seeds(g, seeds, n_seeds, acceptance, err);
    if (st != GV_OK)
        return st;
    gv_node *distinct = gv_alloc(ctx, n_seeds, sizeof *distinct);
    double *chance = acceptance != NULL ? gv_alloc(ctx, n_seeds, sizeof *chance) : NULL;
    gv_record *order = gv_alloc(ctx, n_seeds, sizeof *order);
    r->seeds = distinct, r->acceptance = chance;
    if (distinct == NULL || order == NULL || (acceptance != NULL && chance == NULL)) {
        st = gv_no_memory(ctx, "cascade: seeds", err);
        goto done;
    }
    for (int64_t i = 0; i < n_seeds; i++)
        order[i] = (gv_record){.key = (uint64_t)seeds[i], .value = (uint64_t)i};
    st = gv_sort_records(ctx, order, n_seeds, err);
    if (st == GV_OK)
        st = keep_distinct(order, n_seeds, acceptance, distinct, chance, &r->n_seeds, err);
done:
    gv_free(ctx, order);
    return st;
}

/* The bitmap of blocked consumers, or NULL when there are none. */
gv_status gv_cascade_blocked(gv_context *ctx, const gv_graph *g, const gv_cascade_opts *o,
                             uint64_t **out, gv_error *err)
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
    return GV_OK;
}

/* Position of the first weight that is no number or infinite, or n. */
static int64_t first_odd(gv_context *ctx, const float *weight, int64_t n)
{
    int64_t odd = n;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static) reduction(min : odd)
    for (int64_t v = 0; v < n; v++)
        if (!isfinite(weight[v]) && v < odd)
            odd = v;
    return odd;
}

/* Sum of the weights without their signs, block by block. */
static gv_status sum_sizes(gv_context *ctx, const float *weight, int64_t n, double *sum,
                           gv_error *err)
{
    const int64_t n_blocks = gv_blocks(n);
    double *part = gv_alloc(ctx, n_blocks, sizeof *part);
    if (part == NULL)
        return gv_no_memory(ctx, "cascade: sums of weights", err);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t b = 0; b < n_blocks; b++) {
        part[b] = 0.0;
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, n); v++)
            part[b] += fabs((double)weight[v]);
    }
    *sum = gv_sum(part, n_blocks);
    gv_free(ctx, part);
    return GV_OK;
}

gv_status gv_cascade_scale(gv_context *ctx, const float *weight, int64_t n, int64_t *scale,
                           gv_error *err)
{
    const int64_t odd = first_odd(ctx, weight, n);
    double sum = 0.0;
    if (odd < n)
        return gv_fail(err, GV_ERR_RANGE, "cascade: weight %g of node %" PRId64 " is not finite",
                       (double)weight[odd], odd);
    const gv_status st = sum_sizes(ctx, weight, n, &sum, err);
    if (st != GV_OK)
        return st;
    /* each weight is rounded by at most half a unit */
    *scale = INT64_C(1) << 32;
    while (*scale > 1 && sum * (double)*scale + (double)n > 0x1p46)
        *scale /= 2;
    if (sum + (double)n > 0x1p46)
        return gv_fail(err, GV_ERR_RANGE, "cascade: weights add up to %g, more than 2^46", sum);
    return GV_OK;
}
