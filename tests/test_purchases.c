/* test_purchases.c -- purchases of generated populations: who buys of their own accord, who is
 * prompted, and what friends have in common without influence. */
#include <math.h>
#include <stdlib.h>

#include "datasets/adoptions.h"
#include "datasets/planted.h"
#include "engine/context.h"
#include "engine/memory.h"
#include "greatest.h"
#include "support/graphs.h"
#include "support/populations.h"

static const int64_t start_time = 1735689600; /* 2025-01-01T00:00:00Z */
static const int64_t year = INT64_C(365) * 86400;

TEST log_is_sound(void)
{
    gv_context *ctx = test_context(2, -1);
    const gv_consumers_opts o = population_small(2000, 10, 6);
    gv_population *p = population_make(ctx, &o);
    ASSERT(p != NULL);
    const gv_log *log = gv_population_log(p);
    ASSERT_EQ(10, log->info.n_topics);
    ASSERT_EQ(60, log->info.n_items);
    ASSERT_EQ(log->info.rows_read, log->info.rows_kept);
    ASSERT_STR_EQ("books", gv_log_topic(log, 0));
    ASSERT_STR_EQ("coffee", gv_log_topic(log, 1));
    ASSERT_STR_EQ("tea", gv_log_topic(log, 7));
    ASSERT_STR_EQ("topic-9", gv_log_topic(log, 8));
    ASSERT_STR_EQ("topic-10", gv_log_topic(log, 9));
    char *bought = malloc(2000);
    for (int64_t a = 0; a < 60; a++) {
        ASSERT_EQ(a / 6, log->item_topic[a]);
        memset(bought, 0, 2000);
        for (int64_t i = log->indptr[a]; i < log->indptr[a + 1]; i++) {
            ASSERT(log->time[i] >= start_time && log->time[i] < start_time + year);
            ASSERT_EQ(0, bought[log->user[i]]);
            bought[log->user[i]] = 1;
            ASSERT(i == log->indptr[a] || log->time[i] >= log->time[i - 1]);
        }
    }
    free(bought);
    gv_population_free(p);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* What was seen and what the planted truth expects, over many items. */
typedef struct tally {
    double own, own_expected, own_variance;
    double prompted, prompted_expected;
    double delays, delay_sum, delay_squares;
} tally;

/* The tries of every buyer at friends who have not bought, with success before the horizon. */
static void expect_prompts(tally *t, const gv_population *p, int32_t z, const gv_adoption *a,
                           int64_t n, const int64_t *time)
{
    for (int64_t i = 0; i < n; i++) {
        const gv_node v = gv_adoption_node(a[i]);
        const double left = (double)(year - gv_adoption_time(a[i]));
        for (int64_t e = p->graph->out.indptr[v]; e < p->graph->out.indptr[v + 1]; e++) {
            const gv_node u = p->graph->out.indices[e];
            if (time[u] > gv_adoption_time(a[i]))
                t->prompted_expected +=
                    gv_planted_probability(p, z, v, e, u) * (1.0 - exp(-left / p->delay));
        }
    }
}

static void count_sale(tally *t, const gv_population *p, const gv_interests *in, int32_t z,
                       const gv_adoption *a, int64_t n, int64_t *time)
{
    for (int64_t v = 0; v < p->graph->n_nodes; v++)
        time[v] = INT64_MAX;
    for (int64_t i = 0; i < n; i++)
        time[gv_adoption_node(a[i])] = gv_adoption_time(a[i]);
    for (int64_t i = 0; i < n; i++) {
        t->own += a[i].prompt < 0;
        t->prompted += a[i].prompt >= 0;
        if (a[i].prompt < 0 || time[a[i].prompt] > year - 120 * 86400)
            continue;
        const double delay = (double)(gv_adoption_time(a[i]) - time[a[i].prompt]);
        t->delays += 1.0, t->delay_sum += delay, t->delay_squares += delay * delay;
    }
    expect_prompts(t, p, z, a, n, time);
    for (int64_t c = 0; c < in->communities; c++) {
        const double chance = 1.0 - exp(-in->rate[z * in->communities + c]);
        const double members = (double)(in->first[c + 1] - in->first[c]);
        t->own_expected += members * chance;
        t->own_variance += members * chance * (1.0 - chance);
    }
}

static bool take_tally(gv_context *ctx, const gv_population *p, tally *t)
{
    gv_interests in;
    if (gv_interests_make(ctx, &p->opts, &in, NULL) != GV_OK)
        return false;
    int64_t *time = malloc((size_t)p->graph->n_nodes * sizeof *time);
    bool ok = time != NULL;
    *t = (tally){0};
    for (int64_t a = 0; a < p->opts.items * p->opts.topics && ok; a++) {
        const int32_t z = (int32_t)(a / p->opts.items);
        gv_sale sale = {0};
        ok = gv_adoptions_make(ctx, p, &in, a, z, &sale);
        const gv_adoption *adoption = sale.adoption;
        const int64_t n = sale.n;
        /* The log holds the same purchases. */
        ok = ok && n == p->log->indptr[a + 1] - p->log->indptr[a];
        for (int64_t i = 0; i < n && ok; i++)
            ok = p->log->user[p->log->indptr[a] + i] == gv_adoption_node(adoption[i]) &&
                 p->log->time[p->log->indptr[a] + i] == start_time + gv_adoption_time(adoption[i]);
        if (ok)
            count_sale(t, p, &in, z, adoption, n, time);
        gv_free(ctx, sale.adoption);
    }
    free(time);
    gv_interests_free(ctx, &in);
    return ok;
}

TEST null_population_buys_of_its_own_accord(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_consumers_opts o = population_small(3000, 4, 100);
    o.influence = false;
    gv_population *p = population_make(ctx, &o);
    tally t;
    ASSERT(p != NULL && take_tally(ctx, p, &t));
    ASSERT_EQ(0.0, t.prompted);
    ASSERT_IN_RANGE(t.own_expected, t.own, 4.5 * sqrt(t.own_variance));
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

/* The purchases of a default population: about 80 an item at 3,000 consumers. Own purchases are a
 * little fewer than expected, as friends sometimes come first. Tolerances of 3 % beside the 4.5
 * standard errors leave room for friends prompted twice. */
TEST influence_prompts_as_planted(void)
{
    gv_context *ctx = test_context(2, -1);
    const gv_consumers_opts o = population_small(3000, 4, 150);
    gv_population *p = population_make(ctx, &o);
    tally t;
    ASSERT(p != NULL && take_tally(ctx, p, &t));
    ASSERT_IN_RANGE(85.0, (t.own + t.prompted) / 600.0, 15.0);
    ASSERT_IN_RANGE(t.own_expected, t.own, 4.5 * sqrt(t.own_variance) + 0.01 * t.own);
    ASSERT_IN_RANGE(t.prompted_expected, t.prompted,
                    4.5 * sqrt(t.prompted) + 0.03 * t.prompted_expected);
    ASSERT_GT(t.prompted, 4000.0);
    const double mean = t.delay_sum / t.delays;
    const double se = sqrt((t.delay_squares / t.delays - mean * mean) / t.delays);
    ASSERT_IN_RANGE(p->delay, mean, 4.5 * se + 0.02 * p->delay);
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

/* Pearson correlation over the edges of u's and v's purchases in topic 0, or over pairs of
 * consumers half the population apart. */
static double likeness(const gv_population *p, bool friends)
{
    const int64_t n = p->graph->n_nodes;
    double *count = calloc((size_t)n, sizeof *count);
    for (int64_t i = 0; i < p->log->indptr[p->opts.items]; i++)
        count[p->log->user[i]] += 1.0;
    double m = 0.0, x = 0.0, xx = 0.0, xy = 0.0, y = 0.0, yy = 0.0;
    for (int64_t u = 0; u < n; u++) {
        const int64_t begin = p->graph->out.indptr[u], end = p->graph->out.indptr[u + 1];
        for (int64_t e = begin; e < end; e++) {
            const double a = count[u];
            const double b =
                count[friends ? p->graph->out.indices[e] : (u + n / 2 + e - begin) % n];
            m += 1.0, x += a, xx += a * a, y += b, yy += b * b, xy += a * b;
        }
    }
    free(count);
    return (m * xy - x * y) / sqrt((m * xx - x * x) * (m * yy - y * y));
}

TEST friends_are_alike_without_influence(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_consumers_opts o = population_small(30000, 1, 60);
    o.influence = false;
    gv_population *p = population_make(ctx, &o);
    ASSERT(p != NULL);
    ASSERT_GT(likeness(p, true), 0.15);
    ASSERT_IN_RANGE(0.0, likeness(p, false), 0.1);
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

/* Among pairs of friends who both buy an item: how far the share who do so within 30 days of each
 * other is from that of independent times, in standard errors. */
static double excess(const gv_population *p)
{
    const double w = 30.0 / 365.0, chance = 1.0 - (1.0 - w) * (1.0 - w);
    int64_t *time = malloc((size_t)p->graph->n_nodes * sizeof *time);
    double pairs = 0.0, near = 0.0;
    for (int64_t a = 0; a < p->log->info.n_items; a++) {
        for (int64_t v = 0; v < p->graph->n_nodes; v++)
            time[v] = -1;
        for (int64_t i = p->log->indptr[a]; i < p->log->indptr[a + 1]; i++)
            time[p->log->user[i]] = p->log->time[i];
        for (int64_t i = p->log->indptr[a]; i < p->log->indptr[a + 1]; i++) {
            int64_t degree;
            const gv_node *friend = gv_graph_out(p->graph, p->log->user[i], &degree);
            for (int64_t k = 0; k < degree; k++) {
                if (friend[k] < p -> log -> user[i] || time[friend[k]] < 0)
                    continue;
                pairs += 1.0;
                near += llabs(time[friend[k]] - p->log->time[i]) < 30 * 86400;
            }
        }
    }
    free(time);
    return (near - pairs * chance) / sqrt(pairs * chance * (1.0 - chance));
}

TEST only_influence_brings_purchases_together(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_consumers_opts o = population_small(3000, 4, 100);
    gv_population *with = population_make(ctx, &o);
    o.influence = false;
    gv_population *without = population_make(ctx, &o);
    ASSERT(with != NULL && without != NULL);
    ASSERT_IN_RANGE(0.0, excess(without), 4.5);
    ASSERT_GT(excess(with), 20.0);
    /* Alike but for influence. */
    const int64_t n = o.consumers, entries = n * o.topics;
    ASSERT_EQ(with->graph->n_edges, without->graph->n_edges);
    ASSERT_MEM_EQ(with->close, without->close, (size_t)with->graph->n_edges);
    ASSERT_MEM_EQ(with->target, without->target, (size_t)n * sizeof(float));
    ASSERT_MEM_EQ(with->influencer, without->influencer, (size_t)entries * sizeof(int16_t));
    for (int64_t i = 0; i < entries; i++)
        ASSERT(without->source[i] == 0.0f && without->i1[i] == 0.0f);
    gv_population_free(with);
    gv_population_free(without);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

SUITE(purchases)
{
    RUN_TEST(log_is_sound);
    RUN_TEST(null_population_buys_of_its_own_accord);
    RUN_TEST(influence_prompts_as_planted);
    RUN_TEST(friends_are_alike_without_influence);
    RUN_TEST(only_influence_brings_purchases_together);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(purchases);
    GREATEST_MAIN_END();
}
