/* influence_width.h -- how many topics share a pass, for the run and for its plan. */
#ifndef KERNELS_INFLUENCE_WIDTH_H
#define KERNELS_INFLUENCE_WIDTH_H

#include "engine/csr.h"
#include "engine/parallel.h"
#include "engine/slice.h"

/* Lanes in which n topics are worked on side by side. */
static inline int32_t influence_lanes_of(int32_t n_topics)
{
    return n_topics <= 4 ? 4 : n_topics <= 8 ? 8 : GV_SLICE;
}

/* Floats of a consumer's record (influence_record.h). */
static inline int32_t influence_record_floats(int32_t lanes)
{
    return 2 * lanes + (lanes < GV_SLICE ? 2 : 0);
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

/* Letters of a packet; ranges of targets at most (influence_post.h). */
enum { INFLUENCE_PACKET = 256, INFLUENCE_RANGES = 1 << 12 };

/* A range has 2^shift targets: whole blocks, and as many as divide a stretch. */
static inline int32_t influence_range_shift(int64_t n_nodes)
{
    int32_t shift = 0;
    while (1 << shift < GV_BLOCK ||
           (n_nodes >> shift >= INFLUENCE_RANGES && 1 << shift < GV_STRETCH))
        shift++;
    return shift;
}

static inline int64_t influence_ranges(int64_t n_nodes, int32_t shift)
{
    return (n_nodes + (INT64_C(1) << shift) - 1) >> shift;
}

/* Packets that a thread takes at once: up to 2 MiB, so that threads do not touch the same large
 * page first. */
static inline int64_t influence_run_packets(int64_t n_evidence)
{
    return n_evidence < 511 << 16 ? 1 + (n_evidence >> 16) : 512;
}

/* Packets of all letters: the last ones of each thread and range may not be full, and the last runs
 * not used up. */
static inline int64_t influence_packets(int64_t n_nodes, int64_t n_evidence, int32_t threads)
{
    const int64_t ranges = influence_ranges(n_nodes, influence_range_shift(n_nodes)),
                  open = threads * ranges;
    return n_evidence / INFLUENCE_PACKET + (open < n_evidence ? open : n_evidence) +
           threads * influence_run_packets(n_evidence);
}

/* Replies that are at hand, to a range a thread: twice the mean, so that some may have more. */
static inline int64_t influence_room(int64_t n_nodes, int64_t n_evidence, int32_t threads)
{
    const int64_t ranges = influence_ranges(n_nodes, influence_range_shift(n_nodes)),
                  some = 2 * (int64_t)threads;
    return ranges > some ? n_evidence / ranges * some : n_evidence;
}

/* Bytes for i2 that do not grow with the topics of a batch: 8 of each consumer, what the
 * evidence says of edges, and the same by target. */
static inline int64_t influence_fixed_bytes(int64_t n_nodes, int64_t n_evidence, int32_t threads)
{
    const int32_t shift = influence_range_shift(n_nodes);
    const int64_t desk = 64 + 8 * ((INT64_C(1) << shift) + 1);
    return 8 * n_nodes + 10 * n_evidence +
           (16 * INFLUENCE_PACKET + 4) * influence_packets(n_nodes, n_evidence, threads) +
           8 * (threads + 1) * influence_ranges(n_nodes, shift) + (64 + desk) * threads +
           12 * influence_room(n_nodes, n_evidence, threads);
}

/* Bytes for i2 of a batch: i1 and a factor of each consumer and lane. */
static inline int64_t influence_batch_bytes(int64_t n_nodes, int32_t n_topics)
{
    return 8 * n_nodes * influence_lanes_of(n_topics);
}

/* As many as fit into the `limit` bytes that are left (0: no limit), at least one; only i2 (`two`)
 * takes memory by topic. */
static inline int32_t influence_width(int64_t n_nodes, int64_t n_evidence, int32_t n_topics,
                                      bool two, int32_t threads, int64_t limit)
{
    int32_t most = two ? influence_most(n_nodes) : GV_SLICE;
    most = n_topics < most ? n_topics : most;
    if (two && limit > 0) {
        const int64_t left = limit - influence_fixed_bytes(n_nodes, n_evidence, threads);
        while (most > 4 && influence_batch_bytes(n_nodes, most) > left)
            most = influence_lanes_of(most) / 2;
    }
    return most < 1 ? 1 : most;
}

#endif
