/* export_results.c -- influencers, prospects, cascade curves and best consumers as text.
 *
 * Influencers stand by rank, prospects by probability, then consumer: each topic's entries are
 * sorted by a key that is different for all of them, so there is one order. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/sort.h"
#include "io/info_file.h"

/* ---- lists by topic -------------------------------------------------------------------------- */

typedef struct listing {
    gv_file *f;
    bool prospects;
    const char *topic;
    gv_file_row row;
    gv_file_ids ids;
    const int32_t *rank, *friends, *best_friend;
    gv_record *order; /* value = entry of the row */
} listing;

static char *put_id(const gv_file_ids *ids, gv_node v, char *to)
{
    if (ids->number != NULL)
        return gv_put_int(to, ids->number[v]);
    return gv_put_text(to, ids->text + (int64_t)v * ids->width, ids->width);
}

static int64_t format_influencers(const void *arg, int64_t begin, int64_t end, char *text)
{
    const listing *l = arg;
    char *to = text;
    for (int64_t i = begin; i < end; i++) {
        const int64_t k = (int64_t)l->order[i].value;
        to = gv_put_text(to, l->topic, GV_TOPIC_CHARS);
        *to++ = '\t';
        to = gv_put_int(to, l->rank[k]);
        *to++ = '\t';
        to = put_id(&l->ids, l->row.node[k], to);
        *to++ = '\t';
        to = gv_put_f32(to, l->row.data[k]);
        *to++ = '\t';
        if (l->friends != NULL)
            to = gv_put_int(to, l->friends[k]);
        *to++ = '\n';
    }
    return to - text;
}

static int64_t format_prospects(const void *arg, int64_t begin, int64_t end, char *text)
{
    const listing *l = arg;
    char *to = text;
    for (int64_t i = begin; i < end; i++) {
        const int64_t k = (int64_t)l->order[i].value;
        to = gv_put_text(to, l->topic, GV_TOPIC_CHARS);
        *to++ = '\t';
        to = put_id(&l->ids, l->row.node[k], to);
        *to++ = '\t';
        to = gv_put_f32(to, l->row.data[k]);
        *to++ = '\t';
        if (l->best_friend[k] >= 0 && l->best_friend[k] < l->f->info.n_nodes)
            to = put_id(&l->ids, l->best_friend[k], to);
        *to++ = '\n';
    }
    return to - text;
}

static uint64_t key_of(const listing *l, int64_t k)
{
    if (!l->prospects)
        return (uint64_t)(uint32_t)l->rank[k];
    return (uint64_t)gv_descending_f32(l->row.data[k]) << 32 | (uint64_t)(uint32_t)l->row.node[k];
}

static gv_status export_topic(listing *l, int32_t topic, gv_row_writer *w, gv_error *err)
{
    const char *group = l->prospects ? "/prospects" : "/influencers";
    gv_status st = gv_file_csr_row(l->f, group, topic, &l->row, err);
    if (st == GV_OK && l->prospects)
        st = gv_file_extra(l->f, group, "best_friend", &l->row, &l->best_friend, err);
    if (st == GV_OK && !l->prospects)
        st = gv_file_extra(l->f, group, "rank", &l->row, &l->rank, err);
    if (st == GV_OK && !l->prospects)
        st = gv_file_extra(l->f, group, "friends", &l->row, &l->friends, err);
    if (st == GV_OK && (l->prospects ? l->best_friend : l->rank) == NULL)
        st = gv_fail(err, GV_ERR_DATA, "%s: %s/%s: is missing", gv_h5_path(l->f->h5), group,
                     l->prospects ? "best_friend" : "rank");
    if (st != GV_OK)
        return st;
    const int64_t n = l->row.end - l->row.begin;
    l->topic = l->f->topic[topic];
    l->order = gv_alloc(l->f->ctx, n, sizeof *l->order);
    if (l->order == NULL)
        return gv_no_memory(l->f->ctx, "order of rows", err);
    for (int64_t i = 0; i < n; i++)
        l->order[i] = (gv_record){key_of(l, l->row.begin + i), (uint64_t)(l->row.begin + i)};
    st = gv_sort_records(l->f->ctx, l->order, n, err);
    if (st == GV_OK)
        st = gv_write_rows(w, n, GV_TOPIC_CHARS + 2 * GV_ID_CHARS + 2 * GV_NUMBER_CHARS + 5,
                           l->prospects ? format_prospects : format_influencers, l, err);
    gv_free(l->f->ctx, l->order);
    return st;
}

static gv_status export_lists(gv_file *f, bool prospects, int32_t topic, gv_row_writer *w,
                              gv_error *err)
{
    listing l = {.f = f, .prospects = prospects};
    const int32_t first = topic >= 0 ? topic : 0, end = topic >= 0 ? topic + 1 : f->info.n_topics;
    gv_status st = gv_file_read_ids(f, &l.ids, err);
    if (st == GV_OK)
        st = gv_write_text(w,
                           prospects ? "topic\tid\tprobability\tbest_friend\n"
                                     : "topic\trank\tid\tscore\tfriends\n",
                           err);
    for (int32_t z = first; st == GV_OK && z < end; z++)
        st = export_topic(&l, z, w, err);
    return st;
}

