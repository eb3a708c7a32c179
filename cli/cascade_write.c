/* cascade_write.c -- the groups that `grapevine cascade` writes. See cascade_work.h. */
#include "cli/cascade_work.h"

cascade_opts cascade_noted(const cascade_run *c, char *range)
{
    cascade_opts noted = *c->o;
    noted.sim_range = NULL;
    if (c->opts.target_stderr > 0.0)
        return noted;
    noted.sims = c->opts.n_worlds;
    if (c->opts.first_world > 0) {
        snprintf(range, 64, "%" PRId64 ":%" PRId64, c->opts.first_world,
                 c->opts.first_world + c->opts.n_worlds);
        noted.sim_range = range;
    }
    return noted;
}

/* Results of one model can be told from those of another. */
static const char *model_hash(const cascade_run *c)
{
    const char *hash = c->model != NULL ? gv_model_hash(c->model) : "";
    return hash[0] != '\0' ? hash : NULL;
}

int cascade_write(const cascade_run *c, const char *name, const gv_cascade_result *r, bool reached)
{
    gv_error err;
    char group[192], path[256];
    snprintf(group, sizeof group, "/cascade/%.128s", name);
    snprintf(path, sizeof path, "%s/seed_ext_id", group);
    const bool overridden = c->o->probability != NULL && strcmp(c->o->probability, "none") != 0;
    const cascade_record record = {.group = group,
                                   .r = r,
                                   .blocked = c->blocked,
                                   .n_blocked = c->opts.n_blocked,
                                   .n_nodes = gv_graph_nodes(c->g),
                                   .probability = overridden         ? c->o->probability
                                                  : c->model != NULL ? "model"
                                                                     : "graph",
                                   .probability_hash = model_hash(c),
                                   .topic = c->o->topic,
                                   .mix = c->o->mix,
                                   .weights = c->o->weights,
                                   .max_steps = c->opts.max_steps,
                                   .target = c->opts.target_stderr,
                                   .reached = reached};
    gv_status st = cascade_record_arrays(&record, c->out, &err);
    if (st == GV_OK)
        st = cli_put_ids(c->out, path, c->g, 1, &r->n_seeds, r->seeds, &err);
    if (st == GV_OK)
        st = cascade_record_attributes(&record, c->out, &err);
    return st == GV_OK ? CLI_OK : cli_fail(c->s, &err);
}

int cascade_write_common(const cascade_run *c)
{
    gv_error err;
    gv_status st = gv_results_put_nodes(c->out, c->g, &err);
    if (st == GV_OK && c->model != NULL)
        st = gv_results_put_topics(c->out, c->model, &err);
    return st == GV_OK ? CLI_OK : cli_fail(c->s, &err);
}
