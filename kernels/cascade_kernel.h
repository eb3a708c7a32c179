/* cascade_kernel.h -- choosing a kernel, and what it has to prepare. */
#ifndef KERNELS_CASCADE_KERNEL_H
#define KERNELS_CASCADE_KERNEL_H

#include "kernels/choice.h"
#include "kernels/points.h"
#include "kernels/sliced.h"

typedef struct gv_kernel {
    gv_context *ctx;
    gv_points points;
    gv_sliced sliced;
    gv_choices choices;
    bool has_points, has_sliced, has_choices;
} gv_kernel;

/* Whether slices beat points, for a mean spread of `spread` with `points` drawn for each active
 * node; cascade_kernel.c says why. */
static inline bool gv_sliced_pays(double spread, double points, int64_t n_edges)
{
    const double node = 9.0, point = 5.2, edge = 0.09, least = 2.0; /* ns, ns, ns, points */
    return points >= least && spread * (node + point * points) > edge * (double)n_edges;
}

/* The same by linear threshold, for `looks` edges of active nodes in a world of plain. */
static inline bool gv_sliced_choices_pay(double looks, int64_t n_edges)
{
    const double look = 15.0, edge = 0.4; /* ns */
    return looks * look > edge * (double)n_edges;
}

/* Lays out what w->kernel needs and hangs it into `w`, whose graph, coins, seed and kernel are set;
 * GV_CASCADE_AUTO is replaced by the choice. `k` is zeroed. `n_worlds` is how many are expected.
 * gv_kernel_close() frees what is there, also after a failure. */
GV_CHECKED gv_status gv_kernel_open(gv_kernel *k, gv_worlds *w, gv_diffusion diffusion,
                                    int64_t n_worlds, gv_error *err);
void gv_kernel_close(gv_kernel *k);

#endif
