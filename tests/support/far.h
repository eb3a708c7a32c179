/* far.h -- graphs whose edges lie at positions beyond 2^32, in next to no memory.
 *
 * Arrays are reserved whole, and only the pages of their last entries may be touched: a position
 * that is cut to 32 bits anywhere ends the program. Rows begin at FAR_BASE and not at 0, so these
 * graphs are for kernels alone; files of such a size are for test_graph_far. */
#ifndef TESTS_FAR_H
#define TESTS_FAR_H

#include <stddef.h>

#include "engine/csr.h"

/* Positions cut to 32 bits, signed or not, fall on what must not be touched; FAR_BASE entries of
 * any size end with a page. */
#define FAR_BASE ((INT64_C(1) << 32) + 3 * 4096)

/* An array in which entries [FAR_BASE, FAR_BASE + n) are those of `from` (zero where that is NULL)
 * and no others can be read. NULL where the system will not reserve so much address space. */
void *far_array(int64_t n, size_t size, const void *from);
void far_array_free(void *array, int64_t n, size_t size);

/* The same graph, but that edge e stands at FAR_BASE + e. NULL as above. */
gv_graph *far_graph(gv_context *ctx, const gv_graph *near);

enum { FAR_NODES = 300 };

/* A random graph of FAR_NODES nodes near and far; `far` may be NULL as above. Among the weights are
 * 0, 1 and values close to them, for coins of all kinds. */
typedef struct far_pair {
    gv_context *ctx;
    gv_graph *near, *far;
} far_pair;

far_pair far_pair_make(gv_probability_source source);
/* False if something of the context's memory is left. */
bool far_pair_drop(far_pair *p);

/* In a test of greatest. */
#define SKIP_WITHOUT(FAR)                                                                          \
    do {                                                                                           \
        if ((FAR) == NULL)                                                                         \
            SKIPm("no address space for positions beyond 2^32");                                   \
    } while (0)

#endif
