/* cmd_cascade.c -- grapevine cascade: how far a recommendation spreads from a set of seeds. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ids.h"
#include "cli/plan.h"

typedef struct cascade_opts {
    const char *graph, *output, *name;
    const char *seeds, *influencers, *topic, *model;
    const char *probability, *sim_range;
    int64_t sims, max_sims, max_steps;
    double precision;
    bool activation, spread_only, marginals;
    const char *blocked;
    int32_t kernel; /* a gv_cascade_kernel */
} cascade_opts;

static const cli_option options[] = {
    {.name = "graph",
     .type = CLI_PATH,
     .offset = offsetof(cascade_opts, graph),
     .metavar = "GRAPH.h5",
     .help = "the influence graph",
     .positional = true,
     .required = true},
    {.name = "output",
     .letter = 'o',
     .type = CLI_OUTPUT,
     .offset = offsetof(cascade_opts, output),
     .metavar = "OUT.h5",
     .help = "results file; the cascade goes to /cascade/NAME",
     .required = true},
    {.name = "seeds",
     .type = CLI_PATH,
     .offset = offsetof(cascade_opts, seeds),
     .metavar = "WHO",
     .help = "who starts: a file of ids, a list id,id,... or influencers:K, the K best influencers "
             "of --topic",
     .required = true},
    {.name = "influencers",
     .type = CLI_PATH,
     .offset = offsetof(cascade_opts, influencers),
     .metavar = "RES.h5",
     .help = "results of grapevine influence, for --seeds influencers:K"},
    {.name = "model",
     .letter = 'm',
     .type = CLI_PATH,
     .offset = offsetof(cascade_opts, model),
     .metavar = "MODEL.h5",
     .help = "probabilities of --topic from this model instead of the graph's"},
    {.name = "topic",
     .type = CLI_TEXT,
     .offset = offsetof(cascade_opts, topic),
     .metavar = "NAME",
     .help = "topic of the model and of the influencers"},
    {.name = "probability",
     .type = CLI_TEXT,
     .offset = offsetof(cascade_opts, probability),
     .metavar = "RULE",
     .help =
         "wc (weighted cascade, 1 / in-degree) or const:P, for all edges instead of the graph's "
         "and the model's; none leaves those [%s]"},
    {.name = "sims",
     .letter = 'R',
     .type = CLI_INT,
     .offset = offsetof(cascade_opts, sims),
     .metavar = "R",
     .help = "worlds to simulate [%s]",
     .min = 1,
     .max = 2147483647},
    {.name = "sim-range",
     .type = CLI_TEXT,
     .offset = offsetof(cascade_opts, sim_range),
     .metavar = "A:B",
     .help = "worlds A to B - 1 instead: the parts of a job array add up to the whole"},
    {.name = "stderr",
     .type = CLI_REAL,
     .offset = offsetof(cascade_opts, precision),
     .metavar = "REL",
     .help = "or as many worlds, doubling from 1024, as bring the standard error of the mean down "
             "to REL times the mean; 0 is off [%s]",
     .min = 0,
     .max = 1},
    {.name = "max-sims",
     .type = CLI_INT,
     .offset = offsetof(cascade_opts, max_sims),
     .metavar = "N",
     .help = "with --stderr: no more worlds than this; exit code 3 if they do not suffice [%s]",
     .min = 1,
     .max = 2147483647},
    {.name = "max-steps",
     .type = CLI_INT,
     .offset = offsetof(cascade_opts, max_steps),
     .metavar = "T",
     .help = "steps after the seeds' step 0; -1 is no limit [%s]",
     .min = -1,
     .max = 9e18},
    {.name = "activation",
     .type = CLI_FLAG,
     .offset = offsetof(cascade_opts, activation),
     .help = "also count for each consumer in how many worlds they became active"},
    {.name = "marginals",
     .type = CLI_FLAG,
     .offset = offsetof(cascade_opts, marginals),
     .help = "also what each seed adds to the others, in the same worlds; simulates once more for "
             "each seed"},
    {.name = "blocked",
     .type = CLI_PATH,
     .offset = offsetof(cascade_opts, blocked),
     .metavar = "WHO",
     .help = "who never becomes active: a file of ids, or a list id,id,..."},
    {.name = "spread-only",
     .type = CLI_FLAG,
     .offset = offsetof(cascade_opts, spread_only),
     .help = "leave the curve out: dense cascades then take about half the time"},
    {.name = "kernel",
     .type = CLI_CHOICE,
     .offset = offsetof(cascade_opts, kernel),
     .metavar = "NAME",
     .help = "how worlds are made: auto, plain, points (for thin cascades) or sliced (for dense "
             "ones); each draws worlds of its own [%s]",
     .choices = "auto|plain|points|sliced"},
    {.name = "name",
     .type = CLI_TEXT,
     .offset = offsetof(cascade_opts, name),
     .metavar = "NAME",
     .help = "name of the results [%s]"},
    {.name = NULL},
};

