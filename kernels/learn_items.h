/* learn_items.h -- going through the items of a purchase log: who adopted when, and who of an
 * adopter's friends did. */
#ifndef KERNELS_LEARN_ITEMS_H
#define KERNELS_LEARN_ITEMS_H

#include "engine/csr.h"
#include "engine/log.h"

/* Purchases; beyond this threads share an item. */
enum { LEARN_LARGE_ITEM = 1 << 14 };

/* Rows of items between two calls of the progress callback; the pages of a log in a file are given
 * back then. */
enum { LEARN_ROWS_A_BATCH = 1 << 22 };

/* A consumer and the place of their adoption in the item at hand. */
typedef struct learn_slot {
    gv_node user; /* -1: empty */
    int32_t place;
} learn_slot;

/* The adoptions of one item, not after `until`: first purchases, or with a gap the first of each
 * spell, in which purchases follow each other within the gap. Times are ticks since the first
 * purchase of the log; a tick is the greatest step that all times of the log are multiples of. */
typedef struct learn_item {
    int64_t item;
    int32_t topic;
    int64_t share;    /* of the item in the topic, units: GV_CREDIT_UNIT for all of it */
    int32_t n;        /* adopters */
    gv_node *user;    /* [n], by (time, user) */
    int64_t *time;    /* [n], ticks */
    int64_t *last;    /* [n], ticks: last purchase of the spell */
    int32_t *before;  /* [n], place of the consumer's spell before, or -1 */
    int64_t *seen;    /* [n], exposure of a friend who does not own the item, in units */
    int32_t *shuffle; /* [n_shuffles][n], place whose time the adopter at i takes */
    learn_slot *slot; /* hash table [mask + 1], or NULL where `place` serves */
    uint32_t mask;
    uint64_t *adopts; /* [n_nodes] bits, and */
    int32_t *place;   /* [n_nodes], set where the bit is; for items of many adopters */
} learn_item;

/* Per thread: an item, and the places of the friends of one adopter. */
typedef struct learn_scratch {
    learn_item item;
    int32_t *friend;
} learn_scratch;

/* Keeps the state after the items before `next`; `arg` is that of the visits. */
typedef gv_status learn_pause(void *arg, int64_t next, gv_error *err);

typedef struct learn_scan {
    gv_context *ctx;
    const gv_graph *g;
    const gv_log *log;
    int64_t until;          /* purchases after this are ignored */
    int64_t gap;            /* ticks, 0: first purchases only */
    int64_t end;            /* last second of the log that counts */
    int64_t origin, tick;   /* second = origin + tick * ticks */
    uint64_t key;           /* of the shuffles */
    const double *delay;    /* [n_topics] seconds, or NULL while unknown: then `seen` is not set */
    const int64_t *window;  /* [n_topics] seconds; with `delay` */
    int64_t small_rows;     /* capacity of the threads' items */
    int64_t from;           /* the first item to visit */
    learn_pause *pause;     /* when a state is due, or NULL */
    learn_scratch *scratch; /* [threads] */
    learn_item large;
} learn_scan;

/* Looks at the adopters [begin, end) of an item; may be called from several threads at once. */
typedef void learn_visit(void *arg, const learn_scan *s, const learn_item *item, int32_t *friend,
                         int32_t begin, int32_t end);

/* Finds end, origin and tick, and takes scratch memory; `*s` is to be given back in either case. */
GV_CHECKED gv_status learn_scan_begin(gv_context *ctx, const gv_graph *g, const gv_log *log,
                                      int64_t until, int64_t gap, uint64_t seed, learn_scan *s,
                                      gv_error *err);
void learn_scan_end(learn_scan *s);

/* Visits every item that has adoptions, with `n_shuffles` <= GV_SHUFFLES permutations each.
 * `failed` is set by visits that ran out of memory. */
GV_CHECKED gv_status learn_scan_items(learn_scan *s, const char *stage, int32_t n_shuffles,
                                      learn_visit *visit, void *arg, const bool *failed,
                                      gv_error *err);

/* Fetches what visits of the adopters some places after `i` will look at first. */
void learn_fetch(const learn_scan *s, const learn_item *item, int32_t i);

/* The tick from which the adopter at `i` does not own the item any more, and that from which they
 * had not owned it before. */
static inline int64_t learn_owned_to(const learn_scan *s, const learn_item *item, int32_t i)
{
    return s->gap > 0 ? item->last[i] + s->gap : INT64_MAX;
}

static inline int64_t learn_free_from(const learn_scan *s, const learn_item *item, int32_t i)
{
    return item->before[i] >= 0 ? learn_owned_to(s, item, item->before[i]) : INT64_MIN;
}

/* Places of the adoptions by in-neighbours of adopter `i`, by ascending node, the latest of each
 * first, into `friend`; returns how many. */
int32_t learn_friends(const learn_scan *s, const learn_item *item, int32_t i, int32_t *friend);

/* The exposure, in units, of someone who sees a purchase for x seconds: 1 - exp(-x / delay), at
 * least one unit where x > 0. */
int64_t learn_seen(double x, double delay);

#endif
