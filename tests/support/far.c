/* far.c -- see far.h. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE */
#include "tests/support/far.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/memory.h"
#include "tests/support/graphs.h"

static size_t whole_bytes(int64_t n, size_t size)
{
    return (size_t)(FAR_BASE + n) * size;
}

void *far_array(int64_t n, size_t size, const void *from)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const size_t begin = (size_t)FAR_BASE * size, bytes = whole_bytes(n, size);
    char *array = mmap(NULL, bytes, PROT_NONE, flags, -1, 0);
    if (array == MAP_FAILED)
        return NULL;
    if (n > 0 && mprotect(array + begin, bytes - begin, PROT_READ | PROT_WRITE) != 0) {
        munmap(array, bytes);
        return NULL;
    }
    if (from != NULL)
        memcpy(array + begin, from, bytes - begin);
    return array;
}

void far_array_free(void *array, int64_t n, size_t size)
{
    if (array != NULL)
        munmap(array, whole_bytes(n, size));
}

static void *copy(gv_context *ctx, const void *from, int64_t n, size_t size)
{
    void *to = gv_alloc(ctx, n, size);
    if (to == NULL) {
        printf("no memory for a test graph\n");
        exit(EXIT_FAILURE);
    }
    memcpy(to, from, (size_t)n * size);
    return to;
}

static gv_csr far_csr(gv_context *ctx, const gv_csr *near, int64_t n_nodes, int64_t n_edges)
{
    int64_t *indptr = copy(ctx, near->indptr, n_nodes + 1, sizeof *indptr);
    for (int64_t v = 0; v <= n_nodes; v++)
        indptr[v] += FAR_BASE;
    gv_csr far = {.indptr = indptr};
    far.indices = far_array(n_edges, sizeof *far.indices, near->indices);
    if (near->probability != NULL)
        far.probability = far_array(n_edges, sizeof *far.probability, near->probability);
    return far;
}

static void free_csr(gv_graph *g, const gv_csr *csr)
{
    gv_free(g->ctx, (void *)csr->indptr);
    far_array_free((void *)csr->indices, g->n_edges, sizeof *csr->indices);
    far_array_free((void *)csr->probability, g->n_edges, sizeof *csr->probability);
}

static void release(gv_graph *g)
{
    if (g->in.indptr == g->out.indptr) {
        far_array_free((void *)g->in.probability, g->n_edges, sizeof *g->in.probability);
        g->in.probability = NULL;
    } else {
        free_csr(g, &g->in);
    }
    free_csr(g, &g->out);
    gv_free(g->ctx, (void *)g->id_int);
}

/* Whether all arrays that `near` has could be reserved. */
static bool is_whole(const gv_csr *far, const gv_csr *near)
{
    return far->indices != NULL && (near->probability == NULL || far->probability != NULL);
}

gv_graph *far_graph(gv_context *ctx, const gv_graph *near)
{
    gv_graph *g = copy(ctx, near, 1, sizeof *g);
    const int64_t n = g->n_nodes, m = g->n_edges;
    g->ctx = ctx;
    g->release = release;
    g->owner = NULL;
    g->n_attributes = 0;
    g->id_int = copy(ctx, near->id_int, n, sizeof *near->id_int);
    g->out = far_csr(ctx, &near->out, n, m);
    if (near->in.indptr == near->out.indptr) {
        g->in = (gv_csr){.indptr = g->out.indptr, .indices = g->out.indices};
        if (near->in.probability != NULL)
            g->in.probability = far_array(m, sizeof(float), near->in.probability);
    } else {
        g->in = far_csr(ctx, &near->in, n, m);
    }
    if (!is_whole(&g->out, &near->out) || !is_whole(&g->in, &near->in)) {
        gv_graph_free(g);
        return NULL;
    }
    return g;
}

far_pair far_pair_make(gv_probability_source source)
{
    far_pair p = {.ctx = test_context(2, -1)};
    edge_list e = edges_gnp(FAR_NODES, 0.03, 31);
    for (int64_t i = 0; i < e.n_edges; i += 7)
        e.weight[i] = (const float[]){0.0f, 1.0f, 0x1p-33f, 1.0f - 0x1p-24f}[i / 7 % 4];
    gv_build_opts o = gv_build_defaults();
    o.source = source;
    o.constant = 0.2;
    p.near = edges_graph(p.ctx, &e, &o);
    edges_free(&e);
    if (p.near == NULL)
        exit(EXIT_FAILURE);
    p.far = far_graph(p.ctx, p.near);
    return p;
}

bool far_pair_drop(far_pair *p)
{
    gv_graph_free(p->far);
    gv_graph_free(p->near);
    const bool clean = gv_context_memory_used(p->ctx) == 0;
    gv_context_free(p->ctx);
    return clean;
}
