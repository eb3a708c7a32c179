/* checkpoint.c -- see checkpoint.h. */
#include "cli/checkpoint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what a run is about -------------------------------------------------------------------- */

bool cli_identity_begin(cli_identity *i)
{
    memset(i, 0, sizeof *i);
    i->to = open_memstream(&i->text, &i->size);
    return i->to != NULL;
}

static bool is_made(const cli_identity *i, const char *path)
{
    for (int k = 0; k < i->n_made; k++)
        if (strcmp(i->made[k], path) == 0)
            return true;
    return false;
}

static void add_input(cli_identity *i, const char *path)
{
    struct stat info;
    if (is_made(i, path))
        fprintf(i->to, "made %s\n", path);
    else if (stat(path, &info) == 0)
        fprintf(i->to, "%s %" PRId64 " %" PRId64 ".%09ld\n", path, (int64_t)info.st_size,
                (int64_t)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    else
        fprintf(i->to, "%s\n", path);
}

static void add_paths(cli_identity *i, const cli_option *o, const void *opts)
{
    const void *field = (const char *)opts + o->offset;
    if (o->type == CLI_PATHS) {
        const cli_list *list = field;
        for (int64_t k = 0; k < list->n; k++)
            add_input(i, list->item[k]);
        return;
    }
    const char *path = *(const char *const *)field;
    if (path == NULL)
        return;
    if (o->type == CLI_PATH || o->type == CLI_TEXT) /* some texts may name a file, as --source */
        add_input(i, path);
    else if (o->type == CLI_OUTPUT && i->n_made < CLI_MAX_STAGES)
        i->made[i->n_made++] = path;
}

void cli_identity_add(cli_identity *i, const cli_command *command, const void *opts)
{
    char *yaml = cli_provenance(command, opts);
    fputs(yaml != NULL ? yaml : "", i->to);
    free(yaml);
    for (const cli_option *o = command->options; o->name != NULL; o++)
        if (o->type == CLI_PATH || o->type == CLI_PATHS || o->type == CLI_OUTPUT ||
            o->type == CLI_TEXT)
            add_paths(i, o, opts);
}

void cli_identity_end(cli_identity *i)
{
    fclose(i->to);
    i->to = NULL;
}

void cli_identity_free(cli_identity *i)
{
    if (i->to != NULL)
        fclose(i->to);
    free(i->text);
}

/* ---- the folder ----------------------------------------------------------------------------- */

static int open_folder(cli_session *s, const cli_identity *identity)
{
    gv_error err;
    char *text = NULL;
    if (identity->text == NULL ||
        asprintf(&text, "seed %" PRIu64 "\n%s", cli_seed(s), identity->text) < 0)
        return cli_fail_text(s, CLI_NO_RESOURCES, "out of memory");
    const gv_status st = gv_checkpoint_open(s->ctx, s->common.checkpoint, text,
                                            s->common.checkpoint_every, &s->checkpoint, &err);
    free(text);
    return st == GV_OK ? CLI_OK : cli_fail(s, &err);
}

/* The note that results are about to be renamed. */
static const char finishing[] = "finishing";

static bool was_renamed(const cli_session *s, const char *path)
{
    char *part = NULL;
    if (!cli_checkpoint_done(s, finishing) || asprintf(&part, "%s.part", path) < 0)
        return false;
    const bool renamed = access(part, F_OK) != 0 && access(path, F_OK) == 0;
    free(part);
    return renamed;
}

static int take_results(cli_session *s, const char *path)
{
    gv_error err;
    if (was_renamed(s, path)) {
        s->finished = true;
        return CLI_OK;
    }
    cli_spare_output(path);
    if (gv_checkpoint_take_results(s->checkpoint, s->ctx, path, s->common.force, &s->results,
                                   &err) != GV_OK)
        return cli_fail(s, &err);
    s->results_path = path;
    s->results_kept = s->results != NULL;
    return CLI_OK;
}

static int begin(cli_session *s, const cli_identity *identity)
{
    int code = open_folder(s, identity);
    if (code != CLI_OK)
        return code;
    const bool resumed = gv_checkpoint_resumed(s->checkpoint);
    if (s->common.resume && !resumed) {
        code = cli_fail_text(s, CLI_NO_INPUT, "--resume: %s holds no checkpoint",
                             s->common.checkpoint);
        cli_checkpoint_close(s, true);
        return code;
    }
    if (resumed) {
        cli_say(s, "going on from the checkpoint in %s", s->common.checkpoint);
        s->common.force = true; /* what lies there was made by the run that was stopped */
    }
    const gv_keeper keeper = gv_checkpoint_keeper(s->checkpoint);
    gv_context_keep(s->ctx, &keeper);
    cli_stop_by_signal(s->checkpoint);
    return CLI_OK;
}

int cli_checkpoint_open(cli_session *s, const cli_identity *identity, const char *results_path)
{
    if (s->common.checkpoint == NULL)
        return s->common.resume
                   ? cli_fail_text(s, CLI_USAGE,
                                   "--resume needs --checkpoint, the folder to go on from")
                   : CLI_OK;
    cli_hold_signals(true); /* a folder that is there goes on */
    const int code = begin(s, identity);
    cli_hold_signals(false);
    if (code != CLI_OK)
        return code;
    return results_path != NULL ? take_results(s, results_path) : CLI_OK;
}

int cli_checkpoint_command(cli_session *s, const cli_command *command, const void *opts)
{
    cli_identity about;
    int code = CLI_NO_RESOURCES;
    if (cli_identity_begin(&about)) {
        cli_identity_add(&about, command, opts);
        cli_identity_end(&about);
        code = cli_checkpoint_open(s, &about, NULL);
    }
    cli_identity_free(&about);
    return code;
}

bool cli_checkpoint_done(const cli_session *s, const char *stage)
{
    return s->checkpoint != NULL && gv_checkpoint_marked(s->checkpoint, stage);
}

int cli_checkpoint_stage(cli_session *s, const char *stage, bool makes_results)
{
    gv_error err;
    gv_status st = GV_OK;
    if (makes_results && s->results != NULL) {
        st = gv_checkpoint_results(s->checkpoint, s->results, stage, &err);
        s->results_kept = s->checkpoint != NULL && (st == GV_OK || st == GV_ERR_CANCELLED);
    } else if (s->checkpoint != NULL) {
        st = gv_checkpoint_mark(s->checkpoint, stage, &err);
    }
    return st == GV_OK ? CLI_OK : cli_fail(s, &err);
}

int cli_checkpoint_finishing(cli_session *s)
{
    return s->results != NULL ? cli_checkpoint_note(s, finishing) : CLI_OK;
}

bool cli_checkpoint_finished(const cli_session *s)
{
    return s->finished;
}

int cli_checkpoint_note(cli_session *s, const char *fact)
{
    gv_error err;
    if (s->checkpoint == NULL || gv_checkpoint_mark(s->checkpoint, fact, &err) == GV_OK)
        return CLI_OK;
    return cli_fail(s, &err);
}

void cli_checkpoint_close(cli_session *s, bool finished)
{
    if (s->checkpoint == NULL)
        return;
    cli_stop_by_signal(NULL);
    gv_context_keep(s->ctx, NULL);
    if (s->results_kept && !finished) {
        gv_results_leave(s->results);
        s->results = NULL;
    }
    cli_hold_signals(true); /* a folder whose marks are gone goes as well */
    if (finished || gv_checkpoint_empty(s->checkpoint))
        gv_checkpoint_remove(s->checkpoint);
    else
        gv_checkpoint_close(s->checkpoint);
    s->checkpoint = NULL;
    cli_hold_signals(false);
}
