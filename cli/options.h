/* options.h -- reading, showing and normalising the options of a command's table. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/cli.h"

/* The options that every command has, in a struct of their own. */
typedef struct cli_common {
    int64_t threads; /* 0: the library's default */
    int64_t seed;
    bool seed_given;  /* by an option: then a job's own does not count */
    int32_t progress; /* a cli_progress */
    bool force;
    bool trust;
    int64_t memory; /* bytes; 0: what machine and control group allow */
    bool dry_run;
    const char *checkpoint; /* a folder, or NULL */
    int64_t checkpoint_every;
    bool resume;
} cli_common;

typedef enum cli_progress {
    CLI_PROGRESS_AUTO = 0,
    CLI_PROGRESS_BAR = 1,
    CLI_PROGRESS_LOG = 2,
    CLI_PROGRESS_NONE = 3
} cli_progress;

extern const cli_option cli_common_options[];
extern const cli_option cli_checkpoint_options[]; /* of commands that are resumable */
void cli_common_defaults(cli_common *common);

/* The option of that long name, or NULL. */
const cli_option *cli_option_find(const cli_option *options, const char *name);

/* Sets the option's field in `opts` from text. On failure a sentence in `err`. Text is borrowed and
 * must live as long as `opts`; items of CLI_PATHS are appended. */
bool cli_option_set(const cli_option *option, void *opts, const char *text, gv_error *err);

/* The option's value as text, as it would be given; "" for unset texts. Returns `text`. */
char *cli_option_text(const cli_option *option, const void *opts, char *text, size_t size);

/* Whether the value counts as given: texts and paths that are not NULL, everything else always. */
bool cli_option_is_set(const cli_option *option, const void *opts);

/* Frees the lists that cli_option_set() made. */
void cli_options_free(const cli_option *options, void *opts);

typedef enum cli_parsed { CLI_PARSED_RUN, CLI_PARSED_HELP, CLI_PARSED_BAD } cli_parsed;

/* Reads arguments behind the command's name. */
cli_parsed cli_parse(const cli_command *command, int argc, char **argv, void *opts,
                     cli_common *common, gv_error *err);

/* Names the first required option that is not set, or NULL. */
const cli_option *cli_option_missing(const cli_option *options, const void *opts);

void cli_print_help(FILE *to, const cli_command *command);
void cli_print_usage(FILE *to);

/* The command's options that bear on its result, as one YAML mapping; to be freed with free(). */
char *cli_provenance(const cli_command *command, const void *opts);

#endif
