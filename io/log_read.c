/* log_read.c -- purchase logs as text (those in HDF5 are read by log_h5.c; what does not fit in
 * memory goes through log_runs.c).
 *
 * Rows are parsed and their people looked up in parallel; items and topics get numbers that do not
 * depend on the order of the rows: an item its own integer if all items are non-negative integers,
 * else its rank among the names; a topic its rank, by number if all topics are integers. */
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "grapevine/io.h"
#include "io/log_mix.h"
#include "io/log_runs.h"

/* Columns; without a topic, time stands in its place. */
enum { USER, ITEM, TOPIC, TIME };

typedef gv_log_reader log_reader;

GV_API gv_log_opts gv_log_defaults(void)
{
    return (gv_log_opts){.columns = NULL};
}

/* ---- rows ------------------------------------------------------------------------------------ */

gv_status gv_log_grow(gv_log_reader *r, int64_t n, gv_error *err)
{
    const int64_t need = r->n + n;
    if (need <= r->capacity)
        return GV_OK;
    const int64_t twice = 2 * r->capacity < r->runs->most ? 2 * r->capacity : r->runs->most;
    const int64_t more = need > twice ? need : twice;
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

gv_status gv_log_next_row(gv_log_reader *r, gv_error *err)
{
    return r->n < r->capacity ? GV_OK : gv_log_runs_put(r, err);
}

/* What is known of the rows of a batch before it is taken up: -1 where nothing is. */
typedef struct known_row {
    gv_node node;
    int32_t item, topic; /* numbers of names that earlier batches had */
} known_row;

typedef struct find_job {
    const log_reader *r;
    const gv_batch *batch;
    known_row *row; /* [n_rows] of the batch */
} find_job;

/* Names are only looked up here, in parallel; new ones, few after the first batch, get their
 * numbers in the order of the file. */
static void find_rows(void *arg, int64_t i)
{
    const find_job *job = arg;
    const log_reader *r = job->r;
    const gv_chunk *c = job->batch->chunk[i];
    for (int64_t k = 0; k < c->n_rows; k++) {
        known_row *row = &job->row[c->row + k];
        row->node = gv_lookup_find(&r->lookup, c->column[USER], k);
        if (row->node < 0)
            continue;
        row->item = gv_names_find(&r->items, c->column[ITEM].text[k]);
        if (r->mix == NULL)
            row->topic = gv_names_find(&r->topics, c->column[TOPIC].text[k]);
    }
}

static gv_status add_row(log_reader *r, const gv_chunk *c, int64_t k, known_row row, gv_error *err)
{
    gv_status st = GV_OK;
    if (row.item < 0)
        st = gv_names_put(&r->items, c->column[ITEM].text[k], &row.item, err);
    if (st == GV_OK && r->mix == NULL && row.topic < 0)
        st = gv_names_put(&r->topics, c->column[TOPIC].text[k], &row.topic, err);
    if (st == GV_OK && r->mix != NULL && !gv_log_mix_has(r, row.item)) {
        r->rows_without_topic++;
        return GV_OK;
    }
    if (st == GV_OK)
        st = gv_log_next_row(r, err);
    if (st != GV_OK)
        return st;
    r->user[r->n] = row.node;
    r->item[r->n] = row.item;
    r->topic[r->n] = r->mix == NULL ? row.topic : -1;
    r->time[r->n] = c->column[r->mix == NULL ? TIME : TOPIC].i64[k];
    r->n++;
    return GV_OK;
}

/* Counts the batch's rows about people who are not in the graph, and those people. */
static gv_status add_strangers(log_reader *r, const gv_batch *batch, const known_row *row,
                               gv_error *err)
{
    int64_t n = 0;
    int32_t number;
    gv_status st = GV_OK;
    for (int64_t i = 0; i < batch->n_rows; i++)
        n += row[i].node < 0;
    r->rows_unmatched += n;
    if (n == 0)
        return GV_OK;
    const bool text = gv_lookup_field(&r->lookup) == GV_FIELD_TEXT;
    uint64_t *key = text ? NULL : gv_alloc(r->ctx, n, sizeof *key);
    if (!text && key == NULL)
        return gv_no_memory(r->ctx, "log", err);
    n = 0;
    for (int64_t i = 0; i < batch->n_chunks; i++) {
        const gv_chunk *c = batch->chunk[i];
        for (int64_t k = 0; k < c->n_rows && st == GV_OK; k++) {
            if (row[c->row + k].node >= 0)
                continue;
            if (text)
                st = gv_names_put(&r->strangers, c->column[USER].text[k], &number, err);
            else
                key[n++] = gv_id_key(c->column[USER].i64[k]);
        }
    }
    return text ? st : gv_id_set_add(&r->stranger_set, key, n, err);
}

static gv_status take_batch(log_reader *r, const gv_batch *batch, gv_error *err)
{
    gv_status st = gv_log_more_rows(r, batch->n_rows, err);
    if (st != GV_OK)
        return st;
    find_job job = {.r = r, .batch = batch};
    job.row = gv_alloc(r->ctx, batch->n_rows, sizeof *job.row);
    if (job.row == NULL)
        return gv_no_memory(r->ctx, "log", err);
    gv_parallel_for(r->ctx, batch->n_chunks, find_rows, &job);
    for (int64_t i = 0; i < batch->n_chunks; i++) {
        const gv_chunk *c = batch->chunk[i];
        for (int64_t k = 0; k < c->n_rows && st == GV_OK; k++)
            if (job.row[c->row + k].node >= 0)
                st = add_row(r, c, k, job.row[c->row + k], err);
    }
    if (st == GV_OK)
        st = add_strangers(r, batch, job.row, err);
    gv_free(r->ctx, job.row);
    return st;
}

static gv_status read_rows(log_reader *r, const char *path, const gv_log_opts *o,
                           gv_table_info *info, gv_error *err)
{
    const gv_role user = {.name = "user",
                          .field = gv_lookup_field(&r->lookup),
                          .hint = "; the graph has integer ids"};
    const gv_role item = {.name = "item", .field = GV_FIELD_TEXT};
    const gv_role topic = {.name = "topic", .field = GV_FIELD_TEXT};
    const gv_role time = {.name = "time", .field = GV_FIELD_TIME};
    const gv_role value = {.name = "value",
                           .field = GV_FIELD_NUMBER,
                           .min = -INFINITY,
                           .max = INFINITY,
                           .optional = true};
    const gv_role with_topic[] = {user, item, topic, time, value};
    const gv_role without[] = {user, item, time, value};
    const gv_table_opts opts = {.lenient = o->lenient,
                                .complain = o->bad_row,
                                .complain_data = o->bad_row_data,
                                .stage = "log"};
    gv_table *t = NULL;
    gv_status st = gv_table_open(r->ctx, path, &opts, &t, err);
    if (st == GV_OK)
        st = r->mix == NULL ? gv_table_bind(t, with_topic, 5, o->columns, NULL, err)
                            : gv_table_bind(t, without, 4, o->columns, NULL, err);
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        st = take_batch(r, &batch, err);
    }
    if (st == GV_OK)
        *info = gv_table_describe(t);
    gv_table_close(t);
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
    for (int64_t i = 0; i < r->n && st == GV_OK; i++)
        r->item[i] = r->number[r->item[i]];
    gv_free(r->ctx, rank);
    return st;
}

/* The topics' names in order, [n], and the topic of each row. */
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
    for (int64_t i = 0; i < r->n && st == GV_OK; i++)
        r->topic[i] = r->rank[r->topic[i]];
    gv_free(r->ctx, order);
    return st;
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
    for (int32_t z = 0; z < n_topics && st == GV_OK; z++)
        text[z] = name[z];
    if (st == GV_OK && merge)
        st = gv_log_runs_merge(r, r->number, r->rank, text, out, err);
    else if (st == GV_OK)
        st = gv_log_build(r->ctx, r->lookup.g->n_nodes, r->user, r->item, r->topic, r->time, r->n,
                          n_topics, text, out, err);
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
                                : read_rows(&r, path, &o, &info, err);
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
