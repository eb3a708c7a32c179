/* points_alias.c -- the alias table of a row: a slot is found with one random number, whatever the
 * weights.
 *
 * Source: M. D. Vose, "A linear algorithm for generating random numbers with a given distribution",
 * IEEE Trans. Softw. Eng. 1991. One row, one thread. */
#include "kernels/points_rows.h"

/* Nearest limit x with P(fraction <= x) = chance, fraction uniform in [0, 2^32). */
static uint32_t limit_of(double chance)
{
    const double x = chance * 0x1p32 + 0.5;
    return x >= 0x1p32 ? UINT32_MAX : x < 2.0 ? 0 : (uint32_t)x - 1;
}

/* Cells below average (stacked from the left) are filled up from cells above it (from the right).
 */
void gv_points_alias(uint32_t *word, int64_t n, double lambda, double *weight, gv_node *other)
{
    int64_t small = 0, large = n;
    for (int64_t j = 0; j < n; j++) {
        weight[j] *= (double)n / lambda;
        if (weight[j] < 1.0)
            other[small++] = (gv_node)j;
        else
            other[--large] = (gv_node)j;
        word[3 * j] = UINT32_MAX;
        word[3 * j + 2] = word[3 * j + 1];
    }
    while (small > 0 && large < n) {
        const int64_t under = other[--small], over = other[large];
        word[3 * under] = limit_of(weight[under]);
        word[3 * under + 2] = word[3 * over + 1];
        weight[over] -= 1.0 - weight[under];
        if (weight[over] < 1.0) {
            large++;
            other[small++] = (gv_node)over;
        }
    }
}
