/* cmd_import.c -- grapevine import: edge lists into a graph file. */
#include <stdlib.h>
#include <string.h>

#include "cli/plan.h"

typedef struct import_opts {
    cli_list edges;
    const char *output;
    bool undirected, reverse, interactions;
    int64_t half_life;
    const char *columns, *probability, *nodes, *tmpdir;
    int32_t duplicates, self_loops, id, strict;
    int64_t skip_lines;
} import_opts;

enum { SELF_LOOPS_ERROR = 1, STRICT_OFF = 1 };

static const cli_option options[] = {
    {.name = "edges",
     .type = CLI_PATHS,
     .offset = offsetof(import_opts, edges),
     .metavar = "EDGES",
     .help =
         "edge lists: text, gzip or zstd, '-' is standard input; or Matrix Market, METIS (.graph), "
         "GAP (.sg, .wsg); together they make one graph",
     .positional = true,
     .required = true},
    {.name = "output",
     .letter = 'o',
     .type = CLI_OUTPUT,
     .offset = offsetof(import_opts, output),
     .metavar = "GRAPH.h5",
     .help = "graph file to write",
     .required = true},
    {.name = "undirected",
     .type = CLI_FLAG,
     .offset = offsetof(import_opts, undirected),
     .help = "each row is an edge both ways"},
    {.name = "reverse",
     .type = CLI_FLAG,
     .offset = offsetof(import_opts, reverse),
     .help = "rows read 'a trusts (follows) b': influence flows from b to a"},
    {.name = "columns",
     .type = CLI_TEXT,
     .offset = offsetof(import_opts, columns),
     .metavar = "SRC,DST[,W]",
     .help = "names or numbers (from 1) of the columns of source, target and weight [1,2]"},
    {.name = "probability",
     .type = CLI_TEXT,
     .offset = offsetof(import_opts, probability),
     .metavar = "RULE",
     .help = "probability of an edge: a column's name or number; wc, weighted cascade (1 / "
             "in-degree, or the weight over the sum of in-weights); const:P; tri (.1, .01 or "
             ".001, drawn for each edge); or none [%s]"},
    {.name = "nodes",
     .type = CLI_PATH,
     .offset = offsetof(import_opts, nodes),
     .metavar = "FILE",
     .help = "table of consumers with a header: id, then numeric attributes; everyone in it is a "
             "consumer, even without edges"},
    {.name = "duplicates",
     .type = CLI_CHOICE,
     .offset = offsetof(import_opts, duplicates),
     .metavar = "HOW",
     .help = "several edges between the same two: combine (1 - (1 - p)(1 - q)), sum, max or error "
             "[%s]",
     .choices = "combine|sum|max|error"},
    {.name = "self-loops",
     .type = CLI_CHOICE,
     .offset = offsetof(import_opts, self_loops),
     .metavar = "HOW",
     .help = "edges of a consumer with themselves: drop or error [%s]",
     .choices = "drop|error"},
    {.name = "id",
     .type = CLI_CHOICE,
     .offset = offsetof(import_opts, id),
     .metavar = "KIND",
     .help = "ids are int, string (1 to 64 bytes) or as the first row has them [%s]",
     .choices = "auto|int|string"},
    {.name = "skip-lines",
     .type = CLI_INT,
     .offset = offsetof(import_opts, skip_lines),
     .metavar = "N",
     .help = "lines to pass over at the top of each edge file [%s]",
     .min = 0,
     .max = 9e15},
    {.name = "strict",
     .type = CLI_CHOICE,
     .offset = offsetof(import_opts, strict),
     .metavar = "on|off",
     .help = "off: skip rows that cannot be read, count them and show the first 100 [%s]",
     .choices = "on|off"},
    {.name = "interactions",
     .type = CLI_FLAG,
     .offset = offsetof(import_opts, interactions),
     .help = "rows are messages: source, target, time, topic, stage, channel, group size; recent, "
             "personal and decisive ones make stronger edges"},
    {.name = "half-life",
     .type = CLI_SECONDS,
     .offset = offsetof(import_opts, half_life),
     .metavar = "TIME",
     .help = "time in which an interaction loses half its weight [%s]",
     .min = 1},
    {.name = "tmpdir",
     .type = CLI_PATH,
     .offset = offsetof(import_opts, tmpdir),
     .metavar = "DIR",
     .help =
         "folder for temporary data, when the edges do not fit in --memory [that of the output]"},
    {.name = NULL},
};

static void defaults(void *opts)
{
    const gv_import_opts d = gv_import_defaults();
    *(import_opts *)opts =
        (import_opts){.probability = "none",
                      .duplicates = (int32_t)d.build.duplicates,
                      .self_loops = d.build.self_loops_error ? SELF_LOOPS_ERROR : 0,
                      .id = (int32_t)d.ids,
                      .half_life = d.half_life,
                      .skip_lines = d.skip_lines,
                      .strict = d.lenient ? STRICT_OFF : 0};
}

