/* test_layouts.c -- the sidecar of a graph file: what is kept comes back as it was, and only for
 * the graph, key and version it was made for. */
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "engine/context.h"
#include "grapevine/info.h"
#include "grapevine/layouts.h"
#include "greatest.h"
#include "io/h5.h"
#include "support/files.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;
static char folder[TEST_PATH], graph[TEST_PATH], sidecar[TEST_PATH];

enum { SMALL = 5, LARGE = 10000 };
static const char hash[] = "0123456789abcdef", other_hash[] = "fedcba9876543210";
static int64_t small[SMALL];
static int32_t large[LARGE];
static const int8_t none[1];

/* What test layouts hold; the key bears on the numbers. */
static void fill(const char *key)
{
    for (int i = 0; i < SMALL; i++)
        small[i] = (int64_t)strlen(key) << 40 | i;
    for (int i = 0; i < LARGE; i++)
        large[i] = key[0] * i;
}

static gv_status keep(gv_context *ctx, const char *key)
{
    fill(key);
    const gv_layout_array array[] = {{.name = "small", .size = 8, .n = SMALL, .data = small},
                                     {.name = "large", .size = 4, .n = LARGE, .data = large},
                                     {.name = "nothing", .size = 1, .n = 0, .data = none}};
    return gv_layout_keep(ctx, hash, key, array, 3, &err);
}

static gv_status take(gv_context *ctx, const char *of, const char *key, bool *found)
{
    gv_layout_array array[] = {{.name = "small", .size = 8, .n = SMALL, .data = NULL},
                               {.name = "large", .size = 4, .n = -1, .data = NULL},
                               {.name = "nothing", .size = 1, .n = 0, .data = NULL}};
    const gv_status st = gv_layout_take(ctx, of, key, array, 3, found, &err);
    if (st != GV_OK || !*found)
        return st;
    fill(key);
    if (array[1].n != LARGE || memcmp(array[0].data, small, sizeof small) != 0 ||
        memcmp(array[1].data, large, sizeof large) != 0)
        return GV_ERR_DATA;
    return GV_OK;
}

