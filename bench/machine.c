/* machine.c -- what the figures were taken on, as /proc and /sys tell it. Whatever they do not tell
 * is left out. */
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"

enum { LINE = 512, MOST_CACHES = 8 };

/* How busy the machine was when the run began: the harness's own note, taken once. */
static double load_at_start[3] = {-1.0, -1.0, -1.0};

void bench_machine_note_load(void)
{
    if (getloadavg(load_at_start, 3) != 3)
        load_at_start[0] = -1.0;
}

/* The value behind "key" and a colon in a file of such lines, or the first line where key is NULL;
 * without blanks around it. */
static bool find(const char *path, const char *key, char *value)
{
    char line[LINE];
    bool found = false;
    FILE *f = fopen(path, "r");
    while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
        const char *from = line;
        if (key != NULL) {
            if (strncmp(line, key, strlen(key)) != 0 || (from = strchr(line, ':')) == NULL)
                continue;
            from++;
        }
        from += strspn(from, " \t");
        snprintf(value, LINE, "%.*s", (int)strcspn(from, "\n"), from);
        found = true;
    }
    if (f != NULL)
        fclose(f);
    return found;
}

static int cores_allowed(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
}

/* "L1d": "48K", "L2": ... of the first core. */
static void print_caches(FILE *to)
{
    char path[128], level[LINE], type[LINE], size[LINE];
    const char *separator = "";
    fputs(", \"caches\": {", to);
    for (int i = 0; i < MOST_CACHES; i++) {
        static const char folder[] = "/sys/devices/system/cpu/cpu0/cache/index";
        snprintf(path, sizeof path, "%s%d/level", folder, i);
        bool known = find(path, NULL, level);
        snprintf(path, sizeof path, "%s%d/type", folder, i);
        known = known && find(path, NULL, type);
        snprintf(path, sizeof path, "%s%d/size", folder, i);
        if (!known || !find(path, NULL, size))
            continue;
        const char *kind = strcmp(type, "Data") == 0          ? "d"
                           : strcmp(type, "Instruction") == 0 ? "i"
                                                              : "";
        fprintf(to, "%s\"L%.2s%s\": ", separator, level, kind);
        bench_quote(to, size);
        separator = ", ";
    }
    fputc('}', to);
}

void bench_machine_print(FILE *to)
{
    char text[LINE];
    struct utsname system;
    fputs("{\"cpu\": ", to);
    bench_quote(to, find("/proc/cpuinfo", "model name", text) ? text : "unknown");
    fprintf(to, ", \"cores\": %d, \"cores_online\": %ld", cores_allowed(),
            sysconf(_SC_NPROCESSORS_ONLN));
    print_caches(to);
    if (find("/proc/meminfo", "MemTotal", text))
        fprintf(to, ", \"memory_bytes\": %" PRId64, (int64_t)strtoll(text, NULL, 10) * 1024);
    if (uname(&system) == 0) {
        fputs(", \"kernel\": ", to);
        bench_quote(to, system.release);
    }
    if (load_at_start[0] >= 0.0)
        fprintf(to, ", \"load\": [%.2f, %.2f, %.2f]", load_at_start[0], load_at_start[1],
                load_at_start[2]);
    fputc('}', to);
}
