/* cmd_verify.c -- grapevine verify: every checksum and invariant of a file. */
#include <inttypes.h>

#include "cli/plan.h"

typedef struct verify_opts {
    const char *file;
} verify_opts;

static const cli_option options[] = {
    {.name = "file",
     .type = CLI_PATH,
     .offset = offsetof(verify_opts, file),
     .metavar = "FILE.h5",
     .help = "a graph, model, truth or results file, or the sidecar of a graph",
     .positional = true,
     .required = true},
    {.name = NULL},
};

static void seen(void *data, const char *what, int64_t arrays, int64_t bytes)
{
    FILE *to = data;
    char number[32];
    if (arrays > 0)
        fprintf(to, "%-24s %3" PRId64 " %s %16s bytes  checksums agree\n", what, arrays,
                arrays == 1 ? "array " : "arrays", cli_thousands(bytes, number));
    else
        fprintf(to, "%s\n", what);
}

static int run(const void *opts, cli_session *s)
{
    const verify_opts *o = opts;
    gv_error err;
    int code = CLI_OK;
    cli_text *text = cli_text_create(s, NULL, &code);
    if (text == NULL)
        return code;
    FILE *to = cli_text_file(text);
    const gv_status st = gv_file_verify(cli_context(s), o->file, seen, to, &err);
    if (st == GV_OK)
        fprintf(to, "%s: ok\n", o->file);
    const int written = cli_text_commit(s, text);
    return st == GV_OK ? written : cli_fail(s, &err);
}

static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    return cli_plan_look(s, plan, ((const verify_opts *)opts)->file, CLI_LOOK_VERIFY, NULL);
}

const cli_command cmd_verify = {
    .name = "verify",
    .summary = "check every checksum and invariant of a file",
    .description =
        "Reads a whole file: every array has the checksum it was written with, and the arrays are "
        "what they must be. Prints a line for each group of arrays, and ok; or names the first "
        "thing that is wrong and leaves with 65.",
    .example = "grapevine verify graph.h5",
    .options = options,
    .size = sizeof(verify_opts),
    .run = run,
    .plan = plan_run,
};
