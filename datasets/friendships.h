/* friendships.h -- who is friends with whom. */
#ifndef DATASETS_FRIENDSHIPS_H
#define DATASETS_FRIENDSHIPS_H

#include "engine/context.h"
#include "grapevine/graph.h"

/* Makes the friendships of a population, every one in both rows, rows ascending.
 *
 *   indptr   out, [consumers + 1], caller's, freed with gv_free()
 *   indices  out, likewise
 *
 * GV_OK; GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_friendships_make(gv_context *ctx, uint64_t seed, int64_t consumers,
                                         double mean_degree, int64_t **indptr, gv_node **indices,
                                         gv_error *err);

#endif
