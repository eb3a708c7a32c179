/* verify_graph.c -- the two directions of a graph are the same edges with the same probabilities.
 *
 * Both directions have as many edges, each row ascending without duplicates; so if every in-edge is
 * found among the out-edges, they are the same set. With arrays that both directions share (an
 * undirected graph) the same search shows that every edge goes both ways. */
#include <string.h>

#include "engine/csr.h"
#include "engine/error.h"
#include "io/check.h"
#include "io/graph_file.h"
#include "io/info_file.h"

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
