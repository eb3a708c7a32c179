/* purchases.c -- see purchases.h.
 *
 * Items are numbered topic after topic and simulated independently, in parallel (adoptions.c);
 * their purchases are laid end to end in the order of items. */
#include "datasets/purchases.h"

#include <stdio.h>
#include <string.h>

#include "datasets/adoptions.h"
#include "datasets/interests.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum { ITEMS_AT_ONCE = 256 }; /* between two reports of progress */

static const int64_t start_time = 1735689600; /* 2025-01-01T00:00:00Z */

static const char *const names[] = {"books", "coffee", "films", "garden",
                                    "music", "phones", "shoes", "tea"};

/* Items sold, and then the columns of the log. */
typedef struct shop {
    gv_context *ctx;
    const gv_population *p;
    gv_interests interests;
    int64_t n_items;
    gv_adoption **adoption; /* [n_items]; NULL while not sold or when memory was short */
    int64_t *offset;        /* [n_items + 1], counts and then purchases before */
    int64_t batch;          /* first item of the running batch */
    gv_node *user;
    int64_t *item, *time;
    int32_t *topic;
    char (*name)[GV_TOPIC_CHARS + 1];
    const char **name_of;
} shop;

static int32_t topic_of(const shop *s, int64_t item)
{
    return (int32_t)(item / s->p->opts.items);
}

static void sell(void *arg, int64_t i)
{
    shop *s = arg;
    const int64_t item = s->batch + i;
    if (!gv_adoptions_make(s->ctx, s->p, &s->interests, item, topic_of(s, item), &s->adoption[item],
                           &s->offset[item]))
        s->offset[item] = -1;
}

static gv_status sell_all(shop *s, gv_error *err)
{
    gv_status st = GV_OK;
    for (s->batch = 0; s->batch < s->n_items && st == GV_OK; s->batch += ITEMS_AT_ONCE) {
        const int64_t left = s->n_items - s->batch;
        const int64_t n = left < ITEMS_AT_ONCE ? left : ITEMS_AT_ONCE;
        gv_parallel_for(s->ctx, n, sell, s);
        for (int64_t i = s->batch; i < s->batch + n; i++)
            if (s->offset[i] < 0)
                return gv_no_memory(s->ctx, "the buyers of an item", err);
        st = gv_progress(s->ctx, "purchases", s->batch + n, s->n_items, err);
    }
    return st;
}

static void lay_out(void *arg, int64_t item)
{
    shop *s = arg;
    const int64_t n = s->offset[item + 1] - s->offset[item];
    for (int64_t i = 0; i < n; i++) {
        const gv_adoption a = s->adoption[item][i];
        const int64_t at = s->offset[item] + i;
        s->user[at] = gv_adoption_node(a);
        s->item[at] = item;
        s->topic[at] = topic_of(s, item);
        s->time[at] = start_time + gv_adoption_time(a);
    }
}

static void name_topics(shop *s)
{
    for (int32_t z = 0; z < s->p->opts.topics; z++) {
        if (z < (int32_t)(sizeof names / sizeof *names))
            snprintf(s->name[z], sizeof s->name[z], "%s", names[z]);
        else
            snprintf(s->name[z], sizeof s->name[z], "topic-%d", z + 1);
        s->name_of[z] = s->name[z];
    }
}

static gv_status fill_columns(shop *s, gv_error *err)
{
    const int64_t rows = gv_prefix_sum(s->offset, s->n_items);
    s->user = gv_alloc(s->ctx, rows, sizeof *s->user);
    s->item = gv_alloc(s->ctx, rows, sizeof *s->item);
    s->topic = gv_alloc(s->ctx, rows, sizeof *s->topic);
    s->time = gv_alloc(s->ctx, rows, sizeof *s->time);
    s->name = gv_alloc_zero(s->ctx, s->p->opts.topics, sizeof *s->name);
    s->name_of = gv_alloc(s->ctx, s->p->opts.topics, sizeof *s->name_of);
    if (s->user == NULL || s->item == NULL || s->topic == NULL || s->time == NULL ||
        s->name == NULL || s->name_of == NULL)
        return gv_no_memory(s->ctx, "the purchases of a population", err);
    gv_parallel_for(s->ctx, s->n_items, lay_out, s);
    name_topics(s);
    return GV_OK;
}

static void free_adoptions(shop *s)
{
    for (int64_t i = 0; s->adoption != NULL && i < s->n_items; i++)
        gv_free(s->ctx, s->adoption[i]);
    gv_free(s->ctx, s->adoption);
    s->adoption = NULL;
}

static void free_shop(shop *s)
{
    free_adoptions(s);
    gv_interests_free(s->ctx, &s->interests);
    gv_free(s->ctx, s->offset);
    gv_free(s->ctx, s->user);
    gv_free(s->ctx, s->item);
    gv_free(s->ctx, s->topic);
    gv_free(s->ctx, s->time);
    gv_free(s->ctx, s->name);
    gv_free(s->ctx, s->name_of);
}

static gv_status open_shop(shop *s, gv_error *err)
{
    s->adoption = gv_alloc_zero(s->ctx, s->n_items, sizeof *s->adoption);
    s->offset = gv_alloc_zero(s->ctx, s->n_items + 1, sizeof *s->offset);
    if (s->adoption == NULL || s->offset == NULL)
        return gv_no_memory(s->ctx, "the items of a population", err);
    return gv_interests_make(s->ctx, &s->p->opts, &s->interests, err);
}

gv_status gv_purchases_make(gv_context *ctx, gv_population *p, gv_error *err)
{
    shop s = {.ctx = ctx, .p = p, .n_items = p->opts.topics * p->opts.items};
    gv_status st = open_shop(&s, err);
    if (st == GV_OK)
        st = sell_all(&s, err);
    if (st == GV_OK)
        st = fill_columns(&s, err);
    if (st == GV_OK) {
        free_adoptions(&s);
        st = gv_log_build(ctx, p->opts.consumers, s.user, s.item, s.topic, s.time,
                          s.offset[s.n_items], p->opts.topics, s.name_of, &p->log, err);
    }
    free_shop(&s);
    return st;
}
