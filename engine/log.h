/* log.h -- what a purchase log holds: rows grouped by (item, topic), each group in the order of
 * (time, user). */
#ifndef ENGINE_LOG_H
#define ENGINE_LOG_H

#include "engine/context.h"
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
    char hash[GV_HASH_CHARS + 1]; /* of topics, items and rows */
};

/* A copy of all arrays. */
GV_CHECKED gv_status gv_log_copy(gv_context *ctx, const gv_log *log, gv_log **out, gv_error *err);

/* Sets `hash` anew. */
GV_CHECKED gv_status gv_log_rehash(gv_log *log, gv_error *err);

/* The key of an item: of its number and its topic's name [GV_TOPIC_CHARS + 1], zero-padded. */
uint64_t gv_log_item_key(int64_t item, const char *topic_name);

#endif
