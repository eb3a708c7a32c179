/* learn_factors.c -- empirical-Bayes shrinkage: what is known of a consumer from all their edges.
 *
 *   mu_z = total credit / total exposure of the topic (learn_mu.c)
 *   E_vz = sum over edges v -> u of mu_z s_u r_vu exposure(v -> u, z)
 *   a_vz = (C_vz + k_a) / (E_vz + k_a)
 *   E_u  = sum over edges v -> u, z of mu_z a_vz r_vu exposure(v -> u, z)
 *   s_u  = (C_u + k_s) / (E_u + k_s)
 *
 * r_vu are the graph's strengths (engine/model.h), 1 where it has none; below they are left out.
 * C are credits given and received. Two alternations from s = 1; after each step the means are set
 * to 1: of a over the pairs of a topic, of s over all consumers. k_a and k_s come from the data
 * (learn_strength.c), anew in each step. Both factors are kept as float between the steps, and hold
 * the expectations E while the strength is being found.
 *
 * An edge's exposure is that of its pair unless the evidence knows better, so that
 *   E_vz = mu_z (exposure_vz sum over u of s_u  -  sum over evidence of s_u deduction)
 *   E_u  = sum over v of W_v  -  sum over evidence of mu_z a_vz deduction,  W_v = sum over z of
 * mu_z a_vz exposure_vz which takes one pass over the edges and one over the evidence. Deductions
 * reach their target from many sources at once: they are added with atomics, as integers in units
 * of 2^-61 of a power of two that bounds the sum W, so that the order does not matter. Floating
 * sums are each taken by one thread in order of the edges, and over consumers part by part in fixed
 * parts.
 *
 * Source: the factors are the authority and interest of the AIR model (Barbieri, Bonchi, Manco,
 * "Topic-aware social influence propagation models", ICDM 2012), used as a prior. */
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/learn_parts.h"

enum {
    PARTS = 1024,
    ALTERNATIONS = 2,
    WALKS = 3,
    AHEAD = 48, /* edges from the one at work to that whose neighbour is announced */
    GAMMA_CELLS = LEARN_COUNT_BINS * LEARN_REAL_BINS
};

typedef struct factors {
    gv_context *ctx;
    const gv_graph *g;
    gv_model *m;
    const int64_t *received; /* [n_nodes] units, or NULL: one for each purchase after a friend's */
    double *mu;              /* [n_topics] */
    float *source;           /* [pairs], a or E */
    float *target;           /* [n_nodes], s or E */
    double *weight;          /* [n_nodes], W_v, or the sum of s over out-neighbours */
    double *arrive;          /* [n_nodes], sum of W */
    int64_t *deduct;         /* [n_nodes], in units of 2^-61 of the bound; where `weight` was */
    int64_t walked;          /* rows of all walks so far */
    bool keeps;
    int64_t *cases;  /* [threads][GAMMA_CELLS] */
    double *row;     /* [threads][n_topics], deductions of a consumer */
    int64_t *given;  /* [threads][n_topics], credits of a consumer */
    double *part;    /* [PARTS][n_topics] */
    int64_t *number; /* [PARTS][n_topics] */
} factors;

/* Nodes of part p: [begin, end); the parts depend on the number of nodes alone. */
static int64_t part_begin(const factors *f, int64_t p)
{
    return f->g->n_nodes / PARTS * p + (p < f->g->n_nodes % PARTS ? p : f->g->n_nodes % PARTS);
}

static double purchases(int64_t units)
{
    return (double)units / (double)GV_CREDIT_UNIT;
}

static int64_t evidence_edge(const factors *f, int64_t i)
{
    return f->m->evidence.column[i] / f->m->n_topics;
}

static gv_node evidence_target(const factors *f, int64_t i)
{
    return f->g->out.indices[evidence_edge(f, i)];
}

static int32_t evidence_topic(const factors *f, int64_t i)
{
    return (int32_t)(f->m->evidence.column[i] % f->m->n_topics);
}

/* ---- histograms and means -------------------------------------------------------------------- */

static void clear_cases(const factors *f)
{
    const int64_t n = (int64_t)gv_context_threads(f->ctx) * GAMMA_CELLS;
    for (int64_t i = 0; i < n; i++)
        f->cases[i] = 0;
}

/* A case of no expectation tells nothing. */
static void add_case(int64_t *cases, int64_t units, double expected)
{
    if (expected > 0.0)
        cases[learn_count_bin(units) * LEARN_REAL_BINS + learn_real_bin(expected)]++;
}

