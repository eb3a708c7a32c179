/* topk.c -- the k best of n scores: score descending, then node ascending.
 *
 * Scores become 64-bit keys that sort the best first. A radix select from the top digit down
 * narrows the key of place k + 1 to one bucket; it stops as soon as the better keys and the bucket
 * together are few, or when all 64 bits are known and the bucket holds ties only, of which the
 * first in node order are taken. What is left is gathered in node order and sorted by a stable
 * sort.
 *
 * No races: each part of the nodes counts into its own row and writes its own range of records.
 * Deterministic: all counts are integers and the chosen set is exact, so the number of parts (one a
 * thread) cannot be seen in the result. Time O(n + k), at most 6 passes over the scores. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "grapevine/plan.h"

enum { KEY_BITS = 64, DIGIT_BITS = 12, DIGITS = 1 << DIGIT_BITS, FEW = 4096, SMALL = 1 << 15 };

typedef struct selection {
    const double *score; /* [n] */
    int64_t n, wanted;   /* wanted: places to find, in [1, n] */
    int64_t n_parts;
    int64_t *count;    /* [n_parts][DIGITS] */
    int known;         /* leading bits of the last place's key that are known */
    uint64_t prefix;   /* those bits */
    int64_t better;    /* scores whose leading bits are below `prefix` */
    int64_t in_bucket; /* scores whose leading bits equal it */
} selection;

static int64_t part_begin(const selection *s, int64_t part)
{
    const int64_t extra = s->n % s->n_parts;
    return s->n / s->n_parts * part + (part < extra ? part : extra);
}

static uint64_t leading(uint64_t key, int bits)
{
    return bits == 0 ? 0 : key >> (KEY_BITS - bits);
}

/* The first node whose score is not a number, or n. */
static int64_t first_nan(const double *score, int64_t n, int threads)
{
    int64_t first = n;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(min : first)
    for (int64_t i = 0; i < n; i++)
        if (isnan(score[i]) && i < first)
            first = i;
    return first;
}

/* Counts the next digit of the scores in the bucket, part by part. */
static void count_digit(const selection *s, int width)
{
    const int shift = KEY_BITS - s->known - width;
    const uint64_t mask = (UINT64_C(1) << width) - 1;
#pragma omp parallel for num_threads((int)s->n_parts) schedule(static, 1)
    for (int64_t p = 0; p < s->n_parts; p++) {
        int64_t *restrict count = s->count + p * DIGITS;
        const double *restrict score = s->score;
        memset(count, 0, DIGITS * sizeof *count);
        for (int64_t i = part_begin(s, p); i < part_begin(s, p + 1); i++) {
            const uint64_t key = gv_descending_f64(score[i]);
            if (leading(key, s->known) == s->prefix)
                count[key >> shift & mask]++;
        }
    }
}

/* Narrows the bucket by one digit. */
static void narrow(selection *s)
{
    const int width = KEY_BITS - s->known < DIGIT_BITS ? KEY_BITS - s->known : DIGIT_BITS;
    count_digit(s, width);
    for (uint64_t digit = 0; digit < DIGITS; digit++) {
        int64_t here = 0;
        for (int64_t p = 0; p < s->n_parts; p++)
            here += s->count[p * DIGITS + (int64_t)digit];
        if (s->better + here >= s->wanted) {
            s->in_bucket = here;
            s->prefix = s->prefix << width | digit;
            break;
        }
        s->better += here;
    }
    s->known += width;
}

/* Counts the better scores and the bucket's scores of each part into count[p * DIGITS + 0 and 1].
 */
