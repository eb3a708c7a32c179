/* test_cascade_agreement.c -- the kernels beside each other on ten families of graphs, sets of
 * seeds within the same worlds, and real graphs beside tests/python/simulate_cascade.py, which
 * shares nothing with the library. Seeds are fixed; a sampled value may lie 4.5 standard errors
 * off. */
#include <math.h>

#include "grapevine/cascade.h"
#include "greatest.h"
#include "support/cascades.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

#define BOUND 4.5

static const gv_probability weighted_cascade = {.rule = GV_PROBABILITY_WEIGHTED_CASCADE};

/* ---- families of graphs -------------------------------------------------------------------------
 */

static void both_ways(edge_list *e, int64_t u, int64_t v, double p)
{
    edges_add(e, u, v, p), edges_add(e, v, u, p);
}

static edge_list grid(int64_t side)
{
    edge_list e = edges_none(side * side);
    for (int64_t v = 0; v < side * side; v++) {
        if (v % side + 1 < side)
            both_ways(&e, v, v + 1, 0.5);
        if (v + side < side * side)
            both_ways(&e, v, v + side, 0.5);
    }
    return e;
}

/* Three children each. */
static edge_list tree(int64_t n)
{
    edge_list e = edges_none(n);
    for (int64_t v = 1; v < n; v++)
        edges_add(&e, (v - 1) / 3, v, 0.6);
    return e;
}

/* A ring in which everyone knows the next three, and one in ten somebody far away. */
static edge_list small_world(int64_t n)
{
    edge_list e = edges_none(n);
    for (int64_t v = 0; v < n; v++) {
        for (int64_t k = 1; k <= 3; k++)
            both_ways(&e, v, (v + k) % n, 0.25);
        if (v % 10 == 0)
            both_ways(&e, v, (int64_t)((double)n * test_random(31, (uint64_t)v)), 0.25);
    }
    return e;
}

/* Newcomers follow three others, those with many followers rather (Barabasi, Albert 1999). */
static edge_list preferential(int64_t n)
{
    edge_list e = edges_none(n);
    both_ways(&e, 0, 1, 0.1);
    for (int64_t v = 2; v < n; v++)
        for (uint64_t k = 0; k < 3; k++) {
            const double x = test_random(32, 3 * (uint64_t)v + k);
            const int64_t i = (int64_t)((double)e.n_edges * x);
            const gv_node u = e.src[i];
            if (u != v)
                both_ways(&e, u, v, 0.02 + 0.3 * x * x);
        }
    return e;
}

/* Two that hardly know each other; unequal probabilities, from 0 to 1. */
static edge_list communities(int64_t n)
{
    edge_list e = edges_none(n);
    for (uint64_t i = 0; i < 8 * (uint64_t)n; i++) {
        const int64_t u = (int64_t)((double)n * test_random(33, 3 * i));
        const int64_t other = (int64_t)((double)n * test_random(33, 3 * i + 1));
        const int64_t v = i % 40 == 0 ? other : other - other % 2 + u % 2;
        const double x = test_random(33, 3 * i + 2);
        if (u != v && v < n)
            edges_add(&e, u, v, x < 0.01 ? 1.0 : x * x * x * x);
    }
    return e;
}

/* Five layers, each consumer with edges to six of the next. */
static edge_list layers(int64_t width)
{
    edge_list e = edges_none(5 * width);
    for (int64_t v = 0; v < 4 * width; v++)
        for (uint64_t k = 0; k < 6; k++)
            edges_add(&e, v,
                      (v / width + 1) * width +
                          (int64_t)((double)width * test_random(34, 6 * (uint64_t)v + k)),
                      0.3);
    return e;
}

typedef struct family {
    const char *name;
    edge_list e;                /* freed by the test */
    const gv_probability *rule; /* NULL: the weights of the edges */
} family;

enum { N_FAMILIES = 10 };

static void make_family(int i, family *f)
{
    static gv_probability thin, even;
    thin = cascade_constant(0.06), even = cascade_constant(0.7);
    switch (i) {
    case 0:
        *f = (family){"random", edges_gnp(600, 3.0 / 600, 35), NULL};
        break;
    case 1:
        *f = (family){"cycle", edges_cycle(500), &even};
        break;
    case 2:
        *f = (family){"star", edges_star(800), &thin};
        break;
    case 3:
        *f = (family){"grid", grid(24), NULL};
        break;
    case 4:
        *f = (family){"tree", tree(1000), NULL};
        break;
    case 5:
        *f = (family){"complete", edges_complete(50), &thin};
        break;
    case 6:
        *f = (family){"small world", small_world(600), NULL};
        break;
    case 7:
        *f = (family){"preferential attachment", preferential(600), &weighted_cascade};
        break;
    case 8:
        *f = (family){"communities", communities(500), NULL};
        break;
    default:
        *f = (family){"layers", layers(120), NULL};
        break;
    }
}

static gv_node family_seed(const family *f, int i, uint64_t k)
{
    return i == 4 && k == 0 ? 0 : (gv_node)((double)f->e.n_nodes * test_random(36, k));
}

