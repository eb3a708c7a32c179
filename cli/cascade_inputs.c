/* cascade_inputs.c -- options of `grapevine cascade`, and what they name: see cascade_work.h. */
#include "cli/cascade_work.h"

/* ---- options ------------------------------------------------------------------------------- */

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
    if (strcmp(text, "tri") == 0) {
        c->probability.rule = GV_PROBABILITY_STORED;
        return CLI_OK;
    }
    if (strcmp(text, "wc") == 0) {
        c->probability.rule = GV_PROBABILITY_WEIGHTED_CASCADE;
        return CLI_OK;
    }
    c->probability.rule = GV_PROBABILITY_CONSTANT;
    if (strncmp(text, "const:", 6) != 0)
        return cli_fail_text(c->s, CLI_USAGE, "--probability: '%s' is not none, wc, tri or const:P",
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
        return c->o->influencers != NULL
                   ? cascade_usage(c, "--influencers needs --seeds influencers:K")
                   : CLI_OK;
    text += sizeof prefix - 1;
    c->n_best = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || c->n_best < 1)
        return cli_fail_text(c->s, CLI_USAGE,
                             "--seeds: '%s' is not influencers:K with K at least 1", c->o->seeds);
    return c->o->topic == NULL ? cascade_usage(c, "--seeds influencers:K needs --topic") : CLI_OK;
}

int cascade_take_options(cascade_run *c)
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
                                .steps = o->steps,
                                .diffusion = (gv_diffusion)o->diffusion,
                                .kernel = (gv_cascade_kernel)o->kernel};
    if (!cli_is_name(o->name))
        return cli_fail_text(c->s, CLI_USAGE,
                             "--name: '%s' is not 1 to %d letters, digits, _ and -", o->name,
                             CLI_NAME_CHARS);
    if ((o->sims != d.n_worlds) + (o->sim_range != NULL) + (o->precision > 0.0) > 1)
        return cascade_usage(c, "only one of --sims, --sim-range and --stderr can be given");
    if (o->precision >= 1.0)
        return cascade_usage(c, "--stderr: 1 is not in [0, 1)");
    if (o->max_sims != d.max_worlds && o->precision <= 0.0)
        return cascade_usage(c, "--max-sims needs --stderr");
    if (o->model != NULL && o->topic == NULL && o->mix == NULL)
        return cascade_usage(c, "--model needs --topic or --mix");
    if (o->mix != NULL && o->model == NULL)
        return cascade_usage(c, "--mix needs --model");
    if (o->steps && o->spread_only)
        return cascade_usage(c, "--activation-steps does not go with --spread-only");
    if (o->keep_layout && (o->kernel == GV_CASCADE_PLAIN || o->diffusion == GV_DIFFUSION_THRESHOLD))
        return cascade_usage(c, "--keep-layout does not go with --kernel plain or --diffusion lt");
    int code = take_best(c);
    if (code == CLI_OK && o->mix != NULL && o->topic != NULL && c->n_best < 0)
        return cascade_usage(c, "only one of --topic and --mix can be given");
    if (code == CLI_OK && o->topic != NULL && o->model == NULL && c->n_best < 0)
        return cascade_usage(c, "--topic needs --model or --seeds influencers:K");
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
           : rule == GV_PROBABILITY_STORED && c->probability.rule == GV_PROBABILITY_NONE
               ? GV_USES_PROBABILITY
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
        return cascade_usage(c,
                             "the graph has no probabilities: give --probability, or --model and "
                             "--topic");
    if (code == CLI_OK)
        code = cli_graph(c->s, c->o->graph, uses | more_uses(c), &c->g);
    const bool layouts =
        c->o->kernel != GV_CASCADE_PLAIN && c->o->diffusion != GV_DIFFUSION_THRESHOLD;
    return code == CLI_OK && layouts ? cli_layouts(c->s, c->o->graph, c->g, c->o->keep_layout)
                                     : code;
}

/* From an earlier stage of the job, else from a file. */
static int read_best(cascade_run *c)
{
    gv_error err;
    gv_status st = GV_OK;
    gv_node *best = NULL;
    int64_t n = 0;
    gv_results *earlier = cli_job_results(c->s);
    if (earlier != NULL)
        st = gv_results_influencers(earlier, c->g, c->o->topic, c->n_best, &best, &n, &err);
    if (st == GV_OK && best == NULL && c->o->influencers == NULL)
        return cascade_usage(c, "--seeds influencers:K needs --influencers RES.h5");
    if (st == GV_OK && best == NULL)
        st = gv_influencers_read(cli_context(c->s), c->o->influencers, c->g, c->o->topic, c->n_best,
                                 &best, &n, &err);
    if (st == GV_OK)
        st = gv_seeds_of(cli_context(c->s), best, n, &c->seeds, &err);
    if (st != GV_OK)
        return cli_fail(c->s, &err);
    if (n < c->n_best)
        cli_say(c->s, "there are only %" PRId64 " influencers of %s", n, c->o->topic);
    return CLI_OK;
}

