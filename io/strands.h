/* strands.h -- edges on their way to buckets: many strands of 8-byte items that grow at once.
 *
 * A strand belongs to a lane, which one thread at a time works on, and to a bucket. Its items lie
 * in extents of a common store. */
#ifndef IO_STRANDS_H
#define IO_STRANDS_H

#include "io/extents.h"

typedef struct gv_strands {
    gv_extents *from;
    int64_t lanes, buckets;
    uint64_t **at;         /* [lanes * buckets], place of the next item; see gv_lane_put() */
    int32_t *first, *last; /* extents, -1: none */
    int64_t *bytes;        /* in extents that are full, or in all once the strands are sealed */
    gv_status *status;     /* [lanes] */
    gv_error *err;
    char **waste; /* [lanes], where items go when there is no room */
} gv_strands;

/* All zero is no strands. To be ended in any case. */
GV_CHECKED gv_status gv_strands_begin(gv_extents *from, int64_t lanes, int64_t buckets,
                                      gv_strands *s, gv_error *err);
void gv_strands_end(gv_strands *s);

/* Room for more items of a strand whose last extent is full, or has none; for gv_lane_put(). */
uint64_t *gv_strands_more(gv_strands *s, int64_t lane, int64_t bucket);

/* One lane of the strands, in registers. */
typedef struct gv_lane {
    gv_strands *s;
    int64_t lane;
    uint64_t **at; /* [buckets] */
    uintptr_t mask;
} gv_lane;

static inline gv_lane gv_lane_of(gv_strands *s, int64_t lane)
{
    return (gv_lane){s, lane, s->at + lane * s->buckets, (uintptr_t)s->from->bytes - 1};
}

/* Adds an item. Extents lie on multiples of their size, so that a full one (and none at all) shows
 * in the place itself. Failures are kept for gv_strands_status(). */
static inline void gv_lane_put(const gv_lane *l, uint64_t bucket, uint64_t item)
{
    uint64_t *to = l->at[bucket];
    if (((uintptr_t)to & l->mask) == 0)
        to = gv_strands_more(l->s, l->lane, (int64_t)bucket);
    *to = item;
    l->at[bucket] = to + 1;
}

/* What went wrong so far. */
GV_CHECKED gv_status gv_strands_status(const gv_strands *s, gv_error *err);

/* Joins neighbouring buckets, 2 b and 2 b + 1 into b: half as many are in use. */
GV_CHECKED gv_status gv_strands_join(gv_strands *s, gv_error *err);

/* No more items come: `bytes` becomes the length of each strand. */
void gv_strands_seal(gv_strands *s);

/* A whole strand at once, `bytes` of any data, instead of items; sealed. `spare` extents of memory
 * are left to others. Different strands may be put from different threads. */
GV_CHECKED gv_status gv_strands_put_all(gv_strands *s, int64_t lane, int64_t bucket,
                                        const void *data, int64_t bytes, int64_t spare,
                                        gv_error *err);

/* A walk along a sealed strand, extent by extent. */
typedef struct gv_walk {
    gv_strands *s;
    int64_t strand, left; /* bytes behind the piece at hand */
    int32_t extent;       /* of the piece at hand, -1 before the first */
    bool drop;            /* extents are given back behind the walker */
    char *room;           /* [bytes of an extent], caller's: for what comes from the file */
    const void *piece;
    int64_t bytes; /* of the piece; 0 at the end */
} gv_walk;

void gv_walk_begin(gv_strands *s, int64_t lane, int64_t bucket, bool drop, char *room, gv_walk *w);
/* The next piece, if there is one. */
GV_CHECKED gv_status gv_walk_on(gv_walk *w, gv_error *err);

/* Bytes of all lanes of a bucket of sealed strands. */
int64_t gv_strands_bytes(const gv_strands *s, int64_t bucket);

#endif