static double find_strength(const factors *f)
{
    for (int32_t t = 1; t < gv_context_threads(f->ctx); t++)
        for (int64_t i = 0; i < GAMMA_CELLS; i++)
            f->cases[i] += f->cases[t * (int64_t)GAMMA_CELLS + i];
    return learn_gamma_strength(f->cases);
}

/* What a walk along all edges does at rows [first, end). */
typedef void step(const factors *f, int64_t first, int64_t end);

/* Walks along the edges of `csr` and of the evidence, stretch by stretch. */
static gv_status walk(factors *f, const gv_csr *csr, step *const *steps, int n_steps, gv_error *err)
{
    const int64_t n = f->g->n_nodes, all = ALTERNATIONS * WALKS * n;
    gv_status st = GV_OK;
    for (int64_t first = 0, end; first < n && st == GV_OK; first = end) {
        end = gv_stretch_end(first, n);
        for (int i = 0; i < n_steps; i++)
            steps[i](f, first, end);
        gv_graph_rest(f->g, csr, first, end);
        f->walked += end - first;
        if (f->keeps && gv_keep_due(f->ctx))
            st = learn_keep_evidence(f->m, err);
        if (st == GV_OK)
            st = gv_progress(f->ctx, "learn: factors", f->walked, all, err);
    }
    return st;
}

static float scaled(float x, double mean)
{
    return (float)((double)x / mean);
}

/* ---- sources --------------------------------------------------------------------------------- */

/* The neighbour some edges behind e: they come in no order. */
static inline gv_node later(const gv_csr *csr, int64_t e, int64_t last)
{
    return csr->indices[e + AHEAD < last ? e + AHEAD : last];
}

/* Sum of s over the out-neighbours of everyone. */
static void add_targets(const factors *f, int64_t first, int64_t end)
{
    const gv_csr *out = &f->g->out;
    const int64_t last = out->indptr[end] - 1;
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t v = first; v < end; v++) {
        double sum = 0.0;
        for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++) {
            __builtin_prefetch(&f->target[later(out, e, last)]);
            sum += gv_model_target(f->m, (gv_node)v, out->indices[e], e);
        }
        f->weight[v] = sum;
    }
}

/* Credits given by v, into given [n_topics]; `row`, unless NULL, gets the sums of s_u deduction.
 * Only the entries of v's pairs are set. */
static void sum_evidence(const factors *f, gv_node v, int64_t *given, double *row)
{
    const gv_pairs *pairs = &f->m->pairs;
    const gv_evidence *ev = &f->m->evidence;
    for (int64_t i = pairs->indptr[v]; i < pairs->indptr[v + 1]; i++) {
        given[pairs->topic[i]] = 0;
        if (row != NULL)
            row[pairs->topic[i]] = 0.0;
    }
    for (int64_t i = ev->indptr[v]; i < ev->indptr[v + 1]; i++) {
        const int32_t z = evidence_topic(f, i);
        given[z] += ev->credit[i];
        if (row != NULL) {
            const int64_t lost = pairs->exposure[gv_model_pair(f->m, v, z)] - ev->exposure[i];
            row[z] += gv_model_target(f->m, v, evidence_target(f, i), evidence_edge(f, i)) *
                      purchases(lost);
        }
    }
}

static void expect_sources(const factors *f, int64_t first, int64_t end)
{
    const gv_pairs *pairs = &f->m->pairs;
    const int32_t n_topics = f->m->n_topics;
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t v = first; v < end; v++) {
        const int64_t thread = gv_thread();
        int64_t *given = f->given + thread * n_topics;
        double *row = f->row + thread * n_topics;
        sum_evidence(f, (gv_node)v, given, row);
        for (int64_t i = pairs->indptr[v]; i < pairs->indptr[v + 1]; i++) {
            const int32_t z = pairs->topic[i];
            const double all = purchases(pairs->exposure[i]) * f->weight[v] - row[z];
            f->source[i] = (float)fmax(0.0, f->mu[z] * all);
            add_case(f->cases + thread * GAMMA_CELLS, given[z], (double)f->source[i]);
        }
    }
}

/* a from E, and the sums and numbers of a by part and topic. */
static void shrink_sources(const factors *f, double k)
{
    const gv_pairs *pairs = &f->m->pairs;
    const int32_t n_topics = f->m->n_topics;
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(dynamic, 1)
    for (int64_t p = 0; p < PARTS; p++) {
        int64_t *given = f->given + (int64_t)gv_thread() * n_topics;
        double *sum = f->part + p * n_topics;
        int64_t *number = f->number + p * n_topics;
        for (int32_t z = 0; z < n_topics; z++)
            sum[z] = 0.0, number[z] = 0;
        for (int64_t v = part_begin(f, p); v < part_begin(f, p + 1); v++) {
            sum_evidence(f, (gv_node)v, given, NULL);
            for (int64_t i = pairs->indptr[v]; i < pairs->indptr[v + 1]; i++) {
                const int32_t z = pairs->topic[i];
                f->source[i] = (float)((purchases(given[z]) + k) / ((double)f->source[i] + k));
                sum[z] += (double)f->source[i];
                number[z]++;
            }
        }
    }
}

