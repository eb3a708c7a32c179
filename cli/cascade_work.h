/* cascade_work.h -- the running `grapevine cascade`: what it was asked for, and what it holds. */
#ifndef CLI_CASCADE_WORK_H
#define CLI_CASCADE_WORK_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cascade_record.h"
#include "cli/ids.h"
#include "cli/plan.h"

typedef struct cascade_opts {
    const char *graph, *output, *name;
    const char *seeds, *influencers, *topic, *model;
    const char *probability, *sim_range;
    int64_t sims, max_sims, max_steps;
    double precision;
    bool activation, spread_only, marginals;
    const char *blocked, *mix, *weights;
    bool steps, keep_layout;
    int32_t kernel;    /* a gv_cascade_kernel */
    int32_t diffusion; /* a gv_diffusion */
} cascade_opts;

/* What one run holds. */
typedef struct cascade_run {
    cli_session *s;
    const cascade_opts *o;
    gv_cascade_opts opts;
    int64_t n_best; /* K of --seeds influencers:K, or -1 */

    const gv_graph *g;
    const gv_model *model;      /* whose probabilities are used, or NULL */
    gv_probability probability; /* the rule none: the graph's own */
    float *stored;              /* owned, by trivalency */
    double *mix;                /* owned, [topics of the model], or NULL */
    float *weight;              /* owned, [n_nodes], or NULL */

    gv_node *blocked;    /* to be freed with gv_nodes_free() */
    gv_seed_table seeds; /* to be freed with gv_seeds_free() */
    gv_results *out;
    int64_t simulated; /* worlds of all sets */
    double sampled;    /* seconds they took */
} cascade_run;

static inline int cascade_usage(const cascade_run *c, const char *text)
{
    return cli_fail_text(c->s, CLI_USAGE, "%s", text);
}

/* Checks the options and fills c->opts. An exit code, as of all below. */
int cascade_take_options(cascade_run *c);

/* Opens graph and model, reads seeds, blocked consumers and the topic's probabilities. */
int cascade_open(cascade_run *c);

/* The options as they go into the provenance: any way to give the same worlds as one text, so that
 * parts join to the file of one run. `range` [64] holds the text of --sim-range. */
cascade_opts cascade_noted(const cascade_run *c, char *range);

/* Writes the group /cascade/`name`. */
int cascade_write(const cascade_run *c, const char *name, const gv_cascade_result *r, bool reached);
/* What the groups share: consumers and topics. */
int cascade_write_common(const cascade_run *c);

/* cmd_cascade's plan. */
int cascade_dry_run(const void *opts, cli_session *s, gv_plan *plan);

#endif
