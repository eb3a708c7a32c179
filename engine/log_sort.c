/* log_sort.c -- see log_sort.h.
 *
 * Where the ranges of the four columns fit into 64 bits, they are packed into one key, sorted, and
 * unpacked again: the rows are not looked at any more. If not, row numbers take four stable radix
 * sorts, last key first. All columns that a log keeps are keys, so rows that still tie are equal,
 * and the log does not depend on the order of the input nor on the number of threads.
 *
 * Rows whose arrays may be taken over are packed where their items are and sorted with their times
 * as room, so that no memory is touched that was not before. */
#include "engine/log_sort.h"

#include <inttypes.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"

enum { MAX_NODES = INT32_MAX };

/* ---- checks --------------------------------------------------------------------------------- */

static bool row_is_bad(const gv_log_rows *r, int64_t i)
{
    return r->user[i] < 0 || r->user[i] >= r->n_nodes || r->item[i] < 0 || r->topic[i] < 0 ||
           r->topic[i] >= r->n_topics || r->time[i] < -GV_TIME_LIMIT || r->time[i] > GV_TIME_LIMIT;
}

/* The first bad row, of which there is one. */
static gv_status bad_row(const gv_log_rows *r, gv_error *err)
{
    int64_t i = 0;
    while (!row_is_bad(r, i))
        i++;
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

static inline int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The ranges of all columns, [0, 0] without rows; they are integers: it does not matter who finds
 * them. */
static void find_ranges(gv_context *ctx, gv_log_order *s)
{
    const gv_log_rows *r = s->r;
    int64_t user = INT64_MAX, time = INT64_MAX, topic = INT64_MAX, item = INT64_MAX;
    int64_t last_user = INT64_MIN, last_time = INT64_MIN, last_topic = INT64_MIN;
    int64_t last_item = INT64_MIN;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)                     \
    reduction(min                                                                                  \
              : user, time, topic, item) reduction(max                                             \
                                                   : last_user, last_time, last_topic, last_item)
    for (int64_t i = 0; i < r->n; i++) {
        user = lesser(user, r->user[i]), last_user = greater(last_user, r->user[i]);
        time = lesser(time, r->time[i]), last_time = greater(last_time, r->time[i]);
        topic = lesser(topic, r->topic[i]), last_topic = greater(last_topic, r->topic[i]);
        item = lesser(item, r->item[i]), last_item = greater(last_item, r->item[i]);
    }
    if (r->n == 0)
        return;
    s->least[GV_BY_USER] = user, s->most[GV_BY_USER] = last_user;
    s->least[GV_BY_TIME] = time, s->most[GV_BY_TIME] = last_time;
    s->least[GV_BY_TOPIC] = topic, s->most[GV_BY_TOPIC] = last_topic;
    s->least[GV_BY_ITEM] = item, s->most[GV_BY_ITEM] = last_item;
}

static bool ranges_are_good(const gv_log_order *s)
{
    const gv_log_rows *r = s->r;
    return r->n == 0 ||
           (s->least[GV_BY_USER] >= 0 && s->most[GV_BY_USER] < r->n_nodes &&
            s->least[GV_BY_ITEM] >= 0 && s->least[GV_BY_TOPIC] >= 0 &&
            s->most[GV_BY_TOPIC] < r->n_topics && s->least[GV_BY_TIME] >= -GV_TIME_LIMIT &&
            s->most[GV_BY_TIME] <= GV_TIME_LIMIT);
}

static gv_status check(gv_context *ctx, gv_log_order *s, const char *const *topic_name,
                       gv_error *err)
{
    const gv_log_rows *r = s->r;
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
    find_ranges(ctx, s);
    return ranges_are_good(s) ? GV_OK : bad_row(r, err);
}

/* ---- order ---------------------------------------------------------------------------------- */

