/* test_graph_far.c -- a graph file of more than 2^31 edges, nearly all of which are a hole: opened,
 * checked and read. */
#define _DEFAULT_SOURCE
#include "greatest.h"

#include <unistd.h>

#include "engine/csr.h"
#include "grapevine/io.h"
#include "io/h5_file.h"
#include "support/files.h"
#include "support/graphs.h"

static gv_error err;
static char folder[TEST_PATH];

/* A dataset of nothing but a hole: HDF5 keeps the room, nobody writes to it. */
static bool add_hole(gv_h5 *f, const char *path, int64_t m)
{
    const hsize_t dims[1] = {(hsize_t)m};
    const hid_t space = H5Screate_simple(1, dims, NULL), dcpl = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_alloc_time(dcpl, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(dcpl, H5D_FILL_TIME_NEVER);
    const hid_t set =
        H5Dcreate2(f->file, path, H5T_STD_I32LE, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    H5Pclose(dcpl);
    H5Sclose(space);
    return set >= 0 && H5Dclose(set) >= 0;
}

/* An undirected graph of 4 nodes, as far as the offsets say. The file is closed by hand, since
 * committing it would take its room on the disk. */
static bool write_far(gv_context *ctx, const char *path, int64_t m, const int64_t *indptr)
{
    char part[TEST_PATH + 8];
    gv_h5 *f;
    const gv_h5_shape offsets = gv_h5_vector(GV_I64, 5), ids = gv_h5_vector(GV_I64, 4);
    const int64_t id[4] = {1, 2, 3, 4};
    snprintf(part, sizeof part, "%s.part", path);
    if (gv_h5_create(ctx, path, true, "grapevine-graph", 1, &f, &err) != GV_OK)
        return false;
    const bool ok = gv_h5_set_i64(f, "/", "n_nodes", 4, &err) == GV_OK &&
                    gv_h5_set_i64(f, "/", "n_edges", m, &err) == GV_OK &&
                    gv_h5_set_i64(f, "/", "directed", 0, &err) == GV_OK &&
                    gv_h5_set_i64(f, "/", "complete", 1, &err) == GV_OK &&
                    gv_h5_set_text(f, "/", "id_kind", "int", &err) == GV_OK &&
                    gv_h5_set_text(f, "/", "content_hash", "0123456789abcdef", &err) == GV_OK &&
                    gv_h5_set_text(f, "/", "probability_rule", "none", &err) == GV_OK &&
                    gv_h5_write(f, "/nodes/ext_id", &ids, id, NULL, &err) == GV_OK &&
                    gv_h5_write(f, "/out/indptr", &offsets, indptr, NULL, &err) == GV_OK &&
                    gv_h5_link(f, "/out/indptr", "/in/indptr", &err) == GV_OK &&
                    add_hole(f, "/out/indices", m) &&
                    gv_h5_link(f, "/out/indices", "/in/indices", &err) == GV_OK &&
                    H5Fclose(f->file) >= 0 && rename(part, path) == 0;
    f->file = -1;
    gv_h5_close(f);
    return ok;
}

TEST positions_reach_beyond_two_to_the_31(void)
{
    const int64_t m = INT64_C(2200000000), indptr[5] = {0, 0, m - 3, m - 1, m};
    const int32_t tail[3] = {1, 3, 2};
    char path[TEST_PATH];
    int64_t count;
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = NULL;
    gv_h5 *f;
    gv_h5_info info;
    ASSERT(write_far(ctx, test_path(folder, "far.h5", path), m, indptr));
    ASSERT_EQ(GV_OK, gv_h5_open(ctx, path, &f, &err));
    ASSERT_EQ(GV_OK, gv_h5_look(f, "/out/indices", &info, &err));
    gv_h5_close(f);
    ASSERT_EQ(4 * m, info.bytes);
    ASSERT(test_patch(path, info.offset + 4 * (m - 3), tail, sizeof tail));
    ASSERT_EQ(GV_OK, gv_graph_open(ctx, path, &g, &err));
    ASSERT_EQ(m, gv_graph_edges(g));
    const gv_node *row = gv_graph_out(g, 2, &count);
    ASSERT_EQ(2, count);
    ASSERT(row[0] == 1 && row[1] == 3);
    row = gv_graph_in(g, 3, &count);
    ASSERT(count == 1 && row[0] == 2);
    ASSERT_EQ(m - 2, gv_csr_find(&g->out, 2, 3));
    ASSERT_EQ(m - 1, gv_csr_find(&g->in, 3, 2));
    ASSERT_EQ(GV_ERR_DATA, gv_graph_check(ctx, g, GV_USES_OUT, &err));
    ASSERT(strstr(err.message, "/out/indices[1] = 0 does not ascend") != NULL);
    gv_graph_free(g);
    unlink(path);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

SUITE(graph_far)
{
    test_folder(folder);
    RUN_TEST(positions_reach_beyond_two_to_the_31);
    test_remove(folder);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(graph_far);
    GREATEST_MAIN_END();
}
