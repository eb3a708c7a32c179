/* evaluate_write.c -- the table of `grapevine evaluate`: on stdout for people, in a results file
 * for programs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/evaluate_work.h"

const char *const evaluate_row_name[EVALUATE_ROWS] = {
    "topic-aware", "topic-blind", "uniform", "degree", "pagerank", "klout", "planted"};

enum { NAME_CHARS = 16, MAX_BINS = EVALUATE_ROWS * GV_CALIBRATION_BINS };

/* "0.643", or "-" where there is no number. */
static const char *number(double x, char text[16])
{
    if (isnan(x))
        return "-";
    snprintf(text, 16, "%.3f", x);
    return text;
}

static void print_models(const evaluate_work *w)
{
    char a[16], b[16], c[16], d[16], e[16];
    printf("%-12s %9s  %-14s", "model", "auc", "95 % interval");
    if (w->truth != NULL)
        printf(" %9s %11s %15s", "precision", "correlation", "i1 in / others");
    printf("\n");
    for (int32_t i = 0; i < w->n_rows; i++) {
        const evaluate_row *row = &w->row[i];
        printf("%-12s %9s  %s %s", evaluate_row_name[row->kind], number(row->auc.auc, a),
               number(row->auc.lo, b), number(row->auc.hi, c));
        if (w->truth != NULL) {
            printf("    %9s %11s", number(row->precision, a), number(row->correlation, b));
            if (!isnan(row->precision))
                printf("   %s / %s", number(row->true_flagged, d), number(row->true_others, e));
        }
        printf("\n");
    }
}

static void print_calibration(const evaluate_work *w)
{
    const gv_auc *auc = &w->row[0].auc;
    printf("\ncalibration of %s\n%12s %12s %12s\n", evaluate_row_name[EVALUATE_AWARE], "records",
           "foreseen", "bought");
    for (int b = 0; b < GV_CALIBRATION_BINS; b++) {
        const gv_calibration *bin = &auc->bin[b];
        if (bin->records > 0)
            printf("%12lld %12.5f %12.5f\n", (long long)bin->records, bin->score,
                   (double)bin->positives / (double)bin->records);
    }
}

int evaluate_print(const evaluate_work *w)
{
    print_models(w);
    print_calibration(w);
    if (fflush(stdout) != 0 || ferror(stdout))
        return cli_fail_text(w->s, CLI_IO_ERROR, "standard output cannot be written");
    return CLI_OK;
}

/* ---- results file -------------------------------------------------------------------------- */

static gv_status put_models(const evaluate_work *w, gv_results *r, gv_error *err)
{
    char name[EVALUATE_ROWS][NAME_CHARS] = {{0}};
    double x[7][EVALUATE_ROWS];
    int64_t records[EVALUATE_ROWS], positives[EVALUATE_ROWS];
    for (int32_t i = 0; i < w->n_rows; i++) {
        const evaluate_row *row = &w->row[i];
        const bool flags = !isnan(row->precision);
        snprintf(name[i], NAME_CHARS, "%s", evaluate_row_name[row->kind]);
        records[i] = row->auc.records, positives[i] = row->auc.positives;
        x[0][i] = row->auc.auc, x[1][i] = row->auc.lo, x[2][i] = row->auc.hi;
        x[3][i] = row->precision, x[4][i] = row->correlation;
        x[5][i] = flags ? row->true_flagged : NAN;
        x[6][i] = flags ? row->true_others : NAN;
    }
    const gv_table_column column[] = {
        {"model", GV_TEXT, NAME_CHARS, name}, {"auc", GV_F64, 0, x[0]},
        {"auc_lo", GV_F64, 0, x[1]},          {"auc_hi", GV_F64, 0, x[2]},
        {"records", GV_I64, 0, records},      {"positives", GV_I64, 0, positives},
        {"precision", GV_F64, 0, x[3]},       {"correlation", GV_F64, 0, x[4]},
        {"true_i1_flagged", GV_F64, 0, x[5]}, {"true_i1_others", GV_F64, 0, x[6]},
    };
    return gv_results_put_table(r, "/evaluate/models", "models and baselines", column,
                                w->truth != NULL ? 10 : 6, w->n_rows, err);
}

static gv_status put_calibration(const evaluate_work *w, gv_results *r, gv_error *err)
{
    char name[MAX_BINS][NAME_CHARS] = {{0}};
    double foreseen[MAX_BINS], bought[MAX_BINS];
    int64_t records[MAX_BINS];
    int64_t n = 0;
    for (int32_t i = 0; i < w->n_rows; i++)
        for (int b = 0; b < GV_CALIBRATION_BINS; b++) {
            const gv_calibration *bin = &w->row[i].auc.bin[b];
            if (bin->records == 0)
                continue;
            snprintf(name[n], NAME_CHARS, "%s", evaluate_row_name[w->row[i].kind]);
            records[n] = bin->records, foreseen[n] = bin->score;
            bought[n++] = (double)bin->positives / (double)bin->records;
        }
    const gv_table_column column[] = {
        {"model", GV_TEXT, NAME_CHARS, name},
        {"records", GV_I64, 0, records},
        {"foreseen", GV_F64, 0, foreseen},
        {"bought", GV_F64, 0, bought},
    };
    return gv_results_put_table(r, "/evaluate/calibration", "calibration", column, 4, n, err);
}

int evaluate_write(evaluate_work *w)
{
    gv_error err;
    gv_results *r;
    if (w->o->output == NULL)
        return CLI_OK;
    const int code = cli_results(w->s, &cmd_evaluate, w->o, w->o->output, w->g, &r);
    if (code != CLI_OK)
        return code;
    if (gv_results_put_topics(r, w->aware, &err) != GV_OK || put_models(w, r, &err) != GV_OK ||
        put_calibration(w, r, &err) != GV_OK ||
        gv_results_attr_i64(r, "/evaluate", "split", w->split, &err) != GV_OK ||
        gv_results_attr_f64(r, "/evaluate", "quantile", w->o->quantile, &err) != GV_OK)
        return cli_fail(w->s, &err);
    return cli_results_done(w->s);
}
