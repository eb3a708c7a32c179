/* edges_graph.c -- the graph of a stream of edges, straight into a file.
 *
 * The stream can be made again at no cost but time, so nothing of it is ever stored unsorted:
 *   1. one pass marks the ids that occur, and counts edges by range of source;
 *   2. ranges of sources that fit in memory, one after the other: a pass collects the range's
 * edges, which are sorted, rid of repeats, and put behind those of the range before, in a file
 *      without a name;
 *   3. the number of edges is known now: the rows by source are copied into the graph file;
 *   4. ranges of targets that fit: edges are collected from the rows by source, sorted, written.
 * Edges of a range arrive in any order, but are sorted: so the result depends neither on threads
 * nor on how many ranges memory allows. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/edge_stream.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "grapevine/io.h"
#include "io/output.h"

enum {
    RUN = 2048,       /* edges made at once by a thread */
    TASK = 32 * RUN,  /* edges of a task */
    TASKS = 1024,     /* between two reports of progress */
    GROUPS = 1 << 12, /* ranges of ids that are counted */
    SLICE = 1 << 17,  /* elements copied at once */
    KEY_BYTES = 16    /* of a key, and the scratch of its sort */
};

typedef struct builder {
    gv_context *ctx;
    const gv_edge_stream *s;
    int64_t first; /* task of the running round */

    _Atomic uint64_t *seen; /* [words], ids that occur */
    int32_t *rank;          /* [words + 1], nodes before a word */
    int64_t words, n;       /* n: nodes */
    int32_t bits;           /* of a node */
    int32_t group_shift;    /* an id's group */
    _Atomic int64_t *edges_of;      /* [groups], edges by group of their source; later of targets */
    int64_t groups;

    uint64_t *key;      /* [room] of the running range */
    int64_t room;       /* most keys of a range */
    _Atomic int64_t at; /* keys so far */
    int64_t low, high;  /* the range, of ids or of nodes */
    _Atomic int64_t loops;

    int64_t *indptr; /* [n + 1] */
    int64_t m;
    gv_output rows; /* targets by source, then mapped: */
    const gv_node *target;
    gv_build_info info;
} builder;

static int64_t node_of(const builder *b, int64_t id)
{
    const uint64_t below = (UINT64_C(1) << (id & 63)) - 1;
    return b->rank[id >> 6] + __builtin_popcountll(b->seen[id >> 6] & below);
}

/* Runs tasks [0, n_tasks) in rounds. */
static gv_status run_tasks(builder *b, int64_t n_tasks, void (*task)(void *, int64_t),
                           const char *stage, gv_error *err)
{
    gv_status st = GV_OK;
    for (b->first = 0; st == GV_OK && b->first < n_tasks; b->first += TASKS) {
        const int64_t left = n_tasks - b->first;
        gv_parallel_for(b->ctx, left < TASKS ? left : TASKS, task, b);
        st = gv_progress(b->ctx, stage, left < TASKS ? n_tasks : b->first + TASKS, n_tasks, err);
    }
    return st;
}

/* The edges of run `at` of a task; how many. */
static int64_t make_run(const builder *b, int64_t task, int64_t at, int64_t *src, int64_t *dst)
{
    const int64_t first = (b->first + task) * TASK + at, left = b->s->n_edges - first;
    const int64_t n = left < RUN ? left : RUN;
    if (n > 0)
        b->s->fill(b->s, first, n, src, dst);
    return n > 0 ? n : 0;
}

/* ---- ids ------------------------------------------------------------------------------------ */

/* A bit that is set already costs a look; the order in which bits are set does not matter. */
static void mark(builder *b, int64_t id)
{
    const uint64_t bit = UINT64_C(1) << (id & 63);
    _Atomic uint64_t *word = &b->seen[id >> 6];
    if ((atomic_load_explicit(word, memory_order_relaxed) & bit) == 0)
        atomic_fetch_or_explicit(word, bit, memory_order_relaxed);
}

