/* log_h5.c -- purchase logs as HDF5 columns: user, item, topic, time.
 *
 * The columns are mapped. Of a slice all parts are looked at in parallel; then it is known how many
 * rows of each stay, so each writes its own to their places, in parallel again. Items are numbers
 * already, and topics get theirs by name as in a log of text, so both give the same log. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/h5.h"
#include "io/log_reader.h"

enum { SLICE = GV_LOG_SLICE, PART = 1 << 11, COMPLAINTS = 100, MAX_TOPICS = 1 << 24 };
enum { MOST_PARTS = SLICE / PART };

/* No consumer: nobody in the graph, or a row that is bad. */
enum { STRANGER = -1, BAD = -2 };

/* How many rows of a part stay, or are about strangers; how many came before these in the slice;
 * and whether there are bad ones, or topics that no row had before. */
typedef struct slice_part {
    int64_t kept, strangers;
    int64_t kept_before, strangers_before;
    bool bad, new_topics;
} slice_part;

typedef struct h5_log {
    gv_log_reader *r;
    const gv_log_opts *opts;
    gv_log_columns c;
    int32_t *number;     /* [n_topics], in r->topics, or -1 */
    int64_t first, rows; /* the slice */
    gv_node *node;       /* [SLICE], or one of the above */
    slice_part part[MOST_PARTS];
    gv_log_window window;
    uint64_t *key; /* strangers */
    int64_t bad;
} h5_log;

bool gv_log_is_h5(const char *path)
{
    static const char magic[8] = "\211HDF\r\n\032\n";
    char head[sizeof magic];
    if (strcmp(path, "-") == 0)
        return false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    const ssize_t got = pread(fd, head, sizeof head, 0);
    close(fd);
    return got == (ssize_t)sizeof head && memcmp(head, magic, sizeof magic) == 0;
}

/* ---- the file ------------------------------------------------------------------------------- */

static gv_status get_number(gv_h5 *f, const char *name, int64_t most, int64_t *value, gv_error *err)
{
    const gv_status st = gv_h5_get_i64(f, "/", name, value, err);
    if (st == GV_OK && (*value < 0 || *value > most))
        return gv_fail(err, GV_ERR_DATA, "%s: /@%s: %" PRId64 " is not in [0, %" PRId64 "]",
                       gv_h5_path(f), name, *value, most);
    return st;
}

static gv_status map_column(const gv_log_columns *c, const char *path, gv_h5_shape shape,
                            const void **data, gv_error *err)
{
    return gv_h5_map(c->f, path, &shape, data, err);
}

static gv_status map_columns(gv_log_columns *c, gv_error *err)
{
    const gv_h5_shape wide = gv_h5_vector(GV_I64, c->n_rows);
    const void *user = NULL, *item = NULL, *topic = NULL, *time = NULL, *name = NULL;
    gv_status st = map_column(c, "/user", wide, &user, err);
    if (st == GV_OK)
        st = map_column(c, "/item", wide, &item, err);
    if (st == GV_OK)
        st = map_column(c, "/topic", gv_h5_vector(GV_I32, c->n_rows), &topic, err);
    if (st == GV_OK)
        st = map_column(c, "/time", wide, &time, err);
    if (st == GV_OK)
        st = map_column(c, "/topics/name", gv_h5_strings(GV_TOPIC_CHARS, c->n_topics), &name, err);
    c->user = user, c->item = item, c->topic = topic, c->time = time, c->name = name;
    return st;
}

gv_status gv_log_columns_open(gv_context *ctx, const char *path, const gv_log_opts *opts,
                              gv_log_columns *c, gv_error *err)
{
    *c = (gv_log_columns){0};
    if (opts != NULL && opts->columns != NULL)
        return gv_fail(err, GV_ERR_ARG,
                       "%s: columns are for text; a log in HDF5 has user, item, topic and time",
                       path);
    gv_status st = gv_h5_open(ctx, path, &c->f, err);
    if (st == GV_OK)
        st = gv_h5_expect(c->f, "grapevine-log", 1, err);
    if (st == GV_OK)
        st = get_number(c->f, "n_rows", INT64_MAX / 64, &c->n_rows, err);
    if (st == GV_OK)
        st = get_number(c->f, "n_topics", MAX_TOPICS, &c->n_topics, err);
    if (st == GV_OK)
        st = map_columns(c, err);
    if (st != GV_OK)
        gv_log_columns_close(c);
    return st;
}

