/* check.h -- parallel passes over arrays that came from a file, in search of the first fault. */
#ifndef IO_CHECK_H
#define IO_CHECK_H

#include <stdint.h>

#include "grapevine/context.h"

enum { GV_CHECK_BLOCK = 1 << 16 };

static inline int64_t gv_check_end(int64_t block, int64_t n)
{
    const int64_t end = (block + 1) * GV_CHECK_BLOCK;
    return end < n ? end : n;
}

/* The position of the first fault among items [begin, end), or -1. Called from many threads. */
typedef int64_t gv_find_fault(const void *arg, int64_t begin, int64_t end);

/* The position of the first fault among n items, or -1; the same at any thread count. */
int64_t gv_first_fault(gv_context *ctx, int64_t n, gv_find_fault *find, const void *arg);

/* indptr [n + 1] runs from 0 to `end` and never falls. */
GV_CHECKED gv_status gv_check_offsets(gv_context *ctx, const int64_t *indptr, int64_t n,
                                      int64_t end, const char *file, const char *array,
                                      gv_error *err);

/* The indices of each of n rows lie in [0, limit) and ascend. The offsets are known to be good. */
GV_CHECKED gv_status gv_check_indices(gv_context *ctx, const int64_t *indptr, int64_t n,
                                      const int32_t *index, int32_t limit, const char *file,
                                      const char *array, gv_error *err);

#endif
