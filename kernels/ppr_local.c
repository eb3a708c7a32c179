/* ppr_local.c -- the best consumers of a few personalized PageRanks: rounds of pushes
 * (ppr_push.c), each followed by a list with bounds (ppr_certify.c), until the list is settled.
 *
 * A column belongs to one thread from its first push to its last, and writes only its own results:
 * no races, and no result depends on threads or on the other columns. */
#include "grapevine/ppr_local.h"

#include <inttypes.h>
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "grapevine/plan.h"
#include "kernels/ppr_certify.h"

enum { TURN = 64 }; /* columns a thread between two reports of progress */

GV_API gv_ppr_local_opts gv_ppr_local_defaults(void)
{
    return (gv_ppr_local_opts){.damping = 0.85,
                               .tolerance = 1e-9,
                               .accuracy = 0.1,
                               .max_edges = 4000000,
                               .dangling = GV_DANGLING_TELEPORT,
                               .direction = GV_FORWARD,
                               .weighted = false};
}

GV_API const char *gv_ppr_reason_name(gv_ppr_reason reason)
{
    switch (reason) {
    case GV_PPR_CERTIFIED:
        return "certified";
    case GV_PPR_WITHIN:
        return "tolerance";
    case GV_PPR_EDGES:
        return "edges";
    case GV_PPR_ROUNDING:
        return "rounding";
    }
    return "unknown";
}

/* ---- one column --------------------------------------------------------------------------- */

typedef struct job {
    gv_context *ctx;
    const gv_ppr_local_opts *o;
    const gv_teleport *teleport;
    ppr_rows rows;
    int64_t k;
    const gv_ppr_best *best;
    gv_ppr_local_column *column;
} job;

/* Why there is no use in a further round, if so. One takes at least as many edges as the last; if
 * it had to be stopped half way, the bounds would be those of its worst residual. */
static bool has_to_stop(const ppr_push *p, const ppr_known *known, int64_t last_round,
                        gv_ppr_reason *reason)
{
    *reason = known->residual <= known->slack ? GV_PPR_ROUNDING : GV_PPR_EDGES;
    return *reason == GV_PPR_ROUNDING || p->out_of_edges || p->max_edges - p->edges < last_round;
}

static gv_status find_best(const job *j, ppr_push *p, ppr_list *list, gv_ppr_local_column *found,
                           gv_error *err)
{
    for (;;) {
        const int64_t before = p->edges;
        gv_status st = ppr_push_round(p, err);
        if (st == GV_OK)
            st = ppr_list_make(p, list, err);
        if (st != GV_OK)
            return st;
        found->rounds++;
        found->converged = ppr_list_settled(list, j->o, &found->reason);
        if (found->converged || has_to_stop(p, &list->known, p->edges - before, &found->reason))
            return GV_OK;
    }
}

static void report(const job *j, int64_t c, const ppr_push *p, const ppr_list *list,
                   gv_ppr_local_column *found)
{
    const ppr_known *known = &list->known;
    for (int64_t i = 0; i < j->k; i++) {
        const ppr_entry *e = &list->entry[i];
        const bool there = i < list->n;
        j->best->node[c * j->k + i] = there ? e->node : -1;
        j->best->score[c * j->k + i] = there ? e->score : NAN;
        j->best->lower[c * j->k + i] = there ? e->lower : NAN;
        j->best->upper[c * j->k + i] = there ? e->upper : NAN;
    }
    found->pushes = p->pushes;
    found->edges = p->edges;
    found->nodes = p->n;
    found->residual =
        fmin(1.0, j->o->damping * known->residual / known->sum_most + known->from_others);
    found->next_score = list->has_next ? list->entry[list->n].score : NAN;
    found->others = list->others;
    if (j->column != NULL)
        j->column[c] = *found;
}

/* What a thread keeps from column to column. */
typedef struct worker {
    ppr_push push;
    ppr_entry *entry; /* [k + 1] */
} worker;