static void look_task(void *arg, int64_t task)
{
    builder *b = arg;
    int64_t src[RUN], dst[RUN], loops = 0;
    int32_t count[GROUPS] = {0};
    for (int64_t at = 0; at < TASK; at += RUN) {
        const int64_t n = make_run(b, task, at, src, dst);
        for (int64_t i = 0; i < n; i++) {
            mark(b, src[i]);
            mark(b, dst[i]);
            loops += src[i] == dst[i];
            count[src[i] >> b->group_shift] += src[i] != dst[i];
            if (b->s->undirected)
                count[dst[i] >> b->group_shift] += src[i] != dst[i];
        }
    }
    b->loops += loops;
    for (int64_t g = 0; g < b->groups; g++) /* integers: any order gives the same sums */
        if (count[g] > 0)
            b->edges_of[g] += count[g];
}

static gv_status look(builder *b, gv_error *err)
{
    b->words = (b->s->n_ids + 63) / 64;
    while (b->s->n_ids >> b->group_shift > GROUPS)
        b->group_shift++;
    b->groups = (b->s->n_ids >> b->group_shift) + 1;
    if (b->groups > GROUPS)
        b->groups = GROUPS;
    b->seen = gv_alloc_zero(b->ctx, b->words, sizeof *b->seen);
    b->rank = gv_alloc(b->ctx, b->words + 1, sizeof *b->rank);
    b->edges_of = gv_alloc_zero(b->ctx, b->groups, sizeof *b->edges_of);
    if (b->seen == NULL || b->rank == NULL || b->edges_of == NULL)
        return gv_no_memory(b->ctx, "ids", err);
    const gv_status st =
        run_tasks(b, (b->s->n_edges + TASK - 1) / TASK, look_task, "find ids", err);
    int32_t n = 0;
    for (int64_t w = 0; w < b->words; w++) {
        b->rank[w] = n;
        n += __builtin_popcountll(b->seen[w]);
    }
    b->rank[b->words] = n;
    b->n = n;
    while (b->n >> b->bits > 0)
        b->bits++;
    b->info.self_loops = b->loops;
    return st;
}

/* ---- a range of keys ------------------------------------------------------------------------ */

/* Keys in the order of (row, column). */
static uint64_t key_of(const builder *b, int64_t row, int64_t column)
{
    return (uint64_t)row << b->bits | (uint64_t)column;
}

/* Hands a thread's keys over; their places do not matter, since they are sorted. */
static void hand_over(builder *b, const uint64_t *key, int64_t n)
{
    const int64_t at = atomic_fetch_add(&b->at, n);
    memcpy(b->key + at, key, (size_t)n * sizeof *key);
}

/* Rounds down to what half of the memory that is left can sort at once. */
static gv_status make_room(builder *b, int64_t edges, gv_error *err)
{
    const int64_t limit = b->ctx->memory_limit, left = limit - b->ctx->memory_used;
    const int64_t bytes = limit > 0 ? left / 10 * 8 : INT64_C(4) << 30;
    int64_t most = 0;
    for (int64_t g = 0; g < b->groups; g++)
        most = b->edges_of[g] > most ? b->edges_of[g] : most;
    b->room = bytes / KEY_BYTES;
    b->room = b->room < most ? most : b->room; /* a group is never cut */
    b->room = b->room < edges ? b->room : edges;
    b->key = gv_alloc(b->ctx, b->room, sizeof *b->key);
    return b->key == NULL ? gv_no_memory(b->ctx, "edges", err) : GV_OK;
}

/* The groups after `first` that fit together; *edges in them. */
static int64_t next_range(const builder *b, int64_t first, int64_t *edges)
{
    int64_t g = first;
    *edges = 0;
    while (g < b->groups && *edges + b->edges_of[g] <= b->room)
        *edges += b->edges_of[g++];
    return g;
}

static int64_t drop_repeats(uint64_t *key, int64_t n)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (i == 0 || key[i] != key[i - 1])
            key[kept++] = key[i];
    return kept;
}

