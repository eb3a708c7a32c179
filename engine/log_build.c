/* log_build.c -- purchase logs from arrays of rows.
 *
 * Rows are ordered by (item, topic, time, user). Where the ranges of the four fit into 64 bits,
 * they are packed into one key, sorted, and unpacked again: the rows are not looked at any more. If
 * not, row numbers take four stable radix sorts, last key first. All columns that a log keeps are
 * keys, so rows that still tie are equal, and the log does not depend on the order of the input nor
 * on the number of threads. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/items.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"

enum { MAX_NODES = INT32_MAX, ROWS_A_TASK = 1 << 14 };

typedef struct rows {
    const gv_node *user;
    const int64_t *item, *time;
    const int32_t *topic;
    int64_t n, n_nodes;
    int32_t n_topics;
} rows;

typedef enum sort_column { BY_USER, BY_TIME, BY_TOPIC, BY_ITEM, N_COLUMNS } sort_column;

/* ---- checks --------------------------------------------------------------------------------- */

static bool row_is_bad(const rows *r, int64_t i)
{
    return r->user[i] < 0 || r->user[i] >= r->n_nodes || r->item[i] < 0 || r->topic[i] < 0 ||
           r->topic[i] >= r->n_topics || r->time[i] < -GV_TIME_LIMIT || r->time[i] > GV_TIME_LIMIT;
}

/* The first bad row, or n; a minimum over integers does not mind who finds it. */
static int64_t first_bad_row(gv_context *ctx, const rows *r)
{
    int64_t first = r->n;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) reduction(min : first)
    for (int64_t i = 0; i < r->n; i++)
        if (i < first && row_is_bad(r, i))
            first = i;
    return first;
}

static gv_status check_row(const rows *r, int64_t i, gv_error *err)
{
    if (r->user[i] < 0 || r->user[i] >= r->n_nodes)
        return gv_fail(err, GV_ERR_RANGE,
                       "log: row %" PRId64 ": user %d is not in [0, %" PRId64 ")", i, r->user[i],
                       r->n_nodes);
    if (r->item[i] < 0)
        return gv_fail(err, GV_ERR_RANGE, "log: row %" PRId64 ": item %" PRId64 " is negative", i,
                       r->item[i]);
    if (r->topic[i] < 0 || r->topic[i] >= r->n_topics)
        return gv_fail(err, GV_ERR_RANGE, "log: row %" PRId64 ": topic %d is not in [0, %d)", i,
                       r->topic[i], r->n_topics);
    return gv_fail(err, GV_ERR_RANGE,
                   "log: row %" PRId64 ": time %" PRId64 " is not in [-10^15, 10^15]", i,
                   r->time[i]);
}

static gv_status check(gv_context *ctx, const rows *r, const char *const *topic_name, gv_error *err)
{
    if (r->n_nodes < 0 || r->n_nodes > MAX_NODES)
        return gv_fail(err, GV_ERR_RANGE, "log: %" PRId64 " consumers is not in [0, 2^31 - 1]",
                       r->n_nodes);
    if (r->n < 0 || r->n_topics < 0)
        return gv_fail(err, GV_ERR_RANGE, "log: %" PRId64 " rows in %d topics: negative", r->n,
                       r->n_topics);
    for (int32_t z = 0; z < r->n_topics && topic_name != NULL; z++)
        if (strlen(topic_name[z]) > GV_TOPIC_CHARS)
            return gv_fail(err, GV_ERR_RANGE,
                           "log: the name of topic %d has %zu bytes, more than %d", z,
                           strlen(topic_name[z]), GV_TOPIC_CHARS);
    const int64_t bad = first_bad_row(ctx, r);
    return bad < r->n ? check_row(r, bad, err) : GV_OK;
}

/* ---- order ---------------------------------------------------------------------------------- */

/* Rows in order: packed keys, or numbers of rows. */
typedef struct sorted {
    const rows *r;
    gv_record *order; /* [n], its values are rows; NULL: */
    gv_items packed;  /* keys */
    int64_t base[N_COLUMNS];
    int shift[N_COLUMNS];
    uint64_t mask[N_COLUMNS];
} sorted;

