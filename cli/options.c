/* options.c -- one table of options serves the command line, job files, help and provenance. */
#include "cli/options.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const cli_option cli_common_options[] = {
    {.name = "threads",
     .type = CLI_INT,
     .offset = offsetof(cli_common, threads),
     .metavar = "N",
     .help = "threads; 0 is one for each core this process may use [%s]",
     .min = 0,
     .max = 4096},
    {.name = "memory",
     .type = CLI_SIZE,
     .offset = offsetof(cli_common, memory),
     .metavar = "SIZE",
     .help = "memory to hold at most: 8G, 512M or bytes; mapped files do not count; auto is what "
             "the machine and the control group have left [%s]",
     .min = 1048576,
     .max = 9e18},
    {.name = "dry-run",
     .type = CLI_FLAG,
     .offset = offsetof(cli_common, dry_run),
     .help = "print what the command would take of memory, disk and time, and run nothing; exit "
             "code 78 if it does not fit into --memory"},
    {.name = "seed",
     .type = CLI_INT,
     .offset = offsetof(cli_common, seed),
     .metavar = "N",
     .help = "seed of all random draws [%s]",
     .min = 0,
     .max = 9e18},
    {.name = "progress",
     .type = CLI_CHOICE,
     .offset = offsetof(cli_common, progress),
     .metavar = "HOW",
     .help = "auto, bar, log or none; auto is a bar on a terminal [%s]",
     .choices = "auto|bar|log|none"},
    {.name = "force",
     .type = CLI_FLAG,
     .offset = offsetof(cli_common, force),
     .help = "overwrite outputs that exist"},
    {.name = "trust",
     .type = CLI_FLAG,
     .offset = offsetof(cli_common, trust),
     .help = "skip the full check of input arrays"},
    {.name = NULL},
};

const cli_option cli_checkpoint_options[] = {
    {.name = "checkpoint",
     .type = CLI_TEXT,
     .offset = offsetof(cli_common, checkpoint),
     .metavar = "DIR",
     .help = "folder, made if missing, to keep how far the run came. SIGTERM, SIGUSR1 or SIGINT "
             "ends it with exit code 75, and the same command goes on from there, to the bytes of "
             "a run that was never stopped; so it does after a crash. It is removed at the end"},
    {.name = "checkpoint-every",
     .type = CLI_SECONDS,
     .offset = offsetof(cli_common, checkpoint_every),
     .metavar = "TIME",
     .help = "time between two keepings within a stage; the end of a stage is always kept [%s]",
     .min = 1,
     .max = 3e9},
    {.name = "resume",
     .type = CLI_FLAG,
     .offset = offsetof(cli_common, resume),
     .help = "fail if there is nothing to go on from, rather than start"},
    {.name = NULL},
};

void cli_common_defaults(cli_common *common)
{
    *common = (cli_common){
        .threads = 0, .seed = 1, .progress = CLI_PROGRESS_AUTO, .checkpoint_every = 15 * 60};
}

const cli_option *cli_option_find(const cli_option *options, const char *name)
{
    for (const cli_option *o = options; o->name != NULL; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

static void *field(const cli_option *option, const void *opts)
{
    return (char *)(uintptr_t)opts + option->offset;
}

static bool bad(gv_error *err, const cli_option *o, const char *text, const char *allowed)
{
    err->status = GV_ERR_ARG;
    snprintf(err->message, sizeof err->message, "--%s: '%.200s' is not %s", o->name, text, allowed);
    return false;
}

static bool bad_range(gv_error *err, const cli_option *o, const char *text)
{
    err->status = GV_ERR_RANGE;
    snprintf(err->message, sizeof err->message, "--%s: %.200s is not in [%.15g, %.15g]", o->name,
             text, o->min, o->max);
    return false;
}

static bool in_range(const cli_option *o, double value)
{
    return (o->min == 0.0 && o->max == 0.0) || (value >= o->min && value <= o->max);
}

static bool set_int(const cli_option *o, void *opts, const char *text, gv_error *err)
{
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0)
        return bad(err, o, text, "an integer");
    if (!in_range(o, (double)value))
        return bad_range(err, o, text);
    *(int64_t *)field(o, opts) = value;
    return true;
}

static bool set_real(const cli_option *o, void *opts, const char *text, gv_error *err)
{
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value))
        return bad(err, o, text, "a number");
    if (!in_range(o, value))
        return bad_range(err, o, text);
    *(double *)field(o, opts) = value;
    return true;
}

