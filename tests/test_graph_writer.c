/* test_graph_writer.c -- graph files written piece by piece: the bytes that gv_graph_save() writes,
 * whatever the pieces; every error; every failed allocation. */
#include "greatest.h"

#include <math.h>

#include "engine/csr.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "grapevine/info.h"
#include "grapevine/io.h"
#include "support/files.h"
#include "support/graphs.h"

static gv_error err;
static char folder[TEST_PATH];

static const gv_column_plan columns[] = {{"segment", false}, {"value", true}};

static gv_graph *make(gv_context *ctx, bool undirected, bool weighted)
{
    edge_list e = edges_gnp(200, .08, 5);
    gv_build_opts o = gv_build_defaults();
    o.undirected = undirected;
    if (weighted)
        o.source = GV_FROM_WEIGHT;
    gv_graph *g = edges_graph(ctx, &e, &o);
    edges_free(&e);
    int32_t *segment = gv_alloc(ctx, 200, sizeof *segment);
    float *value = gv_alloc(ctx, 200, sizeof *value);
    if (g == NULL || segment == NULL || value == NULL)
        exit(EXIT_FAILURE);
    for (int v = 0; v < 200; v++)
        segment[v] = v % 5, value[v] = (float)v / 3;
    g->attribute[0] = (gv_attribute){.name = "segment", .i32 = segment};
    g->attribute[1] = (gv_attribute){.name = "value", .f32 = value};
    g->n_attributes = 2;
    return g;
}

static gv_graph_plan plan_of(const gv_graph *g)
{
    return (gv_graph_plan){.n_nodes = g->n_nodes,
                           .n_edges = g->n_edges,
                           .directed = g->directed,
                           .rule = g->rule,
                           .n_columns = 2,
                           .column = columns};
}

/* All arrays of `g` in turns of `piece` elements, so that they are filled side by side. */
static gv_status write_pieces(gv_graph_writer *w, const gv_graph *g, int64_t piece)
{
    const bool stored = g->rule == GV_PROBABILITY_STORED, in = g->directed;
    const int64_t n = g->n_nodes, m = g->n_edges;
    const struct {
        int array;
        const void *data;
        int64_t count, size;
    } part[] = {{GV_ARRAY_COLUMN + 1, g->attribute[1].f32, n, 4},
                {GV_ARRAY_OUT_INDICES, g->out.indices, m, 4},
                {GV_ARRAY_OUT_INDPTR, g->out.indptr, n + 1, 8},
                {GV_ARRAY_OUT_PROBABILITY, g->out.probability, stored ? m : 0, 4},
                {GV_ARRAY_IN_INDICES, g->in.indices, in ? m : 0, 4},
                {GV_ARRAY_IN_INDPTR, g->in.indptr, in ? n + 1 : 0, 8},
                {GV_ARRAY_IN_PROBABILITY, g->in.probability, stored ? m : 0, 4},
                {GV_ARRAY_IDS, g->id_int, n, 8},
                {GV_ARRAY_COLUMN, g->attribute[0].i32, n, 4}};
    gv_status st = GV_OK;
    for (int64_t at = 0; st == GV_OK && at <= m; at += piece)
        for (size_t i = 0; st == GV_OK && i < sizeof part / sizeof *part; i++)
            if (at < part[i].count) {
                const int64_t left = part[i].count - at;
                st = gv_graph_writer_append(w, part[i].array,
                                            (const char *)part[i].data + at * part[i].size,
                                            left < piece ? left : piece, &err);
            }
    return st;
}

