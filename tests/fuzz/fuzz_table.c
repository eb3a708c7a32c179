/* fuzz_table.c -- readers of text: edges, attributes, purchases, teleport vectors, lists of ids.
 *
 * Byte 0 says which reader, byte 1 its options; the rest is the text, plain or compressed. What a
 * reader accepts must pass the checks of a graph. */
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static gv_graph *small; /* what purchases and ids are about */
static gv_context *small_ctx;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const gv_node src[] = {0, 1, 2, 0}, dst[] = {1, 2, 3, 3};
    gv_error err;
    (void)argc, (void)argv;
    small_ctx = fuzz_context();
    const gv_status st =
        gv_graph_build(small_ctx, 4, src, dst, NULL, 4, NULL, NULL, &small, NULL, &err);
    fuzz_promise(st == GV_OK, "graph", err.message);
    return 0;
}

static gv_import_opts import_opts(uint8_t flags)
{
    static const gv_probability_source source[] = {GV_FROM_NONE, GV_FROM_WEIGHT, GV_FROM_WC,
                                                   GV_FROM_TRIVALENCY};
    gv_import_opts o = gv_import_defaults();
    o.build.undirected = flags & 1;
    o.lenient = flags & 2;
    o.reverse = flags & 4;
    o.build.source = source[flags >> 3 & 3];
    o.build.duplicates = (gv_duplicates)(flags >> 5 & 3);
    o.skip_lines = flags >> 7;
    return o;
}

static void import(gv_context *ctx, const char *path, const gv_import_opts *o)
{
    gv_error err = {.message = ""};
    gv_graph *g = NULL;
    if (gv_import(ctx, &path, 1, o, &g, NULL, &err) == GV_OK) {
        const gv_status st = gv_graph_check(
            ctx, g, GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY | GV_USES_IDS, &err);
        fuzz_promise(st == GV_OK, "an imported graph is sound", err.message);
    }
    gv_graph_free(g);
}

static void import_with_nodes(gv_context *ctx, const char *nodes, uint8_t flags)
{
    static const char edges[] = "src\tdst\n1\t2\n2\t3\n";
    char path[32];
    const int fd = fuzz_file(edges, sizeof edges - 1, path);
    gv_import_opts o = import_opts(flags & 2);
    o.nodes = nodes;
    import(ctx, path, &o);
    close(fd);
}

static void read_log(gv_context *ctx, const char *path, uint8_t flags)
{
    gv_error err;
    gv_log *log = NULL;
    gv_log_opts o = gv_log_defaults();
    o.lenient = flags & 2;
    o.columns = flags & 1 ? "1,2,3,4,5" : NULL;
    if (gv_log_read(ctx, path, small, &o, &log, &err) == GV_OK) {
        const gv_log_info i = gv_log_describe(log);
        for (int32_t z = 0; z < i.n_topics; z++)
            fuzz_promise(strlen(gv_log_topic(log, z)) <= GV_TOPIC_CHARS, "name of a topic", "long");
    }
    gv_log_free(log);
}

static void read_teleport(gv_context *ctx, const char *path)
{
    gv_error err;
    gv_teleport_table t;
    if (gv_teleport_read(ctx, small, path, &t, &err) != GV_OK)
        return;
    for (int64_t i = 0; i < t.offset[t.n_columns]; i++)
        fuzz_promise(t.node[i] >= 0 && t.node[i] < 4 && t.weight[i] >= 0.0, "teleport", "range");
    gv_teleport_free(ctx, &t);
}

static void read_ids(gv_context *ctx, const char *path)
{
    gv_error err;
    gv_node *node = NULL;
    int64_t count = 0;
    if (gv_nodes_read(ctx, small, path, &node, &count, &err) != GV_OK)
        return;
    for (int64_t i = 0; i < count; i++)
        fuzz_promise(node[i] >= 0 && node[i] < 4, "ids", "range");
    gv_nodes_free(ctx, node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes in = {data, size};
    char path[32];
    const uint8_t what = (uint8_t)fuzz_take(&in, 1), flags = (uint8_t)fuzz_take(&in, 1);
    gv_context *ctx = fuzz_context();
    const int fd = fuzz_file(in.data, in.size, path);
    const gv_import_opts o = import_opts(flags);
    switch (what % 5) {
    case 0:
        import(ctx, path, &o);
        break;
    case 1:
        import_with_nodes(ctx, path, flags);
        break;
    case 2:
        read_log(ctx, path, flags);
        break;
    case 3:
        read_teleport(ctx, path);
        break;
    default:
        read_ids(ctx, path);
    }
    close(fd);
    fuzz_done(ctx);
    return 0;
}
