/* build.c -- edge list to compressed sparse rows, in memory.
 *
 * Each edge becomes a record (source << 32 | target, bits of its weight). Sorting the records and
 * merging equal keys gives the rows by source; sorting (target << 32 | source) the rows by target.
 * Weights of merged edges are put in ascending order before they are combined, so neither the order
 * of the input nor the number of threads bears on a bit of the result. */
#include "engine/csr.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/rng.h"
#include "engine/sort.h"

typedef struct builder {
    gv_context *ctx;
    int64_t n_nodes;
    const gv_node *src, *dst;
    const float *weight; /* NULL: not wanted */
    int64_t n_input;
    gv_build_opts o;
    gv_record *record;
    int64_t n_records; /* after dropping loops; then after merging */
    gv_build_info info;
} builder;

GV_API gv_build_opts gv_build_defaults(void)
{
    return (gv_build_opts){.duplicates = GV_DUPLICATES_COMBINE, .constant = 0.1, .seed = 1};
}

static float weight_of(uint64_t value)
{
    const uint32_t bits = (uint32_t)value;
    float weight;
    memcpy(&weight, &bits, sizeof weight);
    return weight;
}

static uint64_t bits_of(float weight)
{
    uint32_t bits;
    memcpy(&bits, &weight, sizeof bits);
    return bits;
}

static uint64_t key_of(gv_node row, gv_node column)
{
    return (uint64_t)row << 32 | (uint64_t)column;
}

/* ---- checking ------------------------------------------------------------------------------ */

