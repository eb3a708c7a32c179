/* friendships.c -- see friendships.h.
 *
 * A consumer's friends are the others of the household, friends in the community ("near") and
 * friends anywhere ("far"). Near and far friendships begin as stubs, half friendships: near stubs
 * are numbered within the community and far stubs within the population, and keyed matchings
 * (pairing.h) join them. Self-pairs and repeats are dropped; the numbers of stubs make up for that
 * on average.
 *
 * Nothing here is drawn from a stream: the row of consumer v is a function of (seed, v), of the
 * layout of v's own district and of the far offsets. So districts are made by any thread in any
 * order with the same result, and each friendship appears in both rows because each stub finds its
 * partner. */
#include "datasets/friendships.h"

#include "datasets/draw.h"
#include "datasets/far.h"
#include "datasets/pairing.h"
#include "datasets/places.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum {
    FAR_BUCKET = 32,
    NEAR_MAX = 200, /* more than 1.5 times the most that near_stubs_mean() gives */
    ROW_MAX = GV_HOUSEHOLD_MAX + NEAR_MAX + GV_FAR_MAX + 2
};

static const double near_share = 0.6; /* of the friends outside the household */
static const double near_most = 45.0; /* what a community of 100 can offer */

typedef struct plan {
    uint64_t seed;
    int64_t consumers;
    double household; /* chance that the members of a household are friends */
    double others;    /* mean friends in the household */
    double near;      /* mean friends in the community */
    gv_far far;
    gv_pairing far_pairs;
    int64_t *far_offset; /* [consumers + 1], the far stubs of a consumer */
    gv_node *far_bucket; /* owner of each far stub that FAR_BUCKET divides */
    int64_t *indptr;
    gv_node *indices; /* NULL while rows are being counted */
} plan;

/* A district while its rows are made. */
typedef struct scene {
    gv_district place;
    int32_t near_offset[GV_DISTRICT + 1]; /* near stubs, counted from the district's first */
} scene;

/* The shares of household, community and the wide world in a mean degree. */
static plan make_plan(uint64_t seed, int64_t consumers, double mean_degree)
{
    plan p = {.seed = seed, .consumers = consumers};
    const double half = 0.5 * mean_degree;
    p.others = half < GV_HOUSEHOLD_OTHERS ? half : GV_HOUSEHOLD_OTHERS;
    p.household = p.others / GV_HOUSEHOLD_OTHERS;
    p.near = near_share * (mean_degree - p.others);
    if (p.near > near_most)
        p.near = near_most;
    /* A far friend may turn out to be a near one already. */
    const double local = p.others + p.near;
    const double met = local < 0.5 * (double)consumers ? local / (double)consumers : 0.5;
    p.far = gv_far_make(seed, consumers, (mean_degree - local) / (1.0 - met));
    return p;
}

/* Mean near stubs of a consumer in a community of `size`: the solution s of
 * (size - 1 - others) (1 - exp(-s / size)) = near. */
static double near_stubs_mean(const plan *p, int32_t size)
{
    const double strangers = size - 1 - p->others;
    if (strangers <= 0.0)
        return 0.0;
    const double share = p->near / strangers;
    return -size * gv_draw_log(1.0 - (share < 0.5 ? share : 0.5));
}

/* Uniform between half and one and a half times the mean. */
static int32_t near_stubs(const plan *p, double mean, int64_t v)
{
    const gv_random r = gv_drawn(p->seed, GV_DRAW_NEAR_STUBS, 0, (uint64_t)v);
    return (int32_t)(mean * (0.5 + gv_unit(gv_random_u64(r, 0))) + gv_unit(gv_random_u64(r, 1)));
}

static void make_scene(const plan *p, int64_t district, scene *s)
{
    gv_district_make(p->seed, p->consumers, district, &s->place);
    s->near_offset[0] = 0;
    for (int32_t c = 0; c < s->place.communities; c++) {
        const int32_t begin = s->place.community[c], end = s->place.community[c + 1];
        const double mean = near_stubs_mean(p, end - begin);
        for (int32_t v = begin; v < end; v++)
            s->near_offset[v + 1] = s->near_offset[v] + near_stubs(p, mean, s->place.first + v);
    }
}

