/* verify_results.c -- the groups of a results file fit together: csr groups are valid, arrays over
 * consumers have as many columns as there are consumers, counts agree. */
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "io/check.h"
#include "io/info_file.h"

enum { PATH_CHARS = 256 };

gv_status gv_verify_wrong(const gv_verifier *v, const char *path, const char *what, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA, "%s: %s: %s", v->path, path, what);
}

/* The vector group/name of that type, any length, as *data [*n]. */
gv_status gv_verify_vector(const gv_verifier *v, const char *group, const char *name, gv_type type,
                           const void **data, int64_t *n, gv_error *err)
{
    char path[2 * PATH_CHARS];
    snprintf(path, sizeof path, "%s/%s", group, name);
    const gv_file_entry *e = gv_file_find(v->f, path);
    *n = e != NULL && e->rank == 1 ? e->dims[0] : 0;
    const gv_h5_shape want = gv_h5_vector(type, *n);
    return gv_file_array(v->f, path, &want, data, err);
}

/* ---- consumers and topics -------------------------------------------------------------------- */

static int64_t bad_id(const void *arg, int64_t begin, int64_t end)
{
    const gv_file_ids *ids = arg;
    const int64_t w = ids->width;
    for (int64_t i = begin > 0 ? begin : 1; i < end; i++)
        if (ids->text != NULL ? memcmp(ids->text + (i - 1) * w, ids->text + i * w, (size_t)w) >= 0
                              : ids->number[i - 1] >= ids->number[i])
            return i;
    return -1;
}

static gv_status check_names(const gv_verifier *v, gv_error *err)
{
    gv_file_ids ids;
    const gv_file_entry *items = gv_file_find(v->f, "/topics/n_items");
    if (gv_file_find(v->f, "/topics/name") != NULL &&
        (items == NULL || items->rank != 1 || items->dims[0] != v->f->info.n_topics))
        return gv_verify_wrong(v, "/topics/n_items", "is missing, or not as long as /topics/name",
                               err);
    if (gv_file_find(v->f, "/nodes/ext_id") == NULL)
        return GV_OK;
    const gv_status st = gv_file_read_ids(v->f, &ids, err);
    if (st != GV_OK)
        return st;
    const int64_t at = gv_first_fault(v->ctx, v->f->info.n_nodes, bad_id, &ids);
    if (at >= 0)
        return gv_fail(err, GV_ERR_DATA, "%s: /nodes/ext_id[%lld]: does not ascend", v->path,
                       (long long)at);
    return GV_OK;
}

/* ---- csr groups ------------------------------------------------------------------------------ */

typedef struct range {
    const int32_t *value;
    int64_t lowest, limit;
} range;

static int64_t outside(const void *arg, int64_t begin, int64_t end)
{
    const range *r = arg;
    for (int64_t i = begin; i < end; i++)
        if (r->value[i] < r->lowest || r->value[i] >= r->limit)
            return i;
    return -1;
}

gv_status gv_verify_range(const gv_verifier *v, const char *group, const char *name,
                          const int32_t *value, int64_t n, int64_t lowest, int64_t limit,
                          gv_error *err)
{
    const range r = {value, lowest, limit};
    const int64_t at = gv_first_fault(v->ctx, n, outside, &r);
    if (at >= 0)
        return gv_fail(err, GV_ERR_DATA, "%s: %s/%s[%lld] = %d is not in [%lld, %lld)", v->path,
                       group, name, (long long)at, value[at], (long long)lowest, (long long)limit);
    return GV_OK;
}

/* Every other array of the group has one element an entry. */
static gv_status check_lengths(const gv_verifier *v, const char *group, int64_t n, gv_error *err)
{
    const size_t length = strlen(group);
    for (int64_t i = 0; i < v->f->info.n_entries; i++) {
        const gv_file_entry *e = &v->f->entry[i];
        if (strncmp(e->path, group, length) != 0 || e->path[length] != '/' ||
            strcmp(e->path + length, "/indptr") == 0)
            continue;
        if (e->rank != 1 || e->dims[0] != n)
            return gv_fail(err, GV_ERR_DATA, "%s: %s: is not as long as %s/indices, %lld entries",
                           v->path, e->path, group, (long long)n);
    }
    return GV_OK;
}