static void defaults(void *opts)
{
    const gv_cascade_opts d = gv_cascade_defaults();
    *(cascade_opts *)opts = (cascade_opts){.name = "default",
                                           .probability = "none",
                                           .sims = d.n_worlds,
                                           .max_sims = d.max_worlds,
                                           .max_steps = d.max_steps,
                                           .precision = d.target_stderr,
                                           .kernel = (int32_t)d.kernel};
}

/* What one run holds. */
typedef struct cascade_run {
    cli_session *s;
    const cascade_opts *o;
    gv_cascade_opts opts;
    int64_t n_best; /* K of --seeds influencers:K, or -1 */

    const gv_graph *g;
    const gv_model *model;      /* whose probabilities are used, or NULL */
    gv_probability probability; /* the rule none: the graph's own */
    float *stored;              /* owned, of the model's topic */

    gv_node *blocked;     /* to be freed with gv_nodes_free() */
    gv_node *owned_seeds; /* to be freed with gv_nodes_free() */
    const gv_node *seeds;
    int64_t n_seeds;
    gv_cascade_result *result;
} cascade_run;

static int usage(const cascade_run *c, const char *text)
{
    return cli_fail_text(c->s, CLI_USAGE, "%s", text);
}

/* ---- options ------------------------------------------------------------------------------- */

/* A name becomes a group of the results file. */
static bool is_name(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
           strlen(text);
}

static int take_range(cascade_run *c)
{
    const char *text = c->o->sim_range;
    char *colon, *end;
    const long long from = strtoll(text, &colon, 10);
    const long long to = *colon == ':' ? strtoll(colon + 1, &end, 10) : 0;
    if (colon == text || *colon != ':' || end == colon + 1 || *end != '\0' || from < 0 ||
        to <= from || to - from > INT32_MAX)
        return cli_fail_text(c->s, CLI_USAGE,
                             "--sim-range: '%s' is not A:B with 0 <= A < B and B - A < 2^31", text);
    c->opts.first_world = from;
    c->opts.n_worlds = to - from;
    return CLI_OK;
}

static int take_probability(cascade_run *c)
{
    const char *text = c->o->probability;
    char *end;
    if (strcmp(text, "none") == 0)
        return CLI_OK;
    if (strcmp(text, "wc") == 0) {
        c->probability.rule = GV_PROBABILITY_WEIGHTED_CASCADE;
        return CLI_OK;
    }
    c->probability.rule = GV_PROBABILITY_CONSTANT;
    if (strncmp(text, "const:", 6) != 0)
        return cli_fail_text(c->s, CLI_USAGE, "--probability: '%s' is not none, wc or const:P",
                             text);
    c->probability.constant = strtod(text + 6, &end);
    if (end == text + 6 || *end != '\0' ||
        !(c->probability.constant >= 0.0 && c->probability.constant <= 1.0))
        return cli_fail_text(c->s, CLI_USAGE, "--probability: %s is not in [0, 1]", text + 6);
    return CLI_OK;
}

