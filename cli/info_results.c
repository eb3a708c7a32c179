/* info_results.c -- results in words: arrays, the best influencers by topic, courses of cascades.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/info.h"

enum { LINE = 120, PER_LINE = 3, PLOT_LINES = 12, PLOT_WIDTH = 50, TOPIC_WIDTH = 24 };

/* ---- arrays ---------------------------------------------------------------------------------- */

/* "i1[8,1000]", and "mean" of a single number. */
static void shape(const gv_file_entry *e, char *text, size_t room)
{
    int at = snprintf(text, room, "%s", strrchr(e->path, '/') + 1);
    const bool single = e->rank == 0 || (e->rank == 1 && e->dims[0] == 1);
    for (int d = 0; !single && d < e->rank && at < (int)room; d++)
        at += snprintf(text + at, room - (size_t)at, d > 0 ? ",%" PRId64 : "[%" PRId64, e->dims[d]);
    if (!single && at < (int)room - 1)
        snprintf(text + at, room - (size_t)at, "]");
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Where the rows of a csr group are: the arrays along its entries say enough. */
static bool is_index(const gv_file_entry *e)
{
    const char *name = strrchr(e->path, '/') + 1;
    return strcmp(name, "indptr") == 0 || strcmp(name, "indices") == 0;
}

/* What every results file has; one line for all. */
static bool is_common(const gv_file_entry *e)
{
    return starts(e->path, "/nodes/") || starts(e->path, "/provenance/") ||
           starts(e->path, "/topics/");
}

static void common_arrays(const info_work *w)
{
    int n = 0;
    for (int64_t i = 0; i < w->info.n_entries; i++) {
        const gv_file_entry *e = gv_file_entry_at(w->f, i);
        if (is_common(e))
            fprintf(w->to, "%s%s", n++ == 0 ? "  " : " ", e->path);
    }
    if (n > 0)
        fputc('\n', w->to);
}

/* "/influence   i1[8,1000] rank[8,1000] ..." : a line for each group, broken at LINE columns. */
static void arrays(const info_work *w)
{
    char last[256] = "", text[320];
    int column = 0;
    for (int64_t i = 0; i < w->info.n_entries; i++) {
        const gv_file_entry *e = gv_file_entry_at(w->f, i);
        if (is_index(e) || is_common(e))
            continue;
        const size_t group = (size_t)(strrchr(e->path, '/') - e->path);
        const bool same = strlen(last) == group && memcmp(last, e->path, group) == 0;
        shape(e, text, sizeof text);
        if (!same)
            column =
                fprintf(w->to, "%s  %-17.*s", last[0] != '\0' ? "\n" : "", (int)group, e->path);
        else if (column + (int)strlen(text) > LINE)
            column = fprintf(w->to, "\n%19s", "");
        column += fprintf(w->to, " %s", text);
        snprintf(last, sizeof last, "%.*s", (int)group, e->path);
    }
    if (last[0] != '\0')
        fputc('\n', w->to);
    common_arrays(w);
}

/* ---- influencers ----------------------------------------------------------------------------- */

typedef struct widths {
    int topic, id, score, friends;
} widths;

static void widen(int *width, int have)
{
    if (have > *width)
        *width = have;
}

static widths measure(const info_work *w, const info_topic *list, int32_t n)
{
    widths width = {5, 1, 4, 1};
    char text[64];
    for (int32_t i = 0; i < n; i++) {
        widen(&width.topic, (int)strlen(gv_file_topic(w->f, list[i].topic)));
        for (int64_t k = 0; k < list[i].n_best; k++) {
            const gv_influencer *b = &list[i].best[k];
            widen(&width.id, (int)strlen(b->id));
            widen(&width.score, snprintf(text, sizeof text, "%.2f", b->score));
            widen(&width.friends, snprintf(text, sizeof text, "%d", b->friends));
        }
    }
    if (width.topic > TOPIC_WIDTH)
        width.topic = TOPIC_WIDTH;
    return width;
}

static void one_topic(const info_work *w, const info_topic *t, const widths *width)
{
    const int64_t cells = w->o->top < PER_LINE ? w->o->top : PER_LINE;
    char number[32];
    fprintf(w->to, "  %-*.*s", width->topic, width->topic, gv_file_topic(w->f, t->topic));
    for (int64_t k = 0; k < cells; k++) {
        const gv_influencer *b = &t->best[k];
        if (k < t->n_best)
            fprintf(w->to, "  %*s %*.2f (%*d)", width->id, b->id, width->score, b->score,
                    width->friends, b->friends);
        else
            fprintf(w->to, "  %*s", width->id + width->score + width->friends + 4, "");
    }
    if (w->truth != NULL && t->n_flagged > 0)
        fprintf(w->to, "  %5.1f %%  %.3f : %.3f",
                100.0 * (double)t->check.n_confirmed / (double)t->n_flagged, t->check.mean_flagged,
                t->check.mean_others);
    else
        fprintf(w->to, "  of %s", cli_thousands(t->n_flagged, number));
    for (int64_t k = cells; k < t->n_best; k++) {
        const gv_influencer *b = &t->best[k];
        if ((k - cells) % PER_LINE == 0)
            fprintf(w->to, "\n  %*s", width->topic, "");
        fprintf(w->to, "  %*s %*.2f (%*d)", width->id, b->id, width->score, b->score,
                width->friends, b->friends);
    }
    fputc('\n', w->to);
}

/* All topics together. */
static void confirmed(const info_work *w, const info_topic *list, int32_t n)
{
    int64_t flagged = 0, hits = 0, others = 0;
    double of_flagged = 0.0, of_others = 0.0;
    char number[32];
    for (int32_t i = 0; i < n; i++) {
        const gv_truth_check *c = &list[i].check;
        const int64_t rest = w->info.n_nodes - c->n_flagged;
        flagged += c->n_flagged, hits += c->n_confirmed, others += rest;
        of_flagged += c->n_flagged > 0 ? c->mean_flagged * (double)c->n_flagged : 0.0;
        of_others += rest > 0 ? c->mean_others * (double)rest : 0.0;
    }
    if (flagged == 0)
        return;
    fprintf(w->to, "precision of the top %.4g %%: %.1f %% of %s flagged are planted influencers",
            100.0 * w->info.quantile, 100.0 * (double)hits / (double)flagged,
            cli_thousands(flagged, number));
    if (others > 0 && of_others > 0.0)
        fprintf(w->to, ", true I1 %.1f x that of the others",
                of_flagged / (double)flagged / (of_others / (double)others));
    fputc('\n', w->to);
}

static int influencers(info_work *w)
{
    info_topic *list = NULL;
    int32_t n = 0;
    const int code = info_topics(w, &list, &n);
    if (code == CLI_OK && n > 0) {
        const widths width = measure(w, list, n);
        fprintf(w->to, "influencers by topic: id, expected direct buyers (friends)%s\n",
                w->truth != NULL ? "; planted ones among the flagged; true I1 flagged : others"
                                 : "; flagged");
        for (int32_t i = 0; i < n; i++)
            one_topic(w, &list[i], &width);
        if (w->truth != NULL)
            confirmed(w, list, n);
    }
    info_topics_free(list, n);
    return code;
}

/* ---- cascades and PageRank ------------------------------------------------------------------- */

/* Steps [begin, end); `rest`: and all steps to come. */
static void bar(const info_work *w, int64_t begin, int64_t end, bool rest, double value,
                double most)
{
    char step[64], hashes[PLOT_WIDTH + 1];
    const int length = most > 0.0 ? (int)(value / most * PLOT_WIDTH + 0.5) : 0;
    memset(hashes, '#', sizeof hashes);
    hashes[length] = '\0';
    snprintf(step, sizeof step, "%" PRId64, begin);
    if (rest)
        snprintf(step, sizeof step, "%" PRId64 "+", begin);
    else if (end > begin + 1)
        snprintf(step, sizeof step, "%" PRId64 "-%" PRId64, begin, end - 1);
    fprintf(w->to, "  %7s %12.2f%s%s\n", step, value, length > 0 ? "  " : "", hashes);
}

static double sum(const double *value, int64_t begin, int64_t end)
{
    double total = 0.0;
    for (int64_t t = begin; t < end; t++)
        total += value[t];
    return total;
}

/* A line for a step, or for several where the curve is long: the steps that hold 99.9 % of the
 * active consumers get all lines but the last, which is for the rest. */
static void plot(const info_work *w, const double *mean, int64_t length)
{
    const double all = sum(mean, 0, length);
    int64_t steps = 0;
    while (steps < length && sum(mean, 0, steps) < 0.999 * all)
        steps++;
    const int64_t most_lines = PLOT_LINES - 1;
    const int64_t width = steps > most_lines ? (steps + most_lines - 1) / most_lines : 1;
    const int64_t lines = (steps + width - 1) / width;
    double most = 0.0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i <= lines; i++) {
            const int64_t begin = i * width;
            const int64_t end = i == lines || begin + width > length ? length : begin + width;
            const double value = sum(mean, begin, end);
            if (pass == 0)
                most = value > most ? value : most;
            else if (begin < end)
                bar(w, begin, end, i == lines && end > begin + width, value, most);
        }
}

