/* population_file.c -- a generated population as files: graph.h5, nodes.tsv, purchases.tsv and
 * truth.h5 of one folder.
 *
 * The tables give back the population when they are read again: ids, times and the numbers of items
 * are those that the generator used. Purchases stand in the order of time, consumer and item. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/population.h"
#include "engine/sort.h"
#include "grapevine/io.h"
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
        else /* nine digits give the same float back */
            to += snprintf(to, COLUMN_ROOM - 1, "%.9g", (double)a->f32[v]);
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
    gv_record *order; /* [rows_kept], value: row of the log */
    int64_t *number;  /* [n_items], as the generator numbered them */
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

static char *format_purchase(const void *arg, int64_t i, char *to)
{
    const purchases *p = arg;
    const gv_log *log = p->log;
    const int64_t row = (int64_t)p->order[i].value, item = item_of(log, row);
    to = format_id(p->g, log->user[row], to);
    *to++ = '\t';
    to = gv_format_int(p->number[item], to);
    *to++ = '\t';
    to = gv_format_text(log->topic_name[log->item_topic[item]], GV_TOPIC_CHARS, to);
    *to++ = '\t';
    to = gv_format_int(log->time[row], to);
    *to++ = '\n';
    return to;
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

/* Rows come by item; two stable sorts put them by time, consumer and item. */
static gv_status order_purchases(gv_context *ctx, purchases *p, gv_error *err)
{
    const gv_log *log = p->log;
    const int64_t n = log->info.rows_kept;
    for (int64_t row = 0; row < n; row++)
        p->order[row] = (gv_record){.key = (uint64_t)log->user[row], .value = (uint64_t)row};
    gv_status st = gv_sort_records(ctx, p->order, n, err);
    for (int64_t i = 0; st == GV_OK && i < n; i++)
        p->order[i].key = (uint64_t)log->time[p->order[i].value] ^ (UINT64_C(1) << 63);
    return st == GV_OK ? gv_sort_records(ctx, p->order, n, err) : st;
}

static gv_status write_purchases(gv_context *ctx, const gv_population *population, const char *path,
                                 bool overwrite, gv_error *err)
{
    purchases p = {.g = population->graph, .log = population->log};
    const int64_t n = p.log->info.rows_kept;
    p.order = gv_alloc(ctx, n, sizeof *p.order);
    p.number = gv_alloc(ctx, p.log->info.n_items, sizeof *p.number);
    gv_status st = GV_OK;
    if (p.order == NULL || p.number == NULL)
        st = gv_no_memory(ctx, path, err);
    if (st == GV_OK && !number_items(population, p.number))
        st = gv_fail(err, GV_ERR_ARG, "%s: the log holds items that the population does not sell",
                     path);
    if (st == GV_OK)
        st = order_purchases(ctx, &p, err);
    if (st == GV_OK)
        st =
            gv_text_write(ctx, path, overwrite, "user\titem\ttopic\ttime\n", n,
                          ID_ROOM + 2 * COLUMN_ROOM + GV_TOPIC_CHARS + 1, format_purchase, &p, err);
    gv_free(ctx, p.number);
    gv_free(ctx, p.order);
    return st;
}

/* ---- the folder -------------------------------------------------------------------------------
 */

enum { GRAPH, NODES, TRUTH, PURCHASES, FILES, PATH_ROOM = 4096 };
static const char *const file_name[FILES] = {"graph.h5", "nodes.tsv", "truth.h5", "purchases.tsv"};

static gv_status make_folder(const char *dir, gv_error *err)
{
    struct stat info;
    if (strlen(dir) > PATH_ROOM - 16)
        return gv_fail(err, GV_ERR_CREATE, "%.64s...: the path is too long", dir);
    if (mkdir(dir, 0777) == 0 || (stat(dir, &info) == 0 && S_ISDIR(info.st_mode)))
        return GV_OK;
    return gv_fail(err, GV_ERR_CREATE, "%s: the folder cannot be made: %s", dir, strerror(errno));
}

static gv_status write_file(gv_context *ctx, gv_population *p, int which, const char *path,
                            bool overwrite, gv_error *err)
{
    switch (which) {
    case GRAPH:
        return gv_graph_save(ctx, p->graph, path, overwrite, err);
    case NODES:
        return write_nodes(ctx, p->graph, path, overwrite, err);
    case TRUTH:
        return gv_truth_save(ctx, p, path, overwrite, err);
    default:
        return write_purchases(ctx, p, path, overwrite, err);
    }
}

GV_API gv_status gv_population_save(gv_context *ctx, gv_population *population, const char *dir,
                                    bool with_purchases, bool overwrite, gv_error *err)
{
    char path[PATH_ROOM];
    const int files = with_purchases ? FILES : PURCHASES;
    int done = 0;
    gv_status st = make_folder(dir, err);
    for (int i = 0; st == GV_OK && i < files; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, file_name[i]);
        if (!overwrite && access(path, F_OK) == 0)
            st = gv_fail(err, GV_ERR_CREATE, "%s: exists already and may not be overwritten", path);
    }
    for (; st == GV_OK && done < files; done++) {
        snprintf(path, sizeof path, "%s/%s", dir, file_name[done]);
        st = write_file(ctx, population, done, path, overwrite, err);
    }
    for (int i = 0; st != GV_OK && i < done - 1; i++) { /* a part of a population is none */
        snprintf(path, sizeof path, "%s/%s", dir, file_name[i]);
        unlink(path);
    }
    return st;
}