static int64_t value_of(const rows *r, sort_column column, int64_t i)
{
    switch (column) {
    case BY_USER:
        return r->user[i];
    case BY_TIME:
        return r->time[i];
    case BY_TOPIC:
        return r->topic[i];
    default:
        return r->item[i];
    }
}

/* What the row at place i has in a column. */
static inline int64_t at(const sorted *s, sort_column column, int64_t i)
{
    if (s->order != NULL)
        return value_of(s->r, column, (int64_t)s->order[i].value);
    const uint64_t value = s->packed.key[i] >> s->shift[column] & s->mask[column];
    return s->base[column] + (int64_t)value;
}

/* Finds base, shift and mask of the columns; whether they fit into one key. */
static bool plan_packing(gv_context *ctx, sorted *s)
{
    const rows *r = s->r;
    int bits = 0;
    for (int c = BY_USER; c < N_COLUMNS; c++) {
        int64_t least = INT64_MAX, most = INT64_MIN;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) reduction(min                        \
                                                                        : least) reduction(max     \
                                                                                           : most)
        for (int64_t i = 0; i < r->n; i++) {
            const int64_t x = value_of(r, (sort_column)c, i);
            least = x < least ? x : least;
            most = x > most ? x : most;
        }
        const uint64_t range = r->n > 0 ? (uint64_t)most - (uint64_t)least : 0;
        const int width = range == 0 ? 0 : 64 - __builtin_clzll(range);
        s->base[c] = r->n > 0 ? least : 0;
        s->shift[c] = bits < 64 ? bits : 0;
        s->mask[c] = width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX;
        bits += width;
    }
    return bits <= 64;
}

static gv_status sort_packed(gv_context *ctx, sorted *s, gv_error *err)
{
    const rows *r = s->r;
    const gv_status st = gv_items_begin(ctx, &s->packed, r->n, false, err);
    if (st != GV_OK)
        return st;
    uint64_t *restrict key = s->packed.key;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t i = 0; i < r->n; i++)
        key[i] = (uint64_t)(r->user[i] - s->base[BY_USER]) << s->shift[BY_USER] |
                 (uint64_t)(r->time[i] - s->base[BY_TIME]) << s->shift[BY_TIME] |
                 (uint64_t)(r->topic[i] - s->base[BY_TOPIC]) << s->shift[BY_TOPIC] |
                 (uint64_t)(r->item[i] - s->base[BY_ITEM]) << s->shift[BY_ITEM];
    return gv_items_sort(ctx, &s->packed, err);
}

static void fill_keys(gv_context *ctx, const rows *r, sort_column column, gv_record *order)
{
    const int64_t base = column == BY_TIME ? -GV_TIME_LIMIT : 0;
#pragma omp parallel for num_threads(gv_context_threads(ctx))
    for (int64_t i = 0; i < r->n; i++)
        order[i].key = (uint64_t)(value_of(r, column, (int64_t)order[i].value) - base);
}

