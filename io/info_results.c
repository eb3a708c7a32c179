/* info_results.c -- influencers of a results file, and what the planted truth says about them.
 *
 * Sums go block by block of consumers or entries, in order: the same at any thread count. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/check.h"
#include "io/info_file.h"

enum { PATH_CHARS = 256 };

/* ---- csr groups by topic --------------------------------------------------------------------- */

static gv_status vector(gv_file *f, const char *group, const char *name, gv_type type, int64_t n,
                        const void **data, gv_error *err)
{
    char path[PATH_CHARS];
    const gv_h5_shape want = gv_h5_vector(type, n);
    snprintf(path, sizeof path, "%s/%s", group, name);
    return gv_file_array(f, path, &want, data, err);
}

typedef struct node_range {
    const gv_node *node;
    int64_t n_nodes;
} node_range;

static int64_t bad_node(const void *arg, int64_t begin, int64_t end)
{
    const node_range *r = arg;
    for (int64_t i = begin; i < end; i++)
        if (r->node[i] < 0 || r->node[i] >= r->n_nodes)
            return i;
    return -1;
}

gv_status gv_file_csr_row(gv_file *f, const char *group, int32_t topic, gv_file_row *row,
                          gv_error *err)
{
    const void *indptr = NULL, *node = NULL, *data = NULL;
    char path[PATH_CHARS];
    gv_status st = gv_file_need_topic(f, topic, err);
    if (st == GV_OK)
        st = vector(f, group, "indptr", GV_I64, (int64_t)f->info.n_topics + 1, &indptr, err);
    if (st != GV_OK)
        return st;
    const int64_t *at = indptr;
    snprintf(path, sizeof path, "%s/indptr", group);
    st = gv_check_offsets(f->ctx, at, f->info.n_topics, at[f->info.n_topics], gv_h5_path(f->h5),
                          path, err);
    if (st == GV_OK)
        st = vector(f, group, "indices", GV_I32, at[f->info.n_topics], &node, err);
    if (st == GV_OK)
        st = vector(f, group, "data", GV_F32, at[f->info.n_topics], &data, err);
    if (st != GV_OK)
        return st;
    *row = (gv_file_row){at[topic], at[topic + 1], at[f->info.n_topics], node, data};
    const node_range r = {row->node + row->begin, f->info.n_nodes};
    const int64_t bad = gv_first_fault(f->ctx, row->end - row->begin, bad_node, &r);
    if (bad >= 0)
        return gv_fail(err, GV_ERR_DATA, "%s: %s/indices[%lld] = %d is not in [0, %lld)",
                       gv_h5_path(f->h5), group, (long long)(row->begin + bad), r.node[bad],
                       (long long)f->info.n_nodes);
    return GV_OK;
}

gv_status gv_file_extra(gv_file *f, const char *group, const char *name, const gv_file_row *row,
                        const int32_t **data, gv_error *err)
{
    char path[PATH_CHARS];
    const void *values = NULL;
    snprintf(path, sizeof path, "%s/%s", group, name);
    *data = NULL;
    if (gv_file_find(f, path) == NULL)
        return GV_OK;
    const gv_status st = vector(f, group, name, GV_I32, row->n_entries, &values, err);
    *data = values;
    return st;
}

/* ---- external ids ---------------------------------------------------------------------------- */

gv_status gv_file_read_ids(gv_file *f, gv_file_ids *ids, gv_error *err)
{
    static const char path[] = "/nodes/ext_id";
    gv_h5_info at;
    const void *data = NULL;
    gv_status st = gv_h5_look(f->h5, path, &at, err);
    if (st != GV_OK)
        return st;
    const bool text = at.kind == GV_H5_ARRAY && at.shape.type == GV_TEXT;
    const gv_h5_shape want = text ? gv_h5_strings(at.shape.width, f->info.n_nodes)
                                  : gv_h5_vector(GV_I64, f->info.n_nodes);
    if (text && at.shape.width > GV_ID_CHARS)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: strings of %d bytes are longer than %d",
                       gv_h5_path(f->h5), path, at.shape.width, GV_ID_CHARS);
    st = gv_file_array(f, path, &want, &data, err);
    *ids = (gv_file_ids){.width = want.width};
    if (text)
        ids->text = data;
    else
        ids->number = data;
    return st;
}

char *gv_file_id(const gv_file_ids *ids, gv_node node, char *text)
{
    if (ids->text != NULL) {
        memcpy(text, ids->text + (int64_t)node * ids->width, (size_t)ids->width);
        text[ids->width] = '\0';
    } else {
        *gv_put_int(text, ids->number[node]) = '\0';
    }
    return text;
}

