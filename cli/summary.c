/* summary.c -- the table at the end of a job: what each stage took, and how near it came to what
 * the memory gives.
 *
 * Bytes moved are those that a stage cannot do without: each edge, value and row as often as its
 * sweeps and passes ask for it. What caches save and what scattered access wastes is not in them.
 * The limit is the rate at which the same threads read the job's own edges in order. */
#include "cli/session.h"

#include <sys/resource.h>
#include <sys/stat.h>

double cli_peak_gib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / (1024.0 * 1024.0);
}

void cli_stage_moved(cli_session *s, double bytes)
{
    if (s->n_stages > 0)
        s->stage[s->n_stages - 1].moved = bytes;
}

double cli_file_bytes(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? (double)info.st_size : 0.0;
}

static void print_stage(const cli_session *s, const cli_stage *stage, double limit)
{
    char moved[64] = "", amount[32];
    const double rate = stage->seconds > 0.0 ? stage->moved / stage->seconds : 0.0;
    if (stage->moved > 0.0 && limit > 0.0)
        snprintf(moved, sizeof moved, "%9.2f GB %6.2f GB/s %5.1f %%", stage->moved / 1e9,
                 rate / 1e9, 100.0 * rate / limit);
    else if (stage->moved > 0.0)
        snprintf(moved, sizeof moved, "%9.2f GB %6.2f GB/s %7s", stage->moved / 1e9, rate / 1e9,
                 "");
    cli_say(s, "  %-14s %9.2f s %16s %-12s %-31s %7.2f GiB", stage->name, stage->seconds,
            cli_thousands((int64_t)stage->work, amount), stage->unit, moved, stage->peak);
}

void cli_summary(cli_session *s, double seconds)
{
    const bool any = s->n_stages > 0 && s->common.progress != CLI_PROGRESS_NONE;
    const double limit = any && s->graph != NULL ? gv_graph_read_rate(s->ctx, s->graph) : 0.0;
    if (any)
        cli_say(s, "  %-14s %11s %29s %31s %11s", "stage", "time", "work",
                "moved, rate, of the limit", "peak so far");
    for (int i = 0; i < s->n_stages && any; i++)
        print_stage(s, &s->stage[i], limit);
    if (limit > 0.0)
        cli_say(s, "  limit: %.2f GB/s, the graph's edges read in order by %d threads", limit / 1e9,
                gv_context_threads(s->ctx));
    cli_say(s, "%-10s %8.2f s", "all", seconds);
}
