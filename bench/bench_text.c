/* bench_text.c -- how fast text is read.
 *
 *   bench_text [megabytes=256] [dir=/tmp] [threads=2] [trials=16] [seed=1]
 *
 * Two files are written to DIR and removed at the end. "read": rows of user, item, topic and time
 * whose users are not in the graph, so that they are parsed, looked up and not kept. "import": rows
 * of source and target below 1.5e8, into a graph in memory. Files are in the page cache. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "grapevine/grapevine.h"
#include "graphs.h"

enum { PATH = 4096 };

typedef struct problem {
    gv_context *ctx;
    gv_graph *nobody; /* one consumer, whom no row is about */
    char purchases[PATH], edges[PATH];
    int64_t rows, bytes; /* of purchases */
    int64_t edge_rows, edge_bytes;
} problem;

static double read_purchases(void *arg)
{
    problem *b = arg;
    gv_error err;
    gv_log *log = NULL;
    const double started = bench_now();
    bench_check(gv_log_read(b->ctx, b->purchases, b->nobody, NULL, &log, &err), &err);
    const double seconds = bench_now() - started;
    gv_log_free(log);
    return seconds;
}

static double import_edges(void *arg)
{
    problem *b = arg;
    gv_error err;
    gv_graph *g = NULL;
    const char *path = b->edges;
    const double started = bench_now();
    bench_check(gv_import(b->ctx, &path, 1, NULL, &g, NULL, &err), &err);
    const double seconds = bench_now() - started;
    gv_graph_free(g);
    return seconds;
}

static FILE *start(const char *path)
{
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return f;
}

static void finish(FILE *f, const char *path)
{
    if (fclose(f) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static void write_purchases(problem *b, int64_t bytes, uint64_t seed)
{
    FILE *f = start(b->purchases);
    for (; b->bytes < bytes; b->rows++) {
        const uint64_t x = bench_random(seed + 20, (uint64_t)b->rows);
        b->bytes += fprintf(f, "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
                            1 + x % 150000000, x >> 44, x >> 60, 1577836800 + (x >> 32) % 31536000);
    }
    finish(f, b->purchases);
}

static void write_edges(problem *b, int64_t bytes, uint64_t seed)
{
    FILE *f = start(b->edges);
    for (; b->edge_bytes < bytes; b->edge_rows++) {
        const uint64_t x = bench_random(seed + 21, (uint64_t)b->edge_rows);
        b->edge_bytes += fprintf(f, "%" PRIu64 "\t%" PRIu64 "\n", (x >> 32) % 150000000,
                                 (x & UINT32_MAX) % 150000000);
    }
    finish(f, b->edges);
}

int main(int argc, char **argv)
{
    static const int64_t minus_one = -1;
    bench_run r = bench_begin("text");
    problem b = {.rows = 0};
    gv_error err;
    int64_t megabytes = 256;
    const char *dir = "/tmp";
    const bench_word words[] = {
        {.name = "megabytes", .number = &megabytes}, {.name = "dir", .text = &dir},
        {.name = "threads", .number = &r.threads},   {.name = "trials", .number = &r.trials},
        {.name = "seed", .number = &r.seed},
    };
    bench_words("bench_text", argc, argv, words, sizeof words / sizeof *words);
    bench_check_trials(&r);
    const gv_context_opts o = {.n_threads = (int32_t)r.threads};
    bench_check(gv_context_create(&o, &b.ctx, &err), &err);
    bench_check(
        gv_graph_build(b.ctx, 1, NULL, NULL, NULL, 0, &minus_one, NULL, &b.nobody, NULL, &err),
        &err);
    snprintf(b.purchases, PATH, "%s/bench_text.%ld.purchases.tsv", dir, (long)getpid());
    snprintf(b.edges, PATH, "%s/bench_text.%ld.edges.tsv", dir, (long)getpid());
    write_purchases(&b, megabytes << 20, (uint64_t)r.seed);
    write_edges(&b, megabytes << 20, (uint64_t)r.seed);
    const bench_case read = {"read", read_purchases, &b, (double)b.bytes, "bytes", NULL};
    const bench_case import = {"import", import_edges, &b, (double)b.edge_bytes, "bytes", NULL};
    r.graph = "purchases";
    r.n = 4, r.m = b.rows;
    bench_measure(&r, &read, NULL);
    r.graph = "edges";
    r.n = 2, r.m = b.edge_rows;
    bench_measure(&r, &import, NULL);
    remove(b.purchases), remove(b.edges);
    gv_graph_free(b.nobody);
    gv_context_free(b.ctx);
    return 0;
}