static gv_status check_csr(const gv_verifier *v, const char *group, gv_error *err)
{
    char path[PATH_CHARS], encoding[32];
    const void *indptr = NULL, *indices = NULL;
    int64_t n_offsets = 0, n = 0, shape[2] = {0, 0};
    gv_status st = gv_h5_get_text(v->f->h5, group, "encoding-type", encoding, sizeof encoding, err);
    if (st == GV_OK && strcmp(encoding, "csr_matrix") != 0)
        return gv_verify_wrong(v, group, "@encoding-type is not csr_matrix", err);
    if (st == GV_OK)
        st = gv_h5_get_pair(v->f->h5, group, "shape", shape, err);
    if (st == GV_OK && (shape[0] != v->f->info.n_topics || shape[1] != v->f->info.n_nodes))
        return gv_verify_wrong(v, group, "@shape is not [topics, consumers]", err);
    if (st == GV_OK)
        st = gv_verify_vector(v, group, "indptr", GV_I64, &indptr, &n_offsets, err);
    if (st == GV_OK)
        st = gv_verify_vector(v, group, "indices", GV_I32, &indices, &n, err);
    if (st == GV_OK && n_offsets != (int64_t)v->f->info.n_topics + 1)
        return gv_verify_wrong(v, group, "has not one row for each topic", err);
    snprintf(path, sizeof path, "%s/indptr", group);
    if (st == GV_OK)
        st = gv_check_offsets(v->ctx, indptr, n_offsets - 1, n, v->path, path, err);
    snprintf(path, sizeof path, "%s/indices", group);
    if (st == GV_OK)
        st = gv_check_indices(v->ctx, indptr, n_offsets - 1, indices, (int32_t)v->f->info.n_nodes,
                              v->path, path, err);
    return st == GV_OK ? check_lengths(v, group, n, err) : st;
}

static gv_status check_lists(const gv_verifier *v, gv_error *err)
{
    const void *data = NULL;
    int64_t n = 0;
    gv_status st = GV_OK;
    if (v->f->info.has_influencers) {
        st = check_csr(v, "/influencers", err);
        if (st == GV_OK)
            st = gv_verify_vector(v, "/influencers", "rank", GV_I32, &data, &n, err);
        if (st == GV_OK)
            st =
                gv_verify_range(v, "/influencers", "rank", data, n, 1, v->f->info.n_nodes + 1, err);
    }
    if (st == GV_OK && v->f->info.has_prospects) {
        st = check_csr(v, "/prospects", err);
        if (st == GV_OK)
            st = gv_verify_vector(v, "/prospects", "best_friend", GV_I32, &data, &n, err);
        if (st == GV_OK)
            st = gv_verify_range(v, "/prospects", "best_friend", data, n, 0, v->f->info.n_nodes,
                                 err);
    }
    return st;
}

/* ---- arrays over consumers ------------------------------------------------------------------- */

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Arrays of rank 2 in these groups are [rows, consumers]. */
static gv_status check_wide(const gv_verifier *v, gv_error *err)
{
    for (int64_t i = 0; i < v->f->info.n_entries; i++) {
        const gv_file_entry *e = &v->f->entry[i];
        const bool wide = starts(e->path, "/influence/") || starts(e->path, "/susceptibility/") ||
                          starts(e->path, "/ppr/");
        if (wide && e->rank == 2 && e->dims[1] != v->f->info.n_nodes)
            return gv_fail(err, GV_ERR_DATA, "%s: %s: has %lld columns, not one a consumer",
                           v->path, e->path, (long long)e->dims[1]);
        if (wide && e->rank == 2 && !starts(e->path, "/ppr/") && e->dims[0] > v->f->info.n_topics)
            return gv_fail(err, GV_ERR_DATA, "%s: %s: has %lld rows for %d topics", v->path,
                           e->path, (long long)e->dims[0], v->f->info.n_topics);
    }
    return GV_OK;
}

