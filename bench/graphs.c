/* graphs.c -- see graphs.h. Edges are functions of their number, so they can be drawn twice: first
 * to count the rows, then to fill them. */
#include "graphs.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grapevine/io.h"

static void *room(int64_t count, size_t size)
{
    void *block = malloc((size_t)(count > 0 ? count : 1) * size);
    if (block == NULL) {
        fprintf(stderr, "no memory for a graph\n");
        exit(EXIT_FAILURE);
    }
    return block;
}

uint64_t bench_random(uint64_t stream, uint64_t i)
{
    uint64_t z = (stream << 48) + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

typedef struct edge {
    int64_t src, dst;
} edge;

typedef struct recipe {
    int scale; /* of a Kronecker graph, or 0 */
    int64_t n, drawn;
    const int32_t *permutation;
} recipe;

static edge draw_edge(const recipe *r, int64_t i)
{
    edge e = {0, 0};
    if (r->scale == 0) {
        const uint64_t x = bench_random(3, (uint64_t)i);
        e.src = (int64_t)((x >> 32) * (uint64_t)r->n >> 32);
        e.dst = (int64_t)((x & UINT32_MAX) * (uint64_t)r->n >> 32);
        return e;
    }
    for (int b = 0; b < r->scale; b++) {
        const uint64_t x = bench_random(1, (uint64_t)i * 64 + (uint64_t)b);
        const double u = (double)(x >> 11) * 0x1p-53;
        const int right = u >= .57 && u < .76, down = u >= .76 && u < .95, both = u >= .95;
        e.src = e.src << 1 | (down | both);
        e.dst = e.dst << 1 | (right | both);
    }
    e.src = r->permutation[e.src], e.dst = r->permutation[e.dst];
    return e;
}

static int32_t *permutation(int64_t n)
{
    int32_t *p = room(n, sizeof *p);
    for (int64_t i = 0; i < n; i++) {
        const int64_t j = (int64_t)(bench_random(2, (uint64_t)i) % (uint64_t)(i + 1));
        p[i] = p[j];
        p[j] = (int32_t)i;
    }
    return p;
}

static int by_number(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void scatter(const recipe *r, bench_graph *g)
{
    int64_t *at = room(g->n + 1, sizeof *at);
    memset(g->offset, 0, (size_t)(g->n + 1) * sizeof *g->offset);
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < r->drawn; i++) {
        const edge e = draw_edge(r, i);
        if (e.src == e.dst)
            continue;
#pragma omp atomic
        g->offset[e.src + 1]++;
    }
    for (int64_t u = 0; u < g->n; u++)
        g->offset[u + 1] += g->offset[u];
    memcpy(at, g->offset, (size_t)(g->n + 1) * sizeof *at);
    g->target = room(g->offset[g->n], sizeof *g->target);
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < r->drawn; i++) {
        const edge e = draw_edge(r, i);
        int64_t k;
        if (e.src == e.dst)
            continue;
#pragma omp atomic capture
        k = at[e.src]++;
        g->target[k] = (int32_t)e.dst;
    }
    free(at);
}

/* Sorts the rows and drops what is there twice. */
static void tidy(bench_graph *g)
{
#pragma omp parallel for schedule(dynamic, 1024)
    for (int64_t u = 0; u < g->n; u++)
        qsort(g->target + g->offset[u], (size_t)(g->offset[u + 1] - g->offset[u]),
              sizeof *g->target, by_number);
    int64_t m = 0, begin = 0;
    for (int64_t u = 0; u < g->n; u++) {
        const int64_t end = g->offset[u + 1], first = m;
        for (int64_t e = begin; e < end; e++)
            if (m == first || g->target[m - 1] != g->target[e])
                g->target[m++] = g->target[e];
        begin = end;
        g->offset[u + 1] = m;
    }
    g->m = m;
}

static gv_graph *hand_over(gv_context *ctx, const bench_graph *g)
{
    gv_node *src = room(g->m, sizeof *src);
    gv_graph *out = NULL;
    gv_error err;
    for (int64_t u = 0; u < g->n; u++)
        for (int64_t e = g->offset[u]; e < g->offset[u + 1]; e++)
            src[e] = (gv_node)u;
    if (gv_graph_build(ctx, g->n, src, g->target, NULL, g->m, NULL, NULL, &out, NULL, &err) !=
        GV_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    free(src);
    return out;
}

static bench_graph make(gv_context *ctx, const recipe *r)
{
    bench_graph g = {.n = r->n};
    g.offset = room(g.n + 1, sizeof *g.offset);
    scatter(r, &g);
    tidy(&g);
    g.handle = hand_over(ctx, &g);
    return g;
}

bench_graph bench_kronecker(gv_context *ctx, int scale, int64_t factor)
{
    const int64_t n = INT64_C(1) << scale;
    int32_t *p = permutation(n);
    const recipe r = {.scale = scale, .n = n, .drawn = n * factor, .permutation = p};
    const bench_graph g = make(ctx, &r);
    free(p);
    return g;
}

bench_graph bench_uniform(gv_context *ctx, int64_t n, int64_t degree)
{
    const recipe r = {.n = n, .drawn = n * degree};
    return make(ctx, &r);
}

/* A graph file, its rows copied. */
static bench_graph opened(gv_context *ctx, const char *path)
{
    gv_error err;
    bench_graph g = {.n = 0};
    if (gv_graph_open(ctx, path, &g.handle, &err) != GV_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    g.n = gv_graph_nodes(g.handle), g.m = gv_graph_edges(g.handle);
    g.offset = room(g.n + 1, sizeof *g.offset);
    g.target = room(g.m, sizeof *g.target);
    g.offset[0] = 0;
    for (int64_t u = 0; u < g.n; u++) {
        int64_t count;
        const gv_node *row = gv_graph_out(g.handle, (gv_node)u, &count);
        memcpy(g.target + g.offset[u], row, (size_t)count * sizeof *row);
        g.offset[u + 1] = g.offset[u] + count;
    }
    return g;
}

bench_graph bench_graph_named(gv_context *ctx, const char *name)
{
    const size_t length = strlen(name);
    if (length > 3 && strcmp(name + length - 3, ".h5") == 0)
        return opened(ctx, name);
    const char *size = strchr(name, ':');
    const int64_t number = size != NULL ? strtoll(size + 1, NULL, 10) : 0;
    if (strncmp(name, "kron:", 5) == 0 && number >= 1 && number <= 30)
        return bench_kronecker(ctx, (int)number, 16);
    if (strncmp(name, "uniform:", 8) == 0 && number >= 1 && number <= INT32_MAX)
        return bench_uniform(ctx, number, 10);
    fprintf(stderr,
            "graph=%s: not kron:SCALE with a scale in [1, 30], nor uniform:NODES, nor FILE.h5\n",
            name);
    exit(2);
}

void bench_graph_free(bench_graph *g)
{
    gv_graph_free(g->handle);
    free(g->target);
    free(g->offset);
}
