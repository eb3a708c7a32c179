/* greatest.h -- a small test framework with the vocabulary of greatest (silentbicycle/greatest),
 * for machines where that header is not installed. Tests may use only what both offer. */
#ifndef GREATEST_H
#define GREATEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum greatest_test_res {
    GREATEST_TEST_RES_PASS = 0,
    GREATEST_TEST_RES_FAIL = -1,
    GREATEST_TEST_RES_SKIP = 1
} greatest_test_res;

typedef struct greatest_run_info {
    unsigned passed, failed, skipped, assertions;
    const char *suite, *filter, *message, *file;
    unsigned line;
} greatest_run_info;

extern greatest_run_info greatest_info;

#define GREATEST_MAIN_DEFS()                                                                       \
    greatest_run_info greatest_info;                                                               \
    int greatest_main_needs_semicolon

#define TEST        static enum greatest_test_res
#define SUITE(NAME) static void NAME(void)

#define GREATEST_SET_PLACE(MSG)                                                                    \
    (greatest_info.message = (MSG), greatest_info.file = __FILE__,                                 \
     greatest_info.line = (unsigned)__LINE__)

#define PASS() return GREATEST_TEST_RES_PASS
#define FAILm(MSG)                                                                                 \
    do {                                                                                           \
        GREATEST_SET_PLACE(MSG);                                                                   \
        return GREATEST_TEST_RES_FAIL;                                                             \
    } while (0)
#define SKIPm(MSG)                                                                                 \
    do {                                                                                           \
        GREATEST_SET_PLACE(MSG);                                                                   \
        return GREATEST_TEST_RES_SKIP;                                                             \
    } while (0)
#define FAIL() FAILm("")
#define SKIP() SKIPm("")

#define ASSERTm(MSG, COND)                                                                         \
    do {                                                                                           \
        greatest_info.assertions++;                                                                \
        if (!(COND))                                                                               \
            FAILm(MSG);                                                                            \
    } while (0)
