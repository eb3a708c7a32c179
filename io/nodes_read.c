/* nodes_read.c -- lists of consumers: a file with one id a line, or "id,id,..." in place of its
 * name.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "grapevine/io.h"
#include "io/lookup.h"
#include "io/table.h"

/* ---- a list in place of a file name ------------------------------------------------------------
 */

static int64_t count_entries(const char *spec)
{
    int64_t n = 1;
    for (const char *p = spec; *p != '\0'; p++)
        n += *p == ',';
    return n;
}

/* Who the entry is, or -1. */
static gv_node find_entry(const gv_graph *g, const char *entry, size_t length, char *text)
{
    while (length > 0 && *entry == ' ')
        entry++, length--;
    while (length > 0 && entry[length - 1] == ' ')
        length--;
    const size_t kept = length < GV_ID_CHARS ? length : GV_ID_CHARS;
    memcpy(text, entry, kept);
    text[kept] = '\0';
    return length > GV_ID_CHARS ? -1 : gv_graph_find(g, text);
}

static gv_status from_list(gv_context *ctx, const gv_graph *g, const char *spec, gv_node **node,
                           int64_t *count, gv_error *err)
{
    const int64_t n = count_entries(spec);
    char text[GV_ID_CHARS + 1];
    gv_node *list = gv_alloc(ctx, n, sizeof *list);
    if (list == NULL)
        return gv_no_memory(ctx, "ids", err);
    const char *p = spec;
    for (int64_t i = 0; i < n; i++) {
        const size_t length = strcspn(p, ",");
        list[i] = find_entry(g, p, length, text);
        if (list[i] < 0) {
            gv_free(ctx, list);
            if (n == 1)
                return gv_fail(err, GV_ERR_NO_INPUT,
                               "\"%.200s\" is neither a file nor a consumer of the graph", spec);
            return gv_fail(err, GV_ERR_DATA, "consumer \"%s\" is not in the graph", text);
        }
        p += length + 1;
    }
    *node = list;
    *count = n;
    return GV_OK;
}

/* ---- a file ------------------------------------------------------------------------------------
 */

static gv_status take_batch(gv_context *ctx, const gv_table *t, const gv_lookup *lookup,
                            const gv_batch *batch, gv_node **node, int64_t *count, gv_error *err)
{
    gv_node *list = gv_realloc(ctx, *node, *count + batch->n_rows, sizeof *list);
    if (list == NULL)
        return gv_no_memory(ctx, "ids", err);
    *node = list;
    for (int64_t i = 0; i < batch->n_chunks; i++) {
        const gv_chunk *c = batch->chunk[i];
        for (int64_t k = 0; k < c->n_rows; k++) {
            list[*count] = gv_lookup_find(lookup, c->column[0], k);
            if (list[(*count)++] < 0)
                return gv_lookup_fail(lookup, t, c, 0, k, err);
        }
    }
    return GV_OK;
}

static gv_status from_file(gv_context *ctx, const gv_lookup *lookup, const char *path,
                           gv_node **node, int64_t *count, gv_error *err)
{
    const gv_role role = {
        .name = "id", .field = gv_lookup_field(lookup), .hint = "; the graph has integer ids"};
    gv_table_opts opts = {.lines = true};
    gv_table *t = NULL;
    gv_status st = gv_table_open(ctx, path, &opts, &t, err);
    if (st == GV_OK) {
        /* Further columns have names; integers tell a header from an id by themselves. */
        if (gv_table_width(t) > 1 && role.field == GV_FIELD_TEXT)
            gv_table_expect_header(t);
        st = gv_table_bind(t, &role, 1, NULL, NULL, err);
    }
    while (st == GV_OK) {
        gv_batch batch;
        st = gv_table_next(t, &batch, err);
        if (st != GV_OK || batch.n_chunks == 0)
            break;
        st = take_batch(ctx, t, lookup, &batch, node, count, err);
    }
    gv_table_close(t);
    return st;
}

GV_API gv_status gv_nodes_read(gv_context *ctx, const gv_graph *g, const char *spec, gv_node **node,
                               int64_t *count, gv_error *err)
{
    gv_lookup lookup = {0};
    gv_node *list = NULL;
    int64_t n = 0;
    if (strcmp(spec, "-") != 0 && access(spec, F_OK) != 0)
        return from_list(ctx, g, spec, node, count, err);
    gv_status st = gv_lookup_begin(ctx, g, &lookup, err);
    if (st == GV_OK && (list = gv_alloc(ctx, 0, sizeof *list)) == NULL)
        st = gv_no_memory(ctx, "ids", err);
    if (st == GV_OK)
        st = from_file(ctx, &lookup, spec, &list, &n, err);
    gv_lookup_end(&lookup);
    if (st != GV_OK) {
        gv_free(ctx, list);
        return st;
    }
    *node = list;
    *count = n;
    return GV_OK;
}

GV_API void gv_nodes_free(gv_context *ctx, gv_node *node)
{
    gv_free(ctx, node);
}
