/* bench_import.c -- how fast text becomes a graph file.
 *
 *   bench_import [file=EDGES | scale=18] [memory=0] [megabytes=256] [dir=/tmp] [threads=2]
 * [trials=5] [seed=1]
 *
 * "parse": rows whose ids are read and that are then dropped, as each leads back to where it
 * starts. "read": the edges of a file up to the moment when all have been taken over. "import": all
 * of it, both directions, up to the moment when the finished file is synced. The file is EDGES, or
 * a Kronecker graph of that scale with 16 edges a node as text, made in DIR and removed at the end.
 * `memory` is a limit in MiB, 0 for none; files are in the page cache if they fit there. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "grapevine/grapevine.h"
#include "graphs.h"

enum { PATH = 4096 };

typedef struct problem {
    gv_context *ctx;
    const char *input;
    char loops[PATH], edges[PATH], out[PATH];
    double built, synced; /* when these stages began */
    gv_import_info info;
} problem;

/* Stages are seen by their reports. */
static bool note(void *data, const char *stage, int64_t done, int64_t total)
{
    problem *b = data;
    (void)done, (void)total;
    if (b->built == 0.0 && strcmp(stage, "build") == 0)
        b->built = bench_now();
    if (b->synced == 0.0 && strcmp(stage, "sync") == 0)
        b->synced = bench_now();
    return true;
}

/* Seconds from the start to the stages. */
static void import(problem *b, const char *path)
{
    gv_error err;
    b->built = b->synced = 0.0;
    remove(b->out);
    const double started = bench_now();
    bench_check(gv_import_file(b->ctx, &path, 1, NULL, b->out, true, &b->info, &err), &err);
    const double over = bench_now();
    b->synced = (b->synced > 0.0 ? b->synced : over) - started;
    b->built = b->built > 0.0 ? b->built - started : b->synced;
}

static double parse(void *arg)
{
    problem *b = arg;
    import(b, b->loops);
    return b->built;
}

static double read_edges(void *arg)
{
    problem *b = arg;
    import(b, b->input);
    return b->built;
}

static double import_edges(void *arg)
{
    problem *b = arg;
    import(b, b->input);
    return b->synced;
}

static void write_loops(const problem *b, int64_t bytes, uint64_t seed)
{
    FILE *f = fopen(b->loops, "w");
    int64_t written = 0;
    for (uint64_t i = 0; f != NULL && written < bytes; i++) {
        const uint64_t id = bench_random(seed + 21, i) % (1 << 22);
        written += fprintf(f, "%" PRIu64 "\t%" PRIu64 "\n", id, id);
    }
    if (f == NULL || fclose(f) != 0) {
        perror(b->loops);
        exit(EXIT_FAILURE);
    }
}

static void write_edges(const problem *b, int64_t scale, uint64_t seed)
{
    gv_error err;
    gv_kron_opts o = gv_kron_defaults();
    gv_edge_stream *stream = NULL;
    o.scale = (int32_t)scale;
    o.seed = seed;
    bench_check(gv_kron_open(b->ctx, &o, &stream, &err), &err);
    bench_check(gv_edges_write_text(b->ctx, stream, b->edges, true, &err), &err);
    gv_edge_stream_free(stream);
}

static int64_t size_of(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return (int64_t)about.st_size;
}

static void measure(bench_run *r, problem *b)
{
    const bench_case loops = {"parse", parse, b, (double)size_of(b->loops), "bytes", NULL};
    bench_case read = {"read", read_edges, b, (double)size_of(b->input), "bytes", NULL};
    bench_case all = {"import", import_edges, b, 0.0, "edges", NULL};
    char extra[64];
    import(b, b->loops);
    r->graph = "self-loops";
    r->n = b->info.n_nodes, r->m = b->info.rows_read;
    bench_measure(r, &loops, NULL);
    import(b, b->input);
    r->graph = b->input;
    r->n = b->info.n_nodes, r->m = b->info.rows_read;
    r->warm_up = 0; /* that was one */
    bench_measure(r, &read, NULL);
    snprintf(extra, sizeof extra, "\"bytes_spilled\": %" PRId64, b->info.bytes_spilled);
    all.work = (double)b->info.rows_read;
    all.extra = extra;
    bench_measure(r, &all, NULL);
}

int main(int argc, char **argv)
{
    bench_run r = bench_begin("import");
    problem b = {.input = NULL};
    gv_error err;
    int64_t megabytes = 256, memory = 0, scale = 18;
    const char *dir = "/tmp";
    r.trials = 5;
    const bench_word words[] = {
        {.name = "file", .text = &b.input},      {.name = "scale", .number = &scale},
        {.name = "memory", .number = &memory},   {.name = "megabytes", .number = &megabytes},
        {.name = "dir", .text = &dir},           {.name = "threads", .number = &r.threads},
        {.name = "trials", .number = &r.trials}, {.name = "seed", .number = &r.seed},
    };
    bench_words("bench_import", argc, argv, words, sizeof words / sizeof *words);
    bench_check_trials(&r);
    gv_context_opts o = gv_context_defaults();
    o.n_threads = (int32_t)r.threads;
    o.memory_limit = memory << 20;
    o.progress = note;
    o.progress_data = &b;
    bench_check(gv_context_create(&o, &b.ctx, &err), &err);
    snprintf(b.loops, PATH, "%s/bench_import.%ld.loops.tsv", dir, (long)getpid());
    snprintf(b.edges, PATH, "%s/bench_import.%ld.edges.tsv", dir, (long)getpid());
    snprintf(b.out, PATH, "%s/bench_import.%ld.h5", dir, (long)getpid());
    write_loops(&b, megabytes << 20, (uint64_t)r.seed);
    const bool given = b.input != NULL;
    if (!given) {
        write_edges(&b, scale, (uint64_t)r.seed);
        b.input = b.edges;
    }
    measure(&r, &b);
    remove(b.loops), remove(b.out);
    if (!given)
        remove(b.edges);
    gv_context_free(b.ctx);
    return 0;
}
