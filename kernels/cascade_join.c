/* cascade_join.c -- results over ranges of worlds joined into one: sums added up, arrays of worlds
 * laid one behind the other, and what follows from them computed as after a single run. */
#include <inttypes.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "kernels/cascade_result.h"

typedef const gv_cascade_result *const *parts_of;

static bool same_array(const void *a, const void *b, int64_t n, size_t size)
{
    return (a == NULL) == (b == NULL) && (a == NULL || memcmp(a, b, (size_t)n * size) == 0);
}

/* What the part says about other things than the first one does; NULL when they fit together. */
static const char *difference(const gv_cascade_result *a, const gv_cascade_result *b)
{
    if (a->kernel != b->kernel || a->diffusion != b->diffusion)
        return "kernels";
    if (a->n_seeds != b->n_seeds || !same_array(a->seeds, b->seeds, a->n_seeds, sizeof *a->seeds))
        return "seeds";
    if (!same_array(a->acceptance, b->acceptance, a->n_seeds, sizeof *a->acceptance))
        return "acceptances of seeds";
    if (a->weight_scale != b->weight_scale || (a->value == NULL) != (b->value == NULL))
        return "weights";
    if ((a->curve_length == 0) != (b->curve_length == 0) ||
        (a->activation_count == NULL) != (b->activation_count == NULL) ||
        (a->activation_step_sum == NULL) != (b->activation_step_sum == NULL) ||
        (a->seed_marginal_sum == NULL) != (b->seed_marginal_sum == NULL) ||
        (a->accepted_count == NULL) != (b->accepted_count == NULL))
        return "arrays";
    return NULL;
}

/* Checks the parts and orders them by world; the worlds of all. */
static gv_status order_parts(gv_context *ctx, parts_of parts, int64_t n_parts, gv_record *order,
                             int64_t *n_worlds, gv_error *err)
{
    *n_worlds = 0;
    for (int64_t i = 0; i < n_parts; i++) {
        const char *what = difference(parts[0], parts[i]);
        if (what != NULL)
            return gv_fail(err, GV_ERR_ARG, "join: parts 0 and %" PRId64 " have different %s", i,
                           what);
        order[i] = (gv_record){.key = (uint64_t)parts[i]->first_world, .value = (uint64_t)i};
        *n_worlds += parts[i]->n_worlds;
    }
    const gv_status st = gv_sort_records(ctx, order, n_parts, err);
    int64_t next = st == GV_OK ? (int64_t)order[0].key : 0;
    for (int64_t i = 0; st == GV_OK && i < n_parts; i++) {
        const gv_cascade_result *p = parts[order[i].value];
        if (p->first_world != next)
            return gv_fail(err, GV_ERR_RANGE, "join: world %" PRId64 " is in %s part",
                           p->first_world < next ? p->first_world : next,
                           p->first_world < next ? "more than one" : "no");
        next += p->n_worlds;
    }
    if (st == GV_OK && *n_worlds > INT32_MAX)
        return gv_fail(err, GV_ERR_RANGE, "join: %" PRId64 " worlds are more than 2^31 - 1",
                       *n_worlds);
    return st;
}

/* Zeros for an array that the first part has; false when memory is short. */
static bool take(gv_context *ctx, const void *have, void *out, int64_t n, size_t size)
{
    if (have == NULL)
        return true;
    void *array = gv_alloc_zero(ctx, n, size);
    memcpy(out, &array, sizeof array);
    return array != NULL;
}

static gv_status make_room(gv_context *ctx, const gv_cascade_result *a, int64_t n_nodes,
                           gv_cascade_result *r, gv_error *err)
{
    const int64_t k = a->n_seeds;
    const bool fits =
        take(ctx, a->seeds, &r->seeds, k, sizeof *r->seeds) &&
        take(ctx, a->acceptance, &r->acceptance, k, sizeof *r->acceptance) &&
        take(ctx, a->accepted_count, &r->accepted_count, k, sizeof *r->accepted_count) &&
        take(ctx, a->seed_marginal_sum, &r->seed_marginal_sum, k, sizeof *r->seed_marginal_sum) &&
        take(ctx, a->spread, &r->spread, r->n_worlds, sizeof *r->spread) &&
        take(ctx, a->value, &r->value, r->n_worlds, sizeof *r->value) &&
        take(ctx, a->curve_sum, &r->curve_sum, r->curve_length, sizeof *r->curve_sum) &&
        take(ctx, a->curve_sumsq, &r->curve_sumsq, r->curve_length, sizeof *r->curve_sumsq) &&
        take(ctx, a->activation_count, &r->activation_count, n_nodes, sizeof(int32_t)) &&
        take(ctx, a->activation_step_sum, &r->activation_step_sum, n_nodes, sizeof(int64_t));
    return fits ? GV_OK : gv_no_memory(ctx, "join", err);
}