void gv_log_columns_close(gv_log_columns *c)
{
    gv_h5_close(c->f);
    *c = (gv_log_columns){0};
}

/* ---- rows ----------------------------------------------------------------------------------- */

static inline bool row_is_bad(const h5_log *l, int64_t i)
{
    return l->c.item[i] < 0 || l->c.topic[i] < 0 || l->c.topic[i] >= l->c.n_topics ||
           l->c.time[i] < -GV_TIME_LIMIT || l->c.time[i] > GV_TIME_LIMIT;
}

/* What is wrong with a bad row. */
static gv_status explain(const h5_log *l, int64_t i, gv_error *err)
{
    const char *column = "time";
    int64_t value = l->c.time[i], low = -GV_TIME_LIMIT, high = GV_TIME_LIMIT;
    if (l->c.item[i] < 0)
        column = "item", value = l->c.item[i], low = 0, high = INT64_MAX;
    else if (l->c.topic[i] < 0 || l->c.topic[i] >= l->c.n_topics)
        column = "topic", value = l->c.topic[i], low = 0, high = l->c.n_topics - 1;
    return gv_fail(err, GV_ERR_DATA,
                   "%s: /%s[%" PRId64 "]: %" PRId64 " is not in [%" PRId64 ", %" PRId64 "]",
                   gv_h5_path(l->c.f), column, i, value, low, high);
}

static int64_t part_end(const h5_log *l, int64_t part)
{
    return (part + 1) * PART < l->rows ? (part + 1) * PART : l->rows;
}

static void find_part(void *arg, int64_t part)
{
    h5_log *l = arg;
    const gv_column user = {.i64 = (int64_t *)l->c.user};
    slice_part sum = {0};
    for (int64_t i = part * PART; i < part_end(l, part); i++) {
        if (row_is_bad(l, l->first + i)) {
            l->node[i] = BAD;
            sum.bad = true;
            continue;
        }
        const gv_node node = gv_lookup_find(&l->r->lookup, user, l->first + i);
        l->node[i] = node < 0 ? STRANGER : node;
        sum.strangers += node < 0;
        sum.kept += node >= 0;
        if (node >= 0 && l->number[l->c.topic[l->first + i]] < 0)
            sum.new_topics = true;
    }
    l->part[part] = sum;
}

/* Topics of a part that no row had before get their numbers. */
static gv_status number_topics(h5_log *l, int64_t part, gv_error *err)
{
    gv_status st = GV_OK;
    for (int64_t i = part * PART; i < part_end(l, part) && st == GV_OK; i++) {
        const int32_t topic = l->c.topic[l->first + i];
        if (l->node[i] < 0 || l->number[topic] >= 0)
            continue;
        const char *name = l->c.name + (size_t)topic * GV_TOPIC_CHARS;
        const gv_piece text = {name, (int64_t)strnlen(name, GV_TOPIC_CHARS)};
        st = gv_names_put(&l->r->topics, text, &l->number[topic], err);
    }
    return st;
}

static gv_status skip_bad(h5_log *l, int64_t part, gv_error *err)
{
    gv_error why;
    for (int64_t i = part * PART; i < part_end(l, part); i++) {
        if (l->node[i] != BAD)
            continue;
        if (!l->opts->lenient)
            return explain(l, l->first + i, err);
        if (l->bad++ < COMPLAINTS && l->opts->bad_row != NULL &&
            explain(l, l->first + i, &why) != GV_OK)
            l->opts->bad_row(l->opts->bad_row_data, why.message);
    }
    return GV_OK;
}

static void write_part(void *arg, int64_t part)
{
    const h5_log *l = arg;
    const gv_log_reader *r = l->r;
    const gv_log_window w = l->window;
    int64_t place = l->part[part].kept_before;
    if (place >= w.to || place + l->part[part].kept <= w.from)
        return;
    for (int64_t i = part * PART; i < part_end(l, part); i++) {
        if (l->node[i] < 0)
            continue;
        if (place >= w.from && place < w.to) {
            const int64_t at = w.at + place - w.from, row = l->first + i;
            r->user[at] = l->node[i];
            r->item[at] = l->c.item[row];
            r->topic[at] = l->number[l->c.topic[row]];
            r->time[at] = l->c.time[row];
        }
        place++;
    }
}

