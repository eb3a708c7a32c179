/* ppr_work.h -- the running `grapevine ppr`: what it was asked for, and what it holds. */
#ifndef CLI_PPR_WORK_H
#define CLI_PPR_WORK_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan.h"
#include "cli/ppr_columns.h"
#include "cli/topk.h"

/* Values of --method and --store. */
enum { PPR_BY_CHOICE, PPR_SWEEPS, PPR_LOCAL };
enum { PPR_STORE_SCORES, PPR_STORE_TOP };

enum { PPR_BATCH = 16 }; /* columns swept together when only the best are kept */

typedef struct ppr_opts {
    const char *graph, *output, *name;
    const char *source, *teleport, *topics;
    double damping, tolerance, accuracy;
    int64_t max_iterations, max_edges, top_k;
    int32_t dangling, direction, precision, layout, method, store;
    bool weighted, topic_weights, keep_layout;
} ppr_opts;

/* What one run holds. */
typedef struct ppr_run {
    cli_session *s;
    const ppr_opts *o;
    gv_ppr_opts opts;        /* of sweeps */
    gv_ppr_local_opts local; /* of pushes */
    bool pushes;             /* the method: pushes, else sweeps */
    const gv_graph *g;
    const gv_model *model; /* with --topics */
    gv_results *out;
    ppr_columns columns;
    double *score;              /* sweeps: [columns, or a batch][n_nodes] */
    float *rows;                /* in its stead with the layout in-place: [n_nodes][width] */
    gv_ppr_column *column;      /* [columns]; of pushes: rounds, and the bound on the L1 distance */
    gv_ppr_local_column *found; /* [columns], of pushes */
    cli_topk top;
} ppr_run;

/* All return an exit code; CLI_NOT_CONVERGED leaves results all the same. */
int ppr_take_options(ppr_run *p);
/* The layout of sweeps, or why the one that was asked for cannot be, before anything is read. */
int ppr_choose_layout(ppr_run *p, const gv_graph *g, int64_t n_columns);
/* The probabilities of a topic that the walk needs, by --topic-weights. */
gv_topic_sides ppr_topic_sides(const ppr_run *p);
/* Whether it is one that is made, and may be in the sidecar. */
bool ppr_has_layout(const ppr_run *p);
int ppr_sweep_columns(ppr_run *p);
int ppr_push_columns(ppr_run *p);
int ppr_write(const ppr_run *p);

/* Whether columns of this shape are for pushes, by graph and options alone. */
bool ppr_is_local(const ppr_opts *o, int64_t n_nodes, bool directed, gv_probability_rule rule,
                  int64_t n_columns, int64_t longest, int64_t shortest);

/* The arrays of a graph that sweeps read. */
unsigned ppr_uses(const ppr_opts *o);

/* cmd_ppr's plan. */
int ppr_dry_run(const void *opts, cli_session *s, gv_plan *plan);

#endif
