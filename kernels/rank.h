/* rank.h -- the order of consumers by a score, for kernels that cut a top share. */
#ifndef KERNELS_RANK_H
#define KERNELS_RANK_H

#include <stdint.h>

#include "grapevine/graph.h"

/* Fills key [n] so that ascending keys are the order (score descending, node ascending); the low 32
 * bits are the node. GV_ERR_RANGE, naming `what`, where a score is not finite. */
GV_CHECKED gv_status gv_rank_keys(gv_context *ctx, const float *score, int64_t n, const char *what,
                                  uint64_t *key, gv_error *err);

/* round(share * n) with halves up; share in [0, 1]. */
int64_t gv_share_of(double share, int64_t n);

#endif
