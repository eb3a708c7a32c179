/* text_output.c -- text files that appear whole or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/session.h"

enum { PATH_CHARS = 4096 };

struct cli_text {
    FILE *file;
    const char *path; /* NULL: standard output */
    char part[PATH_CHARS];
};

cli_text *cli_text_create(cli_session *s, const char *path, int *code)
{
    cli_text *t = calloc(1, sizeof *t);
    if (t == NULL) {
        *code = cli_fail_text(s, CLI_NO_RESOURCES, "out of memory");
        return NULL;
    }
    if (path == NULL || strcmp(path, "-") == 0) {
        t->file = stdout;
        return t;
    }
    t->path = path;
    if (!cli_force(s) && access(path, F_OK) == 0) {
        *code = cli_fail_text(s, CLI_CANNOT_CREATE, "%s exists; --force overwrites it", path);
    } else if (snprintf(t->part, sizeof t->part, "%s.part", path) >= PATH_CHARS) {
        *code = cli_fail_text(s, CLI_CANNOT_CREATE, "%.100s...: path too long", path);
    } else if ((t->file = fopen(t->part, "w")) != NULL) {
        cli_guard_output(path);
        return t;
    } else {
        *code = cli_fail_text(s, CLI_CANNOT_CREATE, "%s: %s", t->part, strerror(errno));
    }
    free(t);
    return NULL;
}

FILE *cli_text_file(cli_text *t)
{
    return t->file;
}

int cli_text_commit(cli_session *s, cli_text *t)
{
    int failed = fflush(t->file) != 0 || ferror(t->file);
    int reason = errno;
    if (t->path != NULL) {
        failed |= fsync(fileno(t->file)) != 0;
        failed |= fclose(t->file) != 0;
        failed |= !failed && rename(t->part, t->path) != 0;
        reason = errno;
        if (failed)
            unlink(t->part);
    }
    const char *name = t->path != NULL ? t->path : "standard output";
    const int code =
        failed ? cli_fail_text(s, CLI_IO_ERROR, "%s: %s", name, strerror(reason)) : CLI_OK;
    free(t);
    return code;
}

void cli_text_discard(cli_text *t)
{
    if (t == NULL)
        return;
    if (t->path != NULL) {
        fclose(t->file);
        unlink(t->part);
    }
    free(t);
}
