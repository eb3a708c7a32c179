/* parse.c -- the arguments of a command: --name VALUE, --name=VALUE, -x VALUE, positions. */
#include <string.h>

#include "cli/options.h"

typedef struct parser {
    const cli_command *command;
    int argc;
    char **argv;
    int at;
    void *opts;
    cli_common *common;
    gv_error *err;
} parser;

static bool fail(parser *p, const char *format, const char *text)
{
    p->err->status = GV_ERR_ARG;
    snprintf(p->err->message, sizeof p->err->message, format, text);
    return false;
}

static const cli_option *find_letter(const cli_option *options, char letter)
{
    for (const cli_option *o = options; o->name != NULL; o++)
        if (o->letter != 0 && o->letter == letter)
            return o;
    return NULL;
}

/* Sets option `o` of either table: value after '=', or the next argument, or none for a flag. */
static bool set(parser *p, const cli_option *o, void *opts, const char *value)
{
    if (o->type == CLI_FLAG)
        return cli_option_set(o, opts, value != NULL ? value : "true", p->err);
    if (value == NULL && p->at < p->argc)
        value = p->argv[p->at++];
    if (value == NULL)
        return fail(p, "--%s needs a value", o->name);
    if (o == cli_option_find(cli_common_options, "seed"))
        ((cli_common *)opts)->seed_given = true;
    return cli_option_set(o, opts, value, p->err);
}

static bool parse_long(parser *p, const char *argument)
{
    char name[64];
    const char *equals = strchr(argument, '=');
    const size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
    snprintf(name, sizeof name, "%.*s", (int)(length < 63 ? length : 63), argument);
    const char *value = equals != NULL ? equals + 1 : NULL;
    const cli_option *o = cli_option_find(p->command->options, name);
    if (o != NULL && !o->positional)
        return set(p, o, p->opts, value);
    o = cli_option_find(cli_common_options, name);
    if (o == NULL && p->command->resumable)
        o = cli_option_find(cli_checkpoint_options, name);
    if (o != NULL)
        return set(p, o, p->common, value);
    return fail(p, "there is no option --%s; see --help", name);
}

static bool parse_short(parser *p, const char *argument)
{
    const cli_option *o = find_letter(p->command->options, argument[1]);
    if (o == NULL)
        return fail(p, "there is no option %s; see --help", argument);
    return set(p, o, p->opts, argument[2] != '\0' ? argument + 2 : NULL);
}

/* A list takes all positions from its own on; others take one each. */
static bool parse_position(parser *p, int *position, char *argument)
{
    int index = 0;
    for (const cli_option *o = p->command->options; o->name != NULL; o++) {
        if (!o->positional)
            continue;
        if (index == *position) {
            *position += o->type != CLI_PATHS;
            return cli_option_set(o, p->opts, argument, p->err);
        }
        index++;
    }
    return fail(p, "'%s' is one argument too many; see --help", argument);
}

static bool parse_all(parser *p, bool *help)
{
    int position = 0;
    bool only_positions = false;
    while (p->at < p->argc) {
        char *argument = p->argv[p->at++];
        bool ok;
        if (only_positions || argument[0] != '-' || argument[1] == '\0')
            ok = parse_position(p, &position, argument);
        else if (strcmp(argument, "--") == 0)
            ok = only_positions = true;
        else if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
            return *help = true;
        else
            ok = argument[1] == '-' ? parse_long(p, argument + 2) : parse_short(p, argument);
        if (!ok)
            return false;
    }
    return true;
}

cli_parsed cli_parse(const cli_command *command, int argc, char **argv, void *opts,
                     cli_common *common, gv_error *err)
{
    parser p = {
        .command = command, .argc = argc, .argv = argv, .opts = opts, .common = common, .err = err};
    bool help = false;
    if (!parse_all(&p, &help))
        return CLI_PARSED_BAD;
    if (help)
        return CLI_PARSED_HELP;
    const cli_option *missing = cli_option_missing(command->options, opts);
    if (missing == NULL)
        return CLI_PARSED_RUN;
    fail(&p, missing->positional ? "%s is missing; see --help" : "--%s is missing; see --help",
         missing->positional ? missing->metavar : missing->name);
    return CLI_PARSED_BAD;
}
