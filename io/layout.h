/* layout.h -- pieces of layout that several kinds of files share. */
#ifndef IO_LAYOUT_H
#define IO_LAYOUT_H

#include "grapevine/learn.h"
#include "io/h5.h"

/* /topics: name S64[Z], n_items i64[Z]. */
GV_CHECKED gv_status gv_h5_write_topics(gv_h5 *f, char (*name)[GV_TOPIC_CHARS + 1],
                                        const int64_t *items, int32_t n_topics, gv_error *err);

/* The dataset group/name [n]. */
GV_CHECKED gv_status gv_h5_write_part(gv_h5 *f, const char *group, const char *name, gv_type type,
                                      int64_t n, const void *data, gv_error *err);
GV_CHECKED gv_status gv_h5_map_part(gv_h5 *f, const char *group, const char *name, gv_type type,
                                    int64_t n, const void **data, gv_error *err);

/* The attributes of an AnnData-style csr group. */
GV_CHECKED gv_status gv_h5_mark_csr(gv_h5 *f, const char *group, int64_t n_rows, int64_t n_columns,
                                    gv_error *err);

#endif
