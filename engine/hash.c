/* hash.c -- see hash.h. */
#include "engine/hash.h"

#include <inttypes.h>
#include <stdio.h>

/* The size of the state, so that it can come from our allocator. */
#define XXH_STATIC_LINKING_ONLY
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

gv_status gv_hasher_begin(gv_context *ctx, gv_hasher *h, int64_t bytes, gv_error *err)
{
    *h = (gv_hasher){.ctx = ctx, .bytes = bytes};
    h->block = gv_alloc(ctx, (bytes + HASH_BLOCK - 1) / HASH_BLOCK, sizeof *h->block);
    h->state = gv_alloc(ctx, 1, sizeof(XXH3_state_t));
    if (h->block == NULL || h->state == NULL)
        return gv_no_memory(ctx, "hash", err);
    return GV_OK;
}

/* Bytes of one block, which begins, goes on or ends with them. */
static void add_part(gv_hasher *h, const char *data, int64_t bytes)
{
    if (h->at % HASH_BLOCK == 0)
        XXH3_64bits_reset(h->state);
    XXH3_64bits_update(h->state, data, (size_t)bytes);
    const int64_t block = h->at / HASH_BLOCK;
    h->at += bytes;
    if (h->at % HASH_BLOCK == 0 || h->at == h->bytes)
        h->block[block] = XXH3_64bits_digest(h->state);
}

void gv_hasher_add(gv_hasher *h, const void *data, int64_t bytes)
{
    const char *from = data;
    const int64_t room = (HASH_BLOCK - h->at % HASH_BLOCK) % HASH_BLOCK;
    const int64_t head = bytes < room ? bytes : room;
    if (head > 0)
        add_part(h, from, head);
    const int64_t whole = (bytes - head) / HASH_BLOCK;
    hash_blocks(h->ctx, from + head, whole * HASH_BLOCK, whole, h->block + h->at / HASH_BLOCK);
    h->at += whole * HASH_BLOCK;
    const int64_t done = head + whole * HASH_BLOCK;
    if (done < bytes)
        add_part(h, from + done, bytes - done);
}

uint64_t gv_hasher_end(const gv_hasher *h)
{
    return XXH3_64bits(h->block,
                       (size_t)((h->bytes + HASH_BLOCK - 1) / HASH_BLOCK) * sizeof *h->block);
}

void gv_hasher_free(gv_hasher *h)
{
    if (h->ctx == NULL)
        return;
    gv_free(h->ctx, h->state);
    gv_free(h->ctx, h->block);
    *h = (gv_hasher){.ctx = NULL};
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
