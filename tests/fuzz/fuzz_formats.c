/* fuzz_formats.c -- readers of graphs in other formats: Matrix Market, METIS, GAP's .sg and .wsg.
 *
 * Byte 0 says which, byte 1 the options; the rest is the file, plain or compressed. The format goes
 * by the name of the file, so it lies in a folder. What a reader accepts must pass the checks of a
 * graph. */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/support/files.h"

static char folder[TEST_PATH];

static void drop_folder(void)
{
    test_remove(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    test_folder(folder);
    atexit(drop_folder);
    return 0;
}

static gv_import_opts import_opts(uint8_t flags)
{
    static const gv_probability_source source[] = {GV_FROM_NONE, GV_FROM_WEIGHT, GV_FROM_WC,
                                                   GV_FROM_CONSTANT};
    gv_import_opts o = gv_import_defaults();
    o.build.undirected = flags & 1;
    o.lenient = flags & 2;
    o.reverse = flags & 4;
    o.build.source = source[flags >> 3 & 3];
    o.build.duplicates = (gv_duplicates)(flags >> 5 & 3);
    o.build.self_loops_error = flags >> 7;
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const name[] = {"f.mtx", "f.graph", "f.sg", "f.wsg"};
    fuzz_bytes in = {data, size};
    gv_error err = {.message = ""};
    gv_graph *g = NULL;
    char file[TEST_PATH];
    const char *path = test_path(folder, name[fuzz_take(&in, 1) % 4], file);
    const gv_import_opts o = import_opts((uint8_t)fuzz_take(&in, 1));
    gv_context *ctx = fuzz_context();
    fuzz_promise(test_write(path, in.data, (int64_t)in.size), "a file", "cannot be written");
    if (gv_import(ctx, &path, 1, &o, &g, NULL, &err) == GV_OK) {
        const gv_status st = gv_graph_check(
            ctx, g, GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY | GV_USES_IDS, &err);
        fuzz_promise(st == GV_OK, "an imported graph is sound", err.message);
    }
    gv_graph_free(g);
    fuzz_done(ctx);
    return 0;
}
