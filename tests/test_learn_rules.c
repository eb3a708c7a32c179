/* test_learn_rules.c -- who is credited for a purchase: rules of sharing, methods, and purchases
 * that count again after a gap, against the definitions, edge by edge. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/context.h"
#include "engine/model.h"
#include "grapevine/grapevine.h"
#include "greatest.h"
#include "support/graphs.h"

enum { NODES = 24, ITEMS = 6, TOPICS = 2, ROWS = 700, SPELLS = 64 };

static const double UNIT = 4294967296.0;
static const int64_t WINDOW = 40;

typedef struct world {
    gv_node user[ROWS];
    int64_t item[ROWS], time[ROWS];
    int32_t topic[ROWS];
} world;

static void random_world(world *w, uint64_t seed)
{
    for (uint64_t i = 0; i < ROWS; i++) {
        w->user[i] = (gv_node)(test_random(seed, 4 * i) * NODES);
        w->item[i] = (int64_t)(test_random(seed, 4 * i + 1) * ITEMS);
        w->topic[i] = (int32_t)(w->item[i] % TOPICS);
        w->time[i] = (int64_t)(test_random(seed, 4 * i + 3) * 300.0);
    }
}

/* ---- the definitions -------------------------------------------------------------------------
 */

/* A consumer's adoptions of an item: [start, last] of spells. */
typedef struct spells {
    int64_t start[SPELLS], last[SPELLS], n;
} spells;

static spells spells_of(const world *w, gv_node u, int64_t item, int64_t gap)
{
    spells s = {.n = 0};
    int64_t time[ROWS];
    int n = 0;
    for (int i = 0; i < ROWS; i++) {
        if (w->user[i] != u || w->item[i] != item)
            continue;
        int j = n++;
        for (; j > 0 && time[j - 1] > w->time[i]; j--)
            time[j] = time[j - 1];
        time[j] = w->time[i];
    }
    for (int i = 0; i < n; i++) {
        if (s.n == 0 || (gap > 0 && time[i] - s.last[s.n - 1] >= gap)) {
            s.start[s.n] = s.last[s.n] = time[i];
            s.n++;
        } else if (gap > 0) {
            s.last[s.n - 1] = time[i];
        }
    }
    return s;
}

static int64_t owned_to(const spells *s, int64_t k, int64_t gap)
{
    return gap > 0 ? s->last[k] + gap : INT64_MAX;
}

static bool owns(const spells *s, int64_t t, int64_t gap)
{
    for (int64_t k = 0; k < s->n; k++)
        if (s->start[k] <= t && t < owned_to(s, k, gap))
            return true;
    return false;
}

static int64_t seen(double x, double delay)
{
    if (x <= 0.0)
        return 0;
    const double units = floor(-expm1(-x / delay) * UNIT + 0.5);
    return units < 1.0 ? 1 : (int64_t)units;
}

typedef struct counters {
    int64_t credit[NODES * NODES * TOPICS], exposure[NODES * NODES * TOPICS]; /* [v][u][z] */
    int64_t total[NODES * TOPICS], observed[NODES * TOPICS], adoptions;
} counters;

static int64_t cell(int64_t v, int64_t u, int32_t z)
{
    return (v * NODES + u) * TOPICS + z;
}

/* Time of v's latest purchase that may have prompted spell k of u, or -1. */
static int64_t parent_time(const spells *v, const spells *u, int64_t k, int64_t gap)
{
    const int64_t t = u->start[k], free_from = k > 0 ? owned_to(u, k - 1, gap) : INT64_MIN;
    for (int64_t j = v->n - 1; j >= 0; j--)
        if (v->start[j] < t && t - v->start[j] <= WINDOW && v->start[j] >= free_from)
            return v->start[j];
    return -1;
}

