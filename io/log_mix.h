/* log_mix.h -- items that belong to several topics: rows of item, topic and weight. */
#ifndef IO_LOG_MIX_H
#define IO_LOG_MIX_H

#include "io/log_reader.h"

/* An item's share in a topic; numbers as in the reader's names. */
typedef struct gv_mix_entry {
    int32_t item, topic;
    double weight;
} gv_mix_entry;

struct gv_log_mix {
    int64_t n, capacity;
    gv_mix_entry *entry; /* [n], by item and topic */
    int64_t n_items;
    int64_t *begin; /* [n_items + 1], entries of each item that was named before the log was read */
};

/* Reads `path`: each item's weights are divided by their sum. Duplicates, negative weights and
 * items whose weights are all 0 are GV_ERR_DATA. */
GV_CHECKED gv_status gv_log_mix_read(gv_log_reader *r, const char *path, gv_error *err);
void gv_log_mix_end(gv_log_reader *r);

/* Whether the item has topics at all. */
bool gv_log_mix_has(const gv_log_reader *r, int32_t item);

/* How many rows the reader's become when there is one for each topic of their items. */
int64_t gv_log_mix_rows(const gv_log_reader *r);

/* Each row of the reader becomes one for each topic of its item. */
GV_CHECKED gv_status gv_log_mix_spread(gv_log_reader *r, gv_error *err);

/* Gives the items of the finished log their shares. `number` [items] and `rank` [topics] are what
 * the names have become, `topic_name` by rank. */
GV_CHECKED gv_status gv_log_mix_share(const gv_log_reader *r, const int64_t *number,
                                      const int32_t *rank, const char *const *topic_name,
                                      gv_log *log, gv_error *err);

#endif
