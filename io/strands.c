/* strands.c -- see strands.h. A short lock guards the store; it is taken once an extent, that is
 * once in some thousand items. */
#define _GNU_SOURCE
#include "io/strands.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "io/spill.h"

enum { SLAB = 16 << 20, NONE = -1 };

/* ---- the store ------------------------------------------------------------------------------- */

static void lock(gv_extents *x)
{
    while (atomic_flag_test_and_set_explicit(&x->busy, memory_order_acquire))
        sched_yield();
}

static void unlock(gv_extents *x)
{
    atomic_flag_clear_explicit(&x->busy, memory_order_release);
}

void gv_extents_begin(gv_context *ctx, const char *folder, int64_t bytes, int64_t cap,
                      gv_extents *x)
{
    memset(x, 0, sizeof *x);
    x->ctx = ctx;
    x->folder = folder;
    x->bytes = bytes;
    x->cap = cap;
    atomic_flag_clear(&x->busy);
    x->free_record = x->free_place = NONE;
    x->fd = NONE;
}

void gv_extents_end(gv_extents *x)
{
    for (int32_t i = 0; i < x->n_slabs; i++)
        gv_free(x->ctx, x->slab[i].memory);
    for (int32_t i = 0; i * GV_EXTENT_TABLE < x->n_records; i++)
        gv_free(x->ctx, x->table[i]);
    if (x->fd >= 0)
        close(x->fd);
    x->n_slabs = x->n_records = 0;
    x->fd = NONE;
}

static gv_extent *extent(const gv_extents *x, int32_t id)
{
    return &x->table[id / GV_EXTENT_TABLE][id % GV_EXTENT_TABLE];
}

/* The functions up to the next line want the lock. */

static int32_t new_record(gv_extents *x)
{
    if (x->free_record != NONE) {
        const int32_t id = x->free_record;
        x->free_record = extent(x, id)->next;
        return id;
    }
    const int32_t table = x->n_records / GV_EXTENT_TABLE;
    if (x->n_records % GV_EXTENT_TABLE == 0) {
        if (table == GV_EXTENT_TABLES)
            return NONE;
        x->table[table] = gv_alloc(x->ctx, GV_EXTENT_TABLE, sizeof(gv_extent));
        if (x->table[table] == NULL)
            return NONE;
    }
    return x->n_records++;
}

static void free_record(gv_extents *x, int32_t id)
{
    int32_t *chain = extent(x, id)->offset >= 0 ? &x->free_place : &x->free_record;
    extent(x, id)->memory = NULL;
    extent(x, id)->next = *chain;
    *chain = id;
}

/* One more slab, of as many extents as the cap lets it have. */
static bool new_slab(gv_extents *x, int64_t least)
{
    const int64_t most = SLAB / x->bytes, left = x->cap - x->n_memory;
    int64_t n = x->n_memory / 16 > most ? x->n_memory / 16 : most;
    if (x->n_slabs < 6) /* small graphs take little */
        n = most >> (6 - x->n_slabs);
    n = n < least ? least : n;
    n = n < left ? n : left;
    if (n < 1 || x->n_slabs == GV_EXTENT_SLABS)
        return false;
    char *slab = gv_alloc(x->ctx, (n + 1) * x->bytes, 1);
    if (slab == NULL)
        return false;
    const uintptr_t on = ((uintptr_t)slab + (uintptr_t)x->bytes - 1) & ~((uintptr_t)x->bytes - 1);
    x->slab[x->n_slabs++] = (gv_slab){slab, slab + (on - (uintptr_t)slab), n};
    x->n_memory += n;
    x->n_free += n;
    return true;
}

bool gv_extents_promise(gv_extents *x, int64_t n)
{
    const int64_t more = x->promised + n - x->n_free;
    if (more > 0 && (!new_slab(x, more) || x->promised + n > x->n_free))
        return false;
    x->promised += n;
    return true;
}

/* The last slab that has extents never used; there is one. */
static char *take_fresh(gv_extents *x)
{
    gv_slab *slab = &x->slab[x->n_slabs - 1];
    while (slab->left == 0)
        slab--;
    char *memory = slab->next;
    slab->next += x->bytes;
    slab->left--;
    return memory;
}

/* `spare` extents are left beside those that are promised. */
static char *take_memory(gv_extents *x, int64_t spare)
{
    char *memory = x->free_memory;
    if (x->n_free <= x->promised + spare && (!new_slab(x, 1) || x->n_free <= x->promised + spare))
        return NULL;
    x->n_free--;
    if (memory == NULL)
        return take_fresh(x);
    memcpy(&x->free_memory, memory, sizeof x->free_memory);
    return memory;
}

