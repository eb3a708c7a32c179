/* cmd_evaluate.c -- grapevine evaluate: learns on the first part of a purchase log, foresees the
 * rest, and says how well, beside baselines. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/evaluate_work.h"
#include "cli/plan.h"

enum { STRICT_OFF = 1 };

/* Records scored and sorted in a second. Docs: plan.md. */
static const double records_measured = 4e5;

#define OPTION(field_name, kind) .type = kind, .offset = offsetof(evaluate_opts, field_name)
static const cli_option options[] = {
    {.name = "graph",
     OPTION(graph, CLI_PATH),
     .metavar = "GRAPH.h5",
     .help = "the influence graph",
     .positional = true,
     .required = true},
    {.name = "log",
     OPTION(log, CLI_PATH),
     .metavar = "LOG",
     .help = "purchases: text, gzip or zstd, '-' is standard input; in any order",
     .required = true},
    {.name = "columns",
     OPTION(columns, CLI_TEXT),
     .metavar = "USER,ITEM,TOPIC,TIME[,VALUE]",
     .help = "names or numbers (from 1) of the log's columns [1,2,3,4]"},
    {.name = "model",
     OPTION(model, CLI_PATH),
     .metavar = "MODEL.h5",
     .help = "a model that was learnt with --until: foresee what follows, in place of learning. "
             "Rows that would take another model or PageRank are left out"},
    {.name = "split",
     OPTION(split, CLI_TEXT),
     .metavar = "SHARE|DATE",
     .help = "learn up to this share of the log's time, or this moment (UTC), and foresee what "
             "follows [0.8, or where the model ends]"},
    {.name = "sample",
     OPTION(sample, CLI_REAL),
     .metavar = "SHARE",
     .help = "share of the items, drawn by --seed, whose purchases are foreseen; for logs whose "
             "records, 48 bytes each and 8 a row, are too many [%s]",
     .min = 1e-9,
     .max = 1},
    {.name = "window",
     OPTION(window, CLI_SECONDS),
     .metavar = "TIME",
     .help = "how long a purchase may prompt others: 30d, 12h ...; auto finds it for each topic "
             "from the delays between friends [%s]"},
    {.name = "truth",
     OPTION(truth, CLI_PATH),
     .metavar = "TRUTH.h5",
     .help = "what was planted in a population of `grapevine generate`: compare with it too"},
    {.name = "quantile",
     OPTION(quantile, CLI_REAL),
     .metavar = "Q",
     .help = "with a truth: share of all consumers who are flagged as influencers [%s]",
     .min = 0,
     .max = 1},
    {.name = "bootstraps",
     OPTION(bootstraps, CLI_INT),
     .metavar = "N",
     .help = "replicates of the intervals, over items [%s]",
     .min = 0,
     .max = 100000},
    {.name = "strict",
     OPTION(strict, CLI_CHOICE),
     .metavar = "on|off",
     .help = "off: skip rows that cannot be read, count them and show the first 100 [%s]",
     .choices = "on|off"},
    {.name = "output",
     .letter = 'o',
     OPTION(output, CLI_OUTPUT),
     .metavar = "OUT.h5",
     .help = "also write the tables to a results file"},
    {.name = "tmpdir",
     OPTION(tmpdir, CLI_PATH),
     .metavar = "DIR",
     .help = "folder for temporary data, when the purchases do not fit in --memory [the current "
             "one]"},
    {.name = NULL},
};

static void defaults(void *opts)
{
    *(evaluate_opts *)opts = (evaluate_opts){.window = gv_learn_defaults().window,
                                             .quantile = 0.15,
                                             .sample = gv_auc_defaults().share,
                                             .bootstraps = gv_auc_defaults().bootstraps,
                                             .strict = gv_log_defaults().lenient ? STRICT_OFF : 0};
}

static int open_model(evaluate_work *w)
{
    gv_error err;
    if (w->o->split != NULL || w->o->window != gv_learn_defaults().window)
        return cli_fail_text(w->s, CLI_USAGE,
                             "--split and --window are those of the model where there is --model");
    if (gv_model_open(cli_context(w->s), w->o->model, w->g, &w->aware, &err) != GV_OK)
        return cli_fail(w->s, &err);
    return CLI_OK;
}

/* The model is of this log's topics, and leaves something to foresee. */
static int check_model(evaluate_work *w)
{
    const gv_log_info log = gv_log_describe(w->log);
    w->split = gv_model_end(w->aware);
    bool same = gv_model_topics(w->aware) == w->n_topics;
    for (int32_t z = 0; z < w->n_topics && same; z++)
        same = strcmp(gv_model_topic(w->aware, z), gv_log_topic(w->log, z)) == 0;
    if (!same)
        return cli_fail_text(w->s, CLI_BAD_DATA, "%s: the model has other topics than %s",
                             w->o->model, w->o->log);
    if (w->split < log.time_begin || w->split >= log.time_end)
        return cli_fail_text(w->s, CLI_BAD_DATA,
                             "%s: the model ends at %lld, which is not in [%lld, %lld), the "
                             "seconds of the log; learn it with --until",
                             w->o->model, (long long)w->split, (long long)log.time_begin,
                             (long long)log.time_end);
    return CLI_OK;
}

