/* learn_edges.c -- the strengths of what is held of an edge before it is looked at: k_c of its
 * factor over all topics, and k of its chance in one topic, from all edges that have been exposed.
 *
 * k_c: credits of an edge over all topics are Poisson about E_vu times the factor, a gamma
 * variable. k: the credit in one topic is beta-binomial about pi = mu_z a_vz s_u c, where c is the
 * factor that the *other* topics of the edge say. With the topic's own credit in it the prior would
 * foretell what it is itself made of, and look too good.
 *
 * Counts are integers, so their order does not matter. Cases without credit, nearly all, are
 * counted by thread; those with credit in one shared table, with atomics, since it would be 22 MB a
 * thread. */

#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/learn_parts.h"

enum {
    AHEAD = 32, /* edges from the one at work to that whose target is announced */
    PLANE = LEARN_REAL_BINS * LEARN_CHANCE_BINS, /* cases of one count bin */
    CELLS = LEARN_COUNT_BINS * PLANE,
    TIE_CELLS = LEARN_COUNT_BINS * LEARN_REAL_BINS
};

typedef struct tally {
    const gv_graph *g;
    const gv_model *m;
    const int64_t *received; /* as in learn_factors() */
    int64_t *cases;          /* [CELLS] */
    const double *pool;      /* [n_nodes], target_pool(), or NULL */
    bool keeps;
} tally;

static int32_t exposure_bin(int64_t units)
{
    return learn_real_bin((double)units / (double)GV_CREDIT_UNIT);
}

/* An edge v -> u, and what it has shown over all topics. */
typedef struct edge {
    gv_node node;            /* u */
    double target, expected; /* s_u r_vu, E_vu */
    int64_t credit;          /* C_vu */
    int64_t begin, end;      /* its evidence */
} edge;

/* Targets come in no order. */
static void announce(const tally *t, int64_t e)
{
    const int64_t last = t->g->out.indptr[t->g->n_nodes] - 1;
    const gv_node u = t->g->out.indices[e + AHEAD < last ? e + AHEAD : last];
    __builtin_prefetch(&t->m->target[u]);
    if (t->pool != NULL)
        __builtin_prefetch(&t->pool[u]);
}

/* Out-edge e of v, whose evidence begins at `cursor` or later. */
static edge look_at(const tally *t, gv_node v, int64_t e, double weight, int64_t cursor)
{
    const gv_evidence *ev = &t->m->evidence;
    edge x = {.node = t->g->out.indices[e]};
    x.target = gv_model_target(t->m, v, x.node, e);
    double lost = 0.0;
    x.begin = cursor;
    x.end = gv_model_edge_end(t->m, cursor, ev->indptr[v + 1], e);
    gv_model_edge_sums(t->m, v, x.begin, x.end, &x.credit, &lost);
    x.expected = x.target * (weight - lost);
    return x;
}

/* Credits and prior that the factors a of v come from. */
static double source_pool(const gv_model *m, gv_node v)
{
    const int64_t pairs = m->pairs.indptr[v + 1] - m->pairs.indptr[v];
    int64_t credit = 0;
    for (int64_t i = m->evidence.indptr[v]; i < m->evidence.indptr[v + 1]; i++)
        credit += m->evidence.credit[i];
    return (double)credit / (double)GV_CREDIT_UNIT + m->k_source * (double)pairs;
}

/* `pool` is that of v. */
typedef void edge_fn(const tally *t, gv_node v, const edge *x, double pool, int64_t *cases);

static void look_at_rows(const tally *t, edge_fn *look, int64_t *cases, int64_t cases_each,
                         int64_t first, int64_t end)
{
    const gv_csr *out = &t->g->out;
#pragma omp parallel for num_threads(gv_context_threads(t->m->ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t v = first; v < end; v++) {
        const double weight = gv_model_weight(t->m, (gv_node)v);
        const double pool = source_pool(t->m, (gv_node)v);
        int64_t cursor = t->m->evidence.indptr[v];
        for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++) {
            announce(t, e);
            const edge x = look_at(t, (gv_node)v, e, weight, cursor);
            look(t, (gv_node)v, &x, pool, cases + gv_thread() * cases_each);
            cursor = x.end;
        }
    }
}

static gv_status each_edge(const tally *t, const char *stage, edge_fn *look, int64_t *cases,
                           int64_t cases_each, gv_error *err)
{
    gv_context *ctx = t->m->ctx;
    const int64_t n = t->g->n_nodes;
    gv_status st = GV_OK;
    for (int64_t first = 0, end; first < n && st == GV_OK; first = end) {
        end = gv_stretch_end(first, n);
        look_at_rows(t, look, cases, cases_each, first, end);
        gv_graph_rest(t->g, &t->g->out, first, end);
        if (t->keeps && gv_keep_due(ctx))
            st = learn_keep_evidence(t->m, err);
        if (st == GV_OK)
            st = gv_progress(ctx, stage, end, n, err);
    }
    for (int32_t i = 1; i < gv_context_threads(ctx); i++)
        for (int64_t cell = 0; cell < cases_each; cell++)
            cases[cell] += cases[i * cases_each + cell];
    return st;
}

/* ---- k_c ------------------------------------------------------------------------------------- */

/* What the factor a or s would be without the edge, over what it is. With C + k = (E + k) factor
 * the pool of credits and prior that the factor comes from, that is (C + k - C_vu) / (C + k -
 * E_vu). */
