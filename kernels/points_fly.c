/* points_fly.c -- rows of points in place (points_edges.c), whose p are those of a model and worked
 * out when a row is visited.
 *
 * Of a graph that is not copied nothing is laid out: most cascades visit few of its rows. A lane
 * works out the p of a row when somebody on it becomes active, and remembers them, with targets and
 * record, in a table of its own by node. When that is full it is emptied: what is in it is a pure
 * function of model and row, so this bears on time alone. The draws are those of points.c, number
 * by number: the same worlds as by rows that were laid out.
 *
 * Where more rows will be visited than the graph has edges / VISITS, working rows out again and
 * again may take longer than laying them all out: gv_fly_is_slower().
 *
 * No races: a lane is used by one thread, graph and model are only read. */
#include "kernels/points_fly.h"

#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/points_draw.h"
#include "kernels/points_rows.h"

enum {
    MOST_ROWS = 1 << 20,  /* that a lane remembers */
    MOST_EDGES = 1 << 24, /* of them all, unless a row has more */
    FAR = 16,             /* nodes from the queue's head to the slot asked for */
    NEAR = 8,             /* to the row, or to what it is made of */
    NEXT = 4,             /* to its edges, or to the model's numbers of its targets */
    VISITS = 16           /* a visit in vain takes as long as laying out so many edges, or more */
};

typedef struct fly_edge {
    gv_node target;
    float p;
} fly_edge;

typedef struct fly_row {
    gv_points_row record;
    int64_t at, degree; /* of its edges, among those remembered */
    gv_node node;
} fly_row;

typedef struct gv_fly {
    const gv_points *p;
    int shift;     /* of a hash to its slot */
    int32_t *slot; /* row + 1; 0 is free */
    fly_row *row;
    fly_edge *edge;
    int64_t n_rows, n_edges, most_rows, n_slots;
} gv_fly;

/* ---- room ------------------------------------------------------------------------------------ */

static int64_t most_rows(int64_t n_nodes)
{
    return n_nodes < MOST_ROWS ? n_nodes + 1 : MOST_ROWS;
}

static int slot_bits(int64_t n_nodes)
{
    int bits = 1;
    while (INT64_C(1) << bits < 2 * most_rows(n_nodes))
        bits++;
    return bits;
}

int64_t gv_fly_edges(int64_t n_edges, int64_t greatest_degree)
{
    const int64_t most = n_edges < MOST_EDGES ? n_edges : MOST_EDGES;
    return greatest_degree > most ? greatest_degree : most;
}

int64_t gv_fly_bytes(int64_t n_nodes, int64_t fly_edges)
{
    return (int64_t)sizeof(gv_fly) + 4 * (INT64_C(1) << slot_bits(n_nodes)) +
           most_rows(n_nodes) * (int64_t)sizeof(fly_row) + fly_edges * (int64_t)sizeof(fly_edge);
}

int64_t gv_fly_visited_bytes(int64_t n_nodes, double visits, double degree)
{
    const double most = (double)most_rows(n_nodes), rows = visits < most ? visits : most;
    return gv_fly_bytes(n_nodes, 0) - most_rows(n_nodes) * (int64_t)sizeof(fly_row) +
           (int64_t)(rows * ((double)sizeof(fly_row) + degree * (double)sizeof(fly_edge)));
}

gv_fly *gv_fly_open(const gv_points *p)
{
    gv_fly *f = gv_alloc_zero(p->ctx, 1, sizeof *f);
    if (f == NULL)
        return NULL;
    const int bits = slot_bits(p->n_nodes);
    f->p = p;
    f->shift = 32 - bits;
    f->n_slots = INT64_C(1) << bits;
    f->most_rows = most_rows(p->n_nodes);
    f->slot = gv_alloc_zero(p->ctx, f->n_slots, sizeof *f->slot);
    f->row = gv_alloc(p->ctx, f->most_rows, sizeof *f->row);
    f->edge = gv_alloc(p->ctx, p->fly_edges, sizeof *f->edge);
    if (f->slot != NULL && f->row != NULL && f->edge != NULL)
        return f;
    gv_fly_close(p->ctx, f);
    return NULL;
}

void gv_fly_close(gv_context *ctx, gv_fly *f)
{
    if (f == NULL)
        return;
    gv_free(ctx, f->edge);
    gv_free(ctx, f->row);
    gv_free(ctx, f->slot);
    gv_free(ctx, f);
}

bool gv_fly_is_slower(double spread, int64_t n_worlds, int64_t n_edges)
{
    return spread * (double)n_worlds * VISITS > (double)n_edges;
}

