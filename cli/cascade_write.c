/* cascade_write.c -- the group that `grapevine cascade` writes. See cascade_work.h. */
#include "cli/cascade_work.h"

typedef struct dataset {
    const char *name;
    gv_type type;
    int rank;
    int64_t dims[2];
    const void *data;
} dataset;

static gv_status put_arrays(const cascade_run *c, gv_results *out, const char *group, gv_error *err)
{
    const gv_cascade_result *r = c->result;
    const dataset all[] = {
        {"seeds", GV_I32, 1, {r->n_seeds}, r->seeds},
        {"spread", GV_I64, 1, {r->n_worlds}, r->spread},
        {"mean", GV_F64, 1, {1}, &r->mean},
        {"sd", GV_F64, 1, {1}, &r->sd},
        {"stderr", GV_F64, 1, {1}, &r->stderr_mean},
        {"outward_mean", GV_F64, 1, {1}, &r->outward_mean},
        {"curve_sum", GV_I64, 1, {r->curve_length}, r->curve_sum},
        {"curve_sumsq", GV_I64, 2, {r->curve_length, 2}, r->curve_sumsq},
        {"blocked", GV_I32, 1, {c->opts.n_blocked}, c->blocked},
        {"seed_marginal_sum", GV_I64, 1, {r->n_seeds}, r->seed_marginal_sum},
        {"activation_count", GV_I32, 1, {gv_graph_nodes(c->g)}, r->activation_count},
    };
    char path[256];
    gv_status st = GV_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && st == GV_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", group, all[i].name);
        if (all[i].data != NULL)
            st = gv_results_put(out, path, all[i].type, all[i].rank, all[i].dims, all[i].data, err);
    }
    snprintf(path, sizeof path, "%s/seed_ext_id", group);
    return st == GV_OK ? cli_put_ids(out, path, c->g, 1, &r->n_seeds, r->seeds, err) : st;
}

static gv_status put_attributes(const cascade_run *c, gv_results *out, const char *group,
                                bool reached, gv_error *err)
{
    const gv_cascade_result *r = c->result;
    const bool from_model = c->model != NULL;
    const char *rule = from_model                                   ? "model"
                       : c->probability.rule == GV_PROBABILITY_NONE ? "graph"
                                                                    : c->o->probability;
    gv_status st = gv_results_attr_text(out, group, "model", "independent cascade", err);
    if (st == GV_OK)
        st = gv_results_attr_text(out, group, "probability", rule, err);
    if (st == GV_OK && c->o->topic != NULL)
        st = gv_results_attr_text(out, group, "topic", c->o->topic, err);
    if (st == GV_OK)
        st = gv_results_attr_text(out, group, "rng", gv_cascade_rng(r->kernel, r->diffusion), err);
    if (st == GV_OK)
        st = gv_results_attr_i64(out, group, "first_world", r->first_world, err);
    if (st == GV_OK)
        st = gv_results_attr_i64(out, group, "n_sims", r->n_worlds, err);
    if (st == GV_OK)
        st = gv_results_attr_i64(out, group, "max_steps", c->opts.max_steps, err);
    if (st == GV_OK)
        st = gv_results_attr_i64(out, group, "weight_scale", 1, err); /* spread counts consumers */
    if (st == GV_OK && c->opts.target_stderr > 0.0)
        st = gv_results_attr_f64(out, group, "target_stderr", c->opts.target_stderr, err);
    if (st == GV_OK && c->opts.target_stderr > 0.0)
        st = gv_results_attr_i64(out, group, "target_reached", reached, err);
    return st;
}

int cascade_write(const cascade_run *c, gv_results *out, bool reached)
{
    gv_error err;
    char group[192];
    snprintf(group, sizeof group, "/cascade/%.128s", c->o->name);
    gv_status st = put_arrays(c, out, group, &err);
    if (st == GV_OK)
        st = put_attributes(c, out, group, reached, &err);
    if (st == GV_OK)
        st = gv_results_put_nodes(out, c->g, &err);
    if (st == GV_OK && c->model != NULL)
        st = gv_results_put_topics(out, c->model, &err);
    return st == GV_OK ? CLI_OK : cli_fail(c->s, &err);
}
