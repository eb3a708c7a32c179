/* cmd_influence.c -- grapevine influence: who makes friends buy, topic by topic; who listens to
 * friends; who will probably buy next.
 *
 * Topics are computed in batches, as many together as the budget has room for; each topic's
 * numbers are the same in any batch. Arrays over topics and consumers are held, and
 * written, only as --store asks. */
#include "cli/influence_work.h"
#include "cli/session.h"

static void defaults(void *opts)
{
    *(influence_opts *)opts = (influence_opts){.topics = "all",
                                               .measure = "i1",
                                               .store = "scores,flags",
                                               .quantile = 0.15,
                                               .prospects = 0.25,
                                               .cv = gv_reach_defaults().cv,
                                               .top_k = 100};
}

#define OPTION(field_name, kind) .type = kind, .offset = offsetof(influence_opts, field_name)
static const cli_option options[] = {
    {.name = "graph",
     OPTION(graph, CLI_PATH),
     .metavar = "GRAPH.h5",
     .help = "the graph that the model was learnt on",
     .positional = true,
     .required = true},
    {.name = "model",
     OPTION(model, CLI_PATH),
     .metavar = "MODEL.h5",
     .help = "influence model, from `grapevine learn`",
     .required = true},
    {.name = "output",
     .letter = 'o',
     OPTION(output, CLI_OUTPUT),
     .metavar = "OUT.h5",
     .help = "results file to write",
     .required = true},
    {.name = "topics",
     OPTION(topics, CLI_TEXT),
     .metavar = "NAMES",
     .help = "topics to compute, by name, or all [%s]"},
    {.name = "measure",
     OPTION(measure, CLI_TEXT),
     .metavar = "NAMES",
     .help = "i1: expected purchases of friends; i2: of friends and their friends; reach: "
             "consumers who buy in the end, through friends of friends of friends, the first one "
             "included, estimated by simulation; ppr: walks from the buyers back to those who "
             "influence them, by the probabilities of the topic; the first of these ranks [%s]"},
    {.name = "cv",
     OPTION(cv, CLI_REAL),
     .metavar = "X",
     .help = "coefficient of variation of the estimates of reach [%s]",
     .min = 0.005,
     .max = 1},
    {.name = "store",
     OPTION(store, CLI_TEXT),
     .metavar = "NAMES",
     .help = "arrays over all topics and consumers to write: scores, rank, flags; influencers: "
             "none of these, only the lists that are always written [%s]"},
    {.name = "weights",
     OPTION(weights, CLI_TEXT),
     .metavar = "COLUMN",
     .help = "node attribute with the value of each consumer; none: each counts 1 [%s]"},
    {.name = "quantile",
     OPTION(quantile, CLI_REAL),
     .metavar = "Q",
     .help = "share of all consumers who are flagged as influencers of a topic [%s]",
     .min = 0,
     .max = 1},
    {.name = "top-k",
     OPTION(top_k, CLI_INT),
     .metavar = "K",
     .help = "length of the table of best consumers; 0: none [%s]",
     .min = 0,
     .max = 1e6},
    {.name = "prospects",
     OPTION(prospects, CLI_REAL),
     .metavar = "Q",
     .help = "seek prospects among the share Q of consumers who listen to friends most; 0: none "
             "[%s]",
     .min = 0,
     .max = 1},
    {.name = NULL},
};

/* ---- preparation --------------------------------------------------------------------------- */

