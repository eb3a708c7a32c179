/* log_build.c -- purchase logs from arrays of rows: these are put in order (log_sort.h) and grouped
 * by item and topic. */
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/log_sort.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum { ROWS_A_TASK = 1 << 14 };

/* ---- filling -------------------------------------------------------------------------------- */

static int64_t tasks(int64_t n)
{
    return (n + ROWS_A_TASK - 1) / ROWS_A_TASK;
}

static int64_t task_end(int64_t task, int64_t n)
{
    return (task + 1) * ROWS_A_TASK < n ? (task + 1) * ROWS_A_TASK : n;
}

static void copy_rows(gv_log *log, const gv_log_order *s, int64_t *begun)
{
    gv_context *ctx = log->ctx;
    const gv_log_rows *r = s->r;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t t = 0; t < tasks(r->n); t++) {
        begun[t] = 0;
        for (int64_t i = t * ROWS_A_TASK; i < task_end(t, r->n); i++) {
            log->user[i] = (gv_node)gv_log_at(s, GV_BY_USER, i);
            log->time[i] = gv_log_at(s, GV_BY_TIME, i);
            begun[t] += gv_log_begins(s, i);
        }
    }
}

/* The key of an item does not depend on what else the log holds: item number and topic name. */
uint64_t gv_log_item_key(int64_t item, const char *topic_name)
{
    struct {
        int64_t item;
        char topic[GV_TOPIC_CHARS];
    } id;
    memset(&id, 0, sizeof id);
    id.item = item;
    memcpy(id.topic, topic_name, GV_TOPIC_CHARS);
    return gv_hash_small(&id, sizeof id);
}

static void fill_items(gv_log *log, const gv_log_order *s, const int64_t *begun, int64_t *number)
{
    gv_context *ctx = log->ctx;
    const gv_log_rows *r = s->r;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t t = 0; t < tasks(r->n); t++) {
        int64_t a = begun[t];
        for (int64_t i = t * ROWS_A_TASK; a < begun[t + 1]; i++) {
            if (!gv_log_begins(s, i))
                continue;
            const int64_t item = gv_log_at(s, GV_BY_ITEM, i);
            const int32_t topic = (int32_t)gv_log_at(s, GV_BY_TOPIC, i);
            log->indptr[a] = i;
            log->item_topic[a] = topic;
            log->item_key[a] = gv_log_item_key(item, log->topic_name[topic]);
            if (number != NULL)
                number[a] = item;
            a++;
        }
    }
}

static void name_topics(gv_log *log, const char *const *topic_name)
{
    for (int32_t z = 0; z < log->info.n_topics; z++) {
        memset(log->topic_name[z], 0, sizeof log->topic_name[z]);
        if (topic_name != NULL)
            memcpy(log->topic_name[z], topic_name[z], strlen(topic_name[z]));
        else
            snprintf(log->topic_name[z], sizeof log->topic_name[z], "%d", z);
    }
}

/* What follows from the rows: items of each topic, first and last time. */
static void summarise(gv_log *log)
{
    gv_context *ctx = log->ctx;
    int64_t begin = INT64_MAX, end = INT64_MIN;
    memset(log->topic_items, 0, (size_t)log->info.n_topics * sizeof *log->topic_items);
    for (int64_t a = 0; a < log->info.n_items; a++)
        log->topic_items[log->item_topic[a]]++;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) reduction(min                        \
                                                                        : begin) reduction(max     \
                                                                                           : end)
    for (int64_t a = 0; a < log->info.n_items; a++) {
        const int64_t first = log->time[log->indptr[a]], last = log->time[log->indptr[a + 1] - 1];
        begin = first < begin ? first : begin;
        end = last > end ? last : end;
    }
    log->info.time_begin = log->info.n_items > 0 ? begin : 0;
    log->info.time_end = log->info.n_items > 0 ? end : 0;
}

/* A log without shares has the hash that it had before there were any: their part is left out. */
static gv_status hash_log(gv_log *log, gv_error *err)
{
    const gv_log_info *info = &log->info;
    const struct {
        const void *data;
        int64_t bytes;
    } part[] = {
        {log->topic_name, info->n_topics * (int64_t)sizeof *log->topic_name},
        {log->item_topic, info->n_items * (int64_t)sizeof *log->item_topic},
        {log->item_key, info->n_items * (int64_t)sizeof *log->item_key},
        {log->item_share,
         log->item_share != NULL ? info->n_items * (int64_t)sizeof *log->item_share : 0},
        {log->indptr, (info->n_items + 1) * (int64_t)sizeof *log->indptr},
        {log->user, info->rows_kept * (int64_t)sizeof *log->user},
        {log->time, info->rows_kept * (int64_t)sizeof *log->time},
    };
    enum { PARTS = sizeof part / sizeof *part };
    uint64_t hash[PARTS + 1] = {(uint64_t)log->n_nodes};
    int n = 1;
    for (int i = 0; i < PARTS; i++) {
        if (part[i].data == log->item_share && log->item_share == NULL)
            continue;
        const gv_status st = gv_hash(log->ctx, part[i].data, part[i].bytes, &hash[n++], err);
        if (st != GV_OK)
            return st;
    }
    gv_hash_text(gv_hash_small(hash, (size_t)n * sizeof *hash), log->hash);
    return GV_OK;
}

