/* interests.h -- what a community buys of its own accord. */
#ifndef DATASETS_INTERESTS_H
#define DATASETS_INTERESTS_H

#include "engine/population.h"

typedef struct gv_interests {
    int64_t communities;
    int64_t *first; /* [communities + 1], number of the first member */
    double *rate;   /* [topics][communities], expected spontaneous purchases of an item of the topic
                       by   one member within the horizon */
} gv_interests;

/* GV_OK; GV_ERR_NOMEM. To be freed with gv_interests_free() in any case. */
GV_CHECKED gv_status gv_interests_make(gv_context *ctx, const gv_consumers_opts *opts,
                                       gv_interests *out, gv_error *err);
void gv_interests_free(gv_context *ctx, gv_interests *interests);

#endif
