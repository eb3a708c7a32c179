/* test_kron.c -- Kronecker graphs: edges by number, their law, text, and graph files that equal an
 * import of the text, at any thread count and memory limit. */
#include "greatest.h"

#include <math.h>
#include <unistd.h>

#include "engine/context.h"
#include "grapevine/io.h"
#include "support/files.h"
#include "support/graphs.h"

static gv_error err;
static char folder[TEST_PATH];

static gv_edge_stream *stream_of(gv_context *ctx, int32_t scale, int64_t factor, bool undirected)
{
    gv_kron_opts o = gv_kron_defaults();
    gv_edge_stream *s = NULL;
    o.scale = scale;
    o.edge_factor = factor;
    o.undirected = undirected;
    o.seed = 7;
    if (gv_kron_open(ctx, &o, &s, &err) != GV_OK)
        exit(EXIT_FAILURE);
    return s;
}

/* The file that an import of the text of `s` gives, at `path`. */
static gv_status import_text(gv_context *ctx, const gv_edge_stream *s, bool undirected,
                             const char *path)
{
    char text[TEST_PATH];
    const char *list[] = {test_path(folder, "edges.tsv", text)};
    gv_import_opts o = gv_import_defaults();
    gv_graph *g = NULL;
    o.build.undirected = undirected;
    gv_status st = gv_edges_write_text(ctx, s, text, true, &err);
    if (st == GV_OK)
        st = gv_import(ctx, list, 1, &o, &g, NULL, &err);
    if (st == GV_OK)
        st = gv_graph_save(ctx, g, path, true, &err);
    gv_graph_free(g);
    return st;
}