static void write_strangers(void *arg, int64_t part)
{
    const h5_log *l = arg;
    uint64_t *key = l->key + l->part[part].strangers_before;
    for (int64_t i = part * PART; i < part_end(l, part) && l->part[part].strangers > 0; i++)
        if (l->node[i] == STRANGER)
            *key++ = gv_id_key(l->c.user[l->first + i]);
}

/* Notes the slice's n rows about people who are not in the graph, and those people. */
static gv_status add_strangers(h5_log *l, int64_t n, int64_t n_parts, gv_error *err)
{
    gv_log_reader *r = l->r;
    r->rows_unmatched += n;
    if (n == 0)
        return GV_OK;
    l->key = gv_alloc(r->ctx, n, sizeof *l->key);
    if (l->key == NULL)
        return gv_no_memory(r->ctx, "log", err);
    gv_parallel_for(r->ctx, n_parts, write_strangers, l);
    return gv_id_set_add(&r->stranger_set, l->key, n, err);
}

static gv_status take_slice(h5_log *l, gv_error *err)
{
    const int64_t n_parts = (l->rows + PART - 1) / PART;
    int64_t kept = 0, strangers = 0;
    gv_status st = GV_OK;
    gv_parallel_for(l->r->ctx, n_parts, find_part, l);
    for (int64_t i = 0; i < n_parts && st == GV_OK; i++) {
        slice_part *p = &l->part[i];
        if (p->bad)
            st = skip_bad(l, i, err);
        if (st == GV_OK && p->new_topics)
            st = number_topics(l, i, err);
        p->kept_before = kept, p->strangers_before = strangers;
        kept += p->kept, strangers += p->strangers;
    }
    if (st != GV_OK)
        return st;
    gv_log_expect(l->r, kept, (double)(l->first + l->rows) / (double)l->c.n_rows);
    st = gv_log_write(l->r, kept, &l->window, n_parts, write_part, l, err);
    return st == GV_OK ? add_strangers(l, strangers, n_parts, err) : st;
}

/* The slice was taken up: of the file no more than a slice stays resident. */
static void rest_slice(const h5_log *l)
{
    const int64_t i = l->first, n = l->rows;
    gv_h5_rest(l->c.f, l->c.user + i, n * (int64_t)sizeof *l->c.user);
    gv_h5_rest(l->c.f, l->c.item + i, n * (int64_t)sizeof *l->c.item);
    gv_h5_rest(l->c.f, l->c.topic + i, n * (int64_t)sizeof *l->c.topic);
    gv_h5_rest(l->c.f, l->c.time + i, n * (int64_t)sizeof *l->c.time);
}

static gv_status take_all(h5_log *l, gv_error *err)
{
    gv_context *ctx = l->r->ctx;
    l->number = gv_alloc(ctx, l->c.n_topics, sizeof *l->number);
    l->node = gv_alloc(ctx, SLICE, sizeof *l->node);
    gv_status st = l->number == NULL || l->node == NULL ? gv_no_memory(ctx, "log", err) : GV_OK;
    for (int64_t z = 0; st == GV_OK && z < l->c.n_topics; z++)
        l->number[z] = -1;
    for (; st == GV_OK && l->first < l->c.n_rows; l->first += SLICE) {
        l->rows = l->c.n_rows - l->first < SLICE ? l->c.n_rows - l->first : SLICE;
        st = take_slice(l, err);
        rest_slice(l);
        if (st == GV_OK)
            st = gv_progress(ctx, "log", l->first + l->rows, l->c.n_rows, err);
    }
    gv_free(ctx, l->node);
    gv_free(ctx, l->number);
    return st;
}

gv_status gv_log_read_h5(gv_log_reader *r, const char *path, const gv_log_opts *o,
                         gv_table_info *info, gv_error *err)
{
    h5_log l = {.r = r, .opts = o};
    if (gv_lookup_field(&r->lookup) == GV_FIELD_TEXT)
        return gv_fail(err, GV_ERR_DATA, "%s: users are integers; the graph has ids of text", path);
    gv_status st = gv_log_columns_open(r->ctx, path, o, &l.c, err);
    if (st == GV_OK)
        st = take_all(&l, err);
    r->numbered = true;
    *info = (gv_table_info){.rows = l.c.n_rows, .bad = l.bad};
    gv_log_columns_close(&l.c);
    return st;
}
