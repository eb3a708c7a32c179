/* build.c -- edge list to compressed sparse rows, in memory.
 *
 * Each edge becomes a number, row and column behind each other, with its weight beside it where
 * weights are wanted (items.h). Sorting and merging the numbers gives the rows by source; turning
 * them round and sorting again gives the rows by target. Weights of merged edges are put in
 * ascending order before they are combined, so neither the order of the input nor the number of
 * threads bears on a bit of the result. */
#include <inttypes.h>
#include <math.h>

#include "engine/csr.h"
#include "engine/error.h"
#include "engine/items.h"
#include "engine/memory.h"
#include "engine/parallel.h"

typedef struct builder {
    gv_context *ctx;
    int64_t n_nodes;
    int bits;
    const gv_node *src, *dst;
    const float *weight; /* NULL: not wanted */
    int64_t n_input;
    gv_build_opts o;
    gv_items items;
    gv_item_blocks blocks;
    gv_build_info info;
} builder;

GV_API gv_build_opts gv_build_defaults(void)
{
    return (gv_build_opts){.duplicates = GV_DUPLICATES_COMBINE, .constant = 0.1, .seed = 1};
}

/* ---- checking ------------------------------------------------------------------------------ */

static gv_status check_options(const builder *b, bool weights, const int64_t *ids, gv_error *err)
{
    if (b->n_nodes < 0 || b->n_nodes > INT32_MAX)
        return gv_fail(err, GV_ERR_RANGE, "build: %" PRId64 " nodes are not in [0, 2147483647]",
                       b->n_nodes);
    if (b->n_input < 0)
        return gv_fail(err, GV_ERR_RANGE, "build: %" PRId64 " edges are fewer than 0", b->n_input);
    if (b->o.source == GV_FROM_CONSTANT && !(b->o.constant >= 0.0 && b->o.constant <= 1.0))
        return gv_fail(err, GV_ERR_RANGE, "build: probability %g is not in [0, 1]", b->o.constant);
    if (b->o.source == GV_FROM_WEIGHT && !weights)
        return gv_fail(err, GV_ERR_ARG, "build: probabilities from weights, but no weights given");
    for (int64_t v = 1; ids != NULL && v < b->n_nodes; v++)
        if (ids[v] <= ids[v - 1])
            return gv_fail(err, GV_ERR_ARG, "build: id %" PRId64 " is not above %" PRId64, ids[v],
                           ids[v - 1]);
    return GV_OK;
}

static bool edge_is_valid(const builder *b, int64_t i)
{
    if (b->src[i] < 0 || b->src[i] >= b->n_nodes || b->dst[i] < 0 || b->dst[i] >= b->n_nodes)
        return false;
    if (b->weight == NULL)
        return true;
    const float most = b->o.source == GV_FROM_WEIGHT ? 1.0f : INFINITY;
    return b->weight[i] >= 0.0f && b->weight[i] <= most && isfinite(b->weight[i]);
}

/* First edge of the input that is not valid, or n_input. */
static int64_t first_invalid(const builder *b)
{
    int64_t first = b->n_input;
#pragma omp parallel for num_threads(gv_context_threads(b->ctx)) reduction(min : first)
    for (int64_t i = 0; i < b->n_input; i++)
        if (!edge_is_valid(b, i) && i < first)
            first = i;
    return first;
}

static gv_status check_edges(const builder *b, gv_error *err)
{
    const int64_t i = first_invalid(b);
    if (i == b->n_input)
        return GV_OK;
    const gv_node node = b->src[i] < 0 || b->src[i] >= b->n_nodes ? b->src[i] : b->dst[i];
    if (node < 0 || node >= b->n_nodes)
        return gv_fail(err, GV_ERR_RANGE,
                       "build: edge %" PRId64 ": node %d is not in [0, %" PRId64 ")", i, node,
                       b->n_nodes);
    return gv_fail(err, GV_ERR_RANGE, "build: edge %" PRId64 ": weight %g is not %s", i,
                   (double)b->weight[i],
                   b->o.source == GV_FROM_WEIGHT ? "in [0, 1]" : "finite and at least 0");
}

/* ---- items --------------------------------------------------------------------------------- */

/* Edges of block b of the input that are no loops. */
static int64_t count_block(const builder *b, int64_t block)
{
    const int64_t begin = block * GV_ITEM_BLOCK;
    const int64_t end = begin + GV_ITEM_BLOCK < b->n_input ? begin + GV_ITEM_BLOCK : b->n_input;
    int64_t n = 0;
    for (int64_t i = begin; i < end; i++)
        n += b->src[i] != b->dst[i];
    return n;
}

