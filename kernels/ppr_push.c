/* ppr_push.c -- walks of personalized PageRank pushed on from their sources.
 *
 * `settled` s and `residual` r keep, for the exact scores x of a leaking walk,
 *
 *   x = s + sum over u of r[u] pi_u           pi_u: the scores of a walk that starts at u
 *
 * from s = 0, r = t on. A push at u takes r[u] away, adds (1 - a) of it to s[u] and spreads a of it
 * over the edges that leave u (Jeh, Widom, WWW 2003; Andersen, Chung, Lang, FOCS 2006). In a round
 * consumers are pushed whose residual is above threshold * degree, first come first served; then
 * the threshold is halved. What a round costs follows the threshold and not the graph.
 *
 * State is a hash table of the consumers that were met. A column is one thread's, all its lists are
 * in the order of meeting, the table is never walked through: so neither threads nor the hash can
 * be seen in a result.
 *
 * Rounding: each sum or product of a push is off by at most 2^-53 of itself, which is as if that
 * much residual had been taken away or added somewhere. `rounding` adds up all these terms; what
 * one unit of residual brings to a score is at most 1. */
#include "kernels/ppr_push.h"

#include <inttypes.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"

enum { FIRST_BITS = 12, STRIP = 64 };

/* ---- rows --------------------------------------------------------------------------------- */

void ppr_rows_of(const gv_graph *g, const gv_ppr_local_opts *o, int64_t max_degree, ppr_rows *out)
{
    const bool forward = o->direction == GV_FORWARD;
    const bool constant = o->weighted && g->rule == GV_PROBABILITY_CONSTANT;
    const bool by_degree = o->weighted && g->rule == GV_PROBABILITY_WEIGHTED_CASCADE && forward;
    const bool stored = o->weighted && g->rule == GV_PROBABILITY_STORED;
    const gv_csr *csr = forward ? &g->out : &g->in;
    *out = (ppr_rows){.g = g,
                      .csr = csr,
                      .p = stored ? csr->probability : NULL,
                      .in_offset = by_degree ? g->in.indptr : NULL,
                      .blocked = constant && g->constant <= 0.0,
                      .symmetric = !g->directed && !by_degree && !stored &&
                                   !(constant && g->constant <= 0.0),
                      .max_degree = max_degree,
                      .dangling = o->dangling,
                      .damping = o->damping};
}

static gv_status bad_row(const ppr_rows *rows, gv_node u, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA,
                   "ppr: row %" PRId32 " runs from %" PRId64 " to %" PRId64
                   ", not within [0, %" PRId64 "]",
                   u, rows->csr->indptr[u], rows->csr->indptr[u + 1], rows->g->n_edges);
}

static inline bool is_row(const ppr_rows *rows, gv_node u)
{
    const int64_t *at = rows->csr->indptr + u;
    return at[0] >= 0 && at[0] <= at[1] && at[1] <= rows->g->n_edges;
}

/* Weight of the edge at place `e`, that ends at `v`; negative if it cannot be. */
static inline double weight_at(const ppr_rows *rows, int64_t e, gv_node v)
{
    if (rows->in_offset == NULL)
        return rows->p[e] >= 0.0F && rows->p[e] <= 1.0F ? (double)rows->p[e] : -1.0;
    const int64_t degree = rows->in_offset[v + 1] - rows->in_offset[v];
    return degree > 0 ? 1.0 / (double)degree : -1.0;
}

static gv_status bad_target(const ppr_rows *rows, gv_node u, gv_node v, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA,
                   "ppr: row %" PRId32 " has the target %" PRId32 ", not in [0, %" PRId64 ")", u, v,
                   rows->g->n_nodes);
}

static gv_status bad_weight(gv_node u, gv_node v, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA,
                   "ppr: the edge from %" PRId32 " to %" PRId32
                   " has a probability that is not in [0, 1]",
                   u, v);
}

/* Checks that the targets of row `u` are consumers, and adds up its weights. */
static gv_status weigh_row(const ppr_rows *rows, gv_node u, double *weight, gv_error *err)
{
    const int64_t first = rows->csr->indptr[u], end = rows->csr->indptr[u + 1];
    const gv_node *restrict target = rows->csr->indices;
    ppr_sum sum = {0.0, 0.0};
    for (int64_t e = first; e < end; e++)
        if (target[e] < 0 || target[e] >= rows->g->n_nodes)
            return bad_target(rows, u, target[e], err);
    *weight = rows->blocked ? 0.0 : (double)(end - first);
    if (rows->p == NULL && rows->in_offset == NULL)
        return GV_OK;
    for (int64_t e = first; e < end; e++) {
        const double w = weight_at(rows, e, target[e]);
        if (w < 0.0)
            return bad_weight(u, target[e], err);
        ppr_add(&sum, w);
    }
    *weight = ppr_total(&sum);
    return GV_OK;
}

/* ---- spots -------------------------------------------------------------------------------- */

