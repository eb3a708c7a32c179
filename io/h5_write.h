/* h5_write.h -- what the two h5_write files share. */
#ifndef IO_H5_WRITE_H
#define IO_H5_WRITE_H

#include <hdf5.h>

#include "io/h5.h"

/* Makes the groups above `path` and sees that the path itself is free. Error stack muted. */
GV_CHECKED gv_status gv_h5_clear_way(gv_h5 *f, const char *path, gv_error *err);

/* A dataspace of that shape, to be closed. */
hid_t gv_h5_space(int rank, const int64_t *dims);

GV_CHECKED gv_status gv_h5_set_checksum(gv_h5 *f, const char *path, uint64_t checksum,
                                        gv_error *err);

#endif
