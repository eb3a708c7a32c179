/* log_look.c -- how large a purchase log is, from its size and a sample of its rows. */
#include "engine/context.h"
#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "grapevine/plan.h"
#include "io/log_reader.h"
#include "io/sample.h"

enum { USER, ITEM, TOPIC, TIME, N_ROLES };

/* Hashes of what a role held in the sample. */
typedef struct keys {
    uint64_t *key;
    int64_t n, room;
} keys;

typedef struct looker {
    gv_context *ctx;
    int last; /* first role after those that are counted */
    keys of[TIME];
} looker;

static gv_status more_keys(gv_context *ctx, keys *k, int64_t n, gv_error *err)
{
    const int64_t room = k->n + n > 2 * k->room ? k->n + n : 2 * k->room;
    if (k->n + n <= k->room)
        return GV_OK;
    uint64_t *moved = gv_realloc(ctx, k->key, room, sizeof *moved);
    if (moved == NULL)
        return gv_no_memory(ctx, "log", err);
    k->key = moved;
    k->room = room;
    return GV_OK;
}

static gv_status take_rows(void *arg, const gv_column *column, int64_t n, gv_error *err)
{
    looker *l = arg;
    for (int r = USER; r < l->last; r++) {
        keys *k = &l->of[r];
        const gv_status st = more_keys(l->ctx, k, n, err);
        if (st != GV_OK)
            return st;
        for (int64_t i = 0; i < n; i++) {
            const gv_piece s = column[r].text[i];
            k->key[k->n++] = gv_hash_small(s.text, (size_t)s.length);
        }
    }
    return GV_OK;
}

/* Topics of items: how many topics, and topics an item. */
static gv_status look_at_topics(looker *l, const char *path, double *spread, gv_error *err)
{
    const gv_role role[] = {{.name = "item", .field = GV_FIELD_TEXT},
                            {.name = "topic", .field = GV_FIELD_TEXT}};
    const gv_table_opts with = {.lenient = true};
    keys item = {0};
    int64_t items = 0;
    gv_table *t = NULL;
    gv_status st = gv_table_open(l->ctx, path, &with, &t, err);
    if (st == GV_OK)
        st = gv_table_bind(t, role, 2, NULL, NULL, err);
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        for (int64_t i = 0; i < batch.n_chunks && st == GV_OK; i++) {
            const gv_chunk *c = batch.chunk[i];
            st = more_keys(l->ctx, &item, c->n_rows, err);
            if (st == GV_OK)
                st = more_keys(l->ctx, &l->of[TOPIC], c->n_rows, err);
            for (int64_t k = 0; k < c->n_rows && st == GV_OK; k++) {
                const gv_piece a = c->column[0].text[k], z = c->column[1].text[k];
                item.key[item.n++] = gv_hash_small(a.text, (size_t)a.length);
                l->of[TOPIC].key[l->of[TOPIC].n++] = gv_hash_small(z.text, (size_t)z.length);
            }
        }
    }
    gv_table_close(t);
    if (st == GV_OK)
        st = gv_sample_distinct(l->ctx, item.key, item.n, 1.0, &items, err);
    *spread = items > 0 ? (double)item.n / (double)items : 1.0;
    gv_free(l->ctx, item.key);
    return st;
}

static gv_status look(looker *l, bool mixed, gv_table *t, gv_log_shape *out, gv_error *err)
{
    gv_sample s;
    int64_t topics = 0;
    gv_status st = gv_sample_table(t, take_rows, l, &s, err);
    *out = (gv_log_shape){.rows = s.rows_expected, .bytes = s.bytes_expected, .sampled = s.share};
    if (st == GV_OK)
        st = gv_sample_distinct(l->ctx, l->of[USER].key, l->of[USER].n, s.share, &out->users, err);
    if (st == GV_OK)
        st = gv_sample_distinct(l->ctx, l->of[ITEM].key, l->of[ITEM].n, s.share, &out->items, err);
    if (st == GV_OK)
        st = gv_sample_distinct(l->ctx, l->of[TOPIC].key, l->of[TOPIC].n, mixed ? 1.0 : s.share,
                                &topics, err);
    out->n_topics = topics < INT32_MAX ? (int32_t)topics : INT32_MAX;
    return st;
}

GV_API gv_status gv_log_look(gv_context *ctx, const char *path, const gv_log_opts *opts,
                             gv_log_shape *out, gv_error *err)
{
    if (gv_log_is_h5(path))
        return gv_log_look_h5(ctx, path, opts, out, err);
    const gv_role role[N_ROLES] = {[USER] = {.name = "user", .field = GV_FIELD_TEXT},
                                   [ITEM] = {.name = "item", .field = GV_FIELD_TEXT},
                                   [TOPIC] = {.name = "topic", .field = GV_FIELD_TEXT},
                                   [TIME] = {.name = "time", .field = GV_FIELD_TIME}};
    const gv_role without[] = {role[USER], role[ITEM], role[TIME]};
    const bool mixed = opts != NULL && opts->topics != NULL;
    const gv_table_opts with = {.lenient = true, .block = gv_sample_block(path)};
    looker l = {.ctx = ctx, .last = mixed ? TOPIC : TIME};
    gv_table *t = NULL;
    double spread = 1.0;
    gv_status st = gv_table_open(ctx, path, &with, &t, err);
    if (st == GV_OK)
        st = gv_table_bind(t, mixed ? without : role, mixed ? TIME : N_ROLES,
                           opts != NULL ? opts->columns : NULL, NULL, err);
    if (st == GV_OK && mixed)
        st = look_at_topics(&l, opts->topics, &spread, err);
    if (st == GV_OK)
        st = look(&l, mixed, t, out, err);
    if (st == GV_OK && mixed) {
        out->rows = (int64_t)((double)out->rows * spread);
        out->items = (int64_t)((double)out->items * spread);
    }
    gv_table_close(t);
    for (int r = USER; r < TIME; r++)
        gv_free(ctx, l.of[r].key);
    return st;
}
