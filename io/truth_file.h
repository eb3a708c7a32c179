/* truth_file.h -- what was planted in a population, as a file. */
#ifndef IO_TRUTH_FILE_H
#define IO_TRUTH_FILE_H

#include "engine/population.h"

/* Writes truth.h5; the graph has its hash. */
GV_CHECKED gv_status gv_truth_save(gv_context *ctx, const gv_population *p, const char *path,
                                   bool overwrite, gv_error *err);

#endif
