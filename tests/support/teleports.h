/* teleports.h -- teleport columns that tests fill by hand, and how far scores are apart. */
#ifndef TESTS_TELEPORTS_H
#define TESTS_TELEPORTS_H

#include "grapevine/ppr.h"

/* All zero is no columns. */
typedef struct columns {
    int64_t offset[65], n;
    gv_node node[4096];
    double weight[4096];
} columns;

/* Adds a column; entries go to the last one. */
void open_column(columns *c);
void put(columns *c, int64_t node, double weight);

gv_teleport teleport_of(const columns *c);
columns one_source(int64_t node);

/* Column `c` as a dense vector that sums to 1. */
void teleport_dense(const gv_teleport *t, int64_t c, int64_t n, double *out);

/* L1 distance, and sum. */
double distance(const double *x, const double *y, int64_t n);
double total(const double *x, int64_t n);

/* As exact as doubles allow. */
gv_ppr_opts exact_opts(void);

/* Fails each allocation of a walk in turn; how many there are, or -1 if one of them went unseen or
 * left memory behind. x: of the columns. */
int walk_without_memory(gv_context *ctx, const gv_graph *g, const gv_teleport *t,
                        const gv_ppr_opts *o, double *x);

#endif
