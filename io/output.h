/* output.h -- files that appear whole or not at all: written as PATH.part, synced, renamed. */
#ifndef IO_OUTPUT_H
#define IO_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/context.h"

typedef struct gv_output {
    gv_context *ctx;
    int fd;     /* PATH.part, open for reading and writing; -1 when closed */
    char *path; /* where it will lie */
    char *part; /* PATH.part */
} gv_output;

/* Makes PATH.part anew. GV_ERR_CREATE if that fails, or PATH exists and `overwrite` is false. */
GV_CHECKED gv_status gv_output_begin(gv_context *ctx, const char *path, bool overwrite,
                                     gv_output *o, gv_error *err);

/* The same with the PATH.part that an earlier process left with gv_output_leave(): GV_ERR_NO_INPUT
 * when there is none. */
GV_CHECKED gv_status gv_output_resume(gv_context *ctx, const char *path, bool overwrite,
                                      gv_output *o, gv_error *err);
/* Closes and frees, and leaves PATH.part where it is. */
void gv_output_leave(gv_output *o);

/* Takes disk space for bytes [offset, offset + bytes), so that writing them cannot run out of it.
 * `what` names the thing in the message. */
GV_CHECKED gv_status gv_output_reserve(gv_output *o, int64_t offset, int64_t bytes,
                                       const char *what, gv_error *err);

/* The same for bytes [0, bytes) without making the file longer, where the file system can do that.
 */
GV_CHECKED gv_status gv_output_reserve_all(gv_output *o, int64_t bytes, const char *what,
                                           gv_error *err);

/* Writes `bytes` bytes at `offset`. Reports progress for long ones. */
GV_CHECKED gv_status gv_output_write(gv_output *o, int64_t offset, const void *data, int64_t bytes,
                                     const char *what, gv_error *err);

/* The same without a report, and so to the end, whoever asks to stop. */
GV_CHECKED gv_status gv_output_put(gv_output *o, int64_t offset, const void *data, int64_t bytes,
                                   const char *what, gv_error *err);

/* Syncs, renames to PATH, syncs the directory, frees. On failure PATH.part is removed. */
GV_CHECKED gv_status gv_output_commit(gv_output *o, gv_error *err);

/* Removes PATH.part and frees. Allowed on an output that is closed or all zero. */
void gv_output_discard(gv_output *o);

#endif
