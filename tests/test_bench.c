/* test_bench.c -- the harness of the benchmarks: order statistics, what is counted, the lines. */
#include "greatest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

/* Trials that take the seconds they are told. */
typedef struct script {
    const double *seconds;
    int calls;
} script;

static double play(void *arg)
{
    script *s = arg;
    return s->seconds[s->calls++];
}

static bench_run run_into(FILE *to, int64_t trials, int64_t warm_up)
{
    return (bench_run){.to = to,
                       .bench = "test",
                       .graph = "a \"path\"\\\n",
                       .n = 3,
                       .m = 2,
                       .threads = 2,
                       .seed = 7,
                       .trials = trials,
                       .warm_up = warm_up};
}

TEST middle_and_least(void)
{
    static const double odd[] = {5, 1, 9}, even[] = {4, 1, 9, 2};
    ASSERT_IN_RANGE(5, bench_median(odd, 3), 0);
    ASSERT_IN_RANGE(3, bench_median(even, 4), 0);
    ASSERT_IN_RANGE(1, bench_minimum(odd, 3), 0);
    ASSERT_IN_RANGE(1, bench_minimum(even, 4), 0);
    ASSERT_IN_RANGE(9, bench_median(odd + 2, 1), 0);
    PASS();
}

TEST trials_to_warm_up_do_not_count(void)
{
    static const double seconds[] = {100, 50, 3, 1, 2};
    char *text = NULL;
    size_t size = 0;
    script s = {seconds, 0};
    bench_sample sample;
    FILE *to = open_memstream(&text, &size);
    ASSERT(to != NULL);
    const bench_run r = run_into(to, 3, 2);
    const bench_case c = {.name = "x", .trial = play, .arg = &s, .work = 8, .unit = "edges"};
    bench_measure(&r, &c, &sample);
    fclose(to);
    ASSERT_EQ(5, s.calls);
    ASSERT_EQ(3, (int)sample.n);
    ASSERT_IN_RANGE(3, sample.value[0], 0);
    ASSERT(strstr(text, "{\"bench\": \"test\", \"figure\": \"x\", \"graph\": \"a \\\"path\\\"\\\\"
                        "\\u000a\", \"n\": 3, \"m\": 2, \"threads\": 2, \"seed\": 7, "
                        "\"trials\": 3, \"median\": 2, \"min\": 1, \"unit\": \"s\", \"rate\": 4, "
                        "\"rate_unit\": \"edges/s\", \"processor\": ") == text);
    ASSERT(strstr(text, ", \"compiler\": \"") != NULL);
    ASSERT(strstr(text, "\"machine\": {\"cpu\": \"") != NULL);
    ASSERT(strstr(text, "\"kernel\": \"") != NULL);
    ASSERT_EQ('\n', text[size - 1]);
    ASSERT_EQ('}', text[size - 2]);
    free(text);
    PASS();
}

TEST two_run_in_turns(void)
{
    static const double slow[] = {9, 4, 6, 8}, fast[] = {9, 1, 3, 2};
    char *text = NULL;
    size_t size = 0;
    script a = {slow, 0}, b = {fast, 0};
    FILE *to = open_memstream(&text, &size);
    ASSERT(to != NULL);
    const bench_run r = run_into(to, 3, 1);
    const bench_case base = {.name = "old", .trial = play, .arg = &a};
    const bench_case other = {
        .name = "new", .trial = play, .arg = &b, .extra = "\"kernel\": \"fancy\""};
    ASSERT_IN_RANGE(3, bench_compare(&r, &base, &other), 0);
    fclose(to);
    const char *second = strchr(text, '\n');
    ASSERT(second != NULL);
    ASSERT(strstr(second, "\"median\": 2, \"min\": 1, \"unit\": \"s\", \"processor\": ") != NULL);
    ASSERT(strstr(second, "\"kernel\": \"fancy\", \"against\": \"old\", \"ratio\": 3, "
                          "\"ratio_of_pairs\": 4") != NULL);
    ASSERT(strstr(text, "\"rate\"") == NULL);
    free(text);
    PASS();
}

TEST numbers_that_json_has_not(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    ASSERT(to != NULL);
    const bench_run r = run_into(to, 1, 0);
    bench_line_real(&r, "a", NAN);
    bench_line_real(&r, "b", INFINITY);
    bench_line_real(&r, "c", -0.125);
    fclose(to);
    ASSERT_STR_EQ(", \"a\": null, \"b\": null, \"c\": -0.125", text);
    free(text);
    PASS();
}

TEST words_go_where_they_belong(void)
{
    const char *graph = "kron:18";
    int64_t trials = 16;
    double share = .5;
    char a[] = "graph=a=b", b[] = "share=.25", c[] = "trials=-3", program[] = "p";
    char *argv[] = {program, a, b, c};
    const bench_word word[] = {{.name = "graph", .text = &graph},
                               {.name = "trials", .number = &trials},
                               {.name = "share", .real = &share}};
    bench_words("p", 4, argv, word, 3);
    ASSERT_STR_EQ("a=b", graph);
    ASSERT_EQ(-3, (int)trials);
    ASSERT_IN_RANGE(.25, share, 0);
    PASS();
}

TEST only_optimised_builds_measure(void)
{
    const char *why = bench_refusal();
#if defined(NDEBUG) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) &&                  \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
    ASSERT_EQ(NULL, why);
#elif !defined(NDEBUG)
    ASSERT_STR_EQ("assertions are on: build with the release preset", why);
#else
    ASSERT(why == NULL || strstr(why, "build with the release preset") != NULL);
#endif
    PASS();
}

SUITE(bench)
{
    RUN_TEST(middle_and_least);
    RUN_TEST(trials_to_warm_up_do_not_count);
    RUN_TEST(two_run_in_turns);
    RUN_TEST(numbers_that_json_has_not);
    RUN_TEST(words_go_where_they_belong);
    RUN_TEST(only_optimised_builds_measure);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(bench);
    GREATEST_MAIN_END();
}