/* Leaves the means of the topics in part [n_topics]. */
static void find_source_means(const factors *f)
{
    const int32_t n_topics = f->m->n_topics;
    for (int64_t p = 1; p < PARTS; p++)
        for (int32_t z = 0; z < n_topics; z++) {
            f->part[z] += f->part[p * n_topics + z];
            f->number[z] += f->number[p * n_topics + z];
        }
    for (int32_t z = 0; z < n_topics; z++)
        f->part[z] = f->number[z] > 0 ? f->part[z] / (double)f->number[z] : 1.0;
}

static void scale_sources(const factors *f)
{
    const int64_t n = f->m->pairs.indptr[f->g->n_nodes];
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(static)
    for (int64_t i = 0; i < n; i++)
        f->source[i] = scaled(f->source[i], f->part[f->m->pairs.topic[i]]);
}

static gv_status fit_sources(factors *f, gv_error *err)
{
    clear_cases(f);
    const gv_status st = walk(f, &f->g->out, (step *const[]){add_targets, expect_sources}, 2, err);
    if (st != GV_OK)
        return st;
    f->m->k_source = find_strength(f);
    shrink_sources(f, f->m->k_source);
    find_source_means(f);
    scale_sources(f);
    return GV_OK;
}

/* ---- targets --------------------------------------------------------------------------------- */

static void weigh_sources(const factors *f)
{
    const gv_pairs *pairs = &f->m->pairs;
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t v = 0; v < f->g->n_nodes; v++) {
        double sum = 0.0;
        for (int64_t i = pairs->indptr[v]; i < pairs->indptr[v + 1]; i++)
            sum += f->mu[pairs->topic[i]] * (double)f->source[i] * purchases(pairs->exposure[i]);
        f->weight[v] = sum;
    }
}

/* r of in-edge e. */
static double relative(const factors *f, const gv_csr *in, int64_t e)
{
    return f->m->usual == NULL ? 1.0
                               : gv_model_relative(in->probability[e], f->m->usual[in->indices[e]]);
}

static void add_sources(const factors *f, int64_t first, int64_t end)
{
    const gv_csr *in = &f->g->in;
    const int64_t last = in->indptr[end] - 1;
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t u = first; u < end; u++) {
        double sum = 0.0;
        for (int64_t e = in->indptr[u]; e < in->indptr[u + 1]; e++) {
            __builtin_prefetch(&f->weight[later(in, e, last)]);
            sum += f->weight[in->indices[e]] * relative(f, in, e);
        }
        f->arrive[u] = sum;
    }
}

/* Deductions take the place of the weights, which have arrived. */
static void clear_deductions(factors *f)
{
    f->deduct = (int64_t *)(void *)f->weight;
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(static)
    for (int64_t u = 0; u < f->g->n_nodes; u++)
        f->deduct[u] = 0;
}

/* 2^this is more than what arrives at u, and so more than what is deducted from it. */
static int bound_exponent(const factors *f, gv_node u)
{
    int exponent;
    (void)frexp(f->arrive[u], &exponent);
    return exponent;
}

static double evidence_relative(const factors *f, gv_node v, int64_t i)
{
    const gv_model *m = f->m;
    return m->usual == NULL ? 1.0
                            : gv_model_relative(m->strength[evidence_edge(f, i)], m->usual[v]);
}

static void add_deductions(const factors *f, int64_t first, int64_t end)
{
    const gv_evidence *ev = &f->m->evidence;
    const gv_pairs *pairs = &f->m->pairs;
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t v = first; v < end; v++)
        for (int64_t i = ev->indptr[v]; i < ev->indptr[v + 1]; i++) {
            const int32_t z = evidence_topic(f, i);
            const gv_node u = evidence_target(f, i);
            const int64_t pair = gv_model_pair(f->m, (gv_node)v, z);
            const int64_t lost = pairs->exposure[pair] - ev->exposure[i];
            if (lost == 0)
                continue;
            const double x = f->mu[z] * (double)f->source[pair] * purchases(lost) *
                             evidence_relative(f, (gv_node)v, i);
            __atomic_fetch_add(&f->deduct[u], llrint(ldexp(x, 61 - bound_exponent(f, u))),
                               __ATOMIC_RELAXED);
        }
}

