/* test_influence.c -- i1 and i2 against dull versions, enumeration and hand-worked cases. */
#include <math.h>

#include "engine/context.h"
#include "engine/slice.h"
#include "grapevine/grapevine.h"
#include "greatest.h"
#include "kernels/influence_batch.h"
#include "tests/ref/ref_influence.h"
#include "tests/support/fixtures.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"

#define ASSERT_OK(call) ASSERT_EQm(err.message, GV_OK, (call))

static gv_error err;

static float close_to(double x)
{
    return (float)(1e-6 * (1.0 + fabs(x)));
}

/* All ways to p give the same bits. */
TEST paths_to_p_agree(void)
{
    fixture f = random_fixture(40, .2, 5, 1);
    int32_t slot[5];
    gv_slice s;
    gv_slice_begin(&s, slot, 5);
    ASSERT(gv_slice_add(&s, 3, 4) && gv_slice_add(&s, 0, 4) && gv_slice_add(&s, 4, 4));
    ASSERT_FALSE(gv_slice_add(&s, 0, 4));
    ASSERT(gv_slice_add(&s, 1, 4));
    ASSERT_FALSE(gv_slice_add(&s, 2, 4));
    for (int pass = 0; pass < 4; pass++) {
        f.m->k_edge = pass % 2 == 0 ? 10.0 : 0.0;
        f.m->k_tie = pass < 2 ? 0.0 : 1.5;
        for (gv_node v = 0; v < f.g->n_nodes; v++) {
            gv_slice_row row, sought;
            gv_slice_row_begin(f.m, &s, v, &row);
            for (int64_t e = f.g->out.indptr[v]; e < f.g->out.indptr[v + 1]; e++) {
                const gv_node u = f.g->out.indices[e];
                double p[GV_SLICE], q[GV_SLICE];
                gv_slice_edge(f.m, &s, &row, e, u, p);
                gv_slice_row_begin(f.m, &s, v, &sought);
                gv_slice_row_seek(f.m, &sought, e);
                gv_slice_edge(f.m, &s, &sought, e, u, q);
                for (int32_t k = 0; k < s.n; k++) {
                    const double want = gv_model_edge(f.m, v, u, e, s.topic[k]);
                    ASSERT_EQ(want, p[k]);
                    ASSERT_EQ(want, q[k]);
                    ASSERT_IN_RANGE(ref_edge(f.m, v, u, e, s.topic[k]), want, 1e-12);
                }
            }
        }
    }
    fixture_free(&f);
    PASS();
}

/* 0 -> {1, 2}, 1 -> 0, 1 -> 2 with p = 1/2, 1/4, 1/8, 1; weights 4, 8, 16. */
TEST hand_worked(void)
{
    gv_context *ctx = test_context(1, -1);
    edge_list e = edges_none(4);
    edges_add(&e, 0, 1, 1), edges_add(&e, 0, 2, 1), edges_add(&e, 1, 0, 1), edges_add(&e, 1, 2, 1);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    const double p[4] = {.5, .25, .125, 1.0};
    gv_model *m = model_exact(ctx, g, 1, p);
    const float w[4] = {4, 8, 16, 32};
    float i1[4], i2[4];
    const int32_t z = 0;
    ASSERT_OK(gv_influence(ctx, g, m, &z, 1, NULL, i1, i2, &err));
    ASSERT_MEM_EQ(((float[4]){.75f, 1.125f, 0, 0}), i1, sizeof i1);
    /* .5 (1 + 1) + .25;  .125 (1 + .75 - .5) + 1 */
    ASSERT_MEM_EQ(((float[4]){1.25f, 1.15625f, 0, 0}), i2, sizeof i2);
    ASSERT_OK(gv_influence(ctx, g, m, &z, 1, w, i1, i2, &err));
    ASSERT_MEM_EQ(((float[4]){8, 16.5f, 0, 0}), i1, sizeof i1);
    /* .5 (8 + 16) + .25 16;  .125 (4 + 8 - .5 8) + 16 */
    ASSERT_MEM_EQ(((float[4]){16, 17, 0, 0}), i2, sizeof i2);
    gv_model_free(m), gv_graph_free(g), gv_context_free(ctx), edges_free(&e);
    PASS();
}