/* Fills the rule; false if `text` is const:P with a P that is no probability. */
static bool set_probability(const char *text, gv_import_opts *to)
{
    if (strcmp(text, "none") == 0) {
        to->build.source = GV_FROM_NONE;
    } else if (strcmp(text, "wc") == 0) {
        to->build.source = GV_FROM_WC;
    } else if (strcmp(text, "tri") == 0) {
        to->build.source = GV_FROM_TRIVALENCY;
    } else if (strncmp(text, "const:", 6) == 0) {
        char *end;
        to->build.source = GV_FROM_CONSTANT;
        to->build.constant = strtod(text + 6, &end);
        return end != text + 6 && *end == '\0' && to->build.constant >= 0.0 &&
               to->build.constant <= 1.0;
    } else {
        to->build.source = GV_FROM_WEIGHT;
        to->probability_column = text;
    }
    return true;
}

static void show_bad_row(void *session, const char *message)
{
    cli_say(session, "skipped %s", message);
}

static void report(cli_session *s, const gv_import_info *info)
{
    char a[32], b[32];
    cli_say(s, "%s consumers, %s influence edges", cli_thousands(info->n_nodes, a),
            cli_thousands(info->n_edges, b));
    if (info->build.self_loops > 0)
        cli_say(s, "%s self-loops dropped", cli_thousands(info->build.self_loops, a));
    if (info->build.duplicates > 0)
        cli_say(s, "%s duplicate edges merged", cli_thousands(info->build.duplicates, a));
    if (info->rows_bad > 0)
        cli_say(s, "%s rows skipped because they could not be read",
                cli_thousands(info->rows_bad, a));
    if (info->bytes_spilled > 0)
        cli_say(s, "%s MB of temporary files were used",
                cli_thousands((info->bytes_spilled + 999999) / 1000000, a));
}

static int take_options(cli_session *s, const import_opts *o, gv_import_opts *d)
{
    *d = gv_import_defaults();
    if (!set_probability(o->probability, d))
        return cli_fail_text(s, CLI_USAGE, "--probability: '%s' is not const:P with P in [0, 1]",
                             o->probability);
    d->build.undirected = o->undirected;
    d->build.self_loops_error = o->self_loops == SELF_LOOPS_ERROR;
    d->build.duplicates = (gv_duplicates)o->duplicates;
    d->build.seed = cli_seed(s);
    d->reverse = o->reverse;
    d->columns = o->columns;
    d->nodes = o->nodes;
    d->tmpdir = o->tmpdir;
    d->interactions = o->interactions;
    d->half_life = o->half_life;
    d->ids = (gv_ids_wanted)o->id;
    d->skip_lines = o->skip_lines;
    d->lenient = o->strict == STRICT_OFF;
    d->bad_row = show_bad_row;
    d->bad_row_data = s;
    return CLI_OK;
}

static int run(const void *opts, cli_session *s)
{
    const import_opts *o = opts;
    const double started = cli_seconds();
    gv_import_opts d;
    const int code = take_options(s, o, &d);
    if (code != CLI_OK)
        return code;
    gv_error err;
    gv_import_info info;
    if (gv_import_file(cli_context(s), o->edges.item, o->edges.n, &d, o->output, cli_force(s),
                       &info, &err) != GV_OK)
        return cli_fail(s, &err);
    report(s, &info);
    cli_stage_done(s, "import", started, (double)info.rows_read, "rows");
    double moved = cli_file_bytes(o->output);
    for (int64_t i = 0; i < o->edges.n; i++)
        moved += cli_file_bytes(o->edges.item[i]);
    cli_stage_moved(s, moved);
    return CLI_OK;
}

static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    const import_opts *o = opts;
    gv_import_opts d;
    gv_graph_shape g;
    gv_error err;
    const int code = take_options(s, o, &d);
    if (code != CLI_OK)
        return code;
    if (gv_import_plan(cli_context(s), o->edges.item, o->edges.n, &d, s->budget, plan, &g, &err) !=
        GV_OK)
        return cli_fail(s, &err);
    cli_plan_write(plan, gv_graph_bytes(&g, GV_PART_ALL));
    cli_plan_leave_graph(s, o->output, &g);
    return CLI_OK;
}

const cli_command cmd_import = {
    .name = "import",
    .summary = "edge lists (text, gzip, zstd) into a graph file",
    .description =
        "Reads rows of source and target, and optionally a weight, into GRAPH.h5. Fields are "
        "parted by tabs, commas or blanks; lines that start with # are comments; a header is "
        "recognised. An edge u -> v says that u can influence v. The graph does not depend on the "
        "order of rows or files.",
    .example = "grapevine import datasets/sample/friends.tsv --undirected --nodes "
               "datasets/sample/consumers.tsv -o graph.h5",
    .options = options,
    .size = sizeof(import_opts),
    .defaults = defaults,
    .run = run,
    .plan = plan_run,
};