/* ---- cascade curves -------------------------------------------------------------------------- */

typedef struct curve {
    const double *mean, *error;
} curve;

static int64_t format_curve(const void *arg, int64_t begin, int64_t end, char *text)
{
    const curve *c = arg;
    char *to = text;
    for (int64_t t = begin; t < end; t++) {
        to = gv_put_int(to, t);
        *to++ = '\t';
        to = gv_put_f64(to, c->mean[t]);
        *to++ = '\t';
        to = gv_put_f64(to, c->error[t]);
        *to++ = '\n';
    }
    return to - text;
}

static int64_t child_index(const gv_file *f, const char *group, const char *name)
{
    char have[64];
    int64_t i = 0;
    while (gv_file_child(f, group, i, have, sizeof have) && strcmp(have, name) != 0)
        i++;
    return i;
}

static gv_status export_curve(gv_file *f, const char *name, gv_row_writer *w, gv_error *err)
{
    gv_cascade_info info;
    const int64_t i = child_index(f, "/cascade", name);
    gv_status st = gv_file_cascade(f, i, &info, err);
    if (st != GV_OK)
        return st;
    double *value = gv_alloc(f->ctx, 2 * info.curve_length, sizeof *value);
    if (value == NULL)
        return gv_no_memory(f->ctx, "cascade curve", err);
    const curve c = {value, value + info.curve_length};
    st = gv_file_curve(f, i, value, value + info.curve_length, err);
    if (st == GV_OK)
        st = gv_write_text(w, "step\tmean\tstderr\n", err);
    if (st == GV_OK)
        st = gv_write_rows(w, info.curve_length, 3 * GV_NUMBER_CHARS + 3, format_curve, &c, err);
    gv_free(f->ctx, value);
    return st;
}

/* ---- best consumers -------------------------------------------------------------------------- */

typedef struct best {
    gv_file *f;
    gv_file_ids ids; /* of cells if `own_ids`, else of consumers */
    bool own_ids;
    int64_t n_columns, k;
    const gv_node *node;         /* [n_columns][k] */
    const double *score;         /* the same */
    const double *lower, *upper; /* the same; NULL: no bounds */
    const int32_t *topic;        /* [n_columns] places in /topics, or NULL */
    const char *column;          /* [n_columns][width], or NULL */
    int32_t width;
    int64_t first; /* cell of the first row */
} best;

static char *put_column(const best *b, int64_t c, char *to)
{
    if (b->topic != NULL && b->topic[c] >= 0 && b->topic[c] < b->f->info.n_topics)
        return gv_put_text(to, b->f->topic[b->topic[c]], GV_TOPIC_CHARS);
    if (b->column != NULL)
        return gv_put_text(to, b->column + c * b->width, b->width);
    return gv_put_int(to, c + 1);
}

static int64_t format_best(const void *arg, int64_t begin, int64_t end, char *text)
{
    const best *b = arg;
    char *to = text;
    for (int64_t i = begin + b->first; i < end + b->first; i++) {
        if (b->node[i] < 0 || b->node[i] >= b->f->info.n_nodes)
            continue; /* fewer than k */
        to = put_column(b, i / b->k, to);
        *to++ = '\t';
        to = gv_put_int(to, i % b->k + 1);
        *to++ = '\t';
        to = put_id(&b->ids, b->own_ids ? (gv_node)i : b->node[i], to);
        *to++ = '\t';
        to = gv_put_f64(to, b->score[i]);
        if (b->lower != NULL) {
            *to++ = '\t';
            to = gv_put_f64(to, b->lower[i]);
            *to++ = '\t';
            to = gv_put_f64(to, b->upper[i]);
        }
        *to++ = '\n';
    }
    return to - text;
}

/* Names of the columns: topics of an influence measure, or the columns of a PageRank. */
static gv_status column_names(best *b, const char *name, gv_error *err)
{
    char path[256];
    const void *data = NULL;
    gv_status st = GV_OK;
    snprintf(path, sizeof path, "/topk/%s/topic", name);
    if (gv_file_find(b->f, path) != NULL) {
        const gv_h5_shape want = gv_h5_vector(GV_I32, b->n_columns);
        st = gv_file_array(b->f, path, &want, &data, err);
        b->topic = data;
        return st;
    }
    snprintf(path, sizeof path, "/ppr/%s/column", strcmp(name, "ppr") == 0 ? "default" : name);
    gv_h5_info at;
    st = gv_h5_look(b->f->h5, path, &at, err);
    if (st != GV_OK || at.kind != GV_H5_ARRAY || at.shape.type != GV_TEXT ||
        at.shape.width > GV_TOPIC_CHARS)
        return st;
    const gv_h5_shape want = gv_h5_strings(at.shape.width, b->n_columns);
    st = gv_file_array(b->f, path, &want, &data, err);
    b->width = at.shape.width;
    b->column = data;
    return st;
}

