/* graphs.c -- see graphs.h. */
#include "tests/support/graphs.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "engine/context.h"

enum { LINE_CHARS = 512 };

static void *grow(void *block, int64_t count, size_t size)
{
    void *moved = realloc(block, (size_t)(count > 0 ? count : 1) * size);
    if (moved == NULL) {
        fprintf(stderr, "tests: out of memory\n");
        exit(EXIT_FAILURE);
    }
    return moved;
}

edge_list edges_none(int64_t n_nodes)
{
    edge_list e = {.n_nodes = n_nodes};
    return e;
}

void edges_add(edge_list *e, int64_t src, int64_t dst, double weight)
{
    if (e->n_edges == e->room) {
        e->room = e->room * 2 + 16;
        e->src = grow(e->src, e->room, sizeof *e->src);
        e->dst = grow(e->dst, e->room, sizeof *e->dst);
        e->weight = grow(e->weight, e->room, sizeof *e->weight);
    }
    e->src[e->n_edges] = (gv_node)src;
    e->dst[e->n_edges] = (gv_node)dst;
    e->weight[e->n_edges++] = (float)weight;
}

void edges_free(edge_list *e)
{
    free(e->src), free(e->dst), free(e->weight), free(e->ids);
    *e = edges_none(0);
}

edge_list edges_path(int64_t n)
{
    edge_list e = edges_none(n);
    for (int64_t v = 0; v + 1 < n; v++)
        edges_add(&e, v, v + 1, 1.0);
    return e;
}

edge_list edges_cycle(int64_t n)
{
    edge_list e = edges_path(n);
    edges_add(&e, n - 1, 0, 1.0);
    return e;
}

edge_list edges_directed_star(int64_t n_leaves)
{
    edge_list e = edges_none(n_leaves + 1);
    for (int64_t v = 1; v <= n_leaves; v++)
        edges_add(&e, 0, v, 1.0);
    return e;
}

edge_list edges_star(int64_t n_leaves)
{
    edge_list e = edges_directed_star(n_leaves);
    for (int64_t v = 1; v <= n_leaves; v++)
        edges_add(&e, v, 0, 1.0);
    return e;
}

edge_list edges_complete(int64_t n)
{
    edge_list e = edges_none(n);
    for (int64_t u = 0; u < n; u++)
        for (int64_t v = 0; v < n; v++)
            if (u != v)
                edges_add(&e, u, v, 1.0);
    return e;
}

