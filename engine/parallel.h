/* parallel.h -- fixed blocks, ordered sums, thread numbers. parallel.c is the only user of omp.h.
 *
 * Work on nodes is cut into blocks of GV_BLOCK, whatever the number of threads; a floating sum is
 * taken per block in node order, and block sums are added in block order. So no result depends on
 * which thread did what. */
#ifndef ENGINE_PARALLEL_H
#define ENGINE_PARALLEL_H

#include <stddef.h>
#include <stdint.h>

#include "grapevine/context.h"

enum { GV_BLOCK = 1024 };

static inline int64_t gv_blocks(int64_t n)
{
    return (n + GV_BLOCK - 1) / GV_BLOCK;
}

static inline int64_t gv_block_end(int64_t block, int64_t n)
{
    const int64_t end = (block + 1) * GV_BLOCK;
    return end < n ? end : n;
}

/* part[0] + part[1] + ... in this order. */
double gv_sum(const double *part, int64_t n);

/* Number of the calling thread in its parallel region, from 0. */
int32_t gv_thread(void);

/* Threads that the OpenMP runtime would use: OMP_NUM_THREADS or the affinity mask. */
int32_t gv_runtime_threads(void);

/* Places to which the OpenMP runtime binds its threads, 0 if it binds none; their cpus, as "0,2",
 * go to list [size]. */
int32_t gv_runtime_places(char *list, size_t size);

/* Seconds on a steady clock. */
double gv_seconds(void);

/* Calls `task(arg, i)` for every i in [0, n_tasks), each once, in any order, on the context's
 * threads. For rooms that have no pragmas of their own (io/, datasets/). */
void gv_parallel_for(gv_context *ctx, int64_t n_tasks, void (*task)(void *arg, int64_t i),
                     void *arg);

/* offset[i] becomes the sum of the counts before i, for i in [0, n]; offset[n] the total. In and
 * out: [n + 1], counts in [0, n). Returns the total. */
int64_t gv_prefix_sum(int64_t *offset, int64_t n);

#endif
