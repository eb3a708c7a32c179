/* outputs.c -- refuses outputs before the work, and leaves none of them half written when a signal
 * ends the program. */
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/session.h"

/* ---- a signal leaves no half output -------------------------------------------------------- */

enum { MAX_GUARDED = 32, GUARDED_CHARS = 4096 };
static char guarded[MAX_GUARDED][GUARDED_CHARS];
static volatile sig_atomic_t n_guarded;

static char spared[GUARDED_CHARS];
static gv_checkpoint *volatile stopping;
static volatile sig_atomic_t holding, held;

/* Only async-signal-safe calls: strcmp, unlink, rmdir, signal, raise, and setting a flag. */
static void on_signal(int number)
{
    if (holding) {
        held = number;
        return;
    }
    if (stopping != NULL && !gv_checkpoint_stopping(stopping)) {
        gv_checkpoint_stop(stopping);
        return;
    }
    for (int i = 0; i < n_guarded; i++)
        if (strcmp(guarded[i], spared) != 0 && unlink(guarded[i]) != 0)
            rmdir(guarded[i]); /* files come before their folders */
    signal(number, SIG_DFL);
    raise(number);
}

void cli_guard_output(const char *path)
{
    if (n_guarded >= MAX_GUARDED || strlen(path) + sizeof ".part" > GUARDED_CHARS)
        return;
    snprintf(guarded[n_guarded], GUARDED_CHARS, "%s.part", path);
    n_guarded++;
}

void cli_guard_exactly(const char *path)
{
    if (n_guarded >= MAX_GUARDED || strlen(path) + 1 > GUARDED_CHARS)
        return;
    strcpy(guarded[n_guarded], path);
    n_guarded++;
}

void cli_spare_output(const char *path)
{
    snprintf(spared, sizeof spared, "%s.part", path);
}

void cli_stop_by_signal(gv_checkpoint *checkpoint)
{
    stopping = checkpoint;
}

void cli_hold_signals(bool hold)
{
    holding = hold;
    if (hold || held == 0)
        return;
    const int number = held;
    held = 0;
    raise(number);
}

void cli_watch_signals(void)
{
    static const int ends[] = {SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGXCPU};
    const struct sigaction action = {.sa_handler = on_signal};
    struct sigaction before;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* nohup */
            sigaction(ends[i], &action, NULL);
    signal(SIGXFSZ,
           SIG_IGN); /* a file that may not grow is a failed write, which has its own words */
}

/* ---- refused early ------------------------------------------------------------------------- */

/* The folder that must take `path`: itself if it is a folder that is there, else the one above. */
static int check_folder(const cli_session *s, const char *path, bool there)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return cli_fail_text(s, CLI_NO_RESOURCES, "out of memory");
    const int refused = access(there ? path : dirname(copy), W_OK | X_OK) != 0 ? errno : 0;
    free(copy);
    if (refused != 0)
        return cli_fail_text(s, CLI_CANNOT_CREATE, "%s: cannot be created: %s", path,
                             strerror(refused));
    return CLI_OK;
}

static int check_output(const cli_session *s, const cli_option *o, const char *path)
{
    struct stat have;
    if (strcmp(path, "-") == 0)
        return CLI_OK;
    if (stat(path, &have) != 0)
        return check_folder(s, path, false);
    if ((o->folder || o->either) && S_ISDIR(have.st_mode))
        return check_folder(s, path, true);
    if (o->either && S_ISREG(have.st_mode))
        return check_folder(s, path, false);
    /* Renaming over a device or a pipe would put a plain file in its place, --force or not. */
    if (o->folder || !S_ISREG(have.st_mode))
        return cli_fail_text(s, CLI_CANNOT_CREATE, "%s: cannot be written: it is not a %s", path,
                             o->folder ? "folder" : "file");
    if (!s->common.force)
        return cli_fail_text(s, CLI_CANNOT_CREATE, "%s exists; --force overwrites it", path);
    return check_folder(s, path, false);
}

int cli_check_outputs(const cli_session *s, const cli_command *command, const void *opts)
{
    for (const cli_option *o = command->options; o->name != NULL; o++) {
        const char *path = NULL;
        if (o->type == CLI_OUTPUT)
            memcpy(&path, (const char *)opts + o->offset, sizeof path);
        const int code = path != NULL ? check_output(s, o, path) : CLI_OK;
        if (code != CLI_OK)
            return code;
    }
    return CLI_OK;
}

void cli_guard_outputs(const cli_command *command, const void *opts)
{
    for (const cli_option *o = command->options; o->name != NULL; o++) {
        const char *path = NULL;
        if (o->type == CLI_OUTPUT)
            memcpy(&path, (const char *)opts + o->offset, sizeof path);
        if (path != NULL)
            cli_guard_output(path);
    }
}
