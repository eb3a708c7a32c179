/* population_folder.c -- see population_folder.h. */
#define _POSIX_C_SOURCE 200809L /* O_DIRECTORY, O_CLOEXEC */
#include "io/population_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "grapevine/learn.h"
#include "io/text_write.h"

static const char *const file_name[] = {"graph.h5", "nodes.tsv", "truth.h5", "purchases.tsv",
                                        "purchases.h5"};

void gv_population_path(const char *dir, int file, char *path)
{
    snprintf(path, GV_POPULATION_PATH, "%s/%s", dir, file_name[file]);
}

gv_status gv_population_vacant(const char *dir, int file, bool overwrite, gv_error *err)
{
    char path[GV_POPULATION_PATH];
    gv_population_path(dir, file, path);
    if (!overwrite && access(path, F_OK) == 0)
        return gv_fail(err, GV_ERR_CREATE, "%s: exists already and may not be overwritten", path);
    return GV_OK;
}

/* ---- the stage --------------------------------------------------------------------------------
 */

static gv_status make_folder(const char *dir, bool *made, gv_error *err)
{
    struct stat info;
    *made = mkdir(dir, 0777) == 0;
    if (*made || (errno == EEXIST && stat(dir, &info) == 0 && S_ISDIR(info.st_mode)))
        return GV_OK;
    return gv_fail(err, GV_ERR_CREATE, "%s: the folder cannot be made: %s", dir, strerror(errno));
}

gv_status gv_population_begin(const char *dir, int files, bool overwrite,
                              gv_population_stage *stage, gv_error *err)
{
    bool made;
    *stage = (gv_population_stage){.dir = dir};
    if (strlen(dir) > GV_POPULATION_PATH - 32)
        return gv_fail(err, GV_ERR_CREATE, "%.64s...: the path is too long", dir);
    snprintf(stage->path, GV_POPULATION_PATH, "%s/%s", dir, GV_POPULATION_STAGE);
    gv_status st = make_folder(dir, &stage->made, err);
    for (int i = 0; st == GV_OK && i < files; i++)
        st = gv_population_vacant(dir, i, overwrite, err);
    if (st == GV_OK)
        st = make_folder(stage->path, &made, err);
    if (st != GV_OK)
        gv_population_discard(stage);
    return st;
}

/* The folder holds the names, which are what was changed last. */
static void sync_folder(const char *dir)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd); /* some file systems cannot, which is no fault of the files */
        close(fd);
    }
}

gv_status gv_population_commit(const gv_population_stage *stage, gv_error *err)
{
    char from[GV_POPULATION_PATH], to[GV_POPULATION_PATH];
    for (int i = 0; i <= GV_POPULATION_H5; i++) {
        gv_population_path(stage->path, i, from);
        gv_population_path(stage->dir, i, to);
        if (rename(from, to) != 0 && errno != ENOENT)
            return gv_fail(err, GV_ERR_CREATE, "%s: renaming failed: %s", to, strerror(errno));
    }
    sync_folder(stage->dir);
    return GV_OK;
}

void gv_population_discard(const gv_population_stage *stage)
{
    char path[GV_POPULATION_PATH];
    for (int i = 0; i <= GV_POPULATION_H5; i++) {
        gv_population_path(stage->path, i, path);
        unlink(path);
    }
    rmdir(stage->path);
    if (stage->made)
        rmdir(stage->dir); /* fails where something was put */
}

char *gv_format_purchase(int64_t item, const char *topic, int64_t time, char *to)
{
    *to++ = '\t';
    to = gv_format_int(item, to);
    *to++ = '\t';
    to = gv_format_text(topic, GV_TOPIC_CHARS, to);
    *to++ = '\t';
    to = gv_format_int(time, to);
    *to++ = '\n';
    return to;
}

char *gv_format_real(float value, char *to)
{
    /* nine digits give the same float back */
    return to + snprintf(to, GV_REAL_ROOM, "%.9g", (double)value);
}
