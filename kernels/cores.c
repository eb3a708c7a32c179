/* cores.c -- core numbers: the largest k such that a consumer belongs to a part of the graph in
 * which everybody has at least k edges within it, in either direction.
 *
 * Consumers are removed in the order of what degree they have left; those who lose an edge move one
 * bucket down (Batagelj, Zaversnik, "An O(m) algorithm for cores decomposition of networks", 2003).
 * By one thread: each step depends on the one before. Core numbers do not depend on the order among
 * equals. */
#include "engine/context.h"
#include "engine/csr.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "grapevine/influence.h"

enum { TOLD = 1 << 20 }; /* consumers between two reports of progress */

typedef struct peeling {
    const gv_graph *g;
    int64_t *begin; /* [most + 2], first place of consumers with a degree */
    gv_node *order; /* [n_nodes], by degree */
    gv_node *place; /* [n_nodes], in `order` */
    int32_t *core;  /* [n_nodes], degree left, at last the core number */
} peeling;

static int64_t degree_of(const gv_graph *g, gv_node v)
{
    return gv_csr_degree(&g->out, v) + (g->directed ? gv_csr_degree(&g->in, v) : 0);
}

static void put_in_order(const peeling *p, int64_t most)
{
    const int64_t n = p->g->n_nodes;
    for (int64_t d = 0; d < most + 2; d++)
        p->begin[d] = 0;
    for (int64_t v = 0; v < n; v++)
        p->begin[p->core[v] + 1]++;
    for (int64_t d = 0; d <= most; d++)
        p->begin[d + 1] += p->begin[d];
    for (int64_t v = 0; v < n; v++) {
        p->place[v] = (gv_node)p->begin[p->core[v]]++;
        p->order[p->place[v]] = (gv_node)v;
    }
    for (int64_t d = most + 1; d > 0; d--) /* each has moved to the next one's place */
        p->begin[d] = p->begin[d - 1];
    p->begin[0] = 0;
}

/* u loses an edge to v, who is being removed: it changes places with the first of its degree. */
static void lower(const peeling *p, gv_node u, gv_node v)
{
    const int32_t degree = p->core[u];
    if (degree <= p->core[v])
        return;
    const int64_t at = p->begin[degree]++;
    const gv_node first = p->order[at];
    p->order[p->place[u]] = first;
    p->place[first] = p->place[u];
    p->order[at] = u;
    p->place[u] = (gv_node)at;
    p->core[u] = degree - 1;
}

static void lower_friends(const peeling *p, const gv_csr *csr, gv_node v)
{
    for (int64_t e = csr->indptr[v]; e < csr->indptr[v + 1]; e++)
        lower(p, csr->indices[e], v);
}

/* Removes all in their order. */
static gv_status peel(gv_context *ctx, const peeling *p, gv_error *err)
{
    const gv_graph *g = p->g;
    const int64_t n = g->n_nodes;
    for (int64_t first = 0, end; first < n; first = end) {
        end = n - first > TOLD ? first + TOLD : n;
        for (int64_t i = first; i < end; i++) {
            lower_friends(p, &g->out, p->order[i]);
            if (g->directed)
                lower_friends(p, &g->in, p->order[i]);
        }
        const gv_status st = gv_progress(ctx, "core numbers", end, n, err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}

GV_API gv_status gv_core_numbers(gv_context *ctx, const gv_graph *g, int32_t *core, gv_error *err)
{
    const int64_t n = g->n_nodes;
    int64_t most = 0;
    for (int64_t v = 0; v < n; v++) {
        const int64_t degree = degree_of(g, (gv_node)v);
        most = degree > most ? degree : most;
        core[v] = degree < INT32_MAX ? (int32_t)degree : INT32_MAX;
    }
    if (most >= INT32_MAX)
        return gv_fail(err, GV_ERR_RANGE, "core numbers: a consumer has 2^31 edges or more");
    peeling p = {.g = g, .core = core};
    p.begin = gv_alloc(ctx, most + 2, sizeof *p.begin);
    p.order = gv_alloc(ctx, n, sizeof *p.order);
    p.place = gv_alloc(ctx, n, sizeof *p.place);
    gv_status st = p.begin != NULL && p.order != NULL && p.place != NULL
                       ? gv_progress(ctx, "core numbers", 0, n, err)
                       : gv_no_memory(ctx, "core numbers", err);
    if (st == GV_OK) {
        put_in_order(&p, most);
        st = peel(ctx, &p, err);
    }
    gv_graph_rest(g, &g->out, 0, n);
    gv_graph_rest(g, &g->in, 0, n);
    gv_free(ctx, p.place);
    gv_free(ctx, p.order);
    gv_free(ctx, p.begin);
    return st;
}
