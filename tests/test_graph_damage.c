/* test_graph_damage.c -- graph files that are cut short, scrambled or forged: each check fires,
 * none crashes. */
#include "greatest.h"

#include <math.h>
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

TEST a_file_cut_short_is_an_error(int i)
{
    char whole[TEST_PATH], cut[TEST_PATH];
    const kind k = kind_of(i);
    int64_t size = 0;
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = kind_graph(ctx, &k), *back = NULL;
    test_path(folder, "whole.h5", whole);
    test_path(folder, "cut.h5", cut);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, whole, true, &err));
    char *bytes = test_bytes(whole, &size);
    ASSERT(bytes != NULL);
    for (int64_t length = 0; length < size;
         length += length < 1024 || length > size - 40 ? 1 : 512) {
        ASSERT(test_write(cut, bytes, length));
        const gv_status st = gv_graph_open(ctx, cut, &back, &err);
        ASSERT_EQ(GV_ERR_DATA, st);
        ASSERT(strstr(err.message, "cut.h5") != NULL);
    }
    free(bytes);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Flips bytes all over the arrays: an error, or a graph that passes all checks; never a crash.
 * (What HDF5 makes of its own records when those are damaged is not for us to test.) */
TEST scrambled_arrays_never_crash(void)
{
    static const char *const arrays[] = {"/out/indptr",  "/out/indices", "/out/probability",
                                         "/in/indptr",   "/in/indices",  "/in/probability",
                                         "/nodes/ext_id"};
    char path[TEST_PATH];
    const kind k = kind_of(LARGE);
    int64_t refused = 0;
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = kind_graph(ctx, &k);
    test_path(folder, "bad.h5", path);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, path, true, &err));
    for (size_t a = 0; a < sizeof arrays / sizeof *arrays; a++) {
        gv_h5 *f;
        gv_h5_info info;
        ASSERT_EQ(GV_OK, gv_h5_open(ctx, path, &f, &err));
        ASSERT_EQ(GV_OK, gv_h5_look(f, arrays[a], &info, &err));
        gv_h5_close(f);
        for (int64_t at = 0; at < info.bytes; at += 1 + info.bytes / 60) {
            gv_graph *back = NULL;
            char *bytes = NULL;
            int64_t size = 0;
            ASSERT((bytes = test_bytes(path, &size)) != NULL);
            const char good = bytes[info.offset + at], bad = (char)(good ^ 0x55);
            free(bytes);
            ASSERT(test_patch(path, info.offset + at, &bad, 1));
            refused += gv_graph_open(ctx, path, &back, &err) != GV_OK ||
                       gv_graph_check(ctx, back, 15, &err) != GV_OK;
            gv_graph_free(back);
            ASSERT(test_patch(path, info.offset + at, &good, 1));
        }
    }
    ASSERT_GT(refused, 100);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Writes a graph of 3 nodes and 2 edges by hand, less one dataset or with one that is wrong. */
static const int64_t good_indptr[] = {0, 1, 2, 2}, good_id[] = {5, 6, 7};
static const int32_t good_indices[] = {1, 2};
static const float good_p[] = {.5f, 1.0f};

typedef struct forgery {
    const char *attribute; /* of the root, replaced ... */
    int64_t number;        /* ... by this */
    const char *text;      /* ... or, unless NULL, by this */
    const char *array;     /* left out, or written with `n` elements of `type` */
    gv_type type;
    int64_t n;
    const char *expect; /* in the message */
} forgery;

static gv_status forge_array(gv_h5 *f, const forgery *x, const char *path, gv_type type, int64_t n,
                             const void *data)
{
    static const double zeros[16];
    gv_h5_shape shape = gv_h5_vector(type, n);
    if (x->array != NULL && strcmp(x->array, path) == 0) {
        if (x->n < 0)
            return GV_OK;
        shape = gv_h5_vector(x->type, x->n);
        shape.width = 70;
        data = zeros;
        if (x->type == GV_TEXT)
            return gv_h5_write_packed(f, path, &shape, data, &err);
    }
    return gv_h5_write(f, path, &shape, data, NULL, &err);
}

