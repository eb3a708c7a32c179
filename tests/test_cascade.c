/* test_cascade.c -- worlds to the bit: the same as the plain reference, for any number of threads
 * and any split; what must hold in every single world. */
#include <math.h>

#include "greatest.h"
#include "ref/ref_cascade.h"
#include "support/cascades.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;
static gv_cascade_kernel kernel; /* under test */

static const gv_probability weighted_cascade = {.rule = GV_PROBABILITY_WEIGHTED_CASCADE};

/* Runs by the kernel under test, or ends the test program: for calls that must succeed. */
static gv_cascade_result *run(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                              const gv_node *seeds, int64_t n_seeds, const gv_cascade_opts *o)
{
    gv_cascade_opts with = o != NULL ? *o : gv_cascade_defaults();
    with.kernel = kernel;
    return cascade_run(ctx, g, p, seeds, n_seeds, &with);
}

static double wide(gv_wide x)
{
    return (double)x.hi * 0x1p64 + (double)(uint64_t)x.lo;
}

/* Worlds, counts and statistics of `got` are those that the reference finds. */
static enum greatest_test_res same_as_reference(const ref_problem *problem,
                                                const gv_cascade_opts *o,
                                                const gv_cascade_result *got)
{
    const int64_t n = problem->g->n_nodes;
    int64_t *step = calloc((size_t)n, sizeof *step), *sum = calloc((size_t)n, sizeof *sum);
    int64_t *sumsq = calloc((size_t)n, sizeof *sumsq), *level = calloc((size_t)n, sizeof *level);
    int32_t *count = calloc((size_t)n, sizeof *count);
    double mean = 0.0, square = 0.0;
    for (int64_t i = 0; i < got->n_worlds; i++) {
        const int64_t spread = ref_cascade_world(problem, o->seed, got->first_world + i, step);
        ASSERT_EQ_FMT((long)spread, (long)got->spread[i], "%ld");
        memset(level, 0, (size_t)n * sizeof *level);
        for (int64_t v = 0; v < n; v++)
            if (step[v] >= 0)
                level[step[v]]++, count[v]++;
        for (int64_t t = 0; t < n; t++)
            sum[t] += level[t], sumsq[t] += level[t] * level[t];
        mean += (double)spread;
    }
    mean /= (double)got->n_worlds;
    for (int64_t i = 0; i < got->n_worlds; i++)
        square += ((double)got->spread[i] - mean) * ((double)got->spread[i] - mean);
    const double sd = got->n_worlds > 1 ? sqrt(square / (double)(got->n_worlds - 1)) : 0.0;
    ASSERT_IN_RANGE(mean, got->mean, 1e-12 * mean);
    ASSERT_IN_RANGE(sd, got->sd, 1e-9 * (sd + 1.0));
    ASSERT_IN_RANGE(sd / sqrt((double)got->n_worlds), got->stderr_mean, 1e-9 * (sd + 1.0));
    ASSERT_IN_RANGE(mean - (double)got->n_seeds, got->outward_mean, 1e-9);
    ASSERT_GTE(got->curve_length, 1);
    for (int64_t t = 0; t < n; t++) {
        ASSERT_EQ(sum[t], t < got->curve_length ? got->curve_sum[t] : 0);
        ASSERT_EQ((double)sumsq[t], t < got->curve_length ? wide(got->curve_sumsq[t]) : 0.0);
    }
    ASSERT(got->curve_length == 1 || got->curve_sum[got->curve_length - 1] > 0);
    ASSERT_MEM_EQ(count, got->activation_count, (size_t)n * sizeof *count);
    free(step), free(sum), free(sumsq), free(level), free(count);
    PASS();
}

