/* log_mix.c -- see log_mix.h.
 *
 * Items are independent of the order of rows in both files: entries are sorted by (item, topic),
 * and what an item of the log has is found by its key. */
#include "io/log_mix.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/sort.h"

enum { ITEM, TOPIC, WEIGHT, N_ROLES };

static gv_status add_entry(gv_log_reader *r, const gv_chunk *c, int64_t k, bool weighted,
                           gv_error *err)
{
    gv_log_mix *mix = r->mix;
    if (mix->n == mix->capacity) {
        const int64_t more = mix->capacity > 0 ? 2 * mix->capacity : 1024;
        gv_mix_entry *moved = gv_realloc(r->ctx, mix->entry, more, sizeof *moved);
        if (moved == NULL)
            return gv_no_memory(r->ctx, "topics of items", err);
        mix->entry = moved, mix->capacity = more;
    }
    gv_mix_entry *to = &mix->entry[mix->n];
    gv_status st = gv_names_put(&r->items, c->column[ITEM].text[k], &to->item, err);
    if (st == GV_OK)
        st = gv_names_put(&r->topics, c->column[TOPIC].text[k], &to->topic, err);
    to->weight = weighted ? c->column[WEIGHT].f64[k] : 1.0;
    mix->n += st == GV_OK;
    return st;
}

static gv_status read_entries(gv_log_reader *r, const char *path, gv_error *err)
{
    const gv_role role[N_ROLES] = {
        [ITEM] = {.name = "item", .field = GV_FIELD_TEXT},
        [TOPIC] = {.name = "topic", .field = GV_FIELD_TEXT},
        [WEIGHT] = {.name = "weight", .field = GV_FIELD_NUMBER, .min = 0.0, .max = INFINITY},
    };
    const gv_table_opts opts = {.stage = "topics of items"};
    gv_table *t = NULL;
    gv_status st = gv_table_open(r->ctx, path, &opts, &t, err);
    const bool weighted = st == GV_OK && gv_table_width(t) > WEIGHT;
    if (st == GV_OK)
        st = gv_table_bind(t, role, weighted ? N_ROLES : WEIGHT, NULL, NULL, err);
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        for (int64_t i = 0; i < batch.n_chunks; i++)
            for (int64_t k = 0; k < batch.chunk[i]->n_rows && st == GV_OK; k++)
                st = add_entry(r, batch.chunk[i], k, weighted, err);
    }
    gv_table_close(t);
    return st;
}

/* Sorts the entries by item and topic. */
static gv_status sort_entries(gv_log_reader *r, gv_error *err)
{
    gv_log_mix *mix = r->mix;
    gv_record *order = gv_alloc(r->ctx, mix->n, sizeof *order);
    gv_mix_entry *sorted = gv_alloc(r->ctx, mix->n, sizeof *sorted);
    gv_status st =
        order == NULL || sorted == NULL ? gv_no_memory(r->ctx, "topics of items", err) : GV_OK;
    for (int64_t i = 0; i < mix->n && st == GV_OK; i++)
        order[i] = (gv_record){(uint64_t)mix->entry[i].item << 32 | (uint64_t)mix->entry[i].topic,
                               (uint64_t)i};
    if (st == GV_OK)
        st = gv_sort_records(r->ctx, order, mix->n, err);
    for (int64_t i = 0; i < mix->n && st == GV_OK; i++)
        sorted[i] = mix->entry[order[i].value];
    gv_free(r->ctx, order);
    if (st != GV_OK) {
        gv_free(r->ctx, sorted);
        return st;
    }
    gv_free(r->ctx, mix->entry);
    mix->entry = sorted, mix->capacity = mix->n;
    return GV_OK;
}

/* Divides the weights [begin, end) of an item by their sum. */
static gv_status normalise(gv_log_reader *r, const char *path, int64_t begin, int64_t end,
                           gv_error *err)
{
    gv_mix_entry *e = r->mix->entry;
    const gv_piece item = gv_names_get(&r->items, e[begin].item);
    double sum = 0.0;
    for (int64_t i = begin; i < end; i++) {
        const gv_piece topic = gv_names_get(&r->topics, e[i].topic);
        if (i > begin && e[i].topic == e[i - 1].topic)
            return gv_fail(err, GV_ERR_DATA, "%s: item '%.*s' has topic '%.*s' twice", path,
                           (int)item.length, item.text, (int)topic.length, topic.text);
        sum += e[i].weight;
    }
    if (!(sum > 0.0 && isfinite(sum)))
        return gv_fail(err, GV_ERR_DATA,
                       "%s: the weights of item '%.*s' add up to %g, which is not a number above 0",
                       path, (int)item.length, item.text, sum);
    for (int64_t i = begin; i < end; i++)
        e[i].weight /= sum;
    return GV_OK;
}

