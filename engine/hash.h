/* hash.h -- content hashes: XXH3-64 over blocks of 4 MiB, then over the block hashes. */
#ifndef ENGINE_HASH_H
#define ENGINE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "grapevine/graph.h"

/* Hash of `bytes` bytes at `data`, blocks in parallel; no bytes hash to a fixed value. */
GV_CHECKED gv_status gv_hash(gv_context *ctx, const void *data, int64_t bytes, uint64_t *hash,
                             gv_error *err);

/* Hash of a short text or record, in one go. */
uint64_t gv_hash_small(const void *data, size_t bytes);

/* 16 lower-case hexadecimal digits and a NUL into text [GV_HASH_CHARS + 1]; returns it. */
char *gv_hash_text(uint64_t hash, char *text);

#endif
