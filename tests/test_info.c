/* test_info.c -- what is said about graphs, models, truth and results, against plain counts. */
#include "greatest.h"

#include <math.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "grapevine/info.h"
#include "io/h5.h"
#include "io/info_degrees.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"
#include "tests/support/results.h"

static gv_error err;
static test_results *t; /* shared by all tests about files */

/* ---- graphs ---------------------------------------------------------------------------------- */

static gv_graph_info describe(gv_context *ctx, const gv_graph *g)
{
    gv_graph_info i;
    memset(&i, 0, sizeof i);
    if (gv_graph_describe(ctx, g, &i, &err) != GV_OK)
        i.isolated = -1;
    return i;
}

TEST a_star_by_hand(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_directed_star(9);
    e.n_nodes = 12; /* two without edges */
    gv_build_opts o = gv_build_defaults();
    o.source = GV_FROM_WC;
    gv_graph *g = edges_graph(ctx, &e, &o);
    const gv_graph_info i = describe(ctx, g);
    ASSERT_EQ(0, i.out.min);
    ASSERT_EQ(0, i.out.median);
    ASSERT_EQ(0, i.out.p90);
    ASSERT_EQ(9, i.out.p99);
    ASSERT_EQ(9, i.out.max);
    ASSERT_IN_RANGE(.75, i.out.mean, 1e-15);
    ASSERT_EQ(1, i.in.median);
    ASSERT_EQ(1, i.in.max);
    ASSERT_EQ(2, i.isolated);
    ASSERT_EQ(3, i.components);
    ASSERT_EQ(10, i.largest_component);
    ASSERT_IN_RANGE(0, i.reciprocity, 0);
    ASSERT_IN_RANGE(1, i.lowest_p, 0);
    ASSERT_IN_RANGE(1, i.highest_p, 0);
    gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

/* Rows longer than what is counted one by one, on one thread and on three. */
TEST a_few_very_long_rows(int32_t threads)
{
    enum { LEAVES = 90000 };
    gv_context *ctx = test_context(threads, -1);
    edge_list e = edges_star(LEAVES);
    for (int64_t v = 3; v < 70000; v++)
        edges_add(&e, 1, v, 1);
    for (int64_t v = 3; v < 80000; v++)
        edges_add(&e, 2, v, 1);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_graph_info i = describe(ctx, g);
    ASSERT_EQ(1, i.out.min);
    ASSERT_EQ(1, i.out.p99);
    ASSERT_EQ(LEAVES, i.out.max);
    ASSERT_EQ(LEAVES, i.in.max);
    ASSERT_EQ(3, i.in.median);
    ASSERT_EQ(1, i.components);
    ASSERT_EQ(LEAVES + 1, i.largest_component);
    ASSERT_IN_RANGE(2.0 * LEAVES / (2 * LEAVES + 69997 + 79997), i.reciprocity, 1e-15);
    /* only the three consumers with long rows: the places among these are sorted */
    const int64_t offset[] = {0, 80000, 150000, 240000};
    gv_graph few = *g;
    few.n_nodes = 3;
    few.n_edges = offset[3];
    few.out.indptr = offset;
    gv_degrees d;
    int64_t least;
    ASSERT_EQ(GV_OK, gv_describe_degrees(ctx, &few, &few.out, &d, &least, &err));
    ASSERT_EQ(70000, d.min);
    ASSERT_EQ(70000, least);
    ASSERT_EQ(80000, d.median);
    ASSERT_EQ(90000, d.p90);
    ASSERT_EQ(90000, d.max);
    gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

TEST a_graph_without_nodes(void)
{
    gv_context *ctx = test_context(1, -1);
    edge_list e = edges_none(0);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const gv_graph_info i = describe(ctx, g);
    ASSERT_EQ(0, i.out.max);
    ASSERT_EQ(0, i.isolated);
    ASSERT_EQ(0, i.components);
    ASSERT_EQ(0, i.largest_component);
    ASSERT(isnan(i.lowest_p));
    ASSERT_EQ(NULL, gv_graph_attribute_name(g, 0, NULL));
    gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

TEST a_random_graph_against_sorting(uint64_t seed)
{
    gv_context *ctx = test_context(3, -1);
    edge_list e = edges_gnp(300, .02, seed);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    const gv_graph_info i = describe(ctx, g);
    int64_t degree[300], isolated = 0, both = 0;
    float lowest = 1, highest = 0;
    for (gv_node v = 0; v < 300; v++) {
        degree[v] = gv_csr_degree(&g->out, v);
        isolated += degree[v] == 0 && gv_csr_degree(&g->in, v) == 0;
        for (int64_t k = g->out.indptr[v]; k < g->out.indptr[v + 1]; k++) {
            both += gv_csr_find(&g->out, g->out.indices[k], v) >= 0;
            lowest = fminf(lowest, g->out.probability[k]);
            highest = fmaxf(highest, g->out.probability[k]);
        }
    }
    qsort(degree, 300, sizeof *degree, ascending);
    ASSERT_EQ(degree[0], i.out.min);
    ASSERT_EQ(degree[149], i.out.median);
    ASSERT_EQ(degree[269], i.out.p90);
    ASSERT_EQ(degree[296], i.out.p99);
    ASSERT_EQ(degree[299], i.out.max);
    ASSERT_EQ(isolated, i.isolated);
    ASSERT_IN_RANGE((double)both / (double)g->n_edges, i.reciprocity, 1e-15);
    ASSERT_EQ((double)lowest, i.lowest_p);
    ASSERT_EQ((double)highest, i.highest_p);
    gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

TEST a_model_says_what_it_holds(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(20, .2, 5);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_model *m = model_random(ctx, g, 3, 1);
    const gv_model_info i = gv_model_describe(m);
    ASSERT_EQ(20, i.n_nodes);
    ASSERT_EQ(g->n_edges, i.n_edges);
    ASSERT_EQ(3, i.n_topics);
    ASSERT_EQ(m->pairs.indptr[20], i.n_pairs);
    ASSERT_EQ(m->evidence.indptr[20], i.n_evidence);
    ASSERT_EQ(m->k_edge, i.k_edge);
    for (int32_t z = 0; z < 3; z++) {
        const gv_topic_info topic = gv_model_describe_topic(m, z);
        ASSERT_STR_EQ(m->topic_name[z], topic.name);
        ASSERT_EQ(m->mu[z], topic.mu);
        ASSERT_EQ(m->window[z], topic.window);
    }
    gv_model_free(m), gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

/* ---- results and truth ----------------------------------------------------------------------- */

TEST results_say_what_they_hold(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_file *f = NULL;
    ASSERT_EQ(GV_OK, gv_file_open(ctx, t->results, &f, &err));
    const gv_file_info i = gv_file_describe(f);
    ASSERT_EQ(GV_FILE_RESULTS, i.kind);
    ASSERT_EQ(t->n, i.n_nodes);
    ASSERT_EQ(t->p->graph->n_edges, i.n_edges);
    ASSERT_EQ(t->z, i.n_topics);
    ASSERT_EQ(7, i.seed);
    ASSERT_STR_EQ(t->p->graph->hash, i.graph_hash);
    ASSERT_STR_EQ("00000000deadbeef", i.log_hash);
    ASSERT_IN_RANGE(.15, i.quantile, 0);
    ASSERT_EQ(2, i.n_cascades);
    ASSERT_EQ(1, i.n_ppr);
    ASSERT_EQ(2, i.n_topks);
    ASSERT(i.has_influencers && i.has_prospects);
    ASSERT_STR_EQ("/cascade/default/curve_sum", gv_file_entry_at(f, 0)->path);
    ASSERT_STR_EQ("int64", gv_file_entry_at(f, 0)->type);
    ASSERT_EQ(NULL, gv_file_entry_at(f, i.n_entries));
    ASSERT_EQ(1, gv_file_find_topic(f, gv_file_topic(f, 1)));
    ASSERT_EQ(-1, gv_file_find_topic(f, "no such topic"));
    ASSERT_EQ(NULL, gv_file_topic(f, t->z));
    gv_file_close(f);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST the_best_influencers(int64_t k)
{
    gv_context *ctx = test_context(2, -1);
    gv_file *f = NULL;
    gv_influencer *best = calloc((size_t)k + 1, sizeof *best);
    char id[GV_ID_CHARS + 1];
    ASSERT_EQ(GV_OK, gv_file_open(ctx, t->results, &f, &err));
    for (int32_t z = 0; z < t->z; z++) {
        int64_t count = -1, flagged = -1, wanted = 0;
        ASSERT_EQ(GV_OK, gv_file_influencers(f, z, k, best, &count, &flagged, &err));
        for (int64_t v = 0; v < t->n; v++)
            wanted += t->flag[z * t->n + v] != 0;
        ASSERT_EQ(wanted, flagged);
        ASSERT_EQ(k < wanted ? k : wanted, count);
        for (int64_t i = 0; i < count; i++) {
            const gv_node v = results_flagged(t, z, i);
            ASSERT_EQ(v, best[i].node);
            ASSERT_EQ((double)t->score[z * t->n + v], best[i].score);
            ASSERT_EQ(t->rank[z * t->n + v], best[i].rank);
            ASSERT_EQ(t->friends[v], best[i].friends);
            ASSERT_STR_EQ(gv_graph_id(t->p->graph, v, id), best[i].id);
        }
    }
    free(best);
    gv_file_close(f);
    gv_context_free(ctx);
    PASS();
}

TEST truth_confirms_as_counted(void)
{
    gv_context *ctx = test_context(3, -1);
    gv_file *f = NULL, *truth = NULL;
    ASSERT_EQ(GV_OK, gv_file_open(ctx, t->results, &f, &err));
    ASSERT_EQ(GV_OK, gv_file_open(ctx, t->truth, &truth, &err));
    ASSERT_EQ(GV_FILE_TRUTH, gv_file_describe(truth).kind);
    for (int32_t z = 0; z < t->z; z++) {
        gv_truth_check c;
        gv_planted planted;
        int64_t n[2] = {0, 0}, hits = 0, influencers = 0;
        double sum[2] = {0, 0}, of_influencers = 0;
        ASSERT_EQ(GV_OK, gv_file_check_truth(f, truth, z, &c, &err));
        ASSERT_EQ(GV_OK, gv_file_planted(truth, z, &planted, &err));
        for (int64_t v = 0; v < t->n; v++) {
            const int64_t i = z * t->n + v;
            const bool flagged = t->flag[i] != 0, is = t->p->influencer[i] != 0;
            n[flagged]++;
            sum[flagged] += (double)t->p->i1[i];
            hits += flagged && is;
            influencers += is;
            of_influencers += is ? (double)t->p->i1[i] : 0;
        }
        ASSERT_EQ(n[1], c.n_flagged);
        ASSERT_EQ(hits, c.n_confirmed);
        ASSERT_IN_RANGE(sum[1] / (double)n[1], c.mean_flagged, 1e-12);
        ASSERT_IN_RANGE(sum[0] / (double)n[0], c.mean_others, 1e-12);
        ASSERT_EQ(influencers, planted.n_influencers);
        ASSERT_IN_RANGE(of_influencers / (double)influencers, planted.mean_influencers, 1e-12);
    }
    gv_file_close(truth), gv_file_close(f);
    gv_context_free(ctx);
    PASS();
}

TEST cascades_and_walks(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_file *f = NULL;
    gv_cascade_info c;
    gv_ppr_info p;
    double mean[512], error[512], total = 0;
    ASSERT_EQ(GV_OK, gv_file_open(ctx, t->results, &f, &err));
    ASSERT_EQ(GV_OK, gv_file_cascade(f, 1, &c, &err));
    ASSERT_STR_EQ("short", c.name);
    ASSERT_EQ(2, c.curve_length);
    ASSERT_EQ(GV_OK, gv_file_cascade(f, 0, &c, &err));
    ASSERT_STR_EQ("default", c.name);
    ASSERT_EQ(40, c.n_worlds);
    ASSERT_EQ(3, c.n_seeds);
    ASSERT(c.curve_length <= 512);
    ASSERT_EQ(GV_OK, gv_file_curve(f, 0, mean, error, &err));
    for (int64_t k = 0; k < c.curve_length; k++)
        total += mean[k];
    ASSERT_IN_RANGE(c.mean, total, 1e-9);
    ASSERT_EQ(3, mean[0]);
    ASSERT_EQ(0, error[0]);
    ASSERT(error[1] > 0 && error[1] < mean[1]);
    ASSERT_EQ(GV_OK, gv_file_ppr(f, 0, &p, &err));
    ASSERT_EQ(2, p.n_columns);
    ASSERT_EQ(1, p.n_converged);
    ASSERT_EQ(7, p.least_iterations);
    ASSERT_EQ(19, p.most_iterations);
    ASSERT_IN_RANGE(.25, p.largest_residual, 0);
    gv_file_close(f);
    gv_context_free(ctx);
    PASS();
}

/* The standard error of a curve by its definition, from whole worlds: one step of a star. */
TEST a_curve_by_hand(void)
{
    static const int64_t sum[2] = {4, 6}, squares[4] = {0, 4, 0, 14};
    static const int64_t spread[4] = {2, 3, 2, 3}, one = 1, two = 2, four = 4, pairs[2] = {2, 2};
    static const double mean = 2.5, zero = 0;
    static const int32_t seeds[1] = {0};
    gv_context *ctx = test_context(1, -1);
    gv_results *r = NULL;
    gv_file *f = NULL;
    char path[TEST_PATH];
    double have[2], error[2];
    test_path(t->folder, "hand.h5", path);
    ASSERT_EQ(GV_OK, gv_results_create(ctx, path, true, t->p->graph, 1, &r, &err));
    gv_status st = gv_results_put(r, "/cascade/a/seeds", GV_I32, 1, &one, seeds, &err);
    st |= gv_results_put(r, "/cascade/a/spread", GV_I64, 1, &four, spread, &err);
    st |= gv_results_put(r, "/cascade/a/mean", GV_F64, 1, &one, &mean, &err);
    st |= gv_results_put(r, "/cascade/a/sd", GV_F64, 1, &one, &zero, &err);
    st |= gv_results_put(r, "/cascade/a/stderr", GV_F64, 1, &one, &zero, &err);
    st |= gv_results_put(r, "/cascade/a/outward_mean", GV_F64, 1, &one, &zero, &err);
    st |= gv_results_put(r, "/cascade/a/curve_sum", GV_I64, 1, &two, sum, &err);
    st |= gv_results_put(r, "/cascade/a/curve_sumsq", GV_I64, 2, pairs, squares, &err);
    st |= gv_results_attr_i64(r, "/cascade/a", "n_sims", 4, &err);
    st |= gv_results_commit(&r, &err);
    ASSERT_EQ(GV_OK, st);
    ASSERT_EQ(GV_OK, gv_file_open(ctx, path, &f, &err));
    ASSERT_EQ(GV_OK, gv_file_curve(f, 0, have, error, &err));
    ASSERT_IN_RANGE(1.5, have[1], 0);
    ASSERT_IN_RANGE(0, error[0], 0);
    ASSERT_IN_RANGE(sqrt((14.0 - 9.0) / 3.0 / 4.0), error[1], 1e-15);
    gv_file_close(f);
    gv_context_free(ctx);
    PASS();
}

/* ---- errors ---------------------------------------------------------------------------------- */

TEST what_is_refused(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_file *f = NULL, *truth = NULL, *other = NULL;
    gv_influencer one;
    gv_truth_check check;
    gv_planted planted;
    int64_t count;
    char path[TEST_PATH];
    ASSERT_EQ(GV_ERR_NO_INPUT, gv_file_open(ctx, "no/such.h5", &other, &err));
    ASSERT(test_write(test_path(t->folder, "text.h5", path), "not HDF5", 8));
    ASSERT_EQ(GV_ERR_DATA, gv_file_open(ctx, path, &other, &err));
    gv_h5 *h5 = NULL;
    test_path(t->folder, "foreign.h5", path);
    ASSERT_EQ(GV_OK, gv_h5_create(ctx, path, true, "another-program", 1, &h5, &err));
    ASSERT_EQ(GV_OK, gv_h5_commit(&h5, &err));
    ASSERT_EQ(GV_ERR_DATA, gv_file_open(ctx, path, &other, &err));
    ASSERT(strstr(err.message, "\"another-program\" is not grapevine-graph, ") != NULL);

    ASSERT_EQ(GV_OK, gv_file_open(ctx, t->results, &f, &err));
    ASSERT_EQ(GV_OK, gv_file_open(ctx, t->truth, &truth, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_file_influencers(f, t->z, 1, &one, &count, NULL, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_file_influencers(f, -1, 1, &one, &count, NULL, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_file_influencers(truth, 0, 1, &one, &count, NULL, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_file_planted(f, 0, &planted, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_file_planted(truth, t->z, &planted, &err));
    gv_cascade_info c;
    gv_ppr_info p;
    ASSERT_EQ(GV_ERR_RANGE, gv_file_cascade(f, 2, &c, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_file_ppr(f, 1, &p, &err));

    test_results *another = results_make(ctx, t->n + 1, t->z);
    gv_file *wrong = NULL;
    ASSERT_EQ(GV_OK, gv_file_open(ctx, another->truth, &wrong, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_file_check_truth(f, wrong, 0, &check, &err));
    ASSERT(strstr(err.message, "is not about the population of") != NULL);
    gv_file_close(wrong);
    results_drop(another);
    gv_file_close(truth), gv_file_close(f);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

static gv_status look_at_all(gv_context *ctx)
{
    gv_file *f = NULL, *truth = NULL;
    gv_graph *g = NULL;
    gv_graph_info info;
    gv_influencer best[4];
    gv_truth_check check;
    int64_t count;
    double mean[512];
    gv_status st = gv_file_open(ctx, t->results, &f, &err);
    if (st == GV_OK)
        st = gv_file_open(ctx, t->truth, &truth, &err);
    if (st == GV_OK)
        st = gv_file_influencers(f, 0, 4, best, &count, NULL, &err);
    if (st == GV_OK)
        st = gv_file_check_truth(f, truth, 0, &check, &err);
    if (st == GV_OK)
        st = gv_file_curve(f, 0, mean, NULL, &err);
    if (st == GV_OK)
        st = gv_graph_open(ctx, t->graph, &g, &err);
    if (st == GV_OK)
        st = gv_graph_describe(ctx, g, &info, &err);
    gv_graph_free(g);
    gv_file_close(truth), gv_file_close(f);
    return st;
}

TEST survives_every_failed_allocation(void)
{
    int failures = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; failures++) {
        gv_context *ctx = test_context(1, failures);
        st = look_at_all(ctx);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT(failures > 12);
    PASS();
}

SUITE(info)
{
    gv_context *ctx = test_context(2, -1);
    t = results_make(ctx, 300, 3);
    RUN_TEST(a_star_by_hand);
    RUN_TEST1(a_few_very_long_rows, 1);
    RUN_TEST1(a_few_very_long_rows, 3);
    RUN_TEST(a_graph_without_nodes);
    RUN_TEST1(a_random_graph_against_sorting, 1);
    RUN_TEST1(a_random_graph_against_sorting, 2);
    RUN_TEST(a_model_says_what_it_holds);
    RUN_TEST(results_say_what_they_hold);
    RUN_TEST1(the_best_influencers, 0);
    RUN_TEST1(the_best_influencers, 1);
    RUN_TEST1(the_best_influencers, 5);
    RUN_TEST1(the_best_influencers, 1000);
    RUN_TEST(truth_confirms_as_counted);
    RUN_TEST(cascades_and_walks);
    RUN_TEST(a_curve_by_hand);
    RUN_TEST(what_is_refused);
    RUN_TEST(survives_every_failed_allocation);
    results_drop(t);
    gv_context_free(ctx);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(info);
    GREATEST_MAIN_END();
}
