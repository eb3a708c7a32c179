/* sliced_layout.c -- the graph as sliced.c wants it, and the constants of its coins.
 *
 * Of a graph that is too large to be laid out anew, or where memory is short, the graph's own rows
 * are used; a node is its own label then, and limits are looked up when a coin is drawn.
 *
 * Labels go by in-degree, descending, ties by node: the nodes whose worlds are read most lie side
 * by side. A row keeps the order of its edges, and each edge keeps its position in the graph for
 * its coin, so labels do not bear on the worlds. No races: in-degrees are counted by atomic integer
 * increments, a row is filled by one thread. */
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "kernels/cascade_shelf.h"
#include "kernels/sliced.h"

enum { MOST_IN_DEGREE = INT32_MAX };

static gv_status no_room(gv_context *ctx, gv_error *err)
{
    return gv_no_memory(ctx, "cascade: row layout of the kernel sliced", err);
}

/* ---- constants --------------------------------------------------------------------------------
 */

static uint8_t twice(uint8_t x)
{
    return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b);
}

/* The S-box: inverses in GF(2^8) by walking the powers of 3 and of 1 / 3, then the affine map. */
static void fill_box(uint8_t *box)
{
    uint8_t p = 1, q = 1;
    do {
        p = (uint8_t)(p ^ twice(p));
        q = (uint8_t)(q ^ q << 1);
        q = (uint8_t)(q ^ q << 2);
        q = (uint8_t)(q ^ q << 4);
        q = (uint8_t)(q ^ (q >> 7) * 0x09);
        const unsigned x = q;
        const unsigned mixed =
            x ^ (x << 1 | x >> 7) ^ (x << 2 | x >> 6) ^ (x << 3 | x >> 5) ^ (x << 4 | x >> 4);
        box[p] = (uint8_t)(mixed ^ 0x63);
    } while (p != 1);
    box[0] = 0x63;
}

static void fill_table(uint32_t (*table)[256])
{
    uint8_t box[256];
    fill_box(box);
    for (int x = 0; x < 256; x++) {
        const uint32_t one = box[x], two = twice(box[x]), three = one ^ two;
        const uint32_t column = two | one << 8 | one << 16 | three << 24;
        for (int i = 0; i < 4; i++)
            table[i][x] = i == 0 ? column : column << 8 * i | column >> (32 - 8 * i);
    }
}

/* The bits of the constant limit, and where they differ from the one before. */
static void fill_pattern(gv_sliced *s)
{
    const uint64_t limit = s->coins.limit, turn = limit ^ limit >> 1;
    for (int l = 0; l < GV_COIN_BITS; l++) {
        uint64_t *words = s->pattern + (size_t)l * 2 * GV_BLOCK_WORDS;
        for (int i = 0; i < GV_BLOCK_WORDS; i++) {
            words[i] = 0 - (limit >> (63 - l) & 1);
            words[GV_BLOCK_WORDS + i] = 0 - (turn >> (63 - l) & 1);
        }
    }
}

static gv_status make_constants(gv_sliced *s, gv_error *err)
{
    s->round_key = gv_alloc(s->ctx, GV_ROUNDS * GV_BLOCK_WORDS, sizeof *s->round_key);
    s->flat = gv_alloc(s->ctx, 2 * GV_BLOCK_WORDS, sizeof *s->flat);
    s->pattern = gv_alloc(s->ctx, 2 * GV_COIN_BITS * GV_BLOCK_WORDS, sizeof *s->pattern);
    s->table = gv_alloc(s->ctx, 4, sizeof *s->table);
    if (s->round_key == NULL || s->flat == NULL || s->pattern == NULL || s->table == NULL)
        return no_room(s->ctx, err);
    for (int i = 0; i < GV_ROUNDS * GV_BLOCK_WORDS; i++)
        s->round_key[i] = gv_mix((uint64_t)(i / GV_BLOCK_WORDS * 2 + i % 2));
    for (int i = 0; i < GV_BLOCK_WORDS; i++) {
        s->flat[i] = 0;
        s->flat[GV_BLOCK_WORDS + i] = UINT64_MAX;
    }
    fill_pattern(s);
    fill_table(s->table);
    return GV_OK;
}

/* ---- labels -----------------------------------------------------------------------------------
 */

static void count_in_degrees(const gv_context *ctx, const gv_graph *g, int32_t *degree)
{
    const int64_t begin = g->out.indptr[0], end = g->out.indptr[g->n_nodes];
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
    for (int64_t e = begin; e < end; e++) {
        int32_t *count = &degree[g->out.indices[e]];
        /* an array for each thread would be 600 MB at 150 million nodes */
#pragma omp atomic
        (*count)++;
    }
}

