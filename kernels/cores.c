/* cores.c -- core numbers: the largest k such that a consumer belongs to a part of the graph in
 * which everybody has at least k edges within it, in either direction.
 *
 * For k = 0, 1, ...: all who have k edges left are removed, and with them those whom that leaves
 * with k. A thread takes those that it finds, and goes on with whom it has brought down to k, from
 * a pile of its own, so that long chains need no meeting of threads (Kabir, Madduri, "Parallel
 * k-core decomposition on multicore platforms", IPDPSW 2017; by one thread, the peeling of Batagelj
 * and Zaversnik, 2003). Who is left is looked through once for each k; everybody is left for as
 * many k as its core number, which is at most its degree: so all looks are O(edges).
 *
 * Races: degrees are lowered atomically, and the one who lowers from k + 1 removes; who lowers
 * further puts it back. Core numbers do not depend on the order of removals, so they are the same
 * at any number of threads. */
#include "engine/context.h"
#include "engine/csr.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "grapevine/influence.h"

/* Consumers that are looked through together; a chunk of a pile: the number of the chunk below, and
 * consumers. */
enum { SEGMENT = 1 << 14, CHUNK = 1024, NO_CHUNK = -1 };

typedef struct peeling {
    const gv_graph *g;
    int32_t *core;    /* [n_nodes], degree left, at last the core number */
    gv_node *left;    /* [n_nodes], who is not removed: at the begin of each segment */
    int64_t *n_left;  /* [segments] */
    gv_node *chunk;   /* [chunks][CHUNK] */
    int32_t n_chunks; /* in use */
} peeling;

/* A thread's: chunk `top` has `n` consumers, those below are full; `spare` are chunks that were
 * emptied. */
typedef struct pile {
    int32_t top, n, spare;
} pile;

static gv_node *chunk_at(const peeling *p, int32_t number)
{
    return p->chunk + (int64_t)number * CHUNK;
}

static void add_chunk(peeling *p, pile *s)
{
    int32_t number = s->spare;
    if (number != NO_CHUNK) {
        s->spare = chunk_at(p, number)[0];
    } else {
#pragma omp atomic capture
        number = p->n_chunks++;
    }
    chunk_at(p, number)[0] = s->top;
    s->top = number, s->n = 0;
}

static void push(peeling *p, pile *s, gv_node v)
{
    if (s->top == NO_CHUNK || s->n == CHUNK - 1)
        add_chunk(p, s);
    chunk_at(p, s->top)[++s->n] = v;
}

/* The consumer on top, or -1. */
static gv_node pop(const peeling *p, pile *s)
{
    while (s->top != NO_CHUNK && s->n == 0) {
        const int32_t empty = s->top;
        s->top = chunk_at(p, empty)[0];
        s->n = CHUNK - 1;
        chunk_at(p, empty)[0] = s->spare;
        s->spare = empty;
    }
    return s->top == NO_CHUNK ? -1 : chunk_at(p, s->top)[s->n--];
}

/* Consumers of a segment who have k edges left are to be removed; the others stay. */
static void look_through(peeling *p, int64_t segment, int32_t k, pile *s)
{
    gv_node *left = p->left + segment * SEGMENT;
    int64_t n = 0;
    for (int64_t i = 0; i < p->n_left[segment]; i++)
        if (p->core[left[i]] == k)
            push(p, s, left[i]);
        else if (p->core[left[i]] > k)
            left[n++] = left[i];
    p->n_left[segment] = n;
}

/* u loses an edge to one who is removed with k. */
static void lower(peeling *p, gv_node u, int32_t k, pile *s)
{
    int32_t had;
#pragma omp atomic read
    had = p->core[u];
    if (had <= k)
        return;
#pragma omp atomic capture
    had = p->core[u]--;
    if (had == k + 1) {
        push(p, s, u);
    } else if (had <= k) { /* another one was first */
#pragma omp atomic
        p->core[u]++;
    }
}

static void lower_friends(peeling *p, const gv_csr *csr, gv_node v, int32_t k, pile *s)
{
    for (int64_t e = csr->indptr[v]; e < csr->indptr[v + 1]; e++)
        lower(p, csr->indices[e], k, s);
}

/* Removes all of core number k; returns how many. */
static int64_t remove_core(peeling *p, int32_t k, int threads)
{
    const int64_t segments = (p->g->n_nodes + SEGMENT - 1) / SEGMENT;
    int64_t removed = 0;
    p->n_chunks = 0;
#pragma omp parallel num_threads(threads) reduction(+ : removed)
    {
        pile s = {.top = NO_CHUNK, .spare = NO_CHUNK};
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < segments; i++)
            look_through(p, i, k, &s);
        for (gv_node v = pop(p, &s); v >= 0; v = pop(p, &s)) {
            removed++;
            lower_friends(p, &p->g->out, v, k, &s);
            if (p->g->directed)
                lower_friends(p, &p->g->in, v, k, &s);
        }
    }
    return removed;
}

static int64_t degree_of(const gv_graph *g, gv_node v)
{
    return gv_csr_degree(&g->out, v) + (g->directed ? gv_csr_degree(&g->in, v) : 0);
}

/* Everybody is left, with all edges. Returns the largest degree. */
static int64_t begin_peeling(peeling *p, int threads)
{
    const int64_t n = p->g->n_nodes;
    int64_t most = 0;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(max : most)
    for (int64_t v = 0; v < n; v++) {
        const int64_t degree = degree_of(p->g, (gv_node)v);
        most = degree > most ? degree : most;
        p->core[v] = degree < INT32_MAX ? (int32_t)degree : INT32_MAX;
        p->left[v] = (gv_node)v;
    }
    for (int64_t i = 0; i * SEGMENT < n; i++)
        p->n_left[i] = n - i * SEGMENT < SEGMENT ? n - i * SEGMENT : SEGMENT;
    return most;
}

static gv_status peel(gv_context *ctx, peeling *p, gv_error *err)
{
    const int64_t n = p->g->n_nodes;
    const int threads = gv_context_threads(ctx);
    gv_status st = gv_progress(ctx, "core numbers", 0, n, err);
    if (st == GV_OK && begin_peeling(p, threads) >= INT32_MAX)
        return gv_fail(err, GV_ERR_RANGE, "core numbers: a consumer has 2^31 edges or more");
    int64_t gone = 0;
    for (int32_t k = 0; st == GV_OK && gone < n; k++) {
        gone += remove_core(p, k, threads);
        st = gv_progress(ctx, "core numbers", gone, n, err);
    }
    return st;
}

GV_API gv_status gv_core_numbers(gv_context *ctx, const gv_graph *g, int32_t *core, gv_error *err)
{
    const int64_t n = g->n_nodes;
    const int64_t chunks = n / (CHUNK - 1) + gv_context_threads(ctx) + 1;
    peeling p = {.g = g, .core = core};
    p.left = gv_alloc(ctx, n, sizeof *p.left);
    p.n_left = gv_alloc(ctx, n / SEGMENT + 1, sizeof *p.n_left);
    p.chunk = gv_alloc(ctx, chunks * CHUNK, sizeof *p.chunk);
    const gv_status st = p.left != NULL && p.n_left != NULL && p.chunk != NULL
                             ? peel(ctx, &p, err)
                             : gv_no_memory(ctx, "core numbers", err);
    gv_graph_rest(g, &g->out, 0, n);
    gv_graph_rest(g, &g->in, 0, n);
    gv_free(ctx, p.chunk);
    gv_free(ctx, p.n_left);
    gv_free(ctx, p.left);
    return st;
}