/* ---- agreement ----------------------------------------------------------------------------------
 */

typedef struct figures {
    double mean, mean_error, sd, sd_error;
} figures;

/* The standard error of a deviation s is s sqrt((kurtosis - 1) / 4 n). */
static figures figures_of(const gv_cascade_result *r)
{
    const double n = (double)r->n_worlds;
    double fourth = 0.0;
    for (int64_t i = 0; i < r->n_worlds; i++)
        fourth += pow(((double)r->spread[i] - r->mean) / (r->sd + 1e-300), 4) / n;
    return (figures){r->mean, r->stderr_mean, r->sd, r->sd * sqrt((fourth - 1.0) / 4.0 / n)};
}

static enum greatest_test_res same_figures(const char *name, figures a, figures b)
{
    ASSERTm(name, fabs(a.mean - b.mean) <= BOUND * hypot(a.mean_error, b.mean_error));
    ASSERTm(name, fabs(a.sd - b.sd) <= BOUND * hypot(a.sd_error, b.sd_error));
    PASS();
}

TEST kernels_agree(int i)
{
    gv_context *ctx = test_context(2, -1);
    family f;
    make_family(i, &f);
    gv_graph *g = edges_graph_weighted(ctx, &f.e);
    const gv_node seeds[] = {family_seed(&f, i, 0), family_seed(&f, i, 1), family_seed(&f, i, 2)};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 4000, o.seed = (uint64_t)i, o.spread_only = true;
    figures of[4];
    for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++) {
        o.kernel = (gv_cascade_kernel)k;
        gv_cascade_result *r = cascade_run(ctx, g, f.rule, seeds, 3, &o);
        ASSERT_EQ(o.kernel, r->kernel);
        ASSERTm(f.name, r->mean > 4.0 && r->sd > 0.5); /* else there is little to compare */
        of[k] = figures_of(r);
        gv_cascade_free(r);
    }
    CHECK_CALL(same_figures(f.name, of[GV_CASCADE_PLAIN], of[GV_CASCADE_POINTS]));
    CHECK_CALL(same_figures(f.name, of[GV_CASCADE_PLAIN], of[GV_CASCADE_SLICED]));
    CHECK_CALL(same_figures(f.name, of[GV_CASCADE_POINTS], of[GV_CASCADE_SLICED]));
    gv_graph_free(g), edges_free(&f.e), gv_context_free(ctx);
    PASS();
}

/* ---- sets of seeds in the same worlds -----------------------------------------------------------
 */

enum { MOST_SEEDS = 9, SET_WORLDS = 150 };

/* In every world, with A within B: A spreads no further than B, and one more seed adds no more to B
 * than to A. So it must be as long as one world is one set of live edges, whoever starts. */
static enum greatest_test_res sets_are_nested(gv_context *ctx, const gv_graph *g, const family *f,
                                              int i, const gv_cascade_opts *o)
{
    const gv_probability *rule =
        o->diffusion == GV_DIFFUSION_THRESHOLD ? &weighted_cascade : f->rule;
    gv_node seeds[MOST_SEEDS + 1];
    for (uint64_t k = 0; k <= MOST_SEEDS; k++)
        seeds[k] = family_seed(f, i, k);
    const gv_node more = seeds[MOST_SEEDS];
    int64_t before[2][SET_WORLDS] = {{0}}, further = 0;
    for (int n = 1; n <= MOST_SEEDS; n += 2) {
        gv_node with[MOST_SEEDS + 1];
        memcpy(with, seeds, (size_t)n * sizeof *with);
        with[n] = more;
        gv_cascade_result *a = cascade_run(ctx, g, rule, seeds, n, o),
                          *b = cascade_run(ctx, g, rule, with, n + 1, o);
        for (int r = 0; r < SET_WORLDS; r++) {
            ASSERTm(f->name, a->spread[r] <= b->spread[r]);
            if (n > 1) {
                ASSERTm(f->name, before[0][r] <= a->spread[r]);
                ASSERTm(f->name, b->spread[r] - a->spread[r] <= before[1][r] - before[0][r]);
            }
            further += before[0][r] < a->spread[r];
            before[0][r] = a->spread[r], before[1][r] = b->spread[r];
        }
        gv_cascade_free(a), gv_cascade_free(b);
    }
    if (o->diffusion == GV_DIFFUSION_CASCADE)
        ASSERTm(f->name, further > SET_WORLDS); /* the first set is further than nobody */
    PASS();
}

TEST subsets_never_spread_further(int i)
{
    gv_context *ctx = test_context(2, -1);
    family f;
    make_family(i, &f);
    gv_graph *g = edges_graph_weighted(ctx, &f.e);
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = SET_WORLDS, o.first_world = 1000;
    for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++) {
        o.kernel = (gv_cascade_kernel)k;
        for (o.max_steps = -1; o.max_steps <= 3; o.max_steps += 4) {
            o.diffusion = GV_DIFFUSION_CASCADE;
            CHECK_CALL(sets_are_nested(ctx, g, &f, i, &o));
            o.diffusion = GV_DIFFUSION_THRESHOLD;
            if (o.kernel != GV_CASCADE_POINTS)
                CHECK_CALL(sets_are_nested(ctx, g, &f, i, &o));
        }
    }
    gv_graph_free(g), edges_free(&f.e), gv_context_free(ctx);
    PASS();
}

