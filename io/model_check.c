/* model_check.c -- the arrays of a model are what they must be: parallel passes over blocks, each
 * naming the first fault whatever the number of threads. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "engine/error.h"
#include "io/check.h"
#include "io/model_file.h"

typedef struct bounds {
    const void *data;
    int64_t lowest, highest;
} bounds;

static int64_t bad_i32(const void *arg, int64_t begin, int64_t end)
{
    const bounds *b = arg;
    const int32_t *x = b->data;
    for (int64_t i = begin; i < end; i++)
        if (x[i] < b->lowest || x[i] > b->highest)
            return i;
    return -1;
}

static int64_t bad_i64(const void *arg, int64_t begin, int64_t end)
{
    const bounds *b = arg;
    const int64_t *x = b->data;
    for (int64_t i = begin; i < end; i++)
        if (x[i] < b->lowest || x[i] > b->highest)
            return i;
    return -1;
}

static int64_t bad_f32(const void *arg, int64_t begin, int64_t end)
{
    const float *x = arg;
    for (int64_t i = begin; i < end; i++)
        if (!(x[i] >= 0.0F && x[i] < INFINITY))
            return i;
    return -1;
}

static int64_t bad_f64(const void *arg, int64_t begin, int64_t end)
{
    const double *x = arg;
    for (int64_t i = begin; i < end; i++)
        if (!(x[i] >= 0.0 && x[i] < (double)INFINITY))
            return i;
    return -1;
}

/* One array and what its elements must be. */
typedef struct rule {
    const char *array;
    gv_type type; /* floats: finite and >= 0; integers: in [0, highest] */
    int64_t n;
    const void *data;
    int64_t highest;
} rule;

static gv_status check_rule(gv_context *ctx, const gv_model *m, const rule *r, const char *file,
                            gv_error *err)
{
    const bounds b = {r->data, 0, r->highest};
    const bool real = r->type == GV_F32 || r->type == GV_F64;
    int64_t at, value = 0;
    if (r->type == GV_F32)
        at = gv_first_fault(ctx, r->n, bad_f32, r->data);
    else if (r->type == GV_F64)
        at = gv_first_fault(ctx, r->n, bad_f64, r->data);
    else
        at = gv_first_fault(ctx, r->n, r->type == GV_I32 ? bad_i32 : bad_i64, &b);
    if (at < 0) {
        const bool wide = r->type == GV_F64 || r->type == GV_I64;
        gv_model_rest_array(m, r->data, r->n * (wide ? 8 : 4));
        return GV_OK;
    }
    if (real)
        return gv_fail(err, GV_ERR_DATA, "%s: %s[%" PRId64 "] = %g is not finite and >= 0", file,
                       r->array, at,
                       r->type == GV_F32 ? (double)((const float *)r->data)[at]
                                         : ((const double *)r->data)[at]);
    value = r->type == GV_I32 ? ((const int32_t *)r->data)[at] : ((const int64_t *)r->data)[at];
    return gv_fail(err, GV_ERR_DATA, "%s: %s[%" PRId64 "] = %" PRId64 " is not in [0, %" PRId64 "]",
                   file, r->array, at, value, r->highest);
}

/* ---- evidence ---------------------------------------------------------------------------------
 */

typedef struct columns {
    const gv_model *m;
    const gv_graph *g; /* or NULL */
} columns;

/* Columns of row v: [first, end). */
static void row_columns(const columns *c, int64_t v, int64_t *first, int64_t *end)
{
    *first = c->g != NULL ? c->g->out.indptr[v] * c->m->n_topics : 0;
    *end = (c->g != NULL ? c->g->out.indptr[v + 1] : c->m->n_edges) * c->m->n_topics;
}

static int64_t bad_column(const void *arg, int64_t begin, int64_t end)
{
    const columns *c = arg;
    const gv_evidence *e = &c->m->evidence;
    for (int64_t v = begin; v < end; v++) {
        int64_t last, limit;
        row_columns(c, v, &last, &limit);
        last--;
        for (int64_t i = e->indptr[v]; i < e->indptr[v + 1]; i++) {
            if (e->column[i] <= last || e->column[i] >= limit)
                return i;
            last = e->column[i];
        }
    }
    return -1;
}

