/* log_runs.c -- logs that do not fit in memory.
 *
 * As many rows as half the memory that is left can take are sorted as a log of their own: grouped
 * by the numbers that items and topics have so far, each group by time and user. Users and times of
 * such a run go to a temporary file, of which runs are parts; where its groups begin stays in
 * memory. When all rows are known, items and topics have their final numbers; groups are put in
 * their order, and those of one item and topic, one from each run, are merged. With topics from a
 * file a group of an item is merged once for each of them.
 *
 * Groups are merged side by side, each to a place of its own. Rows of equal time and user within a
 * group are equal as such, so the log is the same whatever the runs: that of a sort in memory. */
#define _GNU_SOURCE
#include "io/log_runs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "io/log_mix.h"
#include "io/spill.h"
#include "io/whole.h"

enum { TASKS = 64, MOST_WRITTEN = 1 << 30 };

gv_status gv_log_runs_begin(gv_log_reader *r, const gv_log_opts *o, gv_error *err)
{
    gv_context *ctx = r->ctx;
    if (o->rows_at_once < 0)
        return gv_fail(err, GV_ERR_RANGE, "log: %" PRId64 " rows at once is negative",
                       o->rows_at_once);
    gv_log_runs *runs = r->runs = gv_alloc_zero(ctx, 1, sizeof *runs);
    if (runs == NULL)
        return gv_no_memory(ctx, "log", err);
    const int64_t left = ctx->memory_limit - ctx->memory_used;
    runs->folder = o->tmpdir != NULL ? o->tmpdir : ".";
    runs->most = o->rows_at_once > 0      ? o->rows_at_once
                 : ctx->memory_limit == 0 ? INT64_MAX
                                          : gv_log_run_rows(left);
    runs->fd = -1;
    return GV_OK;
}