static int find_split(evaluate_work *w)
{
    gv_error err;
    char *end;
    const gv_log_info log = gv_log_describe(w->log);
    const char *text = w->o->split != NULL ? w->o->split : "0.8";
    const double share = strtod(text, &end);
    if (end != text && *end == '\0' && share > 0.0 && share < 1.0) {
        w->split = log.time_begin + (int64_t)(share * (double)(log.time_end - log.time_begin));
        return CLI_OK;
    }
    if (gv_time_parse(text, &w->split, &err) != GV_OK)
        return cli_fail_text(w->s, CLI_USAGE,
                             "--split: '%s' is not a share in (0, 1), a date or a time", text);
    if (w->split < log.time_begin || w->split >= log.time_end)
        return cli_fail_text(w->s, CLI_USAGE,
                             "--split: '%s' is not in [%lld, %lld), the seconds of the log", text,
                             (long long)log.time_begin, (long long)log.time_end);
    return CLI_OK;
}

static void show_bad_row(void *session, const char *message)
{
    cli_say(session, "skipped %s", message);
}

static void report(const evaluate_work *w)
{
    char a[32], b[32], c[32];
    const gv_log_info log = gv_log_describe(w->log);
    cli_say(w->s, "%s rows read, %s kept, in %s topics", cli_thousands(log.rows_read, a),
            cli_thousands(log.rows_kept, b), cli_thousands(log.n_topics, c));
    if (log.rows_bad > 0)
        cli_say(w->s, "%s rows skipped because they could not be read",
                cli_thousands(log.rows_bad, a));
    if (log.rows_unmatched > 0)
        cli_say(w->s, "%s rows of %s people are not in the graph",
                cli_thousands(log.rows_unmatched, a), cli_thousands(log.users_unmatched, b));
}

static int open_inputs(evaluate_work *w)
{
    gv_error err;
    gv_log_opts o = gv_log_defaults();
    gv_context *ctx = cli_context(w->s);
    const unsigned uses = GV_USES_OUT | GV_USES_IN | GV_USES_IDS | GV_USES_PROBABILITY;
    int code = cli_graph(w->s, w->o->graph, uses, &w->g);
    if (code != CLI_OK)
        return code;
    if (w->o->model != NULL && (code = open_model(w)) != CLI_OK)
        return code;
    w->n = gv_graph_nodes(w->g);
    o.columns = w->o->columns;
    o.tmpdir = w->o->tmpdir;
    o.lenient = w->o->strict == STRICT_OFF;
    o.bad_row = show_bad_row;
    o.bad_row_data = w->s;
    if (w->o->truth != NULL && gv_truth_open(ctx, w->o->truth, w->g, &w->truth, &err) != GV_OK)
        return cli_fail(w->s, &err);
    if (gv_log_read(ctx, w->o->log, w->g, &o, &w->log, &err) != GV_OK)
        return cli_fail(w->s, &err);
    w->n_topics = gv_log_describe(w->log).n_topics;
    report(w);
    return w->aware != NULL ? check_model(w) : find_split(w);
}

static void say_what_was_done(const evaluate_work *w, double started)
{
    char a[32], b[32];
    const gv_auc *auc = &w->row[EVALUATE_AWARE].auc;
    cli_say(w->s, "%s times a friend bought after the split, and %s of the consumers then bought",
            cli_thousands(auc->records, a), cli_thousands(auc->positives, b));
    cli_stage_done(w->s, "evaluate", started, (double)gv_log_describe(w->log).rows_read, "rows");
}

static void clean_up(evaluate_work *w)
{
    for (int i = 0; i < 3; i++) {
        free(w->scaled[i]);
        free(w->score[i]);
    }
    free(w->flag), free(w->i1), free(w->window), free(w->planted), free(w->truth_topic);
    gv_truth_free(w->truth);
    gv_model_free(w->blind);
    gv_model_free(w->aware);
    gv_log_free(w->blind_log);
    gv_log_free(w->log);
}

static int run(const void *opts, cli_session *s)
{
    const double started = cli_seconds();
    evaluate_work w = {.s = s, .o = opts};
    int code = open_inputs(&w);
    if (code == CLI_OK)
        code = evaluate_compute(&w);
    if (code == CLI_OK)
        code = evaluate_write(&w);
    if (code == CLI_OK)
        say_what_was_done(&w, started);
    if (code == CLI_OK)
        code = evaluate_print(&w);
    clean_up(&w);
    return code;
}

