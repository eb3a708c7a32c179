/* test_learn_quality.c -- learning where the truth is known: delays, edges, influencers. */
#include <math.h>
#include <string.h>

#include "grapevine/grapevine.h"

#include "engine/context.h"
#include "engine/model.h"
#include "engine/population.h"
#include "greatest.h"
#include "support/graphs.h"
#include "support/moments.h"

static const double DAY = 86400.0;

/* ---- delays ---------------------------------------------------------------------------------- */

enum { NODES = 1500, ITEMS = 120, SEEDS = 25, FRIENDS = 8, DAYS = 365, TOPICS = 2 };

typedef struct purchases {
    int64_t n;
    gv_node *user;
    int64_t *item, *time;
    int32_t *topic;
} purchases;

static purchases purchases_for(int64_t room)
{
    const size_t n = (size_t)room;
    return (purchases){0, malloc(n * sizeof(gv_node)), malloc(n * sizeof(int64_t)),
                       malloc(n * sizeof(int64_t)), malloc(n * sizeof(int32_t))};
}

static void purchases_free(purchases *p)
{
    free(p->user), free(p->item), free(p->time), free(p->topic);
}

/* Everybody knows the FRIENDS / 2 next and previous ones, and a few far ones. */
static gv_graph *ring(gv_context *ctx)
{
    edge_list e = edges_none(NODES);
    gv_build_opts o = gv_build_defaults();
    o.undirected = true;
    for (int64_t v = 0; v < NODES; v++) {
        for (int64_t d = 1; d <= FRIENDS / 2 - 1; d++)
            edges_add(&e, v, (v + d) % NODES, 1.0);
        edges_add(&e, v, (int64_t)(test_random(77, (uint64_t)v) * NODES), 1.0);
    }
    gv_graph *g = edges_graph(ctx, &e, &o);
    edges_free(&e);
    return g;
}

/* Purchases of one item: some people come by themselves, on any day; each prompts each friend with
 * chance `p`, after an exponential time of mean `delay`. The earliest prompt counts. */
static void spread(const gv_graph *g, int64_t item, int32_t topic, double p, double delay,
                   double step, uint64_t seed, purchases *out)
{
    static double at[NODES];
    static bool done[NODES];
    uint64_t draw = 0;
    for (int v = 0; v < NODES; v++)
        at[v] = INFINITY, done[v] = false;
    for (int i = 0; i < SEEDS; i++) {
        const int v = (int)(test_random(seed, draw++) * NODES);
        at[v] = test_random(seed, draw++) * DAYS * DAY;
    }
    for (;;) {
        int first = -1;
        for (int v = 0; v < NODES; v++)
            if (!done[v] && at[v] < DAYS * DAY && (first < 0 || at[v] < at[first]))
                first = v;
        if (first < 0)
            return;
        done[first] = true;
        const double rounded = floor(at[first] / step) * step;
        out->user[out->n] = first, out->item[out->n] = item, out->topic[out->n] = topic;
        out->time[out->n++] = (int64_t)rounded;
        for (int64_t e = g->out.indptr[first]; e < g->out.indptr[first + 1]; e++) {
            const gv_node u = g->out.indices[e];
            const double coin = test_random(seed, draw++), wait = test_random(seed, draw++);
            if (coin < p && !done[u])
                at[u] = fmin(at[u], at[first] - delay * log(1.0 - wait));
        }
    }
}

static gv_model *learn_spread(gv_context *ctx, double p, const double *delay, double step)
{
    gv_graph *g = ring(ctx);
    purchases x = purchases_for((int64_t)TOPICS * ITEMS * NODES);
    for (int32_t z = 0; z < TOPICS; z++)
        for (int64_t a = 0; a < ITEMS; a++)
            spread(g, a, z, p, delay[z], step, (uint64_t)(1000 * z + a), &x);
    gv_log *log = NULL;
    gv_model *m = NULL;
    if (gv_log_build(ctx, NODES, x.user, x.item, x.topic, x.time, x.n, TOPICS, NULL, &log, NULL) !=
            GV_OK ||
        gv_learn(ctx, g, log, NULL, &m, NULL, NULL) != GV_OK)
        m = NULL;
    purchases_free(&x);
    gv_log_free(log);
    gv_graph_free(g);
    return m;
}

TEST finds_delays(void)
{
    static const double mean[][TOPICS] = {{10.0, 3.0}, {1.0, 20.0}};
    for (int i = 0; i < 2; i++) {
        gv_context *ctx = test_context(1, -1);
        const double delay[] = {mean[i][0] * DAY, mean[i][1] * DAY};
        gv_model *m = learn_spread(ctx, .05, delay, 1.0);
        ASSERT(m != NULL);
        for (int32_t z = 0; z < TOPICS; z++) {
            ASSERT_IN_RANGE(delay[z], m->delay[z], .2 * delay[z]);
            ASSERT_IN_RANGE(3.0 * m->delay[z], m->window[z], 1.0);
        }
        gv_model_free(m);
        gv_context_free(ctx);
    }
    PASS();
}

