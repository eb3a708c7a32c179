/* progress.c -- a bar on a terminal, else log lines: one each 30 seconds, no more and no less. */
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/session.h"

static const double log_interval = 30.0, bar_interval = 0.2;

static double resident_gib(void)
{
    long pages = 0;
    FILE *from = fopen("/proc/self/statm", "r");
    const bool fine = from != NULL && fscanf(from, "%*d %ld", &pages) == 1;
    if (from != NULL)
        fclose(from);
    return fine ? (double)pages * (double)sysconf(_SC_PAGESIZE) / 0x1p30 : 0.0;
}

static bool wants_bar(const cli_session *s)
{
    return s->common.progress == CLI_PROGRESS_BAR ||
           (s->common.progress == CLI_PROGRESS_AUTO && isatty(STDERR_FILENO));
}

void cli_clear_bar(cli_session *s)
{
    if (s->bar_open)
        fprintf(stderr, "\r%78s\r", "");
    s->bar_open = false;
}

static void draw_bar(cli_session *s, const char *stage, double share, double elapsed)
{
    char bar[31];
    const int full = share >= 0.0 ? (int)(share * 30.0) : 0;
    for (int i = 0; i < 30; i++)
        bar[i] = i < full ? '#' : '.';
    bar[30] = '\0';
    fprintf(stderr, "\r%-16.16s [%s] %5.1f %%  %6.1f s ", stage, bar,
            share >= 0.0 ? 100.0 * share : 0.0, elapsed);
    fflush(stderr);
    s->bar_open = true;
}

static void log_line(const cli_session *s, double now)
{
    char utc[32];
    const time_t at = time(NULL);
    struct tm parts;
    gmtime_r(&at, &parts);
    strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%SZ", &parts);
    const double elapsed = now - s->stage_started, told = s->told_at - s->stage_started;
    const double rate = told > 0.0 ? (double)s->done / told : 0.0;
    char left[32] = "unknown";
    if (rate > 0.0 && s->total > 0)
        snprintf(left, sizeof left, "%.0f s", (double)(s->total - s->done) / rate);
    fprintf(stderr, "%s %.0f s %s %lld/%lld %.3g/s ETA %s RSS %.2f GiB peak %.2f GiB\n", utc,
            elapsed, s->shown_stage, (long long)s->done, (long long)s->total, rate, left,
            resident_gib(), cli_peak_gib());
}

bool cli_show_progress(void *data, const char *stage, int64_t done, int64_t total)
{
    cli_session *s = data;
    const double now = cli_seconds();
    if (s->checkpoint != NULL && gv_checkpoint_stopping(s->checkpoint))
        return false;
    if (s->common.progress == CLI_PROGRESS_NONE)
        return true;
    const bool bar = wants_bar(s);
    pthread_mutex_lock(&s->words);
    if (strcmp(s->shown_stage, stage) != 0 || done < s->done) { /* or it begins once more */
        snprintf(s->shown_stage, sizeof s->shown_stage, "%s", stage);
        s->stage_started = now;
    }
    s->done = done, s->total = total, s->told_at = now;
    if (now - s->last_shown >= (bar ? bar_interval : log_interval)) {
        s->last_shown = now;
        if (bar)
            draw_bar(s, stage, total > 0 ? (double)done / (double)total : -1.0,
                     now - s->stage_started);
        else
            log_line(s, now);
    }
    pthread_mutex_unlock(&s->words);
    return true;
}

/* ---- where nothing is told ------------------------------------------------------------------ */

/* Sorting, writing and other steps tell nothing by themselves: their last line is said again. */
static void *watch(void *data)
{
    cli_session *s = data;
    pthread_mutex_lock(&s->words);
    while (!s->watch_ends) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        pthread_cond_timedwait(&s->ends, &s->words, &until);
        const double now = cli_seconds();
        if (s->watch_ends || now - s->last_shown < log_interval + 1.0)
            continue;
        s->last_shown = now;
        log_line(s, now);
    }
    pthread_mutex_unlock(&s->words);
    return NULL;
}

void cli_watch_begin(cli_session *s)
{
    sigset_t all, before;
    snprintf(s->shown_stage, sizeof s->shown_stage, "start");
    s->stage_started = s->last_shown = s->told_at = cli_seconds();
    pthread_mutex_init(&s->words, NULL);
    pthread_cond_init(&s->ends, NULL);
    if (s->common.progress == CLI_PROGRESS_NONE || s->common.dry_run || wants_bar(s))
        return;
    sigfillset(&all); /* signals are for the main thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    s->watched = pthread_create(&s->watcher, NULL, watch, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void cli_watch_end(cli_session *s)
{
    pthread_mutex_lock(&s->words);
    s->watch_ends = true;
    pthread_cond_signal(&s->ends);
    pthread_mutex_unlock(&s->words);
    if (s->watched)
        pthread_join(s->watcher, NULL);
    pthread_cond_destroy(&s->ends);
    pthread_mutex_destroy(&s->words);
}