static void share(const gv_learn_opts *o, double delay, const int64_t *time, int64_t t, int n,
                  const double *p, int64_t *units)
{
    const bool each = o->method == GV_LEARN_BERNOULLI || o->method == GV_LEARN_JACCARD;
    double weight[NODES], sum = 0.0, none = 1.0;
    int64_t best = time[0], left = (int64_t)UNIT;
    for (int i = 0; i < n; i++)
        if (o->credit == GV_CREDIT_FIRST ? time[i] < best : time[i] > best)
            best = time[i];
    for (int i = 0; i < n; i++) {
        weight[i] = 1.0;
        if (o->credit == GV_CREDIT_DECAY)
            weight[i] = exp(-(double)(t - time[i]) / delay);
        if (o->credit == GV_CREDIT_FIRST || o->credit == GV_CREDIT_LAST)
            weight[i] = time[i] == best;
        if (p != NULL)
            weight[i] = p[i];
        sum += weight[i];
        none *= 1.0 - weight[i];
    }
    for (int i = 0; i < n; i++) {
        units[i] =
            each ? (int64_t)UNIT : (int64_t)(weight[i] / (p != NULL ? 1.0 - none : sum) * UNIT);
        left -= units[i];
    }
    for (int i = 0; i < n && !each && p == NULL; i++)
        if (weight[i] > 0.0 && left-- > 0)
            units[i]++;
}

/* `p` [v][u][z], the chances of an expectation step; NULL: credits are shared. */
static void count(const gv_graph *g, const world *w, const gv_learn_opts *o, const gv_model *m,
                  const double *p, counters *c)
{
    memset(c, 0, sizeof *c);
    int64_t end = 0;
    for (int i = 0; i < ROWS; i++)
        end = w->time[i] > end ? w->time[i] : end;
    for (int64_t item = 0; item < ITEMS; item++) {
        const int32_t z = (int32_t)(item % TOPICS);
        static spells s[NODES];
        for (gv_node u = 0; u < NODES; u++)
            s[u] = spells_of(w, u, item, o->spell_gap);
        for (gv_node u = 0; u < NODES; u++) {
            c->adoptions += s[u].n;
            c->total[u * TOPICS + z] += s[u].n;
            for (int64_t e = g->in.indptr[u]; e < g->in.indptr[u + 1]; e++) {
                const gv_node v = g->in.indices[e];
                for (int64_t j = 0; j < s[v].n; j++)
                    if (!owns(&s[u], s[v].start[j], o->spell_gap))
                        c->exposure[cell(v, u, z)] +=
                            seen(fmin((double)WINDOW, (double)(end - s[v].start[j])), m->delay[z]);
            }
            for (int64_t k = 0; k < s[u].n; k++) {
                int64_t time[NODES], units[NODES];
                double chance[NODES];
                gv_node parent[NODES];
                int n = 0;
                for (int64_t e = g->in.indptr[u]; e < g->in.indptr[u + 1]; e++) {
                    const gv_node v = g->in.indices[e];
                    const int64_t t = parent_time(&s[v], &s[u], k, o->spell_gap);
                    if (t < 0)
                        continue;
                    time[n] = t, parent[n] = v;
                    chance[n++] = p != NULL ? p[cell(v, u, z)] : 0.0;
                }
                if (n > 0)
                    share(o, m->delay[z], time, s[u].start[k], n, p != NULL ? chance : NULL, units);
                for (int i = 0; i < n; i++)
                    c->credit[cell(parent[i], u, z)] += units[i];
            }
        }
    }
}

/* ---- agreement --------------------------------------------------------------------------------
 */

static gv_log *log_of(gv_context *ctx, const world *w)
{
    gv_log *log = NULL;
    return gv_log_build(ctx, NODES, w->user, w->item, w->topic, w->time, ROWS, TOPICS, NULL, &log,
                        NULL) == GV_OK
               ? log
               : NULL;
}

/* Counters of the model, by the evidence or by the pair; `slack` in units. */
static enum greatest_test_res compare(const gv_graph *g, const gv_model *m, const counters *c,
                                      double slack)
{
    for (gv_node v = 0; v < NODES; v++)
        for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++)
            for (int32_t z = 0; z < TOPICS; z++) {
                const gv_node u = g->out.indices[e];
                const int64_t pair = gv_model_pair(m, v, z);
                int64_t credit = 0, exposure = pair >= 0 ? m->pairs.exposure[pair] : 0;
                for (int64_t i = m->evidence.indptr[v]; i < m->evidence.indptr[v + 1]; i++)
                    if (m->evidence.column[i] == e * TOPICS + z) {
                        credit = m->evidence.credit[i];
                        exposure = m->evidence.exposure[i];
                    }
                ASSERT_IN_RANGE((double)c->credit[cell(v, u, z)], (double)credit, slack);
                ASSERT_EQ_FMT(c->exposure[cell(v, u, z)], exposure, "%" PRId64);
            }
    for (gv_node u = 0; u < NODES; u++)
        for (int32_t z = 0; z < TOPICS; z++) {
            const int64_t pair = gv_model_pair(m, u, z);
            ASSERT_EQ_FMT(c->total[u * TOPICS + z],
                          pair >= 0 ? (int64_t)m->pairs.total[pair] : INT64_C(0), "%" PRId64);
        }
    PASS();
}

