/* learn_pairs.c -- the (consumer, topic) pairs of a log, as sparse rows.
 *
 * Rows of the log are counted by consumer and their topics scattered into the consumer's row, in
 * any order (atomic cursors: the log is by item, and a buffer for each thread would be as large as
 * the log); each row is then sorted and freed of repeats, so the outcome does not depend on that
 * order. */
#include <string.h>

#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/learn_parts.h"

enum {
    ROWS_A_TASK = 1 << 14,
    AHEAD = 32 /* rows from one at work to the counter announced: buyers come in no order */
};

static const char stage[] = "learn: pairs";

typedef struct topic_rows {
    int64_t *end;     /* [n_nodes + 1] while counting; then end[v] is where the row of v ends */
    int32_t *topic;   /* [rows that count] */
    int64_t *n_pairs; /* [n_nodes + 1] */
} topic_rows;

static int64_t row_begin(const topic_rows *r, int64_t v)
{
    return v > 0 ? r->end[v - 1] : 0;
}

static void announce(const gv_log *log, const int64_t *count, int64_t i)
{
    const int64_t last = log->info.rows_kept - 1;
    __builtin_prefetch(&count[log->user[i + AHEAD < last ? i + AHEAD : last]], 1);
}

static void count_rows(const learn_scan *s, int64_t *count)
{
    const gv_log *log = s->log;
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(static)
    for (int64_t i = 0; i < log->info.rows_kept; i++) {
        announce(log, count, i);
        if (log->time[i] <= s->until)
            __atomic_fetch_add(&count[log->user[i]], 1, __ATOMIC_RELAXED);
    }
    gv_log_rest(log, 0, log->info.rows_kept);
}

/* The item whose rows hold row i: the last that begins at or before it. */
static int64_t item_of_row(const gv_log *log, int64_t i)
{
    int64_t lo = 0, hi = log->info.n_items - 1;
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo + 1) / 2;
        if (log->indptr[mid] <= i)
            lo = mid;
        else
            hi = mid - 1;
    }
    return lo;
}

static void scatter_topics(const learn_scan *s, const topic_rows *r)
{
    const gv_log *log = s->log;
    const int64_t n = log->info.rows_kept, tasks = (n + ROWS_A_TASK - 1) / ROWS_A_TASK;
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(dynamic, 1)
    for (int64_t t = 0; t < tasks; t++) {
        const int64_t begin = t * ROWS_A_TASK;
        const int64_t end = begin + ROWS_A_TASK < n ? begin + ROWS_A_TASK : n;
        int64_t a = item_of_row(log, begin);
        for (int64_t i = begin; i < end; i++) {
            while (log->indptr[a + 1] <= i)
                a++;
            announce(log, r->end, i);
            if (log->time[i] > s->until)
                continue;
            const int64_t at = __atomic_fetch_add(&r->end[log->user[i]], 1, __ATOMIC_RELAXED);
            r->topic[at] = log->item_topic[a];
        }
    }
    gv_log_rest(log, 0, n);
}

/* Shell's method, for the rows of consumers with few purchases. */
static void sort_row(int32_t *row, int64_t n)
{
    int64_t gap = 1;
    while (gap < n / 3)
        gap = 3 * gap + 1;
    for (; gap > 0; gap /= 3)
        for (int64_t i = gap; i < n; i++) {
            const int32_t moved = row[i];
            int64_t j = i;
            for (; j >= gap && row[j - gap] > moved; j -= gap)
                row[j] = row[j - gap];
            row[j] = moved;
        }
}

/* Sorts a row and keeps each topic once; returns how many. `met` [n_topics] is all false, and is so
 * again on return. */
static int64_t tidy_row(int32_t *row, int64_t n, int32_t n_topics, bool *met)
{
    int64_t kept = 0;
    if (n > n_topics) {
        for (int64_t i = 0; i < n; i++)
            met[row[i]] = true;
        for (int32_t z = 0; z < n_topics; z++)
            if (met[z]) {
                met[z] = false;
                row[kept++] = z;
            }
        return kept;
    }
    sort_row(row, n);
    for (int64_t i = 0; i < n; i++)
        if (i == 0 || row[i] != row[i - 1])
            row[kept++] = row[i];
    return kept;
}

