/* log_text.c -- purchase logs as text: rows become numbers of consumers, items and topics.
 *
 * People and names of a batch are looked up in parallel, chunk by chunk; names that are new, few
 * after the first batch, get their numbers in the order of the file. Then it is known how many rows
 * of each chunk stay, so each chunk writes its own to their places, in parallel again: rows come in
 * the order of the file, whatever the number of threads. */
#include <math.h>
#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/log_mix.h"
#include "io/log_runs.h"

/* Columns; without a topic, time stands in its place. */
enum { USER, ITEM, TOPIC, TIME };

/* No consumer: nobody in the graph, or an item without topics. */
enum { STRANGER = -1, WITHOUT_TOPIC = -2 };

/* What is known of a row of the batch. A name without a number is new: below 0 is a row of the
 * chunk, or ~row, that has the same name and gets its number; the first of them is its own. */
typedef struct known_row {
    gv_node node;        /* or one of the above */
    int32_t item, topic; /* numbers of names, or ~row */
} known_row;

/* How many rows of a chunk stay, are about strangers, or are the first to have a new name; and how
 * many came before these in the batch. */
typedef struct chunk_rows {
    int64_t kept, strangers, without_topic, new_names;
    int64_t kept_before, strangers_before;
} chunk_rows;

typedef struct taker {
    gv_log_reader *r;
    const gv_batch *batch;
    known_row *row;    /* [row_room], of the batch */
    int32_t *new_name; /* [row_room]: of each chunk, first rows of new names */
    int64_t row_room;
    chunk_rows *chunk; /* [chunk_room] */
    int64_t chunk_room;
    gv_log_window window;
    uint64_t *key; /* strangers, by number */
} taker;

/* ---- looking up ------------------------------------------------------------------------------ */

/* Short names that were looked up not long ago, as two words each, which tell all of a text without
 * NULs: most rows of most logs have one of them. */
enum { RECENT_BITS = 8, RECENT = 1 << RECENT_BITS };

typedef struct recent_name {
    gv_two_words words; /* 0: none */
    int32_t number;
} recent_name;

