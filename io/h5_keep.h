/* h5_keep.h -- an HDF5 file in the making that outlives the process that makes it.
 *
 * Once a file is settled, later writing appends arrays and may change HDF5's own records, the
 * bones: everything that is not the elements of a large array. With a copy of the bones and the
 * size the file can be put back to what it was, whatever was begun since and however it ended. */
#ifndef IO_H5_KEEP_H
#define IO_H5_KEEP_H

#include "io/h5.h"

typedef struct gv_h5_bones {
    gv_context *ctx;
    int64_t size; /* of the file */
    int64_t n_ranges;
    int64_t *range; /* [n_ranges][2], first byte and byte behind the last */
    int64_t n_bytes;
    char *bytes; /* [n_bytes], of all ranges in turn */
} gv_h5_bones;

/* Brings all of a file in the making to where other processes can see it, and synced if `sync`;
 * writing goes on afterwards. Bears on where later arrays lie, so to be called at the same points
 * whether anything is kept or not. GV_ERR_IO: the file is to be closed. */
GV_CHECKED gv_status gv_h5_settle(gv_h5 *f, bool sync, gv_error *err);

/* Copies the bones of a settled file. To be freed with gv_h5_bones_free() in any case. */
GV_CHECKED gv_status gv_h5_bones_take(gv_h5 *f, gv_h5_bones *b, gv_error *err);
void gv_h5_bones_free(gv_h5_bones *b);

/* Puts PATH.part back to what it was when its bones were taken, and goes on writing it.
 * GV_ERR_NO_INPUT it is not there; GV_ERR_DATA it is shorter than it was; GV_ERR_CREATE; GV_ERR_IO;
 * GV_ERR_NOMEM. PATH.part stays after a failure. */
GV_CHECKED gv_status gv_h5_revive(gv_context *ctx, const char *path, bool overwrite,
                                  const gv_h5_bones *b, gv_h5 **out, gv_error *err);

/* Closes a file in the making and leaves PATH.part as it is, to be revived. NULL is allowed. */
void gv_h5_leave(gv_h5 *f);

#endif