static gv_status make_labels(gv_sliced *s, const gv_graph *g, gv_error *err)
{
    const int64_t n = g->n_nodes;
    const int32_t threads = gv_context_threads(s->ctx);
    int32_t *degree = gv_alloc_zero(s->ctx, n, sizeof *degree);
    uint64_t *key = gv_alloc(s->ctx, n, sizeof *key);
    gv_status st = degree == NULL || key == NULL ? no_room(s->ctx, err) : GV_OK;
    if (st != GV_OK)
        goto done;
    count_in_degrees(s->ctx, g, degree);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t v = 0; v < n; v++)
        key[v] = (uint64_t)(MOST_IN_DEGREE - degree[v]) << 32 | (uint64_t)v;
    st = gv_sort_keys(s->ctx, key, n, err);
    if (st != GV_OK)
        goto done;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < n; i++) {
        s->node[i] = (gv_node)(uint32_t)key[i];
        s->label[s->node[i]] = (gv_node)i;
    }
done:
    gv_free(s->ctx, key);
    gv_free(s->ctx, degree);
    return st;
}

/* ---- rows -------------------------------------------------------------------------------------
 */

/* What the arrays of a layout are filled through. */
typedef struct filling {
    gv_node *target;
    gv_stretch *stretch;
    const gv_choices *choices;
} filling;

static void fill_limits(const gv_sliced *s, const gv_graph *g, gv_node x, uint32_t *limit)
{
    const int64_t begin = g->out.indptr[x], end = g->out.indptr[x + 1];
    double p[GV_ROW_BLOCK];
    for (int64_t e = begin; e < end; e += GV_ROW_BLOCK) {
        const int64_t n = end - e < GV_ROW_BLOCK ? end - e : GV_ROW_BLOCK;
        gv_coins_row(&s->coins, &g->out, x, e, n, p);
        for (int64_t i = 0; i < n; i++)
            limit[e - begin + i] = (uint32_t)(gv_coin_limit(p[i]) >> 32);
    }
}

static void fill_row(gv_sliced *s, const gv_graph *g, const filling *f, int64_t u)
{
    int64_t at = s->row[u].begin;
    const gv_node x = s->node[u];
    for (int64_t e = g->out.indptr[x]; e < g->out.indptr[x + 1]; e++, at++) {
        f->target[at] = s->label[g->out.indices[e]];
        if (f->stretch != NULL)
            f->stretch[at] = f->choices->stretch[e];
    }
    if (s->limit != NULL)
        fill_limits(s, g, x, s->limit + s->row[u].begin);
}

static void fill_rows(gv_sliced *s, const gv_graph *g, const filling *f)
{
    int64_t begin = 0;
    for (int64_t u = 0; u < g->n_nodes; u++) {
        s->row[u] = (gv_sliced_row){.begin = begin, .origin = g->out.indptr[s->node[u]]};
        begin += gv_csr_degree(&g->out, s->node[u]);
    }
    s->row[g->n_nodes] = (gv_sliced_row){.begin = begin, .origin = begin};
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t u = 0; u < g->n_nodes; u++)
        fill_row(s, g, f, u);
}

static gv_status allocate(gv_sliced *s, const gv_graph *g, filling *f, gv_error *err)
{
    const int64_t n = g->n_nodes, m = g->n_edges;
    s->label = gv_alloc(s->ctx, n, sizeof *s->label);
    s->node = gv_alloc(s->ctx, n, sizeof *s->node);
    s->row = gv_alloc(s->ctx, n + 1, sizeof *s->row);
    s->target = f->target = gv_alloc(s->ctx, m, sizeof *s->target);
    if (s->way == GV_BY_LIMIT)
        s->limit = gv_alloc(s->ctx, m, sizeof *s->limit);
    if (s->way == GV_BY_STRETCH)
        s->stretch = f->stretch = gv_alloc(s->ctx, m, sizeof *s->stretch);
    const bool short_of = s->label == NULL || s->node == NULL || s->row == NULL ||
                          s->target == NULL || (s->way == GV_BY_LIMIT && s->limit == NULL) ||
                          (s->way == GV_BY_STRETCH && s->stretch == NULL);
    return short_of ? no_room(s->ctx, err) : GV_OK;
}

static gv_status make_rows(gv_sliced *s, const gv_graph *g, const gv_choices *choices,
                           gv_error *err)
{
    filling f = {.choices = choices};
    gv_status st = allocate(s, g, &f, err);
    if (st == GV_OK)
        st = make_labels(s, g, err);
    if (st == GV_OK)
        fill_rows(s, g, &f);
    return st == GV_OK ? gv_sliced_shelve(s, g, err) : st;
}

