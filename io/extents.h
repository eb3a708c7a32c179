/* extents.h -- a store of extents of one size: memory up to a cap, and behind that a temporary file
 * without a name.
 *
 * What is given back, others use again, so memory is touched for the first time only once, which
 * costs more than all else that is done to it. A short lock guards the store. */
#ifndef IO_EXTENTS_H
#define IO_EXTENTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "grapevine/context.h"

enum {
    GV_NO_EXTENT = -1,
    GV_EXTENT_TABLES = 4096,
    GV_EXTENT_TABLE = 8192, /* records in one of them */
    GV_EXTENT_SLABS = 512
};

/* Where the bytes of an extent are: in memory, else in the file. */
typedef struct gv_extent {
    char *memory;
    int64_t offset; /* in the file, -1: no room there */
    int32_t next;   /* of its strand, or of the free ones; -1: none */
} gv_extent;

/* Extents that lie one behind the other. */
typedef struct gv_slab {
    char *memory;
    char *next; /* the first extent of those never used */
    int64_t left;
} gv_slab;

typedef struct gv_extents {
    gv_context *ctx;
    const char *folder; /* of the temporary file, borrowed; NULL: none may be made */
    int64_t bytes;      /* of an extent, a power of two from 4096 on */
    int64_t cap;        /* extents that memory may have; more are not made */
    atomic_flag busy;
    gv_extent *table[GV_EXTENT_TABLES];
    int32_t n_records, free_record, free_place; /* chains; those of `free_place` have an offset */
    gv_slab slab[GV_EXTENT_SLABS];
    int32_t n_slabs;
    void *free_memory;        /* chain of extents */
    int64_t n_memory, n_free; /* extents of all slabs; of those not in use */
    int64_t promised;         /* of n_free, to strands that have no extent yet */
    int fd;
    int64_t file_bytes;
} gv_extents;

/* `bytes` an extent, at most `cap` of them in memory. */
void gv_extents_begin(gv_context *ctx, const char *folder, int64_t bytes, int64_t cap,
                      gv_extents *x);
void gv_extents_end(gv_extents *x);
/* Promises the next n strands that get their first extent one in memory; false if it cannot. */
bool gv_extents_promise(gv_extents *x, int64_t n);

static inline gv_extent *gv_extent_at(const gv_extents *x, int32_t id)
{
    return &x->table[id / GV_EXTENT_TABLE][id % GV_EXTENT_TABLE];
}

/* An extent in memory, the first of its strand or one that leaves `spare` others; or GV_NO_EXTENT.
 */
int32_t gv_extent_new(gv_extents *x, bool first, int64_t spare);
/* Gives it back; one that had been `promised` to a strand is promised to it again. */
void gv_extent_drop(gv_extents *x, int32_t id, bool promised);

/* A new extent in the file that holds `data`. */
GV_CHECKED gv_status gv_extent_put(gv_extents *x, const char *data, int64_t bytes, int32_t *id,
                                   gv_error *err);
/* A new extent that has the memory of a full one, which has a place in the file instead; and writes
 * the bytes of the full one, which lie in that memory, to its place. */
GV_CHECKED gv_status gv_extent_take_over(gv_extents *x, int32_t full, int32_t *id, gv_error *err);
GV_CHECKED gv_status gv_extent_store(const gv_extents *x, int32_t id, const char *data,
                                     gv_error *err);
/* Bytes of an extent in the file. */
GV_CHECKED gv_status gv_extent_read(const gv_extents *x, int32_t id, char *to, int64_t bytes,
                                    gv_error *err);

#endif
