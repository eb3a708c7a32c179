/* help.c -- help texts, made from the option tables so that they cannot drift from the program. */
#include <string.h>

#include "cli/options.h"

enum { HELP_WIDTH = 80, HELP_INDENT = 26 };

static void *zeroed(void *opts)
{
    return memset(opts, 0, CLI_MAX_STRUCT);
}

/* Prints words up to HELP_WIDTH columns; following lines start at `indent`. */
static void print_wrapped(FILE *to, const char *text, int column, int indent)
{
    while (*text != '\0') {
        const int length = (int)strcspn(text, " ");
        if (column > indent && column + 1 + length > HELP_WIDTH) {
            fprintf(to, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', to);
            column++;
        }
        column += fprintf(to, "%.*s", length, text);
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}

static void print_option(FILE *to, const cli_option *o, const void *defaults)
{
    char value[256], text[1024], left[128];
    cli_option_text(o, defaults, value, sizeof value);
    const char *mark = strstr(o->help, "%s");
    if (mark != NULL)
        snprintf(text, sizeof text, "%.*s%s%s", (int)(mark - o->help), o->help,
                 *value != '\0' ? value : "none", mark + 2);
    else
        snprintf(text, sizeof text, "%s", o->help);
    char letter[8] = "    ";
    if (o->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    if (o->positional)
        snprintf(left, sizeof left, "  %s", o->metavar);
    else
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name, o->metavar != NULL ? " " : "",
                 o->metavar != NULL ? o->metavar : "");
    int column = fprintf(to, "%s", left);
    if (column > HELP_INDENT - 2) {
        fputc('\n', to);
        column = 0;
    }
    fprintf(to, "%*s", HELP_INDENT - column, "");
    print_wrapped(to, text, HELP_INDENT, HELP_INDENT);
}

static void print_synopsis(FILE *to, const cli_command *c)
{
    fprintf(to, "Usage: grapevine %s [options]", c->name);
    for (const cli_option *o = c->options; o->name != NULL; o++) {
        if (o->positional)
            fprintf(to, o->required ? " %s%s" : " [%s%s]", o->metavar,
                    o->type == CLI_PATHS ? "..." : "");
        else if (o->required)
            fprintf(to, " --%s %s", o->name, o->metavar);
    }
    fprintf(to, "\n\n");
}

static void print_table(FILE *to, const cli_option *options, const void *defaults)
{
    for (const cli_option *o = options; o->name != NULL; o++)
        print_option(to, o, defaults);
}

void cli_print_help(FILE *to, const cli_command *c)
{
    _Alignas(16) char opts[CLI_MAX_STRUCT];
    cli_common common;
    zeroed(opts);
    if (c->defaults != NULL)
        c->defaults(opts);
    cli_common_defaults(&common);
    print_synopsis(to, c);
    print_wrapped(to, c->description, 0, 0);
    fprintf(to, "\nOptions:\n");
    print_table(to, c->options, opts);
    fprintf(to, "\nCommon options:\n");
    print_table(to, cli_common_options, &common);
    if (c->resumable)
        print_table(to, cli_checkpoint_options, &common);
    fprintf(to, "  -h, --help              this text\n");
    fprintf(to, "\nExample:\n  %s\n", c->example);
}

void cli_print_usage(FILE *to)
{
    fprintf(to,
            "Usage: grapevine COMMAND [options]\n\n"
            "Word-of-mouth at population scale: who makes friends buy, in which category, how a\n"
            "recommendation spreads, whom to contact.\n\n"
            "Commands:\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++)
        fprintf(to, "  %-10s  %s\n", (*c)->name, (*c)->summary);
    fprintf(to, "\n  grapevine COMMAND --help  explains a command and its options\n"
                "  grapevine --version       prints the version\n");
}
