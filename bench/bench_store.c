/* bench_store.c -- what a graph file costs to open, check, verify, describe and read.
 *
 *   bench_store [graph=kron:20] [p=none] [file=] [dir=/tmp] [threads=2] [trials=16] [rows=1000000]
 *
 * A graph is made, saved in DIR and removed at the end; or FILE is measured as it lies. p: none, or
 * stored. The file is in the page cache by the time trials count, if memory has room for it.
 * Figures: open (and free); check, of all arrays in both directions; checksums, the part of verify
 * that hashes each array; verify, by the size of the file; describe, what `info` computes; rows in
 * order and at random, with the sum of their neighbours. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "grapevine/grapevine.h"
#include "graphs.h"

enum { PATH = 4096 };

typedef struct problem {
    gv_context *ctx;
    const char *path;
    gv_graph *g;
    int64_t rows;
    double hashed_at; /* when the last array of a file had been hashed */
    int64_t hashed;   /* bytes */
    int64_t sum;      /* of the ids that rows held: so that nothing is optimised away */
} problem;

/* ---- trials ---------------------------------------------------------------------------------- */

static double open_file(void *arg)
{
    problem *b = arg;
    gv_error err;
    gv_graph *g = NULL;
    const double started = bench_now();
    bench_check(gv_graph_open(b->ctx, b->path, &g, &err), &err);
    gv_graph_free(g);
    return bench_now() - started;
}

static double check(void *arg)
{
    problem *b = arg;
    gv_error err;
    const double started = bench_now();
    bench_check(gv_graph_check(b->ctx, b->g,
                               GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY | GV_USES_IDS, &err),
                &err);
    return bench_now() - started;
}

static void note_hashed(void *data, const char *what, int64_t arrays, int64_t bytes)
{
    problem *b = data;
    (void)what;
    if (arrays > 0) {
        b->hashed_at = bench_now();
        b->hashed += bytes;
    }
}

static double verify(void *arg)
{
    problem *b = arg;
    gv_error err;
    b->hashed = 0;
    const double started = bench_now();
    bench_check(gv_file_verify(b->ctx, b->path, note_hashed, b, &err), &err);
    const double seconds = bench_now() - started;
    b->hashed_at -= started;
    return seconds;
}

static double checksums(void *arg)
{
    problem *b = arg;
    verify(b);
    return b->hashed_at;
}

static double describe(void *arg)
{
    problem *b = arg;
    gv_error err;
    gv_graph_info info;
    const double started = bench_now();
    bench_check(gv_graph_describe(b->ctx, b->g, &info, &err), &err);
    return bench_now() - started;
}

static void add_row(problem *b, gv_node v)
{
    int64_t count;
    const gv_node *row = gv_graph_out(b->g, v, &count);
    for (int64_t i = 0; i < count; i++)
        b->sum += row[i];
}

static double rows_in_order(void *arg)
{
    problem *b = arg;
    const int64_t n = gv_graph_nodes(b->g);
    const double started = bench_now();
    for (int64_t i = 0; i < b->rows; i++)
        add_row(b, (gv_node)(i % n));
    return bench_now() - started;
}

static double rows_at_random(void *arg)
{
    problem *b = arg;
    const uint64_t n = (uint64_t)gv_graph_nodes(b->g);
    const double started = bench_now();
    for (int64_t i = 0; i < b->rows; i++)
        add_row(b, (gv_node)(bench_random(7, (uint64_t)i) % n));
    return bench_now() - started;
}

/* ---- the problem ----------------------------------------------------------------------------- */