/* Credits that u received, in units. */
static int64_t received(const factors *f, int64_t u)
{
    const gv_pairs *pairs = &f->m->pairs;
    int64_t purchases_credited = 0;
    if (f->received != NULL)
        return f->received[u];
    for (int64_t i = pairs->indptr[u]; i < pairs->indptr[u + 1]; i++)
        purchases_credited += pairs->observed[i];
    return purchases_credited * GV_CREDIT_UNIT;
}

static void expect_targets(const factors *f)
{
    clear_cases(f);
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(dynamic, GV_BLOCK)
    for (int64_t u = 0; u < f->g->n_nodes; u++) {
        const double lost = ldexp((double)f->deduct[u], bound_exponent(f, (gv_node)u) - 61);
        f->target[u] = (float)fmax(0.0, f->arrive[u] - lost);
        add_case(f->cases + (int64_t)gv_thread() * GAMMA_CELLS, received(f, u),
                 (double)f->target[u]);
    }
}

static double shrink_targets(const factors *f, double k)
{
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(dynamic, 1)
    for (int64_t p = 0; p < PARTS; p++) {
        double sum = 0.0;
        for (int64_t u = part_begin(f, p); u < part_begin(f, p + 1); u++) {
            f->target[u] = (float)((purchases(received(f, u)) + k) / ((double)f->target[u] + k));
            sum += (double)f->target[u];
        }
        f->part[p] = sum;
    }
    return f->g->n_nodes > 0 ? gv_sum(f->part, PARTS) / (double)f->g->n_nodes : 1.0;
}

static gv_status fit_targets(factors *f, gv_error *err)
{
    weigh_sources(f);
    gv_status st = walk(f, &f->g->in, (step *const[]){add_sources}, 1, err);
    if (st == GV_OK) {
        clear_deductions(f);
        st = walk(f, &f->g->out, (step *const[]){add_deductions}, 1, err);
    }
    if (st != GV_OK)
        return st;
    expect_targets(f);
    f->m->k_target = find_strength(f);
    const double mean = shrink_targets(f, f->m->k_target);
#pragma omp parallel for num_threads(gv_context_threads(f->ctx)) schedule(static)
    for (int64_t u = 0; u < f->g->n_nodes; u++)
        f->target[u] = scaled(f->target[u], mean);
    return GV_OK;
}

/* ---- all ------------------------------------------------------------------------------------- */

static bool take_memory(factors *f)
{
    const int64_t n = f->g->n_nodes, threads = gv_context_threads(f->ctx);
    const int64_t topics = f->m->n_topics > 0 ? f->m->n_topics : 1;
    f->weight = gv_alloc(f->ctx, n, sizeof *f->weight);
    f->arrive = gv_alloc(f->ctx, n, sizeof *f->arrive);
    f->cases = gv_alloc(f->ctx, threads * GAMMA_CELLS, sizeof *f->cases);
    f->row = gv_alloc(f->ctx, threads * topics, sizeof *f->row);
    f->given = gv_alloc(f->ctx, threads * topics, sizeof *f->given);
    f->part = gv_alloc(f->ctx, PARTS * topics, sizeof *f->part);
    f->number = gv_alloc(f->ctx, PARTS * topics, sizeof *f->number);
    return f->weight != NULL && f->arrive != NULL && f->cases != NULL && f->row != NULL &&
           f->given != NULL && f->part != NULL && f->number != NULL;
}

static void give_memory(const factors *f)
{
    gv_free(f->ctx, f->weight);
    gv_free(f->ctx, f->arrive);
    gv_free(f->ctx, f->cases);
    gv_free(f->ctx, f->row);
    gv_free(f->ctx, f->given);
    gv_free(f->ctx, f->part);
    gv_free(f->ctx, f->number);
}

gv_status learn_factors(const gv_graph *g, gv_model *m, const int64_t *received, bool keeps,
                        gv_error *err)
{
    float *target = (float *)m->target;
    factors f = {.ctx = m->ctx,
                 .g = g,
                 .m = m,
                 .received = received,
                 .keeps = keeps,
                 .mu = (double *)m->mu,
                 .source = (float *)m->pairs.source,
                 .target = target};
    gv_status st = take_memory(&f) ? GV_OK : gv_no_memory(m->ctx, "learn", err);
    if (st == GV_OK)
        st = learn_mu(g, m, received, f.mu, err);
    for (int64_t u = 0; u < g->n_nodes && st == GV_OK; u++)
        target[u] = 1.0f;
    for (int i = 0; i < ALTERNATIONS && st == GV_OK; i++) {
        st = fit_sources(&f, err);
        if (st == GV_OK)
            st = fit_targets(&f, err);
    }
    give_memory(&f);
    return st;
}
