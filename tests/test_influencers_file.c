/* test_influencers_file.c -- the best influencers of a topic, read back from results files. */
#include <unistd.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "engine/memory.h"
#include "greatest.h"
#include "io/h5.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;

enum { TOPICS = 3, ENTRIES = 7 };

/* What a file holds; tests change one thing at a time. */
typedef struct content {
    const char *schema, *hash;
    int64_t version;
    int64_t indptr[TOPICS + 1];
    gv_node node[ENTRIES];
    int32_t rank[ENTRIES];
    int64_t n_ranks; /* as written */
} content;

static const content good = {"grapevine-results",   "0123456789abcdef",    1,      {0, 4, 4, 7},
                             {1, 3, 4, 8, 0, 3, 9}, {3, 1, 4, 2, 2, 3, 1}, ENTRIES};

static const char *const path = "test_influencers.h5";

static bool write_file(gv_context *ctx, const content *c)
{
    static const char names[TOPICS][8] = {"music", "bookshop", "books"};
    gv_h5 *f = NULL;
    const gv_h5_shape name = gv_h5_strings(8, TOPICS), ptr = gv_h5_vector(GV_I64, TOPICS + 1),
                      list = gv_h5_vector(GV_I32, ENTRIES),
                      ranks = gv_h5_vector(GV_I32, c->n_ranks);
    if (gv_h5_create(ctx, path, true, c->schema, c->version, &f, &err) != GV_OK)
        return false;
    if (gv_h5_set_text(f, "/", "graph_hash", c->hash, &err) != GV_OK ||
        gv_h5_write(f, "/topics/name", &name, names, NULL, &err) != GV_OK ||
        gv_h5_write(f, "/influencers/indptr", &ptr, c->indptr, NULL, &err) != GV_OK ||
        gv_h5_write(f, "/influencers/indices", &list, c->node, NULL, &err) != GV_OK ||
        gv_h5_write(f, "/influencers/rank", &ranks, c->rank, NULL, &err) != GV_OK) {
        gv_h5_close(f);
        return false;
    }
    return gv_h5_commit(&f, &err) == GV_OK;
}

static gv_graph *ten_nodes(gv_context *ctx)
{
    edge_list e = edges_none(10);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    edges_free(&e);
    memcpy(g->hash, good.hash, GV_HASH_CHARS + 1);
    return g;
}

TEST reads_the_best_first(void)
{
    const gv_node music[] = {3, 8, 1, 4}, books[] = {9, 0, 3};
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = ten_nodes(ctx);
    ASSERT(write_file(ctx, &good));
    for (int64_t k = 0; k < 9; k++) {
        gv_node *node = NULL;
        int64_t n = -1;
        ASSERT_EQ(GV_OK, gv_influencers_read(ctx, path, g, "music", k, &node, &n, &err));
        ASSERT_EQ(k < 4 ? k : 4, n);
        ASSERT_MEM_EQ(music, node, (size_t)n * sizeof *node);
        gv_free(ctx, node);
        ASSERT_EQ(GV_OK, gv_influencers_read(ctx, path, g, "books", k, &node, &n, &err));
        ASSERT_EQ(k < 3 ? k : 3, n);
        ASSERT_MEM_EQ(books, node, (size_t)n * sizeof *node);
        gv_free(ctx, node);
        ASSERT_EQ(GV_OK, gv_influencers_read(ctx, path, g, "bookshop", k, &node, &n, &err));
        ASSERT_EQ(0, n);
        gv_free(ctx, node);
    }
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx), unlink(path);
    PASS();
}

static enum greatest_test_res refused(gv_context *ctx, const content *c, const char *topic,
                                      gv_status status, const char *words)
{
    gv_graph *g = ten_nodes(ctx);
    gv_node *node = NULL;
    int64_t n = 0;
    ASSERT(write_file(ctx, c));
    ASSERT_EQ(status, gv_influencers_read(ctx, path, g, topic, 2, &node, &n, &err));
    ASSERTm(words, strstr(err.message, words) != NULL);
    ASSERT_EQ(NULL, node);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    PASS();
}

TEST refuses_other_files(void)
{
    gv_context *ctx = test_context(2, -1);
    content c = good;
    CHECK_CALL(refused(ctx, &c, "book", GV_ERR_ARG, "'book' is none of its 3 topics"));
    CHECK_CALL(refused(ctx, &c, "bookshops", GV_ERR_ARG, "'bookshops' is none of"));
    c.hash = "ffffffffffffffff";
    CHECK_CALL(refused(ctx, &c, "music", GV_ERR_DATA, "is about graph ffffffffffffffff"));
    c = good, c.schema = "grapevine-model";
    CHECK_CALL(refused(ctx, &c, "music", GV_ERR_DATA, "grapevine-model"));
    c = good, c.indptr[1] = 8;
    CHECK_CALL(refused(ctx, &c, "music", GV_ERR_DATA, "row 0 is [0, 8) of 7 entries"));
    c = good, c.indptr[2] = -1;
    CHECK_CALL(refused(ctx, &c, "books", GV_ERR_DATA, "row 2 is [-1, 7)"));
    c = good, c.indptr[3] = 6;
    CHECK_CALL(refused(ctx, &c, "books", GV_ERR_DATA, "/influencers/indices"));
    c = good, c.n_ranks = 6;
    CHECK_CALL(refused(ctx, &c, "books", GV_ERR_DATA, "/influencers/rank"));
    c = good, c.node[6] = 10;
    CHECK_CALL(refused(ctx, &c, "books", GV_ERR_DATA, "entry 6 is 10, not in [0, 10)"));
    c = good, c.rank[2] = 0;
    CHECK_CALL(refused(ctx, &c, "music", GV_ERR_DATA, "entry 2 is 0, not at least 1"));
    unlink(path);
    gv_graph *g = ten_nodes(ctx);
    gv_node *node = NULL;
    int64_t n = 0;
    ASSERT_EQ(GV_ERR_NO_INPUT, gv_influencers_read(ctx, path, g, "music", 2, &node, &n, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_influencers_read(ctx, path, g, "music", -1, &node, &n, &err));
    gv_graph_free(g), gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = ten_nodes(ctx);
    ASSERT(write_file(ctx, &good));
    const int64_t before = gv_context_memory_used(ctx);
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    for (; st != GV_OK; k++) {
        gv_node *node = NULL;
        int64_t n = 0;
        ctx->allocations = 0;
        ctx->fail_allocation = k;
        st = gv_influencers_read(ctx, path, g, "music", 2, &node, &n, &err);
        ASSERT(st == GV_OK || (st == GV_ERR_NOMEM && node == NULL));
        gv_free(ctx, node);
        ASSERT_EQ(before, gv_context_memory_used(ctx));
    }
    ASSERT_GT(k, 3);
    gv_graph_free(g), gv_context_free(ctx), unlink(path);
    PASS();
}

SUITE(influencers_file)
{
    RUN_TEST(reads_the_best_first);
    RUN_TEST(refuses_other_files);
    RUN_TEST(survives_every_failed_allocation);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(influencers_file);
    GREATEST_MAIN_END();
}
