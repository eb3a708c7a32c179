/* progress.c -- a bar on a terminal, else log lines, at most one each 30 seconds. */
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cli/session.h"

static const double log_interval = 30.0, bar_interval = 0.2;

static double resident_gib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / (1024.0 * 1024.0);
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

static void log_line(const char *stage, int64_t done, int64_t total, double elapsed)
{
    char utc[32];
    const time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%SZ", &parts);
    const double rate = elapsed > 0.0 ? (double)done / elapsed : 0.0;
    const double left = rate > 0.0 && total > 0 ? (double)(total - done) / rate : NAN;
    fprintf(stderr, "%s %.0f s %s %lld/%lld %.3g/s ETA %.0f s peak %.2f GiB\n", utc, elapsed, stage,
            (long long)done, (long long)total, rate, left, resident_gib());
}

bool cli_show_progress(void *data, const char *stage, int64_t done, int64_t total)
{
    cli_session *s = data;
    const double now = cli_seconds();
    if (s->checkpoint != NULL && gv_checkpoint_stopping(s->checkpoint))
        return false;
    if (s->common.progress == CLI_PROGRESS_NONE)
        return true;
    if (strcmp(s->shown_stage, stage) != 0) {
        snprintf(s->shown_stage, sizeof s->shown_stage, "%s", stage);
        s->stage_started = s->last_shown = now;
    }
    const bool bar = wants_bar(s);
    if (now - s->last_shown < (bar ? bar_interval : log_interval))
        return true;
    s->last_shown = now;
    const double elapsed = now - s->stage_started;
    if (bar)
        draw_bar(s, stage, total > 0 ? (double)done / (double)total : -1.0, elapsed);
    else
        log_line(stage, done, total, elapsed);
    return true;
}
