/* model_rows.h -- the probabilities of a model's edges, worked out row by row where they are asked
 * for: of one topic, or of an item that belongs to several. They are never held for all edges. */
#ifndef KERNELS_MODEL_ROWS_H
#define KERNELS_MODEL_ROWS_H

#include "engine/model.h"

/* Which of a model's probabilities are meant: those of `topic`, or sum of mix[z] p(e, z). */
typedef struct gv_model_view {
    const gv_model *m;
    const double *mix; /* [n_topics], or NULL */
    int32_t topic;
} gv_model_view;

/* Edges that are worked out together, and the most that one call is asked for. */
enum { GV_ROW_BLOCK = 128 };

/* p of out-edges [first, first + n) of v, n at most GV_ROW_BLOCK, rounded to float: the same as
 * gv_model_edge() has it, whatever the blocks. */
void gv_view_row(const gv_model_view *view, const gv_csr *out, gv_node v, int64_t first, int64_t n,
                 float *p);

/* Asks for what rows some way behind v will need, in passes over all rows. */
void gv_view_announce(const gv_model_view *view, const gv_csr *out, gv_node v);

/* The view of a mixture has weights in [0, 1] that add up to 1 at most, that of a topic one of the
 * model's; the model is that of `g`. `what` asks. GV_ERR_ARG; GV_ERR_RANGE. */
GV_CHECKED gv_status gv_view_check(const gv_model_view *view, const gv_graph *g, const char *what,
                                   gv_error *err);

#endif
