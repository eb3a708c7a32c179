/* learn_items.c -- see learn_items.h.
 *
 * Items are handed out to threads one by one; an item of many purchases is visited by all threads
 * together, each taking runs of its adopters. Whatever a visit counts is an integer, so it does not
 * matter who visits what. A thread finds adopters in a hash table of the item's size; for the large
 * items one bit a consumer, which lies in a near cache, says whether to look into an array over all
 * consumers at all: few friends are adopters.
 *
 * Shuffles are Fisher-Yates permutations drawn with Philox for (seed, item key, shuffle), so they
 * depend on the item's own purchases and on nothing else. */
#include "kernels/learn_items.h"

#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/parallel.h"
#include "engine/rng.h"

enum {
    ADOPTERS_A_TASK = 512, /* of a large item */
    FETCH_AHEAD = 8,       /* adopters */
    FRIENDS_FETCHED = 32,  /* of an adopter */
    ROWS_AHEAD = 32,       /* from a row of the log to the buyer's place in a large item */
    PROBE_FACTOR = 16      /* a search in sorted neighbours costs this many table look-ups */
};

/* ---- time ----------------------------------------------------------------------------------- */

static int64_t common_step(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The greatest common divisor of all times of rows that count; it does not mind their order. */
static int64_t find_tick(const learn_scan *s)
{
    const int64_t n = s->log->info.rows_kept;
    const int64_t *restrict time = s->log->time;
    int64_t tick = 0;
#pragma omp parallel num_threads(gv_context_threads(s->ctx))
    {
        int64_t mine = 0;
#pragma omp for schedule(static)
        for (int64_t i = 0; i < n; i++)
            if (time[i] <= s->until && mine != 1)
                mine = common_step(time[i] - s->origin, mine);
#pragma omp critical(gv_learn_tick)
        tick = common_step(tick, mine);
    }
    gv_log_rest(s->log, 0, n);
    return tick > 0 ? tick : 1;
}

int64_t learn_seen(double x, double delay)
{
    if (x <= 0.0)
        return 0;
    const int64_t units = (int64_t)(-expm1(-x / delay) * (double)GV_CREDIT_UNIT + 0.5);
    return units > 0 ? units : 1;
}

/* ---- one item ------------------------------------------------------------------------------- */

static uint32_t hash_node(gv_node user, uint32_t mask)
{
    const uint32_t h = (uint32_t)user * UINT32_C(0x9E3779B1);
    return (h ^ h >> 15) & mask;
}

static int32_t find_place(const learn_item *item, gv_node user)
{
    if (item->slot == NULL)
        return item->adopts[user / 64] >> user % 64 & 1 ? item->place[user] : -1;
    const learn_slot *restrict slot = item->slot;
    uint32_t h = hash_node(user, item->mask);
    while (slot[h].user != user) {
        if (slot[h].user < 0)
            return -1;
        h = (h + 1) & item->mask;
    }
    return slot[h].place;
}

static void set_place(learn_item *item, gv_node user, int32_t place)
{
    if (item->slot == NULL) {
        item->adopts[user / 64] |= UINT64_C(1) << user % 64;
        item->place[user] = place;
        return;
    }
    uint32_t h = hash_node(user, item->mask);
    while (item->slot[h].user >= 0 && item->slot[h].user != user)
        h = (h + 1) & item->mask;
    item->slot[h] = (learn_slot){.user = user, .place = place};
}

/* Buyers of a large item come in no order. */
static void fetch_place(const learn_item *item, gv_node user)
{
    __builtin_prefetch(&item->adopts[user / 64], 1);
    __builtin_prefetch(&item->place[user], 1);
}

static uint32_t table_mask(int64_t rows)
{
    uint32_t size = 4;
    while (size < 2 * rows)
        size *= 2;
    return size - 1;
}

static void shuffle_once(const learn_scan *s, const learn_item *item, int32_t which)
{
    int32_t *restrict order = item->shuffle + (int64_t)which * item->n;
    const uint64_t item_key = s->log->item_key[item->item];
    gv_random r = {{0}};
    for (int32_t i = 0; i < item->n; i++)
        order[i] = i;
    for (int32_t i = item->n - 1, draw = 0; i > 0; i--, draw++) {
        if (draw % 2 == 0)
            r = gv_philox(s->key, item_key, (uint64_t)which << 32 | (uint64_t)(draw / 2));
        const int32_t j = (int32_t)gv_below(gv_random_u64(r, draw % 2), (uint64_t)i + 1);
        const int32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

/* Rows come by time, so a consumer's first row is their adoption; what follows extends its spell
 * or, after the gap, begins another. */
static void gather(const learn_scan *s, int64_t a, learn_item *item)
{
    const gv_log *log = s->log;
    item->item = a;
    item->topic = log->item_topic[a];
    item->share = log->item_share != NULL ? log->item_share[a] : GV_CREDIT_UNIT;
    item->n = 0;
    if (item->slot != NULL) {
        item->mask = table_mask(log->indptr[a + 1] - log->indptr[a]);
        for (uint32_t h = 0; h <= item->mask; h++)
            item->slot[h].user = -1;
    }
    for (int64_t i = log->indptr[a]; i < log->indptr[a + 1] && log->time[i] <= s->until; i++) {
        if (item->slot == NULL && i + ROWS_AHEAD < log->indptr[a + 1])
            fetch_place(item, log->user[i + ROWS_AHEAD]);
        const int64_t time = (log->time[i] - s->origin) / s->tick;
        const int32_t have = find_place(item, log->user[i]);
        if (have >= 0 && (s->gap == 0 || time - item->last[have] < s->gap)) {
            item->last[have] = s->gap > 0 ? time : item->last[have];
            continue;
        }
        set_place(item, log->user[i], item->n);
        item->user[item->n] = log->user[i];
        item->time[item->n] = item->last[item->n] = time;
        item->before[item->n++] = have;
    }
}

/* The part of an exposure that is the topic's: of what is above 0, one unit at least. */
static int64_t share_of(const learn_item *item, int64_t units)
{
    const int64_t part = (int64_t)((double)units * ((double)item->share / (double)GV_CREDIT_UNIT));
    return item->share == GV_CREDIT_UNIT || units == 0 ? units : part > 0 ? part : 1;
}

static void fill_seen(const learn_scan *s, const learn_item *item, int32_t begin, int32_t end)
{
    const double delay = s->delay[item->topic];
    const int64_t window = s->window[item->topic], span = s->end - s->origin;
    for (int32_t i = begin; i < end; i++) {
        const int64_t left = span - item->time[i] * s->tick;
        item->seen[i] = share_of(item, learn_seen((double)(left < window ? left : window), delay));
    }
}

/* By user, the latest first; places ascend with time. */
static bool comes_later(const gv_node *user, int32_t a, int32_t b)
{
    return user[a] != user[b] ? user[a] > user[b] : a < b;
}

/* Shell's method: sorts few places by their users. */
static void sort_by_user(const gv_node *user, int32_t *place, int32_t n)
{
    int32_t gap = 1;
    while (gap < n / 3)
        gap = 3 * gap + 1;
    for (; gap > 0; gap /= 3)
        for (int32_t i = gap; i < n; i++) {
            const int32_t moved = place[i];
            int32_t j = i;
            for (; j >= gap && comes_later(user, place[j - gap], moved); j -= gap)
                place[j] = place[j - gap];
            place[j] = moved;
        }
}

void learn_fetch(const learn_scan *s, const learn_item *item, int32_t i)
{
    const gv_csr *in = &s->g->in;
    if (i + 2 * FETCH_AHEAD < item->n)
        __builtin_prefetch(in->indptr + item->user[i + 2 * FETCH_AHEAD]);
    if (i + FETCH_AHEAD < item->n)
        __builtin_prefetch(in->indices + in->indptr[item->user[i + FETCH_AHEAD]]);
    if (item->slot != NULL || i + FETCH_AHEAD / 2 >= item->n)
        return;
    const gv_node u = item->user[i + FETCH_AHEAD / 2];
    const int64_t begin = in->indptr[u], end = in->indptr[u + 1];
    for (int64_t e = begin; e < end && e < begin + FRIENDS_FETCHED; e++)
        __builtin_prefetch(&item->adopts[in->indices[e] / 64]);
}

int32_t learn_friends(const learn_scan *s, const learn_item *item, int32_t i, int32_t *friend)
{
    const gv_csr *in = &s->g->in;
    const gv_node u = item->user[i];
    const int64_t begin = in->indptr[u], end = in->indptr[u + 1];
    int32_t count = 0;
    if (end - begin <= (int64_t)item->n * PROBE_FACTOR) {
        for (int64_t e = begin; e < end; e++) {
            int32_t place = find_place(item, in->indices[e]);
            for (; place >= 0; place = item->before[place])
                friend[count++] = place;
        }
        return count;
    }
    /* Few adopters and a consumer with many friends: ask for each adopter instead. */
    for (int32_t j = 0; j < item->n; j++)
        if (gv_csr_find(in, u, item->user[j]) >= 0)
            friend[count++] = j;
    sort_by_user(item->user, friend, count);
    return count;
}

/* ---- all items ------------------------------------------------------------------------------ */

static int64_t item_rows(const learn_scan *s, int64_t a)
{
    return s->log->indptr[a + 1] - s->log->indptr[a];
}

static void visit_small(learn_scan *s, int64_t first, int64_t last, int32_t n_shuffles,
                        learn_visit *visit, void *arg)
{
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(dynamic, 8)
    for (int64_t a = first; a < last; a++) {
        if (item_rows(s, a) > s->small_rows)
            continue;
        learn_scratch *mine = &s->scratch[gv_thread()];
        gather(s, a, &mine->item);
        for (int32_t i = 0; i < n_shuffles; i++)
            shuffle_once(s, &mine->item, i);
        if (s->delay != NULL)
            fill_seen(s, &mine->item, 0, mine->item.n);
        if (mine->item.n > 0)
            visit(arg, s, &mine->item, mine->friend, 0, mine->item.n);
    }
}

static int32_t task_end(const learn_item *item, int32_t begin)
{
    return item->n - begin > ADOPTERS_A_TASK ? begin + ADOPTERS_A_TASK : item->n;
}

static void prepare_large(const learn_scan *s, const learn_item *item, int32_t n_shuffles)
{
    const int32_t tasks = (item->n + ADOPTERS_A_TASK - 1) / ADOPTERS_A_TASK;
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(dynamic, 1)
    for (int32_t i = 0; i < n_shuffles; i++)
        shuffle_once(s, item, i);
    if (s->delay == NULL)
        return;
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(static)
    for (int32_t t = 0; t < tasks; t++)
        fill_seen(s, item, t * ADOPTERS_A_TASK, task_end(item, t * ADOPTERS_A_TASK));
}

static void visit_large(learn_scan *s, int64_t a, int32_t n_shuffles, learn_visit *visit, void *arg)
{
    learn_item *item = &s->large;
    gather(s, a, item);
    prepare_large(s, item, n_shuffles);
    const int32_t tasks = (item->n + ADOPTERS_A_TASK - 1) / ADOPTERS_A_TASK;
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(dynamic, 1)
    for (int32_t t = 0; t < tasks; t++)
        visit(arg, s, item, s->scratch[gv_thread()].friend, t * ADOPTERS_A_TASK,
              task_end(item, t * ADOPTERS_A_TASK));
    for (int32_t i = 0; i < item->n; i++)
        item->adopts[item->user[i] / 64] = 0;
}

gv_status learn_scan_items(learn_scan *s, const char *stage, int32_t n_shuffles, learn_visit *visit,
                           void *arg, const bool *failed, gv_error *err)
{
    const gv_log *log = s->log;
    for (int64_t first = s->from, last; first < log->info.n_items; first = last) {
        last = first + 1;
        while (last < log->info.n_items &&
               log->indptr[last + 1] - log->indptr[first] < LEARN_ROWS_A_BATCH)
            last++;
        visit_small(s, first, last, n_shuffles, visit, arg);
        for (int64_t a = first; a < last; a++)
            if (item_rows(s, a) > s->small_rows)
                visit_large(s, a, n_shuffles, visit, arg);
        gv_log_rest(log, log->indptr[first], log->indptr[last]);
        if (*failed)
            return gv_no_memory(s->ctx, "learn", err);
        gv_status st = s->pause != NULL && gv_keep_due(s->ctx) ? s->pause(arg, last, err) : GV_OK;
        if (st == GV_OK)
            st = gv_progress(s->ctx, stage, log->indptr[last], log->info.rows_kept, err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}

/* ---- scratch -------------------------------------------------------------------------------- */

static bool take_item(gv_context *ctx, learn_item *item, int64_t adopters)
{
    item->user = gv_alloc(ctx, adopters, sizeof *item->user);
    item->time = gv_alloc(ctx, adopters, sizeof *item->time);
    item->last = gv_alloc(ctx, adopters, sizeof *item->last);
    item->before = gv_alloc(ctx, adopters, sizeof *item->before);
    item->seen = gv_alloc(ctx, adopters, sizeof *item->seen);
    item->shuffle = gv_alloc(ctx, adopters * GV_SHUFFLES, sizeof *item->shuffle);
    return item->user != NULL && item->time != NULL && item->last != NULL && item->before != NULL &&
           item->seen != NULL && item->shuffle != NULL;
}

static void give_item(gv_context *ctx, learn_item *item)
{
    gv_free(ctx, item->user);
    gv_free(ctx, item->time);
    gv_free(ctx, item->last);
    gv_free(ctx, item->before);
    gv_free(ctx, item->seen);
    gv_free(ctx, item->shuffle);
    gv_free(ctx, item->slot);
    gv_free(ctx, item->place);
    gv_free(ctx, item->adopts);
}

static bool take_place(learn_item *item, gv_context *ctx, int64_t n_nodes)
{
    item->place = gv_alloc(ctx, n_nodes, sizeof *item->place);
    item->adopts = gv_alloc_zero(ctx, n_nodes / 64 + 1, sizeof *item->adopts);
    return item->place != NULL && item->adopts != NULL;
}

static int64_t largest_in_degree(gv_context *ctx, const gv_graph *g)
{
    int64_t largest = 0;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) reduction(max : largest)
    for (int64_t v = 0; v < g->n_nodes; v++) {
        const int64_t degree = gv_csr_degree(&g->in, (gv_node)v);
        largest = degree > largest ? degree : largest;
    }
    return largest;
}

static bool take_scratch(learn_scan *s)
{
    gv_context *ctx = s->ctx;
    const int32_t threads = gv_context_threads(ctx);
    int64_t largest = 0, small = 0;
    for (int64_t a = 0; a < s->log->info.n_items; a++) {
        const int64_t rows = item_rows(s, a);
        largest = rows > largest ? rows : largest;
        small = rows > small && rows <= LEARN_LARGE_ITEM ? rows : small;
    }
    s->small_rows = small;
    const int64_t adopters = s->gap > 0 || largest < s->g->n_nodes ? largest : s->g->n_nodes;
    const int64_t degree = largest_in_degree(ctx, s->g);
    const int64_t friends = s->gap == 0 && degree < adopters ? degree : adopters;
    s->scratch = gv_alloc_zero(ctx, threads, sizeof *s->scratch);
    if (s->scratch == NULL)
        return false;
    for (int32_t t = 0; t < threads; t++) {
        learn_scratch *mine = &s->scratch[t];
        mine->item.slot = gv_alloc(ctx, (int64_t)table_mask(small) + 1, sizeof *mine->item.slot);
        mine->friend = gv_alloc(ctx, friends, sizeof *mine->friend);
        if (!take_item(ctx, &mine->item, small) || mine->item.slot == NULL || mine->friend == NULL)
            return false;
    }
    return largest <= small ||
           (take_item(ctx, &s->large, adopters) && take_place(&s->large, ctx, s->g->n_nodes));
}

gv_status learn_scan_begin(gv_context *ctx, const gv_graph *g, const gv_log *log, int64_t until,
                           int64_t gap, uint64_t seed, learn_scan *s, gv_error *err)
{
    *s = (learn_scan){.ctx = ctx, .g = g, .log = log, .until = until};
    s->origin = log->info.time_begin;
    s->end = until < log->info.time_end ? until : log->info.time_end;
    s->tick = find_tick(s);
    s->gap = gap / s->tick + (gap % s->tick != 0);
    s->key = gv_key(seed, GV_FOR_SHUFFLE);
    return take_scratch(s) ? GV_OK : gv_no_memory(ctx, "learn", err);
}

void learn_scan_end(learn_scan *s)
{
    const int32_t threads = s->scratch != NULL ? gv_context_threads(s->ctx) : 0;
    for (int32_t t = 0; t < threads; t++) {
        give_item(s->ctx, &s->scratch[t].item);
        gv_free(s->ctx, s->scratch[t].friend);
    }
    gv_free(s->ctx, s->scratch);
    give_item(s->ctx, &s->large);
}