gv_status gv_log_mix_read(gv_log_reader *r, const char *path, gv_error *err)
{
    gv_log_mix *mix = r->mix = gv_alloc_zero(r->ctx, 1, sizeof *mix);
    if (mix == NULL)
        return gv_no_memory(r->ctx, "topics of items", err);
    gv_status st = read_entries(r, path, err);
    if (st == GV_OK)
        st = sort_entries(r, err);
    if (st != GV_OK)
        return st;
    mix->n_items = r->items.n;
    mix->begin = gv_alloc(r->ctx, mix->n_items + 1, sizeof *mix->begin);
    if (mix->begin == NULL)
        return gv_no_memory(r->ctx, "topics of items", err);
    int64_t i = 0;
    for (int64_t a = 0; a < mix->n_items && st == GV_OK; a++) {
        mix->begin[a] = i;
        while (i < mix->n && mix->entry[i].item == a)
            i++;
        st = normalise(r, path, mix->begin[a], i, err);
    }
    mix->begin[mix->n_items] = mix->n;
    return st;
}

void gv_log_mix_end(gv_log_reader *r)
{
    if (r->mix == NULL)
        return;
    gv_free(r->ctx, r->mix->entry);
    gv_free(r->ctx, r->mix->begin);
    gv_free(r->ctx, r->mix);
    r->mix = NULL;
}

bool gv_log_mix_has(const gv_log_reader *r, int32_t item)
{
    return item < r->mix->n_items;
}

int64_t gv_log_mix_rows(const gv_log_reader *r)
{
    int64_t n = 0;
    for (int64_t i = 0; i < r->n; i++)
        n += r->mix->begin[r->item[i] + 1] - r->mix->begin[r->item[i]];
    return n;
}

gv_status gv_log_mix_spread(gv_log_reader *r, gv_error *err)
{
    const gv_log_mix *mix = r->mix;
    const int64_t rows = r->n;
    int64_t n = gv_log_mix_rows(r);
    const gv_status st = gv_log_grow(r, n - rows, err);
    if (st != GV_OK)
        return st;
    r->n = n;
    for (int64_t i = rows - 1; i >= 0; i--) { /* from the end: a row is not overwritten unread */
        const gv_node user = r->user[i];
        const int64_t item = r->item[i], time = r->time[i];
        for (int64_t k = mix->begin[item + 1] - 1; k >= mix->begin[item]; k--) {
            n--;
            r->user[n] = user, r->item[n] = item, r->time[n] = time;
            r->topic[n] = mix->entry[k].topic;
        }
    }
    return GV_OK;
}

/* Keys of items with their shares, sorted. */
static gv_status find_shares(const gv_log_reader *r, const int64_t *number, const int32_t *rank,
                             const char *const *topic_name, gv_record *share, gv_error *err)
{
    const gv_log_mix *mix = r->mix;
    for (int64_t i = 0; i < mix->n; i++) {
        const gv_mix_entry *e = &mix->entry[i];
        const int64_t units = llround(e->weight * (double)GV_CREDIT_UNIT);
        char name[GV_TOPIC_CHARS + 1] = {0};
        memcpy(name, topic_name[rank[e->topic]], strlen(topic_name[rank[e->topic]]));
        share[i] = (gv_record){gv_log_item_key(number[e->item], name), (uint64_t)units};
    }
    return gv_sort_records(r->ctx, share, mix->n, err);
}

static int64_t share_of(const gv_record *share, int64_t n, uint64_t key)
{
    int64_t lo = 0, hi = n - 1;
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (share[mid].key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return (int64_t)share[lo].value;
}

gv_status gv_log_mix_share(const gv_log_reader *r, const int64_t *number, const int32_t *rank,
                           const char *const *topic_name, gv_log *log, gv_error *err)
{
    gv_record *share = gv_alloc(r->ctx, r->mix->n, sizeof *share);
    log->item_share = gv_alloc(log->ctx, log->info.n_items, sizeof *log->item_share);
    gv_status st = share == NULL || log->item_share == NULL
                       ? gv_no_memory(r->ctx, "topics of items", err)
                       : find_shares(r, number, rank, topic_name, share, err);
    for (int64_t a = 0; a < log->info.n_items && st == GV_OK; a++)
        log->item_share[a] = share_of(share, r->mix->n, log->item_key[a]);
    gv_free(r->ctx, share);
    return st == GV_OK ? gv_log_rehash(log, err) : st;
}