/* ---- rows by source ------------------------------------------------------------------------- */

static void collect_task(void *arg, int64_t task)
{
    builder *b = arg;
    int64_t src[RUN], dst[RUN];
    uint64_t key[2 * RUN];
    for (int64_t at = 0; at < TASK; at += RUN) {
        const int64_t n = make_run(b, task, at, src, dst);
        int64_t kept = 0;
        for (int64_t i = 0; i < n; i++) {
            if (src[i] == dst[i])
                continue;
            if (src[i] >= b->low && src[i] < b->high)
                key[kept++] = key_of(b, node_of(b, src[i]), node_of(b, dst[i]));
            if (b->s->undirected && dst[i] >= b->low && dst[i] < b->high)
                key[kept++] = key_of(b, node_of(b, dst[i]), node_of(b, src[i]));
        }
        hand_over(b, key, kept);
    }
}

/* Sorted keys to columns behind those that are there; row lengths into indptr. */
static gv_status put_rows(builder *b, int64_t n, gv_error *err)
{
    const uint64_t mask = (UINT64_C(1) << b->bits) - 1;
    gv_node *column = gv_alloc(b->ctx, SLICE, sizeof *column);
    gv_status st = column == NULL ? gv_no_memory(b->ctx, "edges", err) : GV_OK;
    for (int64_t i = 0; st == GV_OK && i < n; i += SLICE) {
        const int64_t count = n - i < SLICE ? n - i : SLICE;
        for (int64_t k = 0; k < count; k++) {
            b->indptr[b->key[i + k] >> b->bits]++;
            column[k] = (gv_node)(b->key[i + k] & mask);
        }
        st = gv_output_write(&b->rows, (b->m + i) * (int64_t)sizeof *column, column,
                             count * (int64_t)sizeof *column, "edges by source", err);
    }
    b->m += n;
    gv_free(b->ctx, column);
    return st;
}

static gv_status build_range(builder *b, int64_t edges, gv_error *err)
{
    b->at = 0;
    gv_status st =
        run_tasks(b, (b->s->n_edges + TASK - 1) / TASK, collect_task, "collect edges", err);
    if (st == GV_OK)
        st = gv_sort_keys(b->ctx, b->key, edges, err);
    return st == GV_OK ? put_rows(b, drop_repeats(b->key, edges), err) : st;
}

static gv_status build_out(builder *b, gv_error *err)
{
    int64_t total = 0, edges = 0, read = 0;
    for (int64_t g = 0; g < b->groups; g++)
        total += b->edges_of[g];
    b->indptr = gv_alloc_zero(b->ctx, b->n + 1, sizeof *b->indptr);
    if (b->indptr == NULL)
        return gv_no_memory(b->ctx, "edges", err);
    gv_status st = make_room(b, total, err);
    for (int64_t g = 0; st == GV_OK && g < b->groups;) {
        const int64_t end = next_range(b, g, &edges);
        b->low = g << b->group_shift;
        b->high = end << b->group_shift;
        st = build_range(b, edges, err);
        read += edges;
        g = end;
    }
    gv_free(b->ctx, b->key);
    b->key = NULL;
    gv_prefix_sum(b->indptr, b->n);
    b->info.duplicates = (read - b->m) / (b->s->undirected ? 2 : 1);
    return st;
}

/* ---- the graph file ------------------------------------------------------------------------- */

static gv_status put_ids(builder *b, gv_graph_writer *w, gv_error *err)
{
    int64_t *id = gv_alloc(b->ctx, SLICE, sizeof *id), n = 0;
    gv_status st = id == NULL ? gv_no_memory(b->ctx, "ids", err) : GV_OK;
    for (int64_t word = 0; st == GV_OK && word < b->words; word++) {
        for (uint64_t left = b->seen[word]; left != 0; left &= left - 1)
            id[n++] = word << 6 | __builtin_ctzll(left);
        if (n > SLICE - 64 || word + 1 == b->words) {
            st = gv_graph_writer_append(w, GV_ARRAY_IDS, id, n, err);
            n = 0;
        }
    }
    gv_free(b->ctx, id);
    return st;
}

