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

#include <string.h>

#include "datasets/draw.h"
#include "datasets/far.h"
#include "datasets/pairing.h"
#include "datasets/places.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum {
    FAR_BUCKET = 32,
    NEAR_MAX = 200, /* more than 1.5 times the most that near_stubs_mean() gives */
    ROUND = 4096,   /* districts between two reports of progress */
    ROW_MAX = GV_HOUSEHOLD_MAX + NEAR_MAX + GV_FAR_MAX + 2
};

static const double near_share = 0.6; /* of the friends outside the household */
static const double near_most = 45.0; /* what a community of 100 can offer */

/* Where a run of FAR_BUCKET far stubs begins. */
typedef struct bucket {
    gv_node owner;
    int32_t before; /* stubs of the owner that come before the run */
} bucket;

struct gv_friendships {
    gv_context *ctx;
    uint64_t seed;
    int64_t consumers;
    double household; /* chance that the members of a household are friends */
    double others;    /* mean friends in the household */
    double near;      /* mean friends in the community */
    gv_far far;
    gv_pairing far_pairs;
    uint16_t *far_stubs;  /* [consumers] */
    int64_t *far_offset;  /* [districts + 1], far stubs before a district */
    bucket *far_bucket;   /* [far stubs / FAR_BUCKET + 1] */
    int64_t *edge_offset; /* [districts + 1], edges before a district */
};

typedef gv_friendships plan;

/* A district while its rows are made. */
typedef struct scene {
    gv_district place;
    int32_t near_offset[GV_DISTRICT + 1]; /* near stubs, counted from the district's first */
} scene;