static bool tidy_rows(const learn_scan *s, const topic_rows *r)
{
    const int32_t threads = gv_context_threads(s->ctx), n_topics = s->log->info.n_topics;
    bool *met = gv_alloc_zero(s->ctx, (int64_t)threads * n_topics, sizeof *met);
    if (met == NULL)
        return false;
#pragma omp parallel for num_threads(threads) schedule(dynamic, GV_BLOCK)
    for (int64_t v = 0; v < s->g->n_nodes; v++) {
        const int64_t begin = row_begin(r, v);
        r->n_pairs[v] = tidy_row(r->topic + begin, r->end[v] - begin, n_topics,
                                 met + (int64_t)gv_thread() * n_topics);
    }
    gv_free(s->ctx, met);
    return true;
}

static void copy_topics(const learn_scan *s, const topic_rows *r, const int64_t *indptr,
                        int32_t *topic)
{
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(static)
    for (int64_t v = 0; v < s->g->n_nodes; v++)
        memcpy(topic + indptr[v], r->topic + row_begin(r, v),
               (size_t)(indptr[v + 1] - indptr[v]) * sizeof *topic);
}

static bool take_pairs(gv_context *ctx, int64_t n, gv_model *m, learn_pairs *p)
{
    m->pairs.exposure = p->exposure = gv_alloc_zero(ctx, n, sizeof *p->exposure);
    m->pairs.last = p->last = gv_alloc(ctx, n, sizeof *p->last);
    m->pairs.total = p->total = gv_alloc_zero(ctx, n, sizeof *p->total);
    m->pairs.observed = p->observed = gv_alloc_zero(ctx, n, sizeof *p->observed);
    m->pairs.shuffled = p->shuffled = gv_alloc_zero(ctx, n, sizeof *p->shuffled);
    if (p->exposure == NULL || p->last == NULL || p->total == NULL || p->observed == NULL ||
        p->shuffled == NULL)
        return false;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t i = 0; i < n; i++)
        p->last[i] = INT64_MIN;
    return true;
}

/* Topics of each consumer, in no order, with repeats. */
static gv_status gather_topics(const learn_scan *s, topic_rows *r, gv_error *err)
{
    gv_context *ctx = s->ctx;
    const int64_t rows = s->log->info.rows_kept;
    gv_status st = gv_progress(ctx, stage, 0, 2 * rows, err);
    if (st != GV_OK)
        return st;
    count_rows(s, r->end);
    r->topic = gv_alloc(ctx, gv_prefix_sum(r->end, s->g->n_nodes), sizeof *r->topic);
    st = r->topic == NULL ? gv_no_memory(ctx, "learn", err)
                          : gv_progress(ctx, stage, rows, 2 * rows, err);
    if (st != GV_OK)
        return st;
    scatter_topics(s, r);
    return gv_progress(ctx, stage, 2 * rows, 2 * rows, err);
}

/* The same in order, each once: indptr and topics of the pairs. */
static gv_status keep_topics(const learn_scan *s, const topic_rows *r, gv_model *m, gv_error *err)
{
    if (!tidy_rows(s, r))
        return gv_no_memory(s->ctx, "learn", err);
    int32_t *topic = gv_alloc(s->ctx, gv_prefix_sum(r->n_pairs, s->g->n_nodes), sizeof *topic);
    m->pairs.topic = topic;
    if (topic == NULL)
        return gv_no_memory(s->ctx, "learn", err);
    copy_topics(s, r, m->pairs.indptr, topic);
    return GV_OK;
}

gv_status learn_find_pairs(const learn_scan *s, gv_model *m, learn_pairs *pairs, gv_error *err)
{
    gv_context *ctx = s->ctx;
    const int64_t n = s->g->n_nodes;
    topic_rows r = {.end = gv_alloc_zero(ctx, n + 1, sizeof *r.end),
                    .n_pairs = gv_alloc(ctx, n + 1, sizeof *r.n_pairs)};
    m->pairs.indptr = r.n_pairs;
    gv_status st = r.end == NULL || r.n_pairs == NULL ? gv_no_memory(ctx, "learn", err) : GV_OK;
    if (st == GV_OK)
        st = gather_topics(s, &r, err);
    if (st == GV_OK)
        st = keep_topics(s, &r, m, err);
    gv_free(ctx, r.topic);
    gv_free(ctx, r.end);
    if (st == GV_OK && !take_pairs(ctx, m->pairs.indptr[n], m, pairs))
        st = gv_no_memory(ctx, "learn", err);
    return st;
}
