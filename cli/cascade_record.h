/* cascade_record.h -- a group /cascade/NAME of a results file, as a run and a merge of parts write
 * it: one function, so that both give the same bytes. */
#ifndef CLI_CASCADE_RECORD_H
#define CLI_CASCADE_RECORD_H

#include "cli/cli.h"

typedef struct cascade_record {
    const char *group; /* "/cascade/NAME" */
    const gv_cascade_result *r;
    const gv_node *blocked; /* [n_blocked], or NULL */
    int64_t n_blocked, n_nodes;
    const char *probability, *topic, *mix, *weights; /* NULL where there is none */
    const char *probability_hash;                    /* of a model's, or NULL */
    int64_t max_steps;
    double target; /* of --stderr, 0 for none */
    bool reached;
} cascade_record;

/* Arrays first, then `seed_ext_id` by the caller, then attributes. */
gv_status cascade_record_arrays(const cascade_record *c, gv_results *out, gv_error *err);
gv_status cascade_record_attributes(const cascade_record *c, gv_results *out, gv_error *err);

#endif
