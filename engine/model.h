/* model.h -- what an influence model holds, and the probability of an edge.
 *
 *   p(v -> u, z) = min(1, (credit + k pi) / (exposure + k)),   pi = min(1, mu_z a_vz s_u r_vu c_vu)
 *   c_vu = (C_vu + k_c) / (E_vu + k_c)
 *
 * a_vz (source) and s_u (target) are factors with mean 1; a consumer without a purchase in z has a
 * = 1 and exposure 0. Credit and exposure of an edge stand in the evidence if they are known for
 * it; otherwise the credit is 0 and the exposure is that of its source, the pair (v, z).
 *
 * c_vu (tie) is what an edge has shown over all topics: C_vu is the sum of its credits, E_vu that
 * of mu_z a_vz s_u r_vu exposure. It is worked out where it is needed, never stored.
 *
 * r_vu is what the graph says of the edge beforehand: its strength over the mean of those of v's
 * out-edges; 1 where the graph has no strengths, or they were not to be used. */
#ifndef ENGINE_MODEL_H
#define ENGINE_MODEL_H

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/learn.h"

/* Fixed point of credits and exposures: this many units are one purchase. */
#define GV_CREDIT_UNIT (INT64_C(1) << 32)

enum { GV_SHUFFLES = 10 };

/* Things known about a (consumer, topic) pair with at least one adoption; csr by consumer. */
typedef struct gv_pairs {
    const int64_t *indptr;   /* [n_nodes + 1] */
    const int32_t *topic;    /* [n], ascending within a row */
    const float *source;     /* [n], a_vz */
    const int64_t *exposure; /* [n], units: exposure of each of v's out-edges, unless in evidence */
    const int32_t *total;    /* [n], adoptions */
    const int32_t *observed; /* [n], adoptions with an in-neighbour's in the window before */
    const int32_t *shuffled; /* [n], the same summed over GV_SHUFFLES shuffled logs */
    const int64_t *last;     /* [n], time of the last purchase */
} gv_pairs;

/* Known (edge, topic) counters; csr by source consumer, column = out-edge * n_topics + topic. */
typedef struct gv_evidence {
    const int64_t *indptr;   /* [n_nodes + 1] */
    const int64_t *column;   /* [n], ascending within a row */
    const int64_t *credit;   /* [n], units */
    const int64_t *exposure; /* [n], units */
} gv_evidence;

struct gv_model {
    gv_context *ctx;
    int64_t n_nodes, n_edges;
    int32_t n_topics;
    char graph_hash[GV_HASH_CHARS + 1], log_hash[GV_HASH_CHARS + 1];
    char hash[GV_HASH_CHARS + 1]; /* of all that p hangs on; "" unless it comes from a file */
    int64_t time_end;             /* end of the log, or `until` */
    int32_t min_actions;
    gv_learn_method method; /* how it was learnt; below 0: not known */
    gv_credit_rule credit;
    int64_t spell_gap;                      /* seconds; 0: only first purchases counted */
    double k_source, k_target, k_edge;      /* prior strengths, in exposures */
    double k_tie;                           /* k_c, in purchases; 0: edges have no factor, c = 1 */
    char (*topic_name)[GV_TOPIC_CHARS + 1]; /* [n_topics], zero-padded */
    const int64_t *topic_items;             /* [n_topics] */
    const double *mu;                       /* [n_topics], purchases prompted per exposure */
    const double *window;                   /* [n_topics], seconds */
    const double *delay;   /* [n_topics], mean of the fitted exponential, seconds */
    const float *target;   /* [n_nodes], s_u */
    const float *usual;    /* [n_nodes], mean strength of v's out-edges; NULL: r = 1 */
    const float *strength; /* with `usual`: borrowed [n_edges] by out-edge, the graph's; NULL in a
                              model without its graph, which is only looked at */
    gv_pairs pairs;
    gv_evidence evidence;
    void (*release)(gv_model *m); /* frees all arrays */
    void *owner;
    /* Gives back the pages of an array in a mapped file, as that of a graph; NULL: in memory. */
    void (*rest)(const gv_model *m, const void *data, int64_t bytes);
};

/* As gv_graph_rest(), for models of large graphs: an array; the pairs and evidence of rows [first,
 * end), after a pass along them; and all there is, when a while may pass before it is asked for
 * again. */