/* K of influencers:K. */
static int take_best(cascade_run *c)
{
    static const char prefix[] = "influencers:";
    const char *text = c->o->seeds;
    char *end;
    c->n_best = -1;
    if (strncmp(text, prefix, sizeof prefix - 1) != 0)
        return c->o->influencers != NULL ? usage(c, "--influencers needs --seeds influencers:K")
                                         : CLI_OK;
    text += sizeof prefix - 1;
    c->n_best = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || c->n_best < 1)
        return cli_fail_text(c->s, CLI_USAGE,
                             "--seeds: '%s' is not influencers:K with K at least 1", c->o->seeds);
    return c->o->topic == NULL ? usage(c, "--seeds influencers:K needs --topic") : CLI_OK;
}

static int take_options(cascade_run *c)
{
    const cascade_opts *o = c->o;
    const gv_cascade_opts d = gv_cascade_defaults();
    c->opts = (gv_cascade_opts){.seed = cli_seed(c->s),
                                .n_worlds = o->sims,
                                .target_stderr = o->precision,
                                .max_worlds = o->max_sims,
                                .max_steps = o->max_steps,
                                .activation = o->activation,
                                .spread_only = o->spread_only,
                                .marginals = o->marginals,
                                .kernel = (gv_cascade_kernel)o->kernel};
    if (!is_name(o->name))
        return cli_fail_text(c->s, CLI_USAGE,
                             "--name: '%s' has other characters than letters, digits, _ and -",
                             o->name);
    if ((o->sims != d.n_worlds) + (o->sim_range != NULL) + (o->precision > 0.0) > 1)
        return usage(c, "only one of --sims, --sim-range and --stderr can be given");
    if (o->precision >= 1.0)
        return usage(c, "--stderr: 1 is not in [0, 1)");
    if (o->max_sims != d.max_worlds && o->precision <= 0.0)
        return usage(c, "--max-sims needs --stderr");
    if (o->model != NULL && o->topic == NULL)
        return usage(c, "--model needs --topic");
    int code = take_best(c);
    if (code == CLI_OK && o->topic != NULL && o->model == NULL && c->n_best < 0)
        return usage(c, "--topic needs --model or --seeds influencers:K");
    if (code == CLI_OK)
        code = take_probability(c);
    if (code == CLI_OK && o->sim_range != NULL)
        code = take_range(c);
    return code;
}

/* ---- inputs -------------------------------------------------------------------------------- */

/* The arrays that the probabilities take, besides /out and the ids. */
static unsigned more_uses(const cascade_run *c)
{
    gv_probability_rule rule = c->probability.rule;
    if (rule == GV_PROBABILITY_NONE && c->model == NULL)
        rule = gv_graph_probability_rule(c->g);
    return rule == GV_PROBABILITY_WEIGHTED_CASCADE ? GV_USES_IN
           : rule == GV_PROBABILITY_STORED         ? GV_USES_PROBABILITY
                                                   : 0;
}

static int open_inputs(cascade_run *c)
{
    const unsigned uses = GV_USES_OUT | GV_USES_IDS;
    int code = cli_graph(c->s, c->o->graph, uses, &c->g);
    if (code == CLI_OK && c->o->model != NULL && c->probability.rule == GV_PROBABILITY_NONE)
        code = cli_model(c->s, c->o->model, c->g, &c->model);
    if (code == CLI_OK && c->probability.rule == GV_PROBABILITY_NONE && c->model == NULL &&
        gv_graph_probability_rule(c->g) == GV_PROBABILITY_NONE)
        return usage(c, "the graph has no probabilities: give --probability, or --model and "
                        "--topic");
    if (code == CLI_OK)
        code = cli_graph(c->s, c->o->graph, uses | more_uses(c), &c->g);
    return code;
}

static int read_best(cascade_run *c)
{
    gv_error err;
    int64_t kept;
    const gv_node *best = cli_influencers(c->s, c->o->topic, &kept);
    if (best != NULL) {
        c->seeds = best;
        c->n_seeds = kept < c->n_best ? kept : c->n_best;
    } else if (c->o->influencers == NULL) {
        return usage(c, "--seeds influencers:K needs --influencers RES.h5");
    } else {
        if (gv_influencers_read(cli_context(c->s), c->o->influencers, c->g, c->o->topic, c->n_best,
                                &c->owned_seeds, &c->n_seeds, &err) != GV_OK)
            return cli_fail(c->s, &err);
        c->seeds = c->owned_seeds;
    }
    if (c->n_seeds < c->n_best)
        cli_say(c->s, "there are only %" PRId64 " influencers of %s", c->n_seeds, c->o->topic);
    return CLI_OK;
}