static int cascade(const info_work *w, int64_t i)
{
    gv_error err;
    gv_cascade_info c;
    char a[32], b[32];
    if (gv_file_cascade(w->f, i, &c, &err) != GV_OK)
        return cli_fail(w->s, &err);
    double *mean = calloc((size_t)c.curve_length + 1, sizeof *mean);
    if (mean == NULL)
        return cli_fail_text(w->s, CLI_NO_RESOURCES, "out of memory");
    int code = CLI_OK;
    if (gv_file_curve(w->f, i, mean, NULL, &err) != GV_OK) {
        code = cli_fail(w->s, &err);
    } else {
        fprintf(w->to, "cascade %s: %s seed%s to ", c.name, cli_thousands(c.n_seeds, a),
                c.n_seeds == 1 ? " spreads" : "s spread");
        if (c.n_worlds > 1)
            fprintf(w->to, "%.2f +- %.2g consumers, mean of %s worlds", c.mean, c.stderr_mean,
                    cli_thousands(c.n_worlds, b));
        else
            fprintf(w->to, "%.0f consumers in one world", c.mean);
        if (c.has_value && c.n_worlds == 1)
            fprintf(w->to, "; worth %.4g", c.value_mean);
        else if (c.has_value)
            fprintf(w->to, "; worth %.4g +- %.2g", c.value_mean, c.value_stderr);
        fprintf(w->to, "%s\n", c.curve_length > 0 ? "; newly active by step:" : "");
        plot(w, mean, c.curve_length);
    }
    free(mean);
    return code;
}

