/* extents.c -- see extents.h. */
#define _GNU_SOURCE
#include "io/extents.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "io/spill.h"
#include "io/whole.h"

enum { SLAB = 16 << 20 };

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
    x->free_record = x->free_place = GV_NO_EXTENT;
    x->fd = -1;
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
    x->fd = -1;
}

/* The functions up to the next line want the lock. */

static int32_t new_record(gv_extents *x)
{
    if (x->free_record != GV_NO_EXTENT) {
        const int32_t id = x->free_record;
        x->free_record = gv_extent_at(x, id)->next;
        return id;
    }
    const int32_t table = x->n_records / GV_EXTENT_TABLE;
    if (x->n_records % GV_EXTENT_TABLE == 0) {
        if (table == GV_EXTENT_TABLES)
            return GV_NO_EXTENT;
        x->table[table] = gv_alloc(x->ctx, GV_EXTENT_TABLE, sizeof(gv_extent));
        if (x->table[table] == NULL)
            return GV_NO_EXTENT;
    }
    return x->n_records++;
}

static void free_record(gv_extents *x, int32_t id)
{
    int32_t *chain = gv_extent_at(x, id)->offset >= 0 ? &x->free_place : &x->free_record;
    gv_extent_at(x, id)->memory = NULL;
    gv_extent_at(x, id)->next = *chain;
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
    if (x->free_place != GV_NO_EXTENT) {
        const int32_t other = x->free_place;
        x->free_place = gv_extent_at(x, other)->next;
        gv_extent_at(x, id)->offset = gv_extent_at(x, other)->offset;
        gv_extent_at(x, other)->offset = -1;
        free_record(x, other);
        return;
    }
    gv_extent_at(x, id)->offset = x->file_bytes;
    x->file_bytes += x->bytes;
}

/* ---------------------------------------------------------------------------------------------- */

int32_t gv_extent_new(gv_extents *x, bool first, int64_t spare)
{
    lock(x);
    char *memory = first ? take_promised(x) : take_memory(x, spare);
    const int32_t id = memory != NULL ? new_record(x) : GV_NO_EXTENT;
    if (id != GV_NO_EXTENT)
        *gv_extent_at(x, id) = (gv_extent){memory, -1, GV_NO_EXTENT};
    else if (memory != NULL)
        give_memory(x, memory);
    unlock(x);
    return id;
}

void gv_extent_drop(gv_extents *x, int32_t id, bool promised)
{
    lock(x);
    x->promised += promised;
    if (gv_extent_at(x, id)->memory != NULL)
        give_memory(x, gv_extent_at(x, id)->memory);
    free_record(x, id);
    unlock(x);
}

static gv_status write_file(const gv_extents *x, int64_t offset, const char *data, int64_t bytes,
                            gv_error *err)
{
    if (gv_write_at(x->fd, data, bytes, offset))
        return GV_OK;
    return gv_fail(err, GV_ERR_IO, "%s: writing temporary data failed: %s", x->folder,
                   strerror(errno));
}

gv_status gv_extent_read(const gv_extents *x, int32_t id, char *to, int64_t bytes, gv_error *err)
{
    if (gv_read_at(x->fd, to, bytes, gv_extent_at(x, id)->offset))
        return GV_OK;
    return gv_fail(err, GV_ERR_IO, "%s: reading temporary data failed: %s", x->folder,
                   errno != 0 ? strerror(errno) : "they end too early");
}

gv_status gv_extent_put(gv_extents *x, const char *data, int64_t bytes, int32_t *id, gv_error *err)
{
    lock(x);
    gv_status st = open_file(x, err);
    *id = st == GV_OK ? new_record(x) : GV_NO_EXTENT;
    if (*id != GV_NO_EXTENT) {
        *gv_extent_at(x, *id) = (gv_extent){NULL, -1, GV_NO_EXTENT};
        take_place(x, *id);
    } else if (st == GV_OK) {
        st = gv_no_memory(x->ctx, "import", err);
    }
    const int64_t offset = *id != GV_NO_EXTENT ? gv_extent_at(x, *id)->offset : 0;
    unlock(x);
    return st == GV_OK ? write_file(x, offset, data, bytes, err) : st;
}

gv_status gv_extent_take_over(gv_extents *x, int32_t full, int32_t *id, gv_error *err)
{
    lock(x);
    gv_status st = open_file(x, err);
    *id = st == GV_OK ? new_record(x) : GV_NO_EXTENT;
    if (*id != GV_NO_EXTENT)
        take_place(x, full);
    else if (st == GV_OK)
        st = gv_no_memory(x->ctx, "import", err);
    unlock(x);
    if (st != GV_OK)
        return st;
    *gv_extent_at(x, *id) = (gv_extent){gv_extent_at(x, full)->memory, -1, GV_NO_EXTENT};
    gv_extent_at(x, full)->memory = NULL;
    return GV_OK;
}

gv_status gv_extent_store(const gv_extents *x, int32_t id, const char *data, gv_error *err)
{
    return write_file(x, gv_extent_at(x, id)->offset, data, x->bytes, err);
}
