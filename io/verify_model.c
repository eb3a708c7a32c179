/* verify_model.c -- the factors and counters of a model, or the flags and scores of planted truth,
 * are what they must be. */
#include <math.h>

#include "engine/error.h"
#include "io/check.h"
#include "io/info_file.h"

static gv_status wrong(const gv_verifier *v, const char *array, int64_t at, const char *what,
                       gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA, "%s: %s[%lld]: %s", v->path, array, (long long)at, what);
}

static int64_t negative_f32(const void *arg, int64_t begin, int64_t end)
{
    const float *x = arg;
    for (int64_t i = begin; i < end; i++)
        if (!(x[i] >= 0.0F && isfinite(x[i])))
            return i;
    return -1;
}

static int64_t not_a_flag(const void *arg, int64_t begin, int64_t end)
{
    const int16_t *x = arg;
    for (int64_t i = begin; i < end; i++)
        if (x[i] != 0 && x[i] != 1)
            return i;
    return -1;
}

static gv_status check_planted(const gv_verifier *v, gv_error *err)
{
    const int64_t z = v->f->info.n_topics, n = v->f->info.n_nodes;
    const void *flag = NULL, *i1 = NULL;
    const gv_h5_shape flags = gv_h5_matrix(GV_I16, z, n), scores = gv_h5_matrix(GV_F32, z, n);
    gv_status st = gv_file_array(v->f, "/influencer", &flags, &flag, err);
    if (st == GV_OK)
        st = gv_file_array(v->f, "/i1", &scores, &i1, err);
    if (st != GV_OK)
        return st;
    int64_t at = gv_first_fault(v->ctx, z * n, not_a_flag, flag);
    if (at >= 0)
        return wrong(v, "/influencer", at, "is not 0 or 1", err);
    at = gv_first_fault(v->ctx, z * n, negative_f32, i1);
    if (at >= 0)
        return wrong(v, "/i1", at, "is not a number >= 0", err);
    gv_verified(v, "planted flags and scores are in range");
    return GV_OK;
}

gv_status gv_verify_model(const gv_verifier *v, gv_error *err)
{
    if (v->f->info.kind == GV_FILE_TRUTH)
        return check_planted(v, err);
    gv_model *m = NULL; /* opening it looks at every array */
    const gv_status st = gv_model_open(v->ctx, v->path, NULL, &m, err);
    if (st != GV_OK)
        return st;
    gv_model_free(m);
    gv_verified(v, "factors and counters are in range and in order");
    return GV_OK;
}
