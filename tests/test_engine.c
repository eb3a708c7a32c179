/* test_engine.c -- the floor: memory, sorting, random numbers, hashes, sums, errors. */
#include "greatest.h"

#include "engine/context.h"
#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/rng.h"
#include "engine/sort.h"
#include "engine/topology.h"
#include "support/graphs.h"

/* ---- memory -------------------------------------------------------------------------------- */

TEST memory_is_counted(void)
{
    gv_context *ctx = test_context(1, -1);
    char *small = gv_alloc(ctx, 100, 1), *large = gv_alloc_zero(ctx, 5 << 20, 1);
    ASSERT(small != NULL && large != NULL);
    ASSERT_EQ(100 + (5 << 20), gv_context_memory_used(ctx));
    ASSERT_EQ(0, (uintptr_t)small % 64);
    ASSERT_EQ(0, (uintptr_t)large % (2 << 20));
    ASSERT_EQ(0, large[0] | large[(5 << 20) - 1]);
    gv_free(ctx, large);
    ASSERT_EQ(100, gv_context_memory_used(ctx));
    ASSERT_EQ(100 + (5 << 20), gv_context_memory_peak(ctx));
    gv_free(ctx, small);
    gv_free(ctx, NULL);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST memory_keeps_contents_when_it_grows(void)
{
    gv_context *ctx = test_context(1, -1);
    int64_t *a = gv_realloc(ctx, NULL, 3, sizeof *a);
    for (int i = 0; i < 3; i++)
        a[i] = i + 7;
    a = gv_realloc(ctx, a, 1 << 20, sizeof *a);
    ASSERT(a != NULL);
    for (int i = 0; i < 3; i++)
        ASSERT_EQ(i + 7, a[i]);
    a = gv_realloc(ctx, a, 2, sizeof *a);
    ASSERT_EQ(8, a[1]);
    ASSERT_EQ(2 * (int64_t)sizeof *a, gv_context_memory_used(ctx));
    gv_free(ctx, a);
    gv_context_free(ctx);
    PASS();
}

TEST memory_is_trimmed(void)
{
    gv_context *ctx = test_context(1, -1);
    for (int64_t n = 1 << 10; n <= 1 << 24; n *= 4)
        for (int64_t keep = 0; keep <= n; keep = 3 * keep + 1) {
            char *a = gv_alloc(ctx, n, 1);
            memset(a, 7, (size_t)n);
            gv_trim(ctx, a, keep, 1);
            const bool large = n >= 4 << 20;
            ASSERT_EQ(large ? keep : n, gv_context_memory_used(ctx));
            for (int64_t i = 0; i < keep; i += 1000)
                ASSERT_EQ(7, a[i]);
            gv_trim(ctx, a, 2 * n, 1); /* nothing to give back */
            ASSERT_EQ(large ? keep : n, gv_context_memory_used(ctx));
            gv_free(ctx, a);
            ASSERT_EQ(0, gv_context_memory_used(ctx));
        }
    gv_context_free(ctx);
    PASS();
}

TEST memory_respects_its_limit(void)
{
    gv_context_opts o = gv_context_defaults();
    gv_context *ctx;
    gv_error err;
    o.memory_limit = 1000;
    ASSERT_EQ(GV_OK, gv_context_create(&o, &ctx, &err));
    void *a = gv_alloc(ctx, 600, 1);
    ASSERT(a != NULL);
    ASSERT(gv_alloc(ctx, 401, 1) == NULL);
    ASSERT_EQ(GV_ERR_NOMEM, gv_no_memory(ctx, "test", &err));
    ASSERT(strstr(err.message, "limit") != NULL);
    void *b = gv_alloc(ctx, 400, 1);
    ASSERT(b != NULL);
    gv_free(ctx, a);
    gv_free(ctx, b);
    gv_context_free(ctx);
    PASS();
}

TEST memory_refuses_sizes_that_overflow(void)
{
    gv_context *ctx = test_context(1, -1);
    ASSERT(gv_alloc(ctx, INT64_MAX, 16) == NULL);
    ASSERT(gv_alloc(ctx, -1, 1) == NULL);
    ASSERT(gv_alloc(ctx, INT64_MAX / 2, 1) == NULL);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    void *none = gv_alloc(ctx, 0, 8);
    ASSERT(none != NULL);
    gv_free(ctx, none);
    gv_context_free(ctx);
    PASS();
}

TEST memory_fails_when_told(void)
{
    gv_context *ctx = test_context(1, 1);
    void *a = gv_alloc(ctx, 8, 1);
    ASSERT(a != NULL);
    ASSERT(gv_alloc(ctx, 8, 1) == NULL);
    void *b = gv_alloc(ctx, 8, 1);
    ASSERT(b != NULL);
    gv_free(ctx, a), gv_free(ctx, b);
    gv_context_free(ctx);
    PASS();
}

/* ---- sorting ------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

TEST sorts_keys_like_qsort(int64_t n)
{
    gv_context *ctx = test_context(3, -1);
    uint64_t *mine = gv_alloc(ctx, n, sizeof *mine), *theirs = gv_alloc(ctx, n, sizeof *theirs);
    for (int64_t i = 0; i < n; i++)
        mine[i] = theirs[i] = gv_mix((uint64_t)i) >> (i % 3 == 0 ? 0 : 40);
    ASSERT_EQ(GV_OK, gv_sort_keys(ctx, mine, n, NULL));
    qsort(theirs, (size_t)n, sizeof *theirs, compare_keys);
    ASSERT_MEM_EQ(theirs, mine, (size_t)n * sizeof *mine);
    gv_free(ctx, mine), gv_free(ctx, theirs);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Few distinct keys, so that stability shows. */
TEST sorting_records_is_stable(int32_t threads)
{
    enum { N = 100000 };
    gv_context *ctx = test_context(threads, -1);
    gv_record *r = gv_alloc(ctx, N, sizeof *r);
    for (uint64_t i = 0; i < N; i++)
        r[i] = (gv_record){gv_mix(i) % 50 * UINT64_C(0x0001000000010001), i};
    ASSERT_EQ(GV_OK, gv_sort_records(ctx, r, N, NULL));
    for (int i = 1; i < N; i++) {
        ASSERT_LTE(r[i - 1].key, r[i].key);
        if (r[i - 1].key == r[i].key)
            ASSERT_LT(r[i - 1].value, r[i].value);
    }
    gv_free(ctx, r);
    gv_context_free(ctx);
    PASS();
}

TEST sorting_survives_failed_allocations(void)
{
    for (int64_t k = 0; k < 2; k++) {
        gv_context *ctx = test_context(2, k);
        uint64_t key[3] = {3, 1, 2};
        gv_error err;
        ASSERT_EQ(GV_ERR_NOMEM, gv_sort_keys(ctx, key, 3, &err));
        ASSERT_EQ(GV_ERR_NOMEM, err.status);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    PASS();
}

TEST score_keys_sort_descending(void)
{
    const double score[] = {1e300, 2.5, 1.0, 1e-300, 0.0, -1e-300, -1.0, -7e9};
    for (int i = 1; i < 8; i++) {
        ASSERT_LT(gv_descending_f64(score[i - 1]), gv_descending_f64(score[i]));
        ASSERT_LTE(gv_descending_f32((float)score[i - 1]), gv_descending_f32((float)score[i]));
    }
    ASSERT_EQ(gv_descending_f64(0.0), gv_descending_f64(-0.0));
    ASSERT_EQ(gv_descending_f32(0.0f), gv_descending_f32(-0.0f));
    PASS();
}

/* ---- random numbers ------------------------------------------------------------------------ */

/* Known answers published with the Random123 library. */
TEST philox_gives_its_published_answers(void)
{
    const struct {
        uint64_t key, hi, lo;
        uint32_t want[4];
    } kat[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {UINT64_C(0x299f31d0a4093822),
         UINT64_C(0x0370734413198a2e),
         UINT64_C(0x85a308d3243f6a88),
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (int i = 0; i < 3; i++) {
        const gv_random r = gv_philox(kat[i].key, kat[i].hi, kat[i].lo);
        ASSERT_MEM_EQ(kat[i].want, r.word, sizeof r.word);
    }
    PASS();
}

TEST random_helpers_hold_their_ranges(void)
{
    ASSERT_EQ(0.0, gv_unit(0));
    ASSERT_LT(gv_unit(UINT64_MAX), 1.0);
    ASSERT_EQ(0, gv_below(0, 10));
    ASSERT_EQ(9, gv_below(UINT64_MAX, 10));
    ASSERT_EQ(0, gv_below(UINT64_MAX, 1));
    ASSERT_EQ(0, gv_threshold(0.0));
    ASSERT_EQ(UINT64_C(1) << 63, gv_threshold(0.5));
    ASSERT_NEQ(gv_key(1, GV_FOR_COIN), gv_key(1, GV_FOR_SHUFFLE));
    ASSERT_NEQ(gv_key(1, GV_FOR_COIN), gv_key(2, GV_FOR_COIN));
    PASS();
}

/* ---- hashes -------------------------------------------------------------------------------- */

TEST hash_is_xxh3_of_block_hashes(void)
{
    enum { BLOCK = 4 << 20, BYTES = 2 * BLOCK + 5 };
    uint64_t one = 0, many = 0, block[3];
    gv_context *ctx = test_context(1, -1), *ctx3 = test_context(3, -1);
    char *data = gv_alloc(ctx, BYTES, 1);
    for (int64_t i = 0; i < BYTES; i++)
        data[i] = (char)gv_mix((uint64_t)i);
    ASSERT_EQ(GV_OK, gv_hash(ctx, data, BYTES, &one, NULL));
    ASSERT_EQ(GV_OK, gv_hash(ctx3, data, BYTES, &many, NULL));
    ASSERT_EQ(one, many);
    for (int64_t b = 0; b < 3; b++)
        block[b] = gv_hash_small(data + b * BLOCK, b < 2 ? BLOCK : 5);
    ASSERT_EQ(gv_hash_small(block, sizeof block), one);
    data[BLOCK] ^= 1;
    ASSERT_EQ(GV_OK, gv_hash(ctx, data, BYTES, &many, NULL));
    ASSERT_NEQ(one, many);
    gv_free(ctx, data);
    gv_context_free(ctx), gv_context_free(ctx3);
    PASS();
}

/* XXH3-64 of no bytes with seed 0, as published by its author. */
TEST hash_of_nothing_is_the_published_one(void)
{
    char text[GV_HASH_CHARS + 1];
    ASSERT_STR_EQ("2d06800538d394c2", gv_hash_text(gv_hash_small("", 0), text));
    PASS();
}

/* ---- blocks, sums, threads ----------------------------------------------------------------- */

TEST blocks_cover_everything_once(void)
{
    for (int64_t n = 0; n < 3 * GV_BLOCK + 2; n += 37) {
        int64_t covered = 0;
        for (int64_t b = 0; b < gv_blocks(n); b++)
            covered += gv_block_end(b, n) - b * GV_BLOCK;
        ASSERT_EQ(n, covered);
    }
    PASS();
}

TEST prefix_sum_of_counts(void)
{
    int64_t offset[5] = {3, 0, 4, 1, -1};
    const int64_t want[5] = {0, 3, 3, 7, 8};
    ASSERT_EQ(8, gv_prefix_sum(offset, 4));
    ASSERT_MEM_EQ(want, offset, sizeof want);
    PASS();
}

static void mark(void *arg, int64_t i)
{
    ((int32_t *)arg)[i]++;
}

TEST parallel_for_runs_each_task_once(void)
{
    int32_t done[1000] = {0};
    gv_context *ctx = test_context(4, -1);
    gv_parallel_for(ctx, 1000, mark, done);
    for (int i = 0; i < 1000; i++)
        ASSERT_EQ(1, done[i]);
    gv_context_free(ctx);
    PASS();
}

TEST context_knows_its_limits(void)
{
    gv_context_opts o = gv_context_defaults();
    gv_context *ctx;
    gv_error err;
    ASSERT_EQ(GV_OK, gv_context_create(NULL, &ctx, &err));
    ASSERT_GTE(gv_context_threads(ctx), 1);
    gv_context_free(ctx);
    o.n_threads = -1;
    ASSERT_EQ(GV_ERR_RANGE, gv_context_create(&o, &ctx, &err));
    ASSERT_STR_EQ("threads -1 is not in [0, 4096]", err.message);
    o.n_threads = 0, o.memory_limit = -5;
    ASSERT_EQ(GV_ERR_RANGE, gv_context_create(&o, &ctx, &err));
    ASSERT_GTE(gv_machine_threads(0), 1);
    ASSERT_EQ(1, gv_machine_threads(1));
    PASS();
}

static bool refuse(void *data, const char *stage, int64_t done, int64_t total)
{
    (void)stage;
    *(int64_t *)data = done;
    return done < total / 2;
}

TEST progress_can_cancel(void)
{
    int64_t seen = 0;
    gv_context_opts o = {.n_threads = 1, .progress = refuse, .progress_data = &seen};
    gv_context *ctx;
    gv_error err;
    ASSERT_EQ(GV_OK, gv_context_create(&o, &ctx, &err));
    ASSERT_EQ(GV_OK, gv_progress(ctx, "work", 4, 10, &err));
    ASSERT_EQ(GV_ERR_CANCELLED, gv_progress(ctx, "work", 5, 10, &err));
    ASSERT_EQ(5, seen);
    gv_context_free(ctx);
    PASS();
}

/* ---- errors -------------------------------------------------------------------------------- */

TEST every_status_has_its_text(void)
{
#define CHECK_STATUS(name, code, text)                                                             \
    ASSERT_EQ(code, name);                                                                         \
    ASSERT_STR_EQ(text, gv_status_text(name));
    GV_STATUS_MAP(CHECK_STATUS)
    ASSERT_STR_EQ("unknown status", gv_status_text((gv_status)99));
    PASS();
}

TEST failing_without_an_error_struct_is_allowed(void)
{
    gv_error err = {.message = "before"};
    ASSERT_EQ(GV_ERR_IO, gv_fail(NULL, GV_ERR_IO, "%d", 1));
    ASSERT_EQ(GV_ERR_IO, gv_fail(&err, GV_ERR_IO, "file %d", 1));
    ASSERT_STR_EQ("file 1", err.message);
    PASS();
}

SUITE(engine)
{
    RUN_TEST(memory_is_counted);
    RUN_TEST(memory_keeps_contents_when_it_grows);
    RUN_TEST(memory_is_trimmed);
    RUN_TEST(memory_respects_its_limit);
    RUN_TEST(memory_refuses_sizes_that_overflow);
    RUN_TEST(memory_fails_when_told);
    RUN_TEST1(sorts_keys_like_qsort, 0);
    RUN_TEST1(sorts_keys_like_qsort, 1);
    RUN_TEST1(sorts_keys_like_qsort, 1000);
    RUN_TEST1(sorts_keys_like_qsort, 200001);
    RUN_TEST1(sorting_records_is_stable, 1);
    RUN_TEST1(sorting_records_is_stable, 4);
    RUN_TEST(sorting_survives_failed_allocations);
    RUN_TEST(score_keys_sort_descending);
    RUN_TEST(philox_gives_its_published_answers);
    RUN_TEST(random_helpers_hold_their_ranges);
    RUN_TEST(hash_is_xxh3_of_block_hashes);
    RUN_TEST(hash_of_nothing_is_the_published_one);
    RUN_TEST(blocks_cover_everything_once);
    RUN_TEST(prefix_sum_of_counts);
    RUN_TEST(parallel_for_runs_each_task_once);
    RUN_TEST(context_knows_its_limits);
    RUN_TEST(progress_can_cancel);
    RUN_TEST(every_status_has_its_text);
    RUN_TEST(failing_without_an_error_struct_is_allowed);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(engine);
    GREATEST_MAIN_END();
}
