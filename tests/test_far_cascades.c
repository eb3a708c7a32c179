/* test_far_cascades.c -- cascades over edges at positions beyond 2^32 (support/far.h): on a graph
 * whose rows begin there, and with the layouts of the kernels themselves that far out. */
#include <string.h>

#include "engine/context.h"
#include "grapevine/cascade.h"
#include "greatest.h"
#include "kernels/points.h"
#include "kernels/sliced.h"
#include "support/far.h"
#include "support/status.h"

GREATEST_MAIN_DEFS();

enum { N = FAR_NODES, WORLDS = 300 };

static gv_error err;

static bool same_cascade(const gv_cascade_result *a, const gv_cascade_result *b)
{
    const size_t steps = (size_t)a->curve_length;
    return a->n_worlds == b->n_worlds && a->curve_length == b->curve_length &&
           memcmp(a->spread, b->spread, (size_t)a->n_worlds * sizeof *a->spread) == 0 &&
           memcmp(a->curve_sum, b->curve_sum, steps * sizeof *a->curve_sum) == 0 &&
           memcmp(a->curve_sumsq, b->curve_sumsq, steps * sizeof *a->curve_sumsq) == 0 &&
           memcmp(a->activation_count, b->activation_count, N * sizeof *a->activation_count) == 0;
}

TEST cascades_are_the_same(gv_cascade_kernel kernel, gv_probability_source source)
{
    static const gv_node seeds[] = {3, 77, 200};
    far_pair p = far_pair_make(source);
    SKIP_WITHOUT(p.far);
    gv_cascade_opts o = gv_cascade_defaults();
    gv_cascade_result *near, *far;
    o.kernel = kernel, o.n_worlds = WORLDS, o.activation = true;
    ASSERT_OK(gv_cascade(p.ctx, p.near, NULL, seeds, 3, &o, &near, &err));
    ASSERT_OK(gv_cascade(p.ctx, p.far, NULL, seeds, 3, &o, &far, &err));
    ASSERT_GT(near->mean, 4.0);
    ASSERT(same_cascade(near, far));
    gv_cascade_free(near), gv_cascade_free(far);
    ASSERT(far_pair_drop(&p));
    PASS();
}

/* The coin of an edge of this kernel is numbered by its position, so that another position makes
 * another world. The near layout, told that its rows come from far away, must make the far one's
 * worlds; and so must a layout whose own arrays lie far. */
typedef enum sliced_variant { FAR_GRAPH, NEAR_MOVED, FAR_LAYOUT } sliced_variant;

typedef struct outcome {
    int64_t spread[WORLDS];
    int32_t activation[N];
} outcome;

static void move_rows(gv_sliced *s, int64_t begin, int64_t origin)
{
    for (int64_t u = 0; u <= s->n_nodes; u++)
        s->row[u].begin += begin, s->row[u].origin += origin;
}

static gv_status run_sliced(const far_pair *p, gv_simd simd, sliced_variant variant, outcome *out)
{
    static const gv_node seeds[] = {3, 77, 200};
    const gv_graph *g = variant == NEAR_MOVED ? p->near : p->far;
    const int64_t m = g->n_edges;
    gv_coins coins = {.rule = g->rule,
                      .limit = gv_coin_limit(g->constant),
                      .in_offset = g->in.indptr,
                      .stored = g->out.probability};
    gv_sliced s;
    memset(out, 0, sizeof *out);
    gv_status st = gv_sliced_open(&s, p->ctx, g, &coins, 5, &err);
    if (st == GV_OK)
        st = gv_sliced_make_states(&s, WORLDS, 2, &err);
    if (st != GV_OK)
        return st;
    const gv_node *target = s.target;
    uint32_t *limit = s.limit;
    s.simd = simd;
    if (variant == NEAR_MOVED)
        s.coins.stored = p->far->out.probability, move_rows(&s, 0, FAR_BASE);
    if (variant == FAR_LAYOUT) {
        s.target = far_array(m, sizeof *target, target);
        s.limit = limit != NULL ? far_array(m, sizeof *limit, limit) : NULL;
        move_rows(&s, FAR_BASE, 0);
    }
    gv_worlds w = {.ctx = p->ctx,
                   .g = g,
                   .coins = s.coins,
                   .kernel = GV_CASCADE_SLICED,
                   .sliced = &s,
                   .seeds = seeds,
                   .n_seeds = 3,
                   .max_steps = INT64_MAX,
                   .activation = out->activation};
    st = gv_worlds_open(&w, &err);
    if (st == GV_OK)
        st = gv_worlds_run(&w, 0, WORLDS, out->spread, &err);
    gv_worlds_close(&w);
    if (variant == FAR_LAYOUT) {
        far_array_free((void *)s.target, m, sizeof *target);
        far_array_free(s.limit, m, sizeof *limit);
        s.target = target, s.limit = limit;
    }
    gv_sliced_close(&s);
    return st;
}

