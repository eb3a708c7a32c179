/* main.c -- grapevine: finds the command, reads its options, runs it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/session.h"

const cli_command *const cli_commands[] = {
    &cmd_import,    &cmd_generate, &cmd_info,   &cmd_verify, &cmd_learn, &cmd_cascade, &cmd_ppr,
    &cmd_influence, &cmd_evaluate, &cmd_export, &cmd_run,    &cmd_merge, NULL,
};

/* Words for stdout may be on their way into a full disk. */
static int said(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return CLI_OK;
    fprintf(stderr, "grapevine: standard output: %s\n", strerror(errno));
    return CLI_IO_ERROR;
}

static const cli_command *find_command(const char *name)
{
    for (const cli_command *const *c = cli_commands; *c != NULL; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}

/* Commands that read a file once are not worth a second start for the sake of bound threads. */
static bool is_brief(const cli_command *command)
{
    return command == &cmd_info || command == &cmd_verify || command == &cmd_export ||
           command == &cmd_merge;
}

static int run_command(const cli_command *command, int argc, char **argv)
{
    _Alignas(16) char opts[CLI_MAX_STRUCT] = {0};
    cli_common common;
    cli_session session;
    gv_error err;
    cli_common_defaults(&common);
    if (command->defaults != NULL)
        command->defaults(opts);
    int code = CLI_USAGE;
    switch (cli_parse(command, argc, argv, opts, &common, &err)) {
    case CLI_PARSED_HELP:
        cli_print_help(stdout, command);
        code = said();
        break;
    case CLI_PARSED_BAD:
        fprintf(stderr, "grapevine: %s: %s\n", command->name, err.message);
        break;
    case CLI_PARSED_RUN:
        if (!is_brief(command))
            cli_machine_bind(&common, argv - 2);
        code = cli_session_open(&session, &common);
        if (code == CLI_OK)
            code = cli_session_run(&session, command, opts);
        cli_session_close(&session, code);
        break;
    }
    cli_options_free(command->options, opts);
    return code;
}

int main(int argc, char **argv)
{
    cli_watch_signals();
    if (argc < 2) {
        cli_print_usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        cli_print_usage(stdout);
        return said();
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("grapevine %s\n", GV_VERSION);
        return said();
    }
    const cli_command *command = find_command(argv[1]);
    if (command == NULL) {
        fprintf(stderr, "grapevine: there is no command '%s'; see grapevine --help\n", argv[1]);
        return CLI_USAGE;
    }
    return run_command(command, argc - 2, argv + 2);
}
