/* test_model_file.c -- model files: round trips, equal bytes, wrong graphs, damage of all kinds. */
#include "greatest.h"

#include <math.h>

#include "engine/csr.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "grapevine/io.h"
#include "io/h5.h"
#include "tests/support/files.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"

enum { TOPICS = 3 };

static gv_error err;
static char folder[TEST_PATH];

typedef struct sample {
    gv_context *ctx;
    gv_graph *g;
    gv_model *m;
} sample;

static sample make(int64_t n, double density, int32_t topics)
{
    sample s = {.ctx = test_context(2, -1)};
    edge_list e = edges_gnp(n, density, 5);
    s.g = edges_graph(s.ctx, &e, NULL);
    edges_free(&e);
    char path[TEST_PATH];
    if (s.g == NULL ||
        gv_graph_save(s.ctx, s.g, test_path(folder, "graph.h5", path), true, &err) != GV_OK)
        exit(EXIT_FAILURE);
    s.m = model_random(s.ctx, s.g, topics, 3);
    memcpy(s.m->graph_hash, s.g->hash, sizeof s.m->graph_hash);
    memcpy(s.m->log_hash, "00000000deadbeef", sizeof s.m->log_hash);
    return s;
}

static void drop(sample *s)
{
    gv_model_free(s->m);
    gv_graph_free(s->g);
    gv_context_free(s->ctx);
}

static bool same(const void *a, const void *b, int64_t n, size_t size)
{
    return memcmp(a, b, (size_t)n * size) == 0;
}

static bool same_model(const gv_model *a, const gv_model *b)
{
    const int64_t n = a->n_nodes, z = a->n_topics;
    bool ok = n == b->n_nodes && a->n_edges == b->n_edges && z == b->n_topics &&
              strcmp(a->graph_hash, b->graph_hash) == 0 && strcmp(a->log_hash, b->log_hash) == 0 &&
              a->time_end == b->time_end && a->min_actions == b->min_actions &&
              a->k_source == b->k_source && a->k_target == b->k_target && a->k_edge == b->k_edge &&
              a->k_tie == b->k_tie;
    for (int32_t t = 0; ok && t < z; t++)
        ok = strcmp(gv_model_topic(a, t), gv_model_topic(b, t)) == 0;
    const gv_pairs *p = &a->pairs, *q = &b->pairs;
    const gv_evidence *e = &a->evidence, *f = &b->evidence;
    if (!ok || !same(p->indptr, q->indptr, n + 1, 8) || !same(e->indptr, f->indptr, n + 1, 8))
        return false;
    const int64_t pairs = p->indptr[n], known = e->indptr[n];
    return same(a->topic_items, b->topic_items, z, 8) && same(a->mu, b->mu, z, 8) &&
           same(a->window, b->window, z, 8) && same(a->delay, b->delay, z, 8) &&
           same(a->target, b->target, n, 4) && same(p->topic, q->topic, pairs, 4) &&
           same(p->source, q->source, pairs, 4) && same(p->exposure, q->exposure, pairs, 8) &&
           same(p->total, q->total, pairs, 4) && same(p->observed, q->observed, pairs, 4) &&
           same(p->shuffled, q->shuffled, pairs, 4) && same(p->last, q->last, pairs, 8) &&
           same(e->column, f->column, known, 8) && same(e->credit, f->credit, known, 8) &&
           same(e->exposure, f->exposure, known, 8);
}

TEST comes_back_as_it_was(int64_t n, double density, int32_t topics)
{
    char path[TEST_PATH], again[TEST_PATH];
    sample s = make(n, density, topics);
    gv_model *back = NULL;
    test_path(folder, "model.h5", path);
    test_path(folder, "again.h5", again);
    ASSERT_EQ(GV_OK, gv_model_save(s.ctx, s.m, path, true, &err));
    if (gv_model_open(s.ctx, path, s.g, &back, &err) != GV_OK)
        FAILm(err.message);
    ASSERT(same_model(s.m, back));
    for (int threads = 1; threads <= 8; threads += threads == 2 ? 1 : threads) {
        gv_context *other = test_context(threads > 4 ? 8 : threads, -1);
        ASSERT_EQ(GV_OK, gv_model_save(other, back, again, true, &err));
        ASSERT(test_same(path, again));
        gv_context_free(other);
    }
    gv_model_free(back);
    ASSERT_EQ(GV_OK, gv_model_open(s.ctx, path, NULL, &back, &err));
    gv_model_free(back);
    ASSERT_EQ(GV_ERR_CREATE, gv_model_save(s.ctx, s.m, path, false, &err));
    drop(&s);
    PASS();
}

