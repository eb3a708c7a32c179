/* world_extras.c -- see world_extras.h.
 *
 *   seed s takes the offer in world r  iff  x(s, r) < floor(a_s 2^64),
 *   x = low 64 bits of Philox4x32-10(key = gv_key(seed, GV_FOR_ACCEPTANCE), counter = (s, r))
 *
 * the same for every kernel. Values are sums of integers: weights in units of 1 / weight_scale,
 * each rounded once. Steps are added by atomic integer increments, as activations are (worlds.c).
 * So nothing depends on threads. */
#include "kernels/world_extras.h"

#include "engine/parallel.h"

int64_t gv_start_accepting(const gv_worlds *w, gv_lane *lane, int64_t world)
{
    int64_t n = 0;
    for (int64_t i = 0; i < w->n_seeds; i++) {
        const gv_node v = w->seeds[i];
        if (!gv_accepts(w->acceptance_key, v, world, w->accept[i]))
            continue;
        lane->queue[n++] = v;
        lane->active[v >> 6] |= UINT64_C(1) << (v & 63);
    }
    return n;
}

int64_t gv_world_value(const gv_worlds *w, const gv_node *queue, int64_t n)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += gv_units(w, queue[i]);
    return sum;
}

void gv_count_steps(const gv_worlds *w, const gv_lane *lane, int64_t steps)
{
    int64_t at = lane->level[0];
    for (int64_t t = 1; t < steps; t++)
        for (const int64_t end = at + lane->level[t]; at < end; at++) {
            int64_t *sum = &w->step_sum[lane->queue[at]];
#pragma omp atomic
            *sum += t;
        }
}

void gv_count_accepted(const gv_worlds *w, int64_t first, int64_t n, int64_t *count)
{
#pragma omp parallel for num_threads(gv_context_threads(w->ctx)) schedule(static)
    for (int64_t i = 0; i < w->n_seeds; i++) {
        int64_t sum = 0;
        for (int64_t r = first; r < first + n; r++)
            sum += gv_accepts(w->acceptance_key, w->seeds[i], r, w->accept[i]);
        count[i] = sum;
    }
}
