/* sliced.c -- blocks of worlds over threads; what a block leaves goes into the common sums.
 *
 * No races: a state and a lane of sums are used by one thread, or by all of them in turns
 * (sliced_shared.h), spread[i] is written by the thread of world i's block, activations are counted
 * by atomic integer increments (as in worlds.c). Same
 * bytes at any thread count, width and vector length: a coin is a function of (seed, edge, world),
 * sums are integers. */
#include "kernels/sliced.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/world_extras.h"

#if defined(__x86_64__)
/* Leaf 7, ECX bit 9; not every compiler has a word for it. */
static bool has_vaes(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c >> 9 & 1) != 0;
}
#endif

gv_simd gv_sliced_simd(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool vaes = has_vaes();
    if (gv_sliced_avx512[1] != NULL && vaes && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw"))
        return GV_SIMD_AVX512;
    if (gv_sliced_vaes[1] != NULL && vaes && __builtin_cpu_supports("avx2"))
        return GV_SIMD_VAES;
    if (gv_sliced_aes[1] != NULL && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("aes"))
        return GV_SIMD_AES;
#endif
    return GV_SIMD_PLAIN;
}

/* ---- a step's counts ---------------------------------------------------------------------------
 */

/* The number of newly active nodes in world `i` of the block, from `planes` planes. */
static int64_t count_of(const uint64_t *count, int words, int planes, int i)
{
    uint64_t x = 0;
    for (int k = 0; k < planes; k++)
        x |= (count[k * words + i / 64] >> (i % 64) & 1) << k;
    return (int64_t)x;
}

/* Adds bit-sliced counts to x [words * 64], and zeroes them. */
static void take_count(uint64_t *count, int words, int64_t *x)
{
    int planes = 0;
    for (int i = 0; i < GV_COUNT_BITS * words; i++)
        if (count[i] != 0)
            planes = i / words + 1;
    for (int i = 0; planes > 0 && i < words * 64; i++)
        x[i] += count_of(count, words, planes, i);
    memset(count, 0, (size_t)(planes * words) * sizeof *count);
}

void gv_sliced_count_step(gv_sliced_block *b, int64_t step)
{
    gv_sliced_state *t = b->t;
    const int words = b->s->lanes * 2;
    int64_t newly[GV_BLOCK_WORLDS] = {0}, sum = 0;
    gv_u128 sumsq = 0;
    take_count(t->count, words, newly);
    for (int32_t k = 0; k < t->n_hands; k++)
        take_count(t->hand[k]->count, words, newly);
    for (int i = 0; i < words * 64; i++) {
        t->spread[i] += newly[i];
        sum += newly[i];
        sumsq += (gv_u128)(uint64_t)newly[i] * (uint64_t)newly[i];
    }
    t->sum[step] = sum;
    t->sumsq[step] = sumsq;
}

/* ---- blocks ------------------------------------------------------------------------------------
 */

static int popcount(const uint64_t *word, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += __builtin_popcountll(word[i]);
    return sum;
}

void gv_sliced_note_step(const gv_sliced_block *b, int64_t step)
{
    const gv_sliced_state *t = b->t;
    const int words = b->s->lanes * 2;
    for (int64_t i = 0; i < t->n_queue; i++)
        t->step_sum[t->queue[i]] += step * popcount(t->fresh + i * words, words);
}

static int32_t hands(const gv_sliced_state *t)
{
    return t->n_hands > 0 ? t->n_hands : 1;
}

/* Adds the steps of the touched nodes to the common sums. */
static void take_steps(const gv_worlds *w, const gv_sliced_block *b)
{
    const gv_sliced_state *t = b->t;
    for (int64_t i = 0; i < t->n_touched; i++) {
        int64_t *sum = &w->step_sum[gv_sliced_node(b->s, t->touched[i])];
#pragma omp atomic
        *sum += t->step_sum[t->touched[i]];
    }
}

/* What the active are worth in each world: value [GV_BLOCK_WORLDS] out. */
static void take_value(const gv_worlds *w, const gv_sliced_block *b, int64_t *value)
{
    const gv_sliced_state *t = b->t;
    const int words = b->s->lanes * 2;
    memset(value, 0, GV_BLOCK_WORLDS * sizeof *value);
    for (int64_t i = 0; i < t->n_touched; i++) {
        const int64_t v = t->touched[i];
        const int64_t units = gv_units(w, gv_sliced_node(b->s, t->touched[i]));
        for (int k = 0; k < words; k++)
            for (uint64_t left = t->act[v * words + k]; left != 0; left &= left - 1)
                value[k * 64 + __builtin_ctzll(left)] += units;
    }
}

/* Adds the block to the sums of its thread and to the activation counts. */
static void take_block(const gv_worlds *w, const gv_sliced_block *b, gv_lane *lane)
{
    const gv_sliced_state *t = b->t;
    const int words = b->s->lanes * 2;
    for (int64_t i = 0; i < t->steps; i++) {
        lane->sum[i] += t->sum[i];
        lane->sumsq[i] += t->sumsq[i];
    }
    if (w->step_sum != NULL)
        take_steps(w, b);
    if (w->activation == NULL)
        return;
#pragma omp parallel for num_threads(hands(t)) schedule(static) if (t->n_hands > 0)
    for (int64_t i = 0; i < t->n_touched; i++) {
        const gv_node v = t->touched[i];
        const int32_t more = popcount(t->act + (int64_t)v * words, words);
        int32_t *count = &w->activation[gv_sliced_node(b->s, v)];
#pragma omp atomic
        *count += more;
    }
    for (int64_t i = 0; w->accept == NULL && i < b->n_seeds; i++) { /* theirs are left out */
        const int64_t v = gv_sliced_label(b->s, b->seeds[i]);
        const int32_t less = popcount(t->act + v * words, words);
        int32_t *count = &w->activation[b->seeds[i]];
#pragma omp atomic
        *count -= less;
    }
}

/* Zeroes what the block touched. */
static void clear_block(const gv_sliced_block *b)
{
    gv_sliced_state *t = b->t;
    const size_t words = (size_t)b->s->lanes * 2;
#pragma omp parallel for num_threads(hands(t)) schedule(static) if (t->n_hands > 0)
    for (int64_t i = 0; i < t->n_touched; i++) {
        const size_t v = (size_t)t->touched[i];
        memset(t->act + v * words, 0, words * sizeof *t->act);
        memset(t->done + v * words, 0, words * sizeof *t->done);
        t->queued[v] = 0;
    }
    for (int64_t i = 0; t->step_sum != NULL && i < t->n_touched; i++)
        t->step_sum[t->touched[i]] = 0;
}

/* Keys of the block's lanes, the first of which is number `lane`, and its worlds in [first, end).
 */
static void address_block(gv_sliced_block *b, int64_t lane, int64_t first, int64_t end)
{
    for (int i = 0; i < b->s->lanes; i++) {
        const gv_random key = gv_philox(b->s->key, 0, (uint64_t)(lane + i));
        b->key[2 * i] = gv_random_u64(key, 0);
        b->key[2 * i + 1] = gv_random_u64(key, 1);
    }
    for (int i = 0; i < b->s->lanes * GV_LANE_WORLDS; i++) {
        const int64_t offset = lane * GV_LANE_WORLDS - first + i; /* of the world, from `first` */
        if (offset >= 0 && offset < end - first)
            b->mask[i / 64] |= UINT64_C(1) << (i % 64);
    }
}

/* The seeds that take the offer somewhere in the block, and where. */
static void start_accepting(const gv_worlds *w, gv_sliced_block *b, gv_lane *lane,
                            int64_t first_world)
{
    const int words = b->s->lanes * 2;
    int64_t n = 0;
    for (int64_t i = 0; i < w->n_seeds; i++) {
        uint64_t *start = lane->start + n * words, any = 0;
        for (int k = 0; k < words; k++) {
            start[k] = 0;
            for (int j = 0; j < 64; j++)
                if (b->mask[k] >> j & 1)
                    start[k] |= (uint64_t)gv_accepts(w->acceptance_key, w->seeds[i],
                                                     first_world + k * 64 + j, w->accept[i])
                                << j;
            any |= start[k];
        }
        lane->starter[n] = w->seeds[i];
        n += any != 0;
    }
    b->seeds = lane->starter, b->n_seeds = n, b->start = lane->start;
}

static gv_sliced_run_fn *runner(const gv_sliced *s)
{
    gv_sliced_run_fn *const *const by_lanes[GV_SIMD_LEVELS] = {gv_sliced_plain, gv_sliced_aes,
                                                               gv_sliced_vaes, gv_sliced_avx512};
    return by_lanes[s->simd][s->lanes];
}

/* Puts what the hands have touched side by side; hand k's stretch begins no later than it did. */
static void gather_touched(gv_sliced_state *t)
{
    for (int32_t k = 0; k < t->n_hands; k++) {
        const gv_sliced_state *h = t->hand[k];
        memmove(t->touched + t->n_touched, h->touched, (size_t)h->n_touched * sizeof *h->touched);
        t->n_touched += h->n_touched;
    }
}

/* Simulates the block whose first lane is number `lane`; how many of its worlds were overlong. */
static int64_t run_block(const gv_worlds *w, int64_t lane, int64_t first, int64_t n,
                         int64_t *spread)
{
    const gv_sliced *s = w->sliced;
    const int32_t me = gv_thread();
    gv_sliced_block b = {.s = s,
                         .t = s->state[me],
                         .seeds = w->seeds,
                         .n_seeds = w->n_seeds,
                         .max_steps = w->max_steps,
                         .by_step = !w->spread_only || w->max_steps < INT64_MAX,
                         .levels = w->levels};
    address_block(&b, lane, first, first + n);
    if (w->accept != NULL)
        start_accepting(w, &b, &w->lane[me], lane * GV_LANE_WORLDS);
    memset(b.t->spread, 0, sizeof b.t->spread);
    memset(b.t->count, 0, sizeof b.t->count);
    for (int32_t k = 0; k < b.t->n_hands; k++)
        memset(b.t->hand[k]->count, 0, sizeof b.t->count);
    const bool fits = runner(s)(&b);
    gather_touched(b.t);
    int64_t value[GV_BLOCK_WORLDS];
    if (fits)
        take_block(w, &b, &w->lane[me]);
    if (fits && w->weight != NULL)
        take_value(w, &b, value);
    clear_block(&b);
    int64_t overlong = 0;
    for (int i = 0; i < s->lanes * GV_LANE_WORLDS; i++) {
        const int64_t at = lane * GV_LANE_WORLDS - first + i;
        if (at >= 0 && at < n) {
            spread[at] = fits ? b.t->spread[i] : GV_OVERLONG;
            overlong += !fits;
            if (fits && w->weight != NULL)
                w->value[at] = value[i];
        }
    }
    return overlong;
}

/* Whether the block holds a world that is still to be simulated; all its worlds are then. */
static bool is_missing(int64_t lane, int64_t first, const int64_t *spread)
{
    const int64_t at = lane * GV_LANE_WORLDS - first;
    return spread[at > 0 ? at : 0] == GV_OVERLONG;
}

int64_t gv_sliced_run(gv_worlds *w, int64_t first, int64_t n, int64_t *spread)
{
    const gv_sliced *s = w->sliced;
    const int64_t from = first / GV_LANE_WORLDS, to = (first + n - 1) / GV_LANE_WORLDS + 1;
    const int64_t n_blocks = (to - from + s->lanes - 1) / s->lanes;
    const bool shared = s->state[0]->n_hands > 0; /* then its threads begin in the block */
    int64_t overlong = 0;
#pragma omp parallel for num_threads(s->n_states) schedule(dynamic, 1)                            \
    reduction(+ : overlong) if (!shared)
    for (int64_t i = 0; i < n_blocks; i++) {
        const int64_t lane = from + i * s->lanes;
        if (is_missing(lane, first, spread))
            overlong += run_block(w, lane, first, n, spread);
    }
    return overlong;
}

gv_status gv_sliced_grow(gv_sliced *s, int64_t levels, gv_error *err)
{
    for (int32_t i = 0; i < s->n_states; i++) {
        gv_sliced_state *t = s->state[i];
        int64_t *sum = gv_realloc(s->ctx, t->sum, levels, sizeof *sum);
        if (sum == NULL)
            return gv_no_memory(s->ctx, "cascade: scratch of the kernel sliced", err);
        t->sum = sum;
        gv_u128 *sumsq = gv_realloc(s->ctx, t->sumsq, levels, sizeof *sumsq);
        if (sumsq == NULL)
            return gv_no_memory(s->ctx, "cascade: scratch of the kernel sliced", err);
        t->sumsq = sumsq;
    }
    s->levels = levels;
    return GV_OK;
}