static gv_status check_options(const builder *b, const int64_t *ids, gv_error *err)
{
    if (b->n_nodes < 0 || b->n_nodes > INT32_MAX)
        return gv_fail(err, GV_ERR_RANGE, "build: %" PRId64 " nodes are not in [0, 2147483647]",
                       b->n_nodes);
    if (b->n_input < 0)
        return gv_fail(err, GV_ERR_RANGE, "build: %" PRId64 " edges are fewer than 0", b->n_input);
    if (b->o.source == GV_FROM_CONSTANT && !(b->o.constant >= 0.0 && b->o.constant <= 1.0))
        return gv_fail(err, GV_ERR_RANGE, "build: probability %g is not in [0, 1]", b->o.constant);
    if (b->o.source == GV_FROM_WEIGHT && b->weight == NULL)
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

/* ---- records ------------------------------------------------------------------------------- */

static int64_t count_loops(const builder *b)
{
    int64_t loops = 0;
#pragma omp parallel for num_threads(gv_context_threads(b->ctx)) reduction(+ : loops)
    for (int64_t i = 0; i < b->n_input; i++)
        loops += b->src[i] == b->dst[i];
    return loops;
}

/* One record an edge, two when undirected. Loops are removed in sequence: they are rare, and the
 * order of the records does not matter. */
static void fill_records(builder *b)
{
    int64_t at = 0;
    for (int64_t i = 0; i < b->n_input; i++) {
        if (b->src[i] == b->dst[i])
            continue;
        const uint64_t value = bits_of(b->weight != NULL ? b->weight[i] + 0.0f : 1.0f);
        b->record[at++] = (gv_record){key_of(b->src[i], b->dst[i]), value};
        if (b->o.undirected)
            b->record[at++] = (gv_record){key_of(b->dst[i], b->src[i]), value};
    }
}

static gv_status make_records(builder *b, gv_error *err)
{
    b->info.self_loops = count_loops(b);
    if (b->info.self_loops > 0 && b->o.self_loops_error)
        return gv_fail(err, GV_ERR_DATA, "build: %" PRId64 " self-loops, where none are allowed",
                       b->info.self_loops);
    b->n_records = (b->n_input - b->info.self_loops) * (b->o.undirected ? 2 : 1);
    b->record = gv_alloc(b->ctx, b->n_records, sizeof *b->record);
    if (b->record == NULL)
        return gv_no_memory(b->ctx, "build", err);
    fill_records(b);
    return gv_sort_records(b->ctx, b->record, b->n_records, err);
}

/* ---- merging ------------------------------------------------------------------------------- */

static void sift_down(gv_record *r, int64_t root, int64_t n)
{
    for (int64_t child = 2 * root + 1; child < n; root = child, child = 2 * root + 1) {
        if (child + 1 < n && r[child].value < r[child + 1].value)
            child++;
        if (r[root].value >= r[child].value)
            return;
        const gv_record swap = r[root];
        r[root] = r[child], r[child] = swap;
    }
}

/* Heapsort by value: bits of non-negative floats sort like the floats. */
static void sort_values(gv_record *r, int64_t n)
{
    for (int64_t i = n / 2; i-- > 0;)
        sift_down(r, i, n);
    for (int64_t i = n - 1; i > 0; i--) {
        const gv_record swap = r[0];
        r[0] = r[i], r[i] = swap;
        sift_down(r, 0, i);
    }
}

/* The weight of n > 1 records of one edge. Weights that are no probabilities cannot be "combined";
 * they add up. */
static float merged_weight(const builder *b, gv_record *r, int64_t n)
{
    sort_values(r, n);
    if (b->o.duplicates == GV_DUPLICATES_MAX)
        return weight_of(r[n - 1].value);
    const bool add = b->o.duplicates == GV_DUPLICATES_SUM || b->o.source != GV_FROM_WEIGHT;
    double sum = 0.0, fails = 1.0;
    for (int64_t i = 0; i < n; i++) {
        sum += (double)weight_of(r[i].value);
        fails *= 1.0 - (double)weight_of(r[i].value);
    }
    return (float)(add ? sum : 1.0 - fails);
}

static gv_status merge_run(const builder *b, gv_record *r, int64_t n, gv_error *err)
{
    if (n == 1)
        return GV_OK;
    const gv_node u = (gv_node)(r->key >> 32), v = (gv_node)(r->key & UINT32_MAX);
    if (b->o.duplicates == GV_DUPLICATES_ERROR)
        return gv_fail(err, GV_ERR_DATA, "build: edge %d -> %d is given %" PRId64 " times", u, v,
                       n);
    const float weight = merged_weight(b, r, n);
    if (b->o.source == GV_FROM_WEIGHT && !(weight <= 1.0f))
        return gv_fail(err, GV_ERR_DATA,
                       "build: edge %d -> %d: summed probability %g is not in [0, 1]", u, v,
                       (double)weight);
    r->value = bits_of(weight);
    return GV_OK;
}

static gv_status merge_records(builder *b, gv_error *err)
{
    int64_t kept = 0;
    for (int64_t i = 0, end; i < b->n_records; i = end) {
        for (end = i + 1; end < b->n_records && b->record[end].key == b->record[i].key; end++)
            ;
        const gv_status st = merge_run(b, b->record + i, end - i, err);
        if (st != GV_OK)
            return st;
        b->record[kept++] = b->record[i];
    }
    b->info.duplicates = (b->n_records - kept) / (b->o.undirected ? 2 : 1);
    b->n_records = kept;
    return GV_OK;
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* Row offsets and columns from sorted records; records between two rows fill the empty ones. */
static void fill_rows(const builder *b, int64_t *restrict indptr, gv_node *restrict indices)
{
    const gv_record *restrict record = b->record;
    const int64_t m = b->n_records;
#pragma omp parallel for num_threads(gv_context_threads(b->ctx))
    for (int64_t i = 0; i < m; i++) {
        const int64_t row = (int64_t)(record[i].key >> 32);
        const int64_t before = i > 0 ? (int64_t)(record[i - 1].key >> 32) : -1;
        for (int64_t r = before + 1; r <= row; r++)
            indptr[r] = i;
        indices[i] = (gv_node)(record[i].key & UINT32_MAX);
    }
    const int64_t last = m > 0 ? (int64_t)(record[m - 1].key >> 32) : -1;
    for (int64_t r = last + 1; r <= b->n_nodes; r++)
        indptr[r] = m;
}

static gv_status make_rows(const builder *b, gv_csr *csr, gv_error *err)
{
    int64_t *indptr = gv_alloc(b->ctx, b->n_nodes + 1, sizeof *indptr);
    gv_node *indices = gv_alloc(b->ctx, b->n_records, sizeof *indices);
    csr->indptr = indptr, csr->indices = indices;
    if (indptr == NULL || indices == NULL)
        return gv_no_memory(b->ctx, "build", err);
    fill_rows(b, indptr, indices);
    return GV_OK;
}

/* ---- probabilities ------------------------------------------------------------------------- */

static float trivalent(uint64_t key, gv_node u, gv_node v)
{
    static const float choice[3] = {.1f, .01f, .001f};
    return choice[gv_below(gv_random_u64(gv_philox(key, 0, key_of(u, v)), 0), 3)];
}

static void fill_trivalent(const builder *b)
{
    const uint64_t key = gv_key(b->o.seed, GV_FOR_TRIVALENCY);
#pragma omp parallel for num_threads(gv_context_threads(b->ctx))
    for (int64_t i = 0; i < b->n_records; i++) {
        const uint64_t edge = b->record[i].key;
        b->record[i].value =
            bits_of(trivalent(key, (gv_node)(edge >> 32), (gv_node)(edge & UINT32_MAX)));
    }
}

/* Records by target now: each weight over the sum of its row. */
static void share_in_weights(const builder *b, const int64_t *indptr)
{
#pragma omp parallel for num_threads(gv_context_threads(b->ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t v = 0; v < b->n_nodes; v++) {
        double sum = 0.0;
        for (int64_t i = indptr[v]; i < indptr[v + 1]; i++)
            sum += (double)weight_of(b->record[i].value);
        for (int64_t i = indptr[v]; i < indptr[v + 1]; i++)
            b->record[i].value =
                bits_of(sum > 0.0 ? (float)((double)weight_of(b->record[i].value) / sum) : 0.0f);
    }
}

static const float *copy_values(const builder *b)
{
    float *p = gv_alloc(b->ctx, b->n_records, sizeof *p);
    if (p == NULL)
        return NULL;
#pragma omp parallel for num_threads(gv_context_threads(b->ctx))
    for (int64_t i = 0; i < b->n_records; i++)
        p[i] = weight_of(b->record[i].value);
    return p;
}

/* Swaps the halves of every key, so that the next sort goes by the other end. */
static gv_status transpose(builder *b, gv_error *err)
{
#pragma omp parallel for num_threads(gv_context_threads(b->ctx))
    for (int64_t i = 0; i < b->n_records; i++)
        b->record[i].key = b->record[i].key << 32 | b->record[i].key >> 32;
    return gv_sort_records(b->ctx, b->record, b->n_records, err);
}

static gv_probability_rule rule_of(const builder *b)
{
    switch (b->o.source) {
    case GV_FROM_CONSTANT:
        return GV_PROBABILITY_CONSTANT;
    case GV_FROM_WC:
        return b->weight == NULL ? GV_PROBABILITY_WEIGHTED_CASCADE : GV_PROBABILITY_STORED;
    case GV_FROM_WEIGHT:
    case GV_FROM_TRIVALENCY:
        return GV_PROBABILITY_STORED;
    case GV_FROM_NONE:
        break;
    }
    return GV_PROBABILITY_NONE;
}

/* Both directions of a graph whose merged records stand sorted by source. Weighted cascade needs
 * the rows by target before it knows a probability, and a third sort to bring them home. */
static gv_status make_directions(builder *b, gv_graph *g, gv_error *err)
{
    const bool stored = g->rule == GV_PROBABILITY_STORED;
    gv_status st = GV_OK;
    if (b->o.source == GV_FROM_TRIVALENCY)
        fill_trivalent(b);
    if ((st = make_rows(b, &g->out, err)) != GV_OK)
        return st;
    const bool symmetric = b->o.undirected && (!stored || b->o.source == GV_FROM_WEIGHT);
    if (symmetric) {
        if (stored && (g->out.probability = copy_values(b)) == NULL)
            return gv_no_memory(b->ctx, "build", err);
        g->in = g->out;
        return GV_OK;
    }
    if (stored && b->o.source != GV_FROM_WC && (g->out.probability = copy_values(b)) == NULL)
        return gv_no_memory(b->ctx, "build", err);
    if ((st = transpose(b, err)) != GV_OK)
        return st;
    if (b->o.undirected)
        g->in.indptr = g->out.indptr, g->in.indices = g->out.indices;
    else if ((st = make_rows(b, &g->in, err)) != GV_OK)
        return st;
    if (!stored)
        return GV_OK;
    if (b->o.source == GV_FROM_WC)
        share_in_weights(b, g->in.indptr);
    if ((g->in.probability = copy_values(b)) == NULL)
        return gv_no_memory(b->ctx, "build", err);
    if (b->o.source != GV_FROM_WC)
        return GV_OK;
    if ((st = transpose(b, err)) != GV_OK)
        return st;
    g->out.probability = copy_values(b);
    return g->out.probability != NULL ? GV_OK : gv_no_memory(b->ctx, "build", err);
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

GV_API gv_status gv_graph_build(gv_context *ctx, int64_t n_nodes, const gv_node *src,
                                const gv_node *dst, const float *weight, int64_t n_edges,
                                const int64_t *ids, const gv_build_opts *opts, gv_graph **out,
                                gv_build_info *info, gv_error *err)
{
    builder b = {.ctx = ctx, .n_nodes = n_nodes, .src = src, .dst = dst, .n_input = n_edges};
    b.o = opts != NULL ? *opts : gv_build_defaults();
    b.weight = b.o.source == GV_FROM_WEIGHT || b.o.source == GV_FROM_WC ? weight : NULL;
    gv_graph *g = NULL;
    gv_status st = check_options(&b, ids, err);
    if (st != GV_OK || (st = check_edges(&b, err)) != GV_OK)
        return st;
    if ((st = make_records(&b, err)) != GV_OK || (st = merge_records(&b, err)) != GV_OK)
        goto done;
    g = gv_alloc_zero(ctx, 1, sizeof *g);
    if (g == NULL) {
        st = gv_no_memory(ctx, "build", err);
        goto done;
    }
    g->ctx = ctx;
    g->release = gv_graph_release_arrays;
    g->n_nodes = n_nodes, g->n_edges = b.n_records;
    g->directed = !b.o.undirected;
    g->rule = rule_of(&b);
    g->constant = g->rule == GV_PROBABILITY_CONSTANT ? b.o.constant : 0.0;
    if ((st = make_ids(&b, g, ids, err)) != GV_OK || (st = make_directions(&b, g, err)) != GV_OK)
        goto done;
    *out = g;
    if (info != NULL)
        *info = b.info;
done:
    gv_free(ctx, b.record);
    if (st != GV_OK)
        gv_graph_free(g);
    return st;
}
