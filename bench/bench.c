/* bench.c -- see bench.h. */
#include "bench.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "grapevine/version.h"

#ifndef BENCH_REVISION
#define BENCH_REVISION "unknown"
#endif

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown"
#endif

#if defined(__has_feature)
#define HAS_FEATURE(what) __has_feature(what)
#else
#define HAS_FEATURE(what) 0
#endif

const char *bench_refusal(void)
{
#if !defined(NDEBUG)
    return "assertions are on: build with the release preset";
#elif defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
    return "the address sanitizer is in: build with the release preset";
#elif defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
    return "the thread sanitizer is in: build with the release preset";
#elif !defined(__OPTIMIZE__)
    return "not optimised: build with the release preset";
#else
    return NULL;
#endif
}

bench_run bench_begin(const char *bench)
{
    const char *why = bench_refusal();
    if (why != NULL) {
        fprintf(stderr, "bench_%s: no figures from this build: %s\n", bench, why);
        exit(2);
    }
    bench_machine_note_load();
    return (bench_run){.to = stdout,
                       .bench = bench,
                       .graph = "",
                       .threads = 2,
                       .seed = 1,
                       .trials = BENCH_TRIALS,
                       .warm_up = 1};
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_now(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double bench_processor(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* ---- order statistics ------------------------------------------------------------------------ */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(const double *value, int64_t n)
{
    double sorted[BENCH_MOST_TRIALS];
    memcpy(sorted, value, (size_t)n * sizeof *value);
    qsort(sorted, (size_t)n, sizeof *sorted, by_size);
    return n % 2 != 0 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]);
}

double bench_minimum(const double *value, int64_t n)
{
    double least = value[0];
    for (int64_t i = 1; i < n; i++)
        least = value[i] < least ? value[i] : least;
    return least;
}

/* ---- lines ----------------------------------------------------------------------------------- */

void bench_quote(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c < 0x20)
            fprintf(to, "\\u%04x", c);
        else
            fputc(c, to);
    }
    fputc('"', to);
}

void bench_line_text(const bench_run *r, const char *name, const char *text)
{
    fprintf(r->to, ", \"%s\": ", name);
    bench_quote(r->to, text);
}

void bench_line_int(const bench_run *r, const char *name, int64_t value)
{
    fprintf(r->to, ", \"%s\": %" PRId64, name, value);
}

void bench_line_real(const bench_run *r, const char *name, double value)
{
    if (isfinite(value))
        fprintf(r->to, ", \"%s\": %.6g", name, value);
    else
        fprintf(r->to, ", \"%s\": null", name);
}

void bench_line_begin(const bench_run *r, const char *figure)
{
    fputs("{\"bench\": ", r->to);
    bench_quote(r->to, r->bench);
    bench_line_text(r, "figure", figure);
    bench_line_text(r, "graph", r->graph);
    bench_line_int(r, "n", r->n);
    bench_line_int(r, "m", r->m);
    bench_line_int(r, "threads", r->threads);
    bench_line_int(r, "seed", r->seed);
}

void bench_line_end(const bench_run *r)
{
    bench_line_text(r, "compiler", COMPILER);
    bench_line_text(r, "version", GV_VERSION);
    bench_line_text(r, "revision", BENCH_REVISION);
    fputs(", \"machine\": ", r->to);
    bench_machine_print(r->to);
    fputs("}\n", r->to);
    fflush(r->to);
}

static void print_case(const bench_run *r, const bench_case *c, const bench_sample *s)
{
    const double median = bench_median(s->value, s->n);
    bench_line_begin(r, c->name);
    bench_line_int(r, "trials", s->n);
    bench_line_real(r, "median", median);
    bench_line_real(r, "min", bench_minimum(s->value, s->n));
    bench_line_text(r, "unit", "s");
    if (c->work > 0.0) {
        bench_line_real(r, "rate", c->work / median);
        fprintf(r->to, ", \"rate_unit\": \"%s/s\"", c->unit);
    }
    bench_line_real(r, "processor", bench_median(s->processor, s->n));
    if (c->extra != NULL)
        fprintf(r->to, ", %s", c->extra);
}

