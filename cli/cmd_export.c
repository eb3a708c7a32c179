/* cmd_export.c -- grapevine export: tables of a graph or results file as tab-separated text. */
#include <inttypes.h>
#include <string.h>

#include "cli/plan.h"

typedef struct export_opts {
    const char *file, *table, *topic, *output;
} export_opts;

static const cli_option options[] = {
    {.name = "file",
     .type = CLI_PATH,
     .offset = offsetof(export_opts, file),
     .metavar = "FILE.h5",
     .help = "a graph or results file",
     .positional = true,
     .required = true},
    {.name = "table",
     .type = CLI_TEXT,
     .offset = offsetof(export_opts, table),
     .metavar = "NAME",
     .help = "of a graph: edges, nodes; of results: influencers, prospects, cascade/NAME (its "
             "curve), spreads/NAME (by world), activations/NAME (by consumer), "
             "marginals/NAME (by seed), topk/NAME",
     .required = true},
    {.name = "topic",
     .type = CLI_TEXT,
     .offset = offsetof(export_opts, topic),
     .metavar = "NAME",
     .help = "only rows of this topic; none: of all topics [%s]"},
    {.name = "output",
     .letter = 'o',
     .type = CLI_OUTPUT,
     .offset = offsetof(export_opts, output),
     .metavar = "OUT.tsv",
     .help = "file to write; none or -: standard output [%s]"},
    {.name = NULL},
};

static bool write_all(void *data, const char *text, int64_t bytes)
{
    return fwrite(text, 1, (size_t)bytes, data) == (size_t)bytes;
}

static int find_topic(const cli_session *s, const export_opts *o, const gv_file *f, int32_t *topic)
{
    *topic = -1;
    if (o->topic == NULL)
        return CLI_OK;
    *topic = gv_file_find_topic(f, o->topic);
    return *topic >= 0
               ? CLI_OK
               : cli_fail_text(s, CLI_USAGE, "--topic: %s has no topic '%s'", o->file, o->topic);
}

static int write_table(cli_session *s, const export_opts *o, gv_file *f, int32_t topic)
{
    gv_error err;
    int code = CLI_OK;
    int64_t n_rows = 0;
    const double started = cli_seconds();
    cli_text *text = cli_text_create(s, o->output, &code);
    if (text == NULL)
        return code;
    const gv_status st =
        gv_file_export(f, o->table, topic, write_all, cli_text_file(text), &n_rows, &err);
    if (st == GV_OK || st == GV_ERR_IO) /* a failed write is told by the commit, with its reason */
        code = cli_text_commit(s, text);
    else
        cli_text_discard(text);
    if (st != GV_OK)
        return code != CLI_OK ? code : cli_fail(s, &err);
    if (code == CLI_OK)
        cli_stage_done(s, "export", started, (double)n_rows, "rows");
    return code;
}

static int run(const void *opts, cli_session *s)
{
    const export_opts *o = opts;
    gv_file *f = NULL;
    gv_error err;
    int32_t topic = -1;
    if (gv_file_open(cli_context(s), o->file, &f, &err) != GV_OK)
        return cli_fail(s, &err);
    int code = find_topic(s, o, f, &topic);
    if (code == CLI_OK)
        code = write_table(s, o, f, topic);
    gv_file_close(f);
    return code;
}

static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    const export_opts *o = opts;
    return cli_plan_look(s, plan, o->file, CLI_LOOK_EXPORT, o->table);
}

const cli_command cmd_export = {
    .name = "export",
    .summary = "tables of a graph or results file as text",
    .description =
        "Writes a table as tab-separated text with a header line: influencers by topic and rank, "
        "prospects by topic and probability, the course of a cascade, best consumers, edges, "
        "consumers. An undirected graph gives each edge in both directions.",
    .example = "grapevine export influence.h5 --table influencers --topic books -o books.tsv",
    .options = options,
    .size = sizeof(export_opts),
    .run = run,
    .plan = plan_run,
};
