/* cmd_cascade.c -- grapevine cascade: how far a recommendation spreads from a set of seeds. */
#include "cli/cascade_work.h"

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
             "of --topic; a header of the file may name the columns probability (that a seed takes "
             "the offer) and set (several cascades, NAME_SET each)",
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
    {.name = "mix",
     .type = CLI_TEXT,
     .offset = offsetof(cascade_opts, mix),
     .metavar = "Z:W,...",
     .help = "of the model: an item of several topics, each with its weight"},
    {.name = "probability",
     .type = CLI_TEXT,
     .offset = offsetof(cascade_opts, probability),
     .metavar = "RULE",
     .help =
         "wc (weighted cascade, 1 / in-degree), const:P or tri (.1, .01 or .001, drawn by edge and "
         "--seed), for all edges instead of the graph's and the model's; none leaves those [%s]"},
    {.name = "diffusion",
     .type = CLI_CHOICE,
     .offset = offsetof(cascade_opts, diffusion),
     .metavar = "NAME",
     .help = "ic, independent cascade: each edge is live by itself; or lt, linear threshold: each "
             "consumer listens to at most one other, with the edge's probability [%s]",
     .choices = "ic|lt"},
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
             "to REL times the mean, with --weights of their sum too; 0 is off [%s]",
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
    {.name = "activation-steps",
     .type = CLI_FLAG,
     .offset = offsetof(cascade_opts, steps),
     .help = "and add up the steps at which they did, for the mean; includes --activation"},
    {.name = "weights",
     .type = CLI_TEXT,
     .offset = offsetof(cascade_opts, weights),
     .metavar = "COL",
     .help = "also what the active are worth together, by this attribute of the graph; who has "
             "none counts as 0"},
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
     .help = "how worlds are made: auto, plain, points (for thin cascades; not with lt) or sliced "
             "(for dense ones); each draws worlds of its own [%s]",
     .choices = "auto|plain|points|sliced"},
    {.name = "keep-layout",
     .type = CLI_FLAG,
     .offset = offsetof(cascade_opts, keep_layout),
     .help =
         "keep the row layout that the kernel makes of the graph, and the choice of the kernel, "
         "in GRAPH.layout.h5, from which later runs take them; not for plain or lt",
     .aside = true},
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

/* How sure a mean is, into text; of one world nobody can tell. */
static const char *scatter(const gv_cascade_result *r, double error, double sd, char *text,
                           size_t room)
{
    if (r->n_worlds > 1)
        snprintf(text, room, "standard error %.3g, sd %.4g", error, sd);
    else
        snprintf(text, room, "one world: no standard error");
    return text;
}

static void report(const cascade_run *c, const char *set, const gv_cascade_result *r)
{
    const char *before = set != NULL ? set : "", *colon = set != NULL ? ": " : "";
    char text[80];
    cli_say(c->s, "%s%s%" PRId64 " %s to %.6g consumers (%s)", before, colon, r->n_seeds,
            r->n_seeds == 1 ? "seed spreads" : "seeds spread", r->mean,
            scatter(r, r->stderr_mean, r->sd, text, sizeof text));
    if (r->value != NULL)
        cli_say(c->s, "%s%sworth %.6g in %s (%s)", before, colon, r->value_mean, c->o->weights,
                scatter(r, r->value_stderr, r->value_sd, text, sizeof text));
}