/* Ascending; rows are short but for hubs, so Shell's gaps of Ciura are enough. */
static void sort_row(gv_node *row, int32_t n)
{
    static const int32_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};
    for (int g = 0; g < (int)(sizeof gaps / sizeof *gaps); g++) {
        const int32_t gap = gaps[g];
        for (int32_t i = gap; i < n; i++) {
            const gv_node x = row[i];
            int32_t j = i;
            for (; j >= gap && row[j - gap] > x; j -= gap)
                row[j] = row[j - gap];
            row[j] = x;
        }
    }
}

/* The owner of a near stub: the last i in [begin, end) with offset[i] <= stub. Halving without
 * branches, which nothing could predict. */
static int32_t near_owner(const int32_t *offset, int32_t begin, int32_t end, int32_t stub)
{
    int32_t n = end - begin;
    while (n > 1) {
        const int32_t half = n / 2;
        begin += offset[begin + half] <= stub ? half : 0;
        n -= half;
    }
    return begin;
}

/* The owner of a far stub: a few steps on from the owner of the first stub of its bucket. */
static int64_t far_owner(const plan *p, int64_t stub)
{
    int64_t v = p->far_bucket[stub / FAR_BUCKET];
    while (p->far_offset[v + 1] <= stub)
        v++;
    return v;
}

static int32_t add_household(const plan *p, const gv_district *d, int32_t v, gv_node *row)
{
    const int32_t begin = d->household[v], end = d->household_end[v];
    const gv_random r = gv_drawn(p->seed, GV_DRAW_HOUSEHOLD, 0, (uint64_t)(d->first + begin));
    if (gv_unit(gv_random_u64(r, 1)) >= p->household)
        return 0;
    int32_t n = 0;
    for (int32_t u = begin; u < end; u++)
        row[n++] = (gv_node)(d->first + u);
    return n;
}

static int32_t add_near(const scene *s, const gv_pairing *pairs, int32_t begin, int32_t end,
                        int32_t v, gv_node *row)
{
    const int32_t base = s->near_offset[begin];
    int32_t n = 0;
    for (int32_t i = s->near_offset[v]; i < s->near_offset[v + 1]; i++) {
        const int64_t partner = gv_pairing_partner(pairs, i - base);
        if (partner >= 0)
            row[n++] = (gv_node)(s->place.first +
                                 near_owner(s->near_offset, begin, end, base + (int32_t)partner));
    }
    return n;
}

static int32_t add_far(const plan *p, int64_t v, gv_node *row)
{
    int32_t n = 0;
    for (int64_t i = p->far_offset[v]; i < p->far_offset[v + 1]; i++) {
        const int64_t partner = gv_pairing_partner(&p->far_pairs, i);
        if (partner >= 0)
            row[n++] = (gv_node)far_owner(p, partner);
    }
    return n;
}

/* Sorts, and drops repeats and v itself; the new length. */
static int32_t tidy_row(gv_node v, gv_node *row, int32_t n)
{
    sort_row(row, n);
    int32_t kept = 0;
    for (int32_t i = 0; i < n; i++)
        if (row[i] != v && (kept == 0 || row[i] != row[kept - 1]))
            row[kept++] = row[i];
    return kept;
}

static void make_community(const plan *p, const scene *s, int32_t begin, int32_t end)
{
    const uint64_t key = gv_key(p->seed, (gv_purpose)GV_DRAW_NEAR_PAIRS);
    const int32_t stubs = s->near_offset[end] - s->near_offset[begin];
    const gv_pairing pairs =
        gv_pairing_make(gv_mix(key ^ (uint64_t)(s->place.first + begin)), stubs > 0 ? stubs : 1);
    gv_node row[ROW_MAX];
    for (int32_t v = begin; v < end; v++) {
        const int64_t node = s->place.first + v;
        int32_t n = add_household(p, &s->place, v, row);
        n += add_near(s, &pairs, begin, end, v, row + n);
        n += add_far(p, node, row + n);
        n = tidy_row((gv_node)node, row, n);
        if (p->indices == NULL) {
            p->indptr[node] = n;
            continue;
        }
        for (int32_t i = 0; i < n; i++)
            p->indices[p->indptr[node] + i] = row[i];
    }
}