/* A set becomes part of a group's name. */
static int check_sets(const cascade_run *c)
{
    for (int64_t i = 0; c->seeds.name != NULL && i < c->seeds.n_sets; i++) {
        const char *name = c->seeds.name + i * (GV_SET_CHARS + 1);
        if (!cli_is_name(name) || strlen(c->o->name) + strlen(name) >= CLI_NAME_CHARS)
            return cli_fail_text(c->s, CLI_BAD_DATA,
                                 "--seeds: set '%s' has other characters than letters, digits, _ "
                                 "and -, or makes a name of more than %d",
                                 name, CLI_NAME_CHARS);
    }
    return CLI_OK;
}

static int read_seeds(cascade_run *c)
{
    gv_error err;
    if (c->n_best >= 0)
        return read_best(c);
    if (gv_seeds_read(cli_context(c->s), c->g, c->o->seeds, &c->seeds, &err) != GV_OK)
        return cli_fail(c->s, &err);
    return check_sets(c);
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

/* ---- probabilities and weights --------------------------------------------------------------- */

/* Adds "name:weight" to the mixture; text is that up to the next comma. */
static int add_to_mix(cascade_run *c, const char *text, size_t length)
{
    char part[GV_TOPIC_CHARS + 64], *end;
    snprintf(part, sizeof part, "%.*s", (int)length, text);
    char *colon = strrchr(part, ':');
    const double weight = colon != NULL ? strtod(colon + 1, &end) : 0.0;
    if (length >= sizeof part || colon == NULL || end == colon + 1 || *end != '\0' ||
        !(weight > 0.0 && weight <= 1e9))
        return cli_fail_text(c->s, CLI_USAGE, "--mix: '%s' is not TOPIC:WEIGHT with a weight > 0",
                             part);
    *colon = '\0';
    const int32_t topic = gv_model_find_topic(c->model, part);
    if (topic < 0)
        return cli_fail_text(c->s, CLI_USAGE, "--mix: the model has no topic '%s'", part);
    c->mix[topic] += weight;
    return CLI_OK;
}

/* The weights of --mix, which are made to add up to 1. */
static int take_mix(cascade_run *c)
{
    const int32_t topics = gv_model_topics(c->model);
    int code = CLI_OK;
    double sum = 0.0;
    c->mix = gv_context_take(cli_context(c->s), topics, sizeof *c->mix);
    if (c->mix == NULL)
        return cli_fail_text(c->s, CLI_NO_RESOURCES, "no memory for the mixture of topics");
    for (const char *p = c->o->mix; code == CLI_OK && p != NULL;) {
        const char *comma = strchr(p, ',');
        code = add_to_mix(c, p, comma != NULL ? (size_t)(comma - p) : strlen(p));
        p = comma != NULL ? comma + 1 : NULL;
    }
    for (int32_t z = 0; z < topics; z++)
        sum += c->mix[z];
    for (int32_t z = 0; code == CLI_OK && z < topics; z++)
        c->mix[z] /= sum;
    return code;
}

static int take_edges(cascade_run *c)
{
    const int64_t m = gv_graph_edges(c->g);
    c->stored = gv_context_take(cli_context(c->s), m, sizeof *c->stored);
    if (c->stored == NULL)
        return cli_fail_text(c->s, CLI_NO_RESOURCES,
                             "no memory for the probabilities of %" PRId64 " edges", m);
    c->probability.rule = GV_PROBABILITY_STORED;
    c->probability.stored = c->stored;
    return CLI_OK;
}

/* What p a kernel works out, row by row. */
static int take_model(cascade_run *c)
{
    c->probability = (gv_probability){.rule = GV_PROBABILITY_MODEL, .model = c->model};
    if (c->o->mix != NULL) {
        const int code = take_mix(c);
        c->probability.mix = c->mix;
        return code;
    }
    c->probability.topic = gv_model_find_topic(c->model, c->o->topic);
    return c->probability.topic >= 0
               ? CLI_OK
               : cli_fail_text(c->s, CLI_USAGE, "--topic: the model has no topic '%s'",
                               c->o->topic);
}

static int make_probabilities(cascade_run *c)
{
    if (c->model != NULL)
        return take_model(c);
    if (c->probability.rule != GV_PROBABILITY_STORED)
        return CLI_OK;
    const int code = take_edges(c);
    if (code == CLI_OK)
        gv_trivalency(cli_context(c->s), c->g, cli_seed(c->s), c->stored);
    return code;
}

/* Who has no value counts as 0. */
static int read_weights(cascade_run *c)
{
    gv_error err;
    const int64_t n = gv_graph_nodes(c->g);
    if (c->o->weights == NULL)
        return CLI_OK;
    c->weight = gv_context_take(cli_context(c->s), n, sizeof *c->weight);
    if (c->weight == NULL)
        return cli_fail_text(c->s, CLI_NO_RESOURCES,
                             "no memory for the values of %" PRId64 " consumers", n);
    if (gv_graph_attribute_f32(c->g, c->o->weights, c->weight, &err) != GV_OK)
        return cli_fail_text(c->s, CLI_USAGE, "--weights: %s", err.message);
    for (int64_t v = 0; v < n; v++)
        if (c->weight[v] != c->weight[v])
            c->weight[v] = 0.0f;
    c->opts.weight = c->weight;
    return CLI_OK;
}

int cascade_open(cascade_run *c)
{
    int code = open_inputs(c);
    if (code == CLI_OK)
        code = read_seeds(c);
    if (code == CLI_OK)
        code = read_blocked(c);
    if (code == CLI_OK)
        code = read_weights(c);
    return code == CLI_OK ? make_probabilities(c) : code;
}
