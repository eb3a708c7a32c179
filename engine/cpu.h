/* cpu.h -- sets of instructions of which some files have a version. */
#ifndef ENGINE_CPU_H
#define ENGINE_CPU_H

#include <stdbool.h>

static inline bool gv_cpu_avx2(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

/* With vectors of any length, bytes, words and doublewords. */
static inline bool gv_cpu_avx512(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
#else
    return false;
#endif
}

#endif