TEST equals_dense_reference(void)
{
    for (uint64_t seed = 0; seed < 6; seed++) {
        const int32_t topics[3] = {0, 1, 2};
        fixture f = random_fixture(60, .05 + .05 * (double)seed, 3, 10 * seed);
        const int64_t n = f.g->n_nodes;
        float *i1 = floats(3 * n), *i2 = floats(3 * n);
        float *w = seed % 2 == 0 ? NULL : random_weights(n, seed);
        ASSERT_OK(gv_influence(f.ctx, f.g, f.m, topics, 3, w, i1, i2, &err));
        for (int32_t z = 0; z < 3; z++) {
            double *p = ref_matrix(f.g, f.m, z);
            for (gv_node u = 0; u < n; u++) {
                const double one = ref_i1(p, n, w, u), two = ref_i2(p, n, w, u);
                ASSERT_IN_RANGE(one, i1[z * n + u], close_to(one));
                ASSERT_IN_RANGE(two, i2[z * n + u], close_to(two));
            }
            free(p);
        }
        free(w), free(i2), free(i1);
        fixture_free(&f);
    }
    PASS();
}

/* i2 bounds the expected distinct consumers within two steps; `tight`: and equals it. */
static enum greatest_test_res compare_with_worlds(fixture *f, bool tight, const float *w)
{
    const int64_t n = f->g->n_nodes;
    const int32_t z = 0;
    float *i1 = floats(n), *i2 = floats(n);
    double *p = ref_matrix(f->g, f->m, z);
    ASSERT_OK(gv_influence(f->ctx, f->g, f->m, &z, 1, w, i1, i2, &err));
    for (gv_node u = 0; u < n; u++) {
        const double exact = ref_two_steps(f->g, p, w, u);
        ASSERT(i2[u] >= exact - close_to(exact));
        if (tight)
            ASSERT_IN_RANGE(exact, i2[u], close_to(exact));
    }
    free(p), free(i2), free(i1);
    PASS();
}

TEST bounds_distinct_consumers(void)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        edge_list e = edges_gnp(5, .4, seed);
        if (e.n_edges > 11)
            e.n_edges = 11;
        fixture f = fixture_of(&e, 1, seed);
        float *w = random_weights(5, seed);
        CHECK_CALL(compare_with_worlds(&f, false, NULL));
        CHECK_CALL(compare_with_worlds(&f, false, w));
        free(w);
        fixture_free(&f);
    }
    PASS();
}

/* Random trees, each tie in one direction or in both. */
TEST equals_distinct_consumers_on_trees(void)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        edge_list e = edges_none(7);
        for (int64_t v = 1; v < 7; v++) {
            const int64_t parent = (int64_t)(test_random(seed, (uint64_t)v) * (double)v);
            const double kind = test_random(seed + 1000, (uint64_t)v);
            if (kind < .8)
                edges_add(&e, parent, v, 1);
            if (kind > .2)
                edges_add(&e, v, parent, 1);
        }
        fixture f = fixture_of(&e, 1, seed);
        float *w = random_weights(7, seed);
        CHECK_CALL(compare_with_worlds(&f, true, NULL));
        CHECK_CALL(compare_with_worlds(&f, true, w));
        free(w);
        fixture_free(&f);
    }
    PASS();
}