/* ---- the best ones --------------------------------------------------------------------------- */

/* Keeps the k entries of least rank in best [k], ascending. */
static void insert(gv_influencer *best, int64_t k, int64_t *count, const gv_influencer *one)
{
    int64_t place = *count;
    while (place > 0 && best[place - 1].rank > one->rank)
        place--;
    if (place == k)
        return;
    const int64_t last = *count < k ? *count : k - 1;
    memmove(&best[place + 1], &best[place], (size_t)(last - place) * sizeof *best);
    best[place] = *one;
    *count += *count < k;
}

static gv_status no_influencers(const gv_file *f, gv_error *err)
{
    return gv_fail(err, GV_ERR_ARG, "%s: has no /influencers", gv_h5_path(f->h5));
}

GV_API gv_status gv_file_influencers(gv_file *f, int32_t topic, int64_t k, gv_influencer *best,
                                     int64_t *count, int64_t *n_flagged, gv_error *err)
{
    gv_file_row row;
    gv_file_ids ids;
    const int32_t *rank = NULL, *friends = NULL;
    if (!f->info.has_influencers)
        return no_influencers(f, err);
    gv_status st = gv_file_csr_row(f, "/influencers", topic, &row, err);
    if (st == GV_OK)
        st = gv_file_extra(f, "/influencers", "rank", &row, &rank, err);
    if (st == GV_OK)
        st = gv_file_extra(f, "/influencers", "friends", &row, &friends, err);
    if (st == GV_OK)
        st = gv_file_read_ids(f, &ids, err);
    if (st == GV_OK && rank == NULL)
        st = gv_fail(err, GV_ERR_DATA, "%s: /influencers/rank: is missing", gv_h5_path(f->h5));
    if (st != GV_OK)
        return st;
    *count = 0;
    for (int64_t i = row.begin; k > 0 && i < row.end; i++) {
        if (*count == k && best[k - 1].rank <= rank[i])
            continue;
        const gv_influencer one = {.node = row.node[i],
                                   .score = (double)row.data[i],
                                   .rank = rank[i],
                                   .friends = friends != NULL ? friends[i] : -1};
        insert(best, k, count, &one);
    }
    for (int64_t i = 0; i < *count; i++)
        gv_file_id(&ids, best[i].node, best[i].id);
    if (n_flagged != NULL)
        *n_flagged = row.end - row.begin;
    return GV_OK;
}

/* ---- sums in blocks -------------------------------------------------------------------------- */

typedef struct summing {
    gv_block_value *value;
    const void *arg;
    int64_t n;
    double *part;
} summing;

static void sum_block(void *arg, int64_t b)
{
    const summing *s = arg;
    s->part[b] = s->value(s->arg, b * GV_CHECK_BLOCK, gv_check_end(b, s->n));
}

gv_status gv_block_sum(gv_context *ctx, int64_t n, gv_block_value *value, const void *arg,
                       double *sum, gv_error *err)
{
    const int64_t n_blocks = (n + GV_CHECK_BLOCK - 1) / GV_CHECK_BLOCK;
    summing s = {value, arg, n, gv_alloc(ctx, n_blocks, sizeof *s.part)};
    if (s.part == NULL)
        return gv_no_memory(ctx, "sums", err);
    gv_parallel_for(ctx, n_blocks, sum_block, &s);
    *sum = gv_sum(s.part, n_blocks);
    gv_free(ctx, s.part);
    return GV_OK;
}

/* ---- truth ----------------------------------------------------------------------------------- */

/* One topic of a truth file; `node` selects entries, NULL all consumers. */
typedef struct planted_row {
    const int16_t *influencer; /* [n_nodes] */
    const float *i1;           /* [n_nodes] */
    const gv_node *node;
} planted_row;

static double count_planted(const void *arg, int64_t begin, int64_t end)
{
    const planted_row *p = arg;
    int64_t n = 0;
    for (int64_t i = begin; i < end; i++)
        n += p->influencer[p->node != NULL ? p->node[i] : i] != 0;
    return (double)n;
}

static double sum_i1(const void *arg, int64_t begin, int64_t end)
{
    const planted_row *p = arg;
    double sum = 0.0;
    for (int64_t i = begin; i < end; i++)
        sum += (double)p->i1[p->node != NULL ? p->node[i] : i];
    return sum;
}

static double sum_i1_of_planted(const void *arg, int64_t begin, int64_t end)
{
    const planted_row *p = arg;
    double sum = 0.0;
    for (int64_t i = begin; i < end; i++)
        sum += p->influencer[i] != 0 ? (double)p->i1[i] : 0.0;
    return sum;
}

