/* test_graph_file.c -- graph files: round trips, equal bytes, places that cannot be, full disks. */
#define _DEFAULT_SOURCE
#include "greatest.h"

#include <fcntl.h>
#include <math.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "engine/csr.h"
#include "engine/memory.h"
#include "grapevine/io.h"
#include "io/h5_file.h"
#include "support/files.h"
#include "support/graphs.h"
#include "support/kinds.h"

static gv_error err;
static char folder[TEST_PATH];

static bool same_csr(const gv_graph *g, const gv_csr *a, const gv_csr *b)
{
    const size_t n = (size_t)g->n_nodes, m = (size_t)g->n_edges;
    return memcmp(a->indptr, b->indptr, (n + 1) * 8) == 0 &&
           memcmp(a->indices, b->indices, m * 4) == 0 &&
           (g->rule != GV_PROBABILITY_STORED || memcmp(a->probability, b->probability, m * 4) == 0);
}

static bool same_graph(const gv_graph *a, const gv_graph *b)
{
    const size_t n = (size_t)a->n_nodes;
    bool same = a->n_nodes == b->n_nodes && a->n_edges == b->n_edges && a->rule == b->rule &&
                a->directed == b->directed && a->constant == b->constant &&
                a->id_kind == b->id_kind && a->n_attributes == b->n_attributes &&
                strcmp(a->hash, b->hash) == 0 && same_csr(a, &a->out, &b->out) &&
                same_csr(a, &a->in, &b->in);
    if (same && a->id_kind == GV_ID_INT)
        same = memcmp(a->id_int, b->id_int, n * 8) == 0;
    else if (same)
        same = a->id_width == b->id_width &&
               memcmp(a->id_text, b->id_text, n * (size_t)a->id_width) == 0;
    for (int i = 0; same && i < a->n_attributes; i++) {
        const gv_attribute *x = &a->attribute[i], *y = gv_graph_attribute(b, x->name);
        same = y != NULL && (x->i32 == NULL) == (y->i32 == NULL) &&
               memcmp(x->i32 != NULL ? (const void *)x->i32 : x->f32,
                      x->i32 != NULL ? (const void *)y->i32 : y->f32, n * 4) == 0;
    }
    return same;
}

/* ---- round trips ------------------------------------------------------------------------------
 */

TEST comes_back_as_it_was(int i)
{
    char path[TEST_PATH];
    const kind k = kind_of(i);
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = kind_graph(ctx, &k), *back = NULL;
    ASSERT_STR_EQ("", gv_graph_hash(g));
    test_path(folder, "trip.h5", path);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, path, true, &err));
    ASSERT_EQ(GV_HASH_CHARS, strlen(gv_graph_hash(g)));
    ASSERT_EQ(GV_OK, gv_graph_open(ctx, path, &back, &err));
    ASSERT(same_graph(g, back));
    ASSERT_EQ(GV_OK, gv_graph_check(ctx, back, 15, &err));
    ASSERT_EQ(GV_OK, gv_graph_check(ctx, g, 15, &err));
    if (i == 5)
        ASSERT(back->in.indptr != NULL && back->out.probability != back->in.probability);
    gv_graph_free(back);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST large_arrays_are_not_copied(void)
{
    char path[TEST_PATH];
    const kind k = kind_of(LARGE);
    gv_context *maker = test_context(2, -1), *ctx = test_context(2, -1);
    gv_graph *g = kind_graph(maker, &k), *back = NULL;
    test_path(folder, "large.h5", path);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, path, true, &err));
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    ASSERT(gv_context_memory_peak(ctx) < 16384);
    ASSERT_EQ(GV_OK, gv_graph_open(ctx, path, &back, &err));
    ASSERT_EQ(0, (uintptr_t)back->out.indices % 4096);
    ASSERT_EQ(0, (uintptr_t)back->in.probability % 4096);
    ASSERT(gv_context_memory_used(ctx) < 16384);
    gv_graph_free(back);
    gv_graph_free(g);
    gv_context_free(ctx);
    gv_context_free(maker);
    PASS();
}

