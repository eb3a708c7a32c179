/* graph_check.c -- the arrays of a graph are what they must be: parallel passes over blocks.
 *
 * Offsets come first, since the other passes follow them. A pass remembers the lowest block with a
 * fault, by an atomic minimum, and that block is then read once more to name its first fault: so
 * the message does not depend on threads. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "engine/csr.h"
#include "engine/error.h"
#include "engine/parallel.h"
#include "io/check.h"
#include "io/graph_file.h"

/* ---- one pass ------------------------------------------------------------------------------- */

typedef struct pass {
    gv_find_fault *find;
    const void *arg;
    int64_t n;
    _Atomic int64_t lowest; /* block with a fault, or n_blocks */
} pass;

static void check_block(void *arg, int64_t b)
{
    pass *p = arg;
    if (b >= p->lowest || p->find(p->arg, b * GV_CHECK_BLOCK, gv_check_end(b, p->n)) < 0)
        return;
    int64_t lowest = p->lowest;
    while (b < lowest && !atomic_compare_exchange_weak(&p->lowest, &lowest, b))
        ;
}

int64_t gv_first_fault(gv_context *ctx, int64_t n, gv_find_fault *find, const void *arg)
{
    const int64_t n_blocks = (n + GV_CHECK_BLOCK - 1) / GV_CHECK_BLOCK;
    pass p = {.find = find, .arg = arg, .n = n, .lowest = n_blocks};
    gv_parallel_for(ctx, n_blocks, check_block, &p);
    const int64_t b = p.lowest;
    return b == n_blocks ? -1 : find(arg, b * GV_CHECK_BLOCK, gv_check_end(b, n));
}

/* ---- what can be wrong ---------------------------------------------------------------------- */

static int64_t falling_offset(const void *arg, int64_t begin, int64_t end)
{
    const int64_t *indptr = arg;
    for (int64_t v = begin; v < end; v++)
        if (indptr[v + 1] < indptr[v])
            return v + 1;
    return -1;
}

gv_status gv_check_offsets(gv_context *ctx, const int64_t *indptr, int64_t n, int64_t end,
                           const char *file, const char *array, gv_error *err)
{
    if (indptr[0] != 0 || indptr[n] != end)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: %s: runs from %" PRId64 " to %" PRId64 ", not from 0 to %" PRId64, file,
                       array, indptr[0], indptr[n], end);
    const int64_t at = gv_first_fault(ctx, n, falling_offset, indptr);
    if (at >= 0)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: %s[%" PRId64 "] = %" PRId64 " is less than %" PRId64 " before it", file,
                       array, at, indptr[at], indptr[at - 1]);
    return GV_OK;
}

typedef struct rows {
    const int64_t *indptr;
    const int32_t *index;
    int32_t limit;
} rows;

static int64_t bad_index(const void *arg, int64_t begin, int64_t end)
{
    const rows *r = arg;
    for (int64_t v = begin; v < end; v++) {
        int64_t last = -1;
        for (int64_t e = r->indptr[v]; e < r->indptr[v + 1]; e++) {
            if (r->index[e] <= last || r->index[e] >= r->limit)
                return e;
            last = r->index[e];
        }
    }
    return -1;
}

gv_status gv_check_indices(gv_context *ctx, const int64_t *indptr, int64_t n, const int32_t *index,
                           int32_t limit, const char *file, const char *array, gv_error *err)
{
    const rows r = {indptr, index, limit};
    const int64_t e = gv_first_fault(ctx, n, bad_index, &r);
    if (e < 0)
        return GV_OK;
    if (index[e] < 0 || index[e] >= limit)
        return gv_fail(err, GV_ERR_DATA,
                       "%s: %s[%" PRId64 "] = %" PRId32 " is not in [0, %" PRId32 ")", file, array,
                       e, index[e], limit);
    return gv_fail(err, GV_ERR_DATA,
                   "%s: %s[%" PRId64 "] = %" PRId32 " does not ascend: %" PRId32
                   " stands before it in the row",
                   file, array, e, index[e], index[e - 1]);
}

static int64_t bad_probability(const void *arg, int64_t begin, int64_t end)
{
    const float *p = arg;
    for (int64_t e = begin; e < end; e++)
        if (!(p[e] >= 0.0F && p[e] <= 1.0F))
            return e;
    return -1;
}

