/* import_target.c -- see import_target.h. */
#include "io/import_target.h"

#include "engine/error.h"
#include "engine/items.h"
#include "engine/memory.h"

void import_target_begin(importer *im, import_target *to)
{
    *to = (import_target){.im = im};
    to->plan = (gv_graph_plan){.n_nodes = im->n_nodes,
                               .directed = !im->o.build.undirected,
                               .rule = gv_rule_of(&im->o.build, im->weights),
                               .id_kind = im->ids == GV_FIELD_TEXT ? GV_ID_STRING : GV_ID_INT};
    if (to->plan.rule == GV_PROBABILITY_CONSTANT)
        to->plan.constant = im->o.build.constant;
}

/* Ids and attributes in the shape of a graph without edges. */
static gv_status make_nodes(import_target *to, gv_error *err)
{
    importer *im = to->im;
    gv_graph *g = to->nodes = gv_alloc_zero(im->ctx, 1, sizeof *g);
    if (g == NULL)
        return gv_no_memory(im->ctx, "import", err);
    g->ctx = im->ctx;
    g->release = gv_graph_release_arrays;
    g->n_nodes = im->n_nodes;
    g->id_width = 0;
    if (im->ids == GV_FIELD_TEXT) {
        char *text;
        const gv_status st = import_texts(im, &text, &g->id_width, err);
        if (st != GV_OK)
            return st;
        g->id_kind = GV_ID_STRING;
        g->id_text = text;
    }
    return import_attributes(im, g, err);
}

static gv_status put_nodes(import_target *to, gv_error *err)
{
    const gv_graph *g = to->nodes;
    const void *ids = g->id_text != NULL ? (const void *)g->id_text : (const void *)to->im->node_id;
    gv_status st = gv_graph_writer_append(to->writer, GV_ARRAY_IDS, ids, g->n_nodes, err);
    for (int32_t i = 0; st == GV_OK && i < g->n_attributes; i++) {
        const gv_attribute *a = &g->attribute[i];
        const void *data = a->i32 != NULL ? (const void *)a->i32 : (const void *)a->f32;
        st = gv_graph_writer_append(to->writer, GV_ARRAY_COLUMN + i, data, g->n_nodes, err);
    }
    return st;
}

gv_status import_target_create(import_target *to, int64_t n_edges, const char *path, bool overwrite,
                               gv_error *err)
{
    gv_status st = make_nodes(to, err);
    if (st != GV_OK)
        return st;
    to->plan.n_edges = n_edges;
    to->plan.id_width = to->nodes->id_width;
    to->plan.column = to->column;
    to->plan.n_columns = to->nodes->n_attributes;
    for (int32_t i = 0; i < to->plan.n_columns; i++)
        to->column[i] =
            (gv_column_plan){to->nodes->attribute[i].name, to->nodes->attribute[i].i32 == NULL};
    st = gv_graph_writer_create(to->im->ctx, path, overwrite, &to->plan, &to->writer, err);
    return st == GV_OK ? put_nodes(to, err) : st;
}

void import_target_end(import_target *to)
{
    gv_graph_writer_discard(to->writer);
    gv_graph_free(to->nodes);
    to->writer = NULL;
    to->nodes = NULL;
}
