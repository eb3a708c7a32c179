/* topk.h -- the best consumers of each column, as group /topk/<measure> of a results file. */
#ifndef CLI_TOPK_H
#define CLI_TOPK_H

#include "grapevine/grapevine.h"

typedef struct cli_topk {
    int64_t n_columns, k;
    gv_node *node;         /* [n_columns][k] */
    double *score;         /* [n_columns][k] */
    double *next_score;    /* [n_columns] */
    double *lower, *upper; /* [n_columns][k], bounds of the scores; NULL: there are none */
    double *others;        /* [n_columns], with bounds: nobody outside has a higher score */
} cli_topk;

/* False when memory is short; cli_topk_free() is due in any case. */
bool cli_topk_begin(cli_topk *t, int64_t n_columns, int64_t k);
/* Adds room for bounds. False when memory is short. */
bool cli_topk_bounds(cli_topk *t);
void cli_topk_free(cli_topk *t);

/* Fills `column` from score [n]. */
GV_CHECKED gv_status cli_topk_fill(cli_topk *t, gv_context *ctx, int64_t column,
                                   const double *score, int64_t n, gv_error *err);

/* Fills all columns from rows [n][width], where they lie side by side. */
GV_CHECKED gv_status cli_topk_fill_rows(cli_topk *t, gv_context *ctx, const float *rows,
                                        int64_t width, int64_t n, gv_error *err);

/* Writes node, ext_id, score, next_score; and lower, upper, others. */
GV_CHECKED gv_status cli_topk_put(const cli_topk *t, gv_results *r, const gv_graph *g,
                                  const char *measure, gv_error *err);

#endif