static gv_status forge(gv_context *ctx, const char *path, const forgery *x)
{
    gv_h5 *f;
    gv_status st = gv_h5_create(ctx, path, true, "grapevine-graph", 1, &f, &err);
    if (st != GV_OK)
        return st;
    if (gv_h5_set_i64(f, "/", "n_nodes", 3, &err) != GV_OK ||
        gv_h5_set_i64(f, "/", "n_edges", 2, &err) != GV_OK ||
        gv_h5_set_i64(f, "/", "directed", 1, &err) != GV_OK ||
        gv_h5_set_text(f, "/", "id_kind", "int", &err) != GV_OK ||
        gv_h5_set_text(f, "/", "content_hash", "0123456789abcdef", &err) != GV_OK ||
        gv_h5_set_text(f, "/", "probability_rule", "stored", &err) != GV_OK ||
        gv_h5_set_f64(f, "/", "probability_constant", 1.5, &err) != GV_OK ||
        forge_array(f, x, "/out/indptr", GV_I64, 4, good_indptr) != GV_OK ||
        forge_array(f, x, "/out/indices", GV_I32, 2, good_indices) != GV_OK ||
        forge_array(f, x, "/out/probability", GV_F32, 2, good_p) != GV_OK ||
        forge_array(f, x, "/in/indptr", GV_I64, 4, good_indptr) != GV_OK ||
        forge_array(f, x, "/in/indices", GV_I32, 2, good_indices) != GV_OK ||
        forge_array(f, x, "/in/probability", GV_F32, 2, good_p) != GV_OK ||
        forge_array(f, x, "/nodes/ext_id", GV_I64, 3, good_id) != GV_OK ||
        forge_array(f, x, "/nodes/value", GV_F32, 3, good_id) != GV_OK ||
        (x->attribute != NULL && x->text != NULL &&
         gv_h5_set_text(f, "/", x->attribute, x->text, &err) != GV_OK) ||
        (x->attribute != NULL && x->text == NULL &&
         gv_h5_set_i64(f, "/", x->attribute, x->number, &err) != GV_OK))
        exit(EXIT_FAILURE);
    return gv_h5_commit(&f, &err);
}