/* Finds shift and mask of the columns; whether they fit into one key. */
static bool plan_packing(gv_log_order *s)
{
    int bits = 0;
    for (int c = GV_BY_USER; c < GV_LOG_COLUMNS; c++) {
        const uint64_t range = (uint64_t)s->most[c] - (uint64_t)s->least[c];
        const int width = range == 0 ? 0 : 64 - __builtin_clzll(range);
        s->shift[c] = bits < 64 ? bits : 0;
        s->mask[c] = width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX;
        bits += width;
    }
    s->group = s->mask[GV_BY_TOPIC] << s->shift[GV_BY_TOPIC] | s->mask[GV_BY_ITEM]
                                                                   << s->shift[GV_BY_ITEM];
    return bits <= 64;
}

/* A row is read before its key is written, which may be where its item was. */
static void pack(gv_context *ctx, gv_log_order *s)
{
    const gv_log_rows *r = s->r;
    uint64_t *key = s->packed.key;
    const int64_t user = s->least[GV_BY_USER], time = s->least[GV_BY_TIME];
    const int64_t topic = s->least[GV_BY_TOPIC], item = s->least[GV_BY_ITEM];
    const int to_user = s->shift[GV_BY_USER], to_time = s->shift[GV_BY_TIME];
    const int to_topic = s->shift[GV_BY_TOPIC], to_item = s->shift[GV_BY_ITEM];
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t i = 0; i < r->n; i++)
        key[i] =
            (uint64_t)(r->user[i] - user) << to_user | (uint64_t)(r->time[i] - time) << to_time |
            (uint64_t)(r->topic[i] - topic) << to_topic | (uint64_t)(r->item[i] - item) << to_item;
}

static gv_status sort_packed(gv_context *ctx, gv_log_order *s, gv_log_arrays *own, gv_error *err)
{
    if (own != NULL) { /* the signed and the unsigned view of the same words */
        s->packed = (gv_items){.n = s->r->n, .key = (uint64_t *)own->item};
        s->room = (gv_items){.n = s->r->n, .key = (uint64_t *)own->time};
        own->item = own->time = NULL;
        pack(ctx, s);
        return gv_items_sort_within(ctx, &s->packed, &s->room, err);
    }
    const gv_status st = gv_items_begin(ctx, &s->packed, s->r->n, false, err);
    if (st != GV_OK)
        return st;
    pack(ctx, s);
    return gv_items_sort(ctx, &s->packed, err);
}

static void fill_keys(gv_context *ctx, const gv_log_rows *r, gv_log_column column, gv_record *order)
{
    const int64_t base = column == GV_BY_TIME ? -GV_TIME_LIMIT : 0;
#pragma omp parallel for num_threads(gv_context_threads(ctx))
    for (int64_t i = 0; i < r->n; i++)
        order[i].key = (uint64_t)(gv_log_value(r, column, (int64_t)order[i].value) - base);
}

static gv_status sort_numbers(gv_context *ctx, gv_log_order *s, gv_error *err)
{
    const gv_log_rows *r = s->r;
    s->order = gv_alloc(ctx, r->n, sizeof *s->order);
    if (s->order == NULL)
        return gv_no_memory(ctx, "log", err);
#pragma omp parallel for num_threads(gv_context_threads(ctx))
    for (int64_t i = 0; i < r->n; i++)
        s->order[i].value = (uint64_t)i;
    for (int column = GV_BY_USER; column < GV_LOG_COLUMNS; column++) {
        fill_keys(ctx, r, (gv_log_column)column, s->order);
        const gv_status st = gv_sort_records(ctx, s->order, r->n, err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}

gv_status gv_log_order_begin(gv_context *ctx, const gv_log_rows *rows,
                             const char *const *topic_name, gv_log_arrays *own, gv_log_order *s,
                             gv_error *err)
{
    *s = (gv_log_order){.r = rows};
    const gv_status st = check(ctx, s, topic_name, err);
    if (st != GV_OK)
        return st;
    return plan_packing(s) ? sort_packed(ctx, s, own, err) : sort_numbers(ctx, s, err);
}

void gv_log_order_end(gv_context *ctx, gv_log_order *s)
{
    gv_free(ctx, s->order);
    gv_items_end(ctx, &s->packed);
    gv_items_end(ctx, &s->room);
}
