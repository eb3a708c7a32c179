/* plan.c -- a population that is known but not made: any part of it can be made on its own.
 *
 * A part is a district (places.h). Its rows depend on its own layout and on the numbers of the far
 * stubs (friendships.c), everything else on keyed draws. */
#include <inttypes.h>
#include <stdio.h>

#include "datasets/draw.h"
#include "datasets/friendships.h"
#include "datasets/interests.h"
#include "datasets/places.h"
#include "datasets/planted.h"
#include "datasets/purchases.h"
#include "engine/error.h"
#include "engine/memory.h"

enum {
    SEGMENTS = 5,
    MAX_DEGREE = 1000,
    MAX_TOPICS = 1000,
    MAX_ITEMS = 1000000000,
    MAX_DAYS = 36500
};

static const double value_mean = 100.0, value_sigma = 1.0;
static const int64_t start_time = 1735689600; /* 2025-01-01T00:00:00Z */

static const char *const names[] = {"books", "coffee", "films", "garden",
                                    "music", "phones", "shoes", "tea"};

static gv_status check_whole(const char *name, int64_t value, int64_t low, int64_t high,
                             gv_error *err)
{
    if (value >= low && value <= high)
        return GV_OK;
    return gv_fail(err, GV_ERR_RANGE, "%s %" PRId64 " is not in [%" PRId64 ", %" PRId64 "]", name,
                   value, low, high);
}

static gv_status check_real(const char *name, double value, double high, gv_error *err)
{
    if (value >= 0.0 && value <= high)
        return GV_OK;
    return gv_fail(err, GV_ERR_RANGE, "%s %g is not in [0, %g]", name, value, high);
}

static gv_status check(const gv_consumers_opts *o, gv_error *err)
{
    gv_status st = check_whole("consumers", o->consumers, 1, INT32_MAX, err);
    if (st == GV_OK)
        st = check_real("mean degree", o->mean_degree, MAX_DEGREE, err);
    if (st == GV_OK)
        st = check_whole("topics", o->topics, 1, MAX_TOPICS, err);
    if (st == GV_OK)
        st = check_whole("items", o->items, 0, MAX_ITEMS, err);
    if (st == GV_OK)
        st = check_whole("days", o->days, 1, MAX_DAYS, err);
    if (st == GV_OK)
        st = check_real("influencer share", o->influencer_share, 1.0, err);
    return st;
}

/* A household shares its segment; the customer value is each one's own. */
static void fill_nodes(const gv_population_plan *plan, int64_t index, gv_population_part *part)
{
    const uint64_t seed = plan->opts.seed;
    gv_district d;
    gv_district_make(seed, plan->opts.consumers, index, &d);
    for (int32_t i = 0; i < d.n; i++) {
        const int64_t v = d.first + i, home = d.first + d.household[i];
        const gv_random s = gv_drawn(seed, GV_DRAW_SEGMENT, 0, (uint64_t)home);
        const gv_random r = gv_drawn(seed, GV_DRAW_VALUE, 0, (uint64_t)v);
        part->id[i] = v + 1;
        part->segment[i] = (int32_t)gv_below(gv_random_u64(s, 0), SEGMENTS);
        part->value[i] = (float)gv_draw_lognormal(gv_random_u64(r, 0), value_mean, value_sigma);
    }
}

static void make_part(const gv_population_plan *plan, int64_t index, gv_population_part *part)
{
    const int64_t left = plan->opts.consumers - index * GV_DISTRICT;
    part->first = index * GV_DISTRICT;
    part->n = left < GV_DISTRICT ? left : GV_DISTRICT;
    if (part->id != NULL)
        fill_nodes(plan, index, part);
    if (part->indices != NULL)
        gv_friendships_rows(plan->friendships, index, part->indptr, part->indices);
    if (part->close != NULL)
        gv_planted_fill(&plan->opts, part, plan->edge_offset[index + 1] - plan->edge_offset[index]);
}

static gv_status name_topics(gv_population_plan *plan, gv_error *err)
{
    const int32_t topics = plan->opts.topics;
    plan->topic_name = gv_alloc_zero(plan->ctx, topics, sizeof *plan->topic_name);
    plan->topic_items = gv_alloc(plan->ctx, topics, sizeof *plan->topic_items);
    if (plan->topic_name == NULL || plan->topic_items == NULL)
        return gv_no_memory(plan->ctx, "the topics of a population", err);
    for (int32_t z = 0; z < topics; z++) {
        char *name = plan->topic_name[z];
        plan->topic_items[z] = plan->opts.items;
        if (z < (int32_t)(sizeof names / sizeof *names))
            snprintf(name, GV_TOPIC_CHARS, "%s", names[z]);
        else
            snprintf(name, GV_TOPIC_CHARS, "topic-%d", z + 1);
    }
    return GV_OK;
}

static void release(gv_population_plan *plan)
{
    gv_context *ctx = plan->ctx;
    gv_friendships_free(plan->friendships);
    if (plan->interests != NULL)
        gv_interests_free(ctx, plan->interests);
    gv_free(ctx, plan->interests);
    gv_free(ctx, plan->topic_items);
    gv_free(ctx, plan->topic_name);
}

static gv_status fill_plan(gv_population_plan *plan, gv_error *err)
{
    const gv_consumers_opts *o = &plan->opts;
    gv_friendships *friendships;
    plan->delay = GV_PLANTED_DELAY;
    plan->start_time = start_time;
    plan->part_size = GV_DISTRICT;
    plan->n_parts = gv_districts(o->consumers);
    plan->make = make_part;
    plan->sell = gv_purchases_sell;
    gv_status st = name_topics(plan, err);
    if (st == GV_OK)
        st = gv_friendships_open(plan->ctx, o->seed, o->consumers, o->mean_degree, &friendships,
                                 err);
    if (st != GV_OK)
        return st;
    plan->friendships = friendships;
    plan->edge_offset = gv_friendships_offsets(friendships);
    plan->interests = gv_alloc_zero(plan->ctx, 1, sizeof(gv_interests));
    if (plan->interests == NULL)
        return gv_no_memory(plan->ctx, "the interests of a population", err);
    return o->items > 0 ? gv_interests_make(plan->ctx, o, plan->interests, err) : GV_OK;
}

GV_API gv_status gv_population_plan_create(gv_context *ctx, const gv_consumers_opts *opts,
                                           gv_population_plan **out, gv_error *err)
{
    const gv_consumers_opts o = opts != NULL ? *opts : gv_consumers_defaults();
    gv_status st = check(&o, err);
    if (st != GV_OK)
        return st;
    gv_population_plan *plan = gv_alloc_zero(ctx, 1, sizeof *plan);
    if (plan == NULL)
        return gv_no_memory(ctx, "a population", err);
    plan->ctx = ctx;
    plan->opts = o;
    st = fill_plan(plan, err);
    if (st != GV_OK)
        gv_population_plan_free(plan);
    else
        *out = plan;
    return st;
}

GV_API void gv_population_plan_free(gv_population_plan *plan)
{
    if (plan == NULL)
        return;
    release(plan);
    gv_free(plan->ctx, plan);
}

GV_API int64_t gv_population_plan_edges(const gv_population_plan *plan)
{
    return plan->edge_offset[plan->n_parts];
}

GV_API const char *gv_population_plan_topic(const gv_population_plan *plan, int32_t z)
{
    return plan->topic_name[z];
}