static int read_seeds(cascade_run *c)
{
    gv_error err;
    if (c->n_best >= 0)
        return read_best(c);
    if (gv_nodes_read(cli_context(c->s), c->g, c->o->seeds, &c->owned_seeds, &c->n_seeds, &err) !=
        GV_OK)
        return cli_fail(c->s, &err);
    c->seeds = c->owned_seeds;
    return CLI_OK;
}

static int read_blocked(cascade_run *c)
{
    gv_error err;
    if (c->o->blocked == NULL)
        return CLI_OK;
    if (gv_nodes_read(cli_context(c->s), c->g, c->o->blocked, &c->blocked, &c->opts.n_blocked,
                      &err) != GV_OK)
        return cli_fail(c->s, &err);
    c->opts.blocked = c->blocked;
    return CLI_OK;
}

static int read_model(cascade_run *c)
{
    gv_error err;
    if (c->model == NULL)
        return CLI_OK;
    const int32_t topic = gv_model_find_topic(c->model, c->o->topic);
    if (topic < 0)
        return cli_fail_text(c->s, CLI_USAGE, "--topic: the model has no topic '%s'", c->o->topic);
    const size_t m = (size_t)gv_graph_edges(c->g);
    c->stored = gv_context_take(cli_context(c->s), (int64_t)m, sizeof *c->stored);
    if (c->stored == NULL)
        return cli_fail_text(c->s, CLI_NO_RESOURCES, "no memory for the probabilities of %zu edges",
                             m);
    if (gv_model_edge_probability(cli_context(c->s), c->model, c->g, topic, c->stored, &err) !=
        GV_OK)
        return cli_fail(c->s, &err);
    c->probability.rule = GV_PROBABILITY_STORED;
    c->probability.stored = c->stored;
    return CLI_OK;
}

/* ---- results ------------------------------------------------------------------------------- */

/* CLI_NOT_CONVERGED leaves a result all the same. */
static int simulate(cascade_run *c)
{
    gv_error err;
    const double started = cli_seconds();
    const gv_probability *p = c->probability.rule == GV_PROBABILITY_NONE ? NULL : &c->probability;
    const gv_status st =
        gv_cascade(cli_context(c->s), c->g, p, c->seeds, c->n_seeds, &c->opts, &c->result, &err);
    if (st != GV_OK && st != GV_ERR_CONVERGE)
        return cli_fail(c->s, &err);
    const gv_cascade_result *r = c->result;
    cli_stage_done(c->s, "cascade", started, (double)r->n_worlds, "worlds");
    if (c->opts.kernel == GV_CASCADE_AUTO)
        cli_say(c->s, "graph and probabilities chose the kernel %s",
                r->kernel == GV_CASCADE_SLICED ? "sliced" : "points");
    cli_say(c->s, "%" PRId64 " %s to %.6g consumers (standard error %.3g, sd %.4g)", r->n_seeds,
            r->n_seeds == 1 ? "seed spreads" : "seeds spread", r->mean, r->stderr_mean, r->sd);
    return st == GV_OK ? CLI_OK : cli_fail(c->s, &err);
}

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
        st = gv_results_attr_text(out, group, "rng", gv_cascade_rng(r->kernel), err);
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

static int write_results(const cascade_run *c, gv_results *out, bool reached)
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

static int run_all(cascade_run *c)
{
    gv_results *out = NULL;
    int code = take_options(c);
    if (code == CLI_OK)
        code = open_inputs(c);
    if (code == CLI_OK)
        code = read_seeds(c);
    if (code == CLI_OK)
        code = read_blocked(c);
    if (code == CLI_OK)
        code = read_model(c);
    if (code == CLI_OK)
        code = cli_results(c->s, &cmd_cascade, c->o, c->o->output, c->g, &out);
    if (code == CLI_OK)
        code = simulate(c);
    if (code != CLI_OK && code != CLI_NOT_CONVERGED)
        return code;
    int written = write_results(c, out, code == CLI_OK);
    if (written == CLI_OK)
        written = cli_results_done(c->s);
    return written != CLI_OK ? written : code;
}