/* One item an edge, two when undirected, from place `at` on. */
static void fill_block(const builder *b, int64_t block, int64_t at)
{
    const int64_t begin = block * GV_ITEM_BLOCK;
    const int64_t end = begin + GV_ITEM_BLOCK < b->n_input ? begin + GV_ITEM_BLOCK : b->n_input;
    for (int64_t i = begin; i < end; i++) {
        const gv_node u = b->src[i], v = b->dst[i];
        if (u == v)
            continue;
        for (int way = 0; way <= (int)b->o.undirected; way++, at++) {
            b->items.key[at] = gv_item_key(way == 0 ? u : v, way == 0 ? v : u, b->bits);
            if (b->items.value != NULL)
                b->items.value[at] = gv_weight_bits(b->weight[i] + 0.0f); /* no -0 */
        }
    }
}

static gv_status make_items(builder *b, gv_error *err)
{
    const int64_t blocks = (b->n_input + GV_ITEM_BLOCK - 1) / GV_ITEM_BLOCK;
    int64_t *first = gv_alloc(b->ctx, blocks + 1, sizeof *first);
    if (first == NULL)
        return gv_no_memory(b->ctx, "build", err);
#pragma omp parallel for num_threads(gv_context_threads(b->ctx))
    for (int64_t i = 0; i < blocks; i++)
        first[i] = count_block(b, i) << b->o.undirected;
    const int64_t n = gv_prefix_sum(first, blocks);
    gv_status st = GV_OK;
    b->info.self_loops = b->n_input - (n >> b->o.undirected);
    if (b->info.self_loops > 0 && b->o.self_loops_error)
        st = gv_fail(err, GV_ERR_DATA, "build: %" PRId64 " self-loops, where none are allowed",
                     b->info.self_loops);
    if (st == GV_OK)
        st = gv_items_begin(b->ctx, &b->items, n, b->weight != NULL, err);
    if (st == GV_OK) {
#pragma omp parallel for num_threads(gv_context_threads(b->ctx))
        for (int64_t i = 0; i < blocks; i++)
            fill_block(b, i, first[i]);
    }
    gv_free(b->ctx, first);
    return st;
}

static gv_status refuse(const builder *b, int64_t at, gv_error *err)
{
    const uint64_t key = b->items.key[at];
    const gv_node u = gv_item_row(key, b->bits), v = gv_item_column(key, b->bits);
    int64_t n = 1;
    while (at + n < b->items.n && b->items.key[at + n] == key)
        n++;
    if (b->o.duplicates == GV_DUPLICATES_ERROR)
        return gv_fail(err, GV_ERR_DATA, "build: edge %d -> %d is given %" PRId64 " times", u, v,
                       n);
    return gv_fail(err, GV_ERR_DATA, "build: edge %d -> %d: summed probability %g is not in [0, 1]",
                   u, v, (double)gv_merged_weight(&b->o, b->items.value + at, n));
}

static gv_status merge_items(builder *b, gv_error *err)
{
    int64_t bad = 0;
    gv_status st = gv_items_sort(b->ctx, &b->items, err);
    if (st == GV_OK)
        st = gv_items_merge(b->ctx, &b->items, &b->o, &b->blocks, &bad, err);
    if (st == GV_ERR_DATA)
        return refuse(b, bad, err);
    if (st == GV_OK)
        b->info.duplicates = (b->items.n - b->blocks.first[b->blocks.n]) >> b->o.undirected;
    return st;
}

/* ---- directions ---------------------------------------------------------------------------- */

/* Rows from the blocks at hand. `csr` gets what of indptr, indices and probability is wanted. */
static gv_status make_rows(const builder *b, bool structure, bool probability, gv_csr *csr,
                           gv_error *err)
{
    const int64_t m = b->blocks.first[b->blocks.n];
    int64_t *indptr = gv_alloc(b->ctx, b->n_nodes + 1, sizeof *indptr);
    gv_rows rows = {.bits = b->bits, .indptr = indptr};
    if (structure)
        csr->indptr = indptr, csr->indices = rows.indices = gv_alloc(b->ctx, m, sizeof(gv_node));
    if (probability)
        csr->probability = rows.probability = gv_alloc(b->ctx, m, sizeof(float));
    const bool ok = indptr != NULL && (!structure || rows.indices != NULL) &&
                    (!probability || rows.probability != NULL);
    if (ok) {
        gv_rows_pour(b->ctx, &b->items, &b->blocks, &rows);
        gv_rows_end(&rows, b->n_nodes);
    }
    if (!structure)
        gv_free(b->ctx, indptr);
    return ok ? GV_OK : gv_no_memory(b->ctx, "build", err);
}

/* Swaps rows and columns of all items and sorts them anew. */
static gv_status turn(builder *b, gv_error *err)
{
    gv_items turned;
    gv_status st =
        gv_items_begin(b->ctx, &turned, b->blocks.first[b->blocks.n], b->items.value != NULL, err);
    if (st != GV_OK)
        return st;
    gv_items_turn(b->ctx, &b->items, &b->blocks, b->bits, &turned);
    gv_items_end(b->ctx, &b->items);
    gv_blocks_end(b->ctx, &b->blocks);
    b->items = turned;
    st = gv_items_sort(b->ctx, &b->items, err);
    return st == GV_OK ? gv_blocks_plain(b->ctx, &b->items, &b->blocks, err) : st;
}