static double without(double pool, double least, const edge *x)
{
    const double credit = (double)x->credit / (double)GV_CREDIT_UNIT;
    const double rest = pool - credit, expected = pool - x->expected;
    return (rest > least ? rest : least) / (expected > least ? expected : least);
}

/* And those of s_u. */
static double target_pool(const tally *t, gv_node u)
{
    const gv_model *m = t->m;
    int64_t credited = 0;
    if (t->received != NULL)
        return (double)t->received[u] / (double)GV_CREDIT_UNIT + m->k_target;
    for (int64_t i = m->pairs.indptr[u]; i < m->pairs.indptr[u + 1]; i++)
        credited += m->pairs.observed[i];
    return (double)credited + m->k_target;
}

static void count_tie(const tally *t, gv_node v, const edge *x, double pool, int64_t *cases)
{
    const gv_model *m = t->m;
    (void)v;
    if (!(x->expected > 0.0))
        return;
    const double expected =
        x->expected * without(pool, m->k_source, x) * without(t->pool[x->node], m->k_target, x);
    cases[learn_count_bin(x->credit) * LEARN_REAL_BINS + learn_real_bin(expected)]++;
}

static void find_pools(const tally *t, double *pool, int32_t threads)
{
#pragma omp parallel for num_threads(threads) schedule(dynamic, GV_BLOCK)
    for (int64_t u = 0; u < t->g->n_nodes; u++)
        pool[u] = target_pool(t, (gv_node)u);
}

static gv_status find_tie_strength(tally *t, gv_model *m, gv_error *err)
{
    const int32_t threads = gv_context_threads(m->ctx);
    int64_t *cases = gv_alloc_zero(m->ctx, (int64_t)threads * TIE_CELLS, sizeof *cases);
    double *pool = gv_alloc(m->ctx, t->g->n_nodes, sizeof *pool);
    gv_status st = cases == NULL || pool == NULL ? gv_no_memory(m->ctx, "learn", err) : GV_OK;
    if (st == GV_OK) {
        find_pools(t, pool, threads);
        t->pool = pool;
        st = each_edge(t, "learn: ties", count_tie, cases, TIE_CELLS, err);
        t->pool = NULL;
    }
    if (st == GV_OK)
        m->k_tie = learn_gamma_strength(cases);
    gv_free(m->ctx, pool);
    gv_free(m->ctx, cases);
    return st;
}

/* ---- k --------------------------------------------------------------------------------------- */

/* The cases of an edge, one for each topic in which it was exposed. */
static void count_topics(const tally *t, gv_node v, const edge *x, double pool, int64_t *none)
{
    (void)pool;
    const gv_model *m = t->m;
    const gv_pairs *pairs = &m->pairs;
    const gv_evidence *ev = &m->evidence;
    int64_t at = x->begin;
    for (int64_t i = pairs->indptr[v]; i < pairs->indptr[v + 1]; i++) {
        const int32_t z = pairs->topic[i];
        const bool known = at < x->end && (int32_t)(ev->column[at] % m->n_topics) == z;
        const int64_t exposure = known ? ev->exposure[at] : pairs->exposure[i];
        const int64_t credit = known ? ev->credit[at] : 0;
        at += known;
        if (exposure == 0 || m->mu[z] <= 0.0)
            continue;
        const double chance = m->mu[z] * (double)pairs->source[i] * x->target;
        const double own = chance * ((double)exposure / (double)GV_CREDIT_UNIT);
        const double tie = gv_model_tie(m->k_tie, x->credit - credit, x->expected - own);
        const int64_t cell = (int64_t)exposure_bin(exposure) * LEARN_CHANCE_BINS +
                             learn_chance_bin(gv_at_most_one(chance * tie));
        const int32_t count = learn_count_bin(credit);
        if (count == 0)
            none[cell]++;
        else
            __atomic_fetch_add(&t->cases[(int64_t)count * PLANE + cell], 1, __ATOMIC_RELAXED);
    }
}

static gv_status find_edge_strength(tally *t, gv_model *m, gv_error *err)
{
    gv_context *ctx = m->ctx;
    const int64_t threads = gv_context_threads(ctx);
    t->cases = gv_alloc_zero(ctx, CELLS, sizeof *t->cases);
    int64_t *none = gv_alloc_zero(ctx, threads * PLANE, sizeof *none);
    gv_status st = GV_OK;
    if (t->cases == NULL || none == NULL) {
        st = gv_no_memory(ctx, "learn", err);
    } else {
        st = each_edge(t, "learn: edges", count_topics, none, PLANE, err);
        for (int64_t cell = 0; cell < PLANE; cell++)
            t->cases[cell] += none[cell];
    }
    if (st == GV_OK) {
        st = learn_beta_strength(ctx, t->cases, &m->k_edge, err);
    }
    gv_free(ctx, none);
    gv_free(ctx, t->cases);
    return st;
}

gv_status learn_edge_strengths(const gv_graph *g, double prior_strength, const int64_t *received,
                               bool keeps, gv_model *m, gv_error *err)
{
    tally t = {.g = g, .m = m, .received = received, .keeps = keeps};
    gv_status st = find_tie_strength(&t, m, err);
    m->k_edge = prior_strength;
    if (st == GV_OK && prior_strength < 0.0)
        st = find_edge_strength(&t, m, err);
    return st;
}
