/* topic_rows.h -- consumers by topic, gathered topic by topic and written as a csr group. */
#ifndef CLI_TOPIC_ROWS_H
#define CLI_TOPIC_ROWS_H

#include "grapevine/grapevine.h"

typedef struct topic_rows {
    int32_t n_topics;
    int64_t n, room;
    int64_t *indptr; /* [n_topics + 1] */
    gv_node *node;   /* [n], ascending within a topic */
    float *data;     /* [n] */
    int32_t *extra;  /* [n] */
} topic_rows;

/* All rows empty. False when memory is short; topic_rows_free() is due in any case. */
bool topic_rows_begin(topic_rows *rows, int32_t n_topics);
void topic_rows_free(topic_rows *rows);

/* Makes room for `more` entries; false when memory is short. Entries are then added to topics in
 * ascending order, nodes ascending. */
bool topic_rows_reserve(topic_rows *rows, int64_t more);
void topic_rows_add(topic_rows *rows, int32_t topic, gv_node node, float data, int32_t extra);

/* Writes the group; `name` is that of the extra array. */
GV_CHECKED gv_status topic_rows_put(topic_rows *rows, gv_results *r, const char *group,
                                    int64_t n_nodes, const char *name, gv_error *err);

#endif