/* ---- real graphs beside an independent simulation -----------------------------------------------
 */

/* What simulate_cascade.py printed; its words are in `name`. */
typedef struct simulated {
    const char *name, *file;
    int n_seeds;
    int64_t seeds[5];
    const gv_probability *rule;
    double worlds;
    figures is;
    double curve[4];
    int64_t reached[4]; /* the consumers reached most often, in that share of the worlds */
    double share[4];
} simulated;

static const simulated real[] = {
    {.name = "congress/edges.tsv.gz 200000 11 1 100 200",
     .file = "congress/edges.tsv.gz",
     .n_seeds = 3,
     .seeds = {1, 100, 200},
     .worlds = 200000,
     .is = {3.48299, 0.00197, 0.88099, 0.00345},
     .curve = {3, 0.38238, 0.08171, 0.01536},
     .reached = {199, 335, 66, 143},
     .share = {0.02578, 0.02439, 0.02157, 0.02048}},
    {.name = "congress/edges.tsv.gz 200000 12 367 399 393 322 470",
     .file = "congress/edges.tsv.gz",
     .n_seeds = 5,
     .seeds = {367, 399, 393, 322, 470},
     .worlds = 200000,
     .is = {9.86992, 0.00566, 2.53304, 0.00458},
     .curve = {5, 4.19137, 0.58066, 0.08420},
     .reached = {162, 12, 428, 175},
     .share = {0.13006, 0.12796, 0.06527, 0.06304}},
    {.name = "congress/edges.tsv.gz 30000 13 367 --wc",
     .file = "congress/edges.tsv.gz",
     .n_seeds = 1,
     .seeds = {367},
     .rule = &weighted_cascade,
     .worlds = 30000,
     .is = {58.25010, 0.21573, 37.36594, 0.15650},
     .curve = {1, 9.30100, 7.95017, 7.14727},
     .reached = {196, 108, 178, 235},
     .share = {0.52093, 0.31357, 0.31313, 0.30733}},
    {.name = "nethept/edges.tsv.gz 100000 14 6024",
     .file = "nethept/edges.tsv.gz",
     .n_seeds = 1,
     .seeds = {6024},
     .worlds = 100000,
     .is = {91.76916, 0.08365, 26.45169, 0.07362},
     .curve = {1, 4.82721, 19.98612, 23.21243},
     .reached = {512, 629, 805, 806},
     .share = {1, 1, 1, 1}},
};

static enum greatest_test_res same_as_simulated(const simulated *s, const edge_list *e,
                                                const gv_cascade_result *r)
{
    const double n = (double)r->n_worlds;
    CHECK_CALL(same_figures(s->name, s->is, figures_of(r)));
    for (int t = 0; t < 4; t++) {
        const double mean = (double)r->curve_sum[t] / n;
        const double square =
            ((double)r->curve_sumsq[t].hi * 0x1p64 + (double)r->curve_sumsq[t].lo) / n;
        const double variance = fmax(square - mean * mean, 0.0);
        ASSERTm(s->name, fabs(mean - s->curve[t]) <=
                             BOUND * sqrt(variance * (1 / n + 1 / s->worlds)) + 6e-6);
    }
    for (int k = 0; k < 4; k++) {
        const double q = s->share[k],
                     got = (double)r->activation_count[edges_node(e, s->reached[k])];
        ASSERTm(s->name,
                fabs(got / n - q) <= BOUND * sqrt(q * (1 - q) * (1 / n + 1 / s->worlds)) + 6e-6);
    }
    PASS();
}

TEST as_simulated_in_python(const simulated *s)
{
    char path[1024];
    if (test_data(s->file, path) == NULL)
        SKIPm("no such data");
    gv_context *ctx = test_context(2, -1);
    edge_list e;
    ASSERT(edges_read(path, NULL, &e));
    gv_graph *g = edges_graph_weighted(ctx, &e);
    gv_node seeds[5];
    for (int i = 0; i < s->n_seeds; i++)
        seeds[i] = edges_node(&e, s->seeds[i]);
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 60000, o.activation = true;
    for (int k = GV_CASCADE_POINTS; k <= GV_CASCADE_SLICED; k++) {
        o.kernel = (gv_cascade_kernel)k;
        gv_cascade_result *r = cascade_run(ctx, g, s->rule, seeds, s->n_seeds, &o);
        CHECK_CALL(same_as_simulated(s, &e, r));
        gv_cascade_free(r);
    }
    gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

SUITE(agreement)
{
    for (int i = 0; i < N_FAMILIES; i++) {
        RUN_TEST1(kernels_agree, i);
        RUN_TEST1(subsets_never_spread_further, i);
    }
    for (size_t i = 0; i < sizeof real / sizeof *real; i++)
        RUN_TEST1(as_simulated_in_python, &real[i]);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(agreement);
    GREATEST_MAIN_END();
}