static gv_status run_column(const job *j, worker *w, int64_t c, bool *converged, gv_error *err)
{
    ppr_teleport t;
    gv_ppr_local_column found = {.rounds = 0};
    ppr_list list = {.k = j->k, .entry = w->entry};
    gv_status st = ppr_teleport_take(j->ctx, j->teleport, c, 1, &t, err);
    if (st != GV_OK)
        return st;
    w->push.max_edges = j->o->max_edges;
    st = ppr_push_start(&w->push, j->ctx, &j->rows, t.node, t.value, t.offset[1], err);
    if (st == GV_OK)
        st = find_best(j, &w->push, &list, &found, err);
    if (st == GV_OK)
        report(j, c, &w->push, &list, &found);
    *converged = found.converged;
    ppr_teleport_free(j->ctx, &t);
    return st;
}

/* ---- all columns -------------------------------------------------------------------------- */

/* What came of a column that failed; of several the first one counts. */
typedef struct outcome {
    gv_status status;
    bool converged;
    gv_error err;
} outcome;

/* Columns are handed out one by one: some take a thousand times as long as others. */
static void run_columns(const job *j, worker *workers, int64_t first, int64_t last, int threads,
                        outcome *out)
{
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t c = first; c < last; c++) {
        outcome *o = &out[c - first];
        o->status = run_column(j, &workers[gv_thread()], c, &o->converged, &o->err);
    }
}

static gv_status run_all(const job *j, worker *workers, int threads, outcome *out, int64_t *failed,
                         gv_error *err)
{
    const int64_t n = j->teleport->n_columns, turn = (int64_t)TURN * threads;
    for (int64_t first = 0; first < n; first += turn) {
        const int64_t last = first + turn < n ? first + turn : n;
        const gv_status st = gv_progress(j->ctx, "ppr", first, n, err);
        if (st != GV_OK)
            return st;
        run_columns(j, workers, first, last, threads, out);
        for (int64_t c = first; c < last; c++) {
            const outcome *o = &out[c - first];
            if (o->status != GV_OK) {
                if (err != NULL)
                    *err = o->err;
                return o->status;
            }
            *failed += !o->converged;
        }
    }
    return GV_OK;
}

static gv_status run_job(job *j, gv_error *err)
{
    const int64_t n = j->teleport->n_columns;
    const int32_t most = gv_context_threads(j->ctx);
    const int threads = n < most ? (int)n : most;
    int64_t failed = 0;
    worker *workers = gv_alloc_zero(j->ctx, threads, sizeof *workers);
    ppr_entry *entry = gv_alloc(j->ctx, (j->k + 1) * threads, sizeof *entry);
    outcome *out = gv_alloc(j->ctx, (int64_t)TURN * threads, sizeof *out);
    gv_status st = GV_OK;
    if (workers == NULL || entry == NULL || out == NULL)
        st = gv_no_memory(j->ctx, "ppr: lists of the best", err);
    for (int i = 0; i < threads && st == GV_OK; i++)
        workers[i] = (worker){.push = {.ctx = j->ctx}, .entry = entry + i * (j->k + 1)};
    if (st == GV_OK)
        st = run_all(j, workers, threads, out, &failed, err);
    for (int i = 0; i < threads && workers != NULL; i++)
        ppr_push_free(&workers[i].push);
    gv_free(j->ctx, out);
    gv_free(j->ctx, entry);
    gv_free(j->ctx, workers);
    if (st == GV_OK && failed > 0)
        return gv_fail(
            err, GV_ERR_CONVERGE,
            "ppr: the best of %" PRId64 " of %" PRId64
            " columns could not be told from all others, looking at no more than %" PRId64 " edges",
            failed, n, j->o->max_edges);
    return st;
}

/* ---- checks ------------------------------------------------------------------------------- */

static gv_status check_opts(const gv_graph *g, const gv_ppr_local_opts *o, gv_error *err)
{
    const gv_ppr_opts walk = {.damping = o->damping,
                              .tolerance = o->tolerance,
                              .dangling = o->dangling,
                              .direction = o->direction,
                              .weighted = o->weighted};
    if (!(o->accuracy > 0.0) || isinf(o->accuracy))
        return gv_fail(err, GV_ERR_RANGE, "ppr: accuracy %g is not finite and > 0", o->accuracy);
    if (o->max_edges < 1)
        return gv_fail(err, GV_ERR_RANGE, "ppr: max_edges %" PRId64 " is not at least 1",
                       o->max_edges);
    return ppr_check_walk(g, &walk, err);
}

