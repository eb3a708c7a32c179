/* ids.c -- see ids.h. */
#include "cli/ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gv_status no_memory(gv_error *err)
{
    err->status = GV_ERR_NOMEM;
    snprintf(err->message, sizeof err->message, "no memory for external ids");
    return err->status;
}

static gv_status put_numbers(gv_results *r, const char *path, const gv_graph *g, int rank,
                             const int64_t *dims, const gv_node *node, int64_t n, gv_error *err)
{
    char text[GV_ID_CHARS + 1];
    int64_t *id = malloc((size_t)(n > 0 ? n : 1) * sizeof *id);
    if (id == NULL)
        return no_memory(err);
    for (int64_t i = 0; i < n; i++)
        id[i] = node[i] < 0 ? -1 : strtoll(gv_graph_id(g, node[i], text), NULL, 10);
    const gv_status st = gv_results_put(r, path, GV_I64, rank, dims, id, err);
    free(id);
    return st;
}

/* As wide as the longest of them. */
static gv_status put_texts(gv_results *r, const char *path, const gv_graph *g, int rank,
                           const int64_t *dims, const gv_node *node, int64_t n, gv_error *err)
{
    char text[GV_ID_CHARS + 1];
    size_t width = 1;
    for (int64_t i = 0; i < n; i++) {
        const size_t length = node[i] < 0 ? 0 : strlen(gv_graph_id(g, node[i], text));
        width = length > width ? length : width;
    }
    char *id = calloc((size_t)(n > 0 ? n : 1), width);
    if (id == NULL)
        return no_memory(err);
    for (int64_t i = 0; i < n; i++)
        if (node[i] >= 0) {
            gv_graph_id(g, node[i], text);
            memcpy(id + (size_t)i * width, text, strlen(text));
        }
    const gv_status st = gv_results_put_text(r, path, rank, dims, (int32_t)width, id, err);
    free(id);
    return st;
}

gv_status cli_put_ids(gv_results *r, const char *path, const gv_graph *g, int rank,
                      const int64_t *dims, const gv_node *node, gv_error *err)
{
    int64_t n = 1;
    for (int i = 0; i < rank; i++)
        n *= dims[i];
    if (gv_graph_id_kind(g) == GV_ID_STRING)
        return put_texts(r, path, g, rank, dims, node, n, err);
    return put_numbers(r, path, g, rank, dims, node, n, err);
}