static inline uint64_t bucket_of(const ppr_push *p, gv_node v)
{
    return (uint32_t)v * UINT32_C(0x9E3779B1) >> (32 - p->bits);
}

/* The place of `v`, which is new if it was not met before; there is room for it. */
static inline int32_t place_of(ppr_push *p, gv_node v)
{
    const uint64_t mask = (UINT64_C(1) << p->bits) - 1;
    uint64_t at = bucket_of(p, v);
    while (p->table[at] != 0) {
        if ((gv_node)(p->table[at] >> 32) == v)
            return (int32_t)(uint32_t)p->table[at] - 1;
        at = (at + 1) & mask;
    }
    p->table[at] = (uint64_t)(uint32_t)v << 32 | (uint64_t)(p->n + 1);
    p->spot[p->n] = (ppr_spot){.degree = 1.0, .node = v};
    return (int32_t)p->n++;
}

int64_t ppr_push_bytes(int64_t n)
{
    int bits = FIRST_BITS;
    while (INT64_C(1) << (bits - 1) < n)
        bits++;
    const int64_t place = (int64_t)(sizeof(ppr_spot) + 2 * sizeof(int32_t));
    return ((int64_t)sizeof(uint64_t) << bits) + (place << (bits - 1));
}

/* Twice the room. */
static gv_status grow(ppr_push *p, gv_error *err)
{
    const int bits = p->room == 0 ? FIRST_BITS : p->bits + 1;
    const int64_t room = INT64_C(1) << (bits - 1);
    uint64_t *table = gv_alloc_zero(p->ctx, INT64_C(1) << bits, sizeof *table);
    ppr_spot *spot = gv_realloc(p->ctx, p->spot, room, sizeof *spot);
    p->spot = spot != NULL ? spot : p->spot;
    int32_t *now = gv_realloc(p->ctx, p->now, room, sizeof *now);
    p->now = now != NULL ? now : p->now;
    int32_t *next = gv_realloc(p->ctx, p->next, room, sizeof *next);
    p->next = next != NULL ? next : p->next;
    if (table == NULL || spot == NULL || now == NULL || next == NULL) {
        gv_free(p->ctx, table);
        return gv_no_memory(p->ctx, "ppr: consumers that walks have met", err);
    }
    gv_free(p->ctx, p->table);
    p->table = table;
    p->bits = bits;
    p->room = room;
    for (int64_t i = 0; i < p->n; i++) {
        uint64_t at = bucket_of(p, p->spot[i].node);
        while (table[at] != 0)
            at = (at + 1) & ((UINT64_C(1) << bits) - 1);
        table[at] = (uint64_t)(uint32_t)p->spot[i].node << 32 | (uint64_t)(i + 1);
    }
    return GV_OK;
}

static inline gv_status reserve(ppr_push *p, int64_t more, gv_error *err)
{
    gv_status st = GV_OK;
    while (st == GV_OK && p->n + more > p->room)
        st = grow(p, err);
    return st;
}

gv_status ppr_push_count(ppr_push *p, ppr_spot *s, gv_error *err)
{
    if (s->counted)
        return GV_OK;
    if (!is_row(p->rows, s->node))
        return bad_row(p->rows, s->node, err);
    const int64_t degree = gv_csr_degree(p->rows->csr, s->node);
    s->degree = degree > 1 ? (double)degree : 1.0;
    s->counted = 1;
    return GV_OK;
}

/* ---- pushes ------------------------------------------------------------------------------- */

static inline void join_next(ppr_push *p, int32_t place)
{
    ppr_spot *s = &p->spot[place];
    if (s->waiting == 0 && s->residual > p->threshold * s->degree) {
        s->waiting = 1;
        p->next[p->n_next++] = place;
    }
}

/* Hands `share` to each of up to STRIP targets, or `share` times its weight. There is room. */
static void spread_strip(ppr_push *p, int64_t first, int count, double share, bool alike)
{
    const gv_node *restrict target = p->rows->csr->indices + first;
    int32_t place[STRIP];
    double after = 0.0;
    for (int i = 0; i < count; i++)
        __builtin_prefetch(&p->table[bucket_of(p, target[i])]);
    for (int i = 0; i < count; i++) {
        place[i] = place_of(p, target[i]);
        __builtin_prefetch(&p->spot[place[i]], 1);
    }
    for (int i = 0; i < count; i++) {
        ppr_spot *s = &p->spot[place[i]];
        s->residual += alike ? share : share * weight_at(p->rows, first + i, target[i]);
        after += s->residual;
        join_next(p, place[i]);
    }
    p->rounding += after;
}

static gv_status spread(ppr_push *p, gv_node u, double chance, double weight, gv_error *err)
{
    const bool alike = p->rows->p == NULL && p->rows->in_offset == NULL;
    const double share = chance / weight;
    int64_t first = p->rows->csr->indptr[u];
    const int64_t end = p->rows->csr->indptr[u + 1];
    while (first < end) {
        const int count = end - first < STRIP ? (int)(end - first) : STRIP;
        const gv_status st = reserve(p, count, err);
        if (st != GV_OK)
            return st;
        spread_strip(p, first, count, share, alike);
        first += count;
    }
    return GV_OK;
}