static gv_status sort_numbers(gv_context *ctx, sorted *s, gv_error *err)
{
    const rows *r = s->r;
    s->order = gv_alloc(ctx, r->n, sizeof *s->order);
    if (s->order == NULL)
        return gv_no_memory(ctx, "log", err);
#pragma omp parallel for num_threads(gv_context_threads(ctx))
    for (int64_t i = 0; i < r->n; i++)
        s->order[i].value = (uint64_t)i;
    for (int column = BY_USER; column < N_COLUMNS; column++) {
        fill_keys(ctx, r, (sort_column)column, s->order);
        const gv_status st = gv_sort_records(ctx, s->order, r->n, err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}

static gv_status sort_rows(gv_context *ctx, sorted *s, gv_error *err)
{
    return plan_packing(ctx, s) ? sort_packed(ctx, s, err) : sort_numbers(ctx, s, err);
}

static bool begins_item(const sorted *s, int64_t i)
{
    return i == 0 || at(s, BY_ITEM, i) != at(s, BY_ITEM, i - 1) ||
           at(s, BY_TOPIC, i) != at(s, BY_TOPIC, i - 1);
}

/* ---- filling -------------------------------------------------------------------------------- */

static int64_t tasks(int64_t n)
{
    return (n + ROWS_A_TASK - 1) / ROWS_A_TASK;
}

static int64_t task_end(int64_t task, int64_t n)
{
    return (task + 1) * ROWS_A_TASK < n ? (task + 1) * ROWS_A_TASK : n;
}

static void copy_rows(gv_log *log, const sorted *s, int64_t *begun)
{
    gv_context *ctx = log->ctx;
    const rows *r = s->r;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t t = 0; t < tasks(r->n); t++) {
        begun[t] = 0;
        for (int64_t i = t * ROWS_A_TASK; i < task_end(t, r->n); i++) {
            log->user[i] = (gv_node)at(s, BY_USER, i);
            log->time[i] = at(s, BY_TIME, i);
            begun[t] += begins_item(s, i);
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

static void fill_items(gv_log *log, const sorted *s, const int64_t *begun, int64_t *number)
{
    gv_context *ctx = log->ctx;
    const rows *r = s->r;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t t = 0; t < tasks(r->n); t++) {
        int64_t a = begun[t];
        for (int64_t i = t * ROWS_A_TASK; i < task_end(t, r->n); i++) {
            if (!begins_item(s, i))
                continue;
            const int32_t topic = (int32_t)at(s, BY_TOPIC, i);
            log->indptr[a] = i;
            log->item_topic[a] = topic;
            log->item_key[a] = gv_log_item_key(at(s, BY_ITEM, i), log->topic_name[topic]);
            if (number != NULL)
                number[a] = at(s, BY_ITEM, i);
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

/* `room`: with room for the rows. */
static gv_log *new_log(gv_context *ctx, int64_t n_nodes, int64_t n_rows, int32_t n_topics,
                       bool room)
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
    if (room) {
        log->user = gv_alloc(ctx, n_rows, sizeof *log->user);
        log->time = gv_alloc(ctx, n_rows, sizeof *log->time);
    }
    if (log->topic_name != NULL && log->topic_items != NULL &&
        (!room || (log->user != NULL && log->time != NULL)))
        return log;
    gv_log_free(log);
    return NULL;
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

/* `number`: also the items of (item, topic) pairs, and no hash. */
static gv_status build(gv_context *ctx, const rows *r, const char *const *topic_name, gv_log **out,
                       int64_t **number, gv_error *err)
{
    sorted s = {.r = r};
    int64_t *items = NULL;
    gv_status st = check(ctx, r, topic_name, err);
    if (st != GV_OK)
        return st;
    gv_log *log = new_log(ctx, r->n_nodes, r->n, r->n_topics, true);
    int64_t *begun = gv_alloc(ctx, tasks(r->n) + 1, sizeof *begun);
    if (log == NULL || begun == NULL) {
        st = gv_no_memory(ctx, "log", err);
        goto done;
    }
    name_topics(log, topic_name);
    st = sort_rows(ctx, &s, err);
    if (st != GV_OK)
        goto done;
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
    gv_free(ctx, s.order);
    gv_items_end(ctx, &s.packed);
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
    const rows r = {user, item, time, topic, n_rows, n_nodes, n_topics};
    return build(ctx, &r, topic_name, out, NULL, err);
}

gv_status gv_log_sort(gv_context *ctx, int64_t n_nodes, const gv_node *user, const int64_t *item,
                      const int32_t *topic, const int64_t *time, int64_t n_rows, int32_t n_topics,
                      gv_log **out, int64_t **number, gv_error *err)
{
    const rows r = {user, item, time, topic, n_rows, n_nodes, n_topics};
    return build(ctx, &r, NULL, out, number, err);
}

gv_status gv_log_begin(gv_context *ctx, int64_t n_nodes, int64_t n_rows, int64_t n_items,
                       int32_t n_topics, const char *const *topic_name, void *mapping, gv_log **out,
                       gv_error *err)
{
    gv_log *log = new_log(ctx, n_nodes, n_rows, n_topics, mapping == NULL);
    if (log == NULL)
        return gv_no_memory(ctx, "log", err);
    name_topics(log, topic_name);
    if (!new_items(log, n_items)) {
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
    gv_log *copy = new_log(ctx, log->n_nodes, info.rows_kept, info.n_topics, true);
    if (copy == NULL || !new_items(copy, info.n_items) || !copy_shares(copy, log)) {
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
    gv_log *copy = new_log(ctx, log->n_nodes, info.rows_kept, 1, true);
    if (copy == NULL || !new_items(copy, info.n_items) || !copy_shares(copy, log)) {
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