static uint64_t mixed(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

double test_random(uint64_t seed, uint64_t i)
{
    return (double)(mixed(mixed(seed) ^ i) >> 11) * 0x1p-53;
}

edge_list edges_gnp(int64_t n, double p, uint64_t seed)
{
    edge_list e = edges_none(n);
    uint64_t draw = 0;
    for (int64_t u = 0; u < n; u++)
        for (int64_t v = 0; v < n; v++, draw += 2)
            if (u != v && test_random(seed, draw) < p)
                edges_add(&e, u, v, (1.0 + (double)(int)(test_random(seed, draw + 1) * 63.0)) / 64);
    return e;
}

/* ---- files -------------------------------------------------------------------------------- */

typedef struct id_list {
    int64_t *id;
    int64_t n, room;
} id_list;

static void id_add(id_list *l, int64_t id)
{
    if (l->n == l->room) {
        l->room = l->room * 2 + 64;
        l->id = grow(l->id, l->room, sizeof *l->id);
    }
    l->id[l->n++] = id;
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void sort_unique(id_list *l)
{
    if (l->n > 1)
        qsort(l->id, (size_t)l->n, sizeof *l->id, compare_ids);
    int64_t kept = 0;
    for (int64_t i = 0; i < l->n; i++)
        if (kept == 0 || l->id[i] != l->id[kept - 1])
            l->id[kept++] = l->id[i];
    l->n = kept;
}

/* Numbers of the next line that starts with a digit; 0 at the end of the file. */
static int next_row(gzFile f, int64_t id[2], double *weight)
{
    char line[LINE_CHARS];
    while (gzgets(f, line, sizeof line) != NULL) {
        if (!isdigit((unsigned char)line[0]))
            continue;
        for (char *c = line; *c != '\0'; c++)
            if (*c == ',')
                *c = ' ';
        *weight = 1.0;
        return sscanf(line, "%" SCNd64 " %" SCNd64 " %lf", &id[0], &id[1], weight);
    }
    return 0;
}

static bool read_vertices(const char *path, id_list *ids)
{
    gzFile f = gzopen(path, "r");
    if (f == NULL)
        return false;
    int64_t id[2];
    double weight;
    while (next_row(f, id, &weight) > 0)
        id_add(ids, id[0]);
    gzclose(f);
    return true;
}

gv_node edges_node(const edge_list *e, int64_t id)
{
    if (e->ids == NULL)
        return id >= 0 && id < e->n_nodes ? (gv_node)id : -1;
    const int64_t *at = bsearch(&id, e->ids, (size_t)e->n_nodes, sizeof id, compare_ids);
    return at == NULL ? -1 : (gv_node)(at - e->ids);
}

bool edges_read(const char *edges, const char *vertices, edge_list *out)
{
    id_list ids = {0}, ends = {0};
    gzFile f = gzopen(edges, "r");
    bool ok = f != NULL && (vertices == NULL || read_vertices(vertices, &ids));
    int64_t id[2];
    double weight;
    *out = edges_none(0);
    while (ok && next_row(f, id, &weight) >= 2) {
        edges_add(out, 0, 0, weight);
        for (int i = 0; i < 2; i++)
            id_add(&ids, id[i]), id_add(&ends, id[i]);
    }
    if (f != NULL)
        gzclose(f);
    sort_unique(&ids);
    out->n_nodes = ids.n;
    out->ids = ids.id;
    for (int64_t i = 0; i < out->n_edges; i++) {
        out->src[i] = edges_node(out, ends.id[2 * i]);
        out->dst[i] = edges_node(out, ends.id[2 * i + 1]);
    }
    free(ends.id);
    return ok;
}

/* ---- handles ------------------------------------------------------------------------------ */

gv_graph *edges_graph(gv_context *ctx, const edge_list *e, const gv_build_opts *opts)
{
    gv_graph *g = NULL;
    gv_error err = {0};
    if (gv_graph_build(ctx, e->n_nodes, e->src, e->dst, e->weight, e->n_edges, e->ids, opts, &g,
                       NULL, &err) != GV_OK)
        printf("cannot build a graph: %s\n", err.message);
    return g;
}

gv_graph *edges_graph_weighted(gv_context *ctx, const edge_list *e)
{
    gv_build_opts opts = gv_build_defaults();
    opts.source = GV_FROM_WEIGHT;
    return edges_graph(ctx, e, &opts);
}

gv_graph *edges_skewed_graph(gv_context *ctx, int64_t n, int64_t rows, uint64_t n_edges)
{
    edge_list e = edges_none(n);
    for (uint64_t i = 0; i < n_edges; i++) {
        const double hot = pow(test_random(9, 3 * i), 4.0);
        const double row = pow(test_random(9, 3 * i + 1), 1.5);
        edges_add(&e, (int64_t)(hot * (double)n * .9), (int64_t)(row * (double)rows),
                  test_random(9, 3 * i + 2));
    }
    gv_graph *g = edges_graph_weighted(ctx, &e);
    edges_free(&e);
    return g;
}

gv_context *test_context(int32_t n_threads, int64_t fail_allocation)
{
    gv_context_opts opts = gv_context_defaults();
    opts.n_threads = n_threads;
    gv_context *ctx = NULL;
    gv_error err = {0};
    if (gv_context_create(&opts, &ctx, &err) != GV_OK) {
        fprintf(stderr, "tests: no context: %s\n", err.message);
        exit(EXIT_FAILURE);
    }
    ctx->fail_allocation = fail_allocation;
    return ctx;
}

const char *test_data(const char *name, char *text)
{
    const char *folder = getenv("GV_DATA_DIR");
    snprintf(text, 1024, "%s/%s", folder != NULL ? folder : "../shared/data", name);
    FILE *f = fopen(text, "r");
    if (f == NULL)
        return NULL;
    fclose(f);
    return text;
}
