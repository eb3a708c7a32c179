/* cascades.h -- cascades for tests.
 *
 * What must succeed and does not ends the test program. */
#ifndef TESTS_CASCADES_H
#define TESTS_CASCADES_H

#include "grapevine/cascade.h"

gv_probability cascade_constant(double p);

/* To be freed with gv_cascade_free(). */
gv_cascade_result *cascade_run(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                               const gv_node *seeds, int64_t n_seeds, const gv_cascade_opts *o);

#endif
