/* verify_graph.c -- the two directions of a graph are the same edges with the same probabilities.
 *
 * Every edge (u, v, p) is mixed into 64 bits, and these are added up modulo 2^64, once over /out
 * and once over /in read backwards. An edge occurs once at most in either, as gv_graph_check() has
 * found (rows ascend), so equal sets have equal sums in any order: one pass over each direction, in
 * the order in which it lies, without scratch memory and alike at any thread count. Sets that
 * differ have the same sum with a chance of 2^-64 (5e-20), damage and mixing having nothing to do
 * with each other. When sums differ, each in-edge is sought among the out-edges to name the first
 * that is not there. For an undirected graph, the sums of /out read forwards and backwards show in
 * the same way that every edge goes both ways. Commutative hashes of multisets: Clarke, Devadas,
 * van Dijk, Gassend, Suh, ASIACRYPT 2003. */
#include <stdatomic.h>
#include <string.h>

#include "engine/csr.h"
#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/rng.h"
#include "io/check.h"
#include "io/graph_file.h"
#include "io/info_file.h"

/* ---- sums over edges ------------------------------------------------------------------------- */

typedef struct edge_sum {
    const gv_graph *g;
    const gv_csr *csr;
    bool backwards;     /* rows are targets, not sources */
    bool probabilities; /* are part of an edge */
    _Atomic uint64_t sum;
} edge_sum;

/* A probability is mixed into an edge's bits before they are mixed again, so that exchanging the
 * probabilities of two edges changes the sum. */
static uint64_t mix_probability(uint64_t edge, float p)
{
    uint32_t bits;
    memcpy(&bits, &p, sizeof bits);
    return gv_mix(edge ^ (uint64_t)bits * UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t sum_row(const edge_sum *s, uint64_t v)
{
    const int64_t end = s->csr->indptr[v + 1];
    const gv_node *restrict index = s->csr->indices;
    const float *restrict p = s->csr->probability;
    const int forward = s->backwards ? 0 : 32, backward = 32 - forward;
    uint64_t sum = 0;
    if (s->probabilities)
        for (int64_t e = s->csr->indptr[v]; e < end; e++)
            sum += mix_probability(gv_mix(v << forward | (uint64_t)index[e] << backward), p[e]);
    else
        for (int64_t e = s->csr->indptr[v]; e < end; e++)
            sum += gv_mix(v << forward | (uint64_t)index[e] << backward);
    return sum;
}

static void sum_block(void *arg, int64_t b)
{
    edge_sum *s = arg;
    const int64_t end = gv_check_end(b, s->g->n_nodes);
    uint64_t sum = 0;
    for (int64_t v = b * GV_CHECK_BLOCK; v < end; v++)
        sum += sum_row(s, (uint64_t)v);
    atomic_fetch_add_explicit(&s->sum, sum, memory_order_relaxed); /* whole numbers: any order */
}

static uint64_t sum_edges(gv_context *ctx, const gv_graph *g, const gv_csr *csr, bool backwards,
                          bool probabilities)
{
    edge_sum s = {
        .g = g, .csr = csr, .backwards = backwards, .probabilities = probabilities, .sum = 0};
    gv_parallel_for(ctx, (g->n_nodes + GV_CHECK_BLOCK - 1) / GV_CHECK_BLOCK, sum_block, &s);
    return s.sum;
}

/* ---- the first edge without its counterpart -------------------------------------------------- */

/* Edges of `rows`, read backwards, are sought in `among`. */
typedef struct mirror {
    const gv_csr *rows, *among;
    bool probabilities; /* to be compared as well */
} mirror;

static bool is_mirrored(const mirror *m, gv_node v, int64_t i)
{
    const int64_t at = gv_csr_find(m->among, m->rows->indices[i], v);
    if (at < 0)
        return false;
    return !m->probabilities ||
           memcmp(&m->rows->probability[i], &m->among->probability[at], sizeof(float)) == 0;
}

static int64_t without_mirror(const void *arg, int64_t begin, int64_t end)
{
    const mirror *m = arg;
    for (int64_t v = begin; v < end; v++)
        for (int64_t i = m->rows->indptr[v]; i < m->rows->indptr[v + 1]; i++)
            if (!is_mirrored(m, (gv_node)v, i))
                return i;
    return -1;
}

static gv_status check_mirror(const gv_verifier *v, const gv_graph *g, const mirror *m,
                              const char *array, const char *what, gv_error *err)
{
    if (sum_edges(v->ctx, g, m->rows, true, m->probabilities) ==
        sum_edges(v->ctx, g, m->among, false, m->probabilities))
        return GV_OK;
    const int64_t i = gv_first_fault(v->ctx, g->n_nodes, without_mirror, m);
    if (i >= 0)
        return gv_fail(err, GV_ERR_DATA, "%s: %s[%lld] = %d: %s", v->path, array, (long long)i,
                       m->rows->indices[i], what);
    return GV_OK;
}

static gv_status check_directions(const gv_verifier *v, const gv_graph *g, gv_error *err)
{
    const mirror both = {&g->in, &g->out, g->rule == GV_PROBABILITY_STORED};
    gv_status st = check_mirror(v, g, &both, "/in/indices",
                                g->directed ? "this edge is not in /out, or not with the same "
                                              "probability"
                                            : "this edge is not in /out in the other direction, or "
                                              "not with the same probability",
                                err);
    if (st == GV_OK)
        gv_verified(v, "/in and /out hold the same edges");
    if (st != GV_OK || g->directed)
        return st;
    const mirror itself = {&g->out, &g->out, false};
    const bool shown = g->in.indptr == g->out.indptr && g->in.indices == g->out.indices;
    if (!shown) /* else it is what was just compared */
        st = check_mirror(v, g, &itself, "/out/indices",
                          "the graph is undirected, and this edge has no counterpart", err);
    if (st == GV_OK)
        gv_verified(v, "every edge goes both ways");
    return st;
}

static gv_status check_hash(const gv_verifier *v, const gv_graph *g, gv_error *err)
{
    char hash[GV_HASH_CHARS + 1];
    gv_graph unhashed = *g;
    unhashed.hash[0] = '\0';
    const gv_status st = gv_graph_identify(v->ctx, &unhashed, hash, err);
    if (st != GV_OK)
        return st;
    if (strcmp(hash, g->hash) != 0)
        return gv_fail(err, GV_ERR_DATA, "%s: /@content_hash: is %s, but the content has %s",
                       v->path, g->hash, hash);
    gv_verified(v, "the content hash agrees");
    return GV_OK;
}

gv_status gv_verify_graph(const gv_verifier *v, gv_error *err)
{
    gv_graph *g = NULL;
    gv_status st = gv_graph_open(v->ctx, v->path, &g, err);
    if (st != GV_OK)
        return st;
    st = gv_graph_check(v->ctx, g, GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY | GV_USES_IDS,
                        err);
    if (st == GV_OK) {
        gv_verified(v, "offsets, ids and probabilities are in range and in order");
        st = check_directions(v, g, err);
    }
    if (st == GV_OK)
        st = check_hash(v, g, err);
    gv_graph_free(g);
    return st;
}
