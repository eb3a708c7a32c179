/* hash.c -- see hash.h. */
#include "engine/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

#include "engine/memory.h"
#include "engine/parallel.h"

enum { HASH_BLOCK = 4 << 20 };

static void hash_blocks(gv_context *ctx, const char *data, int64_t bytes, int64_t n_blocks,
                        uint64_t *hash)
{
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1) if (n_blocks > 1)
    for (int64_t b = 0; b < n_blocks; b++) {
        const int64_t begin = b * HASH_BLOCK, left = bytes - begin;
        hash[b] = XXH3_64bits(data + begin, (size_t)(left < HASH_BLOCK ? left : HASH_BLOCK));
    }
}

gv_status gv_hash(gv_context *ctx, const void *data, int64_t bytes, uint64_t *hash, gv_error *err)
{
    const int64_t n_blocks = (bytes + HASH_BLOCK - 1) / HASH_BLOCK;
    uint64_t *block = gv_alloc(ctx, n_blocks, sizeof *block);
    if (block == NULL)
        return gv_no_memory(ctx, "hash", err);
    hash_blocks(ctx, data, bytes, n_blocks, block);
    *hash = XXH3_64bits(block, (size_t)n_blocks * sizeof *block);
    gv_free(ctx, block);
    return GV_OK;
}

uint64_t gv_hash_small(const void *data, size_t bytes)
{
    return XXH3_64bits(data, bytes);
}

char *gv_hash_text(uint64_t hash, char *text)
{
    snprintf(text, GV_HASH_CHARS + 1, "%016" PRIx64, hash);
    return text;
}
