/* cascade_record.c -- see cascade_record.h. */
#include "cli/cascade_record.h"

typedef struct dataset {
    const char *name;
    gv_type type;
    int rank;
    int64_t dims[2];
    const void *data; /* NULL: not written */
} dataset;

gv_status cascade_record_arrays(const cascade_record *c, gv_results *out, gv_error *err)
{
    const gv_cascade_result *r = c->r;
    const bool valued = r->value != NULL;
    const dataset all[] = {
        {"seeds", GV_I32, 1, {r->n_seeds}, r->seeds},
        {"acceptance", GV_F64, 1, {r->n_seeds}, r->acceptance},
        {"accepted_count", GV_I64, 1, {r->n_seeds}, r->accepted_count},
        {"spread", GV_I64, 1, {r->n_worlds}, r->spread},
        {"mean", GV_F64, 1, {1}, &r->mean},
        {"sd", GV_F64, 1, {1}, &r->sd},
        {"stderr", GV_F64, 1, {1}, &r->stderr_mean},
        {"outward_mean", GV_F64, 1, {1}, &r->outward_mean},
        {"quantile", GV_I64, 1, {GV_CASCADE_QUANTILES}, r->quantile},
        {"quantile_level", GV_F64, 1, {GV_CASCADE_QUANTILES}, gv_cascade_quantile_levels()},
        {"value", GV_I64, 1, {r->n_worlds}, r->value},
        {"value_mean", GV_F64, 1, {1}, valued ? &r->value_mean : NULL},
        {"value_sd", GV_F64, 1, {1}, valued ? &r->value_sd : NULL},
        {"value_stderr", GV_F64, 1, {1}, valued ? &r->value_stderr : NULL},
        {"curve_sum", GV_I64, 1, {r->curve_length}, r->curve_sum},
        {"curve_sumsq", GV_I64, 2, {r->curve_length, 2}, r->curve_sumsq},
        {"blocked", GV_I32, 1, {c->n_blocked}, c->blocked},
        {"seed_marginal_sum", GV_I64, 1, {r->n_seeds}, r->seed_marginal_sum},
        {"activation_count", GV_I32, 1, {c->n_nodes}, r->activation_count},
        {"activation_step_sum", GV_I64, 1, {c->n_nodes}, r->activation_step_sum},
    };
    char path[256];
    gv_status st = GV_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && st == GV_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", c->group, all[i].name);
        if (all[i].data != NULL)
            st = gv_results_put(out, path, all[i].type, all[i].rank, all[i].dims, all[i].data, err);
    }
    return st;
}

/* Texts that are not NULL. */
static gv_status put_texts(const cascade_record *c, gv_results *out, gv_error *err)
{
    const gv_cascade_result *r = c->r;
    const struct {
        const char *name, *text;
    } all[] = {
        {"model",
         r->diffusion == GV_DIFFUSION_THRESHOLD ? "linear threshold" : "independent cascade"},
        {"probability", c->probability},
        {"probability_hash", c->probability_hash},
        {"topic", c->topic},
        {"mix", c->mix},
        {"weights", c->weights},
        {"rng", gv_cascade_rng(r->kernel, r->diffusion)},
    };
    gv_status st = GV_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && st == GV_OK; i++)
        if (all[i].text != NULL)
            st = gv_results_attr_text(out, c->group, all[i].name, all[i].text, err);
    return st;
}

gv_status cascade_record_attributes(const cascade_record *c, gv_results *out, gv_error *err)
{
    const gv_cascade_result *r = c->r;
    gv_status st = put_texts(c, out, err);
    if (st == GV_OK)
        st = gv_results_attr_i64(out, c->group, "first_world", r->first_world, err);
    if (st == GV_OK)
        st = gv_results_attr_i64(out, c->group, "n_sims", r->n_worlds, err);
    if (st == GV_OK)
        st = gv_results_attr_i64(out, c->group, "max_steps", c->max_steps, err);
    if (st == GV_OK)
        st = gv_results_attr_i64(out, c->group, "weight_scale", r->weight_scale, err);
    if (st == GV_OK && c->target > 0.0)
        st = gv_results_attr_f64(out, c->group, "target_stderr", c->target, err);
    if (st == GV_OK && c->target > 0.0)
        st = gv_results_attr_i64(out, c->group, "target_reached", c->reached, err);
    return st;
}
