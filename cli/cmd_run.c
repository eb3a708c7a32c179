/* cmd_run.c -- grapevine run: all stages of a job file, into one results file. */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/checkpoint.h"
#include "cli/job.h"

/* The note of a checkpoint that a stage ended with exit code 3. */
static const char unconverged[] = "unconverged";

typedef struct run_opts {
    const char *job;
} run_opts;

static const cli_option options[] = {
    {.name = "job",
     .type = CLI_PATH,
     .offset = offsetof(run_opts, job),
     .metavar = "JOB.yaml",
     .help = "the job file; paths in it are relative to its folder",
     .positional = true,
     .required = true},
    {.name = NULL},
};

/* ---- what one stage leaves to the next ------------------------------------------------------ */

static const char **text_field_of(const cli_option *o, void *opts)
{
    return (const char **)(void *)((char *)opts + o->offset);
}

/* Gives option `name` of a stage a value, if it has such an option and none was set. */
static void supply(const cli_command *command, void *opts, const char *name, const char *value)
{
    const cli_option *o = cli_option_find(command->options, name);
    if (o != NULL && value != NULL && !cli_option_is_set(o, opts))
        *text_field_of(o, opts) = value;
}

static const char *value_of(const cli_command *command, const void *opts, const char *name)
{
    const cli_option *o = cli_option_find(command->options, name);
    return o != NULL ? *text_field_of(o, (void *)(uintptr_t)opts) : NULL;
}

static bool makes_results(const cli_command *command)
{
    return command != &cmd_import && command != &cmd_learn;
}

static int wire_stage(const cli_session *s, job *j, int i)
{
    const cli_command *command = job_commands[i];
    void *opts = j->stage[i].opts;
    const char *graph =
        j->stage[0].present ? value_of(&cmd_import, j->stage[0].opts, "output") : j->graph;
    const char *model =
        j->stage[1].present ? value_of(&cmd_learn, j->stage[1].opts, "output") : NULL;
    if (makes_results(command) && value_of(command, opts, "output") != NULL)
        return cli_fail_text(s, CLI_USAGE,
                             "%s: output: all results of a job go to the job's own output",
                             command->name);
    supply(command, opts, "graph", graph);
    if (makes_results(command))
        supply(command, opts, "output", j->output);
    if (command == &cmd_influence || value_of(command, opts, "topic") != NULL ||
        value_of(command, opts, "mix") != NULL)
        supply(command, opts, "model", model);
    const cli_option *missing = cli_option_missing(command->options, opts);
    if (missing != NULL)
        return cli_fail_text(s, CLI_USAGE, "%s: %s is missing", command->name, missing->name);
    return CLI_OK;
}

static int wire(cli_session *s, job *j, const char *path)
{
    bool stages = false, results = false;
    for (int i = 0; i < JOB_STAGES; i++) {
        const int code = j->stage[i].present ? wire_stage(s, j, i) : CLI_OK;
        if (code != CLI_OK)
            return code;
        stages |= j->stage[i].present;
        results |= j->stage[i].present && makes_results(job_commands[i]);
    }
    if (!stages)
        return cli_fail_text(s, CLI_USAGE, "%s: has no stage: import, learn, influence, ...", path);
    if (results && j->output == NULL)
        return cli_fail_text(s, CLI_USAGE, "%s: output is missing: where the results go", path);
    if (j->seed == NULL)
        return CLI_OK;
    gv_error err;
    cli_common common = s->common;
    if (!cli_option_set(cli_option_find(cli_common_options, "seed"), &common, j->seed, &err))
        return job_refuse(s, path, NULL, "seed", &err);
    if (!s->common.seed_given)
        s->common = common;
    return CLI_OK;
}

/* -------------------------------------------------------------------------------------------- */

/* Not converged (3) lets the job go on: the results are complete and say so. */
static int run_stage(cli_session *s, const cli_command *command, const void *opts)
{
    if (cli_checkpoint_done(s, command->name)) {
        cli_say(s, "%-10s done by an earlier run", command->name);
        return CLI_OK;
    }
    const int code = cli_session_run(s, command, opts);
    if (code != CLI_OK && code != CLI_NOT_CONVERGED)
        return code;
    int kept = code == CLI_NOT_CONVERGED ? cli_checkpoint_note(s, unconverged) : CLI_OK;
    if (kept == CLI_OK)
        kept = cli_checkpoint_stage(s, command->name, makes_results(command));
    return kept != CLI_OK ? kept : code;
}

