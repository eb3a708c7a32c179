/* planted.c -- see planted.h.
 *
 * Each (consumer, topic) is an influencer with probability influencer_share. The expected direct
 * activations I1(u, z) are lognormal with mean .54 for influencers and .066 for others, and are
 * spread evenly over k(u) close friends, k the larger of two uniform draws from 3 .. 10 (all
 * friends if there are fewer), the same for every topic:
 *
 *   p(u -> v, z) = min(1, I1(u, z) / k(u) * susceptibility(v)),   susceptibility lognormal, mean 1
 *
 * so influence does not grow with the number of friends. A null population keeps labels and close
 * friends, and its I1 is 0. Every value is keyed by its consumer, and the susceptibility of a close
 * friend who lives elsewhere is drawn again: so a part needs nothing of the others. */
#include "datasets/planted.h"

#include "datasets/draw.h"

static const double i1_influencer = 0.54, i1_other = 0.066; /* published means */
static const double i1_sigma = 0.4, susceptibility_sigma = 0.4;
enum { CLOSE_MIN = 3, CLOSE_MAX = 10 };

/* A consumer with the row of friends. */
typedef struct person {
    gv_node u;
    const gv_node *friend;
    int32_t degree;
    int8_t *close;                /* [degree] */
    int32_t n_close;              /* marked ones */
    float susceptible[CLOSE_MAX]; /* [n_close], in row order */
} person;

/* Marks the k friends of u with the smallest keyed numbers. Ties between 64-bit numbers go to the
 * friend who comes first. */
static void mark_close(uint64_t seed, person *p)
{
    const gv_random r = gv_drawn(seed, GV_DRAW_CLOSE_COUNT, 0, (uint64_t)p->u);
    const uint64_t spread = CLOSE_MAX - CLOSE_MIN + 1;
    const int32_t a = (int32_t)gv_below(gv_random_u64(r, 0), spread);
    const int32_t b = (int32_t)gv_below(gv_random_u64(r, 1), spread);
    const int32_t want = CLOSE_MIN + (a > b ? a : b);
    uint64_t best[CLOSE_MAX] = {0};
    int32_t where[CLOSE_MAX] = {0}, n = 0;
    for (int32_t e = 0; e < p->degree; e++) {
        const uint64_t x =
            gv_random_u64(gv_drawn(seed, GV_DRAW_CLOSE, (uint64_t)p->u, (uint64_t)p->friend[e]), 0);
        p->close[e] = 0;
        if (n == want && x >= best[n - 1])
            continue;
        int32_t i = n < want ? n++ : n - 1;
        for (; i > 0 && best[i - 1] > x; i--) {
            best[i] = best[i - 1];
            where[i] = where[i - 1];
        }
        best[i] = x;
        where[i] = e;
    }
    for (int32_t i = 0; i < n; i++)
        p->close[where[i]] = 1;
    p->n_close = n;
}

static float susceptibility(uint64_t seed, gv_node v)
{
    const gv_random r = gv_drawn(seed, GV_DRAW_SUSCEPTIBILITY, 0, (uint64_t)v);
    return (float)gv_draw_lognormal(gv_random_u64(r, 0), 1.0, susceptibility_sigma);
}

static void ask_close(uint64_t seed, person *p)
{
    int32_t n = 0;
    for (int32_t e = 0; e < p->degree; e++)
        if (p->close[e])
            p->susceptible[n++] = susceptibility(seed, p->friend[e]);
}

/* i1(u, z) = sum over friends v of p(u -> v, z), in row order. */
static float expected_buyers(const person *p, float source)
{
    double sum = 0.0;
    for (int32_t i = 0; i < p->n_close; i++)
        sum += gv_planted_product(source, p->susceptible[i]);
    return (float)sum;
}

static void plant_topics(const gv_consumers_opts *o, const person *p, gv_population_part *part)
{
    for (int32_t z = 0; z < o->topics; z++) {
        const int64_t at = z * part->stride + (p->u - part->first);
        const gv_random r = gv_drawn(o->seed, GV_DRAW_INFLUENCER, (uint64_t)z, (uint64_t)p->u);
        const bool yes = gv_unit(gv_random_u64(r, 0)) < o->influencer_share;
        const double i1 =
            gv_draw_lognormal(gv_random_u64(r, 1), yes ? i1_influencer : i1_other, i1_sigma);
        part->influencer[at] = yes;
        part->source[at] = o->influence && p->n_close > 0 ? (float)(i1 / p->n_close) : 0.0f;
        part->i1[at] = expected_buyers(p, part->source[at]);
    }
}

void gv_planted_fill(const gv_consumers_opts *o, gv_population_part *part, int64_t n_edges)
{
    for (int64_t i = 0; i < part->n; i++) {
        const int64_t begin = part->indptr[i] - part->indptr[0];
        const int64_t end = i + 1 < part->n ? part->indptr[i + 1] - part->indptr[0] : n_edges;
        person p = {.u = (gv_node)(part->first + i),
                    .friend = part->indices + begin,
                    .degree = (int32_t)(end - begin),
                    .close = part->close + begin};
        mark_close(o->seed, &p);
        ask_close(o->seed, &p);
        part->target[i] = susceptibility(o->seed, p.u);
        plant_topics(o, &p, part);
    }
}
