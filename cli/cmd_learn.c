/* cmd_learn.c -- grapevine learn: a purchase log into an influence model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan.h"

typedef struct learn_opts {
    const char *graph, *log, *output, *topics, *tmpdir;
    const char *columns, *until, *prior_strength;
    int64_t window, min_actions, spell_gap;
    int32_t strict, method, credit, ties;
    bool first_only;
} learn_opts;

enum { STRICT_OFF = 1, LINE_CHARS = 96 };

static const cli_option options[] = {
    {.name = "graph",
     .type = CLI_PATH,
     .offset = offsetof(learn_opts, graph),
     .metavar = "GRAPH.h5",
     .help = "the influence graph",
     .positional = true,
     .required = true},
    {.name = "log",
     .type = CLI_PATH,
     .offset = offsetof(learn_opts, log),
     .metavar = "LOG",
     .help = "purchases: text, gzip or zstd, '-' is standard input; in any order",
     .required = true},
    {.name = "output",
     .letter = 'o',
     .type = CLI_OUTPUT,
     .offset = offsetof(learn_opts, output),
     .metavar = "MODEL.h5",
     .help = "model file to write",
     .required = true},
    {.name = "columns",
     .type = CLI_TEXT,
     .offset = offsetof(learn_opts, columns),
     .metavar = "USER,ITEM,TOPIC,TIME[,VALUE]",
     .help = "names or numbers (from 1) of the log's columns [1,2,3,4]"},
    {.name = "window",
     .type = CLI_SECONDS,
     .offset = offsetof(learn_opts, window),
     .metavar = "TIME",
     .help = "how long a purchase may prompt others: 30d, 12h ...; auto finds it for each topic "
             "from the delays between friends [%s]"},
    {.name = "topics",
     .type = CLI_PATH,
     .offset = offsetof(learn_opts, topics),
     .metavar = "FILE",
     .help = "rows of item, topic and weight: items belong to several topics, in proportion to the "
             "weights; the log's columns are then USER,ITEM,TIME[,VALUE]"},
    {.name = "method",
     .type = CLI_CHOICE,
     .offset = offsetof(learn_opts, method),
     .metavar = "NAME",
     .help = "how friends who bought before are credited: partial-credit shares a purchase among "
             "them; bernoulli credits each in full; jaccard too, and counts what either bought as "
             "exposure; em credits each with the chance that it was theirs [%s]",
     .choices = "partial-credit|bernoulli|jaccard|em"},
    {.name = "credit",
     .type = CLI_CHOICE,
     .offset = offsetof(learn_opts, credit),
     .metavar = "RULE",
     .help = "how partial-credit shares: alike, by time passed, all to the first, or to the last "
             "[%s]",
     .choices = "equal|decay|first|last"},
    {.name = "first-only",
     .type = CLI_FLAG,
     .offset = offsetof(learn_opts, first_only),
     .help = "only the first purchase of an item by a consumer counts: so it is without "
             "--spell-gap"},
    {.name = "spell-gap",
     .type = CLI_SECONDS,
     .offset = offsetof(learn_opts, spell_gap),
     .metavar = "TIME",
     .help = "a purchase of an item counts again after so long without one: 90d ...; none: only "
             "first ones count [%s]",
     .choices = "none"},
    {.name = "until",
     .type = CLI_TEXT,
     .offset = offsetof(learn_opts, until),
     .metavar = "DATE",
     .help = "ignore purchases after this moment (UTC; a date is its first second), or none [%s]"},
    {.name = "prior-strength",
     .type = CLI_TEXT,
     .offset = offsetof(learn_opts, prior_strength),
     .metavar = "auto|K",
     .help = "weight, in exposures, of what is known of the two consumers against what is known of "
             "the edge itself [%s]"},
    {.name = "ties",
     .type = CLI_CHOICE,
     .offset = offsetof(learn_opts, ties),
     .metavar = "NAME",
     .help = "strengths of the graph's edges (import --probability COL), where it has any: prior "
             "expects of an edge by its strength over the mean of its source's; ignore does not "
             "look at them [%s]",
     .choices = "prior|ignore"},
    {.name = "min-actions",
     .type = CLI_INT,
     .offset = offsetof(learn_opts, min_actions),
     .metavar = "N",
     .help = "purchases in a topic that an influencer of it needs [%s]",
     .min = 0,
     .max = 2147483647},
    {.name = "strict",
     .type = CLI_CHOICE,
     .offset = offsetof(learn_opts, strict),
     .metavar = "on|off",
     .help = "off: skip rows that cannot be read, count them and show the first 100 [%s]",
     .choices = "on|off"},
    {.name = "tmpdir",
     .type = CLI_PATH,
     .offset = offsetof(learn_opts, tmpdir),
     .metavar = "DIR",
     .help = "folder for temporary data, when the purchases do not fit in --memory [that of the "
             "output]"},
    {.name = NULL},
};

static void defaults(void *opts)
{
    const gv_learn_opts d = gv_learn_defaults();
    *(learn_opts *)opts = (learn_opts){.until = "none",
                                       .prior_strength = "auto",
                                       .window = d.window,
                                       .min_actions = d.min_actions,
                                       .strict = gv_log_defaults().lenient ? STRICT_OFF : 0};
}

/* ---- options -------------------------------------------------------------------------------- */

