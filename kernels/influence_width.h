/* influence_width.h -- how many topics share a pass, for the run and for its plan. */
#ifndef KERNELS_INFLUENCE_WIDTH_H
#define KERNELS_INFLUENCE_WIDTH_H

#include "engine/slice.h"

/* As many as fit into three quarters of the `limit` bytes that are left (0: no limit); only i2 (
 * `two`) takes memory by topic. */
static inline int32_t influence_width(int64_t n_nodes, int32_t n_topics, bool two, int64_t limit)
{
    int64_t most = n_topics < GV_SLICE ? n_topics : GV_SLICE;
    if (two && limit > 0 && n_nodes > 0) {
        const int64_t fits = limit / 4 * 3 / (n_nodes * (int64_t)sizeof(double));
        most = fits < most ? fits : most;
    }
    return most < 1 ? 1 : (int32_t)most;
}

#endif
