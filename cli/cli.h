/* cli.h -- the frame of the program: options as tables, one session per invocation.
 *
 * A command is a table of options over a plain struct and a function that runs it. The same table
 * parses the command line, reads the command's stage of a job file, prints the help and writes the
 * provenance; so an option exists in all four or in none. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "grapevine/grapevine.h"

/* Exit codes of the program. */
enum {
    CLI_OK = 0,
    CLI_USAGE = 2,
    CLI_NOT_CONVERGED = 3,
    CLI_BAD_DATA = 65,
    CLI_NO_INPUT = 66,
    CLI_NO_RESOURCES = 71,
    CLI_CANNOT_CREATE = 73,
    CLI_IO_ERROR = 74,
    CLI_INTERRUPTED = 75,
    CLI_NO_FIT = 78
};

typedef enum cli_type {
    CLI_FLAG,    /* bool: --name; in a job `name: true` */
    CLI_TEXT,    /* const char * */
    CLI_PATH,    /* const char *: an input; not part of the provenance */
    CLI_OUTPUT,  /* const char *: an output; not part of the provenance */
    CLI_PATHS,   /* cli_list: inputs; a sequence in a job */
    CLI_INT,     /* int64_t in [min, max] */
    CLI_REAL,    /* double in [min, max] */
    CLI_CHOICE,  /* int32_t: index into `choices` */
    CLI_SECONDS, /* int64_t seconds: "30d", "12h", "90m", "45s" or a plain number of seconds */
    CLI_SIZE     /* int64_t bytes: "8G", "512M", "64K" or a plain number; "auto" is 0 */
} cli_type;

typedef struct cli_list {
    const char **item;
    int64_t n;
} cli_list;

typedef struct cli_option {
    const char
        *name;   /* long name, without dashes; for positional arguments also shown in capitals */
    char letter; /* short name, or 0 */
    cli_type type;
    size_t offset;       /* of the field in the command's struct */
    const char *metavar; /* shown in the help; NULL for flags */
    const char *help;    /* one sentence; "%s" in it stands for the default */
    double min, max;     /* of CLI_INT and CLI_REAL; both 0: any */
    const char *choices; /* of CLI_CHOICE: "a|b|c"; of CLI_SECONDS: word for 0, NULL is auto */
    bool positional;     /* taken from the arguments without dashes, in table order */
    bool required;
    bool folder; /* of CLI_OUTPUT: a folder, which may be there already */
    bool aside;  /* does not bear on the result, and is not part of the provenance */
    bool either; /* of CLI_OUTPUT: a folder or a file; the command looks whether it is there */
} cli_option;

typedef struct cli_session cli_session;

typedef struct cli_command {
    const char *name;
    const char *summary;       /* one line of the command list */
    const char *description;   /* a paragraph of the help, wrapped at 80 columns */
    const char *example;       /* a command line that works in a fresh clone */
    const cli_option *options; /* ends with an option whose name is NULL */
    bool resumable;            /* takes --checkpoint */
    size_t size;               /* of the command's struct, at most CLI_MAX_STRUCT */
    void (*defaults)(void *opts);
    /* Runs the command; returns an exit code. Words for people go to stderr through cli_say(). */
    int (*run)(const void *opts, cli_session *session);
    /* Adds to `plan` what run() would take, and runs nothing; returns an exit code. */
    int (*plan)(const void *opts, cli_session *session, gv_plan *plan);
} cli_command;

enum { CLI_MAX_STRUCT = 1024 };

/* The commands, in the order of the help; ends with NULL. */
extern const cli_command *const cli_commands[];
extern const cli_command cmd_import, cmd_generate, cmd_info, cmd_verify, cmd_learn, cmd_cascade,
    cmd_ppr, cmd_influence, cmd_evaluate, cmd_export, cmd_run, cmd_merge;

/* ---- for commands ------------------------------------------------------------------------ */

/* Options that every command has. */
uint64_t cli_seed(const cli_session *s);
bool cli_force(const cli_session *s);
bool cli_trust(const cli_session *s);
gv_context *cli_context(cli_session *s);

/* Whether a text may name a group of the results file. */
enum { CLI_NAME_CHARS = 63 };
bool cli_is_name(const char *text);

/* Opens a graph and checks the arrays named in `uses` (GV_USES_...), unless --trust. In a job the
 * graph stays open between stages; borrowed from the session. An exit code. */
int cli_graph(cli_session *s, const char *path, unsigned uses, const gv_graph **out);
/* The same for a model of `g`. */
int cli_model(cli_session *s, const char *path, const gv_graph *g, const gv_model **out);

/* Opens the sidecar of an open graph, from which computations then take the layouts that earlier
 * runs kept; `keep`: and keep those they make. An exit code. And says what was taken and kept. */
int cli_layouts(cli_session *s, const char *path, const gv_graph *g, bool keep);
void cli_layouts_report(cli_session *s);

/* The results file that this command writes: its own, started at `path`, or the one that all stages
 * of a job share. Borrowed. An exit code. Hands over the command's provenance. */
int cli_results(cli_session *s, const cli_command *command, const void *opts, const char *path,
                const gv_graph *g, gv_results **out);
/* Commits what cli_results() started (a job commits at its end). An exit code. */
int cli_results_done(cli_session *s);

/* The results that earlier stages of a job wrote so far, borrowed; NULL outside a job or before. */
gv_results *cli_job_results(cli_session *s);

/* Prints "grapevine: <command>: <message>" and returns the exit code of the status. */
int cli_fail(const cli_session *s, const gv_error *err);
int cli_fail_text(const cli_session *s, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A line of words on stderr, unless --progress none. */
void cli_say(const cli_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line per finished stage: "learn   1.2 s   283,896 rows   0.2 M rows/s". Kept for the summary
 * of a job. `work` units of `unit` ("rows") were done since `started` (cli_seconds()). */
void cli_stage_done(cli_session *s, const char *stage, double started, double work,
                    const char *unit);
double cli_seconds(void);
/* The stage that was last done moved so many bytes, for the summary of a job. */
void cli_stage_moved(cli_session *s, double bytes);
/* Bytes of a file; 0 where there is none. */
double cli_file_bytes(const char *path);

/* 1234567 as "1,234,567", into text[32]; returns it. */
char *cli_thousands(int64_t number, char *text);
/* The folder in which a file is, freed by the caller; NULL: no memory. */
char *cli_folder_of(const char *path);

/* A file to write text to: OUT.part, renamed by cli_text_commit(); "-" or NULL is stdout. NULL
 * after saying why, with the exit code in *code. */
typedef struct cli_text cli_text;
cli_text *cli_text_create(cli_session *s, const char *path, int *code);
FILE *cli_text_file(cli_text *t);
int cli_text_commit(cli_session *s, cli_text *t);
void cli_text_discard(cli_text *t);

#endif
