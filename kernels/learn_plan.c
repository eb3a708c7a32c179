/* learn_plan.c -- what reading a log and gv_learn() will take, from the shape of the log: the
 * allocations of log_read.c, log_build.c, log_runs.c and the files learn*.c.
 *
 * Rows, consumers and topics of the log are estimated well; how many purchases follow a friend's is
 * not known before it is counted; the shares below are what generated populations show. */
#include <math.h>

#include "engine/csr.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/sort.h"
#include "grapevine/plan.h"
#include "kernels/learn_parts.h"

/* Counters and kept (edge, topic) pairs for each row; rows a second and thread. Docs: plan.md. */
static const double records_a_row = 0.46, evidence_a_row = 0.43;
static const double rows_read = 1.5e7, rows_sorted = 3e7, rows_learnt = 4e5, rows_merged = 1e7;

/* Pairs of consumer and topic when the rows fall on them at random. */
static int64_t pairs_of(const gv_graph_shape *g, const gv_log_shape *log)
{
    const double cells = (double)g->n_nodes * log->n_topics;
    return cells > 0.0 ? (int64_t)(cells * -expm1(-(double)log->rows / cells)) : 0;
}

/* Rows sorted in runs of so many, and merged. */
static int32_t plan_runs(gv_plan *plan, const gv_log_shape *log, int64_t run, int32_t threads)
{
    const int64_t rows = log->rows, groups = log->items * ((rows + run - 1) / run);
    const int32_t read = gv_plan_hold(plan, GV_PLAN_MEMORY, "rows of a run, as read", 24 * run);
    const int32_t file = gv_plan_hold(plan, GV_PLAN_DISK, "sorted runs", gv_log_room(rows));
    gv_plan_use(plan, GV_PLAN_MEMORY, "rows of a run, packed and sorted",
                gv_log_room(run) + 8 * run);
    gv_plan_use(plan, GV_PLAN_RESERVED, "scratch of the sort, before they are ordered",
                gv_sort_bytes(run, 8, threads));
    const int32_t begun = gv_plan_hold(plan, GV_PLAN_MEMORY, "groups of runs", 28 * groups);
    gv_plan_drop(plan, read);
    gv_plan_begin(plan, "merge the log", (double)rows / (rows_merged * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "order of groups",
                24 * groups + gv_sort_bytes(groups, 16, threads));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "items of the log", 20 * log->items);
    const int32_t log_file = gv_plan_hold(plan, GV_PLAN_DISK, "log", gv_log_room(rows));
    gv_plan_use(plan, GV_PLAN_RESIDENT, "log and its runs, mapped", 2 * gv_log_room(rows));
    gv_plan_drop(plan, begun);
    gv_plan_drop(plan, file);
    return log_file;
}

/* A log that was sorted in runs stays in a file, of which what was read is given back. */
GV_API int32_t gv_log_plan(gv_plan *plan, const gv_log_shape *log, int32_t threads, int64_t limit)
{
    const int64_t run = limit > 0 ? gv_log_run_rows(limit) : INT64_MAX;
    const int64_t rows = log->rows, most = gv_log_block(limit);
    const int64_t block = log->bytes < most ? log->bytes : most;
    const int64_t slice = (int64_t)GV_LOG_SLICE * GV_LOG_COLUMN_BYTES;
    const double share = log->bytes > 0 ? (double)block / (double)log->bytes : 0.0;
    gv_plan_begin(plan, "read the log", (double)rows / (rows_read * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "blocks of text", 2 * block);
    gv_plan_use(plan, GV_PLAN_MEMORY, "columns of a block", (int64_t)(share * (double)rows * 64));
    gv_plan_use(plan, GV_PLAN_RESIDENT, "columns of the log, mapped",
                log->mapped < slice ? log->mapped : slice);
    if (rows > run)
        return plan_runs(plan, log, run, threads);
    const int32_t read = gv_plan_hold(plan, GV_PLAN_MEMORY, "rows as read, and sorted", 24 * rows);
    const int32_t spare = gv_plan_hold(plan, GV_PLAN_RESERVED, "room for more rows", rows / 2);
    gv_plan_begin(plan, "sort the log", (double)rows / (rows_sorted * threads));
    gv_plan_drop(plan, read);
    gv_plan_drop(plan, spare);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "items of the log", 20 * log->items);
    gv_plan_begin(plan, "order the log", 0.0);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "log", 12 * rows);
    return -1;
}

