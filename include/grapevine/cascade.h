/* cascade.h -- independent cascade simulation over worlds.
 *
 * World r is one draw of all coins. Whether edge u -> v is live in world r is a pure function of
 * (seed, u, v, p, r): never of threads, order of visits, seeds or batches. */
#ifndef GRAPEVINE_CASCADE_H
#define GRAPEVINE_CASCADE_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/learn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Probabilities that replace the graph's own. */
typedef struct gv_probability {
    gv_probability_rule rule; /* GV_PROBABILITY_NONE is not allowed here        */
    double constant;          /* in [0, 1]; for GV_PROBABILITY_CONSTANT         */
    const float *stored;      /* borrowed [n_edges], by out-edge; for GV_PROBABILITY_STORED */
    /* For GV_PROBABILITY_MODEL: what gv_model_edge_probability() or, with `mix`,
     * gv_model_mixed_probability() would store. It is worked out for the rows that are laid out or
     * visited, and gives the same worlds by the same kernel; above 2^29 edges GV_CASCADE_AUTO may
     * choose another one than for the array, as its pilot starts from other seeds. */
    const gv_model *model; /* borrowed */
    int32_t topic;         /* in [0, gv_model_topics()) */
    const double *mix;     /* borrowed [gv_model_topics()], or NULL: `topic` alone */
} gv_probability;

/* Trivalency: p of an edge is .1, .01 or .001, keyed by (seed, edge), as import's rule of that name
 * draws it. Into p, out [n_edges] by out-edge, caller's: for GV_PROBABILITY_STORED. */
GV_API void gv_trivalency(gv_context *ctx, const gv_graph *g, uint64_t seed, float *p);

/* What p(u, v) stands for. */
typedef enum gv_diffusion {
    GV_DIFFUSION_CASCADE = 0,  /* independent cascade: the edge is live with chance p */
    GV_DIFFUSION_THRESHOLD = 1 /* linear threshold: v listens to u with chance p, to nobody else
                                  then, and to nobody with the rest; the p of all edges into a
                                  consumer may add up to at most 1 */
} gv_diffusion;

/* How worlds are made. All follow the same law and each is a pure function of (seed, graph,
 * probabilities, world), but they draw different worlds: results can be compared, or parts added
 * up, only within one of them. Auto takes points or sliced, from graph and probabilities alone. */
typedef enum gv_cascade_kernel {
    GV_CASCADE_AUTO = 0,
    GV_CASCADE_PLAIN = 1,  /* a coin for each edge that is looked at: the reference */
    GV_CASCADE_POINTS = 2, /* draws live edges directly: for thin cascades          */
    GV_CASCADE_SLICED = 3  /* 128 to 512 worlds side by side: for dense cascades    */
} gv_cascade_kernel;

typedef struct gv_cascade_opts {
    uint64_t seed;        /*                                                             [1] */
    int64_t first_world;  /* index of the first world, >= 0                              [0] */
    int64_t n_worlds;     /* worlds to simulate, in [1, 2^31 - 1]; ignored with
                                `target_stderr`                                      [1024] */
    double target_stderr; /* 0, or simulate doubling blocks until stderr / mean is at most this,
                             in (0, 1); with weights that of `value` too                 [0] */
    int64_t max_worlds;   /* with target_stderr: never more worlds than this, in [1, 2^31 - 1]
                                                                                  [1048576] */
    int64_t max_steps;    /* steps after the seeds' step 0, >= 0; -1 is no limit        [-1] */
    bool activation;      /* count activations of every consumer                     [false] */
    bool spread_only;     /* leave the curve out (its length is 0): dense cascades then take about
                             half the time                                           [false] */
    gv_cascade_kernel kernel; /*                                           [GV_CASCADE_AUTO] */
    bool marginals; /* what each seed adds to the others, under the same worlds: takes as long as
                       the cascade once more for each seed                            [false] */
    const gv_node *blocked;   /* borrowed [n_blocked], in [0, n_nodes): never become active; a seed
                                 among them is an error                                  [NULL] */
    int64_t n_blocked;        /*                                                             [0] */
    gv_diffusion diffusion;   /*                                           [GV_DIFFUSION_CASCADE] */
    const double *acceptance; /* borrowed [n_seeds] in [0, 1]: the chance that each seed takes the
                                 offer, in each world anew; those who do not are consumers like
                                 others. NULL: all do                                   [NULL] */
    const float *weight;      /* borrowed [n_nodes], finite: what each consumer is worth; for
                                 `value` of the result                                  [NULL] */
    bool steps;               /* also add up the steps at which each consumer became active:
                                 implies `activation`, and does not go with `spread_only` [false] */
} gv_cascade_opts;

GV_API gv_cascade_opts gv_cascade_defaults(void);

/* 128-bit sum of squares as two signed words: hi * 2^64 + (uint64_t)lo. */
typedef struct gv_wide {
    int64_t hi, lo;
} gv_wide;

/* The quantiles of a result have the levels 0, .01, .05, .25, .5, .75, .95, .99, 1: this many, and
 * as an array. */
enum { GV_CASCADE_QUANTILES = 9 };
GV_API const double *gv_cascade_quantile_levels(void);

/* All sums are exact integers, so results of disjoint world ranges add up. Arrays belong to the
 * result and live until gv_cascade_free(). */