static gv_status draw(builder *b, gv_error *err)
{
    b->items.value = gv_alloc(b->ctx, b->items.n, sizeof *b->items.value);
    if (b->items.value == NULL)
        return gv_no_memory(b->ctx, "build", err);
    gv_items_trivalent(b->ctx, &b->items, &b->blocks, b->bits, b->o.seed);
    return GV_OK;
}

/* Both directions of a graph whose merged items stand sorted by source. Weighted cascade needs the
 * rows by target before it knows a probability, and a third sort to bring them home. */
static gv_status make_directions(builder *b, gv_graph *g, gv_error *err)
{
    const bool stored = g->rule == GV_PROBABILITY_STORED, shared = b->o.source == GV_FROM_WC;
    gv_status st = GV_OK;
    if (b->o.source == GV_FROM_TRIVALENCY && (st = draw(b, err)) != GV_OK)
        return st;
    if ((st = make_rows(b, true, stored && !shared, &g->out, err)) != GV_OK)
        return st;
    if (b->o.undirected && (!stored || b->o.source == GV_FROM_WEIGHT)) {
        g->in = g->out;
        return GV_OK;
    }
    if ((st = turn(b, err)) != GV_OK)
        return st;
    if (stored && shared)
        gv_items_share(b->ctx, &b->items, b->bits);
    if (b->o.undirected)
        g->in.indptr = g->out.indptr, g->in.indices = g->out.indices;
    st = make_rows(b, !b->o.undirected, stored, &g->in, err);
    if (st != GV_OK || !stored || !shared)
        return st;
    st = turn(b, err);
    return st == GV_OK ? make_rows(b, false, true, &g->out, err) : st;
}

static gv_status make_ids(const builder *b, gv_graph *g, const int64_t *ids, gv_error *err)
{
    int64_t *id = gv_alloc(b->ctx, b->n_nodes, sizeof *id);
    if (id == NULL)
        return gv_no_memory(b->ctx, "build", err);
    for (int64_t v = 0; v < b->n_nodes; v++)
        id[v] = ids != NULL ? ids[v] : v;
    g->id_kind = GV_ID_INT;
    g->id_int = id;
    return GV_OK;
}

/* The graph of the builder's items, which are gone afterwards. */
static gv_status build(builder *b, const int64_t *ids, gv_graph **out, gv_build_info *info,
                       gv_error *err)
{
    gv_graph *g = NULL;
    gv_status st = merge_items(b, err);
    if (st != GV_OK)
        goto done;
    g = gv_alloc_zero(b->ctx, 1, sizeof *g);
    if (g == NULL) {
        st = gv_no_memory(b->ctx, "build", err);
        goto done;
    }
    g->ctx = b->ctx;
    g->release = gv_graph_release_arrays;
    g->n_nodes = b->n_nodes, g->n_edges = b->blocks.first[b->blocks.n];
    g->directed = !b->o.undirected;
    g->rule = gv_rule_of(&b->o, b->items.value != NULL);
    g->constant = g->rule == GV_PROBABILITY_CONSTANT ? b->o.constant : 0.0;
    if ((st = make_ids(b, g, ids, err)) != GV_OK || (st = make_directions(b, g, err)) != GV_OK)
        goto done;
    *out = g;
    if (info != NULL)
        *info = b->info;
done:
    gv_items_end(b->ctx, &b->items);
    gv_blocks_end(b->ctx, &b->blocks);
    if (st != GV_OK)
        gv_graph_free(g);
    return st;
}

GV_API gv_status gv_graph_build(gv_context *ctx, int64_t n_nodes, const gv_node *src,
                                const gv_node *dst, const float *weight, int64_t n_edges,
                                const int64_t *ids, const gv_build_opts *opts, gv_graph **out,
                                gv_build_info *info, gv_error *err)
{
    builder b = {.ctx = ctx, .n_nodes = n_nodes, .src = src, .dst = dst, .n_input = n_edges};
    b.bits = gv_item_bits(n_nodes);
    b.o = opts != NULL ? *opts : gv_build_defaults();
    b.weight = gv_wants_weights(&b.o) ? weight : NULL;
    gv_status st = check_options(&b, b.weight != NULL, ids, err);
    if (st == GV_OK)
        st = check_edges(&b, err);
    if (st == GV_OK)
        st = make_items(&b, err);
    return st == GV_OK ? build(&b, ids, out, info, err) : st;
}

gv_status gv_items_build(gv_context *ctx, int64_t n_nodes, gv_items *items, int64_t loops,
                         const int64_t *ids, const gv_build_opts *opts, gv_graph **out,
                         gv_build_info *info, gv_error *err)
{
    builder b = {.ctx = ctx, .n_nodes = n_nodes, .items = *items, .o = *opts};
    b.bits = gv_item_bits(n_nodes);
    b.info.self_loops = loops;
    *items = (gv_items){0};
    const gv_status st = check_options(&b, b.items.value != NULL, ids, err);
    if (st == GV_OK)
        return build(&b, ids, out, info, err);
    gv_items_end(ctx, &b.items);
    return st;
}