/* Rows are written column by column, so that those of one topic can be picked. */
static gv_status write_best(best *b, int32_t topic, gv_row_writer *w, gv_error *err)
{
    gv_status st = gv_write_text(w,
                                 b->lower == NULL ? "column\tplace\tid\tscore\n"
                                                  : "column\tplace\tid\tscore\tlower\tupper\n",
                                 err);
    for (int64_t c = 0; st == GV_OK && c < b->n_columns; c++) {
        if (topic >= 0 && (b->topic == NULL || b->topic[c] != topic))
            continue;
        int64_t n = 0;
        while (n < b->k && b->node[c * b->k + n] >= 0)
            n++;
        b->first = c * b->k;
        st = gv_write_rows(w, n, GV_TOPIC_CHARS + GV_ID_CHARS + 4 * GV_NUMBER_CHARS + 6,
                           format_best, b, err);
    }
    return st;
}

/* A list has the ids of its cells; where there is none, those of all consumers serve. */
static gv_status cell_ids(best *b, const char *name, gv_error *err)
{
    char path[256];
    gv_h5_info at;
    const void *data = NULL;
    snprintf(path, sizeof path, "/topk/%s/ext_id", name);
    b->own_ids = gv_file_find(b->f, path) != NULL;
    if (!b->own_ids)
        return gv_file_read_ids(b->f, &b->ids, err);
    gv_status st = gv_h5_look(b->f->h5, path, &at, err);
    if (st != GV_OK)
        return st;
    const bool text = at.kind == GV_H5_ARRAY && at.shape.type == GV_TEXT;
    if (text && at.shape.width > GV_ID_CHARS)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: strings of %d bytes are longer than %d",
                       gv_h5_path(b->f->h5), path, at.shape.width, GV_ID_CHARS);
    const gv_h5_shape want = text ? gv_h5_strings(at.shape.width, b->n_columns * b->k)
                                  : gv_h5_matrix(GV_I64, b->n_columns, b->k);
    st = gv_file_array(b->f, path, &want, &data, err);
    b->ids = (gv_file_ids){.width = want.width};
    if (text)
        b->ids.text = data;
    else
        b->ids.number = data;
    return st;
}

/* Bounds of the scores, if there are any. */
static gv_status bounds(best *b, const char *name, gv_error *err)
{
    const gv_h5_shape want = gv_h5_matrix(GV_F64, b->n_columns, b->k);
    char path[256];
    const void *lower = NULL, *upper = NULL;
    snprintf(path, sizeof path, "/topk/%s/lower", name);
    if (gv_file_find(b->f, path) == NULL)
        return GV_OK;
    gv_status st = gv_file_array(b->f, path, &want, &lower, err);
    snprintf(path, sizeof path, "/topk/%s/upper", name);
    if (st == GV_OK)
        st = gv_file_array(b->f, path, &want, &upper, err);
    b->lower = lower, b->upper = upper;
    return st;
}

static gv_status export_best(gv_file *f, const char *name, int32_t topic, gv_row_writer *w,
                             gv_error *err)
{
    best b = {.f = f};
    char path[256];
    const void *node = NULL, *score = NULL;
    snprintf(path, sizeof path, "/topk/%s/node", name);
    const gv_file_entry *e = gv_file_find(f, path);
    if (e == NULL || e->rank != 2)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: is not an array [columns, k]", gv_h5_path(f->h5),
                       path);
    b.n_columns = e->dims[0], b.k = e->dims[1];
    gv_h5_shape want = gv_h5_matrix(GV_I32, b.n_columns, b.k);
    gv_status st = gv_file_array(f, path, &want, &node, err);
    want.type = GV_F64;
    snprintf(path, sizeof path, "/topk/%s/score", name);
    if (st == GV_OK)
        st = gv_file_array(f, path, &want, &score, err);
    if (st == GV_OK)
        st = column_names(&b, name, err);
    if (st == GV_OK)
        st = cell_ids(&b, name, err);
    if (st == GV_OK)
        st = bounds(&b, name, err);
    b.node = node, b.score = score;
    return st == GV_OK ? write_best(&b, topic, w, err) : st;
}

/* ---------------------------------------------------------------------------------------------- */

gv_status gv_export_results(gv_file *f, const char *table, int32_t topic, gv_row_writer *w,
                            gv_error *err)
{
    if (strcmp(table, "influencers") == 0 || strcmp(table, "prospects") == 0)
        return export_lists(f, table[0] == 'p', topic, w, err);
    if (strncmp(table, "topk/", 5) == 0)
        return export_best(f, table + 5, topic, w, err);
    if (topic >= 0)
        return gv_fail(err, GV_ERR_ARG, "%s: the rows of %s have no topic", gv_h5_path(f->h5),
                       table);
    if (strncmp(table, "activations/", strlen("activations/")) == 0)
        return gv_export_activations(f, table + strlen("activations/"), w, err);
    if (strncmp(table, "spreads/", strlen("spreads/")) == 0)
        return gv_export_spreads(f, table + strlen("spreads/"), w, err);
    if (strncmp(table, "marginals/", strlen("marginals/")) == 0)
        return gv_export_marginals(f, table + strlen("marginals/"), w, err);
    return export_curve(f, table + strlen("cascade/"), w, err);
}
