/* layouts_file.h -- how the sidecar of a graph file names its layouts. */
#ifndef IO_LAYOUTS_FILE_H
#define IO_LAYOUTS_FILE_H

#include "grapevine/info.h"
#include "io/h5.h"

#define GV_LAYOUT_SCHEMA "grapevine-layout"

enum { GV_LAYOUT_GROUP = 128 };

/* "/layouts/FIRST_WORD-HASH" into group [GV_LAYOUT_GROUP]; returns it. */
char *gv_layout_group(const char *key, char *group);

#endif