static int prepare(influence_work *w)
{
    const influence_plan *plan = &w->plan;
    const int32_t n_topics = plan->n_topics;
    const gv_graph_shape g = gv_graph_shape_of(w->g);
    const gv_model_shape m = gv_model_shape_of(w->m);
    w->batch = influence_batch_size(w->o, w->s, &g, &m, n_topics);
    bool fine = true;
    for (int i = 0; i < INFLUENCE_MEASURES; i++) {
        if (i == 0 || plan->measure[i]) /* i1 is a step to i2 */
            fine = (w->score[i] =
                        influence_rows(w, influence_stored(w, i) ? n_topics : w->batch, 4)) &&
                   fine;
        if (plan->measure[i])
            fine = cli_topk_begin(&w->top[i], n_topics, w->o->top_k) && fine;
    }
    if (plan->ranks)
        fine = (w->rank = influence_rows(w, n_topics, sizeof *w->rank)) && fine;
    if (plan->flags)
        fine = (w->flag = influence_rows(w, n_topics, sizeof *w->flag)) && fine;
    fine = (w->threshold = calloc((size_t)n_topics + 1, sizeof *w->threshold)) && fine;
    fine = (w->with_degree = calloc((size_t)n_topics + 1, sizeof *w->with_degree)) && fine;
    fine = (w->with_core = calloc((size_t)n_topics + 1, sizeof *w->with_core)) && fine;
    fine = (w->core = influence_rows(w, 1, sizeof *w->core)) && fine;
    fine = (w->reach_cv = calloc((size_t)n_topics + 1, sizeof *w->reach_cv)) && fine;
    fine = (w->reach_rounds = calloc((size_t)n_topics + 1, sizeof *w->reach_rounds)) && fine;
    fine = (w->listens = influence_rows(w, 1, sizeof *w->listens)) && fine;
    fine = topic_rows_begin(&w->influencers, gv_model_topics(w->m)) && fine;
    fine = topic_rows_begin(&w->prospects, gv_model_topics(w->m)) && fine;
    return fine ? CLI_OK : influence_no_memory(w);
}

static void clean_up(influence_work *w)
{
    topic_rows_free(&w->prospects);
    topic_rows_free(&w->influencers);
    if (w->plan.flags)
        influence_drop(w, w->flag);
    if (w->plan.ranks)
        influence_drop(w, w->rank);
    void *const rows[] = {w->listens, w->weight, w->core};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        influence_drop(w, rows[i]);
    free(w->threshold), free(w->with_degree), free(w->with_core);
    free(w->reach_rounds), free(w->reach_cv);
    free(w->bought), free(w->buyer), free(w->buyer_offset);
    for (int i = 0; i < INFLUENCE_MEASURES; i++) {
        cli_topk_free(&w->top[i]);
        influence_drop(w, w->score[i]);
    }
    influence_plan_free(&w->plan);
}

static int read_weights(influence_work *w)
{
    gv_error err;
    char id[GV_ID_CHARS + 1];
    if (w->o->weights == NULL)
        return CLI_OK;
    w->weight = influence_rows(w, 1, sizeof *w->weight);
    if (w->weight == NULL)
        return influence_no_memory(w);
    if (gv_graph_attribute_f32(w->g, w->o->weights, w->weight, &err) != GV_OK)
        return cli_fail_text(w->s, CLI_USAGE, "--weights: %s", err.message);
    for (int64_t v = 0; v < w->n; v++)
        if (!(w->weight[v] >= 0.0f && w->weight[v] <= 3e38f))
            return cli_fail_text(w->s, CLI_BAD_DATA,
                                 "--weights: value %g of consumer %s in column '%s' is not a "
                                 "number >= 0",
                                 (double)w->weight[v], gv_graph_id(w->g, (gv_node)v, id),
                                 w->o->weights);
    return CLI_OK;
}

/* ---- the command --------------------------------------------------------------------------- */

static int open_inputs(influence_work *w)
{
    const unsigned uses = GV_USES_OUT | GV_USES_IN | GV_USES_IDS;
    int code = cli_graph(w->s, w->o->graph, uses, &w->g);
    if (code == CLI_OK)
        code = cli_model(w->s, w->o->model, w->g, &w->m);
    if (code != CLI_OK)
        return code;
    w->n = gv_graph_nodes(w->g);
    code = influence_plan_read(w->s, w->o, w->m, &w->plan);
    const bool valueless = w->plan.measure[INFLUENCE_REACH] || w->plan.measure[INFLUENCE_PPR];
    if (code == CLI_OK && valueless && w->o->weights != NULL)
        return cli_fail_text(w->s, CLI_USAGE,
                             "--weights: reach and ppr count consumers; i1 and i2 know values");
    return code == CLI_OK ? read_weights(w) : code;
}