/* ---- building ------------------------------------------------------------------------------- */

static gv_log *new_log(gv_context *ctx, int64_t n_nodes, int64_t n_rows, int32_t n_topics)
{
    gv_log *log = gv_alloc_zero(ctx, 1, sizeof *log);
    if (log == NULL)
        return NULL;
    log->ctx = ctx;
    log->n_nodes = n_nodes;
    log->info.rows_read = log->info.rows_kept = n_rows;
    log->info.n_topics = n_topics;
    log->topic_name = gv_alloc(ctx, n_topics, sizeof *log->topic_name);
    log->topic_items = gv_alloc(ctx, n_topics, sizeof *log->topic_items);
    if (log->topic_name != NULL && log->topic_items != NULL)
        return log;
    gv_log_free(log);
    return NULL;
}

static bool new_rows(gv_log *log)
{
    log->user = gv_alloc(log->ctx, log->info.rows_kept, sizeof *log->user);
    log->time = gv_alloc(log->ctx, log->info.rows_kept, sizeof *log->time);
    return log->user != NULL && log->time != NULL;
}

/* The log's rows go where the users were and where there was room for the sort. */
static void take_rows(gv_log *log, gv_log_arrays *own, gv_log_order *s)
{
    log->user = own->user;
    log->time = (int64_t *)s->room.key;
    own->user = NULL;
    s->room.key = NULL;
    gv_trim(log->ctx, log->user, log->info.rows_kept, sizeof *log->user);
    gv_trim(log->ctx, log->time, log->info.rows_kept, sizeof *log->time);
}

/* The shares of `from`, if it has any. */
static bool copy_shares(gv_log *log, const gv_log *from)
{
    const int64_t n_items = from->info.n_items;
    if (from->item_share == NULL)
        return true;
    log->item_share = gv_alloc(log->ctx, n_items, sizeof *log->item_share);
    if (log->item_share != NULL)
        memcpy(log->item_share, from->item_share, (size_t)n_items * sizeof *log->item_share);
    return log->item_share != NULL;
}

static bool new_items(gv_log *log, int64_t n_items)
{
    log->info.n_items = n_items;
    log->item_topic = gv_alloc(log->ctx, n_items, sizeof *log->item_topic);
    log->item_key = gv_alloc(log->ctx, n_items, sizeof *log->item_key);
    log->indptr = gv_alloc(log->ctx, n_items + 1, sizeof *log->indptr);
    return log->item_topic != NULL && log->item_key != NULL && log->indptr != NULL;
}

/* `own`: NULL, or the rows' arrays, which may be taken. `number`: also the items of (item, topic)
 * pairs, and no hash. */
static gv_status build(gv_context *ctx, const gv_log_rows *r, const char *const *topic_name,
                       gv_log_arrays *own, gv_log **out, int64_t **number, gv_error *err)
{
    gv_log_order s;
    gv_log *log = NULL;
    int64_t *begun = NULL, *items = NULL;
    gv_status st = gv_log_order_begin(ctx, r, topic_name, own, &s, err);
    if (st != GV_OK)
        goto done;
    log = new_log(ctx, r->n_nodes, r->n, r->n_topics);
    begun = gv_alloc(ctx, tasks(r->n) + 1, sizeof *begun);
    if (log != NULL && s.room.key != NULL)
        take_rows(log, own, &s);
    else if (log != NULL && !new_rows(log))
        st = gv_no_memory(ctx, "log", err);
    if (log == NULL || begun == NULL)
        st = gv_no_memory(ctx, "log", err);
    if (st != GV_OK)
        goto done;
    name_topics(log, topic_name);
    copy_rows(log, &s, begun);
    const bool room = new_items(log, gv_prefix_sum(begun, tasks(r->n)));
    if (number != NULL)
        items = gv_alloc(ctx, log->info.n_items, sizeof *items);
    if (!room || (number != NULL && items == NULL)) {
        st = gv_no_memory(ctx, "log", err);
        goto done;
    }
    fill_items(log, &s, begun, items);
    log->indptr[log->info.n_items] = r->n;
    summarise(log);
    if (number == NULL)
        st = hash_log(log, err);
done:
    gv_free(ctx, begun);
    gv_log_order_end(ctx, &s);
    if (st == GV_OK) {
        *out = log;
        if (number != NULL)
            *number = items;
        return st;
    }
    gv_free(ctx, items);
    gv_log_free(log);
    return st;
}

GV_API gv_status gv_log_build(gv_context *ctx, int64_t n_nodes, const gv_node *user,
                              const int64_t *item, const int32_t *topic, const int64_t *time,
                              int64_t n_rows, int32_t n_topics, const char *const *topic_name,
                              gv_log **out, gv_error *err)
{
    const gv_log_rows r = {user, item, time, topic, n_rows, n_nodes, n_topics};
    return build(ctx, &r, topic_name, NULL, out, NULL, err);
}