typedef struct gv_cascade_result {
    gv_cascade_kernel kernel; /* that made the worlds: never GV_CASCADE_AUTO */
    gv_diffusion diffusion;
    int64_t first_world, n_worlds; /* worlds [first_world, first_world + n_worlds) */
    int64_t n_seeds;               /* distinct seeds */
    const gv_node *seeds;          /* [n_seeds], ascending */
    const int64_t *spread;         /* [n_worlds], active consumers at the end, seeds included */
    int64_t curve_length;       /* steps 0 .. curve_length - 1: up to the last one at which anybody
                                   became active in any of the worlds; at least 1 */
    const int64_t *curve_sum;   /* [curve_length], newly active at a step, summed over worlds */
    const gv_wide *curve_sumsq; /* [curve_length], squares of the same */
    const int32_t *activation_count;  /* [n_nodes], or NULL unless asked for */
    const int64_t *seed_marginal_sum; /* [n_seeds], spread less the spread without that seed, summed
                                         over worlds; NULL unless asked for */
    double mean, sd, stderr_mean;     /* of spread; sd and stderr with n - 1; 0 for one world */
    double outward_mean;              /* mean without the seeds (who took the offer) */
    int64_t quantile[GV_CASCADE_QUANTILES]; /* of spread: the least x that a share of at least the
                                               level of all worlds does not exceed */
    const double *acceptance;               /* [n_seeds] by seed, or NULL: all take the offer */
    const int64_t *accepted_count; /* [n_seeds] worlds in which each did; NULL like acceptance */
    const int64_t *activation_step_sum; /* [n_nodes] steps of activation, summed over the worlds
                                           that activation_count counts; NULL unless asked for */
    const int64_t *value; /* [n_worlds] what the active consumers are worth together, in units of
                             1 / weight_scale; NULL without weights */
    int64_t weight_scale; /* a power of two that depends on the weights alone; 1 without */
    double value_mean, value_sd, value_stderr; /* of value, in the unit of the weights */
} gv_cascade_result;

/* Simulates the independent cascade from a seed set (Kempe, Kleinberg, Tardos, KDD 2003): each
 * consumer who becomes active has one chance on each of their edges.
 *
 *   g            borrowed; /out is read, and /in offsets for weighted cascade
 *   probability  NULL for the graph's own; an error if it has none
 *   seeds        borrowed [n_seeds], in [0, n_nodes); duplicates count once; n_seeds may be 0
 *   opts         NULL for gv_cascade_defaults()
 *   out          out, caller's, freed with gv_cascade_free() before `ctx`
 *
 * GV_OK; GV_ERR_ARG; GV_ERR_RANGE; GV_ERR_NOMEM; GV_ERR_CANCELLED; GV_ERR_CONVERGE when
 * target_stderr was not reached, with the result in `out` all the same. Same bytes at any thread
 * count. Time O(edges of active consumers) a world; scratch 4.2 bytes a node and thread. After any
 * other failure `out` is untouched. */
GV_API GV_CHECKED gv_status gv_cascade(gv_context *ctx, const gv_graph *g,
                                       const gv_probability *probability, const gv_node *seeds,
                                       int64_t n_seeds, const gv_cascade_opts *opts,
                                       gv_cascade_result **out, gv_error *err);

GV_API void gv_cascade_free(gv_cascade_result *result);

/* The same for many seed sets, with rows laid out and the kernel chosen once: each result is the
 * one that gv_cascade() gives for that set. */
typedef struct gv_simulator gv_simulator;

/* Lays out the worlds of a graph. Arguments and errors as gv_cascade(); `g` and the arrays in
 * `probability` and `opts` are borrowed until the simulator is freed; opts->acceptance is not
 * looked at. `out` is the caller's, freed with gv_simulator_free() before `ctx`. */
GV_API GV_CHECKED gv_status gv_simulator_create(gv_context *ctx, const gv_graph *g,
                                                const gv_probability *probability,
                                                const gv_cascade_opts *opts, gv_simulator **out,
                                                gv_error *err);
/* One seed set; `acceptance` borrowed [n_seeds], or NULL. One call at a time. */
GV_API GV_CHECKED gv_status gv_simulator_run(gv_simulator *simulator, const gv_node *seeds,
                                             int64_t n_seeds, const double *acceptance,
                                             gv_cascade_result **out, gv_error *err);
/* NULL is allowed. */
GV_API void gv_simulator_free(gv_simulator *simulator);

/* Joins results of the same seeds, graph, probabilities and options over ranges of worlds, in any
 * order, into the one that a single run over all of them gives.
 *
 *   parts    borrowed [n_parts], n_parts >= 1
 *   n_nodes  of the graph
 *
 * GV_OK; GV_ERR_ARG parts that differ in what they are about; GV_ERR_RANGE worlds that are missing
 * between two parts or in two of them; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_cascade_join(gv_context *ctx, const gv_cascade_result *const *parts,
                                            int64_t n_parts, int64_t n_nodes,
                                            gv_cascade_result **out, gv_error *err);

/* Name of the construction of worlds, for provenance: results of different names differ in bits.
 * NULL for GV_CASCADE_AUTO and other numbers, and for points of the linear threshold. */
GV_API const char *gv_cascade_rng(gv_cascade_kernel kernel, gv_diffusion diffusion);

#ifdef __cplusplus
}
#endif
#endif
