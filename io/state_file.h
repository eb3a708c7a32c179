/* state_file.h -- one state in one file: parts of bytes with checksums, bound to an identity. */
#ifndef IO_STATE_FILE_H
#define IO_STATE_FILE_H

#include "grapevine/context.h"

/* Writes `path` whole or not at all. GV_ERR_CREATE; GV_ERR_IO; GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_state_write(gv_context *ctx, const char *path, uint64_t identity,
                                    const gv_state_part *part, int32_t n_parts, gv_error *err);

/* A state file opened for reading. */
typedef struct gv_state_reader {
    gv_context *ctx;
    int fd;
    const char *path; /* borrowed */
    int32_t n_parts;
    int64_t *bytes; /* [n_parts] */
    uint64_t *hash; /* [n_parts] */
    int64_t *at;    /* [n_parts] offset in the file */
    uint64_t identity;
} gv_state_reader;

/* *found is false when there is no such file, which is no error. GV_ERR_DATA it is no state file or
 * cut short. To be closed with gv_state_close() when found. */
GV_CHECKED gv_status gv_state_open(gv_context *ctx, const char *path, gv_state_reader *r,
                                   bool *found, gv_error *err);
/* Reads part `i` into data [bytes[i]] and checks it: GV_ERR_DATA; GV_ERR_IO. */
GV_CHECKED gv_status gv_state_read(gv_state_reader *r, int32_t i, void *data, gv_error *err);
void gv_state_close(gv_state_reader *r);

/* Whether the file is a state of that identity, or one that was only begun. */
bool gv_state_is_of(int fd, uint64_t identity);

#endif