/* For a strand that has none yet. */
static char *take_promised(gv_extents *x)
{
    x->promised -= x->promised > 0;
    return take_memory(x, 0);
}

static void give_memory(gv_extents *x, char *memory)
{
    memcpy(memory, &x->free_memory, sizeof x->free_memory);
    x->free_memory = memory;
    x->n_free++;
}

static gv_status open_file(gv_extents *x, gv_error *err)
{
    if (x->folder == NULL)
        return gv_no_memory(x->ctx, "import", err);
    return x->fd >= 0 ? GV_OK : gv_spill_file(x->ctx, x->folder, &x->fd, err);
}

/* A place in the file for the extent. */
static void take_place(gv_extents *x, int32_t id)
{
    if (x->free_place != NONE) {
        const int32_t other = x->free_place;
        x->free_place = extent(x, other)->next;
        extent(x, id)->offset = extent(x, other)->offset;
        extent(x, other)->offset = NONE;
        free_record(x, other);
        return;
    }
    extent(x, id)->offset = x->file_bytes;
    x->file_bytes += x->bytes;
}

/* ---------------------------------------------------------------------------------------------- */

/* An extent in memory, the first of its strand or one that leaves `spare` others; or NONE. */
static int32_t new_extent(gv_extents *x, bool first, int64_t spare)
{
    lock(x);
    char *memory = first ? take_promised(x) : take_memory(x, spare);
    const int32_t id = memory != NULL ? new_record(x) : NONE;
    if (id != NONE)
        *extent(x, id) = (gv_extent){memory, NONE, NONE};
    else if (memory != NULL)
        give_memory(x, memory);
    unlock(x);
    return id;
}

/* The last extent of a strand that came to others is promised to it again. */
static void drop_extent(gv_extents *x, int32_t id, bool promised)
{
    lock(x);
    x->promised += promised;
    if (extent(x, id)->memory != NULL)
        give_memory(x, extent(x, id)->memory);
    free_record(x, id);
    unlock(x);
}

