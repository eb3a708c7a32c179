/* influence_plan.h -- what `grapevine influence` is asked for, read from its options. */
#ifndef CLI_INFLUENCE_PLAN_H
#define CLI_INFLUENCE_PLAN_H

#include "cli/cli.h"

typedef struct influence_opts {
    const char *graph, *model, *output;
    const char *topics, *measure, *store, *weights;
    double quantile, prospects, cv;
    int64_t top_k;
} influence_opts;

enum { INFLUENCE_REACH = 2, INFLUENCE_PPR = 3, INFLUENCE_MEASURES = 4 }; /* i1, i2, reach, ppr */
extern const char *const influence_measure[INFLUENCE_MEASURES];

typedef struct influence_plan {
    int32_t n_topics;
    int32_t *topic;                   /* [n_topics], ascending places in the model */
    bool measure[INFLUENCE_MEASURES]; /* which are asked for */
    int32_t ranking;                  /* the first of them, that ranks */
    bool scores, ranks, flags;        /* which dense arrays are stored */
} influence_plan;

/* An exit code, after saying what is wrong; influence_plan_free() is due in any case. */
int influence_plan_read(const cli_session *s, const influence_opts *o, const gv_model *m,
                        influence_plan *plan);
void influence_plan_free(influence_plan *plan);

#endif
