/* verify_cascade.c -- what must hold between the arrays of a cascade: all are sums over the same
 * worlds, in integers, so they agree exactly. */
#include <stdio.h>

#include "engine/error.h"
#include "io/info_file.h"

enum { PATH_CHARS = 256 };

__extension__ typedef __int128 wide;

typedef struct cascade {
    const gv_verifier *v;
    char group[PATH_CHARS];
    gv_cascade_info info;
    wide total;    /* of the spreads */
    wide starters; /* seeds that took the offer, over all worlds */
} cascade;

/* Like gv_verify_vector() of a given length; *data is NULL when the file has no such array. */
static gv_status optional(const cascade *c, const char *name, gv_type type, int64_t n,
                          const void **data, gv_error *err)
{
    char path[2 * PATH_CHARS];
    snprintf(path, sizeof path, "%s/%s", c->group, name);
    const gv_h5_shape want = gv_h5_vector(type, n);
    *data = NULL;
    return gv_file_find(c->v->f, path) != NULL ? gv_file_array(c->v->f, path, &want, data, err)
                                               : GV_OK;
}

static gv_status check_seeds(cascade *c, gv_error *err)
{
    const void *seeds = NULL, *chance = NULL, *accepted = NULL;
    int64_t n = 0;
    gv_status st = gv_verify_vector(c->v, c->group, "seeds", GV_I32, &seeds, &n, err);
    if (st == GV_OK)
        st = gv_verify_range(c->v, c->group, "seeds", seeds, n, 0, c->v->f->info.n_nodes, err);
    if (st == GV_OK)
        st = optional(c, "acceptance", GV_F64, n, &chance, err);
    if (st == GV_OK)
        st = optional(c, "accepted_count", GV_I64, n, &accepted, err);
    if (st != GV_OK)
        return st;
    if ((chance == NULL) != (accepted == NULL))
        return gv_verify_wrong(c->v, c->group, "has one of acceptance and accepted_count", err);
    c->starters = chance == NULL ? (wide)n * c->info.n_worlds : 0;
    for (int64_t i = 0; chance != NULL && i < n; i++) {
        const double p = ((const double *)chance)[i];
        const int64_t count = ((const int64_t *)accepted)[i];
        if (!(p >= 0.0 && p <= 1.0))
            return gv_verify_wrong(c->v, c->group, "acceptance is not in [0, 1]", err);
        if (count < 0 || count > c->info.n_worlds)
            return gv_verify_wrong(c->v, c->group, "accepted_count is not a number of worlds", err);
        c->starters += count;
    }
    return GV_OK;
}

static gv_status check_spread(cascade *c, gv_error *err)
{
    const void *spread = NULL;
    int64_t n = 0;
    const gv_status st = gv_verify_vector(c->v, c->group, "spread", GV_I64, &spread, &n, err);
    if (st != GV_OK)
        return st;
    if (n != c->info.n_worlds)
        return gv_verify_wrong(c->v, c->group, "@n_sims is not the length of spread", err);
    const bool certain =
        c->starters == (wide)c->info.n_seeds * n; /* everyone starts in every world */
    for (int64_t w = 0; w < n; w++) {
        const int64_t here = ((const int64_t *)spread)[w];
        if (here < (certain ? c->info.n_seeds : 0) || here > c->v->f->info.n_nodes)
            return gv_verify_wrong(c->v, c->group, "spread is not between seeds and all consumers",
                                   err);
        c->total += here;
    }
    if (c->info.mean != (double)c->total / (double)n)
        return gv_verify_wrong(c->v, c->group, "mean is not the mean of spread", err);
    if (c->info.outward_mean != (double)(c->total - c->starters) / (double)n)
        return gv_verify_wrong(c->v, c->group, "outward_mean is not the mean without the seeds",
                               err);
    return GV_OK;
}

/* Everybody becomes active once: the curve adds up to the spread, and so do the activations. */
static gv_status check_curve(const cascade *c, gv_error *err)
{
    const void *curve = NULL, *count = NULL, *steps = NULL;
    const int64_t n_nodes = c->v->f->info.n_nodes;
    int64_t length = 0;
    wide sum = 0, late = 0; /* whatever the file says */
    gv_status st = gv_verify_vector(c->v, c->group, "curve_sum", GV_I64, &curve, &length, err);
    if (st == GV_OK)
        st = optional(c, "activation_count", GV_I32, n_nodes, &count, err);
    if (st == GV_OK)
        st = optional(c, "activation_step_sum", GV_I64, n_nodes, &steps, err);
    if (st != GV_OK)
        return st;
    for (int64_t t = 0; t < length; t++) {
        if (((const int64_t *)curve)[t] < 0)
            return gv_verify_wrong(c->v, c->group, "curve_sum is negative", err);
        sum += ((const int64_t *)curve)[t];
        late += (wide)t * ((const int64_t *)curve)[t];
    }
    if (length > 0 && sum != c->total) /* an empty curve was not asked for */
        return gv_verify_wrong(c->v, c->group, "curve_sum does not add up to spread", err);
    if (length > 0 && ((const int64_t *)curve)[0] != c->starters)
        return gv_verify_wrong(c->v, c->group, "curve_sum does not begin with the seeds", err);
    sum = 0;
    if (count != NULL) {
        st = gv_verify_range(c->v, c->group, "activation_count", count, n_nodes, 0,
                             c->info.n_worlds + 1, err);
        if (st != GV_OK)
            return st;
    }
    for (int64_t v = 0; count != NULL && v < n_nodes; v++)
        sum += ((const int32_t *)count)[v];
    if (count != NULL && sum != c->total)
        return gv_verify_wrong(c->v, c->group, "activation_count does not add up to spread", err);
    for (int64_t v = 0; steps != NULL && v < n_nodes; v++) {
        if (((const int64_t *)steps)[v] < 0)
            return gv_verify_wrong(c->v, c->group, "activation_step_sum is negative", err);
        late -= ((const int64_t *)steps)[v];
    }
    if (steps != NULL && late != 0)
        return gv_verify_wrong(c->v, c->group, "activation_step_sum does not fit curve_sum", err);
    return GV_OK;
}

static gv_status check_rest(const cascade *c, gv_error *err)
{
    const void *value = NULL, *marginal = NULL;
    gv_status st = optional(c, "value", GV_I64, c->info.n_worlds, &value, err);
    if (st == GV_OK)
        st = optional(c, "seed_marginal_sum", GV_I64, c->info.n_seeds, &marginal, err);
    for (int64_t i = 0; st == GV_OK && marginal != NULL && i < c->info.n_seeds; i++)
        if (((const int64_t *)marginal)[i] < 0)
            return gv_verify_wrong(c->v, c->group, "seed_marginal_sum is negative", err);
    for (int k = 1; st == GV_OK && c->info.has_quantiles && k < GV_CASCADE_QUANTILES; k++)
        if (c->info.quantile[k] < c->info.quantile[k - 1])
            return gv_verify_wrong(c->v, c->group, "quantile is not ascending", err);
    return st;
}

gv_status gv_verify_cascade(const gv_verifier *v, int64_t i, gv_error *err)
{
    cascade c = {.v = v};
    gv_status st = gv_file_cascade(v->f, i, &c.info, err);
    snprintf(c.group, sizeof c.group, "/cascade/%s", st == GV_OK ? c.info.name : "");
    if (st == GV_OK)
        st = check_seeds(&c, err);
    if (st == GV_OK)
        st = check_spread(&c, err);
    if (st == GV_OK)
        st = check_curve(&c, err);
    return st == GV_OK ? check_rest(&c, err) : st;
}
