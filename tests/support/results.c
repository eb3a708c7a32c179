/* results.c -- see results.h. */
#include "tests/support/results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/csr.h"
#include "engine/log.h"
#include "engine/model.h"
#include "grapevine/cascade.h"
#include "tests/support/graphs.h"
#include "tests/support/populations.h"

static gv_error err;

static void need(bool fine, const char *what)
{
    if (fine)
        return;
    printf("%s: %s\n", what, err.message);
    exit(EXIT_FAILURE);
}

static void *cells(int64_t n, size_t size)
{
    void *block = calloc((size_t)n + 1, size);
    need(block != NULL, "out of memory");
    return block;
}

/* Rank of node v: how many have a higher score, or the same and a lower node. */
static int32_t rank_of(const float *score, int64_t n, int64_t v)
{
    int32_t rank = 1;
    for (int64_t u = 0; u < n; u++)
        rank += score[u] > score[v] || (score[u] == score[v] && u < v);
    return rank;
}

static void fill(test_results *t)
{
    const int64_t all = t->n * t->z;
    const gv_graph *g = t->p->graph;
    t->score = cells(all, sizeof *t->score), t->rank = cells(all, sizeof *t->rank);
    t->flag = cells(all, sizeof *t->flag), t->friends = cells(t->n, sizeof *t->friends);
    t->prospect = cells(all, sizeof *t->prospect), t->chance = cells(all, sizeof *t->chance);
    t->friend_of = cells(all, sizeof *t->friend_of);
    for (int64_t v = 0; v < t->n; v++)
        t->friends[v] = (int32_t)(g->out.indptr[v + 1] - g->out.indptr[v]);
    for (int64_t i = 0; i < all; i++) {
        const uint64_t k = (uint64_t)i;
        t->score[i] = (float)test_random(1, k) * 4.0F;
        t->flag[i] = test_random(2, k) < .15;
        t->prospect[i] = test_random(3, k) < .1;
        t->chance[i] = (float)(1 + (int)(test_random(4, k) * 8.0)) / 8.0F;
        t->friend_of[i] = (gv_node)(test_random(5, k) * (double)t->n);
    }
    for (int64_t i = 0; i < all; i++)
        t->rank[i] = rank_of(t->score + i / t->n * t->n, t->n, i % t->n);
}

