/* learn_parts.h -- the steps of learning, in the order in which learn.c takes them. */
#ifndef KERNELS_LEARN_PARTS_H
#define KERNELS_LEARN_PARTS_H

#include "engine/model.h"
#include "engine/sort.h"
#include "kernels/learn_items.h"
#include "kernels/learn_keep.h"

/* ---- learn_delay.c: how long a purchase takes to prompt another ------------------------------ */

/* Fits the delays of every topic; sets delay [n_topics] and window [n_topics], in seconds. `given`
 * is the window of the options, 0 where it is to be found. Goes on from `kept`. */
GV_CHECKED gv_status learn_delays(learn_scan *s, const learn_kept *kept, int64_t given,
                                  double *delay, int64_t *window, gv_error *err);

/* ---- learn_pairs.c, learn_evidence.c: the counters ------------------------------------------- */

/* Counters of the pairs of `m`, as long as they are written. */
typedef struct learn_pairs {
    int64_t *exposure, *last;
    int32_t *total, *observed, *shuffled;
} learn_pairs;

/* Finds the (consumer, topic) pairs of the log and gives `m` their arrays, counters all zero. */
GV_CHECKED gv_status learn_find_pairs(const learn_scan *s, gv_model *m, learn_pairs *pairs,
                                      gv_error *err);

/* Who is credited for a purchase. */
typedef struct learn_rule {
    gv_learn_method method;
    gv_credit_rule credit;
    const gv_model *prior; /* EM: what is thought so far; NULL at first, then credits are shared */
} learn_rule;

/* Whether the credits of a purchase after a friend's add up to one. */
static inline bool learn_adds_up(const gv_learn_opts *o, const gv_log *log)
{
    return o->method == GV_LEARN_PARTIAL_CREDIT && o->spell_gap == 0 && log->item_share == NULL;
}

/* Counts exposures and credits: fills the counters of the pairs, unless `pairs` is NULL, and the
 * evidence of `m`. With pairs it keeps its state, and goes on from `kept`. */
GV_CHECKED gv_status learn_count(learn_scan *s, const learn_rule *rule, const learn_kept *kept,
                                 gv_model *m, learn_pairs *pairs, gv_error *err);

/* The kind of a record, in its value: a credit, or else a deduction from an exposure. Keys are
 * (edge, topic). */
#define LEARN_CREDIT (UINT64_C(1) << 63)

/* The evidence of `m` from n sorted records; its pairs are counted. */
GV_CHECKED gv_status learn_sum_records(const gv_graph *g, const gv_record *record, int64_t n,
                                       gv_model *m, gv_error *err);

/* Credits that each consumer received, in units, from the evidence. */
void learn_received(const gv_graph *g, const gv_model *m, int64_t *received);

/* Exposures become those of the Jaccard index: purchases of either of the two. */
void learn_unite(const gv_graph *g, gv_model *m);

/* ---- learn_mu.c, learn_factors.c, learn_edges.c: what the counters say about everybody
 * -----------------------------------
 */

/* mu [n_topics]. `received` [n_nodes] is that of learn_received(), or NULL where every purchase
 * after a friend's received one. */
GV_CHECKED gv_status learn_mu(const gv_graph *g, const gv_model *m, const int64_t *received,
                              double *mu, gv_error *err);

/* mu, source (of the pairs) and target [n_nodes], and the strengths of their priors. `keeps`: with
 * what was counted as its state. */
GV_CHECKED gv_status learn_factors(const gv_graph *g, gv_model *m, const int64_t *received,
                                   bool keeps, gv_error *err);

/* k_tie by maximum marginal likelihood; k_edge too, or `prior_strength` where that is not negative.
 */
GV_CHECKED gv_status learn_edge_strengths(const gv_graph *g, double prior_strength,
                                          const int64_t *received, bool keeps, gv_model *m,
                                          gv_error *err);

/* ---- learn_strength.c: histograms, and the strength under which they are most likely -----------
 */

/* Numbers of cases with a count (rounded to whole purchases), an expectation or exposure, and a
 * prior probability, each in fixed bins. */
enum { LEARN_COUNT_BINS = 112, LEARN_REAL_BINS = 192, LEARN_CHANCE_BINS = 128 };

/* Bin of a count in units of 2^-32. */
int32_t learn_count_bin(int64_t units);
/* Bin of a positive real: four an octave from 2^-24 to 2^24, what lies outside in the outer ones.
 */
int32_t learn_real_bin(double x);
/* Bin of a probability: four an octave from 2^-32 to 1. */
int32_t learn_chance_bin(double p);

/* Gamma-Poisson: count ~ Poisson(f * expected), f ~ Gamma with mean 1 and shape k.
 * cases [LEARN_COUNT_BINS][LEARN_REAL_BINS]. */
double learn_gamma_strength(const int64_t *cases);

/* Beta-binomial: count of `exposure` trials, chance ~ Beta(k pi, k (1 - pi)).
 * cases [LEARN_COUNT_BINS][LEARN_REAL_BINS][LEARN_CHANCE_BINS]. GV_OK or GV_ERR_NOMEM. */
GV_CHECKED gv_status learn_beta_strength(gv_context *ctx, const int64_t *cases, double *strength,
                                         gv_error *err);

#endif
