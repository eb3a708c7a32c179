/* names.c -- see names.h: open addressing with linear probing, at most half full. Texts of up to 16
 * bytes, most of them, are hashed and compared as two words.
 *
 * Sorting goes by words of 8 bytes, the last word first, with the stable radix sort of the engine:
 * no text holds a NUL byte, so padding with NULs keeps the bytewise order. */
#include "io/names.h"

#include <string.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "engine/sort.h"

enum { FIRST_SLOTS = 1024, WORD = 8 };

/* Where a text lives hangs on it, but no number that is given out. */
static inline uint32_t hash_of(gv_piece s)
{
    if (s.length > GV_WORDS_BYTES)
        return (uint32_t)gv_hash_small(s.text, (size_t)s.length);
    __extension__ typedef unsigned __int128 wide;
    const gv_two_words w = gv_piece_words(s);
    const wide product = (wide)(w.head ^ UINT64_C(0x9e3779b97f4a7c15)) *
                         (w.tail ^ UINT64_C(0xd6e8feb86659fd93) ^ (uint64_t)s.length);
    const uint64_t h = (uint64_t)product ^ (uint64_t)(product >> 64);
    return (uint32_t)(h ^ h >> 32);
}

void gv_names_begin(gv_context *ctx, gv_names *names)
{
    *names = (gv_names){.ctx = ctx};
}

void gv_names_end(gv_names *names)
{
    gv_free(names->ctx, names->bytes);
    gv_free(names->ctx, names->offset);
    gv_free(names->ctx, names->hash);
    gv_free(names->ctx, names->slot);
    *names = (gv_names){.ctx = names->ctx};
}

gv_piece gv_names_get(const gv_names *names, int64_t number)
{
    const int64_t begin = names->offset[number];
    return (gv_piece){names->bytes + begin, names->offset[number + 1] - begin};
}

static bool grow_slots(gv_names *names)
{
    const int64_t slots = names->slots > 0 ? 2 * names->slots : FIRST_SLOTS;
    int32_t *slot = gv_alloc(names->ctx, slots, sizeof *slot);
    if (slot == NULL)
        return false;
    memset(slot, 0xff, (size_t)slots * sizeof *slot);
    for (int64_t i = 0; i < names->n; i++) {
        int64_t at = names->hash[i] & (slots - 1);
        while (slot[at] >= 0)
            at = (at + 1) & (slots - 1);
        slot[at] = (int32_t)i;
    }
    gv_free(names->ctx, names->slot);
    names->slot = slot;
    names->slots = slots;
    return true;
}

/* Room for one more text of `length` bytes. */
static bool grow(gv_names *names, int64_t length)
{
    if (names->slots < 2 * (names->n + 1) && !grow_slots(names))
        return false;
    if (names->n == names->capacity) {
        const int64_t more = names->capacity > 0 ? 2 * names->capacity : FIRST_SLOTS;
        int64_t *offset = gv_realloc(names->ctx, names->offset, more + 1, sizeof *offset);
        if (offset == NULL)
            return false;
        names->offset = offset;
        uint32_t *hash = gv_realloc(names->ctx, names->hash, more, sizeof *hash);
        if (hash == NULL)
            return false;
        names->hash = hash;
        names->capacity = more;
        names->offset[0] = 0;
    }
    const int64_t need = names->offset[names->n] + length;
    if (need > names->bytes_capacity) {
        const int64_t more = 2 * need > 16 * FIRST_SLOTS ? 2 * need : 16 * FIRST_SLOTS;
        char *bytes = gv_realloc(names->ctx, names->bytes, more, 1);
        if (bytes == NULL)
            return false;
        names->bytes = bytes;
        names->bytes_capacity = more;
    }
    return true;
}

/* The slot of the text, or the empty one where it belongs. */
static int64_t slot_of(const gv_names *names, gv_piece text, uint32_t hash)
{
    int64_t at = hash & (names->slots - 1);
    for (; names->slot[at] >= 0; at = (at + 1) & (names->slots - 1)) {
        const int32_t have = names->slot[at];
        if (names->hash[have] == hash && gv_piece_same(gv_names_get(names, have), text))
            break;
    }
    return at;
}

