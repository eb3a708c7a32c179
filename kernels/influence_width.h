/* influence_width.h -- how many topics share a pass, for the run and for its plan. */
#ifndef KERNELS_INFLUENCE_WIDTH_H
#define KERNELS_INFLUENCE_WIDTH_H

#include "engine/parallel.h"
#include "engine/slice.h"

/* Lanes in which n topics are worked on side by side. */
static inline int32_t influence_lanes_of(int32_t n_topics)
{
    return n_topics <= 4 ? 4 : n_topics <= 8 ? 8 : GV_SLICE;
}

/* Bits of a place among n topics. */
static inline int32_t influence_slot_bits(int32_t n_topics)
{
    int32_t bits = 0;
    while (1 << bits < n_topics)
        bits++;
    return bits;
}

/* Topics that a batch may have at most, so that a consumer and a place among them are a number of
 * 32 bits. */
static inline int32_t influence_most(int64_t n_nodes)
{
    int32_t most = GV_SLICE;
    while (most > 1 && n_nodes * most > INT64_C(1) << 32)
        most /= 2;
    return most;
}

/* Bytes for i2 that do not grow with the topics of a batch: two factors of each consumer, what the
 * evidence says of edges, and the same by target. */
static inline int64_t influence_fixed_bytes(int64_t n_nodes, int64_t n_evidence)
{
    return (8 + 4) * n_nodes + 4 + 8 * (gv_blocks(n_nodes) + 1) + (10 + 12) * n_evidence;
}

/* Bytes for i2 of a batch: i1 and a factor of each consumer and lane. */
static inline int64_t influence_batch_bytes(int64_t n_nodes, int32_t n_topics)
{
    return 8 * n_nodes * influence_lanes_of(n_topics);
}

/* As many as fit into the `limit` bytes that are left (0: no limit), at least one; only i2 (`two`)
 * takes memory by topic. */
static inline int32_t influence_width(int64_t n_nodes, int64_t n_evidence, int32_t n_topics,
                                      bool two, int64_t limit)
{
    int32_t most = two ? influence_most(n_nodes) : GV_SLICE;
    most = n_topics < most ? n_topics : most;
    if (two && limit > 0) {
        const int64_t left = limit - influence_fixed_bytes(n_nodes, n_evidence);
        while (most > 4 && influence_batch_bytes(n_nodes, most) > left)
            most = influence_lanes_of(most) / 2;
    }
    return most < 1 ? 1 : most;
}

#endif