/* Sums of real parts stay far below 2^63; those of a file that lies wrap around. */
static void add_i64(const int64_t *from, const int64_t *to, int64_t n)
{
    uint64_t *sum = (uint64_t *)(uintptr_t)to;
    for (int64_t i = 0; from != NULL && i < n; i++)
        sum[i] += (uint64_t)from[i];
}

static void add_part(gv_cascade_result *r, const gv_cascade_result *p, int64_t at, int64_t n_nodes)
{
    const size_t worlds = (size_t)p->n_worlds;
    memcpy((int64_t *)(uintptr_t)r->spread + at, p->spread, worlds * sizeof *p->spread);
    if (p->value != NULL)
        memcpy((int64_t *)(uintptr_t)r->value + at, p->value, worlds * sizeof *p->value);
    add_i64(p->accepted_count, r->accepted_count, p->n_seeds);
    add_i64(p->seed_marginal_sum, r->seed_marginal_sum, p->n_seeds);
    add_i64(p->curve_sum, r->curve_sum, p->curve_length);
    gv_wide *squares = (gv_wide *)(uintptr_t)r->curve_sumsq;
    for (int64_t t = 0; t < p->curve_length; t++)
        squares[t] = gv_wide_of(gv_wide_get(squares[t]) + gv_wide_get(p->curve_sumsq[t]));
    uint32_t *count = (uint32_t *)(uintptr_t)r->activation_count;
    for (int64_t v = 0; p->activation_count != NULL && v < n_nodes; v++)
        count[v] += (uint32_t)p->activation_count[v];
    add_i64(p->activation_step_sum, r->activation_step_sum, n_nodes);
}

GV_API gv_status gv_cascade_join(gv_context *ctx, parts_of parts, int64_t n_parts, int64_t n_nodes,
                                 gv_cascade_result **out, gv_error *err)
{
    int64_t n_worlds = 0, at = 0;
    if (n_parts < 1)
        return gv_fail(err, GV_ERR_ARG, "join: no parts");
    gv_record *order = gv_alloc(ctx, n_parts, sizeof *order);
    gv_cascade_result *r = gv_cascade_new(ctx);
    gv_status st = order == NULL || r == NULL
                       ? gv_no_memory(ctx, "join", err)
                       : order_parts(ctx, parts, n_parts, order, &n_worlds, err);
    if (st == GV_OK) {
        const gv_cascade_result *a = parts[order[0].value];
        r->kernel = a->kernel, r->diffusion = a->diffusion;
        r->first_world = a->first_world, r->n_worlds = n_worlds;
        r->n_seeds = a->n_seeds, r->weight_scale = a->weight_scale;
        for (int64_t i = 0; i < n_parts; i++)
            if (parts[i]->curve_length > r->curve_length)
                r->curve_length = parts[i]->curve_length;
        st = make_room(ctx, a, n_nodes, r, err);
    }
    if (st == GV_OK) {
        memcpy((gv_node *)(uintptr_t)r->seeds, parts[0]->seeds,
               (size_t)r->n_seeds * sizeof *r->seeds);
        if (r->acceptance != NULL)
            memcpy((double *)(uintptr_t)r->acceptance, parts[0]->acceptance,
                   (size_t)r->n_seeds * sizeof *r->acceptance);
    }
    for (int64_t i = 0; st == GV_OK && i < n_parts; i++) {
        const gv_cascade_result *p = parts[order[i].value];
        add_part(r, p, at, n_nodes);
        at += p->n_worlds;
    }
    if (st == GV_OK) {
        gv_cascade_describe(r);
        st = gv_cascade_rank(ctx, r, err);
    }
    gv_free(ctx, order);
    if (st == GV_OK)
        *out = r;
    else
        gv_cascade_free(r);
    return st;
}
