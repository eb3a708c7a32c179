/* influence_record.h -- what the second pass asks of a friend, in one place: i1 and b in all topics
 * of the batch, and the friend's node. Another place would take another walk through the page
 * tables, which costs more than a second line beside the first one.
 *
 * With 4 and 8 lanes a record is i1, b and the node, one behind the other. With 16 lanes it is two
 * lines of memory, i1 and b: there the node's 64 bits stand in the lowest 4 bits of each b, and the
 * bits that gave way in `rest`. Only the consumer's own row needs these: of friends, b serves for
 * the walks straight back, and is read in 20 significant bits, whatever the lanes. */
#ifndef KERNELS_INFLUENCE_RECORD_H
#define KERNELS_INFLUENCE_RECORD_H

#include "kernels/influence_batch.h"
#include "kernels/influence_lanes.h"

/* The lowest bits of b, and half of their range. */
enum { RECORD_LOW = 15, RECORD_HALF = 8 };

INLINE const float *record_at(const influence_batch *b, int64_t v, const int lanes)
{
    return b->record + v * influence_record_floats(lanes);
}

/* Asks for a record, into the second-level cache. */
INLINE void record_fetch(const float *record, const int lanes)
{
    __builtin_prefetch(record, 0, 2);
    __builtin_prefetch(record + influence_record_floats(lanes) - 1, 0, 2);
}

/* 16 numbers below 16, and side by side as the digits of one. */
INLINE uint64_t join_digits(const int32_t *digit)
{
#if defined(__AVX512F__)
    const __m128i byte = _mm512_cvtepi32_epi8(
        _mm512_and_si512(_mm512_loadu_si512(digit), _mm512_set1_epi32(RECORD_LOW)));
    const __m128i pair = _mm_maddubs_epi16(byte, _mm_set1_epi16(0x1001)); /* low + 16 high */
    return (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(pair, pair));
#else
    uint64_t digits = 0;
    for (int k = 0; k < GV_SLICE; k++)
        digits |= (uint64_t)(digit[k] & RECORD_LOW) << 4 * k;
    return digits;
#endif
}

INLINE void part_digits(uint64_t digits, int32_t *digit)
{
#if defined(__AVX512F__)
    const __m128i low = _mm_set1_epi8(RECORD_LOW), pair = _mm_cvtsi64_si128((int64_t)digits);
    const __m128i even = _mm_and_si128(pair, low),
                  odd = _mm_and_si128(_mm_srli_epi16(pair, 4), low);
    _mm512_storeu_si512(digit, _mm512_cvtepu8_epi32(_mm_unpacklo_epi8(even, odd)));
#else
    for (int k = 0; k < GV_SLICE; k++)
        digit[k] = (int32_t)(digits >> 4 * k) & RECORD_LOW;
#endif
}

/* The node of a friend. */
INLINE influence_node record_node(const float *record, const int lanes)
{
    influence_node node;
    if (lanes < GV_SLICE)
        memcpy(&node, record + 2 * lanes, sizeof node);
    else {
        const uint64_t digits = join_digits((const int32_t *)(const void *)(record + lanes));
        memcpy(&node, &digits, sizeof node);
    }
    return node;
}

/* b of a friend. */
INLINE float record_b(const float *record, int32_t k, const int lanes)
{
    int32_t bits;
    float b;
    memcpy(&bits, record + lanes + k, sizeof bits);
    bits = (lanes < GV_SLICE ? bits + RECORD_HALF : bits) & ~RECORD_LOW;
    memcpy(&b, &bits, sizeof b);
    return b;
}

/* b of consumer u, all of it. */
INLINE void record_own(const influence_batch *b, int64_t u, float *own, const int lanes)
{
    const float *record = record_at(b, u, lanes);
    if (lanes < GV_SLICE) {
        memcpy(own, record + lanes, (size_t)lanes * sizeof *own);
        return;
    }
    bits16 low;
    part_digits(b->rest[u], (int32_t *)&low);
    const bits16 high = *(const bits16 *)(const void *)(record + lanes) & ~RECORD_LOW;
    *(bits16 *)(void *)own = (high | low) - RECORD_HALF;
}

/* Writes the record of v; `i1_b` is i1 and b, and is used up. */
INLINE void record_write(const influence_batch *b, int64_t v, float *i1_b, influence_node node,
                         const int lanes)
{
    float *record = b->record + v * influence_record_floats(lanes);
    if (lanes < GV_SLICE) {
        memcpy(record, i1_b, 2 * (size_t)lanes * sizeof *record);
        memcpy(record + 2 * lanes, &node, sizeof node);
        return;
    }
    uint64_t digits;
    bits16 low;
    memcpy(&digits, &node, sizeof digits);
    part_digits(digits, (int32_t *)&low);
    bits16 *const factor = (bits16 *)(void *)(i1_b + lanes);
    const bits16 near = *factor + RECORD_HALF;
    *factor = (near & ~RECORD_LOW) | low;
    b->rest[v] = join_digits((const int32_t *)&near);
    lanes_stream(record, i1_b, 2 * GV_SLICE);
}

#endif
