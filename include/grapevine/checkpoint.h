/* checkpoint.h -- a folder that keeps how far a job came, so that a later run goes on from there.
 *
 * The folder holds one file for each state that was kept, made whole and renamed, with checksums. A
 * run that goes on gives the same bytes as one that was never stopped. */
#ifndef GRAPEVINE_CHECKPOINT_H
#define GRAPEVINE_CHECKPOINT_H

#include "grapevine/context.h"
#include "grapevine/io.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gv_checkpoint gv_checkpoint;

/* Opens the folder `dir`, made if missing, for one run at a time.
 *
 *   identity   a text that is equal for equal jobs: options, inputs, version of the program
 *   every      seconds between two keepings of one computation, >= 1
 *   out        out; caller's, to be freed with gv_checkpoint_close() after the last use of a
 * context that keeps with it
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_ARG the folder holds a checkpoint with another identity;
 * GV_ERR_SYSTEM another run has it open; GV_ERR_CREATE; GV_ERR_DATA; GV_ERR_IO; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_checkpoint_open(gv_context *ctx, const char *dir,
                                               const char *identity, int64_t every,
                                               gv_checkpoint **out, gv_error *err);

/* Ends the use of the folder and leaves it as it is. NULL is allowed. */
GV_API void gv_checkpoint_close(gv_checkpoint *c);

/* The job is done: removes the states, and the folder if nothing else is in it. Frees `c` too. */
GV_API void gv_checkpoint_remove(gv_checkpoint *c);

/* Keeps computations of a context with this folder: see gv_context_keep(). */
GV_API gv_keeper gv_checkpoint_keeper(gv_checkpoint *c);

/* Asks the run to stop at the next point where its state can be kept. Safe in a signal handler. */
GV_API void gv_checkpoint_stop(gv_checkpoint *c);
GV_API bool gv_checkpoint_stopping(const gv_checkpoint *c);

/* Marks a stage of the job as done, which drops the states of its computations (those named as the
 * stage, or as the stage and '-' and more); GV_ERR_CANCELLED when the run is to stop. And whether
 * this or an earlier run marked it. `stage` is of lower-case letters, at most 32. */
GV_API GV_CHECKED gv_status gv_checkpoint_mark(gv_checkpoint *c, const char *stage, gv_error *err);
GV_API bool gv_checkpoint_marked(const gv_checkpoint *c, const char *stage);

/* The end of a stage of a job that writes results: what was written so far is brought to PATH.part,
 * and kept in the folder, in one step with the mark of the stage, is what it takes to go on from
 * here. Jobs without a folder call it too, with NULL, so that their files have the same bytes.
 * GV_ERR_CANCELLED when the run is to stop. */
GV_API GV_CHECKED gv_status gv_checkpoint_results(gv_checkpoint *c, gv_results *r,
                                                  const char *stage, gv_error *err);
/* Goes on with the results that an earlier run left; *out is NULL when it left none.
 * GV_ERR_NO_INPUT PATH.part is gone; GV_ERR_DATA it was changed; else as gv_results_create(). */
GV_API GV_CHECKED gv_status gv_checkpoint_take_results(gv_checkpoint *c, gv_context *ctx,
                                                       const char *path, bool overwrite,
                                                       gv_results **out, gv_error *err);
/* Frees results in the making and leaves PATH.part to be taken up. NULL is allowed. */
GV_API void gv_results_leave(gv_results *r);

/* Whether the folder held anything of this job when it was opened. */
GV_API bool gv_checkpoint_resumed(const gv_checkpoint *c);
/* Whether it holds nothing that a later run could go on from. */
GV_API bool gv_checkpoint_empty(const gv_checkpoint *c);

#ifdef __cplusplus
}
#endif
#endif