static gv_status truth_row(gv_file *f, int32_t topic, planted_row *row, gv_error *err)
{
    const void *influencer = NULL, *i1 = NULL;
    const int64_t z = f->info.n_topics, n = f->info.n_nodes;
    const gv_h5_shape flags = gv_h5_matrix(GV_I16, z, n), scores = gv_h5_matrix(GV_F32, z, n);
    if (f->info.kind != GV_FILE_TRUTH)
        return gv_fail(err, GV_ERR_ARG, "%s: is a %s file, not planted truth", gv_h5_path(f->h5),
                       f->info.kind_name);
    gv_status st = gv_file_need_topic(f, topic, err);
    if (st == GV_OK)
        st = gv_file_array(f, "/influencer", &flags, &influencer, err);
    if (st == GV_OK)
        st = gv_file_array(f, "/i1", &scores, &i1, err);
    if (st == GV_OK)
        *row = (planted_row){(const int16_t *)influencer + topic * n, (const float *)i1 + topic * n,
                             NULL};
    return st;
}

static double mean(double sum, int64_t n)
{
    return n > 0 ? sum / (double)n : NAN;
}

GV_API gv_status gv_file_planted(gv_file *f, int32_t topic, gv_planted *planted, gv_error *err)
{
    planted_row row;
    double n = 0.0, all = 0.0, of_influencers = 0.0;
    gv_status st = truth_row(f, topic, &row, err);
    if (st == GV_OK)
        st = gv_block_sum(f->ctx, f->info.n_nodes, count_planted, &row, &n, err);
    if (st == GV_OK)
        st = gv_block_sum(f->ctx, f->info.n_nodes, sum_i1, &row, &all, err);
    if (st == GV_OK)
        st = gv_block_sum(f->ctx, f->info.n_nodes, sum_i1_of_planted, &row, &of_influencers, err);
    if (st == GV_OK)
        *planted = (gv_planted){(int64_t)n, mean(of_influencers, (int64_t)n),
                                mean(all - of_influencers, f->info.n_nodes - (int64_t)n)};
    return st;
}

static gv_status same_population(const gv_file *f, const gv_file *truth, gv_error *err)
{
    const gv_file_info *a = &f->info, *b = &truth->info;
    if (b->kind != GV_FILE_TRUTH)
        return gv_fail(err, GV_ERR_ARG, "%s: is a %s file, not planted truth",
                       gv_h5_path(truth->h5), b->kind_name);
    const bool hashed = a->graph_hash[0] != '\0' && b->graph_hash[0] != '\0';
    if (a->n_nodes != b->n_nodes || (hashed && strcmp(a->graph_hash, b->graph_hash) != 0))
        return gv_fail(err, GV_ERR_ARG, "%s: is not about the population of %s: graph %s, not %s",
                       gv_h5_path(truth->h5), gv_h5_path(f->h5), b->graph_hash, a->graph_hash);
    return GV_OK;
}

GV_API gv_status gv_file_check_truth(gv_file *f, gv_file *truth, int32_t topic,
                                     gv_truth_check *check, gv_error *err)
{
    planted_row planted;
    gv_file_row row;
    double confirmed = 0.0, all = 0.0, flagged = 0.0;
    if (!f->info.has_influencers)
        return no_influencers(f, err);
    gv_status st = same_population(f, truth, err);
    if (st == GV_OK)
        st = gv_file_csr_row(f, "/influencers", topic, &row, err);
    if (st != GV_OK)
        return st;
    const int32_t z = gv_file_find_topic(truth, f->topic[topic]);
    if (z < 0)
        return gv_fail(err, GV_ERR_ARG, "%s: has no topic '%s'", gv_h5_path(truth->h5),
                       f->topic[topic]);
    const int64_t n = f->info.n_nodes, k = row.end - row.begin;
    st = truth_row(truth, z, &planted, err);
    if (st == GV_OK)
        st = gv_block_sum(f->ctx, n, sum_i1, &planted, &all, err);
    planted.node = row.node + row.begin;
    if (st == GV_OK)
        st = gv_block_sum(f->ctx, k, count_planted, &planted, &confirmed, err);
    if (st == GV_OK)
        st = gv_block_sum(f->ctx, k, sum_i1, &planted, &flagged, err);
    if (st == GV_OK)
        *check =
            (gv_truth_check){k, (int64_t)confirmed, mean(flagged, k), mean(all - flagged, n - k)};
    return st;
}