/* Any selection of topics, in any batches: the same bits. */
static enum greatest_test_res compare_selections(int32_t n_topics, double k_tie)
{
    fixture f = random_fixture(300, .02, n_topics, 5);
    f.m->k_tie = k_tie;
    const int64_t n = f.g->n_nodes;
    int32_t all[20];
    for (int32_t z = 0; z < n_topics; z++)
        all[z] = z;
    const int32_t some[5] = {n_topics - 3, 3, n_topics - 3, 0, 9};
    float *i1 = floats(n_topics * n), *i2 = floats(n_topics * n), *j1 = floats(n_topics * n),
          *j2 = floats(n_topics * n);
    ASSERT_OK(gv_influence(f.ctx, f.g, f.m, all, n_topics, NULL, i1, i2, &err));
    ASSERT_OK(gv_influence(f.ctx, f.g, f.m, some, 5, NULL, j1, j2, &err));
    for (int32_t i = 0; i < 5; i++) {
        ASSERT_MEM_EQ(i1 + some[i] * n, j1 + i * n, (size_t)n * sizeof *i1);
        ASSERT_MEM_EQ(i2 + some[i] * n, j2 + i * n, (size_t)n * sizeof *i2);
    }
    ASSERT_OK(gv_influence(f.ctx, f.g, f.m, all, n_topics, NULL, j1, NULL, &err));
    ASSERT_MEM_EQ(i1, j1, (size_t)(n_topics * n) * sizeof *i1);
    const int64_t least = influence_fixed_bytes(n, f.m->evidence.indptr[n], 3) + 1024;
    for (int32_t lanes = 4; lanes <= 16; lanes *= 2) {
        const int64_t room = least + influence_batch_bytes(n, lanes);
        gv_context *tight = test_context(3, -1);
        tight->memory_limit = room;
        memset(j2, 0, (size_t)(n_topics * n) * sizeof *j2);
        ASSERT_OK(gv_influence(tight, f.g, f.m, all, n_topics, NULL, j1, j2, &err));
        ASSERT_MEM_EQ(i2, j2, (size_t)(n_topics * n) * sizeof *i2);
        ASSERT(gv_context_memory_peak(tight) <= room);
        gv_context_free(tight);
    }
    free(j2), free(j1), free(i2), free(i1);
    fixture_free(&f);
    PASS();
}

/* 20 topics take two batches; ties of up to 16 are summed in another way. */
TEST topics_do_not_meet(void)
{
    const int32_t n_topics[] = {20, 16, 13};
    for (int i = 0; i < 3; i++) {
        CHECK_CALL(compare_selections(n_topics[i], 0.0));
        CHECK_CALL(compare_selections(n_topics[i], 1.5));
    }
    PASS();
}

/* Levels of instructions differ in speed only. */
static enum greatest_test_res compare_levels(double density)
{
    for (int32_t n_topics = 3; n_topics <= 16; n_topics += n_topics < 15 ? 4 : 1) {
        fixture f = random_fixture(90, density, n_topics, (uint64_t)n_topics);
        const int64_t n = f.g->n_nodes, n_evidence = f.m->evidence.indptr[n];
        float *w = random_weights(n, 8), *first[2] = {NULL, NULL};
        f.m->k_tie = 1.5;
        influence_batch b = {.g = f.g, .m = f.m, .weight = w, .s = f.m->target};
        int32_t slot[16];
        gv_slice_begin(&b.slice, slot, n_topics);
        for (int32_t z = 0; z < n_topics; z++) {
            ASSERT(gv_slice_add(&b.slice, n_topics - 1 - z, 16));
            b.mu_most = f.m->mu[z] > b.mu_most ? f.m->mu[z] : b.mu_most;
        }
        influence_take_slice(&b);
        for (int level = 0; level < INFLUENCE_LEVELS; level++) {
            const influence_level *at = influence_level_at(level);
            if (at == NULL)
                continue;
            b.i1 = floats(n_topics * n), b.i2 = floats(n_topics * n);
            b.record = floats(n * influence_record_floats(b.lanes));
            b.rest = calloc((size_t)n, sizeof *b.rest);
            b.place = calloc((size_t)n_evidence, sizeof *b.place);
            b.note = calloc((size_t)n_evidence, sizeof *b.note);
            influence_post post;
            ASSERT(influence_post_make(f.ctx, &post, &f.g->out, n, n_evidence));
            influence_post_clear(&post);
            b.post = &post;
            at->one(&b, 0, n);
            ASSERT(influence_post_close(f.ctx, &post));
            influence_post_sort(&post, 0);
            at->two(&b, 0, n);
            influence_post_free(f.ctx, &post);
            free(b.note);
            free(b.place), free(b.rest), free(b.record);
            if (level == 0) {
                first[0] = b.i1, first[1] = b.i2;
                continue;
            }
            ASSERT_MEM_EQ(first[0], b.i1, (size_t)(n_topics * n) * sizeof(float));
            ASSERT_MEM_EQ(first[1], b.i2, (size_t)(n_topics * n) * sizeof(float));
            free(b.i1), free(b.i2);
        }
        free(first[0]), free(first[1]), free(w);
        fixture_free(&f);
    }
    PASS();
}

TEST levels_agree(void)
{
    CHECK_CALL(compare_levels(.1));
    CHECK_CALL(compare_levels(.012));
    PASS();
}

