/* points_rows.c -- laying out rows for points.c.
 *
 * An edge with p = 0 is left out, one with p = 1 is a sure slot, one with p above GV_COIN_FROM gets
 * a coin of its own: -ln(1 - p) grows without bound, and so would the points. All others are slots.
 *
 * The shape is one for the whole graph and follows from graph and probabilities alone, as it bears
 * on the worlds: plain targets (4 bytes an edge) where no row has slots of different p; else alias
 * tables (12 bytes; points_alias.c; M. D. Vose, "A linear algorithm for generating random numbers
 * with a given distribution", IEEE Trans. Softw. Eng. 1991). Graphs of more than GV_MAX_COPIED
 * edges are not copied (points_edges.c).
 *
 * Two passes in fixed blocks of nodes: count words, then fill. Where p follows from the rule, words
 * follow from degrees, and the first pass need not look at edges. Weighted cascade looks its
 * targets' in-degrees up in an array of its own, 4 bytes a node, and most weights in a table. Where
 * most rows are short, records are a line of memory long, and short rows follow theirs: a node with
 * a point then costs one line instead of two. No
 * races: a row is counted and filled by one thread. */
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/points_rows.h"
#include "kernels/points_simd.h"

enum {
    CHUNK = 4096,     /* blocks of nodes between two looks at progress */
    LOW_DEGREE = 1024 /* in-degrees whose weights are in a table */
};

typedef struct row_counts {
    int64_t sure, slots, coins;
    bool unequal;
    double first, largest; /* p of the slots */
} row_counts;

typedef struct block_counts {
    int64_t words[GV_POINTS_ALIAS + 1];        /* by shape */
    int64_t words_beyond[GV_POINTS_ALIAS + 1]; /* of rows that do not fit behind their record */
    int64_t most_slots;
    bool unequal;
} block_counts;

/* Scratch of a thread, for the row with the most slots. */
typedef struct row_scratch {
    double *weight; /* [most_slots] */
    gv_node *other; /* [most_slots] two stacks that grow towards each other */
} row_scratch;

typedef struct layout {
    gv_context *ctx;
    const gv_graph *g;
    const gv_coins *coins;
    gv_points *p;
    uint32_t *word;
    block_counts *block;  /* [gv_blocks(n)]; afterwards words[0] is the offset of its first word */
    row_scratch *scratch; /* [threads] */
    int32_t *in_degree;   /* [n_nodes] for weighted cascade, or NULL */
    double low[LOW_DEGREE]; /* weights of p = 1 / in-degree */
} layout;

