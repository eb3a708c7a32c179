/* test_generate.c -- consumer populations: draws, friendships, planted truth, errors. */
#include <math.h>

#include "datasets/draw.h"
#include "datasets/pairing.h"
#include "datasets/places.h"
#include "engine/context.h"
#include "greatest.h"
#include "support/graphs.h"
#include "support/populations.h"

TEST draws_follow_their_distributions(void)
{
    for (int i = -600; i <= 600; i++) {
        const double x = i * 1.1 + 0.013, y = gv_draw_exp(x);
        ASSERT_IN_RANGE(1.0, y / exp(x), 1e-14);
        ASSERT_IN_RANGE(log(y), gv_draw_log(y), 4e-16 * fabs(x) + 1e-16);
    }
    ASSERT_EQ(0.0, gv_draw_log(1.0));
    ASSERT_EQ(1.0, gv_draw_exp(0.0));
    /* Quantiles of the normal distribution at (k + 1/2) / 2^52. */
    const struct {
        uint64_t k;
        double z;
    } known[] = {{0, -8.209536151601386},
                 {3, -7.972551664431484},
                 {UINT64_C(1) << 40, -3.487104104114309},
                 {UINT64_C(1) << 50, -0.6744897501960814},
                 {(UINT64_C(1) << 52) - 1, 8.209536151601386}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ASSERT_IN_RANGE(known[i].z, gv_draw_normal(known[i].k << 12), 1e-14);
    double mean = 0.0, lognormal = 0.0;
    enum { N = 100000 };
    for (uint64_t i = 0; i < N; i++) {
        mean += gv_draw_exponential(gv_mix(i), 3.0) / N;
        lognormal += gv_draw_lognormal(gv_mix(i + N), 2.0, 0.5) / N;
    }
    ASSERT_IN_RANGE(3.0, mean, 4.5 * 3.0 / sqrt(N));
    ASSERT_IN_RANGE(2.0, lognormal, 4.5 * 2.0 * sqrt(exp(0.25) - 1.0) / sqrt(N));
    PASS();
}

TEST pairings_are_permutations(void)
{
    for (int64_t n = 1; n <= 300; n += n < 20 ? 1 : 31) {
        const gv_pairing p = gv_pairing_make(gv_mix((uint64_t)n), n);
        char seen[300] = {0};
        int64_t alone = 0;
        for (int64_t i = 0; i < n; i++) {
            const int64_t at = gv_pairing_position(&p, i);
            ASSERT(at >= 0 && at < n);
            ASSERT_EQ(0, seen[at]);
            seen[at] = 1;
            ASSERT_EQ(i, gv_pairing_number(&p, at));
            const int64_t partner = gv_pairing_partner(&p, i);
            ASSERT_NEQ(i, partner);
            alone += partner < 0;
            ASSERT(partner < 0 || gv_pairing_partner(&p, partner) == i);
        }
        ASSERT_EQ(n % 2, alone);
    }
    PASS();
}

/* Partners are uniform: chi-squared over a 16 x 16 table of (number, partner). */
TEST pairings_are_random(void)
{
    enum { CELLS = 16, N = 100003 };
    const gv_pairing p = gv_pairing_make(gv_mix(7), N);
    int64_t count[CELLS][CELLS] = {{0}};
    for (int64_t i = 0; i < N; i++) {
        const int64_t partner = gv_pairing_partner(&p, i);
        if (partner >= 0)
            count[i * CELLS / N][partner * CELLS / N]++;
    }
    double chi = 0.0;
    const double expected = (double)N / (CELLS * CELLS);
    for (int i = 0; i < CELLS; i++)
        for (int j = 0; j < CELLS; j++)
            chi += ((double)count[i][j] - expected) * ((double)count[i][j] - expected) / expected;
    /* The table is symmetric, so half of its cells are free: variance about 4 x 255. */
    ASSERT_IN_RANGE(255.0, chi, 4.5 * sqrt(4.0 * 255.0));
    PASS();
}

static bool graph_is_sound(const gv_graph *g)
{
    bool ok = g->out.indptr[0] == 0 && g->out.indptr[g->n_nodes] == g->n_edges && !g->directed &&
              g->in.indptr == g->out.indptr && g->in.indices == g->out.indices &&
              g->rule == GV_PROBABILITY_NONE;
    for (int64_t v = 0; v < g->n_nodes && ok; v++) {
        ok = g->id_int[v] == v + 1 && g->attribute[0].i32[v] >= 0 && g->attribute[0].i32[v] < 5 &&
             g->attribute[1].f32[v] > 0.0f;
        for (int64_t e = g->out.indptr[v]; e < g->out.indptr[v + 1] && ok; e++) {
            const gv_node u = g->out.indices[e];
            ok = u >= 0 && u < g->n_nodes && u != v &&
                 (e == g->out.indptr[v] || g->out.indices[e - 1] < u) &&
                 gv_csr_find(&g->out, u, (gv_node)v) >= 0;
        }
    }
    return ok;
}

static const int64_t sizes[] = {1, 2, 3, 10, 99, 100, 1000, 4096, 4097, 9000};
static const double degrees[] = {0.0, 1.0, 10.0, 60.0};

TEST friendships_are_mutual_and_sorted(void)
{
    gv_context *ctx = test_context(2, -1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizeof degrees / sizeof *degrees; j++) {
            gv_consumers_opts o = population_small(sizes[i], 1, 0);
            o.mean_degree = degrees[j];
            gv_population *p = population_make(ctx, &o);
            ASSERT(p != NULL);
            ASSERT(graph_is_sound(gv_population_graph(p)));
            ASSERT(degrees[j] > 0.0 || p->graph->n_edges == 0);
            gv_population_free(p);
        }
    }
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST mean_degree_is_as_asked(void)
{
    const struct {
        int64_t n;
        double degree;
    } cases[] = {{300, 10},  {1000, 10}, {3000, 10}, {20000, 10}, {20000, 1}, {20000, 3},
                 {1000, 20}, {5000, 50}, {2000, 5},  {3000, 100}, {300, 4}};
    gv_context *ctx = test_context(2, -1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (uint64_t seed = 1; seed <= 2; seed++) {
            gv_consumers_opts o = population_small(cases[i].n, 1, 0);
            o.mean_degree = cases[i].degree;
            o.seed = seed;
            gv_population *p = population_make(ctx, &o);
            ASSERT(p != NULL);
            const double mean = (double)p->graph->n_edges / (double)cases[i].n;
            ASSERT_IN_RANGE(cases[i].degree, mean, 0.05 * cases[i].degree);
            gv_population_free(p);
        }
    }
    gv_context_free(ctx);
    PASS();
}

/* Households and communities hold most friendships, and degrees have a heavy tail. */
TEST shape_of_the_society(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_consumers_opts o = population_small(20000, 1, 0);
    gv_population *p = population_make(ctx, &o);
    ASSERT(p != NULL);
    const gv_csr *out = &p->graph->out;
    int64_t most = 0, hubs = 0, local = 0, home = 0;
    gv_district d;
    for (int64_t v = 0; v < o.consumers; v++) {
        const int64_t degree = gv_csr_degree(out, (gv_node)v);
        most = degree > most ? degree : most;
        hubs += degree > 50;
        if (v % GV_DISTRICT == 0)
            gv_district_make(o.seed, o.consumers, v / GV_DISTRICT, &d);
        const int32_t i = (int32_t)(v - d.first);
        for (gv_node u = (gv_node)(d.first + d.household[i]); u < d.first + d.household_end[i]; u++)
            ASSERT(u == v || gv_csr_find(out, (gv_node)v, u) >= 0);
        home += d.household_end[i] - d.household[i] - 1;
        for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++) {
            const int64_t apart = out->indices[e] - v;
            local += apart > -1100 && apart < 1100;
        }
    }
    ASSERT(most >= 150 && most <= 600);
    ASSERT(hubs >= 50 && hubs <= 400); /* a Poisson degree would have none */
    const double edges = (double)p->graph->n_edges;
    ASSERT_IN_RANGE(GV_HOUSEHOLD_OTHERS, (double)home / (double)o.consumers, 0.1);
    ASSERT_IN_RANGE(0.7, (double)local / edges, 0.1);
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

/* Every planted value against its definition in engine/population.h. */
TEST truth_is_consistent(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_consumers_opts o = population_small(3000, 3, 0);
    gv_population *p = population_make(ctx, &o);
    ASSERT(p != NULL);
    const gv_csr *out = &p->graph->out;
    ASSERT_EQ(864000.0, p->delay);
    for (int64_t u = 0; u < o.consumers; u++) {
        const int64_t degree = gv_csr_degree(out, (gv_node)u);
        int64_t close = 0;
        double sum[3] = {0.0, 0.0, 0.0};
        for (int64_t e = out->indptr[u]; e < out->indptr[u + 1]; e++) {
            ASSERT(p->close[e] == 0 || p->close[e] == 1);
            close += p->close[e];
            for (int64_t z = 0; z < 3 && p->close[e]; z++)
                sum[z] += fmin(1.0, (double)p->source[z * o.consumers + u] *
                                        (double)p->target[out->indices[e]]);
        }
        ASSERT(close <= 10 && close >= (degree < 3 ? degree : 3));
        ASSERT(p->target[u] > 0.0f);
        for (int64_t z = 0; z < 3; z++) {
            const int64_t at = z * o.consumers + u;
            ASSERT(p->influencer[at] == 0 || p->influencer[at] == 1);
            ASSERT_EQ(close > 0, p->source[at] > 0.0f);
            ASSERT_EQ((float)sum[z], p->i1[at]);
        }
    }
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

typedef struct moments {
    double n, sum, squares;
} moments;

static void note(moments *m, double x)
{
    m->n += 1.0, m->sum += x, m->squares += x * x;
}

/* How many standard errors the mean is off. */
static double off(const moments *m, double expected)
{
    const double mean = m->sum / m->n;
    return fabs(mean - expected) / sqrt((m->squares / m->n - mean * mean) / m->n);
}

TEST truth_has_the_published_means(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_consumers_opts o = population_small(20000, 4, 0);
    gv_population *p = population_make(ctx, &o);
    ASSERT(p != NULL);
    moments flag = {0}, yes = {0}, no = {0}, target = {0}, k = {0}, value = {0};
    for (int64_t u = 0; u < o.consumers; u++) {
        int64_t close = 0;
        for (int64_t e = p->graph->out.indptr[u]; e < p->graph->out.indptr[u + 1]; e++)
            close += p->close[e];
        note(&target, (double)p->target[u]);
        note(&value, (double)p->graph->attribute[1].f32[u]);
        if (gv_csr_degree(&p->graph->out, (gv_node)u) >= 10)
            note(&k, (double)close);
        for (int64_t at = u; at < 4 * o.consumers; at += o.consumers) {
            note(&flag, p->influencer[at]);
            if (close > 0)
                note(p->influencer[at] ? &yes : &no, (double)p->source[at] * (double)close);
        }
    }
    ASSERT_LT(off(&flag, 0.15), 4.5);
    ASSERT_LT(off(&yes, 0.54), 4.5);
    ASSERT_LT(off(&no, 0.066), 4.5);
    ASSERT_LT(off(&target, 1.0), 4.5);
    ASSERT_LT(off(&k, 3.0 + 4.8125), 4.5);
    ASSERT_LT(off(&value, 100.0), 4.5);
    gv_population_free(p);
    gv_context_free(ctx);
    PASS();
}

SUITE(generate)
{
    RUN_TEST(draws_follow_their_distributions);
    RUN_TEST(pairings_are_permutations);
    RUN_TEST(pairings_are_random);
    RUN_TEST(friendships_are_mutual_and_sorted);
    RUN_TEST(mean_degree_is_as_asked);
    RUN_TEST(shape_of_the_society);
    RUN_TEST(truth_is_consistent);
    RUN_TEST(truth_has_the_published_means);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(generate);
    GREATEST_MAIN_END();
}