static const char *word_for_zero(const cli_option *o)
{
    return o->choices != NULL ? o->choices : "auto";
}

static bool set_seconds(const cli_option *o, void *opts, const char *text, gv_error *err)
{
    static const char units[] = "smhdw";
    static const double seconds[] = {1, 60, 3600, 86400, 604800};
    char *end;
    const double value = strtod(text, &end);
    const char *unit = *end != '\0' ? strchr(units, *end) : units;
    if (strcmp(text, word_for_zero(o)) == 0 && o->min == 0.0) {
        *(int64_t *)field(o, opts) = 0;
        return true;
    }
    if (end == text || unit == NULL || (*end != '\0' && end[1] != '\0') || !isfinite(value) ||
        value <= 0.0 || value * seconds[unit - units] > 9e15)
        return bad(err, o, text, "a time such as 30d, 12h, 90m or 45s");
    *(int64_t *)field(o, opts) = (int64_t)(value * seconds[unit - units] + 0.5);
    return true;
}

static bool set_size(const cli_option *o, void *opts, const char *text, gv_error *err)
{
    static const char units[] = "KMGT";
    char *end;
    const double value = strtod(text, &end);
    if (strcmp(text, "auto") == 0) {
        *(int64_t *)field(o, opts) = 0;
        return true;
    }
    const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
    const double bytes = unit != NULL ? ldexp(value, 10 * (int)(unit - units + 1)) : value;
    if (end == text || (unit == NULL && *end != '\0') || (unit != NULL && end[1] != '\0') ||
        !isfinite(bytes))
        return bad(err, o, text, "a size such as 8G, 512M or a number of bytes");
    if (!in_range(o, bytes))
        return bad(err, o, text, "at least 1M");
    *(int64_t *)field(o, opts) = (int64_t)bytes;
    return true;
}

static bool set_choice(const cli_option *o, void *opts, const char *text, gv_error *err)
{
    int32_t index = 0;
    const size_t length = strlen(text);
    for (const char *c = o->choices; c != NULL; index++) {
        const char *bar = strchr(c, '|');
        const size_t n = bar != NULL ? (size_t)(bar - c) : strlen(c);
        if (n == length && memcmp(c, text, n) == 0) {
            *(int32_t *)field(o, opts) = index;
            return true;
        }
        c = bar != NULL ? bar + 1 : NULL;
    }
    char allowed[256];
    snprintf(allowed, sizeof allowed, "one of %s", o->choices);
    return bad(err, o, text, allowed);
}

static bool set_flag(const cli_option *o, void *opts, const char *text, gv_error *err)
{
    const bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0)
        return bad(err, o, text, "true or false");
    *(bool *)field(o, opts) = yes;
    return true;
}

static bool append(const cli_option *o, void *opts, const char *text, gv_error *err)
{
    cli_list *list = field(o, opts);
    const char **item = realloc(list->item, (size_t)(list->n + 1) * sizeof *item);
    if (item == NULL)
        return bad(err, o, text, "storable: out of memory");
    item[list->n++] = text;
    list->item = item;
    return true;
}

bool cli_option_set(const cli_option *o, void *opts, const char *text, gv_error *err)
{
    switch (o->type) {
    case CLI_FLAG:
        return set_flag(o, opts, text, err);
    case CLI_TEXT:
    case CLI_PATH:
    case CLI_OUTPUT:
        if (*text == '\0')
            return bad(err, o, text, "a text of at least one character");
        *(const char **)field(o, opts) = text;
        return true;
    case CLI_PATHS:
        return append(o, opts, text, err);
    case CLI_INT:
        return set_int(o, opts, text, err);
    case CLI_REAL:
        return set_real(o, opts, text, err);
    case CLI_CHOICE:
        return set_choice(o, opts, text, err);
    case CLI_SECONDS:
        return set_seconds(o, opts, text, err);
    case CLI_SIZE:
        return set_size(o, opts, text, err);
    }
    return false;
}

