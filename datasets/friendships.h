/* friendships.h -- who is friends with whom. */
#ifndef DATASETS_FRIENDSHIPS_H
#define DATASETS_FRIENDSHIPS_H

#include "engine/context.h"
#include "grapevine/graph.h"

/* The friendships of a population, known but not made: 3 bytes a consumer with the defaults. */
typedef struct gv_friendships gv_friendships;

/* Numbers the stubs and counts the friendships, every one in both rows. GV_OK; GV_ERR_NOMEM;
 * GV_ERR_CANCELLED. */
GV_CHECKED gv_status gv_friendships_open(gv_context *ctx, uint64_t seed, int64_t consumers,
                                         double mean_degree, gv_friendships **out, gv_error *err);
void gv_friendships_free(gv_friendships *f); /* NULL is allowed */

/* [districts + 1], edges before each district; lives as long as `f`. */
const int64_t *gv_friendships_offsets(const gv_friendships *f);

/* Makes the rows of one district (places.h); from any thread.
 *
 *   indptr    out, [consumers of the district], positions in the whole graph
 *   indices   out, [edges of the district], rows ascending */
void gv_friendships_rows(const gv_friendships *f, int64_t district, int64_t *indptr,
                         gv_node *indices);

#endif
