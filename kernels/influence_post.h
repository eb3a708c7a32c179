/* influence_post.h -- what the evidence of edges v -> u says, brought to the rows of the targets u:
 * a partition by ranges of targets, and within a range a counting sort.
 *
 * The first pass knows what there is to say while it is at v. It sends a letter, which is put
 * behind those to the same range of targets: so only as many places are written to as there are
 * ranges, and these stay in the cache. Before the second pass comes to a stretch of targets, the
 * letters to its ranges are sorted by target, in the cache again. Nowhere is memory asked for out
 * of order.
 *
 * No races: a thread fills packets of its own, and a range is sorted by one thread. Letters to one
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

/* Packets that a thread has taken and not begun; 64 bytes, so that threads do not share a line. */
typedef struct influence_run {
    int64_t next, end;
    char apart[48];
} influence_run;

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
    int64_t *letters;         /* [n_ranges], when all are sent */
    int64_t room;             /* replies that may be at hand */
    int64_t first, end;       /* targets whose replies are at hand, */
    int64_t *begin;           /* [GV_STRETCH + 1] where those of each one begin, */
    influence_reply *reply;   /* and they themselves */
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

/* When all letters are sent: makes room for those of a stretch. False when memory is short. */
bool influence_post_close(gv_context *ctx, influence_post *p);

/* Sorts the letters to the targets from `first` on, the first one of a range, up to a stretch of
 * them. Returns where they end. */
int64_t influence_post_sort(gv_context *ctx, influence_post *p, int64_t first);

/* Where the replies to u begin, u from `first` to `end`. */
static inline const influence_reply *influence_replies(const influence_post *p, int64_t u)
{
    return p->reply + p->begin[u - p->first];
}

#endif
