/* spill.h -- data that do not fit in memory: piles of bytes in one temporary file.
 *
 * The file has no name (or loses it as soon as it is made), so it is gone when the process is,
 * however that ends. It consists of extents of one size; what a pile gives back, others use again.
 * Used by one thread at a time. */
#ifndef IO_SPILL_H
#define IO_SPILL_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/context.h"

typedef struct gv_spill gv_spill;

/* Makes a file in `folder`.
 *
 *   extent   bytes, a multiple of 4096
 *
 * GV_OK; GV_ERR_CREATE; GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_spill_open(gv_context *ctx, const char *folder, int64_t extent,
                                   gv_spill **out, gv_error *err);
/* Removes what earlier runs left in a folder when they were killed between making a file and
 * unlinking it. */
void gv_spill_clean(const char *path);
/* Opens a file in `folder` that nobody else sees. GV_OK; GV_ERR_CREATE; GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_spill_file(gv_context *ctx, const char *folder, int *fd, gv_error *err);
/* NULL is allowed. Piles are of no use afterwards but must have been dropped before. */
void gv_spill_close(gv_spill *s);
/* The most bytes that the file had. */
int64_t gv_spill_peak(const gv_spill *s);

/* Bytes in the order in which they came. All zero is an empty pile. */
typedef struct gv_pile {
    int64_t bytes;   /* in all */
    int64_t *extent; /* [n], offsets in the file */
    int64_t n, room; /* extents */
    char *tail;      /* the bytes behind the last extent */
    int64_t read;    /* bytes taken so far */
} gv_pile;

GV_CHECKED gv_status gv_pile_append(gv_spill *s, gv_pile *pile, const void *data, int64_t bytes,
                                    gv_error *err);
/* The next `bytes` bytes; `keep` is false to give their disk space back. */
GV_CHECKED gv_status gv_pile_take(gv_spill *s, gv_pile *pile, void *data, int64_t bytes, bool keep,
                                  gv_error *err);
/* Back to the first byte; only after reading with `keep`. */
static inline void gv_pile_rewind(gv_pile *pile)
{
    pile->read = 0;
}
/* Frees the pile and its disk space. */
void gv_pile_drop(gv_spill *s, gv_pile *pile);

#endif
