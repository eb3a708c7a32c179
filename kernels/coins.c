/* coins.c -- the chances of the edges of a row, wherever they come from (coin.h). */
#include "kernels/coin.h"

void gv_coins_row(const gv_coins *c, const gv_csr *out, gv_node u, int64_t first, int64_t n,
                  double *p)
{
    float real[GV_ROW_BLOCK];
    switch (c->rule) {
    case GV_PROBABILITY_CONSTANT:
        for (int64_t i = 0; i < n; i++)
            p[i] = gv_coin_chance(c->limit);
        break;
    case GV_PROBABILITY_WEIGHTED_CASCADE:
        for (int64_t i = 0; i < n; i++) {
            const int64_t *in = &c->in_offset[out->indices[first + i]];
            p[i] = 1.0 / (double)(in[1] - in[0]);
        }
        break;
    case GV_PROBABILITY_STORED:
        for (int64_t i = 0; i < n; i++)
            p[i] = (double)c->stored[first + i];
        break;
    case GV_PROBABILITY_MODEL:
        gv_view_row(&c->view, out, u, first, n, real);
        for (int64_t i = 0; i < n; i++)
            p[i] = (double)real[i];
        break;
    case GV_PROBABILITY_NONE:
        for (int64_t i = 0; i < n; i++)
            p[i] = 0.0;
        break;
    }
}

uint64_t gv_coins_model_limit(const gv_coins *c, gv_node u, int64_t e)
{
    float p;
    gv_view_row(&c->view, c->out, u, e, 1, &p);
    return gv_coin_limit((double)p);
}