TEST sliced_coins_are_by_position(gv_probability_source source)
{
    far_pair p = far_pair_make(source);
    SKIP_WITHOUT(p.far);
    outcome want, got;
    for (int simd = 0; simd <= (int)gv_sliced_simd(); simd++) {
        ASSERT_OK(run_sliced(&p, (gv_simd)simd, NEAR_MOVED, &want));
        int64_t sum = 0;
        for (int i = 0; i < WORLDS; i++)
            sum += want.spread[i];
        ASSERT_GT(sum, 4 * WORLDS);
        ASSERT_OK(run_sliced(&p, (gv_simd)simd, FAR_GRAPH, &got));
        ASSERT_MEM_EQ(&want, &got, sizeof want);
        ASSERT_OK(run_sliced(&p, (gv_simd)simd, FAR_LAYOUT, &got));
        ASSERT_MEM_EQ(&want, &got, sizeof want);
    }
    ASSERT(far_pair_drop(&p));
    PASS();
}

/* A layout of the kernel points whose words lie far: 12 bytes an edge get there first. */
static gv_status run_points(const far_pair *g, bool far, outcome *out)
{
    static const gv_node seeds[] = {3, 77, 200};
    const gv_coins coins = {.rule = g->near->rule,
                            .limit = gv_coin_limit(g->near->constant),
                            .in_offset = g->near->in.indptr,
                            .stored = g->near->out.probability};
    gv_points p;
    memset(out, 0, sizeof *out);
    gv_status st = gv_points_open(&p, g->ctx, g->near, &coins, 5, &err);
    const uint32_t *word = p.word;
    const int64_t n_words = p.n_words;
    if (far && st == GV_OK) {
        p.word = far_array(n_words, sizeof *word, word);
        for (int64_t v = 0; v < N; v++)
            ((gv_points_row *)(uintptr_t)gv_points_row_of(&p, v))->place += (uint64_t)FAR_BASE;
    }
    gv_worlds w = {.ctx = g->ctx,
                   .g = g->near,
                   .coins = coins,
                   .kernel = GV_CASCADE_POINTS,
                   .points = &p,
                   .seeds = seeds,
                   .n_seeds = 3,
                   .max_steps = INT64_MAX,
                   .activation = out->activation};
    if (st == GV_OK)
        st = gv_worlds_open(&w, &err);
    if (st == GV_OK)
        st = gv_worlds_run(&w, 0, WORLDS, out->spread, &err);
    gv_worlds_close(&w);
    if (far) {
        far_array_free((void *)p.word, n_words, sizeof *word);
        p.word = word;
    }
    gv_points_close(&p);
    return st;
}

TEST points_may_lie_far(gv_probability_source source)
{
    far_pair p = far_pair_make(source);
    SKIP_WITHOUT(p.far);
    outcome want, got;
    ASSERT_OK(run_points(&p, false, &want));
    ASSERT_OK(run_points(&p, true, &got));
    ASSERT_GT(want.spread[0], 3);
    ASSERT_MEM_EQ(&want, &got, sizeof want);
    ASSERT(far_pair_drop(&p));
    PASS();
}

SUITE(far_cascades)
{
    static const gv_probability_source sources[] = {GV_FROM_WEIGHT, GV_FROM_WC, GV_FROM_CONSTANT};
    for (int i = 0; i < 3; i++) {
        RUN_TESTp(cascades_are_the_same, GV_CASCADE_PLAIN, sources[i]);
        RUN_TESTp(cascades_are_the_same, GV_CASCADE_POINTS, sources[i]);
        RUN_TEST1(sliced_coins_are_by_position, sources[i]);
        RUN_TEST1(points_may_lie_far, sources[i]);
    }
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(far_cascades);
    GREATEST_MAIN_END();
}