static enum greatest_test_res agrees(const gv_learn_opts *o, uint64_t seed)
{
    static world w;
    static counters c;
    gv_error err = {GV_OK, ""};
    gv_learn_info info;
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(NODES, .3, seed);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_model *m = NULL;
    random_world(&w, seed);
    gv_log *log = log_of(ctx, &w);
    ASSERT(log != NULL);
    ASSERT_EQm(err.message, GV_OK, gv_learn(ctx, g, log, o, &m, &info, &err));
    count(g, &w, o, m, NULL, &c);
    if (o->method == GV_LEARN_JACCARD)
        for (gv_node v = 0; v < NODES; v++)
            for (gv_node u = 0; u < NODES; u++)
                for (int32_t z = 0; z < TOPICS; z++) {
                    bool known = false;
                    const int64_t at = gv_csr_find(&g->out, v, u) * TOPICS + z;
                    for (int64_t i = 0; at >= 0 && i < m->evidence.indptr[NODES]; i++)
                        known = known || m->evidence.column[i] == at;
                    const int64_t bought = c.total[u * TOPICS + z] * (int64_t)UNIT;
                    const int64_t more = bought - c.credit[cell(v, u, z)];
                    c.exposure[cell(v, u, z)] += known && more > 0 ? more : 0;
                }
    ASSERT_EQ(c.adoptions, info.adoptions);
    ASSERT_EQ(ROWS - c.adoptions, info.repeats);
    CHECK_CALL(compare(g, m, &c, 0.0));
    for (gv_node v = 0; v < NODES; v++)
        for (int64_t at = g->out.indptr[v]; at < g->out.indptr[v + 1]; at++)
            for (int32_t z = 0; z < TOPICS; z++) {
                const double p = gv_model_edge(m, v, g->out.indices[at], at, z);
                ASSERT(p >= 0.0 && p <= 1.0);
            }
    gv_model_free(m), gv_log_free(log), gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

static gv_learn_opts plain(void)
{
    gv_learn_opts o = gv_learn_defaults();
    o.window = WINDOW;
    o.prior_strength = 20.0; /* what is given need not be sought */
    return o;
}

TEST credits_are_shared_by_the_rule(void)
{
    gv_learn_opts o = plain();
    for (int rule = GV_CREDIT_EQUAL; rule <= GV_CREDIT_LAST; rule++)
        for (uint64_t seed = 1; seed < 4; seed++) {
            o.credit = (gv_credit_rule)rule;
            CHECK_CALL(agrees(&o, seed));
        }
    PASS();
}

TEST each_parent_in_full(void)
{
    gv_learn_opts o = plain();
    for (uint64_t seed = 1; seed < 4; seed++) {
        o.method = GV_LEARN_BERNOULLI;
        CHECK_CALL(agrees(&o, seed));
        o.method = GV_LEARN_JACCARD;
        CHECK_CALL(agrees(&o, seed));
    }
    PASS();
}

TEST spells_count_again(void)
{
    gv_learn_opts o = plain();
    for (int rule = GV_CREDIT_EQUAL; rule <= GV_CREDIT_LAST; rule++)
        for (o.spell_gap = 1; o.spell_gap < 200; o.spell_gap *= 5) {
            o.credit = (gv_credit_rule)rule;
            CHECK_CALL(agrees(&o, (uint64_t)(20 + rule)));
        }
    o.credit = GV_CREDIT_EQUAL;
    o.method = GV_LEARN_BERNOULLI;
    o.spell_gap = 30;
    CHECK_CALL(agrees(&o, 30));
    PASS();
}

/* Without a prior the chances between two rounds are credit / exposure. */
TEST expectation_maximisation(void)
{
    static world w;
    static counters c, base;
    static double p[NODES * NODES * TOPICS];
    gv_error err = {GV_OK, ""};
    gv_learn_opts o = plain();
    o.method = GV_LEARN_EM;
    o.prior_strength = 0.0;
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(NODES, .3, 5);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_model *m = NULL;
    random_world(&w, 5);
    gv_log *log = log_of(ctx, &w);
    ASSERT_EQm(err.message, GV_OK, gv_learn(ctx, g, log, &o, &m, NULL, &err));
    count(g, &w, &o, m, NULL, &c);
    base = c;
    for (int round = 0; round < 10; round++) {
        for (int64_t i = 0; i < NODES * NODES * TOPICS; i++)
            p[i] = c.exposure[i] > 0 ? fmin(1.0, (double)c.credit[i] / (double)c.exposure[i]) : 0.0;
        count(g, &w, &o, m, p, &c);
    }
    double moved = 0.0;
    for (int64_t i = 0; i < NODES * NODES * TOPICS; i++)
        moved = fmax(moved, fabs((double)(c.credit[i] - base.credit[i])));
    ASSERT(moved > .05 * UNIT);
    CHECK_CALL(compare(g, m, &c, 1e-6 * UNIT));
    gv_model_free(m), gv_log_free(log), gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

/* Two parents, an hour and four hours before; delay unknown, so a third of the window: 8 h. */
TEST shares_by_hand(void)
{
    const gv_node user[] = {0, 1, 2};
    const int64_t item[] = {1, 1, 1}, hour = 3600, time[] = {0, 3 * hour, 4 * hour};
    const int32_t topic[] = {0, 0, 0};
    const double first = exp(-4.0 / 8.0), last = exp(-1.0 / 8.0);
    const double want[4] = {.5, first / (first + last), 1.0, 0.0};
    gv_error err = {GV_OK, ""};
    for (int rule = GV_CREDIT_EQUAL; rule <= GV_CREDIT_LAST; rule++) {
        gv_context *ctx = test_context(1, -1);
        edge_list e = edges_none(3);
        edges_add(&e, 0, 2, 1), edges_add(&e, 1, 2, 1);
        gv_graph *g = edges_graph(ctx, &e, NULL);
        gv_log *log = NULL;
        gv_model *m = NULL;
        gv_learn_opts o = gv_learn_defaults();
        o.window = 24 * hour;
        o.credit = (gv_credit_rule)rule;
        ASSERT_EQ(GV_OK, gv_log_build(ctx, 3, user, item, topic, time, 3, 1, NULL, &log, &err));
        ASSERT_EQm(err.message, GV_OK, gv_learn(ctx, g, log, &o, &m, NULL, &err));
        int64_t credit[2] = {0, 0};
        for (int64_t i = 0; i < m->evidence.indptr[3]; i++)
            credit[m->evidence.column[i]] = m->evidence.credit[i];
        ASSERT_EQ_FMT(GV_CREDIT_UNIT, credit[0] + credit[1], "%" PRId64);
        ASSERT_IN_RANGE(want[rule], (double)credit[0] / UNIT, 1e-9);
        gv_model_free(m), gv_log_free(log), gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    }
    PASS();
}

/* The same arrays at any number of threads, whatever the rule. */
TEST ignores_threads(void)
{
    static world w;
    gv_error err = {GV_OK, ""};
    random_world(&w, 9);
    for (int kind = 0; kind < 4; kind++) {
        gv_learn_opts o = plain();
        o.method = kind < 3 ? (gv_learn_method)(kind + 1) : GV_LEARN_PARTIAL_CREDIT;
        o.credit = kind < 3 ? GV_CREDIT_EQUAL : GV_CREDIT_DECAY;
        o.spell_gap = kind == 3 ? 25 : 0;
        gv_model *m[4] = {NULL};
        gv_context *ctx[4];
        gv_graph *g[4];
        gv_log *log[4];
        for (int i = 0; i < 4; i++) {
            edge_list e = edges_gnp(NODES, .3, 5);
            ctx[i] = test_context(i < 3 ? i + 1 : 8, -1);
            g[i] = edges_graph(ctx[i], &e, NULL);
            log[i] = log_of(ctx[i], &w);
            edges_free(&e);
            ASSERT_EQm(err.message, GV_OK, gv_learn(ctx[i], g[i], log[i], &o, &m[i], NULL, &err));
            const int64_t n = m[0]->evidence.indptr[NODES];
            ASSERT_EQ(n, m[i]->evidence.indptr[NODES]);
            ASSERT_MEM_EQ(m[0]->evidence.credit, m[i]->evidence.credit, (size_t)n * 8);
            ASSERT_MEM_EQ(m[0]->evidence.exposure, m[i]->evidence.exposure, (size_t)n * 8);
            ASSERT_MEM_EQ(m[0]->target, m[i]->target, NODES * sizeof(float));
            ASSERT(m[0]->k_edge == m[i]->k_edge && m[0]->k_tie == m[i]->k_tie);
        }
        for (int i = 0; i < 4; i++)
            gv_model_free(m[i]), gv_log_free(log[i]), gv_graph_free(g[i]), gv_context_free(ctx[i]);
    }
    PASS();
}

/* Every allocation of one round fails, and every so many of those of all rounds. */
TEST survives_failed_allocations(void)
{
    static world w;
    gv_error err;
    random_world(&w, 9);
    gv_context *plain_ctx = test_context(1, -1);
    edge_list e = edges_gnp(NODES, .2, 5);
    gv_graph *g = edges_graph(plain_ctx, &e, NULL);
    gv_log *log = log_of(plain_ctx, &w);
    for (int em = 0; em < 2; em++) {
        gv_learn_opts o = plain();
        o.method = em == 1 ? GV_LEARN_EM : GV_LEARN_PARTIAL_CREDIT;
        o.credit = em == 1 ? GV_CREDIT_EQUAL : GV_CREDIT_DECAY;
        o.spell_gap = 50;
        int64_t fails = 0;
        for (gv_status st = GV_ERR_NOMEM; st != GV_OK; fails += em == 1 ? 23 : 1) {
            gv_context *ctx = test_context(2, fails);
            gv_model *m = NULL;
            st = gv_learn(ctx, g, log, &o, &m, NULL, &err);
            ASSERT(st == GV_OK || (st == GV_ERR_NOMEM && m == NULL));
            gv_model_free(m);
            ASSERT_EQ(0, gv_context_memory_used(ctx));
            gv_context_free(ctx);
        }
        ASSERT(fails > 40);
    }
    gv_log_free(log), gv_graph_free(g), gv_context_free(plain_ctx), edges_free(&e);
    PASS();
}

TEST documented_errors(void)
{
    static world w;
    gv_error err;
    random_world(&w, 1);
    gv_context *ctx = test_context(1, -1);
    edge_list e = edges_gnp(NODES, .2, 5);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_log *log = log_of(ctx, &w);
    gv_model *m = NULL;
    gv_learn_opts o = plain();
    o.spell_gap = -1;
    ASSERT_EQ(GV_ERR_RANGE, gv_learn(ctx, g, log, &o, &m, NULL, &err));
    ASSERT_STR_EQ("learn: spell gap -1 s is negative", err.message);
    o = plain();
    o.method = GV_LEARN_EM;
    o.credit = GV_CREDIT_LAST;
    ASSERT_EQ(GV_ERR_ARG, gv_learn(ctx, g, log, &o, &m, NULL, &err));
    ASSERT_STR_EQ("learn: only partial credit is shared by a rule", err.message);
    o.method = (gv_learn_method)7;
    ASSERT_EQ(GV_ERR_ARG, gv_learn(ctx, g, log, &o, &m, NULL, &err));
    gv_log_free(log), gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

SUITE(learn_rules)
{
    RUN_TEST(shares_by_hand);
    RUN_TEST(credits_are_shared_by_the_rule);
    RUN_TEST(each_parent_in_full);
    RUN_TEST(spells_count_again);
    RUN_TEST(expectation_maximisation);
    RUN_TEST(ignores_threads);
    RUN_TEST(survives_failed_allocations);
    RUN_TEST(documented_errors);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(learn_rules);
    GREATEST_MAIN_END();
}
