/* kinds.h -- graphs of all kinds that a file may hold. */
#ifndef TESTS_KINDS_H
#define TESTS_KINDS_H

#include <stdbool.h>

#include "grapevine/graph.h"

typedef struct kind {
    int64_t n;
    double density;
    gv_build_opts build;
    bool columns, text;
} kind;

/* Numbers of kinds; the one with arrays of more than a page. */
enum { KINDS = 8, LARGE = 6 };

kind kind_of(int i);
gv_graph *kind_graph(gv_context *ctx, const kind *k);

#endif