static int take_options(cli_session *s, const learn_opts *o, gv_learn_opts *to)
{
    gv_error err;
    char *end;
    to->method = (gv_learn_method)o->method;
    to->credit = (gv_credit_rule)o->credit;
    to->spell_gap = o->spell_gap;
    to->window = o->window;
    to->ties = (gv_ties)o->ties;
    if (o->first_only && o->spell_gap > 0)
        return cli_fail_text(s, CLI_USAGE, "--first-only and --spell-gap exclude each other");
    if (o->credit != 0 && o->method != 0)
        return cli_fail_text(s, CLI_USAGE, "--credit is for --method partial-credit");
    to->min_actions = (int32_t)o->min_actions;
    to->seed = cli_seed(s);
    if (strcmp(o->until, "none") != 0 && gv_time_parse(o->until, &to->until, &err) != GV_OK)
        return cli_fail_text(s, CLI_USAGE, "--until: '%s' is not none, a date or a time", o->until);
    if (strcmp(o->prior_strength, "auto") == 0)
        return CLI_OK;
    to->prior_strength = strtod(o->prior_strength, &end);
    if (end == o->prior_strength || *end != '\0' || !isfinite(to->prior_strength) ||
        to->prior_strength < 0.0)
        return cli_fail_text(s, CLI_USAGE, "--prior-strength: '%s' is not auto or a number >= 0",
                             o->prior_strength);
    return CLI_OK;
}

static void show_bad_row(void *session, const char *message)
{
    cli_say(session, "skipped %s", message);
}

/* ---- words ---------------------------------------------------------------------------------- */

static void report_log(cli_session *s, const gv_log_info *log)
{
    char a[32], b[32], c[32];
    if (log->bytes_spilled > 0)
        cli_say(s, "%s bytes of temporary data", cli_thousands(log->bytes_spilled, a));
    cli_say(s, "%s rows read, %s kept, in %s topics", cli_thousands(log->rows_read, a),
            cli_thousands(log->rows_kept, b), cli_thousands(log->n_topics, c));
    if (log->rows_bad > 0)
        cli_say(s, "%s rows skipped because they could not be read",
                cli_thousands(log->rows_bad, a));
    if (log->rows_without_topic > 0)
        cli_say(s, "%s rows of items without a topic are left out",
                cli_thousands(log->rows_without_topic, a));
    if (log->rows_unmatched > 0)
        cli_say(s, "%s rows of %s people are not in the graph",
                cli_thousands(log->rows_unmatched, a), cli_thousands(log->users_unmatched, b));
}

/* The windows of all topics in lines of a readable length. */
static void report_windows(cli_session *s, const gv_model *m)
{
    char line[2 * LINE_CHARS + GV_TOPIC_CHARS] = "";
    const int32_t n = gv_model_topics(m);
    for (int32_t z = 0; z < n; z++) {
        const size_t used = strlen(line);
        snprintf(line + used, sizeof line - used, "%s%s %.3g", used > 0 ? ", " : "",
                 gv_model_topic(m, z), gv_model_window(m, z) / 86400.0);
        if (z == n - 1 || strlen(line) > LINE_CHARS) {
            cli_say(s, "window in days: %s", line);
            line[0] = '\0';
        }
    }
}

static void report_model(cli_session *s, const gv_log_info *log, const gv_learn_info *info,
                         const gv_model *m)
{
    char a[32], b[32], c[32];
    cli_say(s, "%s first purchases of %s items, %s repeats", cli_thousands(info->adoptions, a),
            cli_thousands(log->n_items, b), cli_thousands(info->repeats, c));
    cli_say(s, "%s purchases credited to friends; %s edges and topics with evidence of their own",
            cli_thousands(info->credited, a), cli_thousands(info->evidence, b));
    report_windows(s, m);
    if (gv_model_has_strengths(m))
        cli_say(s,
                "the graph's strengths are the prior of its edges (--ties ignore: they are not)");
    cli_say(s,
            "strength of priors in exposures: influencers %.4g, listeners %.4g, edges %.4g; "
            "edges over all topics %.4g",
            info->k_source, info->k_target, info->k_edge, info->k_tie);
}

/* Two passes over purchases and the buyers' friends, eight walks along all edges; and files. */
static void say_what_was_done(cli_session *s, const learn_opts *o, const gv_graph *g,
                              double started, const gv_log_info *log)
{
    const double n = (double)gv_graph_nodes(g), edges = (double)gv_graph_edges(g);
    const double friends = n > 0.0 ? edges / n : 0.0;
    cli_stage_done(s, "learn", started, (double)log->rows_read, "rows");
    cli_stage_moved(s, 2.0 * (double)log->rows_kept * (12.0 + 4.0 * friends) + 8.0 * 4.0 * edges +
                           cli_file_bytes(o->log) + cli_file_bytes(o->output));
}