static gv_status map_rows(builder *b, gv_error *err)
{
    if (b->m == 0)
        return GV_OK;
    void *base = mmap(NULL, (size_t)b->m * sizeof(gv_node), PROT_READ, MAP_SHARED, b->rows.fd, 0);
    if (base == MAP_FAILED)
        return gv_fail(err, GV_ERR_SYSTEM, "%s: cannot be mapped: %s", b->rows.path,
                       strerror(errno));
    b->target = base;
    return GV_OK;
}

/* The row of the edge at `at`: the last one that begins there or before. */
static int64_t row_at(const builder *b, int64_t at)
{
    int64_t lo = 0;
    for (int64_t hi = b->n; hi - lo > 1;) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (b->indptr[mid] <= at)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static void count_targets(void *arg, int64_t task)
{
    builder *b = arg;
    int32_t count[GROUPS] = {0};
    const int64_t first = (b->first + task) * TASK;
    for (int64_t e = first; e < first + TASK && e < b->m; e++)
        count[b->target[e] >> b->group_shift]++;
    for (int64_t g = 0; g < b->groups; g++)
        if (count[g] > 0)
            b->edges_of[g] += count[g];
}

static void turn_task(void *arg, int64_t task)
{
    builder *b = arg;
    uint64_t key[RUN];
    const int64_t first = (b->first + task) * TASK;
    const int64_t end = first + TASK < b->m ? first + TASK : b->m;
    int64_t row = row_at(b, first), kept = 0;
    for (int64_t e = first; e < end; e++) {
        const gv_node v = b->target[e];
        while (b->indptr[row + 1] <= e)
            row++;
        if (v < b->low || v >= b->high)
            continue;
        key[kept++] = key_of(b, v, row);
        if (kept == RUN) {
            hand_over(b, key, kept);
            kept = 0;
        }
    }
    hand_over(b, key, kept);
}

/* Sorted keys to /in: offsets of the range's rows, and their sources. */
static gv_status put_in(builder *b, gv_graph_writer *w, int64_t edges, int64_t *begin,
                        gv_error *err)
{
    int64_t *offset = gv_alloc(b->ctx, SLICE, sizeof *offset);
    const uint64_t mask = (UINT64_C(1) << b->bits) - 1;
    gv_node *column = gv_alloc(b->ctx, SLICE, sizeof *column);
    gv_status st = GV_OK;
    if (offset == NULL || column == NULL)
        st = gv_no_memory(b->ctx, "edges", err);
    for (int64_t i = 0; st == GV_OK && i < edges; i += SLICE) {
        const int64_t count = edges - i < SLICE ? edges - i : SLICE;
        for (int64_t k = 0; k < count; k++)
            column[k] = (gv_node)(b->key[i + k] & mask);
        st = gv_graph_writer_append(w, GV_ARRAY_IN_INDICES, column, count, err);
    }
    int64_t at = 0;
    for (int64_t v = b->low; st == GV_OK && v < b->high; v += SLICE) {
        const int64_t count = b->high - v < SLICE ? b->high - v : SLICE;
        for (int64_t k = 0; k < count; k++) {
            offset[k] = *begin + at;
            while (at < edges && (int64_t)(b->key[at] >> b->bits) == v + k)
                at++;
        }
        st = gv_graph_writer_append(w, GV_ARRAY_IN_INDPTR, offset, count, err);
    }
    *begin += edges;
    gv_free(b->ctx, column);
    gv_free(b->ctx, offset);
    return st;
}

static gv_status build_in(builder *b, gv_graph_writer *w, gv_error *err)
{
    const int64_t tasks = (b->m + TASK - 1) / TASK;
    int64_t begin = 0, edges = 0;
    for (int64_t g = 0; g < b->groups; g++)
        b->edges_of[g] = 0;
    gv_status st = run_tasks(b, tasks, count_targets, "count targets", err);
    if (st == GV_OK)
        st = make_room(b, b->m, err);
    for (int64_t g = 0; st == GV_OK && g < b->groups;) {
        const int64_t end = next_range(b, g, &edges);
        b->low = g << b->group_shift;
        b->high = end << b->group_shift;
        b->low = b->low < b->n ? b->low : b->n;
        b->high = b->high < b->n ? b->high : b->n;
        b->at = 0;
        st = run_tasks(b, tasks, turn_task, "turn edges", err);
        if (st == GV_OK)
            st = gv_sort_keys(b->ctx, b->key, edges, err);
        if (st == GV_OK)
            st = put_in(b, w, edges, &begin, err);
        g = end;
    }
    return st == GV_OK ? gv_graph_writer_append(w, GV_ARRAY_IN_INDPTR, &b->m, 1, err) : st;
}

static gv_status write_graph(builder *b, const char *path, bool overwrite, gv_error *err)
{
    gv_graph_writer *w;
    const gv_graph_plan plan = {
        .n_nodes = b->n, .n_edges = b->m, .directed = !b->s->undirected, .id_kind = GV_ID_INT};
    gv_status st = map_rows(b, err);
    if (st == GV_OK)
        st = gv_graph_writer_create(b->ctx, path, overwrite, &plan, &w, err);
    if (st != GV_OK)
        return st;
    st = put_ids(b, w, err);
    if (st == GV_OK)
        st = gv_graph_writer_append(w, GV_ARRAY_OUT_INDPTR, b->indptr, b->n + 1, err);
    if (st == GV_OK)
        st = gv_graph_writer_append(w, GV_ARRAY_OUT_INDICES, b->target, b->m, err);
    if (st == GV_OK && plan.directed)
        st = build_in(b, w, err);
    if (st == GV_OK)
        return gv_graph_writer_commit(&w, NULL, err);
    gv_graph_writer_discard(w);
    return st;
}

/* A file in `tmpdir`, or beside `path`, whose name is gone at once. */
static gv_status open_rows(builder *b, const char *path, const char *tmpdir, gv_error *err)
{
    char name[4096];
    const char *last = strrchr(path, '/');
    const int n = tmpdir == NULL ? snprintf(name, sizeof name, "%s.rows", path)
                                 : snprintf(name, sizeof name, "%s/%s.%ld.rows", tmpdir,
                                            last != NULL ? last + 1 : path, (long)getpid());
    if (n < 0 || n >= (int)sizeof name)
        return gv_fail(err, GV_ERR_CREATE, "%.64s...: the path is too long", path);
    const gv_status st = gv_output_begin(b->ctx, name, true, &b->rows, err);
    if (st == GV_OK)
        unlink(b->rows.part);
    return st;
}

static void release(builder *b)
{
    if (b->target != NULL)
        munmap((void *)b->target, (size_t)b->m * sizeof(gv_node));
    gv_output_discard(&b->rows);
    gv_free(b->ctx, b->indptr);
    gv_free(b->ctx, b->key);
    gv_free(b->ctx, (void *)b->edges_of);
    gv_free(b->ctx, b->rank);
    gv_free(b->ctx, (void *)b->seen);
}

GV_API gv_status gv_edges_write_graph(gv_context *ctx, const gv_edge_stream *stream,
                                      const char *path, const char *tmpdir, bool overwrite,
                                      gv_build_info *info, gv_error *err)
{
    builder b = {.ctx = ctx, .s = stream};
    if (!overwrite && access(path, F_OK) == 0)
        return gv_fail(err, GV_ERR_CREATE, "%s: exists already and may not be overwritten", path);
    gv_status st = open_rows(&b, path, tmpdir, err);
    if (st == GV_OK)
        st = look(&b, err);
    if (st == GV_OK)
        st = build_out(&b, err);
    if (st == GV_OK)
        st = write_graph(&b, path, overwrite, err);
    if (st == GV_OK && info != NULL)
        *info = b.info;
    release(&b);
    return st;
}
