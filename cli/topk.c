/* topk.c -- see topk.h. */
#include "cli/topk.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/ids.h"

bool cli_topk_begin(cli_topk *t, int64_t n_columns, int64_t k)
{
    const size_t cells = (size_t)(n_columns * k + 1);
    *t = (cli_topk){.n_columns = n_columns, .k = k};
    t->node = calloc(cells, sizeof *t->node);
    t->score = calloc(cells, sizeof *t->score);
    t->next_score = calloc((size_t)n_columns + 1, sizeof *t->next_score);
    return t->node != NULL && t->score != NULL && t->next_score != NULL;
}

bool cli_topk_bounds(cli_topk *t)
{
    const size_t cells = (size_t)(t->n_columns * t->k + 1);
    t->lower = calloc(cells, sizeof *t->lower);
    t->upper = calloc(cells, sizeof *t->upper);
    t->others = calloc((size_t)t->n_columns + 1, sizeof *t->others);
    return t->lower != NULL && t->upper != NULL && t->others != NULL;
}

void cli_topk_free(cli_topk *t)
{
    free(t->others);
    free(t->upper);
    free(t->lower);
    free(t->next_score);
    free(t->score);
    free(t->node);
    *t = (cli_topk){0};
}

gv_status cli_topk_fill(cli_topk *t, gv_context *ctx, int64_t column, const double *score,
                        int64_t n, gv_error *err)
{
    return gv_top_k(ctx, score, n, t->k, t->node + column * t->k, t->score + column * t->k,
                    t->next_score + column, err);
}

static gv_status put_bounds(const cli_topk *t, gv_results *r, const char *measure, gv_error *err)
{
    const int64_t dims[2] = {t->n_columns, t->k};
    char path[128];
    snprintf(path, sizeof path, "/topk/%s/lower", measure);
    gv_status st = gv_results_put(r, path, GV_F64, 2, dims, t->lower, err);
    snprintf(path, sizeof path, "/topk/%s/upper", measure);
    if (st == GV_OK)
        st = gv_results_put(r, path, GV_F64, 2, dims, t->upper, err);
    snprintf(path, sizeof path, "/topk/%s/others", measure);
    if (st == GV_OK)
        st = gv_results_put(r, path, GV_F64, 1, dims, t->others, err);
    return st;
}

gv_status cli_topk_fill_rows(cli_topk *t, gv_context *ctx, const float *rows, int64_t width,
                             int64_t n, gv_error *err)
{
    double *score = gv_context_take(ctx, n > 0 ? n : 1, sizeof *score);
    gv_status st = GV_OK;
    if (score == NULL) {
        err->status = st = GV_ERR_NOMEM;
        snprintf(err->message, sizeof err->message, "no memory for a column of scores");
    }
    for (int64_t c = 0; c < t->n_columns && st == GV_OK; c++) {
        for (int64_t v = 0; v < n; v++)
            score[v] = (double)rows[v * width + c];
        st = cli_topk_fill(t, ctx, c, score, n, err);
    }
    gv_context_release(ctx, score);
    return st;
}

gv_status cli_topk_put(const cli_topk *t, gv_results *r, const gv_graph *g, const char *measure,
                       gv_error *err)
{
    const int64_t dims[2] = {t->n_columns, t->k};
    char path[128];
    snprintf(path, sizeof path, "/topk/%s/node", measure);
    gv_status st = gv_results_put(r, path, GV_I32, 2, dims, t->node, err);
    snprintf(path, sizeof path, "/topk/%s/ext_id", measure);
    if (st == GV_OK)
        st = cli_put_ids(r, path, g, 2, dims, t->node, err);
    snprintf(path, sizeof path, "/topk/%s/score", measure);
    if (st == GV_OK)
        st = gv_results_put(r, path, GV_F64, 2, dims, t->score, err);
    snprintf(path, sizeof path, "/topk/%s/next_score", measure);
    if (st == GV_OK)
        st = gv_results_put(r, path, GV_F64, 1, dims, t->next_score, err);
    return st == GV_OK && t->others != NULL ? put_bounds(t, r, measure, err) : st;
}
