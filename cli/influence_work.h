/* influence_work.h -- the running `grapevine influence`: what it was asked for, and what it holds.
 */
#ifndef CLI_INFLUENCE_WORK_H
#define CLI_INFLUENCE_WORK_H

#include <stdlib.h>

#include "cli/influence_plan.h"
#include "cli/topic_rows.h"
#include "cli/topk.h"

typedef struct influence_work {
    cli_session *s;
    const influence_opts *o;
    const gv_graph *g;
    const gv_model *m;
    gv_results *r;
    influence_plan plan;
    int64_t n;
    int32_t batch;                    /* topics computed together */
    float *weight;                    /* [n], or NULL */
    float *score[INFLUENCE_MEASURES]; /* [topics, or batch][n]; NULL where not needed */
    int32_t *rank;                    /* [topics, or 1][n] */
    int16_t *flag;                    /* [topics, or 1][n] */
    double *threshold;                /* [topics] */
    double *wide;                     /* [n], scratch */
    gv_node *order;                   /* [n], scratch */
    float *listens;                   /* [n], susceptibility over all topics */
    cli_topk top[INFLUENCE_MEASURES];
    topic_rows influencers, prospects;
} influence_work;

/* Is this measure's array over all topics and consumers kept and written? */
static inline bool influence_stored(const influence_work *w, int measure)
{
    return w->plan.scores && w->plan.measure[measure];
}

/* Zeros for `n_rows` rows of one cell a consumer; NULL when memory is short. */
static inline void *influence_rows(const influence_work *w, int64_t n_rows, size_t size)
{
    return calloc((size_t)(n_rows * w->n + 1), size);
}

static inline int influence_no_memory(const influence_work *w)
{
    return cli_fail_text(w->s, CLI_NO_RESOURCES, "out of memory for %lld consumers",
                         (long long)w->n);
}

/* Computes all topics, batch by batch. An exit code. */
int influence_compute(influence_work *w);

/* Writes all groups of the command. An exit code. */
int influence_write(influence_work *w);

#endif