/* The array [topics asked for, consumers] at `path`, or NULL when the file has none. */
static gv_status wide_array(const gv_verifier *v, const char *path, gv_type type, int64_t rows,
                            const void **data, gv_error *err)
{
    const gv_h5_shape want = gv_h5_matrix(type, rows, v->f->info.n_nodes);
    *data = NULL;
    return gv_file_find(v->f, path) != NULL ? gv_file_array(v->f, path, &want, data, err) : GV_OK;
}

/* What a cell of is_influencer must be. */
typedef struct flags {
    const int16_t *flag; /* [n_nodes], of one topic */
    const gv_node *node; /* its list, ascending */
    int64_t n;
} flags;

static int64_t wrong_flag(const void *arg, int64_t begin, int64_t end)
{
    const flags *f = arg;
    int64_t lo = 0, hi = f->n;
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (f->node[mid] < begin)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (int64_t u = begin; u < end; u++) {
        const bool listed = lo < f->n && f->node[lo] == u;
        if (f->flag[u] != (listed ? 1 : 0))
            return u;
        lo += listed;
    }
    return -1;
}

/* Flags, and the lists of /influencers, are the same consumers. */
static gv_status check_flags(const gv_verifier *v, const int32_t *topic, const int16_t *flag,
                             int64_t rows, gv_error *err)
{
    gv_status st = GV_OK;
    for (int64_t i = 0; st == GV_OK && i < rows; i++) {
        gv_file_row row;
        st = gv_file_csr_row(v->f, "/influencers", topic[i], &row, err);
        if (st != GV_OK)
            return st;
        const int64_t n = v->f->info.n_nodes;
        const flags f = {flag + i * n, row.node + row.begin, row.end - row.begin};
        const int64_t at = gv_first_fault(v->ctx, n, wrong_flag, &f);
        if (at >= 0)
            return gv_fail(err, GV_ERR_DATA,
                           "%s: /influence/is_influencer[%lld, %lld] = %d is not what "
                           "/influencers says",
                           v->path, (long long)i, (long long)at, f.flag[at]);
    }
    return st;
}

static gv_status check_influence(const gv_verifier *v, gv_error *err)
{
    const void *topic = NULL, *rank = NULL, *flag = NULL;
    int64_t rows = 0;
    if (gv_file_find(v->f, "/influence/topic") == NULL)
        return GV_OK;
    gv_status st = gv_verify_vector(v, "/influence", "topic", GV_I32, &topic, &rows, err);
    if (st == GV_OK)
        st = gv_verify_range(v, "/influence", "topic", topic, rows, 0, v->f->info.n_topics, err);
    if (st == GV_OK)
        st = wide_array(v, "/influence/rank", GV_I32, rows, &rank, err);
    if (st == GV_OK && rank != NULL)
        st = gv_verify_range(v, "/influence", "rank", rank, rows * v->f->info.n_nodes, 1,
                             v->f->info.n_nodes + 1, err);
    if (st == GV_OK)
        st = wide_array(v, "/influence/is_influencer", GV_I16, rows, &flag, err);
    return st == GV_OK && flag != NULL ? check_flags(v, topic, flag, rows, err) : st;
}

/* ---- PageRank, best consumers ------------------------------------------------------ */

static gv_status check_ppr(const gv_verifier *v, int64_t i, gv_error *err)
{
    gv_ppr_info info;
    char path[PATH_CHARS];
    const gv_status st = gv_file_ppr(v->f, i, &info, err);
    if (st != GV_OK)
        return st;
    snprintf(path, sizeof path, "/ppr/%s/score", info.name);
    const gv_file_entry *e = gv_file_find(v->f, path);
    if (e != NULL && (e->rank != 2 || e->dims[0] != info.n_columns))
        return gv_verify_wrong(v, path, "has not one row for each column of the walk", err);
    return GV_OK;
}

