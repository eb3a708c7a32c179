/* info.h -- looking into files: what is in them, whether they are sound, parts of them as text.
 *
 * Experimental: these calls may change from one release to the next. */
#ifndef GRAPEVINE_INFO_H
#define GRAPEVINE_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/cascade.h"
#include "grapevine/graph.h"
#include "grapevine/io.h"
#include "grapevine/learn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- graphs and models --------------------------------------------------------------------- */

/* The q-quantile is the least degree that at least a share q of the consumers does not exceed. */
typedef struct gv_degrees {
    int64_t min, median, p90, p99, max;
    double mean;
} gv_degrees;

typedef struct gv_graph_info {
    gv_degrees out, in;
    double reciprocity;         /* share of edges u -> v with v -> u as well; 0 without edges */
    int64_t isolated;           /* consumers without any edge */
    int64_t components;         /* weakly connected; a consumer without edges is one */
    int64_t largest_component;  /* consumers of the largest; 0 without consumers */
    double lowest_p, highest_p; /* NaN without edges or probabilities */
    int32_t n_attributes;
} gv_graph_info;

/* Reads both directions and the probabilities, which must have passed gv_graph_check().
 *
 * GV_OK; GV_ERR_NOMEM. In parallel, about O(nodes + edges); scratch 4 bytes a node, or 512 KiB a
 * thread if that is more. */
GV_API GV_CHECKED gv_status gv_graph_describe(gv_context *ctx, const gv_graph *g,
                                              gv_graph_info *info, gv_error *err);

/* Name of attribute i in [0, n_attributes), borrowed, and whether its values are integers; NULL
 * outside. */
GV_API const char *gv_graph_attribute_name(const gv_graph *g, int32_t i, bool *integer);

typedef struct gv_model_info {
    int64_t n_nodes, n_edges;
    int32_t n_topics, min_actions;
    int64_t n_pairs;                   /* (consumer, topic) with a purchase */
    int64_t n_evidence;                /* (edge, topic) with counters of their own */
    int64_t time_end;                  /* unix seconds at which the log ends */
    double k_source, k_target, k_edge; /* strengths of the priors, in exposures */
    double k_tie; /* of the factor that an edge has in all topics, in purchases; 0: there is none */
    const char *graph_hash, *log_hash; /* borrowed */
    const char *method, *credit;       /* words of the options of learn, static; NULL: not known */
    int64_t spell_gap;                 /* seconds; 0: only first purchases counted */
} gv_model_info;
GV_API gv_model_info gv_model_describe(const gv_model *model);

typedef struct gv_topic_info {
    const char *name; /* borrowed */
    int64_t n_items;
    double window, delay; /* seconds */
    double mu;            /* purchases prompted per exposure */
} gv_topic_info;
/* Topic z in [0, n_topics). */
GV_API gv_topic_info gv_model_describe_topic(const gv_model *model, int32_t z);

/* ---- any file -------------------------------------------------------------------------------- */

typedef enum gv_file_kind {
    GV_FILE_GRAPH = 0,
    GV_FILE_MODEL = 1,
    GV_FILE_TRUTH = 2,
    GV_FILE_RESULTS = 3,
    GV_FILE_LAYOUT = 4 /* the sidecar of a graph, see layouts.h */
} gv_file_kind;

/* A finished file of any kind, open for looking. */
typedef struct gv_file gv_file;

/* Opens a file of ours, by its @schema: O(number of arrays).
 *
 * GV_OK; GV_ERR_NO_INPUT; GV_ERR_DATA not a file of ours, not complete, or cut short;
 * GV_ERR_NOMEM. To be closed before `ctx` is freed. */
GV_API GV_CHECKED gv_status gv_file_open(gv_context *ctx, const char *path, gv_file **out,
                                         gv_error *err);
GV_API void gv_file_close(gv_file *f); /* NULL is allowed */

/* All borrowed. Numbers are 0 and texts "" when the file does not say. */
typedef struct gv_file_info {
    gv_file_kind kind;
    const char *kind_name; /* "graph", "model", "truth", "results", "layout" */
    int64_t bytes;
    int64_t n_nodes, n_edges;
    int32_t n_topics;
    int64_t n_entries;
    int64_t seed;
    const char *graph_hash, *log_hash, *engine_version;
    double quantile;                    /* of the influencers; NaN when there are none */
    int64_t n_cascades, n_ppr, n_topks; /* groups in /cascade, /ppr and /topk */
    bool has_influencers, has_prospects;
} gv_file_info;
GV_API gv_file_info gv_file_describe(const gv_file *f);

/* Topic z in [0, n_topics), borrowed; NULL outside. The other way round: -1 for no such topic. */
GV_API const char *gv_file_topic(const gv_file *f, int32_t z);
GV_API int32_t gv_file_find_topic(const gv_file *f, const char *name);

/* One array or table, in order of path. */
typedef struct gv_file_entry {
    char path[256];
    bool table;
    char type[16]; /* "int32", "float64", "text", "table" ... */
    int rank;
    int64_t dims[4];
    int64_t bytes;
} gv_file_entry;
GV_API const gv_file_entry *gv_file_entry_at(const gv_file *f, int64_t i); /* NULL outside */

enum { GV_LAYOUT_KEY_CHARS = 160 };

/* Key of layout `i` of a sidecar, in order of its group, and its bytes; NULL beyond the last one.
 * text [GV_LAYOUT_KEY_CHARS]; returns it. */
GV_API const char *gv_file_layout(gv_file *f, int64_t i, char *text, int64_t *bytes);

