/* log_read.c -- purchase logs: rows come from log_text.c or log_h5.c; what does not fit in memory
 * goes through log_runs.c.
 *
 * Items and topics get numbers that do not depend on the order of the rows: an item its own integer
 * if all items are non-negative integers, else its rank among the names; a topic its rank, by
 * number if all topics are integers. */
#include <string.h>

#include "engine/error.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "grapevine/io.h"
#include "io/log_mix.h"
#include "io/log_runs.h"

enum { ROWS_A_TASK = 1 << 16 };

typedef gv_log_reader log_reader;

GV_API gv_log_opts gv_log_defaults(void)
{
    return (gv_log_opts){.columns = NULL};
}

/* ---- rows ------------------------------------------------------------------------------------ */

void gv_log_expect(gv_log_reader *r, int64_t n, double share)
{
    const double margin = 1.02;
    r->kept += n;
    r->expected = share > 0.0 ? (int64_t)((double)r->kept / share * margin) : 0;
}

gv_status gv_log_grow(gv_log_reader *r, int64_t n, gv_error *err)
{
    const int64_t need = r->n + n;
    if (need <= r->capacity)
        return GV_OK;
    const int64_t longer = r->capacity + r->capacity / 2;
    const int64_t guess = r->expected > longer ? r->expected : longer;
    const int64_t more = guess < need ? need : guess < r->runs->most ? guess : r->runs->most;
    gv_node *user = gv_realloc(r->ctx, r->user, more, sizeof *user);
    r->user = user != NULL ? user : r->user;
    int64_t *item = gv_realloc(r->ctx, r->item, more, sizeof *item);
    r->item = item != NULL ? item : r->item;
    int32_t *topic = gv_realloc(r->ctx, r->topic, more, sizeof *topic);
    r->topic = topic != NULL ? topic : r->topic;
    int64_t *time = gv_realloc(r->ctx, r->time, more, sizeof *time);
    r->time = time != NULL ? time : r->time;
    if (user == NULL || item == NULL || topic == NULL || time == NULL)
        return gv_no_memory(r->ctx, "log", err);
    r->capacity = more;
    return GV_OK;
}

gv_status gv_log_more_rows(gv_log_reader *r, int64_t n, gv_error *err)
{
    const int64_t left = r->runs->most - r->n;
    return gv_log_grow(r, n < left ? n : left, err);
}

gv_status gv_log_write(gv_log_reader *r, int64_t kept, gv_log_window *w, int64_t n_tasks,
                       void (*write)(void *arg, int64_t i), void *arg, gv_error *err)
{
    gv_status st = GV_OK;
    for (w->from = 0; w->from < kept && st == GV_OK; w->from = w->to) {
        st = gv_log_more_rows(r, kept - w->from, err);
        if (st == GV_OK && r->n == r->capacity)
            st = gv_log_runs_put(r, err);
        if (st != GV_OK)
            return st;
        const int64_t room = r->capacity - r->n, left = kept - w->from;
        w->to = w->from + (left < room ? left : room);
        w->at = r->n;
        gv_parallel_for(r->ctx, n_tasks, write, arg);
        r->n += w->to - w->from;
    }
    return st;
}

/* ---- numbers of items and topics ---------------------------------------------------------------
 */

static gv_status number_items(log_reader *r, gv_error *err)
{
    if (r->numbered)
        return GV_OK;
    int32_t *rank = gv_alloc(r->ctx, r->items.n, sizeof *rank);
    r->number = gv_alloc(r->ctx, r->items.n, sizeof *r->number);
    bool integers = true;
    gv_status st = r->number == NULL || rank == NULL ? gv_no_memory(r->ctx, "log", err) : GV_OK;
    for (int64_t i = 0; i < r->items.n && st == GV_OK && integers; i++)
        integers = gv_piece_int(gv_names_get(&r->items, i), &r->number[i]) && r->number[i] >= 0;
    if (st == GV_OK && !integers)
        st = gv_names_sort(&r->items, NULL, rank, err);
    for (int64_t i = 0; i < r->items.n && st == GV_OK && !integers; i++)
        r->number[i] = rank[i];
    gv_free(r->ctx, rank);
    return st;
}

/* The topics' names in order, [n]. */
static gv_status number_topics(log_reader *r, char (*name)[GV_TOPIC_CHARS + 1], gv_error *err)
{
    int32_t *order = gv_alloc(r->ctx, r->topics.n, sizeof *order);
    r->rank = gv_alloc(r->ctx, r->topics.n, sizeof *r->rank);
    gv_status st = order == NULL || r->rank == NULL
                       ? gv_no_memory(r->ctx, "log", err)
                       : gv_names_order(&r->topics, order, r->rank, err);
    for (int64_t z = 0; z < r->topics.n && st == GV_OK; z++) {
        const gv_piece s = gv_names_get(&r->topics, order[z]);
        memcpy(name[z], s.text, (size_t)s.length);
    }
    gv_free(r->ctx, order);
    return st;
}

/* Rows get the numbers that their names have become. */
static void number_rows(void *arg, int64_t task)
{
    const log_reader *r = arg;
    const int64_t begin = task * ROWS_A_TASK, left = r->n - begin;
    const int64_t end = begin + (left < ROWS_A_TASK ? left : ROWS_A_TASK);
    for (int64_t i = begin; i < end; i++)
        r->topic[i] = r->rank[r->topic[i]];
    for (int64_t i = begin; i < end && !r->numbered; i++)
        r->item[i] = r->number[r->item[i]];
}