static void choice_text(const cli_option *o, int32_t index, char *text, size_t size)
{
    const char *c = o->choices;
    for (; index > 0 && c != NULL; index--)
        c = strchr(c, '|') != NULL ? strchr(c, '|') + 1 : NULL;
    const char *bar = c != NULL ? strchr(c, '|') : NULL;
    const int n = c == NULL ? 0 : bar != NULL ? (int)(bar - c) : (int)strlen(c);
    snprintf(text, size, "%.*s", n, c != NULL ? c : "");
}

static void seconds_text(const cli_option *o, int64_t seconds, char *text, size_t size)
{
    if (seconds == 0)
        snprintf(text, size, "%s", word_for_zero(o));
    else if (seconds % 86400 == 0)
        snprintf(text, size, "%" PRId64 "d", seconds / 86400);
    else
        snprintf(text, size, "%" PRId64 "s", seconds);
}

char *cli_option_text(const cli_option *o, const void *opts, char *text, size_t size)
{
    const void *f = field(o, opts);
    text[0] = '\0';
    switch (o->type) {
    case CLI_FLAG:
        snprintf(text, size, "%s", *(const bool *)f ? "true" : "false");
        break;
    case CLI_TEXT:
    case CLI_PATH:
    case CLI_OUTPUT:
        snprintf(text, size, "%s", *(const char *const *)f != NULL ? *(const char *const *)f : "");
        break;
    case CLI_PATHS:
        break;
    case CLI_INT:
        snprintf(text, size, "%" PRId64, *(const int64_t *)f);
        break;
    case CLI_REAL:
        snprintf(text, size, "%.15g", *(const double *)f);
        break;
    case CLI_CHOICE:
        choice_text(o, *(const int32_t *)f, text, size);
        break;
    case CLI_SECONDS:
        seconds_text(o, *(const int64_t *)f, text, size);
        break;
    case CLI_SIZE:
        if (*(const int64_t *)f == 0)
            snprintf(text, size, "auto");
        else
            snprintf(text, size, "%" PRId64, *(const int64_t *)f);
        break;
    }
    return text;
}

bool cli_option_is_set(const cli_option *o, const void *opts)
{
    const void *f = field(o, opts);
    if (o->type == CLI_PATHS)
        return ((const cli_list *)f)->n > 0;
    if (o->type == CLI_TEXT || o->type == CLI_PATH || o->type == CLI_OUTPUT)
        return *(const char *const *)f != NULL;
    return true;
}

void cli_options_free(const cli_option *options, void *opts)
{
    for (const cli_option *o = options; o->name != NULL; o++)
        if (o->type == CLI_PATHS)
            free(((cli_list *)field(o, opts))->item);
}

bool cli_is_name(const char *text)
{
    const size_t length = strlen(text);
    return length > 0 && length <= CLI_NAME_CHARS &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
               length;
}

const cli_option *cli_option_missing(const cli_option *options, const void *opts)
{
    for (const cli_option *o = options; o->name != NULL; o++)
        if (o->required && !cli_option_is_set(o, opts))
            return o;
    return NULL;
}

/* Paths, machines and moods do not bear on a result: what is left is written with every default, so
 * that two runs with equal text did the same. */
char *cli_provenance(const cli_command *command, const void *opts)
{
    char *yaml = NULL, text[512];
    size_t size = 0;
    FILE *to = open_memstream(&yaml, &size);
    if (to == NULL)
        return NULL;
    fprintf(to, "%s:\n", command->name);
    for (const cli_option *o = command->options; o->name != NULL; o++) {
        if (o->type == CLI_PATH || o->type == CLI_PATHS || o->type == CLI_OUTPUT || o->aside ||
            !cli_option_is_set(o, opts))
            continue;
        const bool quoted = o->type == CLI_TEXT;
        fprintf(to, "  %s: %s%s%s\n", o->name, quoted ? "\"" : "",
                cli_option_text(o, opts, text, sizeof text), quoted ? "\"" : "");
    }
    return fclose(to) == 0 ? yaml : NULL;
}