/* The shares of household, community and the wide world in a mean degree. */
static void share_out(plan *p, double mean_degree)
{
    const double half = 0.5 * mean_degree;
    p->others = half < GV_HOUSEHOLD_OTHERS ? half : GV_HOUSEHOLD_OTHERS;
    p->household = p->others / GV_HOUSEHOLD_OTHERS;
    p->near = near_share * (mean_degree - p->others);
    if (p->near > near_most)
        p->near = near_most;
    /* A far friend may turn out to be a near one already. */
    const double local = p->others + p->near;
    const double most = 0.5 * (double)p->consumers;
    const double met = local < most ? local / (double)p->consumers : 0.5;
    p->far = gv_far_make(p->seed, p->consumers, (mean_degree - local) / (1.0 - met));
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
    const bucket from = p->far_bucket[stub / FAR_BUCKET];
    int64_t v = from.owner, left = stub % FAR_BUCKET + from.before;
    while (left >= p->far_stubs[v])
        left -= p->far_stubs[v++];
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

/* `first` is the first far stub of v. */
static int32_t add_far(const plan *p, int64_t v, int64_t first, gv_node *row)
{
    int32_t n = 0;
    for (int64_t i = first; i < first + p->far_stubs[v]; i++) {
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

/* Rows in the making: NULL for `indices` while they are only counted. */
typedef struct rows {
    int64_t far, edge; /* first far stub and first edge of the next consumer */
    int64_t *indptr;   /* of the district's first consumer */
    gv_node *indices;  /* of the district's first edge */
    int64_t base;      /* position of that edge */
} rows;

static void make_community(const plan *p, const scene *s, int32_t begin, int32_t end, rows *r)
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
        n += add_far(p, node, r->far, row + n);
        n = tidy_row((gv_node)node, row, n);
        if (r->indices != NULL) {
            r->indptr[v] = r->edge;
            memcpy(r->indices + (r->edge - r->base), row, (size_t)n * sizeof *row);
        }
        r->far += p->far_stubs[node];
        r->edge += n;
    }
}

static void make_district(const plan *p, int64_t district, rows *r)
{
    scene s;
    make_scene(p, district, &s);
    r->far = p->far_offset[district];
    for (int32_t c = 0; c < s.place.communities; c++)
        make_community(p, &s, s.place.community[c], s.place.community[c + 1], r);
}

static int64_t district_end(const plan *p, int64_t district)
{
    const int64_t end = (district + 1) * GV_DISTRICT;
    return end < p->consumers ? end : p->consumers;
}

static void count_far(void *arg, int64_t district)
{
    const plan *p = arg;
    int64_t stubs = 0;
    for (int64_t v = district * GV_DISTRICT; v < district_end(p, district); v++) {
        p->far_stubs[v] = (uint16_t)gv_far_stubs(&p->far, v);
        stubs += p->far_stubs[v];
    }
    p->far_offset[district] = stubs;
}

/* Each bucket's first stub has one owner, so each entry is written once. */
static void index_far(void *arg, int64_t district)
{
    const plan *p = arg;
    int64_t first = p->far_offset[district];
    for (int64_t v = district * GV_DISTRICT; v < district_end(p, district); v++) {
        const int64_t end = first + p->far_stubs[v];
        for (int64_t b = (first + FAR_BUCKET - 1) / FAR_BUCKET; b * FAR_BUCKET < end; b++)
            p->far_bucket[b] = (bucket){(gv_node)v, (int32_t)(b * FAR_BUCKET - first)};
        first = end;
    }
}

static gv_status number_far(plan *p, gv_error *err)
{
    const int64_t districts = gv_districts(p->consumers);
    gv_parallel_for(p->ctx, districts, count_far, p);
    const int64_t stubs = gv_prefix_sum(p->far_offset, districts);
    p->far_pairs =
        gv_pairing_make(gv_key(p->seed, (gv_purpose)GV_DRAW_FAR_PAIRS), stubs > 0 ? stubs : 1);
    p->far_bucket = gv_alloc(p->ctx, stubs / FAR_BUCKET + 1, sizeof *p->far_bucket);
    if (p->far_bucket == NULL)
        return gv_no_memory(p->ctx, "the friends of a population", err);
    gv_parallel_for(p->ctx, districts, index_far, p);
    return GV_OK;
}

/* A round of districts between two reports of progress. */
typedef struct counting {
    plan *p;
    int64_t first;
} counting;

static void count_district(void *arg, int64_t i)
{
    const counting *c = arg;
    rows r = {.edge = 0};
    make_district(c->p, c->first + i, &r);
    c->p->edge_offset[c->first + i] = r.edge;
}

/* The rows are made to be counted and made again when they are wanted: keeping them would take
 * memory, and writing them before their number is known is not possible. */
static gv_status count_rows(plan *p, gv_error *err)
{
    const int64_t districts = gv_districts(p->consumers);
    gv_status st = GV_OK;
    for (int64_t first = 0; st == GV_OK && first < districts; first += ROUND) {
        const int64_t left = districts - first;
        counting c = {p, first};
        gv_parallel_for(p->ctx, left < ROUND ? left : ROUND, count_district, &c);
        st = gv_progress(p->ctx, "count friendships", district_end(p, first + ROUND - 1),
                         p->consumers, err);
    }
    gv_prefix_sum(p->edge_offset, districts);
    return st;
}

gv_status gv_friendships_open(gv_context *ctx, uint64_t seed, int64_t consumers, double mean_degree,
                              gv_friendships **out, gv_error *err)
{
    const int64_t districts = gv_districts(consumers);
    plan *p = gv_alloc_zero(ctx, 1, sizeof *p);
    if (p == NULL)
        return gv_no_memory(ctx, "the friends of a population", err);
    p->ctx = ctx;
    p->seed = seed;
    p->consumers = consumers;
    share_out(p, mean_degree);
    p->far_stubs = gv_alloc(ctx, consumers, sizeof *p->far_stubs);
    p->far_offset = gv_alloc(ctx, districts + 1, sizeof *p->far_offset);
    p->edge_offset = gv_alloc(ctx, districts + 1, sizeof *p->edge_offset);
    gv_status st = GV_OK;
    if (p->far_stubs == NULL || p->far_offset == NULL || p->edge_offset == NULL)
        st = gv_no_memory(ctx, "the friends of a population", err);
    if (st == GV_OK)
        st = number_far(p, err);
    if (st == GV_OK)
        st = count_rows(p, err);
    if (st != GV_OK)
        gv_friendships_free(p);
    else
        *out = p;
    return st;
}

void gv_friendships_free(gv_friendships *p)
{
    if (p == NULL)
        return;
    gv_free(p->ctx, p->edge_offset);
    gv_free(p->ctx, p->far_bucket);
    gv_free(p->ctx, p->far_offset);
    gv_free(p->ctx, p->far_stubs);
    gv_free(p->ctx, p);
}

const int64_t *gv_friendships_offsets(const gv_friendships *f)
{
    return f->edge_offset;
}

void gv_friendships_rows(const gv_friendships *f, int64_t district, int64_t *indptr,
                         gv_node *indices)
{
    rows r = {.edge = f->edge_offset[district],
              .indptr = indptr,
              .indices = indices,
              .base = f->edge_offset[district]};
    make_district(f, district, &r);
}
