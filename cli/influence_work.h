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
    int32_t *rank;                    /* [topics][n] where kept, else [n] and of one topic */
    int16_t *flag;                    /* likewise */
    double *threshold;                /* [topics] */
    double *with_degree, *with_core;  /* [topics], Spearman's correlations of the ranking score */
    int32_t *core;                    /* [n], core numbers */
    int64_t *buyer_offset;            /* [topics of the model + 1], for the measure ppr */
    gv_node *buyer;                   /* [buyer_offset[topics]] */
    double *bought;                   /* the same length */
    double *reach_cv;                 /* [topics], what the estimates of reach vary by */
    int32_t *reach_rounds;            /* [topics] */
    bool short_of_cv;                 /* some topic's reach varies by more than was asked for */
    void *scratch;                    /* [n] doubles, or ranks, of one topic */
    float *listens;                   /* [n], susceptibility over all topics */
    cli_topk top[INFLUENCE_MEASURES];
    topic_rows influencers, prospects;
} influence_work;

/* Is this measure's array over all topics and consumers kept and written? */
static inline bool influence_stored(const influence_work *w, int measure)
{
    return w->plan.scores && w->plan.measure[measure];
}

/* Zeros for `n_rows` rows of one cell a consumer; NULL when memory is short.
 * To be freed with influence_drop(). */
static inline void *influence_rows(const influence_work *w, int64_t n_rows, size_t size)
{
    return gv_context_take(cli_context(w->s), n_rows * w->n + 1, size);
}

static inline void influence_drop(const influence_work *w, void *rows)
{
    gv_context_release(cli_context(w->s), rows);
}

static inline int influence_no_memory(const influence_work *w)
{
    return cli_fail_text(w->s, CLI_NO_RESOURCES, "out of memory for %lld consumers",
                         (long long)w->n);
}

/* Topics computed together: as many as fit into the budget by the plan, up to 16. */
int32_t influence_batch_size(const influence_opts *o, cli_session *s, const gv_graph_shape *g,
                             const gv_model_shape *m, int32_t n_topics);

/* cmd_influence's plan. */
int influence_dry_run(const void *opts, cli_session *s, gv_plan *plan);

/* Reach of topic number `i` into row [n]. An exit code. */
int influence_reach(influence_work *w, int32_t i, float *row);
/* Personalized PageRank likewise. */
int influence_ppr(influence_work *w, int32_t i, float *row);

/* Computes all topics, batch by batch. An exit code. */
int influence_compute(influence_work *w);

/* Writes all groups of the command. An exit code. */
int influence_write(influence_work *w);

#endif