/* ---- run ------------------------------------------------------------------------------------ */

static int learn(cli_session *s, const learn_opts *o, const gv_graph *g,
                 const gv_learn_opts *learn_with)
{
    const double started = cli_seconds();
    gv_context *ctx = cli_context(s);
    gv_log *log = NULL;
    gv_model *m = NULL;
    gv_learn_info info;
    gv_error err;
    int code = CLI_OK;
    gv_log_opts read_with = gv_log_defaults();
    read_with.columns = o->columns;
    read_with.topics = o->topics;
    read_with.lenient = o->strict == STRICT_OFF;
    read_with.bad_row = show_bad_row;
    read_with.bad_row_data = s;
    char *beside = o->tmpdir == NULL ? cli_folder_of(o->output) : NULL;
    read_with.tmpdir = beside != NULL ? beside : o->tmpdir;
    const gv_status read = gv_log_read(ctx, o->log, g, &read_with, &log, &err);
    free(beside);
    if (read != GV_OK)
        return cli_fail(s, &err);
    const gv_log_info rows = gv_log_describe(log);
    report_log(s, &rows);
    const gv_status learnt = gv_learn(ctx, g, log, learn_with, &m, &info, &err);
    gv_log_free(log);
    if (learnt != GV_OK) {
        code = cli_fail(s, &err);
    } else {
        report_model(s, &rows, &info, m);
        if (gv_model_save(ctx, m, o->output, cli_force(s), &err) != GV_OK)
            code = cli_fail(s, &err);
        else
            say_what_was_done(s, o, g, started, &rows);
    }
    gv_model_free(m);
    return code;
}

/* Strengths are read along edges of both directions. */
static unsigned uses_of(const gv_learn_opts *o)
{
    return GV_USES_OUT | GV_USES_IN | GV_USES_IDS |
           (o->ties == GV_TIES_PRIOR ? GV_USES_PROBABILITY : 0u);
}

static int run(const void *opts, cli_session *s)
{
    const learn_opts *o = opts;
    gv_learn_opts learn_with = gv_learn_defaults();
    const gv_graph *g;
    int code = take_options(s, o, &learn_with);
    if (code == CLI_OK)
        code = cli_graph(s, o->graph, uses_of(&learn_with), &g);
    return code == CLI_OK ? learn(s, o, g, &learn_with) : code;
}

static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    const learn_opts *o = opts;
    gv_learn_opts learn_with = gv_learn_defaults();
    const gv_log_opts read_with = {.columns = o->columns, .topics = o->topics};
    gv_graph_shape g;
    gv_log_shape log;
    gv_model_shape model;
    gv_error err;
    int code = take_options(s, o, &learn_with);
    if (code == CLI_OK)
        code = cli_plan_graph(s, o->graph, &g);
    if (code == CLI_OK && gv_log_look(cli_context(s), o->log, &read_with, &log, &err) != GV_OK)
        code = cli_fail(s, &err);
    if (code != CLI_OK)
        return code;
    unsigned rows = GV_PART_OUT_INDPTR | GV_PART_OUT_INDICES | GV_PART_IN_INDPTR |
                    GV_PART_IN_INDICES | GV_PART_IDS;
    if (learn_with.ties == GV_TIES_IGNORE)
        g.rule = GV_PROBABILITY_NONE;
    if (g.rule == GV_PROBABILITY_STORED)
        rows |= GV_PART_OUT_PROBABILITY | GV_PART_IN_PROBABILITY;
    cli_plan_map_graph(s, plan, o->graph, &g, uses_of(&learn_with), rows);
    const int32_t file =
        gv_learn_plan(plan, &g, &log, gv_context_threads(cli_context(s)), s->budget, &model);
    gv_plan_drop(plan, file);
    const int64_t counters = 28 * model.pairs;
    cli_plan_state(s, plan, counters + 8 * log.rows,
                   counters + 24 * model.evidence + 8 * model.n_nodes);
    cli_plan_write(plan, gv_model_bytes(&model));
    cli_plan_leave_model(s, o->output, &model);
    return CLI_OK;
}

const cli_command cmd_learn = {
    .name = "learn",
    .summary = "a purchase log into an influence model, topic by topic",
    .description =
        "Finds for each influence edge and topic how likely a purchase of the one is to make the "
        "other buy, from purchases that follow those of friends within a window. Writes what is "
        "known of consumers and edges to MODEL.h5. Times are unix seconds or ISO dates (UTC). A "
        "consumer's later purchases of an item are repeats: counted, and otherwise ignored, unless "
        "--spell-gap says after how long they count again.",
    .example = "grapevine learn graph.h5 --log datasets/sample/purchases.tsv -o model.h5",
    .options = options,
    .resumable = true,
    .size = sizeof(learn_opts),
    .defaults = defaults,
    .run = run,
    .plan = plan_run,
};
