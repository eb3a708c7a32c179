/* influence_reach.c -- the measure `reach` of `grapevine influence`: one topic at a time. See
 * influence_work.h. */
#include "cli/influence_work.h"

int influence_reach(influence_work *w, int32_t i, float *row)
{
    gv_error err;
    gv_reach_info info;
    gv_context *ctx = cli_context(w->s);
    gv_reach_opts o = gv_reach_defaults();
    const int32_t z = w->plan.topic[i];
    const gv_probability p = {.rule = GV_PROBABILITY_MODEL, .model = w->m, .topic = z};
    o.cv = w->o->cv;
    o.seed = cli_seed(w->s);
    const gv_status st = gv_reach(ctx, w->g, &p, &o, row, &info, &err);
    if (st != GV_OK && st != GV_ERR_CONVERGE)
        return cli_fail(w->s, &err);
    w->reach_cv[i] = info.cv;
    w->reach_rounds[i] = info.rounds;
    if (st == GV_ERR_CONVERGE) {
        w->short_of_cv = true;
        cli_fail(w->s, &err);
    }
    cli_say(w->s, "reach of %s: %d rounds of %s, coefficient of variation %.3f",
            gv_model_topic(w->m, z), info.rounds, gv_reach_method_name(info.method), info.cv);
    return CLI_OK;
}