/* Scores lie between their bounds; places beyond the last have none. */
static gv_status check_bounds(const gv_verifier *v, const char *group, int64_t n,
                              const double *lower, const double *score, const double *upper,
                              gv_error *err)
{
    for (int64_t i = 0; i < n; i++)
        if (lower[i] > score[i] || score[i] > upper[i])
            return gv_verify_wrong(v, group, "has a score that is not between lower and upper",
                                   err);
    return GV_OK;
}

static gv_status check_best(const gv_verifier *v, int64_t i, gv_error *err)
{
    char name[64], group[PATH_CHARS], path[PATH_CHARS + 16];
    const void *node = NULL, *score = NULL, *lower = NULL, *upper = NULL;
    gv_file_child(v->f, "/topk", i, name, sizeof name);
    snprintf(group, sizeof group, "/topk/%s", name);
    snprintf(path, sizeof path, "%s/node", group);
    const gv_file_entry *e = gv_file_find(v->f, path);
    if (e == NULL || e->rank != 2)
        return gv_verify_wrong(v, path, "is missing, or not an array [columns, k]", err);
    gv_h5_shape want = gv_h5_matrix(GV_I32, e->dims[0], e->dims[1]);
    gv_status st = gv_file_array(v->f, path, &want, &node, err);
    if (st == GV_OK)
        st = gv_verify_range(v, group, "node", node, e->dims[0] * e->dims[1], -1,
                             v->f->info.n_nodes, err);
    want.type = GV_F64;
    snprintf(path, sizeof path, "%s/score", group);
    if (st == GV_OK)
        st = gv_file_array(v->f, path, &want, &score, err);
    snprintf(path, sizeof path, "%s/lower", group);
    if (st != GV_OK || gv_file_find(v->f, path) == NULL)
        return st;
    st = gv_file_array(v->f, path, &want, &lower, err);
    snprintf(path, sizeof path, "%s/upper", group);
    if (st == GV_OK)
        st = gv_file_array(v->f, path, &want, &upper, err);
    return st == GV_OK ? check_bounds(v, group, e->dims[0] * e->dims[1], lower, score, upper, err)
                       : st;
}

/* ---- options --------------------------------------------------------------------------------- */

/* @config_hash is that of the options. */
static gv_status check_options(const gv_verifier *v, gv_error *err)
{
    static const char path[] = "/provenance/config_yaml";
    char wanted[GV_HASH_CHARS + 1], have[GV_HASH_CHARS + 1];
    const gv_file_entry *e = gv_file_find(v->f, path);
    if (e == NULL)
        return GV_OK;
    char *yaml = gv_alloc(v->ctx, e->bytes, 1);
    if (yaml == NULL)
        return gv_no_memory(v->ctx, path, err);
    gv_status st = gv_h5_get_text(v->f->h5, "/", "config_hash", wanted, sizeof wanted, err);
    if (st == GV_OK)
        st = gv_h5_read(v->f->h5, path, yaml, err);
    if (st == GV_OK &&
        strcmp(gv_hash_text(gv_hash_small(yaml, (size_t)e->bytes), have), wanted) != 0)
        st = gv_fail(err, GV_ERR_DATA, "%s: /@config_hash: is %s, but %s has %s", v->path, wanted,
                     path, have);
    gv_free(v->ctx, yaml);
    return st;
}

gv_status gv_verify_results(const gv_verifier *v, gv_error *err)
{
    gv_status st = check_names(v, err);
    if (st == GV_OK)
        st = check_lists(v, err);
    if (st == GV_OK)
        st = check_wide(v, err);
    if (st == GV_OK)
        st = check_influence(v, err);
    if (st == GV_OK)
        st = check_options(v, err);
    for (int64_t i = 0; st == GV_OK && i < v->f->info.n_cascades; i++)
        st = gv_verify_cascade(v, i, err);
    for (int64_t i = 0; st == GV_OK && i < v->f->info.n_ppr; i++)
        st = check_ppr(v, i, err);
    for (int64_t i = 0; st == GV_OK && i < v->f->info.n_topks; i++)
        st = check_best(v, i, err);
    if (st == GV_OK)
        gv_verified(v, "groups fit together");
    return st;
}
