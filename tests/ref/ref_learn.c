/* ref_learn.c -- see ref_learn.h. Dull on purpose: every edge is asked about every item. */
#include "ref_learn.h"

#include <math.h>
#include <stdlib.h>

#include "engine/rng.h"

static const double UNIT = 4294967296.0;

static void *zeros(int64_t n, size_t size)
{
    return calloc((size_t)(n > 0 ? n : 1), size);
}

/* ---- counters -------------------------------------------------------------------------------- */

typedef struct item {
    int64_t *time;     /* [n_nodes], time of adoption, INT64_MAX without */
    gv_node *buyer;    /* [n], by (time, user) */
    int64_t *position; /* [n_nodes], place among the buyers */
    int64_t n;
} item;

static void adopt(const gv_log *log, int64_t a, int64_t until, item *x, ref_counters *c)
{
    for (int64_t v = 0; v < c->n_nodes; v++)
        x->time[v] = INT64_MAX;
    for (int64_t i = log->indptr[a]; i < log->indptr[a + 1]; i++) {
        if (log->time[i] > until)
            continue;
        int64_t *time = &x->time[log->user[i]];
        c->repeats += *time < INT64_MAX;
        *time = log->time[i] < *time ? log->time[i] : *time;
    }
    /* The rows of an item come by (time, user), and a consumer's first of them counts. */
    x->n = 0;
    for (int64_t i = log->indptr[a]; i < log->indptr[a + 1]; i++) {
        const gv_node u = log->user[i];
        if (log->time[i] > until || log->time[i] != x->time[u] ||
            (i > log->indptr[a] && log->user[i - 1] == u && log->time[i - 1] == log->time[i]))
            continue;
        x->position[u] = x->n;
        x->buyer[x->n++] = u;
    }
}

static int64_t seen(double x, double delay)
{
    if (x <= 0.0)
        return 0;
    const double units = floor(-expm1(-x / delay) * UNIT + 0.5);
    return units < 1.0 ? 1 : (int64_t)units;
}

static bool prompts(int64_t before, int64_t after, double window)
{
    return before != INT64_MAX && after != INT64_MAX && before < after &&
           (double)(after - before) <= window;
}

static void count_edges(const gv_graph *g, const item *x, int32_t z, int64_t end, const gv_model *m,
                        ref_counters *c)
{
    for (gv_node v = 0; v < g->n_nodes; v++) {
        if (x->time[v] == INT64_MAX)
            continue;
        const int64_t units = seen(fmin(m->window[z], (double)(end - x->time[v])), m->delay[z]);
        c->base[v * c->n_topics + z] += units;
        for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++)
            if (x->time[g->out.indices[e]] > x->time[v])
                c->exposure[e * c->n_topics + z] += units;
    }
}

/* Number of parents of u; gives them their credits unless `c` is NULL. */
static int64_t parents(const gv_graph *g, const int64_t *time, gv_node u, int32_t z, double window,
                       ref_counters *c)
{
    int64_t n = 0, at = 0;
    for (int64_t e = g->in.indptr[u]; e < g->in.indptr[u + 1]; e++)
        n += prompts(time[g->in.indices[e]], time[u], window);
    for (int64_t e = g->in.indptr[u]; e < g->in.indptr[u + 1] && c != NULL; e++) {
        const gv_node v = g->in.indices[e];
        if (!prompts(time[v], time[u], window))
            continue;
        const int64_t share = GV_CREDIT_UNIT / n + (at++ < GV_CREDIT_UNIT % n);
        c->credit[gv_csr_find(&g->out, v, u) * c->n_topics + z] += share;
    }
    return n;
}

static void count_shuffled(const gv_graph *g, const item *x, int32_t z, uint64_t key,
                           uint64_t item_key, const gv_model *m, ref_counters *c)
{
    int64_t *order = zeros(x->n, sizeof *order), *time = zeros(c->n_nodes, sizeof *time);
    for (uint64_t shuffle = 0; shuffle < GV_SHUFFLES; shuffle++) {
        for (int64_t i = 0; i < x->n; i++)
            order[i] = i;
        for (int64_t i = x->n - 1; i > 0; i--) {
            const uint64_t draw = (uint64_t)(x->n - 1 - i);
            const gv_random r = gv_philox(key, item_key, shuffle << 32 | draw / 2);
            const int64_t j = (int64_t)gv_below(gv_random_u64(r, (int)(draw % 2)), (uint64_t)i + 1);
            const int64_t swap = order[i];
            order[i] = order[j], order[j] = swap;
        }
        for (int64_t v = 0; v < c->n_nodes; v++)
            time[v] = INT64_MAX;
        for (int64_t i = 0; i < x->n; i++)
            time[x->buyer[i]] = x->time[x->buyer[order[i]]];
        for (int64_t i = 0; i < x->n; i++)
            c->shuffled[x->buyer[i] * c->n_topics + z] +=
                parents(g, time, x->buyer[i], z, m->window[z], NULL) > 0;
    }
    free(order), free(time);
}

