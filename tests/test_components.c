/* test_components.c -- weakly connected components against colouring by hand, the same at any
 * thread count. */
#include "greatest.h"

#include "engine/components.h"
#include "engine/context.h"
#include "tests/support/graphs.h"

static gv_error err;

/* Colours spread along edges until nothing changes: slow and plain. */
static gv_components by_colours(const edge_list *e)
{
    gv_components c = {.count = 0};
    int64_t *colour = calloc((size_t)e->n_nodes + 1, sizeof *colour);
    int64_t *size = calloc((size_t)e->n_nodes + 1, sizeof *size);
    bool changed = true;
    for (int64_t v = 0; v < e->n_nodes; v++)
        colour[v] = v;
    while (changed) {
        changed = false;
        for (int64_t i = 0; i < e->n_edges; i++) {
            int64_t *a = &colour[e->src[i]], *b = &colour[e->dst[i]];
            changed |= *a != *b;
            *a = *b = *a < *b ? *a : *b;
        }
    }
    for (int64_t v = 0; v < e->n_nodes; v++)
        size[colour[v]]++;
    for (int64_t v = 0; v < e->n_nodes; v++) {
        c.count += size[v] > 0;
        c.largest = size[v] > c.largest ? size[v] : c.largest;
    }
    free(size), free(colour);
    return c;
}

TEST as_coloured(edge_list e, bool undirected)
{
    const gv_components want = by_colours(&e);
    for (int32_t threads = 1; threads <= 8; threads = threads == 3 ? 8 : threads + 1) {
        gv_context *ctx = test_context(threads, -1);
        gv_build_opts o = gv_build_defaults();
        o.undirected = undirected;
        gv_graph *g = edges_graph(ctx, &e, &o);
        gv_components have;
        ASSERT_EQ(GV_OK, gv_count_components(ctx, g, &have, &err));
        ASSERT_EQ(want.count, have.count);
        ASSERT_EQ(want.largest, have.largest);
        gv_graph_free(g);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    edges_free(&e);
    PASS();
}

/* Separate cycles of 1, 2, ... nodes; the nodes of a cycle lie far from each other. */
static edge_list many_cycles(int64_t cycles)
{
    const int64_t n = cycles * (cycles + 1) / 2, stride = 3571; /* a prime, so it visits all */
    edge_list e = edges_none(n);
    for (int64_t c = 1, first = 0; c <= cycles; first += c, c++)
        for (int64_t i = 0; i < c; i++)
            edges_add(&e, (first + i) * stride % n, (first + (i + 1) % c) * stride % n, 1);
    return e;
}

/* Long chains against the order of nodes, and random edges between few of them. */
static edge_list chains(int64_t n, int64_t links)
{
    edge_list e = edges_none(n);
    for (int64_t v = 1; v < n; v++)
        if (v % 97 != 0)
            edges_add(&e, v, v - 1, 1);
    for (int64_t i = 0; i < links; i++) {
        const uint64_t k = 2 * (uint64_t)i;
        edges_add(&e, (int64_t)((double)n * test_random(3, k)),
                  (int64_t)((double)n * test_random(3, k + 1)), 1);
    }
    return e;
}

TEST no_memory_is_said(void)
{
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_cycle(5);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    gv_components have;
    ctx->fail_allocation = atomic_load(&ctx->allocations);
    ASSERT_EQ(GV_ERR_NOMEM, gv_count_components(ctx, g, &have, &err));
    gv_graph_free(g), edges_free(&e);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

SUITE(components)
{
    for (int undirected = 0; undirected < 2; undirected++) {
        RUN_TESTp(as_coloured, edges_none(0), undirected);
        RUN_TESTp(as_coloured, edges_none(7), undirected);
        RUN_TESTp(as_coloured, edges_path(2), undirected);
        RUN_TESTp(as_coloured, edges_path(5000), undirected);
        RUN_TESTp(as_coloured, edges_directed_star(3000), undirected);
        RUN_TESTp(as_coloured, edges_complete(40), undirected);
        RUN_TESTp(as_coloured, many_cycles(120), undirected);
        RUN_TESTp(as_coloured, chains(20000, 60), undirected);
        RUN_TESTp(as_coloured, chains(20000, 3000), undirected);
        for (uint64_t seed = 1; seed <= 12; seed++)
            RUN_TESTp(as_coloured, edges_gnp(400, (double)seed * 5e-4, seed), undirected);
    }
    RUN_TEST(no_memory_is_said);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(components);
    GREATEST_MAIN_END();
}
