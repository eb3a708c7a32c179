/* cascades.c -- see cascades.h. */
#include "tests/support/cascades.h"

#include <stdio.h>
#include <stdlib.h>

gv_probability cascade_constant(double p)
{
    return (gv_probability){.rule = GV_PROBABILITY_CONSTANT, .constant = p};
}

gv_cascade_result *cascade_run(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                               const gv_node *seeds, int64_t n_seeds, const gv_cascade_opts *o)
{
    gv_error err;
    gv_cascade_result *r = NULL;
    if (gv_cascade(ctx, g, p, seeds, n_seeds, o, &r, &err) != GV_OK) {
        printf("%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    return r;
}