/* A consumer and a place among the topics of a batch are a number of 32 bits. */
TEST batches_have_a_number_for_everybody(void)
{
    ASSERT_EQ(16, influence_most(1));
    ASSERT_EQ(16, influence_most(INT64_C(1) << 28));
    ASSERT_EQ(8, influence_most((INT64_C(1) << 28) + 1));
    ASSERT_EQ(4, influence_most(INT64_C(1) << 30));
    ASSERT_EQ(2, influence_most(INT32_MAX));
    ASSERT_EQ(2, influence_width(INT32_MAX, 0, 16, true, 1, 0));
    ASSERT_EQ(16, influence_width(INT32_MAX, 0, 16, false, 1, 0));
    ASSERT_EQ(0, influence_slot_bits(1));
    ASSERT_EQ(2, influence_slot_bits(3));
    ASSERT_EQ(4, influence_slot_bits(16));
    PASS();
}

TEST ignores_thread_count(void)
{
    for (int32_t n_topics = 1; n_topics <= 16; n_topics += 5) {
        fixture f = hub_fixture(n_topics < 16 ? n_topics + 2 : 16);
        const int64_t n = f.g->n_nodes, cells = n_topics * n;
        int32_t z[16];
        for (int32_t k = 0; k < n_topics; k++)
            z[k] = f.m->n_topics - 1 - k;
        float *i1 = floats(cells), *i2 = floats(cells), *j1 = floats(cells), *j2 = floats(cells);
        float *w = random_weights(n, 8);
        for (int32_t threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
            gv_context *ctx = test_context(threads, -1);
            float *a = threads == 1 ? i1 : j1, *b = threads == 1 ? i2 : j2;
            ASSERT_OK(gv_influence(ctx, f.g, f.m, z, n_topics, w, a, b, &err));
            ASSERT_EQ(0, gv_context_memory_used(ctx));
            gv_context_free(ctx);
            if (threads == 1)
                continue;
            ASSERT_MEM_EQ(i1, j1, (size_t)cells * sizeof *i1);
            ASSERT_MEM_EQ(i2, j2, (size_t)cells * sizeof *i2);
        }
        free(w), free(j2), free(j1), free(i2), free(i1);
        fixture_free(&f);
    }
    PASS();
}

TEST empty_graphs(void)
{
    for (int64_t n = 0; n < 3; n++) {
        edge_list e = edges_none(n);
        fixture f = fixture_of(&e, 2, 1);
        const int32_t topics[2] = {0, 1};
        float i1[4] = {7, 7, 7, 7}, i2[4] = {7, 7, 7, 7};
        int32_t rank[2];
        int16_t flag[2];
        int64_t n_flagged = -1;
        double threshold = 0.0;
        ASSERT_OK(gv_influence(f.ctx, f.g, f.m, topics, 2, NULL, i1, i2, &err));
        for (int64_t i = 0; i < 4; i++)
            ASSERT(i1[i] == (i < 2 * n ? 0.0f : 7.0f) && i2[i] == i1[i]);
        f.m->min_actions = 0;
        ASSERT_OK(
            gv_influence_rank(f.ctx, f.m, n, 0, i1, .5, rank, flag, &threshold, &n_flagged, &err));
        ASSERT_EQ(n > 0, n_flagged); /* round(.5) = 1, round(1) = 1 */
        ASSERT(n > 0 ? threshold == 0.0 : isnan(threshold));
        ASSERT_OK(gv_influence(f.ctx, f.g, f.m, topics, 0, NULL, i1, i2, &err));
        fixture_free(&f);
    }
    PASS();
}

