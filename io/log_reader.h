/* log_reader.h -- what the readers of purchase logs collect. */
#ifndef IO_LOG_READER_H
#define IO_LOG_READER_H

#include "grapevine/io.h"
#include "io/lookup.h"
#include "io/names.h"
#include "io/table.h"

typedef struct gv_log_mix gv_log_mix;

typedef struct gv_log_reader {
    gv_context *ctx;
    gv_lookup lookup;
    gv_names items, topics;
    gv_names strangers;     /* people who are not in the graph, by text */
    gv_id_set stranger_set; /* the same, by number */
    int64_t n, capacity;
    gv_node *user;  /* [n] */
    int64_t *item;  /* [n], number in `items`, later the item */
    int32_t *topic; /* [n], number in `topics`, later the topic */
    int64_t *time;  /* [n] */
    int64_t rows_unmatched, rows_without_topic;
    gv_log_mix *mix; /* topics of items, or NULL: then the log has them */
    int64_t *number; /* [items.n], what items have become, when they are numbered */
    int32_t *rank;   /* [topics.n], likewise */
    bool numbered;   /* `item` holds the items themselves */
} gv_log_reader;

/* Makes room for n more rows. */
GV_CHECKED gv_status gv_log_more_rows(gv_log_reader *r, int64_t n, gv_error *err);

/* Whether a file begins like HDF5. */
bool gv_log_is_h5(const char *path);

/* Takes up the rows of a file of schema grapevine-log. */
GV_CHECKED gv_status gv_log_read_h5(gv_log_reader *r, const char *path, const gv_log_opts *o,
                                    gv_table_info *info, gv_error *err);

#endif
