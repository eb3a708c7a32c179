/* learn.c -- an influence model from a purchase log.
 *
 * Two passes over the log, item by item: the first finds how long a purchase takes to prompt
 * another (learn_delay.c), the second counts exposures and credits (learn_evidence.c). Then the
 * counters of each consumer are pooled into factors (learn_factors.c), the strength of an edge's
 * prior is found (learn_edges.c), and the model is whole: see engine/model.h for the probability
 * that follows from it.
 *
 * With EM the second pass is made again, ten times, with credits by what is thought so far; see
 * Saito, Nakano, Kimura, "Prediction of information diffusion probabilities for independent cascade
 * model", KES 2008.
 *
 * Source: partial credits, Goyal, Bonchi, Lakshmanan, WSDM 2010; topic-aware factors, Barbieri,
 * Bonchi, Manco, ICDM 2012. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/learn_parts.h"

enum { EM_ROUNDS = 10 };

GV_API gv_learn_opts gv_learn_defaults(void)
{
    return (gv_learn_opts){.method = GV_LEARN_PARTIAL_CREDIT,
                           .credit = GV_CREDIT_EQUAL,
                           .window = 0,
                           .until = INT64_MAX,
                           .prior_strength = -1.0,
                           .min_actions = 1,
                           .seed = 1};
}

static gv_status check(const gv_graph *g, const gv_log *log, const gv_learn_opts *o, gv_error *err)
{
    if (o->window < 0)
        return gv_fail(err, GV_ERR_RANGE, "learn: window %" PRId64 " s is negative", o->window);
    if (o->spell_gap < 0)
        return gv_fail(err, GV_ERR_RANGE, "learn: spell gap %" PRId64 " s is negative",
                       o->spell_gap);
    if (o->method < GV_LEARN_PARTIAL_CREDIT || o->method > GV_LEARN_EM ||
        o->credit < GV_CREDIT_EQUAL || o->credit > GV_CREDIT_LAST)
        return gv_fail(err, GV_ERR_ARG, "learn: method %d with credit rule %d: no such thing",
                       (int)o->method, (int)o->credit);
    if (o->credit != GV_CREDIT_EQUAL && o->method != GV_LEARN_PARTIAL_CREDIT)
        return gv_fail(err, GV_ERR_ARG, "learn: only partial credit is shared by a rule");
    if ((int)o->ties != GV_TIES_PRIOR && o->ties != GV_TIES_IGNORE)
        return gv_fail(err, GV_ERR_ARG, "learn: ties %d is not prior (0) or ignore (1)",
                       (int)o->ties);
    if (isnan(o->prior_strength) || isinf(o->prior_strength))
        return gv_fail(err, GV_ERR_RANGE, "learn: prior strength %g is not a finite number",
                       o->prior_strength);
    if (o->min_actions < 0)
        return gv_fail(err, GV_ERR_RANGE, "learn: min actions %d is negative", o->min_actions);
    if (log->item_share != NULL && o->method == GV_LEARN_JACCARD)
        return gv_fail(err, GV_ERR_ARG,
                       "learn: no Jaccard index where items have shares in topics");
    if (log->n_nodes != g->n_nodes)
        return gv_fail(err, GV_ERR_ARG,
                       "learn: the log is about %" PRId64 " consumers, the graph about %" PRId64,
                       log->n_nodes, g->n_nodes);
    if (o->ties != GV_TIES_IGNORE && g->rule == GV_PROBABILITY_STORED && g->n_edges > 0 &&
        (g->out.probability == NULL || g->in.probability == NULL))
        return gv_fail(err, GV_ERR_ARG,
                       "learn: the graph has its probabilities by source or by target alone");
    return GV_OK;
}

/* The mean strength of everyone's edges: sums by one thread each, in order. */
static gv_status take_strengths(gv_context *ctx, const gv_graph *g, gv_model *m, gv_error *err)
{
    const gv_csr *out = &g->out;
    float *usual = gv_alloc(ctx, g->n_nodes, sizeof *usual);
    if (usual == NULL)
        return gv_no_memory(ctx, "learn", err);
    m->usual = usual;
    m->strength = out->probability;
    for (int64_t first = 0, end; first < g->n_nodes; first = end) {
        end = gv_stretch_end(first, g->n_nodes);
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, GV_BLOCK)
        for (int64_t v = first; v < end; v++) {
            double sum = 0.0;
            for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++)
                sum += (double)out->probability[e];
            const int64_t degree = gv_csr_degree(out, (gv_node)v);
            usual[v] = degree > 0 ? (float)(sum / (double)degree) : 0.0F;
        }
        gv_graph_rest(g, out, first, end);
        const gv_status st = gv_progress(ctx, "learn: strengths", end, g->n_nodes, err);
        if (st != GV_OK)
            return st;
    }
    return GV_OK;
}

