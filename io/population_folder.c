/* population_folder.c -- see population_folder.h. */
#define _POSIX_C_SOURCE 200809L
#include "io/population_folder.h"

#include <errno.h>
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

static gv_status make_folder(const char *dir, gv_error *err)
{
    struct stat info;
    if (strlen(dir) > GV_POPULATION_PATH - 16)
        return gv_fail(err, GV_ERR_CREATE, "%.64s...: the path is too long", dir);
    if (mkdir(dir, 0777) == 0 || (stat(dir, &info) == 0 && S_ISDIR(info.st_mode)))
        return GV_OK;
    return gv_fail(err, GV_ERR_CREATE, "%s: the folder cannot be made: %s", dir, strerror(errno));
}

gv_status gv_population_vacant(const char *dir, int file, bool overwrite, gv_error *err)
{
    char path[GV_POPULATION_PATH];
    gv_population_path(dir, file, path);
    if (!overwrite && access(path, F_OK) == 0)
        return gv_fail(err, GV_ERR_CREATE, "%s: exists already and may not be overwritten", path);
    return GV_OK;
}

gv_status gv_population_folder(const char *dir, int files, bool overwrite, gv_error *err)
{
    gv_status st = make_folder(dir, err);
    for (int i = 0; st == GV_OK && i < files; i++)
        st = gv_population_vacant(dir, i, overwrite, err);
    return st;
}

void gv_population_remove(const char *dir, int files)
{
    char path[GV_POPULATION_PATH];
    for (int i = 0; i < files; i++) {
        gv_population_path(dir, i, path);
        unlink(path);
    }
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