ref_counters ref_count(const gv_graph *g, const gv_log *log, int64_t until, uint64_t seed,
                       const gv_model *m)
{
    ref_counters c = {
        g->n_nodes, g->n_edges, log->info.n_topics, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0};
    const int64_t cells = c.n_edges * c.n_topics, pairs = c.n_nodes * c.n_topics;
    const int64_t end = until < log->info.time_end ? until : log->info.time_end;
    c.credit = zeros(cells, sizeof *c.credit), c.exposure = zeros(cells, sizeof *c.exposure);
    c.base = zeros(pairs, sizeof *c.base), c.total = zeros(pairs, sizeof *c.total);
    c.observed = zeros(pairs, sizeof *c.observed), c.shuffled = zeros(pairs, sizeof *c.shuffled);
    c.last = zeros(pairs, sizeof *c.last);
    item x = {zeros(c.n_nodes, sizeof *x.time), zeros(c.n_nodes, sizeof *x.buyer),
              zeros(c.n_nodes, sizeof *x.position), 0};
    for (int64_t a = 0; a < log->info.n_items; a++) {
        const int32_t z = log->item_topic[a];
        adopt(log, a, until, &x, &c);
        count_edges(g, &x, z, end, m, &c);
        for (int64_t i = 0; i < x.n; i++) {
            const gv_node u = x.buyer[i];
            const int64_t pair = u * c.n_topics + z;
            if (c.total[pair] == 0 || x.time[u] > c.last[pair])
                c.last[pair] = x.time[u];
            c.total[pair]++;
            c.observed[pair] += parents(g, x.time, u, z, m->window[z], &c) > 0;
        }
        count_shuffled(g, &x, z, gv_key(seed, GV_FOR_SHUFFLE), log->item_key[a], m, &c);
    }
    free(x.time), free(x.buyer), free(x.position);
    return c;
}

void ref_counters_free(ref_counters *c)
{
    free(c->credit), free(c->exposure), free(c->base), free(c->total);
    free(c->observed), free(c->shuffled), free(c->last);
}

/* ---- strengths ------------------------------------------------------------------------------- */

/* The middle of the quarter octave that x lies in. */
static double round_real(double x, int first, int last)
{
    const double least = exp2(first), most = exp2(last) * (1.0 - 0x1p-50);
    x = fmax(least, fmin(most, x));
    int exponent;
    const double lead = floor(frexp(x, &exponent) * 8.0); /* 4, 5, 6 or 7 */
    return sqrt(lead * (lead + 1.0)) * exp2(exponent - 3);
}

static double round_count(int64_t units)
{
    const double count = floor((double)units / UNIT + 0.5);
    return count < 16.0 ? count : round_real(count, 4, 28);
}

typedef struct cases {
    double *count, *expected, *chance;
    int64_t n;
} cases;

static cases cases_for(int64_t room)
{
    return (cases){zeros(room, sizeof(double)), zeros(room, sizeof(double)),
                   zeros(room, sizeof(double)), 0};
}

static void cases_free(cases *x)
{
    free(x->count), free(x->expected), free(x->chance);
}

static double gamma_strength(const cases *x)
{
    double best = 0.0, strength = 0.0;
    for (int step = 40; step >= -16; step--) {
        const double k = exp2(step / 4.0);
        double sum = 0.0;
        for (int64_t i = 0; i < x->n; i++)
            sum += lgamma(x->count[i] + k) - lgamma(k) + k * log(k / (x->expected[i] + k)) +
                   x->count[i] * log(x->expected[i] / (x->expected[i] + k));
        if (strength == 0.0 || sum - best > 1e-9 * fabs(best))
            best = sum, strength = k;
    }
    return strength;
}