static gv_context *shelved(gv_layouts **l, const char *of, bool writing)
{
    gv_context *ctx = test_context(2, -1);
    if (gv_layouts_open(ctx, graph, of, writing, false, l, &err) != GV_OK) {
        printf("%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    const gv_shelf shelf = gv_layouts_shelf(*l);
    gv_context_shelve(ctx, &shelf);
    return ctx;
}

static void close_all(gv_context *ctx, gv_layouts *l)
{
    gv_layouts_close(l);
    if (gv_context_memory_used(ctx) != 0)
        exit(EXIT_FAILURE);
    gv_context_free(ctx);
}

static void keep_two(void)
{
    gv_layouts *l = NULL;
    unlink(sidecar);
    gv_context *ctx = shelved(&l, hash, true);
    if (keep(ctx, "points 1") != GV_OK || keep(ctx, "slices 1 constant") != GV_OK)
        exit(EXIT_FAILURE);
    close_all(ctx, l);
}

TEST names_the_sidecar(void)
{
    char text[32];
    ASSERT(gv_layouts_name("a/graph.h5", text, sizeof text));
    ASSERT_STR_EQ("a/graph.layout.h5", text);
    ASSERT(gv_layouts_name("graph", text, sizeof text));
    ASSERT_STR_EQ("graph.layout.h5", text);
    ASSERT_FALSE(gv_layouts_name("a/graph.h5", text, 17));
    PASS();
}

TEST keeps_and_takes(void)
{
    gv_layouts *l = NULL;
    bool found = true;
    int64_t bytes = 0;
    keep_two();
    gv_context *ctx = shelved(&l, hash, false);
    ASSERT_EQ(GV_OK, take(ctx, hash, "points 1", &found));
    ASSERT(found);
    ASSERT_EQ(GV_OK, take(ctx, hash, "slices 1 constant", &found));
    ASSERT(found);
    ASSERT_EQ(GV_OK, take(ctx, hash, "slices 2 constant", &found));
    ASSERT_FALSE(found);
    ASSERT_EQ(GV_OK, take(ctx, other_hash, "points 1", &found));
    ASSERT_FALSE(found);
    ASSERT_STR_EQ("slices 1 constant", gv_layouts_taken(l, 1, &bytes));
    ASSERT_EQ((int64_t)(sizeof small + sizeof large), bytes);
    ASSERT_EQ(NULL, gv_layouts_taken(l, 2, NULL));
    ASSERT_EQ(bytes, gv_layouts_bytes(l, "points 1"));
    ASSERT_EQ(0, gv_layouts_bytes(l, "points 2"));
    ASSERT_GT(gv_layouts_file_bytes(l), 2 * bytes);
    ASSERT_EQ(GV_OK, keep(ctx, "not wanted")); /* for reading alone */
    ASSERT_EQ(NULL, gv_layouts_kept(l, 0, NULL));
    ASSERT_EQ(0, gv_layouts_bytes(l, "not wanted"));
    ASSERT_EQ(NULL, gv_layouts_ignored(l));
    close_all(ctx, l);
    ctx = test_context(1, -1);
    ASSERT_EQ(GV_OK, gv_file_verify(ctx, sidecar, NULL, NULL, &err));
    gv_context_free(ctx);
    PASS();
}

/* What was taken stays as it was when another layout is kept, also of the same key. */
TEST keeps_beside_what_is_in_use(void)
{
    gv_layouts *l = NULL;
    keep_two();
    char part[TEST_PATH], *after;
    int64_t n = 0, k = 0;
    char *before = test_bytes(sidecar, &n);
    gv_context *ctx = shelved(&l, hash, true);
    gv_layout_array array[] = {{.name = "large", .size = 4, .n = LARGE, .data = NULL}};
    bool found;
    ASSERT_EQ(GV_OK, gv_layout_take(ctx, hash, "points 1", array, 1, &found, &err));
    ASSERT_EQ(GV_OK, keep(ctx, "points 1"));
    ASSERT_EQ(GV_OK, keep(ctx, "third 1"));
    ASSERT_STR_EQ("third 1", gv_layouts_kept(l, 1, NULL));
    fill("points 1");
    ASSERT_MEM_EQ(large, array[0].data, sizeof large);
    ASSERT_EQ(GV_OK, take(ctx, hash, "slices 1 constant", &found));
    ASSERT(found);
    close_all(ctx, l);
    ASSERT_FALSE(test_exists(test_path(folder, "graph.layout.h5.part", part)));
    keep_two();
    after = test_bytes(sidecar, &k);
    ASSERT(n == k && memcmp(before, after, (size_t)n) == 0); /* equal calls, equal bytes */
    free(before), free(after);
    PASS();
}

/* Of another graph or version: not used, but replaced when something is kept. */
TEST ignores_another_graph(void)
{
    gv_layouts *l = NULL;
    bool found;
    keep_two();
    gv_context *ctx = shelved(&l, other_hash, true);
    ASSERT(gv_layouts_ignored(l) != NULL);
    ASSERT(strstr(gv_layouts_ignored(l), "is about graph 0123456789abcdef, not fedcba9876543210") !=
           NULL);
    ASSERT_EQ(GV_OK, take(ctx, other_hash, "points 1", &found));
    ASSERT_FALSE(found);
    const gv_layout_array array = {.name = "small", .size = 8, .n = SMALL, .data = small};
    ASSERT_EQ(GV_OK, gv_layout_keep(ctx, other_hash, "points 1", &array, 1, &err));
    close_all(ctx, l);
    ctx = shelved(&l, hash, false);
    ASSERT(gv_layouts_ignored(l) != NULL);
    close_all(ctx, l);
    PASS();
}

/* Cut at any place, or with any bit of an array flipped: refused, never taken. */
TEST refuses_damage(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_layouts *l = NULL;
    int64_t size;
    bool found;
    keep_two();
    char *bytes = test_bytes(sidecar, &size);
    for (int64_t n = 0; n < size; n += n < 4096 ? 97 : 1021) {
        ASSERT(test_write(sidecar, bytes, n));
        ASSERT_EQ(GV_ERR_DATA, gv_layouts_open(ctx, graph, hash, true, false, &l, &err));
        ASSERT(strstr(err.message, "graph.layout.h5") != NULL);
    }
    gv_context_free(ctx);
    fill("points 1");
    char *place = memmem(bytes, (size_t)size, large, sizeof large);
    ASSERT(place != NULL);
    place[777] ^= 1;
    ASSERT(test_write(sidecar, bytes, size));
    ctx = shelved(&l, hash, false);
    ASSERT_EQ(GV_ERR_DATA, take(ctx, hash, "points 1", &found));
    ASSERT(strstr(err.message, "its bytes have changed") != NULL);
    ASSERT_FALSE(found);
    ASSERT_EQ(GV_OK, take(ctx, hash, "slices 1 constant", &found));
    ASSERT(found);
    close_all(ctx, l);
    ctx = test_context(1, -1);
    ASSERT_EQ(GV_ERR_DATA, gv_file_verify(ctx, sidecar, NULL, NULL, &err));
    gv_context_free(ctx);
    free(bytes);
    PASS();
}

/* One keeps at a time; who finds the sidecar locked goes on without keeping. */
TEST leaves_it_to_another(void)
{
    gv_layouts *l = NULL;
    keep_two();
    gv_context *ctx = shelved(&l, hash, true);
    char name[TEST_PATH];
    const int lock = open(test_path(folder, "graph.layout.h5.lock", name), O_RDWR | O_CREAT, 0600);
    ASSERT_EQ(0, flock(lock, LOCK_EX));
    ASSERT_EQ(GV_OK, keep(ctx, "third 1"));
    ASSERT(gv_layouts_busy(l));
    ASSERT_EQ(0, gv_layouts_bytes(l, "third 1"));
    close(lock);
    ASSERT_EQ(GV_OK, keep(ctx, "third 1"));
    ASSERT(gv_layouts_busy(l)); /* it was, once */
    ASSERT_FALSE(test_exists(name));
    ASSERT_GT(gv_layouts_bytes(l, "third 1"), 0);
    close_all(ctx, l);
    PASS();
}

static gv_status keep_and_take(gv_context *ctx)
{
    gv_layouts *l = NULL;
    bool found;
    gv_status st = gv_layouts_open(ctx, graph, hash, true, false, &l, &err);
    if (st != GV_OK)
        return st;
    const gv_shelf shelf = gv_layouts_shelf(l);
    gv_context_shelve(ctx, &shelf);
    st = keep(ctx, "third 1");
    if (st == GV_OK)
        st = take(ctx, hash, "points 1", &found);
    gv_context_shelve(ctx, NULL);
    gv_layouts_close(l);
    return st;
}

TEST survives_every_failed_allocation(void)
{
    int64_t k = 0;
    gv_status st = GV_ERR_NOMEM;
    keep_two();
    for (; st != GV_OK; k++) {
        gv_context *ctx = test_context(2, -1);
        ctx->fail_allocation = k;
        st = keep_and_take(ctx);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GT(k, 8);
    PASS();
}

TEST refuses_bad_requests(void)
{
    gv_layouts *l = NULL;
    char key[300];
    const gv_layout_array odd = {.name = "odd", .size = 3, .n = 1, .data = small},
                          fine = {.name = "fine", .size = 8, .n = 1, .data = small};
    memset(key, 'k', sizeof key);
    key[sizeof key - 1] = '\0';
    gv_context *ctx = shelved(&l, hash, true);
    ASSERT_EQ(GV_ERR_ARG, gv_layout_keep(ctx, hash, key, &fine, 1, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_layout_keep(ctx, hash, "", &fine, 1, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_layout_keep(ctx, hash, "points 1", &odd, 1, &err));
    close_all(ctx, l);
    ctx = test_context(1, -1);
    ASSERT_EQ(GV_ERR_ARG, gv_layouts_open(ctx, graph, "", true, false, &l, &err));
    gv_context_free(ctx);
    PASS();
}

SUITE(layouts)
{
    test_folder(folder);
    test_path(folder, "graph.h5", graph);
    test_path(folder, "graph.layout.h5", sidecar);
    RUN_TEST(names_the_sidecar);
    RUN_TEST(keeps_and_takes);
    RUN_TEST(keeps_beside_what_is_in_use);
    RUN_TEST(ignores_another_graph);
    RUN_TEST(refuses_damage);
    RUN_TEST(leaves_it_to_another);
    RUN_TEST(survives_every_failed_allocation);
    RUN_TEST(refuses_bad_requests);
    test_remove(folder);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(layouts);
    GREATEST_MAIN_END();
}
