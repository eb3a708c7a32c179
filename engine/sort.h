/* sort.h -- stable parallel radix sort of records by 64-bit key. */
#ifndef ENGINE_SORT_H
#define ENGINE_SORT_H

#include <stdint.h>

#include "grapevine/context.h"

typedef struct gv_record {
    uint64_t key, value;
} gv_record;

/* Sorts by key, ascending; records of equal key keep their order. Key bytes that are the same in
 * all records cost one counting pass between them and no move. Scratch: as much as the records. */
GV_CHECKED gv_status gv_sort_records(gv_context *ctx, gv_record *record, int64_t n, gv_error *err);

/* The same for bare keys. */
GV_CHECKED gv_status gv_sort_keys(gv_context *ctx, uint64_t *key, int64_t n, gv_error *err);

/* Scratch of both for n objects of `size` bytes, for plans. */
static inline int64_t gv_sort_bytes(int64_t n, int64_t size, int32_t threads)
{
    return n * size + (int64_t)threads * 256 * 8;
}

/* A key that sorts scores descending; +0 and -0 are equal; NaN is not allowed. */
static inline uint32_t gv_descending_f32(float score)
{
    union {
        float f;
        uint32_t u;
    } bits = {.f = score + 0.0f};
    return bits.u >> 31 ? bits.u : ~bits.u & UINT32_C(0x7fffffff);
}

static inline uint64_t gv_descending_f64(double score)
{
    union {
        double f;
        uint64_t u;
    } bits = {.f = score + 0.0};
    return bits.u >> 63 ? bits.u : ~bits.u & UINT64_C(0x7fffffffffffffff);
}

#endif