/* p of out-edges [first, first + n) of u, a block of them. */
static void row_chances(const layout *l, int64_t u, int64_t first, int64_t n, double *p)
{
    const gv_csr *out = &l->g->out;
    if (l->in_degree == NULL) {
        gv_coins_row(l->coins, out, (gv_node)u, first, n, p);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        p[i] = 1.0 / (double)l->in_degree[out->indices[first + i]];
}

/* The weight of an edge to v with 0 < p < 1. */
static double edge_weight(const layout *l, gv_node v, double p)
{
    if (l->in_degree != NULL && l->in_degree[v] < LOW_DEGREE)
        return l->low[l->in_degree[v]];
    return gv_points_weight(p);
}

static void count_edge(row_counts *c, double p)
{
    if (p >= 1.0) {
        c->sure++;
    } else if (p > GV_COIN_FROM) {
        c->coins++;
    } else if (p > 0.0) {
        if (c->slots++ == 0)
            c->first = p;
        c->unequal |= p < c->first || p > c->first;
        c->largest = p > c->largest ? p : c->largest;
    }
}

/* `p` [GV_ROW_BLOCK] is left with the last block: with the whole row, if that is one. */
static row_counts count_row(const layout *l, int64_t u, double *p)
{
    const int64_t end = l->g->out.indptr[u + 1];
    row_counts c = {.sure = 0};
    gv_coins_announce(l->coins, &l->g->out, (gv_node)u);
    for (int64_t first = l->g->out.indptr[u]; first < end; first += GV_ROW_BLOCK) {
        const int64_t n = end - first < GV_ROW_BLOCK ? end - first : GV_ROW_BLOCK;
        row_chances(l, u, first, n, p);
        for (int64_t i = 0; i < n; i++)
            count_edge(&c, p[i]);
    }
    return c;
}

static bool has_header(const row_counts *c)
{
    return c->coins > 0 || c->sure > GV_ROW_MAX_SURE || c->slots > GV_ROW_MAX_SLOTS;
}

static int64_t row_words(const row_counts *c, int shape)
{
    return (c->sure + c->slots) * shape +
           (has_header(c) ? GV_HEADER_WORDS + c->coins * GV_COIN_WORDS : 0);
}

/* Words that a row of so many edges takes at most, where none is left out and none has a coin of
 * its own: a header is allowed for where there might be one. */
static int64_t most_words(int64_t degree, int shape)
{
    return degree * shape + (degree > GV_ROW_MAX_SURE ? GV_HEADER_WORDS : 0);
}

/* Whether words follow from degrees. */
static bool by_degree(const gv_coins *c)
{
    return c->rule == GV_PROBABILITY_WEIGHTED_CASCADE ||
           (c->rule == GV_PROBABILITY_CONSTANT &&
            (c->limit == GV_COIN_ALWAYS ||
             (c->limit > 0 && (double)c->limit * 0x1p-64 <= GV_COIN_FROM)));
}

static void add_row(block_counts *b, int shape, int64_t words)
{
    b->words[shape] += words;
    b->words_beyond[shape] += words > GV_INLINE_WORDS ? words : 0;
}

static void count_block_by_degree(layout *l, int64_t b)
{
    block_counts sum = {.most_slots = 0};
    for (int64_t u = b * GV_BLOCK; u < gv_block_end(b, l->g->n_nodes); u++) {
        const int64_t degree = gv_csr_degree(&l->g->out, (gv_node)u);
        for (int shape = GV_POINTS_EQUAL; shape <= GV_POINTS_ALIAS; shape++)
            add_row(&sum, shape, most_words(degree, shape));
        sum.most_slots = degree > sum.most_slots ? degree : sum.most_slots;
    }
    l->block[b] = sum;
}

/* Whether any row is unequal: found at once, or never, in most graphs. */
static void look_for_unequal(layout *l)
{
    double p[GV_ROW_BLOCK];
    for (int64_t u = 0; u < l->g->n_nodes && !l->block[0].unequal; u++)
        l->block[0].unequal = count_row(l, u, p).unequal;
}

static void count_block(layout *l, int64_t b)
{
    if (by_degree(l->coins)) {
        count_block_by_degree(l, b);
        return;
    }
    block_counts sum = {.most_slots = 0};
    double p[GV_ROW_BLOCK];
    for (int64_t u = b * GV_BLOCK; u < gv_block_end(b, l->g->n_nodes); u++) {
        const row_counts c = count_row(l, u, p);
        for (int shape = GV_POINTS_EQUAL; shape <= GV_POINTS_ALIAS; shape++)
            add_row(&sum, shape, row_words(&c, shape));
        sum.most_slots = c.slots > sum.most_slots ? c.slots : sum.most_slots;
        sum.unequal |= c.unequal;
    }
    l->block[b] = sum;
}

/* ---- filling ----------------------------------------------------------------------------------
 */

/* Writes slot j of a row; its weight goes to the scratch where alias tables are made of it. */
static void put_slot(const layout *l, const row_scratch *s, uint32_t *slots, int64_t j,
                     uint32_t target, double weight)
{
    uint32_t *slot = slots + j * (int64_t)l->p->shape;
    if (l->p->shape == GV_POINTS_EQUAL) {
        slot[0] = target;
    } else {
        slot[1] = target;
        s->weight[j] = weight;
    }
}

static void put_sure(gv_points_shape shape, uint32_t *slot, uint32_t target)
{
    if (shape == GV_POINTS_ALIAS) {
        slot[0] = UINT32_MAX;
        slot[1] = slot[2] = target;
    } else {
        slot[0] = target;
    }
}

static void put_coin(uint32_t *coin, uint32_t target, double p)
{
    const uint64_t limit = gv_coin_limit(p);
    coin[0] = target;
    coin[1] = (uint32_t)limit;
    coin[2] = (uint32_t)(limit >> 32);
}

/* Where the next edge of each kind goes, in the row that is being filled. */
typedef struct row_cursor {
    uint32_t *sure, *slots, *coin;
    int64_t j;   /* slots so far */
    double sum;  /* of their weights */
    double each; /* the weight of each, where all are equal */
} row_cursor;

static void fill_edge(const layout *l, const row_scratch *s, const row_counts *c, row_cursor *at,
                      gv_node v, double p)
{
    if (p >= 1.0) {
        put_sure(l->p->shape, at->sure, (uint32_t)v);
        at->sure += (int64_t)l->p->shape;
    } else if (p > GV_COIN_FROM) {
        put_coin(at->coin, (uint32_t)v, p);
        at->coin += GV_COIN_WORDS;
    } else if (p > 0.0) {
        const double weight = c->unequal ? edge_weight(l, v, p) : at->each;
        put_slot(l, s, at->slots, at->j++, (uint32_t)v, weight);
        at->sum += weight;
    }
}

/* Writes the edges of row u from `word` on, with what count_row() left in p; the row's lambda. */
static double fill_edges(const layout *l, const row_scratch *s, int64_t u, const row_counts *c,
                         double *p, uint32_t *word)
{
    const gv_csr *out = &l->g->out;
    const int64_t shape = l->p->shape, begin = out->indptr[u], end = out->indptr[u + 1];
    uint32_t *slots = word + c->sure * shape;
    row_cursor at = {.sure = word,
                     .slots = slots,
                     .coin = slots + c->slots * shape,
                     .each = gv_points_weight(c->largest)};
    for (int64_t first = begin; first < end; first += GV_ROW_BLOCK) {
        const int64_t n = end - first < GV_ROW_BLOCK ? end - first : GV_ROW_BLOCK;
        if (end - begin > GV_ROW_BLOCK)
            row_chances(l, u, first, n, p);
        for (int64_t i = 0; i < n; i++)
            fill_edge(l, s, c, &at, out->indices[first + i], p[i]);
    }
    if (l->p->shape == GV_POINTS_ALIAS)
        gv_points_alias(slots, c->slots, at.sum, s->weight, s->other);
    return l->p->shape == GV_POINTS_ALIAS ? at.sum : (double)c->slots * at.each;
}

/* Where the words of row u begin behind its record. */
static uint64_t inline_words(int64_t u)
{
    return (uint64_t)u * (1 << GV_ROW_INLINE) / sizeof(uint32_t) +
           sizeof(gv_points_row) / sizeof(uint32_t);
}

/* Zeroes the words of row u that are not used, as rows may be kept: those allowed for in vain, and
 * those behind its record. */
static void clear_rest(const layout *l, int64_t u, const row_counts *c, int64_t at, int64_t words,
                       bool within)
{
    const int64_t used = row_words(c, (int)l->p->shape);
    if (!within && used < words)
        memset(l->word + at + used, 0, (size_t)(words - used) * sizeof *l->word);
    if (l->p->row_shift == GV_ROW_INLINE) {
        const int64_t taken = within ? used : 0;
        memset(l->word + inline_words(u) + taken, 0,
               (size_t)(GV_INLINE_WORDS - taken) * sizeof *l->word);
    }
}

static void fill_block(const layout *l, const row_scratch *s, int64_t b)
{
    const int shape = (int)l->p->shape;
    int64_t at = l->block[b].words[0];
    double p[GV_ROW_BLOCK];
    for (int64_t u = b * GV_BLOCK; u < gv_block_end(b, l->g->n_nodes); u++) {
        const row_counts c = count_row(l, u, p);
        const int64_t words = by_degree(l->coins)
                                  ? most_words(gv_csr_degree(&l->g->out, (gv_node)u), shape)
                                  : row_words(&c, shape);
        const bool within = l->p->row_shift == GV_ROW_INLINE && words <= GV_INLINE_WORDS;
        uint64_t place = within ? inline_words(u) : (uint64_t)at;
        uint32_t *word = l->word + place;
        if (has_header(&c)) {
            word[0] = (uint32_t)c.sure, word[1] = (uint32_t)c.slots, word[2] = (uint32_t)c.coins;
            word += GV_HEADER_WORDS;
            place |= UINT64_C(1) << GV_ROW_HEADER;
        } else {
            place |= (uint64_t)c.slots << GV_ROW_SLOTS | (uint64_t)c.sure << GV_ROW_SURE;
        }
        const float lambda = (float)fill_edges(l, s, u, &c, p, word);
        clear_rest(l, u, &c, at, words, within);
        const bool always = has_header(&c) || c.sure > 0,
                   special = has_header(&c) || (double)lambda > GV_HUB_LAMBDA;
        *(gv_points_row *)(uintptr_t)gv_points_row_of(l->p, u) = (gv_points_row){
            .place = place,
            .threshold = special ? UINT32_MAX : gv_points_threshold(&l->p->table, (double)lambda),
            .lambda = always ? -lambda : lambda};
        at += within ? 0 : words;
    }
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static gv_status count_all(layout *l, gv_error *err)
{
    const int64_t n_blocks = gv_blocks(l->g->n_nodes);
    for (int64_t from = 0; from < n_blocks; from += CHUNK) {
        const int64_t to = from + CHUNK < n_blocks ? from + CHUNK : n_blocks;
        const gv_status st = gv_progress(l->ctx, "cascade layout", from, 2 * n_blocks, err);
        if (st != GV_OK)
            return st;
#pragma omp parallel for num_threads(gv_context_threads(l->ctx)) schedule(dynamic, 1)
        for (int64_t b = from; b < to; b++)
            count_block(l, b);
    }
    if (l->coins->rule == GV_PROBABILITY_WEIGHTED_CASCADE && n_blocks > 0)
        look_for_unequal(l);
    return GV_OK;
}

static gv_status fill_all(layout *l, gv_error *err)
{
    const int64_t n_blocks = gv_blocks(l->g->n_nodes);
    for (int64_t from = 0; from < n_blocks; from += CHUNK) {
        const int64_t to = from + CHUNK < n_blocks ? from + CHUNK : n_blocks;
        const gv_status st =
            gv_progress(l->ctx, "cascade layout", n_blocks + from, 2 * n_blocks, err);
        if (st != GV_OK)
            return st;
#pragma omp parallel for num_threads(gv_context_threads(l->ctx)) schedule(dynamic, 1)
        for (int64_t b = from; b < to; b++)
            fill_block(l, &l->scratch[gv_thread()], b);
    }
    return GV_OK;
}

/* Chooses the shape; turns counts into offsets. The most slots of a row. */
static int64_t place_blocks(layout *l)
{
    const int64_t n_blocks = gv_blocks(l->g->n_nodes);
    const int64_t n = l->g->n_nodes;
    int64_t most = 0, words = 0, beyond = 0;
    bool unequal = false;
    for (int64_t b = 0; b < n_blocks; b++) {
        unequal |= l->block[b].unequal;
        most = l->block[b].most_slots > most ? l->block[b].most_slots : most;
    }
    const gv_points_shape shape = l->p->shape = unequal ? GV_POINTS_ALIAS : GV_POINTS_EQUAL;
    for (int64_t b = 0; b < n_blocks; b++) {
        words += l->block[b].words[shape];
        beyond += l->block[b].words_beyond[shape];
    }
    const bool in_line = gv_points_inline_pays(n, words, beyond);
    l->p->row_shift = in_line ? GV_ROW_INLINE : GV_ROW_ALONE;
    l->p->n_words = in_line ? n * (1 << GV_ROW_INLINE) / (int64_t)sizeof(uint32_t) : 0;
    for (int64_t b = 0; b < n_blocks; b++) {
        l->block[b].words[0] = l->p->n_words;
        l->p->n_words += in_line ? l->block[b].words_beyond[shape] : l->block[b].words[shape];
    }
    l->p->n_words += in_line ? l->p->n_words % 2 : 0; /* they are kept by twos */
    return most;
}

static gv_status no_room(gv_context *ctx, gv_error *err)
{
    return gv_no_memory(ctx, "cascade: row layout of the kernel points", err);
}

static gv_status allocate(layout *l, int64_t most_slots, gv_error *err)
{
    const int32_t threads = gv_context_threads(l->ctx);
    l->p->word = l->word = gv_alloc(l->ctx, l->p->n_words, sizeof *l->word);
    l->p->row = l->p->row_shift == GV_ROW_INLINE
                    ? (const gv_points_row *)(const void *)l->word
                    : gv_alloc(l->ctx, l->g->n_nodes, sizeof *l->p->row);
    l->scratch = gv_alloc_zero(l->ctx, threads, sizeof *l->scratch);
    if (l->p->row == NULL || l->word == NULL || l->scratch == NULL)
        return no_room(l->ctx, err);
    if (l->p->row_shift == GV_ROW_INLINE && l->p->n_words > 0)
        l->word[l->p->n_words - 1] = 0; /* may be one too many */
    for (int32_t i = 0; l->p->shape == GV_POINTS_ALIAS && i < threads; i++) {
        row_scratch *s = &l->scratch[i];
        s->weight = gv_alloc(l->ctx, most_slots, sizeof *s->weight);
        s->other = gv_alloc(l->ctx, most_slots, sizeof *s->other);
        if (s->weight == NULL || s->other == NULL)
            return no_room(l->ctx, err);
    }
    return GV_OK;
}

/* In-degrees side by side, and the weights of the small ones. */
static gv_status take_in_degrees(layout *l, gv_error *err)
{
    if (l->coins->rule != GV_PROBABILITY_WEIGHTED_CASCADE)
        return GV_OK;
    const int64_t n = l->g->n_nodes, *in_offset = l->coins->in_offset;
    int32_t *degree = l->in_degree = gv_alloc(l->ctx, n, sizeof *degree);
    if (degree == NULL)
        return no_room(l->ctx, err);
#pragma omp parallel for num_threads(gv_context_threads(l->ctx)) schedule(static)
    for (int64_t v = 0; v < n; v++)
        degree[v] = (int32_t)(in_offset[v + 1] - in_offset[v]);
    for (int d = 2; d < LOW_DEGREE; d++)
        l->low[d] = gv_points_weight(1.0 / (double)d);
    return GV_OK;
}

static void free_scratch(layout *l)
{
    gv_free(l->ctx, l->in_degree);
    for (int32_t i = 0; l->scratch != NULL && i < gv_context_threads(l->ctx); i++) {
        gv_free(l->ctx, l->scratch[i].other);
        gv_free(l->ctx, l->scratch[i].weight);
    }
    gv_free(l->ctx, l->scratch);
    gv_free(l->ctx, l->block);
}

void gv_points_begin(gv_points *p, gv_context *ctx, const gv_graph *g, uint64_t seed)
{
    *p = (gv_points){.ctx = ctx, .simd = gv_points_best(), .n_nodes = g->n_nodes};
    gv_points_reseed(p, seed);
    gv_points_fill_tables(&p->table);
}

gv_status gv_points_layout(gv_points *p, gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                           uint64_t seed, int64_t max_copied, gv_error *err)
{
    layout l = {.ctx = ctx, .g = g, .coins = coins, .p = p};
    gv_points_begin(p, ctx, g, seed);
    if (g->n_edges > max_copied)
        return coins->rule == GV_PROBABILITY_MODEL ? gv_points_on_the_fly(p, g, coins, err)
                                                   : gv_points_in_place(p, g, coins, err);
    l.block = gv_alloc(ctx, gv_blocks(g->n_nodes), sizeof *l.block);
    gv_status st = l.block == NULL ? no_room(ctx, err) : take_in_degrees(&l, err);
    if (st == GV_OK)
        st = count_all(&l, err);
    if (st == GV_OK)
        st = allocate(&l, place_blocks(&l), err);
    if (st == GV_OK)
        st = fill_all(&l, err);
    free_scratch(&l);
    return st;
}

gv_status gv_points_open(gv_points *p, gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                         uint64_t seed, gv_error *err)
{
    return gv_points_layout(p, ctx, g, coins, seed, GV_MAX_COPIED, err);
}

void gv_points_reseed(gv_points *p, uint64_t seed)
{
    p->key = gv_key(seed, GV_FOR_POINTS);
}

void gv_points_close(gv_points *p)
{
    gv_free(p->ctx, p->own_chance);
    if (p->in_place == NULL && !p->mapped)
        gv_free(p->ctx, (void *)(uintptr_t)p->word);
    p->chance = p->own_chance = NULL;
    if (p->row_shift == GV_ROW_ALONE && !p->mapped)
        gv_free(p->ctx, (void *)(uintptr_t)p->row);
    p->word = NULL;
    p->row = NULL;
}
