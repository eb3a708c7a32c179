/* ids.h -- sets of integer ids, and their place in ascending order. */
#ifndef IO_IDS_H
#define IO_IDS_H

#include <stdatomic.h>

#include "grapevine/graph.h"

enum { GV_ID_RUNS = 64 };

/* Ids collected batch by batch. Small ones of 0 or more, where they lie dense enough, are marked in
 * a bitmap; others make sorted runs without repeats, each at least twice as long as the one after
 * it, so that each id is merged O(log n) times. */
typedef struct gv_id_set {
    gv_context *ctx;
    int32_t n_runs;
    uint64_t *key[GV_ID_RUNS]; /* ids with the sign bit turned, so that they sort as unsigned */
    int64_t n[GV_ID_RUNS];
    _Atomic uint64_t *word; /* the bitmap; NULL: none */
    int64_t n_words;
} gv_id_set;

static inline uint64_t gv_id_key(int64_t id)
{
    return (uint64_t)id ^ UINT64_C(1) << 63;
}

static inline int64_t gv_id_of_key(uint64_t key)
{
    return (int64_t)(key ^ UINT64_C(1) << 63);
}

void gv_id_set_begin(gv_context *ctx, gv_id_set *set);
void gv_id_set_end(gv_id_set *set);

/* Adds `key` [n], made with gv_alloc(); the set owns it from here on, also after a failure. */
GV_CHECKED gv_status gv_id_set_add(gv_id_set *set, uint64_t *key, int64_t n, gv_error *err);

/* Room in the bitmap for ids in [0, end): *marked is false where that would take too many bytes for
 * the `met` ids, repeats included, that were met so far. */
GV_CHECKED gv_status gv_id_set_reach(gv_id_set *set, int64_t end, int64_t met, bool *marked,
                                     gv_error *err);

/* Adds an id within reach. Safe from many threads; most ids are there already, and then the word is
 * only read. */
static inline void gv_id_set_mark(const gv_id_set *set, uint32_t id)
{
    _Atomic uint64_t *word = &set->word[id / 64];
    const uint64_t bit = UINT64_C(1) << id % 64;
    if ((atomic_load_explicit(word, memory_order_relaxed) & bit) == 0)
        atomic_fetch_or_explicit(word, bit, memory_order_relaxed);
}

/* The ids in ascending order, [*n], caller's (gv_free); the set is empty afterwards. */
GV_CHECKED gv_status gv_id_set_take(gv_id_set *set, int64_t **ids, int64_t *n, gv_error *err);

/* 64 consecutive ids: which are there, and how many are below them. */
typedef struct gv_id_word {
    uint64_t bits;
    int64_t before;
} gv_id_word;

/* Finds ids in an ascending array. Where all ids of their range are there, an id tells its place;
 * where they fill a 32nd of it or more, one word tells the place; else a table over the leading
 * bits narrows a binary search. Either takes 8 bytes an id or less. */
typedef struct gv_id_index {
    gv_context *ctx;
    const int64_t *id; /* borrowed [n] */
    int64_t n;
    uint64_t first, last; /* keys */
    bool all;             /* they are all there, and nothing else is needed */
    gv_id_word *word;     /* NULL: the table below */
    int shift;
    int32_t *bucket; /* first place with this many leading bits; one more at the end */
} gv_id_index;

enum { GV_ID_DENSE = 32 }; /* ids in the range for each that is there, at most, for words */

GV_CHECKED gv_status gv_id_index_begin(gv_context *ctx, gv_id_index *index, const int64_t *id,
                                       int64_t n, gv_error *err);
void gv_id_index_end(gv_id_index *index);

/* The place of `id`, or -1. */
gv_node gv_id_index_find(const gv_id_index *index, int64_t id);

/* Bits that are set; plain C, as the instruction may be missing. */
static inline int64_t gv_count_bits(uint64_t x)
{
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (int64_t)(x * UINT64_C(0x0101010101010101) >> 56);
}

/* The place of an id that is there. */
static inline gv_node gv_id_index_place(const gv_id_index *index, int64_t id)
{
    const uint64_t at = gv_id_key(id) - index->first;
    if (index->all)
        return (gv_node)at;
    if (index->word == NULL)
        return gv_id_index_find(index, id);
    const gv_id_word w = index->word[at / 64];
    return (gv_node)(w.before + gv_count_bits(w.bits & ((UINT64_C(1) << at % 64) - 1)));
}

#endif