static gv_status check_columns(const gv_graph *g, const gv_teleport *t, gv_error *err)
{
    const gv_status st = ppr_teleport_check(t, g->n_nodes, err);
    for (int64_t c = 0; st == GV_OK && c < t->n_columns; c++)
        if (t->offset[c] == t->offset[c + 1])
            return gv_fail(err, GV_ERR_RANGE,
                           "ppr: column %" PRId64 " restarts everywhere; that takes sweeps over "
                           "the whole graph",
                           c);
    return st;
}

GV_API gv_status gv_ppr_local(gv_context *ctx, const gv_graph *g, const gv_teleport *teleport,
                              int64_t k, const gv_ppr_local_opts *opts, int64_t max_degree,
                              const gv_ppr_best *best, gv_ppr_local_column *column, gv_error *err)
{
    const gv_ppr_local_opts o = opts != NULL ? *opts : gv_ppr_local_defaults();
    gv_status st = check_opts(g, &o, err);
    if (st == GV_OK)
        st = check_columns(g, teleport, err);
    if (st == GV_OK && (k < 1 || k > INT32_MAX))
        st = gv_fail(err, GV_ERR_RANGE, "ppr: k %" PRId64 " is not in [1, %d]", k, INT32_MAX);
    if (st == GV_OK && max_degree < 0)
        st = gv_fail(err, GV_ERR_RANGE, "ppr: max_degree %" PRId64 " is negative", max_degree);
    if (st != GV_OK)
        return st;
    job j = {.ctx = ctx, .o = &o, .teleport = teleport, .k = k, .best = best, .column = column};
    ppr_rows_of(g, &o, max_degree, &j.rows);
    return run_job(&j, err);
}

/* ---- degrees ------------------------------------------------------------------------------ */

static int64_t widest_row(const int64_t *indptr, int64_t n, int64_t end, int threads)
{
    int64_t most = 0;
    bool fine = true;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(max : most)               \
    reduction(&& : fine)
    for (int64_t v = 0; v < n; v++) {
        const int64_t degree = indptr[v + 1] - indptr[v];
        most = degree > most ? degree : most;
        fine = fine && degree >= 0 && indptr[v] >= 0;
    }
    return fine && indptr[n] == end ? most : -1;
}

GV_API gv_status gv_ppr_max_degree(gv_context *ctx, const gv_graph *g, gv_direction direction,
                                   int64_t *out, gv_error *err)
{
    const gv_csr *csr = direction == GV_FORWARD ? &g->out : &g->in;
    *out = g->n_nodes > 0 ? widest_row(csr->indptr, g->n_nodes, g->n_edges, gv_context_threads(ctx))
                          : 0;
    if (*out < 0)
        return gv_fail(err, GV_ERR_DATA, "ppr: the offsets of rows do not ascend to %" PRId64,
                       g->n_edges);
    return GV_OK;
}

/* ---- plan --------------------------------------------------------------------------------- */

/* Edges a second and thread. Docs: plan.md. */
static const double edges_a_second = 1e7;

/* What ppr_push.c allocates for all consumers that so many edges can lead to, and the lists. */
GV_API void gv_ppr_local_plan(gv_plan *plan, const gv_graph_shape *g, int64_t n_columns, int64_t k,
                              const gv_ppr_local_opts *opts, int32_t threads)
{
    const gv_ppr_local_opts o = opts != NULL ? *opts : gv_ppr_local_defaults();
    const int64_t most = o.max_edges < g->n_nodes ? o.max_edges : g->n_nodes;
    const int64_t used = n_columns < threads ? n_columns : threads;
    gv_plan_begin(plan, "pushes",
                  (double)n_columns * (double)o.max_edges / (edges_a_second * (double)used));
    gv_plan_use(plan, GV_PLAN_MEMORY, "consumers that walks meet", used * ppr_push_bytes(most));
    gv_plan_use(plan, GV_PLAN_MEMORY, "lists of the best",
                used * (k + 1) * (int64_t)sizeof(ppr_entry));
}