TEST each_check_at_opening_fires(void)
{
    const forgery list[] = {
        {.attribute = "schema", .text = "grapevine-model", .expect = "is a grapevine-model file"},
        {.attribute = "schema", .number = 3, .expect = "/@schema: cannot be read as a text"},
        {.attribute = "schema_version", .number = 2, .expect = "@schema_version 2 is not 1"},
        {.attribute = "n_nodes", .number = -1, .expect = "/@n_nodes: -1 is not in [0, 2147483647]"},
        {.attribute = "n_nodes", .number = 2147483648, .expect = "/@n_nodes: 2147483648"},
        {.attribute = "n_nodes", .number = 4, .expect = "/out/indptr: is int64[4], not int64[5]"},
        {.attribute = "n_nodes", .text = "three", .expect = "cannot be read as an integer"},
        {.attribute = "n_edges", .number = -2, .expect = "/@n_edges: -2"},
        {.attribute = "n_edges", .number = 3, .expect = "runs from 0 to 2, not from 0 to 3"},
        {.attribute = "directed", .number = 2, .expect = "/@directed: 2 is not in [0, 1]"},
        {.attribute = "id_kind", .text = "uuid", .expect = "\"uuid\" is not int or string"},
        {.attribute = "id_kind", .text = "string", .expect = "/nodes/ext_id: is int64[3]"},
        {.attribute = "content_hash", .text = "xyz", .expect = "16 hexadecimal digits"},
        {.attribute = "content_hash", .text = "0123456789abcdef0", .expect = "@content_hash"},
        {.attribute = "probability_rule", .text = "dice", .expect = "\"dice\" is not none"},
        {.attribute = "probability_rule", .text = "constant", .expect = "1.5 is not in [0, 1]"},
        {.array = "/out/indptr", .n = -1, .expect = "/out/indptr: is missing"},
        {.array = "/out/indptr", .type = GV_I64, .n = 4, .expect = "runs from 0 to 0"},
        {.array = "/out/indptr", .type = GV_I32, .n = 4, .expect = "is int32[4], not int64[4]"},
        {.array = "/out/indices", .type = GV_I32, .n = 1, .expect = "is int32[1], not int32[2]"},
        {.array = "/out/indices", .type = GV_F32, .n = 2, .expect = "is float32[2], not int32[2]"},
        {.array = "/in/indices", .type = GV_I16, .n = 2, .expect = "is int16[2], not int32[2]"},
        {.array = "/in/indptr", .type = GV_I64, .n = 5, .expect = "is int64[5], not int64[4]"},
        {.array = "/in/indptr", .n = -1, .expect = "/in/indptr: is missing"},
        {.array = "/in/probability", .n = -1, .expect = "/in/probability: is missing"},
        {.array = "/out/probability", .type = GV_F64, .n = 2, .expect = "is float64[2]"},
        {.array = "/nodes/ext_id", .n = -1, .expect = "/nodes/ext_id: is missing"},
        {.array = "/nodes/ext_id", .type = GV_I64, .n = 2, .expect = "is int64[2], not int64[3]"},
        {.array = "/nodes/value", .type = GV_F32, .n = 4, .expect = "/nodes/value: is float32[4]"},
        {.array = "/nodes/value", .type = GV_I64, .n = 3, .expect = "is int64[3], not int32[3]"},
    };
    char path[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = NULL;
    test_path(folder, "forged.h5", path);
    ASSERT_EQ(GV_OK, forge(ctx, path, &(forgery){.attribute = NULL}));
    ASSERT_EQ(GV_OK, gv_graph_open(ctx, path, &g, &err));
    ASSERT_EQ(3, gv_graph_nodes(g));
    gv_graph_free(g);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        ASSERT_EQ(GV_OK, forge(ctx, path, &list[i]));
        ASSERT_EQ(GV_ERR_DATA, gv_graph_open(ctx, path, &g, &err));
        if (strstr(err.message, list[i].expect) == NULL)
            ASSERT_STR_EQ(list[i].expect, err.message);
        ASSERT(strncmp(err.message, path, strlen(path)) == 0);
    }
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* A dataset cut into chunks cannot be mapped; a file in the making is not complete. */
TEST other_layouts_are_refused(void)
{
    char path[TEST_PATH], part[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_h5 *f;
    const gv_h5_shape three = gv_h5_vector(GV_I64, 3);
    const void *data;
    test_path(folder, "chunks.h5", path);
    ASSERT_EQ(GV_OK, gv_h5_create(ctx, path, true, "grapevine-graph", 1, &f, &err));
    ASSERT_EQ(GV_OK, gv_h5_write_packed(f, "/x", &three, good_id, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_h5_write(f, "/x", &three, good_id, NULL, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_h5_write(f, "x", &three, good_id, NULL, &err));
    ASSERT_EQ(GV_OK, gv_h5_commit(&f, &err));
    ASSERT(f == NULL);
    ASSERT_EQ(GV_OK, gv_h5_open(ctx, path, &f, &err));
    ASSERT_EQ(GV_ERR_DATA, gv_h5_map(f, "/x", &three, &data, &err));
    ASSERT(strstr(err.message, "is not contiguous") != NULL);
    int64_t back[3];
    ASSERT_EQ(GV_OK, gv_h5_read(f, "/x", back, &err));
    ASSERT_MEM_EQ(good_id, back, sizeof back);
    gv_h5_close(f);

    test_path(folder, "making.h5", path);
    test_path(folder, "making.h5.part", part);
    ASSERT_EQ(GV_OK, gv_h5_create(ctx, path, true, "grapevine-graph", 1, &f, &err));
    ASSERT(test_exists(part) && !test_exists(path));
    gv_h5_close(f);
    ASSERT(!test_exists(part) && !test_exists(path));
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Puts `value` at element `i` of an array of the file. */
static bool spoil(gv_context *ctx, const char *path, const char *array, int64_t i,
                  const void *value, int64_t bytes)
{
    gv_h5 *f;
    gv_h5_info info;
    if (gv_h5_open(ctx, path, &f, &err) != GV_OK)
        return false;
    const bool found = gv_h5_look(f, array, &info, &err) == GV_OK && info.offset > 0;
    gv_h5_close(f);
    return found && test_patch(path, info.offset + i * bytes, value, bytes);
}

TEST each_check_of_arrays_fires(void)
{
    const int64_t low = -1, high = 1 << 30, id = 0;
    const int32_t below = -1, beyond = 700, same = 0, up = 699;
    const float over = 1.5f, nan = NAN, under = -.25f;
    const struct {
        const char *array;
        int64_t i, bytes;
        const void *value;
        unsigned uses;
        const char *expect;
    } list[] = {
        {"/out/indptr", 7, 8, &low, GV_USES_OUT, "/out/indptr[7] = -1 is less than "},
        {"/out/indptr", 300, 8, &high, GV_USES_OUT, "/out/indptr[301] = "},
        {"/in/indptr", 699, 8, &low, GV_USES_IN, "/in/indptr[699] = -1 is less than "},
        {"/out/indices", 100, 4, &below, GV_USES_OUT, "/out/indices[100] = -1 is not in [0, 700)"},
        {"/out/indices", 11, 4, &beyond, GV_USES_OUT, "/out/indices[11] = 700 is not in [0, 700)"},
        {"/in/indices", 9, 4, &same, GV_USES_IN, "/in/indices[9] = 0 does not ascend"},
        {"/in/indices", 0, 4, &up, GV_USES_IN, "/in/indices[1] = "},
        {"/out/probability", 5, 4, &over, GV_USES_OUT | GV_USES_PROBABILITY,
         "/out/probability[5] = 1.5 is not in [0, 1]"},
        {"/in/probability", 6, 4, &under, GV_USES_IN | GV_USES_PROBABILITY,
         "/in/probability[6] = -0.25 is not in [0, 1]"},
        {"/out/probability", 0, 4, &nan, GV_USES_PROBABILITY, "/out/probability[0] = nan"},
        {"/out/probability", 2, 4, &over, GV_USES_OUT_PROBABILITY,
         "/out/probability[2] = 1.5 is not in [0, 1]"},
        {"/nodes/ext_id", 3, 8, &id, GV_USES_IDS, "/nodes/ext_id[3] = \"0\""},
    };
    char good[TEST_PATH], bad[TEST_PATH];
    const kind k = kind_of(LARGE);
    int64_t size = 0;
    gv_context *ctx = test_context(3, -1);
    gv_graph *g = kind_graph(ctx, &k);
    test_path(folder, "good.h5", good);
    test_path(folder, "bad.h5", bad);
    ASSERT_EQ(GV_OK, gv_graph_save(ctx, g, good, true, &err));
    gv_graph_free(g);
    char *bytes = test_bytes(good, &size);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        ASSERT(test_write(bad, bytes, size));
        ASSERT(spoil(ctx, bad, list[i].array, list[i].i, list[i].value, list[i].bytes));
        ASSERT_EQ(GV_OK, gv_graph_open(ctx, bad, &g, &err));
        ASSERT_EQ(GV_OK,
                  gv_graph_check(ctx, g, ~list[i].uses & 11u & (list[i].uses & 4 ? 15 : 11), &err));
        ASSERT_EQ(GV_ERR_DATA, gv_graph_check(ctx, g, list[i].uses, &err));
        if (strstr(err.message, list[i].expect) == NULL)
            ASSERT_STR_EQ(list[i].expect, err.message);
        gv_graph_free(g);
    }
    free(bytes);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

SUITE(graph_damage)
{
    test_folder(folder);
    RUN_TEST1(a_file_cut_short_is_an_error, 0);
    RUN_TEST1(a_file_cut_short_is_an_error, 5);
    RUN_TEST(scrambled_arrays_never_crash);
    RUN_TEST(each_check_at_opening_fires);
    RUN_TEST(other_layouts_are_refused);
    RUN_TEST(each_check_of_arrays_fires);
    test_remove(folder);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(graph_damage);
    GREATEST_MAIN_END();
}