static void count_kinds(const selection *s)
{
#pragma omp parallel for num_threads((int)s->n_parts) schedule(static, 1)
    for (int64_t p = 0; p < s->n_parts; p++) {
        int64_t better = 0, in_bucket = 0;
        for (int64_t i = part_begin(s, p); i < part_begin(s, p + 1); i++) {
            const uint64_t lead = leading(gv_descending_f64(s->score[i]), s->known);
            better += lead < s->prefix;
            in_bucket += lead == s->prefix;
        }
        s->count[p * DIGITS] = better;
        s->count[p * DIGITS + 1] = in_bucket;
    }
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Writes the better scores and the first `take` of the bucket as records, in node order. */
static void gather(const selection *s, int64_t take, gv_record *record)
{
    int64_t better = 0, in_bucket = 0;
    for (int64_t p = 0; p < s->n_parts; p++) { /* counts become what lies before the part */
        int64_t *kinds = s->count + p * DIGITS;
        const int64_t b = kinds[0], e = kinds[1];
        kinds[0] = better, kinds[1] = in_bucket;
        better += b, in_bucket += e;
    }
#pragma omp parallel for num_threads((int)s->n_parts) schedule(static, 1)
    for (int64_t p = 0; p < s->n_parts; p++) {
        int64_t seen = s->count[p * DIGITS + 1];
        int64_t at = s->count[p * DIGITS] + smaller(seen, take);
        for (int64_t i = part_begin(s, p); i < part_begin(s, p + 1); i++) {
            const uint64_t key = gv_descending_f64(s->score[i]);
            const uint64_t lead = leading(key, s->known);
            if (lead < s->prefix || (lead == s->prefix && seen++ < take))
                record[at++] = (gv_record){key, (uint64_t)i};
        }
    }
}

/* The `wanted` best as sorted records; more may follow them. Frees nothing of what it returns. */
static gv_status select_best(gv_context *ctx, selection *s, gv_record **out, gv_error *err)
{
    const int64_t few = s->wanted + s->wanted / 2 + FEW;
    s->count = gv_alloc(ctx, s->n_parts * DIGITS, sizeof *s->count);
    if (s->count == NULL)
        return gv_no_memory(ctx, "top k", err);
    while (s->better + s->in_bucket > few && s->known < KEY_BITS)
        narrow(s);
    const int64_t take =
        s->known < KEY_BITS ? s->in_bucket : smaller(s->in_bucket, s->wanted - s->better);
    gv_record *record = gv_alloc(ctx, s->better + take, sizeof *record);
    gv_status st = record == NULL ? gv_no_memory(ctx, "top k", err) : GV_OK;
    if (st == GV_OK) {
        count_kinds(s);
        gather(s, take, record);
        st = gv_sort_records(ctx, record, s->better + take, err);
    }
    gv_free(ctx, s->count);
    if (st != GV_OK) {
        gv_free(ctx, record);
        record = NULL;
    }
    *out = record;
    return st;
}

static gv_status check(const double *score, int64_t n, int64_t k, int threads, gv_error *err)
{
    if (n < 0 || n > INT32_MAX)
        return gv_fail(err, GV_ERR_RANGE, "top k: %" PRId64 " scores; not in [0, 2147483647]", n);
    if (k < 0)
        return gv_fail(err, GV_ERR_RANGE, "top k: k %" PRId64 " is negative", k);
    const int64_t bad = first_nan(score, n, threads);
    if (bad < n)
        return gv_fail(err, GV_ERR_RANGE, "top k: score of node %" PRId64 " is not a number", bad);
    return GV_OK;
}

GV_API gv_status gv_top_k(gv_context *ctx, const double *score, int64_t n, int64_t k, gv_node *node,
                          double *top, double *next_score, gv_error *err)
{
    gv_status st = check(score, n, k, gv_context_threads(ctx), err);
    if (st != GV_OK)
        return st;
    const int64_t wanted = k < n ? k + 1 : n, found = smaller(k, n);
    gv_record *best = NULL;
    if (n > 0) {
        selection s = {.score = score, .n = n, .wanted = wanted, .in_bucket = n};
        s.n_parts = n < SMALL ? 1 : gv_context_threads(ctx);
        st = select_best(ctx, &s, &best, err);
        if (st != GV_OK)
            return st;
    }
    for (int64_t i = 0; i < found; i++) {
        node[i] = (gv_node)best[i].value;
        top[i] = score[best[i].value];
    }
    for (int64_t i = found; i < k; i++) {
        node[i] = -1;
        top[i] = (double)NAN;
    }
    *next_score = k < n ? score[best[k].value] : (double)NAN;
    gv_free(ctx, best);
    return GV_OK;
}

/* 6 passes at most, two keys a nanosecond and thread. */
GV_API void gv_top_k_plan(gv_plan *plan, int64_t n, int64_t k, int32_t threads)
{
    const int64_t wanted = k < n ? k + 1 : n, few = smaller(wanted + wanted / 2 + FEW, n);
    gv_plan_begin(plan, "best consumers", 3e-9 * (double)n / threads);
    gv_plan_use(plan, GV_PLAN_MEMORY, "counts of digits", threads * DIGITS * (int64_t)8);
    gv_plan_use(plan, GV_PLAN_MEMORY, "best scores",
                few * (int64_t)sizeof(gv_record) + gv_sort_bytes(few, sizeof(gv_record), threads));
}