/* The graph with a probability on every edge, drawn at random. */
static gv_graph *with_probabilities(gv_context *ctx, const bench_graph *g)
{
    gv_node *src = bench_room(g->m, sizeof *src);
    float *p = bench_room(g->m, sizeof *p);
    gv_build_opts o = gv_build_defaults();
    gv_graph *out = NULL;
    gv_error err;
    o.source = GV_FROM_WEIGHT;
    for (int64_t u = 0; u < g->n; u++) {
        for (int64_t e = g->offset[u]; e < g->offset[u + 1]; e++) {
            src[e] = (gv_node)u;
            p[e] = (float)((double)(bench_random(8, (uint64_t)e) >> 40) * 0x1p-24);
        }
    }
    bench_check(gv_graph_build(ctx, g->n, src, g->target, p, g->m, NULL, &o, &out, NULL, &err),
                &err);
    free(p), free(src);
    return out;
}

static void save_graph(gv_context *ctx, const char *graph, const char *p, const char *path)
{
    gv_error err;
    bench_graph g = bench_graph_named(ctx, graph);
    if (strcmp(p, "stored") == 0) {
        gv_graph_free(g.handle);
        g.handle = with_probabilities(ctx, &g);
    }
    bench_check(gv_graph_save(ctx, g.handle, path, true, &err), &err);
    bench_graph_free(&g);
}

static int64_t size_of(gv_context *ctx, const char *path)
{
    gv_file *f = NULL;
    gv_error err;
    bench_check(gv_file_open(ctx, path, &f, &err), &err);
    const int64_t bytes = gv_file_describe(f).bytes;
    gv_file_close(f);
    return bytes;
}

static void measure(bench_run *r, problem *b)
{
    gv_error err;
    bench_check(gv_graph_open(b->ctx, b->path, &b->g, &err), &err);
    r->n = gv_graph_nodes(b->g);
    r->m = gv_graph_edges(b->g);
    verify(b);
    const double bytes = (double)size_of(b->ctx, b->path), m = (double)r->m;
    const double hashed = (double)b->hashed, rows = (double)b->rows;
    const bench_case all[] = {
        {.name = "open", .trial = open_file, .arg = b},
        {.name = "check", .trial = check, .arg = b, .work = hashed, .unit = "bytes"},
        {.name = "checksums", .trial = checksums, .arg = b, .work = hashed, .unit = "bytes"},
        {.name = "verify", .trial = verify, .arg = b, .work = bytes, .unit = "bytes"},
        {.name = "describe", .trial = describe, .arg = b, .work = m, .unit = "edges"},
        {.name = "rows in order", .trial = rows_in_order, .arg = b, .work = rows, .unit = "rows"},
        {.name = "rows at random", .trial = rows_at_random, .arg = b, .work = rows, .unit = "rows"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        bench_measure(r, &all[i], NULL);
    gv_graph_free(b->g);
}

int main(int argc, char **argv)
{
    bench_run r = bench_begin("store");
    problem b = {.rows = 1000000};
    gv_error err;
    const char *graph = "kron:20", *p = "none", *file = "", *dir = "/tmp";
    char path[PATH];
    const bench_word words[] = {
        {.name = "graph", .text = &graph},         {.name = "p", .text = &p},
        {.name = "file", .text = &file},           {.name = "dir", .text = &dir},
        {.name = "threads", .number = &r.threads}, {.name = "trials", .number = &r.trials},
        {.name = "rows", .number = &b.rows}};
    bench_words("bench_store", argc, argv, words, sizeof words / sizeof *words);
    bench_check_trials(&r);
    const gv_context_opts o = {.n_threads = (int32_t)r.threads};
    bench_check(gv_context_create(&o, &b.ctx, &err), &err);
    b.path = file;
    r.graph = file[0] != '\0' ? file : graph;
    if (file[0] == '\0') {
        snprintf(path, sizeof path, "%s/bench_store.%ld.h5", dir, (long)getpid());
        b.path = path;
        save_graph(b.ctx, graph, p, path);
    }
    measure(&r, &b);
    if (file[0] == '\0')
        remove(path);
    gv_context_free(b.ctx);
    return b.sum < 0; /* never: ids are not negative, but the sum must be looked at */
}