void gv_log_runs_end(gv_log_reader *r)
{
    gv_log_runs *runs = r->runs;
    if (runs == NULL)
        return;
    for (int64_t i = 0; i < runs->n; i++) {
        gv_log_free(runs->run[i].groups);
        gv_free(r->ctx, runs->run[i].item);
    }
    gv_free(r->ctx, runs->run);
    if (runs->fd >= 0)
        close(runs->fd);
    gv_free(r->ctx, runs);
    r->runs = NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static gv_status append(gv_log_runs *runs, const void *data, int64_t bytes, gv_error *err)
{
    const char *from = data;
    for (const int64_t end = runs->bytes + bytes; runs->bytes < end;) {
        const int64_t left = end - runs->bytes, some = left < MOST_WRITTEN ? left : MOST_WRITTEN;
        if (!gv_write_at(runs->fd, from, some, runs->bytes))
            return gv_fail(err, GV_ERR_IO,
                           "%s: writing temporary data failed after %" PRId64 " bytes: %s",
                           runs->folder, runs->bytes, strerror(errno));
        from += some;
        runs->bytes += some;
    }
    return GV_OK;
}

static gv_status new_run(gv_log_reader *r, gv_error *err)
{
    gv_log_runs *runs = r->runs;
    if (runs->n < runs->room)
        return GV_OK;
    const int64_t room = runs->room > 0 ? 2 * runs->room : 8;
    gv_log_run *moved = gv_realloc(r->ctx, runs->run, room, sizeof *moved);
    if (moved == NULL)
        return gv_no_memory(r->ctx, "log", err);
    runs->run = moved;
    runs->room = room;
    return GV_OK;
}

gv_status gv_log_runs_put(gv_log_reader *r, gv_error *err)
{
    static const char zeros[8] = {0};
    gv_log_runs *runs = r->runs;
    gv_log_run run = {.groups = NULL};
    const int32_t n_topics = r->mix != NULL || r->topics.n == 0 ? 1 : (int32_t)r->topics.n;
    gv_status st = runs->fd < 0 ? gv_spill_file(r->ctx, runs->folder, &runs->fd, err) : GV_OK;
    if (st == GV_OK)
        st = new_run(r, err);
    if (st != GV_OK)
        return st;
    st = gv_log_sort(r->ctx, r->lookup.g->n_nodes, r->user, r->item, r->topic, r->time, r->n,
                     n_topics, &run.groups, &run.item, err);
    if (st != GV_OK)
        return st;
    run.at = runs->bytes;
    st = append(runs, run.groups->user, 4 * r->n, err);
    if (st == GV_OK)
        st = append(runs, zeros, -runs->bytes & 7, err);
    if (st == GV_OK)
        st = append(runs, run.groups->time, 8 * r->n, err);
    gv_free(r->ctx, run.groups->user); /* now in the file */
    gv_free(r->ctx, run.groups->time);
    run.groups->user = NULL;
    run.groups->time = NULL;
    runs->run[runs->n++] = run;
    runs->rows += r->n;
    r->n = 0;
    return st;
}

/* ---- order of groups ------------------------------------------------------------------------- */

/* A group of a run, for one of its topics. */
typedef struct group {
    int64_t item; /* final numbers */
    int32_t topic, run;
    int64_t place; /* in the run */
} group;

/* Sorted rows of a group that are still to be merged. */
typedef struct sorted_rows {
    const gv_node *user;
    const int64_t *time;
    int64_t n;
} sorted_rows;

typedef struct merger {
    const gv_log_reader *r;
    const char *file; /* mapped */
    int64_t n_groups;
    group *group;     /* [n_groups] */
    gv_record *order; /* [n_groups]; values are places in `group` */
    int64_t n_items, n_rows;
    int64_t *begin;    /* [n_items + 1], of the groups of each item, in `order` */
    int64_t widest;    /* most groups of an item */
    sorted_rows *rows; /* [TASKS][widest] */
    gv_log *log;
} merger;

/* Topics of a run's group: entries [*first, *last) of the mix, or just one. */
static void topics_of(const gv_log_reader *r, const gv_log_run *run, int64_t a, int64_t *first,
                      int64_t *last)
{
    *first = r->mix != NULL ? r->mix->begin[run->item[a]] : 0;
    *last = r->mix != NULL ? r->mix->begin[run->item[a] + 1] : 1;
}

static int64_t count_groups(const gv_log_reader *r)
{
    int64_t n = 0, first, last;
    for (int64_t i = 0; i < r->runs->n; i++)
        for (int64_t a = 0; a < r->runs->run[i].groups->info.n_items; a++) {
            topics_of(r, &r->runs->run[i], a, &first, &last);
            n += last - first;
        }
    return n;
}

static void list_groups(merger *m, const int64_t *number, const int32_t *rank)
{
    const gv_log_reader *r = m->r;
    int64_t n = 0, first, last;
    for (int64_t i = 0; i < r->runs->n; i++) {
        const gv_log_run *run = &r->runs->run[i];
        for (int64_t a = 0; a < run->groups->info.n_items; a++) {
            topics_of(r, run, a, &first, &last);
            for (int64_t k = first; k < last; k++) {
                const int32_t topic =
                    r->mix != NULL ? r->mix->entry[k].topic : run->groups->item_topic[a];
                m->group[n++] =
                    (group){.item = number != NULL ? number[run->item[a]] : run->item[a],
                            .topic = rank[topic],
                            .run = (int32_t)i,
                            .place = a};
            }
        }
    }
}

/* By item and topic; the sort is stable, so topics come first. */
static gv_status sort_groups(merger *m, gv_error *err)
{
    for (int64_t i = 0; i < m->n_groups; i++)
        m->order[i] = (gv_record){(uint64_t)m->group[i].topic, (uint64_t)i};
    gv_status st = gv_sort_records(m->r->ctx, m->order, m->n_groups, err);
    for (int64_t i = 0; i < m->n_groups && st == GV_OK; i++)
        m->order[i].key = (uint64_t)m->group[m->order[i].value].item;
    return st == GV_OK ? gv_sort_records(m->r->ctx, m->order, m->n_groups, err) : st;
}

static const group *group_at(const merger *m, int64_t i)
{
    return &m->group[m->order[i].value];
}

static int64_t rows_of(const merger *m, const group *x)
{
    const int64_t *indptr = m->r->runs->run[x->run].groups->indptr;
    return indptr[x->place + 1] - indptr[x->place];
}

static bool begins(const merger *m, int64_t i)
{
    return i == 0 || group_at(m, i)->item != group_at(m, i - 1)->item ||
           group_at(m, i)->topic != group_at(m, i - 1)->topic;
}

static gv_status find_items(merger *m, gv_error *err)
{
    for (int64_t i = 0; i < m->n_groups; i++) {
        m->n_items += begins(m, i);
        m->n_rows += rows_of(m, group_at(m, i));
    }
    m->begin = gv_alloc(m->r->ctx, m->n_items + 1, sizeof *m->begin);
    if (m->begin == NULL)
        return gv_no_memory(m->r->ctx, "log", err);
    for (int64_t i = 0, a = 0; i < m->n_groups; i++)
        if (begins(m, i))
            m->begin[a++] = i;
    m->begin[m->n_items] = m->n_groups;
    for (int64_t a = 0; a < m->n_items; a++) /* more than one a run where names are equal numbers */
        if (m->begin[a + 1] - m->begin[a] > m->widest)
            m->widest = m->begin[a + 1] - m->begin[a];
    return GV_OK;
}

/* ---- merging --------------------------------------------------------------------------------- */

static bool before(const sorted_rows *a, const sorted_rows *b)
{
    return a->time[0] != b->time[0] ? a->time[0] < b->time[0] : a->user[0] < b->user[0];
}

/* Restores the heap below place i. */
static void sift(sorted_rows *heap, int64_t n, int64_t i)
{
    const sorted_rows moved = heap[i];
    for (int64_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &moved))
            break;
        heap[i] = heap[child];
    }
    heap[i] = moved;
}

