/* export.c -- tables as tab-separated text: rows are formatted in blocks, in parallel, and written
 * in order. So the text does not depend on threads, and tens of millions of rows take seconds. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "io/info_file.h"

enum { ROWS = 4096, BLOCKS_PER_THREAD = 4 };

/* ---- values ---------------------------------------------------------------------------------- */

char *gv_put_int(char *to, int64_t value)
{
    char digits[24];
    int n = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *to++ = '-';
    while (n > 0)
        *to++ = digits[--n];
    return to;
}

/* n / 10^decimals without trailing zeros. */
static char *put_fixed(char *to, int64_t n, int decimals)
{
    for (; decimals > 0 && n % 10 == 0; decimals--)
        n /= 10;
    int64_t unit = 1;
    for (int i = 0; i < decimals; i++)
        unit *= 10;
    to = gv_put_int(to, n / unit);
    if (decimals == 0)
        return to;
    *to++ = '.';
    int64_t rest = n % unit;
    for (int i = decimals; i > 0; i--, rest /= 10)
        to[i - 1] = (char)('0' + rest % 10);
    return to + decimals;
}

/* Tries 6 to 9 digits by scaling, which takes a tenth of the time of printing and reading back. A
 * candidate counts when it lies well within the values that are rounded to this float; with 9
 * digits one always does. NULL when there is none, or x is outside [10^-4, 10^6). */
static char *put_common_f32(char *to, float x)
{
    static const double power[] = {1e0, 1e1, 1e2, 1e3,  1e4,  1e5, 1e6,
                                   1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
    const double v = (double)x;
    if (!(v >= 1e-4 && v < 1e6))
        return NULL;
    int whole = -3; /* digits before the point; below 0 zeros behind it */
    while (v >= (whole < 0 ? 1.0 / power[-whole] : power[whole]))
        whole++;
    for (int digits = 6; digits <= 9; digits++) {
        const int decimals = digits - whole;
        const int64_t n = (int64_t)(v * power[decimals] + 0.5);
        const double back = (double)n / power[decimals], slack = back * 1e-15;
        if ((float)(back - slack) == x && (float)(back + slack) == x)
            return put_fixed(to, n, decimals);
    }
    return NULL;
}

char *gv_put_f32(char *to, float value)
{
    int n = 0;
    char *end = put_common_f32(to, value);
    if (end != NULL)
        return end;
    for (int digits = 6; digits <= 9; digits++) {
        n = snprintf(to, GV_NUMBER_CHARS, "%.*g", digits, (double)value);
        if (digits == 9 || strtof(to, NULL) == value)
            break;
    }
    return isnan(value) ? to : to + n; /* nobody's value: an empty field */
}

char *gv_put_f64(char *to, double value)
{
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(to, GV_NUMBER_CHARS, "%.*g", digits, value);
        if (digits == 17 || strtod(to, NULL) == value)
            break;
    }
    return isnan(value) ? to : to + n;
}

char *gv_put_text(char *to, const char *text, int32_t width)
{
    for (int32_t i = 0; i < width && text[i] != '\0'; i++)
        *to++ = (unsigned char)text[i] < ' ' ? ' ' : text[i];
    return to;
}

/* ---- rows ------------------------------------------------------------------------------------ */

typedef struct batch {
    gv_format_fn *format;
    const void *arg;
    int64_t first, n; /* rows of the batch */
    int64_t room;     /* bytes of a block's text */
    char *text;       /* [blocks][room] */
    int64_t *bytes;   /* [blocks] */
} batch;

static void format_block(void *arg, int64_t b)
{
    const batch *t = arg;
    const int64_t begin = b * ROWS, left = t->n - begin;
    const int64_t end = begin + (left < ROWS ? left : ROWS);
    t->bytes[b] = t->format(t->arg, t->first + begin, t->first + end, t->text + b * t->room);
}

static gv_status hand_over(gv_row_writer *w, const char *text, int64_t bytes, gv_error *err)
{
    if (bytes > 0 && !w->write(w->data, text, bytes))
        return gv_fail(err, GV_ERR_IO, "writing the table failed");
    return GV_OK;
}

gv_status gv_write_text(gv_row_writer *w, const char *text, gv_error *err)
{
    return hand_over(w, text, (int64_t)strlen(text), err);
}