TEST equal_graphs_give_equal_bytes(int i)
{
    char first[TEST_PATH], second[TEST_PATH];
    const int threads[] = {2, 3, 8};
    const kind k = kind_of(i);
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = kind_graph(ctx, &k);
    test_path(folder, "first.h5", first);
    test_path(folder, "second.h5", second);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, first, true, &err));
    if (i == LARGE) /* into another second, so that a time stamp would show */
        nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
    for (int t = 0; t < 3; t++) {
        gv_context *other = test_context(threads[t], -1);
        gv_graph *again = kind_graph(other, &k);
        ASSERT_EQ(GV_OK, gv_graph_save(other, again, second, true, &err));
        ASSERT(test_same(first, second));
        gv_graph_free(again);
        gv_context_free(other);
    }
    gv_graph_free(g);
    gv_context_free(ctx);
    PASS();
}

/* A constant, a column, or the way the edges are stored: only what is content bears on the hash. */
TEST hash_is_of_the_content(void)
{
    char path[TEST_PATH], hash[4][GV_HASH_CHARS + 1];
    gv_context *ctx = test_context(1, -1);
    test_path(folder, "hash.h5", path);
    for (int i = 0; i < 4; i++) {
        kind k = kind_of(3);
        k.text = i == 2;
        k.columns = i == 1;
        if (i == 3)
            k.build.constant = .5;
        gv_graph *g = kind_graph(ctx, &k);
        ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, path, true, &err));
        memcpy(hash[i], gv_graph_hash(g), sizeof hash[i]);
        gv_graph_free(g);
    }
    ASSERT_STR_EQ(hash[0], hash[1]);
    ASSERT(strcmp(hash[0], hash[2]) != 0);
    ASSERT(strcmp(hash[0], hash[3]) != 0);
    gv_context_free(ctx);
    PASS();
}

/* ---- places -----------------------------------------------------------------------------------
 */