/* The first n bytes of a word in memory, 0 to 8. */
static inline uint64_t first_bytes(int64_t n)
{
    static const unsigned char ones[16] = {255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t mask;
    memcpy(&mask, ones + 8 - n, sizeof mask);
    return mask;
}

/* Reads 16 bytes, which lie in the block: that has room behind the last row. */
static inline gv_two_words padded_words(gv_piece s)
{
    gv_two_words w;
    memcpy(&w.head, s.text, 8);
    memcpy(&w.tail, s.text + 8, 8);
    w.head &= first_bytes(s.length < 8 ? s.length : 8);
    w.tail &= first_bytes(s.length < 8 ? 0 : s.length - 8);
    return w;
}

/* The number of the name in row k of a chunk, or ~row. */
static inline int32_t number_of(const gv_names *names, gv_piece text, recent_name *recent,
                                int64_t k)
{
    if (text.length > GV_WORDS_BYTES) {
        const int32_t number = gv_names_find(names, text);
        return number >= 0 ? number : ~(int32_t)k;
    }
    const gv_two_words w = padded_words(text);
    const uint64_t hash = (w.head ^ w.tail << 1) * UINT64_C(0x9e3779b97f4a7c15);
    recent_name *r = &recent[hash >> (64 - RECENT_BITS)];
    if (r->words.head != w.head || r->words.tail != w.tail) {
        const int32_t number = gv_names_find(names, text);
        *r = (recent_name){w, number >= 0 ? number : ~(int32_t)k};
    }
    return r->number;
}

static void find_rows(void *arg, int64_t i)
{
    const taker *t = arg;
    const gv_log_reader *r = t->r;
    const gv_chunk *c = t->batch->chunk[i];
    int32_t *new_name = t->new_name + c->row;
    recent_name item[RECENT] = {{{0, 0}, 0}}, topic[RECENT] = {{{0, 0}, 0}};
    chunk_rows sum = {0};
    for (int64_t k = 0; k < c->n_rows; k++) {
        known_row *row = &t->row[c->row + k];
        row->node = gv_lookup_find(&r->lookup, c->column[USER], k);
        if (row->node < 0) {
            row->node = STRANGER;
            sum.strangers++;
            continue;
        }
        row->item = number_of(&r->items, c->column[ITEM].text[k], item, k);
        row->topic = 0;
        if (r->mix == NULL)
            row->topic = number_of(&r->topics, c->column[TOPIC].text[k], topic, k);
        if (row->item == ~k || row->topic == ~k)
            new_name[sum.new_names++] = (int32_t)k;
        if (r->mix != NULL && (row->item < 0 || !gv_log_mix_has(r, row->item))) {
            row->node = WITHOUT_TOPIC;
            sum.without_topic++;
        } else {
            sum.kept++;
        }
    }
    t->chunk[i] = sum;
}

/* Numbers the new names of chunk i. */
static gv_status number_names(const taker *t, int64_t i, gv_error *err)
{
    gv_log_reader *r = t->r;
    const gv_chunk *c = t->batch->chunk[i];
    const int32_t *new_name = t->new_name + c->row;
    gv_status st = GV_OK;
    for (int64_t j = 0; j < t->chunk[i].new_names && st == GV_OK; j++) {
        const int64_t k = new_name[j];
        known_row *row = &t->row[c->row + k];
        if (row->item == ~k)
            st = gv_names_put(&r->items, c->column[ITEM].text[k], &row->item, err);
        if (st == GV_OK && row->topic == ~k)
            st = gv_names_put(&r->topics, c->column[TOPIC].text[k], &row->topic, err);
    }
    return st;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_chunk(void *arg, int64_t i)
{
    const taker *t = arg;
    const gv_log_reader *r = t->r;
    const gv_chunk *c = t->batch->chunk[i];
    const known_row *row = t->row + c->row;
    const int64_t *time = c->column[r->mix == NULL ? TIME : TOPIC].i64;
    const gv_log_window w = t->window;
    int64_t place = t->chunk[i].kept_before;
    if (place >= w.to || place + t->chunk[i].kept <= w.from)
        return;
    for (int64_t k = 0; k < c->n_rows; k++) {
        if (row[k].node < 0)
            continue;
        const int32_t item = row[k].item, topic = row[k].topic;
        if (place >= w.from && place < w.to) {
            const int64_t at = w.at + place - w.from;
            r->user[at] = row[k].node;
            r->item[at] = item >= 0 ? item : row[~item].item;
            r->topic[at] = topic >= 0 ? topic : row[~topic].topic;
            r->time[at] = time[k];
        }
        place++;
    }
}

static void write_strangers(void *arg, int64_t i)
{
    const taker *t = arg;
    const gv_chunk *c = t->batch->chunk[i];
    uint64_t *key = t->key + t->chunk[i].strangers_before;
    for (int64_t k = 0; k < c->n_rows && t->chunk[i].strangers > 0; k++)
        if (t->row[c->row + k].node == STRANGER)
            *key++ = gv_id_key(c->column[USER].i64[k]);
}

static gv_status name_strangers(const taker *t, gv_error *err)
{
    gv_log_reader *r = t->r;
    gv_status st = GV_OK;
    int32_t number;
    for (int64_t i = 0; i < t->batch->n_chunks; i++) {
        const gv_chunk *c = t->batch->chunk[i];
        for (int64_t k = 0; k < c->n_rows && st == GV_OK && t->chunk[i].strangers > 0; k++)
            if (t->row[c->row + k].node == STRANGER)
                st = gv_names_put(&r->strangers, c->column[USER].text[k], &number, err);
    }
    return st;
}

/* Notes the batch's n rows about people who are not in the graph, and those people. */
static gv_status add_strangers(taker *t, int64_t n, gv_error *err)
{
    gv_log_reader *r = t->r;
    r->rows_unmatched += n;
    if (n == 0)
        return GV_OK;
    if (gv_lookup_field(&r->lookup) == GV_FIELD_TEXT)
        return name_strangers(t, err);
    t->key = gv_alloc(r->ctx, n, sizeof *t->key);
    if (t->key == NULL)
        return gv_no_memory(r->ctx, "log", err);
    gv_parallel_for(r->ctx, t->batch->n_chunks, write_strangers, t);
    return gv_id_set_add(&r->stranger_set, t->key, n, err);
}

/* ---- batches --------------------------------------------------------------------------------- */

static gv_status make_room(taker *t, const gv_batch *batch, gv_error *err)
{
    gv_context *ctx = t->r->ctx;
    if (batch->n_rows > t->row_room) {
        gv_free(ctx, t->row);
        gv_free(ctx, t->new_name);
        t->row_room = batch->n_rows + batch->n_rows / 8;
        t->row = gv_alloc(ctx, t->row_room, sizeof *t->row);
        t->new_name = gv_alloc(ctx, t->row_room, sizeof *t->new_name);
    }
    if (batch->n_chunks > t->chunk_room) {
        gv_free(ctx, t->chunk);
        t->chunk_room = batch->n_chunks;
        t->chunk = gv_alloc(ctx, t->chunk_room, sizeof *t->chunk);
    }
    if (t->row == NULL || t->new_name == NULL || t->chunk == NULL)
        return gv_no_memory(ctx, "log", err);
    return GV_OK;
}

/* `share`: how much of the log the batches so far were, 0 if that is not known. */
static gv_status take_batch(taker *t, const gv_batch *batch, double share, gv_error *err)
{
    gv_log_reader *r = t->r;
    int64_t kept = 0, strangers = 0;
    gv_status st = make_room(t, batch, err);
    if (st != GV_OK)
        return st;
    t->batch = batch;
    gv_parallel_for(r->ctx, batch->n_chunks, find_rows, t);
    for (int64_t i = 0; i < batch->n_chunks; i++) {
        chunk_rows *c = &t->chunk[i];
        st = number_names(t, i, err);
        if (st != GV_OK)
            return st;
        c->kept_before = kept, c->strangers_before = strangers;
        kept += c->kept, strangers += c->strangers;
        r->rows_without_topic += c->without_topic;
    }
    gv_log_expect(r, kept, share);
    st = gv_log_write(r, kept, &t->window, batch->n_chunks, write_chunk, t, err);
    return st == GV_OK ? add_strangers(t, strangers, err) : st;
}

static gv_status take_all(taker *t, gv_table *table, gv_error *err)
{
    gv_status st = GV_OK;
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(table, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        st = take_batch(t, &batch, gv_table_share(table), err);
    }
    gv_free(t->r->ctx, t->row);
    gv_free(t->r->ctx, t->new_name);
    gv_free(t->r->ctx, t->chunk);
    return st;
}

gv_status gv_log_read_text(gv_log_reader *r, const char *path, const gv_log_opts *o,
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
                                .block = gv_log_block(r->ctx->memory_limit),
                                .stage = "log"};
    taker t = {.r = r};
    gv_table *table = NULL;
    gv_status st = gv_table_open(r->ctx, path, &opts, &table, err);
    if (st == GV_OK)
        st = r->mix == NULL ? gv_table_bind(table, with_topic, 5, o->columns, NULL, err)
                            : gv_table_bind(table, without, 4, o->columns, NULL, err);
    if (st == GV_OK)
        st = take_all(&t, table, err);
    if (st == GV_OK)
        *info = gv_table_describe(table);
    gv_table_close(table);
    return st;
}