TEST another_graph_is_refused(void)
{
    char path[TEST_PATH];
    sample s = make(20, .2, TOPICS), other = make(20, .3, TOPICS);
    gv_model *back = NULL;
    test_path(folder, "model.h5", path);
    ASSERT_EQ(GV_OK, gv_model_save(s.ctx, s.m, path, true, &err));
    ASSERT_EQ(GV_ERR_DATA, gv_model_open(s.ctx, path, other.g, &back, &err));
    ASSERT(strstr(err.message, s.g->hash) != NULL);
    ASSERT(strstr(err.message, other.g->hash) != NULL);
    /* A graph that was never hashed is known by its content all the same. */
    s.g->hash[0] = '\0';
    ASSERT_EQ(GV_OK, gv_model_open(s.ctx, path, s.g, &back, &err));
    gv_model_free(back);
    drop(&other);
    drop(&s);
    PASS();
}

TEST a_file_cut_short_is_an_error(void)
{
    char whole[TEST_PATH], cut[TEST_PATH];
    sample s = make(12, .2, TOPICS);
    gv_model *back = NULL;
    int64_t size = 0;
    test_path(folder, "whole.h5", whole);
    test_path(folder, "cut.h5", cut);
    ASSERT_EQ(GV_OK, gv_model_save(s.ctx, s.m, whole, true, &err));
    char *bytes = test_bytes(whole, &size);
    ASSERT(bytes != NULL);
    for (int64_t length = 0; length < size; length += length < 512 ? 31 : 512) {
        ASSERT(test_write(cut, bytes, length));
        ASSERT_EQ(GV_ERR_DATA, gv_model_open(s.ctx, cut, s.g, &back, &err));
    }
    ASSERT(test_write(cut, bytes, size - 1));
    ASSERT_EQ(GV_ERR_DATA, gv_model_open(s.ctx, cut, s.g, &back, &err));
    free(bytes);
    drop(&s);
    PASS();
}

/* Element `i` of an array of the model gets `value` while it is saved. */
typedef struct fault {
    const void *array;
    int64_t i;
    size_t bytes;
    const void *value;
    const char *expect;
} fault;

TEST each_check_fires(void)
{
    static const float nan32 = NAN, below32 = -1;
    static const double inf64 = INFINITY, below64 = -.5;
    static const int32_t minus = -1, many = 1000000, topics = TOPICS;
    static const int64_t minus64 = -1, far = INT64_C(1) << 40, nought = 0;
    char path[TEST_PATH];
    sample s = make(30, .2, TOPICS);
    const gv_pairs *p = &s.m->pairs;
    const gv_evidence *e = &s.m->evidence;
    const int64_t last = e->indptr[s.m->n_nodes] - 1;
    const fault list[] = {
        {s.m->topic_items, 1, 8, &minus64, "/topics/n_items[1] = -1 is not in [0, "},
        {s.m->mu, 2, 8, &inf64, "/factors/mu[2] = inf is not finite and >= 0"},
        {s.m->window, 0, 8, &below64, "/window[0] = -0.5 is not finite and >= 0"},
        {s.m->delay, 1, 8, &below64, "/delay[1] = -0.5"},
        {s.m->target, 29, 4, &nan32, "/factors/target[29] = nan is not finite and >= 0"},
        {p->indptr, 4, 8, &minus64, "/factors/source/indptr[4] = -1 is less than"},
        {p->indptr, 0, 8, &minus64, "/factors/source/indptr: runs from -1"},
        {p->topic, 0, 4, &topics, "/factors/source/indices[0] = 3 is not in [0, 3)"},
        {p->topic, 5, 4, &minus, "/factors/source/indices[5] = -1 is not in [0, 3)"},
        {p->source, 3, 4, &below32, "/factors/source/data[3] = -1 is not finite and >= 0"},
        {p->exposure, 2, 8, &minus64, "/activity/exposure[2] = -1 is not in [0, "},
        {p->total, 2, 4, &minus, "/activity/total[2] = -1 is not in [0, "},
        {p->observed, 6, 4, &many, "/activity/observed[6] = 1000000 is more than the total"},
        {p->shuffled, 7, 4, &minus, "/activity/shuffled[7] = -1 is not in [0, "},
        {e->indptr, 9, 8, &far, "/evidence/indptr[10] = "},
        {e->column, last, 8, &far, "does not ascend, or is not an (edge, topic) of its consumer"},
        {e->column, last, 8, &nought, "does not ascend, or is not"},
        {e->credit, 0, 8, &minus64, "/evidence/credit[0] = -1 is not in [0, "},
        {e->exposure, last, 8, &minus64, "is not in [0, "},
    };
    test_path(folder, "model.h5", path);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const fault *f = &list[i];
        gv_model *back = NULL;
        char kept[8];
        char *place = (char *)f->array + (size_t)f->i * f->bytes;
        memcpy(kept, place, f->bytes);
        memcpy(place, f->value, f->bytes);
        ASSERT_EQ(GV_OK, gv_model_save(s.ctx, s.m, path, true, &err));
        memcpy(place, kept, f->bytes);
        ASSERT_EQ(GV_ERR_DATA, gv_model_open(s.ctx, path, s.g, &back, &err));
        if (strstr(err.message, f->expect) == NULL)
            ASSERT_STR_EQ(f->expect, err.message);
    }
    drop(&s);
    PASS();
}