static int start_results(influence_work *w)
{
    gv_error err;
    const int code = cli_results(w->s, &cmd_influence, w->o, w->o->output, w->g, &w->r);
    if (code != CLI_OK)
        return code;
    if (gv_results_put_nodes(w->r, w->g, &err) != GV_OK ||
        gv_results_put_topics(w->r, w->m, &err) != GV_OK)
        return cli_fail(w->s, &err);
    return CLI_OK;
}

static void say_correlations(const influence_work *w)
{
    double least[2] = {2.0, 2.0}, most[2] = {-2.0, -2.0};
    for (int32_t i = 0; i < w->plan.n_topics; i++) {
        const double r[2] = {w->with_degree[i], w->with_core[i]};
        for (int k = 0; k < 2; k++) {
            least[k] = r[k] < least[k] ? r[k] : least[k];
            most[k] = r[k] > most[k] ? r[k] : most[k];
        }
    }
    if (most[0] >= least[0] && most[1] >= least[1])
        cli_say(
            w->s,
            "rank correlation of %s by topic: with the number of friends %.3f to %.3f, with the "
            "k-core %.3f to %.3f",
            influence_measure[w->plan.ranking], least[0], most[0], least[1], most[1]);
}

static void say_what_was_done(const influence_work *w, double started)
{
    char influencers[32], prospects[32];
    const double passes = w->plan.measure[1] ? 2.0 : 1.0;
    cli_stage_done(w->s, "influence", started,
                   passes * (double)w->plan.n_topics * (double)gv_graph_edges(w->g), "edge-topics");
    /* an edge's end, and there what it is told by; i2 also asks for the i1 of each topic */
    const double batches = (double)((w->plan.n_topics + w->batch - 1) / w->batch);
    const double asked = w->plan.measure[1] ? 4.0 * (double)w->plan.n_topics : 0.0;
    cli_stage_moved(w->s, (double)gv_graph_edges(w->g) * (passes * batches * 8.0 + asked) +
                              passes * batches * cli_file_bytes(w->o->model));
    cli_say(w->s, "%s influencers and %s prospects in %d topics",
            cli_thousands(w->influencers.n, influencers), cli_thousands(w->prospects.n, prospects),
            w->plan.n_topics);
    say_correlations(w);
}

static int run(const void *opts, cli_session *s)
{
    const double started = cli_seconds();
    influence_work w = {.s = s, .o = opts};
    int code = open_inputs(&w);
    if (code == CLI_OK)
        code = start_results(&w);
    if (code == CLI_OK)
        code = prepare(&w);
    if (code == CLI_OK)
        code = influence_compute(&w);
    if (code == CLI_OK)
        code = influence_write(&w);
    if (code == CLI_OK)
        say_what_was_done(&w, started);
    if (code == CLI_OK)
        code = cli_results_done(s);
    if (code == CLI_OK && w.short_of_cv)
        code = CLI_NOT_CONVERGED;
    clean_up(&w);
    return code;
}

const cli_command cmd_influence = {
    .name = "influence",
    .summary = "per-topic influence of every consumer, influencers, prospects",
    .description = "For every consumer and topic: how many purchases of friends theirs are "
                   "expected to prompt, by a model from `grapevine learn`. The share --quantile of "
                   "best rank, among those with purchases in the topic, are its influencers. "
                   "Prospects are consumers who do not own the topic yet, listen to friends, and "
                   "have an influencer friend who bought lately.",
    .example = "grapevine influence graph.h5 --model model.h5 -o influence.h5",
    .options = options,
    .size = sizeof(influence_opts),
    .defaults = defaults,
    .run = run,
    .plan = influence_dry_run,
};
