/* ppr_write.c -- the groups of `grapevine ppr` in a results file. See ppr_work.h. */
#include "cli/ppr_work.h"

/* ---- results ------------------------------------------------------------------------------- */

static gv_status put_columns(const ppr_run *p, const char *group, gv_error *err)
{
    const int64_t n = p->columns.n;
    char path[128];
    int32_t *iterations = calloc((size_t)n, sizeof *iterations);
    double *residual = calloc((size_t)n, sizeof *residual);
    int16_t *converged = calloc((size_t)n, sizeof *converged);
    gv_status st = GV_OK;
    if (iterations == NULL || residual == NULL || converged == NULL) {
        err->status = st = GV_ERR_NOMEM;
        snprintf(err->message, sizeof err->message, "no memory for the figures of the columns");
    }
    for (int64_t c = 0; c < n && st == GV_OK; c++) {
        iterations[c] = p->column[c].iterations;
        residual[c] = p->column[c].residual;
        converged[c] = p->column[c].converged;
    }
    snprintf(path, sizeof path, "%s/iterations", group);
    if (st == GV_OK)
        st = gv_results_put(p->out, path, GV_I32, 1, &n, iterations, err);
    snprintf(path, sizeof path, "%s/residual", group);
    if (st == GV_OK)
        st = gv_results_put(p->out, path, GV_F64, 1, &n, residual, err);
    snprintf(path, sizeof path, "%s/converged", group);
    if (st == GV_OK)
        st = gv_results_put(p->out, path, GV_I16, 1, &n, converged, err);
    free(iterations), free(residual), free(converged);
    return st;
}

enum { REASON_CHARS = 16 };

/* What pushes took, and why they stopped. */
static gv_status put_pushes(const ppr_run *p, const char *group, gv_error *err)
{
    const int64_t n = p->columns.n;
    char path[128];
    int64_t *count = calloc((size_t)n, sizeof *count);
    char *reason = calloc((size_t)n, REASON_CHARS);
    gv_status st = GV_OK;
    if (count == NULL || reason == NULL) {
        err->status = st = GV_ERR_NOMEM;
        snprintf(err->message, sizeof err->message, "no memory for the figures of the columns");
    }
    for (int64_t c = 0; c < n && st == GV_OK; c++) {
        count[c] = p->found[c].edges;
        snprintf(reason + c * REASON_CHARS, REASON_CHARS, "%s",
                 gv_ppr_reason_name(p->found[c].reason));
    }
    snprintf(path, sizeof path, "%s/edges", group);
    if (st == GV_OK)
        st = gv_results_put(p->out, path, GV_I64, 1, &n, count, err);
    snprintf(path, sizeof path, "%s/reason", group);
    if (st == GV_OK)
        st = gv_results_put_text(p->out, path, 1, &n, REASON_CHARS, reason, err);
    free(reason), free(count);
    return st;
}

static gv_status put_scores(const ppr_run *p, const char *group, gv_error *err)
{
    const int64_t dims[2] = {p->columns.n, gv_graph_nodes(p->g)};
    char path[128];
    snprintf(path, sizeof path, "%s/score", group);
    gv_status st = GV_OK;
    if (p->o->store == PPR_STORE_SCORES && p->rows != NULL)
        st = gv_results_put_columns(p->out, path, dims[0], dims[1], p->rows,
                                    gv_ppr_in_place_width(dims[0]), err);
    else if (p->o->store == PPR_STORE_SCORES)
        st = gv_results_put(p->out, path, GV_F64, 2, dims, p->score, err);
    snprintf(path, sizeof path, "%s/column", group);
    if (st == GV_OK)
        st = gv_results_put_text(p->out, path, 1, &p->columns.n, GV_COLUMN_CHARS, p->columns.name,
                                 err);
    if (st == GV_OK)
        st = put_columns(p, group, err);
    return st == GV_OK && p->pushes ? put_pushes(p, group, err) : st;
}

/* What only one of the methods has. */
static gv_status put_method(const ppr_run *p, const char *group, gv_error *err)
{
    const ppr_opts *o = p->o;
    gv_status st =
        gv_results_attr_text(p->out, group, "method", p->pushes ? "local" : "sweeps", err);
    if (!p->pushes)
        return st == GV_OK
                   ? gv_results_attr_i64(p->out, group, "max_iterations", o->max_iterations, err)
                   : st;
    if (st == GV_OK)
        st = gv_results_attr_f64(p->out, group, "accuracy", o->accuracy, err);
    return st == GV_OK ? gv_results_attr_i64(p->out, group, "max_edges", o->max_edges, err) : st;
}

static const char *const dangling_name[] = {"teleport", "uniform", "self", "leak"};
static const char *const direction_name[] = {"forward", "reverse"};

static gv_status put_attributes(const ppr_run *p, const char *group, gv_error *err)
{
    const ppr_opts *o = p->o;
    const char *restart = o->source != NULL     ? "source"
                          : o->teleport != NULL ? "file"
                          : o->topics != NULL   ? "topics"
                                                : "uniform";
    const struct {
        const char *name, *value;
    } texts[] = {{"dangling", dangling_name[o->dangling]},
                 {"direction", direction_name[o->direction]},
                 {"layout", p->pushes ? "push" : gv_ppr_layout_name(p->opts.layout)},
                 {"precision", gv_ppr_precision_name(p->opts.precision)},
                 {"teleport", restart}};
    gv_status st = gv_results_attr_f64(p->out, group, "damping", o->damping, err);
    if (st == GV_OK)
        st = gv_results_attr_f64(p->out, group, "tolerance", o->tolerance, err);
    if (st == GV_OK)
        st = put_method(p, group, err);
    if (st == GV_OK)
        st = gv_results_attr_i64(p->out, group, "weighted", o->weighted || o->topic_weights, err);
    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == GV_OK; i++)
        st = gv_results_attr_text(p->out, group, texts[i].name, texts[i].value, err);
    return st;
}

int ppr_write(const ppr_run *p)
{
    gv_error err;
    char group[96];
    snprintf(group, sizeof group, "/ppr/%.64s", p->o->name);
    gv_status st = put_scores(p, group, &err);
    if (st == GV_OK)
        st = put_attributes(p, group, &err);
    if (st == GV_OK && p->o->top_k > 0)
        st = cli_topk_put(&p->top, p->out, p->g,
                          strcmp(p->o->name, "default") == 0 ? "ppr" : p->o->name, &err);
    if (st == GV_OK && !p->pushes) /* the lists have their own ids */
        st = gv_results_put_nodes(p->out, p->g, &err);
    if (st == GV_OK && p->model != NULL)
        st = gv_results_put_topics(p->out, p->model, &err);
    return st == GV_OK ? CLI_OK : cli_fail(p->s, &err);
}