/* An item at hand. Of a large one there is one for all threads, and a place for each consumer. */
static int64_t item_bytes(int64_t n_nodes, const gv_log_shape *log, int32_t threads)
{
    const int64_t rows = log->items > 0 ? log->rows / log->items : 0;
    const int64_t adopters = rows < n_nodes ? rows : n_nodes, each = 32 + 4 * GV_SHUFFLES;
    return rows > LEARN_LARGE_ITEM ? each * adopters + 4 * n_nodes + n_nodes / 8
                                   : threads * adopters * (each + 40);
}

/* What is held of the graph: ids are of use to the log alone; edges are given back after each walk
 * along them, if they are many, once the purchases have been counted. */
static void give_edges_back(gv_plan *plan, const gv_graph_shape *g, int64_t limit)
{
    gv_plan_hold(plan, GV_PLAN_RESIDENT, "edges that are given back", -gv_graph_resting(g, limit));
}

/* The pages of a log in a file when most is resident: either in the last whole batch of items, when
 * some of the counters are still to come, or at the end. */
static int64_t batch_pages(const gv_log_shape *log, int64_t counters)
{
    const int64_t batch = LEARN_ROWS_A_BATCH, left = log->rows % batch;
    if (log->rows < batch)
        return gv_log_room(log->rows);
    const double to_come = (double)counters * (double)left / (double)log->rows;
    const int64_t whole = gv_log_room(batch) - (int64_t)to_come;
    return whole > gv_log_room(left) ? whole : gv_log_room(left);
}

static void plan_counting(gv_plan *plan, const gv_graph_shape *g, const gv_log_shape *log,
                          bool in_file, const gv_model_shape *model, int32_t threads, int64_t limit)
{
    const int64_t records = (int64_t)(records_a_row * (double)log->rows), n = g->n_nodes;
    const double learning = (double)log->rows / (rows_learnt * threads);
    gv_plan_begin(plan, "count", learning * 0.6);
    if (gv_edges_rest(g->n_edges, limit))
        gv_plan_hold(plan, GV_PLAN_RESIDENT, "ids, given back", -gv_graph_bytes(g, GV_PART_IDS));
    const int32_t item =
        gv_plan_hold(plan, GV_PLAN_MEMORY, "buyers of an item", item_bytes(n, log, threads));
    const int32_t counters = gv_plan_hold(plan, GV_PLAN_MEMORY, "counters", 16 * records);
    if (in_file)
        gv_plan_use(plan, GV_PLAN_RESIDENT, "log of a batch of items, mapped",
                    batch_pages(log, 16 * records));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "pairs of consumer and topic",
                 8 * (n + 1) + 32 * model->pairs);
    gv_plan_begin(plan, "sort the counters", learning * 0.1);
    give_edges_back(plan, g, limit);
    gv_plan_use(plan, GV_PLAN_MEMORY, "scratch of the sort", gv_sort_bytes(records, 16, threads));
    gv_plan_begin(plan, "add up", learning * 0.1);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "evidence", 8 * (n + 1) + 24 * model->evidence);
    gv_plan_drop(plan, counters);
    gv_plan_drop(plan, item);
}

GV_API int32_t gv_learn_plan(gv_plan *plan, const gv_graph_shape *g, const gv_log_shape *log,
                             int32_t threads, int64_t limit, gv_model_shape *model)
{
    const int64_t n = g->n_nodes;
    const double learning = (double)log->rows / (rows_learnt * threads);
    *model = (gv_model_shape){.n_nodes = n,
                              .n_topics = log->n_topics,
                              .strengths = g->rule == GV_PROBABILITY_STORED,
                              .pairs = pairs_of(g, log),
                              .evidence = (int64_t)(evidence_a_row * (double)log->rows)};
    const int32_t log_file = gv_log_plan(plan, log, threads, limit);
    plan_counting(plan, g, log, log_file >= 0, model, threads, limit);
    if (model->strengths)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "mean strengths of edges", 4 * n);
    gv_plan_begin(plan, "factors", learning * 0.1);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "factors of consumers", 4 * n + 4 * model->pairs);
    gv_plan_use(plan, GV_PLAN_MEMORY, "sums of consumers", 16 * n);
    gv_plan_begin(plan, "ties and edges", learning * 0.1);
    gv_plan_use(plan, GV_PLAN_MEMORY, "credits of listeners", 8 * n);
    gv_plan_use(plan, GV_PLAN_RESERVED, "histogram of edges",
                INT64_C(8) * LEARN_REAL_BINS * LEARN_CHANCE_BINS * (LEARN_COUNT_BINS + threads));
    return log_file;
}
