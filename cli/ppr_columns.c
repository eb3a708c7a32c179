/* ppr_columns.c -- see ppr_columns.h. */
#include "cli/ppr_columns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool allocate(ppr_columns *c, int64_t n, int64_t entries, bool weights)
{
    c->n = n;
    c->name = calloc((size_t)n + 1, GV_COLUMN_CHARS);
    c->offset = calloc((size_t)n + 1, sizeof *c->offset);
    c->node = calloc((size_t)entries + 1, sizeof *c->node);
    c->weight = weights ? calloc((size_t)entries + 1, sizeof *c->weight) : NULL;
    return c->name != NULL && c->offset != NULL && c->node != NULL &&
           (!weights || c->weight != NULL);
}

void ppr_columns_free(ppr_columns *c)
{
    if (c->ctx != NULL)
        gv_teleport_free(c->ctx, &c->table);
    else
        free(c->name), free(c->offset), free(c->node), free(c->weight);
    *c = (ppr_columns){0};
}

static int no_memory(const cli_session *s, int64_t n)
{
    return cli_fail_text(s, CLI_NO_RESOURCES, "no memory for %" PRId64 " teleport columns", n);
}

static void set_name(ppr_columns *c, int64_t column, const char *name, size_t length)
{
    memcpy(c->name + column * GV_COLUMN_CHARS, name,
           length < GV_COLUMN_CHARS ? length : GV_COLUMN_CHARS);
}

int ppr_columns_global(const cli_session *s, ppr_columns *c)
{
    if (!allocate(c, 1, 0, false))
        return no_memory(s, 1);
    set_name(c, 0, "global", strlen("global"));
    return CLI_OK;
}

/* The ids of a file, one a line. */
static int columns_of_file(cli_session *s, const gv_graph *g, const char *path, ppr_columns *c)
{
    gv_error err;
    gv_node *node;
    int64_t n;
    if (gv_nodes_read(cli_context(s), g, path, &node, &n, &err) != GV_OK)
        return cli_fail(s, &err);
    const bool fine = allocate(c, n, n, false);
    for (int64_t i = 0; i < n && fine; i++) {
        char id[GV_ID_CHARS + 1];
        c->node[i] = node[i];
        c->offset[i + 1] = i + 1;
        gv_graph_id(g, node[i], id);
        set_name(c, i, id, strlen(id));
    }
    gv_nodes_free(cli_context(s), node);
    if (!fine)
        return no_memory(s, n);
    return n > 0 ? CLI_OK : cli_fail_text(s, CLI_BAD_DATA, "%s: no sources", path);
}

int ppr_columns_sources(cli_session *s, const gv_graph *g, const char *ids, ppr_columns *c)
{
    if (access(ids, F_OK) == 0)
        return columns_of_file(s, g, ids, c);
    int64_t n = 1;
    for (const char *at = ids; *at != '\0'; at++)
        n += *at == ',';
    if (!allocate(c, n, n, false))
        return no_memory(s, n);
    const char *from = ids;
    for (int64_t i = 0; i < n; i++) {
        char id[GV_ID_CHARS + 1] = {0};
        const size_t length = strcspn(from, ",");
        if (length == 0 || length > GV_ID_CHARS)
            return cli_fail_text(s, CLI_USAGE,
                                 "--source: id %" PRId64 " of '%.200s' has %zu characters; not "
                                 "1 to %d",
                                 i + 1, ids, length, GV_ID_CHARS);
        memcpy(id, from, length);
        c->node[i] = gv_graph_find(g, id);
        if (c->node[i] < 0)
            return cli_fail_text(s, CLI_BAD_DATA, "--source: no consumer has the id '%s'", id);
        c->offset[i + 1] = i + 1;
        set_name(c, i, id, length);
        from += length + 1;
    }
    return CLI_OK;
}

int ppr_columns_topics(const cli_session *s, const gv_model *m, ppr_columns *c)
{
    const int32_t n = gv_model_topics(m);
    int64_t *offset = calloc((size_t)n + 1, sizeof *offset);
    if (offset == NULL)
        return no_memory(s, n);
    gv_model_buyers(m, offset, NULL, NULL);
    const bool fine = allocate(c, n, offset[n], true);
    free(offset);
    if (!fine)
        return no_memory(s, n);
    if (n == 0)
        return cli_fail_text(s, CLI_BAD_DATA, "--topics: the model has no topics");
    gv_model_buyers(m, c->offset, c->node, c->weight);
    for (int32_t z = 0; z < n; z++) {
        const char *name = gv_model_topic(m, z);
        set_name(c, z, name, strlen(name));
        if (c->offset[z] == c->offset[z + 1])
            cli_say(s, "nobody bought in topic %s: its walks restart everywhere alike", name);
    }
    return CLI_OK;
}

int ppr_columns_file(cli_session *s, const gv_graph *g, const char *path, ppr_columns *c)
{
    gv_error err;
    if (gv_teleport_read(cli_context(s), g, path, &c->table, &err) != GV_OK)
        return cli_fail(s, &err);
    c->ctx = cli_context(s);
    c->n = c->table.n_columns;
    c->name = c->table.name;
    c->offset = c->table.offset;
    c->node = c->table.node;
    c->weight = c->table.weight;
    return c->n > 0 ? CLI_OK : cli_fail_text(s, CLI_BAD_DATA, "%s: no teleport columns", path);
}
