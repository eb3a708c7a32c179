/* keep.h -- a keeper in memory, for tests of computations that are stopped and go on. */
#ifndef TESTS_KEEP_H
#define TESTS_KEEP_H

#include "grapevine/context.h"

enum { TEST_STATES = 8, TEST_PARTS = 16 };

typedef struct test_state {
    char name[64];
    int32_t n_parts;
    gv_state_part part[TEST_PARTS]; /* copies, owned */
} test_state;

typedef struct test_keeper {
    int calls, stop_at; /* the run is to stop at that call of due(), from 1 */
    int n_states, n_taken;
    test_state state[TEST_STATES];
} test_keeper;

/* Keeps the computations of `ctx` from now on, and stops them at call number `stop_at`. */
void test_keep(gv_context *ctx, test_keeper *k, int stop_at);
void test_keeper_free(test_keeper *k);

#endif
