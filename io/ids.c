/* ids.c -- see ids.h. Sorting is the engine's parallel radix sort; everything else goes in order.
 */
#include "io/ids.h"

#include <inttypes.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/sort.h"

enum { FIRST_WORDS = 1 << 17 }; /* 2^23 ids, 1 MiB */

void gv_id_set_begin(gv_context *ctx, gv_id_set *set)
{
    *set = (gv_id_set){.ctx = ctx};
}

void gv_id_set_end(gv_id_set *set)
{
    while (set->n_runs > 0)
        gv_free(set->ctx, set->key[--set->n_runs]);
    gv_free(set->ctx, (void *)set->word);
    set->word = NULL;
    set->n_words = 0;
}

/* ---- the bitmap ------------------------------------------------------------------------------ */

gv_status gv_id_set_reach(gv_id_set *set, int64_t end, int64_t met, bool *marked, gv_error *err)
{
    *marked = end <= 64 * set->n_words;
    if (*marked)
        return GV_OK;
    int64_t words = FIRST_WORDS;
    while (64 * words < end)
        words *= 2;
    if (words > FIRST_WORDS && words > 2 * met)
        return GV_OK;
    _Atomic uint64_t *word = gv_alloc_zero(set->ctx, words, sizeof *word);
    if (word == NULL)
        return gv_no_memory(set->ctx, "ids", err);
    for (int64_t i = 0; i < set->n_words; i++)
        word[i] = set->word[i];
    gv_free(set->ctx, (void *)set->word);
    set->word = word;
    set->n_words = words;
    *marked = true;
    return GV_OK;
}

/* The marked ids as one more run. */
static gv_status unmark(gv_id_set *set, gv_error *err)
{
    int64_t n = 0;
    for (int64_t i = 0; i < set->n_words; i++)
        n += __builtin_popcountll(set->word[i]);
    uint64_t *key = n > 0 ? gv_alloc(set->ctx, n, sizeof *key) : NULL;
    if (n > 0 && key == NULL)
        return gv_no_memory(set->ctx, "ids", err);
    n = 0;
    for (int64_t i = 0; i < set->n_words; i++)
        for (uint64_t left = set->word[i]; left != 0; left &= left - 1)
            key[n++] = gv_id_key(64 * i + __builtin_ctzll(left));
    gv_free(set->ctx, (void *)set->word);
    set->word = NULL;
    set->n_words = 0;
    if (n > 0) {
        set->key[set->n_runs] = key;
        set->n[set->n_runs++] = n;
    }
    return GV_OK;
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* Drops repeats from a sorted run. */
static int64_t unique(uint64_t *key, int64_t n)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (i == 0 || key[i] != key[i - 1])
            key[kept++] = key[i];
    return kept;
}

static int64_t merge(const uint64_t *a, int64_t na, const uint64_t *b, int64_t nb, uint64_t *to)
{
    int64_t i = 0, j = 0, n = 0;
    while (i < na && j < nb) {
        const uint64_t x = a[i], y = b[j];
        to[n++] = x < y ? x : y;
        i += x <= y;
        j += y <= x;
    }
    while (i < na)
        to[n++] = a[i++];
    while (j < nb)
        to[n++] = b[j++];
    return n;
}

static gv_status merge_last_two(gv_id_set *set, gv_error *err)
{
    const int32_t a = set->n_runs - 2, b = a + 1;
    uint64_t *key = gv_alloc(set->ctx, set->n[a] + set->n[b], sizeof *key);
    if (key == NULL)
        return gv_no_memory(set->ctx, "ids", err);
    const int64_t n = merge(set->key[a], set->n[a], set->key[b], set->n[b], key);
    gv_free(set->ctx, set->key[a]);
    gv_free(set->ctx, set->key[b]);
    set->key[a] = key;
    set->n[a] = n;
    set->n_runs--;
    return GV_OK;
}

gv_status gv_id_set_add(gv_id_set *set, uint64_t *key, int64_t n, gv_error *err)
{
    gv_status st = gv_sort_keys(set->ctx, key, n, err);
    if (st != GV_OK) {
        gv_free(set->ctx, key);
        return st;
    }
    n = unique(key, n);
    if (n == 0) {
        gv_free(set->ctx, key);
        return GV_OK;
    }
    /* A run of its own length: the batch's array may be many times longer. */
    uint64_t *run = gv_alloc(set->ctx, n, sizeof *run);
    if (run == NULL) {
        gv_free(set->ctx, key);
        return gv_no_memory(set->ctx, "ids", err);
    }
    for (int64_t i = 0; i < n; i++)
        run[i] = key[i];
    gv_free(set->ctx, key);
    set->key[set->n_runs] = run;
    set->n[set->n_runs++] = n;
    while (st == GV_OK && set->n_runs > 1 && set->n[set->n_runs - 2] < 2 * set->n[set->n_runs - 1])
        st = merge_last_two(set, err);
    return st;
}

