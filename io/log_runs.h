/* log_runs.h -- purchases that do not fit in memory: sorted runs in a temporary file, merged. */
#ifndef IO_LOG_RUNS_H
#define IO_LOG_RUNS_H

#include "io/log_reader.h"

/* A run is a log of its own, its users and times in the file. */
typedef struct gv_log_run {
    int64_t at;     /* place of its users in the file; its times follow, at a multiple of 8 */
    gv_log *groups; /* rows [indptr[a], indptr[a + 1]) of (item[a], item_topic[a]) */
    int64_t *item;
} gv_log_run;

struct gv_log_runs {
    const char *folder;
    int64_t most; /* rows of a run; INT64_MAX: all, there is no memory limit */
    int fd;       /* or -1 */
    int64_t bytes, rows;
    int64_t n, room;
    gv_log_run *run; /* [n] */
};

/* How many rows are held at most. After the graph's ids were looked up, before the first row. */
GV_CHECKED gv_status gv_log_runs_begin(gv_log_reader *r, const gv_log_opts *o, gv_error *err);
void gv_log_runs_end(gv_log_reader *r);

/* Puts the reader's rows into the file. */
GV_CHECKED gv_status gv_log_runs_put(gv_log_reader *r, gv_error *err);

/* The log of all runs, the same as if all rows had been sorted at once. `number` [items] (NULL:
 * items are numbers already) and `rank` [topics] are what the names have become, `topic_name` by
 * rank. */
GV_CHECKED gv_status gv_log_runs_merge(gv_log_reader *r, const int64_t *number, const int32_t *rank,
                                       const char *const *topic_name, gv_log **out, gv_error *err);

#endif
