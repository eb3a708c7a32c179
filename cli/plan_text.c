/* plan_text.c -- a plan as a tree: phases, and in each what begins there. */
#include <inttypes.h>
#include <string.h>

#include "cli/plan.h"

static const double mib = 1048576.0;

static void size_text(int64_t bytes, char *text, size_t size)
{
    if (bytes < INT64_C(1) << 34)
        snprintf(text, size, "%.1f MiB", (double)bytes / mib);
    else
        snprintf(text, size, "%.1f GiB", (double)bytes / (1024.0 * mib));
}

static void time_text(double seconds, char *text, size_t size)
{
    if (seconds < 0.05)
        snprintf(text, size, "%s", "");
    else if (seconds < 120.0)
        snprintf(text, size, "%.1f s", seconds);
    else if (seconds < 7200.0)
        snprintf(text, size, "%.0f min", seconds / 60.0);
    else
        snprintf(text, size, "%.1f h", seconds / 3600.0);
}

static const char *kind_text(gv_plan_kind kind)
{
    static const char *const text[] = {"", "not in the budget", "temporary disk", "output",
                                       "not touched"};
    return text[kind];
}

static void print_item(const gv_plan *plan, const gv_plan_item *i)
{
    char size[32], until[2 * GV_PLAN_NAME_CHARS] = "";
    size_text(i->bytes, size, sizeof size);
    const char *kind = kind_text(i->kind);
    if (i->last == INT32_MAX)
        snprintf(until, sizeof until, "to the end");
    else if (i->last > i->first)
        snprintf(until, sizeof until, "until %s", gv_plan_phase_at(plan, i->last).name);
    printf("    %-44s %14s  %s%s%s\n", i->name, size, until,
           *until != '\0' && *kind != '\0' ? ", " : "", kind);
}

static void print_phase(const gv_plan *plan, int32_t p)
{
    char size[32], time[32];
    const gv_plan_phase phase = gv_plan_phase_at(plan, p);
    size_text(phase.resident, size, sizeof size);
    time_text(phase.seconds, time, sizeof time);
    printf("  %-46s %14s  %s\n", phase.name, size, time);
    for (int32_t i = 0; i < gv_plan_items(plan); i++) {
        const gv_plan_item item = gv_plan_item_at(plan, i);
        if (item.first == p)
            print_item(plan, &item);
    }
}

int cli_plan_print(cli_session *s, const gv_plan *plan)
{
    char size[32], bytes[32], budget[32], time[32];
    const gv_plan_sums sums = gv_plan_sum(plan);
    const int64_t limit = s->budget;
    printf("plan of %s, %" PRId32 " threads\n", s->command->name, gv_context_threads(s->ctx));
    for (int32_t p = 0; p < gv_plan_phases(plan); p++)
        print_phase(plan, p);
    size_text(sums.resident, size, sizeof size);
    printf("peak: %s (%s bytes) in: %s\n", size, cli_thousands(sums.resident, bytes),
           gv_plan_phase_at(plan, sums.widest).name);
    size_text(sums.memory, size, sizeof size);
    size_text(limit, budget, sizeof budget);
    printf("budget: %s (%s bytes) of %s\n", size, cli_thousands(sums.memory, bytes),
           limit > 0 ? budget : "no limit");
    size_text(sums.disk, size, sizeof size);
    printf("temporary disk: %s (%s bytes)\n", size, cli_thousands(sums.disk, bytes));
    size_text(sums.output, size, sizeof size);
    printf("output: %s (%s bytes)\n", size, cli_thousands(sums.output, bytes));
    size_text(sums.space, size, sizeof size);
    printf("disk at a time: %s (%s bytes)\n", size, cli_thousands(sums.space, bytes));
    time_text(sums.seconds, time, sizeof time);
    printf("time: about %s\n", *time != '\0' ? time : "0.1 s or less");
    s->planned_peak = sums.resident > s->planned_peak ? sums.resident : s->planned_peak;
    s->planned_memory = sums.memory > s->planned_memory ? sums.memory : s->planned_memory;
    s->planned_disk = sums.disk > s->planned_disk ? sums.disk : s->planned_disk;
    const int64_t space = s->planned_output + sums.space;
    s->planned_space = space > s->planned_space ? space : s->planned_space;
    s->planned_output += sums.output;
    s->planned_seconds += sums.seconds;
    if (limit == 0 || sums.memory <= limit)
        return CLI_OK;
    return cli_fail_text(s, CLI_NO_FIT,
                         "the plan does not fit: it needs %s bytes, the budget is %s",
                         cli_thousands(sums.memory, bytes), cli_thousands(limit, budget));
}
