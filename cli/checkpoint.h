/* checkpoint.h -- --checkpoint: a run that can be stopped and goes on later. */
#ifndef CLI_CHECKPOINT_H
#define CLI_CHECKPOINT_H

#include "cli/session.h"

/* What a run is about, as text: it grows by one command after another. */
typedef struct cli_identity {
    FILE *to;
    char *text; /* after cli_identity_end(); owned */
    size_t size;
    const char *made[CLI_MAX_STAGES]; /* outputs of the commands so far */
    int n_made;
} cli_identity;

bool cli_identity_begin(cli_identity *i);
/* Options that bear on the result, and path, size and time of each input that is not an output of a
 * command before. */
void cli_identity_add(cli_identity *i, const cli_command *command, const void *opts);
void cli_identity_end(cli_identity *i);
void cli_identity_free(cli_identity *i);

/* Opens the folder of --checkpoint, if one was given, and takes up what it holds: results that an
 * earlier run left go to `results_path`, which may be NULL. From here on signals ask the run to
 * stop. An exit code. */
int cli_checkpoint_open(cli_session *s, const cli_identity *identity, const char *results_path);

/* The same for a command that is no job. */
int cli_checkpoint_command(cli_session *s, const cli_command *command, const void *opts);

/* Whether an earlier run, or this one, did that stage. */
bool cli_checkpoint_done(const cli_session *s, const char *stage);
/* The stage is done: keeps what comes after it needs. An exit code. */
int cli_checkpoint_stage(cli_session *s, const char *stage, bool makes_results);
/* Results are about to be made whole: should the run end before it can say that it did, the next
 * one finds them in place. And whether it did. */
int cli_checkpoint_finishing(cli_session *s);
bool cli_checkpoint_finished(const cli_session *s);
/* Keeps a fact about the run, such as that a stage did not converge. An exit code. */
int cli_checkpoint_note(cli_session *s, const char *fact);

/* Gives up or keeps what is left of the run, as `finished` says. */
void cli_checkpoint_close(cli_session *s, bool finished);

#endif
