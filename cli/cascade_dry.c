/* cascade_dry.c -- what `grapevine cascade` would take. See cascade_work.h. */
#include "cli/cascade_work.h"

/* Probabilities of a plan. */
typedef struct planned {
    gv_graph_shape shape;
    gv_graph *g; /* NULL: an earlier stage would make it */
    gv_probability_rule rule;
    double p;
    bool model, drawn; /* by a model, by trivalency */
} planned;

static int plan_graph(cascade_run *c, planned *w)
{
    gv_error err;
    const int code = cli_plan_graph(c->s, c->o->graph, &w->shape);
    if (code != CLI_OK)
        return code;
    if (!cli_plan_is_left(c->s, c->o->graph) &&
        gv_graph_open(cli_context(c->s), c->o->graph, &w->g, &err) != GV_OK)
        return cli_fail(c->s, &err);
    w->rule = c->probability.rule;
    w->p = c->probability.constant;
    w->model = c->o->model != NULL && w->rule == GV_PROBABILITY_NONE;
    w->drawn = w->rule == GV_PROBABILITY_STORED;
    if (w->model) {
        w->rule = GV_PROBABILITY_MODEL;
        w->p = 0.05; /* learnt probabilities are small */
    } else if (w->drawn) {
        w->p = (.1 + .01 + .001) / 3.0;
    } else if (w->rule == GV_PROBABILITY_NONE) {
        w->rule = w->shape.rule;
        w->p = w->g != NULL ? gv_graph_mean_probability(w->g) : 0.05;
    }
    return w->rule != GV_PROBABILITY_NONE
               ? CLI_OK
               : cascade_usage(c,
                               "the graph has no probabilities: give --probability, or --model and "
                               "--topic");
}

/* What a model counts of a consumer and topic, and no probability depends on. */
enum { COUNTS_OF_PAIR = 20 };

static int plan_probabilities(cascade_run *c, const planned *w, gv_plan *plan)
{
    gv_model_shape m;
    const bool wc = w->rule == GV_PROBABILITY_WEIGHTED_CASCADE;
    const bool own = w->rule == GV_PROBABILITY_STORED && !w->model && !w->drawn;
    unsigned touched = GV_PART_OUT_INDPTR | GV_PART_OUT_INDICES | GV_PART_IDS;
    touched |= wc ? GV_PART_IN_INDPTR : own ? GV_PART_OUT_PROBABILITY : 0u;
    cli_plan_map_graph(c->s, plan, c->o->graph, &w->shape,
                       GV_USES_OUT | GV_USES_IDS |
                           (wc    ? GV_USES_IN
                            : own ? GV_USES_PROBABILITY
                                  : 0u),
                       touched);
    if (w->drawn)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "probabilities of the edges", 4 * w->shape.n_edges);
    if (c->o->weights != NULL) {
        gv_plan_hold(plan, GV_PLAN_MEMORY, "values of consumers", 4 * w->shape.n_nodes);
        static const float worth = 0.0f; /* the plan looks at whether there are weights */
        c->opts.weight = &worth;
    }
    if (!w->model)
        return CLI_OK;
    const int code = cli_plan_model(c->s, c->o->model, &m);
    if (code == CLI_OK)
        cli_plan_map_model(plan, &m);
    if (code == CLI_OK && m.strengths)
        gv_plan_hold(plan, GV_PLAN_RESIDENT, "strengths of edges, mapped", 4 * w->shape.n_edges);
    if (code == CLI_OK && gv_model_resting(&w->shape, &m, c->s->budget) > 0)
        gv_plan_hold(plan, GV_PLAN_RESIDENT, "model, but what is asked for",
                     gv_cascade_in_place(&w->shape) ? -cli_plan_model_pages(&m)
                                                    : -COUNTS_OF_PAIR * m.pairs);
    return code;
}

/* The sidecar: what it holds is mapped, what is kept is written beside what is there. A model's
 * probabilities are not known yet. */
static int plan_layouts(cascade_run *c, const planned *w, gv_plan *plan)
{
    if (w->g == NULL || w->model || w->drawn)
        return CLI_OK;
    const int code = cli_layouts(c->s, c->o->graph, w->g, c->o->keep_layout);
    if (code == CLI_OK && c->o->keep_layout)
        gv_plan_use(plan, GV_PLAN_DISK, "sidecar as it was, while another is written",
                    gv_layouts_file_bytes(c->s->layouts));
    return code;
}

int cascade_dry_run(const void *opts, cli_session *s, gv_plan *plan)
{
    cascade_run c = {.s = s, .o = opts};
    planned w = {.g = NULL};
    int code = cascade_take_options(&c);
    if (code == CLI_OK)
        code = plan_graph(&c, &w);
    if (code == CLI_OK)
        code = plan_probabilities(&c, &w, plan);
    if (code == CLI_OK)
        code = plan_layouts(&c, &w, plan);
    if (code == CLI_OK) {
        const int64_t seeds = c.n_best >= 0 ? c.n_best : cli_plan_count(c.o->seeds);
        gv_cascade_plan(plan, &w.shape, w.g, w.rule, w.p, seeds, &c.opts,
                        gv_context_threads(cli_context(s)), s->budget);
        const int64_t worlds = c.opts.target_stderr > 0.0 ? c.opts.max_worlds : c.opts.n_worlds;
        cli_plan_write(plan, (c.o->weights != NULL ? 16 : 8) * worlds + 12 * seeds +
                                 cli_plan_id_bytes(s, &w.shape) +
                                 (c.opts.activation || c.opts.steps ? 4 * w.shape.n_nodes : 0) +
                                 (c.opts.steps ? 8 * w.shape.n_nodes : 0));
    }
    cli_session_close_inputs(s); /* with the sidecar */
    gv_graph_free(w.g);
    return code;
}
