/* marginals.c -- leave-one-out: spread(S) - spread(S without s), summed over the same worlds.
 *
 * In every world the set reached from S without s is part of the one reached from S, so no marginal
 * is negative, and each is at least 1 a world unless s declines or another seed reaches s. The
 * worlds are the same because they do not depend on seeds; all sums are integers. */
#include "kernels/marginals.h"

#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"

enum { AT_ONCE = 65536 }; /* worlds between two looks at progress */

/* Sum of the spreads of the result's worlds from w's seeds. */
static gv_status sum_spread(gv_worlds *w, const gv_cascade_result *r, int64_t *spread, int64_t *sum,
                            gv_error *err)
{
    *sum = 0;
    for (int64_t done = 0; done < r->n_worlds; done += AT_ONCE) {
        const int64_t left = r->n_worlds - done, n = left < AT_ONCE ? left : AT_ONCE;
        const gv_status st = gv_worlds_run(w, r->first_world + done, n, spread, err);
        if (st != GV_OK)
            return st;
        for (int64_t i = 0; i < n; i++)
            *sum += spread[i];
    }
    return GV_OK;
}

gv_status gv_marginals(gv_worlds *w, const gv_cascade_result *r, int64_t *sum, gv_error *err)
{
    const int64_t k = r->n_seeds, at_once = r->n_worlds < AT_ONCE ? r->n_worlds : AT_ONCE;
    const gv_worlds before = *w;
    gv_node *others = gv_alloc(w->ctx, k, sizeof *others);
    int64_t *spread = gv_alloc(w->ctx, at_once, sizeof *spread), whole = 0;
    uint64_t *accept = w->accept != NULL ? gv_alloc(w->ctx, k, sizeof *accept) : NULL;
    gv_status st = GV_OK;
    if (others == NULL || spread == NULL || (w->accept != NULL && accept == NULL))
        st = gv_no_memory(w->ctx, "cascade: marginals", err);
    for (int64_t i = 0; i < r->n_worlds; i++)
        whole += r->spread[i];
    w->activation = NULL;
    w->step_sum = NULL;
    w->weight = NULL;
    w->spread_only = true;
    w->seeds = others;
    w->accept = accept;
    w->n_seeds = k - 1;
    for (int64_t s = 0; st == GV_OK && s < k; s++) {
        st = gv_progress(w->ctx, "cascade marginals", s, k, err);
        memcpy(others, r->seeds, (size_t)s * sizeof *others);
        memcpy(others + s, r->seeds + s + 1, (size_t)(k - 1 - s) * sizeof *others);
        if (accept != NULL) {
            memcpy(accept, before.accept, (size_t)s * sizeof *accept);
            memcpy(accept + s, before.accept + s + 1, (size_t)(k - 1 - s) * sizeof *accept);
        }
        if (st == GV_OK)
            st = sum_spread(w, r, spread, &sum[s], err);
        sum[s] = whole - sum[s];
    }
    w->activation = before.activation;
    w->step_sum = before.step_sum;
    w->weight = before.weight;
    w->spread_only = before.spread_only;
    w->seeds = before.seeds;
    w->accept = before.accept;
    w->n_seeds = before.n_seeds;
    gv_free(w->ctx, accept);
    gv_free(w->ctx, spread);
    gv_free(w->ctx, others);
    return st == GV_OK ? gv_progress(w->ctx, "cascade marginals", k, k, err) : st;
}