/* The walks at a consumer that they cannot leave. */
static void push_dangling(ppr_push *p, ppr_spot *s, double residual)
{
    const double a = p->rows->damping;
    if (p->rows->dangling == GV_DANGLING_SELF) {
        s->settled += residual;
    } else {
        s->settled += (1.0 - a) * residual;
        p->leaked += a * residual;
    }
    p->rounding += 8.0 * residual + s->settled + p->leaked;
}

static gv_status push(ppr_push *p, int32_t place, gv_error *err)
{
    ppr_spot *s = &p->spot[place];
    const double a = p->rows->damping, residual = s->residual;
    const gv_node u = s->node;
    double weight = 0.0;
    const gv_status st = weigh_row(p->rows, u, &weight, err);
    if (st != GV_OK)
        return st;
    s->residual = 0.0;
    p->pushes++;
    p->edges += gv_csr_degree(p->rows->csr, u);
    if (!(weight > 0.0)) {
        push_dangling(p, s, residual);
        return GV_OK;
    }
    s->settled += (1.0 - a) * residual;
    p->rounding += 8.0 * residual + s->settled;
    return spread(p, u, a * residual, weight, err);
}

/* ---- rounds ------------------------------------------------------------------------------- */

/* Rows that will be read soon are asked for: their offsets first, then their targets. */
static inline void look_ahead(const ppr_push *p, int64_t i, int64_t n)
{
    const gv_csr *csr = p->rows->csr;
    if (i + 12 < n)
        __builtin_prefetch(&p->spot[p->now[i + 12]]);
    if (i + 8 < n)
        __builtin_prefetch(&csr->indptr[p->spot[p->now[i + 8]].node]);
    if (i + 4 < n) {
        const int64_t at = csr->indptr[p->spot[p->now[i + 4]].node];
        if (at >= 0 && at < p->rows->g->n_edges)
            __builtin_prefetch(&csr->indices[at]);
    }
}

/* The consumers whose turn has come, in order; what that makes of others is for the next wave. */
static gv_status push_wave(ppr_push *p, gv_error *err)
{
    int32_t *swap = p->now;
    const int64_t n = p->n_next;
    p->now = p->next;
    p->next = swap;
    p->n_next = 0;
    gv_status st = GV_OK;
    for (int64_t i = 0; i < n && st == GV_OK; i++) {
        look_ahead(p, i, n);
        ppr_spot *s = &p->spot[p->now[i]];
        s->waiting = 0;
        if (p->out_of_edges)
            continue;
        st = ppr_push_count(p, s, err);
        if (st == GV_OK && s->residual > p->threshold * s->degree)
            st = push(p, p->now[i], err);
        p->out_of_edges = p->edges >= p->max_edges;
    }
    return st;
}

gv_status ppr_push_round(ppr_push *p, gv_error *err)
{
    gv_status st = GV_OK;
    p->threshold *= 0.5;
    p->n_next = 0;
    for (int64_t i = 0; i < p->n; i++)
        join_next(p, (int32_t)i);
    while (st == GV_OK && p->n_next > 0 && !p->out_of_edges)
        st = push_wave(p, err);
    for (int64_t i = 0; i < p->n_next; i++)
        p->spot[p->next[i]].waiting = 0;
    p->n_next = 0;
    return st;
}

/* ---- begin and end ------------------------------------------------------------------------ */

gv_status ppr_push_start(ppr_push *p, gv_context *ctx, const ppr_rows *rows, const gv_node *node,
                         const double *value, int64_t n, gv_error *err)
{
    p->ctx = ctx;
    p->rows = rows;
    p->n = p->n_next = 0;
    p->leaked = p->rounding = 0.0;
    p->pushes = p->edges = 0;
    p->out_of_edges = false;
    if (p->table != NULL)
        memset(p->table, 0, sizeof *p->table << p->bits);
    gv_status st = reserve(p, n, err);
    double most = 0.0;
    for (int64_t i = 0; i < n && st == GV_OK; i++) {
        ppr_spot *s = &p->spot[place_of(p, node[i])];
        s->residual = value[i];
        p->rounding += 4.0 * value[i];
        most = value[i] > most ? value[i] : most;
        st = ppr_push_count(p, s, err);
        if (st == GV_OK && gv_csr_degree(rows->csr, s->node) == 0)
            st = push(p, (int32_t)i, err);
    }
    p->threshold = most;
    return st;
}

void ppr_push_free(ppr_push *p)
{
    gv_free(p->ctx, p->next);
    gv_free(p->ctx, p->now);
    gv_free(p->ctx, p->spot);
    gv_free(p->ctx, p->table);
    *p = (ppr_push){0};
}