static void make_district(void *arg, int64_t district)
{
    const plan *p = arg;
    scene s;
    make_scene(p, district, &s);
    for (int32_t c = 0; c < s.place.communities; c++)
        make_community(p, &s, s.place.community[c], s.place.community[c + 1]);
}

static void count_far(void *arg, int64_t block)
{
    const plan *p = arg;
    for (int64_t v = block * GV_BLOCK; v < gv_block_end(block, p->consumers); v++)
        p->far_offset[v] = gv_far_stubs(&p->far, v);
}

/* Each bucket's first stub has one owner, so each entry is written once. */
static void index_far(void *arg, int64_t block)
{
    const plan *p = arg;
    for (int64_t v = block * GV_BLOCK; v < gv_block_end(block, p->consumers); v++) {
        const int64_t end = p->far_offset[v + 1];
        int64_t b = (p->far_offset[v] + FAR_BUCKET - 1) / FAR_BUCKET;
        for (; b * FAR_BUCKET < end; b++)
            p->far_bucket[b] = (gv_node)v;
    }
}

static gv_status number_far(gv_context *ctx, plan *p, gv_error *err)
{
    const int64_t n = p->consumers;
    gv_parallel_for(ctx, gv_blocks(n), count_far, p);
    const int64_t stubs = gv_prefix_sum(p->far_offset, n);
    p->far_pairs =
        gv_pairing_make(gv_key(p->seed, (gv_purpose)GV_DRAW_FAR_PAIRS), stubs > 0 ? stubs : 1);
    p->far_bucket = gv_alloc(ctx, stubs / FAR_BUCKET + 1, sizeof *p->far_bucket);
    if (p->far_bucket == NULL)
        return gv_no_memory(ctx, "the friends of a population", err);
    gv_parallel_for(ctx, gv_blocks(n), index_far, p);
    return GV_OK;
}

/* Twice through all districts: the rows are made to be counted and made again to be kept, which
 * takes less memory than keeping them with room to spare. */
static gv_status make_rows(gv_context *ctx, plan *p, gv_error *err)
{
    const int64_t n = p->consumers;
    gv_parallel_for(ctx, gv_districts(n), make_district, p);
    const int64_t edges = gv_prefix_sum(p->indptr, n);
    const gv_status st = gv_progress(ctx, "friendships", n, 2 * n, err);
    if (st != GV_OK)
        return st;
    p->indices = gv_alloc(ctx, edges, sizeof *p->indices);
    if (p->indices == NULL)
        return gv_no_memory(ctx, "the friendships of a population", err);
    gv_parallel_for(ctx, gv_districts(n), make_district, p);
    return gv_progress(ctx, "friendships", 2 * n, 2 * n, err);
}

gv_status gv_friendships_make(gv_context *ctx, uint64_t seed, int64_t consumers, double mean_degree,
                              int64_t **indptr, gv_node **indices, gv_error *err)
{
    plan p = make_plan(seed, consumers, mean_degree);
    p.far_offset = gv_alloc(ctx, consumers + 1, sizeof *p.far_offset);
    p.indptr = gv_alloc(ctx, consumers + 1, sizeof *p.indptr);
    gv_status st = GV_OK;
    if (p.far_offset == NULL || p.indptr == NULL)
        st = gv_no_memory(ctx, "the friends of a population", err);
    if (st == GV_OK)
        st = number_far(ctx, &p, err);
    if (st == GV_OK)
        st = make_rows(ctx, &p, err);
    gv_free(ctx, p.far_bucket);
    gv_free(ctx, p.far_offset);
    if (st != GV_OK) {
        gv_free(ctx, p.indices);
        gv_free(ctx, p.indptr);
        return st;
    }
    *indptr = p.indptr;
    *indices = p.indices;
    return GV_OK;
}