gv_status gv_log_take(gv_context *ctx, int64_t n_nodes, gv_log_arrays *rows, int32_t n_topics,
                      const char *const *topic_name, gv_log **out, gv_error *err)
{
    const gv_log_rows r = {.user = rows->user,
                           .item = rows->item,
                           .time = rows->time,
                           .topic = rows->topic,
                           .n = rows->n,
                           .n_nodes = n_nodes,
                           .n_topics = n_topics};
    const gv_status st = build(ctx, &r, topic_name, rows, out, NULL, err);
    gv_free(ctx, rows->user);
    gv_free(ctx, rows->item);
    gv_free(ctx, rows->topic);
    gv_free(ctx, rows->time);
    *rows = (gv_log_arrays){.n = 0};
    return st;
}

gv_status gv_log_sort(gv_context *ctx, int64_t n_nodes, const gv_node *user, const int64_t *item,
                      const int32_t *topic, const int64_t *time, int64_t n_rows, int32_t n_topics,
                      gv_log **out, int64_t **number, gv_error *err)
{
    const gv_log_rows r = {user, item, time, topic, n_rows, n_nodes, n_topics};
    return build(ctx, &r, NULL, NULL, out, number, err);
}

gv_status gv_log_begin(gv_context *ctx, int64_t n_nodes, int64_t n_rows, int64_t n_items,
                       int32_t n_topics, const char *const *topic_name, void *mapping, gv_log **out,
                       gv_error *err)
{
    gv_log *log = new_log(ctx, n_nodes, n_rows, n_topics);
    if (log == NULL)
        return gv_no_memory(ctx, "log", err);
    name_topics(log, topic_name);
    if (!new_items(log, n_items) || (mapping == NULL && !new_rows(log))) {
        gv_log_free(log);
        return gv_no_memory(ctx, "log", err);
    }
    if (mapping != NULL) { /* times first: they want the wider alignment */
        log->mapping = mapping;
        log->mapped = gv_log_room(n_rows);
        log->time = mapping;
        log->user = (gv_node *)(log->time + n_rows);
    }
    *out = log;
    return GV_OK;
}

gv_status gv_log_end(gv_log *log, gv_error *err)
{
    summarise(log);
    const gv_status st = hash_log(log, err);
    gv_log_rest(log, 0, log->info.rows_kept);
    return st;
}

gv_status gv_log_rehash(gv_log *log, gv_error *err)
{
    return hash_log(log, err);
}

gv_status gv_log_copy(gv_context *ctx, const gv_log *log, gv_log **out, gv_error *err)
{
    const gv_log_info info = log->info;
    gv_log *copy = new_log(ctx, log->n_nodes, info.rows_kept, info.n_topics);
    if (copy == NULL || !new_rows(copy) || !new_items(copy, info.n_items) ||
        !copy_shares(copy, log)) {
        gv_log_free(copy);
        return gv_no_memory(ctx, "log", err);
    }
    copy->info = info;
    const size_t n_items = (size_t)info.n_items, n_rows = (size_t)info.rows_kept;
    const size_t n_topics = (size_t)info.n_topics;
    memcpy(copy->topic_name, log->topic_name, n_topics * sizeof *copy->topic_name);
    memcpy(copy->topic_items, log->topic_items, n_topics * sizeof *copy->topic_items);
    memcpy(copy->item_topic, log->item_topic, n_items * sizeof *copy->item_topic);
    memcpy(copy->item_key, log->item_key, n_items * sizeof *copy->item_key);
    memcpy(copy->indptr, log->indptr, (n_items + 1) * sizeof *copy->indptr);
    memcpy(copy->user, log->user, n_rows * sizeof *copy->user);
    memcpy(copy->time, log->time, n_rows * sizeof *copy->time);
    memcpy(copy->hash, log->hash, sizeof copy->hash);
    *out = copy;
    return GV_OK;
}

GV_API gv_status gv_log_topic_blind(gv_context *ctx, const gv_log *log, gv_log **out, gv_error *err)
{
    const gv_log_info info = log->info;
    gv_log *copy = new_log(ctx, log->n_nodes, info.rows_kept, 1);
    if (copy == NULL || !new_rows(copy) || !new_items(copy, info.n_items) ||
        !copy_shares(copy, log)) {
        gv_log_free(copy);
        return gv_no_memory(ctx, "log", err);
    }
    name_topics(copy, (const char *const[]){"all"});
    copy->info = info;
    copy->info.n_topics = 1;
    copy->topic_items[0] = info.n_items;
    const size_t n_items = (size_t)info.n_items, n_rows = (size_t)info.rows_kept;
    memset(copy->item_topic, 0, n_items * sizeof *copy->item_topic);
    memcpy(copy->item_key, log->item_key, n_items * sizeof *copy->item_key);
    memcpy(copy->indptr, log->indptr, (n_items + 1) * sizeof *copy->indptr);
    memcpy(copy->user, log->user, n_rows * sizeof *copy->user);
    memcpy(copy->time, log->time, n_rows * sizeof *copy->time);
    const gv_status st = hash_log(copy, err);
    if (st == GV_OK)
        *out = copy;
    else
        gv_log_free(copy);
    return st;
}
