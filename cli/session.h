/* session.h -- what one invocation of the program holds; a job's stages share one session. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <pthread.h>

#include "cli/options.h"

enum { CLI_MAX_STAGES = 16 };

typedef struct cli_stage {
    char name[32];
    double seconds, work;
    char unit[32];
    double moved, peak; /* bytes, 0: not known; GiB, of all stages so far */
} cli_stage;

struct cli_session {
    const cli_command *command; /* that runs now; NULL before */
    cli_common common;
    gv_context *ctx;
    int64_t budget; /* memory limit of the context; a dry run is not held to it itself */
    double started;

    char *graph_path, *model_path; /* owned; NULL while none is open */
    gv_graph *graph;
    gv_model *model;
    unsigned checked;                    /* GV_USES_... of the open graph */
    gv_layouts *layouts;                 /* of the open graph; NULL: they were not asked for */
    bool layouts_kept;                   /* what is made is kept there */
    int32_t layouts_taken, layouts_said; /* so many of those taken and kept were told */

    bool job;           /* stages of a job share `results` */
    const char *output; /* the job's results file, or NULL */
    const char *results_path;
    gv_results *results;
    gv_checkpoint *checkpoint; /* NULL without --checkpoint */
    bool finished;             /* by an earlier run, which ended before it could say so */
    bool results_kept;         /* by the checkpoint, as they were after the last stage */
    char *earlier; /* provenance of a job's stages before the results file was there; owned */

    cli_stage stage[CLI_MAX_STAGES];
    int n_stages;

    /* what planned stages would leave to later ones; see plan.h */
    const char *planned_graph, *planned_model, *mapped_graph;
    gv_graph_shape planned_graph_shape;
    gv_model_shape planned_model_shape;
    unsigned mapped_parts;
    bool planned_ids;
    int64_t planned_peak, planned_memory, planned_disk; /* over stages */
    int64_t planned_output, planned_space;
    double planned_seconds;

    /* progress display */
    double last_shown, stage_started, told_at;
    int64_t done, total;
    char shown_stage[64];
    bool bar_open;
    pthread_mutex_t words; /* over these */
    pthread_cond_t ends;
    pthread_t watcher; /* says a line where nothing is told for long */
    bool watched, watch_ends;
};

/* Starts a session: a context with the common options. An exit code. */
int cli_session_open(cli_session *s, const cli_common *common);
/* `code` is what the run ended with: it says whether a checkpoint is still of use. */
void cli_session_close(cli_session *s, int code);
/* Closes graph and model; what they were opened from may change afterwards. */
void cli_session_close_inputs(cli_session *s);

/* Runs one command within the session. */
int cli_session_run(cli_session *s, const cli_command *command, const void *opts);

/* Plans one command within the session and prints the plan; CLI_NO_FIT when it does not fit. */
int cli_session_plan(cli_session *s, const cli_command *command, const void *opts);

/* Reads the environment, the machine and its limits for a context. */
void cli_machine_options(const cli_common *common, gv_context_opts *o);
/* Says with --progress log what was found; warns of a process that may use one cpu of many. */
void cli_machine_report(const cli_session *s);
/* Starts the program again with one core for each thread, unless the user bound threads or it was
 * done already. Returns when there is nothing to do or it cannot be done. */
void cli_machine_bind(const cli_common *common, char **argv);

/* The table of a job's stages; `seconds` is what all took. */
void cli_summary(cli_session *s, double seconds);
double cli_peak_gib(void);

/* The callback that draws a bar or writes log lines; data is the session. */
bool cli_show_progress(void *data, const char *stage, int64_t done, int64_t total);
/* From here on, and to there, log lines come every 30 seconds also where nothing is told. */
void cli_watch_begin(cli_session *s);
void cli_watch_end(cli_session *s);
/* Wipes an open bar before other words are printed. */
void cli_clear_bar(cli_session *s);

/* Keeps the provenance of a stage that writes no results, for the results of its job. */
int cli_remember_stage(cli_session *s, const cli_command *command, const void *opts);

/* Refuses before the work what would be refused after it: outputs that exist or cannot be made. */
int cli_check_outputs(const cli_session *s, const cli_command *command, const void *opts);
/* Should the program be stopped by a signal, PATH.part is removed first. */
void cli_guard_output(const char *path);
/* Or PATH itself: a file, or a folder that is empty by then. */
void cli_guard_exactly(const char *path);
void cli_guard_outputs(const cli_command *command, const void *opts);
/* But not this one, which a checkpoint builds on. */
void cli_spare_output(const char *path);
void cli_watch_signals(void);
/* From now on the first signal asks a run to stop and only the second one ends the program; NULL:
 * as before. */
void cli_stop_by_signal(gv_checkpoint *checkpoint);
/* A signal that comes while they are held is heeded when they no longer are. */
void cli_hold_signals(bool hold);

#endif
