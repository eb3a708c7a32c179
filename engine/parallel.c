/* parallel.c -- see parallel.h. */
#include "engine/parallel.h"

#include <omp.h>
#include <stdio.h>

double gv_sum(const double *part, int64_t n)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++)
        sum += part[i];
    return sum;
}

int32_t gv_thread(void)
{
    return omp_get_thread_num();
}

int32_t gv_runtime_threads(void)
{
    return omp_get_max_threads();
}

enum { MAX_PLACE = 1024 };

int32_t gv_runtime_places(char *list, size_t size)
{
    const int32_t places = omp_get_proc_bind() == omp_proc_bind_false ? 0 : omp_get_num_places();
    size_t at = 0;
    list[0] = '\0';
    for (int32_t p = 0; p < places; p++) {
        int cpu[MAX_PLACE];
        const int n = omp_get_place_num_procs(p);
        if (n > MAX_PLACE)
            return 0;
        omp_get_place_proc_ids(p, cpu);
        for (int i = 0; i < n; i++) {
            at += (size_t)snprintf(list + at, size - at, "%s%d", at > 0 ? "," : "", cpu[i]);
            if (at + 16 > size)
                return 0;
        }
    }
    return at > 0 ? places : 0;
}

double gv_seconds(void)
{
    return omp_get_wtime();
}

void gv_parallel_for(gv_context *ctx, int64_t n_tasks, void (*task)(void *arg, int64_t i),
                     void *arg)
{
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(dynamic, 1) if (n_tasks > 1)
    for (int64_t i = 0; i < n_tasks; i++)
        task(arg, i);
}

int64_t gv_prefix_sum(int64_t *offset, int64_t n)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t count = offset[i];
        offset[i] = sum;
        sum += count;
    }
    offset[n] = sum;
    return sum;
}
