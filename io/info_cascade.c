/* info_cascade.c -- what the groups /cascade/<name> and /ppr/<name> of a results file say.
 *
 * The curve is stored as exact sums over worlds: the mean at step t is sum / R, and its standard
 * error sqrt((sumsq - sum^2 / R) / ((R - 1) R)). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "io/info_file.h"

enum { GROUP_CHARS = 160, PATH_CHARS = 256 };

static gv_status group_at(const gv_file *f, const char *above, int64_t i, char name[64],
                          char group[GROUP_CHARS], gv_error *err)
{
    const int64_t n = gv_file_children(f, above);
    if (i < 0 || i >= n)
        return gv_fail(err, GV_ERR_RANGE, "%s: group %lld of %s is not in [0, %lld)",
                       gv_h5_path(f->h5), (long long)i, above, (long long)n);
    gv_file_child(f, above, i, name, 64);
    snprintf(group, GROUP_CHARS, "%s/%s", above, name);
    return GV_OK;
}

/* Length of the vector group/name, or -1. */
static int64_t length_of(const gv_file *f, const char *group, const char *name)
{
    char path[PATH_CHARS];
    snprintf(path, sizeof path, "%s/%s", group, name);
    const gv_file_entry *e = gv_file_find(f, path);
    return e != NULL && e->rank >= 1 ? e->dims[0] : -1;
}

/* Quantiles and value, as far as the file has them. */
static gv_status more_numbers(gv_file *f, const char *group, gv_cascade_info *info, gv_error *err)
{
    const void *quantile = NULL;
    char path[PATH_CHARS];
    gv_status st = GV_OK;
    info->has_quantiles = length_of(f, group, "quantile") >= 0;
    info->has_value = length_of(f, group, "value") >= 0;
    info->value_mean = info->value_sd = info->value_stderr = 0.0;
    snprintf(path, sizeof path, "%s/quantile", group);
    const gv_h5_shape want = gv_h5_vector(GV_I64, GV_CASCADE_QUANTILES);
    if (info->has_quantiles)
        st = gv_file_array(f, path, &want, &quantile, err);
    if (st == GV_OK && quantile != NULL)
        memcpy(info->quantile, quantile, sizeof info->quantile);
    if (st == GV_OK && info->has_value)
        st = gv_file_number(f, group, "value_mean", &info->value_mean, err);
    if (st == GV_OK && info->has_value)
        st = gv_file_number(f, group, "value_sd", &info->value_sd, err);
    if (st == GV_OK && info->has_value)
        st = gv_file_number(f, group, "value_stderr", &info->value_stderr, err);
    return st;
}

GV_API gv_status gv_file_cascade(gv_file *f, int64_t i, gv_cascade_info *info, gv_error *err)
{
    char group[GROUP_CHARS];
    gv_status st = group_at(f, "/cascade", i, info->name, group, err);
    if (st == GV_OK)
        st = gv_h5_get_i64(f->h5, group, "n_sims", &info->n_worlds, err);
    if (st == GV_OK)
        st = gv_file_number(f, group, "mean", &info->mean, err);
    if (st == GV_OK)
        st = gv_file_number(f, group, "sd", &info->sd, err);
    if (st == GV_OK)
        st = gv_file_number(f, group, "stderr", &info->stderr_mean, err);
    if (st == GV_OK)
        st = gv_file_number(f, group, "outward_mean", &info->outward_mean, err);
    if (st != GV_OK)
        return st;
    info->n_seeds = length_of(f, group, "seeds");
    info->curve_length = length_of(f, group, "curve_sum");
    if (info->n_seeds < 0 || info->curve_length < 0 || info->n_worlds < 1)
        return gv_fail(err, GV_ERR_DATA, "%s: %s: lacks seeds, curve_sum or worlds",
                       gv_h5_path(f->h5), group);
    return more_numbers(f, group, info, err);
}

