/* log_sort.h -- the order of a log's rows: by (item, topic, time, user). */
#ifndef ENGINE_LOG_SORT_H
#define ENGINE_LOG_SORT_H

#include "engine/items.h"
#include "engine/log.h"
#include "engine/sort.h"

typedef struct gv_log_rows {
    const gv_node *user;
    const int64_t *item, *time;
    const int32_t *topic;
    int64_t n, n_nodes;
    int32_t n_topics;
} gv_log_rows;

typedef enum gv_log_column {
    GV_BY_USER,
    GV_BY_TIME,
    GV_BY_TOPIC,
    GV_BY_ITEM,
    GV_LOG_COLUMNS
} gv_log_column;

/* Rows in order: packed keys, or numbers of rows. */
typedef struct gv_log_order {
    const gv_log_rows *r;
    gv_record *order; /* [n], its values are rows; NULL: */
    gv_items packed;  /* keys */
    gv_items room;    /* of the arrays that were taken over: as many keys again, or nothing */
    int64_t least[GV_LOG_COLUMNS], most[GV_LOG_COLUMNS];
    int shift[GV_LOG_COLUMNS];
    uint64_t mask[GV_LOG_COLUMNS];
    uint64_t group; /* bits of item and topic in a key */
} gv_log_order;

/* Checks the rows and sorts them; `own`, NULL or the rows' arrays: items and times may be taken
 * over. To be freed with gv_log_order_end() in any case. */
GV_CHECKED gv_status gv_log_order_begin(gv_context *ctx, const gv_log_rows *rows,
                                        const char *const *topic_name, gv_log_arrays *own,
                                        gv_log_order *s, gv_error *err);
void gv_log_order_end(gv_context *ctx, gv_log_order *s);

static inline int64_t gv_log_value(const gv_log_rows *r, gv_log_column column, int64_t i)
{
    switch (column) {
    case GV_BY_USER:
        return r->user[i];
    case GV_BY_TIME:
        return r->time[i];
    case GV_BY_TOPIC:
        return r->topic[i];
    default:
        return r->item[i];
    }
}

/* What the row at place i has in a column. */
static inline int64_t gv_log_at(const gv_log_order *s, gv_log_column column, int64_t i)
{
    if (s->order != NULL)
        return gv_log_value(s->r, column, (int64_t)s->order[i].value);
    const uint64_t value = s->packed.key[i] >> s->shift[column] & s->mask[column];
    return s->least[column] + (int64_t)value;
}

/* Whether the row at place i is the first of an item and topic. */
static inline bool gv_log_begins(const gv_log_order *s, int64_t i)
{
    if (i == 0)
        return true;
    if (s->order == NULL)
        return ((s->packed.key[i] ^ s->packed.key[i - 1]) & s->group) != 0;
    return gv_log_at(s, GV_BY_ITEM, i) != gv_log_at(s, GV_BY_ITEM, i - 1) ||
           gv_log_at(s, GV_BY_TOPIC, i) != gv_log_at(s, GV_BY_TOPIC, i - 1);
}

#endif