static int run_stages(cli_session *s, job *j)
{
    int worst = cli_checkpoint_done(s, unconverged) ? CLI_NOT_CONVERGED : CLI_OK;
    for (int i = 0; i < JOB_STAGES && !cli_checkpoint_finished(s); i++) {
        if (!j->stage[i].present)
            continue;
        int code = run_stage(s, job_commands[i], j->stage[i].opts);
        if (code == CLI_OK && !makes_results(job_commands[i]))
            code = cli_remember_stage(s, job_commands[i], j->stage[i].opts);
        if (code != CLI_OK && code != CLI_NOT_CONVERGED)
            return code;
        worst = code > worst ? code : worst;
    }
    return worst;
}

static int take_up(cli_session *s, const job *j)
{
    cli_identity about;
    int code = CLI_NO_RESOURCES;
    if (cli_identity_begin(&about)) {
        for (int i = 0; i < JOB_STAGES; i++)
            if (j->stage[i].present)
                cli_identity_add(&about, job_commands[i], j->stage[i].opts);
        cli_identity_end(&about);
        code = cli_checkpoint_open(s, &about, j->output);
    }
    cli_identity_free(&about);
    return code;
}

/* The last stage's output is as good a reason to stop before the first as the first one's. */
static int check_stages(cli_session *s, const job *j)
{
    int code = CLI_OK;
    for (int i = 0; i < JOB_STAGES && code == CLI_OK; i++) {
        if (!j->stage[i].present)
            continue;
        s->command = job_commands[i];
        code = cli_check_outputs(s, job_commands[i], j->stage[i].opts);
    }
    return code;
}

static int enter_folder(const cli_session *s, const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return cli_fail_text(s, CLI_NO_RESOURCES, "out of memory");
    const char *folder = dirname(copy);
    const int code = chdir(folder) == 0
                         ? CLI_OK
                         : cli_fail_text(s, CLI_NO_INPUT, "%s: cannot be entered", folder);
    free(copy);
    return code;
}

static int run(const void *opts, cli_session *s)
{
    const run_opts *o = opts;
    const double started = cli_seconds();
    job j;
    int code = job_load(s, o->job, &j);
    if (code != CLI_OK)
        return code;
    if ((code = wire(s, &j, o->job)) == CLI_OK && (code = enter_folder(s, o->job)) == CLI_OK) {
        s->job = true;
        code = take_up(s, &j);
        code = code == CLI_OK ? check_stages(s, &j) : code;
        code = code == CLI_OK ? run_stages(s, &j) : code;
        s->job = false;
        s->command = &cmd_run;
    }
    if (code == CLI_OK || code == CLI_NOT_CONVERGED) {
        int written = cli_checkpoint_finishing(s);
        written = written == CLI_OK ? cli_results_done(s) : written;
        code = written != CLI_OK ? written : code;
        cli_summary(s, cli_seconds() - started);
    }
    cli_session_close_inputs(s);
    job_free(&j);
    return code;
}

/* Each stage's plan, as if the stages before had run; then the largest of them and the sums. */
static int plan_stages(cli_session *s, job *j)
{
    char a[32], b[32], c[32];
    bool fits = true;
    for (int i = 0; i < JOB_STAGES; i++) {
        if (!j->stage[i].present)
            continue;
        s->command = job_commands[i];
        const int code = cli_session_plan(s, job_commands[i], j->stage[i].opts);
        printf("\n");
        if (code != CLI_OK && code != CLI_NO_FIT)
            return code;
        fits &= code == CLI_OK;
    }
    printf("all stages: peak %s bytes, temporary disk %s bytes, output %s bytes, ",
           cli_thousands(s->planned_peak, a), cli_thousands(s->planned_disk, b),
           cli_thousands(s->planned_output, c));
    printf("disk at a time %s bytes, about %.0f s\n", cli_thousands(s->planned_space, a),
           s->planned_seconds);
    return fits ? CLI_OK : CLI_NO_FIT;
}

static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    const run_opts *o = opts;
    job j;
    (void)plan;
    int code = job_load(s, o->job, &j);
    if (code != CLI_OK)
        return code;
    if ((code = wire(s, &j, o->job)) == CLI_OK && (code = enter_folder(s, o->job)) == CLI_OK)
        code = plan_stages(s, &j);
    s->command = &cmd_run;
    job_free(&j);
    return code;
}

const cli_command cmd_run = {
    .name = "run",
    .summary = "run all stages of a job file into one results file",
    .description =
        "Runs the stages of a job in the order import, learn, influence, ppr, cascade; a stage may "
        "be absent. A job is a YAML file with one mapping for each stage, whose keys are the long "
        "options of that command, and the keys output (the results file that all stages write), "
        "graph (the graph of all stages, when the job imports none) and seed. Stages use the graph "
        "and the model that earlier stages made, unless they name their own.",
    .example = "grapevine run population/job.yaml",
    .options = options,
    .resumable = true,
    .size = sizeof(run_opts),
    .run = run,
    .plan = plan_run,
};
