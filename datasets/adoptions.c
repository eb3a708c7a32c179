/* adoptions.c -- see adoptions.h.
 *
 * A cascade in continuous time. Spontaneous purchases are found by geometric skips through each
 * community, so the work is in proportion to buyers, not to consumers. Then purchases are taken in
 * the order of time; each buyer tries each close friend once, with the planted probability, and
 * success asks the friend to buy after an exponential delay. Who has bought already, or would buy
 * after the horizon, does not buy.
 *
 * The coins of an item are keyed by (item, buyer, friend) and the order is by (time, consumer), so
 * items are independent of each other and of threads. */
#include "datasets/adoptions.h"

#include "datasets/draw.h"
#include "datasets/planted.h"
#include "engine/memory.h"

/* A heap, smallest `when` first; events of equal `when` differ in `prompt` and the smaller is
 * first. */
typedef struct events {
    gv_adoption *heap;
    int64_t n, room;
} events;

/* A set of consumers: open addressing, at most half full. */
typedef struct buyers {
    gv_node *slot; /* -1: free */
    int64_t n, mask;
} buyers;

typedef struct sale {
    gv_context *ctx;
    const gv_population *p;
    const gv_interests *interests;
    int64_t item;
    int32_t topic;
    uint64_t horizon; /* seconds */
    events next;
    buyers bought;
    gv_adoption *done;
    int64_t n_done, room_done;
} sale;

static bool earlier(gv_adoption a, gv_adoption b)
{
    return a.when != b.when ? a.when < b.when : a.prompt < b.prompt;
}

/* Makes room for one more object; doubles. */
static bool grow(gv_context *ctx, gv_adoption **array, int64_t n, int64_t *room)
{
    if (n < *room)
        return true;
    const int64_t wanted = *room > 0 ? 2 * *room : 64;
    gv_adoption *moved = gv_realloc(ctx, *array, wanted, sizeof *moved);
    if (moved == NULL)
        return false;
    *array = moved;
    *room = wanted;
    return true;
}

static bool push(gv_context *ctx, events *e, gv_adoption a)
{
    if (!grow(ctx, &e->heap, e->n, &e->room))
        return false;
    int64_t i = e->n++;
    for (; i > 0 && earlier(a, e->heap[(i - 1) / 2]); i = (i - 1) / 2)
        e->heap[i] = e->heap[(i - 1) / 2];
    e->heap[i] = a;
    return true;
}

static gv_adoption pop(events *e)
{
    const gv_adoption top = e->heap[0], last = e->heap[--e->n];
    int64_t i = 0;
    for (int64_t child = 1; child < e->n; child = 2 * i + 1) {
        if (child + 1 < e->n && earlier(e->heap[child + 1], e->heap[child]))
            child++;
        if (!earlier(e->heap[child], last))
            break;
        e->heap[i] = e->heap[child];
        i = child;
    }
    e->heap[i] = last;
    return top;
}

/* The slot of `v`, or the free one where it belongs. */
static int64_t find(const buyers *b, gv_node v)
{
    int64_t i = (int64_t)gv_mix((uint64_t)v) & b->mask;
    while (b->slot[i] >= 0 && b->slot[i] != v)
        i = (i + 1) & b->mask;
    return i;
}

static bool rehash(gv_context *ctx, buyers *b, int64_t slots)
{
    buyers wider = {.n = b->n, .mask = slots - 1};
    wider.slot = gv_alloc(ctx, slots, sizeof *wider.slot);
    if (wider.slot == NULL)
        return false;
    for (int64_t i = 0; i < slots; i++)
        wider.slot[i] = -1;
    for (int64_t i = 0; b->slot != NULL && i <= b->mask; i++)
        if (b->slot[i] >= 0)
            wider.slot[find(&wider, b->slot[i])] = b->slot[i];
    gv_free(ctx, b->slot);
    *b = wider;
    return true;
}