int32_t gv_names_find(const gv_names *names, gv_piece text)
{
    if (names->n == 0)
        return -1;
    const uint32_t hash = hash_of(text);
    return names->slot[slot_of(names, text, hash)];
}

gv_status gv_names_put(gv_names *names, gv_piece text, int32_t *number, gv_error *err)
{
    if (!grow(names, text.length))
        return gv_no_memory(names->ctx, "names", err);
    const uint32_t hash = hash_of(text);
    const int64_t at = slot_of(names, text, hash);
    if (names->slot[at] >= 0) {
        *number = names->slot[at];
        return GV_OK;
    }
    if (names->n == INT32_MAX)
        return gv_fail(err, GV_ERR_DATA, "more than 2147483647 different names");
    const int64_t begin = names->offset[names->n];
    memcpy(names->bytes + begin, text.text, (size_t)text.length);
    names->slot[at] = *number = (int32_t)names->n;
    names->hash[names->n] = hash;
    names->offset[++names->n] = begin + text.length;
    return GV_OK;
}

int64_t gv_names_width(const gv_names *names)
{
    int64_t width = 0;
    for (int64_t i = 0; i < names->n; i++) {
        const int64_t length = names->offset[i + 1] - names->offset[i];
        width = length > width ? length : width;
    }
    return width;
}

/* Bytes [WORD * word, WORD * word + 8) of the text as a number that sorts like them. */
static uint64_t word_of(gv_piece s, int64_t word)
{
    uint64_t key = 0;
    for (int64_t b = word * WORD; b < (word + 1) * WORD; b++)
        key = key << 8 | (b < s.length ? (unsigned char)s.text[b] : 0);
    return key;
}

gv_status gv_names_sort(const gv_names *names, int32_t *order, int32_t *rank, gv_error *err)
{
    gv_record *record = gv_alloc(names->ctx, names->n, sizeof *record);
    if (record == NULL)
        return gv_no_memory(names->ctx, "names", err);
    for (int64_t i = 0; i < names->n; i++)
        record[i].value = (uint64_t)i;
    gv_status st = GV_OK;
    for (int64_t w = (gv_names_width(names) - 1) / WORD; w >= 0 && st == GV_OK; w--) {
        for (int64_t i = 0; i < names->n; i++)
            record[i].key = word_of(gv_names_get(names, (int64_t)record[i].value), w);
        st = gv_sort_records(names->ctx, record, names->n, err);
    }
    for (int64_t i = 0; i < names->n && st == GV_OK; i++) {
        if (order != NULL)
            order[i] = (int32_t)record[i].value;
        if (rank != NULL)
            rank[record[i].value] = (int32_t)i;
    }
    gv_free(names->ctx, record);
    return st;
}

gv_status gv_names_order(const gv_names *names, int32_t *order, int32_t *rank, gv_error *err)
{
    gv_status st = gv_names_sort(names, order, rank, err);
    gv_record *record = gv_alloc(names->ctx, names->n, sizeof *record);
    if (st == GV_OK && record == NULL)
        st = gv_no_memory(names->ctx, "names", err);
    bool integers = st == GV_OK;
    for (int64_t i = 0; i < names->n && integers; i++) {
        int64_t value = 0;
        integers = gv_piece_int(gv_names_get(names, order[i]), &value);
        record[i] = (gv_record){(uint64_t)value ^ UINT64_C(1) << 63, (uint64_t)order[i]};
    }
    if (integers)
        st = gv_sort_records(names->ctx, record, names->n, err);
    for (int64_t i = 0; i < names->n && integers && st == GV_OK; i++) {
        order[i] = (int32_t)record[i].value;
        if (rank != NULL)
            rank[order[i]] = (int32_t)i;
    }
    gv_free(names->ctx, record);
    return st;
}