static int run(const void *opts, cli_session *s)
{
    cascade_run c = {.s = s, .o = opts};
    const int code = run_all(&c);
    gv_cascade_free(c.result);
    gv_nodes_free(cli_context(s), c.blocked);
    gv_nodes_free(cli_context(s), c.owned_seeds);
    gv_context_release(cli_context(s), c.stored);
    return code;
}

/* ---- dry run ------------------------------------------------------------------------------- */

/* Probabilities of a plan. */
typedef struct planned {
    gv_graph_shape shape;
    gv_graph *g; /* NULL: an earlier stage would make it */
    gv_probability_rule rule;
    double p;
    bool model;
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
    if (w->model) {
        w->rule = GV_PROBABILITY_STORED;
        w->p = 0.05; /* learnt probabilities are small */
    } else if (w->rule == GV_PROBABILITY_NONE) {
        w->rule = w->shape.rule;
        w->p = w->g != NULL ? gv_graph_mean_probability(w->g) : 0.05;
    }
    return w->rule != GV_PROBABILITY_NONE
               ? CLI_OK
               : usage(c, "the graph has no probabilities: give --probability, or --model and "
                          "--topic");
}

static int plan_probabilities(cascade_run *c, const planned *w, gv_plan *plan)
{
    gv_model_shape m;
    const bool wc = w->rule == GV_PROBABILITY_WEIGHTED_CASCADE;
    const bool own = w->rule == GV_PROBABILITY_STORED && !w->model;
    unsigned touched = GV_PART_OUT_INDPTR | GV_PART_OUT_INDICES | GV_PART_IDS;
    touched |= wc ? GV_PART_IN_INDPTR : own ? GV_PART_OUT_PROBABILITY : 0u;
    cli_plan_map_graph(c->s, plan, c->o->graph, &w->shape,
                       GV_USES_OUT | GV_USES_IDS |
                           (wc    ? GV_USES_IN
                            : own ? GV_USES_PROBABILITY
                                  : 0u),
                       touched);
    if (!w->model)
        return CLI_OK;
    const int code = cli_plan_model(c->s, c->o->model, &m);
    if (code == CLI_OK) {
        cli_plan_map_model(c->s, plan, c->o->model, &m);
        gv_plan_hold(plan, GV_PLAN_MEMORY, "probabilities of the topic", 4 * w->shape.n_edges);
    }
    return code;
}

static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    cascade_run c = {.s = s, .o = opts};
    planned w = {.g = NULL};
    int code = take_options(&c);
    if (code == CLI_OK)
        code = plan_graph(&c, &w);
    if (code == CLI_OK)
        code = plan_probabilities(&c, &w, plan);
    if (code == CLI_OK) {
        const int64_t seeds = c.n_best >= 0 ? c.n_best : cli_plan_count(c.o->seeds);
        gv_cascade_plan(plan, &w.shape, w.g, w.rule, w.p, seeds, &c.opts,
                        gv_context_threads(cli_context(s)),
                        s->budget);
        const int64_t worlds = c.opts.target_stderr > 0.0 ? c.opts.max_worlds : c.opts.n_worlds;
        cli_plan_write(plan, 8 * worlds + 12 * seeds + cli_plan_id_bytes(&w.shape) +
                                 (c.opts.activation ? 4 * w.shape.n_nodes : 0));
    }
    gv_graph_free(w.g);
    return code;
}

const cli_command cmd_cascade = {
    .name = "cascade",
    .summary = "simulate how a recommendation spreads from a set of seeds",
    .description =
        "Simulates the independent cascade: each consumer who becomes active has one chance on "
        "each influence edge. Writes the spread of every world, its mean with its standard error, "
        "and the curve: how many became active at each step. Worlds depend on graph, probabilities "
        "and --seed alone, so two sets of seeds are compared under the same coins.",
    .example = "grapevine cascade graph.h5 --seeds 17,42 --probability wc -o cascade.h5",
    .options = options,
    .size = sizeof(cascade_opts),
    .defaults = defaults,
    .run = run,
    .plan = plan_run,
};
