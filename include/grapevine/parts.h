/* parts.h -- results of job arrays: reading cascades back as gv_cascade_join() takes them, and
 * writing the file that one run would have written.
 *
 * Experimental: these calls may change from one release to the next. */
#ifndef GRAPEVINE_PARTS_H
#define GRAPEVINE_PARTS_H

#include "grapevine/cascade.h"
#include "grapevine/info.h"
#include "grapevine/io.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GV_PART_TEXT = 1024 };

/* A group /cascade/<name> of a results file. Arrays are borrowed from the file, where they lie;
 * texts are "" where the group has none. */
typedef struct gv_cascade_part {
    char name[64];
    /* All sums of worlds, seeds and scales. Not filled: kernel and diffusion (`rng` says both),
     * mean, deviations and quantiles, which follow. Not to be freed with gv_cascade_free(). */
    gv_cascade_result result;
    char model[GV_PART_TEXT], rng[GV_PART_TEXT], probability[GV_PART_TEXT],
        probability_hash[GV_PART_TEXT], topic[GV_PART_TEXT], mix[GV_PART_TEXT],
        weights[GV_PART_TEXT];
    int64_t max_steps;
    const gv_node *blocked; /* [n_blocked], or NULL */
    int64_t n_blocked;
    bool to_target; /* simulated until a standard error was reached, not a range of worlds */
} gv_cascade_part;

/* Cascade i in [0, n_cascades) of a results file, in order of name. The file is taken at its word,
 * but for the lengths of arrays: gv_file_verify() looks at them.
 *
 * GV_OK; GV_ERR_RANGE; GV_ERR_DATA an array is missing, has another length, or is not known. */
GV_API GV_CHECKED gv_status gv_file_cascade_part(gv_file *results, int64_t i, gv_cascade_part *part,
                                                 gv_error *err);

/* The order in which a run named `name` wrote the cascades of a file: one, or one for each set
 * NAME_SET, by set.
 *
 *   order   out, [n_cascades], caller's: numbers for gv_file_cascade_part()
 *
 * GV_OK; GV_ERR_DATA the groups have other names; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_file_cascade_order(gv_file *results, const char *name,
                                                  int64_t *order, gv_error *err);

/* The options that a results file was made with: *yaml, caller's, freed with gv_context_release().
 * "" when the file does not say. GV_OK; GV_ERR_DATA; GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_file_provenance(gv_context *ctx, gv_file *results, char **yaml,
                                               gv_error *err);

/* What a results file is a function of, as its root says it. */
typedef struct gv_file_origin {
    char engine_version[64], git_commit[64], rng[64], graph_hash[GV_HASH_CHARS + 1],
        log_hash[GV_HASH_CHARS + 1];
    int64_t seed, n_nodes, n_edges;
} gv_file_origin;
GV_API GV_CHECKED gv_status gv_file_read_origin(gv_file *results, gv_file_origin *origin,
                                                gv_error *err);

/* gv_results_create() of the origin of another file. */
GV_API GV_CHECKED gv_status gv_results_create_from(gv_context *ctx, const char *path,
                                                   bool overwrite, gv_file *origin,
                                                   gv_results **out, gv_error *err);

/* gv_results_put_nodes() and gv_results_put_topics() with those of another file. */
GV_API GV_CHECKED gv_status gv_results_put_nodes_from(gv_results *r, gv_file *from, gv_error *err);

/* The array `path` of another file, under the same name; GV_ERR_DATA there is none. */
GV_API GV_CHECKED gv_status gv_results_copy(gv_results *r, gv_file *from, const char *path,
                                            gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
