/* model_file.h -- what the files about models share. */
#ifndef IO_MODEL_FILE_H
#define IO_MODEL_FILE_H

#include "engine/model.h"
#include "io/h5.h"

/* Every array of a model that came from `file`, in parallel passes. `g` may be NULL; with it the
 * evidence of a consumer is held to their own edges. */
GV_CHECKED gv_status gv_model_check(gv_context *ctx, const gv_model *m, const gv_graph *g,
                                    const char *file, gv_error *err);

#endif