static gv_status write_file(const gv_extents *x, int64_t offset, const char *data, int64_t bytes,
                            gv_error *err)
{
    while (bytes > 0) {
        const ssize_t n = pwrite(x->fd, data, (size_t)bytes, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return gv_fail(err, GV_ERR_IO, "%s: writing temporary data failed: %s", x->folder,
                           strerror(n < 0 ? errno : ENOSPC));
        data += n, offset += n, bytes -= n;
    }
    return GV_OK;
}

static gv_status read_file(const gv_extents *x, int64_t offset, char *to, int64_t bytes,
                           gv_error *err)
{
    while (bytes > 0) {
        const ssize_t n = pread(x->fd, to, (size_t)bytes, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return gv_fail(err, GV_ERR_IO, "%s: reading temporary data failed: %s", x->folder,
                           n < 0 ? strerror(errno) : "they end too early");
        to += n, offset += n, bytes -= n;
    }
    return GV_OK;
}

/* A new extent in the file that holds `data`. */
static gv_status put_in_file(gv_extents *x, const char *data, int64_t bytes, int32_t *id,
                             gv_error *err)
{
    lock(x);
    gv_status st = open_file(x, err);
    *id = st == GV_OK ? new_record(x) : NONE;
    if (*id != NONE) {
        *extent(x, *id) = (gv_extent){NULL, NONE, NONE};
        take_place(x, *id);
    } else if (st == GV_OK) {
        st = gv_no_memory(x->ctx, "import", err);
    }
    const int64_t offset = *id != NONE ? extent(x, *id)->offset : 0;
    unlock(x);
    return st == GV_OK ? write_file(x, offset, data, bytes, err) : st;
}

/* ---- strands --------------------------------------------------------------------------------- */

gv_status gv_strands_begin(gv_extents *from, int64_t lanes, int64_t buckets, gv_strands *s,
                           gv_error *err)
{
    gv_context *ctx = from->ctx;
    const int64_t n = lanes * buckets;
    *s = (gv_strands){.from = from, .lanes = lanes, .buckets = buckets};
    s->at = gv_alloc_zero(ctx, n, sizeof(uint64_t *));
    s->first = gv_alloc(ctx, n, sizeof *s->first);
    s->last = gv_alloc(ctx, n, sizeof *s->last);
    s->bytes = gv_alloc_zero(ctx, n, sizeof *s->bytes);
    s->status = gv_alloc_zero(ctx, lanes, sizeof *s->status);
    s->err = gv_alloc(ctx, lanes, sizeof *s->err);
    s->waste = gv_alloc_zero(ctx, lanes, sizeof *s->waste);
    if (s->at == NULL || s->first == NULL || s->last == NULL || s->bytes == NULL ||
        s->status == NULL || s->err == NULL || s->waste == NULL)
        return gv_no_memory(ctx, "import", err);
    for (int64_t i = 0; i < lanes; i++)
        if ((s->waste[i] = gv_alloc(ctx, 2 * from->bytes, 1)) == NULL)
            return gv_no_memory(ctx, "import", err);
    memset(s->first, NONE, (size_t)n * sizeof *s->first);
    memset(s->last, NONE, (size_t)n * sizeof *s->last);
    return GV_OK;
}

/* Extents are not given back one by one: their store ends with the strands. */
void gv_strands_end(gv_strands *s)
{
    if (s->from == NULL)
        return;
    gv_context *ctx = s->from->ctx;
    for (int64_t i = 0; s->waste != NULL && i < s->lanes; i++)
        gv_free(ctx, s->waste[i]);
    gv_free(ctx, s->at);
    gv_free(ctx, s->first);
    gv_free(ctx, s->last);
    gv_free(ctx, s->bytes);
    gv_free(ctx, s->status);
    gv_free(ctx, s->err);
    gv_free(ctx, s->waste);
    *s = (gv_strands){0};
}

static void append(gv_strands *s, int64_t strand, int32_t id)
{
    if (s->last[strand] == NONE)
        s->first[strand] = id;
    else
        extent(s->from, s->last[strand])->next = id;
    s->last[strand] = id;
}

static char *aligned(const gv_extents *x, char *block)
{
    const uintptr_t at = ((uintptr_t)block + (uintptr_t)x->bytes - 1) & ~((uintptr_t)x->bytes - 1);
    return block + (at - (uintptr_t)block);
}

/* The bytes of a full last extent go to the file, and its memory to the one behind it. */
static gv_status move_on(gv_strands *s, int64_t strand, gv_error *err)
{
    gv_extents *x = s->from;
    const int32_t full = s->last[strand];
    lock(x);
    gv_status st = open_file(x, err);
    const int32_t id = st == GV_OK ? new_record(x) : NONE;
    if (id != NONE)
        take_place(x, full);
    else if (st == GV_OK)
        st = gv_no_memory(x->ctx, "import", err);
    unlock(x);
    if (st != GV_OK)
        return st;
    char *memory = extent(x, full)->memory;
    *extent(x, id) = (gv_extent){memory, NONE, NONE};
    extent(x, full)->memory = NULL;
    append(s, strand, id);
    return write_file(x, extent(x, full)->offset, memory, x->bytes, err);
}

uint64_t *gv_strands_more(gv_strands *s, int64_t lane, int64_t bucket)
{
    gv_extents *x = s->from;
    const int64_t strand = lane * s->buckets + bucket;
    gv_error err;
    gv_status st = s->status[lane];
    if (st == GV_OK) {
        const int32_t id = new_extent(x, s->last[strand] == NONE, 0);
        if (id != NONE)
            append(s, strand, id);
        else if (s->last[strand] != NONE)
            st = move_on(s, strand, &err);
        else
            st = gv_no_memory(x->ctx, "import", &err);
        if (st != GV_OK)
            s->status[lane] = st, s->err[lane] = err;
    }
    if (st != GV_OK)
        return (uint64_t *)(void *)aligned(x, s->waste[lane]);
    s->bytes[strand] += s->at[strand] != NULL ? x->bytes : 0;
    return (uint64_t *)(void *)extent(x, s->last[strand])->memory;
}

gv_status gv_strands_status(const gv_strands *s, gv_error *err)
{
    for (int64_t lane = 0; lane < s->lanes; lane++)
        if (s->status[lane] != GV_OK)
            return gv_fail(err, s->status[lane], "%s", s->err[lane].message);
    return GV_OK;
}

/* Bytes of the last extent. */
static int64_t tail_bytes(const gv_strands *s, int64_t strand)
{
    if (s->last[strand] == NONE)
        return 0;
    return (const char *)s->at[strand] - extent(s->from, s->last[strand])->memory;
}

/* ---- joining --------------------------------------------------------------------------------- */

static void clear(gv_strands *s, int64_t strand)
{
    s->at[strand] = NULL;
    s->first[strand] = s->last[strand] = NONE;
    s->bytes[strand] = 0;
}

/* Takes the last extent off a strand; what stays is full. */
static int32_t cut_tail(gv_strands *s, int64_t strand)
{
    const int32_t tail = s->last[strand];
    int32_t before = NONE;
    for (int32_t id = s->first[strand]; id != tail; id = extent(s->from, id)->next)
        before = id;
    if (before == NONE)
        s->first[strand] = NONE;
    else
        extent(s->from, before)->next = NONE;
    s->last[strand] = before;
    return tail;
}

static void move(gv_strands *s, int64_t to, int64_t from)
{
    s->at[to] = s->at[from];
    s->first[to] = s->first[from], s->last[to] = s->last[from];
    s->bytes[to] = s->bytes[from];
    clear(s, from);
}

/* The full extents of strand b are put in front of strand a, and its last items behind it: only the
 * last extent of a strand is not full. */
static void join(gv_strands *s, int64_t lane, int64_t a, int64_t b)
{
    const int64_t x = lane * s->buckets + a, y = lane * s->buckets + b;
    if (s->last[x] == NONE) {
        move(s, x, y);
        return;
    }
    if (s->last[y] == NONE)
        return;
    const int64_t items = tail_bytes(s, y) / (int64_t)sizeof(uint64_t);
    const int32_t tail = cut_tail(s, y);
    if (s->last[y] != NONE) {
        extent(s->from, s->last[y])->next = s->first[x];
        s->first[x] = s->first[y];
        s->bytes[x] += s->bytes[y];
    }
    clear(s, y);
    const uint64_t *item = (const uint64_t *)(const void *)extent(s->from, tail)->memory;
    const gv_lane l = gv_lane_of(s, lane);
    for (int64_t i = 0; i < items; i++)
        gv_lane_put(&l, (uint64_t)a, item[i]);
    drop_extent(s->from, tail, s->from->cap < INT64_MAX);
}

gv_status gv_strands_join(gv_strands *s, gv_error *err)
{
    for (int64_t lane = 0; lane < s->lanes; lane++)
        for (int64_t b = 0; b < s->buckets; b++) {
            if (b % 2 == 1)
                join(s, lane, b / 2, b);
            else if (b > 0)
                move(s, lane * s->buckets + b / 2, lane * s->buckets + b);
        }
    return gv_strands_status(s, err);
}

/* ---- sealed strands -------------------------------------------------------------------------- */

void gv_strands_seal(gv_strands *s)
{
    for (int64_t i = 0; i < s->lanes * s->buckets; i++)
        s->bytes[i] += tail_bytes(s, i);
}

int64_t gv_strands_bytes(const gv_strands *s, int64_t bucket)
{
    int64_t bytes = 0;
    for (int64_t lane = 0; lane < s->lanes; lane++)
        bytes += s->bytes[lane * s->buckets + bucket];
    return bytes;
}

gv_status gv_strands_put_all(gv_strands *s, int64_t lane, int64_t bucket, const void *data,
                             int64_t bytes, int64_t spare, gv_error *err)
{
    gv_extents *x = s->from;
    const int64_t strand = lane * s->buckets + bucket;
    const char *from = data;
    gv_status st = GV_OK;
    for (int64_t n; st == GV_OK && bytes > 0; from += n, bytes -= n) {
        n = bytes < x->bytes ? bytes : x->bytes;
        int32_t id = new_extent(x, false, spare);
        if (id != NONE)
            memcpy(extent(x, id)->memory, from, (size_t)n);
        else
            st = put_in_file(x, from, n, &id, err);
        if (id != NONE) {
            append(s, strand, id);
            s->bytes[strand] += n;
        }
    }
    return st;
}

void gv_walk_begin(gv_strands *s, int64_t lane, int64_t bucket, bool drop, char *room, gv_walk *w)
{
    const int64_t strand = lane * s->buckets + bucket;
    *w = (gv_walk){.s = s,
                   .strand = strand,
                   .left = s->bytes[strand],
                   .extent = NONE,
                   .drop = drop,
                   .room = room};
}

gv_status gv_walk_on(gv_walk *w, gv_error *err)
{
    gv_extents *x = w->s->from;
    const int32_t behind = w->extent;
    w->extent = behind == NONE ? w->s->first[w->strand] : extent(x, behind)->next;
    if (w->drop && behind != NONE)
        drop_extent(x, behind, false);
    if (w->drop)
        w->s->first[w->strand] = w->extent;
    w->bytes = w->left < x->bytes ? w->left : x->bytes;
    w->left -= w->bytes;
    if (w->bytes == 0)
        return GV_OK;
    const gv_extent *e = extent(x, w->extent);
    w->piece = e->memory != NULL ? e->memory : w->room;
    return e->memory != NULL ? GV_OK : read_file(x, e->offset, w->room, w->bytes, err);
}