#define ASSERT(COND)              ASSERTm(#COND, COND)
#define ASSERT_FALSEm(MSG, COND)  ASSERTm(MSG, !(COND))
#define ASSERT_FALSE(COND)        ASSERTm("not " #COND, !(COND))
#define ASSERT_EQm(MSG, EXP, GOT) ASSERTm(MSG, (EXP) == (GOT))
#define ASSERT_EQ(EXP, GOT)       ASSERTm(#EXP " == " #GOT, (EXP) == (GOT))
#define ASSERT_NEQ(EXP, GOT)      ASSERTm(#EXP " != " #GOT, (EXP) != (GOT))
#define ASSERT_GT(EXP, GOT)       ASSERTm(#EXP " > " #GOT, (EXP) > (GOT))
#define ASSERT_GTE(EXP, GOT)      ASSERTm(#EXP " >= " #GOT, (EXP) >= (GOT))
#define ASSERT_LT(EXP, GOT)       ASSERTm(#EXP " < " #GOT, (EXP) < (GOT))
#define ASSERT_LTE(EXP, GOT)      ASSERTm(#EXP " <= " #GOT, (EXP) <= (GOT))
#define ASSERT_MEM_EQ(EXP, GOT, SIZE)                                                              \
    ASSERTm(#EXP " equals " #GOT, memcmp((EXP), (GOT), (SIZE)) == 0)
#define ASSERT_STR_EQm(MSG, EXP, GOT)                                                              \
    do {                                                                                           \
        const char *greatest_exp = (EXP), *greatest_got = (GOT);                                   \
        greatest_info.assertions++;                                                                \
        if (strcmp(greatest_exp, greatest_got) != 0) {                                             \
            printf("expected: %s\n     got: %s\n", greatest_exp, greatest_got);                    \
            FAILm(MSG);                                                                            \
        }                                                                                          \
    } while (0)
#define ASSERT_STR_EQ(EXP, GOT) ASSERT_STR_EQm(#EXP " equals " #GOT, EXP, GOT)
#define ASSERT_EQ_FMT(EXP, GOT, FMT)                                                               \
    do {                                                                                           \
        greatest_info.assertions++;                                                                \
        if ((EXP) != (GOT)) {                                                                      \
            printf("expected: " FMT "\n     got: " FMT "\n", (EXP), (GOT));                        \
            FAILm(#EXP " == " #GOT);                                                               \
        }                                                                                          \
    } while (0)
#define ASSERT_IN_RANGE(EXP, GOT, TOL)                                                             \
    do {                                                                                           \
        const double greatest_exp = (double)(EXP), greatest_got = (double)(GOT);                   \
        const double greatest_tol = (double)(TOL);                                                 \
        greatest_info.assertions++;                                                                \
        if (!(greatest_got - greatest_exp <= greatest_tol &&                                       \
              greatest_exp - greatest_got <= greatest_tol)) {                                      \
            printf("expected: %.17g +- %.3g\n     got: %.17g\n", greatest_exp, greatest_tol,       \
                   greatest_got);                                                                  \
            FAILm(#EXP " close to " #GOT);                                                         \
        }                                                                                          \
    } while (0)
#define CHECK_CALL(CALL)                                                                           \
    do {                                                                                           \
        const enum greatest_test_res greatest_res = (CALL);                                        \
        if (greatest_res != GREATEST_TEST_RES_PASS)                                                \
            return greatest_res;                                                                   \
    } while (0)

static inline void greatest_report(const char *name, enum greatest_test_res res)
{
    if (res == GREATEST_TEST_RES_PASS) {
        greatest_info.passed++;
        return;
    }
    const char *word = res == GREATEST_TEST_RES_SKIP ? "SKIP" : "FAIL";
    *(res == GREATEST_TEST_RES_SKIP ? &greatest_info.skipped : &greatest_info.failed) += 1;
    printf("%s %s.%s: %s (%s:%u)\n", word, greatest_info.suite, name, greatest_info.message,
           greatest_info.file, greatest_info.line);
}

#define GREATEST_WANTED(NAME)                                                                      \
    (greatest_info.filter == NULL || strstr(NAME, greatest_info.filter) != NULL)
#define RUN_TEST(TEST_)                                                                            \
    do {                                                                                           \
        if (GREATEST_WANTED(#TEST_))                                                               \
            greatest_report(#TEST_, TEST_());                                                      \
    } while (0)
#define RUN_TEST1(TEST_, ENV)                                                                      \
    do {                                                                                           \
        if (GREATEST_WANTED(#TEST_))                                                               \
            greatest_report(#TEST_, TEST_(ENV));                                                   \
    } while (0)
#define RUN_TESTp(TEST_, ...)                                                                      \
    do {                                                                                           \
        if (GREATEST_WANTED(#TEST_))                                                               \
            greatest_report(#TEST_, TEST_(__VA_ARGS__));                                           \
    } while (0)
#define RUN_SUITE(NAME)                                                                            \
    do {                                                                                           \
        greatest_info.suite = #NAME;                                                               \
        NAME();                                                                                    \
    } while (0)

/* A program takes -t TEXT: only tests whose name contains it. */
#define GREATEST_MAIN_BEGIN()                                                                      \
    do {                                                                                           \
        memset(&greatest_info, 0, sizeof greatest_info);                                           \
        if (argc == 3 && strcmp(argv[1], "-t") == 0)                                               \
            greatest_info.filter = argv[2];                                                        \
    } while (0)
#define GREATEST_MAIN_END()                                                                        \
    do {                                                                                           \
        printf("%u passed, %u failed, %u skipped (%u assertions)\n", greatest_info.passed,         \
               greatest_info.failed, greatest_info.skipped, greatest_info.assertions);             \
        fflush(stdout); /* a sanitizer may end the process before exit() would */                  \
        return greatest_info.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;                             \
    } while (0)

#endif
