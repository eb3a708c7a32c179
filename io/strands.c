/* strands.c -- see strands.h. The store is asked once an extent, that is once in some thousand
 * items. */
#include "io/strands.h"

#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"

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
    memset(s->first, GV_NO_EXTENT, (size_t)n * sizeof *s->first);
    memset(s->last, GV_NO_EXTENT, (size_t)n * sizeof *s->last);
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
    if (s->last[strand] == GV_NO_EXTENT)
        s->first[strand] = id;
    else
        gv_extent_at(s->from, s->last[strand])->next = id;
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
    const int32_t full = s->last[strand];
    int32_t id;
    const gv_status st = gv_extent_take_over(s->from, full, &id, err);
    if (st != GV_OK)
        return st;
    append(s, strand, id);
    return gv_extent_store(s->from, full, gv_extent_at(s->from, id)->memory, err);
}

uint64_t *gv_strands_more(gv_strands *s, int64_t lane, int64_t bucket)
{
    gv_extents *x = s->from;
    const int64_t strand = lane * s->buckets + bucket;
    gv_error err;
    gv_status st = s->status[lane];
    if (st == GV_OK) {
        const int32_t id = gv_extent_new(x, s->last[strand] == GV_NO_EXTENT, 0);
        if (id != GV_NO_EXTENT)
            append(s, strand, id);
        else if (s->last[strand] != GV_NO_EXTENT)
            st = move_on(s, strand, &err);
        else
            st = gv_no_memory(x->ctx, "import", &err);
        if (st != GV_OK)
            s->status[lane] = st, s->err[lane] = err;
    }
    if (st != GV_OK)
        return (uint64_t *)(void *)aligned(x, s->waste[lane]);
    s->bytes[strand] += s->at[strand] != NULL ? x->bytes : 0;
    return (uint64_t *)(void *)gv_extent_at(x, s->last[strand])->memory;
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
    if (s->last[strand] == GV_NO_EXTENT)
        return 0;
    return (const char *)s->at[strand] - gv_extent_at(s->from, s->last[strand])->memory;
}

/* ---- joining --------------------------------------------------------------------------------- */

static void clear(gv_strands *s, int64_t strand)
{
    s->at[strand] = NULL;
    s->first[strand] = s->last[strand] = GV_NO_EXTENT;
    s->bytes[strand] = 0;
}

/* Takes the last extent off a strand; what stays is full. */
static int32_t cut_tail(gv_strands *s, int64_t strand)
{
    const int32_t tail = s->last[strand];
    int32_t before = GV_NO_EXTENT;
    for (int32_t id = s->first[strand]; id != tail; id = gv_extent_at(s->from, id)->next)
        before = id;
    if (before == GV_NO_EXTENT)
        s->first[strand] = GV_NO_EXTENT;
    else
        gv_extent_at(s->from, before)->next = GV_NO_EXTENT;
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
    if (s->last[x] == GV_NO_EXTENT) {
        move(s, x, y);
        return;
    }
    if (s->last[y] == GV_NO_EXTENT)
        return;
    const int64_t items = tail_bytes(s, y) / (int64_t)sizeof(uint64_t);
    const int32_t tail = cut_tail(s, y);
    if (s->last[y] != GV_NO_EXTENT) {
        gv_extent_at(s->from, s->last[y])->next = s->first[x];
        s->first[x] = s->first[y];
        s->bytes[x] += s->bytes[y];
    }
    clear(s, y);
    const uint64_t *item = (const uint64_t *)(const void *)gv_extent_at(s->from, tail)->memory;
    const gv_lane l = gv_lane_of(s, lane);
    for (int64_t i = 0; i < items; i++)
        gv_lane_put(&l, (uint64_t)a, item[i]);
    gv_extent_drop(s->from, tail, s->from->cap < INT64_MAX);
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
        int32_t id = gv_extent_new(x, false, spare);
        if (id != GV_NO_EXTENT)
            memcpy(gv_extent_at(x, id)->memory, from, (size_t)n);
        else
            st = gv_extent_put(x, from, n, &id, err);
        if (id != GV_NO_EXTENT) {
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
                   .extent = GV_NO_EXTENT,
                   .drop = drop,
                   .room = room};
}

gv_status gv_walk_on(gv_walk *w, gv_error *err)
{
    gv_extents *x = w->s->from;
    const int32_t behind = w->extent;
    w->extent = behind == GV_NO_EXTENT ? w->s->first[w->strand] : gv_extent_at(x, behind)->next;
    if (w->drop && behind != GV_NO_EXTENT)
        gv_extent_drop(x, behind, false);
    if (w->drop)
        w->s->first[w->strand] = w->extent;
    w->bytes = w->left < x->bytes ? w->left : x->bytes;
    w->left -= w->bytes;
    if (w->bytes == 0)
        return GV_OK;
    const gv_extent *e = gv_extent_at(x, w->extent);
    w->piece = e->memory != NULL ? e->memory : w->room;
    return e->memory != NULL ? GV_OK : gv_extent_read(x, w->extent, w->room, w->bytes, err);
}