static gv_status check_evidence(gv_context *ctx, const gv_model *m, const gv_graph *g,
                                const char *file, gv_error *err)
{
    const columns c = {m, g};
    const int64_t n = m->evidence.indptr[m->n_nodes];
    gv_status st =
        gv_check_offsets(ctx, m->evidence.indptr, m->n_nodes, n, file, "/evidence/indptr", err);
    if (st != GV_OK)
        return st;
    const int64_t at = gv_first_fault(ctx, m->n_nodes, bad_column, &c);
    if (at >= 0)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: /evidence/indices[%" PRId64 "] = %" PRId64
                       " does not ascend, or is not an (edge, topic) of its consumer",
                       file, at, m->evidence.column[at]);
    const rule rules[] = {
        {"/evidence/credit", GV_I64, n, m->evidence.credit, INT64_MAX},
        {"/evidence/exposure", GV_I64, n, m->evidence.exposure, INT64_MAX},
    };
    for (size_t i = 0; st == GV_OK && i < sizeof rules / sizeof *rules; i++)
        st = check_rule(ctx, m, &rules[i], file, err);
    gv_model_rest_all(m);
    return st;
}

/* ---- pairs ------------------------------------------------------------------------------------
 */

static int64_t more_observed(const void *arg, int64_t begin, int64_t end)
{
    const gv_pairs *p = arg;
    for (int64_t i = begin; i < end; i++)
        if (p->observed[i] > p->total[i])
            return i;
    return -1;
}

static gv_status check_pairs(gv_context *ctx, const gv_model *m, const char *file, gv_error *err)
{
    const gv_pairs *p = &m->pairs;
    const int64_t n = p->indptr[m->n_nodes];
    gv_status st =
        gv_check_offsets(ctx, p->indptr, m->n_nodes, n, file, "/factors/source/indptr", err);
    if (st == GV_OK)
        st = gv_check_indices(ctx, p->indptr, m->n_nodes, p->topic, m->n_topics, file,
                              "/factors/source/indices", err);
    const rule rules[] = {
        {"/factors/source/data", GV_F32, n, p->source, 0},
        {"/activity/exposure", GV_I64, n, p->exposure, INT64_MAX},
        {"/activity/total", GV_I32, n, p->total, INT32_MAX},
        {"/activity/observed", GV_I32, n, p->observed, INT32_MAX},
        {"/activity/shuffled", GV_I32, n, p->shuffled, INT32_MAX},
    };
    for (size_t i = 0; st == GV_OK && i < sizeof rules / sizeof *rules; i++)
        st = check_rule(ctx, m, &rules[i], file, err);
    if (st != GV_OK)
        return st;
    const int64_t at = gv_first_fault(ctx, n, more_observed, p);
    if (at >= 0)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: /activity/observed[%" PRId64 "] = %" PRId32
                       " is more than the total, %" PRId32,
                       file, at, p->observed[at], p->total[at]);
    return GV_OK;
}

gv_status gv_model_check(gv_context *ctx, const gv_model *m, const gv_graph *g, const char *file,
                         gv_error *err)
{
    const rule rules[] = {
        {"/topics/n_items", GV_I64, m->n_topics, m->topic_items, INT64_MAX},
        {"/factors/mu", GV_F64, m->n_topics, m->mu, 0},
        {"/factors/target", GV_F32, m->n_nodes, m->target, 0},
        {"/factors/strength", GV_F32, m->usual != NULL ? m->n_nodes : 0, m->usual, 0},
        {"/window", GV_F64, m->n_topics, m->window, 0},
        {"/delay", GV_F64, m->n_topics, m->delay, 0},
    };
    gv_status st = GV_OK;
    for (size_t i = 0; st == GV_OK && i < sizeof rules / sizeof *rules; i++)
        st = check_rule(ctx, m, &rules[i], file, err);
    if (st == GV_OK)
        st = check_pairs(ctx, m, file, err);
    if (st == GV_OK)
        st = check_evidence(ctx, m, g, file, err);
    return st;
}