static int64_t bad_id(const void *arg, int64_t begin, int64_t end)
{
    const gv_graph *g = arg;
    const size_t width = (size_t)g->id_width;
    for (int64_t v = begin; v < end; v++) {
        if (g->id_kind == GV_ID_INT) {
            if (v > 0 && g->id_int[v] <= g->id_int[v - 1])
                return v;
            continue;
        }
        const char *id = g->id_text + (size_t)v * width;
        if (id[0] == '\0' || (v > 0 && memcmp(id - width, id, width) >= 0))
            return v;
    }
    return -1;
}

static gv_status check_ids(gv_context *ctx, const gv_graph *g, const char *file, gv_error *err)
{
    char id[GV_ID_CHARS + 1];
    const int64_t v = gv_first_fault(ctx, g->n_nodes, bad_id, g);
    if (v < 0)
        return GV_OK;
    return gv_fail(err, GV_ERR_DATA,
                   "%s: /nodes/ext_id[%" PRId64 "] = \"%s\" is empty or does not ascend", file, v,
                   gv_graph_id(g, (gv_node)v, id));
}

static gv_status check_probabilities(gv_context *ctx, const gv_graph *g, const gv_csr *csr,
                                     const char *file, gv_error *err)
{
    if (g->rule != GV_PROBABILITY_STORED)
        return GV_OK;
    const int64_t e = gv_first_fault(ctx, g->n_edges, bad_probability, csr->probability);
    if (e < 0)
        return GV_OK;
    return gv_fail(err, GV_ERR_DATA, "%s: /%s/probability[%" PRId64 "] = %g is not in [0, 1]", file,
                   csr == &g->out ? "out" : "in", e, (double)csr->probability[e]);
}

static gv_status check_direction(gv_context *ctx, const gv_graph *g, const gv_csr *csr,
                                 unsigned uses, const char *file, gv_error *err)
{
    char name[32];
    const char *way = csr == &g->out ? "out" : "in";
    snprintf(name, sizeof name, "/%s/indptr", way);
    gv_status st = gv_check_offsets(ctx, csr->indptr, g->n_nodes, g->n_edges, file, name, err);
    if ((uses & (csr == &g->out ? GV_USES_OUT : GV_USES_IN)) == 0)
        return st;
    snprintf(name, sizeof name, "/%s/indices", way);
    if (st == GV_OK)
        st = gv_check_indices(ctx, csr->indptr, g->n_nodes, csr->indices, (int32_t)g->n_nodes, file,
                              name, err);
    if (st != GV_OK || (uses & GV_USES_PROBABILITY) == 0)
        return st;
    return check_probabilities(ctx, g, csr, file, err);
}

GV_API gv_status gv_graph_check(gv_context *ctx, const gv_graph *g, unsigned uses, gv_error *err)
{
    const char *file = gv_graph_file(g);
    gv_status st = GV_OK;
    if ((uses & (GV_USES_OUT | GV_USES_IN)) == 0 && (uses & GV_USES_PROBABILITY) != 0)
        uses |= GV_USES_OUT;
    if ((uses & (GV_USES_OUT | GV_USES_OUT_OFFSETS)) != 0)
        st = check_direction(ctx, g, &g->out, uses, file, err);
    const bool shared = (uses & GV_USES_OUT) != 0 && g->in.indptr == g->out.indptr &&
                        g->in.indices == g->out.indices && g->in.probability == g->out.probability;
    if (st == GV_OK && (uses & (GV_USES_IN | GV_USES_IN_OFFSETS)) != 0 && !shared)
        st = check_direction(ctx, g, &g->in, uses, file, err);
    if (st == GV_OK && (uses & GV_USES_OUT_PROBABILITY) != 0)
        st = check_probabilities(ctx, g, &g->out, file, err);
    if (st == GV_OK && (uses & GV_USES_IDS) != 0)
        st = check_ids(ctx, g, file, err);
    if ((uses & (GV_USES_OUT | GV_USES_OUT_OFFSETS | GV_USES_OUT_PROBABILITY)) != 0)
        gv_graph_rest(g, &g->out, 0, g->n_nodes);
    if ((uses & (GV_USES_IN | GV_USES_IN_OFFSETS)) != 0)
        gv_graph_rest(g, &g->in, 0, g->n_nodes);
    return st;
}