/* The graph's own rows. */
static void use_in_place(gv_sliced *s, const gv_graph *g, const gv_choices *choices)
{
    s->in_place = &g->out;
    s->target = g->out.indices;
    if (s->way == GV_BY_LIMIT)
        s->way = GV_BY_EDGE;
    if (choices != NULL)
        s->stretch = choices->stretch;
}

/* `s` has its key, coins and way. */
static gv_status lay_out(gv_sliced *s, const gv_graph *g, const gv_choices *choices, bool in_place,
                         gv_error *err)
{
    gv_status st = gv_progress(s->ctx, "cascade layout", 0, g->n_nodes, err);
    s->n_nodes = g->n_nodes;
    s->simd = gv_sliced_simd();
    bool found = false;
    if (st == GV_OK)
        st = make_constants(s, err);
    if (in_place)
        use_in_place(s, g, choices);
    else if (st == GV_OK)
        st = gv_sliced_take(s, g, &found, err);
    if (st == GV_OK && !in_place && !found)
        st = make_rows(s, g, choices, err);
    return st == GV_OK ? gv_progress(s->ctx, "cascade layout", g->n_nodes, g->n_nodes, err) : st;
}

bool gv_sliced_fits_in_place(int64_t n_nodes, int64_t n_edges, int64_t bytes_of_edge, int64_t left)
{
    const int64_t rows = (n_nodes + 1) * (int64_t)(8 + sizeof(gv_sliced_row)),
                  labels = 12 * n_nodes + gv_sort_bytes(n_nodes, 8, 1),
                  state = gv_sliced_state_bytes(n_nodes, 1, false);
    const int64_t needed = rows + bytes_of_edge * n_edges + (labels > state ? labels : state);
    return n_edges > GV_MAX_COPIED || (left != 0 && needed > left);
}

/* Bytes that the context has left; 0 without a limit, negative when there are none. */
static int64_t bytes_left(const gv_context *ctx)
{
    const int64_t left = ctx->memory_limit - ctx->memory_used;
    return ctx->memory_limit == 0 ? 0 : left != 0 ? left : -1;
}

static gv_sliced of_coins(gv_context *ctx, const gv_coins *coins, uint64_t seed)
{
    return (gv_sliced){.ctx = ctx,
                       .key = gv_key(seed, GV_FOR_SLICED),
                       .coins = *coins,
                       .way =
                           coins->rule == GV_PROBABILITY_CONSTANT ? GV_BY_CONSTANT : GV_BY_LIMIT};
}

static gv_sliced of_choices(gv_context *ctx, uint64_t seed)
{
    return (gv_sliced){.ctx = ctx, .key = gv_key(seed, GV_FOR_SLICED_CHOICE), .way = GV_BY_STRETCH};
}

gv_status gv_sliced_open(gv_sliced *s, gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                         uint64_t seed, gv_error *err)
{
    *s = of_coins(ctx, coins, seed);
    return lay_out(s, g, NULL,
                   gv_sliced_fits_in_place(g->n_nodes, g->n_edges, s->way == GV_BY_CONSTANT ? 4 : 8,
                                           bytes_left(ctx)),
                   err);
}

gv_status gv_sliced_open_choices(gv_sliced *s, gv_context *ctx, const gv_graph *g,
                                 const gv_choices *choices, uint64_t seed, gv_error *err)
{
    *s = of_choices(ctx, seed);
    return lay_out(s, g, choices,
                   gv_sliced_fits_in_place(g->n_nodes, g->n_edges, 12, bytes_left(ctx)), err);
}

gv_status gv_sliced_open_in_place(gv_sliced *s, gv_context *ctx, const gv_graph *g,
                                  const gv_coins *coins, const gv_choices *choices, uint64_t seed,
                                  gv_error *err)
{
    *s = choices != NULL ? of_choices(ctx, seed) : of_coins(ctx, coins, seed);
    return lay_out(s, g, choices, true, err);
}

void gv_sliced_close(gv_sliced *s)
{
    gv_sliced_free_states(s);
    if (s->in_place == NULL && !s->mapped) {
        gv_free(s->ctx, (void *)(uintptr_t)s->stretch);
        gv_free(s->ctx, s->limit);
        gv_free(s->ctx, (void *)(uintptr_t)s->target);
        gv_free(s->ctx, s->row);
        gv_free(s->ctx, s->node);
        gv_free(s->ctx, s->label);
    }
    gv_free(s->ctx, s->table);
    gv_free(s->ctx, s->pattern);
    gv_free(s->ctx, s->flat);
    gv_free(s->ctx, s->round_key);
    *s = (gv_sliced){.ctx = s->ctx};
}
