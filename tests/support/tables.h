/* tables.h -- a small table of integers read in one go, for tests of the reader. */
#ifndef TESTS_TABLES_H
#define TESTS_TABLES_H

#include "io/table.h"

enum { MAX_ROWS = 4096 };

/* A whole table of integers a and b and an optional number w. Roles: source, target, weight in [0,
 * 1]. */
typedef struct whole {
    int64_t n, a[MAX_ROWS], b[MAX_ROWS], line[MAX_ROWS];
    double w[MAX_ROWS];
    bool has_w;
    gv_table_info info;
    gv_status status;
    gv_error err;
} whole;

extern const gv_role test_roles[3];

/* Reads the table; the result is overwritten by the next call. Memory that is left is an error. */
const whole *read_whole(int32_t threads, const char *path, gv_table_opts opts, const char *columns);

/* Rows "i i^4 mod 100003" with comments and empty lines between them, so that rows and lines
 * differ; returns the bytes. */
int64_t make_rows(char *text, int64_t n, int64_t *line_of);

#endif
