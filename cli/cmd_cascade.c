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

static int run_all(cascade_run *c)
{
    gv_results *out = NULL;
    int code = cascade_take_options(c);
    if (code == CLI_OK)
        code = cascade_open(c);
    if (code == CLI_OK)
        code = cli_results(c->s, &cmd_cascade, c->o, c->o->output, c->g, &out);
    if (code == CLI_OK)
        code = simulate(c);
    if (code != CLI_OK && code != CLI_NOT_CONVERGED)
        return code;
    int written = cascade_write(c, out, code == CLI_OK);
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
    .resumable = true,
    .size = sizeof(cascade_opts),
    .defaults = defaults,
    .run = run,
    .plan = cascade_dry_run,
};
