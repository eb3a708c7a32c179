/* purchases.c -- see purchases.h.
 *
 * Items are numbered topic after topic and simulated independently, in parallel (adoptions.c);
 * their purchases are laid end to end in the order of items. */
#include "datasets/purchases.h"

#include "datasets/adoptions.h"
#include "datasets/interests.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum { ITEMS_AT_ONCE = 256 }; /* between two reports of progress */

/* Items sold, and then the columns of the log. */
typedef struct shop {
    gv_population_plan *plan;
    const gv_population *p;
    int64_t n_items, first; /* all; first item of the running batch */
    gv_sale *sale;          /* of the batch; then of all */
    int64_t *offset;        /* [n_items + 1], purchases before an item */
    gv_node *user;
    int64_t *item, *time;
    int32_t *topic;
} shop;

static int32_t topic_of(const gv_population_plan *plan, int64_t item)
{
    return (int32_t)(item / plan->opts.items);
}

static void sell(void *arg, int64_t i)
{
    const shop *s = arg;
    const int64_t item = s->first + i;
    if (!gv_adoptions_make(s->plan->ctx, s->p, s->plan->interests, item, topic_of(s->plan, item),
                           &s->sale[i]))
        s->sale[i].n = -1;
}

gv_status gv_purchases_sell(gv_population_plan *plan, const gv_population *made, int64_t first,
                            int64_t n, gv_sale *sale, gv_error *err)
{
    shop s = {.plan = plan, .p = made, .first = first, .sale = sale};
    gv_parallel_for(plan->ctx, n, sell, &s);
    for (int64_t i = 0; i < n; i++)
        if (sale[i].n < 0)
            return gv_no_memory(plan->ctx, "the buyers of an item", err);
    return GV_OK;
}

static gv_status sell_all(shop *s, gv_error *err)
{
    gv_context *ctx = s->plan->ctx;
    gv_status st = GV_OK;
    for (int64_t first = 0; first < s->n_items && st == GV_OK; first += ITEMS_AT_ONCE) {
        const int64_t left = s->n_items - first, n = left < ITEMS_AT_ONCE ? left : ITEMS_AT_ONCE;
        st = gv_purchases_sell(s->plan, s->p, first, n, s->sale + first, err);
        if (st == GV_OK)
            st = gv_progress(ctx, "purchases", first + n, s->n_items, err);
    }
    return st;
}

static void lay_out(void *arg, int64_t item)
{
    shop *s = arg;
    const gv_sale *sale = &s->sale[item];
    for (int64_t i = 0; i < sale->n; i++) {
        const int64_t at = s->offset[item] + i;
        s->user[at] = gv_adoption_node(sale->adoption[i]);
        s->item[at] = item;
        s->topic[at] = topic_of(s->plan, item);
        s->time[at] = s->plan->start_time + gv_adoption_time(sale->adoption[i]);
    }
}

static gv_status fill_columns(shop *s, gv_error *err)
{
    gv_context *ctx = s->plan->ctx;
    for (int64_t i = 0; i < s->n_items; i++)
        s->offset[i] = s->sale[i].n;
    const int64_t rows = gv_prefix_sum(s->offset, s->n_items);
    s->user = gv_alloc(ctx, rows, sizeof *s->user);
    s->item = gv_alloc(ctx, rows, sizeof *s->item);
    s->topic = gv_alloc(ctx, rows, sizeof *s->topic);
    s->time = gv_alloc(ctx, rows, sizeof *s->time);
    if (s->user == NULL || s->item == NULL || s->topic == NULL || s->time == NULL)
        return gv_no_memory(ctx, "the purchases of a population", err);
    gv_parallel_for(ctx, s->n_items, lay_out, s);
    return GV_OK;
}

static void free_sales(shop *s)
{
    for (int64_t i = 0; s->sale != NULL && i < s->n_items; i++)
        gv_free(s->plan->ctx, s->sale[i].adoption);
    gv_free(s->plan->ctx, s->sale);
    s->sale = NULL;
}

static gv_status build(shop *s, gv_log **out, gv_error *err)
{
    gv_context *ctx = s->plan->ctx;
    const int32_t topics = s->plan->opts.topics;
    const char **name = gv_alloc(ctx, topics, sizeof *name);
    if (name == NULL)
        return gv_no_memory(ctx, "the topics of a population", err);
    for (int32_t z = 0; z < topics; z++)
        name[z] = s->plan->topic_name[z];
    const gv_status st = gv_log_build(ctx, s->plan->opts.consumers, s->user, s->item, s->topic,
                                      s->time, s->offset[s->n_items], topics, name, out, err);
    gv_free(ctx, name);
    return st;
}

gv_status gv_purchases_make(gv_context *ctx, gv_population_plan *plan, gv_population *p,
                            gv_error *err)
{
    shop s = {.plan = plan, .p = p, .n_items = plan->opts.topics * plan->opts.items};
    s.sale = gv_alloc_zero(ctx, s.n_items, sizeof *s.sale);
    s.offset = gv_alloc_zero(ctx, s.n_items + 1, sizeof *s.offset);
    gv_status st = GV_OK;
    if (s.sale == NULL || s.offset == NULL)
        st = gv_no_memory(ctx, "the items of a population", err);
    if (st == GV_OK)
        st = sell_all(&s, err);
    if (st == GV_OK)
        st = fill_columns(&s, err);
    free_sales(&s);
    if (st == GV_OK)
        st = build(&s, &p->log, err);
    gv_free(ctx, s.offset);
    gv_free(ctx, s.user);
    gv_free(ctx, s.item);
    gv_free(ctx, s.topic);
    gv_free(ctx, s.time);
    return st;
}
