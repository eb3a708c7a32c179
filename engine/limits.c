/* limits.c -- memory and processor limits of the control groups around this process.
 *
 * A process sits in a group, the group in others up to the root, and each may have a limit: the
 * tightest counts. In version 2 the groups are folders of sys/fs/cgroup; in version 1 each
 * controller has a tree of its own below that. A container often sees its own group as the root
 * while proc/self/cgroup still names the path outside, so folders that do not exist are passed
 * over. Pages of files that a group holds are given back under pressure, hence counted as free. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grapevine/machine.h"

enum { PATH_CHARS = 4096, FILE_CHARS = 16384 };

/* Version 1 says "no limit" by a number near 2^63. */
static const int64_t unlimited_from = INT64_C(1) << 60;

/* The names of one version of control groups. */
typedef struct dialect {
    const char *folder; /* of the tree below sys/fs/cgroup */
    const char *limit, *usage, *cache;
} dialect;

static const dialect version2 = {"", "memory.max", "memory.current", "inactive_file"};
static const dialect version1 = {"/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                 "total_inactive_file"};

/* The beginning of a file as text; false if it cannot be read. */
static bool read_text(const char *path, char *text, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t have = 0;
    ssize_t got;
    while (have < size - 1 && (got = read(fd, text + have, size - 1 - have)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        have += (size_t)got;
    }
    close(fd);
    text[have] = '\0';
    return have > 0;
}

/* The number behind "name" and blanks or a colon at the start of a line, or -1. */
static int64_t number_after(const char *text, const char *name)
{
    const size_t length = strlen(name);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, name, length) == 0 && strchr(" :\t", line[length]) != NULL)
            return strtoll(line + length + strspn(line + length, " :\t"), NULL, 10);
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return -1;
}

static bool read_number(const char *folder, const char *name, int64_t *value)
{
    char path[2 * PATH_CHARS], text[64], *end;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!read_text(path, text, sizeof text))
        return false;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return end != text && errno == 0 && *value >= 0;
}

/* ---- one folder ----------------------------------------------------------------------------- */

static void take_memory(const char *folder, const dialect *d, gv_limits *out)
{
    char path[2 * PATH_CHARS], text[FILE_CHARS];
    int64_t limit, used;
    if (!read_number(folder, d->limit, &limit) || limit >= unlimited_from)
        return;
    if (limit < out->group_limit)
        out->group_limit = limit;
    if (!read_number(folder, d->usage, &used))
        used = 0;
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    const int64_t cache = read_text(path, text, sizeof text) ? number_after(text, d->cache) : 0;
    used -= cache > 0 ? cache : 0;
    const int64_t left = used < 0 ? limit : used < limit ? limit - used : 0;
    if (left < out->group_left)
        out->group_left = left;
}

static void take_quota(double quota, double period, gv_limits *out)
{
    if (quota <= 0.0 || period <= 0.0)
        return;
    if (out->group_cpus == 0.0 || quota / period < out->group_cpus)
        out->group_cpus = quota / period;
}

static void take_cpus(const char *folder, bool second, gv_limits *out)
{
    char path[2 * PATH_CHARS], text[128];
    int64_t quota = 0, period = 0;
    if (!second) {
        if (read_number(folder, "cpu.cfs_quota_us", &quota) &&
            read_number(folder, "cpu.cfs_period_us", &period))
            take_quota((double)quota, (double)period, out);
        return;
    }
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    double limit, each;
    if (read_text(path, text, sizeof text) && sscanf(text, "%lf %lf", &limit, &each) == 2)
        take_quota(limit, each, out); /* "max 100000" has no first number */
}

/* ---- the way up ----------------------------------------------------------------------------- */

typedef enum wanted { WANT_MEMORY2, WANT_MEMORY1, WANT_CPU1 } wanted;

/* Looks at `tree` + `group` and every folder above it, down to the tree's root. */
static void climb(const char *tree, const char *group, wanted what, gv_limits *out)
{
    char folder[2 * PATH_CHARS], way[PATH_CHARS];
    snprintf(way, sizeof way, "%s", group);
    for (;;) {
        snprintf(folder, sizeof folder, "%s%s", tree, way);
        if (what == WANT_MEMORY2) {
            take_memory(folder, &version2, out);
            take_cpus(folder, true, out);
        } else if (what == WANT_MEMORY1) {
            take_memory(folder, &version1, out);
        } else {
            take_cpus(folder, false, out);
        }
        char *slash = strrchr(way, '/');
        if (slash == NULL)
            return;
        *slash = '\0';
    }
}

/* Whether `controllers`, a list with commas, has `name`. */
static bool lists(const char *controllers, size_t length, const char *name)
{
    const size_t n = strlen(name);
    for (const char *p = controllers; p < controllers + length;) {
        const size_t part = strcspn(p, ",:");
        if (part == n && strncmp(p, name, n) == 0)
            return true;
        p += part + 1;
    }
    return false;
}

/* A line of proc/self/cgroup: number:controllers:path. */
static void take_line(const char *root, const char *line, size_t length, gv_limits *out)
{
    char tree[PATH_CHARS], group[PATH_CHARS];
    const char *first = memchr(line, ':', length);
    const char *second =
        first != NULL ? memchr(first + 1, ':', length - (size_t)(first + 1 - line)) : NULL;
    if (second == NULL)
        return;
    snprintf(group, sizeof group, "%.*s", (int)(length - (size_t)(second + 1 - line)), second + 1);
    const size_t names = (size_t)(second - first - 1);
    if (names == 0) {
        snprintf(tree, sizeof tree, "%s/sys/fs/cgroup%s", root, version2.folder);
        climb(tree, group, WANT_MEMORY2, out);
    } else if (lists(first + 1, names, "memory")) {
        snprintf(tree, sizeof tree, "%s/sys/fs/cgroup%s", root, version1.folder);
        climb(tree, group, WANT_MEMORY1, out);
    }
    if (names > 0 && lists(first + 1, names, "cpu")) {
        snprintf(tree, sizeof tree, "%s/sys/fs/cgroup/%.*s", root, (int)names, first + 1);
        climb(tree, group, WANT_CPU1, out);
    }
}

static void take_groups(const char *root, gv_limits *out)
{
    char path[PATH_CHARS], text[FILE_CHARS];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (!read_text(path, text, sizeof text))
        return;
    for (const char *line = text; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        take_line(root, line, length, out);
        line += length + (line[length] == '\n');
    }
}

GV_API gv_limits gv_limits_read(const char *root)
{
    char path[PATH_CHARS], text[FILE_CHARS];
    gv_limits out = {.group_limit = INT64_MAX, .group_left = INT64_MAX};
    const char *base = strcmp(root, "/") == 0 ? "" : root;
    snprintf(path, sizeof path, "%s/proc/meminfo", base);
    if (read_text(path, text, sizeof text)) {
        const int64_t total = number_after(text, "MemTotal");
        const int64_t available = number_after(text, "MemAvailable");
        out.total = total > 0 ? 1024 * total : 0;
        out.available = available > 0 ? 1024 * available : 0;
    }
    take_groups(base, &out);
    int64_t least = out.group_left;
    if (out.available > 0 && out.available < least)
        least = out.available;
    out.memory = least == INT64_MAX ? 0 : least - least / 16;
    return out;
}