/* ---- results and truth ----------------------------------------------------------------------- */

typedef struct gv_influencer {
    gv_node node;
    char id[GV_ID_CHARS + 1];
    double score;    /* expected direct buyers */
    int32_t rank;    /* 1 is the highest score of the topic */
    int32_t friends; /* consumers they can influence; -1 when the file does not say */
} gv_influencer;

/* The best influencers of a topic, by rank.
 *
 *   best       out, [k], caller's
 *   count      out, how many there are in `best`: k, or all
 *   n_flagged  out, may be NULL; all flagged consumers of the topic
 *
 * GV_OK; GV_ERR_ARG not a results file with influencers; GV_ERR_RANGE; GV_ERR_DATA;
 * GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_file_influencers(gv_file *results, int32_t topic, int64_t k,
                                                gv_influencer *best, int64_t *count,
                                                int64_t *n_flagged, gv_error *err);

/* What was planted in a topic. */
typedef struct gv_planted {
    int64_t n_influencers;
    double mean_influencers, mean_others; /* planted I1; NaN for nobody */
} gv_planted;
GV_API GV_CHECKED gv_status gv_file_planted(gv_file *truth, int32_t topic, gv_planted *planted,
                                            gv_error *err);

/* How far the flagged consumers of a topic are the planted ones. */
typedef struct gv_truth_check {
    int64_t n_flagged, n_confirmed;
    double mean_flagged, mean_others; /* planted I1; NaN for nobody */
} gv_truth_check;

/* GV_OK; GV_ERR_ARG the files are about different populations, or lack the topic; else as above. */
GV_API GV_CHECKED gv_status gv_file_check_truth(gv_file *results, gv_file *truth, int32_t topic,
                                                gv_truth_check *check, gv_error *err);

/* Numbers of /cascade/<name>. */
typedef struct gv_cascade_info {
    char name[64];
    int64_t n_worlds, n_seeds;
    double mean, sd, stderr_mean, outward_mean;
    int64_t curve_length;
    bool has_quantiles, has_value;
    int64_t quantile[GV_CASCADE_QUANTILES]; /* of spread, at gv_cascade_quantile_levels() */
    double value_mean, value_sd, value_stderr;
} gv_cascade_info;
/* Cascade i in [0, n_cascades), in order of name. */
GV_API GV_CHECKED gv_status gv_file_cascade(gv_file *results, int64_t i, gv_cascade_info *info,
                                            gv_error *err);
/* Newly active consumers at each step, mean over worlds and its standard error: out, each
 * [curve_length], caller's; `error_of_mean` may be NULL. */
GV_API GV_CHECKED gv_status gv_file_curve(gv_file *results, int64_t i, double *mean,
                                          double *error_of_mean, gv_error *err);

/* Numbers of /ppr/<name>. */
typedef struct gv_ppr_info {
    char name[64];
    int64_t n_columns, n_converged;
    int32_t least_iterations, most_iterations;
    double largest_residual;
    bool pushes;           /* found by pushes: iterations are rounds */
    int64_t largest_edges; /* of pushes: the most edges that a column looked at */
} gv_ppr_info;
GV_API GV_CHECKED gv_status gv_file_ppr(gv_file *results, int64_t i, gv_ppr_info *info,
                                        gv_error *err);

/* ---- soundness ------------------------------------------------------------------------------- */

/* Called for each part that was found sound: "/out" with its arrays and bytes, or a property with
 * arrays = 0. */
typedef void gv_verified_fn(void *data, const char *what, int64_t arrays, int64_t bytes);

/* Checks all that can be checked of a file: it is complete, every checksum agrees, and the arrays
 * are what they must be.
 *
 *   seen   may be NULL
 *
 * GV_OK; GV_ERR_DATA naming the first thing that is wrong; GV_ERR_NO_INPUT; GV_ERR_NOMEM. Arrays in
 * order of path, each in parallel. */
GV_API GV_CHECKED gv_status gv_file_verify(gv_context *ctx, const char *path, gv_verified_fn *seen,
                                           void *data, gv_error *err);

/* ---- tables as text -------------------------------------------------------------------------- */

/* Takes `bytes` of text; false stops the export. */
typedef bool gv_write_fn(void *data, const char *text, int64_t bytes);

/* Writes a table as tab-separated text, header line first. Control characters in names become
 * blanks. Graphs have the tables edges (src, dst, probability) and nodes (id, attributes); results
 * have influencers (topic, rank, id, score, friends), prospects (topic, id, probability,
 * best_friend), cascade/NAME (step, mean, stderr), spreads/NAME (world, spread, and with weights
 * value), activations/NAME (id, count, probability, and with steps mean_step; of those who became
 * active in any world) and topk/NAME (column, place, id, score, and where there are bounds lower,
 * upper).
 *
 *   table    "cascade" is short for "cascade/default", likewise "spreads", "activations", "topk"
 *   topic    rows of that topic only, in [0, n_topics); -1 for all
 *   n_rows   out, may be NULL; lines written without the header
 *
 * GV_OK; GV_ERR_ARG no such table, naming those there are, or a topic where there are none;
 * GV_ERR_RANGE; GV_ERR_DATA; GV_ERR_NOMEM; GV_ERR_IO when `write` returned false. The same bytes at
 * any thread count. */
GV_API GV_CHECKED gv_status gv_file_export(gv_file *f, const char *table, int32_t topic,
                                           gv_write_fn *write, void *data, int64_t *n_rows,
                                           gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
