/* results.h -- a small population on disk with a results file about it whose numbers are known. */
#ifndef TESTS_RESULTS_H
#define TESTS_RESULTS_H

#include "engine/population.h"
#include "grapevine/io.h"
#include "tests/support/files.h"

/* Lists by topic: every consumer has a score in every topic; about 15 % are flagged, 10 % are
 * prospects. */
typedef struct test_results {
    gv_population *p;
    int64_t n;          /* consumers */
    int32_t z;          /* topics */
    float *score;       /* [z][n] */
    int32_t *rank;      /* [z][n] by score, from 1 */
    int16_t *flag;      /* [z][n] */
    int32_t *friends;   /* [n], out-degree */
    int16_t *prospect;  /* [z][n] */
    float *chance;      /* [z][n], of prospects: multiples of 1/8, so that many are equal */
    gv_node *friend_of; /* [z][n] */
    char folder[TEST_PATH], graph[TEST_PATH], truth[TEST_PATH], results[TEST_PATH];
} test_results;

/* Writes graph.h5, truth.h5 and results.h5 (lists, a cascade "default" and one "short", a PageRank
 * "default" of two columns, best of "i1" and of "ppr") into a new folder. Failing ends the program.
 */
test_results *results_make(gv_context *ctx, int64_t consumers, int32_t topics);
void results_drop(test_results *t);

/* Node in the topic's list, by rank from 0: flagged consumers by rank. -1 when there are fewer. */
gv_node results_flagged(const test_results *t, int32_t topic, int64_t place);

#endif