static void drop_rows(log_reader *r)
{
    gv_free(r->ctx, r->user);
    gv_free(r->ctx, r->item);
    gv_free(r->ctx, r->topic);
    gv_free(r->ctx, r->time);
    r->user = NULL;
    r->item = r->time = NULL;
    r->topic = NULL;
    r->n = r->capacity = 0;
}

/* The log of the rows, whose arrays are gone. */
static gv_status take_rows(log_reader *r, int32_t n_topics, const char *const *name, gv_log **out,
                           gv_error *err)
{
    gv_log_arrays rows = {r->n, r->user, r->item, r->topic, r->time};
    r->user = NULL;
    r->item = r->time = NULL;
    r->topic = NULL;
    drop_rows(r);
    return gv_log_take(r->ctx, r->lookup.g->n_nodes, &rows, n_topics, name, out, err);
}

static gv_status build(log_reader *r, gv_log **out, gv_error *err)
{
    const int32_t n_topics = (int32_t)r->topics.n;
    char(*name)[GV_TOPIC_CHARS + 1] = gv_alloc_zero(r->ctx, n_topics, sizeof *name);
    const char **text = gv_alloc(r->ctx, n_topics, sizeof *text);
    gv_status st = name == NULL || text == NULL ? gv_no_memory(r->ctx, "log", err) : GV_OK;
    const bool merge = r->runs->n > 0 || (r->mix != NULL && gv_log_mix_rows(r) > r->runs->most);
    if (st == GV_OK && merge && r->n > 0)
        st = gv_log_runs_put(r, err);
    if (st == GV_OK && merge)
        drop_rows(r);
    if (st == GV_OK && r->mix != NULL && !merge)
        st = gv_log_mix_spread(r, err);
    if (st == GV_OK)
        st = number_items(r, err);
    if (st == GV_OK)
        st = number_topics(r, name, err);
    if (st == GV_OK)
        gv_parallel_for(r->ctx, (r->n + ROWS_A_TASK - 1) / ROWS_A_TASK, number_rows, r);
    for (int32_t z = 0; z < n_topics && st == GV_OK; z++)
        text[z] = name[z];
    if (st == GV_OK && merge)
        st = gv_log_runs_merge(r, r->number, r->rank, text, out, err);
    else if (st == GV_OK)
        st = take_rows(r, n_topics, text, out, err);
    if (st == GV_OK && r->mix != NULL) {
        st = gv_log_mix_share(r, r->number, r->rank, text, *out, err);
        if (st != GV_OK)
            gv_log_free(*out);
    }
    gv_free(r->ctx, text);
    gv_free(r->ctx, name);
    return st;
}

static gv_status count_strangers(log_reader *r, int64_t *n, gv_error *err)
{
    *n = r->strangers.n;
    if (gv_lookup_field(&r->lookup) == GV_FIELD_TEXT)
        return GV_OK;
    int64_t *ids = NULL;
    const gv_status st = gv_id_set_take(&r->stranger_set, &ids, n, err);
    gv_free(r->ctx, ids);
    return st;
}

static void release(log_reader *r)
{
    gv_lookup_end(&r->lookup);
    gv_names_end(&r->items);
    gv_names_end(&r->topics);
    gv_names_end(&r->strangers);
    gv_id_set_end(&r->stranger_set);
    gv_log_mix_end(r);
    gv_log_runs_end(r);
    gv_free(r->ctx, r->number);
    gv_free(r->ctx, r->rank);
    drop_rows(r);
}

GV_API gv_status gv_log_read(gv_context *ctx, const char *path, const gv_graph *g,
                             const gv_log_opts *opts, gv_log **out, gv_error *err)
{
    const gv_log_opts o = opts != NULL ? *opts : gv_log_defaults();
    log_reader r = {.ctx = ctx};
    gv_table_info info = {0};
    int64_t users_unmatched = 0;
    gv_names_begin(ctx, &r.items);
    gv_names_begin(ctx, &r.topics);
    gv_names_begin(ctx, &r.strangers);
    gv_id_set_begin(ctx, &r.stranger_set);
    gv_status st = gv_lookup_begin(ctx, g, &r.lookup, err);
    if (st == GV_OK)
        st = gv_log_runs_begin(&r, &o, err);
    if (st == GV_OK)
        st = gv_log_more_rows(&r, 1, err);
    if (st == GV_OK && o.topics != NULL && gv_log_is_h5(path))
        st = gv_fail(err, GV_ERR_ARG, "%s: topics of items are for logs that are text", path);
    if (st == GV_OK && o.topics != NULL)
        st = gv_log_mix_read(&r, o.topics, err);
    if (st == GV_OK)
        st = gv_log_is_h5(path) ? gv_log_read_h5(&r, path, &o, &info, err)
                                : gv_log_read_text(&r, path, &o, &info, err);
    if (st == GV_OK)
        st = count_strangers(&r, &users_unmatched, err);
    if (st == GV_OK)
        st = build(&r, out, err);
    if (st == GV_OK) {
        const int64_t spilled = r.runs->bytes + (*out)->mapped;
        (*out)->info.rows_read = info.rows;
        (*out)->info.bytes_spilled = spilled;
        (*out)->info.rows_bad = info.bad;
        (*out)->info.rows_unmatched = r.rows_unmatched;
        (*out)->info.rows_without_topic = r.rows_without_topic;
        (*out)->info.users_unmatched = users_unmatched;
    }
    release(&r);
    gv_graph_rest_ids(g);
    return st;
}