/* ---- trials ---------------------------------------------------------------------------------- */

/* Trial t of a case; those below 0 do not count. */
static void run_trial(const bench_case *c, int64_t t, bench_sample *s)
{
    const double started = bench_processor(), value = c->trial(c->arg);
    if (t < 0)
        return;
    s->value[t] = value;
    s->processor[t] = bench_processor() - started;
}

void bench_measure(const bench_run *r, const bench_case *c, bench_sample *out)
{
    bench_sample s = {.n = r->trials};
    for (int64_t t = -r->warm_up; t < r->trials; t++)
        run_trial(c, t, &s);
    print_case(r, c, &s);
    bench_line_end(r);
    if (out != NULL)
        *out = s;
}

double bench_compare(const bench_run *r, const bench_case *base, const bench_case *fast)
{
    bench_sample a = {.n = r->trials}, b = {.n = r->trials}, ratio = {.n = r->trials};
    for (int64_t t = -r->warm_up; t < r->trials; t++) {
        run_trial(base, t, &a);
        run_trial(fast, t, &b);
        if (t >= 0)
            ratio.value[t] = a.value[t] / b.value[t];
    }
    const double times = bench_median(a.value, a.n) / bench_median(b.value, b.n);
    print_case(r, base, &a);
    bench_line_end(r);
    print_case(r, fast, &b);
    bench_line_text(r, "against", base->name);
    bench_line_real(r, "ratio", times);
    bench_line_real(r, "ratio_of_pairs", bench_median(ratio.value, ratio.n));
    bench_line_end(r);
    return times;
}

/* ---- words ----------------------------------------------------------------------------------- */

static _Noreturn void unknown_word(const char *program, const char *text, const bench_word *word,
                                   size_t n_words)
{
    fprintf(stderr, "%s: '%s' is not NAME=VALUE with a value that fits; names:", program, text);
    for (size_t i = 0; i < n_words; i++)
        fprintf(stderr, " %s", word[i].name);
    fputc('\n', stderr);
    exit(2);
}

static bool take(const bench_word *w, const char *value)
{
    char *end;
    if (w->text != NULL)
        *w->text = value;
    else if (w->number != NULL)
        *w->number = strtoll(value, &end, 10);
    else
        *w->real = strtod(value, &end);
    return w->text != NULL || (end != value && *end == '\0');
}

void bench_words(const char *program, int argc, char **argv, const bench_word *word, size_t n_words)
{
    for (int i = 1; i < argc; i++) {
        const size_t length = strcspn(argv[i], "=");
        size_t k = 0;
        while (k < n_words &&
               (strlen(word[k].name) != length || strncmp(word[k].name, argv[i], length) != 0))
            k++;
        if (k == n_words || argv[i][length] != '=' || !take(&word[k], argv[i] + length + 1))
            unknown_word(program, argv[i], word, n_words);
    }
}

void bench_check_trials(const bench_run *r)
{
    if (r->trials >= 1 && r->trials <= BENCH_MOST_TRIALS && r->threads >= 1 && r->threads <= 4096)
        return;
    fprintf(stderr, "bench_%s: trials must be in [1, %d], threads in [1, 4096]\n", r->bench,
            BENCH_MOST_TRIALS);
    exit(2);
}

/* ---- ends ------------------------------------------------------------------------------------ */

void *bench_room(int64_t count, size_t size)
{
    void *block = calloc((size_t)(count > 0 ? count : 1), size);
    if (block == NULL) {
        fprintf(stderr, "no memory for %" PRId64 " objects of %zu bytes\n", count, size);
        exit(EXIT_FAILURE);
    }
    return block;
}

void bench_check(gv_status st, const gv_error *err)
{
    if (st == GV_OK)
        return;
    fprintf(stderr, "%s\n", err->message);
    exit(EXIT_FAILURE);
}
