/* h5_file.h -- inside the h5*.c files: what a gv_h5 holds, and the habits of calling HDF5. */
#ifndef IO_H5_FILE_H
#define IO_H5_FILE_H

#include <hdf5.h>

#include "io/h5.h"
#include "io/output.h"

struct gv_h5 {
    gv_context *ctx;
    hid_t file;
    bool writing;
    gv_output out;       /* writing */
    int fd;              /* reading; -1 when writing */
    int64_t size;        /* reading: of the file */
    char *path;          /* borrowed from `out` when writing */
    gv_mapping *mapping; /* of the arrays handed out so far, or NULL */
};

/* Every function that calls HDF5 mutes the error stack and puts it back before it returns. */
typedef struct gv_h5_mute {
    H5E_auto2_t print;
    void *data;
} gv_h5_mute;
gv_h5_mute gv_h5_hush(void);
void gv_h5_unhush(gv_h5_mute m);

/* A sentence with what HDF5 says of its last failure. To be called before any other HDF5 function
 * (those clear what is known about a failure). */
gv_status gv_h5_fail(const gv_h5 *f, gv_status status, const char *path, const char *what,
                     gv_error *err);
/* GV_ERR_IO of a file in the making, GV_ERR_DATA of one that is read. */
gv_status gv_h5_trouble(const gv_h5 *f, const char *path, const char *what, gv_error *err);

/* What all ways of opening share: format bounds and page-aligned large arrays. To be closed. */
hid_t gv_h5_access_list(void);
/* Takes the disk space of all that HDF5 holds, so that flushing cannot run out of it; flushes. */
GV_CHECKED gv_status gv_h5_flush(gv_h5 *f, gv_error *err);
/* Frees what a gv_h5 holds but its HDF5 file and its output. */
void gv_h5_release(gv_h5 *f);

/* Closes any kind of id; negative ones are none. */
void gv_h5_drop(hid_t id);

/* The type in the file of elements of a gv_type; to be closed. */
hid_t gv_h5_file_type(gv_type type, int32_t width);
/* Back: false when it is none of ours. */
bool gv_h5_known_type(hid_t type, gv_type *known, int32_t *width);

/* Says nothing about failures: whether `path` leads to an object. */
bool gv_h5_exists(const gv_h5 *f, const char *path);

/* Maps the file (once). */
GV_CHECKED gv_status gv_h5_map_file(gv_h5 *f, gv_error *err);
/* The place in the mapping, or an aligned copy of bytes that lie askew in the file. */
GV_CHECKED gv_status gv_mapping_at(gv_mapping *m, int64_t offset, int64_t bytes, int64_t alignment,
                                   const void **data, gv_error *err);

#endif
