/* memory.h -- the only allocator of engine/, kernels/, io/ and datasets/.
 *
 * Every block is counted against the context's memory limit and can be told to fail, so that tests
 * walk through every out-of-memory path. Large blocks are mapped on 2 MiB boundaries and ask for
 * huge pages: random access to them is 1.2 to 1.7 times as fast, the first touch three times. */
#ifndef ENGINE_MEMORY_H
#define ENGINE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "grapevine/context.h"

/* Uninitialised memory for `count` objects of `size` bytes, 64-byte aligned, or NULL when memory or
 * budget is short, or the size overflows. A count of 0 gives a valid pointer. To be freed with
 * gv_free() on the same context. May be called from any thread. */
void *gv_alloc(gv_context *ctx, int64_t count, size_t size);

/* The same, all bytes zero; zero pages of large blocks cost nothing until touched. */
void *gv_alloc_zero(gv_context *ctx, int64_t count, size_t size);

/* Moves `block` (NULL: nothing yet) into a block of `count` objects; the contents are kept up to
 * the shorter length. NULL on failure, and then `block` stays as it was. */
void *gv_realloc(gv_context *ctx, void *block, int64_t count, size_t size);

/* The block stays where it is, with the first `count` objects; what a large one has behind them is
 * given back. */
void gv_trim(gv_context *ctx, void *block, int64_t count, size_t size);

/* NULL is allowed. */
void gv_free(gv_context *ctx, void *block);

/* Bytes of text to read at once under a memory limit (0: none): 16 MiB, less where two blocks would
 * be more than a sixteenth of the limit, but at least 1 MiB. */
int64_t gv_text_block(int64_t limit);

/* GV_ERR_NOMEM with a sentence that names what the memory was for and, if there is one, the limit.
 */
GV_CHECKED gv_status gv_no_memory(gv_context *ctx, const char *what, gv_error *err);

#endif
