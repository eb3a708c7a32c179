/* log_shuffle.c -- a log without influence: who buys what, and when an item sells, are kept, but
 * who buys when is drawn anew.
 *
 * The buyers of each item are put into an order drawn with Philox for (seed, item key), so an
 * item's outcome depends on nothing but its own purchases; buyers at equal times then stand by node
 * again. Items are independent: no races, and the same at any thread count.
 *
 * Source: Anagnostopoulos, Kumar, Mahdian, "Influence and correlation in social networks", KDD
 * 2008.
 */
#include <string.h>

#include "engine/log.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/rng.h"

/* Shell's method: buyers at one time, few. */
static void sort_tie(gv_node *user, int64_t n)
{
    int64_t gap = 1;
    while (gap < n / 3)
        gap = 3 * gap + 1;
    for (; gap > 0; gap /= 3)
        for (int64_t i = gap; i < n; i++) {
            const gv_node moved = user[i];
            int64_t j = i;
            for (; j >= gap && user[j - gap] > moved; j -= gap)
                user[j] = user[j - gap];
            user[j] = moved;
        }
}

static void shuffle_item(gv_log *log, int64_t a, uint64_t key)
{
    const int64_t begin = log->indptr[a], n = log->indptr[a + 1] - begin;
    gv_node *restrict user = log->user + begin;
    const int64_t *restrict time = log->time + begin;
    for (int64_t i = n - 1; i > 0; i--) {
        const gv_random r = gv_philox(key, log->item_key[a], (uint64_t)i);
        const int64_t j = (int64_t)gv_below(gv_random_u64(r, 0), (uint64_t)i + 1);
        const gv_node swap = user[i];
        user[i] = user[j], user[j] = swap;
    }
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && time[end] == time[i];)
            end++;
        sort_tie(user + i, end - i);
    }
}

GV_API gv_status gv_log_shuffled(gv_context *ctx, const gv_log *log, uint64_t seed, gv_log **out,
                                 gv_error *err)
{
    gv_log *copy;
    gv_status st = gv_log_copy(ctx, log, &copy, err);
    if (st != GV_OK)
        return st;
    const uint64_t key = gv_key(seed, GV_FOR_SHUFFLE);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 8)
    for (int64_t a = 0; a < log->info.n_items; a++)
        shuffle_item(copy, a, key);
    st = gv_log_rehash(copy, err);
    if (st == GV_OK)
        *out = copy;
    else
        gv_log_free(copy);
    return st;
}