void gv_model_rest_array(const gv_model *m, const void *data, int64_t bytes);
void gv_model_rest(const gv_model *m, int64_t first, int64_t end);
void gv_model_rest_all(const gv_model *m);

/* The release function of models whose arrays came one by one from gv_alloc(). */
void gv_model_release_arrays(gv_model *m);

/* Words for methods and rules, in the order of their numbers, ended by NULL. */
extern const char *const gv_method_word[], *const gv_credit_word[];

/* Position of (v, z) in pairs, or -1. */
int64_t gv_model_pair(const gv_model *m, gv_node v, int32_t z);

/* GV_ERR_ARG, naming `what` could not be done, unless `m` was learnt on `g`: same size and, where
 * both are known, same content hash; and the graph has strengths if the model was learnt with
 * them. */
GV_CHECKED gv_status gv_model_check_graph(const gv_model *m, const gv_graph *g, const char *what,
                                          gv_error *err);

/* fmin(1, x); compilers turn it into one instruction, and into vectors of it. */
static inline double gv_at_most_one(double x)
{
    return x < 1.0 ? x : 1.0;
}

/* r of an edge of such a strength, of a source whose edges have the mean `usual`. */
static inline double gv_model_relative(float strength, float usual)
{
    return usual > 0.0F ? (double)strength / (double)usual : 1.0;
}

/* s_u r_vu of out-edge e = (v -> u). */
static inline double gv_model_target(const gv_model *m, gv_node v, gv_node u, int64_t e)
{
    const double s = (double)m->target[u];
    return m->usual == NULL ? s : s * gv_model_relative(m->strength[e], m->usual[v]);
}

/* p of the counters and factors, `target` being s_u r_vu c_vu; all arithmetic in double, in this
 * order.
 */
static inline double gv_model_p(const gv_model *m, int32_t z, double source, double target,
                                int64_t credit, int64_t exposure)
{
    const double pi = gv_at_most_one(m->mu[z] * source * target);
    const double seen = (double)exposure / (double)GV_CREDIT_UNIT + m->k_edge;
    if (seen <= 0.0)
        return pi;
    return gv_at_most_one(((double)credit / (double)GV_CREDIT_UNIT + m->k_edge * pi) / seen);
}

/* Sum of mu_z a_vz exposure over the pairs of v: E of an edge without evidence is s_u r_vu times
 * this. */
double gv_model_weight(const gv_model *m, gv_node v);

/* (C + k_c) / (E + k_c); not to be asked where k_c is 0. */
static inline double gv_model_tie(double k, int64_t credit, double expected)
{
    const double all = (expected > 0.0 ? expected : 0.0) + k;
    return ((double)credit / (double)GV_CREDIT_UNIT + k) / all;
}

/* What the entries [i, end) of the evidence, all about one edge of v, say of it: the sum of
 * credits, and that of mu_z a_vz (exposure of the pair - exposure of the edge). */
void gv_model_edge_sums(const gv_model *m, gv_node v, int64_t i, int64_t end, int64_t *credit,
                        double *lost);

/* s_u r_vu c_vu of an edge v -> u with the entries [i, end) of the evidence; `weight` from
 * gv_model_weight(), `target` from gv_model_target(). */
static inline double gv_model_tied(const gv_model *m, gv_node v, double weight, double target,
                                   int64_t i, int64_t end)
{
    if (m->k_tie <= 0.0)
        return target;
    int64_t credit = 0;
    double lost = 0.0;
    if (i < end)
        gv_model_edge_sums(m, v, i, end, &credit, &lost);
    return target * gv_model_tie(m->k_tie, credit, target * (weight - lost));
}

/* The first of entries [lo, hi) of the evidence about out-edge e or a later one; hi if there is
 * none.
 */
static inline int64_t gv_model_edge_begin(const gv_model *m, int64_t lo, int64_t hi, int64_t e)
{
    const int64_t begin = e * m->n_topics;
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (m->evidence.column[mid] < begin)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* End of the entries of out-edge e that begin at i. */
static inline int64_t gv_model_edge_end(const gv_model *m, int64_t i, int64_t row_end, int64_t e)
{
    const int64_t end = (e + 1) * m->n_topics;
    while (i < row_end && m->evidence.column[i] < end)
        i++;
    return i;
}

/* p of out-edge e = (v -> u) in topic z, by binary search. */
double gv_model_edge(const gv_model *m, gv_node v, gv_node u, int64_t e, int32_t z);

#endif