gv_status gv_id_set_take(gv_id_set *set, int64_t **ids, int64_t *n, gv_error *err)
{
    gv_status st = unmark(set, err);
    if (st != GV_OK)
        return st;
    while (set->n_runs > 1) {
        st = merge_last_two(set, err);
        if (st != GV_OK)
            return st;
    }
    *n = set->n_runs == 1 ? set->n[0] : 0;
    uint64_t *key = set->n_runs == 1 ? set->key[0] : gv_alloc(set->ctx, 0, sizeof *key);
    if (key == NULL)
        return gv_no_memory(set->ctx, "ids", err);
    set->n_runs = 0;
    int64_t *id = (int64_t *)key; /* the signed view of the same words */
    for (int64_t i = 0; i < *n; i++)
        id[i] = gv_id_of_key(key[i]);
    *ids = id;
    return GV_OK;
}

static gv_status fill_words(gv_id_index *index, gv_error *err)
{
    const int64_t words = (int64_t)((index->last - index->first) / 64) + 1;
    index->word = gv_alloc_zero(index->ctx, words, sizeof *index->word);
    if (index->word == NULL)
        return gv_no_memory(index->ctx, "ids", err);
    for (int64_t i = 0; i < index->n; i++) {
        const uint64_t at = gv_id_key(index->id[i]) - index->first;
        index->word[at / 64].bits |= UINT64_C(1) << at % 64;
    }
    for (int64_t w = 1; w < words; w++)
        index->word[w].before = index->word[w - 1].before + gv_count_bits(index->word[w - 1].bits);
    return GV_OK;
}

static gv_status fill_buckets(gv_id_index *index, gv_error *err)
{
    const int64_t n = index->n;
    while ((index->last - index->first) >> index->shift >= 2 * (uint64_t)n)
        index->shift++;
    const int64_t buckets = (int64_t)((index->last - index->first) >> index->shift) + 1;
    index->bucket = gv_alloc(index->ctx, buckets + 1, sizeof *index->bucket);
    if (index->bucket == NULL)
        return gv_no_memory(index->ctx, "ids", err);
    int64_t filled = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t b = (int64_t)((gv_id_key(index->id[i]) - index->first) >> index->shift);
        while (filled <= b)
            index->bucket[filled++] = (int32_t)i;
    }
    while (filled <= buckets)
        index->bucket[filled++] = (int32_t)n;
    return GV_OK;
}

gv_status gv_id_index_begin(gv_context *ctx, gv_id_index *index, const int64_t *id, int64_t n,
                            gv_error *err)
{
    *index = (gv_id_index){.ctx = ctx, .id = id, .n = n};
    if (n == 0)
        return GV_OK;
    index->first = gv_id_key(id[0]);
    index->last = gv_id_key(id[n - 1]);
    index->all = index->last - index->first == (uint64_t)n - 1;
    if (index->all)
        return GV_OK;
    const bool dense = (index->last - index->first) / GV_ID_DENSE < (uint64_t)n;
    return dense ? fill_words(index, err) : fill_buckets(index, err);
}

void gv_id_index_end(gv_id_index *index)
{
    if (index->ctx == NULL)
        return;
    gv_free(index->ctx, index->word);
    gv_free(index->ctx, index->bucket);
    index->word = NULL;
    index->bucket = NULL;
}

gv_node gv_id_index_find(const gv_id_index *index, int64_t id)
{
    const uint64_t key = gv_id_key(id);
    if (index->n == 0 || key < index->first || key > index->last)
        return -1;
    const uint64_t at = key - index->first;
    if (index->all)
        return (gv_node)at;
    if (index->word != NULL)
        return index->word[at / 64].bits >> at % 64 & 1 ? gv_id_index_place(index, id) : -1;
    int64_t lo = index->bucket[at >> index->shift];
    const int64_t end = index->bucket[(at >> index->shift) + 1];
    for (int64_t hi = end; lo < hi;) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (index->id[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < end && index->id[lo] == id ? (gv_node)lo : -1;
}
