/* test_influence_post.c -- replies by target: whatever is sent comes to its row, from any thread,
 * in any packets; and ranges with far more than the mean. */
#include <stdlib.h>
#include <string.h>

#include "greatest.h"
#include "kernels/influence_post.h"
#include "kernels/influence_span.h"
#include "tests/support/graphs.h"

/* More than two stretches, so that there is not room for all replies at once. */
enum { N = 3 * GV_STRETCH + 5, LETTERS = 200000, LONG = 300000 };

/* Consumer LONG has more friends than are worked on at once, the others none. */
static gv_csr rows(void)
{
    int64_t *indptr = calloc(N + 1, sizeof *indptr);
    for (int64_t u = LONG + 1; u <= N; u++)
        indptr[u] = EDGES + 1;
    return (gv_csr){.indptr = indptr};
}

static gv_node target_of(int64_t i, bool skewed)
{
    if (i % 7 == 0)
        return LONG;
    if (skewed && i % 7 < 6)
        return (gv_node)(N - 1 - i % 3);
    return (gv_node)((uint64_t)i * 2654435761U % N);
}

static influence_reply reply_of(int64_t i)
{
    return (influence_reply){(uint32_t)(LETTERS - i), (float)i, (float)-i};
}

/* Letters [i, end), out of a box. */
static void send_some(influence_post *p, int64_t i, int64_t end, bool skewed)
{
    static _Thread_local influence_box box;
    int64_t *next = p->next + gv_thread() * p->n_ranges;
    for (; i < end; i++) {
        if (box.n[box.open] == INFLUENCE_BOX)
            influence_box_turn(p, next, &box);
        box.letter[box.open][box.n[box.open]++] =
            (influence_letter){target_of(i, skewed), reply_of(i)};
    }
    influence_box_empty(p, next, &box);
}

/* In portions of less and more than a box. */
static void send_all(gv_context *ctx, influence_post *p, bool skewed)
{
    const int threads = gv_context_threads(ctx);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < LETTERS / 5000; i++) {
        send_some(p, 5000 * i, 5000 * i + 100, skewed);
        send_some(p, 5000 * i + 100, 5000 * (i + 1), skewed);
    }
}

/* Letters on the desk that are in their rows for the first time; rows of many friends ascend. */
static int64_t count_right(const influence_desk *desk, bool *seen, bool skewed)
{
    int64_t n = 0;
    for (int64_t u = desk->first; u < desk->end; u++) {
        const influence_reply *begin = influence_replies(desk, u), *last = begin;
        for (const influence_reply *a = begin; a < influence_replies(desk, u + 1); a++) {
            const int64_t i = LETTERS - (int64_t)a->from;
            if (i < 0 || i >= LETTERS || seen[i])
                continue;
            n += target_of(i, skewed) == u && a->tie == (float)i && a->more == (float)-i &&
                 (u != LONG || last->from <= a->from);
            seen[i] = true, last = a;
        }
    }
    return n;
}

/* Every letter is in its row, once, on whatever desk. */
static enum greatest_test_res check_rows(gv_context *ctx, influence_post *p, bool skewed)
{
    const int threads = gv_context_threads(ctx);
    bool *seen = calloc(LETTERS + 1, sizeof *seen);
    int64_t right = 0, targets = 0;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) reduction(+ : right, targets)
    for (int64_t range = 0; range < p->n_ranges; range++) {
        influence_post_sort(p, range);
        const influence_desk *desk = p->desk + gv_thread();
        right += count_right(desk, seen, skewed);
        targets += desk->end - desk->first;
    }
    ASSERT_EQ(LETTERS, right);
    ASSERT_EQ(N, targets);
    free(seen);
    PASS();
}

static enum greatest_test_res check_post(int32_t threads, bool skewed)
{
    gv_context *ctx = test_context(threads, -1);
    const gv_csr out = rows();
    influence_post p;
    ASSERT(influence_post_make(ctx, &p, &out, N, LETTERS));
    ASSERT(p.room < LETTERS * 3 / 4);
    for (int32_t batch = 0; batch < 2; batch++) {
        influence_post_clear(&p);
        send_all(ctx, &p, skewed);
        ASSERT(influence_post_close(ctx, &p));
        ASSERT(p.room <= LETTERS);
        ASSERT_EQ(skewed || threads > 3, p.room > LETTERS * 2 / 3);
        ASSERT_EQ(threads > (skewed ? 1 : 3), p.part == 0); /* as many times the fullest range */
        CHECK_CALL(check_rows(ctx, &p, skewed));
    }
    influence_post_free(ctx, &p);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    free((void *)(uintptr_t)out.indptr);
    gv_context_free(ctx);
    PASS();
}

TEST letters_arrive(void)
{
    for (int32_t threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5)
        CHECK_CALL(check_post(threads, false));
    PASS();
}

TEST room_grows_for_those_who_get_most(void)
{
    CHECK_CALL(check_post(1, true));
    CHECK_CALL(check_post(3, true));
    PASS();
}

TEST nothing_sent(void)
{
    gv_context *ctx = test_context(2, -1);
    const gv_csr out = rows();
    influence_post p;
    ASSERT(influence_post_make(ctx, &p, &out, N, 0));
    influence_post_clear(&p);
    ASSERT(influence_post_close(ctx, &p));
    for (int64_t range = 0; range < p.n_ranges; range++) {
        influence_post_sort(&p, range);
        ASSERT(influence_replies(p.desk, p.desk->first) == influence_replies(p.desk, p.desk->end));
    }
    influence_post_free(ctx, &p);
    free((void *)(uintptr_t)out.indptr);
    gv_context_free(ctx);
    PASS();
}

/* Ranges are whole blocks, divide a stretch, and are not too many. */
TEST ranges_suit_any_size(void)
{
    for (int64_t n = 1; n <= INT32_MAX; n = n * 3 + 1) {
        const int32_t shift = influence_range_shift(n);
        const int64_t ranges = influence_ranges(n, shift);
        ASSERT(1 << shift >= GV_BLOCK && 1 << shift <= GV_STRETCH);
        ASSERT(ranges << shift >= n && (ranges - 1) << shift < n);
        ASSERT(ranges <= INFLUENCE_RANGES || 1 << shift == GV_STRETCH);
    }
    PASS();
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_TEST(letters_arrive);
    RUN_TEST(room_grows_for_those_who_get_most);
    RUN_TEST(nothing_sent);
    RUN_TEST(ranges_suit_any_size);
    GREATEST_MAIN_END();
}
