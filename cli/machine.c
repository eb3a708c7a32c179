/* machine.c -- threads, their binding, and memory, from options, environment and machine. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/session.h"

/* A number >= 1 of the environment, or 0. */
static int32_t number_of(const char *name)
{
    const char *text = getenv(name);
    char *end;
    const long long value = text != NULL ? strtoll(text, &end, 10) : 0;
    return text != NULL && end != text && *end == '\0' && value >= 1 && value <= 4096
               ? (int32_t)value
               : 0;
}

static int32_t smaller_bound(int32_t a, int32_t b)
{
    return a == 0 ? b : b == 0 || a < b ? a : b;
}

/* Threads are not asked for: at most what the queue and the control group give. */
static int32_t most_threads(const gv_limits *limits)
{
    const int32_t quota = limits->group_cpus > 0.0 ? (int32_t)ceil(limits->group_cpus) : 0;
    return smaller_bound(number_of("SLURM_CPUS_PER_TASK"), quota);
}

void cli_machine_options(const cli_common *common, gv_context_opts *o)
{
    const gv_limits limits = gv_limits_read("/");
    o->n_threads = (int32_t)common->threads;
    o->most_threads = most_threads(&limits);
    o->memory_limit = common->memory > 0 ? common->memory : limits.memory;
    o->placement = GV_PLACE_INTERLEAVE;
}

/* ---- binding --------------------------------------------------------------------------------- */

static bool user_binds(void)
{
    static const char *const name[] = {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY",
                                       "KMP_AFFINITY"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (getenv(name[i]) != NULL)
            return true;
    return false;
}

/* An OpenMP runtime reads its places before main() and may start threads anew at any parallel
 * region, so they are told to it, and not bound one by one. */
void cli_machine_bind(const cli_common *common, char **argv)
{
    static char places[GV_PLACES_CHARS];
    if (user_binds() || common->dry_run)
        return;
    gv_context_opts o = gv_context_defaults();
    cli_machine_options(common, &o);
    const int32_t threads = o.n_threads > 0 ? o.n_threads : gv_machine_threads(o.most_threads);
    if (threads < 2 || !gv_machine_places(threads, places, sizeof places))
        return;
    if (setenv("OMP_PLACES", places, 1) == 0 && setenv("OMP_PROC_BIND", "close", 1) == 0)
        execv("/proc/self/exe", argv);
    unsetenv("OMP_PLACES"); /* no such file system: threads stay free */
    unsetenv("OMP_PROC_BIND");
}

/* ---- words ----------------------------------------------------------------------------------- */

static void warn_of_one_cpu(const cli_session *s, const gv_machine *m)
{
    const int32_t given = number_of("SLURM_CPUS_PER_TASK");
    if (m->cpus != 1 || given < 2)
        return;
    cli_fail_text(s, 0,
                  "WARNING: this process may use 1 cpu, but the queue gave the task %" PRId32
                  ": srun does not pass --cpus-per-task on; give it to srun too, or export "
                  "SRUN_CPUS_PER_TASK=%" PRId32,
                  given, given);
}

static void cache_text(const char *name, int64_t bytes, char *text, size_t size)
{
    if (bytes <= 0)
        snprintf(text, size, "%s unknown", name);
    else if (bytes < 1 << 20)
        snprintf(text, size, "%s %" PRId64 " KiB", name, bytes >> 10);
    else
        snprintf(text, size, "%s %.3g MiB", name, (double)bytes / 1048576.0);
}

static void say_map(const cli_session *s, const gv_machine *m)
{
    char l1[32], l2[32], l3[32];
    const int64_t limit = s->budget;
    cache_text("L1", m->l1, l1, sizeof l1);
    cache_text("L2", m->l2, l2, sizeof l2);
    cache_text("L3", m->l3, l3, sizeof l3);
    cli_say(s,
            "machine: %" PRId32 " cores with %" PRId32 " cpus in %" PRId32 " packages and %" PRId32
            " memory nodes; caches %s, %s, %s",
            m->cores, m->cpus, m->packages, m->nodes, l1, l2, l3);
    if (m->bound > 0)
        cli_say(s, "threads: %" PRId32 ", bound to %" PRId32 " places %s",
                gv_context_threads(s->ctx), m->bound,
                getenv("OMP_PLACES") != NULL ? getenv("OMP_PLACES") : "");
    else
        cli_say(s, "threads: %" PRId32 ", not bound", gv_context_threads(s->ctx));
    if (limit > 0)
        cli_say(s, "memory budget: %.2f GiB", (double)limit / 1073741824.0);
    else
        cli_say(s, "memory budget: none");
}

void cli_machine_report(const cli_session *s)
{
    const bool asked = s->common.progress == CLI_PROGRESS_LOG;
    if (!asked && number_of("SLURM_CPUS_PER_TASK") < 2)
        return;
    const gv_machine m = gv_machine_look();
    warn_of_one_cpu(s, &m);
    if (asked)
        say_map(s, &m);
}