TEST equals_a_saved_graph(int kind)
{
    static const int64_t pieces[] = {1, 37, 1000, 1 << 30};
    char saved[TEST_PATH], written[TEST_PATH], hash[GV_HASH_CHARS + 1];
    gv_context *ctx = test_context(3, -1);
    gv_graph *g = make(ctx, kind & 1, kind & 2);
    const gv_graph_plan plan = plan_of(g);
    test_path(folder, "saved.h5", saved);
    test_path(folder, "written.h5", written);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, saved, true, &err));
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        gv_graph_writer *w = NULL;
        ASSERT_EQ(GV_OK, gv_graph_writer_create(ctx, written, true, &plan, &w, &err));
        ASSERT_EQ(GV_OK, write_pieces(w, g, pieces[i]));
        ASSERT_EQ(GV_OK, gv_graph_writer_commit(&w, hash, &err));
        ASSERT(w == NULL);
        ASSERT_STR_EQ(gv_graph_hash(g), hash);
        ASSERT(test_same(saved, written));
    }
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Pieces around the 4 MiB of a hash block, on any number of threads: the hash of the whole. */
TEST hash_of_pieces_is_the_hash_of_the_whole(int64_t piece)
{
    const int64_t bytes = (9 << 20) + 12345;
    gv_context *ctx = test_context(2, -1);
    uint8_t *data = gv_alloc(ctx, bytes, 1);
    uint64_t whole = 0;
    gv_hasher h;
    ASSERT(data != NULL);
    for (int64_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)(i * i >> 7);
    ASSERT_EQ(GV_OK, gv_hash(ctx, data, bytes, &whole, &err));
    ASSERT_EQ(GV_OK, gv_hasher_begin(ctx, &h, bytes, &err));
    for (int64_t at = 0; at < bytes; at += piece)
        gv_hasher_add(&h, data + at, piece < bytes - at ? piece : bytes - at);
    ASSERT_EQ(whole, gv_hasher_end(&h));
    gv_hasher_free(&h);
    gv_free(ctx, data);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST refuses_what_does_not_fit(void)
{
    char path[TEST_PATH], part[TEST_PATH];
    static const int64_t offsets[] = {0, 0, 0, 0};
    gv_context *ctx = test_context(1, -1);
    gv_graph_plan plan = {.n_nodes = 2, .n_edges = 0};
    gv_graph_writer *w = NULL;
    test_path(folder, "short.h5", path);
    test_path(folder, "short.h5.part", part);
    ASSERT_EQ(GV_OK, gv_graph_writer_create(ctx, path, false, &plan, &w, &err));
    ASSERT(test_exists(part));
    ASSERT_EQ(GV_ERR_ARG, gv_graph_writer_append(w, GV_ARRAY_OUT_INDPTR, offsets, 4, &err));
    ASSERT(strstr(err.message, "/out/indptr") != NULL);
    ASSERT_EQ(GV_ERR_ARG, gv_graph_writer_append(w, GV_ARRAY_IN_INDPTR, offsets, 1, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_graph_writer_append(w, GV_ARRAY_COLUMN, offsets, 1, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_graph_writer_append(w, GV_ARRAY_IDS, offsets, -1, &err));
    ASSERT_EQ(GV_OK, gv_graph_writer_append(w, GV_ARRAY_OUT_INDPTR, offsets, 2, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_graph_writer_commit(&w, NULL, &err));
    ASSERT(strstr(err.message, "only 16 of 24 bytes") != NULL);
    ASSERT(w == NULL && !test_exists(path) && !test_exists(part));
    ASSERT_EQ(GV_OK, gv_graph_writer_create(ctx, path, false, &plan, &w, &err));
    gv_graph_writer_discard(w);
    gv_graph_writer_discard(NULL);
    ASSERT(!test_exists(path) && !test_exists(part));
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST refuses_a_plan_that_cannot_be(void)
{
    static const gv_column_plan bad[] = {{"a/b", false}, {"ext_id", false}, {"", true}};
    char path[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_graph_writer *w = NULL;
    test_path(folder, "never.h5", path);
    const gv_graph_plan plan[] = {
        {.n_nodes = -1},
        {.n_nodes = INT64_C(1) << 31},
        {.n_nodes = 1, .n_edges = -1},
        {.rule = GV_PROBABILITY_CONSTANT, .constant = 1.5},
        {.rule = GV_PROBABILITY_CONSTANT, .constant = NAN},
        {.id_kind = GV_ID_STRING, .id_width = 65},
        {.n_columns = 65, .column = bad},
    };
    for (size_t i = 0; i < sizeof plan / sizeof *plan; i++)
        ASSERT_EQ(GV_ERR_RANGE, gv_graph_writer_create(ctx, path, false, &plan[i], &w, &err));
    for (int i = 0; i < 3; i++) {
        const gv_graph_plan named = {.n_columns = 1, .column = &bad[i]};
        ASSERT_EQ(GV_ERR_ARG, gv_graph_writer_create(ctx, path, false, &named, &w, &err));
    }
    ASSERT(!test_exists(path));
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    char path[TEST_PATH];
    gv_context *maker = test_context(1, -1);
    gv_graph *g = make(maker, false, true);
    const gv_graph_plan plan = plan_of(g);
    int64_t k = 0;
    test_path(folder, "failed.h5", path);
    for (bool done = false; !done; k++) {
        gv_context *ctx = test_context(2, k);
        gv_graph_writer *w = NULL;
        gv_status st = gv_graph_writer_create(ctx, path, true, &plan, &w, &err);
        if (st == GV_OK) {
            ASSERT_EQ(GV_OK, write_pieces(w, g, 100));
            ASSERT_EQ(GV_OK, gv_graph_writer_commit(&w, NULL, &err));
            done = true;
        } else {
            ASSERT_EQ(GV_ERR_NOMEM, st);
            ASSERT(!test_exists(path));
        }
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GT(k, 10);
    gv_graph_free(g);
    gv_context_free(maker);
    PASS();
}

SUITE(graph_writer)
{
    static const int64_t pieces[] = {1 << 20, 4 << 20, (4 << 20) + 1, 5000000, 1 << 30};
    for (int kind = 0; kind < 4; kind++)
        RUN_TEST1(equals_a_saved_graph, kind);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        RUN_TEST1(hash_of_pieces_is_the_hash_of_the_whole, pieces[i]);
    RUN_TEST(refuses_what_does_not_fit);
    RUN_TEST(refuses_a_plan_that_cannot_be);
    RUN_TEST(survives_every_failed_allocation);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    test_folder(folder);
    RUN_SUITE(graph_writer);
    test_remove(folder);
    GREATEST_MAIN_END();
}
