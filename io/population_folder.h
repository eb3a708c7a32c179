/* population_folder.h -- the files of a population, and what their two writers share. */
#ifndef IO_POPULATION_FOLDER_H
#define IO_POPULATION_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/error.h"

enum gv_population_files {
    GV_POPULATION_GRAPH = 0,
    GV_POPULATION_NODES = 1,
    GV_POPULATION_TRUTH = 2,
    GV_POPULATION_TSV = 3, /* purchases.tsv or, in its place, purchases.h5 */
    GV_POPULATION_H5 = 4
};

enum { GV_POPULATION_PATH = 4096 };
#define GV_POPULATION_STAGE ".part" /* the folder in which the files are made */

/* DIR/name of a file into path [GV_POPULATION_PATH]; DIR is short enough if it was taken by
 * gv_population_begin(). */
void gv_population_path(const char *dir, int file, char *path);

/* GV_ERR_CREATE if the file exists and `overwrite` is false. */
GV_CHECKED gv_status gv_population_vacant(const char *dir, int file, bool overwrite, gv_error *err);

/* Files are made in a folder within DIR, and moved when all of them are there: a part of a
 * population is none. */
typedef struct gv_population_stage {
    const char *dir;
    bool made; /* DIR was not there before */
    char path[GV_POPULATION_PATH];
} gv_population_stage;

/* Makes DIR if it is missing, and the folder; GV_ERR_CREATE also if one of files 0 .. files - 1
 * exists in DIR and `overwrite` is false. What a killed run left in the folder is overwritten. */
GV_CHECKED gv_status gv_population_begin(const char *dir, int files, bool overwrite,
                                         gv_population_stage *stage, gv_error *err);
/* Moves what has been made to DIR. */
GV_CHECKED gv_status gv_population_commit(const gv_population_stage *stage, gv_error *err);
/* Removes what has not been moved, the folder, and DIR if it was made and is empty. */
void gv_population_discard(const gv_population_stage *stage);

#define GV_PURCHASES_HEADER "user\titem\ttopic\ttime\n"
enum { GV_PURCHASE_ROOM = 120 }; /* most bytes of a row without its user */

/* What follows the user in a row of purchases.tsv; returns the place behind the newline. */
char *gv_format_purchase(int64_t item, const char *topic, int64_t time, char *to);

/* An attribute's value in nodes.tsv, at most GV_REAL_ROOM bytes. */
enum { GV_REAL_ROOM = 23 };
char *gv_format_real(float value, char *to);

#endif
