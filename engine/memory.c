/* memory.c -- counted, budgeted allocation with huge pages for large blocks. */
#include "engine/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/context.h"
#include "engine/error.h"

enum {
    ALIGNMENT = 64,
    PAGE = 4096,
    HUGE_PAGE = 2 << 20,
    LARGE = 4 << 20 /* blocks from here on are mapped, not taken from the heap */
};

/* Lies in the ALIGNMENT bytes before each block. */
typedef struct block_header {
    size_t bytes;  /* usable size */
    size_t mapped; /* length of the mapping, 0 for heap blocks */
    void *base;    /* start of the mapping */
} block_header;

static block_header *header_of(void *block)
{
    return (block_header *)((char *)block - ALIGNMENT);
}

static bool take_budget(gv_context *ctx, int64_t bytes)
{
    if (ctx->allocations++ == ctx->fail_allocation)
        return false;
    const int64_t used = atomic_fetch_add(&ctx->memory_used, bytes) + bytes;
    if (ctx->memory_limit > 0 && used > ctx->memory_limit) {
        ctx->memory_used -= bytes;
        return false;
    }
    int64_t peak = ctx->memory_peak;
    while (used > peak && !atomic_compare_exchange_weak(&ctx->memory_peak, &peak, used))
        ;
    return true;
}

/* A header page before a 2 MiB boundary, so that the block itself starts on a huge page. */
static void *map_large(const gv_context *ctx, size_t bytes)
{
    const size_t length = bytes + HUGE_PAGE + PAGE;
    char *base = mmap(NULL, length, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    const uintptr_t start = ((uintptr_t)base + PAGE + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    char *block = (char *)start;
    madvise(block, bytes, MADV_HUGEPAGE);
    if (ctx->topology != NULL)
        gv_topology_interleave(ctx->topology, block, bytes);
    *header_of(block) = (block_header){.bytes = bytes, .mapped = length, .base = base};
    return block;
}

static void *heap_small(size_t bytes)
{
    const size_t length = ((bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1)) + ALIGNMENT;
    char *base = aligned_alloc(ALIGNMENT, length);
    if (base == NULL)
        return NULL;
    *(block_header *)base = (block_header){.bytes = bytes, .mapped = 0, .base = base};
    return base + ALIGNMENT;
}

void *gv_alloc(gv_context *ctx, int64_t count, size_t size)
{
    size_t bytes;
    if (count < 0 || __builtin_mul_overflow((size_t)count, size, &bytes) || bytes > INT64_MAX / 4 ||
        !take_budget(ctx, (int64_t)bytes))
        return NULL;
    void *block = bytes >= LARGE ? map_large(ctx, bytes) : heap_small(bytes);
    if (block == NULL)
        ctx->memory_used -= (int64_t)bytes;
    return block;
}

void *gv_alloc_zero(gv_context *ctx, int64_t count, size_t size)
{
    void *block = gv_alloc(ctx, count, size);
    if (block != NULL && header_of(block)->mapped == 0)
        memset(block, 0, header_of(block)->bytes);
    return block;
}

void *gv_realloc(gv_context *ctx, void *block, int64_t count, size_t size)
{
    void *moved = gv_alloc(ctx, count, size);
    if (moved == NULL || block == NULL)
        return moved;
    const size_t old = header_of(block)->bytes, new = header_of(moved)->bytes;
    memcpy(moved, block, old < new ? old : new);
    gv_free(ctx, block);
    return moved;
}

void gv_trim(gv_context *ctx, void *block, int64_t count, size_t size)
{
    block_header *h = header_of(block);
    const size_t bytes = (size_t)count * size;
    if (h->mapped == 0 || bytes >= h->bytes)
        return;
    const size_t before = (size_t)((char *)block - (char *)h->base);
    const size_t keep = (before + bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
    if (keep < h->mapped)
        munmap((char *)h->base + keep, h->mapped - keep);
    ctx->memory_used -= (int64_t)(h->bytes - bytes);
    h->mapped = keep < h->mapped ? keep : h->mapped;
    h->bytes = bytes;
}

void gv_free(gv_context *ctx, void *block)
{
    if (block == NULL)
        return;
    const block_header h = *header_of(block);
    ctx->memory_used -= (int64_t)h.bytes;
    if (h.mapped > 0)
        munmap(h.base, h.mapped);
    else
        free(h.base);
}

int64_t gv_text_block(int64_t limit)
{
    const int64_t most = 16 << 20, least = 1 << 20, share = limit / 32;
    if (limit == 0 || share >= most)
        return most;
    return share > least ? share : least;
}

gv_status gv_no_memory(gv_context *ctx, const char *what, gv_error *err)
{
    const double gib = 1024.0 * 1024.0 * 1024.0;
    if (ctx->memory_limit > 0)
        return gv_fail(err, GV_ERR_NOMEM, "%s: out of memory; %.2f GiB held, limit %.2f GiB", what,
                       (double)ctx->memory_used / gib, (double)ctx->memory_limit / gib);
    return gv_fail(err, GV_ERR_NOMEM, "%s: out of memory; %.2f GiB held", what,
                   (double)ctx->memory_used / gib);
}
