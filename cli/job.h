/* job.h -- job files: one YAML mapping a stage, keys are the command's options. */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include "cli/session.h"

enum { JOB_STAGES = 5 };

/* The commands that can be stages, in the order in which a job runs them. */
extern const cli_command *const job_commands[JOB_STAGES];

typedef struct job_stage {
    bool present;
    _Alignas(16) char opts[CLI_MAX_STRUCT]; /* the command's struct */
} job_stage;

typedef struct job {
    const char *output; /* the results file */
    const char *graph;  /* graph of all stages when the job imports none; may be NULL */
    const char *seed;   /* text; may be NULL */
    job_stage stage[JOB_STAGES];
    void *loaded; /* the YAML library's data, which holds all texts */
    void *schema;
} job;

/* Reads a job file. An exit code; after CLI_OK the job is to be freed with job_free(). */
int job_load(cli_session *s, const char *path, job *j);
void job_free(job *j);

/* Says what is wrong with the value of a key of a stage (NULL: of the job), and in which line it
 * stands; CLI_USAGE. */
int job_refuse(const cli_session *s, const char *path, const char *stage, const char *key,
               const gv_error *err);

#endif