GV_API gv_status gv_file_curve(gv_file *f, int64_t i, double *mean, double *error_of_mean,
                               gv_error *err)
{
    gv_cascade_info info;
    char group[GROUP_CHARS], path[PATH_CHARS];
    const void *sums = NULL, *squares = NULL;
    gv_status st = gv_file_cascade(f, i, &info, err);
    if (st != GV_OK)
        return st;
    snprintf(group, sizeof group, "/cascade/%s", info.name);
    gv_h5_shape want = gv_h5_vector(GV_I64, info.curve_length);
    snprintf(path, sizeof path, "%s/curve_sum", group);
    st = gv_file_array(f, path, &want, &sums, err);
    want = gv_h5_matrix(GV_I64, info.curve_length, 2);
    snprintf(path, sizeof path, "%s/curve_sumsq", group);
    if (st == GV_OK && error_of_mean != NULL)
        st = gv_file_array(f, path, &want, &squares, err);
    if (st != GV_OK)
        return st;
    const int64_t *sum = sums, *wide = squares;
    const long double worlds = (long double)info.n_worlds;
    for (int64_t t = 0; t < info.curve_length; t++) {
        const long double total = (long double)sum[t];
        mean[t] = (double)(total / worlds);
        if (error_of_mean == NULL)
            continue;
        const long double square =
            (long double)wide[2 * t] * 0x1p64L + (long double)(uint64_t)wide[2 * t + 1];
        const long double spread = square - total * total / worlds;
        error_of_mean[t] = info.n_worlds > 1 && spread > 0.0L
                               ? (double)sqrtl(spread / ((worlds - 1.0L) * worlds))
                               : 0.0;
    }
    return GV_OK;
}

/* The edges that pushes looked at, if it was pushes. */
static gv_status look_at_pushes(gv_file *f, const char *group, gv_ppr_info *info, gv_error *err)
{
    char path[PATH_CHARS];
    const void *data = NULL;
    info->pushes = length_of(f, group, "edges") >= 0;
    info->largest_edges = 0;
    if (!info->pushes)
        return GV_OK;
    const gv_h5_shape want = gv_h5_vector(GV_I64, info->n_columns);
    snprintf(path, sizeof path, "%s/edges", group);
    const gv_status st = gv_file_array(f, path, &want, &data, err);
    for (int64_t c = 0; c < info->n_columns && st == GV_OK; c++)
        if (((const int64_t *)data)[c] > info->largest_edges)
            info->largest_edges = ((const int64_t *)data)[c];
    return st;
}

GV_API gv_status gv_file_ppr(gv_file *f, int64_t i, gv_ppr_info *info, gv_error *err)
{
    char group[GROUP_CHARS], path[PATH_CHARS];
    const void *iterations = NULL, *converged = NULL, *residual = NULL;
    gv_status st = group_at(f, "/ppr", i, info->name, group, err);
    if (st != GV_OK)
        return st;
    const int64_t n = length_of(f, group, "iterations");
    if (n < 0)
        return gv_fail(err, GV_ERR_DATA, "%s: %s/iterations: is missing", gv_h5_path(f->h5), group);
    gv_h5_shape want = gv_h5_vector(GV_I32, n);
    snprintf(path, sizeof path, "%s/iterations", group);
    st = gv_file_array(f, path, &want, &iterations, err);
    want.type = GV_I16;
    snprintf(path, sizeof path, "%s/converged", group);
    if (st == GV_OK)
        st = gv_file_array(f, path, &want, &converged, err);
    want.type = GV_F64;
    snprintf(path, sizeof path, "%s/residual", group);
    if (st == GV_OK)
        st = gv_file_array(f, path, &want, &residual, err);
    if (st != GV_OK)
        return st;
    info->n_columns = n;
    info->n_converged = 0;
    info->least_iterations = n > 0 ? INT32_MAX : 0, info->most_iterations = 0;
    info->largest_residual = 0.0;
    for (int64_t c = 0; c < n; c++) {
        const int32_t sweeps = ((const int32_t *)iterations)[c];
        info->n_converged += ((const int16_t *)converged)[c] != 0;
        info->least_iterations = sweeps < info->least_iterations ? sweeps : info->least_iterations;
        info->most_iterations = sweeps > info->most_iterations ? sweeps : info->most_iterations;
        info->largest_residual = fmax(info->largest_residual, ((const double *)residual)[c]);
    }
    return look_at_pushes(f, group, info, err);
}