/* Degrees side by side: the greatest. */
static int64_t greatest_degree(gv_context *ctx, const gv_graph *g)
{
    int64_t most = 0;
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static) reduction(max : most)
    for (int64_t u = 0; u < g->n_nodes; u++) {
        const int64_t degree = gv_csr_degree(&g->out, (gv_node)u);
        most = degree > most ? degree : most;
    }
    return most;
}

gv_status gv_points_on_the_fly(gv_points *p, const gv_graph *g, const gv_coins *coins,
                               gv_error *err)
{
    p->on_the_fly = true;
    p->coins = *coins;
    p->shape = GV_POINTS_EDGES;
    p->row_shift = GV_ROW_ALONE;
    p->in_place = &g->out;
    p->fly_edges = gv_fly_edges(g->n_edges, greatest_degree(p->ctx, g));
    return gv_progress(p->ctx, "cascade layout", g->n_nodes, g->n_nodes, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static inline int64_t slot_of(const gv_fly *f, gv_node u)
{
    return (int64_t)((uint32_t)u * UINT32_C(0x9E3779B1) >> f->shift);
}

/* The slot of u's row, or the free one where it belongs. */
static inline int64_t find(const gv_fly *f, gv_node u)
{
    int64_t at = slot_of(f, u);
    while (f->slot[at] != 0 && f->row[f->slot[at] - 1].node != u)
        at = (at + 1) & (f->n_slots - 1);
    return at;
}

/* The edges of row r, with their p; its record. */
static void work_out(gv_fly *f, fly_row *r)
{
    const gv_csr *out = f->p->in_place;
    const int64_t begin = out->indptr[r->node];
    fly_edge *edge = f->edge + r->at;
    double p[GV_ROW_BLOCK], largest = 0.0;
    bool coins = false;
    for (int64_t from = 0; from < r->degree; from += GV_ROW_BLOCK) {
        const int64_t n = r->degree - from < GV_ROW_BLOCK ? r->degree - from : GV_ROW_BLOCK;
        gv_coins_row(&f->p->coins, out, r->node, begin + from, n, p);
        for (int64_t i = 0; i < n; i++) {
            edge[from + i] = (fly_edge){out->indices[begin + from + i], (float)p[i]};
            coins |= p[i] > GV_COIN_FROM;
            if (p[i] <= GV_COIN_FROM && p[i] > largest)
                largest = p[i];
        }
    }
    r->record = gv_points_edge_row(&f->p->table, begin, r->degree, largest, coins);
}

static const fly_row *row_of(gv_fly *f, gv_node u)
{
    int64_t at = find(f, u);
    if (f->slot[at] != 0)
        return &f->row[f->slot[at] - 1];
    const int64_t degree = gv_csr_degree(f->p->in_place, u);
    if (f->n_rows == f->most_rows || f->n_edges + degree > f->p->fly_edges) {
        memset(f->slot, 0, (size_t)f->n_slots * sizeof *f->slot);
        f->n_rows = f->n_edges = 0;
        at = slot_of(f, u);
    }
    fly_row *r = &f->row[f->n_rows++];
    *r = (fly_row){.at = f->n_edges, .degree = degree, .node = u};
    f->slot[at] = (int32_t)f->n_rows;
    f->n_edges += degree;
    work_out(f, r);
    return r;
}

/* Asks for the row of u, or for what it will be made of. */
static inline void announce_row(const gv_fly *f, gv_node u)
{
    const int64_t at = find(f, u);
    if (f->slot[at] != 0) {
        __builtin_prefetch(&f->row[f->slot[at] - 1]);
        return;
    }
    const gv_model *m = f->p->coins.view.m;
    __builtin_prefetch(&f->p->in_place->indptr[u]);
    __builtin_prefetch(&m->pairs.indptr[u]);
    __builtin_prefetch(&m->evidence.indptr[u]);
}

static inline void announce_edges(const gv_fly *f, gv_node u)
{
    const int64_t at = find(f, u);
    if (f->slot[at] != 0) {
        __builtin_prefetch(&f->edge[f->row[f->slot[at] - 1].at]);
        return;
    }
    const gv_model *m = f->p->coins.view.m;
    const int64_t pair = m->pairs.indptr[u];
    __builtin_prefetch(&f->p->in_place->indices[f->p->in_place->indptr[u]]);
    __builtin_prefetch(&m->pairs.topic[pair]);
    __builtin_prefetch(&m->pairs.source[pair]);
    __builtin_prefetch(&m->pairs.exposure[pair]);
    __builtin_prefetch(&m->evidence.column[m->evidence.indptr[u]]);
}

/* ---- expanding ------------------------------------------------------------------------------- */

/* The state of one call. */
typedef struct flight {
    gv_fly *f;
    gv_lane *lane;
    uint64_t k0, k1; /* of the world */
    int64_t tail;
} flight;

static inline void reach(flight *d, gv_node v)
{
    uint64_t *word = &d->lane->active[v >> 6];
    const uint64_t bit = UINT64_C(1) << (v & 63), old = *word;
    __builtin_prefetch(&d->f->slot[slot_of(d->f, v)]);
    *word = old | bit;
    d->lane->queue[d->tail] = v;
    d->tail += (old & bit) == 0;
}

/* The edges with a p of their own coins. */
static void flip_coins(flight *d, const fly_row *r, uint64_t h)
{
    const fly_edge *edge = d->f->edge + r->at;
    for (int64_t i = 0; i < r->degree; i++) {
        const double p = (double)edge[i].p;
        if (p <= GV_COIN_FROM)
            continue;
        const uint64_t x = gv_mix(gv_mix(h ^ d->k1) + (uint64_t)edge[i].target);
        const uint64_t limit = gv_coin_limit(p);
        if (x < limit || limit == GV_COIN_ALWAYS)
            reach(d, edge[i].target);
    }
}

/* Number h of u, as gv_points_simd's `live` draws it. */
static inline uint64_t number_of(const flight *d, gv_node u)
{
    uint64_t x = d->k0 + (uint64_t)(uint32_t)u * GV_POINTS_STEP;
    x = (x ^ (x >> 30)) * GV_POINTS_MUL0;
    x ^= d->k1;
    x = (x ^ (x >> 27)) * GV_POINTS_MUL1;
    return x ^ (x >> 31);
}

/* How many points a row has that may have any. */
static inline uint64_t points_of(const gv_points *p, const gv_points_row *row, uint64_t h)
{
    const gv_points_tables *t = &p->table;
    const double lambda = gv_points_lambda(row);
    if (!(lambda > 0.0))
        return 0;
    if (row->threshold != UINT32_MAX)
        return (uint64_t)count_points(lambda, (double)row->threshold * 0x1p-32, gv_unit(h));
    return lambda > GV_HUB_LAMBDA
               ? poisson_hub(t, lambda, h)
               : (uint64_t)count_points(lambda, 1.0 - gv_points_exp_minus(t, lambda), gv_unit(h));
}

static inline void expand_row(flight *d, gv_node u)
{
    const fly_row *r = row_of(d->f, u);
    const uint64_t h = number_of(d, u), slots = (uint64_t)r->degree;
    if (h >> 32 > r->record.threshold && !signbit(r->record.lambda))
        return;
    const uint64_t n = points_of(d->f->p, &r->record, h);
    const double most = n > 0 ? chance_of_point(d->f->p, &r->record, slots) : 0.0;
    const fly_edge *edge = d->f->edge + r->at;
    d->lane->drawn += (int64_t)n;
    for (uint64_t k = 0; k < n; k++) {
        const uint64_t slot = (uint64_t)((gv_u128)point_number(h, k) * slots >> 64);
        const uint32_t bits = edge_number(h, slot, most);
        float x;
        memcpy(&x, &bits, sizeof x);
        if (x < edge[slot].p && (double)edge[slot].p <= GV_COIN_FROM)
            reach(d, edge[slot].target);
    }
    if (signbit(r->record.lambda))
        flip_coins(d, r, h);
}

int64_t gv_fly_expand(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t begin, int64_t end,
                      bool at_once)
{
    const gv_random key = gv_philox(w->points->key, 0, (uint64_t)world);
    const gv_node *queue = lane->queue;
    flight d = {.f = lane->fly,
                .lane = lane,
                .k0 = gv_random_u64(key, 0),
                .k1 = gv_random_u64(key, 1),
                .tail = end};
    for (int64_t i = begin; i < (at_once ? d.tail : end); i++) {
        const int64_t stop = at_once ? d.tail : end;
        if (i + FAR < stop)
            __builtin_prefetch(&d.f->slot[slot_of(d.f, queue[i + FAR])]);
        if (i + NEAR < stop)
            announce_row(d.f, queue[i + NEAR]);
        if (i + NEXT < stop)
            announce_edges(d.f, queue[i + NEXT]);
        expand_row(&d, queue[i]);
    }
    return d.tail;
}
