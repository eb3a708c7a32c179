/* test_influence_pieces.c -- i1 and i2 of consumers with more friends than are worked on at once,
 * against sums over their edges one by one: some friendships go one way, some friends are steep,
 * and as many topics as there are kinds of lanes. */
#include <math.h>
#include <stdlib.h>

#include "engine/csr.h"
#include "engine/model.h"
#include "grapevine/grapevine.h"
#include "greatest.h"
#include "kernels/influence_span.h"
#include "tests/support/fixtures.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"

#define ASSERT_OK(call) ASSERT_EQm(err.message, GV_OK, (call))

enum { N = 1600, HUB = 700 };

static gv_error err;

/* HUB has `friends` friends, of whom every third does not answer where `directed`; everybody has a
 * few. Chances are small, so that few are steep: every 50th, by large
 * factors without exposure. */
static fixture with_hub(int32_t friends, bool directed, int32_t n_topics)
{
    edge_list e = edges_none(N);
    for (int64_t v = 0, left = friends; v < N; v++) {
        if (v != HUB && left-- > 0) {
            edges_add(&e, HUB, v, 1);
            if (!directed || v % 3 != 0)
                edges_add(&e, v, HUB, 1);
        }
        edges_add(&e, v, (v + 5) % N, 1), edges_add(&e, (v + 5) % N, v, 1);
    }
    fixture f = fixture_of(&e, n_topics, (uint64_t)friends);
    f.g->directed = directed;
    f.m->k_tie = 1.5;
    for (int32_t z = 0; z < n_topics; z++)
        model_mu(f.m)[z] *= .05;
    float *source = (float *)(uintptr_t)f.m->pairs.source;
    int64_t *exposure = (int64_t *)(uintptr_t)f.m->pairs.exposure;
    for (int64_t v = 0; v < N; v += 50)
        for (int64_t i = f.m->pairs.indptr[v]; v != HUB && i < f.m->pairs.indptr[v + 1]; i++)
            source[i] *= 100.0F, exposure[i] = 0;
    return f;
}

static double ref_one(const fixture *f, const float *w, gv_node u, int32_t z)
{
    const gv_csr *out = &f->g->out;
    double sum = 0.0;
    for (int64_t e = out->indptr[u]; e < out->indptr[u + 1]; e++)
        sum += gv_model_edge(f->m, u, out->indices[e], e, z) * (double)w[out->indices[e]];
    return sum;
}

static double ref_two(const fixture *f, const float *w, const float *i1, gv_node u, int32_t z)
{
    const gv_csr *out = &f->g->out;
    double sum = 0.0;
    for (int64_t e = out->indptr[u]; e < out->indptr[u + 1]; e++) {
        const gv_node v = out->indices[e];
        const int64_t back = gv_csr_find(out, v, u);
        const double p = back >= 0 ? gv_model_edge(f->m, v, u, back, z) : 0.0;
        sum += gv_model_edge(f->m, u, v, e, z) * ((double)w[v] + (double)i1[v] - p * (double)w[u]);
    }
    return sum;
}

/* Whether mu a t exceeds 1 for an edge of v and any topic. */
static bool is_steep(const fixture *f, int64_t v)
{
    const gv_model *m = f->m;
    const gv_csr *out = &f->g->out;
    const int64_t last = m->evidence.indptr[v + 1];
    const double weight = gv_model_weight(m, (gv_node)v);
    double most = 0.0, top = 0.0;
    for (int32_t z = 0; z < m->n_topics; z++)
        most = fmax(most, m->mu[z]);
    for (int64_t i = m->pairs.indptr[v]; i < m->pairs.indptr[v + 1]; i++)
        most = fmax(most, m->mu[m->pairs.topic[i]] * (double)m->pairs.source[i]);
    for (int64_t e = out->indptr[v], i = m->evidence.indptr[v]; e < out->indptr[v + 1]; e++) {
        const int64_t end = gv_model_edge_end(m, i, last, e);
        const double target = (double)m->target[out->indices[e]];
        top = fmax(top, gv_model_tied(m, (gv_node)v, weight, target, i, end));
        i = end;
    }
    return most * top > 1.0;
}

static enum greatest_test_res check_hub(int32_t friends, bool directed, int32_t n_topics)
{
    fixture f = with_hub(friends, directed, n_topics);
    float *i1 = floats(n_topics * N), *i2 = floats(n_topics * N), *w = random_weights(N, 3);
    int32_t z[16];
    for (int32_t k = 0; k < n_topics; k++)
        z[k] = k;
    ASSERT(gv_csr_degree(&f.g->out, HUB) >= friends);
    ASSERT_FALSE(is_steep(&f, HUB));
    int32_t steep = 0;
    for (int64_t v = 0; v < N; v += 50)
        steep += is_steep(&f, v);
    ASSERT(steep > 2);
    ASSERT_OK(gv_influence(f.ctx, f.g, f.m, z, n_topics, w, i1, i2, &err));
    for (int32_t k = 0; k < n_topics; k++)
        for (gv_node u = 0; u < N; u++) {
            const double one = ref_one(&f, w, u, k), two = ref_two(&f, w, i1 + k * N, u, k);
            ASSERT_IN_RANGE(one, i1[k * N + u], 1e-6 * (1.0 + one));
            ASSERT_IN_RANGE(two, i2[k * N + u], 1e-6 * (1.0 + two));
        }
    free(w), free(i2), free(i1);
    fixture_free(&f);
    PASS();
}

/* A few edges less than `edges` to a few more: the last row that is whole, the first with one more
 * piece. */
static enum greatest_test_res check_around(int32_t edges, bool directed, int32_t n_topics)
{
    for (int32_t friends = edges - 5; friends < edges; friends++)
        CHECK_CALL(check_hub(friends, directed, n_topics));
    PASS();
}

TEST hubs_that_go_both_ways(void)
{
    CHECK_CALL(check_around(EDGES, false, 3));
    CHECK_CALL(check_around(2 * EDGES, false, 3));
    CHECK_CALL(check_hub(1020, false, 7));
    CHECK_CALL(check_hub(1500, false, 16));
    PASS();
}

TEST hubs_that_some_do_not_answer(void)
{
    CHECK_CALL(check_around(EDGES, true, 7));
    CHECK_CALL(check_around(2 * EDGES, true, 7));
    CHECK_CALL(check_hub(1020, true, 16));
    CHECK_CALL(check_hub(1500, true, 3));
    PASS();
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_TEST(hubs_that_go_both_ways);
    RUN_TEST(hubs_that_some_do_not_answer);
    GREATEST_MAIN_END();
}