static gv_status new_model(gv_context *ctx, const gv_graph *g, const gv_log *log,
                           const gv_learn_opts *o, gv_model **out, gv_error *err)
{
    gv_model *m = gv_alloc_zero(ctx, 1, sizeof *m);
    if (m == NULL)
        return gv_no_memory(ctx, "learn", err);
    *out = m;
    const int32_t n_topics = log->info.n_topics;
    m->ctx = ctx;
    m->n_nodes = g->n_nodes;
    m->n_edges = g->n_edges;
    m->n_topics = n_topics;
    memcpy(m->graph_hash, g->hash, sizeof m->graph_hash);
    memcpy(m->log_hash, log->hash, sizeof m->log_hash);
    m->time_end = o->until < log->info.time_end ? o->until : log->info.time_end;
    m->min_actions = o->min_actions;
    m->method = o->method;
    m->credit = o->credit;
    m->spell_gap = o->spell_gap;
    m->release = gv_model_release_arrays;
    int64_t *items = gv_alloc(ctx, n_topics, sizeof *items);
    m->topic_items = items;
    m->topic_name = gv_alloc(ctx, n_topics, sizeof *m->topic_name);
    if (items == NULL || m->topic_name == NULL)
        return gv_no_memory(ctx, "learn", err);
    memcpy(items, log->topic_items, (size_t)n_topics * sizeof *items);
    memcpy(m->topic_name, log->topic_name, (size_t)n_topics * sizeof *m->topic_name);
    return o->ties == GV_TIES_PRIOR && g->rule == GV_PROBABILITY_STORED
               ? take_strengths(ctx, g, m, err)
               : GV_OK;
}

/* The first pass over the log: delay, in seconds, and window, which are the model's. */
static gv_status find_delays(learn_scan *s, const learn_kept *kept, const gv_learn_opts *o,
                             int64_t *window, gv_model *m, gv_error *err)
{
    double *delay = gv_alloc(s->ctx, m->n_topics, sizeof *delay);
    double *seconds = gv_alloc(s->ctx, m->n_topics, sizeof *seconds);
    m->delay = delay;
    m->window = seconds;
    if (delay == NULL || seconds == NULL || window == NULL)
        return gv_no_memory(s->ctx, "learn", err);
    gv_status st = kept->phase == LEARN_DELAYS
                       ? learn_delays(s, kept, o->window, delay, window, err)
                       : learn_take_delays(m, err);
    for (int32_t z = 0; z < m->n_topics && st == GV_OK; z++)
        if (kept->phase == LEARN_DELAYS)
            seconds[z] = (double)window[z];
        else
            window[z] = (int64_t)seconds[z];
    return st;
}

/* Both passes over the log, or what is left of them. `window` [n_topics] stays with the scan. */
static gv_status read_log(learn_scan *s, const gv_learn_opts *o, int64_t *window, gv_model *m,
                          gv_error *err)
{
    learn_pairs pairs;
    learn_kept kept;
    const learn_rule rule = {.method = o->method, .credit = o->credit};
    gv_status st = learn_take(s->ctx, &kept, err);
    if (st == GV_OK)
        st = find_delays(s, &kept, o, window, m, err);
    if (st == GV_OK) {
        s->delay = m->delay;
        s->window = window;
        st = learn_find_pairs(s, m, &pairs, err);
    }
    if (st != GV_OK)
        return st;
    return kept.phase == LEARN_FACTORS ? learn_take_evidence(m, err)
                                       : learn_count(s, &rule, &kept, m, &pairs, err);
}

