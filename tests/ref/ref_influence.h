/* ref_influence.h -- dull versions of influence, ranks, susceptibility and prospects. */
#ifndef TESTS_REF_INFLUENCE_H
#define TESTS_REF_INFLUENCE_H

#include "engine/model.h"

/* p of out-edge e = (v -> u) in topic z, by the formula and linear search. */
double ref_edge(const gv_model *m, gv_node v, gv_node u, int64_t e, int32_t z);

/* All p of topic z: p [n][n], 0 where there is no edge. Caller's, freed with free(). */
double *ref_matrix(const gv_graph *g, const gv_model *m, int32_t z);

/* i1 and i2 of consumer u from the matrix, by their definitions. weight [n] or NULL. */
double ref_i1(const double *p, int64_t n, const float *weight, gv_node u);
double ref_i2(const double *p, int64_t n, const float *weight, gv_node u);

/* Expected weight of the distinct consumers other than u whom u reaches by at most two live edges:
 * all subsets of the edges, so up to 20 of them. */
double ref_two_steps(const gv_graph *g, const double *p, const float *weight, gv_node u);

/* Place of v by (score descending, node ascending), from 1. */
int32_t ref_rank(const float *score, int64_t n, gv_node v);

/* Flags [n] of the first `wanted` consumers by rank with at least min_actions purchases in z. */
void ref_flags(const gv_model *m, const float *score, int32_t z, int64_t wanted, int16_t *flag);

/* Susceptibility in topic z (-1: all topics), without sums in blocks. score [n]. */
void ref_susceptibility(const gv_model *m, int32_t z, double *score);

/* Prospects of topic z by node: 1 in is [n] for prospects, and then their probability and best
 * friend. */
void ref_prospects(const gv_graph *g, const gv_model *m, int32_t z, const float *susceptibility,
                   const int16_t *flag, int64_t wanted, int8_t *is, double *probability,
                   gv_node *friend_node);

#endif