static void merge_item(const merger *m, int64_t a, sorted_rows *heap)
{
    int64_t n = 0, to = m->log->indptr[a];
    for (int64_t i = m->begin[a]; i < m->begin[a + 1]; i++) {
        const group *x = group_at(m, i);
        const gv_log_run *run = &m->r->runs->run[x->run];
        const int64_t rows_in_run = run->groups->info.rows_kept, at = run->groups->indptr[x->place];
        const char *users = m->file + run->at, *times = users + ((4 * rows_in_run + 7) & ~7);
        heap[n++] =
            (sorted_rows){(const gv_node *)users + at, (const int64_t *)times + at, rows_of(m, x)};
    }
    for (int64_t i = n / 2 - 1; i >= 0; i--)
        sift(heap, n, i);
    while (n > 1) {
        m->log->user[to] = *heap[0].user++;
        m->log->time[to++] = *heap[0].time++;
        if (--heap[0].n == 0)
            heap[0] = heap[--n];
        sift(heap, n, 0);
    }
    memcpy(m->log->user + to, heap[0].user, (size_t)heap[0].n * sizeof *m->log->user);
    memcpy(m->log->time + to, heap[0].time, (size_t)heap[0].n * sizeof *m->log->time);
}

/* Items whose rows begin in a part of the log. */
static void merge_part(void *arg, int64_t part)
{
    const merger *m = arg;
    const int64_t rows = m->n_rows, first = rows / TASKS * part;
    const int64_t last = part == TASKS - 1 ? rows : rows / TASKS * (part + 1);
    int64_t lo = 0, hi = m->n_items;
    while (lo < hi) { /* the first item that begins at `first` or later */
        const int64_t mid = lo + (hi - lo) / 2;
        if (m->log->indptr[mid] < first)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (int64_t a = lo; a < m->n_items && m->log->indptr[a] < last; a++)
        merge_item(m, a, m->rows + part * m->widest);
}

/* A mapped file without a name; its room is taken at once, so that no write can fail later. */
static gv_status map_file(gv_context *ctx, const char *folder, int64_t bytes, void **out,
                          gv_error *err)
{
    int fd = -1;
    gv_status st = gv_spill_file(ctx, folder, &fd, err);
    if (st != GV_OK)
        return st;
    int why;
    do
        why = posix_fallocate(fd, 0, (off_t)bytes);
    while (why == EINTR);
    void *at = why == 0 ? mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                        : MAP_FAILED;
    if (at == MAP_FAILED)
        st = gv_fail(err, GV_ERR_IO, "%s: no room for %" PRId64 " bytes of temporary data: %s",
                     folder, bytes, strerror(why != 0 ? why : errno));
    else
        *out = at;
    close(fd);
    return st;
}

static gv_status begin_log(merger *m, const char *const *topic_name, gv_error *err)
{
    const gv_log_reader *r = m->r;
    gv_context *ctx = r->ctx;
    const int64_t bytes = gv_log_room(m->n_rows);
    void *mapping = NULL;
    gv_status st = GV_OK;
    if (bytes > 0)
        st = map_file(ctx, r->runs->folder, bytes, &mapping, err);
    if (st == GV_OK)
        st = gv_log_begin(ctx, r->lookup.g->n_nodes, m->n_rows, m->n_items, (int32_t)r->topics.n,
                          topic_name, mapping, &m->log, err);
    if (st != GV_OK && mapping != NULL)
        munmap(mapping, (size_t)bytes);
    if (st != GV_OK)
        return st;
    int64_t n_rows = 0;
    for (int64_t a = 0; a < m->n_items; a++) {
        const group *x = group_at(m, m->begin[a]);
        m->log->item_topic[a] = x->topic;
        m->log->item_key[a] = gv_log_item_key(x->item, m->log->topic_name[x->topic]);
        m->log->indptr[a] = n_rows;
        for (int64_t i = m->begin[a]; i < m->begin[a + 1]; i++)
            n_rows += rows_of(m, group_at(m, i));
    }
    m->log->indptr[m->n_items] = n_rows;
    return GV_OK;
}

static gv_status merge_all(merger *m, gv_error *err)
{
    const gv_log_runs *runs = m->r->runs;
    m->rows = gv_alloc(m->r->ctx, TASKS * m->widest, sizeof *m->rows);
    if (m->rows == NULL)
        return gv_no_memory(m->r->ctx, "log", err);
    void *file = runs->bytes > 0
                     ? mmap(NULL, (size_t)runs->bytes, PROT_READ, MAP_SHARED, runs->fd, 0)
                     : NULL;
    if (file == MAP_FAILED)
        return gv_fail(err, GV_ERR_IO, "%s: temporary data cannot be mapped: %s", runs->folder,
                       strerror(errno));
    m->file = file;
    gv_parallel_for(m->r->ctx, TASKS, merge_part, m);
    if (file != NULL)
        munmap(file, (size_t)runs->bytes);
    return gv_log_end(m->log, err);
}

gv_status gv_log_runs_merge(gv_log_reader *r, const int64_t *number, const int32_t *rank,
                            const char *const *topic_name, gv_log **out, gv_error *err)
{
    merger m = {.r = r, .n_groups = count_groups(r)};
    m.group = gv_alloc(r->ctx, m.n_groups, sizeof *m.group);
    m.order = gv_alloc(r->ctx, m.n_groups, sizeof *m.order);
    gv_status st = GV_OK;
    if (m.group == NULL || m.order == NULL)
        st = gv_no_memory(r->ctx, "log", err);
    if (st == GV_OK) {
        list_groups(&m, number, rank);
        st = sort_groups(&m, err);
    }
    if (st == GV_OK)
        st = find_items(&m, err);
    if (st == GV_OK)
        st = begin_log(&m, topic_name, err);
    if (st == GV_OK)
        st = merge_all(&m, err);
    gv_free(r->ctx, m.rows);
    gv_free(r->ctx, m.begin);
    gv_free(r->ctx, m.order);
    gv_free(r->ctx, m.group);
    if (st == GV_OK)
        *out = m.log;
    else
        gv_log_free(m.log);
    return st;
}
