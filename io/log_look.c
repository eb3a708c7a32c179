/* log_look.c -- how large a purchase log is, from its size and a sample of its rows. */
#include "engine/context.h"
#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "grapevine/plan.h"
#include "io/sample.h"

enum { USER, ITEM, TOPIC, TIME, N_ROLES };

/* Hashes of what a role held in the sample. */
typedef struct keys {
    uint64_t *key;
    int64_t n, room;
} keys;

typedef struct looker {
    gv_context *ctx;
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
    for (int r = USER; r < TIME; r++) {
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

static gv_status look(looker *l, gv_table *t, gv_log_shape *out, gv_error *err)
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
        st = gv_sample_distinct(l->ctx, l->of[TOPIC].key, l->of[TOPIC].n, s.share, &topics, err);
    out->n_topics = topics < INT32_MAX ? (int32_t)topics : INT32_MAX;
    return st;
}

GV_API gv_status gv_log_look(gv_context *ctx, const char *path, const gv_log_opts *opts,
                             gv_log_shape *out, gv_error *err)
{
    const gv_role role[N_ROLES] = {[USER] = {.name = "user", .field = GV_FIELD_TEXT},
                                   [ITEM] = {.name = "item", .field = GV_FIELD_TEXT},
                                   [TOPIC] = {.name = "topic", .field = GV_FIELD_TEXT},
                                   [TIME] = {.name = "time", .field = GV_FIELD_TIME}};
    const gv_table_opts with = {.lenient = true, .block = gv_sample_block(path)};
    looker l = {.ctx = ctx};
    gv_table *t = NULL;
    gv_status st = gv_table_open(ctx, path, &with, &t, err);
    if (st == GV_OK)
        st = gv_table_bind(t, role, N_ROLES, opts != NULL ? opts->columns : NULL, NULL, err);
    if (st == GV_OK)
        st = look(&l, t, out, err);
    gv_table_close(t);
    for (int r = USER; r < TIME; r++)
        gv_free(ctx, l.of[r].key);
    return st;
}
