/* status.h -- assertions of what a call returns; behind greatest.h. */
#ifndef TESTS_STATUS_H
#define TESTS_STATUS_H

#define ASSERT_STATUS(STATUS, CALL)                                                                \
    do {                                                                                           \
        const int status_of_call = (int)(CALL); /* assertions may look at their words twice */     \
        ASSERT_EQ_FMT((int)(STATUS), status_of_call, "%d");                                        \
    } while (0)
#define ASSERT_OK(CALL) ASSERT_STATUS(GV_OK, CALL)

#endif