/* Simulates and writes set `i`. CLI_NOT_CONVERGED leaves a result all the same. */
static int run_set(cascade_run *c, gv_simulator *simulator, int64_t i)
{
    gv_error err;
    char name[2 * GV_SET_CHARS + 2];
    const gv_seed_table *t = &c->seeds;
    const char *set = t->name != NULL ? t->name + i * (GV_SET_CHARS + 1) : NULL;
    const double *acceptance = t->acceptance != NULL ? t->acceptance + t->offset[i] : NULL;
    const double started = cli_seconds();
    gv_cascade_result *r = NULL;
    const gv_status st = gv_simulator_run(simulator, t->node + t->offset[i],
                                          t->offset[i + 1] - t->offset[i], acceptance, &r, &err);
    if (st != GV_OK && st != GV_ERR_CONVERGE)
        return cli_fail(c->s, &err);
    c->simulated += r->n_worlds;
    c->sampled += cli_seconds() - started;
    if (i == 0 && c->opts.kernel == GV_CASCADE_AUTO)
        cli_say(c->s, "graph and probabilities chose the kernel %s",
                r->kernel == GV_CASCADE_SLICED  ? "sliced"
                : r->kernel == GV_CASCADE_PLAIN ? "plain"
                                                : "points");
    report(c, set, r);
    snprintf(name, sizeof name, set != NULL ? "%s_%s" : "%s", c->o->name, set);
    const int written = cascade_write(c, name, r, st == GV_OK);
    gv_cascade_free(r);
    return written != CLI_OK ? written : st == GV_OK ? CLI_OK : cli_fail(c->s, &err);
}

/* All sets; those that missed the target do not keep the others from running. */
static int run_sets(cascade_run *c)
{
    gv_error err;
    gv_simulator *simulator = NULL;
    const gv_probability *p = c->probability.rule == GV_PROBABILITY_NONE ? NULL : &c->probability;
    const double started = cli_seconds();
    if (gv_simulator_create(cli_context(c->s), c->g, p, &c->opts, &simulator, &err) != GV_OK)
        return cli_fail(c->s, &err);
    cli_layouts_report(c->s);
    cli_stage_done(c->s, "cascade layout", started, (double)gv_graph_edges(c->g), "edges");
    int code = CLI_OK;
    for (int64_t i = 0; i < c->seeds.n_sets && (code == CLI_OK || code == CLI_NOT_CONVERGED); i++) {
        const int here = run_set(c, simulator, i);
        code = here != CLI_OK ? here : code;
    }
    gv_simulator_free(simulator);
    if (code == CLI_OK || code == CLI_NOT_CONVERGED)
        cli_stage_done(c->s, "cascade", cli_seconds() - c->sampled, (double)c->simulated, "worlds");
    return code;
}

static int run_all(cascade_run *c)
{
    char range[64];
    int code = cascade_take_options(c);
    if (code == CLI_OK)
        code = cascade_open(c);
    if (code == CLI_OK) {
        const cascade_opts noted = cascade_noted(c, range);
        code = cli_results(c->s, &cmd_cascade, &noted, c->o->output, c->g, &c->out);
    }
    if (code == CLI_OK)
        code = run_sets(c);
    if (code != CLI_OK && code != CLI_NOT_CONVERGED)
        return code;
    int written = cascade_write_common(c);
    if (written == CLI_OK)
        written = cli_results_done(c->s);
    return written != CLI_OK ? written : code;
}

static int run(const void *opts, cli_session *s)
{
    cascade_run c = {.s = s, .o = opts};
    const int code = run_all(&c);
    gv_nodes_free(cli_context(s), c.blocked);
    gv_seeds_free(cli_context(s), &c.seeds);
    gv_context_release(cli_context(s), c.weight);
    gv_context_release(cli_context(s), c.stored);
    gv_context_release(cli_context(s), c.mix);
    return code;
}

const cli_command cmd_cascade = {
    .name = "cascade",
    .summary = "simulate how a recommendation spreads from a set of seeds",
    .description =
        "Simulates the independent cascade: each consumer who becomes active has one chance on "
        "each influence edge. Writes the spread of every world, its mean with its standard error, "
        "its quantiles, and the curve: how many became active at each step. Worlds depend on "
        "graph, probabilities "
        "and --seed alone, so two sets of seeds are compared under the same coins.",
    .example = "grapevine cascade graph.h5 --seeds 17,42 --probability wc -o cascade.h5",
    .options = options,
    .resumable = true,
    .size = sizeof(cascade_opts),
    .defaults = defaults,
    .run = run,
    .plan = cascade_dry_run,
};