/* Stored, constant and weighted-cascade probabilities, with and without a limit of steps. */
TEST agrees_with_reference(void)
{
    gv_context *ctx = test_context(3, -1);
    for (uint64_t i = 0; i < 12; i++) {
        const int64_t n = 20 + 15 * (int64_t)i;
        edge_list e = edges_gnp(n, 4.0 / (double)n, i);
        gv_graph *g = edges_graph_weighted(ctx, &e);
        const gv_probability p = i % 3 == 0 ? cascade_constant(0.3) : weighted_cascade;
        const gv_node seeds[3] = {(gv_node)(n - 1), 3, (gv_node)(n / 2)};
        gv_cascade_opts o = gv_cascade_defaults();
        o.seed = i, o.n_worlds = 60, o.first_world = (int64_t)i * 1000000007, o.activation = true;
        o.max_steps = i % 4 == 1 ? 2 : -1;
        const ref_problem problem = {g, i % 3 == 1 ? NULL : &p, seeds, 3, o.max_steps};
        gv_cascade_result *r = run(ctx, g, problem.probability, seeds, 3, &o);
        CHECK_CALL(same_as_reference(&problem, &o, r));
        gv_cascade_free(r), gv_graph_free(g), edges_free(&e);
    }
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

static enum greatest_test_res same_results(const gv_cascade_result *a, const gv_cascade_result *b,
                                           int64_t n_nodes)
{
    ASSERT_EQ(a->n_worlds, b->n_worlds);
    ASSERT_EQ(a->curve_length, b->curve_length);
    ASSERT_MEM_EQ(a->spread, b->spread, (size_t)a->n_worlds * sizeof *a->spread);
    ASSERT_MEM_EQ(a->curve_sum, b->curve_sum, (size_t)a->curve_length * sizeof *a->curve_sum);
    ASSERT_MEM_EQ(a->curve_sumsq, b->curve_sumsq, (size_t)a->curve_length * sizeof *a->curve_sumsq);
    ASSERT_MEM_EQ(a->activation_count, b->activation_count,
                  (size_t)n_nodes * sizeof *a->activation_count);
    ASSERT_MEM_EQ(&a->mean, &b->mean, sizeof a->mean);
    ASSERT_MEM_EQ(&a->sd, &b->sd, sizeof a->sd);
    ASSERT_MEM_EQ(&a->stderr_mean, &b->stderr_mean, sizeof a->stderr_mean);
    ASSERT_MEM_EQ(&a->outward_mean, &b->outward_mean, sizeof a->outward_mean);
    PASS();
}

/* With a target, too: the number of worlds is part of the result. */
TEST ignores_thread_count(void)
{
    const int32_t threads[] = {1, 2, 3, 8};
    const gv_node seeds[] = {5, 17, 400};
    edge_list e = edges_gnp(1000, 0.005, 7);
    for (int target = 0; target < 2; target++) {
        gv_context *ctx[4];
        gv_graph *g[4];
        gv_cascade_result *r[4];
        for (int i = 0; i < 4; i++) {
            ctx[i] = test_context(threads[i], -1);
            g[i] = edges_graph_weighted(ctx[i], &e);
            gv_cascade_opts o = gv_cascade_defaults();
            o.activation = true, o.n_worlds = 500, o.target_stderr = target * 0.012;
            const gv_probability p = cascade_constant(0.2);
            r[i] = run(ctx[i], g[i], target ? &p : NULL, seeds, 3, &o);
            CHECK_CALL(same_results(r[0], r[i], 1000));
        }
        ASSERT(target == 0 || r[0]->n_worlds > 1024);
        for (int i = 0; i < 4; i++)
            gv_cascade_free(r[i]), gv_graph_free(g[i]), gv_context_free(ctx[i]);
    }
    edges_free(&e);
    PASS();
}

TEST ranges_of_worlds_add_up(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(300, 0.01, 3);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seed = 11;
    gv_cascade_opts o = gv_cascade_defaults();
    o.first_world = 1000, o.n_worlds = 300, o.activation = true;
    gv_cascade_result *whole = run(ctx, g, NULL, &seed, 1, &o);
    int64_t curve[300] = {0}, count[300] = {0};
    double curve_sq[300] = {0};
    const int64_t cut[] = {0, 1, 120, 300};
    for (int i = 0; i < 3; i++) {
        o.first_world = 1000 + cut[i], o.n_worlds = cut[i + 1] - cut[i];
        gv_cascade_result *part = run(ctx, g, NULL, &seed, 1, &o);
        ASSERT_MEM_EQ(whole->spread + cut[i], part->spread,
                      (size_t)part->n_worlds * sizeof *part->spread);
        for (int64_t t = 0; t < part->curve_length; t++)
            curve[t] += part->curve_sum[t], curve_sq[t] += wide(part->curve_sumsq[t]);
        for (int v = 0; v < 300; v++)
            count[v] += part->activation_count[v];
        gv_cascade_free(part);
    }
    for (int64_t t = 0; t < whole->curve_length; t++) {
        ASSERT_EQ(whole->curve_sum[t], curve[t]);
        ASSERT_EQ(wide(whole->curve_sumsq[t]), curve_sq[t]);
    }
    for (int v = 0; v < 300; v++)
        ASSERT_EQ(count[v], whole->activation_count[v]);
    gv_cascade_free(whole), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* More seeds, more steps or a larger p never make less of any world. */
TEST is_monotone_in_every_world(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(400, 0.01, 9);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seeds[] = {1, 2, 50, 60, 70};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 400;
    gv_cascade_result *few = run(ctx, g, NULL, seeds, 2, &o);
    gv_cascade_result *many = run(ctx, g, NULL, seeds, 5, &o);
    const gv_probability low = cascade_constant(0.1), high = cascade_constant(0.15);
    gv_cascade_result *rare = run(ctx, g, &low, seeds, 5, &o);
    gv_cascade_result *often = run(ctx, g, &high, seeds, 5, &o);
    o.max_steps = 3;
    gv_cascade_result *early = run(ctx, g, NULL, seeds, 5, &o);
    int64_t more[3] = {0};
    for (int64_t i = 0; i < o.n_worlds; i++) {
        ASSERT_LTE(few->spread[i], many->spread[i]);
        ASSERT_LTE(rare->spread[i], often->spread[i]);
        ASSERT_LTE(early->spread[i], many->spread[i]);
        more[0] += few->spread[i] < many->spread[i];
        more[1] += rare->spread[i] < often->spread[i];
        more[2] += early->spread[i] < many->spread[i];
    }
    for (int i = 0; i < 3; i++)
        ASSERT_GT(more[i], 0);
    gv_cascade_result *all[] = {few, many, rare, often, early};
    for (int i = 0; i < 5; i++)
        gv_cascade_free(all[i]);
    gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* Consumers without edges and with ids above all others change nothing, nor does the order of the
 * input; seeds may repeat and come in any order. */
TEST ignores_isolated_nodes_and_seed_order(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(200, 0.02, 4);
    gv_graph *small = edges_graph_weighted(ctx, &e);
    e.n_nodes = 777;
    gv_graph *large = edges_graph_weighted(ctx, &e);
    const gv_node seeds[] = {150, 3, 20}, repeated[] = {20, 3, 150, 3, 3, 20};
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 200, o.activation = true;
    gv_cascade_result *a = run(ctx, small, NULL, seeds, 3, &o);
    gv_cascade_result *b = run(ctx, large, NULL, repeated, 6, &o);
    CHECK_CALL(same_results(a, b, 200));
    ASSERT_EQ(3, b->n_seeds);
    ASSERT_EQ(3, b->seeds[0]);
    ASSERT_EQ(20, b->seeds[1]);
    ASSERT_EQ(150, b->seeds[2]);
    for (int v = 200; v < 777; v++)
        ASSERT_EQ(0, b->activation_count[v]);
    gv_cascade_free(a), gv_cascade_free(b), gv_graph_free(small), gv_graph_free(large);
    edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* p = 1 is breadth-first search, p = 0 nobody, T steps a ball; no coin is near either. */
TEST certain_edges_make_a_search(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_path(5000); /* far more steps than a thread has room for at first */
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_node seed = 0;
    const gv_probability always = cascade_constant(1.0), never = cascade_constant(0.0);
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 5;
    gv_cascade_result *r = run(ctx, g, &always, &seed, 1, &o);
    ASSERT_EQ(5000, r->curve_length);
    for (int t = 0; t < 5000; t++) {
        ASSERT_EQ(5, r->curve_sum[t]);
        ASSERT_EQ(5, r->curve_sumsq[t].lo);
        ASSERT_EQ(0, r->curve_sumsq[t].hi);
    }
    ASSERT_EQ(5000.0, r->mean);
    ASSERT_EQ(0.0, r->sd);
    gv_cascade_free(r);
    for (o.max_steps = 0; o.max_steps < 100; o.max_steps += 7) {
        r = run(ctx, g, &always, &seed, 1, &o);
        ASSERT_EQ((double)o.max_steps + 1.0, r->mean);
        ASSERT_EQ(o.max_steps + 1, r->curve_length);
        gv_cascade_free(r);
    }
    o.max_steps = -1;
    r = run(ctx, g, &never, &seed, 1, &o);
    ASSERT_EQ(1.0, r->mean);
    ASSERT_EQ(0.0, r->outward_mean);
    ASSERT_EQ(1, r->curve_length);
    gv_cascade_free(r);
    r = run(ctx, g, &weighted_cascade, &seed, 1, &o); /* every in-degree is 1 */
    ASSERT_EQ(5000.0, r->mean);
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

/* LDBC Graphalytics: the published depth of each vertex is the step at which it becomes active. */
TEST equals_published_search(const char *name)
{
    char path[3][1024], file[64];
    const char *part[] = {"edges.tsv", "vertices.tsv", "output"};
    for (int i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "ldbc/bfs/%s-%s", name, part[i]);
        if (test_data(file, path[i]) == NULL)
            SKIPm("no LDBC data");
    }
    gv_context *ctx = test_context(2, -1);
    edge_list e;
    ASSERT(edges_read(path[0], path[1], &e));
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_node source = edges_node(&e, 1);
    const gv_probability always = cascade_constant(1.0);
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 3, o.activation = true;
    for (o.max_steps = 0; o.max_steps < 6; o.max_steps++) {
        gv_cascade_result *r = run(ctx, g, &always, &source, 1, &o);
        FILE *f = fopen(path[2], "r");
        ASSERT_NEQ(NULL, f);
        long long id, depth;
        int64_t rows = 0;
        while (fscanf(f, "%lld %lld", &id, &depth) == 2) {
            ASSERT_EQ(depth <= o.max_steps ? 3 : 0, r->activation_count[edges_node(&e, id)]);
            rows++;
        }
        fclose(f);
        ASSERT_EQ(e.n_nodes, rows);
        gv_cascade_free(r);
    }
    gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

TEST small_inputs(void)
{
    gv_context *ctx = test_context(2, -1);
    const gv_probability half = cascade_constant(0.5);
    gv_cascade_opts o = gv_cascade_defaults();
    o.activation = true, o.n_worlds = 10;
    for (int n = 0; n < 3; n++) {
        edge_list e = edges_none(n);
        gv_graph *g = edges_graph(ctx, &e, NULL);
        const gv_node seed = 0;
        for (int k = 0; k <= (n > 0); k++) {
            gv_cascade_result *r = run(ctx, g, &half, k ? &seed : NULL, k, &o);
            ASSERT_EQ(1, r->curve_length);
            ASSERT_EQ(10 * k, r->curve_sum[0]);
            ASSERT_EQ(10 * k, r->curve_sumsq[0].lo);
            ASSERT_EQ((double)k, r->mean);
            ASSERT_EQ(0.0, r->sd);
            for (int v = 0; v < n; v++)
                ASSERT_EQ(v < k ? 10 : 0, r->activation_count[v]);
            gv_cascade_free(r);
        }
        gv_graph_free(g), edges_free(&e);
    }
    o.activation = false, o.n_worlds = 1;
    edge_list e = edges_star(3);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_node leaf = 2;
    gv_cascade_result *r = run(ctx, g, &half, &leaf, 1, &o);
    ASSERT_EQ(NULL, r->activation_count);
    ASSERT_EQ(0.0, r->sd);
    ASSERT_EQ(0.0, r->stderr_mean);
    gv_cascade_free(r), gv_cascade_free(NULL), gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Blocks double from 1,024 worlds; the first worlds are those of a fixed number. */
TEST target_precision(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(300, 0.01, 5);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_node seed = 9;
    gv_cascade_opts o = gv_cascade_defaults();
    o.n_worlds = 3, o.target_stderr = 0.011;
    gv_cascade_result *r = run(ctx, g, NULL, &seed, 1, &o);
    ASSERT_LTE(r->stderr_mean, 0.011 * r->mean);
    ASSERT_GT(r->n_worlds, 1024);
    ASSERT_EQ(0, r->n_worlds & (r->n_worlds - 1));
    gv_cascade_opts fixed = gv_cascade_defaults();
    fixed.n_worlds = r->n_worlds / 2;
    gv_cascade_result *half = run(ctx, g, NULL, &seed, 1, &fixed);
    ASSERT_GT(half->stderr_mean, 0.011 * half->mean);
    ASSERT_MEM_EQ(half->spread, r->spread, (size_t)half->n_worlds * sizeof *half->spread);
    gv_cascade_free(half), gv_cascade_free(r);
    o.target_stderr = 1e-4;
    for (int i = 0; i < 3; i++) {
        o.max_worlds = (const int64_t[]){1, 700, 3000}[i];
        r = NULL;
        o.kernel = kernel;
        ASSERT_EQ(GV_ERR_CONVERGE, gv_cascade(ctx, g, NULL, &seed, 1, &o, &r, &err));
        ASSERT(strstr(err.message, "above the target 0.0001") != NULL);
        ASSERT_EQ(o.max_worlds, r->n_worlds);
        ASSERT_GT(r->mean, 1.0);
        ASSERT_EQ(o.max_worlds, r->curve_sum[0]);
        gv_cascade_free(r);
    }
    r = run(ctx, g, NULL, NULL, 0, &(gv_cascade_opts){.target_stderr = 0.01, .max_worlds = 5000});
    ASSERT_EQ(1024, r->n_worlds); /* nothing can vary */
    gv_cascade_free(r), gv_graph_free(g), edges_free(&e), gv_context_free(ctx);
    PASS();
}

SUITE(cascade)
{
    if (kernel == GV_CASCADE_PLAIN)
        RUN_TEST(agrees_with_reference);
    RUN_TEST(ignores_thread_count);
    RUN_TEST(ranges_of_worlds_add_up);
    RUN_TEST(is_monotone_in_every_world);
    RUN_TEST(ignores_isolated_nodes_and_seed_order);
    RUN_TEST(certain_edges_make_a_search);
    RUN_TEST1(equals_published_search, "dir");
    RUN_TEST1(equals_published_search, "undir");
    RUN_TEST(small_inputs);
    RUN_TEST(target_precision);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++) {
        kernel = (gv_cascade_kernel)k;
        RUN_SUITE(cascade);
    }
    GREATEST_MAIN_END();
}
