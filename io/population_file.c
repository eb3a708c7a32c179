/* population_file.c -- a generated population as files: graph.h5, nodes.tsv, purchases.tsv and
 * truth.h5 of one folder.
 *
 * The tables give back the population when they are read again: ids, times and the numbers of items
 * are those that the generator used. Purchases stand in the order of item, time and consumer, as
 * the generator makes them. */
#include <math.h>
#include <stdio.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/population.h"
#include "grapevine/io.h"
#include "io/population_folder.h"
#include "io/text_write.h"
#include "io/truth_file.h"

/* A row of nodes.tsv: an id, then at most 24 bytes a column. */
enum { ID_ROOM = GV_ID_CHARS + 1, COLUMN_ROOM = 24, HEADER_ROOM = 4 + 65 * GV_MAX_ATTRIBUTES };

/* ---- nodes.tsv --------------------------------------------------------------------------------
 */

static char *format_id(const gv_graph *g, int64_t v, char *to)
{
    return g->id_kind == GV_ID_INT ? gv_format_int(g->id_int[v], to)
                                   : gv_format_text(g->id_text + v * g->id_width, g->id_width, to);
}

static char *format_node(const void *arg, int64_t v, char *to)
{
    const gv_graph *g = arg;
    to = format_id(g, v, to);
    for (int32_t i = 0; i < g->n_attributes; i++) {
        const gv_attribute *a = &g->attribute[i];
        *to++ = '\t';
        if (a->i32 != NULL)
            to = gv_format_int(a->i32[v], to);
        else
            to = gv_format_real(a->f32[v], to);
    }
    *to++ = '\n';
    return to;
}

static gv_status write_nodes(gv_context *ctx, const gv_graph *g, const char *path, bool overwrite,
                             gv_error *err)
{
    char header[HEADER_ROOM];
    int at = snprintf(header, sizeof header, "id");
    for (int32_t i = 0; i < g->n_attributes; i++)
        at += snprintf(header + at, sizeof header - (size_t)at, "\t%s", g->attribute[i].name);
    snprintf(header + at, sizeof header - (size_t)at, "\n");
    return gv_text_write(ctx, path, overwrite, header, g->n_nodes,
                         ID_ROOM + (int64_t)COLUMN_ROOM * g->n_attributes, format_node, g, err);
}

/* ---- purchases.tsv ----------------------------------------------------------------------------
 */

typedef struct purchases {
    const gv_graph *g;
    const gv_log *log;
    int64_t *number; /* [n_items], as the generator numbered them */
} purchases;

/* The item of a row of the log. */
static int64_t item_of(const gv_log *log, int64_t row)
{
    int64_t lo = 0, hi = log->info.n_items;
    while (hi - lo > 1) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (log->indptr[mid] <= row)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static char *format_purchase(const void *arg, int64_t row, char *to)
{
    const purchases *p = arg;
    const gv_log *log = p->log;
    const int64_t item = item_of(log, row);
    to = format_id(p->g, log->user[row], to);
    return gv_format_purchase(p->number[item], log->topic_name[log->item_topic[item]],
                              log->time[row], to);
}

/* Items ascend by the generator's number, topic after topic, and their keys tell which numbers were
 * bought at all. */
static bool number_items(const gv_population *p, int64_t *number)
{
    const gv_log *log = p->log;
    int64_t a = 0;
    for (int64_t c = 0; a < log->info.n_items && c < p->opts.topics * p->opts.items; c++) {
        const int64_t z = c / p->opts.items;
        if (z < log->info.n_topics && log->item_key[a] == gv_log_item_key(c, log->topic_name[z]))
            number[a++] = c;
    }
    return a == log->info.n_items;
}

static gv_status write_purchases(gv_context *ctx, const gv_population *population, const char *path,
                                 bool overwrite, gv_error *err)
{
    purchases p = {.g = population->graph, .log = population->log};
    p.number = gv_alloc(ctx, p.log->info.n_items, sizeof *p.number);
    gv_status st = GV_OK;
    if (p.number == NULL)
        st = gv_no_memory(ctx, path, err);
    if (st == GV_OK && !number_items(population, p.number))
        st = gv_fail(err, GV_ERR_ARG, "%s: the log holds items that the population does not sell",
                     path);
    if (st == GV_OK)
        st = gv_text_write(ctx, path, overwrite, GV_PURCHASES_HEADER, p.log->info.rows_kept,
                           ID_ROOM + GV_PURCHASE_ROOM, format_purchase, &p, err);
    gv_free(ctx, p.number);
    return st;
}

/* ---- the folder -------------------------------------------------------------------------------
 */

static gv_status write_file(gv_context *ctx, gv_population *p, int which, const char *path,
                            bool overwrite, gv_error *err)
{
    switch (which) {
    case GV_POPULATION_GRAPH:
        return gv_graph_save(ctx, p->graph, path, overwrite, err);
    case GV_POPULATION_NODES:
        return write_nodes(ctx, p->graph, path, overwrite, err);
    case GV_POPULATION_TRUTH:
        return gv_truth_save(ctx, p, path, overwrite, err);
    default:
        return write_purchases(ctx, p, path, overwrite, err);
    }
}

GV_API gv_status gv_population_save(gv_context *ctx, gv_population *population, const char *dir,
                                    bool with_purchases, bool overwrite, gv_error *err)
{
    char path[GV_POPULATION_PATH];
    const int files = with_purchases ? GV_POPULATION_TSV + 1 : GV_POPULATION_TSV;
    gv_population_stage stage;
    gv_status st = gv_population_begin(dir, files, overwrite, &stage, err);
    if (st != GV_OK)
        return st;
    for (int i = 0; st == GV_OK && i < files; i++) {
        gv_population_path(stage.path, i, path);
        st = write_file(ctx, population, i, path, true, err);
    }
    if (st == GV_OK)
        st = gv_population_commit(&stage, err);
    gv_population_discard(&stage);
    return st;
}
