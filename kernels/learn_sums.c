/* learn_sums.c -- the records of learn_evidence.c, sorted, become the evidence of a model.
 *
 * No races: tasks of so many records each add up the columns that begin in them, and blocks of
 * consumers find their own rows. Sums are of integers, so tasks cannot be seen in them. */
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/learn_parts.h"

enum { RECORDS_A_TASK = 1 << 14 };

typedef struct sums {
    int64_t *column, *credit, *exposure;
} sums;

static bool begins(const gv_record *record, int64_t i)
{
    return i == 0 || record[i].key != record[i - 1].key;
}

static int64_t tasks(int64_t n)
{
    return (n + RECORDS_A_TASK - 1) / RECORDS_A_TASK;
}

static int64_t task_end(int64_t task, int64_t n)
{
    return (task + 1) * RECORDS_A_TASK < n ? (task + 1) * RECORDS_A_TASK : n;
}

static void count_columns(gv_context *ctx, const gv_record *record, int64_t n, int64_t *begun)
{
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t t = 0; t < tasks(n); t++) {
        begun[t] = 0;
        for (int64_t i = t * RECORDS_A_TASK; i < task_end(t, n); i++)
            begun[t] += begins(record, i);
    }
}

/* A task adds up the columns that begin in it, which may end beyond it. `exposure` holds the
 * deductions for now. */
static void add_up(gv_context *ctx, const gv_record *record, int64_t n, const int64_t *begun,
                   const sums *to)
{
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t t = 0; t < tasks(n); t++) {
        int64_t at = begun[t];
        for (int64_t i = t * RECORDS_A_TASK; i < task_end(t, n); i++) {
            if (!begins(record, i))
                continue;
            int64_t credit = 0, deduction = 0;
            for (int64_t j = i; j == i || (j < n && !begins(record, j)); j++) {
                const int64_t amount = (int64_t)(record[j].value & ~LEARN_CREDIT);
                *(record[j].value & LEARN_CREDIT ? &credit : &deduction) += amount;
            }
            to->column[at] = (int64_t)record[i].key;
            to->credit[at] = credit;
            to->exposure[at] = deduction;
            at++;
        }
    }
}

static int64_t first_at_least(const int64_t *column, int64_t n, int64_t want)
{
    int64_t lo = 0, hi = n;
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (column[mid] < want)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Where the evidence of each source begins; blocks of nodes find their first, then walk. */
static void find_rows(gv_context *ctx, const gv_graph *g, const sums *x, int64_t n,
                      int32_t n_topics, int64_t *indptr)
{
    const int64_t n_nodes = g->n_nodes, blocks = gv_blocks(n_nodes);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t first = b * GV_BLOCK;
        int64_t at = first_at_least(x->column, n, g->out.indptr[first] * n_topics);
        for (int64_t v = first; v < gv_block_end(b, n_nodes); v++) {
            while (at < n && x->column[at] < g->out.indptr[v] * n_topics)
                at++;
            indptr[v] = at;
        }
    }
    indptr[n_nodes] = n;
}

/* Deductions become exposures: what the pair has, less what the edge had not. */
static void subtract(const gv_model *m, const sums *x)
{
    const int64_t blocks = gv_blocks(m->n_nodes);
#pragma omp parallel for num_threads(gv_context_threads(m->ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < blocks; b++)
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, m->n_nodes); v++)
            for (int64_t i = m->evidence.indptr[v]; i < m->evidence.indptr[v + 1]; i++) {
                const int32_t z = (int32_t)(x->column[i] % m->n_topics);
                const int64_t pair = gv_model_pair(m, (gv_node)v, z);
                x->exposure[i] = m->pairs.exposure[pair] - x->exposure[i];
            }
}

gv_status learn_sum_records(const gv_graph *g, const gv_record *record, int64_t n, gv_model *m,
                            gv_error *err)
{
    gv_context *ctx = m->ctx;
    int64_t *begun = gv_alloc(ctx, tasks(n) + 1, sizeof *begun);
    int64_t *indptr = gv_alloc(ctx, g->n_nodes + 1, sizeof *indptr);
    m->evidence.indptr = indptr;
    if (begun == NULL || indptr == NULL) {
        gv_free(ctx, begun);
        return gv_no_memory(ctx, "learn", err);
    }
    count_columns(ctx, record, n, begun);
    const int64_t columns = gv_prefix_sum(begun, tasks(n));
    sums x = {.column = gv_alloc(ctx, columns, sizeof *x.column),
              .credit = gv_alloc(ctx, columns, sizeof *x.credit),
              .exposure = gv_alloc(ctx, columns, sizeof *x.exposure)};
    m->evidence.column = x.column;
    m->evidence.credit = x.credit;
    m->evidence.exposure = x.exposure;
    const bool have = x.column != NULL && x.credit != NULL && x.exposure != NULL;
    if (have) {
        add_up(ctx, record, n, begun, &x);
        find_rows(ctx, g, &x, columns, m->n_topics, indptr);
        subtract(m, &x);
    }
    gv_free(ctx, begun);
    return have ? GV_OK : gv_no_memory(ctx, "learn", err);
}
