/* hash.h -- content hashes: XXH3-64 over blocks of 4 MiB, then over the block hashes. */
#ifndef ENGINE_HASH_H
#define ENGINE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "grapevine/graph.h"

/* Hash of `bytes` bytes at `data`, blocks in parallel; no bytes hash to a fixed value. */
GV_CHECKED gv_status gv_hash(gv_context *ctx, const void *data, int64_t bytes, uint64_t *hash,
                             gv_error *err);

/* The same hash of bytes that come piece by piece, in order. */
typedef struct gv_hasher {
    gv_context *ctx;
    int64_t bytes, at; /* in all, and come so far */
    uint64_t *block;   /* [blocks of `bytes`] */
    void *state;       /* of a block that came in part */
} gv_hasher;

/* For `bytes` bytes in all. To be freed with gv_hasher_free() in any case. */
GV_CHECKED gv_status gv_hasher_begin(gv_context *ctx, gv_hasher *h, int64_t bytes, gv_error *err);

/* The next bytes, not more than are left; whole blocks in parallel. */
void gv_hasher_add(gv_hasher *h, const void *data, int64_t bytes);

/* The hash, once all bytes have come. */
uint64_t gv_hasher_end(const gv_hasher *h);
void gv_hasher_free(gv_hasher *h);

/* Hash of a short text or record, in one go. */
uint64_t gv_hash_small(const void *data, size_t bytes);

/* 16 lower-case hexadecimal digits and a NUL into text [GV_HASH_CHARS + 1]; returns it. */
char *gv_hash_text(uint64_t hash, char *text);

#endif
