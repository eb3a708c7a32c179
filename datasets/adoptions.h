/* adoptions.h -- who buys one item, when, and who made them. */
#ifndef DATASETS_ADOPTIONS_H
#define DATASETS_ADOPTIONS_H

#include "datasets/interests.h"
#include "engine/population.h"

/* Simulates the sale of item `item` (numbered across topics) of topic `topic`.
 *
 *   p        borrowed; graph and truth
 *   out      out, by (time, consumer), each consumer at most once
 *
 * False when memory is short. May be called from any thread. */
bool gv_adoptions_make(gv_context *ctx, const gv_population *p, const gv_interests *interests,
                       int64_t item, int32_t topic, gv_sale *out);

#endif
