/* choice.c -- worlds of the linear threshold, one at a time (choice.h).
 *
 * An edge u -> v is asked when u becomes active and v is not yet; whether v listens along it hangs
 * on v's number alone, so it does not matter who asks first, and at most one edge into v is live.
 *
 * Laying out: each thread has the targets of one range and walks through all rows, whose targets
 * are ascending; so the stretches of a target are laid by one thread, in the order of sources. No
 * races, and the same bytes at any thread count. */
#include "kernels/choice.h"

#include <inttypes.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

/* How far floats that should add up to 1 may miss it. */
static const double slack = 1e-5;

/* The end of a stretch, in units of 2^-32. */
static uint64_t end_of(double sum)
{
    return sum >= 1.0 ? UINT64_C(1) << 32 : (uint64_t)(sum * 0x1p32 + 0.5);
}

/* The stretch of an edge with chance p, behind those that take up `sum`. */
static gv_stretch next_stretch(double *sum, double p)
{
    const uint64_t begin = end_of(*sum);
    *sum += p;
    const uint64_t end = end_of(*sum);
    return end > begin ? (gv_stretch){(uint32_t)begin, (uint32_t)(end - 1)} : (gv_stretch){1, 0};
}

/* The stretches of targets [from, to); sum [n_nodes] is zero there. */
static void lay_range(const gv_graph *g, const gv_coins *coins, int64_t from, int64_t to,
                      double *sum, gv_stretch *stretch)
{
    double p[GV_ROW_BLOCK];
    for (int64_t u = 0; u < g->n_nodes; u++) {
        const int64_t end = gv_csr_from(&g->out, u, to);
        for (int64_t first = gv_csr_from(&g->out, u, from); first < end; first += GV_ROW_BLOCK) {
            const int64_t n = end - first < GV_ROW_BLOCK ? end - first : GV_ROW_BLOCK;
            gv_coins_row(coins, &g->out, (gv_node)u, first, n, p);
            for (int64_t i = 0; i < n; i++)
                stretch[first + i] = next_stretch(&sum[g->out.indices[first + i]], p[i]);
        }
    }
}

static gv_status check_sums(gv_context *ctx, const double *sum, int64_t n, gv_error *err)
{
    int64_t bad = n;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static) reduction(min : bad)
    for (int64_t v = 0; v < n; v++)
        if (sum[v] > 1.0 + slack && v < bad)
            bad = v;
    if (bad == n)
        return GV_OK;
    return gv_fail(err, GV_ERR_RANGE,
                   "cascade: the probabilities of all edges into node %" PRId64 " add up to %g; "
                   "linear threshold allows at most 1",
                   bad, sum[bad]);
}

gv_status gv_choices_open(gv_choices *c, gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                          uint64_t seed, gv_error *err)
{
    const int64_t n = g->n_nodes, threads = gv_context_threads(ctx);
    *c = (gv_choices){.ctx = ctx};
    gv_choices_reseed(c, seed);
    gv_status st = gv_progress(ctx, "cascade layout", 0, n, err);
    if (st != GV_OK)
        return st;
    double *sum = gv_alloc_zero(ctx, n, sizeof *sum);
    gv_stretch *stretch = gv_alloc(ctx, g->n_edges, sizeof *stretch);
    c->stretch = stretch;
    if (sum == NULL || stretch == NULL) {
        st = gv_no_memory(ctx, "cascade: stretches of the linear threshold", err);
        goto done;
    }
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int64_t i = 0; i < threads; i++)
        lay_range(g, coins, n * i / threads, n * (i + 1) / threads, sum, stretch);
    st = check_sums(ctx, sum, n, err);
    if (st == GV_OK)
        st = gv_progress(ctx, "cascade layout", n, n, err);
done:
    gv_free(ctx, sum);
    return st;
}

void gv_choices_reseed(gv_choices *c, uint64_t seed)
{
    c->key = gv_key(seed, GV_FOR_CHOICE);
}

void gv_choices_close(gv_choices *c)
{
    gv_free(c->ctx, (void *)(uintptr_t)c->stretch);
    c->stretch = NULL;
}

int64_t gv_choices_expand(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t begin,
                          int64_t end)
{
    const gv_csr *out = &w->g->out;
    const gv_stretch *restrict stretch = w->choices->stretch;
    uint64_t *restrict active = lane->active;
    gv_node *restrict queue = lane->queue;
    int64_t tail = end;
    for (int64_t i = begin; i < end; i++) {
        lane->looks += gv_csr_degree(out, queue[i]);
        for (int64_t e = out->indptr[queue[i]]; e < out->indptr[queue[i] + 1]; e++) {
            const gv_node v = out->indices[e];
            if (active[v >> 6] >> (v & 63) & 1)
                continue;
            const uint32_t x = gv_choice(w->choices->key, v, world);
            if (x < stretch[e].first || x > stretch[e].last)
                continue;
            active[v >> 6] |= UINT64_C(1) << (v & 63);
            queue[tail++] = v;
        }
    }
    return tail;
}