static double log_beta(double a, double b)
{
    return lgamma(a) + lgamma(b) - lgamma(a + b);
}

/* ---- edges ----------------------------------------------------------------------------------- */

typedef struct ref_edge_sums {
    double credit, expected; /* over all topics but one, -1: over all */
} ref_edge_sums;

static ref_edge_sums sum_edge(const gv_graph *g, const ref_counters *c, const gv_model *m,
                              gv_node v, int64_t e, int32_t but)
{
    ref_edge_sums s = {0.0, 0.0};
    for (int32_t z = 0; z < c->n_topics; z++) {
        const int64_t pair = gv_model_pair(m, v, z), at = e * c->n_topics + z;
        if (z == but || pair < 0)
            continue;
        s.credit += (double)c->credit[at] / UNIT;
        s.expected += m->mu[z] * (double)m->pairs.source[pair] *
                      (double)m->target[g->out.indices[e]] * (double)c->exposure[at] / UNIT;
    }
    return s;
}

/* Credits that v gave (u received), and the prior of the factors that were made from them. */
static double source_pool(const gv_graph *g, const ref_counters *c, const gv_model *m, gv_node v)
{
    double sum = m->k_source * (double)(m->pairs.indptr[v + 1] - m->pairs.indptr[v]);
    for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++)
        sum += sum_edge(g, c, m, v, e, -1).credit;
    return sum;
}

static double target_pool(const gv_graph *g, const ref_counters *c, const gv_model *m, gv_node u)
{
    double sum = m->k_target;
    for (int64_t e = g->in.indptr[u]; e < g->in.indptr[u + 1]; e++) {
        const gv_node v = g->in.indices[e];
        sum += sum_edge(g, c, m, v, gv_csr_find(&g->out, v, u), -1).credit;
    }
    return sum;
}

double ref_tie_strength(const gv_graph *g, const ref_counters *c, const gv_model *m)
{
    cases x = cases_for(c->n_edges);
    for (gv_node v = 0; v < g->n_nodes; v++)
        for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++) {
            const ref_edge_sums s = sum_edge(g, c, m, v, e, -1);
            const double from = source_pool(g, c, m, v),
                         to = target_pool(g, c, m, g->out.indices[e]);
            if (!(s.expected > 1e-12))
                continue;
            x.count[x.n] = round_count((int64_t)(s.credit * UNIT));
            x.expected[x.n++] = round_real(s.expected * fmax(m->k_source, from - s.credit) /
                                               fmax(m->k_source, from - s.expected) *
                                               fmax(m->k_target, to - s.credit) /
                                               fmax(m->k_target, to - s.expected),
                                           -24, 24);
        }
    const double strength = gamma_strength(&x);
    cases_free(&x);
    return strength;
}

double ref_edge_strength(const gv_graph *g, const ref_counters *c, const gv_model *m)
{
    cases x = cases_for(c->n_edges * c->n_topics);
    for (gv_node v = 0; v < g->n_nodes; v++)
        for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++)
            for (int32_t z = 0; z < c->n_topics; z++) {
                const int64_t at = e * c->n_topics + z, pair = gv_model_pair(m, v, z);
                if (c->exposure[at] == 0 || m->mu[z] == 0.0)
                    continue;
                x.count[x.n] = round_count(c->credit[at]);
                x.expected[x.n] =
                    fmax(x.count[x.n], round_real((double)c->exposure[at] / UNIT, -24, 24));
                const ref_edge_sums s = sum_edge(g, c, m, v, e, z); /* what other topics say */
                x.chance[x.n++] =
                    round_real(fmin(1.0, m->mu[z] * (double)m->pairs.source[pair] *
                                             (double)m->target[g->out.indices[e]] *
                                             (s.credit + m->k_tie) / (s.expected + m->k_tie)),
                               -32, 0);
            }
    double best = 0.0, strength = 0.0;
    for (int step = 48; step >= -16; step--) {
        const double k = exp2(step / 4.0);
        double sum = 0.0;
        for (int64_t i = 0; i < x.n; i++)
            sum += log_beta(x.count[i] + k * x.chance[i],
                            x.expected[i] - x.count[i] + k * (1.0 - x.chance[i])) -
                   log_beta(k * x.chance[i], k * (1.0 - x.chance[i]));
        if (strength == 0.0 || sum - best > 1e-9 * fabs(best))
            best = sum, strength = k;
    }
    cases_free(&x);
    return strength;
}

