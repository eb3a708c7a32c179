/* session.c -- inputs, outputs and words of one invocation. */
#include "cli/checkpoint.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    gv_status status;
    int code;
} exit_codes[] = {
    {GV_OK, CLI_OK},
    {GV_ERR_ARG, CLI_USAGE},
    {GV_ERR_RANGE, CLI_USAGE},
    {GV_ERR_NOMEM, CLI_NO_RESOURCES},
    {GV_ERR_DATA, CLI_BAD_DATA},
    {GV_ERR_NO_INPUT, CLI_NO_INPUT},
    {GV_ERR_CREATE, CLI_CANNOT_CREATE},
    {GV_ERR_IO, CLI_IO_ERROR},
    {GV_ERR_CONVERGE, CLI_NOT_CONVERGED},
    {GV_ERR_CANCELLED, CLI_INTERRUPTED},
    {GV_ERR_SYSTEM, CLI_NO_RESOURCES},
};

static int exit_code(gv_status status)
{
    for (size_t i = 0; i < sizeof exit_codes / sizeof *exit_codes; i++)
        if (exit_codes[i].status == status)
            return exit_codes[i].code;
    return CLI_NO_RESOURCES;
}

/* ---- options ------------------------------------------------------------------------------- */

uint64_t cli_seed(const cli_session *s)
{
    return (uint64_t)s->common.seed;
}

bool cli_force(const cli_session *s)
{
    return s->common.force;
}

bool cli_trust(const cli_session *s)
{
    return s->common.trust;
}

gv_context *cli_context(cli_session *s)
{
    return s->ctx;
}

/* ---- words --------------------------------------------------------------------------------- */

double cli_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

char *cli_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL   ? strdup(".")
           : slash == path ? strdup("/")
                           : strndup(path, (size_t)(slash - path));
}

char *cli_thousands(int64_t number, char *text)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, number < 0 ? -number : number);
    const size_t n = strlen(digits);
    char *to = text;
    if (number < 0)
        *to++ = '-';
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

