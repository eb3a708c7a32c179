/* bench.h -- the harness of the benchmarks: trials, medians, comparison in turns, JSON lines.
 *
 * Running out of memory, a library error or a wrong word ends the program with a line on stderr. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "grapevine/error.h"

enum { BENCH_TRIALS = 16, BENCH_MOST_TRIALS = 256 };

/* What the trials of a program have in common: the head of each of its lines. */
typedef struct bench_run {
    FILE *to;          /* where lines go */
    const char *bench; /* name of the program, without "bench_" */
    const char *graph; /* or other input */
    int64_t n, m;      /* nodes and edges; rows of a table */
    int64_t threads, seed;
    int64_t trials;  /* in [1, BENCH_MOST_TRIALS] */
    int64_t warm_up; /* trials before them that do not count, >= 0 */
} bench_run;

/* One trial: does the work once and returns the seconds that count. */
typedef double bench_trial(void *arg);

/* Something to be measured. */
typedef struct bench_case {
    const char *name;
    bench_trial *trial;
    void *arg;
    double work;       /* done in one trial; 0 leaves the rate out of the line */
    const char *unit;  /* of `work`: "edges", "bytes" */
    const char *extra; /* more members of the line, "\"kernel\": \"sliced\""; NULL for none */
} bench_case;

typedef struct bench_sample {
    int64_t n;
    double value[BENCH_MOST_TRIALS];
    double processor[BENCH_MOST_TRIALS]; /* seconds of all threads in a whole trial: on a busy
                                            machine they say more than the clock on the wall */
} bench_sample;

/* To be called first: refuses builds with assertions or sanitizers and without optimisation, and
 * notes how busy the machine is. Returns a run with the defaults: BENCH_TRIALS after one to warm
 * up, two threads, seed 1, lines to stdout. */
bench_run bench_begin(const char *bench);

/* Why this build's times mean nothing, or NULL. */
const char *bench_refusal(void);

/* Seconds on a steady clock, and seconds that all threads of the process have computed. */
double bench_now(void);
double bench_processor(void);

double bench_median(const double *value, int64_t n); /* n in [1, BENCH_MOST_TRIALS] */
double bench_minimum(const double *value, int64_t n);

/* Runs the trials of a case and prints its line. `out` may be NULL. */
void bench_measure(const bench_run *r, const bench_case *c, bench_sample *out);

/* Runs two cases in turns, so that both see the same weather, and prints a line each; the second
 * says how many times as fast as the first it is. Returns that ratio of medians. */
double bench_compare(const bench_run *r, const bench_case *base, const bench_case *fast);

/* ---- lines of JSON ---- */

/* Starts a line: what the run, the build and the machine are. Further members begin with ", ". */
void bench_line_begin(const bench_run *r, const char *figure);
void bench_line_text(const bench_run *r, const char *name, const char *text);
void bench_line_int(const bench_run *r, const char *name, int64_t value);
void bench_line_real(const bench_run *r, const char *name, double value); /* null unless finite */
void bench_line_end(const bench_run *r);

/* Text in quotes, with what JSON forbids in them escaped. */
void bench_quote(FILE *to, const char *text);

/* The machine as one JSON object: CPU, cores, caches, memory, kernel, load when the run began. */
void bench_machine_note_load(void);
void bench_machine_print(FILE *to);

/* ---- words of the command line, NAME=VALUE ---- */

/* Where a value goes: exactly one of the pointers is set. */
typedef struct bench_word {
    const char *name;
    const char **text;
    int64_t *number;
    double *real;
} bench_word;

/* Ends the program unless trials and threads are in range. */
void bench_check_trials(const bench_run *r);

void bench_words(const char *program, int argc, char **argv, const bench_word *word,
                 size_t n_words);

/* ---- ends of the program ---- */

void *bench_room(int64_t count, size_t size); /* zeros; to be freed with free() */
void bench_check(gv_status st, const gv_error *err);

#endif