/* ---- factors --------------------------------------------------------------------------------- */

static void pool_sources(const gv_graph *g, const ref_counters *c, ref_factors *f)
{
    const int64_t pairs = c->n_nodes * c->n_topics;
    double *given = zeros(pairs, sizeof *given), *expected = zeros(pairs, sizeof *expected);
    cases x = cases_for(pairs);
    for (gv_node v = 0; v < g->n_nodes; v++)
        for (int32_t z = 0; z < c->n_topics; z++) {
            const int64_t pair = v * c->n_topics + z;
            int64_t units = 0;
            for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++) {
                units += c->credit[e * c->n_topics + z];
                expected[pair] += f->mu[z] * f->target[g->out.indices[e]] *
                                  (double)c->exposure[e * c->n_topics + z] / UNIT;
            }
            given[pair] = (double)units / UNIT;
            if (expected[pair] > 0.0) {
                x.count[x.n] = round_count(units);
                x.expected[x.n++] = round_real(expected[pair], -24, 24);
            }
        }
    f->k_source = gamma_strength(&x);
    for (int32_t z = 0; z < c->n_topics; z++) {
        double sum = 0.0, n = 0.0;
        for (int64_t pair = z; pair < pairs; pair += c->n_topics) {
            if (c->total[pair] == 0)
                continue;
            f->source[pair] = (given[pair] + f->k_source) / (expected[pair] + f->k_source);
            sum += f->source[pair], n += 1.0;
        }
        for (int64_t pair = z; pair < pairs; pair += c->n_topics)
            if (c->total[pair] > 0)
                f->source[pair] /= sum / n;
    }
    free(given), free(expected), cases_free(&x);
}

static void pool_targets(const gv_graph *g, const ref_counters *c, ref_factors *f)
{
    int64_t *received = zeros(c->n_nodes, sizeof *received);
    double *expected = zeros(c->n_nodes, sizeof *expected), sum = 0.0;
    cases x = cases_for(c->n_nodes);
    for (gv_node v = 0; v < g->n_nodes; v++)
        for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++)
            for (int32_t z = 0; z < c->n_topics; z++) {
                received[g->out.indices[e]] += c->credit[e * c->n_topics + z];
                expected[g->out.indices[e]] += f->mu[z] * f->source[v * c->n_topics + z] *
                                               (double)c->exposure[e * c->n_topics + z] / UNIT;
            }
    for (gv_node u = 0; u < g->n_nodes; u++)
        if (expected[u] > 0.0) {
            x.count[x.n] = round_count(received[u]);
            x.expected[x.n++] = round_real(expected[u], -24, 24);
        }
    f->k_target = gamma_strength(&x);
    for (gv_node u = 0; u < g->n_nodes; u++) {
        f->target[u] = ((double)received[u] / UNIT + f->k_target) / (expected[u] + f->k_target);
        sum += f->target[u];
    }
    for (gv_node u = 0; u < g->n_nodes; u++)
        f->target[u] /= sum / (double)g->n_nodes;
    free(received), free(expected), cases_free(&x);
}

ref_factors ref_pool(const gv_graph *g, const ref_counters *c)
{
    const int64_t pairs = c->n_nodes * c->n_topics;
    ref_factors f = {zeros(c->n_topics, sizeof *f.mu), zeros(pairs, sizeof *f.source),
                     zeros(c->n_nodes, sizeof *f.target), 0.0, 0.0};
    for (int32_t z = 0; z < c->n_topics; z++) {
        double credit = 0.0, exposure = 0.0;
        for (int64_t e = 0; e < c->n_edges; e++) {
            credit += (double)c->credit[e * c->n_topics + z];
            exposure += (double)c->exposure[e * c->n_topics + z];
        }
        f.mu[z] = exposure > 0.0 ? credit / exposure : 0.0;
    }
    for (int64_t i = 0; i < pairs; i++)
        f.source[i] = 1.0;
    for (int64_t u = 0; u < c->n_nodes; u++)
        f.target[u] = 1.0;
    for (int i = 0; i < 2; i++) {
        pool_sources(g, c, &f);
        pool_targets(g, c, &f);
    }
    return f;
}

void ref_factors_free(ref_factors *f)
{
    free(f->mu), free(f->source), free(f->target);
}
