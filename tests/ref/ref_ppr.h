/* ref_ppr.h -- personalized PageRank the dull way: a dense matrix. For n up to a few hundred. */
#ifndef TESTS_REF_PPR_H
#define TESTS_REF_PPR_H

#include "grapevine/ppr.h"

/* The exact solution x [n] for teleport vector t [n] (sums to 1), by elimination in long double.
 * Tolerance and iterations of `o` are not looked at. */
void ref_ppr_solve(const gv_graph *g, const gv_ppr_opts *o, const double *t, double *x);

/* x [n] after `sweeps` sweeps from t. */
void ref_ppr_sweeps(const gv_graph *g, const gv_ppr_opts *o, const double *t, int sweeps,
                    double *x);

#endif