TEST inputs_that_are_no_graphs(void)
{
    char path[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = NULL;
    ASSERT_EQ(GV_ERR_NO_INPUT, gv_graph_open(ctx, test_path(folder, "no.h5", path), &g, &err));
    ASSERT(strstr(err.message, "No such file") != NULL);
    ASSERT_EQ(GV_ERR_NO_INPUT, gv_graph_open(ctx, folder, &g, &err));
    test_path(folder, "text.h5", path);
    ASSERT(test_write(path, "1 2\n3 4\n", 8));
    ASSERT_EQ(GV_ERR_DATA, gv_graph_open(ctx, path, &g, &err));
    ASSERT(strstr(err.message, "is not an HDF5 file") != NULL);
    ASSERT(test_write(path, "", 0));
    ASSERT_EQ(GV_ERR_DATA, gv_graph_open(ctx, path, &g, &err));
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Whoever holds the file locked, the message names the way out on file systems without locks. */
TEST a_locked_file_says_so(void)
{
    char path[TEST_PATH], part[TEST_PATH];
    const kind k = kind_of(3);
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = kind_graph(ctx, &k), *back = NULL;
    test_path(folder, "locked.h5", path);
    test_path(folder, "locked.h5.part", part);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, path, true, &err));
    const int fd = open(path, O_RDWR), fd_part = open(part, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || fd_part < 0 || flock(fd, LOCK_EX) != 0 || flock(fd_part, LOCK_EX) != 0)
        FAILm("flock");
    if (gv_graph_open(ctx, path, &back, &err) == GV_OK) {
        gv_graph_free(back);
        close(fd_part), close(fd);
        gv_graph_free(g);
        gv_context_free(ctx);
        unlink(part);
        SKIPm("this HDF5 does not lock files");
    }
    ASSERT_EQ(GV_ERR_NO_INPUT, err.status);
    ASSERT(strstr(err.message, "HDF5_USE_FILE_LOCKING=FALSE") != NULL);
    ASSERT_EQ(GV_ERR_CREATE, gv_graph_save(ctx, g, path, true, &err));
    ASSERT(strstr(err.message, "HDF5_USE_FILE_LOCKING=FALSE") != NULL);
    close(fd_part), close(fd);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, path, true, &err));
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST outputs_that_cannot_be(void)
{
    char path[TEST_PATH], part[TEST_PATH + 8];
    const kind k = kind_of(3);
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = kind_graph(ctx, &k);
    test_path(folder, "exists.h5", path);
    ASSERT(test_write(path, "mine", 4));
    ASSERT_EQ(GV_ERR_CREATE, gv_graph_save(ctx, g, path, false, &err));
    ASSERT(strstr(err.message, "exists already") != NULL);
    int64_t size = 0;
    char *bytes = test_bytes(path, &size);
    ASSERT(bytes != NULL && size == 4 && memcmp(bytes, "mine", 4) == 0);
    free(bytes);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, path, true, &err));
    snprintf(part, sizeof part, "%s.part", path);
    ASSERT(!test_exists(part));
    ASSERT_EQ(GV_ERR_CREATE,
              gv_graph_save(ctx, g, test_path(folder, "none/g.h5", path), false, &err));
    ASSERT_EQ(GV_ERR_CREATE, gv_graph_save(ctx, g, folder, true, &err));
    ASSERT_EQ(GV_ERR_CREATE, gv_graph_save(ctx, g, "/proc/g.h5", true, &err));
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Disks from almost nothing to just enough: an error that says so, and nothing left; or success. */
TEST a_full_disk_is_an_error(void)
{
    char disk[TEST_PATH], path[TEST_PATH], part[TEST_PATH];
    const kind k = kind_of(LARGE);
    int full = 0, fitted = 0;
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = kind_graph(ctx, &k);
    test_path(folder, "disk", disk);
    test_path(disk, "g.h5", path);
    test_path(disk, "g.h5.part", part);
    for (int kilobytes = 4; kilobytes < 3000 && fitted < 2; kilobytes += kilobytes < 64 ? 4 : 132) {
        if (!test_small_disk(disk, kilobytes)) {
            rmdir(disk);
            gv_graph_free(g);
            gv_context_free(ctx);
            SKIPm("mounting a small disk is not allowed here");
        }
        const gv_status st = gv_graph_save(ctx, g, path, false, &err);
        if (st == GV_OK) {
            gv_graph *back = NULL;
            ASSERT_EQ(GV_OK, gv_graph_open(ctx, path, &back, &err));
            ASSERT_EQ(GV_OK, gv_graph_check(ctx, back, 15, &err));
            gv_graph_free(back);
            fitted++;
        } else {
            full++;
            ASSERT(st == GV_ERR_IO || st == GV_ERR_CREATE);
            ASSERT(strstr(err.message, "g.h5") != NULL);
            ASSERT(strstr(err.message, "No space left") != NULL);
            ASSERT(!test_exists(path) && !test_exists(part));
        }
        test_unmount(disk);
        ASSERT_EQ(0, rmdir(disk));
    }
    ASSERT(full > 4 && fitted > 0);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    char path[TEST_PATH], part[TEST_PATH];
    const kind k = kind_of(5);
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = kind_graph(ctx, &k), *back = NULL;
    test_path(folder, "memory.h5", path);
    test_path(folder, "memory.h5.part", part);
    int failures = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; failures++) {
        ctx->fail_allocation = ctx->allocations + failures;
        st = gv_graph_save(ctx, g, path, true, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT(!test_exists(part));
    }
    ASSERT(failures > 5);
    ctx->fail_allocation = -1;
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    failures = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; failures++) {
        ctx->fail_allocation = ctx->allocations + failures;
        st = gv_graph_open(ctx, path, &back, &err);
        ASSERT(st == GV_OK || (st == GV_ERR_NOMEM && gv_context_memory_used(ctx) == 0));
    }
    ASSERT(failures > 2);
    gv_graph_free(back);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

SUITE(graph_file)
{
    test_folder(folder);
    for (int i = 0; i < KINDS; i++) {
        RUN_TEST1(comes_back_as_it_was, i);
        RUN_TEST1(equal_graphs_give_equal_bytes, i);
    }
    RUN_TEST(large_arrays_are_not_copied);
    RUN_TEST(hash_is_of_the_content);
    RUN_TEST(inputs_that_are_no_graphs);
    RUN_TEST(outputs_that_cannot_be);
    RUN_TEST(a_locked_file_says_so);
    RUN_TEST(a_full_disk_is_an_error);
    RUN_TEST(survives_every_failed_allocation);
    test_remove(folder);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(graph_file);
    GREATEST_MAIN_END();
}
