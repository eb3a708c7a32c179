/* components.c -- weakly connected components by union-find, most edges left unread.
 *
 * parent[v] <= v throughout, and v's component is the one of parent[v]: a root is its own parent.
 * Joining u and v hangs the greater of their roots below the lesser by compare-and-swap, which
 * fails only when somebody else has hung it elsewhere, and then begins anew; so concurrent joins
 * lose nothing and make no cycles. Which tree comes about depends on threads; which consumers are
 * joined does not, and only counts are handed out.
 *
 * First each consumer is joined with the first few neighbours of its rows. By then most consumers
 * are in one component, which a sample of them names. Only consumers outside it read the rest of
 * their rows: an edge between two consumers inside it joins nothing. (Sutton, Ben-Nun, Barak,
 * "Optimizing parallel graph connectivity computation via subgraph sampling", IPDPS 2018.)
 *
 * At the end the same array counts: parent[root] becomes minus the size of its component. */
#include "engine/components.h"

#include <stdatomic.h>

#include "engine/memory.h"
#include "engine/parallel.h"

enum { FIRST_FEW = 2, SAMPLES = 1024 };

typedef _Atomic gv_node parent_of;

static gv_node get(const parent_of *p)
{
    return atomic_load_explicit(p, memory_order_relaxed);
}

/* The root above v. The way up gets shorter: half of the nodes on it move to their grandparent,
 * which is in the same component, whoever else moves them at the same time. */
static gv_node root_of(parent_of *parent, gv_node v)
{
    for (;;) {
        const gv_node up = get(&parent[v]), top = get(&parent[up]);
        if (up == top)
            return top;
        atomic_store_explicit(&parent[v], top, memory_order_relaxed);
        v = top;
    }
}

static void join(parent_of *parent, gv_node u, gv_node v)
{
    for (;;) {
        u = root_of(parent, u);
        v = root_of(parent, v);
        if (u == v)
            return;
        gv_node high = u > v ? u : v;
        const gv_node low = u > v ? v : u;
        if (atomic_compare_exchange_weak_explicit(&parent[high], &high, low, memory_order_relaxed,
                                                  memory_order_relaxed))
            return;
    }
}

static void join_row(parent_of *parent, const gv_csr *csr, gv_node v, int64_t first, int64_t most)
{
    const int64_t begin = csr->indptr[v] + first, end = csr->indptr[v + 1];
    for (int64_t e = begin; e < end && e - begin < most; e++)
        join(parent, v, csr->indices[e]);
}

static void plant(gv_context *ctx, parent_of *parent, int64_t n)
{
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t v = 0; v < n; v++)
        atomic_store_explicit(&parent[v], (gv_node)v, memory_order_relaxed);
}

static void join_few(gv_context *ctx, const gv_graph *g, parent_of *parent)
{
    const int64_t n_blocks = gv_blocks(g->n_nodes);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < n_blocks; b++)
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, g->n_nodes); v++)
            join_row(parent, &g->out, (gv_node)v, 0, FIRST_FEW);
}

/* The root that most of the sampled consumers have: a guess, on which only speed depends. */
static gv_node common_root(parent_of *parent, int64_t n)
{
    gv_node seen[SAMPLES], best = 0;
    int most = 0;
    for (int i = 0; i < SAMPLES; i++)
        seen[i] = root_of(parent, (gv_node)(n / SAMPLES * i + n % SAMPLES * i / SAMPLES));
    for (int i = 0; i < SAMPLES; i++) {
        int count = 0;
        for (int k = i; k < SAMPLES; k++)
            count += seen[k] == seen[i];
        if (count > most)
            most = count, best = seen[i];
    }
    return best;
}

/* `inside` may itself be hung below another root meanwhile: then nobody has it as root any more,
 * and more rows are read than need be. */
static void join_rest(gv_context *ctx, const gv_graph *g, parent_of *parent, gv_node inside)
{
    const int64_t n_blocks = gv_blocks(g->n_nodes);
    const bool in_as_well = g->in.indices != g->out.indices;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < n_blocks; b++) {
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, g->n_nodes); v++) {
            if (root_of(parent, (gv_node)v) == inside)
                continue;
            join_row(parent, &g->out, (gv_node)v, FIRST_FEW, INT64_MAX);
            if (in_as_well)
                join_row(parent, &g->in, (gv_node)v, 0, INT64_MAX);
        }
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

/* Everybody points to their root. */
static void flatten(gv_context *ctx, parent_of *parent, int64_t n)
{
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t v = 0; v < n; v++)
        atomic_store_explicit(&parent[v], root_of(parent, (gv_node)v), memory_order_relaxed);
}

/* Roots become -1, a size of one; returns how many there are. */
static int64_t count_roots(gv_context *ctx, parent_of *parent, int64_t n)
{
    int64_t count = 0;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static) reduction(+ : count)
    for (int64_t v = 0; v < n; v++) {
        if (get(&parent[v]) == (gv_node)v) {
            atomic_store_explicit(&parent[v], -1, memory_order_relaxed);
            count++;
        }
    }
    return count;
}

/* The others count themselves at their root; runs of one root are added at once, or all threads
 * would meet at the largest. A sum of whole numbers: any order will do. */
static void count_others(gv_context *ctx, parent_of *parent, int64_t n)
{
    const int64_t n_blocks = gv_blocks(n);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 16)
    for (int64_t b = 0; b < n_blocks; b++) {
        gv_node root = -1, run = 0;
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, n); v++) {
            const gv_node up = get(&parent[v]);
            if (up < 0)
                continue;
            if (up != root && run > 0)
                atomic_fetch_sub_explicit(&parent[root], run, memory_order_relaxed);
            run = up == root ? run + 1 : 1;
            root = up;
        }
        if (run > 0)
            atomic_fetch_sub_explicit(&parent[root], run, memory_order_relaxed);
    }
}

static int64_t largest_size(gv_context *ctx, const parent_of *parent, int64_t n)
{
    int64_t largest = 0;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)                     \
    reduction(max                                                                                  \
              : largest)
    for (int64_t v = 0; v < n; v++) {
        const int64_t size = -(int64_t)get(&parent[v]);
        largest = size > largest ? size : largest;
    }
    return largest;
}

gv_status gv_count_components(gv_context *ctx, const gv_graph *g, gv_components *out, gv_error *err)
{
    const int64_t n = g->n_nodes;
    *out = (gv_components){.count = 0};
    if (n == 0)
        return GV_OK;
    parent_of *parent = gv_alloc(ctx, n, sizeof *parent);
    if (parent == NULL)
        return gv_no_memory(ctx, "components", err);
    plant(ctx, parent, n);
    join_few(ctx, g, parent);
    join_rest(ctx, g, parent, common_root(parent, n));
    flatten(ctx, parent, n);
    out->count = count_roots(ctx, parent, n);
    count_others(ctx, parent, n);
    out->largest = largest_size(ctx, parent, n);
    gv_free(ctx, parent);
    return GV_OK;
}
