/* kinds.c -- see kinds.h. */
#include "tests/support/kinds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/csr.h"
#include "engine/memory.h"
#include "tests/support/graphs.h"

static void add_columns(gv_graph *g)
{
    int32_t *segment = gv_alloc(g->ctx, g->n_nodes, sizeof *segment);
    float *value = gv_alloc(g->ctx, g->n_nodes, sizeof *value);
    if (segment == NULL || value == NULL)
        exit(EXIT_FAILURE);
    for (int64_t v = 0; v < g->n_nodes; v++) {
        segment[v] = (int32_t)(v % 5) - 1;
        value[v] = v % 7 == 0 ? NAN : (float)v / 4;
    }
    g->attribute[0] = (gv_attribute){.name = "segment", .i32 = segment};
    g->attribute[1] = (gv_attribute){.name = "value", .f32 = value};
    g->n_attributes = 2;
}

/* Ids "id000", "id001" ... */
static void make_ids_text(gv_graph *g)
{
    char *text = gv_alloc_zero(g->ctx, g->n_nodes * 6 + 1, 1);
    if (text == NULL)
        exit(EXIT_FAILURE);
    for (int64_t v = 0; v < g->n_nodes; v++) {
        char id[32];
        snprintf(id, sizeof id, "id%04d", (int)v);
        memcpy(text + v * 6, id, 6);
    }
    gv_free(g->ctx, (void *)g->id_int);
    g->id_int = NULL;
    g->id_text = text;
    g->id_width = 6;
    g->id_kind = GV_ID_STRING;
}

gv_graph *kind_graph(gv_context *ctx, const kind *k)
{
    gv_error err;
    edge_list e = edges_gnp(k->n, k->density, 17);
    static const float nothing[1];
    gv_graph *g = NULL;
    const float *weight = e.weight != NULL ? e.weight : nothing;
    if (gv_graph_build(ctx, e.n_nodes, e.src, e.dst, weight, e.n_edges, e.ids, &k->build, &g, NULL,
                       &err) != GV_OK) {
        printf("cannot build: %s\n", err.message);
        exit(EXIT_FAILURE);
    }
    edges_free(&e);
    if (k->columns)
        add_columns(g);
    if (k->text)
        make_ids_text(g);
    return g;
}

kind kind_of(int i)
{
    kind k = {.n = 90, .density = .1, .build = gv_build_defaults()};
    switch (i) {
    case 0:
        k.n = 0;
        break;
    case 1:
        k.n = 1;
        k.text = true;
        break;
    case 2:
        k.density = 0;
        k.build.source = GV_FROM_WEIGHT;
        k.columns = true;
        break;
    case 3:
        k.build.source = GV_FROM_CONSTANT;
        k.build.constant = .25;
        k.text = true;
        break;
    case 4:
        k.build.undirected = true;
        k.columns = true;
        break;
    case 5:
        k.build.undirected = true;
        k.build.source = GV_FROM_WEIGHT;
        k.columns = k.text = true;
        break;
    case 6:
        k.build.source = GV_FROM_TRIVALENCY;
        k.n = 700;
        k.columns = true;
        break;
    default:
        k.n = 3;
        k.density = 1;
        k.build.source = GV_FROM_WEIGHT;
        break;
    }
    return k;
}