gv_node results_flagged(const test_results *t, int32_t topic, int64_t place)
{
    const int64_t at = topic * t->n;
    for (int32_t rank = 1; rank <= t->n; rank++)
        for (int64_t v = 0; v < t->n; v++)
            if (t->rank[at + v] == rank && t->flag[at + v] != 0 && place-- == 0)
                return (gv_node)v;
    return -1;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The entries that `pick` selects as a csr group, with two extra arrays. */
static void put_list(gv_results *r, const test_results *t, const char *group, const int16_t *pick,
                     const float *data, const char *name, const int32_t *extra, bool friends)
{
    const int64_t all = t->n * t->z;
    int64_t *indptr = cells(t->z + 1, sizeof *indptr), n = 0;
    gv_node *node = cells(all, sizeof *node);
    float *value = cells(all, sizeof *value);
    int32_t *first = cells(all, sizeof *first), *second = cells(all, sizeof *second);
    char path[64];
    for (int64_t i = 0; i < all; i++) {
        if (pick[i] != 0) {
            node[n] = (gv_node)(i % t->n), value[n] = data[i], first[n] = extra[i];
            second[n++] = t->friends[i % t->n];
        }
        indptr[i / t->n + 1] = n;
    }
    need(gv_results_put_csr(r, group, t->z, t->n, indptr, node, GV_F32, value, &err) == GV_OK,
         group);
    snprintf(path, sizeof path, "%s/%s", group, name);
    need(gv_results_put(r, path, GV_I32, 1, &n, first, &err) == GV_OK, path);
    snprintf(path, sizeof path, "%s/friends", group);
    need(!friends || gv_results_put(r, path, GV_I32, 1, &n, second, &err) == GV_OK, path);
    free(indptr), free(node), free(value), free(first), free(second);
}

static void put_array(gv_results *r, const char *group, const char *name, gv_type type, int rank,
                      int64_t rows, int64_t columns, const void *data)
{
    const int64_t dims[2] = {rows, columns};
    char path[128];
    snprintf(path, sizeof path, "%s/%s", group, name);
    need(gv_results_put(r, path, type, rank, dims, data, &err) == GV_OK, path);
}

static void put_cascade(gv_context *ctx, gv_results *r, const test_results *t, const char *group,
                        int64_t max_steps)
{
    const gv_probability p = {.rule = GV_PROBABILITY_CONSTANT, .constant = .2};
    const gv_node seeds[3] = {1, 5, 9};
    gv_cascade_opts o = gv_cascade_defaults();
    gv_cascade_result *c = NULL;
    o.n_worlds = 40;
    o.max_steps = max_steps;
    need(gv_cascade(ctx, t->p->graph, &p, seeds, 3, &o, &c, &err) == GV_OK, group);
    put_array(r, group, "seeds", GV_I32, 1, c->n_seeds, 0, c->seeds);
    put_array(r, group, "spread", GV_I64, 1, c->n_worlds, 0, c->spread);
    put_array(r, group, "mean", GV_F64, 1, 1, 0, &c->mean);
    put_array(r, group, "sd", GV_F64, 1, 1, 0, &c->sd);
    put_array(r, group, "stderr", GV_F64, 1, 1, 0, &c->stderr_mean);
    put_array(r, group, "outward_mean", GV_F64, 1, 1, 0, &c->outward_mean);
    put_array(r, group, "curve_sum", GV_I64, 1, c->curve_length, 0, c->curve_sum);
    put_array(r, group, "curve_sumsq", GV_I64, 2, c->curve_length, 2, c->curve_sumsq);
    need(gv_results_attr_i64(r, group, "n_sims", c->n_worlds, &err) == GV_OK, group);
    gv_cascade_free(c);
}

static void put_ppr(gv_results *r, const test_results *t)
{
    static const char column[2 * GV_TOPIC_CHARS] = "first";
    static const int32_t iterations[2] = {7, 19};
    static const double residual[2] = {1e-10, .25};
    static const int16_t converged[2] = {1, 0};
    char names[2 * GV_TOPIC_CHARS];
    const int64_t two = 2;
    double *score = cells(2 * t->n, sizeof *score);
    memcpy(names, column, sizeof names);
    memcpy(names + GV_TOPIC_CHARS, "second", 6);
    put_array(r, "/ppr/default", "score", GV_F64, 2, 2, t->n, score);
    need(gv_results_put_text(r, "/ppr/default/column", 1, &two, GV_TOPIC_CHARS, names, &err) ==
             GV_OK,
         "column");
    put_array(r, "/ppr/default", "iterations", GV_I32, 1, 2, 0, iterations);
    put_array(r, "/ppr/default", "residual", GV_F64, 1, 2, 0, residual);
    put_array(r, "/ppr/default", "converged", GV_I16, 1, 2, 0, converged);
    free(score);
}

static void put_best(gv_results *r)
{
    static const gv_node node[6] = {4, 2, 0, 7, -1, -1};
    static const double score[6] = {3, 2.5, .1, 1, NAN, NAN};
    static const int32_t topic[2] = {1, 0};
    put_array(r, "/topk/i1", "node", GV_I32, 2, 2, 3, node);
    put_array(r, "/topk/i1", "score", GV_F64, 2, 2, 3, score);
    put_array(r, "/topk/i1", "topic", GV_I32, 1, 2, 0, topic);
    put_array(r, "/topk/default", "node", GV_I32, 2, 2, 3, node);
    put_array(r, "/topk/default", "score", GV_F64, 2, 2, 3, score);
}

static void write_results(gv_context *ctx, const test_results *t)
{
    gv_results *r = NULL;
    gv_log *log = t->p->log;
    const gv_model topics = {.n_topics = t->z,
                             .topic_name = log->topic_name,
                             .topic_items = log->topic_items,
                             .log_hash = "00000000deadbeef"};
    need(gv_results_create(ctx, t->results, true, t->p->graph, 7, &r, &err) == GV_OK, "results");
    need(gv_results_put_nodes(r, t->p->graph, &err) == GV_OK, "nodes");
    need(gv_results_put_topics(r, &topics, &err) == GV_OK, "topics");
    put_list(r, t, "/influencers", t->flag, t->score, "rank", t->rank, true);
    put_list(r, t, "/prospects", t->prospect, t->chance, "best_friend", t->friend_of, false);
    int32_t *topic = cells(t->z, sizeof *topic);
    for (int32_t z = 0; z < t->z; z++)
        topic[z] = z;
    put_array(r, "/influence", "topic", GV_I32, 1, t->z, 0, topic);
    put_array(r, "/influence", "rank", GV_I32, 2, t->z, t->n, t->rank);
    free(topic);
    put_array(r, "/influence", "i1", GV_F32, 2, t->z, t->n, t->score);
    const int64_t dims[2] = {t->z, t->n};
    need(gv_results_put_flags(r, "/influence/is_influencer", 2, dims, t->flag, &err) == GV_OK,
         "flags");
    need(gv_results_attr_f64(r, "/influence", "quantile", .15, &err) == GV_OK, "quantile");
    put_cascade(ctx, r, t, "/cascade/default", -1);
    put_cascade(ctx, r, t, "/cascade/short", 1);
    put_ppr(r, t);
    put_best(r);
    need(gv_results_provenance(r, "influence:\n  quantile: 0.15\n", &err) == GV_OK, "provenance");
    need(gv_results_commit(&r, &err) == GV_OK, "commit");
}

test_results *results_make(gv_context *ctx, int64_t consumers, int32_t topics)
{
    test_results *t = cells(1, sizeof *t);
    const gv_consumers_opts o = population_small(consumers, topics, 5);
    t->p = population_make(ctx, &o);
    need(t->p != NULL, "population");
    t->n = consumers, t->z = topics;
    test_folder(t->folder);
    need(gv_population_save(ctx, t->p, t->folder, false, true, &err) == GV_OK, "population");
    test_path(t->folder, "graph.h5", t->graph);
    test_path(t->folder, "truth.h5", t->truth);
    test_path(t->folder, "results.h5", t->results);
    fill(t);
    write_results(ctx, t);
    return t;
}

void results_drop(test_results *t)
{
    test_remove(t->folder);
    free(t->score), free(t->rank), free(t->flag), free(t->friends);
    free(t->prospect), free(t->chance), free(t->friend_of);
    gv_population_free(t->p);
    free(t);
}
