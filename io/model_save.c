/* model_save.c -- writing a model file. Sparse parts are AnnData-style csr groups; arrays along the
 * same entries lie beside `data`, under names of their own. */
#include <stdio.h>

#include "engine/error.h"
#include "grapevine/version.h"
#include "io/layout.h"
#include "io/model_file.h"

static gv_status write_head(gv_h5 *f, const gv_model *m, gv_error *err)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"n_nodes", m->n_nodes},   {"n_edges", m->n_edges},
                   {"n_topics", m->n_topics}, {"min_actions", m->min_actions},
                   {"time_end", m->time_end}, {"credit_unit", GV_CREDIT_UNIT}};
    gv_status st = gv_h5_set_text(f, "/", "engine_version", GV_VERSION, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "graph_hash", m->graph_hash, err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "log_hash", m->log_hash, err);
    for (size_t i = 0; st == GV_OK && i < sizeof numbers / sizeof *numbers; i++)
        st = gv_h5_set_i64(f, "/", numbers[i].name, numbers[i].value, err);
    if (st == GV_OK)
        st = gv_h5_set_f64(f, "/", "k_source", m->k_source, err);
    if (st == GV_OK)
        st = gv_h5_set_f64(f, "/", "k_target", m->k_target, err);
    if (st == GV_OK)
        st = gv_h5_set_f64(f, "/", "k_edge", m->k_edge, err);
    if (st == GV_OK && m->k_tie > 0.0)
        st = gv_h5_set_f64(f, "/", "k_tie", m->k_tie, err);
    if (st == GV_OK && m->usual != NULL)
        st = gv_h5_set_text(f, "/", "ties", "prior", err);
    if (st != GV_OK || (int)m->method < 0)
        return st;
    st = gv_h5_set_text(f, "/", "method", gv_method_word[m->method], err);
    if (st == GV_OK)
        st = gv_h5_set_text(f, "/", "credit", gv_credit_word[m->credit], err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "spell_gap", m->spell_gap, err);
    return st;
}

static gv_status write_factors(gv_h5 *f, const gv_model *m, gv_error *err)
{
    const int64_t n = m->n_nodes, z = m->n_topics, pairs = m->pairs.indptr[n];
    gv_status st = gv_h5_write_topics(f, m->topic_name, m->topic_items, m->n_topics, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, "/factors", "mu", GV_F64, z, m->mu, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, "/factors", "target", GV_F32, n, m->target, err);
    if (st == GV_OK && m->usual != NULL)
        st = gv_h5_write_part(f, "/factors", "strength", GV_F32, n, m->usual, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, "/factors/source", "indptr", GV_I64, n + 1, m->pairs.indptr, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, "/factors/source", "indices", GV_I32, pairs, m->pairs.topic, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, "/factors/source", "data", GV_F32, pairs, m->pairs.source, err);
    if (st == GV_OK)
        st = gv_h5_mark_csr(f, "/factors/source", n, z, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, "", "window", GV_F64, z, m->window, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, "", "delay", GV_F64, z, m->delay, err);
    return st;
}

static gv_status write_activity(gv_h5 *f, const gv_model *m, gv_error *err)
{
    const char *group = "/activity";
    const int64_t n = m->pairs.indptr[m->n_nodes];
    gv_status st = gv_h5_link(f, "/factors/source/indptr", "/activity/indptr", err);
    if (st == GV_OK)
        st = gv_h5_link(f, "/factors/source/indices", "/activity/indices", err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, group, "exposure", GV_I64, n, m->pairs.exposure, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, group, "total", GV_I32, n, m->pairs.total, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, group, "observed", GV_I32, n, m->pairs.observed, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, group, "shuffled", GV_I32, n, m->pairs.shuffled, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, group, "last", GV_I64, n, m->pairs.last, err);
    if (st == GV_OK)
        st = gv_h5_link(f, "/activity/total", "/activity/data", err);
    if (st == GV_OK)
        st = gv_h5_mark_csr(f, group, m->n_nodes, m->n_topics, err);
    return st;
}

static gv_status write_evidence(gv_h5 *f, const gv_model *m, gv_error *err)
{
    const char *group = "/evidence";
    const int64_t rows = m->n_nodes, n = m->evidence.indptr[rows];
    gv_status st = gv_h5_write_part(f, group, "indptr", GV_I64, rows + 1, m->evidence.indptr, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, group, "indices", GV_I64, n, m->evidence.column, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, group, "credit", GV_I64, n, m->evidence.credit, err);
    if (st == GV_OK)
        st = gv_h5_write_part(f, group, "exposure", GV_I64, n, m->evidence.exposure, err);
    if (st == GV_OK)
        st = gv_h5_link(f, "/evidence/credit", "/evidence/data", err);
    if (st == GV_OK)
        st = gv_h5_mark_csr(f, group, rows, m->n_edges * m->n_topics, err);
    return st;
}

GV_API gv_status gv_model_save(gv_context *ctx, const gv_model *m, const char *path, bool overwrite,
                               gv_error *err)
{
    gv_h5 *f;
    gv_status st = gv_h5_create(ctx, path, overwrite, "grapevine-model", 1, &f, err);
    if (st != GV_OK)
        return st;
    st = write_head(f, m, err);
    if (st == GV_OK)
        st = write_factors(f, m, err);
    if (st == GV_OK)
        st = write_activity(f, m, err);
    if (st == GV_OK)
        st = write_evidence(f, m, err);
    if (st == GV_OK)
        return gv_h5_commit(&f, err);
    gv_h5_close(f);
    return st;
}
