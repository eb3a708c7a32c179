/* topic_rows.c -- see topic_rows.h. */
#include "cli/topic_rows.h"

#include <stdio.h>
#include <stdlib.h>

bool topic_rows_begin(topic_rows *rows, int32_t n_topics)
{
    *rows = (topic_rows){.n_topics = n_topics};
    rows->indptr = calloc((size_t)n_topics + 1, sizeof *rows->indptr);
    return rows->indptr != NULL && topic_rows_reserve(rows, 1);
}

void topic_rows_free(topic_rows *rows)
{
    free(rows->extra);
    free(rows->data);
    free(rows->node);
    free(rows->indptr);
    *rows = (topic_rows){0};
}

static bool grow(void **block, int64_t room, size_t size)
{
    void *moved = realloc(*block, (size_t)room * size);
    if (moved != NULL)
        *block = moved;
    return moved != NULL;
}

bool topic_rows_reserve(topic_rows *rows, int64_t more)
{
    if (rows->n + more <= rows->room)
        return true;
    const int64_t room = rows->n + more + rows->n / 2;
    bool fine = true;
    void *node = rows->node, *data = rows->data, *extra = rows->extra;
    fine = grow(&node, room, sizeof *rows->node) && fine;
    fine = grow(&data, room, sizeof *rows->data) && fine;
    fine = grow(&extra, room, sizeof *rows->extra) && fine;
    rows->node = node, rows->data = data, rows->extra = extra;
    rows->room = fine ? room : rows->room;
    return fine;
}

void topic_rows_add(topic_rows *rows, int32_t topic, gv_node node, float data, int32_t extra)
{
    rows->node[rows->n] = node;
    rows->data[rows->n] = data;
    rows->extra[rows->n] = extra;
    rows->indptr[topic + 1] = ++rows->n;
}

gv_status topic_rows_put(topic_rows *rows, gv_results *r, const char *group, int64_t n_nodes,
                         const char *name, gv_error *err)
{
    for (int32_t z = 0; z < rows->n_topics; z++) /* topics without entries */
        if (rows->indptr[z + 1] < rows->indptr[z])
            rows->indptr[z + 1] = rows->indptr[z];
    gv_status st = gv_results_put_csr(r, group, rows->n_topics, n_nodes, rows->indptr, rows->node,
                                      GV_F32, rows->data, err);
    char path[128];
    snprintf(path, sizeof path, "%s/%s", group, name);
    return st == GV_OK ? gv_results_put(r, path, GV_I32, 1, &rows->n, rows->extra, err) : st;
}
