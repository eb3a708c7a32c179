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

/* DIR/name of a file into path [GV_POPULATION_PATH]; DIR was made by gv_population_folder(). */
void gv_population_path(const char *dir, int file, char *path);

/* Makes the folder if it is missing; GV_ERR_CREATE also if one of files 0 .. files - 1 exists and
 * `overwrite` is false. */
GV_CHECKED gv_status gv_population_folder(const char *dir, int files, bool overwrite,
                                          gv_error *err);

/* The same for one more file. */
GV_CHECKED gv_status gv_population_vacant(const char *dir, int file, bool overwrite, gv_error *err);

/* Removes files 0 .. files - 1: a part of a population is none. */
void gv_population_remove(const char *dir, int files);

#define GV_PURCHASES_HEADER "user\titem\ttopic\ttime\n"
enum { GV_PURCHASE_ROOM = 120 }; /* most bytes of a row without its user */

/* What follows the user in a row of purchases.tsv; returns the place behind the newline. */
char *gv_format_purchase(int64_t item, const char *topic, int64_t time, char *to);

/* An attribute's value in nodes.tsv, at most GV_REAL_ROOM bytes. */
enum { GV_REAL_ROOM = 23 };
char *gv_format_real(float value, char *to);

#endif
