/* truth_file.h -- what was planted in a population, as a file. */
#ifndef IO_TRUTH_FILE_H
#define IO_TRUTH_FILE_H

#include "engine/population.h"
#include "io/h5.h"

/* A truth file in the making: parts of the population come in order of consumers. */
typedef struct gv_truth_writer {
    gv_h5 *f;
    gv_population_plan plan; /* only what is written: sizes, options, topics */
    gv_h5_stream target, close;
    gv_h5_array source, influencer, i1;
} gv_truth_writer;

/* `plan` is borrowed until the end. */
GV_CHECKED gv_status gv_truth_begin(gv_context *ctx, const gv_population_plan *plan,
                                    int64_t n_edges, const char *path, bool overwrite,
                                    gv_truth_writer *w, gv_error *err);
/* The truth of consumers [part->first, part->first + part->n), who have n_edges edges. */
GV_CHECKED gv_status gv_truth_put(gv_truth_writer *w, const gv_population_part *part,
                                  int64_t n_edges, gv_error *err);
/* Ends the file, also on failure. */
GV_CHECKED gv_status gv_truth_commit(gv_truth_writer *w, const char *graph_hash, gv_error *err);
/* Gives it up. Allowed on one that is all zero or ended. */
void gv_truth_discard(gv_truth_writer *w);

/* Writes the truth of a population whose graph has its hash. */
GV_CHECKED gv_status gv_truth_save(gv_context *ctx, const gv_population *p, const char *path,
                                   bool overwrite, gv_error *err);

/* Maps what is planted in a truth file about a graph of n_edges edges: source, target and close of
 * `p`, which live as long as *mapping (gv_mapping_free()). */
GV_CHECKED gv_status gv_truth_map(gv_context *ctx, const char *path, int64_t n_edges,
                                  gv_population *p, gv_mapping **mapping, gv_error *err);

#endif