TEST equals_an_import_of_its_text(int i)
{
    static const struct {
        int32_t scale;
        int64_t factor;
    } list[] = {{1, 1}, {2, 3}, {5, 16}, {9, 2}, {13, 9}};
    char imported[TEST_PATH], built[TEST_PATH];
    const bool undirected = i & 1;
    gv_context *ctx = test_context(2, -1);
    gv_edge_stream *s = stream_of(ctx, list[i / 2].scale, list[i / 2].factor, undirected);
    test_path(folder, "imported.h5", imported);
    test_path(folder, "built.h5", built);
    ASSERT_EQ(GV_OK, import_text(ctx, s, undirected, imported));
    for (int32_t threads = 1; threads <= 8; threads += threads) {
        gv_context *other = test_context(threads, -1);
        gv_build_info info = {-1, -1};
        ASSERT_EQ(GV_OK, gv_edges_write_graph(other, s, built, NULL, true, &info, &err));
        ASSERT(test_same(imported, built));
        ASSERT(info.self_loops >= 0 && info.duplicates >= 0);
        ASSERT_EQ(0, gv_context_memory_used(other));
        gv_context_free(other);
    }
    ASSERT(!test_exists(test_path(folder, "built.h5.rows.part", imported)));
    gv_edge_stream_free(s);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Little memory means many ranges, and the same bytes. */
TEST memory_limits_do_not_show(int undirected)
{
    char wide[TEST_PATH], tight[TEST_PATH];
    gv_context *ctx = test_context(2, -1), *small = NULL;
    gv_edge_stream *s = stream_of(ctx, 15, 16, undirected);
    gv_context_opts c = gv_context_defaults();
    test_path(folder, "wide.h5", wide);
    test_path(folder, "tight.h5", tight);
    ASSERT_EQ(GV_OK, gv_edges_write_graph(ctx, s, wide, NULL, true, NULL, &err));
    c.n_threads = 3;
    c.memory_limit = 6 << 20; /* the sort of all keys takes 8 MiB, twice that when undirected */
    ASSERT_EQ(GV_OK, gv_context_create(&c, &small, &err));
    for (int range = 0; range < 2; range++) {
        small->memory_limit = (int64_t)(6 - 2 * range) << 20;
        if (gv_edges_write_graph(small, s, tight, folder, true, NULL, &err) != GV_OK)
            FAILm(err.message);
        ASSERT(test_same(wide, tight));
        ASSERT(gv_context_memory_peak(small) <= 6 << 20);
    }
    gv_context_free(small);
    gv_edge_stream_free(s);
    gv_context_free(ctx);
    PASS();
}

TEST edges_come_by_number(void)
{
    enum { EDGES = 4 << 10 };
    int64_t src[EDGES], dst[EDGES], u, v;
    gv_context *ctx = test_context(1, -1);
    gv_edge_stream *s = stream_of(ctx, 10, 4, false);
    ASSERT_EQ(EDGES, gv_edge_stream_edges(s));
    ASSERT_EQ(GV_OK, gv_edge_stream_get(s, 0, EDGES, src, dst, &err));
    for (int64_t e = EDGES - 1; e >= 0; e -= 7) {
        ASSERT_EQ(GV_OK, gv_edge_stream_get(s, e, 1, &u, &v, &err));
        ASSERT(u == src[e] && v == dst[e] && u >= 0 && u < 1 << 10 && v >= 0 && v < 1 << 10);
    }
    ASSERT_EQ(GV_ERR_RANGE, gv_edge_stream_get(s, -1, 1, &u, &v, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_edge_stream_get(s, EDGES, 1, &u, &v, &err));
    ASSERT_EQ(GV_OK, gv_edge_stream_get(s, EDGES, 0, &u, &v, &err));
    gv_edge_stream_free(s);
    gv_edge_stream_free(NULL);
    gv_context_free(ctx);
    PASS();
}

static bool near(double expected, double got)
{
    return fabs(got - expected) < 4.5 * sqrt(expected);
}

/* The chances of the initiator, seen through the permutation: the largest row and column hold
 * (.57 + .19)^S of the edges, the next ones that times .24 / .76, the diagonal (.57 + .05)^S. */
TEST edges_follow_the_initiator(void)
{
    enum { SCALE = 8, IDS = 1 << SCALE, EDGES = 512 << SCALE };
    static int64_t src[EDGES], dst[EDGES];
    int64_t out[IDS] = {0}, in[IDS] = {0}, loops = 0, most = 0, most_in = 0, top = 0;
    gv_context *ctx = test_context(1, -1);
    gv_edge_stream *s = stream_of(ctx, SCALE, 512, false);
    ASSERT_EQ(GV_OK, gv_edge_stream_get(s, 0, EDGES, src, dst, &err));
    for (int64_t e = 0; e < EDGES; e++) {
        out[src[e]]++, in[dst[e]]++;
        loops += src[e] == dst[e];
    }
    for (int64_t v = 0; v < IDS; v++) {
        most = out[v] > most ? out[v] : most;
        most_in = in[v] > most_in ? in[v] : most_in;
        top = out[v] > out[top] ? v : top;
    }
    const double row = EDGES * pow(.76, SCALE);
    ASSERT(near(row, (double)most));
    ASSERT(near(row, (double)most_in));
    ASSERT_EQ(most_in, in[top]); /* one permutation for both ends */
    ASSERT(near(EDGES * pow(.62, SCALE), (double)loops));
    double singles = 0.0; /* rows with one bit set: SCALE of them */
    for (int64_t v = 0; v < IDS; v++)
        singles += fabs((double)out[v] - row * .24 / .76) < 5 * sqrt(row * .24 / .76) ? 1.0 : 0.0;
    ASSERT_EQ(SCALE, (int)singles);
    ASSERT(top != 0);
    gv_edge_stream_free(s);
    gv_context_free(ctx);
    PASS();
}

TEST refuses_what_is_out_of_range(void)
{
    char path[TEST_PATH], tmpdir[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_edge_stream *s = NULL;
    gv_kron_opts bad[4] = {gv_kron_defaults(), gv_kron_defaults(), gv_kron_defaults(),
                           gv_kron_defaults()};
    bad[0].scale = 0;
    bad[1].scale = 31;
    bad[2].edge_factor = 0;
    bad[3].edge_factor = 1025;
    for (int i = 0; i < 4; i++)
        ASSERT_EQ(GV_ERR_RANGE, gv_kron_open(ctx, &bad[i], &s, &err));
    ASSERT_STR_EQ("edge factor 1025 is not in [1, 1024]", err.message);
    s = stream_of(ctx, 3, 2, false);
    test_path(folder, "there.h5", path);
    ASSERT(test_write(path, "mine", 4));
    ASSERT_EQ(GV_ERR_CREATE, gv_edges_write_graph(ctx, s, path, NULL, false, NULL, &err));
    ASSERT_EQ(GV_ERR_CREATE, gv_edges_write_text(ctx, s, path, false, &err));
    test_path(folder, "no such folder", tmpdir);
    ASSERT_EQ(GV_ERR_CREATE, gv_edges_write_graph(ctx, s, path, tmpdir, true, NULL, &err));
    int64_t size = 0;
    char *bytes = test_bytes(path, &size);
    ASSERT(bytes != NULL && size == 4);
    free(bytes);
    gv_edge_stream_free(s);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    char path[TEST_PATH];
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    test_path(folder, "memory.h5", path);
    for (; st != GV_OK; k++) {
        gv_context *ctx = test_context(1, k);
        gv_kron_opts o = gv_kron_defaults();
        gv_edge_stream *s = NULL;
        o.scale = 4;
        st = gv_kron_open(ctx, &o, &s, &err);
        if (st == GV_OK)
            st = gv_edges_write_graph(ctx, s, path, NULL, false, NULL, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(st == GV_OK, test_exists(path));
        gv_edge_stream_free(s);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GT(k, 20);
    PASS();
}

/* Cancels at the report number `*data`. */
static bool cancel(void *data, const char *stage, int64_t done, int64_t total)
{
    int *left = data;
    return stage != NULL && done <= total && (*left)-- > 0;
}

TEST can_be_cancelled(void)
{
    char path[TEST_PATH];
    gv_status st = GV_ERR_CANCELLED;
    int reports = 0;
    test_path(folder, "cancelled.h5", path);
    for (; st != GV_OK && reports < 100; reports++) {
        int left = reports;
        gv_context_opts c = gv_context_defaults();
        c.progress = cancel;
        c.progress_data = &left;
        gv_context *ctx;
        ASSERT_EQ(GV_OK, gv_context_create(&c, &ctx, NULL));
        gv_edge_stream *s = stream_of(ctx, 6, 4, false);
        st = gv_edges_write_graph(ctx, s, path, NULL, false, NULL, &err);
        ASSERT(st == GV_OK || st == GV_ERR_CANCELLED);
        ASSERT_EQ(st == GV_OK, test_exists(path));
        gv_edge_stream_free(s);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GTE(reports, 4);
    PASS();
}

SUITE(kron)
{
    for (int i = 0; i < 10; i++)
        RUN_TEST1(equals_an_import_of_its_text, i);
    RUN_TEST1(memory_limits_do_not_show, 0);
    RUN_TEST1(memory_limits_do_not_show, 1);
    RUN_TEST(edges_come_by_number);
    RUN_TEST(edges_follow_the_initiator);
    RUN_TEST(refuses_what_is_out_of_range);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(can_be_cancelled);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    test_folder(folder);
    RUN_SUITE(kron);
    test_remove(folder);
    GREATEST_MAIN_END();
}