/* Everything that follows from the counters. The arrays of factors are taken the first time. */
static gv_status pool(const gv_graph *g, const gv_log *log, const gv_learn_opts *o, gv_model *m,
                      gv_error *err)
{
    gv_context *ctx = m->ctx;
    if (m->mu == NULL)
        m->mu = gv_alloc(ctx, m->n_topics, sizeof *m->mu);
    if (m->pairs.source == NULL)
        m->pairs.source = gv_alloc(ctx, m->pairs.indptr[g->n_nodes], sizeof *m->pairs.source);
    if (m->target == NULL)
        m->target = gv_alloc(ctx, g->n_nodes, sizeof *m->target);
    int64_t *received = learn_adds_up(o, log) ? NULL : gv_alloc(ctx, g->n_nodes, sizeof *received);
    const bool once = o->method != GV_LEARN_EM; /* else others are counted later */
    gv_status st = GV_OK;
    if (m->mu == NULL || m->pairs.source == NULL || m->target == NULL ||
        (received == NULL && !learn_adds_up(o, log)))
        st = gv_no_memory(ctx, "learn", err);
    if (st == GV_OK && received != NULL)
        learn_received(g, m, received);
    if (st == GV_OK)
        st = learn_factors(g, m, received, once, err);
    if (st == GV_OK && o->method == GV_LEARN_JACCARD)
        learn_unite(g, m);
    if (st == GV_OK)
        st = learn_edge_strengths(g, o->prior_strength, received,
                                  once && o->method != GV_LEARN_JACCARD, m, err);
    gv_free(ctx, received);
    return st;
}

/* Credits by what is thought so far, and what is to be thought then. */
static gv_status think_again(learn_scan *s, const gv_learn_opts *o, gv_model *m, gv_error *err)
{
    const gv_evidence before = m->evidence;
    gv_model next = *m;
    const learn_rule rule = {.method = o->method, .credit = o->credit, .prior = m};
    next.evidence = (gv_evidence){0};
    gv_status st = learn_count(s, &rule, NULL, &next, NULL, err);
    m->evidence = next.evidence;
    gv_free(m->ctx, (void *)before.indptr);
    gv_free(m->ctx, (void *)before.column);
    gv_free(m->ctx, (void *)before.credit);
    gv_free(m->ctx, (void *)before.exposure);
    return st == GV_OK ? pool(s->g, s->log, o, m, err) : st;
}

static gv_learn_info describe(const gv_model *m, const gv_log *log, int64_t until)
{
    gv_learn_info info = {.evidence = m->evidence.indptr[m->n_nodes],
                          .k_source = m->k_source,
                          .k_target = m->k_target,
                          .k_edge = m->k_edge,
                          .k_tie = m->k_tie};
    int64_t rows = 0;
    for (int64_t i = 0; i < m->pairs.indptr[m->n_nodes]; i++) {
        info.adoptions += m->pairs.total[i];
        info.credited += m->pairs.observed[i];
    }
    for (int64_t i = 0; i < log->info.rows_kept; i++)
        rows += log->time[i] <= until;
    gv_log_rest(log, 0, log->info.rows_kept);
    info.repeats = rows - info.adoptions;
    return info;
}

GV_API gv_status gv_learn(gv_context *ctx, const gv_graph *g, const gv_log *log,
                          const gv_learn_opts *opts, gv_model **out, gv_learn_info *info,
                          gv_error *err)
{
    const gv_learn_opts o = opts != NULL ? *opts : gv_learn_defaults();
    gv_model *m = NULL;
    learn_scan scan = {.ctx = ctx};
    gv_status st = check(g, log, &o, err);
    if (st != GV_OK)
        return st;
    st = new_model(ctx, g, log, &o, &m, err);
    int64_t *window = gv_alloc(ctx, log->info.n_topics, sizeof *window);
    if (st == GV_OK)
        st = learn_scan_begin(ctx, g, log, o.until, o.spell_gap, o.seed, &scan, err);
    if (st == GV_OK)
        st = read_log(&scan, &o, window, m, err);
    if (o.method != GV_LEARN_EM)
        learn_scan_end(&scan);
    if (st == GV_OK)
        st = pool(g, log, &o, m, err);
    for (int i = 0; i < EM_ROUNDS && st == GV_OK && o.method == GV_LEARN_EM; i++)
        st = think_again(&scan, &o, m, err);
    if (o.method == GV_LEARN_EM)
        learn_scan_end(&scan);
    gv_free(ctx, window);
    if (st != GV_OK) {
        gv_model_free(m);
        return st;
    }
    if (info != NULL)
        *info = describe(m, log, o.until);
    *out = m;
    return GV_OK;
}