/* Records: friends of those who bought in the last fifth of the log, once each, as far as their
 * window lies in it. With a truth there is one row more. */
static void plan_records(const evaluate_opts *o, gv_plan *plan, const gv_graph_shape *g,
                         const gv_log_shape *log, int32_t rows)
{
    const double friends = g->n_nodes > 0 ? (double)g->n_edges / (double)g->n_nodes : 0.0;
    const double records = 0.12 * (double)log->rows * friends * o->sample;
    gv_plan_begin(plan, "measure", records / records_measured);
    gv_plan_use(plan, GV_PLAN_MEMORY, "records and their scores",
                (int64_t)records * (40 + 8 * (rows + (o->truth != NULL))));
}

/* Two models, with topics and without, from the log and from a copy of it, and the baselines. */
static void plan_learning(const evaluate_opts *o, cli_session *s, gv_plan *plan,
                          const gv_graph_shape *g, const gv_log_shape *log)
{
    gv_model_shape model;
    gv_learn_plan(plan, g, log, gv_context_threads(cli_context(s)), s->budget, &model);
    const gv_plan_sums learnt = gv_plan_sum(plan);
    gv_plan_begin(plan, "the same without topics", learnt.seconds);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "log without topics", 12 * log->rows + 20 * log->items);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "model without topics", 20 * g->n_nodes + 32 * log->rows);
    gv_plan_use(plan, GV_PLAN_MEMORY, "its counters", 28 * g->n_nodes + 16 * log->rows);
    gv_plan_begin(plan, "baselines", 0.1 * learnt.seconds);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "scores of baselines", 24 * g->n_nodes);
    gv_plan_use(plan, GV_PLAN_MEMORY, "PageRank, and ranks of what others are taken for",
                (8 + 40) * g->n_nodes);
    plan_records(o, plan, g, log, EVALUATE_PLANTED);
}

static int plan_given(const evaluate_opts *o, cli_session *s, gv_plan *plan,
                      const gv_graph_shape *g, const gv_log_shape *log)
{
    gv_model_shape model;
    const int code = cli_plan_model(s, o->model, &model);
    if (code != CLI_OK)
        return code;
    cli_plan_map_model(plan, &model);
    gv_log_plan(plan, log, gv_context_threads(cli_context(s)), s->budget);
    plan_records(o, plan, g, log, 2);
    gv_plan_begin(plan, "ranks", 0.0);
    gv_plan_use(plan, GV_PLAN_MEMORY, "scores and ranks", o->truth != NULL ? 40 * g->n_nodes : 0);
    return CLI_OK;
}

static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    const evaluate_opts *o = opts;
    const gv_log_opts read_with = {.columns = o->columns};
    gv_graph_shape g;
    gv_log_shape log;
    gv_error err;
    int code = cli_plan_graph(s, o->graph, &g);
    if (code == CLI_OK && gv_log_look(cli_context(s), o->log, &read_with, &log, &err) != GV_OK)
        code = cli_fail(s, &err);
    if (code != CLI_OK)
        return code;
    unsigned rows = GV_PART_OUT_INDPTR | GV_PART_OUT_INDICES | GV_PART_IN_INDPTR |
                    GV_PART_IN_INDICES | GV_PART_IDS;
    const int64_t cells = log.n_topics * g.n_nodes;
    if (g.rule == GV_PROBABILITY_STORED)
        rows |= GV_PART_OUT_PROBABILITY | GV_PART_IN_PROBABILITY;
    cli_plan_map_graph(s, plan, o->graph, &g, GV_USES_OUT | GV_USES_IN | GV_USES_IDS, rows);
    if (o->truth != NULL) {
        gv_plan_hold(plan, GV_PLAN_RESIDENT, "truth, mapped",
                     10 * cells + 4 * g.n_nodes + g.n_edges);
        gv_plan_hold(plan, GV_PLAN_MEMORY, "planted factors", 4 * cells);
    }
    if (o->model != NULL)
        return plan_given(o, s, plan, &g, &log);
    plan_learning(o, s, plan, &g, &log);
    return CLI_OK;
}

const cli_command cmd_evaluate = {
    .name = "evaluate",
    .summary = "how well a model foresees who buys next, beside baselines",
    .description =
        "Learns a model from the first part of a purchase log and foresees, when a consumer buys "
        "after the split, which of the friends will buy too: the area under the ROC curve (0.5 is "
        "guessing), with an interval, and how the chances foreseen compare with what came. Beside "
        "the model stand one that ignores topics, the same chance for every edge, and consumers "
        "scored by degree, PageRank and a Klout-like score. A model that was learnt before, up to "
        "some moment, is measured with --model; --sample looks at a part of a large log.",
    .example = "grapevine evaluate graph.h5 --log datasets/sample/purchases.tsv",
    .options = options,
    .size = sizeof(evaluate_opts),
    .defaults = defaults,
    .run = run,
    .plan = plan_run,
};