/* Adds a consumer who is not in the set, at the slot that find() gave. */
static bool add(gv_context *ctx, buyers *b, int64_t slot, gv_node v)
{
    b->slot[slot] = v;
    b->n++;
    return 2 * b->n <= b->mask || rehash(ctx, b, 2 * (b->mask + 1));
}

/* The members of a community who buy of their own accord: a member is passed over with probability
 * exp(-rate), so the number passed over in a row is floor(log(uniform) / -rate). */
static bool start_community(sale *s, int64_t community)
{
    const gv_interests *in = s->interests;
    const double rate = in->rate[s->topic * in->communities + community];
    const int64_t end = in->first[community + 1];
    const uint64_t key = gv_key(s->p->opts.seed, (gv_purpose)GV_DRAW_SPONTANEOUS);
    int64_t v = in->first[community];
    for (uint64_t draw = 0;; draw++, v++) {
        const gv_random r =
            gv_philox(key, (uint64_t)s->item, (uint64_t)in->first[community] << 16 | draw);
        const double skip = -gv_draw_log(gv_draw_open(gv_random_u64(r, 0))) / rate;
        if (skip >= (double)(end - v))
            return true;
        v += (int64_t)skip;
        const uint64_t time = gv_below(gv_random_u64(r, 1), s->horizon);
        if (!push(s->ctx, &s->next, (gv_adoption){time << 31 | (uint64_t)v, -1}))
            return false;
    }
}

/* The buyer of `a` tries each close friend. A delay is at least one second: cause precedes effect.
 */
static bool prompt_friends(sale *s, gv_adoption a)
{
    const gv_csr *out = &s->p->graph->out;
    const gv_node v = gv_adoption_node(a);
    const uint64_t key = gv_key(s->p->opts.seed, (gv_purpose)GV_DRAW_PROMPTED);
    for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++) {
        const gv_node u = out->indices[e];
        const double p = gv_planted_probability(s->p, s->topic, v, e, u);
        if (p <= 0.0)
            continue;
        const gv_random r = gv_philox(key, (uint64_t)s->item, (uint64_t)v << 32 | (uint64_t)u);
        if (gv_unit(gv_random_u64(r, 0)) >= p)
            continue;
        const double delay = gv_draw_exponential(gv_random_u64(r, 1), s->p->delay);
        const uint64_t time = (uint64_t)gv_adoption_time(a) + 1 + (uint64_t)delay;
        if (time < s->horizon &&
            !push(s->ctx, &s->next, (gv_adoption){time << 31 | (uint64_t)u, v}))
            return false;
    }
    return true;
}

static bool run(sale *s)
{
    if (!rehash(s->ctx, &s->bought, 64))
        return false;
    for (int64_t c = 0; c < s->interests->communities; c++)
        if (!start_community(s, c))
            return false;
    while (s->next.n > 0) {
        const gv_adoption a = pop(&s->next);
        const int64_t slot = find(&s->bought, gv_adoption_node(a));
        if (s->bought.slot[slot] >= 0)
            continue;
        if (!add(s->ctx, &s->bought, slot, gv_adoption_node(a)) ||
            !grow(s->ctx, &s->done, s->n_done, &s->room_done))
            return false;
        s->done[s->n_done++] = a;
        if (!prompt_friends(s, a))
            return false;
    }
    return true;
}

bool gv_adoptions_make(gv_context *ctx, const gv_population *p, const gv_interests *interests,
                       int64_t item, int32_t topic, gv_sale *out)
{
    sale s = {.ctx = ctx,
              .p = p,
              .interests = interests,
              .item = item,
              .topic = topic,
              .horizon = (uint64_t)p->opts.days * 86400};
    const bool ok = run(&s);
    gv_free(ctx, s.next.heap);
    gv_free(ctx, s.bought.slot);
    if (!ok) {
        gv_free(ctx, s.done);
        return false;
    }
    *out = (gv_sale){s.done, s.n_done};
    return true;
}
