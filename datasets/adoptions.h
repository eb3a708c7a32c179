/* adoptions.h -- who buys one item, when, and who made them. */
#ifndef DATASETS_ADOPTIONS_H
#define DATASETS_ADOPTIONS_H

#include "datasets/interests.h"
#include "engine/population.h"

typedef struct gv_adoption {
    uint64_t when;  /* seconds from the start, times 2^31, plus the consumer: so it orders */
    gv_node prompt; /* the friend who prompted it, or -1 */
} gv_adoption;

static inline int64_t gv_adoption_time(gv_adoption a)
{
    return (int64_t)(a.when >> 31);
}

static inline gv_node gv_adoption_node(gv_adoption a)
{
    return (gv_node)(a.when & INT32_MAX);
}

/* Simulates the sale of item `item` (numbered across topics) of topic `topic`.
 *
 *   p        borrowed; graph and truth
 *   out      out, [*count] by (time, consumer), each consumer at most once; to be freed with
 * gv_free()
 *
 * False when memory is short. May be called from any thread. */
bool gv_adoptions_make(gv_context *ctx, const gv_population *p, const gv_interests *interests,
                       int64_t item, int32_t topic, gv_adoption **out, int64_t *count);

#endif
