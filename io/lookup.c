/* lookup.c -- see lookup.h. */
#include "io/lookup.h"

#include <inttypes.h>
#include <string.h>

#include "engine/error.h"

gv_status gv_lookup_begin(gv_context *ctx, const gv_graph *g, gv_lookup *lookup, gv_error *err)
{
    *lookup = (gv_lookup){.g = g, .index = {.ctx = ctx}};
    if (g->id_kind == GV_ID_STRING)
        return GV_OK;
    return gv_id_index_begin(ctx, &lookup->index, g->id_int, g->n_nodes, err);
}

void gv_lookup_end(gv_lookup *lookup)
{
    gv_id_index_end(&lookup->index);
}

gv_field gv_lookup_field(const gv_lookup *lookup)
{
    return lookup->g->id_kind == GV_ID_STRING ? GV_FIELD_TEXT : GV_FIELD_INT;
}

static gv_node find_text(const gv_graph *g, gv_piece s)
{
    if (s.length > g->id_width)
        return -1;
    int64_t lo = 0;
    for (int64_t hi = g->n_nodes; lo < hi;) {
        const int64_t mid = lo + (hi - lo) / 2;
        const char *have = g->id_text + mid * g->id_width;
        const int order = memcmp(have, s.text, (size_t)s.length);
        if (order == 0 && (s.length == g->id_width || have[s.length] == '\0'))
            return (gv_node)mid;
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid; /* equal so far and longer: it comes later */
    }
    return -1;
}

gv_node gv_lookup_find(const gv_lookup *lookup, gv_column column, int64_t i)
{
    return lookup->g->id_kind == GV_ID_STRING ? find_text(lookup->g, column.text[i])
                                              : gv_id_index_find(&lookup->index, column.i64[i]);
}

gv_status gv_lookup_fail(const gv_lookup *lookup, const gv_table *t, const gv_chunk *c,
                         int32_t role, int64_t i, gv_error *err)
{
    const int64_t line = c->line_base + c->line[i];
    if (lookup->g->id_kind == GV_ID_STRING)
        return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": consumer \"%.*s\" is not in the graph",
                       gv_table_file(t), line, (int)c->column[role].text[i].length,
                       c->column[role].text[i].text);
    return gv_fail(err, GV_ERR_DATA, "%s:%" PRId64 ": consumer %" PRId64 " is not in the graph",
                   gv_table_file(t), line, c->column[role].i64[i]);
}
