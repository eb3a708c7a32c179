/* evaluate_work.h -- the running `grapevine evaluate`: what it was asked for, and what it holds. */
#ifndef CLI_EVALUATE_WORK_H
#define CLI_EVALUATE_WORK_H

#include "cli/cli.h"

typedef struct evaluate_opts {
    const char *graph, *log, *model, *truth, *output;
    const char *columns, *split, *tmpdir;
    int64_t window, bootstraps;
    double quantile, sample;
    int32_t strict;
} evaluate_opts;

/* The rows of the table, in order. Those between the model and the uniform one, and between that
 * and the planted one, are not there for a model that was learnt before. */
typedef enum evaluate_kind {
    EVALUATE_AWARE,
    EVALUATE_BLIND,
    EVALUATE_UNIFORM,
    EVALUATE_DEGREE,
    EVALUATE_PAGERANK,
    EVALUATE_KLOUT,
    EVALUATE_PLANTED, /* only with a truth */
    EVALUATE_ROWS
} evaluate_kind;

extern const char *const evaluate_row_name[EVALUATE_ROWS];

typedef struct evaluate_row {
    evaluate_kind kind;
    gv_forecast forecast;
    const float *score; /* [n], the same for all topics; NULL: influence by the forecast's model */
    gv_auc auc;
    double precision, correlation;    /* NaN where there is none */
    double true_flagged, true_others; /* means over topics of the planted i1 */
} evaluate_row;

typedef struct evaluate_work {
    cli_session *s;
    const evaluate_opts *o;
    const gv_graph *g;
    int64_t n;
    gv_log *log, *blind_log;
    int32_t n_topics;
    int64_t split;
    gv_model *aware,
        *blind;           /* learnt up to the split; no blind one beside a model that was given */
    gv_truth *truth;      /* or NULL */
    int32_t *truth_topic; /* [n_topics], place of the log's topics in the truth */
    float *planted;       /* [n_topics][n], planted source factors in the log's order of topics */
    double *window;       /* [n_topics] */
    float *score[3];      /* [n]: degree, PageRank, Klout-like */
    float *scaled[3];     /* [n]: the same as chances of an edge */
    float *i1;            /* [n], scratch */
    int16_t *flag;        /* [n], scratch */
    int32_t n_rows;
    evaluate_row row[EVALUATE_ROWS]; /* the first is EVALUATE_AWARE, with a truth the last
                                        EVALUATE_PLANTED */
} evaluate_work;

/* Learns, scores and measures. An exit code. */
int evaluate_compute(evaluate_work *w);

/* The table on stdout, and the results file if one is asked for. An exit code. */
int evaluate_print(const evaluate_work *w);
int evaluate_write(evaluate_work *w);

int evaluate_no_memory(const evaluate_work *w);

#endif
