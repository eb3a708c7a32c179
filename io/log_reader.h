/* log_reader.h -- what the readers of purchase logs collect. */
#ifndef IO_LOG_READER_H
#define IO_LOG_READER_H

#include "grapevine/io.h"
#include "grapevine/plan.h"
#include "io/h5.h"
#include "io/lookup.h"
#include "io/names.h"
#include "io/table.h"

typedef struct gv_log_mix gv_log_mix;
typedef struct gv_log_runs gv_log_runs;

typedef struct gv_log_reader {
    gv_context *ctx;
    gv_lookup lookup;
    gv_names items, topics;
    gv_names strangers;     /* people who are not in the graph, by text */
    gv_id_set stranger_set; /* the same, by number */
    int64_t n, capacity;
    int64_t kept, expected; /* rows so far, and in all; 0: not known */
    gv_node *user;          /* [n] */
    int64_t *item;          /* [n], number in `items`, later the item */
    int32_t *topic;         /* [n], number in `topics`, later the topic */
    int64_t *time;          /* [n] */
    int64_t rows_unmatched, rows_without_topic;
    gv_log_runs *runs; /* rows that do not fit in memory */
    gv_log_mix *mix;   /* topics of items, or NULL: then the log has them */
    int64_t *number;   /* [items.n], what items have become, when they are numbered */
    int32_t *rank;     /* [topics.n], likewise */
    bool numbered;     /* `item` holds the items themselves */
} gv_log_reader;

/* Of n rows more that the log has: `share` of it was read with them, 0 if that is not known. So
 * arrays need not grow again and again. */
void gv_log_expect(gv_log_reader *r, int64_t n, double share);
/* Makes room for n more rows, or for as many as may be held. */
GV_CHECKED gv_status gv_log_more_rows(gv_log_reader *r, int64_t n, gv_error *err);
/* Makes room for n more rows, as many as that may be. */
GV_CHECKED gv_status gv_log_grow(gv_log_reader *r, int64_t n, gv_error *err);

/* Rows [from, to) of those that stay of a batch, which go to place `at` and on. */
typedef struct gv_log_window {
    int64_t from, to, at;
} gv_log_window;

/* Takes up the `kept` rows of a batch: `write` is called for tasks [0, n_tasks) in parallel, and
 * writes those of its task that are in the window `w`. Whenever no more rows may be held, those
 * that are go to the disk, and the window moves on. */
GV_CHECKED gv_status gv_log_write(gv_log_reader *r, int64_t kept, gv_log_window *w, int64_t n_tasks,
                                  void (*write)(void *arg, int64_t i), void *arg, gv_error *err);

/* Whether a file begins like HDF5. */
bool gv_log_is_h5(const char *path);

/* The columns of a file of schema grapevine-log, mapped until it is closed. */
typedef struct gv_log_columns {
    gv_h5 *f;
    int64_t n_rows, n_topics;
    const int64_t *user, *item, *time; /* [n_rows] */
    const int32_t *topic;              /* [n_rows] */
    const char *name;                  /* [n_topics][GV_TOPIC_CHARS] */
} gv_log_columns;

/* GV_ERR_ARG if `opts` names columns; GV_ERR_NO_INPUT; GV_ERR_DATA. On failure nothing is open. */
GV_CHECKED gv_status gv_log_columns_open(gv_context *ctx, const char *path, const gv_log_opts *opts,
                                         gv_log_columns *c, gv_error *err);
void gv_log_columns_close(gv_log_columns *c);

/* gv_log_look() of such a file. */
GV_CHECKED gv_status gv_log_look_h5(gv_context *ctx, const char *path, const gv_log_opts *opts,
                                    gv_log_shape *out, gv_error *err);

/* Takes up the rows of a table of text. */
GV_CHECKED gv_status gv_log_read_text(gv_log_reader *r, const char *path, const gv_log_opts *o,
                                      gv_table_info *info, gv_error *err);

/* Takes up the rows of a file of schema grapevine-log. */
GV_CHECKED gv_status gv_log_read_h5(gv_log_reader *r, const char *path, const gv_log_opts *o,
                                    gv_table_info *info, gv_error *err);

#endif