static int ppr(const info_work *w, int64_t i)
{
    gv_error err;
    gv_ppr_info p;
    if (gv_file_ppr(w->f, i, &p, &err) != GV_OK)
        return cli_fail(w->s, &err);
    if (p.pushes) {
        char edges[32];
        fprintf(w->to,
                "ppr %s: %" PRId64 " columns, pushes over up to %s edges each, %" PRId64
                " certified\n",
                p.name, p.n_columns, cli_thousands(p.largest_edges, edges), p.n_converged);
        return CLI_OK;
    }
    fprintf(w->to,
            "ppr %s: %" PRId64 " columns, %d to %d sweeps, %" PRId64 " converged, error at most "
            "%.2g\n",
            p.name, p.n_columns, p.least_iterations, p.most_iterations, p.n_converged,
            p.largest_residual);
    return CLI_OK;
}

int info_results_text(info_work *w)
{
    char a[32], b[32];
    fprintf(w->to, "%s: results about %s consumers and %s edges, graph %s, seed %" PRId64 "\n",
            w->o->file, cli_thousands(w->info.n_nodes, a), cli_thousands(w->info.n_edges, b),
            w->info.graph_hash, w->info.seed);
    if (w->topic < 0)
        arrays(w);
    int code = influencers(w);
    if (w->topic >= 0)
        return code;
    for (int64_t i = 0; i < w->info.n_ppr && code == CLI_OK; i++)
        code = ppr(w, i);
    for (int64_t i = 0; i < w->info.n_cascades && code == CLI_OK; i++)
        code = cascade(w, i);
    return code;
}