static void print_error(const cli_session *s, const char *format, va_list args)
{
    cli_clear_bar((cli_session *)(uintptr_t)s);
    fprintf(stderr, "grapevine: ");
    if (s->command != NULL)
        fprintf(stderr, "%s: ", s->command->name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int cli_fail_text(const cli_session *s, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_error(s, format, args);
    va_end(args);
    return code;
}

/* Library messages may start with the module they come from; the program says the command instead.
 */
int cli_fail(const cli_session *s, const gv_error *err)
{
    const char *message = err->message;
    if (err->status == GV_ERR_CANCELLED && s->checkpoint != NULL)
        return cli_fail_text(s, CLI_INTERRUPTED,
                             "stopped; the same command goes on from the checkpoint in %s",
                             s->common.checkpoint);
    const size_t name = s->command != NULL ? strlen(s->command->name) : 0;
    if (name > 0 && strncmp(message, s->command->name, name) == 0 &&
        strncmp(message + name, ": ", 2) == 0)
        message += name + 2;
    return cli_fail_text(s, exit_code(err->status), "%s", message);
}

void cli_say(const cli_session *s, const char *format, ...)
{
    if (s->common.progress == CLI_PROGRESS_NONE)
        return;
    cli_clear_bar((cli_session *)(uintptr_t)s);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void cli_stage_done(cli_session *s, const char *stage, double started, double work,
                    const char *unit)
{
    const double seconds = cli_seconds() - started;
    char amount[32];
    if (s->n_stages < CLI_MAX_STAGES) {
        cli_stage *kept = &s->stage[s->n_stages++];
        *kept = (cli_stage){.seconds = seconds, .work = work, .peak = cli_peak_gib()};
        snprintf(kept->name, sizeof kept->name, "%s", stage);
        snprintf(kept->unit, sizeof kept->unit, "%s", unit);
    }
    cli_say(s, "%-10s %8.2f s  %15s %-14s %10.3g %s/s", stage, seconds,
            cli_thousands((int64_t)work, amount), unit, seconds > 0.0 ? work / seconds : 0.0, unit);
}

/* ---- inputs -------------------------------------------------------------------------------- */

static void close_model(cli_session *s)
{
    gv_model_free(s->model);
    free(s->model_path);
    s->model = NULL, s->model_path = NULL;
}

static void close_layouts(cli_session *s)
{
    gv_context_shelve(s->ctx, NULL);
    gv_layouts_close(s->layouts);
    s->layouts = NULL, s->layouts_taken = s->layouts_said = 0;
}

void cli_session_close_inputs(cli_session *s)
{
    if (s->ctx != NULL)
        close_layouts(s);
    close_model(s);
    gv_graph_free(s->graph);
    free(s->graph_path);
    s->graph = NULL, s->graph_path = NULL, s->checked = 0;
}

int cli_graph(cli_session *s, const char *path, unsigned uses, const gv_graph **out)
{
    gv_error err;
    if (s->graph_path == NULL || strcmp(s->graph_path, path) != 0) {
        cli_session_close_inputs(s);
        if (gv_graph_open(s->ctx, path, &s->graph, &err) != GV_OK)
            return cli_fail(s, &err);
        s->graph_path = strdup(path);
    }
    const unsigned unchecked = uses & ~s->checked;
    if (unchecked != 0 && !s->common.trust &&
        gv_graph_check(s->ctx, s->graph, unchecked, &err) != GV_OK)
        return cli_fail(s, &err);
    s->checked |= uses;
    *out = s->graph;
    return CLI_OK;
}

int cli_layouts(cli_session *s, const char *path, const gv_graph *g, bool keep)
{
    gv_error err;
    if (s->layouts != NULL && s->layouts_kept == keep)
        return CLI_OK;
    close_layouts(s);
    const bool trust = s->common.trust || s->common.dry_run;
    if (gv_layouts_open(s->ctx, path, gv_graph_hash(g), keep, trust, &s->layouts, &err) != GV_OK)
        return cli_fail(s, &err);
    s->layouts_kept = keep;
    if (gv_layouts_ignored(s->layouts) != NULL)
        cli_say(s, "%s", gv_layouts_ignored(s->layouts));
    const gv_shelf shelf = gv_layouts_shelf(s->layouts);
    gv_context_shelve(s->ctx, &shelf);
    return CLI_OK;
}

void cli_layouts_report(cli_session *s)
{
    int64_t bytes = 0;
    char number[32];
    const char *key;
    if (s->layouts == NULL)
        return;
    while ((key = gv_layouts_taken(s->layouts, s->layouts_taken, &bytes)) != NULL) {
        cli_say(s, "layout '%s' taken from %s (%s bytes)", key, gv_layouts_path(s->layouts),
                cli_thousands(bytes, number));
        s->layouts_taken++;
    }
    while ((key = gv_layouts_kept(s->layouts, s->layouts_said, &bytes)) != NULL) {
        cli_say(s, "layout '%s' kept in %s (%s bytes)", key, gv_layouts_path(s->layouts),
                cli_thousands(bytes, number));
        s->layouts_said++;
    }
    if (gv_layouts_busy(s->layouts))
        cli_say(s, "a layout was not kept: another run is writing %s", gv_layouts_path(s->layouts));
}

int cli_model(cli_session *s, const char *path, const gv_graph *g, const gv_model **out)
{
    gv_error err;
    if (s->model_path == NULL || strcmp(s->model_path, path) != 0) {
        close_model(s);
        if (gv_model_open(s->ctx, path, g, &s->model, &err) != GV_OK)
            return cli_fail(s, &err);
        s->model_path = strdup(path);
    }
    *out = s->model;
    if (g == NULL || !gv_model_has_strengths(s->model) || (s->checked & GV_USES_PROBABILITY) != 0)
        return CLI_OK;
    return cli_graph(s, s->graph_path, GV_USES_OUT | GV_USES_OUT_PROBABILITY, &g);
}

/* ---- outputs ------------------------------------------------------------------------------- */

int cli_remember_stage(cli_session *s, const cli_command *command, const void *opts)
{
    char *yaml = cli_provenance(command, opts), *both = NULL;
    const char *before = s->earlier != NULL ? s->earlier : "";
    if (yaml == NULL || asprintf(&both, "%s%s", before, yaml) < 0) {
        free(yaml);
        return cli_fail_text(s, CLI_NO_RESOURCES, "out of memory");
    }
    free(yaml);
    free(s->earlier);
    s->earlier = both;
    return CLI_OK;
}

static gv_status start_results(cli_session *s, const char *path, const gv_graph *g, gv_error *err)
{
    s->results_path = path;
    cli_guard_output(path);
    const gv_status st =
        gv_results_create(s->ctx, path, s->common.force, g, cli_seed(s), &s->results, err);
    return st == GV_OK && s->earlier != NULL ? gv_results_provenance(s->results, s->earlier, err)
                                             : st;
}

int cli_results(cli_session *s, const cli_command *command, const void *opts, const char *path,
                const gv_graph *g, gv_results **out)
{
    gv_error err;
    if (s->results == NULL && start_results(s, path, g, &err) != GV_OK)
        return cli_fail(s, &err);
    char *yaml = cli_provenance(command, opts);
    if (yaml == NULL)
        return cli_fail_text(s, CLI_NO_RESOURCES, "out of memory");
    const gv_status st = gv_results_provenance(s->results, yaml, &err);
    free(yaml);
    if (st != GV_OK)
        return cli_fail(s, &err);
    *out = s->results;
    return CLI_OK;
}

gv_results *cli_job_results(cli_session *s)
{
    return s->job ? s->results : NULL;
}

int cli_results_done(cli_session *s)
{
    gv_error err;
    if (s->job || s->results == NULL)
        return CLI_OK;
    if (gv_results_commit(&s->results, &err) != GV_OK)
        return cli_fail(s, &err);
    cli_say(s, "wrote %s", s->results_path);
    return CLI_OK;
}

/* ---- life ---------------------------------------------------------------------------------- */

int cli_session_open(cli_session *s, const cli_common *common)
{
    gv_error err;
    gv_context_opts o = gv_context_defaults();
    memset(s, 0, sizeof *s);
    s->common = *common;
    s->started = cli_seconds();
    cli_machine_options(common, &o);
    s->budget = o.memory_limit;
    o.memory_limit = common->dry_run ? 0 : o.memory_limit;
    o.progress = cli_show_progress;
    o.progress_data = s;
    cli_watch_begin(s);
    if (gv_context_create(&o, &s->ctx, &err) != GV_OK)
        return cli_fail(s, &err);
    cli_machine_report(s);
    return CLI_OK;
}

void cli_session_close(cli_session *s, int code)
{
    cli_checkpoint_close(s, code == CLI_OK || code == CLI_NOT_CONVERGED);
    gv_results_discard(s->results);
    cli_session_close_inputs(s);
    free(s->earlier);
    cli_watch_end(s);
    cli_clear_bar(s);
    gv_context_free(s->ctx);
}

int cli_session_run(cli_session *s, const cli_command *command, const void *opts)
{
    s->command = command;
    if (s->common.dry_run)
        return cli_session_plan(s, command, opts);
    int code = CLI_OK;
    if (command->resumable && !s->job && command != &cmd_run)
        code = cli_checkpoint_command(s, command, opts);
    if (code == CLI_OK)
        code = cli_check_outputs(s, command, opts);
    if (code != CLI_OK)
        return code;
    cli_guard_outputs(command, opts);
    return command->run(opts, s);
}
