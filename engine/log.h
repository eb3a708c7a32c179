/* log.h -- what a purchase log holds: rows grouped by (item, topic), each group in the order of
 * (time, user). */
#ifndef ENGINE_LOG_H
#define ENGINE_LOG_H

#include "engine/context.h"
#include "engine/memory.h"
#include "grapevine/learn.h"

/* Times lie within this many seconds of 1970, so that their differences never overflow. */
#define GV_TIME_LIMIT INT64_C(1000000000000000)

struct gv_log {
    gv_context *ctx;
    gv_log_info info;
    int64_t n_nodes;
    char (*topic_name)[GV_TOPIC_CHARS + 1]; /* [n_topics], zero-padded */
    int64_t *topic_items;                   /* [n_topics], (item, topic) pairs of the topic */
    int32_t *item_topic;                    /* [n_items] */
    uint64_t *item_key;  /* [n_items], canonical: the same whatever other rows the log has */
    int64_t *item_share; /* [n_items], in units of 2^-32: how much of the item is of the topic;
                            NULL: all of it */
    int64_t *indptr;     /* [n_items + 1], rows of an item */
    gv_node *user;       /* [rows_kept] */
    int64_t *time;       /* [rows_kept] */
    void *mapping;       /* a temporary file that holds these two, or NULL */
    int64_t mapped;      /* its bytes */
    char hash[GV_HASH_CHARS + 1]; /* of topics, items and rows */
};

/* A copy of all arrays. */
GV_CHECKED gv_status gv_log_copy(gv_context *ctx, const gv_log *log, gv_log **out, gv_error *err);

/* Sets `hash` anew. */
GV_CHECKED gv_status gv_log_rehash(gv_log *log, gv_error *err);

/* Rows in arrays of their own, [n] or longer. */
typedef struct gv_log_arrays {
    int64_t n;
    gv_node *user;
    int64_t *item;
    int32_t *topic;
    int64_t *time;
} gv_log_arrays;

/* gv_log_build() of rows in arrays made with gv_alloc(), which are taken, also on failure: the log
 * is sorted within them and lies in them, so that next to no memory is needed besides. */
GV_CHECKED gv_status gv_log_take(gv_context *ctx, int64_t n_nodes, gv_log_arrays *rows,
                                 int32_t n_topics, const char *const *topic_name, gv_log **out,
                                 gv_error *err);

/* gv_log_build() with topics that have no names yet; also the item of each of the log's (item,
 * topic) pairs, [n_items], freed with gv_free(). The log has no hash. */
GV_CHECKED gv_status gv_log_sort(gv_context *ctx, int64_t n_nodes, const gv_node *user,
                                 const int64_t *item, const int32_t *topic, const int64_t *time,
                                 int64_t n_rows, int32_t n_topics, gv_log **out, int64_t **number,
                                 gv_error *err);

/* A log in the making: room for so many rows and (item, topic) pairs. With a `mapping` (of
 * gv_log_room() bytes) users and times lie there, and it is the log's from here on if this does not
 * fail. The caller fills item_topic, item_key, indptr, user and time, and ends with gv_log_end().
 */
GV_CHECKED gv_status gv_log_begin(gv_context *ctx, int64_t n_nodes, int64_t n_rows, int64_t n_items,
                                  int32_t n_topics, const char *const *topic_name, void *mapping,
                                  gv_log **out, gv_error *err);
/* Sums it up: items of topics, first and last time, hash. */
GV_CHECKED gv_status gv_log_end(gv_log *log, gv_error *err);

/* Bytes of the times and users of so many rows. */
static inline int64_t gv_log_room(int64_t n_rows)
{
    return 12 * n_rows;
}

/* Bytes for each row that is read and sorted in memory: as read, as a log, and the sort's own. */
enum { GV_LOG_ROW_BYTES = 24 + 12 + 32, GV_LOG_LEAST_ROWS = 1 << 16 };

/* How many rows are sorted at a time where `left` bytes are left of the memory limit: half of it is
 * for them. */
static inline int64_t gv_log_run_rows(int64_t left)
{
    const int64_t rows = left / (2 * GV_LOG_ROW_BYTES);
    return rows > GV_LOG_LEAST_ROWS ? rows : GV_LOG_LEAST_ROWS;
}

/* Bytes of a log as text to read at once: so few that they stay in a cache with what they hold. */
static inline int64_t gv_log_block(int64_t limit)
{
    const int64_t most = 4 << 20, block = gv_text_block(limit);
    return block < most ? block : most;
}

/* Rows of HDF5 columns that are read at a time; bytes of each. */
enum { GV_LOG_SLICE = 1 << 17, GV_LOG_COLUMN_BYTES = 28 };

/* Rows [first, end) were read: gives their pages back if they lie in a file. */
void gv_log_rest(const gv_log *log, int64_t first, int64_t end);

/* The key of an item: of its number and its topic's name [GV_TOPIC_CHARS + 1], zero-padded. */
uint64_t gv_log_item_key(int64_t item, const char *topic_name);

#endif