TEST fails_without_memory(void)
{
    fixture f = random_fixture(50, .1, 2, 2);
    const int32_t topics[2] = {0, 1};
    float i1[100], i2[100];
    int64_t fails = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; fails++) {
        gv_context *ctx = test_context(2, fails);
        st = gv_influence(ctx, f.g, f.m, topics, 2, NULL, i1, i2, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_EQ(13, fails);
    fails = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; fails++) {
        gv_context *ctx = test_context(2, fails);
        st = gv_influence_rank(ctx, f.m, 50, 0, i1, .5, NULL, NULL, NULL, NULL, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_EQ(6, fails);
    fixture_free(&f);
    PASS();
}

static bool refuse(void *data, const char *stage, int64_t done, int64_t total)
{
    (void)stage, (void)done, (void)total;
    return --*(int *)data > 0;
}

TEST can_be_cancelled(void)
{
    fixture f = random_fixture(50, .1, 2, 2);
    const int32_t topics[2] = {0, 1};
    float i1[100], i2[100];
    int calls = 2;
    gv_context *ctx = test_context(2, -1);
    ctx->progress = refuse;
    ctx->progress_data = &calls;
    ASSERT_EQ(GV_ERR_CANCELLED, gv_influence(ctx, f.g, f.m, topics, 2, NULL, i1, i2, &err));
    ASSERT_STR_EQ("influence: cancelled after 200 of 200", err.message);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    fixture_free(&f);
    PASS();
}

TEST documented_errors(void)
{
    fixture f = random_fixture(10, .3, 2, 2);
    fixture other = random_fixture(11, .3, 2, 2);
    int32_t z = 2;
    float i1[10], w[10] = {0, 1, 2, 3, -1, NAN, 0, 0, 0, 0};
    ASSERT_EQ(GV_ERR_RANGE, gv_influence(f.ctx, f.g, f.m, &z, 1, NULL, i1, NULL, &err));
    ASSERT_STR_EQ("influence: topic 2 is not in [0, 2)", err.message);
    z = 0;
    ASSERT_EQ(GV_ERR_RANGE, gv_influence(f.ctx, f.g, f.m, &z, -1, NULL, i1, NULL, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_influence(f.ctx, f.g, f.m, &z, 1, w, i1, NULL, &err));
    ASSERT_STR_EQ("influence: weight -1 of node 4 is not a finite number >= 0", err.message);
    w[4] = 1;
    ASSERT_EQ(GV_ERR_RANGE, gv_influence(f.ctx, f.g, f.m, &z, 1, w, i1, NULL, NULL));
    ASSERT_EQ(GV_ERR_ARG, gv_influence(f.ctx, f.g, other.m, &z, 1, NULL, i1, NULL, &err));
    memcpy(f.m->graph_hash, "0123456789abcdef", 17);
    memcpy(f.g->hash, "0123456789abcdee", 17);
    ASSERT_EQ(GV_ERR_ARG, gv_influence(f.ctx, f.g, f.m, &z, 1, NULL, i1, NULL, &err));
    memcpy(f.g->hash, "0123456789abcdef", 17);
    ASSERT_OK(gv_influence(f.ctx, f.g, f.m, &z, 1, NULL, i1, NULL, &err));

    const double bad_quantile[3] = {-.1, 1.1, (double)NAN};
    for (int i = 0; i < 3; i++)
        ASSERT_EQ(GV_ERR_RANGE, gv_influence_rank(f.ctx, f.m, 10, 0, i1, bad_quantile[i], NULL,
                                                  NULL, NULL, NULL, &err));
    ASSERT_EQ(GV_ERR_RANGE,
              gv_influence_rank(f.ctx, f.m, 10, 2, i1, .5, NULL, NULL, NULL, NULL, &err));
    ASSERT_EQ(GV_ERR_RANGE,
              gv_influence_rank(f.ctx, f.m, 9, 0, i1, .5, NULL, NULL, NULL, NULL, &err));
    i1[3] = INFINITY;
    ASSERT_EQ(GV_ERR_RANGE,
              gv_influence_rank(f.ctx, f.m, 10, 0, i1, .5, NULL, NULL, NULL, NULL, &err));
    ASSERT_STR_EQ("influence rank: score inf of node 3 is not finite", err.message);
    fixture_free(&other);
    fixture_free(&f);
    PASS();
}

SUITE(influence)
{
    RUN_TEST(paths_to_p_agree);
    RUN_TEST(hand_worked);
    RUN_TEST(equals_dense_reference);
    RUN_TEST(bounds_distinct_consumers);
    RUN_TEST(equals_distinct_consumers_on_trees);
    RUN_TEST(topics_do_not_meet);
    RUN_TEST(levels_agree);
    RUN_TEST(batches_have_a_number_for_everybody);
    RUN_TEST(ignores_thread_count);
    RUN_TEST(empty_graphs);
    RUN_TEST(fails_without_memory);
    RUN_TEST(can_be_cancelled);
    RUN_TEST(documented_errors);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(influence);
    GREATEST_MAIN_END();
}
