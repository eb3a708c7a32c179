/* machine.h -- the machine under a run: cores, caches, memory nodes, limits. For programs that
 * choose threads, binding and memory limits of a context, or say what they found. Nothing here
 * bears on a result. */
#ifndef GRAPEVINE_MACHINE_H
#define GRAPEVINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grapevine/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What this process may use of the machine; affinity mask and cpuset are respected. */
typedef struct gv_machine {
    int32_t packages, nodes; /* sockets, and memory nodes with cores of ours; 0 unknown */
    int32_t cores, cpus;     /* cores, and their hardware threads; 0 unknown */
    int64_t l1, l2, l3;      /* bytes of one data or unified cache of a core; 0 unknown or none */
    int32_t bound;           /* places to which the OpenMP runtime binds threads; 0: it does not */
} gv_machine;

/* Looks at this machine. */
GV_API gv_machine gv_machine_look(void);

/* Threads that a context with n_threads 0 has: one a core, at most OMP_NUM_THREADS and `most` (0:
 * no bound). */
GV_API int32_t gv_machine_threads(int32_t most);

/* One core for each of `n_threads` threads, in the notation of OMP_PLACES: "{0},{1}". Threads are
 * dealt evenly to the memory nodes, consecutive threads to the same node. False, and an empty text,
 * when there are fewer cores, or `size` bytes do not hold the text. */
GV_API bool gv_machine_places(int32_t n_threads, char *text, size_t size);

enum { GV_PLACES_CHARS = 32768 };

/* Memory and processor limits of the control groups that hold this process, and free memory. */
typedef struct gv_limits {
    int64_t total, available; /* MemTotal and MemAvailable, bytes; 0 unknown */
    int64_t group_limit;      /* tightest memory limit of a control group; INT64_MAX: none */
    int64_t group_left;       /* least that any of them has left, its file cache counted as free;
                                 INT64_MAX: none */
    double group_cpus;        /* tightest processor quota in cpus; 0: none */
    int64_t memory;           /* what a process may well take: the least of `available` and
                                 `group_left`, less 1/16 for everything else; 0 unknown */
} gv_limits;

/* Reads proc/meminfo, proc/self/cgroup and sys/fs/cgroup (version 2 or 1) below `root`, which is
 * "/" but in tests. Files that are missing or cannot be understood limit nothing. */
GV_API gv_limits gv_limits_read(const char *root);

#ifdef __cplusplus
}
#endif
#endif
