/* layouts_file.h -- the sidecar of a graph file within io/: names of its layouts, writing it. */
#ifndef IO_LAYOUTS_FILE_H
#define IO_LAYOUTS_FILE_H

#include "grapevine/context.h"
#include "grapevine/info.h"
#include "io/h5.h"

#define GV_LAYOUT_SCHEMA "grapevine-layout"

enum { GV_LAYOUT_GROUP = 128 };

/* "/layouts/FIRST_WORD-HASH" into group [GV_LAYOUT_GROUP]; returns it. */
char *gv_layout_group(const char *key, char *group);

/* Elements of `size` bytes, as integers. */
gv_type gv_layout_type(int32_t size);
/* Compares the checksum of an array with its bytes: GV_ERR_DATA. */
GV_CHECKED gv_status gv_layout_check(gv_h5 *f, const char *path, gv_error *err);

/* Writes the sidecar `path` with the layout `key`, and all others that `from` has (NULL: none);
 * closes `from`. */
GV_CHECKED gv_status gv_layouts_write(gv_context *ctx, gv_h5 *from, const char *path,
                                      const char *hash, const char *key,
                                      const gv_layout_array *array, int32_t n, gv_error *err);

/* Locks the sidecar by a file beside it, name [room], which whoever unlocks removes before it is
 * closed. -1 when another process has it (*busy), or where there can be no lock. */
int gv_layouts_lock(const char *path, char *name, size_t room, bool *busy);

#endif