TEST each_attribute_is_checked(void)
{
    char path[TEST_PATH];
    sample s = make(5, .4, 2);
    gv_model *back = NULL, kept = *s.m;
    test_path(folder, "model.h5", path);
    const struct {
        gv_model m;
        const char *expect;
    } list[] = {
        {{.k_source = -1}, "/@k_source: -1 is not finite and >= 0"},
        {{.k_target = NAN}, "/@k_target: nan"},
        {{.k_edge = INFINITY}, "/@k_edge: inf"},
        {{.k_tie = INFINITY}, "/@k_tie: inf"},
        {{.min_actions = -4}, "/@min_actions: -4 is not in [0, 2147483647]"},
    };
    for (int i = 0; i < 5; i++) {
        *s.m = kept;
        if (i == 0)
            s.m->k_source = list[i].m.k_source;
        if (i == 1)
            s.m->k_target = list[i].m.k_target;
        if (i == 2)
            s.m->k_edge = list[i].m.k_edge;
        if (i == 3)
            s.m->k_tie = list[i].m.k_tie;
        if (i == 4)
            s.m->min_actions = list[i].m.min_actions;
        ASSERT_EQ(GV_OK, gv_model_save(s.ctx, s.m, path, true, &err));
        ASSERT_EQ(GV_ERR_DATA, gv_model_open(s.ctx, path, s.g, &back, &err));
        ASSERT(strstr(err.message, list[i].expect) != NULL);
    }
    *s.m = kept;
    char graph_path[TEST_PATH];
    ASSERT_EQ(GV_ERR_DATA,
              gv_model_open(s.ctx, test_path(folder, "graph.h5", graph_path), s.g, &back, &err));
    ASSERT(strstr(err.message, "is a grapevine-graph file, not a grapevine-model file") != NULL);
    drop(&s);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    char path[TEST_PATH], part[TEST_PATH];
    sample s = make(40, .2, TOPICS);
    test_path(folder, "memory.h5", path);
    test_path(folder, "memory.h5.part", part);
    int failures = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; failures++) {
        gv_context *ctx = test_context(1, failures);
        st = gv_model_save(ctx, s.m, path, true, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT(!test_exists(part));
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT(failures > 20);
    failures = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; failures++) {
        gv_context *ctx = test_context(1, failures);
        gv_model *back = NULL;
        st = gv_model_open(ctx, path, s.g, &back, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        gv_model_free(back);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT(failures > 3);
    drop(&s);
    PASS();
}

SUITE(model_file)
{
    test_folder(folder);
    RUN_TESTp(comes_back_as_it_was, 50, .2, TOPICS);
    RUN_TESTp(comes_back_as_it_was, 900, .02, TOPICS);
    RUN_TESTp(comes_back_as_it_was, 1, 0, 1);
    RUN_TESTp(comes_back_as_it_was, 0, 0, 2);
    RUN_TESTp(comes_back_as_it_was, 9, 0, 1);
    RUN_TEST(another_graph_is_refused);
    RUN_TEST(a_file_cut_short_is_an_error);
    RUN_TEST(each_check_fires);
    RUN_TEST(each_attribute_is_checked);
    RUN_TEST(survives_every_failed_allocation);
    test_remove(folder);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(model_file);
    GREATEST_MAIN_END();
}