/* A log that knows days only. */
TEST finds_delays_in_days(void)
{
    gv_context *ctx = test_context(1, -1);
    const double delay[] = {10.0 * DAY, 4.0 * DAY};
    gv_model *m = learn_spread(ctx, .05, delay, DAY);
    ASSERT(m != NULL);
    for (int32_t z = 0; z < TOPICS; z++)
        ASSERT_IN_RANGE(delay[z], m->delay[z], .2 * delay[z]);
    gv_model_free(m);
    gv_context_free(ctx);
    PASS();
}

/* Without influence there is no delay to be found: the usual 30 days serve. */
TEST finds_no_delay_where_there_is_none(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_consumers_opts o = gv_consumers_defaults();
    o.consumers = 3000, o.topics = 2, o.items = 150, o.influence = false;
    gv_population *p = NULL;
    gv_model *m = NULL;
    ASSERT_EQ(GV_OK, gv_consumers_generate(ctx, &o, &p, NULL));
    ASSERT_EQ(GV_OK, gv_learn(ctx, p->graph, p->log, NULL, &m, NULL, NULL));
    for (int32_t z = 0; z < 2; z++) {
        ASSERT_IN_RANGE(30.0 * DAY, m->window[z], 0.0);
        ASSERT_IN_RANGE(10.0 * DAY, m->delay[z], 0.0);
    }
    gv_model_free(m);
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

/* ---- edges and influencers ---------------------------------------------------------------------
 */

/* Compares estimates with planted chances over the edges where these are positive; returns the
 * share of the top 15 % of estimated direct buyers who are planted influencers. */
static double compare_topic(gv_context *ctx, const gv_population *p, int32_t z, const float *found,
                            moments *s)
{
    const gv_graph *g = p->graph;
    const int64_t n = g->n_nodes, k = n * 15 / 100;
    double *score = calloc((size_t)n, sizeof *score), *top = malloc((size_t)k * sizeof *top), next;
    gv_node *node = malloc((size_t)k * sizeof *node);
    int64_t hits = 0;
    for (gv_node v = 0; v < n; v++)
        for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1]; e++) {
            const double planted =
                fmin(1.0, (double)p->source[z * n + v] * (double)p->target[g->out.indices[e]]);
            score[v] += (double)found[e];
            if (p->close[e] != 0 && planted > 0.0)
                add_point(s, planted, (double)found[e]);
        }
    if (gv_top_k(ctx, score, n, k, node, top, &next, NULL) == GV_OK)
        for (int64_t i = 0; i < k; i++)
            hits += p->influencer[z * n + node[i]];
    free(score), free(top), free(node);
    return (double)hits / (double)k;
}

/* 300 items a topic, about 80 buyers each: correlation over edges at least .55, precision of the
 * top 15 % at least .50 in each topic and .15 above what one topic-blind ranking reaches. */
TEST recovers_planted_influence(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_consumers_opts o = gv_consumers_defaults();
    o.consumers = 3000, o.topics = 4, o.items = 300;
    gv_population *p = NULL;
    gv_model *m = NULL, *blind = NULL;
    gv_log *all = NULL;
    moments s = {0}, ignored = {0};
    ASSERT_EQ(GV_OK, gv_consumers_generate(ctx, &o, &p, NULL));
    ASSERT_EQ(GV_OK, gv_learn(ctx, p->graph, p->log, NULL, &m, NULL, NULL));
    ASSERT_EQ(GV_OK, gv_log_topic_blind(ctx, p->log, &all, NULL));
    ASSERT_EQ(GV_OK, gv_learn(ctx, p->graph, all, NULL, &blind, NULL, NULL));
    float *found = malloc((size_t)p->graph->n_edges * sizeof *found);
    double aware = 0.0, unaware = 0.0;
    for (int32_t z = 0; z < 4; z++) {
        ASSERT_IN_RANGE(10.0 * DAY, m->delay[z], 2.0 * DAY);
        ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, m, p->graph, z, found, NULL));
        const double precision = compare_topic(ctx, p, z, found, &s);
        ASSERT_GTE(precision, .50);
        aware += precision / 4.0;
        ASSERT_EQ(GV_OK, gv_model_edge_probability(ctx, blind, p->graph, 0, found, NULL));
        unaware += compare_topic(ctx, p, z, found, &ignored) / 4.0;
    }
    printf("edge correlation %.3f, precision of the top 15 %% %.3f, topic-blind %.3f\n",
           correlation(&s), aware, unaware);
    ASSERT_GTE(correlation(&s), .55);
    ASSERT_GTE(aware, unaware + .15);
    free(found);
    gv_model_free(m), gv_model_free(blind);
    gv_log_free(all);
    gv_population_free(p);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

SUITE(learn_quality)
{
    RUN_TEST(finds_delays);
    RUN_TEST(finds_delays_in_days);
    RUN_TEST(finds_no_delay_where_there_is_none);
    RUN_TEST(recovers_planted_influence);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(learn_quality);
    GREATEST_MAIN_END();
}
