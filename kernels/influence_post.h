/* influence_post.h -- what the evidence of edges v -> u says, brought to the rows of the targets u:
 * a partition by ranges of targets, and within a range a counting sort.
 *
 * The first pass knows what there is to say while it is at v. It puts a letter into its box, from
 * where it goes behind those to the same range of targets: so only as many places are written to
 * as there are ranges. These are asked for a boxful ahead, all of them one after the other, since
 * each may take a walk through the page tables, and walks overlap where little else is between
 * them. Before the second pass comes to the targets of a range, its thread sorts the letters to
 * them by target, in the cache. Nowhere is memory asked for out of order.
 *
 * No races: a thread fills packets of its own, and sorts onto a desk of its own. Letters to one
 * target lie in any order, so that no sum may hang on it; those to rows that are worked on in
 * pieces (influence_span.h) by source. */
#ifndef KERNELS_INFLUENCE_POST_H
#define KERNELS_INFLUENCE_POST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/csr.h"
#include "kernels/influence_width.h"

/* What the evidence of an edge says in a topic, at its target. */
typedef struct influence_reply {
    uint32_t from; /* source << slot_bits | place of the topic in the slice */
    float tie;     /* t of the edge */
    float more;    /* p beyond b t; 0 outside of the slice */
} influence_reply;

/* The same on its way. */
typedef struct influence_letter {
    gv_node to;
    influence_reply reply;
} influence_letter;

/* Letters of a box that are posted together. */
enum { INFLUENCE_BOX = 1024 };

/* Letters that wait: where those of one half go has been asked for, the other one is filled. */
typedef struct influence_box {
    int32_t n[2], open; /* letters of a half; the half that is filled */
    influence_letter letter[2][INFLUENCE_BOX];
} influence_box;

/* Packets that a thread has taken and not begun; 64 bytes, so that threads do not share a line. */
typedef struct influence_run {
    int64_t next, end;
    char apart[48];
} influence_run;

/* Replies that a thread has at hand; 64 bytes too. */
typedef struct influence_desk {
    int64_t first, end;     /* their targets, */
    int64_t *begin;         /* [range + 1] where those to each one begin, */
    influence_reply *reply; /* and they themselves */
    char apart[32];
} influence_desk;

typedef struct influence_post {
    const gv_csr *out;
    int64_t n_nodes, n_ranges;
    int32_t shift, n_threads; /* a range has 1 << shift targets */
    influence_letter *letter; /* [packets][INFLUENCE_PACKET] */
    int32_t *before;          /* [packets] the one filled before it, or -1 */
    _Atomic int64_t packets;  /* taken */
    influence_run *run;       /* [n_threads] */
    int64_t run_packets;      /* in a run */
    int64_t *next;            /* [n_threads][n_ranges] where the next letter goes */
    influence_desk *desk;     /* [n_threads] */
    int64_t *begin;           /* [n_threads][range + 1], of the desks */
    int64_t room;             /* replies there is room for: */
    int64_t part;             /* for so many on each desk; or 0, as a range has so many that */
    int64_t *from;            /* [n_ranges] each has its place among all */
    influence_reply *reply;   /* [room] */
} influence_post;

/* Memory for `n_evidence` letters. Like all allocations from the thread that owns the context;
 * false when memory is short. All of it is given back by influence_post_free(). */
bool influence_post_make(gv_context *ctx, influence_post *p, const gv_csr *out, int64_t n_nodes,
                         int64_t n_evidence);
void influence_post_free(gv_context *ctx, influence_post *p);

/* Forgets all letters. */
void influence_post_clear(influence_post *p);

/* A packet behind the one that ends at `next`, 0 where there is none: where its first letter goes.
 */
int64_t influence_post_packet(influence_post *p, int64_t next);

/* Sends a letter; `next` is the thread's own. */
static inline void influence_send(influence_post *p, int64_t *next, influence_letter a)
{
    int64_t *to = next + (a.to >> p->shift), at = *to;
    if (at % INFLUENCE_PACKET == 0)
        at = influence_post_packet(p, at);
    p->letter[at] = a;
    *to = at + 1;
}

/* Sends the letters of a half. */
static inline void influence_box_send(influence_post *p, int64_t *next, influence_box *box,
                                      int32_t half)
{
    for (int32_t i = 0; i < box->n[half]; i++)
        influence_send(p, next, box->letter[half][i]);
    box->n[half] = 0;
}

/* Asks for the places of the open half, sends the other one, and opens that. */
static inline void influence_box_turn(influence_post *p, int64_t *next, influence_box *box)
{
    const int32_t half = box->open;
    for (int32_t i = 0; i < box->n[half]; i++)
        __builtin_prefetch(p->letter + next[box->letter[half][i].to >> p->shift], 1, 2);
    influence_box_send(p, next, box, 1 - half);
    box->open = 1 - half;
}

/* Sends all that wait. */
static inline void influence_box_empty(influence_post *p, int64_t *next, influence_box *box)
{
    influence_box_turn(p, next, box);
    influence_box_send(p, next, box, 1 - box->open);
}

/* When all letters are sent: makes room for those to any range. False when memory is short. */
bool influence_post_close(gv_context *ctx, influence_post *p);

/* Sorts the letters to a range by target, onto the desk of the calling thread. */
void influence_post_sort(influence_post *p, int64_t range);

/* Where the replies to u begin, u from `first` to `end`. */
static inline const influence_reply *influence_replies(const influence_desk *desk, int64_t u)
{
    return desk->reply + desk->begin[u - desk->first];
}

#endif