gv_status gv_write_rows(gv_row_writer *w, int64_t n, int64_t max_bytes, gv_format_fn *format,
                        const void *arg, gv_error *err)
{
    const int64_t blocks = (int64_t)gv_context_threads(w->ctx) * BLOCKS_PER_THREAD;
    batch t = {.format = format, .arg = arg, .room = ROWS * max_bytes};
    t.text = gv_alloc(w->ctx, blocks, (size_t)t.room);
    t.bytes = gv_alloc(w->ctx, blocks, sizeof *t.bytes);
    gv_status st =
        t.text != NULL && t.bytes != NULL ? GV_OK : gv_no_memory(w->ctx, "lines of text", err);
    while (st == GV_OK && t.first < n) {
        const int64_t left = n - t.first;
        t.n = left < blocks * ROWS ? left : blocks * ROWS;
        const int64_t used = (t.n + ROWS - 1) / ROWS;
        gv_parallel_for(w->ctx, used, format_block, &t);
        for (int64_t b = 0; st == GV_OK && b < used; b++)
            st = hand_over(w, t.text + b * t.room, t.bytes[b], err);
        t.first += t.n;
    }
    gv_free(w->ctx, t.bytes);
    gv_free(w->ctx, t.text);
    w->rows += st == GV_OK ? n : 0;
    return st;
}

/* ---- which table ----------------------------------------------------------------------------- */

/* Groups of `group` as "TABLE/NAME"; with `array` those that have it. */
static void name_group(const gv_file *f, const char *group, const char *table, const char *array,
                       char *list, size_t room)
{
    char name[64], path[256];
    for (int64_t i = 0; gv_file_child(f, group, i, name, sizeof name); i++) {
        const size_t at = strlen(list);
        snprintf(path, sizeof path, "%s/%s/%s", group, name, array != NULL ? array : "");
        if (array == NULL || gv_file_find(f, path) != NULL)
            snprintf(list + at, room - at, "%s%s/%s", at > 0 ? ", " : "", table, name);
    }
}

enum { ROOM = 16384 }; /* for the names of the tables of a file */

/* "influencers, prospects, cascade/default" into list [ROOM]; returns it. */
static char *name_tables(const gv_file *f, char *list)
{
    list[0] = '\0';
    if (f->info.kind == GV_FILE_GRAPH)
        snprintf(list, ROOM, "edges, nodes");
    if (f->info.kind != GV_FILE_RESULTS)
        return list;
    snprintf(list, ROOM, "%s%s%s", f->info.has_influencers ? "influencers" : "",
             f->info.has_influencers && f->info.has_prospects ? ", " : "",
             f->info.has_prospects ? "prospects" : "");
    name_group(f, "/cascade", "cascade", NULL, list, ROOM);
    name_group(f, "/cascade", "spreads", "spread", list, ROOM);
    name_group(f, "/cascade", "activations", "activation_count", list, ROOM);
    name_group(f, "/cascade", "marginals", "seed_marginal_sum", list, ROOM);
    name_group(f, "/topk", "topk", NULL, list, ROOM);
    return list;
}

/* Whether `name` is one of the comma-separated `list`. */
static bool is_listed(const char *list, const char *name)
{
    const size_t n = strlen(name);
    for (const char *at = list; *at != '\0';) {
        const size_t length = strcspn(at, ",");
        if (length == n && memcmp(at, name, n) == 0)
            return true;
        at += length;
        at += strspn(at, ", ");
    }
    return false;
}

GV_API gv_status gv_file_export(gv_file *f, const char *table, int32_t topic, gv_write_fn *write,
                                void *data, int64_t *n_rows, gv_error *err)
{
    static const char *const named[] = {"cascade", "spreads", "activations", "marginals", "topk"};
    char list[ROOM], full[96];
    gv_row_writer w = {f->ctx, write, data, 0};
    bool brief = false;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        brief |= strcmp(table, named[i]) == 0;
    snprintf(full, sizeof full, "%.80s%s", table, brief ? "/default" : "");
    if (!is_listed(name_tables(f, list), full))
        return gv_fail(err, GV_ERR_ARG, "%s: has no table '%.80s'%s%.300s", gv_h5_path(f->h5),
                       table, list[0] != '\0' ? "; its tables: " : "", list);
    if (topic >= 0 && gv_file_need_topic(f, topic, err) != GV_OK)
        return GV_ERR_RANGE;
    gv_status st = GV_OK;
    if (f->info.kind == GV_FILE_GRAPH)
        st = topic >= 0 ? gv_fail(err, GV_ERR_ARG, "%s: a graph has no topics", gv_h5_path(f->h5))
                        : gv_export_graph(f, full, &w, err);
    else
        st = gv_export_results(f, full, topic, &w, err);
    if (n_rows != NULL)
        *n_rows = w.rows;
    return st;
}
